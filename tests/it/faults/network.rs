//! Between the server and its database: a lost reply, cut connections, a killed PostgreSQL, a frozen one.

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use super::{Scene, commit::COMMITTER};
use crate::support::{proxy::Proxy, servers};

#[tokio::test]
async fn f04_the_lost_reply_of_a_commit_is_looked_up() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let proxy = Proxy::before(&scene.database, COMMITTER);
    let server = scene.server().on(&proxy.url(&scene.database)).start();
    server.ready().await;
    for round in 0..3 {
        let lose = async {
            tokio::time::sleep(Duration::from_millis(400)).await;
            proxy.lose_next_reply();
        };
        let ((), ()) = tokio::join!(scene.trade(format!("t{round}"), 80), lose);
        scene.client.rest().await;
        assert_eq!(proxy.lost(), round + 1, "no reply was lost");
    }
    assert!(server.log().contains("the commit's outcome is unknown"), "{}", server.log());
    scene.holds().await;
}

/// Nothing here is ever cancelled between BEGIN and COMMIT; what can poison a pool are connections that die in it.
#[tokio::test]
async fn f05_dead_connections_do_not_poison_the_pool() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    // a small memory, so that every command reads its order through the pool
    let proxy = Proxy::before(&scene.database, "");
    let server = scene
        .server()
        .on(&proxy.url(&scene.database))
        .with(&["--max-actors", "2", "--actor-idle-timeout", "1"])
        .start();
    server.ready().await;
    let mut ended = 0;
    let kill = async {
        let mut sql = scene.sql().await;
        for _ in 0..6 {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let query = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                WHERE application_name = 'jumun' AND datname = current_database()";
            let n: i64 = sqlx::query_scalar(query).fetch_one(&mut sql).await.expect("it ends them");
            ended += n;
            tokio::time::sleep(Duration::from_millis(50)).await;
            ended += i64::try_from(proxy.cut()).expect("few");
        }
    };
    let ((), ()) = tokio::join!(scene.trade("t", 300), kill);
    assert!(ended >= 6, "only {ended} connections were ended");
    scene.holds().await;
    assert!(server.metric("jumun_activations_total") > 0.0);
    server.ready().await;
}

#[tokio::test]
async fn f19_a_postgres_killed_in_mid_commit_comes_back_whole() {
    let mut postgres = servers::start_postgres(&[]);
    let mut scene = Scene::on(servers::fresh_database_on(postgres.url()).await, 1).await;
    scene.usual().await;
    let server = scene.server().start();
    server.ready().await;
    for round in 0..2 {
        let kill = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            postgres.kill9();
            tokio::time::sleep(Duration::from_millis(700)).await;
            postgres.restart();
        };
        let ((), ()) = tokio::join!(scene.trade(format!("t{round}"), 160), kill);
        server.ready().await;
        scene.client.rest().await;
    }
    assert!(server.log().contains("the lane is reset"), "{}", server.log());
    scene.holds().await;
}

#[tokio::test]
async fn f22_a_frozen_database_stops_the_reading_not_the_memory() {
    const IN_FLIGHT: u64 = 400;
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let proxy = Proxy::before(&scene.database, "");
    let setting = scene.server().on(&proxy.url(&scene.database)).with(&["--in-flight", "400", "--lease", "60"]);
    let server = setting.start();
    server.ready().await;
    scene.trade("warm", 100).await;
    scene.client.rest().await;
    let before = server.resident();
    proxy.freeze(true, true);
    let (frozen, load) = (Instant::now(), scene.traffic("load", 4_000));
    let mut most = 0;
    for some in load.chunks(700) {
        scene.client.send(some).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let stats = scene.client.stats().await;
        assert!(stats.pending <= IN_FLIGHT, "more was read than the credit allows: {stats:?}");
        most = most.max(server.resident());
    }
    // for longer than a statement, a lease or a connection is waited for
    while frozen.elapsed() < Duration::from_secs(16) {
        tokio::time::sleep(Duration::from_millis(250)).await;
        let stats = scene.client.stats().await;
        assert!(stats.pending <= IN_FLIGHT, "more was read than the credit allows: {stats:?}");
        most = most.max(server.resident());
    }
    server.health(200).await;
    let stats = scene.client.stats().await;
    assert!(proxy.held() > 0, "nothing was held back");
    assert!(stats.lag > 5_000, "the reading did not stop: {stats:?}");
    assert!(most < before + 48 * 1024 * 1024, "memory grew from {before} to {most} bytes");
    proxy.thaw();
    scene.holds().await;
}

/// A restart loads nothing: with many stored orders the first one is served at once.
#[tokio::test]
async fn f26_a_restart_with_many_open_orders_serves_within_seconds() {
    const ORDERS: i64 = 100_000;
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let empty = Instant::now();
    let mut server = scene.server().start();
    server.ready().await;
    let seed = super::place("seed-place", "o-seed", 1, &[("S-1", 1)], false);
    scene.client.accepted(&[crate::support::client::Sent::new(0, &seed)]).await;
    let empty = empty.elapsed();
    scene.holds().await;
    server.kill9();
    let mut sql = PgConnection::connect(&scene.database).await.unwrap();
    for table in ["tb_od_ord", "tb_od_ord_gds", "tb_od_ord_hist"] {
        copies(&mut sql, table, ORDERS).await;
    }
    sql.execute("ANALYZE").await.unwrap();
    let open = "SELECT count(*) FROM tb_od_ord WHERE ord_stat_cd = 'PAYMENT_PENDING'";
    assert!(scene.count(open).await > ORDERS);
    let begun = Instant::now();
    let server = scene.server().start();
    let first = super::place("first-place", "o-first", 1, &[("S-1", 1)], true);
    let old = serde_json::json!({"id": "old-giveup", "type": "cancel_payment", "order_id": "o-seed-77777",
        "actor": "buyer:u-1"});
    let sent = [&first, &old].map(|c| crate::support::client::Sent::new(0, c));
    scene.client.send(&sent[..1]).await;
    scene.client.wait(&["first-place"]).await;
    let took = begun.elapsed();
    println!("{ORDERS} open orders stored: process start to first answer {} ms", took.as_millis());
    // beside what this machine needs for a start with nothing stored
    assert!(took < Duration::from_secs(5).max(empty * 3), "{took:?}, with nothing stored {empty:?}");
    assert!(server.log().contains("jumun serves"));
}

/// Copies the seed's rows of a table under numbered order ids.
async fn copies(sql: &mut PgConnection, table: &str, n: i64) {
    let query =
        "SELECT column_name::text FROM information_schema.columns WHERE table_name = $1 ORDER BY ordinal_position";
    let columns: Vec<String> = sqlx::query_scalar(query).bind(table).fetch_all(&mut *sql).await.unwrap();
    let values: Vec<String> = columns
        .iter()
        .map(|c| match c.as_str() {
            "ord_id" | "cmd_id" => format!("{c} || '-' || n"),
            "evnt" => "replace(evnt, 'o-seed', 'o-seed-' || n)".to_owned(),
            other => other.to_owned(),
        })
        .collect();
    let (columns, values) = (columns.join(", "), values.join(", "));
    let copy = format!(
        "INSERT INTO {table} ({columns}) SELECT {values} FROM {table}, generate_series(1, {n}) AS n WHERE ord_id = 'o-seed'"
    );
    sql.execute(AssertSqlSafe(copy)).await.unwrap();
}
