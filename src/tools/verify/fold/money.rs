//! Money: what came in and goes back, fees, points.

use std::sync::Arc;

use super::{CheckedOrder, Fit, FoldedReturn, Standing};
use crate::{
    domain::{
        Time,
        fee::FeeReason,
        order::{
            command::{Deposit, Paid, PaymentMethod},
            event::{AddedFee, FeeRefund, Kept, LineAmount, PlacedFee, PlannedRefund, ShippingAddressSet},
        },
        status::Status,
    },
    store::rows::{AprvRow, FeeRow, PntRow, RfndRow, StlmRow},
};

/// The id of a deposit's approval where the payment side gave none.
const NAMELESS: &str = "deposit";

/// A settlement. What of it can go back, goes, stays or went is reckoned from the refunds and returns.
#[derive(Debug)]
pub struct FoldedPayment {
    pub row: StlmRow,
    method: PaymentMethod,
    /// of points: which movement of the account
    movement: Option<Arc<str>>,
}

/// How far a refund is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// for the approval of its return, or for goods
    Waits,
    /// to be asked for, from then on
    Due(Time),
    Done,
    Withdrawn,
}

/// A refund: the row of its request, and those of what became of it.
#[derive(Debug)]
pub struct FoldedRefund {
    pub rows: Vec<RfndRow>,
    pub amount: i64,
    pub stlm_no: i64,
    pub return_group: Option<u16>,
    waits_for: Option<u16>,
    stage: Stage,
}

impl FoldedRefund {
    /// Whether the money is back.
    pub fn done(&self) -> bool {
        self.stage == Stage::Done
    }

    /// Whether it is still to go back.
    pub fn open(&self) -> bool {
        matches!(self.stage, Stage::Waits | Stage::Due(_))
    }

    fn key(&self) -> &str {
        self.rows.first().map_or("", |r| &r.rfnd_key)
    }

    /// Its next row: of an answer of the payment side, or of its end.
    fn add(&mut self, change: impl FnOnce(&mut RfndRow)) {
        let Some(request) = self.rows.first() else { return };
        let mut row = RfndRow { rfnd_plan_amt: 0, ..request.clone() };
        row.rfnd_seq = i64::try_from(self.rows.len()).unwrap_or(i64::MAX);
        change(&mut row);
        self.rows.push(row);
    }
}

/// A fee of the order.
#[derive(Debug)]
pub(super) struct FoldedFee {
    pub row: FeeRow,
    /// given back beside returns
    back: i64,
}

/// 배송비종류코드.
const fn kind(reason: FeeReason) -> &'static str {
    match reason {
        FeeReason::Surcharge => "SURCHARGE",
        FeeReason::Exchange => "EXCHANGE",
        FeeReason::Unreturned => "UNRETURNED",
        FeeReason::Damaged => "DAMAGED",
        FeeReason::Charged
        | FeeReason::FreeGoods
        | FeeReason::FreeThreshold
        | FeeReason::GiftOnly
        | FeeReason::SellerFault
        | FeeReason::InstallationFailed
        | FeeReason::NotShipped
        | FeeReason::Linked
        | FeeReason::Withdrawn => "ORDER",
    }
}

impl FoldedFee {
    pub(super) fn placed(ord_id: &Arc<str>, no: i64, f: &PlacedFee) -> Self {
        let row = FeeRow {
            ord_id: Arc::clone(ord_id),
            dlv_fee_no: no,
            pay_grp_no: 1,
            ptnr_id: f.partner_id.shared(),
            dlv_tmpl_id: f.template_id.shared(),
            fee_knd_cd: kind(f.reason).into(),
            rtn_grp_no: None,
            falt_cd: None,
            bndl_fee_amt: f.bundled.get(),
            thrs_amt: f.threshold.map(|w| w.get()),
            bas_fee_amt: f.base.get(),
            fee_amt: f.amount.get(),
            rfnd_fee_amt: 0,
            fee_rsn_cd: f.reason.code().into(),
            unpd_yn: false,
        };
        Self { row, back: 0 }
    }

    pub(super) fn stands(&self) -> i64 {
        self.row.fee_amt - self.row.rfnd_fee_amt
    }

    /// One of these, where some are named.
    fn is_among(&self, named: &[u16]) -> bool {
        named.is_empty() || named.iter().any(|no| i64::from(*no) == self.row.dlv_fee_no)
    }
}

impl CheckedOrder {
    pub(super) fn pay_in(&mut self, p: &Paid, group: i64, at: Time) {
        let no = self.payments.iter().map(|s| s.row.stlm_no).max().unwrap_or(0) + 1;
        let id: Arc<str> = p.approval_id.as_str().into();
        if p.method == PaymentMethod::Points {
            self.points_row("USED", p.amount.get(), Some(Arc::clone(&id)), at);
        }
        let row =
            StlmRow { pay_amt: p.amount.get(), pay_dttm: Some(at), ..self.settlement(no, group, p.method, Some(id)) };
        self.payments.push(FoldedPayment { row, method: p.method, movement: p.movement_id.as_deref().map(Arc::from) });
    }

    fn settlement(&self, no: i64, group: i64, method: PaymentMethod, id: Option<Arc<str>>) -> StlmRow {
        StlmRow {
            ord_id: Arc::clone(&self.ord_id),
            stlm_no: no,
            pay_grp_no: group,
            pay_mns_cd: method.code().into(),
            pay_mns_rel_id: id,
            expt_amt: 0,
            pay_amt: 0,
            rfnd_psbl_amt: 0,
            rfnd_plan_amt: 0,
            rfnd_excl_amt: 0,
            rfnd_amt: 0,
            pay_dttm: None,
        }
    }

    /// What is due is awaited; it is known by the payment side's name, of old by the account's number.
    pub(super) fn await_deposit(&mut self, d: &Deposit) {
        let id = d.payment_id.as_deref().or(d.account_no.as_deref()).map(Arc::from);
        let row = StlmRow { expt_amt: self.owed(), ..self.settlement(1, 1, d.method, id) };
        self.payments.push(FoldedPayment { row, method: d.method, movement: None });
    }

    /// What is awaited is always what is due.
    pub(super) fn expect_deposit(&mut self) {
        let owed = self.owed();
        let unpaid = self.paid_at.is_none();
        if let Some(p) = self.payments.iter_mut().find(|p| unpaid && p.row.pay_dttm.is_none()) {
            p.row.expt_amt = owed;
        }
    }

    /// Fees go back beside what is cut; those of a return go with it.
    pub(super) fn give_back(&mut self, fees: &[FeeRefund]) -> Fit {
        for b in fees {
            let fee = self.fees.iter_mut().find(|f| f.row.dlv_fee_no == i64::from(b.fee_no));
            fee.ok_or_else(|| format!("there is no fee {}", b.fee_no))?.back += b.amount.get();
        }
        self.settle_fees();
        Ok(())
    }

    pub(super) fn plan(&mut self, refunds: &[PlannedRefund], at: Time) -> Fit {
        for r in refunds {
            let no = i64::from(r.settlement_no);
            let from = self.payments.iter().find(|p| p.row.stlm_no == no);
            let from = from.ok_or_else(|| format!("refund {} is of settlement {no}, which there is not", r.key))?;
            let request = RfndRow {
                rfnd_key: r.key.as_str().into(),
                rfnd_seq: 0,
                ord_id: Arc::clone(&self.ord_id),
                stlm_no: no,
                cncl_grp_no: r.group.map(i64::from),
                rtn_grp_no: r.return_group.map(i64::from),
                rfnd_stat_cd: "PLANNED".into(),
                rfnd_mns_cd: from.method.code().into(),
                rfnd_plan_amt: r.amount.get(),
                rfnd_amt: 0,
                rfnd_rsn: None,
                rfnd_dttm: at,
            };
            // what has to do with goods waits for them
            let waits = r.return_group.is_some() || r.waits_for.is_some();
            self.refunds.push(FoldedRefund {
                rows: vec![request],
                amount: r.amount.get(),
                stlm_no: no,
                return_group: r.return_group,
                waits_for: r.waits_for,
                stage: if waits { Stage::Waits } else { Stage::Due(at) },
            });
        }
        Ok(())
    }

    fn refund_due(&mut self, key: &str) -> Result<&mut FoldedRefund, String> {
        let found = self.refunds.iter_mut().find(|r| r.key() == key);
        let refund = found.ok_or_else(|| format!("there is no refund {key}"))?;
        if matches!(refund.stage, Stage::Due(_)) { Ok(refund) } else { Err(format!("refund {key} was not asked for")) }
    }

    pub(super) fn refunded(&mut self, key: &str, transferred: bool, at: Time) -> Fit {
        let refund = self.refund_due(key)?;
        let (amount, no) = (refund.amount, refund.stlm_no);
        refund.stage = Stage::Done;
        refund.add(|row| {
            (row.rfnd_stat_cd, row.rfnd_amt, row.rfnd_dttm) = ("REFUNDED".into(), amount, at);
            if transferred {
                row.rfnd_mns_cd = "BANK_TRANSFER".into();
            }
        });
        let of = self.payments.iter().find(|p| p.row.stlm_no == no);
        if let Some(p) = of.filter(|p| p.method == PaymentMethod::Points && !transferred) {
            let account = p.row.pay_mns_rel_id.clone();
            self.points_row("GIVEN_BACK", amount, account, at);
        }
        Ok(())
    }

    pub(super) fn refund_failed(&mut self, key: &str, reason: &str, retry_at: Time, at: Time) -> Fit {
        let refund = self.refund_due(key)?;
        refund.stage = Stage::Due(retry_at);
        refund.add(|row| {
            (row.rfnd_stat_cd, row.rfnd_rsn, row.rfnd_dttm) = ("FAILED".into(), Some(reason.into()), at);
        });
        Ok(())
    }

    /// What a return has planned and does not wait for any more.
    pub(super) fn withdraw_refunds(&mut self, group: u16, at: Time) {
        let waits = |r: &&mut FoldedRefund| r.return_group == Some(group) && r.stage == Stage::Waits;
        for refund in self.refunds.iter_mut().filter(waits) {
            let amount = refund.amount;
            refund.stage = Stage::Withdrawn;
            refund.add(|row| {
                (row.rfnd_stat_cd, row.rfnd_plan_amt, row.rfnd_dttm) = ("WITHDRAWN".into(), -amount, at);
            });
        }
    }

    /// A cancellation's refund that waits, and is planned anew.
    pub(super) fn withdraw_refund(&mut self, key: &str, at: Time) -> Fit {
        let waits = |r: &&mut FoldedRefund| r.key() == key && r.stage == Stage::Waits;
        let refund = self.refunds.iter_mut().find(waits).ok_or_else(|| format!("refund {key} does not wait"))?;
        let amount = refund.amount;
        refund.stage = Stage::Withdrawn;
        refund.add(|row| {
            (row.rfnd_stat_cd, row.rfnd_plan_amt, row.rfnd_dttm) = ("WITHDRAWN".into(), -amount, at);
        });
        Ok(())
    }

    /// Money that waits goes as soon as its return may be paid and no exchanged goods are out for it.
    pub(super) fn release(&mut self, at: Time) {
        let may = |r: &FoldedRefund| {
            let of = |group| self.returns.iter().find(|k: &&FoldedReturn| k.group == group);
            match (r.return_group, r.waits_for) {
                (Some(group), _) => of(group).is_some_and(|k| k.payable && !self.out_for_return(k)),
                (None, no) => no.is_none_or(|no| !self.out_for(i64::from(no))),
            }
        };
        let free: Vec<usize> = self
            .refunds
            .iter()
            .enumerate()
            .filter(|(_, r)| r.stage == Stage::Waits && may(r))
            .map(|(i, _)| i)
            .collect();
        for i in free {
            self.refunds[i].stage = Stage::Due(at);
        }
    }

    /// When the payment side is to be asked next.
    pub(super) fn next_refund(&self) -> Option<Time> {
        self.refunds.iter().filter_map(|r| if let Stage::Due(at) = r.stage { Some(at) } else { None }).min()
    }

    fn settle_fees(&mut self) {
        for f in &mut self.fees {
            let returns = self.returns.iter().filter(|r| r.stands()).flat_map(|r| &r.fee_refunds);
            let of = returns.filter(|b| i64::from(b.fee_no) == f.row.dlv_fee_no);
            let settled = |kept: &[Kept]| -> i64 {
                let of = kept.iter().flat_map(|k| &k.set_off).filter(|b| i64::from(b.fee_no) == f.row.dlv_fee_no);
                of.map(|b| b.amount.get()).sum()
            };
            let by_cuts = settled(&self.kept) - settled(&self.freed);
            f.row.rfnd_fee_amt = f.back + by_cuts + of.map(|b| b.amount.get()).sum::<i64>();
        }
    }

    /// What refunds and returns make of the settlements and fees.
    pub(super) fn settle_up(&mut self) -> Fit {
        self.settle_fees();
        for p in &mut self.payments {
            let row = &mut p.row;
            let of = || self.refunds.iter().filter(|r| r.stlm_no == row.stlm_no);
            let kept = self.returns.iter().filter(|r| r.stands()).flat_map(|r| &r.withheld);
            let kept = kept.filter(|w| i64::from(w.settlement_no) == row.stlm_no);
            let planned: i64 = of().filter(|r| r.open()).map(|r| r.amount).sum();
            let refunded: i64 = of().filter(|r| r.done()).map(|r| r.amount).sum();
            let by_cuts = |kept: &[Kept]| -> i64 {
                let of = kept.iter().flat_map(|k| &k.withheld).filter(|w| i64::from(w.settlement_no) == row.stlm_no);
                of.map(|w| w.amount.get()).sum()
            };
            let cuts = by_cuts(&self.kept) - by_cuts(&self.freed);
            row.rfnd_excl_amt = kept.map(|w| w.amount.get()).sum::<i64>() + cuts;
            (row.rfnd_plan_amt, row.rfnd_amt) = (planned, refunded);
            row.rfnd_psbl_amt = row.pay_amt - planned - refunded - row.rfnd_excl_amt;
            if row.rfnd_psbl_amt < 0 {
                return Err(format!(
                    "settlement {}: of {} won {planned} would be planned, {refunded} refunded and {} kept back",
                    row.stlm_no, row.pay_amt, row.rfnd_excl_amt
                ));
            }
        }
        Ok(())
    }

    /// A fee that came after the payment.
    pub(super) fn charge(&mut self, f: &AddedFee, unpaid: bool) {
        let row = FeeRow {
            ord_id: Arc::clone(&self.ord_id),
            dlv_fee_no: i64::from(f.fee_no),
            pay_grp_no: i64::from(f.group),
            ptnr_id: f.partner_id.shared(),
            dlv_tmpl_id: f.template_id.shared(),
            fee_knd_cd: kind(f.reason).into(),
            rtn_grp_no: None,
            falt_cd: None,
            bndl_fee_amt: 0,
            thrs_amt: None,
            bas_fee_amt: f.amount.get(),
            fee_amt: f.amount.get(),
            rfnd_fee_amt: 0,
            fee_rsn_cd: f.reason.code().into(),
            unpd_yn: unpaid,
        };
        self.fees.push(FoldedFee { row, back: 0 });
    }

    /// Where it goes, and what that costs more or less. While the order is unpaid this is a part of what is due for it.
    pub(super) fn sent_to(&mut self, e: &ShippingAddressSet, at: Time) -> Fit {
        self.give_back(&e.fees)?;
        self.plan(&e.refunds, at)?;
        self.destination = Some((e.kind, e.zone));
        if let Some(s) = &e.surcharge {
            let fee = AddedFee {
                fee_no: s.fee_no,
                group: s.group,
                partner_id: s.partner_id.clone(),
                template_id: s.template_id.clone(),
                amount: s.amount,
                reason: FeeReason::Surcharge,
            };
            self.charge(&fee, self.paid_at.is_some());
        }
        self.expect_deposit();
        Ok(())
    }

    pub(super) fn surcharges_paid(&mut self, settlements: &[Paid], fees: &[u16], at: Time) {
        let mut group = None;
        for f in self.fees.iter_mut().filter(|f| f.row.unpd_yn && f.stands() > 0 && f.is_among(fees)) {
            f.row.unpd_yn = false;
            group = group.max(Some(f.row.pay_grp_no));
        }
        settlements.iter().for_each(|paid| self.pay_in(paid, group.unwrap_or(1), at));
    }

    /// What is still to be paid beside the order: of these fees, or of all where none is named.
    pub fn surcharges(&self, fees: &[u16]) -> i64 {
        self.fees.iter().filter(|f| f.row.unpd_yn && f.is_among(fees)).map(FoldedFee::stands).sum()
    }

    /// What the fees come to that stand.
    pub(super) fn fees_stand(&self) -> i64 {
        self.fees.iter().map(FoldedFee::stands).sum()
    }

    /// What lines and fees come to, without what was cut, or returned, or is in a return that is under way.
    pub fn owed(&self) -> i64 {
        let lines: i64 = self.lines.iter().map(|l| l.row.pay_amt).sum();
        let cut: i64 = self.cancels.iter().map(|c| c.cncl_amt).sum();
        let back = self.returns.iter().filter(|r| r.stands()).flat_map(|r| &r.lines).map(|k| k.row.rtn_amt);
        lines - cut - back.sum::<i64>() + self.fees_stand()
    }

    /// The order's amount: nothing where it ended unpaid, or never was.
    pub(super) fn total(&self) -> i64 {
        let never = matches!(self.status(), Status::PaymentExpired | Status::PaymentCancelled);
        if never || self.standing == Standing::Never { 0 } else { self.owed() }
    }

    /// What is to be paid now.
    pub(super) fn due_now(&self) -> i64 {
        if self.paid_at.is_some() { self.surcharges(&[]) } else { self.total() }
    }

    /// Whether its money is here, and not between two businesses.
    pub fn settles_here(&self) -> bool {
        self.paid_at.is_some() && self.parent.is_none()
    }

    fn points_row(&mut self, kind: &'static str, amount: i64, relation: Option<Arc<str>>, at: Time) {
        let no = i64::try_from(self.points.len()).unwrap_or(i64::MAX - 1) + 1;
        self.points.push(PntRow {
            ord_id: Arc::clone(&self.ord_id),
            pnt_no: no,
            cust_id: Arc::clone(&self.cust_id),
            pnt_knd_cd: kind.into(),
            pnt_amt: amount,
            pnt_rel_id: relation,
            pnt_dttm: at,
        });
    }

    /// Points of lines, earned or reversed.
    pub(super) fn points(&mut self, kind: &'static str, lines: &[LineAmount], at: Time) -> Fit {
        for l in lines {
            let amount = l.amount.get();
            let sign = if kind == "EARNED" { amount } else { -amount };
            self.line_mut(l.line_no)?.row.pnt_amt += sign;
            self.points_row(kind, amount, Some(format!("line:{}", l.line_no).into()), at);
        }
        Ok(())
    }

    /// What the payment side calls a settlement's payment: a movement of points, an approval. An account is handed out again,
    /// to others, so that its number names no payment.
    fn name_of<'a>(&'a self, p: &'a FoldedPayment) -> Option<&'a str> {
        let account = self.deposit.as_ref().and_then(|d| d.account_no.as_deref());
        match p.method {
            PaymentMethod::Points => p.movement.as_deref(),
            PaymentMethod::Card => p.row.pay_mns_rel_id.as_deref(),
            PaymentMethod::VirtualAccount | PaymentMethod::BankTransfer => {
                p.row.pay_mns_rel_id.as_deref().filter(|id| *id != NAMELESS && Some(*id) != account)
            }
        }
    }

    /// What the register must have: id, means and amount of all money that is in, and this order's. What has no name of the
    /// payment side's has the order's and the settlement's number.
    pub fn registered(&self) -> impl Iterator<Item = (String, &str, i64)> {
        let paid = |p: &&FoldedPayment| self.standing == Standing::Stands && p.row.pay_amt > 0;
        self.payments.iter().filter(paid).map(|p| {
            let made = || format!("{} {}", self.ord_id, p.row.stlm_no);
            (self.name_of(p).map_or_else(made, str::to_owned), p.method.code(), p.row.pay_amt)
        })
    }

    /// Cards and deposits have an approval; points are another service's. No token: that is in no event.
    pub(super) fn approvals(&self) -> impl Iterator<Item = AprvRow> {
        self.payments.iter().filter(|p| p.method != PaymentMethod::Points).map(|p| {
            let account = self.deposit.as_ref().filter(|d| d.method == p.method);
            AprvRow {
                aprv_id: p.row.pay_mns_rel_id.clone().unwrap_or_else(|| NAMELESS.into()),
                ord_id: Arc::clone(&self.ord_id),
                stlm_no: p.row.stlm_no,
                aprv_tkn: None,
                aprv_amt: p.row.pay_amt,
                vrtl_acct_no: account.and_then(|d| d.account_no.as_deref()).map(Arc::from),
                bank_cd: account.and_then(|d| d.bank_code.as_deref()).map(Arc::from),
                aprv_dttm: p.row.pay_dttm,
            }
        })
    }
}
