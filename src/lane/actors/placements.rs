//! A run of placements: those of one SKU that stand side by side in a chunk are decided by its actor, in one message. In a sale
//! of one SKU that is the whole chunk.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use actix::{Context, Handler, Message, MessageResult};

use super::{execute::MovedDecision, inventory::Inventory};
use crate::{
    domain::{
        Time,
        catalog::Policy,
        ids::OrderId,
        order::{self, OrderCommand, Quote, command::PlaceOrder, decide},
        reason::Refusal,
    },
    history::effects::Cause,
};

/// A placement whose lines are all of one SKU, and which names nothing that has to be asked for elsewhere.
#[derive(Debug)]
pub struct RunPlacement {
    pub order_id: OrderId,
    pub command: PlaceOrder,
    pub command_id: Arc<str>,
    pub at: Time,
}

/// Decide these, in order, as far as they go.
#[derive(Debug, Message)]
#[rtype(result = "DecidedRun")]
pub struct DecidePlacements {
    pub placements: Vec<RunPlacement>,
    pub policy: Arc<Policy>,
}

/// What became of a run.
#[derive(Debug)]
pub enum DecidedRun {
    /// of each placement, in order; one that broke is the last
    Decided(Vec<DecidedPlacement>),
    /// none is decided: the SKU is a gift, and what it is given for is not known here
    Gifts(Vec<RunPlacement>),
}

/// What became of a placement.
#[derive(Debug)]
pub enum DecidedPlacement {
    /// its stock has moved
    Placed(Box<MovedDecision>),
    Refused(Box<Refusal>),
    /// deciding it broke
    Broke {
        why: String,
        /// some of its stock has moved
        moved: bool,
    },
}

impl Handler<DecidePlacements> for Inventory {
    type Result = MessageResult<DecidePlacements>;

    fn handle(&mut self, run: DecidePlacements, _: &mut Context<Self>) -> Self::Result {
        if self.is_gift() {
            return MessageResult(DecidedRun::Gifts(run.placements));
        }
        let mut all = Vec::with_capacity(run.placements.len());
        for placement in run.placements {
            let decided = self.place(placement, &run.policy);
            let broke = matches!(decided, DecidedPlacement::Broke { .. });
            all.push(decided);
            if broke {
                break;
            }
        }
        MessageResult(DecidedRun::Decided(all))
    }
}

impl Inventory {
    fn place(&mut self, placement: RunPlacement, policy: &Policy) -> DecidedPlacement {
        let RunPlacement { order_id, command, command_id, at } = placement;
        let campaign = command.lines.first().and_then(|l| l.campaign_id.as_ref());
        let quote = self.quote(campaign, &command.customer_id, at);
        let quotes: &[Quote] = quote.as_slice();
        let context = order::Context {
            now: at,
            policy,
            quotes,
            promotions: &[],
            gift_promotions: &[],
            partners: &[],
            lane: self.partition(),
            taken: &[],
        };
        let command = OrderCommand::Place(command);
        // a panic costs its own command, and not the SKU's actor
        let decided = catch_unwind(AssertUnwindSafe(|| {
            #[cfg(feature = "failpoints")]
            panic_for_the_test(&command_id);
            decide(&order_id, None, &command, &context)
        }));
        let mut decision = match decided {
            Ok(Ok(decision)) => decision,
            Ok(Err(refusal)) => return DecidedPlacement::Refused(Box::new(refusal)),
            Err(_) => return DecidedPlacement::Broke { why: "its handler panicked".to_owned(), moved: false },
        };
        let cause = Cause { command_id, order_id: Some(order_id), at };
        let mut last = None;
        for movement in std::mem::take(&mut decision.movements) {
            match self.carry(movement, None, cause.clone()) {
                Ok(fact) => last = Some(fact),
                Err(out) => return DecidedPlacement::Broke { why: out.to_string(), moved: last.is_some() },
            }
        }
        DecidedPlacement::Placed(Box::new(MovedDecision { decision, stock: last.into_iter().collect() }))
    }
}

#[cfg(feature = "failpoints")]
#[expect(clippy::panic, reason = "the test asks for a panic")]
fn panic_for_the_test(command_id: &str) {
    let asked = || -> bool {
        fail::fail_point!("placement_panics", |_| true);
        false
    };
    if asked() && command_id.contains("poison") {
        panic!("poisoned by the test");
    }
}
