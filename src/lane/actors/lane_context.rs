//! What a lane's run loop and its supervisor share, made anew at each reset.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
};

use super::{
    Aside, Inventories,
    activate::{Activation, LiveHandles, SkuLookup, Waiting},
    context::DecisionContext,
    near::ReferenceCache,
    payments::PaymentRegister,
    quarantine::Quarantine,
    reservations::Reservations,
};
use crate::{
    domain::{Time, catalog::Policy},
    lane::commit::SharedBatch,
    store::LookupStore,
};

/// What a lane is told at its start.
#[derive(Debug, Clone)]
pub struct LaneSettings {
    pub partition: u32,
    pub partitions: u32,
    pub policy: Arc<Policy>,
    /// the lane's epoch
    pub epoch: i64,
    /// whether this process asks the payment side for refunds itself
    pub asks_refunds: bool,
}

/// What a lane's run loop and its supervisor share.
#[derive(Clone)]
pub struct LaneContext {
    pub decision: Rc<DecisionContext>,
    pub book: SharedBatch,
    pub activation: Rc<Activation>,
    /// the SKUs in memory
    pub skus: Inventories,
    /// reservations of other lanes' orders
    pub reservations: Rc<Reservations>,
    /// placements that wait for other lanes, of orders that a rolled back batch had changed: their actors get them back
    pub waiting: Waiting,
    /// who is refused for a while
    pub quarantine: Rc<Quarantine>,
    /// the lane's tick, for the order of use
    pub tick: Rc<Cell<u64>>,
}

impl LaneContext {
    /// What a lane starts with: nothing live, nothing decided.
    pub fn new(settings: LaneSettings, store: Arc<dyn LookupStore>, quarantine: Rc<Quarantine>, now: Time) -> Self {
        let LaneSettings { partition, partitions, policy, epoch, asks_refunds } = settings;
        let tick = Rc::new(Cell::new(u64::try_from(now.timestamp()).unwrap_or(0)));
        let now = Rc::new(Cell::new(now));
        let (book, skus, waiting) = (SharedBatch::default(), Inventories::default(), Rc::default());
        let activation = Rc::new(Activation::new(
            partition,
            Arc::clone(&store),
            LiveHandles {
                book: Rc::clone(&book),
                skus: skus.clone(),
                waiting: Rc::clone(&waiting),
                tick: Rc::clone(&tick),
                now: Rc::clone(&now),
            },
        ));
        let decision = DecisionContext {
            partition,
            partitions,
            policy,
            epoch,
            asks_refunds,
            book: Rc::clone(&book),
            skus: SkuLookup::new(Rc::clone(&activation)),
            near: ReferenceCache::new(Arc::clone(&store)),
            payments: PaymentRegister::new(Arc::clone(&store)),
            steps: RefCell::default(),
            aside: Aside::default(),
            now,
            scratch: RefCell::default(),
        };
        Self {
            decision: Rc::new(decision),
            book,
            activation,
            skus,
            reservations: Rc::new(Reservations::new(store)),
            waiting,
            quarantine,
            tick,
        }
    }
}

impl std::fmt::Debug for LaneContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LaneContext").field("partition", &self.decision.partition).finish_non_exhaustive()
    }
}
