//! Goods of several sellers, of several lanes, with the gifts of two promotions, paid to an account in parts.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{
    acts::{Act, delivery, give_back, purchase, units},
    claims::{add_product, exchange},
    deep::{Draw, Start, begin, finish, partner, run, start, step},
    units::Units,
    world::{World, campaign, gift, gift_of, gifts, line, place, sku},
};
use crate::domain::{
    catalog::{PartnerKind, SkuInfo, StockPolicy},
    drawn::config,
    gift::GiftSoldOut,
    ids::{CustomerId, PartnerId, PromotionId},
    money::Won,
    order::{
        Event, OrderCommand as C,
        claim::Fault,
        command::{Deposit, PaymentMethod, PaymentOffer, Sourced, Wanted},
        delivery::{DeliveredBy, ShipMethod},
        event::CutCause,
        supply::{LinkMessage, LinkWhat},
    },
    reason::Reason,
    status::Status,
    stock::{Move, Stock},
};

/// Lines of sellers "1" (1, and its gift 3), "5" (2, and its gift 5) and "6" (4), to be paid to an account.
pub fn order(w: &mut World, s: &Start) {
    let of = |seller: &str, info: SkuInfo| SkuInfo { partner_id: PartnerId::stored(seller), ..info };
    let q = SkuInfo { points_rate_bp: 300, threshold: Some(Won::new(2_000)), ..sku("q", "v", 777, 900) };
    let r = campaign(sku("r", "x", 450, 250), None, StockPolicy::DeductAtPayment);
    let k = SkuInfo { template_id: q.template_id.clone(), ..gift("k") };
    for (info, lane, came) in [(of("5", q), 1 % s.lanes, 6), (of("6", r), 2 % s.lanes, 4), (of("5", k), 0, 3)] {
        let id = info.sku_id.clone();
        w.stocks.insert(id.clone(), Stock::empty(id.clone()));
        w.skus.push((info, lane));
        w.own(&id, Move::Receive, came);
    }
    w.partners.extend(["5", "6"].map(|id| partner(id, PartnerKind::Retailer)));
    w.gift_promotions.push(gifts("hp", &["q"], &["k"], (1, 1), GiftSoldOut::Continue));
    let (a, q, g) = s.quantities;
    let lines = vec![
        Wanted { promotion_id: s.off.then(|| PromotionId::stored("p")), ..line("a", a) },
        line("q", q),
        Wanted { quantity: g, ..gift_of("g", 1) },
        line("r", 2),
        Wanted { quantity: q.min(2), ..gift_of("k", 2) },
    ];
    let payment_id = Some("va-1".to_owned());
    let deposit = Deposit { method: PaymentMethod::VirtualAccount, payment_id, account_no: None, bank_code: None };
    w.ask(&place(lines, false, PaymentOffer::Deposit(deposit))).unwrap();
}

/// A part of what is due, which goes back; then all of it.
pub fn pay_in(w: &mut World) {
    let due = w.o().due_now();
    let deposit = |amount, payment_id| C::ConfirmDeposit { amount, payment_id };
    let part = deposit(due.share_down(1, 2), Some(format!("part-{}", w.history.len())));
    drop(w.ask(&part));
    drop(w.ask(&deposit(due, None)));
}

fn of_each() -> C {
    C::ShipBy { method: ShipMethod::Pickup, lines: vec![4], in_transit: false, waybills: Vec::new() }
}

fn prepare(seller: &str) -> C {
    C::PrepareOf { lines: Vec::new(), by: Some(PartnerId::stored(seller)) }
}

/// What has happened to an order.
fn happened(w: &World, seen: &mut BTreeSet<&'static str>) {
    let o = w.o();
    let mut saw = |what, is: bool| {
        if is {
            seen.insert(what);
        }
    };
    let events = || w.history.iter().map(|(e, _)| e);
    let part = |e: &Event| matches!(e, Event::UnexpectedPaymentReceived { reason: Reason::AmountMismatch, .. });
    saw("a part came, and goes back", events().any(part));
    saw("all of it came", events().any(|e| matches!(e, Event::DepositConfirmed { .. })));
    let sellers: BTreeSet<_> = o.lines.iter().filter_map(|l| o.seller_of(l)).collect();
    saw("goods of three sellers", sellers.len() == 3);
    let lanes: BTreeSet<u32> = o
        .lines
        .iter()
        .filter_map(|l| w.skus.iter().find(|(i, _)| i.sku_id == l.sku_id))
        .map(|(_, lane)| *lane)
        .collect();
    saw("goods of three lanes", lanes.len() == 3);
    let prepared = events().filter(|e| matches!(e, Event::Prepared { lines } if !lines.is_empty()));
    saw("sellers prepared, each its own", prepared.count() >= 2);
    let bought = |e: &Event| matches!(e, Event::Cut { cause: CutCause::Buyer, lines, .. } if lines.len() == 2);
    let beside = o.lines.iter().any(|l| l.prepared_at.is_some());
    saw("cancelled beside prepared goods, gift and all", beside && events().any(bought));
    saw("two promotions' gifts", o.lines.iter().filter(|l| l.entitled.is_some()).count() >= 2);
    saw("two sources of a line", o.lines.iter().any(|l| o.live_sources(l.no).count() >= 2));
    let methods: BTreeSet<&str> =
        o.lines.iter().filter(|l| l.delivery.shipped_at.is_some()).map(|l| l.delivery.method.code()).collect();
    saw("two ways out", methods.len() >= 2);
    saw("exchanged goods inspected", events().any(|e| matches!(e, Event::ExchangeInspected { .. })));
    let back = o.settlements.iter().filter(|s| s.refunded.is_positive()).count();
    saw("two payments gave back", back >= 2);
}

/// At which places units are, and in which lanes.
fn places(w: &World, seen: &mut BTreeSet<(usize, u32)>) {
    if !w.steps.is_empty() || !w.replies.is_empty() {
        return;
    }
    for (units, (_, lane)) in w.units(&[w.o()]).into_iter().map(Units::all).zip(&w.skus) {
        seen.extend(units.iter().enumerate().filter(|(_, n)| **n > 0).map(|(place, _)| (place, *lane)));
    }
}

fn many(lanes: u32) -> Start {
    Start { lanes, quantities: (3, 2, 1), forward: 0, how: 3, off: true, prepare: 2, at_delivery: true }
}

/// Commands that take an order of `many` through all that can be told apart, whatever is drawn beside them.
fn path() -> Vec<C> {
    let all = Vec::new;
    let back = |line, quantity| C::RequestReturn(give_back(&[(line, quantity)], Fault::Buyer));
    let collect = |group| [C::CollectReturn { group, lines: Vec::new() }, inspect(group)];
    let mut path = vec![prepare("1"), C::CancelLines { lines: vec![2], reason: None }, prepare("6")];
    path.push(C::UseOwnUnits { units: vec![Sourced { line_no: 1, quantity: Some(1) }] });
    let rest = vec![Sourced { line_no: 1, quantity: None }];
    path.push(C::BuyUnits { units: rest, seller: "s".into(), amount: Won::new(10) });
    path.extend([C::UseOwnStock { lines: all() }, C::CompleteProcurement { lines: all() }, of_each()]);
    path.push(C::Ship { lines: all(), in_transit: true, waybills: Vec::new() });
    path.push(delivery(DeliveredBy::Forced, all()));
    path.extend([exchange(1, 1), add_product(1, Some("a2")), exchange(1, 1), add_product(2, Some("a"))]);
    path.extend([back(4, 1), C::ApproveReturn { group: 3, timing: None, fault: None }]);
    path.extend(collect(1));
    path.extend(collect(3));
    path.extend([C::CollectReturn { group: 2, lines: vec![units(1, 1)] }, inspect(2)]);
    path
}

fn inspect(group: u16) -> C {
    C::CompleteReturn { group, inspected: Vec::new(), fault: None }
}

#[test]
fn a_market_goes_through_all_of_it_by_construction() {
    let (mut seen, mut there) = (BTreeSet::new(), BTreeSet::new());
    for lanes in [3, 2, 1] {
        let mut w = begin(&many(lanes));
        w.rest();
        places(&w, &mut there);
        w.one_won();
        pay_in(&mut w);
        for command in path() {
            w.rest();
            places(&w, &mut there);
            w.ask(&command).unwrap_or_else(|e| panic!("{lanes}: {}: {}", command.name(), e.message()));
            happened(&w, &mut seen);
        }
        w.rest();
        assert_ne!(w.status(), Status::PaymentPending);
        finish(&mut w);
        happened(&w, &mut seen);
    }
    let wanted = [
        "a part came, and goes back",
        "all of it came",
        "goods of three sellers",
        "goods of three lanes",
        "sellers prepared, each its own",
        "cancelled beside prepared goods, gift and all",
        "two promotions' gifts",
        "two sources of a line",
        "two ways out",
        "exchanged goods inspected",
        "two payments gave back",
    ];
    let never: Vec<_> = wanted.into_iter().filter(|w| !seen.contains(w)).collect();
    assert!(never.is_empty(), "never happened: {never:?}");
    // shelf, held, sold, out, under way back: each in at least two lanes
    for place in 0..5 {
        let lanes = there.iter().filter(|(p, _)| *p == place).count();
        assert!(lanes >= 2, "place {place} was seen in {lanes} lanes: {there:?}");
    }
}

#[test]
fn of_a_partner_each_seller_buys_for_itself() {
    let mut w = begin(&many(1));
    pay_in(&mut w);
    w.ask(&C::Prepare).unwrap();
    let bought = |lines: &[(u16, &str)]| C::PurchaseFromPartner(purchase("2", lines));
    assert_eq!(w.ask(&bought(&[(1, "w"), (2, "x")])).unwrap_err().reason, Reason::Invalid);
    for (line, sku, seller) in [(1, "w", "1"), (2, "x", "5")] {
        w.messages.clear();
        w.ask(&bought(&[(line, sku)])).unwrap();
        let [(_, LinkMessage { what: LinkWhat::Place(child), .. })] = &w.messages[..] else { panic!() };
        assert_eq!(child.buyer_id, CustomerId::stored(seller));
    }
}

#[test]
fn a_market_keeps_its_books_whatever_is_asked() {
    let market = start().prop_map(|s| Start { how: 3, ..s });
    // how a seller's goods leave, money that comes, and several sources are asked for as often as all the rest
    let rare = (prop::sample::select(vec![41u8, 51, 52, 53, 54]), 0u16..6, 0u16..5, 0u32..4, any::<bool>());
    let rare = rare.prop_map(|(kind, line, other, n, flag)| Draw::Ask(Act { kind, line, other, n, flag }));
    let case = (market, prop::collection::vec(prop_oneof![2 => step(), 1 => rare], 1..30));
    let tried = proptest::test_runner::TestRunner::new(config(1_000)).run(&case, |(start, steps)| {
        let mut w = begin(&start);
        run(&mut w, &steps);
        finish(&mut w);
        Ok(())
    });
    if let Err(e) = tried {
        panic!("{e}");
    }
}
