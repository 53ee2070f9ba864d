//! Copies: the bulk tables' rows in PostgreSQL's binary COPY format.

use sqlx::PgConnection;

use crate::{
    domain::Time,
    store::{
        Batch,
        row::{Row, Value},
        sql,
    },
};

/// Microseconds from 1970 to PostgreSQL's epoch, 2000-01-01.
const EPOCH_MICROS: i64 = 946_684_800_000_000;
/// What every binary copy begins with: a signature, no flags, no extension.
const HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// Copies the rows that must be new: history, ledger and the placed orders.
pub async fn bulk(connection: &mut PgConnection, batch: &Batch) -> Result<(), sqlx::Error> {
    table(connection, &batch.hist).await?;
    table(connection, &batch.placed.ord).await?;
    table(connection, &batch.placed.gds).await?;
    table(connection, &batch.placed.stlm).await?;
    table(connection, &batch.placed.aprv).await?;
    table(connection, &batch.placed.fee).await?;
    table(connection, &batch.ldgr).await
}

async fn table<R: Row>(connection: &mut PgConnection, rows: &[R]) -> Result<(), sqlx::Error> {
    if rows.is_empty() {
        return Ok(());
    }
    // columns that are NULL in every row are left out: a fresh order has not half of a line's dates
    let used = used(rows);
    let names = R::COLUMNS.iter().zip(&used).filter(|(_, used)| **used).map(|((name, _), _)| *name);
    let statement = format!("COPY {} ({}) FROM STDIN (FORMAT binary)", R::TABLE, sql::list(names, ""));
    let mut copy = connection.copy_in_raw(&statement).await?;
    copy.send(encode(rows, &used)).await?;
    copy.finish().await?;
    Ok(())
}

fn used<R: Row>(rows: &[R]) -> Vec<bool> {
    let mut used = vec![false; R::COLUMNS.len()];
    for row in rows {
        let mut column = used.iter_mut();
        row.each(&mut |value| {
            if let Some(used) = column.next() {
                *used |= !matches!(value, Value::Text(None) | Value::Int(None) | Value::Time(None));
            }
        });
    }
    used
}

fn encode<R: Row>(rows: &[R], used: &[bool]) -> Vec<u8> {
    let columns = i16::try_from(used.iter().filter(|u| **u).count()).unwrap_or(i16::MAX).to_be_bytes();
    let mut bytes = Vec::with_capacity(HEAD.len() + rows.len() * R::COLUMNS.len() * 16);
    bytes.extend_from_slice(HEAD);
    for row in rows {
        bytes.extend_from_slice(&columns);
        let mut used = used.iter();
        row.each(&mut |value| match (used.next(), value) {
            (Some(false) | None, _) => {}
            (_, Value::Text(Some(text))) => element(&mut bytes, text.as_bytes()),
            (_, Value::Int(Some(n))) => element(&mut bytes, &n.to_be_bytes()),
            (_, Value::Bool(b)) => element(&mut bytes, &[u8::from(b)]),
            (_, Value::Time(Some(time))) => element(&mut bytes, &micros(time).to_be_bytes()),
            (_, Value::Text(None) | Value::Int(None) | Value::Time(None)) => {
                bytes.extend_from_slice(&(-1_i32).to_be_bytes());
            }
        });
    }
    bytes.extend_from_slice(&(-1_i16).to_be_bytes());
    bytes
}

fn micros(time: Time) -> i64 {
    time.timestamp_micros() - EPOCH_MICROS
}

fn element(bytes: &mut Vec<u8>, value: &[u8]) {
    // a longer text could not be a command: ids and documents are bounded far below
    bytes.extend_from_slice(&i32::try_from(value.len()).unwrap_or(i32::MAX).to_be_bytes());
    bytes.extend_from_slice(value);
}
