//! Dead letters: looked at, sent again, taken away.

use std::{sync::Arc, time::Duration};

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use super::{
    Shared,
    audit::{self, Action},
    paging::{self, Paging},
    problem::{self, Why},
    view::{LetterDone, LetterView, Page},
};
use crate::{
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

/// Letters from behind `after` on, with their commands as they came.
///
/// # Errors
/// The response that says that the log does not answer.
pub async fn next(
    shared: &Shared,
    partition: u32,
    after: EntryId,
    max: usize,
) -> Result<Vec<(EntryId, String)>, HttpResponse> {
    let kept = shared.parts.log.follow(partition, &Outbound::Dead, after, max, Duration::ZERO).await;
    let kept = kept.map_err(|e| problem::log(&e))?;
    let command = |json: &str| serde_json::from_str::<Told>(json).map(|t| t.command).unwrap_or_default();
    Ok(kept.into_iter().map(|e| (e.id, command(&e.json))).collect())
}

async fn letters(shared: &Shared, partition: u32, max: usize) -> Result<Vec<(EntryId, Told)>, HttpResponse> {
    let kept = shared.parts.log.recent(partition, &Outbound::Dead, max).await.map_err(|e| problem::log(&e))?;
    let read = kept.into_iter().rev().filter_map(|e| Some((e.id, serde_json::from_str(&e.json).ok()?)));
    Ok(read.collect())
}

/// Of these and those, the newest: never more at a time than two partitions' worth, since a letter may have 16 KiB.
fn newest<T>(all: &mut Vec<(EntryId, u32, T)>, more: impl Iterator<Item = (EntryId, u32, T)>, limit: usize) {
    all.extend(more);
    all.sort_by_key(|(id, ..)| std::cmp::Reverse(*id));
    all.truncate(limit);
}

/// `GET /v1/dead-letters`: the newest of each partition.
pub async fn list(shared: web::Data<Shared>, paging: web::Query<Paging>) -> HttpResponse {
    let limit = match (paging::limit(paging.limit), &paging.cursor) {
        (Ok(limit), None) => usize::try_from(limit).unwrap_or(usize::MAX),
        (Ok(_), Some(_)) => return paging::bad_cursor(),
        (Err(refusal), _) => return refusal,
    };
    let mut all = Vec::new();
    for partition in 0..shared.parts.partitions {
        match letters(&shared, partition, limit).await {
            Ok(some) => newest(&mut all, some.into_iter().map(|(id, told)| (id, partition, told)), limit),
            Err(refusal) => return refusal,
        }
    }
    let view = |(id, partition, told): (EntryId, u32, Told)| LetterView {
        letter: id.to_string(),
        partition,
        command: told.command,
        stream: told.stream,
        reason: told.reason,
        entry: told.entry,
        attempts: told.attempts,
    };
    HttpResponse::Ok().json(Page { items: all.into_iter().map(view).collect(), next: None })
}

fn unknown() -> HttpResponse {
    Why::NotFound.response("there is no such dead letter")
}

/// A letter's place in its stream, if that could be one.
fn named(shared: &Shared, partition: u32, letter: &str) -> Result<EntryId, HttpResponse> {
    let id = letter.parse().map_err(|_| unknown())?;
    if partition < shared.parts.partitions { Ok(id) } else { Err(unknown()) }
}

async fn find(shared: &Shared, partition: u32, id: EntryId) -> Result<Told, HttpResponse> {
    let kept = shared.parts.log.follow(partition, &Outbound::Dead, id.before(), 1, Duration::ZERO).await;
    let kept = kept.map_err(|e| problem::log(&e))?;
    let letter = kept.first().filter(|kept| kept.id == id);
    letter.and_then(|kept| serde_json::from_str(&kept.json).ok()).ok_or_else(unknown)
}

/// Writes down what is about to be done to a letter.
async fn note(
    shared: &Shared,
    request: &HttpRequest,
    action: Action,
    (partition, letter): (u32, &str),
    told: &Told,
) -> Result<(), HttpResponse> {
    let command_id = decode(told.command.as_bytes()).ok().map(|c| c.id);
    let detail = json!({ "entry": told.entry, "reason": told.reason, "command_id": command_id });
    audit::note(shared, request, action, &format!("dead-letter:{partition}/{letter}"), &detail).await
}

/// Where a letter goes again: a lane's own step is no command of anybody's. What it says is not asked, since a producer may
/// have written what looks like a step.
fn stream(told: &Told) -> Result<Inbound, HttpResponse> {
    let to = match told.stream.as_deref().map(Inbound::named) {
        Some(Some(to)) => to,
        None if decode(told.command.as_bytes()).is_ok() => Inbound::Commands,
        Some(None) | None => {
            let why = "nobody knows which stream this letter came by, and it is no command that could be sent";
            return Err(Why::Invalid.response(why));
        }
    };
    if to == Inbound::Commands && told.command.len() >= DEAD_COMMAND_BYTES_MAX {
        return Err(Why::Invalid.response("only a part of this command was kept; it can't be sent again"));
    }
    Ok(to)
}

/// `POST /v1/dead-letters/{partition}/{letter}/requeue`: its command took no effect, so it is sent as it was, to where it was.
pub async fn requeue(shared: web::Data<Shared>, request: HttpRequest, path: web::Path<(u32, String)>) -> HttpResponse {
    let (partition, letter) = path.into_inner();
    let id = match named(&shared, partition, &letter) {
        Ok(id) => id,
        Err(refusal) => return refusal,
    };
    let told = match find(&shared, partition, id).await {
        Ok(told) => told,
        Err(refusal) => return refusal,
    };
    let to = match stream(&told) {
        Ok(to) => to,
        Err(refusal) => return refusal,
    };
    if let Err(refusal) = note(&shared, &request, Action::LetterRequeued, (partition, &letter), &told).await {
        return refusal;
    }
    let raw: Arc<[u8]> = told.command.into_bytes().into();
    let sent = match shared.parts.log.append(partition, to, &[raw]).await {
        Ok(ids) => ids.first().map(ToString::to_string),
        Err(e) => return problem::log(&e),
    };
    // sent first: a crash between the two leaves the letter, and its command is answered once all the same
    if let Err(e) = shared.parts.log.bury(partition, id).await {
        return problem::log(&e);
    }
    HttpResponse::Ok().json(LetterDone { letter, partition, entry: sent })
}

/// `DELETE /v1/dead-letters/{partition}/{letter}`.
pub async fn discard(shared: web::Data<Shared>, request: HttpRequest, path: web::Path<(u32, String)>) -> HttpResponse {
    let (partition, letter) = path.into_inner();
    let id = match named(&shared, partition, &letter) {
        Ok(id) => id,
        Err(refusal) => return refusal,
    };
    let told = match find(&shared, partition, id).await {
        Ok(told) => told,
        Err(refusal) => return refusal,
    };
    if let Err(refusal) = note(&shared, &request, Action::LetterDiscarded, (partition, &letter), &told).await {
        return refusal;
    }
    match shared.parts.log.bury(partition, id).await {
        Err(e) => problem::log(&e),
        Ok(false) => unknown(),
        Ok(true) => HttpResponse::Ok().json(LetterDone { letter, partition, entry: None }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_letters_are_held_than_are_shown() {
        let mut all = Vec::new();
        for partition in 0..256 {
            let of = |n: u64| (EntryId { ms: 1_000 * n + u64::from(partition), seq: 0 }, partition, ());
            newest(&mut all, (0..10).map(of), 7);
            assert!(all.len() <= 7, "{} after partition {partition}", all.len());
        }
        let newest: Vec<u64> = all.iter().map(|(id, ..)| id.ms).collect();
        assert_eq!(newest, [9_255, 9_254, 9_253, 9_252, 9_251, 9_250, 9_249]);
    }
}
