//! Values on their way into and out of SQLite: times are milliseconds, booleans 0 or 1, sets JSON arrays.

use chrono::DateTime;
use sqlx::{Arguments as _, Row as _, error::BoxDynError, sqlite::SqliteArguments, sqlite::SqliteRow};

use crate::store::{
    StoreError,
    row::{Read, Type, Value},
    sql_store::Bind,
};

/// A set of ids as the JSON array that `json_each` takes.
pub fn set<'a>(ids: impl Iterator<Item = &'a str>) -> Result<String, BoxDynError> {
    Ok(serde_json::to_string(&ids.collect::<Vec<_>>())?)
}

/// Adds a row's value.
pub fn add(arguments: &mut SqliteArguments, value: Value<'_>) -> Result<(), BoxDynError> {
    match value {
        Value::Text(text) => arguments.add(text),
        Value::Int(n) => arguments.add(n),
        Value::Bool(b) => arguments.add(i64::from(b)),
        Value::Time(time) => arguments.add(time.map(|t| t.timestamp_millis())),
    }
}

/// The arguments of a statement.
pub fn arguments(binds: Vec<Bind>) -> Result<SqliteArguments, StoreError> {
    let mut arguments = SqliteArguments::default();
    for bind in binds {
        let added = match bind {
            Bind::Texts(texts) => set(texts.iter().map(String::as_str)).and_then(|json| arguments.add(json)),
            Bind::Text(text) => arguments.add(text),
            Bind::Int(n) => arguments.add(n),
            Bind::Time(time) => arguments.add(time.timestamp_millis()),
        };
        added.map_err(|e| StoreError::Refused(e.to_string()))?;
    }
    Ok(arguments)
}

/// A row's values by their types.
pub fn decode(row: &SqliteRow, types: &[Type]) -> Result<Vec<Read>, StoreError> {
    let read = |(i, kind): (usize, &Type)| {
        Ok(match kind {
            Type::Text => Read::Text(row.try_get(i)?),
            Type::Int => Read::Int(row.try_get(i)?),
            Type::Bool => Read::Bool(row.try_get::<i64, _>(i)? != 0),
            Type::Time => Read::Time(row.try_get::<Option<i64>, _>(i)?.and_then(DateTime::from_timestamp_millis)),
        })
    };
    let values: Result<Vec<Read>, sqlx::Error> = types.iter().enumerate().map(read).collect();
    values.map_err(|e| super::fault(&e))
}
