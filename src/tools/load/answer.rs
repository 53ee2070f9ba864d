//! What the generator reads of an answer.

use std::borrow::Cow;

use serde::Deserialize;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadOutcome {
    Accepted,
    Rejected,
    Failed,
}

/// An answer, as far as it is counted; the rest is skipped unread.
#[derive(Debug, Deserialize)]
pub struct LoadAnswer<'a> {
    #[serde(borrow)]
    pub command_id: Cow<'a, str>,
    pub outcome: LoadOutcome,
    #[serde(borrow, default)]
    pub reason: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    pub message: Option<Cow<'a, str>>,
}

impl LoadAnswer<'_> {
    /// Which command of the run `tag` this answers; `None` for another run's.
    pub fn number(&self, tag: &str) -> Option<u64> {
        self.command_id.strip_prefix(tag)?.strip_prefix('-')?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_counts() {
        let json = r#"[{"command_id":"r1-42","order_id":"o","partition":0,"outcome":"rejected","reason":"sold_out",
            "message":"no\"thing left","facts":{"left":0},"entry":"1-0"},
            {"command_id":"r1-7","outcome":"accepted","reason":null}]"#;
        let answers: Vec<LoadAnswer<'_>> = serde_json::from_str(json).unwrap();
        assert_eq!(answers[0].number("r1"), Some(42));
        assert_eq!(answers[0].outcome, LoadOutcome::Rejected);
        assert_eq!(answers[0].reason.as_deref(), Some("sold_out"));
        assert_eq!(answers[1].number("r1"), Some(7));
        assert_eq!(answers[1].reason, None);
        assert_eq!(answers[1].number("r"), None);
        assert_eq!(answers[1].number("r2"), None);
    }
}
