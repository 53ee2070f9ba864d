//! The store on SQLite (the embedded default): one process, one write connection, a file lock as its fence.

mod commit;
mod values;

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    sync::{Arc, Mutex as SyncMutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, Sqlite, SqliteConnection, SqlitePool,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::Mutex;

use super::{
    Committer, StoreError,
    row::{Read, Type},
    sql::complete,
    sql_store::{Bind, Database, SqlStore, Work, next},
};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

const READERS_MAX: u32 = 4;
const BUSY_WAIT_MAX: Duration = Duration::from_secs(10);
/// Page cache a connection, in SQLite's notation for KiB: a batch and its indexes must fit, or it spills and reads again.
const CACHE_KIB: &str = "-65536";
/// The write-ahead log is folded into the file every 32 MiB (4 KiB pages), not every 4: fewer flushes of the file.
const CHECKPOINT_PAGES: &str = "8192";
/// Prepared statements a connection: a few chunk sizes for each of some twenty tables.
const STATEMENTS_MAX: usize = 128;

/// What a commit survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronous {
    /// A power cut: the log is flushed at every commit.
    Full,
    /// The end of the process; a power cut may take the last commits (never the file's order).
    Normal,
}

/// The store on SQLite.
pub type SqliteStore = SqlStore<FileStore>;

/// A database file.
#[derive(Debug)]
pub struct FileStore {
    path: PathBuf,
    readers: SqlitePool,
    writer: Arc<Writer>,
}

/// The one write connection, shared by the process's partitions, and the lock that keeps other processes out.
#[derive(Debug)]
struct Writer {
    options: SqliteConnectOptions,
    connection: Mutex<Option<SqliteConnection>>,
    /// held (and so the lock) from the first lease until the store and its committers are dropped
    lock: SyncMutex<Option<File>>,
}

impl Writer {
    /// Takes the connection out of its slot, or opens one. It goes back only when its state is known to be clean.
    async fn take(&self, slot: &mut Option<SqliteConnection>) -> Result<SqliteConnection, StoreError> {
        match slot.take() {
            Some(connection) => Ok(connection),
            None => self.options.connect().await.map_err(|e| fault(&e)),
        }
    }
}

impl SqlStore<FileStore> {
    /// Opens the file, made when missing (its directory must be there).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the file can't be opened.
    pub async fn open(path: &Path, durability: Synchronous) -> Result<Self, StoreError> {
        let synchronous = match durability {
            Synchronous::Full => SqliteSynchronous::Full,
            Synchronous::Normal => SqliteSynchronous::Normal,
        };
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            .foreign_keys(false)
            .pragma("cache_size", CACHE_KIB)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
            .busy_timeout(BUSY_WAIT_MAX)
            .statement_cache_capacity(STATEMENTS_MAX)
            .disable_statement_logging();
        // nothing that passes: waiting for it would hide a slip of the pen
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
            return Err(StoreError::Unusable(format!("there is no folder {} for the database", folder.display())));
        }
        let connection = options.connect().await.map_err(|e| fault(&e))?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS_MAX)
            .connect_with(options.clone().pragma("query_only", "on"))
            .await
            .map_err(|e| fault(&e))?;
        let writer = Arc::new(Writer { options, connection: Mutex::new(Some(connection)), lock: SyncMutex::new(None) });
        Ok(Self::over(FileStore { path: path.to_owned(), readers, writer }))
    }
}

/// A file beside the database: its name with something added.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The primary result code of an error of SQLite itself.
fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error()?.code()?.parse::<i32>().ok()?;
    Some(code & 0xff)
}

/// A fault outside a commit.
fn fault(error: &sqlx::Error) -> StoreError {
    match primary_code(error) {
        // no such table, corrupt, not a database
        Some(1 | 11 | 26) => StoreError::Unusable(format!("the database file is not ours: {error}")),
        _ => StoreError::Unavailable(error.to_string()),
    }
}

/// A transaction beside the lanes' connection: they wait for each other.
struct FileWork(SqliteConnection);

#[async_trait]
impl Work for FileWork {
    async fn run(&mut self, sql: &str, binds: Vec<Bind>, types: &[Type]) -> Result<Vec<Vec<Read>>, StoreError> {
        let query = sqlx::query_with::<Sqlite, _>(AssertSqlSafe(sql.to_owned()), values::arguments(binds)?);
        let rows = query.fetch_all(&mut self.0).await.map_err(|e| match primary_code(&e) {
            Some(19) => StoreError::Refused(e.to_string()), // a constraint: somebody else was there first
            _ => fault(&e),
        })?;
        rows.iter().map(|row| values::decode(row, types)).collect()
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        self.run("COMMIT", Vec::new(), &[]).await.map_err(|e| StoreError::Unknown(e.to_string()))?;
        self.0.close().await.map_err(|e| fault(&e))
    }
}

#[async_trait]
impl Database for FileStore {
    const KIND: &'static str = "sqlite";
    const IN: &'static str = "IN (SELECT value FROM json_each($1))";
    const NOW: &'static str = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";
    const LATER: &'static str = "CAST(unixepoch('subsec') * 1000 AS INTEGER) + $3";
    const GREATER: &'static str = "max";
    const LOCKED: &'static str = "";

    fn has_text(field: &str) -> String {
        format!(r#"evnt GLOB '*"{field}":"[^"]*'"#)
    }

    async fn read(&self, sql: String, binds: Vec<Bind>, types: &[Type]) -> Result<Vec<Vec<Read>>, StoreError> {
        let arguments = values::arguments(binds)?;
        let query = sqlx::query_with::<Sqlite, _>(AssertSqlSafe(sql), arguments);
        let rows = query.fetch_all(&self.readers).await.map_err(|e| fault(&e))?;
        rows.iter().map(|row| values::decode(row, types)).collect()
    }

    async fn write(&self, sql: String, binds: Vec<Bind>, types: &[Type]) -> Result<Vec<Vec<Read>>, StoreError> {
        let arguments = values::arguments(binds)?;
        let mut slot = self.writer.connection.lock().await;
        let mut connection = self.writer.take(&mut slot).await?;
        let query = sqlx::query_with::<Sqlite, _>(AssertSqlSafe(sql), arguments);
        let rows = query.fetch_all(&mut connection).await.map_err(|e| fault(&e))?;
        *slot = Some(connection);
        rows.iter().map(|row| values::decode(row, types)).collect()
    }

    async fn begin(&self) -> Result<Box<dyn Work>, StoreError> {
        let connection = self.writer.options.connect().await.map_err(|e| fault(&e))?;
        let mut work = FileWork(connection);
        work.run("BEGIN IMMEDIATE", Vec::new(), &[]).await?;
        Ok(Box::new(work))
    }

    fn beside(&self, suffix: &str) -> Option<PathBuf> {
        Some(beside(&self.path, suffix))
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        // SQLite's migrator takes no lock of its own; this one is held for the migration only
        let path = beside(&self.path, ".migrating");
        let lock = tokio::task::spawn_blocking(move || {
            let file = File::create(path)?;
            file.lock()?;
            Ok::<File, std::io::Error>(file)
        });
        let _lock = lock
            .await
            .map_err(|e| StoreError::Unavailable(e.to_string()))?
            .map_err(|e| StoreError::Unavailable(format!("no lock for the migration: {e}")))?;
        let mut slot = self.writer.connection.lock().await;
        let mut connection = self.writer.take(&mut slot).await?;
        let done = MIGRATIONS.run_direct(None, &mut connection, false).await;
        done.map_err(|e| StoreError::Unusable(format!("the schema could not be brought to this version: {e}")))?;
        *slot = Some(connection);
        Ok(())
    }

    async fn migrated(&self) -> Result<(), StoreError> {
        let there = "SELECT COUNT(*) FROM sqlite_master WHERE name = '_sqlx_migrations'";
        let there = self.read(there.into(), Vec::new(), &[Type::Int]).await?;
        let done = match there.as_slice() {
            [row] if row.as_slice() != [Read::Int(Some(0))] => {
                let sql = "SELECT version FROM _sqlx_migrations WHERE success".to_owned();
                self.read(sql, Vec::new(), &[Type::Int]).await?
            }
            _ => Vec::new(),
        };
        complete(&MIGRATIONS, &done.into_iter().map(|row| next(&mut row.into_iter())).collect::<Vec<i64>>())
    }

    fn own(&self) -> Result<(), StoreError> {
        let mut lock = self.writer.lock.lock().unwrap_or_else(PoisonError::into_inner);
        if lock.is_some() {
            return Ok(());
        }
        let path = beside(&self.path, ".lock");
        let file = File::create(&path).map_err(|e| StoreError::Unavailable(format!("{}: {e}", path.display())))?;
        match file.try_lock() {
            Ok(()) => *lock = Some(file),
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Unusable(format!("another process owns {}", self.path.display())));
            }
            Err(TryLockError::Error(e)) => return Err(StoreError::Unavailable(format!("{}: {e}", path.display()))),
        }
        Ok(())
    }

    async fn committer(&self) -> Result<Box<dyn Committer>, StoreError> {
        Ok(Box::new(commit::SqliteCommitter::new(Arc::clone(&self.writer))))
    }
}
