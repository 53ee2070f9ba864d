//! What goes out: answers, events, dead letters, and following them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jumun::log::{
    DEAD_COMMAND_BYTES_MAX, Dead, EntryId, Follow, Inbound, LogEntry, OutEntry, Outbound, REPLY_STREAMS_MAX, Retention,
    Settled, Settler,
};

use super::{KEEP, Log, SOON, all_settled, answers_of, command, items, read, settled, with_read};

fn replied(entry: &LogEntry, to: &str) -> Settled {
    let mut settled = settled(entry);
    if let Some(answer) = &mut settled.answer {
        answer.reply_to = Some(to.into());
    }
    settled
}

fn to(name: &str) -> Outbound {
    Outbound::AnswersTo(name.into())
}

pub async fn answers_where_asked(log: Log) {
    let (_reader, mut settler, entries) = with_read(&log, 6).await;
    let batch = [
        replied(&entries[0], "checkout-1"),
        settled(&entries[1]),
        replied(&entries[2], "checkout-2"),
        replied(&entries[3], "checkout-1"),
    ];
    settler.settle(&batch).await.unwrap();
    settler.settle(&[replied(&entries[4], "checkout-2"), replied(&entries[5], "결제")]).await.unwrap();
    let pick = |picked: &[usize]| answers_of(&picked.iter().map(|&n| entries[n].clone()).collect::<Vec<_>>());
    assert_eq!(items(&log, &to("checkout-1")).await, pick(&[0, 3]));
    assert_eq!(items(&log, &to("checkout-2")).await, pick(&[2, 4]));
    assert_eq!(items(&log, &to("결제")).await, pick(&[5]));
    assert_eq!(items(&log, &to("nobody")).await, Vec::<String>::new());
    assert_eq!(items(&log, &Outbound::Answers).await, pick(&[1]));
    assert_eq!(items(&log, &Outbound::Events).await.len(), 12);
    let mut names = log.reply_names(0).await.unwrap();
    names.sort();
    assert_eq!(names.iter().map(|n| &**n).collect::<Vec<_>>(), ["checkout-1", "checkout-2", "결제"]);
    assert!(log.reply_names(1).await.unwrap().is_empty());
}

pub async fn bounds_reply_streams(log: Log) {
    let more = REPLY_STREAMS_MAX + 10;
    let (_reader, mut settler, entries) = with_read(&log, more + 1).await;
    let batch: Vec<_> = entries.iter().take(more).enumerate().map(|(n, e)| replied(e, &format!("r{n}"))).collect();
    settler.settle(&batch).await.unwrap();
    settler.settle(&[replied(&entries[more], "r7")]).await.unwrap();
    assert_eq!(log.reply_names(0).await.unwrap().len(), REPLY_STREAMS_MAX);
    assert_eq!(items(&log, &Outbound::Answers).await, answers_of(&entries[REPLY_STREAMS_MAX..more]));
    assert_eq!(items(&log, &to("r7")).await, answers_of(&[entries[7].clone(), entries[more].clone()]));
}

fn dead(entry: &LogEntry, command: &[u8], reason: &str) -> Settled {
    let dead = Dead { command: command.into(), stream: entry.stream, reason: reason.to_owned(), attempts: 3 };
    Settled { answer: None, events: Vec::new(), dead: Some(dead), ..settled(entry) }
}

pub async fn keeps_dead_letters(log: Log) {
    let (_reader, _, entries) = with_read(&log, 400).await;
    let retention = Retention { dead_max: 50, ..KEEP };
    let mut settler: Box<dyn Settler> = log.settler(0, 1, retention).await.unwrap();
    let long = vec![b'x'; DEAD_COMMAND_BYTES_MAX * 2];
    let first = [settled(&entries[0]), dead(&entries[1], b"{\"a\":\"\xff\"}", "unreadable \"x\"")];
    settler.settle(&first).await.unwrap();
    settler.settle(&first).await.unwrap();
    settler.settle(&[dead(&entries[2], &long, "too long")]).await.unwrap();
    let mut ours = dead(&entries[3], &long, "ours");
    ours.dead.as_mut().unwrap().stream = Inbound::Internal; // as of a step that came by that stream
    settler.settle(&[ours]).await.unwrap();

    let letters = log.follow(0, &Outbound::Dead, EntryId::ZERO, 10, Duration::ZERO).await.unwrap();
    assert_eq!(letters.len(), 3, "one each, though it was settled twice");
    let json = |n: usize| serde_json::from_str::<serde_json::Value>(&letters[n].json).unwrap();
    let expect = serde_json::json!({
        "command": "{\"a\":\"\u{fffd}\"}", "stream": "commands", "reason": "unreadable \"x\"", "entry": entries[1].id.to_string(), "attempts": 3
    });
    assert_eq!(json(0), expect);
    assert_eq!(json(1)["command"].as_str().unwrap().len(), DEAD_COMMAND_BYTES_MAX);
    assert_eq!(
        (json(2)["stream"].as_str(), json(2)["command"].as_str().unwrap().len()),
        (Some("internal"), long.len())
    );

    let many: Vec<_> = entries[4..].iter().map(|e| dead(e, b"{}", "many")).collect();
    settler.settle(&many).await.unwrap();
    assert!(log.stats(0).await.unwrap().dead < 160, "bounded as they come");
    log.trim(0, retention).await.unwrap();
    assert_eq!(log.stats(0).await.unwrap().dead, 50);
    let letters = log.follow(0, &Outbound::Dead, EntryId::ZERO, 100, Duration::ZERO).await.unwrap();
    assert!(letters[49].json.contains(&format!("\"{}\"", entries[399].id)), "the newest stay");
    assert_eq!(log.extent(0, &Outbound::Dead).await.unwrap().last, letters[49].id);

    log.trim(0, Retention { dead_age: Some(Duration::from_secs(3_600)), ..retention }).await.unwrap();
    assert_eq!(log.stats(0).await.unwrap().dead, 50, "young enough");
    tokio::time::sleep(Duration::from_millis(50)).await;
    log.trim(0, Retention { dead_age: Some(Duration::from_millis(20)), ..retention }).await.unwrap();
    assert_eq!(log.stats(0).await.unwrap().dead, 0);
}

pub async fn forgets_by_age(log: Log) {
    let (_reader, mut settler, entries) = with_read(&log, 3).await;
    let before = log.extent(0, &Outbound::Events).await.unwrap();
    settler.settle(&[settled(&entries[0]), replied(&entries[1], "gone")]).await.unwrap();
    let short = Retention { answers: Duration::from_millis(150), events: Duration::from_millis(150), ..KEEP };
    log.trim(0, short).await.unwrap();
    assert_eq!(items(&log, &Outbound::Answers).await.len(), 1, "young enough");
    assert!(!log.extent(0, &Outbound::Events).await.unwrap().lost(before.last), "nothing is gone");
    tokio::time::sleep(Duration::from_millis(200)).await;
    settler.settle(&[settled(&entries[2])]).await.unwrap();
    log.trim(0, short).await.unwrap();
    assert_eq!(items(&log, &Outbound::Answers).await, answers_of(&entries[2..]));
    assert_eq!(items(&log, &Outbound::Events).await.len(), 2);
    assert!(items(&log, &to("gone")).await.is_empty());
    assert!(log.extent(0, &Outbound::Events).await.unwrap().lost(before.last), "the first is gone");
    let events_only = Retention { events: Duration::ZERO, ..KEEP };
    tokio::time::sleep(Duration::from_millis(5)).await;
    log.trim(0, events_only).await.unwrap();
    assert!(items(&log, &Outbound::Events).await.is_empty());
    let extent = log.extent(0, &Outbound::Events).await.unwrap();
    assert!(extent.lost(before.last) && !extent.lost(extent.last), "{before:?} {extent:?}");
    assert!(extent.lost(EntryId { ms: extent.last.ms + 1, seq: 0 }), "a stream that went back");
    assert_eq!(items(&log, &Outbound::Answers).await.len(), 1);
}

pub async fn wakes_followers(log: Log) {
    let (_reader, mut settler, entries) = with_read(&log, 2).await;
    let begun = Instant::now();
    assert!(log.follow(0, &Outbound::Answers, EntryId::ZERO, 10, SOON).await.unwrap().is_empty());
    assert!(begun.elapsed() >= SOON);

    let follow = |stream: Outbound| {
        let log = Arc::clone(&log);
        tokio::spawn(async move { log.follow(0, &stream, EntryId::ZERO, 10, Duration::from_secs(10)).await })
    };
    let waiting: Vec<_> = (0..40).map(|_| follow(Outbound::Answers)).collect();
    let own = follow(to("later"));
    tokio::time::sleep(SOON).await;
    let begun = Instant::now();
    log.ping().await.unwrap();
    settler.settle(&[settled(&entries[0]), replied(&entries[1], "later")]).await.unwrap();
    for follower in waiting {
        assert_eq!(follower.await.unwrap().unwrap().len(), 1);
    }
    assert_eq!(own.await.unwrap().unwrap().len(), 1, "a reply stream may be waited for before it is there");
    assert!(begun.elapsed() < Duration::from_secs(5), "woken, not timed out");
}

pub async fn resumes_from_a_cursor(log: Log) {
    let (_reader, mut settler, entries) = with_read(&log, 30).await;
    let empty = log.extent(0, &Outbound::Answers).await.unwrap();
    assert!(!empty.lost(empty.last));
    for entry in &entries[..20] {
        settler.settle(&all_settled(std::slice::from_ref(entry))).await.unwrap();
    }
    let first = log.follow(0, &Outbound::Answers, EntryId::ZERO, 5, SOON).await.unwrap();
    let next = log.follow(0, &Outbound::Answers, first[4].id, 100, SOON).await.unwrap();
    assert_eq!((first.len(), next.len()), (5, 15));
    assert!(first.iter().chain(&next).map(|e| e.id).is_sorted_by(|a, b| a < b));
    let last = log.extent(0, &Outbound::Answers).await.unwrap().last;
    assert_eq!(last, next[14].id);
    // and back
    let ids = |page: &[OutEntry]| page.iter().map(|e| e.id).collect::<Vec<_>>();
    let newest = log.recent(0, &Outbound::Answers, 15).await.unwrap();
    let earlier = log.earlier(0, &Outbound::Answers, newest[0].id, 100).await.unwrap();
    assert_eq!((ids(&newest), ids(&earlier)), (ids(&next), ids(&first)));
    assert_eq!(ids(&log.earlier(0, &Outbound::Answers, newest[0].id, 2).await.unwrap()), ids(&first[3..]));
    assert!(log.earlier(0, &Outbound::Answers, first[0].id, 2).await.unwrap().is_empty());
    assert!(log.earlier(0, &to("nobody"), EntryId::LAST, 2).await.unwrap().is_empty());
    settler.settle(&all_settled(&entries[20..])).await.unwrap();
    let later = log.follow(0, &Outbound::Answers, last, 100, SOON).await.unwrap();
    let expect = serde_json::to_string(&answers_of(&entries[20..])).unwrap();
    assert_eq!(later.iter().map(|e| &*e.json).collect::<Vec<_>>(), [expect]);
}

fn answers(after: &[(u32, EntryId)], max: usize, wait: Duration) -> Follow<'_> {
    Follow { stream: &Outbound::Answers, after, max, wait }
}

pub async fn follows_several_partitions(log: Log) {
    let (_reader, mut settler, entries) = with_read(&log, 40).await;
    let start = [(0, EntryId::ZERO), (1, EntryId::ZERO)];
    assert!(log.follow_each(answers(&start, 10, SOON)).await.unwrap().is_empty());
    let follow = {
        let log = Arc::clone(&log);
        tokio::spawn(async move { log.follow_each(answers(&start, 10, Duration::from_secs(10))).await })
    };
    tokio::time::sleep(SOON).await;
    let begun = Instant::now();
    for entry in &entries {
        settler.settle(&all_settled(std::slice::from_ref(entry))).await.unwrap();
    }
    let first = follow.await.unwrap().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5), "woken, not timed out");
    assert_eq!(first.iter().map(|(partition, _)| *partition).collect::<Vec<_>>(), [0]);
    // the other partition's, behind them: each from its own place on, and so many in all
    log.append(1, Inbound::Commands, &[command(1), command(2)]).await.unwrap();
    let mut reader = log.reader(1, "lane", 1).await.unwrap();
    let others = read(&mut *reader, 2).await;
    log.settler(1, 1, KEEP).await.unwrap().settle(&all_settled(&others)).await.unwrap();
    let from = log.follow(0, &Outbound::Answers, EntryId::ZERO, 1, SOON).await.unwrap()[0].id;
    let both = log.follow_each(answers(&[(1, EntryId::ZERO), (0, from)], 10, SOON)).await.unwrap();
    let told: Vec<_> = both.iter().map(|(partition, entries)| (*partition, entries.len())).collect();
    assert_eq!(told, [(1, 1), (0, 5)]);
    let texts = |n: usize| both[n].1.iter().map(|e| e.json.clone()).collect::<Vec<_>>();
    let expect = |some: &[LogEntry]| serde_json::to_string(&answers_of(some)).unwrap();
    assert_eq!(texts(0), [expect(&others)]);
    assert_eq!(texts(1), entries[1..6].iter().map(|e| expect(std::slice::from_ref(e))).collect::<Vec<_>>());
    // no more than one of each is still progress
    assert_eq!(log.follow_each(answers(&start, 1, SOON)).await.unwrap().len(), 2);
    assert!(log.follow_each(answers(&[], 1, SOON)).await.is_err());
}
