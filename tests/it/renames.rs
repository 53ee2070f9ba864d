//! Names that have changed: each entry of docs/reference/renames.json is refused by its old name with a sentence that tells
//! the new one, where it comes in, and is told by the new one only, where it goes out.

use std::{
    collections::BTreeMap,
    io::Write as _,
    process::{Command, Stdio},
};

use clap::Parser as _;
use jumun::{
    cli::{Cli, environment},
    domain::order::{Event, event::EVENT_VERSION},
    http::{openapi::openapi, routes},
    protocol::{
        command::Wire,
        decode::{Unreadable, decode},
        event::{publish, republished},
    },
};
use serde_json::{Map, Value, json};

use crate::{docs::root, support::shop::Shop};

type Names = BTreeMap<String, String>;

fn renames() -> BTreeMap<String, Value> {
    serde_json::from_str(&std::fs::read_to_string(root().join("docs/reference/renames.json")).unwrap()).unwrap()
}

fn of(kind: &str) -> Names {
    serde_json::from_value(renames()[kind].clone()).unwrap()
}

fn last(name: &str) -> &str {
    name.rsplit(['.', ' ']).next().unwrap()
}

/// What a command is refused for.
fn refused(command: &Value) -> String {
    match decode(command.to_string().as_bytes()) {
        Err(Unreadable::Refused { refusal, .. }) => refusal.message(),
        other => panic!("{command} was read as {other:?}"),
    }
}

fn says(sentence: &str, old: &str, new: &str) {
    assert!(sentence.contains(&format!("{} is called {} now", last(old), last(new))), "{old}: {sentence}");
}

/// A command as it is sent, and inside a preview.
fn sent(own: &Value) -> [Value; 2] {
    let mut whole = json!({ "id": "c-000000001", "actor": "operator:x", "order_id": "o-1" });
    whole.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    let preview =
        json!({ "id": "c-000000001", "actor": "operator:x", "order_id": "o-1", "type": "preview", "command": own });
    [whole, preview]
}

#[test]
fn every_kind_of_name_is_tested_here() {
    let kinds: Vec<String> = renames().into_keys().collect();
    let tested = [
        "about",
        "commands",
        "event_fields",
        "event_values",
        "events",
        "fields",
        "flag_values",
        "flags",
        "label_values",
        "labels",
        "metrics",
        "operation_ids",
        "routes",
        "schemas",
        "values",
        "view_fields",
        "view_values",
    ];
    assert_eq!(kinds, tested);
    for kind in &tested[1..] {
        for (old, new) in of(kind) {
            assert!(!of(kind).contains_key(&new), "{new} is an old name and a new one");
            let place = |name: &str| name.rsplit_once(['.', ' ']).map(|(place, _)| place.to_owned());
            // what has a new name itself is named by it in the new name
            let follows = ["event_values", "routes"].contains(kind) || place(&old) == place(&new);
            assert!(old != new && follows, "{old}: {new}");
        }
    }
}

#[test]
fn an_old_command_is_refused_with_its_new_name() {
    for (old, new) in of("commands") {
        assert!(Wire::NAMES.contains(&new.as_str()) && !Wire::NAMES.contains(&old.as_str()), "{old}");
        for command in sent(&json!({ "type": old })) {
            says(&refused(&command), &old, &new);
        }
    }
}

#[test]
fn an_old_field_is_refused_at_any_depth_with_its_new_name() {
    for (old, new) in of("fields") {
        let (place, field) = old.split_once('.').unwrap();
        let one = || json!({ field: 1 });
        let commands = match place {
            "payment" => vec![json!({ "type": "place_order", "payment": { "kind": "deposit", field: "card" } })],
            "settlements" => vec![
                json!({ "type": "approve_payment", "settlements": [one()] }),
                json!({ "type": "place_order", "payment": { "kind": "approved", "settlements": [one()] } }),
            ],
            "inspected" => vec![json!({ "type": "complete_return", "inspected": [one()] })],
            command => {
                assert!(Wire::NAMES.contains(&command), "{old}: no command, and no field that this test knows");
                vec![json!({ "type": command, field: true })]
            }
        };
        for command in commands.iter().flat_map(sent) {
            says(&refused(&command), &old, &new);
        }
    }
}

#[test]
fn an_old_value_is_refused_with_its_new_name() {
    for (old, new) in of("values") {
        let (field, value) = old.split_once('.').unwrap();
        let command = match field {
            "outcome" => json!({ "type": "fail_refund", "refund_key": "k", "reason": "r", field: value }),
            "when_sold_out" => json!({ "type": "update_gift_promotion", "gift_promotion_id": "g", field: value }),
            other => panic!("no command of {other} is known to this test"),
        };
        for mut command in sent(&command) {
            if command["type"] == "update_gift_promotion" {
                command.as_object_mut().unwrap().remove("order_id");
            }
            // a preview is of a command to an order, and reads it with that
            if command["command"]["type"] != "update_gift_promotion" {
                says(&refused(&command), &old, &new);
            }
        }
    }
}

/// What stands in schemas under `properties`, or as a value of an enum.
fn names_in(schema: &Value, properties: &mut Vec<String>, values: &mut Vec<String>) {
    match schema {
        Value::Object(own) => {
            properties
                .extend(own.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::keys).cloned());
            let words = own.get("enum").and_then(Value::as_array).into_iter().flatten().chain(own.get("const"));
            values.extend(words.filter_map(Value::as_str).map(str::to_owned));
            own.values().for_each(|inner| names_in(inner, properties, values));
        }
        Value::Array(items) => items.iter().for_each(|inner| names_in(inner, properties, values)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn views_and_schemas_have_their_new_names_only() {
    let document = openapi(&routes::all());
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for (old, new) in of("schemas") {
        assert!(schemas.contains_key(&new) && !schemas.contains_key(&old), "{old}");
    }
    let operations: Vec<&str> = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|path| path.as_object().unwrap().values())
        .filter_map(|operation| operation["operationId"].as_str())
        .collect();
    for (old, new) in of("operation_ids") {
        assert!(operations.contains(&&*new) && !operations.contains(&&*old), "{old}");
    }
    for kind in ["view_fields", "view_values"] {
        for (old, new) in of(kind) {
            let (schema, name) = old.split_once('.').unwrap();
            let (mut properties, mut values) = (Vec::new(), Vec::new());
            names_in(schemas.get(schema).unwrap_or_else(|| panic!("no schema {schema}")), &mut properties, &mut values);
            let found = if kind == "view_fields" { &properties } else { &values };
            assert!(found.iter().any(|f| f == last(&new)) && !found.iter().any(|f| f == name), "{old}: {found:?}");
        }
    }
}

#[test]
fn old_events_are_read_and_told_by_their_new_names() {
    let schema = serde_json::to_value(schemars::schema_for!(Event)).unwrap();
    let (mut properties, mut values) = (Vec::new(), Vec::new());
    names_in(&schema, &mut properties, &mut values);
    for (old, new) in of("event_fields") {
        assert!(properties.iter().any(|p| p == last(&new)), "{new} is no field of an event");
        assert!(!old.starts_with('*') || !properties.iter().any(|p| p == last(&old)), "{old} is one still");
    }
    for (old, new) in of("events") {
        assert!(Event::names().contains(&&*new) && !Event::names().contains(&&*old), "{old}");
    }
    let at = "2026-01-01T00:00:00Z".parse().unwrap();
    for (stored, now) in [
        (
            r#"{"type":"refund_failed","key":"k","reason":"busy","retry_at":"2026-01-01T00:00:00Z","heard":"nothing"}"#,
            r#"{"type":"refund_failed","key":"k","reason":"busy","retry_at":"2026-01-01T00:00:00Z","outcome":"no_response"}"#,
        ),
        (
            r#"{"type":"undue_payment_taken","settlements":[{"means":"card","amount":1,"approval_id":"a"}],"refunds":[],"why":"amount_mismatch"}"#,
            r#"{"type":"unexpected_payment_received","settlements":[{"method":"card","amount":1,"approval_id":"a"}],"refunds":[],"reason":"amount_mismatch"}"#,
        ),
        (
            r#"{"type":"exchange_inspected","group":1,"sellable":1,"unsellable":0,"judged":{"reason":"r","untaken":1,"fees_back":[{"fee_no":1,"amount":2}]}}"#,
            r#"{"type":"exchange_inspected","group":1,"sellable":1,"unsellable":0,"findings":{"reason":"r","released":1,"fee_refunds":[{"fee_no":1,"amount":2}]}}"#,
        ),
    ] {
        let now: Value = serde_json::from_str(now).unwrap();
        let event = Event::read(1, stored).unwrap();
        assert_eq!(serde_json::to_value(&event).unwrap(), now);
        let told = publish("o-1", 1, 1, at, "c-000000001", stored);
        // as a program of before published it
        let before = told.replace(&now.to_string(), stored).replace("\"version\":2", "\"version\":1");
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!((&told["event"], &told["version"]), (&now, &json!(EVENT_VERSION)));
        assert_ne!(serde_json::from_str::<Value>(&before).unwrap(), told);
        assert_eq!(serde_json::from_str::<Value>(&republished(&before)).unwrap(), told);
        assert_eq!(serde_json::from_str::<Value>(&republished(&format!("[{before}]"))).unwrap(), json!([told]));
    }
}

/// The texts of these folders and files.
fn texts(of: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Vec<_> = of.iter().map(|name| root().join(name)).collect();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
        } else if let Ok(text) = std::fs::read_to_string(&path)
            && path.file_name().is_some_and(|name| name != "renames.json")
        {
            found.push((path.display().to_string(), text));
        }
    }
    found
}

#[test]
fn metrics_have_their_new_names_only() {
    let (code, all) = (texts(&["src"]), texts(&["src", "docs", "ops", "k8s", "scripts", "tests/chaos", "README.md"]));
    let nowhere = |what: &str| {
        let found = all.iter().find(|(_, text)| text.contains(what));
        assert!(found.is_none(), "{what} is in {}", found.unwrap().0);
    };
    let somewhere = |what: &str| assert!(code.iter().any(|(_, text)| text.contains(what)), "{what} is nowhere");
    for (old, new) in of("metrics") {
        somewhere(&format!("\"{new}\""));
        nowhere(&old);
    }
    for (old, new) in of("labels") {
        let (metric, label) = new.split_once('.').unwrap();
        somewhere(&format!("\"{metric}\", \"{label}\""));
        nowhere(&format!("{metric}{{{}=", last(&old)));
    }
    for (old, new) in of("label_values") {
        let [metric, label, value] = new.split('.').collect::<Vec<_>>()[..] else { panic!("{new}") };
        somewhere(&format!("\"{value}\""));
        nowhere(&format!("{metric}{{{label}=\"{}", last(&old)));
    }
}

#[test]
fn an_old_flag_variable_or_setting_is_refused_with_its_new_name() {
    let words = |words: &str| words.split(' ').map(str::to_owned).collect::<Vec<String>>();
    let file = tempfile::NamedTempFile::new().unwrap();
    for (old, new) in of("flags") {
        for given in ["", " 1", "=1"] {
            let sentence = Cli::words(words(&format!("jumun {old}{given}"))).unwrap_err().to_string();
            says(&sentence, &old, &new);
        }
        if let (Some(old), Some(new)) = (old.strip_prefix("serve --"), new.strip_prefix("serve --")) {
            let variable = |flag: &str| format!("JUMUN_{}", flag.replace('-', "_").to_uppercase());
            let variables = std::iter::once((variable(old), "1".to_owned()));
            let sentence = environment::check(&<Cli as clap::CommandFactory>::command(), variables).unwrap_err();
            says(&sentence.to_string(), &variable(old), &variable(new));
            std::fs::write(file.path(), format!("{} = 1\n", old.replace('-', "_"))).unwrap();
            let sentence =
                Cli::words(words(&format!("jumun serve --config {}", file.path().display()))).unwrap_err().to_string();
            says(&sentence, &old.replace('-', "_"), &new.replace('-', "_"));
        }
        // by its new name it is taken, as far as this goes
        assert!(Cli::words(words(&format!("jumun {new}"))).is_ok(), "{new}");
    }
    for (old, new) in of("flag_values") {
        let sentence = Cli::try_parse_from(words(&format!("jumun {old}"))).unwrap_err().to_string();
        says(&sentence, &old, &new);
        assert!(Cli::try_parse_from(words(&format!("jumun {new}"))).is_ok(), "{new}");
    }
}

#[tokio::test]
async fn old_names_are_refused_over_http_with_the_new_ones() {
    let shop = Shop::file(&[]).await;
    let detail = |method: &str, path: &str| {
        let reply = shop.ask("operator", method, path, &[], if method == "POST" { b"{}" } else { b"" });
        assert!(matches!(reply.status, 404 | 422), "{path}: {reply:?}");
        reply.json()["detail"].as_str().unwrap_or_default().to_owned()
    };
    for (old, new) in of("commands") {
        says(&detail("POST", &format!("/v1/commands/{old}")), &old, &new);
        says(&detail("POST", &format!("/v1/orders/o-1/{old}")), &old, &new);
    }
    for (old, new) in of("events") {
        says(&detail("GET", &format!("/v1/events?types={old}")), &old, &new);
    }
    let known: Vec<&str> = routes::all().iter().map(|r| r.path).collect();
    for (old, new) in of("routes") {
        assert!(known.contains(&&*new) && !known.contains(&&*old), "{old}");
        let named = |path: &str| path.replace("{name}", "shop").replace("{id}", "1-1");
        let sentence = detail("GET", &named(&old));
        assert!(sentence.ends_with(&format!("it has moved to {}", named(&new))), "{old}: {sentence}");
    }
}

/// A client's commands are moved by the list and a few lines of code.
#[test]
fn the_script_moves_commands_to_the_new_names() {
    let mut lines = String::new();
    for old in of("commands").into_keys() {
        lines += &format!("{}\n", json!({ "type": "preview", "command": { "type": old } }));
    }
    lines += concat!(
        r#"{"type":"place_order","payment":{"kind":"approved","settlements":[{"means":"card"}]},"note":"means"}"#,
        "\n",
        r#"{"type":"place_order","payment":{"kind":"deposit","means":"bank_transfer"}}"#,
        "\n",
        r#"{"type":"fail_refund","heard":"nothing"}"#,
        "\nno json\n"
    );
    let script = root().join("scripts/rename.py");
    let mut child =
        Command::new("python3").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python3");
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    let mut moved = output.lines().map(|line| serde_json::from_str::<Value>(line).unwrap_or(Value::Null));
    for new in of("commands").into_values() {
        assert_eq!(moved.next().unwrap()["command"]["type"], new);
    }
    let rest: Vec<Value> = moved.collect();
    assert_eq!(
        rest,
        [
            json!({"type": "place_order", "payment": {"kind": "approved", "settlements": [{"method": "card"}]}, "note": "means"}),
            json!({"type": "place_order", "payment": {"kind": "deposit", "method": "bank_transfer"}}),
            json!({"type": "fail_refund", "outcome": "no_response"}),
            Value::Null,
        ]
    );
}
