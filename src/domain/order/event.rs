//! What happened to an order: facts with every amount worked out, so that folding them needs no policy.
//!
//! Stored as JSON under a version; an older version is brought up to date when read ([`Event::read`]). No names, addresses
//! or telephone numbers are in here.

use serde::{Deserialize, Serialize};

use super::command::{Deposit, Paid};
use crate::domain::{
    Time,
    catalog::StockPolicy,
    fee::FeeReason,
    ids::{CampaignId, CustomerId, PartnerId, ProductId, PromotionId, SkuId, TemplateId},
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
    RefundFailed {
        key: String,
        reason: String,
        retry_at: Time,
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

/// Why quantity was taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CutCause {
    /// row 6
    Buyer,
    /// rows 8, 9: the system's own
    OutOfStock,
}

impl CutCause {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            CutCause::Buyer => "BUYER",
            CutCause::OutOfStock => "OUT_OF_STOCK",
        }
    }
}

/// An order as accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Placed {
    pub customer_id: CustomerId,
    pub lines: Vec<PlacedLine>,
    pub fees: Vec<PlacedFee>,
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub allow_partial: bool,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deadline: Option<Time>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub paid: Vec<Paid>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deposit: Option<Deposit>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub prepare_at: Option<Time>,
    /// quantities that were short at placement, with their share of what was paid
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub shorts: Vec<Cut>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub fees_back: Vec<FeeBack>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub refunds: Vec<PlannedRefund>,
}

impl Placed {
    /// Whether it brought its payment (of nothing, where nothing was due): only what is unpaid has a deadline.
    pub fn is_paid(&self) -> bool {
        self.deadline.is_none()
    }
}

fn yes() -> bool {
    true
}
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_true(b: &bool) -> bool {
    *b
}
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_hold(p: &StockPolicy) -> bool {
    *p == StockPolicy::HoldAtPlacement
}

/// A line as accepted; numbered from 1 in the order given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PlacedLine {
    pub sku_id: SkuId,
    pub product_id: ProductId,
    pub quantity: u32,
    pub unit_price: Won,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub campaign_id: Option<CampaignId>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub promotion: Option<Discount>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub coupon: Option<Discount>,
    /// index of its row in `fees`
    #[serde(skip_serializing_if = "is_zero", default)]
    pub fee: u16,
    #[serde(skip_serializing_if = "is_true", default = "yes")]
    pub main: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub gift_included: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub gift: bool,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub main_line_no: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gift_promotion_id: Option<PromotionId>,
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub pre_refund: bool,
    pub lead_time_days: u16,
    #[serde(skip_serializing_if = "is_hold", default)]
    pub policy: StockPolicy,
    /// units taken at placement (held, or deducted when it is paid already)
    pub taken: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(n: &u16) -> bool {
    *n == 0
}

/// A discount on a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Discount {
    pub id: PromotionId,
    pub rate_bp: u32,
    pub amount: Won,
}

/// A fee row as accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PlacedFee {
    pub partner_id: PartnerId,
    pub template_id: TemplateId,
    pub base: Won,
    pub amount: Won,
    pub reason: FeeReason,
}

/// Quantity taken out of a line, and the money that goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Cut {
    pub line_no: u16,
    pub quantity: u32,
    pub amount: Won,
    /// units that had been taken for it and were given back (or written off)
    pub untaken: u32,
}

/// A fee given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FeeBack {
    /// number of the fee row, from 1
    pub fee_no: u16,
    pub amount: Won,
}

/// 환불예정: money planned to go back through one settlement; the key is what the payment side sees, on every try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PlannedRefund {
    pub key: String,
    pub settlement_no: u16,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub group: Option<u32>,
    pub amount: Won,
}

/// What another lane was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Reservation {
    pub id: String,
    pub lane: u32,
    pub lines: Vec<ReservedLine>,
}

/// Units of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ReservedLine {
    pub line_no: u16,
    pub quantity: u32,
}
