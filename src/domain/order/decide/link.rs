//! Linked orders (domain §2): what parent and child tell one another, and what they make of it. News travels by durable
//! messages that may come twice or late; each is judged by what the order has become, so that it has its effect once.

use super::{Context, Decision, exchange, folded, procure, returns};
use crate::domain::{
    ids::OrderId,
    order::{
        claim::{ClaimReason, Exchange, ExchangeState, Fault, Return, ReturnState},
        command::OrderCommand,
        event::{Cut, CutCause, Event, ReservedLine},
        state::{Line, Order, Placement},
        supply::{
            Link, LinkKind, LinkMessage, LinkState, LinkWhat, Parent, ProcureKind, ProcureState, Procurement, ShortLine,
        },
    },
    reason::{Reason, Refusal},
    status::Status,
};

/// A message that has no effect (any more); nobody waits for an answer.
fn nothing() -> Refusal {
    Refusal::invalid("the link has no use for this any more")
}

/// What a linked order says.
pub fn hear(order: &Order, from: &OrderId, what: &LinkWhat, cx: &Context<'_>) -> Result<Decision, Refusal> {
    if let LinkWhat::Cancel = what {
        let ours = order.after.parent.as_ref().is_some_and(|p| p.order_id == *from);
        return if ours { stop(order, cx) } else { Err(nothing()) };
    }
    let link = order.after.links.iter().find(|l| l.order_id == *from).ok_or_else(nothing)?;
    let news = |state, reason| Event::LinkChanged { order_id: from.clone(), state, reason, short: Vec::new() };
    let mut decision = Decision::default();
    // news may overtake the word that it stands
    match (what, link.state) {
        (LinkWhat::Placed, LinkState::Asked) => decision.events.push(news(LinkState::Open, None)),
        (LinkWhat::Refused { reason }, LinkState::Asked) => {
            decision.events.push(news(LinkState::Refused, Some(*reason)));
        }
        // it was refused to us, and stands all the same
        (LinkWhat::Placed, LinkState::Refused) => {
            decision.events.push(news(LinkState::Cancelled, None));
            let what = LinkWhat::Cancel;
            decision.messages.push(LinkMessage { to: link.order_id.clone(), lane: link.lane, what });
        }
        (LinkWhat::Short { lines }, LinkState::Asked | LinkState::Open | LinkState::Done) => {
            let (order_id, state) = (from.clone(), link.state);
            decision.events.push(Event::LinkChanged { order_id, state, reason: None, short: lines.clone() });
        }
        (LinkWhat::Done, LinkState::Asked | LinkState::Open) => {
            decision.events.push(news(LinkState::Done, None));
            let of = |p: &&Procurement| {
                let numbers = p.lines.iter().map(|l| &l.line_no);
                p.kind == ProcureKind::Partner && p.state == ProcureState::Open && numbers.eq(link.lines.iter())
            };
            if let Some(p) = order.after.procurements.iter().find(of) {
                decision.events.push(Event::ProcurementCompleted { procurements: vec![p.no] });
            }
        }
        (LinkWhat::Ended, LinkState::Asked | LinkState::Open | LinkState::Done) => {
            decision.events.push(news(LinkState::Ended, None));
        }
        _ => return Err(nothing()),
    }
    // a child that ends takes its parent's lines to OUT_OF_STOCK†, one that is short its units; an installer's end takes
    // nothing: another one can be assigned
    procure::left_behind(order, cx, &mut decision);
    Ok(decision)
}

/// The parent needs this order no more: what has not shipped is cancelled, or (once it was prepared, when nothing is
/// cancelled any more: W) returned without collection.
fn stop(order: &Order, cx: &Context<'_>) -> Result<Decision, Refusal> {
    let mut decision = Decision::default();
    let cuts: Vec<Cut> = order
        .lines
        .iter()
        .filter(|l| l.status == Status::Ordered && l.free() > 0)
        .map(|l| Cut {
            line_no: l.no,
            quantity: l.free(),
            amount: super::money::worth(l, l.free()),
            untaken: l.deducted.min(l.free()),
        })
        .collect();
    if !cuts.is_empty() {
        super::stock::cut(order, CutCause::ParentEnded, cuts, &[], &mut decision);
    }
    // claims that nobody has decided: undone, they would bring back what nobody needs
    let pending = |r: &&Return| r.state == ReturnState::Requested && r.lines.iter().any(|l| !l.shipped);
    for r in order.after.returns.iter().filter(pending) {
        let now = folded(order, &decision.events, cx);
        returns::approve_as(&now, r.group, r.timing, cx, &mut decision);
    }
    let asked = |e: &&Exchange| e.state == ExchangeState::Requested && !e.shipped;
    for e in order.after.exchanges.iter().filter(asked) {
        let now = folded(order, &decision.events, cx);
        exchange::fail(&now, e, 0, cx, &mut decision);
    }
    let prepared = |l: &&Line| {
        l.free() > 0 && matches!(l.status, Status::Preparing | Status::ProcurementCheck | Status::ProcurementDone)
    };
    let units: Vec<ReservedLine> =
        order.lines.iter().filter(prepared).map(|l| ReservedLine { line_no: l.no, quantity: l.free() }).collect();
    if !units.is_empty() {
        let now = folded(order, &decision.events, cx);
        returns::approved(&now, &units, (ClaimReason::ParentEnded, Fault::Seller), None, cx, &mut decision);
    }
    if decision.events.is_empty() { Err(nothing()) } else { Ok(decision) }
}

/// What linked orders are to hear of a decision.
pub fn tell(id: &OrderId, before: Option<&Order>, command: &OrderCommand, cx: &Context<'_>, decision: &mut Decision) {
    let linked = match (before, command) {
        (_, OrderCommand::PlaceLinked(_)) => true,
        (Some(o), _) => o.after.parent.is_some() || !o.after.links.is_empty(),
        (None, _) => false,
    };
    if !linked {
        return;
    }
    let Some(after) = super::folded_from(id, before.cloned(), &decision.events, cx) else { return };
    tell_parent(before, &after, decision);
    let unneeded = |l: &&Link| {
        let wanted = |no: &u16| after.line(*no).is_some_and(|line| line.active() > 0);
        matches!(l.state, LinkState::Open | LinkState::Done) && !l.lines.iter().any(wanted)
    };
    for link in after.after.links.iter().filter(unneeded) {
        let (order_id, state) = (link.order_id.clone(), LinkState::Cancelled);
        decision.events.push(Event::LinkChanged { order_id, state, reason: None, short: Vec::new() });
        decision.messages.push(LinkMessage { to: link.order_id.clone(), lane: link.lane, what: LinkWhat::Cancel });
    }
}

fn tell_parent(before: Option<&Order>, after: &Order, decision: &mut Decision) {
    let Some(parent) = &after.after.parent else { return };
    let mut say = |what| decision.messages.push(LinkMessage { to: parent.order_id.clone(), lane: parent.lane, what });
    let stood = before.filter(|b| b.placement == Placement::Done);
    if after.placement == Placement::Failed {
        if before.is_some_and(|b| b.placement == Placement::Reserving) {
            say(LinkWhat::Refused { reason: Reason::SoldOut });
        }
        return;
    }
    if stood.is_none() && after.placement == Placement::Done {
        say(LinkWhat::Placed);
    }
    let ended = |o: &Order| o.lines.iter().all(|l| l.active() == 0);
    if stood.is_some_and(ended) || by_parent(before, after) {
        return; // told before, or the parent's own doing
    }
    if ended(after) {
        say(LinkWhat::Ended);
        return;
    }
    if parent.kind == LinkKind::Purchase {
        let lines = short(stood, after, parent);
        if !lines.is_empty() {
            say(LinkWhat::Short { lines });
        }
    }
    if done(after) && !stood.is_some_and(done) {
        say(LinkWhat::Done);
    }
}

/// Whether the parent had it stopped.
fn by_parent(before: Option<&Order>, after: &Order) -> bool {
    let news = before.map_or(0, |b| b.after.returns.len());
    let cuts = before.map_or(0, |b| b.cancels.len());
    after.after.returns.iter().skip(news).any(|r| r.reason == ClaimReason::ParentEnded)
        || after.cancels.iter().skip(cuts).any(|c| c.cause == CutCause::ParentEnded)
}

/// Units that left the order before shipping, by the parent's lines.
fn short(before: Option<&Order>, after: &Order, parent: &Parent) -> Vec<ShortLine> {
    // units that an exchange replaces are not lost until its new line is, and then once
    let lost = |o: &Order, no: u16| -> u32 {
        let of = |l: &&Line| l.original_line_no.unwrap_or(l.no) == no && !l.gift;
        let gone: u32 = o.lines.iter().filter(of).map(|l| l.cancelled + l.never_left).sum();
        let root = |no: u16| o.line(no).map_or(no, |l| l.original_line_no.unwrap_or(no));
        let twice = |e: &&Exchange| e.new_line_no.is_some() && (e.restocked || e.state == ExchangeState::Failed);
        let ours = o.after.exchanges.iter().filter(|e| root(e.line_no) == no);
        let replaced: u32 = ours.filter(twice).map(|e| e.quantity).sum();
        gone.saturating_sub(replaced)
    };
    let by_line = after.lines.iter().zip(&parent.lines).map(|(line, &line_no)| {
        let earlier = before.map_or(0, |b| lost(b, line.no));
        ShortLine { line_no, quantity: lost(after, line.no).saturating_sub(earlier) }
    });
    by_line.filter(|s| s.quantity > 0).collect()
}

/// Its goods are procured (W: 연결된 Order가 발주완료할시).
fn done(order: &Order) -> bool {
    let far = |l: &Line| matches!(l.status, Status::ProcurementDone | Status::Shipped | Status::PurchaseConfirmed);
    order.placement == Placement::Done && order.lines.iter().filter(|l| l.active() > 0).all(far)
}
