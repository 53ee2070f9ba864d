//! The actors of a lane, all on one thread, one command at a time.
//!
//! The [`supervisor`] takes commands in the stream's order and asks the actor they concern: an [`order`] actor for each live
//! order, an [`inventory`] actor for each live SKU. Because the lane decides one command wholly before the next, several SKUs
//! of one order need no locks and a replay decides the same.

pub mod activate;
mod cache;
pub mod consent;
mod context;
pub mod dedup;
pub mod execute;
pub mod gifts;
pub mod inventory;
mod lane_context;
pub mod links;
pub mod near;
pub mod order;
mod owners;
pub mod payments;
pub mod placements;
pub mod quarantine;
pub mod quotes;
pub mod refdata;
pub mod registry;
pub mod reservations;
pub mod sku_commands;
pub mod supervisor;

pub use self::{
    context::DecisionContext,
    lane_context::{LaneContext, LaneSettings},
};

use std::{cell::Cell, sync::Arc};

use actix::MailboxError;

use crate::{
    domain::{
        ids::{OrderId, SkuId},
        reason::{Reason, Refusal},
    },
    history::effects::{CommandStamp, OutgoingEvents},
    lane::commit::EntrySource,
    protocol::{Answer, OutcomeKind, decode::Personal},
    store::StoreError,
};

/// The live SKUs of a lane.
pub type Inventories = registry::ActorRegistry<SkuId, inventory::Inventory>;
/// The live orders of a lane.
pub type Orders = registry::ActorRegistry<OrderId, order::OrderActor>;

/// Who asks what: the part of a command that answers and history need.
#[derive(Debug, Clone)]
pub struct CommandMeta {
    pub id: Arc<str>,
    pub digest: Arc<str>,
    pub actor: Arc<str>,
    pub reply_to: Option<Arc<str>>,
    pub name: &'static str,
    pub source: EntrySource,
    /// the source's entry as the answer names it
    pub entry: Arc<str>,
    pub personal: Option<Box<Personal>>,
    /// the version that the order has to be at
    pub expected_version: Option<u32>,
    /// the lane's own step: nobody waits for an answer
    pub silent: bool,
    /// the store was asked what this id stands for
    pub looked: bool,
    /// other content that it stands for: the answer to give, unless the order itself has taken this command
    pub reused: Option<Box<Answer>>,
}

/// Entries that wait at orders for other lanes use none of the reader's credit, or a lane that stands would keep this one from
/// reading the very answers that they wait for. So they have a bound of their own; what comes beyond it may come again.
pub const ASIDE_MAX: usize = 5_000;
/// Of them, at one order.
pub const ASIDE_OF_ONE_MAX: usize = 50;

/// How many entries wait at orders.
#[derive(Debug, Default)]
pub struct Aside(Cell<usize>);

impl Aside {
    /// The refusal of one more, if there is no room.
    pub fn full(&self) -> Option<Refusal> {
        (self.0.get() >= ASIDE_MAX).then(|| Refusal::early("too many orders wait for other lanes"))
    }

    /// So many more wait.
    pub fn add(&self, n: usize) {
        self.0.set(self.0.get() + n);
    }

    /// So many don't any more.
    pub fn less(&self, n: usize) {
        self.0.set(self.0.get().saturating_sub(n));
    }
}

/// What waits at an order for other lanes.
#[derive(Debug, Default)]
pub struct AwaitedAnswers {
    pub placements: Vec<CommandMeta>,
    /// durable events that are to be published with the next ones, so that the sequence is kept: mostly a placement's, with the first reply's
    pub unpublished: Vec<OutgoingEvents>,
}

impl CommandMeta {
    /// Of a command that somebody waits for, without conditions and personal data.
    pub fn new(
        id: Arc<str>,
        digest: Arc<str>,
        actor: Arc<str>,
        reply_to: Option<Arc<str>>,
        name: &'static str,
        source: EntrySource,
    ) -> Self {
        Self {
            id,
            digest,
            actor,
            reply_to,
            name,
            entry: source.named(),
            source,
            personal: None,
            expected_version: None,
            silent: false,
            looked: false,
            reused: None,
        }
    }

    /// As what it did names it.
    pub fn stamp(&self) -> CommandStamp {
        CommandStamp {
            id: Arc::clone(&self.id),
            digest: Arc::clone(&self.digest),
            actor: Arc::clone(&self.actor),
            // the one that brought it here, whichever its answer names
            entry: match self.source.origin {
                None => Arc::clone(&self.entry),
                Some(_) => self.source.entry().to_string().into(),
            },
            at: self.source.at,
        }
    }

    /// An answer without an order.
    pub fn answer(&self, partition: u32) -> Answer {
        Answer {
            command_id: Arc::clone(&self.id),
            order_id: None,
            partition,
            outcome: OutcomeKind::Accepted,
            order_status: None,
            order_version: None,
            reason: None,
            message: None,
            facts: Default::default(),
            entry: Arc::clone(&self.entry),
            digest: Some(Arc::clone(&self.digest)),
        }
    }

    /// A refusal.
    pub fn refusal(&self, partition: u32, order_id: Option<Arc<str>>, refusal: &Refusal) -> Answer {
        let mut answer = self.answer(partition);
        answer.order_id = order_id;
        crate::history::replay::refuse(&mut answer, refusal);
        answer
    }
}

/// A fault of ours while deciding.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// a handler panicked, or an invariant broke: whoever decides knows by which command
    #[error("{0}")]
    Broken(String),
    /// nothing wrong with the command: the store did not answer
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<MailboxError> for Fault {
    fn from(e: MailboxError) -> Self {
        Self::Broken(e.to_string())
    }
}

/// Why a command that belongs to no order is not done.
#[derive(Debug)]
pub enum NotDone {
    Refused(Box<Refusal>),
    Fault(Fault),
}

impl From<Refusal> for NotDone {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

impl From<Reason> for NotDone {
    fn from(reason: Reason) -> Self {
        Self::Refused(Box::new(reason.into()))
    }
}

impl From<Fault> for NotDone {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<StoreError> for NotDone {
    fn from(e: StoreError) -> Self {
        Self::Fault(e.into())
    }
}

impl From<MailboxError> for NotDone {
    fn from(e: MailboxError) -> Self {
        Self::Fault(e.into())
    }
}
