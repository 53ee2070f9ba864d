//! The batch that is open: effects and answers of decisions that are not durable yet.

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Instant};

use crate::{
    domain::{Time, ids::OrderId},
    history::effects::{self, Effect, LaneOfRows, OutgoingEvents},
    integrations::payment::DueRefund,
    lane::ingest::KeptEntry,
    log::{Dead, EntryId, Inbound, Origin},
    protocol::Answer,
    store::Batch,
};

/// Where a command came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EntrySource {
    pub stream: Inbound,
    pub id: EntryId,
    /// when it is decided: the entry's time, also where another lane passed it on
    pub at: Time,
    pub attempts: u32,
    /// the entry that the producer made, where another lane passed the command on: its answer names that one
    pub origin: Option<Origin>,
    /// when its chunk was read, where commands are traced
    pub read: Option<Instant>,
}

impl EntrySource {
    /// The entry that brought it here.
    pub const fn entry(&self) -> Origin {
        Origin { stream: self.stream, id: self.id }
    }

    /// The entry as its answer names it.
    pub fn named(&self) -> Arc<str> {
        self.origin.unwrap_or(self.entry()).to_string().into()
    }
}

/// What leaves for an entry once its batch is durable.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub source: EntrySource,
    pub name: &'static str,
    /// with the reply stream that it goes to
    pub answer: Option<(Option<Arc<str>>, Arc<Answer>)>,
    pub events: Vec<OutgoingEvents>,
    pub dead: Option<Dead>,
    /// to another lane's internal stream, because the order lives there
    pub forward: Option<(u32, Arc<[u8]>)>,
    /// a refusal whose id may belong to an older, accepted command
    pub unsure: bool,
    /// the command was taken before: its events are read from the store and published again
    pub replays: bool,
    /// the same command had its answer before, by another entry: it is no new one to be counted
    pub repeated: bool,
    /// commands that were taken before and have no answer (lanes' steps, timers): their events are published again
    pub again: Vec<Arc<str>>,
    /// whether the entry still counts against the reader's credit
    pub credit: bool,
}

impl Outgoing {
    /// Nothing but the acknowledgement.
    pub fn silent(source: EntrySource, name: &'static str) -> Self {
        Self {
            source,
            name,
            answer: None,
            events: Vec::new(),
            dead: None,
            forward: None,
            unsure: false,
            replays: false,
            repeated: false,
            again: Vec::new(),
            credit: true,
        }
    }
}

/// The lane's open batch, shared by the actors of one thread.
pub type SharedBatch = Rc<RefCell<OpenBatch>>;

/// Decisions that wait for the next commit.
#[derive(Debug, Default)]
pub struct OpenBatch {
    /// counts sealed batches; an actor compares it with its last to see whether it is in this batch already
    pub number: u64,
    pub effects: Vec<Effect>,
    /// outbox rows that reached their stream, to be deleted
    pub sent: Vec<Arc<str>>,
    pub outgoing: Vec<Outgoing>,
    /// the entries that were decided in it, to be decided again should it be rolled back
    pub entries: Vec<KeptEntry>,
    /// of them, those that freed their credit because they wait for other lanes
    pub aside: usize,
    /// orders with such a one, beside those that it changes
    pub waited_on: Vec<OrderId>,
    /// an order that is being changed: should its command break in the middle, memory has neither what was nor what is
    pub changing: Option<OrderId>,
    /// a command came under an id that stands for other content: more may come
    pub reused: bool,
    /// entries decided in it that wait for other lanes, and free their credit meanwhile
    pub waiting: usize,
    /// commands that had waited for other lanes, and may be decided now
    pub ready: Vec<KeptEntry>,
    /// refunds to be asked of the payment side once this is durable
    pub asks: Vec<DueRefund>,
    /// (SKU, difference): another system's changes that this batch's ledger follows
    absorbed: Vec<(Arc<str>, i64)>,
    /// each chunk's end among `outgoing`, and when it was decided; empty where nobody traces
    pub decided: Vec<(usize, Instant)>,
    /// something is in it twice, so that rows of one key must be merged
    pub repeats: bool,
    /// the memory of the effects of a batch that is durable
    spare: Vec<Effect>,
}

impl OpenBatch {
    /// Whether there is nothing to commit or to answer.
    pub fn is_empty(&self) -> bool {
        self.outgoing.is_empty() && !self.writes()
    }

    /// Whether the store is to write something.
    fn writes(&self) -> bool {
        !(self.effects.is_empty() && self.sent.is_empty())
    }

    /// A number that grows with whatever is put into it: where it is the same, nothing was.
    pub fn mark(&self) -> usize {
        let said = self.outgoing.len() + self.waiting;
        self.effects.len() + self.asks.len() + self.absorbed.len() + said + usize::from(self.changing.is_some())
    }

    /// How many decisions it holds.
    pub fn len(&self) -> usize {
        self.outgoing.len()
    }

    /// Notes that the ledger now follows a change that a commit had noticed.
    pub fn absorb(&mut self, sku_id: Arc<str>, delta: i64) {
        self.absorbed.push((sku_id, delta));
    }

    /// Takes back the memory of a durable batch's effects. What would be asked of the system anew each time, page by page, is the
    /// dearest memory there is.
    pub fn reuse(&mut self, spent: Sealed) {
        self.spare = spent.effects;
        self.spare.clear();
    }

    /// Closes the batch: what was open is to be committed; a new one opens.
    pub fn seal(&mut self) -> Sealed {
        let number = self.number;
        let next = OpenBatch {
            number: number + 1,
            effects: std::mem::take(&mut self.spare),
            outgoing: Vec::with_capacity(self.outgoing.len()),
            ..OpenBatch::default()
        };
        let open = std::mem::replace(self, next);
        Sealed {
            number,
            effects: open.effects,
            repeats: open.repeats,
            sent: open.sent,
            outgoing: open.outgoing,
            entries: open.entries,
            aside: open.aside,
            waited_on: open.waited_on,
            changing: open.changing,
            asks: open.asks,
            absorbed: open.absorbed,
            decided: open.decided,
        }
    }
}

/// A batch on its way to the store.
pub struct Sealed {
    pub number: u64,
    pub effects: Vec<Effect>,
    /// something is in it twice
    pub repeats: bool,
    pub sent: Vec<Arc<str>>,
    pub outgoing: Vec<Outgoing>,
    pub entries: Vec<KeptEntry>,
    pub aside: usize,
    pub waited_on: Vec<OrderId>,
    pub changing: Option<OrderId>,
    pub asks: Vec<DueRefund>,
    pub absorbed: Vec<(Arc<str>, i64)>,
    pub decided: Vec<(usize, Instant)>,
}

// effects hold personal data
impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealed").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Sealed {
    /// What the store writes of it.
    ///
    /// # Errors
    /// A sentence, for what can't be written.
    pub fn write(&self, lane: LaneOfRows<'_>, into: &mut Batch) -> Result<(), String> {
        effects::write(&self.effects, lane, self.repeats, into)?;
        into.sent.clone_from(&self.sent);
        let unsure = self.outgoing.iter().filter(|o| o.unsure);
        into.refused.extend(unsure.filter_map(|o| o.answer.as_ref().map(|(_, a)| Arc::clone(&a.command_id))));
        into.refused.sort();
        into.refused.dedup();
        Ok(())
    }
}

/// What the run loop asks for; the encoder passes it on, made ready.
#[derive(Debug)]
pub enum CommitRequest {
    Commit(Box<Sealed>),
    /// go on after a conflict: what follows was decided on what the store has
    Resume,
    /// an empty commit: does the store take anything at all?
    Probe,
}
