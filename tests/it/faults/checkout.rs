//! The stream of checkouts: what may be said there, and that it is read and answered as the stream beside it is.

use std::time::Duration;

use jumun::{
    log::{CommandLog as _, Inbound},
    protocol::{Answer, OutcomeKind},
};
use serde_json::{Value, json};

use super::{Scene, place, settlements};
use crate::support::client::Sent;

impl Scene {
    /// A SKU of this lane.
    fn sku_of(&self, lane: u32) -> String {
        (0..).map(|n| format!("C-{n}")).find(|sku| self.lane(sku) == lane).unwrap_or_default()
    }

    /// The server with a SKU in each lane.
    async fn selling(&mut self, more: &[&str]) -> (crate::support::process::Served, Vec<String>) {
        let skus: Vec<String> = (0..self.partitions).map(|lane| self.sku_of(lane)).collect();
        let stock: Vec<(&str, i64)> = skus.iter().map(|sku| (sku.as_str(), 10_000)).collect();
        let mut setting = self.server();
        setting.more.extend(more.iter().map(|word| (*word).to_owned()));
        let server = self.stocked(&setting, &stock).await;
        (server, skus)
    }

    async fn told(&self, stream: Inbound, command: &Sent) -> Answer {
        self.client.send_by(stream, std::slice::from_ref(command)).await;
        self.client.wait(&[&command.id]).await.remove(0)
    }
}

fn is_forbidden(answer: &Answer) -> bool {
    answer.outcome == OutcomeKind::Rejected && answer.reason.as_deref() == Some("forbidden")
}

fn by(id: &str, actor: &str, kind: &str, mut more: Value) -> Sent {
    (more["id"], more["actor"], more["type"]) = (json!(id), json!(actor), json!(kind));
    Sent::new(0, &more)
}

#[tokio::test]
async fn f49_a_checkout_says_what_buyers_say_and_no_more() {
    let mut scene = Scene::new(2).await;
    let (server, skus) = scene.selling(&[]).await;
    // placed in the wrong lane: it is passed on, and its answer names the entry that the checkout made
    let order = Sent::new(0, &place("buy-000001", "o-1", 1, &[(&skus[1], 1)], false));
    let placed = scene.told(Inbound::Checkout, &order).await;
    assert_eq!((placed.outcome, placed.partition), (OutcomeKind::Accepted, 1), "{placed:?}");
    assert!(placed.entry.starts_with("checkout/"), "{placed:?}");
    let given_up = by("buy-000002", "buyer:u-1", "cancel_payment", json!({"order_id": "o-1"}));
    assert_eq!(scene.told(Inbound::Checkout, &given_up).await.outcome, OutcomeKind::Accepted);

    let paid = |id: &str, order: &str| Sent::new(0, &place(id, order, 2, &[(&skus[0], 1)], true));
    let approve = json!({"order_id": "o-1", "settlements": settlements("o-1", super::PRICE)});
    let receive = json!({"sku_id": skus[0], "quantity": 5});
    let refund = json!({"order_id": "o-1", "refund_key": "x"});
    for command in [
        paid("say-000001", "o-2"),
        by("say-000002", "payment:web", "approve_payment", approve.clone()),
        by("callback:say-3", "payment:web", "decline_payment", json!({"order_id": "o-1"})),
        by("say-000004", "operator:me", "receive_stock", receive.clone()),
        by("say-000005", "seller:p-1", "prepare", json!({"order_id": "o-1"})),
        by("say-000006", "payment:web", "confirm_refund", refund),
        by("say-000007", "operator:me", "place_order", serde_json::from_str(&paid("x-00000001", "o-3").json).unwrap()),
    ] {
        let told = scene.told(Inbound::Checkout, &command).await;
        assert!(is_forbidden(&told), "{}: {told:?}", command.json);
    }
    // what was refused there takes no id from those who may say it
    let received = by("say-000004", "operator:me", "receive_stock", receive);
    scene.client.send(&[received]).await;
    scene.client.rest().await;
    let answers = scene.client.answers().await;
    let said: Vec<_> = answers.iter().filter(|a| &*a.command_id == "say-000004").map(|a| a.outcome).collect();
    assert_eq!(said, [OutcomeKind::Rejected, OutcomeKind::Accepted]);
    scene.received[0].1 += 5;
    assert_eq!(server.metric("jumun_lane_resets_total"), 0.0);
    scene.holds().await;
}

#[tokio::test]
async fn f49_a_checkouts_word_that_money_came_in_is_taken_where_it_is_set() {
    let mut scene = Scene::new(1).await;
    let (_server, skus) = scene.selling(&["--trust-checkout-payments"]).await;
    let paid = Sent::new(0, &place("pay-000001", "o-1", 1, &[(&skus[0], 1)], true));
    assert_eq!(scene.told(Inbound::Checkout, &paid).await.order_status.as_deref(), Some("ORDERED"));
    let unpaid = Sent::new(0, &place("pay-000002", "o-2", 2, &[(&skus[0], 1)], false));
    scene.told(Inbound::Checkout, &unpaid).await;
    let approve = json!({"order_id": "o-2", "settlements": settlements("o-2", super::PRICE)});
    let approved = by("pay-000003", "payment:web", "approve_payment", approve);
    assert_eq!(scene.told(Inbound::Checkout, &approved).await.order_status.as_deref(), Some("ORDERED"));
    let stock = by("pay-000004", "operator:me", "receive_stock", json!({"sku_id": skus[0], "quantity": 5}));
    assert!(is_forbidden(&scene.told(Inbound::Checkout, &stock).await));
    scene.holds().await;
}

/// Two streams that are written in one millisecond have entries of one id: each entry has its answer.
#[tokio::test]
async fn f49_entries_of_one_id_in_both_streams_are_both_answered() {
    let mut scene = Scene::new(2).await;
    let (_server, skus) = scene.selling(&[]).await;
    let mut redis = redis::Client::open(scene.redis.as_str()).unwrap().get_connection().unwrap();
    let mut ids = Vec::new();
    // in the lane that decides it, and in the one that passes it on
    for lane in 0..2 {
        for n in 0..20 {
            let command = Sent::new(
                lane,
                &place(&format!("two-{lane}-{n:05}"), &format!("o-{lane}-{n}"), n, &[(&skus[1], 1)], false),
            );
            let mut entry = String::from("*");
            for stream in ["commands", "checkout"] {
                let key = format!("{}:{{{lane}}}:{stream}", scene.namespace);
                let add = redis::cmd("XADD").arg(key).arg(&entry).arg("command").arg(&command.json).query(&mut redis);
                entry = add.unwrap();
                scene.client.noted(&command.id);
            }
            ids.push(command.id);
        }
    }
    scene.client.rest().await;
    let answers = scene.client.answers().await;
    for id in &ids {
        let of: Vec<_> = answers.iter().filter(|a| *a.command_id == **id).collect();
        let both = matches!(&of[..], [a, b] if a.outcome == OutcomeKind::Accepted && a.outcome == b.outcome && a.entry != b.entry);
        assert!(both, "{id}: {of:?}");
    }
    scene.holds().await;
}

#[tokio::test]
async fn f73_the_greatest_id_of_a_checkout_stops_nobody_else() {
    let mut scene = Scene::new(1).await;
    let (mut server, skus) = scene.selling(&[]).await;
    let mut redis = redis::Client::open(scene.redis.as_str()).unwrap().get_connection().unwrap();
    let key = format!("{}:{{0}}:checkout", scene.namespace);
    let order = |id: &str| Sent::new(0, &place(id, &format!("o-{id}"), 1, &[(&skus[0], 1)], false));
    let greatest = format!("{0}-{0}", u64::MAX);
    let last = order("last-00001");
    redis::cmd("XADD").arg(&key).arg(&greatest).arg("command").arg(&last.json).exec(&mut redis).unwrap();
    scene.client.noted(&last.id);
    let told = scene.client.wait(&["last-00001"]).await;
    assert_eq!(told[0].outcome, OutcomeKind::Accepted, "{told:?}");
    scene.client.accepted(&[order("next-00001")]).await;
    server.kill9();
    let server = scene.server().start();
    server.ready().await;
    scene.client.accepted(&[order("next-00002")]).await;
    let added: Result<String, _> = redis::cmd("XADD").arg(&key).arg("*").arg("command").arg("x").query(&mut redis);
    assert!(added.is_err(), "{added:?}");
    scene.holds().await;
}

#[tokio::test]
async fn f01_what_checkouts_wrote_is_answered_once_over_crashes() {
    let mut scene = Scene::new(2).await;
    let (mut server, skus) = scene.selling(&["--trust-checkout-payments"]).await;
    scene.client.rest().await;
    server.kill9();
    let orders = |tag: &str| -> Vec<Sent> { (0..120).flat_map(|n| scene.order(tag, n, &skus[n % 2])).collect() };
    for (n, at) in ["after_read", "before_commit", "after_commit", "before_settle", "after_settle"].iter().enumerate() {
        let mut crashing = scene.server();
        crashing.more.push("--trust-checkout-payments".into());
        let crashing = crashing.failing(&format!("{at}=2*off->return")).start();
        // half of it by the lane that passes it on
        let trade = async {
            for some in orders(&format!("c{n}")).chunks(12) {
                let some: Vec<Sent> = some.iter().map(|c| c.clone().to(u32::from(n % 2 == 0))).collect();
                scene.client.send_by(Inbound::Checkout, &some).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let ((), ()) = tokio::join!(trade, crashing.aborts());
    }
    let mut setting = scene.server();
    setting.more.push("--trust-checkout-payments".into());
    let server = setting.start();
    server.ready().await;
    scene.holds().await;
    let placed = scene.client.outcomes().await;
    let placed = placed.iter().filter(|(id, a)| id.ends_with("-place") && a.outcome == OutcomeKind::Accepted);
    assert_eq!(placed.count(), 5 * 120);
}

/// A lane's time goes no further than both streams were read: or a payment that waits in one would come too late.
#[tokio::test]
async fn f35_a_payment_that_waits_in_a_checkouts_stream_is_in_time() {
    const ORDERS: usize = 2_000;
    let mut scene = Scene::new(1).await;
    let window = ["--trust-checkout-payments", "--payment-window", "2"];
    let (mut server, skus) = scene.selling(&window).await;
    scene.client.rest().await;
    server.kill9();
    let placed = |n: usize| place(&format!("slow-{n:05}"), &format!("o-{n}"), n, &[(&skus[0], 1)], false);
    let paid = |n: usize| {
        let order = format!("o-{n}");
        let more = json!({"order_id": order, "settlements": settlements(&order, super::PRICE)});
        by(&format!("paid-{n:05}"), "payment:web", "approve_payment", more)
    };
    let orders: Vec<Sent> = (0..ORDERS).map(|n| Sent::new(0, &placed(n))).collect();
    let payments: Vec<Sent> = (0..ORDERS).map(paid).collect();
    scene.client.send_by(Inbound::Checkout, &orders).await;
    scene.client.send_by(Inbound::Checkout, &payments).await;
    // what waits in the other stream came after the deadlines, and is read before the payments
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let other = |n| by(&format!("else-{n:05}"), "payment:pg", "decline_payment", json!({"order_id": "none"}));
    scene.client.send(&(0..50).map(other).collect::<Vec<_>>()).await;
    let mut setting = scene.server();
    setting.more.extend(window.map(str::to_owned));
    let _server = setting.start();
    scene.client.rest().await;
    let outcomes = scene.client.outcomes().await;
    let late: Vec<_> = payments.iter().map(|p| &outcomes[&p.id]).filter(|a| a.reason.is_some()).collect();
    assert!(late.is_empty(), "{} of {ORDERS} payments are late: {:?}", late.len(), late.first());
    assert_eq!(scene.client.log.stats(0).await.unwrap().dead, 0);
    scene.holds().await;
}
