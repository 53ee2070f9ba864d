//! What a return comes to (domain §4): whose fault it is corrected, goods inspected, what is still out withdrawn or written
//! off. Its money is worked out anew, to the won; what is on its way back already is never asked for again.

use super::{Context, Decision, chosen, deliver, folded, follow, money, procure, returns, stays};
use crate::domain::{
    fee::FeeReason,
    money::Won,
    order::{
        claim::{Fault, Return, ReturnChange, ReturnFee, ReturnLine, ReturnState},
        command::{Found, GiveUp},
        event::{AddedFee, ChangedLine, Event, Inspected, ReservedLine, ReturnChanged},
        state::{Line, Order, Stage},
    },
    reason::{Facts, Reason, Refusal},
};

/// What a return has given back, or is about to.
fn gone(order: &Order, group: u16) -> Won {
    let of = |f: &&crate::domain::order::state::Refund| {
        f.return_group == Some(group) && !matches!(f.stage, Stage::Waiting | Stage::Withdrawn(_))
    };
    order.refunds.iter().filter(of).map(|f| f.amount).sum()
}

/// The lines of a return as they are.
pub fn as_they_are(r: &Return) -> Vec<ChangedLine> {
    let same = |l: &ReturnLine| ChangedLine {
        line_no: l.line_no,
        quantity: l.quantity,
        amount: l.amount,
        rejected: 0,
        withdrawn: 0,
        withheld_amount: l.withheld_amount,
        reason: None,
    };
    r.lines.iter().map(same).collect()
}

/// The return's terms, told anew: `None` when more has gone back than it comes to.
fn told_anew(
    order: &Order,
    r: &Return,
    (why, fault): (ReturnChange, Fault),
    mut changed: Vec<ChangedLine>,
    cx: &Context<'_>,
) -> Option<ReturnChanged> {
    let mut undone = order.clone();
    let undo = undone.give_up_money(r, cx.now);
    assert!(undo.is_ok(), "a return's money was set aside: {undo:?}");
    // what it keeps back for old goods is asked anew, line by line: a line that leaves takes its part with it
    undone.fulfilment.returns.iter_mut().filter(|k| k.group == r.group).for_each(|k| k.kept_for.clear());
    let mut lines = r.lines.clone();
    for (l, new) in lines.iter_mut().zip(&mut changed) {
        // the units that leave take their part with them
        if new.quantity < l.quantity {
            new.amount = l.amount.share_down(new.quantity, l.quantity);
        }
        (l.quantity, l.amount) = (new.quantity, new.amount);
    }
    lines.retain(|l| l.quantity > 0);
    let goods: Won = changed.iter().map(|l| l.amount).sum();
    let kept: Won = changed.iter().map(|l| l.withheld_amount).sum();
    let same = fault == r.fault && changed.iter().zip(&r.lines).all(|(new, l)| new.quantity == l.quantity);
    let fees = if same { r.fees.clone() } else { fees(&undone, r, &lines, fault, cx) };
    let fee: Won = fees.iter().map(|f| f.amount).sum();
    let mut fee_refunds = returns::outbound_back(&undone, &lines, fault);
    let failed = r.exchange.and_then(|g| order.exchange_of(g)).filter(|_| r.exchanging.is_none());
    // of an exchange that failed: it goes back whatever comes of the goods
    let own_debt = |f: &&crate::domain::order::event::FeeRefund| failed.and_then(|e| e.fee_no) == Some(f.fee_no);
    fee_refunds.extend(r.fee_refunds.iter().filter(own_debt));
    let (mut refunds, mut withheld, mut kept_for) = (Vec::new(), Vec::new(), Vec::new());
    if order.settles_here() {
        let fee = fee.min(goods - kept);
        let of_lines = changed.iter().map(|l| (l.line_no, l.amount - l.withheld_amount));
        let went = gone(order, r.group);
        let back = goods + money::paid_fees(&undone, &fee_refunds) - fee - kept;
        if back < went {
            return None;
        }
        // of what has gone nothing is kept for old goods
        kept_for = stays::kept_for(&undone, of_lines, failed, (goods - kept - fee).min(back - went));
        let old: Won = kept_for.iter().map(|k| k.amount).sum();
        let back = back - old;
        // what it has settled stays so, before others are
        let debts = money::set_off(&undone, &fee_refunds, &r.fee_refunds, back - went);
        let owed: Won = debts.iter().map(|d| d.amount).sum();
        fee_refunds.extend(debts);
        refunds = money::plan_return(&undone, back - went - owed, r.group);
        withheld = money::withhold(&undone.settlements, &refunds, fee + kept + old + owed);
    }
    let (group, lines, charges) = (r.group, changed, Vec::new());
    Some(ReturnChanged { group, cause: why, fault, lines, fees, withheld, fee_refunds, kept_for, refunds, charges })
}

/// The fees of sending back what is left; each row keeps its number, and one of which nothing is left costs nothing.
fn fees(order: &Order, r: &Return, lines: &[ReturnLine], fault: Fault, cx: &Context<'_>) -> Vec<ReturnFee> {
    let mut now = returns::fees(order, lines, fault, cx);
    let mut next = now.iter().map(|f| f.no).min().unwrap_or_else(|| order.next_fee_no());
    let mut rows = Vec::with_capacity(r.fees.len());
    for old in &r.fees {
        let same = |f: &ReturnFee| f.partner_id == old.partner_id && f.template_id == old.template_id;
        rows.push(match now.iter().position(same) {
            Some(i) => ReturnFee { no: old.no, ..now.remove(i) },
            None => ReturnFee { amount: Won::ZERO, reason: FeeReason::Withdrawn, ..old.clone() },
        });
    }
    for f in now {
        rows.push(ReturnFee { no: next, ..f });
        next += 1;
    }
    rows
}

/// The money of a return went before its goods: what would take some of it again is refused.
#[cold]
fn went_before(order: &Order, r: &Return, command: &str, instead: &str) -> Refusal {
    let why = format!(", and its money is on its way back{instead}");
    let mut refusal = returns::not_now(order, r, command, &why);
    refusal.facts.amount = Some(gone(order, r.group));
    refusal
}

/// What may be done with goods that are worth less, or nothing, when their money is gone.
const TAKE_THEM_IN: &str = ": take its goods in, and keep back what they are worth less, which is owed then";

/// 귀책 정정: whose fault it is, is the shop's to judge.
pub fn correct(
    order: &Order,
    r: &Return,
    command: &str,
    fault: Option<Fault>,
    cx: &Context<'_>,
    decision: &mut Decision,
) -> Result<(), Refusal> {
    corrected(order, r, command, fault, as_they_are(r), cx, decision)
}

/// The same, with what is kept back of these lines at once.
fn corrected(
    order: &Order,
    r: &Return,
    command: &str,
    fault: Option<Fault>,
    lines: Vec<ChangedLine>,
    cx: &Context<'_>,
    decision: &mut Decision,
) -> Result<(), Refusal> {
    let Some(fault) = fault.filter(|f| *f != r.fault) else { return Ok(()) };
    judged(fault, r.fault)?;
    let changed = told_anew(order, r, (ReturnChange::Fault, fault), lines, cx);
    let changed =
        changed.ok_or_else(|| went_before(order, r, command, ": its fees can't be kept back of it any more"))?;
    decision.events.push(Event::ReturnChanged(Box::new(changed)));
    Ok(())
}

/// An installation that is impossible is nobody's to judge.
pub fn judged(fault: Fault, was: Fault) -> Result<(), Refusal> {
    if fault == Fault::Installation || was == Fault::Installation {
        return Err(Refusal::invalid("an installation that is impossible has a command of its own, and stays so"));
    }
    Ok(())
}

/// 검수: the end of a return, as its goods were found.
pub fn inspected(
    order: &Order,
    r: &Return,
    found: &[Found],
    fault: Option<Fault>,
    cx: &Context<'_>,
    decision: &mut Decision,
) -> Result<(), Refusal> {
    chosen::once(&found.iter().map(|l| l.line_no).collect::<Vec<_>>())?;
    let mut changed = as_they_are(r);
    for f in found {
        let line = chosen::known(order, f.line_no)?;
        let of = r.lines.iter().find(|l| l.line_no == f.line_no && l.collect && l.collected > 0);
        let there = of.map_or(0, |l| l.collected);
        let sum = f.sellable.checked_add(f.unsellable).and_then(|n| n.checked_add(f.rejected));
        if sum != Some(there) || there == 0 {
            let said = f.sellable.saturating_add(f.unsellable).saturating_add(f.rejected);
            return Err(chosen::too_many(line, said, there));
        }
        explained(f)?;
        if let Some(new) = changed.iter_mut().find(|l| l.line_no == f.line_no) {
            new.quantity -= f.rejected;
            new.rejected = f.rejected;
            new.withheld_amount = f.withheld_amount;
            new.reason.clone_from(&f.reason);
        }
    }
    gifts_stay(order, r, found, &mut changed);
    for (new, l) in changed.iter().zip(&r.lines) {
        // what was written off is charged for already
        let worth = l.amount.share_down(new.quantity - l.written_off.min(new.quantity), l.quantity);
        if new.withheld_amount > worth {
            let facts = Facts {
                line_no: Some(new.line_no),
                due: Some(worth),
                amount: Some(new.withheld_amount),
                detail: Some(format!("line {}: at most what its goods were paid is kept back", new.line_no)),
                ..Facts::default()
            };
            return Err(Refusal::new(Reason::AmountMismatch, facts));
        }
    }
    let fault = fault.unwrap_or(r.fault);
    if changed.iter().all(|l| l.quantity == 0) {
        if gone(order, r.group).is_positive() {
            return Err(went_before(order, r, "complete_return", TAKE_THEM_IN));
        }
        let reason = changed.into_iter().find_map(|l| l.reason);
        decision.events.push(Event::ReturnRejected { group: r.group, reason });
        deliver::earn_again(order, cx, decision);
        procure::left_behind(order, cx, decision);
        return Ok(());
    }
    let looked_at = changed.iter().any(|l| l.rejected > 0 || l.withheld_amount.is_positive());
    let kept = kept_at_once(order, r, fault, &changed, cx);
    corrected(order, r, "complete_return", Some(fault), kept, cx, decision)?;
    if looked_at {
        let now = folded(order, &decision.events, cx);
        let was = now.return_of(r.group).unwrap_or(r);
        let changed = judged_anew(&now, was, fault, changed, cx);
        let changed = changed.ok_or_else(|| went_before(order, r, "complete_return", TAKE_THEM_IN))?;
        decision.events.push(Event::ReturnChanged(Box::new(changed)));
    }
    let now = folded(order, &decision.events, cx);
    if let Some(r) = now.return_of(r.group) {
        let stock = |f: &Found| Inspected { line_no: f.line_no, sellable: f.sellable, unsellable: f.unsellable };
        let stock: Vec<Inspected> = found.iter().map(stock).collect();
        returns::finish(&now, r, &stock, decision);
    }
    deliver::earn_again(order, cx, decision);
    Ok(())
}

/// The lines, with what their inspection keeps back of money that a correction of the fault gives back, where the rest went before:
/// nothing goes out that is owed beside it.
fn kept_at_once(
    order: &Order,
    r: &Return,
    fault: Fault,
    inspected: &[ChangedLine],
    cx: &Context<'_>,
) -> Vec<ChangedLine> {
    let mut lines = as_they_are(r);
    if fault == r.fault || !gone(order, r.group).is_positive() {
        return lines;
    }
    let more = told_anew(order, r, (ReturnChange::Fault, fault), lines.clone(), cx);
    let mut spare: Won = more.iter().flat_map(|c| &c.refunds).map(|f| f.amount).sum();
    for (l, new) in lines.iter_mut().zip(inspected) {
        let part = (new.withheld_amount - l.withheld_amount.min(new.withheld_amount)).min(spare);
        l.withheld_amount += part;
        spare -= part;
    }
    lines
}

/// What an inspection comes to. What should be kept back of money that went before is owed by the buyer, to each seller its own.
fn judged_anew(
    order: &Order,
    r: &Return,
    fault: Fault,
    mut changed: Vec<ChangedLine>,
    cx: &Context<'_>,
) -> Option<ReturnChanged> {
    let why = (ReturnChange::Inspection, fault);
    if !gone(order, r.group).is_positive() {
        return told_anew(order, r, why, changed, cx);
    }
    let mut owed: Vec<(u16, Won)> = Vec::new();
    let mut kept = Won::ZERO;
    for (l, had) in changed.iter_mut().zip(&r.lines) {
        // what the correction of the fault keeps back is not owed
        let more = l.withheld_amount - had.withheld_amount.min(l.withheld_amount);
        l.withheld_amount -= more;
        kept += l.withheld_amount;
        if more.is_positive() {
            owed.push((l.line_no, more));
        }
    }
    let mut event = told_anew(order, r, why, changed, cx)?;
    // fees and what is kept back are together no more than the goods were paid
    let goods: Won = event.lines.iter().map(|l| l.amount).sum();
    let fee: Won = event.fees.iter().map(|f| f.amount).sum();
    let mut room = goods - (fee + kept).min(goods);
    for (_, amount) in &mut owed {
        *amount = (*amount).min(room);
        room -= *amount;
    }
    owed.retain(|(_, amount)| amount.is_positive());
    let now = folded(order, &[Event::ReturnChanged(Box::new(event.clone()))], cx);
    let debts = owed.into_iter().filter_map(|(no, amount)| debt(&now, no, amount, FeeReason::Damaged));
    event.charges = debts.zip(now.next_fee_no()..).map(|(fee, fee_no)| AddedFee { fee_no, ..fee }).collect();
    Some(event)
}

/// Consequences of an inspection have a reason.
pub fn explained(f: &Found) -> Result<(), Refusal> {
    let why = f.reason.as_deref().is_some_and(|r| !r.trim().is_empty());
    if f.withheld_amount.is_negative() || ((f.withheld_amount.is_positive() || f.rejected > 0) && !why) {
        return Err(Refusal::invalid("what is kept back, or sent back to the buyer, needs a reason"));
    }
    Ok(())
}

/// Gifts go back to the buyer with the last of their main goods, unless they were looked at themselves; those that were not to
/// be collected stay where they are.
fn gifts_stay(order: &Order, r: &Return, found: &[Found], changed: &mut [ChangedLine]) {
    let mains: Vec<u16> = changed.iter().filter(|l| l.rejected > 0).map(|l| l.line_no).collect();
    for l in r.lines.iter().filter(|l| !found.iter().any(|f| f.line_no == l.line_no)) {
        let Some(gift) = order.line(l.line_no).filter(|g| g.gift) else { continue };
        if order.family(gift).any(|m| mains.contains(&m.no))
            && let Some(new) = changed.iter_mut().find(|c| c.line_no == l.line_no)
        {
            if l.collect {
                new.rejected = l.collected;
                new.quantity -= l.collected;
            } else {
                (new.withdrawn, new.quantity) = (with_goods(r, l), l.quantity - with_goods(r, l));
            }
        }
    }
}

/// Units of a gift that stay where they are when its goods leave the return: waived ones, and those that have not left, are
/// not to come back at all.
fn with_goods(r: &Return, l: &ReturnLine) -> u32 {
    match (r.state, l.collect, l.restocked) {
        (ReturnState::Requested, _, _) | (_, false, false) => l.quantity,
        (_, true, _) => l.missing(),
        (_, false, true) => 0,
    }
}

/// 반품철회 (§3.9): until collection is confirmed, or the money is on its way back. What came back stays: only what is
/// still out is withdrawn, and is to be named then.
pub fn withdraw(
    order: &Order,
    group: u16,
    named: &[ReservedLine],
    by_buyer: bool,
    cx: &Context<'_>,
) -> Result<Decision, Refusal> {
    let r = returns::find(order, group)?;
    let no = |why: &str| returns::not_now(order, r, "withdraw_return", why);
    if !matches!(r.state, ReturnState::Requested | ReturnState::Approved) {
        return Err(no(""));
    }
    let whole = named.is_empty();
    if r.exchange.is_some() && (whole || by_buyer) {
        return Err(no(", and ends an exchange"));
    }
    if gone(order, group).is_positive() {
        return Err(no(", and its money is on its way back"));
    }
    if r.fault == Fault::Installation && (whole || by_buyer) {
        return Err(no(", because it can't be installed"));
    }
    if whole && r.settled_units() > 0 {
        return Err(no(", and some of it has come back: name the units that are still out"));
    }
    chosen::once(&named.iter().map(|l| l.line_no).collect::<Vec<_>>())?;
    let out = |l: &ReturnLine| if r.state == ReturnState::Requested { l.quantity } else { l.missing() };
    let mut changed = as_they_are(r);
    for u in named {
        let line = chosen::known(order, u.line_no)?;
        let there = r.lines.iter().find(|l| l.line_no == u.line_no).map_or(0, out);
        if u.quantity == 0 || u.quantity > there {
            return Err(chosen::too_many(line, u.quantity, there));
        }
    }
    let mains = |gift: &Line| order.family(gift).any(|m| named.iter().any(|u| u.line_no == m.no));
    for (new, l) in changed.iter_mut().zip(&r.lines) {
        let given = named.iter().find(|u| u.line_no == l.line_no).map(|u| u.quantity);
        // gifts stay with the goods that stay
        let follows = || order.line(l.line_no).is_some_and(|k| k.gift && mains(k));
        let stays = given.or_else(|| follows().then(|| with_goods(r, l))).unwrap_or(0);
        new.quantity -= stays;
        new.withdrawn = stays;
    }
    let event = if whole || changed.iter().all(|l| l.quantity == 0) {
        Event::ReturnWithdrawn { group }
    } else {
        let changed = told_anew(order, r, (ReturnChange::Short, r.fault), changed, cx);
        Event::ReturnChanged(Box::new(changed.ok_or_else(|| went_before(order, r, "withdraw_return", ""))?))
    };
    let mut decision = Decision { events: vec![event], ..Decision::default() };
    deliver::earn_again(order, cx, &mut decision);
    procure::left_behind(order, cx, &mut decision);
    let now = folded(order, &decision.events, cx);
    let alone =
        |l: &&ReturnLine| now.line(l.line_no).is_some_and(|k| k.gift && k.free() > 0 && follow::orphan(&now, k));
    if r.lines.iter().any(|l| alone(&l)) {
        return Err(no(", and a gift in it has nothing left that it came with"));
    }
    Ok(decision)
}

/// 손실처리: units that never came, though their money went; they may be charged for.
pub fn write_off(order: &Order, r: &Return, gone_for_good: &GiveUp, cx: &Context<'_>) -> Result<Decision, Refusal> {
    if r.state != ReturnState::Approved {
        return Err(returns::not_now(order, r, "write_off_return", ""));
    }
    if order.settles_here() && !r.payable {
        let why = ", and its money has not gone: withdraw what is still out";
        return Err(returns::not_now(order, r, "write_off_return", why));
    }
    let lines = returns::still_out(order, r, &gone_for_good.lines)?;
    let of = |u: &ReservedLine| r.lines.iter().find(|l| l.line_no == u.line_no).map(|l| (l, u.quantity));
    let worth = lines.iter().filter_map(of).map(|(l, n)| l.amount.share_down(n, l.quantity)).sum();
    let amount = gone_for_good.charge.unwrap_or(Won::ZERO);
    let first = charged_line(order, &lines, !amount.is_zero())?;
    chargeable(order, first, amount, worth)?;
    let charge = debt(order, first, amount, FeeReason::Unreturned);
    let event = Event::ReturnWrittenOff { group: r.group, lines, reason: gone_for_good.reason.clone(), charge };
    let mut decision = Decision { events: vec![event], ..Decision::default() };
    let now = folded(order, &decision.events, cx);
    // nothing came, and nothing will: there is nothing to inspect
    if let Some(r) = now.return_of(r.group)
        && r.state == ReturnState::Collected
        && r.lines.iter().all(|l| l.collected == 0)
    {
        returns::finish(&now, r, &[], &mut decision);
    }
    Ok(decision)
}

/// The line whose seller a charge for these is owed to: gifts were paid nothing. One debt is of one seller.
fn charged_line(order: &Order, lines: &[ReservedLine], charged: bool) -> Result<u16, Refusal> {
    let mut goods = lines.iter().filter_map(|u| order.line(u.line_no)).filter(|l| !l.gift);
    let first = goods.next();
    if charged && goods.any(|l| order.seller_of(l) != first.and_then(|f| order.seller_of(f))) {
        return Err(Refusal::invalid("a charge is one seller's: name one seller's lines"));
    }
    Ok(first.map(|l| l.no).or(lines.first().map(|u| u.line_no)).unwrap_or(0))
}

/// Whether so much may be charged for goods that never came back, or came back worth less: at most their worth.
pub fn chargeable(order: &Order, line_no: u16, amount: Won, worth: Won) -> Result<(), Refusal> {
    if amount.is_negative() || amount > worth {
        let facts = Facts {
            line_no: Some(line_no),
            due: Some(worth),
            amount: Some(amount),
            detail: Some("at most what the goods were paid is charged".into()),
            ..Facts::default()
        };
        return Err(Refusal::new(Reason::AmountMismatch, facts));
    }
    if !amount.is_zero() && !order.settles_here() {
        return Err(Refusal::invalid("a linked order is paid between the two businesses"));
    }
    Ok(())
}

/// A debt as a fee row of the next payment group, of the line's seller; none of nothing.
pub fn debt(order: &Order, line_no: u16, amount: Won, reason: FeeReason) -> Option<AddedFee> {
    if amount.is_zero() {
        return None;
    }
    let fee_no = order.line(line_no).map_or(1, |l| l.fee_no);
    let row = order.fees.iter().find(|f| f.no == fee_no).or_else(|| order.fees.first())?;
    let (partner_id, template_id) = (row.partner_id.clone(), row.template_id.clone());
    let group = order.fees.iter().map(|f| f.group).max().unwrap_or(1) + 1;
    Some(AddedFee { fee_no: order.next_fee_no(), group, partner_id, template_id, amount, reason })
}
