//! Clocks that jump: of Redis, by which commands are decided, and of PostgreSQL, by which leases run out.

use std::time::{Duration, Instant};

use jumun::{
    clock::{Clock as _, RealClock},
    domain::Time,
};

use super::{
    Scene, place,
    standing::{on_redis, sells},
};
use crate::support::{
    client::Sent,
    clock::Clock,
    servers::{self, fresh_database_on},
};

const HOUR: i64 = 3_600;
/// What is in the streams is kept by Redis's clock, too.
const KEPT: [&str; 4] = ["--keep-answers", "86400", "--keep-events", "86400"];

/// How many orders are in this state.
async fn count(scene: &Scene, status: &'static str) -> i64 {
    let query = "SELECT count(*) FROM tb_od_ord WHERE ord_stat_cd = $1";
    sqlx::query_scalar(query).bind(status).fetch_one(&mut scene.sql().await).await.unwrap()
}

/// Unpaid orders wait for half an hour by both clocks, the log's and the server's own: one that jumps ahead expires nobody's order,
/// and one that goes back decides at its own time, whatever the ids of its entries say.
#[tokio::test]
async fn f63_a_clock_of_redis_that_jumps_expires_no_order_early() {
    let clock = Clock::new();
    let redis = servers::start_redis_under(&clock.under(), &[]);
    let mut scene = on_redis(&redis).await;
    scene.usual().await;
    let server = scene.server().with(&KEPT).start();
    server.ready().await;
    let unpaid = |tag: &str| -> Vec<Sent> {
        let one = |i: usize| place(&format!("{tag}-{i:05}"), &format!("o-{tag}-{i}"), i, &[("S-1", 1)], false);
        (0..10).map(|i| Sent::new(0, &one(i))).collect()
    };
    scene.client.accepted(&unpaid("right")).await;
    for (round, ahead) in [HOUR, 0, -HOUR, 0].into_iter().enumerate() {
        clock.jumps(ahead);
        // traffic carries the lane's time along, and then there is none
        sells(&scene, &format!("jump{round}")).await;
        scene.client.accepted(&unpaid(&format!("jump{round}"))).await;
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        assert_eq!(count(&scene, "PAYMENT_EXPIRED").await, 0, "the clock is {ahead} s ahead: {}", server.log());
        server.ready().await;
        // behind or right again, decided times are right, too, though the newest ids are an hour ahead
        let query = "SELECT hist_dttm FROM tb_od_ord_hist WHERE ord_id = $1";
        let order = format!("o-jump{round}-0");
        let at: Time = sqlx::query_scalar(query).bind(order).fetch_one(&mut scene.sql().await).await.unwrap();
        let off = (RealClock.now() - at).num_seconds() + ahead.max(0);
        assert!((0..60).contains(&off), "the clock is {ahead} s ahead, decided {off} s ago");
    }
    assert_eq!(count(&scene, "PAYMENT_PENDING").await, 50);
    scene.holds().await;
}

/// Deadlines are kept when both clocks have come to them.
#[tokio::test]
async fn f63_orders_expire_at_their_time_beside_a_clock_of_redis_that_jumps() {
    let clock = Clock::new();
    let redis = servers::start_redis_under(&clock.under(), &[]);
    let mut scene = on_redis(&redis).await;
    scene.usual().await;
    let server = scene.server().with(&KEPT).with(&["--payment-window", "4"]).start();
    server.ready().await;
    let order = Sent::new(0, &place("expires-0", "o-expires", 1, &[("S-1", 1)], false));
    let begun = Instant::now();
    scene.client.accepted(&[order]).await;
    clock.jumps(HOUR);
    while count(&scene, "PAYMENT_EXPIRED").await == 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "it does not expire");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(begun.elapsed() >= Duration::from_millis(3_900), "it expired after {:?}", begun.elapsed());
    server.ready().await;
    scene.holds().await;
}

/// An owner dies, and its lease seems to last for an hour more, or has run out long ago.
#[tokio::test]
async fn f63_a_clock_of_postgresql_that_jumps_keeps_no_stand_by_waiting() {
    let clock = Clock::new();
    let postgres = servers::start_postgres_under(&clock.under(), &[]);
    let mut scene = Scene::on(fresh_database_on(postgres.url()).await, 1).await;
    scene.usual().await;
    let mut owner = scene.server().start();
    owner.ready().await;
    scene.trade("before", 40).await;
    let mut names = ["b", "c", "d", "e"].into_iter();
    for ahead in [-HOUR, 0, HOUR, -3 * HOUR] {
        let mut next = scene.server().named(names.next().unwrap()).start();
        next.says("another process owns the partition; waiting").await;
        scene.client.rest().await;
        // in this order: nobody has renewed it since
        owner.signal("STOP");
        clock.jumps(ahead);
        owner.kill9();
        let begun = Instant::now();
        sells(&scene, &format!("by{}", ahead.unsigned_abs())).await;
        let waited = begun.elapsed();
        assert!(waited < Duration::from_secs(12), "the clock is {ahead} s ahead: {waited:?}: {}", next.log());
        next.ready().await;
        std::mem::swap(&mut owner, &mut next);
    }
    // an owner that lives is not robbed of it, wherever the clock goes
    let mut other = scene.server().named("f").start();
    other.says("another process owns the partition; waiting").await;
    let epoch = scene.count("SELECT epch FROM tb_sy_lane").await;
    clock.jumps(-5 * HOUR);
    scene.trade("robbed", 120).await;
    assert_eq!(scene.count("SELECT epch FROM tb_sy_lane").await, epoch, "{}", other.log());
    scene.holds().await;
    other.kill9();
}

/// The clock of one of two processes is an hour ahead, then an hour behind: it decides at the log's time as the other one would,
/// expires nothing early, keeps its lease from nobody, takes nobody's, and takes over what is left.
#[tokio::test]
async fn f30_a_process_whose_own_clock_is_an_hour_off_decides_and_owns_as_the_others_do() {
    let clock = Clock::new();
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    clock.jumps(HOUR);
    let off = clock.variables().into_iter().fold(scene.server(), |s, (name, value)| s.variable(name, &value));
    let mut wrong = off.clone().named("wrong").start();
    wrong.ready().await;
    let mut right = scene.server().named("right").start();
    right.says("another process owns the partition; waiting").await;
    let epoch = scene.count("SELECT epch FROM tb_sy_lane").await;
    for ahead in [HOUR, -HOUR] {
        clock.jumps(ahead);
        let order = format!("o-off{ahead}");
        let unpaid = place(&format!("off{ahead}-unpaid"), &order, 1, &[("S-1", 1)], false);
        scene.client.accepted(&[Sent::new(0, &unpaid)]).await;
        scene.trade(format!("off{ahead}"), 60).await;
        scene.client.rest().await;
        let query = "SELECT hist_dttm FROM tb_od_ord_hist WHERE ord_id = $1";
        let at: Time = sqlx::query_scalar(query).bind(&order).fetch_one(&mut scene.sql().await).await.unwrap();
        let ago = (RealClock.now() - at).num_seconds();
        assert!((0..60).contains(&ago), "the clock is {ahead} s ahead, decided {ago} s ago");
        assert_eq!(count(&scene, "PAYMENT_EXPIRED").await, 0, "the clock is {ahead} s ahead");
        assert_eq!(scene.count("SELECT epch FROM tb_sy_lane").await, epoch, "the lease changed hands: {}", right.log());
    }
    // one takes over from the other, either way
    wrong.kill9();
    let begun = Instant::now();
    right.ready().await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let wrong = off.named("wrong").start();
    wrong.says("another process owns the partition; waiting").await;
    right.kill9();
    let begun = Instant::now();
    sells(&scene, "by-the-wrong").await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    wrong.ready().await;
    scene.holds().await;
}
