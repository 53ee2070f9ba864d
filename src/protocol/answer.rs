//! Answers: exactly one a command.

use std::{borrow::Cow, sync::Arc};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::reason::{Facts, Reason};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeKind {
    /// it took effect, and is durable
    Accepted,
    /// it changed nothing; the reason says why
    Rejected,
    /// a fault of ours; the command is kept in the dead letters
    Failed,
}

impl OutcomeKind {
    /// The word on the wire.
    pub const fn word(self) -> &'static str {
        match self {
            OutcomeKind::Accepted => "accepted",
            OutcomeKind::Rejected => "rejected",
            OutcomeKind::Failed => "failed",
        }
    }
}

/// The answer to a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    pub command_id: Arc<str>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub order_id: Option<Arc<str>>,
    /// where the order lives: send later commands there
    pub partition: u32,
    pub outcome: OutcomeKind,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub order_status: Option<Cow<'static, str>>,
    /// number of the order's last event
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub order_version: Option<i64>,
    /// a stable code; on an accepted answer a note (a payment that came too late)
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub message: Option<String>,
    #[serde(skip_serializing_if = "Facts::is_empty", default)]
    pub facts: Facts,
    /// the stream entry that this answers: its id, after `checkout/` where it came by that stream
    pub entry: Arc<str>,
    /// of the command's content, so that a restarted server knows a retry of a refusal from other content
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub digest: Option<Arc<str>>,
}

impl Answer {
    /// Whether it is what its command's id stands for from now on: the content was decided, and telling it again is right.
    pub fn stands(&self) -> bool {
        let passing = [Reason::CommandIdReused, Reason::TryAgain, Reason::Quarantined].map(Reason::code);
        self.digest.is_some()
            && self.outcome != OutcomeKind::Failed
            && !self.reason.as_deref().is_some_and(|reason| passing.contains(&reason))
    }

    /// As JSON.
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|e| format!("{{\"error\":\"{e}\"}}"))
    }
}
