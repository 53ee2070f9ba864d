//! Around the commit: crashes before it and after it, one bad command, a rollback, a stall; and the mutant that
//! acknowledges first, which the checks must catch.

use std::time::Duration;

use jumun::{log::Outbound, protocol::OutcomeKind};
use serde_json::json;
use sqlx::Executor as _;

use super::{PRICE, Scene, checks, place, settlements};
use crate::support::{
    client::Sent,
    process::{Served, verify},
    proxy::Proxy,
};

/// Words that only a committer's connection says.
pub const COMMITTER: &str = "WITH fence AS";

/// Crashes the server at each of these points under traffic, brings it back each time, and checks.
async fn crashes_at(scene: &mut Scene, points: &[&str]) {
    scene.usual().await;
    for (i, point) in points.iter().enumerate() {
        let crashing = scene.server().failing(point).start();
        let tag = format!("c{i}");
        let ((), ()) = tokio::join!(trade_until_it_ends(scene, &crashing, &tag), crashing.aborts());
        assert!(!crashing.log().contains("the lane ended by a fault"), "{point}: {}", crashing.log());
    }
    let server = scene.server().start();
    server.ready().await;
    scene.trade("after", 40).await;
    scene.holds().await;
}

/// Trade in rounds until the server is gone: on a slow machine few commits take many commands, and the one that it is to
/// crash at must come.
async fn trade_until_it_ends(scene: &Scene, server: &Served, tag: &str) {
    for round in 0..12 {
        if server.ended_by().is_some() {
            return;
        }
        scene.trade(format!("{tag}-{round}"), 40).await;
    }
}

#[tokio::test]
async fn f01_a_crash_before_the_commit_loses_nothing() {
    let mut scene = Scene::new(1).await;
    let points = [
        "after_read=1*off->return",
        "after_decide=2*off->return",
        "before_commit=return",
        "before_commit=4*off->return",
    ];
    crashes_at(&mut scene, &points).await;
}

#[tokio::test]
async fn f02_a_crash_between_commit_and_acknowledgement_answers_once() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    for (i, point) in
        ["after_commit=2*off->return", "before_settle=3*off->return", "after_settle=3*off->return"].iter().enumerate()
    {
        let crashing = scene.server().failing(point).start();
        let tag = format!("c{i}");
        let ((), ()) = tokio::join!(trade_until_it_ends(&scene, &crashing, &tag), crashing.aborts());
        let answers = scene.client.outcomes().await;
        let query = "SELECT DISTINCT cmd_id FROM tb_od_ord_hist";
        let stored: Vec<String> = sqlx::query_scalar(query).fetch_all(&mut scene.sql().await).await.unwrap();
        let owed = stored.iter().filter(|id| !answers.contains_key(*id)).count();
        // it crashed where it was told to: with a durable batch that nobody was told of
        assert!(owed > 0 || point.starts_with("after_settle"), "{point}: everything durable was answered");
    }
    let server = scene.server().start();
    server.ready().await;
    scene.holds().await;
}

#[tokio::test]
async fn f03_the_mutant_that_acknowledges_first_is_caught() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let proxy = Proxy::before(&scene.database, COMMITTER);
    let mut mutant = scene.server().on(&proxy.url(&scene.database)).failing("acknowledge_first=return").start();
    mutant.ready().await;
    scene.client.send(&scene.traffic("before", 10)).await;
    scene.client.rest().await;
    let before = scene.client.answered().await;
    proxy.freeze(true, true);
    scene.client.send(&scene.traffic("lost", 20)).await;
    scene.client.answered_at_least(before + 1).await;
    // it says so before it commits
    mutant.until("the commit is held back", || proxy.held() > 0).await;
    mutant.kill9();
    drop(proxy);
    let server = scene.server().start();
    server.ready().await;
    scene.client.rest().await;
    let violations = checks::violations(&scene).await;
    assert!(violations.iter().any(|v| v.contains("accepted and is not in the database")), "not caught: {violations:?}");
    let (status, report) = verify(&scene.server());
    assert_eq!(status, Some(1), "jumun verify did not catch it: {report}");
}

#[tokio::test]
async fn f06_one_bad_command_does_not_keep_a_hundred_from_committing() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let mut commands: Vec<Sent> = (0..100)
        .map(|i| Sent::new(0, &place(&format!("good-{i:04}"), &format!("o-{i}"), i, &[("S-1", 1)], true)))
        .collect();
    let bad = |id: &str, json: String| Sent { partition: 0, id: id.into(), json };
    let mut lines = place("bad-lines", "o-bad", 1, &[], true);
    commands.insert(20, Sent::new(0, &lines));
    lines["id"] = "bad-field".into();
    lines["colour"] = "red".into();
    commands.insert(50, Sent::new(0, &lines));
    commands.insert(60, bad("bad-type", r#"{"id":"bad-type","type":"drop_table"}"#.into()));
    scene.client.send(&commands).await;
    // no id to answer to: it can only be kept apart
    scene.client.log_raw(b"\xff{ not JSON").await;
    let server = scene.server().start();
    server.ready().await;
    scene.holds().await;
    let outcomes = scene.client.outcomes().await;
    for c in &commands {
        let expected = if c.id.starts_with("good") { OutcomeKind::Accepted } else { OutcomeKind::Rejected };
        assert_eq!(outcomes[&c.id].outcome, expected, "{:?}", outcomes[&c.id]);
    }
    assert_eq!(scene.client.stats().await.dead, 1);
    let dead = scene.client.all(&Outbound::Dead).await;
    assert!(dead[0].json.contains("not JSON"), "{dead:?}");
}

#[tokio::test]
async fn f07_after_a_rolled_back_commit_memory_equals_the_database() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let failing = "before_commit=2*off->1*return(refused)->3*off->1*return(unavailable)->2*off->1*return(unknown)->off";
    let mut server = scene.server().failing(failing).start();
    server.ready().await;
    let errors = ["refused the batch: by the test", "is unavailable: by the test", "outcome is unknown: by the test"];
    scene.trade_until(&server, &errors.map(|e| (e, 1))).await;
    scene.holds().await;
    let memory = sold_to_the_last(&scene, "m").await;
    server.kill9();
    let server = scene.server().start();
    server.ready().await;
    assert_eq!(sold_to_the_last(&scene, "d").await, 0, "memory took {memory} units for the last ones");
    scene.holds().await;
}

#[tokio::test]
async fn f07_a_batch_made_ready_behind_a_failed_one_is_dropped_with_it() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let failing = "before_commit=3*off->1*return(late)->4*off->1*return(late)->4*off->1*return(late)->off";
    // batches of two: while one fails, the next is full
    let server = scene.server().with(&["--batch", "2"]).failing(failing).start();
    server.ready().await;
    let dropped = "a batch that was decided on the failed one is dropped with it";
    scene.trade_until(&server, &[("by the test, late", 3), (dropped, 1)]).await;
    scene.holds().await;
}

#[tokio::test]
async fn f07_what_is_durable_is_said_before_it_is_read_again() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    // the word of the first batch is long on its way; the second batch's outcome is unknown, so the lane is reset
    let failing = "before_settle=sleep(700);after_commit=1*off->1*return(unknown)->off";
    let server = scene.server().failing(failing).start();
    server.ready().await;
    let pay = json!({"id": "early-pay", "type": "approve_payment", "order_id": "o-early-0", "actor": "payment:pg",
        "settlements": settlements("o-early-0", PRICE)});
    let placement =
        |n: usize| Sent::new(0, &place(&format!("early-{n}-place"), &format!("o-early-{n}"), n, &[("S-1", 1)], false));
    // refused, for there is no such order yet: read again after the placement it would be taken. One: so it is one batch
    scene.client.send(&[Sent::new(0, &pay)]).await;
    server.until("it is committed", || server.metric("jumun_batch_commands_sum") >= 1.0).await;
    scene.client.send(&(0..20).map(placement).collect::<Vec<_>>()).await;
    scene.holds().await;
    assert!(server.log().contains("outcome is unknown: by the test"), "{}", server.log());
    let outcomes = scene.client.outcomes().await;
    assert_eq!(outcomes["early-pay"].reason.as_deref(), Some("unknown_order"));
    assert_eq!(
        scene
            .count("SELECT count(*) FROM tb_od_ord WHERE ord_id LIKE 'o-early-%' AND ord_stat_cd = 'PAYMENT_PENDING'")
            .await,
        20
    );
}

/// Orders more of S-0 than there ever was; how many units it gave.
async fn sold_to_the_last(scene: &Scene, tag: &str) -> i64 {
    let before = scene.count("SELECT stck_qty FROM tb_pd_unt WHERE unt_id = 'S-0'").await;
    let orders: Vec<Sent> = (0..60)
        .map(|i| Sent::new(0, &place(&format!("{tag}-last-{i:03}"), &format!("o-{tag}-{i}"), i, &[("S-0", 1)], true)))
        .collect();
    scene.client.send(&orders).await;
    scene.client.rest().await;
    let outcomes = scene.client.outcomes().await;
    let got = orders.iter().filter(|o| outcomes[&o.id].outcome == OutcomeKind::Accepted).count();
    assert_eq!(scene.count("SELECT stck_qty FROM tb_pd_unt WHERE unt_id = 'S-0'").await, 0);
    let got = i64::try_from(got).unwrap();
    assert_eq!(got, before);
    got
}

#[tokio::test]
async fn f07_a_balance_changed_under_its_actor_rolls_back_and_is_followed() {
    let mut scene = Scene::new(1).await;
    let setting = scene.server();
    let server = scene.stocked(&setting, &[("S-0", 40), ("S-1", 500), ("S-2", 500)]).await;
    scene.trade("warm", 30).await;
    scene.client.rest().await;
    // a warehouse's import, while the actor believes in the units
    let sold = "UPDATE tb_pd_unt SET stck_qty = 0 WHERE unt_id = 'S-1'";
    scene.sql().await.execute(sold).await.unwrap();
    scene.trade("after", 120).await;
    scene.holds().await;
    let log = server.log();
    assert!(log.contains("tb_pd_unt_stck_qty_ck"), "the database's check was not what refused: {log}");
    assert!(log.contains("the ledger follows it"), "{log}");
    let external = "SELECT count(*) FROM tb_pd_unt_ldgr WHERE mvmt_cd = 'EXTERNAL' AND unt_id = 'S-1'";
    assert!(scene.count(external).await >= 1);
    let refused = scene.client.outcomes().await;
    assert!(refused.iter().any(|(id, a)| id.starts_with("after") && a.reason.as_deref() == Some("sold_out")));
}

#[tokio::test]
async fn f08_while_a_commit_stalls_nothing_is_said() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    for (requests, tag) in [(true, "up"), (false, "down")] {
        let proxy = Proxy::before(&scene.database, COMMITTER);
        let mut server = scene.server().on(&proxy.url(&scene.database)).start();
        server.ready().await;
        // a batch that is the first of its kind is announced to PostgreSQL, whose reply is held back too: such a batch never
        // sets out, and the next one of its kind does
        let mut answers = 0;
        for round in 0.. {
            scene.client.send(&scene.traffic(&format!("{tag}{round}warm"), 10)).await;
            scene.client.rest().await;
            answers = scene.client.answered().await;
            let events = scene.client.all(&Outbound::Events).await.len();
            let durable = scene.count("SELECT count(*) FROM tb_od_ord_hist").await;
            proxy.freeze(requests, !requests);
            scene.client.send(&scene.traffic(&format!("{tag}{round}held"), 30)).await;
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            assert!(proxy.held() > 0, "no commit was held back");
            assert_eq!(scene.client.answered().await, answers, "an answer before its commit was known");
            assert_eq!(scene.client.all(&Outbound::Events).await.len(), events, "an event before its commit was known");
            // held on its way there it is not durable, on its way back it is, and still nobody may be told
            let now = scene.count("SELECT count(*) FROM tb_od_ord_hist").await;
            if (now > durable) != requests {
                break;
            }
            assert!(!requests && round < 6, "{durable} events were durable, {now} are");
            proxy.thaw();
        }
        proxy.thaw();
        scene.holds().await;
        assert!(scene.client.answered().await > answers);
        server.kill9();
    }
}
