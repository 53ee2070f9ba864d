//! Rows of what comes after payment: procurement, linked orders, waybills, claims, reviews; partners and the audit.

use super::{Code, Text};
use crate::{domain::Time, store::row::row};

row! {
    /// 발주: a procurement, one row a line.
    PrcrRow => "tb_od_prcr", Upsert, key("ord_id", "prcr_no", "ord_seq") {
        ord_id: Text,
        prcr_no: i64,
        ord_seq: i64,
        /// PARTNER, NON_PARTNER, OWN_STOCK
        prcr_knd_cd: Code,
        /// OPEN, DONE, CANCELLED
        prcr_stat_cd: Code,
        unt_id: Text,
        prcr_qty: i64,
        ptnr_id: Option<Text>,
        selr_nm: Option<Text>,
        prch_amt: Option<i64>,
        prcr_dttm: Time,
        cmpl_dttm: Option<Time>,
    }
}

row! {
    /// 연결주문: an order that another one had made.
    LnkRow => "tb_od_lnk", Upsert, key("prnt_ord_id", "chld_ord_id") {
        prnt_ord_id: Text,
        chld_ord_id: Text,
        lnk_knd_cd: Code,
        lnk_stat_cd: Code,
        prnt_prtn_no: i64,
        chld_prtn_no: i64,
        ptnr_id: Text,
        /// line numbers of the parent, with commas between
        lnk_seqs: Text,
        lnk_dttm: Time,
        end_dttm: Option<Time>,
    }
}

row! {
    /// 운송장: a waybill of a line.
    WyblRow => "tb_od_wybl", Upsert, key("ord_id", "ord_seq", "carr_cd", "wybl_no") {
        ord_id: Text,
        ord_seq: i64,
        carr_cd: Text,
        wybl_no: Text,
        wybl_qty: i64,
        reg_dttm: Time,
        chg_dttm: Option<Time>,
        dlv_cmpl_dttm: Option<Time>,
        carr_nm: Option<Text>,
    }
}

row! {
    /// 반품: a return, one row a line and return group.
    RtnRow => "tb_od_rtn", Upsert, key("ord_id", "rtn_grp_no", "ord_seq") {
        ord_id: Text,
        rtn_grp_no: i64,
        ord_seq: i64,
        rtn_qty: i64,
        clct_qty: i64,
        /// after inspection
        sell_qty: Option<i64>,
        rtn_amt: i64,
        /// kept back for the whole group; on its first line
        excl_amt: i64,
        rtn_stat_cd: Code,
        rtn_rsn_cd: Code,
        falt_cd: Code,
        rfnd_tmng_cd: Code,
        ship_yn: bool,
        clct_need_yn: bool,
        exch_grp_no: Option<i64>,
        acpt_dttm: Time,
        aprv_rslt_dttm: Option<Time>,
        clct_dttm: Option<Time>,
        cmpl_dttm: Option<Time>,
        /// went back to the buyer after inspection
        rjct_qty: i64,
        /// stayed at the buyer's
        wdrw_qty: i64,
        /// never came, though its money went
        wrof_qty: i64,
        /// kept back by inspection
        keep_amt: i64,
    }
}

row! {
    /// 교환: an exchange of units of one line.
    ExchRow => "tb_od_exch", Upsert, key("ord_id", "exch_grp_no") {
        ord_id: Text,
        exch_grp_no: i64,
        ord_seq: i64,
        exch_qty: i64,
        ship_yn: bool,
        exch_stat_cd: Code,
        exch_brch_cd: Option<Code>,
        exch_rsn_cd: Code,
        falt_cd: Code,
        want_unt_id: Option<Text>,
        new_ord_seq: Option<i64>,
        move_amt: i64,
        acpt_dttm: Time,
        aprv_rslt_dttm: Option<Time>,
        cmpl_dttm: Option<Time>,
        /// of goods that are to come back: DUE, COLLECTED, INSPECTED, WAIVED, WRITTEN_OFF, MOVED
        clct_stat_cd: Option<Code>,
        clct_qty: i64,
        /// waived or written off
        gvup_qty: i64,
        sell_qty: Option<i64>,
        /// the row of its fee
        dlv_fee_no: Option<i64>,
        /// went back to the buyer after inspection
        rjct_qty: i64,
        /// kept back by inspection in all: of money that waited, and owed by the buyer
        keep_amt: i64,
    }
}

row! {
    /// 리뷰: that a line was reviewed; the words are personal data.
    RvwRow => "tb_od_rvw", Upsert, key("ord_id", "ord_seq") {
        ord_id: Text,
        ord_seq: i64,
        rvw_scor: i64,
        rvw_dttm: Time,
    }
}

row! {
    /// 협력사: a business that sells, supplies or installs.
    PtnrRow => "tb_pt_ptnr", Upsert, key("ptnr_id") {
        ptnr_id: Text,
        ptnr_nm: Text,
        /// RETAILER, WHOLESALER, INSTALLER
        ptnr_knd_cd: Code,
        use_yn: bool,
        biz_zip_no: Option<Text>,
        biz_addr: Option<Text>,
        reg_dttm: Time,
    }
}

row! {
    /// 구매허용: whether a partner sells to a seller.
    PtnrByrRow => "tb_pt_ptnr_byr", Upsert, key("ptnr_id", "byr_id") {
        ptnr_id: Text,
        byr_id: Text,
        alw_yn: bool,
        chg_dttm: Time,
    }
}

row! {
    /// 감사이력: a privileged action on an order.
    AditRow => "tb_sy_adit", Insert, key("cmd_id", "adit_knd_cd") {
        cmd_id: Text,
        /// FORCED_DELIVERY, GIFT_ADDED, REFUND_TRANSFERRED, STOCK_LOSS, PROCUREMENT_CANCELLED, FAULT_CORRECTED, INSPECTION,
        /// COLLECTION_WAIVED, WRITTEN_OFF, PURCHASE_UNASKED, DEBT_WAIVED
        adit_knd_cd: Code,
        ord_id: Text,
        actr: Text,
        adit_rsn: Option<Text>,
        adit_dttm: Time,
    }
}
