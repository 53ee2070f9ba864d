//! Before the servers are there, after one was restored to an older state, and when connections to Redis are silent.

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use super::{
    Scene,
    standing::{ask, on_redis, quiet, sells},
};
use crate::support::{http, proxy::Proxy, servers};

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

/// What tells a server to read its tokens again ends none that waits.
#[tokio::test]
async fn f61_a_server_that_waits_outlives_a_hangup() {
    let mut redis = servers::start_redis(&[]);
    let mut scene = on_redis(&redis).await;
    scene.usual().await;
    redis.kill9();
    let mut server = scene.server().start();
    server.says("jumun waits for its servers; not ready").await;
    server.signal("HUP");
    server.says("SIGHUP: the tokens are as they were").await;
    assert_eq!(server.ended_by(), None, "{}", server.log());
    redis.restart();
    server.ready().await;
}

/// Nobody may write: a fail-over goes on, or somebody made it so. With tables that are there, and before there are any.
#[tokio::test]
async fn f61_a_database_that_is_read_only_is_waited_for() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let fresh = Scene::new(1).await;
    for scene in [&scene, &fresh] {
        read_only(scene, true).await;
        let server = scene.server().start();
        server.says("jumun waits for its servers; not ready").await;
        server.health(200).await;
        server.answers("/readyz", 503).await;
        read_only(scene, false).await;
        server.ready().await;
        quiet(&server);
    }
    scene.holds().await;
}

async fn read_only(scene: &Scene, so: bool) {
    let mut sql = scene.sql().await;
    let name: String = sqlx::query_scalar("SELECT current_database()").fetch_one(&mut sql).await.unwrap();
    sql.execute("SET default_transaction_read_only = off").await.unwrap();
    let all = format!("ALTER DATABASE {name} SET default_transaction_read_only = {so}");
    sql.execute(AssertSqlSafe(all)).await.unwrap();
}

/// Somebody's lock on what a start looks at: the HTTP API is there from the first moment, and says that it is not open yet.
#[tokio::test]
async fn f61_a_server_that_hangs_at_its_start_is_alive() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    for (table, more) in [("_sqlx_migrations", &[][..]), ("_sqlx_migrations", &["--no-migrate"]), ("tb_sy_meta", &[])] {
        let mut sql = scene.sql().await;
        let mut somebody = sql.begin().await.unwrap();
        somebody.execute(AssertSqlSafe(format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))).await.unwrap();
        let begun = Instant::now();
        let mut server = scene.server().with(more).start();
        server.health(200).await;
        server.answers("/readyz", 503).await;
        assert!(begun.elapsed() < Duration::from_secs(5), "{table}: {:?}", begun.elapsed());
        somebody.rollback().await.unwrap();
        server.ready().await;
        assert!(begun.elapsed() < Duration::from_secs(10), "{table}: {:?}", begun.elapsed());
        server.kill9();
    }
    let server = scene.server().start();
    server.ready().await;
    scene.holds().await;
}

/// A door that is closed says to caches and browsers what an open one says, and to strangers no more.
#[tokio::test]
async fn f61_a_door_that_is_closed_yet_tells_strangers_as_little_as_an_open_one() {
    let mut redis = servers::start_redis(&[]);
    let mut scene = on_redis(&redis).await;
    scene.usual().await;
    let token = format!("the-metrics:metrics:{}", jumun::http::tokens::hashed("secret"));
    let setting = scene.server().with(&["--token", &token]);
    redis.kill9();
    let server = setting.start();
    server.says("jumun waits for its servers; not ready").await;
    let address = server.address().unwrap();
    let get = |path: &str, more: &[(&str, &str)]| http::ask(&address, "GET", path, more, b"");
    let (known, strange) = ([("Authorization", "Bearer secret")], [("Authorization", "Bearer guessed")]);
    let said = |path: &str| {
        let reply = get(path, &[]);
        SAID.map(|name| reply.headers(name))
    };
    let closed = ["/healthz", "/readyz", "/v1/orders/o-1", "/"].map(said);
    assert!(closed.iter().all(|said| *said == closed[0] && said.iter().all(|v| !v.is_empty())), "{closed:?}");
    let told = |more: &[(&str, &str)]| get("/readyz", more).json();
    for stranger in [told(&[]), told(&strange)] {
        assert_eq!(stranger, serde_json::json!({ "ready": false }));
    }
    let told = told(&known);
    assert_eq!(
        (&told["store"], &told["log"], &told["partitions"]),
        (&"ok".into(), &"away".into(), &1.into()),
        "{told}"
    );
    let twice = get("/readyz", &[("X-Customer-Id", "u-1"), ("X-Customer-Id", "u-2")]);
    assert_eq!(twice.status, 400, "a header that decides is there twice: {twice:?}");
    redis.restart();
    server.ready().await;
    assert_eq!(said("/healthz"), closed[0], "the open door says something else");
}

/// What every answer says to caches and browsers.
const SAID: [&str; 4] = ["cache-control", "x-content-type-options", "cross-origin-resource-policy", "vary"];

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
    // R14, with the lease of five seconds: reading waits for five; answering would wait for five more
    assert!(took < Duration::from_secs(10), "{took:?}");
    server.ready().await;
    scene.holds().await;
}
