//! A checkout for the tests: it sends commands, and keeps a journal of what it sent and what was answered.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use jumun::{
    log::{CommandLog as _, EntryId, Inbound, LogStats, OutEntry, Outbound, redis::RedisLog},
    protocol::{Answer, OutcomeKind},
};
use serde_json::Value;

/// A command on its way: the partition it goes to, its id, its JSON.
#[derive(Debug, Clone)]
pub struct Sent {
    pub partition: u32,
    pub id: String,
    pub json: String,
}

impl Sent {
    /// A command of these fields.
    pub fn new(partition: u32, value: &Value) -> Self {
        let id = value["id"].as_str().expect("an id").to_owned();
        Self { partition, id, json: value.to_string() }
    }

    /// The same, bound for another partition.
    pub fn to(mut self, partition: u32) -> Self {
        self.partition = partition;
        self
    }
}

/// The checkout.
pub struct Client {
    pub log: RedisLog,
    partitions: u32,
    /// how often each id was sent
    journal: Mutex<BTreeMap<String, usize>>,
}

impl Client {
    /// On this Redis.
    pub async fn new(redis: &str, namespace: &str, partitions: u32) -> Self {
        let log = RedisLog::connect(redis, namespace).await.expect("redis answers");
        Self { log, partitions, journal: Mutex::default() }
    }

    /// What was sent: id and how often.
    pub fn journal(&self) -> BTreeMap<String, usize> {
        self.journal.lock().expect("not poisoned").clone()
    }

    /// Sends these, in order within each partition.
    pub async fn send(&self, commands: &[Sent]) {
        self.send_by(Inbound::Commands, commands).await;
    }

    /// The same by this stream.
    pub async fn send_by(&self, stream: Inbound, commands: &[Sent]) {
        let mut by_lane: BTreeMap<u32, Vec<Arc<[u8]>>> = BTreeMap::new();
        for c in commands {
            by_lane.entry(c.partition).or_default().push(c.json.as_bytes().into());
            self.noted(&c.id);
        }
        for (lane, raw) in by_lane {
            self.log.append(lane, stream, &raw).await.expect("redis takes commands");
        }
    }

    /// Writes down that a command was sent, by whatever means.
    pub fn noted(&self, id: &str) {
        *self.journal.lock().expect("not poisoned").entry(id.to_owned()).or_default() += 1;
    }

    /// Puts bytes that are no command into partition 0; the journal does not know them.
    pub async fn log_raw(&self, bytes: &[u8]) {
        self.log.append(0, Inbound::Commands, &[bytes.into()]).await.expect("redis takes anything");
    }

    /// Sends these over a while, `each` at a time.
    pub async fn trickle(&self, commands: &[Sent], each: usize, pause: Duration) {
        for some in commands.chunks(each) {
            self.send(some).await;
            tokio::time::sleep(pause).await;
        }
    }

    /// Everything in an outbound stream of all partitions.
    pub async fn all(&self, stream: &Outbound) -> Vec<OutEntry> {
        let mut all = Vec::new();
        for lane in 0..self.partitions {
            let mut after = EntryId::ZERO;
            loop {
                let page = self.log.follow(lane, stream, after, 500, Duration::ZERO).await.expect("redis answers");
                let Some(last) = page.last() else { break };
                after = last.id;
                all.extend(page);
            }
        }
        all
    }

    /// Every answer there is, in order within each partition.
    pub async fn answers(&self) -> Vec<Answer> {
        let entries = self.all(&Outbound::Answers).await;
        entries.iter().flat_map(|e| serde_json::from_str::<Vec<Answer>>(&e.json).expect("answers")).collect()
    }

    /// The first answer of each id.
    pub async fn outcomes(&self) -> HashMap<String, Answer> {
        let mut first = HashMap::new();
        for a in self.answers().await {
            first.entry(a.command_id.to_string()).or_insert(a);
        }
        first
    }

    /// How many answers are out.
    pub async fn answered(&self) -> usize {
        self.answers().await.len()
    }

    /// Waits until this many answers are out, or more.
    pub async fn answered_at_least(&self, n: usize) {
        let begun = Instant::now();
        while self.answered().await < n {
            assert!(begun.elapsed() < Duration::from_secs(30), "{n} answers do not come");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits for these ids' answers.
    pub async fn wait(&self, ids: &[&str]) -> Vec<Answer> {
        let begun = Instant::now();
        loop {
            let outcomes = self.outcomes().await;
            let got: Vec<Answer> = ids.iter().filter_map(|id| outcomes.get(*id).cloned()).collect();
            if got.len() == ids.len() {
                return got;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "of {ids:?} only {} were answered", got.len());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Sends these and expects every one to be accepted.
    pub async fn accepted(&self, commands: &[Sent]) {
        self.send(commands).await;
        let ids: Vec<&str> = commands.iter().map(|c| c.id.as_str()).collect();
        for answer in self.wait(&ids).await {
            assert_eq!(answer.outcome, OutcomeKind::Accepted, "{answer:?}");
        }
    }

    /// The partitions' states, summed.
    pub async fn stats(&self) -> LogStats {
        let mut sum = LogStats::default();
        for lane in 0..self.partitions {
            let s = self.log.stats(lane).await.expect("redis answers");
            sum.lag += s.lag;
            sum.steps += s.steps;
            sum.pending += s.pending;
            sum.settled += s.settled;
            sum.length += s.length;
            sum.dead += s.dead;
        }
        sum
    }

    /// Waits for rest: nothing unread, nothing pending, twice in a row.
    pub async fn rest(&self) {
        let (begun, mut calm) = (Instant::now(), 0);
        while calm < 3 {
            let s = self.stats().await;
            calm = if s.lag == 0 && s.pending == 0 { calm + 1 } else { 0 };
            assert!(begun.elapsed() < Duration::from_secs(40), "no rest: {s:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
