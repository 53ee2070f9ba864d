//! 사은품프로모션: gift promotions, made and changed in lane 0, and near at hand in every lane for a moment.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use super::{DecisionContext, Fault, NotDone, inventory::Describe, refdata};
use crate::{
    domain::{
        Time,
        gift::{Entitlement, GiftPromotion, GiftSoldOut},
        ids::{ProductId, PromotionId, SkuId},
        order::decide::QUANTITY_MAX,
        reason::{Facts, Reason, Refusal},
    },
    history::effects::{Effect, ReferenceSet},
    log::crc16::partition_of,
    protocol::command::{CreateGiftPromotion, Moment, ProductKind, UpdateGiftPromotion},
};

/// The most main products of a gift promotion.
pub const MAIN_PRODUCTS_MAX: usize = 500;
/// The most gifts to choose among in one.
pub const GIFT_SKUS_MAX: usize = 100;
/// The most gift promotions that give one SKU.
pub const OF_A_GIFT_MAX: usize = 100;

/// The gift promotions that are named, and those that give one of these SKUs, by id.
///
/// # Errors
/// The store's.
pub async fn promotions(
    cx: &DecisionContext,
    named: &[PromotionId],
    giving: &[SkuId],
    now: Time,
) -> Result<Vec<Arc<GiftPromotion>>, Fault> {
    let (mut found, ids, skus) = cx.near.gifts().known(named, giving, now);
    if !ids.is_empty() || !skus.is_empty() {
        let read = cx.near.stored_gifts(&ids, &skus).await?;
        cx.near.gifts().keep(&ids, &skus, &read, now);
        found.extend(read);
    }
    // what was made or changed here just now stands over what is stored
    let made = cx.near.gifts().made();
    found.retain(|p| !made.iter().any(|m| m.id == p.id));
    found.extend(made.into_iter().filter(|m| named.contains(&m.id) || giving.iter().any(|sku| m.gives(sku))));
    found.sort_by(|a, b| a.id.cmp(&b.id));
    found.dedup_by(|a, b| a.id == b.id);
    Ok(found)
}

/// 사은품프로모션 등록.
///
/// # Errors
/// The refusal, or the store's.
pub async fn create(cx: &DecisionContext, c: &CreateGiftPromotion) -> Result<Facts, NotDone> {
    if current(cx, &c.gift_promotion_id).await?.is_some() {
        return Err(Reason::AlreadyExists.into());
    }
    let p = GiftPromotion {
        id: c.gift_promotion_id.clone(),
        main_products: c.main_product_ids.clone(),
        gift_skus: c.gift_sku_ids.clone(),
        entitlement: Entitlement {
            gifts: c.gift_quantity,
            per: c.main_quantity,
            when_sold_out: c.when_sold_out.unwrap_or(GiftSoldOut::Continue),
        },
        opens_at: c.opens_at.map(Moment::time),
        closes_at: c.closes_at.map(Moment::time),
    };
    put(cx, None, p).await
}

/// 사은품프로모션 변경: only what is named changes; orders keep what they were placed with.
///
/// # Errors
/// The refusal, or the store's.
pub async fn change(cx: &DecisionContext, c: &UpdateGiftPromotion) -> Result<Facts, NotDone> {
    let Some(was) = current(cx, &c.gift_promotion_id).await? else {
        return Err(Reason::UnknownPromotion.into());
    };
    let p = GiftPromotion {
        id: was.id.clone(),
        main_products: c.main_product_ids.clone().unwrap_or_else(|| was.main_products.clone()),
        gift_skus: c.gift_sku_ids.clone().unwrap_or_else(|| was.gift_skus.clone()),
        entitlement: Entitlement {
            gifts: c.gift_quantity.unwrap_or(was.entitlement.gifts),
            per: c.main_quantity.unwrap_or(was.entitlement.per),
            when_sold_out: c.when_sold_out.unwrap_or(was.entitlement.when_sold_out),
        },
        opens_at: c.opens_at.map(Moment::time).or(was.opens_at),
        closes_at: c.closes_at.map(Moment::time).or(was.closes_at),
    };
    put(cx, Some(was), p).await
}

async fn current(cx: &DecisionContext, id: &PromotionId) -> Result<Option<Arc<GiftPromotion>>, Fault> {
    if let Some(made) = cx.near.gifts().made().into_iter().find(|m| m.id == *id) {
        return Ok(Some(made));
    }
    Ok(cx.near.stored_gifts(std::slice::from_ref(id), &[]).await?.into_iter().next())
}

/// Holds a new or changed promotion to what makes sense, and writes it.
async fn put(cx: &DecisionContext, was: Option<Arc<GiftPromotion>>, p: GiftPromotion) -> Result<Facts, NotDone> {
    sensible(&p)?;
    let (products, skus) = was.as_deref().map_or((&[][..], &[][..]), |w| (&w.main_products, &w.gift_skus));
    let new_products: Vec<ProductId> = p.main_products.iter().filter(|id| !products.contains(id)).cloned().collect();
    let new_skus: Vec<SkuId> = p.gift_skus.iter().filter(|id| !skus.contains(id)).cloned().collect();
    mains(cx, &new_products).await?;
    gifts(cx, &new_skus).await?;
    let mut book = cx.book.borrow_mut();
    let p = Arc::new(p);
    book.effects.push(Effect::ReferenceSet(ReferenceSet::GiftPromotion { was, now: Arc::clone(&p) }));
    book.repeats = true; // made and changed in one batch
    cx.near.gifts().make(p, book.number + 1);
    Ok(Facts::default())
}

fn sensible(p: &GiftPromotion) -> Result<(), Refusal> {
    let no = |why: String| Err(Refusal::invalid(why));
    let e = p.entitlement;
    if !(1..=QUANTITY_MAX).contains(&e.gifts) || !(1..=QUANTITY_MAX).contains(&e.per) {
        return no(format!("gift_quantity and main_quantity are 1 to {QUANTITY_MAX}"));
    }
    if p.main_products.is_empty() || p.main_products.len() > MAIN_PRODUCTS_MAX {
        return no(format!("a gift promotion has 1 to {MAIN_PRODUCTS_MAX} main products"));
    }
    if p.gift_skus.is_empty() || p.gift_skus.len() > GIFT_SKUS_MAX {
        return no(format!("a gift promotion has 1 to {GIFT_SKUS_MAX} gift SKUs"));
    }
    let products: BTreeSet<&ProductId> = p.main_products.iter().collect();
    let skus: BTreeSet<&SkuId> = p.gift_skus.iter().collect();
    if products.len() < p.main_products.len() || skus.len() < p.gift_skus.len() {
        return no("a product or a gift is named twice".into());
    }
    if p.opens_at.zip(p.closes_at).is_some_and(|(opens, closes)| closes <= opens) {
        return no("a gift promotion closes after it opens".into());
    }
    Ok(())
}

async fn mains(cx: &DecisionContext, ids: &[ProductId]) -> Result<(), NotDone> {
    let found = refdata::products(cx, ids).await?;
    for id in ids {
        let facts = || Facts { detail: Some(id.to_string()), ..Facts::default() };
        match found.get(id) {
            None => return Err(Refusal::new(Reason::UnknownProduct, facts()).into()),
            Some(product) if product.kind == ProductKind::Gift => {
                return Err(Refusal::invalid(format!("product {id} is a gift itself")).into());
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// SKUs that are gifts, wherever they live, and are not given by too many promotions.
async fn gifts(cx: &DecisionContext, ids: &[SkuId]) -> Result<(), NotDone> {
    let is_gift = are_gifts(cx, ids).await?;
    let giving = promotions(cx, &[], ids, cx.now.get()).await?;
    for id in ids {
        let facts = || Facts { sku_id: Some(id.clone()), ..Facts::default() };
        let invalid = |why| Refusal { facts: Facts { detail: Some(why), ..facts() }, ..Reason::Invalid.into() };
        match is_gift.get(id) {
            None => return Err(Refusal::new(Reason::UnknownSku, facts()).into()),
            Some(false) => {
                return Err(invalid(format!("SKU {id} is no gift, by its product's kind and type")).into());
            }
            Some(true) => {}
        }
        if giving.iter().filter(|p| p.gives(id)).count() >= OF_A_GIFT_MAX {
            return Err(invalid(format!(
                "a gift is of at most {OF_A_GIFT_MAX} gift promotions: take it out of those that are over"
            ))
            .into());
        }
    }
    Ok(())
}

/// Which of these SKUs are gifts; unknown ones are left out.
async fn are_gifts(cx: &DecisionContext, ids: &[SkuId]) -> Result<HashMap<SkuId, bool>, Fault> {
    let here = |id: &&SkuId| partition_of(id.as_str(), cx.partitions) == cx.partition;
    let (own, others): (Vec<&SkuId>, Vec<&SkuId>) = ids.iter().partition(here);
    let own: Vec<SkuId> = own.into_iter().cloned().collect();
    let others: Vec<SkuId> = others.into_iter().cloned().collect();
    let stored = cx.near.stored_skus(&others).await?;
    let mut found: HashMap<SkuId, bool> = stored.iter().map(|info| (info.sku_id.clone(), info.gift)).collect();
    cx.skus.fetch(own.clone()).await?;
    for id in own {
        let info = cx.skus.actor(&id).await?.send(Describe).await?;
        found.extend(info.map(|info| (id, info.gift)));
    }
    Ok(found)
}
