//! What probes and Prometheus ask.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderValue},
    web,
};

use schemars::JsonSchema;
use serde::Serialize;

use super::{Shared, problem::Why};

/// The process lives; 503 when a lane has had work and not moved for long, though the servers answer: start it anew.
pub async fn healthz(shared: web::Data<Shared>) -> HttpResponse {
    if shared.parts.health.stuck() {
        return HttpResponse::ServiceUnavailable().json(serde_json::json!({ "status": "stuck" }));
    }
    HttpResponse::Ok().json(serde_json::json!({ "status": "alive" }))
}

/// What keeps a lane from its work.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LaneTrouble {
    pub partition: u32,
    pub why: String,
}

/// Whether this process can take orders.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Readiness {
    pub ready: bool,
    pub partitions: u32,
    /// of them, those that this process owns
    pub owned: u32,
    /// a lane ended by a fault and is started again, or has work and does not move
    pub broken: bool,
    /// what keeps lanes from their work; each is tried again by itself
    pub troubles: Vec<LaneTrouble>,
    /// `ok` or `away`
    pub log: &'static str,
    /// `ok` or `away`
    pub store: &'static str,
    /// no tokens are configured
    pub open_to_anyone: bool,
}

/// Every partition is owned here, none is kept from its work, and log and store answer. Anyone may ask: what a server said
/// is for the log.
pub async fn readyz(shared: web::Data<Shared>) -> HttpResponse {
    let parts = &shared.parts;
    let owned = parts.health.owned();
    let log = parts.log.ping().await.inspect_err(|e| tracing::warn!(error = %e, "the command log does not answer"));
    let store = parts.store.due(0, crate::domain::Time::UNIX_EPOCH, 1).await;
    let store = store.inspect_err(|e| tracing::warn!(error = %e, "the store does not answer"));
    let word = |answers: bool| if answers { "ok" } else { "away" };
    let troubles = parts.health.troubles().into_iter().map(|(partition, why)| LaneTrouble { partition, why });
    let troubles: Vec<LaneTrouble> = troubles.collect();
    let ready = owned == parts.partitions && troubles.is_empty() && log.is_ok() && store.is_ok();
    let body = Readiness {
        ready,
        partitions: parts.partitions,
        owned,
        broken: parts.health.broken(),
        troubles,
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
