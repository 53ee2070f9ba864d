//! Owners come and go: the fence, and what is left behind.

use std::time::Duration;

use jumun::log::{EntryId, Inbound, LogStats, Outbound};

use super::{Log, SOON, all_settled, answers_of, command, commands, is_fenced, items, lane, read, with_read};

pub async fn fences_the_superseded(log: Log) {
    let (mut old, mut old_settler, entries) = with_read(&log, 5).await;
    log.append(0, Inbound::Commands, &[command(5)]).await.unwrap();
    let _new = log.reader(0, "lane", 2).await.unwrap();

    assert!(is_fenced(&old_settler.settle(&all_settled(&entries)).await.unwrap_err(), 2));
    assert!(is_fenced(&old.fresh(10, SOON).await.unwrap_err(), 2));
    assert!(is_fenced(&old.pending(Inbound::Commands, EntryId::ZERO, 10).await.unwrap_err(), 2));
    let back = log.reader(0, "lane", 1).await;
    assert!(back.is_err_and(|e| is_fenced(&e, 2)), "an old epoch can't come back");
    assert!(items(&log, &Outbound::Answers).await.is_empty() && items(&log, &Outbound::Events).await.is_empty());
    let stats = log.stats(0).await.unwrap();
    assert_eq!(stats.lag + stats.pending, 6, "nothing is lost: {stats:?}");
}

pub async fn hands_on_what_was_pending(log: Log) {
    let (mut old, mut old_settler, entries) = with_read(&log, 2_300).await;
    for stream in [Inbound::Checkout, Inbound::Internal] {
        log.append(0, stream, &commands(0..2)).await.unwrap();
        assert_eq!(read(&mut *old, 2).await[1].stream, stream);
    }
    old_settler.settle(&all_settled(&entries[..100])).await.unwrap();

    let (mut new, mut settler) = lane(&log, 7).await;
    let mut pending = new.pending(Inbound::Commands, EntryId::ZERO, 5_000).await.unwrap();
    assert_eq!(
        pending.iter().map(|e| e.id).collect::<Vec<_>>(),
        entries[100..].iter().map(|e| e.id).collect::<Vec<_>>()
    );
    for stream in [Inbound::Checkout, Inbound::Internal] {
        pending.extend(new.pending(stream, EntryId::ZERO, 5_000).await.unwrap());
    }
    assert_eq!(pending.len(), 2_204);
    assert!(pending.iter().all(|e| e.attempts == 2));
    assert!(new.fresh(10, SOON).await.unwrap().entries.is_empty());
    settler.settle(&all_settled(&pending)).await.unwrap();
    assert_eq!(items(&log, &Outbound::Answers).await.len(), 2_304);
    assert_eq!(
        log.stats(0).await.unwrap(),
        LogStats { lag: 0, steps: 0, pending: 0, settled: 2_304, length: 2_302, dead: 0 }
    );
}

pub async fn claims_from_a_reader_asleep(log: Log) {
    log.open(1).await.unwrap();
    for (epoch, stream) in [(1, Inbound::Commands), (3, Inbound::Checkout), (5, Inbound::Internal)] {
        asleep(&log, epoch, stream).await;
    }
}

async fn asleep(log: &Log, epoch: i64, stream: Inbound) {
    let before = items(log, &Outbound::Answers).await.len();
    let mut old = log.reader(0, "lane", epoch).await.unwrap();
    let asleep = tokio::spawn(async move { old.fresh(10, Duration::from_secs(10)).await });
    tokio::time::sleep(SOON).await;
    // the same name, as when two instances are started alike
    let (mut new, mut settler) = lane(log, epoch + 1).await;
    let ids = log.append(0, stream, &commands(0..1)).await.unwrap();
    let entries = read(&mut *new, 1).await;
    assert_eq!((entries[0].stream, entries[0].id), (stream, ids[0]));
    assert!(is_fenced(&asleep.await.unwrap().unwrap_err(), epoch + 1));
    settler.settle(&all_settled(&entries)).await.unwrap();
    assert_eq!(items(log, &Outbound::Answers).await[before..], answers_of(&entries));
    assert_eq!(log.stats(0).await.unwrap().pending, 0);
}

pub async fn lets_an_owner_come_back(log: Log) {
    let (reader, mut settler, entries) = with_read(&log, 4).await;
    drop(reader);
    let mut again = log.reader(0, "lane", 1).await.unwrap();
    let pending = again.pending(Inbound::Commands, EntryId::ZERO, 10).await.unwrap();
    assert_eq!(pending.len(), 4);
    assert_eq!(settler.settle(&all_settled(&entries)).await.unwrap().acknowledged, 4, "the same epoch is no fence");
}
