//! Three partitions: orders whose SKUs live in several.

use jumun::{
    domain::catalog::{Policy, PreparePolicy, StockPolicy},
    log::crc16::partition_of,
    store::rows::{CmpnRow, GdsRow, RsvRow},
};
use serde_json::{Value, json};

use super::{hurried, line, on_order, paid, pay, place, shop, with};
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

/// A SKU of this kind in this lane of three.
fn in_lane(kind: &str, lane: u32) -> String {
    (0..).map(|n| format!("{kind}{n}")).find(|s| partition_of(s, 3) == lane).unwrap()
}

async fn of_three(on: On) -> World {
    let mut w = World::open(on, Setup { partitions: 3, ..Setup::default() }).await;
    w.template("t", "p-1", None).await;
    w
}

/// The kind: what is owed is told by the answer, wherever the goods lie that were asked for.
pub async fn what_an_exchange_costs_is_told_in_any_lane(on: On) {
    let mut w = of_three(on).await;
    let home = in_lane("A", 0);
    w.product(&home, "t", "p-1", 10_000, 3_000, json!({})).await;
    w.unit(&home, 9).await;
    let mut told = Vec::new();
    for lane in 0..3 {
        let (order, other) = (format!("o-{lane}"), in_lane("B", lane));
        w.product(&other, "t", "p-1", 10_000, 3_000, json!({})).await;
        w.unit(&other, 1).await;
        w.ok(paid(&order, &[line(&home, 1)], 13_000)).await;
        super::go(&mut w, &order, &["prepare", "use_own_stock", "complete_procurement", "ship"]).await;
        let wish = json!({"type": "request_exchange", "order_id": order, "line_no": 1, "quantity": 1,
            "reason": "change_of_mind", "fault": "buyer"});
        w.ok(wish).await;
        let approve = json!({"type": "approve_exchange", "order_id": order, "claim_group": 1, "resolution": "add_product",
            "sku_id": other});
        let answer = w.ok(approve).await;
        assert_eq!(w.stock(&other).await, (0, 0, 1), "lane {lane}");
        told.push((answer.facts.total, answer.facts.due, answer.facts.line_no, answer.order_status.clone()));
    }
    let due = jumun::domain::money::Won::new(6_000);
    assert!(told.iter().all(|t| *t == told[0] && t.1 == Some(due)), "{told:?}");
    w.done().await;
}

/// The kind: a gift by hand that is not there is refused, wherever it lies.
pub async fn a_gift_by_hand_is_asked_for_in_any_lane(on: On) {
    let mut w = of_three(on).await;
    let home = in_lane("A", 0);
    w.product(&home, "t", "p-1", 10_000, 0, json!({})).await;
    w.unit(&home, 9).await;
    w.ok(paid("o-1", &[line(&home, 1)], 10_000)).await;
    for (lane, no) in (0..3).zip(2..) {
        let gift = in_lane("G", lane);
        w.product(&gift, "t", "p-1", 0, 0, json!({"kind": "gift"})).await;
        w.unit(&gift, 0).await;
        let add = |quantity: u32| {
            json!({"type": "add_gift", "order_id": "o-1", "main_line_no": 1, "sku_id": gift, "quantity": quantity,
                "reason": "complaint"})
        };
        w.no(add(1), "sold_out").await;
        w.ok(json!({"type": "receive_stock", "sku_id": gift, "quantity": 1})).await;
        let short = w.no(add(2), "insufficient_stock").await;
        assert_eq!((short.facts.available, short.facts.requested, short.facts.line_no), (Some(1), Some(2), None));
        let added = w.ok(add(1)).await;
        assert_eq!((added.facts.line_no, added.order_status.as_deref()), (Some(no), Some("ORDERED")), "lane {lane}");
        assert_eq!(w.stock(&gift).await, (0, 0, 1));
    }
    w.rest().await;
    let lines: Vec<GdsRow> = w.rows().await;
    assert_eq!(lines.iter().map(|l| (l.ord_qty, l.cncl_qty)).collect::<Vec<_>>(), [(1, 0); 4]);
    w.done().await;
}

/// The kind: what comes to nothing is paid, and its answer says so, wherever its goods lie.
pub async fn what_comes_to_nothing_is_paid_in_any_lane(on: On) {
    let mut w = of_three(on).await;
    for lane in 0..3 {
        for (kind, price, units) in [("F", 0, 9), ("N", 10_000, 0)] {
            let sku = in_lane(kind, lane);
            w.product(&sku, "t", "p-1", price, 0, json!({})).await;
            w.unit(&sku, units).await;
        }
    }
    let nothing = Some(jumun::domain::money::Won::ZERO);
    for (free, none) in [(0, 0), (0, 1), (1, 0), (1, 2)] {
        let (order, free) = (format!("s-{free}{none}"), in_lane("F", free));
        let lines = [line(&free, 1), line(&in_lane("N", none), 1)];
        let placed = w.ok(with(place(&order, &lines), "allow_partial", json!(true))).await;
        let told = (placed.order_status.as_deref(), placed.facts.total, placed.facts.due, placed.facts.deadline);
        assert_eq!(told, (Some("ORDERED"), nothing, nothing, None), "{order}");
        w.ok(on_order("prepare", &order)).await;
    }
    for (first, other) in [(0, 0), (1, 2)] {
        let (order, lines) =
            (format!("j-{first}{other}"), [line(&in_lane("F", first), 1), line(&in_lane("F", other), 2)]);
        let to = |zip: &str| json!({"name": "n", "phone": "010", "zip": zip, "address": "a"});
        let placed = w.ok(with(place(&order, &lines), "recipient", to("63100"))).await;
        assert_eq!(placed.order_status.as_deref(), Some("PAYMENT_PENDING"), "{order}");
        let moved = w.ok(with(on_order("set_shipping_address", &order), "recipient", to("06236"))).await;
        assert_eq!((moved.order_status.as_deref(), moved.facts.total), (Some("ORDERED"), nothing), "{order}");
        w.rest().await;
        assert_eq!(w.order(&order).await.due_dttm, None);
    }
    w.done().await;
}
