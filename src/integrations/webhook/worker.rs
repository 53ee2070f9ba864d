//! Carries one partition's events to one receiver.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    Hook,
    retry_policy::{Backoff, Next},
    sender::{Post, PostOutcome, WebhookDelivery},
    words::still_said,
};
use crate::{
    clock::Clock,
    domain::Time,
    erasure::reword,
    event_reader::{EventBatch, Follower, PublishedEvent, ReadResult},
    log::{CommandLog, EntryId, LogError, Outbound},
    store::{
        AdminStore, StoreError,
        admin::{HookLetterRow, HookRow},
    },
};

/// Entries read at a time.
const ENTRIES_MAX: usize = 16;
/// How long one read waits.
const WAIT: Duration = Duration::from_secs(1);
/// Times that a refused event is posted before it is put aside.
const REFUSALS_MAX: u32 = 5;
/// Failed deliveries looked through at a time.
const LETTERS_MAX: u32 = 100;
/// Between those times, growing.
const REFUSED_PAUSE: Duration = Duration::from_millis(250);

/// Delivers one partition's events to one receiver. It runs where the partition's lane runs; for a moment of a takeover there
/// may be two, and a delivery may come twice.
pub struct WebhookWorker {
    pub hook: Arc<Hook>,
    pub post: Post,
    pub partition: u32,
    pub log: Arc<dyn CommandLog>,
    pub store: Arc<dyn AdminStore>,
    pub clock: Arc<dyn Clock>,
    pub stop: CancellationToken,
}

/// The server stops, or the partition is somebody else's.
struct Stopped;

/// How the ids of an entry's failed deliveries begin: in the stream's order.
fn place(at: EntryId) -> String {
    format!("{:014}-{:06}", at.ms, at.seq)
}

impl WebhookWorker {
    /// Carries until it is stopped.
    pub async fn run(self) {
        let stopped = self.carry().await;
        if let Err(Stopped) = stopped {
            tracing::debug!(webhook = &*self.hook.name, partition = self.partition, "its worker stops");
        }
    }

    async fn carry(&self) -> Result<(), Stopped> {
        let mut follower = Follower::new(Arc::clone(&self.log), [(self.partition, self.begin().await?)]);
        let mut pace = Backoff::new();
        let lag = {
            let (webhook, partition) = (self.hook.name.to_string(), self.partition.to_string());
            metrics::gauge!("jumun_webhook_lag_seconds", "webhook" => webhook, "partition" => partition)
        };
        loop {
            let heard = tokio::select! {
                heard = follower.next(ENTRIES_MAX, WAIT) => heard,
                () = self.stop.cancelled() => return Err(Stopped),
            };
            let heard = match heard {
                Ok(heard) => heard,
                Err(e) => {
                    self.hold("following events", &e).await?;
                    continue;
                }
            };
            if heard.is_empty() {
                lag.set(0.0);
            }
            for (_, heard) in heard {
                match heard {
                    ReadResult::Entries(told) => {
                        for entry in told {
                            lag.set(self.age(entry.id).as_secs_f64());
                            self.deliver(&entry, &mut pace).await?;
                            self.at(entry.id).await?;
                        }
                    }
                    ReadResult::Lost { from } => self.lost(from).await?,
                }
            }
        }
    }

    async fn lost(&self, from: EntryId) -> Result<(), Stopped> {
        metrics::counter!("jumun_webhook_lost_total", "webhook" => self.hook.name.to_string()).increment(1);
        tracing::error!(
            webhook = &*self.hook.name,
            partition = self.partition,
            %from,
            "events were dropped from the stream before they were delivered; the orders' own events have them"
        );
        self.at(from).await
    }

    /// Where it left off; a new hook begins now.
    async fn begin(&self) -> Result<EntryId, Stopped> {
        let rows = self.insist("reading how far it has come", || self.store.hook(&self.hook.name)).await?;
        let row = rows.iter().find(|r| r.prtn_no == i64::from(self.partition));
        let known: Option<EntryId> = row.and_then(|r| r.strm_entr.parse().ok());
        if let Some(at) = known {
            self.kept_behind(at).await?;
        }
        let began = self.log.began(self.partition);
        if let (Some(at), None) = (known, began) {
            return Ok(at);
        }
        let extent = loop {
            match self.log.extent(self.partition, &Outbound::Events).await {
                Ok(extent) => break extent,
                Err(e) => self.hold("looking at the events", &e).await?,
            }
        };
        let from = match (known, began) {
            (None, _) => extent.last,
            // of a log that died with its process: whether all of it was delivered is known to nobody
            (Some(at), Some(began)) if at < began || at > extent.last => {
                tracing::warn!(
                    webhook = &*self.hook.name,
                    partition = self.partition,
                    "the log began anew with this process: what was not delivered by then is in the orders' own events only"
                );
                began
            }
            (Some(at), _) => return Ok(at),
        };
        self.at(from).await?;
        Ok(from)
    }

    async fn at(&self, id: EntryId) -> Result<(), Stopped> {
        let row = HookRow {
            hook_id: Arc::clone(&self.hook.name),
            prtn_no: self.partition.into(),
            strm_entr: id.to_string().into(),
        };
        self.insist("writing how far it has come", || self.store.hook_at(&row)).await
    }

    async fn deliver(&self, entry: &EventBatch, pace: &mut Backoff) -> Result<(), Stopped> {
        let wanted = |e: &&PublishedEvent| self.hook.types.is_empty() || self.hook.types.contains(&e.kind);
        let events: Vec<&PublishedEvent> = entry.events.iter().filter(wanted).collect();
        if events.is_empty() {
            return Ok(());
        }
        if !self.delivery(entry.id, None, &events, pace).await? {
            // something in it is not wanted: one by one, so that only that is put aside
            for (event, n) in events.iter().zip(1..) {
                self.delivery(entry.id, Some(n), std::slice::from_ref(event), pace).await?;
            }
        }
        Ok(())
    }

    /// Posts a delivery, or puts it aside. `false`: it was refused, and holds several events, so that it is worth trying
    /// them by themselves.
    async fn delivery(
        &self,
        at: EntryId,
        n: Option<u32>,
        events: &[&PublishedEvent],
        pace: &mut Backoff,
    ) -> Result<bool, Stopped> {
        let part = n.map(|n| format!("/{n}")).unwrap_or_default();
        let list: Vec<&str> = events.iter().map(|e| e.raw.get()).collect();
        let delivery = WebhookDelivery {
            id: format!("{}/{at}{part}", self.partition),
            partition: self.partition,
            events: format!("[{}]", list.join(",")),
        };
        let (mut tries, mut refusals) = (0, 0);
        let mut why = "the receiver was down".to_owned();
        loop {
            match self.hook.patience.next(tries, self.age(at), pace, Instant::now()) {
                Next::Try => {}
                Next::Wait(left) => {
                    self.sleep(left).await?;
                    continue;
                }
                Next::PutAside => break,
            }
            tries += 1;
            match self.attempt(&delivery).await? {
                PostOutcome::Taken => {
                    *pace = Backoff::new();
                    return Ok(true);
                }
                PostOutcome::Refused(said) => {
                    *pace = Backoff::new(); // it answers: that is no failing
                    if events.len() > 1 {
                        return Ok(false);
                    }
                    refusals += 1;
                    why = said;
                    if refusals >= REFUSALS_MAX {
                        break;
                    }
                    self.sleep(REFUSED_PAUSE * refusals).await?;
                }
                PostOutcome::Failed(said) => {
                    if pace.failed(Instant::now()) {
                        tracing::warn!(
                            webhook = &*self.hook.name,
                            partition = self.partition,
                            why = said,
                            "a webhook is not delivered; trying again"
                        );
                    }
                    why = said;
                }
            }
        }
        self.put_aside(at, delivery, &why, tries).await?;
        Ok(true)
    }

    async fn attempt(&self, delivery: &WebhookDelivery) -> Result<PostOutcome, Stopped> {
        let outcome = tokio::select! {
            outcome = self.post.send(&self.hook, delivery, self.clock.now()) => outcome,
            () = self.stop.cancelled() => return Err(Stopped),
        };
        let word = match outcome {
            PostOutcome::Taken => "delivered",
            PostOutcome::Refused(_) => "refused",
            PostOutcome::Failed(_) => "failed",
        };
        let webhook = self.hook.name.to_string();
        metrics::counter!("jumun_webhook_deliveries_total", "webhook" => webhook, "outcome" => word).increment(1);
        Ok(outcome)
    }

    async fn put_aside(&self, at: EntryId, delivery: WebhookDelivery, why: &str, tries: u32) -> Result<(), Stopped> {
        tracing::error!(
            webhook = &*self.hook.name,
            delivery_id = delivery.id,
            why,
            attempts = tries,
            "events were moved to the failed deliveries"
        );
        let row = HookLetterRow {
            // in the stream's order; and the same again after a crash, so that it is kept once
            ltr_id: format!("{}.{}.{}", place(at), self.hook.name, delivery.id.replace('/', ".")).into(),
            hook_id: Arc::clone(&self.hook.name),
            prtn_no: self.partition.into(),
            pcl_id: delivery.id.into(),
            evnts: delivery.events.as_str().into(),
            fail_rsn: why.chars().take(400).collect::<String>().into(),
            try_cnt: tries.into(),
            ltr_dttm: self.clock.now(),
        };
        self.insist("putting events aside", || self.store.hook_letter(&row)).await?;
        fail::fail_point!("failed_delivery_kept", |_| std::process::abort());
        // then: whoever erases a person between the two finds the letter
        self.still_said(&row).await
    }

    /// Takes out of a failed delivery the words that were erased before it was kept.
    async fn still_said(&self, letter: &HookLetterRow) -> Result<(), Stopped> {
        let still = |events: String| async move { still_said(&*self.store, &events).await };
        self.insist("taking words out", || reword(&*self.store, letter.clone(), still)).await.map(drop)
    }

    /// The same of failed deliveries that were kept behind where it left off: a crash may have come before their words went, and
    /// their receiver may take the events this time.
    async fn kept_behind(&self, at: EntryId) -> Result<(), Stopped> {
        let (first, mut before) = (place(at.after()), None::<String>);
        loop {
            let asking = || self.store.hook_letters(&self.hook.name, before.as_deref(), LETTERS_MAX);
            let some = self.insist("reading what was put aside", asking).await?;
            let Some(last) = some.last() else { return Ok(()) };
            before = Some(last.ltr_id.to_string());
            let all = *last.ltr_id < *first;
            let own = |l: &&HookLetterRow| *l.ltr_id >= *first && l.prtn_no == i64::from(self.partition);
            for letter in some.iter().filter(own) {
                self.still_said(letter).await?;
            }
            if all {
                return Ok(());
            }
        }
    }

    /// How long ago an entry was made.
    fn age(&self, at: EntryId) -> Duration {
        let made: Time = at.time();
        (self.clock.now() - made).to_std().unwrap_or_default()
    }

    /// Asks the store until it answers.
    async fn insist<T, F>(&self, what: &str, ask: impl Fn() -> F) -> Result<T, Stopped>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        loop {
            match ask().await {
                Ok(answer) => return Ok(answer),
                Err(e) => {
                    tracing::warn!(webhook = &*self.hook.name, error = %e, "{what} failed; trying again");
                    self.sleep(WAIT).await?;
                }
            }
        }
    }

    async fn hold(&self, what: &str, e: &LogError) -> Result<(), Stopped> {
        tracing::warn!(webhook = &*self.hook.name, error = %e, "{what} failed; trying again");
        self.sleep(WAIT).await
    }

    async fn sleep(&self, pause: Duration) -> Result<(), Stopped> {
        tokio::select! {
            () = tokio::time::sleep(pause) => Ok(()),
            () = self.stop.cancelled() => Err(Stopped),
        }
    }
}
