//! Linked orders (domain §2): what parent and child tell one another, and what they make of it. News travels by durable
//! messages that may come twice or late; each is judged by what the order has become, so that it has its effect once.

use super::{Context, Decision, exchange, folded, procure, returns, work};
use crate::domain::{
    ids::OrderId,
    order::{
        claim::{ClaimReason, Exchange, ExchangeState, Fault, Return, ReturnState},
        command::OrderCommand,
        delivery::DeliveryStatus,
        event::{Cut, CutCause, Event, ProcurementStarted, ReservedLine},
        state::{Line, Order, Placement},
        supply::{
            Ask, AskWhat, Link, LinkKind, LinkMessage, LinkState, LinkWhat, Parent, ProcureKind, ProcureState,
            ProcuredLine, Procurement, ShortLine,
        },
    },
    reason::{Facts, Reason, Refusal},
    status::{Status, Trigger},
};

/// A message that has no effect (any more); nobody waits for an answer.
fn nothing() -> Refusal {
    Refusal::invalid("the link has no use for this any more")
}

/// What a linked order says.
pub fn hear(order: &Order, from: &OrderId, what: &LinkWhat, cx: &Context<'_>) -> Result<Decision, Refusal> {
    if let LinkWhat::Cancel | LinkWhat::Worked { .. } | LinkWhat::WorkRefused { .. } = what {
        let ours = order.fulfilment.parent.as_ref().is_some_and(|p| p.order_id == *from);
        return if ours { parent_says(order, what, cx) } else { Err(nothing()) };
    }
    if let Some(ask) = order.open_ask(from.as_str()) {
        return answered(order, ask, from, what, cx);
    }
    let link = order.fulfilment.links.iter().find(|l| l.order_id == *from).ok_or_else(nothing)?;
    if let LinkWhat::Work { .. } = what {
        return work::heard(order, link, what, cx);
    }
    let changed = |state, reason, procurement| {
        let order_id = from.clone();
        Event::LinkChanged { order_id, state, reason, short: Vec::new(), procurement }
    };
    let news = |state, reason| changed(state, reason, None);
    let mut decision = Decision::default();
    // news may overtake the word that it stands
    match (what, link.state) {
        (LinkWhat::Placed, LinkState::Asked) => decision.events.push(news(LinkState::Open, None)),
        (LinkWhat::Refused { reason, .. }, LinkState::Asked) => {
            decision.events.push(news(LinkState::Refused, Some(*reason)));
        }
        // it was refused to us, and stands all the same
        (LinkWhat::Placed, LinkState::Refused) => {
            decision.events.push(news(LinkState::Cancelled, None));
            let what = LinkWhat::Cancel;
            decision.messages.push(LinkMessage { to: link.order_id.clone(), lane: link.lane, what });
        }
        (LinkWhat::Short { lines }, LinkState::Asked | LinkState::Open | LinkState::Done | LinkState::Shipped) => {
            let (order_id, state) = (from.clone(), link.state);
            let (reason, procurement) = (None, None);
            decision.events.push(Event::LinkChanged { order_id, state, reason, short: lines.clone(), procurement });
        }
        (LinkWhat::Done, state @ (LinkState::Asked | LinkState::Open | LinkState::Shipped)) => {
            if state != LinkState::Shipped {
                decision.events.push(news(LinkState::Done, None));
            }
            let of = |p: &&Procurement| {
                let mut numbers = p.lines.iter().map(|l| &l.line_no);
                let brought = match link.procurement {
                    Some(no) => p.no == no,
                    None => numbers.by_ref().eq(link.lines.iter()),
                };
                p.kind == ProcureKind::Partner && p.state == ProcureState::Open && brought
            };
            if let Some(p) = order.fulfilment.procurements.iter().find(of) {
                decision.events.push(Event::ProcurementCompleted { procurements: vec![p.no] });
            }
        }
        // also of one that we thought to have stopped: it had left before it heard so
        (LinkWhat::Shipped, LinkState::Asked | LinkState::Open | LinkState::Done | LinkState::Cancelled) => {
            decision.events.push(news(LinkState::Shipped, None));
        }
        (LinkWhat::Ended, LinkState::Asked | LinkState::Open | LinkState::Done | LinkState::Shipped) => {
            let open =
                |no: &u16| order.fulfilment.procurements.iter().any(|p| p.no == *no && p.state == ProcureState::Open);
            decision.events.push(changed(LinkState::Ended, None, link.procurement.filter(open)));
        }
        _ => return Err(nothing()),
    }
    if decision.events.is_empty() {
        return Err(nothing());
    }
    // a child that ends takes its parent's lines to OUT_OF_STOCK†, one that is short its units; an installer's end takes
    // nothing: another one can be assigned
    procure::left_behind(order, cx, &mut decision);
    Ok(decision)
}

/// What the order says that this one was made for.
fn parent_says(order: &Order, what: &LinkWhat, cx: &Context<'_>) -> Result<Decision, Refusal> {
    match what {
        LinkWhat::WorkRefused { ask, reason, facts } => work::refused(order, ask, *reason, facts),
        LinkWhat::Worked { .. } => work::worked(order, what),
        LinkWhat::Place(_)
        | LinkWhat::Placed
        | LinkWhat::Refused { .. }
        | LinkWhat::Short { .. }
        | LinkWhat::Done
        | LinkWhat::Shipped
        | LinkWhat::Ended
        | LinkWhat::Cancel
        | LinkWhat::Work { .. } => stop(order, cx),
    }
}

/// A partner's answer to what was asked of it: it can, and then the purchase (or the installer's work) begins with what is still
/// wanted; or it can't, and the order is as it was.
fn answered(order: &Order, ask: &Ask, from: &OrderId, what: &LinkWhat, cx: &Context<'_>) -> Result<Decision, Refusal> {
    let AskWhat::Linked { started, linked } = &ask.what else { return Err(nothing()) };
    let denied = |reason, facts: Facts| Event::Denied { ask: ask.id.clone(), reason, facts: Box::new(facts) };
    if let LinkWhat::Refused { reason, facts } = what {
        // a wrong pick: whether it has nothing or too little
        let reason = if *reason == Reason::SoldOut { Reason::InsufficientStock } else { *reason };
        let mut facts = facts.as_deref().cloned().unwrap_or_default();
        facts.position = None; // of a ledger elsewhere
        facts.line_no = facts.line_no.and_then(|no| linked.lines.get(usize::from(no).checked_sub(1)?).copied());
        return Ok(Decision { events: vec![denied(reason, facts)], ..Decision::default() });
    }
    let stop = LinkMessage { to: from.clone(), lane: linked.lane, what: LinkWhat::Cancel };
    let mut decision = Decision::default();
    let mut linked = linked.clone();
    let stands = match started {
        Some(started) => {
            let rest = |l: &ProcuredLine| {
                let line = order.line(l.line_no).filter(|k| k.may(Trigger::PurchaseFromPartner).is_some())?;
                (line.free() > order.units_procured(line.no)).then(|| l.clone())
            };
            let lines: Vec<ProcuredLine> = started.lines.iter().filter_map(rest).collect();
            let whole = lines.len() == started.lines.len();
            let no = procure::next_no(order);
            linked.procurement = Some(no);
            if whole {
                let started = ProcurementStarted { no, lines, ..started.clone() };
                decision.events.push(Event::ProcurementStarted(Box::new(started)));
            }
            whole
        }
        None => linked.lines.iter().all(|no| {
            let able = |l: &Line| l.may(Trigger::AssignInstaller).is_some();
            order.line(*no).is_some_and(|l| able(l) && l.delivery.status != Some(DeliveryStatus::Installed))
        }),
    };
    decision.events.push(Event::Linked(Box::new(linked.clone())));
    let state = if stands { LinkState::Open } else { LinkState::Cancelled };
    let change = |order_id: &OrderId, state| {
        let (order_id, reason, short, procurement) = (order_id.clone(), None, Vec::new(), None);
        Event::LinkChanged { order_id, state, reason, short, procurement }
    };
    decision.events.push(change(from, state));
    if !stands {
        // what it was for went meanwhile
        let mut refusal = Refusal::illegal(order.status(), "purchase_from_partner");
        refusal.facts.line_no = linked.lines.first().copied();
        decision.messages.push(stop);
        // its installer may be saying something already
        if let LinkWhat::Work { ask, lane, .. } = what {
            let (reason, facts) = (refusal.reason, Box::new(refusal.facts.clone()));
            let what = LinkWhat::WorkRefused { ask: ask.clone(), reason, facts };
            decision.messages.push(LinkMessage { to: from.clone(), lane: *lane, what });
        }
        decision.events.push(denied(refusal.reason, refusal.facts));
        return Ok(decision);
    }
    // another installer takes the work over
    for no in linked.lines.iter().filter(|_| started.is_none()) {
        let Some(link) = order.installer_of(*no) else { continue };
        let told = decision.messages.iter().any(|m| m.to == link.order_id);
        if !told {
            decision.events.push(change(&link.order_id, LinkState::Cancelled));
            let (to, lane) = (link.order_id.clone(), link.lane);
            decision.messages.push(LinkMessage { to, lane, what: LinkWhat::Cancel });
        }
    }
    decision.events.push(Event::Granted { ask: ask.id.clone() });
    if !matches!(what, LinkWhat::Placed) {
        // its news has overtaken the word that it stands
        let now = folded(order, &decision.events, cx);
        match (hear(&now, from, what, cx), what) {
            (Ok(mut more), _) => {
                decision.events.append(&mut more.events);
                decision.movements.append(&mut more.movements);
                decision.steps.append(&mut more.steps);
                decision.messages.append(&mut more.messages);
            }
            (Err(no), LinkWhat::Work { ask, lane, .. }) => {
                let (reason, facts) = (no.reason, Box::new(no.facts));
                let what = LinkWhat::WorkRefused { ask: ask.clone(), reason, facts };
                decision.messages.push(LinkMessage { to: from.clone(), lane: *lane, what });
            }
            (Err(_), _) => {}
        }
    }
    Ok(decision)
}

/// The parent needs this order no more: what has not shipped is cancelled, or (once it was prepared, when nothing is
/// cancelled any more: W) returned without collection.
fn stop(order: &Order, cx: &Context<'_>) -> Result<Decision, Refusal> {
    if order.installs() {
        let decision = work::stop(order);
        return if decision.events.is_empty() { Err(nothing()) } else { Ok(decision) };
    }
    let mut decision = Decision::default();
    let cuts: Vec<Cut> = order
        .lines
        .iter()
        .filter(|l| l.status == Status::Ordered && l.free() > 0)
        .map(|l| Cut {
            line_no: l.no,
            quantity: l.free(),
            amount: super::money::worth(l, l.free()),
            released: l.deducted.min(l.free()),
        })
        .collect();
    if !cuts.is_empty() {
        super::stock::cut(order, CutCause::ParentEnded, cuts, &[], &mut decision);
    }
    // claims that nobody has decided: undone, they would bring back what nobody needs
    let pending = |r: &&Return| r.state == ReturnState::Requested && r.lines.iter().any(|l| !l.shipped);
    for r in order.fulfilment.returns.iter().filter(pending) {
        let now = folded(order, &decision.events, cx);
        returns::approve_as(&now, r.group, r.timing, cx, &mut decision);
    }
    let asked = |e: &&Exchange| e.state == ExchangeState::Requested && !e.shipped;
    for e in order.fulfilment.exchanges.iter().filter(asked) {
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
        (Some(o), _) => {
            o.fulfilment.parent.is_some() || !o.fulfilment.links.is_empty() || !o.fulfilment.asks.is_empty()
        }
        (None, _) => false,
    };
    if !linked {
        return;
    }
    let Some(after) = super::folded_from(id, before.cloned(), &decision.events, cx) else { return };
    tell_parent(before, &after, decision);
    work::tell(before, &after, decision);
    let Some(after) = super::folded_from(id, before.cloned(), &decision.events, cx) else { return };
    let unneeded = |l: &&Link| {
        let wanted = |o: &Order| l.lines.iter().any(|no| o.line(*no).is_some_and(|line| line.active() > 0));
        match l.state {
            LinkState::Open | LinkState::Done => !wanted(&after) || dropped(&after, l),
            // what of it has not left yet is stopped, once; what has is not cancelled
            LinkState::Shipped => !wanted(&after) && before.is_some_and(wanted),
            LinkState::Asked | LinkState::Ended | LinkState::Refused | LinkState::Cancelled => false,
        }
    };
    for link in after.fulfilment.links.iter().filter(unneeded) {
        if link.state != LinkState::Shipped {
            let (order_id, state) = (link.order_id.clone(), LinkState::Cancelled);
            let (reason, short, procurement) = (None, Vec::new(), None);
            decision.events.push(Event::LinkChanged { order_id, state, reason, short, procurement });
        }
        decision.messages.push(LinkMessage { to: link.order_id.clone(), lane: link.lane, what: LinkWhat::Cancel });
    }
}

fn tell_parent(before: Option<&Order>, after: &Order, decision: &mut Decision) {
    let Some(parent) = &after.fulfilment.parent else { return };
    let mut say = |what| decision.messages.push(LinkMessage { to: parent.order_id.clone(), lane: parent.lane, what });
    let stood = before.filter(|b| b.placement == Placement::Done);
    if after.placement == Placement::Failed {
        if before.is_some_and(|b| b.placement == Placement::Reserving) {
            say(LinkWhat::Refused { reason: Reason::SoldOut, facts: None });
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
    if parent.kind == LinkKind::Purchase && left(after) && !stood.is_some_and(left) {
        say(LinkWhat::Shipped);
    }
}

/// Whether what it was to bring is not procured any more, though other sources of its lines are.
fn dropped(order: &Order, link: &Link) -> bool {
    let of = |no: u16| order.fulfilment.procurements.iter().find(|p| p.no == no);
    link.procurement.and_then(of).is_some_and(|p| p.state == ProcureState::Cancelled)
}

/// Something of it has shipped.
fn left(order: &Order) -> bool {
    order.lines.iter().any(|l| l.delivery.shipped_at.is_some())
}

/// Whether the parent had it stopped.
fn by_parent(before: Option<&Order>, after: &Order) -> bool {
    let news = before.map_or(0, |b| b.fulfilment.returns.len());
    let cuts = before.map_or(0, |b| b.cancels.len());
    after.fulfilment.returns.iter().skip(news).any(|r| r.reason == ClaimReason::ParentEnded)
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
        let ours = o.fulfilment.exchanges.iter().filter(|e| root(e.line_no) == no);
        let replaced: u32 = ours.filter(twice).map(|e| e.quantity).sum();
        // nor those that replace goods which an inspection did not take
        let called_off = o.cancels.iter().filter(|c| c.cause == CutCause::ExchangeRejected && root(c.line_no) == no);
        gone.saturating_sub(replaced + called_off.map(|c| c.quantity).sum::<u32>())
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
