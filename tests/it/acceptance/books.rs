//! What is written down: the tables that a check reads, with headings and cells as a scenario has them; and what must hold
//! of them after every step.

use jumun::store::{
    UntRow,
    rows::{
        AditRow, CnclRow, DscntRow, ExchRow, FeeRow, GdsRow, LdgrRow, LnkRow, OrdRow, PntRow, PrcrRow, RfndRow, RtnRow,
        RvwRow, StlmRow, WyblRow,
    },
};

use super::{pattern::METHODS, scene::Scene};

pub struct Books {
    pub orders: Vec<OrdRow>,
    pub lines: Vec<GdsRow>,
    pub money: Vec<StlmRow>,
    pub units: Vec<UntRow>,
    pub ledger: Vec<LdgrRow>,
    refunds: Vec<RfndRow>,
    cancellations: Vec<CnclRow>,
    fees: Vec<FeeRow>,
    discounts: Vec<DscntRow>,
    points: Vec<PntRow>,
    procurements: Vec<PrcrRow>,
    links: Vec<LnkRow>,
    waybills: Vec<WyblRow>,
    returns: Vec<RtnRow>,
    exchanges: Vec<ExchRow>,
    reviews: Vec<RvwRow>,
    audit: Vec<AditRow>,
}

/// A row as a scenario has it: heading and cell.
pub type Cells = Vec<(&'static str, String)>;

fn may<T: ToString>(cell: Option<T>) -> String {
    cell.map(|c| c.to_string()).unwrap_or_default()
}

fn yes(flag: bool) -> String {
    if flag { "yes" } else { "no" }.to_owned()
}

macro_rules! cells {
    ($($head:literal: $cell:expr),+ $(,)?) => { vec![$(($head, $cell.to_string())),+] };
}

impl Books {
    /// Everything, as it is stored now.
    pub async fn read(scene: &mut Scene) -> Self {
        let w = scene.world().await;
        Self {
            orders: w.rows().await,
            lines: w.rows().await,
            money: w.rows().await,
            units: w.rows().await,
            ledger: w.rows().await,
            refunds: w.rows().await,
            cancellations: w.rows().await,
            fees: w.rows().await,
            discounts: w.rows().await,
            points: w.rows().await,
            procurements: w.rows().await,
            links: w.rows().await,
            waybills: w.rows().await,
            returns: w.rows().await,
            exchanges: w.rows().await,
            reviews: w.rows().await,
            audit: w.rows().await,
        }
    }

    pub fn line(&self, order: &str, no: u16) -> Result<&GdsRow, String> {
        let found = self.lines.iter().find(|l| &*l.ord_id == order && l.ord_seq == i64::from(no));
        found.ok_or_else(|| format!("{order} has no line {no}"))
    }

    /// What must hold of every order and every SKU, always: the equation of money, quantities, the truth of stock.
    pub fn check(&self, unnoticed: bool) -> Result<(), String> {
        for s in &self.money {
            let terms = [s.rfnd_psbl_amt, s.rfnd_plan_amt, s.rfnd_excl_amt, s.rfnd_amt];
            if s.pay_amt != terms.iter().sum::<i64>() || terms.iter().chain([&s.pay_amt, &s.expt_amt]).any(|t| *t < 0) {
                let of = (&s.ord_id, s.stlm_no);
                return Err(format!(
                    "settlement {of:?}: {} paid, {terms:?} refundable, planned, excluded, refunded",
                    s.pay_amt
                ));
            }
        }
        for l in &self.lines {
            let active = l.ord_qty - l.cncl_qty - l.rtn_qty - l.exch_qty;
            let free = l.ord_qty - l.cncl_qty - l.rtn_acpt_qty - l.exch_acpt_qty;
            let parts = [l.cncl_qty, l.rtn_acpt_qty, l.rtn_qty, l.exch_acpt_qty, l.exch_qty, active, free];
            if parts.iter().any(|n| *n < 0) || l.rtn_qty > l.rtn_acpt_qty {
                return Err(format!("{} line {}: quantities do not add up: {l:?}", l.ord_id, l.ord_seq));
            }
        }
        for u in self.units.iter().filter(|_| !unnoticed) {
            let came: i64 = self
                .ledger
                .iter()
                .filter(|m| {
                    m.unt_id == u.unt_id
                        && ["RECEIVE", "RESTOCK", "ADJUST", "SHRINK", "EXTERNAL"].contains(&&*m.mvmt_cd)
                })
                .map(|m| m.stck_dlt)
                .sum();
            let (here, held, sold) = (u.stck_qty, u.hold_qty, u.sold_qty);
            if came != here + held + sold || here < 0 || held < 0 || sold < 0 {
                return Err(format!("{}: {came} came, {here} on hand, {held} held, {sold} sold", u.unt_id));
            }
        }
        Ok(())
    }

    /// The rows of a table, of an order where it has one.
    pub fn table(&self, scene: &Scene, name: &str, order: &str) -> Vec<Cells> {
        match name {
            "lines" => of(&self.lines, |l| &l.ord_id, order, |l| line(scene, l)),
            "settlements" => of(&self.money, |s| &s.ord_id, order, settlement),
            "refunds" => {
                let mut rows: Vec<&RfndRow> = self.refunds.iter().filter(|r| &*r.ord_id == order).collect();
                rows.sort_by_key(|r| (number_of(&r.rfnd_key), r.rfnd_seq));
                rows.into_iter().map(refund).collect()
            }
            "cancellations" => of(
                &self.cancellations,
                |c| &c.ord_id,
                order,
                |c| {
                    cells!("group": c.cncl_grp_no, "line": c.ord_seq, "quantity": c.cncl_qty, "amount": c.cncl_amt,
                    "reason": c.cncl_rsn_cd)
                },
            ),
            "fees" => of(&self.fees, |f| &f.ord_id, order, fee),
            "discounts" => of(
                &self.discounts,
                |d| &d.ord_id,
                order,
                |d| cells!("line": d.ord_seq, "kind": d.dscnt_knd_cd, "name": d.prm_id, "amount": d.dscnt_amt),
            ),
            "points" => of(
                &self.points,
                |p| &p.ord_id,
                order,
                |p| cells!("kind": p.pnt_knd_cd, "amount": p.pnt_amt, "customer": p.cust_id, "of": may(p.pnt_rel_id.clone())),
            ),
            "procurements" => of(
                &self.procurements,
                |p| &p.ord_id,
                order,
                |p| {
                    cells!("no": p.prcr_no, "line": p.ord_seq, "kind": p.prcr_knd_cd, "state": p.prcr_stat_cd,
                    "goods": scene.said(&p.unt_id), "quantity": p.prcr_qty, "partner": may(p.ptnr_id.clone()),
                    "seller": may(p.selr_nm.clone()), "amount": may(p.prch_amt))
                },
            ),
            "linked orders" => of(
                &self.links,
                |l| &l.prnt_ord_id,
                order,
                |l| {
                    cells!("order": l.chld_ord_id, "kind": l.lnk_knd_cd, "state": l.lnk_stat_cd, "partner": l.ptnr_id,
                    "lines": l.lnk_seqs)
                },
            ),
            "waybills" => of(
                &self.waybills,
                |w| &w.ord_id,
                order,
                |w| {
                    cells!("line": w.ord_seq, "waybill": w.wybl_no, "quantity": w.wybl_qty,
                    "changed": yes(w.chg_dttm.is_some()), "delivered": yes(w.dlv_cmpl_dttm.is_some()))
                },
            ),
            "returns" => of(&self.returns, |r| &r.ord_id, order, returned),
            "exchanges" => of(
                &self.exchanges,
                |e| &e.ord_id,
                order,
                |e| {
                    cells!("group": e.exch_grp_no, "line": e.ord_seq, "quantity": e.exch_qty, "state": e.exch_stat_cd,
                    "resolution": may(e.exch_brch_cd.clone()), "new line": may(e.new_ord_seq), "moved": e.move_amt,
                    "reason": e.exch_rsn_cd, "fault": e.falt_cd, "way back": may(e.clct_stat_cd.clone()),
                    "collected": e.clct_qty, "sent back": e.rjct_qty, "kept back": e.keep_amt)
                },
            ),
            "reviews" => of(&self.reviews, |r| &r.ord_id, order, |r| cells!("line": r.ord_seq, "stars": r.rvw_scor)),
            "audit entries" => of(
                &self.audit,
                |a| &a.ord_id,
                order,
                |a| cells!("kind": a.adit_knd_cd, "actor": a.actr, "reason": may(a.adit_rsn.clone())),
            ),
            "orders" => self.orders.iter().map(order_cells).collect(),
            other => panic!("there is no table of {other}"),
        }
    }

    /// A SKU's movements.
    pub fn movements(&self, scene: &Scene, name: &str) -> Vec<Cells> {
        let sku = scene.sku(name);
        of(
            &self.ledger,
            |m| &m.unt_id,
            &sku,
            |m| {
                cells!("movement": m.mvmt_cd, "quantity": m.mvmt_qty, "order": may(m.ord_id.clone()), "line": may(m.ord_seq),
                "reason": may(m.mvmt_rsn.clone()))
            },
        )
    }
}

fn of<T>(rows: &[T], id: impl Fn(&T) -> &str, order: &str, cells: impl Fn(&T) -> Cells) -> Vec<Cells> {
    rows.iter().filter(|r| id(r) == order).map(cells).collect()
}

/// The number that a refund's key ends with.
fn number_of(key: &str) -> u32 {
    key.rsplit(':').next().and_then(|n| n.parse().ok()).unwrap_or(0)
}

fn line(scene: &Scene, l: &GdsRow) -> Cells {
    cells!("line": l.ord_seq, "goods": scene.said(&l.unt_id), "status": l.ord_stat_cd,
        "delivery": may(l.dlv_sub_stat_cd.clone()), "ordered": l.ord_qty, "cancelled": l.cncl_qty,
        "return accepted": l.rtn_acpt_qty, "returned": l.rtn_qty, "exchange accepted": l.exch_acpt_qty,
        "exchanged": l.exch_qty, "delivered": l.dlv_qty, "held": l.hold_qty, "taken": l.dduct_qty,
        "price": l.sl_upr, "total": l.sl_tot_amt, "paid": l.pay_amt, "promotion": l.prm_dscnt_amt,
        "coupon": l.cpn_dscnt_amt, "points": l.pnt_amt, "main": yes(l.main_gds_yn),
        "gift included": yes(l.gft_incl_yn), "gift": yes(l.gft_yn), "main line": may(l.main_ord_seq),
        "gift promotion": may(l.gft_prm_id.clone()), "gift reason": may(l.gft_rsn_cd.clone()),
        "original line": may(l.org_ord_seq), "pre-refund": yes(l.pre_rfnd_yn), "timing": may(l.rfnd_tmng_cd.clone()),
        "lead days": l.avg_lead_days)
}

fn settlement(s: &StlmRow) -> Cells {
    let method = METHODS.iter().find(|(_, code)| code.to_uppercase() == s.pay_mns_cd).map_or("", |(said, _)| said);
    cells!("no": s.stlm_no, "group": s.pay_grp_no, "method": method, "id": may(s.pay_mns_rel_id.clone()),
        "expected": s.expt_amt, "paid": s.pay_amt, "refundable": s.rfnd_psbl_amt, "planned": s.rfnd_plan_amt,
        "excluded": s.rfnd_excl_amt, "refunded": s.rfnd_amt)
}

fn refund(r: &RfndRow) -> Cells {
    cells!("refund": number_of(&r.rfnd_key), "state": r.rfnd_stat_cd, "method": r.rfnd_mns_cd, "planned": r.rfnd_plan_amt,
        "refunded": r.rfnd_amt, "cancel group": may(r.cncl_grp_no), "return": may(r.rtn_grp_no))
}

fn fee(f: &FeeRow) -> Cells {
    cells!("row": f.dlv_fee_no, "group": f.pay_grp_no, "partner": f.ptnr_id, "template": f.dlv_tmpl_id,
        "kind": f.fee_knd_cd, "return": may(f.rtn_grp_no), "fault": may(f.falt_cd.clone()), "base": f.bas_fee_amt,
        "amount": f.fee_amt, "given back": f.rfnd_fee_amt, "reason": f.fee_rsn_cd, "unpaid": yes(f.unpd_yn))
}

fn returned(r: &RtnRow) -> Cells {
    cells!("group": r.rtn_grp_no, "line": r.ord_seq, "quantity": r.rtn_qty, "collected": r.clct_qty,
        "sellable": may(r.sell_qty), "amount": r.rtn_amt, "withheld": r.excl_amt, "state": r.rtn_stat_cd, "sent back": r.rjct_qty,
        "withdrawn": r.wdrw_qty, "written off": r.wrof_qty, "kept back": r.keep_amt,
        "reason": r.rtn_rsn_cd, "fault": r.falt_cd, "timing": r.rfnd_tmng_cd, "had left": yes(r.ship_yn),
        "to collect": yes(r.clct_need_yn), "exchange": may(r.exch_grp_no))
}

fn order_cells(o: &OrdRow) -> Cells {
    cells!("order": o.ord_id, "status": o.ord_stat_cd, "buyer": o.cust_id, "parent": may(o.prnt_ord_id.clone()),
        "goods": o.gds_amt, "discount": o.dscnt_amt, "shipping": o.dlv_fee_amt, "total": o.ord_amt, "due": o.due_amt,
        "destination": may(o.dstn_knd_cd.clone()), "zone": may(o.dstn_zone_cd.clone()))
}
