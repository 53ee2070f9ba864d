//! When each command is due.

use std::time::{Duration, Instant};

const NANOS: u128 = 1_000_000_000;

/// A fixed timetable: command `n` is due at `start + n / rate`, whatever became of those before it.
#[derive(Debug, Clone, Copy)]
pub struct Timetable {
    start: Instant,
    rate: u64,
}

impl Timetable {
    /// A timetable of `rate` (at least 1) commands a second from `start`.
    pub fn new(start: Instant, rate: u64) -> Self {
        Self { start, rate: rate.max(1) }
    }

    /// When the first command is due.
    pub fn start(&self) -> Instant {
        self.start
    }

    /// When command `n` is due.
    pub fn due_at(&self, n: u64) -> Instant {
        let nanos = u128::from(n) * NANOS / u128::from(self.rate);
        self.start + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// How many commands are due by `now`.
    pub fn due_by(&self, now: Instant) -> u64 {
        let Some(elapsed) = now.checked_duration_since(self.start) else { return 0 };
        let due = elapsed.as_nanos() * u128::from(self.rate) / NANOS;
        u64::try_from(due).unwrap_or(u64::MAX).saturating_add(1)
    }

    /// Microseconds from the moment command `n` was due to `now`.
    pub fn since_due(&self, n: u64, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.due_at(n)).as_micros()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_by_and_due_at_agree() {
        let start = Instant::now();
        for rate in [1, 7, 1_000, 33_333, 250_000] {
            let table = Timetable::new(start, rate);
            for n in [0, 1, 2, 999, 1_000_000] {
                let at = table.due_at(n);
                // to the nanosecond that `due_at` rounds down
                let by = table.due_by(at + Duration::from_nanos(1));
                assert!(by == n + 1 || by == n + 2, "rate {rate}, n {n}: {by}");
                assert!(table.due_by(at.checked_sub(Duration::from_micros(1)).unwrap_or(start)) <= n + 1);
                assert_eq!(table.since_due(n, at + Duration::from_millis(3)), 3_000);
            }
        }
        assert_eq!(Timetable::new(start + Duration::from_secs(1), 10).due_by(start), 0);
    }
}
