//! What an order can be asked, as the domain knows it (the wire has types of its own).

use serde::{Deserialize, Serialize};

use super::event::ReservedLine;
use crate::domain::{
    ids::{CampaignId, CustomerId, PromotionId, SkuId},
    money::Won,
    reason::{Facts, Reason},
};

/// A command to one order.
#[derive(Debug, Clone, PartialEq)]
pub enum OrderCommand {
    Place(PlaceOrder),
    ApprovePayment {
        settlements: Vec<Paid>,
    },
    DeclinePayment {
        reason: Option<String>,
    },
    CancelPayment,
    ConfirmDeposit {
        amount: Won,
    },
    /// internal: the deadline has passed
    Expire,
    CancelLines {
        lines: Vec<u16>,
    },
    Prepare,
    JudgeStock {
        lines: Vec<Judged>,
    },
    ConfirmRefund {
        key: String,
    },
    FailRefund {
        key: String,
        reason: String,
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
            OrderCommand::Prepare => "prepare",
            OrderCommand::JudgeStock { .. } => "judge_stock",
            OrderCommand::ConfirmRefund { .. } => "confirm_refund",
            OrderCommand::FailRefund { .. } => "fail_refund",
            OrderCommand::Reserved { .. } => "reserved",
            OrderCommand::ReserveRefused { .. } => "reserve_refused",
        }
    }
}

/// 주문접수: a placement.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceOrder {
    pub customer_id: CustomerId,
    pub lines: Vec<Wanted>,
    /// take what there is, where a line is short
    pub allow_partial: bool,
    pub payment: PaymentOffer,
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

/// 결제수단: a means of payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Means {
    // in the order in which refunds take them (domain §4†): card first, points last
    Card,
    VirtualAccount,
    BankTransfer,
    Points,
}

impl Means {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Means::Card => "CARD",
            Means::VirtualAccount => "VIRTUAL_ACCOUNT",
            Means::BankTransfer => "BANK_TRANSFER",
            Means::Points => "POINTS",
        }
    }
}

/// One means that has paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Paid {
    pub means: Means,
    pub amount: Won,
    /// approval id, or the customer-points id (결제수단관련ID)
    pub approval_id: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub token: Option<String>,
}

/// A deposit that is awaited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Deposit {
    /// virtual account or bank transfer
    pub means: Means,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub account_no: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bank_code: Option<String>,
}

/// How much of a line is really there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    pub line_no: u16,
    pub available: u32,
}
