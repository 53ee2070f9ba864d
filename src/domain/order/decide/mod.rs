//! `decide`: (state, command, context) → events, stock movements and steps, or a refusal. Nothing is changed here.

mod cancel;
mod chosen;
mod collect;
mod deliver;
mod destination;
mod entitle;
mod exchange;
pub use self::exchange::added;
mod follow;
mod gift;
pub use self::gift::of_the_same_seller;
mod link;
mod linked;
mod money;
pub use self::money::worth;
mod pay;
mod place;
pub use self::place::{LINES_MAX, QUANTITY_MAX};
mod procure;
pub use self::procure::LINKED;
mod refund;
mod reserve;
mod returns;
mod settle;
mod stays;
mod stock;
mod waive;
mod work;

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;

use super::{
    claim::CollectionState, command::OrderCommand, delivery::ShipMethod, event::Event, register::PaymentKey, repeats,
    state::Order, step::Step, supply::LinkMessage,
};
use crate::domain::{
    Time,
    catalog::{Partner, Policy, Promotion, SkuRef, StockPolicy},
    gift::GiftPromotion,
    ids::{OrderId, PartnerId, SkuId},
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
    /// by id; those that a placement names, and those that give one of its gifts
    pub gift_promotions: &'a [Arc<GiftPromotion>],
    pub partners: &'a [Partner],
    /// the lane that decides
    pub lane: u32,
    /// of the payments that the command brings, those that the register has under other orders
    pub taken: &'a [PaymentKey],
}

impl Context<'_> {
    /// So long after now; of what lies beyond all tables' years, their last moment.
    pub fn after(&self, wait: Duration) -> Time {
        later(self.now, wait)
    }

    /// The quote of a SKU.
    pub fn quote(&self, sku_id: &SkuId) -> Option<&Quote> {
        self.quotes.iter().find(|q| q.info.sku_id == *sku_id)
    }
}

/// So long after a time, but not after the last that every store keeps.
pub fn later(at: Time, wait: Duration) -> Time {
    let last = Time::from_timestamp_millis(LAST_MILLIS).unwrap_or(Time::MAX_UTC);
    let wait = TimeDelta::from_std(wait).ok();
    wait.and_then(|wait| at.checked_add_signed(wait)).filter(|time| *time < last).unwrap_or(last)
}

/// The end of the year 9999.
const LAST_MILLIS: i64 = 253_402_300_799_000;

/// What an accepted command does.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decision {
    /// never empty
    pub events: Vec<Event>,
    /// of SKUs in this lane; they fit what the quotes said
    pub movements: Vec<Movement>,
    pub steps: Vec<Step>,
    /// to linked orders
    pub messages: Vec<LinkMessage>,
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
    let mut decision = alone(id, order, command, cx)?;
    pay::for_nothing(order, id, cx, &mut decision);
    follow::sweep(order, cx, &mut decision);
    procure::settle_sources(order, id, cx, &mut decision);
    deliver::arrived(order, cx, &mut decision);
    link::tell(id, order, command, cx, &mut decision);
    Ok(decision)
}

/// What the command does to the order itself.
fn alone(id: &OrderId, order: Option<&Order>, command: &OrderCommand, cx: &Context<'_>) -> Result<Decision, Refusal> {
    use super::state::Placement;
    // an id whose placement failed may be placed again
    let version = match order {
        None => Some(0),
        Some(o) => (o.placement == Placement::Failed).then_some(o.version),
    };
    if let OrderCommand::Place(place) = command {
        return place::decide(id, repeats::placed_again(version.ok_or(Reason::DuplicateOrder)?)?, place, cx);
    }
    if let OrderCommand::PlaceLinked(child) = command {
        return linked::place(id, repeats::placed_again(version.ok_or(Reason::DuplicateOrder)?)?, child, cx);
    }
    let order = order.ok_or(Reason::UnknownOrder)?;
    match (command, &order.placement) {
        (OrderCommand::Reserved { reservation, lines }, _) => reserve::reserved(order, reservation, lines, cx),
        (OrderCommand::ReserveRefused { reservation, reason, facts }, _) => {
            reserve::refused(order, reservation, *reason, facts, cx)
        }
        (_, Placement::Reserving) => Err(Refusal::early("the placement is still being reserved")),
        (_, Placement::Failed) => Err(Reason::UnknownOrder.into()),
        (_, Placement::Done) => standing(order, command, cx),
    }
}

/// A command to an order that stands.
fn standing(order: &Order, command: &OrderCommand, cx: &Context<'_>) -> Result<Decision, Refusal> {
    use OrderCommand as C;
    repeats::check(order, command)?;
    match command {
        C::ApprovePayment { settlements, verified } => pay::approve(order, settlements, *verified, cx),
        C::DeclinePayment { reason } => pay::decline(order, reason.as_deref(), cx),
        C::CancelPayment => pay::cancel(order, cx),
        C::ConfirmDeposit { amount, payment_id } => pay::deposit(order, *amount, payment_id.as_deref(), cx),
        C::Expire => pay::expire(order, cx),
        C::CancelLines { lines, reason } => cancel::lines(order, lines, reason.as_deref()),
        C::Prepare => stock::prepare(order, &[], None),
        C::PrepareOf { lines, by } => stock::prepare(order, lines, by.as_ref()),
        C::ConfirmStock { lines } => stock::judge(order, lines),
        C::ConfirmRefund { key } => refund::confirm(order, key),
        C::FailRefund { key, reason, outcome } => refund::fail(order, key, reason, *outcome, cx),
        C::TransferRefund { key } => refund::transfer(order, key, cx),
        C::SetRefundAccount => refund::account(order),
        C::PurchaseFromPartner(p) => procure::from_partner(order, p, cx),
        C::PurchaseFromNonPartner { lines, seller, amount } => {
            procure::from_non_partner(order, &procure::whole_lines(lines), seller, *amount)
        }
        C::BuyUnits { units, seller, amount } => procure::from_non_partner(order, units, seller, *amount),
        C::UseOwnStock { lines } => procure::own_stock(order, &procure::whole_lines(lines)),
        C::UseOwnUnits { units } => procure::own_stock(order, units),
        C::AssignInstaller(p) => procure::assign_installer(order, p, cx),
        C::SetShippingAddress { zip } => destination::choose(order, zip.as_deref(), cx),
        C::CompleteProcurement { lines } => procure::complete(order, lines),
        C::CancelProcurement { lines, reason } => procure::cancel(order, lines, reason.as_deref(), cx),
        C::ReportStockLoss { lines } => procure::lose(order, lines, cx),
        C::Ship { lines, in_transit, waybills } => {
            deliver::ship(order, lines, ShipMethod::Parcel, *in_transit, waybills)
        }
        C::ShipBy { method, lines, in_transit, waybills } => {
            deliver::ship(order, lines, *method, *in_transit, waybills)
        }
        C::RegisterWaybill(w) => deliver::register(order, w),
        C::UpdateWaybill(w) => deliver::update(order, w),
        C::MarkDelivered(_) | C::CompleteInstallation { .. } | C::FailInstallation { .. } if order.installs() => {
            work::say(order, command, cx)
        }
        C::MarkDelivered(d) => deliver::delivered(order, d, cx),
        C::CompleteInstallation { lines } => deliver::installed(order, lines, cx),
        C::FailInstallation { lines } => deliver::fail_installation(order, lines, cx),
        C::ConfirmPurchase { lines } => deliver::confirm(order, lines, cx),
        C::WriteReview { line_no, rating } => deliver::review(order, *line_no, *rating),
        C::RequestReturn(asked) => returns::request(order, asked, cx),
        C::ApproveReturn { group, timing, fault } => returns::approve(order, *group, *timing, *fault, cx),
        C::RejectReturn { group, reason } => returns::reject(order, *group, reason.as_deref(), cx),
        C::WithdrawReturn { group, lines, by_buyer } => settle::withdraw(order, *group, lines, *by_buyer, cx),
        C::WriteOffReturn { group, what } => match order.return_of(*group) {
            Some(r) => settle::write_off(order, r, what, cx),
            None => collect::give_up(order, *group, CollectionState::WrittenOff, what, command.name(), cx),
        },
        C::WaiveCollection { group, what } => {
            collect::give_up(order, *group, CollectionState::Waived, what, command.name(), cx)
        }
        C::WaiveDebt(waiver) => waive::debt(order, waiver),
        C::CollectReturn { group, lines } => returns::collect(order, *group, lines),
        C::CompleteReturn { group, inspected, fault } => returns::complete(order, *group, inspected, *fault, cx),
        C::RequestExchange { line_no, quantity, reason, fault, wanted } => {
            exchange::request(order, (*line_no, *quantity), (*reason, *fault), wanted.as_ref(), cx)
        }
        C::RejectExchange { group, reason } => exchange::reject(order, *group, reason.as_deref(), cx),
        C::WithdrawExchange { group } => exchange::withdraw(order, *group, cx),
        C::ApproveExchange { group, resolution, sku_id, fault, waived } => {
            exchange::approve(order, *group, (*resolution, sku_id.as_ref()), (*fault, waived.as_deref()), cx)
        }
        C::AddGift { main_line_no, sku_id, quantity, reason } => {
            gift::add(order, *main_line_no, sku_id, *quantity, *reason, cx)
        }
        C::Link { from, what } => link::hear(order, from, what, cx),
        C::Reserved { .. } | C::ReserveRefused { .. } | C::Place(_) | C::PlaceLinked(_) => {
            Err(Reason::DuplicateOrder.into()) // taken before, in `alone`
        }
    }
}

/// The order after these events, which were decided for it.
fn folded(order: &Order, events: &[Event], cx: &Context<'_>) -> Order {
    folded_from(&order.id, Some(order.clone()), events, cx).unwrap_or_else(|| order.clone())
}

/// The same, of an order that may only come to be by them.
fn folded_from(id: &OrderId, mut order: Option<Order>, events: &[Event], cx: &Context<'_>) -> Option<Order> {
    for event in events {
        let fits = Order::step(&mut order, id, event, cx.now);
        assert!(fits.is_ok(), "what was decided must fit: {fits:?}");
    }
    order
}

/// What of the shelves a command looks at, beside moving what the order has already.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RequiredInputs {
    /// the SKUs of the order's lines
    pub own: bool,
    /// SKUs that the command names
    pub named: Vec<SkuId>,
    /// partners that the command names
    pub partners: Vec<PartnerId>,
}

/// What a command looks at.
pub fn looks(order: Option<&Order>, command: &OrderCommand) -> RequiredInputs {
    use OrderCommand as C;
    // lines that were placed before lines kept their shipping terms: what sending them back costs is their products' word
    let older = order.is_some_and(|o| o.lines.iter().any(|l| !l.gift && l.shipping.is_none()));
    // what payment takes from the shelf
    let at_payment = order.is_some_and(|o| o.lines.iter().any(|l| l.policy == StockPolicy::DeductAtPayment));
    // what may come to nothing, and is paid then
    let unpaid = at_payment && order.is_some_and(|o| o.paid_at.is_none());
    match command {
        C::ApprovePayment { .. } | C::ConfirmDeposit { .. } => {
            RequiredInputs { own: at_payment, ..RequiredInputs::default() }
        }
        C::Reserved { .. } | C::ReserveRefused { .. } => {
            RequiredInputs { own: older || unpaid, ..RequiredInputs::default() }
        }
        C::RequestReturn(_)
        | C::FailInstallation { .. }
        | C::Link { .. }
        | C::ApproveReturn { .. }
        | C::WithdrawReturn { .. }
        | C::CompleteReturn { .. }
        | C::ReportStockLoss { .. }
        | C::CancelProcurement { .. }
        | C::RejectReturn { .. }
        | C::RejectExchange { .. }
        | C::WithdrawExchange { .. } => RequiredInputs { own: older, ..RequiredInputs::default() },
        C::ApproveExchange { group, sku_id, .. } => {
            let wanted = order.and_then(|o| {
                let e = o.exchange_of(*group)?;
                e.wanted.clone().or_else(|| o.line(e.line_no).map(|l| l.sku_id.clone()))
            });
            RequiredInputs { own: older, named: sku_id.clone().or(wanted).into_iter().collect(), partners: Vec::new() }
        }
        C::RequestExchange { wanted, .. } => {
            RequiredInputs { own: wanted.is_some(), named: wanted.iter().cloned().collect(), partners: Vec::new() }
        }
        C::AddGift { sku_id, .. } => RequiredInputs { own: false, named: vec![sku_id.clone()], partners: Vec::new() },
        C::PurchaseFromPartner(p) | C::AssignInstaller(p) => RequiredInputs {
            own: false,
            named: p.lines.iter().map(|(_, sku, _)| sku.clone()).collect(),
            partners: vec![p.partner_id.clone()],
        },
        C::PlaceLinked(child) => {
            let buyer = PartnerId::new(child.buyer_id.as_str()).ok();
            let named = child.lines.iter().map(|l| l.sku_id.clone()).collect();
            RequiredInputs { own: false, named, partners: buyer.into_iter().collect() }
        }
        C::SetShippingAddress { zip: None } => {
            let buyer = order.filter(|o| o.by_partner).and_then(|o| PartnerId::new(o.customer_id.as_str()).ok());
            RequiredInputs { own: unpaid, partners: buyer.into_iter().collect(), ..RequiredInputs::default() }
        }
        C::SetShippingAddress { .. } => RequiredInputs { own: unpaid, ..RequiredInputs::default() },
        C::Place(place) => {
            RequiredInputs { partners: place.business().into_iter().collect(), ..RequiredInputs::default() }
        }
        C::DeclinePayment { .. }
        | C::CancelPayment
        | C::Expire
        | C::CancelLines { .. }
        | C::Prepare
        | C::PrepareOf { .. }
        | C::ConfirmStock { .. }
        | C::ConfirmRefund { .. }
        | C::FailRefund { .. }
        | C::TransferRefund { .. }
        | C::PurchaseFromNonPartner { .. }
        | C::BuyUnits { .. }
        | C::UseOwnStock { .. }
        | C::UseOwnUnits { .. }
        | C::CompleteProcurement { .. }
        | C::Ship { .. }
        | C::ShipBy { .. }
        | C::RegisterWaybill(_)
        | C::UpdateWaybill(_)
        | C::MarkDelivered(_)
        | C::CompleteInstallation { .. }
        | C::ConfirmPurchase { .. }
        | C::WriteReview { .. }
        | C::CollectReturn { .. }
        | C::WriteOffReturn { .. }
        | C::WaiveCollection { .. }
        | C::WaiveDebt(_)
        | C::SetRefundAccount => RequiredInputs::default(),
    }
}
