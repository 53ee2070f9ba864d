//! Times in commands: cut to what the stores keep when they are decided, and of the years 2000 to 2199.

use jumun::clock::Clock as _;
use jumun::{
    domain::Time,
    store::rows::{CmpnRow, GdsRow, PrmRow},
};
use serde_json::{Value, json};

use super::{line, on_order, paid, shop, with};
use crate::support::world::{On, World};

/// Ships an order's only line by one waybill.
async fn shipped(w: &mut World, order: &str) {
    w.ok(paid(order, &[line("A", 1)], 1_000)).await;
    w.ok(on_order("prepare", order)).await;
    w.ok(with(on_order("use_own_stock", order), "lines", json!([1]))).await;
    w.ok(on_order("complete_procurement", order)).await;
    let waybills = json!([{"line_no": 1, "carrier": "cj", "waybill_no": format!("w-{order}"), "quantity": 1}]);
    w.ok(with(with(on_order("ship", order), "in_transit", json!(true)), "waybills", waybills)).await;
}

fn millis(t: Time) -> bool {
    t.timestamp_subsec_nanos().is_multiple_of(1_000_000)
}

/// The kind: a clock that is finer than the store (Java's and Rust's nanoseconds, Python's microseconds), in a delivery, a
/// campaign's window and a promotion's. `done` folds the histories and compares.
pub async fn finer_than_the_store(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 1_000, 0, 9).await;
    for (n, digits) in ["123456789Z", "123456Z", "9999999Z", "1235+00:00"].iter().enumerate() {
        let order = format!("o-{n}");
        shipped(&mut w, &order).await;
        // a second later, so that it is after the order; and again, so that it is not of the future
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        let now = jumun::clock::RealClock.now().format("%Y-%m-%dT%H:%M:%S");
        let at = json!(format!("{now}.{digits}"));
        tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
        let delivered = with(on_order("mark_delivered", &order), "delivered_at", at);
        let delivered = with(delivered, "id", json!(format!("delivered-{n}")));
        let first = w.ok(delivered.clone()).await;
        let again = w.ok(delivered).await;
        assert_eq!((first.order_version, first.order_status), (again.order_version, again.order_status));
    }
    w.sku("B", 1_000, 0, 9).await;
    let window = json!({"opens_at": "2020-01-01T00:00:00.000000001Z", "closes_at": "2120-01-01T00:00:00.999999999Z"});
    w.campaign("c", "B", window).await;
    w.ok(
        json!({"type": "update_campaign", "campaign_id": "c", "sku_id": "B", "closes_at": "2119-01-01T00:00:00.1239Z"}),
    )
    .await;
    w.ok(json!({"type": "create_promotion", "promotion_id": "p", "kind": "coupon", "rate_bp": 1,
        "opens_at": "2020-01-01T00:00:00.0005Z", "closes_at": "2120-01-01T00:00:00.0005Z"}))
        .await;
    let lines = w.rows::<GdsRow>().await;
    assert!(lines.iter().all(|r| r.dlv_cmpl_dttm.is_some_and(millis)), "{lines:?}");
    assert!(w.rows::<CmpnRow>().await.iter().all(|r| millis(r.opn_dttm) && millis(r.cls_dttm)));
    assert!(w.rows::<PrmRow>().await.iter().all(|r| r.opn_dttm.is_some_and(millis) && r.cls_dttm.is_some_and(millis)));
    w.done().await;
}

/// The kind: a time that no shop means, in every command that has one, and in the envelope's `at`.
pub async fn of_other_centuries(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 1_000, 0, 9).await;
    shipped(&mut w, "o-1").await;
    let campaign = |opens: &str, closes: &str| {
        json!({"type": "create_campaign", "campaign_id": "c", "sku_id": "A", "name": "c", "price": 1, "allotted": 1,
            "opens_at": opens, "closes_at": closes})
    };
    let bad = [
        "1999-12-31T23:59:59.999Z",
        "2200-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "+12026-01-01T00:00:00Z",
        "-0001-01-01T00:00:00Z",
    ];
    for at in bad {
        let commands: Vec<Value> = vec![
            with(on_order("mark_delivered", "o-1"), "delivered_at", json!(at)),
            with(on_order("confirm_installer_delivery", "o-1"), "delivered_at", json!(at)),
            campaign(at, "2120-01-01T00:00:00Z"),
            campaign("2020-01-01T00:00:00Z", at),
            json!({"type": "update_campaign", "campaign_id": "c", "sku_id": "A", "closes_at": at}),
            json!({"type": "create_promotion", "promotion_id": "p", "kind": "coupon", "rate_bp": 1, "opens_at": at}),
            json!({"type": "create_promotion", "promotion_id": "p", "kind": "coupon", "rate_bp": 1, "closes_at": at}),
            with(on_order("confirm_purchase", "o-1"), "at", json!(at)),
        ];
        for command in commands {
            w.no(command, "invalid").await;
        }
    }
    w.ok(campaign("2000-01-01T00:00:00Z", "2199-12-31T23:59:59.999Z")).await;
    w.done().await;
}
