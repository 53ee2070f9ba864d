//! What the in-process log owes besides: bounds, and pace.

use std::time::{Duration, Instant};

use jumun::log::{Inbound, LogError, Outbound, memory::MemoryBounds};

use super::{all_settled, commands, items, lane, memory_log, read};

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
        let entries = reader.fresh(1_000, Duration::ZERO).await.unwrap();
        done += settler.settle(&all_settled(&entries)).await.unwrap().acknowledged;
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert_eq!(items(&log, &Outbound::Answers).await.len(), 100_000);
}
