//! Lists come in pages: `limit`, and the `cursor` that the page before named.

use actix_web::HttpResponse;
use serde::Deserialize;

use super::problem::Why;

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

/// A cursor that is none of ours.
pub fn bad_cursor() -> HttpResponse {
    Why::Invalid.response("that is no cursor of this list")
}

/// Cuts a page of one more item than asked for; whether there is a next.
pub fn cut<T>(items: &mut Vec<T>, limit: u32) -> bool {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = items.len() > limit;
    items.truncate(limit);
    more
}
