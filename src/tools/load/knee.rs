//! The search for the highest rate that is kept up.

use super::report::Measured;

/// The bounds of a search.
#[derive(Debug, Clone, Copy)]
pub struct KneeBounds {
    /// the first rate tried, commands a second
    pub from: u64,
    /// no rate above this is tried
    pub to: u64,
    /// each step up multiplies by this many hundredths (above 100)
    pub step_percent: u64,
    /// a p99 above this is not kept up, whatever the throughput
    pub p99_us_max: u64,
}

/// What the search found.
#[derive(Debug, Clone)]
pub struct Knee {
    /// the highest rate that was kept up; `None` when not even the first was
    pub best: Option<Measured>,
    pub steps: Vec<Measured>,
}

/// A search: steps the rate up until it is not kept up, then halves the last step twice. The caller runs each rate.
#[derive(Debug)]
pub struct KneeSearch {
    search: KneeBounds,
    /// the highest rate kept up, the lowest that was not
    good: Option<u64>,
    bad: Option<u64>,
    halvings: u32,
    pub knee: Knee,
}

impl KneeSearch {
    /// A search that has tried nothing yet.
    pub fn new(search: KneeBounds) -> Self {
        Self { search, good: None, bad: None, halvings: 0, knee: Knee { best: None, steps: Vec::new() } }
    }

    /// The next rate to try; `None` when the search is over.
    pub fn next_rate(&mut self) -> Option<u64> {
        let step = self.search.step_percent.max(101);
        match (self.good, self.bad) {
            (None, None) => Some(self.search.from.max(1)),
            (None, Some(_)) => None,
            (Some(good), None) if good >= self.search.to => None,
            (Some(good), None) => Some((good * step / 100).max(good + 1).min(self.search.to)),
            (Some(good), Some(bad)) => {
                self.halvings += 1;
                (self.halvings <= 2 && bad - good > 1).then_some(u64::midpoint(good, bad))
            }
        }
    }

    /// Takes the result of the rate that `State::next` gave.
    pub fn saw(&mut self, measured: Measured) {
        let rate = measured.offered;
        if measured.kept_up() && measured.latency.p99_us <= self.search.p99_us_max {
            self.good = Some(rate);
            self.knee.best = Some(measured.clone());
        } else {
            self.bad = Some(rate);
        }
        self.knee.steps.push(measured);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::load::report::Latency;

    fn server(capacity: u64, slow_above: u64) -> impl Fn(u64) -> Measured {
        move |rate| Measured {
            offered: rate,
            achieved: rate.min(capacity),
            planned: rate,
            answered: rate,
            latency: Latency { p99_us: if rate > slow_above { 900_000 } else { 5_000 }, ..Latency::default() },
            ..Measured::default()
        }
    }

    fn find(search: KneeBounds, run: impl Fn(u64) -> Measured) -> Knee {
        let mut state = KneeSearch::new(search);
        while let Some(rate) = state.next_rate() {
            state.saw(run(rate));
        }
        state.knee
    }

    #[test]
    fn finds_the_capacity_and_the_latency_bound() {
        let search = KneeBounds { from: 1_000, to: 100_000, step_percent: 150, p99_us_max: 100_000 };
        let check = |capacity: u64, slow: u64, low: u64, high: u64| {
            let knee = find(search, server(capacity, slow));
            let best = knee.best.unwrap().offered;
            assert!((low..=high).contains(&best), "{best}");
            assert!(knee.steps.len() < 20);
        };
        check(20_000, u64::MAX, 17_000, 20_408);
        check(u64::MAX, 8_000, 7_000, 8_000);
        check(u64::MAX, u64::MAX, 100_000, 100_000);
        assert!(find(search, server(10, 10)).best.is_none());
    }
}
