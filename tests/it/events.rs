//! Events out, to those without Redis: server-sent events from a cursor, an order's own from its history, and webhooks.

mod couriers;
mod listeners;

use std::{
    collections::BTreeMap,
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use jumun::log::{CommandLog as _, Inbound, redis::RedisLog};
use serde_json::{Value, json};

use crate::support::{
    receiver::{Receiver, SECRET},
    servers::redis_url,
    shop::{Shop, reason},
};

/// Somebody who listens.
struct Listener {
    socket: TcpStream,
    text: String,
    /// the id of the last event
    at: String,
}

/// What was heard: the event's name (empty: a plain one) and its data.
type Heard = (String, Value);

impl Listener {
    fn open(shop: &Shop, token: &str, query: &str, last: &str) -> Self {
        let mut socket = TcpStream::connect(&shop.address).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let last = if last.is_empty() { String::new() } else { format!("Last-Event-ID: {last}\r\n") };
        write!(
            socket,
            "GET /v1/events{query} HTTP/1.0\r\nAuthorization: Bearer {token}\r\nX-Customer-Id: u-1\r\n{last}\r\n"
        )
        .unwrap();
        Self { socket, text: String::new(), at: String::new() }
    }

    /// Reads what there is; `false`: the stream has ended.
    fn read(&mut self) -> bool {
        let mut bytes = [0; 64 * 1024];
        match self.socket.read(&mut bytes) {
            Ok(0) => false,
            Ok(n) => {
                self.text.push_str(&String::from_utf8_lossy(&bytes[..n]));
                true
            }
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => true,
            Err(e) => panic!("{e}"),
        }
    }

    /// The next blocks, as a browser reads them.
    fn take(&mut self) -> Vec<Heard> {
        if let Some((head, rest)) = self.text.split_once("\r\n\r\n") {
            assert!(head.contains(" 200 ") && head.contains("text/event-stream"), "{head}");
            self.text = rest.to_owned();
        }
        let mut heard = Vec::new();
        while let Some((block, rest)) = self.text.split_once("\n\n") {
            let (mut name, mut data) = (String::new(), Value::Null);
            for line in block.lines() {
                match line.split_once(": ") {
                    Some(("id", id)) => id.clone_into(&mut self.at),
                    Some(("event", event)) => event.clone_into(&mut name),
                    Some(("data", json)) => data = serde_json::from_str(json).unwrap(),
                    _ => {}
                }
            }
            if data != Value::Null {
                heard.push((name, data));
            }
            self.text = rest.to_owned();
        }
        heard
    }

    /// Listens until so many were heard.
    fn hear(&mut self, n: usize) -> Vec<Heard> {
        let (mut heard, begun) = (Vec::new(), Instant::now());
        while heard.len() < n {
            assert!(begun.elapsed() < Duration::from_secs(20), "{n} events: only {heard:#?} {}", self.text);
            assert!(self.read(), "the stream ended: {heard:#?} {}", self.text);
            heard.extend(self.take());
        }
        heard
    }
}

fn ids(heard: &[Heard]) -> Vec<&str> {
    heard.iter().filter_map(|(_, e)| e["event_id"].as_str()).collect()
}

#[tokio::test]
async fn events_are_heard_from_a_cursor_on_without_a_gap() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    let mut live = Listener::open(&shop, "auditor", "", "");
    live.hear(0);
    while live.at.is_empty() {
        live.read();
        live.take();
    }
    let from = live.at.clone();
    for n in 1..=3 {
        shop.order(&format!("o-{n}"));
    }
    let heard = live.hear(6);
    assert_eq!(ids(&heard), ["o-1/1", "o-1/2", "o-2/1", "o-2/2", "o-3/1", "o-3/2"]);
    assert_eq!(heard[0].1["event"]["type"], "placed");
    let half = live.at.clone();
    drop(live);
    shop.order("o-4");
    // where it left off, by the header or by the query; from before; and from the start
    for (query, last) in [(String::new(), half.as_str()), (format!("?after={half}"), "")] {
        assert_eq!(ids(&Listener::open(&shop, "operator", &query, last).hear(2)), ["o-4/1", "o-4/2"]);
    }
    assert_eq!(Listener::open(&shop, "operator", "", &from).hear(8).len(), 8);
    assert_eq!(Listener::open(&shop, "operator", "?after=start", "").hear(8).len(), 8);
    // parts of it
    let paid = Listener::open(&shop, "operator", "?after=start&types=payment_approved,cut", "").hear(4);
    assert_eq!(ids(&paid), ["o-1/2", "o-2/2", "o-3/2", "o-4/2"]);
    let own = Listener::open(&shop, "checkout", "?after=start&order_id=o-2", "").hear(2);
    assert_eq!(ids(&own), ["o-2/1", "o-2/2"]);
    // what is no cursor, and what is somebody else's
    for (token, query, customer, status) in [
        ("operator", "?after=x", "u-1", 422),
        ("operator", "?after=1-1.2-2", "u-1", 422),
        ("operator", "?types=,", "u-1", 422),
        ("operator", "?types=payment_aproved", "u-1", 422),
        ("operator", "?types=placed,Placed", "u-1", 422),
        ("operator", "?types=placed&types=cut", "u-1", 422),
        ("operator", "?order_id=o%201", "u-1", 422),
        ("operator", "?nix=1", "u-1", 422),
        ("checkout", "", "u-1", 403),
        ("checkout", "?order_id=o-2", "u-2", 404),
        ("partner2", "?order_id=o-2", "u-1", 404),
        ("metrics", "", "u-1", 403),
    ] {
        let reply = shop.ask(token, "GET", &format!("/v1/events{query}"), &[("X-Customer-Id", customer)], b"");
        assert_eq!(reply.status, status, "{token} {query}: {reply:?}");
    }
    // an order's own, from its history
    shop.accepted("checkout", "/v1/orders/o-1/cancel_lines", "cancel-01", &json!({"lines": [1]}));
    let page = shop.get("checkout", "/v1/orders/o-1/events?limit=2").json();
    assert_eq!((page["items"][1]["event_id"].as_str(), page["next"].as_str()), (Some("o-1/2"), Some("2")));
    let rest = shop.get("checkout", "/v1/orders/o-1/events?cursor=2").json();
    assert_eq!((rest["items"][0]["event"]["type"].as_str(), rest.get("next")), (Some("cut"), None));
    assert_eq!(shop.get("checkout", "/v1/orders/o-1/events?cursor=x").status, 422);
}

#[tokio::test]
async fn a_cursor_whose_events_were_dropped_is_told_so() {
    let shop = Shop::open(&["--keep-events", "1"]).await;
    shop.stock();
    shop.order("o-1");
    let mut live = Listener::open(&shop, "operator", "?after=start", "");
    let first = live.hear(2);
    assert_eq!(ids(&first), ["o-1/1", "o-1/2"]);
    let old = live.at.clone();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    shop.order("o-2"); // what settles trims
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    shop.order("o-3");
    let mut late = Listener::open(&shop, "operator", "", &old);
    let heard = late.hear(2);
    assert_eq!(heard[0].0, "lost", "{heard:?}");
    assert!(heard[0].1["detail"].as_str().unwrap().contains("dropped"), "{heard:?}");
    // who listened all the time has missed nothing, though what it heard is long dropped
    assert_eq!(ids(&live.hear(4)), ["o-2/1", "o-2/2", "o-3/1", "o-3/2"]);
    // and the order's own history has it still
    assert_eq!(shop.get("operator", "/v1/orders/o-2/events").json()["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_stop_ends_the_streams_and_answers_who_waits() {
    let mut shop = Shop::open(&[]).await;
    shop.stock();
    let mut events = Listener::open(&shop, "operator", "?after=start", "");
    let mut live = TcpStream::connect(&shop.address).unwrap();
    write!(live, "GET /v1/live HTTP/1.0\r\nAuthorization: Bearer operator\r\n\r\n").unwrap();
    shop.order("o-1");
    events.hear(2);
    // a request under way while it stops: its body comes late, and it has its answer all the same
    let body = json!({"id": "late-00001", "type": "cancel_lines", "order_id": "o-1", "lines": [1]}).to_string();
    let mut late = TcpStream::connect(&shop.address).unwrap();
    write!(
        late,
        "POST /v1/commands HTTP/1.1\r\nHost: jumun\r\nAuthorization: Bearer operator\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    shop.server.signal("TERM");
    shop.server.says("stopping").await;
    late.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    late.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    late.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("\"accepted\""), "{answer}");
    let begun = Instant::now();
    while events.read() {
        assert!(begun.elapsed() < Duration::from_secs(10), "the stream goes on");
    }
    let mut rest = String::new();
    live.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    live.read_to_string(&mut rest).unwrap();
    while shop.server.ended_by().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(10), "it does not stop:\n{}", shop.server.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(shop.server.ended_by(), Some(0), "{}", shop.server.log());
}

/// A file of webhooks: `shop` gets everything, `paid` payments only.
fn hooks(all: &Receiver, paid: &Receiver, give_up: u64) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    let text = format!(
        "[[webhook]]\nname = \"shop\"\nurl = \"{}\"\nsecret = \"{SECRET}\"\ngive_up_seconds = {give_up}\n\
         [[webhook]]\nname = \"paid\"\nurl = \"{}\"\nsecret = \"{SECRET}\"\ntypes = [\"payment_approved\"]\n",
        all.url, paid.url
    );
    std::fs::write(file.path(), text).unwrap();
    file
}

/// What came twice comes under the same id; each order's sequence has no gap and no step back among first comings.
fn in_sequence(taken: &[String]) -> BTreeMap<String, usize> {
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for id in taken {
        let (order, sequence) = id.rsplit_once('/').unwrap();
        let (had, sequence) = (known.entry(order.to_owned()).or_default(), sequence.parse::<usize>().unwrap());
        assert!(sequence <= *had + 1, "a gap before {id}: {taken:?}");
        *had = sequence.max(*had);
    }
    known
}

#[tokio::test]
async fn webhooks_come_signed_in_sequence_through_failures_and_a_crash() {
    let (all, paid) = (Receiver::open(), Receiver::open());
    let file = hooks(&all, &paid, 600);
    let mut shop = Shop::open(&["--webhooks", file.path().to_str().unwrap()]).await;
    shop.stock();
    all.next(&[500, 503, 429, 200]);
    for n in 1..=4 {
        shop.order(&format!("o-{n}"));
    }
    all.until("four orders", |r| r.taken().len() >= 8).await;
    paid.until("their payments", |r| r.taken().len() >= 4).await;
    assert_eq!(paid.taken(), ["o-1/2", "o-2/2", "o-3/2", "o-4/2"]);
    assert_eq!(in_sequence(&all.taken()).len(), 4);
    let came = all.came();
    let first: Vec<u16> = came.iter().filter(|c| c.id == came[0].id).map(|c| c.status).collect();
    assert_eq!(first, [500, 503, 429, 200], "the same parcel under the same id");
    // killed while the receiver is down: the next owner goes on where it left off
    all.answers(|_| 500);
    shop.order("o-5");
    all.until("a try", |r| r.came().last().is_some_and(|c| c.status == 500)).await;
    shop.server.kill9();
    all.answers(|_| 200);
    shop.server = shop.setting.start();
    shop.server.ready().await;
    shop.address = shop.server.address().unwrap();
    shop.order("o-6");
    all.until("both", |r| in_sequence(&r.taken()).values().sum::<usize>() == 12).await;
    let page = shop.get("auditor", "/v1/webhooks").json();
    assert_eq!(
        (page["items"][0]["name"].as_str(), page["items"][0]["failed_deliveries"].as_i64()),
        (Some("shop"), Some(0))
    );
    assert_eq!(page["items"][0]["positions"].as_array().unwrap().len(), 1);
    assert!(!page.to_string().contains(SECRET) && !shop.server.log().contains(SECRET));
    let metrics = shop.get("metrics", "/metrics").body;
    assert!(metrics.contains("jumun_webhook_deliveries_total{webhook=\"shop\",outcome=\"delivered\"}"), "{metrics}");
}

#[tokio::test]
async fn what_a_receiver_will_not_take_is_kept_and_sent_again_or_discarded() {
    let (all, paid) = (Receiver::open(), Receiver::open());
    let file = hooks(&all, &paid, 600);
    let shop = Shop::open(&["--webhooks", file.path().to_str().unwrap()]).await;
    shop.stock();
    let bad = |order: &'static str| {
        move |body: &Value| {
            let holds = body["events"].as_array().unwrap().iter().any(|e| e["order_id"] == order);
            if holds { 422 } else { 200 }
        }
    };
    all.answers(bad("o-2"));
    for n in 1..=3 {
        shop.order(&format!("o-{n}"));
    }
    all.until("the others", |r| r.taken().len() == 4).await;
    let letters =
        || shop.get("auditor", "/v1/webhooks/shop/failed-deliveries").json()["items"].as_array().unwrap().clone();
    for _ in 0..500 {
        if letters().len() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let kept = letters();
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert_eq!(kept[0]["events"][0]["event_id"], "o-2/2", "newest first");
    assert_eq!(
        (kept[0]["attempts"].as_i64(), kept[0]["reason"].as_str()),
        (Some(5), Some("the receiver answered 422"))
    );
    let path =
        |n: usize| format!("/v1/webhooks/shop/failed-deliveries/{}", kept[n]["failed_delivery_id"].as_str().unwrap());
    // not yet
    let again = shop.ask("operator", "POST", &format!("{}/resend", path(1)), &[], b"");
    assert_eq!((again.status, reason(&again).as_str()), (502, "not_taken"), "{again:?}");
    all.answers(|_| 200);
    let again = shop.ask("operator", "POST", &format!("{}/resend", path(1)), &[("X-Request-Id", "by-hand-1")], b"");
    assert_eq!((again.status, again.json()["outcome"].as_str()), (200, Some("delivered")), "{again:?}");
    assert!(all.taken().contains(&"o-2/1".to_owned()));
    let gone = shop.ask("operator", "DELETE", &path(0), &[], b"");
    assert_eq!(gone.status, 200, "{gone:?}");
    assert_eq!(shop.ask("operator", "DELETE", &path(0), &[], b"").status, 404);
    assert!(letters().is_empty());
    let audit = shop.get("auditor", "/v1/audit").json();
    let noted: Vec<_> = audit["items"].as_array().unwrap().iter().map(|a| a["action"].as_str().unwrap()).collect();
    assert_eq!(noted[..3], ["WEBHOOK_DISCARDED", "WEBHOOK_RESENT", "WEBHOOK_RESENT"]);
    assert!(noted[3..].iter().all(|action| *action == "COMMAND"), "{noted:?}");
    assert_eq!(audit["items"][1]["request_id"], "by-hand-1");
    assert_eq!(audit["items"][1]["actor"], "operator:the-operator");
}

#[tokio::test]
async fn events_of_a_receiver_that_stays_away_are_put_aside_before_they_are_gone() {
    let (all, paid) = (Receiver::open(), Receiver::open());
    all.answers(|_| 500);
    let file = hooks(&all, &paid, 1);
    let shop = Shop::open(&["--webhooks", file.path().to_str().unwrap()]).await;
    shop.stock();
    shop.order("o-1");
    let letters =
        || shop.get("operator", "/v1/webhooks/shop/failed-deliveries").json()["items"].as_array().unwrap().clone();
    for _ in 0..500 {
        if letters().len() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let kept = letters();
    assert_eq!(kept.len(), 2, "{}", shop.server.log());
    assert!(kept.iter().all(|l| l["attempts"].as_i64() >= Some(1)), "each had a try of its own: {kept:?}");
    assert_eq!(paid.taken(), ["o-1/2"], "another receiver's trouble is not its own");
    all.answers(|_| 200);
    shop.order("o-2");
    all.until("what comes later", |r| r.taken() == ["o-2/1", "o-2/2"]).await;
}

#[tokio::test]
async fn a_person_is_erased_and_the_orders_stay() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    let place = |id: &str| {
        json!({"order_id": id, "customer_id": "u-1", "lines": [{"sku_id": "A", "quantity": 1}],
            "recipient": {"name": "김하늘", "phone": "010-1234-5678", "zip": "06236",
                "address": "서울 강남구 테헤란로 1", "address_detail": "101동"}})
    };
    for id in ["o-1", "o-2"] {
        shop.accepted("checkout", "/v1/orders", &format!("place-{id}"), &place(id));
        let pay = json!({"settlements": [{"method": "card", "amount": 13_000,
            "approval": {"approval_id": format!("a-{id}")}}]});
        shop.accepted("checkout", &format!("/v1/orders/{id}/approve_payment"), &format!("payment-{id}"), &pay);
    }
    shop.accepted("checkout", "/v1/orders/o-1/cancel_lines", "cancel-01", &json!({"lines": [1]}));
    shop.accepted(
        "payment",
        "/v1/orders/o-1/confirm_refund",
        "refunded-1",
        &json!({"refund_key": shop.get("operator", "/v1/orders/o-1").json()["refunds"][0]["refund_key"]}),
    );
    // letters hold commands as they came: his, readable or not, and somebody else's
    let log = RedisLog::connect(&redis_url(), &shop.namespace).await.unwrap();
    for raw in [
        r#"{"customer_id":"u-1","recipient":{"name":"김하늘"}"#,
        r#"{"customer_id":"u-1"}"#,
        r#"{"customer_id":"u-2"}"#,
    ] {
        log.append(0, Inbound::Commands, &[raw.as_bytes().into()]).await.unwrap();
    }
    let letters = || shop.get("auditor", "/v1/dead-letters").json()["items"].as_array().unwrap().clone();
    let begun = Instant::now();
    while letters().len() < 3 {
        assert!(begun.elapsed() < Duration::from_secs(20), "the letters do not come");
    }
    let before = shop.get("operator", "/v1/orders/o-1").json();
    let denied = shop.ask("auditor", "POST", "/v1/customers/u-1/erase", &[], b"");
    assert_eq!(denied.status, 403);
    let done = shop.ask("operator", "POST", "/v1/customers/u-1/erase", &[], b"").json();
    assert_eq!(
        done,
        json!({"customer_id": "u-1", "orders": 1, "rows": 1, "texts": 0, "dead_letters": 2, "pending": ["o-2"], "pending_orders": 1,
            "unprocessed_commands": 0})
    );
    let after = shop.get("operator", "/v1/orders/o-1").json();
    assert_eq!((before["recipient"]["name"].as_str(), &after["recipient"]), (Some("김*늘"), &Value::Null));
    let mut stays = before;
    stays["recipient"] = Value::Null;
    assert_eq!(after, stays, "money and history stay");
    assert_eq!(letters().len(), 1);
    let left = persons(&shop).await;
    assert_eq!(left, ["o-2"], "what is under way is still delivered");
    let (code, found) = crate::support::process::verify(&shop.setting);
    assert_eq!(code, Some(0), "{found}");
    let audit = shop.get("auditor", "/v1/audit").json();
    assert_eq!(audit["items"][0]["target"], "customer:u-1");
}

/// The orders that keep personal data.
async fn persons(shop: &Shop) -> Vec<String> {
    use sqlx::Connection as _;
    let mut connection = sqlx::PgConnection::connect(&shop.setting.database).await.unwrap();
    sqlx::query_scalar("SELECT DISTINCT ord_id FROM tb_od_ord_prsn").fetch_all(&mut connection).await.unwrap()
}
