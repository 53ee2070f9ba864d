//! Payment (rows 2–5): approval, decline, the payer's cancellation, deposits, the deadline; and money that was not due: it is
//! a fact, so it is taken and goes back.

use super::{
    Context, Decision, folded, folded_from, money,
    stock::{release_all, take_at_payment},
};
use crate::domain::{
    Time,
    catalog::PreparePolicy,
    ids::OrderId,
    money::{AMOUNT_MAX, Won},
    order::{
        command::{Paid, PaymentMethod},
        event::{Cut, Event, PlannedRefund},
        register::DEPOSIT,
        repeats::told_again,
        state::{Order, Placement, Settlement},
    },
    reason::{Facts, Reason, Refusal},
    status::{Status, Trigger, next},
};

/// Payments that one order takes at most: an order is read whole.
const PAYMENTS_MAX: usize = 1_000;

/// Row 2: the whole amount due, by one means or several; and of an order that stands: its surcharge. What the payment side
/// vouches for and was not due is taken and planned for refund; of the buyer's side it is refused.
pub fn approve(order: &Order, paid: &[Paid], verified: bool, cx: &Context<'_>) -> Result<Decision, Refusal> {
    let standing = standing(order, cx.now)?;
    check_settlements(paid)?;
    if paid.is_empty() {
        return nothing(order, &standing, "approve_payment", cx);
    }
    match new(order, paid, &standing, cx)? {
        fresh if fresh.is_empty() => repeated(order, paid),
        fresh => {
            let event = |paid| Event::PaymentApproved { settlements: paid, prepare_at: prepare_at(cx) };
            judge(order, fresh, standing, verified, cx, event)
        }
    }
}

/// Row 2, by deposit: the expected amount, to the won. Another amount goes back.
pub fn deposit(order: &Order, amount: Won, payment_id: Option<&str>, cx: &Context<'_>) -> Result<Decision, Refusal> {
    let standing = standing(order, cx.now)?;
    if amount.is_zero() {
        return nothing(order, &standing, "confirm_deposit", cx);
    }
    let Some(awaited) = &order.deposit else { return Err(Refusal::illegal(order.status(), "confirm_deposit")) };
    // the name that the account was opened under is that of the awaited amount
    let expected = order.settlements.first().is_some_and(|s| amount == s.expected.max(s.paid));
    let announced = awaited.payment_id.as_deref().filter(|_| expected);
    let approval_id = payment_id.or(announced).unwrap_or(DEPOSIT).to_owned();
    let paid = Paid { method: awaited.method, amount, approval_id, movement_id: None };
    check_settlements(std::slice::from_ref(&paid))?;
    match new(order, std::slice::from_ref(&paid), &standing, cx)? {
        fresh if fresh.is_empty() => repeated(order, &[paid]),
        fresh => {
            let payment_id = paid.name().map(str::to_owned);
            let event = |_| Event::DepositConfirmed { amount, payment_id, prepare_at: prepare_at(cx) };
            judge(order, fresh, standing, true, cx, event)
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

/// How an order stands that money comes for.
enum Standing {
    /// it waits for so much
    Due(Won),
    /// so much is still to be paid beside it, and so much of that before it may be shipped: either pays
    Surcharge { all: Won, to_ship: Won },
    /// it is paid, and nothing is due any more
    Settled,
    /// it had ended unpaid (or ends now, by these events) when the money came
    Late(Decision),
}

impl Standing {
    fn due(&self) -> Won {
        match self {
            Standing::Due(due) | Standing::Surcharge { all: due, .. } => *due,
            Standing::Settled | Standing::Late(_) => Won::ZERO,
        }
    }

    fn is_paid_by(&self, amount: Won) -> bool {
        let to_ship = if let Standing::Surcharge { to_ship, .. } = self { *to_ship } else { Won::ZERO };
        amount == self.due() || (to_ship.is_positive() && amount == to_ship)
    }
}

/// How it stands. Past its deadline an unpaid order is expired, whether or not its timer has fired yet: so a replay decides the
/// same.
#[expect(clippy::wildcard_enum_match_arm, reason = "in every other status it has been paid, or is paid elsewhere")]
fn standing(order: &Order, now: Time) -> Result<Standing, Refusal> {
    if order.settlements.len() >= PAYMENTS_MAX {
        return Err(Refusal::invalid(format!("an order takes at most {PAYMENTS_MAX} payments")));
    }
    Ok(match order.status() {
        Status::PaymentExpired | Status::PaymentCancelled => Standing::Late(Decision::default()),
        Status::PaymentPending if past(order, now) => Standing::Late(expired(order)),
        Status::PaymentPending => Standing::Due(order.amount_due()),
        _ if order.surcharge_due().is_positive() => {
            Standing::Surcharge { all: order.surcharge_due(), to_ship: order.due_before_shipping() }
        }
        _ => Standing::Settled,
    })
}

/// What comes to nothing is paid, whatever made it so: all that cost something was short at its placement, in this lane or
/// another, or a surcharge that was all that was due went with another address. Nobody would pay it, and it would expire.
pub fn for_nothing(before: Option<&Order>, id: &OrderId, cx: &Context<'_>, decision: &mut Decision) {
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else makes an unpaid order cheaper")]
    let may = |e: &Event| match e {
        Event::Placed(p) => !p.is_paid() && p.total == Some(Won::ZERO),
        Event::PlacementCompleted { total, .. } => *total == Some(Won::ZERO),
        Event::ShippingAddressSet(d) => !d.fees.is_empty(),
        _ => false,
    };
    if !decision.events.iter().any(may) {
        return;
    }
    let order = folded_from(id, before.cloned(), &decision.events, cx);
    let unpaid = |o: &Order| o.placement == Placement::Done && o.status() == Status::PaymentPending;
    let Some(order) = order.filter(|o| unpaid(o) && o.amount_due().is_zero()) else { return };
    let paid = settled(&order, Event::PaymentApproved { settlements: Vec::new(), prepare_at: prepare_at(cx) }, cx);
    decision.events.extend(paid.events);
    decision.movements.extend(paid.movements);
    decision.steps.extend(paid.steps);
}

/// Nothing was paid, which is a payment only where nothing is due.
fn nothing(order: &Order, standing: &Standing, command: &str, cx: &Context<'_>) -> Result<Decision, Refusal> {
    let free = order.settlements.iter().all(|s| s.paid.is_zero()) && order.amounts().total.is_zero();
    match standing {
        Standing::Due(due) if due.is_zero() => {
            let event = Event::PaymentApproved { settlements: Vec::new(), prepare_at: prepare_at(cx) };
            Ok(settled(order, event, cx))
        }
        Standing::Settled if free => repeated(order, &[]),
        Standing::Settled => Err(Refusal::illegal(order.status(), command)),
        Standing::Due(_) | Standing::Surcharge { .. } | Standing::Late(_) => {
            Err(Refusal::invalid("a payment names at least one settlement, of more than nothing"))
        }
    }
}

/// What of these payments the order has not had yet. One that has paid another order is refused, and so is one that is told
/// with two amounts.
fn new(order: &Order, paid: &[Paid], standing: &Standing, cx: &Context<'_>) -> Result<Vec<Paid>, Refusal> {
    not_elsewhere(paid, cx)?;
    let (mut fresh, mut maybe, mut known) = (Vec::new(), Vec::new(), false);
    for p in paid {
        match had(order, p) {
            None => fresh.push(p.clone()),
            Some(s) if p.name().is_some() && s.paid != p.amount => {
                let facts = Facts { due: Some(s.paid), amount: Some(p.amount), ..detail(&p.approval_id) };
                return Err(Refusal::new(Reason::AmountMismatch, facts));
            }
            // points of an account, without a movement: told again, or once more?
            Some(_) if p.method == PaymentMethod::Points && p.name().is_none() => maybe.push(p.clone()),
            Some(_) => known = true,
        }
    }
    // they are what is due, or nothing new
    let both: Won = fresh.iter().chain(&maybe).map(|p| p.amount).sum();
    if !known && !maybe.is_empty() && standing.is_paid_by(both) {
        return Ok(paid.to_vec());
    }
    Ok(fresh)
}

/// The settlement of a payment that the order has had.
fn had<'a>(order: &'a Order, p: &Paid) -> Option<&'a Settlement> {
    let mut paid = order.settlements.iter().filter(|s| s.paid.is_positive() && s.method == p.method);
    match p.name() {
        Some(name) => paid.find(|s| order.name_of(s) == Some(name)),
        None => paid.find(|s| {
            let account = p.method != PaymentMethod::Points || s.approval_id.as_ref() == Some(&p.approval_id);
            order.name_of(s).is_none() && s.paid == p.amount && account
        }),
    }
}

/// One payment pays one order.
///
/// # Errors
/// `approval_reused`, naming the payment and nothing of the other order.
pub fn not_elsewhere(paid: &[Paid], cx: &Context<'_>) -> Result<(), Refusal> {
    let taken = |p: &&Paid| p.key().is_some_and(|key| cx.taken.contains(&key));
    match paid.iter().find(taken) {
        Some(p) => Err(Refusal::new(Reason::ApprovalReused, detail(p.name().unwrap_or_default()))),
        None => Ok(()),
    }
}

fn detail(what: &str) -> Facts {
    Facts { detail: Some(what.to_owned()), ..Facts::default() }
}

/// What money that is new does: it pays what is due, to the won, or it goes back.
fn judge(
    order: &Order,
    fresh: Vec<Paid>,
    standing: Standing,
    verified: bool,
    cx: &Context<'_>,
    pays: impl FnOnce(Vec<Paid>) -> Event,
) -> Result<Decision, Refusal> {
    let amount: Won = fresh.iter().map(|p| p.amount).sum();
    match standing {
        Standing::Due(due) if due == amount => Ok(settled(order, pays(fresh), cx)),
        Standing::Surcharge { all, .. } if standing.is_paid_by(amount) => {
            // all of it, or what holds shipping up: not the debts of claims
            let fees = if amount == all { Vec::new() } else { order.fees_before_shipping().map(|f| f.no).collect() };
            let event = Event::SurchargePaid { settlements: fresh, fees };
            Ok(Decision { events: vec![event], ..Decision::default() })
        }
        Standing::Due(due) | Standing::Surcharge { all: due, .. } if !verified => Err(mismatch(due, amount)),
        Standing::Settled if !verified => Err(Reason::AlreadyPaid.into()),
        Standing::Late(_) if !verified => {
            Err(Refusal::new(Reason::PaymentExpired, Facts { deadline: order.deadline, ..Facts::default() }))
        }
        Standing::Due(_) | Standing::Surcharge { .. } => Ok(undue(order, fresh, Reason::AmountMismatch)),
        Standing::Settled => Ok(undue(order, fresh, Reason::AlreadyPaid)),
        Standing::Late(decision) => Ok(late(order, fresh, decision)),
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

fn mismatch(due: Won, amount: Won) -> Refusal {
    Refusal::new(Reason::AmountMismatch, Facts { due: Some(due), amount: Some(amount), ..Facts::default() })
}

/// A placement's payments come to what is due; only where nothing is due there are none.
pub fn match_payment(due: Won, paid: &[Paid]) -> Result<(), Refusal> {
    check_settlements(paid)?;
    if paid.is_empty() && !due.is_zero() {
        return Err(Refusal::invalid("a payment names at least one settlement"));
    }
    let amount = paid.iter().map(|p| p.amount).sum();
    if due == amount { Ok(()) } else { Err(mismatch(due, amount)) }
}

/// Each settlement is of something, no payment is named twice, and the sum is one that can be told.
fn check_settlements(paid: &[Paid]) -> Result<(), Refusal> {
    if paid.iter().map(|p| p.amount).sum::<Won>() > Won::new(AMOUNT_MAX) {
        return Err(Refusal::invalid(format!("a payment is of at most {AMOUNT_MAX} won")));
    }
    let same =
        |a: &Paid, b: &Paid| (a.method, &a.approval_id, &a.movement_id) == (b.method, &b.approval_id, &b.movement_id);
    for (i, p) in paid.iter().enumerate() {
        if !p.amount.is_positive() {
            return Err(Refusal::invalid("a settlement's amount must be more than nothing"));
        }
        let key = p.key();
        if paid[..i].iter().any(|other| same(p, other) || (key.is_some() && other.key() == key)) {
            return Err(Refusal::invalid(format!("approval {:?} is named twice", p.approval_id)));
        }
    }
    Ok(())
}

fn prepare_at(cx: &Context<'_>) -> Option<Time> {
    match cx.policy.prepare {
        PreparePolicy::After(wait) => Some(cx.after(wait)),
        PreparePolicy::AtOnce | PreparePolicy::ByHand => None,
    }
}

/// The payment event, and what it does to stock and preparation.
fn settled(order: &Order, event: Event, cx: &Context<'_>) -> Decision {
    let mut decision = Decision { events: vec![event], ..Decision::default() };
    let paid = folded(order, &decision.events, cx);
    take_at_payment(order, &paid, cx, &mut decision);
    let judged = !decision.events.iter().any(|e| matches!(e, Event::StockAsked { .. }));
    let left = |no: u16| {
        let cut: u32 = cuts_of(&decision.events).filter(|c| c.line_no == no).map(|c| c.quantity).sum();
        paid.line(no).map_or(0, |l| l.active()) > cut
    };
    if cx.policy.prepare == PreparePolicy::AtOnce && judged && paid.lines.iter().any(|l| left(l.no)) {
        decision.events.push(Event::Prepared { lines: Vec::new() });
    }
    decision
}

fn cuts_of(events: &[Event]) -> impl Iterator<Item = &Cut> {
    events.iter().filter_map(|e| if let Event::Cut { lines, .. } = e { Some(lines) } else { None }).flatten()
}

/// The same payment told again is the same fact.
fn repeated(order: &Order, paid: &[Paid]) -> Result<Decision, Refusal> {
    told_again(order)?;
    let approvals = paid.iter().map(|p| p.approval_id.clone()).collect();
    Ok(Decision { events: vec![Event::DuplicatePaymentReceived { approvals }], ..Decision::default() })
}

/// Each payment goes back to itself, whole.
fn all_back(order: &Order, paid: &[Paid]) -> Vec<PlannedRefund> {
    let first_settlement = order.settlements.iter().map(|s| s.no).max().unwrap_or(0) + 1;
    let planned = paid.iter().zip(first_settlement..).enumerate().map(|(i, (p, settlement_no))| PlannedRefund {
        key: money::key(&order.id, order.refunds.len() + 1 + i),
        settlement_no,
        group: None,
        return_group: None,
        amount: p.amount,
        waits_for: None,
    });
    planned.collect()
}

/// A late approval is taken, leaves the status as it is, and its money is planned for refund at once†.
fn late(order: &Order, paid: Vec<Paid>, mut decision: Decision) -> Decision {
    let refunds = all_back(order, &paid);
    decision.events.push(Event::LatePaymentReceived { settlements: paid, refunds });
    decision.note = Some(Reason::PaymentExpired);
    decision
}

/// So is money that was not due; the order goes on as if it had not come.
fn undue(order: &Order, paid: Vec<Paid>, why: Reason) -> Decision {
    let refunds = all_back(order, &paid);
    let events = vec![Event::UnexpectedPaymentReceived { settlements: paid, refunds, reason: why }];
    Decision { events, note: Some(why), ..Decision::default() }
}
