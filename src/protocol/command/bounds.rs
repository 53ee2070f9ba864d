//! The bounds of what commands say: of texts, times and corrections. A field's type has them, so none can be forgotten; what
//! lies outside is refused where it is read, before any lane or table sees it.

use std::{fmt, ops::Deref};

use chrono::Datelike as _;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::domain::{Time, stock::STOCK_MAX};

/// The longest free text (names, reasons), in characters.
pub const TEXT_MAX: usize = 500;

/// A text: of at most [`TEXT_MAX`] characters, none of them NUL, which no table takes.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Text(String);

impl Text {
    /// Checks its bounds.
    ///
    /// # Errors
    /// A sentence, when it is too long or holds a NUL.
    pub fn new(text: impl Into<String>) -> Result<Self, String> {
        let text = text.into();
        // a character has at least a byte, so most texts need not be counted
        if (text.len() > TEXT_MAX && text.chars().count() > TEXT_MAX) || text.contains('\0') {
            return Err(format!("a text is at most {TEXT_MAX} characters, none of them NUL"));
        }
        Ok(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, for the domain.
    pub fn into_string(self) -> String {
        self.0
    }

    /// Of one that may be absent.
    pub fn maybe(text: Option<Text>) -> Option<String> {
        text.map(Text::into_string)
    }
}

impl Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Text::new(String::deserialize(d)?).map_err(D::Error::custom)
    }
}

impl JsonSchema for Text {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Text".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "maxLength": TEXT_MAX })
    }
}

/// A correction of stock, either way, by at most all that a SKU may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Correction(i64);

impl Correction {
    /// In units.
    pub const fn units(self) -> i64 {
        self.0
    }
}

impl Serialize for Correction {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for Correction {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let units = i64::deserialize(d)?;
        if !(-STOCK_MAX..=STOCK_MAX).contains(&units) {
            return Err(D::Error::custom(format!("a correction is of at most {STOCK_MAX} units, not {units}")));
        }
        Ok(Self(units))
    }
}

impl JsonSchema for Correction {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Correction".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": -STOCK_MAX, "maximum": STOCK_MAX })
    }
}

/// A time in a command: RFC 3339, of the years 2000 to 2199, and decided to the millisecond, which every store keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// as it was written: the content that the command's id stands for
    said: Time,
}

impl Moment {
    const YEARS: std::ops::RangeInclusive<i32> = 2000..=2199;

    /// What is decided by: cut to the millisecond.
    pub fn time(self) -> Time {
        Time::from_timestamp_millis(self.said.timestamp_millis()).unwrap_or(self.said)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.said.serialize(s)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let said = Time::deserialize(d)?;
        if !Self::YEARS.contains(&said.year()) {
            let (first, last) = Self::YEARS.into_inner();
            return Err(D::Error::custom(format!("a time is of the years {first} to {last}, not {}", said.year())));
        }
        Ok(Self { said })
    }
}

impl JsonSchema for Moment {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Moment".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(g: &mut schemars::SchemaGenerator) -> schemars::Schema {
        g.subschema_for::<Time>()
    }
}
