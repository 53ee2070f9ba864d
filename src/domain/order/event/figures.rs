//! How many units of a SKU there are stands in some events, where something came short. Buyers hear of what became of their
//! order, not of that.

use serde_json::Value;

use crate::domain::reason::Facts;

/// Where an event may hold such figures, by its type: a field that is theirs alone, or the facts of a refusal.
const FIGURES: &[(&str, &str)] = &[("cut", "stock_checks"), ("placement_failed", "facts"), ("denied", "facts")];

/// Whether events of this type may hold a SKU's figures.
pub fn may_tell_units(kind: &str) -> bool {
    FIGURES.iter().any(|(of, _)| *of == kind)
}

/// Takes a SKU's figures out of an event; whether there may have been some.
pub fn hide_units(event: &mut Value) -> bool {
    let Value::Object(fields) = event else { return false };
    let kind = fields.get("type").and_then(Value::as_str).unwrap_or_default();
    let Some((_, field)) = FIGURES.iter().find(|(of, _)| *of == kind) else { return false };
    let Some(mut held) = fields.remove(*field) else { return false };
    if *field == "facts" {
        let reason = fields.get("reason").and_then(Value::as_str);
        let facts: Facts = serde_json::from_value(held).unwrap_or_default();
        held = without(facts, reason);
        fields.insert((*field).to_owned(), held);
    }
    true
}

fn without(mut facts: Facts, reason: Option<&str>) -> Value {
    facts.hide_units(reason);
    facts.stock = Box::default();
    serde_json::to_value(facts).unwrap_or_else(|_| Value::Object(serde_json::Map::new()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::domain::order::Event;

    /// Fields that tell how much there is, wherever they stand.
    const TELLS: [&str; 5] = ["position", "on_hand", "available", "stock_checks", "stock"];

    fn fields(schema: &Value, at: &Value, depth: usize, found: &mut BTreeSet<String>) {
        if depth > 14 {
            return;
        }
        if let Some(name) = at.get("$ref").and_then(Value::as_str) {
            fields(schema, &schema["$defs"][name.trim_start_matches("#/$defs/")], depth + 1, found);
        }
        for (name, within) in at["properties"].as_object().into_iter().flatten() {
            found.insert(name.clone());
            fields(schema, within, depth + 1, found);
        }
        fields_of_parts(schema, at, depth, found);
    }

    fn fields_of_parts(schema: &Value, at: &Value, depth: usize, found: &mut BTreeSet<String>) {
        fields_within(schema, &at["items"], depth, found);
        for within in ["prefixItems", "anyOf", "oneOf", "allOf"] {
            at[within].as_array().into_iter().flatten().for_each(|a| fields(schema, a, depth + 1, found));
        }
    }

    fn fields_within(schema: &Value, at: &Value, depth: usize, found: &mut BTreeSet<String>) {
        if at.is_object() {
            fields(schema, at, depth + 1, found);
        }
    }

    /// The kind: an event that gets such a field later is known here, or this fails.
    #[test]
    fn every_event_that_may_tell_how_much_there_is_is_known() {
        let schema = serde_json::to_value(schemars::schema_for!(Event)).unwrap();
        let mut telling = BTreeSet::new();
        for variant in schema["oneOf"].as_array().unwrap() {
            let kind = variant["properties"]["type"]["const"].as_str().unwrap();
            let mut found = BTreeSet::new();
            fields(&schema, variant, 0, &mut found);
            // which lines were looked at is no figure
            let of_lines = kind == "stock_confirmed";
            if TELLS.iter().any(|tells| found.contains(*tells)) && !of_lines {
                telling.insert(kind.to_owned());
            }
        }
        let known: BTreeSet<String> = FIGURES.iter().map(|(kind, _)| (*kind).to_owned()).collect();
        assert_eq!(telling, known);
    }

    #[test]
    fn figures_go_and_what_happened_stays() {
        let mut cut = json!({"type": "cut", "group": 1, "lines": [],
            "stock_checks": [{"sku_id": "A", "position": 7, "on_hand": 3, "wanted": 9}]});
        assert!(hide_units(&mut cut));
        assert_eq!(cut, json!({"type": "cut", "group": 1, "lines": []}));
        let mut failed = json!({"type": "placement_failed", "reason": "insufficient_stock",
            "facts": {"sku_id": "A", "available": 3, "requested": 9, "position": 7}});
        assert!(hide_units(&mut failed));
        assert_eq!(failed["facts"], json!({"sku_id": "A", "availability": "low_stock", "requested": 9}));
        let mut own = json!({"type": "denied", "reason": "quantity_exceeded", "facts": {"available": 3}});
        assert!(hide_units(&mut own));
        assert_eq!(own["facts"], json!({"available": 3}), "that is of the order's own units");
        let mut other = json!({"type": "payment_declined", "reason": "seen"});
        assert!(!hide_units(&mut other) && other["reason"] == "seen");
    }
}
