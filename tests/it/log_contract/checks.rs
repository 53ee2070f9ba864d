//! Reading, acknowledging, trimming.

use std::time::Duration;

use jumun::log::{EntryId, Inbound, LogEntry, LogError, LogStats, Outbound, Retention, SettleReport};

use super::{
    KEEP, Log, SOON, all_settled, answers_of, command, commands, events_of, items, lane, read, settled, with_read,
};

pub async fn keeps_order(log: Log) {
    log.open(2).await.unwrap();
    assert!(log.append(0, Inbound::Commands, &[]).await.unwrap().is_empty());
    let mut ids = Vec::new();
    for page in commands(0..2_500).chunks(1_250) {
        ids.extend(log.append(0, Inbound::Commands, page).await.unwrap());
    }
    ids.extend(log.append(0, Inbound::Commands, &[command(2_500)]).await.unwrap());
    let own = log.append(0, Inbound::Internal, &commands(9_000..9_100)).await.unwrap();
    let bought = log.append(0, Inbound::Checkout, &commands(8_000..8_050)).await.unwrap();
    log.append(1, Inbound::Commands, &[command(7)]).await.unwrap();
    assert!(bought.is_sorted_by(|a, b| a < b));
    assert!(ids.is_sorted_by(|a, b| a < b) && own.is_sorted_by(|a, b| a < b));

    let (mut reader, _) = lane(&log, 1).await;
    let mut entries = Vec::new();
    while entries.len() < 2_651 {
        let page = reader.fresh(300, SOON).await.unwrap().entries;
        assert!(!page.is_empty() && page.len() <= 300);
        entries.extend(page);
    }
    assert!(reader.fresh(300, SOON).await.unwrap().entries.is_empty());
    assert!(entries.iter().all(|e| e.attempts == 1));
    let streams = [(Inbound::Commands, &ids, 0), (Inbound::Checkout, &bought, 8_000), (Inbound::Internal, &own, 9_000)];
    for (stream, ids, first) in streams {
        let of: Vec<_> = entries.iter().filter(|e| e.stream == stream).collect();
        assert_eq!(of.iter().map(|e| e.id).collect::<Vec<_>>(), *ids);
        assert!(of.iter().enumerate().all(|(n, e)| e.command == command(first + n)));
    }
    assert!(entries[0].id.time().timestamp_millis() > 1_700_000_000_000);
}

pub async fn counts_attempts(log: Log) {
    let (mut reader, mut settler, entries) = with_read(&log, 3).await;
    for attempts in 2..4 {
        let pending = reader.pending(Inbound::Commands, EntryId::ZERO, 10).await.unwrap();
        assert_eq!(pending.len(), 3);
        for (was, is) in entries.iter().zip(&pending) {
            assert_eq!((is.id, is.attempts, &is.command), (was.id, attempts, &was.command));
        }
    }
    assert!(reader.pending(Inbound::Internal, EntryId::ZERO, 10).await.unwrap().is_empty());
    settler.settle(&all_settled(&entries[1..2])).await.unwrap();
    let pending = reader.pending(Inbound::Commands, EntryId::ZERO, 10).await.unwrap();
    assert_eq!(pending.iter().map(|e| e.id).collect::<Vec<_>>(), [entries[0].id, entries[2].id]);
    assert!(reader.fresh(10, SOON).await.unwrap().entries.is_empty(), "what is pending is not new");
}

pub async fn pages_what_is_pending(log: Log) {
    let (mut reader, mut settler, entries) = with_read(&log, 1_000).await;
    settler.settle(&all_settled(&entries[100..200])).await.unwrap();
    let (mut after, mut ids) = (EntryId::ZERO, Vec::new());
    loop {
        let page = reader.pending(Inbound::Commands, after, 70).await.unwrap();
        assert!(page.len() <= 70);
        let Some(last) = page.last() else { break };
        after = last.id;
        ids.extend(page.iter().map(|e| e.id));
    }
    let expect: Vec<_> = entries[..100].iter().chain(&entries[200..]).map(|e| e.id).collect();
    assert_eq!(ids, expect);
}

pub async fn refuses_another_shape(log: Log) {
    assert_eq!(log.partitions().await.unwrap(), None);
    log.open(2).await.unwrap();
    log.open(2).await.unwrap();
    assert_eq!(log.partitions().await.unwrap(), Some(2));
    match log.open(3).await {
        Err(LogError::Broken(text)) => assert!(text.contains('2') && text.contains('3'), "{text}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(log.partitions().await.unwrap(), Some(2));
    log.ping().await.unwrap();
}

pub async fn takes_any_bytes(log: Log) {
    log.open(1).await.unwrap();
    let odd: Vec<std::sync::Arc<[u8]>> =
        vec![vec![0xff, 0x00, 0xfe].into(), vec![].into(), b"\r\n$3\r\n".to_vec().into(), vec![b'x'; 1 << 20].into()];
    log.append(0, Inbound::Commands, &odd).await.unwrap();
    let (mut reader, _) = lane(&log, 1).await;
    let got: Vec<_> = read(&mut *reader, 4).await.into_iter().map(|e| e.command).collect();
    assert_eq!(got, odd);
}

pub async fn settles_once(log: Log) {
    let (_reader, mut settler, entries) = with_read(&log, 10).await;
    let batch = all_settled(&entries);
    assert_eq!(settler.settle(&batch).await.unwrap(), SettleReport { acknowledged: 10, already: 0 });
    assert_eq!(settler.settle(&batch).await.unwrap(), SettleReport { acknowledged: 0, already: 10 });
    assert_eq!(settler.settle(&[]).await.unwrap(), SettleReport { acknowledged: 0, already: 0 });
    let mut never = settled(&entries[0]);
    never.id = EntryId { ms: 1, seq: 1 };
    assert_eq!(settler.settle(&[never]).await.unwrap(), SettleReport { acknowledged: 0, already: 1 });
    assert_eq!(items(&log, &Outbound::Answers).await, answers_of(&entries));
    assert_eq!(items(&log, &Outbound::Events).await, events_of(&entries));
}

pub async fn settles_the_other_half(log: Log) {
    let (_reader, mut settler, entries) = with_read(&log, 9).await;
    let half: Vec<_> = entries.iter().step_by(2).map(settled).collect();
    settler.settle(&half).await.unwrap();
    let report = settler.settle(&all_settled(&entries)).await.unwrap();
    assert_eq!(report, SettleReport { acknowledged: 4, already: 5 });
    let order: Vec<_> = entries.iter().step_by(2).chain(entries.iter().skip(1).step_by(2)).cloned().collect();
    assert_eq!(items(&log, &Outbound::Answers).await, answers_of(&order));
    assert_eq!(items(&log, &Outbound::Events).await, events_of(&order));
}

pub async fn settles_all_streams_in_the_order_given(log: Log) {
    let (mut reader, mut settler, mut entries) = with_read(&log, 4).await;
    log.append(0, Inbound::Internal, &commands(0..2)).await.unwrap();
    entries.extend(read(&mut *reader, 2).await);
    log.append(0, Inbound::Checkout, &commands(0..2)).await.unwrap();
    entries.extend(read(&mut *reader, 2).await);
    assert_eq!(entries.iter().map(|e| e.stream.index()).collect::<Vec<_>>(), [0, 0, 0, 0, 2, 2, 1, 1]);
    // the streams in turn; some of each were acknowledged before
    let order: Vec<_> = [4, 0, 5, 1, 6, 2, 7, 3].map(|n: usize| entries[n].clone()).into();
    settler.settle(&all_settled(&order[3..5])).await.unwrap();
    let mut batch = all_settled(&order);
    batch[1].answer.as_mut().unwrap().reply_to = Some("till".into());
    batch[4].answer.as_mut().unwrap().reply_to = Some("till".into());
    batch[5].events.clear();
    let report = settler.settle(&batch).await.unwrap();
    assert_eq!(report, SettleReport { acknowledged: 6, already: 2 });
    let pick = |picked: &[usize]| picked.iter().map(|&n| order[n].clone()).collect::<Vec<_>>();
    assert_eq!(items(&log, &Outbound::Answers).await, answers_of(&pick(&[3, 4, 0, 2, 5, 6, 7])));
    assert_eq!(items(&log, &Outbound::AnswersTo("till".into())).await, answers_of(&pick(&[1])));
    assert_eq!(items(&log, &Outbound::Events).await, events_of(&pick(&[3, 4, 0, 1, 2, 6, 7])));
    assert_eq!(log.stats(0).await.unwrap().pending, 0);
}

pub async fn settles_large_batches_in_order(log: Log) {
    let (_reader, mut settler, entries) = with_read(&log, 5_000).await;
    let mut batch = all_settled(&entries);
    let giant = format!("\"{}\"", "g".repeat(200_000));
    batch[77].events = vec![giant.clone()];
    batch[78].answer = None;
    let report = settler.settle(&batch).await.unwrap();
    assert_eq!(report, SettleReport { acknowledged: 5_000, already: 0 });
    let mut expect = events_of(&entries);
    expect.splice(154..156, [giant.trim_matches('"').to_owned()]);
    assert!(items(&log, &Outbound::Events).await == expect, "events in order, none lost");
    let mut expect = answers_of(&entries);
    expect.remove(78);
    assert_eq!(items(&log, &Outbound::Answers).await, expect);
    for (stream, most) in [(Outbound::Answers, 128), (Outbound::Events, 256)] {
        for entry in log.follow(0, &stream, EntryId::ZERO, 1_000, Duration::ZERO).await.unwrap() {
            let array: Vec<String> = serde_json::from_str(&entry.json).unwrap();
            assert!(array.len() <= most && (entry.json.len() <= 66_000 || array.len() == 1));
        }
    }
    assert_eq!(log.stats(0).await.unwrap().pending, 0);
}

pub async fn trims_below_the_lowest_pending(log: Log) {
    let (mut reader, mut settler, entries) = with_read(&log, 4_000).await;
    let rest: Vec<_> = entries.iter().enumerate().filter(|(n, _)| *n != 2_500).map(|(_, e)| settled(e)).collect();
    settler.settle(&rest).await.unwrap();
    log.append(0, Inbound::Commands, &commands(4_000..4_010)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(log.trim(0, KEEP).await.unwrap(), 0, "young entries stay");

    let none = Retention { commands: Duration::ZERO, ..KEEP };
    assert_eq!(log.trim(0, none).await.unwrap(), 2_500);
    assert_eq!(
        log.stats(0).await.unwrap(),
        LogStats { lag: 10, steps: 0, pending: 1, settled: 3_999, length: 1_510, dead: 0 }
    );
    let pending = reader.pending(Inbound::Commands, EntryId::ZERO, 10).await.unwrap();
    assert_eq!(pending.iter().map(|e| (e.id, &e.command)).collect::<Vec<_>>(), [(entries[2_500].id, &command(2_500))]);

    settler.settle(&all_settled(&pending)).await.unwrap();
    log.trim(0, none).await.unwrap();
    let stats = log.stats(0).await.unwrap();
    assert!((stats.lag, stats.pending) == (10, 0) && stats.length <= 11, "{stats:?}");
    let unread = read(&mut *reader, 10).await;
    assert_eq!(unread[0].command, command(4_000));
    assert_eq!(items(&log, &Outbound::Answers).await.len(), 4_000, "answers have a retention of their own");
}

pub async fn tells_its_state(log: Log) {
    log.open(1).await.unwrap();
    assert_eq!(log.stats(0).await.unwrap(), LogStats::default());
    log.append(0, Inbound::Commands, &commands(0..20)).await.unwrap();
    log.append(0, Inbound::Internal, &commands(0..3)).await.unwrap();
    assert_eq!(
        log.stats(0).await.unwrap(),
        LogStats { lag: 20, steps: 3, pending: 0, settled: 0, length: 20, dead: 0 }
    );
    let (mut reader, mut settler) = lane(&log, 1).await;
    let mut entries = Vec::new();
    let produced = |entries: &[LogEntry]| entries.iter().filter(|e| e.stream.produced()).count();
    while produced(&entries) < 15 {
        entries.extend(reader.fresh(15 - produced(&entries), SOON).await.unwrap().entries);
    }
    settler.settle(&all_settled(&entries[..5])).await.unwrap();
    let stats = log.stats(0).await.unwrap();
    assert_eq!((stats.lag, stats.length, stats.dead), (5, 20, 0));
    assert!((10..=13).contains(&stats.pending), "{stats:?}");
    assert_eq!((stats.settled, stats.pending + stats.settled + stats.steps), (5, 18));
}

/// Of what waits in both streams of producers, what came first is read first.
pub async fn reads_producers_in_the_order_of_time(log: Log) {
    log.open(1).await.unwrap();
    let mut written = Vec::new();
    for n in 0..30 {
        let stream = [Inbound::Checkout, Inbound::Commands][n % 2];
        written.extend(log.append(0, stream, &commands(n..n + 1)).await.unwrap().into_iter().map(|id| (stream, id)));
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let (mut reader, _) = lane(&log, 1).await;
    let read = read(&mut *reader, 30).await;
    assert_eq!(read.iter().map(|e| (e.stream, e.id)).collect::<Vec<_>>(), written);
}

/// What was not handed out yet came no earlier than what the reader says: deadlines fire on its word.
pub async fn tells_up_to_when_everything_was_read(log: Log) {
    log.open(1).await.unwrap();
    let mut written = Vec::new();
    for n in 0..40 {
        // now one stream has more than a read takes, now the other, now both
        let many = if n % 3 == 0 { 4 } else { 1 };
        for stream in [Inbound::Commands, Inbound::Checkout].into_iter().skip(n / 10 % 2).take(1 + n % 2) {
            let ids = log.append(0, stream, &commands(0..many)).await.unwrap();
            written.extend(ids.into_iter().map(|id| (stream, id)));
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let (mut reader, _) = lane(&log, 1).await;
    let (mut told, mut reads) = (None, 0);
    while !written.is_empty() {
        let fresh = reader.fresh(7, SOON).await.unwrap();
        assert!(!fresh.entries.is_empty() && fresh.entries.len() <= 7);
        written.retain(|(stream, id)| !fresh.entries.iter().any(|e| e.stream == *stream && e.id == *id));
        let left = written.iter().map(|(_, id)| id.time()).min();
        if let (Some(reached), Some(left)) = (fresh.reached, left) {
            assert!(reached <= left, "it says {reached}, and has not handed out what came at {left}");
        }
        told = told.max(fresh.reached);
        reads += 1;
        assert!(reads < 4 || told.is_some(), "it never tells");
    }
    for stream in [Inbound::Checkout, Inbound::Commands] {
        log.append(0, stream, &commands(0..1)).await.unwrap();
        let fresh = reader.fresh(7, SOON).await.unwrap();
        assert_eq!(fresh.reached, fresh.entries.first().map(|e| e.at), "all was read");
    }
    // a lane's steps tell nothing of producers
    log.append(0, Inbound::Internal, &commands(0..1)).await.unwrap();
    assert_eq!(reader.fresh(7, SOON).await.unwrap().reached, None);
}

pub async fn a_long_stream_leaves_room_for_the_lanes_steps(log: Log) {
    log.open(1).await.unwrap();
    let short = Inbound::Internal;
    for long in [Inbound::Commands, Inbound::Checkout] {
        log.append(0, long, &commands(0..2_000)).await.unwrap();
        log.append(0, short, &commands(0..1)).await.unwrap();
        let (mut reader, mut settler) = lane(&log, 1).await;
        let mut first = reader.fresh(100, SOON).await.unwrap().entries;
        first.extend(reader.fresh(100, SOON).await.unwrap().entries);
        assert!(first.iter().any(|e| e.stream == short), "{short:?} waits behind {long:?}");
        first.extend(read(&mut *reader, 2_001 - first.len()).await);
        settler.settle(&all_settled(&first)).await.unwrap();
    }
}
