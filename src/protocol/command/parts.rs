//! What commands are made of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::bounds::Text;
use crate::domain::{
    ids::{CampaignId, PromotionId, SkuId},
    money::Won,
    order::command::PaymentMethod,
};

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
pub(super) fn is_zero(n: &u32) -> bool {
    *n == 0
}

pub(super) fn yes() -> bool {
    true
}
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
pub(super) fn is_true(b: &bool) -> bool {
    *b
}

/// 상품구분코드.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProductKind {
    Goods,
    Gift,
}

impl ProductKind {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            ProductKind::Goods => "GOODS",
            ProductKind::Gift => "GIFT",
        }
    }
}

/// A line as asked for.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WireLine {
    pub sku_id: SkuId,
    pub quantity: u32,
    /// what the customer was shown; refused (`price_mismatch`) when it differs from ours
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Won>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign_id: Option<CampaignId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion_id: Option<PromotionId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupon_id: Option<PromotionId>,
    /// of a gift: number of the line it came with, from 1
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub main_line_no: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gift_included: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gift_promotion_id: Option<PromotionId>,
}

/// How the order is paid.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum WirePayment {
    /// the money is in
    Approved { settlements: Vec<WireSettlement> },
    /// a deposit is awaited
    Deposit {
        /// `virtual_account` or `bank_transfer`
        method: PaymentMethod,
        /// the payment side's own name for it, where it gave one when it opened the account
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payment_id: Option<Text>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        virtual_account_no: Option<Text>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bank_code: Option<Text>,
        /// names: kept apart, erasable
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account_owner: Option<Text>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        holder: Option<Text>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remitter: Option<Text>,
    },
}

// By hand, because the derived one reads a tagged enum twice; this is on the path of every paid order.
impl<'de> Deserialize<'de> for WirePayment {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Kind {
            Approved,
            Deposit,
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Flat {
            kind: Kind,
            settlements: Option<Vec<WireSettlement>>,
            method: Option<PaymentMethod>,
            payment_id: Option<Text>,
            virtual_account_no: Option<Text>,
            bank_code: Option<Text>,
            account_owner: Option<Text>,
            holder: Option<Text>,
            remitter: Option<Text>,
        }
        use serde::de::Error;
        let f = Flat::deserialize(d)?;
        let texts = [&f.payment_id, &f.virtual_account_no, &f.bank_code, &f.account_owner, &f.holder, &f.remitter];
        match f.kind {
            Kind::Approved if f.method.is_some() || texts.into_iter().any(Option::is_some) => {
                Err(D::Error::custom("an approved payment has settlements and nothing else"))
            }
            Kind::Approved => {
                let settlements = f.settlements.ok_or_else(|| D::Error::missing_field("settlements"))?;
                Ok(Self::Approved { settlements })
            }
            Kind::Deposit if f.settlements.is_some() => {
                Err(D::Error::custom("a deposit has no settlements yet: the money is still to come"))
            }
            Kind::Deposit => Ok(Self::Deposit {
                method: f.method.ok_or_else(|| D::Error::missing_field("method"))?,
                payment_id: f.payment_id,
                virtual_account_no: f.virtual_account_no,
                bank_code: f.bank_code,
                account_owner: f.account_owner,
                holder: f.holder,
                remitter: f.remitter,
            }),
        }
    }
}

/// One payment method that paid.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WireSettlement {
    pub method: PaymentMethod,
    pub amount: Won,
    pub approval: WireApproval,
}

/// The payment side's word. Never a card number.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WireApproval {
    /// approval id, or the customer-points id
    pub approval_id: Text,
    /// of points: which movement of that account; an account pays many times, a movement once
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub movement_id: Option<Text>,
    /// kept with the approval, in no event
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Text>,
}

/// 환불계좌: where money goes back to. Kept apart, encrypted, erasable; in no event.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefundAccount {
    /// bank code
    pub bank: Text,
    /// 1 to 32 digits and hyphens
    pub number: Text,
    /// 예금주
    pub holder: Text,
}

impl std::fmt::Debug for RefundAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefundAccount")
    }
}

/// How many units of a line are there.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WireStockCount {
    pub line_no: u16,
    pub available: u32,
}

/// Units of a line.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WireUnits {
    pub line_no: u16,
    pub quantity: u32,
}

/// 검수: what came back of a line.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WireInspected {
    pub line_no: u16,
    pub sellable: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unsellable: u32,
    /// not taken: back to the buyer, with a reason
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rejected: u32,
    /// kept back of what the goods were paid, with a reason
    #[serde(default, skip_serializing_if = "Won::is_nothing")]
    pub withheld_amount: Won,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Text>,
}

/// A line, whole; or so many units of it.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum WireSource {
    Line(u16),
    Units(WirePart),
}

/// Units of a line that one source brings.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WirePart {
    pub line_no: u16,
    /// all that no other source brings, when absent
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<u32>,
}

/// A line, and the partner's SKU that it is bought as.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WirePurchase {
    pub line_no: u16,
    pub sku_id: SkuId,
    /// all that no other source brings, when absent
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<u32>,
}

/// 운송장.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WireWaybill {
    pub line_no: u16,
    /// a code, or a name, which may be Korean
    pub carrier: Text,
    /// beside a code of your own
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier_name: Option<Text>,
    pub waybill_no: Text,
    pub quantity: u32,
}

/// 수취인: personal data, kept in a table of its own. Name, telephone number and address are not blank.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    pub name: Text,
    pub phone: Text,
    pub zip: Text,
    pub address: Text,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_detail: Option<Text>,
}
