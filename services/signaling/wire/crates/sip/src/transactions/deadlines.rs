//! Deadlines of many things at once: a heap with one entry for each, stale ones skipped when due.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, HashMap};
use std::hash::Hash;

/// Who is due when.
///
/// A deadline that moved back leaves its entry where it was: when that comes up, the thing is queued
/// again. So moving a deadline, which happens on most messages, costs nothing.
#[derive(Debug)]
pub struct Deadlines<K> {
    heap: BinaryHeap<Reverse<Entry<K>>>,
    queued: HashMap<K, f64>,
    entries: u64,
}

#[derive(Debug)]
struct Entry<K> {
    deadline: f64,
    /// Of two that are due at once, the one that was queued first.
    number: u64,
    key: K,
}

impl<K> Ord for Entry<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        let deadlines = self.deadline.total_cmp(&other.deadline);
        deadlines.then(self.number.cmp(&other.number))
    }
}

impl<K> PartialOrd for Entry<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> PartialEq for Entry<K> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<K> Eq for Entry<K> {}

impl<K> Default for Deadlines<K> {
    fn default() -> Self {
        Self {
            heap: BinaryHeap::new(),
            queued: HashMap::new(),
            entries: 0,
        }
    }
}

impl<K: Copy + Eq + Hash> Deadlines<K> {
    /// Note the deadline of something, which may have changed.
    pub fn update(&mut self, key: K, deadline: f64) {
        if self
            .queued
            .get(&key)
            .is_some_and(|queued| deadline >= *queued)
        {
            return;
        }
        self.queued.insert(key, deadline);
        self.entries += 1;
        self.heap.push(Reverse(Entry {
            deadline,
            number: self.entries,
            key,
        }));
    }

    /// When [`Self::pop_due`] is to be called; it may then have nothing to give.
    #[must_use]
    pub fn next(&self) -> Option<f64> {
        self.heap.peek().map(|Reverse(entry)| entry.deadline)
    }

    /// Take out one thing whose deadline has come. `deadline_of` tells what it is by now; None for what
    /// waits no more.
    ///
    /// # Errors
    ///
    /// Those of `deadline_of`.
    pub fn pop_due<E>(
        &mut self,
        now: f64,
        mut deadline_of: impl FnMut(K) -> Result<Option<f64>, E>,
    ) -> Result<Option<K>, E> {
        while self.next().is_some_and(|deadline| deadline <= now) {
            let Some(Reverse(Entry { deadline, key, .. })) = self.heap.pop() else {
                break;
            };
            if self.queued.get(&key) != Some(&deadline) {
                continue; // an earlier entry of the same thing came first
            }
            self.queued.remove(&key);
            match deadline_of(key)? {
                Some(deadline) if deadline <= now => return Ok(Some(key)),
                Some(deadline) => self.update(key, deadline),
                None => {}
            }
        }
        Ok(None)
    }
}
