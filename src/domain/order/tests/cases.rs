//! One lane: each rule with its amounts.

use std::time::Duration;

use super::world::{World, campaign, card, gift, gift_of, gifts, line, off, pay, place, sku};
use crate::domain::{
    catalog::{PreparePolicy, PromotionKind, StockPolicy},
    gift::GiftSoldOut,
    ids::PromotionId,
    money::{AMOUNT_MAX, Won},
    order::{
        OrderCommand as C,
        command::{Deposit, PaymentMethod, PaymentOffer, StockCount, Wanted},
    },
    reason::Reason,
    status::Status,
    stock::Move,
};

fn a() -> (crate::domain::catalog::SkuInfo, u32, i64) {
    (sku("a", "t", 1_000, 0), 0, 10)
}

#[test]
fn a_gift_stays_on_the_shelf_when_its_main_line_is_out_of_stock_at_placement() {
    for paid in [false, true] {
        let mut w = World::new(vec![(sku("a", "t", 1_000, 0), 0, 0), (gift("g"), 0, 5), (sku("b", "t", 500, 0), 0, 5)]);
        let lines = vec![gift_of("g", 2), line("a", 2), line("b", 1)];
        let offer = if paid { PaymentOffer::Approved(vec![card("k", 2_500)]) } else { PaymentOffer::Later };
        w.ask(&place(lines, true, offer)).unwrap();
        assert_eq!(w.stock("g"), (5, 0, 0), "paid: {paid}");
        let statuses: Vec<Status> = w.o().lines.iter().map(|l| l.status).collect();
        assert_eq!(statuses[..2], [Status::OutOfStock; 2]);
        assert_eq!(w.o().amount_due(), Won::new(500));
        w.at_rest();
    }
    // nothing but a gift is left: sold out, whatever part is allowed
    let mut w = World::new(vec![(sku("a", "t", 1_000, 0), 0, 0), (gift("g"), 0, 5)]);
    let refused = w.ask(&place(vec![line("a", 1), gift_of("g", 1)], true, PaymentOffer::Later)).unwrap_err();
    assert_eq!(refused.reason, Reason::SoldOut);
}

#[test]
fn an_expired_order_says_so_though_a_line_was_short_and_takes_late_money() {
    let mut w = World::new(vec![a(), (sku("b", "t", 500, 0), 0, 0)]);
    w.ask(&place(vec![line("a", 1), line("b", 1)], true, PaymentOffer::Later)).unwrap();
    w.later(Duration::from_secs(3_600));
    w.ask(&C::Expire).unwrap();
    assert_eq!(w.status(), Status::PaymentExpired);
    let late = w.ask(&pay("k-1", 1_000)).unwrap();
    assert_eq!(late.note, Some(Reason::PaymentExpired));
    assert_eq!(w.o().settlements[0].planned, Won::new(1_000));
    assert_eq!(w.stock("a"), (10, 0, 0));
}

#[test]
fn a_late_approval_is_given_back_once() {
    let mut w = World::new(vec![a()]);
    w.ask(&place(vec![line("a", 1)], false, PaymentOffer::Later)).unwrap();
    w.later(Duration::from_secs(3_600));
    // its timer has not fired: the payment finds the order past its deadline, and expires it first
    w.ask(&pay("k-1", 1_000)).unwrap();
    assert_eq!(w.status(), Status::PaymentExpired);
    w.ask(&pay("k-1", 1_000)).unwrap();
    assert_eq!(w.o().refunds.len(), 1, "told again, it is the same money");
    w.ask(&pay("k-2", 1_000)).unwrap();
    assert_eq!(w.o().refunds.len(), 2);
}

#[test]
fn what_is_due_at_nothing_is_paid_by_nothing() {
    let free =
        |payment| place(vec![Wanted { coupon_id: Some(PromotionId::stored("c")), ..line("a", 3) }], false, payment);
    let deposit =
        Deposit { method: PaymentMethod::VirtualAccount, payment_id: None, account_no: None, bank_code: None };
    for offer in [PaymentOffer::Approved(Vec::new()), PaymentOffer::Later, PaymentOffer::Deposit(deposit)] {
        let mut w = World::new(vec![a()]);
        w.promotions.push(off("c", PromotionKind::Coupon, 10_000));
        let command = match &offer {
            PaymentOffer::Approved(_) => None,
            PaymentOffer::Later => Some(pay("k", 0)),
            PaymentOffer::Deposit(_) => Some(C::ConfirmDeposit { amount: Won::ZERO, payment_id: None }),
        };
        w.ask(&free(offer)).unwrap();
        if let Some(command) = command {
            w.ask(&command).unwrap();
        }
        assert_eq!((w.status(), w.stock("a")), (Status::Ordered, (7, 0, 3)));
        w.ask(&C::CancelLines { lines: vec![1], reason: None }).unwrap();
        assert!(w.o().refunds.is_empty());
    }
    let mut w = World::new(vec![a()]);
    let nothing = place(vec![line("a", 1)], false, PaymentOffer::Approved(Vec::new()));
    assert_eq!(w.ask(&nothing).unwrap_err().reason, Reason::Invalid);
}

#[test]
fn no_amount_outgrows_what_can_be_told() {
    let mut w = World::new(vec![(sku("a", "t", AMOUNT_MAX, 0), 0, 10)]);
    let two = w.ask(&place(vec![line("a", 2)], false, PaymentOffer::Later)).unwrap_err();
    assert_eq!(two.reason, Reason::Invalid);
    let paid = PaymentOffer::Approved(vec![card("k1", AMOUNT_MAX), card("k2", 1)]);
    assert_eq!(w.ask(&place(vec![line("a", 1)], false, paid)).unwrap_err().reason, Reason::Invalid);
    w.ask(&place(vec![line("a", 1)], false, PaymentOffer::Approved(vec![card("k1", AMOUNT_MAX)]))).unwrap();
}

#[test]
fn a_gift_judged_missing_is_lost_and_one_that_follows_is_not() {
    let gifted = || {
        let mut w = World::new(vec![a(), (gift("g"), 0, 5)]);
        w.gift_promotions = vec![gifts("gp", &["a"], &["g"], (3, 1), GiftSoldOut::Continue)];
        let lines = vec![line("a", 2), Wanted { quantity: 3, ..gift_of("g", 1) }];
        w.ask(&place(lines, false, PaymentOffer::Approved(vec![card("k", 2_000)]))).unwrap();
        w
    };
    let judge = |lines: &[(u16, u32)]| C::ConfirmStock {
        lines: lines.iter().map(|&(line_no, available)| StockCount { line_no, available }).collect(),
    };
    for (judged, gifts_left, status) in [
        (&[(2, 1)][..], 2, Status::Ordered),
        (&[(1, 0)], 5, Status::OutOfStock),
        // one gift of three is there, its main line is not: two are lost, one comes back
        (&[(1, 0), (2, 1)], 3, Status::OutOfStock),
        (&[(1, 1)], 2, Status::Ordered),
        (&[], 2, Status::Ordered),
        (&[(1, 99)], 2, Status::Ordered),
    ] {
        let mut w = gifted();
        w.ask(&judge(judged)).unwrap();
        assert_eq!((w.stock("g").0, w.status()), (gifts_left, status), "{judged:?}");
        w.at_rest();
    }
    let mut w = gifted();
    assert_eq!(w.ask(&judge(&[(1, 1), (1, 0)])).unwrap_err().reason, Reason::Invalid);
    assert_eq!(w.ask(&judge(&[(9, 1)])).unwrap_err().reason, Reason::UnknownLine);
}

#[test]
fn an_ended_order_awaits_no_deposit() {
    let mut w = World::new(vec![a()]);
    let deposit =
        Deposit { method: PaymentMethod::VirtualAccount, payment_id: None, account_no: None, bank_code: None };
    w.ask(&place(vec![line("a", 1)], false, PaymentOffer::Deposit(deposit))).unwrap();
    assert_eq!(w.o().settlements[0].expected, Won::new(1_000));
    w.later(Duration::from_secs(25 * 3_600));
    w.ask(&C::ConfirmDeposit { amount: Won::new(700), payment_id: None }).unwrap();
    assert_eq!(w.status(), Status::PaymentExpired);
    let terms: Vec<_> = w.o().settlements.iter().map(|s| (s.expected.get(), s.paid.get(), s.planned.get())).collect();
    assert_eq!(terms, [(0, 0, 0), (0, 700, 700)]);
}

#[test]
fn shares_sum_to_the_whole_over_shortages_and_a_cancellation() {
    let mut w = World::new(vec![(sku("a", "t", 333, 2_500), 0, 10)]);
    w.promotions.push(off("p", PromotionKind::Promotion, 1_000));
    let lines = vec![Wanted { promotion_id: Some(PromotionId::stored("p")), ..line("a", 7) }];
    let due = 333 * 7 - 233 + 2_500;
    w.ask(&place(lines, false, PaymentOffer::Approved(vec![card("k", due)]))).unwrap();
    for available in [5, 3, 2] {
        w.ask(&C::ConfirmStock { lines: vec![StockCount { line_no: 1, available }] }).unwrap();
    }
    // goods remain, so the fee is kept until the last of them goes
    assert_eq!(w.o().fees[0].returned, Won::ZERO);
    w.ask(&C::CancelLines { lines: vec![1], reason: None }).unwrap();
    let back: i64 = w.o().refunds.iter().map(|r| r.amount.get()).sum();
    assert_eq!((back, w.o().settlements[0].planned), (due, Won::new(due)));
    assert_eq!(w.stock("a"), (5, 0, 7)); // ten came, five were lost; sold counts up
}

#[test]
fn a_fee_goes_back_when_only_gifts_of_its_row_remain() {
    let mut w =
        World::new(vec![(sku("a", "t", 1_000, 3_000), 0, 5), (sku("b", "u", 1_000, 500), 0, 5), (gift("g"), 0, 5)]);
    // the gift ships with a's template, but belongs to b
    let lines = vec![line("a", 1), line("b", 1), gift_of("g", 2)];
    w.ask(&place(lines, false, PaymentOffer::Approved(vec![card("k", 5_500)]))).unwrap();
    w.ask(&C::CancelLines { lines: vec![1], reason: None }).unwrap();
    assert_eq!(w.o().settlements[0].planned, Won::new(4_000));
    assert_eq!(w.o().lines[2].status, Status::Ordered);
}

#[test]
fn discounts_are_promotion_then_coupon_each_of_the_line_total_and_never_more_than_it() {
    for (promotion, coupon, due) in [(1_000, 500, 2_550), (6_000, 5_000, 0), (10_000, 10_000, 0), (1, 1, 3_000)] {
        let mut w = World::new(vec![a()]);
        w.promotions = vec![off("p", PromotionKind::Promotion, promotion), off("c", PromotionKind::Coupon, coupon)];
        let wanted = Wanted {
            promotion_id: Some(PromotionId::stored("p")),
            coupon_id: Some(PromotionId::stored("c")),
            ..line("a", 3)
        };
        w.ask(&place(vec![wanted], false, PaymentOffer::Later)).unwrap();
        assert_eq!(w.o().amount_due(), Won::new(due), "{promotion} {coupon}");
    }
}

#[test]
fn gift_flags_are_kept_as_given() {
    let mut w = World::new(vec![a(), (gift("g"), 0, 9), (sku("c", "t", 1, 0), 0, 9)]);
    let lines = vec![
        line("a", 1),
        Wanted { gift_included: Some(true), ..gift_of("g", 1) },
        Wanted { gift_included: Some(false), ..line("c", 1) },
        gift_of("g", 3),
    ];
    w.ask(&place(lines, false, PaymentOffer::Later)).unwrap();
    let flags: Vec<_> = w.o().lines.iter().map(|l| (l.main, l.gift_included, l.gift, l.main_line_no)).collect();
    let b = (false, true, true, Some(1));
    assert_eq!(flags, [(true, true, false, None), b, (true, false, false, None), (false, false, true, Some(3))]);
    for bad in [vec![gift_of("g", 1)], vec![line("a", 1), line("g", 1)], vec![line("a", 1), gift_of("c", 1)]] {
        let mut w = World::new(vec![a(), (gift("g"), 0, 9), (sku("c", "t", 1, 0), 0, 9)]);
        assert_eq!(w.ask(&place(bad, false, PaymentOffer::Later)).unwrap_err().reason, Reason::Invalid);
    }
}

#[test]
fn dates_count_from_the_receipt() {
    let mut w = World::new(vec![a()]);
    let received = w.now;
    w.ask(&place(vec![line("a", 1)], false, PaymentOffer::Later)).unwrap();
    w.later(Duration::from_secs(600));
    w.ask(&pay("k", 1_000)).unwrap();
    let day = Duration::from_secs(86_400);
    let l = &w.o().lines[0];
    assert_eq!((l.ship_instructed_at, l.expected_delivery_at), (Some(received + day), Some(received + 2 * day)));
}

#[test]
fn stock_judged_at_payment_gives_each_line_what_is_left() {
    let deduct = campaign(sku("a", "t", 1_000, 100), Some(8), StockPolicy::DeductAtPayment);
    for prepare in [PreparePolicy::AtOnce, PreparePolicy::After(Duration::from_secs(60)), PreparePolicy::ByHand] {
        let mut w = World::new(vec![(deduct.clone(), 0, 8), (gift("g"), 0, 5)]);
        w.policy.prepare = prepare;
        w.ask(&place(vec![line("a", 3), line("a", 2), gift_of("g", 2)], false, PaymentOffer::Later)).unwrap();
        assert_eq!(w.stock("a"), (8, 0, 0));
        let id = w.skus[0].0.sku_id.clone();
        assert!(w.own(&id, Move::Shrink, 5)); // somebody bought five
        w.ask(&pay("k", 5_100)).unwrap();
        let statuses: Vec<Status> = w.o().lines.iter().map(|l| l.status).collect();
        let first = if prepare == PreparePolicy::AtOnce { Status::Preparing } else { Status::Ordered };
        assert_eq!(statuses, [first, Status::OutOfStock, Status::OutOfStock]);
        assert_eq!((w.stock("a"), w.stock("g").0), ((0, 0, 3), 5));
        assert_eq!(w.o().settlements[0].planned, Won::new(2_000));
        assert_eq!(w.o().due(false), w.o().prepare_at.filter(|_| matches!(prepare, PreparePolicy::After(_))));
        w.at_rest();
        if prepare != PreparePolicy::AtOnce {
            w.ask(&C::Prepare).unwrap();
            assert_eq!(w.o().lines[1].status, Status::OutOfStock);
        }
    }
}

#[test]
fn lines_of_one_sku_share_its_sale() {
    let mut info = campaign(sku("a", "t", 1_000, 0), Some(3), StockPolicy::HoldAtPlacement);
    let mut other = info.campaigns[0].clone();
    other.id = crate::domain::ids::CampaignId::stored("past");
    (other.opens_at, other.closes_at) = (info.campaigns[0].opens_at, info.campaigns[0].opens_at);
    info.campaigns.push(other);
    let mut w = World::new(vec![(info, 0, 10)]);
    let mixed = vec![
        line("a", 1),
        Wanted { campaign_id: Some(crate::domain::ids::CampaignId::stored("past")), ..line("a", 1) },
    ];
    // two sales of a SKU never overlap, so one of two that are named is closed
    assert_eq!(w.ask(&place(mixed, false, PaymentOffer::Later)).unwrap_err().reason, Reason::SaleClosed);
    let many = place(vec![line("a", 2), line("a", 2)], false, PaymentOffer::Later);
    assert_eq!(w.ask(&many).unwrap_err().reason, Reason::LimitExceeded);
    w.ask(&place(vec![line("a", 2), line("a", 1)], false, PaymentOffer::Later)).unwrap();
    assert_eq!(w.taken("a", 10), 3);
}
