//! The shapes of an order and its parts.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::{
    Time,
    fee::FeeReason,
    money::Won,
    order::{
        change::Terms,
        claim::{Branch, ClaimReason, ExchangeState, Fault, RefundTiming, ReturnFee, ReturnLine, ReturnState},
        command::Means,
        delivery::{DeliveryStatus, DestinationKind, Zone},
        event::CutCause,
        supply::{LinkKind, LinkState, ProcureKind, ProcureState, ProcuredLine},
    },
    status::Status,
};

/// An order in a list.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OrderSummary {
    pub order_id: String,
    pub customer_id: String,
    pub status: String,
    /// the order's version: the number of its last event
    pub version: i64,
    /// where later commands go
    pub partition: i64,
    pub placed_at: Time,
    pub payment_deadline: Option<Time>,
    pub goods: Won,
    pub discount: Won,
    pub shipping_fee: Won,
    /// what the buyer owes or paid: goods − discount + shipping
    pub total: Won,
    /// the order that this one was made for
    pub parent_order_id: Option<String>,
}

/// An order, whole.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OrderView {
    pub order_id: String,
    pub customer_id: String,
    pub status: Status,
    pub status_korean: &'static str,
    pub version: u32,
    pub placed_at: Time,
    pub paid_at: Option<Time>,
    pub payment_deadline: Option<Time>,
    pub goods: Won,
    pub discount: Won,
    pub shipping_fee: Won,
    pub total: Won,
    pub lines: Vec<LineView>,
    pub settlements: Vec<SettlementView>,
    pub refunds: Vec<RefundView>,
    pub fees: Vec<FeeView>,
    pub claims: Claims,
    pub procurements: Vec<ProcurementView>,
    pub linked_orders: Vec<LinkView>,
    pub parent_order_id: Option<String>,
    pub destination: Option<DestinationView>,
}

/// 주문상품.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LineView {
    pub line_no: u16,
    pub sku_id: String,
    pub product_id: String,
    pub status: Status,
    pub status_korean: &'static str,
    pub delivery: Option<DeliveryStatus>,
    pub delivery_korean: Option<&'static str>,
    pub ordered: u32,
    /// ordered − cancelled − returned − exchanged
    pub active: u32,
    pub cancelled: u32,
    pub returned: u32,
    pub exchanged: u32,
    /// units in claims that are in progress
    pub in_claims: u32,
    /// units that a claim may still name
    pub free: u32,
    pub unit_price: Won,
    pub discount: Won,
    /// what the buyer pays for it
    pub pay: Won,
    /// given back, or set aside for that
    pub refunded: Won,
    pub gift: bool,
    pub main_line_no: Option<u16>,
    pub original_line_no: Option<u16>,
    pub campaign_id: Option<String>,
    pub expected_delivery: Option<Time>,
    pub delivered_at: Option<Time>,
    pub waybills: Vec<WaybillView>,
}

/// 운송장.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WaybillView {
    pub carrier: String,
    pub waybill_no: String,
    pub quantity: u32,
    pub delivered_at: Option<Time>,
}

/// 결제: paid = refundable + planned + excluded + refunded.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SettlementView {
    pub settlement_no: u16,
    pub means: Means,
    /// a deposit that is awaited
    pub expected: Won,
    #[serde(flatten)]
    pub terms: Terms,
    pub paid_at: Option<Time>,
}

/// 환불: where the money is.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RefundView {
    pub refund_key: String,
    pub settlement_no: u16,
    pub amount: Won,
    pub stage: RefundStage,
    pub planned_at: Time,
    /// when the payment side is asked (again)
    pub next_try: Option<Time>,
    /// how often it was asked
    pub tries: usize,
    pub last_failure: Option<String>,
    pub cancel_group: Option<u32>,
    pub return_group: Option<u16>,
}

/// How far a refund is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundStage {
    /// planned; its return is not approved, or its goods are not back
    Waiting,
    /// to be asked for
    Due,
    Refunded,
    /// by bank transfer, because the means could not be undone
    Transferred,
    /// its return was rejected or withdrawn
    Withdrawn,
}

/// 배송비, of the order or of a return.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FeeView {
    pub fee_no: u16,
    pub partner_id: String,
    pub amount: Won,
    pub given_back: Won,
    pub reason: FeeReason,
    pub return_group: Option<u16>,
    pub unpaid: bool,
}

/// 클레임: cancellations, returns, exchanges.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Claims {
    pub cancellations: Vec<CancelView>,
    pub returns: Vec<ReturnView>,
    pub exchanges: Vec<ExchangeView>,
}

/// 취소.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CancelView {
    pub cancel_group: u32,
    pub line_no: u16,
    pub quantity: u32,
    pub amount: Won,
    pub cause: CutCause,
    pub at: Time,
}

/// 반품.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReturnView {
    pub claim_group: u16,
    pub state: ReturnState,
    pub state_korean: &'static str,
    pub reason: ClaimReason,
    pub fault: Fault,
    pub refund_timing: RefundTiming,
    pub lines: Vec<ReturnLine>,
    pub fees: Vec<ReturnFee>,
    /// kept back of the refund
    pub kept_back: Won,
    pub requested_at: Time,
    pub decided_at: Option<Time>,
    pub collected_at: Option<Time>,
    pub completed_at: Option<Time>,
}

/// 교환.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ExchangeView {
    pub claim_group: u16,
    pub state: ExchangeState,
    pub state_korean: &'static str,
    pub branch: Option<Branch>,
    pub line_no: u16,
    pub quantity: u32,
    pub new_line_no: Option<u16>,
    pub reason: ClaimReason,
    pub fault: Fault,
    pub requested_at: Time,
    pub decided_at: Option<Time>,
    pub completed_at: Option<Time>,
}

/// 발주.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProcurementView {
    pub procurement_no: u16,
    pub kind: ProcureKind,
    pub state: ProcureState,
    pub state_korean: &'static str,
    pub lines: Vec<ProcuredLine>,
    pub partner_id: Option<String>,
    pub amount: Option<Won>,
    pub at: Time,
}

/// 연결주문.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LinkView {
    pub order_id: String,
    pub kind: LinkKind,
    pub state: LinkState,
    pub state_korean: &'static str,
    pub partner_id: String,
    pub lines: Vec<u16>,
}

/// 배송지: of what kind and where roughly; the address is personal.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DestinationView {
    pub kind: DestinationKind,
    pub zone: Zone,
    pub chosen_at: Time,
}
