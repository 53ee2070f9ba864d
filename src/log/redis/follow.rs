//! Following outbound streams: blocking reads, each on a connection that nobody else waits on.

use std::sync::Mutex;

use ::redis::Value;
use tokio::{sync::Semaphore, time};

use super::{
    link::{DedicatedConnection, Dial, REPLY_MAX, fault, strange},
    parse,
};
use crate::log::{EntryId, Follow, LogError, OutEntry, Outbound, nothing_to_follow, share};

/// Followers of events that may wait at once; further ones queue for a place.
const EVENT_FOLLOWERS_MAX: usize = 256;
/// Followers of answers and dead letters, in places of their own: a command's answer waits behind no crowd of listeners.
const ANSWER_FOLLOWERS_MAX: usize = 64;
/// Idle connections that are kept.
const IDLE_MAX: usize = 32;

/// Connections for followers, lent to one reader at a time.
#[derive(Debug)]
pub(super) struct Followers {
    dial: Dial,
    events: Semaphore,
    answers: Semaphore,
    idle: Mutex<Vec<DedicatedConnection>>,
}

/// How far a follower has come in a partition.
#[derive(Debug)]
pub(super) struct FollowCursor {
    pub partition: u32,
    pub key: String,
    pub after: EntryId,
}

impl Followers {
    pub fn new(dial: Dial) -> Self {
        let (events, answers) = (Semaphore::new(EVENT_FOLLOWERS_MAX), Semaphore::new(ANSWER_FOLLOWERS_MAX));
        Self { dial, events, answers, idle: Mutex::default() }
    }

    fn borrow(&self) -> DedicatedConnection {
        let idle = self.idle.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).pop();
        idle.unwrap_or_else(|| DedicatedConnection::new(self.dial.clone()))
    }

    fn give_back(&self, link: DedicatedConnection) {
        let mut idle = self.idle.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if link.is_up() && idle.len() < IDLE_MAX {
            idle.push(link);
        }
    }

    /// Entries of the streams at these places.
    pub async fn read(
        &self,
        Follow { stream, max, wait, .. }: Follow<'_>,
        places: &[FollowCursor],
    ) -> Result<Vec<(u32, Vec<OutEntry>)>, LogError> {
        let first = places.first().ok_or_else(nothing_to_follow)?.partition;
        let full = || LogError::Unavailable("too many followers are waiting".to_owned());
        let room = match stream {
            Outbound::Events => &self.events,
            Outbound::Answers | Outbound::AnswersTo(_) | Outbound::Dead => &self.answers,
        };
        let room = time::timeout(REPLY_MAX, room.acquire()).await.map_err(|_| full())?;
        let _room = room.map_err(|_| full())?;
        let mut cmd = ::redis::cmd("XREAD");
        cmd.arg("COUNT").arg(share(max, places.len()));
        if !wait.is_zero() {
            cmd.arg("BLOCK").arg(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1));
        }
        cmd.arg("STREAMS");
        for place in places {
            cmd.arg(&place.key);
        }
        for place in places {
            cmd.arg(place.after.to_string());
        }
        // a call that is dropped here drops its connection too: nobody inherits a reply that is still to come
        let mut link = self.borrow();
        let idle_before = link.is_up();
        let mut reply = link.send(&cmd, wait).await;
        if reply.is_err() && idle_before && !link.is_up() {
            // a connection that died while idle says nothing about the server
            reply = link.send(&cmd, wait).await;
        }
        let value = reply.map_err(|e| fault(first, &e))?;
        self.give_back(link);
        // those with entries, in the order in which they were asked for
        let (mut out, mut asked) = (Vec::new(), places.iter());
        for (key, rows) in parse::streams(value)? {
            let place = asked.find(|place| parse::bytes(&key) == Some(place.key.as_bytes()));
            let partition = place.ok_or_else(|| strange("a stream read"))?.partition;
            let told = parse::entries(rows)?.into_iter().map(|(id, fields)| out_entry(stream, id, fields));
            out.push((partition, told.collect()));
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
