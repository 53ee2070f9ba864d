//! PostgreSQL and Redis: green after real work; then the streams are made to lie, one lie at a time.

use std::sync::Arc;

use jumun::{
    log::{CommandLog, redis::RedisLog},
    store,
};
use redis::{Connection, streams::StreamRangeReply};
use serde_json::{Value, json};

use super::{assert_green, report, work};
use crate::support::servers::{fresh_database, redis_url};

struct Streams {
    redis: Connection,
    namespace: String,
}

impl Streams {
    fn key(&self, lane: u32, what: &str) -> String {
        format!("{}:{{{lane}}}:{what}", self.namespace)
    }

    /// (entry id, items) of an outbound stream.
    fn items(&mut self, lane: u32, what: &str) -> Vec<(String, Vec<Value>)> {
        let reply: StreamRangeReply =
            redis::cmd("XRANGE").arg(self.key(lane, what)).arg("-").arg("+").query(&mut self.redis).unwrap();
        let items = |e: &redis::streams::StreamId| {
            let text: String = e.get(what).unwrap();
            (e.id.clone(), serde_json::from_str(&text).unwrap())
        };
        reply.ids.iter().map(items).collect()
    }

    fn add(&mut self, lane: u32, what: &str, fields: &[(&str, &str)]) -> String {
        let mut cmd = redis::cmd("XADD");
        cmd.arg(self.key(lane, what)).arg("*");
        for (name, value) in fields {
            cmd.arg(name).arg(value);
        }
        cmd.query(&mut self.redis).unwrap()
    }

    fn delete(&mut self, lane: u32, what: &str, id: &str) {
        let n: u32 = redis::cmd("XDEL").arg(self.key(lane, what)).arg(id).query(&mut self.redis).unwrap();
        assert_eq!(n, 1);
    }
}

pub async fn lies() {
    let store = store::open(&fresh_database().await).await.unwrap();
    let namespace = format!("v{}", &uuid::Uuid::now_v7().simple().to_string()[..20]);
    let log: Arc<dyn CommandLog> = Arc::new(RedisLog::connect(&redis_url(), &namespace).await.unwrap());
    let server = work::serve(&store, &log).await;
    work::run(&store, &log).await;
    assert_green(&report(&store, Some(Arc::clone(&log))).await, true);
    server.stop().await;

    let redis = redis::Client::open(redis_url()).unwrap().get_connection().unwrap();
    let mut s = Streams { redis, namespace };
    let answers = s.items(0, "answers");
    let find = |wanted: &dyn Fn(&Value) -> bool| {
        let all = answers.iter().flat_map(|(id, items)| items.iter().map(move |a| (id.clone(), a.clone())));
        all.filter(|(_, a)| wanted(a)).last().unwrap()
    };
    let (_, accepted) = find(&|a| a["order_id"] == "o-paid" && a["outcome"] == "accepted");
    let (_, short) = find(&|a| a["reason"] == "sold_out" && a["order_id"] == "o-s6");
    let (_, received) = find(&|a| a["command_id"] == "c-retried" && a["outcome"] == "accepted");
    let event = s.items(0, "events").into_iter().flat_map(|(_, items)| items).next().unwrap();
    let changed = |of: &Value, changes: Value| {
        let mut value = of.clone();
        value.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        value
    };
    let dead = json!({"id": "c-letter-1", "type": "cancel_payment", "order_id": "o-1", "actor": "buyer:u-1"});
    let late = format!("{}-0", u64::MAX / 4);
    let plain = |n: usize| short["facts"]["position"].as_i64().map(|p| p + i64::try_from(n).unwrap());
    let position = received["facts"]["stock"][0]["position"].as_i64().unwrap();
    let lies: Vec<(&str, &str, Value, &[&str])> = vec![
        ("an entry answered twice", "answers", accepted.clone(), &["R1"]),
        (
            "an answer to a command that nobody committed",
            "answers",
            changed(&accepted, json!({"command_id": "c-orphan-1", "entry": "9-9", "facts": {}})),
            &["R5"],
        ),
        (
            "an answer with another version",
            "answers",
            changed(&accepted, json!({"entry": "9-9", "order_version": 99})),
            &["R5"],
        ),
        (
            "an answer of no command that names a ledger row",
            "answers",
            changed(&received, json!({"command_id": "c-orphan-2", "entry": "9-9"})),
            &["R4", "R5"],
        ),
        (
            "refused although a unit was left",
            "answers",
            changed(
                &short,
                json!({"command_id": "c-short-1", "entry": "9-9", "facts":
                {"sku_id": work::sku(0), "line_no": 1, "available": 0, "requested": 1, "position": position}}),
            ),
            &["R4"],
        ),
        (
            "refused although enough was left",
            "answers",
            changed(
                &short,
                json!({"command_id": "c-short-2", "entry": "9-9", "facts":
                {"sku_id": work::sku(2), "line_no": 1, "available": 0, "requested": 0, "position": plain(0)}}),
            ),
            &["R4"],
        ),
        (
            "refused on a state that never was",
            "answers",
            changed(
                &short,
                json!({"command_id": "c-short-3", "entry": "9-9", "facts":
                {"sku_id": work::sku(2), "line_no": 1, "available": 0, "requested": 1, "position": plain(1)}}),
            ),
            &["R4"],
        ),
        (
            "refused again, and for another reason",
            "answers",
            changed(&short, json!({"entry": "9-9", "reason": "limit_exceeded"})),
            &["R2"],
        ),
        (
            "refused although it is committed, and had been accepted",
            "answers",
            changed(&accepted, json!({"entry": "9-9", "outcome": "rejected", "reason": "illegal_transition"})),
            &["R2", "R5"],
        ),
        ("an event that is not in the history", "events", changed(&event, json!({"sequence": 99})), &["R5"]),
        ("an event that says otherwise", "events", changed(&event, json!({"at": "2020-01-01T00:00:00.000Z"})), &["R5"]),
    ];
    for (what, stream, item, red) in lies {
        let id = s.add(0, stream, &[(stream, &json!([item]).to_string())]);
        assert_eq!(report_now(&store, &log).await, red, "{what}");
        s.delete(0, stream, &id);
    }
    let command = dead.to_string();
    let id = s.add(0, "dead", &[("command", &command), ("reason", "r"), ("entry", &late), ("attempts", "3")]);
    assert_eq!(report_now(&store, &log).await, ["R1"], "a dead letter without an answer");
    s.delete(0, "dead", &id);
    let id = s.add(0, "commands", &[("command", &command)]);
    assert_eq!(report_now(&store, &log).await, ["R1"], "a command that nobody read");
    s.delete(0, "commands", &id);
    assert_eq!(report_now(&store, &log).await, [""; 0], "every lie was taken back");
    let (id, _) = find(&|a| a["outcome"] == "accepted" && a["order_id"] == "o-xkeep");
    s.delete(0, "answers", &id);
    assert_eq!(report_now(&store, &log).await, ["R1"], "a committed command without its answer");
    let (id, _) = s.items(0, "events").pop().unwrap();
    s.delete(0, "events", &id);
    assert_eq!(report_now(&store, &log).await, ["R1", "R7"], "an event that was never published");
}

/// Without waiting for rest: nobody serves.
async fn report_now(store: &Arc<dyn store::Store>, log: &Arc<dyn CommandLog>) -> Vec<&'static str> {
    let options = jumun::tools::verify::Options::default();
    let report = jumun::tools::verify::verify(store.clone(), Some(Arc::clone(log)), options).await.unwrap();
    report.red()
}
