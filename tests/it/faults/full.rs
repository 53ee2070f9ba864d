//! Disks that are full, locked tables, and no file descriptors left: what only an operator can mend is said, costs nothing, and is
//! over when it is mended.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    process::Command,
    time::Duration,
};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use super::{
    Scene,
    commit::COMMITTER,
    standing::{ask, on_redis, quiet, sells},
};
use crate::support::{client::Sent, disk::Disk, http, process::Served, proxy::Proxy, servers};

/// A shop on a database of a disk of its own.
async fn on(disk: &Disk) -> Scene {
    Scene::on(servers::fresh_database_on(disk.server.url()).await, 1).await
}

fn paid(tag: &str, n: usize) -> Vec<Sent> {
    let order = |i: usize| super::place(&format!("{tag}-{i:05}"), &format!("o-{tag}-{i}"), i, &[("S-1", 1)], true);
    (0..n).map(|i| Sent::new(0, &order(i))).collect()
}

/// What was sent to a full disk is accepted, all of it, once there is room.
async fn comes_through(scene: &Scene, server: &Served, sent: &[Sent]) {
    let ids: Vec<&str> = sent.iter().map(|o| o.id.as_str()).collect();
    let answers = scene.client.wait(&ids).await;
    assert!(answers.iter().all(|a| a.outcome == jumun::protocol::OutcomeKind::Accepted), "{answers:?}");
    server.ready().await;
    assert_eq!(scene.client.stats().await.dead, 0, "a command was condemned for the disk");
    assert!(!server.log().contains("the lane ended by a fault"), "{}", server.log());
    quiet(server);
    scene.trade("after", 40).await;
    scene.holds().await;
}

/// The disk of the tables is full to the last byte; the write-ahead log has one of its own.
#[tokio::test]
async fn f20_a_disk_that_is_full_loses_and_condemns_nothing() {
    let disk = Disk::with_its_log_elsewhere(96);
    let mut scene = on(&disk).await;
    scene.usual().await;
    let server = scene.server().start();
    server.ready().await;
    scene.trade("before", 40).await;
    scene.client.rest().await;
    let resets = server.metric("jumun_lane_resets_total");
    disk.fill();
    // pages have room left for some
    let mut sent = Vec::new();
    for round in 0..40 {
        let some = paid(&format!("full{round}"), 200);
        scene.client.send(&some).await;
        sent.extend(some);
        tokio::time::sleep(Duration::from_millis(250)).await;
        if server.log().contains("53100") {
            break;
        }
    }
    server.not_ready("nothing can be committed (53100)").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let resets = server.metric("jumun_lane_resets_total") - resets;
    assert!((1.0..=12.0).contains(&resets), "{resets} resets: it does not back off");
    server.health(200).await;
    disk.make_room();
    comes_through(&scene, &server, &sent).await;
}

/// The write-ahead log has no room either: PostgreSQL itself goes down, again and again, until it has.
#[tokio::test]
async fn f20_a_database_that_goes_down_for_its_full_disk_is_waited_for() {
    let disk = Disk::new(160);
    let mut scene = on(&disk).await;
    scene.usual().await;
    let server = scene.server().start();
    server.ready().await;
    scene.trade("before", 40).await;
    scene.client.rest().await;
    disk.fill();
    let sent = paid("full", 60);
    // what room a recovery finds is filled again
    let filled = async {
        let more = "SELECT pg_switch_wal(), pg_logical_emit_message(false, 'jumun', repeat('x', 1000000))";
        loop {
            if let Ok(mut sql) = PgConnection::connect(disk.server.url()).await {
                while sql.execute(more).await.is_ok() {}
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let down = async {
        let (begun, no_room) = (std::time::Instant::now(), "No space left on device");
        while !disk.log().contains(no_room) {
            assert!(begun.elapsed() < Duration::from_secs(40), "there is room: {}", disk.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        scene.client.send(&sent).await;
        server.not_ready("").await;
        tokio::time::sleep(Duration::from_secs(2)).await;
    };
    tokio::select! {
        () = filled => {}
        () = down => {}
    }
    disk.make_room();
    comes_through(&scene, &server, &sent).await;
}

/// Somebody's lock on what a lane reads at its start.
#[tokio::test]
async fn f53_tables_that_are_locked_when_a_lane_starts_are_waited_for() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    for (i, table) in ["tb_sy_otbx", "tb_sy_lane", "tb_od_ord_hist", "tb_od_ord"].into_iter().enumerate() {
        let mut sql = scene.sql().await;
        let mut somebody = sql.begin().await.unwrap();
        somebody.execute(AssertSqlSafe(format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))).await.unwrap();
        let mut server = scene.server().variable("JUMUN_STORE_TIMEOUT", "1").start();
        let sent = paid(&format!("lock{i}"), 5);
        scene.client.send(&sent).await;
        tokio::time::sleep(Duration::from_secs(4)).await;
        assert_eq!(server.ended_by(), None, "{table}: {}", server.log());
        somebody.rollback().await.unwrap();
        let ids: Vec<&str> = sent.iter().map(|o| o.id.as_str()).collect();
        let answers = scene.client.wait(&ids).await;
        assert!(answers.iter().all(|a| a.outcome == jumun::protocol::OutcomeKind::Accepted), "{table}: {answers:?}");
        server.ready().await;
        quiet(&server);
        scene.client.rest().await;
        server.kill9();
    }
    let server = scene.server().start();
    server.ready().await;
    scene.holds().await;
}

/// Tables that are locked, rebuilt and reindexed while orders come.
#[tokio::test]
async fn f58_tables_that_are_locked_or_rebuilt_meanwhile_lose_nothing() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let server = scene.server().variable("JUMUN_STORE_TIMEOUT", "1").start();
    server.ready().await;
    let disturb = async {
        let mut sql = scene.sql().await;
        for table in ["tb_od_ord_hist", "tb_pd_unt", "tb_sy_lane", "tb_sy_otbx", "tb_pd_unt_ldgr"] {
            let mut somebody = sql.begin().await.unwrap();
            somebody.execute(AssertSqlSafe(format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))).await.unwrap();
            // longer than a commit is waited for
            tokio::time::sleep(Duration::from_millis(2_500)).await;
            somebody.rollback().await.unwrap();
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        for rebuilt in ["VACUUM FULL tb_od_ord_hist", "VACUUM FULL tb_pd_unt", "REINDEX TABLE tb_od_ord", "VACUUM FULL"]
        {
            sql.execute(rebuilt).await.unwrap();
        }
    };
    let trade = async {
        for round in 0..10 {
            scene.trade(format!("t{round}"), 60).await;
        }
    };
    let ((), ()) = tokio::join!(trade, disturb);
    assert!(server.log().contains("the lane is reset"), "no lock was felt: {}", server.log());
    scene.holds().await;
    server.ready().await;
    assert_eq!(scene.client.stats().await.dead, 0);
}

/// Somebody else has every connection that PostgreSQL allows, also those that were jumun's.
#[tokio::test]
async fn f58_a_database_out_of_connections_is_waited_for() {
    let postgres = servers::start_postgres(&["max_connections=16", "superuser_reserved_connections=0"]);
    let mut scene = Scene::on(servers::fresh_database_on(postgres.url()).await, 1).await;
    scene.usual().await;
    let server = scene.server().variable("JUMUN_STORE_TIMEOUT", "1").start();
    server.ready().await;
    scene.trade("before", 40).await;
    scene.client.rest().await;
    let mut admin = scene.sql().await;
    let mut taken = Vec::new();
    // jumun asks again and again: whatever comes free is taken before it
    for _ in 0..200 {
        admin
            .execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'jumun'")
            .await
            .unwrap();
        while let Ok(connection) = PgConnection::connect(&scene.database).await {
            taken.push(connection);
        }
        if taken.len() >= 14 {
            break;
        }
    }
    assert!(taken.len() >= 14, "only {} were taken", taken.len());
    let sent = paid("crowd", 20);
    scene.client.send(&sent).await;
    server.answers("/readyz", 503).await;
    server.says("too many clients already").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!server.log().contains("the lane ended by a fault"), "{}", server.log());
    for connection in taken {
        connection.close().await.unwrap();
    }
    comes_through(&scene, &server, &sent).await;
}

/// How many files and sockets it may have open from now on.
fn files(server: &Served, most: usize) {
    let limit = format!("--nofile={most}:4096");
    let done =
        Command::new("prlimit").args(["--pid", &server.pid().to_string(), &limit]).status().expect("prlimit runs");
    assert!(done.success(), "{limit}");
}

/// Whoever looks from outside within a second: it is ready.
fn seems_ready(address: &str) -> bool {
    let probe = || -> std::io::Result<bool> {
        let mut socket = TcpStream::connect(address)?;
        socket.set_read_timeout(Some(Duration::from_secs(1)))?;
        write!(socket, "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        socket.read_to_string(&mut answer)?;
        Ok(answer.starts_with("HTTP/1.1 200"))
    };
    probe().unwrap_or(false)
}

/// No descriptor is left: to clients that do nothing, and for connections that were lost.
#[tokio::test]
async fn f58_a_server_that_is_out_of_file_descriptors_says_so_and_comes_back() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let proxies = [Proxy::before(&scene.database, ""), Proxy::before(&scene.redis, "")];
    let mut setting = scene.server().on(&proxies[0].url(&scene.database));
    setting.redis = proxies[1].url(&scene.redis);
    let server = setting.start();
    server.ready().await;
    let address = server.address().unwrap();
    scene.trade("before", 40).await;
    scene.client.rest().await;
    for round in 0..2 {
        files(&server, server.descriptors() + 4);
        let idle: Vec<TcpStream> = (0..40).map(|_| TcpStream::connect(&address).unwrap()).collect();
        let sent = paid(&format!("fd{round}"), 20);
        scene.client.send(&sent).await;
        // all of them at once, and none can be made again
        assert!(proxies.iter().map(Proxy::cut).sum::<usize>() >= 3, "few connections were cut");
        files(&server, 8);
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert!(!seems_ready(&address), "it seems ready");
        assert_eq!(server.ended_by(), None, "{}", server.log());
        server.says("Too many open files").await;
        drop(idle);
        files(&server, 1_024);
        let begun = std::time::Instant::now();
        let ids: Vec<&str> = sent.iter().map(|o| o.id.as_str()).collect();
        scene.client.wait(&ids).await;
        assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
        server.ready().await;
    }
    quiet(&server);
    scene.trade("after", 40).await;
    scene.holds().await;
}

/// Redis has no room left: the HTTP API takes nothing and says so before anything is accepted, what was accepted before is answered
/// all the same, and the same requests are taken once there is room.
#[tokio::test]
async fn f21_a_log_without_room_is_said_at_the_door_before_anything_is_taken() {
    let redis = servers::start_redis(&[]);
    let mut scene = on_redis(&redis).await;
    scene.usual().await;
    let proxy = Proxy::before(&scene.database, COMMITTER);
    let server = scene.server().on(&proxy.url(&scene.database)).start();
    server.ready().await;
    sells(&scene, "warm").await;
    scene.client.rest().await;
    let address = server.address().unwrap();
    let at_the_door = |path: &str, id: &str, body: &serde_json::Value| {
        http::ask(&address, "POST", path, &[("Idempotency-Key", id)], body.to_string().as_bytes())
    };
    // the general way, and by a command's type
    let order = |id: &str| super::place(id, &format!("o-{id}"), 1, &[("S-1", 1)], true);
    let mut typed = order("door-typed");
    typed.as_object_mut().unwrap().retain(|field, _| !matches!(field.as_str(), "id" | "type"));
    let stock = serde_json::json!({"sku_id": "S-2", "quantity": 5, "actor": "operator:test"});
    let asked = [
        ("/v1/commands", "door-general", order("door-general")),
        ("/v1/commands/place_order", "door-typed", typed),
        ("/v1/commands/receive_stock", "door-stock", stock),
    ];
    // taken, and on the way
    proxy.freeze(true, true);
    let taken = paid("taken", 60);
    scene.client.send(&taken).await;
    ask(&scene.redis, "CONFIG SET maxmemory-policy noeviction maxmemory 1mb").await;
    for (path, id, body) in &asked {
        let refused = at_the_door(path, id, body);
        assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")), "{path}: {refused:?}");
        assert_eq!(refused.json()["reason"], "busy", "{path}");
    }
    proxy.thaw();
    let ids: Vec<&str> = taken.iter().map(|o| o.id.as_str()).collect();
    let answers = scene.client.wait(&ids).await;
    assert!(answers.iter().all(|a| a.outcome == jumun::protocol::OutcomeKind::Accepted), "{answers:?}");
    scene.client.rest().await;
    assert_eq!(at_the_door(asked[0].0, asked[0].1, &asked[0].2).status, 503, "there is room: nothing was tested");
    let stored = "SELECT count(*) FROM tb_od_ord WHERE ord_id LIKE 'o-door-%'";
    assert_eq!(scene.count(stored).await, 0, "what was refused took effect");
    server.health(200).await;
    ask(&scene.redis, "CONFIG SET maxmemory 0").await;
    for (path, id, body) in &asked {
        let accepted = at_the_door(path, id, body);
        assert_eq!((accepted.status, &accepted.json()["outcome"]), (200, &"accepted".into()), "{path}: {accepted:?}");
    }
    scene.received.iter_mut().filter(|(sku, _)| sku == "S-2").for_each(|(_, units)| *units += 5);
    server.ready().await;
    scene.holds().await;
}
