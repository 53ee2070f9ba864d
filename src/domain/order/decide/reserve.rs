//! Replies of other lanes (architecture 7): a placement stands when every lane has reserved, and never was when one could not.

use super::{
    Context, Decision, exchange, folded, gift, money,
    stock::{add_gifts, give_back, omitted_gifts, release_all, return_unwanted, short_after_asking},
};
use crate::domain::{
    catalog::{PreparePolicy, StockPolicy},
    order::{
        event::{Cut, Event, ReservedLine},
        state::{Line, Order, Placement, ReserveState, Reserving},
        supply::AskWhat,
    },
    reason::{Facts, Reason, Refusal},
    status::{Trigger, next},
};

fn asked<'a>(order: &'a Order, id: &str) -> Result<&'a Reserving, Refusal> {
    let found = order.reservations.iter().find(|r| r.asked.id == id);
    match found {
        Some(r) if r.state == ReserveState::Asked => Ok(r),
        Some(_) => Err(Refusal::invalid("the reservation was answered before, or given up")),
        None => Err(Refusal::invalid("the order has no such reservation")),
    }
}

/// What a lane says to a question that was asked before anything was done.
fn answered(
    order: &Order,
    id: &str,
    lines: &[ReservedLine],
    no: Option<(Reason, Facts)>,
    cx: &Context<'_>,
) -> Option<Decision> {
    let ask = order.open_ask(id)?;
    match &ask.what {
        AskWhat::Exchange { .. } => exchange::answered(order, ask, lines, no, cx),
        AskWhat::Gift { .. } => gift::answered(order, ask, lines, no),
        AskWhat::Linked { .. } | AskWhat::Work { .. } => None,
    }
}

/// A lane has taken these units.
pub fn reserved(order: &Order, id: &str, lines: &[ReservedLine], cx: &Context<'_>) -> Result<Decision, Refusal> {
    let reserving = asked(order, id)?;
    if let Some(decision) = answered(order, id, lines, None, cx) {
        return Ok(decision);
    }
    let event = Event::Reserved { reservation: id.to_owned(), lines: lines.to_vec() };
    let after = folded(order, std::slice::from_ref(&event), cx);
    let mut decision = Decision { events: vec![event], ..Decision::default() };
    if order.placement == Placement::Reserving {
        if after.reservations.iter().any(|r| r.state == ReserveState::Asked) {
            return Ok(decision);
        }
        complete(&after, cx, &mut decision);
    } else {
        return_unwanted(order, id, reserving.asked.lane, lines, &mut decision);
        short_after_asking(&after, lines, &reserving.asked.lines, cx, &mut decision);
    }
    let judged = folded(order, &decision.events, cx);
    if cx.policy.prepare == PreparePolicy::AtOnce && ready(&judged) {
        decision.events.push(Event::Prepared { lines: Vec::new() });
    }
    Ok(decision)
}

/// Paid, standing, and with nothing left to be judged.
fn ready(order: &Order) -> bool {
    order.placement == Placement::Done
        && order.lines.iter().any(|l| next(l.status, Trigger::Prepare).is_some())
        && order.unjudged().next().is_none()
}

fn complete(order: &Order, cx: &Context<'_>, decision: &mut Decision) {
    // its payment has paid another order while the lanes were asked
    if let Some(key) = order.brings().find(|key| cx.taken.contains(key)) {
        let facts = Facts { detail: Some(key.id.to_string()), ..Facts::default() };
        return fail(order, Reason::ApprovalReused, facts, decision);
    }
    let waits = |l: &Line| l.policy == StockPolicy::DeductAtPayment && order.paid_at.is_none();
    let mut shortages: Vec<Cut> = order
        .lines
        .iter()
        .filter(|l| !waits(l) && l.wants() > 0)
        .map(|l| Cut { line_no: l.no, quantity: l.wants(), amount: money::worth(l, l.wants()), released: 0 })
        .collect();
    let kept = |l: &Line| !shortages.iter().any(|c| c.line_no == l.no && c.quantity == l.active());
    if !order.lines.iter().any(|l| !l.gift && kept(l)) {
        return fail(order, Reason::SoldOut, Facts::default(), decision);
    }
    add_gifts(order, &mut shortages);
    give_back(order, &shortages, &[], decision);
    let fees = money::fee_refunds(&order.fees, &order.lines, &shortages);
    let refunds = money::plan_for(order, &shortages, &fees, order.next_group());
    let back = shortages.iter().map(|c| c.amount).chain(fees.iter().map(|f| f.amount)).sum();
    let total = Some(order.amount_due() - back);
    let omitted_gifts = omitted_gifts(order, &shortages);
    decision.events.push(Event::PlacementCompleted { shortages, fees, refunds, total, omitted_gifts });
}

/// A lane could not: the placement never was; what the others took goes back. An order that stands finds nothing there.
pub fn refused(order: &Order, id: &str, reason: Reason, facts: &Facts, cx: &Context<'_>) -> Result<Decision, Refusal> {
    asked(order, id)?;
    if let Some(decision) = answered(order, id, &[], Some((reason, facts.clone())), cx) {
        return Ok(decision);
    }
    if order.placement != Placement::Reserving {
        return reserved(order, id, &[], cx);
    }
    let mut decision = Decision::default();
    fail(order, reason, facts.clone(), &mut decision);
    decision.steps.retain(|s| s.reservation != id); // that lane has nothing of ours
    Ok(decision)
}

fn fail(order: &Order, reason: Reason, facts: Facts, decision: &mut Decision) {
    release_all(order, decision);
    decision.events.push(Event::PlacementFailed { reason, facts: Box::new(facts) });
}
