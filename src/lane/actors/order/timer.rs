//! An order's timers: whatever is due at the time of a `due` step is done, as a command of its own.

use std::{rc::Rc, time::Instant};

use actix::{ActorFutureExt as _, Context, Handler, Message, ResponseActFuture, WrapFuture as _};

use super::{OrderActor, OrderMessage, State, Taken, caught};
use crate::{
    domain::{
        ids::OrderId,
        order::{Order, OrderCommand, state::Placement},
        status::Status,
    },
    integrations::payment::{DueRefund, RefundAsk},
    lane::{
        actors::{CommandMeta, DecisionContext, Fault},
        commit::Outgoing,
    },
    protocol::internal::{AUTO_CONFIRM, derived_id},
};

/// The order's time has come: whatever is due at the entry's time is done.
#[derive(Message)]
#[rtype(result = "Result<Taken, Fault>")]
pub struct TimerFired {
    pub meta: CommandMeta,
}

impl Handler<TimerFired> for OrderActor {
    type Result = ResponseActFuture<Self, Result<Taken, Fault>>;

    fn handle(&mut self, fire: TimerFired, _: &mut Context<Self>) -> Self::Result {
        let (cx, id) = (Rc::clone(&self.cx), self.id.clone());
        let state = self.state.take();
        let fired = async move {
            let Some(mut state) = state else {
                let why = "a timer came while a command was being decided".to_owned();
                return Err(Fault::Broken(why));
            };
            let taken = caught(state.fire(&cx, &id, fire.meta)).await;
            Ok((state, taken))
        };
        Box::pin(fired.into_actor(self).map(OrderActor::back))
    }
}

impl State {
    async fn fire(&mut self, cx: &DecisionContext, id: &OrderId, meta: CommandMeta) -> Result<Taken, Fault> {
        let now = meta.source.at;
        let due = |at: Option<crate::domain::Time>| at.is_some_and(|t| t <= now);
        let version = self.order.version.to_string();
        let status = self.order.status();
        let confirm: Vec<u16> = self.order.confirms().filter(|(_, at)| *at <= now).map(|(no, _)| no).collect();
        let command = if status == Status::PaymentPending && due(self.order.deadline) {
            Some((OrderCommand::Expire, OrderCommand::Expire.name()))
        } else if self.order.to_prepare() && due(self.order.prepare_at) {
            Some((OrderCommand::Prepare, OrderCommand::Prepare.name()))
        } else if !confirm.is_empty() && self.order.placement == Placement::Done {
            Some((OrderCommand::ConfirmPurchase { lines: confirm }, AUTO_CONFIRM))
        } else {
            None
        };
        if cx.asks_refunds {
            let asks = self
                .order
                .refunds
                .iter()
                .filter(|r| due(r.next_attempt_at()))
                .filter_map(|r| ask(&self.order, r, cx.partition))
                .map(|ask| DueRefund { ask, epoch: cx.epoch, found: Instant::now() });
            cx.book.borrow_mut().asks.extend(asks);
        }
        match command {
            None => {
                let mut out = Outgoing::silent(meta.source, meta.name);
                if meta.source.attempts > 1 {
                    // what this timer did before a crash may not have been published
                    let names = [OrderCommand::Expire.name(), OrderCommand::Prepare.name(), AUTO_CONFIRM];
                    let ours = |id: &str| id.split_once(':').is_some_and(|(name, _)| names.contains(&name));
                    let ids = self.applied.iter().map(|a| &a.command_id).filter(|id| ours(id));
                    out.again.extend(ids.map(|id| id.to_string().into()));
                }
                cx.book.borrow_mut().outgoing.push(out);
                Ok(Taken::Done)
            }
            Some((command, name)) => {
                let id_of = derived_id(name, &[id.as_str(), &version]);
                let meta = CommandMeta { id: id_of.as_str().into(), digest: id_of.as_str().into(), name, ..meta };
                self.take(cx, id, OrderMessage { command, meta, preview: false }).await
            }
        }
    }
}

/// What the payment side is asked for a refund that is due.
fn ask(order: &Order, refund: &crate::domain::order::state::Refund, lane: u32) -> Option<RefundAsk> {
    let settlement = order.settlements.iter().find(|s| s.no == refund.settlement_no)?;
    Some(RefundAsk {
        order_id: order.id.clone(),
        lane,
        key: refund.key.clone(),
        amount: refund.amount,
        method: settlement.method,
        payment_id: order.payment_id_of(settlement),
        account: None,
        attempt: refund.tries.len(),
    })
}
