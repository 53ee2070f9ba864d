//! From the placement to the payment: what is placed, reserved in other lanes, paid, cut, or ends unpaid.

use std::sync::Arc;

use super::{CheckedOrder, Fit, FoldedLine, KeptAt, Reserved, Standing, money::FoldedFee};
use crate::{
    domain::{
        Time,
        order::{
            claim::GiftReason,
            command::Paid,
            delivery::DestinationKind,
            event::{AddedLine, Cut, CutCause, FeeRefund, Placed, PlannedRefund, Reservation, ReservedLine},
        },
        status::Status,
    },
    store::rows::CnclRow,
};

/// What a placement says; `asked` of other lanes, it waits.
pub(super) fn placed(
    ord_id: &Arc<str>,
    p: &Placed,
    asked: Option<&Vec<Reservation>>,
    at: Time,
) -> Result<CheckedOrder, String> {
    let lines = p.lines.iter().zip(1i64..).map(|(l, no)| FoldedLine::placed(ord_id, no, l, at)).collect();
    let fees = p.fees.iter().zip(1i64..).map(|(f, no)| FoldedFee::placed(ord_id, no, f)).collect();
    // a business has what is made for its orders sent to its own address, and what it orders without another
    let kind = if p.business || p.parent.is_some() { DestinationKind::Business } else { DestinationKind::Home };
    let mut told = CheckedOrder {
        ord_id: Arc::clone(ord_id),
        version: 0,
        standing: if asked.is_some() { Standing::Waits } else { Standing::Stands },
        cust_id: p.customer_id.shared(),
        received: at,
        in_parts: p.allow_partial,
        deadline: p.deadline,
        prepare_at: p.prepare_at,
        deposit: p.deposit.clone(),
        paid_at: None,
        parent: p.parent.as_deref().cloned(),
        destination: p.zone.map(|zone| (kind, zone)),
        chained: false,
        lines,
        fees,
        payments: Vec::new(),
        refunds: Vec::new(),
        cancels: Vec::new(),
        points: Vec::new(),
        reservations: asked.into_iter().flatten().map(Reserved::asked).collect(),
        asks: Vec::new(),
        sources: Vec::new(),
        links: Vec::new(),
        returns: Vec::new(),
        exchanges: Vec::new(),
        kept: Vec::new(),
        freed: Vec::new(),
        reviews: Vec::new(),
    };
    // only what is unpaid has a deadline
    if p.deadline.is_none() {
        p.paid.iter().for_each(|paid| told.pay_in(paid, 1, at));
        told.paid(at);
    }
    told.cut(1, (CutCause::OutOfStock, None), &p.shortages, at)?;
    told.give_back(&p.fee_refunds)?;
    told.plan(&p.refunds, at)?;
    if let Some(deposit) = &p.deposit {
        told.await_deposit(deposit);
    }
    Ok(told)
}

impl CheckedOrder {
    /// A lane has reserved what it has; a line takes no more of it than it still wants.
    pub(super) fn reserved(&mut self, id: &str, lines: &[ReservedLine]) -> Fit {
        let paid = self.paid_at.is_some();
        let asked = self.reservations.iter_mut().find(|r| r.id == id);
        asked.ok_or_else(|| format!("reservation {id} was not asked for"))?.at =
            if paid { KeptAt::Taken } else { KeptAt::Held };
        for got in lines {
            let line = self.line_mut(got.line_no)?;
            let wants = line.active() - line.row.hold_qty - line.row.dduct_qty;
            let units = i64::from(got.quantity).min(wants.max(0));
            if paid {
                line.row.dduct_qty += units;
            } else {
                line.row.hold_qty += units;
            }
        }
        Ok(())
    }

    /// The placement stands, without what was short elsewhere.
    pub(super) fn completed(
        &mut self,
        shortages: &[Cut],
        fees: &[FeeRefund],
        refunds: &[PlannedRefund],
        at: Time,
    ) -> Fit {
        self.standing = Standing::Stands;
        self.cut(self.next_cancel_group(), (CutCause::OutOfStock, None), shortages, at)?;
        self.give_back(fees)?;
        self.plan(refunds, at)?;
        self.expect_deposit();
        Ok(())
    }

    /// It never was: nothing is kept for it, and nothing of its money.
    pub(super) fn failed(&mut self) {
        self.standing = Standing::Never;
        for l in &mut self.lines {
            (l.row.hold_qty, l.row.dduct_qty, l.own) = (0, 0, Status::OutOfStock);
        }
        self.payments.clear();
        self.refunds.clear();
        self.cancels.clear();
        self.points.clear();
        self.reservations.iter_mut().for_each(|r| r.at = KeptAt::Released);
    }

    fn pending(&self) -> Fit {
        let pending = self.lines.iter().any(|l| l.own == Status::PaymentPending && l.free() > 0);
        if pending { Ok(()) } else { Err(format!("no line waits for payment: the order is {}", self.status().code())) }
    }

    pub(super) fn approved(&mut self, settlements: &[Paid], prepare_at: Option<Time>, at: Time) -> Fit {
        self.pending()?;
        self.prepare_at = prepare_at;
        // a deposit is not awaited any more
        self.payments.iter_mut().for_each(|p| p.row.expt_amt = 0);
        settlements.iter().for_each(|paid| self.pay_in(paid, 1, at));
        self.paid(at);
        Ok(())
    }

    pub(super) fn deposited(
        &mut self,
        amount: i64,
        payment_id: Option<&str>,
        prepare_at: Option<Time>,
        at: Time,
    ) -> Fit {
        self.pending()?;
        self.prepare_at = prepare_at;
        let awaited = self.payments.iter_mut().find(|p| p.row.pay_dttm.is_none());
        let row = &mut awaited.ok_or("no deposit is awaited")?.row;
        if let Some(id) = payment_id {
            row.pay_mns_rel_id = Some(id.into());
        }
        (row.expt_amt, row.pay_amt, row.pay_dttm) = (0, amount, Some(at));
        self.paid(at);
        Ok(())
    }

    /// The money is in: what was on hold is sold, and the dates of the lines are known (they count from the order).
    pub(super) fn paid(&mut self, at: Time) {
        self.paid_at = Some(at);
        for l in &mut self.lines {
            if l.own == Status::PaymentPending {
                l.own = Status::Ordered;
            }
            l.row.dduct_qty += std::mem::take(&mut l.row.hold_qty);
            l.dated(self.received);
        }
        for r in self.reservations.iter_mut().filter(|r| r.at == KeptAt::Held) {
            r.at = KeptAt::Taken;
        }
    }

    /// Expired, or given up by the payer.
    pub(super) fn ended_unpaid(&mut self, so: Status) -> Fit {
        self.pending()?;
        for l in &mut self.lines {
            l.row.hold_qty = 0;
            if l.own == Status::PaymentPending {
                l.own = so;
            }
        }
        self.payments.iter_mut().for_each(|p| p.row.expt_amt = 0);
        self.reservations.iter_mut().for_each(|r| r.at = KeptAt::Released);
        Ok(())
    }

    /// Units are taken out of lines, under one group. What was taken for them goes back, from what is on hold first.
    pub(super) fn cut(&mut self, group: u32, (cause, reason): (CutCause, Option<&str>), cuts: &[Cut], at: Time) -> Fit {
        let reason: Option<Arc<str>> = reason.map(Arc::from);
        for c in cuts {
            let row = &mut self.line_mut(c.line_no)?.row;
            let held = i64::from(c.released).min(row.hold_qty);
            row.hold_qty -= held;
            row.dduct_qty -= i64::from(c.released) - held;
            self.cancels.push(CnclRow {
                ord_id: Arc::clone(&self.ord_id),
                cncl_grp_no: i64::from(group),
                ord_seq: i64::from(c.line_no),
                cncl_qty: i64::from(c.quantity),
                cncl_amt: c.amount.get(),
                cncl_rsn_cd: cause.code().into(),
                cncl_dttm: at,
                cncl_rsn: reason.clone(),
            });
        }
        self.count();
        let so = match cause {
            CutCause::Buyer | CutCause::ParentEnded | CutCause::MainGone | CutCause::ExchangeRejected => {
                Status::Cancelled
            }
            CutCause::OutOfStock | CutCause::StockLost | CutCause::ProcurementCancelled | CutCause::LinkEnded => {
                Status::OutOfStock
            }
        };
        cuts.iter().try_for_each(|c| self.line_mut(c.line_no).map(|l| l.end(so)))
    }

    pub(super) fn next_cancel_group(&self) -> u32 {
        let last = self.cancels.iter().map(|c| c.cncl_grp_no).max().unwrap_or(0);
        u32::try_from(last + 1).unwrap_or(u32::MAX)
    }

    /// Those lines are prepared; none named: all that wait for it.
    pub(super) fn prepared(&mut self, lines: &[u16], at: Time) -> Fit {
        let waits = |l: &FoldedLine| l.own == Status::Ordered && l.free() > 0;
        if lines.is_empty() {
            let all = self.lines.iter_mut().filter(|l| waits(l));
            let prepared = all.map(|l| (l.own, l.row.dlv_prep_dttm) = (Status::Preparing, Some(at))).count();
            if prepared == 0 {
                return Err(format!("no line waits for preparation: the order is {}", self.status().code()));
            }
        }
        for &no in lines {
            self.go(no, &[Status::Ordered], Status::Preparing)?.row.dlv_prep_dttm = Some(at);
        }
        if !self.lines.iter().any(waits) {
            self.prepare_at = None;
        }
        Ok(())
    }

    /// A gift by hand; its goods have a gift from now on.
    pub(super) fn gift_added(&mut self, a: &AddedLine, reason: GiftReason, at: Time) {
        let line = FoldedLine::gift_by_hand(&self.ord_id, a, reason, at);
        let main = line.row.main_ord_seq;
        for l in self.lines.iter_mut().filter(|l| Some(l.row.ord_seq) == main) {
            l.row.gft_incl_yn = true;
        }
        self.lines.push(line);
    }
}
