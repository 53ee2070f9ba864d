//! Refusals that a timeline tells: where they are looked for, how far, and that nobody waits for it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jumun::{
    domain::ids::OrderId,
    history::timeline::{Answers, Entry, timeline},
    log::{
        CommandLog, Inbound, OutAnswer, Retention, Settled,
        memory::{MemoryBounds, MemoryLog},
    },
};
use serde_json::{Value, json};

use crate::support::{
    servers::redis_url,
    shop::Shop,
    world::{On, Setup, World},
};

fn refusal(command: &str, order: &str) -> Value {
    json!({"command_id": command, "order_id": order, "partition": 0, "outcome": "rejected", "reason": "sold_out",
        "entry": "1-1"})
}

/// A log of two partitions with these answers, an entry each.
async fn retaining(answers: [Vec<Value>; 2]) -> Arc<dyn CommandLog> {
    let log: Arc<dyn CommandLog> = Arc::new(MemoryLog::new(Arc::new(|| 1_000_000), MemoryBounds::default()));
    log.open(2).await.unwrap();
    let hour = Duration::from_secs(3_600);
    let retention = Retention { commands: hour, answers: hour, events: hour, dead_max: 10, dead_age: None };
    for (partition, answers) in (0..).zip(answers) {
        let commands = vec![Arc::<[u8]>::from(&b"{}"[..]); answers.len()];
        log.append(partition, Inbound::Commands, &commands).await.unwrap();
        let mut reader = log.reader(partition, "tester", 1).await.unwrap();
        let mut settler = log.settler(partition, 1, retention).await.unwrap();
        let entries = reader.fresh(answers.len(), Duration::ZERO).await.unwrap().entries;
        for (entry, answer) in entries.iter().zip(answers) {
            let answer = Some(OutAnswer { reply_to: None, json: answer.to_string() });
            let settled = Settled { stream: entry.stream, id: entry.id, answer, events: Vec::new(), dead: None };
            settler.settle(&[settled]).await.unwrap();
        }
    }
    log
}

/// The commands that an order's timeline says were refused, and whether it says that these are all.
async fn told(w: &World, log: &Arc<dyn CommandLog>, order: &str, pages_max: usize) -> (Vec<String>, bool) {
    let mut told = timeline(&*w.store, &OrderId::stored(order)).await.unwrap();
    assert!(!told.refusals_known && !told.refusals_complete);
    told.look(&Answers { log: Arc::clone(log), names: Vec::new(), pages_max }).await.unwrap();
    assert!(told.refusals_known);
    let refused = told.entries.iter().filter_map(|e| match e {
        Entry::Refused { command_id, .. } => Some(command_id.clone()),
        Entry::Event { .. } => None,
    });
    (refused.collect(), told.refusals_complete)
}

#[tokio::test]
async fn refusals_are_looked_for_where_the_order_lives_from_the_newest_on() {
    let mut w = World::open(On::Memory, Setup::default()).await;
    w.sku("A", 1_000, 0, 5).await;
    w.ok(json!({"type": "place_order", "order_id": "o-1", "customer_id": "u-1", "lines": [{"sku_id": "A", "quantity": 1}]}))
        .await;
    let mut here: Vec<Value> = (0..170).map(|n| refusal(&format!("other-{n}"), "o-2")).collect();
    (here[0], here[169]) = (refusal("oldest", "o-1"), refusal("newest", "o-1"));
    here[80]["facts"] = json!({"detail": "o-1"});
    let log = retaining([here, vec![refusal("elsewhere", "o-1"), refusal("elsewhere", "o-9")]]).await;
    let both = vec!["newest".to_owned(), "oldest".to_owned()];
    let (mut found, complete) = told(&w, &log, "o-1", 1_000).await;
    found.sort();
    assert_eq!((found, complete), (both, true));
    for (pages, all) in [(1, false), (3, false), (4, true)] {
        let (found, complete) = told(&w, &log, "o-1", pages).await;
        assert_eq!((found.len(), complete), (1 + usize::from(all), all), "{pages}: {found:?}");
        assert!(found.iter().any(|f| f == "newest"), "{pages}: {found:?}");
    }
    // nobody knows where an order lives that was never placed
    assert_eq!(told(&w, &log, "o-9", 1_000).await, (vec!["elsewhere".to_owned()], true));
    w.done().await;
}

#[tokio::test]
async fn timelines_do_not_stall_the_door() {
    const ENTRIES: usize = 6_000;
    let shop = Shop::open(&[]).await;
    shop.stock();
    shop.order("o-1");
    let mut redis = redis::Client::open(redis_url()).unwrap().get_connection().unwrap();
    let key = format!("{}:{{0}}:answers", shop.namespace);
    let crowd = Value::from((0..128).map(|n| refusal(&format!("other-{n}"), "o-2")).collect::<Vec<_>>()).to_string();
    let one = json!([refusal("newest-1", "o-1")]).to_string();
    for some in (0..ENTRIES).collect::<Vec<_>>().chunks(500) {
        let mut pipe = redis::pipe();
        for n in some {
            let array = if *n == ENTRIES - 1 { &one } else { &crowd };
            pipe.cmd("XADD").arg(&key).arg("*").arg("answers").arg(array).ignore();
        }
        pipe.query::<()>(&mut redis).unwrap();
    }
    let probe = || {
        let before = Instant::now();
        assert_eq!(shop.get("", "/healthz").status, 200);
        before.elapsed()
    };
    // what this machine needs just now, at rest and for one timeline
    let usual = (0..50).map(|_| probe()).max().unwrap_or_default();
    let before = Instant::now();
    shop.get("checkout", "/v1/orders/o-1/timeline").json();
    let alone = before.elapsed();
    let begun = Instant::now();
    let (slowest, timelines) = std::thread::scope(|scope| {
        let asked: Vec<_> =
            (0..8).map(|_| scope.spawn(|| shop.get("checkout", "/v1/orders/o-1/timeline").json())).collect();
        let mut slowest = Duration::ZERO;
        while asked.iter().any(|a| !a.is_finished()) {
            slowest = slowest.max(probe());
            std::thread::sleep(Duration::from_millis(5));
        }
        (slowest, asked.into_iter().map(|a| a.join().unwrap()).collect::<Vec<Value>>())
    });
    let took = begun.elapsed();
    let bound = Duration::from_millis(500).max(usual * 10);
    assert!(slowest < bound, "the HTTP API stood still for {slowest:?}; at rest it took {usual:?}");
    assert!(took < Duration::from_secs(6).max(alone * 4), "{took:?} for eight, {alone:?} for one");
    let mut found = 0;
    for told in &timelines {
        let entries = told["entries"].as_array().unwrap();
        assert_eq!(entries.iter().filter(|e| e["kind"] == "event").count(), 2, "{told}");
        assert_eq!(told["refusals_complete"], false, "not all of it was looked through");
        found += entries.iter().filter(|e| e["command_id"] == "newest-1").count();
    }
    assert!(found > 0, "the newest refusal is told: {}", timelines[0]);
}
