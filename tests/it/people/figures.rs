//! A SKU's figures: who does not sell or hold it reads none, whatever tells of it.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{done, partner, seen, sent, shops};
use crate::support::{
    http::Reply,
    payments::{SECRET, signed},
    shop::Shop,
};

/// Whatever in it tells how many there are.
fn figures(told: &Value) -> Vec<String> {
    let mut found = Vec::new();
    match told {
        Value::Object(fields) => {
            for (name, value) in fields {
                let tells =
                    matches!(name.as_str(), "position" | "on_hand" | "held" | "sold" | "stock_checks" | "stock");
                if tells || (name == "available" && value.is_number()) {
                    found.push(format!("{name}: {value}"));
                }
                found.extend(figures(value));
            }
        }
        Value::Array(items) => found.extend(items.iter().flat_map(figures)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    found
}

/// Kind: how many there are, and were sold, is told to who sells them; others hear whether there are any.
#[tokio::test]
async fn f42_a_competitor_reads_no_sales_figures() {
    for shop in shops().await {
        shop.order("o-1");
        let sale = json!({"type": "create_campaign", "campaign_id": "c-a", "sku_id": "A", "name": "c", "price": 9_000,
            "allotted": 5, "opens_at": "2026-01-01T00:00:00Z", "closes_at": "2150-01-01T00:00:00Z"});
        shop.accepted("operator", "/v1/commands", "set-sale-a", &sale);
        let told = |sku: &Value| {
            let figures = ["on_hand", "held", "sold", "returned", "sold_net", "position"];
            (
                figures.iter().filter(|name| sku.get(**name).is_some()).count(),
                sku["campaigns"][0].get("allotted").is_some(),
            )
        };
        for token in ["operator", "auditor", "partner"] {
            let sku = seen(&shop, token, "/v1/skus/A");
            assert_eq!((told(&sku), sku["on_hand"].as_i64()), ((6, true), Some(9)), "{token}: {sku}");
            assert_eq!(seen(&shop, token, "/v1/campaigns/c-a")["allotted"], 5, "{token}");
        }
        for token in ["checkout", "partner2"] {
            let sku = seen(&shop, token, "/v1/skus/A");
            assert_eq!((told(&sku), sku["available"].as_str()), ((0, false), Some("low_stock")), "{token}: {sku}");
            assert!(seen(&shop, token, "/v1/campaigns/c-a").get("allotted").is_none(), "{token}");
        }
        let available = || seen(&shop, "checkout", "/v1/skus/A")["available"].as_str().map(str::to_owned);
        let adjust = |id: &str, by: i64| {
            let command = json!({"type": "adjust_stock", "sku_id": "A", "quantity": by, "reason": "counted"});
            shop.accepted("operator", "/v1/commands", id, &command);
        };
        adjust("adjust-up-1", 1);
        assert_eq!(available().as_deref(), Some("low_stock"), "ten are few");
        adjust("adjust-up-2", 1);
        assert_eq!(available().as_deref(), Some("in_stock"));
        adjust("adjust-down", -11);
        assert_eq!(available().as_deref(), Some("out_of_stock"));
        // who holds goods that somebody else sells knows how many
        partner(&shop, "p-1", "retailer");
        let held =
            json!({"type": "create_sku", "sku_id": "B-1", "product_id": "g-2", "option_name": "o", "holder_id": "p-1"});
        shop.accepted("operator", "/v1/commands", "set-sku-held", &held);
        assert_eq!(seen(&shop, "partner", "/v1/skus/B-1")["on_hand"], 0);
        assert!(seen(&shop, "partner", "/v1/skus/B").get("on_hand").is_none());
    }
}

/// Tries to order so many of each.
fn wants(shop: &Shop, token: &str, customer: &str, order: &str, lines: &[(&str, u32)]) -> Reply {
    let lines: Vec<Value> = lines.iter().map(|(sku, n)| json!({"sku_id": sku, "quantity": n})).collect();
    let place = json!({"order_id": order, "customer_id": customer, "lines": lines});
    shop.send(token, "/v1/orders", &format!("place-{token}-{order}"), &place)
}

/// Kind: whatever answers a command. 100,000 are more than anybody has.
#[tokio::test]
async fn f42_a_competitor_hears_no_figures_in_answers() {
    for shop in shops().await {
        // twice: the second answer is the one that was kept
        for _ in 0..2 {
            for (token, customer, sku, available) in [
                ("partner", "p-1", "B", None),
                ("partner2", "p-2", "A", None),
                ("checkout", "u-1", "A", None),
                ("partner", "p-1", "A", Some(10)),
                ("partner2", "p-2", "B", Some(10)),
                ("operator", "u-1", "B", Some(10)),
            ] {
                let told = wants(&shop, token, customer, &format!("o-{token}-{sku}"), &[(sku, 100_000)]).json();
                let facts = &told["facts"];
                assert_eq!(told["reason"], "insufficient_stock", "{token} {sku}: {told}");
                assert_eq!(facts["available"].as_i64(), available, "{token} {sku}: {told}");
                assert_eq!(facts["position"].is_null(), available.is_none(), "{token} {sku}: {told}");
                let word = if available.is_none() { Some("low_stock") } else { None };
                assert_eq!((facts["availability"].as_str(), &facts["requested"]), (word, &json!(100_000)), "{told}");
            }
        }
        // what is taken, too
        for _ in 0..2 {
            let told = wants(&shop, "checkout", "u-1", "o-1", &[("A", 1), ("B", 1)]).json();
            assert_eq!((told["outcome"].as_str(), figures(&told)), (Some("accepted"), vec![]), "{told}");
            let told = wants(&shop, "partner", "p-1", "o-2", &[("A", 1), ("B", 1)]).json();
            assert_eq!(told["facts"]["stock"].as_array().map(Vec::len), Some(1), "{told}");
            assert_eq!(told["facts"]["stock"][0]["sku_id"], "A", "{told}");
            let told = wants(&shop, "operator", "u-1", "o-3", &[("A", 1), ("B", 1)]).json();
            assert_eq!(told["facts"]["stock"].as_array().map(Vec::len), Some(2), "{told}");
        }
        let pay = json!({"settlements": [{"method": "card", "amount": 26_000, "approval": {"approval_id": "a-1"}}]});
        let told = shop.accepted("payment", "/v1/orders/o-1/approve_payment", "payment-o-1", &pay);
        assert_eq!(figures(&told), Vec::<String>::new(), "{told}");
        // signed, by no token
        let event = json!({"event_id": "e-3", "type": "payment_approved", "order_id": "o-3",
            "settlements": [{"method": "card", "amount": 26_000, "approval": {"approval_id": "a-3"}}]})
        .to_string();
        let headers = [("jumun-signature", &*signed(SECRET, 0, event.as_bytes()))];
        let told = shop.ask("", "POST", "/v1/payment-callbacks", &headers, event.as_bytes()).json();
        assert_eq!((told["outcome"].as_str(), figures(&told)), (Some("accepted"), vec![]), "{told}");
        // a preview
        let cancel = json!({"command": {"type": "cancel_lines", "lines": [1]}});
        let told = sent(&shop, "checkout", "o-1", "preview", cancel.clone()).json();
        assert_eq!(figures(&told), Vec::<String>::new(), "{told}");
        assert_eq!(told["facts"]["preview"]["lines"][0]["after"]["active"], 0, "{told}");
        let told = sent(&shop, "operator", "o-1", "preview", cancel).json();
        assert_eq!(told["facts"]["preview"]["stock"][0]["sku_id"], "A", "{told}");
        // sold out is no figure
        for (sku, token) in [("A", "operator"), ("B", "operator")] {
            let adjust = json!({"type": "shrink_stock", "sku_id": sku, "quantity": 7, "reason": "gone"});
            shop.accepted(token, "/v1/commands", &format!("shrink-{sku}"), &adjust);
        }
        let told = wants(&shop, "partner", "p-1", "o-none", &[("B", 1)]).json();
        assert_eq!(
            (&told["reason"], &told["facts"]["availability"]),
            (&json!("sold_out"), &json!("out_of_stock")),
            "{told}"
        );
    }
}

/// What is heard of an order from the start on, until so many events.
fn heard(shop: &Shop, token: &str, customer: &str, order: &str, events: usize) -> Vec<Value> {
    let mut socket = TcpStream::connect(&shop.address).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    write!(
        socket,
        "GET /v1/events?after=start&order_id={order} HTTP/1.0\r\nAuthorization: Bearer {token}\r\n\
         X-Customer-Id: {customer}\r\n\r\n"
    )
    .unwrap();
    let (mut text, begun) = (String::new(), Instant::now());
    let mut bytes = [0; 64 * 1024];
    loop {
        match socket.read(&mut bytes) {
            Ok(n) => text.push_str(&String::from_utf8_lossy(&bytes[..n])),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(e) => panic!("{e}"),
        }
        let data = text.lines().filter_map(|l| l.strip_prefix("data: "));
        let told: Vec<Value> = data.filter_map(|json| serde_json::from_str(json).ok()).collect();
        if told.len() >= events {
            return told;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{order}: {text}");
    }
}

/// Kind: an order that comes short of what is there, before it is paid and after.
#[tokio::test]
async fn f42_an_order_that_comes_short_tells_its_buyer_no_figures() {
    for shop in [Shop::open(&["--stock-policy", "deduct"]).await, Shop::file(&["--stock-policy", "deduct"]).await] {
        shop.stock();
        for (token, customer, order) in [("checkout", "u-1", "o-1"), ("partner", "p-1", "o-2")] {
            let told = wants(&shop, token, customer, order, &[("B", 5_000)]).json();
            assert_eq!((told["outcome"].as_str(), figures(&told)), (Some("accepted"), vec![]), "{told}");
        }
        let due = 50_003_000;
        let pay = |order: &str| {
            json!({"settlements": [{"method": "card", "amount": due,
                "approval": {"approval_id": format!("a-{order}")}}]})
        };
        let mut preview = pay("o-1");
        preview["type"] = "approve_payment".into();
        let preview = json!({"command": preview});
        assert_eq!(sent(&shop, "checkout", "o-1", "preview", preview.clone()).status, 403);
        // it would get ten: asking, without paying, does not tell
        let told = sent(&shop, "payment", "o-1", "preview", preview.clone()).json();
        assert_eq!((told["outcome"].as_str(), figures(&told)), (Some("accepted"), vec![]), "{told}");
        let facts = &told["facts"];
        assert_eq!((&facts["preview"], &facts["availability"]), (&Value::Null, &json!("low_stock")), "{told}");
        assert_eq!((&facts["line_no"], &facts["requested"]), (&json!(1), &json!(5_000)), "{told}");
        assert!(!told["facts"].to_string().contains("10"), "{told}");
        let told = sent(&shop, "operator", "o-1", "preview", preview).json();
        let whole = &told["facts"]["preview"];
        assert_eq!((&whole["shortages"], &whole["lines"][0]["after"]["active"]), (&json!([1]), &json!(10)), "{told}");
        // paid, it is what it is; how many there were then is in the history, for staff
        done(&shop, "checkout", "o-1", "approve_payment", pay("o-1"));
        let receive = json!({"type": "receive_stock", "sku_id": "B", "quantity": 20});
        shop.accepted("operator", "/v1/commands", "receive-b", &receive);
        done(&shop, "payment", "o-2", "approve_payment", pay("o-2"));
        for (token, customer, order) in [("checkout", "u-1", "o-1"), ("partner", "p-1", "o-2")] {
            for path in ["", "/events", "/timeline"] {
                let path = format!("/v1/orders/{order}{path}");
                let reply = shop.ask(token, "GET", &path, &[("X-Customer-Id", customer)], b"");
                assert_eq!(reply.status, 200, "{token} {path}: {reply:?}");
                let told = reply.json();
                // a line's own units have such names, too
                let tells =
                    figures(&told).into_iter().filter(|f| f.starts_with("stock_checks") || f.starts_with("position"));
                assert_eq!(tells.collect::<Vec<_>>(), Vec::<String>::new(), "{token} {path}: {told}");
            }
            let staff = seen(&shop, "operator", &format!("/v1/orders/{order}/events"));
            assert!(staff.to_string().contains("\"stock_checks\":[{"), "{staff}");
            let events = staff["items"].as_array().unwrap().len();
            assert!(
                figures(&json!(heard(&shop, "operator", "u-1", order, events)))
                    .iter()
                    .any(|f| f.contains("stock_checks"))
            );
            let told = heard(&shop, token, customer, order, events);
            assert_eq!(figures(&json!(told)), Vec::<String>::new(), "{token}");
            assert!(told.iter().any(|e| e["event"]["type"] == "cut"), "{told:?}");
        }
    }
}
