//! Defects that can be switched on: a run with one of them must be found out, or the judge sees nothing. Each is what a wrong
//! adapter, or a wrong engine before it, would have come to at a port.

use crate::{
    log::Settled,
    store::{Batch, StoredGiftPromotion, StoredSku, memory::MemoryStore},
};

/// Names each defect once: the enumeration, and the lists: those that any run is to find out, and those that only a second shop
/// can, because nothing that they leave contradicts itself.
macro_rules! mutants {
    ($($(#[doc = $doc:literal])+ $name:ident,)+ only the model: $($(#[doc = $docs:literal])+ $plausible:ident,)+) => {
        /// A defect of the store, of the log or of how the payment side is asked.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Mutant {
            $($(#[doc = $doc])+ $name,)+
            $($(#[doc = $docs])+ $plausible,)+
        }

        impl Mutant {
            /// All of them.
            pub const ALL: &[Mutant] = &[$(Mutant::$name,)+ $(Mutant::$plausible,)+];
            /// Those that only the model finds, one command at a time.
            pub const OF_THE_MODEL: &[Mutant] = &[$(Mutant::$plausible,)+];
        }
    };
}

mutants! {
    /// a superseded owner commits over what is there. One that only commits is harmless: the keys of whatever it decided are
    /// taken
    NoFence,
    /// what is there already is written over
    NoUniqueKeys,
    /// a commit is said to be durable, and is not
    CommitLost,
    /// an order's last event is not kept
    HistoryRowLost,
    /// what is known of a command that belongs to no order is not kept
    CommandRowLost,
    /// an order's own row stays as it was
    OrderStale,
    /// an order's line stays as it was
    LineStale,
    /// a settlement stays as it was
    SettlementStale,
    /// a payment is not in the register
    RegisterRowLost,
    /// a delivery fee is not kept
    FeeRowLost,
    /// cancellations are never kept
    CancelRowsLost,
    /// a refund is not kept
    RefundRowLost,
    /// returns are never kept
    ReturnRowsLost,
    /// what gifts are gifts to is never kept
    GiftRowsLost,
    /// what one order has made another for is never kept
    LinkRowsLost,
    /// a movement of stock is not in the ledger
    LedgerRowLost,
    /// a movement of stock is in the ledger with another number
    LedgerRowWrong,
    /// a balance is not moved
    BalanceStands,
    /// a balance is moved twice
    BalanceTwice,
    /// what another lane has reserved is not kept
    ReservationLost,
    /// a step for another lane is not kept
    OutboxRowLost,
    /// steps that are kept are not sent after a restart
    OutboxForgotten,
    /// commands of before are not known again
    OutcomesForgotten,
    /// no deadline is ever found
    DueForgotten,
    /// an order is read without its last event
    HistoryShort,
    /// an entry is read and never decided
    EntryLost,
    /// what was pending at a crash is not read again
    PendingForgotten,
    /// an answer is not published
    AnswerLost,
    /// an entry is answered with another's answer
    AnswerOfAnother,
    /// events are not published
    EventsLost,
    /// a refund is asked again under a new key
    RefundByNewKey,
    only the model:
    /// a customer may have one unit less of a sale than its limit says
    LimitShort,
    /// gift promotions give nothing
    GiftsWithheld,
    /// a payment is taken for one that has paid another order
    PaymentMistaken,
    /// what is sold out is refused as if there were some left
    ReasonWrong,
    /// a refusal tells another status of its order
    StatusWrong,
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the other defects are at work elsewhere")]
impl Mutant {
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

    /// In how many commits it spoils one. What an order's next command writes again has to be lost each time.
    pub const fn once_in(self) -> u64 {
        match self {
            Mutant::CancelRowsLost | Mutant::ReturnRowsLost | Mutant::GiftRowsLost | Mutant::LinkRowsLost => 1,
            _ => 12,
        }
    }

    /// The batch as it is written; `None`: it is as it should be.
    pub fn batch(self, batch: &Batch) -> Option<Batch> {
        let mut wrong = batch.clone();
        let spoilt = match self {
            Mutant::HistoryRowLost => wrong.hist.pop().is_some(),
            Mutant::CommandRowLost => wrong.cmd.pop().is_some(),
            Mutant::OrderStale => wrong.changed.ord.pop().is_some(),
            Mutant::LineStale => wrong.changed.gds.pop().is_some(),
            Mutant::SettlementStale => wrong.changed.stlm.pop().is_some(),
            Mutant::RegisterRowLost => wrong.rgst.pop().is_some(),
            Mutant::FeeRowLost => wrong.placed.fee.pop().is_some(),
            Mutant::CancelRowsLost => wrong.cncl.drain(..).next().is_some(),
            Mutant::RefundRowLost => wrong.rfnd.pop().is_some(),
            Mutant::ReturnRowsLost => wrong.rtn.drain(..).next().is_some(),
            Mutant::GiftRowsLost => wrong.gft.drain(..).next().is_some(),
            Mutant::LinkRowsLost => wrong.lnk.drain(..).next().is_some(),
            Mutant::LedgerRowLost => wrong.ldgr.pop().is_some(),
            Mutant::LedgerRowWrong => wrong.ldgr.last_mut().map(|row| row.stck_dlt += 1).is_some(),
            Mutant::BalanceStands => wrong.moves.pop().is_some(),
            Mutant::BalanceTwice => {
                let moved = wrong.moves.iter_mut().find(|m| m.stck_dlt != 0);
                moved.map(|m| m.stck_dlt *= 2).is_some()
            }
            Mutant::ReservationLost => wrong.rsv.pop().is_some(),
            Mutant::OutboxRowLost => wrong.otbx.pop().is_some(),
            _ => false,
        };
        spoilt.then_some(wrong)
    }

    /// A SKU as the store tells it.
    pub fn sku(self, sku: &mut StoredSku) {
        if self == Mutant::LimitShort {
            let limits = sku.campaigns.iter_mut().filter_map(|c| c.cust_lmt_qty.as_mut());
            limits.for_each(|limit| *limit -= 1);
        }
    }

    /// A gift promotion as the store tells it.
    pub fn gift_promotion(self, promotion: &mut StoredGiftPromotion) {
        if self == Mutant::GiftsWithheld {
            promotion.mains.clear();
        }
    }

    /// What is settled; `None`: it is as it should be.
    pub fn settled(self, entries: &[Settled]) -> Option<Vec<Settled>> {
        let mut wrong = entries.to_vec();
        let spoilt = match self {
            Mutant::AnswerLost => wrong.iter_mut().find_map(|e| e.answer.take()).is_some(),
            Mutant::AnswerOfAnother => {
                let mut answers = wrong.iter_mut().filter_map(|e| e.answer.as_mut());
                let two = answers.next().zip(answers.next());
                two.map(|(one, other)| *other = one.clone()).is_some()
            }
            Mutant::EventsLost => {
                let some = wrong.iter_mut().find(|e| !e.events.is_empty());
                some.map(|e| e.events.clear()).is_some()
            }
            Mutant::ReasonWrong => retold(&mut wrong, r#""reason":"sold_out""#, r#""reason":"insufficient_stock""#),
            Mutant::StatusWrong => {
                retold(&mut wrong, r#""order_status":"SHIPPED","#, r#""order_status":"PROCUREMENT_DONE","#)
            }
            _ => false,
        };
        spoilt.then_some(wrong)
    }
}

/// Says something else in all refusals that say so.
fn retold(entries: &mut [Settled], said: &str, instead: &str) -> bool {
    let answers = entries.iter_mut().filter_map(|e| e.answer.as_mut());
    let refusals = answers.filter(|a| a.json.contains(r#""outcome":"rejected""#) && a.json.contains(said));
    refusals.map(|a| a.json = a.json.replace(said, instead)).count() > 0
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
