//! The database's own troubles: no command is condemned for them, and the lane waits for their end.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Executor as _};

use super::{Scene, standing::quiet};
use crate::support::{client::Sent, servers};

/// Every commit of an order's event fails with this SQLSTATE from now on.
async fn fails_with(scene: &Scene, code: &str) {
    let sql = format!(
        "CREATE OR REPLACE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         RAISE EXCEPTION 'by the test' USING ERRCODE = '{code}'; END $$; \
         DROP TRIGGER IF EXISTS fails ON tb_od_ord_hist; \
         CREATE TRIGGER fails BEFORE INSERT ON tb_od_ord_hist FOR EACH ROW EXECUTE FUNCTION fails()"
    );
    scene.sql().await.execute(AssertSqlSafe(sql)).await.unwrap();
}

async fn is_well(scene: &Scene) {
    scene.sql().await.execute("DROP TRIGGER fails ON tb_od_ord_hist").await.unwrap();
}

#[tokio::test]
async fn f59_only_a_command_s_own_fault_condemns_it() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let server = scene.server().start();
    server.ready().await;
    // I/O, a damaged page, no right, a limit, no space, read only, no memory, an undefined table, somebody's trigger
    for code in ["58030", "XX001", "42501", "54000", "53100", "25006", "53200", "42P01", "P0001"] {
        let tag = code.to_lowercase();
        fails_with(&scene, code).await;
        let orders: Vec<Sent> = (0..6)
            .map(|i| {
                let order = super::place(&format!("{tag}-{i:04}"), &format!("o-{tag}-{i}"), i, &[("S-1", 1)], true);
                Sent::new(0, &order)
            })
            .collect();
        scene.client.send(&orders).await;
        // time to single out three commands, were it their fault
        server.not_ready(&format!("nothing can be committed ({code})")).await;
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        is_well(&scene).await;
        let ids: Vec<&str> = orders.iter().map(|o| o.id.as_str()).collect();
        for answer in scene.client.wait(&ids).await {
            assert_eq!(answer.outcome, jumun::protocol::OutcomeKind::Accepted, "{code}: {answer:?}");
        }
        assert_eq!(scene.client.stats().await.dead, 0, "{code} condemned a command");
        server.ready().await;
    }
    // locks that somebody else has, again and again
    for code in ["40P01", "40001"] {
        let order =
            |i: usize| super::place(&format!("{code}-{i:04}"), &format!("o-{code}-{i}"), i, &[("S-1", 1)], true);
        let orders: Vec<Sent> = (0..6).map(|i| Sent::new(0, &order(i))).collect();
        fails_with(&scene, code).await;
        scene.client.send(&orders).await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        is_well(&scene).await;
        let ids: Vec<&str> = orders.iter().map(|o| o.id.as_str()).collect();
        for answer in scene.client.wait(&ids).await {
            assert_eq!(answer.outcome, jumun::protocol::OutcomeKind::Accepted, "{code}: {answer:?}");
        }
        assert_eq!(scene.client.stats().await.dead, 0, "{code} condemned a command");
    }
    quiet(&server);
    // a rule that one command breaks is its own fault all the same, and its neighbours' none
    fails_with(&scene, "23514").await;
    let bad = Sent::new(0, &super::place("own-place", "o-own", 1, &[("S-1", 1)], true));
    scene.client.send(&[bad]).await;
    let own = scene.client.wait(&["own-place"]).await;
    assert_eq!(own[0].outcome, jumun::protocol::OutcomeKind::Failed, "{own:?}");
    is_well(&scene).await;
    scene.trade("after", 40).await;
    scene.holds().await;
}

/// A disk that is full takes empty commits, and no order.
#[tokio::test]
async fn f58_a_lane_that_can_not_commit_backs_off_and_says_so() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let server = scene.server().start();
    server.ready().await;
    fails_with(&scene, "53100").await;
    let before = server.metric("jumun_lane_resets_total");
    scene.client.send(&scene.traffic("full", 40)).await;
    server.not_ready("nothing can be committed (53100)").await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let resets = server.metric("jumun_lane_resets_total") - before;
    // 0, 100, 200, 400 … ms: some six in four seconds; in a tight loop it was 34 a second
    assert!((2.0..=9.0).contains(&resets), "{resets} resets");
    assert!(server.log().matches("the lane is reset").count() <= 4, "{}", server.log());
    server.not_ready("nothing can be committed (53100)").await;
    is_well(&scene).await;
    scene.holds().await;
    server.ready().await;
    assert_eq!(scene.client.stats().await.dead, 0);
}

#[tokio::test]
async fn f58_a_read_only_database_is_waited_for() {
    let postgres = servers::start_postgres(&[]);
    let mut scene = Scene::on(servers::fresh_database_on(postgres.url()).await, 1).await;
    scene.usual().await;
    let server = scene.server().start();
    server.ready().await;
    let read_only = async |on: &str| {
        let mut sql = scene.sql().await;
        sql.execute("SET default_transaction_read_only = off").await.unwrap();
        let sql_text = format!("ALTER SYSTEM SET default_transaction_read_only = {on}");
        sql.execute(AssertSqlSafe(sql_text)).await.unwrap();
        sql.execute("SELECT pg_reload_conf()").await.unwrap();
    };
    read_only("on").await;
    scene.client.send(&scene.traffic("ro", 40)).await;
    server.not_ready("(25006)").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    read_only("off").await;
    scene.holds().await;
    server.ready().await;
    assert_eq!(scene.client.stats().await.dead, 0);
    quiet(&server);
}
