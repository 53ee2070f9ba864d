//! What probes and Prometheus ask.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderValue},
    web,
};

use schemars::JsonSchema;
use serde::Serialize;

use super::{Shared, problem::Why};

/// The process lives; a partition whose invariant broke wants a look, and a restart won't mend it.
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "alive" }))
}

/// Whether this process can take orders.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Readiness {
    pub ready: bool,
    pub partitions: u32,
    /// of them, those that this process owns
    pub owned: u32,
    /// an invariant broke, and a partition stands still
    pub broken: bool,
    /// `ok` or `away`
    pub log: &'static str,
    /// `ok` or `away`
    pub store: &'static str,
    /// no tokens are configured
    pub open_to_anyone: bool,
}

/// Every partition is owned here, and log and store answer. Anyone may ask: why one does not answer is for the log.
pub async fn readyz(shared: web::Data<Shared>) -> HttpResponse {
    let parts = &shared.parts;
    let owned = parts.health.owned();
    let log = parts.log.ping().await.inspect_err(|e| tracing::warn!(error = %e, "the command log does not answer"));
    let store = parts.store.due(0, crate::domain::Time::UNIX_EPOCH, 1).await;
    let store = store.inspect_err(|e| tracing::warn!(error = %e, "the store does not answer"));
    let word = |answers: bool| if answers { "ok" } else { "away" };
    let ready = owned == parts.partitions && !parts.health.broken() && log.is_ok() && store.is_ok();
    let body = Readiness {
        ready,
        partitions: parts.partitions,
        owned,
        broken: parts.health.broken(),
        log: word(log.is_ok()),
        store: word(store.is_ok()),
        open_to_anyone: parts.tokens.open(),
    };
    if ready { HttpResponse::Ok().json(body) } else { HttpResponse::ServiceUnavailable().json(body) }
}

/// As Prometheus reads it.
pub async fn metrics(shared: web::Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(shared.parts.metrics.render())
}

/// No such path.
pub async fn nothing(request: HttpRequest) -> HttpResponse {
    Why::NotFound.response(format!("there is nothing at {}", request.path()))
}

/// The path is there, not for this method.
pub async fn method(shared: web::Data<Shared>, request: HttpRequest) -> HttpResponse {
    let allowed = request.match_pattern().map(|path| shared.routes.methods(&path)).unwrap_or_default();
    let mut response = Why::Method.response(format!("{} does not take {}", request.path(), request.method()));
    if let Ok(allow) = HeaderValue::from_str(&allowed.join(", ")) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}
