//! 발주 (rows 10–13, 15–17): where the goods come from, and what happens when they don't.

use super::{Context, Decision, Quote, chosen, exchange, folded, folded_from, stock};
use crate::domain::{
    catalog::{Partner, PartnerKind},
    ids::{CustomerId, OrderId, PartnerId, SkuId},
    money::{AMOUNT_MAX, Won},
    order::{
        command::{PartnerPurchase, Sourced},
        delivery::DeliveryStatus,
        event::{Cut, CutCause, Event, Linked, ProcurementStarted, ReservedLine},
        state::{Line, Order},
        supply::{
            AskWhat, ChildLine, ChildOrder, LinkKind, LinkMessage, LinkWhat, Parent, ProcureKind, ProcureState,
            ProcuredLine, Procurement,
        },
    },
    reason::{Facts, Reason, Refusal},
    status::{Status, Trigger},
};

/// Stands in the ids that are made for linked orders; no client may place under such an id.
pub const LINKED: &str = "::";

/// The most orders that one is linked to: an order is read whole.
const LINKS_MAX: usize = 100;

/// The most questions that an order has asked of others: what is refused may be asked again, not for ever.
const ASKS_MAX: usize = 500;

/// Whether the order may ask another order or lane once more.
pub fn may_ask(order: &Order) -> Result<(), Refusal> {
    if order.fulfilment.asks.len() >= ASKS_MAX {
        return Err(Refusal::invalid(format!("an order asks at most {ASKS_MAX} times")));
    }
    Ok(())
}

/// Row 10: a linked order at a registered partner, which runs this same workflow there. The partner is asked first: what it has
/// not is no purchase, and the order stays as it was.
pub fn from_partner(order: &Order, p: &PartnerPurchase, cx: &Context<'_>) -> Result<Decision, Refusal> {
    let partner = partner(cx, &p.partner_id, &[PartnerKind::Retailer, PartnerKind::Wholesaler])?;
    let named: Vec<Sourced> =
        p.lines.iter().map(|(line_no, _, quantity)| Sourced { line_no: *line_no, quantity: *quantity }).collect();
    named_some(&named)?;
    let units = units(order, &named, Trigger::PurchaseFromPartner, "purchase_from_partner")?;
    // what a claim may still give back would not be bought
    if let Some((line, _)) = units.iter().find(|(l, _)| l.returning > 0) {
        return Err(Refusal::invalid(format!("a return of line {} is in progress: decide it first", line.no)));
    }
    let mut lines: Vec<ProcuredLine> = Vec::with_capacity(units.len());
    for ((line, quantity), (_, sku_id, _)) in units.iter().zip(&p.lines) {
        let quote = theirs(cx, partner, line, sku_id)?;
        let before: u32 = lines.iter().filter(|l| l.sku_id == *sku_id).map(|l| l.quantity).sum();
        exchange::there(quote, Some(line.no), quantity.saturating_add(before))?;
        lines.push(ProcuredLine { line_no: line.no, quantity: *quantity, sku_id: sku_id.clone() });
    }
    let started = ProcurementStarted {
        no: next_no(order),
        kind: ProcureKind::Partner,
        lines,
        partner_id: Some(p.partner_id.clone()),
        seller: None,
        amount: None,
    };
    let wanted = started.lines.iter().map(|l| ChildLine { sku_id: l.sku_id.clone(), quantity: l.quantity }).collect();
    let lines: Vec<&Line> = units.iter().map(|(line, _)| *line).collect();
    let (linked, message) = link(order, (p, partner, LinkKind::Purchase), &lines, wanted, cx)?;
    Ok(ask(AskWhat::Linked { started: Some(started), linked }, message))
}

/// Row 13: a linked order for the installer; it needs no stock. Until it is installed another one may take the work over.
pub fn assign_installer(order: &Order, p: &PartnerPurchase, cx: &Context<'_>) -> Result<Decision, Refusal> {
    let partner = partner(cx, &p.partner_id, &[PartnerKind::Installer])?;
    let numbers: Vec<u16> = p.lines.iter().map(|(no, _, _)| *no).collect();
    if numbers.is_empty() {
        return Err(Refusal::invalid(NAME_LINES));
    }
    let lines = chosen::lines(order, &numbers, Trigger::AssignInstaller, "assign_installer")?;
    let mut wanted = Vec::with_capacity(lines.len());
    for (line, (no, sku_id, quantity)) in lines.iter().zip(&p.lines) {
        if line.delivery.status == Some(DeliveryStatus::Installed) {
            return Err(chosen::not_now(line, "assign_installer", Some("the line is INSTALLED already".into())));
        }
        if quantity.is_some_and(|n| n != line.free()) {
            return Err(Refusal::invalid(format!("line {no} is installed whole: leave the quantity out")));
        }
        theirs(cx, partner, line, sku_id)?;
        if let Some(link) = order.installer_of(*no) {
            if link.partner_id == partner.id {
                return Err(Refusal::invalid(format!("line {no} has this installer, by order {}", link.order_id)));
            }
            if let Some(other) = link.lines.iter().find(|l| !numbers.contains(l)) {
                let id = &link.order_id;
                return Err(Refusal::invalid(format!("order {id} is of line {other}, too: name all that it is of")));
            }
        }
        wanted.push(ChildLine { sku_id: sku_id.clone(), quantity: line.free() });
    }
    let (linked, message) = link(order, (p, partner, LinkKind::Installation), &lines, wanted, cx)?;
    Ok(ask(AskWhat::Linked { started: None, linked }, message))
}

const NAME_LINES: &str = "name at least one line, each with the partner's SKU";

fn named_some(named: &[Sourced]) -> Result<(), Refusal> {
    if named.is_empty() { Err(Refusal::invalid(NAME_LINES)) } else { Ok(()) }
}

fn ask(what: AskWhat, message: LinkMessage) -> Decision {
    let events = vec![Event::Asked { ask: message.to.to_string(), what: Box::new(what) }];
    Decision { events, messages: vec![message], ..Decision::default() }
}

/// The partner, if it trades and is of one of these kinds.
fn partner<'a>(cx: &'a Context<'_>, id: &PartnerId, kinds: &[PartnerKind]) -> Result<&'a Partner, Refusal> {
    let found = cx.partners.iter().find(|p| p.id == *id && p.active);
    let facts = || Facts { detail: Some(id.to_string()), ..Facts::default() };
    let partner = found.ok_or_else(|| Refusal::new(Reason::UnknownPartner, facts()))?;
    if !kinds.contains(&partner.kind) {
        return Err(Refusal::invalid(format!("partner {id} is {}", partner.kind.code())));
    }
    Ok(partner)
}

/// The quote of a partner's SKU.
fn theirs<'a>(cx: &'a Context<'_>, partner: &Partner, line: &Line, sku_id: &SkuId) -> Result<&'a Quote, Refusal> {
    let facts = || Facts { line_no: Some(line.no), sku_id: Some(sku_id.clone()), ..Facts::default() };
    let quote = cx.quote(sku_id).ok_or_else(|| Refusal::new(Reason::UnknownSku, facts()))?;
    if quote.info.holder_id.as_ref() != Some(&partner.id) {
        return Err(Refusal::invalid(format!("SKU {sku_id} is not partner {}'s", partner.id)));
    }
    Ok(quote)
}

/// The linked order, and the message that asks for it.
fn link(
    order: &Order,
    (p, partner, kind): (&PartnerPurchase, &Partner, LinkKind),
    lines: &[&Line],
    wanted: Vec<ChildLine>,
    cx: &Context<'_>,
) -> Result<(Linked, LinkMessage), Refusal> {
    let numbers: Vec<u16> = lines.iter().map(|l| l.no).collect();
    if order.fulfilment.links.len() >= LINKS_MAX {
        return Err(Refusal::invalid(format!("an order is linked to at most {LINKS_MAX} others")));
    }
    may_ask(order)?;
    let seller =
        lines.first().and_then(|l| order.seller_of(l)).ok_or_else(|| Refusal::invalid("nobody sells that line"))?;
    if lines.iter().any(|l| order.seller_of(l) != Some(seller)) {
        return Err(Refusal::invalid("the lines are of several sellers: each buys for itself"));
    }
    let lane = p.lines.first().and_then(|(_, sku, _)| cx.quote(sku)).map_or(cx.lane, |q| q.lane);
    let made = || OrderId::new(&format!("{}{LINKED}{}", order.id, next_link(order)));
    let child = match &p.linked_order_id {
        Some(id) => id.clone(),
        None => made().map_err(|e| Refusal::invalid(format!("{e}; name a linked_order_id")))?,
    };
    let known = order.fulfilment.links.iter().any(|l| l.order_id == child) || order.open_ask(child.as_str()).is_some();
    if child == order.id || known {
        return Err(Refusal::new(
            Reason::DuplicateOrder,
            Facts { detail: Some(child.to_string()), ..Facts::default() },
        ));
    }
    let buyer_id = CustomerId::new(seller.as_str()).map_err(|e| Refusal::invalid(e.to_string()))?;
    let parent = Parent {
        order_id: order.id.clone(),
        lane: cx.lane,
        kind,
        partner_id: partner.id.clone(),
        lines: numbers.clone(),
    };
    let what = LinkWhat::Place(Box::new(ChildOrder { parent, buyer_id, lines: wanted }));
    let message = LinkMessage { to: child.clone(), lane, what };
    let partner_id = partner.id.clone();
    Ok((
        Linked { order_id: child, lane, kind, partner_id, lines: numbers, procurement: None, without_consent: false },
        message,
    ))
}

/// The number in the name of the next linked order; names that were refused are not given again.
fn next_link(order: &Order) -> usize {
    let ours = format!("{}{LINKED}", order.id);
    let number = |id: &str| id.strip_prefix(&ours).and_then(|n| n.parse::<usize>().ok());
    let asked = order.fulfilment.asks.iter().filter_map(|a| number(&a.id));
    order.fulfilment.links.len().max(asked.max().unwrap_or(0)) + 1
}

/// Row 11: a receipt, no order.
pub fn from_non_partner(order: &Order, named: &[Sourced], seller: &str, amount: Won) -> Result<Decision, Refusal> {
    if seller.trim().is_empty() || amount > Won::new(AMOUNT_MAX) {
        return Err(Refusal::invalid("a receipt says who sold it, and for how much"));
    }
    let units = units(order, named, Trigger::PurchaseFromNonPartner, "purchase_from_non_partner")?;
    let mut started = start(order, ProcureKind::NonPartner, &units);
    started.seller = Some(seller.to_owned());
    started.amount = Some(amount);
    Ok(Decision { events: vec![Event::ProcurementStarted(Box::new(started))], ..Decision::default() })
}

/// Row 12: the units that the sale deducted are the ones: they are allocated, and not deducted twice.
pub fn own_stock(order: &Order, named: &[Sourced]) -> Result<Decision, Refusal> {
    let units = units(order, named, Trigger::UseOwnStock, "use_own_stock")?;
    for (line, quantity) in &units {
        if line.deducted < *quantity {
            let facts = Facts {
                line_no: Some(line.no),
                sku_id: Some(line.sku_id.clone()),
                available: Some(i64::from(line.deducted)),
                requested: Some(i64::from(*quantity)),
                ..Facts::default()
            };
            return Err(Refusal::new(Reason::InsufficientStock, facts));
        }
    }
    let started = start(order, ProcureKind::OwnStock, &units);
    Ok(Decision { events: vec![Event::ProcurementStarted(Box::new(started))], ..Decision::default() })
}

/// Whole lines, by their numbers.
pub fn whole_lines(numbers: &[u16]) -> Vec<Sourced> {
    numbers.iter().map(|&line_no| Sourced { line_no, quantity: None }).collect()
}

/// The units that a source is to bring: so many of a line as it says, else all that no other source brings. None named: all
/// lines that still want a source.
fn units<'a>(
    order: &'a Order,
    named: &[Sourced],
    trigger: Trigger,
    command: &str,
) -> Result<Vec<(&'a Line, u32)>, Refusal> {
    if named.is_empty() {
        let lines = chosen::lines(order, &[], trigger, command)?;
        let left: Vec<(&Line, u32)> =
            lines.into_iter().map(|l| (l, order.unsourced(l))).filter(|(_, n)| *n > 0).collect();
        return if left.is_empty() { Err(Refusal::illegal(order.status(), command)) } else { Ok(left) };
    }
    let numbers: Vec<u16> = named.iter().map(|s| s.line_no).collect();
    let lines = chosen::lines(order, &numbers, trigger, command)?;
    let part = |(line, s): (&'a Line, &Sourced)| {
        let left = order.unsourced(line);
        if left == 0 {
            let why = format!("all that is left of line {} has a source, or one is being asked", line.no);
            return Err(chosen::not_now(line, command, Some(why)));
        }
        match s.quantity {
            None => Ok((line, left)),
            Some(n) if n == 0 || n > left => Err(chosen::too_many(line, n, left)),
            // a claim that is undone would bring back what no source brings
            Some(n) if n < left && line.returning > 0 => {
                Err(Refusal::invalid(format!("a return of line {} is in progress: decide it first", line.no)))
            }
            Some(n) => Ok((line, n)),
        }
    };
    lines.into_iter().zip(named).map(part).collect()
}

pub fn next_no(order: &Order) -> u16 {
    order.fulfilment.procurements.iter().map(|p| p.no).max().unwrap_or(0) + 1
}

fn start(order: &Order, kind: ProcureKind, units: &[(&Line, u32)]) -> ProcurementStarted {
    let line =
        |(l, quantity): &(&Line, u32)| ProcuredLine { line_no: l.no, quantity: *quantity, sku_id: l.sku_id.clone() };
    let lines = units.iter().map(line).collect();
    ProcurementStarted { no: next_no(order), kind, lines, partner_id: None, seller: None, amount: None }
}

/// The open procurements of these lines; of all lines, when none is named.
fn open<'a>(order: &'a Order, lines: &[&Line]) -> Vec<&'a Procurement> {
    let of = |p: &&Procurement| {
        p.state == ProcureState::Open && p.lines.iter().any(|l| lines.iter().any(|k| k.no == l.line_no))
    };
    order.fulfilment.procurements.iter().filter(of).collect()
}

/// A procurement is completed or cancelled with all lines that still want it.
fn whole(order: &Order, open: &[&Procurement], named: &[u16]) -> Result<(), Refusal> {
    let wants = |l: &&ProcuredLine| order.line(l.line_no).is_some_and(|k| k.free() > 0);
    let omitted_gifts = |p: &&&Procurement| p.lines.iter().filter(wants).any(|l| !named.contains(&l.line_no));
    match open.iter().find(omitted_gifts) {
        Some(p) if !named.is_empty() => {
            let lines: Vec<String> = p.lines.iter().map(|l| l.line_no.to_string()).collect();
            Err(Refusal::invalid(format!("procurement {} is of lines {}: name them all", p.no, lines.join(", "))))
        }
        Some(_) | None => Ok(()),
    }
}

/// Row 15, of receipts and own stock; a partner's is completed by the linked order.
pub fn complete(order: &Order, named: &[u16]) -> Result<Decision, Refusal> {
    let lines = chosen::lines(order, named, Trigger::CompleteProcurement, "complete_procurement")?;
    let open = open(order, &lines);
    let (theirs, ours): (Vec<&Procurement>, Vec<&Procurement>) =
        open.into_iter().partition(|p| p.kind == ProcureKind::Partner);
    let of = |l: &Line, p: &&&Procurement| p.lines.iter().any(|k| k.line_no == l.no);
    let not_ours = |l: &&&Line| !ours.iter().any(|p| of(l, &p));
    let waits = lines.iter().find(not_ours).filter(|_| ours.is_empty() || !named.is_empty());
    if let Some(line) = waits {
        let Some(p) = theirs.iter().find(|p| of(line, p)) else {
            return Err(Refusal::illegal(line.shown(), "complete_procurement"));
        };
        let partner = p.partner_id.as_ref().map(ToString::to_string).unwrap_or_default();
        return Err(Refusal::invalid(format!("procurement {} is partner {partner}'s: its order completes it", p.no)));
    }
    whole(order, &ours, named)?;
    let procurements = ours.iter().map(|p| p.no).collect();
    Ok(Decision { events: vec![Event::ProcurementCompleted { procurements }], ..Decision::default() })
}

/// Row 16: what was to be procured will not come. Units allocated from own stock go back on the shelf; the others never
/// were there, and leave the books†.
pub fn cancel(order: &Order, named: &[u16], reason: Option<&str>, cx: &Context<'_>) -> Result<Decision, Refusal> {
    let lines = chosen::lines(order, named, Trigger::CancelProcurement, "cancel_procurement")?;
    let open = open(order, &lines);
    whole(order, &open, named)?;
    let procurements = open.iter().map(|p| p.no).collect();
    let event = Event::ProcurementCancelled { procurements, reason: reason.map(str::to_owned) };
    let mut decision = Decision { events: vec![event], ..Decision::default() };
    left_behind(order, cx, &mut decision);
    Ok(decision)
}

/// Row 17: "stock may vanish at any time until shipping completes".
pub fn lose(order: &Order, lost: &[ReservedLine], cx: &Context<'_>) -> Result<Decision, Refusal> {
    if lost.is_empty() {
        return Err(Refusal::invalid("name at least one line, and how many units of it are gone"));
    }
    chosen::once(&lost.iter().map(|l| l.line_no).collect::<Vec<_>>())?;
    let mut gone = Vec::with_capacity(lost.len());
    for l in lost {
        let line = chosen::one(order, l.line_no, Trigger::LoseSomeStock, "report_stock_loss")?;
        if l.quantity == 0 || l.quantity > line.free() {
            return Err(chosen::too_many(line, l.quantity, line.free()));
        }
        gone.push(Gone { line, quantity: l.quantity, lost: l.quantity });
    }
    let mut decision = Decision::default();
    take_out(order, CutCause::StockLost, &gone, cx, &mut decision);
    Ok(decision)
}

/// Takes out what nobody brings any more: units that a linked order can't deliver, and those of a procurement that was
/// cancelled. Units under claim stay, so that their money is counted once; when the claim is undone they are taken then. A line
/// that still wants a source gets another one instead.
pub fn left_behind(order: &Order, cx: &Context<'_>, decision: &mut Decision) {
    for cause in [CutCause::LinkEnded, CutCause::ProcurementCancelled] {
        let now = folded(order, &decision.events, cx);
        let gone: Vec<Gone<'_>> = now.lines.iter().filter_map(|line| missing(&now, line, cause)).collect();
        if !gone.is_empty() {
            let mut more = Decision::default();
            take_out(&now, cause, &gone, cx, &mut more);
            decision.events.append(&mut more.events);
            decision.movements.append(&mut more.movements);
            decision.steps.append(&mut more.steps);
        }
    }
}

/// Units of a line whose sources are gone, by this cause.
fn missing<'a>(order: &Order, line: &'a Line, cause: CutCause) -> Option<Gone<'a>> {
    if !matches!(line.status, Status::ProcurementCheck | Status::ProcurementDone) {
        return None;
    }
    let (mut there, mut unbrought, mut cancelled, mut own) = (0u32, 0u32, 0u32, 0u32);
    for (p, l) in order.sources(line.no) {
        let short = order.unbrought(p, l);
        unbrought += short;
        match (p.state, p.kind) {
            (ProcureState::Open | ProcureState::Done, _) => there += l.quantity - short,
            (ProcureState::Cancelled, ProcureKind::OwnStock) => own += l.quantity,
            (ProcureState::Cancelled, ProcureKind::Partner | ProcureKind::NonPartner) => {
                cancelled += l.quantity - short
            }
        }
    }
    let short = line.free().saturating_sub(there);
    let (quantity, lost) = match cause {
        CutCause::LinkEnded if unbrought > 0 => {
            let n = if cancelled + own > 0 { short.min(unbrought) } else { short };
            (n, n)
        }
        CutCause::ProcurementCancelled if cancelled + own > 0 => {
            // what the shelf gave goes back there; when nothing else was to come, all of it
            (short, if cancelled == 0 { 0 } else { short - short.min(own) })
        }
        CutCause::Buyer
        | CutCause::OutOfStock
        | CutCause::StockLost
        | CutCause::LinkEnded
        | CutCause::ProcurementCancelled
        | CutCause::ParentEnded
        | CutCause::MainGone
        | CutCause::ExchangeRejected => (0, 0),
    };
    (quantity > 0).then_some(Gone { line, quantity, lost })
}

/// What the sources of a line have come to once an order has changed: when a source goes, or units that it was for, all that is
/// left may be being procured already, or be there.
pub fn settle_sources(order: Option<&Order>, id: &OrderId, cx: &Context<'_>, decision: &mut Decision) {
    let procures = order.is_some_and(|o| !o.fulfilment.procurements.is_empty())
        || decision.events.iter().any(|e| matches!(e, Event::ProcurementStarted(_)));
    if !procures {
        return;
    }
    let Some(now) = folded_from(id, order.cloned(), &decision.events, cx) else { return };
    let whole = |l: &&Line| {
        let procured = now.units_procured(l.no);
        l.status == Status::Preparing && l.free() > 0 && procured > 0 && procured >= l.free()
    };
    let sourced: Vec<u16> = now.lines.iter().filter(whole).map(|l| l.no).collect();
    let there = |l: &&Line| {
        let checked = l.status == Status::ProcurementCheck || sourced.contains(&l.no);
        let mut sources = now.live_sources(l.no).peekable();
        checked && l.active() > 0 && sources.peek().is_some() && sources.all(|(p, _)| p.state == ProcureState::Done)
    };
    let procured: Vec<u16> = now.lines.iter().filter(there).map(|l| l.no).collect();
    if !sourced.is_empty() {
        decision.events.push(Event::LinesSourced { lines: sourced });
    }
    if !procured.is_empty() {
        decision.events.push(Event::LinesProcured { lines: procured });
    }
}

/// Units that will not be delivered.
#[derive(Clone, Copy)]
pub struct Gone<'a> {
    pub line: &'a Line,
    pub quantity: u32,
    /// so many of them leave the books, too
    pub lost: u32,
}

/// Takes units out of lines, refunds them, and lets gifts follow; a line that an exchange added takes the exchange with it.
pub fn take_out(order: &Order, cause: CutCause, gone: &[Gone<'_>], cx: &Context<'_>, decision: &mut Decision) {
    let added = |g: &&Gone<'_>| order.fails_with(g.line.no).is_some();
    let mut cuts: Vec<Cut> = gone
        .iter()
        .filter(|g| !added(g))
        .map(|g| Cut {
            line_no: g.line.no,
            quantity: g.quantity,
            amount: super::money::worth(g.line, g.quantity),
            released: g.quantity.min(g.line.deducted),
        })
        .collect();
    let lost = |g: &Gone<'_>| ReservedLine { line_no: g.line.no, quantity: g.lost };
    let lost: Vec<ReservedLine> = gone.iter().map(lost).collect();
    if !cuts.is_empty() {
        stock::add_gifts(order, &mut cuts);
        stock::cut(order, cause, cuts, &lost, decision);
    }
    for g in gone.iter().filter(added) {
        let now = folded(order, &decision.events, cx);
        if let Some(e) = now.fails_with(g.line.no) {
            exchange::fail(&now, e, g.lost, cx, decision);
        }
    }
}
