//! What is read of a command first: whom to answer, and what it is.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::Value;

use super::Kind;
use crate::{
    domain::{order::OrderCommand, reason::Refusal},
    protocol::command::Wire,
};

/// Of fields that are there twice, the first: the command's reader refuses it then, and whoever sent it is answered.
#[derive(Default)]
pub struct Head<'a> {
    pub id: Option<Cow<'a, str>>,
    pub tag: Option<Cow<'a, str>>,
    pub reply_to: Option<Cow<'a, str>>,
    /// it is there twice, and not the same: nobody can be answered
    pub two_ids: bool,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Field {
    Id,
    #[serde(rename = "type")]
    Tag,
    ReplyTo,
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Head<'a> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Head<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a command")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Head<'de>, A::Error> {
                let mut head = Head::default();
                let text = |map: &mut A| map.next_value::<Option<Text<'de>>>().map(|t| t.map(|Text(t)| t));
                while let Some(field) = map.next_key()? {
                    match field {
                        Field::Id => {
                            let id = text(&mut map)?;
                            head.two_ids |= head.id.is_some() && head.id != id;
                            head.id = head.id.or(id);
                        }
                        Field::Tag => head.tag = head.tag.or(text(&mut map)?),
                        Field::ReplyTo => head.reply_to = head.reply_to.or(text(&mut map)?),
                        Field::Other => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(head)
            }
        }
        d.deserialize_map(Fields)
    }
}

/// The version that its order has to be at, as the command says, or the one that it previews.
///
/// # Errors
/// `invalid`: it says two versions, or what is none.
pub fn version(wire: &Wire) -> Result<Option<u32>, Refusal> {
    let invalid = |why: &str| Err(Refusal::invalid(why));
    let own = wire.expected_version();
    if let Wire::Preview(p) = wire {
        let inner = match p.command.get("expected_version") {
            None | Some(Value::Null) => None,
            Some(n) => match n.as_u64().and_then(|n| u32::try_from(n).ok()) {
                Some(n) => Some(n),
                None => return invalid("expected_version is the number of an order's event"),
            },
        };
        return match (own, inner) {
            (Some(a), Some(b)) if a != b => invalid("the preview expects another version than its command"),
            (own, inner) => Ok(own.or(inner)),
        };
    }
    Ok(own)
}

/// Whether what it is about has a version.
///
/// # Errors
/// `invalid`: only an order that is there already has.
pub fn has_version(kind: &Kind) -> Result<(), Refusal> {
    match kind {
        Kind::Order { command: OrderCommand::Place(_), .. } | Kind::Sku(_) | Kind::Reference(_) | Kind::Internal(_) => {
            Err(Refusal::invalid("only an order that is there has a version to expect"))
        }
        Kind::Order { .. } | Kind::Preview { .. } => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        domain::reason::Reason,
        protocol::decode::{Unreadable, decode},
    };

    const EXAMPLE: &str = r#"{"id":"c-000000001","type":"place_order","order_id":"o-1","actor":"buyer:u-1","customer_id":"u-1","lines":[{"sku_id":"AC-100","quantity":1}]}"#;

    #[test]
    fn a_field_that_is_there_twice_is_answered_as_invalid() {
        // whatever object it is in, and whichever of the two would count
        let preview = r#"{"id":"c-000000001","type":"preview","actor":"buyer:u-1","order_id":"o-1","command":{"type":"cancel_lines","lines":[1],"lines":[2]}}"#;
        let callback = r#"{"id":"c-000000001","type":"approve_payment","actor":"payment:p","order_id":"o-1","settlements":[{"method":"card","amount":1,"approval":{"approval_id":"a","approval_id":"b"}}]}"#;
        for (input, field) in [
            (&*EXAMPLE.replace("\"quantity\":1", "\"quantity\":1,\"quantity\":5"), "quantity"),
            (&EXAMPLE.replace("\"actor\"", "\"customer_id\":\"u-1\",\"actor\""), "customer_id"),
            (&EXAMPLE.replace("\"actor\"", "\"type\":\"prepare\",\"actor\""), "type"),
            (&EXAMPLE.replace("\"actor\"", "\"reply_to\":\"a\",\"reply_to\":\"b\",\"actor\""), "reply_to"),
            (&EXAMPLE.replace("\"actor\"", "\"id\":\"c-000000001\",\"actor\""), "id"),
            (preview, "lines"),
            (callback, "approval_id"),
        ] {
            match decode(input.as_bytes()) {
                Err(Unreadable::Refused { refusal, .. }) => {
                    assert_eq!(refusal.reason, Reason::Invalid);
                    assert!(refusal.message().contains(&format!("duplicate field `{field}`")), "{input}: {refusal:?}");
                }
                other => panic!("{input} was read as {other:?}"),
            }
        }
        let two = EXAMPLE.replace("\"actor\"", "\"id\":\"c-000000002\",\"actor\"");
        assert!(matches!(decode(two.as_bytes()), Err(Unreadable::Dead { .. })), "nobody knows whom to answer");
    }
}
