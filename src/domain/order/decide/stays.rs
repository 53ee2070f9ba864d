//! 구상품잔류 and 상계: what a return keeps back for goods that are not its own. Old goods of an exchange that stay at the
//! buyer's are paid for by what replaced them; a debt that a refund has settled may be owed no more.

use super::{Context, Decision, folded, money, settle};
use crate::domain::{
    money::Won,
    order::{
        claim::{Exchange, Return, ReturnChange, ReturnLine},
        event::{Event, Excluded, FeeRefund, Kept, KeptFor, PlannedRefund, RefundAdjusted, ReturnChanged},
        state::{Order, Refund, Stage},
    },
};

fn sum(kept: &[KeptFor]) -> Won {
    kept.iter().map(|k| k.amount).sum()
}

/// Of these, what is kept back of the lines that `of` tells, by the exchanges that led to them.
fn kept_of(order: &Order, kept: &[KeptFor], of: impl Iterator<Item = u16> + Clone) -> Won {
    let led = |k: &&KeptFor| of.clone().any(|no| order.led_to(no).any(|e| e.group == k.exchange));
    kept.iter().filter(led).map(|k| k.amount).sum()
}

/// The same of one line.
pub fn kept_of_line(order: &Order, kept: &[KeptFor], line_no: u16) -> Won {
    kept_of(order, kept, std::iter::once(line_no))
}

/// Of a cancellation's refunds, numbered from `first`, what each line is worth waits for the old goods that led to that line, and
/// the rest for nothing.
pub fn by_line(
    order: &Order,
    worth: impl Iterator<Item = (u16, Won)>,
    refunds: Vec<PlannedRefund>,
    first: usize,
) -> Vec<PlannedRefund> {
    let mut left: Won = refunds.iter().map(|r| r.amount).sum();
    let mut parts: Vec<(Option<u16>, Won)> = Vec::new();
    for (no, worth) in worth.filter(|(no, _)| order.owes_for(*no)) {
        let part = worth.min(left);
        if part.is_positive() {
            left -= part;
            parts.push((Some(no), part));
        }
    }
    parts.push((None, left));
    let mut split: Vec<PlannedRefund> = Vec::with_capacity(refunds.len());
    for r in refunds {
        let mut open = r.amount;
        for (waits_for, part) in &mut parts {
            let amount = open.min(*part);
            if amount.is_positive() {
                open -= amount;
                *part -= amount;
                let key = money::key(&order.id, first + split.len());
                split.push(PlannedRefund { key, amount, waits_for: *waits_for, ..r.clone() });
            }
        }
    }
    split
}

/// What a return of these lines keeps back for old goods that stay at the buyer's: those that led to its lines, and of an
/// exchange that failed its own.
pub fn kept_for(
    order: &Order,
    lines: impl Iterator<Item = (u16, Won)>,
    failed: Option<&Exchange>,
    room: Won,
) -> Vec<KeptFor> {
    let (mut left, mut kept) = (room, Vec::<KeptFor>::new());
    for (line_no, mut of_line) in lines {
        let own = failed.filter(|e| e.line_no == line_no);
        for e in own.into_iter().chain(order.led_to(line_no)) {
            let open = order.unpaid_for(e) - kept.iter().filter(|k| k.exchange == e.group).map(|k| k.amount).sum();
            let amount = open.min(of_line).min(left);
            if amount.is_positive() {
                kept.push(KeptFor { exchange: e.group, amount });
                (of_line, left) = (of_line - amount, left - amount);
            }
        }
    }
    kept
}

/// A return as it is, but for what it keeps back beside its own.
fn changed(order: &Order, r: &Return, kept_for: Vec<KeptFor>, fee_refunds: Vec<FeeRefund>, cx: &Context<'_>) -> Event {
    let mut undone = order.clone();
    let undo = undone.give_up_money(r, cx.now);
    assert!(undo.is_ok(), "a return's money was set aside: {undo:?}");
    let more = sum(&kept_for) - sum(&r.kept_for) + debts(&fee_refunds) - debts(&r.fee_refunds);
    let refunds = money::plan_return(&undone, waiting(order, r) - more, r.group);
    let withheld = money::withhold(&undone.settlements, &refunds, r.fee() + more);
    Event::ReturnChanged(Box::new(ReturnChanged {
        group: r.group,
        cause: ReturnChange::SetOff,
        fault: r.fault,
        lines: settle::as_they_are(r),
        fees: r.fees.clone(),
        withheld,
        fee_refunds,
        kept_for,
        refunds,
        charges: Vec::new(),
    }))
}

fn waiting(order: &Order, r: &Return) -> Won {
    let of = order.refunds.iter().filter(|f| f.return_group == Some(r.group) && f.stage == Stage::Waiting);
    of.map(|f| f.amount).sum()
}

/// Of what has settled debts, as much as `wanted` asks for settles none: they are owed again. Each debt whole, since what is
/// owed is paid whole.
fn owed_again<'a>(order: &Order, settled: impl Iterator<Item = &'a FeeRefund>, wanted: Won) -> Vec<FeeRefund> {
    let mut left = wanted;
    let debt = |no: u16| order.fees.iter().any(|f| f.no == no && f.is_unpaid_debt());
    let mut again = Vec::new();
    for f in settled.filter(|f| debt(f.fee_no) && f.amount.is_positive()) {
        if left.is_positive() {
            left -= f.amount;
            again.push(*f);
        }
    }
    again
}

fn debts(fees: &[FeeRefund]) -> Won {
    fees.iter().map(|f| f.amount).sum()
}

/// Keeps up to `wanted` back of the money that waits for the goods of an exchange, and of what their refunds have settled debts
/// with; how much.
pub fn keep(order: &Order, e: &Exchange, wanted: Won, cx: &Context<'_>, decision: &mut Decision) -> Won {
    if !wanted.is_positive() {
        return Won::ZERO;
    }
    let (first, mut left) = (decision.events.len(), wanted);
    for r in order.fulfilment.returns.iter().filter(|r| r.stands()) {
        let after = |l: &&ReturnLine| order.led_to(l.line_no).any(|k| k.group == e.group);
        let lines = r.lines.iter().filter(after);
        let of_lines: Won = lines.clone().map(|l| l.amount - l.withheld_amount).sum();
        let room = left.min(of_lines - kept_of(order, &r.kept_for, lines.map(|l| l.line_no)));
        let waits = waiting(order, r).min(room);
        // the fee of an exchange that failed is owed no more, whatever becomes of the goods
        let failed = r.exchange.and_then(|g| order.exchange_of(g)).and_then(|e| e.fee_no);
        let settled = r.fee_refunds.iter().filter(|f| Some(f.fee_no) != failed);
        let again = owed_again(order, settled, room - waits);
        // what they come to more is given back
        let amount = room.min(waits + debts(&again));
        if amount.is_positive() {
            left -= amount;
            let (mut kept_for, mut fee_refunds) = (r.kept_for.clone(), r.fee_refunds.clone());
            kept_for.push(KeptFor { exchange: e.group, amount });
            for f in &again {
                fee_refunds.iter_mut().filter(|b| b.fee_no == f.fee_no).for_each(|b| b.amount -= f.amount);
            }
            fee_refunds.retain(|b| b.amount.is_positive());
            let now = folded(order, &decision.events[first..], cx);
            decision.events.push(changed(&now, r, kept_for, fee_refunds, cx));
        }
    }
    let mut groups: Vec<u32> = order.refunds.iter().filter_map(|f| f.cancel_group).collect();
    groups.extend(order.fulfilment.kept.iter().map(|(group, _)| *group));
    groups.sort_unstable();
    groups.dedup();
    for group in groups {
        let (kept, event) = keep_of_cut(order, e, group, left, (first, decision), cx);
        left -= kept;
        decision.events.extend(event);
    }
    wanted - left
}

/// The same of a cancellation whose refund waits for the goods, or has settled a debt.
fn keep_of_cut(
    order: &Order,
    e: &Exchange,
    group: u32,
    wanted: Won,
    (first, decision): (usize, &Decision),
    cx: &Context<'_>,
) -> (Won, Option<Event>) {
    let after = |no: u16| order.led_to(no).any(|k| k.group == e.group);
    let lines = order.cancels.iter().filter(|c| c.group == group && after(c.line_no));
    let of_lines: Won = lines.clone().map(|c| c.amount).sum();
    let had = order.fulfilment.kept.iter().find(|(of, _)| *of == group).map(|(_, kept)| kept);
    let kept = had.map_or(Won::ZERO, |kept| kept_of(order, &kept.kept_for, lines.map(|c| c.line_no)));
    let mut left = wanted.min(of_lines - kept);
    if !left.is_positive() {
        return (Won::ZERO, None);
    }
    let now = folded(order, &decision.events[first..], cx);
    let mut event = RefundAdjusted { group, ..RefundAdjusted::default() };
    let waits = |f: &&Refund| f.cancel_group == Some(group) && f.stage == Stage::Waiting;
    for f in order.refunds.iter().filter(waits).filter(|f| f.waits_for.is_some_and(after)) {
        let amount = left.min(f.amount);
        if !amount.is_positive() {
            break;
        }
        left -= amount;
        event.withdrawn.push(f.key.clone());
        event.kept.withheld.push(Excluded { settlement_no: f.settlement_no, amount });
        if f.amount > amount {
            let n = now.refunds.len() + event.refunds.len() + 1;
            event.refunds.push(PlannedRefund {
                key: money::key(&order.id, n),
                settlement_no: f.settlement_no,
                group: f.cancel_group,
                return_group: None,
                amount: f.amount - amount,
                waits_for: f.waits_for,
            });
        }
    }
    let mut amount: Won = event.kept.withheld.iter().map(|w| w.amount).sum();
    if let Some(had) = had {
        event.freed.set_off = owed_again(order, had.set_off.iter(), left);
        let freed = debts(&event.freed.set_off);
        amount += freed.min(left);
        // what these debts come to more is given back
        let (withheld, refunds) = given_back(&now, &event, had, freed - freed.min(left));
        event.freed.withheld = withheld;
        event.refunds.extend(refunds);
    }
    event.kept.kept_for.push(KeptFor { exchange: e.group, amount });
    (amount, amount.is_positive().then(|| Event::RefundAdjusted(Box::new(event))))
}

/// So much that a cancellation keeps back goes back after all: what is withheld no more, and the refunds, which follow those of the
/// event. Like the rest of that cancellation's they wait for goods that are still out.
fn given_back(now: &Order, event: &RefundAdjusted, kept: &Kept, amount: Won) -> (Vec<Excluded>, Vec<PlannedRefund>) {
    let (mut settlements, mut left, mut withheld) = (now.settlements.clone(), amount, Vec::new());
    for w in &kept.withheld {
        let part = w.amount.min(left);
        if part.is_positive() {
            left -= part;
            withheld.push(Excluded { amount: part, ..*w });
            settlements.iter_mut().filter(|s| s.no == w.settlement_no).for_each(|s| s.refundable += part);
        }
    }
    let first = now.refunds.len() + event.refunds.len() + 1;
    let refunds = money::plan(&now.id, &settlements, amount, Some(event.group), first);
    let waits = |f: &&Refund| f.stage == Stage::Waiting && !event.withdrawn.contains(&f.key);
    let waiting = |no: u16| -> Won {
        let of = now.refunds.iter().filter(|f| f.cancel_group == Some(event.group) && f.waits_for == Some(no));
        let anew = event.refunds.iter().filter(|f| f.waits_for == Some(no)).map(|f| f.amount);
        of.filter(waits).map(|f| f.amount).chain(anew).sum()
    };
    let cut = now.cancels.iter().filter(|c| c.group == event.group);
    let worth = cut.map(|c| (c.line_no, c.amount - kept_of_line(now, &kept.kept_for, c.line_no) - waiting(c.line_no)));
    (withheld, by_line(now, worth, refunds, first))
}

/// Of an exchange's fee no more than `due` is owed: what a return has set off beyond that goes back.
pub fn release(order: &Order, e: &Exchange, due: Won, cx: &Context<'_>, decision: &mut Decision) {
    let owed = |no: u16| order.fees.iter().any(|f| f.no == no && f.is_unpaid_debt());
    let Some(fee_no) = e.fee_no.filter(|no| owed(*no)) else { return };
    let (first, mut due) = (decision.events.len(), due);
    for r in order.fulfilment.returns.iter().filter(|r| r.stands() && r.exchange != Some(e.group)) {
        let mut fee_refunds = r.fee_refunds.clone();
        for back in fee_refunds.iter_mut().filter(|b| b.fee_no == fee_no) {
            back.amount = back.amount.min(due);
            due -= back.amount;
        }
        fee_refunds.retain(|b| b.amount.is_positive());
        if fee_refunds != r.fee_refunds {
            let now = folded(order, &decision.events[first..], cx);
            decision.events.push(changed(&now, r, r.kept_for.clone(), fee_refunds, cx));
        }
    }
    for (group, kept) in &order.fulfilment.kept {
        let mut freed = Kept::default();
        for f in kept.set_off.iter().filter(|f| f.fee_no == fee_no) {
            let stays = f.amount.min(due);
            due -= stays;
            freed.set_off.push(FeeRefund { amount: f.amount - stays, ..*f });
        }
        freed.set_off.retain(|f| f.amount.is_positive());
        let amount = debts(&freed.set_off);
        if amount.is_zero() {
            continue;
        }
        let now = folded(order, &decision.events[first..], cx);
        let mut event = RefundAdjusted { group: *group, ..RefundAdjusted::default() };
        (freed.withheld, event.refunds) = given_back(&now, &event, kept, amount);
        event.freed = freed;
        decision.events.push(Event::RefundAdjusted(Box::new(event)));
    }
}

/// What standing returns, and cancellations, have set off of a debt.
pub fn set_off(order: &Order, fee_no: u16) -> Won {
    let unpaid = order.fees.iter().any(|f| f.no == fee_no && f.is_unpaid_debt());
    let standing = order.fulfilment.returns.iter().filter(|r| unpaid && r.stands()).flat_map(|r| &r.fee_refunds);
    let cut = order.fulfilment.kept.iter().filter(|_| unpaid).flat_map(|(_, kept)| &kept.set_off);
    standing.chain(cut).filter(|b| b.fee_no == fee_no).map(|b| b.amount).sum()
}
