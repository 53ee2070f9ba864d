//! The window of recent commands: a retry within it gets its answer again without asking the store. Bounded by count.
//!
//! What this lane has decided itself and committed since, it knows. What it has from the answer streams, or from before a
//! reset, is **hearsay**: the database may have lost the commit since (a restore, a fail-over), so an accepted answer is never
//! given on its word. A refusal has no row anywhere: the word is all there is, unless the store says otherwise.

use std::{
    collections::{VecDeque, hash_map::Entry},
    sync::Arc,
};

use foldhash::HashMap;

use crate::{
    log::EntryId,
    protocol::{Answer, OutcomeKind},
};

/// Recent commands and what they were answered.
pub struct DedupCache {
    max: usize,
    known: HashMap<Arc<str>, Remembered>,
    order: VecDeque<Arc<str>>,
    /// commands and entries that were passed on and answered, and may come again
    passed: HashMap<(Arc<str>, Arc<str>), Passed>,
    passed_order: VecDeque<(Arc<str>, Arc<str>)>,
}

struct Remembered {
    answer: Arc<Answer>,
    /// the batch that it was decided in; `None`: hearsay
    batch: Option<u64>,
}

/// How something that was passed on was answered.
#[derive(Clone, Copy)]
struct Passed {
    /// the entry that brought it; `None`: read in a stream
    by: Option<EntryId>,
    /// the batch of its answer
    batch: Option<u64>,
}

/// More than is passed on while a lane crashes and comes back.
const PASSED_MAX: usize = 10_000;

/// What the window says of a command.
pub enum DedupLookup {
    No,
    /// the same content: the same answer
    Same(Arc<Answer>),
    /// other content under the same id
    Other,
}

impl DedupCache {
    /// A window of at most `max` commands.
    pub fn new(max: usize) -> Self {
        Self {
            max,
            known: HashMap::default(),
            order: VecDeque::new(),
            passed: HashMap::default(),
            passed_order: VecDeque::new(),
        }
    }

    /// Looks a command up.
    pub fn seen(&self, id: &str, digest: &str) -> DedupLookup {
        match self.known.get(id) {
            None => DedupLookup::No,
            Some(known) if known.answer.digest.as_deref() == Some(digest) => {
                DedupLookup::Same(Arc::clone(&known.answer))
            }
            Some(_) => DedupLookup::Other,
        }
    }

    /// Whether what it knows of a command is hearsay: then the store is asked first.
    pub fn hearsay(&self, id: &str) -> bool {
        self.known.get(id).is_some_and(|known| known.batch.is_none())
    }

    /// Whether the command was refused.
    pub fn refused(&self, id: &str) -> bool {
        self.known.get(id).is_some_and(|known| known.answer.outcome == OutcomeKind::Rejected)
    }

    /// Remembers an answer that stands, decided in this batch; the oldest leaves. The first answer of an id stays, but for a
    /// refusal: a command that is accepted has its id for good, though what came while it waited for other lanes was refused.
    pub fn remember(&mut self, answer: Arc<Answer>, batch: u64) {
        self.keep(answer, Some(batch));
    }

    /// The same with an answer that was read in a stream.
    pub fn hear(&mut self, answer: Arc<Answer>) {
        self.keep(answer, None);
    }

    fn keep(&mut self, answer: Arc<Answer>, batch: Option<u64>) {
        let stands = self.max > 0 && answer.stands();
        // an answer beside the one that is kept: that its entry was answered is known by this only
        let beside = match stands.then(|| self.known.entry(Arc::clone(&answer.command_id))) {
            None => Remembered { answer, batch },
            Some(Entry::Occupied(mut known)) => {
                let refused = |a: &Answer| a.outcome == OutcomeKind::Rejected;
                if answer.outcome == OutcomeKind::Accepted && refused(&known.get().answer) {
                    known.insert(Remembered { answer, batch })
                } else {
                    Remembered { answer, batch }
                }
            }
            Some(Entry::Vacant(free)) => {
                self.order.push_back(Arc::clone(free.key()));
                free.insert(Remembered { answer, batch });
                if self.order.len() > self.max
                    && let Some(oldest) = self.order.pop_front()
                {
                    self.known.remove(&oldest);
                }
                return;
            }
        };
        if beside.batch.is_none() {
            self.pass(&beside.answer, None, None);
        }
    }

    /// After a reset: what was decided in batches from this number on was not committed, and not said. The rest is hearsay.
    pub fn survive(&mut self, batches: u64) {
        let said = |batch: &mut Option<u64>| batch.take().is_none_or(|batch| batch < batches);
        self.known.retain(|_, known| said(&mut known.batch));
        self.passed.retain(|_, passed| said(&mut passed.batch));
        let passed = &self.passed;
        self.passed_order.retain(|key| passed.contains_key(key));
        let known = &self.known;
        self.order.retain(|id| known.contains_key(id));
    }

    /// Forgets what it has of a command.
    pub fn forget_id(&mut self, id: &str) {
        // from the back: what is forgotten came lately
        if self.known.remove(id).is_some()
            && let Some(at) = self.order.iter().rposition(|known| &**known == id)
        {
            self.order.remove(at);
        }
    }

    /// Forgets an answer that was not given after all; a later retry is decided anew.
    pub fn forget(&mut self, answer: &Arc<Answer>) {
        if self.known.get(&answer.command_id).is_some_and(|known| Arc::ptr_eq(&known.answer, answer)) {
            self.forget_id(&answer.command_id);
        }
        let key = (Arc::clone(&answer.command_id), Arc::clone(&answer.entry));
        if self.passed.remove(&key).is_some()
            && let Some(at) = self.passed_order.iter().rposition(|k| *k == key)
        {
            self.passed_order.remove(at);
        }
    }

    /// What another lane passed on was answered by this entry in this batch: that lane may pass it on again after a crash.
    pub fn passed_on(&mut self, answer: &Answer, by: EntryId, batch: u64) {
        self.pass(answer, Some(by), Some(batch));
    }

    fn pass(&mut self, answer: &Answer, by: Option<EntryId>, batch: Option<u64>) {
        let key = (Arc::clone(&answer.command_id), Arc::clone(&answer.entry));
        if self.passed.contains_key(&key) {
            return;
        }
        if self.passed_order.len() >= PASSED_MAX
            && let Some(oldest) = self.passed_order.pop_front()
        {
            self.passed.remove(&oldest);
        }
        self.passed.insert(key.clone(), Passed { by, batch });
        self.passed_order.push_back(key);
    }

    /// Whether what was passed on has its answer, by another entry. The same entry, read again, gets it again: it counts once.
    pub fn answered(&self, id: &Arc<str>, entry: &Arc<str>, by: EntryId) -> bool {
        match self.passed.get(&(Arc::clone(id), Arc::clone(entry))) {
            Some(passed) => passed.by != Some(by),
            None => self.known.get(id).is_some_and(|known| known.batch.is_none() && known.answer.entry == *entry),
        }
    }

    /// In place of what was decided, this was answered: the store knew the command. Batches up to this count are durable.
    pub fn mend(&mut self, decided: &Arc<Answer>, given: Arc<Answer>, batches: u64) {
        self.forget(decided);
        self.remember(given, batches.saturating_sub(1));
    }

    /// How many it holds at most.
    pub fn max(&self) -> usize {
        self.max
    }

    /// How many it knows.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reason::Reason;

    fn answer(id: &str, digest: Option<&str>, reason: Option<Reason>) -> Arc<Answer> {
        let outcome = if reason.is_some() { OutcomeKind::Rejected } else { OutcomeKind::Accepted };
        Arc::new(Answer {
            command_id: id.into(),
            order_id: None,
            partition: 0,
            outcome,
            order_status: None,
            order_version: None,
            reason: reason.map(|r| r.code().into()),
            message: None,
            facts: Default::default(),
            entry: "1-0".into(),
            digest: digest.map(Into::into),
        })
    }

    #[test]
    fn what_does_not_stand_is_not_remembered() {
        let mut w = DedupCache::new(10);
        w.remember(answer("reused", Some("d"), Some(Reason::CommandIdReused)), 0);
        w.remember(answer("early", Some("d"), Some(Reason::TryAgain)), 0);
        w.remember(answer("quarantined", Some("d"), Some(Reason::Quarantined)), 0);
        w.remember(answer("unreadable", None, Some(Reason::Invalid)), 0);
        let failed = Answer { outcome: OutcomeKind::Failed, ..Answer::clone(&answer("failed", Some("d"), None)) };
        w.remember(Arc::new(failed), 0);
        assert!(w.is_empty());
        w.remember(answer("refused", Some("d"), Some(Reason::SoldOut)), 0);
        assert!(matches!(w.seen("refused", "d"), DedupLookup::Same(_)));
        assert!(matches!(w.seen("refused", "e"), DedupLookup::Other));
    }

    #[test]
    fn only_the_very_answer_is_forgotten() {
        let mut w = DedupCache::new(2);
        let (first, other) = (answer("a", Some("d"), None), answer("a", Some("d"), Some(Reason::SoldOut)));
        w.remember(Arc::clone(&first), 0);
        w.forget(&other);
        assert_eq!(w.len(), 1, "another answer of the id was forgotten");
        w.forget(&first);
        w.remember(Arc::clone(&other), 0);
        assert!(matches!(w.seen("a", "d"), DedupLookup::Same(a) if Arc::ptr_eq(&a, &other)));
        for id in ["b", "c"] {
            w.remember(answer(id, Some("d"), None), 0);
        }
        assert!(matches!(w.seen("a", "d"), DedupLookup::No), "the oldest leaves, once");
        assert_eq!(w.len(), 2);
    }

    #[test]
    fn an_accepted_command_takes_the_place_of_a_refusal() {
        let mut w = DedupCache::new(10);
        let refused = || answer("a", Some("refused"), Some(Reason::IllegalTransition));
        w.remember(refused(), 3);
        w.remember(answer("a", Some("waited"), None), 4);
        w.remember(refused(), 4);
        assert!(matches!(w.seen("a", "waited"), DedupLookup::Same(_)), "an accepted command's retry was refused");
        assert!(matches!(w.seen("a", "refused"), DedupLookup::Other));
        assert_eq!((w.len(), w.order.len()), (1, 1));
        // nor does one that could not be told from other content
        w.forget_id("a");
        w.remember(refused(), 5);
        w.remember(answer("a", None, None), 5);
        assert!(matches!(w.seen("a", "refused"), DedupLookup::Same(_)));
        // read in the streams, too: the store is asked then
        let mut w = DedupCache::new(10);
        w.hear(refused());
        w.hear(Arc::new(Answer { entry: "2-0".into(), ..Answer::clone(&answer("a", Some("waited"), None)) }));
        assert!(matches!(w.seen("a", "waited"), DedupLookup::Same(_)) && w.hearsay("a") && !w.refused("a"));
        assert!(w.answered(&"a".into(), &"1-0".into(), EntryId { ms: 9, seq: 0 }), "its entry had its answer");
    }

    #[test]
    fn a_reset_keeps_what_was_said_as_hearsay() {
        let mut w = DedupCache::new(10);
        w.hear(answer("read", Some("d"), None));
        w.remember(answer("durable", Some("d"), Some(Reason::SoldOut)), 4);
        w.remember(answer("lost", Some("d"), Some(Reason::SoldOut)), 5);
        assert!(w.hearsay("read") && !w.hearsay("durable") && !w.hearsay("unknown"));
        w.survive(5);
        assert!(matches!(w.seen("durable", "d"), DedupLookup::Same(_)) && w.hearsay("durable"));
        assert!(matches!(w.seen("lost", "d"), DedupLookup::No), "an answer that nobody was given is remembered");
        w.remember(answer("lost", Some("d"), None), 5);
        assert!(!w.hearsay("lost"));
        w.forget_id("read");
        assert_eq!((w.len(), w.order.len()), (2, 2));
    }

    #[test]
    fn what_was_passed_on_is_known_to_be_answered() {
        let mut w = DedupCache::new(10);
        let of = |entry: &str, reason| {
            Arc::new(Answer { entry: entry.into(), ..Answer::clone(&answer("a", Some("d"), reason)) })
        };
        let at = |ms| EntryId { ms, seq: 0 };
        let knows = |w: &DedupCache, entry: &str, by| w.answered(&"a".into(), &entry.into(), at(by));
        for (n, reason) in [(1, None), (2, None), (3, Some(Reason::CommandIdReused)), (4, Some(Reason::TryAgain))] {
            let answer = of(&format!("{n}-0"), reason);
            w.remember(Arc::clone(&answer), n);
            w.passed_on(&answer, at(n), n);
        }
        assert!(["1-0", "2-0", "3-0", "4-0"].iter().all(|entry| knows(&w, entry, 99)) && !knows(&w, "5-0", 99));
        assert!(!knows(&w, "2-0", 2), "the very entry, read again, is answered again");
        w.forget(&of("3-0", None));
        assert!(!knows(&w, "3-0", 99) && knows(&w, "2-0", 99), "only what was not said is forgotten");
        w.survive(4);
        assert!(!knows(&w, "4-0", 99) && knows(&w, "2-0", 99), "what was not said comes again");
        for n in 0..2 * PASSED_MAX {
            w.passed_on(&of(&format!("9-{n}"), None), at(9), 6);
        }
        assert!(w.passed.len() == PASSED_MAX && w.passed_order.len() == PASSED_MAX);
        w.hear(of("7-0", None));
        assert!(knows(&w, "7-0", 99), "what stands in the streams was answered");
    }
}
