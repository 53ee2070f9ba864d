//! Procurement, linked orders and destinations: what went wrong once.

use super::{
    acts::{delivery, give_back, purchase, withdraw},
    claims::{add_product, exchange, order, procured},
    deep::{held_by, shop},
    world::{World, line, pay, sku},
};
use crate::domain::{
    ids::{CustomerId, OrderId, PartnerId, SkuId},
    money::{AMOUNT_MAX, Won},
    order::{
        OrderCommand as C,
        claim::Fault,
        delivery::DeliveredBy,
        supply::{ChildLine, ChildOrder, LinkKind, LinkState, LinkWhat, Parent, ProcureState, ShortLine},
    },
    reason::Reason,
    status::Status,
    stock::Move,
};

const ALL: Vec<u16> = Vec::new();

/// A consumer's order whose two units of one line are bought from a partner.
fn buying() -> World {
    order(shop(1), vec![line("c", 2)], &[C::Prepare, C::PurchaseFromPartner(purchase("2", &[(1, "w")]))])
}

fn news(what: LinkWhat) -> C {
    C::Link { from: OrderId::stored("o-1::1"), what }
}

fn child(lines: &[(&str, u32)]) -> C {
    let parent = Parent {
        order_id: OrderId::stored("parent"),
        lane: 0,
        kind: LinkKind::Purchase,
        partner_id: PartnerId::stored("2"),
        lines: (1u16..).zip(lines).map(|(no, _)| no).collect(),
    };
    let lines = lines.iter().map(|(id, quantity)| ChildLine { sku_id: SkuId::stored(id), quantity: *quantity });
    C::PlaceLinked(Box::new(ChildOrder { parent, buyer_id: CustomerId::stored("1"), lines: lines.collect() }))
}

fn back(quantity: u32) -> C {
    C::RequestReturn(give_back(&[(1, quantity)], Fault::Seller))
}

/// What a linked order has told its parent, by name.
fn told(w: &World) -> Vec<&'static str> {
    w.messages.iter().map(|(_, m)| m.what.name()).collect()
}

#[test]
fn what_a_claim_gives_back_after_its_procurement_was_cancelled_is_out_of_stock() {
    let undo = [C::RejectReturn { group: 1, reason: None }, withdraw(1)];
    for undone in undo {
        let mut w = order(shop(1), vec![line("c", 2)], &[C::Prepare, C::UseOwnStock { lines: ALL }, back(1)]);
        w.ask(&C::CancelProcurement { lines: ALL, reason: None }).unwrap();
        assert_eq!(w.o().lines[0].shown(), Status::Returning);
        w.ask(&undone).unwrap();
        assert_eq!((w.status(), w.stock("c").0), (Status::OutOfStock, 5));
        assert_eq!(w.o().settlements[0].refundable, Won::ZERO);
        w.at_rest();
    }
}

#[test]
fn what_a_claim_gives_back_after_the_linked_order_ended_is_out_of_stock() {
    let exchanged = vec![exchange(1, 1), C::RejectExchange { group: 1, reason: None }];
    for (done, claim) in [
        (false, vec![back(1), C::RejectReturn { group: 1, reason: None }]),
        (true, vec![back(1), withdraw(1)]),
        (true, exchanged),
    ] {
        let mut w = buying();
        w.ask(&news(LinkWhat::Placed)).unwrap();
        if done {
            w.ask(&news(LinkWhat::Done)).unwrap();
        }
        w.ask(&claim[0]).unwrap();
        w.ask(&news(LinkWhat::Ended)).unwrap();
        w.ask(&claim[1]).unwrap();
        assert_eq!(w.status(), Status::OutOfStock);
        assert_eq!(w.o().settlements[0].refundable, Won::ZERO);
    }
}

#[test]
fn what_a_linked_order_can_not_bring_is_taken_out_once_and_only_when_it_is_wanted() {
    let short = |quantity| news(LinkWhat::Short { lines: vec![ShortLine { line_no: 1, quantity }] });
    // one of two is under claim when the partner says that none will come
    let mut w = buying();
    w.ask(&back(1)).unwrap();
    w.ask(&short(2)).unwrap();
    assert_eq!((w.o().lines[0].cancelled, w.o().lines[0].shown()), (1, Status::Returning));
    w.ask(&C::RejectReturn { group: 1, reason: None }).unwrap();
    assert_eq!(w.status(), Status::OutOfStock);
    // one of two went back, so that one short of two is none too few
    let mut w = buying();
    w.ask(&back(1)).unwrap();
    w.ask(&C::ApproveReturn { group: 1, timing: None, fault: None }).unwrap();
    w.ask(&short(1)).unwrap();
    assert_eq!((w.o().lines[0].active(), w.status()), (1, Status::ProcurementCheck));
    // nothing is bought while a return may still bring units back
    let mut w = order(shop(1), vec![line("c", 2)], &[C::Prepare, back(1)]);
    let buy = C::PurchaseFromPartner(purchase("2", &[(1, "w")]));
    assert_eq!(w.ask(&buy).unwrap_err().reason, Reason::Invalid);
}

#[test]
fn news_of_a_linked_order_may_overtake_the_word_that_it_stands() {
    let mut w = buying();
    w.ask(&news(LinkWhat::Done)).unwrap();
    w.ask(&news(LinkWhat::Placed)).unwrap_err();
    w.ask(&news(LinkWhat::Done)).unwrap_err();
    assert_eq!((w.status(), w.o().fulfilment.links[0].state), (Status::ProcurementDone, LinkState::Done));

    let mut w = buying();
    w.ask(&news(LinkWhat::Short { lines: vec![ShortLine { line_no: 1, quantity: 1 }] })).unwrap();
    w.ask(&news(LinkWhat::Placed)).unwrap_err();
    assert_eq!((w.o().lines[0].active(), w.o().fulfilment.procurements[0].state), (1, ProcureState::Open));
    w.ask(&news(LinkWhat::Ended)).unwrap();
    assert_eq!(w.status(), Status::OutOfStock);

    let mut w = buying();
    w.ask(&news(LinkWhat::Ended)).unwrap();
    w.ask(&news(LinkWhat::Placed)).unwrap_err();
    assert_eq!((w.status(), w.o().fulfilment.links[0].state), (Status::OutOfStock, LinkState::Ended));
}

#[test]
fn an_order_that_is_stopped_leaves_no_claim_that_could_bring_units_back() {
    let mut w = shop(1);
    w.ask(&child(&[("w", 4)])).unwrap();
    for then in procured().into_iter().chain([back(1), exchange(1, 1)]) {
        w.ask(&then).unwrap();
    }
    w.ask(&C::Link { from: OrderId::stored("parent"), what: LinkWhat::Cancel }).unwrap();
    assert_eq!((w.status(), w.o().lines[0].active(), w.stock("w").0), (Status::Returned, 0, 8));
    w.ask(&C::RejectReturn { group: 1, reason: None }).unwrap_err();
    w.ask(&C::RejectExchange { group: 2, reason: None }).unwrap_err();
    w.at_rest();
}

#[test]
fn an_exchange_in_a_linked_order_is_no_shortage_until_it_fails() {
    let mut w = shop(1);
    w.ask(&child(&[("w", 3), ("w", 1)])).unwrap();
    for then in procured() {
        w.ask(&then).unwrap();
    }
    w.messages.clear();
    w.ask(&exchange(1, 2)).unwrap();
    w.ask(&add_product(1, None)).unwrap();
    assert!(told(&w).is_empty(), "{:?}", w.messages);
    w.ask(&C::ReportStockLoss { lines: vec![super::acts::units(3, 2)] }).unwrap();
    let short = LinkWhat::Short { lines: vec![ShortLine { line_no: 1, quantity: 2 }] };
    assert!(w.messages.iter().any(|(_, m)| m.what == short), "{:?}", w.messages);
}

#[test]
fn what_a_business_buys_is_no_gift_and_has_its_price() {
    let mut w = shop(1);
    w.skus.iter_mut().filter(|(i, _)| i.sku_id.as_str() == "w").for_each(|(i, _)| i.gift = true);
    w.ask(&child(&[("w", 1)])).unwrap();
    assert!(!w.o().lines[0].gift && w.o().lines[0].main && w.o().amounts().goods == Won::new(10));

    let mut w = World::new(vec![(held_by("2", sku("w", "t", AMOUNT_MAX, 0)), 0, 9)]);
    assert_eq!(w.ask(&child(&[("w", 2)])).unwrap_err().reason, Reason::Invalid);
    w.ask(&child(&[("w", 1)])).unwrap();
}

#[test]
fn what_has_an_installer_is_confirmed_once_it_is_installed() {
    let installer = C::AssignInstaller(purchase("3", &[(1, "i")]));
    let mut path = vec![C::Prepare, installer, news(LinkWhat::Placed), C::UseOwnStock { lines: ALL }];
    path.push(C::CompleteProcurement { lines: ALL });
    path.push(C::Ship { lines: ALL, in_transit: true, waybills: Vec::new() });
    let mut w = order(shop(1), vec![line("c", 1)], &path);
    let (confirm, installed) = (C::ConfirmPurchase { lines: ALL }, C::CompleteInstallation { lines: ALL });
    for (then, too_early) in [
        (delivery(DeliveredBy::Forced, ALL), &installed),
        (delivery(DeliveredBy::Installer, ALL), &confirm),
        (installed.clone(), &confirm),
    ] {
        assert_eq!(w.ask(too_early).unwrap_err().reason, Reason::IllegalTransition);
        w.ask(&then).unwrap();
    }
    w.ask(&confirm).unwrap();
    assert_eq!(w.status(), Status::PurchaseConfirmed);
}

#[test]
fn a_surcharge_that_was_not_paid_is_due_again_when_the_return_is_rejected() {
    let mut w = order(shop(1), vec![line("c", 1)], &procured());
    w.ask(&C::SetShippingAddress { zip: Some("63000".into()) }).unwrap();
    assert_eq!(w.o().surcharge_due(), Won::new(3_000));
    w.ask(&back(1)).unwrap();
    assert_eq!(w.o().surcharge_due(), Won::ZERO);
    w.ask(&C::RejectReturn { group: 1, reason: None }).unwrap();
    assert_eq!(w.o().surcharge_due(), Won::new(3_000));
    let ship = C::Ship { lines: ALL, in_transit: true, waybills: Vec::new() };
    assert_eq!(w.ask(&ship).unwrap_err().reason, Reason::SurchargeUnpaid);
    w.ask(&pay("s", 3_000)).unwrap();
    w.ask(&ship).unwrap();
}

#[test]
fn a_linked_order_that_is_lost_takes_its_parents_units_with_it_once() {
    let mut w = buying();
    w.ask(&news(LinkWhat::Placed)).unwrap();
    w.ask(&news(LinkWhat::Ended)).unwrap();
    w.ask(&news(LinkWhat::Ended)).unwrap_err();
    assert_eq!((w.status(), w.o().refunds.len()), (Status::OutOfStock, 1));
    let id = SkuId::stored("c");
    assert!(w.own(&id, Move::Receive, 1));
    w.at_rest();
}
