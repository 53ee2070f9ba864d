//! What the HTTP API, the tools and the checker read, beside what they look up by id.

use async_trait::async_trait;

use super::{
    LookupStore, StoreError, TableRef, UntRow,
    archive::{Stretch, Sum},
    row::Read,
    rows::{AprvRow, HistRow, LdgrRow, OrdRow},
};
use crate::domain::{
    Time,
    ids::{CustomerId, OrderId, PartnerId, SkuId},
    status::Status,
};

/// Which orders are looked for; what is `None` is not asked.
#[derive(Debug, Clone, Default)]
pub struct OrderQuery {
    /// those that are archived, and no others
    pub archived: bool,
    /// a customer's orders; what a partner of that name bought is none
    pub customer: Option<CustomerId>,
    /// orders that this partner sells a line of, had made at it, or bought
    pub partner: Option<PartnerId>,
    /// only those whose placement was not refused in the end
    pub placed: bool,
    /// the order's, as stored; of a partner's orders that it sells lines of: those lines'. Empty: any
    pub statuses: Vec<Status>,
    pub placed_from: Option<Time>,
    pub placed_before: Option<Time>,
    /// the last one of the page before
    pub after: Option<(Time, OrderId)>,
    pub limit: u32,
}

/// The store as it is read: histories, ledgers, whole tables, and what lies in the archive.
#[async_trait]
pub trait QueryStore: LookupStore {
    /// Short name for logs and reports: `postgres` or `sqlite`.
    fn kind(&self) -> &'static str;

    /// Whether it answers.
    async fn ping(&self) -> Result<(), StoreError>;

    /// The events of an order's history that come after this one, so many at most.
    async fn history(&self, id: &OrderId, after: i64, limit: u32) -> Result<Vec<HistRow>, StoreError>;
    /// The rows of orders, archived ones too.
    async fn rows_of_orders(&self, ids: &[OrderId]) -> Result<Vec<OrdRow>, StoreError> {
        let mut rows = self.order_rows(ids).await?;
        let live = |id: &&OrderId| rows.iter().any(|r| *r.ord_id == *id.as_str());
        let others: Vec<OrderId> = ids.iter().filter(|id| !live(id)).cloned().collect();
        if !others.is_empty() {
            rows.extend(self.archived_rows(&others).await?);
        }
        Ok(rows)
    }
    /// A SKU's ledger, newest first, from below `before`.
    async fn ledger(&self, id: &SkuId, before: Option<i64>, limit: u32) -> Result<Vec<LdgrRow>, StoreError>;
    /// An order's approvals.
    async fn approvals(&self, order: &OrderId) -> Result<Vec<AprvRow>, StoreError>;
    /// Those that sold most, of the SKUs with a campaign and of the newest orders: for a bounded set of metrics.
    async fn hottest(&self, limit: u32) -> Result<Vec<UntRow>, StoreError>;

    /// A page of a table by its key, for the checker: rows after `after` (the last row's key values), in key order.
    async fn page(&self, table: TableRef, after: Option<Vec<Read>>, limit: u32) -> Result<Vec<Vec<Read>>, StoreError>;

    /// What the archive holds of an order now.
    async fn archived_sums(&self, orders: &[OrderId]) -> Result<Vec<Sum>, StoreError>;

    /// What the archive holds of a stretch now.
    async fn archived_ledger_sum(&self, stretch: &Stretch) -> Result<Sum, StoreError>;
}
