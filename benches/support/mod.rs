//! A lane's deciding half for the benches: supervisor and actors as the server runs them, driven by hand.

pub mod shelf;

use std::{cell::RefCell, rc::Rc, sync::Arc};

use actix::{Actor as _, Addr};
use anyhow::{Context as _, Result};
use jumun::{
    clock::{Clock as _, RealClock},
    history::effects::LaneOfRows,
    lane::{
        actors::{
            LaneContext, LaneSettings,
            dedup::DedupCache,
            supervisor::{Bounds, Committed, Decide, Supervisor},
        },
        commit::batch::Sealed,
        ingest::{ReadEntry, deliver},
    },
    log::{EntryId, Inbound, LogEntry},
    store::{Batch, LookupStore},
};

/// Orders in a chunk, as the reader hands them over.
pub const CHUNK: usize = 256;

/// A supervisor with its actors, and the batch that they fill. Lives in a `LocalSet`.
pub struct Lane {
    pub cx: LaneContext,
    supervisor: Addr<Supervisor>,
    batches: u64,
    entry: u64,
}

impl Lane {
    /// A lane of partition 0 of 1, with at most `live` order actors and a window of `window` answers.
    pub fn new(store: Arc<dyn LookupStore>, live: usize, window: usize) -> Self {
        let settings =
            LaneSettings { partition: 0, partitions: 1, policy: Arc::default(), epoch: 0, asks_refunds: false };
        let cx = LaneContext::new(settings, store, Rc::default(), RealClock.now());
        let bounds = Bounds { orders_max: live, skus_max: live, idle_ticks: u64::MAX };
        let supervisor = Supervisor::new(cx.clone(), bounds, Rc::new(RefCell::new(DedupCache::new(window)))).start();
        Self { cx, supervisor, batches: 0, entry: 0 }
    }

    /// Commands as the reader hands them over: read and decoded, each an entry of its own.
    pub fn entries(&mut self, commands: impl IntoIterator<Item = String>) -> Result<Vec<ReadEntry>> {
        let at = RealClock.now();
        let ms = u64::try_from(at.timestamp_millis())?;
        let entry = |command: String| {
            self.entry += 1;
            let id = EntryId { ms, seq: self.entry };
            let command = command.into_bytes().into();
            deliver(LogEntry { stream: Inbound::Commands, id, at, command, attempts: 1 }, false, None)
        };
        Ok(commands.into_iter().map(entry).collect())
    }

    /// Decides them, all into the open batch.
    pub async fn decide(&self, entries: Vec<ReadEntry>) -> Result<()> {
        Ok(self.supervisor.send(Decide { entries, careful: false }).await??)
    }

    /// Closes the batch.
    pub fn seal(&mut self) -> Sealed {
        self.batches += 1;
        self.cx.book.borrow_mut().seal()
    }

    /// Tells the actors that everything sealed is durable: those beyond the bound leave.
    pub async fn committed(&self) -> Result<()> {
        let news = Committed { batches: self.batches, external: Vec::new(), tick: 1, mended: Vec::new() };
        Ok(self.supervisor.send(news).await??)
    }

    /// Decides commands, of which each must be accepted; the batch that they made.
    pub async fn accepted(&mut self, commands: impl IntoIterator<Item = String>) -> Result<Sealed> {
        let entries = self.entries(commands)?;
        self.decide(entries).await?;
        let sealed = self.seal();
        for out in &sealed.outgoing {
            let (_, answer) = out.answer.as_ref().context("a command without an answer")?;
            anyhow::ensure!(answer.outcome.word() == "accepted", "not accepted: {}", answer.json());
        }
        Ok(sealed)
    }
}

/// What the store writes of a batch, under an epoch.
pub fn rows(sealed: &Sealed, epoch: i64) -> Result<Batch> {
    let mut rows = Batch::default();
    let lane = LaneOfRows { partition: 0, epoch, asks_refunds: false, vault: None };
    sealed.write(lane, &mut rows).map_err(anyhow::Error::msg)?;
    Ok(rows)
}

/// A placement of `lines` lines (one unit each of `sku-0`, `sku-1`, …), paid by card.
pub fn placement(n: u64, lines: u64) -> String {
    let goods: Vec<String> = (0..lines).map(|i| format!(r#"{{"sku_id":"sku-{i}","quantity":1}}"#)).collect();
    format!(
        r#"{{"id":"c-{n:010}","type":"place_order","order_id":"o-{n}","actor":"buyer:u-{n}","customer_id":"u-{n}","lines":[{}],"payment":{{"kind":"approved","settlements":[{{"method":"card","amount":{},"approval":{{"approval_id":"a-{n}","token":"tok-{n}"}}}}]}}}}"#,
        goods.join(","),
        lines * 10_000
    )
}
