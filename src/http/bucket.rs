//! A token bucket: so many a second, and so many at once.

use std::time::Instant;

/// One.
#[derive(Debug, Clone, Copy)]
pub struct Bucket {
    left: f64,
    at: Instant,
}

/// How fast it fills, and how much it holds.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub a_second: f64,
    pub full: f64,
}

impl Bucket {
    /// A full one.
    pub const fn full(size: Size, now: Instant) -> Self {
        Self { left: size.full, at: now }
    }

    fn filled(&self, size: Size, now: Instant) -> f64 {
        (self.left + now.saturating_duration_since(self.at).as_secs_f64() * size.a_second).min(size.full)
    }

    /// Whether it is full again, and so as good as a new one.
    pub fn is_full(&self, size: Size, now: Instant) -> bool {
        self.filled(size, now) >= size.full
    }

    /// Takes one, if there is one.
    pub fn take(&mut self, size: Size, now: Instant) -> bool {
        *self = Self { left: self.filled(size, now), at: now };
        let takes = self.left >= 1.0;
        if takes {
            self.left -= 1.0;
        }
        takes
    }
}
