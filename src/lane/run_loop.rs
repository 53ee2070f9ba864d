//! The run loop of a lane: takes chunks to the supervisor, closes batches, and resets the lane when a commit failed or a
//! handler broke. Crash-only: what was decided on a state that was not committed is dropped, and read again.

mod batch_size;
mod recovery;
mod remember;
mod reset;

use self::batch_size::BatchSize;

use std::{
    cell::RefCell,
    collections::VecDeque,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use actix::{Actor, Addr, MailboxError};
use tokio::{
    sync::mpsc,
    task::{JoinError, JoinHandle},
};
use tokio_util::sync::CancellationToken;

use super::{LaneEnd, LaneParts, pulse::Pause, timer::Stuck};
use crate::{
    lane::{
        actors::{
            Fault, LaneContext, LaneSettings,
            dedup::DedupCache,
            quarantine::Quarantine,
            supervisor::{Committed, Count, Decide, Interrupted, Supervisor},
        },
        commit::{batch::CommitRequest, committer::BatchEnded},
        ingest::{Chunk, Credit, Generation, ReadEntry, reader},
        isolation::{AfterConflict, Culprit, Isolation},
        publish::publisher::{self, RelayedOutbox},
    },
    log::{EntryId, Origin},
    protocol::Unreadable,
    store::{Lease, StoreError},
};

/// What the run loop has in common with the loops beside it.
pub struct LaneShared {
    pub credit: Arc<Credit>,
    pub generation: Arc<Generation>,
    pub sent: RelayedOutbox,
    /// orders whose timers are condemned, for the timer
    pub stuck: Arc<Stuck>,
    pub stop: CancellationToken,
}

/// A lane's state on its own thread.
pub struct LaneLoop {
    parts: LaneParts,
    lease: Lease,
    shared: LaneShared,
    to_commit: mpsc::Sender<CommitRequest>,
    published: JoinHandle<publisher::PublisherEnded>,
    cx: LaneContext,
    supervisor: Addr<Supervisor>,
    window: Rc<RefCell<DedupCache>>,
    queue: VecDeque<ReadEntry>,
    /// entries that the lane has taken and neither published nor put aside
    held: usize,
    /// the batches in flight, of each how many entries of the credit it will free: one commits, and a full one may wait
    in_flight: VecDeque<usize>,
    batches: u64,
    /// how much the next batch takes
    share: BatchSize,
    /// which command is at fault
    isolation: Isolation,
    /// resets in a row without one commit between
    fruitless: u32,
    /// how long the lane waits after one of them
    pause: Pause,
    /// when the last one was over
    reset_at: Instant,
    quarantine: Rc<Quarantine>,
}

impl LaneLoop {
    /// A loop with empty actors.
    pub fn new(
        parts: LaneParts,
        lease: Lease,
        shared: LaneShared,
        to_commit: mpsc::Sender<CommitRequest>,
        published: JoinHandle<publisher::PublisherEnded>,
    ) -> Self {
        let quarantine = Rc::<Quarantine>::default();
        let cx = context(&parts, &lease, &quarantine);
        // it holds at least what is in flight: a retry that shares its batch with the first try is in no store yet
        let window = DedupCache::new(parts.limits.window_max.max(parts.limits.in_flight_max));
        let window = Rc::new(RefCell::new(window));
        let supervisor = Supervisor::new(cx.clone(), parts.limits.live, Rc::clone(&window)).start();
        let share = BatchSize::full(parts.limits.in_flight_max);
        let isolation = Isolation::new(parts.limits.tries_max);
        Self {
            parts,
            lease,
            shared,
            to_commit,
            published,
            cx,
            supervisor,
            window,
            queue: VecDeque::new(),
            held: 0,
            in_flight: VecDeque::new(),
            batches: 0,
            share,
            isolation,
            fruitless: 0,
            pause: Pause::up_to(reset::PAUSE_MAX),
            reset_at: Instant::now(),
            quarantine,
        }
    }

    /// Beats until the lane is stopped, fenced or broken.
    pub async fn run(
        mut self,
        mut chunks: mpsc::Receiver<Chunk>,
        mut ended: mpsc::Receiver<BatchEnded>,
        mut read: JoinHandle<reader::ReaderEnded>,
    ) -> LaneEnd {
        if let Err(end) = self.remember().await {
            return self.leave(end, ended).await;
        }
        let stop = self.shared.stop.clone();
        let mut tick = tokio::time::interval(Duration::from_millis(100));
        let mut reading = true;
        loop {
            let room = self.queue.is_empty() && self.open_len() < self.parts.limits.batch_max;
            let step = tokio::select! {
                biased;
                end = ended.recv() => match end {
                    Some(end) => self.ended(end, &mut ended).await,
                    None => Err(LaneEnd::Broken("the committer ended".into())),
                },
                chunk = chunks.recv(), if room && reading => {
                    match chunk {
                        Some(chunk) => self.take(chunk),
                        // the reader ended; its word follows, and an empty channel must not be heard before it
                        None => reading = false,
                    }
                    Ok(())
                }
                end = &mut self.published => Err(publisher_ended(end)),
                end = &mut read => Err(match end {
                    Ok(reader::ReaderEnded::Stopped) => LaneEnd::Stopped,
                    Ok(reader::ReaderEnded::Fenced) => LaneEnd::Fenced,
                    Err(e) => LaneEnd::Broken(format!("the reader broke: {e}")),
                }),
                _ = tick.tick() => self.tick().await,
                () = stop.cancelled() => Err(LaneEnd::Stopped),
            };
            let step = match step {
                Ok(()) => self.advance(&mut ended).await,
                Err(end) => Err(end),
            };
            if let Err(end) = step {
                return self.leave(end, ended).await;
            }
        }
    }

    /// The last steps: what is in flight is waited for, so that a clean stop leaves nothing unanswered that is durable.
    async fn leave(mut self, end: LaneEnd, mut ended: mpsc::Receiver<BatchEnded>) -> LaneEnd {
        while end == LaneEnd::Stopped && self.in_flight.pop_front().is_some() {
            let last = tokio::time::timeout(Duration::from_secs(5), ended.recv()).await;
            tracing::debug!(?last, "a last batch ended");
            if !matches!(last, Ok(Some(BatchEnded::Done { .. }))) {
                break;
            }
        }
        self.stop_actors().await;
        let (closed, _) = mpsc::channel(1);
        self.to_commit = closed; // the committer ends, and with it the publisher
        if end == LaneEnd::Stopped && !self.published.is_finished() {
            drop(ended);
            if tokio::time::timeout(Duration::from_secs(5), self.published).await.is_err() {
                tracing::warn!(partition = self.parts.partition, "the publisher is still busy; leaving it");
            }
        }
        end
    }

    fn open_len(&self) -> usize {
        self.cx.book.borrow().len()
    }

    fn take(&mut self, chunk: Chunk) {
        let n = chunk.entries.len();
        if chunk.generation != self.shared.generation.now() {
            self.shared.credit.give(n); // read again since
            return;
        }
        self.held += n;
        self.queue.extend(chunk.entries);
        fail::fail_point!("after_read", |_| std::process::abort());
    }

    /// Decides what waits, and commits what is decided when nothing is in flight.
    async fn advance(&mut self, ended: &mut mpsc::Receiver<BatchEnded>) -> Result<(), LaneEnd> {
        while !self.queue.is_empty() && self.may_decide() {
            let n = if self.isolation.alone() { 1 } else { self.share.of(self.open_len(), self.queue.len()) };
            let entries: Vec<ReadEntry> = self.queue.drain(..n).collect();
            match self.decide(entries).await {
                Ok(()) => {}
                Err(Interrupted::Broke(broke)) => self.without(broke, ended).await?,
                Err(Interrupted::Fault(fault)) => {
                    let own = matches!(fault, Fault::Broken(_));
                    let culprit = if own { Culprit::Command } else { Culprit::Lane };
                    return self.reset(&fault.to_string(), culprit, ended).await;
                }
            }
        }
        self.commit().await
    }

    fn may_decide(&self) -> bool {
        if self.isolation.alone() {
            self.in_flight.is_empty() && self.cx.book.borrow().is_empty()
        } else {
            self.open_len() < self.parts.limits.batch_max && self.share.of(self.open_len(), 1) > 0
        }
    }

    async fn decide(&mut self, entries: Vec<ReadEntry>) -> Result<(), Interrupted> {
        let entries = self.sort_out(entries);
        if entries.is_empty() {
            return Ok(());
        }
        self.cx.book.borrow_mut().entries.extend(entries.iter().map(ReadEntry::kept));
        let entry = entries.first().map_or(EntryId::ZERO, |e| e.source.id);
        let careful = self.isolation.on_decide(entries.len());
        let handled: Vec<Origin> = match self.isolation.has_broken() {
            true => entries.iter().map(|e| e.source.entry()).collect(),
            false => Vec::new(),
        };
        let decided = self.supervisor.send(Decide { entries, careful }).await;
        let gone = |e: MailboxError| {
            Interrupted::Fault(Fault::Broken(format!("deciding entry {entry} failed: a handler broke: {e}")))
        };
        let broke = match decided.map_err(gone)? {
            Err(Interrupted::Broke(broke)) => Some(broke),
            decided => {
                decided?;
                None
            }
        };
        let well = broke.as_ref().map_or(usize::MAX, |b| b.at);
        self.isolation.on_handled(handled.into_iter().take(well));
        let (waiting, reused, ready) = {
            let mut book = self.cx.book.borrow_mut();
            let waiting = std::mem::take(&mut book.waiting);
            book.aside += waiting;
            (waiting, std::mem::take(&mut book.reused), std::mem::take(&mut book.ready))
        };
        self.shared.credit.take(ready.len());
        self.held += ready.len();
        self.first(ready);
        if reused {
            self.isolation.on_reused_id();
        }
        self.shared.credit.give(waiting);
        self.held = self.held.saturating_sub(waiting);
        if self.parts.traces.is_some() {
            let mut book = self.cx.book.borrow_mut();
            let end = book.outgoing.len();
            book.decided.push((end, Instant::now()));
        }
        fail::fail_point!("after_decide", |_| std::process::abort());
        broke.map_or(Ok(()), |broke| Err(Interrupted::Broke(broke)))
    }

    /// Seals what is open, if nothing is in flight, or if it is full and may wait for its turn, made ready meanwhile.
    async fn commit(&mut self) -> Result<(), LaneEnd> {
        let may = match self.in_flight.len() {
            0 => true,
            1 => !self.isolation.alone() && self.open_len() >= self.parts.limits.batch_max,
            _ => false,
        };
        if !may {
            return Ok(());
        }
        let sealed = {
            let mut book = self.cx.book.borrow_mut();
            if let Ok(mut sent) = self.shared.sent.lock() {
                book.sent.append(&mut sent);
            }
            if book.is_empty() {
                return Ok(());
            }
            book.seal()
        };
        self.in_flight.push_back(sealed.outgoing.iter().filter(|o| o.credit).count());
        if self.to_commit.send(CommitRequest::Commit(Box::new(sealed))).await.is_err() {
            return Err(LaneEnd::Broken("the committer is gone".into()));
        }
        Ok(())
    }

    async fn ended(&mut self, end: BatchEnded, ended: &mut mpsc::Receiver<BatchEnded>) -> Result<(), LaneEnd> {
        let counted = self.in_flight.pop_front().unwrap_or(0);
        if !matches!(end, BatchEnded::Done { .. } | BatchEnded::Probed) {
            self.in_flight.clear(); // the committer drops what was sealed after a commit that failed
        }
        match end {
            BatchEnded::Done { external, spent, mended } => {
                let number = spent.number;
                self.cx.book.borrow_mut().reuse(*spent);
                self.held = self.held.saturating_sub(counted);
                self.batches = number + 1;
                self.share.went_well();
                self.isolation.on_commit(number, counted);
                self.goes_well();
                let tick = u64::try_from(self.parts.clock.now().timestamp()).unwrap_or(0);
                let told = self.supervisor.send(Committed { batches: self.batches, external, tick, mended }).await;
                match told {
                    Ok(Ok(())) => Ok(()),
                    Ok(Err(fault)) => self.reset(&fault.to_string(), Culprit::Lane, ended).await,
                    Err(e) => self.reset(&e.to_string(), Culprit::Lane, ended).await,
                }
            }
            BatchEnded::Fenced => Err(LaneEnd::Fenced),
            BatchEnded::Conflict { cause, why, lost } => match self.isolation.on_conflict(cause) {
                AfterConflict::DecideAgain => {
                    self.share.conflicted(lost.entries.len());
                    self.decide_again(&why, *lost, ended).await
                }
                AfterConflict::Reset(culprit) => self.reset(&format!("conflict: {why}"), culprit, ended).await,
            },
            BatchEnded::Failed(e) => {
                let own = matches!(e, StoreError::Refused(_));
                let culprit = if own { Culprit::Command } else { Culprit::Lane };
                self.reset(&e.to_string(), culprit, ended).await
            }
            BatchEnded::Unheard => Err(publisher_ended((&mut self.published).await)),
            BatchEnded::Probed | BatchEnded::Resumed | BatchEnded::Dropped(_) => Ok(()),
        }
    }

    async fn tick(&mut self) -> Result<(), LaneEnd> {
        self.look_up();
        let partition = self.parts.partition.to_string();
        if let Ok((orders, skus)) = self.supervisor.send(Count).await {
            metrics::gauge!("jumun_live_actors", "partition" => partition.clone(), "kind" => "order")
                .set(gauge(orders));
            metrics::gauge!("jumun_live_actors", "partition" => partition.clone(), "kind" => "sku").set(gauge(skus));
        }
        metrics::gauge!("jumun_in_flight", "partition" => partition).set(gauge(self.shared.credit.in_flight()));
        Ok(())
    }
}

fn publisher_ended(end: Result<publisher::PublisherEnded, JoinError>) -> LaneEnd {
    match end {
        Ok(publisher::PublisherEnded::Stopped) => LaneEnd::Stopped,
        Ok(publisher::PublisherEnded::Fenced) => LaneEnd::Fenced,
        Err(e) => LaneEnd::Broken(format!("the publisher broke: {e}")),
    }
}

/// An entry's command and order, as far as it has them.
#[derive(Debug, Default)]
struct EntryIds {
    command: Option<Arc<str>>,
    order: Option<Arc<str>>,
}

fn ids(entry: &ReadEntry) -> EntryIds {
    match &entry.decoded {
        Ok(c) => EntryIds { command: Some(c.id.shared()), order: c.kind.order_id().map(Arc::from) },
        Err(Unreadable::Refused { id, .. }) => EntryIds { command: Some(id.shared()), order: None },
        Err(Unreadable::Dead { .. }) => EntryIds::default(),
    }
}

fn gauge(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

fn context(parts: &LaneParts, lease: &Lease, quarantine: &Rc<Quarantine>) -> LaneContext {
    let settings = LaneSettings {
        partition: parts.partition,
        partitions: parts.partitions,
        policy: Arc::clone(&parts.policy),
        epoch: lease.epoch,
        asks_refunds: parts.gateway.is_some(),
    };
    LaneContext::new(settings, parts.store.clone(), Rc::clone(quarantine), parts.clock.now())
}
