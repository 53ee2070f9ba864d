//! A partner's consent (구매허용): nobody buys from it before it has said so.

use jumun::{log::crc16::partition_of, store};
use serde_json::{Value, json};

use crate::support::{
    client::{Client, Sent},
    everything::{sql, tables},
    process::{run, verify},
    shop::{Shop, reason},
};

/// A SKU's name that lives in this lane of two.
fn in_lane(lane: u32) -> String {
    (0..).map(|n| format!("W{n}")).find(|s| partition_of(s, 2) == lane).unwrap()
}

fn order(shop: &Shop, id: &str) {
    let place = json!({"order_id": id, "customer_id": "u-1", "lines": [{"sku_id": "A", "quantity": 1}],
        "payment": {"kind": "approved", "settlements": [{"method": "card", "amount": 13_000,
            "approval": {"approval_id": format!("a-{id}")}}]}});
    shop.accepted("operator", "/v1/orders", &format!("place-{id}"), &place);
    shop.accepted("operator", &format!("/v1/orders/{id}/prepare"), &format!("prepare-{id}"), &json!({}));
}

fn wholesaler(shop: &Shop, skus: &[&str]) {
    let partner = json!({"type": "create_partner", "partner_id": "p-2", "name": "w", "kind": "wholesaler"});
    shop.accepted("operator", "/v1/commands", "create-p-2", &partner);
    for sku in skus {
        let made =
            json!({"type": "create_sku", "sku_id": sku, "product_id": "g-2", "option_name": "o", "holder_id": "p-2"});
        shop.accepted("operator", "/v1/commands", &format!("create-{sku}"), &made);
        let stock = json!({"type": "receive_stock", "sku_id": sku, "quantity": 10});
        shop.accepted("operator", "/v1/commands", &format!("stock-of-{sku}"), &stock);
    }
}

fn buy(sku: &str) -> Value {
    json!({"partner_id": "p-2", "lines": [{"line_no": 1, "sku_id": sku}]})
}

fn left(shop: &Shop, sku: &str) -> i64 {
    shop.get("operator", &format!("/v1/skus/{sku}")).json()["on_hand"].as_i64().unwrap()
}

/// Kind: whoever asks for it, by whichever way, in whichever lane the goods are.
#[tokio::test]
async fn nobody_buys_from_a_partner_that_has_not_allowed_it() {
    let shop = Shop::wide(2, &[]).await;
    shop.stock();
    let (near, far) = (in_lane(partition_of("A", 2)), in_lane(1 - partition_of("A", 2)));
    wholesaler(&shop, &[&near, &far]);
    order(&shop, "o-1");
    let client = Client::new(&shop.setting.redis, &shop.namespace, 2).await;
    let view = || shop.get("operator", "/v1/orders/o-1").json();
    let before = view();
    let mut sent = 0;
    let mut refused = |sku: &str| {
        sent += 1;
        let reply = shop.send("partner", "/v1/orders/o-1/purchase_from_partner", &format!("buy-{sent:05}"), &buy(sku));
        assert_eq!((reply.status, reason(&reply).as_str()), (409, "no_consent"), "{reply:?}");
        assert!(reply.body.contains("partner p-2 has not allowed p-1"), "it says who: {reply:?}");
        let mut inner = buy(sku);
        inner["type"] = "purchase_from_partner".into();
        let asked = json!({"command": inner});
        let told = shop.send("partner", "/v1/orders/o-1/preview", &format!("look-{sent:05}"), &asked);
        assert_eq!(reason(&told), "no_consent", "{told:?}");
    };
    for sku in [&near, &far] {
        refused(sku);
        // by the streams, where no door is
        for (n, actor) in ["seller:p-1", "partner:p-1"].into_iter().enumerate() {
            let mut command = buy(sku);
            for (field, value) in [("type", "purchase_from_partner"), ("order_id", "o-1"), ("actor", actor)] {
                command[field] = value.into();
            }
            command["id"] = format!("stream-{sku}-{n}").into();
            let one = Sent::new(partition_of("A", 2), &command);
            client.send(std::slice::from_ref(&one)).await;
            let answer = client.wait(&[&one.id]).await.remove(0);
            assert_eq!(answer.reason.as_deref(), Some("no_consent"), "{actor}: {answer:?}");
        }
    }
    assert_eq!(view(), before, "nothing was done");
    assert_eq!((left(&shop, &near), left(&shop, &far)), (10, 10), "nothing was deducted");
    // nobody allows it but the partner itself, or an operator
    let allow = |buyer: &str| json!({"type": "authorize_buyer", "partner_id": "p-2", "buyer_id": buyer});
    assert_eq!(shop.send("partner", "/v1/commands", "allow-0001", &allow("p-1")).status, 403);
    assert_eq!(shop.send("checkout", "/v1/commands", "allow-0002", &allow("p-1")).status, 403);
    let mut by_stream = allow("p-1");
    (by_stream["id"], by_stream["actor"]) = ("allow-0003".into(), "partner:p-1".into());
    let one = Sent::new(0, &by_stream);
    client.send(std::slice::from_ref(&one)).await;
    assert_eq!(client.wait(&[&one.id]).await[0].reason.as_deref(), Some("forbidden"));
    let nobody = json!({"type": "authorize_buyer", "partner_id": "p-none", "buyer_id": "p-1"});
    assert_eq!(reason(&shop.send("operator", "/v1/commands", "allow-0004", &nobody)), "unknown_partner");
    // another buyer's consent is not this one's
    shop.accepted("partner2", "/v1/commands", "allow-0005", &allow("p-9"));
    refused(&near);
    // once it is said, it counts in every lane; and no more once it is taken back
    shop.accepted("partner2", "/v1/commands", "allow-0006", &allow("p-1"));
    shop.accepted("partner", "/v1/orders/o-1/purchase_from_partner", "bought-0001", &buy(&far));
    assert_eq!(left(&shop, &far), 9);
    let withdraw = json!({"type": "revoke_buyer", "partner_id": "p-2", "buyer_id": "p-1"});
    shop.accepted("partner2", "/v1/commands", "allow-0007", &withdraw);
    order(&shop, "o-2");
    let reply = shop.send("partner", "/v1/orders/o-2/purchase_from_partner", "bought-0002", &buy(&near));
    assert_eq!(reason(&reply), "no_consent", "{reply:?}");
    // the shop itself may, and that is written down
    shop.accepted("operator", "/v1/orders/o-2/purchase_from_partner", "bought-0003", &buy(&near));
    assert_eq!(left(&shop, &near), 9);
    let audit = shop.get("auditor", "/v1/orders/o-2/audit").json().to_string();
    assert!(audit.contains("PURCHASE_UNASKED"), "{audit}");
    let audit = shop.get("auditor", "/v1/orders/o-1/audit").json().to_string();
    assert!(!audit.contains("PURCHASE_UNASKED"), "with consent it is a purchase like any: {audit}");
    let (code, report) = verify(&shop.setting);
    assert_eq!(code, Some(0), "{report}");
}

/// Data of the release before: who has bought from a partner goes on, nobody else.
#[tokio::test]
async fn who_had_bought_before_the_upgrade_goes_on() {
    for shop in [Shop::open(&[]).await, Shop::file(&[]).await] {
        shop.stock();
        wholesaler(&shop, &["W"]);
        order(&shop, "o-1");
        shop.accepted("operator", "/v1/orders/o-1/purchase_from_partner", "bought-0001", &buy("W"));
        let mut shop = shop;
        shop.server.kill9();
        let url = shop.setting.database.clone();
        sql(&url, &["DROP TABLE tb_pt_ptnr_byr", "DELETE FROM _sqlx_migrations WHERE version = 20"]).await;
        store::open(&url).await.unwrap().migrate().await.unwrap();
        let all = tables(&url).await;
        let (_, said) = all.iter().find(|(name, _)| name == "tb_pt_ptnr_byr").expect("it is there");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.contains("p-2") && said.contains("p-1"), "{said}");
        shop.server = shop.setting.start();
        shop.server.ready().await;
        shop.address = shop.server.address().expect("it says where");
        order(&shop, "o-2");
        shop.accepted("partner", "/v1/orders/o-2/purchase_from_partner", "bought-0002", &buy("W"));
        let (code, report) = run(&["verify", "--database", &url]);
        assert_eq!(code, Some(0), "{report}");
    }
}
