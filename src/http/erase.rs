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
    domain::{
        ids::{CustomerId, OrderId},
        order::{Order, state::Line},
    },
    log::EntryId,
    protocol::strict,
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

/// Whether an order still needs to know the person: goods on their way, a claim in progress, money to give back.
fn needs_person(order: &Order) -> bool {
    let under_way = |l: &Line| (l.free() > 0 && !l.status.is_terminal()) || l.returning > 0 || l.exchanging > 0;
    order.lines.iter().any(under_way) || order.refunds.iter().any(|r| r.open())
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
    let mut asked = OrderQuery { customer: Some(customer), limit: PAGE, ..OrderQuery::default() };
    loop {
        let rows = shared.parts.store.find_orders(&asked).await.map_err(|e| problem::store(&e))?;
        let Some(last) = rows.last() else { break };
        asked.after = Some((last.rcpt_dttm, OrderId::stored(&last.ord_id)));
        let ids: Vec<OrderId> = rows.iter().map(|r| OrderId::stored(&r.ord_id)).collect();
        erase_orders(shared, &ids, &mut view).await?;
    }
    view.letters = letters_of(shared, id).await?;
    Ok(view)
}

async fn erase_orders(shared: &Shared, ids: &[OrderId], view: &mut ErasedView) -> Result<(), HttpResponse> {
    let histories = shared.parts.store.orders(ids).await.map_err(|e| problem::store(&e))?;
    let mut done = Vec::new();
    let events = histories.iter().map(Vec::len).sum();
    let fold = move || histories.iter().map(|rows| replay::fold(rows)).collect::<Vec<_>>();
    for folded in shared.folds.of(events, fold).await.map_err(|e| e.response(""))? {
        let folded = folded.map_err(|e| {
            tracing::error!(error = e, "a history does not fold");
            Why::Fault.response("an order's history can't be read; nothing more was erased")
        })?;
        let Some(order) = folded.map(|f| f.order) else { continue };
        if needs_person(&order) {
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
