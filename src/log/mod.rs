//! The command log port: where commands come in and answers, events and dead letters go out.
//!
//! Adapters: [`redis`] (streams with a consumer group; production) and [`memory`] (in-process; the embedded default,
//! where "accepted" means committed, since what is in memory dies with the process).

pub mod crc16;
pub mod memory;
pub mod redis;

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::domain::Time;

/// A stream entry's id: milliseconds of the log's clock, and a number within the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct EntryId {
    pub ms: u64,
    pub seq: u64,
}

impl EntryId {
    /// Before every entry.
    pub const ZERO: EntryId = EntryId { ms: 0, seq: 0 };
    /// After every entry.
    pub const LAST: EntryId = EntryId { ms: u64::MAX, seq: u64::MAX };

    /// The last id that could come before it.
    pub const fn before(self) -> EntryId {
        match (self.ms, self.seq) {
            (0, 0) => EntryId::ZERO,
            (ms, 0) => EntryId { ms: ms - 1, seq: u64::MAX },
            (ms, seq) => EntryId { ms, seq: seq - 1 },
        }
    }

    /// The first id that could come after it.
    pub const fn after(self) -> EntryId {
        match (self.ms, self.seq) {
            (u64::MAX, u64::MAX) => EntryId::LAST,
            (ms, u64::MAX) => EntryId { ms: ms + 1, seq: 0 },
            (ms, seq) => EntryId { ms, seq: seq + 1 },
        }
    }

    /// The time that the id says.
    pub fn time(self) -> Time {
        i64::try_from(self.ms).ok().and_then(Time::from_timestamp_millis).unwrap_or(Time::MAX_UTC)
    }

    /// The time of an entry that was read at `now_ms` by the log's clock: a command is decided at it. Whoever writes an entry
    /// may choose its id, so one from the future is not believed.
    pub fn time_by(self, now_ms: u64) -> Time {
        EntryId { ms: self.ms.min(now_ms), seq: 0 }.time()
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}

impl FromStr for EntryId {
    type Err = LogError;
    fn from_str(s: &str) -> Result<Self, LogError> {
        let bad = || LogError::Broken(format!("{s:?} is not a stream entry id"));
        let (ms, seq) = s.split_once('-').ok_or_else(bad)?;
        Ok(Self { ms: ms.parse().map_err(|_| bad())?, seq: seq.parse().map_err(|_| bad())? })
    }
}

/// Which of a partition's inbound streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Inbound {
    /// What the HTTP API and the shop's own back ends write: the actor that a command names is believed.
    Commands,
    /// What checkouts write: what a buyer says, and no more.
    Checkout,
    /// The lanes' own steps; producers have no right to it.
    Internal,
}

impl Inbound {
    /// All of them, in the order in which they are read and settled.
    pub const ALL: [Inbound; 3] = [Inbound::Commands, Inbound::Checkout, Inbound::Internal];

    /// Its place in [`Inbound::ALL`].
    pub const fn index(self) -> usize {
        match self {
            Inbound::Commands => 0,
            Inbound::Checkout => 1,
            Inbound::Internal => 2,
        }
    }

    /// Its stable name: the last part of its key, and what dead letters say.
    pub const fn name(self) -> &'static str {
        match self {
            Inbound::Commands => "commands",
            Inbound::Checkout => "checkout",
            Inbound::Internal => "internal",
        }
    }

    /// The stream of that name.
    pub fn named(name: &str) -> Option<Self> {
        Inbound::ALL.into_iter().find(|stream| stream.name() == name)
    }

    /// Whether producers write it.
    pub const fn produced(self) -> bool {
        matches!(self, Inbound::Commands | Inbound::Checkout)
    }
}

/// An entry among all that producers have written to a partition. Ids are unique in a stream only: two streams that are
/// written in one millisecond have the same ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Origin {
    pub stream: Inbound,
    pub id: EntryId,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.stream {
            // as it always was
            Inbound::Commands | Inbound::Internal => self.id.fmt(f),
            Inbound::Checkout => write!(f, "{}/{}", self.stream.name(), self.id),
        }
    }
}

impl FromStr for Origin {
    type Err = LogError;
    fn from_str(s: &str) -> Result<Self, LogError> {
        let (stream, id) = match s.split_once('/') {
            Some((stream, id)) => (Inbound::named(stream), id),
            None => (Some(Inbound::Commands), s),
        };
        let stream = stream.ok_or_else(|| LogError::Broken(format!("{s:?} names no stream")))?;
        Ok(Self { stream, id: id.parse()? })
    }
}

/// An entry as read.
#[derive(Debug, Clone)]
pub struct LogEntry {
    pub stream: Inbound,
    pub id: EntryId,
    /// when it came: its id's time, or the log's own where the id lies in the future of the log's clock
    pub at: Time,
    /// the `command` field as received; empty when the entry has none
    pub command: Arc<[u8]>,
    /// how often this entry was delivered, this time included
    pub attempts: u32,
}

/// Why a command is kept apart.
#[derive(Debug, Clone)]
pub struct Dead {
    /// as received; see [`Dead::kept`]
    pub command: Arc<[u8]>,
    /// which stream takes it as it is: a command that was passed on is as its producer wrote it
    pub stream: Inbound,
    pub reason: String,
    pub attempts: u32,
}

impl Dead {
    /// What is kept of the command. A lane's own step is kept whole: it is bounded, and there is no other copy of it.
    pub fn kept(&self) -> &[u8] {
        let bytes_max = if self.stream.produced() { DEAD_COMMAND_BYTES_MAX } else { usize::MAX };
        &self.command[..self.command.len().min(bytes_max)]
    }
}

/// How much of a producer's dead command is kept.
pub const DEAD_COMMAND_BYTES_MAX: usize = 16 * 1024;

/// How many `reply_to` streams a partition keeps; answers for further names go to the common stream.
pub const REPLY_STREAMS_MAX: usize = 1_024;

/// How many answers (or entries' events) share one outbound array.
pub const ARRAY_ITEMS_MAX: usize = 128;

/// How many bytes an outbound array takes before the next one begins; one larger item has an array to itself.
pub const ARRAY_BYTES_MAX: usize = 64 * 1024;

/// An answer on its way out, as JSON.
#[derive(Debug, Clone)]
pub struct OutAnswer {
    pub reply_to: Option<Arc<str>>,
    pub json: String,
}

/// An entry that is done with: acknowledged, answered and its events published in one atomic step.
#[derive(Debug, Clone)]
pub struct Settled {
    pub stream: Inbound,
    pub id: EntryId,
    /// published only if this step is the one that acknowledges the entry
    pub answer: Option<OutAnswer>,
    /// published with it: each one a JSON object
    pub events: Vec<String>,
    pub dead: Option<Dead>,
}

/// What a settling step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettleReport {
    /// entries that this step acknowledged (and so answered)
    pub acknowledged: u32,
    /// entries that were acknowledged before: nothing was published for them
    pub already: u32,
}

/// A fault of the log.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// Not reachable, or it did not answer in time; try again.
    #[error("the command log is unavailable: {0}")]
    Unavailable(String),
    /// A successor has taken this partition over.
    #[error("a later owner has taken partition {partition} over (epoch {epoch})")]
    Fenced { partition: u32, epoch: i64 },
    /// No room (Redis at maxmemory, an in-process log at its bound).
    #[error("the command log is full: {0}")]
    Full(String),
    /// It answered something that this version does not understand, or belongs to another configuration.
    #[error("{0}")]
    Broken(String),
}

/// A partition's state, for metrics and readiness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogStats {
    /// entries that producers wrote and no one has read yet
    pub lag: u64,
    /// entries that lanes wrote and this one has not read yet
    pub steps: u64,
    /// entries read and not acknowledged, all inbound streams
    pub pending: u64,
    /// entries read and acknowledged, all inbound streams, since these began: it grows with every one
    pub settled: u64,
    /// entries kept that producers wrote
    pub length: u64,
    /// dead letters kept
    pub dead: u64,
}

impl LogStats {
    /// Whether nothing waits, as far as it tells.
    pub fn at_rest(&self) -> bool {
        (self.lag, self.steps, self.pending) == (0, 0, 0)
    }
}

/// How long outbound entries are kept.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// acknowledged commands, for the checker and for curious operators
    pub commands: Duration,
    pub answers: Duration,
    pub events: Duration,
    /// dead letters kept a partition, newest first
    pub dead_max: u64,
    /// and of these, how long: they may hold personal data
    pub dead_age: Option<Duration>,
}

/// An outbound stream that can be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outbound {
    Answers,
    AnswersTo(Arc<str>),
    Events,
    Dead,
}

/// An outbound entry: `answers` and `events` hold a JSON array, `dead` one JSON object made of its fields.
#[derive(Debug, Clone)]
pub struct OutEntry {
    pub id: EntryId,
    pub json: String,
}

/// What is read of an outbound stream that is followed.
#[derive(Debug, Clone, Copy)]
pub struct Follow<'a> {
    pub stream: &'a Outbound,
    /// each partition, and the entry after which it is read
    pub after: &'a [(u32, EntryId)],
    /// for all partitions together, but of each one entry may come
    pub max: usize,
    /// for the first entry of any partition
    pub wait: Duration,
}

/// From where to where an outbound stream can be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamBounds {
    /// entries up to this one may have been dropped; [`EntryId::ZERO`]: none were
    pub floor: EntryId,
    /// the last id that was given out, to follow from now on
    pub last: EntryId,
}

impl StreamBounds {
    /// Whether somebody who has come as far as `after` may have missed something: what followed was dropped, or the
    /// stream is not the one it was.
    pub fn lost(&self, after: EntryId) -> bool {
        after < self.floor || after > self.last
    }
}

/// How many entries of each of so many streams make `max` together.
fn share(max: usize, streams: usize) -> usize {
    (max / streams.max(1)).max(1)
}

/// Following nothing would be waiting for ever.
fn nothing_to_follow() -> LogError {
    LogError::Broken("there is no partition to follow".to_owned())
}

/// A dead letter as [`CommandLog::follow`] hands it out: what versions before this one kept has no `stream`.
fn dead_json(command: &str, stream: Option<&str>, reason: &str, entry: &str, attempts: u32) -> String {
    let mut letter = serde_json::json!({ "command": command, "reason": reason, "entry": entry, "attempts": attempts });
    if let Some(stream) = stream {
        letter["stream"] = stream.into();
    }
    letter.to_string()
}

/// The log.
#[async_trait]
pub trait CommandLog: Send + Sync {
    /// Short name for logs and reports: `redis` or `memory`.
    fn kind(&self) -> &'static str;

    /// How its server is reached, where there is one: with TLS or without, with a password or without.
    fn reach(&self) -> Option<&str> {
        None
    }

    /// Writes `jumun:meta` on first use, refuses when it disagrees; makes streams and consumer groups.
    async fn open(&self, partitions: u32) -> Result<(), LogError>;

    /// The partition count in `jumun:meta`, if a server has written it.
    async fn partitions(&self) -> Result<Option<u32>, LogError>;

    /// Appends commands in order; the ids are the acceptance. An error accepts none of them, or (more than a thousand
    /// commands, or a reply that was lost) may have accepted a head of them.
    async fn append(&self, partition: u32, to: Inbound, commands: &[Arc<[u8]>]) -> Result<Vec<EntryId>, LogError>;

    /// Takes a partition over under the lease's epoch: earlier owners are fenced out of [`Settler::settle`] first, then
    /// whatever they left pending is claimed. The reader has a connection of its own.
    async fn reader(&self, partition: u32, consumer: &str, epoch: i64) -> Result<Box<dyn Reader>, LogError>;

    /// The step that acknowledges, under the lease's epoch, on a connection of its own.
    async fn settler(&self, partition: u32, epoch: i64, retention: Retention) -> Result<Box<dyn Settler>, LogError>;

    /// Entries of an outbound stream after `after`, waiting up to `wait` for the first. Uses a connection that nothing
    /// else waits on.
    async fn follow(
        &self,
        partition: u32,
        stream: &Outbound,
        after: EntryId,
        max: usize,
        wait: Duration,
    ) -> Result<Vec<OutEntry>, LogError> {
        let read = self.follow_each(Follow { stream, after: &[(partition, after)], max, wait }).await?;
        Ok(read.into_iter().flat_map(|(_, entries)| entries).collect())
    }

    /// The same of several partitions, on one connection. Whoever hears answers never waits for a place behind those who
    /// hear events.
    async fn follow_each(&self, read: Follow<'_>) -> Result<Vec<(u32, Vec<OutEntry>)>, LogError>;

    /// The greatest epoch under which the partition was taken over, as far as the log knows; 0: none.
    async fn epoch(&self, _partition: u32) -> Result<i64, LogError> {
        Ok(0)
    }

    /// Where the partition's log began, if it dies with its process: whoever has come to an entry before was in another one.
    fn began(&self, _partition: u32) -> Option<EntryId> {
        None
    }

    /// Which life of the log this is: where it has changed, the log may have lost what it had said was kept. `None`: it dies
    /// with its process.
    async fn life(&self) -> Result<Option<String>, LogError> {
        Ok(None)
    }

    /// From where to where an outbound stream can be followed.
    async fn extent(&self, partition: u32, stream: &Outbound) -> Result<StreamBounds, LogError>;

    /// The newest `max` entries of an outbound stream, oldest first.
    async fn recent(&self, partition: u32, stream: &Outbound, max: usize) -> Result<Vec<OutEntry>, LogError> {
        self.earlier(partition, stream, EntryId::LAST, max).await
    }

    /// The newest `max` of its entries before `before`, oldest first: a way back through the stream, page by page.
    async fn earlier(
        &self,
        partition: u32,
        stream: &Outbound,
        before: EntryId,
        max: usize,
    ) -> Result<Vec<OutEntry>, LogError>;

    /// Takes a dead letter away; `false`: it is not there (any more).
    async fn bury(&self, partition: u32, letter: EntryId) -> Result<bool, LogError>;

    /// The names that have a reply stream in this partition.
    async fn reply_names(&self, partition: u32) -> Result<Vec<Arc<str>>, LogError>;

    /// Drops what retention allows: of inbound streams never anything at or above the lowest entry that is not yet
    /// acknowledged.
    async fn trim(&self, partition: u32, retention: Retention) -> Result<u64, LogError>;

    async fn stats(&self, partition: u32) -> Result<LogStats, LogError>;

    /// Whether the log answers now.
    async fn ping(&self) -> Result<(), LogError>;
}

/// New entries.
#[derive(Debug, Default)]
pub struct Fresh {
    pub entries: Vec<LogEntry>,
    /// what producers wrote before this time was handed out, with these or earlier; `None`: this read does not tell
    pub reached: Option<Time>,
}

/// A lane's reading side.
#[async_trait]
pub trait Reader: Send {
    /// What was delivered to this consumer before and is not acknowledged, after `after` in this stream's order: what a lane
    /// reads after a reset. Empty when it is through.
    /// Entries that were trimmed while pending are acknowledged and left out.
    async fn pending(&mut self, stream: Inbound, after: EntryId, max: usize) -> Result<Vec<LogEntry>, LogError>;

    /// New entries of all streams, at most `max`, waiting up to `wait` for the first: of the producers' streams what came first,
    /// as far as one read goes. However many wait there, the lanes' own steps have their room.
    ///
    /// Let it return: a call that is dropped while it waits leaves what it was handed to be read through
    /// [`Reader::pending`]. After an error the next call first hands out what the failed one may have lost, so an entry
    /// may come twice, never not at all.
    async fn fresh(&mut self, max: usize, wait: Duration) -> Result<Fresh, LogError>;
}

/// A lane's acknowledging side.
#[async_trait]
pub trait Settler: Send {
    /// One atomic step: acknowledge each entry and, for those that this step acknowledged, publish answer and events.
    ///
    /// # Errors
    /// [`LogError::Fenced`] when a successor has taken the partition over; nothing happened then.
    async fn settle(&mut self, entries: &[Settled]) -> Result<SettleReport, LogError>;
}
