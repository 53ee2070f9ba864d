//! JSON Schema as generators of clients read it: a closed list of words is an `enum`, nothing is a boolean, and alternatives
//! that a field tells apart have names and a discriminator.

use serde_json::{Map, Value, json};

/// Words about the values of an `enum`, in its order.
const ABOUT_EACH: &str = "x-enum-descriptions";

/// All of them.
pub fn plain(components: &mut Map<String, Value>) {
    components.values_mut().for_each(one);
    let names: Vec<String> = components.keys().cloned().collect();
    for name in names {
        let Some(mut schema) = components.remove(&name) else { continue };
        told_apart(&name, &mut schema, components);
        components.insert(name, schema);
    }
}

/// One schema and what is in it.
pub fn one(schema: &mut Value) {
    if *schema == Value::Bool(true) {
        *schema = json!({});
    }
    let Some(own) = schema.as_object_mut() else { return };
    for (key, inner) in own.iter_mut() {
        match key.as_str() {
            "properties" => inner.as_object_mut().into_iter().flat_map(Map::values_mut).for_each(one),
            "oneOf" | "anyOf" | "allOf" | "prefixItems" => inner.as_array_mut().into_iter().flatten().for_each(one),
            "items" | "not" => one(inner),
            "additionalProperties" if inner.is_object() => one(inner),
            _ => {}
        }
    }
    if own.get("additionalProperties") == Some(&Value::Bool(true)) {
        own.remove("additionalProperties"); // it says what is so without it
    }
    if let Some(only) = own.remove("const") {
        if only.is_string() {
            own.insert("type".into(), "string".into());
        }
        own.insert("enum".into(), json!([only]));
    }
    if own.contains_key("properties")
        && let Some(reference) = own.remove("$ref")
    {
        // beside a reference nothing else is read by many
        let own = std::mem::take(own);
        *schema = json!({ "allOf": [{ "$ref": reference }, own] });
        return;
    }
    if let Some(listed) = listed(own) {
        own.remove("oneOf");
        own.extend(listed);
    }
}

/// Alternatives that are nothing but words: one list of them.
fn listed(own: &Map<String, Value>) -> Option<Map<String, Value>> {
    let alternatives = own.get("oneOf")?.as_array()?;
    let (mut words, mut about) = (Vec::new(), Vec::new());
    for alternative in alternatives {
        if alternative.get("type")? != "string" {
            return None;
        }
        for word in alternative.get("enum")?.as_array()? {
            words.push(word.clone());
            about.push(alternative.get("description").cloned().unwrap_or_else(|| "".into()));
        }
    }
    let mut listed = Map::from_iter([("type".to_owned(), "string".into()), ("enum".to_owned(), words.into())]);
    if about.iter().any(|text| text != "") {
        listed.insert(ABOUT_EACH.into(), about.into());
    }
    Some(listed)
}

/// Its own fields, beside those of what it refers to.
fn fields(alternative: &Value) -> Option<&Map<String, Value>> {
    let own = alternative.pointer("/allOf/1").unwrap_or(alternative);
    own["properties"].as_object()
}

/// The one word that a field of an alternative holds.
fn tag<'a>(alternative: &'a Value, field: &str) -> Option<&'a str> {
    match fields(alternative)?.get(field)?["enum"].as_array()?.as_slice() {
        [word] => word.as_str(),
        _ => None,
    }
}

/// Alternatives that stand in the schema itself and are told apart by a field get names of their own.
fn told_apart(name: &str, schema: &mut Value, components: &mut Map<String, Value>) {
    let Some(alternatives) = schema["oneOf"].as_array() else { return };
    let first = alternatives.first().and_then(fields);
    let by = first.into_iter().flat_map(Map::keys).find(|f| alternatives.iter().all(|a| tag(a, f).is_some()));
    let Some(by) = by.cloned() else { return };
    let mut mapping = Vec::new();
    for alternative in alternatives {
        let Some(word) = tag(alternative, &by) else { return };
        let own = format!("{name}{}", pascal(word));
        mapping.push((word.to_owned(), own.clone()));
        components.insert(own, alternative.clone());
    }
    let Some(schema) = schema.as_object_mut() else { return };
    schema.extend(alternatives_of(&by, &mapping));
}

/// `oneOf` of named schemas, with what tells them apart: the field, and the word of each.
pub fn alternatives_of(by: &str, named: &[(String, String)]) -> Map<String, Value> {
    let at = |name: &str| format!("#/components/schemas/{name}");
    let each: Vec<Value> = named.iter().map(|(_, name)| json!({ "$ref": at(name) })).collect();
    let mapping: Map<String, Value> = named.iter().map(|(word, name)| (word.clone(), at(name).into())).collect();
    Map::from_iter([
        ("oneOf".to_owned(), each.into()),
        ("discriminator".to_owned(), json!({ "propertyName": by, "mapping": mapping })),
    ])
}

fn pascal(word: &str) -> String {
    let upper = |part: &str| part[..1].to_uppercase() + &part[1..];
    word.split(|c: char| !c.is_ascii_alphanumeric()).filter(|p| !p.is_empty()).map(upper).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_listed_and_alternatives_named() {
        let mut components = json!({
            "Stage": { "description": "how far", "oneOf": [
                { "type": "string", "enum": ["due", "done"] },
                { "type": "string", "const": "back", "description": "withdrawn" } ] },
            "Payment": { "oneOf": [
                { "type": "object", "properties": { "kind": { "type": "string", "const": "in_full" }, "any": true } },
                { "type": "object", "properties": { "kind": { "type": "string", "const": "later" } } } ] },
            "Free": { "type": "object", "additionalProperties": true, "properties": { "closed": { "additionalProperties": false } } },
        });
        plain(components.as_object_mut().unwrap());
        let expected = json!({
            "Stage": { "description": "how far", "type": "string", "enum": ["due", "done", "back"],
                ABOUT_EACH: ["", "", "withdrawn"] },
            "Payment": {
                "oneOf": [{ "$ref": "#/components/schemas/PaymentInFull" }, { "$ref": "#/components/schemas/PaymentLater" }],
                "discriminator": { "propertyName": "kind", "mapping": {
                    "in_full": "#/components/schemas/PaymentInFull", "later": "#/components/schemas/PaymentLater" } } },
            "PaymentInFull": { "type": "object",
                "properties": { "kind": { "type": "string", "enum": ["in_full"] }, "any": {} } },
            "PaymentLater": { "type": "object", "properties": { "kind": { "type": "string", "enum": ["later"] } } },
            "Free": { "type": "object", "properties": { "closed": { "additionalProperties": false } } },
        });
        assert_eq!(components, expected);
    }
}
