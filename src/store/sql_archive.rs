//! The archive in SQL. What is moved is read before and after it was copied, and compared; then it goes.

use std::collections::HashMap;

use async_trait::async_trait;
use sha2::{Digest as _, Sha256};

use super::{
    StoreError, TableRef,
    archive::{ARCHIVED, ArchRow, ArchiveStore, LEDGER, Moving, ORDER, Stretch, Sum, WITH_ORDER, WithOrder},
    row::{Read, Row as _, Type},
    rows::{HistRow, LdgrRow, RsvRow},
    sql,
    sql_asked::codes,
    sql_store::{Bind, Database, SqlStore, Work, next, texts},
    table,
};
use crate::domain::{
    Time,
    ids::{OrderId, SkuId},
    status::Status,
};

/// How often a change to an archived order is tried that others change at the same time.
const CHANGES_TRIED: u32 = 5;

/// The name of a table's archive.
pub(super) fn beside(table: &str) -> String {
    format!("{table}_arch")
}

/// A statement about live orders, said of archived ones.
pub(super) fn in_archive(sql: &str) -> String {
    let moved = |word: &str| WITH_ORDER.iter().any(|w| w.table.name == word);
    let mut said = String::with_capacity(sql.len() + 64);
    let mut rest = sql;
    while let Some(at) = rest.find("tb_") {
        let (before, from) = rest.split_at(at);
        let end = from.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        said.push_str(before);
        said.push_str(word);
        if moved(word) {
            said.push_str("_arch");
        }
        rest = after;
    }
    said.push_str(rest);
    said
}

fn names(table: &TableRef) -> String {
    sql::list(table.columns.iter().map(|(name, _)| *name), "")
}

/// Rows counted and digested, each table after the other, each row by its columns.
#[derive(Default)]
struct Digest {
    rows: i64,
    hash: Sha256,
}

impl Digest {
    fn row(&mut self, table: &str, values: &[Read]) {
        self.rows += 1;
        self.text(table);
        for value in values {
            match value {
                Read::Text(None) | Read::Int(None) | Read::Time(None) => self.hash.update([0]),
                Read::Text(Some(text)) => {
                    self.hash.update([1]);
                    self.text(text);
                }
                Read::Int(Some(n)) => self.number(2, *n),
                Read::Bool(b) => self.number(3, i64::from(*b)),
                Read::Time(Some(time)) => self.number(4, time.timestamp_micros()),
            }
        }
    }

    fn text(&mut self, text: &str) {
        self.hash.update((text.len() as u64).to_le_bytes());
        self.hash.update(text);
    }

    fn number(&mut self, kind: u8, n: i64) {
        self.hash.update([kind]);
        self.hash.update(n.to_le_bytes());
    }

    fn sum(self) -> Sum {
        Sum { rows: self.rows, digest: crate::protocol::internal::hex(&self.hash.finalize()) }
    }
}

fn ids(orders: &[OrderId]) -> Bind {
    texts(orders.iter().map(OrderId::as_str))
}

/// What the rows of each of these orders come to, in these tables.
fn summed(orders: &[OrderId], tables: Vec<(&WithOrder, Vec<Vec<Read>>)>) -> Vec<Sum> {
    let mut of: HashMap<&str, Digest> = orders.iter().map(|id| (id.as_str(), Digest::default())).collect();
    for (with, rows) in &tables {
        let place = with.table.columns.iter().position(|(name, _)| *name == with.order);
        for row in rows {
            let Some(Read::Text(Some(id))) = place.and_then(|i| row.get(i)) else { continue };
            if let Some(digest) = of.get_mut(id.as_str()) {
                digest.row(with.table.name, row);
            }
        }
    }
    orders.iter().map(|id| of.remove(id.as_str()).unwrap_or_default().sum()).collect()
}

/// How the rows of orders are read: of the table itself without what stays there.
fn rows_of<D: Database>(with: &WithOrder, archived: bool) -> (String, Vec<Type>) {
    let WithOrder { table, order } = with;
    let from = if archived { beside(table.name) } else { table.name.to_owned() };
    let live = if table.name == HistRow::TABLE && !archived { events() } else { String::new() };
    let key = table.key.join(", ");
    let sql = format!("SELECT {} FROM {from} WHERE {order} {}{live} ORDER BY {key}", names(table), D::IN);
    (sql, table.columns.iter().map(|(_, kind)| *kind).collect())
}

/// Events, and not what says that they are in the archive.
fn events() -> String {
    format!(" AND evnt_typ_cd <> '{ARCHIVED}'")
}

async fn sums_in<D: Database>(
    work: &mut Box<dyn Work>,
    orders: &[OrderId],
    archived: bool,
) -> Result<Vec<Sum>, StoreError> {
    let mut tables = Vec::with_capacity(WITH_ORDER.len());
    for with in &WITH_ORDER {
        let (sql, types) = rows_of::<D>(with, archived);
        tables.push((with, work.run(&sql, vec![ids(orders)], &types).await?));
    }
    Ok(summed(orders, tables))
}

fn unlike(what: &str) -> StoreError {
    StoreError::Unusable(format!("{what}: its copy in the archive is not what it was: nothing was moved"))
}

/// Where a test lets the process die.
macro_rules! may_die {
    ($step:literal) => {
        fail::fail_point!($step, |_| std::process::abort())
    };
}

impl<D: Database> SqlStore<D> {
    async fn enter(&self, work: &mut Box<dyn Work>, row: &ArchRow) -> Result<(), StoreError> {
        let marks: Vec<String> = (1..=ArchRow::COLUMNS.len()).map(|n| format!("${n}")).collect();
        let sql = format!("{}VALUES ({})", sql::insert_head::<ArchRow>(), marks.join(", "));
        work.run(&sql, super::sql_admin::binds(row), &[]).await.map(drop)
    }

    /// The row behind an order's last event: whoever goes on with it finds that number taken, before or after.
    async fn seal(&self, work: &mut Box<dyn Work>, moving: &Moving, at: Time) -> Result<(), StoreError> {
        let sql = "INSERT INTO tb_od_ord_hist (ord_id, hist_no, cmd_id, cmd_evnt_no, cmd_dgst, evnt_typ_cd, evnt_ver, evnt, \
                   actr, ord_stat_cd, hist_dttm) VALUES ($1, $2, $3, 0, '', $4, 1, '{}', 'system:archive', '', $5)";
        let order = moving.order.as_str();
        let seal = Bind::Text(HistRow::seal_of(order));
        let binds = vec![Bind::text(order), Bind::Int(moving.version + 1), seal, Bind::text(ARCHIVED), Bind::Time(at)];
        work.run(sql, binds, &[]).await.map(drop)
    }

    /// What stays of the events: the first of each command, with nothing in it.
    async fn thin(&self, work: &mut Box<dyn Work>, orders: &[OrderId]) -> Result<(), StoreError> {
        let further = format!("DELETE FROM tb_od_ord_hist WHERE ord_id {} AND cmd_evnt_no > 0", D::IN);
        work.run(&further, vec![ids(orders)], &[]).await?;
        let first = format!(
            "UPDATE tb_od_ord_hist SET cmd_dgst = '', evnt_typ_cd = '{ARCHIVED}', evnt = '{{}}', actr = '', ord_stat_cd = '', \
             ansr = NULL, strm_entr = NULL WHERE ord_id {}{}",
            D::IN,
            events()
        );
        work.run(&first, vec![ids(orders)], &[]).await.map(drop)
    }

    /// Changes an archived order's rows by these statements, and with them what they come to. Nothing where it is not archived.
    pub(super) async fn change_archived(
        &self,
        order: &OrderId,
        statements: &[(String, Vec<Bind>)],
    ) -> Result<(), StoreError> {
        let mut tries = 1;
        loop {
            match self.change_archived_once(order, statements).await {
                // somebody else changed it at the same time: of what it is now, again
                Err(StoreError::Refused(_)) if tries < CHANGES_TRIED => tries += 1,
                changed => return changed,
            }
        }
    }

    async fn change_archived_once(
        &self,
        order: &OrderId,
        statements: &[(String, Vec<Bind>)],
    ) -> Result<(), StoreError> {
        let entry = || vec![Bind::text(ORDER), Bind::text(order.as_str())];
        let mut work = self.0.begin().await?;
        // first: whoever changes it at the same time waits here
        let locked = "UPDATE tb_sy_arch SET row_cnt = row_cnt WHERE arch_knd_cd = $1 AND trgt_id = $2 \
                      RETURNING row_cnt, row_dgst";
        let Some(told) = work.run(locked, entry(), &[Type::Int, Type::Text]).await?.pop() else { return Ok(()) };
        let mut told = told.into_iter();
        let told = Sum { rows: next(&mut told), digest: next(&mut told) };
        let held = sums_in::<D>(&mut work, std::slice::from_ref(order), true).await?;
        for (sql, binds) in statements {
            work.run(&in_archive(sql), binds.clone(), &[]).await?;
        }
        // what was not what was archived stays so for whoever checks it
        if held == [told] {
            for sum in sums_in::<D>(&mut work, std::slice::from_ref(order), true).await? {
                let sql = "UPDATE tb_sy_arch SET row_cnt = $3, row_dgst = $4 WHERE arch_knd_cd = $1 AND trgt_id = $2";
                let binds = entry().into_iter().chain([Bind::Int(sum.rows), Bind::text(&sum.digest)]).collect();
                work.run(sql, binds, &[]).await?;
            }
        }
        work.commit().await
    }

    /// All rows of one of these, in the archive.
    pub(super) async fn sums_of(&self, orders: &[OrderId]) -> Result<Vec<Sum>, StoreError> {
        let mut tables = Vec::with_capacity(WITH_ORDER.len());
        for with in &WITH_ORDER {
            let (sql, types) = rows_of::<D>(with, true);
            tables.push((with, self.0.read(sql, vec![ids(orders)], &types).await?));
        }
        Ok(summed(orders, tables))
    }
}

const STRETCH: &str = "unt_id = $1 AND ldgr_no >= $2 AND ldgr_no <= $3";

pub(super) fn stretch_binds(stretch: &Stretch) -> Vec<Bind> {
    vec![Bind::text(stretch.sku.as_str()), Bind::Int(stretch.first), Bind::Int(stretch.last)]
}

pub(super) fn stretch_rows(archived: bool) -> (String, Vec<Type>) {
    let ledger = table::<LdgrRow>();
    let from = if archived { beside(ledger.name) } else { ledger.name.to_owned() };
    let sql = format!("SELECT {} FROM {from} WHERE {STRETCH} ORDER BY ldgr_no", names(&ledger));
    (sql, ledger.columns.iter().map(|(_, kind)| *kind).collect())
}

pub(super) fn stretch_sum(rows: &[Vec<Read>]) -> Sum {
    let mut digest = Digest::default();
    rows.iter().for_each(|row| digest.row(LdgrRow::TABLE, row));
    digest.sum()
}

#[async_trait]
impl<D: Database> ArchiveStore for SqlStore<D> {
    async fn ended(
        &self,
        before: Time,
        after: Option<&(Time, OrderId)>,
        limit: u32,
    ) -> Result<Vec<(Time, OrderId)>, StoreError> {
        let ended: Vec<Status> = Status::ALL.into_iter().filter(|s| s.is_terminal()).collect();
        let (from, id) = after.map_or((Time::UNIX_EPOCH, ""), |(at, id)| (*at, id.as_str()));
        let sql = format!(
            "SELECT rcpt_dttm, ord_id FROM tb_od_ord WHERE rcpt_dttm < $1 AND (rcpt_dttm, ord_id) > ($2, $3) \
             AND ord_stat_cd IN ({}) AND due_dttm IS NULL AND due_amt = 0 ORDER BY rcpt_dttm, ord_id LIMIT $4",
            codes(&ended)
        );
        let binds = vec![Bind::Time(before), Bind::Time(from), Bind::text(id), Bind::Int(limit.into())];
        let rows = self.0.read(sql, binds, &[Type::Time, Type::Text]).await?;
        let found = |row: Vec<Read>| {
            let mut values = row.into_iter();
            (next(&mut values), OrderId::stored(&next::<String>(&mut values)))
        };
        Ok(rows.into_iter().map(found).collect())
    }

    async fn reserved_for(&self, orders: &[OrderId]) -> Result<Vec<RsvRow>, StoreError> {
        self.named("ord_id", orders.iter().map(OrderId::as_str)).await
    }

    async fn awaited(&self, orders: &[OrderId]) -> Result<Vec<OrderId>, StoreError> {
        // the outbox is all but empty, whatever the shop sells
        let rows = self.0.read("SELECT cmd FROM tb_sy_otbx".into(), Vec::new(), &[Type::Text]).await?;
        let steps: Vec<String> = rows.into_iter().map(|row| next(&mut row.into_iter())).collect();
        let named = |id: &&OrderId| steps.iter().any(|step| step.contains(&format!("\"{id}\"")));
        Ok(orders.iter().filter(named).cloned().collect())
    }

    async fn archive_orders(&self, orders: &[Moving], at: Time) -> Result<Vec<Sum>, StoreError> {
        let moved: Vec<OrderId> = orders.iter().map(|m| m.order.clone()).collect();
        let mut work = self.0.begin().await?;
        for moving in orders {
            self.seal(&mut work, moving, at).await?;
        }
        may_die!("archive_sealed");
        let here = sums_in::<D>(&mut work, &moved, false).await?;
        for with in &WITH_ORDER {
            let (table, names) = (with.table.name, names(&with.table));
            let live = if table == HistRow::TABLE { events() } else { String::new() };
            let sql = format!(
                "INSERT INTO {} ({names}) SELECT {names} FROM {table} WHERE {} {}{live}",
                beside(table),
                with.order,
                D::IN
            );
            work.run(&sql, vec![ids(&moved)], &[]).await?;
        }
        may_die!("archive_copied");
        let there = sums_in::<D>(&mut work, &moved, true).await?;
        for ((moving, here), there) in orders.iter().zip(&here).zip(&there) {
            if here != there || here.rows == 0 {
                return Err(unlike(&format!("order {}", moving.order)));
            }
        }
        for with in WITH_ORDER.iter().filter(|w| w.table.name != HistRow::TABLE) {
            let sql = format!("DELETE FROM {} WHERE {} {}", with.table.name, with.order, D::IN);
            work.run(&sql, vec![ids(&moved)], &[]).await?;
        }
        self.thin(&mut work, &moved).await?;
        may_die!("archive_deleted");
        for (moving, sum) in orders.iter().zip(&here) {
            let row = ArchRow {
                arch_knd_cd: ORDER.into(),
                trgt_id: moving.order.shared(),
                frst_no: 1,
                last_no: moving.version,
                row_cnt: sum.rows,
                row_dgst: sum.digest.as_str().into(),
                arch_dttm: at,
            };
            self.enter(&mut work, &row).await?;
        }
        work.commit().await?;
        may_die!("archive_committed");
        Ok(here)
    }

    async fn older_ledger(&self, sku: &SkuId, before: Time, limit: u32) -> Result<Option<Stretch>, StoreError> {
        let sql = "SELECT l.ldgr_no, l.mvmt_dttm FROM tb_pd_unt_ldgr AS l WHERE l.unt_id = $1 \
                   AND l.ldgr_no < (SELECT max(x.ldgr_no) FROM tb_pd_unt_ldgr AS x WHERE x.unt_id = $1) \
                   ORDER BY l.ldgr_no LIMIT $2";
        let binds = vec![Bind::text(sku.as_str()), Bind::Int(limit.into())];
        let rows = self.0.read(sql.into(), binds, &[Type::Int, Type::Time]).await?;
        let row = |row: Vec<Read>| {
            let mut values = row.into_iter();
            (next::<i64>(&mut values), next::<Time>(&mut values))
        };
        let older: Vec<i64> =
            rows.into_iter().map(row).take_while(|(_, at)| *at < before).map(|(number, _)| number).collect();
        let ends = older.first().copied().zip(older.last().copied());
        Ok(ends.map(|(first, last)| Stretch { sku: sku.clone(), first, last }))
    }

    async fn archive_ledger(&self, stretch: &Stretch, at: Time) -> Result<Sum, StoreError> {
        let mut work = self.0.begin().await?;
        let (sql, types) = stretch_rows(false);
        let here = stretch_sum(&work.run(&sql, stretch_binds(stretch), &types).await?);
        let ledger = table::<LdgrRow>();
        let names = names(&ledger);
        let copy = format!(
            "INSERT INTO {} ({names}) SELECT {names} FROM {} WHERE {STRETCH}",
            beside(ledger.name),
            ledger.name
        );
        work.run(&copy, stretch_binds(stretch), &[]).await?;
        may_die!("archive_ledger_copied");
        let (sql, types) = stretch_rows(true);
        let there = stretch_sum(&work.run(&sql, stretch_binds(stretch), &types).await?);
        if here != there || here.rows != stretch.last - stretch.first + 1 {
            return Err(unlike(&format!("the ledger of {}", stretch.sku)));
        }
        work.run(&format!("DELETE FROM {} WHERE {STRETCH}", ledger.name), stretch_binds(stretch), &[]).await?;
        may_die!("archive_ledger_deleted");
        let row = ArchRow {
            arch_knd_cd: LEDGER.into(),
            trgt_id: stretch.sku.shared(),
            frst_no: stretch.first,
            last_no: stretch.last,
            row_cnt: here.rows,
            row_dgst: here.digest.as_str().into(),
            arch_dttm: at,
        };
        self.enter(&mut work, &row).await?;
        work.commit().await?;
        Ok(here)
    }

    async fn archive_entry(&self, order: &OrderId) -> Result<Option<ArchRow>, StoreError> {
        let binds = vec![Bind::text(ORDER), Bind::text(order.as_str())];
        Ok(self.list("WHERE t.arch_knd_cd = $1 AND t.trgt_id = $2", binds).await?.pop())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_said_of_the_archive() {
        let sql = "FROM tb_od_ord AS t, tb_od_ord_gds JOIN tb_od_ord_prsn WHERE tb_od_ord.x AND tb_pd_unt";
        let said =
            "FROM tb_od_ord_arch AS t, tb_od_ord_gds_arch JOIN tb_od_ord_prsn WHERE tb_od_ord_arch.x AND tb_pd_unt";
        assert_eq!(in_archive(sql), said);
    }
}
