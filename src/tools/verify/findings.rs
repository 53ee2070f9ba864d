//! What the checks find: counts of what was looked at, and violations, bounded.

use serde::Serialize;

/// A promise of reliability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Promise {
    R1,
    R2,
    R3,
    R4,
    R5,
    R6,
    R7,
    R8,
    R9,
    R10,
    R11,
    R13,
}

/// Every promise with its words.
const ALL: [(Promise, &str, &str); 12] = [
    (Promise::R1, "R1", "one answer a command, nothing pending"),
    (Promise::R2, "R2", "one effect a command id"),
    (Promise::R3, "R3", "stock conserved, nothing oversold"),
    (Promise::R4, "R4", "ledgers and refusals replay"),
    (Promise::R5, "R5", "answers and events match what is committed"),
    (Promise::R6, "R6", "one owner a partition"),
    (Promise::R7, "R7", "histories whole, rows are their fold"),
    (Promise::R8, "R8", "money adds up to the won"),
    (Promise::R9, "R9", "quantities add up, per line; gifts are entitled"),
    (Promise::R10, "R10", "only legal transitions"),
    (Promise::R11, "R11", "all or nothing, across lanes and linked orders"),
    (Promise::R13, "R13", "every privileged action has its audit row"),
];

/// A promise held to what is there.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    pub id: &'static str,
    pub name: &'static str,
    /// facts looked at; 0 with no violation means that there was nothing to check
    pub checked: u64,
    pub violated: u64,
    /// the first of them
    pub violations: Vec<String>,
    pub notes: Vec<String>,
    /// why it was not checked at all
    pub skipped: Option<String>,
}

/// All checks, being made.
#[derive(Debug)]
pub struct Findings {
    checks: Vec<Check>,
    shown_max: usize,
}

/// Notes a check keeps.
const NOTES_MAX: usize = 10;

impl Findings {
    /// Nothing found yet.
    pub fn new(shown_max: usize) -> Self {
        let check = |&(_, id, name): &(Promise, &'static str, &'static str)| Check {
            id,
            name,
            checked: 0,
            violated: 0,
            violations: Vec::new(),
            notes: Vec::new(),
            skipped: None,
        };
        Self { checks: ALL.iter().map(check).collect(), shown_max }
    }

    fn at(&mut self, promise: Promise) -> Option<&mut Check> {
        let at = ALL.iter().position(|(p, _, _)| *p == promise)?;
        self.checks.get_mut(at)
    }

    /// So many facts were looked at.
    pub fn saw(&mut self, promise: Promise, n: usize) {
        if let Some(c) = self.at(promise) {
            c.checked += u64::try_from(n).unwrap_or(0);
        }
    }

    /// One fact was looked at; when it does not hold, `what` says so.
    pub fn hold(&mut self, promise: Promise, holds: bool, what: impl FnOnce() -> String) {
        self.saw(promise, 1);
        if !holds {
            self.bad(promise, what());
        }
    }

    /// A violation.
    pub fn bad(&mut self, promise: Promise, what: String) {
        let shown_max = self.shown_max;
        if let Some(c) = self.at(promise) {
            c.violated += 1;
            if c.violations.len() < shown_max {
                c.violations.push(what);
            }
        }
    }

    /// Something worth telling that is no violation.
    pub fn note(&mut self, promise: Promise, what: impl Into<String>) {
        if let Some(c) = self.at(promise).filter(|c| c.notes.len() < NOTES_MAX) {
            c.notes.push(what.into());
        }
    }

    /// Not checked.
    pub fn skip(&mut self, promise: Promise, why: impl Into<String>) {
        if let Some(c) = self.at(promise) {
            c.skipped = Some(why.into());
        }
    }

    /// The checks.
    pub fn finish(self) -> Vec<Check> {
        self.checks
    }
}
