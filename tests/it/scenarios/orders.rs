//! Rows 1–7: placed, paid, declined, expired, prepared.

use std::time::Duration;

use jumun::{
    domain::catalog::{Policy, PreparePolicy},
    store::rows::{AprvRow, GdsRow, PntRow, StlmRow},
};
use serde_json::json;

use super::{cancel, hurried, line, on_order, paid, pay, place, settled, shop, with};
use crate::support::world::{On, Setup, World};

pub async fn an_unpaid_order_holds_and_a_paid_one_has_bought(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 10_000, 2_500, 5).await;
    let placed = w.ok(place("o-1", &[line("A", 2)])).await;
    assert_eq!((placed.order_status.as_deref(), placed.order_version), (Some("PAYMENT_PENDING"), Some(1)));
    assert_eq!(w.stock("A").await, (3, 2, 0));
    assert_eq!(w.order("o-1").await.ord_amt, 22_500);
    let answer = w.ok(pay("o-1", 22_500)).await;
    assert_eq!(answer.order_status.as_deref(), Some("ORDERED"));
    assert_eq!(w.stock("A").await, (3, 0, 2));
    assert_eq!(w.money("o-1").await, [(22_500, 22_500, 0, 0)]);
    let (order, row) = (w.order("o-1").await, w.rows::<GdsRow>().await.remove(0));
    let days = |n| order.rcpt_dttm + chrono::TimeDelta::days(n);
    assert_eq!((row.ship_inst_dttm, row.dlv_expt_dttm), (Some(days(1)), Some(days(3))));
    w.no(pay("o-1", 22_500), "illegal_transition").await;
    w.no(place("o-1", &[line("A", 1)]), "duplicate_order").await;
    w.done().await;
}

pub async fn an_order_that_brings_its_payment_is_ordered_at_once(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 10_000, 0, 5).await;
    let placed = w.ok(paid("o-1", &[line("A", 2)], 20_000)).await;
    assert_eq!(placed.order_status.as_deref(), Some("ORDERED"));
    assert_eq!(w.stock("A").await, (3, 0, 2));
    w.no(paid("o-2", &[line("A", 2)], 19_999), "amount_mismatch").await;
    assert_eq!(w.stock("A").await, (3, 0, 2));
    w.done().await;
}

pub async fn a_wrong_amount_is_not_a_payment(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 10_000, 0, 5).await;
    w.ok(place("o-1", &[line("A", 1)])).await;
    let told = w.no(pay("o-1", 9_999), "amount_mismatch").await;
    assert_eq!((told.facts.due.map(|d| d.get()), told.facts.amount.map(|d| d.get())), (Some(10_000), Some(9_999)));
    w.no(json!({"type": "approve_payment", "order_id": "o-1", "settlements": []}), "invalid").await;
    // more than any answer can tell, by several means that each are within bounds
    let huge: Vec<_> = (0..3).map(|n| settled("card", 1_000_000_000_000, &format!("k{n}"))).collect();
    w.no(json!({"type": "approve_payment", "order_id": "o-1", "settlements": huge}), "invalid").await;
    assert_eq!(w.stock("A").await, (4, 1, 0));
    w.done().await;
}

pub async fn a_declined_payment_may_be_tried_again(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 10_000, 0, 5).await;
    w.ok(place("o-1", &[line("A", 1)])).await;
    let declined = w.ok(with(on_order("decline_payment", "o-1"), "reason", json!("한도초과"))).await;
    assert_eq!(declined.order_status.as_deref(), Some("PAYMENT_PENDING"));
    let points = [settled("points", 10_000, "pt-1")];
    w.ok(json!({"type": "approve_payment", "order_id": "o-1", "settlements": points})).await;
    w.no(on_order("decline_payment", "o-1"), "illegal_transition").await;
    w.done().await;
}

pub async fn a_payer_may_give_up(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 10_000, 0, 5).await;
    w.ok(place("o-1", &[line("A", 2)])).await;
    let given_up = w.ok(with(on_order("cancel_payment", "o-1"), "actor", json!("buyer:u-1"))).await;
    assert_eq!(given_up.order_status.as_deref(), Some("PAYMENT_CANCELLED"));
    assert_eq!(w.stock("A").await, (5, 0, 0));
    w.no(on_order("cancel_payment", "o-1"), "illegal_transition").await;
    let late = w.ok(pay("o-1", 20_000)).await;
    assert_eq!(late.order_status.as_deref(), Some("PAYMENT_CANCELLED"));
    assert_eq!(w.money("o-1").await, [(20_000, 0, 20_000, 0)]);
    w.done().await;
}

pub async fn an_unpaid_order_expires_after_a_restart_too(on: On) {
    let mut w = hurried(on, 1, 700).await;
    w.sku("A", 10_000, 0, 5).await;
    w.ok(place("o-1", &[line("A", 2)])).await;
    w.restart().await;
    assert_eq!(w.stock("A").await, (3, 2, 0));
    w.becomes("o-1", "PAYMENT_EXPIRED").await;
    assert_eq!(w.stock("A").await, (5, 0, 0));
    assert!(w.money("o-1").await.is_empty());
    w.no(on_order("cancel_payment", "o-1"), "illegal_transition").await;
    w.done().await;
}

pub async fn late_money_is_taken_and_planned_for_refund(on: On) {
    let mut w = hurried(on, 1, 300).await;
    w.sku("A", 10_000, 0, 5).await;
    w.sku("B", 500, 0, 0).await;
    // B is short, so that the order's lines end differently
    w.ok(with(place("o-1", &[line("A", 1), line("B", 1)]), "allow_partial", json!(true))).await;
    w.becomes("o-1", "PAYMENT_EXPIRED").await;
    let late = w.ok(pay("o-1", 10_000)).await;
    assert_eq!(
        (late.order_status.as_deref(), late.reason.as_deref()),
        (Some("PAYMENT_EXPIRED"), Some("payment_expired"))
    );
    assert_eq!(w.money("o-1").await, [(10_000, 0, 10_000, 0)]);
    assert_eq!(w.stock("A").await, (5, 0, 0));
    // the same approval under another command id is no second payment
    w.no(pay("o-1", 10_000), "invalid").await;
    let key = late.facts.refunds[0].clone();
    w.ok(with(on_order("confirm_refund", "o-1"), "refund_key", json!(key))).await;
    assert_eq!(w.money("o-1").await, [(10_000, 0, 0, 10_000)]);
    w.done().await;
}

fn deposit(order: &str) -> serde_json::Value {
    let payment = json!({"kind": "deposit", "means": "virtual_account", "virtual_account_no": "110-22-333",
        "bank_code": "088", "remitter": "홍길동"});
    with(place(order, &[line("A", 1)]), "payment", payment)
}

fn arrives(order: &str, amount: i64) -> serde_json::Value {
    with(on_order("confirm_deposit", order), "amount", json!(amount))
}

pub async fn a_deposit_is_expected_until_it_is_in(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 10_000, 0, 5).await;
    w.ok(deposit("o-1")).await;
    let row = w.rows::<StlmRow>().await.remove(0);
    assert_eq!((row.expt_amt, row.pay_amt), (10_000, 0));
    w.no(arrives("o-1", 9_000), "amount_mismatch").await;
    w.ok(arrives("o-1", 10_000)).await;
    assert_eq!(w.money("o-1").await, [(10_000, 10_000, 0, 0)]);
    let approval = w.rows::<AprvRow>().await.remove(0);
    assert_eq!((approval.vrtl_acct_no.as_deref(), approval.bank_cd.as_deref()), (Some("110-22-333"), Some("088")));
    w.ok(place("o-2", &[line("A", 1)])).await;
    w.no(arrives("o-2", 10_000), "invalid").await;
    w.done().await;
}

pub async fn a_late_deposit_goes_back(on: On) {
    let mut w = hurried(on, 1, 300).await;
    w.sku("A", 10_000, 0, 5).await;
    w.ok(deposit("o-1")).await;
    w.becomes("o-1", "PAYMENT_EXPIRED").await;
    w.ok(arrives("o-1", 10_000)).await;
    assert_eq!(w.money("o-1").await, [(0, 0, 0, 0), (10_000, 0, 10_000, 0)]);
    assert!(w.rows::<StlmRow>().await.iter().all(|s| s.expt_amt == 0));
    w.done().await;
}

pub async fn a_card_may_pay_what_a_deposit_was_awaited_for(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 10_000, 0, 5).await;
    w.ok(deposit("o-1")).await;
    w.ok(pay("o-1", 10_000)).await;
    assert_eq!(w.money("o-1").await, [(0, 0, 0, 0), (10_000, 10_000, 0, 0)]);
    assert!(w.rows::<StlmRow>().await.iter().all(|s| s.expt_amt == 0 && s.pay_grp_no == 1));
    w.done().await;
}

pub async fn points_and_card_pay_together_and_card_goes_back_first(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 10_000, 0, 5).await;
    w.sku("B", 4_000, 0, 5).await;
    w.ok(place("o-1", &[line("A", 1), line("B", 1)])).await;
    let both = [settled("points", 5_000, "pt-1"), settled("card", 9_000, "k-1")];
    w.ok(json!({"type": "approve_payment", "order_id": "o-1", "settlements": both})).await;
    w.ok(cancel("o-1", &[2])).await;
    assert_eq!(w.money("o-1").await, [(5_000, 5_000, 0, 0), (9_000, 5_000, 4_000, 0)]);
    let rest = w.ok(cancel("o-1", &[1])).await;
    assert_eq!(w.money("o-1").await, [(5_000, 0, 5_000, 0), (9_000, 0, 9_000, 0)]);
    assert_eq!(rest.facts.refunds.len(), 2);
    for key in rest.facts.refunds {
        w.ok(with(on_order("confirm_refund", "o-1"), "refund_key", json!(key))).await;
    }
    let points: Vec<_> = w.rows::<PntRow>().await.into_iter().map(|p| (p.pnt_knd_cd.to_string(), p.pnt_amt)).collect();
    assert_eq!(points, [("USED".to_owned(), 5_000), ("GIVEN_BACK".to_owned(), 5_000)]);
    w.done().await;
}

pub async fn preparation_closes_the_buyers_cancellation(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 10_000, 0, 5).await;
    w.ok(place("o-1", &[line("A", 1)])).await;
    w.no(on_order("prepare", "o-1"), "illegal_transition").await;
    w.ok(pay("o-1", 10_000)).await;
    assert_eq!(w.ok(on_order("prepare", "o-1")).await.order_status.as_deref(), Some("PREPARING"));
    let told = w.no(cancel("o-1", &[1]), "illegal_transition").await;
    assert_eq!(told.facts.command.as_deref(), Some("cancel_lines"));
    w.no(on_order("prepare", "o-1"), "illegal_transition").await;
    w.no(judge_none("o-1"), "illegal_transition").await;
    w.done().await;
}

fn judge_none(order: &str) -> serde_json::Value {
    super::judge(order, &[(1, 0)])
}

async fn preparing(on: On, prepare: PreparePolicy) -> World {
    let policy = Policy { prepare, ..Policy::default() };
    let mut w = World::open(on, Setup { policy, ..Setup::default() }).await;
    w.sku("A", 10_000, 0, 5).await;
    w
}

pub async fn policy_prepares_at_once(on: On) {
    let mut w = preparing(on, PreparePolicy::AtOnce).await;
    assert_eq!(w.ok(paid("o-1", &[line("A", 1)], 10_000)).await.order_status.as_deref(), Some("PREPARING"));
    w.ok(place("o-2", &[line("A", 1)])).await;
    assert_eq!(w.ok(pay("o-2", 10_000)).await.order_status.as_deref(), Some("PREPARING"));
    w.done().await;
}

pub async fn policy_prepares_after_a_delay(on: On) {
    let mut w = preparing(on, PreparePolicy::After(Duration::from_millis(400))).await;
    assert_eq!(w.ok(paid("o-1", &[line("A", 1)], 10_000)).await.order_status.as_deref(), Some("ORDERED"));
    w.restart().await;
    w.becomes("o-1", "PREPARING").await;
    w.done().await;
}
