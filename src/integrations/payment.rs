//! The payment port: whom refunds are asked of. A refund is a committed row before it is asked, and every try carries the
//! same key, so that the payment side can tell a repeated request from a second one.

pub mod http;
pub mod simulated;

use std::time::Instant;

use async_trait::async_trait;

use crate::{
    domain::{ids::OrderId, money::Won, order::command::PaymentMethod},
    protocol::{cards, command::RefundAccount},
};

/// As whom the payment side's word comes, when it comes through here.
pub const ACTOR: &str = "payment:gateway";
/// The longest reason that is kept, in characters.
const REASON_MAX: usize = 400;

/// A refund to be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundAsk {
    pub order_id: OrderId,
    /// the order's partition
    pub lane: u32,
    /// idempotency key, the same on every try
    pub key: String,
    pub amount: Won,
    pub method: PaymentMethod,
    /// what the payment side calls the payment that the money came by
    pub payment_id: Option<String>,
    /// the buyer's account, where one was given; looked up right before asking
    pub account: Option<RefundAccount>,
    /// tries before, whatever was heard of them
    pub attempt: usize,
}

/// A refund that its order found due, on its way to be asked for. It grows stale: what it rests on may have changed since.
#[derive(Debug, Clone)]
pub struct DueRefund {
    pub ask: RefundAsk,
    /// of the lane that found it so
    pub epoch: i64,
    pub found: Instant,
}

/// A payment to be approved (what a checkout asks before it tells us).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    pub order_id: OrderId,
    pub method: PaymentMethod,
    pub amount: Won,
}

/// What the payment side said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// done; for a charge, the approval's id
    Done(String),
    /// not done, and why
    Refused(String),
    /// taken and under way: the word comes later, by a call-back
    Pending(String),
    /// not known: it did not answer; ask again with the same key
    Unknown(String),
}

/// The payment side.
#[async_trait]
pub trait PaymentGateway: Send + Sync {
    /// Charges a customer.
    async fn charge(&self, charge: &Charge) -> Verdict;
    /// Gives money back; asking again with the same key has no second effect.
    async fn refund(&self, ask: &RefundAsk) -> Verdict;
}

/// A reason in somebody else's words, as a command takes it: bounded, and without what looks like a card number.
pub fn reason(text: &str) -> String {
    let fit: String = text.chars().take(REASON_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    cards::masked(&fit).unwrap_or(fit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_can_be_told() {
        assert_eq!(reason("too late\n\0"), "too late  ");
        assert_eq!(reason("card 4111 1111 1111 1111 is closed"), "card **** **** **** 1111 is closed");
        assert_eq!(reason(&"가".repeat(1_000)).chars().count(), REASON_MAX);
    }
}
