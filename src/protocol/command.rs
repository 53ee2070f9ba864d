//! Commands as they come over the wire. Unknown fields are refused; money is integer won; times are RFC 3339.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::{
    Time,
    catalog::{PromotionKind, StockPolicy},
    ids::{CampaignId, CommandId, CustomerId, OrderId, PartnerId, ProductId, PromotionId, SkuId, TemplateId},
    money::Won,
    order::command::Means,
};

/// Declares the wire commands: one struct each, all with the envelope's fields, and the enum of them.
macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident = $tag:literal by [$($role:ident),+] { $($(#[$fdoc:meta])* $field:ident : $ty:ty),* $(,)? })+) => {
        $(
            $(#[$doc])*
            #[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
            #[serde(deny_unknown_fields)]
            pub struct $name {
                /// made by the client, 8 to 64 printable characters; the same id with the same content gets the first answer
                pub id: CommandId,
                #[serde(rename = "type")]
                pub tag: String,
                /// who asks: `role:id`
                pub actor: String,
                /// the client's own time; not part of the content
                #[serde(default, skip_serializing)]
                pub at: Option<Time>,
                /// name of the answer stream to use; not part of the content
                #[serde(default, skip_serializing)]
                pub reply_to: Option<Arc<str>>,
                $($(#[$fdoc])* pub $field: $ty),*
            }
        )+

        /// Any command, read.
        #[derive(Debug, Clone)]
        pub enum Wire { $($(#[$doc])* $name(Box<$name>)),+ }

        impl Wire {
            /// The names on the wire.
            pub const NAMES: &'static [&'static str] = &[$($tag),+];
            /// Who may send each of them.
            pub const ROLES: &'static [(&'static str, &'static [Role])] = &[$(($tag, &[$(Role::$role),+])),+];

            /// Reads a command of this type; `None` when there is no such type.
            ///
            /// # Errors
            /// serde's sentence, when a field is missing, unknown or of another kind.
            pub fn read(tag: &str, json: &[u8]) -> Option<Result<Wire, serde_json::Error>> {
                match tag {
                    $($tag => Some(serde_json::from_slice(json).map(|c| Wire::$name(Box::new(c)))),)+
                    _ => None,
                }
            }

            /// The roles that may send it.
            pub const fn roles(&self) -> &'static [Role] {
                match self { $(Wire::$name(_) => &[$(Role::$role),+]),+ }
            }

            /// The envelope: id, actor, name of the answer stream.
            pub fn envelope(&self) -> (&CommandId, &str, Option<&Arc<str>>) {
                match self { $(Wire::$name(c) => (&c.id, &c.actor, c.reply_to.as_ref())),+ }
            }

            /// Its name on the wire.
            pub const fn name(&self) -> &'static str {
                match self { $(Wire::$name(_) => $tag),+ }
            }

            /// The content that a command id stands for, in one form.
            ///
            /// # Errors
            /// None in practice: what was read can be written.
            pub fn write(&self, to: impl std::io::Write) -> serde_json::Result<()> {
                match self { $(Wire::$name(c) => serde_json::to_writer(to, c)),+ }
            }
        }

        /// JSON Schema of every command.
        pub fn schemas(g: &mut schemars::SchemaGenerator) -> Vec<(&'static str, schemars::Schema)> {
            vec![$(($tag, g.subschema_for::<$name>())),+]
        }
    };
}

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    Buyer,
    Seller,
    Partner,
    Operator,
    Payment,
    System,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 6] = [Role::Buyer, Role::Seller, Role::Partner, Role::Operator, Role::Payment, Role::System];

    /// The word before the colon.
    pub const fn word(self) -> &'static str {
        match self {
            Role::Buyer => "buyer",
            Role::Seller => "seller",
            Role::Partner => "partner",
            Role::Operator => "operator",
            Role::Payment => "payment",
            Role::System => "system",
        }
    }

    /// Splits `role:id`.
    pub fn of(actor: &str) -> Option<(Role, &str)> {
        let (word, id) = actor.split_once(':')?;
        let role = Self::ALL.into_iter().find(|r| r.word() == word)?;
        (!id.is_empty() && id.len() <= 64 && id.chars().all(|c| c.is_ascii_graphic())).then_some((role, id))
    }
}

commands! {
    /// 주문접수: place an order, unpaid (held until a deadline), paid, or awaiting a deposit.
    PlaceOrder = "place_order" by [Buyer, Seller, Partner, Operator, System] {
        order_id: OrderId,
        customer_id: CustomerId,
        lines: Vec<WireLine>,
        /// take what there is where a line is short, instead of all or nothing
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        allow_partial: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payment: Option<WirePayment>,
        /// kept apart from the order's history, erasable
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recipient: Option<Recipient>,
    }
    /// 결제승인: the whole amount due is in.
    ApprovePayment = "approve_payment" by [Payment, Operator] {
        order_id: OrderId,
        settlements: Vec<WireSettlement>,
    }
    /// 결제거절: the payer may try again.
    DeclinePayment = "decline_payment" by [Payment, Operator] {
        order_id: OrderId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    }
    /// 결제취소: the payer gives up.
    CancelPayment = "cancel_payment" by [Buyer, Payment, Operator] { order_id: OrderId }
    /// 입금확인: the awaited deposit is in.
    ConfirmDeposit = "confirm_deposit" by [Payment, Operator] { order_id: OrderId, amount: Won }
    /// 주문취소: whole lines, before preparation.
    CancelLines = "cancel_lines" by [Buyer, Operator] { order_id: OrderId, lines: Vec<u16> }
    /// 상품준비: closes the buyer's cancellation.
    Prepare = "prepare" by [Seller, Partner, Operator, System] { order_id: OrderId }
    /// 재고판정: how many units of the lines are really there; naming none says all are.
    JudgeStock = "judge_stock" by [Seller, Partner, Operator, System] {
        order_id: OrderId,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lines: Vec<WireJudged>,
    }
    /// 환불확정: the payment side has given the money back.
    ConfirmRefund = "confirm_refund" by [Payment, Operator] { order_id: OrderId, refund_key: String }
    /// 환불실패: it could not; the refund stays planned and is tried again.
    FailRefund = "fail_refund" by [Payment, Operator] { order_id: OrderId, refund_key: String, reason: String }
    /// 입고: stock came in.
    ReceiveStock = "receive_stock" by [Seller, Partner, Operator, System] { sku_id: SkuId, quantity: u32 }
    /// 재고조정: a correction, either way.
    AdjustStock = "adjust_stock" by [Seller, Partner, Operator, System] { sku_id: SkuId, quantity: i64, reason: String }
    /// 단품 등록.
    CreateSku = "create_sku" by [Seller, Operator, System] {
        sku_id: SkuId,
        product_id: ProductId,
        option_name: String,
        /// whose stock it is
        #[serde(default, skip_serializing_if = "Option::is_none")]
        holder_id: Option<PartnerId>,
    }
    /// 상품 등록.
    CreateProduct = "create_product" by [Seller, Operator, System] {
        product_id: ProductId,
        name: String,
        /// with `product_type` it decides whether a line is a gift
        kind: ProductKind,
        product_type: String,
        price: Won,
        partner_id: PartnerId,
        template_id: TemplateId,
        /// 합포장가능여부
        bundled: bool,
        /// 개별배송비
        delivery_fee: Won,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        free_delivery: bool,
        /// 배송소요기간, days
        lead_time_days: u16,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        pre_refund: bool,
        /// points earned at purchase confirmation, basis points of what was paid
        #[serde(default, skip_serializing_if = "is_zero")]
        points_rate_bp: u32,
    }
    /// 배송템플릿 등록.
    CreateTemplate = "create_template" by [Seller, Operator, System] {
        template_id: TemplateId,
        partner_id: PartnerId,
        name: String,
        /// 무료배송기준금액
        #[serde(default, skip_serializing_if = "Option::is_none")]
        free_threshold: Option<Won>,
    }
    /// 프로모션·쿠폰 등록.
    CreatePromotion = "create_promotion" by [Seller, Operator, System] {
        promotion_id: PromotionId,
        kind: PromotionKind,
        /// basis points of the line total, at most 10,000
        rate_bp: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opens_at: Option<Time>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        closes_at: Option<Time>,
    }
    /// 판매행사 등록: from now on the SKU is sold through its campaigns.
    CreateCampaign = "create_campaign" by [Seller, Operator, System] {
        campaign_id: CampaignId,
        sku_id: SkuId,
        name: String,
        price: Won,
        allotted: u32,
        opens_at: Time,
        closes_at: Time,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit_per_customer: Option<u32>,
        #[serde(default)]
        stock_policy: StockPolicy,
    }
    /// 판매 일시중지.
    PauseCampaign = "pause_campaign" by [Seller, Operator, System] { campaign_id: CampaignId, sku_id: SkuId }
    /// 판매 재개.
    ResumeCampaign = "resume_campaign" by [Seller, Operator, System] { campaign_id: CampaignId, sku_id: SkuId }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(n: &u32) -> bool {
    *n == 0
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
            virtual_account_no: Option<String>,
            bank_code: Option<String>,
            account_owner: Option<String>,
            holder: Option<String>,
            remitter: Option<String>,
        }
        use serde::de::Error;
        let f = Flat::deserialize(d)?;
        let texts = [&f.virtual_account_no, &f.bank_code, &f.account_owner, &f.holder, &f.remitter];
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// How many units of a line are there.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WireJudged {
    pub line_no: u16,
    pub available: u32,
}

/// 수취인: personal data, kept in a table of its own.
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
