//! What is live: the actors in memory, bounded in number, the longest unused leaving first. One that is inserted dormant is a
//! value until its first message, and gets its mailbox and its task then: most orders of a sale never get a message.

use std::{cell::RefCell, collections::VecDeque, hash::Hash, rc::Rc};

use actix::{Actor, Addr, Context, Handler, MailboxError, Message};
use foldhash::HashMap;

/// Live actors by key. Shared by the actors of one thread.
pub struct ActorRegistry<K, A: Actor>(Rc<RefCell<Table<K, A>>>);

struct Table<K, A: Actor> {
    slots: HashMap<K, Slot<A>>,
    /// (key, tick) in order of use; an older tick than the slot's own is a use that was followed by another
    used: VecDeque<(K, u64)>,
}

struct Slot<A: Actor> {
    resident: Resident<A>,
    tick: u64,
}

enum Resident<A: Actor> {
    Started(Addr<A>),
    /// boxed: a table that grows moves its slots
    Dormant(Box<A>),
}

impl<K, A: Actor> Clone for ActorRegistry<K, A> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<K: Eq + Hash + Clone, A: Actor> Default for ActorRegistry<K, A> {
    fn default() -> Self {
        Self(Rc::new(RefCell::new(Table { slots: HashMap::default(), used: VecDeque::new() })))
    }
}

impl<K: Eq + Hash + Clone, A: Actor<Context = Context<A>>> ActorRegistry<K, A> {
    /// The actor of a key, started if it was dormant.
    pub fn get(&self, key: &K) -> Option<Addr<A>> {
        let slots = &mut self.0.borrow_mut().slots;
        if let Resident::Started(addr) = &slots.get(key)?.resident {
            return Some(addr.clone());
        }
        let Slot { resident, tick } = slots.remove(key)?;
        let addr = match resident {
            Resident::Started(addr) => addr,
            Resident::Dormant(actor) => actor.start(),
        };
        slots.insert(key.clone(), Slot { resident: Resident::Started(addr.clone()), tick });
        Some(addr)
    }

    /// Asks an actor without starting it: a dormant one answers by `dormant`, as its handler would. `None`: it is not live.
    pub async fn ask<M>(
        &self,
        key: &K,
        message: M,
        dormant: impl FnOnce(&mut A) -> M::Result,
    ) -> Option<Result<M::Result, MailboxError>>
    where
        M: Message<Result: Send> + Send + 'static,
        A: Handler<M>,
    {
        let addr = match &mut self.0.borrow_mut().slots.get_mut(key)?.resident {
            Resident::Dormant(actor) => return Some(Ok(dormant(actor))),
            Resident::Started(addr) => addr.clone(),
        };
        Some(addr.send(message).await)
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
        self.add(key, Resident::Started(addr), tick);
    }

    /// Adds an actor that is started by its first message, used at `tick`. It may not hold this registry: as a value it would not
    /// be dropped with it.
    pub fn insert_dormant(&self, key: K, actor: A, tick: u64) {
        self.add(key, Resident::Dormant(Box::new(actor)), tick);
    }

    fn add(&self, key: K, resident: Resident<A>, tick: u64) {
        let mut table = self.0.borrow_mut();
        table.used.push_back((key.clone(), tick));
        table.slots.insert(key, Slot { resident, tick });
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

    /// The longest unused actor's key, if it is past `idle_before` or there are more than `cap`; it is up to the caller to
    /// [`ActorRegistry::remove`] it or to [`ActorRegistry::keep`] it.
    pub fn lru_candidate(&self, cap: usize, idle_before: u64) -> Option<K> {
        let mut table = self.0.borrow_mut();
        loop {
            let (key, tick) = table.used.front()?.clone();
            match table.slots.get(&key) {
                Some(slot) if slot.tick == tick => {
                    let due = table.slots.len() > cap || tick < idle_before;
                    return due.then_some(key);
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
        table.slots.retain(|_, slot| match &slot.resident {
            Resident::Started(addr) => addr.connected(),
            Resident::Dormant(_) => true,
        });
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::task::LocalSet;

    use super::*;

    struct Probe {
        started: Rc<Cell<u32>>,
        breaks: bool,
    }

    impl Actor for Probe {
        type Context = Context<Self>;
        fn started(&mut self, _: &mut Self::Context) {
            self.started.set(self.started.get() + 1);
        }
    }

    /// Answers whether its handler did.
    #[derive(Message)]
    #[rtype(result = "bool")]
    struct Hello;

    impl Handler<Hello> for Probe {
        type Result = bool;
        fn handle(&mut self, _: Hello, _: &mut Self::Context) -> Self::Result {
            if self.breaks {
                panic!("broken by the test");
            }
            true
        }
    }

    fn live(keys: &[&'static str], started: &Rc<Cell<u32>>) -> ActorRegistry<&'static str, Probe> {
        let all = ActorRegistry::default();
        for (key, tick) in keys.iter().zip(1..) {
            all.insert_dormant(*key, Probe { started: Rc::clone(started), breaks: *key == "breaks" }, tick);
        }
        all
    }

    fn in_a_lane(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        LocalSet::new().block_on(&runtime, test);
    }

    #[test]
    fn an_actor_starts_with_its_first_message() {
        in_a_lane(async {
            let started = Rc::default();
            let all = live(&["a", "b"], &started);
            let asked = all.ask(&"a", Hello, |_| false).await;
            assert!(matches!(asked, Some(Ok(false))) && started.get() == 0, "a question started it");
            let addr = all.get(&"a").unwrap();
            assert_eq!((addr.send(Hello).await.unwrap(), started.get()), (true, 1));
            assert!(all.get(&"a").unwrap() == addr, "it was started twice");
            let asked = all.ask(&"a", Hello, |_| false).await;
            assert!(matches!(asked, Some(Ok(true))), "a started one was not asked by a message");
            assert!(all.ask(&"c", Hello, |_| false).await.is_none() && all.get(&"c").is_none());
        });
    }

    #[test]
    fn dormant_ones_leave_and_stay_as_others_do() {
        in_a_lane(async {
            let started = Rc::default();
            let all = live(&["a", "b", "breaks"], &started);
            assert_eq!(all.lru_candidate(2, 0), Some("a"));
            all.touch(&"a", 9);
            assert_eq!(
                (all.lru_candidate(2, 0), all.lru_candidate(3, 0), all.lru_candidate(3, 3)),
                (Some("b"), None, Some("b"))
            );
            assert!(all.get(&"breaks").unwrap().send(Hello).await.is_err());
            assert_eq!(
                (all.bury(), all.len(), all.has(&"breaks")),
                (1, 2, false),
                "one that broke is let go, and no other"
            );
            all.remove(&"b");
            assert_eq!((all.keys(), started.get()), (vec!["a"], 1));
        });
    }
}
