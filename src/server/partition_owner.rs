//! The owner of one partition: takes its lease, runs its lane, renews while the lane moves, and starts it again whatever it
//! ended by.

use std::{sync::Arc, time::Duration};

use tokio::{
    runtime::Handle,
    sync::oneshot,
    task::LocalSet,
    time::{Instant, MissedTickBehavior, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    domain::Time,
    integrations::webhook::{Hooks, WebhookWorker},
    lane::{
        self, LaneEnd, LaneParts,
        pulse::{DUTIES, Duty, PartitionHome, Pause},
    },
    retention::{RetentionTerms, sweep::Sweep},
    seals,
    store::{AdminStore, Lease, LeaseAnswer},
};

/// How long the end of a sweep is waited for; it looks at the stop after each batch.
const SWEEP_WAIT: Duration = Duration::from_secs(5);
/// The longest pause before a lane that ended by a fault is started again.
const AGAIN_MAX: Duration = Duration::from_secs(5);
/// How often it is looked whether the lane moves.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// A run that has gone on for so long has come over what the one before ended by.
const CALM: Duration = Duration::from_secs(10);
/// A lane that has had nothing to do for so long has no work.
const QUIET: Duration = Duration::from_secs(3);
/// How long a lane that was told to stop may take: more than all of its own waits for what is in flight.
const STOP_MAX: Duration = Duration::from_secs(20);
/// A lane that doesn't move gives its lease back after this part of [`super::ServerParts::stuck_after`].
const GIVE_BACK: u32 = 4;

/// Of how many of our own leases another's may be, at most: one that seems to end much later was given by a clock that has gone
/// back since.
const STEPS: u32 = 3;

/// Keeps one partition.
pub(super) struct PartitionOwner {
    pub lane: LaneParts,
    /// for what runs beside the lane
    pub store: Arc<dyn AdminStore>,
    pub instance: String,
    pub ttl: Duration,
    pub stuck_after: Duration,
    pub hooks: Arc<Hooks>,
    pub terms: RetentionTerms,
    pub stop: CancellationToken,
}

/// Another's lease, as it was seen first.
#[derive(Debug)]
struct Theirs {
    owner: String,
    until: Time,
    /// when it has run out by this process's clock, which no one sets
    over_at: Instant,
    /// that it has run out was said
    told: bool,
}

impl Theirs {
    /// It was not renewed until its end.
    fn over(&self) -> bool {
        Instant::now() > self.over_at
    }
}

/// Since when a partition has had work without moving: over the lane's restarts, and wherever it is worked on.
#[derive(Debug)]
struct Stillness {
    moves: u64,
    /// what the log had of it that was done, when it was looked at last
    settled: u64,
    since: Instant,
}

impl PartitionOwner {
    pub async fn run(self) {
        let (partition, pulse) = (self.lane.partition, Arc::clone(&self.lane.pulse));
        self.owns(false); // there from the start, so that its absence is no answer
        let mut said = false;
        let mut again = Pause::up_to(AGAIN_MAX);
        let mut theirs = None::<Theirs>;
        let mut still = Stillness { moves: pulse.moves(), settled: pulse.stats().settled, since: Instant::now() };
        while !self.stop.is_cancelled() {
            // a database that was restored older is behind the log's epoch
            let seen = self.lane.log.epoch(partition).await.unwrap_or_else(|e| {
                tracing::debug!(partition, error = %e, "the log's epoch is not known");
                0
            });
            if let Some(t) = theirs.as_mut().filter(|t| t.over() && !t.told) {
                t.told = true;
                tracing::warn!(partition, owner = t.owner, until = %t.until, "a lease was not renewed until its end, by this \
                    process's clock: the partition is asked for, even if the database's clock has gone back");
            }
            let over = theirs.as_ref().filter(|t| t.over()).map(|t| (&*t.owner, t.until));
            let wanted = (partition, &*self.instance, self.ttl);
            let lease = match self.lane.store.acquire_above(wanted, seen, over).await {
                Ok(LeaseAnswer::Granted(lease)) => lease,
                Ok(LeaseAnswer::Held { owner, until, left }) => {
                    if !said {
                        tracing::info!(partition, owner, %until, "another process owns the partition; waiting");
                    }
                    said = true;
                    pulse.worked_on(PartitionHome::Elsewhere((Instant::now() + left.min(self.ttl)).into_std()));
                    if theirs.as_ref().is_none_or(|t| (&*t.owner, t.until) != (&*owner, until)) {
                        let over_at = Instant::now() + left.min(self.ttl * STEPS);
                        theirs = Some(Theirs { owner, until, over_at, told: false });
                    }
                    // what kept this process from it is another's matter now; that it stands is not, until the other moves it
                    pulse.forget(&DUTIES);
                    let stats = pulse.stats();
                    if stats.at_rest() || stats.settled > still.settled {
                        self.moves(&mut still);
                    }
                    still.settled = stats.settled;
                    self.pause(self.ttl / 10).await;
                    continue;
                }
                Err(e) => {
                    if let Some(unsaid) = pulse.trouble(Duty::Lease, &e.to_string()) {
                        tracing::warn!(partition, error = %e, unsaid, "asking for the lease failed; trying again");
                    }
                    self.pause(self.ttl / 5).await;
                    continue;
                }
            };
            // said before anything is sealed; whoever looks for needless keys hears of it
            if let Err(e) = seals::note(&*self.store, partition).await {
                if let Some(unsaid) = pulse.trouble(Duty::Lease, &e.to_string()) {
                    tracing::warn!(partition, error = %e, unsaid, "the account key could not be noted; trying again");
                }
                self.pause(self.ttl / 5).await;
                continue;
            }
            said = false;
            theirs = None;
            pulse.forget(&[Duty::Lease, Duty::Start, Duty::Read, Duty::Commit, Duty::Publish]);
            tracing::info!(partition, epoch = lease.epoch, "the lane starts");
            let (moves, begun) = (pulse.moves(), Instant::now());
            let end = self.hold(&lease, &mut still).await;
            if pulse.moves() != moves || begun.elapsed() > CALM {
                again.over();
            }
            match end {
                LaneEnd::Stopped => return,
                LaneEnd::Fenced => {
                    tracing::warn!(partition, "a successor owns the partition now");
                    self.pause(self.ttl).await; // two processes of one name must not take it from each other in turns
                }
                LaneEnd::Broken(why) => {
                    pulse.trouble(Duty::Run, &why);
                    tracing::error!(partition, why, "the lane ended by a fault; it is started again");
                    // time for a stand-by that fares better
                    self.pause(again.take().max(self.ttl / 5)).await;
                }
            }
        }
    }

    async fn hold(&self, lease: &Lease, still: &mut Stillness) -> LaneEnd {
        let stop = self.stop.child_token();
        let (done_tx, done) = oneshot::channel();
        let (parts, its_lease, its_stop) = (self.lane.clone(), lease.clone(), stop.clone());
        let runtime = Handle::current();
        // an arbiter's thread, on the shared runtime: connections are driven elsewhere while the lane decides
        let thread = std::thread::Builder::new().name(format!("lane-{}", lease.partition)).spawn(move || {
            let local = LocalSet::new();
            let end = runtime.block_on(local.run_until(lane::run(parts, its_lease, its_stop)));
            if done_tx.send(end).is_err() {
                tracing::debug!("nobody waits for the lane");
            }
        });
        let end = match thread {
            Ok(_) => {
                self.owns(true);
                let webhook_workers = self.webhook_workers(&stop);
                let sweep = (lease.partition == 0).then(|| tokio::spawn(self.sweep(&stop).run()));
                let end = self.renewed(lease, done, &stop, still).await;
                stop.cancel();
                webhook_workers.close();
                webhook_workers.wait().await;
                self.owns(false);
                self.release(lease, &end).await;
                // two sweeps do each other no harm, and a successor need not wait for this one's batch
                if let Some(sweep) = sweep {
                    match timeout(SWEEP_WAIT, sweep).await {
                        Ok(Ok(())) => {}
                        Ok(Err(e)) => tracing::error!(error = %e, "the sweep did not end well"),
                        Err(_) => tracing::info!("the sweep is still busy with a batch; leaving it"),
                    }
                }
                return end;
            }
            Err(e) => LaneEnd::Broken(format!("no thread for the lane: {e}")),
        };
        self.release(lease, &end).await;
        end
    }

    async fn release(&self, lease: &Lease, end: &LaneEnd) {
        if *end != LaneEnd::Fenced
            && let Err(e) = self.lane.store.release(lease).await
        {
            tracing::warn!(partition = lease.partition, error = %e, "the lease was not given back; it runs out by itself");
        }
    }

    /// Renews the lease until the lane ends, or must: for a successor, or because it doesn't move.
    async fn renewed(
        &self,
        lease: &Lease,
        mut done: oneshot::Receiver<LaneEnd>,
        stop: &CancellationToken,
        still: &mut Stillness,
    ) -> LaneEnd {
        let (partition, pulse) = (lease.partition, &self.lane.pulse);
        let begun = Instant::now();
        let mut renew_at = begun + self.ttl / 3;
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // a new run is given its time, however long the one before stood
        let mut stood = begun;
        let mut idle = None::<Instant>;
        loop {
            tokio::select! {
                end = &mut done => return broke(end),
                () = tokio::time::sleep_until(renew_at) => {
                    renew_at = Instant::now() + self.ttl / 3;
                    match self.lane.store.renew(lease, self.ttl).await {
                        Ok(true) => pulse.well(Duty::Lease),
                        Ok(false) => {
                            stop.cancel();
                            let end = self.ended(done).await;
                            return if end == LaneEnd::Stopped { LaneEnd::Fenced } else { end };
                        }
                        Err(e) => {
                            if let Some(unsaid) = pulse.trouble(Duty::Lease, &e.to_string()) {
                                tracing::warn!(partition, error = %e, unsaid, "renewing the lease failed; trying again");
                            }
                        }
                    }
                }
                _ = looks.tick() => {
                    if pulse.has(Duty::Run) && (pulse.moves() != still.moves || begun.elapsed() > CALM) {
                        pulse.well(Duty::Run);
                    }
                    let moved = pulse.moves() != still.moves;
                    if moved || !pulse.has_work() {
                        // a run that has not read yet what is pending has none only seemingly
                        if moved || idle.get_or_insert_with(Instant::now).elapsed() > QUIET {
                            self.moves(still);
                        }
                        stood = Instant::now();
                        continue;
                    }
                    idle = None;
                    if stood.elapsed() > self.stuck_after / GIVE_BACK {
                        // a restart mends no server that is away
                        let stuck = still.since.elapsed() > self.stuck_after && self.servers_answer(lease).await;
                        pulse.is_stuck(stuck);
                        let words = pulse.troubles().join(", ");
                        tracing::error!(partition, words, "the lane has work and does not move: its lease is given back");
                        stop.cancel();
                        let end = self.ended(done).await;
                        let why = || LaneEnd::Broken("it had work and did not move".into());
                        return if end == LaneEnd::Stopped { why() } else { end };
                    }
                }
            }
        }
    }

    /// It moves, or has nothing to do.
    fn moves(&self, still: &mut Stillness) {
        let pulse = &self.lane.pulse;
        *still = Stillness { moves: pulse.moves(), settled: pulse.stats().settled, since: Instant::now() };
        pulse.is_stuck(false);
    }

    async fn servers_answer(&self, lease: &Lease) -> bool {
        let (log, store) = tokio::join!(self.lane.log.ping(), self.lane.store.owns(lease));
        log.is_ok() && store.is_ok()
    }

    /// Waits for a lane that was told to stop. One that doesn't is left behind: its epoch is superseded by the next lease.
    async fn ended(&self, done: oneshot::Receiver<LaneEnd>) -> LaneEnd {
        match tokio::time::timeout(STOP_MAX, done).await {
            Ok(end) => broke(end),
            Err(_) => {
                self.lane.pulse.is_stuck(true);
                LaneEnd::Broken("its thread does not stop".into())
            }
        }
    }

    /// Webhooks are carried where the lane runs.
    fn webhook_workers(&self, stop: &CancellationToken) -> TaskTracker {
        let tasks = TaskTracker::new();
        for hook in &self.hooks.all {
            let Some(post) = &self.hooks.post else { break };
            let worker = WebhookWorker {
                hook: Arc::clone(hook),
                post: post.clone(),
                partition: self.lane.partition,
                log: Arc::clone(&self.lane.log),
                store: Arc::clone(&self.store),
                clock: Arc::clone(&self.lane.clock),
                stop: stop.clone(),
            };
            tasks.spawn(worker.run());
        }
        tasks
    }

    /// What goes by age is swept by one server: the owner of partition 0.
    fn sweep(&self, stop: &CancellationToken) -> Sweep {
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.lane.clock));
        Sweep { store, clock, terms: self.terms, stop: stop.clone() }
    }

    fn owns(&self, so: bool) {
        self.lane.pulse.worked_on(if so { PartitionHome::Here } else { PartitionHome::Unknown });
        let partition = self.lane.partition.to_string();
        metrics::gauge!("jumun_partition_owned", "partition" => partition).set(f64::from(u8::from(so)));
    }

    async fn pause(&self, wait: Duration) {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = self.stop.cancelled() => {}
        }
    }
}

/// How the lane ended, or that its thread panicked.
fn broke(end: Result<LaneEnd, oneshot::error::RecvError>) -> LaneEnd {
    end.unwrap_or_else(|_| LaneEnd::Broken("the lane's thread broke".into()))
}
