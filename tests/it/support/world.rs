//! A server in this process and everything around it, asked only through the command protocol.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use jumun::{
    clock::{Clock, RealClock},
    domain::{catalog::Policy, ids::OrderId},
    history::timeline,
    integrations::payment::PaymentGateway,
    lane::Limits,
    log::{
        CommandLog, EntryId, Inbound, Outbound, Retention,
        crc16::partition_of,
        memory::{MemoryBounds, MemoryLog},
        redis::RedisLog,
    },
    protocol::{Answer, OutcomeKind},
    retention::RetentionTerms,
    server::{Server, ServerParts},
    store::{
        self, Store,
        row::Row,
        rows::{OrdRow, OtbxRow, StlmRow},
    },
};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::servers;

/// What the server stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// an in-process log and SQLite
    Memory,
    /// Redis and PostgreSQL
    Real,
}

/// How a scenario's server is set up.
pub struct Setup {
    pub partitions: u32,
    pub policy: Policy,
    pub gateway: Option<Arc<dyn PaymentGateway>>,
    pub terms: RetentionTerms,
}

impl Default for Setup {
    fn default() -> Self {
        Self { partitions: 1, policy: Policy::default(), gateway: None, terms: RetentionTerms::default() }
    }
}

const PATIENCE: Duration = Duration::from_secs(20);

pub struct World {
    on: On,
    setup: Setup,
    url: String,
    _dir: tempfile::TempDir,
    pub store: Arc<dyn Store>,
    pub log: Arc<dyn CommandLog>,
    server: Option<Server>,
    heard: Heard,
    /// every command as sent, with its answer
    journal: Vec<(u32, Arc<[u8]>, Answer)>,
    places: HashMap<String, u32>,
    sent: u32,
}

/// Answers as they come, of all partitions.
struct Heard {
    answers: Arc<Mutex<Vec<Answer>>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Heard {
    fn open(log: &Arc<dyn CommandLog>, partitions: u32) -> Self {
        let answers: Arc<Mutex<Vec<Answer>>> = Arc::default();
        let follow = |partition| {
            let (log, answers) = (Arc::clone(log), Arc::clone(&answers));
            tokio::spawn(async move {
                let mut after = EntryId::ZERO;
                loop {
                    let wait = Duration::from_millis(500);
                    match log.follow(partition, &Outbound::Answers, after, 1_000, wait).await {
                        Ok(entries) => {
                            for entry in entries {
                                after = entry.id;
                                let news: Vec<Answer> = serde_json::from_str(&entry.json).expect("answers are answers");
                                answers.lock().unwrap().extend(news);
                            }
                        }
                        Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                    }
                }
            })
        };
        let tasks = (0..partitions).map(follow).collect();
        Self { answers, tasks }
    }

    fn of(&self, id: &str) -> Vec<Answer> {
        self.answers.lock().unwrap().iter().filter(|a| &*a.command_id == id).cloned().collect()
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

async fn new_log(on: On) -> Arc<dyn CommandLog> {
    match on {
        On::Memory => {
            let ms = Arc::new(|| u64::try_from(RealClock.now().timestamp_millis()).unwrap());
            Arc::new(MemoryLog::new(ms, MemoryBounds::default()))
        }
        On::Real => {
            let name = format!("s{}", &uuid::Uuid::now_v7().simple().to_string()[8..]);
            Arc::new(RedisLog::connect(&servers::redis_url(), &name).await.expect("redis answers"))
        }
    }
}

impl World {
    /// Its database.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub async fn open(on: On, setup: Setup) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = match on {
            On::Memory => format!("sqlite:{}", dir.path().join("jumun.db").display()),
            On::Real => servers::fresh_database().await,
        };
        let store = store::open(&url).await.unwrap();
        store.migrate().await.unwrap();
        let log = new_log(on).await;
        log.open(setup.partitions).await.unwrap();
        let heard = Heard::open(&log, setup.partitions);
        let (journal, places) = Default::default();
        let mut world = Self { on, setup, url, _dir: dir, store, log, server: None, heard, journal, places, sent: 0 };
        world.start(Limits::default()).await;
        world
    }

    async fn start(&mut self, limits: Limits) {
        let hour = Duration::from_secs(3_600);
        let parts = ServerParts {
            partitions: self.setup.partitions,
            instance: "scenario".into(),
            lease_ttl: Duration::from_secs(30),
            stuck_after: Duration::from_secs(120),
            store: Arc::clone(&self.store),
            log: Arc::clone(&self.log),
            clock: Arc::new(RealClock),
            policy: self.setup.policy.clone(),
            limits,
            retention: Retention { commands: hour, answers: hour, events: hour, dead_max: 100, dead_age: None },
            gateway: self.setup.gateway.clone(),
            terms: self.setup.terms,
            hooks: Arc::default(),
            traces: None,
        };
        let server = Server::start(parts).await.unwrap();
        let ready = tokio::time::timeout(PATIENCE, server.ready(self.setup.partitions)).await;
        ready.expect("the server takes its partitions");
        self.server = Some(server);
    }

    async fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            assert!(!server.health.broken(), "a partition broke");
            tokio::time::timeout(PATIENCE, server.stop()).await.expect("the server stops");
        }
    }

    /// Stops the server and starts another on the same store and log.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.start(Limits::default()).await;
    }

    /// Stops the server, takes the schema back to an older version's, brings it up to date again, and starts another.
    pub async fn upgraded(&mut self, back: &'static str) {
        self.stop().await;
        self.outside(back).await;
        self.store.migrate().await.unwrap();
        self.start(Limits::default()).await;
    }

    fn place_of(&self, command: &Value) -> u32 {
        let first = command["lines"][0]["sku_id"].as_str().or_else(|| command["sku_id"].as_str());
        match first {
            Some(sku) => partition_of(sku, self.setup.partitions),
            None => command["order_id"].as_str().and_then(|o| self.places.get(o)).copied().unwrap_or(0),
        }
    }

    /// Sends a command (with an id and an operator for its actor, unless it has its own) and waits for its answer.
    pub async fn send(&mut self, command: Value) -> Answer {
        let to = self.place_of(&command);
        self.send_to(to, command).await
    }

    /// Sends it to a partition of the caller's choice.
    pub async fn send_to(&mut self, partition: u32, mut command: Value) -> Answer {
        self.sent += 1;
        if command.get("id").is_none() {
            command["id"] = format!("c-{:08}", self.sent).into();
        }
        if command.get("actor").is_none() {
            command["actor"] = "operator:o".into();
        }
        let raw: Arc<[u8]> = command.to_string().into_bytes().into();
        let answer = self.ask(partition, command["id"].as_str().unwrap(), &raw).await;
        if let Some(order) = &answer.order_id {
            self.places.insert(order.to_string(), answer.partition);
        }
        self.journal.push((partition, raw, answer.clone()));
        answer
    }

    /// These commands with an id and an operator for their actor: where they go, their ids, and what is sent.
    fn named(&mut self, commands: Vec<(u32, Value)>) -> Vec<(u32, String, Arc<[u8]>)> {
        let mut sent = Vec::new();
        for (partition, mut command) in commands {
            self.sent += 1;
            let id = format!("c-{:08}", self.sent);
            (command["id"], command["actor"]) = (id.as_str().into(), "operator:o".into());
            sent.push((partition, id, command.to_string().into_bytes().into()));
        }
        sent
    }

    /// Sends these to a partition while nobody reads it: a server that starts then finds them all at once. Their answers, in
    /// order.
    pub async fn finds(&mut self, partition: u32, commands: Vec<Value>) -> Vec<Answer> {
        self.stop().await;
        let sent = self.named(commands.into_iter().map(|command| (partition, command)).collect());
        let raw: Vec<Arc<[u8]>> = sent.iter().map(|(_, _, raw)| Arc::clone(raw)).collect();
        self.log.append(partition, Inbound::Commands, &raw).await.unwrap();
        self.start(Limits::default()).await;
        let mut answers = Vec::new();
        for (partition, id, raw) in sent {
            let answer = self.answered(&id, 0, &raw).await;
            self.journal.push((partition, raw, answer.clone()));
            answers.push(answer);
        }
        answers
    }

    /// Sends these to their partitions before any is answered; their answers, in order.
    pub async fn at_once(&mut self, commands: Vec<(u32, Value)>) -> Vec<Answer> {
        let sent = self.named(commands);
        let asked = sent.iter().map(|(partition, id, raw)| self.ask(*partition, id, raw));
        let answers = futures_util::future::join_all(asked).await;
        for ((partition, _, raw), answer) in sent.into_iter().zip(&answers) {
            self.journal.push((partition, raw, answer.clone()));
        }
        answers
    }

    /// The last command is passed on to its lane a second time, as a lane does that crashed before it could acknowledge.
    pub async fn passed_on_again(&self) {
        let (_, raw, answer) = self.journal.last().expect("a command was sent");
        let origin: EntryId = answer.entry.parse().unwrap();
        let step = json!({"type": "passed_on", "at_ms": origin.ms, "hops": 1, "origin": answer.entry,
            "command": String::from_utf8_lossy(raw)});
        let step: Arc<[u8]> = step.to_string().into_bytes().into();
        self.log.append(answer.partition, Inbound::Internal, &[step]).await.unwrap();
        self.rest().await;
        let told = self.heard.of(&answer.command_id).len();
        assert_eq!(told, 1, "{} was answered {told} times", answer.command_id);
    }

    async fn ask(&self, partition: u32, id: &str, raw: &Arc<[u8]>) -> Answer {
        let before = self.heard.of(id).len();
        self.log.append(partition, Inbound::Commands, &[Arc::clone(raw)]).await.unwrap();
        self.answered(id, before, raw).await
    }

    /// The answer to it that comes after so many.
    async fn answered(&self, id: &str, before: usize, raw: &[u8]) -> Answer {
        let begun = Instant::now();
        loop {
            let mut answers = self.heard.of(id);
            assert!(answers.len() <= before + 1, "{id} was answered twice");
            if answers.len() > before {
                return answers.pop().unwrap();
            }
            assert!(begun.elapsed() < PATIENCE, "no answer to {}", String::from_utf8_lossy(raw));
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Raw bytes, for what has no id to answer to.
    pub async fn raw(&self, bytes: &[u8]) {
        self.log.append(0, Inbound::Commands, &[bytes.into()]).await.unwrap();
    }

    /// How many dead letters partition 0 keeps.
    pub async fn dead(&self) -> u64 {
        self.log.stats(0).await.unwrap().dead
    }

    /// It must be accepted.
    pub async fn ok(&mut self, command: Value) -> Answer {
        let answer = self.send(command.clone()).await;
        assert_eq!(answer.outcome, OutcomeKind::Accepted, "{command}: {answer:?}");
        answer
    }

    /// It must be refused for this reason.
    pub async fn no(&mut self, command: Value, reason: &str) -> Answer {
        let answer = self.send(command.clone()).await;
        let told = (answer.outcome, answer.reason.as_deref());
        assert_eq!(told, (OutcomeKind::Rejected, Some(reason)), "{command}: {answer:?}");
        assert!(answer.message.is_some());
        answer
    }

    /// A SKU of a product and template of its own name: `price` won, `fee` won of shipping, `units` received.
    pub async fn sku(&mut self, id: &str, price: i64, fee: i64, units: u32) {
        self.template(&format!("t-{id}"), "p-1", None).await;
        self.product(id, &format!("t-{id}"), "p-1", price, fee, json!({})).await;
        self.unit(id, units).await;
    }

    pub async fn template(&mut self, id: &str, partner: &str, threshold: Option<i64>) {
        let mut c = json!({"type": "create_template", "template_id": id, "partner_id": partner, "name": id});
        if let Some(won) = threshold {
            c["free_threshold"] = won.into();
        }
        self.ok(c).await;
    }

    pub async fn product(&mut self, id: &str, template: &str, partner: &str, price: i64, fee: i64, more: Value) {
        let mut c = json!({"type": "create_product", "product_id": id, "name": id, "kind": "goods", "product_type": "x",
            "price": price, "partner_id": partner, "template_id": template, "bundled": true, "delivery_fee": fee,
            "lead_time_days": 3});
        for (k, v) in more.as_object().unwrap() {
            c[k] = v.clone();
        }
        self.ok(c).await;
    }

    /// A SKU named as its product.
    pub async fn unit(&mut self, id: &str, units: u32) {
        self.ok(json!({"type": "create_sku", "sku_id": id, "product_id": id, "option_name": "one"})).await;
        if units > 0 {
            self.ok(json!({"type": "receive_stock", "sku_id": id, "quantity": units})).await;
        }
    }

    /// An open campaign of a SKU.
    pub async fn campaign(&mut self, id: &str, sku: &str, more: Value) {
        let mut c = json!({"type": "create_campaign", "campaign_id": id, "sku_id": sku, "name": id, "price": 1_000,
            "allotted": 100, "opens_at": "2020-01-01T00:00:00Z", "closes_at": "2120-01-01T00:00:00Z"});
        for (k, v) in more.as_object().unwrap() {
            c[k] = v.clone();
        }
        self.ok(c).await;
    }

    /// All rows of a table.
    pub async fn rows<R: Row>(&self) -> Vec<R> {
        let page = self.store.page(store::table::<R>(), None, 10_000).await.unwrap();
        page.into_iter().map(|values| R::read(&mut values.into_iter())).collect()
    }

    pub async fn order(&self, id: &str) -> OrdRow {
        self.store.order_rows(&[OrderId::stored(id)]).await.unwrap().pop().expect("the order is stored")
    }

    /// (paid, refundable, planned, refunded) of an order's settlements.
    pub async fn money(&self, order: &str) -> Vec<(i64, i64, i64, i64)> {
        let rows = self.rows::<StlmRow>().await;
        let of = rows.into_iter().filter(|s| &*s.ord_id == order);
        of.map(|s| (s.pay_amt, s.rfnd_psbl_amt, s.rfnd_plan_amt, s.rfnd_amt)).collect()
    }

    /// (on hand, held, sold) of a SKU.
    pub async fn stock(&self, sku: &str) -> (i64, i64, i64) {
        let rows = self.rows::<store::UntRow>().await;
        let unit = rows.into_iter().find(|u| &*u.unt_id == sku).expect("the SKU is stored");
        (unit.stck_qty, unit.hold_qty, unit.sold_qty)
    }

    /// An order's story, with what the streams retain of refusals.
    pub async fn timeline(&self, order: &str) -> timeline::Timeline {
        let mut told = timeline::timeline(&*self.store, &OrderId::stored(order)).await.unwrap();
        let log = Arc::clone(&self.log);
        told.look(&timeline::Answers { log, names: Vec::new(), pages_max: 1_000 }).await.unwrap();
        told
    }

    /// Waits until the order has this status.
    pub async fn becomes(&self, order: &str, status: &str) {
        let begun = Instant::now();
        while &*self.order(order).await.ord_stat_cd != status {
            let row = self.order(order).await;
            assert!(begun.elapsed() < PATIENCE, "{order} is {} and never {status}", row.ord_stat_cd);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until nothing is under way: no command, no step between lanes.
    pub async fn rest(&self) {
        let begun = Instant::now();
        let mut quiet = 0;
        while quiet < 3 {
            let mut busy = !self.rows::<OtbxRow>().await.is_empty();
            for partition in 0..self.setup.partitions {
                let stats = self.log.stats(partition).await.unwrap();
                busy |= stats.lag + stats.pending > 0;
            }
            quiet = if busy { 0 } else { quiet + 1 };
            assert!(begun.elapsed() < PATIENCE, "it does not come to rest");
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    }

    /// Another process takes the log over: the lane hears of it from its reader, while it has nothing to do, and ends.
    pub async fn superseded(mut self) {
        self.log.reader(0, "successor", i64::from(u32::MAX)).await.unwrap();
        let begun = Instant::now();
        while self.server.as_ref().is_some_and(|s| s.health.owned() > 0) {
            assert!(begun.elapsed() < PATIENCE, "the lane goes on without its log");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.stop().await;
    }

    /// Runs a statement on the database as another system would.
    pub async fn outside(&self, sql: &'static str) {
        use sqlx::{Connection as _, Executor as _};
        let done = match self.on {
            On::Real => {
                let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
                connection.execute(sql).await.unwrap().rows_affected()
            }
            On::Memory => {
                let mut connection = sqlx::SqliteConnection::connect(&self.url).await.unwrap();
                connection.execute(sql).await.unwrap().rows_affected()
            }
        };
        assert_ne!(done, 0, "{sql} changed nothing");
    }

    /// The end of every scenario.
    pub async fn done(self) {
        self.verified().await;
        self.asked_again().await;
    }

    /// Each command has one answer for each time it was sent; a server that starts over gives every command its first answer,
    /// and one that knows nothing but the store gives every accepted one its.
    pub async fn asked_again(mut self) {
        self.rest().await;
        let mut times: HashMap<&str, usize> = HashMap::new();
        for (_, _, answer) in &self.journal {
            *times.entry(&*answer.command_id).or_default() += 1;
        }
        for (id, n) in times {
            assert_eq!(self.heard.of(id).len(), n, "answers to {id}");
        }
        let journal = std::mem::take(&mut self.journal);
        let (orders, units) = (self.rows::<OrdRow>().await, self.rows::<store::UntRow>().await);
        self.restart().await;
        for (partition, raw, first) in &journal {
            let again = self.ask(*partition, &first.command_id, raw).await;
            // of what came too early nothing is remembered
            if first.reason.as_deref() != Some("try_again") {
                assert_eq!(Answer { entry: first.entry.clone(), ..again }, *first);
            }
        }
        self.stop().await;
        self.log = new_log(self.on).await;
        self.log.open(self.setup.partitions).await.unwrap();
        self.heard = Heard::open(&self.log, self.setup.partitions);
        self.start(Limits { window_max: 0, ..Limits::default() }).await;
        let took_effect = |a: &Answer| a.outcome == OutcomeKind::Accepted && a.facts.preview.is_none();
        for (partition, raw, first) in journal.iter().filter(|(_, _, a)| took_effect(a)) {
            let again = self.ask(*partition, &first.command_id, raw).await;
            assert_eq!(Answer { entry: first.entry.clone(), ..again }, *first, "from the store alone");
        }
        self.rest().await;
        assert_eq!(self.rows::<OrdRow>().await, orders, "asking again changes nothing");
        assert_eq!(self.rows::<store::UntRow>().await, units, "asking again moves nothing");
        self.stop().await;
    }
}
