//! Faults that clients make: other content under an id, payments at the deadline, the last unit, prices and quantities of
//! their own.

use std::time::Duration;

use jumun::protocol::OutcomeKind;
use serde_json::json;

use super::{PRICE, Scene, place, settlements};
use crate::support::client::Sent;

#[tokio::test]
async fn f14_the_same_id_with_other_content_is_refused() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    // with a memory of no more than what is in flight, the database must tell
    for (tag, more) in [("mem", ["--dedup-window", "100000"]), ("db", ["--in-flight", "32"])] {
        let setting = scene.server().with(&more).with(if tag == "db" { &["--dedup-window", "0"] } else { &[] });
        let mut server = setting.start();
        server.ready().await;
        let order = |id: &str, units: u32| Sent::new(0, &place(id, &format!("o-{id}"), 1, &[("S-1", units)], true));
        let (first, retry, other) = (format!("{tag}-retry"), format!("{tag}-twice"), format!("{tag}-other"));
        scene.client.accepted(&[order(&first, 1), order(&retry, 1), order(&other, 1)]).await;
        // the same stock twice within one batch: it came in once
        let receive = json!({"id": format!("{tag}-receive"), "type": "receive_stock", "actor": "operator:test",
            "sku_id": "S-2", "quantity": 5});
        scene.client.send(&vec![Sent::new(0, &receive); 3]).await;
        scene.received.iter_mut().filter(|r| r.0 == "S-2").for_each(|r| r.1 += 5);
        scene.trade(format!("{tag}-between"), 60).await;
        scene.client.send(&[order(&first, 1), order(&retry, 2), order(&other, 3)]).await;
        scene.trade(tag, 30).await;
        server.kill9();
        let mut server = setting.start();
        server.ready().await;
        scene.client.send(&[order(&first, 1), order(&retry, 2)]).await;
        scene.holds().await;
        let of = |id: String| scene_answers(&scene, id);
        for (id, accepted, reused) in [(first, 3, 0), (retry, 1, 2), (other, 1, 1)] {
            let got = of(id.clone()).await;
            let is = (
                got.iter().filter(|a| a.0 == OutcomeKind::Accepted).count(),
                got.iter().filter(|a| a.1.as_deref() == Some("command_id_reused")).count(),
            );
            assert_eq!(is, (accepted, reused), "{id}: {got:?}");
        }
        server.kill9();
    }
}

async fn scene_answers(scene: &Scene, id: String) -> Vec<(OutcomeKind, Option<String>)> {
    let all = scene.client.answers().await;
    all.into_iter().filter(|a| *a.command_id == *id).map(|a| (a.outcome, a.reason.map(|r| r.to_string()))).collect()
}

#[tokio::test]
async fn f35_payments_race_their_deadline_in_both_orders() {
    const WINDOW_MS: u64 = 1_000;
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let setting = scene.server().with(&["--payment-window", "1"]);
    let mut server = setting.start();
    server.ready().await;
    let order = |tag: &str, i: usize| {
        Sent::new(0, &place(&format!("{tag}-p-{i:04}"), &format!("o-{tag}-{i}"), i, &[("S-1", 1)], false))
    };
    let pay = |tag: &str, i: usize| {
        let id = format!("o-{tag}-{i}");
        let paid = settlements(&id, PRICE);
        let command = json!({"id": format!("{tag}-a-{i:04}"), "type": "approve_payment", "order_id": id,
            "actor": "payment:pg", "settlements": paid});
        Sent::new(0, &command)
    };
    // nobody is there when the deadline passes: what counts is when the payment came in, not when it is read
    scene.client.accepted(&[order("early", 0), order("late", 0)]).await;
    server.kill9();
    scene.client.send(&[pay("early", 0)]).await;
    tokio::time::sleep(Duration::from_millis(WINDOW_MS + 200)).await;
    scene.client.send(&[pay("late", 0)]).await;
    let server = setting.start();
    server.ready().await;
    scene.client.rest().await;
    let outcomes = scene.client.outcomes().await;
    let (early, late) = (&outcomes["early-a-0000"], &outcomes["late-a-0000"]);
    assert_eq!((early.order_status.as_deref(), early.reason.as_deref()), (Some("ORDERED"), None), "{early:?}");
    // the late money is taken, and planned to go back at once
    assert_eq!(late.order_status.as_deref(), Some("PAYMENT_EXPIRED"), "{late:?}");
    assert_eq!((late.outcome, late.reason.as_deref()), (OutcomeKind::Accepted, Some("payment_expired")));
    assert_eq!(late.facts.refunds.len(), 1);
    // payments strewn over the deadline, while the timer fires
    let orders: Vec<Sent> = (0..120).map(|i| order("race", i)).collect();
    let payments: Vec<Sent> = (0..120).map(|i| pay("race", i)).collect();
    scene.client.send(&orders).await;
    tokio::time::sleep(Duration::from_millis(WINDOW_MS - 300)).await;
    scene.client.trickle(&payments, 4, Duration::from_millis(20)).await;
    scene.client.rest().await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    scene.holds().await;
    let outcomes = scene.client.outcomes().await;
    let ended = |s: &str| payments.iter().filter(|p| outcomes[&p.id].order_status.as_deref() == Some(s)).count();
    let (paid, expired) = (ended("ORDERED"), ended("PAYMENT_EXPIRED"));
    assert!(paid > 0 && expired > 0, "no race: {paid} paid, {expired} expired");
    assert_eq!(paid + expired, payments.len());
    // none expired is still holding, none at rest is past its deadline
    assert_eq!(
        scene
            .count("SELECT count(*) FROM tb_od_ord WHERE pay_ddln_dttm < now() AND ord_stat_cd = 'PAYMENT_PENDING'")
            .await,
        0
    );
    assert_eq!(scene.count("SELECT hold_qty FROM tb_pd_unt WHERE unt_id = 'S-1'").await, 0);
}

#[tokio::test]
async fn f40_the_last_unit_goes_to_one_of_a_thousand() {
    let mut scene = Scene::new(1).await;
    let setting = scene.server();
    let _server = scene.stocked(&setting, &[("S-last", 1)]).await;
    let orders: Vec<Sent> = (0..1_000)
        .map(|i| Sent::new(0, &place(&format!("wish-{i:05}"), &format!("o-{i}"), i, &[("S-last", 1)], i % 2 == 0)))
        .collect();
    let sends = orders.iter().map(|o| scene.client.send(std::slice::from_ref(o)));
    futures_util::future::join_all(sends).await;
    scene.holds().await;
    let outcomes = scene.client.outcomes().await;
    let won = orders.iter().filter(|o| outcomes[&o.id].outcome == OutcomeKind::Accepted).count();
    let lost = orders.iter().filter(|o| outcomes[&o.id].reason.as_deref() == Some("sold_out")).count();
    assert_eq!((won, lost), (1, 999));
    assert_eq!(scene.count("SELECT stck_qty FROM tb_pd_unt").await, 0);
    assert_eq!(scene.count("SELECT count(*) FROM tb_od_ord").await, 1);
}

#[tokio::test]
async fn f41_prices_and_quantities_of_the_client_are_refused() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let server = scene.server().start();
    server.ready().await;
    let stock = scene.count("SELECT sum(stck_qty)::bigint FROM tb_pd_unt").await;
    let with = |id: &str, line: serde_json::Value, amount: serde_json::Value| {
        let mut command = place(id, &format!("o-{id}"), 1, &[("S-1", 1)], true);
        command["lines"][0] = line;
        command["payment"]["settlements"][0]["amount"] = amount;
        Sent { partition: 0, id: id.into(), json: command.to_string() }
    };
    let line = |quantity: serde_json::Value| json!({"sku_id": "S-1", "quantity": quantity});
    let cases = [
        (with("price-lower", json!({"sku_id": "S-1", "quantity": 1, "unit_price": 1}), json!(1)), "price_mismatch"),
        (
            with("price-negative", json!({"sku_id": "S-1", "quantity": 1, "unit_price": -10_000}), json!(PRICE)),
            "invalid",
        ),
        (with("pay-less", line(json!(1)), json!(1)), "amount_mismatch"),
        (with("pay-negative", line(json!(1)), json!(-10_000)), "invalid"),
        (with("pay-most", line(json!(1)), json!(i64::MAX)), "invalid"),
        (with("pay-fraction", line(json!(1)), json!(9_999.5)), "invalid"),
        (with("quantity-zero", line(json!(0)), json!(0)), "invalid"),
        (with("quantity-negative", line(json!(-1)), json!(-10_000)), "invalid"),
        (with("quantity-over", line(json!(100_001)), json!(PRICE)), "invalid"),
        (with("quantity-u32", line(json!(u32::MAX)), json!(PRICE)), "invalid"),
        (with("quantity-wrap", line(json!(4_294_967_297_u64)), json!(PRICE)), "invalid"),
        (with("quantity-text", line(json!("1")), json!(PRICE)), "invalid"),
    ];
    let commands: Vec<Sent> = cases.iter().map(|(c, _)| c.clone()).collect();
    scene.client.send(&commands).await;
    let ids: Vec<&str> = commands.iter().map(|c| c.id.as_str()).collect();
    scene.client.wait(&ids).await;
    let outcomes = scene.client.outcomes().await;
    for (command, reason) in &cases {
        let answer = &outcomes[&command.id];
        assert_eq!(answer.outcome, OutcomeKind::Rejected, "{answer:?}");
        assert_eq!(answer.reason.as_deref(), Some(*reason), "{}: {answer:?}", command.id);
    }
    assert_eq!(scene.count("SELECT sum(stck_qty)::bigint FROM tb_pd_unt").await, stock);
    assert_eq!(scene.count("SELECT count(*) FROM tb_od_ord").await, 0);
    assert!(!server.log().contains("the lane is reset"), "{}", server.log());
    scene.holds().await;
}
