//! The sweep: a round over what goes by age, now and then. It holds no lock between two batches, and pauses after each.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Terms, before};
use crate::{
    clock::Clock,
    commit::replay,
    domain::{Time, ids::OrderId},
    store::{Store, StoreError, door::DoorAuditRow, retention::Expiring, rows::HistRow},
};

/// Rows that go at a time.
const ROWS_MAX: u32 = 1_000;
/// Orders whose personal data is looked at, at a time; each is folded.
const ORDERS_MAX: u32 = 200;
/// The lanes are first.
const PAUSE: Duration = Duration::from_millis(50);
/// After a round that failed, where rounds are rarer.
const AGAIN: Duration = Duration::from_secs(60);

/// The kind of the audit row.
pub const DESTROYED: &str = "PERSONS_DESTROYED";
/// Who destroys.
pub const ACTOR: &str = "system:retention";

/// The loop.
pub struct Sweep {
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub terms: Terms,
    pub stop: CancellationToken,
}

/// What a round did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// rows that went, by table
    pub rows: Vec<(&'static str, u64)>,
    /// orders that keep nothing of a person any more
    pub orders: u64,
}

impl Sweep {
    /// Sweeps until it is stopped.
    pub async fn run(self) {
        loop {
            let pause = match self.round().await {
                Ok(swept) => {
                    if !swept.rows.is_empty() {
                        let rows: Vec<String> = swept.rows.iter().map(|(table, n)| format!("{table} {n}")).collect();
                        tracing::info!(
                            rows = rows.join(", "),
                            orders = swept.orders,
                            "what was kept long enough is gone"
                        );
                    }
                    self.terms.every
                }
                Err(e) => {
                    tracing::warn!(error = %e, "what was kept long enough could not all be deleted; later again");
                    self.terms.every.min(AGAIN)
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    /// One round over everything that has a term.
    ///
    /// # Errors
    /// The store's; what went until then is gone.
    pub async fn round(&self) -> Result<Swept, StoreError> {
        let (mut swept, now) = (Swept::default(), self.clock.now());
        let mut failed = None;
        for what in Expiring::ALL {
            let Some(term) = self.terms.of(what) else { continue };
            // where one table can't be swept, the others can
            if let Err(e) = self.expire(what, before(now, term), &mut swept).await {
                failed.get_or_insert(e);
            }
        }
        if let Some(term) = self.terms.persons {
            self.destroy(before(now, term), &mut swept).await?;
        }
        failed.map_or(Ok(swept), Err)
    }

    async fn expire(&self, what: Expiring, before: Time, swept: &mut Swept) -> Result<(), StoreError> {
        let mut gone = 0;
        loop {
            let some = self.store.expire(what, before, ROWS_MAX).await?;
            gone += some;
            count(what.table(), some);
            if some < u64::from(ROWS_MAX) || !self.pause().await {
                break;
            }
        }
        if gone > 0 {
            swept.rows.push((what.table(), gone));
        }
        Ok(())
    }

    /// 파기: what is kept of persons goes, of orders that have not changed since this time and need nobody any more.
    async fn destroy(&self, unchanged_since: Time, swept: &mut Swept) -> Result<(), StoreError> {
        let mut after: Option<OrderId> = None;
        let (mut rows, mut unreadable) = (0, 0u64);
        loop {
            let keep = self.store.keeping_persons(after.as_ref().map(OrderId::as_str), ORDERS_MAX).await?;
            let Some(last) = keep.last() else { break };
            after = Some(last.order.clone());
            let old = keep.iter().filter(|k| k.placed.is_some_and(|at| at < unchanged_since));
            let old: Vec<OrderId> = old.map(|k| k.order.clone()).collect();
            let mut done = Vec::new();
            for history in self.store.orders(&old).await? {
                match needs_nobody(&history, unchanged_since) {
                    Ok(Some(order)) => done.push(order),
                    Ok(None) => {}
                    Err(why) => {
                        unreadable += 1;
                        tracing::debug!(why, "an order that can't be read keeps its personal data");
                    }
                }
            }
            if !done.is_empty() {
                let noted = self.note(done.len(), unchanged_since).await?;
                let gone = match self.store.erase(&done).await {
                    Ok(gone) => gone,
                    Err(e) => {
                        // nothing of it is known to have been done
                        self.store.unnote(&noted).await?;
                        return Err(e);
                    }
                };
                count(PERSONS, gone);
                rows += gone;
                swept.orders += done.len() as u64;
            }
            if !self.pause().await {
                break;
            }
        }
        if unreadable > 0 {
            tracing::error!(
                orders = unreadable,
                "orders that can't be read keep their personal data: jumun verify names them"
            );
        }
        if rows > 0 {
            swept.rows.push((PERSONS, rows));
        }
        Ok(())
    }

    /// Written down before it is done, by number: whose data it was is nobody's to know any more.
    async fn note(&self, orders: usize, unchanged_since: Time) -> Result<String, StoreError> {
        let id = uuid::Uuid::now_v7().to_string();
        let detail = json!({"orders": orders, "unchanged_since": unchanged_since}).to_string();
        let row = DoorAuditRow {
            adit_id: id.as_str().into(),
            adit_knd_cd: DESTROYED.into(),
            actr: ACTOR.into(),
            trgt: "orders".into(),
            adit_dtl: detail.into(),
            req_id: "".into(),
            adit_dttm: self.clock.now(),
            accs_plc: "".into(),
            cmd_dgst: "".into(),
        };
        self.store.note(&row).await?;
        Ok(id)
    }

    /// Lets the lanes go first; `false` when it is time to stop.
    async fn pause(&self) -> bool {
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => true,
            () = self.stop.cancelled() => false,
        }
    }
}

const PERSONS: &str = "tb_od_ord_prsn";

fn count(table: &'static str, rows: u64) {
    if rows > 0 {
        metrics::counter!("jumun_rows_expired_total", "table" => table).increment(rows);
    }
}

/// The order, where it has not changed since and needs nobody any more.
fn needs_nobody(history: &[HistRow], unchanged_since: Time) -> Result<Option<OrderId>, String> {
    if history.last().is_none_or(|last| last.hist_dttm >= unchanged_since) {
        return Ok(None);
    }
    let order = replay::fold(history)?.map(|folded| folded.order);
    Ok(order.filter(|o| !o.needs_person(unchanged_since)).map(|o| o.id))
}
