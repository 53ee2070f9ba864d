//! What was done at the door that is no command of an order: written down before it is done.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::Value;

use super::{
    Shared,
    guard::{self, caller},
    paging::{self, Paging, bad_cursor},
    problem,
    tokens::Caller,
    view::Page,
};
use crate::{domain::Time, store::door::DoorAuditRow};

/// A privileged action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    LetterRequeued,
    LetterDiscarded,
    PersonErased,
    WebhookResent,
    WebhookDiscarded,
}

impl Action {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Action::LetterRequeued => "LETTER_REQUEUED",
            Action::LetterDiscarded => "LETTER_DISCARDED",
            Action::PersonErased => "PERSON_ERASED",
            Action::WebhookResent => "WEBHOOK_RESENT",
            Action::WebhookDiscarded => "WEBHOOK_DISCARDED",
        }
    }
}

/// Writes down what is about to be done; nobody acts where that fails.
///
/// # Errors
/// The response that says so.
pub async fn note(
    shared: &Shared,
    request: &HttpRequest,
    action: Action,
    target: &str,
    detail: &Value,
) -> Result<(), HttpResponse> {
    let caller = caller(request);
    let open = matches!(caller, Caller::Anyone);
    let who = if open { "anyone".to_owned() } else { format!("operator:{}", caller.name()) };
    let request_id = guard::named(request);
    tracing::info!(by = who, action = action.code(), target_of_it = target, request_id, "an operator acts");
    let row = DoorAuditRow {
        adit_id: uuid::Uuid::now_v7().to_string().into(),
        adit_knd_cd: action.code().into(),
        actr: who.into(),
        trgt: target.into(),
        adit_dtl: detail.to_string().into(),
        req_id: request_id.into(),
        adit_dttm: shared.parts.clock.now(),
    };
    shared.parts.store.note(&row).await.map_err(|e| problem::store(&e))
}

/// 출입감사이력.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct AuditView {
    pub id: String,
    pub at: Time,
    pub action: String,
    pub actor: String,
    /// what was acted on
    pub target: String,
    pub detail: Value,
    pub request_id: String,
}

impl From<&DoorAuditRow> for AuditView {
    fn from(r: &DoorAuditRow) -> Self {
        Self {
            id: r.adit_id.to_string(),
            at: r.adit_dttm,
            action: r.adit_knd_cd.to_string(),
            actor: r.actr.to_string(),
            target: r.trgt.to_string(),
            detail: serde_json::from_str(&r.adit_dtl).unwrap_or_default(),
            request_id: r.req_id.to_string(),
        }
    }
}

/// `GET /v1/audit`, newest first.
pub async fn list(shared: web::Data<Shared>, paging: web::Query<Paging>) -> HttpResponse {
    paging::told(page(&shared, &paging).await)
}

async fn page(shared: &Shared, asked: &Paging) -> Result<Page<AuditView>, HttpResponse> {
    let limit = paging::limit(asked.limit)?;
    let before = asked.cursor.as_deref();
    if before.is_some_and(|c| uuid::Uuid::try_parse(c).is_err()) {
        return Err(bad_cursor());
    }
    let rows = shared.parts.store.notes(before, limit + 1).await.map_err(|e| problem::store(&e))?;
    Ok(paging::page(rows, limit, |r| r.adit_id.to_string()))
}
