//! What Redis says, and what it is told: replies that may be anything, arrays of anything.

#![expect(clippy::panic, reason = "by it a target says that something is not as promised")]

use std::{collections::BTreeMap, sync::Arc};

use ::redis::Value;

use super::{
    arrays::{ANSWERS_KEY, Arrays, EVENTS_KEY, FIXED_KEYS},
    parse,
};
use crate::log::{ARRAY_BYTES_MAX, ARRAY_ITEMS_MAX, Inbound};

/// A reply is taken apart or is an error; nothing that it holds is made more of than it is.
pub fn replies(data: &[u8]) -> bool {
    let Ok(value) = ::redis::parse_redis_value(data) else { return false };
    let what = "the test's";
    // each is asked of all, and none may break
    drop((parse::time(&value), parse::number(&value, what), parse::extent(value.clone()), parse::bytes(&value)));
    if let Ok(id) = parse::id(&value) {
        assert!(id.to_string().parse().is_ok_and(|again: crate::log::EntryId| again == id));
        assert!(id.before() <= id && id <= id.after());
    }
    let length = if let Value::Array(items) = &value { items.len() } else { 0 };
    let Ok(rows) = parse::entries(value) else { return false };
    assert_eq!(rows.len(), length, "an entry was lost");
    for (id, fields) in rows {
        let Some(mut fields) = fields else { continue };
        let bytes: usize = fields.iter().filter_map(parse::bytes).map(<[u8]>::len).sum();
        let entry = parse::command(Inbound::Commands, id, &mut fields, 1, 1_000);
        assert!(entry.id == id && entry.command.len() <= bytes);
        assert!(entry.at.timestamp_millis() <= 1_000, "decided ahead of the log's clock");
    }
    true
}

/// What is pushed for a stream stands in its arrays, in order, each within its bounds; and each entry's own can be left out.
pub fn arrays(data: &[u8]) -> bool {
    let (mut arrays, mut pushed) = (Arrays::default(), BTreeMap::<usize, Vec<(usize, Vec<String>)>>::new());
    for (entry, line) in data.split(|b| *b == b'\n').take(64).enumerate() {
        let Some((&kind, text)) = line.split_first() else { continue };
        let text = String::from_utf8_lossy(text);
        let values: Vec<String> =
            text.split('\t').filter(|v| !v.is_empty()).map(|v| serde_json::Value::from(v).to_string()).collect();
        let key = match kind % 4 {
            0 => ANSWERS_KEY,
            1 => EVENTS_KEY,
            _ => arrays.reply_key(&Arc::from(format!("shop-{}", kind % 8))),
        };
        // a line stands for as many entries
        for again in 0..usize::from(kind) + 1 {
            let entry = entry * 256 + again;
            arrays.push(key, entry, values.iter().map(String::as_str));
            if !values.is_empty() {
                pushed.entry(key).or_default().push((entry, values.clone()));
            }
        }
    }
    arrays.finish();
    let mut told = BTreeMap::<usize, Vec<(usize, Vec<String>)>>::new();
    let (mut several, mut names) = (0, arrays.names.clone());
    for array in &arrays.done {
        assert!(array.key <= FIXED_KEYS + names.len());
        let read: Result<Vec<String>, _> = serde_json::from_str(&array.text);
        let Ok(mut values) = read else { panic!("{read:?}: {}", array.text) };
        let items: Vec<(usize, usize)> = array.items.split_whitespace().map(item).collect();
        assert!((1..=ARRAY_ITEMS_MAX).contains(&items.len()));
        assert!(items.len() == 1 || array.text.len() <= ARRAY_BYTES_MAX + 1, "{} bytes", array.text.len());
        // as the script takes it apart
        let mut at = 1;
        for (entry, bytes) in items {
            let own =
                array.text.get(at..at + bytes).map(|own| serde_json::from_str::<Vec<String>>(&format!("[{own}]")));
            let Some(Ok(own)) = own else { panic!("{own:?} is what entry {entry} says") };
            assert_eq!(values.drain(..own.len()).collect::<Vec<_>>(), own);
            told.entry(array.key).or_default().push((entry, own));
            at += bytes + 1;
            several += 1;
        }
        assert!(at == array.text.len() && values.is_empty(), "bytes are left over");
    }
    let unquoted = |values: Vec<String>| values.iter().filter_map(|v| serde_json::from_str(v).ok()).collect();
    let pushed: BTreeMap<_, Vec<(usize, Vec<String>)>> = pushed
        .into_iter()
        .map(|(key, all)| (key, all.into_iter().map(|(entry, values)| (entry, unquoted(values))).collect()))
        .collect();
    assert!(told == pushed, "what was said is not what was pushed");
    let n = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), n, "a reply stream has two keys");
    several > 1
}

fn item(text: &str) -> (usize, usize) {
    let read = text.split_once(':').and_then(|(entry, bytes)| Some((entry.parse().ok()?, bytes.parse().ok()?)));
    let Some(read) = read else { panic!("{text:?} is no entry:bytes") };
    read
}
