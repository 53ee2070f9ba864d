//! What may follow what, and which status an order shows: docs/reference/order-status.md, read anew.

use super::FoldedLine;
use crate::domain::status::Status::{self, *};

/// The transitions of the page's picture.
pub(super) const TRANSITIONS: [(Status, &[Status]); 8] = [
    (PaymentPending, &[Ordered, PaymentCancelled, PaymentExpired]),
    (Ordered, &[Cancelled, OutOfStock, Preparing]),
    (Preparing, &[OutOfStock, ProcurementCheck, Returning]),
    (ProcurementCheck, &[OutOfStock, ProcurementDone, Returning]),
    (ProcurementDone, &[Exchanging, OutOfStock, Returning, Shipped]),
    (Shipped, &[Exchanging, PurchaseConfirmed, Returning]),
    (Returning, &[Returned]),
    (Exchanging, &[Exchanged, Returned]),
];

/// What an installer's order may besides: be handed over from anywhere before, and end while it is on its way.
pub(super) const HANDED_OVER: [Status; 4] = [Ordered, Preparing, ProcurementCheck, ProcurementDone];
pub(super) const NOT_NEEDED: [Status; 5] = [Ordered, Preparing, ProcurementCheck, ProcurementDone, Shipped];

/// What an exchange added may besides: be called off before it ships, as the goods that it was to replace are not taken.
pub(super) const CALLED_OFF: [Status; 3] = [Preparing, ProcurementCheck, ProcurementDone];

/// Whether a line may show `to` after `from`. A claim in progress that is rejected or withdrawn goes back to where the line's
/// other units are (`own`), and may give way to another claim of the line. Some is for an installer's order only, some for a
/// line that an exchange added.
pub fn leads(from: Status, to: Status, own: Status, (installs, added): (bool, bool)) -> bool {
    let claim = |s| matches!(s, Returning | Exchanging);
    let listed = TRANSITIONS.iter().any(|(at, next)| *at == from && next.contains(&to));
    let handed_over = to == Shipped && HANDED_OVER.contains(&from);
    let not_needed = to == Cancelled && NOT_NEEDED.contains(&from);
    let called_off = to == Cancelled && CALLED_OFF.contains(&from);
    from == to
        || listed
        || (installs && (handed_over || not_needed))
        || (added && called_off)
        || (claim(from) && (to == own || claim(to)))
}

/// How far a line is on its way; `None` once it has ended, or while a claim has it.
const fn way(s: Status) -> Option<u8> {
    match s {
        PaymentPending => Some(0),
        Ordered => Some(1),
        Preparing => Some(2),
        ProcurementCheck => Some(3),
        ProcurementDone => Some(4),
        Shipped => Some(5),
        PaymentExpired | PaymentCancelled | Cancelled | OutOfStock | PurchaseConfirmed | Returned | Exchanged
        | Returning | Exchanging => None,
    }
}

/// Which end stands for lines that ended differently: the furthest; that it was never paid is the order's own.
const fn end(s: Status) -> u8 {
    match s {
        Cancelled => 1,
        OutOfStock => 2,
        Returned => 3,
        Exchanged => 4,
        PurchaseConfirmed => 5,
        PaymentCancelled => 6,
        PaymentExpired => 7,
        PaymentPending | Ordered | Preparing | ProcurementCheck | ProcurementDone | Shipped | Returning
        | Exchanging => 0,
    }
}

/// Whether nothing follows it.
pub const fn ended(s: Status) -> bool {
    end(s) > 0
}

/// The order's status: a claim in progress shows (the first line's, a return before an exchange), else the least advanced
/// line that goes on, else the furthest end. Of a chain of exchanges, what was exchanged is what it was exchanged for.
pub(super) fn of_order(lines: &[FoldedLine], chained: bool) -> Status {
    let counts = |l: &&FoldedLine| !(chained && l.shown() == Exchanged);
    let shown = |lines: &mut dyn Iterator<Item = &FoldedLine>| {
        let (mut going, mut over): (Option<Status>, Option<Status>) = (None, None);
        for l in lines {
            if l.returning > 0 {
                return Some(Returning);
            }
            if l.exchanging > 0 {
                return Some(Exchanging);
            }
            if way(l.own).is_some() {
                going = Some(going.filter(|s| way(*s) <= way(l.own)).unwrap_or(l.own));
            } else {
                over = Some(over.filter(|s| end(*s) >= end(l.own)).unwrap_or(l.own));
            }
        }
        going.or(over)
    };
    let of_rest = shown(&mut lines.iter().filter(counts));
    of_rest.or_else(|| shown(&mut lines.iter())).unwrap_or(PaymentPending)
}
