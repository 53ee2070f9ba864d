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

    /// Remembers an answer; the oldest leaves. The first answer of an id stays.
    pub fn remember(&mut self, answer: Arc<Answer>) {
        let id = Arc::clone(&answer.command_id);
        if self.max == 0 || self.known.contains_key(&id) {
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

    /// How many it knows.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }
}
