//! The HTTP door: the same commands and answers as the streams, and what operators and probes ask.

pub mod commands;
pub mod waiting;

use std::{net::TcpListener, sync::Arc, time::Duration};

use actix_web::{App, HttpResponse, HttpServer, web};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::{log::CommandLog, server::Health, store::Store};
use waiting::Door;

/// What the door is made of.
#[derive(Clone)]
pub struct HttpParts {
    pub log: Arc<dyn CommandLog>,
    pub store: Arc<dyn Store>,
    pub partitions: u32,
    pub health: Arc<Health>,
    pub metrics: PrometheusHandle,
    /// how long an answer is waited for before the client is told where to look
    pub patience: Duration,
    /// commands waiting for their answer at a time; beyond it: 503
    pub waiting_max: usize,
}

/// Serves until the future is dropped or the process is told to stop.
///
/// # Errors
/// When the listener can't be used.
pub async fn serve(parts: HttpParts, listener: TcpListener) -> anyhow::Result<()> {
    let door = Door::open(&parts);
    let shared = web::Data::new(Shared { parts, door });
    HttpServer::new(move || {
        App::new()
            .app_data(shared.clone())
            .app_data(web::PayloadConfig::new(crate::protocol::decode::COMMAND_BYTES_MAX))
            .route("/v1/commands", web::post().to(commands::post))
            .route("/v1/commands/{id}", web::get().to(commands::look))
            .route("/healthz", web::get().to(healthz))
            .route("/readyz", web::get().to(readyz))
            .route("/metrics", web::get().to(metrics))
            .default_service(web::to(nothing))
    })
    .workers(1)
    .client_request_timeout(Duration::from_secs(10))
    .shutdown_timeout(5)
    .disable_signals()
    .listen(listener)?
    .run()
    .await?;
    Ok(())
}

/// What the handlers share.
pub struct Shared {
    pub parts: HttpParts,
    pub door: Door,
}

/// The process lives; a partition whose invariant broke wants a look, and a restart won't mend it.
async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(serde_json::json!({ "status": "alive" }))
}

/// Every partition is owned here, and log and store answer.
async fn readyz(shared: web::Data<Shared>) -> HttpResponse {
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
    });
    if ready { HttpResponse::Ok().json(body) } else { HttpResponse::ServiceUnavailable().json(body) }
}

async fn metrics(shared: web::Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(shared.parts.metrics.render())
}

async fn nothing() -> HttpResponse {
    HttpResponse::NotFound().json(serde_json::json!({ "reason": "not_found", "message": "there is nothing here" }))
}
