//! What is counted never has a label that a client can choose.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{Scene, place, settlements};
use crate::support::{http::ask, process::Served};

const IDS: usize = 100_000;
const PATHS: usize = 2_000;

/// The series there are, and the size of the whole text.
fn scraped(address: &str) -> (BTreeSet<String>, usize) {
    let body = ask(address, "GET", "/metrics", &[("Authorization", "Bearer watcher")], b"").body;
    let name = |l: &str| l.rsplit_once(' ').map(|(series, _)| series.to_owned());
    (body.lines().filter(|l| !l.starts_with('#')).filter_map(name).collect(), body.len())
}

/// The `n`th command: of these kinds each is sent in the warm-up, too, and every id in it is new.
fn command(tag: &str, n: usize) -> Value {
    let id = format!("{tag}-{n:08}");
    let (order, customer) = (format!("o-{tag}-{n}"), format!("u-{tag}-{n}"));
    match n % 20 {
        // placed and paid
        0 => place(&id, &order, n, &[("S-1", 1)], true),
        1 => place(&id, &order, n, &[("S-2", 1)], false),
        2 => json!({"id": id, "type": "cancel_payment", "order_id": format!("o-{tag}-{}", n - 1),
            "actor": format!("buyer:u-{}", n - 1)}),
        // nothing of it is there
        3 => json!({"id": id, "type": "approve_payment", "order_id": order, "actor": format!("payment:{tag}-{n}"),
            "settlements": settlements(&order, 1)}),
        4 => json!({"id": id, "type": format!("type_{tag}_{n}"), "order_id": order}),
        5 => json!({"id": id, "type": "cancel_lines", "order_id": order, "lines": [1], "actor": format!("{tag}{n}:x")}),
        6 => json!({"id": id, "type": "receive_stock", "sku_id": order, "quantity": 1, "actor": format!("buyer:{n}")}),
        7 => json!({"id": id, "type": "prepare", "order_id": order, "actor": "operator:x", (format!("f{n}")): n}),
        8 => json!({"id": id, "type": "decline_payment", "order_id": order, "actor": "payment:pg",
            "reply_to": format!("to-{tag}-{n}")}),
        9 => json!({"no_id": id}),
        _ => json!({"id": id, "type": "place_order", "order_id": order, "actor": format!("buyer:{customer}"),
            "customer_id": customer, "lines": [{"sku_id": format!("sku-{tag}-{n}"), "quantity": 1}]}),
    }
}

async fn pushed(scene: &Scene, server: &Served, tag: &str, count: usize) {
    let begun = Instant::now();
    let mut redis = redis::Client::open(scene.redis.as_str()).unwrap().get_connection().unwrap();
    let key = format!("{}:{{0}}:commands", scene.namespace);
    for first in (0..count).step_by(1_000) {
        let mut pipe = redis::pipe();
        for n in first..(first + 1_000).min(count) {
            pipe.cmd("XADD").arg(&key).arg("*").arg("command").arg(command(tag, n).to_string()).ignore();
        }
        pipe.exec(&mut redis).unwrap();
    }
    loop {
        let stats = scene.client.stats().await;
        if stats.lag == 0 && stats.pending == 0 {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(250), "{stats:?} are left:\n{}", server.log());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Requests that nobody made before, by people and for things that are not there.
fn asked(address: &str, tag: &str, count: usize) {
    for n in 0..count {
        let (token, customer, id) = (format!("Bearer {tag}{n}"), format!("u-{tag}-{n}"), format!("{tag}-{n:08}"));
        let mine = [("Authorization", "Bearer shop"), ("X-Customer-Id", customer.as_str()), ("X-Request-Id", &id)];
        let (method, path, headers): (_, _, &[(&str, &str)]) = match n % 5 {
            0 => ("GET", format!("/{tag}/{n}"), &mine),
            1 => ("GET", format!("/v1/orders/o-{tag}-{n}-x"), &mine),
            2 => ("GET", format!("/v1/orders?customer_id={customer}&cursor={n}.x"), &mine),
            3 => ("GET", format!("/v1/skus/{tag}-{n}"), &[("Authorization", &token)]),
            _ => ("POST", format!("/v1/orders/o-{tag}-{n}/{tag}_{n}"), &mine),
        };
        let reply = ask(address, method, &path, headers, b"{}");
        assert!((200..500).contains(&reply.status), "{method} {path}: {reply:?}");
    }
}

#[tokio::test]
async fn f46_series_stay_constant_over_a_hundred_thousand_ids() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let hash = |t: &str| jumun::http::tokens::hashed(t);
    let tokens = format!("shop:checkout:{},watcher:metrics:{}", hash("shop"), hash("watcher"));
    // actors leave memory in the warm-up already
    let setting = scene.server().with(&["--token", &tokens, "--max-actors", "300", "--actor-idle-timeout", "1"]);
    let server = setting.start();
    server.ready().await;
    let address = server.address().unwrap();
    pushed(&scene, &server, "warm", 2_000).await;
    asked(&address, "warm", 20);
    // what is sampled has been, twice
    tokio::time::sleep(Duration::from_secs(5)).await;
    scraped(&address); // scrapes are counted, too
    let (before, size) = scraped(&address);
    for part in ["outcome=\"accepted\"", "reason=\"unknown_sku\"", "jumun_passivations_total{kind=\"sku\"}"] {
        assert!(before.iter().any(|s| s.contains(part)), "{part} is not warm: {before:?}");
    }
    pushed(&scene, &server, "load", IDS).await;
    asked(&address, "load", PATHS);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (after, grown) = scraped(&address);
    let news: Vec<&String> = after.difference(&before).collect();
    assert!(news.is_empty(), "{} new series: {:?}", news.len(), &news[..news.len().min(20)]);
    assert_eq!(before.difference(&after).count(), 0, "series are gone");
    assert!(grown < size + size / 5, "the text grew from {size} to {grown} bytes");
}
