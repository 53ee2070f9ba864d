//! Reference data as commands set it and decisions look at it: products, templates, promotions, partners, and SKUs that live in
//! other lanes.

use std::{collections::HashMap, sync::Arc};

use actix::Addr;

use super::{
    CommandMeta, DecisionContext, Fault, Inventories, NotDone,
    inventory::{self, Inventory},
};
use crate::{
    domain::{
        Time,
        catalog::{Partner, Promotion, SkuRef},
        fee::ShippingTerms,
        ids::{PartnerId, ProductId, PromotionId, SkuId, TemplateId},
        money::Won,
        reason::{Facts, Reason, Refusal},
    },
    history::{
        catalog::{DeliveryTemplate, PartnerRecord, ProductRecord},
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

/// The descriptions of SKUs that live elsewhere; unknown ones are left out.
///
/// # Errors
/// The store's.
pub async fn far_skus(cx: &DecisionContext, ids: &[SkuId], now: Time) -> Result<Vec<SkuRef>, Fault> {
    let mut found = Vec::with_capacity(ids.len());
    let mut missing = Vec::new();
    for id in ids {
        match cx.near.kept.borrow().skus.get(id, now) {
            Some(known) => found.extend(known),
            None => missing.push(id.clone()),
        }
    }
    if missing.is_empty() {
        return Ok(found);
    }
    let read = cx.near.stored_skus(&missing).await?;
    let mut kept = cx.near.kept.borrow_mut();
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
pub async fn promotions(cx: &DecisionContext, ids: &[PromotionId], now: Time) -> Result<Vec<Promotion>, Fault> {
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for id in ids {
        let kept = cx.near.kept.borrow();
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
    let read = cx.near.stored_promotions(&missing).await?;
    let mut kept = cx.near.kept.borrow_mut();
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
pub async fn product(cx: &DecisionContext, id: &ProductId) -> Result<Option<ProductRecord>, Fault> {
    Ok(products(cx, std::slice::from_ref(id)).await?.remove(id))
}

/// Several, by one read; unknown ones are left out.
///
/// # Errors
/// The store's.
pub async fn products(cx: &DecisionContext, ids: &[ProductId]) -> Result<HashMap<ProductId, ProductRecord>, Fault> {
    let made = |id: &ProductId| cx.near.kept.borrow().products.get(id).map(|(made, _)| (id.clone(), made.clone()));
    let mut found: HashMap<ProductId, ProductRecord> = ids.iter().filter_map(made).collect();
    let missing: Vec<ProductId> = ids.iter().filter(|id| !found.contains_key(*id)).cloned().collect();
    let read = cx.near.stored_products(&missing).await?;
    found.extend(read.into_iter().map(|product| (product.id.clone(), product)));
    Ok(found)
}

/// A template, made here just now or stored.
///
/// # Errors
/// The store's.
pub async fn template(cx: &DecisionContext, id: &TemplateId) -> Result<Option<DeliveryTemplate>, Fault> {
    if let Some((made, _)) = cx.near.kept.borrow().templates.get(id) {
        return Ok(Some(made.clone()));
    }
    Ok(cx.near.stored_templates(std::slice::from_ref(id)).await?.pop())
}

/// 배송템플릿 등록.
///
/// # Errors
/// The refusal, or the store's.
pub async fn create_template(cx: &DecisionContext, c: &CreateTemplate) -> Result<Facts, NotDone> {
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
pub async fn create_product(cx: &DecisionContext, c: &CreateProduct) -> Result<Facts, NotDone> {
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

fn put_product(cx: &DecisionContext, product: ProductRecord) {
    let mut book = cx.book.borrow_mut();
    cx.near.kept.borrow_mut().products.insert(product.id.clone(), (product.clone(), book.number + 1));
    book.repeats = true; // made and changed in one batch
    book.effects.push(Effect::ReferenceSet(ReferenceSet::Product(product)));
}

fn put_template(cx: &DecisionContext, template: DeliveryTemplate) {
    let mut book = cx.book.borrow_mut();
    cx.near.kept.borrow_mut().templates.insert(template.id.clone(), (template.clone(), book.number + 1));
    book.repeats = true; // made and changed in one batch
    book.effects.push(Effect::ReferenceSet(ReferenceSet::Template(template)));
}

/// 프로모션·쿠폰 등록.
///
/// # Errors
/// The refusal, or the store's.
pub async fn create_promotion(cx: &DecisionContext, c: &CreatePromotion) -> Result<Facts, NotDone> {
    let made = cx.near.kept.borrow().made_promotions.contains_key(&c.promotion_id);
    if made || !cx.near.stored_promotions(std::slice::from_ref(&c.promotion_id)).await?.is_empty() {
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
    cx.near.kept.borrow_mut().made_promotions.insert(c.promotion_id.clone(), (made.clone(), book.number + 1));
    book.effects.push(Effect::ReferenceSet(ReferenceSet::Promotion(made)));
    Ok(Facts::default())
}

/// The named partners; unknown ones are left out.
///
/// # Errors
/// The store's.
pub async fn partners(cx: &DecisionContext, ids: &[PartnerId]) -> Result<Vec<Partner>, Fault> {
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        found.extend(partner(cx, id).await?.map(|p| p.partner));
    }
    Ok(found)
}

async fn partner(cx: &DecisionContext, id: &PartnerId) -> Result<Option<PartnerRecord>, Fault> {
    if let Some((made, _)) = cx.near.kept.borrow().partners.get(id) {
        return Ok(Some(made.clone()));
    }
    Ok(cx.near.stored_partners(std::slice::from_ref(id)).await?.pop())
}

fn put_partner(cx: &DecisionContext, partner: PartnerRecord) {
    let mut book = cx.book.borrow_mut();
    cx.near.kept.borrow_mut().partners.insert(partner.partner.id.clone(), (partner.clone(), book.number + 1));
    book.repeats = true; // made and changed in one batch
    book.effects.push(Effect::ReferenceSet(ReferenceSet::Partner(partner)));
}

/// 협력사 등록.
///
/// # Errors
/// The refusal, or the store's.
pub async fn create_partner(cx: &DecisionContext, c: &CreatePartner, at: Time) -> Result<Facts, NotDone> {
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
pub async fn update_partner(cx: &DecisionContext, c: &UpdatePartner) -> Result<Facts, NotDone> {
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
pub async fn update_product(cx: &DecisionContext, c: &UpdateProduct, meta: &CommandMeta) -> Result<Facts, NotDone> {
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
pub async fn update_template(cx: &DecisionContext, c: &UpdateTemplate, meta: &CommandMeta) -> Result<Facts, NotDone> {
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
fn look_again(cx: &DecisionContext, meta: &CommandMeta) {
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
pub async fn refresh(cx: &DecisionContext, skus: &Inventories) -> Result<(), Fault> {
    {
        let mut kept = cx.near.kept.borrow_mut();
        kept.skus.0.clear();
        kept.promotions.0.clear();
    }
    let mut live: HashMap<ProductId, Vec<Addr<Inventory>>> = HashMap::new();
    for id in skus.keys() {
        let Some(actor) = skus.get(&id) else { continue };
        if let Some(info) = actor.send(inventory::Describe).await? {
            live.entry(info.product_id.clone()).or_default().push(actor);
        }
    }
    let ids: Vec<ProductId> = live.keys().cloned().collect();
    for ids in ids.chunks(AGAIN_AT_ONCE) {
        let products = cx.near.stored_products(ids).await?;
        let mut used: Vec<TemplateId> = products.iter().map(|p| p.template_id.clone()).collect();
        used.sort();
        used.dedup();
        let templates = cx.near.stored_templates(&used).await?;
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
