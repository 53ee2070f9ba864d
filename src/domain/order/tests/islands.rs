//! The surcharge of an island, once goods have gone there.

use super::{
    claims::procured,
    world::{World, card, gift, gift_of, line, place, sent_to, sku},
};
use crate::domain::order::{OrderCommand as C, command::PaymentOffer};

const SEOUL: &str = "06000";
const JEJU: &str = "63000";
const ISLAND: &str = "40200";

fn to(zip: &str) -> C {
    C::SetShippingAddress { zip: Some(zip.into()) }
}

fn owed(w: &World) -> (i64, i64) {
    (w.o().total().get(), w.o().due_now().get())
}

fn planned(w: &World) -> i64 {
    w.o().refunds.iter().filter(|r| r.open()).map(|r| r.amount.get()).sum()
}

/// What was paid for the way of goods that have left stays; what nobody paid goes with the address.
#[test]
fn the_surcharge_of_goods_that_have_left_does_not_come_back() {
    for (sent, gift_sent) in [(true, false), (false, false), (false, true)] {
        let mut w = World::new(vec![(sku("a", "t", 10_000, 0), 0, 9), (gift("g"), 0, 9)]);
        let lines = vec![line("a", 1), line("a", 1), gift_of("g", 1)];
        let paid = PaymentOffer::Approved(vec![card("k", 23_000)]);
        w.ask(&sent_to(JEJU, place(lines, false, paid))).unwrap();
        procured().iter().for_each(|c| drop(w.ask(c).unwrap()));
        let lines = if sent {
            vec![1]
        } else if gift_sent {
            vec![3]
        } else {
            Vec::new()
        };
        if !lines.is_empty() {
            w.ask(&C::Ship { lines, in_transit: true, waybills: Vec::new() }).unwrap();
        }
        w.ask(&to(ISLAND)).unwrap();
        assert_eq!(owed(&w), (25_000, 2_000));
        w.ask(&to(SEOUL)).unwrap();
        let (total, back) = if sent { (23_000, 0) } else { (20_000, 3_000) };
        assert_eq!((owed(&w), planned(&w)), ((total, 0), back), "{sent} {gift_sent}");
        // and is charged once
        w.ask(&to(JEJU)).unwrap();
        assert_eq!(owed(&w), (23_000, if sent { 0 } else { 3_000 }));
        w.rest();
    }
}
