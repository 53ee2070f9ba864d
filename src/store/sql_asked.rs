//! Conditions of a search, with their parameters.

use super::sql_store::Bind;
use crate::domain::status::Status;

/// A WHERE that grows.
pub(super) struct WhereClause {
    pub text: String,
    pub binds: Vec<Bind>,
}

impl WhereClause {
    pub fn new() -> Self {
        Self { text: String::from("WHERE 1 = 1"), binds: Vec::new() }
    }

    /// One condition more; each `?` in it stands for a value, in order.
    pub fn and(&mut self, what: &str, values: Vec<Bind>) {
        self.text.push_str(" AND ");
        let mut parts = what.split('?');
        self.text.push_str(parts.next().unwrap_or_default());
        for (part, value) in parts.zip(values) {
            self.binds.push(value);
            self.text.push_str(&format!("${}{part}", self.binds.len()));
        }
    }
}

/// Codes of ours as a list; in the statement's words, so that an index on some of them is seen to be meant.
pub(super) fn codes(statuses: &[Status]) -> String {
    quoted(&statuses.iter().map(|s| s.code()).collect::<Vec<_>>())
}

/// Names of ours as a list, in the statement's words for the same reason.
pub(super) fn quoted(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
    quoted.join(", ")
}
