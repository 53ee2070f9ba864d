//! Lists as sheets: CSV (RFC 4180), as spreadsheets open it.
//!
//! It begins with a byte-order mark, without which Excel reads UTF-8 as the system's code page. A spreadsheet takes a cell that
//! begins like a formula for one, whoever wrote it: such a cell gets an apostrophe before it.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, Accept, Header as _, HeaderValue},
};

use super::{
    problem::{ApiError, ProblemKind},
    view::Page,
};

/// What a list is told as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Json,
    Csv,
}

/// What was asked for: by `format`, else by the header `Accept`.
///
/// # Errors
/// When there is no such format.
pub fn format(request: &HttpRequest, asked: Option<&str>) -> Result<Format, ApiError> {
    match asked {
        Some("json") => return Ok(Format::Json),
        Some("csv") => return Ok(Format::Csv),
        Some(_) => return Err(ProblemKind::Invalid.error("format is json or csv")),
        None => {}
    }
    let wanted = Accept::parse(request).map(|accept| accept.ranked()).unwrap_or_default();
    let known = wanted.iter().find_map(|mime| match mime.essence_str() {
        "text/csv" => Some(Format::Csv),
        "application/json" | "application/*" | "*/*" => Some(Format::Json),
        _ => None,
    });
    Ok(known.unwrap_or(Format::Json))
}

/// A column: its name, and what stands there of a row.
pub type CsvColumn<T> = (&'static str, fn(&T) -> String);

/// A page as a sheet, with the way to the next one in the header `Link`.
pub fn told<T>(request: &HttpRequest, file: &str, columns: &[CsvColumn<T>], page: &Page<T>) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response
        .content_type("text/csv; charset=utf-8; header=present")
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{file}\"")));
    if let Some(next) = page.next.as_deref().and_then(|next| next_page(request.query_string(), next)) {
        response.insert_header((header::LINK, next));
    }
    response.body(sheet(columns, &page.items))
}

/// The same question from that cursor on, relative to where it was asked.
fn next_page(query: &str, cursor: &str) -> Option<HeaderValue> {
    let others = query.split('&').filter(|part| !part.is_empty() && !part.starts_with("cursor="));
    let mut parts: Vec<String> = others.map(|part| encoded(part, "%=+&")).collect();
    parts.push(format!("cursor={}", encoded(cursor, "")));
    HeaderValue::from_str(&format!("<?{}>; rel=\"next\"", parts.join("&"))).ok()
}

/// Percent-encoded, but for what may stand in any URL and for these.
fn encoded(text: &str, more: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~:,".contains(&b) || more.as_bytes().contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

fn sheet<T>(columns: &[CsvColumn<T>], items: &[T]) -> String {
    let mut text = String::from("\u{feff}");
    row(&mut text, columns.iter().map(|(name, _)| (*name).to_owned()));
    for item in items {
        row(&mut text, columns.iter().map(|(_, of)| of(item)));
    }
    text
}

fn row(text: &mut String, cells: impl Iterator<Item = String>) {
    for (n, value) in cells.enumerate() {
        if n > 0 {
            text.push(',');
        }
        cell(text, &value);
    }
    text.push_str("\r\n");
}

fn cell(text: &mut String, value: &str) {
    // the wide forms are formulas to a spreadsheet that folds them
    let formula = |c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '\t' | '\r' | '\n');
    let first = |s: &str| s.chars().next().is_some_and(formula);
    let mark = if first(value) || first(value.trim_start()) { "'" } else { "" };
    let plain = !value.contains(['"', ',', '\r', '\n']) && value.trim() == value;
    if plain {
        text.push_str(mark);
        text.push_str(value);
    } else {
        text.push('"');
        text.push_str(mark);
        text.push_str(&value.replace('"', "\"\""));
        text.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_no_formulas() {
        for (value, told) in [
            ("", ""),
            ("김철수", "김철수"),
            ("o-1", "o-1"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            (" a ", "\" a \""),
            ("=1+1", "'=1+1"),
            ("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""),
            ("+82-10-1234-5678", "'+82-10-1234-5678"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("＝1+1", "'＝1+1"),
            ("\t=1", "\"'\t=1\""),
            ("  =1", "\"'  =1\""),
            ("\r\n@x", "\"'\r\n@x\""),
        ] {
            let mut text = String::new();
            cell(&mut text, value);
            assert_eq!(text, told, "{value:?}");
        }
    }

    #[test]
    fn a_sheet_has_a_mark_a_head_and_whole_lines() {
        let columns: [CsvColumn<(i64, &str)>; 2] = [("n", |r| r.0.to_string()), ("text", |r| r.1.to_owned())];
        assert_eq!(sheet(&columns, &[]), "\u{feff}n,text\r\n");
        assert_eq!(sheet(&columns, &[(1, "a"), (2, "=b,")]), "\u{feff}n,text\r\n1,a\r\n2,\"'=b,\"\r\n");
    }

    #[test]
    fn the_next_page_is_the_same_question() {
        for (query, cursor, link) in [
            ("", "17.1.o-1", "<?cursor=17.1.o-1>; rel=\"next\""),
            ("status=A,B&cursor=x&limit=2", "17.1.o/1", "<?status=A,B&limit=2&cursor=17.1.o%2F1>; rel=\"next\""),
            ("a=%2B>;b", "1.1.o", "<?a=%2B%3E%3Bb&cursor=1.1.o>; rel=\"next\""),
            (
                "placed_from=2026-01-01T00:00:00+09:00",
                "1.1.o",
                "<?placed_from=2026-01-01T00:00:00+09:00&cursor=1.1.o>; rel=\"next\"",
            ),
        ] {
            assert_eq!(next_page(query, cursor).unwrap(), link, "{query}");
        }
    }
}
