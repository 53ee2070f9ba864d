//! `POST /v1/commands`: any command, answered with its answer. `GET /v1/commands/{id}`: what became of it.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use serde_json::{Map, Value, json};

use super::{
    Shared,
    guard::{Body, caller, deny},
    orders::theirs,
    problem::{self, Why},
    tokens::Caller,
};
use crate::{
    domain::{ids::CommandId, reason::Reason},
    log::{Inbound, LogError, crc16::partition_of},
    protocol::{Answer, OutcomeKind, Unreadable, cards, command::Wire, decode, internal::is_payments},
};

/// A command's id where its body has none.
const IDEMPOTENCY_KEY: header::HeaderName = header::HeaderName::from_static("idempotency-key");

/// A JSON object.
///
/// # Errors
/// The response that refuses anything else.
pub fn object(body: &[u8]) -> Result<Map<String, Value>, HttpResponse> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Why::NotJson.response("a command is a JSON object")),
        Err(e) => Err(Why::NotJson.response(format!("not JSON: {e}"))),
    }
}

/// `POST /v1/commands`.
pub async fn post(shared: web::Data<Shared>, request: HttpRequest, body: Body) -> HttpResponse {
    match object(&body.0) {
        Ok(command) => submit(&shared, &request, command).await,
        Err(refusal) => refusal,
    }
}

/// Takes a command, waits for its answer.
pub async fn submit(shared: &Shared, request: &HttpRequest, command: Map<String, Value>) -> HttpResponse {
    match addressed(shared, request, command).await {
        Ok((id, partition, command)) => send(shared, &id, partition, &command).await,
        Err(refusal) => refusal,
    }
}

/// A command with all of its envelope, and where it belongs.
type Addressed = (CommandId, u32, Map<String, Value>);

async fn addressed(
    shared: &Shared,
    request: &HttpRequest,
    mut command: Map<String, Value>,
) -> Result<Addressed, HttpResponse> {
    let invalid = |why: &str| Why::Invalid.response(why);
    if let (None, Some(key)) = (command.get("id"), request.headers().get(IDEMPOTENCY_KEY)) {
        let key = key.to_str().map_err(|_| invalid("the Idempotency-Key is no command id"))?;
        command.insert("id".into(), key.into());
    }
    let id = match command.get("id").and_then(Value::as_str).map(CommandId::new) {
        Some(Ok(id)) => id,
        Some(Err(e)) => return Err(invalid(&e.to_string())),
        None => return Err(invalid("the command has no id, and the request no Idempotency-Key")),
    };
    if is_payments(id.as_str()) {
        return Err(invalid("an id that begins so is kept for the payment side's word"));
    }
    if command.contains_key("reply_to") {
        return Err(invalid("over HTTP the answer comes in the response"));
    }
    let kind = command.get("type").and_then(Value::as_str).unwrap_or_default();
    let Some((name, may)) = Wire::ROLES.iter().find(|(name, _)| *name == kind) else {
        return Err(invalid("there is no such command type"));
    };
    let caller = caller(request);
    if !matches!(caller, Caller::Anyone) {
        let actors = caller.actors(name, may);
        let Some(usual) = actors.first() else {
            return Err(deny(request, caller.name(), &format!("{name} is not for this token")));
        };
        match command.get("actor").and_then(Value::as_str) {
            None => drop(command.insert("actor".into(), usual.as_str().into())),
            Some(actor) if actors.iter().any(|a| a == actor) => {}
            Some(_) => {
                let why = format!("this token speaks as {}", actors.join(" or "));
                return Err(deny(request, caller.name(), &why));
            }
        }
        of_theirs(shared, request, &caller, name, &command).await?;
    }
    no_card(&command)?;
    let partition = partition(shared, &command);
    command.insert("reply_to".into(), Value::from(&*shared.door.name));
    Ok((id, partition, command))
}

/// A command that would be refused for a card number in it goes no further: in the stream it would be kept for a while.
fn no_card(command: &Map<String, Value>) -> Result<(), HttpResponse> {
    fn holds(value: &Value) -> bool {
        match value {
            Value::String(text) => cards::holds(text),
            Value::Number(number) => cards::holds(&number.to_string()),
            Value::Array(items) => items.iter().any(holds),
            Value::Object(fields) => fields.iter().any(|(name, value)| cards::holds(name) || holds(value)),
            Value::Null | Value::Bool(_) => false,
        }
    }
    if !command.iter().any(|(name, value)| cards::holds(name) || holds(value)) {
        return Ok(());
    }
    // an id may look like one
    let raw = serde_json::to_vec(command).map_err(|e| Why::NotJson.response(e.to_string()))?;
    match decode(&raw) {
        Ok(_) => Ok(()),
        Err(Unreadable::Refused { refusal, .. }) => Err(Why::Invalid.response(refusal.message())),
        Err(Unreadable::Dead { reason }) => Err(Why::Invalid.response(reason)),
    }
}

/// A checkout or a partner sends commands to its own orders only; what there is not, the lane says.
async fn of_theirs(
    shared: &Shared,
    request: &HttpRequest,
    caller: &Caller,
    name: &str,
    command: &Map<String, Value>,
) -> Result<(), HttpResponse> {
    let text = |field: &str| command.get(field).and_then(Value::as_str);
    match caller {
        Caller::Checkout { customer, .. } if name == "place_order" => {
            let own = customer.as_ref().map(|c| c.as_str());
            if text("customer_id") != own {
                return Err(deny(request, caller.name(), "a checkout orders for its own customer"));
            }
            Ok(())
        }
        Caller::Checkout { .. } | Caller::Partner { .. } => match text("order_id") {
            Some(id) => theirs(shared, request, caller, id).await.map(drop),
            None => Ok(()),
        },
        Caller::Anyone
        | Caller::Payment { .. }
        | Caller::Operator { .. }
        | Caller::Auditor { .. }
        | Caller::Metrics => Ok(()),
    }
}

async fn send(shared: &Shared, id: &CommandId, partition: u32, command: &Map<String, Value>) -> HttpResponse {
    match deliver(shared, id, partition, command).await {
        Ok(Some(answer)) => respond(&answer),
        Ok(None) => {
            let look = format!("/v1/commands/{}", escape(id.as_str()));
            HttpResponse::Accepted()
                .insert_header((header::LOCATION, look.clone()))
                .json(json!({ "command_id": id, "outcome": "pending", "look": look }))
        }
        Err(refusal) => refusal,
    }
}

/// Sends a command that is whole, and waits for its answer; `None`: not within the door's patience.
///
/// # Errors
/// The response, when it could not be sent.
pub async fn deliver(
    shared: &Shared,
    id: &CommandId,
    partition: u32,
    command: &Map<String, Value>,
) -> Result<Option<Arc<Answer>>, HttpResponse> {
    let Some(answer) = shared.door.wait(id.as_str()) else {
        return Err(Why::Busy.response("too many commands wait for their answers"));
    };
    let raw: Arc<[u8]> = match serde_json::to_vec(command) {
        Ok(raw) => raw.into(),
        Err(e) => return Err(Why::NotJson.response(e.to_string())),
    };
    if let Err(e) = shared.parts.log.append(partition, Inbound::Commands, &[raw]).await {
        drop(answer);
        shared.door.forget(id.as_str());
        return Err(match e {
            LogError::Full(_) | LogError::Unavailable(_) => problem::log(&e),
            LogError::Broken(why) => {
                tracing::error!(command_id = id.as_str(), why, "a command could not be sent");
                Why::Fault.response("the command log can't be used")
            }
            LogError::Fenced { .. } => Why::Busy.response("the partition is being taken over"),
        });
    }
    match tokio::time::timeout(shared.parts.patience, answer).await {
        Ok(Ok(answer)) => Ok(Some(answer)),
        Ok(Err(_)) | Err(_) => {
            shared.door.forget(id.as_str());
            Ok(None)
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
pub fn partition(shared: &Shared, command: &Map<String, Value>) -> u32 {
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

/// `GET /v1/commands/{id}`: what became of an accepted command.
pub async fn look(shared: web::Data<Shared>, request: HttpRequest, path: web::Path<String>) -> HttpResponse {
    let Ok(id) = CommandId::new(&path) else {
        return Why::Invalid.response("that is no command id");
    };
    let unknown = || {
        Why::NotFound.response(
            "no accepted command has this id: it was refused, is still waiting, or never came; send it again with the \
             same id",
        )
    };
    let found = match shared.parts.store.outcomes(std::slice::from_ref(&id)).await {
        Ok(found) => found,
        Err(e) => return problem::store(&e),
    };
    let Some(o) = found.first() else { return unknown() };
    let caller = caller(&request);
    if matches!(caller, Caller::Checkout { .. } | Caller::Partner { .. }) {
        let Some(order) = &o.order else { return unknown() };
        if theirs(&shared, &request, &caller, &order.ord_id).await.is_err() {
            return unknown();
        }
    }
    HttpResponse::Ok().json(json!({
        "command_id": id,
        "outcome": "accepted",
        "partition": o.partition,
        "order_id": o.order.as_ref().map(|o| o.ord_id.to_string()),
        "order_status": o.order.as_ref().map(|o| o.status.to_string()),
        "order_version": o.order.as_ref().map(|o| o.version),
    }))
}
