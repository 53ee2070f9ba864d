//! 반품 (row 22; domain §4, §5): requested → approved or rejected → collected → completed, or withdrawn.

use super::{Context, Decision, chosen, folded, money, procure, stock};
use crate::domain::{
    catalog::SkuInfo,
    fee::{self, FeeLine, FeeReason},
    money::Won,
    order::{
        claim::{ClaimReason, Exchange, Fault, RefundTiming, Return, ReturnFee, ReturnLine, ReturnState},
        command::ReturnRequest,
        event::{Cut, Event, FeeBack, Inspected, LineAmount, ReservedLine, ReturnRequested},
        state::{Line, Order, Stage},
    },
    reason::{Facts, Reason, Refusal},
    status::{Status, Trigger},
};

/// The most claims that an order has had.
pub const CLAIMS_MAX: usize = 200;

/// The return of that group.
fn find(order: &Order, group: u16) -> Result<&Return, Refusal> {
    let facts = || Facts { claim_group: Some(group), ..Facts::default() };
    order.return_of(group).ok_or_else(|| Refusal::new(Reason::UnknownClaim, facts()))
}

#[cold]
fn not_now(order: &Order, r: &Return, command: &str, why: &str) -> Refusal {
    let mut refusal = Refusal::illegal(order.status(), command);
    refusal.facts.claim_group = Some(r.group);
    refusal.facts.detail = Some(format!("return {} is {}{why}", r.group, r.state.code()));
    refusal
}

/// Row 22.
pub fn request(order: &Order, asked: &ReturnRequest, cx: &Context<'_>) -> Result<Decision, Refusal> {
    if asked.lines.is_empty() {
        return Err(Refusal::invalid("name at least one line, and how many units of it"));
    }
    if order.next_claim() as usize > CLAIMS_MAX {
        return Err(Refusal::invalid(format!("an order has at most {CLAIMS_MAX} claims")));
    }
    chosen::once(&asked.lines.iter().map(|l| l.line_no).collect::<Vec<_>>())?;
    for l in &asked.lines {
        let line = chosen::one(order, l.line_no, Trigger::RequestReturn, "request_return")?;
        if l.quantity == 0 || l.quantity > line.free() {
            return Err(chosen::too_many(line, l.quantity, line.free()));
        }
    }
    if asked.fault == Fault::Installation {
        return Err(Refusal::invalid("an installation that is impossible has a command of its own"));
    }
    let opening = Opening {
        units: &asked.lines,
        reason: asked.reason,
        fault: asked.fault,
        timing: asked.timing,
        waive_gifts: asked.waive_gifts,
        exchange: None,
    };
    let requested = open(order, &opening, cx);
    if requested.timing == RefundTiming::BeforeCollection && !asked.may_override {
        allow_before(order, &requested.lines)?;
    }
    Ok(Decision { events: vec![Event::ReturnRequested(Box::new(requested))], ..Decision::default() })
}

/// Refund before collection is for goods that are marked for it (§3.10); others may override it for a claim.
fn allow_before(order: &Order, lines: &[ReturnLine]) -> Result<(), Refusal> {
    let unfit = |l: &&ReturnLine| l.collect && order.line(l.line_no).is_some_and(|k| !k.pre_refund && !k.gift);
    match lines.iter().find(unfit) {
        Some(l) => Err(Refusal::new(Reason::NotPreRefundable, Facts { line_no: Some(l.line_no), ..Facts::default() })),
        None => Ok(()),
    }
}

/// Whether money goes back before goods come that are not marked for it.
fn early(order: &Order, timing: RefundTiming, lines: &[ReturnLine]) -> bool {
    timing == RefundTiming::BeforeCollection && allow_before(order, lines).is_err()
}

/// What a return is opened with.
pub struct Opening<'a> {
    pub units: &'a [ReservedLine],
    pub reason: ClaimReason,
    pub fault: Fault,
    pub timing: Option<RefundTiming>,
    pub waive_gifts: bool,
    /// the exchange that it ends
    pub exchange: Option<&'a Exchange>,
}

/// The return as it is requested: its lines with the gifts that follow, its fees, and the money that is set aside.
pub fn open(order: &Order, o: &Opening<'_>, cx: &Context<'_>) -> ReturnRequested {
    let mut lines: Vec<ReturnLine> = Vec::new();
    let mut add = |line: &Line, quantity: u32, waived: bool| {
        let shipped = o.exchange.map_or(line.status == Status::Shipped, |e| e.shipped);
        let restocked = o.exchange.is_some_and(|e| e.restocked);
        lines.push(ReturnLine {
            line_no: line.no,
            quantity,
            amount: money::worth(line, quantity),
            shipped,
            collect: shipped && !waived && !restocked,
            restocked,
            collected: 0,
            sellable: None,
        });
    };
    for u in o.units {
        if let Some(line) = order.line(u.line_no) {
            add(line, u.quantity, false);
        }
    }
    let named = |no: u16| o.units.iter().any(|u| u.line_no == no);
    let whole = |no: u16| {
        let of = |u: &&ReservedLine| u.line_no == no;
        o.units.iter().find(of).is_some_and(|u| order.line(no).is_some_and(|l| l.free() == u.quantity))
    };
    let mut gifts_waived = false;
    // gifts follow their main line (§3.2†); a return may let the buyer keep them
    for gift in order.lines.iter().filter(|l| l.gift && l.free() > 0 && !named(l.no)) {
        let follows = gift.main_line_no.is_some_and(whole) && gift.may(Trigger::RequestReturn).is_some();
        if follows && o.exchange.is_none() {
            gifts_waived |= o.waive_gifts && gift.status == Status::Shipped;
            add(gift, gift.free(), o.waive_gifts);
        }
    }
    let goods: Won = lines.iter().map(|l| l.amount).sum();
    let fees = fees(order, &lines, o.fault, cx);
    let fee: Won = fees.iter().map(|f| f.amount).sum();
    let fees_back = outbound_back(order, &lines, o.fault);
    let group = order.next_claim();
    let timing = o.timing.unwrap_or_else(|| default_timing(order, &lines));
    let (mut refunds, mut withheld) = (Vec::new(), Vec::new());
    if order.settles_here() {
        // what is kept back is never more than the goods were worth†
        let kept = fee.min(goods);
        let back = goods + money::paid_fees(order, &fees_back) - kept;
        refunds = money::plan_return(order, back, group);
        withheld = money::withhold(&order.settlements, &refunds, kept);
    }
    let exchange = o.exchange.map(|e| e.group);
    ReturnRequested {
        group,
        reason: o.reason,
        fault: o.fault,
        timing,
        early: early(order, timing, &lines),
        gifts_waived,
        lines,
        fees,
        withheld,
        fees_back,
        refunds,
        exchange,
    }
}

/// Before collection where all goods are marked for it (§3.10).
fn default_timing(order: &Order, lines: &[ReturnLine]) -> RefundTiming {
    if allow_before(order, lines).is_ok() { RefundTiming::BeforeCollection } else { RefundTiming::AfterCollection }
}

/// 반품배송비: the fee module over the returned lines (§5); the seller's fault, a failed installation and goods that had
/// not left pay nothing†, and the rows say why.
fn fees(order: &Order, lines: &[ReturnLine], fault: Fault, cx: &Context<'_>) -> Vec<ReturnFee> {
    let of = |l: &ReturnLine| -> Option<(&Line, &SkuInfo)> {
        let line = order.line(l.line_no)?;
        Some((line, &*cx.quote(&line.sku_id)?.info))
    };
    let priced: Vec<(&ReturnLine, &Line, &SkuInfo)> =
        lines.iter().filter_map(|l| of(l).map(|(line, info)| (l, line, info))).collect();
    // goods that had not left pay nothing, and count towards nothing, beside goods of their row that had
    let beside = |l: &ReturnLine, info: &SkuInfo| {
        let same = |k: &SkuInfo| k.partner_id == info.partner_id && k.template_id == info.template_id;
        !l.shipped && priced.iter().any(|(k, _, of)| k.shipped && same(of))
    };
    let fee_lines: Vec<FeeLine<'_>> = priced
        .iter()
        .map(|(l, line, info)| FeeLine {
            partner_id: &info.partner_id,
            template_id: &info.template_id,
            bundled: info.bundled,
            fee: info.delivery_fee,
            free: info.free_delivery,
            gift: line.gift || beside(l, info),
            total: if beside(l, info) { Won::ZERO } else { line.unit_price.times(l.quantity) },
            threshold: info.threshold,
        })
        .collect();
    let (rows, of_line) = fee::rows(&fee_lines);
    rows.into_iter()
        .enumerate()
        .zip(order.next_fee_no()..)
        .map(|((row, r), no)| {
            let of_row = |(_, of): &(_, &usize)| **of == row;
            let shipped = priced.iter().zip(&of_line).filter(of_row).any(|((l, _, _), _)| l.shipped);
            let excused = match fault {
                Fault::Seller => Some(FeeReason::SellerFault),
                Fault::Installation => Some(FeeReason::InstallationFailed),
                Fault::Buyer if !shipped => Some(FeeReason::NotShipped),
                Fault::Buyer => None,
            };
            ReturnFee {
                no,
                partner_id: r.partner_id,
                template_id: r.template_id,
                base: r.base,
                bundled: r.bundled,
                threshold: r.threshold,
                amount: if excused.is_some() { Won::ZERO } else { r.amount },
                reason: excused.unwrap_or(r.reason),
            }
        })
        .collect()
}

/// The fee of sending the goods out goes back as with a cancellation, unless they were sent for nothing by the buyer's
/// fault†.
fn outbound_back(order: &Order, lines: &[ReturnLine], fault: Fault) -> Vec<FeeBack> {
    let cuts: Vec<Cut> =
        lines.iter().map(|l| Cut { line_no: l.line_no, quantity: l.quantity, amount: Won::ZERO, untaken: 0 }).collect();
    let mut back = money::fees_back(&order.fees, &order.lines, &cuts);
    let left = |fee_no: u16| {
        let of = |l: &&ReturnLine| order.line(l.line_no).is_some_and(|k| k.fee_no == fee_no);
        lines.iter().filter(of).any(|l| l.shipped)
    };
    let surcharge = |fee_no: u16| order.fees.iter().any(|f| f.no == fee_no && f.reason == FeeReason::Surcharge);
    if fault == Fault::Buyer {
        back.retain(|b| if surcharge(b.fee_no) { lines.iter().all(|l| !l.shipped) } else { !left(b.fee_no) });
    }
    back
}

/// A return that is approved as it is made (rows 16–20, exchanges): with nothing to collect it is complete, too.
pub fn approved(
    order: &Order,
    units: &[ReservedLine],
    (reason, fault): (ClaimReason, Fault),
    exchange: Option<&Exchange>,
    cx: &Context<'_>,
    decision: &mut Decision,
) {
    let opening = Opening { units, reason, fault, timing: None, waive_gifts: false, exchange };
    let requested = open(order, &opening, cx);
    let (group, timing) = (requested.group, requested.timing);
    decision.events.push(Event::ReturnRequested(Box::new(requested)));
    let after = folded(order, &decision.events[decision.events.len() - 1..], cx);
    approve_as(&after, group, timing, cx, decision);
}

/// Approval: the money goes now, where it goes before collection.
pub fn approve(order: &Order, group: u16, timing: Option<RefundTiming>, cx: &Context<'_>) -> Result<Decision, Refusal> {
    let r = find(order, group)?;
    if r.state != ReturnState::Requested {
        return Err(not_now(order, r, "approve_return", ""));
    }
    let mut decision = Decision::default();
    approve_as(order, group, timing.unwrap_or(r.timing), cx, &mut decision);
    Ok(decision)
}

pub fn approve_as(order: &Order, group: u16, timing: RefundTiming, cx: &Context<'_>, decision: &mut Decision) {
    let overrides = |r: &Return| r.timing != timing && early(order, timing, &r.lines);
    let early = order.return_of(group).is_some_and(overrides);
    let event = Event::ReturnApproved { group, timing, early };
    let after = folded(order, std::slice::from_ref(&event), cx);
    decision.events.push(event);
    if let Some(r) = after.return_of(group)
        && r.lines.iter().all(|l| !l.collect)
    {
        finish(&after, r, &[], decision);
    }
}

/// 반품거절: quantities and money go back, and the former status.
pub fn reject(order: &Order, group: u16, reason: Option<&str>, cx: &Context<'_>) -> Result<Decision, Refusal> {
    let r = find(order, group)?;
    if r.state != ReturnState::Requested {
        return Err(not_now(order, r, "reject_return", ""));
    }
    let event = Event::ReturnRejected { group, reason: reason.map(str::to_owned) };
    let mut decision = Decision { events: vec![event], ..Decision::default() };
    procure::left_behind(order, cx, &mut decision);
    Ok(decision)
}

/// 반품철회 (§3.9): until collection is confirmed, or the money is on its way back.
pub fn withdraw(order: &Order, group: u16, cx: &Context<'_>) -> Result<Decision, Refusal> {
    let r = find(order, group)?;
    let open = matches!(r.state, ReturnState::Requested | ReturnState::Approved);
    if !open || r.exchange.is_some() {
        let why = if r.exchange.is_some() { ", and ends an exchange" } else { "" };
        return Err(not_now(order, r, "withdraw_return", why));
    }
    if order.refunds.iter().any(|f| f.return_group == Some(group) && f.stage != Stage::Waiting) {
        return Err(not_now(order, r, "withdraw_return", ", and its money is on its way back"));
    }
    if r.fault == Fault::Installation {
        return Err(not_now(order, r, "withdraw_return", ", because it can't be installed"));
    }
    let mut decision = Decision { events: vec![Event::ReturnWithdrawn { group }], ..Decision::default() };
    procure::left_behind(order, cx, &mut decision);
    Ok(decision)
}

/// 회수: units that came back; none named: all that are still to come.
pub fn collect(order: &Order, group: u16, came: &[ReservedLine]) -> Result<Decision, Refusal> {
    let r = find(order, group)?;
    if r.state != ReturnState::Approved {
        return Err(not_now(order, r, "collect_return", ""));
    }
    let missing = |l: &ReturnLine| if l.collect { l.quantity - l.collected } else { 0 };
    let lines: Vec<ReservedLine> = if came.is_empty() {
        let rest = |l: &ReturnLine| ReservedLine { line_no: l.line_no, quantity: missing(l) };
        r.lines.iter().map(rest).filter(|l| l.quantity > 0).collect()
    } else {
        came.to_vec()
    };
    chosen::once(&lines.iter().map(|l| l.line_no).collect::<Vec<_>>())?;
    for l in &lines {
        let line = chosen::known(order, l.line_no)?;
        let there = r.lines.iter().find(|k| k.line_no == l.line_no).map_or(0, missing);
        if l.quantity == 0 || l.quantity > there {
            return Err(chosen::too_many(line, l.quantity, there));
        }
    }
    Ok(Decision { events: vec![Event::ReturnCollected { group, lines }], ..Decision::default() })
}

/// 반품완료: only when, over all lines of the group, collected = returned quantity; stock comes back as inspected.
pub fn complete(order: &Order, group: u16, inspected: &[Inspected]) -> Result<Decision, Refusal> {
    let r = find(order, group)?;
    if r.state != ReturnState::Collected {
        return Err(not_now(order, r, "complete_return", ""));
    }
    chosen::once(&inspected.iter().map(|l| l.line_no).collect::<Vec<_>>())?;
    for i in inspected {
        let line = chosen::known(order, i.line_no)?;
        let there = r.lines.iter().find(|l| l.line_no == i.line_no && l.collect).map_or(0, |l| l.quantity);
        if i.sellable.checked_add(i.unsellable) != Some(there) || there == 0 {
            return Err(chosen::too_many(line, i.sellable.saturating_add(i.unsellable), there));
        }
    }
    let mut decision = Decision::default();
    finish(order, r, inspected, &mut decision);
    Ok(decision)
}

/// What comes back on the shelf, and the end of the return. A line that nobody inspected is sellable.
fn finish(order: &Order, r: &Return, inspected: &[Inspected], decision: &mut Decision) {
    let back = |l: &ReturnLine| {
        let given = inspected.iter().find(|i| i.line_no == l.line_no);
        match given {
            Some(i) => *i,
            // waived, or back already: no stock moves
            None if l.restocked || (l.shipped && !l.collect) => {
                Inspected { line_no: l.line_no, sellable: 0, unsellable: 0 }
            }
            None => {
                let there = order.line(l.line_no).map_or(0, |k| k.deducted);
                Inspected { line_no: l.line_no, sellable: l.quantity.min(there), unsellable: 0 }
            }
        }
    };
    let lines: Vec<Inspected> = r.lines.iter().map(back).collect();
    let units = |i: &Inspected| Cut {
        line_no: i.line_no,
        quantity: i.sellable + i.unsellable,
        amount: Won::ZERO,
        untaken: i.sellable + i.unsellable,
    };
    let cuts: Vec<Cut> = lines.iter().map(units).collect();
    let lost: Vec<ReservedLine> =
        lines.iter().map(|i| ReservedLine { line_no: i.line_no, quantity: i.unsellable }).collect();
    stock::give_back_as(order, &cuts, &lost, ("returned", "unsellable"), decision);
    // of several returns the last one to end takes the fee of their row back
    let fees_back = outbound_back(order, &r.lines, r.fault);
    let refunds = if order.settles_here() {
        money::plan_return(order, money::paid_fees(order, &fees_back), r.group)
    } else {
        Vec::new()
    };
    decision.events.push(Event::ReturnCompleted { group: r.group, lines, fees_back, refunds });
    // of an exchange that failed they were reversed when the product was added
    let exchange = r.exchange.and_then(|group| order.exchange_of(group));
    let before = exchange.is_some_and(|e| e.new_line_no.is_some());
    let units = r.lines.iter().filter(|_| !before).filter_map(|l| Some((order.line(l.line_no)?, l.quantity)));
    let reversed: Vec<LineAmount> = units.filter_map(|(line, quantity)| reversal(line, quantity)).collect();
    if !reversed.is_empty() {
        decision.events.push(Event::PointsReversed { lines: reversed });
    }
}

/// Points earned on units that leave a line (where policy gives them at delivery).
pub fn reversal(line: &Line, quantity: u32) -> Option<LineAmount> {
    let all = quantity == line.active();
    let amount = if all { line.points_earned } else { line.points_earned.share_down(quantity, line.active()) };
    amount.is_positive().then_some(LineAmount { line_no: line.no, amount })
}
