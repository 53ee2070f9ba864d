//! What is owed: the total, the surcharge of an address, terms that an order was placed with, what points and coupons are of.

use std::time::Duration;

use super::{
    acts::{delivery, give_back},
    claims::{add_product, exchange, order, procured, shipped},
    world::{World, card, line, off, pay, pay_unvouched, place, sent_to, sku},
};
use crate::domain::{
    catalog::{CouponBase, Partner, PartnerKind, PointsBase, PromotionKind, SkuInfo, StockPolicy},
    fee::ShippingTerms,
    ids::{CustomerId, OrderId, PartnerId, PromotionId, SkuId, TemplateId},
    money::Won,
    order::{
        Event, OrderCommand as C,
        claim::{ClaimReason, Fault},
        command::{Deposit, Paid, PaymentMethod, PaymentOffer, StockCount, Wanted},
        delivery::{DeliveredBy, DestinationKind, Zone},
        event::EVENT_VERSION,
        supply::{ChildLine, ChildOrder, LinkKind, Parent},
    },
    reason::Reason,
    status::Status,
    stock::Move,
};

const SEOUL: &str = "06000";
const JEJU: &str = "63000";
const ISLAND: &str = "40200";

fn shop() -> World {
    let a = SkuInfo { points_rate_bp: 1_000, ..sku("a", "t", 10_000, 3_000) };
    World::new(vec![(a, 0, 9), (sku("b", "u", 20_000, 0), 0, 9)])
}

fn choose(zip: &str) -> C {
    C::SetShippingAddress { zip: Some(zip.into()) }
}

fn owed(w: &World) -> (i64, i64) {
    (w.o().total().get(), w.o().due_now().get())
}

fn planned(w: &World) -> i64 {
    w.o().refunds.iter().filter(|r| r.open()).map(|r| r.amount.get()).sum()
}

fn placed(w: &World) -> i64 {
    let total = |e: &Event| if let Event::Placed(p) = e { p.total } else { None };
    w.history.iter().find_map(|(e, _)| total(e)).unwrap().get()
}

/// The kind: whatever takes goods out of an order takes them out of its total.
#[test]
fn the_total_is_what_is_due_or_was_paid_and_stays_so() {
    // short at placement, before and after payment
    let mut w = World::new(vec![(sku("a", "t", 10_000, 0), 0, 2)]);
    w.ask(&place(vec![line("a", 3)], true, PaymentOffer::Later)).unwrap();
    assert_eq!((owed(&w), placed(&w)), ((20_000, 20_000), 20_000));
    assert_eq!(w.ask(&pay_unvouched("k", 30_000)).unwrap_err().facts.due, Some(Won::new(20_000)));
    w.ask(&pay("k", 20_000)).unwrap();
    assert_eq!(owed(&w), (20_000, 0));
    // short at placement, paid at once
    let mut w = World::new(vec![(sku("a", "t", 10_000, 0), 0, 2)]);
    w.ask(&place(vec![line("a", 3)], true, PaymentOffer::Approved(vec![card("k", 30_000)]))).unwrap();
    assert_eq!((owed(&w), placed(&w), planned(&w)), ((20_000, 0), 20_000, 10_000));
    // short at payment
    let mut w = World::new(vec![(sku("a", "t", 10_000, 0), 0, 3)]);
    w.policy.stock = StockPolicy::DeductAtPayment;
    w.ask(&place(vec![line("a", 3)], false, PaymentOffer::Later)).unwrap();
    assert_eq!(owed(&w), (30_000, 30_000));
    assert!(w.own(&SkuId::stored("a"), Move::Shrink, 1));
    w.ask(&pay("k", 30_000)).unwrap();
    assert_eq!((owed(&w), planned(&w)), ((20_000, 0), 10_000));
    // cancelled, judged away, lost, returned
    let mut w = order(shop(), vec![line("a", 2), line("b", 1)], &[]);
    assert_eq!(owed(&w), (43_000, 0));
    w.ask(&C::CancelLines { lines: vec![2], reason: None }).unwrap();
    assert_eq!(owed(&w), (23_000, 0));
    w.ask(&C::ConfirmStock { lines: vec![StockCount { line_no: 1, available: 1 }] }).unwrap();
    assert_eq!(owed(&w), (13_000, 0));
    w.ask(&C::CancelLines { lines: vec![1], reason: None }).unwrap();
    assert_eq!((owed(&w), planned(&w)), ((0, 0), 43_000));
    let mut w = order(shop(), vec![line("a", 2)], &shipped());
    w.ask(&C::RequestReturn(give_back(&[(1, 1)], Fault::Buyer))).unwrap();
    assert_eq!(owed(&w), (13_000, 0));
    w.ask(&C::WithdrawReturn { group: 1, lines: Vec::new(), by_buyer: true }).unwrap();
    assert_eq!(owed(&w), (23_000, 0));
    // it ended unpaid
    for end in [C::CancelPayment, C::Expire] {
        let mut w = shop();
        w.ask(&place(vec![line("a", 1)], false, PaymentOffer::Later)).unwrap();
        if end == C::Expire {
            w.later(Duration::from_secs(3_600));
        }
        w.ask(&end).unwrap();
        assert_eq!(owed(&w), (0, 0), "{end:?}");
        w.ask(&pay("late", 13_000)).unwrap();
        assert_eq!((owed(&w), planned(&w)), ((0, 0), 13_000), "{end:?}");
    }
}

/// The kind: the address of the placement counts, however the order is paid, and wherever its goods lie.
#[test]
fn the_surcharge_of_the_first_address_is_in_the_total() {
    for (zip, more) in [(SEOUL, 0), (JEJU, 3_000), (ISLAND, 5_000)] {
        let to = |offer| sent_to(zip, place(vec![line("a", 1)], false, offer));
        let mut w = shop();
        w.ask(&to(PaymentOffer::Later)).unwrap();
        assert_eq!((owed(&w), placed(&w)), ((13_000 + more, 13_000 + more), 13_000 + more), "{zip}");
        assert!(w.o().fees.iter().all(|f| f.group == 1 && !f.unpaid), "{:?}", w.o().fees);
        assert_eq!(w.ask(&pay_unvouched("k", 13_001)).unwrap_err().reason, Reason::AmountMismatch);
        w.ask(&pay("k", 13_000 + more)).unwrap();
        assert_eq!(owed(&w), (13_000 + more, 0));
        // paid at once
        let mut w = shop();
        if more > 0 {
            let refusal = w.ask(&to(PaymentOffer::Approved(vec![card("k", 13_000)]))).unwrap_err();
            assert_eq!((refusal.reason, refusal.facts.due), (Reason::AmountMismatch, Some(Won::new(13_000 + more))));
        }
        w.ask(&to(PaymentOffer::Approved(vec![card("k", 13_000 + more)]))).unwrap();
        for then in procured() {
            w.ask(&then).unwrap();
        }
        w.ask(&C::Ship { lines: Vec::new(), in_transit: true, waybills: Vec::new() }).unwrap();
        // by deposit
        let mut w = shop();
        let deposit =
            Deposit { method: PaymentMethod::BankTransfer, account_no: None, bank_code: None, payment_id: None };
        w.ask(&to(PaymentOffer::Deposit(deposit))).unwrap();
        assert_eq!(w.o().settlements[0].expected, Won::new(13_000 + more));
        w.ask(&C::ConfirmDeposit { amount: Won::new(13_000 + more), payment_id: None }).unwrap();
        // goods of two lanes, and goods that ship free
        let mut w = World::new(vec![(sku("a", "t", 10_000, 3_000), 0, 9), (sku("b", "u", 20_000, 0), 1, 9)]);
        w.ask(&sent_to(zip, place(vec![line("a", 1), line("b", 1)], false, PaymentOffer::Later))).unwrap();
        w.rest();
        assert_eq!(owed(&w), (33_000 + more, 33_000 + more));
        let mut w = shop();
        w.ask(&sent_to(zip, place(vec![line("b", 1)], false, PaymentOffer::Later))).unwrap();
        assert_eq!(owed(&w), (20_000 + more, 20_000 + more));
    }
    // nowhere costs more, by policy
    let mut w = shop();
    w.policy.remote.clear();
    w.ask(&sent_to(JEJU, place(vec![line("a", 1)], false, PaymentOffer::Later))).unwrap();
    assert_eq!(owed(&w), (13_000, 13_000));
    // it goes back with the last goods
    let mut w = shop();
    w.ask(&sent_to(JEJU, place(vec![line("a", 1)], false, PaymentOffer::Approved(vec![card("k", 16_000)])))).unwrap();
    w.ask(&C::CancelLines { lines: vec![1], reason: None }).unwrap();
    assert_eq!((owed(&w), planned(&w)), ((0, 0), 16_000));
    // a short line of a partial order does not change it
    let mut w = World::new(vec![(sku("a", "t", 10_000, 3_000), 0, 1)]);
    w.ask(&sent_to(JEJU, place(vec![line("a", 2)], true, PaymentOffer::Later))).unwrap();
    assert_eq!(owed(&w), (16_000, 16_000));
}

/// The kind: a change of address owes or gives back the difference to what was charged, in whatever status it comes.
#[test]
fn a_change_of_address_is_the_difference() {
    // Jeju → island → Seoul → Jeju, nothing paid between: the second finding
    for path in [Vec::new(), vec![C::Prepare], procured()] {
        let mut w = order(shop(), vec![line("b", 1), line("a", 1)], &path);
        for (zip, total, due) in
            [(JEJU, 36_000, 3_000), (ISLAND, 38_000, 5_000), (SEOUL, 33_000, 0), (JEJU, 36_000, 3_000)]
        {
            w.ask(&choose(zip)).unwrap();
            assert_eq!(owed(&w), (total, due), "{zip} after {path:?}");
        }
        assert_eq!(planned(&w), 0);
        w.ask(&pay("s", 3_000)).unwrap();
        // paid: what is more is due beside, what is less goes back
        w.ask(&choose(ISLAND)).unwrap();
        assert_eq!((owed(&w), planned(&w)), ((38_000, 2_000), 0));
        // what nobody has paid is given up before money goes back
        w.ask(&choose(JEJU)).unwrap();
        assert_eq!((owed(&w), planned(&w)), ((36_000, 0), 0));
        w.ask(&choose(ISLAND)).unwrap();
        w.ask(&pay("s-2", 2_000)).unwrap();
        let groups: Vec<u16> = w.o().settlements.iter().map(|s| s.group).collect();
        assert!(groups.windows(2).all(|g| g[0] < g[1]), "{groups:?}");
        w.ask(&choose(JEJU)).unwrap();
        assert_eq!((owed(&w), planned(&w)), ((36_000, 0), 2_000));
        w.ask(&choose(SEOUL)).unwrap();
        assert_eq!((owed(&w), planned(&w)), ((33_000, 0), 5_000));
    }
    // placed to Jeju and paid so
    let mut w = shop();
    w.ask(&sent_to(JEJU, place(vec![line("a", 1)], false, PaymentOffer::Approved(vec![card("k", 16_000)])))).unwrap();
    w.ask(&choose(JEJU)).unwrap();
    assert_eq!((owed(&w), planned(&w)), ((16_000, 0), 0));
    w.ask(&choose(ISLAND)).unwrap();
    assert_eq!((owed(&w), planned(&w), w.o().fees[2].group), ((18_000, 2_000), 0, 2));
    // preparing goes on, and shipping waits
    for then in procured() {
        w.ask(&then).unwrap();
    }
    let ship = C::Ship { lines: Vec::new(), in_transit: true, waybills: Vec::new() };
    assert_eq!(w.ask(&ship).unwrap_err().reason, Reason::SurchargeUnpaid);
    w.ask(&choose(SEOUL)).unwrap();
    assert_eq!((owed(&w), planned(&w)), ((13_000, 0), 3_000));
    w.ask(&ship).unwrap();
    assert_eq!(w.ask(&choose(JEJU)).unwrap_err().reason, Reason::IllegalTransition);
}

/// The same while the order is unpaid: what is due changes, in the first payment group; and not past its deadline.
#[test]
fn an_address_that_changes_before_payment_changes_what_is_due() {
    let deposit =
        Deposit { method: PaymentMethod::VirtualAccount, account_no: None, bank_code: None, payment_id: None };
    for offer in [PaymentOffer::Later, PaymentOffer::Deposit(deposit)] {
        let mut w = shop();
        w.ask(&place(vec![line("a", 1)], false, offer.clone())).unwrap();
        for (zip, total) in [(JEJU, 16_000), (ISLAND, 18_000), (SEOUL, 13_000), (ISLAND, 18_000), (JEJU, 16_000)] {
            w.ask(&choose(zip)).unwrap();
            assert_eq!((owed(&w), w.o().status()), ((total, total), Status::PaymentPending), "{zip}");
        }
        assert!(w.o().refunds.is_empty());
        if offer == PaymentOffer::Later {
            w.ask(&pay("k", 16_000)).unwrap();
        } else {
            w.ask(&C::ConfirmDeposit { amount: Won::new(16_000), payment_id: None }).unwrap();
        }
        assert!(w.o().settlements.iter().all(|s| s.group == 1));
        assert_eq!(owed(&w), (16_000, 0));
        w.refolds();
    }
    let mut w = shop();
    w.ask(&place(vec![line("a", 1)], false, PaymentOffer::Later)).unwrap();
    w.later(Duration::from_secs(3_600));
    assert_eq!(w.ask(&choose(JEJU)).unwrap_err().reason, Reason::PaymentExpired);
    // as often as one likes, within bounds
    let mut w = order(shop(), vec![line("a", 1)], &[]);
    let refusal = (0..200).find_map(|n| w.ask(&choose([JEJU, SEOUL][n % 2])).err()).unwrap();
    assert_eq!(refusal.reason, Reason::TooMany);
}

/// A surcharge that nobody paid is owed no more once nothing is left to go there.
#[test]
fn an_unpaid_surcharge_goes_with_what_was_to_go() {
    let mut w = order(shop(), vec![line("a", 1), line("b", 1)], &procured());
    w.ask(&C::Ship { lines: vec![1], in_transit: true, waybills: Vec::new() }).unwrap();
    w.ask(&choose(JEJU)).unwrap();
    assert_eq!(owed(&w), (36_000, 3_000));
    w.ask(&C::ReportStockLoss { lines: vec![super::acts::units(2, 1)] }).unwrap();
    assert_eq!((owed(&w), planned(&w)), ((13_000, 0), 20_000));
    let mut w = order(shop(), vec![line("a", 1)], &[]);
    w.ask(&choose(JEJU)).unwrap();
    w.ask(&C::CancelLines { lines: vec![1], reason: None }).unwrap();
    assert_eq!((owed(&w), planned(&w)), ((0, 0), 13_000));
}

/// A claim's debt holds nothing up: what a shipment asks for is paid by itself, and the debt later; or both at once.
#[test]
fn what_holds_shipping_up_is_paid_without_the_debts_beside_it() {
    let ship = |no| C::Ship { lines: vec![no], in_transit: true, waybills: Vec::new() };
    let (reason, fault) = (ClaimReason::ChangeOfMind, Fault::Buyer);
    let other = C::RequestExchange { line_no: 1, quantity: 1, reason, fault, wanted: None };
    for (paid, left) in [(3_000, 6_000), (9_000, 0)] {
        let mut w = order(shop(), vec![line("a", 1), line("b", 1)], &procured());
        for command in [ship(1), other.clone(), add_product(1, None), choose(JEJU)] {
            w.ask(&command).unwrap();
        }
        assert_eq!(w.o().due_now().get(), 9_000, "an exchange to and fro, and an island");
        let refusal = w.ask(&ship(2)).unwrap_err();
        assert_eq!((refusal.reason, refusal.facts.due), (Reason::SurchargeUnpaid, Some(Won::new(3_000))));
        w.one_won();
        assert_eq!(w.ask(&pay("more", paid)).unwrap().note, None);
        w.ask(&ship(2)).unwrap();
        assert_eq!(w.o().due_now().get(), left);
        w.one_won();
        assert!(left == 0 || w.ask(&pay("rest", left)).unwrap().note.is_none());
        w.rest();
    }
}

/// What a return by the buyer's fault keeps back.
fn withheld_amount(w: &mut World, lines: &[(u16, u32)]) -> i64 {
    w.ask(&C::RequestReturn(give_back(lines, Fault::Buyer))).unwrap();
    w.o().fulfilment.returns.last().unwrap().fee().get()
}

fn dearer(w: &mut World, change: impl Fn(&mut SkuInfo)) {
    w.skus.iter_mut().for_each(|(info, _)| change(info));
}

/// The kind: nothing that changes in the price list after the placement reaches an order.
#[test]
fn an_order_keeps_the_terms_that_it_was_placed_with() {
    let changes: [fn(&mut SkuInfo); 6] = [
        |i| i.delivery_fee = Won::new(9_000),
        |i| i.bundled = !i.bundled,
        |i| i.free_delivery = true,
        |i| i.threshold = Some(Won::new(1)),
        |i| i.template_id = TemplateId::stored(&format!("own-{}", i.sku_id)),
        |i| i.partner_id = PartnerId::stored(&format!("own-{}", i.sku_id)),
    ];
    let two = || World::new(vec![(sku("a", "t", 10_000, 3_000), 0, 9), (sku("b", "t", 10_000, 2_500), 1, 9)]);
    for (n, change) in changes.iter().enumerate() {
        // goods of two lanes
        let mut w = two();
        w.ask(&place(vec![line("a", 1), line("b", 1)], false, PaymentOffer::Later)).unwrap();
        w.rest();
        for then in [pay("k", 23_000)].into_iter().chain(shipped()) {
            w.ask(&then).unwrap();
            w.rest();
        }
        dearer(&mut w, change);
        assert_eq!(withheld_amount(&mut w, &[(1, 1), (2, 1)]), 3_000, "change {n}");
        // what an exchange added, and of it what a second one added
        let mut w = order(two(), vec![line("a", 2)], &shipped());
        dearer(&mut w, change);
        for (group, from) in [(1, 1), (2, 2)] {
            w.ask(&exchange(from, 1)).unwrap();
            w.ask(&add_product(group, None)).unwrap();
            for then in shipped() {
                drop(w.ask(&then));
            }
        }
        assert_eq!(w.o().lines.len(), 3);
        assert_eq!(withheld_amount(&mut w, &[(3, 1)]), 3_000, "change {n}");
    }
    // a threshold that was reached stays reached
    let free = SkuInfo { threshold: Some(Won::new(10_000)), ..sku("a", "t", 10_000, 3_000) };
    let mut w = order(World::new(vec![(free, 0, 9)]), vec![line("a", 1)], &shipped());
    dearer(&mut w, |i| i.threshold = None);
    assert_eq!(withheld_amount(&mut w, &[(1, 1)]), 0);
    // points by the rate of then, also of what an exchange added
    let mut w = order(shop(), vec![line("a", 2)], &shipped());
    dearer(&mut w, |i| i.points_rate_bp = 0);
    w.ask(&exchange(1, 1)).unwrap();
    w.ask(&add_product(1, None)).unwrap();
    for then in shipped().into_iter().chain([delivery(DeliveredBy::Carrier, Vec::new())]) {
        drop(w.ask(&then));
    }
    assert_eq!(w.o().lines.iter().map(|l| l.points_rate_bp).collect::<Vec<_>>(), [1_000, 1_000]);
}

/// A linked order's return tells the fee of its own goods, though the two businesses settle it.
#[test]
fn a_linked_order_keeps_its_terms_too() {
    let mut w = shop();
    let (id, zip) = (PartnerId::stored("u-1"), Some(JEJU.to_owned()));
    w.partners = vec![Partner { id, kind: PartnerKind::Retailer, active: true, zip }];
    let (order_id, partner_id) = (OrderId::stored("parent"), PartnerId::stored("1"));
    let parent = Parent { order_id, lane: 0, kind: LinkKind::Purchase, partner_id, lines: vec![1] };
    let lines = vec![ChildLine { sku_id: SkuId::stored("a"), quantity: 1 }];
    let child = ChildOrder { parent, buyer_id: CustomerId::stored("u-1"), lines };
    w.ask(&C::PlaceLinked(Box::new(child))).unwrap();
    assert_eq!((owed(&w), placed(&w)), ((10_000, 0), 10_000));
    // to its business address, for no surcharge: the two businesses settle that, too
    let to = w.o().fulfilment.destination.map(|d| (d.kind, d.zone));
    assert_eq!(to, Some((DestinationKind::Business, Zone::Jeju)));
    for then in shipped() {
        w.ask(&then).unwrap();
    }
    dearer(&mut w, |i| i.delivery_fee = Won::new(9_000));
    assert_eq!(withheld_amount(&mut w, &[(1, 1)]), 0);
    assert_eq!(w.o().fulfilment.returns[0].fees[0].amount, Won::new(3_000));
}

/// The history without what lines keep now: as it was written before.
fn as_before(w: &mut World) {
    for (event, _) in &mut w.history {
        let mut json = serde_json::to_value(&*event).unwrap();
        for line in json.get_mut("lines").and_then(|l| l.as_array_mut()).into_iter().flatten() {
            line.as_object_mut().and_then(|l| l.remove("shipping"));
        }
        for told in ["total", "zone"] {
            json.as_object_mut().unwrap().remove(told);
        }
        *event = Event::read(EVENT_VERSION, &json.to_string()).unwrap();
    }
    w.order = w.folded();
}

/// Lines that were placed before lines kept their terms have their product's of that day, whatever changes since.
#[test]
fn older_lines_have_the_terms_of_the_day_of_the_upgrade() {
    for (kept, fee) in [(Some(4_000), 4_000), (None, 9_000)] {
        for path in [shipped(), procured()] {
            let mut w = order(shop(), vec![line("a", 1), line("a", 1)], &path);
            as_before(&mut w);
            assert!(w.o().lines.iter().all(|l| l.shipping.is_none()));
            assert_eq!(owed(&w), (23_000, 0));
            dearer(&mut w, |i| {
                i.kept_shipping = kept.map(|fee| ShippingTerms { fee: Won::new(fee), bundled: true, free: false });
                i.delivery_fee = Won::new(9_000);
            });
            let gone = w.status() == Status::Shipped;
            assert_eq!(withheld_amount(&mut w, &[(1, 1)]), if gone { fee } else { 0 });
            // what an exchange adds to it has them as well
            w.ask(&exchange(2, 1)).unwrap();
            w.ask(&add_product(2, None)).unwrap();
            for then in shipped() {
                drop(w.ask(&then));
            }
            assert_eq!(withheld_amount(&mut w, &[(3, 1)]), fee);
        }
    }
}

fn points(amount: i64) -> Paid {
    Paid { method: PaymentMethod::Points, amount: Won::new(amount), approval_id: "pt".into(), movement_id: None }
}

/// Points that were used earn no points, unless the shop says so.
#[test]
fn points_are_earned_on_money() {
    let goods = |rate| SkuInfo { points_rate_bp: rate, ..sku("a", "t", 10_000, 0) };
    for (base, used, earned) in [
        (PointsBase::Money, 0, 1_000),
        (PointsBase::Money, 6_000, 400),
        (PointsBase::Money, 10_000, 0),
        (PointsBase::All, 6_000, 1_000),
        (PointsBase::All, 10_000, 1_000),
    ] {
        let mut w = World::new(vec![(goods(1_000), 0, 9)]);
        w.policy.points_base = base;
        let settlements = [points(used), card("k", 10_000 - used)];
        let settlements: Vec<Paid> = settlements.into_iter().filter(|p| p.amount.is_positive()).collect();
        w.ask(&place(vec![line("a", 1)], false, PaymentOffer::Approved(settlements))).unwrap();
        for then in shipped() {
            w.ask(&then).unwrap();
        }
        w.ask(&C::RegisterWaybill(super::acts::waybill(1, 1, 1))).unwrap();
        w.ask(&delivery(DeliveredBy::Carrier, Vec::new())).unwrap();
        w.ask(&C::ConfirmPurchase { lines: Vec::new() }).unwrap();
        assert_eq!(w.o().lines[0].points_earned, Won::new(earned), "{base:?} {used}");
    }
    // over two lines, in proportion, whichever is confirmed first: never more than the money earns
    for first in [1, 2] {
        let mut w = World::new(vec![(goods(1_000), 0, 9)]);
        let settlements = vec![points(5_000), card("k", 25_000)];
        w.ask(&place(vec![line("a", 1), line("a", 2)], false, PaymentOffer::Approved(settlements))).unwrap();
        for then in shipped() {
            w.ask(&then).unwrap();
        }
        for (no, n) in [(1, 1), (2, 2)] {
            w.ask(&C::RegisterWaybill(super::acts::waybill(no, no, n))).unwrap();
        }
        w.ask(&delivery(DeliveredBy::Carrier, Vec::new())).unwrap();
        for no in [first, 3 - first] {
            w.ask(&C::ConfirmPurchase { lines: vec![no] }).unwrap();
        }
        let earned: Vec<i64> = w.o().lines.iter().map(|l| l.points_earned.get()).collect();
        assert_eq!(earned, [833, 1_666]);
    }
}

/// A coupon is of the line total, or of what the promotion left; either is rounded down, and neither takes more than there is.
#[test]
fn a_coupon_is_of_what_the_shop_says() {
    // (price, quantity), what promotion and coupon take off, what is due by either
    for ((price, quantity), (promotion, coupon), of_total, of_rest) in [
        ((10_000, 1), (1_000, 2_000), 7_000, 7_200),
        ((333, 7), (1_000, 500), 1_982, 1_994),
        ((1_000, 3), (6_000, 5_000), 0, 600),
        ((1_000, 3), (10_000, 5_000), 0, 0),
    ] {
        for (base, due) in [(CouponBase::Total, of_total), (CouponBase::Rest, of_rest)] {
            let mut w = World::new(vec![(sku("a", "t", price, 0), 0, 9)]);
            w.policy.coupon_base = base;
            w.promotions = vec![off("p", PromotionKind::Promotion, promotion), off("q", PromotionKind::Coupon, coupon)];
            let named = |id| Some(PromotionId::stored(id));
            let wanted = Wanted { promotion_id: named("p"), coupon_id: named("q"), ..line("a", quantity) };
            w.ask(&place(vec![wanted], false, PaymentOffer::Later)).unwrap();
            assert_eq!(owed(&w), (due, due), "{base:?} {price} {promotion} {coupon}");
        }
    }
}

/// An address says which zone it lies in, from the placement on.
#[test]
fn the_placement_says_where_it_goes() {
    for (zip, zone) in [(SEOUL, Zone::Mainland), (JEJU, Zone::Jeju), (ISLAND, Zone::Island)] {
        let mut w = shop();
        w.ask(&sent_to(zip, place(vec![line("a", 1)], false, PaymentOffer::Later))).unwrap();
        assert_eq!(w.o().fulfilment.destination.map(|d| d.zone), Some(zone));
        w.refolds();
    }
}
