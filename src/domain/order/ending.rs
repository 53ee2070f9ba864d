//! When an order is over, and when it no longer needs to know the person.

use super::{
    Order,
    claim::{Exchange, ExchangeState},
    state::{Line, Placement, ReserveState},
    supply::{AskState, LinkState},
};
use crate::domain::{Time, money::Won};

impl Line {
    /// Whether its goods are with the buyer, or were sent there, since before this time. Carriers and installers that never
    /// say that they came are no reason to know the person for ever.
    fn left_before(&self, time: Time) -> bool {
        let d = &self.delivery;
        d.delivered_at.or(d.shipped_at).or(d.started_at).is_some_and(|at| at < time)
    }
}

impl Order {
    /// Whether it still needs to know the person: goods on their way, a claim in progress, money to give back. Goods that were
    /// delivered before this time and never confirmed (구매확정) are at rest: the time for claims has passed.
    pub fn needs_person(&self, delivered_before: Time) -> bool {
        let under_way = |l: &Line| l.free() > 0 && !l.status.is_terminal() && !l.left_before(delivered_before);
        self.lines.iter().any(under_way) || self.claim_runs() || self.refunds.iter().any(|r| r.open())
    }

    /// Whether a claim is in progress, as far as it is more than a line on its way: what an exchange added is a line itself.
    fn claim_runs(&self) -> bool {
        let picked_up = |e: &Exchange| self.fulfilment.returns.iter().any(|r| r.exchange == Some(e.group));
        let runs = |e: &Exchange| {
            let undecided = e.state == ExchangeState::Requested;
            let waits = e.state == ExchangeState::Approved && e.new_line_no.is_none() && !picked_up(e);
            undecided || waits || e.collection.as_ref().is_some_and(|c| !c.settled())
        };
        self.lines.iter().any(|l| l.returning > 0)
            || self.fulfilment.returns.iter().any(|r| !r.state.ended())
            || self.fulfilment.exchanges.iter().any(runs)
    }

    /// Whether nothing of it is left to happen: every line has ended, nothing is owed either way, nobody waits for a word.
    /// What became of orders that it had made, or was made for, those know.
    pub fn is_over(&self) -> bool {
        let waits = |state: ReserveState| matches!(state, ReserveState::Asked | ReserveState::Held);
        let ended = |l: &Line| (l.status.is_terminal() || l.free() == 0) && l.returning == 0 && l.exchanging == 0;
        self.placement != Placement::Reserving
            && self.lines.iter().all(ended)
            && !self.claim_runs()
            && !self.refunds.iter().any(|r| r.open())
            && self.due_now() == Won::ZERO
            && self.due(true).is_none()
            && !self.reservations.iter().any(|r| waits(r.state))
            && !self.fulfilment.asks.iter().any(|a| a.state == AskState::Open)
            && !self.fulfilment.links.iter().any(|l| l.state == LinkState::Asked)
    }
}
