//! An order's rows: the projection of its state into the sources' tables. The history is the truth; these follow it.

mod after;

pub use self::after::audited;

use std::sync::Arc;

use crate::{
    domain::{
        catalog::PromotionKind,
        fee::FeeReason,
        order::state::{Line, Order, Placement, Settlement, Stage},
        status::Status,
    },
    store::{
        Batch, OrderRows,
        rows::{AprvRow, CnclRow, DscntRow, FeeRow, GdsRow, GftRow, OrdRow, PntRow, RfndRow, RgstRow, StlmRow},
    },
};

/// Adds all rows of the order in its present state; `placed`: this batch places it, so they must be new. While a placement is
/// reserving or has failed, only the order's own row is there: nothing of it has come true.
pub fn project(order: &Order, partition: u32, asks_refunds: bool, placed: bool, into: &mut Batch) {
    let mut rows = std::mem::take(if placed { &mut into.placed } else { &mut into.changed });
    write(order, partition, asks_refunds, &mut rows, into);
    *(if placed { &mut into.placed } else { &mut into.changed }) = rows;
}

fn write(order: &Order, partition: u32, asks_refunds: bool, rows: &mut OrderRows, into: &mut Batch) {
    let ord_id = order.id.shared();
    rows.ord.push(ord_row(order, partition, asks_refunds));
    if order.placement != Placement::Done {
        return;
    }
    for line in &order.lines {
        rows.gds.push(gds_row(&ord_id, line));
        into.gft.extend(gft_row(&ord_id, line));
        if order.paid_at.is_some() {
            discounts(order, line, into);
        }
    }
    for s in &order.settlements {
        rows.stlm.push(stlm_row(&ord_id, s));
    }
    rows.aprv.extend(approvals(order));
    for fee in &order.fees {
        rows.fee.push(FeeRow {
            ord_id: Arc::clone(&ord_id),
            dlv_fee_no: i64::from(fee.no),
            pay_grp_no: i64::from(fee.group),
            ptnr_id: fee.partner_id.shared(),
            dlv_tmpl_id: fee.template_id.shared(),
            fee_knd_cd: kind(fee.reason).into(),
            rtn_grp_no: None,
            falt_cd: None,
            bndl_fee_amt: fee.bundled.get(),
            thrs_amt: fee.threshold.map(|w| w.get()),
            bas_fee_amt: fee.base.get(),
            fee_amt: fee.amount.get(),
            rfnd_fee_amt: fee.returned.get(),
            fee_rsn_cd: fee.reason.code().into(),
            unpd_yn: fee.unpaid,
        });
    }
    after::write(order, partition, rows, into);
    for c in &order.cancels {
        into.cncl.push(CnclRow {
            ord_id: Arc::clone(&ord_id),
            cncl_grp_no: i64::from(c.group),
            ord_seq: i64::from(c.line_no),
            cncl_qty: i64::from(c.quantity),
            cncl_amt: c.amount.get(),
            cncl_rsn_cd: c.cause.code().into(),
            cncl_rsn: c.reason.as_deref().map(Arc::from),
            cncl_dttm: c.at,
        });
    }
    refunds(order, into);
    for (p, no) in order.points.iter().zip(1i64..) {
        into.pnt.push(PntRow {
            ord_id: Arc::clone(&ord_id),
            pnt_no: no,
            cust_id: order.customer_id.shared(),
            pnt_knd_cd: p.kind.code().into(),
            pnt_amt: p.amount.get(),
            pnt_rel_id: p.relation.as_deref().map(Arc::from),
            pnt_dttm: p.at,
        });
    }
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

fn ord_row(order: &Order, partition: u32, asks_refunds: bool) -> OrdRow {
    let amounts = order.amounts();
    let status = order.status();
    let unpaid = matches!(status, Status::PaymentPending | Status::PaymentExpired | Status::PaymentCancelled);
    OrdRow {
        ord_id: order.id.shared(),
        prtn_no: i64::from(partition),
        cust_id: order.customer_id.shared(),
        ord_stat_cd: status.code().into(),
        ord_ver: i64::from(order.version),
        rcpt_dttm: order.received,
        pay_ddln_dttm: order.deadline.filter(|_| unpaid),
        due_dttm: order.due(asks_refunds),
        part_alw_yn: order.allow_partial,
        gds_amt: amounts.goods.get(),
        dscnt_amt: amounts.discount.get(),
        dlv_fee_amt: amounts.fees.get(),
        ord_amt: amounts.total.get(),
        prnt_ord_id: order.fulfilment.parent.as_ref().map(|p| p.order_id.shared()),
        dstn_knd_cd: order.fulfilment.destination.map(|d| d.kind.code().into()),
        dstn_zone_cd: order.fulfilment.destination.map(|d| d.zone.code().into()),
        due_amt: amounts.due.get(),
    }
}

fn gds_row(ord_id: &Arc<str>, l: &Line) -> GdsRow {
    let total = l.total();
    GdsRow {
        ord_id: Arc::clone(ord_id),
        ord_seq: i64::from(l.no),
        unt_id: l.sku_id.shared(),
        gds_id: l.product_id.shared(),
        ord_stat_cd: l.shown().code().into(),
        dlv_sub_stat_cd: l.delivery.status.map(|s| s.code().into()),
        main_gds_yn: l.main,
        gft_incl_yn: l.gift_included,
        gft_yn: l.gift,
        main_ord_seq: l.main_line_no.map(i64::from),
        gft_prm_id: l.gift_promotion_id.as_ref().map(|p| p.shared()),
        gft_rsn_cd: l.gift_reason.map(|r| r.code().into()),
        org_ord_seq: l.original_line_no.map(i64::from),
        ord_qty: i64::from(l.ordered),
        cncl_qty: i64::from(l.cancelled),
        rtn_acpt_qty: i64::from(l.return_accepted),
        rtn_qty: i64::from(l.returned),
        exch_acpt_qty: i64::from(l.exchange_accepted),
        exch_qty: i64::from(l.exchanged),
        dlv_qty: i64::from(l.delivery.delivered),
        hold_qty: i64::from(l.held),
        dduct_qty: i64::from(l.deducted),
        cmpn_id: l.campaign_id.as_ref().map(|c| c.shared()),
        stck_plcy_cd: l.policy.code().into(),
        sl_upr: l.unit_price.get(),
        sl_tot_amt: total.get(),
        prm_id: l.promotion.as_ref().map(|d| d.id.shared()),
        prm_dscnt_amt: l.promotion.as_ref().map_or(0, |d| d.amount.get()),
        cpn_id: l.coupon.as_ref().map(|d| d.id.shared()),
        cpn_dscnt_amt: l.coupon.as_ref().map_or(0, |d| d.amount.get()),
        pay_amt: l.pay().get(),
        pnt_rate_bp: i64::from(l.points_rate_bp),
        pnt_amt: l.points_earned.get(),
        dlv_fee_no: i64::from(l.fee_no),
        pre_rfnd_yn: l.pre_refund,
        rfnd_tmng_cd: l.timing.map(|t| t.code().into()),
        avg_lead_days: i64::from(l.lead_time_days),
        ship_inst_dttm: l.ship_instructed_at,
        ship_dttm: l.delivery.shipped_at,
        dlv_mthd_cd: l.delivery.shipped_at.map(|_| l.delivery.method.code().into()),
        stck_jdg_dttm: l.stock_confirmed_at,
        auto_cnfm_dttm: l.delivery.auto_confirm_at,
        dlv_expt_dttm: l.expected_delivery_at,
        dlv_prep_dttm: l.prepared_at,
        dlv_strt_dttm: l.delivery.started_at,
        dlv_cmpl_dttm: l.delivery.delivered_at,
        carr_dlv_cmpl_dttm: l.delivery.carrier_at,
        rvn_dttm: l.delivery.revenue_recognized_at,
        indv_dlv_fee: l.shipping.map(|s| s.fee.get()),
        bndl_yn: l.shipping.is_some_and(|s| s.bundled),
        free_dlv_yn: l.shipping.is_some_and(|s| s.free),
    }
}

fn gft_row(ord_id: &Arc<str>, l: &Line) -> Option<GftRow> {
    let (entitled, main) = l.entitled.zip(l.main_line_no)?;
    Some(GftRow {
        ord_id: Arc::clone(ord_id),
        ord_seq: i64::from(l.no),
        main_ord_seq: i64::from(main),
        gft_prm_id: l.gift_promotion_id.as_ref().map(|p| p.shared()),
        gft_qty: i64::from(entitled.gifts),
        main_qty: i64::from(entitled.per),
        sld_out_cd: entitled.when_sold_out.code().into(),
    })
}

fn stlm_row(ord_id: &Arc<str>, s: &Settlement) -> StlmRow {
    StlmRow {
        ord_id: Arc::clone(ord_id),
        stlm_no: i64::from(s.no),
        pay_grp_no: i64::from(s.group),
        pay_mns_cd: s.method.code().into(),
        pay_mns_rel_id: s.approval_id.as_deref().map(Arc::from),
        expt_amt: s.expected.get(),
        pay_amt: s.paid.get(),
        rfnd_psbl_amt: s.refundable.get(),
        rfnd_plan_amt: s.planned.get(),
        rfnd_excl_amt: s.excluded.get(),
        rfnd_amt: s.refunded.get(),
        pay_dttm: s.paid_at,
    }
}

/// The register's rows of an order, of all settlements but those that `had` their money before.
pub fn registered(had: &[u16], after: &Order, into: &mut Batch) {
    for s in after.settlements.iter().filter(|s| !had.contains(&s.no)) {
        let Some(key) = after.key_of(s) else { continue };
        into.rgst.push(RgstRow {
            pay_id: key.id,
            pay_mns_cd: key.method.code().into(),
            ord_id: after.id.shared(),
            stlm_no: i64::from(s.no),
            pay_amt: s.paid.get(),
            pay_dttm: s.paid_at.unwrap_or(after.received),
        });
    }
}

/// The approvals of an order that stands.
pub(super) fn approvals(order: &Order) -> impl Iterator<Item = AprvRow> {
    let stands = order.placement == Placement::Done;
    order.settlements.iter().filter(move |_| stands).filter_map(|s| aprv_row(order, s))
}

/// Cards and deposits have an approval; points are another service's, known by their id on the settlement.
fn aprv_row(order: &Order, s: &Settlement) -> Option<AprvRow> {
    use crate::domain::order::command::PaymentMethod;
    if s.method == PaymentMethod::Points {
        return None;
    }
    let deposit = order.deposit.as_ref().filter(|d| d.method == s.method);
    Some(AprvRow {
        aprv_id: s.approval_id.as_deref().unwrap_or("deposit").into(),
        ord_id: order.id.shared(),
        stlm_no: i64::from(s.no),
        aprv_tkn: None,
        aprv_amt: s.paid.get(),
        vrtl_acct_no: deposit.and_then(|d| d.account_no.as_deref()).map(Arc::from),
        bank_cd: deposit.and_then(|d| d.bank_code.as_deref()).map(Arc::from),
        aprv_dttm: s.paid_at,
    })
}

fn discounts(order: &Order, line: &Line, into: &mut Batch) {
    let both = [(&line.promotion, PromotionKind::Promotion), (&line.coupon, PromotionKind::Coupon)];
    for ((discount, kind), no) in both.into_iter().zip(1i64..) {
        let Some(d) = discount else { continue };
        into.dscnt.push(DscntRow {
            ord_id: order.id.shared(),
            ord_seq: i64::from(line.no),
            dscnt_no: no,
            dscnt_knd_cd: kind.code().into(),
            prm_id: d.id.shared(),
            dscnt_rate_bp: i64::from(d.rate_bp),
            dscnt_amt: d.amount.get(),
            dscnt_dttm: order.paid_at.unwrap_or(order.received),
        });
    }
}

/// Insert-only: the request is row 0, each answer of the payment side one more.
fn refunds(order: &Order, into: &mut Batch) {
    for r in &order.refunds {
        let method = order.settlements.iter().find(|s| s.no == r.settlement_no).map_or("CARD", |s| s.method.code());
        let row = |seq: i64, state: &'static str, planned: i64, refunded: i64, why: Option<&str>, at| RfndRow {
            rfnd_key: r.key.as_str().into(),
            rfnd_seq: seq,
            ord_id: order.id.shared(),
            stlm_no: i64::from(r.settlement_no),
            cncl_grp_no: r.cancel_group.map(i64::from),
            rtn_grp_no: r.return_group.map(i64::from),
            rfnd_stat_cd: state.into(),
            rfnd_mns_cd: method.into(),
            rfnd_plan_amt: planned,
            rfnd_amt: refunded,
            rfnd_rsn: why.map(Arc::from),
            rfnd_dttm: at,
        };
        into.rfnd.push(row(0, "PLANNED", r.amount.get(), 0, None, r.planned_at));
        for (t, seq) in r.tries.iter().zip(1i64..) {
            into.rfnd.push(match &t.failed {
                None => {
                    let transferred = r.stage == Stage::Refunded { transferred: true };
                    let method = if transferred { "BANK_TRANSFER" } else { method };
                    RfndRow { rfnd_mns_cd: method.into(), ..row(seq, "REFUNDED", 0, r.amount.get(), None, t.at) }
                }
                Some(why) => row(seq, "FAILED", 0, 0, Some(why), t.at),
            });
        }
        if let Stage::Withdrawn(at) = r.stage {
            let seq = i64::try_from(r.tries.len()).unwrap_or(i64::MAX - 1) + 1;
            into.rfnd.push(row(seq, "WITHDRAWN", -r.amount.get(), 0, None, at));
        }
    }
}
