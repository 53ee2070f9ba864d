//! What of an order is a seller's: its lines, its fees, its claims, what it had made; not what others sell, nor how the buyer
//! pays (decision: a seller sees its own).

use super::{
    claim::{Return, ReturnLine},
    delivery::DeliveryStatus,
    event::{Excluded, FeeRefund, KeptFor},
    repeats::Repeats,
    state::{Line, Order},
    supply::{LinkKind, Procurement},
};
use crate::domain::{
    ids::PartnerId,
    money::{Won, split_pro_rata},
    status::Status,
};

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
        // how often something was said is of the whole order
        part.repeats = Repeats::default();
        part.cancels.retain(|c| own(c.line_no));
        if part.fulfilment == super::lean::LazyBox::default() {
            return part;
        }
        let after = &mut *part.fulfilment;
        after.asks.clear();
        after.kept.clear();
        after.links.retain_mut(|l| {
            l.lines.retain(|no| own(*no));
            l.short.retain(|s| own(s.line_no));
            !l.lines.is_empty()
        });
        after.procurements.retain_mut(|p| own_procurement(p, &own));
        after.returns.retain_mut(|r| own_return(self, r, seller, &own));
        after.exchanges.retain(|e| own(e.line_no));
        after.reviews.retain(|r| own(r.line_no));
        part
    }

    /// Whether the seller needs to know where to: it has something to send, to install or to fetch here.
    pub fn needs_address(&self, seller: &PartnerId) -> bool {
        let installs = self.fulfilment.parent.as_ref().is_some_and(|p| p.kind == LinkKind::Installation);
        let own = self.lines.iter().filter(|l| self.seller_of(l) == Some(seller));
        own.into_iter().any(|l| {
            let claimed = l.returning + l.exchanging > 0 || self.fetches(l);
            needs_address(l.shown(), l.delivery.status, claimed, installs)
        })
    }

    /// Whether goods of the line that were exchanged are still to come back, or to be inspected: whatever became of what they
    /// were exchanged for, and of the order.
    fn fetches(&self, line: &Line) -> bool {
        let of = self.fulfilment.exchanges.iter().filter(|e| e.line_no == line.no);
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
fn own_return(whole: &Order, r: &mut Return, seller: &PartnerId, own: &impl Fn(u16) -> bool) -> bool {
    let kept = whole.kept_of(r, seller);
    r.lines.retain(|l| own(l.line_no));
    r.fees.retain(|f| f.partner_id == *seller);
    r.fee_refunds.retain(|f| whole.is_fee_of(f.fee_no, seller));
    r.kept_for.retain(|k| whole.exchange_of(k.exchange).is_some_and(|e| own(e.line_no)));
    r.withheld = if kept.is_zero() { Vec::new() } else { vec![Excluded { settlement_no: 0, amount: kept }] };
    !r.lines.is_empty()
}

impl Order {
    fn is_fee_of(&self, fee_no: u16, seller: &PartnerId) -> bool {
        self.fees.iter().any(|f| f.no == fee_no && f.partner_id == *seller)
    }

    /// What a return keeps back for a seller: its fees, for its goods, and its own debts. What it keeps back for others, though
    /// of this seller's goods, is not told; the sellers' parts of one return sum to the whole, but for debts of sellers who
    /// have nothing in it.
    fn kept_of(&self, r: &Return, seller: &PartnerId) -> Won {
        let owns = |no: u16| self.line(no).is_some_and(|l| self.seller_of(l) == Some(seller));
        let of_lines: Won = r.lines.iter().filter(|l| owns(l.line_no)).map(|l| l.withheld_amount).sum();
        let old = |k: &&KeptFor| self.exchange_of(k.exchange).is_some_and(|e| owns(e.line_no));
        let of_old: Won = r.kept_for.iter().filter(old).map(|k| k.amount).sum();
        let debts = |of: &dyn Fn(u16) -> bool| -> Won {
            r.fee_refunds.iter().filter(|b| self.set_off_by(r, b.fee_no) && of(b.fee_no)).map(|b| b.amount).sum()
        };
        let beside: Won = r.lines.iter().map(|l| l.withheld_amount).chain(r.kept_for.iter().map(|k| k.amount)).sum();
        // never more than the goods were worth; then fees of sending the goods out that were spent for nothing
        let rest = r.fee() - beside - debts(&|_| true);
        let goods: Won = r.lines.iter().map(|l| l.amount).sum();
        let due: Won = r.fees.iter().map(|f| f.amount).sum();
        let fees = due.min(goods - beside).min(rest);
        let way = share(fees, r.fees.iter().map(|f| (f.amount, f.partner_id == *seller)));
        let row = |l: &ReturnLine| self.line(l.line_no).map(|k| k.fee_no);
        let rows: Vec<u16> = r.lines.iter().filter_map(row).collect();
        let out = self.fees.iter().filter(|f| rows.contains(&f.no) && f.returned.is_positive());
        let out = out.filter(|f| !r.fee_refunds.iter().any(|b| b.fee_no == f.no));
        let spent = share(rest - fees, out.map(|f| (f.returned, f.partner_id == *seller)));
        of_lines + of_old + debts(&|no| self.is_fee_of(no, seller)) + way + spent
    }

    /// Debts to others than this seller that a return has settled.
    pub(super) fn settled_for_others(&self, r: &Return, seller: &PartnerId) -> Won {
        let others = |b: &&FeeRefund| self.set_off_by(r, b.fee_no) && !self.is_fee_of(b.fee_no, seller);
        r.fee_refunds.iter().filter(others).map(|b| b.amount).sum()
    }

    /// The same of a cancellation.
    pub(super) fn cut_for_others(&self, group: u32, seller: &PartnerId) -> Won {
        let of = self.fulfilment.kept.iter().filter(|(of, _)| *of == group).flat_map(|(_, kept)| &kept.set_off);
        of.filter(|b| !self.is_fee_of(b.fee_no, seller)).map(|b| b.amount).sum()
    }

    /// Whether a return has settled this debt: it does not give a fee back.
    fn set_off_by(&self, r: &Return, fee_no: u16) -> bool {
        let failed = r.exchange.filter(|_| r.exchanging.is_none()).and_then(|g| self.exchange_of(g));
        let debt = |f: &super::state::FeeRow| f.no == fee_no && f.is_unpaid_debt();
        self.fees.iter().any(debt) && failed.and_then(|e| e.fee_no) != Some(fee_no)
    }
}

/// Of `amount`, split over these, what is the seller's.
fn share(amount: Won, over: impl Iterator<Item = (Won, bool)>) -> Won {
    let (weights, own): (Vec<Won>, Vec<bool>) = over.unzip();
    let parts = split_pro_rata(amount, &weights);
    parts.into_iter().zip(own).filter(|(_, own)| *own).map(|(part, _)| part).sum()
}
