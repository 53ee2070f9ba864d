//! Sample rows: made from their description, so that every column of every table gets a value.

use std::sync::Arc;

use jumun::{
    domain::Time,
    store::{
        Batch, UnitMove, UntRow,
        row::{Read, Row, Type},
        rows::{GdsRow, HistRow, LdgrRow, OrdRow},
    },
};

/// Milliseconds after a day in 2026.
pub fn at(ms: i64) -> Time {
    Time::from_timestamp_millis(1_780_000_000_123 + ms).expect("a time")
}

/// Columns that hold one of a few codes.
fn code(column: &str) -> Option<&'static str> {
    Some(match column {
        "rfnd_stat_cd" => "PLANNED",
        "rsv_stat_cd" => "HELD",
        "prm_knd_cd" => "COUPON",
        "sld_out_cd" => "REFUSE",
        "pnt_knd_cd" => "EARNED",
        "gds_knd_cd" => "GIFT",
        "mvmt_cd" => "DEDUCT",
        "dlv_mthd_cd" => "PARCEL",
        _ => return None,
    })
}

/// Columns that may be null, by trying: the row type itself refuses a null elsewhere.
fn nullable<R: Row>(column: usize) -> bool {
    let values = values::<R>(1, &[]);
    let mut values = values.into_iter().enumerate().map(|(i, value)| if i == column { null(&value) } else { value });
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| R::read(&mut values))).is_ok()
}

fn null(value: &Read) -> Read {
    match value {
        Read::Text(_) => Read::Text(None),
        Read::Int(_) => Read::Int(None),
        Read::Time(_) => Read::Time(None),
        Read::Bool(b) => Read::Bool(!*b),
    }
}

fn values<R: Row>(n: i64, nulls: &[usize]) -> Vec<Read> {
    let value = |(i, (name, kind)): (usize, &(&'static str, Type))| {
        let place = i64::try_from(i).expect("few columns");
        let value = match kind {
            Type::Text => Read::Text(Some(code(name).map_or_else(|| format!("{name}-{n} 'é 한글\""), str::to_owned))),
            // one number for every amount and quantity would break the settlement's sum: only the means have it
            Type::Int if R::TABLE == "tb_od_stlm" && name.ends_with("_amt") => {
                Read::Int(Some(if matches!(*name, "pay_amt" | "rfnd_psbl_amt") { 5_000 + n } else { 0 }))
            }
            Type::Int if name.ends_with("_qty") => Read::Int(Some(if *name == "ord_qty" { 500 } else { place })),
            Type::Int => Read::Int(Some(place * 1_000 + n)),
            Type::Bool => Read::Bool((place + n) % 2 == 0),
            Type::Time => Read::Time(Some(at(place * 1_001 + n))),
        };
        if nulls.contains(&i) { null(&value) } else { value }
    };
    R::COLUMNS.iter().enumerate().map(value).collect()
}

/// A row with a value in every column, of its own for every `n`.
pub fn sample<R: Row>(n: i64) -> R {
    R::read(&mut values::<R>(n, &[]).into_iter())
}

/// A row with null wherever it may be.
pub fn sparse<R: Row>(n: i64) -> R {
    let nulls: Vec<usize> = (0..R::COLUMNS.len())
        .filter(|&i| !matches!(values::<R>(n, &[]).get(i), Some(Read::Bool(_))) && nullable::<R>(i))
        .collect();
    R::read(&mut values::<R>(n, &nulls).into_iter())
}

/// The row's values as a page gives them.
pub fn read<R: Row>(row: &R) -> Vec<Read> {
    use jumun::store::row::Value;
    let mut out = Vec::new();
    row.each(&mut |value| {
        out.push(match value {
            Value::Text(text) => Read::Text(text.map(str::to_owned)),
            Value::Int(n) => Read::Int(n),
            Value::Bool(b) => Read::Bool(b),
            Value::Time(time) => Read::Time(time),
        });
    });
    out
}

/// A batch with two rows in every table, the second one as empty as it may be.
pub fn fill(batch: &mut Batch) {
    batch.hist = vec![sample(1), sparse(2)];
    batch.changed.ord = vec![sample(1), sparse(2)];
    batch.changed.gds = vec![sample(1), sparse(2)];
    batch.changed.stlm = vec![sample(1), sparse(2)];
    batch.changed.aprv = vec![sample(1), sparse(2)];
    batch.rfnd = vec![sample(1), sparse(2)];
    batch.cncl = vec![sample(1), sparse(2)];
    batch.changed.fee = vec![sample(1), sparse(2)];
    batch.dscnt = vec![sample(1), sparse(2)];
    batch.pnt = vec![sample(1), sparse(2)];
    batch.prsn = vec![sample(1), sparse(2)];
    batch.ldgr = vec![sample(1), sparse(2)];
    batch.units = vec![sample(1), sparse(2)];
    batch.pd_gds = vec![sample(1), sparse(2)];
    batch.tmpl = vec![sample(1), sparse(2)];
    batch.prm = vec![sample(1), sparse(2)];
    batch.gft = vec![sample(1), sparse(2)];
    batch.gft_prm = vec![sample(1), sparse(2)];
    batch.gft_prm_gds = vec![sample(1), sparse(2)];
    batch.gft_prm_unt = vec![sample(1), sparse(2)];
    batch.cmpn = vec![sample(1), sparse(2)];
    batch.cmd = vec![sample(1), sparse(2)];
    batch.otbx = vec![sample(1), sparse(2)];
    batch.rsv = vec![sample(1), sparse(2)];
}

/// An event of an order, made by a command.
pub fn hist(ord_id: &str, hist_no: i64, cmd_id: &str, cmd_evnt_no: i64) -> HistRow {
    let row: HistRow = sample(1);
    HistRow { ord_id: ord_id.into(), hist_no, cmd_id: cmd_id.into(), cmd_evnt_no, ..row }
}

/// An order of partition 0.
pub fn ord(ord_id: &str, due: Option<Time>) -> OrdRow {
    OrdRow { ord_id: ord_id.into(), prtn_no: 0, due_dttm: due, ..sample::<OrdRow>(1) }
}

/// A line of an order.
pub fn gds(ord_id: &str) -> GdsRow {
    GdsRow { ord_id: ord_id.into(), ord_seq: 1, ..sample::<GdsRow>(1) }
}

/// A SKU with `stck` on hand.
pub fn unit(unt_id: &str, stck: i64) -> UntRow {
    let row: UntRow = sample(1);
    UntRow { unt_id: unt_id.into(), stck_qty: stck, hold_qty: 0, sold_qty: 0, ldgr_no: 0, rstk_qty: 0, ..row }
}

/// The sale of `qty` units that leaves `left`.
pub fn sell(unt_id: &str, qty: i64, left: i64) -> UnitMove {
    UnitMove {
        unt_id: unt_id.into(),
        stck_dlt: -qty,
        hold_dlt: 0,
        sold_dlt: qty,
        rstk_dlt: 0,
        ldgr_no: 1,
        expect_stck: left,
    }
}

/// A ledger row by which a customer of a campaign used `dlt` units.
pub fn ldgr(unt_id: &str, ldgr_no: i64, cmpn_id: &str, cust_id: &str, dlt: i64) -> LdgrRow {
    LdgrRow {
        unt_id: unt_id.into(),
        ldgr_no,
        cmpn_id: Some(cmpn_id.into()),
        cust_id: Some(cust_id.into()),
        cmpn_dlt: dlt,
        ..sample::<LdgrRow>(ldgr_no)
    }
}

/// Ids.
pub fn ids(ids: &[&str]) -> Vec<Arc<str>> {
    ids.iter().map(|&id| id.into()).collect()
}
