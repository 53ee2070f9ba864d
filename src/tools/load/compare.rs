//! Two reports held against each other: before a change and after it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use serde::Deserialize;

use super::{
    COMMANDS_MAX,
    report::{FORMAT, Latency, millis, thousands},
};

/// A file larger than this is no report.
pub const REPORT_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Reasons shown of refusals, and of failures: what a tally keeps, from both files.
const REASONS_MAX: usize = 200;

/// A quantile says something where so many answers or more lie beyond it.
const BEYOND: u64 = 10;

/// A report as it is read back, of `jumun load` or of the k6 script.
#[derive(Debug, Clone, Deserialize)]
pub struct Given {
    pub by: String,
    pub version: String,
    pub started: String,
    pub scenario: String,
    pub transport: String,
    pub skus: u32,
    pub stock: u64,
    offered: u64,
    achieved: u64,
    planned: u64,
    sent: u64,
    answered: u64,
    accepted: u64,
    rejected: BTreeMap<String, u64>,
    failed: BTreeMap<String, u64>,
    unanswered: u64,
    duplicates: u64,
    retries: u64,
    /// k6 drops what it can't send in time
    #[serde(default)]
    fell_behind: Option<u64>,
    seconds: f64,
    latency: Latency,
    /// of a search for the knee
    #[serde(default)]
    steps: Vec<serde::de::IgnoredAny>,
}

impl Given {
    /// Reads the text of a report's file.
    ///
    /// # Errors
    /// What is wrong with it, to be said after the file's name.
    pub fn read(text: &str) -> Result<Self, String> {
        let value: serde_json::Value = serde_json::from_str(text).map_err(|e| format!("is not JSON: {e}"))?;
        match value.get("format").and_then(serde_json::Value::as_str) {
            Some(FORMAT) => {}
            Some(other) => return Err(format!("is a report of the form {other:?}; this jumun reads {FORMAT:?}")),
            None => return Err("is no report of jumun load or of ops/load/k6.js".into()),
        }
        let given: Self = serde_json::from_value(value).map_err(|e| format!("is a damaged report: {e}"))?;
        given.check().map_err(|e| format!("is a damaged report: {e}"))?;
        Ok(given)
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.rejected.len() > REASONS_MAX || self.failed.len() > REASONS_MAX {
            return Err("it has too many reasons");
        }
        let counted =
            self.rejected.values().chain(self.failed.values()).try_fold(self.accepted, |a, b| a.checked_add(*b));
        if counted != Some(self.answered) {
            return Err("its outcomes do not sum up to its answers");
        }
        let planned = (1..=COMMANDS_MAX).contains(&self.planned);
        if !planned || self.answered > self.planned || !(0.0..1e9).contains(&self.seconds) {
            return Err("its numbers make no sense");
        }
        Ok(())
    }

    fn is_search(&self) -> bool {
        !self.steps.is_empty()
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked when it was read")]
    fn took_ms(&self) -> u64 {
        (self.seconds * 1_000.0).round() as u64
    }

    fn tell(&self) -> String {
        format!("through {}, by {}, jumun {}, {}", self.transport, self.by, self.version, self.started)
    }
}

/// In what two runs were not asked for the same: nothing, where they can be compared.
pub fn differences(before: &Given, after: &Given) -> Vec<String> {
    let mut found = Vec::new();
    let mut differ = |what: &str, a: String, b: String| {
        if a != b {
            found.push(format!("{what} {a} and {b}"));
        }
    };
    differ("scenario", before.scenario.clone(), after.scenario.clone());
    differ("SKUs", thousands(before.skus.into()), thousands(after.skus.into()));
    differ("stock", thousands(before.stock), thousands(after.stock));
    // of a search the rate is what was found
    let kind = |given: &Given| if given.is_search() { "a search for the knee" } else { "a rate" };
    differ("run:", kind(before).into(), kind(after).into());
    if !before.is_search() && !after.is_search() {
        differ("rate", thousands(before.offered), thousands(after.offered));
        differ("commands", thousands(before.planned), thousands(after.planned));
    }
    found
}

/// By how much two runs of the same may differ, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerance(u64);

impl FromStr for Tolerance {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("{text:?} is no share like 5% or 2.5%, up to 100%");
        let (whole, tenth) = match text.trim_end_matches('%').split_once('.') {
            Some((whole, tenth)) => (whole, tenth),
            None => (text.trim_end_matches('%'), "0"),
        };
        let digits = |s: &str| if s.bytes().all(|b| b.is_ascii_digit()) { s.parse::<u64>().ok() } else { None };
        match (digits(whole), digits(tenth)) {
            (Some(whole), Some(tenth)) if whole <= 100 && tenth <= 9 => {
                Some(whole * 10 + tenth).filter(|&t| t <= 1_000)
            }
            _ => None,
        }
        .map(Self)
        .ok_or_else(bad)
    }
}

impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 % 10 {
            0 => write!(f, "{}%", self.0 / 10),
            tenth => write!(f, "{}.{tenth}%", self.0 / 10),
        }
    }
}

/// What a row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompareVerdict {
    Better,
    Worse,
    Same,
    WithinNoise,
    /// of something that is neither good nor bad by itself
    Differs,
    /// too few answers to tell this quantile
    TooFew,
    /// one of the reports does not tell
    NotInBoth,
}

impl CompareVerdict {
    const fn word(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Same => "same",
            Self::WithinNoise => "within noise",
            Self::Differs => "differs",
            Self::TooFew => "too few",
            Self::NotInBoth => "not in both",
        }
    }
}

#[derive(Clone, Copy)]
enum Good {
    More,
    Less,
    Neither,
}

/// One line of the table.
#[derive(Debug)]
struct Row {
    name: String,
    before: String,
    after: String,
    ratio: String,
    verdict: CompareVerdict,
}

/// Two reports, row by row.
#[derive(Debug)]
pub struct Comparison {
    head: String,
    rows: Vec<Row>,
    notes: Vec<&'static str>,
    tolerance: Tolerance,
}

impl Comparison {
    /// Compares; what lies within `tolerance` is noise.
    pub fn new(before: &Given, after: &Given, tolerance: Tolerance) -> Self {
        let mut rows = Rows { rows: Vec::new(), planned: (before.planned, after.planned), tolerance };
        if before.is_search() && after.is_search() {
            rows.plain("rate kept up, /s", (before.offered, after.offered), Good::More, thousands);
        }
        rows.plain("answers/s", (before.achieved, after.achieved), Good::More, thousands);
        rows.count("accepted", (before.accepted, after.accepted), Good::More);
        for (reason, a, b) in both(&before.rejected, &after.rejected) {
            rows.count(&format!("refused: {reason}"), (a, b), Good::Neither);
        }
        for (reason, a, b) in both(&before.failed, &after.failed) {
            rows.count(&format!("failed: {reason}"), (a, b), Good::Less);
        }
        rows.count("unanswered", (before.unanswered, after.unanswered), Good::Less);
        rows.count("answered twice", (before.duplicates, after.duplicates), Good::Less);
        rows.count("sent again", (before.retries, after.retries), Good::Less);
        let never = |given: &Given| given.planned.saturating_sub(given.sent);
        rows.count("never sent", (never(before), never(after)), Good::Less);
        rows.maybe("sent over 10 ms late", before.fell_behind, after.fell_behind);
        let (a, b) = (&before.latency, &after.latency);
        let answered = before.answered.min(after.answered);
        for (name, values, one_in) in [
            ("p50", (a.p50_us, b.p50_us), 2),
            ("p90", (a.p90_us, b.p90_us), 10),
            ("p99", (a.p99_us, b.p99_us), 100),
            ("p99.9", (a.p999_us, b.p999_us), 1_000),
        ] {
            rows.plain(name, values, Good::Less, millis);
            if answered < one_in * BEYOND {
                rows.overrule(CompareVerdict::TooFew);
            }
        }
        // one answer: no change of a server shows by it
        rows.plain("slowest", (a.max_us, b.max_us), Good::Neither, millis);
        let seconds = |ms: u64| format!("{}.{:02} s", ms / 1_000, ms % 1_000 / 10);
        rows.plain("took", (before.took_ms(), after.took_ms()), Good::Neither, seconds);
        let mut notes = Vec::new();
        if before.by != after.by {
            notes.push("k6 counts from the moment it sends, jumun load from the moment a command was due");
        }
        if before.transport != after.transport {
            notes.push("the transports differ");
        }
        let what = if before.scenario == after.scenario && before.offered == after.offered {
            format!("{} over {} SKU(s), {}/s", after.scenario, thousands(after.skus.into()), thousands(after.offered))
        } else {
            format!(
                "{} at {}/s, then {} at {}/s",
                before.scenario,
                thousands(before.offered),
                after.scenario,
                thousands(after.offered)
            )
        };
        let head = format!("{what}\nbefore: {}\nafter:  {}", before.tell(), after.tell());
        Self { head, rows: rows.rows, notes, tolerance }
    }

    /// How many rows have this verdict.
    pub fn count(&self, verdict: CompareVerdict) -> usize {
        self.rows.iter().filter(|row| row.verdict == verdict).count()
    }
}

/// The counts of two runs by reason; 0 where one never met it.
fn both<'a>(
    before: &'a BTreeMap<String, u64>,
    after: &'a BTreeMap<String, u64>,
) -> impl Iterator<Item = (&'a str, u64, u64)> {
    let reasons: BTreeSet<&str> = before.keys().chain(after.keys()).map(String::as_str).collect();
    let of = |counts: &BTreeMap<String, u64>, reason: &str| counts.get(reason).copied().unwrap_or(0);
    reasons.into_iter().map(move |reason| (reason, of(before, reason), of(after, reason)))
}

struct Rows {
    rows: Vec<Row>,
    planned: (u64, u64),
    tolerance: Tolerance,
}

impl Rows {
    /// A value that stands for itself.
    fn plain(&mut self, name: &str, (before, after): (u64, u64), good: Good, show: fn(u64) -> String) {
        self.push(name, (show(before), show(after)), (before.into(), after.into()), good);
    }

    /// A number of commands, as a share of those planned.
    fn count(&mut self, name: &str, (before, after): (u64, u64), good: Good) {
        let shares = (u128::from(before) * u128::from(self.planned.1), u128::from(after) * u128::from(self.planned.0));
        self.push(name, (thousands(before), thousands(after)), shares, good);
    }

    fn maybe(&mut self, name: &str, before: Option<u64>, after: Option<u64>) {
        self.count(name, (before.unwrap_or(0), after.unwrap_or(0)), Good::Less);
        let (Some(row), false) = (self.rows.last_mut(), before.is_some() && after.is_some()) else { return };
        let show = |count: Option<u64>| count.map_or_else(|| "-".to_owned(), thousands);
        (row.before, row.after, row.ratio, row.verdict) =
            (show(before), show(after), "-".into(), CompareVerdict::NotInBoth);
    }

    fn overrule(&mut self, verdict: CompareVerdict) {
        if let Some(row) = self.rows.last_mut() {
            row.verdict = verdict;
        }
    }

    fn push(&mut self, name: &str, (before, after): (String, String), (a, b): (u128, u128), good: Good) {
        let tolerance = u128::from(self.tolerance.0);
        let more = b * 1_000 > a * (1_000 + tolerance);
        let less = b * 1_000 < a * 1_000_u128.saturating_sub(tolerance);
        let verdict = match (good, more, less) {
            _ if a == b => CompareVerdict::Same,
            (_, false, false) => CompareVerdict::WithinNoise,
            (Good::Neither, ..) => CompareVerdict::Differs,
            (Good::More, true, _) | (Good::Less, false, true) => CompareVerdict::Better,
            (Good::More, false, true) | (Good::Less, true, _) => CompareVerdict::Worse,
        };
        let hundredths = (b * 100 + a / 2).checked_div(a);
        let ratio = hundredths.map_or_else(|| "-".to_owned(), |h| format!("{}.{:02}", h / 100, h % 100));
        self.rows.push(Row { name: name.to_owned(), before, after, ratio, verdict });
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new();
        table.load_preset(UTF8_FULL_CONDENSED).set_header(["", "before", "after", "ratio", "verdict"]);
        for row in &self.rows {
            table.add_row([&row.name, &row.before, &row.after, &row.ratio, row.verdict.word()]);
        }
        for column in 1..4 {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        writeln!(f, "{}\n{table}", self.head)?;
        for note in &self.notes {
            writeln!(f, "note: {note}")?;
        }
        let (better, worse) = (self.count(CompareVerdict::Better), self.count(CompareVerdict::Worse));
        write!(f, "{better} better, {worse} worse, by more than {}", self.tolerance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerances() {
        for (text, thousandths) in
            [("5%", Some(50)), ("2.5%", Some(25)), ("0", Some(0)), ("100%", Some(1_000)), ("100.1%", None), ("", None)]
        {
            assert_eq!(text.parse().ok(), thousandths.map(Tolerance), "{text}");
        }
        for bad in ["-1%", "5.25%", "a", "+5%", ".5%", "5.%", "99999999999999999999"] {
            assert!(bad.parse::<Tolerance>().is_err(), "{bad}");
        }
        assert_eq!((Tolerance(50).to_string(), Tolerance(25).to_string()), ("5%".into(), "2.5%".into()));
    }

    #[test]
    fn verdicts_at_the_edge_of_noise() {
        let check = |values: (u64, u64), good: Good, verdict: CompareVerdict, ratio: &str| {
            let mut rows = Rows { rows: Vec::new(), planned: (1_000, 1_000), tolerance: Tolerance(50) };
            rows.plain("x", values, good, thousands);
            rows.count("x", values, good);
            for row in rows.rows {
                assert_eq!((row.verdict, row.ratio.as_str()), (verdict, ratio), "{values:?}");
            }
        };
        check((1_000, 1_000), Good::Less, CompareVerdict::Same, "1.00");
        check((1_000, 1_050), Good::Less, CompareVerdict::WithinNoise, "1.05");
        check((1_000, 1_051), Good::Less, CompareVerdict::Worse, "1.05");
        check((1_000, 950), Good::Less, CompareVerdict::WithinNoise, "0.95");
        check((1_000, 949), Good::Less, CompareVerdict::Better, "0.95");
        check((1_000, 1_051), Good::More, CompareVerdict::Better, "1.05");
        check((1_000, 949), Good::More, CompareVerdict::Worse, "0.95");
        check((1_000, 949), Good::Neither, CompareVerdict::Differs, "0.95");
        check((0, 0), Good::Less, CompareVerdict::Same, "-");
        check((0, 1), Good::Less, CompareVerdict::Worse, "-");
        check((1, 0), Good::Less, CompareVerdict::Better, "0.00");
        check((u64::MAX, u64::MAX), Good::More, CompareVerdict::Same, "1.00");
    }

    #[test]
    fn counts_are_shares_of_what_was_planned() {
        let mut rows = Rows { rows: Vec::new(), planned: (1_000, 2_000), tolerance: Tolerance(50) };
        rows.count("failed", (10, 20), Good::Less);
        rows.count("failed", (10, 30), Good::Less);
        let found: Vec<_> = rows.rows.iter().map(|row| (row.verdict, row.ratio.as_str())).collect();
        assert_eq!(found, [(CompareVerdict::Same, "1.00"), (CompareVerdict::Worse, "1.50")]);
    }
}
