//! 환불: the payment side's answers. Planned → refunded only on its confirmation; a failure is retried with the same key.

use std::time::Duration;

use super::{Context, Decision};
use crate::domain::{
    order::{
        command::RefundOutcome,
        event::Event,
        repeats::tried_again,
        state::{Order, Refund, Stage},
    },
    reason::{Reason, Refusal},
};

fn open<'a>(order: &'a Order, key: &str, command: &str) -> Result<&'a Refund, Refusal> {
    let refund = order.refunds.iter().find(|r| r.key == key).ok_or(Reason::UnknownRefund)?;
    let why = match refund.stage {
        Stage::Due(_) => return Ok(refund),
        Stage::Waiting => "waits for its return",
        Stage::Refunded { .. } => "is confirmed already",
        Stage::Withdrawn(_) => "was withdrawn with its return",
    };
    let mut refusal = Refusal::illegal(order.status(), command);
    refusal.facts.detail = Some(format!("refund {key} {why}"));
    Err(refusal)
}

/// planned → refunded, once a key.
pub fn confirm(order: &Order, key: &str) -> Result<Decision, Refusal> {
    open(order, key, "confirm_refund")?;
    Ok(Decision { events: vec![Event::RefundConfirmed { key: key.to_owned() }], ..Decision::default() })
}

/// It stays planned; the next try waits twice as long as the last, up to a bound. So does one that was not answered: what
/// is due stands before the deadlines of other orders, and must not stay so while the payment side is away.
pub fn fail(
    order: &Order,
    key: &str,
    reason: &str,
    outcome: RefundOutcome,
    cx: &Context<'_>,
) -> Result<Decision, Refusal> {
    let refund = open(order, key, "fail_refund")?;
    tried_again(refund, cx.now)?;
    let doublings = u32::try_from(refund.tries.len()).unwrap_or(u32::MAX).min(16);
    let most = match outcome {
        RefundOutcome::Refused | RefundOutcome::NoResponse => cx.policy.refund_retry_max,
        RefundOutcome::Pending => cx.policy.refund_pending_max,
    };
    let wait: Duration = cx.policy.refund_retry.saturating_mul(2u32.saturating_pow(doublings)).min(most);
    let event =
        Event::RefundFailed { key: key.to_owned(), reason: reason.to_owned(), retry_at: cx.after(wait), outcome };
    Ok(Decision { events: vec![event], ..Decision::default() })
}

/// By bank transfer, where the means can't be undone any more (a card past its period): counted as refunded (§8.12). The
/// payment side must have refused it first, and last of all, so that the money does not go back twice.
pub fn transfer(order: &Order, key: &str, cx: &Context<'_>) -> Result<Decision, Refusal> {
    let refund = open(order, key, "refund_by_bank_transfer")?;
    let asked_now = refund.next_attempt_at().is_none_or(|at| at <= cx.now);
    if asked_now || !refund.tries.last().is_some_and(|t| t.outcome.is_refused()) {
        let mut refusal = Refusal::illegal(order.status(), "refund_by_bank_transfer");
        refusal.facts.detail = Some(format!(
            "refund {key} may still be given back by the payment side: it has not refused, or is being asked again"
        ));
        return Err(refusal);
    }
    Ok(Decision { events: vec![Event::RefundTransferred { key: key.to_owned() }], ..Decision::default() })
}

/// Where money goes back to, said apart from what makes it go back: a shortage asks nobody. As long as some may; later the
/// account would be kept for nothing.
pub fn account(order: &Order) -> Result<Decision, Refusal> {
    let over = order.status().is_terminal() && !order.refunds.iter().any(Refund::open);
    if over || order.fulfilment.parent.is_some() {
        return Err(Refusal::illegal(order.status(), "set_refund_account"));
    }
    Ok(Decision { events: vec![Event::RefundAccountSet], ..Decision::default() })
}
