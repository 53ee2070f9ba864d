//! Events that are put aside after a person was erased: their words went from the history, and are not kept in a letter.

use serde_json::Value;

use crate::{
    domain::{
        ids::OrderId,
        order::event::{erase_words, without_words},
    },
    store::{QueryStore, StoreError},
};

/// Published events without the words that their histories no longer have; `None`: they have none of those.
///
/// # Errors
/// The store's.
pub async fn still_said(store: &dyn QueryStore, events: &str) -> Result<Option<String>, StoreError> {
    let Ok(mut told) = serde_json::from_str::<Vec<Value>>(events) else { return Ok(None) };
    let order = |told: &Value| told.get("order_id").and_then(Value::as_str).map(OrderId::stored);
    let has_words = |told: &Value| told.get("event").is_some_and(|event| erase_words(&mut event.clone()));
    let mut erased = false;
    for told in told.iter_mut().filter(|t| has_words(t)) {
        let Some((id, sequence)) = order(told).zip(told.get("sequence").and_then(Value::as_i64)) else { continue };
        let row = store.history(&id, sequence - 1, 1).await?.pop().filter(|row| row.hist_no == sequence);
        if row.is_some_and(|r| without_words(&r.evnt).is_none()) {
            erased |= told.get_mut("event").is_some_and(erase_words);
        }
    }
    Ok(erased.then(|| Value::Array(told).to_string()))
}
