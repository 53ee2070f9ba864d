//! The kind: exchanged goods come back, and are not as they should be: part is kept back, units go back to the buyer, whose
//! fault it was is corrected. Nothing is charged beyond what the goods were paid, and no unit or won is counted twice.

use super::{
    acts::{delivery, found, give_back, units},
    claims::{add_product, ask, exchange, order, shipped},
    deep::{Start, begin, shop},
    world::{World, line, pay},
};
use crate::domain::{
    money::Won,
    order::{
        OrderCommand as C,
        change::preview,
        claim::{ClaimReason, CollectionState, ExchangeState, Fault},
        command::Found,
        delivery::DeliveredBy,
        state::Line,
        supply::{LinkMessage, LinkWhat},
    },
    reason::Reason,
    status::Status,
};

const ALL: Vec<u16> = Vec::new();

/// `n` of goods "c" (333 won, 700 won of shipping) at the buyer's, all of them being exchanged for goods of this SKU.
fn exchanged(lanes: u32, n: u32, asked: C, sku: &str) -> World {
    let mut path = shipped();
    path.push(delivery(DeliveredBy::Forced, ALL));
    let mut w = order(shop(lanes), vec![line("c", n)], &path);
    ask(&mut w, &[asked, add_product(1, Some(sku))]);
    w
}

fn mind(quantity: u32) -> C {
    let (reason, fault) = (ClaimReason::ChangeOfMind, Fault::Buyer);
    C::RequestExchange { line_no: 1, quantity, reason, fault, wanted: None }
}

fn ship_new() -> Vec<C> {
    let mut path = vec![C::UseOwnStock { lines: ALL }, C::CompleteProcurement { lines: ALL }];
    path.push(C::Ship { lines: ALL, in_transit: true, waybills: Vec::new() });
    path.push(delivery(DeliveredBy::Forced, ALL));
    path
}

fn collect() -> C {
    C::CollectReturn { group: 1, lines: Vec::new() }
}

fn inspect(inspected: Vec<Found>, fault: Option<Fault>) -> C {
    C::CompleteReturn { group: 1, inspected, fault }
}

fn back(line_no: u16, quantity: u32) -> C {
    C::RequestReturn(give_back(&[(line_no, quantity)], Fault::Seller))
}

fn due(w: &World) -> i64 {
    w.o().surcharge_due().get()
}

fn state(w: &World) -> ExchangeState {
    w.o().exchange_of(1).unwrap().state
}

/// Orders with inspections of each kind.
pub fn judged() -> Vec<World> {
    let of = |asked: C, lanes, before: Vec<C>, units, fault| {
        let mut w = exchanged(lanes, 2, asked, "a2");
        ask(&mut w, &before);
        ask(&mut w, &[collect(), inspect(vec![units], fault)]);
        w
    };
    let (none, part) = (found(1, (0, 0, 2), 0), found(1, (0, 1, 1), 33));
    let mut worlds = vec![
        of(mind(2), 1, Vec::new(), none.clone(), None),
        of(mind(2), 2, Vec::new(), none.clone(), Some(Fault::Seller)),
        of(exchange(1, 2), 1, Vec::new(), part.clone(), Some(Fault::Buyer)),
        of(mind(2), 2, vec![pay("x", 666)], part.clone(), None),
        of(mind(2), 1, vec![pay("x", 666)], part, Some(Fault::Seller)),
        of(exchange(1, 2), 1, ship_new(), found(1, (0, 0, 2), 666), None),
        of(exchange(1, 2), 1, vec![back(2, 1)], found(1, (0, 0, 2), 333), None),
    ];
    for w in &mut worlds {
        let open: Vec<C> =
            w.o().fulfilment.returns.iter().map(|r| C::RejectReturn { group: r.group, reason: None }).collect();
        ask(w, &open);
    }
    worlds
}

#[test]
fn what_is_kept_back_is_owed_up_to_what_the_goods_were_paid() {
    for (inspected, end) in [
        (found(1, (1, 1, 0), 100), Ok(100)),
        (found(1, (0, 2, 0), 666), Ok(666)),
        (found(1, (0, 2, 0), 667), Err(Reason::AmountMismatch)),
        (found(1, (0, 2, 0), -1), Err(Reason::Invalid)),
        (Found { reason: Some(" ".into()), ..found(1, (1, 1, 0), 10) }, Err(Reason::Invalid)),
        (found(1, (1, 0, 0), 0), Err(Reason::QuantityExceeded)),
        (found(1, (u32::MAX, 1, 2), 0), Err(Reason::QuantityExceeded)),
        (found(2, (2, 0, 0), 0), Err(Reason::QuantityExceeded)),
    ] {
        for left in [false, true] {
            let mut w = exchanged(1, 2, exchange(1, 2), "a");
            ask(&mut w, &if left { ship_new() } else { Vec::new() });
            ask(&mut w, &[collect()]);
            let inspected = inspect(vec![inspected.clone()], None);
            let owed = match end {
                Ok(owed) => owed,
                Err(reason) => {
                    assert_eq!(w.ask(&inspected).unwrap_err().reason, reason);
                    continue;
                }
            };
            ask(&mut w, &[inspected]);
            assert_eq!((due(&w), state(&w)), (owed, ExchangeState::Approved));
            let c = w.o().exchange_of(1).unwrap().collection.clone().unwrap();
            assert_eq!((c.state, c.withheld_amount, c.back), (CollectionState::Inspected, Won::new(owed), 2));
            // it is kept back of what the new goods give back
            ask(&mut w, &[back(2, 2)]);
            assert_eq!((due(&w), w.o().settlements[0].excluded.get()), (0, owed));
        }
    }
}

#[test]
fn goods_that_are_not_taken_are_not_exchanged_while_the_new_ones_have_not_left() {
    for (lanes, so_far) in [(1, 0), (2, 1), (3, 2), (1, 2), (2, 0)] {
        let mut w = exchanged(lanes, 2, mind(2), "a2");
        assert_eq!((due(&w), w.stock("a2").0), (666, 0));
        ask(&mut w, &ship_new()[..so_far]);
        ask(&mut w, &[collect(), inspect(vec![found(1, (0, 0, 2), 0)], None)]);
        let terms = |l: &Line| (l.shown(), l.free(), l.exchanged, l.deducted, l.pay_left().get());
        let lines: Vec<_> = w.o().lines.iter().map(terms).collect();
        assert_eq!(lines, [(Status::Shipped, 2, 0, 2, 666), (Status::Cancelled, 0, 0, 0, 0)], "{lanes} {so_far}");
        // as if it had been rejected at once: the fee is owed no more, the new goods are on the shelf
        assert_eq!((state(&w), due(&w), w.stock("a2").0, w.stock("c").0), (ExchangeState::Rejected, 0, 2, 3));
        assert_eq!(w.o().total(), Won::new(1_366));
        w.at_rest();
        w.refolds();
        // they are the buyer's, who may ask again, or keep them
        ask(&mut w, &[exchange(1, 1), C::WithdrawExchange { group: 2 }, C::ConfirmPurchase { lines: ALL }]);
        assert_eq!(w.status(), Status::PurchaseConfirmed);
    }
}

#[test]
fn of_units_that_are_not_all_taken_the_others_are_exchanged() {
    for lanes in [1, 2, 3] {
        let mut w = exchanged(lanes, 2, exchange(1, 2), "a2");
        ask(&mut w, &[collect(), inspect(vec![found(1, (1, 0, 1), 33)], None)]);
        let terms = |l: &Line| (l.free(), l.active(), l.exchanged, l.deducted, l.pay_left().get());
        let lines: Vec<_> = w.o().lines.iter().map(terms).collect();
        assert_eq!(lines, [(1, 1, 1, 1, 333), (1, 1, 0, 1, 333)], "{lanes}");
        let e = w.o().exchange_of(1).unwrap();
        assert_eq!((e.state, e.quantity, e.moved), (ExchangeState::Approved, 1, Won::new(333)));
        assert_eq!((due(&w), w.stock("c").0, w.stock("a2").0), (33, 4, 1));
        ask(&mut w, &ship_new());
        ask(&mut w, &[C::ConfirmPurchase { lines: ALL }]);
        assert_eq!((w.status(), state(&w)), (Status::PurchaseConfirmed, ExchangeState::Completed));
        w.at_rest();
        w.refolds();
    }
}

#[test]
fn once_the_new_goods_have_left_the_buyer_has_both_and_may_be_charged() {
    for (kept, charged) in [(0, Ok(0)), (666, Ok(666)), (667, Err(Reason::AmountMismatch))] {
        let mut w = exchanged(1, 2, exchange(1, 2), "a");
        ask(&mut w, &ship_new());
        ask(&mut w, &[collect()]);
        let inspected = inspect(vec![found(1, (0, 0, 2), kept)], None);
        match charged {
            Err(reason) => {
                assert_eq!(w.ask(&inspected).unwrap_err().reason, reason);
                continue;
            }
            Ok(charged) => {
                ask(&mut w, &[inspected]);
                assert_eq!(due(&w), charged);
            }
        }
        let c = w.o().exchange_of(1).unwrap().collection.clone().unwrap();
        assert_eq!((c.rejected, c.given_up, c.collected, c.settled()), (2, 2, 0, true));
        assert_eq!((w.o().lines[0].exchanged, w.o().lines[0].deducted, w.stock("c").0), (2, 2, 3));
        ask(&mut w, &[C::ConfirmPurchase { lines: ALL }]);
        assert_eq!((w.status(), state(&w)), (Status::PurchaseConfirmed, ExchangeState::Completed));
        w.at_rest();
    }
}

#[test]
fn units_of_the_new_line_that_have_claims_of_their_own_are_not_called_off() {
    for (kept, refused) in [(333, None), (334, Some(Reason::AmountMismatch))] {
        let mut w = exchanged(1, 2, exchange(1, 2), "a");
        ask(&mut w, &[back(2, 1), collect()]);
        let inspected = inspect(vec![found(1, (0, 0, 2), kept)], None);
        if let Some(reason) = refused {
            assert_eq!(w.ask(&inspected).unwrap_err().reason, reason);
            continue;
        }
        ask(&mut w, &[inspected, C::ApproveReturn { group: 2, timing: None, fault: None }]);
        let lines: Vec<_> = w.o().lines.iter().map(|l| (l.shown(), l.free(), l.pay_left().get())).collect();
        assert_eq!(lines, [(Status::Shipped, 1, 333), (Status::Returned, 0, 0)]);
        // the buyer has both old units: what waited for them stays with the shop, and nothing is owed beside
        let s = &w.o().settlements[0];
        let money = (due(&w), s.planned.get(), s.excluded.get());
        assert_eq!((state(&w), money), (ExchangeState::Completed, (0, 0, kept)));
        w.at_rest();
    }
}

#[test]
fn the_fee_follows_the_fault_that_inspection_corrects() {
    let of = |asked: C, n| exchanged(1, n, asked, "a");
    for (asked, fault, owed) in [
        (exchange(1, 3), Some(Fault::Buyer), 999),
        (exchange(1, 3), Some(Fault::Seller), 0),
        (mind(3), Some(Fault::Seller), 0),
        (mind(3), Some(Fault::Buyer), 999),
        (mind(3), None, 999),
    ] {
        for inspected in [Vec::new(), vec![found(1, (2, 1, 0), 0)]] {
            let mut w = of(asked.clone(), 3);
            ask(&mut w, &[collect(), inspect(inspected, fault)]);
            assert_eq!(due(&w), owed, "{asked:?} {fault:?}");
            assert_eq!(w.o().exchange_of(1).unwrap().fault, if owed > 0 { Fault::Buyer } else { Fault::Seller });
            // once inspected, it stands
            assert_eq!(w.ask(&inspect(Vec::new(), fault)).unwrap_err().reason, Reason::IllegalTransition);
        }
    }
    let never = Some(Fault::Installation);
    let mut w = of(mind(1), 1);
    ask(&mut w, &[collect()]);
    assert_eq!(w.ask(&inspect(Vec::new(), never)).unwrap_err().reason, Reason::Invalid);
}

#[test]
fn a_fee_that_was_paid_goes_back_as_far_as_it_is_not_owed() {
    for (inspected, fault, back) in [
        (Vec::new(), Some(Fault::Seller), 999),
        // less is exchanged than the fee came to
        (vec![found(1, (1, 0, 2), 0)], None, 666),
        (vec![found(1, (0, 0, 3), 0)], None, 999),
        (vec![found(1, (2, 0, 1), 0)], Some(Fault::Seller), 999),
        (vec![found(1, (3, 0, 0), 5)], None, 0),
    ] {
        let mut w = exchanged(1, 3, mind(3), "a");
        ask(&mut w, &[pay("x", 999), collect(), inspect(inspected.clone(), fault)]);
        let planned: i64 = w.o().settlements.iter().map(|s| s.planned.get()).sum();
        assert_eq!(planned, back, "{inspected:?} {fault:?}");
        assert!(w.o().refunds.iter().all(|f| f.next_attempt_at().is_some()), "it is asked for at once");
    }
    // kept back of a refund it has gone its way: the fault stands
    let mut path = shipped();
    path.push(delivery(DeliveredBy::Forced, ALL));
    let mut w = order(shop(1), vec![line("c", 3)], &path);
    ask(&mut w, &[mind(1), add_product(1, Some("a")), back(1, 2), collect()]);
    assert_eq!((due(&w), w.o().settlements[0].excluded.get()), (0, 333));
    assert_eq!(w.ask(&inspect(Vec::new(), Some(Fault::Seller))).unwrap_err().reason, Reason::IllegalTransition);
    ask(&mut w, &[inspect(Vec::new(), None)]);
}

#[test]
fn a_preview_tells_what_an_inspection_comes_to() {
    let mut w = exchanged(1, 2, mind(2), "a");
    ask(&mut w, &[collect()]);
    let (before, was) = (w.o().clone(), w.history.len());
    ask(&mut w, &[inspect(vec![found(1, (1, 0, 1), 50)], None)]);
    let events = w.history[was..].iter().map(|(e, _)| e.clone()).collect();
    let decision = crate::domain::order::Decision { events, ..Default::default() };
    let told = preview(&before, &decision, w.now).unwrap();
    // of a fee of 666 won 333 are left, and 50 are kept back
    assert_eq!((told.due, told.fee_refunds), (Won::new(383), Won::new(333)));
    let lines: Vec<_> = told.change.lines.iter().map(|l| (l.line_no, l.after.exchanged, l.after.cancelled)).collect();
    assert_eq!(lines, [(1, 1, 0), (2, 0, 1)]);
}

#[test]
fn a_parent_hears_of_no_shortage_when_its_goods_are_not_exchanged() {
    let start =
        Start { lanes: 1, quantities: (2, 1, 1), forward: 4, how: 4, off: false, prepare: 2, at_delivery: false };
    let mut w = begin(&start);
    let sent = w.o().lines.iter().map(|l| l.delivery.shipped_at.is_some()).collect::<Vec<_>>();
    assert_eq!(sent, [true, true]);
    ask(&mut w, &[exchange(1, 2), add_product(1, None), C::CollectReturn { group: 1, lines: vec![units(1, 2)] }]);
    w.messages.clear();
    ask(&mut w, &[inspect(vec![found(1, (0, 0, 2), 0)], None)]);
    let short = |m: &LinkMessage| matches!(m.what, LinkWhat::Short { .. });
    assert!(!w.messages.iter().any(|(_, m)| short(m)), "{:?}", w.messages);
    // between two businesses nothing is charged here
    let mut w = begin(&start);
    ask(&mut w, &[exchange(1, 2), add_product(1, None), C::CollectReturn { group: 1, lines: vec![units(1, 2)] }]);
    assert_eq!(w.ask(&inspect(vec![found(1, (2, 0, 0), 1)], None)).unwrap_err().reason, Reason::Invalid);
}
