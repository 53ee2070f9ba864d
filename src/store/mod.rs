//! The store: where the truth is kept. One transaction a batch; everything else is reading, and small writes beside the lanes.
//!
//! Its ports, by who asks: [`LookupStore`] (what actors are made of), [`LaneStore`] (leases and commits), [`QueryStore`] (the
//! HTTP API, tools and the checker), [`AdminStore`] (who looks after it); [`Store`] is all of them.
//!
//! Adapters: [`postgres`] (production) and [`sqlite`] (embedded default). Both pass one contract suite.

pub mod admin;
pub mod archive;
pub mod lane;
pub mod lookup;
#[cfg(feature = "simulation")]
pub mod memory;
pub mod people;
pub mod postgres;
pub mod query;
pub mod retention;
pub mod row;
pub mod rows;
pub mod seals;
mod sql;
mod sql_admin;
mod sql_archive;
mod sql_asked;
mod sql_history;
mod sql_orders;
mod sql_people;
mod sql_query;
mod sql_retention;
mod sql_seals;
mod sql_skus;
pub mod sql_store;
pub mod sqlite;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;

use crate::{domain::Time, vault::Vault};
use admin::{AuditStore, ErasureStore, WebhookStore};
use archive::ArchiveStore;
pub use lane::{BatchEncoder, Committer, EncodedBatch, LaneStore};
pub use lookup::LookupStore;
use people::PeopleStore;
pub use query::{OrderQuery, QueryStore};
use retention::RetentionStore;
use row::{Read, Row};
pub use rows::StoredGiftPromotion;
use rows::{
    AditRow, AprvRow, CmdRow, CmpnRow, CmpnTrmRow, CnclRow, Code, DscntRow, ExchRow, FeeRow, GdsRow, GftPrmGdsRow,
    GftPrmRow, GftPrmUntRow, GftRow, HistRow, LdgrRow, LnkRow, OrdRow, OtbxRow, PdGdsRow, PntRow, PrcrRow, PrmRow,
    PrsnRow, PtnrByrRow, PtnrRow, RfndRow, RgstRow, RsvRow, RtnRow, RvwRow, StlmRow, TmplRow, WyblRow,
};
use seals::SealStore;

row::row! {
    /// 단품: a SKU's running balance. Created by [`Batch::units`], moved by [`Batch::moves`], never overwritten,
    /// because other systems (a warehouse import) write it too.
    UntRow => "tb_pd_unt", Insert, key("unt_id") {
        unt_id: Arc<str>,
        gds_id: Arc<str>,
        opt_nm: Arc<str>,
        /// whose stock it is
        hldr_id: Option<Arc<str>>,
        prtn_no: i64,
        /// on hand: free to sell
        stck_qty: i64,
        /// held by unpaid orders
        hold_qty: i64,
        /// deducted
        sold_qty: i64,
        /// number of the last ledger row that this balance includes
        ldgr_no: i64,
        /// came back after they were sold: part of `sold_qty`, and of `stck_qty` again
        rstk_qty: i64,
    }
}

/// What one batch adds to a SKU's balance: deltas, so that another system's write is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitMove {
    pub unt_id: Arc<str>,
    pub stck_dlt: i64,
    pub hold_dlt: i64,
    pub sold_dlt: i64,
    pub rstk_dlt: i64,
    /// the ledger's last number after this batch
    pub ldgr_no: i64,
    /// what `stck_qty` must read afterwards if nobody else wrote it
    pub expect_stck: i64,
}

/// The rows that every order has.
#[derive(Debug, Clone, Default)]
pub struct OrderRows {
    pub ord: Vec<OrdRow>,
    pub gds: Vec<GdsRow>,
    pub stlm: Vec<StlmRow>,
    pub aprv: Vec<AprvRow>,
    pub fee: Vec<FeeRow>,
}

impl OrderRows {
    /// Empties the lists; their memory stays.
    pub fn clear(&mut self) {
        self.ord.clear();
        self.gds.clear();
        self.stlm.clear();
        self.aprv.clear();
        self.fee.clear();
    }
}

/// Everything that one lane commits at once. Keys are unique within each list: a row touched twice is here once,
/// in its last form.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    pub partition: u32,
    /// the lease's epoch; another one in the table means that this owner is superseded
    pub epoch: i64,
    pub hist: Vec<HistRow>,
    /// of orders that this batch places: they must be new, and go in without looking for older ones
    pub placed: OrderRows,
    /// of orders that were there
    pub changed: OrderRows,
    /// payments that came in: each must be new over all orders
    pub rgst: Vec<RgstRow>,
    pub rfnd: Vec<RfndRow>,
    pub cncl: Vec<CnclRow>,
    pub dscnt: Vec<DscntRow>,
    pub gft: Vec<GftRow>,
    pub pnt: Vec<PntRow>,
    pub prsn: Vec<PrsnRow>,
    pub prcr: Vec<PrcrRow>,
    pub lnk: Vec<LnkRow>,
    pub wybl: Vec<WyblRow>,
    pub rtn: Vec<RtnRow>,
    pub exch: Vec<ExchRow>,
    pub rvw: Vec<RvwRow>,
    pub adit: Vec<AditRow>,
    pub ldgr: Vec<LdgrRow>,
    pub units: Vec<UntRow>,
    pub moves: Vec<UnitMove>,
    pub pd_gds: Vec<PdGdsRow>,
    pub tmpl: Vec<TmplRow>,
    pub prm: Vec<PrmRow>,
    pub gft_prm: Vec<GftPrmRow>,
    pub gft_prm_gds: Vec<GftPrmGdsRow>,
    pub gft_prm_unt: Vec<GftPrmUntRow>,
    pub ptnr: Vec<PtnrRow>,
    pub ptnr_byr: Vec<PtnrByrRow>,
    pub cmpn: Vec<CmpnRow>,
    pub cmpn_trm: Vec<CmpnTrmRow>,
    pub cmd: Vec<CmdRow>,
    pub otbx: Vec<OtbxRow>,
    pub rsv: Vec<RsvRow>,
    /// outbox rows that reached their stream, to be deleted
    pub sent: Vec<Arc<str>>,
    /// ids of the refused commands that ride on this batch: those with a stored outcome come back in
    /// [`Done::known`], because a retry from before the lane's memory must get its first answer, not a refusal
    pub refused: Vec<Arc<str>>,
}

impl Batch {
    /// The rows that the batch writes: each table that it has rows of, with their values in the order of the columns.
    /// Balances ([`Batch::moves`]) are not among them. For tools that compare what is written.
    pub fn written(&self) -> Vec<(TableRef, Vec<Vec<Read>>)> {
        sql::written(self)
    }
}

/// What another system did to a SKU's balance, seen while committing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct External {
    pub unt_id: Arc<str>,
    /// what `stck_qty` holds beyond what we expected
    pub delta: i64,
}

/// A commit that is durable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    pub known: Vec<Arc<str>>,
    pub external: Vec<External>,
}

/// How a commit ended, where we know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Commit {
    /// Durable.
    Done(Done),
    /// Rolled back: a command id, an order's version, a ledger number or another inserted key is there already.
    Conflict(String),
    /// Rolled back: it and another transaction waited for each other.
    Deadlock(String),
    /// Rolled back: the lease's epoch is not ours any more.
    Fenced,
}

impl Commit {
    /// Whether a conflict is about a payment that the register has: another order won a race for it.
    pub fn is_of_a_payment(why: &str) -> bool {
        why.contains(RgstRow::TABLE)
    }
}

/// A fault of the store.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The transaction did not happen (refused, rolled back, never sent); the reason may be the batch's own.
    #[error("the store refused the batch: {0}")]
    Refused(String),
    /// The connection broke while committing: it may or may not be durable. Look the command ids up.
    #[error("the commit's outcome is unknown: {0}")]
    Unknown(String),
    /// The store can't be reached or can't answer now.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The store's content is not what this version expects (schema, another partition count, a lock held).
    #[error("{0}")]
    Unusable(String),
}

/// A partition's lease: who owns it, under which epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub partition: u32,
    pub epoch: i64,
}

/// What asking for a lease gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseAnswer {
    Granted(Lease),
    /// Another owner holds it until then, which is so far away by the store's clock.
    Held {
        owner: String,
        until: Time,
        left: Duration,
    },
}

/// A SKU as stored, with all that a sale needs to know of it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredSku {
    pub unit: UntRow,
    pub product: PdGdsRow,
    pub template: TmplRow,
    /// the balance after the last ledger row (stck, hold, sold); `None` before the first
    pub ledger: Option<(i64, i64, i64)>,
    pub campaigns: Vec<CmpnRow>,
    /// (campaign, customer, units used), of customers with more than none, from the ledger's `cmpn_dlt`
    pub buyers: Vec<(Arc<str>, Arc<str>, i64)>,
}

/// The stored outcome of an accepted command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub cmd_id: Arc<str>,
    pub digest: Arc<str>,
    pub partition: u32,
    /// the order and what it was after the command, where it belongs to one
    pub order: Option<OutcomeOrder>,
    /// facts of the answer, as JSON
    pub answer: Option<Arc<str>>,
    /// the events that the command made: (hist_no, evnt_ver, evnt, hist_dttm), for publishing them again
    pub events: Vec<(i64, i64, Arc<str>, Time)>,
}

/// Where a stored command left its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutcomeOrder {
    pub ord_id: Arc<str>,
    pub status: Code,
    pub version: i64,
}

/// What the HTTP API, webhooks, retention, the archive, erasure and keys ask of the store.
pub trait AdminStore:
    QueryStore + PeopleStore + AuditStore + ErasureStore + WebhookStore + SealStore + RetentionStore + ArchiveStore
{
}

impl<S> AdminStore for S where
    S: QueryStore + PeopleStore + AuditStore + ErasureStore + WebhookStore + SealStore + RetentionStore + ArchiveStore
{
}

/// The whole store, as [`open`] gives it, and the database as such: its schema, its users and where it is. Whoever needs one of
/// its ports only takes that one: each is had of it by upcasting.
#[async_trait]
pub trait Store: LaneStore + QueryStore + AdminStore {
    /// How its server is reached, where there is one: by which TLS, or without.
    fn reach(&self) -> Option<&str> {
        None
    }

    /// Gives it what account numbers and tokens are sealed by; the first counts.
    fn lock(&self, _vault: Vault) {}

    /// The same store over connections of its own, where it is at a server: whoever asks much keeps nobody else waiting.
    fn apart(&self) -> Option<Arc<dyn Store>> {
        None
    }

    /// A file beside the database, where it is one file on this machine.
    fn beside(&self, _suffix: &str) -> Option<PathBuf> {
        None
    }

    /// Brings the schema to this version.
    async fn migrate(&self) -> Result<(), StoreError>;

    /// Whether somebody has brought it there; [`StoreError::Unavailable`] says what it lacks.
    async fn migrated(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Gives another user of the database what a server needs of the rows, and nothing of the schema.
    async fn grant(&self, _role: &str) -> Result<(), StoreError> {
        Err(StoreError::Unusable("this store has no users".into()))
    }
}

/// A table as the checker sees it.
#[derive(Debug, Clone, Copy)]
pub struct TableRef {
    pub name: &'static str,
    pub key: &'static [&'static str],
    pub columns: &'static [(&'static str, row::Type)],
}

/// The table of a row type.
pub const fn table<R: Row>() -> TableRef {
    TableRef { name: R::TABLE, key: R::KEY, columns: R::COLUMNS }
}

/// Opens a store by its URL: `postgres://…`, `postgresql://…`, or `sqlite:path` (`sqlite://path` too).
///
/// # Errors
/// [`StoreError::Unusable`] for another scheme, otherwise what the adapter says.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    open_by(url, PATIENCE).await
}

/// How long an answer of a server may take, where nobody says otherwise.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The same for somebody who waits so long for each answer of a server.
///
/// # Errors
/// As [`open`] says.
pub async fn open_by(url: &str, patience: Duration) -> Result<Arc<dyn Store>, StoreError> {
    match url.split_once(':') {
        Some(("postgres" | "postgresql", _)) => {
            Ok(Arc::new(Box::pin(postgres::PostgresStore::connect_by(url, patience)).await?))
        }
        Some(("sqlite", rest)) => {
            let path = Path::new(rest.strip_prefix("//").unwrap_or(rest));
            Ok(Arc::new(sqlite::SqliteStore::open(path, sqlite::Synchronous::Full).await?))
        }
        _ => Err(StoreError::Unusable("a store's URL starts with postgres:, postgresql: or sqlite:".into())),
    }
}

/// Why nobody should go to the database at this URL over a network that others are on, if there is a reason.
///
/// # Errors
/// [`StoreError::Unusable`], when it can't be read.
pub fn insecure(url: &str) -> Result<Option<&'static str>, StoreError> {
    match url.split_once(':') {
        Some(("postgres" | "postgresql", _)) => postgres::insecure(url),
        _ => Ok(None), // a file
    }
}
