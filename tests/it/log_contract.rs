//! The command log's contract: one set of checks that every adapter passes, and what each adapter owes besides.

mod checks;
mod memory;
mod out;
mod owners;
mod redis;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use jumun::log::{
    CommandLog, EntryId, Inbound, LogEntry, LogError, OutAnswer, Outbound, Reader, Retention, Settled, Settler,
    memory::{MemoryBounds, MemoryLog},
    redis::RedisLog,
};

use crate::support::servers;

/// Long enough that nothing of a test's own is trimmed.
const KEEP: Retention = Retention {
    commands: Duration::from_secs(3_600),
    answers: Duration::from_secs(3_600),
    events: Duration::from_secs(3_600),
    dead_max: 1_000,
    dead_age: None,
};

const SOON: Duration = Duration::from_millis(100);

type Log = Arc<dyn CommandLog>;

/// An in-process log on a clock that runs.
fn memory_log(bounds: MemoryBounds) -> Log {
    let begun = Instant::now();
    let clock = move || 1_790_000_000_000 + u64::try_from(begun.elapsed().as_millis()).unwrap();
    Arc::new(MemoryLog::new(Arc::new(clock), bounds))
}

/// A namespace that no other test uses.
fn namespace() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("log-contract-{}-{}", uuid::Uuid::now_v7().simple(), NEXT.fetch_add(1, Ordering::Relaxed))
}

async fn redis_log(url: &str, namespace: &str) -> RedisLog {
    RedisLog::connect(url, namespace).await.unwrap()
}

macro_rules! contract {
    ($($module:ident :: $check:ident),+ $(,)?) => {
        mod on_memory {
            $(#[tokio::test]
            async fn $check() {
                super::$module::$check(super::memory_log(Default::default())).await;
            })+
        }
        mod on_redis {
            $(#[tokio::test]
            async fn $check() {
                let log = super::redis_log(&super::servers::redis_url(), &super::namespace()).await;
                super::$module::$check(std::sync::Arc::new(log)).await;
            })+
        }
    };
}

contract! {
    checks::keeps_order,
    checks::counts_attempts,
    checks::pages_what_is_pending,
    checks::refuses_another_shape,
    checks::takes_any_bytes,
    checks::settles_once,
    checks::settles_the_other_half,
    checks::settles_all_streams_in_the_order_given,
    checks::tells_up_to_when_everything_was_read,
    checks::reads_producers_in_the_order_of_time,
    checks::a_long_stream_leaves_room_for_the_lanes_steps,
    checks::settles_large_batches_in_order,
    checks::trims_below_the_lowest_pending,
    checks::tells_its_state,
    owners::fences_the_superseded,
    owners::hands_on_what_was_pending,
    owners::claims_from_a_reader_asleep,
    owners::lets_an_owner_come_back,
    out::answers_where_asked,
    out::bounds_reply_streams,
    out::keeps_dead_letters,
    out::forgets_by_age,
    out::wakes_followers,
    out::resumes_from_a_cursor,
    out::follows_several_partitions,
}

fn command(n: usize) -> Arc<[u8]> {
    format!(r#"{{"id":"c-{n:09}"}}"#).into_bytes().into()
}

fn commands(range: std::ops::Range<usize>) -> Vec<Arc<[u8]>> {
    range.map(command).collect()
}

/// Answer `n` and its event, both naming the entry.
fn settled(entry: &LogEntry) -> Settled {
    let answer = OutAnswer { reply_to: None, json: format!(r#""a {}""#, entry.id) };
    let events = vec![format!(r#""e {}.1""#, entry.id), format!(r#""e {}.2""#, entry.id)];
    Settled { stream: entry.stream, id: entry.id, answer: Some(answer), events, dead: None }
}

fn all_settled(entries: &[LogEntry]) -> Vec<Settled> {
    entries.iter().map(settled).collect()
}

async fn lane(log: &Log, epoch: i64) -> (Box<dyn Reader>, Box<dyn Settler>) {
    let reader = log.reader(0, "lane", epoch).await.unwrap();
    (reader, log.settler(0, epoch, KEEP).await.unwrap())
}

/// Opens with two partitions, appends `n` commands to the first and reads them.
async fn with_read(log: &Log, n: usize) -> (Box<dyn Reader>, Box<dyn Settler>, Vec<LogEntry>) {
    log.open(2).await.unwrap();
    let ids = log.append(0, Inbound::Commands, &commands(0..n)).await.unwrap();
    assert_eq!(ids.len(), n);
    let (mut reader, settler) = lane(log, 1).await;
    let entries = read(&mut *reader, n).await;
    (reader, settler, entries)
}

/// Reads until there are `n` new entries; a fault that may pass is tried again.
async fn read(reader: &mut dyn Reader, n: usize) -> Vec<LogEntry> {
    let (begun, mut all) = (Instant::now(), Vec::new());
    while all.len() < n && begun.elapsed() < Duration::from_secs(20) {
        match reader.fresh(1_000, SOON).await {
            Ok(fresh) => all.extend(fresh.entries),
            Err(LogError::Unavailable(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(all.len(), n, "{:?}", all.iter().map(|e| e.id).collect::<Vec<_>>());
    all
}

/// All items of an outbound stream, in order.
async fn items(log: &Log, stream: &Outbound) -> Vec<String> {
    let (mut after, mut all) = (EntryId::ZERO, Vec::new());
    loop {
        let page = log.follow(0, stream, after, 100, Duration::ZERO).await.unwrap();
        let Some(last) = page.last() else { return all };
        after = last.id;
        for entry in &page {
            let array: Vec<String> = serde_json::from_str(&entry.json).unwrap();
            assert!(!array.is_empty());
            all.extend(array);
        }
    }
}

fn answers_of(entries: &[LogEntry]) -> Vec<String> {
    entries.iter().map(|e| format!("a {}", e.id)).collect()
}

fn events_of(entries: &[LogEntry]) -> Vec<String> {
    entries.iter().flat_map(|e| [format!("e {}.1", e.id), format!("e {}.2", e.id)]).collect()
}

fn is_fenced(error: &LogError, by: i64) -> bool {
    matches!(error, LogError::Fenced { partition: 0, epoch } if *epoch == by)
}
