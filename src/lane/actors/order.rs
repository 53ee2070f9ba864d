//! 주문 actor: owns one order's status and claims. Hears its commands; asks the inventory actors; tells the open batch.
//! It answers only through the batch, so nothing is said before it is durable.

mod may;
mod timer;

pub use timer::TimerFired;

use std::{panic::AssertUnwindSafe, rc::Rc, sync::Arc};

use actix::ActorFutureExt as _;
use actix::{Actor, Context, Handler, Message, ResponseActFuture, WrapFuture};
use futures_util::FutureExt as _;

use super::{
    ASIDE_OF_ONE_MAX, AwaitedAnswers, CommandMeta, DecisionContext, Fault,
    execute::{Executed, execute_decision},
    links, quotes,
};
use crate::{
    domain::{
        ids::OrderId,
        order::{Event, Order, OrderCommand, change, state::Placement},
        reason::{Facts, Reason, Refusal},
    },
    history::{
        effects::OutgoingEvents,
        replay::{self, Applied, Folded, Placing},
    },
    lane::commit::Outgoing,
    protocol::{Answer, decode::Personal},
};

/// The actor of one order.
pub struct OrderActor {
    cx: Rc<DecisionContext>,
    id: OrderId,
    /// taken out while a command is being decided
    state: Option<State>,
}

/// What the actor owns.
pub struct State {
    /// shared with what a batch says of it
    pub order: Arc<Order>,
    pub applied: Vec<Applied>,
    /// batch that last changed it
    pub batch: u64,
    /// what waits for other lanes: most orders have nothing that does
    pub awaited: Option<Box<AwaitedAnswers>>,
    /// it lies in the archive: it answers again what it took, and takes nothing more
    pub archived: bool,
}

impl OrderActor {
    /// An order as it stands.
    pub fn new(cx: Rc<DecisionContext>, state: State) -> Self {
        Self { cx, id: state.order.id.clone(), state: Some(state) }
    }
}

impl From<Folded> for State {
    fn from(f: Folded) -> Self {
        Self::new(Arc::new(f.order), f.applied)
    }
}

impl State {
    /// An order as it stands, and the commands that it has taken.
    pub fn new(order: Arc<Order>, applied: Vec<Applied>) -> Self {
        Self { order, applied, batch: 0, awaited: None, archived: false }
    }

    /// Placements that wait for other lanes: answered when those have answered.
    pub fn waiting(&self) -> &[CommandMeta] {
        self.awaited.as_deref().map_or(&[], |a| &a.placements)
    }

    fn await_with(&mut self, meta: CommandMeta) {
        self.awaited.get_or_insert_default().placements.push(meta);
    }
}

impl Actor for OrderActor {
    type Context = Context<Self>;
}

/// A command of this order.
#[derive(Message)]
#[rtype(result = "Result<Taken, Fault>")]
pub struct OrderMessage {
    pub command: OrderCommand,
    pub meta: CommandMeta,
    /// only tell what it would do
    pub preview: bool,
}

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// decided, or known to be, or waiting as a placement does
    Done,
    /// to be decided once the placement is: other lanes reserve for it
    Later,
}

impl Handler<OrderMessage> for OrderActor {
    type Result = ResponseActFuture<Self, Result<Taken, Fault>>;

    fn handle(&mut self, c: OrderMessage, _: &mut Self::Context) -> Self::Result {
        let (cx, id) = (Rc::clone(&self.cx), self.id.clone());
        let state = self.state.take();
        let decided = async move {
            let Some(mut state) = state else {
                let why = "a command came while another was being decided".to_owned();
                return Err(Fault::Broken(why));
            };
            let taken = caught(state.take(&cx, &id, c)).await;
            Ok((state, taken))
        };
        Box::pin(decided.into_actor(self).map(OrderActor::back))
    }
}

impl OrderActor {
    /// The order stays, also where its handler broke: what waits at it is not lost, and whoever takes what was decided back
    /// takes it from here.
    fn back(
        result: Result<(State, Result<Taken, Fault>), Fault>,
        actor: &mut Self,
        _: &mut Context<Self>,
    ) -> Result<Taken, Fault> {
        let (state, taken) = result?;
        actor.state = Some(state);
        taken
    }
}

/// A handler's panic is a fault of this command, not of its actor.
async fn caught(handled: impl Future<Output = Result<Taken, Fault>>) -> Result<Taken, Fault> {
    let panicked = |_| Err(Fault::Broken("the order's handler panicked".to_owned()));
    AssertUnwindSafe(handled).catch_unwind().await.unwrap_or_else(panicked)
}

impl State {
    async fn take(&mut self, cx: &DecisionContext, id: &OrderId, c: OrderMessage) -> Result<Taken, Fault> {
        let OrderMessage { command, mut meta, preview } = c;
        #[cfg(feature = "failpoints")]
        panic_for_the_test(&meta);
        if self.replayed(cx, &meta) {
            return Ok(Taken::Done);
        }
        if let Some(answer) = &meta.reused {
            let mut out = Outgoing::silent(meta.source, meta.name);
            out.answer = (!meta.silent).then(|| (meta.reply_to.clone(), Arc::new(Answer::clone(answer))));
            let mut book = cx.book.borrow_mut();
            book.reused = true;
            book.outgoing.push(out);
            return Ok(Taken::Done);
        }
        let command = match self.theirs(&meta, command) {
            Ok(command) => command,
            Err(refusal) => {
                self.refuse(cx, meta, &refusal);
                return Ok(Taken::Done);
            }
        };
        let another = matches!(command, OrderCommand::Place(_));
        if self.order.placement == Placement::Reserving && !meta.silent && !preview && !another {
            return Ok(Taken::Later);
        }
        if let Some(refusal) = self.moved_on(&meta) {
            self.refuse(cx, meta, &refusal);
            return Ok(Taken::Done);
        }
        if preview {
            self.preview(cx, id, &command, meta).await?;
            return Ok(Taken::Done);
        }
        let seen = quotes::load_inputs(cx, id, Some(&*self.order), &command, meta.source.at, true).await?;
        let context = seen.context(cx, meta.source.at);
        match self.decided(id, &command, &meta, &seen, &context) {
            Err(refusal) => {
                #[expect(clippy::wildcard_enum_match_arm, reason = "only another order's lane waits for a word")]
                match &command {
                    OrderCommand::PlaceLinked(child) => links::refuse(cx, id, child, &meta, &refusal),
                    OrderCommand::Link { from, what } => links::refuse_work(cx, id, from, what, &meta, &refusal),
                    _ => {}
                }
                self.refuse(cx, meta, &refusal);
            }
            Ok(decision) => {
                let asks = !meta.silent && decision.events.iter().any(|e| matches!(e, Event::Asked { .. }));
                if let Some(refusal) = cx.aside.full().filter(|_| asks) {
                    self.refuse(cx, meta, &refusal);
                    return Ok(Taken::Done);
                }
                if self.order.placement == Placement::Reserving {
                    meta.personal = meta.personal.or_else(|| self.tokens());
                }
                let (order, applied) = (Some(&mut self.order), &mut self.applied);
                let executed = execute_decision(cx, id, order, applied, decision, &mut meta).await?;
                #[cfg(feature = "failpoints")]
                break_for_the_test(&meta)?;
                self.accept(cx, meta, executed);
            }
        }
        Ok(Taken::Done)
    }

    /// The tokens that the waiting placement brought: they are kept once it stands.
    fn tokens(&self) -> Option<Box<Personal>> {
        let brought = self.waiting().iter().filter_map(|m| m.personal.as_ref()).find(|p| !p.tokens.is_empty())?;
        Some(Box::new(Personal { tokens: brought.tokens.clone(), ..Personal::default() }))
    }

    /// What the command would do: the same decision, folded into a copy, and nothing kept.
    async fn preview(
        &mut self,
        cx: &DecisionContext,
        id: &OrderId,
        command: &OrderCommand,
        meta: CommandMeta,
    ) -> Result<(), Fault> {
        let seen = quotes::load_inputs(cx, id, Some(&*self.order), command, meta.source.at, true).await?;
        let context = seen.context(cx, meta.source.at);
        let decision = match self.decided(id, command, &meta, &seen, &context) {
            Ok(decision) => decision,
            Err(refusal) => {
                self.refuse(cx, meta, &refusal);
                return Ok(());
            }
        };
        let would = change::preview(&self.order, &decision, meta.source.at).map_err(Fault::Broken)?;
        let mut answer = meta.answer(cx.partition);
        answer.order_id = Some(self.order.id.shared());
        answer.order_status = Some(self.order.status().code().into());
        answer.order_version = Some(i64::from(self.order.version));
        answer.reason = decision.note.map(|r| r.code().into());
        answer.message = decision.note.map(|r| r.sentence().to_owned());
        answer.facts.preview = Some(Box::new(would));
        let mut out = Outgoing::silent(meta.source, meta.name);
        out.answer = Some((meta.reply_to, Arc::new(answer)));
        cx.book.borrow_mut().outgoing.push(out);
        Ok(())
    }

    /// A command that was made for another version of the order. Looked at where it is decided, so nothing comes between;
    /// a placement that failed is no order.
    fn moved_on(&self, meta: &CommandMeta) -> Option<Refusal> {
        let (expected, version) = (meta.expected_version?, self.order.version);
        if expected == version || self.order.placement == Placement::Failed {
            return None;
        }
        let detail = Some(format!("it is at version {version}, not {expected}"));
        let facts = Facts { detail, version: Some(version), expected_version: Some(expected), ..Facts::default() };
        Some(Refusal::new(Reason::VersionMismatch, facts))
    }

    /// A command that this order has taken before gets its first answer again.
    fn replayed(&mut self, cx: &DecisionContext, meta: &CommandMeta) -> bool {
        let Some(a) = self.applied.iter().find(|a| a.command_id == meta.id) else { return false };
        let entry = Arc::clone(&meta.entry);
        let answer = replay::answer(a, self.order.id.as_str(), cx.partition, &meta.digest, entry);
        let mut book = cx.book.borrow_mut();
        match answer {
            Some(answer) => {
                let mut out = Outgoing::silent(meta.source, meta.name);
                // its events may not have been published: the entry that made them is still pending then
                let redelivered = meta.source.attempts > 1;
                if meta.silent {
                    out.again.extend(redelivered.then(|| meta.id.clone()));
                } else {
                    (out.answer, out.replays) = (Some((meta.reply_to.clone(), Arc::new(answer))), redelivered);
                    out.repeated = !redelivered;
                }
                book.outgoing.push(out);
            }
            // passed on a second time, by a lane that crashed in between: the first one will be answered
            None if meta.silent || self.awaits(meta) => book.outgoing.push(Outgoing::silent(meta.source, meta.name)),
            // one more of the same, of which enough wait
            None if meta.source.attempts <= 1
                && (self.waiting().len() >= ASIDE_OF_ONE_MAX || cx.aside.full().is_some()) =>
            {
                let refusal = Refusal::early("the placement is still being reserved");
                let mut out = Outgoing::silent(meta.source, meta.name);
                let answer = meta.refusal(cx.partition, Some(self.order.id.shared()), &refusal);
                out.answer = Some((meta.reply_to.clone(), Arc::new(answer)));
                book.outgoing.push(out);
            }
            None => {
                cx.aside.add(1);
                book.waiting += 1;
                book.waited_on.push(self.order.id.clone());
                self.await_with(meta.clone());
            }
        }
        true
    }

    /// Whether what was passed on waits already, by another entry. The same entry, read again, has to wait again: whatever
    /// read it first may be gone.
    fn awaits(&self, meta: &CommandMeta) -> bool {
        let (id, origin) = (&meta.id, meta.source.origin);
        let other = |m: &CommandMeta| m.id == *id && m.source.origin == origin && m.source.id != meta.source.id;
        origin.is_some() && self.waiting().iter().any(other)
    }

    fn refuse(&self, cx: &DecisionContext, meta: CommandMeta, refusal: &Refusal) {
        let mut answer = meta.refusal(cx.partition, Some(self.order.id.shared()), refusal);
        // who may not touch it is not told how it is
        if self.order.placement != Placement::Failed && refusal.reason != Reason::Forbidden {
            answer.order_status = Some(self.order.status().code().into());
            answer.order_version = Some(i64::from(self.order.version));
        }
        let mut out = Outgoing::silent(meta.source, meta.name);
        // the id may stand for what another order, or none, has taken
        out.unsure = !meta.looked && !meta.silent;
        out.answer = (!meta.silent).then(|| (meta.reply_to, Arc::new(answer)));
        cx.book.borrow_mut().outgoing.push(out);
    }

    /// Answers an accepted command through the batch; one that other lanes or orders were asked for waits.
    pub fn accept(&mut self, cx: &DecisionContext, meta: CommandMeta, executed: Executed) {
        let Executed { note, events, .. } = executed;
        let mut book = cx.book.borrow_mut();
        book.repeats |= self.batch == book.number + 1;
        self.batch = book.number + 1;
        let waits = !meta.silent
            && self.applied.last().is_some_and(|a| a.placing == Placing::Waiting && a.command_id == meta.id);
        let mut out = Outgoing::silent(meta.source, meta.name);
        out.events = self.awaited.as_deref_mut().map(|a| std::mem::take(&mut a.unpublished)).unwrap_or_default();
        out.events.push(OutgoingEvents::Decided(events));
        if waits {
            self.awaited.get_or_insert_default().unpublished = out.events;
            cx.aside.add(1);
            book.waiting += 1;
            self.await_with(meta);
            return;
        }
        let mut answer = meta.answer(cx.partition);
        answer.order_id = Some(self.order.id.shared());
        answer.order_status = Some(self.order.status().code().into());
        answer.order_version = Some(i64::from(self.order.version));
        answer.reason = note.reason.map(|r| r.code().into());
        answer.message = note.reason.map(|r| r.sentence().to_owned());
        answer.facts = note.facts;
        out.answer = (!meta.silent).then(|| (meta.reply_to, Arc::new(answer)));
        book.outgoing.push(out);
        self.answer_waiting(cx, &mut book);
    }

    /// Answers the placements that waited, once their outcome is known.
    fn answer_waiting(&mut self, cx: &DecisionContext, book: &mut crate::lane::commit::OpenBatch) {
        // its events are on their way with the answer that this goes with
        let Some(AwaitedAnswers { placements, .. }) = self.awaited.take().map(|a| *a) else { return };
        let mut first: Vec<Arc<str>> = Vec::new();
        for meta in placements {
            let applied = self.applied.iter().find(|a| a.command_id == meta.id);
            let entry = Arc::clone(&meta.entry);
            let answer =
                applied.and_then(|a| replay::answer(a, self.order.id.as_str(), cx.partition, &meta.digest, entry));
            match answer {
                Some(answer) => {
                    let mut out = Outgoing::silent(meta.source, meta.name);
                    out.answer = Some((meta.reply_to, Arc::new(answer)));
                    // redelivered: the events of its first time may not have been published
                    (out.replays, out.credit) = (meta.source.attempts > 1, false);
                    out.repeated = first.contains(&meta.id);
                    first.push(meta.id);
                    cx.aside.less(1);
                    book.outgoing.push(out);
                }
                None => self.await_with(meta),
            }
        }
    }
}

/// The batch that changed it was rolled back: what waits for other lanes is handed over, and the actor goes.
#[derive(Message)]
#[rtype(result = "AwaitedAnswers")]
pub struct RolledBack;

impl Handler<RolledBack> for OrderActor {
    type Result = actix::MessageResult<RolledBack>;
    fn handle(&mut self, _: RolledBack, _: &mut Self::Context) -> Self::Result {
        actix::MessageResult(self.rolled_back())
    }
}

/// Whether the actor may leave memory.
#[derive(Message)]
#[rtype(result = "KeptBy")]
pub struct PassivateIfIdle;

/// What keeps an order in memory.
#[derive(Debug)]
pub struct KeptBy {
    /// the batch that last changed it, numbered from 1
    pub batch: u64,
    /// something waits at it for other lanes, or is being decided
    pub waits: bool,
}

impl Handler<PassivateIfIdle> for OrderActor {
    type Result = actix::MessageResult<PassivateIfIdle>;
    fn handle(&mut self, _: PassivateIfIdle, _: &mut Self::Context) -> Self::Result {
        actix::MessageResult(self.kept_by())
    }
}

impl OrderActor {
    /// See [`RolledBack`].
    pub fn rolled_back(&mut self) -> AwaitedAnswers {
        self.state.take().and_then(|s| s.awaited).map(|a| *a).unwrap_or_default()
    }

    /// See [`PassivateIfIdle`].
    pub fn kept_by(&self) -> KeptBy {
        let state = self.state.as_ref();
        KeptBy { batch: state.map_or(0, |s| s.batch), waits: state.is_none_or(|s| !s.waiting().is_empty()) }
    }
}

#[cfg(feature = "failpoints")]
#[expect(clippy::panic, reason = "the test asks for a panic")]
fn panic_for_the_test(meta: &CommandMeta) {
    let asked = || -> bool {
        fail::fail_point!("order_panics", |_| true);
        false
    };
    if asked() && meta.id.contains("poison") {
        panic!("poisoned by the test");
    }
}

/// Breaks once everything is done, where the test names a command so: what it did has to be taken back.
#[cfg(feature = "failpoints")]
fn break_for_the_test(meta: &CommandMeta) -> Result<(), Fault> {
    let asked = || -> bool {
        fail::fail_point!("order_breaks", |_| true);
        false
    };
    if asked() && meta.id.contains("poison") {
        return Err(Fault::Broken("broken by the test".to_owned()));
    }
    Ok(())
}
