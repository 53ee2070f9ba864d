//! The store in this process: what whole sales are simulated on. It keeps rows, and what must be unique and hold of them, as
//! the others' SQL does; it answers what lanes and the checker ask. Nobody searches in it, and nothing outlives it.

mod tables;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;

use self::tables::{Tables, key_of};
use super::{
    Batch, Commit, Committer, LaneStore, Lease, LeaseAnswer, LookupStore, Outcome, OutcomeOrder, QueryStore,
    StoreError, StoredGiftPromotion, StoredSku, TableRef, UntRow,
    archive::{Stretch, Sum},
    row::Read,
    rows::{
        AprvRow, CmdRow, CmpnRow, GftPrmGdsRow, GftPrmRow, GftPrmUntRow, HistRow, LdgrRow, OrdRow, OtbxRow, PdGdsRow,
        PrmRow, PrsnRow, PtnrByrRow, PtnrRow, RgstRow, RsvRow, TmplRow,
    },
};
use crate::{
    clock::Clock,
    domain::{
        Time,
        ids::{CampaignId, CommandId, OrderId, PartnerId, ProductId, PromotionId, SkuId, TemplateId},
    },
};

/// Who owns a partition.
#[derive(Debug, Clone)]
struct Owner {
    epoch: i64,
    name: String,
    until: Time,
}

#[derive(Debug, Default)]
struct State {
    /// a defect: superseded owners commit
    unfenced: bool,
    tables: Tables,
    owners: BTreeMap<u32, Owner>,
    partitions: Option<u32>,
}

/// The store in this process.
pub struct MemoryStore {
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MemoryStore {
    /// An empty one.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// A defect, to be found out: whoever was superseded commits.
    pub fn forget_the_fence(&self) {
        self.state().unfenced = true;
    }

    /// A defect, to be found out: what is there already is written over.
    pub fn forget_unique_keys(&self) {
        self.state().tables.overwrites = true;
    }

    /// Another system changes what is on hand of a SKU.
    pub fn change_from_outside(&self, sku: &str, by: i64) {
        self.state().tables.change(sku, by);
    }
}

struct MemoryCommitter(Arc<Mutex<State>>);

#[async_trait]
impl Committer for MemoryCommitter {
    async fn commit(&mut self, batch: &Batch) -> Result<Commit, StoreError> {
        let mut state = lock(&self.0);
        if !state.unfenced && state.owners.get(&batch.partition).is_none_or(|owner| owner.epoch != batch.epoch) {
            return Ok(Commit::Fenced);
        }
        state.tables.commit(batch)
    }
}

#[async_trait]
impl LookupStore for MemoryStore {
    async fn orders(&self, ids: &[OrderId]) -> Result<Vec<Vec<HistRow>>, StoreError> {
        let state = self.state();
        let ids: BTreeSet<&str> = ids.iter().map(OrderId::as_str).collect();
        let histories = ids.into_iter().map(|id| state.tables.of::<HistRow>(id).cloned().collect::<Vec<_>>());
        Ok(histories.filter(|rows| !rows.is_empty()).collect())
    }

    async fn order_rows(&self, ids: &[OrderId]) -> Result<Vec<OrdRow>, StoreError> {
        Ok(self.state().tables.named(ids.iter().map(OrderId::as_str)))
    }

    async fn archived_rows(&self, _: &[OrderId]) -> Result<Vec<OrdRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn skus(&self, ids: &[SkuId]) -> Result<Vec<StoredSku>, StoreError> {
        let state = self.state();
        let tables = &state.tables;
        let stored = |unit: UntRow| {
            let damaged = |what| StoreError::Unusable(format!("SKU {} has no {what}", unit.unt_id));
            let product: &PdGdsRow = tables.of(&unit.gds_id).next().ok_or_else(|| damaged("product"))?;
            let template: &TmplRow =
                tables.of(&product.dlv_tmpl_id).next().ok_or_else(|| damaged("delivery template"))?;
            let campaigns: Vec<CmpnRow> =
                tables.all::<CmpnRow>().filter(|c| c.unt_id == unit.unt_id).cloned().collect();
            let last = tables.of::<LdgrRow>(&unit.unt_id).next_back();
            let mut used: BTreeMap<(&Arc<str>, &Arc<str>), i64> = BTreeMap::new();
            for row in tables.of::<LdgrRow>(&unit.unt_id).filter(|_| !campaigns.is_empty()) {
                let (Some(campaign), Some(customer)) = (&row.cmpn_id, &row.cust_id) else { continue };
                if campaigns.iter().any(|c| c.cmpn_id == *campaign && row.ldgr_no > c.strt_ldgr_no) {
                    *used.entry((campaign, customer)).or_default() += row.cmpn_dlt;
                }
            }
            let buyers = used.into_iter().filter(|(_, n)| *n > 0);
            Ok(StoredSku {
                product: product.clone(),
                template: template.clone(),
                ledger: last.map(|row| (row.stck_qty, row.hold_qty, row.sold_qty)),
                buyers: buyers
                    .map(|((campaign, customer), n)| (Arc::clone(campaign), Arc::clone(customer), n))
                    .collect(),
                campaigns,
                unit,
            })
        };
        tables.named::<UntRow>(ids.iter().map(SkuId::as_str)).into_iter().map(stored).collect()
    }

    async fn products(&self, ids: &[ProductId]) -> Result<Vec<PdGdsRow>, StoreError> {
        Ok(self.state().tables.named(ids.iter().map(ProductId::as_str)))
    }

    async fn templates(&self, ids: &[TemplateId]) -> Result<Vec<TmplRow>, StoreError> {
        Ok(self.state().tables.named(ids.iter().map(TemplateId::as_str)))
    }

    async fn promotions(&self, ids: &[PromotionId]) -> Result<Vec<PrmRow>, StoreError> {
        Ok(self.state().tables.named(ids.iter().map(PromotionId::as_str)))
    }

    async fn gift_promotions(
        &self,
        ids: &[PromotionId],
        giving: &[SkuId],
    ) -> Result<Vec<StoredGiftPromotion>, StoreError> {
        let state = self.state();
        let tables = &state.tables;
        let gives = |row: &&GftPrmUntRow| giving.iter().any(|sku| sku.as_str() == &*row.unt_id);
        let giving: Vec<Arc<str>> =
            tables.all::<GftPrmUntRow>().filter(gives).map(|row| Arc::clone(&row.gft_prm_id)).collect();
        let ids = ids.iter().map(PromotionId::as_str).chain(giving.iter().map(|id| &**id));
        let with = |promotion: GftPrmRow| StoredGiftPromotion {
            mains: tables.of::<GftPrmGdsRow>(&promotion.gft_prm_id).cloned().collect(),
            gifts: tables.of::<GftPrmUntRow>(&promotion.gft_prm_id).cloned().collect(),
            promotion,
        };
        Ok(tables.named::<GftPrmRow>(ids).into_iter().map(with).collect())
    }

    async fn partners(&self, ids: &[PartnerId]) -> Result<Vec<PtnrRow>, StoreError> {
        Ok(self.state().tables.named(ids.iter().map(PartnerId::as_str)))
    }

    async fn consent(&self, partner: &PartnerId, buyer: &PartnerId) -> Result<Option<PtnrByrRow>, StoreError> {
        Ok(self.state().tables.of::<PtnrByrRow>(partner.as_str()).find(|row| *row.byr_id == *buyer.as_str()).cloned())
    }

    async fn campaigns(&self, ids: &[CampaignId]) -> Result<Vec<CmpnRow>, StoreError> {
        Ok(self.state().tables.named(ids.iter().map(CampaignId::as_str)))
    }

    async fn payments(&self, ids: &[String]) -> Result<Vec<RgstRow>, StoreError> {
        Ok(self.state().tables.named(ids.iter().map(String::as_str)))
    }

    async fn accounts(&self, order: &OrderId) -> Result<Vec<PrsnRow>, StoreError> {
        let kept = |row: &&PrsnRow| matches!(&*row.prsn_knd_cd, "PAYER" | "REFUND_ACCOUNT" | "REFUND");
        Ok(self.state().tables.of::<PrsnRow>(order.as_str()).filter(kept).cloned().collect())
    }

    async fn outcomes(&self, ids: &[CommandId]) -> Result<Vec<Outcome>, StoreError> {
        let state = self.state();
        let tables = &state.tables;
        let mut found = Vec::new();
        for id in ids.iter().map(CommandId::as_str).collect::<BTreeSet<&str>>() {
            let events: Vec<&HistRow> = tables.events_of(id).into_iter().filter(|e| e.of_order()).collect();
            if let (Some(first), Some(last)) = (events.first(), events.last()) {
                let order: Option<&OrdRow> = tables.of(&first.ord_id).next();
                let order = order.ok_or_else(|| StoreError::Unusable("an event without its order's row".into()))?;
                found.push(Outcome {
                    cmd_id: Arc::clone(&first.cmd_id),
                    digest: Arc::clone(&first.cmd_dgst),
                    partition: u32::try_from(order.prtn_no).unwrap_or_default(),
                    order: Some(OutcomeOrder {
                        ord_id: Arc::clone(&last.ord_id),
                        status: last.ord_stat_cd.clone(),
                        version: last.hist_no,
                    }),
                    answer: events.iter().find_map(|e| e.ansr.clone()),
                    events: events.iter().map(|e| (e.hist_no, e.evnt_ver, Arc::clone(&e.evnt), e.hist_dttm)).collect(),
                });
            }
            found.extend(tables.of::<CmdRow>(id).map(|row| Outcome {
                cmd_id: Arc::clone(&row.cmd_id),
                digest: Arc::clone(&row.cmd_dgst),
                partition: u32::try_from(row.prtn_no).unwrap_or_default(),
                order: None,
                answer: row.ansr.clone(),
                events: Vec::new(),
            }));
        }
        Ok(found)
    }

    async fn reservations(&self, ids: &[Arc<str>]) -> Result<Vec<RsvRow>, StoreError> {
        Ok(self.state().tables.named(ids.iter().map(|id| &**id)))
    }
}

#[async_trait]
impl LaneStore for MemoryStore {
    async fn claim_partitions(&self, partitions: u32) -> Result<(), StoreError> {
        let stored = *self.state().partitions.get_or_insert(partitions);
        if stored == partitions {
            return Ok(());
        }
        Err(StoreError::Unusable(format!("the store has {stored} partitions, not {partitions}")))
    }

    async fn acquire_above(
        &self,
        (partition, owner, ttl): (u32, &str, Duration),
        seen: i64,
        over: Option<(&str, Time)>,
    ) -> Result<LeaseAnswer, StoreError> {
        let now = self.clock.now();
        let mut state = self.state();
        let before = state.owners.get(&partition);
        if let Some(held) =
            before.filter(|held| held.until > now && held.name != owner && over != Some((&*held.name, held.until)))
        {
            let left = (held.until - now).to_std().unwrap_or_default();
            return Ok(LeaseAnswer::Held { owner: held.name.clone(), until: held.until, left });
        }
        let epoch = before.map_or(0, |held| held.epoch).max(seen) + 1;
        state.owners.insert(partition, Owner { epoch, name: owner.to_owned(), until: now + ttl });
        Ok(LeaseAnswer::Granted(Lease { partition, epoch }))
    }

    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let mut state = self.state();
        let held = state.owners.get_mut(&lease.partition).filter(|owner| owner.epoch == lease.epoch);
        Ok(held.map(|owner| owner.until = now + ttl).is_some())
    }

    async fn owns(&self, lease: &Lease) -> Result<bool, StoreError> {
        Ok(self.state().owners.get(&lease.partition).is_some_and(|owner| owner.epoch == lease.epoch))
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut state = self.state();
        let held = state.owners.get_mut(&lease.partition).filter(|owner| owner.epoch == lease.epoch);
        held.into_iter().for_each(|owner| owner.until = now);
        Ok(())
    }

    async fn committer(&self, _: Lease) -> Result<Box<dyn Committer>, StoreError> {
        Ok(Box::new(MemoryCommitter(Arc::clone(&self.state))))
    }

    async fn due(&self, partition: u32, until: Time, limit: u32) -> Result<Vec<(OrderId, Time)>, StoreError> {
        let state = self.state();
        let due = state.tables.due(i64::from(partition), until.timestamp_millis());
        let told = due.filter_map(|(id, at)| Some((OrderId::stored(id), Time::from_timestamp_millis(at)?)));
        Ok(told.take(usize::try_from(limit).unwrap_or(usize::MAX)).collect())
    }

    async fn events_between(
        &self,
        partition: u32,
        from: Time,
        until: Time,
        limit: u32,
    ) -> Result<Vec<(OrderId, i64, Time)>, StoreError> {
        let state = self.state();
        let tables = &state.tables;
        let of: HashMap<&str, i64> = tables.all::<OrdRow>().map(|o| (&*o.ord_id, o.prtn_no)).collect();
        let within = |e: &&HistRow| e.hist_dttm >= from && e.hist_dttm < until;
        let ours = |e: &&HistRow| of.get(&*e.ord_id) == Some(&i64::from(partition));
        let mut events: Vec<&HistRow> = tables.all::<HistRow>().filter(|e| within(e) && ours(e)).collect();
        events.sort_by(|a, b| (b.hist_dttm, &a.ord_id, a.hist_no).cmp(&(a.hist_dttm, &b.ord_id, b.hist_no)));
        events.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(events.into_iter().map(|e| (OrderId::stored(&e.ord_id), e.hist_no, e.hist_dttm)).collect())
    }

    async fn outbox(&self, partition: u32, limit: u32) -> Result<Vec<OtbxRow>, StoreError> {
        let state = self.state();
        let ours = |row: &&OtbxRow| row.prtn_no == i64::from(partition);
        let mut rows: Vec<&OtbxRow> = state.tables.all::<OtbxRow>().filter(ours).collect();
        rows.sort_by(|a, b| (a.otbx_dttm, &a.otbx_id).cmp(&(b.otbx_dttm, &b.otbx_id)));
        Ok(rows.into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect())
    }
}

#[async_trait]
impl QueryStore for MemoryStore {
    fn kind(&self) -> &'static str {
        "memory"
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn history(&self, id: &OrderId, after: i64, limit: u32) -> Result<Vec<HistRow>, StoreError> {
        let state = self.state();
        let later = state.tables.of::<HistRow>(id.as_str()).filter(|row| row.hist_no > after);
        Ok(later.take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect())
    }

    async fn ledger(&self, id: &SkuId, before: Option<i64>, limit: u32) -> Result<Vec<LdgrRow>, StoreError> {
        let state = self.state();
        let rows = state.tables.of::<LdgrRow>(id.as_str()).rev();
        let below = rows.filter(|row| before.is_none_or(|before| row.ldgr_no < before));
        Ok(below.take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect())
    }

    async fn approvals(&self, order: &OrderId) -> Result<Vec<AprvRow>, StoreError> {
        Ok(self.state().tables.of::<AprvRow>(order.as_str()).cloned().collect())
    }

    async fn hottest(&self, _: u32) -> Result<Vec<UntRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn page(&self, table: TableRef, after: Option<Vec<Read>>, limit: u32) -> Result<Vec<Vec<Read>>, StoreError> {
        let after = after.map(|values| key_of(&values));
        let state = self.state();
        // the two tables that no batch writes
        match table.name {
            "tb_sy_meta" => {
                let text = |text: String| Read::Text(Some(text));
                let row = |n: u32| vec![text("partitions".to_owned()), text(n.to_string())];
                return Ok(state.partitions.map(row).into_iter().collect());
            }
            "tb_sy_lane" => {
                let row = |(partition, owner): (&u32, &Owner)| {
                    vec![Read::Int(Some(i64::from(*partition))), Read::Int(Some(owner.epoch))]
                };
                return Ok(state.owners.iter().map(row).collect());
            }
            _ => {}
        }
        Ok(state.tables.page(&table, after.as_ref(), usize::try_from(limit).unwrap_or(usize::MAX)))
    }

    async fn archived_sums(&self, _: &[OrderId]) -> Result<Vec<Sum>, StoreError> {
        Ok(Vec::new())
    }

    async fn archived_ledger_sum(&self, _: &Stretch) -> Result<Sum, StoreError> {
        Err(StoreError::Unusable("the store in this process has no archive".into()))
    }
}
