//! Linked orders (domain §2): what parent and child tell one another, and what they make of it. News travels by durable
//! messages that may come twice or late; each is judged by what the order has become, so that it has its effect once.

use super::{Context, Decision, folded, procure, procure::Gone, returns};
use crate::domain::{
    ids::OrderId,
    order::{
        claim::{ClaimReason, Fault, ReturnState},
        command::OrderCommand,
        event::{Cut, CutCause, Event, ReservedLine},
        state::{Line, Order, Placement},
        supply::{Link, LinkKind, LinkMessage, LinkState, LinkWhat, Parent, ProcureKind, ProcureState, ShortLine},
    },
    reason::Refusal,
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
    let news = |state, reason| Event::LinkChanged { order_id: from.clone(), state, reason };
    let mut decision = Decision::default();
    match (what, link.state) {
        (LinkWhat::Placed, LinkState::Asked) => decision.events.push(news(LinkState::Open, None)),
        (LinkWhat::Refused { reason }, LinkState::Asked) => {
            decision.events.push(news(LinkState::Refused, Some(*reason)));
            give_up(order, link, true, cx, &mut decision);
        }
        // it was refused to us, or we gave it up, and it stands all the same
        (LinkWhat::Placed, LinkState::Refused | LinkState::Cancelled | LinkState::Ended) => {
            decision.events.push(news(LinkState::Cancelled, None));
            let what = LinkWhat::Cancel;
            decision.messages.push(LinkMessage { to: link.order_id.clone(), lane: link.lane, what });
        }
        (LinkWhat::Short { lines }, LinkState::Asked | LinkState::Open | LinkState::Done) => {
            decision.events.push(Event::LinkShort { order_id: from.clone(), lines: lines.clone() });
            let now = folded(order, &decision.events, cx);
            if let Some(link) = now.after.links.iter().find(|l| l.order_id == *from) {
                give_up(&now, link, false, cx, &mut decision);
            }
        }
        (LinkWhat::Done, LinkState::Asked | LinkState::Open) => {
            decision.events.push(news(LinkState::Done, None));
            let of = |p: &&crate::domain::order::supply::Procurement| {
                let numbers = p.lines.iter().map(|l| &l.line_no);
                p.kind == ProcureKind::Partner && p.state == ProcureState::Open && numbers.eq(link.lines.iter())
            };
            if let Some(p) = order.after.procurements.iter().find(of) {
                decision.events.push(Event::ProcurementCompleted { procurements: vec![p.no] });
            }
        }
        (LinkWhat::Ended, LinkState::Asked | LinkState::Open | LinkState::Done) => {
            decision.events.push(news(LinkState::Ended, None));
            give_up(order, link, true, cx, &mut decision);
        }
        _ => {}
    }
    if decision.events.is_empty() { Err(nothing()) } else { Ok(decision) }
}

/// A child that ends takes its parent's lines to OUT_OF_STOCK†, a child that is short its units; an installer's end takes
/// nothing: another one can be assigned.
fn give_up(order: &Order, link: &Link, all: bool, cx: &Context<'_>, decision: &mut Decision) {
    if link.kind == LinkKind::Installation {
        return;
    }
    let unshipped = |l: &&Line| {
        link.lines.contains(&l.no)
            && l.free() > 0
            && matches!(l.status, Status::Preparing | Status::ProcurementCheck | Status::ProcurementDone)
    };
    let gone = |line| -> Gone<'_> {
        let line: &Line = line;
        // units that the parent does not want any more may be short at the child, and nobody misses them
        let coming = if all { 0 } else { coming(order, link, line.no) };
        Gone { line, quantity: line.free().saturating_sub(coming), lost: true }
    };
    let gone: Vec<Gone<'_>> = order.lines.iter().filter(unshipped).map(gone).filter(|g| g.quantity > 0).collect();
    if !gone.is_empty() {
        procure::take_out(order, CutCause::LinkEnded, &gone, cx, decision);
    }
}

/// Units of a line that a link still brings.
fn coming(order: &Order, link: &Link, line_no: u16) -> u32 {
    let procured = order.after.procurements.iter().filter(|p| p.kind == ProcureKind::Partner);
    let bought = procured.flat_map(|p| &p.lines).find(|l| l.line_no == line_no).map_or(0, |l| l.quantity);
    let short: u32 = link.short.iter().filter(|s| s.line_no == line_no).map(|s| s.quantity).sum();
    bought.saturating_sub(short)
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
    let mut after = before.cloned();
    for event in &decision.events {
        let fits = Order::step(&mut after, id, event, cx.now);
        assert!(fits.is_ok(), "what was decided must fit: {fits:?}");
    }
    let Some(after) = after else { return };
    tell_parent(before, &after, decision);
    let unneeded = |l: &&Link| {
        let wanted = |no: &u16| after.line(*no).is_some_and(|line| line.active() > 0);
        matches!(l.state, LinkState::Open | LinkState::Done) && !l.lines.iter().any(wanted)
    };
    for link in after.after.links.iter().filter(unneeded) {
        let (order_id, state) = (link.order_id.clone(), LinkState::Cancelled);
        decision.events.push(Event::LinkChanged { order_id, state, reason: None });
        decision.messages.push(LinkMessage { to: link.order_id.clone(), lane: link.lane, what: LinkWhat::Cancel });
    }
}

fn tell_parent(before: Option<&Order>, after: &Order, decision: &mut Decision) {
    let Some(parent) = &after.after.parent else { return };
    let mut say = |what| decision.messages.push(LinkMessage { to: parent.order_id.clone(), lane: parent.lane, what });
    let stood = before.filter(|b| b.placement == Placement::Done);
    if after.placement == Placement::Failed {
        if before.is_some_and(|b| b.placement == Placement::Reserving) {
            say(LinkWhat::Refused { reason: crate::domain::reason::Reason::SoldOut });
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
    // what a claim of its own exchanged still comes
    let lost = |o: &Order, l: &Line| {
        let ended = o.after.returns.iter().filter(|r| r.state == ReturnState::Completed).flat_map(|r| &r.lines);
        l.cancelled + ended.filter(|k| k.line_no == l.no && !k.shipped).map(|k| k.quantity).sum::<u32>()
    };
    let by_line = after.lines.iter().zip(&parent.lines).map(|(line, &line_no)| {
        let earlier = before.and_then(|b| Some(lost(b, b.line(line.no)?))).unwrap_or(0);
        ShortLine { line_no, quantity: lost(after, line).saturating_sub(earlier) }
    });
    by_line.filter(|s| s.quantity > 0).collect()
}

/// Its goods are procured (W: 연결된 Order가 발주완료할시).
fn done(order: &Order) -> bool {
    let far = |l: &Line| matches!(l.status, Status::ProcurementDone | Status::Shipped | Status::PurchaseConfirmed);
    order.placement == Placement::Done && order.lines.iter().filter(|l| l.active() > 0).all(far)
}
