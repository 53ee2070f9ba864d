//! What the HTTP API and the webhooks keep: the audit of what was done there, how far webhooks have come, and the erasing of personal data.
//! Small writes of their own, beside the lanes' batches: none of them changes an order.

use std::sync::Arc;

use async_trait::async_trait;

use super::{
    StoreError,
    row::row,
    rows::{AditRow, Code},
};
use crate::domain::{Time, ids::OrderId};

type Text = Arc<str>;

row! {
    /// 출입감사이력: a privileged action at the HTTP API.
    AdminAuditRow => "tb_sy_door_adit", Insert, key("adit_id") {
        adit_id: Text,
        /// LETTER_REQUEUED, LETTER_DISCARDED, PERSON_ERASED, WEBHOOK_RESENT, WEBHOOK_DISCARDED, ACCOUNT_READ, COMMAND
        adit_knd_cd: Code,
        actr: Text,
        trgt: Text,
        /// JSON
        adit_dtl: Text,
        req_id: Text,
        adit_dttm: Time,
        /// where the request came from
        accs_plc: Text,
        /// of COMMAND: who sent what; empty of others
        cmd_dgst: Text,
    }
}

row! {
    /// 웹훅위치: how far a webhook has come in a partition.
    HookRow => "tb_sy_hook", Upsert, key("hook_id", "prtn_no") {
        hook_id: Text,
        prtn_no: i64,
        strm_entr: Text,
    }
}

row! {
    /// 웹훅미배달: events that a receiver would not take.
    HookLetterRow => "tb_sy_hook_ltr", Insert, key("ltr_id") {
        ltr_id: Text,
        hook_id: Text,
        prtn_no: i64,
        /// the same on every try
        pcl_id: Text,
        /// JSON array
        evnts: Text,
        fail_rsn: Text,
        try_cnt: i64,
        ltr_dttm: Time,
    }
}

/// The audit of what was done at the HTTP API.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Writes an audit row, unless the same command of the same sender has one; what it is about is done only after that.
    async fn note(&self, row: &AdminAuditRow) -> Result<(), StoreError>;
    /// Takes it back: what it is about was refused, so nothing was done.
    async fn unnote(&self, id: &str) -> Result<(), StoreError>;
    /// Audit rows, newest first, from below the id `before`.
    async fn notes(&self, before: Option<&str>, limit: u32) -> Result<Vec<AdminAuditRow>, StoreError>;
    /// Audit rows of an order, oldest first.
    async fn order_notes(&self, order: &OrderId) -> Result<Vec<AditRow>, StoreError>;
}

/// The erasing of personal data.
#[async_trait]
pub trait ErasureStore: Send + Sync {
    /// Deletes what these orders keep of persons; the number of rows that went.
    async fn erase(&self, orders: &[OrderId]) -> Result<u64, StoreError>;
    /// Erases where orders go that were made for these persons' orders; what else they keep is a business's. How many rows.
    async fn erase_recipients(&self, orders: &[OrderId]) -> Result<u64, StoreError>;
    /// Puts an order's events, by number, in the place of those with words, and takes the same words out of its rows and of
    /// these refunds'. May be done again.
    async fn erase_words(
        &self,
        order: &OrderId,
        refunds: &[String],
        events: &[(i64, String)],
    ) -> Result<(), StoreError>;
}

/// What webhooks keep: how far they have come, and what was not taken.
#[async_trait]
pub trait WebhookStore: Send + Sync {
    /// How far a webhook has come, in each partition.
    async fn hook(&self, hook: &str) -> Result<Vec<HookRow>, StoreError>;
    /// It has come so far.
    async fn hook_at(&self, row: &HookRow) -> Result<(), StoreError>;
    /// Keeps events that were not taken. Keeping the same again changes nothing.
    async fn hook_letter(&self, row: &HookLetterRow) -> Result<(), StoreError>;
    /// A webhook's letters, newest first, from below the id `before`.
    async fn hook_letters(
        &self,
        hook: &str,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<HookLetterRow>, StoreError>;
    /// A letter, if it is there.
    async fn hook_letter_of(&self, hook: &str, letter: &str) -> Result<Option<HookLetterRow>, StoreError>;
    /// Puts events in the place of these of a letter; `false`: it says something else by now, or is not there any more.
    async fn hook_letter_says(&self, letter: &str, before: &str, events: &str) -> Result<bool, StoreError>;
    /// Takes a letter away; `false`: it is not there (any more).
    async fn hook_letter_done(&self, hook: &str, letter: &str) -> Result<bool, StoreError>;
    /// How many letters each webhook has.
    async fn hook_letter_counts(&self) -> Result<Vec<(String, i64)>, StoreError>;
}
