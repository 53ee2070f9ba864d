//! Replies of other lanes (architecture 7): a placement stands when every lane has reserved, and never was when one could not.

use super::{
    Decision, money,
    stock::{release_all, short_after_asking},
};
use crate::domain::{
    order::{
        event::{Cut, Event, ReservedLine},
        state::{Order, Placement, ReserveState, Reserving},
    },
    reason::{Facts, Reason, Refusal},
};

fn asked<'a>(order: &'a Order, id: &str) -> Result<&'a Reserving, Refusal> {
    let found = order.reservations.iter().find(|r| r.asked.id == id);
    match found {
        Some(r) if r.state == ReserveState::Asked => Ok(r),
        Some(_) => Err(Refusal::invalid("the reservation was answered before, or given up")),
        None => Err(Refusal::invalid("the order has no such reservation")),
    }
}

/// A lane has taken these units.
pub fn reserved(order: &Order, id: &str, lines: &[ReservedLine]) -> Result<Decision, Refusal> {
    let reserving = asked(order, id)?;
    let event = Event::Reserved { reservation: id.to_owned(), lines: lines.to_vec() };
    let mut after = Some(order.clone());
    let fits = Order::step(&mut after, &order.id, &event, order.received);
    assert!(fits.is_ok(), "a reservation that was asked must fit: {fits:?}");
    let mut decision = Decision { events: vec![event], ..Decision::default() };
    let Some(after) = after else { return Ok(decision) };
    if order.placement == Placement::Reserving {
        if !after.reservations.iter().any(|r| r.state == ReserveState::Asked) {
            complete(&after, &mut decision);
        }
    } else {
        short_after_asking(&after, lines, &reserving.asked.lines, &mut decision);
    }
    Ok(decision)
}

fn complete(order: &Order, decision: &mut Decision) {
    let mut taken = 0;
    let mut shorts = Vec::new();
    for line in &order.lines {
        let here = line.held + line.deducted;
        taken += here;
        let waits = line.policy == crate::domain::catalog::StockPolicy::DeductAtPayment && order.paid_at.is_none();
        let short = if waits { 0 } else { line.active() - here };
        taken += if waits { line.active() } else { 0 };
        if short > 0 {
            let amount = money::worth(line, short);
            shorts.push(Cut { line_no: line.no, quantity: short, amount, untaken: 0 });
        }
    }
    if taken == 0 {
        return fail(order, Reason::SoldOut, Facts::default(), decision);
    }
    let fees = money::fees_back(&order.fees, &order.lines, &shorts);
    let refunds = money::plan_for(order, &shorts, &fees, order.next_group());
    decision.events.push(Event::PlacementCompleted { shorts, fees, refunds });
}

/// A lane could not: the placement never was; what the others took goes back.
pub fn refused(order: &Order, id: &str, reason: Reason, facts: &Facts) -> Result<Decision, Refusal> {
    asked(order, id)?;
    if order.placement != Placement::Reserving {
        return Err(Refusal::invalid("only a placement's reservation may be refused"));
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
