//! The lanes' own steps, on the internal streams. Producers have no right to write there, and these types are refused
//! anywhere else.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::{
    ids::OrderId,
    order::{event::ReservedLine, step::StepKind, supply::LinkWhat},
    reason::{Facts, Reason},
};

/// A step.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Internal {
    /// an order's time has come: payment deadline, preparation, refund to be asked
    Due { order_id: OrderId },
    /// an order of lane `from` asks something of SKUs here
    Step { id: Arc<str>, from: u32, order_id: OrderId, reservation: String, what: StepKind },
    /// the other lane's word
    Reply { id: Arc<str>, order_id: OrderId, reservation: String, said: Said },
    /// what a linked order says to another; `order_id` is whom it is for
    Link { id: Arc<str>, order_id: OrderId, from: OrderId, what: LinkWhat },
    /// reference data has changed: what is live looks again
    Refresh { id: Arc<str> },
    /// events that the log has lost: they are published again
    Republish { orders: Vec<(OrderId, Vec<i64>)> },
    /// a command that came to another lane first, at that time and as that entry
    PassedOn { at_ms: u64, hops: u8, origin: Arc<str>, command: String },
}

/// What a lane says to a reserve.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "said", rename_all = "snake_case")]
pub enum Said {
    Reserved { lines: Vec<ReservedLine> },
    Refused { reason: Reason, facts: Box<Facts> },
}

impl Internal {
    /// As JSON.
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|e| format!("{{\"type\":\"unwritable\",\"error\":\"{e}\"}}"))
    }
}

/// What the lanes' own commands are named by; no client's id may begin so.
pub const OWN_KINDS: [&str; 9] =
    ["step", "reply", "link", "refresh", "external", "expire_payment", "prepare", "passed_on", AUTO_CONFIRM];

/// 자동구매확정: names the commands by which the lane confirms purchases.
pub const AUTO_CONFIRM: &str = "auto_confirm";

/// Whether an id could be that of a lane's own command.
pub fn is_own(id: &str) -> bool {
    id.split_once(':').is_some_and(|(kind, _)| OWN_KINDS.contains(&kind))
}

/// What the payment side's word is named by when it comes through here: as a gateway's answer, or by a call-back.
pub const PAYMENT_KINDS: [&str; 2] = ["refund", "callback"];
/// The commands that such a word becomes.
pub const PAYMENT_SAYS: [&str; 5] =
    ["approve_payment", "decline_payment", "confirm_deposit", "confirm_refund", "fail_refund"];

/// Whether an id could be that of the payment side's word; nobody else's may, or its own would come too late.
pub fn is_payments(id: &str) -> bool {
    id.split_once(':').is_some_and(|(kind, _)| PAYMENT_KINDS.contains(&kind))
}

/// Whether an id is that of a signed call-back's word.
pub fn is_callback(id: &str) -> bool {
    id.starts_with("callback:")
}

/// A command id made from what it stands for, so that a repeated step is the same command.
pub fn derived_id(kind: &str, parts: &[&str]) -> String {
    debug_assert!(OWN_KINDS.contains(&kind) || PAYMENT_KINDS.contains(&kind), "{kind} is not kept from clients");
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    format!("{kind}:{}", hex(&hash.finalize()[..16]))
}

/// What hexadecimal digits say, two a byte.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(text.get(i..i + 2)?, 16).ok()).collect()
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for b in bytes {
        text.push(char::from(DIGITS[usize::from(b >> 4)]));
        text.push(char::from(DIGITS[usize::from(b & 15)]));
    }
    text
}
