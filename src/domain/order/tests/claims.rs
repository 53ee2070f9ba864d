//! Returns, exchanges and gifts: what went wrong once.

use super::{
    acts::{delivery, give_back, units, waybill, withdraw},
    deep::shop,
    world::{World, gift_of, line, pay, place},
};
use crate::domain::{
    catalog::PointsPolicy,
    ids::SkuId,
    money::Won,
    order::{
        OrderCommand as C,
        claim::{ClaimReason, ExchangeResolution, Fault, GiftReason},
        command::{PaymentOffer, StockCount, Wanted},
        delivery::{DeliveredBy, DeliveryStatus},
        state::PointsKind,
    },
    reason::Reason,
    status::Status,
};

const ALL: Vec<u16> = Vec::new();

/// Commands that are taken one after another; between them all that is on its way arrives.
pub fn ask(w: &mut World, commands: &[C]) {
    for command in commands {
        w.ask(command).unwrap_or_else(|e| panic!("{}: {}", command.name(), e.message()));
        w.rest();
    }
}

/// An order of these lines, paid and taken through these commands.
pub fn order(mut w: World, lines: Vec<Wanted>, path: &[C]) -> World {
    w.ask(&place(lines, false, PaymentOffer::Later)).unwrap();
    w.rest();
    let due = w.o().amount_due().get();
    w.ask(&pay("k", due)).unwrap();
    w.rest();
    for command in path {
        w.ask(command).unwrap();
        w.rest();
    }
    w
}

pub fn procured() -> Vec<C> {
    vec![C::Prepare, C::UseOwnStock { lines: ALL }, C::CompleteProcurement { lines: ALL }]
}

pub fn shipped() -> Vec<C> {
    let mut path = procured();
    path.push(C::Ship { lines: ALL, in_transit: true, waybills: Vec::new() });
    path
}

fn back(line_no: u16, quantity: u32) -> C {
    C::RequestReturn(give_back(&[(line_no, quantity)], Fault::Seller))
}

pub fn exchange(line_no: u16, quantity: u32) -> C {
    let (reason, fault) = (ClaimReason::Defect, Fault::Seller);
    C::RequestExchange { line_no, quantity, reason, fault, wanted: None }
}

pub fn add_product(group: u16, sku: Option<&str>) -> C {
    C::ApproveExchange {
        group,
        resolution: ExchangeResolution::AddProduct,
        sku_id: sku.map(SkuId::stored),
        fault: None,
        waived: None,
    }
}

fn lose(line_no: u16, quantity: u32) -> C {
    C::ReportStockLoss { lines: vec![units(line_no, quantity)] }
}

#[test]
fn a_line_added_by_an_exchange_that_has_claims_of_its_own_is_cut_like_any_other() {
    let mut w = order(shop(1), vec![line("c", 2)], &shipped());
    w.ask(&exchange(1, 2)).unwrap();
    w.ask(&add_product(1, None)).unwrap();
    // one unit of the new line is asked back, the other is lost
    w.ask(&back(2, 1)).unwrap();
    w.ask(&lose(2, 1)).unwrap();
    w.ask(&C::ApproveReturn { group: 2, timing: None, fault: None }).unwrap();
    assert_eq!((w.o().lines[0].status, w.o().lines[1].status), (Status::Exchanged, Status::Returned));
    let back: Won = w.o().refunds.iter().map(|r| r.amount).sum();
    assert_eq!(back, w.o().settlements[0].paid); // goods and fee, once
}

#[test]
fn gifts_of_an_added_line_go_with_it_when_the_exchange_fails() {
    let mut w = order(shop(1), vec![line("c", 1)], &shipped());
    w.ask(&exchange(1, 1)).unwrap();
    w.ask(&add_product(1, None)).unwrap();
    let reason = GiftReason::Complaint;
    w.ask(&C::AddGift { main_line_no: 2, sku_id: SkuId::stored("g"), quantity: 2, reason }).unwrap();
    w.ask(&lose(2, 1)).unwrap();
    assert_eq!((w.o().lines[2].status, w.stock("g").0), (Status::OutOfStock, 5));
    w.at_rest();
}

#[test]
fn a_gift_that_was_shipped_stays_when_its_main_line_is_lost() {
    let mut path = procured();
    path.push(C::Ship { lines: vec![2], in_transit: true, waybills: Vec::new() });
    let mut w = order(shop(1), vec![line("c", 1), gift_of("g", 1)], &path);
    w.ask(&lose(1, 1)).unwrap();
    assert_eq!((w.o().lines[0].status, w.o().lines[1].status), (Status::OutOfStock, Status::Shipped));
}

#[test]
fn units_that_another_lane_was_asked_for_are_not_judged() {
    let mut w = order(shop(2), vec![line("a", 1)], &[]);
    let reason = GiftReason::Delay;
    w.ask(&C::AddGift { main_line_no: 1, sku_id: SkuId::stored("h"), quantity: 2, reason }).unwrap();
    let judged = C::ConfirmStock { lines: vec![StockCount { line_no: 2, available: 1 }] };
    // it is no line before the other lane has said that it is there
    assert_eq!(w.ask(&judged).unwrap_err().reason, Reason::UnknownLine);
    w.rest();
    w.ask(&judged).unwrap();
    w.rest();
    assert_eq!(w.o().lines[1].deducted, 1);
}

#[test]
fn the_last_goods_of_a_row_bring_its_fee_back_though_an_exchange_is_still_picked_up() {
    let mut w = order(shop(1), vec![line("c", 1), line("c", 1)], &shipped());
    w.ask(&exchange(1, 1)).unwrap();
    w.ask(&C::ApproveExchange {
        group: 1,
        resolution: ExchangeResolution::Pickup,
        sku_id: None,
        fault: None,
        waived: None,
    })
    .unwrap();
    w.ask(&back(2, 1)).unwrap();
    // one of the two may still be withdrawn: the fee waits for the last that ends
    assert_eq!(w.o().fees[0].returned, Won::ZERO);
    w.ask(&C::ApproveReturn { group: 3, timing: None, fault: None }).unwrap();
    for group in [2, 3] {
        w.ask(&C::CollectReturn { group, lines: Vec::new() }).unwrap();
        w.ask(&C::CompleteReturn { group, inspected: Vec::new(), fault: None }).unwrap();
    }
    assert_eq!(w.o().fees[0].returned, Won::new(700));
    assert_eq!(w.o().settlements[0].refundable, Won::ZERO);
}

#[test]
fn a_return_is_withdrawn_until_its_collection_is_confirmed() {
    let mut w = order(shop(1), vec![line("c", 2)], &shipped());
    w.ask(&back(1, 2)).unwrap();
    w.ask(&C::ApproveReturn { group: 1, timing: None, fault: None }).unwrap();
    let mut confirmed = order(shop(1), vec![line("c", 2)], &shipped());
    confirmed.ask(&back(1, 2)).unwrap();
    confirmed.ask(&C::ApproveReturn { group: 1, timing: None, fault: None }).unwrap();
    confirmed.ask(&C::CollectReturn { group: 1, lines: Vec::new() }).unwrap();
    let late = confirmed.ask(&withdraw(1)).unwrap_err();
    assert_eq!(late.reason, Reason::IllegalTransition);
    w.ask(&withdraw(1)).unwrap();
    assert_eq!((w.o().lines[0].free(), w.status()), (2, Status::Shipped));
}

#[test]
fn a_delivered_line_stays_delivered_unless_units_that_had_not_left_come_back() {
    let mut path = procured();
    // one of three is asked back before shipping, the other two are shipped and brought
    path.push(back(1, 1));
    path.push(C::Ship { lines: ALL, in_transit: false, waybills: vec![waybill(1, 1, 2)] });
    path.push(delivery(DeliveredBy::Carrier, ALL));
    let mut w = order(shop(1), vec![line("c", 3)], &path);
    w.ask(&back(1, 1)).unwrap();
    w.ask(&withdraw(2)).unwrap();
    assert_eq!(w.o().lines[0].delivery.status, Some(DeliveryStatus::Delivered));
    w.ask(&withdraw(1)).unwrap();
    assert_eq!(w.o().lines[0].delivery.status, Some(DeliveryStatus::InTransit));
}

#[test]
fn points_are_earned_once_through_an_exchange() {
    for fails in [false, true] {
        let mut w = shop(1);
        w.policy.points = PointsPolicy::AtDelivery;
        let mut path = procured();
        path.push(C::Ship { lines: ALL, in_transit: false, waybills: vec![waybill(1, 1, 2)] });
        path.push(delivery(DeliveredBy::Carrier, ALL));
        let mut w = order(w, vec![line("a", 2)], &path);
        let earned = |w: &World| {
            let of = |kind| w.o().points.iter().filter(|p| p.kind == kind).map(|p| p.amount).sum::<Won>();
            of(PointsKind::Earned) - of(PointsKind::Reversed)
        };
        assert_eq!(earned(&w), Won::new(46)); // 7 % of 666
        w.ask(&exchange(1, 1)).unwrap();
        w.ask(&add_product(1, None)).unwrap();
        assert_eq!(earned(&w), Won::new(23));
        if fails {
            w.ask(&lose(2, 1)).unwrap();
            w.ask(&C::CollectReturn { group: 2, lines: Vec::new() }).unwrap();
            w.ask(&C::CompleteReturn { group: 2, inspected: Vec::new(), fault: None }).unwrap();
            assert_eq!(earned(&w), Won::new(23));
            continue;
        }
        for then in [C::UseOwnStock { lines: ALL }, C::CompleteProcurement { lines: ALL }] {
            w.ask(&then).unwrap();
        }
        w.ask(&C::Ship { lines: ALL, in_transit: false, waybills: vec![waybill(2, 2, 1)] }).unwrap();
        w.ask(&delivery(DeliveredBy::Carrier, vec![2])).unwrap();
        assert_eq!(earned(&w), Won::new(46));
    }
}

#[test]
fn a_line_is_not_confirmed_while_a_claim_may_bring_units_back() {
    let mut path = shipped();
    path.push(delivery(DeliveredBy::Forced, ALL));
    for claim in [back(1, 1), exchange(1, 1)] {
        let mut w = order(shop(1), vec![line("c", 2)], &path);
        w.ask(&claim).unwrap();
        let refused = w.ask(&C::ConfirmPurchase { lines: ALL }).unwrap_err();
        assert_eq!((refused.reason, refused.facts.line_no), (Reason::IllegalTransition, Some(1)));
    }
}
