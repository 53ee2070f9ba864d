//! A lane: one partition's single writer, wired bottom-up: publisher, committer, supervisor, ingest. The run loop decides on
//! the lane's own thread; reading, committing and publishing run beside it.

pub mod actors;
pub mod commit;
pub mod ingest;
mod isolation;
pub mod publish;
pub mod pulse;
mod republish;
pub mod run_loop;
pub mod timer;
pub mod traces;

use std::{sync::Arc, time::Duration};

use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    domain::catalog::Policy,
    integrations::payment::DueRefund,
    lane::{
        actors::supervisor::Bounds,
        commit::committer::{CommitLoop, OUTBOX_MAX},
        ingest::{Credit, Generation, StreamTime, reader::Ingest},
        publish::{Durable, publisher::Publisher},
        traces::Traces,
    },
    log::{CommandLog, Retention},
    store::{LaneStore, Lease},
};
use pulse::Pulse;

/// What bounds a lane.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// entries read and not yet settled: what a stalled store may keep in memory
    pub in_flight_max: usize,
    /// decisions in one commit
    pub batch_max: usize,
    /// recent commands whose answers are remembered
    pub window_max: usize,
    /// what lives in memory
    pub live: Bounds,
    /// how often a command may fail alone before it goes to the dead letters
    pub tries_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            in_flight_max: 20_000,
            batch_max: 1_024,
            window_max: 100_000,
            live: Bounds { orders_max: 50_000, skus_max: 50_000, idle_ticks: 60 },
            tries_max: 3,
        }
    }
}

/// What a lane is made of.
#[derive(Clone)]
pub struct LaneParts {
    pub partition: u32,
    pub partitions: u32,
    pub consumer: String,
    pub store: Arc<dyn LaneStore>,
    pub log: Arc<dyn CommandLog>,
    pub clock: Arc<dyn Clock>,
    pub policy: Arc<Policy>,
    pub limits: Limits,
    pub retention: Retention,
    /// where refunds are asked
    pub gateway: Option<mpsc::Sender<DueRefund>>,
    /// where commands are traced
    pub traces: Option<Arc<Traces>>,
    /// how it is, for its owner and the probes
    pub pulse: Arc<Pulse>,
    /// where reading, committing and publishing run
    pub runtime: Handle,
}

/// Why a lane ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LaneEnd {
    Stopped,
    /// a successor owns the partition
    Fenced,
    /// an invariant broke, or one of its loops did: this run is over, and the owner starts another
    Broken(String),
}

/// Runs a lane under its lease until it is stopped or fenced. Call it on a thread of its own, in a `LocalSet`.
pub async fn run(parts: LaneParts, lease: Lease, stop: CancellationToken) -> LaneEnd {
    let stop = stop.child_token();
    let credit = Arc::new(Credit::new(parts.limits.in_flight_max));
    let stream_time = Arc::new(StreamTime::default());
    let generation = Arc::new(Generation::default());
    parts.pulse.runs_on(&credit);
    let sent = Arc::default();
    // a few chunks, batches and reports may wait; what bounds the lane is the credit
    let (to_publish, publishing) = mpsc::channel::<Durable>(4);
    let (to_commit, committing) = mpsc::channel(1);
    let (ended_tx, ended) = mpsc::channel(4);
    let (chunk_tx, chunks) = mpsc::channel(4);

    let publisher = Publisher {
        partition: parts.partition,
        epoch: lease.epoch,
        log: Arc::clone(&parts.log),
        clock: Arc::clone(&parts.clock),
        retention: parts.retention,
        credit: Arc::clone(&credit),
        pulse: Arc::clone(&parts.pulse),
        from: publishing,
        sent: Arc::clone(&sent),
        gateway: parts.gateway.clone(),
        traces: parts.traces.clone(),
        stop: stop.clone(),
    };
    let published = parts.runtime.spawn(publisher.run());
    let committer = CommitLoop {
        lease: lease.clone(),
        asks_refunds: parts.gateway.is_some(),
        store: Arc::clone(&parts.store),
        asks: committing,
        ended: ended_tx,
        durable: to_publish.clone(),
    };
    let committed = parts.runtime.spawn(committer.run());
    // what an earlier owner had committed and perhaps not sent
    let outbox = async || parts.store.outbox(parts.partition, OUTBOX_MAX).await;
    let steps = parts.pulse.had((parts.partition, "the outbox"), &stop, outbox).await;
    let Some(steps) = steps else { return LaneEnd::Stopped };
    let first = Durable { outgoing: Vec::new(), steps, asks: Vec::new(), stamps: None, said: None };
    if to_publish.send(first).await.is_err() {
        return LaneEnd::Broken("the publisher did not start".into());
    }
    drop(to_publish);
    let ingest = Ingest {
        partition: parts.partition,
        consumer: parts.consumer.clone(),
        epoch: lease.epoch,
        log: Arc::clone(&parts.log),
        clock: Arc::clone(&parts.clock),
        credit: Arc::clone(&credit),
        stream_time: Arc::clone(&stream_time),
        generation: Arc::clone(&generation),
        pulse: Arc::clone(&parts.pulse),
        checkout_pays: parts.policy.checkout_pays,
        traced: parts.traces.is_some(),
        future_said: std::sync::Mutex::default(),
        to: chunk_tx,
        stop: stop.clone(),
    };
    let read = parts.runtime.spawn(ingest.run());
    let stuck = Arc::<timer::Stuck>::default();
    let timer = timer::DeadlineTimer {
        partition: parts.partition,
        store: Arc::clone(&parts.store),
        log: Arc::clone(&parts.log),
        clock: Arc::clone(&parts.clock),
        stream_time,
        retention: parts.retention,
        stuck: Arc::clone(&stuck),
        stop: stop.clone(),
    };
    let runtime = parts.runtime.clone();
    let (timed, timer_broke) = helper(&runtime, timer.run());
    let republish = republish::Republish {
        partition: parts.partition,
        store: Arc::clone(&parts.store),
        log: Arc::clone(&parts.log),
        clock: Arc::clone(&parts.clock),
        retention: parts.retention,
        pulse: Arc::clone(&parts.pulse),
        stop: stop.clone(),
    };
    let (republished, republisher_broke) = helper(&runtime, republish.run());

    let shared = run_loop::LaneShared { credit, generation, sent, stuck, stop: stop.clone() };
    let lane_loop = run_loop::LaneLoop::new(parts, lease, shared, to_commit, published);
    let mut running = Box::pin(lane_loop.run(chunks, ended, read));
    let end = tokio::select! {
        end = &mut running => end,
        // without them orders would not expire, or events not be told, and nobody would see it
        what = async { tokio::select! { () = timer_broke => "timer", () = republisher_broke => "republisher" } } => {
            stop.cancel();
            match running.await {
                LaneEnd::Stopped => LaneEnd::Broken(format!("the {what} broke")),
                end @ (LaneEnd::Fenced | LaneEnd::Broken(_)) => end,
            }
        }
    };
    stop.cancel();
    for (what, task) in [("committer", committed), ("timer", timed), ("republisher", republished)] {
        match tokio::time::timeout(STOP_WAIT, task).await {
            Ok(Ok(())) => {}
            Ok(Err(e)) => tracing::error!(error = %e, "the {what} did not end well"),
            Err(_) => tracing::warn!("the {what} is still busy; leaving it"),
        }
    }
    end
}

/// Runs what the lane can't do without. The second is ready once it has panicked, and never where it came to its end.
fn helper<W: Future<Output = ()> + Send + 'static>(
    runtime: &Handle,
    work: W,
) -> (JoinHandle<()>, impl Future<Output = ()> + use<W>) {
    let (done, ended) = oneshot::channel();
    let running = runtime.spawn(async move {
        work.await;
        let _nobody_waits: Result<(), ()> = done.send(());
    });
    let broke = async move {
        if ended.await.is_ok() {
            std::future::pending::<()>().await;
        }
    };
    (running, broke)
}

/// How long a stopping lane waits for its helpers.
const STOP_WAIT: Duration = Duration::from_secs(5);
