//! Tables as the other adapters' SQL would keep them: rows by key, what must be unique, what must hold.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

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

/// Where a column stands.
fn place<R: Row>(column: &str) -> usize {
    R::COLUMNS.iter().position(|(name, _)| *name == column).unwrap_or_default()
}

fn values<R: Row>(row: &R) -> Vec<Read> {
    let mut values = Vec::with_capacity(R::COLUMNS.len());
    row.each(&mut |value| values.push(value.into()));
    values
}

fn row<R: Row>(values: &[Read]) -> R {
    R::read(&mut values.iter().cloned())
}

/// Everything that is durable.
#[derive(Debug, Default)]
pub struct Tables {
    /// a defect: what is there already is written over
    pub overwrites: bool,
    tables: HashMap<&'static str, BTreeMap<Key, Vec<Read>>>,
    /// the keys of the events of each command
    by_command: HashMap<String, BTreeSet<Key>>,
    /// the orders that want attention: partition, when, which
    due: BTreeSet<(i64, i64, String)>,
    campaigns: HashSet<String>,
}

/// A row on its way in.
struct Written {
    table: &'static str,
    key: Key,
    values: Vec<Read>,
}

/// What a batch writes, held to what is there.
struct Checked<'a> {
    tables: &'a Tables,
    rows: Vec<Written>,
    fresh: HashSet<(&'static str, Key)>,
    commands: HashSet<(String, i64)>,
    conflict: Option<String>,
    refused: Option<String>,
}

impl Visit for Checked<'_> {
    fn table<R: Row>(&mut self, rows: &[R], how: WriteMode) {
        let places: Vec<usize> = R::KEY.iter().map(|name| place::<R>(name)).collect();
        for one in rows {
            let mut values = values(one);
            let key: Key = places.iter().map(|at| part(&values[*at])).collect();
            let old = self.tables.tables.get(R::TABLE).and_then(|table| table.get(&key));
            let new = R::WRITE == Write::Insert || how == WriteMode::Bulk;
            if new && (old.is_some() || !self.fresh.insert((R::TABLE, key.clone()))) {
                self.conflict.get_or_insert_with(|| format!("{} has {key:?} already", R::TABLE));
            }
            for kept in R::KEPT {
                let at = place::<R>(kept);
                if let (Read::Text(None), Some(old)) = (&values[at], old) {
                    values[at] = old[at].clone();
                }
            }
            for once in R::ONCE {
                let at = place::<R>(once);
                if let Some(old) = old.filter(|old| !matches!(old[at], Read::Text(None))) {
                    values[at] = old[at].clone();
                }
            }
            self.unique(R::TABLE, &values);
            if let Some(why) = broken(R::TABLE, &values) {
                self.refused.get_or_insert(why);
            }
            self.rows.push(Written { table: R::TABLE, key, values });
        }
    }
}

impl Checked<'_> {
    /// What is unique beside the keys.
    fn unique(&mut self, table: &'static str, values: &[Read]) {
        if table == HistRow::TABLE {
            let event: HistRow = row(values);
            let known = self.tables.by_command.get(&*event.cmd_id);
            let taken = known.is_some_and(|keys| {
                let of =
                    |key: &Key| self.tables.get::<HistRow>(key).is_some_and(|e| e.cmd_evnt_no == event.cmd_evnt_no);
                keys.iter().any(of)
            });
            if taken || !self.commands.insert((event.cmd_id.to_string(), event.cmd_evnt_no)) {
                self.conflict.get_or_insert_with(|| format!("{table} has command {} already", event.cmd_id));
            }
        } else if table == CmpnRow::TABLE {
            let campaign: CmpnRow = row(values);
            let key = vec![KeyPart::Text(campaign.cmpn_id.to_string()), KeyPart::Text(campaign.unt_id.to_string())];
            if self.tables.campaigns.contains(&*campaign.cmpn_id) && self.tables.get::<CmpnRow>(&key).is_none() {
                self.conflict.get_or_insert_with(|| format!("{table} has campaign {} already", campaign.cmpn_id));
            }
        }
    }
}

/// The rules of the tables that a wrong decision would break.
fn broken(table: &'static str, values: &[Read]) -> Option<String> {
    let holds = if table == UntRow::TABLE {
        let unit: UntRow = row(values);
        [unit.stck_qty, unit.hold_qty, unit.sold_qty].iter().all(|n| *n >= 0)
    } else if table == StlmRow::TABLE {
        let s: StlmRow = row(values);
        let parts = [s.rfnd_psbl_amt, s.rfnd_plan_amt, s.rfnd_excl_amt, s.rfnd_amt];
        parts.iter().all(|n| *n >= 0) && s.pay_amt == parts.iter().sum::<i64>()
    } else if table == GdsRow::TABLE {
        let l: GdsRow = row(values);
        l.ord_qty >= l.cncl_qty + l.rtn_qty + l.exch_qty
            && l.ord_qty >= l.cncl_qty + l.rtn_acpt_qty + l.exch_acpt_qty
            && l.ord_qty >= l.cncl_qty + l.hold_qty + l.dduct_qty
    } else {
        true
    };
    (!holds).then(|| format!("a rule of {table} is broken: {values:?}"))
}

impl Tables {
    /// The row of this key.
    pub fn get<R: Row>(&self, key: &Key) -> Option<R> {
        self.tables.get(R::TABLE)?.get(key).map(|values| row(values))
    }

    /// All rows of a table, in the order of their keys.
    pub fn all<R: Row>(&self) -> impl DoubleEndedIterator<Item = R> {
        self.tables.get(R::TABLE).into_iter().flat_map(BTreeMap::values).map(|values| row(values))
    }

    /// The rows whose key begins with this id, in the order of their keys.
    pub fn of<R: Row>(&self, id: &str) -> impl DoubleEndedIterator<Item = R> {
        let (from, to) = (vec![KeyPart::Text(id.to_owned())], vec![KeyPart::Text(format!("{id}\0"))]);
        self.tables.get(R::TABLE).into_iter().flat_map(move |t| t.range(from.clone()..to.clone())).map(|(_, v)| row(v))
    }

    /// The rows whose first key column is one of these ids, in the order of their keys.
    pub fn named<'a, R: Row>(&self, ids: impl Iterator<Item = &'a str>) -> Vec<R> {
        let ids: BTreeSet<&str> = ids.collect();
        ids.into_iter().flat_map(|id| self.of(id)).collect()
    }

    /// The events of a command, in their order.
    pub fn events_of(&self, command: &str) -> Vec<HistRow> {
        let keys = self.by_command.get(command).into_iter().flatten();
        let mut events: Vec<HistRow> = keys.filter_map(|key| self.get(key)).collect();
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
        let Some(rows) = self.tables.get(table.name) else { return Vec::new() };
        let place = |name: &&str| table.columns.iter().position(|(column, _)| column == name).unwrap_or_default();
        let places: Vec<usize> = table.key.iter().map(place).collect();
        let asked = |values: &[Read]| places.iter().map(|at| part(&values[*at])).collect::<Key>();
        if rows.first_key_value().is_some_and(|(key, values)| *key != asked(values)) {
            let sorted: BTreeMap<Key, &Vec<Read>> = rows.values().map(|values| (asked(values), values)).collect();
            let later = sorted.into_iter().filter(|(key, _)| after.is_none_or(|after| key > after));
            return later.take(limit).map(|(_, values)| values.clone()).collect();
        }
        match after {
            None => rows.values().take(limit).cloned().collect(),
            Some(after) => {
                let from = (std::ops::Bound::Excluded(after.clone()), std::ops::Bound::Unbounded);
                rows.range(from).take(limit).map(|(_, values)| values.clone()).collect()
            }
        }
    }

    /// Another system changes what is on hand.
    pub fn change(&mut self, unit: &str, by: i64) {
        let key = vec![KeyPart::Text(unit.to_owned())];
        if let Some(mut row) = self.get::<UntRow>(&key).filter(|u| u.stck_qty + by >= 0) {
            row.stck_qty += by;
            self.put(Written { table: UntRow::TABLE, key, values: values(&row) });
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
            let key = vec![KeyPart::Text(step.unt_id.to_string())];
            let Some(mut unit) = self.get::<UntRow>(&key) else {
                return Err(StoreError::Refused(format!("no such unit: {}", step.unt_id)));
            };
            unit.stck_qty += step.stck_dlt;
            unit.hold_qty += step.hold_dlt;
            unit.sold_qty += step.sold_dlt;
            unit.rstk_qty += step.rstk_dlt;
            unit.ldgr_no = step.ldgr_no;
            let values = values(&unit);
            if let Some(why) = broken(UntRow::TABLE, &values) {
                return Err(StoreError::Refused(why));
            }
            if unit.stck_qty != step.expect_stck {
                let delta = unit.stck_qty - step.expect_stck;
                external.push(External { unt_id: step.unt_id.clone(), delta });
            }
            rows.push(Written { table: UntRow::TABLE, key, values });
        }
        if let Some(why) = refused {
            return Err(StoreError::Refused(why));
        }
        let is_known = |id: &str| self.by_command.contains_key(id) || self.of::<CmdRow>(id).next().is_some();
        let known = batch.refused.iter().filter(|id| is_known(id)).cloned().collect();
        rows.into_iter().for_each(|row| self.put(row));
        if let Some(outbox) = self.tables.get_mut(OtbxRow::TABLE) {
            batch.sent.iter().for_each(|id| drop(outbox.remove(&vec![KeyPart::Text(id.to_string())])));
        }
        Ok(Commit::Done(Done { known, external }))
    }

    fn put(&mut self, Written { table, key, values }: Written) {
        if table == HistRow::TABLE {
            let event: HistRow = row(&values);
            self.by_command.entry(event.cmd_id.to_string()).or_default().insert(key.clone());
        } else if table == CmpnRow::TABLE {
            self.campaigns.insert(row::<CmpnRow>(&values).cmpn_id.to_string());
        } else if table == OrdRow::TABLE {
            if let Some(old) = self.get::<OrdRow>(&key)
                && let Some(at) = old.due_dttm
            {
                self.due.remove(&(old.prtn_no, at.timestamp_millis(), old.ord_id.to_string()));
            }
            let new: OrdRow = row(&values);
            if let Some(at) = new.due_dttm {
                self.due.insert((new.prtn_no, at.timestamp_millis(), new.ord_id.to_string()));
            }
        }
        self.tables.entry(table).or_default().insert(key, values);
    }
}
