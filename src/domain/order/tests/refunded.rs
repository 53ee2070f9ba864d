//! Of a line, what is planned to go back, what has gone back, and what is kept back are told apart, and sum to what left it.

use super::{
    acts::{delivery, found, give_back},
    claims::{ask, order, shipped},
    deep::shop,
    world::{World, card, line, place},
};
use crate::domain::{
    money::Won,
    order::{
        OrderCommand as C,
        claim::{Fault, RefundTiming},
        command::{Paid, PaymentMethod, PaymentOffer},
        delivery::DeliveredBy,
    },
};

/// (planned, refunded, excluded) of a line.
fn told(w: &World, no: u16) -> (i64, i64, i64) {
    let of = w.o().line_refunds(None);
    // what left each line is somewhere
    for (no, m) in &of {
        assert_eq!(m.planned + m.refunded + m.excluded, w.o().line(*no).unwrap().refunded, "line {no}: {m:?}");
    }
    of.iter().find(|(k, _)| *k == no).map_or((0, 0, 0), |(_, m)| (m.planned.get(), m.refunded.get(), m.excluded.get()))
}

fn confirm(w: &mut World, n: usize) {
    let key = w.o().refunds[n].key.clone();
    ask(w, &[C::ConfirmRefund { key }]);
}

fn sent(n: u32) -> World {
    let mut path = shipped();
    path.push(delivery(DeliveredBy::Forced, Vec::new()));
    order(shop(1), vec![line("c", n), line("a", 2)], &path)
}

#[test]
fn what_is_cancelled_is_planned_until_it_is_back() {
    let mut w = order(shop(1), vec![line("a", 2), line("c", 1)], &[]);
    assert!(w.o().line_refunds(None).is_empty());
    ask(&mut w, &[C::CancelLines { lines: vec![2], reason: None }]);
    assert_eq!((told(&w, 1), told(&w, 2)), ((0, 0, 0), (333, 0, 0)));
    confirm(&mut w, 0);
    assert_eq!(told(&w, 2), (0, 333, 0));
    // the other one is a group of its own
    ask(&mut w, &[C::CancelLines { lines: vec![1], reason: None }]);
    assert_eq!((told(&w, 1), told(&w, 2)), ((666, 0, 0), (0, 333, 0)));
}

#[test]
fn what_a_return_keeps_back_is_no_refund() {
    for (fault, kept, end) in [
        // goods of 999 won; the fee of 700 comes off, or a part by inspection
        (Fault::Seller, 0, (999, 0)),
        (Fault::Seller, 99, (900, 99)),
        (Fault::Buyer, 0, (299, 700)),
        (Fault::Buyer, 99, (200, 799)),
    ] {
        let mut w = sent(3);
        let timing = Some(RefundTiming::AfterCollection);
        let found = if kept > 0 { vec![found(1, (3, 0, 0), kept)] } else { Vec::new() };
        ask(&mut w, &[C::RequestReturn(give_back(&[(1, 3)], fault))]);
        ask(
            &mut w,
            &[C::ApproveReturn { group: 1, timing, fault: None }, C::CollectReturn { group: 1, lines: Vec::new() }],
        );
        ask(&mut w, &[C::CompleteReturn { group: 1, inspected: found, fault: None }]);
        assert_eq!(told(&w, 1), (end.0, 0, end.1), "{fault:?} {kept}");
        for n in 0..w.o().refunds.len() {
            if w.o().refunds[n].open() {
                confirm(&mut w, n);
            }
        }
        assert_eq!((told(&w, 1), told(&w, 2)), ((0, end.0, end.1), (0, 0, 0)), "{fault:?} {kept}");
    }
    // withdrawn, nothing left the line
    let mut w = sent(1);
    ask(&mut w, &[C::RequestReturn(give_back(&[(1, 1)], Fault::Seller))]);
    assert_eq!(told(&w, 1).0, 333);
    ask(&mut w, &[C::WithdrawReturn { group: 1, lines: Vec::new(), by_buyer: true }]);
    assert_eq!(told(&w, 1), (0, 0, 0));
}

#[test]
fn of_several_means_a_line_is_refunded_as_far_as_each_is() {
    let mut w = shop(1);
    ask(&mut w, &[place(vec![line("a", 1), line("c", 2)], false, PaymentOffer::Later)]);
    let due = w.o().due_now().get();
    let points = Paid { method: PaymentMethod::Points, ..card("p", 500) };
    ask(&mut w, &[C::ApprovePayment { settlements: vec![card("k", due - 500), points], verified: true }]);
    ask(&mut w, &[C::CancelLines { lines: vec![1, 2], reason: None }]);
    assert_eq!((told(&w, 1), told(&w, 2)), ((333, 0, 0), (666, 0, 0)));
    assert_eq!(w.o().refunds.len(), 2);
    confirm(&mut w, 0);
    let (one, two) = (told(&w, 1), told(&w, 2));
    let done = one.1 + two.1;
    assert!(one.1 > 0 && two.1 > one.1 && done < 999, "{one:?} {two:?}");
    confirm(&mut w, 1);
    assert_eq!((told(&w, 1), told(&w, 2)), ((0, 333, 0), (0, 666, 0)));
}

#[test]
fn what_was_never_paid_is_no_refund() {
    let mut w = shop(1);
    ask(&mut w, &[place(vec![line("c", 7)], true, PaymentOffer::Later)]);
    let due = w.o().due_now().get();
    ask(&mut w, &[C::ApprovePayment { settlements: vec![card("k", due)], verified: true }]);
    assert!(w.o().line(1).unwrap().refunded > Won::ZERO);
    assert!(w.o().line_refunds(None).is_empty(), "two units were short before anybody paid");
}
