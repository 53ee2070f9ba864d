//! A sale whose allotment and limit are changed while it runs: what was sold before, or refused, stays right by the terms of its
//! time.

use jumun::{
    log::crc16::partition_of,
    store::rows::{CmpnRow, CmpnTrmRow},
};
use serde_json::{Value, json};

use super::{cancel, line, paid, place, shop, with};
use crate::support::world::{On, Setup, World};

/// A campaign is named as its SKU.
fn change(sku: &str, more: Value) -> Value {
    let mut c = json!({"type": "update_campaign", "campaign_id": sku, "sku_id": sku});
    c.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    c
}

fn by(customer: &str, command: Value) -> Value {
    with(command, "customer_id", customer.into())
}

pub async fn a_limit_is_lowered_below_what_a_customer_has(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 1_000, 0, 50).await;
    w.campaign("A", "A", json!({"allotted": 20, "limit_per_customer": 5})).await;
    w.ok(paid("o-1", &[line("A", 3)], 3_000)).await;
    w.ok(change("A", json!({"limit_per_customer": 1}))).await;
    w.verified().await;
    w.no(place("o-2", &[line("A", 1)]), "limit_exceeded").await;
    w.ok(by("u-2", paid("o-3", &[line("A", 1)], 1_000))).await;
    // higher again, and lower again below what one has by now
    w.ok(change("A", json!({"limit_per_customer": 4}))).await;
    w.ok(paid("o-4", &[line("A", 1)], 1_000)).await;
    w.no(place("o-5", &[line("A", 1)]), "limit_exceeded").await;
    w.ok(change("A", json!({"limit_per_customer": 2}))).await;
    w.ok(by("u-2", paid("o-6", &[line("A", 1)], 1_000))).await;
    w.verified().await;
    // what comes back makes room by the terms of now
    w.ok(cancel("o-1", &[1])).await;
    w.ok(paid("o-7", &[line("A", 1)], 1_000)).await;
    w.verified().await;
    w.done().await;
}

pub async fn less_is_allotted_than_was_sold_once(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 1_000, 0, 50).await;
    w.campaign("A", "A", json!({"allotted": 10})).await;
    w.ok(paid("o-1", &[line("A", 5), line("A", 3)], 8_000)).await;
    w.no(change("A", json!({"allotted": 7})), "invalid").await;
    w.ok(cancel("o-1", &[1])).await;
    w.no(change("A", json!({"allotted": 2})), "invalid").await;
    w.ok(change("A", json!({"allotted": 5}))).await;
    w.verified().await;
    w.ok(paid("o-2", &[line("A", 2)], 2_000)).await;
    w.no(place("o-3", &[line("A", 1)]), "sold_out").await;
    w.verified().await;
    w.done().await;
}

pub async fn more_is_allotted_after_it_was_sold_out(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 1_000, 0, 10).await;
    w.campaign("A", "A", json!({"allotted": 1})).await;
    w.ok(paid("o-1", &[line("A", 1)], 1_000)).await;
    // refused at one place of the ledger under one after another of the terms
    w.no(place("o-2", &[line("A", 1)]), "sold_out").await;
    w.ok(change("A", json!({"allotted": 3}))).await;
    w.no(place("o-3", &[line("A", 3)]), "insufficient_stock").await;
    w.ok(change("A", json!({"allotted": 7}))).await;
    w.no(place("o-4", &[line("A", 7)]), "insufficient_stock").await;
    w.ok(change("A", json!({"price": 900}))).await;
    w.ok(change("A", json!({"allotted": 2}))).await;
    w.verified().await;
    let pause = |kind: &str| json!({"type": kind, "campaign_id": "A", "sku_id": "A"});
    w.ok(pause("pause_campaign")).await;
    w.ok(change("A", json!({"allotted": 4, "limit_per_customer": 9}))).await;
    w.ok(pause("resume_campaign")).await;
    w.ok(paid("o-5", &[line("A", 3)], 2_700)).await;
    w.no(place("o-6", &[line("A", 1)]), "sold_out").await;
    let terms = w.rows::<CmpnTrmRow>().await;
    let set: Vec<_> = terms.iter().map(|t| (t.trm_no, t.alot_qty, t.cust_lmt_qty)).collect();
    assert_eq!(
        set,
        [(1, 1, None), (2, 3, None), (3, 7, None), (4, 2, None), (5, 4, Some(9))],
        "a price is none of them"
    );
    w.verified().await;
    w.done().await;
}

/// The same for a sale of another lane than the order's.
pub async fn a_sale_in_another_lane_is_changed(on: On) {
    let mut w = World::open(on, Setup { partitions: 2, ..Setup::default() }).await;
    let named = |lane: u32| (0..).map(|i| format!("S{i}")).find(|s| partition_of(s, 2) == lane).unwrap();
    let (near, far) = (named(0), named(1));
    w.sku(&near, 1_000, 0, 50).await;
    w.sku(&far, 1_000, 0, 50).await;
    w.campaign(&far, &far, json!({"allotted": 2, "limit_per_customer": 5})).await;
    let both = |units: u32| [line(&near, 1), line(&far, units)];
    w.ok(paid("o-1", &both(2), 3_000)).await;
    w.no(place("o-2", &both(1)), "sold_out").await;
    w.ok(change(&far, json!({"allotted": 9}))).await;
    w.ok(paid("o-3", &both(3), 4_000)).await;
    w.ok(change(&far, json!({"limit_per_customer": 1}))).await;
    w.verified().await;
    w.no(place("o-4", &both(1)), "limit_exceeded").await;
    w.verified().await;
    w.done().await;
}

/// Takes the schema back to what it was before terms were kept.
const BACK: &str = "DROP TABLE tb_pr_cmpn_trm;
    ALTER TABLE tb_pr_cmpn DROP COLUMN trm_no;
    DELETE FROM _sqlx_migrations WHERE version = 21";

pub async fn sales_of_before_an_upgrade_go_on_under_their_terms(on: On) {
    let mut w = shop(on).await;
    for (sku, more) in [("A", json!({"allotted": 5, "limit_per_customer": 3})), ("B", json!({"allotted": 2}))] {
        w.sku(sku, 1_000, 0, 50).await;
        w.campaign(sku, sku, more).await;
        w.ok(paid(&format!("o-{sku}"), &[line(sku, 2)], 2_000)).await;
    }
    w.no(place("o-1", &[line("B", 1)]), "sold_out").await;
    w.rest().await;
    let terms = w.rows::<CmpnTrmRow>().await;
    w.upgraded(BACK).await;
    assert_eq!(w.rows::<CmpnTrmRow>().await, terms);
    w.verified().await;
    w.ok(change("A", json!({"limit_per_customer": 1}))).await;
    w.ok(change("B", json!({"allotted": 3}))).await;
    w.no(place("o-2", &[line("A", 1)]), "limit_exceeded").await;
    w.ok(paid("o-3", &[line("B", 1)], 1_000)).await;
    assert!(w.rows::<CmpnRow>().await.iter().all(|c| c.trm_no == 2));
    w.verified().await;
    w.done().await;
}
