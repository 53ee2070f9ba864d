//! A seller's part of an order: what is its own is there, of the rest nothing.

use super::acts::give_back;
use super::world::{World, card, line, place, sku};
use crate::domain::{
    catalog::SkuInfo,
    ids::PartnerId,
    money::Won,
    order::{
        OrderCommand as C, claim::Fault, command::PaymentOffer, delivery::DeliveryStatus as D, part::needs_address,
    },
    status::Status as S,
};

fn of(id: &str, partner: &str) -> SkuInfo {
    let mut info = sku(id, &format!("t-{partner}"), 1_000, 100);
    info.partner_id = PartnerId::new(partner).unwrap();
    info
}

#[test]
fn parts_have_their_own_and_sum_to_the_whole() {
    let mut w = World::new(vec![(of("a", "p-1"), 0, 9), (of("b", "p-2"), 0, 9), (of("c", "p-2"), 0, 9)]);
    let paid = PaymentOffer::Approved(vec![card("k", 4_200)]);
    w.ask(&place(vec![line("a", 1), line("b", 2), line("c", 1)], false, paid)).unwrap();
    w.ask(&C::Prepare).unwrap();
    w.ask(&C::RequestReturn(give_back(&[(2, 1)], Fault::Seller))).unwrap();
    let partners = ["p-1", "p-2", "p-3"].map(|p| PartnerId::new(p).unwrap());
    let [one, two, none] = partners.each_ref().map(|p| w.o().part_of(p));
    for (part, lines, status) in
        [(&one, &[1][..], S::Preparing), (&two, &[2, 3], S::Returning), (&none, &[], S::PaymentPending)]
    {
        assert_eq!(part.lines.iter().map(|l| l.no).collect::<Vec<_>>(), lines);
        assert_eq!(part.status(), status);
        assert!(part.settlements.is_empty() && part.refunds.is_empty() && part.points.is_empty());
    }
    assert_eq!((one.amounts().total, two.amounts().total), (Won::new(1_100), Won::new(2_100)));
    assert_eq!(one.amounts().total + two.amounts().total, w.o().amounts().total);
    assert_eq!((one.after.returns.len(), two.after.returns.len(), none.fees.len()), (0, 1, 0));
    assert!(w.o().needs_address(&partners[0]) && !w.o().needs_address(&partners[2]));
}

#[test]
fn an_address_is_needed_from_payment_until_arrival_and_while_a_claim_runs() {
    for (status, delivery, seller, installer) in [
        (S::PaymentPending, None, false, false),
        (S::PaymentExpired, None, false, false),
        (S::Ordered, None, true, true),
        (S::ProcurementDone, None, true, true),
        (S::Shipped, Some(D::Ready), true, true),
        (S::Shipped, Some(D::InTransit), true, true),
        (S::Shipped, Some(D::Delivered), false, true),
        (S::Shipped, Some(D::DeliveredByInstaller), false, true),
        (S::Shipped, Some(D::Installed), false, false),
        (S::Returning, Some(D::Delivered), true, true),
        (S::PurchaseConfirmed, Some(D::Delivered), false, false),
        (S::Returned, None, false, false),
        (S::Cancelled, None, false, false),
        (S::OutOfStock, None, false, false),
    ] {
        assert_eq!(needs_address(status, delivery, false, false), seller, "{status:?} {delivery:?}");
        assert_eq!(needs_address(status, delivery, false, true), installer, "{status:?} {delivery:?}");
    }
    // a part of it comes back, while the rest is at the buyer's
    assert!(needs_address(S::Shipped, Some(D::Delivered), true, false));
}
