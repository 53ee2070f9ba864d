//! Orders as resources: found, looked at, told, and sent commands.

use std::{collections::BTreeMap, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, EntityTag, IfNoneMatch},
    web::{self, Json},
};
use serde::Deserialize;
use serde_json::Map;
use sha2::{Digest as _, Sha256};

use super::{
    AppState,
    caller::Caller,
    commands::{self, object},
    figures,
    folds::{self, FoldFor},
    guard::{Body, deny},
    mask,
    paging::{self, bad_cursor, moment, statuses, within_reason},
    problem::{self, ApiError, ProblemKind},
    recipient::{self, Look, SeenPerson},
    scope::{self, Sight, VisibleOrder, theirs},
    view::{OrderSummary, OrderView, Page, RecipientView, ReviewView},
};
use crate::{
    domain::{
        Time,
        ids::{CustomerId, OrderId, PartnerId},
        order::Order,
        renames::RENAMES,
    },
    history::timeline::{Answers, Telling, TimelineError},
    protocol::{command::Wire, internal::hex},
    store::OrderQuery,
};

/// How many look through the answers for refusals at a time: Redis is the lanes' first. Others wait, and go without.
pub const LOOKS_AT_ONCE: usize = 1;
/// How many pages of them a request looks through, from the newest on: some 250,000 answers.
const PAGES_MAX: usize = 40;
/// How long that may take, with the waiting.
const LOOK_TIME: Duration = Duration::from_secs(1);

/// Short histories that are read at a time.
const SHORT_AT_ONCE: usize = 50;

/// What a list of orders is asked by.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderSearch {
    customer_id: Option<String>,
    /// those in the archive, and no others
    archived: Option<bool>,
    /// of orders that a partner sells, and of staff: whose
    partner_id: Option<String>,
    /// several with commas between
    status: Option<String>,
    placed_from: Option<String>,
    placed_before: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// `GET /v1/orders`.
pub async fn list(
    shared: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    search: web::Query<OrderSearch>,
) -> Result<Json<Page<OrderSummary>>, ApiError> {
    let deny = |why| deny(&request, caller.name(), why);
    let mut customer = paging::id(search.customer_id.as_deref(), CustomerId::new)?;
    let mut partner = paging::id(search.partner_id.as_deref(), PartnerId::new)?;
    match &caller {
        Caller::Checkout { customer: Some(own), .. } => {
            if customer.as_ref().is_some_and(|named| named != own) {
                return Err(deny("a checkout sees its customer's orders"));
            }
            if partner.is_some() {
                return Err(deny("a checkout asks for no partner"));
            }
            customer = Some(own.clone());
        }
        Caller::Partner { partner: own } => {
            if partner.as_ref().is_some_and(|named| named != own) {
                return Err(deny("a partner sees its own orders"));
            }
            partner = Some(own.clone());
        }
        Caller::Checkout { customer: None, .. } | Caller::Metrics | Caller::Payment { .. } | Caller::Nobody => {
            return Err(deny("not with this token"));
        }
        Caller::Anyone | Caller::Operator { .. } | Caller::Auditor { .. } => {}
    }
    let limit = paging::limit(search.limit)?;
    let asked = OrderQuery {
        archived: search.archived.unwrap_or(false),
        customer,
        partner,
        placed: true,
        statuses: statuses(search.status.as_deref())?,
        placed_from: moment(search.placed_from.as_deref())?,
        placed_before: moment(search.placed_before.as_deref())?,
        after: search.cursor.as_deref().map(read_cursor).transpose()?,
        limit: limit + 1,
    };
    let rows = shared.parts.store.find_orders(&asked).await?;
    let mut page: Page<OrderSummary> =
        paging::page(rows, limit, |r| format!("{}.{}", r.rcpt_dttm.timestamp_micros(), r.ord_id));
    if matches!(caller, Caller::Partner { .. }) {
        let whole = std::mem::take(&mut page.items);
        page.items = parts(&shared, &caller, whole).await?;
    }
    Ok(Json(page))
}

/// The rows of a partner's list as it sees them: of what it sells its own part.
async fn parts(shared: &AppState, caller: &Caller, whole: Vec<OrderSummary>) -> Result<Vec<OrderSummary>, ApiError> {
    let most = i64::try_from(folds::AT_ONCE).unwrap_or(i64::MAX);
    let (short, long): (Vec<_>, Vec<_>) = whole.iter().partition(|o| o.version < most);
    let mut found = BTreeMap::new();
    for some in short.chunks(SHORT_AT_ONCE) {
        let ids: Vec<OrderId> = some.iter().map(|o| OrderId::stored(&o.order_id)).collect();
        for rows in shared.parts.store.orders(&ids).await? {
            found.extend(scope::read(rows)?.map(|f| (f.order.id.to_string(), f)));
            tokio::task::yield_now().await; // each takes a moment, and five hundred of them too long
        }
    }
    let name = caller.actor();
    for o in long {
        found.extend(
            scope::folded(shared, FoldFor::Reader(&name), &o.order_id).await?.map(|f| (f.order.id.to_string(), f)),
        );
    }
    let seen = |row: OrderSummary| {
        let folded = found.get(&row.order_id)?;
        let sight = scope::sight(caller, folded)?;
        Some(match sight.seller() {
            Some(seller) => row.of_part(&folded.order.part_of(seller)),
            None => row,
        })
    };
    Ok(whole.into_iter().filter_map(seen).collect())
}

fn read_cursor(cursor: &str) -> Result<(Time, OrderId), ApiError> {
    let (at, id) = cursor.split_once('.').ok_or_else(bad_cursor)?;
    let at = at.parse().ok().and_then(Time::from_timestamp_micros).filter(|at| within_reason(*at));
    let at = at.ok_or_else(bad_cursor)?;
    Ok((at, OrderId::new(id).map_err(|_| bad_cursor())?))
}

/// `GET /v1/orders/{id}`.
pub async fn one(
    shared: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let found = theirs(&shared, &request, &caller, &id).await?;
    let (found, mut view) = seen(&shared, &caller, found).await?;
    let order = &found.order;
    // with what is kept apart from its history
    words(&shared, order, &mut view.reviews).await?;
    let sends = found.sight.seller().is_none_or(|seller| order.needs_address(seller));
    let mut place = None;
    if sends {
        let one = std::slice::from_ref(&order.id);
        place = recipient::places(&shared, one).await?.of.remove(order.id.as_str());
    }
    let open = matches!(caller, Caller::Anyone);
    view.recipient = place.as_ref().map(|place| match &place.person {
        Some(_) if !open => mask::recipient(&place.recipient),
        _ => place.recipient.clone(),
    });
    let tag = tag(order, view.recipient.as_ref(), &view.reviews);
    if let Some(known) = known(&request, &tag) {
        return Ok(known);
    }
    let seen = place.as_ref().filter(|_| open).and_then(|place| SeenPerson::of(order.id.as_str(), place));
    if let Some(seen) = seen {
        recipient::note(&shared, &request, &caller, Look::Order, &[seen]).await?;
    }
    tagged(&shared, &request, &caller, order, &tag, view).await
}

/// What its history tells of an order, as the caller may see it.
async fn seen(shared: &AppState, caller: &Caller, found: VisibleOrder) -> Result<(VisibleOrder, OrderView), ApiError> {
    let (id, events, masks) = (found.order.id.clone(), events(&found.order), !recipient::sees_means(caller));
    let view = move || {
        let mut view = OrderView::of(&found.seen(), &found.order, found.sight.seller());
        for settlement in view.settlements.iter_mut().filter(|_| masks) {
            settlement.payment_reference = settlement.payment_reference.as_deref().map(mask::id);
        }
        (found, view)
    };
    shared.folds.of(FoldFor::Reader(&caller.actor()), events, view).await.map_err(|e| e.error(id.as_str()))
}

/// How much there is of an order.
fn events(order: &Order) -> usize {
    usize::try_from(order.version).unwrap_or(usize::MAX)
}

/// Adds to reviews their words, where they are still kept.
async fn words(shared: &AppState, order: &Order, reviews: &mut [ReviewView]) -> Result<(), ApiError> {
    if reviews.is_empty() {
        return Ok(());
    }
    let one = std::slice::from_ref(&order.id);
    let persons = shared.parts.store.persons(one).await?;
    for review in reviews {
        let words = persons.iter().find(|p| p.prsn_knd_cd == "REVIEW" && p.ord_seq == i64::from(review.line_no));
        review.text = words.and_then(|p| p.rvw_txt.as_deref()).map(str::to_owned);
    }
    Ok(())
}

/// The ETag: the order's version, and a mark of what is shown of persons. That is erased, and a business moves, without the
/// order having another version.
fn tag(order: &Order, recipient: Option<&RecipientView>, reviews: &[ReviewView]) -> EntityTag {
    let mut hash = Sha256::new();
    let mut of_persons = false;
    let texts = reviews.iter().filter_map(|r| Some((r.line_no, r.text.as_ref()?)));
    let texts = texts.map(|text| serde_json::to_vec(&text));
    for shown in recipient.map(serde_json::to_vec).into_iter().chain(texts).flatten() {
        of_persons = true;
        hash.update((shown.len() as u64).to_le_bytes());
        hash.update(shown);
    }
    EntityTag::new_strong(match of_persons {
        true => format!("{}-{}", order.version, hex(&hash.finalize()[..8])),
        false => order.version.to_string(),
    })
}

/// It may be kept, by who asked, and is good for nothing before it was asked for again.
const ASK_AGAIN: (header::HeaderName, &str) = (header::CACHE_CONTROL, "private, no-cache");

/// 304, where the client has it already.
fn known(request: &HttpRequest, tag: &EntityTag) -> Option<HttpResponse> {
    use actix_web::http::header::Header as _;
    let known = match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => request.headers().contains_key(header::IF_NONE_MATCH),
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|t| t.weak_eq(tag)),
        Err(_) => false,
    };
    known
        .then(|| HttpResponse::NotModified().insert_header(header::ETag(tag.clone())).insert_header(ASK_AGAIN).finish())
}

async fn tagged(
    shared: &AppState,
    request: &HttpRequest,
    caller: &Caller,
    order: &Order,
    tag: &EntityTag,
    body: impl serde::Serialize + Send + 'static,
) -> Result<HttpResponse, ApiError> {
    if let Some(known) = known(request, tag) {
        return Ok(known);
    }
    let mut response = shared.folds.json(FoldFor::Reader(&caller.actor()), events(order), body).await?;
    if let Ok(tag) = header::HeaderValue::from_str(&tag.to_string()) {
        let (name, again) = ASK_AGAIN;
        response.headers_mut().insert(header::ETAG, tag);
        response.headers_mut().insert(name, header::HeaderValue::from_static(again));
    }
    Ok(response)
}

/// `GET /v1/orders/{id}/timeline`.
pub async fn timeline(
    shared: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let found = theirs(&shared, &request, &caller, &id).await?;
    let (order, seller) = (&found.order, found.sight.seller());
    let telling = Telling::new(order.id.clone(), seller.cloned());
    let telling = shared
        .folds
        .through(FoldFor::Reader(&caller.actor()), &*shared.parts.store, &order.id, telling, Telling::add)
        .await;
    let telling = telling.map_err(|e| e.error(&id))?;
    let telling = telling.unwrap_or_else(|| Telling::new(order.id.clone(), seller.cloned()));
    let mut told = telling.end(&*shared.parts.store).await.map_err(|e| untold(&order.id, e))?;
    let names = vec![std::sync::Arc::clone(&shared.answers.name)]; // what this process was answered
    let answers = Answers { log: std::sync::Arc::clone(&shared.parts.log), names, pages_max: PAGES_MAX };
    let look = async {
        match shared.looks.acquire().await {
            Ok(_place) => told.look(&answers).await,
            Err(_) => Ok(()),
        }
    };
    // where there is no time it says what it has not looked through
    if let Ok(Err(e)) = tokio::time::timeout(LOOK_TIME, look).await {
        return Err(untold(&order.id, e));
    }
    match &found.sight {
        Sight::Part(seller) => told.keep(&order.part_of(seller)),
        Sight::Buyer => figures::hide(&mut told),
        Sight::Whole => {}
    }
    shared.folds.json(FoldFor::Reader(&caller.actor()), told.entries.len(), told).await
}

fn untold(id: &OrderId, e: TimelineError) -> ApiError {
    match e {
        TimelineError::Store(e) => e.into(),
        TimelineError::Log(e) => e.into(),
        TimelineError::History(e) => {
            tracing::error!(order_id = %id, error = e, "a timeline can't be told");
            ProblemKind::Fault.error("this order's history can't be read")
        }
    }
}

/// What of an order can be asked for by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderPart {
    Lines,
    Payments,
    Refunds,
    Fees,
    Claims,
    Procurements,
    LinkedOrders,
    Reviews,
}

impl OrderPart {
    /// Every one.
    pub const ALL: [OrderPart; 8] = [
        OrderPart::Lines,
        OrderPart::Payments,
        OrderPart::Refunds,
        OrderPart::Fees,
        OrderPart::Claims,
        OrderPart::Procurements,
        OrderPart::LinkedOrders,
        OrderPart::Reviews,
    ];

    /// As a path writes it.
    pub const fn word(self) -> &'static str {
        match self {
            OrderPart::Lines => "lines",
            OrderPart::Payments => "payments",
            OrderPart::Refunds => "refunds",
            OrderPart::Fees => "fees",
            OrderPart::Claims => "claims",
            OrderPart::Procurements => "procurements",
            OrderPart::LinkedOrders => "linked-orders",
            OrderPart::Reviews => "reviews",
        }
    }

    fn of(word: &str) -> Option<Self> {
        OrderPart::ALL.into_iter().find(|part| part.word() == word)
    }
}

/// `GET /v1/orders/{id}/{part}`.
pub async fn part(
    shared: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (id, word) = path.into_inner();
    let part = OrderPart::of(&word);
    if part.is_none() && !Wire::NAMES.contains(&word.as_str()) {
        return Err(ProblemKind::NotFound.error(format!("an order has no {word}")));
    }
    let found = theirs(&shared, &request, &caller, &id).await?;
    let part = part.ok_or_else(|| problem::only("POST", "a command of this type is sent by POST"))?;
    let (found, mut view) = seen(&shared, &caller, found).await?;
    if part == OrderPart::Reviews {
        words(&shared, &found.order, &mut view.reviews).await?;
    }
    // without words nothing of a person is in any of them
    let (order, tag) = (&found.order, tag(&found.order, None, &view.reviews));
    match part {
        OrderPart::Lines => tagged(&shared, &request, &caller, order, &tag, view.lines).await,
        OrderPart::Payments => tagged(&shared, &request, &caller, order, &tag, view.settlements).await,
        OrderPart::Refunds => tagged(&shared, &request, &caller, order, &tag, view.refunds).await,
        OrderPart::Fees => tagged(&shared, &request, &caller, order, &tag, view.fees).await,
        OrderPart::Claims => tagged(&shared, &request, &caller, order, &tag, view.claims).await,
        OrderPart::Procurements => tagged(&shared, &request, &caller, order, &tag, view.procurements).await,
        OrderPart::LinkedOrders => tagged(&shared, &request, &caller, order, &tag, view.linked_orders).await,
        OrderPart::Reviews => tagged(&shared, &request, &caller, order, &tag, view.reviews).await,
    }
}

/// `POST /v1/orders`: a `place_order` command without its type.
pub async fn place(
    shared: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    let mut command = object(&body.0)?;
    commands::said(&mut command, "type", "place_order")?;
    commands::submit(&shared, &request, &caller, command).await
}

/// `POST /v1/orders/{id}/{command}`: a command's own fields.
pub async fn command(
    shared: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    path: web::Path<(String, String)>,
    body: Body,
) -> Result<HttpResponse, ApiError> {
    let (id, kind) = path.into_inner();
    if !Wire::NAMES.contains(&kind.as_str()) || kind == "place_order" {
        let renamed = RENAMES.command(&kind).map(|renamed| format!(": {renamed}")).unwrap_or_default();
        let why = format!("an order takes no command {kind}{renamed}");
        let is_part = OrderPart::of(&kind).is_some();
        return Err(if is_part { problem::only("GET", why) } else { ProblemKind::NotFound.error(why) });
    }
    let mut command = if body.0.is_empty() { Map::new() } else { object(&body.0)? };
    commands::said(&mut command, "type", &kind)?;
    commands::said(&mut command, "order_id", &id)?;
    commands::submit(&shared, &request, &caller, command).await
}
