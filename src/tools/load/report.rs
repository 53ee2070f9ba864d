//! What a run showed, for people and for programs.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    time::Duration,
};

use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use serde::{Deserialize, Serialize};

use super::{LoadPlan, tally::LoadTally, timetable::Timetable};

/// Latencies in microseconds, from due to answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latency {
    pub p50_us: u64,
    pub p90_us: u64,
    pub p99_us: u64,
    pub p999_us: u64,
    pub max_us: u64,
}

/// What a run showed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Measured {
    /// commands a second, as planned
    pub offered: u64,
    /// answers a second, from the first command's time to the last answer
    pub achieved: u64,
    /// commands planned, sent, answered
    pub planned: u64,
    pub sent: u64,
    pub answered: u64,
    pub accepted: u64,
    /// refusals and failures by reason
    pub rejected: BTreeMap<String, u64>,
    pub failed: BTreeMap<String, u64>,
    /// sent and not answered when nobody waited any longer
    pub unanswered: u64,
    /// answers to commands that had one already: exactly one is promised
    pub duplicates: u64,
    /// commands sent again with the same id, each time
    pub retries: u64,
    /// commands sent more than 10 ms after their time
    pub fell_behind: u64,
    /// commands due and without an answer at the timetable's middle, and at its end
    pub backlog_half: u64,
    pub backlog_end: u64,
    /// from the first command's time to the last answer
    pub seconds: f64,
    pub latency: Latency,
}

impl Measured {
    /// Sums a tally up.
    #[expect(
        clippy::float_arithmetic,
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate for people, not money"
    )]
    pub fn new(plan: &LoadPlan, timetable: Timetable, tally: &LoadTally, sent: u64, fell_behind: u64) -> Self {
        let took = tally.last.map_or(Duration::ZERO, |last| last.saturating_duration_since(timetable.start()));
        // a handful of answers that came before a full interval was over did not come at a higher rate than offered
        let took = took.max(timetable.due_at(tally.answered).saturating_duration_since(timetable.start()));
        let seconds = took.as_secs_f64();
        let achieved = if seconds > 0.0 { (tally.answered as f64 / seconds).round() as u64 } else { 0 };
        let (backlog_half, backlog_end) = tally.backlog();
        let at = |percentile: f64| tally.latency.value_at_percentile(percentile);
        Self {
            offered: plan.rate,
            achieved,
            planned: plan.count,
            sent,
            answered: tally.answered,
            accepted: tally.accepted,
            rejected: tally.rejected.clone(),
            failed: tally.failed.clone(),
            unanswered: sent.saturating_sub(tally.answered),
            duplicates: tally.duplicates,
            retries: tally.retries,
            fell_behind,
            backlog_half,
            backlog_end,
            seconds,
            latency: Latency {
                p50_us: at(50.0),
                p90_us: at(90.0),
                p99_us: at(99.0),
                p999_us: at(99.9),
                max_us: tally.latency.max(),
            },
        }
    }

    /// Whether the rate was kept up: nothing lost, the backlog not growing, and answers at 95% of the rate or more. What
    /// they fall short by is the wait for the last answer, which [`Self::achieved`] counts.
    pub fn kept_up(&self) -> bool {
        // a fifth of a second: what one hiccup just before the end leaves behind
        let growth_allowed = (self.offered / 5).max(self.backlog_half);
        self.answered == self.planned
            && self.achieved * 100 >= self.offered * 95
            && self.backlog_end <= self.backlog_half + growth_allowed
    }
}

/// What the file of a report says it is; a later shape that means something else gets another number.
pub const FORMAT: &str = "jumun-load/1";

/// A run with its circumstances.
#[derive(Debug, Clone, Serialize)]
pub struct LoadReport {
    /// [`FORMAT`]
    pub format: &'static str,
    /// the program that made it
    pub by: String,
    /// of jumun: the generator's, or the server's where k6 sent
    pub version: String,
    /// when, by RFC 3339
    pub started: String,
    pub scenario: String,
    pub transport: String,
    pub skus: u32,
    /// units of each SKU
    pub stock: u64,
    pub seed: u64,
    pub partitions: Option<u32>,
    /// the run itself; with a search for the knee, its last rate that was kept up
    #[serde(flatten)]
    pub run: Measured,
    /// every step of a search for the knee
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Measured>,
}

impl LoadReport {
    /// Whether every command had exactly one answer that is no failure.
    pub fn clean(&self) -> bool {
        self.run.answered == self.run.planned && self.run.duplicates == 0 && self.run.failed.is_empty()
    }
}

/// Microseconds as milliseconds.
pub fn millis(us: u64) -> String {
    format!("{}.{:02} ms", us / 1_000, us % 1_000 / 10)
}

/// A number with thousands apart.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

impl fmt::Display for LoadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = &self.run;
        let mut table = Table::new();
        table.load_preset(UTF8_FULL_CONDENSED);
        let mut row = |name: &str, value: String| {
            table.add_row([name.to_owned(), value]);
        };
        row(
            "scenario",
            format!("{} over {} SKU(s), through {}", self.scenario, thousands(self.skus.into()), self.transport),
        );
        row("offered", format!("{} commands/s", thousands(run.offered)));
        row("achieved", format!("{} answers/s", thousands(run.achieved)));
        row("sent / answered", format!("{} / {}", thousands(run.sent), thousands(run.answered)));
        row("accepted", thousands(run.accepted));
        for (reason, count) in &run.rejected {
            row(&format!("refused: {reason}"), thousands(*count));
        }
        for (reason, count) in &run.failed {
            row(&format!("failed: {reason}"), thousands(*count));
        }
        row("unanswered", thousands(run.unanswered));
        row("answered twice", thousands(run.duplicates));
        row("sent again", thousands(run.retries));
        let (latency, never) = (&run.latency, run.planned.saturating_sub(run.sent));
        row("p50 / p90", format!("{} / {}", millis(latency.p50_us), millis(latency.p90_us)));
        row("p99 / p99.9", format!("{} / {}", millis(latency.p99_us), millis(latency.p999_us)));
        row("slowest", millis(latency.max_us));
        row("took", format!("{:.2} s", run.seconds));
        let mut behind = format!("{} sent over 10 ms late", thousands(run.fell_behind));
        if never > 0 {
            write!(behind, ", {} never sent", thousands(never))?;
        }
        row("generator fell behind", behind);
        row(
            "backlog",
            format!("{} at half time, {} at the end", thousands(run.backlog_half), thousands(run.backlog_end)),
        );
        if let Some(column) = table.column_mut(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        write!(f, "{table}")?;
        if !self.steps.is_empty() {
            let mut table = Table::new();
            table.load_preset(UTF8_FULL_CONDENSED);
            table.set_header(["offered/s", "achieved/s", "p50", "p99", "backlog", "kept up"]);
            for step in &self.steps {
                table.add_row([
                    thousands(step.offered),
                    thousands(step.achieved),
                    millis(step.latency.p50_us),
                    millis(step.latency.p99_us),
                    thousands(step.backlog_end),
                    if step.kept_up() { "yes" } else { "no" }.to_owned(),
                ]);
            }
            write!(f, "\n{table}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        for (n, shown) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678")] {
            assert_eq!(thousands(n), shown);
        }
        assert_eq!(millis(12_345), "12.34 ms");
    }

    #[test]
    fn keeping_up_means_all_of_it() {
        let good = Measured {
            offered: 1_000,
            achieved: 985,
            planned: 5_000,
            answered: 5_000,
            backlog_half: 40,
            backlog_end: 60,
            ..Measured::default()
        };
        assert!(good.kept_up());
        assert!(!Measured { achieved: 940, ..good.clone() }.kept_up());
        assert!(!Measured { answered: 4_999, ..good.clone() }.kept_up());
        assert!(!Measured { backlog_end: 300, ..good }.kept_up());
    }
}
