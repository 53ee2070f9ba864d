//! A linked order (row 10, 13): placed by its parent, at ORDERED, with no payment of its own†. All of it or nothing.

use super::{Context, Decision, destination, place};
use crate::domain::{
    catalog::{PreparePolicy, StockPolicy},
    fee::FeeReason,
    ids::OrderId,
    money::{AMOUNT_MAX, Won},
    order::{
        command::{PaymentOffer, PlaceOrder, Wanted},
        event::{Event, Placed, PlacedFee, PlacedLine},
        supply::{ChildLine, ChildOrder, LinkKind},
    },
    reason::{Facts, Reason, Refusal},
};

fn wanted(l: &ChildLine) -> Wanted {
    Wanted {
        sku_id: l.sku_id.clone(),
        quantity: l.quantity,
        unit_price: None,
        campaign_id: None,
        promotion_id: None,
        coupon_id: None,
        main_line_no: None,
        gift_included: None,
        gift_promotion_id: None,
    }
}

/// Places it; the partner's units are deducted, never the sale's again (domain §6).
pub fn place(id: &OrderId, version: u32, child: &ChildOrder, cx: &Context<'_>) -> Result<Decision, Refusal> {
    let order = PlaceOrder {
        customer_id: child.buyer_id.clone(),
        by_partner: true,
        lines: child.lines.iter().map(wanted).collect(),
        allow_partial: false,
        payment: PaymentOffer::Approved(Vec::new()),
        zip: None,
    };
    let mut found: Vec<place::PricedLine<'_>> = Vec::with_capacity(order.lines.len());
    for (wanted, no) in order.lines.iter().zip(1u16..) {
        let facts = || Facts { line_no: Some(no), sku_id: Some(wanted.sku_id.clone()), ..Facts::default() };
        let quote = cx.quote(&wanted.sku_id).ok_or_else(|| Refusal::new(Reason::UnknownSku, facts()))?;
        let before: u32 = found.iter().filter(|f| f.wanted.sku_id == wanted.sku_id).map(|f| f.taken).sum();
        // work needs no stock
        let installs = child.parent.kind == LinkKind::Installation;
        if let Some(view) = quote.view.filter(|_| !installs) {
            let left = view.on_hand - i64::from(before);
            if left < i64::from(wanted.quantity) {
                let reason = if left <= 0 { Reason::SoldOut } else { Reason::InsufficientStock };
                return Err(place::short(reason, &view, left, no, wanted));
            }
        }
        let taken = if quote.view.is_some() && !installs { wanted.quantity } else { 0 };
        let policy = StockPolicy::HoldAtPlacement;
        found.push(place::PricedLine { policy, taken, ..place::PricedLine::new(wanted, quote) });
    }
    let mut lines = Vec::with_capacity(found.len());
    for (f, no) in found.iter().zip(1u16..) {
        // what a business buys is no gift to it
        let (unit_price, shipping) = (f.quote.info.price, Some(f.quote.info.shipping()));
        lines.push(PlacedLine { unit_price, main: true, gift: false, shipping, ..place::price(f, no, cx)? });
    }
    let whole: Won = lines.iter().map(|l| l.unit_price.times(l.quantity)).sum();
    if whole > Won::new(AMOUNT_MAX) {
        return Err(Refusal::invalid(format!("an order comes to at most {AMOUNT_MAX} won")));
    }
    let Some(first) = found.first() else { return Err(Refusal::invalid("a linked order has lines")) };
    // what shipping costs is between the two businesses
    let fee = PlacedFee {
        partner_id: child.parent.partner_id.clone(),
        template_id: first.quote.info.template_id.clone(),
        base: Won::ZERO,
        bundled: Won::ZERO,
        threshold: None,
        amount: Won::ZERO,
        reason: FeeReason::Linked,
    };
    let placed = Placed {
        customer_id: child.buyer_id.clone(),
        by_partner: true,
        lines,
        fees: vec![fee],
        allow_partial: false,
        deadline: None,
        paid: Vec::new(),
        deposit: None,
        prepare_at: if let PreparePolicy::After(wait) = cx.policy.prepare { Some(cx.after(wait)) } else { None },
        shortages: Vec::new(),
        fee_refunds: Vec::new(),
        refunds: Vec::new(),
        parent: Some(Box::new(child.parent.clone())),
        // to the buyer's business address, where that is known
        zone: destination::buyer(&child.buyer_id, cx).and_then(|p| p.zip.as_deref()).map(|zip| cx.policy.zone(zip).0),
        business: false,
        total: Some(whole),
        omitted_gifts: Vec::new(),
    };
    let mut decision = Decision { movements: place::movements(&order, &found, true), ..Decision::default() };
    let reservations = match child.parent.kind {
        LinkKind::Purchase => place::reserve((id, version), &order, &found, (true, true), &mut decision),
        LinkKind::Installation => Vec::new(),
    };
    if reservations.is_empty() {
        decision.events.push(Event::Placed(Box::new(placed)));
        if cx.policy.prepare == PreparePolicy::AtOnce {
            decision.events.push(Event::Prepared { lines: Vec::new() });
        }
    } else {
        decision.events.push(Event::PlacementStarted { placed: Box::new(placed), reservations });
    }
    Ok(decision)
}
