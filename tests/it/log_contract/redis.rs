//! What the Redis log owes besides: its keys, and surviving what happens to a server and its connections.

use jumun::clock::Clock as _;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jumun::log::{
    CommandLog as _, EntryId, Follow, Inbound, LogError, Outbound, Retention, SettleReport, Settled, Settler,
};
use redis::Value;

use super::{
    KEEP, Log, SOON, all_settled, answers_of, command, commands, items, lane, namespace, read, redis_log, settled,
    with_read,
};
use crate::support::servers::{redis_url, start_redis};

/// Asks the server itself.
async fn ask(url: &str, line: &str) -> Value {
    let client = redis::Client::open(url).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut words = line.split(' ');
    let mut cmd = redis::cmd(words.next().unwrap());
    words.for_each(|word| {
        cmd.arg(word);
    });
    cmd.query_async(&mut connection).await.unwrap()
}

async fn ask_text(url: &str, line: &str) -> Vec<String> {
    redis::from_redis_value(ask(url, line).await).unwrap()
}

/// Settles, trying again what may pass.
async fn settle(settler: &mut dyn Settler, batch: &[Settled]) -> SettleReport {
    for _ in 0..20 {
        match settler.settle(batch).await {
            Ok(report) => return report,
            Err(LogError::Unavailable(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("it stays unavailable")
}

#[tokio::test]
async fn uses_the_keys_of_the_protocol() {
    let server = start_redis(&[]);
    let log: Log = Arc::new(redis_log(server.url(), "jumun").await);
    let (_reader, mut settler, entries) = with_read(&log, 3).await;
    log.append(0, Inbound::Internal, &commands(0..1)).await.unwrap();
    let mut batch = all_settled(&entries);
    batch[0].answer.as_mut().unwrap().reply_to = Some("shop".into());
    let dead =
        jumun::log::Dead { command: command(2), stream: Inbound::Commands, reason: "why".to_owned(), attempts: 2 };
    batch[2].dead = Some(dead);
    settler.settle(&batch).await.unwrap();

    let mut keys = ask_text(server.url(), "KEYS *").await;
    keys.sort();
    let expect = [
        "jumun:meta",
        "jumun:{0}:answers",
        "jumun:{0}:answers:shop",
        "jumun:{0}:checkout",
        "jumun:{0}:commands",
        "jumun:{0}:dead",
        "jumun:{0}:epoch",
        "jumun:{0}:events",
        "jumun:{0}:internal",
        "jumun:{0}:reply_to",
        "jumun:{1}:checkout",
        "jumun:{1}:commands",
        "jumun:{1}:internal",
    ];
    assert_eq!(keys, expect);
    let fields = |value: Value| -> Vec<(String, Vec<String>)> { redis::from_redis_value(value).unwrap() };
    let [(_, answers)] = &fields(ask(server.url(), "XRANGE jumun:{0}:answers:shop - +").await)[..] else { panic!() };
    assert_eq!(*answers, ["answers".to_owned(), format!("[\"a {}\"]", entries[0].id)]);
    let [(_, dead)] = &fields(ask(server.url(), "XRANGE jumun:{0}:dead - +").await)[..] else { panic!() };
    let id = entries[2].id.to_string();
    let json = String::from_utf8(command(2).to_vec()).unwrap();
    assert_eq!(*dead, ["command", &json, "stream", "commands", "reason", "why", "entry", &id, "attempts", "2"]);
    assert_eq!(fields(ask(server.url(), "XRANGE jumun:{0}:events - +").await)[0].1[0], "events");
    assert_eq!(ask_text(server.url(), "HMGET jumun:meta partitions protocol").await, ["2", "1"]);
    assert!(matches!(ask(server.url(), "PTTL jumun:{0}:answers:shop").await, Value::Int(1..=3_600_000)));
    let groups = format!("{:?}", ask(server.url(), "XINFO GROUPS jumun:{0}:commands").await);
    assert!(groups.contains("jumun"), "{groups}");
}

#[tokio::test]
async fn takes_an_entry_without_a_command() {
    let (url, namespace) = (redis_url(), namespace());
    let log: Log = Arc::new(redis_log(&url, &namespace).await);
    log.open(1).await.unwrap();
    ask(&url, &format!("XADD {namespace}:{{0}}:commands * comand x other y")).await;
    ask(&url, &format!("XADD {namespace}:{{0}}:commands * other y command z command late")).await;
    let (mut reader, _) = lane(&log, 1).await;
    let entries = read(&mut *reader, 2).await;
    assert_eq!(entries.iter().map(|e| e.command.to_vec()).collect::<Vec<_>>(), [b"".to_vec(), b"z".to_vec()]);
}

#[tokio::test]
async fn answers_wait_for_no_one_who_hears_events() {
    let log: Log = Arc::new(redis_log(&redis_url(), &namespace()).await);
    let (_reader, mut settler, entries) = with_read(&log, 2).await;
    let extent = log.extent(0, &Outbound::Events).await.unwrap();
    let listen = || {
        let log = Arc::clone(&log);
        tokio::spawn(async move { log.follow(1, &Outbound::Events, extent.last, 10, Duration::from_secs(8)).await })
    };
    let crowd: Vec<_> = (0..300).map(|_| listen()).collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let begun = Instant::now();
    settler.settle(&all_settled(&entries)).await.unwrap();
    assert_eq!(log.follow(0, &Outbound::Answers, EntryId::ZERO, 10, SOON).await.unwrap().len(), 1);
    assert!(begun.elapsed() < Duration::from_secs(3), "it waited behind the crowd: {:?}", begun.elapsed());
    crowd.into_iter().for_each(|listener| listener.abort());
}

#[tokio::test]
async fn several_partitions_are_followed_on_one_connection() {
    let server = start_redis(&[]);
    let log: Log = Arc::new(redis_log(server.url(), "jumun").await);
    log.open(8).await.unwrap();
    let follow = {
        let (log, after): (_, Vec<_>) = (Arc::clone(&log), (0..8).map(|p| (p, EntryId::ZERO)).collect());
        tokio::spawn(async move {
            let wait = Duration::from_secs(5);
            log.follow_each(Follow { stream: &Outbound::Events, after: &after, max: 10, wait }).await
        })
    };
    tokio::time::sleep(SOON).await;
    let clients: String = redis::from_redis_value(ask(server.url(), "INFO clients").await).unwrap();
    assert!(clients.contains("blocked_clients:1\r"), "{clients}");
    follow.abort();
}

#[tokio::test]
async fn acknowledges_what_was_trimmed_while_pending() {
    let (url, namespace) = (redis_url(), namespace());
    let log: Log = Arc::new(redis_log(&url, &namespace).await);
    let (mut reader, _, entries) = with_read(&log, 10).await;
    let key = format!("{namespace}:{{0}}:commands");
    ask(&url, &format!("XTRIM {key} MINID {}", entries[4].id)).await;
    ask(&url, &format!("XDEL {key} {}", entries[6].id)).await;
    let pending = reader.pending(Inbound::Commands, EntryId::ZERO, 3).await.unwrap();
    assert_eq!(pending.len(), 2, "a page of trimmed entries is passed over");
    assert_eq!((pending[0].id, pending[0].attempts), (entries[4].id, 2));
    assert_eq!(reader.pending(Inbound::Commands, pending[1].id, 10).await.unwrap().len(), 3);
    assert_eq!(log.stats(0).await.unwrap().pending, 5);
    // trimmed again, found by a successor
    ask(&url, &format!("XDEL {key} {}", entries[9].id)).await;
    let (mut reader, _) = lane(&log, 2).await;
    assert_eq!(reader.pending(Inbound::Commands, EntryId::ZERO, 10).await.unwrap().len(), 4);
    assert_eq!(log.stats(0).await.unwrap().pending, 4);
}

#[tokio::test]
async fn loads_scripts_that_the_server_forgot() {
    let server = start_redis(&[]);
    let log: Log = Arc::new(redis_log(server.url(), "jumun").await);
    let (_reader, mut settler, entries) = with_read(&log, 4).await;
    for (n, entry) in entries.iter().enumerate() {
        ask(server.url(), "SCRIPT FLUSH").await;
        assert_eq!(settler.settle(&[settled(entry)]).await.unwrap().acknowledged, 1);
        assert_eq!(log.stats(0).await.unwrap().pending, u64::try_from(3 - n).unwrap());
    }
    assert_eq!(items(&log, &Outbound::Answers).await, answers_of(&entries));
}

#[tokio::test]
async fn comes_back_after_its_connections_were_cut() {
    let server = start_redis(&[]);
    let log: Log = Arc::new(redis_log(server.url(), "jumun").await);
    let (mut reader, mut settler, entries) = with_read(&log, 10).await;
    for round in 0..3 {
        ask(server.url(), "CLIENT KILL TYPE normal SKIPME yes").await;
        let ids = log.append(0, Inbound::Commands, &[command(100 + round)]).await.unwrap();
        assert_eq!(read(&mut *reader, 1).await[0].id, ids[0], "no more than what is new");
    }
    assert_eq!(settle(&mut *settler, &all_settled(&entries)).await.acknowledged, 10);
    ask(server.url(), "CLIENT KILL TYPE normal SKIPME yes").await;
    assert_eq!(settle(&mut *settler, &all_settled(&entries)).await.already, 10);
    assert_eq!(items(&log, &Outbound::Answers).await, answers_of(&entries));
}

#[tokio::test]
async fn finds_what_a_cut_reader_was_handed() {
    let server = start_redis(&[]);
    let log: Log = Arc::new(redis_log(server.url(), "jumun").await);
    let (mut reader, _settler, _) = with_read(&log, 3).await;
    // a reply that never arrives: the server hands entry 3 out, the caller has gone
    let dropped = tokio::time::timeout(SOON, reader.fresh(10, Duration::from_secs(5))).await;
    assert!(dropped.is_err());
    let ids = log.append(0, Inbound::Commands, &[command(3)]).await.unwrap();
    tokio::time::sleep(SOON).await;
    assert_eq!(log.stats(0).await.unwrap().lag, 0, "it was handed to the caller that went");
    ask(server.url(), "CLIENT KILL TYPE normal SKIPME yes").await;
    assert_eq!(read(&mut *reader, 1).await[0].id, ids[0]);
}

#[tokio::test]
async fn says_unavailable_while_the_server_is_away_and_then_goes_on() {
    let mut server = start_redis(&["--appendonly", "yes", "--appendfsync", "always"]);
    let log: Log = Arc::new(redis_log(server.url(), "jumun").await);
    let (mut reader, mut settler, entries) = with_read(&log, 5).await;
    server.kill9();
    assert!(matches!(reader.fresh(10, SOON).await, Err(LogError::Unavailable(_))));
    assert!(matches!(settler.settle(&all_settled(&entries)).await, Err(LogError::Unavailable(_))));
    assert!(matches!(log.append(0, Inbound::Commands, &commands(0..1)).await, Err(LogError::Unavailable(_))));
    assert!(matches!(log.follow(0, &Outbound::Answers, EntryId::ZERO, 1, SOON).await, Err(LogError::Unavailable(_))));
    assert!(log.ping().await.is_err() && log.stats(0).await.is_err());
    server.restart();
    // another process of the server may have forgotten acknowledgements: all that is pending comes again
    let again = read(&mut *reader, 5).await;
    assert_eq!(
        again.iter().map(|e| (e.id, e.attempts)).collect::<Vec<_>>(),
        entries.iter().map(|e| (e.id, 2)).collect::<Vec<_>>()
    );
    assert_eq!(settle(&mut *settler, &all_settled(&entries)).await.acknowledged, 5);
    log.append(0, Inbound::Commands, &commands(5..6)).await.unwrap();
    assert_eq!(read(&mut *reader, 1).await[0].command, command(5));
}

#[tokio::test]
async fn starts_over_when_the_data_is_gone() {
    let server = start_redis(&[]);
    let log: Log = Arc::new(redis_log(server.url(), "jumun").await);
    let (mut reader, mut settler, entries) = with_read(&log, 5).await;
    ask(server.url(), "FLUSHALL").await;
    assert!(matches!(reader.fresh(10, SOON).await, Err(LogError::Unavailable(_))));
    log.append(0, Inbound::Commands, &commands(5..8)).await.unwrap();
    let new = read(&mut *reader, 3).await;
    assert_eq!(new[0].command, command(5));
    assert_eq!(settler.settle(&all_settled(&entries)).await.unwrap().already, 5);
    assert_eq!(settler.settle(&all_settled(&new)).await.unwrap().acknowledged, 3);
}

/// The lag that the server itself tells of a partition's commands: what an autoscaler goes by.
async fn told_lag(url: &str) -> Option<i64> {
    let Value::Array(groups) = ask(url, "XINFO GROUPS jumun:{0}:commands").await else { panic!("no groups") };
    let group: std::collections::HashMap<String, Value> = redis::from_redis_value(groups[0].clone()).unwrap();
    redis::from_redis_value(group["lag"].clone()).unwrap()
}

#[tokio::test]
async fn counts_what_is_unread_where_the_server_miscounts() {
    let server = start_redis(&[]);
    let log: Log = Arc::new(redis_log(server.url(), "jumun").await);
    let (_reader, mut settler, entries) = with_read(&log, 100).await;
    settler.settle(&all_settled(&entries)).await.unwrap();
    // as after its append-only file was rewritten and read again, now and then
    let last = entries[99].id;
    ask(server.url(), &format!("XGROUP SETID jumun:{{0}}:commands jumun {last} ENTRIESREAD 1")).await;
    assert_eq!(told_lag(server.url()).await, Some(99), "this server counts right: the test shows nothing");
    assert_eq!(log.stats(0).await.unwrap().lag, 0);
    log.trim(0, KEEP).await.unwrap();
    assert_eq!(told_lag(server.url()).await, Some(0));
    // somebody trims what nobody has read
    log.append(0, Inbound::Commands, &commands(0..30)).await.unwrap();
    assert_eq!((log.stats(0).await.unwrap().lag, told_lag(server.url()).await), (30, Some(30)));
    ask(server.url(), "XTRIM jumun:{0}:commands MAXLEN 0").await;
    assert_eq!(log.stats(0).await.unwrap().lag, 0);
    log.trim(0, KEEP).await.unwrap();
    log.append(0, Inbound::Commands, &commands(0..2)).await.unwrap();
    assert_eq!((log.stats(0).await.unwrap().lag, told_lag(server.url()).await), (2, Some(2)));
    let (mut reader, _settler) = lane(&log, 2).await;
    assert_eq!(read(&mut *reader, 2).await[1].command, command(1));
}

/// A busy lane is never at rest: what is wrong is set right all the same.
#[tokio::test]
async fn counts_what_is_unread_while_some_is_pending() {
    let server = start_redis(&[]);
    let log: Log = Arc::new(redis_log(server.url(), "jumun").await);
    let (_reader, _settler, entries) = with_read(&log, 5_000).await;
    log.append(0, Inbound::Commands, &commands(0..2)).await.unwrap();
    let last = entries[4_999].id;
    let wrong = format!("XGROUP SETID jumun:{{0}}:commands jumun {last} ENTRIESREAD");
    for (read, told) in [(1_002, 4_000), (5_002, 0)] {
        ask(server.url(), &format!("{wrong} {read}")).await;
        assert_eq!(told_lag(server.url()).await, Some(told), "the test shows nothing");
        let stats = log.stats(0).await.unwrap();
        assert_eq!((stats.lag, stats.pending), (2, 5_000));
        log.trim(0, KEEP).await.unwrap();
        assert_eq!((told_lag(server.url()).await, log.stats(0).await.unwrap().lag), (Some(2), 2));
    }
    // more than is counted: what the server says, and never fewer than were seen
    log.append(0, Inbound::Commands, &commands(0..1_500)).await.unwrap();
    assert_eq!(log.stats(0).await.unwrap().lag, 1_502);
    ask(server.url(), &format!("{wrong} 6502")).await;
    assert_eq!(told_lag(server.url()).await, Some(0), "the test shows nothing");
    assert_eq!(log.stats(0).await.unwrap().lag, 1_001);
    // an entry of the middle is gone: the server has no count
    let unread: Value = ask(server.url(), &format!("XRANGE jumun:{{0}}:commands ({last} + COUNT 9")).await;
    let unread: redis::streams::StreamRangeReply = redis::from_redis_value(unread).unwrap();
    ask(server.url(), &format!("XDEL jumun:{{0}}:commands {}", unread.ids[5].id)).await;
    assert_eq!((told_lag(server.url()).await, log.stats(0).await.unwrap().lag), (None, 1_501));
}

#[tokio::test]
async fn drains_at_maxmemory() {
    let server = start_redis(&[]);
    let log: Log = Arc::new(redis_log(server.url(), "jumun").await);
    let (_reader, mut settler, entries) = with_read(&log, 600).await;
    ask(server.url(), "CONFIG SET maxmemory-policy noeviction maxmemory 1mb").await;
    for n in [1, 5] {
        let refused = log.append(0, Inbound::Commands, &commands(0..n)).await;
        assert!(matches!(refused, Err(LogError::Full(_))), "{refused:?}");
    }
    assert_eq!(log.stats(0).await.unwrap().length, 600, "none of them");
    assert_eq!(settler.settle(&all_settled(&entries[..550])).await.unwrap().acknowledged, 550);
    assert_eq!(items(&log, &Outbound::Answers).await, answers_of(&entries[..550]));
    let (mut reader, mut settler) = lane(&log, 2).await;
    let pending = reader.pending(Inbound::Commands, EntryId::ZERO, 100).await.unwrap();
    assert_eq!(settler.settle(&all_settled(&pending)).await.unwrap().acknowledged, 50);
    assert!(reader.fresh(10, SOON).await.unwrap().entries.is_empty());
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert!(log.trim(0, Retention { commands: Duration::ZERO, ..KEEP }).await.unwrap() >= 599);
    log.open(2).await.unwrap();
    // a lane's step goes through: what waits for it could not be acknowledged otherwise
    let ids = log.append(1, Inbound::Internal, &commands(0..3)).await.unwrap();
    let mut other = log.reader(1, "a", 1).await.unwrap();
    assert_eq!(read(&mut *other, 3).await.iter().map(|e| e.id).collect::<Vec<_>>(), ids);
    ask(server.url(), "CONFIG SET maxmemory 0").await;
    log.append(0, Inbound::Commands, &commands(0..1)).await.unwrap();
}

#[tokio::test]
async fn names_of_abandoned_reply_streams_are_pruned() {
    let (url, namespace) = (redis_url(), namespace());
    let log: Log = Arc::new(redis_log(&url, &namespace).await);
    let (_reader, _, entries) = with_read(&log, 2).await;
    let short = Retention { answers: Duration::from_millis(100), ..KEEP };
    let mut settler = log.settler(0, 1, short).await.unwrap();
    let mut batch = all_settled(&entries);
    batch[0].answer.as_mut().unwrap().reply_to = Some("gone".into());
    settler.settle(&batch).await.unwrap();
    assert_eq!(log.reply_names(0).await.unwrap().len(), 1);
    tokio::time::sleep(Duration::from_millis(150)).await;
    log.trim(0, short).await.unwrap();
    assert!(log.reply_names(0).await.unwrap().is_empty());
}

#[tokio::test]
async fn says_clearly_what_is_wrong_with_a_url() {
    for (url, unavailable) in [("nonsense", false), ("redis://127.0.0.1:1/", true)] {
        let error = jumun::log::redis::RedisLog::connect(url, "jumun").await.unwrap_err();
        assert_eq!(matches!(error, LogError::Unavailable(_)), unavailable, "{error}");
    }
}

#[tokio::test]
async fn namespaces_and_partitions_are_apart() {
    let url = redis_url();
    let (a, b) = (redis_log(&url, &namespace()).await, redis_log(&url, &namespace()).await);
    a.open(1).await.unwrap();
    b.open(3).await.unwrap();
    a.append(0, Inbound::Commands, &commands(0..3)).await.unwrap();
    b.append(2, Inbound::Commands, &commands(0..1)).await.unwrap();
    assert_eq!(a.stats(0).await.unwrap().lag, 3);
    assert_eq!((b.stats(0).await.unwrap().lag, b.stats(2).await.unwrap().lag), (0, 1));
}

/// The kind: an entry from the future of the log's clock: whoever may write to a stream chooses ids. A minute, years, and the
/// greatest id that there is, after which the server takes none: then the log says what to do.
#[tokio::test]
async fn believes_no_entry_from_the_future() {
    let server = start_redis(&[]);
    let log: Log = Arc::new(redis_log(server.url(), "jumun").await);
    log.open(1).await.unwrap();
    let now = jumun::clock::RealClock.now().timestamp_millis();
    let ids = [
        format!("{}-7", now - 86_400_000),
        format!("{}-0", now + 60_000),
        format!("{}-0", now + 3_000_000_000_000),
        format!("{0}-{0}", u64::MAX),
    ];
    for id in &ids {
        ask(server.url(), &format!("XADD jumun:{{0}}:commands {id} command x")).await;
    }
    let (mut reader, mut settler) = lane(&log, 1).await;
    let fresh = read(&mut *reader, 4).await;
    let again = reader.pending(Inbound::Commands, EntryId::ZERO, 10).await.unwrap();
    assert_eq!(again.last().map(|e| e.id), Some(EntryId::LAST));
    assert!(reader.pending(Inbound::Commands, EntryId::LAST, 10).await.unwrap().is_empty());
    let until = jumun::clock::RealClock.now().timestamp_millis() + 1;
    for (entry, id) in fresh.iter().zip(&ids).chain(again.iter().zip(&ids)) {
        assert_eq!(entry.id.to_string(), *id);
        if entry.id.ms < now.unsigned_abs() {
            assert_eq!(entry.at, entry.id.time());
        } else {
            assert!((now..=until).contains(&entry.at.timestamp_millis()), "{entry:?}");
        }
    }
    let full = log.append(0, Inbound::Commands, &commands(0..1)).await;
    assert!(matches!(&full, Err(LogError::Full(why)) if why.contains("docs/operate/operations.md")), "{full:?}");
    // what was read of it is answered, and goes when it is done with
    settle(&mut *settler, &all_settled(&fresh)).await;
    log.trim(0, KEEP).await.unwrap();
    assert_eq!(log.stats(0).await.unwrap().length, 1);
    // the way out, as the page says
    let key = "jumun:{0}:commands";
    ask(server.url(), &format!("XTRIM {key} MAXLEN = 0")).await;
    ask(server.url(), &format!("XSETID {key} {now}-0")).await;
    ask(server.url(), &format!("XGROUP SETID {key} jumun {now}-0")).await;
    log.append(0, Inbound::Commands, &commands(0..1)).await.unwrap();
    let (mut reader, _settler) = lane(&log, 2).await;
    assert_eq!(read(&mut *reader, 1).await.len(), 1);
}
