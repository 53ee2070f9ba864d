//! The tables' rows. Names are the sources' (`TB_OD_…`); the migrations hold the same columns with comments in Korean
//! and English, and a test compares the two.

mod after;
mod gifts;

pub use self::{after::*, gifts::*};

use std::{borrow::Cow, sync::Arc};

use super::row::row;
use crate::domain::Time;

type Text = Arc<str>;
/// A code of ours: known beforehand when it is written, so that no row has a copy of its own.
pub type Code = Cow<'static, str>;

row! {
    /// 주문: the order, one row.
    OrdRow => "tb_od_ord", Upsert, key("ord_id") {
        ord_id: Text,
        /// partition that owns the order
        prtn_no: i64,
        cust_id: Text,
        ord_stat_cd: Code,
        /// number of its last event
        ord_ver: i64,
        rcpt_dttm: Time,
        pay_ddln_dttm: Option<Time>,
        /// when the order next wants attention: payment deadline, delayed preparation, refund retry
        due_dttm: Option<Time>,
        part_alw_yn: bool,
        gds_amt: i64,
        dscnt_amt: i64,
        dlv_fee_amt: i64,
        /// what is due now, or was paid and stays so: Σ of lines and fees, less what was cut, cancelled and returned of them
        ord_amt: i64,
        /// the order that this one was made for
        prnt_ord_id: Option<Text>,
        /// HOME or BUSINESS, once chosen
        dstn_knd_cd: Option<Code>,
        /// MAINLAND, JEJU or ISLAND
        dstn_zone_cd: Option<Code>,
        /// what is to be paid now
        due_amt: i64,
    }
}

row! {
    /// 주문상품: an order line.
    GdsRow => "tb_od_ord_gds", Upsert, key("ord_id", "ord_seq") {
        ord_id: Text,
        ord_seq: i64,
        unt_id: Text,
        gds_id: Text,
        ord_stat_cd: Code,
        dlv_sub_stat_cd: Option<Code>,
        main_gds_yn: bool,
        gft_incl_yn: bool,
        gft_yn: bool,
        main_ord_seq: Option<i64>,
        gft_prm_id: Option<Text>,
        gft_rsn_cd: Option<Code>,
        /// exchange chains keep the first line's number here
        org_ord_seq: Option<i64>,
        ord_qty: i64,
        cncl_qty: i64,
        rtn_acpt_qty: i64,
        rtn_qty: i64,
        exch_acpt_qty: i64,
        exch_qty: i64,
        dlv_qty: i64,
        /// units this line holds (unpaid) or has deducted (paid)
        hold_qty: i64,
        dduct_qty: i64,
        cmpn_id: Option<Text>,
        stck_plcy_cd: Code,
        sl_upr: i64,
        sl_tot_amt: i64,
        prm_id: Option<Text>,
        prm_dscnt_amt: i64,
        cpn_id: Option<Text>,
        cpn_dscnt_amt: i64,
        pay_amt: i64,
        pnt_rate_bp: i64,
        /// points earned, less those reversed
        pnt_amt: i64,
        dlv_fee_no: i64,
        pre_rfnd_yn: bool,
        rfnd_tmng_cd: Option<Code>,
        avg_lead_days: i64,
        ship_inst_dttm: Option<Time>,
        dlv_expt_dttm: Option<Time>,
        dlv_prep_dttm: Option<Time>,
        dlv_strt_dttm: Option<Time>,
        dlv_cmpl_dttm: Option<Time>,
        carr_dlv_cmpl_dttm: Option<Time>,
        rvn_dttm: Option<Time>,
        /// shipping terms at order time; `None`: a gift, or placed before lines kept them
        indv_dlv_fee: Option<i64>,
        bndl_yn: bool,
        free_dlv_yn: bool,
        ship_dttm: Option<Time>,
        /// PARCEL, OWN, QUICK, PICKUP
        dlv_mthd_cd: Option<Code>,
        stck_jdg_dttm: Option<Time>,
        auto_cnfm_dttm: Option<Time>,
    }
}

row! {
    /// 결제: a settlement, one row a means of payment.
    StlmRow => "tb_od_stlm", Upsert, key("ord_id", "stlm_no") {
        ord_id: Text,
        stlm_no: i64,
        pay_grp_no: i64,
        pay_mns_cd: Code,
        /// approval id, or the customer-points id
        pay_mns_rel_id: Option<Text>,
        /// 결제예정금액: deposits only
        expt_amt: i64,
        pay_amt: i64,
        rfnd_psbl_amt: i64,
        rfnd_plan_amt: i64,
        rfnd_excl_amt: i64,
        rfnd_amt: i64,
        pay_dttm: Option<Time>,
    }
}

row! {
    /// 카드승인: an approval. No card number, only the approval's token.
    AprvRow => "tb_sc_crcd_aprv", Upsert, key("ord_id", "stlm_no") kept("aprv_tkn") {
        aprv_id: Text,
        ord_id: Text,
        stlm_no: i64,
        /// of approvals from before it was kept with personal data, sealed: nobody writes it any more
        aprv_tkn: Option<Text>,
        aprv_amt: i64,
        vrtl_acct_no: Option<Text>,
        bank_cd: Option<Text>,
        aprv_dttm: Option<Time>,
    }
}

row! {
    /// 결제등록: money that came in, once over all orders; insert-only.
    RgstRow => "tb_sc_pay_rgst", Insert, key("pay_id", "pay_mns_cd") {
        /// the payment side's id of an approval, a deposit or a movement of points
        pay_id: Text,
        pay_mns_cd: Code,
        ord_id: Text,
        stlm_no: i64,
        pay_amt: i64,
        pay_dttm: Time,
    }
}

row! {
    /// 환불: insert-only; a request is one row, each outcome of it another.
    RfndRow => "tb_od_rfnd", Upsert, key("rfnd_key", "rfnd_seq") once("rfnd_rsn") {
        /// the idempotency key that the payment side sees
        rfnd_key: Text,
        /// 0 is the request; then one a confirmation or failure
        rfnd_seq: i64,
        ord_id: Text,
        stlm_no: i64,
        cncl_grp_no: Option<i64>,
        rtn_grp_no: Option<i64>,
        /// PLANNED, REFUNDED, FAILED, WITHDRAWN
        rfnd_stat_cd: Code,
        rfnd_mns_cd: Code,
        rfnd_plan_amt: i64,
        rfnd_amt: i64,
        rfnd_rsn: Option<Text>,
        rfnd_dttm: Time,
    }
}

row! {
    /// 취소: one row a line and cancel group; insert-only.
    CnclRow => "tb_od_cncl", Upsert, key("ord_id", "cncl_grp_no", "ord_seq") once("cncl_rsn") {
        ord_id: Text,
        cncl_grp_no: i64,
        ord_seq: i64,
        cncl_qty: i64,
        cncl_amt: i64,
        /// BUYER, SHORTAGE, OUT_OF_STOCK, EXPIRED, PAYMENT_CANCELLED
        cncl_rsn_cd: Code,
        cncl_dttm: Time,
        /// in the buyer's words
        cncl_rsn: Option<Text>,
    }
}

row! {
    /// 배송비: one row a (partner, delivery template).
    FeeRow => "tb_od_dlv_fee", Upsert, key("ord_id", "dlv_fee_no") {
        ord_id: Text,
        dlv_fee_no: i64,
        pay_grp_no: i64,
        ptnr_id: Text,
        dlv_tmpl_id: Text,
        /// ORDER, SURCHARGE, RETURN
        fee_knd_cd: Code,
        rtn_grp_no: Option<i64>,
        /// of a return
        falt_cd: Option<Code>,
        /// what the bundled goods make of it
        bndl_fee_amt: i64,
        /// free at or above this total
        thrs_amt: Option<i64>,
        /// what the lines would pay before the threshold
        bas_fee_amt: i64,
        fee_amt: i64,
        rfnd_fee_amt: i64,
        /// why it is what it is: the codes of `FeeReason`
        fee_rsn_cd: Code,
        /// a surcharge that is still to be paid
        unpd_yn: bool,
    }
}

row! {
    /// 할인이력: a discount given, written once the money is in.
    DscntRow => "tb_od_dscnt_hist", Upsert, key("ord_id", "ord_seq", "dscnt_no") {
        ord_id: Text,
        ord_seq: i64,
        dscnt_no: i64,
        dscnt_knd_cd: Code,
        prm_id: Text,
        dscnt_rate_bp: i64,
        dscnt_amt: i64,
        dscnt_dttm: Time,
    }
}

row! {
    /// 적립금이력: points used, given back, earned or reversed.
    PntRow => "tb_od_pnt_hist", Upsert, key("ord_id", "pnt_no") {
        ord_id: Text,
        pnt_no: i64,
        cust_id: Text,
        /// USED, GIVEN_BACK, EARNED, REVERSED
        pnt_knd_cd: Code,
        pnt_amt: i64,
        pnt_rel_id: Option<Text>,
        pnt_dttm: Time,
    }
}

row! {
    /// 주문이력: the order's events, numbered from 1; the order is their fold.
    HistRow => "tb_od_ord_hist", Insert, key("ord_id", "hist_no") {
        ord_id: Text,
        hist_no: i64,
        cmd_id: Text,
        /// 0 for the command's first event; (cmd_id, cmd_evnt_no) is unique over all lanes
        cmd_evnt_no: i64,
        /// digest of the command's content, hexadecimal
        cmd_dgst: Text,
        evnt_typ_cd: Code,
        evnt_ver: i64,
        /// the event as JSON
        evnt: Text,
        actr: Text,
        /// the order's status after it
        ord_stat_cd: Code,
        /// reason and facts of the answer, as JSON
        ansr: Option<Text>,
        strm_entr: Option<Text>,
        hist_dttm: Time,
    }
}

impl HistRow {
    /// What the place of an order's id begins with where a command belongs to no order; no order's id may hold it, and it
    /// sorts behind all of them.
    pub const OUTSIDE: char = '~';

    /// The row of a command that belongs to no order: it keeps the command's id from being an order's too, because one
    /// index over all lanes holds both. Its outcome is in `tb_sy_cmd`.
    pub fn outside(row: &CmdRow) -> Self {
        Self {
            ord_id: format!("{}{}", Self::OUTSIDE, row.cmd_id).into(),
            hist_no: 1,
            cmd_id: Arc::clone(&row.cmd_id),
            cmd_evnt_no: 0,
            cmd_dgst: Arc::clone(&row.cmd_dgst),
            evnt_typ_cd: "outside".into(),
            evnt_ver: 1,
            evnt: "{}".into(),
            actr: Arc::clone(&row.actr),
            ord_stat_cd: "".into(),
            ansr: None,
            strm_entr: None,
            hist_dttm: row.cmd_dttm,
        }
    }

    /// Whether it is an event of an order.
    pub fn of_order(&self) -> bool {
        !self.ord_id.starts_with(Self::OUTSIDE)
    }
}

row! {
    /// 재고원장: one stock movement, numbered per SKU from 1.
    LdgrRow => "tb_pd_unt_ldgr", Insert, key("unt_id", "ldgr_no") {
        unt_id: Text,
        ldgr_no: i64,
        /// RECEIVE, HOLD, RELEASE, DEDUCT, RESTOCK, SHRINK, ADJUST, EXTERNAL
        mvmt_cd: Code,
        mvmt_qty: i64,
        stck_dlt: i64,
        hold_dlt: i64,
        sold_dlt: i64,
        stck_qty: i64,
        hold_qty: i64,
        sold_qty: i64,
        cmpn_id: Option<Text>,
        cust_id: Option<Text>,
        /// change of what the campaign (and the customer in it) has used
        cmpn_dlt: i64,
        ord_id: Option<Text>,
        ord_seq: Option<i64>,
        cmd_id: Text,
        mvmt_rsn: Option<Text>,
        mvmt_dttm: Time,
    }
}

row! {
    /// 상품: a product master.
    PdGdsRow => "tb_pd_gds", Upsert, key("gds_id") {
        gds_id: Text,
        gds_nm: Text,
        /// GOODS or GIFT: with the type code it decides whether a line is a gift
        gds_knd_cd: Code,
        gds_typ_cd: Text,
        sl_upr: i64,
        ptnr_id: Text,
        dlv_tmpl_id: Text,
        bndl_yn: bool,
        dlv_fee: i64,
        free_dlv_yn: bool,
        dlv_lead_days: i64,
        pre_rfnd_yn: bool,
        /// points earned at purchase confirmation, in basis points of what was paid
        pnt_rate_bp: i64,
        /// shipping terms of the day on which lines began to keep their own; older lines have these
        kept_dlv_fee: Option<i64>,
        kept_bndl_yn: bool,
        kept_free_dlv_yn: bool,
    }
}

row! {
    /// 배송템플릿: a delivery template.
    TmplRow => "tb_dv_dlv_tmpl", Upsert, key("dlv_tmpl_id") {
        dlv_tmpl_id: Text,
        ptnr_id: Text,
        tmpl_nm: Text,
        /// free at or above this total of the row's lines, before discounts
        free_thrs_amt: Option<i64>,
    }
}

row! {
    /// 프로모션·쿠폰: a promotion or a coupon, by rate.
    PrmRow => "tb_pr_prm", Upsert, key("prm_id") {
        prm_id: Text,
        /// PROMOTION or COUPON
        prm_knd_cd: Code,
        dscnt_rate_bp: i64,
        opn_dttm: Option<Time>,
        cls_dttm: Option<Time>,
    }
}

row! {
    /// 판매행사: a sale campaign on one SKU.
    CmpnRow => "tb_pr_cmpn", Upsert, key("cmpn_id", "unt_id") {
        cmpn_id: Text,
        unt_id: Text,
        cmpn_nm: Text,
        sl_upr: i64,
        alot_qty: i64,
        opn_dttm: Time,
        cls_dttm: Time,
        cust_lmt_qty: Option<i64>,
        stck_plcy_cd: Code,
        paus_yn: bool,
        /// the SKU's ledger stood here when the campaign was made
        strt_ldgr_no: i64,
        /// number of its terms in force
        trm_no: i64,
    }
}

row! {
    /// 판매행사조건: what a campaign allots and limits from a ledger number on.
    CmpnTrmRow => "tb_pr_cmpn_trm", Insert, key("cmpn_id", "trm_no") {
        cmpn_id: Text,
        trm_no: i64,
        /// the SKU's ledger stood here when they were set: they hold for the rows after it
        strt_ldgr_no: i64,
        alot_qty: i64,
        cust_lmt_qty: Option<i64>,
    }
}

row! {
    /// 명령결과: the outcome of an accepted command that belongs to no order.
    CmdRow => "tb_sy_cmd", Insert, key("cmd_id") {
        cmd_id: Text,
        cmd_dgst: Text,
        cmd_typ_cd: Code,
        prtn_no: i64,
        actr: Text,
        /// the answer's facts, as JSON
        ansr: Option<Text>,
        strm_entr: Option<Text>,
        cmd_dttm: Time,
    }
}

row! {
    /// 발신함: a step for another lane, to be put on its internal stream.
    OtbxRow => "tb_sy_otbx", Insert, key("otbx_id") {
        /// the step's command id, derived from the order
        otbx_id: Text,
        prtn_no: i64,
        to_prtn_no: i64,
        cmd: Text,
        otbx_dttm: Time,
    }
}

row! {
    /// 예약: what another lane's order has reserved here; a released row is also the tombstone of a reserve to come.
    RsvRow => "tb_sy_rsv", Upsert, key("rsv_id") {
        rsv_id: Text,
        prtn_no: i64,
        /// partition of the order
        ord_prtn_no: i64,
        ord_id: Text,
        /// HELD, TAKEN, REFUSED, RELEASED
        rsv_stat_cd: Code,
        /// the lines with their quantities, as JSON
        rsv_lines: Text,
        rsv_dttm: Time,
    }
}

row! {
    /// 개인정보: what may be erased; in no event and no log.
    PrsnRow => "tb_od_ord_prsn", Upsert, key("ord_id", "prsn_knd_cd", "ord_seq") {
        ord_id: Text,
        /// RECIPIENT, PAYER, REFUND_ACCOUNT, REFUND, TOKEN, REVIEW
        prsn_knd_cd: Code,
        ord_seq: i64,
        rcvr_nm: Option<Text>,
        tel_no: Option<Text>,
        zip_no: Option<Text>,
        addr: Option<Text>,
        addr_dtl: Option<Text>,
        acct_ownr_nm: Option<Text>,
        dpst_hldr_nm: Option<Text>,
        rmtr_nm: Option<Text>,
        rvw_txt: Option<Text>,
        /// of orders from before it was sealed: nobody writes it any more
        vrtl_acct_no: Option<Text>,
        /// sealed: bank, number and holder of an account, the number that a deposit comes to, or an approval's token
        acct_enc: Option<Text>,
    }
}
