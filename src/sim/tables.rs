//! The tables at rest, held to the model.

use std::{collections::HashMap, sync::Arc};

use super::{
    judge::all,
    model::{
        Model,
        order::{ModelLine, ModelOrder},
    },
};
use crate::store::{
    QueryStore, StoreError, UntRow,
    rows::{GdsRow, OrdRow, StlmRow},
};

/// What differs.
#[derive(Default)]
struct Found(Vec<String>);

impl Found {
    fn hold(&mut self, what: impl FnOnce() -> String, is: &str, expected: &str) {
        if is != expected {
            self.0.push(format!("model: {} is {is}, expected {expected}", what()));
        }
    }

    fn read(self, read: Result<(), StoreError>) -> Vec<String> {
        let unread = read.err().map(|e| format!("model: the tables can't be read: {e}"));
        self.0.into_iter().chain(unread).collect()
    }
}

/// Each SKU's units.
pub(super) async fn shelves(model: &Model, store: &Arc<dyn QueryStore>) -> Vec<String> {
    let mut found = Found::default();
    let read = units(model, store, &mut found).await;
    found.read(read)
}

async fn units(model: &Model, store: &Arc<dyn QueryStore>, found: &mut Found) -> Result<(), StoreError> {
    let (rows, shelves) = (all::<UntRow>(store).await?, model.shelves());
    found.hold(|| "the number of SKUs".into(), &rows.len().to_string(), &shelves.skus.len().to_string());
    for row in rows {
        let Some(sku) = shelves.skus.get(&*row.unt_id).filter(|sku| !sku.unsure) else { continue };
        // of what was sold, what has not come back
        let is = [row.stck_qty, row.hold_qty, row.sold_qty - row.rstk_qty];
        let (expected, what) =
            ([sku.on_hand, sku.held, sku.sold], || format!("SKU {}: on hand, held, sold", row.unt_id));
        found.hold(what, &format!("{is:?}"), &format!("{expected:?}"));
    }
    Ok(())
}

/// Each order's own row, its lines and its settlements.
pub(super) async fn orders(model: &Model, store: &Arc<dyn QueryStore>) -> Vec<String> {
    let mut found = Found::default();
    let read = rows(model, store, &mut found).await;
    found.read(read)
}

async fn rows(model: &Model, store: &Arc<dyn QueryStore>, found: &mut Found) -> Result<(), StoreError> {
    let mut lines: HashMap<Arc<str>, Vec<GdsRow>> = HashMap::new();
    for row in all::<GdsRow>(store).await? {
        lines.entry(Arc::clone(&row.ord_id)).or_default().push(row);
    }
    let mut paid: HashMap<Arc<str>, Vec<StlmRow>> = HashMap::new();
    for row in all::<StlmRow>(store).await? {
        paid.entry(Arc::clone(&row.ord_id)).or_default().push(row);
    }
    let rows: HashMap<Arc<str>, OrdRow> =
        all::<OrdRow>(store).await?.into_iter().map(|row| (Arc::clone(&row.ord_id), row)).collect();
    for order in model.orders().filter(|o| !o.unsure) {
        let lines = lines.get(order.id.as_str()).map_or(&[][..], Vec::as_slice);
        let paid = paid.get(order.id.as_str()).map_or(&[][..], Vec::as_slice);
        one(order, (rows.get(order.id.as_str()), lines, paid), found);
    }
    // of a placement that another lane could not take only its own row is there
    let unsure = |id: &str| model.order(id).is_some_and(|o| o.unsure);
    let made_by_unsure = |id: &str| id.split_once("::").is_some_and(|(parent, _)| unsure(parent));
    for id in lines.keys().filter(|id| !made_by_unsure(id) && model.order(id).is_none()) {
        found.hold(|| format!("order {id}"), "there", "none");
    }
    Ok(())
}

fn one(order: &ModelOrder, (row, lines, paid): (Option<&OrdRow>, &[GdsRow], &[StlmRow]), found: &mut Found) {
    let of = |what: &str| format!("order {}: {what}", order.id);
    if order.failed {
        let is = (lines.len(), paid.len(), row.map_or(0, |row| row.ord_amt));
        return found.hold(|| of("lines, settlements, total"), &format!("{is:?}"), "(0, 0, 0)");
    }
    let is = row.map(|row| (&*row.ord_stat_cd, row.ord_amt, row.due_amt));
    let expected = Some((order.status().code(), order.total(), order.due()));
    found.hold(|| of("status, total, due"), &format!("{is:?}"), &format!("{expected:?}"));
    let is: Vec<String> = lines.iter().map(line).collect();
    let expected: Vec<String> = order.lines.iter().map(should_be).collect();
    found.hold(|| of("lines"), &is.join("; "), &expected.join("; "));
    let money = |row: &StlmRow| [row.pay_amt, row.rfnd_psbl_amt, row.rfnd_plan_amt + row.rfnd_amt, row.rfnd_excl_amt];
    let is: Vec<[i64; 4]> = paid.iter().map(money).collect();
    let expected: Vec<[i64; 4]> =
        order.settlements.iter().map(|s| [s.paid, s.refundable, s.back, s.excluded]).collect();
    found.hold(|| of("paid, refundable, going back, kept back"), &format!("{is:?}"), &format!("{expected:?}"));
    for (row, s) in paid.iter().zip(&order.settlements).filter(|(row, s)| row.rfnd_amt > s.back - s.waits) {
        let most = format!("at most {}", s.back - s.waits);
        found.hold(|| of("given back"), &row.rfnd_amt.to_string(), &most);
    }
}

fn line(row: &GdsRow) -> String {
    let units = [row.ord_qty, row.cncl_qty, row.rtn_acpt_qty, row.rtn_qty, row.exch_acpt_qty, row.exch_qty];
    let stock = [row.hold_qty, row.dduct_qty];
    format!("{} {} {} {units:?} {stock:?}", row.ord_seq, row.unt_id, row.ord_stat_cd)
}

fn should_be(l: &ModelLine) -> String {
    let units = [l.ordered, l.cancelled, l.return_accepted, l.returned, l.exchange_accepted, l.exchanged];
    let stock = [l.held, l.deducted];
    format!("{} {} {} {units:?} {stock:?}", l.no, l.sku, l.shown().code())
}
