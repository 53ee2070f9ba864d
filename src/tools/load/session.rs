//! A generator with its transport open and its goods made.

use std::{sync::Arc, time::Duration};

use super::{
    CommandSource, LoadError, LoadPlan,
    http_transport::HttpTransport,
    redis_transport::RedisTransport,
    report::Measured,
    scenario::{Pick, Scenario},
    setup::{Goods, SetupStage, StageOf},
    workload::Workload,
};
use crate::http_client::Certificates;

/// Set-up commands a second: below what any server refuses, above what anyone waits for.
const SET_UP_RATE: u64 = 10_000;

/// Units of each SKU unless said otherwise.
pub const PLENTY: u64 = 1_000_000_000;

/// Which way in.
#[derive(Debug, Clone)]
pub enum LoadTarget {
    Redis {
        /// `redis://…` or `rediss://…`
        url: String,
        /// for `rediss://`
        certificates: Certificates,
        namespace: String,
    },
    Http {
        /// `http://host:port`
        url: String,
        connections: usize,
        /// shown with each request; it then says who sends
        token: Option<String>,
        /// how often a command without an answer is sent again
        retries: u32,
    },
}

/// What is sold and how it is wanted.
#[derive(Debug, Clone)]
pub struct LoadSale {
    pub scenario: Scenario,
    pub skus: u32,
    /// units of each SKU
    pub stock: u64,
    /// 0 unless other SKUs shall be in other orders
    pub seed: u64,
    /// names the run: its ids start with it, its reply stream bears it
    pub run: String,
}

#[derive(Debug)]
enum Transport {
    // a blocking transport: it is moved to a thread of its own for each run
    Redis(Option<Box<RedisTransport>>),
    Http(HttpTransport),
}

/// The generator.
#[derive(Debug)]
pub struct Session {
    transport: Transport,
    sale: LoadSale,
    goods: Arc<Goods>,
    reply_to: String,
    /// known where the transport is Redis
    pub partitions: Option<u32>,
    actors: bool,
    runs: u32,
}

impl Session {
    /// Opens the transport and makes the goods, waiting up to `patience` for each stage of the set-up.
    ///
    /// # Errors
    /// [`LoadError`] when the transport is shut, or a set-up command is not accepted.
    pub async fn open(target: &LoadTarget, sale: LoadSale, patience: Duration) -> Result<Self, LoadError> {
        let reply_to = format!("load-{}", sale.run);
        let (transport, partitions, reply_to) = match target.clone() {
            LoadTarget::Redis { url, certificates, namespace } => {
                let name = reply_to.clone();
                let open = move || RedisTransport::open(&url, &certificates, &namespace, &name);
                let (transport, partitions) = blocking(open).await?;
                (Transport::Redis(Some(Box::new(transport))), Some(partitions), reply_to)
            }
            // an HTTP answer comes back on its own connection
            LoadTarget::Http { url, connections, token, retries } => (
                Transport::Http(HttpTransport::new(&url, connections, token.as_deref(), retries)?),
                None,
                String::new(),
            ),
        };
        let actors = !matches!(target, LoadTarget::Http { token: Some(_), .. });
        let skus = if sale.scenario.pick == Pick::First { sale.scenario.skus } else { sale.skus };
        let worth = (sale.stock, sale.scenario.price);
        let goods = Goods::new(&sale.run, skus, worth, partitions.unwrap_or(1), &reply_to)?.naming_actors(actors);
        let mut me = Self { transport, sale, goods: Arc::new(goods), reply_to, partitions, actors, runs: 0 };
        me.set_up(patience).await?;
        Ok(me)
    }

    /// How many SKUs are on sale.
    pub fn skus(&self) -> u32 {
        u32::try_from(self.goods.skus.len()).unwrap_or(u32::MAX)
    }

    async fn set_up(&mut self, patience: Duration) -> Result<(), LoadError> {
        for stage in SetupStage::ALL {
            let (tag, count) = self.goods.stage(stage);
            if count == 0 {
                continue;
            }
            let plan = LoadPlan { rate: SET_UP_RATE, count, in_flight_max: 1_000, drain: patience, tag };
            let goods = Arc::clone(&self.goods);
            let done = self.drive(plan, Arc::new(StageOf { goods, stage })).await?;
            if done.accepted != count {
                let (rejected, failed) = (&done.rejected, &done.failed);
                return Err(LoadError::SetUp(format!(
                    "{stage:?}: of {count} commands {} were accepted; rejected {rejected:?}, failed {failed:?}, unanswered {}",
                    done.accepted, done.unanswered,
                )));
            }
        }
        Ok(())
    }

    /// Runs the sale's scenario at `rate` for `count` commands.
    ///
    /// # Errors
    /// [`LoadError`] when the numbers are nonsense or the transport broke.
    pub async fn run(
        &mut self,
        rate: u64,
        count: u64,
        in_flight_max: u64,
        drain: Duration,
    ) -> Result<Measured, LoadError> {
        let tag = format!("{}.{}", self.sale.run, self.runs);
        self.runs += 1;
        // a follow-up comes about a second after its placement
        let lag = rate / u64::try_from(self.sale.scenario.round.len()).unwrap_or(1).max(1) + 1;
        let workload = Workload::new(&self.sale.scenario, self.goods.skus.clone(), &self.reply_to, lag)?
            .seeded(self.sale.seed)
            .naming_actors(self.actors);
        self.drive(LoadPlan { rate, count, in_flight_max, drain, tag }, Arc::new(workload)).await
    }

    async fn drive(&mut self, plan: LoadPlan, source: Arc<dyn CommandSource + Send>) -> Result<Measured, LoadError> {
        match &mut self.transport {
            Transport::Http(transport) => transport.run(&plan, source).await,
            Transport::Redis(slot) => {
                let Some(mut transport) = slot.take() else {
                    return Err(LoadError::Protocol("the transport broke in an earlier run".into()));
                };
                let (transport, measured) = blocking(move || {
                    let measured = transport.run(&plan, &*source);
                    Ok((transport, measured))
                })
                .await?;
                if measured.is_ok() {
                    *slot = Some(transport);
                }
                measured
            }
        }
    }
}

async fn blocking<T: Send + 'static>(
    f: impl FnOnce() -> Result<T, LoadError> + Send + 'static,
) -> Result<T, LoadError> {
    tokio::task::spawn_blocking(f).await.map_err(|e| LoadError::Protocol(format!("a thread died: {e}")))?
}
