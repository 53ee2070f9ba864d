//! An order with the longest history that there may be: who looks at it, however often, keeps nobody else waiting, and sees
//! all of it.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use jumun::protocol::OutcomeKind;
use serde_json::{Value, json};

use crate::support::{
    client::{Client, Sent},
    shop::Shop,
};

/// The order `o-long` of u-1, for goods of p-1: a thousand units, lost one by one until no more may be told of it.
async fn long(shop: &Shop) {
    shop.stock();
    let more = json!({"type": "receive_stock", "sku_id": "A", "quantity": 2_000});
    shop.accepted("operator", "/v1/commands", "more-stock", &more);
    let place = json!({"order_id": "o-long", "customer_id": "u-1", "lines": [{"sku_id": "A", "quantity": 1_200}],
        "payment": {"kind": "approved", "settlements": [{"method": "card", "amount": 12_003_000,
            "approval": {"approval_id": "a-long"}}]}});
    shop.accepted("operator", "/v1/orders", "place-long", &place);
    shop.accepted("operator", "/v1/orders/o-long/prepare", "prepare-long", &json!({}));
    let client = Client::new(&shop.setting.redis, &shop.namespace, 1).await;
    let lost = |n: usize| {
        Sent::new(
            0,
            &json!({"id": format!("lost-{n:05}"), "type": "report_stock_loss", "actor": "operator:o",
                "order_id": "o-long", "lines": [{"line_no": 1, "quantity": 1}]}),
        )
    };
    let mut refused = false;
    for some in (0..1_100).collect::<Vec<usize>>().chunks(550) {
        client.send(&some.iter().map(|n| lost(*n)).collect::<Vec<_>>()).await;
        let last = client.wait(&[&format!("lost-{:05}", some.last().unwrap())]).await;
        refused |= last[0].outcome == OutcomeKind::Rejected;
        if refused {
            assert_eq!(last[0].reason.as_deref(), Some("too_many"), "{last:?}");
            break;
        }
    }
    assert!(refused, "its history has no end");
    client.rest().await;
    let version = shop.get("operator", "/v1/orders/o-long").json()["version"].as_u64().unwrap();
    assert!((1_000..1_010).contains(&version), "{version} events");
}

/// Every way to look at it, by who may: each folds its history.
const READERS: [(&str, &str); 10] = [
    ("operator", "/v1/orders/o-long"),
    ("checkout", "/v1/orders/o-long"),
    ("partner", "/v1/orders/o-long"),
    ("operator", "/v1/orders/o-long/timeline"),
    ("partner", "/v1/orders/o-long/timeline"),
    ("operator", "/v1/orders/o-long/events?limit=500"),
    ("partner", "/v1/orders/o-long/events?limit=500"),
    ("checkout", "/v1/orders/o-long/refunds"),
    ("partner", "/v1/orders?status=PREPARING"),
    ("operator", "/v1/commands/prepare-long"),
];

/// A piece of a long history is never done here: who waits for one has no answer, and everybody else theirs.
#[tokio::test]
async fn f75_ten_readers_of_the_longest_order_keep_nobody_else_waiting() {
    let mut shop = Shop::open(&[]).await;
    long(&shop).await;
    shop.order("o-short");
    shop.server.kill9();
    shop.setting.failpoints = "slow_fold=pause".into();
    shop.server = shop.setting.start();
    shop.server.ready().await;
    shop.address = shop.server.address().unwrap();
    let mut readers: Vec<(TcpStream, String)> =
        READERS.iter().map(|reader| (reads(&shop, *reader), String::new())).collect();
    // they are all there
    tokio::time::sleep(Duration::from_millis(500)).await;
    let paths =
        ["/v1/orders/o-short", "/v1/orders/o-short/timeline", "/v1/orders/o-short/events", "/v1/me", "/v1/skus/A"];
    for (n, path) in paths.iter().enumerate() {
        for token in ["operator", "checkout"] {
            let looked = shop.get(token, path);
            assert_eq!(looked.status, 200, "{path}: {looked:?}");
        }
        let said = json!({"type": "receive_stock", "sku_id": "A", "quantity": 1});
        shop.accepted("operator", "/v1/commands", &format!("while-{n:04}"), &said);
    }
    // who finds no place in time is told to come again; who has one, nothing yet
    let begun = Instant::now();
    let busy = |text: &String| text.contains(" 503 ") && text.to_lowercase().contains("\r\nretry-after: ");
    let places = std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1));
    loop {
        for (socket, heard) in &mut readers {
            let mut some = [0; 1_024];
            if let Ok(n) = socket.read(&mut some) {
                heard.push_str(&String::from_utf8_lossy(&some[..n]));
            }
        }
        assert!(readers.iter().all(|(_, heard)| heard.is_empty() || busy(heard)), "{readers:?}");
        if readers.iter().filter(|(_, heard)| busy(heard)).count() == READERS.len() - places {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{readers:?}");
    }
}

/// Asks, and waits for nothing.
fn reads(shop: &Shop, (token, path): (&str, &str)) -> TcpStream {
    let mut socket = TcpStream::connect(&shop.address).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nX-Customer-Id: u-1\r\n\r\n",
        shop.address
    );
    socket.write_all(head.as_bytes()).unwrap();
    socket
}

/// What is read in pieces is whole.
#[tokio::test]
async fn the_longest_order_is_seen_whole_by_pages_and_pieces() {
    let shop = Shop::open(&[]).await;
    long(&shop).await;
    let version = shop.get("operator", "/v1/orders/o-long").json()["version"].as_u64().unwrap();
    for token in ["operator", "partner", "checkout"] {
        for limit in [500, 333] {
            let (mut sequences, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = shop.get(token, &format!("/v1/orders/o-long/events?limit={limit}{cursor}")).json();
                let items = page["items"].as_array().unwrap();
                assert!(items.len() <= limit);
                sequences.extend(items.iter().map(|e| e["sequence"].as_u64().unwrap()));
                match page["next"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            assert_eq!(sequences, (1..=version).collect::<Vec<u64>>(), "{token}, by {limit}");
        }
        let told = shop.get(token, "/v1/orders/o-long/timeline").json();
        let events: Vec<&Value> = told["entries"].as_array().unwrap().iter().filter(|e| e["kind"] == "event").collect();
        assert_eq!(events.len() as u64, version, "{token}");
        assert_eq!(events.last().unwrap()["sequence"].as_u64(), Some(version));
        assert_eq!(told["status"], shop.get(token, "/v1/orders/o-long").json()["status"]);
    }
    let past = shop.get("operator", "/v1/orders/o-long/events?cursor=100000").json();
    assert_eq!(past, json!({"items": []}));
}

#[tokio::test]
async fn the_door_has_as_many_threads_as_it_is_told() {
    for (workers, says) in [("0", "--http-workers is 1 to 64"), ("65", "--http-workers is 1 to 64")] {
        let (status, said) = crate::support::process::run(&[
            "serve",
            "--no-auth",
            "--database",
            "sqlite:none.db",
            "--http-workers",
            workers,
        ]);
        assert!(status == Some(1) && said.contains(says), "{status:?}: {said}");
    }
    // listeners are counted over all of them
    let shop = Shop::file(&["--http-workers", "4"]).await;
    let listening: Vec<TcpStream> = (0..8).map(|_| reads(&shop, ("operator", "/v1/events"))).collect();
    for mut socket in &listening {
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut head = [0; 12];
        socket.read_exact(&mut head).unwrap();
        assert_eq!(&head, b"HTTP/1.1 200");
    }
    assert_eq!(shop.get("operator", "/v1/events").status, 429, "a ninth");
}
