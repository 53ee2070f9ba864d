//! Lists come in pages: `limit`, and the `cursor` that the page before named.

use chrono::{DateTime, Datelike as _, Utc};
use serde::Deserialize;

use super::{
    problem::{ApiError, ProblemKind},
    view::Page,
};
use crate::domain::{Time, ids::BadId, status::Status};

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
/// When it is out of bounds.
pub fn limit(asked: Option<u32>) -> Result<u32, ApiError> {
    match asked.unwrap_or(LIMIT) {
        n if (1..=LIMIT_MAX).contains(&n) => Ok(n),
        n => Err(ProblemKind::Invalid.error(format!("limit is 1 to {LIMIT_MAX}, not {n}"))),
    }
}

/// An id of a query.
///
/// # Errors
/// When it is none.
pub fn id<T>(asked: Option<&str>, read: impl Fn(&str) -> Result<T, BadId>) -> Result<Option<T>, ApiError> {
    asked.map(read).transpose().map_err(|e| ProblemKind::Invalid.error(e.to_string()))
}

/// Whether it could be an id: what none can hold, no database is asked for (PostgreSQL takes no NUL).
pub fn could_be(id: &str) -> bool {
    !id.chars().any(char::is_control)
}

/// A moment of a query (RFC 3339). A `+` that nobody escaped has come as a blank, and can be nothing else behind the date.
///
/// # Errors
/// When it is none.
pub fn moment(asked: Option<&str>) -> Result<Option<Time>, ApiError> {
    let Some(text) = asked else { return Ok(None) };
    let mended = match text.rfind(' ') {
        Some(at) if at > "2026-01-01 ".len() => format!("{}+{}", &text[..at], &text[at + 1..]),
        _ => text.to_owned(),
    };
    let read = DateTime::parse_from_rfc3339(&mended).map(|at| at.with_timezone(&Utc));
    match read {
        Ok(at) if within_reason(at) => Ok(Some(at)),
        Ok(_) => Err(ProblemKind::Invalid.error("a time is of the years 1 to 9999")),
        Err(_) => Err(ProblemKind::Invalid
            .error("a time is like 2026-11-29T00:00:00Z or 2026-11-29T00:00:00%2B09:00 (in a URL a + is written %2B)")),
    }
}

/// Whether a database can hold it.
pub fn within_reason(at: Time) -> bool {
    (1..=9_999).contains(&at.year())
}

/// Statuses, with commas between.
///
/// # Errors
/// When one is none.
pub fn statuses(asked: Option<&str>) -> Result<Vec<Status>, ApiError> {
    let mut found = Vec::new();
    for word in asked.into_iter().flat_map(|a| a.split(',')).map(str::trim) {
        let status = Status::from_code(word).ok_or_else(|| ProblemKind::Invalid.error("there is no such status"))?;
        if !found.contains(&status) {
            found.push(status);
        }
    }
    Ok(found)
}

/// A cursor that names ids.
///
/// # Errors
/// When it can't be one.
pub fn ids(cursor: Option<&str>) -> Result<Option<&str>, ApiError> {
    match cursor {
        Some(text) if !could_be(text) => Err(bad_cursor()),
        cursor => Ok(cursor),
    }
}

/// A cursor that is none of ours.
pub fn bad_cursor() -> ApiError {
    ProblemKind::Invalid.error("that is no cursor of this list")
}

/// A page of `rows`, which are one more than `limit` where there is a next; `cursor` is what names a row.
pub fn page<R, V: for<'a> From<&'a R>>(mut rows: Vec<R>, limit: u32, cursor: impl Fn(&R) -> String) -> Page<V> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(cursor);
    Page { items: rows.iter().map(V::from).collect(), next }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_clients_send_them() {
        let at = |text: &str| moment(Some(text)).map_err(drop).map(|t| t.map(|t| t.to_rfc3339()));
        for text in
            ["2026-11-29T00:00:00+09:00", "2026-11-29T00:00:00 09:00", "2026-11-28T15:00:00Z", "2026-11-28 15:00:00Z"]
        {
            assert_eq!(at(text), Ok(Some("2026-11-28T15:00:00+00:00".to_owned())), "{text}");
        }
        for bad in [
            "",
            "x",
            "2026-11-29",
            "2026-11-29T00:00:00",
            "2026-11-29T00:00:00  09:00",
            " ",
            "2026-11-29T00:00:00 ",
            "한 국",
        ] {
            assert_eq!(at(bad), Err(()), "{bad}");
        }
        assert!(matches!(moment(None), Ok(None)));
    }

    #[test]
    fn statuses_come_alone_or_several() {
        let read = |text: &str| statuses(Some(text)).map_err(drop);
        assert_eq!(read("ORDERED, PAYMENT_EXPIRED,ORDERED"), Ok(vec![Status::Ordered, Status::PaymentExpired]));
        for bad in ["", "NIX", "ORDERED,", "ordered"] {
            assert_eq!(read(bad), Err(()), "{bad}");
        }
    }
}
