//! Dead letters: looked at, sent again, taken away.

use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpRequest,
    web::{self, Json},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    AppState,
    audit::{self, Action},
    caller::Caller,
    mask,
    paging::{self, Paging},
    problem::{ApiError, ProblemKind},
    recipient::{self, Look, SeenPerson},
    view::{DeadLetterDone, DeadLetterView, Page},
};
use crate::{
    domain::ids::{CustomerId, OrderId},
    log::{DEAD_COMMAND_BYTES_MAX, EntryId, Inbound, Outbound},
    protocol::decode,
};

/// As the log tells a letter.
#[derive(Deserialize)]
struct Told {
    command: String,
    /// absent: kept by a version before the field
    stream: Option<String>,
    reason: String,
    entry: String,
    attempts: u32,
}

/// A letter's command as it came, and by which stream; none of letters from before that was kept.
pub struct DeadCommand {
    pub command: String,
    pub stream: Option<Inbound>,
}

/// Letters from behind `after` on.
///
/// # Errors
/// The log's.
pub async fn next(
    shared: &AppState,
    partition: u32,
    after: EntryId,
    max: usize,
) -> Result<Vec<(EntryId, DeadCommand)>, ApiError> {
    let kept = shared.parts.log.follow(partition, &Outbound::Dead, after, max, Duration::ZERO).await?;
    let dead = |json: &str| match serde_json::from_str::<Told>(json) {
        Ok(told) => DeadCommand { stream: told.stream.as_deref().and_then(Inbound::named), command: told.command },
        Err(_) => DeadCommand { command: String::new(), stream: None },
    };
    Ok(kept.into_iter().map(|e| (e.id, dead(&e.json))).collect())
}

/// Where a letter lies: which one it is of its partition's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LetterPlace {
    id: EntryId,
    partition: u32,
}

/// A letter, and where it lies.
struct DeadLetter<T> {
    place: LetterPlace,
    told: T,
}

/// The newest letters of a partition before `before`, newest first.
async fn letters(
    shared: &AppState,
    partition: u32,
    before: EntryId,
    max: usize,
) -> Result<Vec<DeadLetter<Told>>, ApiError> {
    let kept = shared.parts.log.earlier(partition, &Outbound::Dead, before, max).await?;
    let read = kept.into_iter().rev().filter_map(|e| {
        let told = serde_json::from_str(&e.json).ok()?;
        Some(DeadLetter { place: LetterPlace { id: e.id, partition }, told })
    });
    Ok(read.collect())
}

/// Of these and those, the newest: never more at a time than two partitions' worth, since a letter may have 16 KiB.
fn newest<T>(all: &mut Vec<DeadLetter<T>>, more: impl IntoIterator<Item = DeadLetter<T>>, limit: usize) {
    all.extend(more);
    all.sort_by_key(|letter| (std::cmp::Reverse(letter.place.id), letter.place.partition));
    all.truncate(limit);
}

/// Up to where a partition has been shown, by the last letter that was.
fn shown(last: Option<LetterPlace>, partition: u32) -> EntryId {
    match last {
        None => EntryId::LAST,
        // of two that came at once, the lower partition's is shown first
        Some(last) if partition > last.partition => last.id.after(),
        Some(last) => last.id,
    }
}

/// `GET /v1/dead-letters`, newest first.
pub async fn list(
    shared: web::Data<AppState>,
    paging: web::Query<Paging>,
) -> Result<Json<Page<DeadLetterView>>, ApiError> {
    let limit = paging::limit(paging.limit)?;
    let last = |cursor: &str| {
        let (id, partition) = cursor.split_once('.')?;
        Some(LetterPlace { id: id.parse().ok()?, partition: partition.parse().ok()? })
    };
    let last = paging.cursor.as_deref().map(|c| last(c).ok_or_else(paging::bad_cursor)).transpose()?;
    // one more tells whether there is a next page
    let most = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
    let mut all = Vec::new();
    for partition in 0..shared.parts.partitions {
        newest(&mut all, letters(&shared, partition, shown(last, partition), most).await?, most);
    }
    Ok(Json(paging::page(all, limit, |letter: &DeadLetter<Told>| {
        let LetterPlace { id, partition } = letter.place;
        format!("{id}.{partition}")
    })))
}

impl From<&DeadLetter<Told>> for DeadLetterView {
    fn from(DeadLetter { place, told }: &DeadLetter<Told>) -> Self {
        Self {
            dead_letter_id: place.id.to_string(),
            partition: place.partition,
            command: mask::command(&told.command),
            stream: told.stream.clone(),
            reason: told.reason.clone(),
            entry: told.entry.clone(),
            attempts: told.attempts,
        }
    }
}

/// `GET /v1/dead-letters/{partition}/{id}`: as it was received. It may hold what orders keep of persons, so who sees it is
/// written down.
pub async fn one(
    shared: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    path: web::Path<(u32, String)>,
) -> Result<Json<DeadLetterView>, ApiError> {
    let (partition, letter) = path.into_inner();
    let id = named(&shared, partition, &letter)?;
    let told = find(&shared, partition, id).await?;
    let about: Value = serde_json::from_str(&told.command).unwrap_or_default();
    // what is no id is kept nowhere: the command may hold anything
    let id_of = |field: &str, is_id: fn(&str) -> bool| about[field].as_str().filter(|id| is_id(id)).unwrap_or_default();
    let order = id_of("order_id", |id| OrderId::new(id).is_ok());
    let person = id_of("customer_id", |id| CustomerId::new(id).is_ok());
    let seen = SeenPerson { order, person };
    recipient::note(&shared, &request, &caller, Look::DeadLetter, &[seen]).await?;
    let command = told.command.clone();
    let masked = DeadLetterView::from(&DeadLetter { place: LetterPlace { id, partition }, told });
    Ok(Json(DeadLetterView { command, ..masked }))
}

fn unknown() -> ApiError {
    ProblemKind::NotFound.error("there is no such dead letter")
}

/// A letter's place in its stream, if that could be one.
fn named(shared: &AppState, partition: u32, letter: &str) -> Result<EntryId, ApiError> {
    let id = letter.parse().map_err(|_| unknown())?;
    if partition < shared.parts.partitions { Ok(id) } else { Err(unknown()) }
}

async fn find(shared: &AppState, partition: u32, id: EntryId) -> Result<Told, ApiError> {
    let kept = shared.parts.log.follow(partition, &Outbound::Dead, id.before(), 1, Duration::ZERO).await?;
    let letter = kept.first().filter(|kept| kept.id == id);
    letter.and_then(|kept| serde_json::from_str(&kept.json).ok()).ok_or_else(unknown)
}

/// What the audit calls a letter.
fn target(partition: u32, letter: &str) -> String {
    format!("dead-letter:{partition}/{letter}")
}

/// Writes down what is about to be done to a letter.
async fn note(
    shared: &AppState,
    request: &HttpRequest,
    caller: &Caller,
    action: Action,
    target: &str,
    told: &Told,
) -> Result<(), ApiError> {
    let command_id = decode(told.command.as_bytes()).ok().map(|c| c.id);
    let detail = json!({ "entry": told.entry, "reason": told.reason, "command_id": command_id });
    audit::note(shared, request, caller, action, target, &detail).await
}

/// Where a letter goes again: a lane's own step is no command of anybody's. What it says is not asked, since a producer may
/// have written what looks like a step.
fn stream(told: &Told) -> Result<Inbound, ApiError> {
    let to = match told.stream.as_deref().map(Inbound::named) {
        Some(Some(to)) => to,
        None if decode(told.command.as_bytes()).is_ok() => Inbound::Commands,
        Some(None) | None => {
            let why = "nobody knows which stream this letter came by, and it is no command that could be sent";
            return Err(ProblemKind::Invalid.error(why));
        }
    };
    if to.produced() && told.command.len() >= DEAD_COMMAND_BYTES_MAX {
        return Err(ProblemKind::Invalid.error("only a part of this command was kept; it can't be sent again"));
    }
    Ok(to)
}

/// `POST /v1/dead-letters/{partition}/{id}/requeue`: its command took no effect, so it is sent as it was, to where it was.
pub async fn requeue(
    shared: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    path: web::Path<(u32, String)>,
) -> Result<Json<DeadLetterDone>, ApiError> {
    let (partition, letter) = path.into_inner();
    let id = named(&shared, partition, &letter)?;
    let told = find(&shared, partition, id).await?;
    let to = stream(&told)?;
    note(&shared, &request, &caller, Action::LetterRequeued, &target(partition, &letter), &told).await?;
    let raw: Arc<[u8]> = told.command.into_bytes().into();
    let sent = shared.parts.log.append(partition, to, &[raw]).await?;
    // sent first: a crash between the two leaves the letter, and its command is answered once all the same
    shared.parts.log.bury(partition, id).await?;
    Ok(Json(DeadLetterDone { dead_letter_id: letter, partition, entry: sent.first().map(ToString::to_string) }))
}

/// `DELETE /v1/dead-letters/{partition}/{id}`.
pub async fn discard(
    shared: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    path: web::Path<(u32, String)>,
) -> Result<Json<DeadLetterDone>, ApiError> {
    let (partition, letter) = path.into_inner();
    let id = named(&shared, partition, &letter)?;
    let told = find(&shared, partition, id).await?;
    note(&shared, &request, &caller, Action::LetterDiscarded, &target(partition, &letter), &told).await?;
    if !shared.parts.log.bury(partition, id).await? {
        return Err(unknown());
    }
    Ok(Json(DeadLetterDone { dead_letter_id: letter, partition, entry: None }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_letters_are_held_than_are_shown() {
        let mut all = Vec::new();
        for partition in 0..256 {
            let of = |n: u64| {
                let id = EntryId { ms: 1_000 * n + u64::from(partition), seq: 0 };
                DeadLetter { place: LetterPlace { id, partition }, told: () }
            };
            newest(&mut all, (0..10).map(of), 7);
            assert!(all.len() <= 7, "{} after partition {partition}", all.len());
        }
        let newest: Vec<u64> = all.iter().map(|letter| letter.place.id.ms).collect();
        assert_eq!(newest, [9_255, 9_254, 9_253, 9_252, 9_251, 9_250, 9_249]);
    }

    #[test]
    fn two_that_came_at_once_are_both_shown() {
        let id = |ms, seq| EntryId { ms, seq };
        let last = Some(LetterPlace { id: id(5, 1), partition: 1 });
        assert_eq!([0, 1, 2].map(|partition| shown(last, partition)), [id(5, 1), id(5, 1), id(5, 2)]);
        assert_eq!(shown(None, 0), EntryId::LAST);
        assert_eq!(id(5, u64::MAX).after(), id(6, 0));
    }
}
