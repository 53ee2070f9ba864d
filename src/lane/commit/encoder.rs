//! The encoder of a lane: beside the lane's thread and the commit before, it makes rows of a batch's effects, and of the rows
//! what the store takes. Hears the run loop; tells the committer, which gives it the memory of durable rows back.

use std::{panic::AssertUnwindSafe, sync::Arc};

use tokio::sync::mpsc;

use super::batch::{CommitRequest, Sealed};
use crate::{
    history::effects::LaneOfRows,
    store::{Batch, BatchEncoder, EncodedBatch, LaneStore, Lease, StoreError},
};

/// What the loop needs.
pub(super) struct Encoder {
    pub lease: Lease,
    pub asks_refunds: bool,
    pub store: Arc<dyn LaneStore>,
    pub asks: mpsc::Receiver<CommitRequest>,
    pub ready: mpsc::Sender<Ready>,
    /// rows of durable batches, for the memory that they hold
    pub durable: mpsc::Receiver<Box<Batch>>,
}

/// What the run loop asks, made ready.
pub(super) enum Ready {
    Batch(Box<Sealed>, Result<EncodedRows, StoreError>),
    Resume,
    Probe,
}

/// A batch's rows.
pub(super) struct EncodedRows {
    pub rows: Box<Batch>,
    pub encoded: EncodedBatch,
}

impl Encoder {
    /// Makes ready until the lane or the committer hangs up.
    pub(super) async fn run(mut self) {
        let mut encoder = self.store.encoder();
        while let Some(ask) = self.asks.recv().await {
            let ready = match ask {
                CommitRequest::Probe => Ready::Probe,
                CommitRequest::Resume => Ready::Resume,
                CommitRequest::Commit(sealed) => {
                    let encoded = self.encode(&mut *encoder, &sealed);
                    Ready::Batch(sealed, encoded)
                }
            };
            if self.ready.send(ready).await.is_err() {
                return;
            }
        }
    }

    /// What can't be made rows of is refused as the store would refuse it: so the command at fault is found.
    fn encode(&mut self, encoder: &mut dyn BatchEncoder, sealed: &Sealed) -> Result<EncodedRows, StoreError> {
        let mut rows = Box::new(self.durable.try_recv().map(|rows| emptied(*rows)).unwrap_or_default());
        let lane = LaneOfRows {
            partition: self.lease.partition,
            epoch: self.lease.epoch,
            asks_refunds: self.asks_refunds,
            vault: self.store.vault(),
        };
        let written = std::panic::catch_unwind(AssertUnwindSafe(|| {
            #[cfg(feature = "failpoints")]
            panic_for_the_test(sealed);
            sealed.write(lane, &mut rows)
        }));
        let written = written.unwrap_or_else(|_| Err("making the batch's rows panicked".to_owned()));
        written.map_err(StoreError::Refused)?;
        let encoded = encoder.encode(&rows)?;
        Ok(EncodedRows { rows, encoded })
    }
}

/// Of a batch that is durable, the memory of the lists that a sale fills. Megabytes per batch that would be asked of the system
/// anew each time, page by page, are the dearest memory there is.
fn emptied(rows: Batch) -> Batch {
    let Batch { mut hist, mut placed, mut changed, mut ldgr, mut rgst, .. } = rows;
    hist.clear();
    placed.clear();
    changed.clear();
    ldgr.clear();
    rgst.clear();
    Batch { hist, placed, changed, ldgr, rgst, ..Batch::default() }
}

#[cfg(feature = "failpoints")]
#[expect(clippy::panic, reason = "the test asks for a panic")]
fn panic_for_the_test(sealed: &Sealed) {
    use crate::history::effects::Effect;
    let asked = || -> bool {
        fail::fail_point!("rows_panic", |_| true);
        false
    };
    let poison = |e: &Effect| matches!(e, Effect::OrderChanged(c) if c.events.command.id.contains("poison"));
    if asked() && sealed.effects.iter().any(poison) {
        panic!("poisoned by the test");
    }
}
