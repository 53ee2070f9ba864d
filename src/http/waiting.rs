//! Who waits for an answer at the HTTP API: the answers come back on a stream of this process's own.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::HttpParts;
use crate::{
    log::{CommandLog, EntryId, Follow, Outbound},
    protocol::Answer,
};

/// How many orders' partitions are remembered.
const PLACES_MAX: usize = 100_000;

/// Answers that came before the log said which entry was made: as many are kept for a waiter.
const EARLY_MAX: usize = 8;

/// Who waits, by the command's id: a retry under the same id is an entry of its own and has an answer of its own.
type Waiters = HashMap<Arc<str>, Vec<Waiter>>;

struct Waiter {
    number: u64,
    /// whose answer it waits for, once the log has said
    entry: Option<Arc<str>>,
    /// of its content: another partition's entry may have the same name, and be another command under this id
    digest: Option<Arc<str>>,
    early: Vec<Arc<Answer>>,
    tell: oneshot::Sender<Arc<Answer>>,
}

/// Who waits for what.
#[derive(Clone)]
pub struct AnswerRouter {
    /// the answer stream's name as `reply_to`
    pub name: Arc<str>,
    state: Arc<Mutex<State>>,
    max: usize,
}

#[derive(Default)]
struct State {
    waiters: Waiters,
    waiting: usize,
    /// waiters so far
    number: u64,
    /// where an order lives, as answers said
    places: HashMap<Arc<str>, u32>,
}

impl AnswerRouter {
    /// Opens it: follows its answer stream in every partition, until it is `closed`.
    pub fn open(parts: &HttpParts, closed: CancellationToken) -> Self {
        let name: Arc<str> = format!("http-{}", uuid::Uuid::now_v7().simple()).into();
        let router = Self { name, state: Arc::default(), max: parts.waiting_max };
        let (log, following) = (Arc::clone(&parts.log), router.clone());
        let follow = closed.run_until_cancelled_owned(following.follow(log, parts.partitions));
        tokio::spawn(follow);
        router
    }

    async fn follow(self, log: Arc<dyn CommandLog>, partitions: u32) {
        let stream = Outbound::AnswersTo(Arc::clone(&self.name));
        let mut after: Vec<(u32, EntryId)> = (0..partitions).map(|partition| (partition, EntryId::ZERO)).collect();
        loop {
            let follow = Follow { stream: &stream, after: &after, max: 1_000, wait: Duration::from_secs(1) };
            match log.follow_each(follow).await {
                Ok(found) => {
                    for (partition, entries) in found {
                        if let (Some(last), Some(at)) = (entries.last(), after.iter_mut().find(|a| a.0 == partition)) {
                            at.1 = last.id;
                        }
                        for entry in entries {
                            self.hand_out(read(&entry.json));
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
            let Some(waiters) = state.waiters.get_mut(&answer.command_id) else { continue };
            let before = waiters.len();
            let theirs =
                waiters.extract_if(.., |w| w.entry.as_ref() == Some(&answer.entry) && w.digest == answer.digest);
            theirs.for_each(|w| w.answered(&answer));
            for waiter in waiters.iter_mut().filter(|w| w.entry.is_none() && w.early.len() < EARLY_MAX) {
                waiter.early.push(Arc::clone(&answer));
            }
            let left = waiters.len();
            state.gone(&answer.command_id, before - left);
        }
    }

    /// Where later commands of an order go, if an answer has said so.
    pub fn place(&self, order_id: &str) -> Option<u32> {
        self.state.lock().ok()?.places.get(order_id).copied()
    }

    /// Waits for a command's answer; `None` when too many wait already. `digest`: of its content, if that can be read.
    pub fn wait(&self, command_id: &str, digest: Option<Arc<str>>) -> Option<PendingAnswer> {
        let mut state = self.state.lock().ok()?;
        if state.waiting >= self.max {
            return None;
        }
        let (tell, answer) = oneshot::channel();
        state.waiting += 1;
        state.number += 1;
        let number = state.number;
        let id: Arc<str> = command_id.into();
        let waiter = Waiter { number, entry: None, digest, early: Vec::new(), tell };
        state.waiters.entry(Arc::clone(&id)).or_default().push(waiter);
        drop(state);
        Some(PendingAnswer { router: self.clone(), id, number, answer })
    }
}

impl State {
    /// Some of an id's waiters are gone.
    fn gone(&mut self, id: &str, many: usize) {
        self.waiting = self.waiting.saturating_sub(many);
        if self.waiters.get(id).is_some_and(Vec::is_empty) {
            self.waiters.remove(id);
        }
    }
}

impl Waiter {
    fn answered(self, answer: &Arc<Answer>) {
        if self.tell.send(Arc::clone(answer)).is_err() {
            tracing::debug!("a client left before its answer");
        }
    }
}

/// An entry's answers; one that can't be read is somebody's who waits in vain, and no reason to drop the others.
fn read(json: &str) -> Vec<Answer> {
    let items: Vec<Box<serde_json::value::RawValue>> = match serde_json::from_str(json) {
        Ok(items) => items,
        Err(e) => {
            tracing::warn!(error = %e, "answers that can't be read");
            return Vec::new();
        }
    };
    let one = |item: &serde_json::value::RawValue| {
        serde_json::from_str(item.get())
            .inspect_err(|e| tracing::warn!(error = %e, "an answer that can't be read"))
            .ok()
    };
    items.iter().filter_map(|item| one(item)).collect()
}

/// A place among those who wait; it is free again when this is dropped, whatever became of the request.
pub struct PendingAnswer {
    router: AnswerRouter,
    id: Arc<str>,
    number: u64,
    answer: oneshot::Receiver<Arc<Answer>>,
}

impl PendingAnswer {
    /// The command became this entry: its answer is awaited. `None`: not within `patience`.
    pub async fn of(mut self, entry: EntryId, patience: Duration) -> Option<Arc<Answer>> {
        self.named(&entry.to_string());
        tokio::time::timeout(patience, &mut self.answer).await.ok()?.ok()
    }

    fn named(&self, entry: &str) {
        let Ok(mut state) = self.router.state.lock() else { return };
        let Some(waiters) = state.waiters.get_mut(&self.id) else { return };
        let Some(at) = waiters.iter().position(|w| w.number == self.number) else { return };
        let digest = &waiters[at].digest;
        let early = waiters[at].early.iter().find(|a| *a.entry == *entry && a.digest == *digest).cloned();
        match early {
            None => waiters[at].entry = Some(entry.into()),
            Some(answer) => {
                waiters.swap_remove(at).answered(&answer);
                state.gone(&self.id, 1);
            }
        }
    }
}

impl Drop for PendingAnswer {
    fn drop(&mut self) {
        let Ok(mut state) = self.router.state.lock() else { return };
        let Some(waiters) = state.waiters.get_mut(&self.id) else { return };
        let before = waiters.len();
        waiters.retain(|w| w.number != self.number);
        let left = waiters.len();
        state.gone(&self.id, before - left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(id: &str, entry: &str) -> Answer {
        let text = format!(r#"{{"command_id":"{id}","partition":0,"outcome":"accepted","entry":"{entry}"}}"#);
        serde_json::from_str(&text).unwrap()
    }

    #[tokio::test]
    async fn a_place_is_free_again_whatever_became_of_it() {
        let router = AnswerRouter { name: "d".into(), state: Arc::default(), max: 2 };
        let (first, second) = (router.wait("c-1", None).unwrap(), router.wait("c-1", None).unwrap());
        assert!(router.wait("c-2", None).is_none());
        // left, before its command was sent
        drop(first);
        let third = router.wait("c-2", None).unwrap();
        assert!(router.wait("c-3", None).is_none());
        // answered before the log had named its entry, and another entry's answer before it
        router.hand_out(vec![answer("c-1", "7-0"), answer("c-1", "8-0")]);
        let told = second.of(EntryId { ms: 8, seq: 0 }, Duration::from_secs(5)).await.unwrap();
        assert_eq!(&*told.entry, "8-0");
        // not answered in time: nothing of this entry came
        router.hand_out(vec![answer("c-2", "9-0")]);
        assert!(third.of(EntryId { ms: 10, seq: 0 }, Duration::ZERO).await.is_none());
        let state = router.state.lock().unwrap();
        assert_eq!((state.waiting, state.waiters.len()), (0, 0));
    }

    /// Partitions number their entries apart: two commands under one id may have entries of one name.
    #[tokio::test]
    async fn answers_of_entries_of_one_name_are_told_apart() {
        let router = AnswerRouter { name: "d".into(), state: Arc::default(), max: 5 };
        let digested = |digest: &str| Answer { digest: Some(digest.into()), ..answer("c-1", "7-0") };
        let entry = EntryId { ms: 7, seq: 0 };
        for early in [false, true] {
            let (first, second) =
                (router.wait("c-1", Some("a".into())).unwrap(), router.wait("c-1", Some("b".into())).unwrap());
            let tell = || router.hand_out(vec![digested("b"), digested("a")]);
            let wait = |w: PendingAnswer| w.of(entry, Duration::from_secs(5));
            let (one, other) = if early {
                tell();
                (wait(first).await.unwrap(), wait(second).await.unwrap())
            } else {
                let (one, other) = (tokio::spawn(wait(first)), tokio::spawn(wait(second)));
                tokio::time::sleep(Duration::from_millis(50)).await;
                tell();
                (one.await.unwrap().unwrap(), other.await.unwrap().unwrap())
            };
            assert_eq!((one.digest.as_deref(), other.digest.as_deref()), (Some("a"), Some("b")), "early: {early}");
        }
    }

    #[test]
    fn an_answer_that_can_not_be_read_takes_no_other_with_it() {
        let items =
            [answer("c-1", "7-0").json(), r#"{"outcome":"unheard of"}"#.to_owned(), answer("c-2", "8-0").json()];
        let read: Vec<String> =
            read(&format!("[{}]", items.join(","))).iter().map(|a| a.command_id.to_string()).collect();
        assert_eq!(read, ["c-1", "c-2"]);
    }
}
