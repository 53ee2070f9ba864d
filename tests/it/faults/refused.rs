//! A command that the store itself refuses is found by halves, and goes alone to the dead letters. Its neighbours are
//! committed in a few more transactions; the lane does not start over.

use std::time::Duration;

use jumun::{log::Outbound, protocol::OutcomeKind};
use serde_json::json;
use sqlx::Executor as _;

use super::{Scene, place};
use crate::support::client::Sent;

/// In front of the history: what it raises for the poison.
fn trigger(raises: &str) -> String {
    format!(
        "CREATE FUNCTION poisoned() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {raises} RETURN NEW; END $$; \
         CREATE TRIGGER poisoned BEFORE INSERT ON tb_od_ord_hist FOR EACH ROW EXECUTE FUNCTION poisoned()"
    )
}

async fn told(scene: &Scene, sql: String) {
    scene.sql().await.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
}

/// Two hundred orders in one batch, three of them poisoned, and more beside. The rule is the store's own, and nothing that
/// jumun knows of.
async fn found_by_halves(rule: String) {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    told(&scene, rule).await;
    let poison = |i: usize| matches!(i, 1 | 77 | 199);
    let orders: Vec<Sent> = (0..200)
        .map(|i| match poison(i) {
            true => Sent::new(0, &place(&format!("poison-{i:04}"), &format!("o-{i}"), 7_777, &[("S-1", 1)], true)),
            false => Sent::new(0, &place(&format!("good-{i:04}"), &format!("o-{i}"), i, &[("S-1", 1)], true)),
        })
        .collect();
    scene.client.send(&orders).await;
    let server = scene.server().start();
    server.ready().await;
    scene.trade("beside", 100).await;
    scene.holds().await;
    let outcomes = scene.client.outcomes().await;
    for order in &orders {
        let expected = if order.id.starts_with("poison") { OutcomeKind::Failed } else { OutcomeKind::Accepted };
        assert_eq!(outcomes[&order.id].outcome, expected, "{:?}", outcomes[&order.id]);
    }
    let dead = scene.client.all(&Outbound::Dead).await;
    assert_eq!(dead.len(), 3, "{dead:?}");
    let metric = |name: &str| server.metric(name);
    assert_eq!(metric("jumun_lane_resets_total"), 0.0, "{}", server.log());
    assert_eq!(metric("jumun_commands_condemned_total"), 3.0);
    // eight halvings find one of two hundred, and three tries condemn it
    let refused = metric("jumun_batches_refused_total");
    assert!((9.0..=3.0 * (8.0 + 3.0)).contains(&refused), "{refused}: {}", server.log());
}

#[tokio::test]
async fn f74_a_row_that_breaks_a_rule_of_the_store_costs_its_neighbours_no_reset() {
    let rule = "ALTER TABLE tb_od_ord_hist ADD CONSTRAINT poisoned CHECK (cmd_id NOT LIKE 'poison%') NOT VALID";
    found_by_halves(rule.into()).await;
}

#[tokio::test]
async fn f74_a_value_that_the_store_does_not_take_costs_its_neighbours_no_reset() {
    found_by_halves(trigger(
        "IF NEW.cmd_id LIKE 'poison%' THEN RAISE EXCEPTION 'by the test' USING ERRCODE = '22003'; END IF;",
    ))
    .await;
}

/// `unique_violation` is what a command id that is known says, too: it is decided again with care before it is divided.
#[tokio::test]
async fn f74_a_conflict_that_care_does_not_resolve_costs_its_neighbours_no_reset() {
    found_by_halves(trigger(
        "IF NEW.cmd_id LIKE 'poison%' THEN RAISE EXCEPTION 'by the test' USING ERRCODE = '23505'; END IF;",
    ))
    .await;
}

/// Stock that another system took away with its SKU: the actor that remembers it is forgotten, and its buyers are told.
#[tokio::test]
async fn f74_a_sku_that_is_gone_from_the_store_costs_its_neighbours_no_reset() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let server = scene.server().start();
    server.ready().await;
    let first = Sent::new(0, &place("first-0001", "o-first", 1, &[("S-2", 1)], true));
    scene.client.accepted(&[first]).await;
    scene.client.rest().await;
    let mut sql = scene.sql().await;
    let row = "CREATE TABLE kept AS SELECT * FROM tb_pd_unt WHERE unt_id = 'S-2'";
    sql.execute(row).await.unwrap();
    sql.execute("DELETE FROM tb_pd_unt WHERE unt_id = 'S-2'").await.unwrap();
    let of = |i: usize| if i % 10 == 3 { "S-2" } else { "S-1" };
    let order = |i: usize| Sent::new(0, &place(&format!("gone-{i:04}"), &format!("o-{i}"), i, &[(of(i), 1)], true));
    let orders: Vec<Sent> = (0..60).map(order).collect();
    scene.client.send(&orders).await;
    let ids: Vec<&str> = orders.iter().map(|o| o.id.as_str()).collect();
    for (i, answer) in scene.client.wait(&ids).await.into_iter().enumerate() {
        let (outcome, reason) = (answer.outcome, answer.reason.as_deref());
        match of(i) {
            "S-1" => assert_eq!(outcome, OutcomeKind::Accepted, "{answer:?}"),
            _ => assert_eq!((outcome, reason), (OutcomeKind::Rejected, Some("unknown_sku")), "{answer:?}"),
        }
    }
    assert_eq!(server.metric("jumun_lane_resets_total"), 0.0, "{}", server.log());
    sql.execute("INSERT INTO tb_pd_unt SELECT * FROM kept").await.unwrap();
    sql.execute("DROP TABLE kept").await.unwrap();
    scene.holds().await;
}

/// The counter of a sequence outlives a rollback: refused twice, and then taken.
#[tokio::test]
async fn f74_what_the_store_takes_at_the_third_try_is_accepted() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let raises = "IF NEW.cmd_id LIKE 'poison%' AND nextval('tries') < 3 THEN \
                  RAISE EXCEPTION 'by the test' USING ERRCODE = '23514'; END IF;";
    told(&scene, format!("CREATE SEQUENCE tries; {}", trigger(raises))).await;
    let server = scene.server().start();
    server.ready().await;
    let order = Sent::new(0, &place("poison-0001", "o-1", 1, &[("S-1", 1)], true));
    scene.client.accepted(&[order]).await;
    scene.trade("beside", 40).await;
    scene.holds().await;
    assert_eq!(server.metric("jumun_batches_refused_total"), 2.0, "{}", server.log());
    assert_eq!(server.metric("jumun_lane_resets_total"), 0.0, "{}", server.log());
    assert_eq!(scene.client.stats().await.dead, 0);
}

/// It may be the store's fault, and not sixty orders'.
#[tokio::test]
async fn f74_a_store_that_refuses_everything_condemns_ever_more_slowly() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    told(&scene, trigger("RAISE EXCEPTION 'by the test' USING ERRCODE = '23514';")).await;
    let order = |i: usize| Sent::new(0, &place(&format!("every-{i:04}"), &format!("o-{i}"), i, &[("S-1", 1)], true));
    let orders: Vec<Sent> = (0..60).map(order).collect();
    scene.client.send(&orders).await;
    let server = scene.server().start();
    server.ready().await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    told(&scene, "DROP TRIGGER poisoned ON tb_od_ord_hist".into()).await;
    let ids: Vec<&str> = orders.iter().map(|o| o.id.as_str()).collect();
    let answers = scene.client.wait(&ids).await;
    let failed = answers.iter().filter(|a| a.outcome == OutcomeKind::Failed).count();
    let accepted = answers.iter().filter(|a| a.outcome == OutcomeKind::Accepted).count();
    // without pauses all sixty are condemned within a second
    assert!((1..=8).contains(&failed) && failed + accepted == 60, "{failed} failed, {accepted} accepted");
    scene.trade("after", 40).await;
    scene.holds().await;
    assert_eq!(server.metric("jumun_lane_resets_total"), 0.0, "{}", server.log());
}

/// Of a batch that is not durable yet the store knows nothing.
#[tokio::test]
async fn f74_the_second_campaign_of_an_id_is_refused_before_the_store_has_the_first() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let made = |n: usize, sku: &str| {
        let campaign = json!({"id": format!("campaign-{n:03}"), "type": "create_campaign", "actor": "seller:p-1",
            "campaign_id": "k-1", "sku_id": sku, "name": "k", "price": 1, "allotted": 1,
            "opens_at": "2001-01-01T00:00:00Z", "closes_at": "2001-02-01T00:00:00Z"});
        Sent::new(0, &campaign)
    };
    // they wait in the stream, and are decided for one batch
    let both = [made(1, "S-1"), made(2, "S-2")];
    scene.client.send(&both).await;
    let server = scene.server().start();
    server.ready().await;
    let answers = scene.client.wait(&["campaign-001", "campaign-002"]).await;
    assert_eq!(answers[0].outcome, OutcomeKind::Accepted, "{answers:?}");
    assert_eq!(answers[1].reason.as_deref(), Some("already_exists"), "{answers:?}");
    for none in ["jumun_batches_decided_again_total", "jumun_batches_refused_total", "jumun_lane_resets_total"] {
        assert_eq!(server.metric(none), 0.0, "{none}: {}", server.log());
    }
    scene.holds().await;
}
