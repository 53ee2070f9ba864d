//! Defects that can be switched on: a run with one of them must be found out, or the judge sees nothing.

use crate::{
    log::Settled,
    store::{Batch, memory::MemoryStore},
};

/// A defect of the store or of the log, as a wrong adapter would have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutant {
    /// a superseded owner commits over what is there. One that only commits is harmless: the keys of whatever it decided are
    /// taken
    NoFence,
    /// what is there already is written over
    NoUniqueKeys,
    /// a commit is said to be durable, and is not
    CommitLost,
    /// a movement of stock is not in the ledger
    LedgerRowLost,
    /// a balance is not moved
    BalanceStands,
    /// a step for another lane is not kept
    OutboxRowLost,
    /// an order's line stays as it was
    LineStale,
    /// a settlement stays as it was
    SettlementStale,
    /// an answer is not published
    AnswerLost,
    /// events are not published
    EventsLost,
    /// an entry is acknowledged and not decided
    EntryLost,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Mutant; 11] = [
        Mutant::NoFence,
        Mutant::NoUniqueKeys,
        Mutant::CommitLost,
        Mutant::LedgerRowLost,
        Mutant::BalanceStands,
        Mutant::OutboxRowLost,
        Mutant::LineStale,
        Mutant::SettlementStale,
        Mutant::AnswerLost,
        Mutant::EventsLost,
        Mutant::EntryLost,
    ];

    /// What the store is, from the start.
    pub fn prepare(self, store: &MemoryStore) {
        match self {
            Mutant::NoFence => {
                store.forget_the_fence();
                store.forget_unique_keys();
            }
            Mutant::NoUniqueKeys => store.forget_unique_keys(),
            _ => {}
        }
    }

    /// The batch as it is written; `None`: it is as it should be.
    pub fn batch(self, batch: &Batch) -> Option<Batch> {
        let mut wrong = batch.clone();
        let lost = match self {
            Mutant::LedgerRowLost => wrong.ldgr.pop().is_some(),
            Mutant::BalanceStands => wrong.moves.pop().is_some(),
            Mutant::OutboxRowLost => wrong.otbx.pop().is_some(),
            Mutant::LineStale => wrong.gds.pop().is_some(),
            Mutant::SettlementStale => wrong.stlm.pop().is_some(),
            _ => false,
        };
        lost.then_some(wrong)
    }

    /// What is settled; `None`: it is as it should be.
    pub fn settled(self, entries: &[Settled]) -> Option<Vec<Settled>> {
        let mut wrong = entries.to_vec();
        let lost = match self {
            Mutant::AnswerLost => wrong.iter_mut().find_map(|e| e.answer.take()).is_some(),
            Mutant::EventsLost => {
                let some = wrong.iter_mut().find(|e| !e.events.is_empty());
                some.map(|e| e.events.clear()).is_some()
            }
            _ => false,
        };
        lost.then_some(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mutant_that_finds_nothing_to_spoil_spoils_nothing() {
        for mutant in Mutant::ALL {
            assert!(mutant.batch(&Batch::default()).is_none() && mutant.settled(&[]).is_none(), "{mutant:?}");
        }
    }
}
