//! What any client of the two doors may rely on: a body means one thing, and a command may say which order it was made for.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use jumun::{domain::status::Status, integrations::signature::HEADER};
use serde_json::{Value, json};

use crate::support::{
    client::Client,
    http::ask,
    payments::{SECRET, signed},
    process::{Setting, run},
    servers::{fresh_database, redis_url},
    shop::{Shop, reason},
};

/// The kind: a body that two readers read differently. Whatever is there twice, and however deep, nobody takes it, and both
/// doors say the same.
#[tokio::test]
async fn a_field_that_is_there_twice_is_refused_by_both_doors() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    shop.order("o-1");
    let stream = Client::new(&redis_url(), &shop.namespace, 1).await;
    let bodies = [
        // the found one, and the same where it hides in other objects of the body
        (
            "quantity",
            r#""type":"place_order","order_id":"t-1","customer_id":"u-1","lines":[{"sku_id":"A","quantity":1,"quantity":5}]"#,
        ),
        (
            "lines",
            r#""type":"place_order","order_id":"t-2","customer_id":"u-1","lines":[{"sku_id":"A","quantity":1}],"lines":[{"sku_id":"B","quantity":1}]"#,
        ),
        (
            "zip",
            r#""type":"place_order","order_id":"t-3","customer_id":"u-1","lines":[{"sku_id":"A","quantity":1}],"recipient":{"name":"n","phone":"0","zip":"04524","zip":"63100","address":"a"}"#,
        ),
        (
            "amount",
            r#""type":"approve_payment","order_id":"o-1","settlements":[{"method":"card","amount":1,"amount":2,"approval":{"approval_id":"x"}}]"#,
        ),
        ("type", r#""type":"prepare","type":"cancel_payment","order_id":"o-1""#),
        ("quantity", r#""type":"receive_stock","sku_id":"A","quantity":1,"quantity":1"#),
        ("lines", r#""type":"preview","order_id":"o-1","command":{"type":"cancel_lines","lines":[1],"lines":[1]}"#),
        (
            "line_no",
            r#""type":"preview","order_id":"o-1","command":{"type":"request_return","lines":[{"line_no":1,"line_no":1,"quantity":1}],"reason":"other","fault":"buyer"}"#,
        ),
        ("actor", r#""type":"prepare","order_id":"o-1","actor":"operator:the-operator""#),
    ];
    let before = shop.get("operator", "/v1/orders/o-1").body;
    for (n, (field, own)) in bodies.into_iter().enumerate() {
        let id = format!("twice-000{n}");
        let body = format!(r#"{{"id":"{id}","actor":"operator:the-operator",{own}}}"#);
        let http = shop.ask("operator", "POST", "/v1/commands", &[], body.as_bytes());
        assert_eq!((http.status, reason(&http).as_str()), (422, "invalid"), "{body}: {http:?}");
        stream.log_raw(body.as_bytes()).await;
        let answer = stream.wait(&[&id]).await.remove(0);
        assert_eq!(answer.reason.as_deref(), Some("invalid"), "{body}: {answer:?}");
        for said in [http.json()["detail"].as_str().unwrap(), answer.message.as_deref().unwrap()] {
            assert!(said.contains(&format!("duplicate field `{field}`")), "{body}: {said}");
        }
    }
    // the paths that name what the body then need not
    for (path, body) in [
        (
            "/v1/orders",
            r#"{"order_id":"t-4","customer_id":"u-1","customer_id":"u-1","lines":[{"sku_id":"A","quantity":1}]}"#,
        ),
        ("/v1/orders/o-1/cancel_lines", r#"{"lines":[1],"lines":[1]}"#),
        ("/v1/orders/o-1/preview", r#"{"command":{"type":"cancel_lines","lines":[1],"\u006cines":[1]}}"#),
        ("/v1/commands/receive_stock", r#"{"sku_id":"A","quantity":1,"quantity":1}"#),
    ] {
        let headers = [("Idempotency-Key", "twice-0100")];
        let http = shop.ask("operator", "POST", path, &headers, body.as_bytes());
        assert_eq!((http.status, reason(&http).as_str()), (422, "invalid"), "{path}: {http:?}");
        assert!(http.body.contains("duplicate field"), "{path}: {http:?}");
    }
    // the payment side's word
    for event in [
        r#"{"type":"payment_approved","event_id":"e-1","event_id":"e-2","order_id":"o-1","settlements":[]}"#,
        r#"{"type":"payment_approved","type":"payment_declined","event_id":"e-1","order_id":"o-1","settlements":[]}"#,
        r#"{"type":"payment_approved","event_id":"e-1","order_id":"o-1","settlements":[{"method":"card","amount":1,"amount":1,"approval":{"approval_id":"x"}}]}"#,
        r#"{"type":"deposit_confirmed","event_id":"e-1","order_id":"o-1","amount":1,"amount":13000}"#,
    ] {
        let signature = signed(SECRET, 0, event.as_bytes());
        let http = shop.ask("", "POST", "/v1/payment-callbacks", &[(HEADER, &signature)], event.as_bytes());
        assert_eq!((http.status, reason(&http).as_str()), (422, "invalid"), "{event}: {http:?}");
        assert!(http.body.contains("duplicate field"), "{event}: {http:?}");
    }
    // and headers, of which a proxy may read the other
    let own = json!({"order_id": "t-5", "customer_id": "u-1", "lines": [{"sku_id": "A", "quantity": 1}]}).to_string();
    for (name, one, other) in [
        ("Idempotency-Key", "twice-0200", "twice-0201"),
        ("X-Customer-Id", "u-1", "u-2"),
        ("If-Match", "\"1\"", "\"2\""),
    ] {
        let mut headers = vec![(name, one), (name, other)];
        for more in [("Idempotency-Key", "twice-0202"), ("X-Customer-Id", "u-1")] {
            if more.0 != name {
                headers.push(more);
            }
        }
        let http = shop.ask("checkout", "POST", "/v1/orders", &headers, own.as_bytes());
        assert_eq!((http.status, reason(&http).as_str()), (400, "invalid"), "{name}: {http:?}");
        assert!(http.body.contains("is there twice"), "{name}: {http:?}");
    }
    // nothing of all this took effect
    assert_eq!(shop.get("operator", "/v1/orders/o-1").body, before);
    assert_eq!(shop.get("operator", "/v1/skus/A").json()["on_hand"], 9);
    for order in ["t-1", "t-2", "t-3", "t-4", "t-5"] {
        assert_eq!(shop.get("operator", &format!("/v1/orders/{order}")).status, 404, "{order}");
    }
    // what two ids say goes to nobody
    stream
        .log_raw(br#"{"id":"twice-0300","id":"twice-0301","type":"prepare","order_id":"o-1","actor":"operator:o"}"#)
        .await;
    let one = r#"{"id":"twice-0302","type":"prepare","order_id":"o-9","actor":"operator:o"}"#;
    stream.log_raw(one.as_bytes()).await;
    stream.wait(&["twice-0302"]).await;
    let letters = shop.get("operator", "/v1/dead-letters").json();
    assert!(letters.to_string().contains("two ids"), "{letters}");
}

/// The kind: a name on a closed list that is not on it, in a file.
#[tokio::test]
async fn a_webhook_for_an_event_that_never_comes_is_refused_at_the_start() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let hook =
        "[[webhook]]\nname = \"warehouse\"\nurl = \"http://127.0.0.1:9/in\"\nsecret = \"0123456789abcdef01234567\"\n";
    std::fs::write(file.path(), format!("{hook}types = [\"payment_aproved\", \"cut\"]\n")).unwrap();
    let mut setting = Setting {
        database: fresh_database().await,
        redis: redis_url(),
        namespace: format!("c{}", &uuid::Uuid::now_v7().simple().to_string()[8..]),
        instance: "a".into(),
        partitions: 1,
        more: Vec::new(),
        failpoints: String::new(),
        variables: Vec::new(),
    };
    setting = setting.with(&["--webhooks", file.path().to_str().unwrap()]);
    let server = setting.start();
    let begun = Instant::now();
    while server.ended_by().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(30), "it starts all the same: {}", server.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let log = server.log();
    assert!(log.contains("webhook warehouse") && log.contains("payment_aproved"), "{log}");
}

fn etag(shop: &Shop, order: &str) -> String {
    shop.get("checkout", &format!("/v1/orders/{order}")).header("etag").unwrap().to_owned()
}

/// The kind: a command that was made for an order as it was, and comes when it is otherwise.
#[tokio::test]
async fn a_command_for_another_version_is_refused() {
    let shop = Shop::wide(3, &[]).await;
    shop.stock();
    let place = json!({"order_id": "o-1", "customer_id": "u-1",
        "lines": [{"sku_id": "A", "quantity": 1}, {"sku_id": "A", "quantity": 2}]});
    shop.accepted("checkout", "/v1/orders", "place-o-1", &place);
    let unpaid = etag(&shop, "o-1");
    let pay = json!({"settlements": [{"method": "card", "amount": 33_000, "approval": {"approval_id": "a-o-1"}}]});
    shop.accepted("checkout", "/v1/orders/o-1/approve_payment", "payment-1", &pay);
    let send = |path: &str, id: &str, tag: &str, body: &Value| {
        let mut headers = vec![("Idempotency-Key", id), ("X-Customer-Id", "u-1")];
        if !tag.is_empty() {
            headers.push(("If-Match", tag));
        }
        shop.ask("checkout", "POST", path, &headers, body.to_string().as_bytes())
    };
    let cancel = json!({"lines": [1]});
    // by the path or not, by the header or the field: made for the unpaid order
    let version = |n: u32| json!({"lines": [1], "expected_version": n});
    let whole = json!({"type": "cancel_lines", "order_id": "o-1", "lines": [1], "expected_version": 1});
    for (n, reply) in [
        send("/v1/orders/o-1/cancel_lines", "cancel-001", &unpaid, &cancel),
        send("/v1/orders/o-1/cancel_lines", "cancel-002", &format!("W/{unpaid}"), &cancel),
        send("/v1/orders/o-1/cancel_lines", "cancel-003", "", &version(1)),
        send("/v1/commands/cancel_lines", "cancel-004", &unpaid, &json!({"order_id": "o-1", "lines": [1]})),
        send("/v1/commands", "cancel-005", "", &whole),
        send(
            "/v1/orders/o-1/preview",
            "preview-01",
            &unpaid,
            &json!({"command": {"type": "cancel_lines", "lines": [1]}}),
        ),
        send(
            "/v1/orders/o-1/preview",
            "preview-02",
            "",
            &json!({"command": {"type": "cancel_lines", "lines": [1], "expected_version": 7}}),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!((reply.status, reason(&reply).as_str()), (412, "version_mismatch"), "{n}: {reply:?}");
        let told = reply.json();
        assert_eq!((&told["order_version"], &told["facts"]["version"]), (&json!(2), &json!(2)), "{told}");
        assert_eq!(told["facts"]["expected_version"], if n == 6 { 7 } else { 1 }, "{told}");
    }
    assert_eq!(etag(&shop, "o-1"), "\"2\"", "nothing was done");
    // made for it as it is: done, once, and told again although it has gone on by that
    let done = send("/v1/orders/o-1/cancel_lines", "cancel-010", "\"2\"", &cancel);
    let again = send("/v1/orders/o-1/cancel_lines", "cancel-010", "\"2\"", &cancel);
    assert_eq!((done.status, again.status), (200, 200), "{done:?} {again:?}");
    let without_entry = |reply: &crate::support::http::Reply| {
        let mut answer = reply.json();
        answer.as_object_mut().unwrap().remove("entry");
        answer
    };
    assert_eq!(without_entry(&done), without_entry(&again));
    // other content is other content
    let other = send("/v1/orders/o-1/cancel_lines", "cancel-010", "\"3\"", &cancel);
    assert_eq!(reason(&other), "command_id_reused");
    // on the stream, to whichever partition: the lane of the order decides
    let stream = Client::new(&redis_url(), &shop.namespace, 3).await;
    let mine = |id: &str, version: u32| {
        json!({"id": id, "type": "cancel_lines", "actor": "buyer:u-1", "order_id": "o-1", "lines": [2],
            "expected_version": version})
        .to_string()
    };
    stream.log_raw(mine("stream-002", 2).as_bytes()).await;
    assert_eq!(stream.wait(&["stream-002"]).await[0].reason.as_deref(), Some("version_mismatch"));
    stream.log_raw(mine("stream-003", 3).as_bytes()).await;
    assert_eq!(stream.wait(&["stream-003"]).await[0].order_version, Some(4));
    // what is no version, or of nothing that has one
    for (path, tag, body) in [
        ("/v1/orders/o-1/cancel_lines", "2", json!({"lines": [2]})),
        ("/v1/orders/o-1/cancel_lines", "\"2\", \"3\"", json!({"lines": [2]})),
        ("/v1/orders/o-1/cancel_lines", "\"x\"", json!({"lines": [2]})),
        ("/v1/orders/o-1/cancel_lines", "\"4\"", version(3)),
        ("/v1/orders/o-1/cancel_lines", "", json!({"lines": [2], "expected_version": "4"})),
        (
            "/v1/orders/o-1/preview",
            "\"4\"",
            json!({"command": {"type": "cancel_lines", "lines": [2], "expected_version": 3}}),
        ),
        (
            "/v1/orders",
            "\"1\"",
            json!({"order_id": "o-2", "customer_id": "u-1", "lines": [{"sku_id": "A", "quantity": 1}]}),
        ),
    ] {
        let reply = send(path, "invalid-01", tag, &body);
        assert_eq!((reply.status, reason(&reply).as_str()), (422, "invalid"), "{path} {tag} {body}: {reply:?}");
    }
    let stock = json!({"sku_id": "A", "quantity": 1, "expected_version": 1});
    assert_eq!(shop.send("operator", "/v1/commands/receive_stock", "invalid-02", &stock).status, 422);
    // who may not see it hears nothing of its version, and an order that is not there has none
    let stranger = [("Idempotency-Key", "other-0001"), ("X-Customer-Id", "u-2"), ("If-Match", "\"4\"")];
    let reply = shop.ask("checkout", "POST", "/v1/orders/o-1/cancel_lines", &stranger, cancel.to_string().as_bytes());
    assert_eq!(reply.status, 404, "{reply:?}");
    let unknown = json!({"order_id": "o-9", "lines": [1], "expected_version": 4});
    assert_eq!(reason(&shop.send("operator", "/v1/commands/cancel_lines", "other-0002", &unknown)), "unknown_order");
}

/// The kind: two who act on what they both saw. One of them is told.
#[tokio::test]
async fn of_two_who_saw_the_same_order_one_acts() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    shop.order("o-1");
    let acts: Vec<_> = std::thread::scope(|scope| {
        let one = |n: usize| {
            let shop = &shop;
            scope.spawn(move || {
                let id = format!("prepare-{n:03}");
                let headers = [("Idempotency-Key", id.as_str()), ("If-Match", "\"2\"")];
                let (path, body) =
                    if n.is_multiple_of(2) { ("prepare", "{}") } else { ("cancel_lines", r#"{"lines":[1]}"#) };
                shop.ask("operator", "POST", &format!("/v1/orders/o-1/{path}"), &headers, body.as_bytes())
            })
        };
        let all: Vec<_> = (0..8).map(one).collect();
        all.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let accepted = acts.iter().filter(|r| r.status == 200).count();
    let told = acts.iter().filter(|r| r.status == 412 && reason(r) == "version_mismatch").count();
    assert_eq!((accepted, told), (1, 7), "{acts:?}");
}

/// The kind: a command that is sent again. However often, and whatever it was told, it is one in the figures.
#[tokio::test]
async fn what_is_sent_again_counts_once() {
    let shop = Shop::wide(2, &[]).await;
    shop.stock();
    let place = |sku: &str, quantity: u32, order: &str| json!({"order_id": order, "customer_id": "u-1", "lines": [{"sku_id": sku, "quantity": quantity}]});
    let count = |series: &str| {
        let text = shop.get("operator", "/metrics").body;
        let of = text.lines().filter_map(|l| l.strip_prefix(series)?.strip_prefix(' ')?.parse::<f64>().ok());
        of.sum::<f64>()
    };
    // accepted, at once and over two lanes, and refused
    let both = json!({"order_id": "o-2", "customer_id": "u-1", "lines": [{"sku_id": "A", "quantity": 1}, {"sku_id": "B", "quantity": 1}]});
    for _ in 0..5 {
        shop.accepted("checkout", "/v1/orders", "place-o-1", &place("A", 1, "o-1"));
        shop.accepted("checkout", "/v1/orders", "place-o-2", &both);
        assert_eq!(shop.send("checkout", "/v1/orders", "place-o-3", &place("A", 99, "o-3")).status, 409);
        shop.accepted("operator", "/v1/commands/receive_stock", "stock-more", &json!({"sku_id": "A", "quantity": 1}));
    }
    // both at once
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| shop.accepted("checkout", "/v1/orders", "place-o-4", &place("B", 1, "o-4")));
        }
    });
    let accepted = count("jumun_commands_total{type=\"place_order\",outcome=\"accepted\"}");
    assert!((accepted - 3.0).abs() < 0.1, "{accepted} orders were placed");
    let orders = shop.get("operator", "/v1/orders").json()["items"].as_array().unwrap().len();
    assert_eq!(orders, 3);
    for (series, n) in [
        ("jumun_commands_total{type=\"place_order\",outcome=\"rejected\"}", 1.0),
        ("jumun_refusals_total{reason=\"insufficient_stock\"}", 1.0),
        ("jumun_commands_total{type=\"receive_stock\",outcome=\"accepted\"}", 3.0),
        ("jumun_duplicate_commands_total{type=\"place_order\"}", 4.0 + 4.0 + 4.0 + 3.0),
        ("jumun_duplicate_commands_total{type=\"receive_stock\"}", 4.0),
    ] {
        let found = count(series);
        assert!((found - n).abs() < 0.1, "{series}: {found}, not {n}");
    }
}

/// The kind: a start with nothing but the binary. A shop to look at, and commands without Redis.
#[tokio::test]
async fn a_sample_shop_has_an_order_in_every_status() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("sample.db").display());
    let mut setting = Setting {
        database: database.clone(),
        redis: String::new(),
        namespace: "sample".into(),
        instance: "a".into(),
        partitions: 2,
        more: Vec::new(),
        failpoints: String::new(),
        variables: Vec::new(),
    };
    setting = setting.with(&["--sample"]);
    let mut server = setting.start();
    server.says("jumun: the console is at http://127.0.0.1:").await;
    server.ready().await;
    let address = server.address().unwrap();
    let get = |path: &str| ask(&address, "GET", path, &[], b"").json();
    let (mut orders, mut lines) = (BTreeSet::new(), BTreeSet::new());
    for order in get("/v1/orders?limit=100")["items"].as_array().unwrap() {
        orders.insert(order["status"].as_str().unwrap().to_owned());
        let whole = get(&format!("/v1/orders/{}", order["order_id"].as_str().unwrap()));
        lines.extend(whole["lines"].as_array().unwrap().iter().map(|l| l["status"].as_str().unwrap().to_owned()));
    }
    let all: BTreeSet<String> = orders.union(&lines).cloned().collect();
    let every: BTreeSet<String> = Status::ALL.iter().map(|s| s.code().to_owned()).collect();
    assert_eq!(all, every, "of orders {orders:?}, of lines {lines:?}");
    // its books are in order, and it is a shop: a command by the command line
    let command = folder.path().join("command.json");
    let stock = |id: &str, quantity: &str| {
        format!(
            r#"{{"id":"{id}","type":"receive_stock","actor":"operator:me","sku_id":"AC-100","quantity":{quantity}}}"#
        )
    };
    let url = format!("http://{address}");
    for (json, status, says) in [
        (stock("send-00001", "5"), 0, "\"accepted\""),
        (stock("send-00001", "6"), 1, "command_id_reused"),
        (stock("send-00002", "5,\"quantity\":6"), 4, "duplicate field `quantity`"),
        (stock("send-00003", "\"x\""), 1, "invalid"),
        ("{\"id\":\"send-00004\"}".to_owned(), 4, "422"),
    ] {
        std::fs::write(&command, &json).unwrap();
        let (code, told) = run(&["send", "--http", &url, command.to_str().unwrap()]);
        assert_eq!(code, Some(status), "{json}: {told}");
        assert!(told.contains(says), "{json}: {told}");
    }
    let (code, told) = run(&["send", "--http", "http://127.0.0.1:1", command.to_str().unwrap()]);
    assert!(code == Some(4) && told.contains("can't be reached"), "{told}");
    // once
    server.signal("TERM");
    let begun = Instant::now();
    while server.ended_by().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{}", server.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (code, report) = run(&["verify", "--database", &database]);
    assert_eq!(code, Some(0), "{report}");
    let again = setting.start();
    let begun = Instant::now();
    while again.ended_by().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(30), "it fills a shop twice: {}", again.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(again.log().contains("has orders already"), "{}", again.log());
}

/// The kind: a proxy that keeps connections. They are open for longer than it keeps them.
#[tokio::test]
async fn an_idle_connection_lives_as_long_as_is_said() {
    use std::io::{Read as _, Write as _};
    for (more, open) in [(&[][..], true), (&["--keep-alive", "2"][..], false)] {
        let shop = Shop::embedded(more).await;
        let mut socket = std::net::TcpStream::connect(&shop.address).unwrap();
        let get = b"GET /healthz HTTP/1.1\r\nHost: jumun\r\n\r\n";
        let mut bytes = [0; 4096];
        socket.write_all(get).unwrap();
        assert!(socket.read(&mut bytes).unwrap() > 0);
        tokio::time::sleep(Duration::from_secs(7)).await; // five were too few
        let kept = socket.write_all(get).and_then(|()| socket.read(&mut bytes)).is_ok_and(|n| n > 0);
        assert_eq!(kept, open, "{more:?}");
    }
}
