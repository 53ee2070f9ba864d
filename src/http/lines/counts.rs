//! How many order lines there are of each status, by partner and by SKU.

use std::time::Duration;

use actix_web::{
    HttpRequest,
    web::{self, Json},
};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::time::timeout;

use super::{LineSearch, REACH};
use crate::{
    domain::{Time, status::Status},
    http::{
        AppState,
        caller::Caller,
        paging::moment,
        problem::{ApiError, ProblemKind},
    },
    store::people::{AT_WORK, CountBy, GROUPS_MAX, LineQuery},
};

/// Counts at a time: each looks through all work, and through a month of the rest.
pub const COUNTS_AT_ONCE: usize = 1;
/// How long a place is waited for.
const COUNT_WAIT_MAX: Duration = Duration::from_secs(3);

/// Lines of one kind.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CountItem {
    pub status: Status,
    pub status_korean: &'static str,
    /// where it was counted by partner
    pub partner_id: Option<String>,
    /// where it was counted by SKU
    pub sku_id: Option<String>,
    pub lines: i64,
    /// active ones
    pub units: i64,
}

/// How many lines there are.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LineCounts {
    /// the most first
    pub items: Vec<CountItem>,
    /// there are more groups than are told
    pub more: bool,
    /// shipped lines and ends are counted of orders placed since then; work is counted whole
    pub since: Time,
}

/// `GET /v1/lines/counts`.
pub async fn counts(
    shared: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    search: web::Query<LineSearch>,
) -> Result<Json<LineCounts>, ApiError> {
    let pages = search.limit.is_some() || search.cursor.is_some() || search.sort.is_some();
    if pages || search.format.is_some() {
        return Err(ProblemKind::Invalid.error("a count is no list: leave limit, cursor, sort and format out"));
    }
    let mut by = CountBy::default();
    for word in search.by.iter().flat_map(|by| by.split(',')).map(str::trim) {
        match word {
            "partner" => by.partner = true,
            "sku" => by.sku = true,
            _ => return Err(ProblemKind::Invalid.error("by is partner, sku, or both with a comma between")),
        }
    }
    let now = shared.parts.clock.now();
    let asked = search.read(&request, &caller, &Status::ALL, now)?;
    let named = moment(search.placed_from.as_deref())?;
    let (work, rest): (Vec<Status>, Vec<Status>) = {
        let all = if asked.statuses.is_empty() { Status::ALL.to_vec() } else { asked.statuses.clone() };
        all.into_iter().partition(|s| AT_WORK.contains(s))
    };
    let since = named.unwrap_or(now - REACH);
    // what a claim that is in progress waits for is work, whatever the line has come to
    let reach = if asked.claims_in_progress() { named } else { Some(since) };
    let parts = [
        LineQuery { statuses: work, placed_from: named, ..asked.clone() },
        LineQuery { statuses: rest, placed_from: reach, ..asked },
    ];
    let Ok(Ok(_place)) = timeout(COUNT_WAIT_MAX, shared.counts.acquire()).await else {
        return Err(ProblemKind::Busy.error("others count lines already; try again"));
    };
    let mut found = Vec::new();
    for part in parts.iter().filter(|p| !p.statuses.is_empty()) {
        found.extend(shared.parts.store.count_lines(part, by).await?);
    }
    found.sort_unstable_by(|a, b| {
        (b.lines, &a.status, &a.partner, &a.sku).cmp(&(a.lines, &b.status, &b.partner, &b.sku))
    });
    let most = usize::try_from(GROUPS_MAX).unwrap_or(usize::MAX);
    let more = found.len() > most;
    found.truncate(most);
    let mut items = Vec::with_capacity(found.len());
    for c in found {
        let status =
            Status::from_code(&c.status).ok_or_else(|| ProblemKind::Fault.error("a line's status can't be read"))?;
        items.push(CountItem {
            status,
            status_korean: status.korean(),
            partner_id: by.partner.then_some(c.partner),
            sku_id: by.sku.then_some(c.sku),
            lines: c.lines,
            units: c.units,
        });
    }
    Ok(Json(LineCounts { items, more, since }))
}
