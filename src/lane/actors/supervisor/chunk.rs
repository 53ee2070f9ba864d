//! A chunk of commands, decided one after another. One that breaks its handler costs the others milliseconds, not the lane.

use std::{panic::AssertUnwindSafe, rc::Rc};

use actix::{Handler, Message, ResponseFuture};
use futures_util::FutureExt as _;

use super::{Lane, Supervisor};
use crate::{
    domain::Time,
    lane::{actors::Fault, ingest::ReadEntry},
    store::StoreError,
};

/// Why deciding stopped.
#[derive(Debug, thiserror::Error)]
pub enum Interrupted {
    /// the lane is reset
    #[error(transparent)]
    Fault(Fault),
    /// a command broke its handler; those before it are decided, those after it are not
    #[error("a command broke its handler: {}", .0.why)]
    Broke(Broke),
}

/// A command that broke its handler.
#[derive(Debug)]
pub struct Broke {
    /// its place in the chunk
    pub at: usize,
    /// how many entries the chunk has
    pub of: usize,
    pub why: String,
    /// something of it may be in memory, or in the open batch
    pub touched: bool,
}

/// Decide these, in order. `careful`: the store is asked first whether they were decided before.
#[derive(Message)]
#[rtype(result = "Result<(), Interrupted>")]
pub struct Decide {
    pub entries: Vec<ReadEntry>,
    pub careful: bool,
}

impl Handler<Decide> for Supervisor {
    type Result = ResponseFuture<Result<(), Interrupted>>;
    fn handle(&mut self, decide: Decide, _: &mut Self::Context) -> Self::Result {
        let lane = Rc::clone(&self.lane);
        Box::pin(async move { lane.decide(decide).await })
    }
}

impl Lane {
    async fn decide(&self, decide: Decide) -> Result<(), Interrupted> {
        let fetched = self.fetch(&decide).await.map_err(Interrupted::Fault)?;
        fail::fail_point!("supervisor_panics", |_| panic_for_the_test());
        let of = decide.entries.len();
        let mut rest = decide.entries.into_iter().peekable();
        let mut at = 0;
        while rest.peek().is_some() {
            if let Some(run) = self.next_run(&mut rest, decide.careful, &fetched) {
                let n = run.len();
                self.place_run(run, (at, of)).await?;
                at += n;
                continue;
            }
            let Some(entry) = rest.next() else { break };
            let careful = self.careful(&entry, decide.careful);
            self.step((at, of), entry.source.at, false, self.one(entry, careful, &fetched)).await?;
            at += 1;
        }
        self.hand_back();
        Ok(())
    }

    /// One command of a chunk. A panic costs its own command, and not the lane: what it may have touched is looked at. `moved`:
    /// something that goes with it has moved stock before.
    pub(super) async fn step(
        &self,
        place: (usize, usize),
        now: Time,
        moved: bool,
        handled: impl Future<Output = Result<(), Fault>>,
    ) -> Result<(), Interrupted> {
        let (before, mark) = {
            let book = self.cx.book.borrow();
            (book.outgoing.len(), book.mark())
        };
        self.cx.now.set(now);
        let handled = AssertUnwindSafe(handled).catch_unwind().await;
        let panicked = |_| Err(Fault::Broken("its handler panicked".to_owned()));
        if let Err(fault) = handled.unwrap_or_else(panicked) {
            let touched = moved || self.cx.book.borrow().mark() != mark;
            return Err(self.stopped(place, touched, fault));
        }
        self.remember(before);
        Ok(())
    }

    /// What a fault of this command means for the others.
    pub(super) fn stopped(&self, (at, of): (usize, usize), touched: bool, fault: Fault) -> Interrupted {
        self.hand_back();
        let why = match fault {
            Fault::Broken(why) | Fault::Store(StoreError::Unusable(why)) => why,
            // the store did not answer: nothing is wrong with the command
            Fault::Store(e) => return Interrupted::Fault(Fault::Store(e)),
        };
        // a SKU whose handler panicked had what is not durable yet
        let touched = self.shared.skus.bury() > 0 || touched;
        Interrupted::Broke(Broke { at, of, why, touched })
    }
}

#[cfg(feature = "failpoints")]
#[expect(clippy::panic, reason = "the test asks for a panic")]
fn panic_for_the_test() -> Result<(), Interrupted> {
    panic!("broken by the test");
}
