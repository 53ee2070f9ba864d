//! Parcels that come back undelivered: the rest of the line is delivered, and nothing waits for them.

use super::{
    acts::{give_back, waybill},
    claims::{add_product, ask, exchange, order, procured},
    world::{World, line, sku},
};
use crate::domain::{
    catalog::PointsPolicy,
    order::{
        OrderCommand as C,
        claim::Fault,
        command::DeliveryReport,
        delivery::{DeliveredBy, DeliveryStatus},
    },
    reason::Reason,
    status::Status,
};

/// Two units on waybills 1 and 2.
fn on_two_waybills() -> World {
    let info = crate::domain::catalog::SkuInfo { points_rate_bp: 1_000, ..sku("a", "t", 10_000, 0) };
    let mut w = World::new(vec![(info, 0, 9)]);
    w.policy.points = PointsPolicy::AtDelivery;
    let waybills = vec![waybill(1, 1, 1), waybill(1, 2, 1)];
    let ship = C::Ship { lines: Vec::new(), in_transit: false, waybills };
    order(w, vec![line("a", 2)], &[procured(), vec![ship]].concat())
}

fn brought(no: u16) -> C {
    let waybill = Some(("cj".into(), format!("w-{no}")));
    C::MarkDelivered(DeliveryReport { by: DeliveredBy::Carrier, lines: Vec::new(), waybill, at: None, reason: None })
}

fn empty(no: u16) -> C {
    C::UpdateWaybill(waybill(1, no, 0))
}

/// One unit is given back, or exchanged, with what becomes of it.
fn given_back() -> Vec<C> {
    vec![
        C::RequestReturn(give_back(&[(1, 1)], Fault::Seller)),
        C::ApproveReturn { group: 1, timing: None, fault: None },
        C::CollectReturn { group: 1, lines: Vec::new() },
        C::CompleteReturn { group: 1, inspected: Vec::new(), fault: None },
    ]
}

fn swapped() -> Vec<C> {
    vec![
        exchange(1, 1),
        add_product(1, None),
        C::CollectReturn { group: 1, lines: Vec::new() },
        C::CompleteReturn { group: 1, inspected: Vec::new(), fault: None },
    ]
}

fn delivery(w: &World) -> DeliveryStatus {
    w.o().lines[0].delivery.status.unwrap()
}

/// The kind: in whatever order it is told.
#[test]
fn the_rest_is_delivered_when_a_parcel_came_back() {
    for claim in [given_back(), swapped()] {
        let first = [vec![brought(1)], claim.clone(), vec![empty(2)]].concat();
        let then = [vec![brought(1), empty(2)], claim.clone()].concat();
        let last = [vec![empty(2)], claim, vec![brought(1)]].concat();
        for path in [first, then, last] {
            let mut w = on_two_waybills();
            ask(&mut w, &path[..1]);
            assert_eq!(delivery(&w), DeliveryStatus::InTransit, "{path:?}");
            ask(&mut w, &path[1..]);
            let line = &w.o().lines[0];
            assert_eq!((delivery(&w), line.points_earned.get()), (DeliveryStatus::Delivered, 1_000), "{path:?}");
            assert_eq!(line.delivery.carrier_at, line.delivery.waybills[0].delivered_at);
            // and stays so, whatever is asked for and not granted
            let group = w.o().next_claim();
            let again = C::RequestReturn(give_back(&[(1, 1)], Fault::Buyer));
            ask(&mut w, &[again, C::RejectReturn { group, reason: None }]);
            assert_eq!(delivery(&w), DeliveryStatus::Delivered);
            ask(&mut w, &[C::ConfirmPurchase { lines: vec![1] }]);
            assert_eq!(w.o().lines[0].status, Status::PurchaseConfirmed);
            w.refolds();
        }
    }
}

/// What was brought may be what comes back: nothing is delivered while another parcel is on its way, or is to be sent again.
#[test]
fn what_may_still_come_is_waited_for() {
    let mut w = on_two_waybills();
    ask(&mut w, &[vec![brought(1)], given_back()].concat());
    assert_eq!(delivery(&w), DeliveryStatus::InTransit);
    ask(&mut w, &[brought(2)]);
    assert_eq!(delivery(&w), DeliveryStatus::Delivered);
    // it came back and is sent again, on another waybill
    let mut w = on_two_waybills();
    ask(&mut w, &[brought(1), empty(2)]);
    assert_eq!(w.ask(&brought(2)).unwrap_err().reason, Reason::UnknownWaybill);
    ask(&mut w, &[C::RegisterWaybill(waybill(1, 3, 1))]);
    assert_eq!(delivery(&w), DeliveryStatus::InTransit);
    ask(&mut w, &[brought(3)]);
    assert_eq!((delivery(&w), w.o().lines[0].delivery.delivered), (DeliveryStatus::Delivered, 2));
}
