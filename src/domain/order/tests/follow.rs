//! The kind: gifts go where the last units of their main goods go, whatever takes those, through exchanges, at any status.

use super::{
    acts::{delivery, found, give_back, units, withdraw},
    claims::{add_product, exchange, order, procured, shipped},
    deep::shop,
    world::{World, gift_of, line},
};
use crate::domain::{
    ids::SkuId,
    money::Won,
    order::{
        OrderCommand as C,
        claim::{ClaimReason, ExchangeResolution, Fault, ReturnState},
        command::{Found, ReturnRequest},
        delivery::DeliveredBy,
        state::Line,
    },
    reason::Reason,
    status::Status,
};

const ALL: Vec<u16> = Vec::new();

fn delivered() -> Vec<C> {
    let mut path = shipped();
    path.push(delivery(DeliveredBy::Forced, ALL));
    path
}

/// `n` of goods "c" with a gift "g", taken so far; the shop has 5 of each.
fn with_a_gift(lanes: u32, n: u32, path: &[C]) -> World {
    order(shop(lanes), vec![line("c", n), gift_of("g", 1)], path)
}

fn pickup(group: u16) -> C {
    C::ApproveExchange { group, resolution: ExchangeResolution::Pickup, sku_id: None, fault: None, waived: None }
}

fn approve(group: u16) -> C {
    C::ApproveReturn { group, timing: None, fault: None }
}

fn collect(group: u16) -> C {
    C::CollectReturn { group, lines: Vec::new() }
}

fn complete(group: u16) -> C {
    C::CompleteReturn { group, inspected: Vec::new(), fault: None }
}

fn back(line_no: u16, quantity: u32) -> C {
    C::RequestReturn(give_back(&[(line_no, quantity)], Fault::Seller))
}

fn lose(line_no: u16, quantity: u32) -> C {
    C::ReportStockLoss { lines: vec![units(line_no, quantity)] }
}

fn run(w: &mut World, commands: &[C]) {
    for command in commands {
        w.ask(command).unwrap_or_else(|e| panic!("{}: {}", command.name(), e.message()));
        w.rest();
    }
}

/// Nothing live is left, all money has its way back, the gift is on the shelf again.
fn all_gone(w: &World, how: &str) {
    assert!(w.o().lines.iter().all(|l| l.active() == 0 && l.shown().is_terminal()), "{how}: {:#?}", w.o().lines);
    assert!(w.o().settlements.iter().all(|s| s.refundable.is_zero()), "{how}: {:?}", w.o().settlements);
    assert_eq!(w.stock("g").0, 5, "{how}");
}

fn ship_new() -> Vec<C> {
    let mut path = vec![C::UseOwnStock { lines: ALL }, C::CompleteProcurement { lines: ALL }];
    path.push(C::Ship { lines: ALL, in_transit: true, waybills: Vec::new() });
    path.push(delivery(DeliveredBy::Forced, ALL));
    path
}

#[test]
fn an_exchange_by_pickup_takes_the_gift_along_at_any_status() {
    for lanes in [1, 2, 3] {
        for (path, collected) in [(procured(), false), (shipped(), true), (delivered(), true)] {
            let mut w = with_a_gift(lanes, 1, &path);
            run(&mut w, &[exchange(1, 1), pickup(1)]);
            if collected {
                assert_eq!(w.o().lines[1].shown(), Status::Returning);
                run(&mut w, &[collect(2), complete(2)]);
            }
            all_gone(&w, "pickup");
            assert_eq!(w.status(), Status::Returned);
        }
    }
}

#[test]
fn an_exchange_that_fails_takes_the_gift_along_at_each_status() {
    for path in [procured(), shipped(), delivered()] {
        let left = path.len() > 3;
        let mut w = with_a_gift(1, 1, &path);
        run(&mut w, &[exchange(1, 1), add_product(1, Some("a")), lose(3, 1)]);
        if left {
            assert_eq!(w.status(), Status::Returning, "what is to be done is a return's collection");
            run(&mut w, &[collect(2), complete(2)]);
        }
        all_gone(&w, "lost");
    }
}

#[test]
fn an_exchange_for_what_is_not_there_leaves_goods_and_gift_as_they_were() {
    for path in [procured(), shipped(), delivered()] {
        for (lanes, sku, there) in [(1, "a", 6), (2, "a2", 2)] {
            let mut w = with_a_gift(lanes, 1, &path);
            w.own(&SkuId::stored(sku), crate::domain::stock::Move::Adjust, -there);
            run(&mut w, &[exchange(1, 1)]);
            let before = w.o().lines.clone();
            // here it is refused at once, elsewhere when the other lane has said no
            let refused = w.ask(&add_product(1, Some(sku))).err().map(|r| r.reason);
            assert_eq!(refused, (lanes == 1).then_some(Reason::InsufficientStock));
            w.rest();
            assert_eq!(w.o().lines, before, "{sku}");
        }
    }
}

#[test]
fn a_return_of_what_an_exchange_added_takes_the_gift_along_through_the_chain() {
    for links in 1u16..4 {
        let mut w = with_a_gift(1, 1, &delivered());
        let mut last = 1;
        for group in 1..=links {
            let sku = ["a", "c", "a"][usize::from(group - 1) % 3];
            run(&mut w, &[exchange(last, 1), add_product(group, Some(sku))]);
            last = w.o().next_line_no() - 1;
            run(&mut w, &ship_new());
        }
        let group = links + 1;
        run(&mut w, &[back(last, 1)]);
        let r = w.o().return_of(group).unwrap();
        assert!(r.lines.iter().any(|l| l.line_no == 2), "the gift is in the return after {links} exchanges");
        run(&mut w, &[approve(group), collect(group), complete(group)]);
        all_gone(&w, "chain");
        assert_eq!(w.status(), Status::Returned);
    }
}

#[test]
fn a_gift_follows_the_last_units_only_whatever_takes_the_others() {
    // two main units: one goes this way, the other that way
    let first: [(&str, Vec<C>); 3] = [
        ("returned", vec![back(1, 1), approve(1)]),
        ("lost", vec![lose(1, 1)]),
        ("picked up", vec![exchange(1, 1), pickup(1)]),
    ];
    for (how, one) in &first {
        for (then, two) in &first {
            let mut w = with_a_gift(1, 2, &procured());
            run(&mut w, one);
            assert_eq!((w.o().lines[1].free(), w.stock("g").0), (1, 4), "{how}: the gift stays with the other unit");
            let claims = w.o().next_claim();
            let two: Vec<C> = two
                .iter()
                .map(|c| {
                    if matches!(c, C::ApproveReturn { .. }) {
                        approve(claims)
                    } else if matches!(c, C::ApproveExchange { .. }) {
                        pickup(claims)
                    } else {
                        c.clone()
                    }
                })
                .collect();
            run(&mut w, &two);
            all_gone(&w, &format!("{how}, then {then}"));
        }
    }
    // asked for while the other was still there, and decided when it is not
    let mut w = with_a_gift(1, 2, &procured());
    run(&mut w, &[back(1, 1), lose(1, 1)]);
    assert_eq!(w.o().lines[1].free(), 1);
    run(&mut w, &[approve(1)]);
    all_gone(&w, "asked for first");
}

#[test]
fn a_gift_stays_while_an_exchange_replaces_its_goods() {
    let mut w = with_a_gift(1, 1, &procured());
    run(&mut w, &[exchange(1, 1), add_product(1, Some("a"))]);
    run(&mut w, &[C::UseOwnStock { lines: ALL }, C::CompleteProcurement { lines: ALL }]);
    run(&mut w, &[C::Ship { lines: ALL, in_transit: true, waybills: Vec::new() }, delivery(DeliveredBy::Forced, ALL)]);
    run(&mut w, &[C::ConfirmPurchase { lines: ALL }]);
    let live = |l: &Line| (l.active(), l.shown());
    assert_eq!(live(&w.o().lines[1]), (1, Status::PurchaseConfirmed));
}

#[test]
fn a_gift_that_has_left_is_sent_back_when_its_goods_are_lost_and_never_kept_alone() {
    let mut path = procured();
    path.push(C::Ship { lines: vec![2], in_transit: true, waybills: Vec::new() });
    for lanes in [1, 2] {
        let mut w = with_a_gift(lanes, 1, &path);
        run(&mut w, &[delivery(DeliveredBy::Forced, vec![2])]);
        // it is not confirmed before what it came with
        let alone = w.ask(&C::ConfirmPurchase { lines: vec![2] }).unwrap_err();
        assert_eq!(alone.reason, Reason::IllegalTransition);
        run(&mut w, &[lose(1, 1)]);
        let r = &w.o().fulfilment.returns[0];
        assert_eq!((r.state, r.reason), (ReturnState::Approved, ClaimReason::MainGone));
        // the buyer does not get it back by a word
        assert_eq!(w.ask(&withdraw(1)).unwrap_err().reason, Reason::IllegalTransition);
        run(&mut w, &[collect(1), complete(1)]);
        all_gone(&w, "lost");
    }
}

#[test]
fn a_gift_goes_back_to_the_buyer_with_goods_that_inspection_does_not_take() {
    let mut w = with_a_gift(1, 1, &delivered());
    run(&mut w, &[back(1, 1), approve(1), collect(1)]);
    run(&mut w, &[C::CompleteReturn { group: 1, inspected: vec![found(1, (0, 0, 1), 0)], fault: None }]);
    assert_eq!((w.o().lines[0].shown(), w.o().lines[1].shown()), (Status::Shipped, Status::Shipped));
    assert_eq!(w.o().return_of(1).unwrap().state, ReturnState::Rejected);
    assert_eq!(w.o().settlements[0].planned, Won::ZERO);
    run(&mut w, &[C::ConfirmPurchase { lines: ALL }]);
    assert_eq!(w.status(), Status::PurchaseConfirmed);
}

/// A gift that need not come back stays with goods that are not taken, or are not sent after all.
#[test]
fn a_gift_that_is_waived_stays_with_goods_that_stay() {
    let asked = |lines: &[(u16, u32)], waive_gifts| {
        C::RequestReturn(ReturnRequest { waive_gifts, ..give_back(lines, Fault::Seller) })
    };
    let inspect = |rejected: Vec<Found>| C::CompleteReturn { group: 1, inspected: rejected, fault: None };
    // the gift beside one line of goods, or two; sent with them, or not yet
    for (waived, sent_first) in [(true, ALL), (false, vec![1, 3])] {
        let lines = vec![line("c", 2), gift_of("g", 1), line("a", 1)];
        let ship = C::Ship { lines: sent_first.clone(), in_transit: true, waybills: Vec::new() };
        let path = [procured(), vec![ship, delivery(DeliveredBy::Forced, ALL)]].concat();
        let shown = |w: &World| w.o().lines.iter().map(|l| (l.shown(), l.free())).collect::<Vec<_>>();
        let begun = || order(shop(2), lines.clone(), &path);
        let before = shown(&begun());
        // none of it is taken: as if it had not been asked for
        let mut w = begun();
        run(&mut w, &[asked(&[(1, 2)], waived), approve(1), collect(1), inspect(vec![found(1, (0, 0, 2), 0)])]);
        assert_eq!((shown(&w), w.o().return_of(1).unwrap().state), (before.clone(), ReturnState::Rejected));
        w.at_rest();
        // beside goods that are
        let mut w = begun();
        run(&mut w, &[asked(&[(1, 2), (3, 1)], waived), approve(1), collect(1)]);
        run(&mut w, &[inspect(vec![found(1, (0, 0, 2), 0), found(3, (1, 0, 0), 0)])]);
        assert_eq!(shown(&w)[..2], before[..2], "{waived}");
        assert_eq!(
            (w.o().lines[2].shown(), w.o().return_of(1).unwrap().state),
            (Status::Returned, ReturnState::Completed)
        );
        w.at_rest();
        // withdrawn by name: before the approval, and after it
        for approved in [false, true] {
            for all in [true, false] {
                let mut w = begun();
                run(&mut w, &[asked(if all { &[(1, 2)] } else { &[(1, 2), (3, 1)] }, waived)]);
                run(&mut w, &if approved { vec![approve(1)] } else { Vec::new() });
                let lines = vec![units(1, 2)];
                run(&mut w, &[C::WithdrawReturn { group: 1, lines, by_buyer: false }]);
                assert_eq!(shown(&w)[..2], before[..2], "{waived} {approved} {all}");
                if all {
                    assert_eq!(w.o().return_of(1).unwrap().state, ReturnState::Withdrawn);
                }
                w.at_rest();
            }
        }
    }
}
