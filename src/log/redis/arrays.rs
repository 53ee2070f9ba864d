//! A settlement's outbound arrays, made ready for the script.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
    sync::Arc,
};

use crate::log::{ARRAY_BYTES_MAX, ARRAY_ITEMS_MAX};

/// The script's keys before the reply streams.
pub(super) const FIXED_KEYS: usize = 8;
/// Of them, the common answers' stream.
pub(super) const ANSWERS_KEY: usize = 5;
/// Of them, the events' stream.
pub(super) const EVENTS_KEY: usize = 6;

/// A JSON array for the stream that the script knows as its key `key`.
#[derive(Debug)]
pub(super) struct Array {
    pub key: usize,
    pub text: String,
    /// ` entry:bytes` for each of its items, so that the script can leave one out
    pub items: String,
    n: usize,
}

/// Arrays of bounded size, each in the order of what was pushed for its stream.
#[derive(Debug, Default)]
pub(super) struct Arrays {
    /// the reply streams' names, by key from [`FIXED_KEYS`] + 1
    pub names: Vec<Arc<str>>,
    pub done: Vec<Array>,
    keys: HashMap<Arc<str>, usize>,
    open: BTreeMap<usize, Array>,
}

impl Arrays {
    /// The key of a reply stream.
    pub fn reply_key(&mut self, name: &Arc<str>) -> usize {
        if let Some(key) = self.keys.get(name) {
            return *key;
        }
        self.names.push(Arc::clone(name));
        let key = FIXED_KEYS + self.names.len();
        self.keys.insert(Arc::clone(name), key);
        key
    }

    /// Adds what entry number `entry` says to a stream: JSON values, kept together.
    pub fn push<'a>(&mut self, key: usize, entry: usize, values: impl Iterator<Item = &'a str> + Clone) {
        let bytes: usize = values.clone().map(|value| value.len() + 1).sum();
        if bytes == 0 {
            return;
        }
        if self.open.get(&key).is_some_and(|a| a.n >= ARRAY_ITEMS_MAX || a.text.len() + bytes > ARRAY_BYTES_MAX) {
            self.done.extend(self.open.remove(&key).map(closed));
        }
        let array = self.open.entry(key).or_insert_with(|| Array {
            key,
            text: String::with_capacity(ARRAY_BYTES_MAX.min(bytes * ARRAY_ITEMS_MAX)),
            items: String::new(),
            n: 0,
        });
        for value in values {
            array.text.push(if array.text.is_empty() { '[' } else { ',' });
            array.text.push_str(value);
        }
        array.n += 1;
        // writing to a string can't fail
        write!(array.items, " {entry}:{}", bytes - 1).unwrap_or_default();
    }

    /// Closes what is open.
    pub fn finish(&mut self) {
        self.done.extend(std::mem::take(&mut self.open).into_values().map(closed));
    }
}

fn closed(mut array: Array) -> Array {
    array.text.push(']');
    array
}
