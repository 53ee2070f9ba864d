//! Whatever is asked, in whatever order: the invariants hold after every event, and a refusal changes nothing.

use std::time::Duration;

use proptest::prelude::*;

use super::world::{World, campaign, card, gift, gifts, line, off, place, sent_to, sku};
use crate::domain::{
    catalog::{PreparePolicy, PromotionKind, SkuInfo, StockPolicy},
    drawn::config,
    gift::GiftSoldOut,
    ids::PromotionId,
    money::Won,
    order::{
        OrderCommand as C,
        command::{Deposit, Paid, PaymentMethod, PaymentOffer, RefundOutcome, StockCount, Wanted},
        register::PaymentKey,
        state::Placement,
    },
    reason::Reason,
    status::Status,
    stock::Move,
};

const NAMES: [&str; 5] = ["a", "b", "c", "g", "h"];

/// The mainland (or nowhere said), Jeju, an island.
const ZIPS: [Option<&str>; 4] = [None, Some("06000"), Some("63000"), Some("40200")];

fn to_there(to: usize, placement: C) -> C {
    match ZIPS[to] {
        Some(zip) => sent_to(zip, placement),
        None => placement,
    }
}

#[derive(Debug, Clone)]
enum Act {
    Place {
        lines: Vec<(usize, u32, u16, bool)>,
        partial: bool,
        offer: u8,
        wrong: bool,
        to: usize,
    },
    Choose(usize),
    Pay {
        split: bool,
        wrong: bool,
        known: bool,
        verified: bool,
    },
    /// these payments have paid another order
    Elsewhere(Vec<usize>),
    Deposit {
        wrong: bool,
    },
    Decline,
    Cancel,
    Expire,
    CancelLines(Vec<u16>),
    Prepare,
    Judge(Vec<(u16, u32)>),
    Confirm(usize),
    Fail(usize),
    Wait(u64),
    Move(usize, i64),
    Pause(bool),
    OneStep,
    Rest,
}

fn act() -> impl Strategy<Value = Act> {
    let lines = prop::collection::vec((0usize..5, 0u32..4, 1u16..5, any::<bool>()), 1..5);
    let fewer = |range: std::ops::Range<u16>| prop::collection::vec(range, 0..3);
    prop_oneof![
        3 => (lines, any::<bool>(), 0u8..4, prop::bool::weighted(0.1), 0..ZIPS.len())
            .prop_map(|(lines, partial, offer, wrong, to)| Act::Place { lines, partial, offer, wrong, to }),
        2 => (0..ZIPS.len()).prop_map(Act::Choose),
        3 => (any::<bool>(), prop::bool::weighted(0.1), any::<bool>(), prop::bool::weighted(0.8))
            .prop_map(|(split, wrong, known, verified)| Act::Pay { split, wrong, known, verified }),
        1 => prop::collection::vec(0usize..3, 0..3).prop_map(Act::Elsewhere),
        1 => prop::bool::weighted(0.2).prop_map(|wrong| Act::Deposit { wrong }),
        1 => Just(Act::Decline),
        1 => Just(Act::Cancel),
        1 => Just(Act::Expire),
        2 => fewer(0..6).prop_map(Act::CancelLines),
        1 => Just(Act::Prepare),
        2 => prop::collection::vec((0u16..6, 0u32..4), 0..3).prop_map(Act::Judge),
        2 => (0usize..6).prop_map(Act::Confirm),
        1 => (0usize..6).prop_map(Act::Fail),
        1 => (0u64..40).prop_map(Act::Wait),
        1 => (0usize..5, -3i64..4).prop_map(|(sku, n)| Act::Move(sku, n)),
        1 => any::<bool>().prop_map(Act::Pause),
        3 => Just(Act::OneStep),
        2 => Just(Act::Rest),
    ]
}

fn world(lanes: u32, prepare: u8, gifts_wait: bool) -> World {
    let stock = |info: SkuInfo, n: u32| (info, n % lanes, i64::from(n % 4) + 1);
    let mut w = World::new(vec![
        stock(SkuInfo { threshold: Some(Won::new(1_500)), ..sku("a", "t", 333, 2_500) }, 0),
        stock(campaign(sku("b", "u", 1_000, 500), Some(3), StockPolicy::DeductAtPayment), 1),
        stock(campaign(sku("c", "u", 77, 700), None, StockPolicy::HoldAtPlacement), 2),
        stock(gift("g"), 1),
        stock(gift("h"), 3),
    ]);
    w.policy.prepare = match prepare {
        0 => PreparePolicy::AtOnce,
        1 => PreparePolicy::After(Duration::from_secs(60)),
        _ => PreparePolicy::ByHand,
    };
    if gifts_wait {
        w.policy.stock = StockPolicy::DeductAtPayment;
    }
    w.promotions = vec![off("p", PromotionKind::Promotion, 1_234), off("q", PromotionKind::Coupon, 9_000)];
    // c brings h by either
    w.gift_promotions = vec![
        gifts("gp", &["a", "c"], &["g", "h"], (3, 2), GiftSoldOut::Continue),
        gifts("hp", &["b", "c"], &["h"], (1, 1), GiftSoldOut::Refuse),
    ];
    w
}

/// What an offered order would cost, found by placing it in a copy of nothing: unpaid.
fn commands(w: &World, act: &Act) -> Option<C> {
    let surcharge = w.order.as_ref().map_or(Won::ZERO, |o| o.surcharge_due());
    let due = w.order.as_ref().map_or(Won::ZERO, |o| if surcharge.is_positive() { surcharge } else { o.amount_due() });
    let key =
        |n: usize| w.order.as_ref().and_then(|o| o.refunds.get(n)).map_or_else(|| "rf:no".into(), |r| r.key.clone());
    Some(match act {
        Act::Choose(to) => C::SetShippingAddress { zip: ZIPS[*to].map(str::to_owned) },
        Act::Place { lines, partial, offer, wrong, to } => {
            let wanted: Vec<Wanted> = lines
                .iter()
                .map(|&(n, quantity, main, off)| {
                    let is_gift = n >= 3;
                    Wanted {
                        main_line_no: is_gift.then_some(main),
                        promotion_id: (off && !is_gift).then(|| PromotionId::stored("p")),
                        coupon_id: (off && n == 1).then(|| PromotionId::stored("q")),
                        ..line(NAMES[n], quantity)
                    }
                })
                .collect();
            let deposit =
                Deposit { method: PaymentMethod::BankTransfer, payment_id: None, account_no: None, bank_code: None };
            let payment = match offer {
                0 | 1 => PaymentOffer::Later,
                2 => PaymentOffer::Deposit(deposit),
                _ => {
                    // ask a server that has plenty what it costs
                    let mut rich = world(1, 2, false);
                    for name in NAMES {
                        let id = crate::domain::ids::SkuId::stored(name);
                        rich.own(&id, Move::Receive, 100);
                    }
                    rich.ask(&to_there(*to, place(wanted.clone(), true, PaymentOffer::Later))).ok()?;
                    let due = rich.o().amount_due().get();
                    let brings = |amount: i64| if amount == 0 { Vec::new() } else { vec![card("k-0", amount)] };
                    rich.order = None;
                    for other in [due - 1, due + 1].into_iter().filter(|n| *n > 0) {
                        let placement = place(wanted.clone(), true, PaymentOffer::Approved(brings(other)));
                        let refusal = rich.decided(&to_there(*to, placement)).expect_err("another amount");
                        assert_eq!((refusal.reason, refusal.facts.due), (Reason::AmountMismatch, Some(Won::new(due))));
                    }
                    let paid = brings(due + i64::from(*wrong));
                    PaymentOffer::Approved(paid)
                }
            };
            to_there(*to, place(wanted, *partial, payment))
        }
        Act::Pay { split, wrong, known, verified } => {
            let amount = due.get() + i64::from(*wrong);
            let id = |n: usize| if *known { format!("k-{n}") } else { format!("k-{}-{n}", w.history.len()) };
            let points = |amount| Paid {
                method: PaymentMethod::Points,
                amount: Won::new(amount),
                approval_id: id(9),
                movement_id: None,
            };
            let settlements = match (amount, split) {
                (0, _) => Vec::new(),
                (n, true) if n > 1 => vec![points(n / 2), card(&id(1), n - n / 2)],
                (n, _) => vec![card(&id(1), n)],
            };
            C::ApprovePayment { settlements, verified: *verified }
        }
        Act::Deposit { wrong } => C::ConfirmDeposit { amount: due + Won::new(i64::from(*wrong)), payment_id: None },
        Act::Decline => C::DeclinePayment { reason: None },
        Act::Cancel => C::CancelPayment,
        Act::Expire => C::Expire,
        Act::CancelLines(lines) => C::CancelLines { lines: lines.clone(), reason: None },
        Act::Prepare => C::Prepare,
        Act::Judge(lines) => C::ConfirmStock {
            lines: lines.iter().map(|&(line_no, available)| StockCount { line_no, available }).collect(),
        },
        Act::Confirm(n) => C::ConfirmRefund { key: key(*n) },
        Act::Fail(n) => C::FailRefund { key: key(*n), reason: "no".into(), outcome: RefundOutcome::Refused },
        Act::Wait(_) | Act::Move(..) | Act::Pause(_) | Act::OneStep | Act::Rest | Act::Elsewhere(_) => return None,
    })
}

fn run(w: &mut World, acts: &[Act]) {
    for act in acts {
        match act {
            Act::Wait(minutes) => w.later(Duration::from_secs(minutes * 60)),
            Act::Move(n, quantity) => {
                let id = crate::domain::ids::SkuId::stored(NAMES[*n]);
                w.own(&id, Move::Adjust, *quantity);
            }
            Act::Pause(paused) => w.pause("b", *paused),
            Act::Elsewhere(known) => {
                let key = |n: &usize| PaymentKey { method: PaymentMethod::Card, id: format!("k-{n}").into() };
                // not what this order has itself: the register gives a payment to one
                let here = |key: &PaymentKey| {
                    w.order.iter().flat_map(|o| &o.settlements).any(|s| s.approval_id.as_deref() == Some(&*key.id))
                };
                let elsewhere = known.iter().map(key).filter(|key| !here(key)).collect();
                w.taken = elsewhere;
            }
            Act::OneStep => {
                w.one_step();
            }
            Act::Rest => w.rest(),
            Act::Place { .. }
            | Act::Pay { .. }
            | Act::Deposit { .. }
            | Act::Choose(_)
            | Act::Decline
            | Act::Cancel
            | Act::Expire
            | Act::CancelLines(_)
            | Act::Prepare
            | Act::Judge(_)
            | Act::Confirm(_)
            | Act::Fail(_) => {
                let Some(command) = commands(w, act) else { continue };
                let (order, events) = (w.order.clone(), w.history.len());
                let answer = w.ask(&command);
                let brought = |p: &Paid| p.key().is_some_and(|key| w.taken.contains(&key));
                if let C::ApprovePayment { settlements, .. } = &command
                    && settlements.iter().any(brought)
                {
                    assert!(answer.is_err(), "{command:?} has paid another order");
                }
                match answer {
                    Ok(_) => assert!(w.history.len() > events),
                    Err(refusal) => {
                        assert!(!refusal.message().is_empty());
                        assert_eq!((&w.order, w.history.len()), (&order, events), "a refusal changes nothing");
                    }
                }
            }
        }
        w.one_won();
    }
    w.rest();
    // the end: whatever is left is judged away, and all the money has a way back
    let Some(o) = w.order.clone() else { return };
    if o.placement == Placement::Done && o.paid_at.is_some() {
        let lines = o.lines.iter().filter(|l| l.status == Status::Ordered);
        let lines: Vec<StockCount> = lines.map(|l| StockCount { line_no: l.no, available: 0 }).collect();
        if !lines.is_empty() {
            w.ask(&C::ConfirmStock { lines }).unwrap();
            w.rest();
        }
        if w.o().lines.iter().all(|l| l.active() == 0) {
            assert!(w.o().settlements.iter().all(|s| s.refundable.is_zero()), "{:?}", w.o().settlements);
        }
        for key in w.o().refunds.clone().into_iter().filter(|r| !r.done()).map(|r| r.key) {
            w.ask(&C::ConfirmRefund { key: key.clone() }).unwrap();
            w.ask(&C::ConfirmRefund { key }).unwrap_err();
        }
    }
}

/// What an order may go through before and at its payment.
const EVENTS: [&str; 20] = [
    "placed",
    "placement_started",
    "reserved",
    "placement_completed",
    "placement_failed",
    "payment_approved",
    "deposit_confirmed",
    "payment_declined",
    "payment_expired",
    "payment_cancelled",
    "late_payment_received",
    "unexpected_payment_received",
    "duplicate_payment_received",
    "cut",
    "stock_confirmed",
    "stock_deducted",
    "stock_asked",
    "prepared",
    "refund_confirmed",
    "refund_failed",
];

/// Cases that make every event happen, whatever is drawn beside them: what is asked, over so many lanes.
fn scripts() -> Vec<(Vec<Act>, u32)> {
    let order = |lines: &[(usize, u32)], offer| Act::Place {
        lines: lines.iter().map(|&(sku, quantity)| (sku, quantity, 1, false)).collect(),
        partial: false,
        offer,
        wrong: false,
        to: 0,
    };
    let pay = || Act::Pay { split: false, wrong: false, known: false, verified: true };
    let known = || Act::Pay { split: false, wrong: false, known: true, verified: true };
    vec![
        (vec![order(&[(0, 1)], 0), Act::Decline, pay(), Act::Judge(vec![(1, 0)]), Act::Fail(0), Act::Confirm(0)], 1),
        (vec![order(&[(2, 1)], 0), pay(), Act::Prepare], 1),
        // another amount than what is due; and the same payment told again
        (vec![order(&[(2, 1)], 0), Act::Pay { split: false, wrong: true, known: false, verified: true }], 1),
        (vec![order(&[(2, 1)], 0), known(), known()], 1),
        (vec![order(&[(2, 1)], 0), Act::Wait(31), Act::Expire, pay()], 1),
        (vec![order(&[(2, 1)], 0), Act::Cancel], 1),
        (vec![order(&[(2, 1)], 2), Act::Deposit { wrong: false }], 1),
        // deducted at payment, here and in another lane
        (vec![order(&[(1, 1)], 0), pay()], 1),
        (vec![order(&[(0, 1), (1, 1)], 0), pay(), Act::Rest], 2),
        // another lane has what is wanted, or has not
        (vec![order(&[(0, 1), (2, 1)], 3), Act::Rest], 3),
        (vec![Act::Move(2, -1), order(&[(0, 1), (2, 3)], 3), Act::Rest], 3),
    ]
}

#[test]
fn every_event_happens_in_a_script_of_its_own() {
    let mut seen = std::collections::BTreeSet::new();
    for (acts, lanes) in scripts() {
        let mut w = world(lanes, 2, false);
        run(&mut w, &acts);
        seen.extend(w.history.iter().map(|(e, _)| e.name()));
    }
    let never: Vec<_> = EVENTS.iter().filter(|e| !seen.contains(**e)).collect();
    assert!(never.is_empty(), "never happened: {never:?}");
}

/// So many drawn orders, and the scripts' ones; `look` sees each when it is over.
pub fn drawn(cases: u32, look: impl Fn(&World)) {
    for (acts, lanes) in scripts() {
        let mut w = world(lanes, 2, false);
        run(&mut w, &acts);
        look(&w);
    }
    let case = (prop::collection::vec(act(), 1..25), 1u32..4, 0u8..3, any::<bool>());
    let tried =
        proptest::test_runner::TestRunner::new(config(cases)).run(&case, |(acts, lanes, prepare, gifts_wait)| {
            let mut w = world(lanes, prepare, gifts_wait);
            run(&mut w, &acts);
            look(&w);
            Ok(())
        });
    if let Err(e) = tried {
        panic!("{e}");
    }
}

#[test]
fn invariants_hold_after_every_event() {
    drawn(3_000, |_| ());
}
