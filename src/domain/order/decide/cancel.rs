//! 취소: by the buyer, whole lines only, until preparation (row 6; domain §4).

use super::{Decision, money, stock::give_back};
use crate::domain::{
    order::{
        event::{Cut, CutCause, Event, ReservedLine},
        state::{Line, Order},
    },
    reason::{Facts, Reason, Refusal},
    status::{Trigger, next},
};

/// Cancels the named lines, and the gifts that came with them (§3.2†).
pub fn lines(order: &Order, numbers: &[u16], reason: Option<&str>) -> Result<Decision, Refusal> {
    if numbers.is_empty() {
        return Err(Refusal::invalid("name at least one line"));
    }
    for (i, no) in numbers.iter().enumerate() {
        if numbers[..i].contains(no) {
            return Err(Refusal::invalid(format!("line {no} is named twice")));
        }
    }
    let mut chosen = Vec::new();
    for &no in numbers {
        let unknown = || Refusal::new(Reason::UnknownLine, Facts { line_no: Some(no), ..Facts::default() });
        let line = order.line(no).ok_or_else(unknown)?;
        if next(line.status, Trigger::CancelLines).is_none() {
            let mut refusal = Refusal::illegal(line.shown(), "cancel_lines");
            refusal.facts.line_no = Some(no);
            return Err(refusal);
        }
        chosen.push(line);
    }
    let going: Vec<ReservedLine> =
        chosen.iter().map(|l| ReservedLine { line_no: l.no, quantity: l.active() }).collect();
    let follows = |l: &&Line| {
        l.gift
            && super::follow::with(order, l, &going, Line::active)
            && !numbers.contains(&l.no)
            && next(l.status, Trigger::CancelLines).is_some()
    };
    chosen.extend(order.lines.iter().filter(follows));
    if chosen.iter().any(|l| order.unjudged().any(|u| u.no == l.no)) {
        return Err(Refusal::early("the stock of a line is still being judged"));
    }
    let group = order.next_group();
    let cuts: Vec<Cut> = chosen
        .iter()
        .map(|l| Cut { line_no: l.no, quantity: l.active(), amount: l.pay_left(), released: l.deducted })
        .collect();
    let fees = money::fee_refunds(&order.fees, &order.lines, &cuts);
    let (refunds, kept) = money::plan_cut(order, &cuts, &fees, group);
    let mut decision = Decision::default();
    give_back(order, &cuts, &[], &mut decision);
    let reason = reason.map(str::to_owned);
    let (cause, seen) = (CutCause::Buyer, Vec::new());
    let omitted_gifts = Vec::new();
    decision.events.push(Event::Cut {
        group,
        cause,
        lines: cuts,
        fees,
        refunds,
        stock_checks: seen,
        reason,
        omitted_gifts,
        kept,
    });
    Ok(decision)
}
