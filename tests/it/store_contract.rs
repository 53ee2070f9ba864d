//! The store's contract: one set of checks, run against every adapter on its real database.

mod checks;
mod faults;
mod plans;
mod retention;
pub mod rows;
mod schema;

use std::{path::PathBuf, sync::Arc, time::Duration};

use jumun::store::{
    Batch, Commit, Committer, Done, Lease, LeaseAnswer, Store,
    postgres::PostgresStore,
    sqlite::{SqliteStore, Synchronous},
};
use tempfile::TempDir;

use crate::support::servers;

/// An adapter on an empty, migrated database, and a way past it.
pub struct Bench {
    pub store: Arc<dyn Store>,
    outside: Outside,
}

/// The same database without the adapter, as another system would use it.
enum Outside {
    Postgres(String),
    Sqlite(PathBuf, #[expect(dead_code, reason = "kept so that the directory stays")] TempDir),
}

const TTL: Duration = Duration::from_secs(60);

impl Bench {
    async fn postgres() -> Self {
        let url = servers::fresh_database().await;
        let store: Arc<dyn Store> = Arc::new(PostgresStore::connect(&url).await.expect("it connects"));
        store.migrate().await.expect("it migrates");
        Self { store, outside: Outside::Postgres(url) }
    }

    async fn sqlite() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("jumun.db");
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&path, Synchronous::Full).await.expect("it opens"));
        store.migrate().await.expect("it migrates");
        Self { store, outside: Outside::Sqlite(path, dir) }
    }

    /// Runs a statement as another system would.
    pub async fn outside(&self, sql: &'static str) {
        use sqlx::{Connection as _, Executor as _};
        let done = match &self.outside {
            Outside::Postgres(url) => {
                let mut connection = sqlx::PgConnection::connect(url).await.expect("it connects");
                connection.execute(sql).await.map(|done| done.rows_affected())
            }
            Outside::Sqlite(path, _) => {
                let url = format!("sqlite:{}", path.display());
                let mut connection = sqlx::SqliteConnection::connect(&url).await.expect("it connects");
                connection.execute(sql).await.map(|done| done.rows_affected())
            }
        };
        assert_ne!(done.expect(sql), 0, "{sql} changed nothing");
    }

    /// A second store on the same database.
    pub async fn again(&self) -> Arc<dyn Store> {
        match &self.outside {
            Outside::Postgres(url) => jumun::store::open(url).await.expect("it opens"),
            Outside::Sqlite(path, _) => {
                jumun::store::open(&format!("sqlite:{}", path.display())).await.expect("it opens")
            }
        }
    }

    /// The partition's lease.
    pub async fn lease(&self, partition: u32) -> Lease {
        match self.store.acquire(partition, "tester", TTL).await.expect("it answers") {
            LeaseAnswer::Granted(lease) => lease,
            held @ LeaseAnswer::Held { .. } => panic!("{held:?}"),
        }
    }

    /// A lane: partition 0 and its committer.
    pub async fn lane(&self) -> Lane {
        let lease = self.lease(0).await;
        Lane { committer: self.store.committer(lease.clone()).await.expect("a committer"), lease }
    }
}

/// A committer with its lease.
pub struct Lane {
    pub committer: Box<dyn Committer>,
    pub lease: Lease,
}

impl Lane {
    /// An empty batch of this lane.
    pub fn batch(&self) -> Batch {
        Batch { partition: self.lease.partition, epoch: self.lease.epoch, ..Batch::default() }
    }

    /// Commits, and it must be done.
    pub async fn done(&mut self, batch: &Batch) -> Done {
        match self.committer.commit(batch).await {
            Ok(Commit::Done(done)) => done,
            other => panic!("not done: {other:?}"),
        }
    }
}

/// Every check against every adapter.
macro_rules! contract {
    ($($module:ident :: $name:ident),+ $(,)?) => {
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$module::$name(super::Bench::postgres().await).await;
            })+
        }
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$module::$name(super::Bench::sqlite().await).await;
            })+
        }
    };
}

contract!(
    checks::every_row_comes_back_as_it_was_written,
    checks::many_rows_go_in_one_batch,
    checks::an_upsert_replaces_and_an_unchanged_one_stays,
    checks::a_new_unit_moves_in_its_own_batch,
    checks::another_systems_write_is_kept_and_noticed,
    checks::refused_ids_with_an_outcome_are_known,
    checks::outcomes_tell_order_answer_and_events,
    checks::due_orders_come_soonest_first,
    checks::the_outbox_empties_by_what_was_sent,
    checks::a_sku_comes_with_ledger_campaigns_and_buyers,
    checks::gift_promotions_come_by_name_and_by_gift,
    checks::histories_come_in_order,
    checks::pages_follow_each_other,
    faults::a_superseded_owner_commits_nothing,
    faults::a_lease_is_renewed_released_and_runs_out,
    faults::a_conflict_rolls_the_whole_batch_back,
    faults::a_kept_column_outlives_an_upsert_without_it,
    faults::a_broken_rule_rolls_the_whole_batch_back,
    faults::a_move_without_its_unit_rolls_the_whole_batch_back,
    faults::the_partition_count_is_claimed_once,
    faults::migrating_again_or_at_once_is_harmless,
    retention::what_is_older_goes_and_nothing_else,
    retention::an_outcome_goes_with_what_keeps_its_id,
    schema::columns_and_keys_are_the_rows_own,
);
