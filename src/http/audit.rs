//! What was done at the door that is no command of an order: written down before it is done.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use serde_json::Value;

use super::{
    Shared,
    guard::{self, caller},
    paging::{self, Paging, bad_cursor},
    problem::{self, Why},
    view::Page,
};
use crate::{
    domain::{Time, ids::OrderId},
    store::{door::DoorAuditRow, rows::AditRow},
};

/// A privileged action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    LetterRequeued,
    LetterDiscarded,
    PersonErased,
    WebhookResent,
    WebhookDiscarded,
    /// somebody looked at tokens and account numbers
    AccountRead,
    /// a command about goods, stock, campaigns or partners
    Command,
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
            Action::AccountRead => "ACCOUNT_READ",
            Action::Command => "COMMAND",
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
    let who = caller(request).actor();
    let request_id = guard::named(request);
    tracing::info!(by = who, action = action.code(), target_of_it = target, request_id, "somebody acts");
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

/// 감사이력: a privileged action on an order.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct OrderAuditView {
    pub at: Time,
    /// `EARLY_REFUND`, `FORCED_DELIVERY`, `STOCK_LOSS` …
    pub action: String,
    pub actor: String,
    pub reason: Option<String>,
    pub command_id: String,
}

/// `GET /v1/orders/{id}/audit`, oldest first.
pub async fn of_order(shared: web::Data<Shared>, id: web::Path<String>) -> HttpResponse {
    let unknown = || Why::NotFound.response(format!("there is no order {id}"));
    let Ok(order) = OrderId::new(&id) else { return unknown() };
    let store = &shared.parts.store;
    match store.order_notes(&order).await {
        Err(e) => problem::store(&e),
        Ok(rows) if rows.is_empty() => match store.order_rows(&[order]).await {
            Err(e) => problem::store(&e),
            Ok(found) if found.is_empty() => unknown(),
            Ok(_) => HttpResponse::Ok().json(Page::<OrderAuditView> { items: Vec::new(), next: None }),
        },
        Ok(rows) => {
            let items = rows.iter().map(OrderAuditView::from).collect();
            HttpResponse::Ok().json(Page::<OrderAuditView> { items, next: None })
        }
    }
}

impl From<&AditRow> for OrderAuditView {
    fn from(r: &AditRow) -> Self {
        Self {
            at: r.adit_dttm,
            action: r.adit_knd_cd.to_string(),
            actor: r.actr.to_string(),
            reason: r.adit_rsn.as_ref().map(ToString::to_string),
            command_id: r.cmd_id.to_string(),
        }
    }
}
