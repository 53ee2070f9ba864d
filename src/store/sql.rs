//! SQL made from the rows' descriptions, in the words that PostgreSQL and SQLite share.

use std::{borrow::Cow, collections::HashMap};

use sqlx::migrate::{Migration, Migrator};

use super::{
    Batch, External, StoreError, TableRef, UnitMove, UntRow,
    row::{Read, Row, Write},
    table,
};

/// Whether all migrations of this version are among those that were done.
pub(super) fn complete(ours: &Migrator, done: &[i64]) -> Result<(), StoreError> {
    let lacking = |m: &&Migration| m.migration_type.is_up_migration() && !done.contains(&m.version);
    let lacking: Vec<String> =
        ours.iter().filter(lacking).map(|m| format!("{:04} {}", m.version, m.description)).collect();
    if lacking.is_empty() {
        return Ok(());
    }
    Err(StoreError::Unavailable(format!(
        "the schema is behind this version: it lacks {}. `jumun migrate` brings it here, as the schema's owner",
        lacking.join(", ")
    )))
}

/// How a list of a batch is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteMode {
    /// nearly every batch has it, much of it: rows that must be new
    Bulk,
    /// as the row type says
    Usual,
}

/// Something done to every list of a batch, in one order.
pub(super) trait Visit {
    /// Called once a list.
    fn table<R: Row>(&mut self, rows: &[R], how: WriteMode);
}

/// Shows all lists of a batch to `visit`, always in the same order; `units` stands in for `batch.units`.
pub(super) fn each_table(batch: &Batch, units: &[UntRow], visit: &mut impl Visit) {
    visit.table(&batch.hist, WriteMode::Bulk);
    visit.table(&batch.placed.ord, WriteMode::Bulk);
    visit.table(&batch.placed.gds, WriteMode::Bulk);
    visit.table(&batch.placed.stlm, WriteMode::Bulk);
    visit.table(&batch.placed.aprv, WriteMode::Bulk);
    visit.table(&batch.placed.fee, WriteMode::Bulk);
    visit.table(&batch.ldgr, WriteMode::Bulk);
    visit.table(&batch.changed.ord, WriteMode::Usual);
    visit.table(&batch.changed.gds, WriteMode::Usual);
    visit.table(&batch.changed.stlm, WriteMode::Usual);
    visit.table(&batch.changed.aprv, WriteMode::Usual);
    visit.table(&batch.changed.fee, WriteMode::Usual);
    visit.table(&batch.rgst, WriteMode::Usual);
    visit.table(&batch.rfnd, WriteMode::Usual);
    visit.table(&batch.cncl, WriteMode::Usual);
    visit.table(&batch.dscnt, WriteMode::Usual);
    visit.table(&batch.gft, WriteMode::Usual);
    visit.table(&batch.pnt, WriteMode::Usual);
    visit.table(&batch.prsn, WriteMode::Usual);
    visit.table(&batch.prcr, WriteMode::Usual);
    visit.table(&batch.lnk, WriteMode::Usual);
    visit.table(&batch.wybl, WriteMode::Usual);
    visit.table(&batch.rtn, WriteMode::Usual);
    visit.table(&batch.exch, WriteMode::Usual);
    visit.table(&batch.rvw, WriteMode::Usual);
    visit.table(&batch.adit, WriteMode::Usual);
    visit.table(units, WriteMode::Usual);
    visit.table(&batch.pd_gds, WriteMode::Usual);
    visit.table(&batch.tmpl, WriteMode::Usual);
    visit.table(&batch.prm, WriteMode::Usual);
    visit.table(&batch.gft_prm, WriteMode::Usual);
    visit.table(&batch.gft_prm_gds, WriteMode::Usual);
    visit.table(&batch.gft_prm_unt, WriteMode::Usual);
    visit.table(&batch.ptnr, WriteMode::Usual);
    visit.table(&batch.ptnr_byr, WriteMode::Usual);
    visit.table(&batch.cmpn, WriteMode::Usual);
    visit.table(&batch.cmpn_trm, WriteMode::Usual);
    visit.table(&batch.cmd, WriteMode::Usual);
    visit.table(&batch.otbx, WriteMode::Usual);
    visit.table(&batch.rsv, WriteMode::Usual);
}

/// The lists of a batch that are not empty, as read values.
pub(super) fn written(batch: &Batch) -> Vec<(TableRef, Vec<Vec<Read>>)> {
    struct Lists(Vec<(TableRef, Vec<Vec<Read>>)>);
    impl Visit for Lists {
        fn table<R: Row>(&mut self, rows: &[R], _: WriteMode) {
            if rows.is_empty() {
                return;
            }
            let values = |row: &R| {
                let mut values = Vec::with_capacity(R::COLUMNS.len());
                row.each(&mut |value| values.push(value.into()));
                values
            };
            self.0.push((table::<R>(), rows.iter().map(values).collect()));
        }
    }
    let mut lists = Lists(Vec::new());
    each_table(batch, &batch.units, &mut lists);
    lists.0
}

/// A batch's units and moves, after the moves of its new units went into the units themselves.
pub(super) struct FoldedBatch<'a> {
    pub units: Cow<'a, [UntRow]>,
    pub moves: Vec<&'a UnitMove>,
    pub external: Vec<External>,
}

/// Folds the moves of new units into their rows: a statement's UPDATE can't see the rows that it inserts itself.
pub(super) fn fold(batch: &Batch) -> FoldedBatch<'_> {
    if batch.units.is_empty() {
        return FoldedBatch { units: Cow::Borrowed(&[]), moves: batch.moves.iter().collect(), external: Vec::new() };
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
        unit.rstk_qty += step.rstk_dlt;
        unit.ldgr_no = step.ldgr_no;
        if unit.stck_qty != step.expect_stck {
            external.push(External { unt_id: step.unt_id.clone(), delta: unit.stck_qty - step.expect_stck });
        }
    }
    FoldedBatch { units: Cow::Owned(units), moves, external }
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
pub(super) fn insert_tail<R: Row>(how: WriteMode) -> String {
    if R::WRITE == Write::Insert || how == WriteMode::Bulk {
        return String::new();
    }
    let rest: Vec<&str> = R::COLUMNS.iter().map(|(name, _)| *name).filter(|name| !R::KEY.contains(name)).collect();
    let new = |name: &str| {
        if R::ONCE.contains(&name) {
            format!("COALESCE(t.{name}, excluded.{name})")
        } else if R::KEPT.contains(&name) {
            format!("COALESCE(excluded.{name}, t.{name})")
        } else {
            format!("excluded.{name}")
        }
    };
    let set = rest.iter().map(|name| format!("{name} = {}", new(name))).collect::<Vec<_>>().join(", ");
    format!(
        " ON CONFLICT ({}) DO UPDATE SET {set} WHERE ({}) IS DISTINCT FROM ({})",
        R::KEY.join(", "),
        list(rest.iter().copied(), "t."),
        rest.iter().map(|name| new(name)).collect::<Vec<_>>().join(", "),
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
