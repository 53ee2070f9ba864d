//! What the in-process log owes besides: bounds, and pace.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use jumun::log::{
    EntryId, Inbound, LogError, Outbound,
    memory::{MemoryBounds, MemoryLog},
};

use super::{Log, all_settled, commands, items, lane, memory_log, read};

#[tokio::test]
async fn is_full_at_its_bound() {
    let log = memory_log(MemoryBounds { waiting_max: 100, kept_max: 10, out_bytes_max: 2_000 });
    log.open(1).await.unwrap();
    log.append(0, Inbound::Commands, &commands(0..99)).await.unwrap();
    assert!(matches!(log.append(0, Inbound::Commands, &commands(0..2)).await, Err(LogError::Full(_))));
    assert_eq!(log.stats(0).await.unwrap().lag, 99, "all or none");
    let (mut reader, mut settler) = lane(&log, 1).await;
    let entries = read(&mut *reader, 99).await;
    assert!(matches!(log.append(0, Inbound::Commands, &commands(0..2)).await, Err(LogError::Full(_))));

    // acknowledged, but kept behind the first, which is not
    settler.settle(&all_settled(&entries[1..])).await.unwrap();
    assert!(matches!(log.append(0, Inbound::Commands, &commands(0..12)).await, Err(LogError::Full(_))));
    settler.settle(&all_settled(&entries[..1])).await.unwrap();
    assert_eq!(log.stats(0).await.unwrap().length, 10);
    log.append(0, Inbound::Commands, &commands(0..100)).await.unwrap();
    for entries in read(&mut *reader, 100).await.chunks(10) {
        settler.settle(&all_settled(entries)).await.unwrap();
    }
    let bytes: usize = items(&log, &Outbound::Events).await.iter().map(|e| e.len() + 3).sum();
    assert!((500..2_100).contains(&bytes), "{bytes}");
}

#[tokio::test]
async fn refuses_a_partition_that_it_has_not() {
    let log = memory_log(MemoryBounds::default());
    assert!(matches!(log.append(0, Inbound::Commands, &commands(0..1)).await, Err(LogError::Broken(_))));
    log.open(2).await.unwrap();
    assert!(matches!(log.stats(2).await, Err(LogError::Broken(_))));
}

#[tokio::test]
async fn carries_a_hundred_thousand_commands() {
    let log = memory_log(MemoryBounds::default());
    log.open(1).await.unwrap();
    let begun = Instant::now();
    log.append(0, Inbound::Commands, &commands(0..100_000)).await.unwrap();
    let (mut reader, mut settler) = lane(&log, 1).await;
    let mut done = 0;
    while done < 100_000 {
        let entries = reader.fresh(1_000, Duration::ZERO).await.unwrap().entries;
        done += settler.settle(&all_settled(&entries)).await.unwrap().acknowledged;
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert_eq!(items(&log, &Outbound::Answers).await.len(), 100_000);
}

/// The kind: an entry from the future of the log's clock. Here it comes of a clock that was set back.
#[tokio::test]
async fn believes_no_entry_from_the_future() {
    let now = Arc::new(AtomicU64::new(2_000_000_000_000));
    let clock = Arc::clone(&now);
    let log: Log = Arc::new(MemoryLog::new(Arc::new(move || clock.load(Ordering::SeqCst)), MemoryBounds::default()));
    log.open(1).await.unwrap();
    log.append(0, Inbound::Commands, &commands(0..2)).await.unwrap();
    now.store(1_900_000_000_000, Ordering::SeqCst);
    log.append(0, Inbound::Internal, &commands(2..3)).await.unwrap();
    let (mut reader, _settler) = lane(&log, 1).await;
    let fresh = read(&mut *reader, 3).await;
    let pending = reader.pending(Inbound::Commands, EntryId::ZERO, 10).await.unwrap();
    for entry in fresh.iter().chain(&pending) {
        assert_eq!(entry.at.timestamp_millis(), 1_900_000_000_000, "{entry:?}");
    }
    // how far back an entry lies is nobody's business
    now.store(2_100_000_000_000, Ordering::SeqCst);
    let pending = reader.pending(Inbound::Commands, EntryId::ZERO, 10).await.unwrap();
    assert!(pending.iter().all(|e| e.at == e.id.time()), "{pending:?}");
}
