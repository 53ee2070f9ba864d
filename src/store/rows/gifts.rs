//! Gift promotions, and what entitled an order's gifts.

use std::sync::Arc;

use super::Code;
use crate::{domain::Time, store::row::row};

type Text = Arc<str>;

row! {
    /// 사은품프로모션: so many gifts for so many units of the main goods.
    GftPrmRow => "tb_pr_gft_prm", Upsert, key("gft_prm_id") {
        gft_prm_id: Text,
        gft_qty: i64,
        main_qty: i64,
        opn_dttm: Option<Time>,
        cls_dttm: Option<Time>,
        /// GO_ON, REFUSE
        sld_out_cd: Code,
    }
}

row! {
    /// 사은품프로모션메인상품: a main product of a gift promotion.
    GftPrmGdsRow => "tb_pr_gft_prm_gds", Upsert, key("gft_prm_id", "gds_id") {
        gft_prm_id: Text,
        gds_id: Text,
        /// false once it was taken out
        use_yn: bool,
    }
}

row! {
    /// 사은품프로모션사은품: a gift of a gift promotion.
    GftPrmUntRow => "tb_pr_gft_prm_unt", Upsert, key("gft_prm_id", "unt_id") {
        gft_prm_id: Text,
        unt_id: Text,
        /// false once it was taken out
        use_yn: bool,
    }
}

row! {
    /// 사은품근거: what entitled an order to a gift line, as it was at order time.
    GftRow => "tb_od_ord_gft", Upsert, key("ord_id", "ord_seq") {
        ord_id: Text,
        ord_seq: i64,
        main_ord_seq: i64,
        /// `None`: the gift stood in no promotion
        gft_prm_id: Option<Text>,
        gft_qty: i64,
        main_qty: i64,
        /// GO_ON, REFUSE
        sld_out_cd: Code,
    }
}
