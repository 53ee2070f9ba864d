//! The kind: goods that stay at the buyer's are paid for, whatever gives back what they were exchanged for, and whenever; and
//! a debt that a refund has settled comes back once it is owed no more.

use super::{
    acts::{delivery, found, give_back, give_up, units},
    claims::{add_product, ask, exchange, order, procured, shipped},
    world::{World, card, line, pay, place, sku},
};
use crate::domain::{
    catalog::SkuInfo,
    ids::{PartnerId, ProductId},
    money::Won,
    order::{
        OrderCommand as C,
        claim::{ClaimReason, ExchangeResolution, ExchangeState, Fault, ReturnState},
        command::{Found, Paid, PaymentMethod, PaymentOffer},
        delivery::DeliveredBy,
    },
    status::Status,
    stock::{Move, Stock},
};

const ALL: Vec<u16> = Vec::new();

/// Goods "a" and "b" of one product, 10,000 won and 3,000 won of shipping, in so many lanes.
pub(super) fn shop(lanes: u32) -> World {
    let b = SkuInfo { product_id: ProductId::stored("p-a"), ..sku("b", "t", 10_000, 3_000) };
    World::new(vec![(sku("a", "t", 10_000, 3_000), 0, 9), (b, 1 % lanes, 9)])
}

pub(super) fn sent() -> Vec<C> {
    let mut path = shipped();
    path.push(delivery(DeliveredBy::Forced, ALL));
    path
}

/// What is new is procured and sent, too.
pub(super) fn send_new() -> Vec<C> {
    vec![
        C::UseOwnStock { lines: ALL },
        C::CompleteProcurement { lines: ALL },
        C::Ship { lines: ALL, in_transit: true, waybills: Vec::new() },
        delivery(DeliveredBy::Forced, ALL),
    ]
}

pub(super) fn back(line_no: u16, quantity: u32, fault: Fault) -> C {
    C::RequestReturn(give_back(&[(line_no, quantity)], fault))
}

pub(super) fn approve(group: u16) -> C {
    C::ApproveReturn { group, timing: None, fault: None }
}

/// Collected by name, so that it means no other claim's goods.
pub(super) fn come(group: u16, line_no: u16, quantity: u32) -> C {
    C::CollectReturn { group, lines: vec![units(line_no, quantity)] }
}

pub(super) fn inspect(group: u16, found: Found) -> C {
    C::CompleteReturn { group, inspected: vec![found], fault: None }
}

/// A return of `n` units of line `no`, from its request to its end.
pub(super) fn returned(group: u16, no: u16, n: u32) -> Vec<C> {
    vec![back(no, n, Fault::Seller), approve(group), come(group, no, n), inspect(group, found(no, (n, 0, 0), 0))]
}

/// What waits, what may go or went, what is kept back, what is owed.
pub(super) fn money(w: &World) -> (i64, i64, i64, i64) {
    let of = |waits: bool| {
        let open = w.o().refunds.iter().filter(|f| f.open() || f.done());
        open.filter(|f| (f.next_attempt_at().is_none() && !f.done()) == waits).map(|f| f.amount).sum::<Won>().get()
    };
    let kept: Won = w.o().settlements.iter().map(|s| s.excluded).sum();
    (of(true), of(false), kept.get(), w.o().surcharge_due().get())
}

/// `n` units of "a" at the buyer's, exchanged for "b" which is there, too.
pub(super) fn both(lanes: u32, n: u32) -> World {
    let mut w = order(shop(lanes), vec![line("a", n)], &sent());
    ask(&mut w, &[exchange(1, n), add_product(1, Some("b"))]);
    ask(&mut w, &send_new());
    w
}

pub(super) fn ends_well(w: &World) {
    w.at_rest();
    w.refolds();
}

/// The audit's sequence: what replaced the goods came back first, and its money waits.
#[test]
fn money_that_waits_does_not_go_whole_while_the_old_goods_are_the_buyers() {
    for lanes in [1, 2] {
        // what inspection says of two old units, the refund of two new ones: 20,000 won and the shipping
        for (old, goes) in [
            (found(1, (0, 0, 2), 0), 3_000),
            (found(1, (1, 0, 1), 0), 13_000),
            (found(1, (0, 2, 0), 5_000), 18_000),
            (found(1, (0, 1, 1), 4_000), 9_000),
            // which of them it is kept back for: what is damaged, else what is sent back, never both
            (found(1, (1, 0, 1), 10_000), 13_000),
            (found(1, (1, 0, 1), 4_000), 13_000),
            // what is kept back for the ones that are sent back is no more than they are worth
            (found(1, (0, 0, 2), 20_000), 3_000),
            (found(1, (2, 0, 0), 0), 23_000),
        ] {
            let mut w = both(lanes, 2);
            ask(&mut w, &returned(2, 2, 2));
            assert_eq!(money(&w), (23_000, 0, 0, 0));
            ask(&mut w, &[come(1, 1, 2), inspect(1, old.clone())]);
            assert_eq!(money(&w), (0, goes, 23_000 - goes, 0), "{old:?}");
            ends_well(&w);
        }
    }
}

/// The other order, and every point of the return: it is only asked for, approved, or asked for after the inspection.
#[test]
fn whenever_the_new_goods_are_given_back_the_old_ones_are_paid_for() {
    for (before, lanes) in [(0, 1), (1, 2), (2, 1), (3, 2), (4, 1)] {
        let mut w = both(lanes, 1);
        let path = returned(2, 2, 1);
        ask(&mut w, &path[..before]);
        ask(&mut w, &[come(1, 1, 1), inspect(1, found(1, (0, 0, 1), 0))]);
        ask(&mut w, &path[before..]);
        assert_eq!(money(&w), (0, 3_000, 10_000, 0), "{before}");
        ends_well(&w);
    }
    // what is charged for the old ones is not kept back once more
    for (kept, owed) in [(10_000, 10_000), (4_000, 4_000), (0, 0)] {
        let mut w = both(1, 2);
        ask(&mut w, &[come(1, 1, 2), inspect(1, found(1, (1, 0, 1), kept))]);
        assert_eq!(money(&w), (0, 0, 0, owed));
        ask(&mut w, &returned(2, 2, 2));
        assert_eq!(money(&w), (0, 13_000, 10_000, 0), "{kept}");
        ends_well(&w);
    }
    // of three the first that are given back pay for the two that stay
    let mut w = both(1, 3);
    ask(&mut w, &[come(1, 1, 3), inspect(1, found(1, (1, 0, 2), 0))]);
    let mut gone = 0;
    for (group, more) in [(2, 0), (3, 0), (4, 13_000)] {
        ask(&mut w, &returned(group, 2, 1));
        gone += more;
        assert_eq!(money(&w).1, gone, "return {group}");
    }
    ends_well(&w);
    // through a chain, by a pickup, and with a fee of the way back
    for fault in [Fault::Seller, Fault::Buyer] {
        let mut w = both(1, 1);
        ask(&mut w, &[come(1, 1, 1), inspect(1, found(1, (0, 0, 1), 0)), exchange(2, 1), add_product(2, Some("a"))]);
        ask(&mut w, &send_new());
        ask(&mut w, &[come(2, 2, 1), inspect(2, found(2, (1, 0, 0), 0))]);
        let wants =
            C::RequestExchange { line_no: 3, quantity: 1, reason: ClaimReason::ChangeOfMind, fault, wanted: None };
        let pickup = C::ApproveExchange {
            group: 3,
            resolution: ExchangeResolution::Pickup,
            sku_id: None,
            fault: None,
            waived: None,
        };
        ask(&mut w, &[wants, pickup]);
        let group = w.o().fulfilment.returns.last().unwrap().group;
        ask(&mut w, &[come(group, 3, 1), inspect(group, found(3, (1, 0, 0), 0))]);
        let goes = if fault == Fault::Seller { 3_000 } else { 0 };
        assert_eq!(money(&w).1, goes, "{fault:?}");
        ends_well(&w);
    }
}

/// A return that is undone gives up what it kept back; the next one keeps it.
#[test]
fn a_return_that_is_undone_keeps_nothing_back() {
    for undo in [C::RejectReturn { group: 2, reason: None }, super::acts::withdraw(2)] {
        for before in [true, false] {
            let mut w = both(2, 2);
            let old = [come(1, 1, 2), inspect(1, found(1, (0, 1, 1), 2_000))];
            let asked = back(2, 2, Fault::Seller);
            ask(&mut w, &if before { vec![asked] } else { Vec::new() });
            ask(&mut w, &old);
            if !before {
                ask(&mut w, &[asked_again()]);
            }
            ask(&mut w, std::slice::from_ref(&undo));
            let (waits, gone, kept, owed) = money(&w);
            assert_eq!((waits, gone, kept), (0, 0, 0));
            ask(&mut w, &returned(3, 2, 2));
            assert_eq!((money(&w).1, owed), (11_000, if before { 0 } else { 2_000 }));
            ends_well(&w);
        }
    }
}

fn asked_again() -> C {
    back(2, 2, Fault::Seller)
}

/// What is charged for goods that never came is cut out of what waits for them, too.
#[test]
fn what_is_charged_for_lost_goods_is_cut_out_of_what_waits_for_them() {
    for (charge, kept) in [(None, 0), (Some(4_000), 4_000), (Some(10_000), 10_000)] {
        for refund in [0, 1, 4] {
            let mut w = both(1, 1);
            ask(&mut w, &returned(2, 2, 1)[..refund]);
            ask(&mut w, &[C::WriteOffReturn { group: 1, what: give_up(Vec::new(), charge) }]);
            ask(&mut w, &returned(2, 2, 1)[refund..]);
            assert_eq!(money(&w), (0, 13_000 - kept, kept, 0), "{charge:?} {refund}");
            ends_well(&w);
        }
    }
}

/// Over several payments what goes is the card's first, and what is kept back is of what is left.
#[test]
fn several_payments_keep_back_in_their_order() {
    let points =
        Paid { method: PaymentMethod::Points, amount: Won::new(8_000), approval_id: "pt".into(), movement_id: None };
    let mut w = shop(1);
    let paid = PaymentOffer::Approved(vec![card("k", 5_000), points]);
    ask(&mut w, &[place(vec![line("a", 1)], false, paid)]);
    ask(&mut w, &sent());
    ask(&mut w, &[exchange(1, 1), add_product(1, Some("b"))]);
    ask(&mut w, &send_new());
    ask(&mut w, &returned(2, 2, 1));
    ask(&mut w, &[come(1, 1, 1), inspect(1, found(1, (0, 0, 1), 0))]);
    let of: Vec<_> = w.o().settlements.iter().map(|s| (s.planned.get(), s.excluded.get())).collect();
    assert_eq!(of, [(3_000, 2_000), (0, 8_000)]);
    ends_well(&w);
}

pub(super) fn mind(line_no: u16, quantity: u32) -> C {
    let (reason, fault) = (ClaimReason::ChangeOfMind, Fault::Buyer);
    C::RequestExchange { line_no, quantity, reason, fault, wanted: None }
}

/// Lines of "a" and "b" at the buyer's; of the first an exchange that costs 6,000 won, which a return of the second has set off.
fn set_off(lanes: u32, n: u32, so_far: usize) -> World {
    let mut w = order(shop(lanes), vec![line("a", n), line("b", 1)], &sent());
    ask(&mut w, &[mind(1, n), add_product(1, Some("b"))]);
    assert_eq!(money(&w), (0, 0, 0, 6_000));
    ask(&mut w, &returned(2, 2, 1)[..so_far]);
    assert_eq!((money(&w).2, money(&w).3), (6_000, 0));
    w
}

/// The kind: what is kept back for old goods is kept back of the line that replaced them, and once.
#[test]
fn a_line_pays_for_its_own_old_goods_only() {
    let both_back = || C::RequestReturn(give_back(&[(2, 1), (3, 1)], Fault::Seller));
    let rejects =
        C::CompleteReturn { group: 2, inspected: vec![found(2, (1, 0, 0), 0), found(3, (0, 0, 1), 0)], fault: None };
    let withdraws = C::WithdrawReturn { group: 2, lines: vec![units(3, 1)], by_buyer: true };
    for lanes in [1, 2] {
        for end in [
            vec![withdraws.clone(), come(2, 2, 1), inspect(2, found(2, (1, 0, 0), 0))],
            vec![come(2, 2, 1), come(2, 3, 1), rejects.clone()],
        ] {
            let mut w = order(shop(lanes), vec![line("a", 1), line("b", 1)], &sent());
            ask(&mut w, &[exchange(1, 1), add_product(1, Some("b"))]);
            ask(&mut w, &send_new());
            ask(&mut w, &[come(1, 1, 1), inspect(1, found(1, (0, 0, 1), 0)), both_back(), approve(2)]);
            ask(&mut w, &end);
            assert_eq!(money(&w), (0, 10_000, 0, 0), "{lanes} {end:?}");
            ends_well(&w);
        }
        // through a chain both old goods go back to the buyer: the last line gives back nothing, the other one all of its own
        let mut w = order(shop(lanes), vec![line("a", 1), line("b", 1)], &sent());
        ask(&mut w, &[exchange(1, 1), add_product(1, Some("b"))]);
        ask(&mut w, &send_new());
        ask(&mut w, &[exchange(3, 1), add_product(2, Some("b"))]);
        ask(&mut w, &send_new());
        ask(&mut w, &[C::RequestReturn(give_back(&[(2, 1), (4, 1)], Fault::Seller)), approve(3)]);
        ask(&mut w, &[come(3, 2, 1), come(3, 4, 1)]);
        let inspected = vec![found(2, (1, 0, 0), 0), found(4, (1, 0, 0), 0)];
        ask(&mut w, &[C::CompleteReturn { group: 3, inspected, fault: None }]);
        ask(&mut w, &[come(1, 1, 1), inspect(1, found(1, (0, 0, 1), 0))]);
        ask(&mut w, &[come(2, 3, 1), inspect(2, found(3, (0, 0, 1), 0))]);
        assert_eq!(money(&w).2, 10_000, "{lanes}");
        ends_well(&w);
    }
}

/// The audit's sequence: the exchange fails, and its fee is owed no more.
#[test]
fn a_fee_that_was_set_off_comes_back_when_the_exchange_fails() {
    for (lanes, so_far) in [(1, 4), (2, 4), (1, 1), (2, 2), (1, 3)] {
        let mut w = set_off(lanes, 1, so_far);
        ask(&mut w, &[C::ReportStockLoss { lines: vec![units(3, 1)] }]);
        assert_eq!(w.o().exchange_of(1).unwrap().state, ExchangeState::Failed);
        assert_eq!((money(&w).2, money(&w).3), (0, 0), "{lanes} {so_far}");
        ask(&mut w, &returned(2, 2, 1)[so_far..]);
        let group = w.o().fulfilment.returns.last().unwrap().group;
        ask(&mut w, &[come(group, 1, 1), inspect(group, found(1, (1, 0, 0), 0))]);
        assert_eq!((money(&w), w.status()), ((0, 23_000, 0, 0), Status::Returned));
        ends_well(&w);
    }
}

/// None of the old goods is taken, or some are not: what of the fee is owed no more comes back.
#[test]
fn a_fee_that_was_set_off_comes_back_as_far_as_goods_are_not_taken() {
    for (lanes, so_far) in [(1, 4), (2, 1), (1, 2)] {
        let mut w = set_off(lanes, 1, so_far);
        ask(&mut w, &[come(1, 1, 1), inspect(1, found(1, (0, 0, 1), 0))]);
        assert_eq!(w.o().exchange_of(1).unwrap().state, ExchangeState::Rejected);
        assert_eq!((money(&w).2, money(&w).3), (0, 0), "{lanes} {so_far}");
        if so_far == 1 {
            ask(&mut w, &[super::acts::withdraw(2)]);
            assert_eq!(money(&w), (0, 0, 0, 0));
            assert!(w.o().lines.iter().all(|l| l.status != Status::Returned));
        } else {
            ask(&mut w, &returned(2, 2, 1)[so_far..]);
            assert_eq!(money(&w), (0, 10_000, 0, 0));
            assert_eq!(w.o().return_of(2).unwrap().state, ReturnState::Completed);
        }
        ends_well(&w);
    }
    // a part: the fee of what is exchanged still is owed still
    let mut w = set_off(1, 2, 4);
    ask(&mut w, &[come(1, 1, 2), inspect(1, found(1, (1, 0, 1), 0))]);
    assert_eq!((money(&w).2, money(&w).3), (6_000, 0));
    ends_well(&w);
}

/// Line 1 of "a" at the buyer's and being exchanged for 6,000 won, line 2 of "c" of another seller's, which is still to go.
fn two_sellers(lanes: u32, prepared: bool) -> World {
    let mut w = shop(lanes);
    let c = SkuInfo { partner_id: PartnerId::stored("2"), ..sku("c", "u", 7_000, 1_000) };
    w.stocks.insert(c.sku_id.clone(), Stock::empty(c.sku_id.clone()));
    w.own(&c.sku_id, Move::Receive, 9);
    w.skus.push((c, 2 % lanes));
    let mut w = order(w, vec![line("a", 1), line("c", 1)], &[]);
    let one = || vec![1];
    let first = PartnerId::stored("1");
    let mut path = vec![C::PrepareOf { lines: one(), by: Some(first) }];
    path.extend([C::UseOwnStock { lines: one() }, C::CompleteProcurement { lines: one() }]);
    path.extend([
        C::Ship { lines: one(), in_transit: true, waybills: Vec::new() },
        delivery(DeliveredBy::Forced, one()),
    ]);
    ask(&mut w, &path);
    ask(&mut w, &if prepared { vec![C::Prepare] } else { Vec::new() });
    ask(&mut w, &[mind(1, 1), add_product(1, Some("b"))]);
    w
}

/// What gives line 2 back: the buyer's cancellation, a shortage.
fn gone(prepared: bool) -> C {
    if prepared {
        C::ReportStockLoss { lines: vec![units(2, 1)] }
    } else {
        C::CancelLines { lines: vec![2], reason: None }
    }
}

#[test]
fn a_cancellation_settles_what_the_buyer_owes() {
    for (lanes, prepared) in [(1, false), (2, false), (3, true)] {
        let mut w = two_sellers(lanes, prepared);
        ask(&mut w, &[gone(prepared)]);
        // 7,000 won and 1,000 of shipping
        assert_eq!(money(&w), (0, 2_000, 6_000, 0), "{lanes} {prepared}");
        let told = |to: Option<&str>| {
            let seller = to.map(PartnerId::stored);
            let of = w.o().line_refunds(seller.as_ref());
            of.iter().find(|(no, _)| *no == 2).map(|(_, m)| (m.planned.get(), m.excluded.get()))
        };
        assert_eq!((told(None), told(Some("2"))), (Some((2_000, 5_000)), Some((7_000, 0))));
        ends_well(&w);
        // what the exchange costs comes back when it fails, or none of its goods are taken
        for end in [
            vec![C::ReportStockLoss { lines: vec![units(3, 1)] }],
            vec![come(1, 1, 1), inspect(1, found(1, (0, 0, 1), 0))],
        ] {
            let mut w = two_sellers(lanes, prepared);
            ask(&mut w, &[gone(prepared)]);
            ask(&mut w, &end);
            assert_eq!((money(&w).1, money(&w).2, money(&w).3), (8_000, 0, 0));
            ends_well(&w);
        }
    }
    // what does not cover it is given back whole; what was paid is not owed
    for (fee, pays, goes) in [(5_000, false, 8_000), (3_000, true, 8_000)] {
        let mut w = two_sellers(1, false);
        let due = w.o().surcharge_due().get();
        ask(&mut w, &if pays { vec![pay("x", due)] } else { Vec::new() });
        if !pays {
            // another debt beside: 10,000 won for goods that never came
            ask(&mut w, &[C::WriteOffReturn { group: 1, what: give_up(Vec::new(), Some(2 * fee)) }]);
        }
        ask(&mut w, &[gone(false)]);
        let kept = money(&w).2;
        assert_eq!((money(&w).1 + kept, kept), (goes, if pays { 0 } else { 6_000 }));
        ends_well(&w);
    }
}

/// A part of what replaced goods is lost while the rest is asked back, and its money waits for the old ones.
fn lost_while_out(back_first: bool) -> World {
    let mut w = order(shop(1), vec![line("a", 2)], &sent());
    ask(&mut w, &[exchange(1, 2), add_product(1, Some("b")), back(2, 1, Fault::Seller)]);
    let lose = C::ReportStockLoss { lines: vec![units(2, 1)] };
    let old = [come(1, 1, 2), inspect(1, found(1, (0, 0, 2), 0))];
    if back_first {
        ask(&mut w, &[lose]);
        assert_eq!(money(&w).0, 20_000);
        ask(&mut w, &old);
    } else {
        // both are asked back, one is not after all: it is lost
        ask(&mut w, &[back(2, 1, Fault::Seller)]);
        ask(&mut w, &old);
        ask(&mut w, &[super::acts::withdraw(3), lose]);
    }
    w
}

#[test]
fn what_is_lost_of_the_new_goods_pays_for_the_old_ones_too() {
    for back_first in [true, false] {
        let mut w = lost_while_out(back_first);
        ask(&mut w, &[approve(2)]);
        assert_eq!((money(&w).1, money(&w).2), (3_000, 20_000), "{back_first}");
        ends_well(&w);
    }
}

/// Orders that kept back for goods of others, and gave some of it up.
pub fn worlds() -> Vec<World> {
    let mut worlds = Vec::new();
    for (before, old) in [(4, found(1, (0, 1, 1), 4_000)), (1, found(1, (0, 0, 2), 0)), (0, found(1, (1, 0, 1), 0))] {
        let mut w = both(1, 2);
        ask(&mut w, &returned(2, 2, 2)[..before]);
        ask(&mut w, &[come(1, 1, 2), inspect(1, old)]);
        ask(&mut w, &returned(2, 2, 2)[before..]);
        worlds.push(w);
    }
    for so_far in [1, 4] {
        let mut w = set_off(2, 1, so_far);
        ask(&mut w, &[C::ReportStockLoss { lines: vec![units(3, 1)] }]);
        worlds.push(w);
    }
    let mut w = both(1, 1);
    ask(&mut w, &returned(2, 2, 1));
    ask(&mut w, &[C::WriteOffReturn { group: 1, what: give_up(Vec::new(), Some(10_000)) }]);
    worlds.push(w);
    for end in [vec![C::ReportStockLoss { lines: vec![units(3, 1)] }], Vec::new()] {
        let mut w = two_sellers(2, false);
        ask(&mut w, &[gone(false)]);
        ask(&mut w, &end);
        worlds.push(w);
    }
    worlds.extend([true, false].map(lost_while_out));
    worlds.extend(super::owed_again::worlds());
    worlds
}

/// Money of a loss waits for the old goods of its own line, and of a line that led to nothing for none.
#[test]
fn a_loss_of_several_lines_waits_for_the_old_goods_of_each() {
    let lost = |no, n| units(no, n);
    for lanes in [1, 2] {
        let mut w = shop(lanes);
        let more = World::new(vec![(sku("c", "t", 5_000, 0), 0, 9)]);
        w.skus.extend(more.skus);
        w.stocks.extend(more.stocks);
        w.came.extend(more.came);
        let ship = C::Ship { lines: vec![1, 2], in_transit: true, waybills: Vec::new() };
        let path = [procured(), vec![ship, delivery(DeliveredBy::Forced, vec![1, 2])]].concat();
        let mut w = order(w, vec![line("a", 2), line("b", 2), line("c", 1)], &path);
        let swap = [exchange(1, 2), add_product(1, Some("b")), exchange(2, 2), add_product(2, Some("a"))];
        ask(&mut w, &swap);
        ask(&mut w, &[back(4, 1, Fault::Seller), back(5, 1, Fault::Seller)]);
        ask(&mut w, &[C::ReportStockLoss { lines: vec![lost(3, 1), lost(4, 1), lost(5, 1)] }]);
        let waits = |w: &World| -> Vec<(Option<u16>, i64)> {
            let of =
                w.o().refunds.iter().filter(|f| f.cancel_group.is_some() && f.open() && f.next_attempt_at().is_none());
            of.map(|f| (f.waits_for, f.amount.get())).collect()
        };
        assert_eq!(waits(&w), [(Some(4), 10_000), (Some(5), 10_000)]);
        assert_eq!(money(&w).1, 5_000, "{lanes}");
        // the old goods of one line free its money only; those of the other stay, and are paid for
        ask(&mut w, &[come(1, 1, 2), inspect(1, found(1, (2, 0, 0), 0))]);
        assert_eq!((waits(&w), money(&w).1), (vec![(Some(5), 10_000)], 15_000));
        ask(&mut w, &[come(2, 2, 2), inspect(2, found(2, (0, 0, 2), 0))]);
        assert_eq!((waits(&w), money(&w).1), (vec![], 15_000), "{lanes}");
        ends_well(&w);
    }
}
