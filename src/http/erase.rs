//! `POST /v1/customers/{id}/erase`: a person's data goes; the orders' money and history stay.
//!
//! What goes: the rows of personal data (주문개인정보) of every order of theirs that needs none any more, and dead letters
//! that hold a command of theirs. What stays, and why: docs/http.md.

use actix_web::{HttpRequest, HttpResponse, web};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    Shared,
    audit::{self, Action},
    letters,
    problem::{self, Why},
};
use crate::{
    commit::replay,
    domain::ids::{CustomerId, OrderId},
    log::EntryId,
    protocol::strict,
    retention::before,
    store::OrderQuery,
};

/// Orders looked through at a time.
const PAGE: u32 = 200;
/// Letters looked through at a time, each of up to 16 KiB.
const LETTERS_AT_ONCE: usize = 200;
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
    /// dead letters that went
    pub letters: u64,
    /// orders that are still under way, and keep what they need until they are done: ask again then (the first 100)
    pub kept: Vec<String>,
    /// how many those are
    pub kept_orders: u64,
}

/// `POST /v1/customers/{id}/erase`.
pub async fn customer(shared: web::Data<Shared>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    match erase(&shared, &request, &id).await {
        Ok(view) => HttpResponse::Ok().json(view),
        Err(refusal) => refusal,
    }
}

async fn erase(shared: &Shared, request: &HttpRequest, id: &str) -> Result<ErasedView, HttpResponse> {
    let customer = CustomerId::new(id).map_err(|e| Why::Invalid.response(e.to_string()))?;
    audit::note(shared, request, Action::PersonErased, &format!("customer:{id}"), &json!({})).await?;
    let mut view = ErasedView { customer_id: id.to_owned(), ..ErasedView::default() };
    for archived in [false, true] {
        let mut asked = OrderQuery { customer: Some(customer.clone()), archived, limit: PAGE, ..OrderQuery::default() };
        loop {
            let rows = shared.parts.store.find_orders(&asked).await.map_err(|e| problem::store(&e))?;
            let Some(last) = rows.last() else { break };
            asked.after = Some((last.rcpt_dttm, OrderId::stored(&last.ord_id)));
            let ids: Vec<OrderId> = rows.iter().map(|r| OrderId::stored(&r.ord_id)).collect();
            erase_orders(shared, &ids, &mut view).await?;
        }
    }
    view.letters = letters_of(shared, id).await?;
    Ok(view)
}

async fn erase_orders(shared: &Shared, ids: &[OrderId], view: &mut ErasedView) -> Result<(), HttpResponse> {
    let unclaimable = before(shared.parts.clock.now(), shared.parts.claim_window);
    let histories = shared.parts.store.orders(ids).await.map_err(|e| problem::store(&e))?;
    let mut done = Vec::new();
    for rows in &histories {
        let folded = replay::fold(rows).map_err(|e| {
            tracing::error!(error = e, "a history does not fold");
            Why::Fault.response("an order's history can't be read; nothing more was erased")
        })?;
        let Some(order) = folded.map(|f| f.order) else { continue };
        if order.needs_person(unclaimable) {
            view.kept_orders += 1;
            if view.kept.len() < KEPT_MAX {
                view.kept.push(order.id.to_string());
            }
        } else {
            done.push(order.id.clone());
        }
    }
    view.rows += shared.parts.store.erase(&done).await.map_err(|e| problem::store(&e))?;
    view.orders += done.len() as u64;
    Ok(())
}

/// Takes away the dead letters of a customer: they hold commands as they came, names and all.
async fn letters_of(shared: &Shared, customer: &str) -> Result<u64, HttpResponse> {
    let mut gone = 0;
    for partition in 0..shared.parts.partitions {
        let mut after = EntryId::ZERO;
        loop {
            let some = letters::next(shared, partition, after, LETTERS_AT_ONCE).await?;
            let Some((last, _)) = some.last() else { break };
            after = *last;
            for (id, _) in some.iter().filter(|(_, command)| is_theirs(command, customer)) {
                gone += u64::from(shared.parts.log.bury(partition, *id).await.map_err(|e| problem::log(&e))?);
            }
        }
    }
    Ok(gone)
}

/// What can't be read may be anybody's: it goes where it names them at all.
fn is_theirs(command: &str, customer: &str) -> bool {
    let Ok(read) = strict::value(command.as_bytes()) else { return command.contains(customer) };
    let text = |field: &str| read.get(field).and_then(Value::as_str);
    text("customer_id") == Some(customer) || text("actor").and_then(|a| a.strip_prefix("buyer:")) == Some(customer)
}
