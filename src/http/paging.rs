//! Lists come in pages: `limit`, and the `cursor` that the page before named.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

use super::{problem::Why, view::Page};

/// Items a page unless another number is asked for.
const LIMIT: u32 = 50;
/// Items a page at most.
pub const LIMIT_MAX: u32 = 500;

/// What every list understands.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paging {
    pub limit: Option<u32>,
    pub cursor: Option<String>,
}

/// A page's size.
///
/// # Errors
/// The response that refuses it.
pub fn limit(asked: Option<u32>) -> Result<u32, HttpResponse> {
    match asked.unwrap_or(LIMIT) {
        n if (1..=LIMIT_MAX).contains(&n) => Ok(n),
        n => Err(Why::Invalid.response(format!("limit is 1 to {LIMIT_MAX}, not {n}"))),
    }
}

/// Whether it could be an id: what none can hold, no database is asked for (PostgreSQL takes no NUL).
pub fn could_be(id: &str) -> bool {
    !id.chars().any(char::is_control)
}

/// A cursor that names ids.
///
/// # Errors
/// The response that refuses it.
pub fn ids(cursor: Option<&str>) -> Result<Option<&str>, HttpResponse> {
    match cursor {
        Some(text) if !could_be(text) => Err(bad_cursor()),
        cursor => Ok(cursor),
    }
}

/// A cursor that is none of ours.
pub fn bad_cursor() -> HttpResponse {
    Why::Invalid.response("that is no cursor of this list")
}

/// A page of `rows`, which are one more than `limit` where there is a next; `cursor` is what names a row.
pub fn page<R, V: for<'a> From<&'a R>>(mut rows: Vec<R>, limit: u32, cursor: impl Fn(&R) -> String) -> Page<V> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(cursor);
    Page { items: rows.iter().map(V::from).collect(), next }
}

/// As a response.
pub fn told<T: Serialize>(page: Result<Page<T>, HttpResponse>) -> HttpResponse {
    page.map_or_else(|refusal| refusal, |page| HttpResponse::Ok().json(page))
}
