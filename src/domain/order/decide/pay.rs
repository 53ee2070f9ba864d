//! Payment (rows 2–5): approval, decline, the payer's cancellation, deposits, the deadline, and money that comes too late.

use super::{
    Context, Decision, folded, money,
    stock::{release_all, take_at_payment},
};
use crate::domain::{
    Time,
    catalog::PreparePolicy,
    money::{AMOUNT_MAX, Won},
    order::{
        command::Paid,
        event::{Cut, Event, PlannedRefund},
        state::{Order, Settlement},
    },
    reason::{Facts, Reason, Refusal},
    status::{Status, Trigger, next},
};

/// Row 2: the whole amount due, by one means or several.
pub fn approve(order: &Order, paid: &[Paid], cx: &Context<'_>) -> Result<Decision, Refusal> {
    match standing(order, Trigger::ApprovePayment, "approve_payment", cx.now)? {
        Standing::Late(events) => {
            check_settlements(paid)?;
            new_approvals(order, paid)?;
            if paid.is_empty() {
                return Err(Refusal::invalid("a payment names at least one settlement"));
            }
            Ok(late(order, paid, events))
        }
        Standing::Pending => {
            match_payment(order.amount_due(), paid)?;
            settled(order, Event::PaymentApproved { settlements: paid.to_vec(), prepare_at: prepare_at(cx) }, cx)
        }
    }
}

/// Row 2, by deposit: the expected amount, to the won.
pub fn deposit(order: &Order, amount: Won, cx: &Context<'_>) -> Result<Decision, Refusal> {
    let Some(awaited) = &order.deposit else {
        return Err(Refusal::invalid("the order awaits no deposit"));
    };
    match standing(order, Trigger::ApprovePayment, "confirm_deposit", cx.now)? {
        Standing::Late(events) => {
            let approval_id = awaited.account_no.clone().unwrap_or_else(|| "deposit".to_owned());
            let here = |s: &Settlement| s.paid.is_positive() && s.approval_id.as_deref() == Some(&*approval_id);
            if order.settlements.iter().any(here) {
                return Err(Refusal::invalid("that deposit is on the order already"));
            }
            if !amount.is_positive() {
                return Err(Refusal::invalid("a settlement's amount must be more than nothing"));
            }
            let paid = Paid { means: awaited.means, amount, approval_id, token: None };
            Ok(late(order, &[paid], events))
        }
        Standing::Pending => {
            match_amount(order.amount_due(), amount)?;
            settled(order, Event::DepositConfirmed { amount, prepare_at: prepare_at(cx) }, cx)
        }
    }
}

/// Row 3: nothing else; the payer may try again by other means.
pub fn decline(order: &Order, reason: Option<&str>, cx: &Context<'_>) -> Result<Decision, Refusal> {
    unpaid(order, Trigger::DeclinePayment, "decline_payment", cx.now)?;
    let event = Event::PaymentDeclined { reason: reason.map(str::to_owned) };
    Ok(Decision { events: vec![event], ..Decision::default() })
}

/// Row 5: as an expiry.
pub fn cancel(order: &Order, cx: &Context<'_>) -> Result<Decision, Refusal> {
    unpaid(order, Trigger::CancelPayment, "cancel_payment", cx.now)?;
    let mut decision = Decision { events: vec![Event::PaymentCancelled], ..Decision::default() };
    release_all(order, &mut decision);
    Ok(decision)
}

/// Row 4.
pub fn expire(order: &Order, cx: &Context<'_>) -> Result<Decision, Refusal> {
    if next(order.status(), Trigger::ExpirePayment).is_none() {
        return Err(Refusal::illegal(order.status(), "expire_payment"));
    }
    if !past(order, cx.now) {
        return Err(Refusal::invalid("the payment deadline has not passed"));
    }
    Ok(expired(order))
}

fn expired(order: &Order) -> Decision {
    let mut decision = Decision { events: vec![Event::PaymentExpired], ..Decision::default() };
    release_all(order, &mut decision);
    decision
}

enum Standing {
    Pending,
    /// the order had ended (or ends now, by these events) when the money came
    Late(Decision),
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the table of transitions lists the rest")]
/// Where an order stands that money comes for. Past its deadline an unpaid order is expired, whether or not its timer has
/// fired yet: so a replay decides the same.
fn standing(order: &Order, trigger: Trigger, command: &str, now: Time) -> Result<Standing, Refusal> {
    match order.status() {
        Status::PaymentExpired | Status::PaymentCancelled => Ok(Standing::Late(Decision::default())),
        Status::PaymentPending if past(order, now) => Ok(Standing::Late(expired(order))),
        status if next(status, trigger).is_some() => Ok(Standing::Pending),
        status => Err(Refusal::illegal(status, command)),
    }
}

fn unpaid(order: &Order, trigger: Trigger, command: &str, now: Time) -> Result<(), Refusal> {
    if next(order.status(), trigger).is_none() {
        return Err(Refusal::illegal(order.status(), command));
    }
    if past(order, now) {
        return Err(Refusal::new(Reason::PaymentExpired, Facts { deadline: order.deadline, ..Facts::default() }));
    }
    Ok(())
}

fn past(order: &Order, now: Time) -> bool {
    order.deadline.is_some_and(|d| now >= d)
}

fn match_amount(due: Won, amount: Won) -> Result<(), Refusal> {
    if due == amount {
        return Ok(());
    }
    Err(Refusal::new(Reason::AmountMismatch, Facts { due: Some(due), amount: Some(amount), ..Facts::default() }))
}

/// The settlements of a payment come to what is due; only where nothing is due there are none.
pub fn match_payment(due: Won, paid: &[Paid]) -> Result<(), Refusal> {
    check_settlements(paid)?;
    if paid.is_empty() && !due.is_zero() {
        return Err(Refusal::invalid("a payment names at least one settlement"));
    }
    match_amount(due, paid.iter().map(|p| p.amount).sum())
}

/// No approval counts twice: its money may be planned for refund already, and a second refund would give it back twice.
pub fn new_approvals(order: &Order, paid: &[Paid]) -> Result<(), Refusal> {
    let known = |p: &&Paid| order.settlements.iter().any(|s| s.approval_id.as_ref() == Some(&p.approval_id));
    match paid.iter().find(known) {
        Some(p) => Err(Refusal::invalid(format!("approval {:?} is on the order already", p.approval_id))),
        None => Ok(()),
    }
}

/// Each settlement is of something, no approval is named twice, and the sum is one that can be told.
fn check_settlements(paid: &[Paid]) -> Result<(), Refusal> {
    if paid.iter().map(|p| p.amount).sum::<Won>() > Won::new(AMOUNT_MAX) {
        return Err(Refusal::invalid(format!("a payment is of at most {AMOUNT_MAX} won")));
    }
    for (i, p) in paid.iter().enumerate() {
        if !p.amount.is_positive() {
            return Err(Refusal::invalid("a settlement's amount must be more than nothing"));
        }
        if paid[..i].iter().any(|other| other.approval_id == p.approval_id) {
            return Err(Refusal::invalid(format!("approval {:?} is named twice", p.approval_id)));
        }
    }
    Ok(())
}

fn prepare_at(cx: &Context<'_>) -> Option<Time> {
    match cx.policy.prepare {
        PreparePolicy::After(wait) => Some(cx.now + wait),
        PreparePolicy::AtOnce | PreparePolicy::ByHand => None,
    }
}

/// The payment event, and what it does to stock and preparation.
fn settled(order: &Order, event: Event, cx: &Context<'_>) -> Result<Decision, Refusal> {
    let mut decision = Decision { events: vec![event], ..Decision::default() };
    let paid = folded(order, &decision.events, cx);
    take_at_payment(order, &paid, cx, &mut decision);
    let judged = !decision.events.iter().any(|e| matches!(e, Event::StockAsked { .. }));
    let left = |no: u16| {
        let cut: u32 = cuts_of(&decision.events).filter(|c| c.line_no == no).map(|c| c.quantity).sum();
        paid.line(no).map_or(0, |l| l.active()) > cut
    };
    if cx.policy.prepare == PreparePolicy::AtOnce && judged && paid.lines.iter().any(|l| left(l.no)) {
        decision.events.push(Event::Prepared);
    }
    Ok(decision)
}

fn cuts_of(events: &[Event]) -> impl Iterator<Item = &Cut> {
    events.iter().filter_map(|e| if let Event::Cut { lines, .. } = e { Some(lines) } else { None }).flatten()
}

/// A late approval is taken, leaves the status as it is, and its money is planned for refund at once†.
fn late(order: &Order, paid: &[Paid], mut decision: Decision) -> Decision {
    let first_settlement = order.settlements.iter().map(|s| s.no).max().unwrap_or(0) + 1;
    let refunds = paid
        .iter()
        .zip(first_settlement..)
        .enumerate()
        .map(|(i, (p, settlement_no))| PlannedRefund {
            key: money::key(&order.id, order.refunds.len() + 1 + i),
            settlement_no,
            group: None,
            return_group: None,
            amount: p.amount,
        })
        .collect();
    decision.events.push(Event::LatePaymentTaken { settlements: paid.to_vec(), refunds });
    decision.note = Some(Reason::PaymentExpired);
    decision
}
