//! A lane never ends by itself: whatever Redis or PostgreSQL says, it says so, tries again, and goes on.

use std::time::Duration;

use redis::Value;
use sqlx::Executor as _;

use super::Scene;
use crate::support::{
    client::{Client, Sent},
    process::Served,
    servers,
};

/// Asks Redis itself.
pub(super) async fn ask(url: &str, line: &str) -> Value {
    let client = redis::Client::open(url).unwrap();
    // a disk may be slow; the library's own patience is half a second
    let patience = redis::AsyncConnectionConfig::new().set_response_timeout(Some(Duration::from_secs(20)));
    let mut connection = client.get_multiplexed_async_connection_with_config(&patience).await.unwrap();
    let mut words = line.split(' ');
    let mut cmd = redis::cmd(words.next().unwrap());
    words.for_each(|word| {
        cmd.arg(word);
    });
    cmd.query_async(&mut connection).await.unwrap_or_else(|e| panic!("{line}: {e}"))
}

/// A shop on a Redis of its own.
pub(super) async fn on_redis(redis: &servers::Server) -> Scene {
    let mut scene = Scene::new(1).await;
    redis.url().clone_into(&mut scene.redis);
    scene.client = Client::new(&scene.redis, &scene.namespace, 1).await;
    scene
}

/// One order more is taken.
pub(super) async fn sells(scene: &Scene, tag: &str) {
    let order = super::place(&format!("{tag}-sells"), &format!("o-{tag}"), 1, &[("S-1", 1)], true);
    scene.client.accepted(&[Sent::new(0, &order)]).await;
}

#[tokio::test]
async fn f53_what_a_start_can_not_read_is_asked_for_again() {
    let redis = servers::start_redis(&[]);
    let mut scene = on_redis(&redis).await;
    scene.usual().await;
    // the outbox is not there, then the answers are no stream
    scene.sql().await.execute("ALTER TABLE tb_sy_otbx RENAME TO away").await.unwrap();
    let mut server = scene.server().start();
    server.says("reading the outbox failed; trying again").await;
    server.not_ready("what a start needs can't be read").await;
    scene.sql().await.execute("ALTER TABLE away RENAME TO tb_sy_otbx").await.unwrap();
    server.ready().await;
    sells(&scene, "outbox").await;
    scene.client.rest().await;
    server.kill9();
    let answers = format!("{}:{{0}}:answers", scene.namespace);
    ask(&scene.redis, &format!("RENAME {answers} kept")).await;
    ask(&scene.redis, &format!("SET {answers} x")).await;
    let server = scene.server().start();
    server.says("reading the last answers failed; trying again").await;
    server.not_ready("what a start needs can't be read (WRONGTYPE)").await;
    ask(&scene.redis, &format!("RENAME kept {answers}")).await;
    server.ready().await;
    scene.trade("after", 60).await;
    scene.holds().await;
}

#[tokio::test]
async fn f53_a_lane_whose_loop_breaks_is_started_again() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let failing = "before_commit=4*off->1*panic(by the test)->6*off->1*panic(by the test)->off;\
        before_settle=9*off->1*panic(by the test)->off;look_for_due=2*off->1*panic(by the test)->off";
    let server = scene.server().failing(failing).start();
    server.ready().await;
    scene.trade_until(&server, &[("the lane ended by a fault; it is started again", 4), ("the timer broke", 1)]).await;
    scene.holds().await;
    server.ready().await;
}

/// What Redis says for a second or two while it is well: none of it is the end of a partition.
#[tokio::test]
async fn f55_odd_words_of_redis_pass() {
    let redis = servers::start_redis(&["--protected-mode", "no"]);
    let mut scene = on_redis(&redis).await;
    scene.usual().await;
    let server = scene.server().start();
    server.ready().await;
    let commands = format!("{}:{{0}}:commands", scene.namespace);
    let no_stream = [format!("RENAME {commands} kept"), format!("SET {commands} x")];
    let a_stream = [format!("DEL {commands}"), format!("RENAME kept {commands}")];
    let lines = |lines: &[&str]| lines.iter().map(|&l| l.to_owned()).collect::<Vec<_>>();
    let odd: [(&str, Vec<String>, Vec<String>, &str); 6] = [
        (
            "no right to read",
            lines(&["ACL SETUSER default -xreadgroup"]),
            lines(&["ACL SETUSER default +@all"]),
            "NOPERM",
        ),
        ("no right to a clock", lines(&["ACL SETUSER default -time"]), lines(&["ACL SETUSER default +@all"]), "NOPERM"),
        ("no stream", no_stream.to_vec(), a_stream.to_vec(), "WRONGTYPE"),
        ("a replica", lines(&["REPLICAOF 127.0.0.1 1"]), lines(&["REPLICAOF NO ONE"]), "READONLY"),
        (
            "no replicas",
            lines(&["CONFIG SET min-replicas-to-write 1"]),
            lines(&["CONFIG SET min-replicas-to-write 0"]),
            "NOREPLICAS",
        ),
        (
            "no room for clients",
            lines(&["CONFIG SET maxclients 1", "CLIENT KILL TYPE normal SKIPME yes"]),
            lines(&["CONFIG SET maxclients 1000"]),
            "",
        ),
    ];
    for (i, (what, odd, right, code)) in odd.iter().enumerate() {
        // one connection for both, which has its place whatever becomes of others
        let client = redis::Client::open(&*scene.redis).unwrap();
        let mut admin = client.get_multiplexed_async_connection().await.unwrap();
        say(&mut admin, odd).await;
        server.not_ready(code).await;
        tokio::time::sleep(Duration::from_millis(600)).await;
        say(&mut admin, right).await;
        sells(&scene, &format!("odd-{i}")).await;
        server.ready().await;
        assert!(!server.log().contains("the lane ended by a fault"), "{what}: {}", server.log());
    }
    scene.trade("after", 60).await;
    scene.holds().await;
}

async fn say(admin: &mut redis::aio::MultiplexedConnection, lines: &[String]) {
    for line in lines {
        let mut words = line.split(' ');
        let mut cmd = redis::cmd(words.next().unwrap());
        words.for_each(|word| {
            cmd.arg(word);
        });
        let _: Value = cmd.query_async(admin).await.unwrap_or_else(|e| panic!("{line}: {e}"));
    }
}

/// Keys that go while they are being read: the groups are made again, and so is what producers look for.
#[tokio::test]
async fn f56_keys_that_go_while_they_are_read_are_made_again() {
    let redis = servers::start_redis(&[]);
    let mut scene = on_redis(&redis).await;
    scene.usual().await;
    let server = scene.server().start();
    server.ready().await;
    let commands = format!("{}:{{0}}:commands", scene.namespace);
    let gone = [
        "FLUSHALL".to_owned(),
        format!("DEL {commands}"),
        format!("RENAME {commands} elsewhere"),
        "SWAPDB 0 5".to_owned(),
        "CLIENT UNBLOCK READER ERROR".to_owned(),
    ];
    for (i, line) in gone.iter().enumerate() {
        let reader = reads(&scene).await;
        ask(&scene.redis, &line.replace("READER", &reader)).await;
        sells(&scene, &format!("gone-{i}")).await;
        scene.client.rest().await;
        server.ready().await;
        assert!(!server.log().contains("the lane ended by a fault"), "{line}: {}", server.log());
    }
    let meta = ask(&scene.redis, &format!("HGET {}:meta partitions", scene.namespace)).await;
    assert_eq!(meta, Value::BulkString(b"1".to_vec()), "fault 70: producers find the partitions");
}

/// Waits until the lane waits for commands; which client it is.
async fn reads(scene: &Scene) -> String {
    for _ in 0..500 {
        let list: String = redis::from_redis_value(ask(&scene.redis, "CLIENT LIST").await).unwrap();
        let blocked = |l: &&str| l.contains("cmd=xreadgroup") && l.contains("flags=b");
        if let Some(line) = list.lines().find(blocked) {
            return line.trim_start_matches("id=").split(' ').next().unwrap().to_owned();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nobody reads");
}

/// A lane that can do nothing says so, gives its lease back, and asks to be started anew; and goes on when it can.
#[tokio::test]
async fn f55_a_lane_that_does_not_move_says_so() {
    let redis = servers::start_redis(&[]);
    let mut scene = on_redis(&redis).await;
    scene.usual().await;
    let server = scene.server().variable("JUMUN_STALL_TIMEOUT", "4").start();
    server.ready().await;
    // reading goes on, nothing can be acknowledged
    ask(&scene.redis, "ACL SETUSER default -xack").await;
    let order = Sent::new(0, &super::place("stuck-place", "o-stuck", 1, &[("S-1", 1)], true));
    scene.client.send(std::slice::from_ref(&order)).await;
    server.not_ready("answers can't be given").await;
    server.says("the lane has work and does not move: its lease is given back").await;
    server.health(503).await;
    ask(&scene.redis, "ACL SETUSER default +@all").await;
    scene.client.wait(&["stuck-place"]).await;
    server.ready().await;
    server.health(200).await;
    scene.holds().await;
    quiet(&server);
}

/// What lasts is said now and then, not at every try.
pub(super) fn quiet(server: &Served) {
    let log = server.log();
    assert!(log.lines().count() < 400, "{} lines of log: {log}", log.lines().count());
}

/// A partition that stands still in both processes: each gives it to the other now and then, and that is no movement.
#[tokio::test]
async fn f55_a_lane_that_moves_in_no_process_makes_one_of_them_ask_for_a_restart() {
    let redis = servers::start_redis(&[]);
    let mut scene = on_redis(&redis).await;
    scene.usual().await;
    let start = |name: &str| scene.server().named(name).variable("JUMUN_STALL_TIMEOUT", "4").start();
    let servers = [start("a"), start("b")];
    servers[0].says("the lane starts").await;
    servers[1].says("another process owns the partition; waiting").await;
    ask(&scene.redis, "ACL SETUSER default -xack").await;
    let order = Sent::new(0, &super::place("stuck-place", "o-stuck", 1, &[("S-1", 1)], true));
    scene.client.send(std::slice::from_ref(&order)).await;
    tokio::select! {
        () = servers[0].health(503) => {}
        () = servers[1].health(503) => {}
    }
    let given_back = "the lane has work and does not move: its lease is given back";
    assert!(servers.iter().all(|s| s.log().contains(given_back)), "it stood in one process only");
    // and stays so, whoever has it
    let red = || servers.iter().filter(|s| s.status("/healthz") == Some(503)).count();
    for _ in 0..30 {
        assert!(red() > 0, "{}{}", servers[0].log(), servers[1].log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    ask(&scene.redis, "ACL SETUSER default +@all").await;
    scene.client.wait(&["stuck-place"]).await;
    for server in &servers {
        server.health(200).await;
        quiet(server);
    }
    scene.holds().await;
}

/// Beside an owner that works, or has nothing to do, a stand-by is well, for longer than one may stand still; and when its turn
/// comes, it is given its whole time.
#[tokio::test]
async fn f55_a_stand_by_is_well_beside_an_owner_that_is() {
    const STUCK: u64 = 5;
    let redis = servers::start_redis(&[]);
    let mut scene = on_redis(&redis).await;
    scene.usual().await;
    let start = |name: &str| scene.server().named(name).variable("JUMUN_STALL_TIMEOUT", &STUCK.to_string()).start();
    let mut owner = start("a");
    owner.ready().await;
    let stand_by = start("b");
    stand_by.says("another process owns the partition; waiting").await;
    let well = |server: &Served| assert_eq!(server.status("/healthz"), Some(200), "{}", server.log());
    let begun = std::time::Instant::now();
    let mut round = 0;
    while begun.elapsed() < Duration::from_millis(STUCK * 1_000 + 500) {
        scene.trade(format!("busy{round}"), 60).await;
        well(&stand_by);
        round += 1;
    }
    // now nobody can give answers, and the stand-by has its turn: what it has stood by for counts for nothing
    ask(&scene.redis, "ACL SETUSER default -xack").await;
    owner.kill9();
    scene.client.send(&[Sent::new(0, &super::place("turn-place", "o-turn", 1, &[("S-1", 1)], true))]).await;
    stand_by.says("the lane has work and does not move: its lease is given back").await;
    well(&stand_by);
    ask(&scene.redis, "ACL SETUSER default +@all").await;
    stand_by.ready().await;
    well(&stand_by);
    scene.holds().await;
}

/// The same where there is nothing to do at all.
#[tokio::test]
async fn f55_a_stand_by_is_well_beside_an_owner_that_is_idle() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let start = |name: &str| scene.server().named(name).variable("JUMUN_STALL_TIMEOUT", "2").start();
    let (owner, stand_by) = (start("a"), start("b"));
    let begun = std::time::Instant::now();
    while owner.address().is_none() || stand_by.address().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(20), "they do not start");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for _ in 0..35 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        for server in [&owner, &stand_by] {
            assert_eq!(server.status("/healthz"), Some(200), "{}", server.log());
        }
    }
    sells(&scene, "idle").await;
    scene.holds().await;
}
