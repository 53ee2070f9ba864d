//! Quarantine: who sends one kind of command that breaks its handler, again and again, is refused it for a while, quickly.
//! Each such command is tried several times and kept as a dead letter, which is dear; a refusal is not.

use std::{cell::RefCell, collections::HashMap, sync::Arc};

use chrono::TimeDelta;

use crate::{
    domain::{Time, reason::Reason, reason::Refusal},
    protocol::command::ActorRole,
};

/// So many commands of one kind, condemned within [`WINDOW`], bring their actor here.
pub const CONDEMNED_MAX: u32 = 5;
/// Within which they are counted, and for how long their kind is refused.
pub const WINDOW: TimeDelta = TimeDelta::seconds(60);
/// Of how many actors and kinds it is known: a map of some hundred bytes each. Further ones are tried each time.
pub const QUARANTINE_MAX: usize = 1_000;

/// By actor and kind of command. It outlives the lane's actors.
#[derive(Debug, Default)]
pub struct Quarantine(RefCell<HashMap<(Arc<str>, &'static str), Record>>);

#[derive(Debug, Clone, Copy)]
struct Record {
    times: u32,
    /// when the first of them came, or the last that brought it here
    since: Time,
}

/// The class of an actor, for metrics: a role, or whose command it is when no role can be told.
pub fn class(actor: &str) -> &'static str {
    match ActorRole::of(actor) {
        _ if actor == "system:lane" => "lane",
        Some((role, _)) => role.word(),
        None => "none",
    }
}

impl Quarantine {
    /// A command of this actor went to the dead letters. The word of the payment side and of the shop's own systems is never
    /// refused for it: what they say must be heard.
    pub fn condemned(&self, actor: &Arc<str>, name: &'static str, at: Time) {
        let held = matches!(
            ActorRole::of(actor),
            Some((ActorRole::Buyer | ActorRole::Seller | ActorRole::Partner | ActorRole::Operator, _))
        );
        if !held {
            return;
        }
        let mut known = self.0.borrow_mut();
        if known.len() >= QUARANTINE_MAX {
            known.retain(|_, record| at - record.since < WINDOW);
        }
        let key = (Arc::clone(actor), name);
        if known.len() >= QUARANTINE_MAX && !known.contains_key(&key) {
            return;
        }
        let record = known.entry(key).or_insert(Record { times: 0, since: at });
        if at - record.since >= WINDOW {
            *record = Record { times: 0, since: at };
        }
        record.times += 1;
        if record.times == CONDEMNED_MAX {
            record.since = at; // the minute of refusals begins
            tracing::warn!(%actor, name, "an actor's commands of a kind break their handler; they are refused for a minute");
        }
    }

    /// The refusal, if the actor is here for this kind of command.
    pub fn refuses(&self, actor: &Arc<str>, name: &'static str, at: Time) -> Option<Refusal> {
        let known = self.0.borrow();
        if known.is_empty() {
            return None;
        }
        let record = known.get(&(Arc::clone(actor), name))?;
        let here = record.times >= CONDEMNED_MAX && at - record.since < WINDOW;
        here.then(|| Reason::Quarantined.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time::from_timestamp_millis(1_800_000_000_000 + seconds * 1_000).unwrap()
    }

    #[test]
    fn five_a_minute_of_one_kind_are_refused_for_a_minute() {
        let (q, actor): (_, Arc<str>) = (Quarantine::default(), "partner:p-1".into());
        for n in 0..5 {
            assert!(q.refuses(&actor, "adjust_stock", at(n)).is_none());
            q.condemned(&actor, "adjust_stock", at(n));
        }
        assert_eq!(q.refuses(&actor, "adjust_stock", at(5)).map(|r| r.reason), Some(Reason::Quarantined));
        assert!(q.refuses(&actor, "receive_stock", at(5)).is_none(), "another kind");
        assert!(q.refuses(&"partner:p-2".into(), "adjust_stock", at(5)).is_none(), "another actor");
        assert!(q.refuses(&actor, "adjust_stock", at(65)).is_none(), "a minute later");
        // one a minute is no habit
        for n in 0..20 {
            q.condemned(&actor, "ship", at(n * 61));
        }
        assert!(q.refuses(&actor, "ship", at(20 * 61)).is_none());
    }

    #[test]
    fn payments_and_systems_are_always_heard_and_the_map_is_bounded() {
        let q = Quarantine::default();
        for actor in ["payment:pg", "system:lane", "system:erp", "nonsense"] {
            let actor: Arc<str> = actor.into();
            (0..20).for_each(|_| q.condemned(&actor, "approve_payment", at(0)));
            assert!(q.refuses(&actor, "approve_payment", at(0)).is_none(), "{actor}");
        }
        for n in 0..QUARANTINE_MAX * 2 {
            q.condemned(&format!("buyer:u-{n}").into(), "cancel_lines", at(0));
        }
        assert_eq!(q.0.borrow().len(), QUARANTINE_MAX);
        q.condemned(&"buyer:late".into(), "cancel_lines", at(120));
        assert_eq!(q.0.borrow().len(), 1, "what is long past makes room");
    }

    #[test]
    fn classes_are_few() {
        for (actor, expected) in
            [("buyer:u-1", "buyer"), ("system:lane", "lane"), ("system:erp", "system"), ("", "none"), ("x:y", "none")]
        {
            assert_eq!(class(actor), expected);
        }
    }
}
