//! The printed schemas, against what is really said: a validator of the few words that they use, which knows no other.

use std::process::Command;

use jumun::{
    protocol::command::Wire,
    tools::demo::words::{CustomerRequest, Names, Word},
};
use serde_json::{Value, json};

/// What `jumun schema` prints.
pub fn printed(what: &str) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_jumun")).args(["schema", what]).output().expect("it runs");
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

/// Why a value is not valid against the document; empty when it is.
pub fn errors(document: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(document, document, value, "", &mut found);
    found
}

fn valid(root: &Value, schema: &Value, value: &Value) -> bool {
    let mut found = Vec::new();
    check(root, schema, value, "", &mut found);
    found.is_empty()
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("the schema has a type {other:?}"),
    }
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let Value::Object(words) = schema else {
        assert_eq!(*schema, json!(true), "a schema is an object or true");
        return;
    };
    let list = |v: &Value| v.as_array().cloned().expect("a list");
    // the keywords that apply to objects need their neighbours
    let properties = words.get("properties");
    for (word, says) in words {
        let holds = match word.as_str() {
            "$ref" => {
                let path = says.as_str().and_then(|s| s.strip_prefix('#')).expect("a reference into the document");
                let target = root.pointer(path).unwrap_or_else(|| panic!("{path} leads nowhere"));
                check(root, target, value, at, found);
                true
            }
            "allOf" => {
                list(says).iter().for_each(|s| check(root, s, value, at, found));
                true
            }
            "anyOf" => list(says).iter().any(|s| valid(root, s, value)),
            "oneOf" => list(says).iter().filter(|s| valid(root, s, value)).count() == 1,
            "type" => match says.as_str() {
                Some(kind) => is(value, kind),
                None => list(says).iter().any(|k| k.as_str().is_some_and(|k| is(value, k))),
            },
            "const" => value == says,
            "enum" => list(says).contains(value),
            "properties" => {
                for (name, inner) in says.as_object().expect("properties") {
                    if let Some(v) = value.get(name) {
                        check(root, inner, v, &format!("{at}/{name}"), found);
                    }
                }
                true
            }
            "required" => list(says).iter().all(|n| !value.is_object() || value.get(n.as_str().unwrap()).is_some()),
            "additionalProperties" => match (says, value.as_object()) {
                (Value::Bool(false), Some(members)) => {
                    members.keys().all(|k| properties.is_some_and(|p| p.get(k).is_some()))
                }
                _ => true,
            },
            "items" => {
                value.as_array().into_iter().flatten().for_each(|v| check(root, says, v, &format!("{at}/…"), found));
                true
            }
            "minLength" => value.as_str().is_none_or(|s| s.chars().count() as u64 >= says.as_u64().unwrap()),
            "maxLength" => value.as_str().is_none_or(|s| s.chars().count() as u64 <= says.as_u64().unwrap()),
            "minimum" => value.as_i64().is_none_or(|n| n >= says.as_i64().unwrap()),
            "maximum" => value.as_i64().is_none_or(|n| n <= says.as_i64().unwrap()),
            "$schema" | "$defs" | "title" | "description" | "format" | "default" => true,
            other => panic!("the schema says {other:?}, which this validator does not know"),
        };
        if !holds {
            found.push(format!("{at}: {word} {}", says.to_string().chars().take(200).collect::<String>()));
        }
    }
}

/// The protocol's own example.
const EXAMPLE: &str = r#"{"id":"c-000000001","type":"place_order","order_id":"o-1","actor":"buyer:u-1","customer_id":"u-1","lines":[{"sku_id":"AC-100","quantity":1}]}"#;

#[test]
fn commands_are_what_the_schema_says() {
    let schema = printed("commands");
    let example: Value = serde_json::from_str(EXAMPLE).unwrap();
    assert_eq!(errors(&schema, &example), Vec::<String>::new());
    let names = Names { tag: "d0123abcd".into() };
    for ask in [
        CustomerRequest::Place,
        CustomerRequest::Second,
        CustomerRequest::Approve,
        CustomerRequest::Decline,
        CustomerRequest::GiveUp,
        CustomerRequest::Cancel,
    ] {
        let json = names.json(Word { ask, customer: 7, attempt: 0 }, 899_000);
        assert_eq!(errors(&schema, &serde_json::from_str(&json).unwrap()), Vec::<String>::new(), "{json}");
    }
    // each spoiled in one place, and refused by the program too
    let spoiled = |change: &dyn Fn(&mut Value)| {
        let mut command = example.clone();
        change(&mut command);
        command
    };
    for wrong in [
        spoiled(&|c| c["colour"] = json!("red")),
        spoiled(&|c| c["id"] = json!("short")),
        spoiled(&|c| c["type"] = json!("place_orders")),
        spoiled(&|c| c["type"] = json!("cancel_payment")),
        spoiled(&|c| c["lines"][0]["quantity"] = json!(-1)),
        spoiled(&|c| c["lines"][0]["quantity"] = json!("1")),
        spoiled(&|c| c["lines"][0]["unit_price"] = json!(1.5)),
        spoiled(&|c| drop(c.as_object_mut().unwrap().remove("customer_id"))),
        spoiled(&|c| c["payment"] = json!({ "kind": "promised" })),
        json!([]),
    ] {
        assert!(!errors(&schema, &wrong).is_empty(), "{wrong}");
        assert!(jumun::protocol::decode(wrong.to_string().as_bytes()).is_err(), "{wrong}");
    }
}

#[test]
fn every_command_and_event_is_in_one_document() {
    let all = printed("all");
    assert_eq!(all["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let kinds: Vec<&Value> = all["$defs"]["Command"]["oneOf"]
        .as_array()
        .expect("commands")
        .iter()
        .map(|c| &c["allOf"][1]["properties"]["type"]["const"])
        .collect();
    assert_eq!(kinds, Wire::NAMES);
    // every reference leads somewhere
    let mut open = vec![&all];
    let mut references = 0;
    while let Some(value) = open.pop() {
        match value {
            Value::Object(members) => {
                if let Some(target) = members.get("$ref").and_then(Value::as_str) {
                    references += 1;
                    assert!(all.pointer(target.trim_start_matches('#')).is_some(), "{target}");
                }
                open.extend(members.values());
            }
            Value::Array(items) => open.extend(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    assert!(references > 50, "{references}");
    for part in ["commands", "answers", "events"] {
        assert_eq!(printed(part)["anyOf"].as_array().map(Vec::len), Some(1), "{part}");
    }
}
