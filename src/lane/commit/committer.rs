//! The committing loop of a lane: one batch at a time, the next one made ready beside it. Durable batches go to the
//! publisher; news of every end goes back to the lane. Nothing cancels it while a commit runs.

use std::{collections::HashMap, sync::Arc, time::Instant};

use tokio::sync::{mpsc, oneshot};

use super::{
    batch::{CommitRequest, Sealed},
    encoder::{EncodedRows, Encoder, Ready},
};
use crate::{
    domain::ids::{CommandId, OrderId, SkuId},
    history::{effects::OutgoingEvents, replay},
    lane::{isolation::ConflictCause, publish::Durable, traces::StageTimes},
    protocol::Answer,
    store::{Batch, Commit, Committer, EncodedBatch, LaneStore, Lease, Outcome, StoreError},
};

/// Steps that are read from the outbox at a start or a reset: more than these follow once the first are gone.
pub const OUTBOX_MAX: u32 = 100_000;

/// How a batch ended.
#[derive(Debug)]
pub enum BatchEnded {
    /// durable, and handed to the publisher
    Done {
        external: Vec<(SkuId, i64)>,
        /// what is left of the batch: the lane's thread made it, and frees or keeps its memory
        spent: Box<Sealed>,
        /// answers that were decided, and those that were given in their place
        mended: Vec<(Arc<Answer>, Arc<Answer>)>,
    },
    /// rolled back: something in it is there already
    Conflict { cause: ConflictCause, why: String, lost: Box<Sealed> },
    /// not tried: it was decided on what a failed commit has lost
    Dropped(Box<Sealed>),
    /// after a conflict: what comes now is tried again
    Resumed,
    /// rolled back: a successor owns the partition
    Fenced,
    /// not durable, or not known to be; the lane is reset
    Failed(StoreError),
    /// a probe came through, and all that was durable is said
    Probed,
    /// the publisher is gone
    Unheard,
}

/// What the loop needs.
pub struct CommitLoop {
    pub lease: Lease,
    /// whether this process asks the payment side for refunds itself
    pub asks_refunds: bool,
    pub store: Arc<dyn LaneStore>,
    pub asks: mpsc::Receiver<CommitRequest>,
    pub ended: mpsc::Sender<BatchEnded>,
    pub durable: mpsc::Sender<Durable>,
}

impl CommitLoop {
    /// Commits until the lane hangs up.
    pub async fn run(mut self) {
        let mut committer: Option<Box<dyn Committer>> = None;
        // what other systems did that our ledger does not follow yet
        let mut offsets: HashMap<Arc<str>, i64> = HashMap::new();
        // a commit failed: what was sealed after it was decided on what is lost
        let mut lost = false;
        let (ready, mut asks) = mpsc::channel(1);
        let (_, closed) = mpsc::channel(1);
        // rows of durable batches, for their memory
        let (spare, durable) = mpsc::channel(2);
        let encoder = Encoder {
            lease: self.lease.clone(),
            asks_refunds: self.asks_refunds,
            store: Arc::clone(&self.store),
            asks: std::mem::replace(&mut self.asks, closed),
            ready,
            durable,
        };
        tokio::spawn(encoder.run());
        while let Some(ask) = asks.recv().await {
            let end = match ask {
                Ready::Probe => {
                    lost = false;
                    offsets.clear(); // a probe follows a reset: the balances are read again
                    let rows = Batch { partition: self.lease.partition, epoch: self.lease.epoch, ..Batch::default() };
                    match self.commit(&mut committer, &rows, EncodedBatch::default()).await {
                        // a commit whose outcome was not known may have left steps that nobody sends
                        Ok(Commit::Done(_)) => self.send_outbox().await,
                        // an empty batch has nothing that could be there already
                        Ok(Commit::Conflict(why) | Commit::Deadlock(why)) => {
                            BatchEnded::Failed(StoreError::Unavailable(why))
                        }
                        Ok(Commit::Fenced) => BatchEnded::Fenced,
                        Err(e) => BatchEnded::Failed(e),
                    }
                }
                Ready::Resume => {
                    lost = false;
                    // what other systems did to a SKU was in the ledger of what is lost: its balance is read again
                    offsets.clear();
                    BatchEnded::Resumed
                }
                Ready::Batch(sealed, _) if lost => {
                    let commands = sealed.outgoing.len();
                    tracing::info!(commands, "a batch that was decided on the failed one is dropped with it");
                    BatchEnded::Dropped(sealed)
                }
                Ready::Batch(sealed, encoded) => {
                    self.batch(&mut committer, sealed, encoded, &mut offsets, &spare).await
                }
            };
            lost |= !matches!(end, BatchEnded::Done { .. } | BatchEnded::Probed | BatchEnded::Resumed);
            if self.ended.send(end).await.is_err() {
                return;
            }
        }
    }

    /// Hands what the outbox holds to the publisher; whoever has had a step ignores it. Waits until that and all before it
    /// is said: what is durable and not yet acknowledged would be read again, and decided a second time.
    async fn send_outbox(&self) -> BatchEnded {
        let steps = match self.store.outbox(self.lease.partition, OUTBOX_MAX).await {
            Ok(steps) => steps,
            Err(e) => return BatchEnded::Failed(e),
        };
        let (said, heard) = oneshot::channel();
        let durable = Durable { outgoing: Vec::new(), steps, asks: Vec::new(), stamps: None, said: Some(said) };
        match self.durable.send(durable).await {
            Ok(()) if heard.await.is_ok() => BatchEnded::Probed,
            Ok(()) | Err(_) => BatchEnded::Unheard,
        }
    }

    async fn commit(
        &self,
        committer: &mut Option<Box<dyn Committer>>,
        rows: &Batch,
        encoded: EncodedBatch,
    ) -> Result<Commit, StoreError> {
        let writer = match committer {
            Some(writer) => writer,
            None => committer.insert(self.store.committer(self.lease.clone()).await?),
        };
        fail::fail_point!("before_commit", |what| fault_for_the_test(what.as_deref()));
        let began = Instant::now();
        let result = writer.commit_encoded(rows, encoded).await;
        fail::fail_point!("after_commit", |what| fault_for_the_test(what.as_deref()));
        metrics::histogram!("jumun_commit_seconds").record(began.elapsed().as_secs_f64());
        result
    }

    async fn batch(
        &self,
        committer: &mut Option<Box<dyn Committer>>,
        mut sealed: Box<Sealed>,
        encoded: Result<EncodedRows, StoreError>,
        offsets: &mut HashMap<Arc<str>, i64>,
        spare: &mpsc::Sender<Box<Batch>>,
    ) -> BatchEnded {
        #[cfg(feature = "failpoints")]
        if mutant_acknowledges_first() {
            // what the checker must catch: an answer before the commit
            let durable = Durable {
                outgoing: sealed.outgoing.clone(),
                steps: Vec::new(),
                asks: Vec::new(),
                stamps: None,
                said: None,
            };
            if self.durable.send(durable).await.is_err() {
                return BatchEnded::Unheard;
            }
        }
        let EncodedRows { mut rows, encoded } = match encoded {
            Ok(encoded) => encoded,
            Err(e) => return BatchEnded::Failed(e),
        };
        let began = Instant::now();
        let done = match self.commit(committer, &rows, encoded).await {
            Ok(Commit::Done(done)) => done,
            Ok(Commit::Conflict(why)) => {
                return BatchEnded::Conflict { cause: ConflictCause::Taken, why, lost: sealed };
            }
            Ok(Commit::Deadlock(why)) => {
                return BatchEnded::Conflict { cause: ConflictCause::Deadlock, why, lost: sealed };
            }
            Ok(Commit::Fenced) => return BatchEnded::Fenced,
            Err(e) => return BatchEnded::Failed(e),
        };
        let decided = std::mem::take(&mut sealed.decided);
        let stamps = (!decided.is_empty()).then(|| StageTimes { decided, began, durable: Instant::now() });
        for (sku, delta) in &sealed.absorbed {
            *offsets.entry(Arc::clone(sku)).or_default() -= delta;
        }
        let mut external = Vec::new();
        for change in done.external {
            let offset = offsets.entry(Arc::clone(&change.unt_id)).or_default();
            let news = change.delta - *offset;
            if news != 0 {
                *offset += news;
                external.push((SkuId::stored(&change.unt_id), news));
            }
        }
        offsets.retain(|_, offset| *offset != 0);
        let mended = match self.restore_first_answers(&mut sealed, &done.known).await {
            Ok(mended) => mended,
            Err(e) => return BatchEnded::Failed(e),
        };
        metrics::histogram!("jumun_batch_commands")
            .record(f64::from(u32::try_from(sealed.outgoing.len()).unwrap_or(0)));
        let steps = std::mem::take(&mut rows.otbx);
        let (outgoing, asks) = (std::mem::take(&mut sealed.outgoing), std::mem::take(&mut sealed.asks));
        let durable = Durable { outgoing, steps, asks, stamps, said: None };
        if self.durable.send(durable).await.is_err() {
            return BatchEnded::Unheard;
        }
        if spare.try_send(rows).is_err() {
            tracing::debug!("the encoder has memory enough");
        }
        BatchEnded::Done { external, spent: sealed, mended }
    }

    /// Refusals whose id turned out to be an older, accepted command's get that command's answer; redelivered commands get
    /// their events again, because the first publishing may have been lost. Says which answers were changed.
    async fn restore_first_answers(
        &self,
        sealed: &mut Sealed,
        known: &[Arc<str>],
    ) -> Result<Vec<(Arc<Answer>, Arc<Answer>)>, StoreError> {
        let mut mended = Vec::new();
        let answered = sealed.outgoing.iter().filter_map(|o| {
            let (_, answer) = o.answer.as_ref()?;
            let told_before = o.unsure && known.contains(&answer.command_id);
            (o.replays || told_before).then_some(&answer.command_id)
        });
        let silent = sealed.outgoing.iter().flat_map(|o| &o.again);
        let wanted: Vec<CommandId> = answered.chain(silent).map(|id| CommandId::stored(id)).collect();
        if wanted.is_empty() {
            return Ok(mended);
        }
        let found = self.store.outcomes(&wanted).await?;
        let by_id: HashMap<&str, &Outcome> = found.iter().map(|o| (&*o.cmd_id, o)).collect();
        let ids: Vec<OrderId> =
            found.iter().filter_map(|o| o.order.as_ref()).map(|o| OrderId::stored(&o.ord_id)).collect();
        let histories = if ids.is_empty() { Vec::new() } else { self.store.orders(&ids).await? };
        for out in &mut sealed.outgoing {
            let told = histories.iter().flatten().filter(|r| out.again.contains(&r.cmd_id));
            out.events.extend(told.cloned().map(OutgoingEvents::Stored));
            let Some((_, answer)) = &mut out.answer else { continue };
            let Some(outcome) = by_id.get(&*answer.command_id) else { continue };
            let history = outcome
                .order
                .as_ref()
                .and_then(|o| histories.iter().find(|h| h.first().is_some_and(|r| r.ord_id == o.ord_id)));
            if out.replays {
                let rows = history.into_iter().flatten().filter(|r| r.cmd_id == outcome.cmd_id);
                out.events = rows.cloned().map(OutgoingEvents::Stored).collect();
            } else if out.unsure {
                let digest = answer.digest.clone().unwrap_or_else(|| "".into());
                let first = match history {
                    Some(rows) => match replay::fold(rows) {
                        Ok(Some(folded)) => folded
                            .applied
                            .iter()
                            .find(|a| a.command_id == outcome.cmd_id)
                            .and_then(|a| {
                                let order = &folded.order.id;
                                replay::answer(a, order.as_str(), outcome.partition, &digest, answer.entry.clone())
                            })
                            .map(|first| replay::of_another(first, answer)),
                        Ok(None) | Err(_) => None,
                    },
                    None => Some(crate::lane::actors::sku_commands::again(outcome, answer)),
                };
                if let Some(first) = first.map(Arc::new) {
                    mended.push((Arc::clone(answer), Arc::clone(&first)));
                    *answer = first;
                    out.repeated = true;
                }
            }
        }
        Ok(mended)
    }
}

#[cfg(feature = "failpoints")]
fn mutant_acknowledges_first() -> bool {
    let asked = || -> bool {
        fail::fail_point!("acknowledge_first", |_| true);
        false
    };
    asked()
}

/// `abort`: the process dies here. `unknown`, `refused`, `unavailable`, `late`: the store says so.
#[cfg(feature = "failpoints")]
fn fault_for_the_test(what: Option<&str>) -> Result<Commit, StoreError> {
    match what {
        Some("unknown") => Err(StoreError::Unknown("by the test".into())),
        Some("refused") => Err(StoreError::Refused("by the test".into())),
        Some("late") => {
            // time for the next batch to be sealed
            std::thread::sleep(std::time::Duration::from_millis(400));
            Err(StoreError::Unavailable("by the test, late".into()))
        }
        Some("unavailable") => Err(StoreError::Unavailable("by the test".into())),
        Some(_) | None => std::process::abort(),
    }
}
