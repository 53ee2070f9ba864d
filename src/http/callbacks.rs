//! `POST /v1/payment-callbacks`: the payment service's word. Its credential is the signature over the body; what it says
//! becomes a command with an id made from the event's, so that the same event twice is one command.

use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Shared, commands,
    guard::{Body, note_denied},
    problem::Why,
};
use crate::{
    domain::{
        ids::{CommandId, OrderId},
        money::Won,
    },
    payment,
    protocol::{OutcomeKind, command::WireSettlement, decode::masked, internal::derived_id},
    signature::HEADER,
};

/// What the payment service tells. `event_id` is its own name for it, 1 to 128 printable characters, the same whenever it is
/// told again.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum PaymentEvent {
    /// the whole amount due was approved
    PaymentApproved { event_id: String, order_id: OrderId, settlements: Vec<WireSettlement> },
    /// the payer may try again
    PaymentDeclined {
        event_id: String,
        order_id: OrderId,
        #[serde(default)]
        reason: Option<String>,
    },
    /// the awaited deposit is in
    DepositConfirmed { event_id: String, order_id: OrderId, amount: Won },
    /// the money is back
    RefundDone { event_id: String, order_id: OrderId, refund_key: String },
    /// it is not, and will not be by this try
    RefundFailed { event_id: String, order_id: OrderId, refund_key: String, reason: String },
}

/// An event id's bounds.
const EVENT_ID_MAX: usize = 128;
/// Whose requests they count as, for the rate.
const WHO: &str = "payment-callbacks";

impl PaymentEvent {
    fn id(&self) -> &str {
        match self {
            PaymentEvent::PaymentApproved { event_id, .. }
            | PaymentEvent::PaymentDeclined { event_id, .. }
            | PaymentEvent::DepositConfirmed { event_id, .. }
            | PaymentEvent::RefundDone { event_id, .. }
            | PaymentEvent::RefundFailed { event_id, .. } => event_id,
        }
    }

    /// The command's own fields.
    fn command(&self) -> Value {
        match self {
            PaymentEvent::PaymentApproved { order_id, settlements, .. } => {
                json!({ "type": "approve_payment", "order_id": order_id, "settlements": settlements })
            }
            PaymentEvent::PaymentDeclined { order_id, reason: None, .. } => {
                json!({ "type": "decline_payment", "order_id": order_id })
            }
            PaymentEvent::PaymentDeclined { order_id, reason: Some(why), .. } => {
                json!({ "type": "decline_payment", "order_id": order_id, "reason": payment::reason(why) })
            }
            PaymentEvent::DepositConfirmed { order_id, amount, .. } => {
                json!({ "type": "confirm_deposit", "order_id": order_id, "amount": amount })
            }
            PaymentEvent::RefundDone { order_id, refund_key, .. } => {
                json!({ "type": "confirm_refund", "order_id": order_id, "refund_key": refund_key })
            }
            PaymentEvent::RefundFailed { order_id, refund_key, reason, .. } => {
                let reason = payment::reason(reason);
                json!({ "type": "fail_refund", "order_id": order_id, "refund_key": refund_key, "reason": reason })
            }
        }
    }
}

/// `POST /v1/payment-callbacks`.
pub async fn post(shared: web::Data<Shared>, request: HttpRequest, body: Body) -> HttpResponse {
    let (response, outcome) = match told(&shared, &request, &body.0).await {
        Ok(taken) => taken,
        Err(refusal) => {
            let outcome = if refusal.status().is_server_error() { "later" } else { "refused" };
            (refusal, outcome)
        }
    };
    metrics::counter!("jumun_payment_callbacks_total", "outcome" => outcome).increment(1);
    response
}

async fn told(
    shared: &Shared,
    request: &HttpRequest,
    body: &[u8],
) -> Result<(HttpResponse, &'static str), HttpResponse> {
    let event = signed(shared, request, body)?;
    let text = derived_id("callback", &[event.id()]);
    let fault = |e: String| {
        tracing::error!(error = e, "a call-back could not become a command");
        Why::Fault.response("the call-back could not become a command")
    };
    let id = CommandId::new(&text).map_err(|e| fault(e.to_string()))?;
    let Value::Object(mut command) = event.command() else { return Err(fault("it is no object".into())) };
    command.extend(Map::from_iter([
        ("id".to_owned(), text.into()),
        ("actor".to_owned(), payment::ACTOR.into()),
        ("reply_to".to_owned(), Value::from(&*shared.door.name)),
    ]));
    commands::no_card(&command)?;
    let partition = commands::partition(shared, &command);
    let again = || Why::Busy.response("it is not decided yet; tell it again");
    let answer = commands::deliver(shared, &id, partition, &command).await?.ok_or_else(again)?;
    let outcome = match answer.outcome {
        OutcomeKind::Accepted => "accepted",
        OutcomeKind::Rejected => {
            // telling it again would change nothing, but money may have moved that no order knows of
            let (order, reason) = (answer.order_id.as_deref(), answer.reason.as_deref());
            tracing::warn!(event = event.id(), order, reason, "the payment service's word was rejected");
            "rejected"
        }
        OutcomeKind::Failed => return Err(again()),
    };
    Ok((HttpResponse::Ok().json(answer), outcome))
}

/// The event, once it is known from whom it is.
fn signed(shared: &Shared, request: &HttpRequest, body: &[u8]) -> Result<PaymentEvent, HttpResponse> {
    let Some(secret) = &shared.parts.payments_secret else {
        return Err(Why::NotFound.response("no call-backs are taken here: this server has no payments secret"));
    };
    let header = request.headers().get(HEADER).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if let Err(doubt) = secret.check(shared.parts.clock.now(), header, body) {
        note_denied(request, WHO, &doubt.to_string());
        return Err(Why::BadSignature.response(doubt.to_string()));
    }
    shared.rates.take(WHO, shared.parts.rate)?;
    let event: PaymentEvent = serde_json::from_slice(body).map_err(|e| {
        let why = if e.is_data() { Why::Invalid } else { Why::NotJson };
        why.response(masked(&e.to_string()))
    })?;
    let id = event.id();
    if !(1..=EVENT_ID_MAX).contains(&id.len()) || !id.chars().all(|c| c.is_ascii_graphic()) {
        return Err(Why::Invalid.response(format!("an event_id is 1 to {EVENT_ID_MAX} printable characters")));
    }
    Ok(event)
}
