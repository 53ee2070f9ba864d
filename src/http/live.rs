//! `GET /v1/live`: the sale as it is, once a second, for whoever watches. It reads what the metrics count, and the shelf.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use tokio::sync::Mutex;

use super::{
    AppState, guard,
    problem::{ApiError, ProblemKind},
};
use crate::{domain::Time, store::UntRow};

/// Who may watch at a time.
const WATCHERS_MAX: usize = 100;
/// Between looks; all watchers see the same one.
const EVERY: Duration = Duration::from_secs(1);
/// Hot SKUs shown.
const HOT_MAX: u32 = 10;

/// The sale at a moment. Counters are totals since the server started.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct LiveView {
    pub at: Time,
    pub partitions: u32,
    pub owned: u32,
    pub broken: bool,
    /// commands by outcome, each once
    pub commands: BTreeMap<String, u64>,
    /// orders placed, each once, however often it was sent
    pub placed: u64,
    /// refusals by reason
    pub refusals: BTreeMap<String, u64>,
    /// from an entry to its answer, since the look before (a second or two ago); `None`: nothing was answered, or nobody
    /// has looked for a while
    pub p50_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    pub lanes: Vec<LaneView>,
    /// those that sold most, of the SKUs with a campaign and of the newest 200 orders
    pub hot: Vec<HotView>,
}

/// A lane's health.
#[derive(Debug, Clone, Default, Serialize, schemars::JsonSchema)]
pub struct LaneView {
    pub partition: u32,
    pub lag: u64,
    pub pending: u64,
    pub in_flight: u64,
    pub resets: u64,
    pub dead: u64,
}

/// A hot SKU.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct HotView {
    pub sku_id: String,
    pub on_hand: i64,
    pub held: i64,
    /// sales: a unit that came back and was sold again counts twice
    pub sold: i64,
    /// without the units that came back
    pub sold_net: i64,
}

impl From<&UntRow> for HotView {
    fn from(u: &UntRow) -> Self {
        Self {
            sku_id: u.unt_id.to_string(),
            on_hand: u.stck_qty,
            held: u.hold_qty,
            sold: u.sold_qty,
            sold_net: u.sold_qty - u.rstk_qty,
        }
    }
}

/// The last look, shared by all who watch.
#[derive(Debug, Default)]
pub struct Watch {
    last: Mutex<Option<Look>>,
    watchers: AtomicUsize,
}

#[derive(Debug)]
struct Look {
    taken: Instant,
    told: Arc<str>,
    /// the histogram of answers then: upper bound in seconds, how many up to it
    answers: Vec<(f64, f64)>,
}

impl Look {
    /// What was answered from it until now; none where it is too old to be called a moment ago.
    fn until(&self, now: Instant, answers: &[(f64, f64)]) -> Vec<(f64, f64)> {
        if now.saturating_duration_since(self.taken) > EVERY * 2 { Vec::new() } else { since(&self.answers, answers) }
    }
}

/// Counts a watcher for as long as it watches.
struct Watcher(web::Data<AppState>);

impl Drop for Watcher {
    fn drop(&mut self) {
        self.0.watch.watchers.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Server-sent events, each with a [`LiveView`].
pub async fn live(shared: web::Data<AppState>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    if shared.watch.watchers.fetch_add(1, Ordering::AcqRel) >= WATCHERS_MAX {
        shared.watch.watchers.fetch_sub(1, Ordering::AcqRel);
        return Err(ProblemKind::Busy.error("too many watch already"));
    }
    let over = Box::pin(guard::over(&request, &shared));
    let watcher = Watcher(shared);
    let mut every = tokio::time::interval(EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let events = stream::unfold((watcher, every), |(watcher, mut every)| async move {
        tokio::select! {
            _ = every.tick() => {}
            () = watcher.0.parts.stop.cancelled() => return None,
        }
        let told = look(&watcher.0).await;
        Some((Ok::<_, actix_web::Error>(web::Bytes::from(format!("data: {told}\n\n"))), (watcher, every)))
    });
    Ok(HttpResponse::Ok().content_type("text/event-stream").streaming(Box::pin(events.take_until(over))))
}

async fn look(shared: &AppState) -> Arc<str> {
    let mut last = shared.watch.last.lock().await;
    if let Some(known) = last.as_ref().filter(|l| l.taken.elapsed() < EVERY / 2) {
        return Arc::clone(&known.told);
    }
    let text = shared.parts.metrics.render();
    let samples = samples(&text);
    let answers = histogram(&samples, "jumun_answer_seconds");
    let answered = last.as_ref().map_or_else(Vec::new, |l| l.until(Instant::now(), &answers));
    let view = view(shared, &samples, answered).await;
    let told: Arc<str> = serde_json::to_string(&view).unwrap_or_default().into();
    *last = Some(Look { taken: Instant::now(), told: Arc::clone(&told), answers });
    told
}

async fn view(shared: &AppState, samples: &[Sample<'_>], answered: Vec<(f64, f64)>) -> LiveView {
    let parts = &shared.parts;
    let hot = parts.store.hottest(HOT_MAX).await.unwrap_or_else(|e| {
        tracing::debug!(error = %e, "the shelf can't be shown now");
        Vec::new()
    });
    let lane = |partition: u32| {
        let of = |name: &str| {
            let wanted = partition.to_string();
            let ours = |s: &&Sample<'_>| s.name == name && s.label("partition") == Some(&wanted);
            whole(samples.iter().filter(ours).map(|s| s.value).sum())
        };
        LaneView {
            partition,
            lag: of("jumun_stream_lag"),
            pending: of("jumun_stream_pending"),
            in_flight: of("jumun_in_flight"),
            resets: of("jumun_lane_resets_total"),
            dead: of("jumun_dead_letters"),
        }
    };
    let placed = |s: &&Sample<'_>| {
        s.name == "jumun_commands_total"
            && s.label("type") == Some("place_order")
            && s.label("outcome") == Some("accepted")
    };
    LiveView {
        at: parts.clock.now(),
        partitions: parts.partitions,
        owned: parts.health.owned(),
        broken: parts.health.broken(),
        commands: by(samples, "jumun_commands_total", "outcome"),
        placed: whole(samples.iter().filter(placed).map(|s| s.value).sum()),
        refusals: by(samples, "jumun_refusals_total", "reason"),
        p50_ms: quantile(&answered, 0.5),
        p99_ms: quantile(&answered, 0.99),
        lanes: (0..parts.partitions).map(lane).collect(),
        hot: hot.iter().map(HotView::from).collect(),
    }
}

/// One line of the metrics' text.
#[derive(Debug)]
struct Sample<'a> {
    name: &'a str,
    labels: Vec<(&'a str, &'a str)>,
    value: f64,
}

impl Sample<'_> {
    fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(n, _)| *n == name).map(|(_, v)| *v)
    }
}

/// Reads the text that Prometheus reads; none of our labels' values holds a quote or a comma.
fn samples(text: &str) -> Vec<Sample<'_>> {
    let read = |line| -> Option<Sample<'_>> {
        let (series, value): (&str, &str) = str::rsplit_once(line, ' ')?;
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let pairs = labels.trim_end_matches('}').split(',').filter_map(|pair| pair.split_once('='));
        let labels = pairs.map(|(n, v)| (n, v.trim_matches('"'))).collect();
        Some(Sample { name, labels, value: value.parse().ok()? })
    };
    text.lines().filter(|l| !l.starts_with('#')).filter_map(read).collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a counter is whole and not negative")]
fn whole(value: f64) -> u64 {
    value.max(0.0) as u64
}

fn by(samples: &[Sample<'_>], name: &str, label: &str) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for s in samples.iter().filter(|s| s.name == name) {
        *sums.entry(s.label(label).unwrap_or_default().to_owned()).or_default() += whole(s.value);
    }
    sums
}

fn histogram(samples: &[Sample<'_>], name: &str) -> Vec<(f64, f64)> {
    let mut buckets: Vec<(f64, f64)> = Vec::new();
    for s in samples.iter().filter(|s| s.name.strip_suffix("_bucket") == Some(name)) {
        let Some(bound) = s.label("le").and_then(|le| le.replace("+Inf", "inf").parse().ok()) else { continue };
        match buckets.iter_mut().find(|(known, _)| *known == bound) {
            Some((_, n)) => *n += s.value,
            None => buckets.push((bound, s.value)),
        }
    }
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    buckets
}

/// What came between two looks.
fn since(before: &[(f64, f64)], now: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let earlier = |bound: f64| before.iter().find(|(b, _)| *b == bound).map_or(0.0, |(_, n)| *n);
    now.iter().map(|(bound, n)| (*bound, n - earlier(*bound))).collect()
}

/// In milliseconds, evenly within its bucket; past the last bound, that bound.
fn quantile(buckets: &[(f64, f64)], q: f64) -> Option<f64> {
    let all = buckets.last().map(|(_, n)| *n).filter(|n| *n > 0.0)?;
    let (mut low, mut below) = (0.0, 0.0);
    for (bound, n) in buckets {
        if *n >= all * q {
            let within = if *n > below { (all * q - below) / (n - below) } else { 1.0 };
            let high = if bound.is_finite() { *bound } else { low };
            return Some((low + (high - low) * within) * 1_000.0);
        }
        (low, below) = (*bound, *n);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# HELP jumun_commands_total commands\n\
        jumun_commands_total{type=\"place_order\",outcome=\"accepted\"} 7\n\
        jumun_commands_total{type=\"prepare\",outcome=\"accepted\"} 2\n\
        jumun_commands_total{type=\"prepare\",outcome=\"rejected\"} 1\n\
        jumun_stream_lag{partition=\"0\"} 5\n\
        jumun_answer_seconds_bucket{le=\"0.01\"} 50\n\
        jumun_answer_seconds_bucket{le=\"0.02\"} 100\n\
        jumun_answer_seconds_bucket{le=\"+Inf\"} 100\n";

    #[test]
    fn the_metrics_text_is_read() {
        let s = samples(TEXT);
        let outcomes = by(&s, "jumun_commands_total", "outcome");
        assert_eq!(outcomes, BTreeMap::from([("accepted".to_owned(), 9), ("rejected".to_owned(), 1)]));
        let buckets = histogram(&s, "jumun_answer_seconds");
        assert_eq!(quantile(&buckets, 0.5), Some(10.0));
        assert_eq!(quantile(&buckets, 0.75), Some(15.0));
        assert_eq!(quantile(&since(&buckets, &buckets), 0.5), None);
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn quantiles_are_of_a_moment_not_of_the_time_since_somebody_looked() {
        let look = Look { taken: Instant::now(), told: "".into(), answers: vec![(0.01, 5.0), (f64::INFINITY, 5.0)] };
        let answers = [(0.01, 5.0), (f64::INFINITY, 9.0)];
        let after = |pause| quantile(&look.until(look.taken + pause, &answers), 0.5);
        assert_eq!(after(EVERY), Some(10.0));
        assert_eq!(after(EVERY * 2), Some(10.0), "a look that came a little late");
        assert_eq!(after(Duration::from_secs(3_600)), None, "an hour is no moment");
    }
}
