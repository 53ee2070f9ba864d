//! Who sees what at the HTTP API: a seller its own part of an order, recipients masked and whole, lists of lines. Each on
//! PostgreSQL with Redis, and on SQLite with the log in the process.

mod erased;
mod figures;
mod late;
mod lines;
mod recipients;
mod sheets;
mod sight;

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{
    http::Reply,
    shop::{Shop, reason},
};

/// The approval of every order: nobody but operators and the payment side reads it.
const CANARY: &str = "approval-canary-0001";

/// Both kinds of shop, with the goods of two sellers: A of p-1 and B of p-2.
async fn shops() -> [Shop; 2] {
    let shops = [Shop::open(&[]).await, Shop::file(&[]).await];
    for shop in &shops {
        shop.stock();
    }
    shops
}

/// A recipient whose every word can be looked for.
fn recipient() -> Value {
    json!({"name": "홍길동", "phone": "010-1234-5678", "zip": "06236", "address": "서울특별시 강남구 테헤란로 7",
        "address_detail": "101동 202호"})
}

/// A paid order; lines are SKU and quantity at 10,000 won, 3,000 shipping a seller.
fn placed(shop: &Shop, order: &str, customer: &str, lines: &[(&str, u32)]) {
    let mut skus: Vec<&str> = lines.iter().map(|(sku, _)| *sku).collect();
    skus.dedup();
    let due = lines.iter().map(|(_, n)| n * 10_000).sum::<u32>() + u32::try_from(skus.len()).unwrap() * 3_000;
    let wanted: Vec<Value> = lines.iter().map(|(sku, n)| json!({"sku_id": sku, "quantity": n})).collect();
    let place = json!({"order_id": order, "customer_id": customer, "lines": wanted, "recipient": recipient(),
        "payment": {"kind": "approved", "settlements": [{"method": "card", "amount": due,
            "approval": {"approval_id": format!("{CANARY}-{order}")}}]}});
    shop.accepted("operator", "/v1/orders", &format!("place-{order}"), &place);
}

/// An order's command by a token, under an id of its own.
fn sent(shop: &Shop, token: &str, order: &str, command: &str, body: Value) -> Reply {
    static SENT: AtomicU32 = AtomicU32::new(0);
    let id = format!("act_{:06}", SENT.fetch_add(1, Ordering::Relaxed));
    shop.send(token, &format!("/v1/orders/{order}/{command}"), &id, &body)
}

fn done(shop: &Shop, token: &str, order: &str, command: &str, body: Value) {
    let reply = sent(shop, token, order, command, body);
    assert_eq!(reply.status, 200, "{token} {command}: {reply:?}");
}

/// Takes a line from 상품준비중 to 출고완료, by its seller.
fn shipped(shop: &Shop, seller: &str, order: &str, line: u32) {
    done(shop, seller, order, "use_own_stock", json!({"lines": [line]}));
    done(shop, seller, order, "complete_procurement", json!({"lines": [line]}));
    let waybill = json!({"line_no": line, "carrier": "CJ", "waybill_no": format!("w-{line}"), "quantity": 1});
    done(shop, seller, order, "ship", json!({"lines": [line], "waybills": [waybill]}));
}

/// GET, for customer u-1, that is answered.
fn seen(shop: &Shop, token: &str, path: &str) -> Value {
    let reply = shop.get(token, path);
    assert_eq!(reply.status, 200, "{token} {path}: {reply:?}");
    reply.json()
}

fn refused(shop: &Shop, token: &str, path: &str) -> (u16, String) {
    let reply = shop.get(token, path);
    (reply.status, reason(&reply))
}

/// A field of each item.
fn each<'a>(page: &'a Value, field: &str) -> Vec<&'a str> {
    page["items"].as_array().unwrap().iter().map(|i| i[field].as_str().unwrap_or("-")).collect()
}

/// Waits for an order that another one has made.
async fn made(shop: &Shop, order: &str) {
    let begun = Instant::now();
    while shop.get("operator", &format!("/v1/orders/{order}")).status != 200 {
        assert!(begun.elapsed() < Duration::from_secs(20), "{order} is not made");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Another partner, without a token.
fn partner(shop: &Shop, id: &str, kind: &str) {
    let command = json!({"type": "create_partner", "partner_id": id, "name": format!("business {id}"), "kind": kind,
        "zip": "04524", "address": "서울특별시 중구 세종대로 1"});
    shop.accepted("operator", "/v1/commands", &format!("set-{id}-{kind}"), &command);
    let allow = json!({"type": "authorize_buyer", "partner_id": id, "buyer_id": "p-1"});
    shop.accepted("operator", "/v1/commands", &format!("allow-{id}-{kind}"), &allow);
}
