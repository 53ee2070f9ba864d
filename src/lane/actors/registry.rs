//! What is live: the actors in memory, bounded in number, the longest unused leaving first.

use std::{
    cell::RefCell,
    collections::{HashMap, VecDeque},
    hash::Hash,
    rc::Rc,
};

use actix::Addr;

use super::{inventory::Inventory, order::OrderActor};
use crate::domain::ids::{OrderId, SkuId};

/// Live actors by key. Shared by the actors of one thread.
pub struct ActorRegistry<K, A: actix::Actor>(Rc<RefCell<Table<K, A>>>);

struct Table<K, A: actix::Actor> {
    slots: HashMap<K, Slot<A>>,
    /// (key, tick) in order of use; an older tick than the slot's own is a use that was followed by another
    used: VecDeque<(K, u64)>,
}

struct Slot<A: actix::Actor> {
    addr: Addr<A>,
    tick: u64,
}

/// The live SKUs of a lane.
pub type Inventories = ActorRegistry<SkuId, Inventory>;
/// The live orders of a lane.
pub type Orders = ActorRegistry<OrderId, OrderActor>;

impl<K, A: actix::Actor> Clone for ActorRegistry<K, A> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<K: Eq + Hash + Clone, A: actix::Actor> Default for ActorRegistry<K, A> {
    fn default() -> Self {
        Self(Rc::new(RefCell::new(Table { slots: HashMap::new(), used: VecDeque::new() })))
    }
}

impl<K: Eq + Hash + Clone, A: actix::Actor> ActorRegistry<K, A> {
    /// The actor of a key.
    pub fn get(&self, key: &K) -> Option<Addr<A>> {
        self.0.borrow().slots.get(key).map(|s| s.addr.clone())
    }

    /// All that are live.
    pub fn keys(&self) -> Vec<K> {
        self.0.borrow().slots.keys().cloned().collect()
    }

    /// Whether it is live.
    pub fn has(&self, key: &K) -> bool {
        self.0.borrow().slots.contains_key(key)
    }

    /// How many are live.
    pub fn len(&self) -> usize {
        self.0.borrow().slots.len()
    }

    /// Lets all go.
    pub fn clear(&self) {
        let mut table = self.0.borrow_mut();
        table.slots.clear();
        table.used.clear();
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an actor, used at `tick`.
    pub fn insert(&self, key: K, addr: Addr<A>, tick: u64) {
        let mut table = self.0.borrow_mut();
        table.used.push_back((key.clone(), tick));
        table.slots.insert(key, Slot { addr, tick });
    }

    /// Notes a use. Uses within one tick count once, so the list of uses grows with ticks, not with messages.
    pub fn touch(&self, key: &K, tick: u64) {
        let mut table = self.0.borrow_mut();
        if let Some(slot) = table.slots.get_mut(key)
            && slot.tick != tick
        {
            slot.tick = tick;
            table.used.push_back((key.clone(), tick));
        }
    }

    /// The longest unused actor, if it is past `idle_before` or there are more than `cap`; it is up to the caller to
    /// [`ActorRegistry::remove`] it or to [`ActorRegistry::keep`] it.
    pub fn lru_candidate(&self, cap: usize, idle_before: u64) -> Option<(K, Addr<A>)> {
        let mut table = self.0.borrow_mut();
        loop {
            let (key, tick) = table.used.front()?.clone();
            match table.slots.get(&key) {
                Some(slot) if slot.tick == tick => {
                    let due = table.slots.len() > cap || tick < idle_before;
                    return due.then(|| (key, slot.addr.clone()));
                }
                Some(_) | None => {
                    table.used.pop_front();
                }
            }
        }
    }

    /// Lets go of those whose handler panicked: nobody answers there. How many they were.
    pub fn bury(&self) -> usize {
        let mut table = self.0.borrow_mut();
        let before = table.slots.len();
        table.slots.retain(|_, slot| slot.addr.connected());
        before - table.slots.len()
    }

    /// Lets an actor go; it stops when its last address is dropped.
    pub fn remove(&self, key: &K) {
        self.0.borrow_mut().slots.remove(key);
    }

    /// Keeps a candidate that may not leave yet.
    pub fn keep(&self, key: &K, tick: u64) {
        let mut table = self.0.borrow_mut();
        table.used.pop_front();
        if let Some(slot) = table.slots.get_mut(key) {
            slot.tick = tick;
            table.used.push_back((key.clone(), tick));
        }
    }
}
