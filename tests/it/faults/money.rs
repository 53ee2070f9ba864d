//! Money and goods that go back while more is asked for at the same time: refunds confirmed in parallel, cancellations beside
//! returns.

use std::{collections::HashMap, time::Duration};

use jumun::protocol::{Answer, OutcomeKind};
use serde_json::{Value, json};

use super::{PRICE, Scene, place};
use crate::support::client::Sent;

const ORDERS: usize = 12;

/// A command of an order.
fn of(id: String, kind: &str, order: &str, actor: &str, more: Value) -> Sent {
    let mut command = json!({"id": id, "type": kind, "order_id": order, "actor": actor});
    command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Sent::new(0, &command)
}

/// What became of these.
async fn told(scene: &Scene, commands: &[Sent]) -> HashMap<String, Answer> {
    let ids: Vec<&str> = commands.iter().map(|c| c.id.as_str()).collect();
    scene.client.wait(&ids).await;
    scene.client.outcomes().await
}

/// Three parts of each order are cancelled and refunded. Each refund is confirmed by three services at once, in different orders,
/// while the server is killed: the money goes back once.
#[tokio::test]
async fn f36_part_refunds_that_are_confirmed_in_parallel_pay_back_once_each() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let mut server = scene.server().start();
    server.ready().await;
    let lines = [("S-1", 1), ("S-1", 1), ("S-2", 1)];
    let orders: Vec<Sent> = (0..ORDERS)
        .map(|i| Sent::new(0, &place(&format!("place-{i:03}"), &format!("o-36-{i}"), i, &lines, true)))
        .collect();
    scene.client.accepted(&orders).await;
    let cancels: Vec<Sent> = (0..ORDERS * 3)
        .map(|n| {
            let (i, line) = (n / 3, n % 3 + 1);
            of(
                format!("cancel-{i:03}-{line}"),
                "cancel_lines",
                &format!("o-36-{i}"),
                "operator:o",
                json!({"lines": [line]}),
            )
        })
        .collect();
    scene.client.accepted(&cancels).await;
    let planned = told(&scene, &cancels).await;
    let keys: Vec<(usize, String)> = cancels
        .iter()
        .enumerate()
        .flat_map(|(n, c)| planned[&c.id].facts.refunds.iter().map(move |key| (n / 3, key.to_string())))
        .collect();
    assert_eq!(keys.len(), ORDERS * 3, "a refund for each part");
    let confirmations = |service: usize| -> Vec<Sent> {
        let confirm = |(n, (i, key)): (usize, &(usize, String))| {
            let more = json!({"refund_key": key});
            of(format!("confirm-{service}-{n:03}"), "confirm_refund", &format!("o-36-{i}"), "payment:pg", more)
        };
        let mut all: Vec<Sent> = keys.iter().enumerate().map(confirm).collect();
        let n = all.len();
        all.rotate_left(service * n / 3);
        if service == 1 {
            all.reverse();
        }
        all
    };
    let services = [confirmations(0), confirmations(1), confirmations(2)];
    let pause = Duration::from_millis(15);
    let [a, b, c] = services.each_ref().map(|all| scene.client.trickle(all, 1, pause));
    let kill = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        server.kill9();
        server = scene.server().start();
    };
    tokio::join!(a, b, c, kill);
    scene.client.rest().await;
    let outcomes = scene.client.outcomes().await;
    for (i, (order, key)) in keys.iter().enumerate() {
        let effects = services.iter().flatten().filter(|c| c.json.contains(&format!("\"{key}\"")));
        let accepted = effects.filter(|c| outcomes[&c.id].outcome == OutcomeKind::Accepted).count();
        assert!(accepted >= 1, "refund {i} of order {order} was confirmed by nobody");
    }
    let sum = "SELECT sum(rfnd_amt)::bigint FROM tb_od_stlm WHERE ord_id LIKE 'o-36-%'";
    let all = i64::try_from(ORDERS).unwrap() * 3 * PRICE;
    assert_eq!(scene.count(sum).await, all, "what was paid goes back, once");
    let confirmed =
        "SELECT count(*) FROM tb_od_ord_hist WHERE ord_id LIKE 'o-36-%' AND evnt_typ_cd = 'refund_confirmed'";
    assert_eq!(scene.count(confirmed).await, i64::try_from(ORDERS * 3).unwrap(), "one effect a refund key (R8)");
    scene.holds().await;
}

/// One line has come and another waits. At one moment the second is cancelled, the first asked back twice, and what
/// can't be cancelled any more is cancelled, too: one of each takes effect, and units are in one place.
#[tokio::test]
async fn f38_a_cancellation_that_races_a_return_takes_nothing_twice() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let mut server = scene.server().start();
    server.ready().await;
    let order = |i: usize| format!("o-38-{i}");
    let orders: Vec<Sent> = (0..ORDERS)
        .map(|i| Sent::new(0, &place(&format!("place-{i:03}"), &order(i), i, &[("S-1", 2), ("S-2", 1)], true)))
        .collect();
    scene.client.accepted(&orders).await;
    let bill = json!([{"line_no": 1, "carrier": "CJ", "waybill_no": "6101-2044", "quantity": 2}]);
    let steps = [
        ("prepare", json!({"lines": [1]})),
        ("use_own_stock", json!({"lines": [1]})),
        ("complete_procurement", json!({"lines": [1]})),
        ("ship", json!({"lines": [1], "waybills": bill})),
        ("mark_delivered", json!({"lines": [1]})),
    ];
    for (step, more) in &steps {
        let all: Vec<Sent> =
            (0..ORDERS).map(|i| of(format!("{step}-{i:03}"), step, &order(i), "operator:o", more.clone())).collect();
        scene.client.accepted(&all).await;
    }
    let back =
        |units: i64| json!({"lines": [{"line_no": 1, "quantity": units}], "reason": "defect", "fault": "seller"});
    // by whom, what: each from a connection of its own
    let races: [(&str, &str, Value); 4] = [
        ("cancel", "cancel_lines", json!({"lines": [2]})),
        ("late", "cancel_lines", json!({"lines": [1]})),
        ("whole", "request_return", back(2)),
        ("partly", "request_return", back(1)),
    ];
    let sent = races.each_ref().map(|(tag, kind, more)| -> Vec<Sent> {
        (0..ORDERS)
            .map(|i| of(format!("{tag}-{i:03}"), kind, &order(i), &format!("buyer:u-{i}"), more.clone()))
            .collect()
    });
    let pause = Duration::from_millis(20);
    let [a, b, c, d] = sent.each_ref().map(|all| scene.client.trickle(all, 1, pause));
    let kill = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.kill9();
        server = scene.server().start();
    };
    tokio::join!(a, b, c, d, kill);
    scene.client.rest().await;
    let outcomes = scene.client.outcomes().await;
    let took = |tag: &str, i: usize| {
        let answer = &outcomes[&format!("{tag}-{i:03}")];
        assert_ne!(answer.outcome, OutcomeKind::Failed, "{answer:?}");
        answer.outcome == OutcomeKind::Accepted
    };
    for i in 0..ORDERS {
        assert!(took("cancel", i), "line 2 waited: {:?}", outcomes[&format!("cancel-{i:03}")]);
        assert!(!took("late", i), "line 1 has come");
        // all of it is asked back once, or a part first and then not all
        assert!(took("whole", i) ^ took("partly", i), "order {i}: {:?}", outcomes[&format!("whole-{i:03}")]);
    }
    let ways =
        "SELECT count(*) FROM tb_od_ord_gds WHERE ord_id LIKE 'o-38-%' AND cncl_qty + rtn_qty + exch_qty > ord_qty";
    assert_eq!(scene.count(ways).await, 0);
    let cancelled = "SELECT sum(cncl_qty)::bigint FROM tb_od_ord_gds WHERE ord_id LIKE 'o-38-%'";
    assert_eq!(scene.count(cancelled).await, i64::try_from(ORDERS).unwrap(), "line 2 of each, and nothing else");
    scene.holds().await;
}
