//! 사은품프로모션: what entitles goods to gifts. A placement brings no more gifts than its goods are entitled to.

use serde::{Deserialize, Serialize};

use super::{
    Time,
    ids::{ProductId, PromotionId, SkuId},
};

codes! {
    /// 사은품소진정책: what becomes of a placement whose gift has run out.
    GiftSoldOut {
        /// it goes on without the gift
        Continue = "GO_ON" / "사은품 없이 진행",
        /// it is refused
        Refuse = "REFUSE" / "주문 거절",
    }
}

impl GiftSoldOut {
    /// The stored one; what nobody knows goes on.
    pub fn stored(code: &str) -> Self {
        Self::ALL.iter().find(|s| s.code() == code).copied().unwrap_or(GiftSoldOut::Continue)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
pub(super) fn goes_on(s: &GiftSoldOut) -> bool {
    *s == GiftSoldOut::Continue
}

fn continues() -> GiftSoldOut {
    GiftSoldOut::Continue
}

/// So many gifts for so many main units; a line keeps what it was placed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Entitlement {
    /// gift units …
    pub gifts: u32,
    /// … for each so many whole units of the main line
    pub per: u32,
    #[serde(default = "continues", skip_serializing_if = "goes_on")]
    pub when_sold_out: GiftSoldOut,
}

impl Entitlement {
    /// How many gift units so many main units come to.
    pub fn of(&self, main_units: u32) -> u32 {
        main_units.checked_div(self.per).unwrap_or(0).saturating_mul(self.gifts)
    }

    /// Whether an order goes on without what has run out.
    pub fn goes_on(&self) -> bool {
        self.when_sold_out == GiftSoldOut::Continue
    }
}

/// 사은품프로모션.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GiftPromotion {
    pub id: PromotionId,
    /// goods that bring a gift along
    pub main_products: Vec<ProductId>,
    /// gifts to choose among
    pub gift_skus: Vec<SkuId>,
    pub entitlement: Entitlement,
    pub opens_at: Option<Time>,
    pub closes_at: Option<Time>,
}

impl GiftPromotion {
    /// Whether it applies at `now`.
    pub fn applies(&self, now: Time) -> bool {
        self.opens_at.is_none_or(|t| t <= now) && self.closes_at.is_none_or(|t| now < t)
    }

    /// Whether this SKU is one of its gifts.
    pub fn gives(&self, sku_id: &SkuId) -> bool {
        self.gift_skus.contains(sku_id)
    }

    /// Whether this product is one of its main products.
    pub fn is_for(&self, product_id: &ProductId) -> bool {
        self.main_products.contains(product_id)
    }
}

/// What may come along of a gift that stands in no promotion; a closed one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unpromoted {
    /// one gift unit for each main unit, over all such gifts of the line
    #[default]
    OnePerUnit,
    /// nothing
    Refuse,
}

impl Unpromoted {
    /// What that entitles to.
    pub const fn entitlement(self) -> Option<Entitlement> {
        match self {
            Unpromoted::OnePerUnit => Some(Entitlement { gifts: 1, per: 1, when_sold_out: GiftSoldOut::Continue }),
            Unpromoted::Refuse => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_units_count() {
        let e = |gifts, per| Entitlement { gifts, per, when_sold_out: GiftSoldOut::Continue };
        let cases = [(e(1, 2), 3, 1), (e(1, 2), 4, 2), (e(2, 1), 3, 6), (e(3, 2), 1, 0), (e(1, 0), 9, 0)];
        for (e, units, gifts) in cases {
            assert_eq!(e.of(units), gifts, "{e:?} of {units}");
        }
        assert_eq!(e(u32::MAX, 1).of(u32::MAX), u32::MAX);
    }
}
