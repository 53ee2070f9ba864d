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

/// These fail, each a dead letter, and their neighbours are accepted; no lane has started over, and it stays ready.
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
    let letter = letters["items"].as_array().unwrap().iter().find(of).expect("its letter")["letter"].clone();
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
