//! The archive (보관): which orders may go there, and the moving of them. It runs beside the server: the store keeps a lane from
//! going on with what was moved, and a lane that has gone on keeps it from being moved.
//!
//! What is moved is moved in small transactions, each whole or not at all. Killed at any moment it has lost and doubled nothing;
//! the next run goes on.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        Time,
        ids::{OrderId, SkuId},
        order::{
            Order,
            state::{Placement, ReserveState},
            supply::LinkState,
        },
    },
    history::replay,
    seals,
    store::{
        AdminStore, StoreError, UntRow,
        archive::Moving,
        row::{Read, Row as _},
        rows::{HistRow, RsvRow},
        table,
    },
};

/// Orders looked at, at a time.
const LOOK: u32 = 200;
/// Orders moved in one transaction.
const ORDERS_MAX: usize = 50;
/// Ledger rows moved in one transaction.
const ROWS_MAX: u32 = 1_000;
/// SKUs looked at, at a time.
const SKUS: u32 = 500;
/// Orders of a family that are looked for: more than can be linked.
const FAMILY_MAX: usize = 2_000;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct ArchiveRequest {
    /// what has not changed since
    pub before: Time,
    /// now
    pub at: Time,
    /// only count
    pub dry_run: bool,
}

/// What was done, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ArchiveReport {
    /// orders that were moved
    pub orders: u64,
    /// their rows, in all tables
    pub rows: u64,
    /// ledger rows that were moved
    pub ledger_rows: u64,
    /// old enough and ended by their status, and kept all the same: why, and how many
    pub kept: BTreeMap<&'static str, u64>,
}

/// Moves what may go.
///
/// # Errors
/// The store's; what was moved until then is moved.
pub async fn run(store: &dyn AdminStore, asked: ArchiveRequest) -> Result<ArchiveReport, StoreError> {
    if !asked.dry_run && seals::in_clear(store).await? {
        let why = "payment tokens of an older version may lie in clear where they would not be sealed: run jumun reseal first";
        return Err(StoreError::Refused(why.to_owned()));
    }
    let mut report = ArchiveReport::default();
    let mut after = None;
    loop {
        let page = store.ended(asked.before, after.as_ref(), LOOK).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.clone());
        let ids: Vec<OrderId> = page.into_iter().map(|(_, id)| id).collect();
        let movable = movable(store, &ids, asked.before, &mut report).await?;
        for some in movable.chunks(ORDERS_MAX) {
            move_some(store, some, asked, &mut report).await?;
        }
    }
    ledgers(store, asked, &mut report).await?;
    Ok(report)
}

async fn move_some(
    store: &dyn AdminStore,
    some: &[Moving],
    asked: ArchiveRequest,
    report: &mut ArchiveReport,
) -> Result<(), StoreError> {
    if asked.dry_run {
        report.orders += some.len() as u64;
        return Ok(());
    }
    match store.archive_orders(some, asked.at).await {
        Ok(sums) => {
            report.orders += sums.len() as u64;
            report.rows += sums.iter().filter_map(|sum| u64::try_from(sum.rows).ok()).sum::<u64>();
            Ok(())
        }
        // one of them has gone on: the others can go
        Err(StoreError::Refused(_)) if some.len() > 1 => {
            for one in some {
                Box::pin(move_some(store, std::slice::from_ref(one), asked, report)).await?;
            }
            Ok(())
        }
        Err(StoreError::Refused(why)) => {
            tracing::info!(order_id = %some.first().map_or("", |m| m.order.as_str()), why, "an order has gone on, and stays");
            keep(report, "has gone on meanwhile");
            Ok(())
        }
        Err(e) => Err(e),
    }
}

fn keep(report: &mut ArchiveReport, why: &'static str) {
    *report.kept.entry(why).or_default() += 1;
}

/// A history, folded, with its last event's number and time.
struct Known {
    order: Order,
    version: i64,
    changed: Time,
}

fn known(history: &[HistRow]) -> Option<Known> {
    let last = history.last()?;
    let order = replay::fold(history).ok()??.order;
    Some(Known { order, version: last.hist_no, changed: last.hist_dttm })
}

/// Which of these orders may go.
async fn movable(
    store: &dyn AdminStore,
    ids: &[OrderId],
    before: Time,
    report: &mut ArchiveReport,
) -> Result<Vec<Moving>, StoreError> {
    let awaited: BTreeSet<OrderId> = store.awaited(ids).await?.into_iter().collect();
    let mut reserved: HashMap<Arc<str>, Vec<RsvRow>> = HashMap::new();
    for row in store.reserved_for(ids).await? {
        reserved.entry(Arc::clone(&row.ord_id)).or_default().push(row);
    }
    let mut movable = Vec::new();
    for history in store.orders(ids).await? {
        let Some(known) = known(&history) else {
            keep(report, "can't be read");
            continue;
        };
        let order = &known.order;
        let kept = reserved.get(&order.id.shared()).map(Vec::as_slice).unwrap_or_default();
        let why = if known.changed >= before {
            Some("changed of late")
        } else if !order.is_over() {
            Some("something is open")
        } else if awaited.contains(&order.id) || !settled(order, kept) {
            Some("another lane is at work on it")
        } else if !family_is_over(store, &known, before).await? {
            Some("an order that it is linked with is open")
        } else {
            None
        };
        match why {
            Some(why) => keep(report, why),
            None => movable.push(Moving { order: order.id.clone(), version: known.version }),
        }
    }
    Ok(movable)
}

/// What a reservation keeps of a line.
#[derive(Deserialize)]
struct Kept {
    line_no: u16,
    quantity: u32,
}

/// Whether other lanes have done all that the order had them do: what they keep is what the order has.
fn settled(order: &Order, rows: &[RsvRow]) -> bool {
    let fits = |row: &RsvRow| {
        let asked = order.reservations.iter().find(|r| r.asked.id == *row.rsv_id);
        match (&*row.rsv_stat_cd, asked.map(|r| r.state)) {
            ("RELEASED" | "REFUSED", None | Some(ReserveState::Released)) => true,
            ("TAKEN", Some(ReserveState::Taken)) => {
                let kept: Option<Vec<Kept>> = serde_json::from_str(&row.rsv_lines).ok();
                kept.is_some_and(|kept| {
                    kept.iter().all(|k| order.line(k.line_no).is_some_and(|l| l.deducted == k.quantity))
                })
            }
            _ => false,
        }
    };
    rows.iter().all(fits)
}

/// The orders that one had made, and the one that it was made for.
fn linked(order: &Order) -> impl Iterator<Item = OrderId> {
    let made = order.fulfilment.links.iter().filter(|l| l.state != LinkState::Refused).map(|l| l.order_id.clone());
    made.chain(order.fulfilment.parent.iter().map(|p| p.order_id.clone()))
}

/// Whether all that it is linked with has ended, too, and lately changed nothing.
async fn family_is_over(store: &dyn AdminStore, known_one: &Known, before: Time) -> Result<bool, StoreError> {
    let mut seen = BTreeSet::from([known_one.order.id.clone()]);
    let mut next: Vec<OrderId> = linked(&known_one.order).collect();
    while !next.is_empty() {
        next.retain(|id| seen.insert(id.clone()));
        if seen.len() > FAMILY_MAX {
            return Ok(false);
        }
        let mut further = Vec::new();
        for history in store.orders(&next).await? {
            let Some(one) = known(&history) else { return Ok(false) };
            let over = one.order.is_over() || one.order.placement == Placement::Failed;
            if !over || one.changed >= before {
                return Ok(false);
            }
            further.extend(linked(&one.order));
        }
        next = further;
    }
    Ok(true)
}

/// Moves the older rows of every SKU's ledger.
async fn ledgers(store: &dyn AdminStore, asked: ArchiveRequest, report: &mut ArchiveReport) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = store.page(table::<UntRow>(), after.take(), SKUS).await?;
        let units: Vec<UntRow> = page.into_iter().map(|values| UntRow::read(&mut values.into_iter())).collect();
        let Some(last) = units.last() else { return Ok(()) };
        after = Some(vec![Read::Text(Some(last.unt_id.to_string()))]);
        for unit in &units {
            let sku = SkuId::stored(&unit.unt_id);
            while let Some(stretch) = store.older_ledger(&sku, asked.before, ROWS_MAX).await? {
                report.ledger_rows += u64::try_from(stretch.last - stretch.first + 1).unwrap_or(0);
                if asked.dry_run {
                    break; // how much more there is, the next run says
                }
                store.archive_ledger(&stretch, asked.at).await?;
            }
        }
    }
}
