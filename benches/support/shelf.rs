//! A store without a disk: every SKU that is asked for exists with plenty of stock, and nothing else does.

use std::sync::Arc;

use async_trait::async_trait;
use jumun::{
    domain::ids::{CampaignId, CommandId, OrderId, PartnerId, ProductId, PromotionId, SkuId, TemplateId},
    store::{
        LookupStore, Outcome, StoreError, StoredGiftPromotion, StoredSku, UntRow,
        rows::{CmpnRow, HistRow, OrdRow, PdGdsRow, PrmRow, PrsnRow, PtnrByrRow, PtnrRow, RgstRow, RsvRow, TmplRow},
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

#[async_trait]
impl LookupStore for Shelf {
    async fn orders(&self, _: &[OrderId]) -> Result<Vec<Vec<HistRow>>, StoreError> {
        Ok(Vec::new())
    }
    async fn order_rows(&self, _: &[OrderId]) -> Result<Vec<OrdRow>, StoreError> {
        Ok(Vec::new())
    }
    async fn archived_rows(&self, _: &[OrderId]) -> Result<Vec<OrdRow>, StoreError> {
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
    async fn payments(&self, _: &[String]) -> Result<Vec<RgstRow>, StoreError> {
        Ok(Vec::new())
    }
    async fn accounts(&self, _: &OrderId) -> Result<Vec<PrsnRow>, StoreError> {
        Ok(Vec::new())
    }
    async fn outcomes(&self, _: &[CommandId]) -> Result<Vec<Outcome>, StoreError> {
        Ok(Vec::new())
    }
    async fn reservations(&self, _: &[Arc<str>]) -> Result<Vec<RsvRow>, StoreError> {
        Ok(Vec::new())
    }
}
