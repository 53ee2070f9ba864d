//! Sales: windows, limits, allotments, both stock policies, promotions and coupons.

use jumun::store::rows::{DscntRow, GdsRow};
use serde_json::{Value, json};

use super::{cancel, line, on_order, paid, pay, place, shop, with};
use crate::support::world::On;

fn by(customer: &str, order: &str, lines: &[Value]) -> Value {
    with(place(order, lines), "customer_id", json!(customer))
}

pub async fn a_sale_opens_and_closes(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 1_500, 0, 9).await;
    w.campaign("future", "A", json!({"opens_at": "2110-01-01T00:00:00Z"})).await;
    w.no(place("o-1", &[line("A", 1)]), "sale_not_open").await;
    w.sku("B", 1_500, 0, 9).await;
    w.campaign("past", "B", json!({"closes_at": "2021-01-01T00:00:00Z"})).await;
    w.no(place("o-1", &[line("B", 1)]), "sale_closed").await;
    w.campaign("now", "B", json!({"opens_at": "2022-01-01T00:00:00Z", "price": 900})).await;
    w.ok(paid("o-1", &[line("B", 1)], 900)).await;
    let named = with(line("B", 1), "campaign_id", json!("past"));
    w.no(place("o-2", &[line("B", 1), named]), "sale_closed").await;
    w.no(place("o-2", &[with(line("B", 1), "campaign_id", json!("future"))]), "unknown_campaign").await;
    w.no(place("o-2", &[with(line("B", 1), "unit_price", json!(1_500))]), "price_mismatch").await;
    w.done().await;
}

pub async fn a_sale_is_paused_and_resumed(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 1_500, 0, 9).await;
    w.campaign("c", "A", json!({})).await;
    let told = |kind: &str| json!({"type": kind, "campaign_id": "c", "sku_id": "A"});
    w.ok(told("pause_campaign")).await;
    w.no(place("o-1", &[line("A", 1)]), "sale_paused").await;
    w.ok(told("resume_campaign")).await;
    w.ok(place("o-1", &[line("A", 1)])).await;
    w.no(json!({"type": "pause_campaign", "campaign_id": "d", "sku_id": "A"}), "unknown_campaign").await;
    w.done().await;
}

pub async fn a_limit_counts_per_customer_and_comes_back(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 1_500, 0, 9).await;
    w.campaign("c", "A", json!({"limit_per_customer": 2})).await;
    w.no(by("u-1", "o-1", &[line("A", 3)]), "limit_exceeded").await;
    w.ok(by("u-1", "o-1", &[line("A", 2)])).await;
    let told = w.no(by("u-1", "o-2", &[line("A", 1)]), "limit_exceeded").await;
    assert_eq!(told.facts.customer_left, Some(0));
    w.ok(by("u-2", "o-3", &[line("A", 1), line("A", 1)])).await;
    w.no(by("u-3", "o-4", &[line("A", 1), line("A", 2)]), "limit_exceeded").await;
    w.ok(on_order("cancel_payment", "o-1")).await;
    w.restart().await;
    w.ok(by("u-1", "o-5", &[line("A", 1)])).await;
    w.ok(pay("o-5", 1_000)).await;
    w.ok(cancel("o-5", &[1])).await;
    w.ok(by("u-1", "o-6", &[line("A", 2)])).await;
    w.done().await;
}

pub async fn an_allotment_ends_before_the_stock(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 1_500, 0, 9).await;
    w.campaign("c", "A", json!({"allotted": 3})).await;
    w.ok(place("o-1", &[line("A", 2)])).await;
    let told = w.no(place("o-2", &[line("A", 2)]), "insufficient_stock").await;
    assert_eq!((told.facts.available, told.facts.requested), (Some(1), Some(2)));
    w.ok(place("o-2", &[line("A", 1)])).await;
    w.no(place("o-3", &[line("A", 1)]), "sold_out").await;
    w.ok(on_order("cancel_payment", "o-2")).await;
    w.ok(place("o-3", &[line("A", 1)])).await;
    w.done().await;
}

pub async fn stock_is_judged_at_payment(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 1_000, 0, 3).await;
    w.campaign("c", "A", json!({"stock_policy": "deduct_at_payment"})).await;
    for order in ["o-1", "o-2", "o-3"] {
        w.ok(place(order, &[line("A", 2)])).await;
    }
    assert_eq!(w.stock("A").await, (3, 0, 0));
    for (order, status, money) in [
        ("o-1", "ORDERED", (2_000, 2_000, 0, 0)),
        ("o-2", "ORDERED", (2_000, 1_000, 1_000, 0)),
        ("o-3", "OUT_OF_STOCK", (2_000, 0, 2_000, 0)),
    ] {
        assert_eq!(w.ok(pay(order, 2_000)).await.order_status.as_deref(), Some(status));
        assert_eq!(w.money(order).await, [money]);
    }
    assert_eq!(w.stock("A").await, (0, 0, 3));
    w.no(place("o-4", &[line("A", 1)]), "sold_out").await;
    w.ok(on_order("prepare", "o-2")).await;
    w.no(on_order("prepare", "o-3"), "illegal_transition").await;
    w.done().await;
}

pub async fn nothing_left_at_payment_refunds_the_fee_too(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 1_000, 300, 1).await;
    w.campaign("c", "A", json!({"stock_policy": "deduct_at_payment"})).await;
    w.ok(place("o-1", &[line("A", 1)])).await;
    w.ok(paid("o-2", &[line("A", 1), line("A", 1)], 2_300)).await;
    // the placement brought its money: one of its lines is there
    assert_eq!(w.money("o-2").await, [(2_300, 1_300, 1_000, 0)]);
    w.ok(pay("o-1", 1_300)).await;
    assert_eq!(w.money("o-1").await, [(1_300, 0, 1_300, 0)]);
    let mut statuses: Vec<_> = w.rows::<GdsRow>().await.iter().map(|r| r.ord_stat_cd.to_string()).collect();
    statuses.sort();
    assert_eq!(statuses, ["ORDERED", "OUT_OF_STOCK", "OUT_OF_STOCK"]);
    w.done().await;
}

pub async fn promotion_then_coupon(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 9_999, 0, 9).await;
    for (id, kind, rate) in [("p10", "promotion", 1_000), ("c5", "coupon", 500), ("c99", "coupon", 9_900)] {
        w.ok(json!({"type": "create_promotion", "promotion_id": id, "kind": kind, "rate_bp": rate})).await;
    }
    let past = json!({"type": "create_promotion", "promotion_id": "old", "kind": "coupon", "rate_bp": 1,
        "closes_at": "2021-01-01T00:00:00Z"});
    w.ok(past).await;
    let with_both = |p: &str, c: &str| with(with(line("A", 3), "promotion_id", json!(p)), "coupon_id", json!(c));
    // 29,997: 10% is 2,999.7, 5% is 1,499.85, each of the line total and rounded down
    w.ok(paid("o-1", &[with_both("p10", "c5")], 29_997 - 2_999 - 1_499)).await;
    let rows = w.rows::<DscntRow>().await;
    let amounts: Vec<_> = rows.iter().map(|d| (d.dscnt_knd_cd.to_string(), d.dscnt_amt)).collect();
    assert_eq!(amounts, [("PROMOTION".to_owned(), 2_999), ("COUPON".to_owned(), 1_499)]);
    // 99% on top of 10%: not below nothing
    w.ok(place("o-2", &[with_both("p10", "c99")])).await;
    assert_eq!(w.order("o-2").await.ord_amt, 0);
    for (p, c) in [("c5", "c5"), ("p10", "p10"), ("p10", "old"), ("nix", "c5")] {
        w.no(place("o-3", &[with_both(p, c)]), "unknown_promotion").await;
    }
    assert!(w.rows::<DscntRow>().await.iter().all(|d| &*d.ord_id == "o-1"), "no discount rows while unpaid");
    w.done().await;
}

pub async fn a_free_order_is_paid_by_nothing(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 9_999, 0, 9).await;
    w.ok(json!({"type": "create_promotion", "promotion_id": "all", "kind": "coupon", "rate_bp": 10_000})).await;
    let free = || with(line("A", 3), "coupon_id", json!("all"));
    let nothing = json!({"kind": "approved", "settlements": []});
    assert_eq!(
        w.ok(with(place("o-1", &[free()]), "payment", nothing.clone())).await.order_status.as_deref(),
        Some("ORDERED")
    );
    w.no(with(place("o-2", &[line("A", 1)]), "payment", nothing), "invalid").await;
    w.ok(with(place("o-2", &[free()]), "payment", json!({"kind": "deposit", "means": "bank_transfer"}))).await;
    let confirmed = w.ok(with(on_order("confirm_deposit", "o-2"), "amount", json!(0))).await;
    assert_eq!(confirmed.order_status.as_deref(), Some("ORDERED"));
    assert_eq!(w.stock("A").await, (3, 0, 6));
    assert!(w.ok(cancel("o-1", &[1])).await.facts.refunds.is_empty());
    w.done().await;
}
