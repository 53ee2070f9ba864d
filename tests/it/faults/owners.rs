//! Owners that die, freeze, come back; and trimming behind a lane that stands still.

use std::time::Duration;

use super::{Scene, commit::COMMITTER};
use crate::support::proxy::Proxy;

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
