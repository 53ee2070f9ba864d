//! 발주 (rows 10–13, 15–17): where the goods come from, and what happens when they don't.

use super::{Context, Decision, chosen, exchange, folded, stock};
use crate::domain::{
    catalog::{Partner, PartnerKind},
    ids::{CustomerId, OrderId, PartnerId, SkuId},
    money::{AMOUNT_MAX, Won},
    order::{
        command::PartnerPurchase,
        event::{Cut, CutCause, Event, Linked, ProcurementStarted, ReservedLine},
        state::{Line, Order},
        supply::{
            ChildLine, ChildOrder, LinkKind, LinkMessage, LinkWhat, Parent, ProcureKind, ProcureState, ProcuredLine,
            Procurement,
        },
    },
    reason::{Facts, Reason, Refusal},
    status::{Status, Trigger},
};

/// Stands in the ids that are made for linked orders; no client may place under such an id.
pub const LINKED: &str = "::";

/// The most orders that one is linked to: a line has one purchase, and an installer or two.
const LINKS_MAX: usize = 100;

/// Row 10: a linked order at a registered partner, which runs this same workflow there.
pub fn from_partner(order: &Order, p: &PartnerPurchase, cx: &Context<'_>) -> Result<Decision, Refusal> {
    let trigger = Trigger::PurchaseFromPartner;
    let partner = partner(cx, &p.partner_id, &[PartnerKind::Retailer, PartnerKind::Wholesaler])?;
    let (linked, message) = link(order, p, partner, LinkKind::Purchase, trigger, "purchase_from_partner", cx)?;
    // what a claim may still give back would not be bought
    let claimed = |no: &u16| order.line(*no).is_some_and(|l| l.returning > 0);
    if let Some(no) = linked.lines.iter().find(|no| claimed(no)) {
        return Err(Refusal::invalid(format!("a return of line {no} is in progress: decide it first")));
    }
    let bought =
        |(line, sku): (&Line, &SkuId)| ProcuredLine { line_no: line.no, quantity: line.free(), sku_id: sku.clone() };
    let lines = p.lines.iter().filter_map(|(no, sku)| Some(bought((order.line(*no)?, sku)))).collect();
    let started = ProcurementStarted {
        no: next_no(order),
        kind: ProcureKind::Partner,
        lines,
        partner_id: Some(p.partner_id.clone()),
        seller: None,
        amount: None,
    };
    let events = vec![Event::ProcurementStarted(Box::new(started)), Event::Linked(Box::new(linked))];
    Ok(Decision { events, messages: vec![message], ..Decision::default() })
}

/// Row 13: a linked order for the installer.
pub fn assign_installer(order: &Order, p: &PartnerPurchase, cx: &Context<'_>) -> Result<Decision, Refusal> {
    let partner = partner(cx, &p.partner_id, &[PartnerKind::Installer])?;
    let (linked, message) =
        link(order, p, partner, LinkKind::Installation, Trigger::AssignInstaller, "assign_installer", cx)?;
    for (no, _) in &p.lines {
        if let Some(link) = order.installer_of(*no) {
            return Err(Refusal::invalid(format!("line {no} has its installer, by order {}", link.order_id)));
        }
    }
    let events = vec![Event::Linked(Box::new(linked))];
    Ok(Decision { events, messages: vec![message], ..Decision::default() })
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

/// The linked order, and the message that has it placed.
fn link(
    order: &Order,
    p: &PartnerPurchase,
    partner: &Partner,
    kind: LinkKind,
    trigger: Trigger,
    command: &str,
    cx: &Context<'_>,
) -> Result<(Linked, LinkMessage), Refusal> {
    let numbers: Vec<u16> = p.lines.iter().map(|(no, _)| *no).collect();
    if numbers.is_empty() {
        return Err(Refusal::invalid("name at least one line, each with the partner's SKU"));
    }
    if order.after.links.len() >= LINKS_MAX {
        return Err(Refusal::invalid(format!("an order is linked to at most {LINKS_MAX} others")));
    }
    let lines = chosen::lines(order, &numbers, trigger, command)?;
    let mut wanted = Vec::with_capacity(lines.len());
    for (line, (_, sku_id)) in lines.iter().zip(&p.lines) {
        let facts = || Facts { line_no: Some(line.no), sku_id: Some(sku_id.clone()), ..Facts::default() };
        let quote = cx.quote(sku_id).ok_or_else(|| Refusal::new(Reason::UnknownSku, facts()))?;
        if quote.info.holder_id.as_ref() != Some(&partner.id) {
            return Err(Refusal::invalid(format!("SKU {sku_id} is not partner {}'s", partner.id)));
        }
        wanted.push(ChildLine { sku_id: sku_id.clone(), quantity: line.free() });
    }
    let seller =
        lines.first().and_then(|l| order.seller_of(l)).ok_or_else(|| Refusal::invalid("nobody sells that line"))?;
    if lines.iter().any(|l| order.seller_of(l) != Some(seller)) {
        return Err(Refusal::invalid("the lines are of several sellers: each buys for itself"));
    }
    let lane = p.lines.first().and_then(|(_, sku)| cx.quote(sku)).map_or(cx.lane, |q| q.lane);
    let made = || OrderId::new(&format!("{}{LINKED}{}", order.id, order.after.links.len() + 1));
    let child = match &p.linked_order_id {
        Some(id) => id.clone(),
        None => made().map_err(|e| Refusal::invalid(format!("{e}; name a linked_order_id")))?,
    };
    if child == order.id || order.after.links.iter().any(|l| l.order_id == child) {
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
    Ok((Linked { order_id: child, lane, kind, partner_id: partner.id.clone(), lines: numbers }, message))
}

/// Row 11: a receipt, no order.
pub fn from_non_partner(order: &Order, named: &[u16], seller: &str, amount: Won) -> Result<Decision, Refusal> {
    if seller.trim().is_empty() || amount > Won::new(AMOUNT_MAX) {
        return Err(Refusal::invalid("a receipt says who sold it, and for how much"));
    }
    let lines = chosen::lines(order, named, Trigger::PurchaseFromNonPartner, "purchase_from_non_partner")?;
    let mut started = start(order, ProcureKind::NonPartner, &lines);
    started.seller = Some(seller.to_owned());
    started.amount = Some(amount);
    Ok(Decision { events: vec![Event::ProcurementStarted(Box::new(started))], ..Decision::default() })
}

/// Row 12: the units that the sale deducted are the ones: they are allocated, and not deducted twice.
pub fn own_stock(order: &Order, named: &[u16]) -> Result<Decision, Refusal> {
    let lines = chosen::lines(order, named, Trigger::UseOwnStock, "use_own_stock")?;
    for line in &lines {
        if line.deducted < line.free() {
            let facts = Facts {
                line_no: Some(line.no),
                sku_id: Some(line.sku_id.clone()),
                available: Some(i64::from(line.deducted)),
                requested: Some(i64::from(line.free())),
                ..Facts::default()
            };
            return Err(Refusal::new(Reason::InsufficientStock, facts));
        }
    }
    let started = start(order, ProcureKind::OwnStock, &lines);
    Ok(Decision { events: vec![Event::ProcurementStarted(Box::new(started))], ..Decision::default() })
}

fn next_no(order: &Order) -> u16 {
    order.after.procurements.iter().map(|p| p.no).max().unwrap_or(0) + 1
}

fn start(order: &Order, kind: ProcureKind, lines: &[&Line]) -> ProcurementStarted {
    let units = |l: &&Line| ProcuredLine { line_no: l.no, quantity: l.free(), sku_id: l.sku_id.clone() };
    let lines = lines.iter().map(units).collect();
    ProcurementStarted { no: next_no(order), kind, lines, partner_id: None, seller: None, amount: None }
}

/// The open procurements of these lines; of all lines, when none is named.
fn open<'a>(order: &'a Order, lines: &[&Line]) -> Vec<&'a Procurement> {
    let of = |p: &&Procurement| {
        p.state == ProcureState::Open && p.lines.iter().any(|l| lines.iter().any(|k| k.no == l.line_no))
    };
    order.after.procurements.iter().filter(of).collect()
}

/// A procurement is completed or cancelled with all lines that still want it.
fn whole(order: &Order, open: &[&Procurement], named: &[u16]) -> Result<(), Refusal> {
    let wants = |l: &&ProcuredLine| order.line(l.line_no).is_some_and(|k| k.free() > 0);
    let left_out = |p: &&&Procurement| p.lines.iter().filter(wants).any(|l| !named.contains(&l.line_no));
    match open.iter().find(left_out) {
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
    whole(order, &open, named)?;
    let partner = |p: &&&Procurement| p.kind == ProcureKind::Partner;
    let ours: Vec<u16> = open.iter().filter(|p| !partner(p)).map(|p| p.no).collect();
    let theirs = open.iter().find(partner);
    if let Some(p) = theirs.filter(|_| ours.is_empty() || !named.is_empty()) {
        let of = p.partner_id.as_ref().map(ToString::to_string).unwrap_or_default();
        return Err(Refusal::invalid(format!("procurement {} is partner {of}'s: its order completes it", p.no)));
    }
    Ok(Decision { events: vec![Event::ProcurementCompleted { procurements: ours }], ..Decision::default() })
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
    let mut gone = Vec::new();
    for p in open {
        let there = p.kind == ProcureKind::OwnStock;
        let wanted = |l: &ProcuredLine| order.line(l.line_no).filter(|k| k.free() > 0);
        gone.extend(p.lines.iter().filter_map(wanted).map(|l| Gone { line: l, quantity: l.free(), lost: !there }));
    }
    take_out(order, CutCause::ProcurementCancelled, &gone, cx, &mut decision);
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
        gone.push(Gone { line, quantity: l.quantity, lost: true });
    }
    let mut decision = Decision::default();
    take_out(order, CutCause::StockLost, &gone, cx, &mut decision);
    Ok(decision)
}

/// Takes out what nobody brings any more: units that the linked order can't deliver, and those of a procurement that was
/// cancelled. Units under claim stay, so that their money is counted once; when the claim is undone they are taken then.
pub fn left_behind(order: &Order, cx: &Context<'_>, decision: &mut Decision) {
    for cause in [CutCause::LinkEnded, CutCause::ProcurementCancelled] {
        let now = folded(order, &decision.events, cx);
        let of = |l: &Line| now.after.procurements.iter().rev().find(|p| p.lines.iter().any(|k| k.line_no == l.no));
        let gone = |line| -> Gone<'_> {
            let line: &Line = line;
            let (check, done) = (line.status == Status::ProcurementCheck, line.status == Status::ProcurementDone);
            let cancelled = || of(line).is_some_and(|p| p.state == ProcureState::Cancelled);
            let quantity = if cause == CutCause::LinkEnded && (check || done) {
                now.promised(line).map_or(0, |there| line.free().saturating_sub(there))
            } else if cause == CutCause::ProcurementCancelled && check && cancelled() {
                line.free()
            } else {
                0
            };
            Gone { line, quantity, lost: of(line).is_none_or(|p| p.kind != ProcureKind::OwnStock) }
        };
        let gone: Vec<Gone<'_>> = now.lines.iter().map(gone).filter(|g| g.quantity > 0).collect();
        if !gone.is_empty() {
            let mut more = Decision::default();
            take_out(&now, cause, &gone, cx, &mut more);
            decision.events.append(&mut more.events);
            decision.movements.append(&mut more.movements);
            decision.steps.append(&mut more.steps);
        }
    }
}

/// Units that will not be delivered.
#[derive(Clone, Copy)]
pub struct Gone<'a> {
    pub line: &'a Line,
    pub quantity: u32,
    /// they leave the books, too
    pub lost: bool,
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
            untaken: g.quantity.min(g.line.deducted),
        })
        .collect();
    let lost = |g: &Gone<'_>| ReservedLine { line_no: g.line.no, quantity: if g.lost { g.quantity } else { 0 } };
    let lost: Vec<ReservedLine> = gone.iter().map(lost).collect();
    if !cuts.is_empty() {
        stock::add_gifts(order, &mut cuts);
        stock::cut(order, cause, cuts, &lost, decision);
    }
    for g in gone.iter().filter(added) {
        let now = folded(order, &decision.events, cx);
        if let Some(e) = now.fails_with(g.line.no) {
            exchange::fail(&now, e, if g.lost { g.quantity } else { 0 }, cx, decision);
        }
    }
}
