//! Effects: what decisions did, in the trade's terms, and the rows that follow from them. A lane's actors speak effects; rows,
//! JSON and what is sealed are made of them beside the lane's thread, on the batch's way to the store.

mod events;
mod merge;
mod personal;
mod rows;
#[cfg(test)]
mod tests;

pub use self::{
    events::{NumberedEvent, OrderEvents, OutgoingEvents, json},
    rows::{LaneOfRows, write},
};

use std::sync::Arc;

use super::{
    catalog::{CampaignRecord, DeliveryTemplate, PartnerRecord, ProductRecord},
    replay::Note,
    reservation::HeldReservation,
};
use crate::{
    domain::{
        Time,
        catalog::Promotion,
        gift::GiftPromotion,
        ids::{OrderId, PartnerId, ProductId, SkuId},
        order::Order,
        stock::{Moved, Movement},
    },
    protocol::{decode::Personal, internal::Internal},
};

/// What a decision did.
#[derive(Debug)]
pub enum Effect {
    OrderChanged(OrderChanged),
    StockMoved(StockMoved),
    SkuCreated(NewSku),
    CampaignSet(CampaignSet),
    ReferenceSet(ReferenceSet),
    ReservationSet(Arc<HeldReservation>),
    /// a command that belongs to no order was taken
    CommandTaken(TakenCommand),
    /// something is said to another lane
    Outbox(OutboxStep),
}

/// A command, as what it did names it.
#[derive(Debug, Clone)]
pub struct CommandStamp {
    pub id: Arc<str>,
    /// of its content
    pub digest: Arc<str>,
    pub actor: Arc<str>,
    /// the entry that brought it
    pub entry: Arc<str>,
    pub at: Time,
}

/// An order has taken a command.
#[derive(Debug)]
pub struct OrderChanged {
    /// as it is then: shared with its actor, which copies it before it changes it again
    pub order: Arc<Order>,
    pub events: Arc<OrderEvents>,
    /// this command places it: its rows must be new
    pub placed: bool,
    /// settlements whose money was in before
    pub paid_before: Vec<u16>,
    pub personal: Option<Box<Personal>>,
}

/// Why stock moves: what the ledger says of it.
#[derive(Debug, Clone)]
pub struct Cause {
    pub command_id: Arc<str>,
    pub order_id: Option<OrderId>,
    pub at: Time,
}

/// A SKU's stock has moved.
#[derive(Debug)]
pub struct StockMoved {
    pub movement: Movement,
    pub moved: Moved,
    /// in an operator's words, in the place of the movement's own reason
    pub why: Option<Arc<str>>,
    pub cause: Cause,
}

/// A SKU that did not exist.
#[derive(Debug, Clone)]
pub struct NewSku {
    pub sku_id: SkuId,
    pub product_id: ProductId,
    pub option_name: Arc<str>,
    /// whose stock it is
    pub holder_id: Option<PartnerId>,
}

/// A campaign was made or changed.
#[derive(Debug)]
pub struct CampaignSet {
    pub sku_id: SkuId,
    pub campaign: CampaignRecord,
    /// it allots or limits otherwise from here on; the ledger's number here
    pub terms_from: Option<i64>,
}

/// Reference data was made or changed.
#[derive(Debug)]
pub enum ReferenceSet {
    Product(ProductRecord),
    Template(DeliveryTemplate),
    Promotion(Promotion),
    GiftPromotion { was: Option<Arc<GiftPromotion>>, now: Arc<GiftPromotion> },
    Partner(PartnerRecord),
    Consent(ConsentSet),
}

/// Whether a partner sells to a buyer.
#[derive(Debug)]
pub struct ConsentSet {
    pub partner: PartnerId,
    pub buyer: PartnerId,
    pub allowed: bool,
    pub at: Time,
}

/// A command that belongs to no order.
#[derive(Debug)]
pub struct TakenCommand {
    pub command: CommandStamp,
    pub name: &'static str,
    /// what its answer says beside that it was accepted
    pub note: Option<Box<Note>>,
    /// a client's: its id may be no order's command, either
    pub by_client: bool,
}

/// A step on its way to another lane: it leaves once it is durable.
#[derive(Debug)]
pub struct OutboxStep {
    pub id: Arc<str>,
    pub to: u32,
    pub step: Internal,
    pub at: Time,
}
