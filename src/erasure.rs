//! Words (사유) that people wrote about an order, and how they are taken out of everything that stays once its person is gone,
//! whoever asked for that: a person (`http::erase`) or the time (`retention::sweep`). What happened, by whom and when, stays.

use std::collections::HashSet;

use serde_json::Value;

use crate::{
    domain::{
        ids::OrderId,
        order::{
            Order,
            event::{erase_words, without_words},
        },
    },
    store::{AdminStore, StoreError, admin::HookLetterRow, rows::HistRow},
};

/// Webhooks' letters looked through at a time, each of up to a parcel's events.
const PARCELS_AT_ONCE: u32 = 100;

/// An order's words: its events that have some, as they are without.
#[derive(Debug, Clone)]
pub struct Words {
    order: OrderId,
    refunds: Vec<String>,
    events: Vec<(i64, String)>,
}

impl Words {
    /// Those of an order with this history.
    pub fn of(order: &Order, rows: &[HistRow]) -> Self {
        let events = rows.iter().filter_map(|r| Some((r.hist_no, without_words(&r.evnt)?)));
        let refunds = order.refunds.iter().map(|r| r.key.clone());
        Self { order: order.id.clone(), refunds: refunds.collect(), events: events.collect() }
    }

    /// Whether the history has none.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Takes them out of the history and of the rows that follow it, archived ones, too. May be done again.
    ///
    /// # Errors
    /// The store's.
    pub async fn erase(&self, store: &dyn AdminStore) -> Result<(), StoreError> {
        store.erase_words(&self.order, &self.refunds, &self.events).await
    }
}

/// Takes the words out of events of these orders that a webhook's receiver would not have. `changed` counts the letters that
/// had some, also where it fails after them.
///
/// # Errors
/// The store's.
pub async fn parcels(store: &dyn AdminStore, orders: &HashSet<String>, changed: &mut u64) -> Result<(), StoreError> {
    if orders.is_empty() {
        return Ok(());
    }
    for (hook, _) in store.hook_letter_counts().await? {
        let mut before: Option<String> = None;
        loop {
            let some = store.hook_letters(&hook, before.as_deref(), PARCELS_AT_ONCE).await?;
            let Some(last) = some.last() else { break };
            before = Some(last.ltr_id.to_string());
            for letter in some {
                let without = |events: String| std::future::ready(Ok(without_theirs(&events, orders)));
                *changed += u64::from(reword(store, letter, without).await?);
            }
        }
    }
    Ok(())
}

/// Changes what a letter says, from what it says when that is done: others may take other people's words out of it at the same
/// time. `without` gives the events as they are to be; `None`: as they are. `true`: it was changed.
///
/// # Errors
/// The store's.
pub async fn reword<F>(
    store: &dyn AdminStore,
    mut letter: HookLetterRow,
    without: impl Fn(String) -> F,
) -> Result<bool, StoreError>
where
    F: Future<Output = Result<Option<String>, StoreError>>,
{
    loop {
        let Some(events) = without(letter.evnts.to_string()).await? else { return Ok(false) };
        if store.hook_letter_says(&letter.ltr_id, &letter.evnts, &events).await? {
            return Ok(true);
        }
        let Some(now) = store.hook_letter_of(&letter.hook_id, &letter.ltr_id).await? else { return Ok(false) };
        letter = now;
    }
}

/// Published events without the words in those of these orders; `None`: there are none.
fn without_theirs(events: &str, orders: &HashSet<String>) -> Option<String> {
    let mut events: Vec<Value> = serde_json::from_str(events).ok()?;
    let theirs = |told: &Value| told.get("order_id").and_then(Value::as_str).is_some_and(|id| orders.contains(id));
    let mut had = false;
    for told in events.iter_mut().filter(|told| theirs(told)) {
        had |= told.get_mut("event").is_some_and(erase_words);
    }
    had.then(|| Value::Array(events).to_string())
}
