//! What the crowd did and heard, in numbers.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;

/// The longest latency told apart, in microseconds.
const SLOWEST_US: u64 = 600_000_000;

/// The numbers.
#[derive(Debug)]
pub struct DemoTally {
    start: Instant,
    /// commands said, a repetition not counted
    pub sent: u64,
    /// orders accepted
    pub accepted: u64,
    /// refusals of a first order, by reason
    pub refused: BTreeMap<String, u64>,
    /// refusals of those who came back
    pub refused_again: u64,
    /// refusals of second orders, by reason
    pub second: BTreeMap<String, u64>,
    /// payments refused, by reason
    pub unpaid: BTreeMap<String, u64>,
    pub paid: u64,
    pub declined: u64,
    pub late: u64,
    pub never: u64,
    pub gave_up: u64,
    pub regretted: u64,
    /// tries of those who came back, and units that they bought
    pub returns: u64,
    pub returned_bought: u64,
    /// the same command sent again; answered the same, or not
    pub sent_twice: u64,
    pub same: u64,
    pub different: u64,
    /// answers beyond one a command
    pub too_many: u64,
    pub failed: u64,
    /// answers to others' commands: the payment side's
    pub others: u64,
    /// orders answered, and when the last one was
    pub answered: u64,
    pub last: Duration,
    /// orders answered in each second
    seconds: Vec<u64>,
    /// from an order's time to its answer, in microseconds
    pub latency: Option<Histogram<u64>>,
}

fn add(reasons: &mut BTreeMap<String, u64>, reason: &str) {
    *reasons.entry(reason.to_owned()).or_default() += 1; // reasons are a closed list
}

impl DemoTally {
    /// Nothing yet.
    pub fn new(start: Instant) -> Self {
        Self {
            start,
            sent: 0,
            accepted: 0,
            refused: BTreeMap::new(),
            refused_again: 0,
            second: BTreeMap::new(),
            unpaid: BTreeMap::new(),
            paid: 0,
            declined: 0,
            late: 0,
            never: 0,
            gave_up: 0,
            regretted: 0,
            returns: 0,
            returned_bought: 0,
            sent_twice: 0,
            same: 0,
            different: 0,
            too_many: 0,
            failed: 0,
            others: 0,
            answered: 0,
            last: Duration::ZERO,
            seconds: Vec::new(),
            latency: Histogram::new_with_bounds(1, SLOWEST_US, 3).ok(),
        }
    }

    /// An order was answered, so long after its time.
    pub fn order_answered(&mut self, now: Instant, took: Duration) {
        self.answered += 1;
        self.last = now.saturating_duration_since(self.start);
        let second = usize::try_from(self.last.as_secs()).unwrap_or(usize::MAX).min(100_000);
        if self.seconds.len() <= second {
            self.seconds.resize(second + 1, 0);
        }
        self.seconds[second] += 1;
        if let Some(latency) = &mut self.latency {
            latency.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1));
        }
    }

    /// An order was refused.
    pub fn refuse(&mut self, reason: &str, first: bool) {
        if first { add(&mut self.refused, reason) } else { self.refused_again += 1 }
    }

    /// A second order was.
    pub fn refuse_second(&mut self, reason: &str) {
        add(&mut self.second, reason);
    }

    /// A payment was.
    pub fn refuse_payment(&mut self, reason: &str) {
        add(&mut self.unpaid, reason);
    }

    /// All refusals of orders.
    pub fn refused_total(&self) -> u64 {
        self.refused.values().sum::<u64>() + self.second.values().sum::<u64>() + self.refused_again
    }

    /// Orders answered in the best second.
    pub fn peak(&self) -> u64 {
        self.seconds.iter().copied().max().unwrap_or(0)
    }

    /// Orders answered in the last full second.
    pub fn pace(&self, now: Instant) -> u64 {
        let second = usize::try_from(now.saturating_duration_since(self.start).as_secs()).unwrap_or(0);
        second.checked_sub(1).and_then(|s| self.seconds.get(s)).copied().unwrap_or(0)
    }
}
