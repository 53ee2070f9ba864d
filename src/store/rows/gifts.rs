//! Gift promotions, and what entitled an order's gifts.

use std::sync::Arc;

use super::Code;
use crate::{
    domain::{
        Time,
        gift::{Entitlement, GiftPromotion, GiftSoldOut},
        ids::{ProductId, PromotionId, SkuId},
    },
    store::{StoredGiftPromotion, row::row},
};

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

impl From<&StoredGiftPromotion> for GiftPromotion {
    fn from(s: &StoredGiftPromotion) -> Self {
        let units = |n: i64| u32::try_from(n).unwrap_or(0);
        Self {
            id: PromotionId::stored(&s.promotion.gft_prm_id),
            main_products: s.mains.iter().filter(|r| r.use_yn).map(|r| ProductId::stored(&r.gds_id)).collect(),
            gift_skus: s.gifts.iter().filter(|r| r.use_yn).map(|r| SkuId::stored(&r.unt_id)).collect(),
            entitlement: Entitlement {
                gifts: units(s.promotion.gft_qty),
                per: units(s.promotion.main_qty),
                when_sold_out: GiftSoldOut::stored(&s.promotion.sld_out_cd),
            },
            opens_at: s.promotion.opn_dttm,
            closes_at: s.promotion.cls_dttm,
        }
    }
}
