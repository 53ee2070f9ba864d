//! `POST /v1/commands`: any command, answered with its answer. `GET /v1/commands/{id}`: what became of it.

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    AppState, audit,
    caller::Caller,
    desks,
    folds::FoldFor,
    front::IDEMPOTENCY_KEY,
    guard::{Body, deny, note_denied, says},
    problem::{self, ApiError, ProblemKind},
    scope::{self, SentAs},
    tokens::Says,
};
use crate::{
    domain::{ids::CommandId, reason::Reason},
    history::replay,
    log::{Inbound, LogError, crc16::partition_of},
    protocol::{
        Answer, OutcomeKind, Unreadable, cards,
        command::Wire,
        decode::{self, COMMAND_BYTES_MAX, no_command},
        internal::is_payments,
        strict,
    },
};

/// A JSON object.
///
/// # Errors
/// When it is anything else.
pub fn object(body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    match strict::value(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(ProblemKind::NotJson.error("a command is a JSON object")),
        // a name may hold what is not told again
        Err(e) if strict::is_duplicate(&e) => Err(ProblemKind::Invalid.error(decode::masked(&e.to_string()))),
        Err(e) => Err(ProblemKind::NotJson.error(format!("not JSON: {e}"))),
    }
}

/// `POST /v1/commands`.
pub async fn post(
    shared: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    submit(&shared, &request, &caller, object(&body.0)?).await
}

/// `POST /v1/commands/{type}`: the same, its type in the path.
pub async fn typed(
    shared: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    kind: web::Path<String>,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    if !Wire::NAMES.contains(&kind.as_str()) {
        return Err(ProblemKind::NotFound.error(no_command(&kind)));
    }
    let mut command = object(&body.0)?;
    said(&mut command, "type", &kind)?;
    submit(&shared, &request, &caller, command).await
}

/// What the path says: the body need not, and may not say otherwise.
///
/// # Errors
/// When the body says otherwise.
pub fn said(command: &mut Map<String, Value>, field: &str, value: &str) -> Result<(), ApiError> {
    let given = command.insert(field.to_owned(), value.into());
    if given.is_some_and(|given| given != value) {
        return Err(ProblemKind::Invalid.error(format!("the body's {field} is not the path's")));
    }
    Ok(())
}

/// Takes a command, waits for its answer.
///
/// # Errors
/// When it is refused before it is sent, or can't be sent.
pub async fn submit(
    shared: &AppState,
    request: &HttpRequest,
    caller: &Caller,
    command: Map<String, Value>,
) -> Result<HttpResponse, ApiError> {
    let addressed = addressed(shared, request, caller, command).await?;
    send(shared, request, caller, addressed).await
}

/// A command with all of its envelope, where it belongs, and whether it is in the audit.
struct Addressed {
    id: CommandId,
    partition: u32,
    command: Map<String, Value>,
    noted: Option<audit::Noted>,
}

async fn addressed(
    shared: &AppState,
    request: &HttpRequest,
    caller: &Caller,
    mut command: Map<String, Value>,
) -> Result<Addressed, ApiError> {
    let invalid = |why: &str| ProblemKind::Invalid.error(why);
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
    if let Some(version) = condition(request)? {
        let given = command.insert("expected_version".into(), version.into());
        if given.is_some_and(|given| given != version) {
            return Err(invalid("the body's expected_version is not the version of If-Match"));
        }
    }
    if command.contains_key("reply_to") {
        return Err(invalid("over HTTP the answer comes in the response"));
    }
    let kind = command.get("type").and_then(Value::as_str).unwrap_or_default();
    let Some((name, may)) = Wire::ROLES.iter().find(|(name, _)| *name == kind) else {
        return Err(invalid("there is no such command type"));
    };
    if !matches!(caller, Caller::Anyone) {
        let mut actors = caller.actors(name, may);
        if let (Caller::Operator { role, .. }, Some(within)) = (caller, command.get("command")) {
            // a preview is judged as what is in it; what that is not the lane says
            let within = within.get("type").and_then(Value::as_str).unwrap_or_default();
            actors.retain(|_| desks::sends(*role, within));
        }
        let Some(usual) = actors.first() else {
            return Err(deny(request, caller.name(), &format!("{name} is not for this token")));
        };
        let named = command.contains_key("actor");
        match command.get("actor").and_then(Value::as_str) {
            None => drop(command.insert("actor".into(), usual.as_str().into())),
            Some(actor) if actors.iter().any(|a| a == actor) => {}
            Some(_) => {
                let why = format!("this token speaks as {}", actors.join(" or "));
                return Err(deny(request, caller.name(), &why));
            }
        }
        let sent_as = scope::check(shared, request, caller, name, &command).await?;
        // it buys as a business: a customer of its name is somebody else
        let partner = actors.iter().find(|a| a.starts_with("partner:"));
        if sent_as == SentAs::Buyer
            && !named
            && let Some(partner) = partner
        {
            command.insert("actor".into(), partner.as_str().into());
        }
    }
    if says_paid(&command) {
        match says(request) {
            Says::Payments => {}
            Says::Buyers if *name == "approve_payment" => drop(command.insert("verified".into(), false.into())),
            Says::Buyers => {}
            Says::Nothing => return Err(deny(request, caller.name(), "this token may not say that money came in")),
        }
    }
    no_card(&command)?;
    let noted = audit::command(shared, request, caller, &command).await?;
    let partition = partition(shared, &command);
    command.insert("reply_to".into(), Value::from(&*shared.answers.name));
    Ok(Addressed { id, partition, command, noted })
}

/// The version that `If-Match` names: the number in an order's `ETag`. `*` asks for nothing but that there is an order, as
/// every command does.
fn condition(request: &HttpRequest) -> Result<Option<u32>, ApiError> {
    let Some(tag) = request.headers().get(header::IF_MATCH) else { return Ok(None) };
    let text = tag.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    // a proxy that compresses makes an ETag weak; a version is the same version all the same
    let number = text.strip_prefix("W/").unwrap_or(text).strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    // what is shown of persons is nothing to a command
    let parts = number.map(|n| n.split_once('-').unwrap_or((n, "0")));
    let fits = |(version, mark): &(&str, &str)| {
        version.bytes().all(|b| b.is_ascii_digit()) && !mark.is_empty() && mark.bytes().all(|b| b.is_ascii_hexdigit())
    };
    let version = parts.filter(fits).and_then(|(version, _)| version.parse().ok());
    let invalid = || ProblemKind::Invalid.error("If-Match is one ETag of an order: its version in quotes");
    version.map(Some).ok_or_else(invalid)
}

/// Whether a command says that money came in.
fn says_paid(command: &Map<String, Value>) -> bool {
    let kind = |v: Option<&Value>| v.and_then(Value::as_str).map(str::to_owned);
    match kind(command.get("type")).as_deref() {
        Some("approve_payment" | "confirm_deposit") => true,
        Some("place_order") => {
            // whatever is no deposit, in the words of the protocol or not
            let offered = command.get("payment").and_then(Value::as_object);
            offered.is_some_and(|p| kind(p.get("kind")).as_deref() != Some("deposit"))
        }
        _ => false,
    }
}

/// A command that would be refused for a card number in it goes no further: in the stream it would be kept for a while.
///
/// # Errors
/// When there is one in it.
pub fn no_card(command: &Map<String, Value>) -> Result<(), ApiError> {
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
    let raw = serde_json::to_vec(command).map_err(|e| ProblemKind::NotJson.error(e.to_string()))?;
    match decode::decode(&raw) {
        Ok(_) => Ok(()),
        Err(Unreadable::Refused { refusal, .. }) => Err(ProblemKind::Invalid.error(refusal.message())),
        Err(Unreadable::Dead { reason }) => Err(ProblemKind::Invalid.error(reason)),
    }
}

async fn send(
    shared: &AppState,
    request: &HttpRequest,
    caller: &Caller,
    Addressed { id, partition, command, noted }: Addressed,
) -> Result<HttpResponse, ApiError> {
    let delivered = deliver(shared, &id, partition, &command).await;
    // once somebody is at work on it, the same command may be taken yet
    let early = |a: &Answer| a.reason.as_deref() == Some(Reason::TryAgain.code());
    let nothing_done = match &delivered {
        Ok(Some(answer)) => answer.outcome == OutcomeKind::Rejected && !early(answer),
        Ok(None) => false,
        Err(unsent) => unsent.surely,
    };
    if let Some(noted) = noted.filter(|_| nothing_done) {
        noted.refused(shared).await;
    }
    let Some(answer) = delivered.map_err(|unsent| unsent.error)? else { return Ok(pending(&id)) };
    let answer = scope::heard(shared, caller, answer).await?;
    if answer.reason.as_deref() == Some(Reason::Forbidden.code()) {
        note_denied(request, caller.name(), "the lane: this actor may not send this command");
    }
    Ok(respond(&answer))
}

/// A command that was not sent, or is not known to be.
#[derive(Debug)]
pub struct Unsent {
    pub error: ApiError,
    /// it was not
    surely: bool,
}

impl Unsent {
    fn surely(error: ApiError) -> Self {
        Self { error, surely: true }
    }

    fn perhaps(error: ApiError) -> Self {
        Self { error, surely: false }
    }
}

fn pending(id: &CommandId) -> HttpResponse {
    let look = format!("/v1/commands/{}", escape(id.as_str()));
    HttpResponse::Accepted()
        .insert_header((header::LOCATION, look.clone()))
        .json(json!({ "command_id": id, "outcome": "pending", "look": look }))
}

/// Sends a command that is whole, and waits for its answer; `None`: not within the HTTP API's patience.
///
/// # Errors
/// When it could not be sent.
pub async fn deliver(
    shared: &AppState,
    id: &CommandId,
    partition: u32,
    command: &Map<String, Value>,
) -> Result<Option<Arc<Answer>>, Unsent> {
    let raw: Arc<[u8]> = match serde_json::to_vec(command) {
        Ok(raw) => raw.into(),
        Err(e) => return Err(Unsent::surely(ProblemKind::NotJson.error(e.to_string()))),
    };
    // with what the HTTP API adds; a longer one would be a dead letter, and never be answered
    if raw.len() > COMMAND_BYTES_MAX {
        let why = format!("a command is at most {COMMAND_BYTES_MAX} bytes, with its envelope");
        return Err(Unsent::surely(ProblemKind::TooLarge.error(why)));
    }
    let digest = decode::decode(&raw).ok().map(|command| command.digest);
    let Some(waiting) = shared.answers.wait(id.as_str(), digest) else {
        return Err(Unsent::surely(ProblemKind::Busy.error("too many commands wait for their answers")));
    };
    let fault = |why: &str| {
        tracing::error!(command_id = id.as_str(), why, "a command could not be sent");
        ProblemKind::Fault.error("the command log can't be used")
    };
    let entry = shared.parts.log.append(partition, Inbound::Commands, &[raw]).await.map_err(|e| match e {
        LogError::Full(_) => Unsent::surely(e.into()),
        LogError::Unavailable(_) => Unsent::perhaps(e.into()),
        LogError::Broken(why) => Unsent::perhaps(fault(&why)),
        LogError::Fenced { .. } => Unsent::perhaps(ProblemKind::Busy.error("the partition is being taken over")),
    })?;
    let entry = entry.first().ok_or_else(|| Unsent::perhaps(fault("the log names no entry")))?;
    Ok(waiting.of(*entry, shared.parts.patience).await)
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
    let early = answer.reason.as_deref() == Some(Reason::TryAgain.code());
    let quarantined = answer.reason.as_deref() == Some(Reason::Quarantined.code());
    let forbidden = answer.reason.as_deref() == Some(Reason::Forbidden.code());
    let moved_on = answer.reason.as_deref() == Some(Reason::VersionMismatch.code());
    let status = match answer.outcome {
        OutcomeKind::Accepted => StatusCode::OK,
        OutcomeKind::Rejected if early => StatusCode::SERVICE_UNAVAILABLE,
        OutcomeKind::Rejected if quarantined => StatusCode::TOO_MANY_REQUESTS,
        OutcomeKind::Rejected if invalid => StatusCode::UNPROCESSABLE_ENTITY,
        OutcomeKind::Rejected if moved_on => StatusCode::PRECONDITION_FAILED,
        OutcomeKind::Rejected if forbidden => StatusCode::FORBIDDEN,
        OutcomeKind::Rejected => StatusCode::CONFLICT,
        OutcomeKind::Failed => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let mut response = HttpResponse::build(status);
    if quarantined {
        response.insert_header((header::RETRY_AFTER, "60"));
    }
    if early {
        response.insert_header((header::RETRY_AFTER, AGAIN_AFTER_SECONDS));
    }
    response.json(answer)
}

/// When a command that came too early may come again.
const AGAIN_AFTER_SECONDS: &str = "1";

/// Where the command belongs, as far as the HTTP API can tell; a wrong guess is passed on.
pub fn partition(shared: &AppState, command: &Map<String, Value>) -> u32 {
    let n = shared.parts.partitions;
    let text = |v: Option<&Value>| v.and_then(Value::as_str).map(str::to_owned);
    let known = text(command.get("order_id")).and_then(|o| shared.answers.place(&o));
    if let (Some(lane), true) = (known, command.get("type").and_then(Value::as_str) != Some("place_order")) {
        return lane;
    }
    let first = command.get("lines").and_then(Value::as_array).and_then(|l| l.first());
    let first = text(first.and_then(|l| l.get("sku_id"))).or_else(|| text(command.get("sku_id")));
    first.map_or(0, |sku| partition_of(&sku, n))
}

/// What became of a command that was taken.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CommandState {
    pub command_id: String,
    /// `rejected`: a placement over several lanes that was refused in the end
    pub outcome: OutcomeKind,
    pub partition: u32,
    pub order_id: Option<String>,
    pub order_status: Option<String>,
    pub order_version: Option<i64>,
    pub reason: Option<String>,
    pub message: Option<String>,
}

impl From<Answer> for CommandState {
    fn from(a: Answer) -> Self {
        Self {
            command_id: a.command_id.to_string(),
            outcome: a.outcome,
            partition: a.partition,
            order_id: a.order_id.map(|o| o.to_string()),
            order_status: a.order_status.map(Into::into),
            order_version: a.order_version,
            reason: a.reason.map(Into::into),
            message: a.message,
        }
    }
}

/// `GET /v1/commands/{id}`: what became of a command that was taken.
pub async fn look(
    shared: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    path: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    // a command's type is sent to here; it is looked at only if it is some command's id, too
    let unheard = || problem::only("POST", "a command of this type is sent by POST");
    let Ok(id) = CommandId::new(&path) else {
        if Wire::NAMES.contains(&path.as_str()) {
            return Err(unheard());
        }
        return Err(ProblemKind::Invalid.error("that is no command id"));
    };
    let unknown = || {
        ProblemKind::NotFound.error(
            "no accepted command has this id: it was refused, is still waiting, or never came; send it again with the \
             same id",
        )
    };
    let unknown = || if Wire::NAMES.contains(&id.as_str()) { unheard() } else { unknown() };
    let found = shared.parts.store.outcomes(std::slice::from_ref(&id)).await?;
    let o = found.first().ok_or_else(unknown)?;
    let Some(at) = &o.order else {
        if matches!(caller, Caller::Checkout { .. } | Caller::Partner { .. }) {
            return Err(unknown());
        }
        return Ok(HttpResponse::Ok().json(CommandState {
            command_id: id.to_string(),
            outcome: OutcomeKind::Accepted,
            partition: o.partition,
            order_id: None,
            order_status: None,
            order_version: None,
            reason: None,
            message: None,
        }));
    };
    let folded = scope::folded(&shared, FoldFor::Reader(&caller.actor()), &at.ord_id).await?.ok_or_else(unknown)?;
    if scope::sight(&caller, &folded).is_none() {
        note_denied(&request, caller.name(), "somebody else's command");
        return Err(unknown());
    }
    let a = folded.applied.iter().find(|a| *a.command_id == *id.as_str()).ok_or_else(unknown)?;
    // the same as its answer said, or will say
    Ok(match replay::answer(a, &at.ord_id, o.partition, &a.digest, "".into()) {
        None => pending(&id),
        Some(answer) => HttpResponse::Ok().json(CommandState::from(answer)),
    })
}
