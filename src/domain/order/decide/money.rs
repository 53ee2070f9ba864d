//! Money going back (G 취소·환불; domain §4): how much of a line, which fees, through which settlement.

use super::stays;
use crate::domain::{
    fee::FeeReason,
    ids::OrderId,
    money::Won,
    order::{
        event::{Cut, Excluded, FeeRefund, Kept, PlannedRefund},
        state::{FeeRow, Line, Order, Settlement},
    },
    status::Status,
};

/// What `quantity` of a line's units is worth: pro rata, rounded down; the last units take the remainder, so that the parts
/// always sum to the whole†.
pub fn worth(line: &Line, quantity: u32) -> Won {
    if quantity == line.unsettled() { line.pay_left() } else { line.pay_left().share_down(quantity, line.unsettled()) }
}

/// The fees that go back with these cuts: of rows of which no goods remain (domain §5: a whole cancellation gives the fee
/// back, a part cancellation keeps it where goods of its row remain). Goods in another return that is under way remain: it
/// may be withdrawn. A surcharge (row 14) is for all goods of the order; one that nobody paid yet, for those that are
/// still to go.
pub fn fee_refunds(fees: &[FeeRow], lines: &[Line], cuts: &[Cut]) -> Vec<FeeRefund> {
    let left = |line: &Line| {
        let cut: u32 = cuts.iter().filter(|c| c.line_no == line.no).map(|c| c.quantity).sum();
        line.active() - cut
    };
    let gone = |line: &Line| matches!(line.status, Status::Shipped | Status::PurchaseConfirmed);
    let of = |fee: &FeeRow, line: &Line| {
        if fee.reason == FeeReason::Surcharge { !(fee.unpaid && gone(line)) } else { line.fee_no == fee.no }
    };
    // a gift that goes alone takes nothing with it
    let concerned = |fee: &FeeRow| {
        let goods = |c: &Cut| lines.iter().any(|l| l.no == c.line_no && !l.gift && of(fee, l));
        cuts.iter().any(goods)
    };
    fees.iter()
        .filter(|fee| (fee.amount - fee.returned).is_positive() && !fee.reason.is_debt() && concerned(fee))
        .filter(|fee| lines.iter().filter(|l| of(fee, l) && !l.gift).all(|l| left(l) == 0))
        .map(|fee| FeeRefund { fee_no: fee.no, amount: fee.amount - fee.returned })
        .collect()
}

/// What is left of a fee, to go back.
pub fn left_of(order: &Order, fee_no: u16) -> Option<FeeRefund> {
    let fee = order.fees.iter().find(|f| f.no == fee_no)?;
    let amount = fee.amount - fee.returned;
    amount.is_positive().then_some(FeeRefund { fee_no, amount })
}

/// Debts of the buyer that a refund of `back` covers, whole: they are kept back of it†, the `first` before the others. `taken` are
/// settled already.
pub fn set_off(order: &Order, taken: &[FeeRefund], first: &[FeeRefund], back: Won) -> Vec<FeeRefund> {
    let mut left = back;
    let is_of = |fees: &[FeeRefund], no: u16| fees.iter().any(|t| t.fee_no == no);
    let mut open: Vec<&FeeRow> = order.fees.iter().filter(|f| f.is_unpaid_debt() && !is_of(taken, f.no)).collect();
    open.sort_by_key(|f| !is_of(first, f.no));
    let mut debts = Vec::new();
    for fee in open {
        if let Some(debt) = left_of(order, fee.no).filter(|d| d.amount <= left) {
            left -= debt.amount;
            debts.push(debt);
        }
    }
    debts
}

/// The sum of cuts and of the fees that had been paid.
pub fn total_back(order: &Order, cuts: &[Cut], fees: &[FeeRefund]) -> Won {
    cuts.iter().map(|c| c.amount).sum::<Won>() + paid_fees(order, fees)
}

/// What of these fees had been paid: a surcharge may be still due.
pub fn paid_fees(order: &Order, fees: &[FeeRefund]) -> Won {
    let paid = |back: &&FeeRefund| !order.fees.iter().any(|f| f.no == back.fee_no && f.unpaid);
    fees.iter().filter(paid).map(|f| f.amount).sum()
}

/// Plans `amount` over the settlements: card first, points last†. `first` numbers the keys.
///
/// # Panics
/// When the settlements can't give that much back: the equation of §4 is broken then, and the lane must stop.
pub fn plan(
    id: &OrderId,
    settlements: &[Settlement],
    amount: Won,
    group: Option<u32>,
    first: usize,
) -> Vec<PlannedRefund> {
    let (parts, left) = spread(settlements, amount, |s| s.refundable);
    assert!(left.is_zero(), "order {id}: {left} won of a refund of {amount} find no settlement to go back through");
    let planned = parts.into_iter().zip(first..).map(|((settlement_no, amount), n)| PlannedRefund {
        key: key(id, n),
        settlement_no,
        group,
        return_group: None,
        amount,
        waits_for: None,
    });
    planned.collect()
}

/// Spreads `amount` over the settlements, card first and points last†, each up to its `room`; and what finds none.
fn spread(settlements: &[Settlement], amount: Won, room: impl Fn(&Settlement) -> Won) -> (Vec<(u16, Won)>, Won) {
    let mut by_means: Vec<&Settlement> = settlements.iter().collect();
    by_means.sort_by_key(|s| (s.method, s.no));
    let (mut left, mut parts) = (amount, Vec::new());
    for s in by_means {
        let part = left.min(room(s));
        if part.is_positive() {
            parts.push((s.no, part));
            left -= part;
        }
    }
    (parts, left)
}

/// Plans `amount` for a return of the order.
pub fn plan_return(order: &Order, amount: Won, group: u16) -> Vec<PlannedRefund> {
    let planned = plan(&order.id, &order.settlements, amount, None, order.refunds.len() + 1);
    planned.into_iter().map(|p| PlannedRefund { return_group: Some(group), ..p }).collect()
}

/// The idempotency key of an order's nth refund, from 1.
pub fn key(id: &OrderId, n: usize) -> String {
    format!("rf:{id}:{n}")
}

/// Plans what an order gives back for cuts and fees; nothing while it is unpaid, or when it is paid elsewhere.
pub fn plan_for(order: &Order, cuts: &[Cut], fees: &[FeeRefund], group: u32) -> Vec<PlannedRefund> {
    if !order.settles_here() {
        return Vec::new();
    }
    plan(&order.id, &order.settlements, total_back(order, cuts, fees), Some(group), order.refunds.len() + 1)
}

/// The same of an order that stands: debts that the refund covers are kept back of it, and what the goods were exchanged from
/// and the buyer has still.
pub fn plan_cut(
    order: &Order,
    cuts: &[Cut],
    fees: &[FeeRefund],
    group: u32,
) -> (Vec<PlannedRefund>, Option<Box<Kept>>) {
    if !order.settles_here() {
        return (Vec::new(), None);
    }
    let back = total_back(order, cuts, fees);
    let kept_for = stays::kept_for(order, cuts.iter().map(|c| (c.line_no, c.amount)), None, back);
    let old: Won = kept_for.iter().map(|k| k.amount).sum();
    let set_off = set_off(order, fees, &[], back - old);
    let kept = old + set_off.iter().map(|d| d.amount).sum();
    let refunds = plan(&order.id, &order.settlements, back - kept, Some(group), order.refunds.len() + 1);
    let withheld = withhold(&order.settlements, &refunds, kept);
    (refunds, kept.is_positive().then(|| Box::new(Kept { set_off, kept_for, withheld })))
}

/// Keeps `amount` back (환불제외) of what the settlements still can give once `planned` is planned, card first.
pub fn withhold(settlements: &[Settlement], planned: &[PlannedRefund], amount: Won) -> Vec<Excluded> {
    let gone = |s: &Settlement| -> Won { planned.iter().filter(|p| p.settlement_no == s.no).map(|p| p.amount).sum() };
    let (parts, left) = spread(settlements, amount, |s| s.refundable - gone(s));
    assert!(left.is_zero(), "{left} won of a fee of {amount} find no settlement to be kept back of");
    parts.into_iter().map(|(settlement_no, amount)| Excluded { settlement_no, amount }).collect()
}
