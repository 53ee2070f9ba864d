//! The rows that a history makes.

use std::sync::Arc;

use super::{CheckedOrder, Standing};
use crate::{
    domain::{Time, status::Status},
    store::rows::{
        AprvRow, CnclRow, DscntRow, ExchRow, FeeRow, GdsRow, GftRow, LnkRow, OrdRow, PntRow, PrcrRow, RfndRow, RtnRow,
        RvwRow, StlmRow, WyblRow,
    },
};

/// An order's rows, a table each.
#[derive(Debug, Default)]
pub struct FoldedRows {
    pub ord: Vec<OrdRow>,
    pub gds: Vec<GdsRow>,
    pub gft: Vec<GftRow>,
    pub stlm: Vec<StlmRow>,
    pub aprv: Vec<AprvRow>,
    pub cncl: Vec<CnclRow>,
    pub fee: Vec<FeeRow>,
    pub dscnt: Vec<DscntRow>,
    pub pnt: Vec<PntRow>,
    pub prcr: Vec<PrcrRow>,
    pub lnk: Vec<LnkRow>,
    pub wybl: Vec<WyblRow>,
    pub rtn: Vec<RtnRow>,
    pub exch: Vec<ExchRow>,
    pub rvw: Vec<RvwRow>,
    pub rfnd: Vec<RfndRow>,
}

impl CheckedOrder {
    /// All rows of the order in its partition. While its placement waits, or when it failed, there is the order's own row and
    /// no other.
    pub fn rows(&self, partition: i64) -> FoldedRows {
        let mut rows = FoldedRows { ord: vec![self.ord(partition)], ..FoldedRows::default() };
        if self.standing != Standing::Stands {
            return rows;
        }
        for l in &self.lines {
            rows.gds.push(GdsRow { ord_stat_cd: l.shown().code().into(), ..l.row.clone() });
            rows.gft.extend(l.gift.clone());
            // a discount is given when the money is in
            if let Some(at) = self.paid_at {
                rows.dscnt.extend(l.discounts.iter().map(|d| DscntRow { dscnt_dttm: at, ..d.clone() }));
            }
            rows.wybl.extend(l.waybills.iter().cloned());
        }
        rows.stlm.extend(self.payments.iter().map(|p| p.row.clone()));
        rows.aprv.extend(self.approvals());
        rows.fee.extend(self.fees.iter().map(|f| f.row.clone()));
        for r in &self.returns {
            rows.rtn.extend(r.rows());
            rows.fee.extend(r.fee_rows(&self.ord_id));
        }
        rows.cncl.clone_from(&self.cancels);
        rows.pnt.clone_from(&self.points);
        rows.prcr.extend(self.sources.iter().flat_map(|s| s.rows.iter().cloned()));
        rows.lnk.extend(self.links.iter().map(|l| LnkRow { prnt_prtn_no: partition, ..l.row.clone() }));
        rows.exch.extend(self.exchanges.iter().map(|x| x.row()));
        rows.rvw.clone_from(&self.reviews);
        rows.rfnd.extend(self.refund_rows().cloned());
        rows
    }

    /// The rows of its refunds.
    pub fn refund_rows(&self) -> impl Iterator<Item = &RfndRow> {
        let stands = self.standing == Standing::Stands;
        self.refunds.iter().filter(move |_| stands).flat_map(|r| &r.rows)
    }

    /// When the order wants attention, where its server asks for refunds itself, or where it does not.
    pub fn due_dttm(&self, asks_refunds: bool) -> Option<Time> {
        if self.standing == Standing::Stands { self.due(asks_refunds) } else { None }
    }

    fn ord(&self, partition: i64) -> OrdRow {
        let status = self.status();
        let unpaid = matches!(status, Status::PaymentPending | Status::PaymentExpired | Status::PaymentCancelled);
        // what an exchange added is paid by what its original was
        let bought = || self.lines.iter().filter(|l| !l.replaces).map(|l| &l.row);
        OrdRow {
            ord_id: Arc::clone(&self.ord_id),
            prtn_no: partition,
            cust_id: Arc::clone(&self.cust_id),
            ord_stat_cd: status.code().into(),
            ord_ver: self.version,
            rcpt_dttm: self.received,
            pay_ddln_dttm: self.deadline.filter(|_| unpaid),
            due_dttm: self.due_dttm(false),
            part_alw_yn: self.in_parts,
            gds_amt: bought().map(|r| r.sl_tot_amt).sum(),
            dscnt_amt: bought().map(|r| r.prm_dscnt_amt + r.cpn_dscnt_amt).sum(),
            dlv_fee_amt: self.fees_stand(),
            ord_amt: self.total(),
            prnt_ord_id: self.parent.as_ref().map(|p| p.order_id.shared()),
            dstn_knd_cd: self.destination.map(|(kind, _)| kind.code().into()),
            dstn_zone_cd: self.destination.map(|(_, zone)| zone.code().into()),
            due_amt: self.due_now(),
        }
    }
}
