//! Activation: what a chunk of commands needs and is not live is read from the store, in a few reads for all of it.

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, HashSet},
    rc::Rc,
    sync::Arc,
};

use actix::{Actor as _, Addr};

use super::{
    AwaitedAnswers, DecisionContext, Fault, Inventories, Orders,
    inventory::{Inventory, SkuAction, SkuCommand},
    order::{OrderActor, State},
};
use crate::{
    domain::{
        Time,
        ids::{CommandId, OrderId, SkuId},
    },
    history::{
        catalog,
        effects::{Cause, OutgoingEvents},
        replay,
    },
    lane::commit::SharedBatch,
    protocol::internal::derived_id,
    store::{LookupStore, Outcome, StoreError, StoredSku},
};

/// What waits for other lanes, of orders whose actors are gone.
pub type Waiting = Rc<RefCell<HashMap<OrderId, AwaitedAnswers>>>;

/// What actors are brought to life with.
pub struct LiveHandles {
    pub book: SharedBatch,
    pub skus: Inventories,
    pub waiting: Waiting,
    pub tick: Rc<Cell<u64>>,
    pub now: Rc<Cell<Time>>,
}

/// Brings actors to life of the rows that it reads, and tells what is stored of orders that are not live.
pub struct Activation {
    partition: u32,
    store: Arc<dyn LookupStore>,
    live: LiveHandles,
}

/// SKUs of this lane by their ids: what a decision has of the inventory actors.
pub struct SkuLookup(Rc<Activation>);

/// Where an order that is not live was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// nowhere
    Absent,
    /// here: it is live now
    Local,
    /// another lane owns it
    Lane(u32),
    /// here, but its history can't be read: why
    Unreadable(Arc<str>),
}

impl Activation {
    /// Of what this partition has in the store.
    pub fn new(partition: u32, store: Arc<dyn LookupStore>, live: LiveHandles) -> Self {
        Self { partition, store, live }
    }

    /// Brings orders to life that are not; says where each of them is.
    ///
    /// # Errors
    /// The store's.
    pub async fn orders(
        &self,
        cx: &Rc<DecisionContext>,
        orders: &Orders,
        ids: Vec<OrderId>,
    ) -> Result<HashMap<OrderId, Location>, Fault> {
        let mut found: HashMap<OrderId, Location> = HashMap::with_capacity(ids.len());
        if ids.is_empty() {
            return Ok(found);
        }
        let rows = self.store.order_rows(&ids).await?;
        for row in &rows {
            let (id, lane) = replay::owned_by(row);
            found.insert(id, self.location(lane));
        }
        let others: Vec<OrderId> = ids.iter().filter(|id| !found.contains_key(*id)).cloned().collect();
        let mut archived: HashSet<OrderId> = HashSet::new();
        if !others.is_empty() {
            for row in self.store.archived_rows(&others).await? {
                let (id, lane) = replay::owned_by(&row);
                archived.insert(id.clone());
                found.insert(id, self.location(lane));
            }
        }
        let here: Vec<OrderId> =
            ids.iter().filter(|id| found.get(*id) == Some(&Location::Local) && !orders.has(id)).cloned().collect();
        for id in ids {
            found.entry(id).or_insert(Location::Absent);
        }
        if here.is_empty() {
            return Ok(found);
        }
        fail::fail_point!("slow_activation");
        let histories = self.store.orders(&here).await?;
        for history in &histories {
            let mut state = match replay::fold(history) {
                Ok(Some(folded)) => State::from(folded),
                Ok(None) => continue,
                // a damaged row, or a later version's: only this order waits
                Err(why) => {
                    let Some(first) = history.first() else { continue };
                    found.insert(OrderId::stored(&first.ord_id), Location::Unreadable(why.into()));
                    continue;
                }
            };
            let id = state.order.id.clone();
            state.archived = archived.contains(&id);
            if let Some(waiting) = self.live.waiting.borrow_mut().remove(&id) {
                state.awaited = Some(Box::new(waiting));
            }
            orders.insert_dormant(id, OrderActor::new(Rc::clone(cx), state), self.live.tick.get());
            metrics::counter!("jumun_activations_total", "kind" => "order").increment(1);
        }
        Ok(found)
    }

    /// Where an order is that this lane has.
    fn location(&self, lane: u32) -> Location {
        if lane == self.partition { Location::Local } else { Location::Lane(lane) }
    }

    /// Brings SKUs of this lane to life that are not; one that does not exist lives too, to be created or refused. Where another
    /// system has written a balance, the ledger follows first.
    ///
    /// # Errors
    /// The store's; [`StoreError::Unusable`] for a SKU whose rows don't fit together.
    pub async fn inventories(&self, mut ids: Vec<SkuId>) -> Result<(), Fault> {
        ids.sort();
        ids.dedup();
        ids.retain(|id| !self.live.skus.has(id));
        if ids.is_empty() {
            return Ok(());
        }
        let stored = self.store.skus(&ids).await?;
        self.start(ids, &stored).await
    }

    /// The same for a chunk: a SKU whose rows don't fit together is left out, and only the commands that need it break.
    ///
    /// # Errors
    /// The store's.
    pub async fn inventories_of_a_chunk(&self, ids: Vec<SkuId>) -> Result<(), Fault> {
        match self.inventories(ids.clone()).await {
            Err(Fault::Store(StoreError::Unusable(_))) => {}
            done => return done,
        }
        for id in ids {
            match self.inventories(vec![id]).await {
                Ok(()) | Err(Fault::Store(StoreError::Unusable(_))) => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    async fn start(&self, ids: Vec<SkuId>, stored: &[StoredSku]) -> Result<(), Fault> {
        let by_id: HashMap<&str, &StoredSku> = stored.iter().map(|s| (&*s.unit.unt_id, s)).collect();
        for id in ids {
            let found = by_id.get(id.as_str()).copied();
            let actor = Inventory::new(self.partition, Rc::clone(&self.live.book), id.clone(), found).start();
            self.live.skus.insert(id.clone(), actor.clone(), self.live.tick.get());
            metrics::counter!("jumun_activations_total", "kind" => "sku").increment(1);
            let delta = found.map_or(0, catalog::external_change);
            if delta != 0 {
                self.notice(&id, &actor, delta, false).await?;
            }
        }
        Ok(())
    }

    /// The actor of a SKU of this lane, fetched when it is not live.
    ///
    /// # Errors
    /// The store's.
    pub async fn sku(&self, id: &SkuId) -> Result<Addr<Inventory>, Fault> {
        if let Some(actor) = self.live.skus.get(id) {
            self.live.skus.touch(id, self.live.tick.get());
            return Ok(actor);
        }
        self.inventories(vec![id.clone()]).await?;
        self.live.skus.get(id).ok_or_else(|| Fault::Broken(format!("SKU {id} did not come to life")))
    }

    /// Lets a SKU's ledger follow what another system has done to its balance.
    ///
    /// # Errors
    /// When the actor is gone.
    pub async fn notice(&self, id: &SkuId, actor: &Addr<Inventory>, delta: i64, noticed: bool) -> Result<(), Fault> {
        let now = self.live.now.get();
        let unique = format!("{}:{}", now.timestamp_micros(), delta);
        let cause =
            Cause { command_id: derived_id("external", &[id.as_str(), &unique]).into(), order_id: None, at: now };
        let told = actor.send(SkuCommand { what: SkuAction::External { delta, noticed }, cause }).await;
        told?.map_err(|refusal| Fault::Broken(refusal.message()))?;
        metrics::counter!("jumun_external_changes_total").increment(1);
        tracing::warn!(sku_id = %id, delta, "another system has changed a SKU's balance; the ledger follows it");
        Ok(())
    }

    /// The stored outcomes of commands that may have been decided before, by any lane.
    ///
    /// # Errors
    /// The store's.
    pub async fn outcomes(&self, ids: Vec<CommandId>) -> Result<HashMap<Arc<str>, Outcome>, Fault> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let found = self.store.outcomes(&ids).await?;
        Ok(found.into_iter().map(|o| (Arc::clone(&o.cmd_id), o)).collect())
    }

    /// All events of these orders, as they are stored; unknown orders are left out.
    ///
    /// # Errors
    /// The store's.
    pub async fn stored_events(&self, ids: &[OrderId]) -> Result<impl Iterator<Item = OutgoingEvents>, Fault> {
        Ok(self.store.orders(ids).await?.into_iter().flatten().map(OutgoingEvents::Stored))
    }
}

impl SkuLookup {
    /// Of those that this brings to life.
    pub fn new(activation: Rc<Activation>) -> Self {
        Self(activation)
    }

    /// The actor of a SKU of this lane.
    ///
    /// # Errors
    /// The store's.
    pub async fn actor(&self, id: &SkuId) -> Result<Addr<Inventory>, Fault> {
        self.0.sku(id).await
    }

    /// Brings several to life by one read.
    ///
    /// # Errors
    /// The store's.
    pub async fn fetch(&self, ids: Vec<SkuId>) -> Result<(), Fault> {
        self.0.inventories(ids).await
    }
}
