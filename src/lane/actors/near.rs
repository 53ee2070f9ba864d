//! Reference data near at hand, and what is stored of it. Kept for a moment, because the truth is the store's and another lane may
//! change it; what this lane has set stands until it is durable.

use std::{
    cell::{RefCell, RefMut},
    collections::HashMap,
    sync::Arc,
};

use super::cache::Cache;
use crate::{
    domain::{
        Time,
        catalog::{Promotion, SkuRef},
        gift::GiftPromotion,
        ids::{CampaignId, PartnerId, ProductId, PromotionId, SkuId, TemplateId},
    },
    history::catalog::{self, DeliveryTemplate, PartnerRecord, ProductRecord, sku_info},
    store::{LookupStore, StoreError},
};

/// What is kept.
#[derive(Default)]
pub(super) struct CachedReference {
    pub(super) skus: Cache<SkuId, Option<SkuRef>>,
    pub(super) promotions: Cache<PromotionId, Option<Promotion>>,
    gifts: NearGifts,
    /// made in this lane and perhaps not committed yet, with the batch that holds them
    pub(super) products: HashMap<ProductId, (ProductRecord, u64)>,
    pub(super) templates: HashMap<TemplateId, (DeliveryTemplate, u64)>,
    pub(super) made_promotions: HashMap<PromotionId, (Promotion, u64)>,
    pub(super) partners: HashMap<PartnerId, (PartnerRecord, u64)>,
    consents: Consents,
    campaigns: HashMap<CampaignId, u64>,
}

/// What is near at hand.
pub struct ReferenceCache {
    store: Arc<dyn LookupStore>,
    pub(super) kept: RefCell<CachedReference>,
}

impl ReferenceCache {
    /// Nothing is near yet.
    pub fn new(store: Arc<dyn LookupStore>) -> Self {
        Self { store, kept: RefCell::default() }
    }

    /// The descriptions of SKUs as the store has them, wherever they live; unknown ones are left out, here as below.
    pub(super) async fn stored_skus(&self, ids: &[SkuId]) -> Result<Vec<SkuRef>, StoreError> {
        Ok(self.store.skus(ids).await?.iter().map(|s| Arc::new(sku_info(s))).collect())
    }

    /// Promotions and coupons, as the store has them.
    pub(super) async fn stored_promotions(&self, ids: &[PromotionId]) -> Result<Vec<Promotion>, StoreError> {
        Ok(self.store.promotions(ids).await?.iter().map(catalog::promotion).collect())
    }

    /// Products, as the store has them.
    pub(super) async fn stored_products(&self, ids: &[ProductId]) -> Result<Vec<ProductRecord>, StoreError> {
        Ok(self.store.products(ids).await?.iter().map(ProductRecord::from).collect())
    }

    /// Delivery templates, as the store has them.
    pub(super) async fn stored_templates(&self, ids: &[TemplateId]) -> Result<Vec<DeliveryTemplate>, StoreError> {
        Ok(self.store.templates(ids).await?.iter().map(DeliveryTemplate::from).collect())
    }

    /// Partners, as the store has them.
    pub(super) async fn stored_partners(&self, ids: &[PartnerId]) -> Result<Vec<PartnerRecord>, StoreError> {
        Ok(self.store.partners(ids).await?.iter().map(PartnerRecord::from).collect())
    }

    /// The gift promotions of these ids, and those that give one of these SKUs, as the store has them.
    pub(super) async fn stored_gifts(
        &self,
        ids: &[PromotionId],
        giving: &[SkuId],
    ) -> Result<Vec<Arc<GiftPromotion>>, StoreError> {
        Ok(self.store.gift_promotions(ids, giving).await?.iter().map(|s| Arc::new(GiftPromotion::from(s))).collect())
    }

    /// Whether a partner sells to a buyer, as the store has it.
    pub(super) async fn stored_consent(&self, partner: &PartnerId, buyer: &PartnerId) -> Result<bool, StoreError> {
        Ok(self.store.consent(partner, buyer).await?.as_ref().is_some_and(catalog::allows))
    }

    /// Forgets what was made here: the batches that held it were rolled back, or are durable and the store tells it.
    pub fn lost(&self) {
        let mut kept = self.kept.borrow_mut();
        kept.products.clear();
        kept.templates.clear();
        kept.made_promotions.clear();
        kept.gifts.lost();
        kept.partners.clear();
        kept.consents.lost();
        kept.campaigns.clear();
    }

    /// Forgets what was made here and is durable by now: the store tells it.
    pub fn committed(&self, batches: u64) {
        let mut kept = self.kept.borrow_mut();
        kept.products.retain(|_, (_, batch)| *batch > batches);
        kept.templates.retain(|_, (_, batch)| *batch > batches);
        kept.made_promotions.retain(|_, (_, batch)| *batch > batches);
        kept.gifts.committed(batches);
        kept.partners.retain(|_, (_, batch)| *batch > batches);
        kept.consents.committed(batches);
        kept.campaigns.retain(|_, batch| *batch > batches);
    }

    /// A campaign was made here, in this batch.
    pub fn made_campaign(&self, id: &CampaignId, batch: u64) {
        self.kept.borrow_mut().campaigns.insert(id.clone(), batch);
    }

    /// Whether there is a campaign of this id: made here and perhaps not durable yet, or stored.
    ///
    /// # Errors
    /// The store's.
    pub async fn has_campaign(&self, id: &CampaignId) -> Result<bool, StoreError> {
        let made = self.kept.borrow().campaigns.contains_key(id);
        Ok(made || !self.store.campaigns(std::slice::from_ref(id)).await?.is_empty())
    }

    /// What partners said of buyers here, and is perhaps not durable yet.
    pub(super) fn consents(&self) -> RefMut<'_, Consents> {
        RefMut::map(self.kept.borrow_mut(), |kept| &mut kept.consents)
    }

    /// Gift promotions near at hand.
    pub(super) fn gifts(&self) -> RefMut<'_, NearGifts> {
        RefMut::map(self.kept.borrow_mut(), |kept| &mut kept.gifts)
    }
}

/// Gift promotions near at hand.
#[derive(Default)]
pub(super) struct NearGifts {
    named: Cache<PromotionId, Option<Arc<GiftPromotion>>>,
    /// those that give a SKU
    giving: Cache<SkuId, Vec<Arc<GiftPromotion>>>,
    /// made or changed in this lane and perhaps not committed yet, with the batch that holds them
    made: HashMap<PromotionId, (Arc<GiftPromotion>, u64)>,
}

/// What is known, and the ids and gifts of what has to be asked for.
type Known = (Vec<Arc<GiftPromotion>>, Vec<PromotionId>, Vec<SkuId>);

impl NearGifts {
    pub(super) fn known(&self, named: &[PromotionId], giving: &[SkuId], now: Time) -> Known {
        let (mut found, mut ids, mut skus) = Known::default();
        for id in named {
            match self.named.get(id, now) {
                Some(known) => found.extend(known),
                None => ids.push(id.clone()),
            }
        }
        for sku in giving {
            match self.giving.get(sku, now) {
                Some(known) => found.extend(known),
                None => skus.push(sku.clone()),
            }
        }
        (found, ids, skus)
    }

    pub(super) fn keep(&mut self, ids: &[PromotionId], skus: &[SkuId], read: &[Arc<GiftPromotion>], now: Time) {
        for id in ids {
            self.named.put(id.clone(), read.iter().find(|p| p.id == *id).cloned(), now);
        }
        for sku in skus {
            self.giving.put(sku.clone(), read.iter().filter(|p| p.gives(sku)).cloned().collect(), now);
        }
    }

    pub(super) fn made(&self) -> Vec<Arc<GiftPromotion>> {
        self.made.values().map(|(p, _)| Arc::clone(p)).collect()
    }

    /// What was read of any before is forgotten.
    pub(super) fn make(&mut self, p: Arc<GiftPromotion>, batch: u64) {
        self.named.0.clear();
        self.giving.0.clear();
        self.made.insert(p.id.clone(), (p, batch));
    }

    /// Forgets what was made here: the batches that held it were rolled back.
    pub(super) fn lost(&mut self) {
        self.made.clear();
    }

    /// Forgets what was made here and is durable by now: the store tells it.
    pub(super) fn committed(&mut self, batches: u64) {
        self.made.retain(|_, (_, batch)| *batch > batches);
    }
}

/// What was said in this lane and is perhaps not committed yet, with the batch that holds it.
#[derive(Debug, Default)]
pub struct Consents(HashMap<(PartnerId, PartnerId), (bool, u64)>);

impl Consents {
    /// Whether the partner has said here that it sells to the buyer.
    pub(super) fn said(&self, pair: &(PartnerId, PartnerId)) -> Option<bool> {
        self.0.get(pair).map(|(allowed, _)| *allowed)
    }

    /// The partner says so, or no longer, in this batch.
    pub(super) fn say(&mut self, pair: (PartnerId, PartnerId), allowed: bool, batch: u64) {
        self.0.insert(pair, (allowed, batch));
    }

    /// Forgets it.
    pub fn lost(&mut self) {
        self.0.clear();
    }

    /// Forgets what is durable by now: the store tells it.
    pub fn committed(&mut self, batches: u64) {
        self.0.retain(|_, (_, batch)| *batch > batches);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::RealClock,
        domain::gift::{Entitlement, GiftSoldOut},
        store::memory::MemoryStore,
    };

    #[test]
    fn a_promotion_of_a_batch_that_was_rolled_back_is_not_there() {
        let id = PromotionId::stored("gp-1");
        let promotion = GiftPromotion {
            id: id.clone(),
            main_products: Vec::new(),
            gift_skus: Vec::new(),
            entitlement: Entitlement { gifts: 1, per: 1, when_sold_out: GiftSoldOut::Continue },
            opens_at: None,
            closes_at: None,
        };
        let near = ReferenceCache::new(Arc::new(MemoryStore::new(Arc::new(RealClock))));
        let made = || near.gifts().made().len();
        near.gifts().made.insert(id, (Arc::new(promotion), 7));
        assert_eq!(made(), 1);
        near.lost();
        assert_eq!(made(), 0);
    }
}
