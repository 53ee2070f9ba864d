//! 사은품 by hand (domain §3.3): a merchandiser adds a gift to an open order after a complaint.

use super::{Context, Decision, chosen, exchange, place::LINES_MAX};
use crate::domain::{
    ids::SkuId,
    money::Won,
    order::{
        claim::GiftReason,
        command::OrderCommand,
        event::{AddedLine, Event, ReservedLine},
        state::{Line, Order},
        step::{Step, StepKind},
        supply::{Ask, AskWhat},
    },
    reason::{Facts, Reason, Refusal},
    status::Status,
};

/// A seller gives its own goods away, as over HTTP so over the streams; an operator may give a shop's to anybody's.
///
/// # Errors
/// The refusal, when it is another seller's.
pub fn of_the_same_seller(order: &Order, command: &OrderCommand, cx: &Context<'_>) -> Result<(), Refusal> {
    let OrderCommand::AddGift { main_line_no, sku_id, .. } = command else { return Ok(()) };
    // what is not there is for the decision to say
    let (Some(main), Some(quote)) = (order.line(*main_line_no), cx.quote(sku_id)) else { return Ok(()) };
    exchange::sold_by_the_same(order, main, quote, cx)
}

/// Whether a gift to this line starts where preparation does; `None`: none can be added to it (any more).
fn prepared(main: &Line) -> Option<bool> {
    match main.status {
        _ if main.free() == 0 => None,
        Status::Ordered => Some(false),
        // a gift to goods that are on their way starts where preparation does
        Status::Preparing | Status::ProcurementCheck | Status::ProcurementDone | Status::Shipped => Some(true),
        Status::PaymentPending
        | Status::PaymentExpired
        | Status::PaymentCancelled
        | Status::Cancelled
        | Status::OutOfStock
        | Status::PurchaseConfirmed
        | Status::Returning
        | Status::Returned
        | Status::Exchanging
        | Status::Exchanged => None,
    }
}

/// A new line: price 0, no promotion, a reason; stock deducted. Where the gift lives in another lane it is asked for first:
/// what is not there is no gift, and the order stays as it was.
pub fn add(
    order: &Order,
    main_line_no: u16,
    sku_id: &SkuId,
    quantity: u32,
    reason: GiftReason,
    cx: &Context<'_>,
) -> Result<Decision, Refusal> {
    let main = chosen::known(order, main_line_no)?;
    if order.installs() {
        return Err(Refusal::invalid("an installer's order brings no gifts"));
    }
    if main.gift {
        return Err(Refusal::invalid(format!("line {main_line_no} is a gift itself")));
    }
    let prepared = prepared(main).ok_or_else(|| chosen::not_now(main, "add_gift", None))?;
    if order.lines.len() + order.asked_lines().count() >= LINES_MAX {
        return Err(Refusal::invalid(format!("an order has at most {LINES_MAX} lines")));
    }
    let facts = || Facts { sku_id: Some(sku_id.clone()), ..Facts::default() };
    let quote = cx.quote(sku_id).ok_or_else(|| Refusal::new(Reason::UnknownSku, facts()))?;
    if !quote.info.gift {
        return Err(Refusal::invalid(format!("SKU {sku_id} is no gift, by its product's kind and type")));
    }
    if quantity == 0 || quantity > super::QUANTITY_MAX {
        return Err(Refusal::invalid(format!("a quantity is 1 to {}", super::QUANTITY_MAX)));
    }
    if let Some(view) = quote.view.filter(|v| v.on_hand < i64::from(quantity)) {
        let short = if view.on_hand == 0 { Reason::SoldOut } else { Reason::InsufficientStock };
        let facts = Facts {
            available: Some(view.on_hand),
            requested: Some(i64::from(quantity)),
            position: Some(view.position),
            ..facts()
        };
        return Err(Refusal::new(short, facts));
    }
    let no = order.next_line_no();
    let line = AddedLine {
        no,
        sku_id: sku_id.clone(),
        product_id: quote.info.product_id.clone(),
        quantity,
        unit_price: Won::ZERO,
        fee_no: main.fee_no,
        main_line_no: Some(main_line_no),
        pre_refund: quote.info.pre_refund,
        lead_time_days: quote.info.lead_time_days,
        points_rate_bp: 0,
        prepared,
        taken: if quote.view.is_some() { quantity } else { 0 },
    };
    let mut decision = Decision::default();
    if quote.view.is_none() {
        let what = |reservation| AskWhat::Gift { line: line.clone(), reason, reservation };
        exchange::ask_lane(order, &line, quote, what, &mut decision)?;
        return Ok(decision);
    }
    decision.events.push(Event::GiftAdded { line: Box::new(line), reason });
    exchange::take(order, no, quantity, cx, &mut decision);
    Ok(decision)
}

/// The other lane has the gift, or has not; or what it was to go with has left the order meanwhile, and it goes back.
pub fn answered(order: &Order, ask: &Ask, lines: &[ReservedLine], no: Option<(Reason, Facts)>) -> Option<Decision> {
    let AskWhat::Gift { line, reason, reservation } = &ask.what else { return None };
    let mut decision = Decision::default();
    let there = lines.iter().any(|l| l.line_no == line.no && l.quantity == line.quantity);
    let main = line.main_line_no.and_then(|no| order.line(no));
    if let Some(prepared) = main.and_then(prepared).filter(|_| there) {
        let line = Box::new(AddedLine { prepared, ..line.clone() });
        decision.events.push(Event::GiftAdded { line, reason: *reason });
        decision.events.push(Event::Reserved { reservation: reservation.id.clone(), lines: lines.to_vec() });
        decision.events.push(Event::Granted { ask: ask.id.clone() });
        return Some(decision);
    }
    if !lines.is_empty() {
        let (lane, reservation) = (reservation.lane, reservation.id.clone());
        decision.steps.push(Step { lane, reservation, kind: StepKind::Release });
    }
    let (reason, mut facts) = no.unwrap_or_else(|| {
        let refusal = main.map_or_else(
            || Refusal::illegal(order.status(), "add_gift"),
            |main| chosen::not_now(main, "add_gift", None),
        );
        (refusal.reason, refusal.facts)
    });
    if !there {
        // of a line that is none, and of a ledger elsewhere
        (facts.line_no, facts.position) = (None, None);
    }
    decision.events.push(Event::Denied { ask: ask.id.clone(), reason, facts: Box::new(facts) });
    Some(decision)
}
