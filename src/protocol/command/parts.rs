//! What commands are made of.

use chrono::Datelike as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::{
    Time,
    ids::{CampaignId, PromotionId, SkuId},
    money::Won,
    order::command::Means,
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
        means: Means,
        /// the payment side's own name for it, where it gave one when it opened the account
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payment_id: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        virtual_account_no: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bank_code: Option<String>,
        /// names: kept apart, erasable
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account_owner: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        holder: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remitter: Option<String>,
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
            means: Option<Means>,
            payment_id: Option<String>,
            virtual_account_no: Option<String>,
            bank_code: Option<String>,
            account_owner: Option<String>,
            holder: Option<String>,
            remitter: Option<String>,
        }
        use serde::de::Error;
        let f = Flat::deserialize(d)?;
        let texts = [&f.payment_id, &f.virtual_account_no, &f.bank_code, &f.account_owner, &f.holder, &f.remitter];
        match f.kind {
            Kind::Approved if f.means.is_some() || texts.into_iter().any(Option::is_some) => {
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
                means: f.means.ok_or_else(|| D::Error::missing_field("means"))?,
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

/// One means that paid.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WireSettlement {
    pub means: Means,
    pub amount: Won,
    pub approval: WireApproval,
}

/// The payment side's word. Never a card number.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WireApproval {
    /// approval id, or the customer-points id
    pub approval_id: String,
    /// of points: which movement of that account; an account pays many times, a movement once
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub movement_id: Option<String>,
    /// kept with the approval, in no event
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// 환불계좌: where money goes back to. Kept apart, encrypted, erasable; in no event.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RefundAccount {
    /// bank code
    pub bank: String,
    /// 1 to 32 digits and hyphens
    pub number: String,
    /// 예금주
    pub holder: String,
}

impl std::fmt::Debug for RefundAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefundAccount")
    }
}

/// How many units of a line are there.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WireJudged {
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
    pub kept_back: Won,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
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
    pub carrier: String,
    /// beside a code of your own
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier_name: Option<String>,
    pub waybill_no: String,
    pub quantity: u32,
}

/// 수취인: personal data, kept in a table of its own. Name, telephone number and address are not blank.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    pub name: String,
    pub phone: String,
    pub zip: String,
    pub address: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_detail: Option<String>,
}

/// A time in a command: RFC 3339, of the years 2000 to 2199, and decided to the millisecond, which every store keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// as it was written: the content that the command's id stands for
    said: Time,
}

impl Moment {
    const YEARS: std::ops::RangeInclusive<i32> = 2000..=2199;

    /// What is decided by: cut to the millisecond.
    pub fn time(self) -> Time {
        Time::from_timestamp_millis(self.said.timestamp_millis()).unwrap_or(self.said)
    }
}

impl Serialize for Moment {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.said.serialize(s)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let said = Time::deserialize(d)?;
        if !Self::YEARS.contains(&said.year()) {
            let (first, last) = Self::YEARS.into_inner();
            return Err(serde::de::Error::custom(format!(
                "a time is of the years {first} to {last}, not {}",
                said.year()
            )));
        }
        Ok(Self { said })
    }
}

impl JsonSchema for Moment {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Moment".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(g: &mut schemars::SchemaGenerator) -> schemars::Schema {
        g.subschema_for::<Time>()
    }
}
