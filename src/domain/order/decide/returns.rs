//! 반품 (row 22; domain §4, §5): requested → approved or rejected → collected → completed, or withdrawn.

use super::{
    Context, Decision, chosen, collect as exchanged, deliver, folded, follow, money, procure, settle, stays, stock,
};
use crate::domain::{
    catalog::ReturnThreshold,
    fee::{self, FeeLine, FeeReason, ShippingTerms},
    money::Won,
    order::{
        claim::{
            ClaimReason, CollectionState, Exchange, ExchangeState, Fault, RefundTiming, Return, ReturnFee, ReturnLine,
            ReturnState,
        },
        command::{Found, ReturnRequest},
        event::{Cut, Event, FeeRefund, Inspected, LineAmount, ReservedLine, ReturnRequested},
        state::{FeeRow, Line, Order},
    },
    reason::{Facts, Reason, Refusal},
    status::{Status, Trigger},
};

/// The most claims that an order has had.
pub const CLAIMS_MAX: usize = 200;

/// The return of that group.
pub fn find(order: &Order, group: u16) -> Result<&Return, Refusal> {
    let facts = || Facts { claim_group: Some(group), ..Facts::default() };
    order.return_of(group).ok_or_else(|| Refusal::new(Reason::UnknownClaim, facts()))
}

#[cold]
pub fn not_now(order: &Order, r: &Return, command: &str, why: &str) -> Refusal {
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
        // gifts that follow are not the exchange's own
        let exchange = o.exchange.filter(|e| e.line_no == line.no);
        let shipped = exchange.map_or(line.status == Status::Shipped, |e| e.shipped);
        let way_back = exchange.and_then(|e| e.collection.as_ref());
        let given_up = way_back.is_some_and(|c| c.given_up == c.quantity);
        let inspected = way_back.is_some_and(|c| c.state == CollectionState::Inspected);
        let restocked = exchange.is_some_and(|e| e.restocked) || inspected;
        let waived = waived || given_up;
        lines.push(ReturnLine {
            shipped,
            collect: shipped && !waived && !restocked,
            restocked,
            ..ReturnLine::new(line.no, quantity, money::worth(line, quantity))
        });
    };
    for u in o.units {
        if let Some(line) = order.line(u.line_no) {
            add(line, u.quantity, false);
        }
    }
    let named = |no: u16| o.units.iter().any(|u| u.line_no == no);
    let mut gifts_waived = false;
    // gifts follow the last units of their main line (§3.2†); a return may let the buyer keep them
    for gift in order.lines.iter().filter(|l| l.gift && l.free() > 0 && !named(l.no)) {
        if follow::with(order, gift, o.units, Line::unsettled) && gift.may(Trigger::RequestReturn).is_some() {
            gifts_waived |= o.waive_gifts && gift.status == Status::Shipped;
            add(gift, gift.free(), o.waive_gifts);
        }
    }
    let goods: Won = lines.iter().map(|l| l.amount).sum();
    let fees = fees(order, &lines, o.fault, cx);
    let fee: Won = fees.iter().map(|f| f.amount).sum();
    let mut fee_refunds = outbound_back(order, &lines, o.fault);
    // an exchange that failed cost the buyer nothing
    let failed = o.exchange.filter(|e| e.state == ExchangeState::Failed);
    fee_refunds.extend(failed.and_then(|e| e.fee_no).and_then(|no| money::left_of(order, no)));
    let group = order.next_claim();
    let timing = o.timing.unwrap_or_else(|| default_timing(order, &lines));
    let (mut refunds, mut withheld, mut kept_for) = (Vec::new(), Vec::new(), Vec::new());
    if order.settles_here() {
        // what is kept back is never more than the goods were worth†
        let fee = fee.min(goods);
        kept_for = stays::kept_for(order, lines.iter().map(|l| (l.line_no, l.amount)), failed, goods - fee);
        let kept = fee + kept_for.iter().map(|k| k.amount).sum();
        let back = goods + money::paid_fees(order, &fee_refunds) - kept;
        let debts = money::set_off(order, &fee_refunds, &[], back);
        let owed: Won = debts.iter().map(|d| d.amount).sum();
        fee_refunds.extend(debts);
        refunds = money::plan_return(order, back - owed, group);
        withheld = money::withhold(&order.settlements, &refunds, kept + owed);
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
        fee_refunds,
        kept_for,
        refunds,
        exchange,
        failed: failed.is_some(),
    }
}

/// Before collection where all goods are marked for it (§3.10).
fn default_timing(order: &Order, lines: &[ReturnLine]) -> RefundTiming {
    if allow_before(order, lines).is_ok() { RefundTiming::BeforeCollection } else { RefundTiming::AfterCollection }
}

/// What shipping a line's goods costs: what it was placed with, never today's price list. A line that was placed before lines
/// kept that has its product's terms of the day on which they began to.
fn shipping(line: &Line, cx: &Context<'_>) -> ShippingTerms {
    let before = || cx.quote(&line.sku_id).map(|q| q.info.kept_shipping.unwrap_or_else(|| q.info.shipping()));
    line.shipping.or_else(before).unwrap_or_default()
}

/// 반품배송비: the fee module over the returned lines, by the terms that they were placed with (§5); the seller's fault, a failed
/// installation and goods that had not left pay nothing†, and the rows say why.
pub fn fees(order: &Order, lines: &[ReturnLine], fault: Fault, cx: &Context<'_>) -> Vec<ReturnFee> {
    let of = |l: &ReturnLine| -> Option<(&Line, &FeeRow)> {
        let line = order.line(l.line_no)?;
        Some((line, order.fees.iter().find(|f| f.no == line.fee_no)?))
    };
    let priced: Vec<(&ReturnLine, &Line, &FeeRow)> =
        lines.iter().filter_map(|l| of(l).map(|(line, row)| (l, line, row))).collect();
    // goods that had not left pay nothing, and count towards nothing, beside goods of their row that had
    let beside =
        |l: &ReturnLine, row: &FeeRow| !l.shipped && priced.iter().any(|(k, _, of)| k.shipped && of.no == row.no);
    let fee_lines: Vec<FeeLine<'_>> = priced
        .iter()
        .map(|(l, line, row)| (l, line, row, shipping(line, cx)))
        .map(|(l, line, row, terms)| FeeLine {
            partner_id: &row.partner_id,
            template_id: &row.template_id,
            bundled: terms.bundled,
            fee: terms.fee,
            free: terms.free,
            gift: line.gift || beside(l, row),
            total: if beside(l, row) { Won::ZERO } else { line.unit_price.times(l.quantity) },
            threshold: row.threshold.filter(|_| cx.policy.return_threshold == ReturnThreshold::Applies),
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
pub fn outbound_back(order: &Order, lines: &[ReturnLine], fault: Fault) -> Vec<FeeRefund> {
    let mut back = outbound(order, lines);
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

/// The fees of rows of which no goods remain.
fn outbound(order: &Order, lines: &[ReturnLine]) -> Vec<FeeRefund> {
    let cuts: Vec<Cut> = lines
        .iter()
        .map(|l| Cut { line_no: l.line_no, quantity: l.quantity, amount: Won::ZERO, released: 0 })
        .collect();
    money::fee_refunds(&order.fees, &order.lines, &cuts)
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

/// Approval: the money goes now, where it goes before collection. Whose fault it is may be corrected with it.
pub fn approve(
    order: &Order,
    group: u16,
    timing: Option<RefundTiming>,
    fault: Option<Fault>,
    cx: &Context<'_>,
) -> Result<Decision, Refusal> {
    let r = find(order, group)?;
    if r.state != ReturnState::Requested {
        return Err(not_now(order, r, "approve_return", ""));
    }
    let mut decision = Decision::default();
    settle::correct(order, r, "approve_return", fault, cx, &mut decision)?;
    let now = folded(order, &decision.events, cx);
    approve_as(&now, group, timing.unwrap_or(r.timing), cx, &mut decision);
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
    deliver::earn_again(order, cx, &mut decision);
    procure::left_behind(order, cx, &mut decision);
    Ok(decision)
}

/// 회수: units that came back; none named: all that are still to come, with the goods that they were exchanged for.
pub fn collect(order: &Order, group: u16, came: &[ReservedLine]) -> Result<Decision, Refusal> {
    if order.return_of(group).is_none() && order.exchange_of(group).is_some() {
        return exchanged::collect(order, group, came);
    }
    let r = find(order, group)?;
    if r.state != ReturnState::Approved {
        return Err(not_now(order, r, "collect_return", ""));
    }
    let lines = still_out(order, r, came)?;
    let mut decision = Decision { events: vec![Event::ReturnCollected { group, lines }], ..Decision::default() };
    if came.is_empty() {
        exchanged::collect_owed(order, r, &mut decision);
    }
    Ok(decision)
}

/// The units that are named of what is still out, each line once; none named: all of it.
pub fn still_out(order: &Order, r: &Return, named: &[ReservedLine]) -> Result<Vec<ReservedLine>, Refusal> {
    if named.is_empty() {
        let rest = |l: &ReturnLine| ReservedLine { line_no: l.line_no, quantity: l.missing() };
        return Ok(r.lines.iter().map(rest).filter(|l| l.quantity > 0).collect());
    }
    chosen::once(&named.iter().map(|l| l.line_no).collect::<Vec<_>>())?;
    for l in named {
        let line = chosen::known(order, l.line_no)?;
        let there = r.lines.iter().find(|k| k.line_no == l.line_no).map_or(0, ReturnLine::missing);
        if l.quantity == 0 || l.quantity > there {
            return Err(chosen::too_many(line, l.quantity, there));
        }
    }
    Ok(named.to_vec())
}

/// 반품완료: only when, over all lines of the group, collected = returned quantity; stock comes back as inspected, part of
/// the money may be kept back, and goods that are not taken go back to the buyer.
pub fn complete(
    order: &Order,
    group: u16,
    found: &[Found],
    fault: Option<Fault>,
    cx: &Context<'_>,
) -> Result<Decision, Refusal> {
    if order.return_of(group).is_none() && order.exchange_of(group).is_some() {
        return exchanged::inspect(order, group, found, fault, cx);
    }
    let r = find(order, group)?;
    if r.state != ReturnState::Collected {
        return Err(not_now(order, r, "complete_return", ""));
    }
    let mut decision = Decision::default();
    if found.is_empty() {
        exchanged::inspect_owed(order, r, &mut decision);
    }
    settle::inspected(order, r, found, fault, cx, &mut decision)?;
    Ok(decision)
}

/// What comes back on the shelf, and the end of the return. A line that nobody inspected is sellable.
pub fn finish(order: &Order, r: &Return, inspected: &[Inspected], decision: &mut Decision) {
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
                let came = if l.collect { l.collected } else { l.quantity };
                Inspected { line_no: l.line_no, sellable: came.min(there), unsellable: 0 }
            }
        }
    };
    let lines: Vec<Inspected> = r.lines.iter().filter(|l| l.quantity > 0).map(back).collect();
    let units = |i: &Inspected| Cut {
        line_no: i.line_no,
        quantity: i.sellable + i.unsellable,
        amount: Won::ZERO,
        released: i.sellable + i.unsellable,
    };
    let cuts: Vec<Cut> = lines.iter().map(units).collect();
    let lost: Vec<ReservedLine> =
        lines.iter().map(|i| ReservedLine { line_no: i.line_no, quantity: i.unsellable }).collect();
    stock::give_back_as(order, &cuts, &lost, ("returned", "unsellable"), decision);
    // of several returns the last one to end takes the fee of their row back, or it was spent for nothing
    let back = outbound_back(order, &r.lines, r.fault);
    let fee_refunds = outbound(order, &r.lines);
    let spent: Vec<FeeRefund> = fee_refunds.iter().filter(|f| !back.contains(f)).copied().collect();
    let (mut refunds, mut withheld) = (Vec::new(), Vec::new());
    if order.settles_here() {
        refunds = money::plan_return(order, money::paid_fees(order, &back), r.group);
        withheld = money::withhold(&order.settlements, &refunds, money::paid_fees(order, &spent));
    }
    let chain = !order.fulfilment.exchanges.is_empty();
    let gifts_too = follow::entitles(order, r.lines.iter().map(|l| l.line_no));
    let group = r.group;
    decision.events.push(Event::ReturnCompleted { group, lines, fee_refunds, refunds, withheld, chain, gifts_too });
    // of an exchange that failed they were reversed when the product was added
    let exchange = r.exchange.and_then(|group| order.exchange_of(group)).filter(|e| e.new_line_no.is_some());
    let before = |l: &&ReturnLine| exchange.is_some_and(|e| e.line_no == l.line_no);
    let earned = r.lines.iter().filter(|l| l.earned && !before(l));
    let reversed: Vec<LineAmount> =
        earned.filter_map(|l| reversal(order, order.line(l.line_no)?, l.quantity)).collect();
    if !reversed.is_empty() {
        decision.events.push(Event::PointsReversed { lines: reversed });
    }
}

/// Points earned on units that leave a line (where policy gives them at delivery): their share of the units that earned them.
/// Those of returns that were under way when the rest was delivered did not.
pub fn reversal(order: &Order, line: &Line, quantity: u32) -> Option<LineAmount> {
    let open = order.fulfilment.returns.iter().filter(|r| !r.state.ended()).flat_map(|r| &r.lines);
    let without: u32 = open.filter(|l| l.line_no == line.no && !l.earned).map(|l| l.quantity).sum();
    let earning = line.active().saturating_sub(without);
    let all = quantity >= earning;
    let amount = if all { line.points_earned } else { line.points_earned.share_down(quantity, earning) };
    amount.is_positive().then_some(LineAmount { line_no: line.no, amount })
}
