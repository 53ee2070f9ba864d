//! What probes and Prometheus ask.

use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderValue},
    web,
};

use schemars::JsonSchema;
use serde::Serialize;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use super::{
    AppState, guard,
    problem::{ApiError, ProblemKind},
};
use crate::domain::renames::RENAMES;

/// The process lives; 503 when a lane has had work and not moved for long, though the servers answer: start it anew.
pub async fn healthz(shared: web::Data<AppState>) -> HttpResponse {
    if shared.parts.health.stuck() {
        return HttpResponse::ServiceUnavailable().json(serde_json::json!({ "status": "stuck" }));
    }
    HttpResponse::Ok().json(serde_json::json!({ "status": "alive" }))
}

/// What keeps a lane from its work.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LaneTrouble {
    pub partition: u32,
    pub why: String,
}

/// How long an answer to probes is good for: anybody may ask, as often as they like, and each look asks log and store.
const GOOD_FOR: Duration = Duration::from_millis(250);

/// How long log and store may take to answer a look. Whoever probes gives up before long, too, and is to hear why.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// The last look; who comes while one is under way waits for that.
#[derive(Debug, Default)]
pub struct Looked(Mutex<Option<(Instant, Readiness)>>);

/// Whether this process can take orders. Strangers hear that and no more.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(extend("required" = ["ready"]))]
pub struct Readiness {
    pub ready: bool,
    pub partitions: u32,
    /// of them, how many this process owns
    pub owned: u32,
    /// which those are
    pub owns: Vec<u32>,
    /// those that another process holds
    pub elsewhere: Vec<u32>,
    /// a lane ended by a fault and is started again, or has work and does not move
    pub broken: bool,
    /// what keeps lanes from their work; each is tried again by itself
    pub troubles: Vec<LaneTrouble>,
    /// `ok` or `away`
    pub log: &'static str,
    /// `ok` or `away`
    pub store: &'static str,
    /// no tokens are configured
    pub no_authentication: bool,
}

/// Some partitions are owned here and the others by other processes, none of ours is kept from its work, and log and store
/// answer. Who owns none stands by, and is not ready. Anyone may ask: why one does not answer is for the log, and what is not as
/// it should be for who has a token.
pub async fn readyz(shared: web::Data<AppState>, request: HttpRequest) -> HttpResponse {
    let mut looked = shared.looked.0.lock().await;
    let body = match looked.as_ref().filter(|(at, _)| at.elapsed() < GOOD_FOR) {
        Some((_, body)) => body.clone(),
        // as old as its answer, not as its question: those who waited for it are not to ask once more
        None => {
            let body = look(&shared).await;
            looked.insert((Instant::now(), body)).1.clone()
        }
    };
    drop(looked);
    let mut response = if body.ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    match guard::known(&request) {
        true => response.json(body),
        false => response.json(serde_json::json!({ "ready": body.ready })),
    }
}

async fn look(shared: &AppState) -> Readiness {
    let parts = &shared.parts;
    let (owned, owns, elsewhere) = (parts.health.owned(), parts.health.owns(), parts.health.elsewhere());
    let (log, store) = (Arc::clone(&parts.log), Arc::clone(&parts.lane_store));
    // what is late goes on to its end by itself: nothing is given up in the middle of a connection's work
    let log = tokio::spawn(async move {
        let said = log.ping().await;
        said.inspect_err(|e| tracing::warn!(error = %e, "the command log does not answer")).is_ok()
    });
    let store = tokio::spawn(async move {
        let said = store.ping().await;
        said.inspect_err(|e| tracing::warn!(error = %e, "the store does not answer")).is_ok()
    });
    let (log, store) = tokio::join!(timeout(ANSWERS_WITHIN, log), timeout(ANSWERS_WITHIN, store));
    let [log, store] = [log, store].map(|answered| matches!(answered, Ok(Ok(true))));
    let word = |answers: bool| if answers { "ok" } else { "away" };
    let troubles = parts.health.troubles().into_iter().map(|(partition, why)| LaneTrouble { partition, why });
    let troubles: Vec<LaneTrouble> = troubles.collect();
    let everywhere = u32::try_from(owns.len() + elsewhere.len()) == Ok(parts.partitions);
    let ready = owned > 0 && everywhere && troubles.is_empty() && log && store;
    Readiness {
        ready,
        partitions: parts.partitions,
        owned,
        owns,
        elsewhere,
        broken: parts.health.broken(),
        troubles,
        log: word(log),
        store: word(store),
        no_authentication: parts.tokens.open(),
    }
}

/// As Prometheus reads it.
pub async fn metrics(shared: web::Data<AppState>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(shared.parts.metrics.render())
}

/// No such path.
pub async fn nothing(shared: web::Data<AppState>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    shared.anyones.take_unknown(&request)?;
    let gone = RENAMES.route(request.path()).map(|new| format!(": it has moved to {new}")).unwrap_or_default();
    Err(ProblemKind::NotFound.error(format!("there is nothing at {}{gone}", request.path())))
}

/// The path is there, not for this method.
pub async fn method(shared: web::Data<AppState>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let allowed = request.match_pattern().map(|path| shared.routes.methods(&path)).unwrap_or_default();
    let error = ProblemKind::Method.error(format!("{} does not take {}", request.path(), request.method()));
    Err(match HeaderValue::from_str(&allowed.join(", ")) {
        Ok(allow) => error.with(header::ALLOW, allow),
        Err(_) => error,
    })
}
