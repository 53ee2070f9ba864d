//! 교환회수 (domain §4): goods that were exchanged come back, are inspected, waived or written off.

use super::{Decision, chosen, settle, stock};
use crate::domain::{
    money::Won,
    order::{
        claim::{Collection, CollectionState, Exchange, ExchangeState, Fault, Return},
        command::{Found, GiveUp},
        event::{Cut, Event, ReservedLine},
        state::Order,
    },
    reason::{Facts, Reason, Refusal},
};

fn find(order: &Order, group: u16) -> Result<&Exchange, Refusal> {
    let facts = || Facts { claim_group: Some(group), ..Facts::default() };
    order.exchange_of(group).ok_or_else(|| Refusal::new(Reason::UnknownClaim, facts()))
}

#[cold]
fn not_now(order: &Order, e: &Exchange, command: &str) -> Refusal {
    let mut refusal = Refusal::illegal(order.status(), command);
    refusal.facts.claim_group = Some(e.group);
    refusal.facts.detail = Some(match &e.collection {
        Some(c) => format!("the goods of exchange {} are {}", e.group, c.state.code()),
        None => format!("exchange {} is {}, and collects nothing", e.group, e.state.code()),
    });
    refusal
}

/// The way back of an exchange's goods, if it is at this point.
fn at<'a>(
    order: &'a Order,
    group: u16,
    command: &str,
    states: &[CollectionState],
) -> Result<(&'a Exchange, &'a Collection), Refusal> {
    let e = find(order, group)?;
    let c = e.collection.as_ref().filter(|c| states.contains(&c.state) && e.state != ExchangeState::Failed);
    c.map(|c| (e, c)).ok_or_else(|| not_now(order, e, command))
}

/// 회수 of an exchange's goods: so many, or all that are still to come.
pub fn collect(order: &Order, group: u16, came: &[ReservedLine]) -> Result<Decision, Refusal> {
    let (e, c) = at(order, group, "collect_return", &[CollectionState::Due])?;
    let quantity = match came {
        [] => c.missing(),
        [one] if one.line_no == e.line_no => one.quantity,
        [other, ..] => {
            let line = chosen::known(order, other.line_no)?;
            let there = if line.no == e.line_no { c.missing() } else { 0 };
            return Err(chosen::too_many(line, other.quantity, there));
        }
    };
    if quantity == 0 || quantity > c.missing() {
        return Err(chosen::too_many(chosen::known(order, e.line_no)?, quantity, c.missing()));
    }
    Ok(Decision { events: vec![Event::ExchangeCollected { group, quantity }], ..Decision::default() })
}

/// What a return's goods were exchanged for, and is still out.
fn owed<'a>(order: &'a Order, r: &Return) -> Vec<&'a Exchange> {
    let mut owed: Vec<&Exchange> = r.lines.iter().flat_map(|l| order.owed_for(l.line_no)).collect();
    owed.sort_by_key(|e| e.group);
    owed.dedup_by_key(|e| e.group);
    owed
}

/// All that is still to come, comes: with a return, what its goods were exchanged for.
pub fn collect_owed(order: &Order, r: &Return, decision: &mut Decision) {
    for e in owed(order, r) {
        let missing = e.collection.as_ref().map_or(0, Collection::missing);
        if missing > 0 {
            decision.events.push(Event::ExchangeCollected { group: e.group, quantity: missing });
        }
    }
}

/// 검수 of an exchange's goods; nothing said: all are sellable.
pub fn inspect(order: &Order, group: u16, found: &[Found], fault: Option<Fault>) -> Result<Decision, Refusal> {
    let (e, c) = at(order, group, "complete_return", &[CollectionState::Collected])?;
    if fault.is_some() {
        return Err(Refusal::invalid("the fault of an exchange is judged with its approval"));
    }
    let line = chosen::known(order, e.line_no)?;
    let (sellable, unsellable) = match found {
        [] => (c.collected, 0),
        [one] if one.line_no == e.line_no => {
            if one.rejected > 0 || !one.kept_back.is_zero() {
                return Err(Refusal::invalid(
                    "an exchange gives nothing back to keep something of; charge for its goods",
                ));
            }
            (one.sellable, one.unsellable)
        }
        [other, ..] => return Err(chosen::too_many(chosen::known(order, other.line_no)?, other.sellable, 0)),
    };
    if sellable.checked_add(unsellable) != Some(c.collected) {
        return Err(chosen::too_many(line, sellable.saturating_add(unsellable), c.collected));
    }
    let mut decision = Decision::default();
    inspected(order, e, (sellable, unsellable), &mut decision);
    Ok(decision)
}

fn inspected(order: &Order, e: &Exchange, (sellable, unsellable): (u32, u32), decision: &mut Decision) {
    let units = sellable + unsellable;
    let back = Cut { line_no: e.line_no, quantity: units, amount: Won::ZERO, untaken: units };
    let lost = [ReservedLine { line_no: e.line_no, quantity: unsellable }];
    stock::give_back_as(order, &[back], &lost, ("exchanged", "unsellable"), decision);
    decision.events.push(Event::ExchangeInspected { group: e.group, sellable, unsellable });
}

/// With a return that nobody says anything of, what its goods were exchanged for is sellable, too.
pub fn inspect_owed(order: &Order, r: &Return, decision: &mut Decision) {
    for e in owed(order, r) {
        if let Some(c) = e.collection.as_ref().filter(|c| c.state == CollectionState::Collected) {
            inspected(order, e, (c.collected, 0), decision);
        }
    }
}

/// 회수면제, or 손실처리: what is still out is not waited for any more.
pub fn give_up(
    order: &Order,
    group: u16,
    how: CollectionState,
    g: &GiveUp,
    command: &str,
) -> Result<Decision, Refusal> {
    let (e, c) = at(order, group, command, &[CollectionState::Due])?;
    let quantity = match &g.lines[..] {
        [] => c.missing(),
        [one] if one.line_no == e.line_no && (1..=c.missing()).contains(&one.quantity) => one.quantity,
        [other, ..] => {
            let there = if other.line_no == e.line_no { c.missing() } else { 0 };
            return Err(chosen::too_many(chosen::known(order, other.line_no)?, other.quantity, there));
        }
    };
    let worth = e.moved.share_down(quantity, e.quantity);
    let charge = settle::charged(order, e.line_no, g.charge, worth)?;
    let event = Event::CollectionGivenUp { group, how, quantity, reason: g.reason.clone(), charge };
    Ok(Decision { events: vec![event], ..Decision::default() })
}
