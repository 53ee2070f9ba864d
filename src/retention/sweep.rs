//! The sweep: a round over what goes by age, now and then. It holds no lock between two batches, and pauses after each.

use std::{collections::HashSet, sync::Arc, time::Duration};

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{RetentionTerms, before};
use crate::{
    clock::Clock,
    domain::{Time, ids::OrderId, order::Order},
    erasure::{Words, parcels},
    history::replay,
    store::{AdminStore, StoreError, admin::AdminAuditRow, retention::Expiring, rows::HistRow},
};

/// Rows that go at a time.
const ROWS_MAX: u32 = 1_000;
/// Orders whose personal data is looked at, at a time; each is folded.
const ORDERS_MAX: u32 = 200;
/// Orders of which something is taken out at a time: all webhooks' letters are looked through for them.
const HAUL_MAX: usize = 1_000;
/// Orders whose words go between two pauses.
const WORDS_MAX: u32 = 50;
/// The lanes are first.
const PAUSE: Duration = Duration::from_millis(50);
/// After a round that failed, where rounds are rarer.
const AGAIN: Duration = Duration::from_secs(60);

/// The kind of the audit row.
pub const DESTROYED: &str = "PERSONS_DESTROYED";
/// Who destroys.
pub const ACTOR: &str = "system:retention";

/// By what an order is found that keeps something of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FoundBy {
    Persons,
    /// of orders without personal data of their own, or from before words went with it
    Words,
}

/// Orders whose time is over, some of a round's.
#[derive(Debug, Default)]
struct Haul {
    orders: Vec<OrderId>,
    /// their words, and those of orders that were made for them
    words: Vec<Words>,
    /// these and those
    told: HashSet<String>,
    /// and those of which something stays: nothing is asked for twice
    asked: HashSet<String>,
}

/// The loop.
pub struct Sweep {
    pub store: Arc<dyn AdminStore>,
    pub clock: Arc<dyn Clock>,
    pub terms: RetentionTerms,
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

    /// 파기: what is kept of persons goes, of orders that have not changed since this time and need nobody any more: words that
    /// were written about them first, so that an order whose words are not all out comes again, and one whose are does not.
    async fn destroy(&self, unchanged_since: Time, swept: &mut Swept) -> Result<(), StoreError> {
        let (mut rows, mut unreadable) = (0, 0);
        'all: for found_by in [FoundBy::Persons, FoundBy::Words] {
            let (mut after, mut haul) = (None::<OrderId>, Haul::default());
            loop {
                let from = after.as_ref().map(OrderId::as_str);
                let keep = match found_by {
                    FoundBy::Persons => self.store.keeping_persons(from, ORDERS_MAX).await?,
                    FoundBy::Words => self.store.keeping_words(from, ORDERS_MAX).await?,
                };
                let Some(last) = keep.last() else { break };
                after = Some(last.order.clone());
                let old = keep.iter().filter(|k| k.placed.is_some_and(|at| at < unchanged_since));
                let old: Vec<OrderId> = old.map(|k| k.order.clone()).collect();
                unreadable += self.gather(&old, found_by, unchanged_since, &mut haul).await?;
                if haul.orders.len() >= HAUL_MAX {
                    rows += self.empty(std::mem::take(&mut haul), unchanged_since, swept).await?;
                }
                if !self.pause().await {
                    break 'all;
                }
            }
            rows += self.empty(haul, unchanged_since, swept).await?;
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

    /// Adds those of these orders that need nobody, with their words and those of orders that were made for them; how many
    /// can't be read.
    async fn gather(
        &self,
        old: &[OrderId],
        found_by: FoundBy,
        unchanged_since: Time,
        haul: &mut Haul,
    ) -> Result<u64, StoreError> {
        let (mut ids, mut own, mut unreadable) = (old.to_vec(), true, 0);
        while !ids.is_empty() {
            haul.asked.extend(ids.iter().map(|id| id.as_str().to_owned()));
            let mut done = Vec::new();
            for history in self.store.orders(&ids).await? {
                match needs_nobody(&history, unchanged_since) {
                    Ok(Some(order)) => {
                        let words = Words::of(&order, &history);
                        // of those that were found by words in their rows, whatever the history says
                        if (own && found_by == FoundBy::Words) || !words.is_empty() {
                            haul.words.push(words);
                        }
                        done.push(order.id);
                    }
                    Ok(None) => {}
                    Err(why) => {
                        unreadable += 1;
                        tracing::debug!(why, "an order that can't be read keeps its personal data");
                    }
                }
            }
            haul.told.extend(done.iter().map(|id| id.as_str().to_owned()));
            let made = self.store.children(&done).await?;
            if own {
                haul.orders.append(&mut done);
            }
            let new = made.iter().filter(|l| !haul.asked.contains(&*l.chld_ord_id));
            (ids, own) = (new.map(|l| OrderId::stored(&l.chld_ord_id)).collect(), false);
        }
        Ok(unreadable)
    }

    /// Takes out what these orders keep of persons; how many rows of personal data went.
    async fn empty(&self, haul: Haul, unchanged_since: Time, swept: &mut Swept) -> Result<u64, StoreError> {
        if haul.orders.is_empty() {
            return Ok(0);
        }
        let noted = self.note(haul.orders.len(), unchanged_since).await?;
        let mut begun = false;
        match self.take_out(&haul, &mut begun).await {
            Ok(Some(gone)) => {
                count(PERSONS, gone);
                swept.orders += haul.orders.len() as u64;
                Ok(gone)
            }
            Ok(None) => Ok(0),
            Err(e) => {
                if !begun && let Err(e) = self.store.unnote(&noted).await {
                    tracing::warn!(error = %e, "the audit tells of a destruction that did not begin");
                }
                Err(e)
            }
        }
    }

    /// How many rows of personal data went; `None`: it is time to stop, and what is left is found again.
    async fn take_out(&self, haul: &Haul, begun: &mut bool) -> Result<Option<u64>, StoreError> {
        let store = &*self.store;
        let mut letters = 0;
        let done = parcels(store, &haul.told, &mut letters).await;
        *begun |= letters > 0;
        done?;
        for (words, n) in haul.words.iter().zip(1..) {
            // it is several statements: what fails may have done some of them
            *begun = true;
            words.erase(store).await?;
            if n % WORDS_MAX == 0 && !self.pause().await {
                return Ok(None);
            }
        }
        let mut gone = 0;
        for some in haul.orders.chunks(ORDERS_MAX as usize) {
            *begun = true;
            gone += store.erase(some).await?;
        }
        Ok(Some(gone))
    }

    /// Written down before it is done, by number: whose data it was is nobody's to know any more.
    async fn note(&self, orders: usize, unchanged_since: Time) -> Result<String, StoreError> {
        let id = uuid::Uuid::now_v7().to_string();
        let detail = json!({"orders": orders, "unchanged_since": unchanged_since}).to_string();
        let row = AdminAuditRow {
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
fn needs_nobody(history: &[HistRow], unchanged_since: Time) -> Result<Option<Order>, String> {
    if history.last().is_none_or(|last| last.hist_dttm >= unchanged_since) {
        return Ok(None);
    }
    let order = replay::fold(history)?.map(|folded| folded.order);
    Ok(order.filter(|o| !o.needs_person(unchanged_since)))
}
