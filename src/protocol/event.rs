//! Events as published: the order's history, one object an event, the same event always under the same id.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::Time;

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

/// The JSON of a published event, made around the stored event without reading it.
pub fn publish(order_id: &str, sequence: i64, version: i64, at: Time, command_id: &str, event: &str) -> String {
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

    #[test]
    fn what_is_published_reads() {
        for command_id in ["c-000000001", "a\"quoted\"one", "back\\slashes"] {
            let at = Time::from_timestamp_millis(1_000).unwrap();
            let json = publish("o-1", 2, 1, at, command_id, r#"{"type":"prepared"}"#);
            let read: Published = serde_json::from_str(&json).unwrap();
            assert_eq!((&*read.event_id, &*read.order_id, read.sequence, read.version), ("o-1/2", "o-1", 2, 1));
            assert_eq!((&*read.command_id, read.at), (command_id, at));
            assert_eq!(read.event["type"], "prepared");
        }
    }
}
