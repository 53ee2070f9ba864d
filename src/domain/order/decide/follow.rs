//! 사은품은 본품을 따른다 (§3.2†): gifts go where the last units of their main goods go, through exchanges, at any status; those
//! that have not left, as soon as the units that are left entitle to no more of them.

use super::{Context, Decision, folded, returns, stock};
use crate::domain::order::{
    claim::{ClaimReason, Fault},
    event::{Cut, CutCause, ReservedLine},
    state::{Line, Order, Placement},
};
use crate::domain::{ids::PartnerId, status::Status};

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

/// Units of a gift that what is left of its goods does not entitle to; none of one that has left. `going` tells units of lines,
/// goods and gifts, that leave the order beside. Goods are all that the main line was exchanged for, too: a unit counts where it is.
pub fn surplus(order: &Order, gift: &Line, going: impl Fn(u16) -> u32) -> u32 {
    let here = !matches!(gift.status, Status::Shipped | Status::PurchaseConfirmed);
    let Some(e) = gift.entitled.filter(|_| here) else { return 0 };
    let free = |l: &Line| l.free().saturating_sub(going(l.no));
    let by = |l: &&Line| (l.main_line_no, &l.gift_promotion_id) == (gift.main_line_no, &gift.gift_promotion_id);
    let brought: u32 = order.lines.iter().filter(|l| l.entitled.is_some()).filter(by).map(free).sum();
    let goods: u32 = order.family(gift).map(|m| m.active().saturating_sub(going(m.no))).sum();
    brought.saturating_sub(e.of(goods)).min(free(gift))
}

/// Whether gifts that have not left are judged when these units have come back: an order has some that they entitled to.
pub fn entitles(order: &Order, lines: impl Iterator<Item = u16> + Clone) -> bool {
    let of = |gift: &Line| lines.clone().any(|no| order.family(gift).any(|m| m.no == no));
    order.lines.iter().any(|l| l.entitled.is_some() && of(l))
}

/// Units of gifts that go: of what is alone all, of what has not left the surplus, of the last lines first.
fn alone(order: &Order) -> Vec<ReservedLine> {
    let mut going: Vec<ReservedLine> = Vec::new();
    for gift in order.lines.iter().rev().filter(|l| l.gift && l.free() > 0 && !l.status.is_terminal()) {
        let of = |no: u16| going.iter().filter(|u| u.line_no == no).map(|u| u.quantity).sum();
        let quantity = if orphan(order, gift) { gift.free() } else { surplus(order, gift, of) };
        if quantity > 0 {
            going.push(ReservedLine { line_no: gift.no, quantity });
        }
    }
    going.reverse();
    going
}

/// Gifts that a decision would leave alone, or be too many, go, too: what has not left goes back on the shelf, what has is to be
/// sent back, to each seller its own.
pub fn sweep(before: Option<&Order>, cx: &Context<'_>, decision: &mut Decision) {
    let Some(order) = before.filter(|o| o.placement == Placement::Done && o.lines.iter().any(|l| l.gift)) else {
        return;
    };
    let now = folded(order, &decision.events, cx);
    if now.paid_at.is_none() {
        return;
    }
    let alone = alone(&now);
    let lines = || alone.iter().filter_map(|u| now.line(u.line_no).map(|l| (l, *u)));
    let ordered = lines().filter(|(l, _)| l.status == Status::Ordered);
    let cuts: Vec<Cut> = ordered.map(|(l, u)| stock::part(l, u.quantity)).collect();
    if !cuts.is_empty() {
        stock::cut(&now, CutCause::MainGone, cuts, &[], decision);
    }
    // what has not left needs no collection: it does not wait for what has
    for shipped in [false, true] {
        let left = |l: &Line| l.status != Status::Ordered && (l.status == Status::Shipped) == shipped;
        let of: Vec<(&Line, ReservedLine)> = lines().filter(|(l, _)| left(l)).collect();
        let mut sellers: Vec<Option<&PartnerId>> = Vec::new();
        for (line, _) in &of {
            let seller = now.seller_of(line);
            if !sellers.contains(&seller) {
                sellers.push(seller);
            }
        }
        for seller in sellers {
            let theirs = of.iter().filter(|(l, _)| now.seller_of(l) == seller);
            let units: Vec<ReservedLine> = theirs.map(|(_, u)| *u).collect();
            let now = folded(order, &decision.events, cx);
            returns::approved(&now, &units, (ClaimReason::MainGone, Fault::Seller), None, cx, decision);
        }
    }
}
