//! The lanes' own steps: timers, reservations, replies, linked orders, news of reference data.

use std::collections::HashMap;

use super::{Fetched, Lane};
use crate::{
    domain::{
        ids::OrderId,
        order::{OrderCommand, supply::LinkWhat},
        reason::Reason,
    },
    lane::{
        actors::{
            CommandMeta, Fault,
            activate::Location,
            links,
            order::{OrderMessage, TimerFired},
            refdata, reservations,
        },
        commit::Outgoing,
    },
    protocol::internal::{Internal, Said},
};

impl Lane {
    pub(super) async fn internal(
        &self,
        step: Internal,
        meta: CommandMeta,
        careful: bool,
        fetched: &Fetched,
    ) -> Result<(), Fault> {
        let outcome = fetched.outcomes.get(&meta.id);
        match step {
            Internal::Due { order_id } => match self.orders.get(&order_id) {
                Some(actor) => actor.send(TimerFired { meta }).await?.map(drop),
                None => {
                    fetched.place(&order_id)?;
                    self.done(&meta);
                    Ok(())
                }
            },
            Internal::Step { from, order_id, reservation, what, .. } => {
                if outcome.is_some() || self.cx.steps.borrow().contains_key(&meta.id) {
                    self.done(&meta);
                    return Ok(());
                }
                let step = reservations::IncomingStep { from, order_id, reservation, what };
                reservations::take(&self.cx, &self.shared.reservations, step, meta).await
            }
            Internal::Reply { order_id, reservation, said, .. } => {
                let Some(actor) = self.orders.get(&order_id) else {
                    fetched.place(&order_id)?;
                    let why = format!("a lane replied to order {order_id}, which does not exist");
                    return Err(Fault::Broken(why));
                };
                let command = match said {
                    Said::Reserved { lines } => OrderCommand::Reserved { reservation, lines },
                    Said::Refused { reason, facts } => OrderCommand::ReserveRefused { reservation, reason, facts },
                };
                let taken = actor.send(OrderMessage { command, meta, preview: false }).await?;
                self.later.heard(&order_id);
                taken.map(drop)
            }
            Internal::Link { order_id, from, what, .. } => {
                // a refused placement or word has a row of its own; what an order took, its actor knows
                let refused = outcome.is_some_and(|o| o.order.is_none());
                if refused || self.cx.steps.borrow().contains_key(&meta.id) {
                    self.done(&meta);
                    return Ok(());
                }
                self.link(order_id, from, what, meta, careful, fetched).await
            }
            Internal::Refresh { .. } => {
                refdata::refresh(&self.cx, &self.shared.skus).await?;
                self.done(&meta);
                Ok(())
            }
            Internal::Republish { orders } => self.republish(orders, &meta).await,
            Internal::PassedOn { .. } => {
                self.done(&meta);
                Ok(())
            }
        }
    }

    /// Events that the log has lost, once more. They are durable: the store has them.
    async fn republish(&self, orders: Vec<(OrderId, Vec<i64>)>, meta: &CommandMeta) -> Result<(), Fault> {
        let ids: Vec<OrderId> = orders.iter().map(|(id, _)| id.clone()).collect();
        let lost: HashMap<&str, &[i64]> = orders.iter().map(|(id, events)| (id.as_str(), events.as_slice())).collect();
        let events = self.shared.activation.stored_events(&ids).await?;
        let mut out = Outgoing::silent(meta.source, meta.name);
        out.events = events
            .filter(|event| {
                let (order, no) = event.place();
                lost.get(order).is_some_and(|events| events.contains(&no))
            })
            .collect();
        self.cx.book.borrow_mut().outgoing.push(out);
        Ok(())
    }

    /// What a linked order says to one of ours, or has placed here.
    async fn link(
        &self,
        order_id: OrderId,
        from: OrderId,
        what: LinkWhat,
        meta: CommandMeta,
        careful: bool,
        fetched: &Fetched,
    ) -> Result<(), Fault> {
        let command = match what {
            LinkWhat::Place(child) => OrderCommand::PlaceLinked(child),
            LinkWhat::Placed
            | LinkWhat::Refused { .. }
            | LinkWhat::Short { .. }
            | LinkWhat::Done
            | LinkWhat::Shipped
            | LinkWhat::Ended
            | LinkWhat::Cancel
            | LinkWhat::Work { .. }
            | LinkWhat::Worked { .. }
            | LinkWhat::WorkRefused { .. } => OrderCommand::Link { from, what },
        };
        if let Some(actor) = self.orders.get(&order_id) {
            return actor.send(OrderMessage { command, meta, preview: false }).await?.map(drop);
        }
        let place = fetched.place(&order_id)?;
        let OrderCommand::PlaceLinked(child) = &command else {
            self.done(&meta);
            return Ok(());
        };
        if let Some(Location::Lane(_)) = place {
            links::refuse(&self.cx, &order_id, child, &meta, &Reason::DuplicateOrder.into());
            self.done(&meta);
            return Ok(());
        }
        self.place(order_id, command, meta, careful).await
    }
}
