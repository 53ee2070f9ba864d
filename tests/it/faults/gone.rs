//! Connections that are lost without a word, and commits that hang.

use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::{Connection as _, Executor as _};

use super::{Scene, commit::COMMITTER, standing::sells};
use crate::support::{client::Sent, proxy::Proxy};

/// How soon it must be noticed, for a patience of two seconds; far below what TCP alone would take, for a slow machine.
const NOTICED: Duration = Duration::from_secs(15);

#[tokio::test]
async fn f52_a_committer_whose_connection_vanished_gets_another() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let proxy = Proxy::before(&scene.database, COMMITTER);
    let server = scene.server().on(&proxy.url(&scene.database)).variable("JUMUN_STORE_TIMEOUT", "2").start();
    server.ready().await;
    for round in 0..2 {
        scene.trade(format!("t{round}"), 40).await;
        scene.client.rest().await;
        assert!(proxy.vanish() > 0, "nothing vanished");
        let begun = Instant::now();
        sells(&scene, &format!("r{round}")).await;
        assert!(begun.elapsed() < NOTICED, "{:?}", begun.elapsed());
    }
    assert!(server.log().contains("the commit's outcome is unknown: no answer within 3s"), "{}", server.log());
    server.ready().await;
    scene.holds().await;
}

#[tokio::test]
async fn f52_a_server_whose_connections_all_vanished_makes_others() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let proxy = Proxy::before(&scene.database, "");
    // a small memory, so that orders are read through the pool
    let words = ["--max-actors", "2", "--actor-idle-timeout", "1"];
    let server =
        scene.server().on(&proxy.url(&scene.database)).with(&words).variable("JUMUN_STORE_TIMEOUT", "2").start();
    server.ready().await;
    scene.trade("warm", 60).await;
    for round in 0..2 {
        // in the middle of the trade, and at rest
        let vanish = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert!(proxy.vanish() >= 2, "few vanished");
        };
        let ((), ()) = tokio::join!(scene.trade(format!("v{round}"), 80), vanish);
        scene.client.rest().await;
        proxy.vanish();
        let begun = Instant::now();
        sells(&scene, &format!("r{round}")).await;
        assert!(begun.elapsed() < NOTICED, "{:?}", begun.elapsed());
    }
    server.ready().await;
    scene.holds().await;
}

/// As it comes, with the lease and the patience that nobody set: within the lease and five seconds (R14), at rest and under load.
#[tokio::test]
async fn f52_lost_connections_cost_no_more_than_the_lease_and_five_seconds() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let proxy = Proxy::before(&scene.database, "");
    let words = ["--lease", "5", "--max-actors", "2", "--actor-idle-timeout", "1"];
    let server = scene.server().on(&proxy.url(&scene.database)).with(&words).start();
    server.ready().await;
    scene.trade("warm", 60).await;
    scene.client.rest().await;
    for busy in [false, true] {
        if busy {
            scene.client.send(&scene.traffic("busy", 200)).await;
        }
        assert!(proxy.vanish() >= 2, "few vanished");
        let begun = Instant::now();
        sells(&scene, &format!("lost-{busy}")).await;
        println!("busy: {busy}: {:?}", begun.elapsed());
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}: {}", begun.elapsed(), server.log());
    }
    server.ready().await;
    scene.holds().await;
}

/// Who is kept from its work alone leaves it to a stand-by, though its lease could be renewed.
#[tokio::test]
async fn f52_a_lane_that_does_not_move_leaves_it_to_a_stand_by() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let proxy = Proxy::before(&scene.redis, "");
    let mut setting = scene.server().variable("JUMUN_STALL_TIMEOUT", "4");
    setting.redis = proxy.url(&scene.redis);
    let first = setting.start();
    first.ready().await;
    let second = scene.server().named("b").start();
    second.says("another process owns the partition; waiting").await;
    proxy.freeze(true, true);
    sells(&scene, "by-the-stand-by").await;
    first.says("the lane has work and does not move: its lease is given back").await;
    second.ready().await;
    scene.trade("t", 60).await;
    proxy.thaw();
    scene.holds().await;
}

/// A commit that waits for somebody's lock is given up; what it may still do is waited for before it is done again.
#[tokio::test]
async fn f52_a_commit_that_hangs_is_given_up_and_done_once() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let server = scene.server().variable("JUMUN_STORE_TIMEOUT", "1").start();
    server.ready().await;
    sells(&scene, "warm").await;
    let mut sql = scene.sql().await;
    let mut somebody = sql.begin().await.unwrap();
    somebody.execute("SELECT 1 FROM tb_pd_unt WHERE unt_id = 'S-1' FOR UPDATE").await.unwrap();
    let orders: Vec<Sent> = (0..20)
        .map(|i| Sent::new(0, &super::place(&format!("hangs-{i:03}"), &format!("o-h-{i}"), i, &[("S-1", 1)], true)))
        .collect();
    scene.client.send(&orders).await;
    server.says("the lane is reset").await;
    server.not_ready("nothing can be committed").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    somebody.rollback().await.unwrap();
    let ids: Vec<&str> = orders.iter().map(|o| o.id.as_str()).collect();
    let answers = scene.client.wait(&ids).await;
    assert!(answers.iter().all(|a| json!(a.outcome) == json!("accepted")), "{answers:?}");
    scene.holds().await;
    server.ready().await;
    assert_eq!(scene.client.stats().await.dead, 0);
}
