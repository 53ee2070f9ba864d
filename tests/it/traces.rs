//! Traces of the real binary, as a collector gets them.

use std::{collections::BTreeMap, net::TcpListener, time::Duration};

use opentelemetry_proto::tonic::trace::v1::{Span, status::StatusCode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{
    client::{Client, Sent},
    collector::{Collector, attribute},
    process::{Served, Setting},
    servers,
};

/// What no trace may hold.
const CANARIES: [&str; 5] = ["홍길동", "010-2718-2818", "카나리아로 31", "approval-canary", "canary-reason"];

async fn shop() -> (Setting, Client) {
    let setting = Setting {
        database: servers::fresh_database().await,
        redis: servers::redis_url(),
        namespace: format!("t{}", &uuid::Uuid::now_v7().simple().to_string()[8..]),
        instance: "a".into(),
        partitions: 1,
        more: Vec::new(),
        failpoints: String::new(),
        variables: Vec::new(),
    };
    let client = Client::new(&setting.redis, &setting.namespace, 1).await;
    (setting, client)
}

/// Goods, an order that is accepted, one that is refused, one that can't be read, and words about a payment.
fn commands() -> Vec<Value> {
    let by = "operator:test";
    let recipient = json!({"name": CANARIES[0], "phone": CANARIES[1], "zip": "06236", "address": CANARIES[2]});
    let place = |id: &str, sku: &str| {
        json!({"id": id, "type": "place_order", "order_id": format!("o-{id}"), "actor": "buyer:u-1", "customer_id": "u-1",
            "lines": [{"sku_id": sku, "quantity": 1}], "recipient": recipient})
    };
    let mut unreadable = place("trace-odd", "T-1");
    unreadable["colour"] = json!(CANARIES[4]);
    vec![
        json!({"id": "trace-template", "type": "create_template", "actor": by, "template_id": "t-1",
            "partner_id": "p-1", "name": "t"}),
        json!({"id": "trace-product", "type": "create_product", "actor": by, "product_id": "g-1", "name": "g",
            "kind": "goods", "product_type": "normal", "price": 10_000, "partner_id": "p-1", "template_id": "t-1",
            "bundled": true, "delivery_fee": 0, "free_delivery": true, "lead_time_days": 2}),
        json!({"id": "trace-sku", "type": "create_sku", "actor": by, "sku_id": "T-1", "product_id": "g-1",
            "option_name": "one"}),
        json!({"id": "trace-stock", "type": "receive_stock", "actor": by, "sku_id": "T-1", "quantity": 10}),
        place("trace-place", "T-1"),
        place("trace-none", "T-2"),
        unreadable,
        json!({"id": "trace-decline", "type": "decline_payment", "order_id": "o-trace-place", "actor": "payment:pg",
            "reason": CANARIES[4]}),
        json!({"id": "trace-approve", "type": "approve_payment", "order_id": "o-trace-place", "actor": "payment:pg",
            "settlements": [{"method": "card", "amount": 10_000, "approval": {"approval_id": CANARIES[3]}}]}),
    ]
}

async fn trade(client: &Client) {
    for command in commands() {
        let sent = Sent::new(0, &command);
        client.send(std::slice::from_ref(&sent)).await;
        client.wait(&[&sent.id]).await;
    }
}

async fn serving(setting: &Setting) -> Served {
    let server = setting.start();
    server.ready().await;
    server
}

#[tokio::test]
async fn each_command_has_one_trace_from_its_entry_to_its_answer() {
    let collector = Collector::start();
    let (setting, client) = shop().await;
    let setting = setting.with(&["--traces", &collector.url(), "--trace-ratio", "1"]);
    let mut server = serving(&setting).await;
    trade(&client).await;
    let commands = commands();
    collector.spans_at_least(commands.len() * 5).await;
    // what is left is sent before it ends
    let last = json!({"id": "trace-last", "type": "receive_stock", "actor": "operator:test", "sku_id": "T-1",
        "quantity": 1});
    client.accepted(&[Sent::new(0, &last)]).await;
    server.signal("TERM");
    let spans = collector.spans_at_least((commands.len() + 1) * 5).await;
    let mut traces: BTreeMap<Vec<u8>, Vec<&Span>> = BTreeMap::new();
    for span in &spans {
        traces.entry(span.trace_id.clone()).or_default().push(span);
    }
    let outcomes = client.outcomes().await;
    assert_eq!(traces.len(), commands.len() + 1);
    for command in commands.iter().chain([&last]) {
        let id = command["id"].as_str().unwrap();
        let trace = Sha256::digest(id)[..16].to_vec();
        let spans = traces.get(&trace).unwrap_or_else(|| panic!("no trace of {id}"));
        let roots: Vec<&&Span> = spans.iter().filter(|s| s.parent_span_id.is_empty()).collect();
        assert_eq!((spans.len(), roots.len()), (5, 1), "{id}: {spans:?}");
        let (root, answer) = (roots[0], &outcomes[id]);
        assert_eq!(root.name, "jumun.command");
        for (key, is) in [
            ("jumun.command_id", Some(id)),
            ("jumun.type", command["type"].as_str().filter(|_| id != "trace-odd").or(Some("unreadable"))),
            ("jumun.order_id", answer.order_id.as_deref()),
            ("jumun.partition", Some("0")),
            ("jumun.entry", Some(&*answer.entry)),
            ("jumun.outcome", Some(answer.outcome.word())),
            ("jumun.reason", answer.reason.as_deref()),
        ] {
            assert_eq!(attribute(root, key).as_deref(), is, "{id}: {key}");
        }
        assert_eq!(root.status.as_ref().map_or(0, |s| s.code), StatusCode::Unset as i32);
        let ms: u64 = answer.entry.split('-').next().unwrap().parse().unwrap();
        assert_eq!(root.start_time_unix_nano, ms * 1_000_000, "{id} begins with its entry");
        let mut at = root.start_time_unix_nano;
        for name in ["wait", "decide", "commit", "answer"] {
            let part: Vec<_> = spans.iter().filter(|s| s.name == name).collect();
            assert_eq!(part.len(), 1, "{id}: {name}");
            assert_eq!(part[0].parent_span_id, root.span_id, "{id}: {name}");
            assert!(part[0].start_time_unix_nano >= at, "{id}: {name} begins before what is before it ended");
            assert!(part[0].end_time_unix_nano >= part[0].start_time_unix_nano, "{id}: {name}");
            at = part[0].end_time_unix_nano;
        }
        assert_eq!(at, root.end_time_unix_nano, "{id}: the answer is the end");
        assert!(at - root.start_time_unix_nano < 20_000_000_000, "{id} took too long");
    }
    let bytes = collector.bytes();
    for canary in CANARIES {
        let told = bytes.windows(canary.len()).any(|w| w == canary.as_bytes());
        assert!(!told, "{canary} is told to the collector");
    }
}

#[tokio::test]
async fn nothing_is_traced_unless_a_collector_is_named() {
    let collector = Collector::start();
    let (setting, client) = shop().await;
    let _server = serving(&setting.clone().with(&["--trace-ratio", "1"])).await;
    trade(&client).await;
    // named, but of nothing
    let (other, client) = shop().await;
    let other = other.with(&["--trace-ratio", "0"]).variable("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url());
    let _second = serving(&other).await;
    trade(&client).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(collector.bytes(), b"");
    // the same variable, and some commands of many
    let (third, client) = shop().await;
    let third = third.with(&["--trace-ratio", "0.5"]).variable("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url());
    let _third = serving(&third).await;
    trade(&client).await;
    let stock: Vec<Sent> = (0..100)
        .map(|i| {
            let id = format!("sample-{i:04}");
            Sent::new(
                0,
                &json!({"id": id, "type": "receive_stock", "actor": "operator:t", "sku_id": "T-1", "quantity": 1}),
            )
        })
        .collect();
    client.accepted(&stock).await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let roots = collector.spans().iter().filter(|s| s.parent_span_id.is_empty()).count();
    assert!((30..80).contains(&roots), "{roots} of 109 commands are traced");
}

#[tokio::test]
async fn a_collector_that_is_away_costs_spans_and_nothing_else() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (setting, client) = shop().await;
    let mut server = serving(&setting.with(&["--traces", &format!("http://{port}"), "--trace-ratio", "1"])).await;
    trade(&client).await;
    trade(&client).await;
    server.says("traces could not be sent").await;
    let begun = std::time::Instant::now();
    while server.metric("jumun_trace_spans_dropped_total") < 45.0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "nothing is counted: {}", server.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    trade(&client).await;
    assert_eq!(server.log().matches("traces could not be sent").count(), 1, "{}", server.log());
    server.signal("TERM");
    let begun = std::time::Instant::now();
    while server.ended_by().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(10), "it does not end");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
