//! The protocol as JSON Schema, draft 2020-12, made from the types themselves.

use schemars::{Schema, SchemaGenerator, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::{Map, Value, json};

use super::{Answer, command, event::Published};
use crate::domain::order::event::Event;

/// A part of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProtocolPart {
    Commands,
    Answers,
    Events,
}

/// Makes the schemas: draft 2020-12, each integer with both of its ends.
pub fn generator() -> SchemaGenerator {
    let ends = |schema: &mut Schema| {
        if schema.get("format").is_some_and(|f| f == "uint32") && schema.get("maximum").is_none() {
            schema.insert("maximum".to_owned(), u32::MAX.into());
        }
    };
    SchemaSettings::draft2020_12().with_transform(RecursiveTransform(ends)).into_generator()
}

/// One document: what each part's messages look like, with all types under `$defs`. A message of any of the parts is
/// valid against it.
pub fn document(parts: &[ProtocolPart]) -> Value {
    let mut generator = generator();
    let mut named: Vec<(&str, Value)> = Vec::new();
    for part in parts {
        match part {
            ProtocolPart::Commands => named.push(("Command", commands(&mut generator))),
            ProtocolPart::Answers => {
                let answer = generator.subschema_for::<Answer>();
                named.push(("AnyAnswer", answer.to_value()));
            }
            ProtocolPart::Events => named.push(("AnyEvent", events(&mut generator))),
        }
    }
    let mut defs: Map<String, Value> = generator.take_definitions(true);
    let mut choices = Vec::new();
    for (name, schema) in named {
        defs.insert(name.to_owned(), schema);
        choices.push(json!({ "$ref": format!("#/$defs/{name}") }));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "jumun",
        "description": "commands, answers and events; money is whole won, times are RFC 3339",
        "anyOf": choices,
        "$defs": defs,
    })
}

/// Each command's type, told apart by its `type`.
pub fn commands(generator: &mut SchemaGenerator) -> Value {
    let each: Vec<Value> = command::schemas(generator)
        .into_iter()
        .map(|(name, schema)| {
            json!({ "allOf": [schema.to_value(), { "properties": { "type": { "const": name } }, "required": ["type"] }] })
        })
        .collect();
    json!({ "description": "a command: the envelope's fields beside its own", "oneOf": each })
}

/// A published event: the envelope, with the domain's event inside.
fn events(generator: &mut SchemaGenerator) -> Value {
    let (envelope, inside) = (generator.subschema_for::<Published>(), generator.subschema_for::<Event>());
    json!({ "allOf": [envelope.to_value(), { "properties": { "event": inside.to_value() } }] })
}
