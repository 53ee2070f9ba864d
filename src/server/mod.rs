//! A server: the lanes of all partitions in one process, each on a thread of its own, under a lease each.

pub mod metrics_sampler;
mod partition_owner;
pub mod refund_dispatcher;
pub mod stats;

use std::{sync::Arc, time::Duration};

use tokio::{runtime::Handle, sync::mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock::Clock,
    domain::catalog::Policy,
    integrations::{payment::PaymentGateway, webhook::Hooks},
    lane::{
        LaneParts, Limits,
        pulse::{Duty, PartitionHome, Pulse},
        traces::Traces,
    },
    log::{CommandLog, Retention},
    retention::RetentionTerms,
    store::Store,
};
use partition_owner::PartitionOwner;

/// What a server is made of.
#[derive(Clone)]
pub struct ServerParts {
    pub partitions: u32,
    /// the owner's name in the lease and the consumer group; a restart under the same name need not wait for the lease
    pub instance: String,
    pub lease_ttl: Duration,
    /// after so long without moving, though there is work, a lane is taken for stuck; see [`Health::stuck`]
    pub stuck_after: Duration,
    pub store: Arc<dyn Store>,
    pub log: Arc<dyn CommandLog>,
    pub clock: Arc<dyn Clock>,
    pub policy: Policy,
    pub limits: Limits,
    pub retention: Retention,
    /// how long the store keeps what goes by age
    pub terms: RetentionTerms,
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
    /// one a partition, in their order
    lanes: Vec<Arc<Pulse>>,
}

impl Health {
    /// How many partitions this process owns and runs.
    pub fn owned(&self) -> u32 {
        u32::try_from(self.owns().len()).unwrap_or(u32::MAX)
    }

    /// The partitions that this process owns and runs.
    pub fn owns(&self) -> Vec<u32> {
        self.at(|place| place == PartitionHome::Here)
    }

    /// The partitions that another process holds, by a lease that has not run out.
    pub fn elsewhere(&self) -> Vec<u32> {
        self.at(|place| matches!(place, PartitionHome::Elsewhere(_)))
    }

    fn at(&self, fits: impl Fn(PartitionHome) -> bool) -> Vec<u32> {
        (0..).zip(&self.lanes).filter(|(_, lane)| fits(lane.place())).map(|(partition, _)| partition).collect()
    }

    /// Whether a lane ended by a fault and is started again, or has work and does not move.
    pub fn broken(&self) -> bool {
        self.lanes.iter().any(|lane| lane.stuck() || lane.has(Duty::Run))
    }

    /// Whether a lane has had work for so long without moving that the process is better started anew.
    pub fn stuck(&self) -> bool {
        self.lanes.iter().any(|lane| lane.stuck())
    }

    /// What keeps lanes from their work: partitions, and why.
    pub fn troubles(&self) -> Vec<(u32, String)> {
        let of = |(partition, lane): (u32, &Arc<Pulse>)| lane.troubles().into_iter().map(move |why| (partition, why));
        (0..).zip(&self.lanes).flat_map(of).collect()
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
        Ok(Self::opened(parts))
    }

    /// The same with a store and a log that have been checked.
    pub fn opened(parts: ServerParts) -> Server {
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let lanes: Vec<Arc<Pulse>> = (0..parts.partitions).map(|_| Arc::default()).collect();
        let health = Arc::new(Health { lanes: lanes.clone() });
        let gateway = parts.gateway.clone().map(|gateway| {
            let (tx, rx) = mpsc::channel(refund_dispatcher::WAITING_MAX);
            let dispatcher = refund_dispatcher::RefundDispatcher {
                gateway,
                log: Arc::clone(&parts.log),
                store: parts.store.clone(),
            };
            tasks.spawn(refund_dispatcher::run(dispatcher, rx, stop.clone()));
            tx
        });
        for (partition, pulse) in (0..).zip(&lanes) {
            let lane = LaneParts {
                partition,
                partitions: parts.partitions,
                consumer: parts.instance.clone(),
                store: parts.store.clone(),
                log: Arc::clone(&parts.log),
                clock: Arc::clone(&parts.clock),
                policy: Arc::new(parts.policy.clone()),
                limits: parts.limits,
                retention: parts.retention,
                gateway: gateway.clone(),
                traces: parts.traces.clone(),
                pulse: Arc::clone(pulse),
                runtime: Handle::current(),
            };
            let owner = PartitionOwner {
                lane,
                store: parts.store.clone(),
                instance: parts.instance.clone(),
                ttl: parts.lease_ttl,
                stuck_after: parts.stuck_after,
                hooks: Arc::clone(&parts.hooks),
                terms: parts.terms,
                stop: stop.clone(),
            };
            tasks.spawn(owner.run());
        }
        let (log, hooks) = (Arc::clone(&parts.log), Arc::clone(&parts.hooks));
        tasks.spawn(metrics_sampler::run(log, parts.store, hooks, lanes, stop.clone()));
        Server { health, stop, tasks }
    }

    /// Waits until this process owns all partitions.
    pub async fn ready(&self, partitions: u32) {
        while self.health.owned() < partitions {
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
