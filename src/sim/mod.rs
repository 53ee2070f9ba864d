//! Whole sales from a seed: processes with their lanes, a log, a store, a payment side, customers and staff, on one thread and
//! on simulated time. Chance decides what is done, how long each call of a port takes, and what goes wrong there; the seed
//! decides chance. So the same seed makes the same run, line by line, and a run that went wrong can be looked at again.

pub mod chance;
mod goods;
mod in_order;
mod judge;
pub mod model;
pub mod mutant;
mod one_by_one;
mod ports;
pub mod process;
mod tables;
pub mod workload;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{runtime::Handle, sync::mpsc, task::LocalSet};
use tokio_util::sync::CancellationToken;

use self::{
    judge::HeardAnswers,
    mutant::Mutant,
    one_by_one::Beside,
    ports::{LogPort, StorePort, Till},
    process::{Faults, Process, SimWorld, WorldClock},
    workload::{Sent, Shop, Teller},
};
use crate::{
    clock::Clock,
    domain::{Time, catalog::Policy},
    integrations::payment::Verdict,
    lane::{self, LaneEnd, LaneParts, Limits, actors::supervisor::Bounds, pulse::Pulse},
    log::{
        CommandLog, Outbound, Retention,
        memory::{MemoryBounds, MemoryLog},
    },
    server::refund_dispatcher,
    store::{LaneStore, LeaseAnswer, QueryStore, memory::MemoryStore},
};

/// 결제기한: after so long an unpaid order expires.
const PAYMENT_WINDOW_MS: u64 = 12_000;
/// How long a lease is held without a word.
const LEASE: Duration = Duration::from_secs(2);
/// Once nothing goes wrong any more, everything comes to rest within so long.
const REST_MAX: Duration = Duration::from_secs(240);
/// And stays so for so long: longer than any order waits to be looked at.
const REST: Duration = Duration::from_secs(20);

/// What is run.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub seed: u64,
    /// stories that are told: some two commands each
    pub stories: u64,
    pub partitions: u32,
    pub processes: u32,
    pub faults: Faults,
    /// each command is sent when everything before it is answered and at rest, and held to the model
    pub one_by_one: bool,
    /// a defect that the run has to find out
    pub mutant: Option<Mutant>,
    /// whether every line of the run is kept
    pub keep: bool,
}

impl Plan {
    /// The usual run of a seed.
    pub fn of(seed: u64) -> Self {
        let (stories, partitions, processes) = (300, 3, 2);
        Self {
            seed,
            stories,
            partitions,
            processes,
            faults: Faults::USUAL,
            one_by_one: false,
            mutant: None,
            keep: false,
        }
    }

    /// A calm run of a seed, held to the model.
    pub fn one_by_one(seed: u64) -> Self {
        Self { faults: Faults::NONE, one_by_one: true, ..Self::of(seed) }
    }
}

/// What became of a run.
#[derive(Debug, Clone, Default)]
pub struct Run {
    /// what does not hold
    pub violations: Vec<String>,
    pub commands: u64,
    pub accepted: u64,
    pub refused: u64,
    pub failed: u64,
    /// answers that were held to the model, and of these, those that it did not know
    pub compared: u64,
    pub unsure: u64,
    /// how often each fault happened
    pub injected: BTreeMap<&'static str, u64>,
    /// by the world's clock
    pub took: Duration,
    /// lines of the run, and their digest
    pub lines: u64,
    pub digest: String,
    pub trace: Vec<String>,
}

/// Runs a plan.
///
/// # Errors
/// When no runtime can be made.
pub fn run(plan: Plan) -> std::io::Result<Run> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    let local = LocalSet::new();
    Ok(runtime.block_on(local.run_until(Box::pin(whole(plan)))))
}

/// What the processes share.
struct Ground {
    world: Arc<SimWorld>,
    plan: Plan,
    store: Arc<MemoryStore>,
    log: Arc<dyn CommandLog>,
    told: Arc<Mutex<BTreeMap<String, Verdict>>>,
}

fn begin() -> Time {
    Time::from_timestamp_millis(1_800_000_000_000).unwrap_or(Time::MIN_UTC)
}

async fn whole(plan: Plan) -> Run {
    let world = SimWorld::new(plan.seed, begin(), plan.mutant, plan.keep);
    let clock = WorldClock::new(&world);
    let ms = {
        let clock = Arc::clone(&clock);
        move || u64::try_from(clock.now().timestamp_millis()).unwrap_or(0)
    };
    let bounds = MemoryBounds { kept_max: 1_000_000, out_bytes_max: usize::MAX / 128, ..MemoryBounds::default() };
    let ground = Arc::new(Ground {
        store: Arc::new(MemoryStore::new(clock)),
        log: Arc::new(MemoryLog::new(Arc::new(ms), bounds)),
        world: Arc::clone(&world),
        plan,
        told: Arc::default(),
    });
    plan.mutant.into_iter().for_each(|mutant| mutant.prepare(&ground.store));
    let mut violations = Vec::new();
    if let Err(e) = ground.store.claim_partitions(plan.partitions).await {
        violations.push(e.to_string());
    }
    if let Err(e) = ground.log.open(plan.partitions).await {
        violations.push(e.to_string());
    }
    let heard = Arc::<HeardAnswers>::default();
    let listen = |stream| {
        let (log, world, heard) = (Arc::clone(&ground.log), Arc::clone(&world), Arc::clone(&heard));
        tokio::task::spawn_local(judge::listen(log, world, stream, plan.partitions, heard))
    };
    let listening = [listen(Outbound::Answers), listen(Outbound::Events)];
    let processes: Vec<_> =
        (0..plan.processes).map(|n| tokio::task::spawn_local(living(Arc::clone(&ground), n))).collect();
    let shop = Shop::new(plan.partitions);
    let mut said = Said::default();
    if plan.one_by_one {
        said.beside = Some(Beside::new(plan.partitions, PAYMENT_WINDOW_MS, Arc::clone(&heard)));
    }
    for stage in shop.goods() {
        for sent in stage {
            send(&ground, &sent, &mut said).await;
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    world.set(plan.faults);
    tell(&ground, &shop, &mut said).await;
    world.calm();
    let rested = judge::rest(&ground.log, &*ground.store, plan.partitions, REST_MAX, REST).await;
    if !rested {
        violations.push(format!("R14: it does not come to rest within {REST_MAX:?}"));
    }
    judge::refunds_known(&ground, REST_MAX).await;
    violations.extend(judge::judge(&ground, &heard, &said.journal).await);
    let store = Arc::clone(&ground.store) as Arc<dyn QueryStore>;
    violations.extend(in_order::hold(&shop, &heard, &said.contents, &store).await);
    let (mut compared, mut unsure) = (0, 0);
    if let Some(beside) = &mut said.beside {
        violations.extend(beside.end(&ground).await);
        (compared, unsure) = (beside.compared, beside.unsure);
    }
    processes.iter().for_each(tokio::task::JoinHandle::abort);
    listening.iter().for_each(tokio::task::JoinHandle::abort);
    let (lines, digest, trace) = world.traced();
    let (accepted, refused, failed) = heard.counts();
    Run {
        violations,
        commands: said.journal.values().sum(),
        accepted,
        refused,
        failed,
        compared,
        unsure,
        injected: world.injected(),
        took: Duration::from_millis(u64::try_from((world.now() - begin()).num_milliseconds()).unwrap_or(0)),
        lines,
        digest,
        trace,
    }
}

/// What was sent.
#[derive(Default)]
struct Said {
    /// how often, by command id
    journal: BTreeMap<String, u64>,
    /// and what
    contents: BTreeMap<String, BTreeSet<String>>,
    beside: Option<Beside>,
}

async fn send(ground: &Ground, sent: &Sent, said: &mut Said) {
    if let Some(beside) = &mut said.beside {
        beside.before(ground, sent).await;
    }
    ground.world.note("producer", &sent.json);
    match ground.log.append(sent.partition, sent.stream, &[sent.json.as_bytes().into()]).await {
        Ok(ids) => {
            if !sent.id.is_empty() {
                *said.journal.entry(sent.id.clone()).or_default() += 1;
                said.contents.entry(sent.id.clone()).or_default().insert(sent.json.clone());
            }
            if let (Some(beside), Some(id)) = (&mut said.beside, ids.first()) {
                beside.after(ground, sent, *id).await;
            }
        }
        Err(e) => ground.world.note("producer", &e.to_string()),
    }
}

/// Tells all stories, each command at its time.
async fn tell(ground: &Ground, shop: &Shop, said: &mut Said) {
    let (chance, began) = (&ground.world.chance, tokio::time::Instant::now());
    let mut teller = Teller::new(shop, chance.clone());
    let (mut left, mut next, mut now) = (ground.plan.stories, 0, 0);
    loop {
        let waiting = teller.next_at();
        let at = match (waiting, left) {
            (None, 0) => return,
            (Some(at), 0) => at,
            (waiting, _) => waiting.map_or(next, |at| at.min(next)),
        };
        if said.beside.is_some() {
            // what waiting for rest takes is no time of the stories
            tokio::time::sleep_until(began + Duration::from_millis(at)).await;
        } else {
            tokio::time::sleep(Duration::from_millis(at.saturating_sub(now))).await;
        }
        now = now.max(at);
        if left > 0 && next <= now {
            left -= 1;
            teller.story(now);
            // sales come in waves
            next = now + chance.of(if chance.once_in(10) { 500..3_000 } else { 0..200 });
        }
        while teller.next_at().is_some_and(|at| at <= now) {
            let Some(sent) = teller.take() else { break };
            send(ground, &sent, said).await;
        }
        if ground.world.happens("outside", |f| f.outside) {
            let by = i64::try_from(chance.of(0..9)).unwrap_or(0) - 4;
            ground.store.change_from_outside(&shop.any(chance), by);
        }
    }
}

/// A process that is started again whenever it was killed.
async fn living(ground: Arc<Ground>, n: u32) {
    let names = [format!("p{n}"), format!("p{n}b")];
    loop {
        // a restart under the same name need not wait for the lease
        let name = names[ground.world.chance.below(names.len())].clone();
        let process = Process::new(name, &ground.world);
        ground.world.note(&process.name, "starts");
        let store: Arc<dyn LaneStore> =
            Arc::new(StorePort { inner: ground.store.clone(), process: Arc::clone(&process) });
        let log: Arc<dyn CommandLog> =
            Arc::new(LogPort { inner: Arc::clone(&ground.log), process: Arc::clone(&process) });
        let (asks, due) = mpsc::channel(refund_dispatcher::WAITING_MAX);
        let till = Till { process: Arc::clone(&process), told: Arc::clone(&ground.told) };
        let dispatcher = refund_dispatcher::RefundDispatcher {
            gateway: Arc::new(till),
            log: Arc::clone(&log),
            store: Arc::clone(&store),
        };
        let stop = CancellationToken::new();
        let mut tasks = vec![tokio::task::spawn_local(refund_dispatcher::run(dispatcher, due, stop.clone()))];
        for partition in 0..ground.plan.partitions {
            let parts = LaneParts {
                partition,
                partitions: ground.plan.partitions,
                consumer: process.name.clone(),
                store: Arc::clone(&store),
                log: Arc::clone(&log),
                clock: Arc::clone(&process.clock) as Arc<dyn Clock>,
                policy: Arc::new(policy()),
                limits: limits(),
                retention: RETENTION,
                gateway: Some(asks.clone()),
                traces: None,
                pulse: Arc::new(Pulse::default()),
                runtime: Handle::current(),
            };
            tasks.push(tokio::task::spawn_local(keep(parts, Arc::clone(&process))));
        }
        while !process.is_dead() {
            process.died.notified().await;
        }
        tasks.iter().for_each(tokio::task::JoinHandle::abort);
        tokio::time::sleep(ground.world.chance.millis(100..6_000)).await;
    }
}

const RETENTION: Retention = Retention {
    commands: Duration::from_secs(100_000),
    answers: Duration::from_secs(100_000),
    events: Duration::from_secs(100_000),
    dead_max: 1_000_000,
    dead_age: None,
};

fn policy() -> Policy {
    Policy {
        payment_window: Duration::from_millis(PAYMENT_WINDOW_MS),
        refund_retry: Duration::from_secs(1),
        refund_retry_max: Duration::from_secs(4),
        refund_pending_max: Duration::from_secs(5),
        ..Policy::default()
    }
}

/// Small, so that actors leave and batches fill.
fn limits() -> Limits {
    Limits {
        in_flight_max: 200,
        batch_max: 16,
        window_max: 500,
        live: Bounds { orders_max: 20, skus_max: 4, idle_ticks: 3 },
        tries_max: 3,
    }
}

/// Keeps a partition's lease, and its lane running while it is held.
async fn keep(parts: LaneParts, process: Arc<Process>) {
    let (partition, store) = (parts.partition, Arc::clone(&parts.store));
    loop {
        let lease = match store.acquire(partition, &process.name, LEASE).await {
            Ok(LeaseAnswer::Granted(lease)) => lease,
            Ok(LeaseAnswer::Held { .. }) | Err(_) => {
                tokio::time::sleep(LEASE / 5).await;
                continue;
            }
        };
        process.world.note(&process.name, &format!("owns {partition} under epoch {}", lease.epoch));
        let stop = CancellationToken::new();
        let mut running = tokio::task::spawn_local(lane::run(parts.clone(), lease.clone(), stop.clone()));
        let _ends_with_us = Ends(running.abort_handle());
        let end = loop {
            tokio::select! {
                biased;
                end = &mut running => break end.unwrap_or_else(|e| LaneEnd::Broken(e.to_string())),
                () = tokio::time::sleep(LEASE / 3) => {
                    if let Ok(false) = store.renew(&lease, LEASE).await {
                        stop.cancel();
                    }
                }
            }
        };
        process.world.note(&process.name, &format!("lane {partition} ended: {end:?}"));
        if end != LaneEnd::Fenced {
            let _given_back = store.release(&lease).await;
        }
        tokio::time::sleep(LEASE / 5).await;
    }
}

/// A task that ends with whoever holds this.
struct Ends(tokio::task::AbortHandle);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.abort();
    }
}
