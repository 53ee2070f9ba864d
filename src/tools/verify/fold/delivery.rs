//! The way to the buyer: shipped, delivered, installed, confirmed, reviewed.

use std::sync::Arc;

use super::{CheckedOrder, Fit, FoldedLine};
use crate::{
    domain::{
        Time,
        order::{
            delivery::{DeliveredBy, ShipMethod},
            event::{Delivered, WaybillEntry},
            supply::Work,
        },
        status::Status,
    },
    store::rows::{RvwRow, WyblRow},
};

const READY: &str = "READY";
const IN_TRANSIT: &str = "IN_TRANSIT";
const DELIVERED: &str = "DELIVERED";
const BY_INSTALLER: &str = "DELIVERED_BY_INSTALLER";
const INSTALLED: &str = "INSTALLED";

impl CheckedOrder {
    /// Row 18. It is on its way when the seller says so, or by its first waybill.
    pub(super) fn shipped(&mut self, lines: &[u16], started: bool, method: ShipMethod, at: Time) -> Fit {
        for &no in lines {
            let row = &mut self.go(no, &[Status::ProcurementDone], Status::Shipped)?.row;
            (row.ship_dttm, row.dlv_mthd_cd) = (Some(at), Some(method.code().into()));
            row.dlv_strt_dttm = started.then_some(at);
            row.dlv_sub_stat_cd = Some(if started { IN_TRANSIT } else { READY }.into());
        }
        Ok(())
    }

    pub(super) fn waybill(&mut self, w: &WaybillEntry, at: Time) -> Fit {
        let ord_id = Arc::clone(&self.ord_id);
        let line = self.line_mut(w.line_no)?;
        line.waybills.push(WyblRow {
            ord_id,
            ord_seq: i64::from(w.line_no),
            carr_cd: w.carrier.as_str().into(),
            wybl_no: w.waybill_no.as_str().into(),
            wybl_qty: i64::from(w.quantity),
            reg_dttm: at,
            chg_dttm: None,
            dlv_cmpl_dttm: None,
            carr_nm: w.carrier_name.as_deref().map(Arc::from),
        });
        line.row.dlv_strt_dttm.get_or_insert(at);
        if line.row.dlv_sub_stat_cd.as_deref() == Some(READY) {
            line.row.dlv_sub_stat_cd = Some(IN_TRANSIT.into());
        }
        Ok(())
    }

    pub(super) fn waybill_updated(&mut self, w: &WaybillEntry, at: Time) -> Fit {
        let known = |k: &&mut WyblRow| *k.carr_cd == *w.carrier && *k.wybl_no == *w.waybill_no;
        let row = self.line_mut(w.line_no)?.waybills.iter_mut().find(known);
        let row = row.ok_or_else(|| format!("line {} has no waybill {}", w.line_no, w.waybill_no))?;
        (row.wybl_qty, row.chg_dttm) = (i64::from(w.quantity), Some(at));
        Ok(())
    }

    /// Row 19. A line is delivered when all of it is, which its revenue date says.
    pub(super) fn delivered(&mut self, e: &Delivered) -> Fit {
        for l in &e.lines {
            let line = self.line_mut(l.line_no)?;
            for w in &mut line.waybills {
                if l.waybills.iter().any(|(carrier, no)| **carrier == *w.carr_cd && **no == *w.wybl_no) {
                    w.dlv_cmpl_dttm = Some(e.delivered_at);
                }
            }
            let row = &mut line.row;
            row.dlv_qty = i64::from(l.delivered);
            if l.revenue_recognized_at.is_none() {
                continue;
            }
            (row.rvn_dttm, row.auto_cnfm_dttm) = (l.revenue_recognized_at, l.auto_confirm_at);
            row.dlv_cmpl_dttm = Some(e.delivered_at);
            let by_installer = e.by == DeliveredBy::Installer;
            row.dlv_sub_stat_cd = Some(if by_installer { BY_INSTALLER } else { DELIVERED }.into());
            if e.by == DeliveredBy::Carrier {
                row.carr_dlv_cmpl_dttm = Some(e.delivered_at);
            }
        }
        Ok(())
    }

    /// What an installer does in its own order. It has shipped nothing: what it brings is handed over.
    pub(super) fn worked(&mut self, work: Work, lines: &[u16], at: Time) -> Fit {
        for &no in lines {
            let done = match work {
                Work::Delivered => BY_INSTALLER,
                Work::Installed => INSTALLED,
                Work::Confirmed => {
                    self.go(no, &[Status::Shipped], Status::PurchaseConfirmed)?;
                    continue;
                }
                // its units are cut beside it
                Work::Impossible => continue,
            };
            let line = self.line_mut(no)?;
            if line.free() > 0 && super::legal::HANDED_OVER.contains(&line.own) {
                line.own = Status::Shipped;
            }
            line.row.dlv_qty = line.free();
            line.row.dlv_cmpl_dttm.get_or_insert(at);
            line.row.dlv_sub_stat_cd = Some(done.into());
        }
        Ok(())
    }

    pub(super) fn reviewed(&mut self, line_no: u16, rating: u8, at: Time) -> Fit {
        self.line_mut(line_no)?;
        self.reviews.push(RvwRow {
            ord_id: Arc::clone(&self.ord_id),
            ord_seq: i64::from(line_no),
            rvw_scor: i64::from(rating),
            rvw_dttm: at,
        });
        Ok(())
    }

    /// When an order wants attention next: its deadline while it is unpaid, its preparation, a line that confirms itself, and a
    /// refund where the server asks for refunds.
    pub(super) fn due(&self, asks_refunds: bool) -> Option<Time> {
        let unpaid = self.status() == Status::PaymentPending;
        let to_prepare = self.lines.iter().any(|l| l.own == Status::Ordered && l.free() > 0);
        let shipped = self.lines.iter().filter(|l| l.own == Status::Shipped && l.free() > 0);
        let times = [
            self.deadline.filter(|_| unpaid),
            self.prepare_at.filter(|_| to_prepare),
            shipped.filter_map(|l| self.confirms_itself(l)).min(),
            self.next_refund().filter(|_| asks_refunds),
        ];
        times.into_iter().flatten().min()
    }

    /// 자동구매확정: when a line that is at the buyer's is confirmed by itself; a gift with its goods, or after them.
    fn confirms_itself(&self, l: &FoldedLine) -> Option<Time> {
        let mut at = self.ripe(l)?;
        if !l.row.gft_yn {
            return Some(at);
        }
        for goods in self.family(l) {
            if goods.returning + goods.row.exch_acpt_qty != goods.row.exch_qty {
                return None; // a claim may still take the gift along
            }
            if goods.free() > 0 && goods.own != Status::PurchaseConfirmed {
                at = at.max(self.ripe(goods)?);
            }
        }
        Some(at)
    }

    /// When nothing keeps a line from being confirmed: it is there (installed, where somebody installs it), and no claim has
    /// any of it.
    fn ripe(&self, l: &FoldedLine) -> Option<Time> {
        let no = l.row.ord_seq;
        let returned = self.returns.iter().filter(|r| r.open()).flat_map(|r| &r.lines).any(|k| k.row.ord_seq == no);
        let claimed = returned || l.row.exch_acpt_qty > l.row.exch_qty;
        let there = match l.row.dlv_sub_stat_cd.as_deref() {
            Some(INSTALLED) => true,
            Some(DELIVERED | BY_INSTALLER) => !self.installer(no),
            _ => false,
        };
        l.row.auto_cnfm_dttm.filter(|_| there && !claimed)
    }
}
