//! Chance from a seed: every draw of a run comes from here, in the order in which it is asked for.

use std::{
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

/// A source of draws, shared by all of a run.
#[derive(Debug, Clone)]
pub struct Chance(Arc<Mutex<StdRng>>);

impl Chance {
    /// Draws that depend on the seed alone.
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// A number of the range.
    pub fn of(&self, range: Range<u64>) -> u64 {
        if range.is_empty() {
            return range.start;
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).random_range(range)
    }

    /// A place below `n`.
    pub fn below(&self, n: usize) -> usize {
        usize::try_from(self.of(0..u64::try_from(n.max(1)).unwrap_or(1))).unwrap_or(0)
    }

    /// Whether it is so, once in `n` times; 0: never.
    pub fn once_in(&self, n: u64) -> bool {
        n > 0 && self.of(0..n) == 0
    }

    /// One of these.
    pub fn pick<'a, T>(&self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }

    /// So many milliseconds.
    pub fn millis(&self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.of(range))
    }
}
