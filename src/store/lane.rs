//! What a lane asks of the store: its lease, its commits, and what it has to do next.

use std::{any::Any, time::Duration};

use async_trait::async_trait;

use super::{Batch, Commit, Lease, LeaseAnswer, LookupStore, StoreError, rows::OtbxRow};
use crate::domain::{Time, ids::OrderId};

/// The store as its lanes see it: one [`Committer`] a lane writes.
#[async_trait]
pub trait LaneStore: LookupStore {
    /// Writes the partition count on first use; refuses when the store has another.
    async fn claim_partitions(&self, partitions: u32) -> Result<(), StoreError>;

    /// Takes the partition's lease with a new epoch, unless another owner's has not run out.
    async fn acquire(&self, partition: u32, owner: &str, ttl: Duration) -> Result<LeaseAnswer, StoreError> {
        self.acquire_above((partition, owner, ttl), 0, None).await
    }
    /// The same with an epoch above `seen` too: a database that was restored older gives epochs that the log has seen. `over`:
    /// an owner and the end of its lease that have not changed for longer than the lease was, whatever the store's clock says.
    async fn acquire_above(
        &self,
        wanted: (u32, &str, Duration),
        seen: i64,
        over: Option<(&str, Time)>,
    ) -> Result<LeaseAnswer, StoreError>;
    /// Extends the lease; `false` when the epoch is superseded.
    async fn renew(&self, lease: &Lease, ttl: Duration) -> Result<bool, StoreError>;
    /// Whether nobody has taken the partition over since.
    async fn owns(&self, lease: &Lease) -> Result<bool, StoreError>;
    /// Gives the lease back, so that a successor need not wait.
    async fn release(&self, lease: &Lease) -> Result<(), StoreError>;

    /// What encodes a lane's batches for its committer.
    fn encoder(&self) -> Box<dyn BatchEncoder> {
        Box::new(AsItIs)
    }

    /// A committer with a connection of its own.
    async fn committer(&self, lease: Lease) -> Result<Box<dyn Committer>, StoreError>;

    /// The partition's orders whose `due_dttm` is at or before `until`, soonest first.
    async fn due(&self, partition: u32, until: Time, limit: u32) -> Result<Vec<(OrderId, Time)>, StoreError>;
    /// The events of the partition's orders that were decided from `from` until before `until`, newest first, with their times.
    async fn events_between(
        &self,
        partition: u32,
        from: Time,
        until: Time,
        limit: u32,
    ) -> Result<Vec<(OrderId, i64, Time)>, StoreError>;
    /// The partition's outbox, oldest first.
    async fn outbox(&self, partition: u32, limit: u32) -> Result<Vec<OtbxRow>, StoreError>;
}

/// A lane's only writer. It owns its connection; whoever gives a commit up gives the connection up with it, and the outcome
/// is unknown.
#[async_trait]
pub trait Committer: Send {
    /// One transaction: the fence, then all of the batch, or nothing.
    async fn commit(&mut self, batch: &Batch) -> Result<Commit, StoreError>;

    /// The same for a batch that this store's encoder has encoded.
    async fn commit_encoded(&mut self, batch: &Batch, _encoded: EncodedBatch) -> Result<Commit, StoreError> {
        self.commit(batch).await
    }
}

/// Encodes a lane's batches, so that it can be done beside the commit before. It may remember what the last ones were like, so a
/// lane has one.
pub trait BatchEncoder: Send {
    /// Encodes a batch.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the batch can't be put into the store's words.
    fn encode(&mut self, batch: &Batch) -> Result<EncodedBatch, StoreError>;
}

/// A batch in the form in which its store writes it. Only that store's committer knows what is in it; empty, the batch is
/// written as it is.
#[derive(Default)]
pub struct EncodedBatch(Option<Box<dyn Any + Send>>);

impl EncodedBatch {
    /// With what an encoder has made for its committer.
    pub(super) fn of(form: impl Any + Send) -> Self {
        Self(Some(Box::new(form)))
    }

    /// What the encoder has made, for the committer of the same store.
    pub(super) fn form<T: Any>(self) -> Option<Box<T>> {
        self.0?.downcast().ok()
    }
}

/// The encoder of a store that has nothing to do beforehand.
pub(super) struct AsItIs;

impl BatchEncoder for AsItIs {
    fn encode(&mut self, _: &Batch) -> Result<EncodedBatch, StoreError> {
        Ok(EncodedBatch::default())
    }
}
