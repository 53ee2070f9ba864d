//! The shapes of an order and its parts.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::{
    Time,
    fee::FeeReason,
    money::Won,
    order::{
        change::Terms,
        claim::{
            ClaimReason, CollectionState, ExchangeResolution, ExchangeState, Fault, GiftReason, RefundTiming,
            ReturnFee, ReturnState,
        },
        command::PaymentMethod,
        delivery::{DeliveryStatus, DestinationKind, ShipMethod, Zone},
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
    /// of the fees that stand, surcharges too
    pub shipping_fee: Won,
    /// goods that were cut, cancelled or returned, or are set aside for that; all of them where the order ended unpaid
    pub reductions: Won,
    /// what is due now, or was paid and stays so: goods − discount + shipping − taken back
    pub total: Won,
    /// what is to be paid now
    pub due: Won,
    /// the order that this one was made for
    pub parent_order_id: Option<String>,
}

/// An order: whole, or a seller's part of it as if that were all.
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
    /// of the fees that stand, surcharges too
    pub shipping_fee: Won,
    /// goods that were cut, cancelled or returned, or are set aside for that; all of them where the order ended unpaid
    pub reductions: Won,
    /// what is due now, or was paid and stays so: goods − discount + shipping − taken back
    pub total: Won,
    /// what is to be paid now: by `payment_deadline` while the order is unpaid, later a surcharge, before shipping
    pub due: Won,
    pub lines: Vec<LineView>,
    pub settlements: Vec<SettlementView>,
    pub refunds: Vec<RefundView>,
    pub fees: Vec<FeeView>,
    pub claims: Claims,
    pub procurements: Vec<ProcurementView>,
    pub linked_orders: Vec<LinkView>,
    pub parent_order_id: Option<String>,
    pub destination: Option<DestinationView>,
    /// masked; whole only where no authentication is configured. `GET /v1/orders/{id}/recipient` tells it
    pub recipient: Option<RecipientView>,
    pub reviews: Vec<ReviewView>,
    pub points: Vec<PointsView>,
}

/// 수취인: whom the goods go to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RecipientView {
    /// this is not all: names, numbers and addresses are masked
    pub masked: bool,
    pub name: String,
    /// a business has none here
    pub phone: Option<String>,
    pub zip: Option<String>,
    pub address: Option<String>,
    pub address_detail: Option<String>,
}

/// 리뷰.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReviewView {
    pub line_no: u16,
    /// 1 to 5
    pub rating: u8,
    pub at: Time,
    /// its words; absent where there were none, or they were erased
    pub text: Option<String>,
}

/// 적립금: points used, given back, earned or reversed.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PointsView {
    /// `USED`, `GIVEN_BACK`, `EARNED`, `REVERSED`
    pub kind: &'static str,
    pub amount: Won,
    pub at: Time,
}

/// 할인: of a promotion, or of a coupon.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DiscountView {
    pub promotion_id: String,
    /// in hundredths of a percent
    pub rate_bp: u32,
    pub amount: Won,
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
    /// of a gift: units of `cancelled` that had run out
    pub omitted_gifts: u32,
    pub returned: u32,
    pub exchanged: u32,
    /// units in claims that are in progress
    pub in_claims: u32,
    /// units that a claim may still name
    pub claimable: u32,
    pub unit_price: Won,
    pub discount: Won,
    /// what the buyer pays for it
    pub payable: Won,
    /// of that, what was cut, cancelled or returned, or is set aside for it
    pub reductions: Won,
    /// 환불예정: of what was taken back, set aside or asked for, and not back yet
    pub refund_planned: Won,
    /// 환불완료: back, by the payment side's word
    pub refunded: Won,
    /// 환불제외: kept back: fees of a return, what an inspection keeps, debts
    pub refund_excluded: Won,
    /// 메인상품여부
    pub main: bool,
    /// 사은품포함여부
    pub gift_included: bool,
    pub gift: bool,
    pub main_line_no: Option<u16>,
    /// 사은품프로모션ID
    pub gift_promotion_id: Option<String>,
    /// 사은품사유: of one added by hand
    pub gift_reason: Option<GiftReason>,
    pub original_line_no: Option<u16>,
    pub campaign_id: Option<String>,
    /// 재고판정일시: when its stock was last looked at
    pub stock_confirmed_at: Option<Time>,
    pub ship_method: Option<ShipMethod>,
    /// 출고일시
    pub shipped_at: Option<Time>,
    /// 자동구매확정일시: when it is confirmed by itself
    pub auto_confirm_at: Option<Time>,
    pub promotion: Option<DiscountView>,
    pub coupon: Option<DiscountView>,
    /// 배송비번호: its fee, by `fee_no`
    pub fee_no: u16,
    /// 선환불대상여부
    pub pre_refund: bool,
    /// 환불구분: of its last return
    pub refund_timing: Option<RefundTiming>,
    /// 적립율, at order time, in hundredths of a percent
    pub points_rate_bp: u32,
    /// 적립금액: earned, less those reversed
    pub points_earned: Won,
    /// 출고지시일시
    pub ship_instructed_at: Option<Time>,
    pub expected_delivery_at: Option<Time>,
    /// 배송준비일시
    pub prepared_at: Option<Time>,
    /// 배송시작일시
    pub started_at: Option<Time>,
    pub delivered_at: Option<Time>,
    /// 배송사배송완료일시: by the carrier itself
    pub carrier_delivered_at: Option<Time>,
    /// 매출확정일시
    pub revenue_recognized_at: Option<Time>,
    pub waybills: Vec<WaybillView>,
}

/// 운송장.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WaybillView {
    /// its code, or what it is called where it has none that is known
    pub carrier: String,
    pub carrier_name: Option<String>,
    pub waybill_no: String,
    pub quantity: u32,
    pub delivered_at: Option<Time>,
}

/// 결제: paid = refundable + planned + excluded + refunded.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SettlementView {
    pub settlement_no: u16,
    /// 결제그룹번호
    pub payment_group: u16,
    /// 결제수단관련ID: approval id, or the customer-points id; masked but to operators
    pub payment_reference: Option<String>,
    pub method: PaymentMethod,
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
    pub state: RefundState,
    pub planned_at: Time,
    /// when the payment side is asked (again)
    pub next_attempt_at: Option<Time>,
    /// how often it was asked
    pub attempts: usize,
    pub last_failure: Option<String>,
    pub cancel_group: Option<u32>,
    pub return_group: Option<u16>,
    /// it waits for goods that were exchanged and are still out
    pub awaits_exchange: bool,
}

/// How far a refund is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// planned; its return is not approved, or its goods are not back
    AwaitingReturn,
    /// to be asked for
    Due,
    Refunded,
    /// by bank transfer, because the payment method could not be undone
    Transferred,
    /// its return was rejected or withdrawn
    Withdrawn,
}

/// 배송비, of the order or of a return.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FeeView {
    pub fee_no: u16,
    pub partner_id: String,
    /// 배송템플릿ID
    pub template_id: String,
    /// 결제그룹번호: of the order's own, what it was paid with
    pub payment_group: Option<u16>,
    /// before the threshold
    pub base: Won,
    /// free at or above this total
    pub threshold: Option<Won>,
    pub amount: Won,
    pub refunded: Won,
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
    /// 취소사유
    pub reason: Option<String>,
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
    pub lines: Vec<ReturnLineView>,
    pub fees: Vec<ReturnFee>,
    /// the exchange that it ends
    pub exchange_group: Option<u16>,
    /// kept back of the refund
    pub withheld_amount: Won,
    pub requested_at: Time,
    pub decided_at: Option<Time>,
    pub collected_at: Option<Time>,
    pub completed_at: Option<Time>,
}

/// A line's part in a return.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReturnLineView {
    pub line_no: u16,
    pub quantity: u32,
    /// what the units were paid
    pub amount: Won,
    /// had left the warehouse when the return was asked for
    pub shipped: bool,
    /// the goods must come back
    pub collect: bool,
    pub state: ReturnState,
    pub state_korean: &'static str,
    /// units that came back
    pub collected: u32,
    /// units that are still to come
    pub outstanding: u32,
    /// of what came, after inspection
    pub sellable: Option<u32>,
    pub unsellable: Option<u32>,
    /// went back to the buyer after inspection
    pub rejected: u32,
    /// stayed at the buyer's
    pub withdrawn: u32,
    /// never came, though their money went
    pub written_off: u32,
    /// kept back by inspection
    pub withheld_amount: Won,
}

/// 교환회수: the way back of goods that were exchanged.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CollectionView {
    pub state: CollectionState,
    pub state_korean: &'static str,
    pub quantity: u32,
    pub collected: u32,
    /// units that are still to come
    pub outstanding: u32,
    /// waived or written off
    pub not_collected: u32,
    pub sellable: Option<u32>,
    pub unsellable: Option<u32>,
    /// went back to the buyer after inspection
    pub rejected: u32,
    /// kept back by inspection: of money that waited for the goods, the rest owed by the buyer, as a fee
    pub withheld_amount: Won,
}

/// 교환.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ExchangeView {
    pub claim_group: u16,
    pub state: ExchangeState,
    pub state_korean: &'static str,
    pub resolution: Option<ExchangeResolution>,
    pub line_no: u16,
    pub quantity: u32,
    /// 희망단품: what the buyer would have instead
    pub wanted_sku_id: Option<String>,
    pub new_line_no: Option<u16>,
    /// of goods that had left and were replaced
    pub collection: Option<CollectionView>,
    /// number of its fee's row
    pub fee_no: Option<u16>,
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
