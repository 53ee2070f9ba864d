//! The client's address behind a proxy: of a proxy that was named, and of nobody else.

use serde_json::json;

use crate::support::{http::ask, process::run, shop::Shop};

/// How many of sixty requests without a token are refused for their number.
fn too_many(shop: &Shop, header: &str, says: &dyn Fn(usize) -> String) -> usize {
    let one = |n: usize| ask(&shop.address, "GET", "/v1/orders", &[(header, &says(n))], b"").status;
    (0..60).map(one).filter(|status| *status == 429).count()
}

#[tokio::test]
async fn strangers_behind_a_proxy_are_told_apart_and_do_not_choose_their_address() {
    let rate = ["--unauthenticated-rate", "1"];
    // ten at once from one address, however it calls itself
    let shop = Shop::file(&rate).await;
    assert!(too_many(&shop, "X-Forwarded-For", &|n| format!("198.51.100.{n}")) >= 15, "a stranger was believed");
    let shop = Shop::file(&[&rate[..], &["--trusted-proxies", "127.0.0.0/8,fd00::/8"]].concat()).await;
    // the proxy adds the client's address on the right of what that said itself
    assert!(too_many(&shop, "X-Forwarded-For", &|n| format!("198.51.100.{n}, 203.0.113.5")) >= 15, "a spoofed address");
    let long = vec!["127.0.0.1"; 200].join(",");
    assert!(too_many(&shop, "X-Forwarded-For", &|n| format!("198.51.100.{n}, {long}")) >= 15, "by a long list");
    assert!(too_many(&shop, "Forwarded", &|n| format!("for=198.51.100.{n}")) >= 15, "by the other header");
    assert!(too_many(&shop, "X-Forwarded-For", &|n| format!("198.51.100.{n}, nonsense")) >= 15, "by nonsense");
    assert_eq!(too_many(&shop, "X-Forwarded-For", &|n| format!("203.0.113.{}", 100 + n)), 0, "neighbours wait for one");
    let shop =
        Shop::file(&[&rate[..], &["--trusted-proxies", "127.0.0.1", "--proxy-header", "forwarded"]].concat()).await;
    assert_eq!(too_many(&shop, "Forwarded", &|n| format!("for=203.0.113.{};proto=https", 100 + n)), 0);
    assert!(too_many(&shop, "X-Forwarded-For", &|n| format!("198.51.100.{n}")) >= 15);
}

#[tokio::test]
async fn the_audit_and_the_access_log_name_the_client_behind_a_proxy() {
    let shop = Shop::file(&["--trusted-proxies", "127.0.0.1"]).await;
    shop.stock();
    let place = json!({"order_id": "o-1", "customer_id": "u-1", "lines": [{"sku_id": "A", "quantity": 1}],
        "recipient": {"name": "n", "phone": "010-1234-5678", "zip": "06236", "address": "a"}});
    shop.accepted("operator", "/v1/orders", "place-0001", &place);
    let from = [("X-Forwarded-For", "192.0.2.66, 203.0.113.9")];
    assert_eq!(shop.ask("operator", "GET", "/v1/orders/o-1/recipient", &from, b"").status, 200);
    let log = shop.get("auditor", "/v1/access-log").json();
    assert_eq!(log["items"][0]["from"], "203.0.113.9 (by 127.0.0.1)", "{log}");
    let more = json!({"type": "receive_stock", "sku_id": "A", "quantity": 1}).to_string();
    let headers = [from[0], ("Idempotency-Key", "more-0001")];
    assert_eq!(shop.ask("operator", "POST", "/v1/commands", &headers, more.as_bytes()).status, 200);
    let audit = shop.get("auditor", "/v1/audit").json();
    assert!(audit.to_string().contains("203.0.113.9 (by 127.0.0.1)"), "{audit}");
    // a refusal's line in the log, too
    assert_eq!(shop.ask("nobody", "GET", "/v1/orders", &from, b"").status, 401);
    shop.server.says("peer=\"203.0.113.9\"").await;
}

#[test]
fn proxies_are_addresses_and_networks_and_never_everybody() {
    for (networks, says) in [
        ("0.0.0.0/0", "is every address"),
        ("10.0.0.1/8", "within a network"),
        ("proxy.example", "is no address"),
        ("10.0.0.0/8,", "is no address"),
    ] {
        let (status, said) =
            run(&["serve", "--no-auth", "--database", "sqlite:none.db", "--trusted-proxies", networks]);
        assert!(status == Some(2) && said.contains(says), "{networks}: {status:?} {said}");
    }
}
