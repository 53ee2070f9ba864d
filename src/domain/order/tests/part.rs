//! A seller's part of an order: what is its own is there, of the rest nothing.

use super::{
    acts::{delivery, found, give_back, give_up},
    claims::{add_product, ask, exchange, shipped},
    world::{World, card, line, place, sku},
};
use crate::domain::{
    catalog::SkuInfo,
    ids::PartnerId,
    money::Won,
    order::{
        Order, OrderCommand as C,
        claim::{ClaimReason, Fault},
        command::PaymentOffer,
        delivery::{DeliveredBy, DeliveryStatus as D},
        part::needs_address,
        supply::{Ask, AskState, AskWhat, Work},
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
    assert_eq!((one.fulfilment.returns.len(), two.fulfilment.returns.len(), none.fees.len()), (0, 1, 0));
    assert!(w.o().needs_address(&partners[0]) && !w.o().needs_address(&partners[2]));
}

/// What a return keeps back of several sellers' goods is told each in its part; what it keeps back for one, to no other.
#[test]
fn what_a_return_keeps_back_is_told_to_whom_it_is_kept_for() {
    let sent = || {
        let mut w = World::new(vec![(of("a", "p-1"), 0, 9), (of("b", "p-2"), 0, 9)]);
        let paid = PaymentOffer::Approved(vec![card("k", 4_200)]);
        ask(&mut w, &[place(vec![line("a", 2), line("b", 2)], false, paid)]);
        ask(&mut w, &[shipped(), vec![delivery(DeliveredBy::Forced, Vec::new())]].concat());
        w
    };
    let partners = ["p-1", "p-2"].map(|p| PartnerId::new(p).unwrap());
    let told = |w: &World, group: u16| {
        let of = |o: &Order| o.return_of(group).map_or(0, |r| r.fee().get());
        (partners.each_ref().map(|p| of(&w.o().part_of(p))), of(w.o()))
    };
    let inspect = |inspected| C::CompleteReturn { group: 1, inspected, fault: None };
    // both sellers' goods in one return: fees by fault, parts kept back by inspection, goods that go back
    for fault in [Fault::Seller, Fault::Buyer] {
        for (inspected, extra) in [
            (Vec::new(), [0, 0]),
            (vec![found(1, (1, 0, 0), 300)], [300, 0]),
            (vec![found(1, (1, 0, 0), 300), found(2, (0, 2, 0), 50)], [300, 50]),
            // the fee is never more than the goods: the parts are not, either
            (vec![found(1, (1, 0, 0), 1_000), found(2, (0, 2, 0), 1_950)], [1_000, 1_950]),
        ] {
            let mut w = sent();
            ask(&mut w, &[C::RequestReturn(give_back(&[(1, 1), (2, 2)], fault))]);
            let path = [
                C::ApproveReturn { group: 1, timing: None, fault: None },
                C::CollectReturn { group: 1, lines: Vec::new() },
            ];
            ask(&mut w, &path);
            ask(&mut w, &[inspect(inspected.clone())]);
            let (parts, whole) = told(&w, 1);
            assert_eq!(parts.iter().sum::<i64>(), whole, "{fault:?} {inspected:?}");
            if fault == Fault::Seller {
                assert_eq!(parts, extra);
            } else if extra != [1_000, 1_950] {
                // the way back, and where all goods of a seller went, the way there
                assert_eq!(parts, [extra[0] + 100, extra[1] + 200], "{inspected:?}");
            }
        }
    }
    // the first seller's debt is set off in a return of the second one's goods, or of the first one's, or of both's
    for (lines, kept) in [(&[(2, 1)][..], [0, 0]), (&[(1, 1)], [200, 0]), (&[(1, 1), (2, 1)], [200, 0])] {
        let mut w = sent();
        let (reason, fault) = (ClaimReason::ChangeOfMind, Fault::Buyer);
        ask(
            &mut w,
            &[C::RequestExchange { line_no: 1, quantity: 1, reason, fault, wanted: None }, add_product(1, None)],
        );
        assert_eq!(w.o().surcharge_due(), Won::new(200));
        ask(&mut w, &[C::RequestReturn(give_back(lines, Fault::Seller))]);
        assert_eq!((told(&w, 2), w.o().surcharge_due()), ((kept, 200), Won::ZERO), "{lines:?}");
        // of its lines neither
        let excluded = |to: Option<&PartnerId>, no: u16| {
            w.o().line_refunds(to).iter().find(|(k, _)| *k == no).map_or(0, |(_, m)| m.excluded.get())
        };
        let all: i64 = lines.iter().map(|(no, _)| excluded(None, *no)).sum();
        assert_eq!(all, 200);
        assert_eq!(excluded(Some(&partners[1]), 2), 0, "{lines:?}");
    }
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

/// The kind: goods that were exchanged are to be fetched, whatever became of what they were exchanged for, and of the order.
#[test]
fn an_address_is_needed_while_exchanged_goods_are_out() {
    let seller = PartnerId::new("p-1").unwrap();
    let ended = [
        vec![C::CollectReturn { group: 1, lines: Vec::new() }],
        vec![C::WaiveCollection { group: 1, what: give_up(Vec::new(), None) }],
        vec![C::WriteOffReturn { group: 1, what: give_up(Vec::new(), None) }],
    ];
    for end in ended {
        // one unit of one or of two: all of the line, or a part of it
        for units in [1, 2] {
            let mut w = World::new(vec![(of("a", "p-1"), 0, 9), (of("b", "p-2"), 0, 9)]);
            let whole = i64::from(units) * 1_000 + 1_200;
            let paid = PaymentOffer::Approved(vec![card("k", whole)]);
            w.ask(&place(vec![line("a", units), line("b", 1)], false, paid)).unwrap();
            for command in shipped() {
                w.ask(&command).unwrap();
            }
            let here = |w: &World| (w.o().needs_address(&seller), w.o().part_of(&seller).needs_address(&seller));
            w.ask(&delivery(DeliveredBy::Forced, Vec::new())).unwrap();
            assert_eq!(here(&w), (false, false));
            w.ask(&exchange(1, 1)).unwrap();
            w.ask(&add_product(1, None)).unwrap();
            for command in shipped() {
                drop(w.ask(&command));
            }
            w.ask(&delivery(DeliveredBy::Forced, vec![3])).unwrap();
            for line in 1..=3 {
                drop(w.ask(&C::ConfirmPurchase { lines: vec![line] }));
            }
            assert_eq!(w.o().line(3).unwrap().status, S::PurchaseConfirmed);
            assert_eq!(here(&w), (true, true), "{end:?} {units}: {:?}", w.o().fulfilment.exchanges);
            for command in &end {
                w.ask(command).unwrap();
            }
            let collected = matches!(end[0], C::CollectReturn { .. });
            assert_eq!(here(&w), (collected, collected), "what has come is to be inspected");
            if collected {
                w.ask(&C::CompleteReturn { group: 1, inspected: Vec::new(), fault: None }).unwrap();
                assert_eq!(here(&w), (false, false));
            }
            assert!(!w.o().needs_address(&PartnerId::new("p-2").unwrap()));
        }
    }
}

/// What an order asks of other lanes, keeps back of cancellations, and how often something was said of it is no seller's part.
#[test]
fn what_changes_nothing_of_a_sellers_is_elsewhere() {
    let mut w = World::new(vec![(of("a", "p-1"), 0, 9), (of("b", "p-2"), 0, 9)]);
    let paid = PaymentOffer::Approved(vec![card("k", 2_200)]);
    w.ask(&place(vec![line("a", 1), line("b", 1)], false, paid)).unwrap();
    let [one, two] = ["p-1", "p-2"].map(|p| PartnerId::new(p).unwrap());
    let before = w.o().clone();
    // stock of one seller is judged, all of it found
    let judged = vec![crate::domain::order::command::StockCount { line_no: 1, available: 1 }];
    w.ask(&C::ConfirmStock { lines: judged }).unwrap();
    let same = |after: &Order, p: &PartnerId| {
        let part = |o: &Order| Order { version: 0, ..o.part_of(p) };
        part(&before) == part(after)
    };
    assert!(!same(w.o(), &one) && same(w.o(), &two));
    let mut after = before.clone();
    after.fulfilment.kept.push((1, crate::domain::order::event::Kept::default()));
    let what = AskWhat::Work { work: Work::Delivered, lines: vec![2], at: None };
    after.fulfilment.asks.push(Ask { id: "q".into(), what, state: AskState::Open });
    assert!(same(&after, &one));
}
