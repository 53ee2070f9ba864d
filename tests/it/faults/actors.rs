//! Inside a lane: a command that kills its handler, panics, actors leaving and coming back while messages are under way.

use std::time::Duration;

use jumun::{log::Outbound, protocol::OutcomeKind};
use serde_json::json;

use super::{Scene, place};
use crate::support::client::Sent;

fn give_up(id: &str, order: &str, customer: usize) -> Sent {
    let actor = format!("buyer:u-{customer}");
    Sent::new(0, &json!({"id": id, "type": "cancel_payment", "order_id": order, "actor": actor}))
}

fn unpaid(tag: &str, n: usize) -> Vec<Sent> {
    let order = |i: usize| place(&format!("{tag}-p-{i:05}"), &format!("o-{tag}-{i}"), i, &[("S-1", 1)], false);
    (0..n).map(|i| Sent::new(0, &order(i))).collect()
}

#[tokio::test]
async fn f09_a_poison_message_goes_to_the_dead_letters_and_its_neighbours_go_on() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let server = scene.server().failing("order_panics=return").start();
    server.ready().await;
    let mut commands = unpaid("w", 100);
    commands.extend((0..100).map(|i| match i {
        20 | 70 => give_up(&format!("poison-{i}"), &format!("o-w-{i}"), i),
        _ => give_up(&format!("giveup-{i:05}"), &format!("o-w-{i}"), i),
    }));
    scene.client.send(&commands).await;
    scene.trade("after", 60).await;
    scene.holds().await;
    let outcomes = scene.client.outcomes().await;
    for c in &commands {
        let poisoned = c.id.starts_with("poison");
        let expected = if poisoned { OutcomeKind::Failed } else { OutcomeKind::Accepted };
        assert_eq!(outcomes[&c.id].outcome, expected, "{:?}", outcomes[&c.id]);
    }
    let dead = scene.client.all(&Outbound::Dead).await;
    assert_eq!(dead.len(), 2, "{dead:?}");
    for letter in &dead {
        let letter: serde_json::Value = serde_json::from_str(&letter.json).unwrap();
        assert!(letter["command"].as_str().unwrap().contains("poison-"), "{letter}");
        assert!(letter["attempts"].as_u64().unwrap() >= 3, "{letter}");
    }
    assert_eq!(server.metric("jumun_lane_resets_total"), 0.0, "{}", server.log());
    assert!(server.log().contains("poisoned by the test"), "no handler broke: {}", server.log());
    // the lane still takes what it took before
    scene.client.accepted(&unpaid("later", 5)).await;
}

#[tokio::test]
async fn f23_a_panic_in_a_handler_loses_no_command() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let panics = "supervisor_panics=4*off->1*return->4*off->1*return->off";
    let server = scene.server().failing(panics).start();
    server.ready().await;
    scene.trade("t", 300).await;
    scene.holds().await;
    assert_eq!(server.log().matches("broken by the test").count(), 2, "{}", server.log());
    assert_eq!(scene.client.stats().await.dead, 0, "a panic that passes condemns nothing");
}

#[tokio::test]
async fn f24_messages_racing_passivation_arrive() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let server = scene.server().with(&["--max-actors", "3", "--actor-idle-timeout", "1", "--batch", "8"]).start();
    server.ready().await;
    let orders = unpaid("w", 60);
    scene.client.accepted(&orders).await;
    // each order is asked for a dozen times, in an order that keeps throwing them out
    let mut asked = Vec::new();
    for round in 0..12 {
        for i in 0..60 {
            let i = (i * 7 + round * 13) % 60;
            let id = format!("decline-{round:02}-{i:03}");
            let order = format!("o-w-{i}");
            asked.push(Sent::new(
                0,
                &json!({"id": id, "type": "decline_payment", "order_id": order, "actor": "payment:pg"}),
            ));
        }
    }
    let ((), ()) =
        tokio::join!(scene.client.trickle(&asked, 12, Duration::from_millis(20)), scene.trade("beside", 150));
    scene.holds().await;
    let (gone, back) = (server.metric("jumun_passivations_total"), server.metric("jumun_activations_total"));
    assert!(gone > 100.0 && back > 100.0, "{gone} left and {back} came back");
    let outcomes = scene.client.outcomes().await;
    assert!(asked.iter().all(|c| outcomes[&c.id].outcome == OutcomeKind::Accepted));
}

#[tokio::test]
async fn f25_orders_that_arrive_during_a_reload_are_served() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let mut server = scene.server().start();
    server.ready().await;
    scene.client.accepted(&unpaid("w", 200)).await;
    scene.client.rest().await;
    server.kill9();
    // every activation takes a while; meanwhile both old and new orders are asked for
    let server = scene.server().failing("slow_activation=sleep(40)").start();
    server.ready().await;
    let mut asked = Vec::new();
    for i in 0..200 {
        asked.push(give_up(&format!("giveup-{i:05}"), &format!("o-w-{i}"), i));
        asked.extend(unpaid(&format!("n{i}"), 1));
    }
    scene.client.trickle(&asked, 10, Duration::from_millis(15)).await;
    scene.holds().await;
    assert!(server.metric("jumun_activations_total") >= 200.0);
    let outcomes = scene.client.outcomes().await;
    assert!(asked.iter().all(|c| outcomes[&c.id].outcome == OutcomeKind::Accepted));
}
