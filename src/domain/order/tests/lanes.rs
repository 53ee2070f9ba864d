//! Several lanes: what one decision asks of another lane ends as it should.

use std::time::Duration;

use super::world::{World, campaign, card, gift, gift_of, line, pay, place, sku};
use crate::domain::{
    catalog::{PreparePolicy, SkuInfo, StockPolicy},
    money::Won,
    order::{
        OrderCommand as C,
        command::{PaymentOffer, StockCount},
        state::Placement,
    },
    reason::Reason,
    status::Status,
    stock::Move,
};

fn a() -> (SkuInfo, u32, i64) {
    (sku("a", "t", 1_000, 0), 0, 10)
}
fn deduct(id: &str) -> SkuInfo {
    campaign(sku(id, "t", 500, 0), Some(5), StockPolicy::DeductAtPayment)
}

#[test]
fn a_lane_may_give_part_only_of_the_lines_that_allow_it() {
    // c is judged at payment; b is not, and the order wants all or nothing
    let paid = PaymentOffer::Approved(vec![card("k", 2_000)]);
    for (b_units, c_units, placement) in [(1, 0, Placement::Done), (0, 1, Placement::Failed)] {
        for swap in [false, true] {
            let skus = vec![a(), (sku("b", "t", 500, 0), 1, b_units), (deduct("c"), 1, c_units)];
            let mut w = World::new(skus);
            let mut lines = vec![line("a", 1), line("b", 1), line("c", 1)];
            if swap {
                lines.swap(1, 2);
            }
            w.ask(&place(lines, false, paid.clone())).unwrap();
            w.rest();
            assert_eq!(w.o().placement, placement, "{b_units} {c_units} {swap}");
            if placement == Placement::Failed {
                assert_eq!((w.stock("a").0, w.stock("c").0), (10, 1));
            } else {
                assert_eq!(w.o().settlements[0].planned, Won::new(500));
            }
        }
    }
}

#[test]
fn a_sale_paused_after_placement_does_not_strand_a_paid_order() {
    let mut w = World::new(vec![a(), (deduct("b"), 1, 3)]);
    w.ask(&place(vec![line("a", 1), line("b", 2)], false, PaymentOffer::Later)).unwrap();
    w.pause("b", true);
    w.ask(&pay("k", 2_000)).unwrap();
    w.rest();
    assert_eq!((w.status(), w.stock("b")), (Status::Ordered, (1, 0, 2)));
    w.ask(&C::Prepare).unwrap();
}

#[test]
fn a_standing_order_whose_request_is_refused_finds_nothing() {
    let mut w = World::new(vec![a(), (deduct("b"), 1, 3)]);
    w.ask(&place(vec![line("a", 1), line("b", 2)], false, PaymentOffer::Later)).unwrap();
    w.ask(&pay("k", 2_000)).unwrap();
    w.steps.clear();
    let reservation = w.o().reservations[0].asked.id.clone();
    let reason = crate::domain::reason::Reason::UnknownSku;
    w.ask(&C::ReserveRefused { reservation, reason, facts: Box::default() }).unwrap();
    assert_eq!(w.o().lines[1].status, Status::OutOfStock);
    assert_eq!(w.o().settlements[0].planned, Won::new(1_000));
    w.at_rest();
}

#[test]
fn at_once_means_once_every_lane_has_answered() {
    for (paid, b) in [(true, sku("b", "t", 500, 0)), (false, deduct("b")), (false, sku("b", "t", 500, 0))] {
        let mut w = World::new(vec![a(), (b, 1, 1)]);
        w.policy.prepare = PreparePolicy::AtOnce;
        let offer = if paid { PaymentOffer::Approved(vec![card("k", 2_000)]) } else { PaymentOffer::Later };
        w.ask(&place(vec![line("a", 1), line("b", 2)], true, offer)).unwrap();
        w.rest();
        if !paid {
            let due = w.o().amount_due().get();
            w.ask(&pay("k", due)).unwrap();
            w.rest();
        }
        assert_eq!(w.status(), Status::Preparing, "paid: {paid}");
        assert_eq!(w.o().lines[1].active(), 1);
    }
}

#[test]
fn a_gift_goes_with_its_main_line_wherever_both_live() {
    for paid in [false, true] {
        for (main, gifts) in [(0, 1), (1, 0), (1, 1), (1, 2), (2, 1)] {
            let skus = vec![a(), (sku("m", "t", 500, 0), main, 0), (gift("g"), gifts, 5)];
            let mut w = World::new(skus);
            let offer = if paid { PaymentOffer::Approved(vec![card("k", 2_000)]) } else { PaymentOffer::Later };
            w.ask(&place(vec![line("a", 1), line("m", 2), gift_of("g", 2)], true, offer)).unwrap();
            w.rest();
            assert_eq!(
                (w.o().placement.clone(), w.stock("g")),
                (Placement::Done, (5, 0, w.stock("g").2)),
                "{main} {gifts}"
            );
            assert_eq!(w.o().lines[2].status, Status::OutOfStock);
            assert_eq!(w.o().amount_due(), Won::new(1_000));
        }
    }
}

#[test]
fn a_gift_asked_for_at_payment_goes_back_when_its_main_line_is_not_there() {
    for (main, gifts) in [(0, 1), (1, 0), (1, 1), (1, 2), (2, 1)] {
        let mut g = deduct("g");
        g = SkuInfo { gift: true, price: Won::ZERO, campaigns: Vec::new(), ..g };
        let mut w = World::new(vec![a(), (deduct("m"), main, 2), (g, gifts, 5)]);
        w.policy.stock = StockPolicy::DeductAtPayment;
        w.ask(&place(vec![line("a", 1), line("m", 2), gift_of("g", 2)], false, PaymentOffer::Later)).unwrap();
        w.rest();
        let id = w.skus[1].0.sku_id.clone();
        assert!(w.own(&id, Move::Shrink, 2));
        w.ask(&pay("k", 2_000)).unwrap();
        w.rest();
        assert_eq!(w.stock("g").0, 5, "main in lane {main}, gift in lane {gifts}");
        assert_eq!((w.o().lines[2].status, w.o().lines[2].deducted), (Status::OutOfStock, 0));
    }
}

#[test]
fn only_gifts_from_another_lane_make_no_order() {
    let mut w = World::new(vec![(sku("m", "t", 500, 0), 0, 0), (sku("n", "t", 500, 0), 1, 0), (gift("g"), 1, 5)]);
    w.ask(&place(vec![line("m", 1), line("n", 1), gift_of("g", 2)], true, PaymentOffer::Later)).unwrap();
    w.rest();
    assert_eq!((w.o().placement.clone(), w.stock("g")), (Placement::Failed, (5, 0, 0)));
}

#[test]
fn an_id_may_be_placed_again_after_another_lane_refused() {
    let mut w = World::new(vec![a(), (sku("b", "t", 500, 0), 1, 1)]);
    w.ask(&place(vec![line("a", 1), line("b", 2)], false, PaymentOffer::Later)).unwrap();
    w.rest();
    assert_eq!((w.o().placement.clone(), w.stock("a").0), (Placement::Failed, 10));
    w.ask(&place(vec![line("a", 2), line("b", 1)], false, PaymentOffer::Later)).unwrap();
    w.rest();
    assert_eq!((w.status(), w.stock("a"), w.stock("b")), (Status::PaymentPending, (8, 2, 0), (0, 1, 0)));
    w.later(Duration::from_secs(3_600));
    w.ask(&C::Expire).unwrap();
    w.rest();
    assert_eq!((w.stock("a"), w.stock("b")), ((10, 0, 0), (1, 0, 0)));
}

/// The kind: what another lane has not answered yet. It is too early, not wrong: the same command goes through afterwards.
#[test]
fn what_another_lane_has_not_answered_is_too_early() {
    // while it is being placed: whatever the command
    let mut w = World::new(vec![a(), (sku("b", "t", 500, 0), 1, 3)]);
    w.ask(&place(vec![line("a", 1), line("b", 2)], false, PaymentOffer::Later)).unwrap();
    for command in [pay("k", 2_000), C::CancelPayment, C::Prepare] {
        assert_eq!(w.ask(&command).unwrap_err().reason, Reason::TryAgain, "{command:?}");
    }
    w.rest();
    w.ask(&pay("k", 2_000)).unwrap();
    // while the stock that payment asked for is being looked for
    let late = || {
        let mut w = World::new(vec![a(), (deduct("b"), 1, 3)]);
        w.ask(&place(vec![line("a", 1), line("b", 2)], false, PaymentOffer::Later)).unwrap();
        w.rest();
        w.ask(&pay("k", 2_000)).unwrap();
        w
    };
    let judged = |available| C::ConfirmStock { lines: vec![StockCount { line_no: 2, available }] };
    for command in [C::Prepare, judged(1), judged(0), C::CancelLines { lines: vec![2], reason: None }] {
        let mut w = late();
        assert_eq!(w.ask(&command).unwrap_err().reason, Reason::TryAgain, "{command:?}");
        w.rest();
        w.ask(&command).unwrap();
    }
}
