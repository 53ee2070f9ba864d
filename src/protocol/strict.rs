//! JSON read strictly: a field that is there twice is refused. Parsers differ in which of the two counts, so of two readers
//! of one body each could take another; neither the HTTP API nor the streams take it.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

/// Any JSON, whose objects name each field once.
struct Strict(Value);

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, b: bool) -> Result<Value, E> {
        Ok(b.into())
    }

    fn visit_i64<E>(self, n: i64) -> Result<Value, E> {
        Ok(n.into())
    }

    fn visit_u64<E>(self, n: u64) -> Result<Value, E> {
        Ok(n.into())
    }

    fn visit_f64<E>(self, n: f64) -> Result<Value, E> {
        Ok(n.into())
    }

    fn visit_str<E>(self, s: &str) -> Result<Value, E> {
        Ok(s.into())
    }

    fn visit_string<E>(self, s: String) -> Result<Value, E> {
        Ok(s.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(items.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        fields(map).map(Value::Object)
    }
}

fn fields<'de, A: MapAccess<'de>>(mut map: A) -> Result<Map<String, Value>, A::Error> {
    let mut fields = Map::new();
    while let Some(name) = map.next_key::<String>()? {
        if fields.contains_key(&name) {
            return Err(A::Error::custom(format!("duplicate field `{name}`")));
        }
        let Strict(value) = map.next_value()?;
        fields.insert(name, value);
    }
    Ok(fields)
}

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(Any).map(Strict)
    }
}

/// Reads JSON.
///
/// # Errors
/// serde's, also where a field is there twice ([`is_duplicate`]).
pub fn value(json: &[u8]) -> serde_json::Result<Value> {
    serde_json::from_slice::<Strict>(json).map(|Strict(value)| value)
}

/// Whether the JSON reads, but for a field that is there twice.
pub fn is_duplicate(e: &serde_json::Error) -> bool {
    e.is_data()
}

/// An object within what serde reads; for `deserialize_with`.
///
/// # Errors
/// The reader's, also where a field is there twice.
pub fn object<'de, D: Deserializer<'de>>(d: D) -> Result<Map<String, Value>, D::Error> {
    struct Object;
    impl<'de> Visitor<'de> for Object {
        type Value = Map<String, Value>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            fields(map)
        }
    }
    d.deserialize_map(Object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reads_is_what_serde_reads() {
        for json in
            [r#"{"a":[1,-2,1.5,1e400,"x",null,true,{"b":{}}],"c":"\u00e9","d":18446744073709551615}"#, "[]", "7"]
        {
            let (ours, theirs) = (value(json.as_bytes()), serde_json::from_str::<Value>(json));
            assert_eq!(ours.ok(), theirs.ok(), "{json}");
        }
    }

    #[test]
    fn a_field_that_is_there_twice_is_refused_at_any_depth() {
        for json in
            [r#"{"a":1,"a":1}"#, r#"{"a":1,"\u0061":2}"#, r#"{"b":{"a":1,"c":2,"a":3}}"#, r#"[[{"a":null,"a":null}]]"#]
        {
            let e = value(json.as_bytes()).unwrap_err();
            assert!(is_duplicate(&e) && e.to_string().contains("duplicate field `a`"), "{json}: {e}");
        }
        assert!(value(br#"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}"#).is_ok());
        assert!(!is_duplicate(&value(b"{").unwrap_err()));
    }
}
