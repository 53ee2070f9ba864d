//! Webhooks as operators see them: how far each has come, what its receiver would not take, and what to do about that.

use actix_web::{
    HttpRequest,
    web::{self, Json},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    AppState,
    audit::{self, Action},
    caller::Caller,
    paging::{self, Paging},
    problem::{ApiError, ProblemKind},
    view::Page,
};
use crate::{
    domain::Time,
    integrations::webhook::{Hook, PostOutcome, WebhookDelivery},
    protocol::event::republished,
    store::admin::HookLetterRow,
};

/// 웹훅.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WebhookView {
    pub name: String,
    /// where it posts to, without what may be secret in it
    pub host: String,
    /// event types; empty: all
    pub types: Vec<String>,
    /// how far it has come, a partition each: an entry of the events stream
    pub positions: Vec<WebhookPosition>,
    /// failed deliveries that wait for an operator
    pub failed_deliveries: i64,
}

/// How far in a partition.
#[derive(Debug, Serialize, JsonSchema)]
pub struct WebhookPosition {
    pub partition: i64,
    pub entry: String,
}

/// 웹훅미배달.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FailedDeliveryView {
    pub failed_delivery_id: String,
    pub partition: i64,
    /// the same on every try
    pub delivery_id: String,
    pub events: Value,
    pub reason: String,
    pub attempts: i64,
    pub at: Time,
}

impl From<&HookLetterRow> for FailedDeliveryView {
    fn from(r: &HookLetterRow) -> Self {
        Self {
            failed_delivery_id: r.ltr_id.to_string(),
            partition: r.prtn_no,
            delivery_id: r.pcl_id.to_string(),
            events: serde_json::from_str(&republished(&r.evnts)).unwrap_or_default(),
            reason: r.fail_rsn.to_string(),
            attempts: r.try_cnt,
            at: r.ltr_dttm,
        }
    }
}

/// `GET /v1/webhooks`.
pub async fn list(shared: web::Data<AppState>) -> Result<Json<Page<WebhookView>>, ApiError> {
    let store = &shared.parts.store;
    let counts = store.hook_letter_counts().await?;
    let mut items = Vec::new();
    for hook in &shared.parts.hooks.all {
        let at = store.hook(&hook.name).await?;
        let mut types: Vec<String> = hook.types.iter().cloned().collect();
        types.sort();
        items.push(WebhookView {
            name: hook.name.to_string(),
            host: hook.url.host_str().unwrap_or_default().to_owned(),
            types,
            positions: at
                .iter()
                .map(|r| WebhookPosition { partition: r.prtn_no, entry: r.strm_entr.to_string() })
                .collect(),
            failed_deliveries: counts.iter().find(|(name, _)| **name == *hook.name).map_or(0, |(_, n)| *n),
        });
    }
    Ok(Json(Page { items, next: None }))
}

fn known<'a>(shared: &'a AppState, name: &str) -> Result<&'a Hook, ApiError> {
    let hook = shared.parts.hooks.named(name).map(|h| &**h);
    hook.ok_or_else(|| ProblemKind::NotFound.error(format!("there is no webhook {name}")))
}

/// `GET /v1/webhooks/{name}/failed-deliveries`, newest first.
pub async fn failed_deliveries(
    shared: web::Data<AppState>,
    name: web::Path<String>,
    paging: web::Query<Paging>,
) -> Result<Json<Page<FailedDeliveryView>>, ApiError> {
    let hook = known(&shared, &name)?;
    let limit = paging::limit(paging.limit)?;
    let after = paging::ids(paging.cursor.as_deref())?;
    let rows = shared.parts.store.hook_letters(&hook.name, after, limit + 1).await?;
    Ok(Json(paging::page(rows, limit, |r| r.ltr_id.to_string())))
}

async fn find(shared: &AppState, hook: &Hook, id: &str) -> Result<HookLetterRow, ApiError> {
    let unknown = || ProblemKind::NotFound.error("there is no such failed delivery");
    if !paging::could_be(id) {
        return Err(unknown());
    }
    let found = shared.parts.store.hook_letter_of(&hook.name, id).await?;
    found.ok_or_else(unknown)
}

/// `POST /v1/webhooks/{name}/failed-deliveries/{id}/resend`: once more, now; it goes when it is taken.
pub async fn resend(
    shared: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    path: web::Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let (name, id) = path.into_inner();
    let hook = known(&shared, &name)?;
    let row = find(&shared, hook, &id).await?;
    let Some(post) = &shared.parts.hooks.post else {
        return Err(ProblemKind::NotFound.error("no webhook is configured"));
    };
    let target = format!("{name}/{id}");
    audit::note(&shared, &request, &caller, Action::WebhookResent, &target, &json!({ "delivery_id": &*row.pcl_id }))
        .await?;
    let delivery = WebhookDelivery {
        id: row.pcl_id.to_string(),
        partition: u32::try_from(row.prtn_no).unwrap_or_default(),
        events: republished(&row.evnts).into_owned(),
    };
    match post.send(hook, &delivery, shared.parts.clock.now()).await {
        PostOutcome::Taken => gone(&shared, hook, &id, "delivered").await,
        PostOutcome::Refused(why) | PostOutcome::Failed(why) => Err(ProblemKind::NotTaken.error(why)),
    }
}

/// `DELETE /v1/webhooks/{name}/failed-deliveries/{id}`.
pub async fn discard(
    shared: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    path: web::Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let (name, id) = path.into_inner();
    let hook = known(&shared, &name)?;
    let row = find(&shared, hook, &id).await?;
    let target = format!("{name}/{id}");
    audit::note(&shared, &request, &caller, Action::WebhookDiscarded, &target, &json!({ "delivery_id": &*row.pcl_id }))
        .await?;
    gone(&shared, hook, &id, "discarded").await
}

async fn gone(shared: &AppState, hook: &Hook, id: &str, outcome: &str) -> Result<Json<Value>, ApiError> {
    shared.parts.store.hook_letter_done(&hook.name, id).await?;
    Ok(Json(json!({ "failed_delivery_id": id, "outcome": outcome })))
}
