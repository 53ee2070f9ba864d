//! Whose a dead letter is: it holds a command as it came, readable or not.

use std::{borrow::Cow, collections::HashSet};

use serde_json::Value;

use crate::{
    domain::ids,
    log::{DEAD_COMMAND_BYTES_MAX, Inbound},
    protocol::{decode::decode_internal, internal::Internal, strict},
};

/// A customer, and the orders that are theirs or were made for theirs.
#[derive(Debug, Clone, Copy)]
pub struct Whose<'a> {
    pub customer: &'a str,
    pub orders: &'a HashSet<String>,
}

/// Whom a command names.
#[derive(Debug, Default)]
struct Named {
    /// a customer; whether this one
    person: Option<bool>,
    /// an order; whether one of theirs
    order: Option<bool>,
}

impl Whose<'_> {
    /// Whether a letter that came by this stream is theirs. A lane's own step is nobody's: it holds ids only, and what it was to
    /// do would be lost with it; but it may be a command that was passed on.
    pub fn is(&self, stream: Option<Inbound>, command: &str) -> bool {
        if stream.is_none_or(|stream| !stream.produced()) {
            match decode_internal(command.as_bytes()) {
                Ok(Internal::PassedOn { command, .. }) => return self.says(&command),
                Ok(_) => return false,
                Err(_) => {}
            }
        }
        self.says(command)
    }

    /// Whether a command is theirs: the customer that it names says so; where it names none, the order that it is about; where
    /// it names neither or can't be read, whether it has an id of theirs anywhere.
    fn says(&self, command: &str) -> bool {
        let Ok(read) = strict::value(command.as_bytes()) else { return self.is_in(command) };
        let mut named = Named::default();
        self.look(&read, &mut named);
        named.person.or(named.order).unwrap_or_else(|| self.is_in(command))
    }

    fn look(&self, value: &Value, named: &mut Named) {
        match value {
            Value::Object(fields) => {
                let text = |field: &str| fields.get(field).and_then(Value::as_str);
                let actor = text("actor").and_then(|a| a.split_once(':'));
                let buyer = actor.filter(|(role, _)| *role == "buyer").map(|(_, who)| who);
                // a business that orders for itself is no customer, whatever it is called
                let itself =
                    |id: &&str| actor.is_none_or(|(role, who)| !matches!(role, "partner" | "seller") || who != *id);
                let found = |known: &mut Option<bool>, theirs: bool| *known = Some(known.unwrap_or(false) || theirs);
                for id in [text("customer_id").filter(itself), buyer].into_iter().flatten() {
                    found(&mut named.person, id == self.customer);
                }
                for id in ["order_id", "linked_order_id"].into_iter().filter_map(text) {
                    found(&mut named.order, self.orders.contains(id));
                }
                fields.values().for_each(|v| self.look(v, named));
            }
            Value::Array(items) => items.iter().for_each(|v| self.look(v, named)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// Whether an id of theirs stands in a text: from one end of it to the other, since `u-1` is not `u-10`.
    fn is_in(&self, text: &str) -> bool {
        let cut = text.len() >= DEAD_COMMAND_BYTES_MAX;
        let text = unescaped(text);
        let mut runs: Vec<&str> = text.split(|c| !ids::in_alphabet(c)).collect();
        if cut {
            // the rest was not kept: nobody knows how its last word ends
            runs.pop();
        }
        runs.iter().any(|run| {
            let who = run.strip_prefix("buyer:").unwrap_or(run);
            *run == self.customer || who == self.customer || self.orders.contains(*run)
        })
    }
}

/// A text with its `\u…` of ASCII as they are meant: an id may be written so.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains("\\u00") {
        return text.into();
    }
    let mut parts = text.split("\\u00");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(u8::is_ascii) {
            Some(byte) => {
                plain.push(char::from(byte));
                plain.push_str(part.get(2..).unwrap_or_default());
            }
            None => {
                plain.push_str("\\u00");
                plain.push_str(part);
            }
        }
    }
    plain.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn theirs(command: &str) -> bool {
        by(Some(Inbound::Commands), command)
    }

    fn by(stream: Option<Inbound>, command: &str) -> bool {
        let orders = HashSet::from(["o-1".to_owned()]);
        Whose { customer: "u-1", orders: &orders }.is(stream, command)
    }

    #[test]
    fn a_letter_is_theirs_by_its_customer_its_buyer_or_its_order() {
        for yes in [
            r#"{"customer_id":"u-1"}"#,
            r#"{"actor":"buyer:u-1","order_id":"o-9"}"#,
            r#"{"actor":"operator:boss","type":"set_shipping_address","order_id":"o-1","recipient":{"name":"김"}}"#,
            r#"{"actor":"seller:p-1","order_id":"o-1"}"#,
            r#"{"type":"preview","order_id":"o-1","command":{"type":"set_shipping_address"}}"#,
            r#"{"type":"preview","command":{"customer_id":"u-1"}}"#,
            r#"{"command":{"order_id":"o-1"}}"#,
            r#"{"customer":"u-1","recipient":{"name":"김"}}"#,
            r#"{"customer_id":"u-1","customer_id":"u-2"}"#,
        ] {
            assert!(theirs(yes), "{yes}");
        }
        for no in [
            r#"{"customer_id":"u-10"}"#,
            r#"{"customer_id":"u-2","order_id":"o-1"}"#,
            r#"{"actor":"buyer:u-10","order_id":"o-10"}"#,
            r#"{"order_id":"o-10","sku_id":"u-1"}"#,
            r#"{"actor":"partner:u-1","customer_id":"u-1","order_id":"o-7"}"#,
            r#"{"customer":"u-10","note":"xu-1"}"#,
            r#"{}"#,
        ] {
            assert!(!theirs(no), "{no}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_theirs_by_a_whole_id() {
        for yes in [
            r#"{"customer_id":"u-1","recipient":{"name":"김"}"#,
            r#"{"actor":"buyer:u-1""#,
            r#"{"order_id":"o-1","#,
            "u-1",
            r#"{"customer_id":"\u0075-\u0031","#,
            "customer_id=u-1&x",
        ] {
            assert!(theirs(yes), "{yes}");
        }
        for no in [
            r#"{"customer_id":"u-10","#,
            r#"{"customer_id":"xu-1","#,
            r#"{"customer_id":"shop:u-1","#,
            r#"{"order_id":"o-1/2","#,
            "",
        ] {
            assert!(!theirs(no), "{no}");
        }
        // cut where it ends: nobody knows whether that is u-1 or u-10
        let cut = format!("{{\"note\":\"{}\",\"customer_id\":\"u-1", "x".repeat(DEAD_COMMAND_BYTES_MAX));
        assert!(!theirs(&cut));
        assert!(theirs(&format!("{{\"customer_id\":\"u-1\",\"note\":\"{}", "x".repeat(DEAD_COMMAND_BYTES_MAX))));
    }

    #[test]
    fn a_lanes_own_step_stays_but_not_a_command_that_it_passes_on() {
        let step = |what: &str| format!(r#"{{"type":"{what}","order_id":"o-1"}}"#);
        assert!(!by(Some(Inbound::Internal), &step("due")));
        assert!(!by(None, &step("due")), "of a letter from before the stream was kept, too");
        assert!(theirs(&step("due")), "a producer's is what it says");
        let passed = |command: &str| {
            Internal::PassedOn { at_ms: 1, hops: 1, origin: "1-0".into(), command: command.into() }.json()
        };
        for (command, is) in [(r#"{"customer_id":"u-1"}"#, true), (r#"{"customer_id":"u-2"}"#, false), ("{u-1", true)] {
            assert_eq!(by(Some(Inbound::Internal), &passed(command)), is, "{command}");
        }
    }
}
