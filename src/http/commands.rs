//! `POST /v1/commands`: any command, answered with its answer. `GET /v1/commands/{id}`: what became of it.

use std::sync::Arc;

use actix_web::{HttpResponse, http::StatusCode, http::header, web};
use serde_json::{Map, Value, json};

use super::Shared;
use crate::{
    domain::{ids::CommandId, reason::Reason},
    log::{Inbound, LogError, crc16::partition_of},
    protocol::{Answer, OutcomeKind, command::Wire},
};

fn problem(status: StatusCode, reason: &str, message: impl Into<String>) -> HttpResponse {
    HttpResponse::build(status).json(json!({ "outcome": "rejected", "reason": reason, "message": message.into() }))
}

fn full(message: impl Into<String>) -> HttpResponse {
    HttpResponse::ServiceUnavailable()
        .insert_header((header::RETRY_AFTER, "1"))
        .json(json!({ "reason": "busy", "message": message.into() }))
}

/// Takes a command, waits for its answer.
pub async fn post(shared: web::Data<Shared>, body: web::Bytes) -> HttpResponse {
    let mut command: Map<String, Value> = match serde_json::from_slice(&body) {
        Ok(Value::Object(command)) => command,
        Ok(_) => return problem(StatusCode::BAD_REQUEST, "invalid", "a command is a JSON object"),
        Err(e) => return problem(StatusCode::BAD_REQUEST, "invalid", format!("not JSON: {e}")),
    };
    let id = match command.get("id").and_then(Value::as_str).map(CommandId::new) {
        Some(Ok(id)) => id,
        Some(Err(e)) => return problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", e.to_string()),
        None => return problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "the command has no id"),
    };
    if command.contains_key("reply_to") {
        return problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "over HTTP the answer comes in the response");
    }
    let partition = partition(&shared, &command);
    let known = command.get("type").and_then(Value::as_str).is_some_and(|t| Wire::NAMES.contains(&t));
    if !known {
        return problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "there is no such command type");
    }
    command.insert("reply_to".into(), Value::from(&*shared.door.name));
    let Some(answer) = shared.door.wait(id.as_str()) else {
        return full("too many commands wait for their answers");
    };
    let raw: Arc<[u8]> = match serde_json::to_vec(&command) {
        Ok(raw) => raw.into(),
        Err(e) => return problem(StatusCode::BAD_REQUEST, "invalid", e.to_string()),
    };
    if let Err(e) = shared.parts.log.append(partition, Inbound::Commands, &[raw]).await {
        drop(answer);
        shared.door.forget(id.as_str());
        return match e {
            LogError::Full(why) | LogError::Unavailable(why) => full(why),
            LogError::Broken(why) => problem(StatusCode::INTERNAL_SERVER_ERROR, "fault", why),
            LogError::Fenced { .. } => full("the partition is being taken over"),
        };
    }
    match tokio::time::timeout(shared.parts.patience, answer).await {
        Ok(Ok(answer)) => respond(&answer),
        Ok(Err(_)) | Err(_) => {
            shared.door.forget(id.as_str());
            let look = format!("/v1/commands/{}", escape(id.as_str()));
            HttpResponse::Accepted()
                .insert_header((header::LOCATION, look.clone()))
                .json(json!({ "command_id": id, "outcome": "pending", "look": look }))
        }
    }
}

/// Percent-encodes what a path segment may not hold.
fn escape(id: &str) -> String {
    let mut text = String::with_capacity(id.len());
    for b in id.bytes() {
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(b));
        } else {
            text.push_str(&format!("%{b:02X}"));
        }
    }
    text
}

fn respond(answer: &Answer) -> HttpResponse {
    let invalid = answer.reason.as_deref() == Some(Reason::Invalid.code());
    let forbidden = answer.reason.as_deref() == Some(Reason::Forbidden.code());
    let status = match answer.outcome {
        OutcomeKind::Accepted => StatusCode::OK,
        OutcomeKind::Rejected if invalid => StatusCode::UNPROCESSABLE_ENTITY,
        OutcomeKind::Rejected if forbidden => StatusCode::FORBIDDEN,
        OutcomeKind::Rejected => StatusCode::CONFLICT,
        OutcomeKind::Failed => StatusCode::INTERNAL_SERVER_ERROR,
    };
    HttpResponse::build(status).json(answer)
}

/// Where the command belongs, as far as the door can tell; a wrong guess is passed on.
fn partition(shared: &Shared, command: &Map<String, Value>) -> u32 {
    let n = shared.parts.partitions;
    let text = |v: Option<&Value>| v.and_then(Value::as_str).map(str::to_owned);
    let known = text(command.get("order_id")).and_then(|o| shared.door.place(&o));
    if let (Some(lane), true) = (known, command.get("type").and_then(Value::as_str) != Some("place_order")) {
        return lane;
    }
    let first = command.get("lines").and_then(Value::as_array).and_then(|l| l.first());
    let first = text(first.and_then(|l| l.get("sku_id"))).or_else(|| text(command.get("sku_id")));
    first.map_or(0, |sku| partition_of(&sku, n))
}

/// What became of an accepted command.
pub async fn look(shared: web::Data<Shared>, path: web::Path<String>) -> HttpResponse {
    let Ok(id) = CommandId::new(&path) else {
        return problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "that is no command id");
    };
    match shared.parts.store.outcomes(std::slice::from_ref(&id)).await {
        Err(e) => full(e.to_string()),
        Ok(found) => match found.first() {
            None => HttpResponse::NotFound().json(json!({
                "command_id": id,
                "reason": "not_accepted",
                "message": "no accepted command has this id: it was refused, is still waiting, or never came; send it again with the same id",
            })),
            Some(o) => HttpResponse::Ok().json(json!({
                "command_id": id,
                "outcome": "accepted",
                "partition": o.partition,
                "order_id": o.order.as_ref().map(|o| o.ord_id.to_string()),
                "order_status": o.order.as_ref().map(|o| o.status.to_string()),
                "order_version": o.order.as_ref().map(|o| o.version),
            })),
        },
    }
}
