//! Sessions with the server, and patience with it. sqlx sets neither a keepalive nor a user timeout on its sockets (sqlx
//! #3540), so a connection that is lost without a word would be waited on for ever: each answer is waited for so long, and
//! a connection that owes one is closed and never lent again.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection, PgPool, Postgres,
    pool::PoolConnection,
    postgres::{PgArguments, PgConnectOptions, PgPoolOptions, PgRow},
    query::Query,
};
use tokio::time::timeout;

use super::{fault, unavailable};
use crate::store::StoreError;

/// Connections for reading and for leases, beside one per committer; as many again for the HTTP API.
const POOL_CONNECTIONS_MAX: u32 = 4;
/// How long a place in the pool, or a new connection, is waited for at most.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// How long an idle connection may take to say that it is there.
const PING_MAX: Duration = Duration::from_secs(2);
/// The server is asked to give up first: its word tells more than silence does.
const GRACE: Duration = Duration::from_secs(1);
const LOCK_MAX: Duration = Duration::from_secs(10);

/// When a connection last owed an answer, be it of the pool or a committer's: those that are older are as good as lost, too.
#[derive(Debug, Clone, Default)]
struct Silent(Arc<Mutex<Option<Instant>>>);

impl Silent {
    fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn is_since(&self, age: Duration) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|at| at.elapsed() < age)
    }
}

/// How sessions are made, and how long an answer in one may take.
#[derive(Debug, Clone)]
pub(super) struct Sessions {
    pub options: PgConnectOptions,
    setting: Arc<str>,
    /// until silence counts as a lost connection
    pub patience: Duration,
    silent: Silent,
}

impl Sessions {
    /// What every session asks of the server. A frozen owner must not hold its lease's row for ever: the server itself ends
    /// a transaction that lasts, waits, idles, or whose client went away, be it in the middle of a statement.
    pub fn new(options: PgConnectOptions, patience: Duration) -> Self {
        let (statement, lock) = (patience.as_millis(), patience.min(LOCK_MAX).as_millis());
        let setting = format!(
            "SET statement_timeout = {statement}; SET lock_timeout = {lock}; \
             SET idle_in_transaction_session_timeout = '10s'; SET tcp_keepalives_idle = 5; \
             SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3; SET tcp_user_timeout = '15s'; \
             SET synchronous_commit = on; SET jit = off; SET plan_cache_mode = force_generic_plan; \
             SET timezone = 'UTC'; SET client_min_messages = error; \
             DO $$ BEGIN PERFORM set_config('client_connection_check_interval', '2s', false); \
             EXCEPTION WHEN OTHERS THEN NULL; END $$"
        );
        Self { options, setting: setting.into(), patience: patience + GRACE, silent: Silent::default() }
    }

    /// The same with so many prepared statements.
    pub fn with_statements(self, capacity: usize) -> Self {
        Self { options: self.options.statement_cache_capacity(capacity), ..self }
    }

    /// A session of one's own.
    pub async fn connect(&self) -> Result<PgConnection, StoreError> {
        let made = timeout(self.patience.min(CONNECT_MAX), async {
            let mut connection = self.options.connect().await?;
            connection.execute(AssertSqlSafe(self.setting.to_string())).await?;
            Ok::<_, sqlx::Error>(connection)
        });
        made.await.map_err(|_| StoreError::Unavailable("no connection in time".into()))?.map_err(|e| unavailable(&e))
    }

    /// The first session of all. Fails as [`StoreError::Unusable`] where waiting mends nothing: a password, a certificate.
    pub async fn first(&self) -> Result<PgConnection, StoreError> {
        match timeout(self.patience.min(CONNECT_MAX), self.options.connect()).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(e)) if passes(&e) => Err(unavailable(&e)),
            Ok(Err(e)) => Err(StoreError::Unusable(e.to_string())),
            Err(_) => Err(StoreError::Unavailable("no connection in time".into())),
        }
    }

    /// A connection owed an answer for too long: what that is called. Those that were made before, whoever has them, are not
    /// waited for in their turn, but closed.
    pub fn silence(&self) -> String {
        self.silent.note();
        format!("no answer within {:?}", self.patience)
    }

    /// Whether a connection that was made then is as good as lost.
    pub fn condemns(&self, made: Instant) -> bool {
        self.silent.is_since(made.elapsed())
    }
}

/// Whether a fault is of a server that is not there (yet), or may not be written to (yet): it is started, restarted, crowded out,
/// read only, or has trouble with its disk.
pub(super) fn passes(error: &sqlx::Error) -> bool {
    use std::io::ErrorKind::{
        AddrNotAvailable, BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable,
        NetworkUnreachable, NotConnected, TimedOut, UnexpectedEof,
    };
    let away = [
        AddrNotAvailable,
        BrokenPipe,
        ConnectionAborted,
        ConnectionRefused,
        ConnectionReset,
        HostUnreachable,
        NetworkUnreachable,
        NotConnected,
        TimedOut,
        UnexpectedEof,
    ];
    if let sqlx::Error::Io(error) = error {
        return away.contains(&error.kind()) || error.to_string().contains("failed to lookup address");
    }
    let code = error.as_database_error().and_then(|e| e.code());
    let class = code.as_deref().and_then(|code| code.get(..2));
    matches!(error, sqlx::Error::PoolTimedOut)
        || class.is_some_and(|class| ["08", "25", "40", "53", "55", "57", "58"].contains(&class))
}

/// The sessions for reading and for leases.
#[derive(Debug)]
pub(super) struct Pool {
    sessions: Sessions,
    pool: PgPool,
}

impl Pool {
    pub fn new(sessions: &Sessions) -> Self {
        let (setting, heard) = (Arc::clone(&sessions.setting), sessions.silent.clone());
        let pool = PgPoolOptions::new()
            .max_connections(POOL_CONNECTIONS_MAX)
            .acquire_timeout(sessions.patience.min(CONNECT_MAX))
            .test_before_acquire(false) // it would wait for ever on a connection that is lost
            .after_connect(move |connection, _| {
                let setting = setting.to_string();
                Box::pin(async move { connection.execute(AssertSqlSafe(setting)).await.map(drop) })
            })
            .before_acquire(move |connection, met| {
                let heard = heard.clone();
                Box::pin(async move {
                    if heard.is_since(met.age) {
                        return Ok(false);
                    }
                    match timeout(PING_MAX, connection.ping()).await {
                        Ok(answered) => Ok(answered.is_ok()),
                        Err(_) => {
                            heard.note();
                            Ok(false)
                        }
                    }
                })
            })
            .connect_lazy_with(sessions.options.clone());
        Self { sessions: sessions.clone(), pool }
    }

    /// All rows of one statement.
    pub async fn fetch_all(&self, query: Query<'_, Postgres, PgArguments>) -> Result<Vec<PgRow>, StoreError> {
        let mut lent = Lent(Some(self.pool.acquire().await.map_err(|e| unavailable(&e))?));
        let Some(connection) = lent.0.as_mut() else { return Err(StoreError::Unavailable("no connection".into())) };
        match timeout(self.sessions.patience, query.fetch_all(&mut **connection)).await {
            Ok(answer) => {
                if answer.as_ref().err().is_none_or(|e| e.as_database_error().is_some())
                    && let Some(mut connection) = lent.0.take()
                {
                    // the pool asks it once more, and would wait for ever for one that is lost just now: its place with it
                    tokio::spawn(timeout(PING_MAX, connection.return_to_pool()));
                }
                answer.map_err(|e| fault(&e))
            }
            Err(_) => Err(StoreError::Unavailable(self.sessions.silence())),
        }
    }
}

/// A connection of the pool. Dropped while it owes an answer, by its asker or by the watch over it, it is closed.
struct Lent(Option<PoolConnection<Postgres>>);

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}
