//! How a table's row looks to jumun: one description a table, from which every adapter makes its SQL.

use std::{borrow::Cow, sync::Arc};

use crate::domain::Time;

/// A column's type. Money is whole won in an integer; times are UTC, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    Text,
    Int,
    Bool,
    Time,
}

/// A value on its way into a table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    Text(Option<&'a str>),
    Int(Option<i64>),
    Bool(bool),
    Time(Option<Time>),
}

/// A value read from a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Read {
    Text(Option<String>),
    Int(Option<i64>),
    Bool(bool),
    Time(Option<Time>),
}

impl From<Value<'_>> for Read {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Text(text) => Read::Text(text.map(str::to_owned)),
            Value::Int(n) => Read::Int(n),
            Value::Bool(b) => Read::Bool(b),
            Value::Time(time) => Read::Time(time),
        }
    }
}

/// What a bulk write does with a row whose key is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// The row must be new; one that is there already is a conflict, and the whole batch is rolled back.
    Insert,
    /// The row replaces the one with its key.
    Upsert,
}

/// A row of one table.
pub trait Row: Clone + Send + Sync + PartialEq + std::fmt::Debug + 'static {
    const TABLE: &'static str;
    /// The table that its rows are archived in, where they are.
    const ARCHIVE: &'static str;
    const WRITE: Write;
    const KEY: &'static [&'static str];
    /// Columns that an upsert leaves as they are where it has nothing for them.
    const KEPT: &'static [&'static str] = &[];
    /// Columns that an upsert never changes once they hold something: words, which are erased there and not in memory.
    const ONCE: &'static [&'static str] = &[];
    const COLUMNS: &'static [(&'static str, Type)];
    /// The values in the order of [`Row::COLUMNS`].
    fn each<'a>(&'a self, put: &mut dyn FnMut(Value<'a>));
    /// Rebuilds a row from values in the order of [`Row::COLUMNS`].
    fn read(values: &mut dyn Iterator<Item = Read>) -> Self;
}

/// A Rust type that can stand in a column.
pub trait Cell: Clone + PartialEq + std::fmt::Debug {
    const TYPE: Type;
    fn value(&self) -> Value<'_>;
    fn read(value: Read) -> Self;
}

#[cold]
#[expect(clippy::panic, reason = "a row struct that disagrees with its own column list is a programming error")]
fn mismatch(value: &Read) -> ! {
    panic!("a column holds {value:?}, which its row does not take")
}

macro_rules! cell {
    ($rust:ty, $kind:ident, |$me:ident| $to:expr, |$got:ident| $from:expr) => {
        impl Cell for $rust {
            const TYPE: Type = Type::$kind;
            fn value(&self) -> Value<'_> {
                let $me = self;
                Value::$kind($to)
            }
            fn read(value: Read) -> Self {
                match value {
                    Read::$kind(Some($got)) => $from,
                    other => mismatch(&other),
                }
            }
        }
        impl Cell for Option<$rust> {
            const TYPE: Type = Type::$kind;
            fn value(&self) -> Value<'_> {
                match self {
                    Some($me) => Value::$kind($to),
                    None => Value::$kind(None),
                }
            }
            fn read(value: Read) -> Self {
                match value {
                    Read::$kind(Some($got)) => Some($from),
                    Read::$kind(None) => None,
                    other => mismatch(&other),
                }
            }
        }
    };
}

cell!(Arc<str>, Text, |s| Some(s), |s| s.into());
cell!(Cow<'static, str>, Text, |s| Some(&**s), |s| Cow::Owned(s));
cell!(String, Text, |s| Some(s.as_str()), |s| s);
cell!(i64, Int, |n| Some(*n), |n| n);
cell!(Time, Time, |t| Some(*t), |t| t);

impl Cell for bool {
    const TYPE: Type = Type::Bool;
    fn value(&self) -> Value<'_> {
        Value::Bool(*self)
    }
    #[expect(clippy::wildcard_enum_match_arm, reason = "every other kind is the same mistake")]
    fn read(value: Read) -> Self {
        match value {
            Read::Bool(b) => b,
            other => mismatch(&other),
        }
    }
}

/// Declares a row: its struct, its table, its key and its columns, from one list.
macro_rules! row {
    ($(#[$doc:meta])* $name:ident => $table:literal, $write:ident, key($($key:literal),+) $(kept($($kept:literal),+))?
        $(once($($once:literal),+))? {
        $($(#[$cdoc:meta])* $col:ident : $ty:ty),+ $(,)?
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name { $($(#[$cdoc])* pub $col: $ty),+ }

        impl $crate::store::row::Row for $name {
            const TABLE: &'static str = $table;
            const ARCHIVE: &'static str = concat!($table, "_arch");
            const WRITE: $crate::store::row::Write = $crate::store::row::Write::$write;
            const KEY: &'static [&'static str] = &[$($key),+];
            $(const KEPT: &'static [&'static str] = &[$($kept),+];)?
            $(const ONCE: &'static [&'static str] = &[$($once),+];)?
            const COLUMNS: &'static [(&'static str, $crate::store::row::Type)] =
                &[$((stringify!($col), <$ty as $crate::store::row::Cell>::TYPE)),+];
            fn each<'a>(&'a self, put: &mut dyn FnMut($crate::store::row::Value<'a>)) {
                $(put($crate::store::row::Cell::value(&self.$col));)+
            }
            fn read(values: &mut dyn Iterator<Item = $crate::store::row::Read>) -> Self {
                $(let $col = <$ty as $crate::store::row::Cell>::read(
                    values.next().unwrap_or($crate::store::row::Read::Text(None)));)+
                Self { $($col),+ }
            }
        }
    };
}
pub(crate) use row;
