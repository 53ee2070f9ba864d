//! Ingest: entries are read while there is credit, decoded, and handed to the lane in the stream's order.

pub mod reader;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering},
    },
    time::Instant,
};

use tokio::sync::Notify;

use crate::{
    domain::Time,
    lane::commit::EntrySource,
    log::{EntryId, Inbound, LogEntry},
    protocol::{
        decode::{self, COMMAND_BYTES_MAX, Command, Kind, Unreadable},
        internal::Internal,
    },
};

/// An entry, read.
#[derive(Debug)]
pub struct ReadEntry {
    pub source: EntrySource,
    /// as received, for the dead letters and for passing on
    pub raw: Arc<[u8]>,
    /// which stream takes `raw` as it is: what was passed on came by the internal one, and is a producer's command
    pub kind: Inbound,
    pub decoded: Result<Command, Unreadable>,
    /// how often it was passed on between lanes
    pub hops: u8,
}

impl ReadEntry {
    /// What is kept of it until its batch is durable.
    pub fn kept(&self) -> KeptEntry {
        KeptEntry { source: self.source, raw: Arc::clone(&self.raw), kind: self.kind, hops: self.hops }
    }
}

/// An entry that was decided: should its batch be rolled back, it is decided again.
#[derive(Debug, Clone)]
pub struct KeptEntry {
    source: EntrySource,
    raw: Arc<[u8]>,
    kind: Inbound,
    hops: u8,
}

impl KeptEntry {
    /// A command that was put off.
    pub fn new(source: EntrySource, raw: Arc<[u8]>, kind: Inbound, hops: u8) -> Self {
        Self { source, raw, kind, hops }
    }

    /// Which entry it is.
    pub fn entry(&self) -> (Inbound, EntryId) {
        (self.source.stream, self.source.id)
    }

    /// The entry as it was delivered. `checkout_pays`: see [`decode::decode_checkout`].
    pub fn again(self, checkout_pays: bool) -> ReadEntry {
        let KeptEntry { source, raw, kind, hops } = self;
        let decoded = match kind {
            Inbound::Commands | Inbound::Checkout => produced(kind, &raw, checkout_pays),
            Inbound::Internal => decode::decode_internal(&raw).map(internal),
        };
        ReadEntry { source, raw, kind, decoded, hops }
    }
}

/// Entries of one read, under the generation of the lane that they are for: after a reset, older ones are read again and
/// dropped here.
#[derive(Debug)]
pub struct Chunk {
    pub generation: u64,
    pub entries: Vec<ReadEntry>,
}

/// How much may be in flight: read and neither settled nor waiting for another lane. It bounds the memory of a lane whose
/// store is slow: reading stops, the stream keeps the rest.
#[derive(Debug)]
pub struct Credit {
    limit: usize,
    in_flight: AtomicUsize,
    freed: Notify,
}

impl Credit {
    /// At most `limit` entries in flight.
    pub fn new(limit: usize) -> Self {
        Self { limit, in_flight: AtomicUsize::new(0), freed: Notify::new() }
    }

    /// Waits until at least one more may be read; says how many.
    pub async fn available(&self) -> usize {
        loop {
            let freed = self.freed.notified();
            let left = self.limit.saturating_sub(self.in_flight.load(Ordering::Acquire));
            if left > 0 {
                return left;
            }
            freed.await;
        }
    }

    /// So many were read.
    pub fn take(&self, n: usize) {
        self.in_flight.fetch_add(n, Ordering::AcqRel);
    }

    /// So many are done with.
    pub fn give(&self, n: usize) {
        let sub = |now: usize| Some(now.saturating_sub(n));
        if self.in_flight.fetch_update(Ordering::AcqRel, Ordering::Acquire, sub).is_ok() {
            self.freed.notify_one();
        }
    }

    /// How many are in flight.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Acquire)
    }
}

/// How far the lane has read: the time up to which every command was seen. Deadlines fire on it, so that a backlog never
/// expires an order whose payment is waiting in it.
#[derive(Debug, Default)]
pub struct StreamTime(AtomicI64);

impl StreamTime {
    /// Everything up to `at` was read.
    pub fn reached(&self, at: Time) {
        self.0.fetch_max(at.timestamp_millis(), Ordering::AcqRel);
    }

    /// The time reached; `None` before anything was read.
    pub fn get(&self) -> Option<Time> {
        let ms = self.0.load(Ordering::Acquire);
        (ms > 0).then(|| Time::from_timestamp_millis(ms)).flatten()
    }
}

/// Which generation the lane is in: a reset starts the next, and reading starts over from what is pending.
#[derive(Debug, Default)]
pub struct Generation(AtomicU64);

impl Generation {
    /// The present one.
    pub fn now(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// Starts the next.
    pub fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::AcqRel) + 1
    }
}

/// Reads an entry's command. `checkout_pays`: see [`decode::decode_checkout`]; `read`: when it came in, where that is wanted.
pub fn deliver(entry: LogEntry, checkout_pays: bool, read: Option<Instant>) -> ReadEntry {
    let mut source =
        EntrySource { stream: entry.stream, id: entry.id, at: entry.at, attempts: entry.attempts, origin: None, read };
    let (raw, kind) = (entry.command, entry.stream);
    match kind {
        Inbound::Commands | Inbound::Checkout => {
            let decoded = produced(kind, &raw, checkout_pays);
            // of what is too large to be read, no letter keeps more
            let raw = if raw.len() > COMMAND_BYTES_MAX { raw[..=COMMAND_BYTES_MAX].into() } else { raw };
            ReadEntry { source, decoded, raw, kind, hops: 0 }
        }
        Inbound::Internal => match decode::decode_internal(&raw) {
            Err(unreadable) => ReadEntry { source, decoded: Err(unreadable), raw, kind, hops: 0 },
            Ok(Internal::PassedOn { at_ms, hops, origin, command }) => {
                source.origin = origin.parse().ok();
                source.at = i64::try_from(at_ms).ok().and_then(Time::from_timestamp_millis).unwrap_or(source.at);
                let raw: Arc<[u8]> = command.as_bytes().into();
                ReadEntry { source, decoded: decode::decode(&raw), raw, kind: Inbound::Commands, hops }
            }
            Ok(step) => ReadEntry { source, decoded: Ok(internal(step)), raw, kind, hops: 0 },
        },
    }
}

/// Reads what a producer wrote, by what its stream may say.
fn produced(stream: Inbound, raw: &[u8], checkout_pays: bool) -> Result<Command, Unreadable> {
    match stream {
        Inbound::Checkout => decode::decode_checkout(raw, checkout_pays),
        Inbound::Commands | Inbound::Internal => decode::decode(raw),
    }
}

fn internal(step: Internal) -> Command {
    let (id, name) = match &step {
        Internal::Due { order_id } => (order_id.as_str(), "due"),
        Internal::Step { id, .. } => (&**id, "step"),
        Internal::Reply { id, .. } => (&**id, "reply"),
        Internal::Link { id, .. } => (&**id, "link"),
        Internal::Refresh { id } => (&**id, "refresh"),
        Internal::Republish { .. } => ("", "republish"),
        Internal::PassedOn { .. } => ("", "passed_on"),
    };
    let id = crate::domain::ids::CommandId::stored(id);
    let (actor, kind) = ("system:lane".into(), Kind::Internal(step));
    Command { digest: id.shared(), id, actor, reply_to: None, name, expected_version: None, kind }
}
