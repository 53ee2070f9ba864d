//! Rows of what comes after payment: procurement, linked orders, waybills, claims, reviews; and the audit.

use std::sync::Arc;

use crate::{
    domain::order::{
        claim::{CollectionState, Return, ReturnChange},
        delivery::DeliveredBy,
        event::{CutCause, Event},
        state::Order,
        supply::AskWhat,
    },
    store::{
        Batch, OrderRows,
        rows::{Code, ExchRow, FeeRow, LnkRow, PrcrRow, RtnRow, RvwRow, WyblRow},
    },
};

/// Adds the rows of an order that stands.
pub(super) fn write(order: &Order, partition: u32, rows: &mut OrderRows, into: &mut Batch) {
    for line in &order.lines {
        for w in &line.delivery.waybills {
            into.wybl.push(WyblRow {
                ord_id: order.id.shared(),
                ord_seq: i64::from(line.no),
                carr_cd: w.carrier.as_str().into(),
                carr_nm: w.carrier_name.as_deref().map(Arc::from),
                wybl_no: w.no.as_str().into(),
                wybl_qty: i64::from(w.quantity),
                reg_dttm: w.registered_at,
                chg_dttm: w.changed_at,
                dlv_cmpl_dttm: w.delivered_at,
            });
        }
    }
    let after = &order.fulfilment;
    for p in &after.procurements {
        into.prcr.extend(p.lines.iter().map(|l| PrcrRow {
            ord_id: order.id.shared(),
            prcr_no: i64::from(p.no),
            ord_seq: i64::from(l.line_no),
            prcr_knd_cd: p.kind.code().into(),
            prcr_stat_cd: p.state.code().into(),
            unt_id: l.sku_id.shared(),
            prcr_qty: i64::from(l.quantity),
            ptnr_id: p.partner_id.as_ref().map(|id| id.shared()),
            selr_nm: p.seller.as_deref().map(Arc::from),
            prch_amt: p.amount.map(|w| w.get()),
            prcr_dttm: p.at,
            cmpl_dttm: p.done_at,
        }));
    }
    into.lnk.extend(after.links.iter().map(|l| LnkRow {
        prnt_ord_id: order.id.shared(),
        chld_ord_id: l.order_id.shared(),
        lnk_knd_cd: l.kind.code().into(),
        lnk_stat_cd: l.state.code().into(),
        prnt_prtn_no: i64::from(partition),
        chld_prtn_no: i64::from(l.lane),
        ptnr_id: l.partner_id.shared(),
        lnk_seqs: l.lines.iter().map(ToString::to_string).collect::<Vec<_>>().join(",").into(),
        lnk_dttm: l.at,
        end_dttm: l.ended_at,
    }));
    for r in &after.returns {
        returned(order, r, rows, into);
    }
    into.exch.extend(after.exchanges.iter().map(|e| ExchRow {
        ord_id: order.id.shared(),
        exch_grp_no: i64::from(e.group),
        ord_seq: i64::from(e.line_no),
        exch_qty: i64::from(e.quantity),
        ship_yn: e.shipped,
        exch_stat_cd: e.state.code().into(),
        exch_brch_cd: e.resolution.map(|b| b.code().into()),
        exch_rsn_cd: e.reason.code().into(),
        falt_cd: e.fault.code().into(),
        want_unt_id: e.wanted.as_ref().map(|s| s.shared()),
        new_ord_seq: e.new_line_no.map(i64::from),
        move_amt: e.moved.get(),
        acpt_dttm: e.requested_at,
        aprv_rslt_dttm: e.decided_at,
        cmpl_dttm: e.completed_at,
        clct_stat_cd: e.collection.as_ref().map(|c| c.state.code().into()),
        clct_qty: e.collection.as_ref().map_or(0, |c| i64::from(c.collected)),
        gvup_qty: e.collection.as_ref().map_or(0, |c| i64::from(c.given_up)),
        sell_qty: e.collection.as_ref().and_then(|c| c.sellable).map(i64::from),
        dlv_fee_no: e.fee_no.map(i64::from),
        rjct_qty: e.collection.as_ref().map_or(0, |c| i64::from(c.rejected)),
        keep_amt: e.collection.as_ref().map_or(0, |c| c.withheld_amount.get()),
    }));
    into.rvw.extend(after.reviews.iter().map(|r| RvwRow {
        ord_id: order.id.shared(),
        ord_seq: i64::from(r.line_no),
        rvw_scor: i64::from(r.rating),
        rvw_dttm: r.at,
    }));
}

fn returned(order: &Order, r: &Return, rows: &mut OrderRows, into: &mut Batch) {
    for (l, i) in r.lines.iter().zip(0..) {
        into.rtn.push(RtnRow {
            ord_id: order.id.shared(),
            rtn_grp_no: i64::from(r.group),
            ord_seq: i64::from(l.line_no),
            rtn_qty: i64::from(l.quantity),
            clct_qty: i64::from(l.collected),
            sell_qty: l.sellable.map(i64::from),
            rtn_amt: l.amount.get(),
            excl_amt: if i == 0 { r.fee().get() } else { 0 },
            rtn_stat_cd: r.state.code().into(),
            rtn_rsn_cd: r.reason.code().into(),
            falt_cd: r.fault.code().into(),
            rfnd_tmng_cd: r.timing.code().into(),
            ship_yn: l.shipped,
            clct_need_yn: l.collect,
            exch_grp_no: r.exchange.map(i64::from),
            acpt_dttm: r.requested_at,
            aprv_rslt_dttm: r.decided_at,
            clct_dttm: r.collected_at,
            cmpl_dttm: r.completed_at,
            rjct_qty: i64::from(l.rejected),
            wdrw_qty: i64::from(l.withdrawn),
            wrof_qty: i64::from(l.written_off),
            keep_amt: l.withheld_amount.get(),
        });
    }
    rows.fee.extend(r.fees.iter().map(|f| FeeRow {
        ord_id: order.id.shared(),
        dlv_fee_no: i64::from(f.no),
        pay_grp_no: 1,
        ptnr_id: f.partner_id.shared(),
        dlv_tmpl_id: f.template_id.shared(),
        fee_knd_cd: "RETURN".into(),
        rtn_grp_no: Some(i64::from(r.group)),
        falt_cd: Some(r.fault.code().into()),
        bndl_fee_amt: f.bundled.get(),
        thrs_amt: f.threshold.map(|w| w.get()),
        bas_fee_amt: f.base.get(),
        fee_amt: f.amount.get(),
        rfnd_fee_amt: 0,
        fee_rsn_cd: f.reason.code().into(),
        unpd_yn: false,
    }));
}

/// What of an event goes into the audit (domain §3.6; R13): its code, and why it was done.
pub fn audited(event: &Event) -> Option<(Code, Option<String>)> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are the workflow's own")]
    match event {
        Event::Delivered(d) if d.by == DeliveredBy::Forced => Some(("FORCED_DELIVERY".into(), d.reason.clone())),
        Event::GiftAdded { reason, .. } => Some(("GIFT_ADDED".into(), Some(reason.code().to_owned()))),
        Event::RefundTransferred { key } => Some(("REFUND_TRANSFERRED".into(), Some(key.clone()))),
        Event::Cut { cause: CutCause::StockLost, .. } | Event::ExchangeFailed { lost: 1.., .. } => {
            Some(("STOCK_LOSS".into(), None))
        }
        Event::ReturnRequested(r) if r.early => {
            Some(("EARLY_REFUND".into(), r.gifts_waived.then(|| "gifts waived, too".to_owned())))
        }
        Event::ReturnRequested(r) if r.gifts_waived => Some(("GIFTS_WAIVED".into(), None)),
        Event::ReturnApproved { early: true, .. } => Some(("EARLY_REFUND".into(), None)),
        Event::FaultCorrected { fault, .. } => Some(("FAULT_CORRECTED".into(), Some(fault.code().to_owned()))),
        Event::ReturnChanged(c) => match c.cause {
            ReturnChange::Fault => Some(("FAULT_CORRECTED".into(), Some(c.fault.code().to_owned()))),
            ReturnChange::Inspection => {
                let reason = c.lines.iter().find_map(|l| l.reason.clone());
                Some(("INSPECTION".into(), reason))
            }
            ReturnChange::Short | ReturnChange::SetOff => None,
        },
        Event::ExchangeInspected { findings: Some(judged), .. } => {
            Some(("INSPECTION".into(), Some(judged.reason.clone())))
        }
        Event::ExchangeApproved(e) if e.waived.is_some() => Some(("COLLECTION_WAIVED".into(), e.waived.clone())),
        Event::CollectionGivenUp { how: CollectionState::Waived, reason, .. } => {
            Some(("COLLECTION_WAIVED".into(), Some(reason.clone())))
        }
        Event::CollectionGivenUp { reason, .. } | Event::ReturnWrittenOff { reason, .. } => {
            Some(("WRITTEN_OFF".into(), Some(reason.clone())))
        }
        Event::DebtWaived(e) => Some(("DEBT_WAIVED".into(), Some(e.reason.clone()))),
        Event::Asked { what, .. } => match &**what {
            AskWhat::Linked { linked, .. } if linked.without_consent => Some(("PURCHASE_UNASKED".into(), None)),
            AskWhat::Linked { .. } | AskWhat::Exchange { .. } | AskWhat::Gift { .. } | AskWhat::Work { .. } => None,
        },
        Event::ProcurementCancelled { reason, .. } => Some(("PROCUREMENT_CANCELLED".into(), reason.clone())),
        _ => None,
    }
}
