//! Replies taken apart by hand: the library's stream types build a map for each entry, which costs more than the read.

use std::sync::Arc;

use ::redis::Value;

use super::link::strange;
use crate::log::{EntryId, Inbound, LogEntry, LogError, StreamBounds};

/// The items of an array; none for nil.
pub(super) fn array(value: Value, what: &str) -> Result<Vec<Value>, LogError> {
    if let Value::Array(items) = value {
        Ok(items)
    } else if value == Value::Nil {
        Ok(Vec::new())
    } else {
        Err(strange(what))
    }
}

/// A whole number ≥ 0, sent as integer or text.
pub(super) fn number(value: &Value, what: &str) -> Result<u64, LogError> {
    let parsed = if let Value::Int(n) = value {
        u64::try_from(*n).ok()
    } else {
        bytes(value).and_then(|b| std::str::from_utf8(b).ok()).and_then(|s| s.parse().ok())
    };
    parsed.ok_or_else(|| strange(what))
}

/// A string's bytes.
pub(super) fn bytes(value: &Value) -> Option<&[u8]> {
    if let Value::BulkString(bytes) = value {
        Some(bytes)
    } else if let Value::SimpleString(text) = value {
        Some(text.as_bytes())
    } else {
        None
    }
}

/// What TIME says, in milliseconds.
pub(super) fn time(value: &Value) -> Result<u64, LogError> {
    let what = "the time";
    let Value::Array(parts) = value else { return Err(strange(what)) };
    let [seconds, micros] = parts.as_slice() else { return Err(strange(what)) };
    Ok(number(seconds, what)?.saturating_mul(1_000).saturating_add(number(micros, what)? / 1_000))
}

/// An entry id.
pub(super) fn id(value: &Value) -> Result<EntryId, LogError> {
    let text = bytes(value).and_then(|b| std::str::from_utf8(b).ok()).ok_or_else(|| strange("an entry id"))?;
    text.parse()
}

/// An entry's field, taken out.
pub(super) fn field(fields: &mut [Value], name: &str) -> Option<Vec<u8>> {
    let value = fields.chunks_exact_mut(2).find(|pair| bytes(&pair[0]) == Some(name.as_bytes()))?;
    if let Value::BulkString(bytes) = &mut value[1] { Some(std::mem::take(bytes)) } else { None }
}

/// An entry's id and fields; `None` where it was trimmed while pending.
pub(super) type StreamRow = (EntryId, Option<Vec<Value>>);

/// The entries of one stream.
pub(super) fn entries(value: Value) -> Result<Vec<StreamRow>, LogError> {
    let what = "stream entries";
    let rows = array(value, what)?;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let mut row = array(row, what)?.into_iter();
        let (Some(at), Some(fields)) = (row.next(), row.next()) else { return Err(strange(what)) };
        let fields = if fields == Value::Nil { None } else { Some(array(fields, what)?) };
        all.push((id(&at)?, fields));
    }
    Ok(all)
}

/// What XINFO STREAM tells of a stream's ends.
pub(super) fn extent(value: Value) -> Result<StreamBounds, LogError> {
    let what = "about a stream";
    let told = array(value, what)?;
    let find = |name: &str| told.chunks_exact(2).find(|p| bytes(&p[0]) == Some(name.as_bytes())).map(|p| &p[1]);
    let need = |name: &str| find(name).ok_or_else(|| strange(what));
    let last = id(need("last-generated-id")?)?;
    let length = number(need("length")?, what)?;
    // before Redis 7 nobody counts what was added
    let added = find("entries-added").map(|v| number(v, what)).transpose()?;
    let floor = if added == Some(length) {
        EntryId::ZERO
    } else if let Value::Array(first) = need("first-entry")? {
        id(first.first().ok_or_else(|| strange(what))?)?.before()
    } else {
        last
    };
    Ok(StreamBounds { floor, last })
}

/// A command's entry.
pub(super) fn command(stream: Inbound, id: EntryId, fields: &mut [Value], attempts: u32, now_ms: u64) -> LogEntry {
    let command: Arc<[u8]> = field(fields, "command").map_or_else(|| Arc::from([]), Arc::from);
    LogEntry { stream, id, at: id.time_by(now_ms), command, attempts }
}

/// The streams of an XREAD or XREADGROUP reply, by key.
pub(super) fn streams(value: Value) -> Result<Vec<(Value, Value)>, LogError> {
    let what = "a stream read";
    let mut all = Vec::with_capacity(2);
    for stream in array(value, what)? {
        let mut pair = array(stream, what)?.into_iter();
        let (Some(key), Some(rows)) = (pair.next(), pair.next()) else { return Err(strange(what)) };
        all.push((key, rows));
    }
    Ok(all)
}
