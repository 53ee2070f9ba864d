//! Refusals: a stable reason, the facts, and a sentence made from both.

use serde::{Deserialize, Serialize};

use super::{
    Time,
    ids::{OrderId, SkuId},
    money::Won,
    order::{change::Preview, event::OmittedGift},
    status::Status,
    stock::Available,
};

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $sentence:literal;)+) => {
        /// Why a command was refused. The codes are stable and listed in the protocol's documentation.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Reason { $($(#[$doc])* $name),+ }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Reason] = &[$(Reason::$name),+];
            /// The stable code.
            pub const fn code(self) -> &'static str { match self { $(Reason::$name => $code),+ } }
            /// What it says to a person.
            pub const fn sentence(self) -> &'static str { match self { $(Reason::$name => $sentence),+ } }
        }
    };
}

reasons! {
    /// nothing is left
    SoldOut = "sold_out", "nothing is left of this SKU";
    /// less is left than was asked for
    InsufficientStock = "insufficient_stock", "less is left of this SKU than was asked for";
    /// the sale's limit per customer
    LimitExceeded = "limit_exceeded", "the sale's limit per customer is reached";
    SaleNotOpen = "sale_not_open", "the sale has not opened yet";
    SalePaused = "sale_paused", "the sale is paused";
    SaleClosed = "sale_closed", "the sale is closed";
    PriceMismatch = "price_mismatch", "the price differs from ours; the server prices";
    IllegalTransition = "illegal_transition", "the order's status does not allow this command";
    UnknownOrder = "unknown_order", "there is no such order";
    UnknownSku = "unknown_sku", "there is no such SKU";
    UnknownProduct = "unknown_product", "there is no such product";
    UnknownTemplate = "unknown_template", "there is no such delivery template";
    UnknownPromotion = "unknown_promotion", "there is no such promotion or coupon, or it does not apply now";
    /// more gifts than the goods are entitled to, or none of them
    GiftNotEntitled = "gift_not_entitled", "the order brings gifts that its goods do not entitle it to";
    UnknownCampaign = "unknown_campaign", "there is no such campaign on this SKU";
    UnknownLine = "unknown_line", "the order has no such line";
    UnknownRefund = "unknown_refund", "the order has no such refund";
    UnknownClaim = "unknown_claim", "the order has no such return or exchange";
    UnknownPartner = "unknown_partner", "there is no such partner, or it does not trade now";
    /// nobody buys from a partner that has not said so
    NoConsent = "no_consent", "this partner has not allowed that seller to buy from it";
    UnknownWaybill = "unknown_waybill", "the line has no such waybill";
    /// more than may be claimed, collected, inspected or sent
    QuantityExceeded = "quantity_exceeded", "that is more than there is of this line";
    /// refunded before collection, though neither the goods nor the actor allow it
    NotPreRefundable = "not_pre_refundable", "these goods are refunded after collection";
    SurchargeUnpaid = "surcharge_unpaid", "the surcharge of the destination is still to be paid";
    DuplicateOrder = "duplicate_order", "an order with this id exists";
    /// it has ended long ago, and is only looked at
    OrderArchived = "order_archived", "the order has ended and is archived; it takes no commands any more";
    AlreadyExists = "already_exists", "something else with this id exists";
    CommandIdReused = "command_id_reused", "this command id was used for other content";
    /// nothing wrong with it, only too early: the same command, sent again, is decided anew
    TryAgain = "try_again", "another lane is still at work on the order; the same command may be sent again in a moment";
    /// what a client may say again and again has a bound, so that an order's history has one
    TooMany = "too_many", "the order takes no more commands of this kind";
    /// nothing is said of this very command: it is not decided
    Quarantined = "quarantined", "commands of this kind by this actor have failed again and again; they are not taken for a minute";
    PaymentExpired = "payment_expired", "the payment deadline has passed";
    /// nothing was due any more
    AlreadyPaid = "already_paid", "the order is paid already; this money goes back";
    /// the payment is in the register under another order
    ApprovalReused = "approval_reused", "this payment has paid another order";
    AmountMismatch = "amount_mismatch", "the amount differs from what is due";
    /// the order has gone on since the client looked
    VersionMismatch = "version_mismatch", "the order is not at the version that was expected";
    /// the command makes no sense; the message says where
    Invalid = "invalid", "the command is not valid";
    /// the role may not send this command
    Forbidden = "forbidden", "this actor may not send this command";
}

fn none_of<T>(list: &[T]) -> bool {
    list.is_empty()
}

/// What a refusal (or an answer) rests on. Only what is known is there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Facts {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub command: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line_no: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sku_id: Option<SkuId>,
    /// units that the next in line could have
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub available: Option<i64>,
    /// over HTTP, to whom the SKU's figures are not told, instead of `available`: whether there are any
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub availability: Option<Available>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub requested: Option<i64>,
    /// the ledger's position that it was decided at
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub position: Option<i64>,
    /// how many more the customer may have
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[serde(alias = "customer_left")]
    pub customer_remaining: Option<i64>,
    /// what the order comes to: what is due now, or was paid and stays so, in won
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub total: Option<Won>,
    /// what is due or expected, in won
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub due: Option<Won>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub amount: Option<Won>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deadline: Option<Time>,
    /// the order's version, where another was expected
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expected_version: Option<u32>,
    /// where each SKU's ledger stood after an accepted command moved it
    #[serde(skip_serializing_if = "none_of", default)]
    pub stock: Box<[StockFact]>,
    /// the return or exchange that this command made
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub claim_group: Option<u16>,
    /// the order that it had made
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub linked_order_id: Option<OrderId>,
    /// what the command that was previewed would do
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub preview: Option<Box<Preview>>,
    /// gifts that had run out: the order goes on without them
    // the alias, like the one above: answers that are stored under the old name are told again
    #[serde(skip_serializing_if = "none_of", default, alias = "left_out")]
    pub omitted_gifts: Box<[OmittedGift]>,
    /// idempotency keys of the refunds that this command planned
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub refunds: Vec<String>,
}

/// A SKU after a movement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct StockFact {
    pub sku_id: SkuId,
    pub position: i64,
    pub on_hand: i64,
}

impl Facts {
    /// Takes out how many units of the SKU there are. What is left of the order's own goods or gifts is no figure of a SKU's.
    pub fn hide_units(&mut self, reason: Option<&str>) {
        let own = [Reason::QuantityExceeded, Reason::GiftNotEntitled].map(Reason::code);
        if !reason.is_some_and(|reason| own.contains(&reason))
            && let Some(units) = self.available.take()
        {
            self.availability = Some(Available::of(units));
        }
        self.position = None;
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        *self == Facts::default()
    }
}

/// A command refused: it changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub reason: Reason,
    pub facts: Facts,
}

impl Refusal {
    /// With facts.
    pub fn new(reason: Reason, facts: Facts) -> Self {
        Self { reason, facts }
    }

    /// `try_again`, saying what is waited for.
    pub fn early(detail: impl Into<String>) -> Self {
        Self::new(Reason::TryAgain, Facts { detail: Some(detail.into()), ..Facts::default() })
    }

    /// `invalid`, saying where.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(Reason::Invalid, Facts { detail: Some(detail.into()), ..Facts::default() })
    }

    /// The status does not allow the command (domain §2: everything not in the table is refused with a reason that names
    /// the status and the command).
    pub fn illegal(status: Status, command: &str) -> Self {
        let facts = Facts { status: Some(status), command: Some(command.into()), ..Facts::default() };
        Self::new(Reason::IllegalTransition, facts)
    }

    /// The sentence that the answer carries.
    pub fn message(&self) -> String {
        let sentence = self.reason.sentence();
        match (&self.facts.detail, self.facts.status, &self.facts.command) {
            (Some(detail), _, _) => format!("{sentence}: {detail}"),
            (None, Some(status), Some(command)) => format!("{sentence}: {command} while {}", status.code()),
            (None, _, _) => sentence.to_owned(),
        }
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self::new(reason, Facts::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_what_serde_writes() {
        for reason in Reason::ALL {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.code());
        }
    }
}
