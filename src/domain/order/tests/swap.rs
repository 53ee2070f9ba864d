//! The kind: goods that are exchanged come back, are waived or written off, before what they became gives money back; and a
//! line ends as its units did, whatever ends first.

use super::{
    acts::{delivery, give_back, give_up, units},
    claims::{add_product, ask, exchange, order, procured, shipped},
    deep::shop,
    world::{World, line, pay},
};
use crate::domain::{
    money::Won,
    order::{
        OrderCommand as C,
        claim::{ClaimReason, CollectionState, ExchangeResolution, ExchangeState, Fault},
        delivery::DeliveredBy,
        state::Stage,
    },
    reason::Reason,
    status::Status,
};

const ALL: Vec<u16> = Vec::new();

fn sent(lanes: u32, n: u32) -> World {
    let mut path = shipped();
    path.push(delivery(DeliveredBy::Forced, ALL));
    order(shop(lanes), vec![line("c", n)], &path)
}

fn ship_new() -> Vec<C> {
    let mut path = vec![C::UseOwnStock { lines: ALL }, C::CompleteProcurement { lines: ALL }];
    path.push(C::Ship { lines: ALL, in_transit: true, waybills: Vec::new() });
    path.push(delivery(DeliveredBy::Forced, ALL));
    path
}

fn mind(line_no: u16, quantity: u32) -> C {
    let (reason, fault) = (ClaimReason::ChangeOfMind, Fault::Buyer);
    C::RequestExchange { line_no, quantity, reason, fault, wanted: None }
}

fn back(lines: &[(u16, u32)]) -> C {
    C::RequestReturn(give_back(lines, Fault::Seller))
}

fn approve(group: u16) -> C {
    C::ApproveReturn { group, timing: None, fault: None }
}

fn collect(group: u16, lines: &[(u16, u32)]) -> C {
    C::CollectReturn { group, lines: lines.iter().map(|&(no, n)| units(no, n)).collect() }
}

fn complete(group: u16) -> C {
    C::CompleteReturn { group, inspected: Vec::new(), fault: None }
}

fn way_back(w: &World, group: u16) -> CollectionState {
    w.o().exchange_of(group).unwrap().collection.as_ref().unwrap().state
}

fn waits(w: &World) -> usize {
    w.o().refunds.iter().filter(|f| f.stage == Stage::Waiting).count()
}

#[test]
fn exchanged_goods_come_back_and_are_inspected_like_a_return() {
    for lanes in [1, 2, 3] {
        let mut w = sent(lanes, 2);
        ask(&mut w, &[exchange(1, 2), add_product(1, Some("a"))]);
        assert_eq!((way_back(&w, 1), w.stock("c").0), (CollectionState::Due, 3));
        ask(&mut w, &[collect(1, &[(1, 1)])]);
        assert_eq!(w.ask(&complete(1)).unwrap_err().reason, Reason::IllegalTransition);
        assert_eq!(w.ask(&collect(1, &[(1, 2)])).unwrap_err().reason, Reason::QuantityExceeded);
        assert_eq!(w.ask(&collect(1, &[(2, 1)])).unwrap_err().reason, Reason::QuantityExceeded);
        ask(&mut w, &[collect(1, &[]), complete(1)]);
        assert_eq!((way_back(&w, 1), w.stock("c").0), (CollectionState::Inspected, 5));
        assert_eq!(w.ask(&collect(1, &[])).unwrap_err().reason, Reason::IllegalTransition);
    }
    // what had not left is back on the shelf already
    let mut w = order(shop(1), vec![line("c", 1)], &procured());
    ask(&mut w, &[exchange(1, 1), add_product(1, Some("a"))]);
    assert_eq!(w.o().exchange_of(1).unwrap().collection, None);
    assert_eq!(w.ask(&collect(1, &[])).unwrap_err().reason, Reason::IllegalTransition);
}

#[test]
fn what_the_new_goods_give_back_waits_for_the_old_ones() {
    for end in ["come", "waived", "written off", "with it"] {
        for before in [false, true] {
            let mut w = sent(1, 1);
            ask(&mut w, &[exchange(1, 1), add_product(1, Some("a"))]);
            ask(&mut w, &ship_new());
            let timing = Some(if before {
                crate::domain::order::claim::RefundTiming::BeforeCollection
            } else {
                crate::domain::order::claim::RefundTiming::AfterCollection
            });
            ask(&mut w, &[back(&[(2, 1)]), C::ApproveReturn { group: 2, timing, fault: None }]);
            if end == "with it" {
                ask(&mut w, &[collect(2, &[]), complete(2)]);
            } else {
                ask(&mut w, &[collect(2, &[(2, 1)]), complete(2)]);
                assert!(waits(&w) > 0, "{end}: the old unit is still out");
                let key = w.o().refunds[0].key.clone();
                assert_eq!(w.ask(&C::ConfirmRefund { key }).unwrap_err().reason, Reason::IllegalTransition);
            }
            match end {
                "come" => ask(&mut w, &[collect(1, &[]), complete(1)]),
                "waived" => ask(&mut w, &[C::WaiveCollection { group: 1, what: give_up(Vec::new(), None) }]),
                "written off" => ask(&mut w, &[C::WriteOffReturn { group: 1, what: give_up(Vec::new(), None) }]),
                _ => {}
            }
            assert_eq!(waits(&w), 0, "{end}");
            let came = matches!(end, "come" | "with it");
            assert_eq!(w.stock("c").0, if came { 5 } else { 4 }, "{end}");
            assert_eq!(w.o().settlements[0].refundable, Won::ZERO);
        }
    }
}

#[test]
fn money_waits_through_a_chain_and_for_units_that_are_lost() {
    // A to B to C: C's money waits for A and for B
    let mut w = sent(1, 1);
    ask(&mut w, &[exchange(1, 1), add_product(1, Some("a"))]);
    ask(&mut w, &ship_new());
    ask(&mut w, &[exchange(2, 1), add_product(2, Some("c"))]);
    ask(&mut w, &ship_new());
    ask(&mut w, &[back(&[(3, 1)]), approve(3), collect(3, &[(3, 1)]), complete(3)]);
    ask(&mut w, &[collect(2, &[]), complete(2)]);
    assert!(waits(&w) > 0, "the first is still out");
    ask(&mut w, &[collect(1, &[]), complete(1)]);
    assert_eq!((waits(&w), w.status()), (0, Status::Returned));
    // a unit of the new line is lost, after another of it was asked back: its money waits, too
    let mut w = sent(1, 2);
    ask(&mut w, &[exchange(1, 2), add_product(1, Some("a"))]);
    ask(&mut w, &[back(&[(2, 1)]), C::ReportStockLoss { lines: vec![units(2, 1)] }]);
    assert_eq!(waits(&w), w.o().refunds.len());
    ask(&mut w, &[approve(2), collect(1, &[]), complete(1)]);
    assert_eq!(waits(&w), 0);
}

#[test]
fn an_exchange_that_fails_leaves_what_came_back_where_it_is() {
    for came in 0..=2u32 {
        for inspected in [false, true] {
            if inspected && came < 2 {
                continue;
            }
            let mut w = sent(1, 2);
            ask(&mut w, &[exchange(1, 2), add_product(1, Some("a"))]);
            if came > 0 {
                ask(&mut w, &[collect(1, &[(1, came)])]);
            }
            if inspected {
                ask(&mut w, &[complete(1)]);
            }
            ask(&mut w, &[C::ReportStockLoss { lines: vec![units(2, 1)] }]);
            if came < 2 {
                ask(&mut w, &[collect(2, &[])]);
            }
            if !inspected {
                ask(&mut w, &[complete(2)]);
            }
            assert_eq!((w.status(), w.stock("c").0), (Status::Returned, 5), "{came} {inspected}");
            assert_eq!(w.o().settlements[0].refundable, Won::ZERO);
        }
    }
}

#[test]
fn an_exchange_fee_is_the_buyers_by_fault_and_is_paid_or_set_off() {
    // to and fro, never more than the goods were worth; the fault is the shop's to judge
    let paid = |w: &World| w.o().surcharge_due().get();
    let swap = |fault, waived: Option<&str>| C::ApproveExchange {
        group: 1,
        resolution: ExchangeResolution::AddProduct,
        sku_id: Some(crate::domain::ids::SkuId::stored("a")),
        fault,
        waived: waived.map(str::to_owned),
    };
    for (asked, fault, waived, due) in [
        (mind(1, 3), None, None, 999),
        (mind(1, 3), None, Some("worn out"), 700),
        (mind(1, 1), None, None, 333),
        (mind(1, 3), Some(Fault::Seller), None, 0),
        (exchange(1, 3), Some(Fault::Buyer), None, 999),
        (exchange(1, 3), None, None, 0),
    ] {
        let mut w = sent(1, 3);
        ask(&mut w, &[asked, swap(fault, waived)]);
        assert_eq!(paid(&w), due);
        // it does not keep the new goods from being sent
        ask(&mut w, &ship_new());
        let all = w.o().lines[1].ordered;
        ask(&mut w, &[back(&[(2, all)])]);
        assert_eq!(paid(&w), 0, "a refund settles what is owed");
        let s = &w.o().settlements[0];
        assert_eq!(s.excluded, Won::new(due), "{:?}", w.o().fees);
    }
    // paid, it is money that came; of an exchange that fails it goes back
    let mut w = sent(1, 2);
    ask(&mut w, &[mind(1, 2), swap(None, None), pay("x", 666)]);
    assert_eq!((paid(&w), w.o().settlements.len()), (0, 2));
    ask(&mut w, &[C::ReportStockLoss { lines: vec![units(2, 2)] }, collect(2, &[]), complete(2)]);
    assert!(w.o().settlements.iter().all(|s| s.refundable.is_zero() && s.excluded.is_zero()));
    // and unpaid it is owed no more
    let mut w = sent(1, 2);
    ask(&mut w, &[mind(1, 2), swap(None, None), C::ReportStockLoss { lines: vec![units(2, 2)] }]);
    assert_eq!(paid(&w), 0);
}

#[test]
fn a_buyer_may_withdraw_an_exchange_until_it_is_decided() {
    for path in [procured(), shipped()] {
        let mut w = order(shop(1), vec![line("c", 2)], &path);
        let was = w.status();
        ask(&mut w, &[exchange(1, 1), C::WithdrawExchange { group: 1 }]);
        assert_eq!((w.status(), w.o().exchange_of(1).unwrap().state), (was, ExchangeState::Withdrawn));
        assert_eq!(w.ask(&add_product(1, None)).unwrap_err().reason, Reason::IllegalTransition);
        let pickup = C::ApproveExchange {
            group: 2,
            resolution: ExchangeResolution::Pickup,
            sku_id: None,
            fault: None,
            waived: None,
        };
        for approved in [pickup, add_product(2, Some("a"))] {
            let mut w = order(shop(1), vec![line("c", 2)], &path);
            ask(&mut w, &[exchange(1, 1), C::WithdrawExchange { group: 1 }, exchange(1, 2), approved]);
            assert_eq!(w.ask(&C::WithdrawExchange { group: 2 }).unwrap_err().reason, Reason::IllegalTransition);
        }
        assert_eq!(w.ask(&C::WithdrawExchange { group: 9 }).unwrap_err().reason, Reason::UnknownClaim);
    }
}

#[test]
fn a_line_of_which_one_was_exchanged_and_all_came_back_ends_returned_whatever_ends_first() {
    let (rest, new) = (&[(1, 1)][..], &[(2, 1)][..]);
    for (how, claims) in [
        ("at once", vec![[rest, new].concat()]),
        ("the rest first", vec![rest.to_vec(), new.to_vec()]),
        ("the new one first", vec![new.to_vec(), rest.to_vec()]),
    ] {
        for late in [false, true] {
            let mut w = sent(1, 2);
            ask(&mut w, &[exchange(1, 1), add_product(1, Some("a"))]);
            ask(&mut w, &ship_new());
            if late {
                ask(&mut w, &[collect(1, &[]), complete(1)]);
            }
            // all asked for first, then decided one after another; `check` holds every arrow
            for lines in &claims {
                ask(&mut w, &[back(lines)]);
            }
            for (group, _) in (2..).zip(&claims) {
                ask(&mut w, &[approve(group), collect(group, &[]), complete(group)]);
            }
            let ends: Vec<Status> = w.o().lines.iter().map(|l| l.shown()).collect();
            assert_eq!((w.status(), ends), (Status::Returned, vec![Status::Returned; 2]), "{how}");
            assert_eq!(w.o().settlements[0].refundable, Won::ZERO);
        }
    }
    // one by one
    let mut w = sent(1, 2);
    ask(&mut w, &[exchange(1, 1), add_product(1, Some("a"))]);
    ask(&mut w, &ship_new());
    for (group, lines) in [(2, new), (3, rest)] {
        ask(&mut w, &[back(lines), approve(group), collect(group, &[]), complete(group)]);
    }
    assert_eq!(w.status(), Status::Returned);
}
