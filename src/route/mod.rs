//! Route: the actors of a lane, all on one thread, one command at a time.
//!
//! The [`supervisor`] takes commands in the stream's order and asks the actor they concern: an [`order`] actor for each live
//! order, an [`inventory`] actor for each live SKU. Because the lane decides one command wholly before the next, several SKUs
//! of one order need no locks and a replay decides the same.

pub mod activate;
pub mod conclude;
pub mod gifts;
pub mod inventory;
pub mod links;
pub mod live;
pub mod order;
pub mod place;
pub mod refdata;
pub mod sku;
pub mod steps;
pub mod supervisor;
pub mod window;

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
    sync::Arc,
};

use crate::{
    commit::{Book, Source},
    domain::{Time, catalog::Policy, reason::Refusal},
    protocol::{Answer, OutcomeKind, decode::Personal},
    store::{Store, rows::RsvRow},
};

/// What the actors of a lane share.
#[derive(Clone)]
pub struct LaneContext {
    pub partition: u32,
    pub partitions: u32,
    pub policy: Arc<Policy>,
    /// the lane's epoch
    pub epoch: i64,
    /// whether this process asks the payment side for refunds itself
    pub asks_refunds: bool,
    pub book: Book,
    pub store: Arc<dyn Store>,
    /// the SKUs in memory; asked for by [`activate::sku`], which fetches what is not there
    pub skus: live::Inventories,
    /// what is known of SKUs in other lanes, and of promotions, for a moment
    pub near: refdata::Near,
    /// reservations of other lanes' orders that are not committed yet, with the batch that holds them
    pub reservations: Rc<RefCell<HashMap<String, (RsvRow, u64)>>>,
    /// steps taken in batches that are not committed yet, with the batch: the same step may have been sent twice
    pub steps: Rc<RefCell<HashMap<Arc<str>, u64>>>,
    /// the lane's tick, for the order of use
    pub tick: Rc<Cell<u64>>,
    /// time of the entry that is being decided
    pub now: Rc<Cell<Time>>,
}

impl LaneContext {
    /// What a lane starts with: nothing live, nothing decided, no epoch, the default policy, refunds asked by others.
    pub fn new(partition: u32, partitions: u32, store: Arc<dyn Store>, now: Time) -> Self {
        Self {
            partition,
            partitions,
            policy: Arc::default(),
            epoch: 0,
            asks_refunds: false,
            book: Rc::default(),
            store,
            skus: live::Inventories::default(),
            near: refdata::Near::default(),
            reservations: Rc::default(),
            steps: Rc::default(),
            tick: Rc::new(Cell::new(u64::try_from(now.timestamp()).unwrap_or(0))),
            now: Rc::new(Cell::new(now)),
        }
    }
}

impl std::fmt::Debug for LaneContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LaneContext").field("partition", &self.partition).finish_non_exhaustive()
    }
}

/// Who asks what: the part of a command that answers and history need.
#[derive(Debug, Clone)]
pub struct Meta {
    pub id: Arc<str>,
    pub digest: Arc<str>,
    pub actor: Arc<str>,
    pub reply_to: Option<Arc<str>>,
    pub name: &'static str,
    pub source: Source,
    pub personal: Option<Box<Personal>>,
    /// the lane's own step: nobody waits for an answer
    pub silent: bool,
}

impl Meta {
    /// An answer without an order.
    pub fn answer(&self, partition: u32) -> Answer {
        Answer {
            command_id: Arc::clone(&self.id),
            order_id: None,
            partition,
            outcome: OutcomeKind::Accepted,
            order_status: None,
            order_version: None,
            reason: None,
            message: None,
            facts: Default::default(),
            entry: self.source.named(),
            digest: Some(Arc::clone(&self.digest)),
        }
    }

    /// A refusal.
    pub fn refusal(&self, partition: u32, order_id: Option<Arc<str>>, refusal: &Refusal) -> Answer {
        let mut answer = self.answer(partition);
        answer.order_id = order_id;
        crate::commit::replay::refuse(&mut answer, refusal);
        answer
    }
}

/// A fault of ours while deciding: the lane is reset.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// a handler panicked, or an invariant broke
    #[error("deciding entry {entry} failed: {why}")]
    Decision { entry: crate::log::EntryId, why: String },
    /// nothing wrong with the command: the store did not answer
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
}
