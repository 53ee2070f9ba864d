//! What a lane remembers of commands, after resets, restarts, and a database or a lane that went back.

use std::time::Duration;

use jumun::{
    log::{CommandLog as _, Inbound, Outbound},
    protocol::OutcomeKind,
};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use super::{PRICE, Scene, place, settlements};
use crate::support::{
    client::{Client, Sent},
    process::{Served, verify},
    servers,
};

/// A shop on a Redis of its own.
pub(super) async fn on(redis: &servers::Server, partitions: u32) -> Scene {
    let mut scene = Scene::new(partitions).await;
    scene.redis = redis.url().to_owned();
    scene.client = Client::new(redis.url(), &scene.namespace, partitions).await;
    scene
}

/// Redis writes down what it has, to be found again by the next start.
pub(super) async fn saved(redis: &servers::Server) {
    super::standing::ask(redis.url(), "SAVE").await;
}

/// How the memory of a lane is put to the test.
#[derive(Clone, Copy, Debug)]
enum How {
    /// the process is killed and started again
    Restart,
    /// the committer's connection is cut: the lane is reset
    Reset,
}

async fn forgets(scene: &Scene, server: &mut Served, how: How) {
    match how {
        How::Restart => {
            server.kill9();
            *server = scene.server().start();
            server.ready().await;
        }
        How::Reset => {
            let others = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                          WHERE datname = current_database() AND pid <> pg_backend_pid()";
            assert!(scene.count(others).await > 0, "nothing was cut");
            scene.trade("reset", 4).await;
            scene.client.rest().await;
        }
    }
}

/// The answers to a command, in order: the outcome and the reason.
async fn told(scene: &Scene, id: &str) -> Vec<(OutcomeKind, Option<String>)> {
    let all = scene.client.answers().await;
    all.into_iter().filter(|a| *a.command_id == *id).map(|a| (a.outcome, a.reason.map(|r| r.to_string()))).collect()
}

/// Sends these again and waits for that many answers to each.
async fn again(scene: &Scene, commands: &[Sent], answers: usize) {
    scene.client.send(commands).await;
    scene.client.rest().await;
    for c in commands {
        let told = told(scene, &c.id).await;
        assert_eq!(told.len(), answers, "{}: {told:?}", c.id);
    }
}

/// A database as it was.
struct Backup {
    admin: PgConnection,
    name: String,
}

impl Backup {
    async fn of(scene: &Scene) -> Self {
        let name = scene.database.rsplit('/').next().and_then(|n| n.split('?').next()).expect("a name").to_owned();
        let mut admin = PgConnection::connect(&servers::postgres_url()).await.expect("the admin URL connects");
        admin.execute(AssertSqlSafe(format!("CREATE DATABASE {name}_old TEMPLATE {name}"))).await.expect("a backup");
        Self { admin, name }
    }

    /// It comes back; that cuts every connection.
    async fn restored(mut self) {
        let name = &self.name;
        for sql in [format!("DROP DATABASE {name} WITH (FORCE)"), format!("CREATE DATABASE {name} TEMPLATE {name}_old")]
        {
            self.admin.execute(AssertSqlSafe(sql)).await.expect("it is restored");
        }
    }
}

/// Kinds of commands that a database restored to an older time has lost: placements paid and not, stock, an order's own
/// command, reference data. Redis has their accepted answers still.
async fn lost_by_the_database(how: How) {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let mut server = scene.server().start();
    server.ready().await;
    let place = |id: &str, paid: bool| Sent::new(0, &place(id, &format!("o-{id}"), 1, &[("S-1", 2)], paid));
    scene.client.accepted(&[place("kept-unpaid", false)]).await;
    scene.trade("before", 20).await;
    scene.client.rest().await;
    server.kill9();
    let backup = Backup::of(&scene).await;
    let mut server = scene.server().start();
    server.ready().await;
    let paid = json!({"id": "lost-pay", "type": "approve_payment", "actor": "payment:pg", "order_id": "o-kept-unpaid",
        "settlements": settlements("o-kept-unpaid", 2 * PRICE)});
    let stock = json!({"id": "lost-stock", "type": "receive_stock", "actor": "operator:test", "sku_id": "S-2",
        "quantity": 7});
    let partner = json!({"id": "lost-partner", "type": "create_partner", "actor": "operator:test",
        "partner_id": "p-new", "name": "n", "kind": "wholesaler"});
    let mut lost = vec![place("lost-paid", true), place("lost-unpaid", false)];
    lost.extend([paid, stock, partner].iter().map(|c: &Value| Sent::new(0, c)));
    scene.client.accepted(&lost).await;
    scene.client.rest().await;
    if matches!(how, How::Restart) {
        server.kill9();
    }
    backup.restored().await;
    if matches!(how, How::Restart) {
        server = scene.server().start();
    }
    let row = "SELECT count(*) FROM tb_od_ord WHERE ord_id IN ('o-lost-paid', 'o-lost-unpaid')";
    assert_eq!(scene.count(row).await, 0, "nothing was lost");
    // by this an operator knows what to have sent again
    let (status, report) = verify(&scene.server());
    let named =
        |c: &Sent| report.contains(&format!("command {}: answered as accepted, but nothing of it is committed", c.id));
    assert!(status == Some(1) && lost.iter().all(named), "{report}");
    again(&scene, &lost, 2).await;
    let (_, report) = verify(&scene.server());
    assert!(!report.contains("but nothing of it is committed"), "{report}");
    for c in &lost {
        let told = told(&scene, &c.id).await;
        assert!(told.iter().all(|t| t.0 == OutcomeKind::Accepted), "{}: {told:?}", c.id);
    }
    assert_eq!(scene.count(row).await, 2, "a retry was told of an order that is not there");
    let ordered = "SELECT count(*) FROM tb_od_ord WHERE ord_id = 'o-kept-unpaid' AND ord_stat_cd = 'ORDERED'";
    assert_eq!(scene.count(ordered).await, 1);
    assert_eq!(scene.count("SELECT count(*) FROM tb_sy_cmd WHERE cmd_id = 'lost-partner'").await, 1);
    assert_eq!(
        scene.count("SELECT count(*) FROM tb_pd_unt_ldgr WHERE unt_id = 'S-2' AND cmd_id = 'lost-stock'").await,
        1
    );
    // and what is there again is not decided a third time
    again(&scene, &lost, 3).await;
    assert_eq!(
        scene.count("SELECT count(*) FROM tb_pd_unt_ldgr WHERE unt_id = 'S-2' AND cmd_id = 'lost-stock'").await,
        1
    );
    drop(server);
}

#[tokio::test]
async fn f64_a_retry_of_what_a_restored_database_lost_is_decided_again() {
    lost_by_the_database(How::Restart).await;
}

#[tokio::test]
async fn f64_the_same_while_the_lane_lives() {
    lost_by_the_database(How::Reset).await;
}

#[tokio::test]
async fn f64_a_database_and_a_redis_restored_to_one_time_are_whole() {
    let mut redis = servers::start_redis(&[]);
    let mut scene = on(&redis, 1).await;
    scene.usual().await;
    let mut server = scene.server().start();
    server.ready().await;
    scene.trade("before", 40).await;
    scene.client.rest().await;
    server.kill9();
    saved(&redis).await;
    let backup = Backup::of(&scene).await;
    let mut server = scene.server().start();
    server.ready().await;
    let lost: Vec<Sent> = scene.traffic("lost", 40);
    scene.client.send(&lost).await;
    scene.client.rest().await;
    server.kill9();
    backup.restored().await;
    redis.kill9();
    redis.restart();
    let server = scene.server().start();
    server.ready().await;
    assert_eq!(scene.count("SELECT count(*) FROM tb_od_ord WHERE ord_id LIKE 'o-lost-%'").await, 0, "nothing was lost");
    again(&scene, &lost, 1).await;
    let (status, report) = verify(&scene.server());
    assert_eq!(status, Some(0), "{report}");
    drop(server);
}

/// A refusal is told again: sold out, an amount, another order's id, a limit; behind more answers than a page of the stream.
async fn refused_still(how: How) {
    const OTHERS: usize = 1_200;
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let mut server = scene.server().start();
    server.ready().await;
    let order = |id: &str, units: u32| Sent::new(0, &place(id, &format!("o-{id}"), 1, &[("S-0", units)], true));
    let unpaid = Sent::new(0, &place("unpaid-00", "o-unpaid", 2, &[("S-1", 1)], false));
    scene.client.accepted(&[unpaid]).await;
    let wrong = json!({"id": "wrong-amount", "type": "approve_payment", "actor": "buyer:u-2", "order_id": "o-unpaid",
        "settlements": settlements("o-unpaid", 1)});
    let nobody =
        json!({"id": "no-order-0", "type": "cancel_lines", "actor": "buyer:u-2", "order_id": "o-none", "lines": [1]});
    let refused = vec![order("too-many-0", 41), Sent::new(0, &wrong), Sent::new(0, &nobody)];
    scene.client.send(&refused).await;
    scene.client.rest().await;
    let first: Vec<_> = futures_util::future::join_all(refused.iter().map(|c| told(&scene, &c.id))).await;
    assert!(first.iter().all(|t| t.len() == 1 && t[0].0 == OutcomeKind::Rejected), "{first:?}");
    // one answer an entry, as at a low rate
    let entries = || async { scene.client.all(&Outbound::Answers).await.len() };
    let (before, mut n) = (entries().await, 0);
    while entries().await < before + OTHERS {
        let other = |i: usize| json!({"id": format!("other-{i:05}"), "type": "cancel_payment", "actor": "buyer:u-9", "order_id": "o-x"});
        let some: Vec<Sent> = (n..n + 200).map(|i| Sent::new(0, &other(i))).collect();
        scene.client.trickle(&some, 1, Duration::from_millis(1)).await;
        n += some.len();
    }
    scene.client.rest().await;
    forgets(&scene, &mut server, how).await;
    // what they were refused for is gone
    let stock = json!({"id": "stock-came", "type": "receive_stock", "actor": "operator:test", "sku_id": "S-0", "quantity": 100});
    scene.client.accepted(&[Sent::new(0, &stock)]).await;
    scene.received.iter_mut().filter(|r| r.0 == "S-0").for_each(|r| r.1 += 100);
    again(&scene, &refused, 2).await;
    for (c, first) in refused.iter().zip(&first) {
        let told = told(&scene, &c.id).await;
        assert_eq!(told[1], first[0], "{how:?}: the answer to {} has flipped", c.id);
    }
    scene.holds().await;
}

#[tokio::test]
async fn f65_a_refusal_stands_after_a_restart() {
    refused_still(How::Restart).await;
}

#[tokio::test]
async fn f65_a_refusal_stands_after_a_reset() {
    refused_still(How::Reset).await;
}

#[tokio::test]
async fn f67_a_command_passed_on_twice_is_answered_once() {
    let mut scene = Scene::new(2).await;
    let (near, far) = (sku_of(0), sku_of(1));
    let setting = scene.server();
    let mut server = scene.stocked(&setting, &[(&near, 1_000), (&far, 1_000)]).await;
    // a lane that crashed between passing on and acknowledging passes on again
    let passed = |origin: &str, command: &Sent| {
        let step = json!({"type": "passed_on", "at_ms": 1_790_000_000_000_u64, "hops": 1, "origin": origin,
            "command": command.json});
        std::sync::Arc::<[u8]>::from(step.to_string().into_bytes())
    };
    let twice = |origin: &'static str, command: &Sent| {
        let (step, log) = (passed(origin, command), &scene.client.log);
        async move { log.append(0, Inbound::Internal, &[step.clone(), step]).await.expect("it is passed on") }
    };
    let order = |id: &str, lines: &[(&str, u32)]| Sent::new(0, &place(id, &format!("o-{id}"), 1, lines, true));
    // an order over two lanes waits for the other one, which stands still
    let waits = order("waits-00", &[(&near, 1), (&far, 1)]);
    let lock = stands(&scene, &far).await;
    twice("1790000000000-1", &waits).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(told(&scene, "waits-00").await.len(), 0, "the other lane did not stand still");
    drop(lock);
    scene.client.rest().await;
    assert_eq!(told(&scene, "waits-00").await.len(), 1);
    // retries of an accepted and of a refused one, and other content under an id
    let (good, bad) = (order("good-000", &[(&near, 1)]), order("bad-0000", &[(&near, 2_000)]));
    let other = Sent { json: order("good-000", &[(&near, 3)]).json, ..good.clone() };
    scene.client.send(&[good.clone(), bad.clone()]).await;
    scene.client.rest().await;
    let retries = [("1790000000000-2", &good), ("1790000000000-3", &bad), ("1790000000000-4", &other)];
    for (origin, command) in retries {
        twice(origin, command).await;
    }
    scene.client.rest().await;
    let counts = async |scene: &Scene| (told(scene, "good-000").await.len(), told(scene, "bad-0000").await.len());
    assert_eq!(counts(&scene).await, (3, 2), "an entry was answered twice");
    server.kill9();
    let server = setting.start();
    server.ready().await;
    for (origin, command) in retries {
        let step = passed(origin, command);
        scene.client.log.append(0, Inbound::Internal, &[step]).await.expect("it is passed on");
    }
    scene.client.rest().await;
    assert_eq!(counts(&scene).await, (3, 2), "after a restart an entry was answered a second time");
}

/// A lock on a SKU's row: its lane stands still until it goes.
async fn stands(scene: &Scene, sku: &str) -> PgConnection {
    let mut lock = scene.sql().await;
    let sql = format!("BEGIN; SELECT 1 FROM tb_pd_unt WHERE unt_id = '{sku}' FOR UPDATE");
    lock.execute(AssertSqlSafe(sql)).await.expect("a lock");
    lock
}

#[tokio::test]
async fn f67_what_was_passed_on_and_waits_is_answered_after_redis_came_back() {
    let mut redis = servers::start_redis(&["--appendonly", "yes", "--appendfsync", "always"]);
    let mut scene = on(&redis, 2).await;
    let (near, far) = (sku_of(0), sku_of(1));
    let setting = scene.server();
    let server = scene.stocked(&setting, &[(&near, 1_000), (&far, 1_000)]).await;
    let lock = stands(&scene, &far).await;
    // to the wrong lane, over both
    let waits = Sent::new(1, &place("astray-00", "o-astray-00", 1, &[(&near, 1), (&far, 1)], true));
    scene.client.send(std::slice::from_ref(&waits)).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(told(&scene, "astray-00").await.len(), 0, "the other lane did not stand still");
    redis.kill9();
    redis.restart();
    // it is handed out again, and must not be taken for a second passing-on
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    drop(lock);
    scene.holds().await;
    assert_eq!(told(&scene, "astray-00").await.len(), 1);
    drop(server);
}

#[tokio::test]
async fn f66_one_id_for_two_orders_over_lanes_resets_nothing() {
    let mut scene = Scene::new(2).await;
    let (near, far) = (sku_of(0), sku_of(1));
    let setting = scene.server();
    let server = scene.stocked(&setting, &[(&near, 1_000), (&far, 1_000)]).await;
    let order = |i: usize, which: &str| {
        let id = format!("twice-{i:04}");
        Sent::new(0, &place(&id, &format!("o-{which}-{i}"), i, &[(&near, 1), (&far, 1)], true))
    };
    let orders: Vec<Sent> = (0..40).flat_map(|i| [order(i, "a"), order(i, "b")]).collect();
    scene.client.send(&orders).await;
    scene.holds().await;
    for i in 0..40 {
        let told = told(&scene, &format!("twice-{i:04}")).await;
        let accepted = told.iter().filter(|t| t.0 == OutcomeKind::Accepted).count();
        assert_eq!((told.len(), accepted), (2, 1), "{told:?}");
    }
    assert!(server.metric("jumun_lane_resets_total") < 1.0, "{}", server.log());
    assert!(server.metric("jumun_batch_retries_total") < 1.0, "{}", server.log());
}

#[tokio::test]
async fn f57_at_maxmemory_orders_over_lanes_and_commands_passed_on_drain() {
    let private = servers::start_redis(&[]);
    let mut scene = on(&private, 2).await;
    let (near, far) = (sku_of(0), sku_of(1));
    let setting = scene.server();
    let mut server = scene.stocked(&setting, &[(&near, 1_000), (&far, 1_000)]).await;
    scene.client.rest().await;
    server.kill9();
    let order = |i: usize| {
        let id = format!("full-{i:04}");
        // a third over both lanes, a third at the wrong one
        let lines: &[(&str, u32)] = if i.is_multiple_of(3) { &[(&near, 1), (&far, 1)] } else { &[(&near, 1)] };
        Sent::new(u32::from(i % 3 == 1), &place(&id, &format!("o-{id}"), i, lines, true))
    };
    let orders: Vec<Sent> = (0..300).map(order).collect();
    scene.client.send(&orders).await;
    let client = redis::Client::open(private.url()).expect("a URL");
    let mut connection = client.get_multiplexed_async_connection().await.expect("redis answers");
    let mut full = redis::cmd("CONFIG");
    full.arg("SET").arg(&["maxmemory-policy", "noeviction", "maxmemory", "1mb"]);
    full.exec_async(&mut connection).await.expect("it is set");
    let full = scene.client.log.append(0, Inbound::Commands, &[b"{}".as_slice().into()]).await;
    assert!(matches!(full, Err(jumun::log::LogError::Full(_))), "{full:?}");
    let server = setting.start();
    server.ready().await;
    scene.client.rest().await;
    let outcomes = scene.client.outcomes().await;
    assert!(orders.iter().all(|o| outcomes[&o.id].outcome == OutcomeKind::Accepted));
    scene.holds().await;
    drop((server, private));
}

/// A SKU of this lane, of two.
pub(super) fn sku_of(lane: u32) -> String {
    (0..).map(|i| format!("M-{i}")).find(|sku| jumun::log::crc16::partition_of(sku, 2) == lane).expect("there is one")
}

/// Every event of the database is in the stream.
pub(super) async fn published(scene: &Scene) {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT ord_id, hist_no FROM tb_od_ord_hist WHERE ord_id NOT LIKE '~%'")
            .fetch_all(&mut scene.sql().await)
            .await
            .expect("the history");
    let begun = std::time::Instant::now();
    loop {
        let entries = scene.client.all(&Outbound::Events).await;
        let events: Vec<Value> =
            entries.iter().flat_map(|e| serde_json::from_str::<Vec<Value>>(&e.json).expect("events")).collect();
        let ids: std::collections::HashSet<&str> = events.iter().filter_map(|e| e["event_id"].as_str()).collect();
        let missing = rows.iter().filter(|(order, no)| !ids.contains(&*format!("{order}/{no}"))).count();
        if missing == 0 {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{missing} of {} events were never published", rows.len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Redis comes back as it was a while ago, or empty, under a server that runs on or was killed too.
async fn an_older_redis(kill: bool, empty: bool) {
    let mut redis = servers::start_redis(&["--appendonly", "no"]);
    let mut scene = on(&redis, 1).await;
    scene.usual().await;
    let mut server = scene.server().start();
    server.ready().await;
    scene.trade("kept", 60).await;
    scene.client.rest().await;
    if !empty {
        saved(&redis).await;
    }
    scene.trade("lost", 60).await;
    let lost = scene.traffic("lost", 60);
    scene.client.rest().await;
    let before = scene.client.all(&Outbound::Events).await.len();
    if kill {
        server.kill9();
    }
    redis.kill9();
    redis.restart();
    if kill {
        let entries = scene.client.all(&Outbound::Events).await.len();
        assert!(entries < before, "nothing was lost: {entries} of {before}");
        server = scene.server().start();
    }
    server.says("they are published again").await;
    published(&scene).await;
    scene.trade("after", 20).await;
    scene.client.rest().await;
    published(&scene).await;
    // what docs/operate/operations.md says: answers are lost for good, and what is older than all that are left is not looked at
    let (code, report) = verify(&scene.server());
    if empty {
        assert_eq!(code, Some(0), "{report}");
        return;
    }
    only_answers_are_missing(code, &report);
    // sent again, each is told what was done
    let outcomes = scene.client.outcomes().await;
    let again: Vec<Sent> = lost.iter().filter(|c| !outcomes.contains_key(&c.id)).cloned().collect();
    assert!(again.len() > 30, "{} of {} are lost", again.len(), lost.len());
    scene.client.send(&again).await;
    scene.client.rest().await;
    let (code, report) = verify(&scene.server());
    assert_eq!(code, Some(0), "{report}");
}

/// `jumun verify` finds answers that are gone, and nothing else.
pub(super) fn only_answers_are_missing(code: Option<i32>, report: &str) {
    assert_eq!(code, Some(1), "{report}");
    assert!(report.contains("committed (entry ") && report.contains("and never answered"), "{report}");
    let red: Vec<&str> = report.lines().filter(|line| line.contains("VIOLATED")).collect();
    assert!(red.len() == 1 && red[0].starts_with("R1"), "{report}");
}

#[tokio::test]
async fn f68_events_that_an_older_redis_has_lost_are_published_again() {
    an_older_redis(false, false).await;
}

#[tokio::test]
async fn f68_the_same_after_a_restart() {
    an_older_redis(true, false).await;
}

#[tokio::test]
async fn f68_the_same_where_redis_lost_everything() {
    an_older_redis(true, true).await;
}
