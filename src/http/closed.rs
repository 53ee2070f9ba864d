//! The door while the servers behind it are not there yet: it says that the process lives, and is not ready.

use std::{io, net::TcpListener};

use actix_web::{App, HttpResponse, HttpServer, dev::Server, web};

use super::{probes::Readiness, problem::Why};

/// A door that takes nothing.
pub struct Closed {
    /// to be waited on
    pub server: Server,
}

/// Serves on a listener that another door is to have after it.
///
/// # Errors
/// When the listener can't be used.
pub fn serve(listener: &TcpListener, partitions: u32) -> io::Result<Closed> {
    let app = move || {
        let ready = move || async move {
            HttpResponse::ServiceUnavailable().json(Readiness {
                ready: false,
                partitions,
                owned: 0,
                owns: Vec::new(),
                elsewhere: Vec::new(),
                broken: false,
                troubles: Vec::new(),
                log: "away",
                store: "away",
                open_to_anyone: false,
            })
        };
        let nothing = || async { Why::Busy.response("the server waits for Redis or the database".to_owned()) };
        App::new()
            .route(
                "/healthz",
                web::get().to(|| async { HttpResponse::Ok().json(serde_json::json!({ "status": "alive" })) }),
            )
            .route("/readyz", web::get().to(ready))
            .default_service(web::to(nothing))
    };
    let server = HttpServer::new(app).workers(1).disable_signals().listen(listener.try_clone()?)?.run();
    Ok(Closed { server })
}

impl Closed {
    /// Closes it.
    pub async fn close(mut self: Box<Self>) {
        let handle = self.server.handle();
        let (served, ()) = tokio::join!(&mut self.server, handle.stop(false));
        if let Err(e) = served {
            tracing::debug!(error = %e, "the door that was closed did not end well");
        }
    }
}
