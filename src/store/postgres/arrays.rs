//! Columns of many rows as PostgreSQL's binary arrays, written in one pass over the rows.

use sqlx::{
    Encode, Postgres, Type as SqlType,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgTypeInfo},
};

use crate::{
    domain::Time,
    store::row::{Row, Type, Value},
};

/// Microseconds from 1970 to PostgreSQL's epoch, 2000-01-01.
const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// One column: its elements, encoded.
#[derive(Debug)]
pub struct Column {
    kind: Type,
    rows: i32,
    nulls: bool,
    bytes: Vec<u8>,
}

impl Column {
    /// An empty column with room for `rows`.
    pub fn new(kind: Type, rows: usize) -> Self {
        let width = match kind {
            Type::Text => 24,
            Type::Int | Type::Time => 12,
            Type::Bool => 5,
        };
        Self { kind, rows: 0, nulls: false, bytes: Vec::with_capacity(rows * width) }
    }

    /// Adds an element. A value of another type than the column's would be refused by the server.
    pub fn push(&mut self, value: Value<'_>) {
        self.rows += 1;
        match value {
            Value::Text(Some(text)) => self.element(text.as_bytes()),
            Value::Int(Some(n)) => self.element(&n.to_be_bytes()),
            Value::Bool(b) => self.element(&[u8::from(b)]),
            Value::Time(Some(time)) => self.element(&(time.timestamp_micros() - EPOCH_MICROS).to_be_bytes()),
            Value::Text(None) | Value::Int(None) | Value::Time(None) => {
                self.nulls = true;
                self.bytes.extend_from_slice(&(-1_i32).to_be_bytes());
            }
        }
    }

    fn element(&mut self, bytes: &[u8]) {
        // a longer text could not be a command: ids and documents are bounded far below
        let len = i32::try_from(bytes.len()).unwrap_or(i32::MAX);
        self.bytes.extend_from_slice(&len.to_be_bytes());
        self.bytes.extend_from_slice(bytes);
    }
}

/// A text column of these ids.
pub fn texts<'a>(texts: impl ExactSizeIterator<Item = &'a str>) -> Column {
    let mut column = Column::new(Type::Text, texts.len());
    texts.for_each(|text| column.push(Value::Text(Some(text))));
    column
}

/// An integer column.
pub fn ints(ints: impl ExactSizeIterator<Item = i64>) -> Column {
    let mut column = Column::new(Type::Int, ints.len());
    ints.for_each(|n| column.push(Value::Int(Some(n))));
    column
}

/// All columns of the rows.
pub fn table<R: Row>(rows: &[&R]) -> Vec<Column> {
    let mut columns: Vec<Column> = R::COLUMNS.iter().map(|(_, kind)| Column::new(*kind, rows.len())).collect();
    for row in rows {
        let mut column = columns.iter_mut();
        row.each(&mut |value| {
            if let Some(column) = column.next() {
                column.push(value);
            }
        });
    }
    columns
}

impl SqlType<Postgres> for Column {
    fn type_info() -> PgTypeInfo {
        <Vec<String> as SqlType<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for Column {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let element: u32 = match self.kind {
            Type::Text => 25,
            Type::Int => 20,
            Type::Bool => 16,
            Type::Time => 1184,
        };
        let dimensions = i32::from(self.rows > 0);
        buffer.extend_from_slice(&dimensions.to_be_bytes());
        buffer.extend_from_slice(&i32::from(self.nulls).to_be_bytes());
        buffer.extend_from_slice(&element.to_be_bytes());
        if self.rows > 0 {
            buffer.extend_from_slice(&self.rows.to_be_bytes());
            buffer.extend_from_slice(&1_i32.to_be_bytes());
            buffer.extend_from_slice(&self.bytes);
        }
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(match self.kind {
            Type::Text => <Vec<String> as SqlType<Postgres>>::type_info(),
            Type::Int => <Vec<i64> as SqlType<Postgres>>::type_info(),
            Type::Bool => <Vec<bool> as SqlType<Postgres>>::type_info(),
            Type::Time => <Vec<Time> as SqlType<Postgres>>::type_info(),
        })
    }
}
