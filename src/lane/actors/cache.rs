//! What was read of the store, kept for a moment.

use std::{collections::HashMap, hash::Hash};

use chrono::TimeDelta;

use crate::domain::Time;

/// How long something read is used without asking again.
const FRESH: TimeDelta = TimeDelta::seconds(1);
/// How many of each kind are kept.
const KEPT_MAX: usize = 10_000;

/// What was read, for a moment.
pub(super) struct Cache<K, V>(pub(super) HashMap<K, (V, Time)>);

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash + Clone, V: Clone> Cache<K, V> {
    pub(super) fn get(&self, key: &K, now: Time) -> Option<V> {
        self.0.get(key).filter(|(_, at)| now - *at < FRESH && now >= *at).map(|(v, _)| v.clone())
    }
    pub(super) fn put(&mut self, key: K, value: V, now: Time) {
        if self.0.len() >= KEPT_MAX {
            self.0.clear();
        }
        self.0.insert(key, (value, now));
    }
}
