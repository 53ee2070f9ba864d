//! What was done at the HTTP API that is no command of an order: written down before it is done.

use std::sync::Arc;

use actix_web::{
    HttpRequest,
    web::{self, Json},
};
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::{
    AppState,
    caller::Caller,
    guard,
    paging::{self, Paging, bad_cursor},
    problem::{ApiError, ProblemKind},
    recipient::from,
    view::Page,
};
use crate::{
    domain::{Time, ids::OrderId},
    protocol::{
        decode::{self, Kind},
        internal::hex,
    },
    store::{admin::AdminAuditRow, rows::AditRow},
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

/// The fields of commands about goods that are written down; what is not named here is not. A test holds them against the
/// commands: no order's field is among them.
const FIELDS: &[&str] = &[
    "active",
    "actor",
    "address",
    "allotted",
    "at",
    "bundled",
    "buyer_id",
    "campaign_id",
    "closes_at",
    "delivery_fee",
    "free_delivery",
    "free_threshold",
    "gift_promotion_id",
    "gift_quantity",
    "gift_sku_ids",
    "holder_id",
    "id",
    "kind",
    "lead_time_days",
    "limit_per_customer",
    "main_product_ids",
    "main_quantity",
    "name",
    "opens_at",
    "option_name",
    "partner_id",
    "points_rate_bp",
    "pre_refund",
    "price",
    "product_id",
    "product_type",
    "promotion_id",
    "quantity",
    "rate_bp",
    "reason",
    "sku_id",
    "stock_policy",
    "template_id",
    "type",
    "when_sold_out",
    "zip",
];

/// Writes down what is about to be done; nobody acts where that fails.
///
/// # Errors
/// The store's.
pub async fn note(
    shared: &AppState,
    request: &HttpRequest,
    caller: &Caller,
    action: Action,
    target: &str,
    detail: &Value,
) -> Result<(), ApiError> {
    write(shared, request, caller, action, target, detail).await.map(drop)
}

/// A command about goods that was written down, and is about to be sent.
#[derive(Debug)]
pub struct Noted(Arc<str>);

impl Noted {
    /// Takes it back: the command was refused, and what anybody tries is not kept for ever.
    pub async fn refused(self, shared: &AppState) {
        if let Err(e) = shared.parts.store.unnote(&self.0).await {
            tracing::warn!(error = %e, "a refused command stays in the audit");
        }
    }
}

/// Writes a command down, if it is about goods, stock, campaigns, promotions or partners, and can be read as such: an order's is
/// in its history, and what can't be read is not done.
///
/// # Errors
/// When it can't be written.
pub async fn command(
    shared: &AppState,
    request: &HttpRequest,
    caller: &Caller,
    command: &Map<String, Value>,
) -> Result<Option<Noted>, ApiError> {
    if command.contains_key("order_id") {
        return Ok(None);
    }
    let raw = serde_json::to_vec(command).map_err(|e| ProblemKind::NotJson.error(e.to_string()))?;
    match decode::decode(&raw).map(|read| read.kind) {
        Ok(Kind::Sku(_) | Kind::Reference(_)) => {}
        Ok(Kind::Order { .. } | Kind::Preview { .. } | Kind::Internal(_)) | Err(_) => return Ok(None),
    }
    let kept = command.iter().filter(|(field, _)| FIELDS.contains(&field.as_str()));
    let detail: Map<String, Value> = kept.map(|(field, value)| (field.clone(), value.clone())).collect();
    let about = ["sku_id", "product_id", "template_id", "promotion_id", "gift_promotion_id", "partner_id"];
    let target = about.iter().find_map(|field| command.get(*field).and_then(Value::as_str)).unwrap_or_default();
    write(shared, request, caller, Action::Command, target, &Value::Object(detail)).await.map(|id| Some(Noted(id)))
}

async fn write(
    shared: &AppState,
    request: &HttpRequest,
    caller: &Caller,
    action: Action,
    target: &str,
    detail: &Value,
) -> Result<Arc<str>, ApiError> {
    let who = caller.actor();
    let request_id = guard::named(request);
    tracing::info!(by = who, action = action.code(), target_of_it = target, request_id, "somebody acts");
    let (id, detail): (Arc<str>, String) = (uuid::Uuid::now_v7().to_string().into(), detail.to_string());
    let digest = (action == Action::Command).then(|| hex(&Sha256::digest(format!("{who}\n{detail}"))));
    let row = AdminAuditRow {
        adit_id: Arc::clone(&id),
        adit_knd_cd: action.code().into(),
        actr: who.into(),
        trgt: target.into(),
        adit_dtl: detail.into(),
        req_id: request_id.into(),
        adit_dttm: shared.parts.clock.now(),
        accs_plc: from(request).into(),
        cmd_dgst: digest.unwrap_or_default().into(),
    };
    shared.parts.store.note(&row).await?;
    Ok(id)
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
    /// where the request came from; empty in rows of before that was kept
    pub from: String,
}

impl From<&AdminAuditRow> for AuditView {
    fn from(r: &AdminAuditRow) -> Self {
        Self {
            id: r.adit_id.to_string(),
            at: r.adit_dttm,
            action: r.adit_knd_cd.to_string(),
            actor: r.actr.to_string(),
            target: r.trgt.to_string(),
            detail: serde_json::from_str(&r.adit_dtl).unwrap_or_default(),
            request_id: r.req_id.to_string(),
            from: r.accs_plc.to_string(),
        }
    }
}

/// `GET /v1/audit`, newest first.
pub async fn list(shared: web::Data<AppState>, paging: web::Query<Paging>) -> Result<Json<Page<AuditView>>, ApiError> {
    let limit = paging::limit(paging.limit)?;
    let before = paging.cursor.as_deref();
    if before.is_some_and(|c| uuid::Uuid::try_parse(c).is_err()) {
        return Err(bad_cursor());
    }
    let rows = shared.parts.store.notes(before, limit + 1).await?;
    Ok(Json(paging::page(rows, limit, |r| r.adit_id.to_string())))
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
pub async fn of_order(
    shared: web::Data<AppState>,
    id: web::Path<String>,
) -> Result<Json<Page<OrderAuditView>>, ApiError> {
    let unknown = || ProblemKind::NotFound.error(format!("there is no order {id}"));
    let order = OrderId::new(&id).map_err(|_| unknown())?;
    let store = &shared.parts.store;
    let rows = store.order_notes(&order).await?;
    if rows.is_empty() && store.rows_of_orders(&[order]).await?.is_empty() {
        return Err(unknown());
    }
    Ok(Json(Page { items: rows.iter().map(OrderAuditView::from).collect(), next: None }))
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::protocol::command::schemas;

    /// What is kept is what commands about goods have, and nothing that only orders' have.
    #[test]
    fn fields_that_are_kept_are_those_of_commands_about_goods() {
        let mut generator = schemars::SchemaGenerator::default();
        let told = schemas(&mut generator);
        let definitions = generator.take_definitions(false);
        let mut of_goods: BTreeSet<String> = ["id", "type", "actor", "at"].map(str::to_owned).into();
        for (_, schema) in told {
            let schema = schema.to_value();
            let name = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()).unwrap_or_default();
            let properties = definitions.get(name).unwrap_or(&schema)["properties"].as_object().unwrap();
            if !properties.contains_key("order_id") {
                of_goods.extend(properties.keys().cloned());
            }
        }
        // of the envelope, and of no use here
        of_goods.retain(|f| !matches!(f.as_str(), "reply_to" | "expected_version"));
        let kept: BTreeSet<String> = FIELDS.iter().map(|f| (*f).to_owned()).collect();
        assert_eq!(kept, of_goods);
    }
}
