//! The events' type codes.

use serde::{
    Deserialize as _,
    de::{Error, value::MapDeserializer},
};

use super::Event;

impl Event {
    /// The type codes that there are, as serde knows them.
    pub fn names() -> &'static [&'static str] {
        let nothing = std::iter::once(("type", ""));
        match Event::deserialize(MapDeserializer::<_, Known>::new(nothing)) {
            Err(Known(names)) => names,
            Ok(_) => &[],
        }
    }
}

/// What serde knows of a closed list, heard from what it says to a name that is not on it.
#[derive(Debug)]
struct Known(&'static [&'static str]);

impl std::fmt::Display for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no such name")
    }
}

impl std::error::Error for Known {}

impl Error for Known {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Known(&[])
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Known(expected)
    }
}
