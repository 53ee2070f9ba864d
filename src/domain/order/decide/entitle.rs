//! 사은품: which gifts a placement may bring, and what is taken of them. No more than a gift promotion gives, and never at
//! the main goods' expense: of a gift that has run out the order takes what there is.

use super::{
    Context,
    place::{PricedLine, line_facts, short},
};
use crate::domain::{
    catalog::StockPolicy,
    gift::{Entitlement, GiftPromotion},
    ids::PromotionId,
    order::command::PlaceOrder,
    reason::{Facts, Reason, Refusal},
};

/// Finds what entitles each gift, and takes what is here of it; gifts name main lines that there are.
pub fn gifts(
    place: &PlaceOrder,
    found: &mut [PricedLine<'_>],
    paid_now: bool,
    cx: &Context<'_>,
) -> Result<(), Refusal> {
    let gifts: Vec<(usize, usize)> = found
        .iter()
        .enumerate()
        .filter(|(_, f)| f.gift())
        .filter_map(|(i, f)| Some((i, usize::from(f.wanted.main_line_no?.checked_sub(1)?))))
        .collect();
    // units that earlier lines bring by the same promotion with the same main line
    let before = |found: &[PricedLine<'_>],
                  i: usize,
                  main: usize,
                  id: Option<&PromotionId>,
                  units: fn(&PricedLine<'_>) -> u32| {
        let same = gifts.iter().filter(|(k, m)| *k < i && *m == main);
        let of = same.filter_map(|(k, _)| found.get(*k)).filter(|f| f.gift_promotion_id.as_ref() == id);
        of.map(units).fold(0u32, u32::saturating_add)
    };
    for &(i, main) in &gifts {
        let brought = |id: Option<&PromotionId>| before(found, i, main, id, |f| f.wanted.quantity);
        let (id, entitlement) = entitled(&found[i], &found[main], i, brought, cx)?;
        (found[i].gift_promotion_id, found[i].entitled) = (id, Some(entitlement));
    }
    for &(i, main) in &gifts {
        let id = found[i].gift_promotion_id.clone();
        let units = found[main].left(paid_now);
        let all = found[i].entitled.map_or(0, |e| e.of(units));
        let given = before(found, i, main, id.as_ref(), |f| f.allowed);
        found[i].allowed = all.saturating_sub(given).min(found[i].wanted.quantity);
        found[i].taken = take(place, found, i, paid_now)?;
    }
    Ok(())
}

/// Which promotion entitles a gift line, if one has to: the one that it names, else the first that is enough.
fn entitled(
    gift: &PricedLine<'_>,
    main: &PricedLine<'_>,
    at: usize,
    brought: impl Fn(Option<&PromotionId>) -> u32,
    cx: &Context<'_>,
) -> Result<(Option<PromotionId>, Entitlement), Refusal> {
    let no = u16::try_from(at + 1).unwrap_or(u16::MAX);
    let (sku_id, asked) = (&gift.wanted.sku_id, gift.wanted.quantity);
    let (product, units) = (&main.quote.info.product_id, main.wanted.quantity);
    let left = |id: Option<&PromotionId>, e: Entitlement| e.of(units).saturating_sub(brought(id));
    let refusal = |left: u32, why: String| {
        let facts = Facts {
            available: Some(i64::from(left)),
            requested: Some(i64::from(asked)),
            detail: Some(why),
            ..line_facts(no, gift.wanted)
        };
        Err(Refusal::new(Reason::GiftNotEntitled, facts))
    };
    let enough = |p: &GiftPromotion| {
        let (e, left) = (p.entitlement, left(Some(&p.id), p.entitlement));
        let why = || format!("gift promotion {} gives {} for each {} of product {product}", p.id, e.gifts, e.per);
        if asked > left { refusal(left, why()) } else { Ok((Some(p.id.clone()), e)) }
    };
    if let Some(id) = &gift.wanted.gift_promotion_id {
        let known = cx.gift_promotions.iter().find(|p| p.id == *id && p.applies(cx.now));
        let unknown = || {
            let facts = Facts { detail: Some(id.to_string()), ..line_facts(no, gift.wanted) };
            Refusal::new(Reason::UnknownPromotion, facts)
        };
        let p = known.ok_or_else(unknown)?;
        if !p.gives(sku_id) || !p.is_for(product) {
            return refusal(0, format!("gift promotion {id} does not give {sku_id} with product {product}"));
        }
        return enough(p);
    }
    let mut giving = cx.gift_promotions.iter().filter(|p| p.gives(sku_id)).peekable();
    if giving.peek().is_none() {
        let Some(e) = cx.policy.unpromoted_gifts.entitlement() else {
            return refusal(0, format!("no gift promotion gives {sku_id}"));
        };
        let left = left(None, e);
        if asked > left {
            return refusal(left, format!("without a gift promotion {} is given for each {}", e.gifts, e.per));
        }
        return Ok((None, e));
    }
    let mut best = None;
    for p in giving.filter(|p| p.applies(cx.now) && p.is_for(product)) {
        match enough(p) {
            Ok(found) => return Ok(found),
            Err(r) if best.as_ref().is_none_or(|b: &Refusal| b.facts.available < r.facts.available) => best = Some(r),
            Err(_) => {}
        }
    }
    best.map_or_else(|| refusal(0, format!("no gift promotion gives {sku_id} with product {product} now")), Err)
}

/// How many units of a gift are taken here and now; a gift is of no campaign, so whatever is on the shelf is there for it.
fn take(place: &PlaceOrder, found: &[PricedLine<'_>], i: usize, paid_now: bool) -> Result<u32, Refusal> {
    let f = &found[i];
    let (Some(view), 1..) = (&f.quote.view, f.allowed) else { return Ok(0) };
    let ahead = found[..i].iter().filter(|k| k.gift() && k.wanted.sku_id == f.wanted.sku_id);
    let before: i64 = ahead.map(|k| i64::from(k.allowed)).sum();
    let left = (view.on_hand - before).max(0);
    let there = u32::try_from(left).unwrap_or(u32::MAX);
    if there < f.allowed && f.entitled.is_some_and(|e| !e.goes_on()) {
        let reason = if there == 0 { Reason::SoldOut } else { Reason::InsufficientStock };
        let no = u16::try_from(i + 1).unwrap_or(u16::MAX);
        return Err(short(reason, view, left, no, &place.lines[i]));
    }
    let now = paid_now || f.policy == StockPolicy::HoldAtPlacement;
    Ok(if now { there.min(f.allowed) } else { 0 })
}
