//! `GET /v1/live`: the sale as it is, once a second, for whoever watches. It reads what the metrics count, and the shelf.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use tokio::sync::Mutex;

use super::{
    AppState,
    caller::Caller,
    guard,
    listeners::{ListenerBounds, Listeners},
    problem::ApiError,
};
use crate::{
    domain::Time,
    server::stats::{AnswersUpTo, LaneStats, Stats},
    store::UntRow,
};

/// Who may watch at a time.
const WATCHERS_MAX: usize = 100;
/// One token may be a whole desk's.
const WATCHERS: ListenerBounds = ListenerBounds { all: WATCHERS_MAX, of_one: 30, of_role: 60, of_staff: 40 };
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
    pub dead_letters: u64,
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
#[derive(Debug)]
pub struct Watch {
    last: Mutex<Option<Look>>,
    watchers: Listeners,
}

impl Default for Watch {
    fn default() -> Self {
        Self { last: Mutex::default(), watchers: Listeners::new(WATCHERS) }
    }
}

#[derive(Debug)]
struct Look {
    taken: Instant,
    told: Arc<str>,
    /// those until then
    answers: Vec<AnswersUpTo>,
}

impl Look {
    /// What was answered from it until now; none where it is too old to be called a moment ago.
    fn until(&self, now: Instant, answers: &[AnswersUpTo]) -> Vec<AnswersUpTo> {
        if now.saturating_duration_since(self.taken) > EVERY * 2 { Vec::new() } else { since(&self.answers, answers) }
    }
}

/// Server-sent events, each with a [`LiveView`].
///
/// # Errors
/// When there is no place for one more.
pub async fn live(shared: web::Data<AppState>, request: HttpRequest, caller: Caller) -> Result<HttpResponse, ApiError> {
    let place = shared.watch.watchers.take(&caller)?;
    let over = Box::pin(guard::over(&request, &shared));
    let watcher = (shared, place);
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
    let stats = shared.parts.metrics.stats();
    let answers = stats.answers.clone();
    let answered = last.as_ref().map_or_else(Vec::new, |l| l.until(Instant::now(), &answers));
    let view = view(shared, stats, &answered).await;
    let told: Arc<str> = serde_json::to_string(&view).unwrap_or_default().into();
    *last = Some(Look { taken: Instant::now(), told: Arc::clone(&told), answers });
    told
}

async fn view(shared: &AppState, stats: Stats, answered: &[AnswersUpTo]) -> LiveView {
    let parts = &shared.parts;
    let hot = parts.store.hottest(HOT_MAX).await.unwrap_or_else(|e| {
        tracing::debug!(error = %e, "the shelf can't be shown now");
        Vec::new()
    });
    let lane = |partition: u32| {
        let LaneStats { lag, pending, in_flight, resets, dead } =
            stats.lanes.get(&partition).copied().unwrap_or_default();
        LaneView { partition, lag, pending, in_flight, resets, dead_letters: dead }
    };
    LiveView {
        at: parts.clock.now(),
        partitions: parts.partitions,
        owned: parts.health.owned(),
        broken: parts.health.broken(),
        lanes: (0..parts.partitions).map(lane).collect(),
        commands: stats.outcomes,
        placed: stats.placed,
        refusals: stats.refusals,
        p50_ms: quantile(answered, 0.5),
        p99_ms: quantile(answered, 0.99),
        hot: hot.iter().map(HotView::from).collect(),
    }
}

/// What came between two looks, of the same bounds.
fn since(before: &[AnswersUpTo], now: &[AnswersUpTo]) -> Vec<AnswersUpTo> {
    let news = |(now, before): (&AnswersUpTo, &AnswersUpTo)| AnswersUpTo {
        seconds: now.seconds,
        count: now.count.saturating_sub(before.count),
    };
    now.iter().zip(before).map(news).collect()
}

/// In milliseconds, evenly within its bucket; past the last bound, that bound.
fn quantile(answers: &[AnswersUpTo], q: f64) -> Option<f64> {
    let all = answers.last().map(|a| a.count as f64).filter(|n| *n > 0.0)?;
    let (mut low, mut below) = (0.0, 0.0);
    for AnswersUpTo { seconds: bound, count } in answers {
        let n = *count as f64;
        if n >= all * q {
            let within = if n > below { (all * q - below) / (n - below) } else { 1.0 };
            let high = if bound.is_finite() { *bound } else { low };
            return Some((low + (high - low) * within) * 1_000.0);
        }
        (low, below) = (*bound, n);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers<const N: usize>(up_to: [(f64, u64); N]) -> Vec<AnswersUpTo> {
        up_to.map(|(seconds, count)| AnswersUpTo { seconds, count }).into()
    }

    #[test]
    fn quantiles_lie_within_their_bucket() {
        let all = answers([(0.01, 50), (0.02, 100), (f64::INFINITY, 100)]);
        assert_eq!(quantile(&all, 0.5), Some(10.0));
        assert_eq!(quantile(&all, 0.75), Some(15.0));
        assert_eq!(quantile(&answers([(0.01, 0), (f64::INFINITY, 2)]), 0.5), Some(10.0), "past the last bound");
        assert_eq!(quantile(&since(&all, &all), 0.5), None);
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn quantiles_are_of_a_moment_not_of_the_time_since_somebody_looked() {
        let before = answers([(0.01, 5), (f64::INFINITY, 5)]);
        let look = Look { taken: Instant::now(), told: "".into(), answers: before };
        let now = answers([(0.01, 5), (f64::INFINITY, 9)]);
        let after = |pause| quantile(&look.until(look.taken + pause, &now), 0.5);
        assert_eq!(after(EVERY), Some(10.0));
        assert_eq!(after(EVERY * 2), Some(10.0), "a look that came a little late");
        assert_eq!(after(Duration::from_secs(3_600)), None, "an hour is no moment");
    }
}
