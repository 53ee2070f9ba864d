//! The archive (보관): orders that have ended lie in tables of their own, row for row, and so do the older rows of ledgers. What
//! stays of an order among the live ones is a small row for each command that it took, under its own number, and a **seal** under
//! the number of the next event: so no id takes effect twice, and a lane that still has the order in memory can't go on with it.

use std::sync::Arc;

use async_trait::async_trait;

use super::{
    StoreError, TableRef,
    row::{Row, row},
    rows::{
        AditRow, AprvRow, CnclRow, Code, DscntRow, ExchRow, FeeRow, GdsRow, GftRow, HistRow, LdgrRow, LnkRow, OrdRow,
        PntRow, PrcrRow, RfndRow, RsvRow, RtnRow, RvwRow, StlmRow, WyblRow,
    },
    table,
};
use crate::domain::{
    Time,
    ids::{OrderId, SkuId},
};

type Text = Arc<str>;

row! {
    /// 보관목록: what was archived, by number and digest.
    ArchRow => "tb_sy_arch", Insert, key("arch_knd_cd", "trgt_id", "frst_no") {
        /// ORDER, LEDGER
        arch_knd_cd: Code,
        trgt_id: Text,
        /// numbers of the first and the last event, or ledger row
        frst_no: i64,
        last_no: i64,
        /// in all tables
        row_cnt: i64,
        row_dgst: Text,
        arch_dttm: Time,
    }
}

/// The kinds of what is archived.
pub const ORDER: &str = "ORDER";
pub const LEDGER: &str = "LEDGER";
/// The type of an event that lies in the archive, as the small row that stays says it.
pub const ARCHIVED: &str = "archived";

impl HistRow {
    /// Whether it only says that an order's events are in the archive.
    pub fn archived(&self) -> bool {
        *self.evnt_typ_cd == *ARCHIVED
    }

    /// The id in the place of a command's, of the row that lets nobody go on with an archived order.
    pub fn seal_of(order: &str) -> String {
        format!("{}{order}", Self::OUTSIDE)
    }

    /// Whether it is such a row.
    pub fn seals(&self) -> bool {
        self.archived() && self.cmd_id.starts_with(Self::OUTSIDE)
    }
}

/// A table whose rows go with their order, and the column that names it.
#[derive(Debug, Clone, Copy)]
pub struct WithOrder {
    pub table: TableRef,
    pub order: &'static str,
}

const fn with<R: Row>(order: &'static str) -> WithOrder {
    WithOrder { table: table::<R>(), order }
}

/// All of them. What is kept of persons stays apart, and the register of payments for ever.
pub const WITH_ORDER: [WithOrder; 19] = [
    with::<OrdRow>("ord_id"),
    with::<GdsRow>("ord_id"),
    with::<GftRow>("ord_id"),
    with::<StlmRow>("ord_id"),
    with::<AprvRow>("ord_id"),
    with::<RfndRow>("ord_id"),
    with::<CnclRow>("ord_id"),
    with::<FeeRow>("ord_id"),
    with::<DscntRow>("ord_id"),
    with::<PntRow>("ord_id"),
    with::<PrcrRow>("ord_id"),
    with::<LnkRow>("prnt_ord_id"),
    with::<WyblRow>("ord_id"),
    with::<RtnRow>("ord_id"),
    with::<ExchRow>("ord_id"),
    with::<RvwRow>("ord_id"),
    with::<AditRow>("ord_id"),
    with::<RsvRow>("ord_id"),
    with::<HistRow>("ord_id"),
];

/// Every table with an archive beside it.
pub fn with_archive() -> impl Iterator<Item = TableRef> {
    WITH_ORDER.iter().map(|w| w.table).chain([table::<LdgrRow>()])
}

/// An order that is to be moved, as it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moving {
    pub order: OrderId,
    /// number of its last event: one that has gone on since is not moved
    pub version: i64,
}

/// A stretch of a SKU's ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    pub sku: SkuId,
    pub first: i64,
    pub last: i64,
}

/// What an order's (or a stretch's) rows in the archive come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sum {
    pub rows: i64,
    /// SHA-256, hexadecimal
    pub digest: String,
}

/// What the archive asks of the store.
#[async_trait]
pub trait ArchiveStore: Send + Sync {
    /// Orders whose row says that they have ended, placed before this time, oldest first, from behind that one.
    async fn ended(
        &self,
        before: Time,
        after: Option<&(Time, OrderId)>,
        limit: u32,
    ) -> Result<Vec<(Time, OrderId)>, StoreError>;

    /// What lanes keep for these orders.
    async fn reserved_for(&self, orders: &[OrderId]) -> Result<Vec<RsvRow>, StoreError>;

    /// Steps that wait to be sent and name one of these orders: which of them.
    async fn awaited(&self, orders: &[OrderId]) -> Result<Vec<OrderId>, StoreError>;

    /// Moves these orders with all that hangs on them, in one transaction, or nothing. What lies there afterwards is compared
    /// with what lay here, row for row, before anything goes.
    ///
    /// # Errors
    /// [`StoreError::Refused`] where one of them has gone on since; nothing was moved then.
    async fn archive_orders(&self, orders: &[Moving], at: Time) -> Result<Vec<Sum>, StoreError>;

    /// Rows of a SKU's ledger from its beginning, as far as they are older than this time, and not its last; at most so many.
    async fn older_ledger(&self, sku: &SkuId, before: Time, limit: u32) -> Result<Option<Stretch>, StoreError>;

    /// Moves a stretch of a ledger, likewise.
    async fn archive_ledger(&self, stretch: &Stretch, at: Time) -> Result<Sum, StoreError>;

    /// What the archive says of an order.
    async fn archive_entry(&self, order: &OrderId) -> Result<Option<ArchRow>, StoreError>;
}
