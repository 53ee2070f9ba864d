//! Reference data near at hand: products, templates and promotions, and SKUs that live in other lanes. Kept for a moment,
//! because the truth is the store's and another lane may change it.

use std::{
    cell::{RefCell, RefMut},
    collections::HashMap,
    rc::Rc,
    sync::Arc,
};

use super::{
    CommandMeta, Fault, LaneContext, NotDone,
    cache::Cache,
    consent::Consents,
    gifts::NearGifts,
    inventory::{self, Inventory},
};
use crate::{
    domain::{
        Time,
        catalog::{Partner, Promotion, SkuRef},
        fee::ShippingTerms,
        ids::{CampaignId, PartnerId, ProductId, PromotionId, SkuId, TemplateId},
        money::Won,
        reason::{Facts, Reason, Refusal},
    },
    history::{
        catalog::{self, DeliveryTemplate, PartnerRecord, ProductRecord, sku_info},
        effects::{Cause, Effect, OutboxStep, ReferenceSet},
    },
    protocol::{
        command::{
            CreatePartner, CreateProduct, CreatePromotion, CreateTemplate, Moment, ProductKind, Text, UpdatePartner,
            UpdateProduct, UpdateTemplate,
        },
        internal::{Internal, derived_id},
    },
};
use actix::Addr;

struct CachedReference {
    skus: Cache<SkuId, Option<SkuRef>>,
    promotions: Cache<PromotionId, Option<Promotion>>,
    gifts: NearGifts,
    /// made in this lane and perhaps not committed yet, with the batch that holds them
    products: HashMap<ProductId, (ProductRecord, u64)>,
    templates: HashMap<TemplateId, (DeliveryTemplate, u64)>,
    made_promotions: HashMap<PromotionId, (Promotion, u64)>,
    partners: HashMap<PartnerId, (PartnerRecord, u64)>,
    consents: Consents,
    campaigns: HashMap<CampaignId, u64>,
}

/// What is near at hand.
#[derive(Clone)]
pub struct ReferenceCache(Rc<RefCell<CachedReference>>);

impl Default for ReferenceCache {
    fn default() -> Self {
        Self(Rc::new(RefCell::new(CachedReference {
            skus: Cache(HashMap::new()),
            promotions: Cache(HashMap::new()),
            gifts: NearGifts::default(),
            products: HashMap::new(),
            templates: HashMap::new(),
            made_promotions: HashMap::new(),
            partners: HashMap::new(),
            consents: Consents::default(),
            campaigns: HashMap::new(),
        })))
    }
}

impl ReferenceCache {
    /// Forgets what was made here: the batches that held it were rolled back, or are durable and the store tells it.
    pub fn lost(&self) {
        let mut kept = self.0.borrow_mut();
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
        let mut kept = self.0.borrow_mut();
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
        self.0.borrow_mut().campaigns.insert(id.clone(), batch);
    }

    /// Whether one of this id was made here and is perhaps not durable yet: the store would be asked in vain.
    pub fn has_campaign(&self, id: &CampaignId) -> bool {
        self.0.borrow().campaigns.contains_key(id)
    }

    /// What partners said of buyers here, and is perhaps not durable yet.
    pub(super) fn consents(&self) -> RefMut<'_, Consents> {
        RefMut::map(self.0.borrow_mut(), |kept| &mut kept.consents)
    }

    /// Gift promotions near at hand.
    pub(super) fn gifts(&self) -> RefMut<'_, NearGifts> {
        RefMut::map(self.0.borrow_mut(), |kept| &mut kept.gifts)
    }
}

/// The descriptions of SKUs that live elsewhere; unknown ones are left out.
///
/// # Errors
/// The store's.
pub async fn far_skus(cx: &LaneContext, ids: &[SkuId], now: Time) -> Result<Vec<SkuRef>, Fault> {
    let mut found = Vec::with_capacity(ids.len());
    let mut missing = Vec::new();
    for id in ids {
        match cx.near.0.borrow().skus.get(id, now) {
            Some(known) => found.extend(known),
            None => missing.push(id.clone()),
        }
    }
    if missing.is_empty() {
        return Ok(found);
    }
    let read: Vec<SkuRef> = cx.store.skus(&missing).await?.iter().map(|s| Arc::new(sku_info(s))).collect();
    let mut kept = cx.near.0.borrow_mut();
    for id in missing {
        let info = read.iter().find(|info| info.sku_id == id).cloned();
        found.extend(info.clone());
        kept.skus.put(id, info, now);
    }
    Ok(found)
}

/// The named promotions; unknown ones are left out.
///
/// # Errors
/// The store's.
pub async fn promotions(cx: &LaneContext, ids: &[PromotionId], now: Time) -> Result<Vec<Promotion>, Fault> {
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for id in ids {
        let kept = cx.near.0.borrow();
        if let Some((made, _)) = kept.made_promotions.get(id) {
            found.push(made.clone());
        } else if let Some(known) = kept.promotions.get(id, now) {
            found.extend(known);
        } else {
            missing.push(id.clone());
        }
    }
    if missing.is_empty() {
        return Ok(found);
    }
    let read: Vec<Promotion> = cx.store.promotions(&missing).await?.iter().map(catalog::promotion).collect();
    let mut kept = cx.near.0.borrow_mut();
    for id in missing {
        let p = read.iter().find(|p| p.id == id).cloned();
        found.extend(p.clone());
        kept.promotions.put(id, p, now);
    }
    Ok(found)
}

/// A product, made here just now or stored.
///
/// # Errors
/// The store's.
pub async fn product(cx: &LaneContext, id: &ProductId) -> Result<Option<ProductRecord>, Fault> {
    Ok(products(cx, std::slice::from_ref(id)).await?.remove(id))
}

/// Several, by one read; unknown ones are left out.
///
/// # Errors
/// The store's.
pub async fn products(cx: &LaneContext, ids: &[ProductId]) -> Result<HashMap<ProductId, ProductRecord>, Fault> {
    let made = |id: &ProductId| cx.near.0.borrow().products.get(id).map(|(made, _)| (id.clone(), made.clone()));
    let mut found: HashMap<ProductId, ProductRecord> = ids.iter().filter_map(made).collect();
    let missing: Vec<ProductId> = ids.iter().filter(|id| !found.contains_key(*id)).cloned().collect();
    let read = cx.store.products(&missing).await?;
    found.extend(read.iter().map(ProductRecord::from).map(|product| (product.id.clone(), product)));
    Ok(found)
}

/// A template, made here just now or stored.
///
/// # Errors
/// The store's.
pub async fn template(cx: &LaneContext, id: &TemplateId) -> Result<Option<DeliveryTemplate>, Fault> {
    if let Some((made, _)) = cx.near.0.borrow().templates.get(id) {
        return Ok(Some(made.clone()));
    }
    Ok(cx.store.templates(std::slice::from_ref(id)).await?.first().map(DeliveryTemplate::from))
}

/// 배송템플릿 등록.
///
/// # Errors
/// The refusal, or the store's.
pub async fn create_template(cx: &LaneContext, c: &CreateTemplate) -> Result<Facts, NotDone> {
    if template(cx, &c.template_id).await?.is_some() {
        return Err(Reason::AlreadyExists.into());
    }
    let made = DeliveryTemplate {
        id: c.template_id.clone(),
        partner_id: c.partner_id.clone(),
        name: c.name.as_str().into(),
        free_threshold: c.free_threshold,
    };
    put_template(cx, made);
    Ok(Facts::default())
}

/// 상품 등록.
///
/// # Errors
/// The refusal, or the store's.
pub async fn create_product(cx: &LaneContext, c: &CreateProduct) -> Result<Facts, NotDone> {
    if product(cx, &c.product_id).await?.is_some() {
        return Err(Reason::AlreadyExists.into());
    }
    let Some(template) = template(cx, &c.template_id).await? else {
        return Err(Reason::UnknownTemplate.into());
    };
    if template.partner_id != c.partner_id {
        let why = format!("delivery template {} is of partner {}", c.template_id, template.partner_id);
        return Err(Refusal::invalid(why).into());
    }
    if c.points_rate_bp > 10_000 || c.lead_time_days > 365 {
        return Err(Refusal::invalid("points_rate_bp is at most 10000, lead_time_days at most 365").into());
    }
    let gift = c.kind == ProductKind::Gift;
    let made = ProductRecord {
        id: c.product_id.clone(),
        name: c.name.as_str().into(),
        kind: c.kind,
        product_type: c.product_type.as_str().into(),
        price: if gift { Won::ZERO } else { c.price },
        partner_id: c.partner_id.clone(),
        template_id: c.template_id.clone(),
        shipping: ShippingTerms { fee: c.delivery_fee, bundled: c.bundled, free: c.free_delivery },
        lead_time_days: c.lead_time_days,
        pre_refund: c.pre_refund,
        points_rate_bp: c.points_rate_bp,
        kept_shipping: None,
    };
    put_product(cx, made);
    Ok(Facts::default())
}

fn put_product(cx: &LaneContext, product: ProductRecord) {
    let mut book = cx.book.borrow_mut();
    cx.near.0.borrow_mut().products.insert(product.id.clone(), (product.clone(), book.number + 1));
    book.repeats = true; // made and changed in one batch
    book.effects.push(Effect::ReferenceSet(ReferenceSet::Product(product)));
}

fn put_template(cx: &LaneContext, template: DeliveryTemplate) {
    let mut book = cx.book.borrow_mut();
    cx.near.0.borrow_mut().templates.insert(template.id.clone(), (template.clone(), book.number + 1));
    book.repeats = true; // made and changed in one batch
    book.effects.push(Effect::ReferenceSet(ReferenceSet::Template(template)));
}

/// 프로모션·쿠폰 등록.
///
/// # Errors
/// The refusal, or the store's.
pub async fn create_promotion(cx: &LaneContext, c: &CreatePromotion) -> Result<Facts, NotDone> {
    let made = cx.near.0.borrow().made_promotions.contains_key(&c.promotion_id);
    if made || !cx.store.promotions(std::slice::from_ref(&c.promotion_id)).await?.is_empty() {
        return Err(Reason::AlreadyExists.into());
    }
    if c.rate_bp == 0 || c.rate_bp > 10_000 {
        return Err(Refusal::invalid("rate_bp is 1 to 10000").into());
    }
    let made = Promotion {
        id: c.promotion_id.clone(),
        kind: c.kind,
        rate_bp: c.rate_bp,
        opens_at: c.opens_at.map(Moment::time),
        closes_at: c.closes_at.map(Moment::time),
    };
    let mut book = cx.book.borrow_mut();
    cx.near.0.borrow_mut().made_promotions.insert(c.promotion_id.clone(), (made.clone(), book.number + 1));
    book.effects.push(Effect::ReferenceSet(ReferenceSet::Promotion(made)));
    Ok(Facts::default())
}

/// The named partners; unknown ones are left out.
///
/// # Errors
/// The store's.
pub async fn partners(cx: &LaneContext, ids: &[PartnerId]) -> Result<Vec<Partner>, Fault> {
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        found.extend(partner(cx, id).await?.map(|p| p.partner));
    }
    Ok(found)
}

async fn partner(cx: &LaneContext, id: &PartnerId) -> Result<Option<PartnerRecord>, Fault> {
    if let Some((made, _)) = cx.near.0.borrow().partners.get(id) {
        return Ok(Some(made.clone()));
    }
    Ok(cx.store.partners(std::slice::from_ref(id)).await?.first().map(PartnerRecord::from))
}

fn put_partner(cx: &LaneContext, partner: PartnerRecord) {
    let mut book = cx.book.borrow_mut();
    cx.near.0.borrow_mut().partners.insert(partner.partner.id.clone(), (partner.clone(), book.number + 1));
    book.repeats = true; // made and changed in one batch
    book.effects.push(Effect::ReferenceSet(ReferenceSet::Partner(partner)));
}

/// 협력사 등록.
///
/// # Errors
/// The refusal, or the store's.
pub async fn create_partner(cx: &LaneContext, c: &CreatePartner, at: Time) -> Result<Facts, NotDone> {
    if partner(cx, &c.partner_id).await?.is_some() {
        return Err(Reason::AlreadyExists.into());
    }
    let known =
        Partner { id: c.partner_id.clone(), kind: c.kind, active: true, zip: c.zip.as_deref().map(str::to_owned) };
    let address = c.address.as_deref().map(Arc::from);
    put_partner(cx, PartnerRecord { partner: known, name: c.name.as_str().into(), address, registered_at: at });
    Ok(Facts::default())
}

/// 협력사 변경.
///
/// # Errors
/// The refusal, or the store's.
pub async fn update_partner(cx: &LaneContext, c: &UpdatePartner) -> Result<Facts, NotDone> {
    let Some(mut changed) = partner(cx, &c.partner_id).await? else {
        return Err(Reason::UnknownPartner.into());
    };
    let text = |new: &Option<Text>| new.as_deref().map(Arc::from);
    changed.partner.active = c.active.unwrap_or(changed.partner.active);
    changed.partner.zip = c.zip.as_deref().map(str::to_owned).or(changed.partner.zip);
    changed.name = text(&c.name).unwrap_or(changed.name);
    changed.address = text(&c.address).or(changed.address);
    put_partner(cx, changed);
    Ok(Facts::default())
}

/// 상품 변경: orders keep what they were placed with; every lane looks again once it is durable.
///
/// # Errors
/// The refusal, or the store's.
pub async fn update_product(cx: &LaneContext, c: &UpdateProduct, meta: &CommandMeta) -> Result<Facts, NotDone> {
    let Some(mut product) = product(cx, &c.product_id).await? else {
        return Err(Reason::UnknownProduct.into());
    };
    if c.points_rate_bp.is_some_and(|r| r > 10_000) || c.lead_time_days.is_some_and(|d| d > 365) {
        return Err(Refusal::invalid("points_rate_bp is at most 10000, lead_time_days at most 365").into());
    }
    if c.price.is_some() && product.kind == ProductKind::Gift {
        return Err(Refusal::invalid("a gift costs nothing").into());
    }
    product.name = c.name.as_deref().map_or(product.name, Arc::from);
    product.price = c.price.unwrap_or(product.price);
    product.shipping.bundled = c.bundled.unwrap_or(product.shipping.bundled);
    product.shipping.fee = c.delivery_fee.unwrap_or(product.shipping.fee);
    product.shipping.free = c.free_delivery.unwrap_or(product.shipping.free);
    product.lead_time_days = c.lead_time_days.unwrap_or(product.lead_time_days);
    product.pre_refund = c.pre_refund.unwrap_or(product.pre_refund);
    product.points_rate_bp = c.points_rate_bp.unwrap_or(product.points_rate_bp);
    put_product(cx, product);
    look_again(cx, meta);
    Ok(Facts::default())
}

/// 배송템플릿 변경.
///
/// # Errors
/// The refusal, or the store's.
pub async fn update_template(cx: &LaneContext, c: &UpdateTemplate, meta: &CommandMeta) -> Result<Facts, NotDone> {
    let Some(mut template) = template(cx, &c.template_id).await? else {
        return Err(Reason::UnknownTemplate.into());
    };
    template.name = c.name.as_deref().map_or(template.name, Arc::from);
    if let Some(threshold) = c.free_threshold {
        template.free_threshold = threshold.is_positive().then_some(threshold);
    }
    put_template(cx, template);
    look_again(cx, meta);
    Ok(Facts::default())
}

/// Tells every lane to look again, by its internal stream: after the commit, so that it finds what is new.
fn look_again(cx: &LaneContext, meta: &CommandMeta) {
    let mut book = cx.book.borrow_mut();
    for lane in 0..cx.partitions {
        let id: Arc<str> = derived_id("refresh", &[&meta.id, &lane.to_string()]).into();
        let step = Internal::Refresh { id: Arc::clone(&id) };
        book.effects.push(Effect::Outbox(OutboxStep { id, to: lane, step, at: meta.source.at }));
    }
}

/// How many products are read again at once.
const AGAIN_AT_ONCE: usize = 500;

/// Reads the products and templates of all live SKUs again, of those too that are not durable yet.
///
/// # Errors
/// The store's, or an actor that is gone.
pub async fn refresh(cx: &LaneContext) -> Result<(), Fault> {
    {
        let mut kept = cx.near.0.borrow_mut();
        kept.skus.0.clear();
        kept.promotions.0.clear();
    }
    let mut live: HashMap<ProductId, Vec<Addr<Inventory>>> = HashMap::new();
    for id in cx.skus.keys() {
        let Some(actor) = cx.skus.get(&id) else { continue };
        if let Some(info) = actor.send(inventory::Describe).await? {
            live.entry(info.product_id.clone()).or_default().push(actor);
        }
    }
    let ids: Vec<ProductId> = live.keys().cloned().collect();
    for ids in ids.chunks(AGAIN_AT_ONCE) {
        let read = cx.store.products(ids).await?;
        let products: Vec<ProductRecord> = read.iter().map(ProductRecord::from).collect();
        let mut used: Vec<TemplateId> = products.iter().map(|p| p.template_id.clone()).collect();
        used.sort();
        used.dedup();
        let read = cx.store.templates(&used).await?;
        let templates: Vec<DeliveryTemplate> = read.iter().map(DeliveryTemplate::from).collect();
        for product in products {
            let Some(template) = templates.iter().find(|t| t.id == product.template_id) else { continue };
            for actor in live.get(&product.id).into_iter().flatten() {
                let cause = Cause { command_id: "refresh".into(), order_id: None, at: cx.now.get() };
                let (product, template) = (Box::new(product.clone()), Box::new(template.clone()));
                let what = inventory::SkuAction::Refresh { product, template };
                let told = actor.send(inventory::SkuCommand { what, cause }).await;
                told?.map_err(|refusal| Fault::Broken(refusal.message()))?;
            }
        }
    }
    Ok(())
}
