//! The kind: money that has settled a debt pays for old goods after all, and the debt is owed again: whole, and once.

use super::{
    acts::{found, give_back, give_up, units},
    claims::{add_product, ask, exchange, order},
    stays::{approve, back, both, come, ends_well, inspect, mind, money, returned, send_new, sent, shop},
    waived,
    world::{World, line, pay, sku},
};
use crate::domain::{
    money::Won,
    order::{
        OrderCommand as C,
        change::preview,
        claim::{Fault, RefundTiming},
    },
};

/// Orders in which it was so.
pub fn worlds() -> Vec<World> {
    let mut worlds = owing_again();
    worlds.extend([twice_kept(), part_owed(), loss_owed()]);
    worlds.extend(waived::worlds());
    worlds
}

/// The kind: old goods that go back to the buyer are paid for, though what would have paid for them has settled a debt: that is
/// owed again.
#[test]
fn money_that_has_settled_a_debt_pays_for_old_goods_first() {
    let lost = || C::ReportStockLoss { lines: vec![units(2, 2)] };
    let rejects = |n: u32| [come(1, 1, n), inspect(1, found(1, (0, 0, n), 0))];
    for lanes in [1, 2] {
        // a return, whose money settles the 6,000 won of the exchange and waits with 4,000
        let mut w = order(shop(lanes), vec![line("a", 3)], &sent());
        ask(&mut w, &[mind(1, 3), add_product(1, Some("b"))]);
        ask(&mut w, &send_new());
        ask(&mut w, &returned(2, 2, 1));
        assert_eq!(money(&w), (4_000, 0, 6_000, 0));
        ask(&mut w, &rejects(3));
        assert_eq!(money(&w), (0, 0, 10_000, 6_000), "{lanes}");
        ends_well(&w);
        // a return and a loss
        let mut w = order(shop(lanes), vec![line("a", 3)], &sent());
        ask(&mut w, &[mind(1, 3), add_product(1, Some("b")), back(2, 1, Fault::Seller), lost()]);
        ask(&mut w, &rejects(3));
        ask(&mut w, &[approve(2)]);
        assert_eq!(money(&w), (0, 3_000, 30_000, 6_000), "{lanes}");
        ends_well(&w);
        // what waits is enough: the debt stays settled
        let mut w = order(shop(lanes), vec![line("a", 3)], &sent());
        ask(&mut w, &[mind(1, 3), add_product(1, Some("b"))]);
        ask(&mut w, &send_new());
        ask(&mut w, &returned(2, 2, 1));
        ask(&mut w, &[come(1, 1, 3), inspect(1, found(1, (2, 1, 0), 3_000))]);
        assert_eq!(money(&w), (0, 1_000, 9_000, 0), "{lanes}");
        ends_well(&w);
    }
}

/// Money that has settled a debt, and pays for old goods after all: of a return; of a return and a loss.
fn owing_again() -> Vec<World> {
    let mut worlds = Vec::new();
    for lost in [false, true] {
        let mut w = order(shop(1), vec![line("a", 3)], &sent());
        ask(&mut w, &[mind(1, 3), add_product(1, Some("b"))]);
        if lost {
            ask(&mut w, &[back(2, 1, Fault::Seller), C::ReportStockLoss { lines: vec![units(2, 2)] }]);
        } else {
            ask(&mut w, &send_new());
            ask(&mut w, &returned(2, 2, 1));
        }
        ask(&mut w, &[come(1, 1, 3), inspect(1, found(1, (0, 0, 3), 0))]);
        worlds.push(w);
    }
    worlds
}

/// Two steps keep something back for one exchange.
fn twice_kept() -> World {
    let mut w = both(1, 2);
    ask(&mut w, &returned(2, 2, 2));
    for _ in 0..2 {
        ask(&mut w, &[C::WriteOffReturn { group: 1, what: give_up(vec![units(1, 1)], Some(4_000)) }]);
    }
    w
}

/// A debt of 6,000 won that a return has settled, of which 3,000 would be enough for the old goods: it is owed whole, and what
/// is left of the refund waits.
fn part_owed() -> World {
    let mut w = order(shop(1), vec![line("a", 3)], &sent());
    ask(&mut w, &[mind(1, 3), add_product(1, Some("b"))]);
    ask(&mut w, &send_new());
    ask(&mut w, &[back(2, 1, Fault::Seller), come(1, 1, 3), inspect(1, found(1, (2, 1, 0), 7_000))]);
    w
}

/// The same of a cancellation: what inspection keeps is more than waits.
fn loss_owed() -> World {
    let mut w = order(shop(1), vec![line("a", 3)], &sent());
    ask(&mut w, &[mind(1, 3), add_product(1, Some("b")), back(2, 1, Fault::Seller)]);
    ask(&mut w, &[C::ReportStockLoss { lines: vec![units(2, 1)] }]);
    ask(&mut w, &[come(1, 1, 3), inspect(1, found(1, (2, 1, 0), 7_000))]);
    w
}

/// The kind: a debt that is owed again is owed whole, is paid once, and is nobody's once it is paid.
#[test]
fn a_debt_is_owed_again_whole_and_paid_once() {
    let mut w = part_owed();
    assert_eq!(money(&w), (3_000, 0, 7_000, 6_000));
    ask(&mut w, &[pay("x", 6_000)]);
    assert_eq!(money(&w).3, 0);
    ask(&mut w, &[C::RejectReturn { group: 2, reason: None }]);
    assert_eq!((money(&w).0, money(&w).3), (0, 0));
    ends_well(&w);
    // unpaid it is settled again by whatever comes back later
    let mut w = part_owed();
    ask(&mut w, &[C::RejectReturn { group: 2, reason: None }]);
    assert_eq!(money(&w).3, 6_000);
    ask(&mut w, &returned(3, 2, 3));
    assert_eq!((money(&w).0, money(&w).3), (0, 0));
    ends_well(&w);
    let w = loss_owed();
    let (waits, goes, kept, owed) = money(&w);
    assert_eq!((waits + goes, kept, owed), (10_000 + 10_000 - 7_000, 7_000, 6_000));
    ends_well(&w);
    let w = twice_kept();
    assert_eq!(money(&w), (0, 15_000, 8_000, 0));
    ends_well(&w);
}

/// The kind: what a line's own goods have lost is not kept back for others' once more.
#[test]
fn what_inspection_keeps_of_a_line_is_not_kept_for_old_goods_too() {
    for old_first in [true, false] {
        let mut w = order(shop(1), vec![line("a", 1), line("b", 1)], &sent());
        ask(&mut w, &[exchange(1, 1), add_product(1, Some("b"))]);
        ask(&mut w, &send_new());
        ask(&mut w, &[C::RequestReturn(give_back(&[(2, 1), (3, 1)], Fault::Seller)), approve(2)]);
        ask(&mut w, &[come(2, 2, 1), come(2, 3, 1)]);
        let inspected = vec![found(2, (1, 0, 0), 0), found(3, (0, 1, 0), 10_000)];
        let new = C::CompleteReturn { group: 2, inspected, fault: None };
        let old = inspect(1, found(1, (0, 0, 1), 0));
        ask(&mut w, &[come(1, 1, 1)]);
        ask(&mut w, &if old_first { vec![old, new] } else { vec![new, old] });
        assert_eq!((money(&w).1, money(&w).2), (13_000, 10_000), "{old_first}");
        ends_well(&w);
    }
}

/// The kind: what another return gave up is not kept of one whose money has gone, so that its inspection goes through.
#[test]
fn nothing_is_kept_for_old_goods_of_money_that_has_gone() {
    let early = |group| C::ApproveReturn { group, timing: Some(RefundTiming::BeforeCollection), fault: None };
    for lanes in [1, 2] {
        let mut w = both(lanes, 2);
        ask(&mut w, &[come(1, 1, 2), inspect(1, found(1, (1, 0, 1), 0))]);
        ask(&mut w, &[back(2, 1, Fault::Seller), back(2, 1, Fault::Seller), early(3)]);
        let gone = money(&w).1;
        ask(&mut w, &[super::acts::withdraw(2), come(3, 2, 1), inspect(3, found(2, (0, 1, 0), 100))]);
        assert_eq!((money(&w).1, money(&w).3), (gone, 100), "{lanes}");
        w.refolds();
    }
}

/// A preview tells what is planned in the end, not what the same command has taken back.
#[test]
fn a_preview_tells_no_refund_that_the_command_takes_back() {
    for (fault, kept) in [(Some(Fault::Seller), 1_000), (None, 1_000), (Some(Fault::Seller), 0)] {
        let mut w = order(shop(1), vec![line("a", 2)], &sent());
        ask(&mut w, &[back(1, 1, Fault::Buyer), approve(1), come(1, 1, 1)]);
        let ends = C::CompleteReturn { group: 1, inspected: vec![found(1, (0, 1, 0), kept)], fault };
        let decision = w.decided(&ends).unwrap();
        let told = preview(w.o(), &decision, w.now).unwrap();
        ask(&mut w, &[ends]);
        let planned: Won = w.o().refunds.iter().filter(|f| f.open()).map(|f| f.amount).sum();
        let fees: Won = w.o().return_of(1).unwrap().fees.iter().map(|f| f.amount).sum();
        assert_eq!(told.refunds.iter().map(|r| r.amount).sum::<Won>(), planned, "{fault:?} {kept}");
        assert_eq!(told.return_fees.iter().map(|f| f.amount).sum::<Won>(), fees, "{fault:?} {kept}");
    }
}

/// A return that comes to more does not open what it has settled for an older debt that it covers now, too.
#[test]
fn a_debt_that_a_return_has_settled_stays_settled_when_the_return_comes_to_more() {
    let goods = [("a", 20_000, 6_000), ("b", 10_000, 3_000), ("c", 10_000, 2_000)];
    let skus = goods.map(|(id, price, fee)| (sku(id, &format!("t-{id}"), price, fee), 0, 9));
    let mut w = order(World::new(skus.to_vec()), goods.map(|(id, ..)| line(id, 1)).to_vec(), &sent());
    ask(&mut w, &[mind(1, 1), add_product(1, None), mind(2, 1), add_product(2, None)]);
    let debts = |w: &World| -> Vec<(i64, i64)> {
        let of = w.o().fees.iter().filter(|f| f.unpaid);
        of.map(|f| (f.amount.get(), f.returned.get())).collect()
    };
    ask(&mut w, &[back(3, 1, Fault::Buyer)]);
    assert_eq!(debts(&w), [(12_000, 0), (6_000, 6_000)], "8,000 won cover the second only");
    let fault = Some(Fault::Seller);
    ask(&mut w, &[C::ApproveReturn { group: 3, timing: None, fault }]);
    assert_eq!(debts(&w), [(12_000, 0), (6_000, 6_000)], "12,000 would have covered the first");
    assert_eq!(money(&w), (6_000, 0, 6_000, 12_000));
    ends_well(&w);
}
