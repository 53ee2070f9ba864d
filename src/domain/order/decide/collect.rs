//! 교환회수 (domain §4): goods that were exchanged come back, are inspected, waived or written off.

use super::{Context, Decision, chosen, deliver, exchange, folded, money, settle, stays, stock};
use crate::domain::{
    fee::FeeReason,
    money::Won,
    order::{
        claim::{Collection, CollectionState, Exchange, ExchangeState, Fault, Return},
        command::{Found, GiveUp},
        event::{Cut, Event, ExchangeFindings, FeeCorrected, FeeRefund, PlannedRefund, ReservedLine},
        state::{Line, Order},
    },
    reason::{Facts, Reason, Refusal},
    status::Status,
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

/// The units that are named of an exchange's goods that are still out; none named: all of them.
fn still_out(order: &Order, e: &Exchange, c: &Collection, named: &[ReservedLine]) -> Result<u32, Refusal> {
    match named {
        [] => Ok(c.missing()),
        [one] if one.line_no == e.line_no && (1..=c.missing()).contains(&one.quantity) => Ok(one.quantity),
        [other, ..] => {
            let there = if other.line_no == e.line_no { c.missing() } else { 0 };
            Err(chosen::too_many(chosen::known(order, other.line_no)?, other.quantity, there))
        }
    }
}

/// 회수 of an exchange's goods: so many, or all that are still to come.
pub fn collect(order: &Order, group: u16, came: &[ReservedLine]) -> Result<Decision, Refusal> {
    let (e, c) = at(order, group, "collect_return", &[CollectionState::Due])?;
    let quantity = still_out(order, e, c, came)?;
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

/// 검수 of an exchange's goods; nothing said: all are sellable. Whose fault it is may be corrected with it.
pub fn inspect(
    order: &Order,
    group: u16,
    found: &[Found],
    fault: Option<Fault>,
    cx: &Context<'_>,
) -> Result<Decision, Refusal> {
    let (e, c) = at(order, group, "complete_return", &[CollectionState::Collected])?;
    let line = chosen::known(order, e.line_no)?;
    let found = match found {
        [] => None,
        [one] if one.line_no == e.line_no => Some(one),
        [other, ..] => return Err(chosen::too_many(chosen::known(order, other.line_no)?, other.sellable, 0)),
    };
    let (sellable, unsellable) = found.map_or((c.collected, 0), |f| (f.sellable, f.unsellable));
    let said = sellable.checked_add(unsellable).and_then(|n| n.checked_add(found.map_or(0, |f| f.rejected)));
    if said != Some(c.collected) {
        return Err(chosen::too_many(line, said.unwrap_or(u32::MAX), c.collected));
    }
    let mut decision = Decision::default();
    correct(order, e, fault, cx, &mut decision)?;
    let now = folded(order, &decision.events, cx);
    let e = find(&now, group)?;
    let judged = match found {
        Some(f) => judge(&now, e, c.collected, f, cx, &mut decision)?,
        None => None,
    };
    inspected(&now, e, (sellable, unsellable), judged, &mut decision);
    deliver::earn_again(order, cx, &mut decision);
    Ok(decision)
}

/// 귀책 정정 at the inspection: the exchange's fee follows the fault; one that was kept back of a refund has gone its way.
fn correct(
    order: &Order,
    e: &Exchange,
    fault: Option<Fault>,
    cx: &Context<'_>,
    decision: &mut Decision,
) -> Result<(), Refusal> {
    let Some(fault) = fault.filter(|f| *f != e.fault) else { return Ok(()) };
    settle::judged(fault, e.fault)?;
    let set_off = |no: u16| order.fees.iter().any(|f| f.no == no && f.returned > f.waived);
    if e.fee_no.is_some_and(set_off) {
        let mut refusal = not_now(order, e, "complete_return");
        refusal.facts.detail = Some(format!("the fee of exchange {} was kept back of a refund already", e.group));
        return Err(refusal);
    }
    let added = exchange::fee(order, &Exchange { fault, ..e.clone() }, e.moved, false, cx);
    let (fee_refunds, refunds) = fee_above(order, e, added.as_ref().map_or(Won::ZERO, |fee| fee.amount));
    let fee = FeeCorrected { added: added.filter(|_| e.fee_no.is_none()), fee_refunds, refunds };
    let fee = (fee.added.is_some() || !fee.fee_refunds.is_empty()).then(|| Box::new(fee));
    decision.events.push(Event::FaultCorrected { group: e.group, fault, fee });
    Ok(())
}

/// What an exchange's fee comes to more than `due`: owed no more, or given back where it was paid.
fn fee_above(order: &Order, e: &Exchange, due: Won) -> (Vec<FeeRefund>, Vec<PlannedRefund>) {
    // what a refund has set off counts towards what is due
    let set_off = e.fee_no.map_or(Won::ZERO, |no| stays::set_off(order, no));
    let due = due - set_off.min(due);
    let open = e.fee_no.and_then(|no| money::left_of(order, no)).filter(|f| f.amount > due);
    let back: Vec<FeeRefund> = open.map(|f| FeeRefund { amount: f.amount - due, ..f }).into_iter().collect();
    let paid = money::paid_fees(order, &back);
    let refunds = money::plan(&order.id, &order.settlements, paid, None, order.refunds.len() + 1);
    (back, refunds)
}

/// What is not taken goes back to the buyer, and what is worth less is charged for. What was to replace goods that are not
/// taken is called off while it has not left; later the buyer has both, and may be charged at most what they were paid.
fn judge(
    order: &Order,
    e: &Exchange,
    collected: u32,
    f: &Found,
    cx: &Context<'_>,
    decision: &mut Decision,
) -> Result<Option<Box<ExchangeFindings>>, Refusal> {
    settle::explained(f)?;
    if f.rejected == 0 && f.withheld_amount.is_zero() {
        return Ok(None);
    }
    let kept = |l: &&Line| {
        e.state == ExchangeState::Approved
            && matches!(l.status, Status::Preparing | Status::ProcurementCheck | Status::ProcurementDone)
    };
    let new = e.new_line_no.and_then(|no| order.line(no)).filter(kept);
    if new.is_some_and(|l| order.awaits_stock(l.no)) {
        return Err(Refusal::early("the stock of what was added is still being asked for"));
    }
    let undone = new.map_or(0, |l| l.free().min(f.rejected));
    let worth = e.moved.share_down(collected - undone, e.quantity);
    settle::chargeable(order, e.line_no, f.withheld_amount, worth)?;
    let first = decision.events.len();
    let moved_back = new.map_or(Won::ZERO, |new| money::worth(new, undone));
    let left = Exchange { quantity: e.quantity - undone, moved: e.moved - moved_back, ..e.clone() };
    let due = exchange::fee(order, &left, left.moved, false, cx).filter(|_| left.quantity > 0);
    let due = due.map_or(Won::ZERO, |fee| fee.amount);
    if undone > 0 {
        stays::release(order, e, due, cx, decision);
    }
    // what the buyer has beside what replaced it is paid for by that; what is kept back counts, first for what is damaged
    let old = worth - e.moved.share_down(collected - f.rejected, e.quantity);
    let damaged = e.moved.share_down(f.unsellable, e.quantity);
    let old = old - (f.withheld_amount - f.withheld_amount.min(damaged)).min(old);
    let old = if order.settles_here() { old } else { Won::ZERO };
    let kept = stays::keep(&folded(order, &decision.events[first..], cx), e, f.withheld_amount + old, cx, decision);
    let kept = kept.min(f.withheld_amount);
    let now = folded(order, &decision.events[first..], cx);
    let mut judged = ExchangeFindings {
        rejected: f.rejected,
        undone,
        reason: f.reason.clone().unwrap_or_default(),
        charge: settle::debt(&now, e.line_no, f.withheld_amount - kept, FeeReason::Damaged),
        kept,
        stays: kept + old,
        ..ExchangeFindings::default()
    };
    if let Some(new) = new.filter(|_| undone > 0) {
        judged.moved_back = moved_back;
        judged.released = new.deducted.saturating_sub(new.active() - undone).min(undone);
        let back = Cut { line_no: new.no, quantity: undone, amount: Won::ZERO, released: judged.released };
        stock::give_back_as(order, &[back], &[], ("exchange_rejected", "shortage"), decision);
        (judged.fee_refunds, judged.refunds) = fee_above(&now, e, due);
    }
    Ok(Some(Box::new(judged)))
}

fn inspected(
    order: &Order,
    e: &Exchange,
    (sellable, unsellable): (u32, u32),
    judged: Option<Box<ExchangeFindings>>,
    decision: &mut Decision,
) {
    let units = sellable + unsellable;
    let back = Cut { line_no: e.line_no, quantity: units, amount: Won::ZERO, released: units };
    let lost = [ReservedLine { line_no: e.line_no, quantity: unsellable }];
    stock::give_back_as(order, &[back], &lost, ("exchanged", "unsellable"), decision);
    decision.events.push(Event::ExchangeInspected { group: e.group, sellable, unsellable, findings: judged });
}

/// With a return that nobody says anything of, what its goods were exchanged for is sellable, too.
pub fn inspect_owed(order: &Order, r: &Return, decision: &mut Decision) {
    for e in owed(order, r) {
        if let Some(c) = e.collection.as_ref().filter(|c| c.state == CollectionState::Collected) {
            inspected(order, e, (c.collected, 0), None, decision);
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
    cx: &Context<'_>,
) -> Result<Decision, Refusal> {
    let (e, c) = at(order, group, command, &[CollectionState::Due])?;
    let quantity = still_out(order, e, c, &g.lines)?;
    let worth = e.moved.share_down(quantity, e.quantity);
    let (mut decision, charge) = (Decision::default(), g.charge.unwrap_or(Won::ZERO));
    settle::chargeable(order, e.line_no, charge, worth)?;
    let stays = stays::keep(order, e, charge, cx, &mut decision);
    let now = folded(order, &decision.events, cx);
    let charge = settle::debt(&now, e.line_no, charge - stays, FeeReason::Unreturned);
    decision.events.push(Event::CollectionGivenUp { group, how, quantity, reason: g.reason.clone(), charge, stays });
    Ok(decision)
}
