//! What a chunk needs and is not live, read in a few reads before anything of it is decided.

use std::{collections::HashMap, sync::Arc};

use super::{Decide, Lane};
use crate::{
    domain::{
        ids::{CommandId, OrderId, SkuId},
        order::{OrderCommand, step::StepKind, supply::LinkWhat},
    },
    lane::actors::{Fault, activate::Location, payments, sku_commands},
    log::crc16::partition_of,
    protocol::{Kind, internal::Internal},
    store::Outcome,
};

/// What was fetched for a chunk.
pub(super) struct Fetched {
    pub places: HashMap<OrderId, Location>,
    pub outcomes: HashMap<Arc<str>, Outcome>,
}

impl Fetched {
    /// Where an order that is not live was found.
    ///
    /// # Errors
    /// Its history can't be read: nothing can be decided of it.
    pub fn place(&self, order_id: &OrderId) -> Result<Option<Location>, Fault> {
        match self.places.get(order_id) {
            Some(Location::Unreadable(why)) => Err(Fault::Broken(format!("order {order_id} can't be read: {why}"))),
            place => Ok(place.cloned()),
        }
    }
}

impl Lane {
    /// Reads what the chunk needs and is not live, in a few reads for all of it.
    pub(super) async fn fetch(&self, decide: &Decide) -> Result<Fetched, Fault> {
        let (mut orders, mut skus, mut commands): (Vec<OrderId>, Vec<SkuId>, Vec<CommandId>) = Default::default();
        let mut brought = Vec::new();
        for entry in &decide.entries {
            let Ok(command) = &entry.decoded else { continue };
            let careful = self.careful(entry, decide.careful);
            match &command.kind {
                Kind::Order { order_id, command: c, .. } => {
                    let placing = if let OrderCommand::Place(p) = c {
                        skus.extend(p.lines.iter().map(|l| &l.sku_id).filter(|s| self.wanted(s)).cloned());
                        true
                    } else {
                        false
                    };
                    // a placement and its payment are taken for new until the store says otherwise: their rows would conflict
                    if !placing || careful {
                        brought.extend(payments::named(c));
                        if !self.orders.has(order_id) {
                            orders.push(order_id.clone());
                        }
                    }
                }
                Kind::Preview { order_id, .. } => {
                    if !self.orders.has(order_id) {
                        orders.push(order_id.clone());
                    }
                }
                Kind::Sku(wire) => skus.extend(sku_commands::sku_of(wire).filter(|s| self.wanted(s)).cloned()),
                Kind::Reference(_) => {}
                Kind::Internal(
                    Internal::Due { order_id } | Internal::Reply { order_id, .. } | Internal::Link { order_id, .. },
                ) => {
                    if command.name == "reply" {
                        brought.extend(self.cx.payments.of_waiting(order_id));
                    }
                    if !self.orders.has(order_id) {
                        orders.push(order_id.clone());
                    }
                }
                Kind::Internal(
                    Internal::Step { .. }
                    | Internal::Refresh { .. }
                    | Internal::Republish { .. }
                    | Internal::PassedOn { .. },
                ) => {}
            }
            // a linked order's placement, or an installer's word, may have been refused, and come again as another entry; so may
            // a step that gives units back, which can't be done twice
            let once = matches!(
                &command.kind,
                Kind::Internal(
                    Internal::Link { what: LinkWhat::Place(_) | LinkWhat::Work { .. }, .. }
                        | Internal::Step { what: StepKind::Return { .. }, .. }
                )
            );
            if careful || once {
                commands.push(command.id.clone());
            }
        }
        orders.sort();
        orders.dedup();
        self.cx.payments.look(brought).await?;
        self.shared.activation.inventories_of_a_chunk(skus).await?;
        // in this order: of an order that another lane places meanwhile, the command that placed it is then known, too
        let places = self.shared.activation.orders(&self.cx, &self.orders, orders).await?;
        let outcomes = self.shared.activation.outcomes(commands).await?;
        Ok(Fetched { places, outcomes })
    }

    /// Whether it is this lane's and not live yet.
    fn wanted(&self, sku_id: &SkuId) -> bool {
        !self.shared.skus.has(sku_id) && partition_of(sku_id.as_str(), self.cx.partitions) == self.cx.partition
    }
}
