//! Returns. Units and money under claim follow from what is kept here (`count`, `settle_up`).

use std::sync::Arc;

use super::{CheckedOrder, Fit, FoldedLine, exchanges::ExchangeAt};
use crate::{
    domain::{
        Time,
        order::{
            claim::{ExchangeResolution, Fault, RefundTiming, ReturnChange, ReturnFee},
            event::{
                AddedFee, Event, Excluded, FeeRefund, Inspected, KeptFor, ReservedLine, ReturnChanged, ReturnRequested,
            },
        },
        status::Status,
    },
    store::rows::{FeeRow, RtnRow},
};

/// How far a return is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnAt {
    Requested,
    Approved,
    Collected,
    Completed,
    Rejected,
    Withdrawn,
}

impl ReturnAt {
    const fn code(self) -> &'static str {
        match self {
            ReturnAt::Requested => "REQUESTED",
            ReturnAt::Approved => "APPROVED",
            ReturnAt::Collected => "COLLECTED",
            ReturnAt::Completed => "COMPLETED",
            ReturnAt::Rejected => "REJECTED",
            ReturnAt::Withdrawn => "WITHDRAWN",
        }
    }
}

/// A return group; what its rows have in common is written into each.
#[derive(Debug)]
pub struct FoldedReturn {
    pub group: u16,
    pub at: ReturnAt,
    pub lines: Vec<Returned>,
    fault: Fault,
    /// what sending it back costs
    fees: Vec<ReturnFee>,
    pub(super) withheld: Vec<Excluded>,
    pub(super) fee_refunds: Vec<FeeRefund>,
    /// part of `withheld`: for goods of exchanges that the buyer has
    pub(super) kept_for: Vec<KeptFor>,
    exchange: Option<u16>,
    /// the line that an exchange was collected of: its units count as exchanging until the end
    pub(super) pickup_of: Option<i64>,
    /// approved before collection, or completed
    pub(super) payable: bool,
}

/// A line in a return.
#[derive(Debug)]
pub struct Returned {
    pub row: RtnRow,
    /// its stock has gone back before (an exchange that failed)
    pub(super) restocked: bool,
    /// units whose stock came back with it
    pub back: i64,
}

impl Returned {
    fn missing(&self) -> i64 {
        if self.row.clct_need_yn { self.row.rtn_qty - self.row.clct_qty - self.row.wrof_qty } else { 0 }
    }
}

impl FoldedReturn {
    /// Neither rejected nor withdrawn.
    pub fn stands(&self) -> bool {
        !matches!(self.at, ReturnAt::Rejected | ReturnAt::Withdrawn)
    }

    /// Something is still to happen to it.
    pub fn open(&self) -> bool {
        matches!(self.at, ReturnAt::Requested | ReturnAt::Approved | ReturnAt::Collected)
    }

    /// Whether it refunds what was to be exchanged there.
    pub(super) fn ends(&self, exchange: i64) -> bool {
        self.exchange.map(i64::from) == Some(exchange)
    }

    fn each(&mut self, change: impl Fn(&mut RtnRow)) {
        self.lines.iter_mut().for_each(|k| change(&mut k.row));
    }

    fn goes(&mut self, to: ReturnAt, dated: impl Fn(&mut RtnRow)) {
        self.at = to;
        self.each(dated);
    }

    fn of_line(&mut self, no: u16) -> Result<&mut Returned, String> {
        let group = self.group;
        let found = self.lines.iter_mut().find(|k| k.row.ord_seq == i64::from(no));
        found.ok_or_else(|| format!("line {no} is not in return {group}"))
    }

    /// Collected, once nothing is missing.
    fn all_came(&mut self, at: Time) {
        if self.lines.iter().all(|k| k.missing() == 0) {
            self.goes(ReturnAt::Collected, |row| row.clct_dttm = Some(at));
        }
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = RtnRow> {
        let kept: i64 = self.withheld.iter().map(|w| w.amount.get()).sum();
        self.lines.iter().zip(0u16..).map(move |(k, i)| RtnRow {
            excl_amt: if i == 0 { kept } else { 0 },
            rtn_stat_cd: self.at.code().into(),
            falt_cd: self.fault.code().into(),
            ..k.row.clone()
        })
    }

    pub(super) fn fee_rows<'a>(&'a self, ord_id: &'a Arc<str>) -> impl Iterator<Item = FeeRow> + 'a {
        self.fees.iter().map(|f| FeeRow {
            ord_id: Arc::clone(ord_id),
            dlv_fee_no: i64::from(f.no),
            pay_grp_no: 1,
            ptnr_id: f.partner_id.shared(),
            dlv_tmpl_id: f.template_id.shared(),
            fee_knd_cd: "RETURN".into(),
            rtn_grp_no: Some(i64::from(self.group)),
            falt_cd: Some(self.fault.code().into()),
            bndl_fee_amt: f.bundled.get(),
            thrs_amt: f.threshold.map(|w| w.get()),
            bas_fee_amt: f.base.get(),
            fee_amt: f.amount.get(),
            rfnd_fee_amt: 0,
            fee_rsn_cd: f.reason.code().into(),
            unpd_yn: false,
        })
    }
}

impl CheckedOrder {
    pub(super) fn next_of_return(&mut self, event: &Event, at: Time) -> Fit {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the caller has sorted them")]
        match event {
            Event::ReturnRequested(e) => self.return_requested(e, at),
            Event::ReturnApproved { group, timing, early: _ } => {
                let early = *timing == RefundTiming::BeforeCollection;
                let r = self.return_mut(*group)?;
                r.goes(ReturnAt::Approved, |row| {
                    (row.rfnd_tmng_cd, row.aprv_rslt_dttm) = (timing.code().into(), Some(at));
                });
                r.payable |= early;
                let lines: Vec<i64> = r.lines.iter().map(|k| k.row.ord_seq).collect();
                self.timed(&lines, *timing);
                Ok(())
            }
            Event::ReturnRejected { group, reason: _ } => self.return_undone(*group, ReturnAt::Rejected, at),
            Event::ReturnWithdrawn { group } => self.return_undone(*group, ReturnAt::Withdrawn, at),
            Event::ReturnChanged(e) => self.return_changed(e, at),
            Event::ReturnWrittenOff { group, lines, reason: _, charge } => {
                self.return_written_off(*group, lines, charge.as_ref(), at)
            }
            Event::ReturnCollected { group, lines } => {
                let r = self.return_mut(*group)?;
                for came in lines {
                    r.of_line(came.line_no)?.row.clct_qty += i64::from(came.quantity);
                }
                r.all_came(at);
                Ok(())
            }
            Event::ReturnCompleted { group, lines, fee_refunds, refunds, withheld, chain, gifts_too: _ } => {
                self.give_back(fee_refunds)?;
                self.plan(refunds, at)?;
                self.chained |= chain;
                self.return_mut(*group)?.withheld.extend_from_slice(withheld);
                self.return_completed(*group, lines, at)
            }
            other => Err(format!("{} is no event of a return", other.name())),
        }
    }

    fn return_mut(&mut self, group: u16) -> Result<&mut FoldedReturn, String> {
        self.returns.iter_mut().find(|r| r.group == group).ok_or_else(|| format!("there is no return {group}"))
    }

    fn timed(&mut self, lines: &[i64], timing: RefundTiming) {
        for l in self.lines.iter_mut().filter(|l| lines.contains(&l.row.ord_seq)) {
            l.row.rfnd_tmng_cd = Some(timing.code().into());
        }
    }

    fn return_requested(&mut self, e: &ReturnRequested, at: Time) -> Fit {
        let mut swapped_line = None;
        if let Some(group) = e.exchange {
            // collected and refunded instead, at once or because what it added is not there
            let x = self.exchange_mut(group)?;
            if x.at == ExchangeAt::Requested {
                (x.at, x.row.exch_brch_cd) = (ExchangeAt::Approved, Some(ExchangeResolution::Pickup.code().into()));
            }
            x.row.aprv_rslt_dttm.get_or_insert(at);
            swapped_line = Some(x.row.ord_seq);
            // gifts that go along are not the exchange's own
            let own = e.lines.iter().filter(|l| swapped_line == Some(i64::from(l.line_no)));
            x.handed += own.map(|l| i64::from(l.quantity)).sum::<i64>();
        }
        self.plan(&e.refunds, at)?;
        let mut lines = Vec::with_capacity(e.lines.len());
        for l in &e.lines {
            self.line_mut(l.line_no)?;
            lines.push(Returned {
                row: RtnRow {
                    ord_id: Arc::clone(&self.ord_id),
                    rtn_grp_no: i64::from(e.group),
                    ord_seq: i64::from(l.line_no),
                    rtn_qty: i64::from(l.quantity),
                    clct_qty: 0,
                    sell_qty: None,
                    rtn_amt: l.amount.get(),
                    excl_amt: 0,
                    rtn_stat_cd: ReturnAt::Requested.code().into(),
                    rtn_rsn_cd: e.reason.code().into(),
                    falt_cd: e.fault.code().into(),
                    rfnd_tmng_cd: e.timing.code().into(),
                    ship_yn: l.shipped,
                    clct_need_yn: l.collect,
                    exch_grp_no: e.exchange.map(i64::from),
                    acpt_dttm: at,
                    aprv_rslt_dttm: None,
                    clct_dttm: None,
                    cmpl_dttm: None,
                    rjct_qty: 0,
                    wdrw_qty: 0,
                    wrof_qty: 0,
                    keep_amt: 0,
                },
                restocked: l.restocked,
                back: 0,
            });
        }
        let of: Vec<i64> = lines.iter().map(|k| k.row.ord_seq).collect();
        self.timed(&of, e.timing);
        self.returns.push(FoldedReturn {
            group: e.group,
            at: ReturnAt::Requested,
            lines,
            fault: e.fault,
            fees: e.fees.clone(),
            withheld: e.withheld.clone(),
            fee_refunds: e.fee_refunds.clone(),
            kept_for: e.kept_for.clone(),
            exchange: e.exchange,
            pickup_of: swapped_line.filter(|_| !e.failed),
            payable: false,
        });
        Ok(())
    }

    /// Its units are where the line is again, and its money is where it was.
    fn return_undone(&mut self, group: u16, to: ReturnAt, at: Time) -> Fit {
        let r = self.return_mut(group)?;
        r.goes(to, |row| row.aprv_rslt_dttm = Some(at));
        let (exchange, lines): (_, Vec<i64>) = (r.exchange, r.lines.iter().map(|k| k.row.ord_seq).collect());
        self.withdraw_refunds(group, at);
        if let Some(group) = exchange {
            let x = self.exchange_mut(group)?;
            if x.at == ExchangeAt::Approved {
                x.at = if to == ReturnAt::Rejected { ExchangeAt::Rejected } else { ExchangeAt::Withdrawn };
                x.row.cmpl_dttm = Some(at);
            }
        }
        self.wanted_again(&lines);
        Ok(())
    }

    /// Of a line that was delivered, units are wanted again that had not left: it is not delivered any more.
    pub(super) fn wanted_again(&mut self, lines: &[i64]) {
        self.count();
        let short = |l: &&mut FoldedLine| {
            lines.contains(&l.row.ord_seq) && l.row.dlv_cmpl_dttm.is_some() && l.row.dlv_qty < l.outstanding()
        };
        for l in self.lines.iter_mut().filter(short) {
            let r = &mut l.row;
            r.dlv_sub_stat_cd = Some(if r.dlv_strt_dttm.is_some() { "IN_TRANSIT" } else { "READY" }.into());
            (r.dlv_cmpl_dttm, r.rvn_dttm, r.auto_cnfm_dttm) = (None, None, None);
        }
    }

    /// All that is said of a return is said anew; what waits to be refunded is planned anew, too.
    fn return_changed(&mut self, e: &ReturnChanged, at: Time) -> Fit {
        self.withdraw_refunds(e.group, at);
        let r = self.return_mut(e.group)?;
        for l in &e.lines {
            let row = &mut r.of_line(l.line_no)?.row;
            let (units, rejected) = (i64::from(l.quantity), i64::from(l.rejected));
            if units > row.rtn_qty {
                return Err(format!("return {} would grow by units of line {}", e.group, l.line_no));
            }
            row.rtn_qty = units;
            row.rtn_amt = l.amount.get();
            // what goes back to the buyer is not here any more
            row.clct_qty -= rejected.min(row.clct_qty);
            row.rjct_qty += rejected;
            row.wdrw_qty += i64::from(l.withdrawn);
            row.keep_amt = l.withheld_amount.get();
        }
        r.fault = e.fault;
        r.fees.clone_from(&e.fees);
        r.withheld.clone_from(&e.withheld);
        r.fee_refunds.clone_from(&e.fee_refunds);
        r.kept_for.clone_from(&e.kept_for);
        if e.cause == ReturnChange::Short && r.at == ReturnAt::Approved {
            r.all_came(at);
        }
        let lines: Vec<i64> = e.lines.iter().map(|l| i64::from(l.line_no)).collect();
        self.wanted_again(&lines);
        self.plan(&e.refunds, at)?;
        e.charges.iter().for_each(|fee| self.charge(fee, true));
        Ok(())
    }

    fn return_written_off(&mut self, group: u16, lines: &[ReservedLine], charge: Option<&AddedFee>, at: Time) -> Fit {
        let r = self.return_mut(group)?;
        for gone in lines {
            r.of_line(gone.line_no)?.row.wrof_qty += i64::from(gone.quantity);
        }
        if r.at == ReturnAt::Approved {
            r.all_came(at);
        }
        charge.into_iter().for_each(|fee| self.charge(fee, true));
        Ok(())
    }

    fn return_completed(&mut self, group: u16, came: &[Inspected], at: Time) -> Fit {
        let r = self.return_mut(group)?;
        r.goes(ReturnAt::Completed, |row| row.cmpl_dttm = Some(at));
        r.payable = true;
        for k in &mut r.lines {
            let found = came.iter().find(|i| i64::from(i.line_no) == k.row.ord_seq);
            k.row.sell_qty = found.map(|i| i64::from(i.sellable));
            k.back = found.map_or(0, |i| i64::from(i.sellable) + i64::from(i.unsellable));
        }
        let (exchange, back): (_, Vec<(i64, i64)>) =
            (r.exchange, r.lines.iter().map(|k| (k.row.ord_seq, k.back)).collect());
        self.count();
        for (no, back) in back {
            for l in self.lines.iter_mut().filter(|l| l.row.ord_seq == no) {
                l.row.dduct_qty -= back;
                l.end(Status::Returned);
            }
        }
        if let Some(group) = exchange {
            let x = self.exchange_mut(group)?;
            if x.at == ExchangeAt::Approved {
                x.at = ExchangeAt::Completed;
            }
            x.row.cmpl_dttm = Some(at);
        }
        Ok(())
    }
}
