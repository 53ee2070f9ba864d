//! The timekeeper of a lane: orders whose time has come, found by an index, become entries of the internal stream; and the
//! streams are trimmed. Nothing is loaded to keep time, so a restart costs nothing.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    domain::{Time, ids::OrderId},
    ingest::StreamTime,
    log::{CommandLog, Inbound, Retention},
    protocol::internal::Internal,
    store::Store,
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
/// How often streams are trimmed, in looks.
const TRIM_EVERY: u32 = 10;

/// The loop.
pub struct Timekeeper {
    pub partition: u32,
    pub store: Arc<dyn Store>,
    pub log: Arc<dyn CommandLog>,
    pub clock: Arc<dyn Clock>,
    pub stream_time: Arc<StreamTime>,
    pub retention: Retention,
    pub stop: CancellationToken,
}

impl Timekeeper {
    /// Keeps time until it is stopped.
    pub async fn run(self) {
        let mut fired: HashMap<OrderId, (Time, Time)> = HashMap::new();
        let (mut looks, mut failed) = (0u32, 0u32);
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = self.stop.cancelled() => return,
            }
            looks = looks.wrapping_add(1);
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
        let Some(until) = self.stream_time.get() else { return Ok(()) };
        let now = self.clock.now();
        fired.retain(|_, (_, at)| now - *at < AGAIN);
        if fired.len() >= FIRED_MAX {
            return Ok(());
        }
        let limit = DUE_MAX + u32::try_from(fired.len()).unwrap_or(0);
        let due = self.store.due(self.partition, until, limit).await?;
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
