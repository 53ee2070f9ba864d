//! The kind: a partner that orders for itself goes to its own business address, unless it names a recipient, and pays for an
//! island like anybody; wherever the goods lie, however it is paid, and whatever becomes of the address.

use super::{
    claims::shipped,
    world::{World, card, line, pay, place, sku},
};
use crate::domain::{
    catalog::{Partner, PartnerKind},
    ids::{CustomerId, PartnerId},
    money::Won,
    order::{
        OrderCommand as C,
        command::{Deposit, PaymentMethod, PaymentOffer, PlaceOrder},
        delivery::{DestinationKind as K, Zone},
    },
    reason::Reason,
    status::Status,
};

const SEOUL: &str = "06000";
const JEJU: &str = "63100";
const ISLAND: &str = "40200";

/// r-1 with this address; a in its order's lane, b in another.
fn shop(zip: Option<&str>) -> World {
    let mut w = World::new(vec![(sku("a", "t", 10_000, 0), 0, 9), (sku("b", "u", 10_000, 0), 1, 9)]);
    moves(&mut w, zip);
    w
}

fn moves(w: &mut World, zip: Option<&str>) {
    let (id, zip) = (PartnerId::stored("r-1"), zip.map(str::to_owned));
    w.partners = vec![Partner { id, kind: PartnerKind::Retailer, active: true, zip }];
}

fn orders(sku: &str, zip: Option<&str>, offer: PaymentOffer) -> C {
    let C::Place(p) = place(vec![line(sku, 1)], false, offer) else { panic!("it is a placement") };
    let (customer_id, zip) = (CustomerId::stored("r-1"), zip.map(str::to_owned));
    C::Place(PlaceOrder { customer_id, by_partner: true, zip, ..p })
}

fn choose(zip: Option<&str>) -> C {
    C::SetShippingAddress { zip: zip.map(str::to_owned) }
}

fn to(w: &World) -> Option<(K, Zone)> {
    w.o().fulfilment.destination.map(|d| (d.kind, d.zone))
}

fn owed(w: &World) -> (i64, i64) {
    (w.o().total().get(), w.o().due_now().get())
}

/// Orders of businesses, in every way that they come.
pub fn placed() -> Vec<(World, Zone, i64)> {
    let mut made = Vec::new();
    for (zip, zone, more) in [
        (None, Zone::Mainland, 0),
        (Some(SEOUL), Zone::Mainland, 0),
        (Some(JEJU), Zone::Jeju, 3_000),
        (Some(ISLAND), Zone::Island, 5_000),
    ] {
        for sku in ["a", "b"] {
            let deposit =
                Deposit { method: PaymentMethod::BankTransfer, account_no: None, bank_code: None, payment_id: None };
            let whole = PaymentOffer::Approved(vec![card("k", 10_000 + more)]);
            for offer in [PaymentOffer::Later, PaymentOffer::Deposit(deposit), whole] {
                let mut w = shop(zip);
                w.ask(&orders(sku, None, offer)).unwrap();
                w.rest();
                made.push((w, zone, more));
            }
        }
    }
    made
}

#[test]
fn a_business_that_orders_for_itself_goes_to_its_own_address() {
    for (mut w, zone, more) in placed() {
        let what = format!("{zone:?} {:?}", w.o().lines[0].sku_id);
        assert_eq!((to(&w), w.o().total().get()), (Some((K::Business, zone)), 10_000 + more), "{what}");
        if w.status() == Status::PaymentPending {
            w.ask(&choose(None)).unwrap();
            assert_eq!(owed(&w), (10_000 + more, 10_000 + more), "{what}");
            w.ask(&pay("k", 10_000 + more)).unwrap();
            w.rest();
        }
        // again it is the same; elsewhere it is the difference, and back
        w.ask(&choose(None)).unwrap();
        assert_eq!((to(&w), owed(&w)), (Some((K::Business, zone)), (10_000 + more, 0)), "{what}");
        w.ask(&choose(Some(ISLAND))).unwrap();
        assert_eq!((to(&w), owed(&w)), (Some((K::Home, Zone::Island)), (15_000, 5_000 - more)), "{what}");
        w.ask(&choose(None)).unwrap();
        assert_eq!((to(&w), owed(&w)), (Some((K::Business, zone)), (10_000 + more, 0)), "{what}");
        for then in shipped() {
            w.ask(&then).unwrap_or_else(|e| panic!("{what}: {then:?}: {}", e.message()));
        }
        w.refolds();
    }
}

#[test]
fn a_business_may_name_a_recipient_and_may_move() {
    // whom it names counts
    let mut w = shop(Some(JEJU));
    w.ask(&orders("a", Some(SEOUL), PaymentOffer::Later)).unwrap();
    assert_eq!((to(&w), owed(&w)), (Some((K::Home, Zone::Mainland)), (10_000, 10_000)));
    // then its own
    w.ask(&choose(None)).unwrap();
    assert_eq!((to(&w), owed(&w)), (Some((K::Business, Zone::Jeju)), (13_000, 13_000)));
    w.ask(&pay("k", 13_000)).unwrap();
    // it has moved, and says so
    moves(&mut w, Some(SEOUL));
    w.ask(&choose(None)).unwrap();
    assert_eq!((to(&w), owed(&w)), (Some((K::Business, Zone::Mainland)), (10_000, 0)));
    assert_eq!(w.o().settlements[0].planned, Won::new(3_000));
}

#[test]
fn who_is_no_business_has_no_business_address() {
    // nobody knows it: it is placed as before, and names where it goes
    let mut w = shop(None);
    w.partners.clear();
    w.ask(&orders("a", None, PaymentOffer::Later)).unwrap();
    assert_eq!(to(&w), None);
    assert_eq!(w.ask(&choose(None)).unwrap_err().reason, Reason::UnknownPartner);
    w.ask(&choose(Some(SEOUL))).unwrap();
    // a customer of that name is somebody else
    let mut w = shop(Some(JEJU));
    let C::Place(p) = orders("a", None, PaymentOffer::Later) else { panic!("it is a placement") };
    w.ask(&C::Place(PlaceOrder { by_partner: false, ..p })).unwrap();
    assert_eq!((to(&w), owed(&w)), (None, (10_000, 10_000)));
    assert_eq!(w.ask(&choose(None)).unwrap_err().reason, Reason::Invalid);
}
