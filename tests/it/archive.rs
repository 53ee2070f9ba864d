//! `jumun archive`, as an operator runs it: beside the server, killed at any step, and again.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    process::{run, run_with},
    shop::{Shop, reason},
};

const STEPS: [&str; 6] = [
    "archive_sealed",
    "archive_copied",
    "archive_deleted",
    "archive_committed",
    "archive_ledger_copied",
    "archive_ledger_deleted",
];

/// An order that has ended: paid, cancelled, refunded.
fn ended(shop: &Shop, order: &str) {
    shop.order(order);
    shop.accepted(
        "checkout",
        &format!("/v1/orders/{order}/cancel_lines"),
        &format!("cancel-{order}"),
        &json!({"lines": [1]}),
    );
    let key = shop.get("operator", &format!("/v1/orders/{order}")).json()["refunds"][0]["refund_key"].clone();
    let refunded = json!({"refund_key": key});
    shop.accepted("payment", &format!("/v1/orders/{order}/confirm_refund"), &format!("refunded-{order}"), &refunded);
}

fn archive(shop: &Shop, more: &[&str]) -> (Option<i32>, String) {
    run(&[&["archive", "--database", &shop.setting.database], more].concat())
}

fn verified(shop: &Shop) -> Value {
    let mut words = vec!["verify", "--json", "--database", &shop.setting.database];
    if !shop.setting.redis.is_empty() {
        words.extend(["--redis", &shop.setting.redis, "--namespace", &shop.setting.namespace, "--settle", "10"]);
    }
    let (code, text) = run(&words);
    assert_eq!(code, Some(0), "{text}");
    serde_json::from_str(&text[text.find('{').unwrap()..=text.rfind('}').unwrap()]).unwrap()
}

/// Killed between any two steps, while the server runs: nothing is lost, nothing is there twice, and the next run goes on.
async fn killed_anywhere(mut shop: Shop) {
    shop.stock();
    let orders: Vec<String> = (0..3).map(|n| format!("o-{n}")).collect();
    orders.iter().for_each(|order| ended(&shop, order));
    shop.order("o-open");
    let before: Vec<Value> = orders.iter().map(|o| shop.get("operator", &format!("/v1/orders/{o}")).json()).collect();
    for (n, step) in STEPS.iter().enumerate() {
        let failpoints = format!("FAILPOINTS={step}=return");
        let words = ["archive", "--database", &shop.setting.database, "--older-than", "0"];
        let (code, text) = run_with(&[&failpoints], &words);
        assert_eq!(code, None, "it dies at {step}: {text}");
        let archived = verified(&shop)["archived"].as_u64();
        assert_eq!(archived, Some(if n < 3 { 0 } else { 3 }), "{step}: all of an order or nothing");
        for (order, was) in orders.iter().zip(&before) {
            assert_eq!(shop.get("operator", &format!("/v1/orders/{order}")).json(), *was, "{step}: {order}");
        }
        shop.accepted(
            "operator",
            "/v1/commands",
            &format!("receive-{n}"),
            &json!({"type": "receive_stock", "sku_id": "A",
            "quantity": 1}),
        );
    }
    let (code, text) = archive(&shop, &["--older-than", "0", "--json"]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(verified(&shop)["archived"], 3);
    // a server that knows nothing of it
    shop.server.kill9();
    shop.server = shop.setting.start();
    shop.server.ready().await;
    shop.address = shop.server.address().unwrap();
    let late = shop.send("checkout", "/v1/orders/o-1/cancel_lines", "late-cancel", &json!({"lines": [1]}));
    assert_eq!((late.status, reason(&late)), (409, "order_archived".to_owned()));
}

#[tokio::test]
async fn an_archiver_that_is_killed_anywhere_loses_and_doubles_nothing() {
    killed_anywhere(Shop::open(&[]).await).await;
}

#[tokio::test]
async fn the_same_on_a_file() {
    killed_anywhere(Shop::file(&[]).await).await;
}

#[tokio::test]
async fn an_operator_sees_what_would_go_what_went_and_what_is_there() {
    let mut shop = Shop::open(&[]).await;
    shop.stock();
    ended(&shop, "o-1");
    shop.order("o-2");
    let (code, text) = archive(&shop, &["--older-than", "30", "--dry-run"]);
    assert_eq!((code, text.contains("0 orders would be archived")), (Some(0), true), "{text}");
    let (code, text) = archive(&shop, &["--older-than", "0", "--dry-run"]);
    assert_eq!((code, text.contains("1 orders would be archived")), (Some(0), true), "{text}");
    assert_eq!(archive(&shop, &["--show", "o-1"]).0, Some(1), "a dry run moves nothing");
    let timeline = |shop: &Shop| shop.get("operator", "/v1/orders/o-1/timeline").json()["entries"].clone();
    let (list, told) = (shop.get("checkout", "/v1/orders").json(), timeline(&shop));
    let (code, text) = archive(&shop, &["--older-than", "0"]);
    assert_eq!((code, text.contains("1 orders archived")), (Some(0), true), "{text}");
    let (code, text) = archive(&shop, &["--show", "o-1"]);
    assert!(code == Some(0) && text.contains("archived at") && text.contains("CANCELLED"), "{text}");
    assert_eq!(timeline(&shop), told, "its story is told as before");
    // lists have what is live; old orders are asked for
    let ids = |page: &Value| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|o| o["order_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&list), ["o-2", "o-1"]);
    assert_eq!(ids(&shop.get("checkout", "/v1/orders").json()), ["o-2"]);
    assert_eq!(ids(&shop.get("checkout", "/v1/orders?archived=true").json()), ["o-1"]);
    assert_eq!(ids(&shop.get("operator", "/v1/orders?archived=true&status=CANCELLED&customer_id=u-1").json()), ["o-1"]);
    assert_eq!(ids(&shop.get("operator", "/v1/orders?archived=true&customer_id=u-2").json()), Vec::<String>::new());
    assert_eq!(shop.get("partner2", "/v1/orders/o-1").status, 404, "somebody else's order, archived or not");
    for words in [&["--older-than", "-1"][..], &["--older-than", "x"], &[], &["--older-than", "1", "--show", "o-1"]] {
        assert!(matches!(archive(&shop, words).0, Some(2)), "{words:?}");
    }
    shop.server.kill9();
    tokio::time::sleep(Duration::from_millis(10)).await;
    shop.server = shop.setting.start();
    shop.server.ready().await;
    shop.address = shop.server.address().unwrap();
    let again = shop.send(
        "checkout",
        "/v1/orders",
        "place-o-1",
        &json!({"order_id": "o-1", "customer_id": "u-1",
        "lines": [{"sku_id": "A", "quantity": 1}]}),
    );
    assert_eq!((again.status, &again.json()["outcome"]), (200, &json!("accepted")), "a retry gets its first answer");
}

/// Erasing on request, and destruction by age, know the orders in the archive.
#[tokio::test]
async fn a_person_is_erased_from_archived_orders_too() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    let place = json!({"order_id": "o-1", "customer_id": "u-1", "lines": [{"sku_id": "A", "quantity": 1}],
        "recipient": {"name": "김하늘", "phone": "010-1234-5678", "zip": "06236", "address": "서울 1"}});
    shop.accepted("checkout", "/v1/orders", "place-0001", &place);
    let why = json!({"reason": "김하늘 님의 카드가 만료됨"});
    shop.accepted("operator", "/v1/orders/o-1/decline_payment", "no-000001", &why);
    shop.accepted("checkout", "/v1/orders/o-1/cancel_payment", "quit-0001", &json!({}));
    assert_eq!(archive(&shop, &["--older-than", "0"]).0, Some(0));
    let told = || shop.get("operator", "/v1/orders/o-1/events").body;
    assert!(told().contains("김하늘"), "{}", told());
    let seen = || shop.get("operator", "/v1/orders/o-1/recipient");
    assert_eq!(seen().json()["name"], "김하늘", "it stays apart, and is still there");
    let done = shop.ask("operator", "POST", "/v1/customers/u-1/erase", &[], b"").json();
    assert_eq!((&done["orders"], &done["rows"], &done["texts"]), (&json!(1), &json!(1), &json!(1)), "{done}");
    assert_eq!(seen().status, 404);
    assert!(!told().contains("김하늘") && told().contains("payment_declined"), "{}", told());
    verified(&shop);
}
