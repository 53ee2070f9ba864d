//! What is known of a command before it is decided, and kept after: the window, and how far it is believed.

use std::sync::Arc;

use super::{CommandMeta, DedupLookup, Fetched, Lane, Location};
use crate::{
    domain::{
        ids::OrderId,
        order::{OrderCommand, command::PlaceOrder},
        reason::Refusal,
    },
    lane::{actors::quarantine, ingest::ReadEntry},
    log::crc16::partition_of,
    protocol::Command,
    store::Outcome,
};

impl Lane {
    /// Whether the store is asked first what a command's id stands for.
    pub(super) fn careful(&self, entry: &ReadEntry, all: bool) -> bool {
        let hearsay = |c: &Command| self.window.borrow().hearsay(c.id.as_str());
        all || entry.source.attempts > 1 || entry.decoded.as_ref().is_ok_and(hearsay)
    }

    /// What the window says of a command, where it may speak: hearsay stands behind what the store has, and no accepted answer
    /// stands on it.
    pub(super) fn seen(&self, meta: &CommandMeta, outcome: Option<&Outcome>) -> DedupLookup {
        let mut window = self.window.borrow_mut();
        let seen = window.seen(&meta.id, &meta.digest);
        if matches!(seen, DedupLookup::No) || !window.hearsay(&meta.id) {
            return seen;
        }
        if window.refused(&meta.id) && outcome.is_none() {
            return seen;
        }
        window.forget_id(&meta.id);
        DedupLookup::No
    }

    /// The lane that an order is placed in: its first SKU's.
    pub(super) fn lane_of(&self, place: &PlaceOrder) -> Option<u32> {
        place.lines.first().map(|l| partition_of(l.sku_id.as_str(), self.cx.partitions))
    }

    /// The lane that a command to an order that is not live here may have been passed on to when its entry was first read.
    pub(super) fn passed_before(&self, order_id: &OrderId, command: &OrderCommand, fetched: &Fetched) -> Option<u32> {
        if let OrderCommand::Place(p) = command {
            return self.lane_of(p);
        }
        match fetched.places.get(order_id) {
            Some(Location::Lane(lane)) => Some(*lane),
            Some(Location::Absent | Location::Local | Location::Unreadable(_)) | None => None,
        }
    }

    /// The refusal of whoever has broken handlers lately.
    pub(super) fn quarantined(&self, meta: &CommandMeta) -> Option<Refusal> {
        let refusal = self.shared.quarantine.refuses(&meta.actor, meta.name, meta.source.at)?;
        metrics::counter!("jumun_commands_quarantined_total", "by" => quarantine::class(&meta.actor)).increment(1);
        Some(refusal)
    }

    /// What was answered since `before` goes into the window.
    pub(super) fn remember(&self, before: usize) {
        let book = self.cx.book.borrow();
        let (mut window, mut placing) = (self.window.borrow_mut(), self.placing.borrow_mut());
        for out in book.outgoing.iter().skip(before) {
            if let Some((_, answer)) = &out.answer {
                window.remember(Arc::clone(answer), book.number);
                if out.source.origin.is_some() {
                    window.passed_on(answer, out.source.id, book.number);
                }
                if !placing.is_empty() {
                    placing.remove(&answer.command_id);
                }
            }
        }
    }
}
