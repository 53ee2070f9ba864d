//! Tokens at the HTTP API while it serves: added, taken away, over.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use jumun::http::tokens::hashed;
use serde_json::json;

use crate::support::{
    process::run,
    shop::{Shop, bearer, reason},
};

fn entry(name: &str, more: &str) -> String {
    format!("[[token]]\nname = \"the-{name}\"\nrole = \"operator\"\nsha256 = \"{}\"\n{more}\n", hashed(name))
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}: in vain");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Listens, and waits until it is let in.
fn listener(shop: &Shop, path: &str, token: &str) -> TcpStream {
    let mut socket = TcpStream::connect(&shop.address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
    write!(socket, "GET {path} HTTP/1.0\r\nAuthorization: {}\r\n\r\n", bearer(token)).unwrap();
    let mut some = [0; 4_096];
    let n = socket.read(&mut some).unwrap();
    assert!(String::from_utf8_lossy(&some[..n]).contains("200 OK"), "{path}");
    socket
}

/// The kind: a token that leaked, in the middle of a sale.
#[tokio::test]
async fn a_token_that_is_taken_away_is_gone_at_once_with_what_it_listens_to() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let write = |text: String| std::fs::write(file.path(), text).unwrap();
    write(entry("old", "") + &entry("staying", ""));
    let path = file.path().to_str().unwrap();
    let mut shop = Shop::start(&["--tokens", path]).await;
    let status = |shop: &Shop, token: &str| shop.get(token, "/v1/orders").status;
    let ends = ["/v1/events", "/v1/live"].map(|path| listener(&shop, path, "old"));
    let mut stays = listener(&shop, "/v1/events", "staying");
    // what can't be used changes nothing, and is said
    write("[[token]]\nname = 7".to_owned());
    shop.server.signal("HUP");
    shop.server.says("THE TOKENS STAY AS THEY WERE").await;
    assert_eq!((status(&shop, "old"), status(&shop, "staying")), (200, 200));
    // by itself, without a signal
    write(entry("new", "") + &entry("staying", ""));
    until("the new one is let in", || status(&shop, "new") == 200);
    assert_eq!((status(&shop, "old"), status(&shop, "staying")), (401, 200));
    for mut socket in ends {
        let mut rest = Vec::new();
        socket.read_to_end(&mut rest).unwrap(); // it ends
    }
    stays.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let mut some = [0; 4_096];
    while let Ok(n) = stays.read(&mut some) {
        assert!(n > 0, "who stays is cut");
    }
    shop.server.signal("HUP");
    shop.server.says("the tokens are as they were").await;
    assert_eq!(status(&shop, "staying"), 200);
}

#[tokio::test]
async fn a_token_has_an_end() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let soon = chrono::DateTime::<chrono::Utc>::from(std::fs::metadata(file.path()).unwrap().modified().unwrap())
        + chrono::TimeDelta::seconds(15);
    let more = format!("expires = \"{}\"", soon.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
    std::fs::write(file.path(), entry("short", &more) + &entry("over", "expires = \"2020-01-01T00:00:00Z\"")).unwrap();
    let shop = Shop::start(&["--tokens", file.path().to_str().unwrap()]).await;
    assert!(shop.get("over", "/v1/orders").body.contains("over"));
    assert_eq!(shop.get("over", "/v1/orders").status, 401);
    until("it is over", || shop.get("short", "/v1/orders").status == 401);
    assert!(shop.server.log().contains("a token is over, or soon will be"));
}

/// The kind: a token that no file holds.
#[tokio::test]
async fn a_single_token_has_an_end_too() {
    let now = jumun::clock::Clock::now(&jumun::clock::RealClock);
    let until = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let single = [
        format!("over:operator:{}:until=2020-01-01", hashed("over")),
        format!("short:operator:{}:until={}", hashed("short"), until(now + chrono::TimeDelta::seconds(15))),
        format!("seller:partner:{}:p-1:until={}", hashed("seller"), until(now + chrono::TimeDelta::days(90))),
        format!("for-ever:operator:{}", hashed("for-ever")),
        format!("prometheus:metrics:{}", hashed("prometheus")),
    ]
    .join(",");
    let shop = Shop::start(&["--token", &single]).await;
    let listens = listener(&shop, "/v1/events", "short");
    for (token, status) in [("over", 401), ("short", 200), ("seller", 200), ("for-ever", 200)] {
        assert_eq!(shop.get(token, "/v1/orders").status, status, "{token}");
    }
    until_over(&shop, listens);
    let log = shop.server.log();
    let told = log.lines().find(|l| l.contains("tokens have no end")).unwrap_or_else(|| panic!("{log}"));
    assert!(told.contains("for-ever"), "{told}");
    for other in ["over", "short", "seller", "prometheus"] {
        assert!(!told.replace("for-ever", "").contains(other), "{other}: {told}");
    }
}

fn until_over(shop: &Shop, mut listens: TcpStream) {
    until("it is over", || shop.get("short", "/v1/orders").status == 401);
    let mut rest = Vec::new();
    listens.read_to_end(&mut rest).unwrap(); // what it listens to ends with it
}

#[test]
fn tokens_that_are_made_have_an_end() {
    let (status, text) = run(&["token", "me", "--role", "operator"]);
    assert!(status == Some(0) && text.contains("expires = \"20"), "{text}");
    let (status, text) = run(&["token", "me", "--role", "operator", "--days", "0"]);
    assert!(status == Some(0) && !text.contains("expires"), "{text}");
    assert_eq!(run(&["token", "me", "--role", "operator", "--days", "9999"]).0, Some(1));
}

/// The kind: each with an operator's name, and with a part of what an operator may. Routes are tried with every role by the
/// test of all routes.
#[tokio::test]
async fn operators_have_desks() {
    let shop = Shop::file(&[]).await;
    shop.stock();
    shop.order("o-1");
    let roles = ["operator", "support", "stock", "finance", "privacy"];
    let mut n = 0;
    let mut tried = |role: &str, body: &serde_json::Value| {
        n += 1;
        shop.send(role, "/v1/commands", &format!("desk-{n:05}"), body).status
    };
    for (body, may) in [
        (json!({"type": "receive_stock", "sku_id": "A", "quantity": 1}), [true, false, true, false, false]),
        (json!({"type": "prepare", "order_id": "o-1"}), [true, true, false, false, false]),
        (json!({"type": "confirm_deposit", "order_id": "o-1", "amount": 1}), [true, false, false, true, false]),
        (
            json!({"type": "create_partner", "partner_id": "p-9", "name": "n", "kind": "wholesaler"}),
            [true, false, false, false, false],
        ),
        (
            json!({"type": "preview", "order_id": "o-1", "command": {"type": "cancel_lines", "lines": [1]}}),
            [true, true, false, false, false],
        ),
        (
            json!({"type": "preview", "order_id": "o-1", "command": {"type": "confirm_deposit", "amount": 1}}),
            [true, false, false, true, false],
        ),
    ] {
        for (role, may) in roles.into_iter().zip(may) {
            assert_eq!(tried(role, &body) != 403, may, "{role}: {body}");
        }
    }
    // a placement that says that it is paid is money
    let paid = json!({"type": "place_order", "order_id": "o-2", "customer_id": "u-1", "lines": [{"sku_id": "A", "quantity": 1}],
        "payment": {"kind": "approved", "settlements": [{"method": "card", "amount": 13_000, "approval": {"approval_id": "a-2"}}]}});
    let reply = shop.send("support", "/v1/commands", "desk-paid-1", &paid);
    assert_eq!((reply.status, reason(&reply).as_str()), (403, "forbidden"), "{reply:?}");
    assert_eq!(shop.send("operator", "/v1/commands", "desk-paid-2", &paid).status, 200);
    // by what it was paid is for who deals with money
    let masked = shop.get("support", "/v1/orders/o-1/payments").body;
    assert!(
        !masked.contains("a-o-1") && shop.get("finance", "/v1/orders/o-1/payments").body.contains("a-o-1"),
        "{masked}"
    );
    let audit = shop.get("privacy", "/v1/audit").body;
    assert!(audit.contains("\"stock:the-stock\"") && audit.contains("\"operator:the-operator\""), "{audit}");
    assert_eq!(shop.get("support", "/v1/audit").status, 403);
}
