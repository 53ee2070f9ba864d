//! Exchanges. Units under claim follow from what is kept here (`count`).

use std::sync::Arc;

use super::{CheckedOrder, Fit, FoldedLine, FoldedReturn};
use crate::{
    domain::{
        Time,
        order::{
            claim::{CollectionState, ReturnChange},
            event::{CutCause, Event, ExchangeApproved, ExchangeFindings, Kept, KeptFor},
        },
        status::Status,
    },
    store::rows::{CnclRow, ExchRow},
};

/// How far an exchange is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExchangeAt {
    Requested,
    Approved,
    Completed,
    Rejected,
    Failed,
    Withdrawn,
}

impl ExchangeAt {
    const fn code(self) -> &'static str {
        match self {
            ExchangeAt::Requested => "REQUESTED",
            ExchangeAt::Approved => "APPROVED",
            ExchangeAt::Completed => "COMPLETED",
            ExchangeAt::Rejected => "REJECTED",
            ExchangeAt::Failed => "FAILED",
            ExchangeAt::Withdrawn => "WITHDRAWN",
        }
    }
}

/// An exchange.
#[derive(Debug)]
pub struct FoldedExchange {
    pub row: ExchRow,
    pub(super) at: ExchangeAt,
    /// a line that was added has its units
    pub(super) swapped: bool,
    /// the units had not left, and went back on the shelf
    pub(super) restocked: bool,
    /// units that are a return's now
    pub(super) handed: i64,
    /// what is to come back of what was swapped
    pub way: Option<Way>,
    /// units that the buyer has beside what replaced them
    theirs: i64,
    /// what that gives back less, for them or for what was charged
    stays: i64,
}

/// 교환회수: exchanged goods on their way back; how many came and were given up is in the row.
#[derive(Debug)]
pub struct Way {
    pub at: CollectionState,
    pub units: i64,
    /// units whose stock came back
    pub back: i64,
}

impl Way {
    /// Whether nothing more is waited for.
    pub fn settled(&self) -> bool {
        !matches!(self.at, CollectionState::Due | CollectionState::Collected)
    }
}

impl FoldedExchange {
    pub(super) fn row(&self) -> ExchRow {
        ExchRow {
            exch_stat_cd: self.at.code().into(),
            clct_stat_cd: self.way.as_ref().map(|w| w.at.code().into()),
            ..self.row.clone()
        }
    }

    /// Whether units of it are still to come, once so many more came or were given up.
    fn missing(&self) -> bool {
        let on = |w: &&Way| w.at == CollectionState::Due;
        self.way.as_ref().filter(on).is_some_and(|w| w.units > self.row.clct_qty + self.row.gvup_qty)
    }

    fn way_mut(&mut self) -> Result<&mut Way, String> {
        let group = self.row.exch_grp_no;
        self.way.as_mut().ok_or_else(|| format!("nothing of exchange {group} is to come back"))
    }
}

impl CheckedOrder {
    pub(super) fn next_of_exchange(&mut self, event: &Event, at: Time) -> Fit {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the caller has sorted them")]
        match event {
            Event::ExchangeRequested { .. } => self.exchange_requested(event, at),
            Event::ExchangeRejected { group, reason: _ } => self.exchange_undone(*group, ExchangeAt::Rejected, at),
            Event::ExchangeWithdrawn { group } => self.exchange_undone(*group, ExchangeAt::Withdrawn, at),
            Event::FaultCorrected { group, fault, fee } => {
                let row = &mut self.exchange_mut(*group)?.row;
                row.falt_cd = fault.code().into();
                let Some(fee) = fee else { return Ok(()) };
                if let Some(added) = &fee.added {
                    row.dlv_fee_no = Some(i64::from(added.fee_no));
                    self.charge(added, true);
                }
                self.give_back(&fee.fee_refunds)?;
                self.plan(&fee.refunds, at)
            }
            Event::ExchangeApproved(e) => self.exchange_approved(e, at),
            Event::ExchangeCollected { group, quantity } => {
                let x = self.exchange_mut(*group)?;
                x.way_mut()?;
                x.row.clct_qty += i64::from(*quantity);
                if !x.missing() {
                    x.way_mut()?.at = CollectionState::Collected;
                }
                Ok(())
            }
            Event::ExchangeInspected { group, sellable, unsellable, findings: judged } => {
                let x = self.exchange_mut(*group)?;
                let back = i64::from(*sellable) + i64::from(*unsellable);
                let way = x.way_mut()?;
                (way.at, way.back) = (CollectionState::Inspected, back);
                x.row.sell_qty = Some(i64::from(*sellable));
                let no = x.row.ord_seq;
                self.lines.iter_mut().filter(|l| l.row.ord_seq == no).for_each(|l| l.row.dduct_qty -= back);
                judged.as_ref().map_or(Ok(()), |j| self.exchange_judged(*group, j, at))
            }
            Event::CollectionGivenUp { group, how, quantity, reason: _, charge, stays } => {
                let x = self.exchange_mut(*group)?;
                x.stays += stays.get();
                x.way_mut()?;
                x.row.gvup_qty += i64::from(*quantity);
                if !x.missing() {
                    // what came is still to be inspected
                    let came = x.row.clct_qty > 0;
                    x.way_mut()?.at = if came { CollectionState::Collected } else { *how };
                }
                charge.iter().for_each(|fee| self.charge(fee, true));
                Ok(())
            }
            Event::ExchangeFailed { group, lost } => self.exchange_failed(*group, *lost, at),
            other => Err(format!("{} is no event of an exchange", other.name())),
        }
    }

    pub(super) fn exchange_mut(&mut self, group: u16) -> Result<&mut FoldedExchange, String> {
        let found = self.exchanges.iter_mut().find(|x| x.row.exch_grp_no == i64::from(group));
        found.ok_or_else(|| format!("there is no exchange {group}"))
    }

    fn exchange_requested(&mut self, event: &Event, at: Time) -> Fit {
        let Event::ExchangeRequested { group, line_no, quantity, shipped, reason, fault, wanted } = event else {
            return Ok(());
        };
        self.line_mut(*line_no)?;
        let row = ExchRow {
            ord_id: Arc::clone(&self.ord_id),
            exch_grp_no: i64::from(*group),
            ord_seq: i64::from(*line_no),
            exch_qty: i64::from(*quantity),
            ship_yn: *shipped,
            exch_stat_cd: ExchangeAt::Requested.code().into(),
            exch_brch_cd: None,
            exch_rsn_cd: reason.code().into(),
            falt_cd: fault.code().into(),
            want_unt_id: wanted.as_ref().map(|id| id.shared()),
            new_ord_seq: None,
            move_amt: 0,
            acpt_dttm: at,
            aprv_rslt_dttm: None,
            cmpl_dttm: None,
            clct_stat_cd: None,
            clct_qty: 0,
            gvup_qty: 0,
            sell_qty: None,
            dlv_fee_no: None,
            rjct_qty: 0,
            keep_amt: 0,
        };
        let at = ExchangeAt::Requested;
        self.exchanges.push(FoldedExchange {
            row,
            at,
            swapped: false,
            restocked: false,
            handed: 0,
            way: None,
            theirs: 0,
            stays: 0,
        });
        Ok(())
    }

    fn exchange_undone(&mut self, group: u16, to: ExchangeAt, at: Time) -> Fit {
        let x = self.exchange_mut(group)?;
        (x.at, x.row.aprv_rslt_dttm) = (to, Some(at));
        let no = x.row.ord_seq;
        self.wanted_again(&[no]);
        Ok(())
    }

    /// A line is added that takes over what the units were paid; it keeps the terms that they were ordered with, and the number
    /// of the first line of all.
    fn exchange_approved(&mut self, e: &ExchangeApproved, at: Time) -> Fit {
        let moved = e.moved.get();
        let x = self.exchange_mut(e.group)?;
        (x.at, x.swapped, x.restocked) = (ExchangeAt::Approved, true, e.restocked);
        let units = x.row.exch_qty;
        let row = &mut x.row;
        row.exch_brch_cd = Some(e.resolution.code().into());
        (row.aprv_rslt_dttm, row.move_amt) = (Some(at), moved);
        row.new_ord_seq = e.line.as_ref().map(|l| i64::from(l.no));
        row.dlv_fee_no = e.fee.as_ref().map(|f| i64::from(f.fee_no));
        let no = row.ord_seq;
        if e.waived.is_some() {
            row.gvup_qty = units;
            x.way = Some(Way { at: CollectionState::Waived, units, back: 0 });
        } else if e.collect > 0 {
            x.way = Some(Way { at: CollectionState::Due, units, back: 0 });
        }
        let old = self.lines.iter_mut().find(|l| l.row.ord_seq == no);
        let old = &mut old.ok_or_else(|| format!("there is no line {no}"))?.row;
        old.pay_amt -= moved;
        if e.restocked {
            old.dduct_qty -= units;
        }
        if let Some(added) = &e.line {
            let (terms, first) = ((old.indv_dlv_fee, old.bndl_yn, old.free_dlv_yn), old.org_ord_seq.unwrap_or(no));
            let mut line = FoldedLine::added(&self.ord_id, added, at);
            line.replaces = true;
            let new = &mut line.row;
            (new.indv_dlv_fee, new.bndl_yn, new.free_dlv_yn) = terms;
            (new.org_ord_seq, new.pay_amt) = (Some(first), moved);
            self.lines.push(line);
        }
        e.fee.iter().for_each(|fee| self.charge(fee, true));
        self.chained |= e.chain;
        Ok(())
    }

    /// Units that are not taken go back to the buyer. Those whose replacement was still there are not exchanged after all, the
    /// others stay the buyer's beside it; what is kept back is a debt.
    fn exchange_judged(&mut self, group: u16, j: &ExchangeFindings, at: Time) -> Fit {
        let (rejected, undone) = (i64::from(j.rejected), i64::from(j.undone));
        let x = self.exchange_mut(group)?;
        x.row.clct_qty -= rejected;
        x.row.rjct_qty = rejected;
        x.row.gvup_qty += rejected - undone;
        (x.theirs, x.stays) = (rejected - undone, x.stays + j.stays.get());
        x.row.keep_amt = j.charge.as_ref().map_or(0, |fee| fee.amount.get()) + j.kept.get();
        if undone > 0 {
            self.called_off(group, j, at)?;
        }
        j.charge.iter().for_each(|fee| self.charge(fee, true));
        self.give_back(&j.fee_refunds)?;
        self.plan(&j.refunds, at)
    }

    fn called_off(&mut self, group: u16, j: &ExchangeFindings, at: Time) -> Fit {
        let cancels = i64::from(self.next_cancel_group());
        let (units, moved) = (i64::from(j.undone), j.moved_back.get());
        let x = self.exchange_mut(group)?;
        let no = x.row.ord_seq;
        let added = x.row.new_ord_seq.ok_or_else(|| format!("exchange {group} added no line"))?;
        if units == x.row.exch_qty {
            (x.at, x.swapped, x.row.cmpl_dttm) = (ExchangeAt::Rejected, false, Some(at));
        } else {
            x.row.exch_qty -= units;
            x.row.move_amt -= moved;
            x.way_mut()?.units -= units;
        }
        for l in &mut self.lines {
            if l.row.ord_seq == no {
                l.row.pay_amt += moved;
            } else if l.row.ord_seq == added {
                l.row.pay_amt -= moved;
                l.row.dduct_qty -= i64::from(j.released);
            }
        }
        self.cancels.push(CnclRow {
            ord_id: Arc::clone(&self.ord_id),
            cncl_grp_no: cancels,
            ord_seq: added,
            cncl_qty: units,
            cncl_amt: 0,
            cncl_rsn_cd: CutCause::ExchangeRejected.code().into(),
            cncl_dttm: at,
            cncl_rsn: Some(j.reason.as_str().into()),
        });
        self.wanted_again(&[no]);
        self.lines.iter_mut().filter(|l| l.row.ord_seq == added).for_each(|l| l.end(Status::Cancelled));
        Ok(())
    }

    /// What was to be added is not there: its line goes, its money goes back to the original, whose return follows and collects
    /// what was to come back.
    fn exchange_failed(&mut self, group: u16, lost: u32, at: Time) -> Fit {
        let cancels = i64::from(self.next_cancel_group());
        let x = self.exchange_mut(group)?;
        x.at = ExchangeAt::Failed;
        x.row.aprv_rslt_dttm.get_or_insert(at);
        if let Some(way) = x.way.as_mut().filter(|w| !w.settled()) {
            way.at = CollectionState::Moved;
        }
        let (no, moved, added) = (x.row.ord_seq, x.row.move_amt, x.row.new_ord_seq);
        let Some(added) = added else { return Ok(()) };
        x.swapped = false;
        for l in self.lines.iter_mut().filter(|l| l.row.ord_seq == no) {
            l.row.pay_amt += moved;
        }
        let new = self.lines.iter_mut().find(|l| l.row.ord_seq == added);
        let new = new.ok_or_else(|| format!("there is no line {added}"))?;
        let units = new.active();
        (new.row.dduct_qty, new.own) = (0, Status::OutOfStock);
        new.row.pay_amt -= moved;
        let cause = if lost > 0 { CutCause::StockLost } else { CutCause::OutOfStock };
        self.cancels.push(CnclRow {
            ord_id: Arc::clone(&self.ord_id),
            cncl_grp_no: cancels,
            ord_seq: added,
            cncl_qty: units,
            cncl_amt: 0,
            cncl_rsn_cd: cause.code().into(),
            cncl_dttm: at,
            cncl_rsn: None,
        });
        self.count();
        Ok(())
    }

    /// An exchange is over when what it added has come to its end; of a chain, one after another.
    pub(super) fn exchanges_over(&mut self, at: Time) -> Fit {
        loop {
            let over = |no: i64| self.line(no).is_some_and(|l| super::legal::ended(l.shown()));
            let open = |x: &FoldedExchange| x.at == ExchangeAt::Approved && x.swapped;
            let done = self.exchanges.iter().position(|x| open(x) && x.row.new_ord_seq.is_some_and(over));
            let Some(i) = done else { return Ok(()) };
            let x = &mut self.exchanges[i];
            (x.at, x.row.cmpl_dttm) = (ExchangeAt::Completed, Some(at));
            let no = x.row.ord_seq;
            self.count();
            let chained = self.chained;
            for l in self.lines.iter_mut().filter(|l| l.row.ord_seq == no) {
                // a line of which units were returned, too, ends so
                l.end(if chained && l.row.rtn_qty > 0 { Status::Returned } else { Status::Exchanged });
            }
        }
    }

    /// The exchanges that led to a line.
    fn led_to(&self, line_no: i64) -> impl Iterator<Item = &FoldedExchange> {
        let into = |no: i64| {
            let of =
                |x: &&FoldedExchange| x.row.new_ord_seq == Some(no) && x.at != ExchangeAt::Failed && x.row.ord_seq < no;
            self.exchanges.iter().find(of)
        };
        std::iter::successors(into(line_no), move |x| into(x.row.ord_seq))
    }

    /// Goods that the buyer has beside what replaced them are paid for by that: what its returns give back, and what stays for
    /// the goods, are together no more than was paid.
    pub(super) fn paid_for(&self, event: &Event) -> Fit {
        // what is kept is told before what it is kept for
        let set_off = matches!(event, Event::ReturnChanged(c) if c.cause == ReturnChange::SetOff);
        let keeps = set_off || matches!(event, Event::RefundAdjusted(_));
        let standing = || self.returns.iter().filter(|r| r.stands());
        let kept_for = |x: &FoldedExchange| {
            let cut = self.kept.iter().flat_map(|k| &k.kept_for);
            let of = standing().flat_map(|r| &r.kept_for).chain(cut);
            of.filter(|k| i64::from(k.exchange) == x.row.exch_grp_no).map(|k| k.amount.get()).sum::<i64>()
        };
        let known = |k: &KeptFor| self.exchanges.iter().any(|x| x.row.exch_grp_no == i64::from(k.exchange));
        if !self.kept.iter().flat_map(|k| &k.kept_for).all(known) {
            return Err("a cancellation keeps money back for an exchange that there is not".into());
        }
        for r in standing() {
            let (kept, all): (i64, i64) =
                (r.kept_for.iter().map(|k| k.amount.get()).sum(), r.withheld.iter().map(|w| w.amount.get()).sum());
            if kept > all || !r.kept_for.iter().all(known) {
                return Err(format!("return {} keeps {kept} won back for others' goods, and {all} in all", r.group));
            }
        }
        for x in self.exchanges.iter().filter(|x| x.stays > 0) {
            let (group, moved) = (x.row.exch_grp_no, x.row.move_amt);
            let of = |r: &FoldedReturn, no: i64| {
                self.led_to(no).any(|k| k.row.exch_grp_no == group) || (no == x.row.ord_seq && r.ends(group))
            };
            let back = standing().map(|r| {
                let goods: i64 = r.lines.iter().filter(|k| of(r, k.row.ord_seq)).map(|k| k.row.rtn_amt).sum();
                goods - goods.min(r.withheld.iter().map(|w| w.amount.get()).sum())
            });
            let cut = self.cancels.iter().filter(|c| self.led_to(c.ord_seq).any(|k| k.row.exch_grp_no == group));
            let by_cuts = self.kept.iter().flat_map(|k| &k.kept_for).filter(|k| i64::from(k.exchange) == group);
            let cut = cut.map(|c| c.cncl_amt).sum::<i64>() - by_cuts.map(|k| k.amount.get()).sum::<i64>();
            let worth = moved.saturating_mul(x.theirs).checked_div(x.row.exch_qty).unwrap_or(0);
            let (back, kept) = (back.sum::<i64>() + cut, kept_for(x));
            if (kept > x.stays && !keeps) || x.stays > moved || back + worth > moved + x.row.keep_amt {
                return Err(format!(
                    "exchange {group}: of {moved} won {back} would go back, {kept} of {} be kept back, and {} units be the \
                     buyer's",
                    x.stays, x.theirs
                ));
            }
        }
        Ok(())
    }

    /// Whether goods that became this line, over its exchanges, are still to come back.
    pub(super) fn out_for(&self, line_no: i64) -> bool {
        self.led_to(line_no).any(|x| x.way.as_ref().is_some_and(|w| !w.settled()))
    }

    /// The same of a return's lines.
    pub fn out_for_return(&self, r: &FoldedReturn) -> bool {
        r.lines.iter().any(|k| self.out_for(k.row.ord_seq))
    }
}

/// What a cancellation keeps back, for goods and debts, it withholds of its payments: less what the same event frees, since a debt
/// that is owed again may leave its money with goods.
pub(super) fn keeps_what_it_withholds(kept: &Kept, freed: &Kept) -> Fit {
    let parts = |k: &Kept| -> i64 {
        k.set_off.iter().map(|b| b.amount.get()).chain(k.kept_for.iter().map(|k| k.amount.get())).sum()
    };
    let withheld = |k: &Kept| -> i64 { k.withheld.iter().map(|w| w.amount.get()).sum() };
    let (parts, withheld) = (parts(kept) - parts(freed), withheld(kept) - withheld(freed));
    if parts == withheld {
        return Ok(());
    }
    Err(format!("a cancellation keeps {parts} won back, and {withheld} of its payments"))
}
