//! Retention (보존기간): what goes by age goes by itself, in small batches beside the lanes, by the server that owns partition 0.
//!
//! Every table that grows has a decision ([`tables::ALL`], docs/operate/retention.md); what has no term is kept for ever, or until
//! `jumun archive` moves it.

pub mod sweep;
pub mod tables;

use std::time::Duration;

use chrono::TimeDelta;

use crate::{domain::Time, store::retention::Expiring};

/// 접속기록: two years, as Korea asks of whoever keeps 50,000 people's data (one of others).
pub const ACCESS_LOG: Duration = days(730);
/// 청약철회: goods that differ from what was promised may be claimed for three months after they came (전자상거래법 §17 ③).
pub const CLAIM_WINDOW: Duration = days(92);

/// So many days.
pub const fn days(n: u64) -> Duration {
    Duration::from_secs(n * 86_400)
}

/// How long things are kept; `None`: for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionTerms {
    /// who saw whom
    pub access_log: Option<Duration>,
    /// what was done at the HTTP API
    pub audit: Option<Duration>,
    /// events that a webhook's receiver would not take
    pub letters: Option<Duration>,
    /// outcomes of commands that belong to no order, and with them what their ids stand for
    pub outcomes: Option<Duration>,
    /// personal data, after the last change of an order that has ended
    pub persons: Option<Duration>,
    /// how often it is looked whether something goes
    pub every: Duration,
}

impl Default for RetentionTerms {
    fn default() -> Self {
        Self {
            access_log: Some(ACCESS_LOG),
            audit: None,
            letters: None,
            outcomes: None,
            persons: None,
            every: Duration::from_secs(3_600),
        }
    }
}

impl RetentionTerms {
    /// The term of a table whose rows go by age.
    pub const fn of(&self, what: Expiring) -> Option<Duration> {
        match what {
            Expiring::Accesses => self.access_log,
            Expiring::DoorAudit => self.audit,
            Expiring::HookLetters => self.letters,
            Expiring::Outcomes => self.outcomes,
        }
    }
}

/// The moment that lies so long before another.
pub fn before(now: Time, ago: Duration) -> Time {
    TimeDelta::from_std(ago).ok().and_then(|ago| now.checked_sub_signed(ago)).unwrap_or(Time::MIN_UTC)
}
