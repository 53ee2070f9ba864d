//! What the process counts: all of it for Prometheus, and of that a few series as numbers, for who looks on in this process
//! (the console's live view, the demo's report).
//!
//! Both come from the same handles: a recorder before the exporter's counts the few series a second time, in an atomic each.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Label, Metadata, Recorder, SharedString,
    Unit, atomics::AtomicU64,
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

/// Bounds of times, in seconds.
const SECONDS: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0];
/// Bounds of numbers of commands.
const COUNTS: [f64; 10] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0];
/// How often samples are folded into their histograms.
const UPKEEP_EVERY: Duration = Duration::from_secs(2);

/// The process's metrics.
#[derive(Debug, Clone)]
pub struct Metrics {
    exporter: PrometheusHandle,
    series: Arc<Series>,
}

/// Totals since the process started, and gauges as they are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stats {
    /// commands by outcome, each once
    pub outcomes: BTreeMap<String, u64>,
    /// orders placed, each once
    pub placed: u64,
    /// rejected commands by reason
    pub refusals: BTreeMap<String, u64>,
    /// by partition, of those that said something
    pub lanes: BTreeMap<u32, LaneStats>,
    /// from entries to their answers, the bounds ascending
    pub answers: Vec<AnswersUpTo>,
    pub commits: u64,
    /// commands in those
    pub committed: u64,
    /// time spent in commits
    pub committing: Duration,
}

/// A lane in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LaneStats {
    pub lag: u64,
    pub pending: u64,
    pub in_flight: u64,
    pub resets: u64,
    pub dead: u64,
}

/// Answers that took no longer than a bound; the last bound is infinite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AnswersUpTo {
    pub seconds: f64,
    pub count: u64,
}

impl Metrics {
    /// Counts for the whole process from now on.
    ///
    /// # Errors
    /// When something else does already.
    pub fn install() -> anyhow::Result<Self> {
        let (recorder, metrics) = Self::recorder()?;
        metrics::set_global_recorder(recorder)?;
        // samples wait in memory until someone renders them; nobody may ever ask
        let exporter = metrics.exporter.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(UPKEEP_EVERY).await;
                exporter.run_upkeep();
            }
        });
        Ok(metrics)
    }

    fn recorder() -> anyhow::Result<(StatsRecorder, Self)> {
        let exporter = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)?
            .set_buckets_for_metric(Matcher::Full("jumun_batch_commands".into()), &COUNTS)?
            .build_recorder();
        let metrics = Self { exporter: exporter.handle(), series: Arc::default() };
        Ok((StatsRecorder { exporter, series: Arc::clone(&metrics.series) }, metrics))
    }

    /// All of them as Prometheus reads them.
    pub fn render(&self) -> String {
        self.exporter.render()
    }

    /// The few that are kept as numbers.
    pub fn stats(&self) -> Stats {
        self.series.read()
    }
}

/// Atomics by what a series' labels say.
type Labelled<K> = Mutex<BTreeMap<K, Arc<AtomicU64>>>;

/// The labels of a series of commands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct CommandLabels {
    kind: String,
    outcome: String,
}

/// The series that are kept. Gauges hold the bits of their number.
#[derive(Debug, Default)]
struct Series {
    commands: Labelled<CommandLabels>,
    refusals: Labelled<String>,
    resets: Labelled<u32>,
    lag: Labelled<u32>,
    pending: Labelled<u32>,
    in_flight: Labelled<u32>,
    dead: Labelled<u32>,
    answers: Arc<Spread>,
    commits: Arc<Totals>,
    batches: Arc<Totals>,
}

impl Series {
    fn counter(&self, key: &Key) -> Option<Arc<AtomicU64>> {
        match key.name() {
            "jumun_commands_total" => {
                let labels = CommandLabels { kind: label(key, "type")?, outcome: label(key, "outcome")? };
                Some(of(&self.commands, labels))
            }
            "jumun_refusals_total" => Some(of(&self.refusals, label(key, "reason")?)),
            "jumun_lane_resets_total" => Some(of(&self.resets, partition(key)?)),
            _ => None,
        }
    }

    fn gauge(&self, key: &Key) -> Option<Arc<AtomicU64>> {
        let series = match key.name() {
            "jumun_stream_lag" => &self.lag,
            "jumun_stream_pending" => &self.pending,
            "jumun_in_flight" => &self.in_flight,
            "jumun_dead_letters" => &self.dead,
            _ => return None,
        };
        Some(of(series, partition(key)?))
    }

    fn read(&self) -> Stats {
        let mut stats = Stats {
            refusals: each(&self.refusals).into_iter().collect(),
            answers: self.answers.read(),
            commits: self.batches.count.load(Ordering::Acquire),
            committed: whole(self.batches.sum()),
            committing: Duration::try_from_secs_f64(self.commits.sum()).unwrap_or_default(),
            ..Stats::default()
        };
        for (labels, count) in each(&self.commands) {
            if labels.kind == "place_order" && labels.outcome == "accepted" {
                stats.placed += count;
            }
            *stats.outcomes.entry(labels.outcome).or_default() += count;
        }
        let lanes = &mut stats.lanes;
        for (partition, resets) in each(&self.resets) {
            lanes.entry(partition).or_default().resets = resets;
        }
        let gauge = |bits| whole(f64::from_bits(bits));
        for (partition, bits) in each(&self.lag) {
            lanes.entry(partition).or_default().lag = gauge(bits);
        }
        for (partition, bits) in each(&self.pending) {
            lanes.entry(partition).or_default().pending = gauge(bits);
        }
        for (partition, bits) in each(&self.in_flight) {
            lanes.entry(partition).or_default().in_flight = gauge(bits);
        }
        for (partition, bits) in each(&self.dead) {
            lanes.entry(partition).or_default().dead = gauge(bits);
        }
        stats
    }
}

fn of<K: Ord>(series: &Labelled<K>, key: K) -> Arc<AtomicU64> {
    Arc::clone(series.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default())
}

fn each<K: Ord + Clone>(series: &Labelled<K>) -> Vec<(K, u64)> {
    let series = series.lock().unwrap_or_else(PoisonError::into_inner);
    series.iter().map(|(key, value)| (key.clone(), value.load(Ordering::Acquire))).collect()
}

fn label(key: &Key, name: &str) -> Option<String> {
    key.labels().find(|l| l.key() == name).map(Label::value).map(str::to_owned)
}

fn partition(key: &Key) -> Option<u32> {
    label(key, "partition")?.parse().ok()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count is whole and not negative")]
fn whole(value: f64) -> u64 {
    value.max(0.0) as u64
}

/// How many samples lie up to each bound and above those before; the last of them above all.
#[derive(Debug, Default)]
struct Spread([AtomicU64; SECONDS.len() + 1]);

impl Spread {
    fn read(&self) -> Vec<AnswersUpTo> {
        let bounds = SECONDS.into_iter().chain([f64::INFINITY]);
        let mut count = 0;
        let up_to = |(seconds, within): (f64, &AtomicU64)| {
            count += within.load(Ordering::Acquire);
            AnswersUpTo { seconds, count }
        };
        bounds.zip(&self.0).map(up_to).collect()
    }
}

impl HistogramFn for Spread {
    fn record(&self, value: f64) {
        let at = SECONDS.iter().position(|bound| value <= *bound).unwrap_or(SECONDS.len());
        self.0[at].fetch_add(1, Ordering::Release);
    }
}

/// How many samples there were, and their sum.
#[derive(Debug, Default)]
struct Totals {
    count: AtomicU64,
    /// the bits of it
    sum: AtomicU64,
}

impl Totals {
    fn sum(&self) -> f64 {
        f64::from_bits(self.sum.load(Ordering::Acquire))
    }
}

impl HistogramFn for Totals {
    fn record(&self, value: f64) {
        GaugeFn::increment(&self.sum, value);
        self.count.fetch_add(1, Ordering::Release);
    }
}

/// Hands out the exporter's handles, and with those of the few series their atomics.
struct StatsRecorder {
    exporter: PrometheusRecorder,
    series: Arc<Series>,
}

impl Recorder for StatsRecorder {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.exporter.describe_counter(name, unit, text);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.exporter.describe_gauge(name, unit, text);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, text: SharedString) {
        self.exporter.describe_histogram(name, unit, text);
    }

    fn register_counter(&self, key: &Key, metadata: &Metadata<'_>) -> Counter {
        let exported = self.exporter.register_counter(key, metadata);
        match self.series.counter(key) {
            Some(kept) => Counter::from_arc(Arc::new(Twice { exported, kept })),
            None => exported,
        }
    }

    fn register_gauge(&self, key: &Key, metadata: &Metadata<'_>) -> Gauge {
        let exported = self.exporter.register_gauge(key, metadata);
        match self.series.gauge(key) {
            Some(kept) => Gauge::from_arc(Arc::new(Twice { exported, kept })),
            None => exported,
        }
    }

    fn register_histogram(&self, key: &Key, metadata: &Metadata<'_>) -> Histogram {
        let exported = self.exporter.register_histogram(key, metadata);
        let twice = |totals: &Arc<Totals>| Twice { exported: exported.clone(), kept: Arc::clone(totals) };
        match key.name() {
            "jumun_answer_seconds" => {
                Histogram::from_arc(Arc::new(Twice { exported, kept: Arc::clone(&self.series.answers) }))
            }
            "jumun_commit_seconds" => Histogram::from_arc(Arc::new(twice(&self.series.commits))),
            "jumun_batch_commands" => Histogram::from_arc(Arc::new(twice(&self.series.batches))),
            _ => exported,
        }
    }
}

/// A handle that counts for the exporter and for the stats.
struct Twice<H, K> {
    exported: H,
    kept: Arc<K>,
}

impl CounterFn for Twice<Counter, AtomicU64> {
    fn increment(&self, value: u64) {
        self.exported.increment(value);
        CounterFn::increment(&*self.kept, value);
    }

    fn absolute(&self, value: u64) {
        self.exported.absolute(value);
        CounterFn::absolute(&*self.kept, value);
    }
}

impl GaugeFn for Twice<Gauge, AtomicU64> {
    fn increment(&self, value: f64) {
        self.exported.increment(value);
        GaugeFn::increment(&*self.kept, value);
    }

    fn decrement(&self, value: f64) {
        self.exported.decrement(value);
        GaugeFn::decrement(&*self.kept, value);
    }

    fn set(&self, value: f64) {
        self.exported.set(value);
        GaugeFn::set(&*self.kept, value);
    }
}

impl<K: HistogramFn> HistogramFn for Twice<Histogram, K> {
    fn record(&self, value: f64) {
        self.exported.record(value);
        self.kept.record(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_what_is_exported() {
        let (recorder, metrics) = Metrics::recorder().unwrap();
        metrics::with_local_recorder(&recorder, || {
            for (kind, outcome, count) in [("place_order", "accepted", 7), ("prepare", "accepted", 2)] {
                metrics::counter!("jumun_commands_total", "type" => kind, "outcome" => outcome).increment(count);
            }
            // a series that is asked for again goes on
            for _ in 0..2 {
                metrics::counter!("jumun_commands_total", "type" => "prepare", "outcome" => "rejected").increment(1);
                metrics::counter!("jumun_refusals_total", "reason" => "invalid").increment(1);
                metrics::counter!("jumun_lane_resets_total", "partition" => "1").increment(1);
                metrics::gauge!("jumun_stream_lag", "partition" => "0").set(5.0);
                metrics::histogram!("jumun_commit_seconds").record(0.125);
            }
            metrics::histogram!("jumun_batch_commands").record(10.0);
            metrics::histogram!("jumun_batch_commands").record(2.0);
            for seconds in [0.001, 0.0015, 6.0] {
                metrics::histogram!("jumun_answer_seconds").record(seconds);
            }
            // counted for the exporter alone
            metrics::counter!("jumun_dead_letters_total", "partition" => "0").increment(1);
        });
        let text = metrics.render();
        for line in [
            "jumun_commands_total{type=\"place_order\",outcome=\"accepted\"} 7",
            "jumun_refusals_total{reason=\"invalid\"} 2",
            "jumun_stream_lag{partition=\"0\"} 5",
            "jumun_answer_seconds_bucket{le=\"0.002\"} 2",
            "jumun_answer_seconds_count 3",
            "jumun_commit_seconds_sum 0.25",
            "jumun_dead_letters_total{partition=\"0\"} 1",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
        }
        let mut answers: Vec<AnswersUpTo> =
            SECONDS.into_iter().map(|seconds| AnswersUpTo { seconds, count: 2 }).collect();
        answers[0].count = 1;
        answers.push(AnswersUpTo { seconds: f64::INFINITY, count: 3 });
        let expected = Stats {
            outcomes: BTreeMap::from([("accepted".to_owned(), 9), ("rejected".to_owned(), 2)]),
            placed: 7,
            refusals: BTreeMap::from([("invalid".to_owned(), 2)]),
            lanes: BTreeMap::from([
                (0, LaneStats { lag: 5, ..LaneStats::default() }),
                (1, LaneStats { resets: 2, ..LaneStats::default() }),
            ]),
            answers,
            commits: 2,
            committed: 12,
            committing: Duration::from_millis(250),
        };
        assert_eq!(metrics.stats(), expected);
    }
}
