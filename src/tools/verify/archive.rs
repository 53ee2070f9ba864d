//! R7 of the archive: what it says of each order and each stretch of a ledger is what lies there, and what stays of them among
//! the live ones stands for it.

use std::{collections::HashMap, sync::Arc};

use super::{Pass, Promise, VerifyError, pages::TableReader};
use crate::{
    domain::ids::{OrderId, SkuId},
    store::{
        QueryStore,
        archive::{ArchRow, ORDER, Stretch},
        rows::HistRow,
    },
};

/// Orders whose rows are summed at a time.
const AT_ONCE: usize = 200;

/// What was seen of the archive.
#[derive(Default)]
pub struct Archive {
    pub orders: u64,
    /// of each SKU, how far its archived ledger goes
    pub ledgers: HashMap<Arc<str>, i64>,
}

/// The archive's list of orders, in the order of their ids, beside their histories.
pub struct Entries {
    rows: TableReader<ArchRow>,
    /// to be summed
    waiting: Vec<ArchRow>,
}

impl Entries {
    pub fn new(store: &Arc<dyn QueryStore>, page: u32) -> Self {
        Self { rows: TableReader::new(store, page), waiting: Vec::new() }
    }

    /// The entry of an order. Entries before it stand for nothing.
    async fn of(&mut self, pass: &mut Pass, ord_id: &str) -> Result<Option<ArchRow>, VerifyError> {
        while let Some(row) = self.rows.peek().await? {
            if *row.arch_knd_cd == *ORDER && *row.trgt_id > *ord_id {
                return Ok(None);
            }
            let Some(row) = self.rows.next().await? else { break };
            if *row.arch_knd_cd != *ORDER {
                continue; // ledgers have a pass of their own
            }
            if *row.trgt_id == *ord_id {
                return Ok(Some(row));
            }
            nothing(pass, &row);
        }
        Ok(None)
    }

    /// Holds an archived order to what stays of it and to the archive's list; `beside`: there are live events, too.
    pub async fn order(
        &mut self,
        pass: &mut Pass,
        stubs: &[HistRow],
        events: Option<&[HistRow]>,
        beside: bool,
    ) -> Result<(), VerifyError> {
        let Some(ord_id) = stubs.first().map(|s| s.ord_id.clone()) else { return Ok(()) };
        pass.f.hold(Promise::R7, !beside, || format!("order {ord_id}: it is archived, and goes on"));
        let events = events.unwrap_or_default();
        let entry = self.of(pass, &ord_id).await?;
        let last = events.last().map_or(0, |e| e.hist_no);
        let firsts = events.iter().filter(|e| e.cmd_evnt_no == 0).map(|e| (e.hist_no, &*e.cmd_id));
        let stand = stubs.iter().filter(|s| !s.seals()).map(|s| (s.hist_no, &*s.cmd_id));
        let sealed = stubs.iter().filter(|s| s.seals()).map(|s| (s.hist_no, &*s.cmd_id));
        let seal = HistRow::seal_of(&ord_id);
        let whole = firsts.eq(stand) && sealed.eq([(last + 1, &*seal)]);
        pass.f.hold(Promise::R7, whole, || {
            format!("order {ord_id}: it is archived, and what stays of it does not stand for what lies there")
        });
        match entry {
            Some(entry) => self.sum(pass, entry).await?,
            None => pass.f.bad(Promise::R7, format!("order {ord_id}: it is archived, and not on the archive's list")),
        }
        pass.archive.orders += 1;
        Ok(())
    }

    /// A history in the archive that nothing among the live ones stands for.
    pub async fn lone(&mut self, pass: &mut Pass, events: &[HistRow]) -> Result<(), VerifyError> {
        let Some(first) = events.first() else { return Ok(()) };
        let ord_id = &first.ord_id;
        pass.f.bad(Promise::R7, format!("order {ord_id}: it lies in the archive, and its id is free"));
        if let Some(entry) = self.of(pass, ord_id).await? {
            self.sum(pass, entry).await?;
        }
        Ok(())
    }

    async fn sum(&mut self, pass: &mut Pass, entry: ArchRow) -> Result<(), VerifyError> {
        self.waiting.push(entry);
        if self.waiting.len() >= AT_ONCE { self.summed(pass).await } else { Ok(()) }
    }

    async fn summed(&mut self, pass: &mut Pass) -> Result<(), VerifyError> {
        let waiting = std::mem::take(&mut self.waiting);
        let ids: Vec<OrderId> = waiting.iter().map(|e| OrderId::stored(&e.trgt_id)).collect();
        let sums = pass.store.archived_sums(&ids).await?;
        for (entry, sum) in waiting.iter().zip(sums) {
            pass.f.hold(Promise::R7, sum.rows == entry.row_cnt && *sum.digest == *entry.row_dgst, || {
                let (id, there, were) = (&entry.trgt_id, sum.rows, entry.row_cnt);
                format!("order {id}: {there} rows lie in the archive, {were} were put there, and they are not the same")
            });
        }
        Ok(())
    }

    /// What is left.
    pub async fn rest(&mut self, pass: &mut Pass) -> Result<(), VerifyError> {
        while let Some(row) = self.rows.next().await? {
            if *row.arch_knd_cd == *ORDER {
                nothing(pass, &row);
            }
        }
        self.summed(pass).await
    }
}

fn nothing(pass: &mut Pass, row: &ArchRow) {
    pass.f.bad(Promise::R7, format!("order {}: it is on the archive's list, and not there", row.trgt_id));
}

/// The stretches of ledgers: each as it was put there, one behind the other from the first row on.
pub async fn check(pass: &mut Pass) -> Result<(), VerifyError> {
    let mut rows: TableReader<ArchRow> = TableReader::new(&pass.store, pass.options.page);
    while let Some(row) = rows.next().await? {
        if *row.arch_knd_cd == *ORDER {
            continue;
        }
        let reached = pass.archive.ledgers.entry(Arc::clone(&row.trgt_id)).or_default();
        let follows = row.frst_no == *reached + 1;
        *reached = row.last_no;
        let stretch = Stretch { sku: SkuId::stored(&row.trgt_id), first: row.frst_no, last: row.last_no };
        let sum = pass.store.archived_ledger_sum(&stretch).await?;
        pass.f.hold(Promise::R7, follows && sum.rows == row.row_cnt && *sum.digest == *row.row_dgst, || {
            let (sku, first, last) = (&row.trgt_id, row.frst_no, row.last_no);
            format!("SKU {sku}: ledger rows {first} to {last} in the archive are not as they were put there")
        });
    }
    Ok(())
}
