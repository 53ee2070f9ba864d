//! Linked orders between lanes: a placement that can't be, told to the order that wanted it.

use std::sync::Arc;

use super::{CommandMeta, DecisionContext, execute::link_message};
use crate::{
    domain::{
        ids::OrderId,
        order::supply::{ChildOrder, LinkMessage, LinkWhat},
        reason::{Facts, Refusal},
    },
    history::effects::{Effect, TakenCommand},
};

/// Tells the parent; the command's own row makes that it is told once.
pub fn refuse(cx: &DecisionContext, id: &OrderId, child: &ChildOrder, meta: &CommandMeta, refusal: &Refusal) {
    let parent = &child.parent;
    let what = LinkWhat::Refused { reason: refusal.reason, facts: Some(Box::new(refusal.facts.clone())) };
    let message = LinkMessage { to: parent.order_id.clone(), lane: parent.lane, what };
    say(cx, id, message, meta);
}

/// Tells an installer that it is not as it said; likewise once.
pub fn refuse_work(
    cx: &DecisionContext,
    id: &OrderId,
    from: &OrderId,
    said: &LinkWhat,
    meta: &CommandMeta,
    refusal: &Refusal,
) {
    let LinkWhat::Work { ask, lane, .. } = said else { return };
    let (reason, facts) = (refusal.reason, Box::new(Facts { position: None, ..refusal.facts.clone() }));
    let what = LinkWhat::WorkRefused { ask: ask.clone(), reason, facts };
    say(cx, id, LinkMessage { to: from.clone(), lane: *lane, what }, meta);
}

/// A word that no decision of an order says: named by the message that it answers, as it may be asked again under its name.
fn say(cx: &DecisionContext, id: &OrderId, message: LinkMessage, meta: &CommandMeta) {
    let mut book = cx.book.borrow_mut();
    book.effects.push(link_message(id, &meta.id, message, meta.source.at));
    cx.steps.borrow_mut().insert(Arc::clone(&meta.id), book.number + 1);
    book.effects.push(taken(meta));
}

/// That a lane's own command, of no order here, was taken.
pub fn taken(meta: &CommandMeta) -> Effect {
    Effect::CommandTaken(TakenCommand { command: meta.stamp(), name: meta.name, note: None, by_client: false })
}
