//! Looking things up by id: what actors are made of, and what the others ask too.

use std::sync::Arc;

use async_trait::async_trait;

use super::{
    Outcome, StoreError, StoredGiftPromotion, StoredSku,
    rows::{CmpnRow, HistRow, OrdRow, PdGdsRow, PrmRow, PrsnRow, PtnrByrRow, PtnrRow, RgstRow, RsvRow, TmplRow},
};
use crate::{
    domain::ids::{CampaignId, CommandId, OrderId, PartnerId, ProductId, PromotionId, SkuId, TemplateId},
    vault::Vault,
};

/// What is stored, by id. Reads may run beside a commit.
#[async_trait]
pub trait LookupStore: Send + Sync {
    /// What account numbers and tokens are sealed by, once [`super::Store::lock`] was called.
    fn vault(&self) -> Option<&Vault> {
        None
    }

    /// The orders' histories, each in order, archived ones too; unknown ids are left out.
    async fn orders(&self, ids: &[OrderId]) -> Result<Vec<Vec<HistRow>>, StoreError>;
    /// The rows of orders that are not archived.
    async fn order_rows(&self, ids: &[OrderId]) -> Result<Vec<OrdRow>, StoreError>;
    /// The rows of archived orders.
    async fn archived_rows(&self, ids: &[OrderId]) -> Result<Vec<OrdRow>, StoreError>;
    async fn skus(&self, ids: &[SkuId]) -> Result<Vec<StoredSku>, StoreError>;
    async fn products(&self, ids: &[ProductId]) -> Result<Vec<PdGdsRow>, StoreError>;
    async fn templates(&self, ids: &[TemplateId]) -> Result<Vec<TmplRow>, StoreError>;
    async fn promotions(&self, ids: &[PromotionId]) -> Result<Vec<PrmRow>, StoreError>;
    /// The gift promotions of these ids, and those that give (or gave) one of these SKUs, by id.
    async fn gift_promotions(
        &self,
        ids: &[PromotionId],
        giving: &[SkuId],
    ) -> Result<Vec<StoredGiftPromotion>, StoreError>;
    async fn partners(&self, ids: &[PartnerId]) -> Result<Vec<PtnrRow>, StoreError>;
    /// What a partner has said of a buyer, if anything.
    async fn consent(&self, partner: &PartnerId, buyer: &PartnerId) -> Result<Option<PtnrByrRow>, StoreError>;
    async fn campaigns(&self, ids: &[CampaignId]) -> Result<Vec<CmpnRow>, StoreError>;
    /// The payments of these ids that the register has, by any means.
    async fn payments(&self, ids: &[String]) -> Result<Vec<RgstRow>, StoreError>;
    /// What is kept of an order's payer and of where its refunds go.
    async fn accounts(&self, order: &OrderId) -> Result<Vec<PrsnRow>, StoreError>;
    /// Stored outcomes of these commands, of any lane; unknown ids are left out.
    async fn outcomes(&self, ids: &[CommandId]) -> Result<Vec<Outcome>, StoreError>;
    async fn reservations(&self, ids: &[Arc<str>]) -> Result<Vec<RsvRow>, StoreError>;
}
