//! Campaigns that are made after an order was placed: made five ways in a row, which a feature file would say five times.

use jumun::domain::catalog::{Policy, StockPolicy};
use serde_json::{Value, json};

use super::{line, pay, place, with};
use crate::support::world::{On, Setup, World};

/// What campaigns may be made of a SKU after an order took part of it outside campaigns: open, next, closed, tight.
pub fn later() -> [(&'static str, Value); 5] {
    [
        ("open", json!({"allotted": 1})),
        ("next", json!({"allotted": 1, "opens_at": "2098-01-01T00:00:00Z"})),
        ("closed", json!({"allotted": 1, "closes_at": "2021-01-01T00:00:00Z"})),
        ("limited", json!({"allotted": 100, "limit_per_customer": 1})),
        ("deducting", json!({"allotted": 1, "stock_policy": "deduct_at_payment"})),
    ]
}

/// The kind: what was promised outside campaigns, when stock is taken at payment. Whatever campaign is made later, opened,
/// closed or paused, the order takes from the units on hand.
pub async fn a_campaign_made_later_takes_nothing_from_an_order(on: On) {
    let policy = Policy { stock: StockPolicy::DeductAtPayment, ..Policy::default() };
    let mut w = World::open(on, Setup { policy, ..Setup::default() }).await;
    for (what, campaign) in later() {
        let order = |n: u32| format!("o-{what}-{n}");
        w.sku(what, 1_000, 0, 9).await;
        for n in 1..=3 {
            // two lines of it in one order share the shelf
            w.ok(place(&order(n), &[line(what, 2), line(what, 2)])).await;
        }
        w.campaign(what, what, campaign).await;
        assert_eq!(w.ok(pay(&order(1), 4_000)).await.order_status.as_deref(), Some("ORDERED"));
        assert_eq!(w.money(&order(1)).await, [(4_000, 4_000, 0, 0)]);
        w.ok(json!({"type": "pause_campaign", "campaign_id": what, "sku_id": what})).await;
        w.ok(pay(&order(2), 4_000)).await;
        assert_eq!(w.stock(what).await, (1, 0, 8), "{what}");
        // what is not on the shelf is short still, and the checker knows
        w.ok(pay(&order(3), 4_000)).await;
        assert_eq!(w.money(&order(3)).await, [(4_000, 1_000, 3_000, 0)]);
        assert_eq!(w.stock(what).await, (0, 0, 9), "{what}");
    }
    w.done().await;
}

/// The same for a gift: it is of no campaign, also where its SKU is sold by one.
pub async fn a_gift_comes_from_the_shelf(on: On) {
    for stock in [StockPolicy::HoldAtPlacement, StockPolicy::DeductAtPayment] {
        let policy = Policy { stock, ..Policy::default() };
        let mut w = World::open(on, Setup { policy, ..Setup::default() }).await;
        w.sku("A", 1_000, 0, 9).await;
        w.product("G", "t-A", "p-1", 0, 0, json!({"kind": "gift"})).await;
        w.unit("G", 5).await;
        w.campaign("c", "G", json!({"allotted": 1, "opens_at": "2098-01-01T00:00:00Z"})).await;
        let gift = with(line("G", 3), "main_line_no", json!(1));
        w.ok(place("o-1", &[line("A", 3), gift])).await;
        w.ok(pay("o-1", 3_000)).await;
        assert_eq!(w.stock("G").await, (2, 0, 3), "{stock:?}");
        w.done().await;
    }
}
