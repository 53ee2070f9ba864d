//! The load generator through a real Redis, before a server whose every answer and every pause is known.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use jumun::{
    http_client::Certificates,
    tools::load::{
        LoadError,
        scenario::Scenario,
        session::{LoadSale, LoadTarget, Session},
    },
};
use redis::streams::{StreamReadOptions, StreamReadReply};

use crate::support::servers::{Server, start_redis};

/// What the server does with order `n` of the run (set-up commands are always accepted).
#[derive(Debug, Clone, Copy)]
enum Does {
    Accept,
    Refuse,
    Twice,
    Nothing,
    /// accept it after a pause, which everything behind it feels
    Pause(Duration),
}

struct Stub {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Stub {
    fn serve(url: &str, does: fn(u64) -> Does) -> Self {
        let mut redis = redis::Client::open(url).unwrap().get_connection().unwrap();
        redis::cmd("HSET").arg("jumun:meta").arg("partitions").arg(2).exec(&mut redis).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let keys = ["jumun:{0}:commands", "jumun:{1}:commands"];
            let mut last = ["0".to_owned(), "0".to_owned()];
            let options = StreamReadOptions::default().block(20).count(100);
            while !stopped.load(Ordering::Relaxed) {
                let reply: Option<StreamReadReply> =
                    redis::Commands::xread_options(&mut redis, &keys, &last, &options).unwrap();
                for stream in reply.into_iter().flat_map(|reply| reply.keys) {
                    let partition = usize::from(stream.key == keys[1]);
                    for entry in stream.ids {
                        let command: String = entry.get("command").unwrap();
                        answer(&mut redis, partition, &command, does);
                        last[partition] = entry.id;
                    }
                }
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

fn answer(redis: &mut redis::Connection, partition: usize, command: &str, does: fn(u64) -> Does) {
    let command: serde_json::Value = serde_json::from_str(command).unwrap();
    let id = command["id"].as_str().unwrap();
    let n: u64 = id.rsplit('-').next().unwrap().parse().unwrap();
    let does = if id.contains("-set-") { Does::Accept } else { does(n) };
    let (times, outcome, reason) = match does {
        Does::Accept => (1, "accepted", None),
        Does::Refuse => (1, "rejected", Some("sold_out")),
        Does::Twice => (2, "accepted", None),
        Does::Nothing => (0, "accepted", None),
        Does::Pause(pause) => {
            std::thread::sleep(pause);
            (1, "accepted", None)
        }
    };
    let one = serde_json::json!({"command_id": id, "order_id": null, "partition": partition, "outcome": outcome,
        "reason": reason, "facts": {"left": 3}});
    if times > 0 {
        let key = format!("jumun:{{{partition}}}:answers:{}", command["reply_to"].as_str().unwrap());
        let answers = serde_json::Value::from(vec![one; times]).to_string();
        redis::cmd("XADD").arg(key).arg("*").arg("answers").arg(answers).exec(redis).unwrap();
    }
}

fn sale(scenario: &str, skus: u32) -> LoadSale {
    LoadSale { scenario: Scenario::named(scenario).unwrap(), skus, stock: 1_000, seed: 0, run: "run1".into() }
}

async fn session(redis: &Server, scenario: &str) -> Session {
    let target = LoadTarget::Redis {
        url: redis.url().to_owned(),
        certificates: Certificates::default(),
        namespace: "jumun".into(),
    };
    let sale = sale(scenario, 20);
    Session::open(&target, sale, Duration::from_secs(10)).await.unwrap()
}

const DRAIN: Duration = Duration::from_millis(700);

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_counted_once_and_every_silence() {
    let redis = start_redis(&[]);
    let _stub = Stub::serve(redis.url(), |n| match n {
        7 => Does::Twice,
        8 => Does::Nothing,
        n if n % 10 == 0 => Does::Refuse,
        _ => Does::Accept,
    });
    let mut session = session(&redis, "spread").await;
    assert_eq!(session.partitions, Some(2));
    let run = session.run(2_000, 1_000, 10_000, DRAIN).await.unwrap();
    assert_eq!((run.planned, run.sent, run.answered), (1_000, 1_000, 999));
    assert_eq!((run.accepted, run.rejected["sold_out"], run.duplicates, run.unanswered), (899, 100, 1, 1));
    assert!(run.failed.is_empty());
    assert!(!run.kept_up(), "an order without an answer is not kept up");
    // a second run over the same goods has ids of its own
    let again = session.run(2_000, 5, 10_000, DRAIN).await.unwrap();
    assert_eq!((again.accepted, again.rejected["sold_out"]), (4, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_felt_by_all_who_were_due_in_it() {
    let redis = start_redis(&[]);
    let _stub =
        Stub::serve(redis.url(), |n| if n == 300 { Does::Pause(Duration::from_millis(600)) } else { Does::Accept });
    let mut session = session(&redis, "hot").await;
    let begun = Instant::now();
    let run = session.run(1_000, 1_000, 10_000, Duration::from_secs(10)).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(990), "sent before its time");
    assert_eq!(run.answered, 1_000);
    // 600 of the 1,000 orders were due while nothing was answered, 300 of them over 300 ms before its end; a generator
    // that waits for answers would have seen one slow order in a thousand
    assert!(run.latency.p90_us >= 300_000, "p90 is {} µs", run.latency.p90_us);
    assert!(run.latency.max_us >= 590_000, "the slowest took {} µs", run.latency.max_us);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_in_flight_bound_delays_is_reported() {
    let redis = start_redis(&[]);
    let _stub =
        Stub::serve(redis.url(), |n| if n == 50 { Does::Pause(Duration::from_millis(400)) } else { Does::Accept });
    let mut session = session(&redis, "hot").await;
    let run = session.run(1_000, 500, 100, Duration::from_secs(10)).await.unwrap();
    assert_eq!((run.sent, run.answered), (500, 500));
    // of the 400 due in the pause 100 were let out
    assert!(run.fell_behind >= 200, "{} fell behind", run.fell_behind);
    assert!(run.latency.max_us >= 390_000, "the slowest took {} µs", run.latency.max_us);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_run_is_said() {
    let redis = start_redis(&[]);
    let target = LoadTarget::Redis {
        url: redis.url().to_owned(),
        certificates: Certificates::default(),
        namespace: "jumun".into(),
    };
    let sale = sale("hot", 1);
    let open = || Session::open(&target, sale.clone(), Duration::from_millis(300));
    let nobody = open().await.unwrap_err();
    assert!(matches!(nobody, LoadError::Plan(_)), "{nobody}");
    // a namespace that nobody serves any longer
    let stub = Stub::serve(redis.url(), |_| Does::Accept);
    drop(stub);
    let silent = open().await.unwrap_err();
    assert!(matches!(silent, LoadError::SetUp(_)), "{silent}");
}

/// An HTTP server that answers a command by its number: one connection in one task, requests one after the other.
async fn http(does: fn(u64) -> (u16, &'static str)) -> String {
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut stream = BufReader::new(stream);
                loop {
                    let (mut line, mut length) = (String::new(), 0);
                    while stream.read_line(&mut line).await.unwrap() > 0 && line != "\r\n" {
                        if let Some(value) = line.strip_prefix("Content-Length: ") {
                            length = value.trim().parse().unwrap();
                        }
                        line.clear();
                    }
                    if length == 0 {
                        return;
                    }
                    let mut body = vec![0; length];
                    stream.read_exact(&mut body).await.unwrap();
                    let command = jumun::protocol::decode(&body).unwrap();
                    let id = command.id.as_str();
                    let n = id.rsplit('-').next().unwrap().parse().unwrap();
                    let (status, outcome) = if id.contains("-set-") { (200, "accepted") } else { does(n) };
                    let reason = if outcome == "rejected" { Some("sold_out") } else { None };
                    let json = serde_json::json!({"command_id": id, "outcome": outcome, "reason": reason}).to_string();
                    let head = format!("HTTP/1.1 {status} Whatever\r\ncontent-length: {}\r\n\r\n", json.len());
                    stream.write_all((head + &json).as_bytes()).await.unwrap();
                }
            });
        }
    });
    format!("http://{address}")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_http_door_counts_by_status_and_body() {
    let url = http(|n| match n % 10 {
        0 => (503, ""),
        1 => (409, "rejected"),
        2 => (202, ""),
        _ => (200, "accepted"),
    })
    .await;
    let target = LoadTarget::Http { url, connections: 4, token: None, retries: 0 };
    let sale = sale("mixed", 5);
    let mut session = Session::open(&target, sale, Duration::from_secs(10)).await.unwrap();
    let run = session.run(1_000, 500, 10_000, Duration::from_secs(10)).await.unwrap();
    assert_eq!((run.sent, run.answered, run.unanswered), (500, 500, 0));
    assert_eq!((run.accepted, run.rejected["sold_out"]), (350, 50));
    assert_eq!((run.failed["http_503"], run.failed["http_202"]), (50, 50));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_http_door_sends_again_with_the_same_id() {
    use std::sync::Mutex;
    // what the stub saw of each id, since the stub's answer is a function without state
    static SEEN: Mutex<std::collections::BTreeMap<u64, u32>> = Mutex::new(std::collections::BTreeMap::new());
    let url = http(|n| {
        let mut seen = SEEN.lock().unwrap();
        let times = seen.entry(n).or_default();
        *times += 1;
        match (n % 10, *times) {
            (0, 1) => (503, ""),
            (1, 1 | 2) => (202, ""),
            // again and again
            (2, _) => (503, ""),
            _ => (200, "accepted"),
        }
    })
    .await;
    let target = LoadTarget::Http { url, connections: 20, token: None, retries: 2 };
    let mut session = Session::open(&target, sale("hot", 1), Duration::from_secs(10)).await.unwrap();
    let run = session.run(1_000, 100, 10_000, Duration::from_secs(20)).await.unwrap();
    assert_eq!((run.sent, run.answered, run.accepted), (100, 100, 90));
    // one for each tenth, then two, then two that were in vain
    assert_eq!((run.retries, run.failed["http_503"]), (10 + 20 + 20, 10));
    let seen = SEEN.lock().unwrap();
    assert_eq!((seen[&0], seen[&1], seen[&2], seen[&3]), (2, 3, 3, 1));
    assert!(run.latency.max_us >= 400_000, "the waits are felt: {} µs", run.latency.max_us);
}
