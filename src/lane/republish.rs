//! Events again: a log that lost its last second, or was restored to an older state, has lost events that are durable in the
//! store. At a lane's start, and whenever the log has begun another life or did not know what was settled, the newest events
//! are held to what the log has; what is missing becomes steps of the internal stream, by which the lane publishes it again
//! under the same event ids.
//!
//! What a log loses is the end of what it had. So the way back through time ends where nothing is missing any more.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    domain::{Time, ids::OrderId},
    lane::pulse::Pulse,
    log::{CommandLog, EntryId, Inbound, LogError, Outbound, Retention},
    protocol::internal::Internal,
    store::LaneStore,
};

/// How often the log is asked which life it lives.
const EVERY: Duration = Duration::from_secs(1);
/// The first stretch of time that is looked at; each further one is twice as long.
const FIRST: TimeDelta = TimeDelta::seconds(1);
/// By how much clocks may differ, and a batch of events be older than its first one.
const MARGIN: TimeDelta = TimeDelta::seconds(2);
/// Stretches in a row in which nothing is missing: then nothing older is. One may be of late deciding.
const WHOLE: u32 = 2;
/// Rows that are read at once.
const ROWS_MAX: u32 = 50_000;
/// Stream entries that are read at once; each holds up to 256 events.
const PAGE: usize = 100;
/// Events that are published again after one loss; older ones stay in the orders' own events.
const AGAIN_MAX: usize = 100_000;
/// Events a step, and the pause between two: the lane has sales to decide.
const STEP_EVENTS: usize = 200;
const STEP_PAUSE: Duration = Duration::from_millis(20);

/// The loop.
pub struct Republish {
    pub partition: u32,
    pub store: Arc<dyn LaneStore>,
    pub log: Arc<dyn CommandLog>,
    pub clock: Arc<dyn Clock>,
    pub retention: Retention,
    pub pulse: Arc<Pulse>,
    pub stop: CancellationToken,
}

/// What the log has, read from its end back to `reached`.
struct Has {
    events: HashSet<(Arc<str>, i64)>,
    before: EntryId,
    /// every entry from this time on was read
    reached: Option<Time>,
}

#[derive(serde::Deserialize)]
struct PublishedId {
    event_id: String,
}

impl Republish {
    /// Watches the log until it is stopped.
    pub async fn run(self) {
        let (mut known, mut unknown) = (None, 0);
        loop {
            // what was read from the log as it was before is durable only now, and the log has nothing of it
            let unsaid = self.pulse.unknown();
            match self.log.life().await {
                Ok(None) => return,
                Ok(life) if life == known && unsaid == unknown => {}
                Ok(life) => match self.again().await {
                    Ok(()) => (known, unknown) = (life, unsaid),
                    Err(e) => {
                        tracing::warn!(partition = self.partition, error = %e, "looking for events that the log has lost failed; trying again");
                    }
                },
                // the lane's own reading says so
                Err(_) => {}
            }
            tokio::select! {
                biased;
                () = tokio::time::sleep(EVERY) => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    async fn again(&self) -> anyhow::Result<()> {
        let now = self.clock.now();
        let kept = TimeDelta::from_std(self.retention.events).unwrap_or(TimeDelta::MAX);
        let floor = now.checked_sub_signed(kept).unwrap_or(Time::MIN_UTC);
        let (mut until, mut span) = (now + MARGIN, FIRST + MARGIN);
        let (mut whole, mut again) = (0, 0);
        let mut has = Has { events: HashSet::new(), before: EntryId::LAST, reached: None };
        while until > floor && whole < WHOLE {
            let mut from = (until - span).max(floor);
            let decided = self.store.events_between(self.partition, from, until, ROWS_MAX).await?;
            if decided.len() >= usize::try_from(ROWS_MAX).unwrap_or(usize::MAX)
                && let Some((_, _, oldest)) = decided.last()
            {
                from = (*oldest).min(until - TimeDelta::milliseconds(1));
            }
            let empty = decided.is_empty();
            if !empty {
                self.read(&mut has, from - MARGIN).await?;
            }
            let missing: Vec<(OrderId, i64)> = decided
                .into_iter()
                .map(|(order, no, _)| (order, no))
                .filter(|(order, no)| !has.events.contains(&(order.shared(), *no)))
                .collect();
            whole = if !empty && missing.is_empty() {
                whole + 1
            } else if empty {
                whole
            } else {
                0
            };
            let room = AGAIN_MAX.saturating_sub(again);
            if missing.len() > room {
                tracing::error!(partition = self.partition, again, older_than = %until, "the log has lost more events than \
                    are published again; older ones are in the orders' own events only");
                break;
            }
            again += missing.len();
            self.send(missing).await?;
            (until, span) = (from, span * 2);
        }
        if again > 0 {
            tracing::warn!(partition = self.partition, again, "the log had lost events: they are published again");
            metrics::counter!("jumun_events_republished_total", "partition" => self.partition.to_string())
                .increment(u64::try_from(again).unwrap_or(u64::MAX));
        }
        Ok(())
    }

    /// Reads what the log has, from where it was read to back to this time.
    async fn read(&self, has: &mut Has, from: Time) -> Result<(), LogError> {
        while has.reached.is_none_or(|reached| reached > from) {
            let page = self.log.earlier(self.partition, &Outbound::Events, has.before, PAGE).await?;
            for entry in &page {
                let events: Vec<PublishedId> = serde_json::from_str(&entry.json).unwrap_or_default();
                has.events.extend(events.iter().filter_map(|e| {
                    let (order, no) = e.event_id.rsplit_once('/')?;
                    Some((order.into(), no.parse().ok()?))
                }));
            }
            let Some(first) = page.first() else {
                has.reached = Some(Time::MIN_UTC);
                return Ok(());
            };
            (has.before, has.reached) = (first.id, Some(first.id.time()));
        }
        Ok(())
    }

    async fn send(&self, missing: Vec<(OrderId, i64)>) -> Result<(), LogError> {
        for some in missing.chunks(STEP_EVENTS) {
            let mut orders: BTreeMap<OrderId, Vec<i64>> = BTreeMap::new();
            for (order, no) in some {
                orders.entry(order.clone()).or_default().push(*no);
            }
            let step = Internal::Republish { orders: orders.into_iter().collect() };
            self.log.append(self.partition, Inbound::Internal, &[step.json().into_bytes().into()]).await?;
            tokio::time::sleep(STEP_PAUSE).await;
        }
        Ok(())
    }
}
