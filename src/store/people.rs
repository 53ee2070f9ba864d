//! What people look at: lists of lines (현황) with their counts, recipients, reviews, and the log of who saw whom.

use std::sync::Arc;

use async_trait::async_trait;

use super::{
    OrderQuery, StoreError, UntRow,
    row::row,
    rows::{Code, ExchRow, GdsRow, LnkRow, OrdRow, PrsnRow, RtnRow},
};
use crate::domain::{
    Time,
    ids::{OrderId, PartnerId, ProductId, SkuId},
    status::Status,
};

type Text = Arc<str>;

row! {
    /// 개인정보접속기록: somebody saw a recipient unmasked.
    AccessRow => "tb_sy_prsn_accs", Insert, key("accs_id") {
        accs_id: Text,
        /// RECIPIENT, ORDER, DOWNLOAD, DEAD_LETTER
        accs_knd_cd: Code,
        actr: Text,
        ord_id: Text,
        cust_id: Text,
        accs_plc: Text,
        req_id: Text,
        accs_dttm: Time,
    }
}

/// Statuses with work left. An order with such a line has one of them itself (a claim shows, else the least advanced line),
/// so that these lines are found by the index on orders at work.
pub const AT_WORK: [Status; 7] = [
    Status::PaymentPending,
    Status::Ordered,
    Status::Preparing,
    Status::ProcurementCheck,
    Status::ProcurementDone,
    Status::Returning,
    Status::Exchanging,
];

/// How far exchanged goods are that are still to come back, or to be inspected. Their order may have ended.
pub const COLLECTIONS: [&str; 2] = ["DUE", "COLLECTED"];

/// Groups that a count tells at most: statuses by partners and SKUs.
pub const GROUPS_MAX: u32 = 1_000;

/// Which lines are looked for; what is empty is not asked.
#[derive(Debug, Clone, Default)]
pub struct LineQuery {
    /// as shown
    pub statuses: Vec<Status>,
    pub claims: Vec<ClaimAsked>,
    /// and in none of these
    pub not_claims: Vec<ClaimAsked>,
    /// its seller, or who was asked for it
    pub partner: Option<PartnerId>,
    pub sku: Option<SkuId>,
    pub product: Option<ProductId>,
    pub carrier: Option<String>,
    pub placed_from: Option<Time>,
    pub placed_before: Option<Time>,
    /// oldest first
    pub oldest_first: bool,
    /// the last one of the page before
    pub after: Option<LineAt>,
    pub limit: u32,
}

/// A line in the order of lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineAt {
    pub placed: Time,
    pub order: OrderId,
    pub line: i64,
}

/// A claim that a line is in, by how far it is: the table's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimAsked {
    Return(&'static str),
    Exchange(&'static str),
    /// of goods that were exchanged: one of [`COLLECTIONS`]
    Collection(&'static str),
}

impl ClaimAsked {
    /// Whether it is in progress.
    fn open(&self) -> bool {
        match self {
            ClaimAsked::Return(state) => matches!(*state, "REQUESTED" | "APPROVED" | "COLLECTED"),
            ClaimAsked::Exchange(state) => matches!(*state, "REQUESTED" | "APPROVED"),
            ClaimAsked::Collection(state) => COLLECTIONS.contains(state),
        }
    }

    /// Whether the goods of an exchange are asked for, and not the exchange.
    pub const fn of_goods(&self) -> bool {
        matches!(self, ClaimAsked::Collection(_))
    }
}

impl LineQuery {
    /// Whether only claims in progress are asked for.
    pub fn claims_in_progress(&self) -> bool {
        !self.claims.is_empty() && self.claims.iter().all(ClaimAsked::open)
    }

    /// Whether all that is asked for is work.
    pub fn is_work(&self) -> bool {
        let of_status = !self.statuses.is_empty() && self.statuses.iter().all(|s| AT_WORK.contains(s));
        of_status || self.claims_in_progress()
    }

    /// Whether only orders at work can hold such lines: exchanged goods may still be out when their order has ended.
    pub fn at_work(&self) -> bool {
        let of_status = !self.statuses.is_empty() && self.statuses.iter().all(|s| AT_WORK.contains(s));
        of_status || (self.claims_in_progress() && !self.claims.iter().any(ClaimAsked::of_goods))
    }

    /// The same in parts, of which each has an index to go by: claims, and goods that are still out; no line is in two.
    pub fn ways(&self) -> Vec<LineQuery> {
        let (goods, claims): (Vec<ClaimAsked>, Vec<ClaimAsked>) = self.claims.iter().partition(|c| c.of_goods());
        if goods.is_empty() || claims.is_empty() {
            return vec![self.clone()];
        }
        let of = |claims: &[ClaimAsked], not: &[ClaimAsked]| LineQuery {
            claims: claims.to_vec(),
            not_claims: not.to_vec(),
            ..self.clone()
        };
        vec![of(&claims, &[]), of(&goods, &claims)]
    }
}

/// A line in a list, with what its order says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct LineRow {
    pub line: GdsRow,
    pub customer: Text,
    pub placed: Time,
    /// its order was made for this one
    pub parent: Option<Text>,
    /// who sells it, or was asked for it
    pub partner: Text,
}

/// Lines of one kind, counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineCount {
    pub status: String,
    pub partner: String,
    pub sku: String,
    pub lines: i64,
    pub units: i64,
}

/// By what lines are counted, beside their status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CountBy {
    pub partner: bool,
    pub sku: bool,
}

/// 리뷰, with its words where they are still kept.
#[derive(Debug, Clone, PartialEq)]
pub struct ReviewRow {
    pub order: Text,
    pub line: i64,
    pub rating: i64,
    pub at: Time,
    pub product: Text,
    pub sku: Text,
    pub partner: Text,
    pub words: Option<Text>,
}

/// Which reviews are looked for, newest first.
#[derive(Debug, Clone, Default)]
pub struct ReviewQuery {
    pub partner: Option<PartnerId>,
    pub product: Option<ProductId>,
    /// the last one of the page before
    pub after: Option<LineAt>,
    pub limit: u32,
}

/// Which accesses are looked for, newest first.
#[derive(Debug, Clone, Default)]
pub struct AccessQuery {
    pub order: Option<String>,
    pub customer: Option<String>,
    /// from below this id
    pub before: Option<String>,
    pub limit: u32,
}

/// What people look at.
#[async_trait]
pub trait PeopleStore: Send + Sync {
    /// Orders by what is asked, newest first.
    async fn find_orders(&self, asked: &OrderQuery) -> Result<Vec<OrdRow>, StoreError>;
    /// Lines by what is asked.
    async fn find_lines(&self, asked: &LineQuery) -> Result<Vec<LineRow>, StoreError>;
    /// How many there are of each status; the most first.
    async fn count_lines(&self, asked: &LineQuery, by: CountBy) -> Result<Vec<LineCount>, StoreError>;
    /// What these orders keep of persons.
    async fn persons(&self, orders: &[OrderId]) -> Result<Vec<PrsnRow>, StoreError>;
    /// How these orders are linked to those that had them made.
    async fn parents(&self, orders: &[OrderId]) -> Result<Vec<LnkRow>, StoreError>;
    /// The orders that these had made.
    async fn children(&self, orders: &[OrderId]) -> Result<Vec<LnkRow>, StoreError>;
    /// These orders' returns and exchanges.
    async fn claims(&self, orders: &[OrderId]) -> Result<(Vec<RtnRow>, Vec<ExchRow>), StoreError>;
    /// These SKUs' rows.
    async fn units_named(&self, skus: &[SkuId]) -> Result<Vec<UntRow>, StoreError>;
    /// SKUs by id that this partner holds, or sells the product of.
    async fn units_of(&self, partner: &PartnerId, after: Option<&str>, limit: u32) -> Result<Vec<UntRow>, StoreError>;
    /// Reviews by what is asked.
    async fn reviews(&self, asked: &ReviewQuery) -> Result<Vec<ReviewRow>, StoreError>;

    /// Writes down who sees whom; nobody sees anything where that fails.
    async fn note_access(&self, rows: &[AccessRow]) -> Result<(), StoreError>;
    /// Who saw whom.
    async fn accesses(&self, asked: &AccessQuery) -> Result<Vec<AccessRow>, StoreError>;
}
