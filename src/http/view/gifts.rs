//! The shape of a gift promotion.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    domain::{
        Time,
        gift::{GiftPromotion, GiftSoldOut},
    },
    store::StoredGiftPromotion,
};

/// 사은품프로모션: `gift_quantity` gifts for each `main_quantity` units of a main line.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GiftPromotionView {
    pub gift_promotion_id: String,
    pub main_product_ids: Vec<String>,
    pub gift_sku_ids: Vec<String>,
    pub gift_quantity: u32,
    pub main_quantity: u32,
    pub opens_at: Option<Time>,
    pub closes_at: Option<Time>,
    pub when_sold_out: GiftSoldOut,
}

impl From<&StoredGiftPromotion> for GiftPromotionView {
    fn from(s: &StoredGiftPromotion) -> Self {
        let p = GiftPromotion::from(s);
        Self {
            gift_promotion_id: p.id.to_string(),
            main_product_ids: p.main_products.iter().map(ToString::to_string).collect(),
            gift_sku_ids: p.gift_skus.iter().map(ToString::to_string).collect(),
            gift_quantity: p.entitlement.gifts,
            main_quantity: p.entitlement.per,
            opens_at: p.opens_at,
            closes_at: p.closes_at,
            when_sold_out: p.entitlement.when_sold_out,
        }
    }
}
