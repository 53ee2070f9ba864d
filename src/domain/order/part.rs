//! What of an order is a seller's: its lines, its fees, its claims, what it had made; not what others sell, nor how the buyer
//! pays (decision: a seller sees its own).

use super::{
    claim::Return,
    delivery::DeliveryStatus,
    event::Excluded,
    state::{Line, Order},
    supply::{LinkKind, Procurement},
};
use crate::domain::{ids::PartnerId, money::Won, status::Status};

impl Order {
    /// The order as if this seller's part were all of it: its status is its own lines', its sums theirs. Nothing is left of
    /// it for who sells nothing here.
    pub fn part_of(&self, seller: &PartnerId) -> Order {
        let mut part = self.clone();
        part.lines.retain(|l| self.seller_of(l) == Some(seller));
        let own: Vec<u16> = part.lines.iter().map(|l| l.no).collect();
        let own = |no: u16| own.contains(&no);
        part.fees.retain(|f| f.partner_id == *seller);
        part.settlements.clear();
        part.refunds.clear();
        part.points.clear();
        part.deposit = None;
        part.reservations.clear();
        part.cancels.retain(|c| own(c.line_no));
        if part.after == super::lean::Lean::default() {
            return part;
        }
        let fees: Vec<u16> = part.fees.iter().map(|f| f.no).collect();
        let after = &mut *part.after;
        after.links.retain_mut(|l| {
            l.lines.retain(|no| own(*no));
            l.short.retain(|s| own(s.line_no));
            !l.lines.is_empty()
        });
        after.procurements.retain_mut(|p| own_procurement(p, &own));
        after.returns.retain_mut(|r| own_return(r, seller, &fees, &own));
        after.exchanges.retain(|e| own(e.line_no));
        after.reviews.retain(|r| own(r.line_no));
        part
    }

    /// Whether the seller needs to know where to: it has something to send, to install or to fetch here.
    pub fn needs_address(&self, seller: &PartnerId) -> bool {
        let installs = self.after.parent.as_ref().is_some_and(|p| p.kind == LinkKind::Installation);
        let own = self.lines.iter().filter(|l| self.seller_of(l) == Some(seller));
        own.into_iter().any(|l| {
            let claimed = l.returning + l.exchanging > 0 || self.fetches(l);
            needs_address(l.shown(), l.delivery.status, claimed, installs)
        })
    }

    /// Whether goods of the line that were exchanged are still to come back, or to be inspected: whatever became of what they
    /// were exchanged for, and of the order.
    fn fetches(&self, line: &Line) -> bool {
        let of = self.after.exchanges.iter().filter(|e| e.line_no == line.no);
        of.filter_map(|e| e.collection.as_ref()).any(|c| !c.settled())
    }
}

/// Whether a line's seller (or who installs it) needs to know where to: from the order on until it has arrived, and while a
/// claim of it is in progress. Not before it is paid.
pub const fn needs_address(shown: Status, delivery: Option<DeliveryStatus>, claimed: bool, installs: bool) -> bool {
    match shown {
        Status::Ordered
        | Status::Preparing
        | Status::ProcurementCheck
        | Status::ProcurementDone
        | Status::Returning
        | Status::Exchanging => true,
        Status::Shipped => {
            claimed
                || match delivery {
                    None | Some(DeliveryStatus::Ready | DeliveryStatus::InTransit) => true,
                    Some(DeliveryStatus::Delivered | DeliveryStatus::DeliveredByInstaller) => installs,
                    Some(DeliveryStatus::Installed) => false,
                }
        }
        Status::PaymentPending
        | Status::PaymentExpired
        | Status::PaymentCancelled
        | Status::Cancelled
        | Status::OutOfStock
        | Status::PurchaseConfirmed
        | Status::Returned
        | Status::Exchanged => claimed,
    }
}

/// What was bought for others' lines too tells no price.
fn own_procurement(p: &mut Procurement, own: &impl Fn(u16) -> bool) -> bool {
    let all = p.lines.len();
    p.lines.retain(|l| own(l.line_no));
    if p.lines.len() < all {
        (p.amount, p.seller) = (None, None);
    }
    !p.lines.is_empty()
}

/// What is kept back is told as one amount, of no settlement.
fn own_return(r: &mut Return, seller: &PartnerId, fees: &[u16], own: &impl Fn(u16) -> bool) -> bool {
    let all = r.lines.len();
    r.lines.retain(|l| own(l.line_no));
    r.fees.retain(|f| f.partner_id == *seller);
    r.fees_back.retain(|f| fees.contains(&f.fee_no));
    let of_lines = || r.lines.iter().map(|l| l.kept_back).sum::<Won>();
    let kept = if r.lines.len() == all { r.fee() } else { r.fees.iter().map(|f| f.amount).sum::<Won>() + of_lines() };
    r.withheld = if kept == Won::ZERO { Vec::new() } else { vec![Excluded { settlement_no: 0, amount: kept }] };
    !r.lines.is_empty()
}
