//! The kind: what comes to nothing is paid, whatever made it so, in whatever lane its goods lie and whenever their stock is
//! judged; nobody would pay it, and it would expire.

use std::time::Duration;

use super::world::{World, campaign, gift, gift_of, line, off, place, sent_to, sku};
use crate::domain::{
    catalog::{PreparePolicy, PromotionKind, SkuInfo, StockPolicy},
    ids::PromotionId,
    money::Won,
    order::{
        Event, OrderCommand as C,
        command::{Deposit, PaymentMethod, PaymentOffer, Wanted},
        state::Placement,
    },
    reason::Reason,
    status::Status,
    stock::Move,
};

const SEOUL: &str = "06000";
const JEJU: &str = "63100";

fn deposit() -> PaymentOffer {
    PaymentOffer::Deposit(Deposit {
        method: PaymentMethod::BankTransfer,
        account_no: None,
        bank_code: None,
        payment_id: None,
    })
}

/// A unit of a at nothing, all of its price being off.
fn free() -> Wanted {
    Wanted { coupon_id: Some(PromotionId::stored("cp")), ..line("a", 1) }
}

/// a, of which there is one, judged by this policy; b, of which there is none; a gift: in these lanes.
fn shop(policy: StockPolicy, lanes: [u32; 3]) -> World {
    let a: SkuInfo = match policy {
        StockPolicy::HoldAtPlacement => sku("a", "t", 1_000, 0),
        StockPolicy::DeductAtPayment => campaign(sku("a", "t", 1_000, 0), None, policy),
    };
    let goods = [(a, lanes[0], 1), (sku("b", "t", 500, 0), lanes[1], 0), (gift("g"), lanes[2], 3)];
    let mut w = World::new(goods.into());
    w.promotions.push(off("cp", PromotionKind::Coupon, 10_000));
    w
}

const LANES: [[u32; 3]; 6] = [[0, 0, 0], [0, 1, 0], [1, 0, 1], [1, 1, 0], [1, 2, 0], [0, 0, 1]];

/// Orders of which only what costs nothing is left, each with what it had to do with.
pub fn short() -> Vec<(World, String)> {
    let mut made = Vec::new();
    for policy in [StockPolicy::HoldAtPlacement, StockPolicy::DeductAtPayment] {
        for lanes in LANES {
            for offer in [PaymentOffer::Later, deposit()] {
                for prepare in [PreparePolicy::ByHand, PreparePolicy::AtOnce, PreparePolicy::After(Duration::ZERO)] {
                    let what = format!("{policy:?} {lanes:?} {offer:?} {prepare:?}");
                    let mut w = shop(policy, lanes);
                    w.policy.prepare = prepare;
                    let lines = vec![free(), line("b", 2), gift_of("g", 1)];
                    w.ask(&place(lines, true, offer.clone())).unwrap_or_else(|e| panic!("{what}: {}", e.message()));
                    w.rest();
                    made.push((w, what));
                }
            }
        }
    }
    made
}

/// Orders of free goods whose surcharge went with another address.
pub fn moved() -> Vec<(World, String)> {
    let mut made = Vec::new();
    for policy in [StockPolicy::HoldAtPlacement, StockPolicy::DeductAtPayment] {
        for lanes in LANES {
            for offer in [PaymentOffer::Later, deposit()] {
                let what = format!("{policy:?} {lanes:?} {offer:?}");
                let mut w = shop(policy, lanes);
                w.ask(&sent_to(JEJU, place(vec![free(), gift_of("g", 1)], false, offer.clone()))).unwrap();
                w.rest();
                let due = w.o().total();
                assert_eq!((w.status(), due), (Status::PaymentPending, Won::new(3_000)), "{what}");
                w.ask(&C::SetShippingAddress { zip: Some(JEJU.into()) }).unwrap();
                assert_eq!(w.status(), Status::PaymentPending, "{what}");
                w.ask(&C::SetShippingAddress { zip: Some(SEOUL.into()) }).unwrap();
                w.rest();
                made.push((w, what));
            }
        }
    }
    made
}

#[test]
fn what_comes_to_nothing_is_paid() {
    for (mut w, what) in short().into_iter().chain(moved()) {
        let o = w.o();
        assert_eq!((o.placement.clone(), o.total(), o.due_now()), (Placement::Done, Won::ZERO, Won::ZERO), "{what}");
        let prepared = w.policy.prepare == PreparePolicy::AtOnce;
        let status = if prepared { Status::Preparing } else { Status::Ordered };
        assert_eq!((w.status(), w.o().due_by()), (status, None), "{what}");
        assert!(w.o().paid_at.is_some() && w.o().refunds.is_empty(), "{what}");
        assert_eq!((w.stock("a"), w.stock("g").1), ((0, 0, 1), 0), "{what}");
        assert_eq!(w.o().prepare_at.is_some(), matches!(w.policy.prepare, PreparePolicy::After(_)), "{what}");
        let paid = w.history.iter().filter(|(e, _)| matches!(e, Event::PaymentApproved { .. })).count();
        assert_eq!(paid, 1, "{what}");
        w.later(Duration::from_secs(1_000_000));
        assert_eq!(w.ask(&C::Expire).unwrap_err().reason, Reason::IllegalTransition, "{what}");
        if !prepared {
            w.ask(&C::Prepare).unwrap();
        }
    }
}

#[test]
fn what_costs_something_still_waits_for_its_payment() {
    for lanes in LANES {
        // its goods cost something; a fee does; there is more to come than what was short
        for (price, fee, there) in [(1, 0, 0), (0, 1, 0), (0, 0, 1)] {
            let a = sku("a", "t", price, fee);
            let mut w = World::new(vec![(a, lanes[0], 1), (sku("b", "t", 500, 0), lanes[1], there)]);
            w.ask(&place(vec![line("a", 1), line("b", 2)], true, PaymentOffer::Later)).unwrap();
            w.rest();
            assert!(w.o().total().is_positive());
            assert_eq!(w.status(), Status::PaymentPending, "{lanes:?} {price} {fee} {there}");
        }
    }
}

#[test]
fn what_has_run_out_when_it_comes_to_nothing_is_out_of_stock() {
    for lanes in [[0, 0, 0], [1, 0, 0]] {
        let mut w = shop(StockPolicy::DeductAtPayment, lanes);
        w.ask(&sent_to(JEJU, place(vec![free()], false, PaymentOffer::Later))).unwrap();
        w.rest();
        let id = w.skus[0].0.sku_id.clone();
        assert!(w.own(&id, Move::Shrink, 1));
        w.ask(&C::SetShippingAddress { zip: Some(SEOUL.into()) }).unwrap();
        w.rest();
        assert_eq!((w.status(), w.o().total()), (Status::OutOfStock, Won::ZERO), "{lanes:?}");
    }
}
