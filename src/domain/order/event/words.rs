//! 사유: what people wrote in words of their own, where events hold some. They may be about a person, and are taken out when
//! that person is erased; what happened stays.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What stands where words were erased: nothing, which no command that has to give a reason can say.
pub const ERASED: &str = "";

/// Words in events, by the event's type and the fields that lead there; `*`: of each.
const WORDS: &[(&str, &[&str])] = &[
    ("payment_declined", &["reason"]),
    ("cut", &["reason"]),
    ("refund_failed", &["reason"]),
    ("procurement_cancelled", &["reason"]),
    ("debt_waived", &["reason"]),
    ("delivered", &["reason"]),
    ("return_rejected", &["reason"]),
    ("return_written_off", &["reason"]),
    ("return_changed", &["lines", "*", "reason"]),
    ("exchange_rejected", &["reason"]),
    ("exchange_approved", &["waived"]),
    ("exchange_inspected", &["findings", "reason"]),
    ("collection_given_up", &["reason"]),
    ("asked", &["what", "waived"]),
];

/// The same, where stored events of an older version have it otherwise.
const OLD_WORDS: &[(&str, &[&str])] = &[("exchange_inspected", &["judged", "reason"])];

/// The fields that hold words, each with the types of its events, sorted.
pub fn worded() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut found: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (of, field) in WORDS.iter().filter_map(|(of, path)| Some((*of, *path.last()?))) {
        found.entry(field).or_default().insert(of);
    }
    found
}

/// A stored event without its words; `None`: it has none.
pub fn without_words(json: &str) -> Option<String> {
    let mut event: Value = serde_json::from_str(json).ok()?;
    erase_words(&mut event).then(|| event.to_string())
}

/// Takes the words out of an event; whether there were some.
pub fn erase_words(event: &mut Value) -> bool {
    let kind = event.get("type").and_then(Value::as_str).unwrap_or_default();
    let found: Vec<&[&str]> =
        WORDS.iter().chain(OLD_WORDS).filter(|(of, _)| *of == kind).map(|(_, path)| *path).collect();
    // each, whatever the one before had
    found.into_iter().filter(|path| erase(event, path)).count() > 0
}

fn erase(at: &mut Value, path: &[&str]) -> bool {
    match (path, at) {
        ([], Value::String(words)) if !words.is_empty() => {
            ERASED.clone_into(words);
            true
        }
        (["*", rest @ ..], Value::Array(items)) => {
            items.iter_mut().filter_map(|i| erase(i, rest).then_some(())).count() > 0
        }
        ([field, rest @ ..], Value::Object(fields)) => fields.get_mut(*field).is_some_and(|next| erase(next, rest)),
        (_, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::order::Event;

    /// Texts that are no words of anybody's, by the last field: names that machines gave, and a business that sold something.
    const NAMES: &[&str] = &[
        "account_no",
        "approval_id",
        "approvals",
        "ask",
        "bank_code",
        "carrier",
        "carrier_name",
        "command",
        "detail",
        "id",
        "key",
        "movement_id",
        "payment_id",
        "refunds",
        "reservation",
        "seller",
        "waybill_no",
        "waybills",
        // keys of refunds
        "withdrawn",
    ];

    /// Every text without a form of its own that events of each type may hold, by the fields that lead there.
    fn texts(schema: &Value, at: &Value, path: &str, depth: usize, found: &mut BTreeSet<String>) {
        if depth > 14 {
            return;
        }
        if let Some(name) = at.get("$ref").and_then(Value::as_str) {
            let name = name.trim_start_matches("#/$defs/");
            // what a preview tells is in answers only
            if !matches!(name, "Preview") {
                texts(schema, &schema["$defs"][name], path, depth + 1, found);
            }
        }
        let is_text = match &at["type"] {
            Value::String(kind) => kind == "string",
            Value::Array(kinds) => kinds.contains(&"string".into()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
        };
        let bounded = ["enum", "const", "format", "minLength", "pattern"].iter().any(|k| at.get(k).is_some());
        if is_text && !bounded {
            found.insert(path.to_owned());
        }
        for field in at["properties"].as_object().into_iter().flatten() {
            let next = if path.is_empty() { field.0.clone() } else { format!("{path}.{}", field.0) };
            texts(schema, field.1, &next, depth + 1, found);
        }
        for within in ["items", "additionalProperties"] {
            texts(schema, &at[within], path, depth + 1, found);
        }
        for within in ["prefixItems", "anyOf", "oneOf", "allOf"] {
            at[within].as_array().into_iter().flatten().for_each(|a| texts(schema, a, path, depth + 1, found));
        }
    }

    /// The kind: a text that an event got later is known as words or as a name, or this fails.
    #[test]
    fn every_text_of_an_event_is_words_that_are_erased_or_a_name() {
        let schema = serde_json::to_value(schemars::schema_for!(Event)).unwrap();
        let mut seen = BTreeSet::new();
        for variant in schema["oneOf"].as_array().unwrap() {
            let kind = variant["properties"]["type"]["const"].as_str().unwrap();
            let mut found = BTreeSet::new();
            texts(&schema, variant, "", 0, &mut found);
            for path in found {
                let words = WORDS.iter().any(|(of, at)| {
                    *of == kind && at.iter().filter(|p| **p != "*").copied().collect::<Vec<_>>().join(".") == path
                });
                if words {
                    seen.insert(format!("{kind} {path}"));
                } else {
                    let last = path.rsplit('.').next().unwrap_or_default();
                    assert!(NAMES.contains(&last), "{kind}: {path} is neither erased nor a name");
                }
            }
        }
        assert_eq!(seen.len(), WORDS.len(), "each that is said to be there is: {seen:?}");
    }

    /// A code in a field that is called as words are: its order is looked at each time for nothing, and that is all.
    const TAKEN_FOR_WORDS: &[&str] = &[
        "collection_given_up charge.reason",
        "exchange_inspected findings.charge.reason",
        "return_changed charges.reason",
        "return_changed fees.reason",
        "return_written_off charge.reason",
    ];

    /// Stored events with words are found by these two fields, and by nothing else of their types.
    #[test]
    fn words_are_in_fields_that_the_stores_look_for() {
        let fields = worded();
        assert_eq!(fields.keys().copied().collect::<Vec<_>>(), ["reason", "waived"]);
        let mut taken = BTreeSet::new();
        let schema = serde_json::to_value(schemars::schema_for!(Event)).unwrap();
        for variant in schema["oneOf"].as_array().unwrap() {
            let kind = variant["properties"]["type"]["const"].as_str().unwrap();
            let mut found = Vec::new();
            named(&schema, variant, "", 0, &mut found);
            let looked_for = |path: &String| {
                let field = path.rsplit('.').next().and_then(|field| fields.get(field));
                field.is_some_and(|types| types.contains(&kind))
            };
            for path in found.into_iter().filter(looked_for) {
                let words = WORDS.iter().any(|(of, at)| *of == kind && at.join(".").replace(".*", "") == path);
                if !words {
                    taken.insert(format!("{kind} {path}"));
                }
            }
        }
        assert_eq!(taken.iter().map(String::as_str).collect::<Vec<_>>(), TAKEN_FOR_WORDS);
    }

    /// Where a field is called as words are.
    fn named(schema: &Value, at: &Value, path: &str, depth: usize, found: &mut Vec<String>) {
        if depth > 14 {
            return;
        }
        if let Some(name) = at.get("$ref").and_then(Value::as_str) {
            let name = name.trim_start_matches("#/$defs/");
            if name != "Preview" {
                named(schema, &schema["$defs"][name], path, depth + 1, found);
            }
        }
        for (field, of) in at["properties"].as_object().into_iter().flatten() {
            let next = if path.is_empty() { field.clone() } else { format!("{path}.{field}") };
            if matches!(&**field, "reason" | "waived") {
                found.push(next.clone());
            }
            named(schema, of, &next, depth + 1, found);
        }
        for within in ["items", "additionalProperties"] {
            named(schema, &at[within], path, depth + 1, found);
        }
        for within in ["prefixItems", "anyOf", "oneOf", "allOf"] {
            at[within].as_array().into_iter().flatten().for_each(|a| named(schema, a, path, depth + 1, found));
        }
    }

    #[test]
    fn words_go_and_what_happened_stays() {
        for (of, path) in WORDS.iter().chain(OLD_WORDS) {
            let mut event = Value::String("words".into());
            for step in path.iter().rev() {
                event = if *step == "*" {
                    serde_json::json!([event, {}])
                } else {
                    serde_json::json!({ *step: event, "group": 1 })
                };
            }
            event["type"] = (*of).into();
            let told = without_words(&event.to_string()).unwrap_or_else(|| panic!("{of} has words"));
            assert!(!told.contains("words") && told.contains("\"group\":1") && told.contains(of), "{told}");
            assert_eq!(without_words(&told), None, "once");
        }
        assert_eq!(without_words(r#"{"type":"return_requested","reason":"DEFECT"}"#), None, "a code is no words");
        assert_eq!(without_words("no json"), None);
    }
}
