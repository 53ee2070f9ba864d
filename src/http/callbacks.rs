//! `POST /v1/payment-callbacks`: the payment service's word. Its credential is the signature over the body; what it says
//! becomes a command with an id made from the event's, so that the same event twice is one command.

use std::sync::Arc;

use actix_web::{
    HttpRequest, ResponseError as _,
    http::header::{self, HeaderValue},
    web::{self, Json},
};
use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    AppState,
    caller::Caller,
    commands, figures,
    folds::FoldFor,
    guard::{Body, note_denied},
    problem::{ApiError, ProblemKind},
    scope,
};
use crate::{
    domain::{
        Time,
        ids::{CommandId, OrderId},
        money::Won,
        order::state::Placement,
        reason::Reason,
    },
    integrations::{
        payment,
        signature::{HEADER, HEADER_V2, Purpose, SignatureError},
    },
    protocol::{Answer, OutcomeKind, command::WireSettlement, decode::unread, internal::derived_id},
};

/// What the payment service tells. `event_id` is its own name for it, 1 to 128 printable characters, the same whenever it is
/// told again.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum PaymentEvent {
    /// the whole amount due was approved; what is not due is taken too, and goes back
    PaymentApproved {
        event_id: String,
        order_id: OrderId,
        settlements: Vec<WireSettlement>,
        /// when it happened; now, when absent
        #[serde(default)]
        at: Option<Time>,
    },
    /// the payer may try again
    PaymentDeclined {
        event_id: String,
        order_id: OrderId,
        #[serde(default)]
        reason: Option<String>,
        #[serde(default)]
        at: Option<Time>,
    },
    /// the awaited deposit is in; another amount is taken too, and goes back
    DepositConfirmed {
        event_id: String,
        order_id: OrderId,
        amount: Won,
        /// the payment side's own name for this deposit
        #[serde(default)]
        payment_id: Option<String>,
        #[serde(default)]
        at: Option<Time>,
    },
    /// the money is back
    RefundDone {
        event_id: String,
        order_id: OrderId,
        refund_key: String,
        #[serde(default)]
        at: Option<Time>,
    },
    /// it is not, and will not be by this try
    RefundFailed {
        event_id: String,
        order_id: OrderId,
        refund_key: String,
        reason: String,
        #[serde(default)]
        at: Option<Time>,
    },
}

/// For how long after it happened an event may be told before its order is here.
const EARLY: TimeDelta = TimeDelta::hours(24);
/// When it is to be told again then, in seconds.
const EARLY_RETRY: &str = "30";

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

    /// Whom it is about, and when it happened.
    fn about(&self) -> (&OrderId, Option<Time>) {
        match self {
            PaymentEvent::PaymentApproved { order_id, at, .. }
            | PaymentEvent::PaymentDeclined { order_id, at, .. }
            | PaymentEvent::DepositConfirmed { order_id, at, .. }
            | PaymentEvent::RefundDone { order_id, at, .. }
            | PaymentEvent::RefundFailed { order_id, at, .. } => (order_id, *at),
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
            PaymentEvent::DepositConfirmed { order_id, amount, payment_id: None, .. } => {
                json!({ "type": "confirm_deposit", "order_id": order_id, "amount": amount })
            }
            PaymentEvent::DepositConfirmed { order_id, amount, payment_id: Some(id), .. } => {
                json!({ "type": "confirm_deposit", "order_id": order_id, "amount": amount, "payment_id": id })
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
pub async fn post(
    shared: web::Data<AppState>,
    request: HttpRequest,
    body: Body,
) -> Result<Json<Arc<Answer>>, ApiError> {
    let answered = told(&shared, &request, &body.0).await;
    let outcome = match &answered {
        Ok(answer) if answer.outcome == OutcomeKind::Accepted => "accepted",
        Ok(_) => "rejected",
        Err(e) if e.status_code().is_server_error() => "deferred",
        Err(_) => "refused",
    };
    metrics::counter!("jumun_payment_callbacks_total", "outcome" => outcome).increment(1);
    answered.map(Json)
}

async fn told(shared: &AppState, request: &HttpRequest, body: &[u8]) -> Result<Arc<Answer>, ApiError> {
    let event = signed(shared, request, body)?;
    early(shared, &event).await?;
    let text = derived_id("callback", &[event.id()]);
    let fault = |e: String| {
        tracing::error!(error = e, "a call-back could not become a command");
        ProblemKind::Fault.error("the call-back could not become a command")
    };
    let id = CommandId::new(&text).map_err(|e| fault(e.to_string()))?;
    let Value::Object(mut command) = event.command() else { return Err(fault("it is no object".into())) };
    command.extend(Map::from_iter([
        ("id".to_owned(), text.into()),
        ("actor".to_owned(), payment::ACTOR.into()),
        ("reply_to".to_owned(), Value::from(&*shared.answers.name)),
    ]));
    commands::no_card(&command)?;
    let partition = commands::partition(shared, &command);
    let again = || ProblemKind::Busy.error("it is not decided yet; tell it again");
    let delivered = commands::deliver(shared, &id, partition, &command).await.map_err(|unsent| unsent.error)?;
    let answer = delivered.ok_or_else(again)?;
    match answer.outcome {
        OutcomeKind::Accepted => {}
        OutcomeKind::Rejected if answer.reason.as_deref() == Some(Reason::TryAgain.code()) => return Err(again()),
        OutcomeKind::Rejected => {
            // telling it again would change nothing, but money may have moved that no order knows of
            let (order, reason) = (answer.order_id.as_deref(), answer.reason.as_deref());
            tracing::warn!(event = event.id(), order, reason, "the payment service's word was rejected");
        }
        OutcomeKind::Failed => return Err(again()),
    }
    let service = Caller::Payment { name: WHO.to_owned() };
    Ok(figures::heard(shared, &service, answer).await?)
}

/// An event whose order is not here, or not whole, is not taken: it would be refused, and that be remembered. Its order may
/// still come; a day later it is the lane's to refuse.
async fn early(shared: &AppState, event: &PaymentEvent) -> Result<(), ApiError> {
    let (order_id, at) = event.about();
    let here = match scope::folded(shared, FoldFor::CallBack, order_id.as_str()).await? {
        None => false,
        Some(folded) => match folded.order.placement {
            Placement::Done => true,
            Placement::Failed => false,
            // its lanes are being asked: it is here in a moment
            Placement::Reserving => return Err(later("the order is still being placed; tell it again")),
        },
    };
    let now = shared.parts.clock.now();
    if here || at.is_some_and(|at| now - at >= EARLY) {
        return Ok(());
    }
    Err(later("there is no such order yet; tell it again"))
}

fn later(why: &str) -> ApiError {
    ProblemKind::Busy.error(why).with(header::RETRY_AFTER, HeaderValue::from_static(EARLY_RETRY))
}

/// The event, once it is known from whom it is.
fn signed(shared: &AppState, request: &HttpRequest, body: &[u8]) -> Result<PaymentEvent, ApiError> {
    let Some(secret) = &shared.parts.payments_secret else {
        return Err(ProblemKind::NotFound.error("no call-backs are taken here: this server has no payments secret"));
    };
    let header = |name: &str| request.headers().get(name).map(|v| v.to_str().unwrap_or_default());
    let now = shared.parts.clock.now();
    // who says what it is for is held to that; what we signed ourselves is no word of the service's
    let believed = match (header(HEADER_V2), header(HEADER)) {
        (Some(labelled), _) => secret.check_for(Purpose::Callback, now, labelled, body),
        (None, Some(plain)) if !shared.parts.payments_labelled => secret.check(now, plain, body),
        (None, Some(_) | None) => Err(SignatureError::Form),
    };
    if let Err(doubt) = believed {
        shared.strangers.take(request)?;
        note_denied(request, WHO, &doubt.to_string());
        return Err(ProblemKind::BadSignature.error(doubt.to_string()));
    }
    shared.rates.take(WHO, shared.parts.rate)?;
    let event: PaymentEvent = serde_json::from_slice(body).map_err(|e| {
        let kind = if e.is_data() { ProblemKind::Invalid } else { ProblemKind::NotJson };
        kind.error(unread("", &e))
    })?;
    let id = event.id();
    if !(1..=EVENT_ID_MAX).contains(&id.len()) || !id.chars().all(|c| c.is_ascii_graphic()) {
        return Err(ProblemKind::Invalid.error(format!("an event_id is 1 to {EVENT_ID_MAX} printable characters")));
    }
    Ok(event)
}
