//! The window of recent commands: a retry within it gets its answer again without asking the store. Bounded by count.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use crate::protocol::Answer;

/// Recent commands and what they were answered.
pub struct Window {
    max: usize,
    known: HashMap<Arc<str>, Arc<Answer>>,
    order: VecDeque<Arc<str>>,
}

/// What the window says of a command.
pub enum Seen {
    No,
    /// the same content: the same answer
    Same(Arc<Answer>),
    /// other content under the same id
    Other,
}

impl Window {
    /// A window of at most `max` commands.
    pub fn new(max: usize) -> Self {
        Self { max, known: HashMap::new(), order: VecDeque::new() }
    }

    /// Looks a command up.
    pub fn seen(&self, id: &str, digest: &str) -> Seen {
        match self.known.get(id) {
            None => Seen::No,
            Some(answer) if answer.digest.as_deref() == Some(digest) => Seen::Same(Arc::clone(answer)),
            Some(_) => Seen::Other,
        }
    }

    /// Remembers an answer that stands; the oldest leaves. The first answer of an id stays.
    pub fn remember(&mut self, answer: Arc<Answer>) {
        let id = Arc::clone(&answer.command_id);
        if self.max == 0 || !answer.stands() || self.known.contains_key(&id) {
            return;
        }
        if self.order.len() >= self.max
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.known.insert(Arc::clone(&id), answer);
        self.order.push_back(id);
    }

    /// Forgets an answer that was not given after all; a later retry is decided anew.
    pub fn forget(&mut self, answer: &Arc<Answer>) {
        if self.known.get(&answer.command_id).is_some_and(|known| Arc::ptr_eq(known, answer)) {
            self.known.remove(&answer.command_id);
            // from the back: what is forgotten came lately
            if let Some(at) = self.order.iter().rposition(|id| *id == answer.command_id) {
                self.order.remove(at);
            }
        }
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
    use crate::{domain::reason::Reason, protocol::OutcomeKind};

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
        let mut w = Window::new(10);
        w.remember(answer("reused", Some("d"), Some(Reason::CommandIdReused)));
        w.remember(answer("early", Some("d"), Some(Reason::TryAgain)));
        w.remember(answer("quarantined", Some("d"), Some(Reason::Quarantined)));
        w.remember(answer("unreadable", None, Some(Reason::Invalid)));
        let failed = Answer { outcome: OutcomeKind::Failed, ..Answer::clone(&answer("failed", Some("d"), None)) };
        w.remember(Arc::new(failed));
        assert!(w.is_empty());
        w.remember(answer("refused", Some("d"), Some(Reason::SoldOut)));
        assert!(matches!(w.seen("refused", "d"), Seen::Same(_)));
        assert!(matches!(w.seen("refused", "e"), Seen::Other));
    }

    #[test]
    fn only_the_very_answer_is_forgotten() {
        let mut w = Window::new(2);
        let (first, other) = (answer("a", Some("d"), None), answer("a", Some("d"), Some(Reason::SoldOut)));
        w.remember(Arc::clone(&first));
        w.forget(&other);
        assert_eq!(w.len(), 1, "another answer of the id was forgotten");
        w.forget(&first);
        w.remember(Arc::clone(&other));
        assert!(matches!(w.seen("a", "d"), Seen::Same(a) if Arc::ptr_eq(&a, &other)));
        for id in ["b", "c"] {
            w.remember(answer(id, Some("d"), None));
        }
        assert!(matches!(w.seen("a", "d"), Seen::No), "the oldest leaves, once");
        assert_eq!(w.len(), 2);
    }
}
