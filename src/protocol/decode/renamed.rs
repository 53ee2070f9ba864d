//! What is said of names that have changed: beside what the reader says of any other, the new one.

use super::{cut, masked};
use crate::{domain::renames::RENAMES, protocol::command::Wire};

/// What to say of a type that no command has; of an old name, the new one.
pub fn no_command(tag: &str) -> String {
    let why = format!("there is no command type {:?}", cut(&masked(tag)));
    RENAMES.command(tag).map_or_else(|| why.clone(), |renamed| format!("{why}: {renamed}"))
}

/// What a command's reader says; of an old name, the new one, too.
pub fn unread(tag: &str, error: &serde_json::Error) -> String {
    let why = error.to_string();
    let renamed = RENAMES.explained(tag, |place| Wire::NAMES.contains(&place), &why);
    renamed.map_or_else(|| masked(&why), |renamed| format!("{}; {renamed}", masked(&why)))
}
