//! What events of exchanges are made of.

use serde::{Deserialize, Serialize};

use super::{AddedLine, Excluded, FeeRefund, PlannedRefund, parts::is_none_of};
use crate::domain::{
    fee::FeeReason,
    ids::{PartnerId, TemplateId},
    money::Won,
    order::claim::ExchangeResolution,
};

/// A fee that is to be paid, as a row of the next payment group: of an exchange, or for goods that never came back or came back worth less.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AddedFee {
    pub fee_no: u16,
    pub group: u16,
    pub partner_id: PartnerId,
    pub template_id: TemplateId,
    pub amount: Won,
    pub reason: FeeReason,
}

/// 귀책 정정 of an exchange at its inspection: the fee follows the fault.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FeeCorrected {
    /// owed from now on
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub added: Option<AddedFee>,
    /// owed no more, or paid and given back
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub fee_refunds: Vec<FeeRefund>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub refunds: Vec<PlannedRefund>,
}

/// What a return keeps back for old goods of an exchange that stay at the buyer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct KeptFor {
    pub exchange: u16,
    pub amount: Won,
}

/// What a cancellation keeps back of its refund.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Kept {
    /// debts that it settles
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub set_off: Vec<FeeRefund>,
    /// for old goods of exchanges that stay at the buyer's
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub kept_for: Vec<KeptFor>,
    /// the sum of both, by settlement
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub withheld: Vec<Excluded>,
}

impl Kept {
    /// Nothing is.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// 취소정산변경: a cancellation keeps more or less back for others' goods and debts than it did.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RefundAdjusted {
    /// the cancel group
    pub group: u32,
    /// refunds that waited, and are planned anew
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub withdrawn: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub refunds: Vec<PlannedRefund>,
    #[serde(skip_serializing_if = "Kept::is_nothing", default)]
    pub kept: Kept,
    /// kept back before, and no more
    #[serde(skip_serializing_if = "Kept::is_nothing", default)]
    pub freed: Kept,
}

/// 교환검수 with consequences: goods that go back to the buyer, and what is kept back of what they were paid.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ExchangeFindings {
    /// units that go back to the buyer
    #[serde(skip_serializing_if = "is_none_of", default)]
    pub rejected: u32,
    /// of these, units whose replacement had not left: it is called off, and they are exchanged no more
    #[serde(skip_serializing_if = "is_none_of", default)]
    pub undone: u32,
    /// what goes back from the added line to theirs
    #[serde(skip_serializing_if = "Won::is_nothing", default)]
    pub moved_back: Won,
    /// units of the added line back on the shelf
    #[serde(skip_serializing_if = "is_none_of", default)]
    pub released: u32,
    pub reason: String,
    /// what is kept back and no waiting money covers: a debt of the buyer's
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub charge: Option<AddedFee>,
    /// kept back of money that waited for the goods, instead of being owed
    #[serde(skip_serializing_if = "Won::is_nothing", default)]
    pub kept: Won,
    /// what the goods that replaced them give back less, now or later
    #[serde(skip_serializing_if = "Won::is_nothing", default)]
    pub stays: Won,
    /// of the exchange's fee, where less is exchanged
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub fee_refunds: Vec<FeeRefund>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub refunds: Vec<PlannedRefund>,
}

/// 교환승인.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ExchangeApproved {
    pub group: u16,
    pub resolution: ExchangeResolution,
    /// of the product that is added
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<AddedLine>,
    /// what its units were worth
    pub moved: Won,
    /// units that had not left, back on the shelf
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub restocked: bool,
    /// units that are to come back
    #[serde(skip_serializing_if = "is_none_of", default)]
    pub collect: u32,
    /// units that had left and need not: why
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub waived: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fee: Option<AddedFee>,
    /// it ends as the goods do that it adds
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub chain: bool,
}
