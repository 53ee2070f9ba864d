//! Redis that has forgotten: restored to an older state, or failed over to a replica that was behind. What it took and lost is
//! healed by sending it again.

use std::time::Duration;

use jumun::{log::redis::RedisLog, protocol::OutcomeKind};
use redis::Value;

use super::{
    Scene, checks,
    commit::COMMITTER,
    memory::{on, only_answers_are_missing, published, saved, sku_of},
    place,
    standing::ask,
};
use crate::support::{
    client::Sent,
    process::{Served, verify},
    proxy::Proxy,
    servers,
};

/// Orders of two lanes, at their lane, at the wrong one, over both; and more than there is.
fn orders(tag: &str, n: usize) -> Vec<Sent> {
    let (near, far) = (sku_of(0), sku_of(1));
    let one = |i: usize| {
        let id = format!("{tag}-{i:05}");
        let lines: &[(&str, u32)] = match i % 4 {
            0 => &[(&near, 1), (&far, 1)],
            1 => &[(&far, 1)],
            2 => &[(&near, 5_000)],
            _ => &[(&near, 1)],
        };
        Sent::new(u32::from(i.is_multiple_of(5)), &place(&id, &format!("o-{id}"), i, lines, !i.is_multiple_of(3)))
    };
    (0..n).map(one).collect()
}

/// A shop of two lanes with much on its shelves.
async fn shop(scene: &mut Scene) -> Served {
    let (near, far) = (sku_of(0), sku_of(1));
    let setting = scene.server();
    scene.stocked(&setting, &[(&near, 1_000), (&far, 1_000)]).await
}

/// Sent again, all that Redis has lost is answered once: what was accepted before as it was, what was never read for the first
/// time; nothing is done twice.
async fn healed(scene: &Scene, lost: &[Sent], unread: &[Sent], accepted: &[String]) {
    scene.client.rest().await;
    let before = scene.client.answers().await;
    let known = |id: &str| before.iter().filter(|a| *a.command_id == *id).count();
    assert!(lost.iter().all(|c| known(&c.id) == 0), "nothing was lost");
    // what was handed out before Redis went is on its way to whoever was asleep
    let heard: usize = unread.iter().map(|c| known(&c.id)).sum();
    assert!(heard < unread.len(), "all was read");
    published(scene).await;
    let (code, report) = verify(&scene.server());
    only_answers_are_missing(code, &report);
    scene.client.send(lost).await;
    scene.client.send(unread).await;
    scene.client.rest().await;
    let after = scene.client.answers().await;
    for c in lost.iter().chain(unread) {
        let told: Vec<_> = after.iter().filter(|a| *a.command_id == *c.id).collect();
        assert_eq!(told.len(), known(&c.id) + 1, "{}: {told:?}", c.id);
        if accepted.contains(&c.id) {
            assert_eq!(told[0].outcome, OutcomeKind::Accepted, "{told:?}");
        }
    }
    published(scene).await;
    // their first answers are lost for good; all else holds
    let twice = |v: &&String| lost.iter().chain(unread).any(|c| v.contains(&*c.id)) && v.starts_with("R1: ");
    let found = checks::violations(scene).await;
    let wrong: Vec<&String> = found.iter().filter(|v| !twice(v)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let dead = scene.client.stats().await.dead;
    assert_eq!(dead, 0);
    let (code, report) = verify(&scene.server());
    assert_eq!(code, Some(0), "{report}");
}

/// The ids of those that were accepted.
async fn accepted(scene: &Scene, of: &[Sent]) -> Vec<String> {
    let outcomes = scene.client.outcomes().await;
    let taken = of.iter().filter(|c| outcomes[&c.id].outcome == OutcomeKind::Accepted);
    let ids: Vec<String> = taken.map(|c| c.id.clone()).collect();
    assert!(ids.len() > of.len() / 2 && ids.len() < of.len(), "{} of {}", ids.len(), of.len());
    ids
}

/// Redis comes back as it was, under a server that lives, or was killed too.
async fn restored(kill: bool) {
    let mut redis = servers::start_redis(&["--appendonly", "no"]);
    let mut scene = on(&redis, 2).await;
    let mut server = shop(&mut scene).await;
    scene.client.send(&orders("kept", 40)).await;
    scene.client.rest().await;
    saved(&redis).await;
    let lost = orders("lost", 60);
    scene.client.send(&lost).await;
    scene.client.rest().await;
    let known = accepted(&scene, &lost).await;
    // taken by Redis, and read by nobody
    server.signal("STOP");
    let unread = orders("unread", 20);
    scene.client.send(&unread).await;
    redis.kill9();
    redis.restart();
    if kill {
        server.kill9();
        server = scene.server().start();
    } else {
        server.signal("CONT");
    }
    server.ready().await;
    healed(&scene, &lost, &unread, &known).await;
    server.ready().await;
}

#[tokio::test]
async fn f16_what_an_older_redis_has_lost_is_healed_by_sending_it_again() {
    restored(false).await;
}

#[tokio::test]
async fn f16_the_same_after_a_restart() {
    restored(true).await;
}

/// Read before Redis went back, durable after it was looked for what is missing: the log knows nothing of its entries, and its
/// events are published all the same.
#[tokio::test]
async fn f68_events_of_what_was_in_flight_when_redis_went_back_are_published() {
    let mut redis = servers::start_redis(&["--appendonly", "no"]);
    let mut scene = on(&redis, 1).await;
    scene.usual().await;
    let proxy = Proxy::before(&scene.database, COMMITTER);
    let server = scene.server().on(&proxy.url(&scene.database)).variable("JUMUN_STORE_TIMEOUT", "30").start();
    server.ready().await;
    scene.trade("kept", 40).await;
    scene.client.rest().await;
    saved(&redis).await;
    proxy.freeze(true, true);
    let order = |i: usize| place(&format!("flies-{i:04}"), &format!("o-flies-{i}"), i, &[("S-1", 1)], true);
    let flies: Vec<Sent> = (0..20).map(|i| Sent::new(0, &order(i))).collect();
    scene.client.send(&flies).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    redis.kill9();
    redis.restart();
    // the new life is looked at each second
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    proxy.thaw();
    let stored = "SELECT count(*) FROM tb_od_ord WHERE ord_id LIKE 'o-flies-%'";
    let begun = std::time::Instant::now();
    while scene.count(stored).await == 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "nothing was in flight");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    scene.client.rest().await;
    published(&scene).await;
    server.ready().await;
}

/// How the old master goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Old {
    Dies,
    /// it lives on as a replica, and connections to it with it
    LivesOn,
}

/// The replica has not heard of the newest commands when it is promoted: they were accepted, and are lost.
async fn failed_over(old: Old) {
    let mut master = servers::start_redis(&[]);
    let between = Proxy::before(master.url(), "");
    let port = between.url(master.url()).rsplit(':').next().unwrap().trim_end_matches('/').to_owned();
    let replica = servers::start_redis(&["--replicaof", &format!("127.0.0.1 {port}"), "--repl-timeout", "600"]);
    let door = Proxy::before(master.url(), "");
    let mut scene = on(&master, 2).await;
    scene.redis = door.url(master.url());
    scene.client.log = RedisLog::connect(&scene.redis, &scene.namespace).await.unwrap();
    let mut server = shop(&mut scene).await;
    scene.client.send(&orders("kept", 40)).await;
    scene.client.rest().await;
    let begun = std::time::Instant::now();
    while ask(master.url(), "WAIT 1 300").await != Value::Int(1) {
        assert!(begun.elapsed() < Duration::from_secs(20), "the replica does not follow");
    }
    between.freeze(true, true);
    let lost = orders("lost", 60);
    scene.client.send(&lost).await;
    scene.client.rest().await;
    let known = accepted(&scene, &lost).await;
    server.signal("STOP");
    let unread = orders("unread", 20);
    scene.client.send(&unread).await;
    // what a sentinel does
    ask(replica.url(), "REPLICAOF NO ONE").await;
    door.leads_to(replica.url());
    match old {
        Old::Dies => master.kill9(),
        Old::LivesOn => {
            let line = format!("REPLICAOF 127.0.0.1 {}", replica.port());
            ask(master.url(), &line).await;
        }
    }
    drop(between);
    server.signal("CONT");
    scene.client.log = RedisLog::connect(&scene.redis, &scene.namespace).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    server.ready().await;
    healed(&scene, &lost, &unread, &known).await;
    server.ready().await;
    drop(replica);
}

#[tokio::test]
async fn f17_what_a_fail_over_of_redis_has_lost_is_healed_by_sending_it_again() {
    failed_over(Old::Dies).await;
}

#[tokio::test]
async fn f17_the_same_where_the_old_master_lives_on() {
    failed_over(Old::LivesOn).await;
}
