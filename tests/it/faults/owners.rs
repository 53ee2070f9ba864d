//! Owners that die, freeze (in the middle of a commit, too), come back, have one name; and trimming behind a lane that stands still.

use std::time::{Duration, Instant};

use jumun::protocol::OutcomeKind;
use sqlx::{Executor as _, PgConnection};

use super::{Scene, commit::COMMITTER, place};
use crate::support::{client::Sent, proxy::Proxy};

#[tokio::test]
async fn f10_what_a_dead_consumer_left_pending_is_claimed() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let proxy = Proxy::before(&scene.database, COMMITTER);
    let mut first = scene.server().on(&proxy.url(&scene.database)).start();
    first.ready().await;
    scene.trade("t", 40).await;
    // it has read, and can't commit
    proxy.freeze(true, true);
    scene.client.send(&scene.traffic("left", 60)).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    let left = scene.client.stats().await.pending;
    assert!(left > 0, "it had read nothing");
    first.kill9();
    drop(proxy);
    assert!(scene.client.stats().await.pending >= left);
    let second = scene.server().named("b").start();
    second.ready().await;
    scene.trade("after", 40).await;
    scene.holds().await;
}

#[tokio::test]
async fn f11_an_owner_that_slept_past_its_lease_is_fenced() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let mut first = scene.server().start();
    first.ready().await;
    let mut second = scene.server().named("b").start();
    second.says("another process owns the partition").await;
    let sleep = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        first.signal("STOP");
        assert!(scene.client.answered().await > 0);
        second.ready().await;
        first.signal("CONT");
        first.says("a successor owns the partition now").await;
    };
    let trade = async {
        scene.trade("a", 150).await;
        scene.trade("b", 150).await;
    };
    let ((), ()) = tokio::join!(trade, sleep);
    scene.holds().await;
    assert!(scene.count("SELECT epch FROM tb_sy_lane").await >= 3);
    // and the other way round
    second.kill9();
    first.ready().await;
    scene.trade("c", 60).await;
    scene.holds().await;
}

#[tokio::test]
async fn f12_trimming_never_drops_what_is_pending() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let proxy = Proxy::before(&scene.database, COMMITTER);
    // nothing is kept once it is acknowledged
    let setting = scene.server().on(&proxy.url(&scene.database)).with(&["--keep-commands", "0", "--in-flight", "50"]);
    let server = setting.start();
    server.ready().await;
    scene.trade("t", 60).await;
    scene.client.rest().await;
    proxy.freeze(true, true);
    let waiting = scene.traffic("w", 200);
    scene.client.send(&waiting).await;
    // trimming goes on every two seconds, and finds the old ones to drop
    tokio::time::sleep(Duration::from_millis(4_500)).await;
    let stats = scene.client.stats().await;
    assert!(stats.pending > 0 && stats.lag > 0, "{stats:?}");
    let unanswered = u64::try_from(waiting.len()).unwrap();
    // what was acknowledged is gone, what is pending or unread is all there
    assert!((unanswered..unanswered + 5).contains(&stats.length), "{stats:?}, waiting {unanswered}");
    proxy.thaw();
    scene.holds().await;
    let outcomes = scene.client.outcomes().await;
    assert!(waiting.iter().all(|c| outcomes.contains_key(&c.id)));
}

/// The orders that wait, and somebody's lock in which their commit hangs: it holds the lease's row by then.
async fn hangs_in_a_commit(scene: &Scene, tag: &str) -> (PgConnection, Vec<Sent>) {
    let mut somebody = scene.sql().await;
    somebody.execute("BEGIN; SELECT 1 FROM tb_pd_unt WHERE unt_id = 'S-1' FOR UPDATE").await.unwrap();
    let order = |i: usize| place(&format!("{tag}-{i:04}"), &format!("o-{tag}-{i}"), i, &[("S-1", 1)], true);
    let orders: Vec<Sent> = (0..20).map(|i| Sent::new(0, &order(i))).collect();
    scene.client.send(&orders).await;
    waiting(
        scene,
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
        AND wait_event_type = 'Lock' AND query LIKE 'WITH fence AS%'",
    )
    .await;
    (somebody, orders)
}

/// Waits until this counts something.
async fn waiting(scene: &Scene, what: &'static str) {
    let begun = Instant::now();
    while scene.count(what).await == 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The stand-by waits for the lease's row, which the sleeping owner's commit holds.
const KEPT_WAITING: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
    AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO tb_sy_lane%'";

async fn all_accepted(scene: &Scene, orders: &[Sent]) {
    let ids: Vec<&str> = orders.iter().map(|o| o.id.as_str()).collect();
    let answers = scene.client.wait(&ids).await;
    assert!(answers.iter().all(|a| a.outcome == OutcomeKind::Accepted), "{answers:?}");
}

/// An owner is stopped in the middle of its commit, which hangs and holds the lease's row: the server itself ends that, and the
/// stand-by takes over in bounded time.
#[tokio::test]
async fn f28_a_zombies_commit_does_not_keep_a_stand_by_from_the_lease() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let mut first = scene.server().start();
    first.ready().await;
    let second = scene.server().named("b").start();
    second.says("another process owns the partition; waiting").await;
    let (mut somebody, orders) = hangs_in_a_commit(&scene, "hangs").await;
    first.signal("STOP");
    let stopped = Instant::now();
    waiting(&scene, KEPT_WAITING).await;
    second.says("the lane starts").await;
    let took = stopped.elapsed();
    println!("taken over after {took:?}");
    assert!(took < Duration::from_secs(12), "{took:?}: {}", second.log());
    somebody.execute("ROLLBACK").await.unwrap();
    all_accepted(&scene, &orders).await;
    second.ready().await;
    first.signal("CONT");
    first.says("a successor owns the partition now").await;
    scene.trade("after", 40).await;
    scene.holds().await;
}

/// The same, and the commit ends while its owner sleeps: it counts, and who took over gives its answers, each once.
#[tokio::test]
async fn f27_what_a_zombie_committed_as_it_fell_asleep_is_answered_by_its_successor() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let mut first = scene.server().start();
    first.ready().await;
    let second = scene.server().named("b").start();
    second.says("another process owns the partition; waiting").await;
    let (mut somebody, orders) = hangs_in_a_commit(&scene, "ends").await;
    first.signal("STOP");
    waiting(&scene, KEPT_WAITING).await;
    somebody.execute("ROLLBACK").await.unwrap();
    waiting(&scene, "SELECT count(*) FROM tb_od_ord WHERE ord_id = 'o-ends-19'").await;
    all_accepted(&scene, &orders).await;
    second.ready().await;
    let epoch = scene.count("SELECT epch FROM tb_sy_lane").await;
    first.signal("CONT");
    first.says("a successor owns the partition now").await;
    scene.trade("after", 40).await;
    scene.holds().await;
    assert_eq!(scene.count("SELECT epch FROM tb_sy_lane").await, epoch, "the zombie took it back");
}

/// Two processes under one name take the lease from each other: each command has one effect and one answer all the same, and
/// when one goes, the other stays.
#[tokio::test]
async fn f31_two_processes_of_one_name_take_turns_and_lose_nothing() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let mut twins = [scene.server().start(), scene.server().start()];
    let before = scene.count("SELECT epch FROM tb_sy_lane").await;
    for round in 0..4 {
        scene.trade(format!("twins{round}"), 120).await;
    }
    scene.client.rest().await;
    let turns = scene.count("SELECT epch FROM tb_sy_lane").await - before;
    assert!(turns >= 2, "they did not take it from each other: {turns}");
    assert!(twins.iter().any(|t| t.log().contains("a successor owns the partition now")));
    // a pause of the lease's length between turns, so that there are not many
    assert!(turns <= 20, "{turns} turns");
    scene.holds().await;
    twins[0].kill9();
    twins[1].ready().await;
    scene.trade("alone", 40).await;
    scene.holds().await;
    twins[1].health(200).await;
}
