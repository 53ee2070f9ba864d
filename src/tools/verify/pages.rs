//! Tables as streams of rows, a page at a time, in the order of a key. Ids compare as bytes in every database, so two
//! tables can be merged by an id.

use std::{collections::VecDeque, hash::Hash, sync::Arc};

use crate::{
    domain::Time,
    store::{
        QueryStore, StoreError, TableRef,
        row::{Read, Row, Value},
        rows::{
            AprvRow, CnclRow, DscntRow, ExchRow, FeeRow, GdsRow, GftRow, HistRow, LnkRow, OrdRow, PntRow, PrcrRow,
            RtnRow, RvwRow, StlmRow, WyblRow,
        },
        table,
    },
};

/// A table being read.
pub struct TableReader<R> {
    store: Arc<dyn QueryStore>,
    table: TableRef,
    page: u32,
    after: Option<Vec<Read>>,
    ready: VecDeque<R>,
    done: bool,
}

impl<R: Row> TableReader<R> {
    /// By the table's own key.
    pub fn new(store: &Arc<dyn QueryStore>, page: u32) -> Self {
        Self::by(store, page, R::KEY)
    }

    /// Of the archive.
    pub fn archived(store: &Arc<dyn QueryStore>, page: u32) -> Self {
        let mut rows = Self::new(store, page);
        rows.table.name = R::ARCHIVE;
        rows
    }

    /// By another unique key.
    pub fn by(store: &Arc<dyn QueryStore>, page: u32, key: &'static [&'static str]) -> Self {
        let table = TableRef { key, ..table::<R>() };
        Self { store: Arc::clone(store), table, page, after: None, ready: VecDeque::new(), done: false }
    }

    /// Of the archive, by another unique key.
    pub fn archived_by(store: &Arc<dyn QueryStore>, page: u32, key: &'static [&'static str]) -> Self {
        let mut rows = Self::by(store, page, key);
        rows.table.name = R::ARCHIVE;
        rows
    }

    async fn fill(&mut self) -> Result<(), StoreError> {
        if self.done || !self.ready.is_empty() {
            return Ok(());
        }
        let rows = self.store.page(self.table, self.after.take(), self.page).await?;
        self.done = rows.len() < usize::try_from(self.page).unwrap_or(usize::MAX);
        if let Some(last) = rows.last() {
            let place = |name: &&str| self.table.columns.iter().position(|(column, _)| column == name);
            self.after = Some(self.table.key.iter().filter_map(place).filter_map(|i| last.get(i).cloned()).collect());
        }
        self.ready.extend(rows.into_iter().map(|values| R::read(&mut values.into_iter())));
        Ok(())
    }

    /// The next row, left where it is.
    pub async fn peek(&mut self) -> Result<Option<&R>, StoreError> {
        self.fill().await?;
        Ok(self.ready.front())
    }

    /// The next row.
    pub async fn next(&mut self) -> Result<Option<R>, StoreError> {
        self.fill().await?;
        Ok(self.ready.pop_front())
    }

    /// The next page's rows, all of them.
    pub async fn chunk(&mut self) -> Result<Vec<R>, StoreError> {
        self.fill().await?;
        Ok(self.ready.drain(..).collect())
    }
}

/// A row of an order.
pub trait OfOrder: Row {
    fn ord_id(&self) -> &Arc<str>;
}

macro_rules! of_order {
    ($($row:ty),+) => { $(impl OfOrder for $row { fn ord_id(&self) -> &Arc<str> { &self.ord_id } })+ };
}
of_order!(
    HistRow, OrdRow, GdsRow, GftRow, StlmRow, AprvRow, CnclRow, FeeRow, DscntRow, PntRow, PrcrRow, WyblRow, RtnRow,
    ExchRow, RvwRow
);

impl OfOrder for LnkRow {
    fn ord_id(&self) -> &Arc<str> {
        &self.prnt_ord_id
    }
}

impl<R: OfOrder> TableReader<R> {
    /// The rows of an order; what lies before it belongs to no order that has a history, and is told to `orphan`.
    pub async fn of(&mut self, ord_id: &str, orphan: &mut Vec<String>) -> Result<Vec<R>, StoreError> {
        let mut found = Vec::new();
        while let Some(row) = self.peek().await? {
            if **row.ord_id() > *ord_id {
                break;
            }
            let Some(row) = self.next().await? else { break };
            if **row.ord_id() == *ord_id {
                found.push(row);
            } else {
                orphan.push(stray(&row));
            }
        }
        Ok(found)
    }

    /// What is left.
    pub async fn rest(&mut self, orphan: &mut Vec<String>) -> Result<(), StoreError> {
        while let Some(row) = self.next().await? {
            orphan.push(stray(&row));
        }
        Ok(())
    }
}

fn stray<R: OfOrder>(row: &R) -> String {
    format!("order {}: a row in {} without a history", row.ord_id(), R::TABLE)
}

/// How stored rows differ from the ones that should be there; one sentence a row.
pub fn differences<R: Row>(whose: &str, stored: &[R], wanted: &[R]) -> Vec<String> {
    let mut found = Vec::new();
    for row in stored.iter().filter(|row| !wanted.iter().any(|w| alike(*row, w))) {
        match wanted.iter().find(|w| key(*w) == key(row)) {
            Some(w) => found.push(format!("{whose}: {}: {}", named(row), fields(row, w))),
            None => found.push(format!("{whose}: {} should not be there", named(row))),
        }
    }
    for row in wanted {
        if !stored.iter().any(|s| key(s) == key(row)) {
            found.push(format!("{whose}: {} is missing", named(row)));
        }
    }
    found
}

/// Whether two rows say the same. Times are kept to the millisecond; histories of before they were cut to it when decided have
/// finer ones, which no store gives back.
fn alike<R: Row>(a: &R, b: &R) -> bool {
    a == b || cut(a) == cut(b)
}

fn cut<R: Row>(row: &R) -> R {
    let millis = |t: Time| Time::from_timestamp_millis(t.timestamp_millis()).unwrap_or(t);
    let mut values = Vec::with_capacity(R::COLUMNS.len());
    row.each(&mut |value| {
        values.push(match value {
            Value::Text(t) => Read::Text(t.map(str::to_owned)),
            Value::Int(n) => Read::Int(n),
            Value::Bool(b) => Read::Bool(b),
            Value::Time(t) => Read::Time(t.map(millis)),
        });
    });
    R::read(&mut values.into_iter())
}

fn values<R: Row>(row: &R) -> Vec<(&'static str, String)> {
    let mut values = Vec::with_capacity(R::COLUMNS.len());
    let mut names = R::COLUMNS.iter();
    row.each(&mut |value| {
        let text = match value {
            Value::Text(t) => t.map_or_else(|| "nothing".to_owned(), |t| format!("{t:?}")),
            Value::Int(n) => n.map_or_else(|| "nothing".to_owned(), |n| n.to_string()),
            Value::Bool(b) => b.to_string(),
            Value::Time(t) => t.map_or_else(|| "nothing".to_owned(), |t| t.to_rfc3339()),
        };
        values.push((names.next().map_or("", |(name, _)| *name), text));
    });
    values
}

fn key<R: Row>(row: &R) -> Vec<(&'static str, String)> {
    values(row).into_iter().filter(|(name, _)| R::KEY.contains(name)).collect()
}

fn named<R: Row>(row: &R) -> String {
    let key: Vec<String> = key(row).into_iter().map(|(name, value)| format!("{name} {value}")).collect();
    format!("{} ({})", R::TABLE, key.join(", "))
}

fn fields<R: Row>(stored: &R, wanted: &R) -> String {
    let both = values(stored).into_iter().zip(values(wanted));
    let differ: Vec<String> = both
        .filter(|(s, w)| s.1 != w.1)
        .map(|((name, s), (_, w))| format!("{name} is {s}, by its history {w}"))
        .collect();
    differ.join("; ")
}

/// A number that stands for a value in a set too large to keep the values themselves.
pub fn mark(value: impl Hash) -> u64 {
    use std::hash::{DefaultHasher, Hasher as _};
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::rows::CmdRow;

    #[test]
    fn rows_are_alike_to_the_millisecond() {
        let at = |nanos: i64| CmdRow {
            cmd_id: "c-000001".into(),
            cmd_dgst: "d".into(),
            cmd_typ_cd: "x".into(),
            prtn_no: 0,
            actr: "a".into(),
            ansr: None,
            strm_entr: None,
            cmd_dttm: Time::from_timestamp_nanos(1_700_000_000_000_000_000 + nanos),
        };
        assert!(differences("it", &[at(0)], &[at(999_999)]).is_empty());
        assert_eq!(differences("it", &[at(0)], &[at(1_000_000)]).len(), 1);
        assert_eq!(differences("it", &[CmdRow { prtn_no: 1, ..at(0) }], &[at(1)]).len(), 1);
    }
}
