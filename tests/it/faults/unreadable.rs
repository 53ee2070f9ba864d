//! Rows that can't be read: of a damaged order, of a later version's event, of a SKU whose product is gone. Only what needs
//! them waits.

use jumun::protocol::OutcomeKind;
use serde_json::json;
use sqlx::Executor as _;

use super::{Scene, place};
use crate::support::{client::Sent, http::ask, process::Served};

fn give_up(order: &str, customer: usize) -> Sent {
    let actor = format!("buyer:u-{customer}");
    Sent::new(0, &json!({"id": format!("giveup-{order}"), "type": "cancel_payment", "order_id": order, "actor": actor}))
}

/// These fail, each a dead letter, and their neighbours are accepted; no lane was reset, and it stays ready.
async fn only(scene: &Scene, server: &Served, broken: &[Sent], good: &[Sent]) {
    let all: Vec<Sent> = broken.iter().zip(good).flat_map(|(b, g)| [b.clone(), g.clone()]).collect();
    assert_eq!(all.len(), broken.len() + good.len());
    scene.client.send(&all).await;
    scene.client.rest().await;
    let outcomes = scene.client.outcomes().await;
    for (commands, expected) in [(broken, OutcomeKind::Failed), (good, OutcomeKind::Accepted)] {
        for c in commands {
            assert_eq!(outcomes.get(&c.id).map(|a| a.outcome), Some(expected), "{}: {}", c.id, server.log());
        }
    }
    assert_eq!(scene.client.stats().await.dead, u64::try_from(broken.len()).unwrap());
    assert_eq!(server.metric("jumun_lane_resets_total"), 0.0, "{}", server.log());
    server.ready().await;
    scene.trade("after", 40).await;
    scene.client.rest().await;
}

#[tokio::test]
async fn f54_an_order_whose_history_cannot_be_read_waits_alone() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let mut server = scene.server().start();
    server.ready().await;
    let unpaid = |i: usize| Sent::new(0, &place(&format!("w-p-{i:05}"), &format!("o-w-{i}"), i, &[("S-1", 1)], false));
    let orders: Vec<Sent> = (0..8).map(unpaid).collect();
    scene.client.accepted(&orders).await;
    scene.client.rest().await;
    server.kill9();
    let mut sql = scene.sql().await;
    for damage in [
        "UPDATE tb_od_ord_hist SET evnt = '{\"type\":\"of_a_later_version\"}' WHERE ord_id = 'o-w-0'",
        "UPDATE tb_od_ord_hist SET evnt_ver = 99 WHERE ord_id = 'o-w-1'",
        "UPDATE tb_od_ord_hist SET evnt = '{}' WHERE ord_id = 'o-w-2'",
    ] {
        assert_eq!(sql.execute(damage).await.unwrap().rows_affected(), 1);
    }
    let server = scene.server().start();
    server.ready().await;
    let broken: Vec<Sent> = (0..3).map(|i| give_up(&format!("o-w-{i}"), i)).collect();
    let good: Vec<Sent> = (3..6).map(|i| give_up(&format!("o-w-{i}"), i)).collect();
    only(&scene, &server, &broken, &good).await;
    // once it is mended, the letter is sent again and decided
    sql.execute("UPDATE tb_od_ord_hist SET evnt_ver = 1 WHERE ord_id = 'o-w-1'").await.unwrap();
    let address = server.address().unwrap();
    let letters = ask(&address, "GET", "/v1/dead-letters", &[], b"").json();
    let of = |l: &&serde_json::Value| l["command"].as_str().unwrap().contains("o-w-1");
    let letter = letters["items"].as_array().unwrap().iter().find(of).expect("its letter")["dead_letter_id"].clone();
    let again = ask(&address, "POST", &format!("/v1/dead-letters/0/{}/requeue", letter.as_str().unwrap()), &[], b"");
    assert_eq!(again.status, 200, "{again:?}");
    let accepted = async {
        loop {
            let answers = scene.client.answers().await;
            if answers.iter().any(|a| &*a.command_id == "giveup-o-w-1" && a.outcome == OutcomeKind::Accepted) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), accepted).await.expect("it is decided");
}

#[tokio::test]
async fn f54_a_sku_whose_product_is_gone_is_not_sold_and_the_others_are() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let mut server = scene.server().start();
    server.ready().await;
    let by = "operator:test";
    let product = json!({"id": "set-product-9", "type": "create_product", "actor": by, "product_id": "g-9", "name": "g",
        "kind": "goods", "product_type": "normal", "price": 1_000, "partner_id": "p-1", "template_id": "t-1",
        "bundled": true, "delivery_fee": 0, "lead_time_days": 2});
    scene.client.accepted(&[Sent::new(0, &product)]).await;
    let sku = json!({"id": "set-sku-gone", "type": "create_sku", "actor": by, "sku_id": "GONE", "product_id": "g-9",
        "option_name": "one"});
    scene.client.accepted(&[Sent::new(0, &sku)]).await;
    scene.client.rest().await;
    server.kill9();
    let mut sql = scene.sql().await;
    assert_eq!(sql.execute("DELETE FROM tb_pd_gds WHERE gds_id = 'g-9'").await.unwrap().rows_affected(), 1);
    let server = scene.server().start();
    server.ready().await;
    let order = |sku: &str, i: usize| {
        let id = format!("place-{sku}-{i}");
        Sent::new(0, &place(&id, &format!("o-{sku}-{i}"), i, &[(sku, 1)], false))
    };
    let receive =
        json!({"id": "receive-gone-1", "type": "receive_stock", "actor": by, "sku_id": "GONE", "quantity": 5});
    let broken = [order("GONE", 0), Sent::new(0, &receive)];
    only(&scene, &server, &broken, &[order("S-1", 1), order("S-2", 2)]).await;
}

/// Rows that read, and are not the order's whole history: one is missing, stands elsewhere, is another order's event or of another
/// kind than it says, or can't be summed up. The order that they would make is nobody's.
#[tokio::test]
async fn f54_a_history_that_is_not_whole_makes_no_order() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let mut server = scene.server().start();
    server.ready().await;
    let declined = |i: usize, n: usize| {
        let order = format!("o-v-{i}");
        let command = json!({"id": format!("v-decl-{i}-{n}"), "type": "decline_payment", "order_id": order,
            "actor": "payment:pg"});
        Sent::new(0, &command)
    };
    let unpaid = |i: usize| Sent::new(0, &place(&format!("v-p-{i:05}"), &format!("o-v-{i}"), i, &[("S-1", 1)], false));
    let orders: Vec<Sent> = (0..10).flat_map(|i| [unpaid(i), declined(i, 1), declined(i, 2)]).collect();
    scene.client.accepted(&orders).await;
    scene.client.rest().await;
    server.kill9();
    let mut sql = scene.sql().await;
    let damages = [
        "DELETE FROM tb_od_ord_hist WHERE ord_id = 'o-v-0' AND hist_no = 2",
        "UPDATE tb_od_ord_hist SET hist_no = 12 WHERE ord_id = 'o-v-1' AND hist_no = 2",
        "UPDATE tb_od_ord_hist SET evnt = '{\"type\":\"payment_cancelled\"}' WHERE ord_id = 'o-v-2' AND hist_no = 3",
        "UPDATE tb_od_ord_hist SET evnt = replace(evnt, '\"unit_price\":10000', '\"unit_price\":9223372036854775807') \
         WHERE ord_id = 'o-v-3' AND hist_no = 1",
    ];
    for damage in damages {
        assert_eq!(sql.execute(damage).await.unwrap().rows_affected(), 1, "{damage}");
    }
    let server = scene.server().start();
    server.ready().await;
    let address = server.address().unwrap();
    for i in 0..damages.len() {
        let seen = ask(&address, "GET", &format!("/v1/orders/o-v-{i}"), &[], b"");
        assert_eq!(seen.status, 500, "damage {i}: {seen:?}");
    }
    assert_eq!(ask(&address, "GET", "/v1/orders/o-v-9", &[], b"").status, 200);
    let broken: Vec<Sent> = (0..damages.len()).map(|i| give_up(&format!("o-v-{i}"), i)).collect();
    let good: Vec<Sent> = (5..5 + damages.len()).map(|i| give_up(&format!("o-v-{i}"), i)).collect();
    only(&scene, &server, &broken, &good).await;
    // nothing was written behind what is damaged
    let written = "SELECT count(*) FROM tb_od_ord_hist WHERE cmd_id LIKE 'giveup-o-v-%'";
    assert_eq!(scene.count(written).await, i64::try_from(good.len()).unwrap());
}
