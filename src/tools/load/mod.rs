//! The load generator: an open loop with a fixed timetable.
//!
//! Orders are sent when they are due, whatever became of those before them, and a latency counts from the moment an
//! order was *due*, not from when the generator got round to sending it: a stall is felt by every order behind it, as
//! it would be by as many buyers (no coordinated omission). Everything about order `n` — its SKU, its ids, the moment
//! it is due — is a function of `n`, so nothing is remembered of an order in flight but one bit.
//!
//! Rooms: [`scenario`] (of what kind) → [`timetable`] (when) → [`workload`] (what) → [`redis_transport`] or [`http_transport`] (sent, answered) → [`tally`]
//! (counted) → [`report`] (shown). [`session`] wires them; [`knee`] searches for the highest rate that is kept
//! up; [`mod@compare`] holds two reports against each other.

pub mod answer;
pub mod compare;
pub mod http_transport;
pub mod json;
pub mod knee;
pub mod redis_transport;
pub mod report;
pub mod resp;
pub mod scenario;
pub mod session;
pub mod setup;
pub mod stream;
pub mod tally;
pub mod timetable;
pub mod workload;

use std::time::Duration;

/// The most commands in one run: a bit is kept for each.
pub const COMMANDS_MAX: u64 = 200_000_000;

/// A send later than this after its time counts as fallen behind.
pub const BEHIND: Duration = Duration::from_millis(10);

/// Why a run could not be done.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The configuration is nonsense.
    #[error("{0}")]
    Plan(String),
    /// The server or Redis can't be reached, or closed the connection.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It answered something that can't be understood.
    #[error("{0}")]
    Protocol(String),
    /// The products, SKUs and stock of the run could not be made.
    #[error("set-up failed: {0}")]
    SetUp(String),
}

impl LoadError {
    /// Names what was being done when `source` happened.
    pub fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

/// One run: how many commands, how fast.
#[derive(Debug, Clone)]
pub struct LoadPlan {
    /// commands a second
    pub rate: u64,
    /// commands in all
    pub count: u64,
    /// commands that may wait for an answer; at this bound sending pauses, and what it delays is reported
    pub in_flight_max: u64,
    /// how long to wait for answers once everything is sent
    pub drain: Duration,
    /// starts every command id and order id of this run
    pub tag: String,
}

impl LoadPlan {
    /// Checks the numbers.
    ///
    /// # Errors
    /// [`LoadError::Plan`] for a rate, a count or a bound of zero, and for a count above [`COMMANDS_MAX`].
    pub fn check(&self) -> Result<(), LoadError> {
        for (what, value) in [("rate", self.rate), ("count", self.count), ("in-flight bound", self.in_flight_max)] {
            if value == 0 {
                return Err(LoadError::Plan(format!("the {what} must be at least 1")));
            }
        }
        if self.count > COMMANDS_MAX {
            return Err(LoadError::Plan(format!("{} commands are more than {COMMANDS_MAX} in one run", self.count)));
        }
        Ok(())
    }
}

/// Where the commands of a run come from.
pub trait CommandSource: Sync {
    /// Appends command `n` as JSON; its id is `{tag}-{n}`. Gives the partition it belongs to.
    fn put(&self, n: u64, tag: &str, out: &mut Vec<u8>) -> u32;
}
