//! Shipping fees (G 배송비; domain §5): one row per (partner, delivery template).

use serde::{Deserialize, Serialize};

use super::{
    ids::{PartnerId, TemplateId},
    money::Won,
};

/// What shipping a line's goods alone costs (개별배송비, 합포장여부, 무료배송여부), as it was when the line was placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ShippingTerms {
    #[serde(skip_serializing_if = "Won::is_nothing", default)]
    pub fee: Won,
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub bundled: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub free: bool,
}

/// What the fee module wants to know of a line.
#[derive(Debug, Clone)]
pub struct FeeLine<'a> {
    pub partner_id: &'a PartnerId,
    pub template_id: &'a TemplateId,
    /// 합포장가능여부: pays once with the others of its row
    pub bundled: bool,
    /// 개별배송비; quantity does not multiply it
    pub fee: Won,
    /// 무료배송여부 of the product
    pub free: bool,
    /// gifts pay nothing and count towards no threshold (their price is 0)
    pub gift: bool,
    /// unit price × quantity, before discounts
    pub total: Won,
    /// 무료배송기준금액 of the template
    pub threshold: Option<Won>,
}

/// Why a fee row costs what it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FeeReason {
    Charged,
    /// every paying line's product is free of fee
    FreeGoods,
    /// the row's total reached the template's threshold
    FreeThreshold,
    /// only gifts
    GiftOnly,
    /// to an island or Jeju (row 14)
    Surcharge,
    /// a return that is the seller's fault
    SellerFault,
    /// a return because nobody could install it
    InstallationFailed,
    /// a return of goods that had not left
    NotShipped,
    /// a linked order's: between the two businesses
    Linked,
    /// 교환배송비: to and fro, by the buyer's fault
    Exchange,
    /// goods that never came back
    Unreturned,
    /// a return's, of which nothing is sent back any more
    Withdrawn,
    /// exchanged goods that came back worth less
    Damaged,
}

impl FeeReason {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            FeeReason::Charged => "CHARGED",
            FeeReason::FreeGoods => "FREE_GOODS",
            FeeReason::FreeThreshold => "FREE_THRESHOLD",
            FeeReason::GiftOnly => "GIFT_ONLY",
            FeeReason::Surcharge => "SURCHARGE",
            FeeReason::SellerFault => "SELLER_FAULT",
            FeeReason::InstallationFailed => "INSTALLATION_FAILED",
            FeeReason::NotShipped => "NOT_SHIPPED",
            FeeReason::Linked => "LINKED",
            FeeReason::Exchange => "EXCHANGE",
            FeeReason::Unreturned => "UNRETURNED",
            FeeReason::Withdrawn => "WITHDRAWN",
            FeeReason::Damaged => "DAMAGED",
        }
    }

    /// Whether it came after the order and is owed for itself: no goods bring it back.
    pub const fn is_debt(self) -> bool {
        matches!(self, FeeReason::Exchange | FeeReason::Unreturned | FeeReason::Damaged)
    }
}

/// One fee row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fee {
    pub partner_id: PartnerId,
    pub template_id: TemplateId,
    /// before the threshold
    pub base: Won,
    /// what the bundled goods make of it
    pub bundled: Won,
    /// 무료배송기준금액, where there is one
    pub threshold: Option<Won>,
    pub amount: Won,
    pub reason: FeeReason,
}

/// The fee rows of some lines, in the order of their first line, and for each line the index of its row.
pub fn rows(lines: &[FeeLine<'_>]) -> (Vec<Fee>, Vec<usize>) {
    let mut keys: Vec<(&PartnerId, &TemplateId)> = Vec::new();
    let of_line: Vec<usize> = lines
        .iter()
        .map(|line| {
            let key = (line.partner_id, line.template_id);
            keys.iter().position(|k| *k == key).unwrap_or_else(|| {
                keys.push(key);
                keys.len() - 1
            })
        })
        .collect();
    let fees = keys
        .iter()
        .enumerate()
        .map(|(row, (partner_id, template_id))| {
            let of_row = || lines.iter().zip(&of_line).filter(move |(_, r)| **r == row).map(|(line, _)| line);
            price_row(partner_id, template_id, of_row)
        })
        .collect();
    (fees, of_line)
}

fn price_row<'a, I: Iterator<Item = &'a FeeLine<'a>>>(
    partner_id: &PartnerId,
    template_id: &TemplateId,
    lines: impl Fn() -> I,
) -> Fee {
    let paying = || lines().filter(|l| !l.gift && !l.free);
    let bundled = paying().filter(|l| l.bundled).map(|l| l.fee).max().unwrap_or_default();
    let single: Won = paying().filter(|l| !l.bundled).map(|l| l.fee).sum();
    let base = bundled + single;
    let total: Won = lines().map(|l| l.total).sum();
    let threshold = lines().find_map(|l| l.threshold);
    let reason = if lines().all(|l| l.gift) {
        FeeReason::GiftOnly
    } else if paying().next().is_none() {
        FeeReason::FreeGoods
    } else if threshold.is_some_and(|t| total >= t) {
        FeeReason::FreeThreshold
    } else {
        FeeReason::Charged
    };
    let amount = if reason == FeeReason::Charged { base } else { Won::ZERO };
    Fee { partner_id: partner_id.clone(), template_id: template_id.clone(), base, bundled, threshold, amount, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// name, partner, template, bundled, fee; total 10,000 each unless given
    type Goods = (&'static str, &'static str, &'static str, bool, i64);

    const A: Goods = ("A", "1", "t1", true, 1_000);
    const B: Goods = ("B", "1", "t1", true, 1_000);
    const C: Goods = ("C", "1", "t1", true, 1_000);
    const D: Goods = ("D", "1", "t2", false, 3_000);
    const E: Goods = ("E", "1", "t2", false, 3_000);
    const F: Goods = ("F", "2", "t3", true, 5_000);

    fn check(goods: &[Goods], total: i64, threshold: Option<i64>, expect: &[i64]) {
        let ids: Vec<_> = goods.iter().map(|g| (PartnerId::stored(g.1), TemplateId::stored(g.2))).collect();
        let lines: Vec<FeeLine<'_>> = goods
            .iter()
            .zip(&ids)
            .map(|(g, (p, t))| FeeLine {
                partner_id: p,
                template_id: t,
                bundled: g.3,
                fee: Won::new(g.4),
                free: false,
                gift: false,
                total: Won::new(total),
                threshold: threshold.map(Won::new),
            })
            .collect();
        let got: Vec<i64> = rows(&lines).0.iter().map(|f| f.amount.get()).collect();
        assert_eq!(got, expect, "{goods:?} at {total} over {threshold:?}");
    }

    /// The vectors of domain §5, for orders and (the same module) for returns.
    #[test]
    fn the_vectors_of_the_source() {
        check(&[A, B, D, E, F], 10_000, None, &[1_000, 6_000, 5_000]);
        check(&[A, B, C], 10_000, None, &[1_000]);
        let single = |g: Goods| (g.0, g.1, g.2, false, g.4);
        check(&[single(A), single(B), single(C)], 10_000, None, &[3_000]);
        let x = ("X", "1", "x", true, 1_000);
        let y = ("Y", "1", "y", true, 1_000);
        let z = ("Z", "1", "z", true, 3_000);
        check(&[x, y, z], 10_000, None, &[1_000, 1_000, 3_000]);
        check(&[A, ("A2", "1", "t1", true, 2_000)], 10_000, None, &[2_000]);
        check(&[A, B, ("U", "1", "t1", false, 3_000)], 10_000, None, &[4_000]);
        check(&[A], 49_999, Some(50_000), &[1_000]);
        check(&[A], 50_000, Some(50_000), &[0]);
        // returns of the first row
        check(&[A], 10_000, None, &[1_000]);
        check(&[A, B], 10_000, None, &[1_000]);
        check(&[D], 10_000, None, &[3_000]);
        check(&[D, E], 10_000, None, &[6_000]);
        check(&[A, D], 10_000, None, &[1_000, 3_000]);
        check(&[F], 10_000, None, &[5_000]);
    }

    #[test]
    fn free_goods_and_gifts_pay_nothing() {
        let (p, t) = (PartnerId::stored("1"), TemplateId::stored("t"));
        let line = |free, gift, fee| FeeLine {
            partner_id: &p,
            template_id: &t,
            bundled: false,
            fee: Won::new(fee),
            free,
            gift,
            total: Won::new(if gift { 0 } else { 10_000 }),
            threshold: None,
        };
        for (lines, amount, reason) in [
            (vec![line(true, false, 1_000)], 0, FeeReason::FreeGoods),
            (vec![line(false, true, 1_000)], 0, FeeReason::GiftOnly),
            (vec![line(true, false, 1_000), line(false, false, 2_000)], 2_000, FeeReason::Charged),
            (vec![line(false, false, 2_000), line(false, true, 900)], 2_000, FeeReason::Charged),
            (vec![line(true, false, 1_000), line(false, true, 900)], 0, FeeReason::FreeGoods),
        ] {
            let fee = &rows(&lines).0[0];
            assert_eq!((fee.amount.get(), fee.reason), (amount, reason));
        }
    }
}
