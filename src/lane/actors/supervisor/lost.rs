//! After a conflict: what rolled back batches had made of the lane's memory is forgotten, and nothing else.

use std::{
    collections::{HashMap, HashSet},
    rc::Rc,
    sync::Arc,
};

use actix::{Handler, Message, ResponseFuture};

use super::{Lane, Supervisor};
use crate::{
    domain::ids::{OrderId, SkuId},
    history::effects::{Effect, OutgoingEvents},
    lane::{
        actors::{
            CommandMeta,
            order::{OrderActor, RolledBack},
        },
        commit::Sealed,
        ingest::KeptEntry,
    },
    log::{EntryId, Inbound},
    protocol::{
        Answer,
        decode::{PaymentToken, Personal},
    },
};

/// What rolled back batches had changed.
#[derive(Message, Default)]
#[rtype(result = "()")]
pub struct Lost {
    orders: HashSet<OrderId>,
    skus: HashSet<SkuId>,
    answers: Vec<Arc<Answer>>,
    /// they are decided again
    entries: HashSet<(Inbound, EntryId)>,
    /// their events, by order and number: in no store
    written: HashSet<(OrderId, i64)>,
    /// events that are durable, and were to be published with what is lost
    owed: HashMap<OrderId, Vec<OutgoingEvents>>,
    /// placements that had waited for other lanes since before, and were answered in what is lost
    answered: HashMap<OrderId, Vec<CommandMeta>>,
}

impl Lost {
    /// Adds an order whose handler broke in the middle.
    pub fn broken(&mut self, order: &str) {
        self.orders.insert(OrderId::stored(order));
    }

    /// Adds a batch, after those that it was decided on; gives back the entries that were decided in it.
    pub fn add(&mut self, batch: Sealed) -> Vec<KeptEntry> {
        let Sealed { effects, outgoing, entries, waited_on, changing, .. } = batch;
        self.orders.extend(waited_on);
        self.orders.extend(changing);
        let mut tokens: HashMap<&str, Vec<PaymentToken>> = HashMap::new();
        for effect in &effects {
            let sku = match effect {
                Effect::OrderChanged(changed) => {
                    let id = &changed.order.id;
                    self.orders.insert(id.clone());
                    self.written.extend(changed.events.events.iter().map(|e| (id.clone(), e.no)));
                    // they are in no event
                    let brought = changed.personal.iter().flat_map(|p| p.tokens.iter().cloned());
                    tokens.entry(id.as_str()).or_default().extend(brought);
                    None
                }
                Effect::StockMoved(moved) => Some(&moved.movement.sku_id),
                Effect::SkuCreated(sku) => Some(&sku.sku_id),
                Effect::CampaignSet(set) => Some(&set.sku_id),
                Effect::ReferenceSet(_) | Effect::ReservationSet(_) | Effect::CommandTaken(_) | Effect::Outbox(_) => {
                    None
                }
            };
            self.skus.extend(sku.cloned());
        }
        for out in &outgoing {
            for events in &out.events {
                let (order, no) = events.place();
                let place = (OrderId::stored(order), no);
                if !self.written.contains(&place) {
                    self.owed.entry(place.0).or_default().push(events.clone());
                }
            }
        }
        for out in outgoing {
            let Some((reply_to, answer)) = out.answer else { continue };
            if let Some(id) = answer.order_id.as_deref().filter(|_| !out.credit) {
                let (digest, actor) = (answer.digest.clone().unwrap_or_else(|| "".into()), "".into()); // told in the history already
                let mut meta =
                    CommandMeta::new(Arc::clone(&answer.command_id), digest, actor, reply_to, out.name, out.source);
                let tokens = tokens.get(id).cloned().unwrap_or_default();
                meta.personal = (!tokens.is_empty()).then(|| Box::new(Personal { tokens, ..Personal::default() }));
                self.answered.entry(OrderId::stored(id)).or_default().push(meta);
            }
            self.answers.push(answer);
        }
        self.entries.extend(entries.iter().map(KeptEntry::entry));
        entries
    }
}

impl Handler<Lost> for Supervisor {
    type Result = ResponseFuture<()>;
    fn handle(&mut self, lost: Lost, _: &mut Self::Context) -> Self::Result {
        let lane = Rc::clone(&self.lane);
        Box::pin(async move { lane.forget(lost).await })
    }
}

impl Lane {
    async fn forget(&self, mut lost: Lost) {
        for id in &lost.orders {
            // an actor that is gone has nothing that waits
            let kept = self.orders.ask(id, RolledBack, OrderActor::rolled_back).await;
            let mut kept = kept.and_then(Result::ok).unwrap_or_default();
            self.orders.remove(id);
            let answered = lost.answered.remove(id).unwrap_or_default();
            self.cx.aside.add(answered.len());
            kept.placements.extend(answered);
            let before = kept.placements.len();
            kept.placements.retain(|meta| !lost.entries.contains(&(meta.source.stream, meta.source.id)));
            self.cx.aside.less(before - kept.placements.len());
            let owed = lost.owed.remove(id).unwrap_or_default();
            if kept.placements.is_empty() && owed.is_empty() {
                continue; // what is lost happens again
            }
            // what waited since before has durable events, and may have been followed by some that are lost
            let durable = |e: &OutgoingEvents| !lost.written.contains(&(id.clone(), e.place().1));
            kept.unpublished.retain(|e| !kept.placements.is_empty() && durable(e));
            kept.unpublished.splice(0..0, owed);
            self.shared.waiting.borrow_mut().insert(id.clone(), kept);
        }
        self.cx.aside.less(self.later.forget(&lost.entries));
        for id in &lost.skus {
            self.shared.skus.remove(id);
        }
        self.cx.near.lost();
        self.cx.payments.lost(&lost.orders);
        self.shared.reservations.lost();
        self.cx.steps.borrow_mut().clear();
        let mut window = self.window.borrow_mut();
        for answer in &lost.answers {
            window.forget(answer);
        }
    }
}
