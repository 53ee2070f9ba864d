//! How a server opens the log and the store, and what patience it has with them.

use std::{
    net::TcpListener,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use clap::Args;
use tokio::time::timeout;

use super::{
    config::{ConnectionArgs, seconds},
    payments::KeyArgs,
    serve::told_to_stop,
};
use crate::{
    clock::Clock,
    http::closed::{self, ClosedParts, Reached},
    lane::pulse::Pause,
    log::{CommandLog, LogError},
    seals,
    store::{Store, StoreError},
};

/// How long what is waited for.
#[derive(Debug, Clone, Args)]
pub struct CareArgs {
    /// After so many seconds without an answer although there are commands, /healthz fails, so that the process is started
    /// anew; the lane gives its lease back after a quarter of it
    #[arg(long, env = "JUMUN_STALL_TIMEOUT", default_value_t = STUCK_AFTER.as_secs_f64(), value_name = "SECONDS")]
    stall_timeout: f64,
    /// How long PostgreSQL may take to answer, in seconds: then the connection counts as lost, and the lane is reset
    #[arg(long, env = "JUMUN_STORE_TIMEOUT", default_value_t = STORE_PATIENCE.as_secs_f64(), value_name = "SECONDS")]
    store_timeout: f64,
}

/// Well above what the servers may take to come back, so that nothing is restarted that mends itself.
pub const STUCK_AFTER: Duration = Duration::from_secs(120);

/// With a second in which the server itself may say so, and what making other connections takes, below a lease and 5 s: so long
/// may it take until every partition answers again.
pub const STORE_PATIENCE: Duration = Duration::from_secs(6);

impl CareArgs {
    /// When a lane that does not move is taken for stuck.
    ///
    /// # Errors
    /// A sentence, when it makes no sense.
    pub fn stuck_after(&self) -> anyhow::Result<Duration> {
        seconds("--stall-timeout", self.stall_timeout, 2.0, 86_400.0)
    }

    /// How long an answer of the database may take.
    ///
    /// # Errors
    /// A sentence, when it makes no sense.
    pub fn store_patience(&self) -> anyhow::Result<Duration> {
        seconds("--store-timeout", self.store_timeout, 0.2, 600.0)
    }
}

/// What is opened.
pub type Opened = (Arc<dyn Store>, Arc<dyn CommandLog>);

/// How it is opened.
pub struct Startup<'a> {
    pub places: &'a ConnectionArgs,
    pub care: &'a CareArgs,
    pub keys: &'a KeyArgs,
    pub clock: &'a Arc<dyn Clock>,
    pub migrate: bool,
    pub listener: &'a TcpListener,
    /// what is served meanwhile
    pub closed: ClosedParts,
}

/// The longest pause between tries to open.
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// How often it is said that a server is still not there.
const SAID_EVERY: Duration = Duration::from_secs(10);
/// A try that takes longer is said to be waited for.
const SOON: Duration = Duration::from_secs(2);

impl Startup<'_> {
    /// Opens store and log. While a server is away, loads, or lets nobody write, it waits, alive and not ready; `None`: it was
    /// told to stop.
    ///
    /// # Errors
    /// A sentence, when a server can't be used and no waiting would mend it.
    pub async fn open(&self) -> anyhow::Result<Option<Opened>> {
        // before anything is asked that may hang: whoever probes the process is to hear that it lives
        let mut api = Box::new(closed::serve(self.listener, self.closed.clone())?);
        let opened = tokio::select! {
            opened = self.again() => opened.map(Some),
            () = told_to_stop() => Ok(None),
            ended = &mut api.server => ended.map(|()| None).map_err(Into::into),
        };
        api.close().await;
        opened
    }

    async fn again(&self) -> anyhow::Result<Opened> {
        let (mut pause, mut said) = (Pause::up_to(PAUSE_MAX), None::<(Instant, String)>);
        let address = self.listener.local_addr()?;
        let mut say = |error: String| {
            if said.as_ref().is_none_or(|(at, what)| at.elapsed() >= SAID_EVERY || *what != error) {
                tracing::warn!(%address, error, "jumun waits for its servers; not ready");
                said = Some((Instant::now(), error));
            }
        };
        loop {
            let mut once = Box::pin(self.once());
            let tried = loop {
                match timeout(SOON, &mut once).await {
                    Ok(tried) => break tried,
                    Err(_) => say("no answer yet".to_owned()),
                }
            };
            match tried {
                Err(e) if passes(&e) => say(format!("{e:#}")),
                opened => return opened,
            }
            tokio::time::sleep(pause.take()).await;
        }
    }

    async fn once(&self) -> anyhow::Result<Opened> {
        let Reached { store: store_there, log: log_there } = &*self.closed.reached;
        let store = self.store().await;
        store_there.store(store.is_ok(), Ordering::Release);
        let store = store?;
        let log = self.log().await;
        log_there.store(log.is_ok(), Ordering::Release);
        let log = log?;
        let vault = self.keys.vault(&*store).await?;
        seals::check(&*store, vault.as_ref()).await?;
        match vault {
            Some(vault) => store.lock(vault),
            None => tracing::info!(
                "no account key: commands with a refund account are refused, tokens and virtual accounts' numbers not kept"
            ),
        }
        Ok((store, log))
    }

    async fn store(&self) -> anyhow::Result<Arc<dyn Store>> {
        let store = self.places.store_by(self.care.store_patience()?).await?;
        match self.migrate {
            true => store.migrate().await?,
            false => store.migrated().await?,
        }
        store.claim_partitions(self.closed.partitions).await?;
        Ok(store)
    }

    async fn log(&self) -> anyhow::Result<Arc<dyn CommandLog>> {
        let log = self.places.log(self.clock).await?;
        log.open(self.closed.partitions).await?;
        Ok(log)
    }
}

/// Whether a fault is of a server of another machine that is away, and not of what was asked of it.
fn passes(error: &anyhow::Error) -> bool {
    let store = error.downcast_ref::<StoreError>().is_some_and(|e| matches!(e, StoreError::Unavailable(_)));
    let log = error.downcast_ref::<LogError>();
    store || log.is_some_and(|e| matches!(e, LogError::Unavailable(_) | LogError::Full(_)))
}
