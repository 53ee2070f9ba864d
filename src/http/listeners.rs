//! Places for those who stay: who listens to events, or watches the sale. So many in all, by one token, and by one role.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    caller::Caller,
    problem::{ApiError, ProblemKind},
    tokens::Role,
};

/// How many may stay at a time.
#[derive(Debug, Clone, Copy)]
pub struct ListenerBounds {
    pub all: usize,
    /// of these by one token, so that none takes every place
    pub of_one: usize,
    /// of these by one role, so that other roles find one
    pub of_role: usize,
    /// of these that only operators may have, of any kind: who is to see to a trouble finds a place in it
    pub of_staff: usize,
}

/// Who may listen to events at a time; each holds a connection to the log.
const LISTENERS_MAX: usize = 32;
const LISTENERS_OF_ONE_MAX: usize = 8;
const LISTENERS_OF_ROLE_MAX: usize = 12;
const LISTENERS_OF_STAFF: usize = 8;
pub const LISTENERS: ListenerBounds = ListenerBounds {
    all: LISTENERS_MAX,
    of_one: LISTENERS_OF_ONE_MAX,
    of_role: LISTENERS_OF_ROLE_MAX,
    of_staff: LISTENERS_OF_STAFF,
};

/// Who stays: by role and token, how often.
#[derive(Debug)]
pub struct Listeners {
    bounds: ListenerBounds,
    places: Arc<Mutex<HashMap<String, Own>>>,
}

/// Those of one token.
#[derive(Debug)]
struct Own {
    role: Option<Role>,
    times: usize,
}

/// A listener's place; dropped, it is free.
pub struct ListenerSlot {
    listeners: Arc<Mutex<HashMap<String, Own>>>,
    who: String,
}

/// Whether it is an operator, for all or for a part.
fn is_staff(role: Option<Role>) -> bool {
    matches!(role, Some(Role::Operator | Role::Support | Role::Stock | Role::Privacy | Role::Finance))
}

impl Listeners {
    /// So many places.
    pub fn new(bounds: ListenerBounds) -> Self {
        Self { bounds, places: Arc::default() }
    }

    /// A place for it.
    ///
    /// # Errors
    /// When there is none.
    pub fn take(&self, caller: &Caller) -> Result<ListenerSlot, ApiError> {
        let ListenerBounds { all, of_one, of_role, of_staff } = self.bounds;
        let mut listening = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let (who, role) = (caller.actor(), caller.role());
        let of = |fits: &dyn Fn(&Own) -> bool| listening.values().filter(|o| fits(o)).map(|o| o.times).sum::<usize>();
        // where no authentication is configured nobody is told apart
        if role.is_some() {
            if listening.get(&who).is_some_and(|own| own.times >= of_one) {
                return Err(ProblemKind::TooMany.error(format!("this token listens {of_one} times already")));
            }
            if of(&|own| own.role == role) >= of_role {
                return Err(ProblemKind::Busy.error("too many tokens of this role listen already"));
            }
            if !is_staff(role) && of(&|own| !is_staff(own.role)) >= all - of_staff {
                return Err(ProblemKind::Busy.error("too many listen already"));
            }
        }
        if of(&|_| true) >= all {
            return Err(ProblemKind::Busy.error("too many listen already"));
        }
        listening.entry(who.clone()).or_insert(Own { role, times: 0 }).times += 1;
        drop(listening);
        Ok(ListenerSlot { listeners: Arc::clone(&self.places), who })
    }
}

impl Drop for ListenerSlot {
    fn drop(&mut self) {
        let mut listening = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = listening.get_mut(&self.who) {
            own.times -= 1;
            if own.times == 0 {
                listening.remove(&self.who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::PartnerId;

    fn caller(role: Role, name: &str) -> Caller {
        let name = name.to_owned();
        match role {
            Role::Checkout => Caller::Checkout { name, customer: None },
            Role::Partner => Caller::Partner { partner: PartnerId::new(&name).unwrap() },
            Role::Payment => Caller::Payment { name },
            Role::Auditor => Caller::Auditor { name },
            Role::Metrics => Caller::Metrics,
            Role::Operator | Role::Support | Role::Stock | Role::Privacy | Role::Finance => {
                Caller::Operator { name, role }
            }
        }
    }

    /// As many places as these tokens find, each of which asks for more than it may have.
    fn found(listeners: &Listeners, role: Role, tokens: usize) -> Vec<ListenerSlot> {
        let asked = (0..tokens).flat_map(|n| (0..LISTENERS.all).map(move |_| caller(role, &format!("n-{n}"))));
        asked.filter_map(|c| listeners.take(&c).ok()).collect()
    }

    #[test]
    fn no_token_and_no_role_takes_every_place_and_operators_find_one() {
        let listeners = Listeners::new(LISTENERS);
        let one = found(&listeners, Role::Partner, 1);
        assert_eq!(one.len(), LISTENERS.of_one);
        let partners = found(&listeners, Role::Partner, 9);
        assert_eq!(one.len() + partners.len(), LISTENERS.of_role);
        // under the same name, in another role
        let checkouts = found(&listeners, Role::Checkout, 9);
        assert_eq!(checkouts.len(), LISTENERS.of_role);
        for role in [Role::Payment, Role::Auditor] {
            assert!(found(&listeners, role, 1).is_empty(), "{role:?}: these places are the operators'");
        }
        let support = found(&listeners, Role::Support, 9);
        assert_eq!(support.len(), LISTENERS.of_staff);
        drop(one);
        assert_eq!(found(&listeners, Role::Operator, 1).len(), LISTENERS.of_one);
        drop((partners, checkouts, support));
        assert!(listeners.places.lock().unwrap().is_empty(), "who left is forgotten");
    }

    #[test]
    fn at_an_open_door_whoever_comes_finds_a_place_while_there_is_one() {
        let listeners = Listeners::new(LISTENERS);
        let all: Vec<ListenerSlot> = (0..40).filter_map(|_| listeners.take(&Caller::Anyone).ok()).collect();
        assert_eq!(all.len(), LISTENERS.all);
    }
}
