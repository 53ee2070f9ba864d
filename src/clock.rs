//! The clock port: the only place that knows what time it is.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

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

/// A clock that is told the time.
#[derive(Debug, Clone)]
pub struct SimulatedClock(Arc<AtomicI64>);

impl SimulatedClock {
    /// Starts at `at`.
    pub fn new(at: Time) -> Self {
        Self(Arc::new(AtomicI64::new(at.timestamp_millis())))
    }

    /// Lets time pass.
    pub fn advance(&self, by: chrono::TimeDelta) {
        self.0.fetch_add(by.num_milliseconds(), Ordering::AcqRel);
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> Time {
        Time::from_timestamp_millis(self.0.load(Ordering::Acquire)).unwrap_or(Time::MIN_UTC)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contract of both clocks: whole milliseconds, never backwards when time passes.
    #[test]
    fn clocks_tell_milliseconds_and_do_not_go_back() {
        let simulated = SimulatedClock::new(RealClock.now());
        let clocks: [&dyn Clock; 2] = [&RealClock, &simulated];
        for clock in clocks {
            let first = clock.now();
            std::thread::sleep(std::time::Duration::from_millis(2));
            simulated.advance(chrono::TimeDelta::milliseconds(2));
            let second = clock.now();
            assert!(second > first);
            assert_eq!(second, second.trunc_subsecs(3));
        }
    }
}
