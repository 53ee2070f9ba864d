//! The store on PostgreSQL (production).
//!
//! Reads and leases share a small pool; each committer has a connection of its own (`commit`).

mod arrays;
mod commit;
mod grants;
mod pgpass;
mod session;

use std::{str::FromStr as _, time::Duration};

use async_trait::async_trait;
use reqwest::Url;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, Postgres, Row as _,
    migrate::{MigrateError, Migrator},
    postgres::{PgArguments, PgConnectOptions, PgRow, PgSslMode},
    query::Query,
};

use session::{Pool, Sessions};

use super::{
    BatchEncoder, Committer, StoreError,
    row::{Read, Type},
    sql::complete,
    sql_store::{Bind, Database, SqlStore, Work, next},
};
use crate::http_client::is_here;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// The store on PostgreSQL.
pub type PostgresStore = SqlStore<PostgresServer>;

/// A PostgreSQL server: its address and the reading pool.
#[derive(Debug)]
pub struct PostgresServer {
    sessions: Sessions,
    pool: Pool,
    reach: String,
}

impl SqlStore<PostgresServer> {
    /// Connects to `postgres://user:password@host:port/database`; an answer may take half a minute.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] for a URL that can't be read, [`StoreError::Unavailable`] when the server can't be
    /// reached or lets us not in.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::connect_by(url, super::PATIENCE).await
    }

    /// The same for somebody who waits so long for each answer.
    ///
    /// # Errors
    /// As [`SqlStore::connect`] says.
    pub async fn connect_by(url: &str, patience: Duration) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|e| StoreError::Unusable(format!("the database URL can't be read: {e}")))?
            .application_name("jumun")
            .disable_statement_logging();
        let sessions = Sessions::new(options, patience);
        // the server is asked: by default sqlx goes on without TLS where there is none
        let tls = "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl";
        let mut first = sessions.first().await?;
        let asked = tokio::time::timeout(sessions.patience, sqlx::query_scalar(tls).fetch_optional(&mut first)).await;
        let asked = asked.map_err(|_| StoreError::Unavailable(sessions.silence()))?;
        let tls: Option<String> = asked.map_err(|e| unavailable(&e))?.flatten();
        let reach = tls.map_or_else(|| "without TLS".to_owned(), |version| format!("with {version}"));
        let pool = Pool::new(&sessions);
        Ok(Self::over(PostgresServer { sessions, pool, reach }))
    }
}

impl PostgresServer {
    /// The migrations that were begun: version, checksum in hexadecimal, whether it is done.
    async fn done(&self) -> Result<Vec<(i64, String, bool)>, StoreError> {
        let there = "SELECT to_regclass('_sqlx_migrations') IS NOT NULL".to_owned();
        if self.read(there, Vec::new(), &[Type::Bool]).await? != [[Read::Bool(true)]] {
            return Ok(Vec::new());
        }
        let sql = "SELECT version, encode(checksum, 'hex'), success FROM _sqlx_migrations ORDER BY version".to_owned();
        let rows = self.read(sql, Vec::new(), &[Type::Int, Type::Text, Type::Bool]).await?;
        let read = |row: Vec<Read>| {
            let mut row = row.into_iter();
            (next(&mut row), next(&mut row), next(&mut row))
        };
        Ok(rows.into_iter().map(read).collect())
    }

    /// Whether the schema is exactly this version's.
    async fn is_ours(&self) -> Result<bool, StoreError> {
        let up = MIGRATIONS.iter().filter(|m| m.migration_type.is_up_migration());
        let ours: Vec<(i64, String, bool)> =
            up.map(|m| (m.version, crate::protocol::internal::hex(&m.checksum), true)).collect();
        Ok(self.done().await? == ours)
    }
}

/// Why nobody should go there over a network that others are on, if there is a reason.
pub(super) fn insecure(url: &str) -> Result<Option<&'static str>, StoreError> {
    let options: PgConnectOptions = url.parse().map_err(|e: sqlx::Error| StoreError::Unusable(e.to_string()))?;
    let host = options.get_host();
    if options.get_socket().is_some() || host.starts_with('/') || is_here(host) {
        return Ok(None);
    }
    let said = Identity::of(url, &options);
    Ok(match options.get_ssl_mode() {
        PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer => {
            Some("is reached in clear, or may be: sslmode=verify-full")
        }
        PgSslMode::Require => Some("may be anybody: sslmode=require looks at no certificate, verify-full does"),
        PgSslMode::VerifyCa if !said.root => {
            Some("may be any host with a public certificate: sslmode=verify-full, or verify-ca with sslrootcert")
        }
        PgSslMode::VerifyCa | PgSslMode::VerifyFull if !said.password && !said.certificate => {
            Some("is told no password and shown no certificate")
        }
        PgSslMode::VerifyCa | PgSslMode::VerifyFull => None,
    })
}

/// What there is to know a server by, and to be known by: by the URL, or by a variable or file in its place.
struct Identity {
    password: bool,
    /// a certificate of our own, and its key
    certificate: bool,
    /// the authority of the server's
    root: bool,
}

impl Identity {
    fn of(url: &str, options: &PgConnectOptions) -> Self {
        let url = Url::parse(url).ok();
        let asked = |names: &[&str]| {
            let pairs = url.iter().flat_map(Url::query_pairs);
            pairs.into_iter().any(|(name, value)| names.contains(&&*name) && !value.is_empty())
        };
        let variable = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let own = url.as_ref().and_then(Url::password).is_some_and(|password| !password.is_empty());
        Self {
            password: own || asked(&["password"]) || variable("PGPASSWORD") || pgpass::remembers(options),
            certificate: (asked(&["sslcert", "ssl-cert"]) || variable("PGSSLCERT"))
                && (asked(&["sslkey", "ssl-key"]) || variable("PGSSLKEY")),
            root: asked(&["sslrootcert", "ssl-root-cert", "ssl-ca"]) || variable("PGSSLROOTCERT"),
        }
    }
}

fn unavailable(error: &sqlx::Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

/// A fault while reading: class 42 (no such table or column) means another schema.
fn fault(error: &sqlx::Error) -> StoreError {
    match error.as_database_error().and_then(|e| e.code()) {
        Some(code) if code.starts_with("42") => StoreError::Unusable(format!("the schema is not ours: {error}")),
        _ => unavailable(error),
    }
}

fn decode(row: &PgRow, types: &[Type]) -> Result<Vec<Read>, sqlx::Error> {
    let read = |(i, kind): (usize, &Type)| match kind {
        Type::Text => row.try_get(i).map(Read::Text),
        Type::Int => row.try_get(i).map(Read::Int),
        Type::Bool => row.try_get(i).map(Read::Bool),
        Type::Time => row.try_get(i).map(Read::Time),
    };
    types.iter().enumerate().map(read).collect()
}

fn query(sql: String, binds: Vec<Bind>) -> Query<'static, Postgres, PgArguments> {
    binds.into_iter().fold(sqlx::query(AssertSqlSafe(sql)), |query, bind| match bind {
        Bind::Texts(texts) => query.bind(texts),
        Bind::Text(text) => query.bind(text),
        Bind::Int(n) => query.bind(n),
        Bind::Time(time) => query.bind(time),
    })
}

/// A transaction; the server rolls it back when its connection is closed.
struct PgWork {
    connection: PgConnection,
    sessions: Sessions,
}

#[async_trait]
impl Work for PgWork {
    async fn run(&mut self, sql: &str, binds: Vec<Bind>, types: &[Type]) -> Result<Vec<Vec<Read>>, StoreError> {
        let asked = query(sql.to_owned(), binds).fetch_all(&mut self.connection);
        match tokio::time::timeout(self.sessions.patience, asked).await {
            Ok(rows) => {
                let rows = rows.map_err(|e| conflict(&e).unwrap_or_else(|| fault(&e)))?;
                rows.iter().map(|row| decode(row, types)).collect::<Result<_, _>>().map_err(|e| fault(&e))
            }
            Err(_) => Err(StoreError::Unavailable(self.sessions.silence())),
        }
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        self.run("COMMIT", Vec::new(), &[]).await.map_err(|e| StoreError::Unknown(e.to_string()))?;
        drop(self.connection.close().await);
        Ok(())
    }
}

/// Somebody else was there first: rolled back, and not the database's trouble.
fn conflict(error: &sqlx::Error) -> Option<StoreError> {
    let code = error.as_database_error()?.code()?;
    ["23505", "40P01", "40001"].contains(&&*code).then(|| StoreError::Refused(error.to_string()))
}

#[async_trait]
impl Database for PostgresServer {
    const KIND: &'static str = "postgres";
    const IN: &'static str = "= ANY($1)";
    const NOW: &'static str = "now()";
    const LATER: &'static str = "now() + $3::float8 * interval '1 millisecond'";
    const GREATER: &'static str = "GREATEST";
    const LOCKED: &'static str = " FOR UPDATE OF a";

    fn apart(&self) -> Option<Self> {
        let (sessions, reach) = (self.sessions.clone(), self.reach.clone());
        Some(Self { pool: Pool::new(&sessions), sessions, reach })
    }

    fn has_text(field: &str) -> String {
        format!(r#"evnt ~ '"{field}":"[^"]'"#)
    }

    async fn read(&self, sql: String, binds: Vec<Bind>, types: &[Type]) -> Result<Vec<Vec<Read>>, StoreError> {
        let rows = self.pool.fetch_all(query(sql, binds)).await?;
        rows.iter().map(|row| decode(row, types)).collect::<Result<_, _>>().map_err(|e| fault(&e))
    }

    async fn write(&self, sql: String, binds: Vec<Bind>, types: &[Type]) -> Result<Vec<Vec<Read>>, StoreError> {
        self.read(sql, binds, types).await
    }

    async fn begin(&self) -> Result<Box<dyn Work>, StoreError> {
        let mut work = PgWork { connection: self.sessions.connect().await?, sessions: self.sessions.clone() };
        // one picture of all that is read and written: what somebody else changed since is a conflict, and not overwritten
        work.run("BEGIN ISOLATION LEVEL REPEATABLE READ", Vec::new(), &[]).await?;
        // rare statements over a whole table: planned for what is asked, or a time would be any time
        work.run("SET LOCAL plan_cache_mode = force_custom_plan", Vec::new(), &[]).await?;
        Ok(Box::new(work))
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        // asked first, and with patience: what follows writes even where nothing is to be done, and waits for any lock
        if self.is_ours().await? {
            return Ok(());
        }
        // a connection without our timeouts: a second process waits for the first one's advisory lock, and may wait long
        let mut connection = self.sessions.first().await?;
        let Err(e) = MIGRATIONS.run_direct(None, &mut connection, false).await else { return Ok(()) };
        let told =
            if let MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) = &e { Some(e) } else { None };
        // a user who may not change the schema needs not, where it is as it should be
        if told.and_then(|e| e.as_database_error()?.code()).is_some_and(|code| code == "42501") {
            return self.migrated().await;
        }
        let passing = told.is_some_and(session::passes);
        let why = format!("the schema could not be brought to this version: {e}");
        Err(if passing { StoreError::Unavailable(why) } else { StoreError::Unusable(why) })
    }

    async fn migrated(&self) -> Result<(), StoreError> {
        let done = self.done().await?.into_iter().filter(|(_, _, success)| *success);
        complete(&MIGRATIONS, &done.map(|(version, _, _)| version).collect::<Vec<i64>>())
    }

    async fn grant(&self, role: &str) -> Result<(), StoreError> {
        grants::grant(self.sessions.first().await?, role).await
    }

    fn own(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn reach(&self) -> Option<&str> {
        Some(&self.reach)
    }

    fn encoder(&self) -> Box<dyn BatchEncoder> {
        Box::new(commit::PgEncoder::default())
    }

    async fn committer(&self) -> Result<Box<dyn Committer>, StoreError> {
        Ok(Box::new(commit::PgCommitter::connect(self.sessions.clone()).await?))
    }
}
