//! Isolation: which command is at fault. A pure state machine: the run loop says what happened, and does what it is told.
//!
//! A command that breaks its handler is known at once. A commit that the store refuses names nobody: after the second such
//! fault within a short while commands are decided and committed **alone**, one at a time. What breaks its handler or fails
//! alone again and again, while the store is well, goes to the dead letters. A store that is away is no command's fault.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use crate::log::Origin;

/// After a conflict so many commands are looked up before they are decided.
const VERIFY_IDS_COMMANDS: usize = 20_000;
/// So many batches in a row may conflict and be decided again before the lane is reset.
const CONFLICTS_MAX: u32 = 5;
/// After a reset so many commands must go well before it is forgotten.
const CLEAN_STREAK_COMMANDS: usize = 5_000;

/// A command that is to be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub entry: Origin,
    /// how often it was delivered
    pub attempts: u32,
    /// its id and its order's, for the log
    pub command: Option<Arc<str>>,
    pub order: Option<Arc<str>>,
}

/// What becomes of a command that is to be decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// It is decided with all others that wait.
    DecideAll,
    /// It is decided and committed before any other is.
    DecideOne,
    /// It failed alone so often.
    DeadLetter { tries: u32 },
    /// Its handler broke so often, and the batch that had its dead letter was taken back.
    DeadLetterAgain { tries: u32 },
}

/// Why a command goes to the dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadLetterCause {
    FailedAlone,
    HandlerBroke,
}

/// Whose fault it is that the lane is reset, as far as that can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Culprit {
    /// It may be a command's own.
    Command,
    /// It is the store's, or the lane's.
    Lane,
}

/// Why a batch was rolled back that may be decided again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConflictCause {
    /// something in it is there already
    Taken,
    /// it and another transaction waited for each other: no command's fault
    Deadlock,
}

/// What follows a batch that was rolled back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterConflict {
    /// What was in it is decided again, with the store asked first.
    DecideAgain,
    Reset(Culprit),
}

/// What is decided again after a handler broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// The command, and what came behind it in its chunk: nothing of it is anywhere.
    Rest,
    /// All that was decided since the last batch.
    OpenBatch,
}

/// What follows a handler that broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AfterBreak {
    /// how often this command's has
    pub times: u32,
    pub repair: Repair,
    /// it is not tried again
    pub dead: bool,
}

/// A command whose handler broke.
#[derive(Debug, Default, Clone, Copy)]
struct Broken {
    times: u32,
    /// the batch that has its dead letter, which is not durable yet
    batch: Option<u64>,
}

/// Who is suspected of what. It outlives the lane's resets.
#[derive(Debug)]
pub struct Isolation {
    /// how often a command may fail before it goes to the dead letters
    tries_max: u32,
    /// one command a commit, to find the one at fault
    alone: bool,
    /// the last one that was decided alone, until its commit is through
    suspect: Option<Candidate>,
    /// how often commands failed alone
    failures: HashMap<Origin, u32>,
    /// those that have failed so often that they are not tried again
    condemned: HashSet<Origin>,
    /// of commands that have not gone well since
    broken: HashMap<Origin, Broken>,
    /// so many of the next commands are looked up before they are decided
    verify_ids: usize,
    /// batches in a row that were rolled back because something in them was there already
    conflicts: u32,
    /// commands that went well since the last reset
    clean_streak: usize,
}

impl Isolation {
    /// Nobody is suspected.
    pub fn new(tries_max: u32) -> Self {
        Self {
            tries_max,
            alone: false,
            suspect: None,
            failures: HashMap::new(),
            condemned: HashSet::new(),
            broken: HashMap::new(),
            verify_ids: 0,
            conflicts: 0,
            clean_streak: CLEAN_STREAK_COMMANDS,
        }
    }

    /// Whether commands are decided and committed one at a time.
    pub const fn alone(&self) -> bool {
        self.alone
    }

    /// The command that is decided alone, and not yet committed.
    pub fn suspect(&self) -> Option<&Candidate> {
        self.suspect.as_ref().filter(|_| self.alone)
    }

    /// Whether [`Isolation::disposition`] says anything but [`Disposition::DecideAll`] of some command.
    pub fn is_watchful(&self) -> bool {
        self.alone || self.broken.values().any(|broken| broken.batch.is_some())
    }

    /// Whether some handler broke lately, so that [`Isolation::on_handled`] has something to forget.
    pub fn has_broken(&self) -> bool {
        !self.broken.is_empty()
    }

    /// What becomes of this command. What it says of a dead letter counts once that is written: [`Isolation::on_dead_letter`].
    pub fn disposition(&mut self, candidate: Candidate) -> Disposition {
        let entry = candidate.entry;
        if let Some(broken) = self.broken.get(&entry).filter(|broken| broken.batch.is_some()) {
            return Disposition::DeadLetterAgain { tries: broken.times };
        }
        if !self.alone {
            return Disposition::DecideAll;
        }
        let fresh = candidate.attempts <= 1;
        self.suspect = Some(candidate);
        if self.condemned.contains(&entry) {
            return Disposition::DeadLetter { tries: self.failures.get(&entry).copied().unwrap_or(0) };
        }
        // a fresh entry: everything that was pending is through
        self.alone = !fresh || !self.failures.is_empty();
        if self.alone { Disposition::DecideOne } else { Disposition::DecideAll }
    }

    /// So many commands are decided now: whether the store is asked first whether they were decided before.
    pub const fn on_decide(&mut self, commands: usize) -> bool {
        let careful = self.verify_ids > 0;
        self.verify_ids = self.verify_ids.saturating_sub(commands);
        careful
    }

    /// Handlers of these commands did not break.
    pub fn on_handled(&mut self, entries: impl Iterator<Item = Origin>) {
        for entry in entries {
            self.broken.remove(&entry);
        }
    }

    /// A command id stands for two commands: where one id is used twice, more are.
    pub const fn on_reused_id(&mut self) {
        self.verify_ids = VERIFY_IDS_COMMANDS;
    }

    /// A command broke its handler; `touched`: something of it may be in memory, or in the open batch.
    pub fn on_broken(&mut self, entry: Origin, touched: bool) -> AfterBreak {
        let broken = self.broken.entry(entry).or_default();
        broken.times += 1;
        AfterBreak {
            times: broken.times,
            repair: if touched { Repair::OpenBatch } else { Repair::Rest },
            dead: broken.times >= self.tries_max,
        }
    }

    /// The batch of this number has the command's dead letter.
    pub fn on_dead_letter(&mut self, entry: Origin, tries: u32, cause: DeadLetterCause, batch: u64) {
        match cause {
            DeadLetterCause::FailedAlone => {
                self.failures.remove(&entry);
            }
            DeadLetterCause::HandlerBroke => {
                self.broken.insert(entry, Broken { times: tries, batch: Some(batch) });
            }
        }
        self.condemned.remove(&entry);
        self.alone = !self.failures.is_empty();
    }

    /// The batch of this number is durable, with so many commands.
    pub fn on_commit(&mut self, batch: u64, commands: usize) {
        self.conflicts = 0;
        self.broken.retain(|_, broken| broken.batch.is_none_or(|with| with > batch));
        self.clean_streak = self.clean_streak.saturating_add(commands);
        if let Some(suspect) = self.suspect.take() {
            self.failures.remove(&suspect.entry);
        }
    }

    /// A batch was rolled back.
    pub const fn on_conflict(&mut self, cause: ConflictCause) -> AfterConflict {
        let looked_up = self.verify_ids > 0;
        self.verify_ids = VERIFY_IDS_COMMANDS;
        if !self.alone && self.conflicts < CONFLICTS_MAX {
            self.conflicts += 1;
            return AfterConflict::DecideAgain;
        }
        // decided with care it conflicts again: the command may be at fault
        let own = looked_up && matches!(cause, ConflictCause::Taken);
        AfterConflict::Reset(if own { Culprit::Command } else { Culprit::Lane })
    }

    /// The lane was reset, and the store takes commits (again).
    pub fn on_reset(&mut self, culprit: Culprit) {
        let suspect = self.suspect.take().filter(|_| self.alone);
        match culprit {
            Culprit::Lane => {}
            Culprit::Command => {
                if let Some(Candidate { entry, .. }) = suspect {
                    let failed = self.failures.entry(entry).or_default();
                    *failed += 1;
                    if *failed >= self.tries_max {
                        self.condemned.insert(entry);
                    }
                }
                // the second fault within a short while
                self.alone |= self.clean_streak < CLEAN_STREAK_COMMANDS;
            }
        }
        self.clean_streak = 0;
    }
}

#[cfg(test)]
mod tests;
