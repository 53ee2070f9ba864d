//! Callers who cost more than they bring: all of them at once, and what they cost is bounded: memory, log, audit, tables.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use serde_json::json;
use sqlx::{Connection as _, Executor as _};

use super::{Scene, place};
use crate::support::{client::Sent, http, process::Served};

const MEBIBYTE: u64 = 1024 * 1024;

/// The most that it holds while this goes on, above what it held before.
async fn grown(server: &Served, work: impl Future<Output = ()>) -> u64 {
    let before = server.resident();
    let mut most = 0;
    let watch = async {
        loop {
            most = most.max(server.resident());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        () = work => {}
        () = watch => {}
    }
    most.max(server.resident()).saturating_sub(before)
}

/// Another wrong token each time, as fast as it is answered, on connections that stay; how many were answered how.
fn wrong_tokens(address: &str, connections: usize, lasting: Duration) -> (usize, usize) {
    let one = |n: usize| {
        let address = address.to_owned();
        std::thread::spawn(move || {
            let mut socket = TcpStream::connect(&address).unwrap();
            socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            let (begun, mut refused, mut slowed, mut buffer) = (Instant::now(), 0, 0, vec![0; 16 * 1024]);
            let mut i = 0;
            while begun.elapsed() < lasting {
                i += 1;
                let token = format!("{n}-{i}-").repeat(100);
                let asked = format!("GET /v1/me HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n");
                let told = socket.write_all(asked.as_bytes()).and_then(|()| socket.read(&mut buffer)).unwrap_or(0);
                match &buffer[..told.min(12)] {
                    b"HTTP/1.1 401" => refused += 1,
                    b"HTTP/1.1 429" => slowed += 1,
                    _ => socket = TcpStream::connect(&address).unwrap(),
                }
            }
            (refused, slowed)
        })
    };
    let threads: Vec<_> = (0..connections).map(one).collect();
    threads.into_iter().map(|t| t.join().unwrap()).fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
}

/// Who asks for much, again and again on one connection, and reads nothing.
fn non_reader(address: &str) -> TcpStream {
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    let asked = format!("GET /openapi.json HTTP/1.1\r\nHost: {address}\r\n\r\n").repeat(20);
    drop(socket.write_all(asked.as_bytes())); // what is not taken is not asked
    socket
}

#[tokio::test]
async fn f75_callers_who_cost_much_cost_bounded_memory_log_audit_and_rows() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let token = format!("web:checkout:{}", jumun::http::tokens::hashed("the-web-shops-token"));
    let words = ["--token", &token, "--unauthenticated-rate", "50", "--write-timeout", "2"];
    let server = scene.server().with(&words).start();
    server.says("jumun serves").await;
    server.ready().await;
    let address = server.address().unwrap();
    scene.trade("before", 60).await;
    scene.client.rest().await;
    let (lines, rows) = (server.log().lines().count(), scene.count("SELECT count(*) FROM tb_sy_door_adit").await);
    let descriptors = server.descriptors();

    // wrong tokens
    let mut answered = (0, 0);
    let more = grown(&server, async {
        let at = address.clone();
        let told = tokio::task::spawn_blocking(move || wrong_tokens(&at, 6, Duration::from_secs(3))).await;
        answered = told.unwrap();
    })
    .await;
    println!("{answered:?} refused and slowed, {more} bytes");
    assert!(answered.0 > 50 && answered.0 < 700 && answered.1 > answered.0, "{answered:?}: 50 a second were to pass");
    assert!(more < 24 * MEBIBYTE, "{more} bytes for wrong tokens");

    // who reads nothing
    let mut idle = Vec::new();
    let more = grown(&server, async {
        idle = (0..300).map(|_| non_reader(&address)).collect();
        tokio::time::sleep(Duration::from_secs(1)).await;
    })
    .await;
    println!("{more} bytes for those who read nothing");
    assert!(more < 140 * MEBIBYTE, "{more} bytes for those who read nothing");
    let begun = Instant::now();
    while server.descriptors() > descriptors + 20 {
        assert!(begun.elapsed() < Duration::from_secs(12), "{} are open still", server.descriptors());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    drop(idle);

    // an order that is declined without end, entries that are huge
    let order = Sent::new(0, &place("long-0000", "o-long", 1, &[("S-1", 1)], false));
    scene.client.accepted(&[order]).await;
    let declined = |i: usize| {
        let command = json!({"id": format!("long-decl-{i:05}"), "type": "decline_payment", "order_id": "o-long",
            "actor": "payment:pg", "reason": "x".repeat(400)});
        Sent::new(0, &command)
    };
    let declines: Vec<Sent> = (0..2_000).map(declined).collect();
    let huge = vec![b'x'; 2 * 1024 * 1024];
    let more = grown(&server, async {
        for some in declines.chunks(100) {
            scene.client.send(some).await;
            for _ in 0..3 {
                scene.client.log_raw(&huge).await;
            }
        }
        scene.client.rest().await;
    })
    .await;
    println!("{more} bytes for a long order and huge entries");
    assert!(more < 96 * MEBIBYTE, "{more} bytes");
    let history = scene.count("SELECT count(*) FROM tb_od_ord_hist WHERE ord_id = 'o-long'").await;
    assert!((40..=60).contains(&history), "{history} rows for one order");
    let dead = super::standing::ask(&scene.redis, &format!("MEMORY USAGE {}:{{0}}:dead", scene.namespace)).await;
    let dead: u64 = redis::from_redis_value(dead).unwrap();
    assert!(dead < 4 * MEBIBYTE, "{dead} bytes of dead letters");

    // of all of it, what is written down is little
    let log = server.log();
    let said = log.lines().count() - lines;
    assert!(said < 300, "{said} lines of log");
    assert!(log.lines().all(|line| line.len() < 2_000), "a line holds what somebody sent");
    assert_eq!(scene.count("SELECT count(*) FROM tb_sy_door_adit").await, rows, "strangers write into the audit");
    // and those who pay are served as ever
    scene.trade("after", 60).await;
    scene.client.rest().await;
    server.ready().await;
}

/// Whoever reads what the database is slow to tell has no connection of the lanes'.
#[tokio::test]
async fn f75_reads_that_hang_keep_no_order_waiting() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let server = scene.server().variable("JUMUN_STORE_TIMEOUT", "1").start();
    server.says("jumun serves").await;
    server.ready().await;
    let resets = server.metric("jumun_lane_resets_total");
    let address = server.address().unwrap();
    // a table that no order is in the way of
    let mut sql = scene.sql().await;
    let mut somebody = sql.begin().await.unwrap();
    somebody.execute("LOCK TABLE tb_od_rvw IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let reading: Vec<_> = (0..24)
        .map(|_| {
            let address = address.clone();
            std::thread::spawn(move || http::ask(&address, "GET", "/v1/reviews", &[], b"").status)
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (begun, mut sold) = (Instant::now(), 0);
    while begun.elapsed() < Duration::from_secs(4) {
        let order = place(&format!("read-{sold:04}"), &format!("o-read-{sold}"), sold, &[("S-1", 1)], true);
        scene.client.accepted(&[Sent::new(0, &order)]).await;
        server.answers("/readyz", 200).await;
        sold += 1;
    }
    somebody.rollback().await.unwrap();
    let statuses: Vec<u16> = reading.into_iter().map(|one| one.join().unwrap()).collect();
    println!("{sold} orders; readers hear {statuses:?}");
    assert!(statuses.contains(&503) && sold > 20, "{sold} orders, no read hung: {statuses:?}");
    assert_eq!(server.metric("jumun_lane_resets_total"), resets);
    scene.holds().await;
}
