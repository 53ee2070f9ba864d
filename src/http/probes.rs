//! What probes and Prometheus ask.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderValue},
    web,
};

use super::{Shared, problem::Why};

/// The process lives; a partition whose invariant broke wants a look, and a restart won't mend it.
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "alive" }))
}

/// Every partition is owned here, and log and store answer.
pub async fn readyz(shared: web::Data<Shared>) -> HttpResponse {
    let parts = &shared.parts;
    let owned = parts.health.owned();
    let log = parts.log.ping().await.map_err(|e| e.to_string());
    let store = parts.store.due(0, crate::domain::Time::UNIX_EPOCH, 1).await.map_err(|e| e.to_string());
    let ready = owned == parts.partitions && !parts.health.broken() && log.is_ok() && store.is_ok();
    let body = serde_json::json!({
        "ready": ready,
        "partitions": parts.partitions,
        "owned": owned,
        "broken": parts.health.broken(),
        "log": log.err().unwrap_or_else(|| "ok".into()),
        "store": store.err().unwrap_or_else(|| "ok".into()),
        "open_to_anyone": parts.tokens.open(),
    });
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
