//! Fault 47: card numbers where none belong. They are refused, and none is left anywhere.

use std::{collections::BTreeSet, time::Duration};

use jumun::protocol::{
    OutcomeKind,
    command::{Wire, schemas},
    decode,
};
use serde_json::{Value, json};

use super::Scene;
use crate::support::{client::Sent, everything, http::ask};

/// Of several schemes, in several spellings.
const CANARIES: [&str; 8] = [
    "4111111111111111",
    "5555 5555 5555 4444",
    "3782-822463-10005",
    "call 010-1234-5678 or 6011.1111.1111.1117",
    "３５３０－１１１３－３３３０－００００",
    "카드 6200000000000005 입니다",
    "9490 2200 0661 1406, 12/29",
    "3056 930902 5904",
];

/// Texts that are no free ones: ids and numbers that others made.
const OPAQUE: [&str; 7] = ["/id", "/type", "/actor", "/refund_key", "/virtual_account_no", "/waybill_no", "/number"];

/// Every place of a free text, by command: all that the schema calls a string without a form.
fn places() -> BTreeSet<(&'static str, String)> {
    let mut generator = schemars::SchemaGenerator::default();
    let found: Vec<(&str, Value)> = schemas(&mut generator).into_iter().map(|(tag, s)| (tag, s.to_value())).collect();
    let definitions = Value::Object(generator.take_definitions(false));
    let mut places = BTreeSet::new();
    for (tag, schema) in found {
        let mut paths = Vec::new();
        walk(&schema, String::new(), &definitions, &mut paths);
        let free = paths.into_iter().filter(|p| !OPAQUE.iter().any(|o| p.ends_with(o)) && p != "/reply_to");
        places.extend(free.map(|p| (tag, p)));
    }
    // whatever a preview holds is read as the command itself
    places.insert(("preview", "/command/reason".into()));
    places
}

fn walk(schema: &Value, path: String, definitions: &Value, paths: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
        return walk(&definitions[name], path, definitions, paths);
    }
    for one in ["anyOf", "oneOf"].into_iter().filter_map(|k| schema[k].as_array()).flatten() {
        walk(one, path.clone(), definitions, paths);
    }
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        walk(inner, format!("{path}/{name}"), definitions, paths);
    }
    if schema["items"].is_object() {
        walk(&schema["items"], format!("{path}/0"), definitions, paths);
    }
    let text = schema["type"] == "string" || schema["type"].as_array().is_some_and(|t| t.contains(&json!("string")));
    if text && ["minLength", "enum", "const", "format"].iter().all(|k| schema[k].is_null()) {
        paths.push(path);
    }
}

/// Commands with everything in them that may be.
fn samples() -> Vec<Value> {
    let recipient =
        json!({"name": "n", "phone": "010-1234-5678", "zip": "06236", "address": "a", "address_detail": "d"});
    let settlements = json!([{"method": "card", "amount": 1, "approval": {"approval_id": "a-1", "token": "t-1"}}]);
    let points = json!([{"method": "points", "amount": 1, "approval": {"approval_id": "a-1", "movement_id": "m-1"}}]);
    let account = json!({"bank": "088", "number": "110-123", "holder": "h"});
    let inspected = json!([{"line_no": 1, "sellable": 1, "reason": "r"}]);
    let deposit = json!({"kind": "deposit", "method": "virtual_account", "virtual_account_no": "4111111111111111",
        "bank_code": "088", "payment_id": "p-1", "account_owner": "o", "holder": "h", "remitter": "r"});
    let place = json!({"type": "place_order", "order_id": "o-1", "customer_id": "u-1", "recipient": recipient,
        "lines": [{"sku_id": "S-1", "quantity": 1}], "payment": {"kind": "approved", "settlements": settlements}});
    let mut by_points = place.clone();
    by_points["payment"]["settlements"] = points.clone();
    by_points["refund_account"] = account.clone();
    let mut awaited = place.clone();
    awaited["payment"] = deposit;
    let of_order = |kind: &str, mut more: Value| {
        more["type"] = kind.into();
        more["order_id"] = "o-1".into();
        more
    };
    let waybill =
        json!({"line_no": 1, "carrier": "cj", "carrier_name": "c", "waybill_no": "4111111111111111", "quantity": 1});
    let mut moved = waybill.clone();
    moved.as_object_mut().unwrap().remove("carrier_name");
    vec![
        place,
        by_points,
        awaited,
        of_order("approve_payment", json!({"settlements": settlements})),
        of_order("approve_payment", json!({"settlements": points})),
        of_order("decline_payment", json!({"reason": "r"})),
        of_order("fail_refund", json!({"refund_key": "k", "reason": "r"})),
        of_order("refund_by_bank_transfer", json!({"refund_key": "k", "holder": "h"})),
        of_order("refund_by_bank_transfer", json!({"refund_key": "k", "account": account})),
        of_order("confirm_deposit", json!({"amount": 1, "payment_id": "p-1"})),
        of_order("cancel_lines", json!({"lines": [1], "reason": "r", "refund_account": account})),
        of_order("purchase_from_non_partner", json!({"seller_name": "s", "amount": 1})),
        of_order("set_shipping_address", json!({"recipient": recipient})),
        of_order("cancel_procurement", json!({"reason": "r"})),
        of_order("ship", json!({"waybills": [waybill]})),
        of_order("register_waybill", waybill.clone()),
        of_order("update_waybill", moved),
        of_order("mark_delivered", json!({"carrier": "cj", "waybill_no": "4111111111111111", "reason": "r"})),
        of_order("write_review", json!({"line_no": 1, "rating": 5, "text": "t", "actor": "buyer:u-1"})),
        of_order(
            "request_return",
            json!({"lines": [{"line_no": 1, "quantity": 1}], "reason": "change_of_mind",
            "fault": "buyer", "refund_account": account}),
        ),
        of_order("complete_return", json!({"claim_group": 1, "inspected": inspected})),
        of_order("write_off_return", json!({"claim_group": 1, "reason": "r"})),
        of_order(
            "approve_exchange",
            json!({"claim_group": 1, "resolution": "pickup", "waive_collection": true,
            "reason": "r"}),
        ),
        of_order("waive_collection", json!({"claim_group": 1, "reason": "r"})),
        of_order("waive_debt", json!({"reason": "r"})),
        of_order("set_refund_account", json!({"refund_account": account})),
        of_order(
            "request_exchange",
            json!({"line_no": 1, "quantity": 1, "reason": "defect", "fault": "seller", "refund_account": account}),
        ),
        of_order("reject_return", json!({"claim_group": 1, "reason": "r"})),
        of_order("reject_exchange", json!({"claim_group": 1, "reason": "r"})),
        of_order("preview", json!({"command": {"type": "decline_payment", "reason": "r"}})),
        json!({"type": "shrink_stock", "sku_id": "S-1", "quantity": 1, "reason": "r"}),
        json!({"type": "adjust_stock", "sku_id": "S-1", "quantity": 1, "reason": "r"}),
        json!({"type": "create_sku", "sku_id": "S-9", "product_id": "g-1", "option_name": "n"}),
        json!({"type": "create_product", "product_id": "g-9", "name": "n", "kind": "goods", "product_type": "t",
            "price": 1, "partner_id": "p-1", "template_id": "t-1", "bundled": true, "delivery_fee": 0,
            "lead_time_days": 1}),
        json!({"type": "create_template", "template_id": "t-9", "partner_id": "p-1", "name": "n"}),
        json!({"type": "create_campaign", "campaign_id": "c-9", "sku_id": "S-1", "name": "n", "price": 1,
            "allotted": 1, "opens_at": "2020-01-01T00:00:00Z", "closes_at": "2120-01-01T00:00:00Z"}),
        json!({"type": "create_partner", "partner_id": "p-9", "name": "n", "kind": "retailer", "zip": "06236",
            "address": "a"}),
        json!({"type": "update_partner", "partner_id": "p-1", "name": "n", "zip": "06236", "address": "a"}),
        json!({"type": "update_product", "product_id": "g-1", "name": "n"}),
        json!({"type": "update_template", "template_id": "t-1", "name": "n"}),
    ]
}

/// Each free text of each command with a canary in it; ids are `{tag}-{n}`.
fn poisoned(tag: &str) -> Vec<Value> {
    let samples: Vec<Value> = samples()
        .into_iter()
        .map(|mut s| {
            if s["actor"].is_null() {
                s["actor"] = "operator:o".into();
            }
            s["id"] = "sample-0001".into();
            let read = decode(s.to_string().as_bytes());
            assert!(read.is_ok(), "{s} is refused without a card number: {read:?}");
            s
        })
        .collect();
    let places = places();
    assert!(places.len() > 30 && places.iter().all(|(t, _)| Wire::NAMES.contains(t)), "{places:?}");
    let mut all = Vec::new();
    for (kind, path) in places {
        let sample = samples.iter().find(|s| s["type"] == kind && s.pointer(&path).is_some());
        let sample = sample.unwrap_or_else(|| panic!("no sample of {kind} has {path}"));
        for shift in [0, 3] {
            let mut command = sample.clone();
            *command.pointer_mut(&path).unwrap() = CANARIES[(all.len() + shift) % CANARIES.len()].into();
            command["id"] = format!("{tag}-{:05}", all.len()).into();
            all.push(command);
        }
    }
    // and where no text belongs
    let base = json!({"id": format!("{tag}-odd-field"), "actor": "operator:o", "type": "receive_stock", "sku_id": "S-1",
        "quantity": 1});
    for (id, field, value) in [
        ("odd-field", "memo", json!(CANARIES[1])),
        ("odd-name", CANARIES[0], json!("memo")),
        ("odd-type", "type", json!(CANARIES[2])),
        ("odd-number", "quantity", json!(4_111_111_111_111_111_i64)),
        ("odd-text", "quantity", json!(CANARIES[6])),
    ] {
        let mut command = base.clone();
        command["id"] = format!("{tag}-{id}").into();
        command[field] = value;
        all.push(command);
    }
    all
}

/// What nobody can answer.
fn garbage() -> Vec<Vec<u8>> {
    let long = format!("{{\"id\":\"garbage-001\",\"memo\":\"{}\",\"fill\":\"{}\"}}", CANARIES[0], "x".repeat(70_000));
    let cut = format!("{}{}", "x".repeat(16 * 1024 - 20), "4111 1111 1111 1111 ".repeat(4_000));
    let bytes = [b"\xff\xfe 4111111111111111 \xff".to_vec(), long.into_bytes(), cut.into_bytes()];
    let texts = CANARIES.iter().flat_map(|c| {
        [
            (*c).to_owned(),
            format!("{{\"id\":\"garbage-002\",\"reason\":\"{c}\""),
            format!("{{\"type\":\"place_order\",\"recipient\":{{\"name\":\"{c}\"}}}}"),
            format!("{{\"id\":[\"{c}\"],\"type\":\"place_order\"}}"),
        ]
    });
    texts.map(String::into_bytes).chain(bytes).chain([b"{\"id\":4111111111111111}".to_vec()]).collect()
}

/// A text as a reader would look for card numbers in it: plain digits, nothing between them.
fn plain(text: &str) -> String {
    let folded = text.chars().map(|c| char::from_digit(u32::from(c).wrapping_sub(u32::from('０')), 10).unwrap_or(c));
    folded.filter(|c| !matches!(c, ' ' | '-' | '.' | '－')).collect()
}

fn numbers() -> Vec<String> {
    let whole = CANARIES.iter().map(|c| plain(c));
    let number = |c: String| c.split(|c: char| !c.is_ascii_digit()).max_by_key(|d| d.len()).unwrap().to_owned();
    whole.map(number).collect()
}

fn clean(what: &str, text: &str) {
    let plain = plain(text);
    for number in numbers() {
        assert!(number.len() >= 13, "{number}");
        if let Some(at) = plain.find(&number) {
            let around: String = plain[..at].chars().rev().take(200).collect::<Vec<_>>().into_iter().rev().collect();
            panic!("{number} is in {what}, after: {around}");
        }
    }
}

impl Scene {
    /// Every key of the namespace with all that it holds.
    async fn keys(&self) -> Vec<(String, String)> {
        everything::keys(&self.redis, &self.namespace).await
    }

    /// Every table with all of its rows as text.
    async fn tables(&self) -> Vec<(String, String)> {
        everything::tables(&self.database).await
    }
}

#[tokio::test]
async fn f47_card_numbers_are_refused_and_left_nowhere() {
    let mut scene = Scene::new(1).await;
    let setting = scene.server().with(&["--keep-commands", "0"]);
    let setting = setting.variable("JUMUN_LOG", "jumun=debug").variable("NO_COLOR", "1");
    let server = scene.stocked(&setting, &[("S-1", 100)]).await;
    let door = server.address().unwrap();

    // by the stream
    let by_stream = poisoned("stream");
    let sent: Vec<Sent> = by_stream.iter().map(|c| Sent::new(0, c)).collect();
    scene.client.send(&sent).await;
    let ids: Vec<&str> = sent.iter().map(|s| s.id.as_str()).collect();
    for (command, answer) in by_stream.iter().zip(scene.client.wait(&ids).await) {
        let is = (answer.outcome, answer.reason.as_deref());
        assert_eq!(is, (OutcomeKind::Rejected, Some("invalid")), "{command}: {answer:?}");
        clean("an answer", &answer.json());
    }
    // by the HTTP API: they don't even come to the stream
    let length = |keys: &[(String, String)]| {
        let commands = keys.iter().find(|(name, _)| name.ends_with(":commands")).map(|(_, text)| text.clone());
        commands.unwrap_or_default().matches("http-").count()
    };
    for command in poisoned("http") {
        let reply = ask(&door, "POST", "/v1/commands", &[], command.to_string().as_bytes());
        assert_eq!(reply.status, 422, "{command}: {reply:?}");
        clean("a response", &reply.body);
    }
    assert_eq!(length(&scene.keys().await), 0, "what the HTTP API refuses is not sent on");
    // what nobody can answer
    let garbage = garbage();
    for bytes in &garbage {
        scene.client.log_raw(bytes).await;
    }
    // the newest entry of a stream stays until there is a newer one
    let last = json!({"id": "last-00001", "type": "receive_stock", "actor": "operator:test", "sku_id": "S-1",
        "quantity": 1});
    scene.client.accepted(&[Sent::new(0, &last)]).await;
    scene.received.iter_mut().for_each(|r| r.1 += 1);
    assert_eq!(scene.client.stats().await.dead, u64::try_from(garbage.len()).unwrap());
    let begun = std::time::Instant::now();
    while scene.client.stats().await.length > 1 {
        assert!(begun.elapsed() < Duration::from_secs(20), "the commands stay: {:?}", scene.client.stats().await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    let (keys, tables) = (scene.keys().await, scene.tables().await);
    let has = |all: &[(String, String)], what: &str| all.iter().any(|(_, text)| text.contains(what));
    assert!(has(&keys, "stream-00000") && has(&keys, "****") && has(&tables, "S-1"), "nothing was looked at");
    for (name, text) in keys.iter().chain(&tables) {
        clean(name, text);
    }
    assert!(server.log().contains("stream-00000"), "the log is not told of commands");
    clean("the log", &server.log());
    clean("the metrics", &ask(&door, "GET", "/metrics", &[], b"").body);
    scene.holds().await;
}
