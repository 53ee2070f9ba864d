//! 교환 (row 23; domain §4): rejected, collected and refunded like a return, or a product added.

use super::{Context, Decision, Quote, chosen, folded, money, procure, returns, stock};
use crate::domain::{
    ids::SkuId,
    money::Won,
    order::{
        claim::{Branch, ClaimReason, Exchange, ExchangeState, Fault},
        event::{AddedLine, Cut, CutCause, Event, ExchangeApproved, Reservation, ReservedLine},
        state::{Line, Order},
        step::{Step, StepKind, StepLine},
    },
    reason::{Facts, Reason, Refusal},
    status::{Status, Trigger},
    stock::Move,
};

fn find<'a>(order: &'a Order, group: u16, command: &str) -> Result<&'a Exchange, Refusal> {
    let facts = || Facts { claim_group: Some(group), ..Facts::default() };
    let e = order.exchange_of(group).ok_or_else(|| Refusal::new(Reason::UnknownClaim, facts()))?;
    if e.state == ExchangeState::Requested {
        return Ok(e);
    }
    let mut refusal = Refusal::illegal(order.status(), command);
    refusal.facts.claim_group = Some(group);
    refusal.facts.detail = Some(format!("exchange {group} is {}", e.state.code()));
    Err(refusal)
}

/// Row 23.
pub fn request(
    order: &Order,
    (line_no, quantity): (u16, u32),
    (reason, fault): (ClaimReason, Fault),
    wanted: Option<&SkuId>,
) -> Result<Decision, Refusal> {
    let line = chosen::one(order, line_no, Trigger::RequestExchange, "request_exchange")?;
    if line.gift {
        return Err(Refusal::invalid("a gift is not exchanged; its main line is"));
    }
    if fault == Fault::Installation {
        return Err(Refusal::invalid("an installation that is impossible has a command of its own"));
    }
    if order.next_claim() as usize > returns::CLAIMS_MAX {
        return Err(Refusal::invalid(format!("an order has at most {} claims", returns::CLAIMS_MAX)));
    }
    if quantity == 0 || quantity > line.free() {
        return Err(chosen::too_many(line, quantity, line.free()));
    }
    let event = Event::ExchangeRequested {
        group: order.next_claim(),
        line_no,
        quantity,
        shipped: line.status == Status::Shipped,
        reason,
        fault,
        wanted: wanted.cloned(),
    };
    Ok(Decision { events: vec![event], ..Decision::default() })
}

/// 교환거절: back to where it was.
pub fn reject(order: &Order, group: u16, reason: Option<&str>, cx: &Context<'_>) -> Result<Decision, Refusal> {
    find(order, group, "reject_exchange")?;
    let event = Event::ExchangeRejected { group, reason: reason.map(str::to_owned) };
    let mut decision = Decision { events: vec![event], ..Decision::default() };
    procure::left_behind(order, cx, &mut decision);
    Ok(decision)
}

/// 교환승인, by either branch.
pub fn approve(
    order: &Order,
    group: u16,
    branch: Branch,
    sku_id: Option<&SkuId>,
    cx: &Context<'_>,
) -> Result<Decision, Refusal> {
    let e = find(order, group, "approve_exchange")?;
    let mut decision = Decision::default();
    match branch {
        Branch::Pickup if sku_id.is_some() => Err(Refusal::invalid("a pickup adds no product")),
        Branch::Pickup => {
            let units = [ReservedLine { line_no: e.line_no, quantity: e.quantity }];
            returns::approved(order, &units, (e.reason, e.fault), Some(e), cx, &mut decision);
            Ok(decision)
        }
        Branch::AddProduct => {
            let line = chosen::known(order, e.line_no)?;
            let sku_id = sku_id.or(e.wanted.as_ref()).unwrap_or(&line.sku_id);
            add(order, e, line, sku_id, cx, &mut decision)?;
            Ok(decision)
        }
    }
}

/// A new line in the same order, from preparation on; it takes over what the units were worth.
fn add(
    order: &Order,
    e: &Exchange,
    line: &Line,
    sku_id: &SkuId,
    cx: &Context<'_>,
    decision: &mut Decision,
) -> Result<(), Refusal> {
    let facts = || Facts { sku_id: Some(sku_id.clone()), claim_group: Some(e.group), ..Facts::default() };
    let quote = cx.quote(sku_id).ok_or_else(|| Refusal::new(Reason::UnknownSku, facts()))?;
    if quote.info.gift {
        return Err(Refusal::invalid(format!("SKU {sku_id} is a gift: nothing is exchanged for it")));
    }
    equal_price(line, quote)?;
    let there = quote.view.is_none_or(|v| v.on_hand >= i64::from(e.quantity));
    if !there {
        // no stock for the new line: the exchange fails, and the original is refunded†
        fail(order, e, 0, cx, decision);
        return Ok(());
    }
    let no = order.next_line_no();
    let new = AddedLine {
        no,
        sku_id: sku_id.clone(),
        product_id: quote.info.product_id.clone(),
        quantity: e.quantity,
        unit_price: line.unit_price,
        fee_no: line.fee_no,
        main_line_no: None,
        pre_refund: quote.info.pre_refund,
        lead_time_days: quote.info.lead_time_days,
        points_rate_bp: quote.info.points_rate_bp,
        prepared: true,
        taken: if quote.view.is_some() { e.quantity } else { 0 },
    };
    let restocked = !e.shipped;
    if restocked {
        let units = e.quantity.min(line.deducted);
        let back = Cut { line_no: line.no, quantity: units, amount: Won::ZERO, untaken: units };
        stock::give_back_as(order, &[back], &[], ("exchanged", "unsellable"), decision);
    }
    let moved = money::worth(line, e.quantity);
    let approved = ExchangeApproved { group: e.group, branch: Branch::AddProduct, line: Some(new), moved, restocked };
    decision.events.push(Event::ExchangeApproved(Box::new(approved)));
    // the new line earns its own
    if let Some(reversed) = returns::reversal(line, e.quantity) {
        decision.events.push(Event::PointsReversed { lines: vec![reversed] });
    }
    take(order, no, quote, e.quantity, cx, decision);
    Ok(())
}

/// Takes the units of a line that was just added: here by a movement, elsewhere by asking.
pub fn take(order: &Order, no: u16, quote: &Quote, quantity: u32, cx: &Context<'_>, decision: &mut Decision) {
    if quote.view.is_some() {
        let after = folded(order, &decision.events, cx);
        if let Some(line) = after.line(no) {
            decision.movements.push(stock::movement(&after, line, Move::Deduct, quantity, 0, None));
        }
        return;
    }
    let id = format!("{}:{}:{}", order.id, order.version + 1, quote.lane);
    let units = vec![ReservedLine { line_no: no, quantity }];
    let reservation = Reservation { id: id.clone(), lane: quote.lane, lines: units };
    decision.events.push(Event::StockAsked { reservations: vec![reservation] });
    let line = StepLine { line_no: no, sku_id: quote.info.sku_id.clone(), campaign_id: None, quantity, partial: false };
    let customer_id = order.customer_id.clone();
    let kind = StepKind::Reserve { customer_id, lines: vec![line], deduct: true, stands: true };
    decision.steps.push(Step { lane: quote.lane, reservation: id, kind });
}

/// Unequal prices are refused†: the same product in another option is equal, another product must cost the same.
fn equal_price(line: &Line, quote: &Quote) -> Result<(), Refusal> {
    let same = quote.info.product_id == line.product_id || quote.info.price == line.unit_price;
    if same {
        return Ok(());
    }
    let facts = Facts {
        line_no: Some(line.no),
        sku_id: Some(quote.info.sku_id.clone()),
        due: Some(line.unit_price),
        amount: Some(quote.info.price),
        ..Facts::default()
    };
    Err(Refusal::new(Reason::PriceMismatch, facts))
}

/// The product that was to be added is not there: the original is refunded, as a return that costs the buyer nothing†.
/// `lost` units of the new line are gone; the others go back on the shelf.
pub fn fail(order: &Order, e: &Exchange, lost: u32, cx: &Context<'_>, decision: &mut Decision) {
    let first = decision.events.len();
    if let Some(new) = e.new_line_no.and_then(|no| order.line(no)) {
        // gifts that came with it go with it (§3.2†)
        let mut gifts = vec![Cut { line_no: new.no, quantity: new.active(), amount: Won::ZERO, untaken: 0 }];
        stock::add_gifts(order, &mut gifts);
        gifts.retain(|c| c.line_no != new.no);
        if !gifts.is_empty() {
            stock::cut(order, CutCause::OutOfStock, gifts, &[], decision);
        }
        let back = Cut { line_no: new.no, quantity: new.deducted, amount: Won::ZERO, untaken: new.deducted };
        let lost = [ReservedLine { line_no: new.no, quantity: lost }];
        stock::give_back_as(order, &[back], &lost, ("exchange_failed", "shortage"), decision);
    }
    decision.events.push(Event::ExchangeFailed { group: e.group, lost });
    let after = folded(order, &decision.events[first..], cx);
    let units = [ReservedLine { line_no: e.line_no, quantity: e.quantity }];
    let why = (ClaimReason::ExchangeFailed, Fault::Seller);
    returns::approved(&after, &units, why, after.exchange_of(e.group), cx, decision);
}
