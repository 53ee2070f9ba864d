//! The reading loop of a lane: first what is pending, then what is new, for as long as there is credit.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Chunk, Credit, Generation, StreamTime, deliver};
use crate::{
    clock::Clock,
    lane::pulse::{Duty, Pause, Pulse},
    log::{CommandLog, EntryId, Fresh, Inbound, LogEntry, LogError, Reader},
};

/// How many entries one read asks for: enough to fill a batch in two reads, few enough that a chunk is decided in about a
/// millisecond.
pub const READ_MAX: usize = 256;
/// How many bytes a read may bring before the next asks for fewer entries: 256 of the usual size are a tenth of it.
const READ_BYTES_MAX: usize = 1024 * 1024;
/// With how many entries a generation begins: whatever lies there is as large as somebody made it.
const READ_FIRST: usize = 8;
/// How long a read waits for the first entry: the longest that a reset or a stop waits for the reader.
const WAIT: Duration = Duration::from_millis(200);
/// How often entries from the future are complained of.
const FUTURE_SAID_EVERY: Duration = Duration::from_secs(60);
/// The longest pause between tries, whatever the log says.
const PAUSE_MAX: Duration = Duration::from_secs(3);

/// What the loop needs.
pub struct Ingest {
    pub partition: u32,
    pub consumer: String,
    pub epoch: i64,
    pub log: Arc<dyn CommandLog>,
    pub clock: Arc<dyn Clock>,
    pub credit: Arc<Credit>,
    pub stream_time: Arc<StreamTime>,
    pub generation: Arc<Generation>,
    pub pulse: Arc<Pulse>,
    /// whether checkouts say what is paid
    pub checkout_pays: bool,
    /// whether it is noted when a chunk was read
    pub traced: bool,
    /// when entries from the future were last complained of
    pub future_said: Mutex<Option<Instant>>,
    pub to: mpsc::Sender<Chunk>,
    pub stop: CancellationToken,
}

/// Why reading ended.
#[derive(Debug)]
pub enum ReaderEnded {
    Stopped,
    /// a successor has the partition
    Fenced,
}

impl Ingest {
    /// Reads until it is stopped or fenced. Whatever else the log says is tried again: keys come back, rights are given back,
    /// servers are promoted, and nobody else reads this partition meanwhile.
    pub async fn run(self) -> ReaderEnded {
        let mut pause = Pause::up_to(PAUSE_MAX);
        let mut reader = None;
        while !self.stop.is_cancelled() {
            let result = match reader.as_mut() {
                None => self.log.reader(self.partition, &self.consumer, self.epoch).await.map(|r| reader = Some(r)),
                Some(r) => self.generation(r.as_mut(), &mut pause).await,
            };
            match result {
                Ok(()) => {}
                Err(LogError::Fenced { .. }) => return ReaderEnded::Fenced,
                Err(_) if self.stop.is_cancelled() => {} // the pulse is the next run's
                Err(e @ (LogError::Unavailable(_) | LogError::Full(_) | LogError::Broken(_))) => {
                    if let Some(unsaid) = self.pulse.trouble(Duty::Read, &e.to_string()) {
                        let partition = self.partition;
                        tracing::error!(partition, error = %e, unsaid, "reading commands failed; trying again");
                    }
                    pause.wait(&self.stop).await;
                }
            }
        }
        ReaderEnded::Stopped
    }

    /// One generation: everything pending, then new entries, until the lane starts the next generation.
    async fn generation(&self, reader: &mut dyn Reader, pause: &mut Pause) -> Result<(), LogError> {
        let generation = self.generation.now();
        let mut most = READ_FIRST;
        for stream in Inbound::ALL {
            let mut after = EntryId::ZERO;
            loop {
                if self.stale(generation) {
                    return Ok(());
                }
                let room = tokio::select! {
                    biased;
                    room = self.credit.available() => room.min(most),
                    () = self.stop.cancelled() => return Ok(()),
                };
                let entries = reader.pending(stream, after, room).await?;
                most = next_read(most, &entries);
                let Some(last) = entries.last() else { break };
                after = last.id;
                if !self.hand_over(generation, entries).await {
                    return Ok(());
                }
            }
        }
        while !self.stale(generation) {
            let room = tokio::select! {
                biased;
                room = self.credit.available() => room.min(most),
                () = self.stop.cancelled() => return Ok(()),
            };
            let before = self.clock.now();
            let Fresh { entries, reached } = reader.fresh(room, WAIT).await?;
            self.pulse.well(Duty::Read);
            pause.over();
            most = next_read(most, &entries);
            match reached {
                Some(reached) => self.stream_time.reached(reached),
                None if entries.is_empty() => self.stream_time.reached(before),
                None => {}
            }
            if !entries.is_empty() && !self.hand_over(generation, entries).await {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Says loudly that somebody writes entries from the future: those after them get such ids too.
    fn note_future(&self, entries: &[LogEntry]) {
        let early = |e: &&LogEntry| e.id.time() > e.at;
        let Some(first) = entries.iter().find(early) else { return };
        let n = entries.iter().filter(early).count();
        let partition = self.partition;
        metrics::counter!("jumun_future_entries_total", "partition" => partition.to_string())
            .increment(u64::try_from(n).unwrap_or(0));
        let mut said = self.future_said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.is_none_or(|at| at.elapsed() >= FUTURE_SAID_EVERY) {
            *said = Some(Instant::now());
            tracing::error!(partition, entry = %first.id, "an entry's id lies in the future of the log's clock; it is \
                decided now. Somebody writes ids of their own: see \"A stream from the future\" in \
                docs/operate/operations.md");
        }
    }

    fn stale(&self, generation: u64) -> bool {
        self.generation.now() != generation || self.stop.is_cancelled()
    }

    async fn hand_over(&self, generation: u64, entries: Vec<LogEntry>) -> bool {
        self.note_future(&entries);
        let n = entries.len();
        self.credit.take(n);
        let read = self.traced.then(Instant::now);
        let chunk =
            Chunk { generation, entries: entries.into_iter().map(|e| deliver(e, self.checkout_pays, read)).collect() };
        if self.to.send(chunk).await.is_err() {
            self.credit.give(n);
            return false;
        }
        true
    }
}

/// How many entries the next read asks for: fewer after large ones, which are in memory until they are decided.
fn next_read(most: usize, read: &[LogEntry]) -> usize {
    let bytes: usize = read.iter().map(|entry| entry.command.len()).sum();
    match bytes {
        0 => most,
        _ if bytes > READ_BYTES_MAX => (most / 4).max(1),
        _ => (most * 2).min(READ_MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Time;

    #[test]
    fn large_entries_are_read_few_at_a_time() {
        let entry = |bytes: usize| LogEntry {
            stream: Inbound::Commands,
            id: EntryId::ZERO,
            at: Time::MAX_UTC,
            command: vec![b'x'; bytes].into(),
            attempts: 1,
        };
        let usual: Vec<LogEntry> = (0..256).map(|_| entry(400)).collect();
        let mut most = READ_FIRST;
        for expected in [16, 32, 64, 128, 256, 256] {
            most = next_read(most, &usual);
            assert_eq!(most, expected);
        }
        let large: Vec<LogEntry> = (0..4).map(|_| entry(1024 * 1024)).collect();
        for expected in [64, 16, 4, 1, 1] {
            most = next_read(most, &large);
            assert_eq!(most, expected);
        }
        assert_eq!(next_read(most, &[]), 1);
        assert_eq!(next_read(most, &usual[..1]), 2);
    }
}
