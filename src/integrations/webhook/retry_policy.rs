//! How long a receiver that fails is waited for, before its events are put aside.

use std::time::Duration;

use tokio::time::Instant;

/// Between tries, growing.
const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// How old events get before they are put aside, and how long their receiver must have failed for that. Age alone says
/// nothing: after hours without a server everything is old, and the receiver may be well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// of events, and of their receiver's failing
    give_up: Duration,
    /// events this old are near to be dropped from the stream, half of the time after `give_up` …
    edge: Duration,
    /// … so they are put aside as soon as the receiver has failed for this, while there is time for those behind them
    brief: Duration,
}

/// What is done with a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Try,
    Wait(Duration),
    PutAside,
}

impl Patience {
    /// For events that are dropped from the stream at the age of `keep`.
    pub fn new(give_up: Duration, keep: Duration) -> Self {
        let after = keep.saturating_sub(give_up);
        Self { give_up, edge: give_up + after / 2, brief: (after / 8).min(give_up) }
    }

    /// What to do with a delivery of this age after so many tries of its own.
    pub fn next(&self, tries: u32, age: Duration, pace: &Backoff, now: Instant) -> Next {
        let wait = pace.not_before.map_or(Duration::ZERO, |moment| moment.saturating_duration_since(now));
        if wait.is_zero() {
            return Next::Try;
        }
        let failing = pace.failing_since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        let near = age >= self.edge;
        let down = failing >= if near { self.brief } else { self.give_up };
        if age >= self.give_up && down {
            // each has a try of its own, at once, since waiting for it may end only when its successors are too old as well;
            // near the edge a receiver that takes its time to fail would let them be dropped
            return if tries == 0 && !near { Next::Try } else { Next::PutAside };
        }
        let marks = [(self.give_up, age), (self.edge, age), (self.give_up, failing), (self.brief, failing)];
        let next = marks.into_iter().filter_map(|(mark, at)| mark.checked_sub(at)).filter(|left| !left.is_zero());
        Next::Wait(next.fold(wait, Duration::min))
    }
}

/// A receiver's tries; kept from delivery to delivery, since it is the receiver that fails.
#[derive(Debug)]
pub struct Backoff {
    pause: Duration,
    not_before: Option<Instant>,
    /// every try since then failed
    failing_since: Option<Instant>,
}

impl Backoff {
    /// Of a receiver that is well.
    pub fn new() -> Self {
        Self { pause: PAUSE_MIN, not_before: None, failing_since: None }
    }

    /// A try failed; `true`: it is the first one.
    pub fn failed(&mut self, now: Instant) -> bool {
        // spread, so that all partitions' workers don't knock at once
        self.not_before = Some(now + self.pause.mul_f64(rand::random_range(0.75..1.25)));
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        self.failing_since.replace(self.failing_since.unwrap_or(now)).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    /// A receiver that has failed for so long, a moment ago the last time.
    fn failing(since: Duration) -> (Backoff, Instant) {
        let (mut pace, begun) = (Backoff::new(), Instant::now());
        assert!(pace.failed(begun));
        let now = begun + since;
        assert!(!pace.failed(now));
        (pace, now)
    }

    #[test]
    fn events_are_put_aside_when_they_are_old_and_their_receiver_has_failed_for_long() {
        let patience = Patience::new(20 * MINUTE, 60 * MINUTE);
        let waits = |next| matches!(next, Next::Wait(d) if !d.is_zero());
        // no server ran for half an hour, then one try failed: it is waited for
        let (pace, now) = failing(Duration::ZERO);
        for tries in [0, 1] {
            assert!(waits(patience.next(tries, 30 * MINUTE, &pace, now)), "{tries}");
            assert!(waits(patience.next(tries, 55 * MINUTE, &pace, now)), "near the edge, {tries}");
        }
        assert_eq!(patience.next(0, 30 * MINUTE, &pace, now + MINUTE), Next::Try, "its time has come");
        // down for as long as that: the old ones go, each after a try of its own, and the young ones wait
        let (pace, now) = failing(20 * MINUTE);
        assert_eq!(patience.next(0, 20 * MINUTE, &pace, now), Next::Try);
        assert_eq!(patience.next(1, 20 * MINUTE, &pace, now), Next::PutAside);
        assert!(waits(patience.next(1, 19 * MINUTE, &pace, now)));
        // near the edge there is less time: sooner, and without a try that may take ten seconds
        let (pace, now) = failing(5 * MINUTE);
        assert!(waits(patience.next(1, 39 * MINUTE, &pace, now)));
        assert_eq!(patience.next(0, 40 * MINUTE, &pace, now), Next::PutAside);
        // a receiver that is well is tried, whatever the age
        assert_eq!(patience.next(0, 59 * MINUTE, &Backoff::new(), now), Next::Try);
    }

    #[test]
    fn it_waits_no_longer_than_until_the_answer_may_be_another() {
        let patience = Patience::new(2 * MINUTE, 60 * MINUTE);
        let (mut pace, begun) = (Backoff::new(), Instant::now());
        for _ in 0..10 {
            pace.failed(begun + MINUTE);
        }
        // failing for 40 s, and the next try is in 5 s or more
        let next = patience.next(1, Duration::from_secs(119), &pace, begun + MINUTE + Duration::from_secs(40));
        assert_eq!(next, Next::Wait(Duration::from_secs(1)), "until the events are two minutes old");
    }
}
