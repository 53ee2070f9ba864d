//! jumun against what one would do otherwise, in one run on one machine: `cargo bench --bench versus`, or
//! `scripts/bench.sh`. The rounds are interleaved, so that a noisy machine is noisy for all; a ratio is the median of
//! the rounds' ratios.
//!
//! | | what it is | how it is measured |
//! |---|---|---|
//! | A | one transaction an order: conditional UPDATE of `tb_pd_unt`, then the inserts ([`closed`]) | closed loop |
//! | C | the same as one call of a server-side function, the UPDATE last ([`closed`]) | closed loop |
//! | B | Redis script + stream, workers that insert one order a transaction ([`lua`]) | draining a full stream |
//! | D | Redis script + stream, one worker that batches ([`batching`]) | open loop, jumun's own load generator |
//! | jumun | the release binary, one partition ([`jumun`]) | open loop, the same generator |
//!
//! All write the same rows, with `synchronous_commit=on`, into a fresh database with jumun's own migrations. A closed
//! loop shows its best throughput and the latencies at it. An open loop shows the highest rate that is kept up, and the
//! latencies at 70% of it, from the moment an order was due to the arrival of its answer.
#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measuring program: rates and ratios, shown"
)]

mod batching;
mod closed;
mod jumun;
mod lua;
mod rows;
mod servers;
mod show;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "the other benches want more of the lane")]
mod support;

use std::{process::ExitCode, time::Duration};

use ::jumun::tools::load::report::Measured;
use anyhow::{Result, bail};
use clap::Parser;
use closed::How;
use hdrhistogram::Histogram;
use serde::Serialize;
use servers::Servers;
use show::Row;

/// SKUs of the scenario with many.
const MANY: u32 = 1_000;

/// Turns of each count when the best is chosen; odd, for the median.
const SWEEPS: usize = 3;

/// Compares jumun with the alternatives.
#[derive(Debug, Parser)]
struct Args {
    /// A short smoke run: one round of short measurements, whose figures mean little
    #[arg(long)]
    quick: bool,
    /// Rounds; the figures are medians
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Seconds of one measurement
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Only these systems, e.g. a,c,jumun (a, a64, b, c, d, jumun)
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Which client and worker counts to choose the best from
    #[arg(long, value_delimiter = ',', default_values_t = [2, 4, 8, 16, 32])]
    counts: Vec<usize>,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

impl Args {
    fn wants(&self, system: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == system)
    }
}

/// One measurement.
#[derive(Debug, Clone, Serialize)]
pub struct Sample {
    pub per_second: u64,
    pub p50_us: Option<u64>,
    pub p99_us: Option<u64>,
    /// how it was had
    pub note: String,
}

impl Sample {
    fn rate(count: u64, took: Duration) -> Self {
        let per_second = (count as f64 / took.as_secs_f64()).round() as u64;
        Self { per_second, p50_us: None, p99_us: None, note: String::new() }
    }

    fn of(count: u64, took: Duration, latency: &Histogram<u64>) -> Self {
        let at = |percentile| Some(latency.value_at_percentile(percentile));
        Self { p50_us: at(50.0), p99_us: at(99.0), ..Self::rate(count, took) }
    }

    /// The throughput of one run and the latencies of another.
    fn open(throughput: &Measured, latency: &Measured, note: String) -> Self {
        Self {
            per_second: throughput.achieved,
            p50_us: Some(latency.latency.p50_us),
            p99_us: Some(latency.latency.p99_us),
            note,
        }
    }

    fn with(self, note: String) -> Self {
        Self { note, ..self }
    }
}

/// The time, for rows: measured things use [`std::time::Instant`].
#[expect(clippy::disallowed_methods, reason = "rivals have no clock port")]
pub fn now() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}

/// A system with an open-loop generator at its door.
enum Open {
    Jumun(Box<jumun::Server>),
    Batching(Box<batching::Batching>),
}

impl Open {
    async fn run(&mut self, rate: u64, time: Duration, in_flight_max: u64, drain: Duration) -> Result<Measured> {
        let count = (rate as f64 * time.as_secs_f64()) as u64;
        match self {
            Self::Jumun(server) => server.run(rate, count, in_flight_max, drain).await,
            Self::Batching(worker) => worker.run(rate, count, in_flight_max, drain).await,
        }
    }

    async fn stop(self) -> Result<()> {
        match self {
            Self::Jumun(server) => server.stop(),
            Self::Batching(worker) => worker.stop().await.map(drop),
        }
    }
}

/// The highest rate that is kept up, and the latencies at 70% of it.
///
/// First the system is offered more than it can take with few in flight, which shows its capacity; then lower and
/// lower shares of that at an honest open loop, until one is kept up.
async fn sustained(open: &mut Open, time: Duration) -> Result<Sample> {
    let drain = Duration::from_secs(20);
    // warm: connections, plans, caches
    open.run(2_000, Duration::from_secs(1), 10_000, drain).await?;
    let capacity = open.run(150_000, time / 3, 8_000, Duration::from_secs(1)).await?.achieved;
    let (mut tried, mut lowest) = (Vec::new(), None);
    for percent in [97, 93, 89, 85, 80, 75, 70, 64, 58, 50, 40] {
        let rate = (capacity * percent / 100).max(1);
        let mut probe = open.run(rate, time, 400_000, drain).await?;
        if !probe.kept_up() {
            // one hiccup of a shared machine is not the system's
            probe = open.run(rate, time, 400_000, drain).await?;
        }
        tried
            .push(format!("{rate}/s: {}/s, backlog {} then {}", probe.achieved, probe.backlog_half, probe.backlog_end));
        if probe.kept_up() {
            let at_70 = open.run(rate * 7 / 10, time, 400_000, drain).await?;
            let (p50, p99) = (probe.latency.p50_us / 1_000, probe.latency.p99_us / 1_000);
            let note = format!("capacity {capacity}/s, {percent}% of it kept up at p50 {p50} ms, p99 {p99} ms");
            return Ok(Sample::open(&probe, &at_70, note));
        }
        lowest = Some(probe);
    }
    // the lowest rate tried stands for it, which can only be to its disadvantage
    let Some(lowest) = lowest else { bail!("no rate was tried") };
    Ok(Sample::open(
        &lowest,
        &lowest,
        format!("NO rate was kept up; capacity {capacity}/s, tried {}", tried.join("; ")),
    ))
}

/// The count with the best throughput, by the median of interleaved turns: neighbours among the counts differ by less
/// than two measurements of the same one do.
async fn best<F>(counts: &[usize], mut measure: impl FnMut(usize) -> F) -> Result<usize>
where
    F: Future<Output = Result<Sample>>,
{
    let mut rates = vec![Vec::new(); counts.len()];
    for _ in 0..SWEEPS {
        for (&count, rates) in counts.iter().zip(&mut rates) {
            rates.push(measure(count).await?.per_second);
        }
    }
    let mut best = (0, 0);
    for (&count, rates) in counts.iter().zip(&mut rates) {
        rates.sort_unstable();
        eprintln!("    {count}: {}/s of {rates:?}", rates[SWEEPS / 2]);
        best = best.max((rates[SWEEPS / 2], count));
    }
    Ok(best.1)
}

struct Bench {
    args: Args,
    servers: Servers,
    time: Duration,
    rows: Vec<Row>,
}

impl Bench {
    async fn closed(&self, how: How, clients: usize, skus: u32, time: Duration) -> Result<Sample> {
        let url = self.servers.fresh().await?;
        closed::prepare(&url, skus.into(), rows::TOTAL).await?;
        closed::measure(&url, how, clients, skus.into(), time).await
    }

    async fn open(&self, scenario: Option<&str>) -> Result<Sample> {
        let mut open = match scenario {
            Some(scenario) => Open::Jumun(Box::new(jumun::Server::start(&self.servers, scenario, MANY).await?)),
            None => Open::Batching(Box::new(batching::Batching::start(&self.servers).await?)),
        };
        let sample = sustained(&mut open, self.time).await;
        open.stop().await?;
        sample
    }

    fn record(&mut self, scenario: &'static str, system: &'static str, sample: Sample) {
        let latency = |us: Option<u64>| us.map_or_else(|| "-".into(), |us| format!("{:.1}", us as f64 / 1_000.0));
        eprintln!(
            "  {scenario:<8} {system:<6} {:>7}/s  p50 {:>7} ms  p99 {:>7} ms  {}",
            sample.per_second,
            latency(sample.p50_us),
            latency(sample.p99_us),
            sample.note
        );
        match self.rows.iter_mut().find(|row| row.scenario == scenario && row.system == system) {
            Some(row) => row.samples.push(sample),
            None => self.rows.push(Row { scenario, system, samples: vec![sample] }),
        }
    }

    async fn all(&mut self) -> Result<()> {
        let sweep = self.time / 3;
        let (mut a, mut c, mut b, mut many) = (8, 8, 8, 8);
        let counts = self.args.counts.clone();
        if self.args.wants("a") {
            eprintln!("choosing the best number of clients of A, one SKU");
            a = best(&counts, |n| self.closed(How::Transaction, n, 1, sweep)).await?;
            eprintln!("the same over {MANY} SKUs");
            many = best(&counts, |n| self.closed(How::Transaction, n, MANY, sweep)).await?;
        }
        if self.args.wants("c") {
            eprintln!("choosing the best number of clients of C");
            c = best(&counts, |n| self.closed(How::Function, n, 1, sweep)).await?;
        }
        if self.args.wants("b") {
            eprintln!("choosing the best number of workers of B");
            b = best(&counts, |n| lua::workers(&self.servers, n, sweep)).await?;
        }
        for round in 1..=self.args.rounds {
            eprintln!("round {round} of {}", self.args.rounds);
            if self.args.wants("a") {
                let sample = self.closed(How::Transaction, a, 1, self.time).await?;
                self.record("hot", "A", sample);
            }
            if self.args.wants("jumun") {
                let sample = self.open(Some("hot")).await?;
                self.record("hot", "jumun", sample);
            }
            if self.args.wants("d") {
                let sample = self.open(None).await?;
                self.record("hot", "D", sample);
            }
            if self.args.wants("c") {
                let sample = self.closed(How::Function, c, 1, self.time).await?;
                self.record("hot", "C", sample);
            }
            if self.args.wants("b") {
                let sample = lua::workers(&self.servers, b, self.time).await?;
                self.record("hot", "B", sample);
            }
            if self.args.wants("a64") {
                let sample = self.closed(How::Transaction, 64, 1, self.time).await?;
                self.record("hot", "A64", sample);
            }
            if self.args.wants("a") {
                let sample = self.closed(How::Transaction, many, MANY, self.time).await?;
                self.record("spread", "A", sample);
            }
            if self.args.wants("jumun") {
                let sample = self.open(Some("spread")).await?;
                self.record("spread", "jumun", sample);
                let sample = self.open(Some("sold-out")).await?;
                self.record("soldout", "jumun", sample);
            }
        }
        Ok(())
    }
}

impl Bench {
    /// What is lost when something is killed, by (d) and by jumun.
    async fn losses(&self) -> Result<Vec<[String; 3]>> {
        const RATE: u64 = 3_000;
        let mut rows = Vec::new();
        if self.args.wants("d") {
            let (unanswered, lost) =
                batching::Batching::start(&self.servers).await?.lose_a_worker(&self.servers, RATE).await?;
            rows.push([
                "D".to_owned(),
                "its worker is killed between commit and acknowledgement; another one starts".to_owned(),
                format!(
                    "{unanswered} orders written and never answered, {lost} left pending with the dead one, their units taken"
                ),
            ]);
            let (units, answered) = batching::Batching::start(&self.servers).await?.send_twice(&self.servers).await?;
            rows.push([
                "D".to_owned(),
                "a producer sends one command again, then 99 others".to_owned(),
                format!("{units} units taken for 100 orders, {answered} of the 99 others answered"),
            ]);
        }
        if self.args.wants("jumun") {
            let server = jumun::Server::start(&self.servers, "hot", MANY).await?;
            let (unanswered, twice) = server.lose_the_server(RATE).await?;
            rows.push([
                "jumun".to_owned(),
                "the server is killed under load and started again".to_owned(),
                format!("{unanswered} orders never answered, {twice} answered twice"),
            ]);
        }
        Ok(rows)
    }
}

fn main() -> Result<ExitCode> {
    let mut args = Args::parse();
    if args.quick {
        (args.rounds, args.seconds, args.counts) = (1, 1, vec![8]);
    }
    if args.rounds == 0 || args.seconds == 0 || args.counts.is_empty() {
        bail!("rounds, seconds and counts must be at least 1");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let servers = Servers::open()?;
        servers.prepare().await?;
        let mut machine = servers.describe().await?;
        let data = machine.iter().find(|(name, _)| name.ends_with("data_directory")).map_or("", |(_, value)| value);
        let (fsync_us, path) = servers::fsync_cost(data)?;
        machine.push(("fdatasync of 8 KiB, median".into(), format!("{fsync_us} µs (in {})", parent(&path))));
        machine.push(("cores".into(), std::thread::available_parallelism().map_or(1, usize::from).to_string()));
        machine.push(("jumun version".into(), env!("CARGO_PKG_VERSION").into()));
        let time = Duration::from_secs(args.seconds);
        let mut bench = Bench { args, servers, time, rows: Vec::new() };
        let done = bench.all().await;
        // what was measured before something failed is shown all the same
        let losses = bench.losses().await;
        bench.servers.clear().await?;
        let json = show::show(&machine, &bench.rows, losses.as_deref().unwrap_or_default())?;
        println!("{json}");
        done.and(losses.map(drop))?;
        Ok(ExitCode::SUCCESS)
    })
}

fn parent(path: &std::path::Path) -> String {
    path.parent().map_or_else(String::new, |parent| parent.display().to_string())
}
