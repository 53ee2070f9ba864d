//! Where the rivals meet: one PostgreSQL and one Redis, a fresh database for each measurement.

use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

const TEMPLATE: &str = "jumun_versus_template";
const DATABASE: &str = "jumun_versus";

/// The two servers.
pub struct Servers {
    pub database: String,
    pub redis: String,
    /// the script that runs private servers, until its input ends
    private: Option<(Child, ChildStdin)>,
}

impl Servers {
    /// The servers that `JUMUN_BENCH_DATABASE` and `JUMUN_BENCH_REDIS` name, or private ones.
    pub fn open() -> Result<Self> {
        let named = |name: &str| std::env::var(name).ok().filter(|url| !url.is_empty());
        match (named("JUMUN_BENCH_DATABASE"), named("JUMUN_BENCH_REDIS")) {
            (Some(database), Some(redis)) => Ok(Self { database, redis, private: None }),
            (None, None) => Self::private(),
            _ => bail!("JUMUN_BENCH_DATABASE and JUMUN_BENCH_REDIS are set together or not at all"),
        }
    }

    fn private() -> Result<Self> {
        let script = "set -euo pipefail; source scripts/servers.sh; servers_start bench; \
                      printf '%s\\n%s\\n' \"$DATABASE\" \"$REDIS\"; read -r _ || true";
        let mut child = Command::new("bash")
            .args(["-c", script])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("bash can't be started")?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (Some(stdin), Some(stdout)) = (stdin, stdout) else { bail!("the servers' script has no pipes") };
        let mut lines = BufReader::new(stdout).lines();
        let mut line = || lines.next().context("the servers did not start")?.context("the servers' script broke off");
        Ok(Self { database: line()?, redis: line()?, private: Some((child, stdin)) })
    }

    /// Checks that nobody's data is here, and makes the template database with jumun's own migrations.
    pub async fn prepare(&self) -> Result<()> {
        let size: u64 = redis::cmd("DBSIZE").query_async(&mut self.redis().await?).await?;
        if size > 0 {
            bail!("the bench empties its Redis, and this one holds {size} keys: give it one of its own");
        }
        let mut admin = PgConnection::connect(&self.database).await?;
        admin.execute(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {TEMPLATE}"))).await?;
        admin.execute(AssertSqlSafe(format!("CREATE DATABASE {TEMPLATE}"))).await?;
        let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/postgres");
        let migrator = sqlx::migrate::Migrator::new(migrations).await?;
        let mut template = PgConnection::connect(&self.url_of(TEMPLATE)?).await?;
        migrator.run(&mut template).await?;
        template.close().await?;
        Ok(())
    }

    /// An empty, migrated database and an empty Redis; gives the database's URL.
    pub async fn fresh(&self) -> Result<String> {
        let mut admin = PgConnection::connect(&self.database).await?;
        admin.execute(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)"))).await?;
        admin.execute(AssertSqlSafe(format!("CREATE DATABASE {DATABASE} TEMPLATE {TEMPLATE}"))).await?;
        // what the last one wrote is written now, not on the next one's time
        admin.execute("CHECKPOINT").await?;
        admin.close().await?;
        let _: String = redis::cmd("FLUSHDB").query_async(&mut self.redis().await?).await?;
        self.url_of(DATABASE)
    }

    /// Drops what the bench made.
    pub async fn clear(&self) -> Result<()> {
        let mut admin = PgConnection::connect(&self.database).await?;
        for name in [DATABASE, TEMPLATE] {
            admin.execute(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))).await?;
        }
        let _: String = redis::cmd("FLUSHDB").query_async(&mut self.redis().await?).await?;
        Ok(())
    }

    /// A connection to Redis that waits for as long as a reply takes.
    pub async fn redis(&self) -> Result<redis::aio::MultiplexedConnection> {
        let config = redis::AsyncConnectionConfig::new().set_response_timeout(None);
        let client = redis::Client::open(self.redis.as_str())?;
        Ok(client.get_multiplexed_async_connection_with_config(&config).await?)
    }

    fn url_of(&self, name: &str) -> Result<String> {
        let (path, query) = self.database.split_once('?').map_or((self.database.as_str(), ""), |(p, q)| (p, q));
        let scheme = path.find("://").context("the database's address has no scheme")? + 3;
        let end = path[scheme..].find('/').map_or(path.len(), |at| scheme + at);
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        Ok(format!("{}/{name}{query}", &path[..end]))
    }

    /// The versions and settings that the figures depend on.
    pub async fn describe(&self) -> Result<Vec<(String, String)>> {
        let mut admin = PgConnection::connect(&self.database).await?;
        let mut out = Vec::new();
        for name in
            ["server_version", "fsync", "synchronous_commit", "shared_buffers", "max_wal_size", "data_directory"]
        {
            let value: String =
                sqlx::query_scalar("SELECT current_setting($1)").bind(name).fetch_one(&mut admin).await?;
            out.push((format!("postgresql {name}"), value));
        }
        let info: String = redis::cmd("INFO").arg("server").query_async(&mut self.redis().await?).await?;
        let version = info.lines().find_map(|line| line.strip_prefix("redis_version:")).unwrap_or("?");
        out.push(("redis version".into(), version.trim().to_owned()));
        for name in ["appendonly", "appendfsync"] {
            let pair: Vec<String> =
                redis::cmd("CONFIG").arg("GET").arg(name).query_async(&mut self.redis().await?).await?;
            out.push((format!("redis {name}"), pair.into_iter().nth(1).unwrap_or_else(|| "?".into())));
        }
        Ok(out)
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        if let Some((mut child, stdin)) = self.private.take() {
            // its input ends, so it stops its servers and goes
            drop(stdin);
            if let Err(e) = child.wait() {
                eprintln!("the servers' script: {e}");
            }
        }
    }
}

/// Median microseconds of an 8 KiB write with fdatasync, and where it was measured.
pub fn fsync_cost(data_directory: &str) -> Result<(u64, PathBuf)> {
    let beside = Path::new(data_directory).join("versus-fsync");
    let there = File::options().read(true).write(true).create(true).truncate(true).open(&beside);
    let (file, path) = match there {
        Ok(file) => (file, beside),
        Err(_) => {
            let path = std::env::temp_dir().join(format!("versus-fsync-{}", std::process::id()));
            (File::create(&path)?, path)
        }
    };
    // as WAL does it: the file is there already, blocks are overwritten
    let block = [7u8; 8_192];
    (&file).write_all(&vec![0u8; 8_192 * 128])?;
    file.sync_all()?;
    let mut times = Vec::with_capacity(500);
    for i in 0..500u64 {
        let begun = Instant::now();
        file.write_all_at(&block, (i % 128) * 8_192)?;
        file.sync_data()?;
        times.push(begun.elapsed());
    }
    std::fs::remove_file(&path)?;
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or(Duration::ZERO);
    Ok((u64::try_from(median.as_micros()).unwrap_or(u64::MAX), path))
}
