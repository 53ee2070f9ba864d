//! `POST /v1/customers/{id}/erase`: a person's data goes; the orders' money and history stay.
//!
//! What goes: the rows of personal data (주문개인정보) of every order of theirs that needs none any more, words that somebody
//! wrote about one, where orders go that were made for one, and dead letters that hold a command of theirs or about an order
//! of theirs. What stays, and why: docs/guide/http.md.

mod dead_letter;

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use actix_web::{
    HttpRequest,
    web::{self, Json},
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use self::dead_letter::Whose;

use super::{
    AppState,
    audit::{self, Action},
    caller::Caller,
    dead_letters,
    folds::FoldFor,
    problem::{ApiError, ProblemKind},
};
use crate::{
    domain::ids::{CustomerId, OrderId},
    erasure::{Words, parcels},
    history::replay,
    log::EntryId,
    retention::before,
    store::OrderQuery,
};

/// Orders looked through at a time.
const PAGE: u32 = 200;
/// Letters looked through at a time, each of up to 16 KiB.
const LETTERS_AT_ONCE: usize = 200;
/// How long lanes may take to deal with what was sent before.
const UNPROCESSED_WAIT: Duration = Duration::from_secs(10);
/// Between looks at that.
const UNPROCESSED_PAUSE: Duration = Duration::from_millis(50);
/// Orders that are named in the answer, of those that still need the data.
const KEPT_MAX: usize = 100;

/// What was done.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct ErasedView {
    pub customer_id: String,
    /// orders that keep nothing of the person now
    pub orders: u64,
    /// rows of personal data that went
    pub rows: u64,
    /// histories and failed deliveries whose free texts were erased
    pub texts: u64,
    /// dead letters that went
    pub dead_letters: u64,
    /// orders that are still under way, and keep what they need until they are done: ask again then (the first 100)
    pub pending: Vec<String>,
    /// how many those are
    pub pending_orders: u64,
    /// commands that were sent before and that no lane had dealt with: an order or a dead letter may still come of one of
    /// theirs. Ask again
    pub unprocessed_commands: u64,
}

/// `POST /v1/customers/{id}/erase`.
pub async fn customer(
    shared: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
) -> Result<Json<ErasedView>, ApiError> {
    let customer = CustomerId::new(&id).map_err(|e| ProblemKind::Invalid.error(e.to_string()))?;
    audit::note(&shared, &request, &caller, Action::PersonErased, &format!("customer:{id}"), &json!({})).await?;
    erase(&shared, &customer).await.map(Json)
}

async fn erase(shared: &AppState, customer: &CustomerId) -> Result<ErasedView, ApiError> {
    // first: what comes of commands that are on their way is there to be erased
    let unprocessed_commands = unprocessed(shared).await?;
    let mut view = ErasedView { customer_id: customer.to_string(), unprocessed_commands, ..ErasedView::default() };
    let mut orders = HashSet::new();
    for archived in [false, true] {
        let mut asked = OrderQuery { customer: Some(customer.clone()), archived, limit: PAGE, ..OrderQuery::default() };
        loop {
            let rows = shared.parts.store.find_orders(&asked).await?;
            let Some(last) = rows.last() else { break };
            asked.after = Some((last.rcpt_dttm, OrderId::stored(&last.ord_id)));
            let mut ids: Vec<OrderId> = rows.iter().map(|r| OrderId::stored(&r.ord_id)).collect();
            let mut whose = Keeps::Person;
            // then the orders that were made for these, and for those
            while !ids.is_empty() {
                // one that was archived meanwhile is found twice, and erased there, too
                let again = ids.iter().filter(|id| orders.contains(id.as_str())).cloned().collect();
                orders.extend(ids.iter().map(|id| id.as_str().to_owned()));
                erase_orders(shared, &ids, (whose, &again), &mut view).await?;
                let made = shared.parts.store.children(&ids).await?;
                let new = made.iter().filter(|l| !orders.contains(&*l.chld_ord_id));
                (ids, whose) = (new.map(|l| OrderId::stored(&l.chld_ord_id)).collect(), Keeps::Recipient);
            }
        }
    }
    parcels(&*shared.parts.store, &orders, &mut view.texts).await?;
    view.dead_letters = letters_of(shared, &Whose { customer: customer.as_str(), orders: &orders }).await?;
    Ok(view)
}

/// Waits until the lanes have dealt with what was sent by now; how many commands they had not, in all that time. By
/// number: one that waits for another lane may be counted for one that came after it.
async fn unprocessed(shared: &AppState) -> Result<u64, ApiError> {
    let log = &shared.parts.log;
    let begun = Instant::now();
    let mut left = 0;
    for partition in 0..shared.parts.partitions {
        let then = log.stats(partition).await?;
        let sent = then.settled + then.lag + then.steps + then.pending;
        let mut now = then;
        while !now.at_rest() && now.settled < sent && begun.elapsed() < UNPROCESSED_WAIT {
            tokio::time::sleep(UNPROCESSED_PAUSE).await;
            now = log.stats(partition).await?;
        }
        if !now.at_rest() {
            left += sent.saturating_sub(now.settled);
        }
    }
    Ok(left)
}

/// What an order keeps of the person who is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeps {
    /// their own: all that it keeps is theirs
    Person,
    /// made for theirs, and bought by a business: where it goes
    Recipient,
}

async fn erase_orders(
    shared: &AppState,
    ids: &[OrderId],
    (keeps, again): (Keeps, &HashSet<OrderId>),
    view: &mut ErasedView,
) -> Result<(), ApiError> {
    let unclaimable = before(shared.parts.clock.now(), shared.parts.claim_window);
    let store = &shared.parts.store;
    let histories = store.orders(ids).await?;
    let mut done = Vec::new();
    let events = histories.iter().map(Vec::len).sum();
    let fold = move || histories.into_iter().map(|rows| (replay::fold(&rows), rows)).collect::<Vec<_>>();
    for (folded, rows) in shared.folds.of(FoldFor::CallBack, events, fold).await.map_err(|e| e.error(""))? {
        let folded = folded.map_err(|e| {
            tracing::error!(error = e, "a history does not fold");
            ProblemKind::Fault.error("an order's history can't be read; nothing more was erased")
        })?;
        let Some(order) = folded.map(|f| f.order) else { continue };
        if order.needs_person(unclaimable) {
            view.pending_orders += 1;
            if view.pending.len() < KEPT_MAX {
                view.pending.push(order.id.to_string());
            }
        } else {
            let words = Words::of(&order, &rows);
            if !words.is_empty() {
                words.erase(&**store).await?;
                view.texts += 1;
            }
            done.push(order.id.clone());
        }
    }
    let gone = match keeps {
        Keeps::Person => {
            view.orders += done.iter().filter(|id| !again.contains(*id)).count() as u64;
            store.erase(&done).await
        }
        Keeps::Recipient => store.erase_recipients(&done).await,
    };
    view.rows += gone?;
    Ok(())
}

/// Takes away the dead letters of a customer: they hold commands as they came, names and all.
async fn letters_of(shared: &AppState, whose: &Whose<'_>) -> Result<u64, ApiError> {
    let mut gone = 0;
    for partition in 0..shared.parts.partitions {
        let mut after = EntryId::ZERO;
        loop {
            let some = dead_letters::next(shared, partition, after, LETTERS_AT_ONCE).await?;
            let Some((last, _)) = some.last() else { break };
            after = *last;
            for (id, _) in some.iter().filter(|(_, dead)| whose.is(dead.stream, &dead.command)) {
                gone += u64::from(shared.parts.log.bury(partition, *id).await?);
            }
        }
    }
    Ok(gone)
}
