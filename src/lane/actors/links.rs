//! Linked orders between lanes: a placement that can't be, told to the order that wanted it.

use std::sync::Arc;

use super::{CommandMeta, LaneContext, execute::letter_as};
use crate::{
    domain::{
        ids::OrderId,
        order::supply::{ChildOrder, LinkMessage, LinkWhat},
        reason::{Facts, Refusal},
    },
    store::rows::CmdRow,
};

/// Tells the parent; the command's own row makes that it is told once.
pub fn refuse(cx: &LaneContext, id: &OrderId, child: &ChildOrder, meta: &CommandMeta, refusal: &Refusal) {
    let parent = &child.parent;
    let what = LinkWhat::Refused { reason: refusal.reason, facts: Some(Box::new(refusal.facts.clone())) };
    let message = LinkMessage { to: parent.order_id.clone(), lane: parent.lane, what };
    say(cx, id, &message, meta);
}

/// Tells an installer that it is not as it said; likewise once.
pub fn refuse_work(
    cx: &LaneContext,
    id: &OrderId,
    (from, said): (&OrderId, &LinkWhat),
    meta: &CommandMeta,
    refusal: &Refusal,
) {
    let LinkWhat::Work { ask, lane, .. } = said else { return };
    let (reason, facts) = (refusal.reason, Box::new(Facts { position: None, ..refusal.facts.clone() }));
    let what = LinkWhat::WorkRefused { ask: ask.clone(), reason, facts };
    say(cx, id, &LinkMessage { to: from.clone(), lane: *lane, what }, meta);
}

/// A word that no decision of an order says: named by the message that it answers, as it may be asked again under its name.
fn say(cx: &LaneContext, id: &OrderId, message: &LinkMessage, meta: &CommandMeta) {
    let mut book = cx.book.borrow_mut();
    book.rows.otbx.push(letter_as(cx, id, &meta.id, message, meta.source.at));
    cx.steps.borrow_mut().insert(Arc::clone(&meta.id), book.number + 1);
    book.rows.cmd.push(taken(cx, meta));
}

/// That a command without an order of its own was taken.
pub fn taken(cx: &LaneContext, meta: &CommandMeta) -> CmdRow {
    CmdRow {
        cmd_id: Arc::clone(&meta.id),
        cmd_dgst: Arc::clone(&meta.digest),
        cmd_typ_cd: meta.name.into(),
        prtn_no: i64::from(cx.partition),
        actr: Arc::clone(&meta.actor),
        ansr: None,
        strm_entr: Some(meta.source.entry().to_string().into()),
        cmd_dttm: meta.source.at,
    }
}
