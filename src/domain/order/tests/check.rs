//! What must be true of an order after every event, and of it and its stock when nothing is under way.

use std::collections::BTreeSet;

use super::world::{World, pay, pay_unvouched};
use crate::domain::{
    money::Won,
    order::{
        Event, Order, OrderCommand as C,
        claim::{Exchange, ExchangeState, Return, ReturnState},
        register::PaymentKey,
        state::{Line, Placement, PointsKind, Refund, ReserveState},
    },
    reason::Reason,
    status::{Status, may_go},
};

/// R8, R9, R10.
pub fn check(before: Option<&Order>, o: &Order) {
    money(o);
    for l in &o.lines {
        quantities(o, l);
        entitled(o, l);
    }
    let Some(before) = before.filter(|b| b.placement != Placement::Failed) else { return };
    assert_eq!(o.version, before.version + 1, "R7");
    for (was, is) in before.lines.iter().zip(&o.lines) {
        let (from, to) = (was.shown(), is.shown());
        let short = from == Status::PaymentPending && to == Status::OutOfStock;
        let placing = before.placement == Placement::Reserving && short;
        let kind = (o.installs(), was.moved_in.is_some());
        assert!(may_go(from, to, was.status, kind) || placing, "R10: line {} {from:?} became {to:?}", is.no);
    }
}

/// No debt stands that a refund of goods would have covered.
pub fn settles_debts(event: &Event, o: &Order) {
    #[expect(clippy::wildcard_enum_match_arm, reason = "others plan no refund of goods")]
    let refunds = match event {
        Event::Cut { refunds, .. } => refunds,
        Event::ReturnRequested(r) => &r.refunds,
        _ => return,
    };
    let back: Won = refunds.iter().map(|r| r.amount).sum();
    let open = o.fees.iter().filter(|f| f.unpaid && f.reason.is_debt()).map(|f| f.amount - f.returned);
    let covered = open.clone().find(|due| due.is_positive() && *due <= back);
    assert_eq!(covered, None, "{back} won go back beside it: {event:?}");
}

/// An exchange that came to nothing costs nothing.
fn costs_nothing(o: &Order, e: &Exchange) {
    let came_to_nothing = matches!(e.state, ExchangeState::Failed | ExchangeState::Rejected);
    let Some(fee) = o.fees.iter().find(|f| came_to_nothing && Some(f.no) == e.fee_no && f.unpaid) else { return };
    let standing = o.fulfilment.returns.iter().filter(|r| r.exchange != Some(e.group));
    let standing = standing.filter(|r| !matches!(r.state, ReturnState::Rejected | ReturnState::Withdrawn));
    let set_off = standing.flat_map(|r| &r.fee_refunds).chain(o.fulfilment.kept.iter().flat_map(|(_, k)| &k.set_off));
    let set_off: Won = set_off.filter(|b| b.fee_no == fee.no).map(|b| b.amount).sum();
    assert_eq!((set_off, fee.amount), (Won::ZERO, fee.returned), "{e:?}");
}

/// R8.
fn money(o: &Order) {
    for s in &o.settlements {
        assert!(s.balanced(), "R8: {s:?}");
        let of = || o.refunds.iter().filter(|r| r.settlement_no == s.no);
        let planned: Won = of().filter(|r| r.open()).map(|r| r.amount).sum();
        let refunded: Won = of().filter(|r| r.done()).map(|r| r.amount).sum();
        assert_eq!((s.planned, s.refunded), (planned, refunded), "R8: settlement {} and its refunds", s.no);
        assert!(planned + refunded <= s.paid, "no payment gives back more than it brought: {s:?}");
    }
    let payments: Vec<PaymentKey> = o.settlements.iter().filter_map(|s| o.key_of(s)).collect();
    let distinct: std::collections::HashSet<&PaymentKey> = payments.iter().collect();
    assert_eq!(distinct.len(), payments.len(), "a payment counts once: {payments:?}");
    let keys: BTreeSet<&str> = o.refunds.iter().map(|r| r.key.as_str()).collect();
    assert_eq!(keys.len(), o.refunds.len(), "a refund's key is its own: {:?}", o.refunds);
    let goods: Won = o.lines.iter().map(|l| l.refunded).sum();
    let standing = |r: &&Return| !matches!(r.state, ReturnState::Rejected | ReturnState::Withdrawn);
    let returned = o.fulfilment.returns.iter().filter(standing).flat_map(|r| &r.lines).map(|l| l.amount);
    let parts: Won = o.cancels.iter().map(|c| c.amount).chain(returned).sum();
    assert_eq!(goods, parts, "R8: parts sum to the whole");
    if o.settles_here() {
        let left: Won = o.settlements.iter().map(|s| s.refundable).sum();
        let due = o.amount_due() - o.surcharge_due();
        let planned_with_the_event = o.placement == Placement::Done;
        assert!(!planned_with_the_event || left == due, "R8: {left} left for {due} due");
    }
    let amounts = o.amounts();
    let pays: Won = o.lines.iter().map(Line::pay).sum();
    assert_eq!(amounts.goods - amounts.discount, pays, "R8: the lines' parts are the goods' total");
    total(o);
    for f in &o.fees {
        assert!(!f.returned.is_negative() && f.returned <= f.amount, "a fee goes back once: {f:?}");
    }
    let points = |kind| o.points.iter().filter(|p| p.kind == kind).map(|p| p.amount).sum::<Won>();
    let earned: Won = o.lines.iter().map(|l| l.points_earned).sum();
    assert_eq!(points(PointsKind::Earned) - points(PointsKind::Reversed), earned);
    assert!(o.lines.iter().all(|l| !l.points_earned.is_negative()));
}

/// What is due now or was paid and stays so, reckoned up another way than the order does: while it is unpaid by what was ordered
/// and cut, then by what its settlements can still give back.
fn total(o: &Order) {
    let surcharges: Won = o.fees.iter().filter(|f| f.unpaid).map(|f| f.amount - f.returned).sum();
    let ordered: Won = o.lines.iter().map(|l| l.unit_price.times(l.ordered) - l.discount()).sum();
    let cut: Won = o.cancels.iter().map(|c| c.amount).sum();
    let fees: Won = o.fees.iter().map(|f| f.amount - f.returned).sum();
    let paid: Won = o.settlements.iter().map(|s| s.refundable).sum();
    let unpaid = o.paid_at.is_none();
    let (total, due) = match (&o.placement, o.status()) {
        (Placement::Failed, _) | (_, Status::PaymentExpired | Status::PaymentCancelled) => (Won::ZERO, Won::ZERO),
        (Placement::Reserving | Placement::Done, _) if unpaid => (ordered - cut + fees, ordered - cut + fees),
        (Placement::Done, _) if o.settles_here() => (paid + surcharges, surcharges),
        // linked orders, and what waits for other lanes: their own sums only
        (Placement::Reserving | Placement::Done, _) => (o.total(), surcharges),
    };
    let amounts = o.amounts();
    assert_eq!((o.total(), o.due_now()), (total, due), "what is owed: {o:#?}");
    assert_eq!((amounts.total, amounts.due, amounts.fees), (total, due, fees));
    let awaited: Won = o.settlements.iter().map(|s| s.expected).filter(|_| unpaid).sum();
    assert!(awaited.is_zero() || awaited == due, "a deposit of {awaited} is awaited, {due} are due");
}

/// R9.
fn quantities(o: &Order, l: &Line) {
    assert_eq!(l.ordered, l.active() + l.cancelled + l.returned + l.exchanged, "R9: {l:?}");
    assert!(l.held + l.deducted <= l.ordered - l.cancelled, "more was taken than is wanted: {l:?}");
    let open = o.fulfilment.returns.iter().filter(|r| !r.state.ended());
    let returning: u32 = open.flat_map(|r| &r.lines).filter(|k| k.line_no == l.no).map(|k| k.quantity).sum();
    assert_eq!(l.return_accepted, l.returned + returning, "R9: units under return: {l:?}");
    let left = l.active() > 0 || o.placement == Placement::Failed || o.paid_at.is_none();
    assert!(!l.pay_left().is_negative() && (left || l.pay_left().is_zero()), "{l:?}");
    let (free, claimed) = (l.free(), l.returning + l.exchanging);
    assert!(free > 0 || claimed > 0 || l.status.is_terminal(), "nothing of it is left, and it has not ended: {l:?}");
    // a gift that is waived stays deducted; nothing that is wanted is without its units
    let _ = (l.to_deliver(), l.unsettled(), o.outstanding(l));
}

/// Gifts are no more than the goods that they came with were entitled to.
fn entitled(o: &Order, l: &Line) {
    let (Some(e), Some(main)) = (l.entitled, l.main_line_no.and_then(|no| o.line(no))) else { return };
    let asked: u32 = beside(o, l).map(|k| k.ordered).sum();
    assert!(asked <= e.of(main.ordered), "more gifts than the goods were entitled to: {l:?}");
}

/// The gifts of the same promotion and main line.
fn beside<'a>(o: &'a Order, l: &'a Line) -> impl Iterator<Item = &'a Line> {
    let by = |l: &Line| (l.main_line_no, l.gift_promotion_id.clone());
    o.lines.iter().filter(move |k| k.entitled.is_some() && by(k) == by(l))
}

/// Gifts that have not left are, with those that have, no more than the units that are left entitle to.
fn entitled_still(o: &Order, l: &Line) {
    let here = l.free() > 0 && !matches!(l.status, Status::Shipped | Status::PurchaseConfirmed);
    let Some(e) = l.entitled.filter(|_| here) else { return };
    let kept: u32 = beside(o, l).map(Line::free).sum();
    let goods: u32 = o.family(l).map(Line::active).sum();
    assert!(kept <= e.of(goods), "gifts stay without their goods: {l:?}");
}

/// What must be true after every decision: nothing of an order that was wholly refunded is left to ship.
pub fn decided(o: &Order) {
    if o.placement != Placement::Done {
        return;
    }
    o.lines.iter().for_each(|l| entitled_still(o, l));
    if o.paid_at.is_none() {
        return;
    }
    all_back(o);
    for gift in o.lines.iter().filter(|l| l.gift && l.free() > 0 && !l.status.is_terminal()) {
        let mut family = o.family(gift);
        assert!(family.any(|l| l.active() > 0), "a gift is alone: {gift:?} of {:#?}", o.lines);
    }
    let out = |e: &&Exchange| e.collection.as_ref().is_some_and(|c| !c.settled());
    for e in o.fulfilment.exchanges.iter().filter(out) {
        let after: Vec<u16> = o.lines.iter().map(|l| l.no).filter(|no| o.owed_for(*no).contains(&e)).collect();
        let of = |f: &&Refund| {
            let r = f.return_group.and_then(|g| o.return_of(g));
            r.is_some_and(|r| r.lines.iter().any(|l| after.contains(&l.line_no)))
        };
        let early = o.refunds.iter().find(|f| of(f) && f.done());
        assert!(early.is_none(), "{early:?} went back, and the goods of exchange {} are still out", e.group);
    }
    for e in &o.fulfilment.exchanges {
        paid_for(o, e);
        costs_nothing(o, e);
    }
    for c in o.fulfilment.exchanges.iter().filter_map(|e| e.collection.as_ref()) {
        assert!(c.collected + c.given_up <= c.quantity && c.back <= c.collected, "{c:?}");
    }
    for l in o.fulfilment.returns.iter().flat_map(|r| &r.lines) {
        assert!(l.collected + l.written_off <= l.quantity && l.back <= l.quantity, "{l:?}");
        assert!(
            l.withheld_amount <= l.amount && !l.withheld_amount.is_negative(),
            "no more is kept back than was paid: {l:?}"
        );
    }
}

/// A unit that went back to the buyer is paid for: what replaced it gives its worth back no more.
fn paid_for(o: &Order, e: &Exchange) {
    let Some(c) = e.collection.as_ref().filter(|c| c.with_buyer > 0 && o.settles_here()) else { return };
    let after = |no: u16| o.led_to(no).any(|k| k.group == e.group);
    let of = |r: &Return, no: u16| after(no) || (r.exchange == Some(e.group) && no == e.line_no);
    let standing =
        o.fulfilment.returns.iter().filter(|r| !matches!(r.state, ReturnState::Rejected | ReturnState::Withdrawn));
    let back = standing.map(|r| {
        let goods: Won = r.lines.iter().filter(|l| of(r, l.line_no)).map(|l| l.amount).sum();
        goods - goods.min(r.fee())
    });
    let cut = o.cancels.iter().filter(|k| after(k.line_no)).map(|k| k.amount);
    let kept = o.fulfilment.kept.iter().flat_map(|(_, k)| &k.kept_for).filter(|k| k.exchange == e.group);
    let kept: Won = kept.map(|k| k.amount).sum();
    let back = back.chain(cut).sum::<Won>() - kept;
    let theirs = e.moved.share_down(c.with_buyer, e.quantity);
    assert!(
        back + theirs <= e.moved + c.withheld_amount,
        "the buyer has {} units of it for nothing: {e:?}",
        c.with_buyer
    );
}

/// Where no money is left, nothing is left to ship: but for goods that cost nothing, and the gifts of those.
fn all_back(o: &Order) {
    if !o.settles_here() || !o.settlements.iter().all(|s| s.refundable.is_zero()) {
        return;
    }
    let worthless = |l: &Line| l.pay().is_zero() && l.active() > 0;
    let for_nothing = |l: &Line| if l.gift { o.family(l).any(worthless) } else { worthless(l) };
    let live = |l: &&Line| l.free() > 0 && !l.status.is_terminal() && l.status != Status::Shipped;
    let left = o.lines.iter().filter(live).find(|l| !for_nothing(l));
    assert_eq!(left, None, "its money is all gone: {:#?}", o.settlements);
}

/// Units of a line that a buyer has and that are no part of the order any more: waived, written off, or exchanged and still
/// to come.
pub fn with_the_buyer(o: &Order, l: &Line) -> u32 {
    let done = o.fulfilment.returns.iter().filter(|r| r.state == ReturnState::Completed).flat_map(|r| &r.lines);
    let kept: u32 = done.filter(|k| k.line_no == l.no && k.shipped && !k.restocked).map(|k| k.quantity - k.back).sum();
    let swapped = o.fulfilment.exchanges.iter().filter(|e| e.line_no == l.no && e.new_line_no.is_some() && e.shipped);
    let swapped = swapped.filter(|e| !matches!(e.state, ExchangeState::Failed | ExchangeState::Rejected));
    let out: u32 = swapped.map(|e| e.quantity - e.collection.as_ref().map_or(0, |c| c.back)).sum();
    // of an exchange that failed after its goods were given up
    let lost =
        o.fulfilment.returns.iter().flat_map(|r| &r.lines).filter(|k| k.line_no == l.no && k.restocked && k.shipped);
    let failed = o.fulfilment.exchanges.iter().filter(|e| e.line_no == l.no && e.state == ExchangeState::Failed);
    let back: u32 = failed.filter_map(|e| e.collection.as_ref()).map(|c| c.back).sum();
    kept + out + lost.map(|k| k.quantity).sum::<u32>().saturating_sub(back)
}

impl World {
    /// The total is what would be refused if one won differed: of the buyer's side. Of the payment side's it is taken, and goes
    /// back.
    pub fn one_won(&self) {
        let Some(o) = self.order.as_ref().filter(|o| o.placement == Placement::Done) else { return };
        let pending = o.status() == Status::PaymentPending && o.deadline.is_some_and(|d| self.now < d);
        let due = if pending { o.total() } else { o.surcharge_due() }.get();
        if !pending && due == 0 {
            return;
        }
        let deposit = |amount: i64| C::ConfirmDeposit { amount: Won::new(amount), payment_id: Some("one-won".into()) };
        let note = |command: &C| self.decided(command).unwrap_or_else(|e| panic!("{command:?}: {}", e.message())).note;
        assert_eq!(note(&pay_unvouched("one-won", due)), None, "{due} won are due: {o:#?}");
        if o.deposit.is_some() && due > 0 {
            assert_eq!(note(&deposit(due)), None, "{due} won are due: {o:#?}");
        }
        // of several that are due, those that hold shipping up may be paid by themselves
        let to_ship = if pending { 0 } else { o.due_before_shipping().get() };
        if to_ship > 0 {
            assert_eq!(note(&pay_unvouched("one-won", to_ship)), None, "{to_ship} won hold shipping up: {o:#?}");
        }
        let near = [due - 1, due + 1, to_ship - 1, to_ship + 1].into_iter();
        for other in near.filter(|n| *n > 0 && *n != due && *n != to_ship) {
            let refusal = self.decided(&pay_unvouched("one-won", other)).expect_err("another amount");
            assert_eq!((refusal.reason, refusal.facts.due), (Reason::AmountMismatch, Some(Won::new(due))), "{other}");
            assert_eq!(note(&pay("one-won", other)), Some(Reason::AmountMismatch));
            if o.deposit.is_some() {
                assert_eq!(note(&deposit(other)), Some(Reason::AmountMismatch));
            }
        }
    }

    /// R3, at any time.
    pub fn stock_is_conserved(&self) {
        for (sku, s) in &self.stocks {
            assert!(s.on_hand >= 0 && s.held >= 0 && s.sold >= 0, "{s:?}");
            assert_eq!(self.came.get(sku).copied().unwrap_or(0), s.on_hand + s.held + s.sold, "R3: {sku}");
        }
    }

    /// What the lines say they have is what the stock says they have, once nothing is under way.
    pub fn at_rest(&self) {
        let orders: Vec<&Order> = self.order.iter().collect();
        self.all_at_rest(&orders);
    }

    /// The same of several orders that share the stock.
    pub fn all_at_rest(&self, orders: &[&Order]) {
        assert!(self.steps.is_empty() && self.replies.is_empty());
        for o in orders {
            rested(o);
        }
        if orders.is_empty() {
            return;
        }
        self.none_vanish(orders);
        for (info, _) in &self.skus {
            let lines = || orders.iter().flat_map(|o| &o.lines).filter(|l| l.sku_id == info.sku_id);
            let s = &self.stocks[&info.sku_id];
            assert_eq!(s.held, lines().map(|l| i64::from(l.held)).sum::<i64>(), "held of {}", info.sku_id);
            let away = s.sold - self.back.get(&info.sku_id).copied().unwrap_or(0);
            assert_eq!(away, lines().map(|l| i64::from(l.deducted)).sum::<i64>(), "deducted of {}", info.sku_id);
            for c in &info.campaigns {
                let used = s.campaigns.get(&c.id).map_or(0, |u| u.used);
                let of_sale = lines().filter(|l| l.campaign_id.as_ref() == Some(&c.id));
                let has: i64 = of_sale.map(|l| i64::from(l.held + l.deducted)).sum();
                assert_eq!(used, has, "what the sale counts of {}", info.sku_id);
            }
        }
    }
}

fn rested(o: &Order) {
    assert!(o.placement != Placement::Reserving, "the placement hangs");
    assert!(o.reservations.iter().all(|r| r.state != ReserveState::Asked), "a reservation hangs");
    assert_eq!(o.unjudged().count(), 0, "a line hangs");
    let paid = o.placement == Placement::Done && o.paid_at.is_some();
    // an installer's work takes none
    for l in o.lines.iter().filter(|_| paid && !o.installs()) {
        // those whose stock came back before their return ends
        let open = o.fulfilment.returns.iter().filter(|r| !r.state.ended()).flat_map(|r| &r.lines);
        let early: u32 = open.filter(|k| k.line_no == l.no && k.restocked).map(|k| k.quantity).sum();
        assert_eq!(l.deducted, l.active() + with_the_buyer(o, l) - early, "units are nowhere: {l:?}");
    }
}
