//! R3 and R4: every ledger, replayed row by row, against the balance, the orders' claims, the sales' limits, and what
//! retained answers said of it.

use std::sync::Arc;

use super::{
    Findings, Pass, Promise, VerifyError,
    ledger::{Balance, deltas},
    pages::TableReader,
    streams::{RefusalKind, Refusals},
    terms::{self, Sale},
};
use crate::{
    domain::order::event::StockCheck,
    log::crc16::partition_of,
    store::{UntRow, rows::LdgrRow},
};

/// Streams SKUs and ledgers side by side.
pub async fn check(pass: &mut Pass) -> Result<(), VerifyError> {
    let (store, page) = (pass.store.clone(), pass.options.page);
    let mut sales = terms::read(pass).await?;
    let mut units: TableReader<UntRow> = TableReader::new(&store, page);
    let mut ledger = Ledger { archived: TableReader::archived(&store, page), live: TableReader::new(&store, page) };
    while let Some(unit) = units.next().await? {
        while let Some(row) = ledger.peek().await?.filter(|r| *r.unt_id < *unit.unt_id) {
            pass.f.bad(Promise::R3, format!("SKU {}: ledger row {} of no SKU", row.unt_id, row.ldgr_no));
            ledger.next().await?;
        }
        let refusals = pass.retained.as_mut().and_then(|r| r.refusals.remove(&unit.unt_id)).unwrap_or_default();
        let mut walk = Walk {
            sku: Arc::clone(&unit.unt_id),
            stock: Balance::default(),
            sales: sales.remove(&unit.unt_id).unwrap_or_default(),
            refusals,
            shelves: pass.shelves.remove(&unit.unt_id).unwrap_or_default(),
            came: 0,
            restocked: 0,
        };
        walk.shelves.sort_by_key(|s| std::cmp::Reverse(s.position));
        walk.refused(&mut pass.f);
        let (archived, mut told) = (pass.archive.ledgers.remove(&unit.unt_id).unwrap_or(0), false);
        while ledger.peek().await?.is_some_and(|r| r.unt_id == unit.unt_id) {
            let Some((row, moved)) = ledger.next().await? else { break };
            pass.f.hold(Promise::R7, told || moved == (row.ldgr_no <= archived), || {
                told = true;
                let (sku, no) = (&row.unt_id, row.ldgr_no);
                format!("SKU {sku}: ledger row {no} lies in the archive and is not on its list, or the other way round")
            });
            walk.row(&row, &mut pass.f);
            if let Some(retained) = &mut pass.retained {
                retained.moved(&mut pass.f, &row);
            }
        }
        walk.end(pass, &unit);
    }
    while let Some((row, _)) = ledger.next().await? {
        pass.f.bad(Promise::R3, format!("SKU {}: ledger row {} of no SKU", row.unt_id, row.ldgr_no));
    }
    let mut left: Vec<_> = std::mem::take(&mut pass.claimed).into_iter().collect();
    left.sort_by(|a, b| a.0.cmp(&b.0));
    for (sku, c) in left {
        pass.f.bad(
            Promise::R3,
            format!("SKU {sku}: orders hold {} and have taken {}, but there is no such SKU", c.held, c.deducted),
        );
    }
    for (sku, sale) in sales {
        pass.f.bad(
            Promise::R3,
            format!("campaign {} sells SKU {sku}, which there is not", sale.first().map_or("", |c| &c.row.cmpn_id)),
        );
    }
    if let Some(retained) = &pass.retained {
        retained.unmoved(&mut pass.f);
    }
    Ok(())
}

/// The ledgers, with what of each lies in the archive before the rest.
struct Ledger {
    archived: TableReader<LdgrRow>,
    live: TableReader<LdgrRow>,
}

impl Ledger {
    /// Whether the next row is an archived one.
    async fn archived_first(&mut self) -> Result<bool, VerifyError> {
        let place = |row: &LdgrRow| (row.unt_id.clone(), row.ldgr_no);
        let Some(moved) = self.archived.peek().await?.map(place) else { return Ok(false) };
        Ok(self.live.peek().await?.is_none_or(|live| moved <= place(live)))
    }

    async fn peek(&mut self) -> Result<Option<&LdgrRow>, VerifyError> {
        let archived = self.archived_first().await?;
        Ok(if archived { self.archived.peek().await? } else { self.live.peek().await? })
    }

    /// The next row, and whether it lies in the archive.
    async fn next(&mut self) -> Result<Option<(LdgrRow, bool)>, VerifyError> {
        let archived = self.archived_first().await?;
        let row = if archived { self.archived.next().await? } else { self.live.next().await? };
        Ok(row.map(|row| (row, archived)))
    }
}

/// A ledger being replayed.
struct Walk {
    sku: Arc<str>,
    stock: Balance,
    sales: Vec<Sale>,
    refusals: Refusals,
    /// what payments found here that came short
    shelves: Vec<StockCheck>,
    /// received + restocked ± adjusted
    came: i128,
    restocked: i64,
}

impl Walk {
    fn row(&mut self, row: &LdgrRow, f: &mut Findings) {
        let at = || format!("SKU {}, ledger row {}", row.unt_id, row.ldgr_no);
        f.hold(Promise::R3, row.ldgr_no == self.stock.position + 1, || {
            format!("{}: it should be number {}", at(), self.stock.position + 1)
        });
        let Some(moves) = deltas(row) else {
            return f.bad(Promise::R3, format!("{}: there is no movement {:?}", at(), row.mvmt_cd));
        };
        let d = (row.stck_dlt, row.hold_dlt, row.sold_dlt);
        f.hold(Promise::R3, moves == d, || {
            format!("{}: {} of {} does not move {d:?}", at(), row.mvmt_cd, row.mvmt_qty)
        });
        let after = (row.stck_qty, row.hold_qty, row.sold_qty);
        let s = &self.stock;
        let sums = (s.on_hand.saturating_add(d.0), s.held.saturating_add(d.1), s.sold.saturating_add(d.2));
        f.hold(Promise::R3, sums == after, || format!("{}: it leaves {after:?}, its deltas make {sums:?}", at()));
        f.hold(Promise::R3, after.0 >= 0 && after.1 >= 0 && after.2 >= 0, || format!("{}: {after:?} is below 0", at()));
        let replayed = self.stock.play(row);
        let position = self.stock.position;
        f.hold(
            Promise::R4,
            replayed.as_ref().is_ok_and(|r| *r == after && position == row.ldgr_no),
            || match &replayed {
                Ok(r) => format!("{}: replayed it leaves {r:?} at {position}, stored is {after:?}", at()),
                Err(e) => format!("{}: it can't be replayed: {e}", at()),
            },
        );
        // go on from what is stored, so that one wrong row is told once
        (self.stock.on_hand, self.stock.held, self.stock.sold) = after;
        self.stock.position = row.ldgr_no;
        // what neither holds nor sells brings units in, or takes them out
        if (moves.1, moves.2) == (0, 0) {
            self.came += i128::from(moves.0);
        }
        if &*row.mvmt_cd == "RESTOCK" {
            self.restocked += row.mvmt_qty;
        }
        if row.cmpn_dlt > 0 {
            self.limits(row, f);
        }
        self.refused(f);
    }

    /// A sale sells no more than is allotted, and no customer has more than the limit, by the terms of that time.
    fn limits(&self, row: &LdgrRow, f: &mut Findings) {
        let (Some(id), Some(customer)) = (&row.cmpn_id, &row.cust_id) else { return };
        let Some(sale) = self.sales.iter().find(|c| c.row.cmpn_id == *id) else {
            return f.bad(
                Promise::R3,
                format!("SKU {}, ledger row {}: there is no campaign {id}", row.unt_id, row.ldgr_no),
            );
        };
        let usage = self.stock.sales.get(id);
        let used = usage.map_or(0, |u| u.used);
        let mine = usage.and_then(|u| u.by_customer.get(customer)).copied().unwrap_or(0);
        let terms = sale.of_row(row.ldgr_no).map(|t| (t.alot_qty, t.cust_lmt_qty));
        let within = terms.is_some_and(|(allotted, limit)| used <= allotted && limit.is_none_or(|n| mine <= n));
        f.hold(Promise::R3, within, || {
            format!(
                "SKU {}, ledger row {}: campaign {id} has sold {used}, {mine} of them to {customer}; allotted and limited \
                 then: {terms:?}",
                row.unt_id, row.ldgr_no
            )
        });
    }

    /// The refusals that were decided where the ledger now stands: was so little left?
    fn refused(&mut self, f: &mut Findings) {
        self.came_short(f);
        let now = self.stock.position;
        let later = self.refusals.split_off(&(now + 1, i64::MIN, RefusalKind::Count));
        let here = std::mem::replace(&mut self.refusals, later);
        for ((position, said, told), (command, fewest)) in here {
            let could = self.could(told);
            // earlier lines of the same order may want the SKU too: their share is not told
            let as_stated =
                if told == RefusalKind::LaterLine { could.iter().any(|n| *n >= said) } else { could.contains(&said) };
            let holds = position == now && as_stated && fewest.is_none_or(|n| n > said);
            f.hold(Promise::R4, holds, || {
                let asked = fewest.map_or_else(|| "less than nothing".to_owned(), |n| n.to_string());
                format!(
                    "SKU {}: command {command} was refused {asked} units at ledger row {position}, where {said} were said \
                     to be left; the ledger has {could:?} there",
                    self.sku
                )
            });
        }
    }

    /// A paid line outside campaigns comes short only of what the shelf does not have.
    fn came_short(&mut self, f: &mut Findings) {
        while let Some(seen) = self.shelves.pop_if(|s| s.position <= self.stock.position) {
            let (here, on_hand) = (seen.position == self.stock.position, self.stock.on_hand);
            f.hold(Promise::R4, here && seen.on_hand == on_hand && seen.wanted > on_hand, || {
                format!(
                    "SKU {}: a paid order that wanted {} came short at ledger row {}, where it found {}; the ledger has \
                     {on_hand} there",
                    self.sku, seen.wanted, seen.position, seen.on_hand
                )
            });
        }
    }

    /// What a refusal may have seen as left, where the ledger now stands.
    fn could(&self, told: RefusalKind) -> Vec<i64> {
        let (s, now) = (&self.stock, self.stock.position);
        let mut could = Vec::new();
        // a line of no sale (a gift, or one that was promised before there was a sale) takes from the shelf
        could.push(s.on_hand);
        for sale in self.sales.iter().filter(|_| told != RefusalKind::Count) {
            let used = s.sales.get(&sale.row.cmpn_id).map_or(0, |u| u.used);
            could.extend(sale.at(now).map(|t| s.on_hand.min(t.alot_qty - used).max(0)));
        }
        could
    }

    fn end(mut self, pass: &mut Pass, unit: &UntRow) {
        let s = &self.stock;
        let (sku, last) = (&unit.unt_id, (s.held, s.sold, s.position));
        pass.skus += 1;
        let f = &mut pass.f;
        f.hold(Promise::R3, (unit.hold_qty, unit.sold_qty, unit.ldgr_no) == last, || {
            let row = (unit.hold_qty, unit.sold_qty, unit.ldgr_no);
            format!("SKU {sku}: its balance says {row:?} (held, sold, last row), its ledger {last:?}")
        });
        f.hold(Promise::R3, unit.rstk_qty == self.restocked, || {
            let (says, came) = (unit.rstk_qty, self.restocked);
            format!("SKU {sku}: its balance says that {says} came back, its ledger {came}")
        });
        let outside = unit.stck_qty - s.on_hand;
        if outside != 0 && pass.options.allow_external {
            f.note(
                Promise::R3,
                format!("SKU {sku}: another system changed its balance by {outside}; no command has met it yet"),
            );
        } else {
            f.hold(Promise::R3, outside == 0, || {
                format!(
                    "SKU {sku}: {} on hand, by its ledger {}: changed from outside, and not followed",
                    unit.stck_qty, s.on_hand
                )
            });
        }
        let there: i128 = [s.on_hand, s.held, s.sold].map(i128::from).iter().sum();
        f.hold(Promise::R3, self.came == there, || {
            format!("SKU {sku}: {} came in, {} are on hand, {} held, {} sold", self.came, s.on_hand, s.held, s.sold)
        });
        let claimed = pass.claimed.remove(sku).unwrap_or_default();
        f.hold(Promise::R3, claimed.held == s.held, || {
            format!("SKU {sku}: {} are held, orders hold {}", s.held, claimed.held)
        });
        f.hold(Promise::R3, claimed.deducted == s.sold - self.restocked, || {
            let sold = s.sold - self.restocked;
            format!("SKU {sku}: {sold} are sold and not given back, orders have taken {}", claimed.deducted)
        });
        let home = pass.lanes.partitions.map(|n| i64::from(partition_of(sku, n)));
        f.hold(Promise::R6, home.is_none_or(|home| home == unit.prtn_no), || {
            format!("SKU {sku}: it is in partition {}, not in its own", unit.prtn_no)
        });
        // what was decided beyond the ledger's end was never committed
        self.stock.position = i64::MAX - 1;
        self.refused(f);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violated(position: i64, on_hand: i64, wanted: i64) -> u64 {
        let mut f = Findings::new(5);
        let stock = Balance { on_hand: 10, position: 3, ..Balance::default() };
        let shelves = vec![StockCheck { sku_id: crate::domain::ids::SkuId::stored("s"), position, on_hand, wanted }];
        let mut walk = Walk {
            sku: "s".into(),
            stock,
            sales: Vec::new(),
            refusals: Refusals::new(),
            shelves,
            came: 0,
            restocked: 0,
        };
        walk.came_short(&mut f);
        f.finish().iter().map(|c| c.violated).sum()
    }

    /// The kind: undersold. A paid line outside campaigns came short, and the shelf had its units.
    #[test]
    fn a_paid_order_comes_short_only_of_what_is_not_there() {
        assert_eq!(violated(3, 10, 11), 0);
        assert_eq!(violated(3, 0, 5), 1, "by a campaign of none, say");
        assert_eq!(violated(3, 10, 10), 1, "all of it was there");
        assert_eq!(violated(2, 10, 11), 1, "of a ledger row that the walk is past");
        assert_eq!(violated(4, 10, 11), 0, "not come to yet");
    }
}
