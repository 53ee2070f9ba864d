//! How a server takes care of its connections to Redis and the database.

use std::time::Duration;

use clap::Args;

use super::config::seconds;

/// How long what is waited for.
#[derive(Debug, Clone, Args)]
pub struct CareArgs {
    /// After so many seconds without an answer although there are commands, /healthz fails, so that the process is started
    /// anew; the lane gives its lease back after a quarter of it
    #[arg(long, env = "JUMUN_STUCK", default_value_t = STUCK_AFTER.as_secs_f64(), value_name = "SECONDS")]
    stuck: f64,
    /// How long PostgreSQL may take to answer, in seconds: then the connection counts as lost, and the lane starts over
    #[arg(long, env = "JUMUN_STORE_PATIENCE", default_value_t = 8.0, value_name = "SECONDS")]
    store_patience: f64,
}

/// Well above what the servers may take to come back, so that nothing is restarted that mends itself.
pub const STUCK_AFTER: Duration = Duration::from_secs(120);

impl CareArgs {
    /// When a lane that does not move is taken for stuck.
    ///
    /// # Errors
    /// A sentence, when it makes no sense.
    pub fn stuck_after(&self) -> anyhow::Result<Duration> {
        seconds("--stuck", self.stuck, 2.0, 86_400.0)
    }

    /// How long an answer of the database may take.
    ///
    /// # Errors
    /// A sentence, when it makes no sense.
    pub fn store_patience(&self) -> anyhow::Result<Duration> {
        seconds("--store-patience", self.store_patience, 0.2, 600.0)
    }
}
