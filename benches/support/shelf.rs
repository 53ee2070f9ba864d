//! A store without a disk: every SKU that is asked for exists with plenty of stock, and nothing else does.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jumun::{
    domain::{
        Time,
        ids::{CampaignId, CommandId, OrderId, PartnerId, ProductId, PromotionId, SkuId, TemplateId},
    },
    store::{
        Batch, BatchEncoder, Committer, EncodedBatch, Lease, LeaseAnswer, Outcome, Store, StoreError,
        StoredGiftPromotion, StoredSku, TableRef, UntRow,
        archive::{ArchRow, ArchiveStore, Moving, Stretch, Sum},
        door::{AdminStore, DoorAuditRow, HookLetterRow, HookRow},
        people::{AccessQuery, AccessRow, CountBy, LineCount, LineQuery, LineRow, PeopleStore, ReviewQuery, ReviewRow},
        retention::{Expiring, KeepsPerson, RetentionStore},
        row::Read,
        rows::{
            AditRow, AprvRow, CmpnRow, ExchRow, HistRow, LnkRow, OrdRow, OtbxRow, PdGdsRow, PrmRow, PrsnRow,
            PtnrByrRow, PtnrRow, RgstRow, RsvRow, RtnRow, TmplRow,
        },
        seals::{SealAt, SealStore},
    },
};

/// Units of each SKU.
const STOCK: i64 = 1_000_000_000;

/// The store.
pub struct Shelf;

/// A SKU of it.
pub fn sku(id: &str) -> StoredSku {
    StoredSku {
        unit: UntRow {
            unt_id: id.into(),
            gds_id: "g-1".into(),
            opt_nm: "one size".into(),
            hldr_id: None,
            prtn_no: 0,
            stck_qty: STOCK,
            hold_qty: 0,
            sold_qty: 0,
            ldgr_no: 1,
            rstk_qty: 0,
        },
        product: PdGdsRow {
            gds_id: "g-1".into(),
            gds_nm: "goods".into(),
            gds_knd_cd: "GOODS".into(),
            gds_typ_cd: "normal".into(),
            sl_upr: 10_000,
            ptnr_id: "p-1".into(),
            dlv_tmpl_id: "t-1".into(),
            bndl_yn: true,
            dlv_fee: 3_000,
            free_dlv_yn: true,
            dlv_lead_days: 2,
            pre_rfnd_yn: false,
            pnt_rate_bp: 0,
            kept_dlv_fee: None,
            kept_bndl_yn: false,
            kept_free_dlv_yn: false,
        },
        template: TmplRow {
            dlv_tmpl_id: "t-1".into(),
            ptnr_id: "p-1".into(),
            tmpl_nm: "parcel".into(),
            free_thrs_amt: None,
        },
        ledger: Some((STOCK, 0, 0)),
        campaigns: Vec::new(),
        buyers: Vec::new(),
    }
}

fn no<T>() -> Result<T, StoreError> {
    Err(StoreError::Unusable("the bench's store only reads".into()))
}

/// What nobody asks for: no lane commits here.
struct Nothing;

impl BatchEncoder for Nothing {
    fn prepare(&mut self, _: &Batch) -> Result<EncodedBatch, StoreError> {
        Ok(EncodedBatch::AsItIs)
    }
}

#[async_trait]
impl AdminStore for Shelf {
    async fn note(&self, _: &DoorAuditRow) -> Result<(), StoreError> {
        no()
    }
    async fn unnote(&self, _: &str) -> Result<(), StoreError> {
        Ok(())
    }

    async fn notes(&self, _: Option<&str>, _: u32) -> Result<Vec<DoorAuditRow>, StoreError> {
        no()
    }
    async fn order_notes(&self, _: &OrderId) -> Result<Vec<AditRow>, StoreError> {
        no()
    }
    async fn erase(&self, _: &[OrderId]) -> Result<u64, StoreError> {
        no()
    }
    async fn erase_recipients(&self, _: &[OrderId]) -> Result<u64, StoreError> {
        no()
    }
    async fn erase_words(&self, _: &OrderId, _: &[String], _: &[(i64, String)]) -> Result<(), StoreError> {
        no()
    }
    async fn hook_letter_says(&self, _: &str, _: &str) -> Result<(), StoreError> {
        no()
    }
    async fn hook(&self, _: &str) -> Result<Vec<HookRow>, StoreError> {
        no()
    }
    async fn hook_at(&self, _: &HookRow) -> Result<(), StoreError> {
        no()
    }
    async fn hook_letter(&self, _: &HookLetterRow) -> Result<(), StoreError> {
        no()
    }
    async fn hook_letters(&self, _: &str, _: Option<&str>, _: u32) -> Result<Vec<HookLetterRow>, StoreError> {
        no()
    }
    async fn hook_letter_of(&self, _: &str, _: &str) -> Result<Option<HookLetterRow>, StoreError> {
        no()
    }
    async fn hook_letter_done(&self, _: &str, _: &str) -> Result<bool, StoreError> {
        no()
    }
    async fn hook_letter_counts(&self) -> Result<Vec<(String, i64)>, StoreError> {
        no()
    }
}

#[async_trait]
impl PeopleStore for Shelf {
    async fn find_lines(&self, _: &LineQuery) -> Result<Vec<LineRow>, StoreError> {
        no()
    }
    async fn count_lines(&self, _: &LineQuery, _: CountBy) -> Result<Vec<LineCount>, StoreError> {
        no()
    }
    async fn persons(&self, _: &[OrderId]) -> Result<Vec<PrsnRow>, StoreError> {
        no()
    }
    async fn parents(&self, _: &[OrderId]) -> Result<Vec<LnkRow>, StoreError> {
        no()
    }
    async fn children(&self, _: &[OrderId]) -> Result<Vec<LnkRow>, StoreError> {
        no()
    }
    async fn claims(&self, _: &[OrderId]) -> Result<(Vec<RtnRow>, Vec<ExchRow>), StoreError> {
        no()
    }
    async fn units_named(&self, _: &[SkuId]) -> Result<Vec<UntRow>, StoreError> {
        no()
    }
    async fn units_of(&self, _: &PartnerId, _: Option<&str>, _: u32) -> Result<Vec<UntRow>, StoreError> {
        no()
    }
    async fn reviews(&self, _: &ReviewQuery) -> Result<Vec<ReviewRow>, StoreError> {
        no()
    }
    async fn note_access(&self, _: &[AccessRow]) -> Result<(), StoreError> {
        no()
    }
    async fn accesses(&self, _: &AccessQuery) -> Result<Vec<AccessRow>, StoreError> {
        no()
    }
}

#[async_trait]
impl ArchiveStore for Shelf {
    async fn ended(&self, _: Time, _: Option<&(Time, OrderId)>, _: u32) -> Result<Vec<(Time, OrderId)>, StoreError> {
        no()
    }
    async fn reserved_for(&self, _: &[OrderId]) -> Result<Vec<RsvRow>, StoreError> {
        no()
    }
    async fn awaited(&self, _: &[OrderId]) -> Result<Vec<OrderId>, StoreError> {
        no()
    }
    async fn archive_orders(&self, _: &[Moving], _: Time) -> Result<Vec<Sum>, StoreError> {
        no()
    }
    async fn older_ledger(&self, _: &SkuId, _: Time, _: u32) -> Result<Option<Stretch>, StoreError> {
        no()
    }
    async fn archive_ledger(&self, _: &Stretch, _: Time) -> Result<Sum, StoreError> {
        no()
    }
    async fn archive_entry(&self, _: &OrderId) -> Result<Option<ArchRow>, StoreError> {
        no()
    }
    async fn archived_rows(&self, _: &[OrderId]) -> Result<Vec<OrdRow>, StoreError> {
        Ok(Vec::new())
    }
    async fn archived_sums(&self, _: &[OrderId]) -> Result<Vec<Sum>, StoreError> {
        no()
    }
    async fn archived_ledger_sum(&self, _: &Stretch) -> Result<Sum, StoreError> {
        no()
    }
}

#[async_trait]
impl RetentionStore for Shelf {
    async fn expire(&self, _: Expiring, _: Time, _: u32) -> Result<u64, StoreError> {
        no()
    }
    async fn keeping_persons(&self, _: Option<&str>, _: u32) -> Result<Vec<KeepsPerson>, StoreError> {
        no()
    }
    async fn keeping_words(&self, _: Option<&str>, _: u32) -> Result<Vec<KeepsPerson>, StoreError> {
        no()
    }
}

#[async_trait]
impl SealStore for Shelf {
    async fn noted(&self, _: &str) -> Result<Option<String>, StoreError> {
        no()
    }
    async fn note_if(&self, _: &str, _: Option<&str>, _: &str) -> Result<bool, StoreError> {
        no()
    }
    async fn note_as(&self, _: &str, _: &str) -> Result<(), StoreError> {
        no()
    }
    async fn secrets(&self, _: Option<&SealAt>, _: u32) -> Result<Vec<PrsnRow>, StoreError> {
        no()
    }
    async fn bare_approvals(&self, _: Option<&SealAt>, _: u32) -> Result<Vec<AprvRow>, StoreError> {
        no()
    }
    async fn sealed_again(&self, _: &PrsnRow, _: &str) -> Result<bool, StoreError> {
        no()
    }
    async fn approval_sealed(&self, _: &AprvRow, _: &[PrsnRow]) -> Result<bool, StoreError> {
        no()
    }
    async fn owned(&self) -> Result<Vec<i64>, StoreError> {
        no()
    }
}

#[async_trait]
impl Store for Shelf {
    fn kind(&self) -> &'static str {
        "shelf"
    }
    async fn migrate(&self) -> Result<(), StoreError> {
        no()
    }
    async fn claim_partitions(&self, _: u32) -> Result<(), StoreError> {
        no()
    }
    async fn acquire_above(
        &self,
        _: (u32, &str, Duration),
        _: i64,
        _: Option<(&str, Time)>,
    ) -> Result<LeaseAnswer, StoreError> {
        no()
    }
    async fn renew(&self, _: &Lease, _: Duration) -> Result<bool, StoreError> {
        no()
    }
    async fn owns(&self, _: &Lease) -> Result<bool, StoreError> {
        no()
    }
    async fn release(&self, _: &Lease) -> Result<(), StoreError> {
        no()
    }
    fn preparer(&self) -> Box<dyn BatchEncoder> {
        Box::new(Nothing)
    }
    async fn committer(&self, _: Lease) -> Result<Box<dyn Committer>, StoreError> {
        no()
    }
    async fn orders(&self, _: &[OrderId]) -> Result<Vec<Vec<HistRow>>, StoreError> {
        Ok(Vec::new())
    }
    async fn history(&self, _: &OrderId, _: i64, _: u32) -> Result<Vec<HistRow>, StoreError> {
        Ok(Vec::new())
    }
    async fn order_rows(&self, _: &[OrderId]) -> Result<Vec<OrdRow>, StoreError> {
        Ok(Vec::new())
    }
    async fn find_orders(&self, _: &jumun::store::OrderQuery) -> Result<Vec<OrdRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn ledger(&self, _: &SkuId, _: Option<i64>, _: u32) -> Result<Vec<jumun::store::rows::LdgrRow>, StoreError> {
        Ok(Vec::new())
    }

    async fn skus(&self, ids: &[SkuId]) -> Result<Vec<StoredSku>, StoreError> {
        Ok(ids.iter().map(|id| sku(id.as_str())).collect())
    }
    async fn products(&self, _: &[ProductId]) -> Result<Vec<PdGdsRow>, StoreError> {
        Ok(Vec::new())
    }
    async fn templates(&self, _: &[TemplateId]) -> Result<Vec<TmplRow>, StoreError> {
        Ok(Vec::new())
    }
    async fn promotions(&self, _: &[PromotionId]) -> Result<Vec<PrmRow>, StoreError> {
        Ok(Vec::new())
    }
    async fn gift_promotions(&self, _: &[PromotionId], _: &[SkuId]) -> Result<Vec<StoredGiftPromotion>, StoreError> {
        Ok(Vec::new())
    }
    async fn partners(&self, _: &[PartnerId]) -> Result<Vec<PtnrRow>, StoreError> {
        Ok(Vec::new())
    }
    async fn consent(&self, _: &PartnerId, _: &PartnerId) -> Result<Option<PtnrByrRow>, StoreError> {
        Ok(None)
    }
    async fn campaigns(&self, _: &[CampaignId]) -> Result<Vec<CmpnRow>, StoreError> {
        Ok(Vec::new())
    }
    async fn outcomes(&self, _: &[CommandId]) -> Result<Vec<Outcome>, StoreError> {
        Ok(Vec::new())
    }
    async fn events_between(&self, _: u32, _: Time, _: Time, _: u32) -> Result<Vec<(OrderId, i64, Time)>, StoreError> {
        Ok(Vec::new())
    }
    async fn due(&self, _: u32, _: Time, _: u32) -> Result<Vec<(OrderId, Time)>, StoreError> {
        Ok(Vec::new())
    }
    async fn outbox(&self, _: u32, _: u32) -> Result<Vec<OtbxRow>, StoreError> {
        Ok(Vec::new())
    }
    async fn approvals(&self, _: &OrderId) -> Result<Vec<AprvRow>, StoreError> {
        Ok(Vec::new())
    }
    async fn payments(&self, _: &[String]) -> Result<Vec<RgstRow>, StoreError> {
        Ok(Vec::new())
    }
    async fn accounts(&self, _: &OrderId) -> Result<Vec<PrsnRow>, StoreError> {
        Ok(Vec::new())
    }
    async fn reservations(&self, _: &[Arc<str>]) -> Result<Vec<RsvRow>, StoreError> {
        Ok(Vec::new())
    }
    async fn hottest(&self, _: u32) -> Result<Vec<UntRow>, StoreError> {
        Ok(Vec::new())
    }
    async fn page(&self, _: TableRef, _: Option<Vec<Read>>, _: u32) -> Result<Vec<Vec<Read>>, StoreError> {
        Ok(Vec::new())
    }
}
