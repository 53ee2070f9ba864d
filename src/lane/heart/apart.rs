//! A batch that the store refuses: its commands are committed in halves, until the one that is refused stands alone. Nothing
//! else is forgotten, and the lane goes on.

use std::collections::{HashMap, VecDeque};

use tokio::sync::mpsc;

use super::{Heart, ids};
use crate::{
    commit::{Sealed, committer::Ended},
    ingest::Kept,
    lane::LaneEnd,
    log::{EntryId, Inbound},
};

/// So many refusals in a row find a command in the fullest batch and try it; more of them wait, or a store that refuses
/// everything would condemn everything.
const FINDING_MAX: u32 = 16;

/// What is committed apart from the rest.
#[derive(Debug, Default)]
pub(super) struct Apart {
    /// how many entries each of the next batches takes
    pieces: VecDeque<usize>,
    /// one of them is decided, and has not ended yet
    under_way: bool,
    /// how often a command was refused alone
    refused: HashMap<(Inbound, EntryId), u32>,
    /// the command that is tried alone
    suspect: Option<(Inbound, EntryId)>,
    /// refusals since the last batch that wrote something
    in_a_row: u32,
}

impl Apart {
    /// Whether batches are kept apart now.
    pub(super) fn on(&self) -> bool {
        self.under_way || !self.pieces.is_empty()
    }

    /// How many of those that wait are decided next.
    pub(super) fn next(&mut self, waiting: usize) -> usize {
        let piece = self.pieces.pop_front();
        self.under_way = piece.is_some();
        piece.map_or(waiting, |n| n.min(waiting))
    }

    /// So many were put before those that wait.
    pub(super) fn before(&mut self, n: usize) {
        if self.on() && n > 0 {
            self.pieces.push_front(n);
        }
    }

    /// A batch became durable.
    pub(super) fn well(&mut self, wrote: bool) {
        self.under_way = false;
        if let Some(suspect) = self.suspect.take() {
            self.refused.remove(&suspect);
        }
        if wrote {
            self.in_a_row = 0;
        }
    }

    /// Whether so much was refused that the store may be at fault: what it takes besides dead letters tells.
    pub(super) fn slows_down(&self) -> bool {
        self.in_a_row > FINDING_MAX
    }

    /// The lane starts over: everything is read again.
    pub(super) fn over(&mut self) {
        *self = Self { in_a_row: self.in_a_row, ..Self::default() };
    }

    /// The first half of so many, then the other.
    fn halve(&mut self, n: usize) {
        let half = n / 2;
        self.pieces.push_front(n - half);
        if half > 0 {
            self.pieces.push_front(half);
        }
    }
}

impl Heart {
    /// The store refused a batch, or it conflicted again and again. It was rolled back, so nothing is in doubt: what was
    /// decided in it and after it is taken back, and the batch is committed in halves. A command that is refused alone is
    /// tried again, with an empty commit between, which shows that the store is well; then it goes to the dead letters.
    pub(super) async fn divide(
        &mut self,
        why: &str,
        lost: Sealed,
        ended: &mut mpsc::Receiver<Ended>,
    ) -> Result<(), LaneEnd> {
        let n = lost.entries.len();
        if n == 0 {
            return self.start_over(why, true, ended).await; // no command's doing
        }
        self.suspect = None;
        self.apart.under_way = false;
        self.apart.in_a_row = self.apart.in_a_row.saturating_add(1);
        let partition = self.parts.partition;
        metrics::counter!("jumun_batches_refused_total", "partition" => partition.to_string()).increment(1);
        let behind = self.resume(ended).await?;
        let one = lost.entries.first().filter(|_| n == 1).map(Kept::entry);
        let mut times = 0;
        if let Some(poison) = one {
            let (command, order) = lost
                .entries
                .first()
                .map(|kept| ids(&kept.clone().again(self.parts.policy.checkout_pays)))
                .unwrap_or_default();
            let counted = self.apart.refused.entry(poison).or_default();
            *counted += 1;
            times = *counted;
            let entry = tracing::field::display(poison.1);
            let (command_id, order_id) = (command.as_deref(), order.as_deref());
            tracing::warn!(partition, entry, command_id, order_id, times, why, "the store refuses a command");
        } else {
            tracing::warn!(partition, commands = n, why, "the store refuses a batch: it is committed in halves");
        }
        if self.apart.slows_down() && !self.pause.wait(&self.shared.stop).await {
            return Err(LaneEnd::Stopped);
        }
        let taken = std::iter::once(lost).chain(behind).collect();
        let Some(mut entries) = self.take_back(taken, None, ended).await? else { return Ok(()) };
        if one.is_some() {
            self.well(ended).await?;
        }
        if times >= self.parts.limits.tries_max && !entries.is_empty() {
            let entry = entries.remove(0).again(self.parts.policy.checkout_pays);
            self.apart.refused.remove(&(entry.source.stream, entry.source.id));
            self.blame(&entry);
            self.dead(entry, times, "the store refused it alone");
            self.first(entries);
            return Ok(());
        }
        // what was behind is decided as ever
        let rest = entries.split_off(n.min(entries.len()));
        self.first(rest);
        self.put_first(entries);
        self.apart.halve(n);
        self.apart.suspect = one;
        Ok(())
    }
}
