//! What happened to an order: facts with every amount worked out, so that folding them needs no policy.
//!
//! Stored as JSON under a version; an older version is brought up to date when read ([`Event::read`]). No names, addresses
//! or telephone numbers are in here.

mod parts;

use serde::{Deserialize, Serialize};

pub use self::parts::*;
use super::{
    claim::{ClaimReason, Fault, GiftReason, RefundTiming},
    command::{Heard, Paid},
    supply::{LinkState, ShortLine},
};
use crate::domain::{
    Time,
    ids::{OrderId, SkuId},
    money::Won,
    reason::{Facts, Reason},
};

/// The version that is written now.
pub const EVENT_VERSION: i64 = 1;

/// An event of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// row 1: accepted; paid already when it brought its payment
    Placed(Box<Placed>),
    /// a placement whose other lanes have been asked for their stock
    PlacementStarted {
        placed: Box<Placed>,
        reservations: Vec<Reservation>,
    },
    /// one lane's stock is reserved
    Reserved {
        reservation: String,
        lines: Vec<ReservedLine>,
    },
    /// every lane has reserved: the placement stands
    PlacementCompleted {
        shorts: Vec<Cut>,
        fees: Vec<FeeBack>,
        refunds: Vec<PlannedRefund>,
    },
    /// a lane could not: as if it never was
    PlacementFailed {
        reason: Reason,
        facts: Box<Facts>,
    },
    /// row 2
    PaymentApproved {
        settlements: Vec<Paid>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        prepare_at: Option<Time>,
    },
    /// row 2, by deposit
    DepositConfirmed {
        amount: Won,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        prepare_at: Option<Time>,
    },
    /// row 3
    PaymentDeclined {
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reason: Option<String>,
    },
    /// row 4
    PaymentExpired,
    /// row 5
    PaymentCancelled,
    /// money that came after the end: taken, and planned for refund at once†
    LatePaymentTaken {
        settlements: Vec<Paid>,
        refunds: Vec<PlannedRefund>,
    },
    /// rows 6, 8, 9: quantity taken out, under one cancel group
    Cut {
        group: u32,
        cause: CutCause,
        lines: Vec<Cut>,
        fees: Vec<FeeBack>,
        refunds: Vec<PlannedRefund>,
    },
    /// rows 7–9: what was found; what is short follows as a cut
    StockJudged {
        lines: Vec<ReservedLine>,
    },
    /// stock taken at payment: units by line
    StockDeducted {
        lines: Vec<ReservedLine>,
    },
    /// stock asked of other lanes at payment
    StockAsked {
        reservations: Vec<Reservation>,
    },
    /// row 7
    Prepared,
    RefundConfirmed {
        key: String,
    },
    /// or not answered: `heard` says which
    RefundFailed {
        key: String,
        reason: String,
        retry_at: Time,
        #[serde(default, skip_serializing_if = "Heard::is_refused")]
        heard: Heard,
    },
    /// by bank transfer: the means could not be undone any more
    RefundTransferred {
        key: String,
    },
    /// rows 10–12
    ProcurementStarted(Box<ProcurementStarted>),
    /// row 15
    ProcurementCompleted {
        procurements: Vec<u16>,
    },
    /// row 16: what is lost by it follows as a cut
    ProcurementCancelled {
        procurements: Vec<u16>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reason: Option<String>,
    },
    /// rows 10 and 13: an order was asked to be made
    Linked(Box<Linked>),
    /// news of a linked order
    LinkChanged {
        order_id: OrderId,
        state: LinkState,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reason: Option<Reason>,
        /// units that it can't deliver
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        short: Vec<ShortLine>,
    },
    /// row 14
    DestinationChosen(Box<DestinationChosen>),
    /// row 14: the surcharge is in
    SurchargePaid {
        settlements: Vec<Paid>,
    },
    /// row 18
    Shipped {
        lines: Vec<u16>,
        /// the seller says that it is on its way, with a waybill or without
        started: bool,
    },
    WaybillRegistered {
        waybill: WaybillEntry,
    },
    WaybillChanged {
        waybill: WaybillEntry,
    },
    /// row 19
    Delivered(Box<Delivered>),
    /// row 19
    Installed {
        lines: Vec<u16>,
    },
    /// row 21
    PurchaseConfirmed {
        lines: Vec<u16>,
    },
    /// 적립: of what was paid
    PointsEarned {
        lines: Vec<LineAmount>,
    },
    PointsReversed {
        lines: Vec<LineAmount>,
    },
    /// after row 21
    Reviewed {
        line_no: u16,
        rating: u8,
    },
    /// row 22
    ReturnRequested(Box<ReturnRequested>),
    ReturnApproved {
        group: u16,
        timing: RefundTiming,
        /// so by this approval only, although its goods are not marked for that
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        early: bool,
    },
    ReturnRejected {
        group: u16,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reason: Option<String>,
    },
    ReturnWithdrawn {
        group: u16,
    },
    /// 회수
    ReturnCollected {
        group: u16,
        lines: Vec<ReservedLine>,
    },
    ReturnCompleted {
        group: u16,
        lines: Vec<Inspected>,
        /// outbound fees whose last goods these were
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        fees_back: Vec<FeeBack>,
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        refunds: Vec<PlannedRefund>,
    },
    /// row 23
    ExchangeRequested {
        group: u16,
        line_no: u16,
        quantity: u32,
        shipped: bool,
        reason: ClaimReason,
        fault: Fault,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        wanted: Option<SkuId>,
    },
    ExchangeRejected {
        group: u16,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reason: Option<String>,
    },
    ExchangeApproved(Box<ExchangeApproved>),
    /// what was to be exchanged is refunded instead; the return follows
    ExchangeFailed {
        group: u16,
        /// units of the new line that were lost
        #[serde(skip_serializing_if = "parts::is_none_of", default)]
        lost: u32,
    },
    /// §3.3: added by hand
    GiftAdded {
        line: Box<AddedLine>,
        reason: GiftReason,
    },
}

impl Event {
    /// The event's type code, as in the history.
    pub const fn name(&self) -> &'static str {
        match self {
            Event::Placed(_) => "placed",
            Event::PlacementStarted { .. } => "placement_started",
            Event::Reserved { .. } => "reserved",
            Event::PlacementCompleted { .. } => "placement_completed",
            Event::PlacementFailed { .. } => "placement_failed",
            Event::PaymentApproved { .. } => "payment_approved",
            Event::DepositConfirmed { .. } => "deposit_confirmed",
            Event::PaymentDeclined { .. } => "payment_declined",
            Event::PaymentExpired => "payment_expired",
            Event::PaymentCancelled => "payment_cancelled",
            Event::LatePaymentTaken { .. } => "late_payment_taken",
            Event::Cut { .. } => "cut",
            Event::StockJudged { .. } => "stock_judged",
            Event::StockDeducted { .. } => "stock_deducted",
            Event::StockAsked { .. } => "stock_asked",
            Event::Prepared => "prepared",
            Event::RefundConfirmed { .. } => "refund_confirmed",
            Event::RefundFailed { .. } => "refund_failed",
            Event::RefundTransferred { .. } => "refund_transferred",
            Event::ProcurementStarted(_) => "procurement_started",
            Event::ProcurementCompleted { .. } => "procurement_completed",
            Event::ProcurementCancelled { .. } => "procurement_cancelled",
            Event::Linked(_) => "linked",
            Event::LinkChanged { .. } => "link_changed",
            Event::DestinationChosen(_) => "destination_chosen",
            Event::SurchargePaid { .. } => "surcharge_paid",
            Event::Shipped { .. } => "shipped",
            Event::WaybillRegistered { .. } => "waybill_registered",
            Event::WaybillChanged { .. } => "waybill_changed",
            Event::Delivered(_) => "delivered",
            Event::Installed { .. } => "installed",
            Event::PurchaseConfirmed { .. } => "purchase_confirmed",
            Event::PointsEarned { .. } => "points_earned",
            Event::PointsReversed { .. } => "points_reversed",
            Event::Reviewed { .. } => "reviewed",
            Event::ReturnRequested(_) => "return_requested",
            Event::ReturnApproved { .. } => "return_approved",
            Event::ReturnRejected { .. } => "return_rejected",
            Event::ReturnWithdrawn { .. } => "return_withdrawn",
            Event::ReturnCollected { .. } => "return_collected",
            Event::ReturnCompleted { .. } => "return_completed",
            Event::ExchangeRequested { .. } => "exchange_requested",
            Event::ExchangeRejected { .. } => "exchange_rejected",
            Event::ExchangeApproved(_) => "exchange_approved",
            Event::ExchangeFailed { .. } => "exchange_failed",
            Event::GiftAdded { .. } => "gift_added",
        }
    }

    /// Reads a stored event, whatever version wrote it.
    ///
    /// # Errors
    /// A sentence, when the version is newer than this program or the JSON is not an event.
    pub fn read(version: i64, json: &str) -> Result<Event, String> {
        match version {
            EVENT_VERSION => serde_json::from_str(json).map_err(|e| format!("not an event of version {version}: {e}")),
            other => Err(format!("event version {other} is not known to this program (it writes {EVENT_VERSION})")),
        }
    }
}
