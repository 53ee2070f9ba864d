//! The HTTP API while the servers behind it are not there yet: it says that the process lives, and is not ready.

use std::{
    io,
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer, dev::Server, middleware::from_fn, rt::net::TcpStream, web,
};

use super::{
    CLIENT_REQUEST_MAX, front, guard,
    keyring::Keyring,
    origin::Proxies,
    probes::Readiness,
    problem::{ApiError, ProblemKind},
    sockets::{SocketBounds, Sockets},
};
use crate::clock::Clock;

/// What the HTTP API is made of, as far as one that takes nothing has it.
#[derive(Clone)]
pub struct ClosedParts {
    pub partitions: u32,
    pub tokens: Arc<Keyring>,
    pub clock: Arc<dyn Clock>,
    pub bounds: SocketBounds,
    pub proxies: Proxies,
    /// how far the opening has come
    pub reached: Arc<Reached>,
}

/// Which of the servers behind it could be used when they were tried last.
#[derive(Debug, Default)]
pub struct Reached {
    pub store: AtomicBool,
    pub log: AtomicBool,
}

/// An API that takes nothing.
pub struct Closed {
    /// to be waited on
    pub server: Server,
}

/// Serves on a listener that the whole API is to have after it.
///
/// # Errors
/// When the listener can't be used.
pub fn serve(listener: &TcpListener, parts: ClosedParts) -> io::Result<Closed> {
    let sockets = Sockets::new(parts.bounds, parts.proxies.clone());
    let parts = web::Data::new(parts);
    let app = move || {
        let alive = || async { HttpResponse::Ok().json(serde_json::json!({ "status": "alive" })) };
        let waits = || ProblemKind::Busy.error("the server waits for Redis or the database");
        let nothing = move || async move { Err::<HttpResponse, ApiError>(waits()) };
        App::new()
            .app_data(parts.clone())
            .route("/healthz", web::get().to(alive))
            .route("/readyz", web::get().to(readyz))
            .default_service(web::to(nothing))
            .wrap(from_fn(front::front))
    };
    let server = HttpServer::new(app)
        .on_connect(move |io, data| {
            if let Some(stream) = io.downcast_ref::<TcpStream>() {
                sockets.connected(stream, data);
            }
        })
        .workers(1)
        .client_request_timeout(CLIENT_REQUEST_MAX)
        .keep_alive(Duration::from_secs(5)) // nobody is to hold on to one that closes soon
        .disable_signals()
        .listen(listener.try_clone()?)?
        .run();
    Ok(Closed { server })
}

/// Strangers hear that it is not ready, and no more, as where no authentication is configured.
async fn readyz(parts: web::Data<ClosedParts>, request: HttpRequest) -> HttpResponse {
    let mut response = HttpResponse::ServiceUnavailable();
    if !guard::shows(&request, &parts.tokens, &*parts.clock) {
        return response.json(serde_json::json!({ "ready": false }));
    }
    let word = |there: &AtomicBool| if there.load(Ordering::Acquire) { "ok" } else { "away" };
    response.json(Readiness {
        ready: false,
        partitions: parts.partitions,
        owned: 0,
        owns: Vec::new(),
        elsewhere: Vec::new(),
        broken: false,
        troubles: Vec::new(),
        log: word(&parts.reached.log),
        store: word(&parts.reached.store),
        no_authentication: parts.tokens.open(),
    })
}

impl Closed {
    /// Closes it.
    pub async fn close(mut self: Box<Self>) {
        let handle = self.server.handle();
        let (served, ()) = tokio::join!(&mut self.server, handle.stop(false));
        if let Err(e) = served {
            tracing::debug!(error = %e, "the closed HTTP API did not end cleanly");
        }
    }
}
