//! What an order can be asked, as the domain knows it (the wire has types of its own).

use serde::{Deserialize, Serialize};

use super::{
    claim::{ClaimReason, ExchangeResolution, Fault, GiftReason, RefundTiming},
    delivery::{DeliveredBy, ShipMethod},
    event::{ReservedLine, WaybillEntry},
    supply::{ChildOrder, LinkWhat},
};
use crate::domain::{
    Time,
    ids::{CampaignId, CustomerId, OrderId, PartnerId, PromotionId, SkuId},
    money::Won,
    reason::{Facts, Reason},
};

/// A command to one order.
#[derive(Debug, Clone, PartialEq)]
pub enum OrderCommand {
    Place(PlaceOrder),
    ApprovePayment {
        settlements: Vec<Paid>,
        /// the payment side stands for it; else only the buyer's side does
        verified: bool,
    },
    DeclinePayment {
        reason: Option<String>,
    },
    CancelPayment,
    ConfirmDeposit {
        amount: Won,
        /// the payment side's own name for it
        payment_id: Option<String>,
    },
    /// internal: the deadline has passed
    Expire,
    CancelLines {
        lines: Vec<u16>,
        /// 취소사유
        reason: Option<String>,
    },
    Prepare,
    /// row 7, of some lines: those that a seller sells, or those that are named
    PrepareOf {
        lines: Vec<u16>,
        /// whose lines; `None`: anybody's
        by: Option<PartnerId>,
    },
    ConfirmStock {
        lines: Vec<StockCount>,
    },
    ConfirmRefund {
        key: String,
    },
    FailRefund {
        key: String,
        reason: String,
        outcome: RefundOutcome,
    },
    /// by bank transfer, where the payment method can't be undone any more
    TransferRefund {
        key: String,
    },
    /// row 10
    PurchaseFromPartner(PartnerPurchase),
    /// row 11
    PurchaseFromNonPartner {
        lines: Vec<u16>,
        seller: String,
        amount: Won,
    },
    /// row 12
    UseOwnStock {
        lines: Vec<u16>,
    },
    /// row 11, of some units
    BuyUnits {
        units: Vec<Sourced>,
        seller: String,
        amount: Won,
    },
    /// row 12, of some units
    UseOwnUnits {
        units: Vec<Sourced>,
    },
    /// row 13
    AssignInstaller(PartnerPurchase),
    /// row 14
    SetShippingAddress {
        /// 우편번호; `None` for a business, whose address we know
        zip: Option<String>,
    },
    /// row 15; no line named: all that can be
    CompleteProcurement {
        lines: Vec<u16>,
    },
    /// row 16
    CancelProcurement {
        lines: Vec<u16>,
        reason: Option<String>,
    },
    /// row 17: so many units of these lines are gone
    ReportStockLoss {
        lines: Vec<ReservedLine>,
    },
    /// row 18
    Ship {
        lines: Vec<u16>,
        /// on its way, though no waybill says so
        in_transit: bool,
        waybills: Vec<WaybillEntry>,
    },
    /// row 18, without a parcel service
    ShipBy {
        method: ShipMethod,
        lines: Vec<u16>,
        in_transit: bool,
        waybills: Vec<WaybillEntry>,
    },
    RegisterWaybill(WaybillEntry),
    UpdateWaybill(WaybillEntry),
    /// row 19
    MarkDelivered(DeliveryReport),
    CompleteInstallation {
        lines: Vec<u16>,
    },
    /// row 20
    FailInstallation {
        lines: Vec<u16>,
    },
    /// row 21
    ConfirmPurchase {
        lines: Vec<u16>,
    },
    WriteReview {
        line_no: u16,
        rating: u8,
    },
    /// row 22
    RequestReturn(ReturnRequest),
    ApproveReturn {
        group: u16,
        timing: Option<RefundTiming>,
        /// whose fault it is, by the shop
        fault: Option<Fault>,
    },
    RejectReturn {
        group: u16,
        reason: Option<String>,
    },
    WithdrawReturn {
        group: u16,
        /// what is still out; none named: all of it
        lines: Vec<ReservedLine>,
        by_buyer: bool,
    },
    /// units that never came, of a return or an exchange
    WriteOffReturn {
        group: u16,
        what: GiveUp,
    },
    /// the buyer may keep what was exchanged
    WaiveCollection {
        group: u16,
        what: GiveUp,
    },
    /// where money goes back to, which is no event's
    SetRefundAccount,
    /// what the buyer owes beside the order need not be paid
    WaiveDebt(Waiver),
    CollectReturn {
        group: u16,
        lines: Vec<ReservedLine>,
    },
    CompleteReturn {
        group: u16,
        inspected: Vec<Found>,
        fault: Option<Fault>,
    },
    /// row 23
    RequestExchange {
        line_no: u16,
        quantity: u32,
        reason: ClaimReason,
        fault: Fault,
        wanted: Option<SkuId>,
    },
    RejectExchange {
        group: u16,
        reason: Option<String>,
    },
    WithdrawExchange {
        group: u16,
    },
    ApproveExchange {
        group: u16,
        resolution: ExchangeResolution,
        sku_id: Option<SkuId>,
        fault: Option<Fault>,
        /// why what is exchanged need not come back
        waived: Option<String>,
    },
    AddGift {
        main_line_no: u16,
        sku_id: SkuId,
        quantity: u32,
        reason: GiftReason,
    },
    /// internal: be placed for another order
    PlaceLinked(Box<ChildOrder>),
    /// internal: what a linked order says
    Link {
        from: OrderId,
        what: LinkWhat,
    },
    /// internal: another lane has reserved
    Reserved {
        reservation: String,
        lines: Vec<ReservedLine>,
    },
    /// internal: another lane could not
    ReserveRefused {
        reservation: String,
        reason: Reason,
        facts: Box<Facts>,
    },
}

impl OrderCommand {
    /// Whether it says that money came in.
    pub fn brings_money(&self) -> bool {
        let brought = |p: &PlaceOrder| matches!(&p.payment, PaymentOffer::Approved(paid) if !paid.is_empty());
        matches!(self, OrderCommand::ApprovePayment { .. } | OrderCommand::ConfirmDeposit { .. })
            || matches!(self, OrderCommand::Place(p) if brought(p))
    }

    /// The command's name on the wire.
    pub const fn name(&self) -> &'static str {
        match self {
            OrderCommand::Place(_) => "place_order",
            OrderCommand::ApprovePayment { .. } => "approve_payment",
            OrderCommand::DeclinePayment { .. } => "decline_payment",
            OrderCommand::CancelPayment => "cancel_payment",
            OrderCommand::ConfirmDeposit { .. } => "confirm_deposit",
            OrderCommand::Expire => "expire_payment",
            OrderCommand::CancelLines { .. } => "cancel_lines",
            OrderCommand::Prepare | OrderCommand::PrepareOf { .. } => "prepare",
            OrderCommand::ConfirmStock { .. } => "confirm_stock",
            OrderCommand::ConfirmRefund { .. } => "confirm_refund",
            OrderCommand::FailRefund { .. } => "fail_refund",
            OrderCommand::TransferRefund { .. } => "refund_by_bank_transfer",
            OrderCommand::PurchaseFromPartner(_) => "purchase_from_partner",
            OrderCommand::PurchaseFromNonPartner { .. } | OrderCommand::BuyUnits { .. } => "purchase_from_non_partner",
            OrderCommand::UseOwnStock { .. } | OrderCommand::UseOwnUnits { .. } => "use_own_stock",
            OrderCommand::AssignInstaller(_) => "assign_installer",
            OrderCommand::SetShippingAddress { .. } => "set_shipping_address",
            OrderCommand::CompleteProcurement { .. } => "complete_procurement",
            OrderCommand::CancelProcurement { .. } => "cancel_procurement",
            OrderCommand::ReportStockLoss { .. } => "report_stock_loss",
            OrderCommand::Ship { .. } | OrderCommand::ShipBy { .. } => "ship",
            OrderCommand::RegisterWaybill(_) => "register_waybill",
            OrderCommand::UpdateWaybill(_) => "update_waybill",
            OrderCommand::MarkDelivered(d) => match d.by {
                DeliveredBy::Installer => "confirm_installer_delivery",
                DeliveredBy::Carrier | DeliveredBy::Seller | DeliveredBy::Forced => "mark_delivered",
            },
            OrderCommand::CompleteInstallation { .. } => "complete_installation",
            OrderCommand::FailInstallation { .. } => "fail_installation",
            OrderCommand::ConfirmPurchase { .. } => "confirm_purchase",
            OrderCommand::WriteReview { .. } => "write_review",
            OrderCommand::RequestReturn(_) => "request_return",
            OrderCommand::ApproveReturn { .. } => "approve_return",
            OrderCommand::RejectReturn { .. } => "reject_return",
            OrderCommand::WithdrawReturn { .. } => "withdraw_return",
            OrderCommand::WriteOffReturn { .. } => "write_off_return",
            OrderCommand::WaiveCollection { .. } => "waive_collection",
            OrderCommand::WaiveDebt(_) => "waive_debt",
            OrderCommand::SetRefundAccount => "set_refund_account",
            OrderCommand::CollectReturn { .. } => "collect_return",
            OrderCommand::CompleteReturn { .. } => "complete_return",
            OrderCommand::RequestExchange { .. } => "request_exchange",
            OrderCommand::RejectExchange { .. } => "reject_exchange",
            OrderCommand::WithdrawExchange { .. } => "withdraw_exchange",
            OrderCommand::ApproveExchange { .. } => "approve_exchange",
            OrderCommand::AddGift { .. } => "add_gift",
            OrderCommand::PlaceLinked(_) => "place_linked",
            OrderCommand::Link { .. } => "link",
            OrderCommand::Reserved { .. } => "reserved",
            OrderCommand::ReserveRefused { .. } => "reserve_refused",
        }
    }
}

/// Units of a line that one source brings: all that is left of it, when it says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sourced {
    pub line_no: u16,
    pub quantity: Option<u32>,
}

/// Rows 10 and 13: an order to be made at a partner.
#[derive(Debug, Clone, PartialEq)]
pub struct PartnerPurchase {
    pub partner_id: PartnerId,
    /// our line, the partner's SKU, and how many units: all that is left, when it says nothing
    pub lines: Vec<(u16, SkuId, Option<u32>)>,
    /// `None`: made from this order's
    pub linked_order_id: Option<OrderId>,
}

/// Row 19: a delivery, by whose word.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryReport {
    pub by: DeliveredBy,
    /// none named: all that can be
    pub lines: Vec<u16>,
    /// of the carrier: which waybill; else all of the lines'
    pub waybill: Option<(String, String)>,
    /// when; else now
    pub at: Option<Time>,
    /// of a forced one
    pub reason: Option<String>,
}

/// Row 22: a return, as asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct ReturnRequest {
    pub lines: Vec<ReservedLine>,
    pub reason: ClaimReason,
    pub fault: Fault,
    pub timing: Option<RefundTiming>,
    /// gifts may stay with the buyer
    pub waive_gifts: bool,
    /// not the buyer: may refund before collection what is not marked for it
    pub may_override: bool,
}

/// 검수: what was found of a line's goods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub line_no: u16,
    pub sellable: u32,
    pub unsellable: u32,
    /// units that are not taken: they go back to the buyer
    pub rejected: u32,
    /// kept back of what the others were paid
    pub withheld_amount: Won,
    pub reason: Option<String>,
}

/// Goods that are not waited for any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GiveUp {
    /// none named: all that are still out
    pub lines: Vec<ReservedLine>,
    pub reason: String,
    /// what the buyer is to pay for them
    pub charge: Option<Won>,
}

/// What of the buyer's debts need not be paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// of this fee; else of all, the first ones first
    pub fee_no: Option<u16>,
    /// all that is owed, where it is none
    pub amount: Option<Won>,
    pub reason: String,
}

/// 주문접수: a placement.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceOrder {
    pub customer_id: CustomerId,
    /// for itself: the buyer is the business of that id
    pub by_partner: bool,
    pub lines: Vec<Wanted>,
    /// take what there is, where a line is short
    pub allow_partial: bool,
    pub payment: PaymentOffer,
    /// 우편번호 of where it goes: it decides the surcharge
    pub zip: Option<String>,
}

impl PlaceOrder {
    /// The business that orders for itself and names no recipient: it goes to its own address.
    pub fn business(&self) -> Option<PartnerId> {
        let business = self.by_partner && self.zip.is_none();
        business.then(|| PartnerId::new(self.customer_id.as_str()).ok()).flatten()
    }
}

/// A line as asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    pub sku_id: SkuId,
    pub quantity: u32,
    /// what the client showed its customer; refused when it differs from ours
    pub unit_price: Option<Won>,
    pub campaign_id: Option<CampaignId>,
    pub promotion_id: Option<PromotionId>,
    pub coupon_id: Option<PromotionId>,
    /// of a gift: the line that it came with
    pub main_line_no: Option<u16>,
    /// kept as given†; derived when absent
    pub gift_included: Option<bool>,
    pub gift_promotion_id: Option<PromotionId>,
}

/// How the order will be paid.
#[derive(Debug, Clone, PartialEq)]
pub enum PaymentOffer {
    /// later, by `approve_payment`
    Later,
    /// the money is in already
    Approved(Vec<Paid>),
    /// a deposit is expected
    Deposit(Deposit),
}

/// What was outcome of a refund that is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundOutcome {
    /// that it was not done
    #[default]
    Refused,
    /// nothing: it may be done all the same
    NoResponse,
    /// that it is under way, and the word comes later
    Pending,
}

impl RefundOutcome {
    /// Whether the money is known not to have gone back.
    pub fn is_refused(&self) -> bool {
        *self == RefundOutcome::Refused
    }
}

/// 결제수단: a payment method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentMethod {
    // in the order in which refunds take them (domain §4†): card first, points last
    Card,
    VirtualAccount,
    BankTransfer,
    Points,
}

impl PaymentMethod {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            PaymentMethod::Card => "CARD",
            PaymentMethod::VirtualAccount => "VIRTUAL_ACCOUNT",
            PaymentMethod::BankTransfer => "BANK_TRANSFER",
            PaymentMethod::Points => "POINTS",
        }
    }
}

/// What one payment method has paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Paid {
    pub method: PaymentMethod,
    pub amount: Won,
    /// approval id, or the customer-points id (결제수단관련ID)
    pub approval_id: String,
    /// of points: which movement of that account (적립금이동ID); an account pays many times, a movement once
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub movement_id: Option<String>,
}

/// A deposit that is awaited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Deposit {
    /// virtual account or bank transfer
    pub method: PaymentMethod,
    /// the payment side's own name for it, where it gave one when it opened the account
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub payment_id: Option<String>,
    /// of events from before it was kept apart; never written
    #[serde(skip_serializing, default)]
    pub account_no: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bank_code: Option<String>,
}

/// How much of a line is really there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StockCount {
    pub line_no: u16,
    pub available: u32,
}
