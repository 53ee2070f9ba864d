//! From bytes to a command that the lanes understand: the wire's types into the domain's.

mod after;
mod checkout;
mod codes;
mod head;
mod money;
mod renamed;

use std::sync::Arc;

use head::Head;
use sha2::{Digest, Sha256};

pub use self::{
    checkout::{CHECKOUT_PAYS, decode_checkout},
    renamed::{no_command, unread},
};
use self::{
    codes::postal,
    money::{account, kept, offer, payment_id, personal, settlements, tokens},
};
use super::{
    cards,
    command::{ActorRole, Recipient, RefundAccount, Text, Wire, WireLine},
    internal::{Internal, PAYMENT_SAYS, hex, is_own, is_payments},
};
use crate::domain::{
    ids::{CommandId, OrderId, PartnerId},
    order::command::{OrderCommand, PlaceOrder, StockCount, Wanted},
    order::decide::LINKED,
    reason::{Reason, Refusal},
};

/// The largest command that is read at all.
pub const COMMAND_BYTES_MAX: usize = 64 * 1024;
/// A command, ready to be decided.
#[derive(Debug, Clone)]
pub struct Command {
    pub id: CommandId,
    /// of the content, `at` and `reply_to` aside; hexadecimal
    pub digest: Arc<str>,
    pub actor: Arc<str>,
    pub reply_to: Option<Arc<str>>,
    pub name: &'static str,
    /// the version that its order has to be at
    pub expected_version: Option<u32>,
    pub kind: Kind,
}

/// What it is about.
#[derive(Debug, Clone)]
pub enum Kind {
    Order {
        order_id: OrderId,
        command: OrderCommand,
        personal: Option<Box<Personal>>,
    },
    /// what the command would do
    Preview {
        order_id: OrderId,
        command: OrderCommand,
    },
    /// stock, SKUs and campaigns: to the SKU's lane
    Sku(Box<Wire>),
    /// reference data: to lane 0
    Reference(Box<Wire>),
    Internal(Internal),
}

/// What goes into the erasable table, and nowhere else.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Personal {
    pub recipient_name: Option<String>,
    pub phone: Option<String>,
    pub zip: Option<String>,
    pub address: Option<String>,
    pub address_detail: Option<String>,
    pub account_owner: Option<String>,
    pub holder: Option<String>,
    pub remitter: Option<String>,
    /// that a deposit comes to
    pub virtual_account_no: Option<String>,
    pub tokens: Vec<PaymentToken>,
    /// where refunds go; with `transferred`: where one has gone
    pub refund_account: Option<RefundAccount>,
    pub transferred: bool,
    /// whose account a refund was transferred to
    pub refund_holder: Option<String>,
    /// of a review: the line, and what was written
    pub review: Option<(u16, Option<String>)>,
}

/// 승인토큰, as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct PaymentToken {
    pub approval_id: String,
    pub token: String,
}

impl Kind {
    /// The order that it is about.
    pub fn order_id(&self) -> Option<&str> {
        match self {
            Kind::Order { order_id, .. } | Kind::Preview { order_id, .. } => Some(order_id.as_str()),
            Kind::Sku(_) | Kind::Reference(_) | Kind::Internal(_) => None,
        }
    }
}

/// A command that can't be decided as it stands.
#[derive(Debug, Clone)]
pub enum Unreadable {
    /// not even its id can be told: to the dead letters
    Dead { reason: String },
    /// it says who asks but makes no sense: refused, like any other
    Refused { id: CommandId, name: Option<&'static str>, reply_to: Option<Arc<str>>, refusal: Box<Refusal> },
}

/// Whether a name may be that of an answer stream.
pub fn is_reply_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
}

/// Reads a producer's command.
///
/// # Errors
/// [`Unreadable`], which says whether it can be answered.
pub fn decode(bytes: &[u8]) -> Result<Command, Unreadable> {
    let dead = |reason: String| Unreadable::Dead { reason };
    if bytes.is_empty() {
        return Err(dead("the entry has no command".into()));
    }
    if bytes.len() > COMMAND_BYTES_MAX {
        return Err(dead(format!("the command is {} bytes long; at most {COMMAND_BYTES_MAX} are read", bytes.len())));
    }
    // where, not what: the reason is logged
    let at = |e: serde_json::Error| dead(format!("not a JSON command: line {}, column {}", e.line(), e.column()));
    let head: Head<'_> = serde_json::from_slice(bytes).map_err(at)?;
    if head.two_ids {
        return Err(dead("the command has two ids".into()));
    }
    let id = head.id.as_deref().ok_or_else(|| dead("the command has no id".into()))?;
    let id = CommandId::new(id).map_err(|e| dead(e.to_string()))?;
    let reply_to = head.reply_to.as_deref().filter(|n| is_reply_name(n)).map(Arc::from);
    let bad_reply = head.reply_to.is_some() && reply_to.is_none();
    let refused = |name, refusal| Unreadable::Refused {
        id: id.clone(),
        name,
        reply_to: reply_to.clone(),
        refusal: Box::new(refusal),
    };
    if bad_reply {
        return Err(refused(None, Refusal::invalid("reply_to is 1 to 64 letters, digits and . _ -")));
    }
    if is_own(id.as_str()) {
        return Err(refused(None, Refusal::invalid("an id that begins so is kept for the lanes' own commands")));
    }
    let tag = head.tag.as_deref().ok_or_else(|| refused(None, Refusal::invalid("the command has no type")))?;
    let wire = Wire::read(tag, bytes)
        .ok_or_else(|| refused(None, Refusal::invalid(no_command(tag))))?
        .map_err(|e| refused(None, Refusal::invalid(unread(tag, &e))))?;
    let name = wire.name();
    understand(wire, reply_to.clone()).map_err(|refusal| refused(Some(name), refusal))
}

/// Reads a step of the internal stream.
///
/// # Errors
/// [`Unreadable::Dead`]: only a fault of ours writes an unreadable step.
pub fn decode_internal(bytes: &[u8]) -> Result<Internal, Unreadable> {
    serde_json::from_slice(bytes).map_err(|e| Unreadable::Dead {
        reason: format!("not an internal step: line {}, column {}", e.line(), e.column()),
    })
}

fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}

fn understand(wire: Wire, reply_to: Option<Arc<str>>) -> Result<Command, Refusal> {
    let mut content = Vec::with_capacity(512);
    wire.write(&mut content).map_err(|e| Refusal::invalid(e.to_string()))?;
    let digest: Arc<str> = hex(&Sha256::digest(&content)[..16]).into();
    let (id, actor, _) = wire.envelope();
    let (id, actor): (CommandId, Arc<str>) = (id.clone(), actor.into());
    let (role, who) = ActorRole::of(&actor).ok_or_else(|| {
        Refusal::invalid("actor is role:id, the role one of buyer, seller, partner, operator, payment, system")
    })?;
    if !wire.roles().contains(&role) {
        return Err(Reason::Forbidden.into());
    }
    let name = wire.name();
    if is_payments(id.as_str()) && !(role == ActorRole::Payment && PAYMENT_SAYS.contains(&name)) {
        return Err(Refusal::invalid("an id that begins so is kept for the payment side's word"));
    }
    let expected_version = head::version(&wire)?;
    let kind = kind(wire, role, who)?;
    expected_version.map_or(Ok(()), |_| head::has_version(&kind))?;
    Ok(Command { id, digest, actor, reply_to, name, expected_version, kind })
}

fn kind(wire: Wire, role: ActorRole, who: &str) -> Result<Kind, Refusal> {
    let order = |order_id: OrderId, command| Ok(Kind::Order { order_id, command, personal: None });
    #[expect(clippy::wildcard_enum_match_arm, reason = "each of the others has its reader, too")]
    match wire {
        Wire::PlaceOrder(c) => {
            if role == ActorRole::Buyer && who != c.customer_id.as_str() {
                return Err(Reason::Forbidden.into());
            }
            if c.order_id.as_str().contains(LINKED) {
                return Err(Refusal::invalid(format!("{LINKED:?} stands in the ids of linked orders only")));
            }
            let zip = c.recipient.as_ref().map(|r| r.zip.to_string());
            let personal = personal(c.recipient, c.payment.as_ref(), account(c.refund_account)?)?;
            let (lines, payment) = (c.lines.into_iter().map(wanted).collect(), offer(c.payment)?);
            let itself = matches!(role, ActorRole::Seller | ActorRole::Partner) && who == c.customer_id.as_str();
            let place = PlaceOrder {
                customer_id: c.customer_id,
                by_partner: itself,
                lines,
                allow_partial: c.allow_partial,
                payment,
                zip,
            };
            Ok(Kind::Order { order_id: c.order_id, command: OrderCommand::Place(place), personal })
        }
        Wire::ApprovePayment(c) => {
            let personal = Personal { tokens: tokens(&c.settlements), ..Personal::default() };
            let command =
                OrderCommand::ApprovePayment { settlements: settlements(c.settlements)?, verified: c.verified };
            Ok(Kind::Order { order_id: c.order_id, command, personal: kept(personal) })
        }
        Wire::DeclinePayment(c) => {
            text(c.reason.as_deref())?;
            order(c.order_id, OrderCommand::DeclinePayment { reason: Text::maybe(c.reason) })
        }
        Wire::CancelPayment(c) => order(c.order_id, OrderCommand::CancelPayment),
        Wire::ConfirmDeposit(c) => {
            payment_id(c.payment_id.as_deref())?;
            order(c.order_id, OrderCommand::ConfirmDeposit { amount: c.amount, payment_id: Text::maybe(c.payment_id) })
        }
        Wire::CancelLines(c) => {
            text(c.reason.as_deref())?;
            let personal = Personal { refund_account: account(c.refund_account)?, ..Personal::default() };
            let command = OrderCommand::CancelLines { lines: bounded(c.lines)?, reason: Text::maybe(c.reason) };
            Ok(Kind::Order { order_id: c.order_id, command, personal: kept(personal) })
        }
        Wire::Prepare(c) => {
            let by = match role {
                ActorRole::Seller | ActorRole::Partner => {
                    Some(PartnerId::new(who).map_err(|e| Refusal::invalid(e.to_string()))?)
                }
                ActorRole::Buyer | ActorRole::Operator | ActorRole::Payment | ActorRole::System => None,
            };
            let lines = bounded(c.lines)?;
            let all = by.is_none() && lines.is_empty();
            order(c.order_id, if all { OrderCommand::Prepare } else { OrderCommand::PrepareOf { lines, by } })
        }
        Wire::ConfirmStock(c) => {
            let judged = |j: super::command::WireStockCount| StockCount { line_no: j.line_no, available: j.available };
            order(c.order_id, OrderCommand::ConfirmStock { lines: bounded(c.lines)?.into_iter().map(judged).collect() })
        }
        Wire::ConfirmRefund(c) => order(c.order_id, OrderCommand::ConfirmRefund { key: c.refund_key.into_string() }),
        Wire::FailRefund(c) => {
            text(Some(&c.reason))?;
            let (key, reason) = (c.refund_key.into_string(), c.reason.into_string());
            order(c.order_id, OrderCommand::FailRefund { key, reason, outcome: c.outcome })
        }
        Wire::Preview(c) => previewed(*c),
        other => match after::kind(other, role)? {
            Ok(kind) => Ok(kind),
            Err(apart_from_orders) => apart(apart_from_orders),
        },
    }
}

/// The command inside a preview is read as if the same actor had sent it.
fn previewed(c: super::command::Preview) -> Result<Kind, Refusal> {
    let mut inner = c.command;
    for (field, value) in [("id", c.id.as_str()), ("actor", &*c.actor), ("order_id", c.order_id.as_str())] {
        inner.insert(field.to_owned(), value.into());
    }
    let bytes = serde_json::to_vec(&inner).map_err(|e| Refusal::invalid(e.to_string()))?;
    match decode(&bytes) {
        Ok(Command { kind: Kind::Order { command: OrderCommand::Place(_), .. }, .. }) => {
            Err(Refusal::invalid("a placement is not previewed: placing it unpaid says what it costs"))
        }
        Ok(Command { kind: Kind::Order { order_id, command, .. }, .. }) => Ok(Kind::Preview { order_id, command }),
        Ok(_) => Err(Refusal::invalid("only a command to an order is previewed")),
        Err(Unreadable::Refused { refusal, .. }) => Err(*refusal),
        Err(Unreadable::Dead { reason }) => Err(Refusal::invalid(reason)),
    }
}

/// A command of no order; its texts go into tables.
fn apart(wire: Wire) -> Result<Kind, Refusal> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others have no free text")]
    let texts: [Option<&str>; 2] = match &wire {
        Wire::AdjustStock(c) => [Some(&c.reason), None],
        Wire::ShrinkStock(c) => [Some(&c.reason), None],
        Wire::CreatePartner(c) => [Some(&c.name), c.address.as_deref()],
        Wire::UpdatePartner(c) => [c.name.as_deref(), c.address.as_deref()],
        Wire::UpdateProduct(c) => [c.name.as_deref(), None],
        Wire::UpdateTemplate(c) => [c.name.as_deref(), None],
        Wire::CreateSku(c) => [Some(&c.option_name), None],
        Wire::CreateProduct(c) => [Some(&c.name), Some(&c.product_type)],
        Wire::CreateTemplate(c) => [Some(&c.name), None],
        Wire::CreateCampaign(c) => [Some(&c.name), None],
        _ => [None, None],
    };
    for t in texts {
        text(t)?;
    }
    #[expect(clippy::wildcard_enum_match_arm, reason = "only partners have an address")]
    let zip = match &wire {
        Wire::CreatePartner(c) => c.zip.as_deref(),
        Wire::UpdatePartner(c) => c.zip.as_deref(),
        _ => None,
    };
    zip.map_or(Ok(()), postal)?;
    let of_a_sku = !matches!(
        wire,
        Wire::CreateProduct(_)
            | Wire::CreateTemplate(_)
            | Wire::CreatePromotion(_)
            | Wire::CreatePartner(_)
            | Wire::UpdatePartner(_)
            | Wire::AuthorizeBuyer(_)
            | Wire::RevokeBuyer(_)
            | Wire::UpdateProduct(_)
            | Wire::UpdateTemplate(_)
    );
    Ok(if of_a_sku { Kind::Sku(Box::new(wire)) } else { Kind::Reference(Box::new(wire)) })
}

fn bounded<T>(list: Vec<T>) -> Result<Vec<T>, Refusal> {
    use crate::domain::order::decide::LINES_MAX;
    if list.len() > LINES_MAX {
        return Err(Refusal::invalid(format!("at most {LINES_MAX} lines")));
    }
    Ok(list)
}

fn text(text: Option<&str>) -> Result<(), Refusal> {
    match text {
        Some(t) => no_card(t),
        None => Ok(()),
    }
}

/// What is refused must not be told again, so the sentence doesn't.
fn no_card(text: &str) -> Result<(), Refusal> {
    if cards::holds(text) {
        return Err(Refusal::invalid("a text holds what looks like a card number; none is taken"));
    }
    Ok(())
}

fn wanted(l: WireLine) -> Wanted {
    Wanted {
        sku_id: l.sku_id,
        quantity: l.quantity,
        unit_price: l.unit_price,
        campaign_id: l.campaign_id,
        promotion_id: l.promotion_id,
        coupon_id: l.coupon_id,
        main_line_no: l.main_line_no,
        gift_included: l.gift_included,
        gift_promotion_id: l.gift_promotion_id,
    }
}

/// An error's text without what might be a card number: it repeats what was sent.
pub fn masked(text: &str) -> String {
    let text = cards::masked(text).unwrap_or_else(|| text.to_owned());
    let mut digits = 0;
    let hide = |c: char| {
        digits = if c.is_ascii_digit() { digits + 1 } else { 0 };
        if digits > 6 { '*' } else { c }
    };
    text.chars().map(hide).collect()
}

fn recipient(r: Recipient) -> Result<Personal, Refusal> {
    postal(&r.zip)?;
    for field in [Some(&r.name), Some(&r.phone), Some(&r.zip), Some(&r.address), r.address_detail.as_ref()] {
        text(field.map(Text::as_str))?;
    }
    if [&r.name, &r.phone, &r.address].into_iter().any(|field| field.trim().is_empty()) {
        return Err(Refusal::invalid("a recipient has a name, a telephone number and an address"));
    }
    Ok(Personal {
        recipient_name: Some(r.name.into_string()),
        phone: Some(r.phone.into_string()),
        zip: Some(r.zip.into_string()),
        address: Some(r.address.into_string()),
        address_detail: Text::maybe(r.address_detail),
        ..Personal::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = r#"{"id":"c-000000001","type":"place_order","order_id":"o-1","actor":"buyer:u-1","customer_id":"u-1","lines":[{"sku_id":"AC-100","quantity":1}]}"#;

    #[test]
    fn the_protocol_example_reads() {
        let c = decode(EXAMPLE.as_bytes()).unwrap();
        assert_eq!((c.name, c.id.as_str()), ("place_order", "c-000000001"));
    }

    #[test]
    fn a_recipient_is_not_blank() {
        let to = r#"{"name":"김","phone":"010-1234-5678","zip":"06236","address":"서울 1"}"#;
        let order =
            |to: &str| decode(EXAMPLE.replace("\"lines\"", &format!("\"recipient\":{to},\"lines\"")).as_bytes());
        assert!(order(to).is_ok());
        for said in ["김", "010-1234-5678", "서울 1"] {
            for blank in ["", " ", "\u{3000}"] {
                let refused = order(&to.replace(&format!("\"{said}\""), &format!("\"{blank}\"")));
                assert!(matches!(refused, Err(Unreadable::Refused { .. })), "{said} {blank:?}");
            }
        }
    }

    #[test]
    fn content_is_what_counts() {
        let digest = |s: &str| decode(s.as_bytes()).unwrap().digest;
        let first = digest(EXAMPLE);
        let same = [
            EXAMPLE.replace("\"actor\"", "\"at\":\"2026-01-01T00:00:00Z\",\"actor\""),
            EXAMPLE.replace("\"actor\"", "\"reply_to\":\"web-1\",\"actor\""),
            EXAMPLE.replace(",\"lines\"", " , \"lines\""),
        ];
        for s in same {
            assert_eq!(digest(&s), first, "{s}");
        }
        assert_ne!(digest(&EXAMPLE.replace("\"quantity\":1", "\"quantity\":2")), first);
    }

    #[test]
    fn bad_input_is_told_apart() {
        for (input, answered) in [
            ("", false),
            ("{", false),
            ("[1]", false),
            ("{\"type\":\"place_order\"}", false),
            ("{\"id\":\"short\"}", false),
            ("{\"id\":\"c-000000001\"}", true),
            ("{\"id\":\"c-000000001\",\"type\":\"drop_table\"}", true),
            (&EXAMPLE.replace("\"quantity\":1", "\"quantity\":-1"), true),
            (&EXAMPLE.replace("\"quantity\":1", "\"quantity\":99999999999"), true),
            (&EXAMPLE.replace("\"quantity\":1", "\"quantity\":1.5"), true),
            (&EXAMPLE.replace("\"order_id\"", "\"colour\":1,\"order_id\""), true),
            (&EXAMPLE.replace("buyer:u-1", "buyer:u-2"), true),
            (&EXAMPLE.replace("buyer:u-1", "payment:p"), true),
            (&EXAMPLE.replace("c-000000001", "refund:0123456789"), true),
            (&EXAMPLE.replace("o-1", "o'; DROP TABLE--"), true),
        ] {
            match decode(input.as_bytes()) {
                Ok(c) => panic!("{input} was read as {c:?}"),
                Err(Unreadable::Dead { .. }) => assert!(!answered, "{input}"),
                Err(Unreadable::Refused { .. }) => assert!(answered, "{input}"),
            }
        }
    }

    #[test]
    fn texts_that_no_table_takes_are_refused() {
        let adjust = r#"{"id":"c-000000001","type":"adjust_stock","actor":"operator:o","sku_id":"s","quantity":1,"reason":"TEXT"}"#;
        let long = "x".repeat(crate::protocol::command::TEXT_MAX + 1);
        for (text, ok) in [("count", true), ("a\\u0000b", false), (&*long, false)] {
            assert_eq!(decode(adjust.replace("TEXT", text).as_bytes()).is_ok(), ok, "{text}");
        }
    }

    #[test]
    fn card_numbers_are_not_taken_nor_told_again() {
        let number = "4111 1111 1111 1111";
        let adjust = |field: &str, value: &str| {
            let mut command = serde_json::json!({"id": "c-000000001", "type": "adjust_stock", "actor": "operator:o",
                "sku_id": "s", "quantity": 1, "reason": "count"});
            command[field] = value.into();
            decode(command.to_string().as_bytes())
        };
        for (field, value) in [("reason", number), ("type", number), (number, "count"), ("quantity", number)] {
            let Err(Unreadable::Refused { refusal, .. }) = adjust(field, value) else { panic!("{field} is taken") };
            let told = refusal.message();
            assert!(!told.contains("4111") && !told.contains("1111 1111"), "{told}");
        }
        // ids are opaque
        assert!(adjust("sku_id", "4111111111111111").is_ok());
    }
}
