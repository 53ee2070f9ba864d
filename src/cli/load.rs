//! `jumun load`: load at a rate, against a running server.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand};

use super::{
    compare::{self, CompareArgs},
    config::{InsecureArgs, RedisTlsArgs, real_clock},
};
use crate::tools::load::{
    knee::{KneeBounds, KneeSearch},
    report::{FORMAT, LoadReport},
    scenario::{Scenario, Scenarios},
    session::{LoadSale, LoadTarget, Session},
};

/// A file of scenarios that is larger is refused.
const SCENARIOS_BYTES_MAX: u64 = 1024 * 1024;

/// Offers orders at a fixed rate to a running server and reports how it answered.
///
/// The load is an open loop: orders are sent when they are due, and a latency counts from the moment an order was due
/// to the arrival of its answer. The goods that are sold are made first, under ids of this run alone.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Examples:
  jumun load --redis redis://localhost --rate 20000 --duration 30
  jumun load --redis redis://localhost --scenario zipf --skus 1000 --find-knee --rate 10000
  jumun load --http http://localhost:8080 --scenario mixed --rate 500 --count 10000 --report before.json
  jumun load compare before.json after.json"
)]
pub struct LoadArgs {
    #[command(subcommand)]
    what: Option<What>,
    /// Redis whose streams the server reads
    #[arg(long, env = "REDIS_URL", hide_env_values = true, value_name = "URL", required_unless_present = "http")]
    pub redis: Option<String>,
    #[command(flatten)]
    pub redis_tls: RedisTlsArgs,
    #[command(flatten)]
    pub insecure: InsecureArgs,
    /// Send by POST /v1/commands to this address instead
    #[arg(long, value_name = "URL")]
    pub http: Option<String>,
    /// First part of the Redis keys
    #[arg(long, env = "JUMUN_NAMESPACE", default_value = "jumun")]
    pub namespace: String,
    /// Shown at the HTTP API; an operator's, since the goods are made there too
    #[arg(long, env = "JUMUN_TOKEN_TEXT", hide_env_values = true, value_name = "TOKEN")]
    pub token: Option<String>,
    /// hot: one SKU; zipf, spread: many; multi: 1 to 4 lines; sold-out: refusals; mixed: payments, deposits,
    /// cancellations, returns
    #[arg(long, default_value = "hot", value_name = "NAME")]
    pub scenario: String,
    /// Scenarios of your own, in the form of ops/load/scenarios.json
    #[arg(long, value_name = "FILE")]
    pub scenarios: Option<PathBuf>,
    /// SKUs on sale, where the scenario has more than one [default: the scenario's]
    #[arg(long)]
    pub skus: Option<u32>,
    /// Units of each SKU [default: the scenario's]
    #[arg(long)]
    pub stock: Option<u64>,
    /// Another number wants other SKUs in another order
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Commands a second; with --find-knee the first rate tried [default: the scenario's]
    #[arg(long)]
    pub rate: Option<u64>,
    /// Seconds to send for (each step of --find-knee) [default: the scenario's]
    #[arg(long, conflicts_with = "count", value_name = "SECONDS")]
    pub duration: Option<u64>,
    /// Commands to send, instead of a duration
    #[arg(long)]
    pub count: Option<u64>,
    /// Step the rate up until the server does not keep up, or p99 passes --knee-p99-ms
    #[arg(long)]
    pub find_knee: bool,
    /// Highest rate that --find-knee tries
    #[arg(long, default_value_t = 200_000, value_name = "RATE")]
    pub knee_max: u64,
    /// Highest p99 that --find-knee accepts, in milliseconds
    #[arg(long, default_value_t = 1_000, value_name = "MS")]
    pub knee_p99_ms: u64,
    /// Commands that may wait for answers before sending pauses (what that delays is reported)
    #[arg(long, default_value_t = 200_000, value_name = "COMMANDS")]
    pub in_flight: u64,
    /// Keep-alive connections of the HTTP API
    #[arg(long, default_value_t = 64)]
    pub connections: usize,
    /// How often a command without an answer is sent again by HTTP, with its id [default: the scenario's]
    #[arg(long)]
    pub retries: Option<u32>,
    /// Seconds to wait for the last answers
    #[arg(long, default_value_t = 30, value_name = "SECONDS")]
    pub drain: u64,
    /// Also write the report as JSON to this file, or to standard output for "-" (instead of the table)
    #[arg(long, alias = "json", value_name = "FILE")]
    pub report: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum What {
    Compare(CompareArgs),
}

/// Does what [`LoadArgs`] says. The exit status is a failure when a command went unanswered, was answered twice or
/// failed; refusals are answers.
///
/// # Errors
/// When the server can't be reached, the goods can't be made, or the report can't be written.
pub async fn run(args: LoadArgs) -> anyhow::Result<ExitCode> {
    if let Some(What::Compare(args)) = &args.what {
        return Ok(compare::run(args));
    }
    let scenario = scenario(&args)?;
    let rate = args.rate.unwrap_or(scenario.rate);
    ensure!(rate > 0, "the rate must be at least 1");
    let (target, transport) = match (&args.http, &args.redis) {
        (Some(url), _) => {
            let (token, retries) = (args.token.clone(), args.retries.unwrap_or(scenario.retries));
            (LoadTarget::Http { url: url.clone(), connections: args.connections, token, retries }, "http")
        }
        (None, Some(url)) => {
            args.insecure.redis(url)?;
            let certificates = args.redis_tls.certificates()?;
            (LoadTarget::Redis { url: url.clone(), certificates, namespace: args.namespace.clone() }, "redis")
        }
        (None, None) => bail!("either --redis or --http is needed"),
    };
    let (skus, stock) = (args.skus.unwrap_or(scenario.skus), args.stock.unwrap_or(scenario.stock));
    let seconds = args.duration.unwrap_or(scenario.seconds);
    let name = scenario.name.clone();
    let sale = LoadSale { scenario, skus, stock, seed: args.seed, run: run_name() };
    let drain = Duration::from_secs(args.drain);
    let started = real_clock().now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let mut session = Session::open(&target, sale, drain).await?;
    let count = |rate: u64| args.count.unwrap_or_else(|| rate.saturating_mul(seconds));
    let (run, steps) = if args.find_knee {
        let p99_us_max = args.knee_p99_ms.saturating_mul(1_000);
        let mut state = KneeSearch::new(KneeBounds { from: rate, to: args.knee_max, step_percent: 125, p99_us_max });
        while let Some(rate) = state.next_rate() {
            state.saw(session.run(rate, count(rate), args.in_flight, drain).await?);
        }
        let steps = state.knee.steps;
        let Some(best) = state.knee.best.or_else(|| steps.first().cloned()) else { bail!("no rate was tried") };
        (best, steps)
    } else {
        (session.run(rate, count(rate), args.in_flight, drain).await?, Vec::new())
    };
    let skus = session.skus();
    let report = LoadReport {
        format: FORMAT,
        by: "jumun load".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        started,
        scenario: name,
        transport: transport.into(),
        skus,
        stock,
        seed: args.seed,
        partitions: session.partitions,
        run,
        steps,
    };
    show(&report, args.report.as_deref())?;
    Ok(if report.clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn scenario(args: &LoadArgs) -> anyhow::Result<Scenario> {
    let all = match &args.scenarios {
        None => Scenarios::built_in()?,
        Some(path) => {
            let text = compare::read_bounded(path, SCENARIOS_BYTES_MAX).map_err(anyhow::Error::msg)?;
            Scenarios::read(&text).with_context(|| format!("{} can't be used", path.display()))?
        }
    };
    Ok(all.named(&args.scenario)?)
}

fn show(report: &LoadReport, json: Option<&std::path::Path>) -> anyhow::Result<()> {
    let text = || serde_json::to_string_pretty(report).context("the report can't be written as JSON");
    match json {
        Some(path) if path.as_os_str() == "-" => println!("{}", text()?),
        Some(path) => {
            std::fs::write(path, text()? + "\n").with_context(|| format!("can't write {}", path.display()))?;
            println!("{report}");
        }
        None => println!("{report}"),
    }
    Ok(())
}

/// A name that no other run has: 12 hexadecimal digits.
fn run_name() -> String {
    format!("{:012x}", uuid::Uuid::now_v7().as_u128() & 0xffff_ffff_ffff)
}
