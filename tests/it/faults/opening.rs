//! Before the servers are there, after one was restored to an older state, and when connections to Redis are silent.

use std::time::{Duration, Instant};

use sqlx::Executor as _;

use super::{
    Scene,
    standing::{ask, on_redis, quiet, sells},
};
use crate::support::{proxy::Proxy, servers};

#[tokio::test]
async fn f61_a_server_waits_for_those_that_are_not_there_yet() {
    let mut redis = servers::start_redis(&["--appendonly", "yes"]);
    let mut postgres = servers::start_postgres(&[]);
    let mut scene = Scene::on(servers::fresh_database_on(postgres.url()).await, 1).await;
    redis.url().clone_into(&mut scene.redis);
    scene.client = crate::support::client::Client::new(&scene.redis, &scene.namespace, 1).await;
    scene.usual().await;
    // each away, both away
    for (round, (no_redis, no_postgres)) in [(true, false), (false, true), (true, true)].into_iter().enumerate() {
        if no_redis {
            redis.kill9();
        }
        if no_postgres {
            postgres.kill9();
        }
        let mut server = scene.server().start();
        server.says("jumun waits for its servers; not ready").await;
        server.health(200).await;
        server.answers("/readyz", 503).await;
        server.answers("/v1/orders/o-1", 503).await;
        if no_postgres {
            postgres.restart();
        }
        if no_redis {
            redis.restart();
        }
        server.ready().await;
        sells(&scene, &format!("round-{round}")).await;
        quiet(&server);
        scene.client.rest().await;
        server.kill9();
    }
    let server = scene.server().start();
    server.ready().await;
    scene.holds().await;
}

/// A server that waits can be told to stop.
#[tokio::test]
async fn f61_a_server_that_waits_stops_when_told() {
    let mut redis = servers::start_redis(&[]);
    let mut scene = on_redis(&redis).await;
    scene.usual().await;
    redis.kill9();
    let mut server = scene.server().start();
    server.says("jumun waits for its servers; not ready").await;
    server.signal("TERM");
    let begun = Instant::now();
    while server.ended_by().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(15), "it does not stop: {}", server.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(server.ended_by(), Some(0));
}

/// The database was restored to an older state: its next epochs are ones that Redis has seen superseded.
#[tokio::test]
async fn f70_the_lease_is_above_what_redis_has_seen() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    ask(&scene.redis, &format!("SET {}:{{0}}:epoch 5000", scene.namespace)).await;
    let mut server = scene.server().start();
    server.ready().await;
    sells(&scene, "restored").await;
    assert_eq!(scene.count("SELECT epch FROM tb_sy_lane").await, 5_001);
    assert!(!server.log().contains("a successor owns the partition now"), "{}", server.log());
    scene.client.rest().await;
    // while it runs
    scene.sql().await.execute("UPDATE tb_sy_lane SET epch = 7").await.unwrap();
    sells(&scene, "restored-again").await;
    assert_eq!(scene.count("SELECT epch FROM tb_sy_lane").await, 5_002);
    server.ready().await;
    scene.holds().await;
    server.kill9();
}

/// All connections to Redis are lost without a word: one of them is waited for, the others are not.
#[tokio::test]
async fn f62_silent_connections_to_redis_cost_one_patience() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let proxy = Proxy::before(&scene.redis, "");
    let mut setting = scene.server();
    setting.redis = proxy.url(&scene.redis);
    let server = setting.start();
    server.ready().await;
    scene.trade("t", 60).await;
    scene.client.rest().await;
    assert!(proxy.vanish() >= 2, "few vanished");
    let begun = Instant::now();
    sells(&scene, "heard").await;
    let took = begun.elapsed();
    println!("heard after {took:?}");
    // reading waits ten seconds; answering waited ten more
    assert!(took < Duration::from_secs(17), "{took:?}");
    server.ready().await;
    scene.holds().await;
}
