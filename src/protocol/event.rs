//! Events as published: the order's history, one object an event, the same event always under the same id.

use std::{borrow::Cow, sync::Arc};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::{
    Time,
    order::event::{EVENT_VERSION, current, may_be_old, published},
};

/// A published event.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Published {
    /// `order_id/sequence`: duplicates carry the same id
    pub event_id: String,
    pub order_id: Arc<str>,
    /// 1, 2, 3 … within the order, without gaps
    pub sequence: i64,
    /// version of the event's form
    pub version: i64,
    pub at: Time,
    pub command_id: Arc<str>,
    /// what happened: `{"type": …}`
    pub event: serde_json::Value,
}

/// Tokens and account numbers stand in events from before they were kept apart: nobody is told those.
fn without_secrets(event: &str) -> Cow<'_, str> {
    if !SECRETS.iter().any(|field| event.contains(field)) {
        return Cow::Borrowed(event);
    }
    let cleaned = serde_json::from_str::<Value>(event).map(|mut value| {
        clean(&mut value);
        value.to_string()
    });
    cleaned.map_or(Cow::Borrowed("{\"type\":\"unreadable\"}"), Cow::Owned)
}

/// As they stand in JSON; within a text their quotes are escaped.
const SECRETS: [&str; 2] = ["\"token\":", "\"account_no\":"];

fn clean(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| name != "token" && name != "account_no");
            fields.values_mut().for_each(clean);
        }
        Value::Array(items) => items.iter_mut().for_each(clean),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Published events, one of them or an array, in this version, and without what older programs published.
pub fn republished(json: &str) -> Cow<'_, str> {
    let json = without_secrets(json);
    if !may_be_old(&json) {
        return json;
    }
    let Ok(mut told) = serde_json::from_str::<Value>(&json) else { return json };
    match &mut told {
        Value::Array(all) => all.iter_mut().for_each(published),
        one @ (Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => published(one),
    }
    Cow::Owned(told.to_string())
}

/// The JSON of a published event, made around the stored event, which is read only where it is of an older version.
pub fn publish(order_id: &str, sequence: i64, version: i64, at: Time, command_id: &str, event: &str) -> String {
    // what this program does not know goes out as it is
    let (event, version) = match current(version, event) {
        Ok(event) => (event, EVENT_VERSION),
        Err(_) => (Cow::Borrowed(event), version),
    };
    let event = &*without_secrets(&event);
    let at = at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let (sequence, version) = (sequence.to_string(), version.to_string());
    // a command id may hold any printable character
    let quoted = command_id.contains(['"', '\\']).then(|| serde_json::Value::from(command_id).to_string());
    let (quote, command_id) = quoted.as_deref().map_or(("\"", command_id), |quoted| ("", quoted));
    [
        "{\"event_id\":\"",
        order_id,
        "/",
        &sequence,
        "\",\"order_id\":\"",
        order_id,
        "\",\"sequence\":",
        &sequence,
        ",\"version\":",
        &version,
        ",\"at\":\"",
        &at,
        "\",\"command_id\":",
        quote,
        command_id,
        quote,
        ",\"event\":",
        event,
        "}",
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the kind: secrets in old histories.
    #[test]
    fn what_old_events_held_is_not_told() {
        let at = Time::from_timestamp_millis(1_000).unwrap();
        for (event, left) in [
            (
                r#"{"type":"payment_approved","settlements":[{"method":"card","amount":1,"approval_id":"a","token":"tok-1"}]}"#,
                r#""approval_id":"a""#,
            ),
            (r#"{"type":"placed","deposit":{"method":"virtual_account","account_no":"110-1","bank_code":"88"}}"#, "88"),
            (r#"{"type":"placement_started","placed":{"paid":[{"token":"tok-1","approval_id":"a"}]}}"#, r#""a""#),
            (r#"{"type":"return_rejected","reason":"the \"token\": is 110"}"#, "token"),
        ] {
            let json = publish("o-1", 2, 1, at, "c-000000001", event);
            assert!(!json.contains("tok-1") && !json.contains("110-1") && json.contains(left), "{json}");
            serde_json::from_str::<Published>(&json).unwrap();
            let several = format!("[{}]", json.replace("\"a\"", "\"a\",\"token\":\"tok-1\""));
            assert!(!republished(&several).contains("tok-1"), "{several}");
        }
    }

    #[test]
    fn what_is_published_reads() {
        for command_id in ["c-000000001", "a\"quoted\"one", "back\\slashes"] {
            let at = Time::from_timestamp_millis(1_000).unwrap();
            let json = publish("o-1", 2, 1, at, command_id, r#"{"type":"prepared"}"#);
            let read: Published = serde_json::from_str(&json).unwrap();
            assert_eq!(
                (&*read.event_id, &*read.order_id, read.sequence, read.version),
                ("o-1/2", "o-1", 2, EVENT_VERSION)
            );
            assert_eq!((&*read.command_id, read.at), (command_id, at));
            assert_eq!(read.event["type"], "prepared");
        }
    }
}
