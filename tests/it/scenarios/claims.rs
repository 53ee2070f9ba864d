//! Rows 6, 8, 9 and the money that goes back: cancellations, refunds, shortages, gifts, shipping fees.

use std::{sync::Arc, time::Duration};

use jumun::{
    domain::catalog::Policy,
    payment::simulated::{Rules, Simulated},
    store::rows::{CnclRow, FeeRow, GdsRow, LdgrRow, RfndRow},
};
use serde_json::{Value, json};

use super::{cancel, judge, line, on_order, paid, place, shop, with};
use crate::support::world::{On, Setup, World};

pub async fn fruit(on: On) {
    let mut w = shop(on).await;
    w.template("fruit", "p-1", None).await;
    for (name, price) in [("orange", 10_000), ("apple", 15_000), ("pear", 25_000)] {
        w.product(name, "fruit", "p-1", price, 0, json!({})).await;
        w.unit(name, 5).await;
    }
    w.ok(paid("o-1", &[line("orange", 2), line("apple", 2), line("pear", 2)], 100_000)).await;
    w.ok(cancel("o-1", &[1, 2])).await;
    assert_eq!(w.money("o-1").await, [(100_000, 50_000, 50_000, 0)]);
    assert_eq!(w.order("o-1").await.ord_stat_cd.as_ref(), "ORDERED");
    let last = w.ok(cancel("o-1", &[3])).await;
    assert_eq!(last.order_status.as_deref(), Some("CANCELLED"));
    assert_eq!(w.money("o-1").await, [(100_000, 0, 100_000, 0)]);
    let mut groups: Vec<_> =
        w.rows::<CnclRow>().await.iter().map(|c| (c.cncl_grp_no, c.ord_seq, c.cncl_qty, c.cncl_amt)).collect();
    groups.sort_unstable();
    assert_eq!(groups, [(1, 1, 2, 20_000), (1, 2, 2, 30_000), (2, 3, 2, 50_000)]);
    assert_eq!(w.stock("orange").await.0, 5);
    w.done().await;
}

pub async fn a_cancelled_line_cannot_be_cancelled_again(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 1_000, 0, 5).await;
    w.ok(paid("o-1", &[line("A", 1), line("A", 1)], 2_000)).await;
    w.ok(cancel("o-1", &[1])).await;
    w.no(cancel("o-1", &[1]), "illegal_transition").await;
    w.no(cancel("o-1", &[2, 1]), "illegal_transition").await;
    w.no(cancel("o-1", &[2, 2]), "invalid").await;
    w.no(cancel("o-1", &[]), "invalid").await;
    w.no(cancel("o-1", &[3]), "unknown_line").await;
    assert_eq!(w.money("o-1").await, [(2_000, 1_000, 1_000, 0)]);
    w.done().await;
}

fn refund(kind: &str, order: &str, key: &str) -> Value {
    with(on_order(kind, order), "refund_key", json!(key))
}

pub async fn refunds_are_confirmed_once(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 1_000, 0, 5).await;
    w.ok(paid("o-1", &[line("A", 2)], 2_000)).await;
    let key = w.ok(cancel("o-1", &[1])).await.facts.refunds[0].clone();
    w.no(refund("confirm_refund", "o-1", "rf:o-1:9"), "unknown_refund").await;
    w.ok(refund("confirm_refund", "o-1", &key)).await;
    w.no(refund("confirm_refund", "o-1", &key), "illegal_transition").await;
    w.no(with(refund("fail_refund", "o-1", &key), "reason", json!("no")), "illegal_transition").await;
    assert_eq!(w.money("o-1").await, [(2_000, 0, 0, 2_000)]);
    w.done().await;
}

pub async fn a_failed_refund_stays_planned(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 1_000, 0, 5).await;
    w.ok(paid("o-1", &[line("A", 2)], 2_000)).await;
    let key = w.ok(cancel("o-1", &[1])).await.facts.refunds[0].clone();
    w.ok(with(refund("fail_refund", "o-1", &key), "reason", json!("closed"))).await;
    assert_eq!(w.money("o-1").await, [(2_000, 0, 2_000, 0)]);
    w.ok(refund("confirm_refund", "o-1", &key)).await;
    let states: Vec<_> = w.rows::<RfndRow>().await.iter().map(|r| (r.rfnd_stat_cd.to_string(), r.rfnd_amt)).collect();
    assert_eq!(states, [("PLANNED".into(), 0), ("FAILED".into(), 0), ("REFUNDED".into(), 2_000)]);
    w.done().await;
}

pub async fn the_payment_side_is_asked_again(on: On) {
    let side = Arc::new(Simulated::new(Rules { fail_permille: 1_000, ..Rules::default() }));
    let policy = Policy { refund_retry: Duration::from_millis(100), ..Policy::default() };
    let mut w = World::open(on, Setup { policy, gateway: Some(side.clone()), ..Setup::default() }).await;
    w.sku("A", 1_000, 0, 5).await;
    w.ok(paid("o-1", &[line("A", 2)], 2_000)).await;
    let key = w.ok(cancel("o-1", &[1])).await.facts.refunds[0].clone();
    for _ in 0..1_000 {
        if w.money("o-1").await == [(2_000, 0, 0, 2_000)] {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(w.money("o-1").await, [(2_000, 0, 0, 2_000)]);
    assert_eq!(side.given_back(&key), Some((2_000, 1)));
    assert!(w.rows::<RfndRow>().await.iter().any(|r| &*r.rfnd_stat_cd == "FAILED"), "the first try fails");
    w.done().await;
}

pub async fn none_there_is_out_of_stock_and_refunded_whole(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 1_000, 300, 5).await;
    w.ok(paid("o-1", &[line("A", 2)], 2_300)).await;
    let told = w.ok(judge("o-1", &[(1, 0)])).await;
    assert_eq!(told.order_status.as_deref(), Some("OUT_OF_STOCK"));
    assert_eq!(w.money("o-1").await, [(2_300, 0, 2_300, 0)]);
    // the units were not there: they leave the books
    assert_eq!(w.stock("A").await, (3, 0, 2));
    assert!(w.rows::<LdgrRow>().await.iter().any(|l| &*l.mvmt_cd == "SHRINK" && l.mvmt_qty == 2));
    w.done().await;
}

pub async fn some_there_is_amended_and_refunded_in_part(on: On) {
    let mut w = shop(on).await;
    w.sku("aircon", 900_000, 30_000, 10).await;
    w.ok(paid("o-1", &[line("aircon", 10)], 9_030_000)).await;
    w.ok(judge("o-1", &[])).await; // all are there
    let told = w.ok(judge("o-1", &[(1, 9)])).await;
    assert_eq!(told.order_status.as_deref(), Some("ORDERED"));
    assert_eq!(w.money("o-1").await, [(9_030_000, 8_130_000, 900_000, 0)]);
    let row = w.rows::<GdsRow>().await.remove(0);
    assert_eq!((row.ord_qty, row.cncl_qty, row.dduct_qty), (10, 1, 9));
    assert_eq!(w.rows::<CnclRow>().await[0].cncl_rsn_cd.as_ref(), "OUT_OF_STOCK");
    w.no(judge("o-1", &[(2, 1)]), "unknown_line").await;
    w.ok(on_order("prepare", "o-1")).await;
    w.done().await;
}

pub async fn shares_sum_to_the_whole(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 333, 2_500, 10).await;
    w.ok(json!({"type": "create_promotion", "promotion_id": "pr", "kind": "promotion", "rate_bp": 1_000})).await;
    let due = 333 * 7 - 233 + 2_500;
    w.ok(paid("o-1", &[with(line("A", 7), "promotion_id", json!("pr"))], due)).await;
    for (left, planned) in [(5, 599), (3, 1_198), (2, 1_498)] {
        w.ok(judge("o-1", &[(1, left)])).await;
        // a share is rounded down each time; what is over stays with the rest
        let (_, refundable, so_far, _) = w.money("o-1").await[0];
        assert_eq!((so_far - planned).abs() <= 1, true, "{so_far} for {planned}");
        assert_eq!(refundable + so_far, due);
    }
    w.ok(cancel("o-1", &[1])).await;
    assert_eq!(w.money("o-1").await, [(due, 0, due, 0)]);
    w.done().await;
}

async fn gifts(on: On) -> World {
    let mut w = shop(on).await;
    w.sku("A", 10_000, 0, 5).await;
    w.sku("C", 5_000, 0, 5).await;
    w.product("G", "t-A", "p-1", 3_000, 900, json!({"kind": "gift"})).await;
    w.unit("G", 5).await;
    w
}

pub async fn gifts_follow_their_main_line(on: On) {
    let mut w = gifts(on).await;
    let gift = |main: u16| with(line("G", 1), "main_line_no", json!(main));
    w.ok(paid("o-1", &[line("A", 1), gift(1), line("C", 1), gift(3)], 15_000)).await;
    assert_eq!(w.stock("G").await.0, 3);
    w.ok(cancel("o-1", &[1])).await;
    assert_eq!(w.stock("G").await.0, 4);
    let told = w.ok(judge("o-1", &[(3, 0)])).await;
    assert_eq!(told.order_status.as_deref(), Some("OUT_OF_STOCK"));
    assert_eq!(w.stock("G").await.0, 5); // the gift itself was there
    w.no(place("o-2", &[gift(1)]), "invalid").await;
    w.no(place("o-2", &[line("A", 1), line("G", 1)]), "invalid").await;
    w.no(place("o-2", &[line("A", 1), with(line("C", 1), "main_line_no", json!(1))]), "invalid").await;
    w.no(place("o-2", &[line("A", 1), with(gift(1), "unit_price", json!(3_000))]), "price_mismatch").await;
    w.done().await;
}

pub async fn gift_flags_are_kept(on: On) {
    let mut w = gifts(on).await;
    let b = with(with(line("G", 1), "main_line_no", json!(1)), "gift_included", json!(true));
    let d = with(line("G", 1), "main_line_no", json!(3));
    let d = with(d, "gift_promotion_id", json!("gp-1"));
    w.ok(place("o-1", &[line("A", 1), b, line("C", 1), d])).await;
    let rows = w.rows::<GdsRow>().await;
    let flags: Vec<_> = rows.iter().map(|r| (r.main_gds_yn, r.gft_incl_yn, r.gft_yn, r.main_ord_seq)).collect();
    let expected = [
        (true, true, false, None),
        (false, true, true, Some(1)),
        (true, true, false, None),
        (false, false, true, Some(3)),
    ];
    assert_eq!(flags, expected);
    assert_eq!(rows[3].gft_prm_id.as_deref(), Some("gp-1"));
    w.done().await;
}

/// name, partner, template, bundled, fee
type Goods = (&'static str, &'static str, &'static str, bool, i64);

pub async fn fee_vectors(on: On) {
    let mut w = shop(on).await;
    let goods: [Goods; 14] = [
        ("A", "1", "t1", true, 1_000),
        ("B", "1", "t1", true, 1_000),
        ("C", "1", "t1", true, 1_000),
        ("D", "1", "t2", false, 3_000),
        ("E", "1", "t2", false, 3_000),
        ("F", "2", "t3", true, 5_000),
        ("sA", "1", "s1", false, 1_000),
        ("sB", "1", "s1", false, 1_000),
        ("sC", "1", "s1", false, 1_000),
        ("X", "1", "x", true, 1_000),
        ("Y", "1", "y", true, 1_000),
        ("Z", "1", "z", true, 3_000),
        ("A2", "1", "t1", true, 2_000),
        ("U", "1", "t1", false, 3_000),
    ];
    let mut known = Vec::new();
    for (name, partner, template, bundled, fee) in goods {
        if !known.contains(&template) {
            w.template(template, partner, None).await;
            known.push(template);
        }
        w.product(name, template, partner, 10_000, fee, json!({"bundled": bundled})).await;
        w.unit(name, 50).await;
    }
    let vectors: [(&[&str], &[i64]); 7] = [
        (&["A", "B", "D", "E", "F"], &[1_000, 6_000, 5_000]),
        (&["A", "B", "C"], &[1_000]),
        (&["sA", "sB", "sC"], &[3_000]),
        (&["X", "Y", "Z"], &[1_000, 1_000, 3_000]),
        (&["A", "A2"], &[2_000]),
        (&["A", "B", "U"], &[4_000]),
        (&["F"], &[5_000]),
    ];
    for (n, (names, fees)) in vectors.iter().enumerate() {
        let order = format!("o-{n}");
        let lines: Vec<Value> = names.iter().map(|name| line(name, 2)).collect();
        let total = 20_000 * i64::try_from(names.len()).unwrap() + fees.iter().sum::<i64>();
        w.ok(paid(&order, &lines, total)).await;
        let rows = w.rows::<FeeRow>().await;
        let got: Vec<i64> = rows.iter().filter(|f| *f.ord_id == *order).map(|f| f.fee_amt).collect();
        assert_eq!(got, *fees, "{names:?}");
    }
    w.done().await;
}

pub async fn the_threshold_is_reached_or_not(on: On) {
    let mut w = shop(on).await;
    w.template("t", "p-1", Some(50_000)).await;
    w.product("A", "t", "p-1", 49_999, 1_000, json!({})).await;
    w.product("B", "t", "p-1", 1, 1_000, json!({})).await;
    w.product("N", "t", "p-1", 10, 1_000, json!({"free_delivery": true})).await;
    for name in ["A", "B", "N"] {
        w.unit(name, 9).await;
    }
    w.ok(paid("o-1", &[line("A", 1)], 50_999)).await;
    w.ok(paid("o-2", &[line("A", 1), line("B", 1)], 50_000)).await;
    w.ok(paid("o-3", &[line("N", 1)], 10)).await;
    // a part cancellation keeps the threshold's verdict
    w.ok(cancel("o-2", &[2])).await;
    assert_eq!(w.money("o-2").await, [(50_000, 49_999, 1, 0)]);
    w.done().await;
}

pub async fn a_fee_stays_while_goods_of_its_row_remain(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 1_000, 300, 9).await;
    w.product("B", "t-A", "p-1", 2_000, 300, json!({})).await;
    w.product("G", "t-A", "p-1", 0, 0, json!({"kind": "gift"})).await;
    w.unit("B", 9).await;
    w.unit("G", 9).await;
    w.sku("O", 5_000, 700, 9).await;
    let gift = with(line("G", 1), "main_line_no", json!(3));
    w.ok(paid("o-1", &[line("A", 1), line("B", 1), line("O", 1), gift], 9_000)).await;
    w.ok(cancel("o-1", &[1])).await;
    assert_eq!(w.money("o-1").await, [(9_000, 8_000, 1_000, 0)]);
    // of the row only a gift remains, and that pays nothing
    w.ok(cancel("o-1", &[2])).await;
    assert_eq!(w.money("o-1").await, [(9_000, 5_700, 3_300, 0)]);
    w.ok(cancel("o-1", &[3])).await;
    assert_eq!(w.money("o-1").await, [(9_000, 0, 9_000, 0)]);
    w.done().await;
}
