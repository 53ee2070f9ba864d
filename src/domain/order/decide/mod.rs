//! `decide`: (state, command, context) → events, stock movements and steps, or a refusal. Nothing is changed here.

mod cancel;
mod chosen;
mod deliver;
mod destination;
mod entitle;
mod exchange;
mod gift;
mod link;
mod linked;
mod money;
mod pay;
mod place;
pub use self::place::{LINES_MAX, QUANTITY_MAX};
mod procure;
pub use self::procure::LINKED;
mod refund;
mod reserve;
mod returns;
mod stock;

use std::sync::Arc;

use super::{command::OrderCommand, event::Event, state::Order, step::Step, supply::LinkMessage};
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
        return place::decide(id, version.ok_or(Reason::DuplicateOrder)?, place, cx);
    }
    if let OrderCommand::PlaceLinked(child) = command {
        return linked::place(id, version.ok_or(Reason::DuplicateOrder)?, child, cx);
    }
    let order = order.ok_or(Reason::UnknownOrder)?;
    match (command, &order.placement) {
        (OrderCommand::Reserved { reservation, lines }, _) => reserve::reserved(order, reservation, lines, cx),
        (OrderCommand::ReserveRefused { reservation, reason, facts }, _) => {
            reserve::refused(order, reservation, *reason, facts, cx)
        }
        (_, Placement::Reserving) => Err(Refusal::invalid("the placement is still being reserved")),
        (_, Placement::Failed) => Err(Reason::UnknownOrder.into()),
        (_, Placement::Done) => standing(order, command, cx),
    }
}

/// A command to an order that stands.
fn standing(order: &Order, command: &OrderCommand, cx: &Context<'_>) -> Result<Decision, Refusal> {
    use OrderCommand as C;
    match command {
        C::ApprovePayment { settlements } if order.surcharge_due().is_positive() => {
            destination::pay(order, settlements)
        }
        C::ApprovePayment { settlements } => pay::approve(order, settlements, cx),
        C::DeclinePayment { reason } => pay::decline(order, reason.as_deref(), cx),
        C::CancelPayment => pay::cancel(order, cx),
        C::ConfirmDeposit { amount } => pay::deposit(order, *amount, cx),
        C::Expire => pay::expire(order, cx),
        C::CancelLines { lines } => cancel::lines(order, lines),
        C::Prepare => stock::prepare(order),
        C::JudgeStock { lines } => stock::judge(order, lines),
        C::ConfirmRefund { key } => refund::confirm(order, key),
        C::FailRefund { key, reason, heard } => refund::fail(order, key, reason, *heard, cx),
        C::TransferRefund { key } => refund::transfer(order, key, cx),
        C::PurchaseFromPartner(p) => procure::from_partner(order, p, cx),
        C::PurchaseFromNonPartner { lines, seller, amount } => procure::from_non_partner(order, lines, seller, *amount),
        C::UseOwnStock { lines } => procure::own_stock(order, lines),
        C::AssignInstaller(p) => procure::assign_installer(order, p, cx),
        C::ChooseDestination { zip } => destination::choose(order, zip.as_deref(), cx),
        C::CompleteProcurement { lines } => procure::complete(order, lines),
        C::CancelProcurement { lines, reason } => procure::cancel(order, lines, reason.as_deref(), cx),
        C::ReportStockLoss { lines } => procure::lose(order, lines, cx),
        C::Ship { lines, started, waybills } => deliver::ship(order, lines, *started, waybills),
        C::RegisterWaybill(w) => deliver::register(order, w),
        C::UpdateWaybill(w) => deliver::update(order, w),
        C::MarkDelivered(d) => deliver::delivered(order, d, cx),
        C::Installed { lines } => deliver::installed(order, lines),
        C::InstallationImpossible { lines } => deliver::installation_impossible(order, lines, cx),
        C::ConfirmPurchase { lines } => deliver::confirm(order, lines, cx),
        C::WriteReview { line_no, rating } => deliver::review(order, *line_no, *rating),
        C::RequestReturn(asked) => returns::request(order, asked, cx),
        C::ApproveReturn { group, timing } => returns::approve(order, *group, *timing, cx),
        C::RejectReturn { group, reason } => returns::reject(order, *group, reason.as_deref(), cx),
        C::WithdrawReturn { group } => returns::withdraw(order, *group, cx),
        C::CollectReturn { group, lines } => returns::collect(order, *group, lines),
        C::CompleteReturn { group, inspected } => returns::complete(order, *group, inspected),
        C::RequestExchange { line_no, quantity, reason, fault, wanted } => {
            exchange::request(order, (*line_no, *quantity), (*reason, *fault), wanted.as_ref())
        }
        C::RejectExchange { group, reason } => exchange::reject(order, *group, reason.as_deref(), cx),
        C::ApproveExchange { group, branch, sku_id } => exchange::approve(order, *group, *branch, sku_id.as_ref(), cx),
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
pub struct Looks {
    /// the SKUs of the order's lines
    pub own: bool,
    /// SKUs that the command names
    pub named: Vec<SkuId>,
    /// partners that the command names
    pub partners: Vec<PartnerId>,
}

/// What a command looks at.
pub fn looks(order: Option<&Order>, command: &OrderCommand) -> Looks {
    use OrderCommand as C;
    let own = || Looks { own: true, ..Looks::default() };
    match command {
        C::ApprovePayment { .. } | C::ConfirmDeposit { .. } => Looks {
            own: order.is_some_and(|o| o.lines.iter().any(|l| l.policy == StockPolicy::DeductAtPayment)),
            ..Looks::default()
        },
        // what sending a return back costs is the products' word
        C::RequestReturn(_) | C::InstallationImpossible { .. } | C::Link { .. } => own(),
        C::ReportStockLoss { .. }
        | C::CancelProcurement { .. }
        | C::RejectReturn { .. }
        | C::WithdrawReturn { .. }
        | C::RejectExchange { .. }
        | C::Reserved { .. }
        | C::ReserveRefused { .. } => {
            Looks { own: order.is_some_and(|o| !o.after.exchanges.is_empty()), ..Looks::default() }
        }
        C::ApproveExchange { group, sku_id, .. } => {
            let wanted = order.and_then(|o| o.exchange_of(*group)).and_then(|e| e.wanted.clone());
            Looks { own: true, named: sku_id.clone().or(wanted).into_iter().collect(), partners: Vec::new() }
        }
        C::AddGift { sku_id, .. } => Looks { own: false, named: vec![sku_id.clone()], partners: Vec::new() },
        C::PurchaseFromPartner(p) | C::AssignInstaller(p) => Looks {
            own: false,
            named: p.lines.iter().map(|(_, sku)| sku.clone()).collect(),
            partners: vec![p.partner_id.clone()],
        },
        C::PlaceLinked(child) => {
            Looks { own: false, named: child.lines.iter().map(|l| l.sku_id.clone()).collect(), partners: Vec::new() }
        }
        C::ChooseDestination { zip: None } => {
            let buyer = order.and_then(|o| PartnerId::new(o.customer_id.as_str()).ok());
            Looks { partners: buyer.into_iter().collect(), ..Looks::default() }
        }
        C::Place(_)
        | C::DeclinePayment { .. }
        | C::CancelPayment
        | C::Expire
        | C::CancelLines { .. }
        | C::Prepare
        | C::JudgeStock { .. }
        | C::ConfirmRefund { .. }
        | C::FailRefund { .. }
        | C::TransferRefund { .. }
        | C::PurchaseFromNonPartner { .. }
        | C::UseOwnStock { .. }
        | C::ChooseDestination { .. }
        | C::CompleteProcurement { .. }
        | C::Ship { .. }
        | C::RegisterWaybill(_)
        | C::UpdateWaybill(_)
        | C::MarkDelivered(_)
        | C::Installed { .. }
        | C::ConfirmPurchase { .. }
        | C::WriteReview { .. }
        | C::ApproveReturn { .. }
        | C::CollectReturn { .. }
        | C::CompleteReturn { .. }
        | C::RequestExchange { .. } => Looks::default(),
    }
}
