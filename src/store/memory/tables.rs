//! Tables as the other adapters' SQL would keep them: rows by key, what must be unique, what must hold.

use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    ops::Bound,
};

use crate::store::{
    Batch, Commit, Done, External, StoreError, TableRef, UntRow,
    row::{Read, Row, Write},
    rows::{CmdRow, CmpnRow, GdsRow, HistRow, OrdRow, OtbxRow, StlmRow},
    sql::{self, Visit, WriteMode},
};

/// A value of a key, as it is ordered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyPart {
    Int(i64),
    Text(String),
}

/// A row's key.
pub type Key = Vec<KeyPart>;

fn part(value: &Read) -> KeyPart {
    match value {
        Read::Text(text) => KeyPart::Text(text.clone().unwrap_or_default()),
        Read::Int(n) => KeyPart::Int(n.unwrap_or(i64::MIN)),
        Read::Bool(b) => KeyPart::Int(i64::from(*b)),
        Read::Time(time) => KeyPart::Int(time.map_or(i64::MIN, |t| t.timestamp_millis())),
    }
}

/// The key that these values make.
pub fn key_of(values: &[Read]) -> Key {
    values.iter().map(part).collect()
}

fn text_key(id: &str) -> Key {
    vec![KeyPart::Text(id.to_owned())]
}

/// Where a column stands.
fn place<R: Row>(column: &str) -> usize {
    R::COLUMNS.iter().position(|(name, _)| *name == column).unwrap_or_default()
}

fn values<R: Row>(row: &R) -> Vec<Read> {
    let mut values = Vec::with_capacity(R::COLUMNS.len());
    row.each(&mut |value| values.push(value.into()));
    values
}

/// What a row has at these places.
fn at_places<R: Row>(row: &R, places: &[usize]) -> Key {
    let (mut key, mut column) = (vec![KeyPart::Int(0); places.len()], 0);
    row.each(&mut |value| {
        let at = places.iter().position(|place| *place == column);
        if let Some(part_of_key) = at.and_then(|at| key.get_mut(at)) {
            *part_of_key = part(&value.into());
        }
        column += 1;
    });
    key
}

/// A row that is written over another one, which keeps what the row's type says.
fn over<R: Row>(new: &R, old: &R) -> R {
    if R::KEPT.is_empty() && R::ONCE.is_empty() {
        return new.clone();
    }
    let (mut new, old) = (values(new), values(old));
    for at in R::KEPT.iter().map(|kept| place::<R>(kept)) {
        if new[at] == Read::Text(None) {
            new[at] = old[at].clone();
        }
    }
    for at in R::ONCE.iter().map(|once| place::<R>(once)) {
        if old[at] != Read::Text(None) {
            new[at] = old[at].clone();
        }
    }
    R::read(&mut new.into_iter())
}

/// A row as the type that it is, in what is done to all types.
fn as_is<R: Row, T: Row>(row: &R) -> Option<&T> {
    (row as &dyn Any).downcast_ref()
}

/// A table, whichever it is: rows of one type by their keys.
trait Table: Any + Send + Sync + std::fmt::Debug {
    fn page(&self, table: &TableRef, after: Option<&Key>, limit: usize) -> Vec<Vec<Read>>;
}

impl<R: Row> Table for BTreeMap<Key, R> {
    /// A page after a key, which may be another one than the table's own.
    fn page(&self, table: &TableRef, after: Option<&Key>, limit: usize) -> Vec<Vec<Read>> {
        let places: Vec<usize> = table.key.iter().map(|name| place::<R>(name)).collect();
        if self.first_key_value().is_some_and(|(key, row)| *key != at_places(row, &places)) {
            let sorted: BTreeMap<Key, &R> = self.values().map(|row| (at_places(row, &places), row)).collect();
            let later = sorted.into_iter().filter(|(key, _)| after.is_none_or(|after| key > after));
            return later.take(limit).map(|(_, row)| values(row)).collect();
        }
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.range::<Key, _>((from, Bound::Unbounded)).take(limit).map(|(_, row)| values(row)).collect()
    }
}

/// Everything that is durable.
#[derive(Debug, Default)]
pub struct Tables {
    /// a defect: what is there already is written over
    pub overwrites: bool,
    tables: HashMap<&'static str, Box<dyn Table>>,
    /// the keys of the events of each command
    by_command: HashMap<String, BTreeSet<Key>>,
    /// the orders that want attention: partition, when, which
    due: BTreeSet<(i64, i64, String)>,
    campaigns: HashSet<String>,
}

/// A row on its way in, whichever it is.
trait Written {
    fn put(self: Box<Self>, tables: &mut Tables);
}

impl<R: Row> Written for (Key, R) {
    fn put(self: Box<Self>, tables: &mut Tables) {
        let (key, row) = *self;
        tables.put(key, row);
    }
}

/// What a batch writes, held to what is there.
struct Checked<'a> {
    tables: &'a Tables,
    rows: Vec<Box<dyn Written>>,
    fresh: HashSet<(&'static str, Key)>,
    commands: HashSet<(String, i64)>,
    conflict: Option<String>,
    refused: Option<String>,
}

impl Visit for Checked<'_> {
    fn table<R: Row>(&mut self, rows: &[R], how: WriteMode) {
        if rows.is_empty() {
            return;
        }
        let places: Vec<usize> = R::KEY.iter().map(|name| place::<R>(name)).collect();
        let table = self.tables.table::<R>();
        for one in rows {
            let key = at_places(one, &places);
            let old = table.and_then(|table| table.get(&key));
            let new = R::WRITE == Write::Insert || how == WriteMode::Bulk;
            if new && (old.is_some() || !self.fresh.insert((R::TABLE, key.clone()))) {
                self.conflict.get_or_insert_with(|| format!("{} has {key:?} already", R::TABLE));
            }
            let row = old.map_or_else(|| one.clone(), |old| over(one, old));
            self.unique(&row);
            if let Some(why) = broken(&row) {
                self.refused.get_or_insert(why);
            }
            self.rows.push(Box::new((key, row)));
        }
    }
}

impl Checked<'_> {
    /// What is unique beside the keys.
    fn unique<R: Row>(&mut self, row: &R) {
        if let Some(event) = as_is::<R, HistRow>(row) {
            let known = self.tables.by_command.get(&*event.cmd_id);
            let of = |key: &Key| self.tables.get::<HistRow>(key).is_some_and(|e| e.cmd_evnt_no == event.cmd_evnt_no);
            let taken = known.is_some_and(|keys| keys.iter().any(of));
            if taken || !self.commands.insert((event.cmd_id.to_string(), event.cmd_evnt_no)) {
                self.conflict.get_or_insert_with(|| format!("{} has command {} already", R::TABLE, event.cmd_id));
            }
        } else if let Some(campaign) = as_is::<R, CmpnRow>(row) {
            let key = vec![KeyPart::Text(campaign.cmpn_id.to_string()), KeyPart::Text(campaign.unt_id.to_string())];
            if self.tables.campaigns.contains(&*campaign.cmpn_id) && self.tables.get::<CmpnRow>(&key).is_none() {
                self.conflict.get_or_insert_with(|| format!("{} has campaign {} already", R::TABLE, campaign.cmpn_id));
            }
        }
    }
}

/// The rules of the tables that a wrong decision would break.
fn broken<R: Row>(row: &R) -> Option<String> {
    let holds = if let Some(unit) = as_is::<R, UntRow>(row) {
        [unit.stck_qty, unit.hold_qty, unit.sold_qty].iter().all(|n| *n >= 0)
    } else if let Some(s) = as_is::<R, StlmRow>(row) {
        let parts = [s.rfnd_psbl_amt, s.rfnd_plan_amt, s.rfnd_excl_amt, s.rfnd_amt];
        parts.iter().all(|n| *n >= 0) && s.pay_amt == parts.iter().sum::<i64>()
    } else if let Some(l) = as_is::<R, GdsRow>(row) {
        l.ord_qty >= l.cncl_qty + l.rtn_qty + l.exch_qty
            && l.ord_qty >= l.cncl_qty + l.rtn_acpt_qty + l.exch_acpt_qty
            && l.ord_qty >= l.cncl_qty + l.hold_qty + l.dduct_qty
    } else {
        true
    };
    (!holds).then(|| format!("a rule of {} is broken: {:?}", R::TABLE, values(row)))
}

impl Tables {
    fn table<R: Row>(&self) -> Option<&BTreeMap<Key, R>> {
        let table: &dyn Any = &**self.tables.get(R::TABLE)?;
        table.downcast_ref()
    }

    fn table_mut<R: Row>(&mut self) -> Option<&mut BTreeMap<Key, R>> {
        let table = self.tables.entry(R::TABLE).or_insert_with(|| Box::new(BTreeMap::<Key, R>::new()));
        let table: &mut dyn Any = &mut **table;
        table.downcast_mut()
    }

    /// The row of this key.
    pub fn get<R: Row>(&self, key: &Key) -> Option<&R> {
        self.table()?.get(key)
    }

    /// All rows of a table, in the order of their keys.
    pub fn all<R: Row>(&self) -> impl DoubleEndedIterator<Item = &R> {
        self.table().into_iter().flat_map(BTreeMap::values)
    }

    /// The rows whose key begins with this id, in the order of their keys.
    pub fn of<R: Row>(&self, id: &str) -> impl DoubleEndedIterator<Item = &R> {
        let (from, to) = (text_key(id), text_key(&format!("{id}\0")));
        let rows = self.table().map(|table| table.range(from..to));
        rows.into_iter().flatten().map(|(_, row)| row)
    }

    /// The rows whose first key column is one of these ids, in the order of their keys.
    pub fn named<'a, R: Row>(&self, ids: impl Iterator<Item = &'a str>) -> Vec<R> {
        let ids: BTreeSet<&str> = ids.collect();
        ids.into_iter().flat_map(|id| self.of(id)).cloned().collect()
    }

    /// The events of a command, in their order.
    pub fn events_of(&self, command: &str) -> Vec<&HistRow> {
        let keys = self.by_command.get(command).into_iter().flatten();
        let mut events: Vec<&HistRow> = keys.filter_map(|key| self.get(key)).collect();
        events.sort_by_key(|e| e.cmd_evnt_no);
        events
    }

    /// Orders of the partition that are due, soonest first: (order, when in milliseconds).
    pub fn due(&self, partition: i64, until: i64) -> impl Iterator<Item = (&str, i64)> {
        let from = (partition, i64::MIN, String::new());
        self.due
            .range(from..)
            .take_while(move |(p, at, _)| *p == partition && *at <= until)
            .map(|(_, at, id)| (&**id, *at))
    }

    /// A page of a table after a key, which may be another one than the table's own.
    pub fn page(&self, table: &TableRef, after: Option<&Key>, limit: usize) -> Vec<Vec<Read>> {
        self.tables.get(table.name).map_or_else(Vec::new, |rows| rows.page(table, after, limit))
    }

    /// Another system changes what is on hand.
    pub fn change(&mut self, unit: &str, by: i64) {
        let key = text_key(unit);
        let unit = self.table_mut::<UntRow>().and_then(|units| units.get_mut(&key));
        if let Some(unit) = unit.filter(|unit| unit.stck_qty + by >= 0) {
            unit.stck_qty += by;
        }
    }

    /// All of the batch or nothing.
    pub fn commit(&mut self, batch: &Batch) -> Result<Commit, StoreError> {
        let folded = sql::fold(batch);
        let mut checked = Checked {
            tables: self,
            rows: Vec::new(),
            fresh: HashSet::new(),
            commands: HashSet::new(),
            conflict: None,
            refused: None,
        };
        sql::each_table(batch, &folded.units, &mut checked);
        let Checked { mut rows, conflict, refused, .. } = checked;
        if let Some(why) = conflict.filter(|_| !self.overwrites) {
            return Ok(Commit::Conflict(why));
        }
        let mut external = folded.external;
        for step in &folded.moves {
            let key = text_key(&step.unt_id);
            let Some(mut unit) = self.get::<UntRow>(&key).cloned() else {
                return Err(StoreError::Refused(format!("no such unit: {}", step.unt_id)));
            };
            unit.stck_qty += step.stck_dlt;
            unit.hold_qty += step.hold_dlt;
            unit.sold_qty += step.sold_dlt;
            unit.rstk_qty += step.rstk_dlt;
            unit.ldgr_no = step.ldgr_no;
            if let Some(why) = broken(&unit) {
                return Err(StoreError::Refused(why));
            }
            if unit.stck_qty != step.expect_stck {
                let delta = unit.stck_qty - step.expect_stck;
                external.push(External { unt_id: step.unt_id.clone(), delta });
            }
            rows.push(Box::new((key, unit)));
        }
        if let Some(why) = refused {
            return Err(StoreError::Refused(why));
        }
        let is_known = |id: &str| self.by_command.contains_key(id) || self.of::<CmdRow>(id).next().is_some();
        let known = batch.refused.iter().filter(|id| is_known(id)).cloned().collect();
        rows.into_iter().for_each(|row| row.put(self));
        if let Some(outbox) = self.table_mut::<OtbxRow>() {
            batch.sent.iter().for_each(|id| drop(outbox.remove(&text_key(id))));
        }
        Ok(Commit::Done(Done { known, external }))
    }

    fn put<R: Row>(&mut self, key: Key, row: R) {
        if let Some(event) = as_is::<R, HistRow>(&row) {
            self.by_command.entry(event.cmd_id.to_string()).or_default().insert(key.clone());
        } else if let Some(campaign) = as_is::<R, CmpnRow>(&row) {
            self.campaigns.insert(campaign.cmpn_id.to_string());
        } else if let Some(new) = as_is::<R, OrdRow>(&row) {
            let due = |order: &OrdRow| {
                let at = order.due_dttm?;
                Some((order.prtn_no, at.timestamp_millis(), order.ord_id.to_string()))
            };
            if let Some(before) = self.get::<OrdRow>(&key).and_then(due) {
                self.due.remove(&before);
            }
            self.due.extend(due(new));
        }
        if let Some(table) = self.table_mut() {
            table.insert(key, row);
        }
    }
}
