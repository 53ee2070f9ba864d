//! Stored and published events of older versions, brought up to date: whoever reads one, reads it through here.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::EVENT_VERSION;
use crate::domain::renames::{RENAMES, last};

/// Of before events and their fields had the names that they have now (docs/reference/renames.json).
const OLD_NAMES: i64 = 1;

/// An event's JSON as this version writes it.
///
/// # Errors
/// A sentence, when the version is not known or an old event is no JSON.
pub fn current(version: i64, json: &str) -> Result<Cow<'_, str>, String> {
    match version {
        EVENT_VERSION => Ok(Cow::Borrowed(json)),
        OLD_NAMES => {
            let mut event: Value =
                serde_json::from_str(json).map_err(|e| format!("not an event of version {version}: {e}"))?;
            renamed(&mut event);
            Ok(Cow::Owned(event.to_string()))
        }
        other => Err(format!("event version {other} is not known to this program (it writes {EVENT_VERSION})")),
    }
}

/// What events of this stored type are called now.
pub fn current_name(stored: &str) -> &str {
    RENAMES.events.get(stored).map_or(stored, String::as_str)
}

/// A published event, its envelope around it.
pub fn published(told: &mut Value) {
    let Value::Object(fields) = told else { return };
    if fields.get("version").and_then(Value::as_i64) == Some(OLD_NAMES) {
        fields.get_mut("event").into_iter().for_each(renamed);
        fields.insert("version".to_owned(), EVENT_VERSION.into());
    }
}

/// Whether published events may hold one of an older version: a cheap look, which may say so of one whose words do.
pub fn may_be_old(json: &str) -> bool {
    json.contains("\"version\":1,") || json.contains("\"version\":1}")
}

fn renamed(event: &mut Value) {
    let Value::Object(fields) = event else { return };
    let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    values(&kind, fields);
    names(&kind, fields);
    any_depth(event);
    if let Some(new) = RENAMES.events.get(&kind) {
        event["type"] = new.as_str().into();
    }
}

/// Values of an event's own fields: `type.field.old`.
fn values(kind: &str, fields: &mut Map<String, Value>) {
    for (old, new) in &RENAMES.event_values {
        let [of, field, was] = old.split('.').collect::<Vec<_>>()[..] else { continue };
        if of == kind
            && let Some(value) = fields.get_mut(field).filter(|v| **v == was)
        {
            *value = last(new).into();
        }
    }
}

/// Names of an event's own fields: `type.old`.
fn names(kind: &str, fields: &mut Map<String, Value>) {
    for (old, new) in &RENAMES.event_fields {
        if old.split_once('.').is_some_and(|(of, _)| of == kind)
            && let Some(value) = fields.remove(last(old))
        {
            fields.insert(last(new).to_owned(), value);
        }
    }
}

/// Names of fields wherever they stand: `*.old`.
fn any_depth(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let old =
                |name: &String| RENAMES.event_fields.get(&format!("*.{name}")).map(|new| (name.clone(), last(new)));
            let found: Vec<(String, &str)> = fields.keys().filter_map(old).collect();
            for (name, new) in found {
                if let Some(value) = fields.remove(&name) {
                    fields.insert(new.to_owned(), value);
                }
            }
            fields.values_mut().for_each(any_depth);
        }
        Value::Array(items) => items.iter_mut().for_each(any_depth),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::order::Event;

    /// Each entry of the list, by itself; and what is up to date stays as it is.
    #[test]
    fn every_old_name_of_an_event_is_brought_up_to_date() {
        let read = |event: &Value| -> Value { serde_json::from_str(&current(1, &event.to_string()).unwrap()).unwrap() };
        for (old, new) in &RENAMES.events {
            assert_eq!(read(&json!({ "type": old })), json!({ "type": new }));
            assert!(Event::names().contains(&new.as_str()) && !Event::names().contains(&old.as_str()), "{old}");
            assert_eq!(current_name(old), new);
        }
        for (old, new) in &RENAMES.event_fields {
            let (of, field) = old.split_once('.').unwrap();
            let (old_event, new_event) = if of == "*" {
                let deep = |name: &str| json!({ "type": "placed", name: 1, "deep": [{ "er": { name: { name: 2 } } }] });
                (deep(field), deep(last(new)))
            } else {
                (json!({ "type": of, field: [1] }), json!({ "type": current_name(of), last(new): [1] }))
            };
            assert_eq!(read(&old_event), new_event);
            assert_eq!(read(&new_event), new_event, "once is enough");
        }
        for (old, new) in &RENAMES.event_values {
            let (old, new): (Vec<&str>, Vec<&str>) = (old.split('.').collect(), new.split('.').collect());
            let ([of, field, was], [_, to, is]) = (&old[..], &new[..]) else {
                panic!("{old:?} is no type.field.value")
            };
            assert_eq!(read(&json!({ "type": of, *field: was })), json!({ "type": of, *to: is }));
        }
        let now = r#"{"type":"cut","seen":[],"means":1}"#;
        assert_eq!(current(EVENT_VERSION, now).unwrap(), now, "of this version nothing is asked");
        assert!(current(3, now).is_err() && current(1, "no json").is_err());
    }

    #[test]
    fn published_events_are_told_in_this_version() {
        let told = |version: i64, event: Value| json!({ "event_id": "o-1/1", "version": version, "event": event });
        let mut old = told(1, json!({ "type": "stock_judged", "lines": [], "seen": [1] }));
        let new = told(2, json!({ "type": "stock_confirmed", "lines": [], "checked_lines": [1] }));
        assert!(may_be_old(&old.to_string()) && !may_be_old(&new.to_string()));
        published(&mut old);
        assert_eq!(old, new);
        published(&mut old);
        assert_eq!(old, new);
    }
}
