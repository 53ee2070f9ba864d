//! The HTTP API: commands and answers as on the streams, resources to look at, and what operators and probes ask.

pub mod access;
pub mod accounts;
pub mod audit;
pub mod bucket;
pub mod callbacks;
pub mod caller;
pub mod closed;
pub mod commands;
pub mod console;
pub mod csv;
pub mod dead_letters;
pub mod denials;
pub mod desks;
pub mod erase;
pub mod feed;
pub mod figures;
pub mod folds;
pub mod front;
pub mod gifts;
pub mod guard;
pub mod keyring;
pub mod lines;
pub mod listeners;
pub mod live;
pub mod mask;
pub mod me;
pub mod openapi;
pub mod orders;
pub mod origin;
mod own_places;
mod paced;
pub mod paging;
pub mod probes;
pub mod problem;
pub mod recipient;
pub mod reviews;
pub mod routes;
pub mod scope;
pub mod shelf;
pub mod sliced;
pub mod sockets;
pub mod strangers;
pub mod tokens;
pub mod view;
pub mod waiting;
pub mod webhooks;

use std::{net::TcpListener, sync::Arc, time::Duration};

use actix_http::{HttpService, Protocol};
use actix_server::Server;
use actix_service::{IntoServiceFactory as _, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::{App, Error, dev::AppConfig, middleware::from_fn, rt::net::TcpStream, web};
use rustix::process::{getpriority_process, setpriority_process};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    integrations::{signature::SigningSecret, webhook::Hooks},
    log::CommandLog,
    server::{Health, stats::Metrics},
    store::{AdminStore, QueryStore},
};
use access::Table;
use denials::Denials;
use folds::Folds;
use front::Hosts;
use guard::Rates;
use keyring::Keyring;
use listeners::{LISTENERS, Listeners};
use live::Watch;
use origin::Proxies;
use own_places::OwnPlaces;
use paced::Paced;
use problem::ProblemKind;
use sockets::{SocketBounds, Sockets};
use strangers::Strangers;
use waiting::AnswerRouter;

/// What the HTTP API is made of.
#[derive(Clone)]
pub struct HttpParts {
    pub log: Arc<dyn CommandLog>,
    /// with connections of its own: the lanes don't wait for those who read much
    pub store: Arc<dyn AdminStore>,
    /// the one that the lanes have: what it answers decides whether this process can take orders
    pub lane_store: Arc<dyn QueryStore>,
    pub clock: Arc<dyn Clock>,
    pub partitions: u32,
    pub health: Arc<Health>,
    pub metrics: Metrics,
    /// threads that serve it
    pub workers: usize,
    /// how long an answer is waited for before the client is told where to look
    pub patience: Duration,
    /// how many connections there may be, and how long they may not read
    pub bounds: SocketBounds,
    /// how long a connection may be idle
    pub keep_alive: Duration,
    /// commands waiting for their answer at a time; beyond it: 503
    pub waiting_max: usize,
    /// who may come in
    pub tokens: Arc<Keyring>,
    /// who is believed about whom they ask for
    pub proxies: Proxies,
    /// by which names an API without authentication is asked
    pub hosts: Hosts,
    /// requests a second by each token; 0: no bound
    pub rate: u32,
    /// requests a second from one address without a token that is known; 0: no bound
    pub stranger_rate: u32,
    /// whom events are posted to
    pub hooks: Arc<Hooks>,
    /// ends streams that never end by themselves, then the HTTP API
    pub stop: CancellationToken,
    /// after so long goods that came are not claimed any more: an order that nobody confirmed needs its person no longer
    pub claim_window: Duration,
    /// what the payment service signs its call-backs by; `None`: none are taken
    pub payments_secret: Option<SigningSecret>,
    /// whether they have to be signed as such
    pub payments_labelled: bool,
}

/// Threads that serve the HTTP API unless another number is asked for: one that is busy for a moment keeps nobody waiting. What
/// takes longer is done beside them, and the lanes need the cores, too.
pub const WORKERS: usize = 2;
/// How long a request's head may take.
const CLIENT_REQUEST_MAX: Duration = Duration::from_secs(10);
/// How long a client may take to close a connection that is over.
const DISCONNECT_MAX: Duration = Duration::from_secs(1);
/// How long requests may take that are under way when the HTTP API closes.
const STOP_SECONDS: u64 = 5;

/// Serves until it is told to stop: then it takes no more connections, ends the streams, and lets requests that wait for
/// their answer have it, for some seconds.
///
/// # Errors
/// When the listener can't be used.
pub async fn serve(parts: HttpParts, listener: TcpListener) -> anyhow::Result<()> {
    if parts.tokens.open() {
        tracing::warn!("NO AUTHENTICATION IS CONFIGURED: anyone who reaches the HTTP API may do anything (--no-auth)");
    }
    // answers are followed until the last request has its own, so for longer than until the stop
    let closed = CancellationToken::new();
    let _close = closed.clone().drop_guard();
    let answers = AnswerRouter::open(&parts, closed);
    let (stop, keep_alive, workers) = (parts.stop.clone(), parts.keep_alive, parts.workers);
    let (rates, watch, listeners) = (Rates::default(), Watch::default(), Listeners::new(LISTENERS));
    let routes = Table(routes::all());
    let looks = Semaphore::new(orders::LOOKS_AT_ONCE);
    let counts = Semaphore::new(lines::counts::COUNTS_AT_ONCE);
    let (strangers, denials, free) = (Strangers::new(parts.stranger_rate), Denials::default(), parts.stranger_rate);
    let shared = web::Data::new(AppState {
        parts,
        answers,
        rates,
        watch,
        listeners,
        folds: Folds::default(),
        looks,
        counts,
        routes,
        strangers,
        anyones: Strangers::of_free(free),
        reads: OwnPlaces::new(guard::READS_OF_ONE_MAX),
        denials,
        looked: probes::Looked::default(),
    });
    let told = shared.clone();
    let summed = tokio::spawn(async move { told.denials.summed().await });
    let sockets = Sockets::new(shared.parts.bounds, shared.parts.proxies.clone());
    let (unread, disconnecting) = (shared.parts.bounds.unread, shared.parts.stop.clone());
    let app = move || {
        // made once by each worker, on its own thread
        go_behind_the_lanes();
        let (invalid, unknown) = (ProblemKind::Invalid, ProblemKind::NotFound);
        let query = web::QueryConfig::default().error_handler(move |e, _| invalid.error(e.to_string()).into());
        let path = web::PathConfig::default().error_handler(move |e, _| unknown.error(e.to_string()).into());
        let mut app = App::new().app_data(shared.clone()).app_data(query).app_data(path);
        for (path, resource) in routes::resources() {
            app = app.service(resource.wrap(from_fn(move |request, next| guard::guard(path, request, next))));
        }
        app.default_service(web::to(probes::nothing)).wrap(from_fn(front::front))
    };
    // not `HttpServer`: that gives nobody a hold of what is written
    let connections = move || {
        let (sockets, closes) = (sockets.clone(), disconnecting.clone());
        let service = HttpService::build()
            .on_connect_ext(move |io: &Paced, data| sockets.connected(io.stream(), data))
            .h1_write_buffer_size(sliced::SLICE_BYTES)
            .client_request_timeout(CLIENT_REQUEST_MAX)
            .client_disconnect_timeout(DISCONNECT_MAX)
            .keep_alive(keep_alive)
            .graceful_shutdown_signal(move || closes.clone().cancelled_owned());
        let app = app().into_factory().map_err(|e: Error| e.error_response());
        let served = service.finish(map_config(app, |()| AppConfig::default()));
        let paced = move |io: TcpStream| async move {
            let peer = io.peer_addr().ok();
            Ok((Paced::new(io, unread), Protocol::Http1, peer))
        };
        fn_service(paced).and_then(served)
    };
    let server = Server::build()
        .workers(workers)
        .shutdown_timeout(STOP_SECONDS)
        .disable_signals()
        .listen("http", listener, connections)?
        .run();
    let handle = server.handle();
    let stopper = tokio::spawn(async move {
        stop.cancelled().await;
        handle.stop(true).await;
    });
    let served = server.await;
    stopper.abort();
    summed.abort();
    Ok(served?)
}

/// How much later than others the API's threads have their turn where all want one (nice).
const NICENESS: i32 = 5;

/// A flood of requests, with wrong tokens or right ones, is not to take the processor from those who decide and commit what was
/// asked before.
fn go_behind_the_lanes() {
    let own = Some(rustix::thread::gettid());
    let set = getpriority_process(own).and_then(|now| setpriority_process(own, now.saturating_add(NICENESS)));
    if let Err(e) = set {
        tracing::warn!(error = %e, "the API's threads have the lanes' priority");
    }
}

/// What the handlers share.
pub struct AppState {
    pub parts: HttpParts,
    pub answers: AnswerRouter,
    pub rates: Rates,
    pub watch: Watch,
    pub listeners: Listeners,
    /// places for those who look at long histories
    pub folds: Folds,
    /// places for those who look for refusals
    pub looks: Semaphore,
    /// places for those who count lines
    pub counts: Semaphore,
    /// what may be asked here, and by whom
    pub routes: Table,
    /// who has no token
    pub strangers: Strangers,
    /// for what needs no token
    pub anyones: Strangers,
    /// what each token reads at a time
    reads: OwnPlaces,
    /// what probes were told last
    pub looked: probes::Looked,
    /// who was refused, and told of in the log
    pub denials: Denials,
}
