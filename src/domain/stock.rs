//! A SKU's stock (G 재고차감; domain §6): what is on hand, held and sold, and the movements between them.
//!
//! `received + restocked ± adjusted = on hand + held + sold`, no term negative. `sold` is what was ever deducted;
//! cancelled units come back as restocked.

use std::collections::HashMap;

use super::{
    Time,
    catalog::{Campaign, SaleWindow},
    ids::{CampaignId, CustomerId, SkuId},
};

/// The largest stock that may come in: units on hand and held together. What comes back is not bounded by it: an order must
/// always be able to let go.
pub const STOCK_MAX: i64 = 1_000_000_000;

/// 재고이동: what a movement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Move {
    /// goods came in
    Receive,
    /// on hand → held
    Hold,
    /// held → on hand
    Release,
    /// held → sold
    DeductHeld,
    /// on hand → sold
    Deduct,
    /// cancelled or returned units back on hand
    Restock,
    /// units found lost or broken
    Shrink,
    /// a correction, either way
    Adjust,
    /// another system wrote the balance; the ledger follows it
    External,
}

impl Move {
    /// The stable code; both deductions are `DEDUCT`, their deltas tell them apart.
    pub const fn code(self) -> &'static str {
        match self {
            Move::Receive => "RECEIVE",
            Move::Hold => "HOLD",
            Move::Release => "RELEASE",
            Move::DeductHeld | Move::Deduct => "DEDUCT",
            Move::Restock => "RESTOCK",
            Move::Shrink => "SHRINK",
            Move::Adjust => "ADJUST",
            Move::External => "EXTERNAL",
        }
    }

    /// Change of (on hand, held, sold) for a signed quantity (only adjust and external may be negative).
    pub const fn deltas(self, quantity: i64) -> (i64, i64, i64) {
        match self {
            Move::Receive | Move::Restock | Move::Adjust | Move::External => (quantity, 0, 0),
            Move::Hold => (-quantity, quantity, 0),
            Move::Release => (quantity, -quantity, 0),
            Move::DeductHeld => (0, -quantity, quantity),
            Move::Deduct => (-quantity, 0, quantity),
            Move::Shrink => (-quantity, 0, 0),
        }
    }
}

/// Whether a SKU can be had, for whom its figures are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Available {
    InStock,
    /// the last ten units
    LowStock,
    OutOfStock,
}

impl Available {
    /// So many are few.
    const FEW: i64 = 10;

    /// Of so many units.
    pub const fn of(units: i64) -> Self {
        match units {
            ..=0 => Self::OutOfStock,
            1..=Self::FEW => Self::LowStock,
            _ => Self::InStock,
        }
    }
}

/// A movement asked of a SKU.
#[derive(Debug, Clone, PartialEq)]
pub struct Movement {
    pub sku_id: SkuId,
    pub kind: Move,
    pub quantity: i64,
    pub line_no: Option<u16>,
    /// whose sale and whose limit it counts in
    pub campaign: Option<(CampaignId, CustomerId)>,
    /// change of what the campaign has used
    pub campaign_delta: i64,
    pub reason: Option<&'static str>,
}

/// A movement done: what the ledger keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// ledger number
    pub position: i64,
    pub deltas: (i64, i64, i64),
    pub after: (i64, i64, i64),
}

/// Why a movement can't be: a broken invariant, since decisions look before they move.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "stock of {sku_id} would leave its bounds: on hand {on_hand}, held {held}, sold {sold} after {kind:?} {quantity}"
)]
pub struct OutOfBounds {
    pub sku_id: SkuId,
    pub kind: Move,
    pub quantity: i64,
    pub on_hand: i64,
    pub held: i64,
    pub sold: i64,
}

/// What a campaign and its customers have used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CampaignUse {
    pub used: i64,
    /// customers with more than none; bounded by the allotted units
    pub by_customer: HashMap<CustomerId, i64>,
}

/// The stock of one SKU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stock {
    pub sku_id: SkuId,
    pub on_hand: i64,
    pub held: i64,
    pub sold: i64,
    /// number of the last ledger row
    pub position: i64,
    pub campaigns: HashMap<CampaignId, CampaignUse>,
}

/// What a decision sees of a SKU's stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StockView {
    pub on_hand: i64,
    /// the ledger's position that this was read at
    pub position: i64,
    pub sale: Option<SaleView>,
}

/// What a decision sees of a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaleView {
    pub window: SaleWindow,
    /// allotted units that are left
    pub left: i64,
    /// how many more this customer may have
    pub customer_remaining: Option<i64>,
}

impl StockView {
    /// What a line of no campaign finds, whichever campaign speaks for the SKU: the units on hand.
    pub fn outside(self) -> Self {
        Self { sale: None, ..self }
    }

    /// Units that the next in line can have, the customer's limit aside.
    pub fn available(&self) -> i64 {
        self.sale.map_or(self.on_hand, |s| self.on_hand.min(s.left)).max(0)
    }

    /// Units that this customer can have.
    pub fn for_customer(&self) -> i64 {
        let limit = self.sale.and_then(|s| s.customer_remaining).unwrap_or(i64::MAX);
        self.available().min(limit).max(0)
    }
}

impl Stock {
    /// A SKU that has never had stock.
    pub fn empty(sku_id: SkuId) -> Self {
        Self { sku_id, on_hand: 0, held: 0, sold: 0, position: 0, campaigns: HashMap::new() }
    }

    /// What `customer` would find at `now` in the given sale.
    pub fn view(&self, campaign: Option<&Campaign>, customer: &CustomerId, now: Time) -> StockView {
        let sale = campaign.map(|c| {
            let usage = self.campaigns.get(&c.id);
            let customer_remaining = c.limit_per_customer.map(|limit| {
                let used = usage.and_then(|u| u.by_customer.get(customer)).copied().unwrap_or(0);
                i64::from(limit) - used
            });
            SaleView {
                window: c.window(now),
                left: i64::from(c.allotted) - usage.map_or(0, |u| u.used),
                customer_remaining,
            }
        });
        StockView { on_hand: self.on_hand, position: self.position, sale }
    }

    /// Carries a movement out; validates wholly, then mutates.
    ///
    /// # Errors
    /// [`OutOfBounds`] when a term would turn negative, or what comes in would exceed [`STOCK_MAX`]; nothing changes then.
    pub fn apply(&mut self, m: &Movement) -> Result<Moved, OutOfBounds> {
        // no unit is made here, so a sum that saturates is out of bounds, too
        let quantity = m.quantity.clamp(-i64::MAX, i64::MAX);
        let deltas = m.kind.deltas(quantity);
        let signed = matches!(m.kind, Move::Adjust | Move::External);
        let after = (
            self.on_hand.saturating_add(deltas.0),
            self.held.saturating_add(deltas.1),
            self.sold.saturating_add(deltas.2),
        );
        // intake leaves room for what is held; what another system wrote is a fact, what comes back was here before
        let comes_in = matches!(m.kind, Move::Receive | Move::Adjust) && quantity > 0;
        let ceiling = if comes_in { STOCK_MAX } else { i64::MAX - 1 };
        let ok = |n: i64| (0..i64::MAX).contains(&n);
        let fits = ok(after.0) && ok(after.1) && ok(after.2) && after.0.saturating_add(after.1) <= ceiling;
        if !fits || (quantity <= 0 && !signed) {
            return Err(OutOfBounds {
                sku_id: self.sku_id.clone(),
                kind: m.kind,
                quantity: m.quantity,
                on_hand: after.0,
                held: after.1,
                sold: after.2,
            });
        }
        (self.on_hand, self.held, self.sold) = after;
        self.position += 1;
        if let (Some((campaign, customer)), true) = (&m.campaign, m.campaign_delta != 0) {
            self.count(campaign, customer, m.campaign_delta);
        }
        Ok(Moved { position: self.position, deltas, after })
    }

    /// Counts units into (or out of) a sale and a customer's limit.
    pub fn count(&mut self, campaign: &CampaignId, customer: &CustomerId, delta: i64) {
        let usage = self.campaigns.entry(campaign.clone()).or_default();
        usage.used += delta;
        let mine = usage.by_customer.entry(customer.clone()).or_default();
        *mine += delta;
        if *mine <= 0 {
            usage.by_customer.remove(customer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn movement(kind: Move, quantity: i64) -> Movement {
        Movement {
            sku_id: SkuId::stored("s"),
            kind,
            quantity,
            line_no: None,
            campaign: None,
            campaign_delta: 0,
            reason: None,
        }
    }

    fn any_move() -> impl Strategy<Value = Move> {
        prop::sample::select(vec![
            Move::Receive,
            Move::Hold,
            Move::Release,
            Move::DeductHeld,
            Move::Deduct,
            Move::Restock,
            Move::Shrink,
            Move::Adjust,
            Move::External,
        ])
    }

    fn any_quantity() -> impl Strategy<Value = i64> {
        let ends = [i64::MIN, i64::MIN + 1, -STOCK_MAX, -1, 0, 1, STOCK_MAX - 1, STOCK_MAX, i64::MAX - 1, i64::MAX];
        prop_oneof![9 => -5i64..20, 1 => prop::sample::select(ends.to_vec())]
    }

    proptest! {
        #![proptest_config(crate::domain::drawn::config(256))]

        /// R3: whatever is asked, nothing turns negative and the equation holds.
        #[test]
        fn conserved(moves in prop::collection::vec((any_move(), any_quantity()), 0..200)) {
            let mut stock = Stock::empty(SkuId::stored("s"));
            let mut came = 0i128; // received + restocked ± adjusted
            for (kind, quantity) in moves {
                let before = stock.clone();
                match stock.apply(&movement(kind, quantity)) {
                    Ok(moved) => {
                        prop_assert_eq!(moved.position, before.position + 1);
                        came += [moved.deltas.0, moved.deltas.1, moved.deltas.2].map(i128::from).iter().sum::<i128>();
                    }
                    Err(_) => prop_assert_eq!(&stock, &before),
                }
                prop_assert!(stock.on_hand >= 0 && stock.held >= 0 && stock.sold >= 0);
                let there = [stock.on_hand, stock.held, stock.sold].map(i128::from).iter().sum::<i128>();
                prop_assert_eq!(came, there);
            }
        }
    }

    #[test]
    fn what_is_held_or_sold_comes_back_to_a_full_shelf() {
        for (out, back) in [([Move::Hold], Move::Release), ([Move::Deduct], Move::Restock)] {
            let mut stock = Stock::empty(SkuId::stored("s"));
            stock.apply(&movement(Move::Receive, 10)).unwrap();
            for kind in out {
                stock.apply(&movement(kind, 4)).unwrap();
            }
            let room = STOCK_MAX - stock.on_hand - stock.held;
            for kind in [Move::Receive, Move::Adjust] {
                assert!(stock.clone().apply(&movement(kind, room + 1)).is_err(), "{kind:?} leaves no room");
            }
            stock.apply(&movement(Move::Adjust, room)).unwrap();
            stock.apply(&movement(back, 4)).unwrap();
            assert!(stock.on_hand >= STOCK_MAX, "{back:?}: {stock:?}");
            // and more of another system's, which has written it already
            stock.apply(&movement(Move::External, STOCK_MAX)).unwrap();
            stock.apply(&movement(Move::Adjust, -STOCK_MAX)).unwrap();
        }
    }

    #[test]
    fn a_limit_counts_per_customer_and_comes_back() {
        let now = Time::from_timestamp_millis(1_000).unwrap();
        let campaign = Campaign {
            id: CampaignId::stored("c"),
            price: super::super::money::Won::new(1),
            allotted: 3,
            opens_at: now,
            closes_at: Time::MAX_UTC,
            limit_per_customer: Some(2),
            policy: Default::default(),
            paused: false,
        };
        let (u1, u2) = (CustomerId::stored("u1"), CustomerId::stored("u2"));
        let mut stock = Stock::empty(SkuId::stored("s"));
        stock.apply(&movement(Move::Receive, 10)).unwrap();
        let hold = Movement {
            campaign: Some((campaign.id.clone(), u1.clone())),
            campaign_delta: 2,
            ..movement(Move::Hold, 2)
        };
        stock.apply(&hold).unwrap();
        assert_eq!(stock.view(Some(&campaign), &u1, now).for_customer(), 0);
        assert_eq!(stock.view(Some(&campaign), &u2, now).for_customer(), 1); // one of three is left
        let back = Movement { kind: Move::Release, campaign_delta: -2, ..hold };
        stock.apply(&back).unwrap();
        assert_eq!(stock.view(Some(&campaign), &u1, now).for_customer(), 2);
        assert!(stock.campaigns[&campaign.id].by_customer.is_empty());
    }
}
