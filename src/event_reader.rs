//! The events streams read on from a cursor, and the moment noticed when something was dropped before it was read.

use std::{collections::HashMap, fmt, str::FromStr, sync::Arc, time::Duration};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    log::{CommandLog, EntryId, Follow, LogError, OutEntry, Outbound},
    protocol::event::republished,
};

/// How far somebody has come in the events of every partition: `ID.ID…`, one a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub Vec<EntryId>);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, id) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(".")?;
            }
            write!(f, "{id}")?;
        }
        Ok(())
    }
}

impl FromStr for Cursor {
    type Err = LogError;

    fn from_str(text: &str) -> Result<Self, LogError> {
        text.split('.').map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

/// An event as it was published, read no further than it must be.
#[derive(Debug, Clone)]
pub struct PublishedEvent {
    pub raw: Box<RawValue>,
    pub order_id: String,
    pub kind: String,
}

/// An entry of the stream: events that became durable together.
#[derive(Debug, Clone)]
pub struct EventBatch {
    pub id: EntryId,
    pub events: Vec<PublishedEvent>,
}

/// What reading on gave.
#[derive(Debug)]
pub enum ReadResult {
    /// in order
    Entries(Vec<EventBatch>),
    /// entries after the cursor were dropped, or may have been: the stream can be followed on from here
    Lost { from: EntryId },
}

#[derive(Deserialize)]
struct Head {
    order_id: String,
    event: Kind,
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: String,
}

fn events(json: &str) -> Vec<PublishedEvent> {
    let all: Vec<Box<RawValue>> = serde_json::from_str(&republished(json)).unwrap_or_default();
    let read = |raw: Box<RawValue>| {
        let head: Head = serde_json::from_str(raw.get()).ok()?;
        Some(PublishedEvent { raw, order_id: head.order_id, kind: head.event.kind })
    };
    all.into_iter().filter_map(read).collect()
}

/// Reads the events of one partition or several on from where somebody has come, all by one read at a time.
pub struct Follower {
    log: Arc<dyn CommandLog>,
    places: Vec<Place>,
}

/// How far it has come in a partition.
struct Place {
    partition: u32,
    after: EntryId,
    begun: bool,
}

impl Follower {
    /// From behind these entries, each of its partition.
    pub fn new(log: Arc<dyn CommandLog>, after: impl IntoIterator<Item = (u32, EntryId)>) -> Self {
        let places = after.into_iter().map(|(partition, after)| Place { partition, after, begun: false });
        Self { log, places: places.collect() }
    }

    /// The next entries of the partitions that have some, waiting up to `wait` for the first. After [`ReadResult::Lost`] it goes
    /// on with what there is.
    ///
    /// # Errors
    /// What the log says; the next call reads the same again.
    pub async fn next(&mut self, max: usize, wait: Duration) -> Result<Vec<(u32, ReadResult)>, LogError> {
        let after: Vec<(u32, EntryId)> = self.places.iter().map(|p| (p.partition, p.after)).collect();
        let follow = Follow { stream: &Outbound::Events, after: &after, max, wait };
        let mut read: HashMap<u32, Vec<OutEntry>> = self.log.follow_each(follow).await?.into_iter().collect();
        // looked at after the reading: what was there to be read then was not dropped before. Where nothing came, nothing
        // is missed yet, but somebody who begins wants to know now.
        let mut extents = HashMap::new();
        for place in self.places.iter().filter(|p| !p.begun || read.contains_key(&p.partition)) {
            extents.insert(place.partition, self.log.extent(place.partition, &Outbound::Events).await?);
        }
        // nothing fails from here on: what was read is told
        let mut heard = Vec::new();
        for place in &mut self.places {
            let Some(extent) = extents.get(&place.partition) else { continue };
            place.begun = true;
            if extent.lost(place.after) {
                let from = if place.after > extent.last { EntryId::ZERO } else { extent.floor };
                place.after = from;
                heard.push((place.partition, ReadResult::Lost { from }));
            } else if let Some(entries) = read.remove(&place.partition)
                && let Some(last) = entries.last()
            {
                place.after = last.id;
                let told = entries.into_iter().map(|e| EventBatch { id: e.id, events: events(&e.json) });
                heard.push((place.partition, ReadResult::Entries(told.collect())));
            }
        }
        Ok(heard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_as_it_is_written() {
        let cursor = Cursor(vec![EntryId { ms: 5, seq: 1 }, EntryId::ZERO]);
        assert_eq!(cursor.to_string(), "5-1.0-0");
        assert_eq!("5-1.0-0".parse::<Cursor>().unwrap(), cursor);
        for bad in ["", "5", "5-1.", "5-1.x", "now"] {
            assert!(bad.parse::<Cursor>().is_err(), "{bad}");
        }
    }
}
