//! Many who listen: each takes little, and none takes all.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::shop::Shop;

use super::{Listener, ids};

#[tokio::test]
async fn one_token_does_not_take_every_place() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    let lines = json!([{"sku_id": "A", "quantity": 1}, {"sku_id": "B", "quantity": 1}]);
    let place = json!({"order_id": "o-1", "customer_id": "u-1", "lines": lines});
    shop.accepted("operator", "/v1/orders", "place-o-1", &place);
    let pay = json!({"settlements": [{"method": "card", "amount": 26_000, "approval": {"approval_id": "approval-1"}}]});
    shop.accepted("operator", "/v1/orders/o-1/approve_payment", "payment-o-1", &pay);
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
    let mut others = vec![Listener::open(&shop, "auditor", "?after=start", "")];
    others[0].hear(2);
    // nor do all tokens together that are no operators'
    for (token, more) in [("auditor", 7), ("partner", 8)] {
        others.extend((0..more).map(|_| Listener::open(&shop, token, query, "")));
    }
    others.iter_mut().skip(1).for_each(|listener| drop(listener.hear(1)));
    let status = |mut listener: Listener| {
        while listener.text.is_empty() && listener.read() {}
        listener.text.split(' ').nth(1).unwrap_or_default().to_owned()
    };
    assert_eq!(status(Listener::open(&shop, "partner2", query, "")), "503");
    for token in ["operator", "support", "finance"] {
        assert_eq!(status(Listener::open(&shop, token, query, "")), "200", "{token}");
    }
    drop(others);
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

/// A seller who listens hears of its own part, and of the rest that there was something, so that no number is missing.
#[tokio::test]
async fn f42_a_seller_hears_of_its_own_part() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    let lines = json!([{"sku_id": "A", "quantity": 1}, {"sku_id": "B", "quantity": 1}]);
    let place = json!({"order_id": "o-1", "customer_id": "u-1", "lines": lines});
    shop.accepted("operator", "/v1/orders", "place-o-1", &place);
    let mut live = Listener::open(&shop, "partner", "?after=start&order_id=o-1", "");
    let mut types =
        Listener::open(&shop, "partner", "?after=start&order_id=o-1&types=prepared,procurement_started", "");
    let pay = json!({"settlements": [{"method": "card", "amount": 26_000,
        "approval": {"approval_id": "approval-canary", "token": "token-canary"}}]});
    shop.accepted("operator", "/v1/orders/o-1/approve_payment", "payment-o-1", &pay);
    shop.accepted("operator", "/v1/orders/o-1/prepare", "prepare-o-1", &json!({}));
    shop.accepted("partner2", "/v1/orders/o-1/use_own_stock", "own-stock-2", &json!({"lines": [2]}));
    shop.accepted("partner", "/v1/orders/o-1/use_own_stock", "own-stock-1", &json!({"lines": [1]}));
    let heard = live.hear(5);
    assert_eq!(ids(&heard), ["o-1/1", "o-1/2", "o-1/3", "o-1/4", "o-1/5"]);
    let kinds: Vec<&str> = heard.iter().map(|(_, e)| e["event"]["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["placed", "payment_approved", "prepared", "elsewhere", "procurement_started"]);
    let told = format!("{heard:?}");
    for word in ["canary", "26000", "13000", "\"B\"", "p-2", "g-2"] {
        assert!(!told.contains(word), "{word}: {told}");
    }
    assert_eq!(heard[4].1["event"]["change"]["lines"][0]["sku_id"], "A", "{told}");
    // by type: what is elsewhere is of none
    assert_eq!(ids(&types.hear(2)), ["o-1/3", "o-1/5"]);
    // the buyer hears all of it
    let whole = format!("{:?}", Listener::open(&shop, "checkout", "?after=start&order_id=o-1", "").hear(5));
    assert!(whole.contains("26000"), "{whole}");
}

/// Kind: what moves in its partition is nothing to who hears of one order.
#[tokio::test]
async fn who_hears_of_one_order_is_not_told_when_others_move() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    shop.order("o-1");
    let mut staff = Listener::open(&shop, "auditor", "", "");
    let begin = |token: &str| {
        let mut own = Listener::open(&shop, token, "?order_id=o-1", "");
        while own.at.is_empty() {
            assert!(own.read());
            own.take();
        }
        // nor when they moved last
        let (millis, number) = own.at.split_once('-').unwrap();
        assert_eq!((millis.parse::<u64>().unwrap() % 60_000, number), (0, "0"), "{token}");
        own
    };
    let mut own = ["checkout", "partner"].map(begin);
    shop.order("o-2");
    staff.hear(2);
    for listener in &mut own {
        for _ in 0..20 {
            assert!(listener.read());
        }
        assert!(!listener.text.contains("id:"), "{}", listener.text);
    }
    // its own it hears, with a cursor to go on from
    shop.accepted("checkout", "/v1/orders/o-1/cancel_lines", "cancel-01", &json!({"lines": [1]}));
    for (mut listener, token) in own.into_iter().zip(["checkout", "partner"]) {
        let begun = listener.at.clone();
        assert_eq!(ids(&listener.hear(1)), ["o-1/3"], "{token}");
        assert_ne!(listener.at, begun);
        // from where it began at the latest: nothing is lost
        let again = Listener::open(&shop, token, "?order_id=o-1", &begun).hear(1);
        assert_eq!(again.last().map(|(_, e)| e["event_id"].clone()), Some(json!("o-1/3")), "{again:?}");
    }
}
