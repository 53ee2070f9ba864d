//! Orders that wait for another lane: what comes to them meanwhile is decided after it, and they are bounded.

use std::time::{Duration, Instant};

use jumun::{lane::actors::ASIDE_MAX, protocol::OutcomeKind};
use serde_json::json;
use sqlx::{Executor as _, PgConnection};

use super::{
    PRICE, Scene,
    lanes::{LANES, skus},
    place, settlements,
};
use crate::support::client::Sent;

/// Lane 1 stands: somebody holds its SKU's row.
async fn standing(scene: &Scene) -> PgConnection {
    let mut sql = scene.sql().await;
    sql.execute("BEGIN").await.unwrap();
    let lock = "SELECT 1 FROM tb_pd_unt WHERE unt_id = $1 FOR UPDATE";
    sqlx::query(lock).bind(&skus()[1]).execute(&mut sql).await.unwrap();
    sql
}

#[tokio::test]
async fn f71_what_comes_while_an_order_is_being_reserved_is_decided_after_it() {
    let mut scene = Scene::new(LANES).await;
    let skus = scene.three_lanes().await;
    let server = scene.server().start();
    server.ready().await;
    let mut held = standing(&scene).await;
    let lines = [(skus[0].as_str(), 1), (skus[1].as_str(), 1)];
    let (mut all, mut later) = (Vec::new(), Vec::new());
    for i in 0..30 {
        let order = format!("o-71-{i}");
        all.push(Sent::new(0, &place(&format!("place-{i:04}"), &order, i, &lines, false)));
        let next = match i % 3 {
            0 => json!({"id": format!("cancel-{i:04}"), "type": "cancel_payment", "order_id": order,
                "actor": format!("buyer:u-{i}")}),
            1 => json!({"id": format!("pay-{i:05}"), "type": "approve_payment", "order_id": order,
                "actor": "payment:pg", "settlements": settlements(&order, 2 * PRICE)}),
            _ => json!({"id": format!("decline-{i:04}"), "type": "decline_payment", "order_id": order,
                "actor": "payment:pg"}),
        };
        // some come to a wrong lane, and are passed on
        later.push(Sent::new(if i % 2 == 0 { 0 } else { 2 }, &next));
    }
    let before = scene.client.answered().await;
    scene.client.send(&all).await;
    // another lane finds an order once it is stored
    while scene.count("SELECT count(*) FROM tb_od_ord WHERE ord_id LIKE 'o-71-%'").await < 30 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    scene.client.send(&later).await;
    all.append(&mut later);
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(scene.client.answered().await, before, "something was answered while lane 1 stands");
    held.execute("ROLLBACK").await.unwrap();
    scene.quiet().await;
    scene.holds().await;
    let outcomes = scene.client.outcomes().await;
    for c in &all {
        assert_eq!(outcomes[&c.id].outcome, OutcomeKind::Accepted, "{:?}", outcomes[&c.id]);
    }
    let of = |status: &str| {
        format!("SELECT count(*) FROM tb_od_ord WHERE ord_id LIKE 'o-71-%' AND ord_stat_cd = '{status}'")
    };
    let mut sql = scene.sql().await;
    for status in ["PAYMENT_CANCELLED", "ORDERED", "PAYMENT_PENDING"] {
        let n: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(of(status))).fetch_one(&mut sql).await.unwrap();
        assert_eq!(n, 10, "{status}");
    }
}

#[tokio::test]
async fn f60_orders_that_wait_for_a_lane_that_stands_are_bounded_and_the_others_go_on() {
    const BEYOND: usize = 150;
    let mut scene = Scene::new(LANES).await;
    let (skus, setting) = (skus(), scene.server());
    let stock: Vec<(&str, i64)> = skus.iter().map(|s| (s.as_str(), 20_000)).collect();
    let server = scene.stocked(&setting, &stock).await;
    let (before, answered) = (server.resident(), scene.client.answered().await);
    let mut held = standing(&scene).await;
    let lines = [(skus[0].as_str(), 1), (skus[1].as_str(), 1)];
    let order = |i: usize| Sent::new(0, &place(&format!("place-{i:06}"), &format!("o-60-{i}"), i, &lines, false));
    let all: Vec<Sent> = (0..ASIDE_MAX + BEYOND).map(order).collect();
    for some in all.chunks(500) {
        scene.client.send(some).await;
    }
    scene.client.answered_at_least(answered + BEYOND).await;
    let early = scene.client.outcomes().await;
    let early: Vec<&Sent> = all.iter().filter(|c| early.contains_key(&c.id)).collect();
    assert_eq!(early.len(), BEYOND, "what comes beyond the bound may come again");
    // an order of this lane alone is none of those
    let alone = Sent::new(0, &place("alone-00001", "o-alone", 1, &[(skus[0].as_str(), 1)], false));
    scene.client.send(std::slice::from_ref(&alone)).await;
    let told = scene.client.wait(&[&alone.id]).await;
    assert_eq!(told[0].outcome, OutcomeKind::Accepted, "{told:?}");
    let grown = server.resident().saturating_sub(before);
    assert!(grown < 160 * 1024 * 1024, "{grown} bytes for {ASIDE_MAX} orders");
    held.execute("ROLLBACK").await.unwrap();
    let begun = Instant::now();
    while scene.client.answered().await < answered + all.len() + 1 {
        assert!(begun.elapsed() < Duration::from_secs(90), "they wait for ever");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let answers = scene.client.answers().await;
    let early_again = answers.iter().filter(|a| a.reason.as_deref() == Some("try_again")).count();
    assert_eq!(early_again, BEYOND);
    // the same bytes again, now that there is room
    let again: Vec<Sent> = early.into_iter().take(5).cloned().collect();
    scene.client.send(&again).await;
    scene.client.answered_at_least(answered + all.len() + 1 + again.len()).await;
    let answers = scene.client.answers().await;
    let last = |c: &Sent| {
        answers.iter().rev().find(|a| *a.command_id == *c.id).unwrap().reason.as_deref() != Some("try_again")
    };
    assert!(again.iter().all(last));
}
