//! Commands to an order that other lanes still reserve for: they are decided once its placement is, in the order in which they
//! came. Until then their entries stay pending and use no credit, as the placement's own.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{Lane, RawCommand};
use crate::{
    domain::{ids::OrderId, reason::Refusal},
    lane::{
        actors::{ASIDE_OF_ONE_MAX, CommandMeta},
        ingest::KeptEntry,
    },
    log::{EntryId, Inbound},
};

/// What is put off, by order.
#[derive(Default)]
pub(super) struct Later {
    waiting: RefCell<HashMap<OrderId, Vec<KeptEntry>>>,
    /// orders whose placement was decided in this chunk
    ready: RefCell<Vec<OrderId>>,
}

impl Later {
    /// Whether something waits at this order.
    pub fn has(&self, order: &OrderId) -> bool {
        let waiting = self.waiting.borrow();
        !waiting.is_empty() && waiting.contains_key(order)
    }

    /// Something of another lane was heard: what waits may be decided, or be put off again.
    pub fn heard(&self, order: &OrderId) {
        if self.has(order) {
            self.ready.borrow_mut().push(order.clone());
        }
    }

    /// What may be decided now.
    fn ready(&self) -> Vec<KeptEntry> {
        let ready = std::mem::take(&mut *self.ready.borrow_mut());
        if ready.is_empty() {
            return Vec::new();
        }
        let mut waiting = self.waiting.borrow_mut();
        ready.iter().filter_map(|order| waiting.remove(order)).flatten().collect()
    }

    /// These come again by themselves; how many of them had waited.
    pub fn forget(&self, entries: &HashSet<(Inbound, EntryId)>) -> usize {
        let mut waiting = self.waiting.borrow_mut();
        let count = |waiting: &HashMap<OrderId, Vec<KeptEntry>>| waiting.values().map(Vec::len).sum::<usize>();
        let before = count(&waiting);
        waiting.values_mut().for_each(|kept| kept.retain(|k| !entries.contains(&k.entry())));
        waiting.retain(|_, kept| !kept.is_empty());
        before - count(&waiting)
    }
}

impl Lane {
    /// The command waits for the placement; where too many do, it may come again.
    pub(super) fn put_off(&self, order: OrderId, meta: CommandMeta, raw: RawCommand<'_>) {
        let mut waiting = self.later.waiting.borrow_mut();
        let at = waiting.get(&order).map_or(0, Vec::len);
        if at >= ASIDE_OF_ONE_MAX || self.cx.aside.full().is_some() {
            drop(waiting);
            let refusal = Refusal::early("the placement is still being reserved, and enough waits for it");
            self.push_for(meta, Some(&order), Err(refusal), false);
            return;
        }
        // what another lane passed on is a command here
        let kind = if meta.source.stream.produced() { meta.source.stream } else { Inbound::Commands };
        let kept = KeptEntry::new(meta.source, Arc::clone(raw.bytes), kind, raw.hops);
        waiting.entry(order).or_default().push(kept);
        self.cx.aside.add(1);
        self.cx.book.borrow_mut().waiting += 1;
    }

    /// Hands back what waited for what this chunk has heard.
    pub(super) fn hand_back(&self) {
        let ready = self.later.ready();
        if !ready.is_empty() {
            self.cx.aside.less(ready.len());
            self.cx.book.borrow_mut().ready.extend(ready);
        }
    }
}
