//! Money that comes in, and orders that come to an end before they are prepared.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    GRACE_MS, ILLEGAL, No, Yes, list, number,
    order::{ModelCut, ModelLine, ModelOrder, ModelSettlement, ModelStatus},
    shelves::Shelves,
    text,
};

impl ModelSettlement {
    /// So much, all of which may go back.
    pub fn of(approval: String, paid: i64) -> Self {
        Self { approval, paid, refundable: paid, back: 0, waits: 0, excluded: 0 }
    }
}

/// Approvals and amounts.
pub(super) fn settlements(c: &Value) -> Vec<(String, i64)> {
    let one = |s: &Value| (text(&s["approval"], "approval_id"), number(s, "amount"));
    list(c, "settlements").iter().map(one).collect()
}

/// What is due, to the won, pays; other money is taken and goes back.
pub(super) fn approve(
    order: &mut ModelOrder,
    c: &Value,
    shelves: &mut Shelves,
    approvals: &mut BTreeMap<String, String>,
) -> Result<Yes, No> {
    let paid = settlements(c);
    let [(approval, amount)] = paid.as_slice() else { return Err(No::Unsure) };
    if order.debts > 0 {
        return Err(No::Unsure); // no story pays for an exchange
    }
    if approvals.get(approval).is_some_and(|other| *other != order.id) {
        return Err(No::Because("approval_reused"));
    }
    if let Some(had) = order.settlements.iter().find(|s| s.approval == *approval) {
        return if had.paid == *amount { Ok(Yes::default()) } else { Err(No::Because("amount_mismatch")) };
    }
    approvals.insert(approval.clone(), order.id.clone());
    let due = order.due();
    let status = order.status();
    let note = if matches!(status, ModelStatus::PaymentExpired | ModelStatus::PaymentCancelled) {
        Some("payment_expired")
    } else if status == ModelStatus::PaymentPending {
        (due != *amount).then_some("amount_mismatch")
    } else {
        Some("already_paid")
    };
    let mut settlement = ModelSettlement::of(approval.clone(), *amount);
    if note.is_some() {
        (settlement.refundable, settlement.back) = (0, *amount);
    } else {
        order.paid = true;
        for l in &mut order.lines {
            shelves.sell(&l.sku, l.held);
            (l.deducted, l.held) = (l.deducted + l.held, 0);
            if l.is(ModelStatus::PaymentPending) {
                l.status = ModelStatus::Ordered;
            }
        }
    }
    order.settlements.push(settlement);
    Ok(Yes { note, ..Yes::default() })
}

/// Only an unpaid order in its time is declined or given up.
fn unpaid(order: &ModelOrder, now: u64) -> Result<(), No> {
    let status = order.status();
    if status == ModelStatus::PaymentPending {
        return Ok(());
    }
    // whether the timer has looked at it is not said
    let lately = status == ModelStatus::PaymentExpired && order.deadline.is_some_and(|at| now < at + GRACE_MS);
    Err(if lately { No::OneOf(vec!["payment_expired", "illegal_transition"]) } else { ILLEGAL })
}

/// The payer may try again.
pub(super) fn decline(order: &ModelOrder, now: u64) -> Result<Yes, No> {
    unpaid(order, now).map(|()| Yes::default())
}

/// The payer gives up.
pub(super) fn cancel(order: &mut ModelOrder, now: u64, shelves: &mut Shelves) -> Result<Yes, No> {
    unpaid(order, now)?;
    order.end_unpaid(ModelStatus::PaymentCancelled, shelves);
    Ok(Yes::default())
}

/// What is owed need not be paid: so much of it, or all.
pub(super) fn waive(order: &mut ModelOrder, c: &Value) -> Result<Yes, No> {
    if !order.paid || order.linked {
        return Err(ILLEGAL);
    }
    let amount = c["amount"].as_i64().unwrap_or(order.debts);
    if !c["fee_no"].is_null() {
        return Err(No::Unsure); // no story names a fee
    }
    if amount < 1 || amount > order.debts {
        return Err(No::Because("amount_mismatch"));
    }
    order.debts -= amount;
    Ok(Yes::default())
}

/// Whole lines, until they are prepared; their gifts go with them.
pub(super) fn cancel_lines(order: &mut ModelOrder, c: &Value, shelves: &mut Shelves) -> Result<Yes, No> {
    let named: Vec<u64> = list(c, "lines").iter().filter_map(Value::as_u64).collect();
    for no in &named {
        let line = order.line(*no).ok_or(No::Because("unknown_line"))?;
        if line.status != ModelStatus::Ordered {
            return Err(ILLEGAL);
        }
    }
    let of = |l: &ModelLine| ModelCut { no: l.no, quantity: l.active(), taken: l.held + l.deducted, lost: 0 };
    let cuts: Vec<ModelCut> = named.iter().filter_map(|no| order.line(*no)).map(of).collect();
    let cuts = order.with_gifts(cuts);
    order.cut(&cuts, ModelStatus::Cancelled, shelves);
    Ok(Yes::default())
}
