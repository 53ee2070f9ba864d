//! 사은품은 본품을 따른다 (§3.2†): gifts go where the last units of their main goods go, through exchanges, at any status.

use super::{Context, Decision, folded, returns, stock};
use crate::domain::order::{
    claim::{ClaimReason, Fault},
    event::{Cut, CutCause, ReservedLine},
    state::{Line, Order, Placement},
};
use crate::domain::status::Status;

/// Whether these units are the last that there are (by `left`) of what a gift came with.
pub fn with(order: &Order, gift: &Line, units: &[ReservedLine], left: impl Fn(&Line) -> u32) -> bool {
    let going = |l: &Line| units.iter().filter(|u| u.line_no == l.no).map(|u| u.quantity).sum::<u32>();
    let family = order.family(gift);
    family.clone().any(|l| going(l) > 0) && family.clone().all(|l| left(l) <= going(l))
}

/// Whether nothing is left of what a gift came with.
pub fn orphan(order: &Order, gift: &Line) -> bool {
    let mut family = order.family(gift).peekable();
    family.peek().is_some() && family.all(|l| l.active() == 0)
}

/// Gifts that a decision would leave alone go, too: what has not left goes back on the shelf, what has is to be sent back.
pub fn sweep(before: Option<&Order>, cx: &Context<'_>, decision: &mut Decision) {
    let Some(order) = before.filter(|o| o.placement == Placement::Done && o.lines.iter().any(|l| l.gift)) else {
        return;
    };
    let now = folded(order, &decision.events, cx);
    if now.paid_at.is_none() {
        return;
    }
    let left = |l: &&Line| l.gift && l.free() > 0 && !l.status.is_terminal() && orphan(&now, l);
    let alone: Vec<&Line> = now.lines.iter().filter(left).collect();
    let ordered: Vec<&Line> = alone.iter().filter(|l| l.status == Status::Ordered).copied().collect();
    if !ordered.is_empty() {
        let cuts: Vec<Cut> = ordered.into_iter().map(stock::whole).collect();
        stock::cut(&now, CutCause::MainGone, cuts, &[], decision);
    }
    // what has not left needs no collection: it does not wait for what has
    for shipped in [false, true] {
        let of = |l: &&Line| l.status != Status::Ordered && (l.status == Status::Shipped) == shipped;
        let units: Vec<ReservedLine> =
            alone.iter().copied().filter(of).map(|l| ReservedLine { line_no: l.no, quantity: l.free() }).collect();
        if !units.is_empty() {
            let now = folded(order, &decision.events, cx);
            returns::approved(&now, &units, (ClaimReason::MainGone, Fault::Seller), None, cx, decision);
        }
    }
}
