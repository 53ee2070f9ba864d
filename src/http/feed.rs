//! `GET /v1/events`: the orders' events as server-sent events, from a cursor on. `GET /v1/orders/{id}/events`: an order's
//! own, from its history, which is never trimmed.

use std::{collections::HashSet, sync::Arc, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Json},
};
use futures_util::{StreamExt as _, stream, stream::BoxStream};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    AppState,
    caller::Caller,
    folds::{FoldFor, Unfolded},
    guard::{self, deny},
    listeners::ListenerSlot,
    paging::{self, bad_cursor},
    problem::{ApiError, ProblemKind},
    scope::{Sight, theirs},
    view::Page,
};
use crate::{
    domain::{
        ids::{OrderId, PartnerId},
        order::{
            self, Order,
            event::{Event as OrderEvent, hide_units, may_tell_units},
        },
        renames::RENAMES,
    },
    event_reader::{Cursor, EventBatch, Follower, PublishedEvent, ReadResult},
    history::timeline::own_change,
    log::{EntryId, Outbound},
    protocol::{
        decode::masked,
        event::{Published, publish},
    },
    store::rows::HistRow,
};

/// Entries read at a time, each of up to 128 events.
const ENTRIES_MAX: usize = 64;
/// How long a quiet stream stays quiet: a proxy ends a connection that says nothing.
const QUIET_MAX: Duration = Duration::from_secs(10);
/// How long one read waits.
const WAIT: Duration = Duration::from_secs(1);
/// So exactly a cursor tells when there was something, who hears of one order.
const ABOUT_MS: u64 = 60_000;
/// How long it waits before it asks again for a history that could not be read.
const BUSY_PAUSE: Duration = Duration::from_millis(200);

/// What a listener asks for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventsQuery {
    /// `now`, `start`, or the id of the last event that was dealt with
    after: Option<String>,
    order_id: Option<String>,
    /// with commas between
    types: Option<String>,
}

struct Wanted {
    order_id: Option<String>,
    types: HashSet<String>,
    /// how much of what it hears: who does not hear everything hears of one order
    sight: Sight,
}

impl Wanted {
    fn takes(&self, event: &PublishedEvent) -> bool {
        self.order_id.as_ref().is_none_or(|id| *id == event.order_id)
            && (self.types.is_empty() || self.types.contains(&event.kind))
    }
}

/// Where a listener begins.
struct Beginning {
    /// the entries that are read from
    from: Cursor,
    /// what is told of it
    told: Cursor,
}

async fn begin(
    shared: &AppState,
    request: &HttpRequest,
    asked: &EventsQuery,
    sight: &Sight,
) -> Result<Beginning, ApiError> {
    let again = request.headers().get("last-event-id").and_then(|v| v.to_str().ok()).filter(|v| !v.is_empty());
    let after = again.or(asked.after.as_deref()).unwrap_or("now");
    if !matches!(after, "now" | "start") {
        let cursor: Cursor = after.parse().map_err(|_| bad_cursor())?;
        let fits = cursor.0.len() == usize::try_from(shared.parts.partitions).unwrap_or(usize::MAX);
        return if fits { Ok(Beginning { from: cursor.clone(), told: cursor }) } else { Err(bad_cursor()) };
    }
    let (mut from, mut told) = (Vec::new(), Vec::new());
    for partition in 0..shared.parts.partitions {
        let extent = shared.parts.log.extent(partition, &Outbound::Events).await?;
        let place = if after == "now" { extent.last } else { extent.floor };
        from.push(place);
        // when others' orders moved last is nothing to who hears of one: some of what it heard may come again
        let about = EntryId { ms: place.ms - place.ms % ABOUT_MS, seq: 0 };
        told.push(if *sight == Sight::Whole { place } else { about.max(extent.floor) });
    }
    Ok(Beginning { from: Cursor(from), told: Cursor(told) })
}

async fn wanted(
    shared: &AppState,
    request: &HttpRequest,
    caller: &Caller,
    asked: &EventsQuery,
) -> Result<Wanted, ApiError> {
    let mut sight = Sight::Whole;
    if matches!(caller, Caller::Checkout { .. } | Caller::Partner { .. }) {
        let Some(id) = &asked.order_id else {
            return Err(deny(request, caller.name(), "this token hears of one order at a time: name its order_id"));
        };
        sight = theirs(shared, request, caller, id).await?.sight;
    }
    let types: HashSet<String> = asked.types.iter().flat_map(|t| t.split(',')).map(|t| t.trim().to_owned()).collect();
    // an event that never comes is not waited for
    if let Some(odd) = types.iter().find(|t| !OrderEvent::names().contains(&t.as_str())) {
        let (odd, all, renamed) = (masked(odd), OrderEvent::names().join(", "), RENAMES.event(odd));
        return Err(ProblemKind::Invalid.error(format!(
            "types is event types with commas between; {}{odd:?} is none of {all}",
            renamed.map(|renamed| format!("{renamed}; ")).unwrap_or_default()
        )));
    }
    if asked.order_id.as_ref().is_some_and(|id| OrderId::new(id).is_err()) {
        return Err(ProblemKind::Invalid.error("order_id is no order's id"));
    }
    Ok(Wanted { order_id: asked.order_id.clone(), types, sight })
}

/// What one partition's stream says to the others'.
enum Said {
    Told(u32, EventBatch),
    Lost(u32, EntryId),
    /// so that a stream that ends is no silence
    Quiet,
}

/// The partition of the order that is listened for; `None`: all of them.
async fn lives(shared: &AppState, wanted: &Wanted) -> Result<Option<u32>, ApiError> {
    let Some(id) = &wanted.order_id else { return Ok(None) };
    // what is no id is no order's
    let Ok(id) = OrderId::new(id) else { return Ok(None) };
    let rows = shared.parts.store.rows_of_orders(&[id]).await?;
    // an order that is still to come may come anywhere
    Ok(rows.first().and_then(|r| u32::try_from(r.prtn_no).ok()))
}

/// What the partitions say, for ever.
fn said(follower: Follower) -> BoxStream<'static, Vec<Said>> {
    let read = |mut follower: Follower| async move {
        let heard = match follower.next(ENTRIES_MAX, WAIT).await {
            Ok(heard) => heard,
            Err(e) => {
                tracing::warn!(error = %e, "following events failed; trying again");
                tokio::time::sleep(WAIT).await;
                Vec::new()
            }
        };
        let mut said = Vec::new();
        for (partition, heard) in heard {
            match heard {
                ReadResult::Entries(told) => said.extend(told.into_iter().map(|t| Said::Told(partition, t))),
                ReadResult::Lost { from } => said.push(Said::Lost(partition, from)),
            }
        }
        Some((said, follower))
    };
    stream::unfold(follower, read).boxed()
}

/// The text of what was said; the cursor moves with it.
fn text(said: Said, cursor: &mut Cursor, wanted: &Wanted) -> String {
    let mut at = |partition: u32, id: EntryId| {
        if let Some(place) = usize::try_from(partition).ok().and_then(|p| cursor.0.get_mut(p)) {
            *place = id;
        }
        cursor.to_string()
    };
    match said {
        Said::Quiet => ": quiet\n\n".to_owned(),
        Said::Lost(partition, from) => {
            let id = at(partition, from);
            let why = serde_json::json!({ "partition": partition, "from": from.to_string(),
                "detail": "events before this were dropped from the stream: read your orders' events again" });
            format!("id: {id}\nevent: lost\ndata: {why}\n\n")
        }
        Said::Told(partition, told) => {
            let id = at(partition, told.id);
            let mut text = String::new();
            for event in told.events.iter().filter(|e| wanted.takes(e)) {
                text.push_str(&format!("data: {}\n\n", event.raw.get()));
            }
            // the cursor comes with the last one of an entry: whoever hears only a part of it hears it again
            match text.rfind("data: ") {
                Some(last) => text.insert_str(last, &format!("id: {id}\n")),
                // when others' orders move is nothing to who hears of one
                None if wanted.sight != Sight::Whole => {}
                None => text = format!("id: {id}\n\n"),
            }
            text
        }
    }
}

/// An event as a seller hears it: what happened, and what it changes of the seller's part; of what changes nothing there only
/// that it was something else, so that the numbers have no gaps.
fn part(before: Option<&Order>, after: &Order, kind: &str, seller: &PartnerId) -> Value {
    match own_change(before, after, seller) {
        Some(change) => json!({ "type": kind, "change": change }),
        None => json!({ "type": ELSEWHERE }),
    }
}

/// What a seller hears an event called that is not about its part.
const ELSEWHERE: &str = "elsewhere";

/// An order's history as a seller hears it, piece by piece.
struct Hearing {
    seller: PartnerId,
    /// those that come after this one are heard, so many at most
    after: i64,
    most: usize,
    order: Option<Order>,
    heard: Vec<Published>,
}

impl Hearing {
    const fn new(seller: PartnerId, after: i64, most: usize) -> Self {
        Self { seller, after, most, order: None, heard: Vec::new() }
    }

    fn add(&mut self, rows: Vec<HistRow>) -> Result<(), String> {
        for row in &rows {
            if self.heard.len() >= self.most {
                break;
            }
            let id = OrderId::stored(&row.ord_id);
            let event = order::Event::read(row.evnt_ver, &row.evnt)?;
            let wanted = row.hist_no > self.after;
            let before = self.order.as_ref().filter(|_| wanted).cloned();
            Order::step(&mut self.order, &id, &event, row.hist_dttm).map_err(|m| m.to_string())?;
            if wanted {
                let told = self.order.as_ref().map(|after| part(before.as_ref(), after, event.name(), &self.seller));
                let event = told.unwrap_or_else(|| json!({ "type": ELSEWHERE })).to_string();
                self.heard.push(published(row, &event)?);
            }
        }
        Ok(())
    }
}

fn published(row: &HistRow, event: &str) -> Result<Published, String> {
    let json = publish(&row.ord_id, row.hist_no, row.evnt_ver, row.hist_dttm, &row.cmd_id, event);
    serde_json::from_str(&json).map_err(|e| e.to_string())
}

/// The same of what is heard live: the order's history is read again. What can't be read is left out; the client sees the gap
/// and asks for the order's events.
async fn parts(shared: &AppState, wanted: &Wanted, seller: &PartnerId, said: Vec<Said>) -> Vec<Said> {
    let ours = |e: &PublishedEvent| wanted.order_id.as_ref() == Some(&e.order_id);
    let sequence = |e: &PublishedEvent| Some(serde_json::from_str::<Published>(e.raw.get()).ok()?.sequence);
    let told = said.iter().filter_map(|s| if let Said::Told(_, told) = s { Some(&told.events) } else { None });
    let first = told.flatten().filter(|e| ours(e)).filter_map(sequence).min();
    let id = wanted.order_id.as_deref().and_then(|id| OrderId::new(id).ok());
    let mut whole = Vec::new();
    let name = Caller::Partner { partner: seller.clone() }.actor();
    if let Some((id, first)) = id.zip(first) {
        whole = loop {
            let hearing = Hearing::new(seller.clone(), first - 1, usize::MAX);
            match shared.folds.through(FoldFor::Reader(&name), &*shared.parts.store, &id, hearing, Hearing::add).await {
                Ok(hearing) => break hearing.map(|h| h.heard).unwrap_or_default(),
                // what can't be read now is not passed over: the cursor would have gone on
                Err(Unfolded::Busy | Unfolded::Store(_)) => tokio::time::sleep(BUSY_PAUSE).await,
                Err(Unfolded::History(why)) => {
                    tracing::warn!(error = why, "an order's events could not be read for its seller");
                    break Vec::new();
                }
            }
        };
    }
    let cut = |e: PublishedEvent| {
        let sequence = sequence(&e)?;
        let part = whole.iter().find(|p| p.sequence == sequence)?;
        let kind = part.event["type"].as_str().unwrap_or_default().to_owned();
        let raw = serde_json::value::to_raw_value(part).ok()?;
        Some(PublishedEvent { raw, order_id: e.order_id, kind })
    };
    let one = |s: Said| match s {
        Said::Told(partition, told) => {
            let events = told.events.into_iter().filter(ours).filter_map(cut).collect();
            Said::Told(partition, EventBatch { id: told.id, events })
        }
        Said::Lost(..) | Said::Quiet => s,
    };
    said.into_iter().map(one).collect()
}

/// What is said to an order's buyer: how much there is of its goods is not.
fn bought(wanted: &Wanted, said: Said) -> Said {
    let hidden = |mut e: PublishedEvent| -> Option<PublishedEvent> {
        if may_tell_units(&e.kind) {
            let mut told: Published = serde_json::from_str(e.raw.get()).ok()?;
            hide_units(&mut told.event);
            e.raw = serde_json::value::to_raw_value(&told).ok()?;
        }
        Some(e)
    };
    match said {
        Said::Told(partition, told) => {
            let events = told.events.into_iter().filter(|e| wanted.takes(e)).filter_map(hidden).collect();
            Said::Told(partition, EventBatch { id: told.id, events })
        }
        Said::Lost(..) | Said::Quiet => said,
    }
}

/// What a connection holds.
struct Listening {
    said: BoxStream<'static, Vec<Said>>,
    cursor: Cursor,
    wanted: Wanted,
    stop: CancellationToken,
    shared: web::Data<AppState>,
    spoken: tokio::time::Instant,
    _place: ListenerSlot,
}

/// What is sent next; `None`: the server stops.
async fn speak(mut l: Listening) -> Option<(Result<web::Bytes, actix_web::Error>, Listening)> {
    loop {
        let said = tokio::select! {
            said = l.said.next() => said?,
            () = tokio::time::sleep_until(l.spoken + QUIET_MAX) => vec![Said::Quiet],
            () = l.stop.cancelled() => return None,
        };
        let said = match &l.wanted.sight {
            Sight::Part(seller) => tokio::select! {
                parts = parts(&l.shared, &l.wanted, seller, said) => parts,
                () = l.stop.cancelled() => return None,
            },
            Sight::Buyer => said.into_iter().map(|s| bought(&l.wanted, s)).collect(),
            Sight::Whole => said,
        };
        let text: String = said.into_iter().map(|s| text(s, &mut l.cursor, &l.wanted)).collect();
        if !text.is_empty() {
            l.spoken = tokio::time::Instant::now();
            return Some((Ok(web::Bytes::from(text)), l));
        }
    }
}

/// `GET /v1/events`.
pub async fn events(
    shared: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    asked: web::Query<EventsQuery>,
) -> Result<HttpResponse, ApiError> {
    let wanted = wanted(&shared, &request, &caller, &asked).await?;
    let place = shared.listeners.take(&caller)?;
    let Beginning { from, told: cursor } = begin(&shared, &request, &asked, &wanted.sight).await?;
    let only = lives(&shared, &wanted).await?;
    let each = (0..shared.parts.partitions).zip(from.0);
    let after = each.filter(|(partition, _)| only.is_none_or(|only| only == *partition));
    let said = said(Follower::new(Arc::clone(&shared.parts.log), after));
    let stop = shared.parts.stop.clone();
    let over = Box::pin(guard::over(&request, &shared));
    let first = format!("id: {cursor}\nretry: 2000\n\n");
    let spoken = tokio::time::Instant::now();
    let listening = Listening { said, cursor, wanted, stop, shared, spoken, _place: place };
    let hello = stream::once(async move { Ok::<_, actix_web::Error>(web::Bytes::from(first)) });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .streaming(Box::pin(hello.chain(stream::unfold(listening, speak)).take_until(over))))
}

/// From which of an order's events on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct From {
    limit: Option<u32>,
    cursor: Option<String>,
}

/// `GET /v1/orders/{id}/events`; the cursor is the sequence of the last event that is known.
pub async fn of_order(
    shared: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
    from: web::Query<From>,
) -> Result<Json<Page<Published>>, ApiError> {
    let found = theirs(&shared, &request, &caller, &id).await?;
    let limit = usize::try_from(paging::limit(from.limit)?).unwrap_or(usize::MAX);
    let after: i64 = from.cursor.as_deref().map_or(Ok(0), str::parse).map_err(|_| bad_cursor())?;
    let (order, store) = (&found.order.id, &*shared.parts.store);
    let unread = |e: Unfolded| e.error(&id);
    let name = caller.actor();
    let whom = FoldFor::Reader(&name);
    let mut items: Vec<Published> = match found.sight.seller() {
        // what an event changes of a part follows from all before it
        Some(seller) => {
            let hearing = Hearing::new(seller.clone(), after, limit + 1);
            let hearing = shared.folds.through(whom, store, order, hearing, Hearing::add).await.map_err(unread)?;
            hearing.map(|h| h.heard).unwrap_or_default()
        }
        None => {
            let most = u32::try_from(limit + 1).unwrap_or(u32::MAX);
            let rows = store.history(order, after, most).await?;
            let (events, read) = (rows.len(), move || rows.iter().map(|row| published(row, &row.evnt)).collect());
            let read: Result<Vec<Published>, _> = shared.folds.of(whom, events, read).await.map_err(unread)?;
            let mut read = read.map_err(Unfolded::History).map_err(unread)?;
            if found.sight == Sight::Buyer {
                for told in &mut read {
                    hide_units(&mut told.event);
                }
            }
            read
        }
    };
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|e| e.sequence.to_string());
    Ok(Json(Page { items, next }))
}
