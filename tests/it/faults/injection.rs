//! SQL, RESP, Lua and JSON in every field, path, query and header: refused, or kept as what it is, a text.

use std::collections::{BTreeMap, HashMap};

use jumun::{
    http::{routes, tokens::hashed},
    log::Outbound,
    protocol::{Answer, OutcomeKind},
};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use super::Scene;
use crate::support::{
    client::{Client, Sent},
    http::{Reply, ask},
    servers::start_redis,
};

/// What is tried: broken quotes, statements, comments, parameters, protocols, look-alikes, controls.
const PAYLOADS: &[&str] = &[
    "'",
    "\"",
    "`",
    "'; DROP TABLE tb_od_ord; --",
    "x') ; DELETE FROM tb_pd_unt; /*",
    "' OR '1'='1",
    "$1",
    "$$ $body$",
    "\\",
    "\\'; --",
    "%00%27",
    "%s%n{}",
    "../../etc/passwd",
    "\r\n*1\r\n$8\r\nFLUSHALL\r\n",
    "x\" \"FLUSHALL",
    "']] redis.call('FLUSHALL') --[[",
    "\",\"outcome\":\"accepted\",\"x\":\"",
    "]}],\"events\":[{",
    "{\"$ne\":null}",
    " 1:2 3:4",
    "orders:{0}",
    "о\u{440}erator",
    "＇；ＤＲＯＰ",
    "\u{202e}gnp.exe",
    "\u{200b}\u{feff}",
    "\u{1}\u{7f}\u{85}",
    "<script>alert(1)</script>",
    "한글 이름 😀",
    "NULL",
];

fn operator(id: &str, kind: &str, more: Value) -> Value {
    let mut command = json!({"id": id, "type": kind, "actor": "operator:x"});
    command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    command
}

/// A command of each shape, with every field that it can have.
fn samples() -> Vec<Value> {
    let to = json!({"name": "n", "phone": "p", "zip": "04524", "address": "a", "address_detail": "d"});
    let line = json!({"sku_id": "S-1", "quantity": 1, "campaign_id": "c", "promotion_id": "p", "coupon_id": "c",
        "gift_promotion_id": "g"});
    let paid = json!({"kind": "approved", "settlements": [{"method": "card", "amount": 1,
        "approval": {"approval_id": "a", "token": "t"}}]});
    let deposit = json!({"kind": "deposit", "method": "virtual_account", "virtual_account_no": "1", "bank_code": "2",
        "account_owner": "o", "holder": "h", "remitter": "r"});
    let order = json!({"order_id": "o-1", "customer_id": "u-1", "lines": [line], "recipient": to, "payment": paid});
    let mut later = order.clone();
    later["payment"] = deposit;
    let sku = |more: Value| {
        let mut all = json!({"sku_id": "S-1"});
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    let of = |more: Value| {
        let mut all = json!({"order_id": "o-1"});
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    [
        ("place_order", order),
        ("place_order", later),
        ("decline_payment", of(json!({"reason": "r"}))),
        ("fail_refund", of(json!({"refund_key": "k", "reason": "r"}))),
        ("refund_by_bank_transfer", of(json!({"refund_key": "k", "holder": "h"}))),
        ("purchase_from_partner", of(json!({"partner_id": "p", "linked_order_id": "l", "lines": []}))),
        ("purchase_from_non_partner", of(json!({"seller_name": "s", "amount": 1}))),
        ("set_shipping_address", of(json!({"recipient": to}))),
        ("register_waybill", of(json!({"line_no": 1, "quantity": 1, "carrier": "c", "waybill_no": "w"}))),
        ("request_return", of(json!({"lines": [], "reason": "defect", "fault": "seller"}))),
        ("add_gift", of(json!({"main_line_no": 1, "sku_id": "S-1", "quantity": 1, "reason": "service"}))),
        ("preview", of(json!({"command": {"type": "cancel_lines", "lines": [1]}}))),
        ("adjust_stock", sku(json!({"quantity": 0, "reason": "r"}))),
        ("create_sku", sku(json!({"product_id": "g-1", "option_name": "o", "holder_id": "h"}))),
        (
            "create_gift_promotion",
            json!({"gift_promotion_id": "p-9", "main_product_ids": ["g-1"], "gift_sku_ids": ["S-1"],
                "gift_quantity": 1, "main_quantity": 1}),
        ),
        ("update_gift_promotion", json!({"gift_promotion_id": "p-9", "main_product_ids": ["g-1"]})),
        ("update_partner", json!({"partner_id": "p-9", "name": "n", "zip": "04524", "address": "a"})),
        ("update_template", json!({"template_id": "t-9", "name": "n"})),
        ("update_campaign", sku(json!({"campaign_id": "c"}))),
    ]
    .map(|(kind, more)| operator("~", kind, more))
    .into()
}

/// Where texts stand in a value.
fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(path.to_owned()),
        Value::Object(map) => map.iter().for_each(|(k, v)| leaves(v, &format!("{path}/{k}"), found)),
        Value::Array(list) => list.iter().enumerate().for_each(|(i, v)| leaves(v, &format!("{path}/{i}"), found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Rows of every table that is ours.
async fn rows(sql: &mut PgConnection) -> BTreeMap<String, i64> {
    let tables = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'";
    let names: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut *sql).await.unwrap();
    let mut found = BTreeMap::new();
    for name in names {
        let count = AssertSqlSafe(format!("SELECT count(*) FROM {name}"));
        found.insert(name, sqlx::query_scalar(count).fetch_one(&mut *sql).await.unwrap());
    }
    found
}

/// The columns that hold exactly this text, of every table.
async fn holding(sql: &mut PgConnection, text: &str) -> BTreeMap<String, i64> {
    let columns = "SELECT table_name::text, column_name::text FROM information_schema.columns \
        WHERE table_schema = 'public' AND data_type = 'text'";
    let mut found = BTreeMap::new();
    for row in sqlx::query(columns).fetch_all(&mut *sql).await.unwrap() {
        let (table, column): (String, String) = (row.get(0), row.get(1));
        let count = AssertSqlSafe(format!("SELECT count(*) FROM {table} WHERE {column} = $1"));
        let n: i64 = sqlx::query_scalar(count).bind(text).fetch_one(&mut *sql).await.unwrap();
        if n > 0 {
            found.insert(format!("{table}.{column}"), n);
        }
    }
    found
}

/// A shop with a Redis of its own, so that every key in it is this shop's.
async fn shop() -> (Scene, crate::support::servers::Server) {
    let own = start_redis(&[]);
    let scene = Scene::new(1).await;
    let client = Client::new(own.url(), &scene.namespace, 1).await;
    let mut scene = Scene { client, redis: own.url().to_owned(), ..scene };
    scene.usual().await;
    (scene, own)
}

/// Every key is one of the protocol's, and everything that is published is what it says it is.
async fn streams_are_whole(scene: &Scene) {
    let mut redis = redis::Client::open(scene.redis.as_str()).unwrap().get_connection().unwrap();
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query(&mut redis).unwrap();
    let known = ["commands", "checkout", "internal", "answers", "events", "dead", "epoch", "reply_to"];
    for key in &keys {
        let rest = key.strip_prefix(&scene.namespace).unwrap_or_else(|| panic!("a strange key: {key:?}"));
        let name = rest.strip_prefix(":{0}:").unwrap_or_default();
        let reply = name.strip_prefix("answers:").is_some_and(jumun::protocol::decode::is_reply_name);
        assert!(rest == ":meta" || known.contains(&name) || reply, "a strange key: {key:?}");
    }
    for entry in scene.client.all(&Outbound::Events).await {
        serde_json::from_str::<Vec<jumun::protocol::event::Published>>(&entry.json).expect("events");
    }
    for entry in scene.client.all(&Outbound::Answers).await {
        serde_json::from_str::<Vec<Answer>>(&entry.json).expect("answers");
    }
}

#[tokio::test]
async fn f44_what_is_injected_into_commands_is_refused_or_a_text() {
    let (scene, _redis) = shop().await;
    let server = scene.server().start();
    server.ready().await;
    scene.client.rest().await;
    let before = rows(&mut scene.sql().await).await;
    let mut sent = Vec::new();
    for (s, sample) in samples().iter().enumerate() {
        let mut at = Vec::new();
        leaves(sample, "", &mut at);
        for (l, leaf) in at.iter().enumerate() {
            for (p, payload) in PAYLOADS.iter().enumerate() {
                let mut command = sample.clone();
                command["id"] = json!(format!("i-{s}-{l}-{p}-x"));
                // the product is told apart from the text that is tried on it
                let text = if leaf == "/actor" { format!("operator:{payload}") } else { (*payload).to_owned() };
                *command.pointer_mut(leaf).unwrap() = json!(text);
                if leaf == "/id" {
                    command["id"] = json!(format!("i-{s}-{l}-{p}-{payload}"));
                }
                sent.push(Sent::new(0, &command));
            }
        }
    }
    scene.client.send(&sent).await;
    scene.client.rest().await;
    let outcomes = scene.client.outcomes().await;
    let mut by: BTreeMap<String, usize> = BTreeMap::new();
    for s in &sent {
        let Some(answer) = outcomes.get(&s.id) else {
            assert!(!s.id.chars().all(|c| c.is_ascii_graphic()) || s.id.len() > 64, "{} is unanswered", s.json);
            continue;
        };
        assert_ne!(answer.outcome, OutcomeKind::Failed, "{}: {answer:?}", s.json);
        *by.entry(answer.reason.as_deref().unwrap_or("accepted").to_owned()).or_default() += 1;
    }
    let unreadable = sent.iter().filter(|s| !outcomes.contains_key(&s.id)).count();
    assert_eq!(scene.client.stats().await.dead, u64::try_from(unreadable).unwrap());
    assert!(by.len() > 3 && by["invalid"] > 300, "too few fates: {by:?}");
    assert_eq!(server.metric("jumun_lane_resets_total"), 0.0, "{}", server.log());
    // nothing is gone; what has come is these commands' own
    let after = rows(&mut scene.sql().await).await;
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for (table, n) in &before {
        assert!(after[table] >= *n, "{table} had {n} rows and has {}", after[table]);
    }
    let news: Vec<&String> = after.keys().filter(|t| after[*t] > before[*t]).collect();
    // `NULL` and `../../etc/passwd` are SKUs' ids like any
    let made = sent.iter().filter(|s| s.json.contains("create_sku") && accepted(&outcomes, &s.id)).count();
    assert_eq!(after["tb_pd_unt"] - before["tb_pd_unt"], i64::try_from(made).unwrap());
    // an id of a command that belongs to no order stands in the history, too: one index holds all ids
    assert!(
        news.iter().all(|t| matches!(t.as_str(), "tb_pd_unt" | "tb_sy_cmd" | "tb_sy_adit" | "tb_od_ord_hist")),
        "{news:?}"
    );
    streams_are_whole(&scene).await;
    let (status, report) = crate::support::process::verify(&scene.server());
    assert_eq!(status, Some(0), "{report}");
}

fn accepted(outcomes: &HashMap<String, Answer>, id: &str) -> bool {
    outcomes.get(id).is_some_and(|a| a.outcome == OutcomeKind::Accepted)
}

#[tokio::test]
async fn f44_what_is_taken_as_a_text_is_kept_to_the_byte() {
    let (scene, _redis) = shop().await;
    let server = scene.server().start();
    server.ready().await;
    let address = server.address().unwrap();
    let mut sql = scene.sql().await;
    for (n, text) in PAYLOADS.iter().enumerate() {
        let id = |what: &str| format!("t-{n:04}-{what}");
        let to = json!({"name": text, "phone": text, "zip": "04524", "address": text, "address_detail": text});
        let order = json!({"id": id("place"), "type": "place_order", "order_id": format!("o-{n}"), "actor": "buyer:u-1",
            "customer_id": "u-1", "lines": [{"sku_id": "S-1", "quantity": 1}], "recipient": to});
        let commands = [
            operator(
                &id("partner"),
                "create_partner",
                json!({"partner_id": format!("p-x{n}"), "name": text, "kind": "wholesaler", "address": text}),
            ),
            operator(
                &id("template"),
                "create_template",
                json!({"template_id": format!("t-x{n}"), "partner_id": format!("p-x{n}"), "name": text}),
            ),
            operator(
                &id("product"),
                "create_product",
                json!({"product_id": format!("g-x{n}"), "name": text, "kind": "goods", "product_type": "normal",
                    "price": 1, "partner_id": format!("p-x{n}"), "template_id": format!("t-x{n}"), "bundled": true,
                    "delivery_fee": 0, "lead_time_days": 1}),
            ),
            operator(
                &id("sku"),
                "create_sku",
                json!({"sku_id": format!("S-x{n}"), "product_id": format!("g-x{n}"), "option_name": text}),
            ),
            operator(&id("receive"), "receive_stock", json!({"sku_id": format!("S-x{n}"), "quantity": 5})),
            operator(
                &id("adjust"),
                "adjust_stock",
                json!({"sku_id": format!("S-x{n}"), "quantity": 1, "reason": text}),
            ),
            operator(
                &id("campaign"),
                "create_campaign",
                json!({"campaign_id": format!("c-x{n}"), "sku_id": format!("S-x{n}"), "name": text, "price": 1,
                    "allotted": 1, "opens_at": "2020-01-01T00:00:00Z", "closes_at": "2120-01-01T00:00:00Z"}),
            ),
            order,
            json!({"id": id("decline"), "type": "decline_payment", "order_id": format!("o-{n}"), "actor": "payment:pg",
                "reason": text}),
        ];
        for command in &commands {
            scene.client.accepted(&[Sent::new(0, command)]).await;
        }
        let held = holding(&mut sql, text).await;
        for column in [
            "tb_pt_ptnr.ptnr_nm",
            "tb_pt_ptnr.biz_addr",
            "tb_dv_dlv_tmpl.tmpl_nm",
            "tb_pd_gds.gds_nm",
            "tb_pd_unt.opt_nm",
            "tb_pd_unt_ldgr.mvmt_rsn",
            "tb_pr_cmpn.cmpn_nm",
            "tb_od_ord_prsn.rcvr_nm",
            "tb_od_ord_prsn.addr",
            "tb_od_ord_prsn.addr_dtl",
        ] {
            assert_eq!(held.get(column), Some(&1), "{text:?} is not in {column}: {held:?}");
        }
        let read = |path: String| ask(&address, "GET", &path, &[], b"").json();
        assert_eq!(read(format!("/v1/products/g-x{n}"))["name"], *text);
        assert_eq!(read(format!("/v1/campaigns/c-x{n}"))["name"], *text);
        let told = read(format!("/v1/orders/o-{n}/timeline"));
        assert!(told.to_string().contains(&json!(text).to_string()), "{text:?} is not in {told}");
    }
    let events = scene.client.all(&Outbound::Events).await;
    let events: String = events.into_iter().map(|e| e.json).collect();
    for text in PAYLOADS {
        assert!(events.contains(&json!(text).to_string()), "no event tells {text:?}");
    }
    streams_are_whole(&scene).await;
    let (status, report) = crate::support::process::verify(&scene.server());
    assert_eq!(status, Some(0), "{report}");
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// What is paged.
const LISTS: [&str; 7] =
    ["orders", "skus", "skus/S-1/ledger", "campaigns", "dead-letters", "audit", "webhooks/shop/failed-deliveries"];

/// A refusal or an answer, and whole: no fault of the server's, and no header that the client made.
fn sane(what: &str, reply: &Reply) {
    assert!((200..500).contains(&reply.status), "{what}: {reply:?}");
    assert!(reply.header("x-evil").is_none(), "{what}: {reply:?}");
    if reply.header("content-type").is_some_and(|t| t.contains("json")) && !reply.body.is_empty() {
        reply.json();
    }
}

#[tokio::test]
async fn f44_what_is_injected_into_requests_is_refused_or_not_found() {
    let (scene, _redis) = shop().await;
    let tokens = format!("shop:checkout:{},boss:operator:{}", hashed("shop"), hashed("boss"));
    let hooks = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    let hook =
        "[[webhook]]\nname = \"shop\"\nurl = \"http://127.0.0.1:1/\"\nsecret = \"a secret of the tests, for both\"\n";
    std::fs::write(hooks.path(), hook).unwrap();
    let webhooks = hooks.path().to_str().unwrap();
    let server = scene.server().with(&["--token", &tokens, "--webhooks", webhooks]).start();
    server.ready().await;
    let address = server.address().unwrap();
    let before = rows(&mut scene.sql().await).await;
    let boss = ("Authorization", "Bearer boss");
    let more = ["\0", "\0'--", "9223372036854775807.o-1", "-9223372036854775808.o-1", "0.'", "99999999999999999999"];
    for payload in PAYLOADS.iter().chain(&more) {
        let text = encoded(payload);
        for route in routes::all().iter().filter(|r| !matches!(r.path, "/v1/live" | "/v1/events")) {
            let at = route.path.split('/').map(|p| if p.starts_with('{') { text.as_str() } else { p });
            let path = at.collect::<Vec<_>>().join("/");
            let reply = ask(&address, route.method.as_str(), &path, &[boss], b"{}");
            sane(&format!("{} {path}", route.method), &reply);
        }
        for (method, done) in [("POST", "/resend"), ("DELETE", "")] {
            let path = format!("/v1/webhooks/shop/failed-deliveries/{text}{done}");
            let reply = ask(&address, method, &path, &[boss], b"{}");
            assert_eq!(reply.status, 404, "{method} {path}: {reply:?}");
        }
        for list in LISTS {
            for query in ["cursor", "limit", "status", "customer_id", "placed_from", "placed_before", &text] {
                let path = format!("/v1/{list}?{query}={text}");
                sane(&path, &ask(&address, "GET", &path, &[boss], b""));
            }
        }
        for times in ["-009999-01-01T00:00:00Z", "%2B262142-12-31T23:59:59Z", "-262143-01-01T00:00:00Z"] {
            let path = format!("/v1/orders?placed_from={times}&placed_before={times}");
            sane(&path, &ask(&address, "GET", &path, &[boss], b""));
        }
        // what a header can carry at all; a line's end in it makes another header, of the request's
        let shown = payload.replace('\0', "\u{1}");
        for header in ["X-Request-Id", "Idempotency-Key", "X-Customer-Id", "If-None-Match", "X-Evil", "Accept"] {
            for value in [shown.clone(), format!("a\r\nX-Evil: {}", shown.replace(['\r', '\n'], ""))] {
                let headers = [("Authorization", "Bearer shop"), ("X-Customer-Id", "u-1"), (header, value.as_str())];
                sane(header, &ask(&address, "GET", "/v1/orders/o-none", &headers, b""));
                let body = json!({"order_id": "o-1", "customer_id": "u-1", "lines": []}).to_string();
                sane(header, &ask(&address, "POST", "/v1/orders", &headers, body.as_bytes()));
            }
        }
        let bearer = format!("Bearer {}", shown.replace(['\r', '\n'], ""));
        let reply = ask(&address, "GET", "/v1/skus", &[("Authorization", &bearer)], b"");
        assert!(matches!(reply.status, 400 | 401), "{reply:?}");
    }
    scene.client.rest().await;
    let after = rows(&mut scene.sql().await).await;
    let changed: Vec<&String> = before.keys().filter(|t| after.get(*t) != before.get(*t)).collect();
    let only = |t: &&String| matches!(t.as_str(), "tb_sy_cmd" | "tb_sy_adit" | "tb_sy_door_adit" | "tb_sy_hook");
    assert!(before.len() == after.len() && changed.iter().all(only), "{changed:?}");
    streams_are_whole(&scene).await;
    let log = server.log();
    assert!(!log.contains("FLUSHALL\r\n") && !log.contains('\u{202e}'), "the log is written by clients");
    server.ready().await;
}
