//! Transactions and dialogs, each kind in one place.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::Arc;

use pyo3::prelude::*;

/// All there are of one kind, by what their messages share and by the order in which they began.
pub(crate) struct Kept<K, T> {
    numbers: HashMap<Arc<K>, u64>,
    items: BTreeMap<u64, Py<T>>,
}

impl<K: Eq + Hash, T> Kept<K, T> {
    pub(crate) fn new() -> Self {
        Self {
            numbers: HashMap::new(),
            items: BTreeMap::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Py<T>> {
        self.items.values()
    }

    pub(crate) fn insert(&mut self, key: Arc<K>, number: u64, item: Py<T>) {
        self.numbers.insert(key, number);
        self.items.insert(number, item);
    }

    pub(crate) fn find<'py>(&self, py: Python<'py>, key: &K) -> Option<Bound<'py, T>> {
        self.get(py, *self.numbers.get(key)?)
    }

    pub(crate) fn get<'py>(&self, py: Python<'py>, number: u64) -> Option<Bound<'py, T>> {
        Some(self.items.get(&number)?.bind(py).clone())
    }

    /// Forget one of them; tell whether it was still known.
    pub(crate) fn remove(&mut self, key: &K, number: u64) -> bool {
        if self.numbers.get(key) == Some(&number) {
            self.numbers.remove(key);
        }
        self.items.remove(&number).is_some()
    }
}
