//! The timer of a lane: orders whose time has come, found by an index, become entries of the internal stream; and the
//! streams are trimmed. Nothing is loaded to keep time, so a restart costs nothing.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    domain::{Time, ids::OrderId},
    lane::ingest::StreamTime,
    log::{CommandLog, Inbound, Retention},
    protocol::internal::Internal,
    store::LaneStore,
};

/// How often it looks.
const EVERY: Duration = Duration::from_millis(200);
/// How many orders a look takes up.
const DUE_MAX: u32 = 500;
/// How many may be under way; they are told again after [`AGAIN`].
const FIRED_MAX: usize = 5_000;
/// When an order that is still due is told again.
const AGAIN: chrono::TimeDelta = chrono::TimeDelta::seconds(10);
/// How often looks that fail one after another are said: some ten seconds.
const SAID_EVERY: u32 = 50;
/// How often that doubles for an order whose step went to the dead letters: up to three hours.
const DOUBLINGS_MAX: u32 = 10;
/// Of how many such orders it is known; further ones are told every [`AGAIN`].
const STUCK_MAX: usize = 5_000;
/// How often streams are trimmed, in looks.
const TRIM_EVERY: u32 = 10;

/// Orders whose `due` step went to the dead letters, and how often: nothing is won by sending it every few seconds.
#[derive(Debug, Default)]
pub struct Stuck(Mutex<HashMap<OrderId, u32>>);

impl Stuck {
    /// Its step was condemned, once more.
    pub fn condemned(&self, order: &OrderId) {
        let mut stuck = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if stuck.len() < STUCK_MAX || stuck.contains_key(order) {
            *stuck.entry(order.clone()).or_default() += 1;
        }
    }

    /// How long to wait until it is told again.
    fn wait(&self, order: &OrderId) -> chrono::TimeDelta {
        let stuck = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let doublings = stuck.get(order).copied().unwrap_or(0).min(DOUBLINGS_MAX);
        AGAIN * 2i32.pow(doublings)
    }

    /// Forgets those that are not due any more: somebody has mended what was wrong.
    fn only(&self, due: impl Fn(&OrderId) -> bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|order, _| due(order));
    }
}

/// The loop.
pub struct DeadlineTimer {
    pub partition: u32,
    pub store: Arc<dyn LaneStore>,
    pub log: Arc<dyn CommandLog>,
    pub clock: Arc<dyn Clock>,
    pub stream_time: Arc<StreamTime>,
    pub retention: Retention,
    pub stuck: Arc<Stuck>,
    pub stop: CancellationToken,
}

impl DeadlineTimer {
    /// Keeps time until it is stopped.
    pub async fn run(self) {
        let mut fired: HashMap<OrderId, (Time, Time)> = HashMap::new();
        let (mut looks, mut failed) = (0u32, 0u32);
        loop {
            tokio::select! {
                biased;
                () = tokio::time::sleep(EVERY) => {}
                () = self.stop.cancelled() => return,
            }
            looks = looks.wrapping_add(1);
            fail::fail_point!("look_for_due");
            match self.look(&mut fired).await {
                Ok(()) => failed = 0,
                Err(e) => {
                    if failed.is_multiple_of(SAID_EVERY) {
                        tracing::warn!(partition = self.partition, error = %e, "looking for due orders failed; trying again");
                    }
                    failed = failed.wrapping_add(1);
                }
            }
            if looks.is_multiple_of(TRIM_EVERY)
                && let Err(e) = self.log.trim(self.partition, self.retention).await
            {
                tracing::warn!(partition = self.partition, error = %e, "trimming the streams failed; trying again");
            }
        }
    }

    async fn look(&self, fired: &mut HashMap<OrderId, (Time, Time)>) -> anyhow::Result<()> {
        // the stream's time, not the clock's: what is still unread may hold the payment
        let Some(reached) = self.stream_time.get() else { return Ok(()) };
        let now = self.clock.now();
        // nor the log's alone: a clock that jumps ahead expires nothing before the other one says so, too
        let until = reached.min(now);
        fired.retain(|id, (_, at)| now - *at < self.stuck.wait(id));
        // those that are stuck hold nobody up
        if fired.values().filter(|(_, at)| now - *at < AGAIN).count() >= FIRED_MAX {
            return Ok(());
        }
        let limit = DUE_MAX + u32::try_from(fired.len()).unwrap_or(0);
        let due = self.store.due(self.partition, until, limit).await?;
        if due.len() < usize::try_from(limit).unwrap_or(usize::MAX) {
            let ids: HashSet<&OrderId> = due.iter().map(|(id, _)| id).collect();
            self.stuck.only(|id| ids.contains(id));
        }
        let news: Vec<(OrderId, Time)> =
            due.into_iter().filter(|(id, at)| fired.get(id).is_none_or(|(told, _)| told != at)).collect();
        if news.is_empty() {
            return Ok(());
        }
        let entries: Vec<Arc<[u8]>> = news
            .iter()
            .map(|(order_id, _)| Internal::Due { order_id: order_id.clone() }.json().into_bytes().into())
            .collect();
        self.log.append(self.partition, Inbound::Internal, &entries).await?;
        fired.extend(news.into_iter().map(|(id, at)| (id, (at, now))));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_whose_step_is_condemned_is_told_ever_more_seldom() {
        let (stuck, order) = (Stuck::default(), OrderId::stored("o-1"));
        let mut waits = vec![stuck.wait(&order)];
        for _ in 0..20 {
            stuck.condemned(&order);
            waits.push(stuck.wait(&order));
        }
        assert_eq!(waits[..3], [AGAIN, AGAIN * 2, AGAIN * 4]);
        assert_eq!(waits.last(), Some(&(AGAIN * 1_024)));
        assert_eq!(stuck.wait(&OrderId::stored("o-2")), AGAIN);
        stuck.only(|_| false);
        assert_eq!(stuck.wait(&order), AGAIN);
    }
}
