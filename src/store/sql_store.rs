//! The part of the store that both databases share: leases and reading. What differs is behind [`Database`].

use std::{
    collections::{BTreeSet, HashMap},
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
    vec::IntoIter,
};

use async_trait::async_trait;

use super::{
    BatchEncoder, Committer, LaneStore, Lease, LeaseAnswer, LookupStore, Outcome, Store, StoreError,
    StoredGiftPromotion, StoredSku,
    lane::AsItIs,
    row::{Cell, Read, Row, Type},
    rows::{
        CmpnRow, GftPrmGdsRow, GftPrmRow, GftPrmUntRow, HistRow, OrdRow, OtbxRow, PdGdsRow, PrmRow, PrsnRow,
        PtnrByrRow, PtnrRow, RgstRow, RsvRow, TmplRow,
    },
    sql,
    sql_archive::beside,
};
use crate::{
    domain::{
        Time,
        ids::{CampaignId, CommandId, OrderId, PartnerId, ProductId, PromotionId, SkuId, TemplateId},
    },
    vault::Vault,
};

/// A parameter of a statement.
#[derive(Debug, Clone)]
pub enum Bind {
    /// a set of texts, for [`Database::IN`]
    Texts(Vec<String>),
    Text(String),
    Int(i64),
    Time(Time),
}

impl Bind {
    /// Of a text.
    pub(super) fn text(text: &str) -> Self {
        Bind::Text(text.to_owned())
    }
}

/// What a database must bring so that [`SqlStore`] can be made of it.
#[async_trait]
pub trait Database: Send + Sync + 'static {
    /// Short name.
    const KIND: &'static str;
    /// Membership in the set bound to `$1`, to follow a column.
    const IN: &'static str;
    /// The database's clock.
    const NOW: &'static str;
    /// The database's clock, `$3` milliseconds ahead.
    const LATER: &'static str;
    /// The function of the greater of two.
    const GREATER: &'static str;
    /// At the end of a selection from `a`: nobody else writes its rows until what it is part of is done.
    const LOCKED: &'static str;

    /// Whether an event's JSON, `evnt`, has a text in this field; in the words of the indexes for it.
    fn has_text(field: &str) -> String;
    /// Runs a reading statement; the rows' values are of `types`.
    async fn read(&self, sql: String, binds: Vec<Bind>, types: &[Type]) -> Result<Vec<Vec<Read>>, StoreError>;
    /// Runs one small writing statement in a transaction of its own; like [`Database::read`] otherwise.
    async fn write(&self, sql: String, binds: Vec<Bind>, types: &[Type]) -> Result<Vec<Vec<Read>>, StoreError>;
    /// Opens a transaction on a connection of its own.
    async fn begin(&self) -> Result<Box<dyn Work>, StoreError>;
    /// Brings the schema to this version.
    async fn migrate(&self) -> Result<(), StoreError>;
    /// As [`Store::migrated`].
    async fn migrated(&self) -> Result<(), StoreError>;
    /// As [`Store::grant`].
    async fn grant(&self, _role: &str) -> Result<(), StoreError> {
        Err(StoreError::Unusable("this database is a file, and has no users".into()))
    }
    /// Keeps other processes from writing, where the epoch alone can't.
    fn own(&self) -> Result<(), StoreError>;
    /// How its server is reached, where there is one.
    fn reach(&self) -> Option<&str> {
        None
    }
    /// The same database over connections of its own, where it is a server's.
    fn apart(&self) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }
    /// A file beside it, where it is a file itself.
    fn beside(&self, _suffix: &str) -> Option<PathBuf> {
        None
    }
    /// What encodes batches for it.
    fn encoder(&self) -> Box<dyn BatchEncoder> {
        Box::new(AsItIs)
    }

    /// A committer with a connection of its own.
    async fn committer(&self) -> Result<Box<dyn Committer>, StoreError>;
}

/// An open transaction; dropped before its commit it has done nothing.
#[async_trait]
pub trait Work: Send {
    /// Runs a statement in it; the rows' values are of `types`.
    async fn run(&mut self, sql: &str, binds: Vec<Bind>, types: &[Type]) -> Result<Vec<Vec<Read>>, StoreError>;
    /// Makes it durable. After an error it may be so all the same.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// A store over an SQL database.
#[derive(Debug)]
pub struct SqlStore<D>(pub(super) D, Arc<OnceLock<Vault>>);

impl<D> SqlStore<D> {
    /// Over this database.
    pub(super) fn over(database: D) -> Self {
        Self(database, Arc::default())
    }
}

pub(super) fn next<T: Cell>(values: &mut IntoIter<Read>) -> T {
    T::read(values.next().unwrap_or(Read::Text(None)))
}

pub(super) fn texts<'a>(ids: impl Iterator<Item = &'a str>) -> Bind {
    Bind::Texts(ids.map(str::to_owned).collect())
}

fn millis(ttl: Duration) -> Bind {
    Bind::Int(i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX))
}

impl<D: Database> SqlStore<D> {
    /// The rows that `rest` (from WHERE on) selects; the table is called `t`.
    pub(super) async fn list<R: Row>(&self, rest: &str, binds: Vec<Bind>) -> Result<Vec<R>, StoreError> {
        self.list_in(R::TABLE, rest, binds).await
    }

    /// The same of a table that has these rows, too.
    pub(super) async fn list_in<R: Row>(
        &self,
        table: &str,
        rest: &str,
        binds: Vec<Bind>,
    ) -> Result<Vec<R>, StoreError> {
        let types: Vec<Type> = R::COLUMNS.iter().map(|(_, kind)| *kind).collect();
        let sql = format!("SELECT {} FROM {table} AS t {rest}", sql::columns::<R>("t."));
        let rows = self.0.read(sql, binds, &types).await?;
        Ok(rows.into_iter().map(|values| R::read(&mut values.into_iter())).collect())
    }

    /// The rows whose `column` is one of `ids`.
    pub(super) async fn named<'a, R: Row>(
        &self,
        column: &str,
        ids: impl Iterator<Item = &'a str> + Send,
    ) -> Result<Vec<R>, StoreError> {
        self.named_in(R::TABLE, column, ids).await
    }

    /// The same of a table that has these rows, too.
    pub(super) async fn named_in<'a, R: Row>(
        &self,
        table: &str,
        column: &str,
        ids: impl Iterator<Item = &'a str> + Send,
    ) -> Result<Vec<R>, StoreError> {
        let Bind::Texts(ids) = texts(ids) else { return Ok(Vec::new()) };
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rest = format!("WHERE t.{column} {} ORDER BY {}", D::IN, sql::list(R::KEY.iter().copied(), "t."));
        self.list_in(table, &rest, vec![Bind::Texts(ids)]).await
    }

    /// An order's rows, or an archived order's.
    pub(super) async fn named_anywhere<R: Row>(&self, column: &str, order: &str) -> Result<Vec<R>, StoreError> {
        let rows = self.named(column, std::iter::once(order)).await?;
        if !rows.is_empty() {
            return Ok(rows);
        }
        self.named_in(&beside(R::TABLE), column, std::iter::once(order)).await
    }
}

#[async_trait]
impl<D: Database> LookupStore for SqlStore<D> {
    fn vault(&self) -> Option<&Vault> {
        self.1.get()
    }

    async fn orders(&self, ids: &[OrderId]) -> Result<Vec<Vec<HistRow>>, StoreError> {
        self.histories(ids).await
    }

    async fn order_rows(&self, ids: &[OrderId]) -> Result<Vec<OrdRow>, StoreError> {
        self.named("ord_id", ids.iter().map(OrderId::as_str)).await
    }

    async fn archived_rows(&self, orders: &[OrderId]) -> Result<Vec<OrdRow>, StoreError> {
        self.named_in(&beside(OrdRow::TABLE), "ord_id", orders.iter().map(OrderId::as_str)).await
    }

    async fn skus(&self, ids: &[SkuId]) -> Result<Vec<StoredSku>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let units = self.units(ids).await?;
        let products: Vec<PdGdsRow> = self.named("gds_id", units.iter().map(|(u, _)| &*u.gds_id)).await?;
        let templates: Vec<TmplRow> = self.named("dlv_tmpl_id", products.iter().map(|p| &*p.dlv_tmpl_id)).await?;
        let campaigns: Vec<CmpnRow> = self.named("unt_id", ids.iter().map(SkuId::as_str)).await?;
        let buyers = if campaigns.is_empty() { Vec::new() } else { self.buyers(ids).await? };
        let products: HashMap<_, _> = products.iter().map(|p| (&*p.gds_id, p)).collect();
        let templates: HashMap<_, _> = templates.iter().map(|t| (&*t.dlv_tmpl_id, t)).collect();
        let mut skus = Vec::with_capacity(units.len());
        for (unit, ledger) in units {
            let damaged = |what| StoreError::Unusable(format!("SKU {} has no {what}", unit.unt_id));
            let product = *products.get(&*unit.gds_id).ok_or_else(|| damaged("product"))?;
            let template = *templates.get(&*product.dlv_tmpl_id).ok_or_else(|| damaged("delivery template"))?;
            let campaigns: Vec<CmpnRow> = campaigns.iter().filter(|c| c.unt_id == unit.unt_id).cloned().collect();
            let ours = |b: &&(Arc<str>, _, _)| campaigns.iter().any(|c| c.cmpn_id == b.0);
            let buyers = buyers.iter().filter(ours).cloned().collect();
            let (product, template) = (product.clone(), template.clone());
            skus.push(StoredSku { unit, product, template, ledger, campaigns, buyers });
        }
        Ok(skus)
    }

    async fn products(&self, ids: &[ProductId]) -> Result<Vec<PdGdsRow>, StoreError> {
        self.named("gds_id", ids.iter().map(ProductId::as_str)).await
    }

    async fn templates(&self, ids: &[TemplateId]) -> Result<Vec<TmplRow>, StoreError> {
        self.named("dlv_tmpl_id", ids.iter().map(TemplateId::as_str)).await
    }

    async fn promotions(&self, ids: &[PromotionId]) -> Result<Vec<PrmRow>, StoreError> {
        self.named("prm_id", ids.iter().map(PromotionId::as_str)).await
    }

    async fn gift_promotions(
        &self,
        ids: &[PromotionId],
        giving: &[SkuId],
    ) -> Result<Vec<StoredGiftPromotion>, StoreError> {
        let of: Vec<GftPrmUntRow> = self.named("unt_id", giving.iter().map(SkuId::as_str)).await?;
        let ids: BTreeSet<&str> =
            ids.iter().map(PromotionId::as_str).chain(of.iter().map(|r| &*r.gft_prm_id)).collect();
        let found: Vec<GftPrmRow> = self.named("gft_prm_id", ids.iter().copied()).await?;
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let mains: Vec<GftPrmGdsRow> = self.named("gft_prm_id", ids.iter().copied()).await?;
        let gifts: Vec<GftPrmUntRow> = self.named("gft_prm_id", ids.iter().copied()).await?;
        let with = |promotion: GftPrmRow| StoredGiftPromotion {
            mains: mains.iter().filter(|r| r.gft_prm_id == promotion.gft_prm_id).cloned().collect(),
            gifts: gifts.iter().filter(|r| r.gft_prm_id == promotion.gft_prm_id).cloned().collect(),
            promotion,
        };
        Ok(found.into_iter().map(with).collect())
    }

    async fn partners(&self, ids: &[PartnerId]) -> Result<Vec<PtnrRow>, StoreError> {
        self.named("ptnr_id", ids.iter().map(PartnerId::as_str)).await
    }

    async fn consent(&self, partner: &PartnerId, buyer: &PartnerId) -> Result<Option<PtnrByrRow>, StoreError> {
        let binds = vec![Bind::text(partner.as_str()), Bind::text(buyer.as_str())];
        Ok(self.list("WHERE t.ptnr_id = $1 AND t.byr_id = $2", binds).await?.pop())
    }

    async fn campaigns(&self, ids: &[CampaignId]) -> Result<Vec<CmpnRow>, StoreError> {
        self.named("cmpn_id", ids.iter().map(CampaignId::as_str)).await
    }

    async fn payments(&self, ids: &[String]) -> Result<Vec<RgstRow>, StoreError> {
        self.named("pay_id", ids.iter().map(String::as_str)).await
    }

    async fn accounts(&self, order: &OrderId) -> Result<Vec<PrsnRow>, StoreError> {
        let kinds = "t.prsn_knd_cd IN ('PAYER', 'REFUND_ACCOUNT', 'REFUND', 'TOKEN')";
        let rest = format!("WHERE t.ord_id = $1 AND {kinds} ORDER BY t.prsn_knd_cd, t.ord_seq");
        self.list(&rest, vec![Bind::Text(order.as_str().to_owned())]).await
    }

    async fn outcomes(&self, ids: &[CommandId]) -> Result<Vec<Outcome>, StoreError> {
        self.stored_outcomes(ids).await
    }

    async fn reservations(&self, ids: &[Arc<str>]) -> Result<Vec<RsvRow>, StoreError> {
        self.named("rsv_id", ids.iter().map(|id| &**id)).await
    }
}

#[async_trait]
impl<D: Database> LaneStore for SqlStore<D> {
    async fn claim_partitions(&self, partitions: u32) -> Result<(), StoreError> {
        let sql = "INSERT INTO tb_sy_meta (key, value) VALUES ('partitions', $1) ON CONFLICT (key) DO NOTHING";
        self.0.write(sql.into(), vec![Bind::Text(partitions.to_string())], &[]).await?;
        let sql = "SELECT value FROM tb_sy_meta WHERE key = 'partitions'";
        let rows = self.0.read(sql.into(), Vec::new(), &[Type::Text]).await?;
        let stored: Option<String> = rows.into_iter().next().and_then(|row| next(&mut row.into_iter()));
        match stored {
            Some(n) if n == partitions.to_string() => Ok(()),
            n => {
                let n = n.unwrap_or_default();
                Err(StoreError::Unusable(format!("the store has {n} partitions, not {partitions}")))
            }
        }
    }

    async fn acquire_above(
        &self,
        (partition, owner, ttl): (u32, &str, Duration),
        seen: i64,
        over: Option<(&str, Time)>,
    ) -> Result<LeaseAnswer, StoreError> {
        self.0.own()?;
        let sql = format!(
            "INSERT INTO tb_sy_lane AS l (prtn_no, epch, ownr_id, expr_dttm) VALUES ($1, $4 + 1, $2, {}) \
             ON CONFLICT (prtn_no) DO UPDATE SET epch = {}(l.epch + 1, excluded.epch), ownr_id = excluded.ownr_id, \
             expr_dttm = excluded.expr_dttm WHERE l.expr_dttm <= {} OR l.ownr_id = excluded.ownr_id \
             OR (l.ownr_id = $5 AND l.expr_dttm = $6) RETURNING epch",
            D::LATER,
            D::GREATER,
            D::NOW
        );
        // nobody's name is empty
        let (gone, end) = over.unwrap_or(("", Time::UNIX_EPOCH));
        let mut binds = vec![Bind::Int(partition.into()), Bind::text(owner), millis(ttl), Bind::Int(seen)];
        binds.extend([Bind::text(gone), Bind::Time(end)]);
        if let Some(row) = self.0.write(sql, binds, &[Type::Int]).await?.into_iter().next() {
            return Ok(LeaseAnswer::Granted(Lease { partition, epoch: next(&mut row.into_iter()) }));
        }
        let sql = format!("SELECT ownr_id, expr_dttm, {} FROM tb_sy_lane WHERE prtn_no = $1", D::NOW);
        let types = [Type::Text, Type::Time, Type::Time];
        let rows = self.0.read(sql, vec![Bind::Int(partition.into())], &types).await?;
        let row = rows.into_iter().next().ok_or_else(|| StoreError::Unavailable("the lease's row went away".into()))?;
        let mut values = row.into_iter();
        let (owner, until, now): (String, Time, Time) = (next(&mut values), next(&mut values), next(&mut values));
        Ok(LeaseAnswer::Held { owner, until, left: (until - now).to_std().unwrap_or_default() })
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<bool, StoreError> {
        let sql =
            format!("UPDATE tb_sy_lane SET expr_dttm = {} WHERE prtn_no = $1 AND epch = $2 RETURNING epch", D::LATER);
        let binds = vec![Bind::Int(lease.partition.into()), Bind::Int(lease.epoch), millis(ttl)];
        Ok(!self.0.write(sql, binds, &[Type::Int]).await?.is_empty())
    }

    async fn owns(&self, lease: &Lease) -> Result<bool, StoreError> {
        let sql = "SELECT epch FROM tb_sy_lane WHERE prtn_no = $1 AND epch = $2";
        let binds = vec![Bind::Int(lease.partition.into()), Bind::Int(lease.epoch)];
        Ok(!self.0.read(sql.into(), binds, &[Type::Int]).await?.is_empty())
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let sql = format!("UPDATE tb_sy_lane SET expr_dttm = {} WHERE prtn_no = $1 AND epch = $2", D::NOW);
        let binds = vec![Bind::Int(lease.partition.into()), Bind::Int(lease.epoch)];
        self.0.write(sql, binds, &[]).await.map(drop)
    }

    fn encoder(&self) -> Box<dyn BatchEncoder> {
        self.0.encoder()
    }

    async fn committer(&self, _lease: Lease) -> Result<Box<dyn Committer>, StoreError> {
        self.0.own()?;
        self.0.committer().await
    }

    async fn due(&self, partition: u32, until: Time, limit: u32) -> Result<Vec<(OrderId, Time)>, StoreError> {
        let sql = "SELECT ord_id, due_dttm FROM tb_od_ord WHERE prtn_no = $1 AND due_dttm IS NOT NULL \
                   AND due_dttm <= $2 ORDER BY due_dttm, ord_id LIMIT $3";
        let binds = vec![Bind::Int(partition.into()), Bind::Time(until), Bind::Int(limit.into())];
        let rows = self.0.read(sql.into(), binds, &[Type::Text, Type::Time]).await?;
        let due = |row: Vec<Read>| {
            let mut values = row.into_iter();
            (OrderId::stored(&next::<String>(&mut values)), next(&mut values))
        };
        Ok(rows.into_iter().map(due).collect())
    }

    async fn events_between(
        &self,
        partition: u32,
        from: Time,
        until: Time,
        limit: u32,
    ) -> Result<Vec<(OrderId, i64, Time)>, StoreError> {
        self.between(partition, (from, until), limit).await
    }

    async fn outbox(&self, partition: u32, limit: u32) -> Result<Vec<OtbxRow>, StoreError> {
        let binds = vec![Bind::Int(partition.into()), Bind::Int(limit.into())];
        self.list("WHERE t.prtn_no = $1 ORDER BY t.otbx_dttm, t.otbx_id LIMIT $2", binds).await
    }
}

#[async_trait]
impl<D: Database> Store for SqlStore<D> {
    fn reach(&self) -> Option<&str> {
        self.0.reach()
    }

    fn lock(&self, vault: Vault) {
        self.1.get_or_init(|| vault);
    }

    fn apart(&self) -> Option<Arc<dyn Store>> {
        Some(Arc::new(Self(self.0.apart()?, Arc::clone(&self.1))))
    }

    fn beside(&self, suffix: &str) -> Option<PathBuf> {
        self.0.beside(suffix)
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        self.0.migrate().await
    }

    async fn migrated(&self) -> Result<(), StoreError> {
        self.0.migrated().await
    }

    async fn grant(&self, role: &str) -> Result<(), StoreError> {
        self.0.grant(role).await
    }
}
