//! Orders as resources: found, looked at, told, and sent commands.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, EntityTag, IfNoneMatch},
    web,
};
use chrono::Datelike as _;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    Shared,
    commands::{self, object},
    guard::{Body, caller, deny},
    paging::{self, bad_cursor},
    problem::{self, Why},
    scope::theirs,
    tokens::Caller,
    view::{OrderSummary, OrderView, Page},
};
use crate::{
    domain::{
        Time,
        ids::{CustomerId, OrderId},
        order::Order,
        status::Status,
    },
    protocol::command::Wire,
    store::OrderQuery,
    timeline::{self, Answers, TimelineError},
};

/// How many look through the answers for refusals at a time: Redis is the lanes' first. Others wait, and go without.
pub const LOOKS_AT_ONCE: usize = 1;
/// How many pages of them a request looks through, from the newest on: some 250,000 answers.
const PAGES_MAX: usize = 40;
/// How long that may take, with the waiting.
const LOOK_TIME: Duration = Duration::from_secs(1);

/// What a list of orders is asked by.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    customer_id: Option<String>,
    status: Option<String>,
    placed_from: Option<Time>,
    placed_before: Option<Time>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// `GET /v1/orders`.
pub async fn list(shared: web::Data<Shared>, request: HttpRequest, search: web::Query<Search>) -> HttpResponse {
    paging::told(search_orders(&shared, &request, &search).await)
}

async fn search_orders(
    shared: &Shared,
    request: &HttpRequest,
    search: &Search,
) -> Result<Page<OrderSummary>, HttpResponse> {
    let caller = caller(request);
    let invalid = |e: crate::domain::ids::BadId| Why::Invalid.response(e.to_string());
    let mut customer = search.customer_id.as_deref().map(CustomerId::new).transpose().map_err(invalid)?;
    let mut partner = None;
    match &caller {
        Caller::Checkout { customer: Some(own), .. } => {
            if customer.as_ref().is_some_and(|named| named != own) {
                return Err(deny(request, caller.name(), "a checkout sees its customer's orders"));
            }
            customer = Some(own.clone());
        }
        Caller::Partner { partner: own } => partner = Some(own.clone()),
        Caller::Checkout { customer: None, .. } | Caller::Metrics | Caller::Payment { .. } => {
            return Err(deny(request, caller.name(), "not with this token"));
        }
        Caller::Anyone | Caller::Operator { .. } | Caller::Auditor { .. } => {}
    }
    if search.status.as_ref().is_some_and(|s| Status::ALL.iter().all(|known| known.code() != *s)) {
        return Err(Why::Invalid.response("there is no such status"));
    }
    if !search.placed_from.iter().chain(&search.placed_before).all(|at| within_reason(*at)) {
        return Err(Why::Invalid.response("a time is of the years 1 to 9999"));
    }
    let limit = paging::limit(search.limit)?;
    let asked = OrderQuery {
        customer,
        partner,
        placed: true,
        status: search.status.clone(),
        placed_from: search.placed_from,
        placed_before: search.placed_before,
        after: search.cursor.as_deref().map(read_cursor).transpose()?,
        limit: limit + 1,
    };
    let rows = shared.parts.store.find_orders(&asked).await.map_err(|e| problem::store(&e))?;
    Ok(paging::page(rows, limit, |r| format!("{}.{}", r.rcpt_dttm.timestamp_micros(), r.ord_id)))
}

/// Whether a database can hold it.
fn within_reason(at: Time) -> bool {
    (1..=9_999).contains(&at.year())
}

fn read_cursor(cursor: &str) -> Result<(Time, OrderId), HttpResponse> {
    let (at, id) = cursor.split_once('.').ok_or_else(bad_cursor)?;
    let at = at.parse().ok().and_then(Time::from_timestamp_micros).filter(|at| within_reason(*at));
    let at = at.ok_or_else(bad_cursor)?;
    Ok((at, OrderId::new(id).map_err(|_| bad_cursor())?))
}

/// `GET /v1/orders/{id}`; its ETag is the order's version.
pub async fn one(shared: web::Data<Shared>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    match theirs(&shared, &request, &caller(&request), &id).await {
        Ok(order) => tagged(&request, &order, &OrderView::from(&order)),
        Err(refusal) => refusal,
    }
}

fn tagged(request: &HttpRequest, order: &Order, body: &impl serde::Serialize) -> HttpResponse {
    use actix_web::http::header::Header as _;
    let tag = EntityTag::new_strong(order.version.to_string());
    let known = match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => request.headers().contains_key(header::IF_NONE_MATCH),
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|t| t.weak_eq(&tag)),
        Err(_) => false,
    };
    if known {
        return HttpResponse::NotModified().insert_header(header::ETag(tag)).finish();
    }
    HttpResponse::Ok().insert_header(header::ETag(tag)).insert_header((header::CACHE_CONTROL, "no-cache")).json(body)
}

/// `GET /v1/orders/{id}/timeline`.
pub async fn timeline(shared: web::Data<Shared>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    let order = match theirs(&shared, &request, &caller(&request), &id).await {
        Ok(order) => order,
        Err(refusal) => return refusal,
    };
    let mut told = match timeline::timeline(&shared.parts.store, &order.id).await {
        Ok(told) => told,
        Err(e) => return untold(&order.id, e),
    };
    let names = vec![std::sync::Arc::clone(&shared.door.name)]; // what this door was answered
    let answers = Answers { log: std::sync::Arc::clone(&shared.parts.log), names, pages_max: PAGES_MAX };
    let look = async {
        match shared.looks.acquire().await {
            Ok(_place) => told.look(&answers).await,
            Err(_) => Ok(()),
        }
    };
    match tokio::time::timeout(LOOK_TIME, look).await {
        Ok(Err(e)) => untold(&order.id, e),
        Ok(Ok(())) | Err(_) => HttpResponse::Ok().json(told), // it says what it has not looked through
    }
}

fn untold(id: &OrderId, e: TimelineError) -> HttpResponse {
    match e {
        TimelineError::Store(e) => problem::store(&e),
        TimelineError::Log(e) => problem::log(&e),
        TimelineError::History(e) => {
            tracing::error!(order_id = %id, error = e, "a timeline can't be told");
            Why::Fault.response("this order's history can't be read")
        }
    }
}

/// What of an order can be asked for by itself.
pub const PARTS: [&str; 7] = ["lines", "payments", "refunds", "fees", "claims", "procurements", "linked-orders"];

/// `GET /v1/orders/{id}/{part}`.
pub async fn part(shared: web::Data<Shared>, request: HttpRequest, path: web::Path<(String, String)>) -> HttpResponse {
    let (id, part) = path.into_inner();
    let order = match theirs(&shared, &request, &caller(&request), &id).await {
        Ok(order) => order,
        Err(refusal) => return refusal,
    };
    let view = OrderView::from(&order);
    match part.as_str() {
        "lines" => tagged(&request, &order, &view.lines),
        "payments" => tagged(&request, &order, &view.settlements),
        "refunds" => tagged(&request, &order, &view.refunds),
        "fees" => tagged(&request, &order, &view.fees),
        "claims" => tagged(&request, &order, &view.claims),
        "procurements" => tagged(&request, &order, &view.procurements),
        "linked-orders" => tagged(&request, &order, &view.linked_orders),
        _ => Why::NotFound.response(format!("an order has no {part}")),
    }
}

/// `POST /v1/orders`: a `place_order` command without its type.
pub async fn place(shared: web::Data<Shared>, request: HttpRequest, body: Body) -> HttpResponse {
    match object(&body.0) {
        Ok(command) => send(&shared, &request, command, "place_order", None).await,
        Err(refusal) => refusal,
    }
}

/// `POST /v1/orders/{id}/{command}`: a command's own fields.
pub async fn command(
    shared: web::Data<Shared>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    body: Body,
) -> HttpResponse {
    let (id, kind) = path.into_inner();
    if !Wire::NAMES.contains(&kind.as_str()) || kind == "place_order" {
        return Why::NotFound.response(format!("an order takes no command {kind}"));
    }
    let fields = if body.0.is_empty() { Ok(Map::new()) } else { object(&body.0) };
    match fields {
        Ok(command) => send(&shared, &request, command, &kind, Some(&id)).await,
        Err(refusal) => refusal,
    }
}

async fn send(
    shared: &Shared,
    request: &HttpRequest,
    mut command: Map<String, Value>,
    kind: &str,
    order_id: Option<&str>,
) -> HttpResponse {
    for (field, value) in [("type", Some(kind)), ("order_id", order_id)] {
        let Some(value) = value else { continue };
        let given = command.insert(field.to_owned(), value.into());
        if given.is_some_and(|given| given != value) {
            return Why::Invalid.response(format!("the body's {field} is not the path's"));
        }
    }
    commands::submit(shared, request, command).await
}
