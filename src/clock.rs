//! The clock port: the only place that knows what time it is.

use chrono::SubsecRound as _;

use crate::domain::Time;

/// Tells the time, to the millisecond.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Time;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealClock;

impl Clock for RealClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everyone else asks")]
    fn now(&self) -> Time {
        chrono::Utc::now().trunc_subsecs(3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_tells_milliseconds_and_does_not_go_back() {
        let first = RealClock.now();
        std::thread::sleep(std::time::Duration::from_millis(2));
        let second = RealClock.now();
        assert!(second > first);
        assert_eq!(second, second.trunc_subsecs(3));
    }
}
