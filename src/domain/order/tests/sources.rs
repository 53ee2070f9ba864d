//! Where goods come from, who says so, and how they leave: kinds of mistakes that each cost an order once.

use std::time::Duration;

use super::{
    acts::{delivery, give_back, purchase, units, waybill},
    claims::{add_product, exchange, order, procured, shipped},
    deep::{held_by, shop},
    world::{World, line, pay, place, sku},
};
use crate::domain::{
    catalog::{PointsPolicy, SkuInfo},
    ids::{OrderId, PartnerId, SkuId},
    money::Won,
    order::{
        OrderCommand as C,
        claim::{ClaimReason, ExchangeResolution, ExchangeState, Fault},
        command::{DeliveryReport, PaymentOffer, Sourced},
        delivery::{DeliveredBy, DeliveryStatus, ShipMethod},
        supply::{AskState, LinkState, LinkWhat, ProcureState, ShortLine},
    },
    reason::Reason,
    status::Status,
};

const ALL: Vec<u16> = Vec::new();

fn own(line_no: u16, quantity: u32) -> C {
    C::UseOwnUnits { units: vec![Sourced { line_no, quantity: Some(quantity) }] }
}

fn buy(line_no: u16, sku: &str, quantity: Option<u32>) -> C {
    let mut p = purchase("2", &[(line_no, sku)]);
    p.lines[0].2 = quantity;
    C::PurchaseFromPartner(p)
}

fn news(of: &str, what: LinkWhat) -> C {
    C::Link { from: OrderId::stored(of), what }
}

fn complete() -> C {
    C::CompleteProcurement { lines: ALL }
}

/// Four units of one line, being prepared.
fn four() -> World {
    order(shop(1), vec![line("c", 4)], &[C::Prepare])
}

// ---- a line from several sources

#[test]
fn a_line_goes_on_once_every_unit_has_a_source_and_is_procured_once_all_of_them_are() {
    let mut w = four();
    w.ask(&own(1, 2)).unwrap();
    assert_eq!(w.status(), Status::Preparing);
    // more than is left, or nothing at all
    for too_many in [own(1, 3), own(1, 0), buy(1, "w", Some(3))] {
        assert_eq!(w.ask(&too_many).unwrap_err().reason, Reason::QuantityExceeded);
    }
    // what is left, without a number
    w.ask(&buy(1, "w", None)).unwrap();
    assert_eq!(w.ask(&own(1, 1)).unwrap_err().reason, Reason::IllegalTransition);
    w.ask(&news("o-1::1", LinkWhat::Placed)).unwrap();
    let quantities: Vec<u32> = w.o().fulfilment.procurements.iter().map(|p| p.lines[0].quantity).collect();
    assert_eq!((w.status(), quantities), (Status::ProcurementCheck, vec![2, 2]));
    w.ask(&complete()).unwrap();
    assert_eq!(w.status(), Status::ProcurementCheck);
    w.ask(&complete()).unwrap_err();
    w.ask(&news("o-1::1", LinkWhat::Done)).unwrap();
    assert_eq!(w.status(), Status::ProcurementDone);
    w.refolds();
}

#[test]
fn two_partners_of_one_line_are_told_apart() {
    let mut w = four();
    w.ask(&buy(1, "w", Some(1))).unwrap();
    w.ask(&buy(1, "x", Some(3))).unwrap();
    for n in ["o-1::1", "o-1::2"] {
        w.ask(&news(n, LinkWhat::Placed)).unwrap();
    }
    w.ask(&news("o-1::2", LinkWhat::Done)).unwrap();
    let states: Vec<ProcureState> = w.o().fulfilment.procurements.iter().map(|p| p.state).collect();
    assert_eq!((w.status(), states), (Status::ProcurementCheck, vec![ProcureState::Open, ProcureState::Done]));
    // one source ends: its units go, and the other's are there
    w.ask(&news("o-1::1", LinkWhat::Ended)).unwrap();
    let l = &w.o().lines[0];
    assert_eq!((l.cancelled, l.free(), w.status()), (1, 3, Status::ProcurementDone));
    assert_eq!(w.o().settlements[0].planned, l.unit_price);
    w.at_rest();
}

#[test]
fn a_source_that_fails_takes_its_own_units_and_no_others() {
    let short = |n| LinkWhat::Short { lines: vec![ShortLine { line_no: 1, quantity: n }] };
    for (what, left) in [(short(1), 3), (short(2), 2), (LinkWhat::Ended, 2)] {
        let mut w = four();
        w.ask(&own(1, 2)).unwrap();
        w.ask(&buy(1, "w", Some(2))).unwrap();
        w.ask(&news("o-1::1", LinkWhat::Placed)).unwrap();
        w.ask(&complete()).unwrap();
        w.ask(&news("o-1::1", what.clone())).unwrap();
        assert_eq!(w.o().lines[0].free(), left, "{what:?}");
        let status = if left == 2 { Status::ProcurementDone } else { Status::ProcurementCheck };
        assert_eq!(w.status(), status, "{what:?}");
    }
    // cancelled, they go back where they came from; what is there stays
    let mut w = four();
    w.ask(&own(1, 3)).unwrap();
    w.ask(&C::BuyUnits {
        units: vec![Sourced { line_no: 1, quantity: None }],
        seller: "s".into(),
        amount: Won::new(1),
    })
    .unwrap();
    let shelf = w.stock("c").0;
    w.ask(&C::CancelProcurement { lines: ALL, reason: None }).unwrap();
    assert_eq!((w.status(), w.stock("c").0), (Status::OutOfStock, shelf + 3));
    w.at_rest();
    // a partner's order is stopped, though the line goes on with what is there
    let mut w = four();
    w.ask(&own(1, 2)).unwrap();
    w.ask(&buy(1, "w", None)).unwrap();
    w.ask(&news("o-1::1", LinkWhat::Placed)).unwrap();
    w.ask(&complete()).unwrap();
    w.messages.clear();
    w.ask(&C::CancelProcurement { lines: ALL, reason: None }).unwrap();
    assert_eq!((w.o().lines[0].free(), w.status()), (2, Status::ProcurementDone));
    assert_eq!(w.o().fulfilment.links[0].state, LinkState::Cancelled);
    assert!(w.messages.iter().any(|(_, m)| m.what == LinkWhat::Cancel), "{:?}", w.messages);
}

#[test]
fn what_has_no_source_may_be_lost_or_returned_and_the_rest_goes_on() {
    for gone in [C::ReportStockLoss { lines: vec![units(1, 1)] }, C::RequestReturn(give_back(&[(1, 1)], Fault::Seller))]
    {
        let mut w = four();
        w.ask(&own(1, 3)).unwrap();
        w.ask(&gone).unwrap();
        if matches!(gone, C::RequestReturn(_)) {
            w.ask(&C::ApproveReturn { group: 1, timing: None, fault: None }).unwrap();
        }
        assert_eq!(w.status(), Status::ProcurementCheck, "{gone:?}");
        w.ask(&complete()).unwrap();
        assert_eq!(w.status(), Status::ProcurementDone, "{gone:?}");
    }
    // a partner that ends before the line has all its sources: another one may bring its units
    let mut w = four();
    w.ask(&buy(1, "w", Some(3))).unwrap();
    w.ask(&news("o-1::1", LinkWhat::Placed)).unwrap();
    w.ask(&news("o-1::1", LinkWhat::Ended)).unwrap();
    assert_eq!((w.status(), w.o().lines[0].free()), (Status::Preparing, 4));
    w.ask(&C::UseOwnStock { lines: ALL }).unwrap();
    w.ask(&complete()).unwrap();
    assert_eq!(w.status(), Status::ProcurementDone);
}

// ---- wrong picks

#[test]
fn a_partner_that_has_not_enough_is_no_purchase_and_leaves_the_order_as_it_was() {
    // here it is seen at once; elsewhere the partner's own order says so, in whichever words
    for lane in [0, 1] {
        let mut w = four();
        w.skus.iter_mut().filter(|(i, _)| i.sku_id.as_str() == "x").for_each(|(_, l)| *l = lane);
        let before = w.o().clone();
        let asked = w.ask(&buy(1, "x", Some(4)));
        if lane == 0 {
            assert_eq!(asked.unwrap_err().reason, Reason::InsufficientStock);
            assert_eq!(*w.o(), before);
            continue;
        }
        for (n, reason) in [(1, Reason::SoldOut), (2, Reason::InsufficientStock)] {
            let from = format!("o-1::{n}");
            if n == 2 {
                w.ask(&buy(1, "x", Some(4))).unwrap();
            }
            w.ask(&news(&from, LinkWhat::Refused { reason, facts: None })).unwrap();
            let ask = w.o().fulfilment.asks.iter().find(|a| a.id == from).unwrap();
            assert_eq!(ask.state, AskState::Denied);
            let now = w.o().clone();
            assert_eq!(
                (&now.lines, &now.fulfilment.links, &now.fulfilment.procurements),
                (&before.lines, &Vec::new(), &Vec::new())
            );
            assert_eq!(now.settlements, before.settlements);
        }
        w.ask(&own(1, 4)).unwrap();
    }
}

#[test]
fn a_yes_that_comes_when_nothing_is_wanted_any_more_stops_what_was_made() {
    let mut w = four();
    w.ask(&buy(1, "w", None)).unwrap();
    w.ask(&C::ReportStockLoss { lines: vec![units(1, 4)] }).unwrap();
    w.messages.clear();
    w.ask(&news("o-1::1", LinkWhat::Placed)).unwrap();
    assert_eq!(w.o().fulfilment.links[0].state, LinkState::Cancelled);
    assert!(w.messages.iter().any(|(_, m)| m.what == LinkWhat::Cancel), "{:?}", w.messages);
}

#[test]
fn a_product_that_is_not_there_is_no_exchange_wherever_it_lives() {
    for (lanes, there) in [(1, 1), (1, 2), (3, 1), (3, 2)] {
        for path in [procured(), shipped()] {
            let mut w = order(shop(lanes), vec![line("a", 2)], &path);
            let (old, new) = (w.stock("a"), w.stock("a2"));
            w.own(&SkuId::stored("a2"), crate::domain::stock::Move::Shrink, 2 - there);
            w.ask(&exchange(1, 2)).unwrap();
            let before = w.o().clone();
            let asked = w.ask(&add_product(1, Some("a2")));
            w.rest();
            let e = &w.o().fulfilment.exchanges[0];
            if there == 2 {
                assert_eq!((e.state, e.new_line_no), (ExchangeState::Approved, Some(2)), "{lanes}");
                assert_eq!(w.stock("a2"), (0, 0, new.2 + 2));
                continue;
            }
            assert_eq!(
                (e.state, &w.o().lines, &w.o().refunds),
                (ExchangeState::Requested, &before.lines, &before.refunds)
            );
            assert_eq!((w.stock("a"), w.stock("a2").0), (old, there), "{lanes}");
            if lanes == 1 {
                assert_eq!(asked.unwrap_err().reason, Reason::InsufficientStock);
                assert_eq!(*w.o(), before);
            }
            // it may still be approved otherwise
            w.ask(&C::ApproveExchange {
                group: 1,
                resolution: ExchangeResolution::Pickup,
                sku_id: None,
                fault: None,
                waived: None,
            })
            .unwrap();
        }
    }
}

#[test]
fn an_exchange_that_is_rejected_while_a_lane_is_asked_takes_nothing_there() {
    let mut w = order(shop(3), vec![line("a", 1)], &shipped());
    w.ask(&exchange(1, 1)).unwrap();
    w.ask(&add_product(1, Some("a2"))).unwrap();
    assert_eq!(w.ask(&add_product(1, Some("a2"))).unwrap_err().reason, Reason::IllegalTransition);
    w.ask(&C::RejectExchange { group: 1, reason: None }).unwrap();
    w.rest();
    assert_eq!((w.stock("a2").0, w.o().lines.len(), w.status()), (2, 1, Status::Shipped));
}

#[test]
fn what_goes_to_the_buyer_is_the_sellers_whoever_leaves_it_out() {
    let of = |seller: &str, id: &str| SkuInfo { partner_id: PartnerId::stored(seller), ..sku(id, "t", 333, 0) };
    let foreign = |id: &str| (of("9", id), 0, 5);
    let lent = |id: &str| (held_by("9", sku(id, "t", 333, 0)), 0, 5);
    let mine = (sku("m", "t", 333, 0), 0, 5);
    for (wanted, named) in [(None, Some("f")), (None, Some("l")), (Some("f"), None), (Some("l"), None)] {
        let mut w = World::new(vec![(sku("c", "t", 333, 0), 0, 5), foreign("f"), lent("l"), mine.clone()]);
        w.ask(&place(vec![line("c", 1)], false, PaymentOffer::Later)).unwrap();
        let due = w.o().amount_due().get();
        w.ask(&pay("k", due)).unwrap();
        for then in shipped() {
            w.ask(&then).unwrap();
        }
        let request = |wanted: Option<&str>| C::RequestExchange {
            line_no: 1,
            quantity: 1,
            reason: ClaimReason::Defect,
            fault: Fault::Seller,
            wanted: wanted.map(SkuId::stored),
        };
        let asked = w.ask(&request(wanted));
        assert_eq!(asked.is_err(), wanted.is_some());
        if wanted.is_some() {
            assert_eq!(asked.unwrap_err().reason, Reason::Forbidden);
            // as a history of old has it
            w.ask(&request(None)).unwrap();
            w.order.as_mut().unwrap().fulfilment.exchanges[0].wanted = wanted.map(SkuId::stored);
            w.history.clear();
        }
        let refused = w.ask(&add_product(1, named)).unwrap_err();
        assert_eq!((refused.reason, w.stock("f").0, w.stock("l").0), (Reason::Forbidden, 5, 5));
        w.ask(&add_product(1, Some("m"))).unwrap();
    }
}

// ---- each seller its own

fn two_sellers() -> World {
    let of = |seller: &str, id: &str| SkuInfo { partner_id: PartnerId::stored(seller), ..sku(id, "t", 100, 0) };
    let mut w = World::new(vec![(of("s-1", "p"), 0, 5), (of("s-2", "q"), 0, 5), (of("s-2", "r"), 0, 5)]);
    w.ask(&place(vec![line("p", 1), line("q", 1), line("r", 1)], false, PaymentOffer::Later)).unwrap();
    w.ask(&pay("k", 300)).unwrap();
    w
}

fn prepare(by: &str, lines: &[u16]) -> C {
    C::PrepareOf { lines: lines.to_vec(), by: Some(PartnerId::stored(by)) }
}

#[test]
fn a_seller_prepares_what_it_sells_and_cancellation_stays_open_for_the_rest() {
    let mut w = two_sellers();
    w.ask(&prepare("s-1", &[])).unwrap();
    let statuses = |w: &World| w.o().lines.iter().map(|l| l.status).collect::<Vec<_>>();
    assert_eq!(statuses(&w), [Status::Preparing, Status::Ordered, Status::Ordered]);
    let first = w.o().lines[0].prepared_at;
    assert!(first.is_some() && w.o().lines[1].prepared_at.is_none());
    assert_eq!(w.ask(&C::CancelLines { lines: vec![1], reason: None }).unwrap_err().reason, Reason::IllegalTransition);
    w.ask(&C::CancelLines { lines: vec![2], reason: None }).unwrap();
    // none of another's, none that is prepared, none of a stranger
    for (asked, reason) in [
        (prepare("s-1", &[3]), Reason::Forbidden),
        (prepare("s-1", &[]), Reason::IllegalTransition),
        (prepare("s-2", &[2]), Reason::IllegalTransition),
        (prepare("s-3", &[]), Reason::Forbidden),
    ] {
        assert_eq!(w.ask(&asked).unwrap_err().reason, reason, "{asked:?}");
    }
    w.later(Duration::from_secs(60));
    w.ask(&prepare("s-2", &[3])).unwrap();
    assert_eq!((statuses(&w)[2], w.o().lines[0].prepared_at), (Status::Preparing, first));
    w.refolds();
    // the timer prepares what is left, though a claim of the first seller's line shows
    let mut w = two_sellers();
    w.order.as_mut().unwrap().prepare_at = Some(w.now);
    w.history.clear();
    w.ask(&prepare("s-1", &[])).unwrap();
    w.ask(&C::RequestReturn(give_back(&[(1, 1)], Fault::Seller))).unwrap();
    assert_eq!((w.status(), w.o().due(false)), (Status::Returning, Some(w.now)));
    w.ask(&C::Prepare).unwrap();
    assert_eq!(w.o().due(false), None);
    // an operator prepares all that is left
    let mut w = two_sellers();
    w.ask(&prepare("s-2", &[2])).unwrap();
    w.ask(&C::Prepare).unwrap();
    assert_eq!(statuses(&w), [Status::Preparing; 3]);
}

// ---- how goods leave

#[test]
fn what_goes_without_a_parcel_service_is_delivered_without_force_and_earns_its_points() {
    for method in [ShipMethod::Own, ShipMethod::Quick, ShipMethod::Pickup] {
        for started in [false, true] {
            let mut w = order(shop(1), vec![line("c", 2)], &procured());
            w.ask(&C::ShipBy { method, lines: ALL, in_transit: started, waybills: Vec::new() }).unwrap();
            w.ask(&delivery(DeliveredBy::Carrier, ALL)).unwrap();
            let d = w.o().lines[0].delivery.clone();
            assert_eq!((d.status, d.forced, d.carrier_at), (Some(DeliveryStatus::Delivered), false, None));
            w.ask(&C::ConfirmPurchase { lines: ALL }).unwrap();
            assert!(w.o().lines[0].points_earned.is_zero(), "c earns none");
        }
    }
    // who brings it himself has no waybills; a quick courier may
    for (method, may) in [(ShipMethod::Own, false), (ShipMethod::Pickup, false), (ShipMethod::Quick, true)] {
        let mut w = order(shop(1), vec![line("c", 1)], &procured());
        let ship = C::ShipBy { method, lines: ALL, in_transit: false, waybills: vec![waybill(1, 1, 1)] };
        assert_eq!(w.ask(&ship).is_ok(), may, "{method:?}");
    }
    let mut w = order(shop(1), vec![line("a", 1)], &procured());
    w.ask(&C::ShipBy { method: ShipMethod::Own, lines: ALL, in_transit: false, waybills: Vec::new() }).unwrap();
    w.ask(&C::RegisterWaybill(waybill(1, 1, 1))).unwrap_err();
    w.ask(&delivery(DeliveredBy::Carrier, ALL)).unwrap();
    w.ask(&C::ConfirmPurchase { lines: ALL }).unwrap();
    assert!(w.o().lines[0].points_earned.is_positive());
    // a parcel waits for its waybill, and says so
    let mut w = order(shop(1), vec![line("a", 1)], &procured());
    w.ask(&C::Ship { lines: ALL, in_transit: false, waybills: Vec::new() }).unwrap();
    let refused = w.ask(&delivery(DeliveredBy::Carrier, ALL)).unwrap_err();
    assert!(
        refused.message().contains("no waybill") && !refused.message().contains("already"),
        "{}",
        refused.message()
    );
}

#[test]
fn nothing_is_delivered_before_it_left() {
    let mut w = order(shop(1), vec![line("a", 1), line("c", 1)], &procured());
    let ordered = w.now;
    w.later(Duration::from_secs(3_600));
    w.ask(&C::Ship { lines: vec![1], in_transit: true, waybills: vec![waybill(1, 1, 1)] }).unwrap();
    let left = w.now;
    assert_eq!(w.o().lines[0].delivery.shipped_at, Some(left));
    w.later(Duration::from_secs(3_600));
    let at =
        |by, at| C::MarkDelivered(DeliveryReport { by, lines: vec![1], waybill: None, at: Some(at), reason: None });
    for early in [ordered, left - Duration::from_millis(1)] {
        assert_eq!(w.ask(&at(DeliveredBy::Carrier, early)).unwrap_err().reason, Reason::Invalid);
    }
    w.ask(&at(DeliveredBy::Carrier, left)).unwrap();
    assert_eq!(w.o().lines[0].delivery.delivered_at, Some(left));
}

#[test]
fn the_carriers_word_is_kept_while_a_claim_has_the_line() {
    let back = || C::RequestReturn(give_back(&[(1, 2)], Fault::Seller));
    let reject = C::RejectExchange { group: 1, reason: None };
    for at_delivery in [false, true] {
        for (claim, undone) in [
            (back(), C::WithdrawReturn { group: 1, lines: Vec::new(), by_buyer: true }),
            (back(), C::RejectReturn { group: 1, reason: None }),
            (exchange(1, 2), reject.clone()),
            (
                C::RequestReturn(give_back(&[(1, 1)], Fault::Seller)),
                C::WithdrawReturn { group: 1, lines: Vec::new(), by_buyer: true },
            ),
        ] {
            for by_hand in [false, true] {
                let mut w = shop(1);
                if at_delivery {
                    w.policy.points = PointsPolicy::AtDelivery;
                }
                let mut w = order(w, vec![line("a", 2)], &procured());
                w.ask(&if by_hand {
                    C::ShipBy { method: ShipMethod::Own, lines: ALL, in_transit: true, waybills: Vec::new() }
                } else {
                    C::Ship { lines: ALL, in_transit: false, waybills: vec![waybill(1, 1, 2)] }
                })
                .unwrap();
                w.ask(&claim).unwrap();
                w.ask(&delivery(DeliveredBy::Carrier, ALL)).unwrap();
                w.ask(&undone).unwrap();
                let l = &w.o().lines[0];
                assert_eq!(
                    (l.status, l.delivery.status),
                    (Status::Shipped, Some(DeliveryStatus::Delivered)),
                    "{claim:?}"
                );
                w.ask(&C::ConfirmPurchase { lines: ALL }).unwrap();
                // the same points as if nothing had been claimed
                assert_eq!(w.o().lines[0].points_earned, Won::new(46), "{claim:?} {at_delivery}");
            }
        }
    }
    // force is no fact
    let mut w = order(shop(1), vec![line("a", 1)], &shipped());
    w.ask(&C::RequestReturn(give_back(&[(1, 1)], Fault::Seller))).unwrap();
    assert_eq!(w.ask(&delivery(DeliveredBy::Forced, ALL)).unwrap_err().reason, Reason::IllegalTransition);
}
