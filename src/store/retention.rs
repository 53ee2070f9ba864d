//! What goes when its time is over: small deletes of their own, beside the lanes' batches.

use async_trait::async_trait;

use super::StoreError;
use crate::domain::{Time, ids::OrderId};

/// Tables whose rows go by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiring {
    /// 개인정보접속기록: who saw whom
    Accesses,
    /// 출입감사이력: what was done at the HTTP API
    DoorAudit,
    /// 웹훅미배달: events that a receiver would not take
    HookLetters,
    /// 명령결과: outcomes of commands that belong to no order, and what keeps their ids
    Outcomes,
}

impl Expiring {
    /// Every one.
    pub const ALL: [Expiring; 4] = [Expiring::Accesses, Expiring::DoorAudit, Expiring::HookLetters, Expiring::Outcomes];

    /// The table.
    pub const fn table(self) -> &'static str {
        match self {
            Expiring::Accesses => "tb_sy_prsn_accs",
            Expiring::DoorAudit => "tb_sy_door_adit",
            Expiring::HookLetters => "tb_sy_hook_ltr",
            Expiring::Outcomes => "tb_sy_cmd",
        }
    }
}

/// An order that keeps something of a person, and when it was placed, as far as there is such an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeepsPerson {
    pub order: OrderId,
    pub placed: Option<Time>,
}

/// What a retention asks of the store.
#[async_trait]
pub trait RetentionStore: Send + Sync {
    /// Deletes some rows from before this time, at most so many; how many went.
    async fn expire(&self, what: Expiring, before: Time, limit: u32) -> Result<u64, StoreError>;

    /// Orders that keep personal data, by id, after this one.
    async fn keeping_persons(&self, after: Option<&str>, limit: u32) -> Result<Vec<KeepsPerson>, StoreError>;

    /// Orders that keep no personal data, but rows with words that somebody wrote, by id, after this one.
    async fn keeping_words(&self, after: Option<&str>, limit: u32) -> Result<Vec<KeepsPerson>, StoreError>;
}
