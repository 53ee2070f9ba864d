//! What happened to an order: facts with every amount worked out, so that folding them needs no policy.
//!
//! Stored as JSON under a version; an older version is brought up to date when read ([`Event::read`]). No names, addresses
//! or telephone numbers are in here.

mod exchange;
mod figures;
mod names;
mod parts;
mod upcast;
mod words;

use serde::{Deserialize, Serialize};

pub use self::{
    exchange::*,
    figures::{hide_units, may_tell_units},
    parts::*,
    upcast::{current, current_name, may_be_old, published},
    words::{ERASED, erase_words, without_words, worded},
};
use super::{
    claim::{ClaimReason, CollectionState, Fault, GiftReason, RefundTiming},
    command::{Paid, RefundOutcome},
    delivery::ShipMethod,
    state::Order,
    supply::{AskWhat, LinkState, ShortLine, Work},
};
use crate::domain::{
    Time,
    ids::{OrderId, SkuId},
    money::Won,
    reason::{Facts, Reason},
};

/// The version that is written now.
pub const EVENT_VERSION: i64 = 2;

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
        shortages: Vec<Cut>,
        fees: Vec<FeeRefund>,
        refunds: Vec<PlannedRefund>,
        /// what is due, or was paid and stays so
        #[serde(skip_serializing_if = "Option::is_none", default)]
        total: Option<Won>,
        /// gifts that were not there for goods that were: left out
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        omitted_gifts: Vec<OmittedGift>,
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
        /// the payment side's own name for it
        #[serde(skip_serializing_if = "Option::is_none", default)]
        payment_id: Option<String>,
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
    LatePaymentReceived {
        settlements: Vec<Paid>,
        refunds: Vec<PlannedRefund>,
    },
    /// money that was not due (a second payment, another amount): taken, and planned for refund at once
    UnexpectedPaymentReceived {
        settlements: Vec<Paid>,
        refunds: Vec<PlannedRefund>,
        reason: Reason,
    },
    /// money that the order has already, told again: nothing new
    DuplicatePaymentReceived {
        approvals: Vec<String>,
    },
    /// rows 6, 8, 9: quantity taken out, under one cancel group
    Cut {
        group: u32,
        cause: CutCause,
        lines: Vec<Cut>,
        fees: Vec<FeeRefund>,
        refunds: Vec<PlannedRefund>,
        /// what payment found on the shelf for lines that came short outside campaigns
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        stock_checks: Vec<StockCheck>,
        /// 취소사유: in the buyer's words
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reason: Option<String>,
        /// gifts that were not there for goods that were: left out
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        omitted_gifts: Vec<OmittedGift>,
        /// of the refund, for others' goods and debts
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kept: Option<Box<Kept>>,
    },
    /// what a cancellation keeps back for others' goods and debts changes
    RefundAdjusted(Box<RefundAdjusted>),
    /// rows 7–9: what was found; what is short follows as a cut
    StockConfirmed {
        lines: Vec<ReservedLine>,
        /// the lines that were looked at, found whole or not
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        checked_lines: Vec<u16>,
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
    Prepared {
        /// none named: all that were to be prepared
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        lines: Vec<u16>,
    },
    RefundConfirmed {
        key: String,
    },
    /// or not answered: `outcome` says which
    RefundFailed {
        key: String,
        reason: String,
        retry_at: Time,
        #[serde(default, skip_serializing_if = "RefundOutcome::is_refused")]
        outcome: RefundOutcome,
    },
    /// by bank transfer: the payment method could not be undone any more
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
        /// the procurement that ends with it, where others of its lines go on
        #[serde(skip_serializing_if = "Option::is_none", default)]
        procurement: Option<u16>,
    },
    /// another order or lane is asked first; nothing is done yet, and the command is not answered
    Asked {
        ask: String,
        what: Box<AskWhat>,
    },
    /// it said yes: what was asked for is done by the events before this one
    Granted {
        ask: String,
    },
    /// it said no: the order is as it was
    Denied {
        ask: String,
        reason: Reason,
        facts: Box<Facts>,
    },
    /// all units that are left of these lines are being procured
    LinesSourced {
        lines: Vec<u16>,
    },
    /// all units that are left of these lines are procured
    LinesProcured {
        lines: Vec<u16>,
    },
    /// of an installation order: how its work is
    InstallationProgressed {
        work: Work,
        lines: Vec<u16>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        at: Option<Time>,
    },
    /// row 14
    ShippingAddressSet(Box<ShippingAddressSet>),
    /// row 14: the surcharge is in
    SurchargePaid {
        settlements: Vec<Paid>,
        /// the fees that it pays: all that are due, where it names none
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        fees: Vec<u16>,
    },
    RefundAccountSet,
    /// what is owed need not be paid
    DebtWaived(Box<DebtWaived>),
    /// row 18
    Shipped {
        lines: Vec<u16>,
        /// the seller says that it is on its way, with a waybill or without
        in_transit: bool,
        /// by parcel, when it says nothing
        #[serde(skip_serializing_if = "ShipMethod::is_parcel", default)]
        method: ShipMethod,
    },
    WaybillRegistered {
        waybill: WaybillEntry,
    },
    WaybillUpdated {
        waybill: WaybillEntry,
    },
    /// row 19
    Delivered(Box<Delivered>),
    /// row 19
    Installed {
        lines: Vec<u16>,
        /// 자동구매확정: when they are confirmed by themselves, by policy
        #[serde(skip_serializing_if = "Option::is_none", default)]
        auto_confirm_at: Option<Time>,
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
    /// its terms, told anew: fault, quantities, money
    ReturnChanged(Box<ReturnChanged>),
    /// units that never came, though their money went
    ReturnWrittenOff {
        group: u16,
        lines: Vec<ReservedLine>,
        reason: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        charge: Option<AddedFee>,
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
        fee_refunds: Vec<FeeRefund>,
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        refunds: Vec<PlannedRefund>,
        /// outbound fees among those of `fee_refunds` that are kept back: they were sent for nothing by the buyer's fault
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        withheld: Vec<Excluded>,
        /// an exchange whose goods these were ends as they did
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        chain: bool,
        /// gifts that these goods entitled to, and that have not left, go with them
        #[serde(skip_serializing_if = "std::ops::Not::not", default)]
        gifts_too: bool,
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
    /// by the buyer, before it was decided
    ExchangeWithdrawn {
        group: u16,
    },
    /// whose fault it is, by the shop
    FaultCorrected {
        group: u16,
        fault: Fault,
        /// of an exchange whose goods were inspected: what becomes of its fee
        #[serde(skip_serializing_if = "Option::is_none", default)]
        fee: Option<Box<FeeCorrected>>,
    },
    ExchangeApproved(Box<ExchangeApproved>),
    /// 교환회수: units of the exchanged goods came back
    ExchangeCollected {
        group: u16,
        quantity: u32,
    },
    /// and what was found of them
    ExchangeInspected {
        group: u16,
        sellable: u32,
        unsellable: u32,
        /// where some of them are not taken, or something is kept back
        #[serde(skip_serializing_if = "Option::is_none", default)]
        findings: Option<Box<ExchangeFindings>>,
    },
    /// what is still out of them is not waited for
    CollectionGivenUp {
        group: u16,
        /// waived, or written off
        how: CollectionState,
        quantity: u32,
        reason: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        charge: Option<AddedFee>,
        /// charged, and not owed: what the goods that replaced them give back less, now or later
        #[serde(skip_serializing_if = "Won::is_nothing", default)]
        stays: Won,
    },
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
            Event::LatePaymentReceived { .. } => "late_payment_received",
            Event::UnexpectedPaymentReceived { .. } => "unexpected_payment_received",
            Event::DuplicatePaymentReceived { .. } => "duplicate_payment_received",
            Event::Cut { .. } => "cut",
            Event::RefundAdjusted(_) => "refund_adjusted",
            Event::StockConfirmed { .. } => "stock_confirmed",
            Event::StockDeducted { .. } => "stock_deducted",
            Event::StockAsked { .. } => "stock_asked",
            Event::Prepared { .. } => "prepared",
            Event::RefundConfirmed { .. } => "refund_confirmed",
            Event::RefundFailed { .. } => "refund_failed",
            Event::RefundTransferred { .. } => "refund_transferred",
            Event::ProcurementStarted(_) => "procurement_started",
            Event::ProcurementCompleted { .. } => "procurement_completed",
            Event::ProcurementCancelled { .. } => "procurement_cancelled",
            Event::Linked(_) => "linked",
            Event::LinkChanged { .. } => "link_changed",
            Event::Asked { .. } => "asked",
            Event::Granted { .. } => "granted",
            Event::Denied { .. } => "denied",
            Event::LinesSourced { .. } => "lines_sourced",
            Event::LinesProcured { .. } => "lines_procured",
            Event::InstallationProgressed { .. } => "installation_progressed",
            Event::ShippingAddressSet(_) => "shipping_address_set",
            Event::SurchargePaid { .. } => "surcharge_paid",
            Event::DebtWaived(_) => "debt_waived",
            Event::RefundAccountSet => "refund_account_set",
            Event::Shipped { .. } => "shipped",
            Event::WaybillRegistered { .. } => "waybill_registered",
            Event::WaybillUpdated { .. } => "waybill_updated",
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
            Event::ReturnChanged(_) => "return_changed",
            Event::ReturnWrittenOff { .. } => "return_written_off",
            Event::ReturnCollected { .. } => "return_collected",
            Event::ReturnCompleted { .. } => "return_completed",
            Event::ExchangeRequested { .. } => "exchange_requested",
            Event::ExchangeRejected { .. } => "exchange_rejected",
            Event::ExchangeWithdrawn { .. } => "exchange_withdrawn",
            Event::FaultCorrected { .. } => "fault_corrected",
            Event::ExchangeApproved(_) => "exchange_approved",
            Event::ExchangeCollected { .. } => "exchange_collected",
            Event::ExchangeInspected { .. } => "exchange_inspected",
            Event::CollectionGivenUp { .. } => "collection_given_up",
            Event::ExchangeFailed { .. } => "exchange_failed",
            Event::GiftAdded { .. } => "gift_added",
        }
    }

    /// What a question leads to when the answer is yes, told of the order before it: for previews.
    pub fn if_yes(&self, before: &Order) -> Vec<Event> {
        let Event::Asked { what, .. } = self else { return Vec::new() };
        match &**what {
            AskWhat::Linked { started, linked } => {
                let started = started.iter().map(|p| Event::ProcurementStarted(Box::new(p.clone())));
                started.chain([Event::Linked(Box::new(linked.clone()))]).collect()
            }
            AskWhat::Exchange { group, line, fault, waived, fee, .. } => {
                let Some(e) = before.exchange_of(*group) else { return Vec::new() };
                let moved = before.line(e.line_no).map_or(Won::ZERO, |l| super::decide::worth(l, e.quantity));
                let corrected = fault.map(|fault| Event::FaultCorrected { group: *group, fault, fee: None });
                let approved = super::decide::added(e, line.clone(), moved, waived.clone(), fee.clone());
                corrected.into_iter().chain([approved]).collect()
            }
            AskWhat::Gift { line, reason, .. } => {
                vec![Event::GiftAdded { line: Box::new(line.clone()), reason: *reason }]
            }
            AskWhat::Work { work, lines, at } => {
                vec![Event::InstallationProgressed { work: *work, lines: lines.clone(), at: *at }]
            }
        }
    }

    /// Reads a stored event, whatever version wrote it.
    ///
    /// # Errors
    /// A sentence, when the version is newer than this program or the JSON is not an event.
    pub fn read(version: i64, json: &str) -> Result<Event, String> {
        serde_json::from_str(&current(version, json)?).map_err(|e| format!("not an event of version {version}: {e}"))
    }
}
