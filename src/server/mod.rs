//! A server: the lanes of all partitions in one process, each on a thread of its own, under a lease each.

pub mod refunds;
pub mod samples;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::{runtime::Handle, sync::mpsc, task::LocalSet};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock::Clock,
    domain::catalog::Policy,
    lane::{self, LaneEnd, LaneParts, Limits},
    log::{CommandLog, Retention},
    payment::PaymentGateway,
    store::{Lease, LeaseAnswer, Store},
    traces::Traces,
    webhook::{Courier, Hooks},
};

/// What a server is made of.
#[derive(Clone)]
pub struct ServerParts {
    pub partitions: u32,
    /// the owner's name in the lease and the consumer group; a restart under the same name need not wait for the lease
    pub instance: String,
    pub lease_ttl: Duration,
    pub store: Arc<dyn Store>,
    pub log: Arc<dyn CommandLog>,
    pub clock: Arc<dyn Clock>,
    pub policy: Policy,
    pub limits: Limits,
    pub retention: Retention,
    /// whom refunds are asked of; `None`: another service reads the events and sends the confirmations
    pub gateway: Option<Arc<dyn PaymentGateway>>,
    /// whom events are posted to
    pub hooks: Arc<Hooks>,
    /// where commands are traced; `None`: nowhere
    pub traces: Option<Arc<Traces>>,
}

/// How the lanes are.
#[derive(Debug, Default)]
pub struct Health {
    owned: AtomicU32,
    broken: AtomicBool,
}

impl Health {
    /// How many partitions this process owns and runs.
    pub fn owned(&self) -> u32 {
        self.owned.load(Ordering::Acquire)
    }

    /// Whether a partition stopped because an invariant broke.
    pub fn broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }
}

/// A running server.
pub struct Server {
    pub health: Arc<Health>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Server {
    /// Checks store and log, and starts the lanes; they wait for their leases in the background.
    ///
    /// # Errors
    /// When store or log can't be used, or belong to another configuration.
    pub async fn start(parts: ServerParts) -> anyhow::Result<Server> {
        parts.store.claim_partitions(parts.partitions).await?;
        parts.log.open(parts.partitions).await?;
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let health = Arc::new(Health::default());
        let gateway = parts.gateway.clone().map(|gateway| {
            let (tx, rx) = mpsc::channel(refunds::WAITING_MAX);
            let office = refunds::Office { gateway, log: Arc::clone(&parts.log), store: Arc::clone(&parts.store) };
            tasks.spawn(refunds::run(office, rx, stop.clone()));
            tx
        });
        for partition in 0..parts.partitions {
            let lane = LaneParts {
                partition,
                partitions: parts.partitions,
                consumer: parts.instance.clone(),
                store: Arc::clone(&parts.store),
                log: Arc::clone(&parts.log),
                clock: Arc::clone(&parts.clock),
                policy: Arc::new(parts.policy.clone()),
                limits: parts.limits,
                retention: parts.retention,
                gateway: gateway.clone(),
                traces: parts.traces.clone(),
                runtime: Handle::current(),
            };
            let keeper = Keeper {
                lane,
                instance: parts.instance.clone(),
                ttl: parts.lease_ttl,
                health: Arc::clone(&health),
                hooks: Arc::clone(&parts.hooks),
                stop: stop.clone(),
            };
            tasks.spawn(keeper.run());
        }
        let (log, store, hooks) = (Arc::clone(&parts.log), Arc::clone(&parts.store), Arc::clone(&parts.hooks));
        tasks.spawn(samples::run(log, store, hooks, parts.partitions, stop.clone()));
        Ok(Server { health, stop, tasks })
    }

    /// Waits until this process owns all partitions.
    pub async fn ready(&self, partitions: u32) {
        while self.health.owned() < partitions && !self.health.broken() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Stops: what is decided is committed and answered, leases are given back.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// Keeps one partition: takes its lease, runs its lane, renews, and starts again after a takeover.
struct Keeper {
    lane: LaneParts,
    instance: String,
    ttl: Duration,
    health: Arc<Health>,
    hooks: Arc<Hooks>,
    stop: CancellationToken,
}

impl Keeper {
    async fn run(self) {
        let partition = self.lane.partition;
        self.owns(false); // there from the start, so that its absence is no answer
        let mut said = false;
        while !self.stop.is_cancelled() {
            let lease = match self.lane.store.acquire(partition, &self.instance, self.ttl).await {
                Ok(LeaseAnswer::Granted(lease)) => lease,
                Ok(LeaseAnswer::Held { owner, until }) => {
                    if !said {
                        tracing::info!(partition, owner, %until, "another process owns the partition; waiting");
                    }
                    said = true;
                    self.pause(self.ttl / 10).await;
                    continue;
                }
                Err(e) => {
                    tracing::warn!(partition, error = %e, "asking for the lease failed; trying again");
                    self.pause(self.ttl / 5).await;
                    continue;
                }
            };
            said = false;
            tracing::info!(partition, epoch = lease.epoch, "the lane starts");
            let end = self.hold(lease).await;
            match end {
                LaneEnd::Stopped => return,
                LaneEnd::Fenced => {
                    tracing::warn!(partition, "a successor owns the partition now");
                    self.pause(self.ttl).await; // two processes of one name must not take it from each other in turns
                }
                LaneEnd::Broken(why) => {
                    tracing::error!(partition, why, "the partition stops");
                    self.health.broken.store(true, Ordering::Release);
                    return;
                }
            }
        }
    }

    async fn hold(&self, lease: Lease) -> LaneEnd {
        let stop = self.stop.child_token();
        let (done_tx, mut done) = tokio::sync::oneshot::channel();
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
        if let Err(e) = thread {
            return LaneEnd::Broken(format!("no thread for the lane: {e}"));
        }
        self.health.owned.fetch_add(1, Ordering::AcqRel);
        self.owns(true);
        let couriers = self.couriers(&stop);
        let end = loop {
            tokio::select! {
                end = &mut done => break end.unwrap_or_else(|_| LaneEnd::Broken("the lane's thread broke".into())),
                () = tokio::time::sleep(self.ttl / 3) => match self.lane.store.renew(&lease, self.ttl).await {
                    Ok(true) => {}
                    Ok(false) => {
                        stop.cancel();
                        let end = done.await.unwrap_or_else(|_| LaneEnd::Broken("the lane's thread broke".into()));
                        break if end == LaneEnd::Stopped { LaneEnd::Fenced } else { end };
                    }
                    Err(e) => tracing::warn!(partition = lease.partition, error = %e, "renewing the lease failed; trying again"),
                },
            }
        };
        stop.cancel();
        couriers.close();
        couriers.wait().await;
        self.health.owned.fetch_sub(1, Ordering::AcqRel);
        self.owns(false);
        if end == LaneEnd::Stopped
            && let Err(e) = self.lane.store.release(&lease).await
        {
            tracing::warn!(partition = lease.partition, error = %e, "the lease was not given back; it runs out by itself");
        }
        end
    }

    /// Webhooks are carried where the lane runs.
    fn couriers(&self, stop: &CancellationToken) -> TaskTracker {
        let tasks = TaskTracker::new();
        for hook in &self.hooks.all {
            let Some(post) = &self.hooks.post else { break };
            let courier = Courier {
                hook: Arc::clone(hook),
                post: post.clone(),
                partition: self.lane.partition,
                log: Arc::clone(&self.lane.log),
                store: Arc::clone(&self.lane.store),
                clock: Arc::clone(&self.lane.clock),
                stop: stop.clone(),
            };
            tasks.spawn(courier.run());
        }
        tasks
    }

    fn owns(&self, so: bool) {
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
