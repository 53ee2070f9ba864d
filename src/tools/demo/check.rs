//! After the sale: what the people were told against what the database holds, table by table.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use super::DemoSale;
use crate::{
    domain::status::Status,
    store::{
        QueryStore, StoreError, UntRow,
        row::{Read, Row},
        rows::{Code, GdsRow, HistRow, LdgrRow, OrdRow, RfndRow, StlmRow},
        table,
    },
    tools::verify,
};

/// Rows a page.
const PAGE: u32 = 2_000;
/// How many violations of a check are spelled out.
const SHOWN_MAX: usize = 20;

/// One promise, looked at.
#[derive(Debug, Clone)]
pub struct DemoCheck {
    pub id: &'static str,
    pub name: &'static str,
    /// how many things were looked at
    pub checked: u64,
    /// the first few, each a sentence; empty when the promise holds
    pub violations: Vec<String>,
}

impl DemoCheck {
    fn new(id: &'static str, name: &'static str) -> Self {
        Self { id, name, checked: 0, violations: Vec::new() }
    }

    /// A promise as the checker looked at it.
    pub fn promise(looked: &verify::Check) -> Self {
        let mut violations = looked.violations.clone();
        let more = looked.violated.saturating_sub(u64::try_from(violations.len()).unwrap_or(0));
        if more > 0 {
            violations.push(format!("and {more} more"));
        }
        Self { id: looked.id, name: looked.name, checked: looked.checked, violations }
    }

    fn expect(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        self.checked += 1;
        if !holds && self.violations.len() < SHOWN_MAX {
            self.violations.push(otherwise());
        }
    }

    /// Whether nothing speaks against it.
    pub fn holds(&self) -> bool {
        self.violations.is_empty()
    }
}

/// What the database holds of a sale.
#[derive(Debug, Default)]
pub struct DemoTotals {
    pub checks: Vec<DemoCheck>,
    /// orders of the sale by their status
    pub orders: BTreeMap<String, u64>,
    /// units that paid, kept orders have
    pub sold: i64,
    /// units that were ever deducted: those that came back and were sold again, too
    pub sold_ever: i64,
    /// of the SKU
    pub on_hand: i64,
    pub held: i64,
    /// refunds planned, and the tries that failed before they went through
    pub refunds: u64,
    pub refunds_failed: u64,
    /// won paid, won that is to be given back, and won that was
    pub money_in: i64,
    pub money_planned: i64,
    pub money_back: i64,
    /// rows of the history
    pub events: u64,
}

impl DemoTotals {
    /// Whether everything holds.
    pub fn holds(&self) -> bool {
        self.checks.iter().all(DemoCheck::holds)
    }
}

/// Every row of a table, in key order, a page in memory at a time.
async fn each<R: Row>(store: &dyn QueryStore, mut see: impl FnMut(R) + Send) -> Result<(), StoreError> {
    let at: Vec<usize> = R::KEY.iter().filter_map(|k| R::COLUMNS.iter().position(|(column, _)| column == k)).collect();
    let mut after: Option<Vec<Read>> = None;
    loop {
        let page = store.page(table::<R>(), after.take(), PAGE).await?;
        let full = page.len() == usize::try_from(PAGE).unwrap_or(usize::MAX);
        after = page.last().map(|last| at.iter().filter_map(|i| last.get(*i).cloned()).collect());
        for row in page {
            see(R::read(&mut row.into_iter()));
        }
        if !full {
            return Ok(());
        }
    }
}

/// Looks everything up and checks it.
///
/// # Errors
/// The store's.
pub async fn check(sale: &DemoSale, store: &dyn QueryStore) -> Result<DemoTotals, StoreError> {
    let mut found = DemoTotals::default();
    let prefix = format!("{}-", sale.names.tag);
    let mut owners: Owners = BTreeMap::new();
    each::<OrdRow>(store, |o| {
        if o.ord_id.starts_with(&prefix) {
            *found.orders.entry(o.ord_stat_cd.to_string()).or_default() += 1;
            owners.insert(o.ord_id, (o.cust_id, o.ord_stat_cd, o.ord_ver));
        }
    })
    .await?;
    stock(sale, store, &owners, &mut found).await?;
    people(sale, &owners, &mut found);
    history(store, &prefix, &owners, &mut found).await?;
    money(store, &prefix, &mut found).await?;
    answers(sale, &mut found);
    Ok(found)
}

type Owners = BTreeMap<Arc<str>, (Arc<str>, Code, i64)>;

/// D1–D3: units and their ledger.
async fn stock(
    sale: &DemoSale,
    store: &dyn QueryStore,
    owners: &Owners,
    found: &mut DemoTotals,
) -> Result<(), StoreError> {
    let (sku, units) = (sale.names.sku(), i64::from(sale.plan.units));
    let (mut sold, mut held, mut unsold) = (0, 0, Vec::new());
    each::<GdsRow>(store, |line| {
        if *line.unt_id == *sku {
            let ordered = owners.get(&line.ord_id).is_some_and(|(_, status, _)| **status == *Status::Ordered.code());
            if ordered {
                sold += line.dduct_qty;
            } else if line.dduct_qty != 0 {
                unsold.push(line.ord_id.to_string());
            }
            held += line.hold_qty;
        }
    })
    .await?;
    let mut last: Option<LdgrRow> = None;
    let mut ledger = DemoCheck::new("D3", "the ledger adds up to the balance, row by row, with nothing below zero");
    let mut used = 0;
    each::<LdgrRow>(store, |row| {
        if *row.unt_id != *sku {
            return;
        }
        let (no, before) = last.as_ref().map_or((0, (0, 0, 0)), |l| (l.ldgr_no, (l.stck_qty, l.hold_qty, l.sold_qty)));
        let after = (before.0 + row.stck_dlt, before.1 + row.hold_dlt, before.2 + row.sold_dlt);
        let written = (row.stck_qty, row.hold_qty, row.sold_qty);
        let sound = after.0 >= 0 && after.1 >= 0 && after.2 >= 0;
        ledger.expect(row.ldgr_no == no + 1 && after == written && sound, || {
            format!("ledger row {} says {written:?} where {after:?} is due", row.ldgr_no)
        });
        used += row.cmpn_dlt;
        last = Some(row);
    })
    .await?;
    let mut unit: Option<UntRow> = None;
    each::<UntRow>(store, |u| {
        if *u.unt_id == *sku {
            unit = Some(u);
        }
    })
    .await?;
    let balance = unit.map(|u| (u.stck_qty, u.hold_qty, u.sold_qty));
    let end = last.map(|l| (l.stck_qty, l.hold_qty, l.sold_qty));
    ledger.expect(balance == end, || format!("the balance is {balance:?}, the ledger ends at {end:?}"));
    let (on_hand, held_all, sold_ever) = balance.unwrap_or_default();
    found.sold_ever = sold_ever;
    (found.sold, found.on_hand, found.held) = (sold, on_hand, held_all);
    let mut over = DemoCheck::new("D1", "no unit was sold that was not there");
    over.expect(sold <= units, || format!("{sold} of {units} units were sold"));
    over.expect(used == sold, || format!("the campaign counts {used} units used, {sold} are sold"));
    over.expect(unsold.is_empty(), || format!("orders that ended have units: {unsold:?}"));
    let mut under = DemoCheck::new("D2", "no unit stayed behind while someone wanted it");
    let wanting = i64::try_from(sale.crowd.waiting()).unwrap_or(i64::MAX);
    let demand = i64::from(sale.crowd.bought).saturating_add(wanting);
    under.expect(sold == units.min(demand), || {
        format!("{sold} units were sold, {demand} customers wanted one, {units} units there were")
    });
    under.expect(on_hand == units - sold, || format!("{on_hand} units are left of {units} with {sold} sold"));
    under.expect(held == 0 && held_all == 0, || format!("{held_all} units are still held ({held} by orders)"));
    found.checks.extend([over, under, ledger]);
    Ok(())
}

/// D4, D5: what people were told is what is stored.
fn people(sale: &DemoSale, owners: &Owners, found: &mut DemoTotals) {
    let mut limit = DemoCheck::new("D4", "nobody has more than one");
    let mut told = DemoCheck::new("D5", "who was told \"paid\" has a unit, and nobody else");
    let mut has: HashMap<&str, u32> = HashMap::new();
    for (customer, status, _) in owners.values() {
        if **status == *Status::Ordered.code() {
            *has.entry(customer).or_default() += 1;
        }
    }
    for (customer, count) in &has {
        limit.expect(*count == 1, || format!("{customer} has {count}"));
    }
    let bought: BTreeSet<String> = sale.crowd.buyers().map(|n| format!("u-{n}")).collect();
    for customer in &bought {
        told.expect(has.contains_key(&**customer), || format!("{customer} was told so and has nothing"));
    }
    for customer in has.keys() {
        told.expect(bought.contains(*customer), || format!("{customer} has one and was not told"));
    }
    found.checks.extend([limit, told]);
}

/// D6: events.
async fn history(
    store: &dyn QueryStore,
    prefix: &str,
    owners: &Owners,
    found: &mut DemoTotals,
) -> Result<(), StoreError> {
    let mut check = DemoCheck::new("D6", "every order's events are numbered 1, 2, 3 … up to its version");
    let mut at: (Arc<str>, i64) = ("".into(), 0);
    let close = |check: &mut DemoCheck, (id, no): &(Arc<str>, i64)| {
        if !id.is_empty() {
            let version = owners.get(id).map(|(_, _, version)| *version);
            check.expect(version == Some(*no), || format!("{id} has {no} events and version {version:?}"));
        }
    };
    let mut events = 0;
    each::<HistRow>(store, |row| {
        if !row.ord_id.starts_with(prefix) || !row.of_order() {
            return;
        }
        events += 1;
        if row.ord_id != at.0 {
            close(&mut check, &at);
            at = (Arc::clone(&row.ord_id), 0);
        }
        at.1 += 1;
        check.expect(row.hist_no == at.1, || format!("{} has event {} where {} is due", row.ord_id, row.hist_no, at.1));
    })
    .await?;
    close(&mut check, &at);
    found.events = events;
    found.checks.push(check);
    Ok(())
}

/// D7, D8: money.
async fn money(store: &dyn QueryStore, prefix: &str, found: &mut DemoTotals) -> Result<(), StoreError> {
    let mut settled = DemoCheck::new("D7", "paid = refundable + planned + excluded + refunded, on every settlement");
    let (mut paid, mut back, mut planned) = (0, 0, 0);
    each::<StlmRow>(store, |s| {
        if !s.ord_id.starts_with(prefix) {
            return;
        }
        let parts = [s.rfnd_psbl_amt, s.rfnd_plan_amt, s.rfnd_excl_amt, s.rfnd_amt];
        let sound = parts.iter().all(|p| *p >= 0) && s.pay_amt == parts.iter().sum::<i64>();
        settled.expect(sound, || format!("{}: paid {} against {parts:?}", s.ord_id, s.pay_amt));
        paid += s.pay_amt;
        back += s.rfnd_amt;
        planned += s.rfnd_plan_amt;
    })
    .await?;
    let mut refunds: BTreeMap<Arc<str>, (i64, i64, u32)> = BTreeMap::new();
    let mut failed = 0;
    each::<RfndRow>(store, |r| {
        if !r.ord_id.starts_with(prefix) {
            return;
        }
        let entry = refunds.entry(r.rfnd_key).or_default();
        entry.0 += if r.rfnd_seq == 0 { r.rfnd_plan_amt } else { 0 };
        if &*r.rfnd_stat_cd == "REFUNDED" {
            entry.1 += r.rfnd_amt;
            entry.2 += 1;
        }
        failed += u64::from(&*r.rfnd_stat_cd == "FAILED");
    })
    .await?;
    let mut once = DemoCheck::new("D8", "every refund went through once, in full");
    for (key, (plan, done, times)) in &refunds {
        once.expect(plan == done && *times == 1, || format!("{key}: {done} of {plan} won in {times} refunds"));
    }
    let sum: i64 = refunds.values().map(|(_, done, _)| done).sum();
    once.expect(sum == back && planned == 0, || {
        format!("{back} won refunded, {planned} still planned, rows say {sum}")
    });
    found.refunds = u64::try_from(refunds.len()).unwrap_or(0);
    found.refunds_failed = failed;
    (found.money_in, found.money_planned, found.money_back) = (paid, planned, back);
    found.checks.extend([settled, once]);
    Ok(())
}

/// D9: answers.
fn answers(sale: &DemoSale, found: &mut DemoTotals) {
    let (tally, open) = (&sale.crowd.tally, sale.crowd.unanswered());
    let mut check = DemoCheck::new("D9", "every command was answered once, a repetition the same as the first time");
    check.checked = tally.sent;
    check.expect(open == 0, || format!("{open} commands have no answer"));
    check.expect(tally.too_many <= sale.doubtful, || format!("{} answers too many", tally.too_many));
    check.expect(tally.different == 0, || format!("{} repetitions were answered otherwise", tally.different));
    check.expect(tally.same == tally.sent_twice, || {
        format!("{} of {} repetitions were answered the same", tally.same, tally.sent_twice)
    });
    check.expect(tally.failed == 0, || format!("{} commands failed", tally.failed));
    found.checks.push(check);
}
