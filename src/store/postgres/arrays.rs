//! Columns of many rows as PostgreSQL's binary arrays or single values, written in one pass over the rows.

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

/// The most that is reserved on a guess.
const RESERVE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// One column of a list of rows: one value while all rows have the same, an array from the first that differs.
///
/// An array costs the server ten times a value, and most columns of a sale's rows never differ.
#[derive(Debug)]
pub struct ArrayColumn<'a> {
    kind: Type,
    rows: i32,
    /// what all rows had so far; `None` once it is an array, and before the first row
    same: Option<Value<'a>>,
    array: bool,
    nulls: bool,
    bytes: Vec<u8>,
    capacity: usize,
}

impl<'a> ArrayColumn<'a> {
    /// An empty column for about `rows`.
    pub fn new(kind: Type, rows: usize) -> Self {
        Self { kind, rows: 0, same: None, array: false, nulls: false, bytes: Vec::new(), capacity: rows }
    }

    /// One that is an array from the start, and need not compare; written into the empty `bytes`.
    pub fn array(kind: Type, rows: usize, bytes: Vec<u8>) -> Self {
        Self { array: true, bytes, ..Self::new(kind, rows) }
    }

    /// What it was written into, emptied.
    pub fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.clear();
        self.bytes
    }

    /// About how many bytes it will take as an argument.
    pub fn len(&self) -> usize {
        self.bytes.len() + 64
    }

    /// Whether it is an array.
    pub fn is_array(&self) -> bool {
        self.array
    }

    /// Adds a row's value. A value of another type than the column's would be refused by the server.
    pub fn push(&mut self, value: Value<'a>) {
        if !self.array {
            if self.same.is_none_or(|same| same == value) {
                self.same = Some(value);
                self.rows += 1;
                return;
            }
            self.widen();
        }
        self.rows += 1;
        self.element(value);
    }

    /// From here on an array, of what the rows had so far.
    fn widen(&mut self) {
        self.array = true;
        if let Some(same) = self.same.take() {
            for _ in 0..self.rows {
                self.element(same);
            }
        }
    }

    fn element(&mut self, value: Value<'_>) {
        let at = self.bytes.len();
        if at == 0 {
            let width = match value {
                Value::Text(text) => text.map_or(24, |text| text.len() + 8), // the others will be about as long
                Value::Int(_) | Value::Time(_) => 12,
                Value::Bool(_) => 5,
            };
            self.bytes.reserve((self.capacity * width).min(RESERVE_BYTES_MAX));
        }
        self.bytes.extend_from_slice(&(-1_i32).to_be_bytes());
        if write(value, &mut self.bytes) {
            // a longer text could not be a command: ids and documents are bounded far below
            let len = i32::try_from(self.bytes.len() - at - 4).unwrap_or(i32::MAX);
            self.bytes[at..at + 4].copy_from_slice(&len.to_be_bytes());
        } else {
            self.nulls = true;
        }
    }
}

/// Writes a value as the server reads it; `false` for NULL.
fn write(value: Value<'_>, bytes: &mut Vec<u8>) -> bool {
    match value {
        Value::Text(Some(text)) => bytes.extend_from_slice(text.as_bytes()),
        Value::Int(Some(n)) => bytes.extend_from_slice(&n.to_be_bytes()),
        Value::Bool(b) => bytes.push(u8::from(b)),
        Value::Time(Some(time)) => {
            bytes.extend_from_slice(&(time.timestamp_micros() - EPOCH_MICROS).to_be_bytes());
        }
        Value::Text(None) | Value::Int(None) | Value::Time(None) => return false,
    }
    true
}

/// A text array.
pub fn texts<'a>(texts: impl ExactSizeIterator<Item = &'a str>) -> ArrayColumn<'a> {
    let mut column = ArrayColumn::array(Type::Text, texts.len(), Vec::new());
    texts.for_each(|text| column.push(Value::Text(Some(text))));
    column
}

/// An integer array.
pub fn ints(ints: impl ExactSizeIterator<Item = i64>) -> ArrayColumn<'static> {
    let mut column = ArrayColumn::array(Type::Int, ints.len(), Vec::new());
    ints.for_each(|n| column.push(Value::Int(Some(n))));
    column
}

/// All columns of the rows; those whose bit is set in `arrays` are arrays whatever they hold, written into what `bytes` gives.
pub fn table<R: Row>(rows: &[R], arrays: u64, mut bytes: impl FnMut() -> Vec<u8>) -> Vec<ArrayColumn<'_>> {
    const { assert!(R::COLUMNS.len() <= 64, "a bit a column") };
    let mut columns: Vec<ArrayColumn<'_>> = R::COLUMNS
        .iter()
        .enumerate()
        .map(|(i, (_, kind))| match arrays & (1 << i) {
            0 => ArrayColumn::new(*kind, rows.len()),
            _ => ArrayColumn::array(*kind, rows.len(), bytes()),
        })
        .collect();
    for row in rows {
        let mut column = columns.iter_mut();
        row.each(&mut |value| {
            if let Some(column) = column.next() {
                column.push(value);
            }
        });
    }
    // the rows come from the arrays, so there must be one
    if !columns.iter().any(ArrayColumn::is_array)
        && let Some(first) = columns.first_mut()
    {
        first.widen();
    }
    columns
}

impl SqlType<Postgres> for ArrayColumn<'_> {
    fn type_info() -> PgTypeInfo {
        <Vec<String> as SqlType<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for ArrayColumn<'_> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        if !self.array {
            let mut bytes = Vec::new();
            let there = self.same.is_some_and(|same| write(same, &mut bytes));
            buffer.extend_from_slice(&bytes);
            return Ok(if there { IsNull::No } else { IsNull::Yes });
        }
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
        if !self.array {
            return Some(match self.kind {
                Type::Text => <String as SqlType<Postgres>>::type_info(),
                Type::Int => <i64 as SqlType<Postgres>>::type_info(),
                Type::Bool => <bool as SqlType<Postgres>>::type_info(),
                Type::Time => <Time as SqlType<Postgres>>::type_info(),
            });
        }
        Some(match self.kind {
            Type::Text => <Vec<String> as SqlType<Postgres>>::type_info(),
            Type::Int => <Vec<i64> as SqlType<Postgres>>::type_info(),
            Type::Bool => <Vec<bool> as SqlType<Postgres>>::type_info(),
            Type::Time => <Vec<Time> as SqlType<Postgres>>::type_info(),
        })
    }
}
