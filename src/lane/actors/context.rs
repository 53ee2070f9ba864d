//! What whoever decides is given of the lane.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
    sync::Arc,
};

use super::{Aside, activate::SkuLookup, near::ReferenceCache, payments::PaymentRegister};
use crate::{
    domain::{Time, catalog::Policy},
    history::effects,
    lane::commit::SharedBatch,
};

/// What deciding may use, and all that an order's actor has of its lane: what the lane is, SKUs by their ids, reference data, the
/// register of payments, the open batch. Neither the store, nor other orders, nor what is live.
pub struct DecisionContext {
    pub partition: u32,
    pub partitions: u32,
    pub policy: Arc<Policy>,
    pub epoch: i64,
    pub asks_refunds: bool,
    pub book: SharedBatch,
    /// SKUs of this lane
    pub skus: SkuLookup,
    /// what is known of SKUs in other lanes, and of promotions, for a moment
    pub near: ReferenceCache,
    /// what is known of payments that come in
    pub payments: PaymentRegister,
    /// steps taken in batches that are not committed yet, with the batch: the same step may have been sent twice
    pub steps: RefCell<HashMap<Arc<str>, u64>>,
    /// how many entries wait at orders for other lanes
    pub aside: Aside,
    /// time of the entry that is being decided
    pub now: Rc<Cell<Time>>,
    /// memory for what is written as JSON
    pub scratch: RefCell<Vec<u8>>,
}

impl DecisionContext {
    /// A value as JSON, written where the last one was: a string that grows is copied a few times.
    ///
    /// # Errors
    /// A sentence, for what is no JSON.
    pub fn json(&self, value: &impl serde::Serialize) -> Result<Arc<str>, String> {
        effects::json(value, &mut self.scratch.borrow_mut())
    }
}
