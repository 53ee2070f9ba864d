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
    // a command id may hold any printable character
    let command_id = serde_json::Value::from(command_id);
    format!(
        "{{\"event_id\":\"{order_id}/{sequence}\",\"order_id\":\"{order_id}\",\"sequence\":{sequence},\
         \"version\":{version},\"at\":\"{at}\",\"command_id\":{command_id},\"event\":{event}}}"
    )
}
