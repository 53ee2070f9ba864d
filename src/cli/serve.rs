//! `jumun serve`: the server.

use std::{
    io::Write as _,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, ensure};
use clap::{Args, builder::BoolishValueParser};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{
    config::{ConnectionArgs, PolicyArgs, RetentionArgs, TraceArgs, real_clock, seconds},
    keep::KeepArgs,
    opening::{CareArgs, Startup},
    payments::PaymentArgs,
    sample,
};
use crate::{
    http::{
        self, HttpParts,
        closed::ClosedParts,
        front::Hosts,
        keyring::Keyring,
        origin::{Header, Network, Proxies},
        sockets,
    },
    integrations::webhook::Hooks,
    lane::{Limits, actors::supervisor::Bounds},
    log::Retention,
    server::{Server, ServerParts, stats::Metrics},
};

/// Runs the server: reads commands, decides, commits, answers; and serves the HTTP API.
///
/// A second server on the same database waits until the first one's leases run out. SIGTERM stops it cleanly: what is
/// decided is committed and answered first.
#[derive(Debug, Args)]
#[command(after_help = "Settings may also stand in a TOML file, by their long names: jumun serve --config jumun.toml
Examples:
  jumun serve --no-auth                            one process, SQLite file jumun.db, commands over HTTP from this machine
  jumun serve --no-auth --sample                   the same, with goods and an order in every status, to be looked at
  jumun serve --tokens tokens.toml --redis redis://localhost --database postgres://jumun@localhost/jumun --partitions 2")]
pub struct ServeArgs {
    #[command(flatten)]
    places: ConnectionArgs,
    /// Address of the HTTP API
    #[arg(long, env = "JUMUN_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    listen: String,
    /// Lanes in this process; fixed once a namespace has orders
    #[arg(long, env = "JUMUN_PARTITIONS", default_value_t = 1)]
    partitions: u32,
    /// This process's name: a restart under the same name takes its partitions back at once [default: made anew]
    #[arg(long, env = "JUMUN_INSTANCE", value_name = "NAME")]
    instance: Option<String>,
    /// How long a lease lasts without renewal, in seconds
    #[arg(long, env = "JUMUN_LEASE", default_value_t = 5.0, value_name = "SECONDS")]
    lease: f64,
    #[command(flatten)]
    care: CareArgs,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    retention: RetentionArgs,
    #[command(flatten)]
    keep: KeepArgs,
    #[command(flatten)]
    payments: PaymentArgs,
    /// Commands in flight a lane: read and not yet answered
    #[arg(long, env = "JUMUN_IN_FLIGHT", default_value_t = 20_000, value_name = "COUNT")]
    in_flight: usize,
    /// Commands in one commit at most
    #[arg(long, env = "JUMUN_BATCH", default_value_t = 1_024, value_name = "COUNT")]
    batch: usize,
    /// Recent commands remembered a lane, for retries
    #[arg(long, env = "JUMUN_DEDUP_WINDOW", default_value_t = 100_000, value_name = "COUNT")]
    dedup_window: usize,
    /// Order actors in memory a lane, and SKU actors
    #[arg(long, env = "JUMUN_MAX_ACTORS", default_value_t = 50_000, value_name = "COUNT")]
    max_actors: usize,
    /// Seconds without use after which an actor leaves memory
    #[arg(long, env = "JUMUN_ACTOR_IDLE_TIMEOUT", default_value_t = 60, value_name = "SECONDS")]
    actor_idle_timeout: u64,
    /// Do not touch the schema; it must be up to date (see jumun migrate)
    #[arg(long, env = "JUMUN_NO_MIGRATE")]
    no_migrate: bool,
    /// How long the HTTP API waits for an answer before it says where to look, in seconds
    #[arg(long, env = "JUMUN_ANSWER_TIMEOUT", default_value_t = 10.0, value_name = "SECONDS")]
    answer_timeout: f64,
    /// How long a connection to the HTTP API may be idle, in seconds: longer than a proxy before it keeps one
    #[arg(long, env = "JUMUN_KEEP_ALIVE", default_value_t = KEEP_ALIVE.as_secs_f64(), value_name = "SECONDS")]
    keep_alive: f64,
    /// Connections to the HTTP API in all; further ones are told to come again
    #[arg(long, env = "JUMUN_CONNECTIONS", default_value_t = sockets::SocketBounds::default().in_all, value_name = "COUNT")]
    connections: usize,
    /// Of them from one address (an IPv6 /64): behind a proxy they are all
    #[arg(long, env = "JUMUN_CONNECTIONS_PER_ADDRESS", default_value_t = sockets::SocketBounds::default().of_one, value_name = "COUNT")]
    connections_per_address: usize,
    /// Threads that serve the HTTP API
    #[arg(long, env = "JUMUN_HTTP_WORKERS", default_value_t = http::WORKERS, value_name = "COUNT")]
    http_workers: usize,
    /// How long a client may take nothing of what is written to it, or less than 40 KiB while more waits, in seconds; then it
    /// is cut
    #[arg(long, env = "JUMUN_WRITE_TIMEOUT", default_value_t = sockets::SocketBounds::default().unread.as_secs_f64(), value_name = "SECONDS")]
    write_timeout: f64,
    /// Fill an empty shop first: goods, and an order in every status (현황), as by the public commands
    #[arg(long, env = "JUMUN_SAMPLE")]
    sample: bool,
    /// Who may use the HTTP API: a TOML file of tokens, as jumun token writes them; read again when it changes, and at SIGHUP
    #[arg(long, env = "JUMUN_TOKENS", value_name = "FILE")]
    tokens: Option<PathBuf>,
    /// A token without a file: NAME:ROLE:SHA256, or NAME:partner:SHA256:PARTNER, with its end behind it, :until=2027-03-01;
    /// several with commas between
    #[arg(long, env = "JUMUN_TOKEN", hide_env_values = true, value_delimiter = ',', value_name = "TOKEN")]
    token: Vec<String>,
    /// Serve without tokens: whoever has an account on this machine may do anything; nobody else reaches the HTTP API
    #[arg(long, env = "JUMUN_NO_AUTH", value_parser = BoolishValueParser::new())]
    no_auth: bool,
    /// The same at an address that others reach: ANYONE who reaches it may do ANYTHING
    #[arg(long, env = "JUMUN_NO_AUTH_ON_NETWORK", value_parser = BoolishValueParser::new())]
    no_auth_on_network: bool,
    /// A name, besides localhost, by which the HTTP API may be reached without tokens; may be given again. Browsers ask by the name
    /// that a page has, so others are refused
    #[arg(long, env = "JUMUN_ALLOWED_HOST", value_delimiter = ',', value_name = "NAME")]
    allowed_host: Vec<String>,
    /// Proxies (addresses, or networks as 10.0.0.0/8, with commas between) that are believed about whom they ask for: bounds,
    /// logs and the audit then go by the client's address, else by the peer's
    #[arg(long, env = "JUMUN_TRUSTED_PROXIES", value_delimiter = ',', value_name = "NETWORK")]
    trusted_proxies: Vec<Network>,
    /// The header in which they say it; the other one is not looked at
    #[arg(long, env = "JUMUN_PROXY_HEADER", value_enum, default_value_t, value_name = "HEADER")]
    proxy_header: Header,
    /// Whom events are posted to, signed: a TOML file of webhooks (see docs/guide/events.md)
    #[arg(long, env = "JUMUN_WEBHOOKS", value_name = "FILE")]
    webhooks: Option<PathBuf>,
    /// Requests a second that each token may make at the HTTP API; 0 is no bound
    #[arg(long, env = "JUMUN_RATE", default_value_t = 0, value_name = "COUNT")]
    rate: u32,
    /// Requests a second from one address (an IPv6 /64) without a token that is known, or signed badly; 0 is no bound
    #[arg(long, env = "JUMUN_UNAUTHENTICATED_RATE", default_value_t = 10, value_name = "COUNT")]
    unauthenticated_rate: u32,
    #[command(flatten)]
    tracing: TraceArgs,
}

impl ServeArgs {
    fn limits(&self) -> anyhow::Result<Limits> {
        ensure!((1..=10_000).contains(&self.batch), "--batch is 1 to 10000, not {}", self.batch);
        ensure!((1..=1_000_000).contains(&self.in_flight), "--in-flight is 1 to 1000000, not {}", self.in_flight);
        ensure!(self.dedup_window <= 10_000_000, "--dedup-window is at most 10000000, not {}", self.dedup_window);
        ensure!((1..=10_000_000).contains(&self.max_actors), "--max-actors is 1 to 10000000, not {}", self.max_actors);
        Ok(Limits {
            in_flight_max: self.in_flight,
            batch_max: self.batch,
            window_max: self.dedup_window,
            live: Bounds {
                orders_max: self.max_actors,
                skus_max: self.max_actors,
                idle_ticks: self.actor_idle_timeout.max(1),
            },
            ..Limits::default()
        })
    }
}

/// Idle connections live longer than nginx's (60 s) and AWS's load balancers' (60 s), which would meet a closed one.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// Runs it.
///
/// # Errors
/// A sentence, when a setting makes no sense or a server can't be used.
pub async fn run(args: ServeArgs) -> anyhow::Result<ExitCode> {
    // from now on it ends nothing, with or without a file, whatever is waited for
    let hangups = signal(SignalKind::hangup()).context("SIGHUP is not heard")?;
    ensure!((1..=256).contains(&args.partitions), "--partitions is 1 to 256, not {}", args.partitions);
    let clock = real_clock();
    let (limits, policy) = (args.limits()?, args.policy.policy()?);
    let (gateway, payments_secret) = (args.payments.gateway(&clock)?, args.payments.secret()?);
    let (claim_window, terms) = (args.keep.claim_window()?, args.keep.terms()?);
    // a dead letter may hold what orders keep of persons
    let retention = Retention { dead_age: terms.persons, ..args.retention.retention()? };
    let lease_ttl = seconds("--lease", args.lease, 0.2, 3_600.0)?;
    let patience = seconds("--answer-timeout", args.answer_timeout, 0.01, 300.0)?;
    let keep_alive = seconds("--keep-alive", args.keep_alive, 1.0, 3_600.0)?;
    ensure!(
        args.connections > 0 && args.connections_per_address > 0,
        "--connections and --connections-per-address are 1 or more"
    );
    ensure!((1..=64).contains(&args.http_workers), "--http-workers is 1 to 64, not {}", args.http_workers);
    let unread = seconds("--write-timeout", args.write_timeout, 1.0, 3_600.0)?;
    let bounds = sockets::SocketBounds { in_all: args.connections, of_one: args.connections_per_address, unread };
    ensure!(gateway.is_none() || !args.sample, "--sample is a shop of made-up payments: without --payments");
    let tokens = Arc::new(Keyring::read(args.tokens.as_deref(), &args.token)?);
    tokens.tell(clock.now());
    let hooks = args.webhooks.as_deref().map(|path| Hooks::read(path, retention.events)).transpose()?;
    let hooks = Arc::new(hooks.unwrap_or_default());
    args.places.secure()?;
    let listener = TcpListener::bind(&args.listen).with_context(|| format!("can't listen on {}", args.listen))?;
    let asked = (args.no_auth, args.no_auth_on_network);
    may_open(tokens.open(), asked, listener.local_addr()?)?;
    ensure!(
        tokens.open() || args.allowed_host.is_empty(),
        "--allowed-host is for serving without tokens, and there are some"
    );
    let metrics = Metrics::install()?;
    let watched = tokio::spawn(Arc::clone(&tokens).watch(Arc::clone(&clock), hangups));
    let proxies = Proxies { networks: args.trusted_proxies, header: args.proxy_header };
    let opening = Startup {
        places: &args.places,
        care: &args.care,
        keys: &args.payments.keys,
        clock: &clock,
        migrate: !args.no_migrate,
        listener: &listener,
        closed: ClosedParts {
            partitions: args.partitions,
            tokens: Arc::clone(&tokens),
            clock: Arc::clone(&clock),
            bounds,
            proxies: proxies.clone(),
            reached: Arc::default(),
        },
    };
    let Some((store, log)) = Box::pin(opening.open()).await? else { return Ok(ExitCode::SUCCESS) };
    let instance = args.instance.clone().unwrap_or_else(|| format!("jumun-{}", uuid::Uuid::now_v7().simple()));
    let (traces, exporter) = args.tracing.start(&instance)?.unzip();
    let parts = ServerParts {
        partitions: args.partitions,
        instance: instance.clone(),
        lease_ttl,
        stuck_after: args.care.stuck_after()?,
        store: Arc::clone(&store),
        log: Arc::clone(&log),
        clock: Arc::clone(&clock),
        policy,
        limits,
        retention,
        terms,
        gateway,
        hooks: Arc::clone(&hooks),
        traces: traces.map(Arc::new),
    };
    if args.sample {
        sample::fill(&parts).await.context("--sample")?;
    }
    let server = Server::opened(parts);
    let address = listener.local_addr()?;
    greet(address);
    tracing::info!(%address, instance, store = store.kind(), log = log.kind(), partitions = args.partitions, "jumun serves");
    for (server, reach) in [("PostgreSQL", store.reach()), ("Redis", log.reach())] {
        if let Some(reach) = reach {
            tracing::info!("{server} is reached {reach}");
        }
    }
    if log.kind() == "memory" {
        tracing::info!("the log is in this process: \"accepted\" means committed, and commands come in over HTTP");
    }
    let stop = CancellationToken::new();
    let http = HttpParts {
        log,
        store: store.apart().unwrap_or_else(|| Arc::clone(&store)),
        lane_store: store,
        clock,
        partitions: args.partitions,
        health: Arc::clone(&server.health),
        metrics,
        patience,
        keep_alive,
        bounds,
        waiting_max: 10_000,
        workers: args.http_workers,
        tokens,
        proxies,
        hosts: Hosts { names: args.allowed_host, any_address: args.no_auth_on_network },
        rate: args.rate,
        stranger_rate: args.unauthenticated_rate,
        hooks,
        stop: stop.clone(),
        payments_secret,
        payments_labelled: args.payments.payments_labelled,
        claim_window,
    };
    let mut api = Box::pin(http::serve(http, listener));
    tokio::select! {
        served = &mut api => served?,
        () = told_to_stop() => {
            tracing::info!("stopping: the HTTP API closes, and what is decided is committed and answered first");
            stop.cancel();
            api.await?;
        }
    }
    watched.abort();
    if tokio::time::timeout(Duration::from_secs(15), server.stop()).await.is_err() {
        tracing::warn!("the lanes are still busy; what is not committed is read again by the next server");
    }
    if let Some(exporter) = exporter {
        exporter.close().await;
    }
    Ok(ExitCode::SUCCESS)
}

/// An API without tokens is one that somebody asked for (for this machine, for the network), and no wider than that.
fn may_open(without_tokens: bool, (here, network): (bool, bool), at: SocketAddr) -> anyhow::Result<()> {
    if !without_tokens {
        ensure!(
            !here && !network,
            "--no-auth is for serving without tokens, and there are some: leave out one of both"
        );
        return Ok(());
    }
    ensure!(
        here || network,
        "nobody could use the HTTP API: there are no tokens. Name some (--tokens FILE; jumun token makes them), or say \
         --no-auth: then whoever is on this machine may do anything"
    );
    ensure!(
        network || at.ip().to_canonical().is_loopback(),
        "--no-auth is for this machine only, and others may reach {at}. Name tokens (--tokens FILE), or say \
         --no-auth-on-network, if anyone who reaches it may do anything"
    );
    Ok(())
}

/// For people, on standard output; logs that machines read are not mixed with it.
fn greet(address: SocketAddr) {
    if std::env::var("JUMUN_LOG_FORMAT").is_ok_and(|format| format == "json") {
        return;
    }
    if let Err(e) = writeln!(std::io::stdout(), "jumun: the console is at http://{}/", shown(address)) {
        tracing::debug!(error = %e, "nobody reads the standard output");
    }
}

/// An address that a browser on this machine can open.
fn shown(address: SocketAddr) -> SocketAddr {
    let here: IpAddr = if address.is_ipv6() { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
    if address.ip().is_unspecified() { SocketAddr::new(here, address.port()) } else { address }
}

/// Returns at SIGTERM or SIGINT.
pub async fn told_to_stop() {
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut term), Ok(mut int)) => {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
        }
        _ => std::future::pending::<()>().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_door_is_no_wider_than_somebody_asked_for() {
        for (without_tokens, asked, at, fits) in [
            (false, (false, false), "0.0.0.0:80", true),
            (false, (true, false), "127.0.0.1:80", false),
            (false, (false, true), "0.0.0.0:80", false),
            (true, (false, false), "127.0.0.1:80", false),
            (true, (true, false), "127.0.0.1:80", true),
            (true, (true, false), "127.8.8.8:80", true),
            (true, (true, false), "[::1]:80", true),
            (true, (true, false), "[::ffff:127.0.0.1]:80", true),
            (true, (true, false), "0.0.0.0:80", false),
            (true, (true, false), "[::]:80", false),
            (true, (true, false), "10.0.0.1:80", false),
            (true, (true, false), "[::ffff:10.0.0.1]:80", false),
            (true, (false, true), "0.0.0.0:80", true),
            (true, (true, true), "10.0.0.1:80", true),
        ] {
            let at = at.parse().unwrap();
            assert_eq!(may_open(without_tokens, asked, at).is_ok(), fits, "{without_tokens} {asked:?} {at}");
        }
    }
}
