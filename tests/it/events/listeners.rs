//! Many who listen: each takes little, and none takes all.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::shop::Shop;

use super::{Listener, ids};

#[tokio::test]
async fn one_token_does_not_take_every_place() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    shop.order("o-1");
    let query = "?after=start&order_id=o-1";
    let mut first: Vec<Listener> = (0..8).map(|_| Listener::open(&shop, "checkout", query, "")).collect();
    for listener in &mut first {
        listener.hear(2);
    }
    let mut ninth = Listener::open(&shop, "checkout", query, "");
    while ninth.read() && !ninth.text.contains("too_many_requests") {
        assert!(!ninth.text.contains(" 200 "), "it listens as well: {}", ninth.text);
    }
    assert!(ninth.text.contains(" 429 "), "{}", ninth.text);
    // others still find a place; and who leaves makes one
    Listener::open(&shop, "auditor", "?after=start", "").hear(2);
    drop(first);
    let begun = Instant::now();
    loop {
        let mut again = Listener::open(&shop, "checkout", query, "");
        while again.text.is_empty() && again.read() {}
        if again.text.contains(" 200 ") {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "nobody leaves: {}", again.text);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn who_hears_of_one_order_reads_its_partition_only() {
    let shop = Shop::wide(4, &[]).await;
    shop.stock();
    shop.order("o-1");
    let partition = shop.get("operator", "/v1/commands/place-o-1").json()["partition"].as_u64().unwrap();
    let mut own = Listener::open(&shop, "checkout", "?after=start&order_id=o-1", "");
    assert_eq!(ids(&own.hear(2)), ["o-1/1", "o-1/2"]);
    // an order that is not there yet may come anywhere
    let mut later = Listener::open(&shop, "operator", "?after=start&order_id=o-2", "");
    shop.accepted(
        "checkout",
        "/v1/orders",
        "place-o-2",
        &json!({"order_id": "o-2", "customer_id": "u-1",
        "lines": [{"sku_id": "B", "quantity": 1}]}),
    );
    assert_eq!(ids(&later.hear(1)), ["o-2/1"]);
    shop.accepted("checkout", "/v1/orders/o-1/cancel_lines", "cancel-01", &json!({"lines": [1]}));
    own.hear(1);
    // the cursor stays where it was in the others: they were not read
    let other = shop.get("operator", "/v1/commands/place-o-2").json()["partition"].as_u64().unwrap();
    assert_ne!(partition, other, "else this test says nothing");
    let at = |n: u64| own.at.split('.').nth(usize::try_from(n).unwrap()).unwrap().to_owned();
    assert_eq!((at(partition) == "0-0", at(other).as_str()), (false, "0-0"), "{}", own.at);
}
