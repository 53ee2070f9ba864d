//! Following outbound streams: blocking reads, each on a connection that nobody else waits on.

use std::{sync::Mutex, time::Duration};

use ::redis::{Client, Value};
use tokio::{sync::Semaphore, time};

use super::{
    link::{Link, REPLY_MAX, fault},
    parse,
};
use crate::log::{EntryId, LogError, OutEntry, Outbound};

/// Followers that may wait at once; further ones queue for a place.
const FOLLOWERS_MAX: usize = 256;
/// Idle connections that are kept.
const IDLE_MAX: usize = 32;

/// Connections for followers, lent to one reader at a time.
#[derive(Debug)]
pub(super) struct Followers {
    client: Client,
    places: Semaphore,
    idle: Mutex<Vec<Link>>,
}

impl Followers {
    pub fn new(client: Client) -> Self {
        Self { client, places: Semaphore::new(FOLLOWERS_MAX), idle: Mutex::default() }
    }

    fn borrow(&self) -> Link {
        let idle = self.idle.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).pop();
        idle.unwrap_or_else(|| Link::new(self.client.clone()))
    }

    fn give_back(&self, link: Link) {
        let mut idle = self.idle.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if link.is_up() && idle.len() < IDLE_MAX {
            idle.push(link);
        }
    }

    /// Entries of `key` after `after`, waiting up to `wait` for the first.
    pub async fn read(
        &self,
        partition: u32,
        stream: &Outbound,
        key: &str,
        after: EntryId,
        max: usize,
        wait: Duration,
    ) -> Result<Vec<OutEntry>, LogError> {
        let full = || LogError::Unavailable("too many followers are waiting".to_owned());
        let place = time::timeout(REPLY_MAX, self.places.acquire()).await.map_err(|_| full())?;
        let _place = place.map_err(|_| full())?;
        let mut cmd = ::redis::cmd("XREAD");
        cmd.arg("COUNT").arg(max.max(1));
        if !wait.is_zero() {
            cmd.arg("BLOCK").arg(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1));
        }
        cmd.arg("STREAMS").arg(key).arg(after.to_string());
        // a call that is dropped here drops its connection too: nobody inherits a reply that is still to come
        let mut link = self.borrow();
        let idle_before = link.is_up();
        let mut reply = link.send(&cmd, wait).await;
        if reply.is_err() && idle_before && !link.is_up() {
            // a connection that died while idle says nothing about the server
            reply = link.send(&cmd, wait).await;
        }
        let value = reply.map_err(|e| fault(partition, &e))?;
        self.give_back(link);
        let mut out = Vec::new();
        for (_, rows) in parse::streams(value)? {
            for (id, fields) in parse::entries(rows)? {
                out.push(out_entry(stream, id, fields));
            }
        }
        Ok(out)
    }
}

/// An outbound entry, as it is told.
pub(super) fn out_entry(stream: &Outbound, id: EntryId, fields: Option<Vec<Value>>) -> OutEntry {
    OutEntry { id, json: json(stream, &mut fields.unwrap_or_default()) }
}

/// An outbound entry's content as JSON.
fn json(stream: &Outbound, fields: &mut [Value]) -> String {
    let mut text = |name| parse::field(fields, name).map(|b| String::from_utf8_lossy(&b).into_owned());
    match stream {
        Outbound::Answers | Outbound::AnswersTo(_) => text("answers").unwrap_or_else(|| "[]".to_owned()),
        Outbound::Events => text("events").unwrap_or_else(|| "[]".to_owned()),
        Outbound::Dead => {
            let attempts: u32 = text("attempts").and_then(|n| n.parse().ok()).unwrap_or_default();
            super::super::dead_json(
                &text("command").unwrap_or_default(),
                text("stream").as_deref(),
                &text("reason").unwrap_or_default(),
                &text("entry").unwrap_or_default(),
                attempts,
            )
        }
    }
}
