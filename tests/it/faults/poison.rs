//! One command that breaks its handler costs its neighbours milliseconds, not the lane; who sends many is refused quickly.

use jumun::{log::Outbound, protocol::OutcomeKind};
use serde_json::json;

use super::{Scene, place};
use crate::support::client::Sent;

fn give_up(id: &str, order: &str, actor: &str) -> Sent {
    Sent::new(0, &json!({"id": id, "type": "cancel_payment", "order_id": order, "actor": actor}))
}

/// Eight poisoned commands of one operator among a hundred good ones. A handler that panics before it has touched anything,
/// and one that breaks when stock has moved and rows are written.
async fn poisoned(point: &str) {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let server = scene.server().failing(point).start();
    server.ready().await;
    let unpaid = |i: usize| place(&format!("w-p-{i:05}"), &format!("o-w-{i}"), i, &[("S-1", 1)], false);
    let mut commands: Vec<Sent> = (0..100).map(|i| Sent::new(0, &unpaid(i))).collect();
    let poison = |i: usize| i % 10 == 3 && i < 80;
    commands.extend((0..100).map(|i| match poison(i) {
        true => give_up(&format!("poison-{i:05}"), &format!("o-w-{i}"), "operator:evil"),
        false => give_up(&format!("giveup-{i:05}"), &format!("o-w-{i}"), &format!("buyer:u-{i}")),
    }));
    // another kind of command of the same actor is none of them
    commands.push(Sent::new(
        0,
        &json!({"id": "decline-00001", "type": "decline_payment", "order_id": "o-w-3", "actor": "operator:evil"}),
    ));
    let all = async {
        for some in commands.chunks(7) {
            scene.client.send(some).await;
        }
    };
    let ((), ()) = tokio::join!(all, scene.trade("beside", 200));
    scene.holds().await;
    let outcomes = scene.client.outcomes().await;
    let (mut failed, mut refused) = (0, 0);
    for c in &commands {
        let (outcome, reason) = (outcomes[&c.id].outcome, outcomes[&c.id].reason.as_deref());
        match (c.id.starts_with("poison"), outcome, reason) {
            (true, OutcomeKind::Failed, Some("fault")) => failed += 1,
            (true, OutcomeKind::Rejected, Some("quarantined")) => refused += 1,
            (false, OutcomeKind::Accepted, _) => {}
            _ => panic!("{:?}", outcomes[&c.id]),
        }
    }
    assert_eq!((failed, refused), (5, 3), "{}", server.log());
    assert_eq!(scene.client.all(&Outbound::Dead).await.len(), 5);
    let metric = |name: &str| server.metric(name);
    assert_eq!(metric("jumun_lane_resets_total"), 0.0, "{}", server.log());
    assert_eq!(metric("jumun_commands_dead_lettered_total"), 5.0);
    assert_eq!(metric("jumun_commands_quarantined_total"), 3.0);
    assert!(metric("jumun_handler_failures_total") >= 15.0, "each is tried three times");
}

#[tokio::test]
async fn f74_a_handler_that_panics_costs_its_neighbours_no_reset() {
    poisoned("order_panics=return").await;
}

#[tokio::test]
async fn f74_a_handler_that_breaks_half_way_is_taken_back_and_its_neighbours_decided_again() {
    poisoned("order_breaks=return").await;
}

/// A placement that breaks among forty of one SKU: it goes to the dead letters, and the others are answered.
async fn placement_breaks(point: &str, resets: bool) {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let server = scene.server().failing(point).start();
    server.ready().await;
    let id = |i: usize| if i == 20 { "poison-00020".to_owned() } else { format!("w-p-{i:05}") };
    let unpaid = |i: usize| place(&id(i), &format!("o-w-{i}"), i, &[("S-1", 1)], false);
    let commands: Vec<Sent> = (0..40).map(|i| Sent::new(0, &unpaid(i))).collect();
    scene.client.send(&commands).await;
    scene.holds().await;
    let outcomes = scene.client.outcomes().await;
    for c in &commands {
        let expected = if c.id.starts_with("poison") { OutcomeKind::Failed } else { OutcomeKind::Accepted };
        assert_eq!(outcomes[&c.id].outcome, expected, "{:?}", outcomes[&c.id]);
    }
    assert_eq!(scene.client.all(&Outbound::Dead).await.len(), 1, "{}", server.log());
    assert_eq!(server.metric("jumun_lane_resets_total") > 0.0, resets, "{}", server.log());
}

/// Rows are made beside the lane: what breaks there is found as what the store refuses is, alone.
#[tokio::test]
async fn f74_a_command_whose_rows_break_goes_to_the_dead_letters_and_its_neighbours_are_answered() {
    placement_breaks("rows_panic=return", true).await;
}

/// A run of placements is decided in one message: those before it stand, those after it are decided again.
#[tokio::test]
async fn f74_a_placement_that_panics_in_a_run_costs_its_neighbours_no_reset() {
    placement_breaks("placement_panics=return", false).await;
}

/// The stock of those after it has moved already, and is taken back.
#[tokio::test]
async fn f74_a_placement_that_can_not_be_recorded_takes_the_run_back_and_not_the_lane() {
    placement_breaks("placement_breaks=return", false).await;
}

/// In one batch the store knows of neither; in two lanes the second to commit is decided again, and learns of the first.
#[tokio::test]
async fn f74_two_campaigns_of_one_id_at_once_cost_no_reset() {
    let mut scene = Scene::new(2).await;
    let sku = |lane: u32, n: usize| (0..).map(|i| format!("C{n}-{i}")).find(|s| scene.lane(s) == lane).unwrap();
    let skus = [sku(0, 0), sku(0, 1), sku(1, 2)];
    let setting = scene.server();
    let stock: Vec<(&str, i64)> = skus.iter().map(|s| (s.as_str(), 5)).collect();
    let server = scene.stocked(&setting, &stock).await;
    let mut all = Vec::new();
    for round in 0..40 {
        for (n, sku) in skus.iter().enumerate() {
            let year = 2001 + round * 2;
            let opens = format!("{year}-01-01T00:00:00Z");
            let made = json!({"id": format!("campaign-{round:03}-{n}"), "type": "create_campaign", "actor": "seller:p-1",
                "campaign_id": format!("k-{round}"), "sku_id": sku, "name": "k", "price": 1, "allotted": 1,
                "opens_at": opens, "closes_at": format!("{year}-02-01T00:00:00Z")});
            all.push(Sent::new(scene.lane(sku), &made));
        }
    }
    scene.client.send(&all).await;
    scene.holds().await;
    let outcomes = scene.client.outcomes().await;
    for round in 0..40 {
        let of = |n: usize| &outcomes[&format!("campaign-{round:03}-{n}")];
        let made = (0..3).filter(|n| of(*n).outcome == OutcomeKind::Accepted).count();
        let refused = (0..3).filter(|n| of(*n).reason.as_deref() == Some("already_exists")).count();
        assert_eq!((made, refused), (1, 2), "{:?}", (of(0), of(1), of(2)));
    }
    assert_eq!(server.metric("jumun_lane_resets_total"), 0.0, "{}", server.log());
}
