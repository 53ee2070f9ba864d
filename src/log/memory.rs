//! The command log in this process: the embedded default. What is in it dies with the process, so "accepted" means
//! committed here, and only the durable adapter owes more.

mod part;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use futures_util::future::select_all;
use tokio::time::{Instant, timeout_at};

use self::part::{PartitionLog, PartitionState};
use super::{
    CommandLog, EntryId, Follow, Fresh, Inbound, LogEntry, LogError, LogStats, OutEntry, Outbound, Reader, Retention,
    SettleReport, Settled, Settler, StreamBounds, nothing_to_follow, share,
};

/// How much an in-process log holds, for each partition.
#[derive(Debug, Clone, Copy)]
pub struct MemoryBounds {
    /// commands waiting in an inbound stream (unread or not yet acknowledged): beyond them it is full
    pub waiting_max: usize,
    /// acknowledged commands kept behind them, whatever the retention says
    pub kept_max: usize,
    /// bytes of answers and of events kept each; a reply stream keeps a 64th of it
    pub out_bytes_max: usize,
}

impl Default for MemoryBounds {
    /// About 256 MiB at 512 bytes a command, when everything is full.
    fn default() -> Self {
        Self { waiting_max: 250_000, kept_max: 10_000, out_bytes_max: 64 * 1024 * 1024 }
    }
}

/// Milliseconds since 1970 by the clock that the caller chose.
pub type ClockMs = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The log in this process.
pub struct MemoryLog {
    clock: ClockMs,
    bounds: MemoryBounds,
    parts: OnceLock<Vec<Arc<PartitionLog>>>,
    opening: Mutex<()>,
}

impl fmt::Debug for MemoryLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryLog").field("bounds", &self.bounds).finish_non_exhaustive()
    }
}

impl MemoryLog {
    /// An empty log; [`CommandLog::open`] gives it its partitions.
    pub fn new(clock: ClockMs, bounds: MemoryBounds) -> Self {
        Self { clock, bounds, parts: OnceLock::new(), opening: Mutex::default() }
    }

    fn part(&self, partition: u32) -> Result<&Arc<PartitionLog>, LogError> {
        let parts = self.parts.get().map_or(&[][..], Vec::as_slice);
        usize::try_from(partition).ok().and_then(|p| parts.get(p)).ok_or_else(|| {
            LogError::Broken(format!("the log has {} partitions, no partition {partition}", parts.len()))
        })
    }

    fn state(&self, partition: u32) -> Result<MutexGuard<'_, PartitionState>, LogError> {
        self.part(partition).map(|part| part.lock())
    }
}

#[async_trait]
impl CommandLog for MemoryLog {
    fn kind(&self) -> &'static str {
        "memory"
    }

    async fn open(&self, partitions: u32) -> Result<(), LogError> {
        let _one = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        let parts = self.parts.get_or_init(|| {
            (0..partitions).map(|p| Arc::new(PartitionLog::new(p, self.bounds, (self.clock)()))).collect()
        });
        if parts.len() != usize::try_from(partitions).unwrap_or(usize::MAX) {
            return Err(LogError::Broken(format!(
                "the log has {} partitions, this server {partitions}: changing them is an offline command",
                parts.len()
            )));
        }
        Ok(())
    }

    async fn partitions(&self) -> Result<Option<u32>, LogError> {
        Ok(self.parts.get().and_then(|parts| u32::try_from(parts.len()).ok()))
    }

    async fn append(&self, partition: u32, to: Inbound, commands: &[Arc<[u8]>]) -> Result<Vec<EntryId>, LogError> {
        let part = self.part(partition)?;
        let ids = part.lock().append(to, commands, (self.clock)())?;
        part.arrived.notify_waiters();
        Ok(ids)
    }

    async fn reader(&self, partition: u32, _consumer: &str, epoch: i64) -> Result<Box<dyn Reader>, LogError> {
        let part = Arc::clone(self.part(partition)?);
        part.lock().fence(epoch)?;
        // a superseded reader that sleeps learns it now
        part.arrived.notify_waiters();
        Ok(Box::new(MemoryReader { part, epoch, clock: Arc::clone(&self.clock) }))
    }

    async fn settler(&self, partition: u32, epoch: i64, retention: Retention) -> Result<Box<dyn Settler>, LogError> {
        let part = Arc::clone(self.part(partition)?);
        Ok(Box::new(MemorySettler { part, epoch, retention, clock: Arc::clone(&self.clock) }))
    }

    async fn follow_each(&self, read: Follow<'_>) -> Result<Vec<(u32, Vec<OutEntry>)>, LogError> {
        let Follow { stream, after, max, wait } = read;
        if after.is_empty() {
            return Err(nothing_to_follow());
        }
        let parts: Vec<_> = after.iter().map(|(p, _)| self.part(*p)).collect::<Result<_, _>>()?;
        let until = Instant::now() + wait;
        loop {
            let mut published: Vec<_> = parts.iter().map(|part| Box::pin(part.published.notified())).collect();
            // listen before looking, so that nothing comes in between unheard
            published.iter_mut().for_each(|notified| {
                notified.as_mut().enable();
            });
            let read = parts.iter().zip(after).map(|(part, (partition, after))| {
                (*partition, part.lock().follow(stream, *after, share(max, parts.len())))
            });
            let read: Vec<_> = read.filter(|(_, entries)| !entries.is_empty()).collect();
            if !read.is_empty() || timeout_at(until, select_all(published)).await.is_err() {
                return Ok(read);
            }
        }
    }

    fn began(&self, partition: u32) -> Option<EntryId> {
        self.part(partition).ok().map(|part| part.birth)
    }

    async fn extent(&self, partition: u32, stream: &Outbound) -> Result<StreamBounds, LogError> {
        Ok(self.state(partition)?.extent(stream))
    }

    async fn earlier(
        &self,
        partition: u32,
        stream: &Outbound,
        before: EntryId,
        max: usize,
    ) -> Result<Vec<OutEntry>, LogError> {
        Ok(self.state(partition)?.earlier(stream, before, max))
    }

    async fn bury(&self, partition: u32, letter: EntryId) -> Result<bool, LogError> {
        Ok(self.state(partition)?.bury(letter))
    }

    async fn reply_names(&self, partition: u32) -> Result<Vec<Arc<str>>, LogError> {
        Ok(self.state(partition)?.reply_names())
    }

    async fn trim(&self, partition: u32, retention: Retention) -> Result<u64, LogError> {
        Ok(self.state(partition)?.trim(retention, (self.clock)()))
    }

    async fn stats(&self, partition: u32) -> Result<LogStats, LogError> {
        Ok(self.state(partition)?.stats())
    }

    async fn ping(&self) -> Result<(), LogError> {
        Ok(())
    }
}

struct MemoryReader {
    part: Arc<PartitionLog>,
    epoch: i64,
    clock: ClockMs,
}

#[async_trait]
impl Reader for MemoryReader {
    async fn pending(&mut self, stream: Inbound, after: EntryId, max: usize) -> Result<Vec<LogEntry>, LogError> {
        let mut state = self.part.lock();
        state.fence(self.epoch)?;
        Ok(state.pending(stream, after, max, (self.clock)()))
    }

    async fn fresh(&mut self, max: usize, wait: Duration) -> Result<Fresh, LogError> {
        let until = Instant::now() + wait;
        loop {
            let arrived = self.part.arrived.notified();
            let mut arrived = std::pin::pin!(arrived);
            arrived.as_mut().enable();
            let fresh = {
                let mut state = self.part.lock();
                state.fence(self.epoch)?;
                state.fresh(max, (self.clock)())
            };
            if !fresh.entries.is_empty() || timeout_at(until, arrived).await.is_err() {
                return Ok(fresh);
            }
        }
    }
}

struct MemorySettler {
    part: Arc<PartitionLog>,
    epoch: i64,
    retention: Retention,
    clock: ClockMs,
}

#[async_trait]
impl Settler for MemorySettler {
    async fn settle(&mut self, entries: &[Settled]) -> Result<SettleReport, LogError> {
        let report = {
            let mut state = self.part.lock();
            state.fence(self.epoch)?;
            state.settle(entries, self.retention, (self.clock)())
        };
        self.part.published.notify_waiters();
        Ok(report)
    }
}
