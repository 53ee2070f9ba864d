//! 미납면제: what a buyer owes beside the order, and need not pay. It is no payment and no refund: the fee comes to less.

use super::{Decision, money};
use crate::domain::{
    money::Won,
    order::{
        command::Waiver,
        event::{DebtWaived, Event, FeeRefund},
        state::Order,
    },
    reason::{Facts, Reason, Refusal},
};

/// Of what is owed (of that fee, where one is named) so much, or all. Of several fees the first ones go first.
pub fn debt(order: &Order, waiver: &Waiver) -> Result<Decision, Refusal> {
    if !order.settles_here() {
        return Err(Refusal::illegal(order.status(), "waive_debt"));
    }
    let named = |no: u16| waiver.fee_no.is_none_or(|fee_no| fee_no == no);
    let owed = order.fees.iter().filter(|f| f.unpaid && named(f.no)).filter_map(|f| money::left_of(order, f.no));
    let owed: Vec<FeeRefund> = owed.collect();
    let due: Won = owed.iter().map(|f| f.amount).sum();
    let amount = waiver.amount.unwrap_or(due);
    if !amount.is_positive() || amount > due {
        let detail = Some("at most what is owed is waived".to_owned());
        let facts = Facts { due: Some(due), amount: Some(amount), detail, ..Facts::default() };
        return Err(Refusal::new(Reason::AmountMismatch, facts));
    }
    let mut left = amount;
    let mut fees = Vec::new();
    for f in owed {
        let part = f.amount.min(left);
        if part.is_positive() {
            left -= part;
            fees.push(FeeRefund { amount: part, ..f });
        }
    }
    let event = Event::DebtWaived(Box::new(DebtWaived { fees, reason: waiver.reason.clone() }));
    Ok(Decision { events: vec![event], ..Decision::default() })
}
