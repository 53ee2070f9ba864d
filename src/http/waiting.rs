//! Who waits for an answer at the door: the answers come back on a stream of the door's own.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::HttpParts;
use crate::{
    log::{CommandLog, EntryId, Outbound},
    protocol::Answer,
};

/// How many orders' partitions are remembered.
const PLACES_MAX: usize = 100_000;

type Waiters = HashMap<Arc<str>, Vec<oneshot::Sender<Arc<Answer>>>>;

/// The door's memory.
#[derive(Clone)]
pub struct Door {
    /// the door's name as `reply_to`
    pub name: Arc<str>,
    state: Arc<Mutex<State>>,
    max: usize,
}

#[derive(Default)]
struct State {
    waiters: Waiters,
    waiting: usize,
    /// where an order lives, as answers said
    places: HashMap<Arc<str>, u32>,
}

impl Door {
    /// Opens the door: follows its answer stream in every partition, until it is `closed`.
    pub fn open(parts: &HttpParts, closed: CancellationToken) -> Self {
        let name: Arc<str> = format!("http-{}", uuid::Uuid::now_v7().simple()).into();
        let door = Self { name, state: Arc::default(), max: parts.waiting_max };
        let (log, following) = (Arc::clone(&parts.log), door.clone());
        let follow = closed.run_until_cancelled_owned(following.follow(log, parts.partitions));
        tokio::spawn(follow);
        door
    }

    async fn follow(self, log: Arc<dyn CommandLog>, partitions: u32) {
        let stream = Outbound::AnswersTo(Arc::clone(&self.name));
        let mut after: Vec<(u32, EntryId)> = (0..partitions).map(|partition| (partition, EntryId::ZERO)).collect();
        loop {
            match log.follow_each(&stream, &after, 1_000, Duration::from_secs(1)).await {
                Ok(read) => {
                    for (partition, entries) in read {
                        if let (Some(last), Some(at)) = (entries.last(), after.iter_mut().find(|a| a.0 == partition)) {
                            at.1 = last.id;
                        }
                        for entry in entries {
                            let answers: Vec<Answer> = serde_json::from_str(&entry.json).unwrap_or_default();
                            self.hand_out(answers);
                        }
                    }
                }
                Err(e) => {
                    tracing::warn!(error = %e, "following answers failed; trying again");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
    }

    fn hand_out(&self, answers: Vec<Answer>) {
        let Ok(mut state) = self.state.lock() else { return };
        for answer in answers {
            let answer = Arc::new(answer);
            if let Some(order) = &answer.order_id {
                if state.places.len() >= PLACES_MAX {
                    state.places.clear();
                }
                state.places.insert(Arc::clone(order), answer.partition);
            }
            let waiters = state.waiters.remove(&answer.command_id).unwrap_or_default();
            state.waiting = state.waiting.saturating_sub(waiters.len());
            for waiter in waiters {
                if waiter.send(Arc::clone(&answer)).is_err() {
                    tracing::debug!("a client left before its answer");
                }
            }
        }
    }

    /// Where later commands of an order go, if an answer has said so.
    pub fn place(&self, order_id: &str) -> Option<u32> {
        self.state.lock().ok()?.places.get(order_id).copied()
    }

    /// Waits for a command's answer; `None` when too many wait already.
    pub fn wait(&self, command_id: &str) -> Option<oneshot::Receiver<Arc<Answer>>> {
        let mut state = self.state.lock().ok()?;
        if state.waiting >= self.max {
            return None;
        }
        let (tx, rx) = oneshot::channel();
        state.waiting += 1;
        state.waiters.entry(command_id.into()).or_default().push(tx);
        Some(rx)
    }

    /// Gives up waiting: whoever has hung up is forgotten.
    pub fn forget(&self, command_id: &str) {
        let Ok(mut state) = self.state.lock() else { return };
        let Some(waiters) = state.waiters.get_mut(command_id) else { return };
        let before = waiters.len();
        waiters.retain(|w| !w.is_closed());
        let (left, gone) = (waiters.len(), before - waiters.len());
        if left == 0 {
            state.waiters.remove(command_id);
        }
        state.waiting = state.waiting.saturating_sub(gone);
    }
}
