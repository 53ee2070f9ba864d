//! A line: its row, and what is told of it beside.

use std::sync::Arc;

use chrono::TimeDelta;

use super::{CheckedOrder, ReturnAt, exchanges::ExchangeAt};
use crate::{
    domain::{
        Time,
        catalog::StockPolicy,
        order::{
            claim::GiftReason,
            event::{AddedLine, Discount, PlacedLine},
        },
        status::Status,
    },
    store::rows::{DscntRow, GdsRow, GftRow, WyblRow},
};

/// An order's line.
#[derive(Debug)]
pub struct FoldedLine {
    /// the status shown and the units under claim are reckoned when the event is through
    pub row: GdsRow,
    /// where its units are that no claim has
    pub own: Status,
    /// what entitled the order to it
    pub gift: Option<GftRow>,
    /// written once the money is in
    pub(super) discounts: Vec<DscntRow>,
    pub(super) waybills: Vec<WyblRow>,
    /// an exchange added it: it is paid by what its original was
    pub replaces: bool,
    /// a gift without which the order goes on
    pub dispensable: bool,
    /// units in returns that are under way
    pub returning: i64,
    /// units in exchanges that are under way, up to the end of what was added
    pub exchanging: i64,
    /// units that a claim has or had, and that never left
    home: i64,
}

/// What both kinds of lines are told: number, SKU and product, units, unit price, the row of their fee.
struct Base<'a> {
    no: i64,
    unt_id: Arc<str>,
    gds_id: Arc<str>,
    quantity: u32,
    unit_price: i64,
    fee_no: i64,
    ord_id: &'a Arc<str>,
}

impl FoldedLine {
    fn new(b: Base<'_>, own: Status) -> Self {
        let total = i64::from(b.quantity) * b.unit_price;
        let row = GdsRow {
            ord_id: Arc::clone(b.ord_id),
            ord_seq: b.no,
            unt_id: b.unt_id,
            gds_id: b.gds_id,
            ord_stat_cd: own.code().into(),
            dlv_sub_stat_cd: None,
            main_gds_yn: true,
            gft_incl_yn: false,
            gft_yn: false,
            main_ord_seq: None,
            gft_prm_id: None,
            gft_rsn_cd: None,
            org_ord_seq: None,
            ord_qty: i64::from(b.quantity),
            cncl_qty: 0,
            rtn_acpt_qty: 0,
            rtn_qty: 0,
            exch_acpt_qty: 0,
            exch_qty: 0,
            dlv_qty: 0,
            hold_qty: 0,
            dduct_qty: 0,
            cmpn_id: None,
            stck_plcy_cd: StockPolicy::HoldAtPlacement.code().into(),
            sl_upr: b.unit_price,
            sl_tot_amt: total,
            prm_id: None,
            prm_dscnt_amt: 0,
            cpn_id: None,
            cpn_dscnt_amt: 0,
            pay_amt: total,
            pnt_rate_bp: 0,
            pnt_amt: 0,
            dlv_fee_no: b.fee_no,
            pre_rfnd_yn: false,
            rfnd_tmng_cd: None,
            avg_lead_days: 0,
            ship_inst_dttm: None,
            dlv_expt_dttm: None,
            dlv_prep_dttm: None,
            dlv_strt_dttm: None,
            dlv_cmpl_dttm: None,
            carr_dlv_cmpl_dttm: None,
            rvn_dttm: None,
            indv_dlv_fee: None,
            bndl_yn: false,
            free_dlv_yn: false,
            ship_dttm: None,
            dlv_mthd_cd: None,
            stck_jdg_dttm: None,
            auto_cnfm_dttm: None,
        };
        Self {
            row,
            own,
            gift: None,
            discounts: Vec::new(),
            waybills: Vec::new(),
            replaces: false,
            dispensable: false,
            returning: 0,
            exchanging: 0,
            home: 0,
        }
    }

    /// A line of a placement. What was taken for it is on hold until it is paid.
    pub(super) fn placed(ord_id: &Arc<str>, no: i64, l: &PlacedLine, at: Time) -> Self {
        let base = Base {
            no,
            unt_id: l.sku_id.shared(),
            gds_id: l.product_id.shared(),
            quantity: l.quantity,
            unit_price: l.unit_price.get(),
            // the placement names it by its place
            fee_no: i64::from(l.fee) + 1,
            ord_id,
        };
        let mut line = Self::new(base, Status::PaymentPending);
        let r = &mut line.row;
        r.main_gds_yn = l.main;
        r.gft_incl_yn = l.gift_included;
        r.gft_yn = l.gift;
        r.main_ord_seq = l.main_line_no.map(i64::from);
        r.gft_prm_id = l.gift_promotion_id.as_ref().map(|id| id.shared());
        r.hold_qty = i64::from(l.taken);
        r.cmpn_id = l.campaign_id.as_ref().map(|id| id.shared());
        r.stck_plcy_cd = l.policy.code().into();
        r.pnt_rate_bp = i64::from(l.points_rate_bp);
        r.pre_rfnd_yn = l.pre_refund;
        r.avg_lead_days = i64::from(l.lead_time_days);
        if let Some(terms) = &l.shipping {
            r.indv_dlv_fee = Some(terms.fee.get());
            (r.bndl_yn, r.free_dlv_yn) = (terms.bundled, terms.free);
        }
        if let Some(d) = &l.promotion {
            (r.prm_id, r.prm_dscnt_amt) = (Some(d.id.shared()), d.amount.get());
            line.discounts.push(discount(r, (1, "PROMOTION"), d, at));
        }
        if let Some(d) = &l.coupon {
            (r.cpn_id, r.cpn_dscnt_amt) = (Some(d.id.shared()), d.amount.get());
            line.discounts.push(discount(r, (2, "COUPON"), d, at));
        }
        r.pay_amt -= r.prm_dscnt_amt + r.cpn_dscnt_amt;
        if let (Some(by), Some(main)) = (&l.entitled, r.main_ord_seq) {
            let sold_out = by.when_sold_out.code();
            line.gift = Some(GftRow {
                ord_id: Arc::clone(ord_id),
                ord_seq: no,
                main_ord_seq: main,
                gft_prm_id: r.gft_prm_id.clone(),
                gft_qty: i64::from(by.gifts),
                main_qty: i64::from(by.per),
                sld_out_cd: sold_out.into(),
            });
        }
        line.dispensable = l.gift && l.entitled.as_ref().is_some_and(|by| by.when_sold_out.code() == "GO_ON");
        line
    }

    /// A line that came to an order that stands. Its dates count from then.
    pub(super) fn added(ord_id: &Arc<str>, a: &AddedLine, at: Time) -> Self {
        let base = Base {
            no: i64::from(a.no),
            unt_id: a.sku_id.shared(),
            gds_id: a.product_id.shared(),
            quantity: a.quantity,
            unit_price: a.unit_price.get(),
            fee_no: i64::from(a.fee_no),
            ord_id,
        };
        let mut line = Self::new(base, if a.prepared { Status::Preparing } else { Status::Ordered });
        let r = &mut line.row;
        r.dduct_qty = i64::from(a.taken);
        r.pnt_rate_bp = i64::from(a.points_rate_bp);
        r.pre_rfnd_yn = a.pre_refund;
        r.avg_lead_days = i64::from(a.lead_time_days);
        r.dlv_prep_dttm = a.prepared.then_some(at);
        line.dated(at);
        line
    }

    /// A gift by hand, with what it is given to.
    pub(super) fn gift_by_hand(ord_id: &Arc<str>, a: &AddedLine, reason: GiftReason, at: Time) -> Self {
        let mut line = Self::added(ord_id, a, at);
        let r = &mut line.row;
        (r.main_gds_yn, r.gft_yn) = (false, true);
        r.gft_rsn_cd = Some(reason.code().into());
        r.main_ord_seq = a.main_line_no.map(i64::from);
        line
    }

    /// 출고지시 a day after, 배송예정 as many days as the goods take.
    pub(super) fn dated(&mut self, from: Time) {
        self.row.ship_inst_dttm = Some(from + TimeDelta::days(1));
        self.row.dlv_expt_dttm = Some(from + TimeDelta::days(self.row.avg_lead_days));
    }

    /// Units that are still wanted.
    pub fn active(&self) -> i64 {
        self.row.ord_qty - self.row.cncl_qty - self.row.rtn_qty - self.row.exch_qty
    }

    /// Units that no claim has.
    pub fn free(&self) -> i64 {
        self.row.ord_qty - self.row.cncl_qty - self.row.rtn_acpt_qty - self.row.exch_acpt_qty
    }

    /// Units that are to be at the buyer's in the end.
    pub(super) fn outstanding(&self) -> i64 {
        self.row.ord_qty - self.row.cncl_qty - self.home
    }

    /// The status that it shows: of what is free of it, else of its claims.
    pub fn shown(&self) -> Status {
        if self.free() > 0 || self.returning + self.exchanging == 0 {
            self.own
        } else if self.returning > 0 {
            Status::Returning
        } else {
            Status::Exchanging
        }
    }

    /// It has come to its end once nothing of it is left, and no claim has any.
    pub(super) fn end(&mut self, so: Status) {
        if self.free() == 0 && self.returning + self.exchanging == 0 {
            self.own = so;
        }
    }
}

fn discount(of: &GdsRow, (no, kind): (i64, &'static str), d: &Discount, at: Time) -> DscntRow {
    DscntRow {
        ord_id: Arc::clone(&of.ord_id),
        ord_seq: of.ord_seq,
        dscnt_no: no,
        dscnt_knd_cd: kind.into(),
        prm_id: d.id.shared(),
        dscnt_rate_bp: i64::from(d.rate_bp),
        dscnt_amt: d.amount.get(),
        dscnt_dttm: at,
    }
}

impl CheckedOrder {
    /// What cancellations, returns and exchanges make of the lines' units.
    pub(super) fn count(&mut self) {
        let CheckedOrder { lines, cancels, returns, exchanges, .. } = self;
        for l in lines {
            let no = l.row.ord_seq;
            let never_paid = matches!(l.own, Status::PaymentExpired | Status::PaymentCancelled);
            let cut: i64 = cancels.iter().filter(|c| c.ord_seq == no).map(|c| c.cncl_qty).sum();
            l.row.cncl_qty = if never_paid { l.row.ord_qty } else { cut };
            (l.returning, l.exchanging, l.home) = (0, 0, 0);
            let (mut accepted, mut returned, mut swapping, mut swapped) = (0, 0, 0, 0);
            for r in returns.iter().filter(|r| r.stands()) {
                for k in r.lines.iter().filter(|k| k.row.ord_seq == no) {
                    let units = k.row.rtn_qty;
                    accepted += units;
                    match (r.at, r.pickup_of == Some(no)) {
                        (ReturnAt::Completed, _) => returned += units,
                        (_, true) => l.exchanging += units,
                        (_, false) => l.returning += units,
                    }
                    if !k.row.ship_yn && !k.restocked {
                        l.home += units;
                    }
                }
            }
            for e in exchanges.iter().filter(|e| e.row.ord_seq == no) {
                let units = e.row.exch_qty;
                let under = match e.at {
                    ExchangeAt::Rejected | ExchangeAt::Withdrawn => 0,
                    ExchangeAt::Requested | ExchangeAt::Approved | ExchangeAt::Completed | ExchangeAt::Failed => {
                        units - e.handed
                    }
                };
                swapping += under;
                if e.at != ExchangeAt::Completed {
                    l.exchanging += under;
                }
                if e.swapped {
                    swapped += units;
                }
                if e.restocked || (e.at == ExchangeAt::Requested && !e.row.ship_yn) {
                    l.home += units;
                }
            }
            let r = &mut l.row;
            (r.rtn_acpt_qty, r.rtn_qty, r.exch_acpt_qty, r.exch_qty) = (accepted, returned, swapping, swapped);
        }
    }
}
