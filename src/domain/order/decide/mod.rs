//! `decide`: (state, command, context) → events, stock movements and steps, or a refusal. Nothing is changed here.

mod cancel;
mod money;
mod pay;
mod place;
pub use self::place::{LINES_MAX, QUANTITY_MAX};
mod refund;
mod reserve;
mod stock;

use super::{command::OrderCommand, event::Event, state::Order, step::Step};
use crate::domain::{
    Time,
    catalog::{Policy, Promotion, SkuRef},
    ids::{OrderId, SkuId},
    reason::{Reason, Refusal},
    stock::{Movement, StockView},
};

/// What the inventory says of a SKU, for this customer, now.
#[derive(Debug, Clone)]
pub struct Quote {
    pub info: SkuRef,
    /// the lane that the SKU lives in
    pub lane: u32,
    /// `None`: it lives in another lane
    pub view: Option<StockView>,
}

/// All that a decision may look at besides the order.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// the entry's time, not the clock's
    pub now: Time,
    pub policy: &'a Policy,
    /// one a distinct SKU
    pub quotes: &'a [Quote],
    pub promotions: &'a [Promotion],
}

impl Context<'_> {
    /// The quote of a SKU.
    pub fn quote(&self, sku_id: &SkuId) -> Option<&Quote> {
        self.quotes.iter().find(|q| q.info.sku_id == *sku_id)
    }
}

/// What an accepted command does.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decision {
    /// never empty
    pub events: Vec<Event>,
    /// of SKUs in this lane; they fit what the quotes said
    pub movements: Vec<Movement>,
    pub steps: Vec<Step>,
    /// something the answer should say although the command was accepted (a late payment)
    pub note: Option<Reason>,
}

/// Decides a command of an order.
///
/// # Errors
/// The [`Refusal`] that answers the customer; it changes nothing.
pub fn decide(
    id: &OrderId,
    order: Option<&Order>,
    command: &OrderCommand,
    cx: &Context<'_>,
) -> Result<Decision, Refusal> {
    use super::state::Placement;
    if let OrderCommand::Place(place) = command {
        return match order {
            None => place::decide(id, 0, place, cx),
            Some(o) if o.placement == Placement::Failed => place::decide(id, o.version, place, cx),
            Some(_) => Err(Reason::DuplicateOrder.into()),
        };
    }
    let order = order.ok_or(Reason::UnknownOrder)?;
    match (command, &order.placement) {
        (OrderCommand::Reserved { reservation, lines }, _) => reserve::reserved(order, reservation, lines, cx),
        (OrderCommand::ReserveRefused { reservation, reason, facts }, _) => {
            reserve::refused(order, reservation, *reason, facts, cx)
        }
        (_, Placement::Reserving) => Err(Refusal::invalid("the placement is still being reserved")),
        (_, Placement::Failed) => Err(Reason::UnknownOrder.into()),
        (OrderCommand::ApprovePayment { settlements }, Placement::Done) => pay::approve(order, settlements, cx),
        (OrderCommand::DeclinePayment { reason }, Placement::Done) => pay::decline(order, reason.as_deref(), cx),
        (OrderCommand::CancelPayment, Placement::Done) => pay::cancel(order, cx),
        (OrderCommand::ConfirmDeposit { amount }, Placement::Done) => pay::deposit(order, *amount, cx),
        (OrderCommand::Expire, Placement::Done) => pay::expire(order, cx),
        (OrderCommand::CancelLines { lines }, Placement::Done) => cancel::lines(order, lines),
        (OrderCommand::Prepare, Placement::Done) => stock::prepare(order),
        (OrderCommand::JudgeStock { lines }, Placement::Done) => stock::judge(order, lines),
        (OrderCommand::ConfirmRefund { key }, Placement::Done) => refund::confirm(order, key),
        (OrderCommand::FailRefund { key, reason }, Placement::Done) => refund::fail(order, key, reason, cx),
        (OrderCommand::Place(_), Placement::Done) => Err(Reason::DuplicateOrder.into()),
    }
}

/// Whether the command looks at stock views of the order's SKUs, beside moving what it has already.
pub fn wants_quotes(order: Option<&Order>, command: &OrderCommand) -> bool {
    match command {
        OrderCommand::Place(_) => true,
        OrderCommand::ApprovePayment { .. } | OrderCommand::ConfirmDeposit { .. } => order
            .is_some_and(|o| o.lines.iter().any(|l| l.policy == crate::domain::catalog::StockPolicy::DeductAtPayment)),
        OrderCommand::DeclinePayment { .. }
        | OrderCommand::CancelPayment
        | OrderCommand::Expire
        | OrderCommand::CancelLines { .. }
        | OrderCommand::Prepare
        | OrderCommand::JudgeStock { .. }
        | OrderCommand::ConfirmRefund { .. }
        | OrderCommand::FailRefund { .. }
        | OrderCommand::Reserved { .. }
        | OrderCommand::ReserveRefused { .. } => false,
    }
}
