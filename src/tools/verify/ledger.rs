//! What a ledger comes to, row by row, by what docs/reference/schema.md and the policies say of movements; the engine's own model of
//! stock is not asked.

use std::{collections::HashMap, sync::Arc};

use crate::store::rows::LdgrRow;

/// More than this no SKU takes in, on hand and held together (ARCHITECTURE.md, limits). What comes back was here before, and
/// what another system wrote is a fact.
const UNITS_MAX: i64 = 1_000_000_000;

/// What a sale has sold of a SKU, and to whom.
#[derive(Debug, Default)]
pub struct Sold {
    pub used: i64,
    pub by_customer: HashMap<Arc<str>, i64>,
}

/// A SKU's balance as far as its ledger was read.
#[derive(Debug, Default)]
pub struct Balance {
    pub on_hand: i64,
    pub held: i64,
    pub sold: i64,
    /// number of the last row
    pub position: i64,
    pub sales: HashMap<Arc<str>, Sold>,
}

/// How a movement changes what is on hand, held and sold; `None` where there is no such movement. Only corrections go either
/// way; everything else moves units that there are.
pub fn deltas(row: &LdgrRow) -> Option<(i64, i64, i64)> {
    let n = row.mvmt_qty;
    Some(match &*row.mvmt_cd {
        "RECEIVE" | "RESTOCK" | "ADJUST" | "EXTERNAL" => (n, 0, 0),
        "SHRINK" => (-n, 0, 0),
        "HOLD" => (-n, n, 0),
        "RELEASE" => (n, -n, 0),
        // of what was on hold, or from the shelf
        "DEDUCT" if row.hold_dlt < 0 => (0, -n, n),
        "DEDUCT" => (-n, 0, n),
        _ => return None,
    })
}

impl Balance {
    /// Plays a row; what it leaves on hand, held and sold.
    ///
    /// # Errors
    /// A sentence, when it can't be played.
    pub fn play(&mut self, row: &LdgrRow) -> Result<(i64, i64, i64), String> {
        let (on_hand, held, sold) = deltas(row).ok_or("there is no such movement")?;
        let after =
            (self.on_hand.saturating_add(on_hand), self.held.saturating_add(held), self.sold.saturating_add(sold));
        let correction = matches!(&*row.mvmt_cd, "ADJUST" | "EXTERNAL");
        if row.mvmt_qty <= 0 && !correction {
            return Err(format!("{} of {} units moves nothing", row.mvmt_cd, row.mvmt_qty));
        }
        let comes_in = row.mvmt_qty > 0 && matches!(&*row.mvmt_cd, "RECEIVE" | "ADJUST");
        let too_much = comes_in && after.0.saturating_add(after.1) > UNITS_MAX;
        if too_much || after.0 < 0 || after.1 < 0 || after.2 < 0 {
            return Err(format!("{} of {} units would leave {after:?}", row.mvmt_cd, row.mvmt_qty));
        }
        (self.on_hand, self.held, self.sold) = after;
        self.position += 1;
        if let (Some(sale), Some(customer)) = (&row.cmpn_id, &row.cust_id) {
            let sold = self.sales.entry(Arc::clone(sale)).or_default();
            sold.used += row.cmpn_dlt;
            *sold.by_customer.entry(Arc::clone(customer)).or_default() += row.cmpn_dlt;
        }
        Ok(after)
    }
}
