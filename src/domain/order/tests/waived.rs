//! 미납면제: what is owed is forgiven, in part or whole; nothing waits for it any more, and nobody gets it as money.

use super::{
    claims::{add_product, ask, order, procured},
    stays::{ends_well, mind, money, returned, send_new, sent, shop},
    world::{World, line, pay, place},
};
use crate::domain::{
    money::Won,
    order::{
        OrderCommand as C,
        claim::Fault,
        command::{PaymentOffer, Waiver},
    },
    reason::{Reason, Refusal},
};

pub fn waive(fee_no: Option<u16>, amount: Option<i64>) -> C {
    C::WaiveDebt(Waiver { fee_no, amount: amount.map(Won::new), reason: "kept waiting".into() })
}

/// Three units at the buyer's are being exchanged by its own fault: 6,000 won are owed.
fn owing(lanes: u32) -> World {
    let mut w = order(shop(lanes), vec![line("a", 3)], &sent());
    ask(&mut w, &[mind(1, 3), add_product(1, Some("b"))]);
    assert_eq!(money(&w).3, 6_000);
    w
}

/// Orders of which something was waived.
pub fn worlds() -> Vec<World> {
    let mut worlds = Vec::new();
    for amount in [Some(2_000), None] {
        let mut w = owing(1);
        ask(&mut w, &[waive(None, amount)]);
        ask(&mut w, &send_new());
        ask(&mut w, &returned(2, 2, 2));
        worlds.push(w);
    }
    worlds
}

fn refused(w: &mut World, command: &C) -> Refusal {
    w.ask(command).unwrap_err()
}

#[test]
fn what_is_waived_is_owed_no_more() {
    for lanes in [1, 2] {
        let mut w = owing(lanes);
        let (fee, total) = (w.o().fees.last().unwrap().no, w.o().total());
        for (amount, due) in [(6_001, 6_000), (0, 6_000)] {
            let no = refused(&mut w, &waive(Some(fee), Some(amount)));
            assert_eq!((no.reason, no.facts.due), (Reason::AmountMismatch, Some(Won::new(due))), "{amount}");
        }
        ask(&mut w, &[waive(Some(fee), Some(2_000))]);
        assert_eq!((money(&w).3, total - w.o().total()), (4_000, Won::new(2_000)));
        // the rest is waived as well, or paid
        ask(&mut w, &[waive(None, None)]);
        assert_eq!((money(&w).3, total - w.o().total()), (0, Won::new(6_000)));
        for nothing in [waive(None, None), waive(Some(fee), None), waive(Some(1), None), waive(Some(99), Some(1))] {
            let no = refused(&mut w, &nothing);
            assert_eq!((no.reason, no.facts.due), (Reason::AmountMismatch, Some(Won::ZERO)));
        }
        // what comes for it all the same goes back
        ask(&mut w, &[pay("late", 4_000)]);
        assert_eq!(money(&w).1, 4_000);
        ends_well(&w);
        let mut w = owing(lanes);
        ask(&mut w, &[waive(Some(fee), Some(2_000)), pay("rest", 4_000)]);
        assert_eq!((money(&w), w.o().refunds.len()), ((0, 0, 0, 0), 0));
        ends_well(&w);
    }
}

#[test]
fn a_refund_keeps_back_only_what_was_not_waived() {
    for (amount, kept) in [(Some(2_000), 4_000), (None, 0)] {
        let mut w = owing(1);
        ask(&mut w, &[waive(None, amount)]);
        ask(&mut w, &send_new());
        ask(&mut w, &returned(2, 2, 1));
        let (waits, goes, excluded, owed) = money(&w);
        assert_eq!((waits + goes, excluded, owed), (10_000 - kept, kept, 0), "{amount:?}");
        // it is settled: there is nothing to waive, until it is owed again
        assert_eq!(refused(&mut w, &waive(None, None)).reason, Reason::AmountMismatch);
        ends_well(&w);
    }
}

#[test]
fn of_a_fee_that_is_owed_no_more_only_what_was_paid_goes_back() {
    for pays in [true, false] {
        let mut w = owing(1);
        ask(&mut w, &[waive(None, Some(2_000))]);
        if pays {
            ask(&mut w, &[pay("rest", 4_000)]);
        }
        // the shop was at fault after all
        let all = Vec::new();
        let fault = Some(Fault::Seller);
        let inspect = C::CompleteReturn { group: 1, inspected: Vec::new(), fault };
        ask(&mut w, &[C::CollectReturn { group: 1, lines: all }, inspect]);
        let (waits, goes, kept, owed) = money(&w);
        assert_eq!((waits + goes, kept, owed), (if pays { 4_000 } else { 0 }, 0, 0), "{pays}");
        ends_well(&w);
    }
}

#[test]
fn goods_leave_whose_surcharge_is_waived() {
    let mut w = order(shop(1), vec![line("a", 1)], &procured());
    ask(&mut w, &[C::SetShippingAddress { zip: Some("63000".into()) }]);
    let ship = C::Ship { lines: Vec::new(), in_transit: true, waybills: Vec::new() };
    assert_eq!(refused(&mut w, &ship).reason, Reason::SurchargeUnpaid);
    ask(&mut w, &[waive(None, None)]);
    // another house in Jeju is not paid for again; an island is, as far as it costs more
    let (jeju, island, town) = ("63001", "40200", "06000");
    for (zip, due) in [(jeju, 0), (island, 2_000), (town, 0), (jeju, 0)] {
        ask(&mut w, &[C::SetShippingAddress { zip: Some(zip.into()) }]);
        assert_eq!(money(&w), (0, 0, 0, due), "{zip}");
    }
    ask(&mut w, &[ship]);
    ends_well(&w);
}

#[test]
fn nothing_of_an_unpaid_order_is_waived() {
    let mut w = shop(1);
    w.ask(&place(vec![line("a", 1)], false, PaymentOffer::Later)).unwrap();
    assert_eq!(refused(&mut w, &waive(None, None)).reason, Reason::IllegalTransition);
}
