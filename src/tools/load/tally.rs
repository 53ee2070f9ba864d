//! Counting answers as they come.

use std::{collections::BTreeMap, time::Instant};

use hdrhistogram::Histogram;

use super::{LoadError, LoadPlan, answer::LoadOutcome, timetable::Timetable};

/// Distinct reasons that are kept apart; further ones are counted as `other`.
const REASONS_MAX: usize = 64;

/// The longest latency that is told apart, in microseconds.
const LATENCY_MAX_US: u64 = 3_600_000_000;

/// What is known of a run while it runs.
#[derive(Debug)]
pub struct LoadTally {
    timetable: Timetable,
    count: u64,
    /// the timetable's middle and its end
    half: Instant,
    end: Instant,
    /// one bit a command: answered
    seen: Vec<u64>,
    /// microseconds from due to answered
    pub latency: Histogram<u64>,
    pub accepted: u64,
    pub rejected: BTreeMap<String, u64>,
    pub failed: BTreeMap<String, u64>,
    /// answers to a command that had one already
    pub duplicates: u64,
    /// commands sent again, each time
    pub retries: u64,
    /// answers that came by the timetable's middle, and by its end
    pub by_half: u64,
    pub by_end: u64,
    pub answered: u64,
    /// when the last answer came
    pub last: Option<Instant>,
}

impl LoadTally {
    /// A tally of a run that starts at the timetable's start.
    ///
    /// # Errors
    /// [`LoadError::Plan`] when the plan's numbers are nonsense.
    pub fn new(plan: &LoadPlan, timetable: Timetable) -> Result<Self, LoadError> {
        plan.check()?;
        let words =
            usize::try_from(plan.count.div_ceil(64)).map_err(|_| LoadError::Plan("too many commands".into()))?;
        let latency = Histogram::new_with_bounds(1, LATENCY_MAX_US, 3)
            .map_err(|e| LoadError::Plan(format!("no histogram: {e}")))?;
        Ok(Self {
            timetable,
            count: plan.count,
            half: timetable.due_at(plan.count / 2),
            end: timetable.due_at(plan.count),
            seen: vec![0; words],
            latency,
            accepted: 0,
            rejected: BTreeMap::new(),
            failed: BTreeMap::new(),
            duplicates: 0,
            retries: 0,
            by_half: 0,
            by_end: 0,
            answered: 0,
            last: None,
        })
    }

    /// Counts the answer to command `n`.
    pub fn answer(&mut self, n: u64, outcome: LoadOutcome, reason: Option<&str>, now: Instant) {
        if n >= self.count {
            return;
        }
        let Some(word) = usize::try_from(n / 64).ok().and_then(|i| self.seen.get_mut(i)) else { return };
        let bit = 1u64 << (n % 64);
        if *word & bit != 0 {
            self.duplicates += 1;
            return;
        }
        *word |= bit;
        self.answered += 1;
        self.by_half += u64::from(now <= self.half);
        self.by_end += u64::from(now <= self.end);
        self.last = Some(now);
        self.latency.saturating_record(self.timetable.since_due(n, now).max(1));
        match outcome {
            LoadOutcome::Accepted => self.accepted += 1,
            LoadOutcome::Rejected => add(&mut self.rejected, reason.unwrap_or("unnamed")),
            LoadOutcome::Failed => add(&mut self.failed, reason.unwrap_or("unnamed")),
        }
    }

    /// Commands that were due by the timetable's middle and had no answer then; the same for its end.
    pub fn backlog(&self) -> (u64, u64) {
        ((self.count / 2).saturating_sub(self.by_half), self.count.saturating_sub(self.by_end))
    }
}

fn add(reasons: &mut BTreeMap<String, u64>, reason: &str) {
    if let Some(count) = reasons.get_mut(reason) {
        *count += 1;
        return;
    }
    let name = if reasons.len() < REASONS_MAX { reason } else { "other" };
    *reasons.entry(name.to_owned()).or_default() += 1;
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn counts_once_and_measures_from_due() {
        let plan = LoadPlan { rate: 1_000, count: 100, in_flight_max: 1, drain: Duration::ZERO, tag: "t".into() };
        let start = Instant::now();
        let mut tally = LoadTally::new(&plan, Timetable::new(start, plan.rate)).unwrap();
        // command 50 is due at 50 ms
        tally.answer(50, LoadOutcome::Accepted, None, start + Duration::from_millis(60));
        tally.answer(50, LoadOutcome::Accepted, None, start + Duration::from_millis(61));
        tally.answer(10, LoadOutcome::Rejected, Some("sold_out"), start + Duration::from_millis(40));
        tally.answer(11, LoadOutcome::Failed, None, start + Duration::from_millis(400));
        tally.answer(100, LoadOutcome::Accepted, None, start);
        assert_eq!((tally.accepted, tally.duplicates, tally.answered), (1, 1, 3));
        assert_eq!(tally.rejected["sold_out"], 1);
        assert_eq!(tally.failed["unnamed"], 1);
        assert_eq!(tally.backlog(), (49, 98));
        assert_eq!(tally.latency.len(), 3);
        assert!((9_900..=10_100).contains(&tally.latency.min()), "{}", tally.latency.min());
    }

    #[test]
    fn reasons_are_bounded() {
        let mut reasons = BTreeMap::new();
        for i in 0..1_000 {
            add(&mut reasons, &format!("r{i}"));
        }
        assert_eq!(reasons.len(), REASONS_MAX + 1);
        assert_eq!(reasons["other"], 1_000 - 64);
    }
}
