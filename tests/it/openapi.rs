//! The door's document, as generators of clients read it, and what the clients then send.

use std::collections::BTreeSet;

use jumun::http::{openapi::openapi, routes};
use serde_json::{Value, json};

use crate::support::shop::Shop;

/// The kind: what is valid JSON Schema, and stops generators of clients all the same.
#[tokio::test]
async fn the_document_is_plain_enough_for_generators() {
    let document = openapi(&routes::all());
    let mut open =
        vec![(String::new(), &document["components"]["schemas"], false), (String::new(), &document["paths"], false)];
    let (mut enums, mut seen) = (0, 0);
    while let Some((at, value, names)) = open.pop() {
        seen += 1;
        if let (Value::Object(own), false) = (value, names) {
            assert!(!own.contains_key("const"), "{at}: const");
            let alternatives = own.get("oneOf").and_then(Value::as_array).into_iter().flatten();
            let tagged = own.get("discriminator").is_some();
            for one in alternatives {
                assert!(
                    tagged == one.get("$ref").is_some(),
                    "{at}: alternatives have names and a discriminator, or neither"
                );
                assert!(one.get("enum").is_none(), "{at}: a list of words is an enum");
            }
            if let Some(words) = own.get("enum") {
                enums += 1;
                let strings = words.as_array().unwrap().iter().all(Value::is_string);
                assert!(strings && own["type"] == "string", "{at}: an enum of strings says so");
            }
        }
        match value {
            Value::Object(own) => {
                for (name, inner) in own {
                    let schema = names || ["items", "schema", "not"].contains(&name.as_str());
                    assert!(!(schema && inner.is_boolean()), "{at}/{name}: a boolean schema");
                    assert!(name != "additionalProperties" || inner != true, "{at}/{name}: a boolean schema");
                    // the names of properties are no words of a schema
                    let inside = !names && name == "properties";
                    let data = name == "mapping" || name == "default";
                    if !data && (!names || inner.is_object()) {
                        open.push((format!("{at}/{name}"), inner, inside));
                    }
                }
            }
            Value::Array(items) => open.extend(items.iter().map(|i| (at.clone(), i, false))),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    assert!(enums > 60 && seen > 3_000, "{enums} {seen}");
    let schemas = &document["components"]["schemas"];
    for (name, schema) in schemas.as_object().unwrap() {
        assert_ne!(schema["$ref"], format!("#/components/schemas/{name}"), "{name} is nothing but itself");
    }
    for (command, required) in [
        ("PlaceOrder", json!(["type", "order_id", "customer_id", "lines"])),
        ("PlaceOrderBody", json!(["order_id", "customer_id", "lines"])),
        ("CancelLines", json!(["type", "order_id", "lines"])),
        ("CancelLinesFields", json!(["lines"])),
        ("ReceiveStockBody", json!(["sku_id", "quantity"])),
    ] {
        let sorted =
            |v: &Value| v.as_array().unwrap().iter().map(|n| n.as_str().unwrap().to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(
            sorted(&schemas[command]["required"]),
            sorted(&required),
            "{command}: id and actor may be said elsewhere"
        );
        assert!(schemas[command]["properties"].get("actor").is_some(), "{command}: but may be there");
    }
}

/// What a generated client sends for a command, by each of the paths.
#[tokio::test]
async fn each_command_has_a_path() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    let headers = |id| [("Idempotency-Key", id), ("X-Customer-Id", "a@b/c")];
    let order = |id: &str| {
        json!({"order_id": id, "customer_id": "a@b/c", "lines": [{"sku_id": "A", "quantity": 1}]}).to_string()
    };
    let placed =
        shop.ask("checkout", "POST", "/v1/commands/place_order", &headers("typed-0001"), order("o-1").as_bytes());
    assert_eq!((placed.status, placed.json()["order_id"].as_str()), (200, Some("o-1")), "{placed:?}");
    // the same command by another path is the same command
    let again = shop.ask("checkout", "POST", "/v1/orders", &headers("typed-0001"), order("o-1").as_bytes());
    assert_eq!(again.json()["order_version"], placed.json()["order_version"], "{again:?}");
    // an actor that fits may be said, another not
    for (actor, status) in [("buyer:a@b/c", 200), ("buyer:u-2", 403), ("operator:me", 403)] {
        let body = json!({"order_id": "o-1", "actor": actor}).to_string();
        let reply =
            shop.ask("checkout", "POST", "/v1/commands/cancel_payment", &headers("typed-0002"), body.as_bytes());
        assert_eq!(reply.status, status, "{actor}: {reply:?}");
    }
    for (method, path, status) in [
        ("GET", "/v1/commands/typed-0001", 200),
        ("GET", "/v1/commands/place_order", 405),
        ("GET", "/v1/commands/prepare", 405),
        ("POST", "/v1/commands/no_such_type", 404),
        ("GET", "/v1/orders/o-1/cancel_lines", 405),
        ("POST", "/v1/orders/o-1/lines", 405),
        ("POST", "/v1/orders/o-1/nothing", 404),
    ] {
        let reply = shop.ask("operator", method, path, &[("Idempotency-Key", "typed-0003")], b"{}");
        assert_eq!(reply.status, status, "{method} {path}: {reply:?}");
        let other = if method == "GET" { "POST" } else { "GET" };
        assert_eq!(reply.header("allow"), (status == 405).then_some(other), "{method} {path}: {reply:?}");
    }
    // an id that is a type's name is an id all the same
    let named = json!({"id": "receive_stock", "type": "receive_stock", "sku_id": "A", "quantity": 1});
    assert_eq!(shop.ask("operator", "POST", "/v1/commands", &[], named.to_string().as_bytes()).status, 200);
    assert_eq!(shop.get("operator", "/v1/commands/receive_stock").status, 200);
    let mixed = json!({"type": "create_sku", "sku_id": "A", "quantity": 1});
    assert_eq!(shop.send("operator", "/v1/commands/receive_stock", "typed-0004", &mixed).status, 422);
}
