//! Commands in the document: each as it goes to `/v1/commands`, to a path of its type, and to its order.

use schemars::Schema;
use serde_json::{Map, Value, json};

use super::plain;

/// A command, told.
pub struct CommandDoc {
    /// its type
    pub tag: &'static str,
    /// its schema's name; with `Body` behind it, without its type; with `Fields`, without its order, too
    pub name: String,
    pub about: String,
    /// it is about an order that is there
    pub of_an_order: bool,
}

/// What of them is otherwise over HTTP: the answer comes in the response, the token may say who asks and a header the id.
pub fn over_http(named: Vec<(&'static str, Schema)>, components: &mut Map<String, Value>) -> Vec<CommandDoc> {
    let mut told = Vec::new();
    for (tag, reference) in named {
        let name = reference.get("$ref").and_then(Value::as_str).and_then(|r| r.rsplit('/').next()).unwrap_or(tag);
        let name = name.to_owned();
        let Some(mut command) = components.remove(&name) else { continue };
        without(&mut command, &["reply_to"], &[]);
        without(&mut command, &[], &["id", "actor"]);
        let properties = &mut command["properties"];
        properties["type"] = json!({ "type": "string", "enum": [tag], "description": "what it is" });
        for (field, more) in
            [("id", "; may be the header Idempotency-Key"), ("actor", "; with a token, the token says it")]
        {
            let about = properties[field]["description"].as_str().unwrap_or_default();
            properties[field]["description"] = format!("{about}{more}").into();
        }
        let of_an_order = tag != "place_order" && properties.get("order_id").is_some();
        let about = command["description"].as_str().unwrap_or_default().replace('\n', " ");
        let mut body = command.clone();
        without(&mut body, &["type"], &["type"]);
        if !of_an_order {
            without(&mut body, &["expected_version"], &[]);
            without(&mut command, &["expected_version"], &[]);
        }
        if of_an_order {
            let mut fields = body.clone();
            without(&mut fields, &["order_id"], &["order_id"]);
            components.insert(format!("{name}Fields"), fields);
        }
        components.insert(format!("{name}Body"), body);
        components.insert(name.clone(), command);
        told.push(CommandDoc { tag, name, about, of_an_order });
    }
    let named: Vec<(String, String)> = told.iter().map(|c| (c.tag.to_owned(), c.name.clone())).collect();
    let mut any = plain::alternatives_of("type", &named);
    any.insert("description".into(), "a command: the envelope's fields beside its own".into());
    components.insert("Command".to_owned(), any.into());
    previews(&told, components);
    told
}

/// Takes properties away, and what of them must be there.
fn without(schema: &mut Value, properties: &[&str], required: &[&str]) {
    if let Some(own) = schema["properties"].as_object_mut() {
        own.retain(|name, _| !properties.contains(&name.as_str()));
    }
    if let Some(must) = schema["required"].as_array_mut() {
        must.retain(|name| !required.iter().any(|r| name == r));
    }
}

/// The command within a preview: its type, and the fields of `…Fields`.
fn previews(told: &[CommandDoc], components: &mut Map<String, Value>) {
    let tags: Vec<&str> = told.iter().filter(|c| c.of_an_order && c.tag != "preview").map(|c| c.tag).collect();
    for name in ["Preview", "PreviewBody", "PreviewFields"] {
        let Some(command) = components.get_mut(name).and_then(|p| p.pointer_mut("/properties/command")) else {
            continue;
        };
        let about = command["description"].clone();
        *command = json!({ "type": "object", "required": ["type"], "description": about,
            "properties": { "type": { "type": "string", "enum": tags } } });
    }
}
