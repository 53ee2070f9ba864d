//! SQL made from the rows' descriptions, in the words that PostgreSQL and SQLite share.

use std::{borrow::Cow, collections::HashMap};

use super::{
    Batch, External, TableRef, UnitMove, UntRow,
    row::{Row, Write},
};

/// Something done to every list of a batch, in one order.
pub(super) trait Visit {
    /// Called once a table; `hot` marks the tables that nearly every batch writes.
    fn table<R: Row>(&mut self, rows: &[R], hot: bool);
}

/// Shows all lists of a batch to `visit`, always in the same order; `units` stands in for `batch.units`.
pub(super) fn each_table(batch: &Batch, units: &[UntRow], visit: &mut impl Visit) {
    visit.table(&batch.hist, true);
    visit.table(&batch.ord, true);
    visit.table(&batch.gds, true);
    visit.table(&batch.stlm, true);
    visit.table(&batch.aprv, true);
    visit.table(&batch.fee, true);
    visit.table(&batch.ldgr, true);
    visit.table(&batch.rfnd, false);
    visit.table(&batch.cncl, false);
    visit.table(&batch.dscnt, false);
    visit.table(&batch.pnt, false);
    visit.table(&batch.prsn, false);
    visit.table(units, false);
    visit.table(&batch.pd_gds, false);
    visit.table(&batch.tmpl, false);
    visit.table(&batch.prm, false);
    visit.table(&batch.cmpn, false);
    visit.table(&batch.cmd, false);
    visit.table(&batch.otbx, false);
    visit.table(&batch.rsv, false);
}

/// A batch's units and moves, after the moves of its new units went into the units themselves.
pub(super) struct Folded<'a> {
    pub units: Cow<'a, [UntRow]>,
    pub moves: Vec<&'a UnitMove>,
    pub external: Vec<External>,
}

/// Folds the moves of new units into their rows: a statement's UPDATE can't see the rows that it inserts itself.
pub(super) fn fold(batch: &Batch) -> Folded<'_> {
    if batch.units.is_empty() {
        return Folded { units: Cow::Borrowed(&[]), moves: batch.moves.iter().collect(), external: Vec::new() };
    }
    let mut units = batch.units.clone();
    let places: HashMap<_, _> = batch.units.iter().enumerate().map(|(i, u)| (&*u.unt_id, i)).collect();
    let (mut moves, mut external) = (Vec::new(), Vec::new());
    for step in &batch.moves {
        let Some(unit) = places.get(&*step.unt_id).and_then(|&i| units.get_mut(i)) else {
            moves.push(step);
            continue;
        };
        unit.stck_qty += step.stck_dlt;
        unit.hold_qty += step.hold_dlt;
        unit.sold_qty += step.sold_dlt;
        unit.ldgr_no = step.ldgr_no;
        if unit.stck_qty != step.expect_stck {
            external.push(External { unt_id: step.unt_id.clone(), delta: unit.stck_qty - step.expect_stck });
        }
    }
    Folded { units: Cow::Owned(units), moves, external }
}

/// `a, b, c`, each with `prefix` before it.
pub(super) fn list<'a>(names: impl Iterator<Item = &'a str>, prefix: &str) -> String {
    names.map(|name| format!("{prefix}{name}")).collect::<Vec<_>>().join(", ")
}

/// The columns of a row type, each with `prefix` before it.
pub(super) fn columns<R: Row>(prefix: &str) -> String {
    list(R::COLUMNS.iter().map(|(name, _)| *name), prefix)
}

/// `INSERT INTO … AS t (…) `, to be followed by the rows.
pub(super) fn insert_head<R: Row>() -> String {
    format!("INSERT INTO {} AS t ({}) ", R::TABLE, columns::<R>(""))
}

/// What follows the rows of an insert: nothing, or the replacing of rows that are there and differ.
pub(super) fn insert_tail<R: Row>() -> String {
    if R::WRITE == Write::Insert {
        return String::new();
    }
    let rest: Vec<&str> = R::COLUMNS.iter().map(|(name, _)| *name).filter(|name| !R::KEY.contains(name)).collect();
    let set = rest.iter().map(|name| format!("{name} = excluded.{name}")).collect::<Vec<_>>().join(", ");
    format!(
        " ON CONFLICT ({}) DO UPDATE SET {set} WHERE ({}) IS DISTINCT FROM ({})",
        R::KEY.join(", "),
        list(rest.iter().copied(), "t."),
        list(rest.iter().copied(), "excluded."),
    )
}

/// A page of a table: rows after a key (when `after`), in key order; the limit is the last parameter.
pub(super) fn page(table: &TableRef, after: bool) -> String {
    let names = list(table.columns.iter().map(|(name, _)| *name), "");
    let key = table.key.join(", ");
    let filter = if after {
        let values: Vec<String> = (1..=table.key.len()).map(|n| format!("${n}")).collect();
        format!(" WHERE ({key}) > ({})", values.join(", "))
    } else {
        String::new()
    };
    let limit = if after { table.key.len() + 1 } else { 1 };
    format!("SELECT {names} FROM {}{filter} ORDER BY {key} LIMIT ${limit}", table.name)
}
