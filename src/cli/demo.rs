//! `jumun demo`: a flash sale as it happens, and its books checked afterwards.

use std::{
    io::IsTerminal as _,
    net::TcpListener,
    path::PathBuf,
    process::{ExitCode, Stdio},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use clap::Args;
use tokio_util::sync::CancellationToken;

use super::{
    config::{InsecureArgs, RedisTlsArgs, memory_log, real_clock, seconds},
    serve::{self, KEEP_ALIVE},
};
use crate::{
    domain::catalog::Policy,
    http::{self, HttpParts, front::Hosts, keyring::Keyring, origin::Proxies, sockets::SocketBounds},
    integrations::payment::simulated::{Rules, Simulated},
    lane::Limits,
    log::{CommandLog, Retention, redis::RedisLog},
    retention::{CLAIM_WINDOW, RetentionTerms},
    server::{Server, ServerParts, stats::Metrics},
    store::{self, rows::OrdRow, table},
    tools::{
        demo::{
            self, DemoPlan, DemoServers,
            check::{DemoCheck, check},
            report::report,
            screen::Screen,
        },
        verify::{Options, verify},
    },
};

/// Holds a flash sale: a crowd wants more than there is, and behaves like people do; then checks the books.
///
/// Some pay late, some never, some are declined and pay by another card, some cancel, some send the same order twice, some
/// try for two. Units that come free go to the next in line, until every one is sold: never one more, never one less.
///
/// Exit status: 0 when every promise holds, 1 when one is broken or the sale could not be held.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  jumun demo                                     nothing to set up: a SQLite file in a temporary directory
  jumun demo --open                              the same, seen in the browser as it happens
  jumun demo --units 100 --customers 5000        a small sale
  jumun demo --redis redis://localhost --database postgres://jumun@localhost/demo
                                                 the same over real servers, in a namespace of its own")]
pub struct DemoArgs {
    /// Units on sale
    #[arg(long, default_value_t = 10_000)]
    units: u32,
    /// Customers, wanting one each
    #[arg(long, default_value_t = 100_000)]
    customers: u32,
    /// Customers that arrive a second, whatever the server does [default: all within ten seconds]
    #[arg(long)]
    rate: Option<u32>,
    /// What the crowd is like: the same number, the same crowd
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How long an order may stay unpaid, in seconds
    #[arg(long, default_value_t = 3.0, value_name = "SECONDS")]
    window: f64,
    /// Keep the SQLite file here, as demo.db [default: a temporary directory, removed afterwards]
    #[arg(long, conflicts_with = "database")]
    dir: Option<PathBuf>,
    /// Redis to send the orders through [default: an in-process log]
    // not from the environment: a demonstration goes nowhere that it was not sent to
    #[arg(long, value_name = "URL")]
    redis: Option<String>,
    #[command(flatten)]
    redis_tls: RedisTlsArgs,
    #[command(flatten)]
    insecure: InsecureArgs,
    /// postgres://… or sqlite:PATH
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Use a database that has orders in it already
    #[arg(long)]
    yes: bool,
    /// Watch it in the browser: the console at http://127.0.0.1:8080/ (or another free port), up to Enter after the sale
    #[arg(long)]
    open: bool,
    /// Wait for Enter before the books are checked: a chance to look into the database, or to spoil it
    #[arg(long)]
    pause: bool,
}

impl DemoArgs {
    fn plan(&self) -> anyhow::Result<DemoPlan> {
        ensure!((1..=1_000_000).contains(&self.units), "--units is 1 to 1000000, not {}", self.units);
        ensure!((1..=1_000_000).contains(&self.customers), "--customers is 1 to 1000000, not {}", self.customers);
        let rate = self.rate.unwrap_or(self.customers.div_ceil(10));
        ensure!((1..=1_000_000).contains(&rate), "--rate is 1 to 1000000, not {rate}");
        let window = seconds("--window", self.window, 0.2, 60.0)?;
        Ok(DemoPlan { units: self.units, customers: self.customers, rate, seed: self.seed, window })
    }
}

/// A directory that goes when it is dropped, unless it is kept.
struct Scratch {
    path: PathBuf,
    kept: bool,
}

impl Scratch {
    fn new(dir: Option<&PathBuf>) -> anyhow::Result<Self> {
        let (path, kept) = match dir {
            Some(dir) => (dir.clone(), true),
            None => (std::env::temp_dir().join(format!("jumun-demo-{}", uuid::Uuid::now_v7().simple())), false),
        };
        std::fs::create_dir_all(&path).with_context(|| format!("can't make the directory {}", path.display()))?;
        Ok(Self { path, kept })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.kept
            && let Err(e) = std::fs::remove_dir_all(&self.path)
        {
            tracing::warn!(path = %self.path.display(), error = %e, "the temporary directory stays behind");
        }
    }
}

/// Runs it.
///
/// # Errors
/// A sentence, when a setting makes no sense, a server can't be used, or the sale does not come to rest.
pub async fn run(args: DemoArgs) -> anyhow::Result<ExitCode> {
    tokio::select! {
        ended = Box::pin(sale(args)) => ended,
        // dropped, so that the temporary directory goes too
        () = serve::told_to_stop() => bail!("the sale was broken off"),
    }
}

async fn sale(args: DemoArgs) -> anyhow::Result<ExitCode> {
    let plan = args.plan()?;
    let clock = real_clock();
    let scratch = args.database.is_none().then(|| Scratch::new(args.dir.as_ref())).transpose()?;
    let url = match (&args.database, &scratch) {
        (Some(url), _) => url.clone(),
        (None, Some(scratch)) => format!("sqlite:{}", scratch.path.join("demo.db").display()),
        (None, None) => bail!("there is neither a database nor a directory"),
    };
    args.insecure.database(&url)?;
    let store = store::open(&url).await.context("the database can't be opened")?;
    store.migrate().await?;
    if !args.yes && !store.page(table::<OrdRow>(), None, 1).await?.is_empty() {
        bail!("the database has orders in it: name an empty one, or say --yes to hold the sale beside them");
    }
    let namespace = format!("demo-{}", uuid::Uuid::now_v7().simple()).chars().take(24).collect::<String>();
    let log: Arc<dyn CommandLog> = match &args.redis {
        Some(url) => {
            args.insecure.redis(url)?;
            let certificates = args.redis_tls.certificates()?;
            Arc::new(RedisLog::connect_by(url, &namespace, &certificates).await.context("Redis can't be used")?)
        }
        None => memory_log(&clock),
    };
    let metrics = Metrics::install()?;
    let place = DemoServers { store: Arc::clone(&store), log: Arc::clone(&log), clock: Arc::clone(&clock) };
    let server = start(&plan, &place).await?;
    let mut screen = Screen::new();
    screen.says(&headline(&args, &plan, &place, &namespace, scratch.as_ref()));
    let sale = if args.open {
        let listener = listener()?;
        let parts = HttpParts {
            log: Arc::clone(&log),
            store: store.clone(),
            lane_store: store.clone(),
            clock: Arc::clone(&clock),
            partitions: 1,
            health: Arc::clone(&server.health),
            metrics: metrics.clone(),
            patience: Duration::from_secs(10),
            keep_alive: KEEP_ALIVE,
            bounds: SocketBounds::default(),
            waiting_max: 1_000,
            tokens: Arc::new(Keyring::without_authentication()),
            proxies: Proxies::default(),
            hosts: Hosts::default(),
            payments_secret: None,
            payments_labelled: false,
            claim_window: CLAIM_WINDOW,
            rate: 0,
            stranger_rate: 10,
            workers: http::WORKERS,
            hooks: Arc::default(),
            stop: CancellationToken::new(),
        };
        let url = format!("http://{}/", listener.local_addr()?);
        tokio::select! {
            sale = Box::pin(watched(plan, &place, &mut screen, &url)) => sale?,
            served = http::serve(parts, listener) => {
                served?;
                bail!("the console ended before the sale");
            }
        }
    } else {
        demo::hold(plan, &place, &mut screen).await?
    };
    if tokio::time::timeout(Duration::from_secs(15), server.stop()).await.is_err() {
        bail!("the server did not stop");
    }
    if args.pause {
        screen.says("  the server has stopped; press Enter to check the books");
        enter().await?;
    }
    screen.says("  checking the books");
    let found = check(&sale, &*store).await?;
    let options = Options { now: Some(clock.now()), ..Options::default() };
    let verified = Box::pin(verify(store, Some(log), options)).await?;
    let promises: Vec<DemoCheck> = verified.checks.iter().map(DemoCheck::promise).collect();
    println!("{}", report(&sale, &found, &metrics.stats(), &promises));
    if let Some(kept) = scratch.as_ref().filter(|s| s.kept) {
        println!("The database is kept: {}", kept.path.join("demo.db").display());
    }
    Ok(if found.holds() && verified.holds() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// How long somebody has to look at the browser before the sale opens.
const LOOK: Duration = Duration::from_secs(5);

/// The sale, before somebody's eyes.
async fn watched(
    plan: DemoPlan,
    place: &DemoServers,
    screen: &mut Screen,
    url: &str,
) -> anyhow::Result<demo::DemoSale> {
    screen.says(&format!("  watch it at {url}; it opens in {} s", LOOK.as_secs()));
    for browser in ["xdg-open", "open"] {
        let started = std::process::Command::new(browser).arg(url).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        if started.is_ok() {
            break;
        }
    }
    tokio::time::sleep(LOOK).await;
    let sale = demo::hold(plan, place, screen).await?;
    screen.says("  the sale is over; look around, and press Enter to check the books");
    enter().await?;
    Ok(sale)
}

async fn enter() -> anyhow::Result<()> {
    tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new())).await??;
    Ok(())
}

/// Where the console is looked for first; else any port that is free.
fn listener() -> anyhow::Result<TcpListener> {
    TcpListener::bind("127.0.0.1:8080").or_else(|_| TcpListener::bind("127.0.0.1:0")).context("no port is free")
}

async fn start(plan: &DemoPlan, place: &DemoServers) -> anyhow::Result<Server> {
    let policy = Policy {
        payment_window: plan.window,
        // a demonstration has no time for a second try after five seconds
        refund_retry: Duration::from_millis(500),
        ..Policy::default()
    };
    let rules = Rules { fail_permille: 100, delay: Duration::from_millis(5), ..Rules::default() };
    let parts = ServerParts {
        partitions: 1,
        instance: format!("demo-{}", uuid::Uuid::now_v7().simple()),
        lease_ttl: Duration::from_secs(5),
        stuck_after: Duration::from_secs(120),
        store: Arc::clone(&place.store),
        log: Arc::clone(&place.log),
        clock: Arc::clone(&place.clock),
        policy,
        limits: Limits::default(),
        retention: Retention {
            commands: Duration::from_secs(600),
            answers: Duration::from_secs(600),
            events: Duration::from_secs(600),
            dead_max: 10_000,
            dead_age: None,
        },
        gateway: Some(Arc::new(Simulated::new(rules))),
        terms: RetentionTerms::default(),
        hooks: Arc::default(),
        traces: None,
    };
    let server = Server::start(parts).await?;
    let ready = tokio::time::timeout(Duration::from_secs(10), server.ready(1)).await;
    ensure!(ready.is_ok(), "another server owns this database's partitions: stop it, or name another database");
    Ok(server)
}

fn headline(
    args: &DemoArgs,
    plan: &DemoPlan,
    place: &DemoServers,
    namespace: &str,
    scratch: Option<&Scratch>,
) -> String {
    let store = match scratch {
        Some(scratch) => format!("SQLite in {}", scratch.path.display()),
        None if place.store.kind() == "postgres" => "PostgreSQL".to_owned(),
        None => "SQLite".to_owned(),
    };
    let log = match &args.redis {
        Some(_) => format!("Redis, namespace {namespace}"),
        None => "an in-process log".to_owned(),
    };
    let bold = |text: &str| match std::io::stderr().is_terminal() {
        true => format!("\u{1b}[1m{text}\u{1b}[0m"),
        false => text.to_owned(),
    };
    use crate::tools::load::report::thousands;
    format!(
        "{}\n  {} units, one a customer; {} customers, {} a second; {} s to pay\n  over {store} and {log}",
        bold("여름 특가 — a flash sale"),
        thousands(plan.units.into()),
        thousands(plan.customers.into()),
        thousands(plan.rate.into()),
        plan.window.as_secs_f64(),
    )
}
