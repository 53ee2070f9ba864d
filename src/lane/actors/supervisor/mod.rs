//! 감독 (supervisor): routes a lane's commands, in the stream's order, to the actors they concern. Hears chunks of the
//! reader and news of commits; asks order and inventory actors; tells the open batch. Pushed back by its caller, which hands
//! over the next chunk only when this one is decided.

mod chunk;
mod durable;
mod fetch;
mod internal;
mod known;
mod later;
mod lost;
mod runs;

pub use {
    chunk::{Broke, Decide, Interrupted},
    durable::Committed,
    lost::Lost,
};

use std::{cell::RefCell, collections::HashMap, rc::Rc, sync::Arc};

use actix::{Actor, Context, Handler, Message};

use self::{fetch::Fetched, later::Later};
use super::{
    CommandMeta, DecisionContext, Fault, LaneContext, Orders,
    activate::Location,
    dedup::{DedupCache, DedupLookup},
    execute::{Executed, execute_decision},
    links,
    order::{OrderActor, OrderMessage, State, Taken},
    payments, quotes, sku_commands,
};
use crate::{
    domain::{
        ids::OrderId,
        order::{Event, OrderCommand, decide},
        reason::{Reason, Refusal},
    },
    history::replay::Applied,
    lane::{
        commit::{EntrySource, Outgoing},
        ingest::ReadEntry,
    },
    log::{DEAD_COMMAND_BYTES_MAX, Dead, Inbound, crc16::partition_of},
    protocol::{Answer, Command, Kind, OutcomeKind, Unreadable, cards, command::Wire, internal::Internal},
    store::Outcome,
};

/// How often a command is passed on between lanes before it is given up.
const HOPS_MAX: u8 = 4;

/// Bounds of what a lane keeps in memory.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub orders_max: usize,
    pub skus_max: usize,
    /// ticks (seconds) without use after which an actor leaves
    pub idle_ticks: u64,
}

/// The supervisor of a lane.
pub struct Supervisor {
    lane: Rc<Lane>,
}

struct Lane {
    cx: Rc<DecisionContext>,
    shared: LaneContext,
    orders: Orders,
    bounds: Bounds,
    window: Rc<RefCell<DedupCache>>,
    later: Later,
    /// by command id, the orders whose placements wait for other lanes: they have no answer that the window could know
    placing: RefCell<HashMap<Arc<str>, OrderId>>,
}

impl Supervisor {
    /// With a window of recent commands, which outlives it.
    pub fn new(shared: LaneContext, bounds: Bounds, window: Rc<RefCell<DedupCache>>) -> Self {
        let (orders, later, placing) = (Orders::default(), Later::default(), RefCell::default());
        let cx = Rc::clone(&shared.decision);
        Self { lane: Rc::new(Lane { cx, shared, orders, bounds, window, later, placing }) }
    }
}

impl Actor for Supervisor {
    type Context = Context<Self>;
}

/// Stop, and let all actors go.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Stop;

impl Handler<Stop> for Supervisor {
    type Result = ();
    fn handle(&mut self, _: Stop, ctx: &mut Self::Context) {
        use actix::ActorContext as _;
        ctx.stop();
    }
}

/// How many actors live.
#[derive(Message)]
#[rtype(result = "(usize, usize)")]
pub struct Count;

impl Handler<Count> for Supervisor {
    type Result = actix::MessageResult<Count>;
    fn handle(&mut self, _: Count, _: &mut Self::Context) -> Self::Result {
        actix::MessageResult((self.lane.orders.len(), self.lane.shared.skus.len()))
    }
}

/// A command as it was read, for the dead letters and for passing it on.
#[derive(Clone, Copy)]
struct RawCommand<'a> {
    bytes: &'a Arc<[u8]>,
    stream: Inbound,
    /// how often it was passed on between lanes
    hops: u8,
}

impl Lane {
    async fn one(&self, entry: ReadEntry, careful: bool, fetched: &Fetched) -> Result<(), Fault> {
        let ReadEntry { source, raw, kind, decoded, hops } = entry;
        let raw = RawCommand { bytes: &raw, stream: kind, hops };
        let command = match decoded {
            Ok(command) => command,
            Err(unreadable) => {
                self.unreadable(source, raw, unreadable);
                return Ok(());
            }
        };
        let Command { id, digest, actor, reply_to, name, expected_version, kind } = command;
        let silent = matches!(kind, Kind::Internal(_));
        let mut meta = CommandMeta::new(id.shared(), digest, actor, reply_to, name, source);
        (meta.expected_version, meta.silent, meta.looked) = (expected_version, silent, careful);
        let outcome = fetched.outcomes.get(&meta.id);
        if !silent {
            // a lane that crashed after passing it on passes it on again: there is no second answer, whatever became of the first
            if source.origin.is_some() && self.window.borrow().answered(&meta.id, &meta.entry, source.id) {
                self.done(&meta);
                return Ok(());
            }
            match self.seen(&meta, outcome) {
                DedupLookup::No => {}
                DedupLookup::Same(answer) => {
                    let answer = Answer { entry: Arc::clone(&meta.entry), ..Answer::clone(&answer) };
                    self.push(meta, Ok(answer));
                    return Ok(());
                }
                DedupLookup::Other => {
                    self.push(meta, Err(Reason::CommandIdReused.into()));
                    return Ok(());
                }
            }
            if let Some(refusal) = self.quarantined(&meta) {
                self.push(meta, Err(refusal));
                return Ok(());
            }
        }
        match kind {
            Kind::Order { order_id, command, personal } => {
                meta.personal = personal;
                self.order(order_id, command, meta, raw, careful, fetched).await
            }
            Kind::Preview { order_id, command } => self.preview(order_id, command, meta, raw, fetched).await,
            Kind::Sku(wire) => {
                let lane = sku_commands::sku_of(&wire).map_or(0, |s| partition_of(s.as_str(), self.cx.partitions));
                self.apart(&wire, meta, lane, raw, outcome, careful).await
            }
            Kind::Reference(wire) => self.apart(&wire, meta, 0, raw, outcome, careful).await,
            Kind::Internal(step) => self.internal(step, meta, careful, fetched).await,
        }
    }

    async fn order(
        &self,
        order_id: OrderId,
        command: OrderCommand,
        meta: CommandMeta,
        raw: RawCommand<'_>,
        careful: bool,
        fetched: &Fetched,
    ) -> Result<(), Fault> {
        if let Some(refusal) = payments::not_taken(&self.cx, &command, &meta.id, meta.personal.as_deref()) {
            self.push_for(meta, Some(&order_id), Err(refusal), !careful);
            return Ok(());
        }
        if let Some(actor) = self.orders.get(&order_id) {
            self.orders.touch(&order_id, self.shared.tick.get());
            if self.later.has(&order_id) && !matches!(command, OrderCommand::Place(_)) {
                // whoever came before it waits
                self.put_off(order_id, meta, raw);
                return Ok(());
            }
            // only what other lanes reserve for is put off
            let kept = (self.cx.partitions > 1).then(|| meta.clone());
            let meta = CommandMeta { reused: reused(fetched.outcomes.get(&meta.id), &meta), ..meta };
            let sent = actor.send(OrderMessage { command, meta, preview: false }).await;
            return match (sent??, kept) {
                (Taken::Done, _) => Ok(()),
                (Taken::Later, Some(meta)) => {
                    self.put_off(order_id, meta, raw);
                    Ok(())
                }
                (Taken::Later, None) => {
                    Err(Fault::Broken("an order waits for other lanes where there are none".to_owned()))
                }
            };
        }
        let outcome = fetched.outcomes.get(&meta.id);
        if let Some(outcome) = outcome {
            // decided before, for an order that is not ours: another lane's, or another order's
            // the lane that has it, or had it before a crash here, knows whether this very entry has its answer
            let lane = if *outcome.digest == *meta.digest {
                Some(outcome.partition)
            } else if meta.source.attempts > 1 {
                self.passed_before(&order_id, &command, fetched)
            } else {
                None
            };
            match lane.filter(|lane| *lane != self.cx.partition) {
                Some(lane) => self.pass_on(meta, lane, raw),
                None => self.stored(outcome, meta),
            }
            return Ok(());
        }
        let place = fetched.place(&order_id)?;
        if let OrderCommand::Place(p) = &command {
            if let Some(Location::Lane(_)) = place {
                self.push_for(meta, Some(&order_id), Err(Reason::DuplicateOrder.into()), !careful);
                return Ok(());
            }
            if let Some(lane) = self.lane_of(p).filter(|l| *l != self.cx.partition) {
                self.pass_on(meta, lane, raw);
                return Ok(());
            }
            if self.placing.borrow().get(&meta.id).is_some_and(|other| *other != order_id) {
                let refusal = Refusal::early("another order is being placed under this id");
                self.push_for(meta, Some(&order_id), Err(refusal), false);
                return Ok(());
            }
            return self.place(order_id, command, meta, careful).await;
        }
        match place {
            Some(Location::Lane(lane)) => self.pass_on(meta, lane, raw),
            _ => self.push_for(meta, Some(&order_id), Err(Reason::UnknownOrder.into()), !careful),
        }
        Ok(())
    }

    /// What a command would do, asked of the order wherever it lives.
    async fn preview(
        &self,
        order_id: OrderId,
        command: OrderCommand,
        meta: CommandMeta,
        raw: RawCommand<'_>,
        fetched: &Fetched,
    ) -> Result<(), Fault> {
        if let Some(actor) = self.orders.get(&order_id) {
            self.orders.touch(&order_id, self.shared.tick.get());
            return actor.send(OrderMessage { command, meta, preview: true }).await?.map(drop);
        }
        match fetched.place(&order_id)? {
            Some(Location::Lane(lane)) => self.pass_on(meta, lane, raw),
            _ => self.push_for(meta, Some(&order_id), Err(Reason::UnknownOrder.into()), false),
        }
        Ok(())
    }

    /// A placement: an order that is refused never gets an actor.
    async fn place(
        &self,
        order_id: OrderId,
        command: OrderCommand,
        mut meta: CommandMeta,
        careful: bool,
    ) -> Result<(), Fault> {
        let seen = quotes::load_inputs(&self.cx, &order_id, None, &command, meta.source.at, careful).await?;
        let decision = match decide(&order_id, None, &command, &seen.context(&self.cx, meta.source.at)) {
            Err(refusal) => {
                if let OrderCommand::PlaceLinked(child) = &command {
                    links::refuse(&self.cx, &order_id, child, &meta, &refusal);
                    self.done(&meta);
                } else {
                    self.push_for(meta, Some(&order_id), Err(refusal), !careful);
                }
                return Ok(());
            }
            Ok(decision) => decision,
        };
        let waits = decision.events.iter().any(|e| matches!(e, Event::PlacementStarted { .. }));
        if let Some(refusal) = self.cx.aside.full().filter(|_| waits && !meta.silent) {
            self.push_for(meta, Some(&order_id), Err(refusal), false);
            return Ok(());
        }
        let mut applied: Vec<Applied> = Vec::with_capacity(1);
        let executed = execute_decision(&self.cx, &order_id, None, &mut applied, decision, &mut meta).await?;
        self.placed(order_id, meta, executed, applied);
        Ok(())
    }

    /// A new order, and its answer.
    fn placed(&self, order_id: OrderId, meta: CommandMeta, executed: Executed, applied: Vec<Applied>) {
        let mut state = State::new(Arc::clone(&executed.order), applied);
        let id = Arc::clone(&meta.id);
        state.accept(&self.cx, meta, executed);
        if !state.waiting().is_empty() {
            self.placing.borrow_mut().insert(id, order_id.clone());
        }
        self.orders.insert_dormant(order_id, OrderActor::new(Rc::clone(&self.cx), state), self.shared.tick.get());
    }

    /// A command that belongs to no order.
    async fn apart(
        &self,
        wire: &Wire,
        meta: CommandMeta,
        lane: u32,
        raw: RawCommand<'_>,
        outcome: Option<&Outcome>,
        careful: bool,
    ) -> Result<(), Fault> {
        if lane != self.cx.partition {
            self.pass_on(meta, lane, raw);
            return Ok(());
        }
        if let Some(outcome) = outcome {
            self.stored(outcome, meta);
            return Ok(());
        }
        sku_commands::decide(&self.cx, wire, meta, careful).await
    }

    /// What the store has of a command: its first answer again, or that its id stands for something else.
    fn stored(&self, outcome: &Outcome, meta: CommandMeta) {
        self.cx.book.borrow_mut().reused |= *outcome.digest != *meta.digest;
        let answer = sku_commands::stored_answer(outcome, &meta);
        self.push(meta, Ok(answer));
    }

    /// Acknowledged, with nothing to say.
    fn done(&self, meta: &CommandMeta) {
        self.cx.book.borrow_mut().outgoing.push(Outgoing::silent(meta.source, meta.name));
    }

    fn push(&self, meta: CommandMeta, result: Result<Answer, Refusal>) {
        self.push_for(meta, None, result, false);
    }

    fn push_for(&self, meta: CommandMeta, order_id: Option<&OrderId>, result: Result<Answer, Refusal>, unsure: bool) {
        let mut out = Outgoing::silent(meta.source, meta.name);
        let refused = |refusal: Refusal| meta.refusal(self.cx.partition, order_id.map(OrderId::shared), &refusal);
        // what is answered without being decided was decided for an earlier entry, or for this one before a reset
        out.repeated = result.is_ok() && meta.source.attempts <= 1;
        let answer = result.unwrap_or_else(refused);
        (out.unsure, out.replays) = (unsure, answer.outcome == OutcomeKind::Accepted && meta.source.attempts > 1);
        out.answer = (!meta.silent).then(|| (meta.reply_to, Arc::new(answer)));
        self.cx.book.borrow_mut().outgoing.push(out);
    }

    /// To the lane that the order or the SKU lives in.
    fn pass_on(&self, meta: CommandMeta, lane: u32, raw: RawCommand<'_>) {
        if raw.hops >= HOPS_MAX {
            self.push(meta, Err(Refusal::invalid("the command was passed on too often")));
            return;
        }
        let mut out = Outgoing::silent(meta.source, meta.name);
        let step = Internal::PassedOn {
            at_ms: u64::try_from(meta.source.at.timestamp_millis()).unwrap_or(0),
            hops: raw.hops + 1,
            origin: Arc::clone(&meta.entry),
            command: String::from_utf8_lossy(raw.bytes).into_owned(),
        };
        out.forward = Some((lane, step.json().into_bytes().into()));
        self.cx.book.borrow_mut().outgoing.push(out);
    }

    fn unreadable(&self, source: EntrySource, raw: RawCommand<'_>, unreadable: Unreadable) {
        let mut out = Outgoing::silent(source, "unreadable");
        match unreadable {
            Unreadable::Dead { reason } => {
                let command = cards::kept(raw.bytes, DEAD_COMMAND_BYTES_MAX);
                out.dead = Some(Dead { command, stream: raw.stream, reason, attempts: source.attempts });
            }
            Unreadable::Refused { id, name, reply_to, refusal } => {
                let name = name.unwrap_or("unreadable");
                let meta = CommandMeta::new(id.shared(), "".into(), "".into(), reply_to.clone(), name, source);
                let mut answer = meta.refusal(self.cx.partition, None, &refusal);
                answer.digest = None;
                (out.name, out.answer) = (name, Some((reply_to, Arc::new(answer))));
            }
        }
        self.cx.book.borrow_mut().outgoing.push(out);
    }
}

/// The answer to give where the store knows an id for other content.
fn reused(outcome: Option<&Outcome>, meta: &CommandMeta) -> Option<Box<Answer>> {
    let outcome = outcome.filter(|o| !meta.silent && *o.digest != *meta.digest)?;
    Some(Box::new(sku_commands::stored_answer(outcome, meta)))
}
