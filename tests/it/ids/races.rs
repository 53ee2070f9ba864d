//! The same id sent to two partitions at the very same time: commits are held back, so that each lane has decided before the
//! other's is durable.

use std::time::Duration;

use serde_json::{Value, json};

use super::{On, Scene, of, post, with_id};

/// Long enough that commands sent together are decided together.
const HELD_BACK: &str = "before_commit=sleep(30)";

/// Sends each on a thread of its own; their answers, in order.
pub fn together(address: &str, commands: &[Value]) -> Vec<Value> {
    let now: Vec<(u64, Value)> = commands.iter().map(|c| (0, c.clone())).collect();
    staggered(address, &now)
}

/// The same, each after so many milliseconds.
fn staggered(address: &str, commands: &[(u64, Value)]) -> Vec<Value> {
    let at = |ms: u64, c: &Value| {
        std::thread::sleep(Duration::from_millis(ms));
        post(address, c).json()
    };
    std::thread::scope(|scope| {
        let sent: Vec<_> = commands.iter().map(|(ms, c)| scope.spawn(move || at(*ms, c))).collect();
        sent.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    })
}

/// When the command of an answer came, by its entry: milliseconds and the number in them.
fn came(answer: &Value) -> (u64, u64) {
    let entry = answer["entry"].as_str().expect("an entry").rsplit('/').next().unwrap_or_default();
    let (ms, no) = entry.split_once('-').expect("an entry's id");
    (ms.parse().expect("milliseconds"), no.parse().expect("a number"))
}

/// Exactly one of them took effect; the others are told so, and all are told the same again.
fn one_won(s: &mut Scene, commands: &[Value]) {
    let answers = together(&s.address, commands);
    let won = answers.iter().filter(|a| a["outcome"] == "accepted").count();
    assert_eq!(won, 1, "{answers:?}");
    for (command, answer) in commands.iter().zip(&answers) {
        assert!(answer["outcome"] == "accepted" || answer["reason"] == "command_id_reused", "{answer}");
        if answer["outcome"] == "accepted" {
            s.same(command.clone(), answer);
        } else {
            s.reused(command.clone());
        }
    }
}

/// The kind: two lanes take one id at once. Orders against orders, stock against orders, reference data against orders, stock
/// against stock, placements against placements; and several ids crosswise, which must not lock the lanes against each other.
pub async fn at_once(on: On) {
    let mut s = Scene::open(on, 3, HELD_BACK).await;
    for n in 0..8 {
        for lane in 0..3 {
            let place = s.place(&format!("o-{lane}-{n}"), &[lane], true);
            s.ok(place);
        }
    }
    let order = |lane: u32, n: u32, id: &str| with_id(of(&format!("o-{lane}-{n}"), "prepare"), id);
    for n in 0..2 {
        let id = |what: &str| format!("race-{what}-{n:04}");
        one_won(&mut s, &[order(0, n, &id("orders")), order(1, n, &id("orders")), order(2, n, &id("orders"))]);
        let stock = with_id(s.receive(1), &id("stock"));
        one_won(&mut s, &[stock, order(2, n + 2, &id("stock"))]);
        let shelves = [with_id(s.receive(0), &id("shelves")), with_id(s.receive(2), &id("shelves"))];
        one_won(&mut s, &shelves);
        let reference = json!({"type": "update_template", "template_id": "t", "name": id("x")});
        one_won(&mut s, &[with_id(reference, &id("ref")), order(1, n + 2, &id("ref"))]);
        let placements = [
            with_id(s.place(&format!("r-1-{n}"), &[1], true), &id("place")),
            with_id(s.place(&format!("r-2-{n}"), &[2, 0], true), &id("place")),
        ];
        one_won(&mut s, &placements);
        // crosswise: both lanes take both ids, in the other order; while they commit something else, so in one batch each
        let crosswise = [(0, "x"), (1, "y"), (0, "y"), (1, "x")].into_iter().zip([4, 4, 6, 6]).zip([6, 6, 10, 10]);
        let mut crosswise: Vec<(u64, Value)> =
            crosswise.map(|(((lane, what), of), ms)| (ms, order(lane, of + n, &id(what)))).collect();
        for lane in [0, 1] {
            crosswise.push((0, with_id(s.receive(lane), &format!("busy-{lane}-{n:04}"))));
        }
        let mut answers = staggered(&s.address, &crosswise);
        assert!(answers.split_off(4).iter().all(|a| a["outcome"] == "accepted"));
        let won = answers.iter().filter(|a| a["outcome"] == "accepted").count();
        assert_eq!(won, 2, "{answers:?}");
        assert!(
            answers.iter().all(|a| a["outcome"] == "accepted" || a["reason"] == "command_id_reused"),
            "{answers:?}"
        );
    }
    // the races were ones
    assert!(s.served.metric("jumun_batch_retries_total") > 0.0);
    s.stays_well().await;
}

/// The kind: what a rolled back batch takes along. Orders over three lanes are being placed, answered and cancelled in the
/// very batches that conflict; each has its one answer, and its events are whole.
pub async fn over_lanes(on: On) {
    let mut s = Scene::open(on, 3, HELD_BACK).await;
    let rounds = 6;
    for n in 0..rounds * 3 {
        for lane in 0..3 {
            let place = s.place(&format!("o-{lane}-{n}"), &[lane], true);
            s.ok(place);
        }
    }
    for round in 0..rounds {
        let mut commands = Vec::new();
        for k in 0..3_u32 {
            let n = round * 3 + k;
            for lane in [k, (k + 1) % 3] {
                commands.push(with_id(of(&format!("o-{lane}-{n}"), "prepare"), &format!("pair-{n:04}")));
            }
            let lanes = [k, (k + 1) % 3, (k + 2) % 3];
            commands.push(with_id(s.place(&format!("w-{n}"), &lanes, true), &format!("wide-{n:04}")));
            // the same once more, at the same time: it waits beside the first
            commands.push(with_id(s.place(&format!("w-{n}"), &lanes, true), &format!("wide-{n:04}")));
        }
        let mut all: Vec<(u64, Value)> = commands.iter().map(|c| (0, c.clone())).collect();
        // and again when the other lanes have answered: the batch in which a placement is through is lost, too
        for (k, ms) in (0..3_u32).flat_map(|k| [(k, 55), (k, 80)]) {
            for lane in [k, (k + 1) % 3] {
                all.push((ms, with_id(s.receive(lane), &format!("late-{round}-{k}-{ms}"))));
            }
        }
        let mut answers = staggered(&s.address, &all);
        for pair in answers.split_off(commands.len()).chunks(2) {
            assert_eq!(pair.iter().filter(|a| a["outcome"] == "accepted").count(), 1, "{pair:?}");
        }
        for (four, told) in commands.chunks(4).zip(answers.chunks(4)) {
            let won = told[..2].iter().filter(|a| a["outcome"] == "accepted").count();
            assert_eq!(won, 1, "{four:?}: {told:?}");
            assert!(told[2..].iter().all(|a| a["outcome"] == "accepted"), "{four:?}: {told:?}");
        }
    }
    for n in 0..rounds * 3 {
        s.ok(json!({"type": "cancel_lines", "order_id": format!("w-{n}"), "lines": [1, 2, 3]}));
    }
    assert!(s.served.metric("jumun_batch_retries_total") > 0.0);
    s.stays_well().await;
}

/// The kind: other content comes under the id of a command that waits for other lanes, and is refused for its own sake. When
/// the first is accepted, its id is its own.
pub async fn refused_meanwhile(on: On) {
    let mut s = Scene::open(on, 3, HELD_BACK).await;
    let place = s.place("o-2", &[2], true);
    s.ok(place);
    let others = [
        of("o-2", "cancel_payment"),
        json!({"type": "adjust_stock", "sku_id": s.sku(2), "quantity": -5_000, "reason": "count"}),
        json!({"type": "create_sku", "sku_id": s.sku(2), "product_id": "g", "option_name": "o"}),
    ];
    let mut met = 0;
    for (n, other) in (0..9).zip(others.iter().cycle()) {
        let id = format!("waits-{n:04}");
        let waits = with_id(s.place(&format!("w-{n}"), &[2, 0, 1], true), &id);
        let other = with_id(other.clone(), &id);
        let answers = staggered(&s.address, &[(0, waits.clone()), (45, other.clone())]);
        if came(&answers[1]) < came(&answers[0]) {
            continue; // on a busy machine the second request may be read first
        }
        met += 1;
        assert_eq!(answers[0]["outcome"], "accepted", "{answers:?}");
        assert_eq!(answers[1]["outcome"], "rejected", "{answers:?}");
        assert_ne!(answers[1]["reason"], "invalid", "{answers:?}");
        s.same(waits, &answers[0]);
        s.reused(other);
    }
    assert!(met > 0, "no placement was there first");
    s.stays_well().await;
}
