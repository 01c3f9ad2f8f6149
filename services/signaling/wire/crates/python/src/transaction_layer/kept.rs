//! Which transactions there are.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use pyo3::prelude::*;

/// Transactions of one kind, by what their messages share and by the order in which they began.
pub(super) struct Kept<K, T> {
    numbers: HashMap<Arc<K>, u64>,
    pub(super) transactions: BTreeMap<u64, Py<T>>,
}

impl<K: Eq + Hash, T> Kept<K, T> {
    pub(super) fn new() -> Self {
        Self {
            numbers: HashMap::new(),
            transactions: BTreeMap::new(),
        }
    }

    pub(super) fn insert(&mut self, key: Arc<K>, number: u64, transaction: Py<T>) {
        self.numbers.insert(key, number);
        self.transactions.insert(number, transaction);
    }

    pub(super) fn find<'py>(&self, py: Python<'py>, key: &K) -> Option<Bound<'py, T>> {
        self.get(py, *self.numbers.get(key)?)
    }

    pub(super) fn get<'py>(&self, py: Python<'py>, number: u64) -> Option<Bound<'py, T>> {
        Some(self.transactions.get(&number)?.bind(py).clone())
    }

    /// Forget a transaction; tell whether it was still known.
    pub(super) fn remove(&mut self, key: &K, number: u64) -> bool {
        if self.numbers.get(key) == Some(&number) {
            self.numbers.remove(key);
        }
        self.transactions.remove(&number).is_some()
    }
}
