//! Three partitions: orders whose SKUs live in several.

use jumun::{
    domain::catalog::{Policy, PreparePolicy, StockPolicy},
    log::crc16::partition_of,
    store::rows::{CmpnRow, GdsRow, RsvRow},
};
use serde_json::{Value, json};

use super::{hurried, line, on_order, pay, place, shop, with};
use crate::support::world::{On, Setup, World};

/// One SKU in each of three lanes: 10,000, 20,000 and 30,000 won.
fn names() -> [String; 3] {
    [0, 1, 2].map(|lane| (0..).map(|n| format!("S{n}")).find(|s| partition_of(s, 3) == lane).unwrap())
}

async fn stocked(mut w: World, units: [u32; 3]) -> World {
    for ((name, price), units) in names().iter().zip([10_000, 20_000, 30_000]).zip(units) {
        w.sku(name, price, 1_000, units).await;
    }
    w
}

async fn three(on: On, units: [u32; 3]) -> World {
    stocked(World::open(on, Setup { partitions: 3, ..Setup::default() }).await, units).await
}

fn of_each(n: u32) -> Vec<Value> {
    names().iter().map(|name| line(name, n)).collect()
}

async fn stocks(w: &World) -> [(i64, i64, i64); 3] {
    let [a, b, c] = names();
    [w.stock(&a).await, w.stock(&b).await, w.stock(&c).await]
}

/// Every reservation has ended one way.
async fn reservations(w: &World, states: &[&str]) {
    w.rest().await;
    let mut got: Vec<String> = w.rows::<RsvRow>().await.iter().map(|r| r.rsv_stat_cd.to_string()).collect();
    got.sort();
    assert_eq!(got, states);
}

pub async fn three_lanes_take_an_order(on: On) {
    let mut w = three(on, [5, 5, 5]).await;
    let placed = w.ok(place("o-1", &of_each(2))).await;
    assert_eq!((placed.partition, placed.order_status.as_deref()), (0, Some("PAYMENT_PENDING")));
    assert_eq!(stocks(&w).await, [(3, 2, 0); 3]);
    reservations(&w, &["HELD", "HELD"]).await;
    w.ok(pay("o-1", 123_000)).await;
    w.rest().await;
    assert_eq!(stocks(&w).await, [(3, 0, 2); 3]);
    reservations(&w, &["TAKEN", "TAKEN"]).await;
    w.no(place("o-1", &of_each(1)), "duplicate_order").await;
    w.done().await;
}

pub async fn three_lanes_take_all_or_nothing(on: On) {
    let mut w = three(on, [5, 5, 1]).await;
    let told = w.no(place("o-1", &of_each(2)), "insufficient_stock").await;
    assert_eq!(told.facts.line_no, Some(3));
    w.rest().await;
    assert_eq!(stocks(&w).await, [(5, 0, 0), (5, 0, 0), (1, 0, 0)]);
    reservations(&w, &["REFUSED", "RELEASED"]).await;
    w.no(pay("o-1", 1), "unknown_order").await;
    assert!(w.rows::<GdsRow>().await.is_empty());
    w.done().await;
}

pub async fn an_order_over_lanes_expires(on: On) {
    let mut w = stocked(hurried(on, 3, 600).await, [5, 5, 5]).await;
    w.ok(place("o-1", &of_each(2))).await;
    w.becomes("o-1", "PAYMENT_EXPIRED").await;
    w.rest().await;
    assert_eq!(stocks(&w).await, [(5, 0, 0); 3]);
    reservations(&w, &["RELEASED", "RELEASED"]).await;
    w.done().await;
}

pub async fn stock_is_judged_at_payment_in_every_lane(on: On) {
    let policy = Policy { prepare: PreparePolicy::AtOnce, ..Policy::default() };
    let mut w = stocked(World::open(on, Setup { partitions: 3, policy, ..Setup::default() }).await, [5, 1, 5]).await;
    let [_, b, c] = names();
    for (sku, price) in [(&b, 20_000), (&c, 30_000)] {
        let more = json!({"stock_policy": "deduct_at_payment", "price": price});
        w.campaign(&format!("sale-{sku}"), sku, more).await;
    }
    w.ok(place("o-1", &of_each(2))).await;
    assert_eq!(stocks(&w).await, [(3, 2, 0), (1, 0, 0), (5, 0, 0)]);
    // the pause comes too late for an order that is placed
    w.ok(json!({"type": "pause_campaign", "campaign_id": format!("sale-{c}"), "sku_id": c})).await;
    w.ok(pay("o-1", 123_000)).await;
    w.becomes("o-1", "PREPARING").await;
    w.rest().await;
    assert_eq!(stocks(&w).await, [(3, 0, 2), (0, 0, 1), (3, 0, 2)]);
    assert_eq!(w.money("o-1").await, [(123_000, 103_000, 20_000, 0)]);
    w.done().await;
}

pub async fn a_campaign_id_is_given_once(on: On) {
    let mut w = three(on, [5, 5, 5]).await;
    let [a, b, _] = names();
    let beside = (0..).map(|n| format!("T{n}")).find(|s| partition_of(s, 3) == 0).unwrap();
    w.sku(&beside, 10_000, 1_000, 5).await;
    // two lanes at once, and two SKUs of one lane in one batch
    for (id, lane, other, year) in [("far", 1, &b, 2020), ("near", 0, &beside, 2021)] {
        let campaign = |sku: &str| {
            let (opens, closes) = (format!("{year}-01-01T00:00:00Z"), format!("{year}-12-31T00:00:00Z"));
            json!({"type": "create_campaign", "campaign_id": id, "sku_id": sku, "name": id, "price": 1_000,
                "allotted": 3, "opens_at": opens, "closes_at": closes})
        };
        let answers = w.at_once(vec![(0, campaign(&a)), (lane, campaign(other))]).await;
        let mut told: Vec<Option<&str>> = answers.iter().map(|a| a.reason.as_deref()).collect();
        told.sort_unstable();
        assert_eq!(told, [None, Some("already_exists")], "{answers:?}");
        let rows: Vec<CmpnRow> = w.rows::<CmpnRow>().await.into_iter().filter(|r| &*r.cmpn_id == id).collect();
        assert_eq!(rows.len(), 1);
        let got = if answers[0].reason.is_none() { &a } else { other };
        assert_eq!(&*rows[0].unt_id, got.as_str());
    }
    w.done().await;
}

pub async fn a_refused_id_is_placed_again_by_another(on: On) {
    let mut w = three(on, [5, 5, 1]).await;
    let buyer = |c: Value, who: &str| with(with(c, "actor", json!(format!("buyer:{who}"))), "customer_id", json!(who));
    let told = w.send(buyer(place("o-1", &of_each(2)), "u-1")).await;
    assert_eq!(told.reason.as_deref(), Some("insufficient_stock"));
    w.rest().await;
    w.ok(buyer(place("o-1", &of_each(1)), "u-2")).await;
    assert_eq!(stocks(&w).await, [(4, 1, 0), (4, 1, 0), (0, 1, 0)]);
    w.done().await;
}

pub async fn the_wrong_partition_passes_it_on(on: On) {
    let mut w = three(on, [5, 5, 5]).await;
    let [_, b, _] = names();
    let placed = w.send_to(2, place("o-1", &[line(&b, 1)])).await;
    assert_eq!((placed.partition, placed.order_status.as_deref()), (1, Some("PAYMENT_PENDING")));
    w.passed_on_again().await;
    let paid = w.send_to(0, pay("o-1", 21_000)).await;
    assert_eq!((paid.partition, paid.order_status.as_deref()), (1, Some("ORDERED")));
    let received = w.send_to(0, json!({"type": "receive_stock", "sku_id": b, "quantity": 3})).await;
    assert_eq!((received.partition, w.stock(&b).await), (1, (7, 0, 1)));
    let template = json!({"type": "create_template", "template_id": "x", "partner_id": "p-1", "name": "x"});
    assert_eq!(w.send_to(2, template).await.partition, 0);
    let nobody = w.send_to(2, on_order("prepare", "o-9")).await;
    assert_eq!(nobody.reason.as_deref(), Some("unknown_order"));
    w.done().await;
}

pub async fn an_idle_lane_whose_log_is_taken_over_ends(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 1_000, 0, 5).await;
    w.superseded().await;
}

/// The kind of `sales::a_campaign_made_later_takes_nothing_from_an_order`, in every lane of an order.
pub async fn a_campaign_made_later_takes_nothing_in_any_lane(on: On) {
    let policy = Policy { stock: StockPolicy::DeductAtPayment, ..Policy::default() };
    let mut w = stocked(World::open(on, Setup { partitions: 3, policy, ..Setup::default() }).await, [9, 9, 9]).await;
    // from each lane, an order that has lines in all of them
    for home in 0..3 {
        let mut lines = of_each(2);
        lines.rotate_left(home);
        w.ok(place(&format!("o-{home}"), &lines)).await;
    }
    // open, next and limited, one in each lane
    let later = super::sales::later();
    for (name, (what, campaign)) in names().iter().zip([&later[0], &later[1], &later[3]]) {
        w.campaign(what, name, campaign.clone()).await;
    }
    for home in 0..3 {
        let order = format!("o-{home}");
        w.ok(pay(&order, 123_000)).await;
        w.rest().await;
        assert_eq!(w.money(&order).await, [(123_000, 123_000, 0, 0)], "{home}");
    }
    assert_eq!(stocks(&w).await, [(3, 0, 6); 3]);
    w.done().await;
}
