//! What may be said of an order again and again, and how often: an order is folded whole, and by everybody who looks at it.

use super::{
    command::{OrderCommand, Waiver},
    event::Event,
    state::{Order, Refund},
};
use crate::domain::{
    Time,
    reason::{Facts, Reason, Refusal},
};

/// The most events that an order has when nobody but its own course adds to it any more.
pub const HISTORY_MAX: u32 = 1_000;
/// The most declines of an order's payment.
pub const DECLINES_MAX: u16 = 50;
/// The most choices of its destination.
pub const DESTINATIONS_MAX: u16 = 50;
/// The most choices of the account that its money goes back to.
pub const ACCOUNTS_MAX: u16 = 50;
/// The most corrections of its waybills' quantities.
pub const CORRECTIONS_MAX: u16 = 200;
/// The most judgements of its stock.
pub const JUDGEMENTS_MAX: u16 = 50;
/// How often it is told of payments that it has.
pub const TOLD_MAX: u16 = 50;
/// So many tries of a refund are taken as they come; further ones when they are due, which is ever more seldom.
pub const TRIES_MAX: usize = 100;

/// How often what changes little was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Repeats {
    declines: u16,
    destinations: u16,
    accounts: u16,
    corrections: u16,
    judgements: u16,
    told: u16,
}

impl Repeats {
    /// Counts what an event is of.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "every other event brings its order on, or is bounded by what it is of"
    )]
    pub fn count(&mut self, event: &Event) {
        let counted = match event {
            Event::PaymentDeclined { .. } => &mut self.declines,
            Event::ShippingAddressSet(_) => &mut self.destinations,
            Event::RefundAccountSet => &mut self.accounts,
            Event::WaybillUpdated { .. } => &mut self.corrections,
            Event::StockConfirmed { .. } => &mut self.judgements,
            Event::DuplicatePaymentReceived { .. } => &mut self.told,
            _ => return,
        };
        *counted = counted.saturating_add(1);
    }
}

fn refused(most: impl Into<u64>, of: &str) -> Refusal {
    let detail = Some(format!("at most {} {of}", most.into()));
    Refusal::new(Reason::TooMany, Facts { detail, ..Facts::default() })
}

/// Whether one more of this command may be said of the order.
///
/// # Errors
/// `too_many`. What an order needs to come to its end is never refused for it: money that came, outcomes of refunds, deliveries,
/// whole lines, decisions of claims, whatever lanes and other orders say.
pub fn check(order: &Order, command: &OrderCommand) -> Result<(), Refusal> {
    use OrderCommand as C;
    let said = &order.repeats;
    let within = |times: u16, most: u16, of: &str| if times < most { Ok(()) } else { Err(refused(most, of)) };
    let long = || if order.version < HISTORY_MAX { Ok(()) } else { Err(refused(HISTORY_MAX, "events")) };
    match command {
        C::DeclinePayment { .. } => within(said.declines, DECLINES_MAX, "declines").and_then(|()| long()),
        C::SetShippingAddress { .. } => {
            within(said.destinations, DESTINATIONS_MAX, "destinations").and_then(|()| long())
        }
        C::SetRefundAccount => within(said.accounts, ACCOUNTS_MAX, "accounts for refunds").and_then(|()| long()),
        C::UpdateWaybill(_) => {
            within(said.corrections, CORRECTIONS_MAX, "corrections of waybills").and_then(|()| long())
        }
        C::ConfirmStock { .. } => within(said.judgements, JUDGEMENTS_MAX, "judgements of stock").and_then(|()| long()),
        // units one by one; all that is left goes on
        C::BuyUnits { .. } | C::UseOwnUnits { .. } | C::ReportStockLoss { .. } => long(),
        C::CollectReturn { lines, .. } | C::WithdrawReturn { lines, .. } if !lines.is_empty() => long(),
        C::WriteOffReturn { what, .. } if !what.lines.is_empty() => long(),
        // won by won; all that is owed goes on
        C::WaiveDebt(Waiver { amount: Some(_), .. }) => long(),
        // another source will do
        C::PurchaseFromPartner(_) | C::AssignInstaller(_) | C::AddGift { .. } => long(),
        C::Place(_)
        | C::ApprovePayment { .. }
        | C::CancelPayment
        | C::ConfirmDeposit { .. }
        | C::Expire
        | C::CancelLines { .. }
        | C::Prepare
        | C::PrepareOf { .. }
        | C::ConfirmRefund { .. }
        | C::FailRefund { .. }
        | C::TransferRefund { .. }
        | C::PurchaseFromNonPartner { .. }
        | C::UseOwnStock { .. }
        | C::CompleteProcurement { .. }
        | C::CancelProcurement { .. }
        | C::Ship { .. }
        | C::ShipBy { .. }
        | C::RegisterWaybill(_)
        | C::MarkDelivered(_)
        | C::CompleteInstallation { .. }
        | C::FailInstallation { .. }
        | C::ConfirmPurchase { .. }
        | C::WriteReview { .. }
        | C::RequestReturn(_)
        | C::ApproveReturn { .. }
        | C::RejectReturn { .. }
        | C::WithdrawReturn { .. }
        | C::WriteOffReturn { .. }
        | C::WaiveCollection { .. }
        | C::WaiveDebt(Waiver { amount: None, .. })
        | C::CollectReturn { .. }
        | C::CompleteReturn { .. }
        | C::RequestExchange { .. }
        | C::RejectExchange { .. }
        | C::WithdrawExchange { .. }
        | C::ApproveExchange { .. }
        | C::PlaceLinked(_)
        | C::Link { .. }
        | C::Reserved { .. }
        | C::ReserveRefused { .. } => Ok(()),
    }
}

/// Whether the order may be told once more of a payment that it has.
///
/// # Errors
/// `too_many`.
pub fn told_again(order: &Order) -> Result<(), Refusal> {
    if order.repeats.told < TOLD_MAX { Ok(()) } else { Err(refused(TOLD_MAX, "repetitions of its payments")) }
}

/// Whether an order that failed may be placed once more.
///
/// # Errors
/// `too_many`.
pub fn placed_again(version: u32) -> Result<u32, Refusal> {
    if version < HISTORY_MAX { Ok(version) } else { Err(refused(HISTORY_MAX, "events: give the order another id")) }
}

/// Whether a try of the refund may be told. One that was due is an outcome, and always is.
///
/// # Errors
/// `too_many`.
pub fn tried_again(refund: &Refund, now: Time) -> Result<(), Refusal> {
    let early = refund.next_attempt_at().is_some_and(|at| now < at);
    if early && refund.tries.len() >= TRIES_MAX {
        return Err(refused(u64::try_from(TRIES_MAX).unwrap_or(u64::MAX), "tries of a refund before the next is due"));
    }
    Ok(())
}
