//! Runs: neighbouring placements of one SKU go to its actor in one message; what it decided is recorded here, one by one.

use std::{iter::Peekable, sync::Arc, vec};

use foldhash::HashSet;

use super::{DedupLookup, Fetched, Interrupted, Lane, payments};
use crate::{
    domain::{
        ids::{OrderId, SkuId},
        order::{OrderCommand, command::PlaceOrder},
    },
    history::replay::Applied,
    lane::{
        actors::{
            CommandMeta, Fault,
            execute::record_decision,
            placements::{DecidePlacements, DecidedPlacement, DecidedRun, RunPlacement},
        },
        ingest::ReadEntry,
    },
    log::crc16::partition_of,
    protocol::{Command, Kind},
};

/// Placements of one SKU, with who asks.
pub(super) struct PlacementRun {
    sku_id: SkuId,
    metas: Vec<CommandMeta>,
    placements: Vec<RunPlacement>,
    /// what is in it: a second one of them is decided when the first is
    commands: HashSet<Arc<str>>,
    orders: HashSet<OrderId>,
}

impl PlacementRun {
    fn of(sku_id: SkuId) -> Self {
        let (commands, orders) = Default::default();
        Self { sku_id, metas: Vec::new(), placements: Vec::new(), commands, orders }
    }

    pub(super) fn len(&self) -> usize {
        self.metas.len()
    }

    /// Adds an entry that has been looked at: another one is left out.
    fn add(&mut self, entry: ReadEntry) {
        let ReadEntry { source, decoded: Ok(command), .. } = entry else { return };
        let Command { id, digest, actor, reply_to, name, expected_version, kind } = command;
        let Kind::Order { order_id, command: OrderCommand::Place(place), personal } = kind else { return };
        let meta = CommandMeta::new(id.shared(), digest, actor, reply_to, name, source);
        let (command_id, at) = (Arc::clone(&meta.id), source.at);
        self.commands.insert(Arc::clone(&meta.id));
        self.orders.insert(order_id.clone());
        self.placements.push(RunPlacement { order_id, command: place, command_id, at });
        self.metas.push(CommandMeta { personal, expected_version, ..meta });
    }

    /// Whether its command or its order is in it already.
    fn has(&self, entry: &ReadEntry) -> bool {
        let Ok(Command { id, kind: Kind::Order { order_id, .. }, .. }) = &entry.decoded else { return false };
        self.commands.contains(id.as_str()) || self.orders.contains(order_id)
    }
}

/// The SKU of all lines of a placement that names no promotion, coupon, gift or business, which would be looked up.
fn sku_of(place: &PlaceOrder) -> Option<&SkuId> {
    let sku_id = &place.lines.first()?.sku_id;
    let plain = place.lines.iter().all(|l| {
        l.sku_id == *sku_id && l.promotion_id.is_none() && l.coupon_id.is_none() && l.gift_promotion_id.is_none()
    });
    (plain && place.business().is_none()).then_some(sku_id)
}

impl Lane {
    /// The run that a chunk goes on with. `None`: its next entry goes its own way.
    pub(super) fn next_run(
        &self,
        rest: &mut Peekable<vec::IntoIter<ReadEntry>>,
        careful: bool,
        fetched: &Fetched,
    ) -> Option<PlacementRun> {
        let mut run = PlacementRun::of(self.plain(rest.peek()?, careful, fetched)?.clone());
        let mut next = rest.next();
        while let Some(entry) = next {
            run.add(entry);
            next = rest.next_if(|entry| self.plain(entry, careful, fetched) == Some(&run.sku_id) && !run.has(entry));
        }
        Some(run)
    }

    /// The SKU of a placement that its actor can decide alone: all lines are of it, and it lives here; nothing is known of the
    /// command or the order yet, nothing has to be asked for elsewhere, and nobody is to be refused beforehand.
    fn plain<'a>(&self, entry: &'a ReadEntry, careful: bool, fetched: &Fetched) -> Option<&'a SkuId> {
        let Ok(Command { id, digest, actor, name, kind, .. }) = &entry.decoded else { return None };
        let Kind::Order { order_id, command: command @ OrderCommand::Place(place), personal } = kind else {
            return None;
        };
        let sku_id = sku_of(place)?;
        let new = entry.source.origin.is_none()
            && !self.careful(entry, careful)
            && matches!(self.window.borrow().seen(id.as_str(), digest), DedupLookup::No)
            && !fetched.outcomes.contains_key(id.as_str())
            && !fetched.places.contains_key(order_id)
            && !self.orders.has(order_id)
            && !self.placing.borrow().contains_key(id.as_str());
        let taken = || {
            payments::not_taken(&self.cx, command, id.as_str(), personal.as_deref()).is_none()
                && self.shared.quarantine.refuses(actor, name, entry.source.at).is_none()
        };
        (new && partition_of(sku_id.as_str(), self.cx.partitions) == self.cx.partition && taken()).then_some(sku_id)
    }

    /// Has a run decided, and records it. `place`: of its first, and how many the chunk has.
    pub(super) async fn place_run(&self, run: PlacementRun, place: (usize, usize)) -> Result<(), Interrupted> {
        let PlacementRun { sku_id, metas, placements, .. } = run;
        let nothing = |fault| self.stopped(place, false, fault);
        if let Some(meta) = metas.first() {
            self.cx.now.set(meta.source.at);
        }
        let actor = self.shared.activation.sku(&sku_id).await.map_err(nothing)?;
        let orders: Vec<OrderId> = placements.iter().map(|p| p.order_id.clone()).collect();
        let ask = DecidePlacements { placements, policy: Arc::clone(&self.cx.policy) };
        let decided = actor.send(ask).await.map_err(|e| self.stopped(place, true, e.into()))?;
        let (first, of) = place;
        let named = (first..).zip(metas.into_iter().zip(orders));
        match decided {
            DecidedRun::Gifts(placements) => {
                for ((at, (meta, order_id)), placement) in named.zip(placements) {
                    let (now, command) = (meta.source.at, OrderCommand::Place(placement.command));
                    self.step((at, of), now, false, self.place(order_id, command, meta, false)).await?;
                }
            }
            DecidedRun::Decided(all) => {
                for ((at, (meta, order_id)), decided) in named.zip(all) {
                    // the stock of those after one that is decided has moved
                    let (now, moved) =
                        (meta.source.at, !matches!(decided, DecidedPlacement::Broke { moved: false, .. }));
                    self.step((at, of), now, moved, async { self.record(order_id, meta, decided) }).await?;
                }
            }
        }
        Ok(())
    }

    /// One placement of a run, as it was decided: its order and its answer.
    fn record(&self, order_id: OrderId, mut meta: CommandMeta, decided: DecidedPlacement) -> Result<(), Fault> {
        let moved = match decided {
            DecidedPlacement::Placed(moved) => *moved,
            DecidedPlacement::Refused(refusal) => {
                self.push_for(meta, Some(&order_id), Err(*refusal), true);
                return Ok(());
            }
            DecidedPlacement::Broke { why, .. } => return Err(Fault::Broken(why)),
        };
        #[cfg(feature = "failpoints")]
        break_for_the_test(&meta)?;
        let mut applied: Vec<Applied> = Vec::with_capacity(1);
        let executed = record_decision(&self.cx, &order_id, None, &mut applied, moved, &mut meta)?;
        self.placed(order_id, meta, executed, applied);
        Ok(())
    }
}

/// Breaks before the order is made, where the test names a command so: nothing but its stock tells that it was there.
#[cfg(feature = "failpoints")]
fn break_for_the_test(meta: &CommandMeta) -> Result<(), Fault> {
    let asked = || -> bool {
        fail::fail_point!("placement_breaks", |_| true);
        false
    };
    if asked() && meta.id.contains("poison") {
        return Err(Fault::Broken("broken by the test".to_owned()));
    }
    Ok(())
}
