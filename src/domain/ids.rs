//! Identifiers: opaque strings with a bound and an alphabet.
//!
//! They are `Arc<str>` inside, because the same id travels into events, rows, ledger and answers.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

/// Why a string is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadId {
    /// Shorter or longer than allowed.
    #[error("{what} must be {min} to {max} characters long, not {len}")]
    Length { what: &'static str, min: usize, max: usize, len: usize },
    /// A character outside the alphabet.
    #[error("{what} may not contain the character {found:?}")]
    Character { what: &'static str, found: char },
    /// What would lead elsewhere in a path that is made of it.
    #[error("{what} may not begin with a slash, nor have a part that is `.` or `..`")]
    Path { what: &'static str },
}

/// The alphabet of ids, for documents: a class of a regular expression.
pub const ALPHABET: &str = "[A-Za-z0-9._:@/-]";

/// The characters of every id but a command's: letters, digits and `. _ - : @ /`.
pub fn in_alphabet(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':' | '@' | '/')
}

/// A command's id is made by the client: any printable ASCII but the space.
fn printable(c: char) -> bool {
    c.is_ascii_graphic()
}

fn check(what: &'static str, s: &str, min: usize, max: usize, ok: fn(char) -> bool) -> Result<(), BadId> {
    // every allowed character is one byte, so a text that is too long in bytes is too long or not allowed
    let len = if s.len() <= max { s.len() } else { s.chars().count() };
    if len < min || len > max {
        return Err(BadId::Length { what, min, max, len });
    }
    match s.chars().find(|&c| !ok(c)) {
        Some(found) => Err(BadId::Character { what, found }),
        None => Ok(()),
    }
}

/// Ids stand in paths: every client and proxy that makes one of them may resolve it.
fn leads_nowhere(what: &'static str, s: &str) -> Result<(), BadId> {
    let dots = |part: &str| part == "." || part == "..";
    if s.starts_with('/') || (s.contains('.') && s.split('/').any(dots)) {
        return Err(BadId::Path { what });
    }
    Ok(())
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $min:literal, $max:literal, $ok:path) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(&self.0)
            }
        }

        // by hand, because every command has several ids and most texts can be borrowed from it
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                struct Text;
                impl serde::de::Visitor<'_> for Text {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        write!(f, "{} as a string", $what)
                    }
                    fn visit_str<E: serde::de::Error>(self, s: &str) -> Result<$name, E> {
                        $name::new(s).map_err(E::custom)
                    }
                }
                d.deserialize_str(Text)
            }
        }

        impl $name {
            /// Checks length and alphabet.
            ///
            /// # Errors
            /// [`BadId`] when the string breaks either.
            pub fn new(s: &str) -> Result<Self, BadId> {
                check($what, s, $min, $max, $ok)?;
                if $what != "id" {
                    leads_nowhere($what, s)?; // a command's is escaped wherever it stands
                }
                Ok(Self(s.into()))
            }

            /// Takes a string that was checked when it was first accepted (from the store).
            pub fn stored(s: &str) -> Self {
                Self(s.into())
            }

            /// The id's text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The id's text, shared.
            pub fn shared(&self) -> Arc<str> {
                Arc::clone(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "minLength": $min, "maxLength": $max })
            }
        }
    };
}

id!(/// 주문ID: an order.
    OrderId, "order_id", 1, 64, in_alphabet);
id!(/// 단품ID: what stock is counted in.
    SkuId, "sku_id", 1, 64, in_alphabet);
id!(/// 상품ID: a product master.
    ProductId, "product_id", 1, 64, in_alphabet);
id!(/// 고객ID: a buyer; opaque, never a name.
    CustomerId, "customer_id", 1, 64, in_alphabet);
id!(/// 협력사ID: who sells or delivers.
    PartnerId, "partner_id", 1, 64, in_alphabet);
id!(/// 배송템플릿ID: a delivery template.
    TemplateId, "template_id", 1, 64, in_alphabet);
id!(/// 판매행사ID: a sale campaign.
    CampaignId, "campaign_id", 1, 64, in_alphabet);
id!(/// 프로모션ID: a promotion or a coupon.
    PromotionId, "promotion_id", 1, 64, in_alphabet);
id!(/// 명령ID: made by the client, 8 to 64 printable characters.
    CommandId, "id", 8, 64, printable);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alphabet_is_told_as_it_is() {
        let told = ALPHABET.trim_matches(['[', ']']).replace("A-Z", &('A'..='Z').collect::<String>());
        let told = told.replace("a-z", &('a'..='z').collect::<String>()).replace("0-9", "0123456789");
        let mut told: Vec<char> = told.chars().collect();
        told.sort_unstable();
        let taken: Vec<char> = ('\0'..='\u{7f}').filter(|c| in_alphabet(*c)).collect();
        assert_eq!(told, taken);
    }

    #[test]
    fn bounds_and_alphabet() {
        for (input, ok) in [
            ("o-1", true),
            ("", false),
            (".", false),
            ("..", false),
            ("/o-1", false),
            ("a/../b", false),
            ("../customers/u-1/erase", false),
            ("a/b.c/..d", true),
            ("주문", false),
            ("a b", false),
            ("a'b", false),
            (&"x".repeat(64), true),
            (&"x".repeat(65), false),
        ] {
            assert_eq!(OrderId::new(input).is_ok(), ok, "{input:?}");
        }
        for (input, ok) in [("c-000001", true), ("short", false), ("with space", false), ("c-'\"<>;-", true)] {
            assert_eq!(CommandId::new(input).is_ok(), ok, "{input:?}");
        }
    }
}
