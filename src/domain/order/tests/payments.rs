//! Money as it really comes: twice, late, too much, too little, of other orders, with no word of whose it is. Each test says
//! which kind it stands for.

use std::time::Duration;

use super::world::{World, card, line, pay, place, sku};
use crate::domain::{
    catalog::StockPolicy,
    money::Won,
    order::{
        Event, Order, OrderCommand as C,
        command::{Deposit, Paid, PaymentMethod, PaymentOffer},
        event::EVENT_VERSION,
        register::PaymentKey,
        state::Placement,
    },
    reason::Reason,
    status::Status,
};

fn a() -> World {
    World::new(vec![(sku("a", "t", 1_000, 0), 0, 10)])
}

fn later() -> C {
    place(vec![line("a", 1)], false, PaymentOffer::Later)
}

fn awaiting(payment_id: Option<&str>) -> C {
    let payment_id = payment_id.map(str::to_owned);
    let deposit = Deposit { method: PaymentMethod::VirtualAccount, payment_id, account_no: None, bank_code: None };
    place(vec![line("a", 1)], false, PaymentOffer::Deposit(deposit))
}

fn deposit(amount: i64, payment_id: Option<&str>) -> C {
    C::ConfirmDeposit { amount: Won::new(amount), payment_id: payment_id.map(str::to_owned) }
}

fn points(account: &str, movement: Option<&str>, amount: i64) -> Paid {
    let movement_id = movement.map(str::to_owned);
    Paid { method: PaymentMethod::Points, amount: Won::new(amount), approval_id: account.into(), movement_id }
}

/// What happened to the order before.
type Before<'a> = &'a dyn Fn(&mut World);

fn approve(settlements: Vec<Paid>, verified: bool) -> C {
    C::ApprovePayment { settlements, verified }
}

/// (means, paid, planned) of each settlement.
fn money(w: &World) -> Vec<(&'static str, i64, i64)> {
    w.o().settlements.iter().map(|s| (s.method.code(), s.paid.get(), s.planned.get())).collect()
}

/// Of the kind: money that was not due, in every standing of an order.
#[test]
fn what_the_payment_side_vouches_for_is_taken_and_goes_back() {
    let paid = |w: &mut World| drop(w.ask(&pay("k-1", 1_000)).unwrap());
    let cases: [(&str, Before<'_>, C, Reason, Status); 9] = [
        ("too much", &|_| {}, pay("k-2", 1_001), Reason::AmountMismatch, Status::PaymentPending),
        ("too little", &|_| {}, pay("k-2", 1), Reason::AmountMismatch, Status::PaymentPending),
        ("a second one", &paid, pay("k-2", 1_000), Reason::AlreadyPaid, Status::Ordered),
        ("a second one of another amount", &paid, pay("k-2", 7), Reason::AlreadyPaid, Status::Ordered),
        (
            "by points after a card",
            &paid,
            approve(vec![points("p", None, 1_000)], true),
            Reason::AlreadyPaid,
            Status::Ordered,
        ),
        (
            "once it is prepared",
            &|w| {
                paid(w);
                w.ask(&C::Prepare).unwrap();
            },
            pay("k-2", 1_000),
            Reason::AlreadyPaid,
            Status::Preparing,
        ),
        (
            "once it is cancelled",
            &|w| {
                paid(w);
                w.ask(&C::CancelLines { lines: vec![1], reason: Some("변심".into()) }).unwrap();
            },
            pay("k-2", 1_000),
            Reason::AlreadyPaid,
            Status::Cancelled,
        ),
        (
            "once the payer gave up",
            &|w| drop(w.ask(&C::CancelPayment).unwrap()),
            pay("k-2", 3),
            Reason::PaymentExpired,
            Status::PaymentCancelled,
        ),
        (
            "too late",
            &|w| w.later(Duration::from_secs(3_600)),
            pay("k-2", 5_000),
            Reason::PaymentExpired,
            Status::PaymentExpired,
        ),
    ];
    for (what, before, command, note, status) in cases {
        let mut w = a();
        w.ask(&later()).unwrap();
        before(&mut w);
        let had = w.o().settlements.len();
        assert_eq!(w.ask(&command).unwrap().note, Some(note), "{what}");
        assert_eq!(w.status(), status, "{what}");
        let new = &w.o().settlements[had..];
        assert!(new.len() == 1 && new[0].paid.is_positive() && new[0].planned == new[0].paid, "{what}: {new:?}");
        // exactly that payment, exactly that amount
        let refund = w.o().refunds.last().unwrap();
        assert_eq!((refund.settlement_no, refund.amount), (new[0].no, new[0].paid), "{what}");
        // told again it is the same fact
        let (settlements, refunds) = (w.o().settlements.clone(), w.o().refunds.clone());
        w.ask(&command).unwrap();
        assert_eq!((&w.o().settlements, &w.o().refunds), (&settlements, &refunds), "{what}, told again");
        w.refolds();
    }
}

/// Of the kind: the buyer's own word for money that was not due.
#[test]
fn what_only_the_buyers_side_says_is_refused_unless_it_is_due() {
    let cases: [(Before<'_>, i64, Reason); 5] = [
        (&|_| {}, 999, Reason::AmountMismatch),
        (&|_| {}, 1_001, Reason::AmountMismatch),
        (&|w| drop(w.ask(&pay("k-1", 1_000)).unwrap()), 1_000, Reason::AlreadyPaid),
        (&|w| w.later(Duration::from_secs(3_600)), 1_000, Reason::PaymentExpired),
        (&|w| drop(w.ask(&C::CancelPayment).unwrap()), 1_000, Reason::PaymentExpired),
    ];
    for (before, amount, reason) in cases {
        let mut w = a();
        w.ask(&later()).unwrap();
        before(&mut w);
        let was = w.order.clone();
        let refusal = w.ask(&approve(vec![card("k-2", amount)], false)).unwrap_err();
        assert_eq!((refusal.reason, &w.order), (reason, &was), "{amount}");
    }
    let mut w = a();
    w.ask(&later()).unwrap();
    w.ask(&approve(vec![card("k-2", 1_000)], false)).unwrap();
    w.ask(&approve(vec![card("k-2", 1_000)], false)).unwrap(); // the same again is nothing new, whoever says so
    assert_eq!((w.status(), money(&w)), (Status::Ordered, vec![("CARD", 1_000, 0)]));
}

/// Of the kind: one payment for two orders, however it comes.
#[test]
fn a_payment_that_has_paid_another_order_is_refused() {
    let taken = |method, id: &str| PaymentKey { method, id: id.into() };
    let brings = |paid: Vec<Paid>| place(vec![line("a", 1)], false, PaymentOffer::Approved(paid));
    for (register, command, placed, refused) in [
        (taken(PaymentMethod::Card, "k"), brings(vec![card("k", 1_000)]), false, true),
        (taken(PaymentMethod::Card, "k"), brings(vec![points("k", None, 400), card("k", 600)]), false, true),
        (taken(PaymentMethod::Points, "m"), brings(vec![points("p", Some("m"), 1_000)]), false, true),
        // an account pays many times
        (taken(PaymentMethod::Points, "p"), brings(vec![points("p", None, 1_000)]), false, false),
        (taken(PaymentMethod::Points, "k"), brings(vec![card("k", 1_000)]), false, false),
        (taken(PaymentMethod::Card, "k"), pay("k", 1_000), true, true),
        (taken(PaymentMethod::Card, "k"), pay("k", 7), true, true), // no refund of what is another order's
        (taken(PaymentMethod::Card, "k"), approve(vec![card("k", 1_000)], false), true, true),
        (taken(PaymentMethod::Card, "k"), pay("k-2", 1_000), true, false),
    ] {
        let mut w = a();
        if placed {
            w.ask(&later()).unwrap();
        }
        w.taken.push(register.clone());
        let was = w.order.clone();
        match w.ask(&command) {
            Err(refusal) => {
                assert!(refused && refusal.reason == Reason::ApprovalReused, "{register:?} {command:?}: {refusal:?}");
                assert_eq!(w.order, was);
                assert_eq!(w.stock("a").1 + w.stock("a").2, i64::from(placed), "it took nothing");
            }
            Ok(_) => assert!(!refused, "{register:?} {command:?}"),
        }
    }
    // late, as a deposit, and of an order that is paid
    for before in [&(|w: &mut World| w.later(Duration::from_secs(90_000))) as &dyn Fn(&mut World), &|_| {}, &|w| {
        drop(w.ask(&pay("k", 1_000)).unwrap())
    }] {
        let mut w = a();
        w.ask(&awaiting(Some("va-1"))).unwrap();
        before(&mut w);
        w.taken = vec![taken(PaymentMethod::VirtualAccount, "va-1"), taken(PaymentMethod::VirtualAccount, "d-1")];
        for command in [deposit(1_000, Some("d-1")), deposit(500, Some("d-1"))] {
            assert_eq!(w.ask(&command).unwrap_err().reason, Reason::ApprovalReused);
        }
    }
}

/// Of the kind: a race that is lost while other lanes are asked.
#[test]
fn a_placement_whose_payment_went_elsewhere_meanwhile_never_was() {
    let mut w = World::new(vec![(sku("a", "t", 1_000, 0), 0, 10), (sku("b", "t", 500, 0), 1, 10)]);
    let paid = PaymentOffer::Approved(vec![card("k", 1_500)]);
    w.ask(&place(vec![line("a", 1), line("b", 1)], false, paid.clone())).unwrap();
    assert!(w.o().settlements.iter().all(|s| w.o().key_of(s).is_none()), "it claims nothing yet");
    w.taken.push(PaymentKey { method: PaymentMethod::Card, id: "k".into() });
    w.rest();
    assert_eq!((w.o().placement.clone(), w.stock("a").0, w.stock("b").0), (Placement::Failed, 10, 10));
    let failed = |e: &(Event, _)| matches!(e.0, Event::PlacementFailed { reason: Reason::ApprovalReused, .. });
    assert!(w.history.iter().any(failed), "{:?}", w.history);
    // the id may be placed again
    w.taken.clear();
    w.ask(&place(vec![line("a", 1), line("b", 1)], false, paid)).unwrap();
    w.rest();
    assert_eq!((w.status(), w.stock("b").0), (Status::Ordered, 9));
}

/// Of the kind: a deposit of another amount, with and without names.
#[test]
fn a_deposit_pays_to_the_won_and_everything_else_goes_back() {
    for (announced, named) in [(None, None), (Some("va-1"), None), (None, Some("d-2")), (Some("va-1"), Some("d-2"))] {
        let mut w = a();
        w.ask(&awaiting(announced)).unwrap();
        let first = named.map(|_| "d-1");
        assert_eq!(w.ask(&deposit(900, first)).unwrap().note, Some(Reason::AmountMismatch));
        w.ask(&deposit(900, first)).unwrap(); // told again
        assert_eq!(
            (w.status(), money(&w)),
            (Status::PaymentPending, vec![("VIRTUAL_ACCOUNT", 0, 0), ("VIRTUAL_ACCOUNT", 900, 900)])
        );
        assert_eq!(w.ask(&deposit(1_000, named)).unwrap().note, None);
        assert_eq!((w.status(), w.o().settlements[0].expected), (Status::Ordered, Won::ZERO), "awaited no longer");
        w.ask(&deposit(1_000, named)).unwrap(); // told again
        assert_eq!(money(&w), [("VIRTUAL_ACCOUNT", 1_000, 0), ("VIRTUAL_ACCOUNT", 900, 900)]);
        let to = w.o().payment_id_of(&w.o().settlements[0]);
        assert_eq!(to.as_deref(), named.or(announced), "what its refund goes back to");
        w.refolds();
    }
    // a card pays, and the deposit comes all the same
    let mut w = a();
    w.ask(&awaiting(None)).unwrap();
    w.ask(&pay("k", 1_000)).unwrap();
    assert_eq!(w.ask(&deposit(1_000, None)).unwrap().note, Some(Reason::AlreadyPaid));
    assert_eq!(money(&w), [("VIRTUAL_ACCOUNT", 0, 0), ("CARD", 1_000, 0), ("VIRTUAL_ACCOUNT", 1_000, 1_000)]);
    // nobody knows by which means it would have come
    let mut w = a();
    w.ask(&later()).unwrap();
    let refusal = w.ask(&deposit(1_000, None)).unwrap_err();
    assert_eq!((refusal.reason, refusal.facts.status), (Reason::IllegalTransition, Some(Status::PaymentPending)));
}

/// Of the kind: one payment told with two amounts.
#[test]
fn a_payment_has_one_amount() {
    let mut w = a();
    w.ask(&awaiting(None)).unwrap();
    w.ask(&deposit(900, Some("d"))).unwrap();
    for command in [deposit(1_000, Some("d")), deposit(1, Some("d"))] {
        let was = w.order.clone();
        assert_eq!(w.ask(&command).unwrap_err().reason, Reason::AmountMismatch);
        assert_eq!(w.order, was);
    }
    let mut w = a();
    w.ask(&later()).unwrap();
    w.ask(&pay("k", 1_000)).unwrap();
    assert_eq!(w.ask(&pay("k", 999)).unwrap_err().reason, Reason::AmountMismatch);
}

/// Of the kind: one name for two payments. A name is of its means: neither is the other, wherever it has paid.
#[test]
fn a_name_of_other_means_is_another_payment() {
    let bank = |amount| Paid { method: PaymentMethod::BankTransfer, ..card("n", amount) };
    for (first, second) in [(card("n", 1_000), bank(1_000)), (bank(1_000), card("n", 700))] {
        let mut w = a();
        w.ask(&later()).unwrap();
        w.ask(&approve(vec![first], true)).unwrap();
        let amount = second.amount.get();
        assert_eq!(w.ask(&approve(vec![second.clone()], true)).unwrap().note, Some(Reason::AlreadyPaid));
        assert_eq!(money(&w)[1], (second.method.code(), amount, amount));
    }
    let mut w = a();
    w.ask(&later()).unwrap();
    w.taken = vec![PaymentKey { method: PaymentMethod::Points, id: "n".into() }];
    w.ask(&approve(vec![card("n", 400), bank(600)], true)).unwrap();
    assert_eq!(w.status(), Status::Ordered);
}

/// Of the kind: an account of points that pays more than once in an order.
#[test]
fn points_of_one_account_pay_an_order_and_its_surcharge() {
    for movements in [[None, None], [Some("m-1"), Some("m-2")], [None, Some("m-2")]] {
        let mut w = World::new(vec![(sku("a", "t", 3_000, 0), 0, 10)]);
        w.ask(&later()).unwrap();
        w.ask(&approve(vec![points("p", movements[0], 3_000)], true)).unwrap();
        w.ask(&C::Prepare).unwrap();
        w.ask(&C::SetShippingAddress { zip: Some("63122".into()) }).unwrap();
        // the same amount once more is what is due now
        let surcharge = approve(vec![points("p", movements[1], 3_000)], true);
        assert_eq!(w.ask(&surcharge).unwrap().note, None, "{movements:?}");
        assert_eq!((w.o().surcharge_due(), money(&w)), (Won::ZERO, vec![("POINTS", 3_000, 0), ("POINTS", 3_000, 0)]));
        w.ask(&surcharge).unwrap();
        assert_eq!(money(&w).len(), 2, "told again");
    }
    let mut w = a();
    w.ask(&later()).unwrap();
    let twice = approve(vec![points("p", Some("m"), 500), points("p", Some("m"), 500)], true);
    assert_eq!(w.ask(&twice).unwrap_err().reason, Reason::Invalid);
    w.ask(&approve(vec![points("p", Some("m"), 400), points("p", Some("n"), 600)], true)).unwrap();
    assert_eq!(w.status(), Status::Ordered);
}

/// Of the kind: nothing to pay.
#[test]
fn an_order_of_nothing_is_paid_when_it_is_placed() {
    for (policy, lane) in
        [(StockPolicy::HoldAtPlacement, 0), (StockPolicy::DeductAtPayment, 0), (StockPolicy::HoldAtPlacement, 1)]
    {
        let mut w = World::new(vec![(sku("a", "t", 0, 0), 0, 10), (sku("b", "t", 0, 0), lane, 10)]);
        w.policy.stock = policy;
        w.ask(&place(vec![line("a", 1), line("b", 1)], false, PaymentOffer::Later)).unwrap();
        w.rest();
        assert_eq!((w.status(), w.o().deadline, w.stock("b")), (Status::Ordered, None, (9, 0, 1)), "{policy:?} {lane}");
        w.ask(&pay("k", 0)).unwrap(); // who still says so says nothing new
        assert!(w.o().settlements.is_empty());
        assert_eq!(w.ask(&pay("k", 5)).unwrap().note, Some(Reason::AlreadyPaid));
    }
    let mut w = a();
    w.ask(&later()).unwrap();
    w.ask(&pay("k", 1_000)).unwrap();
    assert_eq!(w.ask(&pay("k", 0)).unwrap_err().reason, Reason::IllegalTransition);
}

/// Of the kind: histories from before. They hold tokens and account numbers, and fold to what they did, without telling them.
#[test]
fn old_histories_fold_and_keep_their_secrets() {
    let placed = r#"{"type":"placed","customer_id":"u-1","lines":[{"sku_id":"a","product_id":"p-a","quantity":1,
        "unit_price":1000,"lead_time_days":2,"taken":1}],"fees":[{"partner_id":"1","template_id":"t","base":0,"amount":0,
        "reason":"single"}],"deadline":"2026-01-01T00:00:00Z","deposit":{"method":"virtual_account","account_no":"110-1",
        "bank_code":"88"}}"#;
    let approved = r#"{"type":"payment_approved","settlements":[{"method":"card","amount":1000,"approval_id":"k",
        "token":"tok-1"}]}"#;
    let confirmed = r#"{"type":"deposit_confirmed","amount":1000}"#;
    let reason = serde_json::to_value(crate::domain::fee::FeeReason::Charged).unwrap();
    let placed = placed.replace("\"single\"", &reason.to_string());
    let at = crate::domain::Time::from_timestamp_millis(1_000_000).unwrap();
    for (second, named) in [(approved, Some("k")), (confirmed, None)] {
        let id = crate::domain::ids::OrderId::stored("o-1");
        let mut order = None;
        for json in [placed.as_str(), second] {
            let event = Event::read(EVENT_VERSION, json).unwrap();
            Order::step(&mut order, &id, &event, at).unwrap();
            let told = serde_json::to_string(&event).unwrap();
            assert!(!told.contains("tok-1") && !told.contains("110-1"), "{told}");
        }
        let order = order.unwrap();
        assert_eq!(order.settlements[0].approval_id.as_deref(), Some("110-1"), "as it was");
        let paid = order.settlements.iter().find(|s| s.paid.is_positive()).unwrap();
        let key = order.key_of(paid).unwrap();
        // the number of an account names no payment: other buyers get it
        assert_eq!(*key.id, *named.map_or_else(|| format!("o-1 {}", paid.no), str::to_owned));
    }
}
