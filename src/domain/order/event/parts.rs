//! What events are made of.

use serde::{Deserialize, Serialize};

use super::{AddedFee, KeptFor};
use crate::domain::{
    Time,
    catalog::StockPolicy,
    fee::{FeeReason, ShippingTerms},
    gift::Entitlement,
    ids::{CampaignId, CustomerId, OrderId, PartnerId, ProductId, PromotionId, SkuId, TemplateId},
    money::Won,
    order::{
        claim::{ClaimReason, Fault, RefundTiming, ReturnChange, ReturnFee, ReturnLine},
        command::{Deposit, Paid},
        delivery::{DeliveredBy, DestinationKind, Zone},
        supply::{LinkKind, Parent, ProcureKind, ProcuredLine},
    },
};

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
pub(super) fn is_none_of(n: &u32) -> bool {
    *n == 0
}

/// Why quantity was taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CutCause {
    /// row 6
    Buyer,
    /// rows 8, 9: the system's own
    OutOfStock,
    /// row 17: found missing before shipping
    StockLost,
    /// row 16
    ProcurementCancelled,
    /// the linked order that was to bring it ended
    LinkEnded,
    /// the order that this one was made for needs it no more
    ParentEnded,
    /// of a gift: nothing is left of what it came with
    MainGone,
    /// the goods that it was to replace were not taken
    ExchangeRejected,
}

impl CutCause {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            CutCause::Buyer => "BUYER",
            CutCause::OutOfStock => "OUT_OF_STOCK",
            CutCause::StockLost => "STOCK_LOST",
            CutCause::ProcurementCancelled => "PROCUREMENT_CANCELLED",
            CutCause::LinkEnded => "LINK_ENDED",
            CutCause::ParentEnded => "PARENT_ENDED",
            CutCause::MainGone => "MAIN_GONE",
            CutCause::ExchangeRejected => "EXCHANGE_REJECTED",
        }
    }
}

/// An order as accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Placed {
    pub customer_id: CustomerId,
    /// the buyer is the business of this id, and not the customer: their ids are different name spaces
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub by_partner: bool,
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
    pub shortages: Vec<Cut>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub fee_refunds: Vec<FeeRefund>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub refunds: Vec<PlannedRefund>,
    /// the order that it was made for: it is paid between the two businesses, not here
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub parent: Option<Box<Parent>>,
    /// where it goes, where the placement said so
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub zone: Option<Zone>,
    /// that is the business address of who buys for itself; a linked order's always is
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub business: bool,
    /// what is due, or was paid and stays so: without what was short
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub total: Option<Won>,
    /// of `shortages`: gifts that were not there for goods that were
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub omitted_gifts: Vec<OmittedGift>,
}

/// Units of a gift that had run out: the order goes on without them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OmittedGift {
    pub line_no: u16,
    pub sku_id: SkuId,
    pub quantity: u32,
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
    /// of a gift: what entitled the order to it
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub entitled: Option<Entitlement>,
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub pre_refund: bool,
    pub lead_time_days: u16,
    /// 적립율, as it was at order time
    #[serde(skip_serializing_if = "is_none_of", default)]
    pub points_rate_bp: u32,
    /// what shipping it alone costs, as it was at order time; gifts have none
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub shipping: Option<ShippingTerms>,
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
    /// what the bundled goods make of it
    #[serde(skip_serializing_if = "Won::is_nothing", default)]
    pub bundled: Won,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub threshold: Option<Won>,
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
    pub released: u32,
}

/// What was on a shelf when a line came short of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct StockCheck {
    pub sku_id: SkuId,
    /// the ledger's position that it was read at
    pub position: i64,
    pub on_hand: i64,
    /// units that the order's lines wanted, up to the one that came short
    pub wanted: i64,
}

/// A fee given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FeeRefund {
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
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub return_group: Option<u16>,
    pub amount: Won,
    /// it waits until what this line was given for has come back
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub waits_for: Option<u16>,
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

/// 환불제외: money kept back of a settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Excluded {
    pub settlement_no: u16,
    pub amount: Won,
}

/// An amount of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LineAmount {
    pub line_no: u16,
    pub amount: Won,
}

/// Rows 10–12.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ProcurementStarted {
    pub no: u16,
    pub kind: ProcureKind,
    pub lines: Vec<ProcuredLine>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub partner_id: Option<PartnerId>,
    /// of a receipt: the business that sold it
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seller: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub amount: Option<Won>,
}

/// An order that was asked to be made for this one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Linked {
    pub order_id: OrderId,
    pub lane: u32,
    pub kind: LinkKind,
    pub partner_id: PartnerId,
    pub lines: Vec<u16>,
    /// the procurement that it brings
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub procurement: Option<u16>,
    /// by the shop's own word: the partner had not said that it sells to this seller
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub without_consent: bool,
}

/// Row 14. The address itself is personal, and not here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ShippingAddressSet {
    pub kind: DestinationKind,
    pub zone: Zone,
    /// what it costs more than was charged, as a fee row of the next payment group (of the first while unpaid)
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub surcharge: Option<Surcharge>,
    /// what it costs less than was charged, given back
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub fees: Vec<FeeRefund>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub refunds: Vec<PlannedRefund>,
}

/// A surcharge for islands and Jeju.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Surcharge {
    pub fee_no: u16,
    pub group: u16,
    pub partner_id: PartnerId,
    pub template_id: TemplateId,
    pub amount: Won,
}

/// 운송장: units of a line on a waybill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WaybillEntry {
    pub line_no: u16,
    /// the carrier's code, or its name where it has none that we know
    pub carrier: String,
    /// what it is called, where that was said or is known
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub carrier_name: Option<String>,
    pub waybill_no: String,
    pub quantity: u32,
}

/// Row 19.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Delivered {
    pub by: DeliveredBy,
    pub lines: Vec<DeliveredLine>,
    /// when, by the carrier's or the installer's word
    pub delivered_at: Time,
    /// of a forced delivery
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

/// A line's part in a delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DeliveredLine {
    pub line_no: u16,
    /// units at the buyer's, with those that came before
    pub delivered: u32,
    /// all of them are: 매출확정일시, by policy
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub revenue_recognized_at: Option<Time>,
    /// 자동구매확정: when it is confirmed by itself, by policy
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub auto_confirm_at: Option<Time>,
    /// which waybills came: carrier and number
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub waybills: Vec<(String, String)>,
}

/// Row 22.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ReturnRequested {
    pub group: u16,
    pub reason: ClaimReason,
    pub fault: Fault,
    pub timing: RefundTiming,
    /// refunded before collection although its goods are not marked for that (§3.10): by somebody who may
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub early: bool,
    /// the buyer keeps gifts that would follow
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub gifts_waived: bool,
    pub lines: Vec<ReturnLine>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub fees: Vec<ReturnFee>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub withheld: Vec<Excluded>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub fee_refunds: Vec<FeeRefund>,
    /// part of `withheld`: for old goods of exchanges that stay at the buyer's
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub kept_for: Vec<KeptFor>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub refunds: Vec<PlannedRefund>,
    /// the exchange that it ends
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub exchange: Option<u16>,
    /// which failed: its units are a return's from now on
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub failed: bool,
}

/// 귀책 정정, 검수, 회수 부족: what a return comes to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ReturnChanged {
    pub group: u16,
    pub cause: ReturnChange,
    pub fault: Fault,
    /// all lines of the return
    pub lines: Vec<ChangedLine>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub fees: Vec<ReturnFee>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub withheld: Vec<Excluded>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub fee_refunds: Vec<FeeRefund>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub kept_for: Vec<KeptFor>,
    /// in place of those that wait
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub refunds: Vec<PlannedRefund>,
    /// what would be kept back of money that went before: debts of the buyer's
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub charges: Vec<AddedFee>,
}

/// A line's part in a return, as it is now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ChangedLine {
    pub line_no: u16,
    pub quantity: u32,
    /// what the units were paid
    pub amount: Won,
    /// units that go back to the buyer after inspection
    #[serde(skip_serializing_if = "is_none_of", default)]
    pub rejected: u32,
    /// units that stay at the buyer's
    #[serde(skip_serializing_if = "is_none_of", default)]
    pub withdrawn: u32,
    #[serde(skip_serializing_if = "Won::is_nothing", default)]
    pub withheld_amount: Won,
    /// why part of it is kept back, or goods go back
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

/// 검수: what came back of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Inspected {
    pub line_no: u16,
    pub sellable: u32,
    pub unsellable: u32,
}

/// 미납면제: fees that are owed so much less.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DebtWaived {
    pub fees: Vec<FeeRefund>,
    pub reason: String,
}

/// A line added to an order that stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AddedLine {
    pub no: u16,
    pub sku_id: SkuId,
    pub product_id: ProductId,
    pub quantity: u32,
    pub unit_price: Won,
    /// number of its fee row
    pub fee_no: u16,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub main_line_no: Option<u16>,
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub pre_refund: bool,
    pub lead_time_days: u16,
    #[serde(skip_serializing_if = "is_none_of", default)]
    pub points_rate_bp: u32,
    /// 주문 or 상품준비중
    pub prepared: bool,
    /// units deducted for it here and now; 0 where another lane was asked
    pub taken: u32,
}
