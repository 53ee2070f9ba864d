//! The HTTP API of the real binary: who may do what, what is answered, what is refused and how.

use std::{collections::BTreeSet, io::Write as _, net::TcpStream, time::Duration};

use jumun::{
    http::{access::Access, console, openapi::openapi, orders::OrderPart, routes, tokens::Role},
    integrations::signature::HEADER,
    protocol::command::Wire,
};
use serde_json::{Value, json};

use crate::support::{
    http::read,
    payments::{SECRET, signed},
    servers::redis_url,
    shop::{Shop, bearer, reason},
};

/// A path of the pattern, for an order that is u-1's.
pub fn filled(pattern: &str) -> String {
    let part = if pattern.contains("/{part}") { "lines" } else { "x" };
    let id = if pattern.starts_with("/v1/orders") { "o-1" } else { "nothing-1" };
    pattern
        .replace("{id}", id)
        .replace("{part}", part)
        .replace("{partition}", "0")
        .replace("{letter}", "1-1")
        .replace("{name}", "nothing")
        .replace("{file}", "app.js")
}

#[tokio::test]
async fn f42_every_route_denies_without_a_token_and_with_the_wrong_role() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    shop.order("o-1");
    let mut guarded = 0;
    for route in routes::all() {
        let (method, path) = (route.method.as_str(), filled(route.path));
        if matches!(route.access, Access::Signed) {
            for (secret, ago) in [("", 0), ("another secret than theirs", 0), (SECRET, 400)] {
                let signature = if secret.is_empty() { String::new() } else { signed(secret, ago, b"{}") };
                let reply = shop.ask("operator", method, &path, &[(HEADER, &signature)], b"{}");
                assert_eq!((reply.status, reason(&reply).as_str()), (401, "bad_signature"), "{method} {path}");
            }
            let reply = shop.ask("", method, &path, &[(HEADER, &signed(SECRET, 0, b"{}"))], b"{}");
            assert_eq!(reply.status, 422, "{method} {path}: {reply:?}");
            continue;
        }
        let Access::Roles(roles) = route.access else {
            let open = shop.ask("", method, &path, &[], b"");
            assert!(!matches!(open.status, 401 | 403), "{method} {path}: {open:?}");
            continue;
        };
        guarded += 1;
        // as it is, and with a letter encoded, which the routing takes for the same
        let own = path.strip_prefix("/v1").unwrap_or(&path).len();
        let (first, last) = (path.len() - own + 1, path.rfind(|c: char| c.is_ascii_lowercase()).unwrap());
        let encoded = |at: usize| format!("{}%{:02x}{}", &path[..at], path.as_bytes()[at], &path[at + 1..]);
        for path in [path.clone(), encoded(first), encoded(last)] {
            for token in ["", "nobody", "OPERATOR"] {
                let reply = shop.ask(token, method, &path, &[("X-Customer-Id", "u-1")], b"{}");
                assert_eq!((reply.status, reason(&reply).as_str()), (401, "no_token"), "{method} {path} {token:?}");
                assert_eq!(reply.header("content-type"), Some("application/problem+json"));
            }
        }
        for role in Role::ALL {
            if matches!(path.as_str(), "/v1/live" | "/v1/events") && roles.contains(&role) {
                continue; // it never ends
            }
            let reply = shop.ask(role.word(), method, &path, &[("X-Customer-Id", "u-1")], b"");
            if roles.contains(&role) {
                assert!(reply.status != 401, "{method} {path} {role:?}: {reply:?}");
            } else {
                assert_eq!((reply.status, reason(&reply).as_str()), (403, "forbidden"), "{method} {path} {role:?}");
            }
        }
    }
    assert!(guarded > 12, "{guarded} routes are guarded");
    let log = shop.server.log();
    assert!(log.contains("denied") && log.contains("/v1/dead-letters"), "{log}");
    assert!(!log.contains("nobody"), "the log holds a token: {log}");
}

/// The kind: what the lane refuses, after the HTTP API let it through.
#[tokio::test]
async fn a_refusal_of_the_lane_is_a_line_in_the_log_too() {
    let shop = Shop::start(&[]).await;
    let actor = |actor: &str, mut body: serde_json::Value| {
        body["actor"] = actor.into();
        body
    };
    for (id, command) in [
        ("set-0001", json!({"type": "create_template", "template_id": "t-1", "partner_id": "p-1", "name": "t"})),
        (
            "set-0002",
            json!({"type": "create_product", "product_id": "g-1", "name": "g", "kind": "goods", "product_type": "normal",
                "price": 10_000, "partner_id": "p-1", "template_id": "t-1", "bundled": true, "delivery_fee": 3_000,
                "lead_time_days": 2}),
        ),
        ("set-0003", json!({"type": "create_sku", "sku_id": "A", "product_id": "g-1", "option_name": "o"})),
        ("set-0004", json!({"type": "receive_stock", "sku_id": "A", "quantity": 9})),
    ] {
        shop.accepted("", "/v1/commands", id, &actor("operator:boss", command));
    }
    let place = json!({"order_id": "o-1", "customer_id": "u-1", "lines": [{"sku_id": "A", "quantity": 1}]});
    shop.accepted("", "/v1/orders", "place-o-1", &actor("buyer:u-1", place));
    let before = shop.server.metric("jumun_http_denied_total");
    let reply = shop.send("", "/v1/orders/o-1/cancel_payment", "cancel-o-1", &actor("buyer:u-9", json!({})));
    assert_eq!((reply.status, reason(&reply).as_str()), (403, "forbidden"), "{reply:?}");
    assert_eq!(shop.server.metric("jumun_http_denied_total") - before, 1.0);
    let log = shop.server.log();
    assert!(log.contains("denied") && log.contains("/v1/orders/o-1/cancel_payment"), "{log}");
}

#[tokio::test]
async fn goods_are_shown_to_a_checkout_that_asks_for_nobody() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    for (path, status) in [("/v1/me", 200), ("/v1/skus/A", 200), ("/v1/products/g-1", 200), ("/v1/orders", 403)] {
        let reply = shop.ask("checkout", "GET", path, &[], b"");
        assert_eq!(reply.status, status, "{path}: {reply:?}");
    }
    for path in ["/", "/healthz", "/readyz"] {
        let reply = shop.ask("", "HEAD", path, &[], b"");
        assert_eq!((reply.status, reply.body.as_str()), (200, ""), "{path}: {reply:?}");
    }
    // what may be a card number is not kept, however it comes
    let number = "4111111111111111";
    let hidden = "%34111111111111111";
    for path in [format!("/v1/orders/{number}"), format!("/v1/orders/{hidden}")] {
        assert_eq!(shop.ask("", "GET", &path, &[("X-Request-Id", "id-4111-1111-1111-1111")], b"").status, 401);
    }
    assert_eq!(shop.get("operator", "/v1/orders?status=NIX").status, 422);
    let log = shop.server.log();
    assert!(log.contains("/v1/orders/") && log.contains("request_id"), "{log}");
    for part in [number, hidden, "4111-1111"] {
        assert!(!log.contains(part), "{log}");
    }
}

#[tokio::test]
async fn f42_somebody_elses_order_is_not_there() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    shop.order("o-1");
    let other = [("X-Customer-Id", "u-2"), ("Idempotency-Key", "try-00001")];
    for route in routes::all().iter().filter(|r| r.path.starts_with("/v1/orders/{id}")) {
        for (token, command) in [("checkout", "cancel_lines"), ("partner2", "prepare")] {
            let part = if route.method == "POST" { command } else { "lines" };
            let path = filled(route.path).replace("lines", part);
            let reply = shop.ask(token, route.method.as_str(), &path, &other, b"{}");
            let role = if token == "checkout" { Role::Checkout } else { Role::Partner };
            let told = if route.access.lets(role) { (404, "not_found") } else { (403, "forbidden") };
            assert_eq!((reply.status, reason(&reply).as_str()), told, "{token} {path}: {reply:?}");
        }
        let staff = shop.ask("auditor", "GET", &filled(route.path), &[], b"");
        // whom goods go to is for who sends, not for who looks on
        let told = if ["/recipient", "/accounts"].iter().any(|end| route.path.ends_with(end)) { 403 } else { 200 };
        assert_eq!(staff.status, told, "{staff:?}");
    }
    // what is not there looks the same
    let nothing = shop.ask("checkout", "GET", "/v1/orders/o-9", &other, b"").json()["detail"].to_string();
    let theirs = shop.ask("checkout", "GET", "/v1/orders/o-1", &other, b"").json()["detail"].to_string();
    assert_eq!(nothing.replace("o-9", "o-1"), theirs);
    let list = shop.ask("checkout", "GET", "/v1/orders", &other, b"");
    assert_eq!(list.json(), json!({"items": []}));
    let named = shop.ask("checkout", "GET", "/v1/orders?customer_id=u-1", &other, b"");
    assert_eq!(named.status, 403);
    let command = shop.ask("checkout", "GET", "/v1/commands/payment-o-1", &other, b"");
    assert_eq!(command.status, 404);
    // nor can a name be borrowed
    for (token, path, body) in [
        (
            "checkout",
            "/v1/orders",
            json!({"order_id": "o-2", "customer_id": "u-2", "lines": [{"sku_id": "A", "quantity": 1}]}),
        ),
        ("checkout", "/v1/orders/o-1/cancel_lines", json!({"actor": "operator:me", "lines": [1]})),
        ("checkout", "/v1/orders/o-1/cancel_lines", json!({"actor": "buyer:u-2", "lines": [1]})),
        ("partner", "/v1/orders/o-1/prepare", json!({"actor": "seller:p-2"})),
        ("partner", "/v1/orders/o-1/approve_payment", json!({"settlements": []})),
        ("checkout", "/v1/orders/o-1/confirm_refund", json!({"refund_key": "rf:o-1:1"})),
        ("checkout", "/v1/orders/o-1/confirm_deposit", json!({"amount": 13_000})),
        ("checkout", "/v1/commands", json!({"type": "receive_stock", "sku_id": "A", "quantity": 1})),
    ] {
        let reply = shop.send(token, path, "try-00002", &body);
        assert_eq!((reply.status, reason(&reply).as_str()), (403, "forbidden"), "{token} {body}: {reply:?}");
    }
    assert!(shop.server.log().contains("somebody else's order"));
    // its own seller may
    shop.accepted("partner", "/v1/orders/o-1/prepare", "prep-0001", &json!({}));
}

#[tokio::test]
async fn an_order_is_a_resource() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    for n in 1..=5 {
        shop.order(&format!("o-{n}"));
    }
    // the same key gets the same answer, other content is refused
    let place = json!({"order_id": "o-1", "customer_id": "u-1", "lines": [{"sku_id": "A", "quantity": 1}]});
    let again = shop.accepted("checkout", "/v1/orders", "place-o-1", &place);
    assert_eq!(again["order_version"], 1);
    let other = json!({"order_id": "o-1", "customer_id": "u-1", "lines": [{"sku_id": "A", "quantity": 2}]});
    assert_eq!(reason(&shop.send("checkout", "/v1/orders", "place-o-1", &other)), "command_id_reused");
    // conditional reads
    let first = shop.get("checkout", "/v1/orders/o-1");
    assert_eq!((first.status, first.header("etag")), (200, Some("\"2\"")));
    assert_eq!(first.json()["status_korean"], "주문");
    assert_eq!(first.json()["settlements"][0]["refundable"], 13_000);
    let known = [("X-Customer-Id", "u-1"), ("If-None-Match", "\"2\"")];
    let same = shop.ask("checkout", "GET", "/v1/orders/o-1", &known, b"");
    assert_eq!((same.status, same.body.as_str()), (304, ""));
    shop.accepted("checkout", "/v1/orders/o-1/cancel_lines", "cancel-01", &json!({"lines": [1]}));
    let changed = shop.ask("checkout", "GET", "/v1/orders/o-1", &known, b"");
    assert_eq!((changed.status, changed.json()["status"].as_str()), (200, Some("CANCELLED")));
    // its parts
    for (part, holds) in [
        ("lines", json!([{"line_no": 1, "status": "CANCELLED"}])),
        ("payments", json!([{"planned": 13_000, "refundable": 0}])),
        ("refunds", json!([{"amount": 13_000, "state": "due"}])),
        ("fees", json!([{"amount": 3_000, "refunded": 3_000}])),
        ("claims", json!({"cancellations": [{"quantity": 1, "amount": 10_000}]})),
        ("procurements", json!([])),
        ("linked-orders", json!([])),
    ] {
        let got = shop.get("checkout", &format!("/v1/orders/o-1/{part}"));
        assert_eq!(got.status, 200, "{part}: {got:?}");
        assert!(includes(&got.json(), &holds), "{part}: {}", got.body);
    }
    assert_eq!(shop.get("checkout", "/v1/orders/o-1/nix").status, 404);
    let told = shop.get("checkout", "/v1/orders/o-1/timeline").json();
    let what: Vec<&str> = told["entries"].as_array().unwrap().iter().filter_map(|e| e["what"].as_str()).collect();
    assert_eq!(what, ["placed", "payment_approved", "cut"]);
    // refusals keep their reason codes
    let late = shop.send("checkout", "/v1/orders/o-1/cancel_lines", "cancel-02", &json!({"lines": [1]}));
    assert_eq!((late.status, reason(&late).as_str()), (409, "illegal_transition"));
    let told = shop.get("checkout", "/v1/orders/o-1/timeline").json();
    assert_eq!(told["entries"][3]["reason"], "illegal_transition", "the HTTP API's own refusals are told: {told}");
    // pages, newest first
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = shop.get("checkout", &format!("/v1/orders?limit=2{cursor}")).json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        seen.extend(items.iter().map(|o| o["order_id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, ["o-5", "o-4", "o-3", "o-2", "o-1"]);
    let cancelled = shop.get("auditor", "/v1/orders?status=CANCELLED&customer_id=u-1").json();
    assert_eq!(cancelled["items"].as_array().unwrap().len(), 1);
    for bad in ["limit=0", "limit=501", "limit=x", "cursor=x", "nix=1", "placed_from=x", "customer_id="] {
        let reply = shop.get("auditor", &format!("/v1/orders?{bad}"));
        assert_eq!((reply.status, reason(&reply).as_str()), (422, "invalid"), "{bad}: {reply:?}");
    }
    // the shelves
    let sku = shop.get("partner", "/v1/skus/A").json();
    assert_eq!((sku["on_hand"].as_i64(), sku["sold"].as_i64()), (Some(6), Some(5)));
    let ledger = shop.get("operator", "/v1/skus/A/ledger?limit=3").json();
    assert_eq!(ledger["items"][0]["movement"], "RESTOCK");
    let older = shop.get("operator", &format!("/v1/skus/A/ledger?cursor={}", ledger["next"].as_str().unwrap())).json();
    assert_eq!(older["items"].as_array().unwrap().last().unwrap()["movement"], "RECEIVE");
    assert_eq!(shop.get("operator", "/v1/skus?limit=1").json()["next"], "A");
    assert_eq!(shop.get("operator", "/v1/products/g-1").json()["price"], 10_000);
    assert_eq!(shop.get("operator", "/v1/campaigns").json(), json!({"items": []}));
    assert_eq!(shop.get("operator", "/v1/campaigns/nix").status, 404);
}

/// Whether every field that `wanted` names is so in `got`.
fn includes(got: &Value, wanted: &Value) -> bool {
    match (got, wanted) {
        (Value::Object(g), Value::Object(w)) => w.iter().all(|(k, v)| g.get(k).is_some_and(|g| includes(g, v))),
        (Value::Array(g), Value::Array(w)) => g.len() == w.len() && g.iter().zip(w).all(|(g, w)| includes(g, w)),
        _ => got == wanted,
    }
}

#[tokio::test]
async fn f45_huge_deep_and_slow_bodies_are_refused() {
    let shop = Shop::open(&[]).await;
    let before = shop.server.resident();
    let huge = vec![b' '; 8 * 1024 * 1024];
    for _ in 0..3 {
        let reply = shop.ask("operator", "POST", "/v1/commands", &[], &huge);
        assert_eq!((reply.status, reason(&reply).as_str()), (413, "too_large"), "{reply:?}");
    }
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    let nested = format!(r#"{{"id":"deep-0001","type":"place_order","order_id":{deep}}}"#);
    for (body, status) in [
        (deep.as_str(), 400),
        (&nested, 400),
        ("", 400),
        ("[]", 400),
        ("{", 400),
        ("\u{0}", 400),
        ("{}", 422),
        (r#"{"id":"x","type":"prepare"}"#, 422),
        (r#"{"id":"nix-00001","type":"nix"}"#, 422),
        (r#"{"id":"nix-00002","type":"prepare","order_id":"o-1","reply_to":"me"}"#, 422),
        (r#"{"id":"nix-00003","type":"prepare","order_id":"o-1","more":1}"#, 422),
    ] {
        let reply = shop.ask("operator", "POST", "/v1/commands", &[], body.as_bytes());
        assert_eq!(reply.status, status, "{:.80}: {reply:?}", body);
        assert_eq!(reason(&reply), "invalid");
    }
    let mut slow = TcpStream::connect(&shop.address).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let bearer = bearer("operator");
    write!(slow, "POST /v1/commands HTTP/1.1\r\nHost: j\r\nAuthorization: {bearer}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{")
        .unwrap();
    let reply = read(&mut slow);
    assert_eq!((reply.status, reason(&reply).as_str()), (408, "timeout"), "{reply:?}");
    let grown = shop.server.resident().saturating_sub(before);
    assert!(grown < 64 * 1024 * 1024, "{grown} bytes");
}

#[tokio::test]
async fn dead_letters_are_sent_again_or_taken_away() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    let log = jumun::log::redis::RedisLog::connect(&redis_url(), &shop.namespace).await.unwrap();
    use jumun::log::{CommandLog as _, Inbound};
    for _ in 0..2 {
        log.append(0, Inbound::Commands, &[b"no command"[..].into()]).await.unwrap();
    }
    let letters = || shop.get("auditor", "/v1/dead-letters").json()["items"].as_array().unwrap().clone();
    let begun = std::time::Instant::now();
    while letters().len() < 2 {
        assert!(begun.elapsed() < Duration::from_secs(20), "the letters do not come");
    }
    let (first, second) = (letters()[0].clone(), letters()[1].clone());
    assert_eq!(first["command"], "no command");
    let path = |letter: &Value| format!("/v1/dead-letters/0/{}", letter["dead_letter_id"].as_str().unwrap());
    let gone = shop.ask("operator", "DELETE", &path(&first), &[], b"");
    assert_eq!(gone.status, 200, "{gone:?}");
    assert_eq!(shop.ask("operator", "DELETE", &path(&first), &[], b"").status, 404);
    assert_eq!(letters().len(), 1);
    // it comes back as another letter, since it still can't be read
    let again = shop.ask("operator", "POST", &format!("{}/requeue", path(&second)), &[], b"");
    assert_eq!(again.status, 200, "{again:?}");
    let begun = std::time::Instant::now();
    while letters().first().is_none_or(|l| l["dead_letter_id"] == second["dead_letter_id"]) {
        assert!(begun.elapsed() < Duration::from_secs(20), "it was not sent again");
    }
    assert_eq!(letters()[0]["entry"], again.json()["entry"]);
    for nix in ["/v1/dead-letters/0/1-1", "/v1/dead-letters/9/1-1", "/v1/dead-letters/0/nix", "/v1/dead-letters/x/1-1"]
    {
        assert_eq!(shop.ask("operator", "DELETE", nix, &[], b"").status, 404, "{nix}");
    }
    let audit = shop.get("auditor", "/v1/audit").json();
    let noted: Vec<_> = audit["items"].as_array().unwrap().iter().map(|a| (&a["action"], &a["detail"])).collect();
    assert_eq!(noted[0].0, "LETTER_REQUEUED", "{audit}");
    assert_eq!((noted[1].0.as_str(), &noted[1].1["entry"]), (Some("LETTER_DISCARDED"), &first["entry"]), "{audit}");
    let page = shop.get("operator", "/v1/audit?limit=1").json();
    let rest = shop.get("operator", &format!("/v1/audit?cursor={}", page["next"].as_str().unwrap())).json();
    assert_eq!(rest["items"].as_array().unwrap(), &audit["items"].as_array().unwrap()[1..]);
}

#[tokio::test]
async fn the_sale_is_watched() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    shop.order("o-1");
    let campaign = json!({"type": "create_campaign", "campaign_id": "sale-1", "sku_id": "A", "name": "s", "price": 9_000,
        "allotted": 5, "opens_at": "2020-01-01T00:00:00Z", "closes_at": "2120-01-01T00:00:00Z"});
    shop.accepted("operator", "/v1/commands", "set-campaign", &campaign);
    let mut socket = TcpStream::connect(&shop.address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(socket, "GET /v1/live HTTP/1.0\r\nAuthorization: {}\r\n\r\n", bearer("auditor")).unwrap();
    let mut heard = String::new();
    while heard.matches("data: ").count() < 3 {
        let mut some = [0; 4_096];
        let n = std::io::Read::read(&mut socket, &mut some).unwrap();
        assert!(n > 0, "it ends: {heard}");
        heard.push_str(&String::from_utf8_lossy(&some[..n]));
    }
    assert!(heard.contains("text/event-stream"), "{heard}");
    let last = heard.split("data: ").nth(2).unwrap().lines().next().unwrap();
    let seen: Value = serde_json::from_str(last).unwrap_or_else(|e| panic!("{e}: {last}"));
    assert!(
        includes(
            &seen,
            &json!({"partitions": 1, "owned": 1, "broken": false, "placed": 1, "refusals": {},
        "hot": [{"sku_id": "A", "on_hand": 9, "held": 0, "sold": 1}]})
        ),
        "{seen}"
    );
    assert!(includes(&seen["lanes"][0], &json!({"partition": 0, "pending": 0, "resets": 0})), "{seen}");
}

#[tokio::test]
async fn an_open_door_says_so_and_a_rate_bounds() {
    let shop = Shop::start(&["--rate", "20"]).await;
    assert!(shop.server.log().contains("NO AUTHENTICATION IS CONFIGURED"));
    assert_eq!(shop.get("", "/readyz").json()["no_authentication"], true);
    let statuses: Vec<u16> = (0..60).map(|_| shop.get("", "/v1/skus").status).collect();
    assert!(statuses.contains(&200) && statuses.contains(&429), "{statuses:?}");
    assert_eq!(shop.get("", "/readyz").status, 200, "a probe is not bounded");
    let id = shop.ask("", "GET", "/healthz", &[("X-Request-Id", "mine-0001")], b"");
    assert_eq!(id.header("x-request-id"), Some("mine-0001"));
    assert!(shop.get("", "/healthz").header("x-request-id").is_some_and(|id| id.len() == 36));
    assert_eq!(reason(&shop.ask("", "PUT", "/healthz", &[], b"")), "method_not_allowed");
    assert_eq!(reason(&shop.get("", "/nix")), "not_found");
}

#[tokio::test]
async fn the_document_is_whole() {
    let document = openapi(&routes::all());
    let text = document.to_string();
    let mut referred = BTreeSet::new();
    for part in text.split("\"$ref\":\"").skip(1) {
        referred.insert(part.split('"').next().unwrap().to_owned());
    }
    assert!(referred.len() > 20, "{referred:?}");
    for r in &referred {
        assert!(document.pointer(r.trim_start_matches('#')).is_some(), "{r} is nowhere");
    }
    // a route that stands for many is there as each of them
    let all = |path: &str, gap: &str, names: &[&str]| names.iter().map(|n| path.replace(gap, n)).collect::<Vec<_>>();
    let of_an_order = |name: &&&str| {
        let named = document.pointer(&format!("/components/schemas/Command/discriminator/mapping/{name}")).unwrap();
        let command = document.pointer(named.as_str().unwrap().trim_start_matches('#')).unwrap();
        **name != "place_order" && command["properties"].get("order_id").is_some()
    };
    let of_orders: Vec<&str> = Wire::NAMES.iter().filter(of_an_order).copied().collect();
    assert!(of_orders.len() > 30 && of_orders.len() < Wire::NAMES.len(), "{of_orders:?}");
    let mut ids = BTreeSet::new();
    for route in routes::all() {
        let paths = match (route.body, route.answer) {
            (Some("CommandBody"), _) => all(route.path, "{id}", Wire::NAMES),
            (Some("CommandFields"), _) => all(route.path, "{part}", &of_orders),
            (_, Some("OrderPart")) => all(route.path, "{part}", &OrderPart::ALL.map(OrderPart::word)),
            _ => vec![route.path.to_owned()],
        };
        for path in paths {
            let at = format!("/paths/{}/{}", path.replace('/', "~1"), route.method.as_str().to_lowercase());
            let operation = document.pointer(&at).unwrap_or_else(|| panic!("{at} is not in the document"));
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{at}: its id is there twice");
        }
    }
    let one_of = document["components"]["schemas"]["Command"]["oneOf"].as_array().unwrap().len();
    assert_eq!(one_of, Wire::NAMES.len());
}

#[tokio::test]
async fn each_is_told_who_it_is() {
    let shop = Shop::open(&[]).await;
    for (role, name, actors) in [
        (Role::Checkout, "the-checkout", json!(["buyer", "payment"])),
        (Role::Partner, "p-1", json!(["seller", "partner"])),
        (Role::Operator, "the-operator", json!(["operator"])),
        (Role::Auditor, "the-auditor", json!([])),
    ] {
        let me = shop.get(role.word(), "/v1/me").json();
        assert_eq!((&me["name"], &me["role"], &me["actors"]), (&json!(name), &json!(role), &actors), "{me}");
    }
}

#[tokio::test]
async fn the_console_is_whole_and_inert() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/http/console");
    let there: BTreeSet<String> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    let served: BTreeSet<String> = console::FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(there, served);
    let shop = Shop::open(&[]).await;
    let page = shop.ask("", "GET", "/", &[], b"");
    assert!(page.status == 200 && page.body.contains("<html") && page.body.contains("lang="), "{page:?}");
    for (name, text) in console::FILES {
        let reply = shop.ask("", "GET", &format!("/console/{name}"), &[], b"");
        assert_eq!((reply.status, reply.body.as_str()), (200, *text), "{name}");
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        // nothing from elsewhere, and a text stays a text
        for no in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "https://",
            " style=",
            "onclick=",
        ] {
            assert!(!text.contains(no), "{name}: {no}");
        }
    }
    assert_eq!(shop.ask("", "GET", "/console/nix.js", &[], b"").status, 404);
}
