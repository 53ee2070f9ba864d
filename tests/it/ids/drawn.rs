//! Ids drawn again and again, over the partitions and at once: an id has one effect, whatever else is sent under it. The same
//! draws in every run; `scripts/long.sh` draws others, and more.

use std::collections::HashMap;

use rand::{Rng as _, SeedableRng as _, rngs::SmallRng};
use serde_json::{Value, json};

use super::{On, Scene, of, races::together, with_id};
use crate::support::http::ask;

/// As of the properties of the domain.
const SEED: u64 = 20_261_129;
const ROUNDS: u64 = 50;
const LANES: u32 = 3;
/// Few ids, so that most of them come again.
const IDS: u32 = 40;

/// What a command does, once it is accepted.
#[derive(Clone, PartialEq, Debug)]
enum Does {
    /// so many units come to a lane's shelf
    Receives(u32, i64),
    Prepares(String),
    /// one unit of each lane
    Places(String, Vec<u32>),
    Names(u32),
}

impl Does {
    /// Where it is decided.
    fn lane(&self) -> u32 {
        match self {
            Does::Receives(lane, _) => *lane,
            Does::Prepares(order) => u32::from(order.as_bytes()[2] - b'0'),
            Does::Places(_, lanes) => lanes[0],
            Does::Names(_) => 0,
        }
    }

    fn command(&self, s: &Scene) -> Value {
        match self {
            Does::Receives(lane, quantity) => {
                json!({"type": "receive_stock", "sku_id": s.sku(*lane), "quantity": quantity})
            }
            Does::Prepares(order) => of(order, "prepare"),
            Does::Places(order, lanes) => s.place(order, lanes, true),
            Does::Names(n) => json!({"type": "update_template", "template_id": "t", "name": format!("t {n}")}),
        }
    }
}

fn drawn(rng: &mut SmallRng, n: u64) -> Does {
    let lane = rng.random_range(0..LANES);
    match rng.random_range(0..6) {
        0 | 1 => Does::Receives(lane, rng.random_range(1..4)),
        2 | 3 => Does::Prepares(format!("o-{lane}-{}", rng.random_range(0..12))),
        4 => Does::Places(format!("p-{n}"), (0..rng.random_range(1..=LANES)).map(|k| (lane + k) % LANES).collect()),
        _ => Does::Names(rng.random_range(0..3)),
    }
}

fn named(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// How often what was drawn.
#[derive(Default, Debug)]
struct Tally {
    told_again: u32,
    reused_in_its_lane: u32,
    reused_in_another: u32,
    at_once: u32,
}

/// The kind: any id for any content, in any partition, after any other.
pub async fn drawn_ids(on: On) {
    let mut rng = SmallRng::seed_from_u64(named("PROPTEST_RNG_SEED").unwrap_or(SEED));
    let rounds = named("PROPTEST_CASES").map_or(ROUNDS, |cases| (cases / 100).max(1));
    let mut s = Scene::open(on, LANES, "before_commit=sleep(10)").await;
    for n in 0..12 {
        for lane in 0..LANES {
            let place = s.place(&format!("o-{lane}-{n}"), &[lane], true);
            s.ok(place);
        }
    }
    let mut sent: Vec<(u32, Does)> = Vec::new();
    let mut took: HashMap<u32, Does> = HashMap::new();
    let mut tally = Tally::default();
    for round in 0..rounds {
        // now and then the very same as before, and now and then the same id for several at once
        let mut now: Vec<(u32, Does)> = Vec::new();
        for k in 0..4 {
            let id = match now.last() {
                Some((id, _)) if rng.random_bool(0.3) => *id,
                _ => rng.random_range(0..IDS) + IDS * u32::try_from(round / 25).unwrap(),
            };
            let before = took.get(&id).filter(|_| rng.random_bool(0.4)).cloned();
            now.push((id, before.unwrap_or_else(|| drawn(&mut rng, round * 4 + k))));
        }
        let commands: Vec<Value> =
            now.iter().map(|(id, does)| with_id(does.command(&s), &format!("drawn-{id:06}"))).collect();
        let answers = together(&s.address, &commands);
        let known = took.clone();
        for ((id, does), answer) in now.iter().zip(&answers).filter(|(_, a)| a["outcome"] == "accepted") {
            let first = took.entry(*id).or_insert_with(|| does.clone());
            assert_eq!(first, does, "id {id} has two effects: {answer}");
        }
        for (k, ((id, does), answer)) in now.iter().zip(&answers).enumerate() {
            let reused = answer["reason"] == "command_id_reused";
            match known.get(id) {
                Some(first) if first == does => {
                    assert_eq!(answer["outcome"], "accepted", "{does:?} again: {answer}");
                    tally.told_again += 1;
                }
                Some(first) => {
                    // or it has its refusal again, from before the id was taken elsewhere
                    let before = || answer["outcome"] == "rejected" && sent.contains(&(*id, does.clone()));
                    assert!(reused || before(), "{does:?} under the id of {first:?}: {answer}");
                    let same = first.lane() == does.lane();
                    *if same { &mut tally.reused_in_its_lane } else { &mut tally.reused_in_another } += 1;
                }
                // refused for its own sake, or for what came under its id before, here or elsewhere
                None => {
                    let others = || sent.iter().chain(&now).any(|(other, what)| other == id && what != does);
                    assert!(!reused || others(), "{does:?} is new: {answer}");
                    let beside = now[..k].iter().any(|(other, what)| other == id && what != does);
                    tally.at_once += u32::from(beside);
                }
            }
        }
        sent.extend(now);
    }
    assert!(tally.told_again > 5 && tally.reused_in_its_lane > 5, "{tally:?}");
    assert!(tally.reused_in_another > 5 && tally.at_once > 5, "{tally:?}");
    // each accepted id has had its effect, once
    for lane in 0..LANES {
        let came: i64 =
            took.values().map(|d| if let Does::Receives(l, n) = d { i64::from(*l == lane) * n } else { 0 }).sum();
        let went = took.values().filter(|d| matches!(d, Does::Places(_, lanes) if lanes.contains(&lane))).count();
        assert_eq!(s.on_hand(lane), 1_000 - 12 + came - i64::try_from(went).unwrap(), "lane {lane}");
        for n in 0..12 {
            let order = format!("o-{lane}-{n}");
            let prepared = took.values().any(|d| *d == Does::Prepares(order.clone()));
            let seen = ask(&s.address, "GET", &format!("/v1/orders/{order}"), &[], b"").json();
            assert_eq!(seen["status"], if prepared { "PREPARING" } else { "ORDERED" }, "{order}");
        }
    }
    s.stays_well().await;
}
