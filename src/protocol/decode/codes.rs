//! Codes and names that other systems made: carriers', waybills', the post's.

use super::text;
use crate::domain::reason::Refusal;

/// A short name in any script: a carrier's.
pub fn name(what: &str, said: &str) -> Result<(), Refusal> {
    let len = said.trim().chars().count();
    if len == 0 || len > 64 || said.chars().any(char::is_control) {
        return Err(Refusal::invalid(format!("{what} is a code or a name of 1 to 64 characters")));
    }
    text(Some(said))
}

/// A short code that other systems made: a waybill's.
pub fn code(what: &str, text: &str) -> Result<(), Refusal> {
    if text.is_empty() || text.len() > 64 || !text.chars().all(|c| c.is_ascii_graphic()) {
        return Err(Refusal::invalid(format!("{what} is 1 to 64 printable characters")));
    }
    Ok(())
}

pub fn postal(zip: &str) -> Result<(), Refusal> {
    if zip.len() == 5 && zip.chars().all(|c| c.is_ascii_digit()) {
        return Ok(());
    }
    Err(Refusal::invalid("a postal code is five digits"))
}
