//! Orders across partitions: every step of them crashed, and steps out of their order.

use std::{sync::Arc, time::Duration};

use jumun::{
    domain::{
        ids::{CustomerId, OrderId, SkuId},
        order::step::{StepKind, StepLine},
    },
    log::{CommandLog as _, Inbound, crc16::partition_of},
    protocol::{OutcomeKind, internal::Internal},
};
use serde_json::json;

use super::{PRICE, Scene, checks, place, settlements, verify};
use crate::support::{client::Sent, http::ask};

pub const LANES: u32 = 3;

/// A SKU of each lane.
pub fn skus() -> Vec<String> {
    let of = |lane| (0..).map(|n| format!("L-{n}")).find(|s| partition_of(s, LANES) == lane).expect("one");
    (0..LANES).map(of).collect()
}

/// Orders over two or three lanes: paid, unpaid and then paid or given up; every fourth wants more than there is of its last.
fn orders(skus: &[String], tag: &str, n: usize, astray: bool) -> Vec<Sent> {
    let mut all = Vec::new();
    for i in 0..n {
        let (order, home) = (format!("o-{tag}-{i}"), i % 3);
        let mut lines: Vec<(&str, u32)> = (0..2 + i % 2).map(|k| (skus[(home + k) % 3].as_str(), 1)).collect();
        if i % 4 == 3 {
            lines.last_mut().unwrap().1 = 90_000;
        }
        let lane = u32::try_from(home).unwrap();
        let paid = i % 3 == 0;
        all.push(Sent::new(lane, &place(&format!("{tag}-{i:04}-place"), &order, i, &lines, paid)));
        let units: i64 = lines.iter().map(|l| i64::from(l.1)).sum();
        let next = match i % 5 {
            _ if paid => continue,
            0 | 1 => json!({"id": format!("{tag}-{i:04}-pay"), "type": "approve_payment", "order_id": order,
                "actor": "payment:pg", "settlements": settlements(&order, units * PRICE)}),
            _ => json!({"id": format!("{tag}-{i:04}-giveup"), "type": "cancel_payment", "order_id": order,
                "actor": format!("buyer:u-{i}")}),
        };
        // what goes astray comes to a wrong lane, and is passed on
        let to = if astray && i % 2 == 1 { (lane + 1) % LANES } else { lane };
        all.push(Sent::new(lane, &next).to(to));
    }
    all
}

impl Scene {
    pub(super) async fn three_lanes(&mut self) -> Vec<String> {
        let skus = skus();
        let setting = self.server();
        let stock: Vec<(&str, i64)> = skus.iter().map(|s| (s.as_str(), 5_000)).collect();
        let mut server = self.stocked(&setting, &stock).await;
        self.client.rest().await;
        server.kill9();
        skus
    }

    /// Rest, for lanes that speak to one another: also nothing on its way between them.
    pub(super) async fn quiet(&self) {
        let begun = std::time::Instant::now();
        let mut calm = 0;
        while calm < 3 {
            self.client.rest().await;
            let waiting = "SELECT (SELECT count(*) FROM tb_od_ord_hist AS h WHERE evnt_typ_cd = 'placement_started' AND NOT \
                EXISTS (SELECT 1 FROM tb_od_ord_hist AS e WHERE e.ord_id = h.ord_id AND e.hist_no > h.hist_no AND \
                e.evnt_typ_cd IN ('placement_completed', 'placement_failed')))";
            calm = if self.count(waiting).await == 0 { calm + 1 } else { 0 };
            assert!(begun.elapsed() < Duration::from_secs(30), "placements still wait");
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    }
}

async fn crashed(points: &[&str]) {
    let mut scene = Scene::new(LANES).await;
    let skus = scene.three_lanes().await;
    for (i, point) in points.iter().enumerate() {
        let crashing = scene.server().failing(point).start();
        // in rounds, because few commits take many commands on a slow machine, and the one that it is to crash at must come
        let trade = async {
            for round in 0..12 {
                if crashing.ended_by().is_none() {
                    let commands = orders(&skus, &format!("x{i}-{round}"), 45, false);
                    scene.client.trickle(&commands, 8, Duration::from_millis(40)).await;
                }
            }
        };
        let ((), ()) = tokio::join!(trade, crashing.aborts());
    }
    // answers are long on their way, while lanes start over because of what the crashed ones had done already
    let server = scene.server().failing("before_settle=sleep(150)").start();
    server.ready().await;
    scene.client.send(&orders(&skus, "after", 30, true)).await;
    scene.quiet().await;
    scene.holds().await;
    let outcomes = scene.client.outcomes().await;
    let placements = outcomes.iter().filter(|(id, _)| id.ends_with("-place"));
    let (mut got, mut refused) = (0, 0);
    for (_, answer) in placements {
        match answer.outcome {
            OutcomeKind::Accepted => got += 1,
            OutcomeKind::Rejected => refused += 1,
            OutcomeKind::Failed => panic!("{answer:?}"),
        }
    }
    assert!(got > 50 && refused > 10, "{got} got all their lines, {refused} none");
    assert!(scene.count("SELECT count(*) FROM tb_sy_rsv WHERE rsv_stat_cd = 'TAKEN'").await > 0);
    assert!(scene.count("SELECT count(*) FROM tb_sy_rsv WHERE rsv_stat_cd = 'RELEASED'").await > 0);
}

#[tokio::test]
async fn f32_crashed_before_the_commit_of_a_step() {
    let at = |n: usize| format!("before_commit={n}*off->return");
    let points: Vec<String> = [3, 5, 8, 12].map(at).into();
    crashed(&points.iter().map(String::as_str).collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn f32_crashed_after_the_commit_of_a_step() {
    crashed(&["after_commit=3*off->return", "after_commit=7*off->return", "after_commit=11*off->return"]).await;
}

#[tokio::test]
async fn f32_crashed_around_the_publishing_of_a_step() {
    // between sending a step and acknowledging what made it: the step comes twice
    crashed(&[
        "before_settle=6*off->return",
        "before_settle=9*off->return",
        "after_settle=6*off->return",
        "after_settle=10*off->return",
    ])
    .await;
}

#[tokio::test]
async fn f32_steps_of_a_commit_whose_outcome_was_not_known_are_sent() {
    let mut scene = Scene::new(LANES).await;
    let skus = scene.three_lanes().await;
    let at = "after_commit=2*off->1*return(unknown)->3*off->1*return(unknown)->4*off->1*return(unknown)->off";
    let server = scene.server().failing(at).start();
    server.ready().await;
    let resets = || server.metric("jumun_lane_resets_total");
    for round in 0..16 {
        if resets() < 3.0 {
            scene.client.trickle(&orders(&skus, &format!("u{round}"), 24, false), 8, Duration::from_millis(40)).await;
        }
    }
    scene.quiet().await;
    scene.holds().await;
    // one of the three may fall on the empty commit by which a reset probes the store
    let resets = resets();
    assert!((2.0..=3.0).contains(&resets), "{resets} resets: {}", server.log());
}

#[tokio::test]
async fn f33_a_release_before_its_reserve_leaves_a_tombstone() {
    let mut scene = Scene::new(LANES).await;
    let skus = scene.three_lanes().await;
    let server = scene.server().start();
    server.ready().await;
    scene.client.send(&orders(&skus, "w", 9, true)).await;
    scene.quiet().await;
    let before = scene.count("SELECT sum(stck_qty)::bigint FROM tb_pd_unt").await;
    // an order that exists in lane 0, so that the word of lane 1 finds somebody
    let order_id = OrderId::stored("o-w-0");
    let step = |id: &str, what: StepKind| {
        let (order_id, reservation) = (order_id.clone(), "rsv-test-33".to_owned());
        let raw = Internal::Step { id: id.into(), from: 0, order_id, reservation, what }.json();
        Arc::<[u8]>::from(raw.into_bytes())
    };
    let line = StepLine { line_no: 1, sku_id: SkuId::stored(&skus[1]), campaign_id: None, quantity: 7, partial: false };
    let customer_id = CustomerId::stored("u-1");
    let reserve = StepKind::Reserve { customer_id, lines: vec![line], deduct: false, stands: false };
    let steps = [step("step:release-33", StepKind::Release), step("step:reserve-33", reserve)];
    let ids = scene.client.log.append(1, Inbound::Internal, &steps).await.unwrap();
    assert_eq!(ids.len(), 2);
    tokio::time::sleep(Duration::from_millis(500)).await;
    scene.quiet().await;
    let mut sql = scene.sql().await;
    let query = "SELECT rsv_stat_cd FROM tb_sy_rsv WHERE rsv_id = 'rsv-test-33'";
    let states: Vec<String> = sqlx::query_scalar(query).fetch_all(&mut sql).await.unwrap();
    assert_eq!(states, ["RELEASED"]);
    let taken = "SELECT count(*) FROM tb_sy_cmd WHERE cmd_id IN ('step:release-33', 'step:reserve-33')";
    assert_eq!(scene.count(taken).await, 2, "the steps were not taken");
    assert_eq!(scene.count("SELECT sum(stck_qty)::bigint FROM tb_pd_unt").await, before);
    scene.holds().await;
}

#[tokio::test]
async fn f09_a_step_that_went_to_the_dead_letters_is_sent_again_and_its_order_comes_through() {
    let mut scene = Scene::new(LANES).await;
    let skus = scene.three_lanes().await;
    let server = scene.server().start();
    server.ready().await;
    let (address, mut sql) = (server.address().unwrap(), scene.sql().await);
    // nothing can be reserved: the step is condemned, and the order waits
    sqlx::raw_sql("ALTER TABLE tb_sy_rsv ADD CONSTRAINT none CHECK (false) NOT VALID").execute(&mut sql).await.unwrap();
    let order = place("placed-09", "o-09", 1, &[(&skus[0], 1), (&skus[1], 1)], false);
    scene.client.send(&[Sent::new(0, &order)]).await;
    let begun = std::time::Instant::now();
    let letter = loop {
        let told = ask(&address, "GET", "/v1/dead-letters", &[], b"").json();
        if let Some(letter) = told["items"].as_array().unwrap().first() {
            break letter.clone();
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "nothing is condemned: {}", server.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!((&letter["partition"], &letter["stream"]), (&json!(1), &json!("internal")), "{letter}");
    sqlx::raw_sql("ALTER TABLE tb_sy_rsv DROP CONSTRAINT none").execute(&mut sql).await.unwrap();
    let path = format!("/v1/dead-letters/1/{}/requeue", letter["dead_letter_id"].as_str().unwrap());
    let again = ask(&address, "POST", &path, &[], b"");
    assert_eq!(again.status, 200, "{again:?}");
    let placed = scene.client.wait(&["placed-09"]).await;
    assert_eq!(placed[0].outcome, OutcomeKind::Accepted, "{placed:?}");
    scene.quiet().await;
    // the step was answered `failed`, as whatever is condemned is
    let found = checks::violations(&scene).await;
    assert!(matches!(&*found, [one] if one.starts_with("R1: step:")), "{found:?}");
    let (status, report) = verify(&scene.server());
    assert_eq!(status, Some(0), "{report}");
    assert_eq!(scene.client.stats().await.dead, 0);
}
