//! One effect a command id in the whole namespace: the same id for two orders, SKUs or references of two partitions, of one,
//! one after the other and both at once; on Redis with PostgreSQL, and embedded. No lane is reset for it, nothing goes to
//! the dead letters, and the checker stays green.

mod drawn;
mod races;
mod upgrade;

use std::time::Duration;

use jumun::log::crc16::partition_of;
use serde_json::{Value, json};

use crate::support::{
    http::{Reply, ask},
    process::{Served, Setting, run},
    servers::{fresh_database, redis_url},
};

/// What it runs on.
#[derive(Debug, Clone, Copy)]
enum On {
    Servers,
    Embedded,
}

/// A shop with a SKU in every partition, at an open door.
struct Scene {
    setting: Setting,
    served: Served,
    address: String,
    partitions: u32,
    sent: u32,
    _dir: Option<tempfile::TempDir>,
}

const PRICE: i64 = 10_000;

impl Scene {
    async fn open(on: On, partitions: u32, failpoints: &str) -> Self {
        Self::open_with(on, partitions, failpoints, &[]).await
    }

    /// With further words for its server.
    async fn open_with(on: On, partitions: u32, failpoints: &str, more: &[&str]) -> Self {
        let (database, redis, dir) = match on {
            On::Servers => (fresh_database().await, redis_url(), None),
            On::Embedded => {
                let dir = tempfile::tempdir().unwrap();
                (format!("sqlite:{}", dir.path().join("jumun.db").display()), String::new(), Some(dir))
            }
        };
        let setting = Setting {
            database,
            redis,
            namespace: format!("i{}", &uuid::Uuid::now_v7().simple().to_string()[8..]),
            instance: "a".into(),
            partitions,
            more: more.iter().map(|&word| word.to_owned()).collect(),
            failpoints: failpoints.into(),
            variables: Vec::new(),
        };
        let served = setting.start();
        served.ready().await;
        let address = served.address().expect("it says where");
        let mut scene = Self { setting, served, address, partitions, sent: 0, _dir: dir };
        scene.ok(json!({"type": "create_template", "template_id": "t", "partner_id": "p", "name": "t"}));
        scene.ok(
            json!({"type": "create_product", "product_id": "g", "name": "g", "kind": "goods", "product_type": "x",
            "price": PRICE, "partner_id": "p", "template_id": "t", "bundled": true, "delivery_fee": 0,
            "lead_time_days": 1}),
        );
        for lane in 0..partitions {
            let sku = scene.sku(lane);
            scene.ok(json!({"type": "create_sku", "sku_id": sku, "product_id": "g", "option_name": "o"}));
            scene.ok(json!({"type": "receive_stock", "sku_id": sku, "quantity": 1_000}));
        }
        scene
    }

    /// The SKU of a partition.
    fn sku(&self, lane: u32) -> String {
        (0..).map(|n| format!("S{n}")).find(|s| partition_of(s, self.partitions) == lane).unwrap()
    }

    fn post(&self, command: &Value) -> Reply {
        post(&self.address, command)
    }

    /// Sends it under an id of its own, unless it has one.
    fn send(&mut self, mut command: Value) -> Value {
        self.sent += 1;
        if command.get("id").is_none() {
            command["id"] = format!("own-{:08}", self.sent).into();
        }
        self.post(&command).json()
    }

    fn ok(&mut self, command: Value) -> Value {
        let answer = self.send(command.clone());
        assert_eq!(answer["outcome"], "accepted", "{command}: {answer}");
        answer
    }

    /// Refused, because the id stands for something else; and again, as often as it comes.
    fn reused(&mut self, command: Value) {
        for _ in 0..2 {
            let answer = self.send(command.clone());
            assert_eq!(answer["reason"], "command_id_reused", "{command}: {answer}");
            assert_eq!(answer["outcome"], "rejected");
        }
    }

    /// Accepted; and the same content gets the same answer.
    fn first(&mut self, command: Value) -> Value {
        let answer = self.ok(command.clone());
        self.same(command, &answer);
        answer
    }

    fn same(&mut self, command: Value, first: &Value) {
        let mut again = self.send(command);
        let mut first = first.clone();
        (again["entry"], first["entry"]) = (Value::Null, Value::Null);
        assert_eq!(again, first);
    }

    /// A placement of one unit of a partition's SKU.
    fn place(&self, order: &str, lanes: &[u32], paid: bool) -> Value {
        let lines: Vec<Value> = lanes.iter().map(|l| json!({"sku_id": self.sku(*l), "quantity": 1})).collect();
        let due = PRICE * i64::try_from(lanes.len()).unwrap();
        let mut command = json!({"type": "place_order", "order_id": order, "customer_id": "u-1", "lines": lines});
        if paid {
            let approval = json!({"approval_id": format!("a-{order}")});
            let settlement = json!({"method": "card", "amount": due, "approval": approval});
            command["payment"] = json!({"kind": "approved", "settlements": [settlement]});
        }
        command
    }

    fn receive(&self, lane: u32) -> Value {
        json!({"type": "receive_stock", "sku_id": self.sku(lane), "quantity": 7})
    }

    fn on_hand(&self, lane: u32) -> i64 {
        let sku = ask(&self.address, "GET", &format!("/v1/skus/{}", self.sku(lane)), &[], b"").json();
        sku["on_hand"].as_i64().unwrap_or_else(|| panic!("{sku}"))
    }

    /// No lane was reset, nothing is in the dead letters, and the checker finds nothing.
    async fn stays_well(mut self) {
        // at rest: nothing on its way between the lanes
        let mut calm = 0;
        for _ in 0..100 {
            tokio::time::sleep(Duration::from_millis(200)).await;
            let open = ["jumun_in_flight", "jumun_stream_lag", "jumun_stream_pending"].map(|m| self.served.metric(m));
            calm = if open == [0.0; 3] { calm + 1 } else { 0 };
            if calm == 10 {
                break;
            }
        }
        let log = self.served.log();
        assert_eq!(calm, 10, "it never came to rest: {log}");
        assert!(!log.contains("the lane is reset"), "{log}");
        assert_eq!(self.served.metric("jumun_lane_resets_total"), 0.0);
        assert_eq!(self.served.metric("jumun_dead_letters"), 0.0);
        assert!(!log.contains("dead letters"), "{log}");
        self.served.kill9();
        let mut words = vec!["verify", "--database", &self.setting.database];
        if !self.setting.redis.is_empty() {
            words.extend(["--redis", &self.setting.redis, "--namespace", &self.setting.namespace]);
        }
        let (status, report) = run(&words);
        assert_eq!(status, Some(0), "{report}");
    }
}

fn post(address: &str, command: &Value) -> Reply {
    let mut command = command.clone();
    if command.get("actor").is_none() {
        command["actor"] = "operator:o".into();
    }
    let headers = [("Content-Type", "application/json")];
    ask(address, "POST", "/v1/commands", &headers, command.to_string().as_bytes())
}

fn with_id(mut command: Value, id: &str) -> Value {
    command["id"] = id.into();
    command
}

fn of(order: &str, kind: &str) -> Value {
    json!({"type": kind, "order_id": order})
}

/// The kind: an id that stands for something is used for something else. What came first is varied, and what comes after it,
/// and where: orders, placements, SKUs and reference data, of the same partition and of others; remembered by the lane, or by
/// the store only.
async fn other_content_is_refused_wherever_it_is_about(on: On, partitions: u32, more: &[&str]) {
    let mut s = Scene::open_with(on, partitions, "", more).await;
    let last = partitions - 1;
    for (order, lane) in [("o-a", last), ("o-b", 0), ("o-c", last), ("o-d", 0)] {
        let place = s.place(order, &[lane], true);
        s.ok(place);
    }
    // an order's command, then others: of another partition and of the same one
    let first = with_id(of("o-a", "prepare"), "shared-0001");
    let told = s.first(first.clone());
    // of the very same order
    s.reused(with_id(of("o-a", "use_own_stock"), "shared-0001"));
    s.reused(with_id(of("o-b", "prepare"), "shared-0001"));
    s.reused(with_id(of("o-c", "prepare"), "shared-0001"));
    // one that would be refused on its own account, and one of an order that there is not
    s.reused(with_id(of("o-b", "cancel_payment"), "shared-0001"));
    s.reused(with_id(of("o-none", "prepare"), "shared-0001"));
    // stock, reference data, a placement
    s.reused(with_id(s.receive(0), "shared-0001"));
    s.reused(with_id(s.receive(last), "shared-0001"));
    s.reused(with_id(
        json!({"type": "create_template", "template_id": "t-2", "partner_id": "p", "name": "t"}),
        "shared-0001",
    ));
    s.reused(with_id(s.place("o-e", &[0], true), "shared-0001"));
    s.reused(with_id(s.place("o-e", &[last], false), "shared-0001"));
    s.same(first, &told);

    // stock first
    let first = with_id(s.receive(last), "shared-0002");
    let (before, told) = (s.on_hand(last), s.first(first.clone()));
    s.reused(with_id(of("o-b", "prepare"), "shared-0002"));
    s.reused(with_id(of("o-c", "prepare"), "shared-0002"));
    s.reused(with_id(json!({"type": "receive_stock", "sku_id": s.sku(0), "quantity": 8}), "shared-0002"));
    s.reused(with_id(s.place("o-f", &[0], true), "shared-0002"));
    s.reused(with_id(json!({"type": "update_template", "template_id": "t", "name": "x"}), "shared-0002"));
    s.same(first, &told);
    assert_eq!(s.on_hand(last), before + 7);

    // reference data first: it lives in partition 0
    let first = with_id(json!({"type": "update_template", "template_id": "t", "name": "other"}), "shared-0003");
    let told = s.first(first.clone());
    s.reused(with_id(of("o-c", "prepare"), "shared-0003"));
    s.reused(with_id(of("o-d", "prepare"), "shared-0003"));
    s.reused(with_id(s.receive(last), "shared-0003"));
    s.same(first, &told);

    // a placement first, of one partition and of several
    for (id, lanes) in [("shared-0004", vec![last]), ("shared-0005", (0..partitions).collect())] {
        let first = with_id(s.place(&format!("o-{id}"), &lanes, true), id);
        let told = s.first(first.clone());
        s.reused(with_id(of("o-b", "prepare"), id));
        s.reused(with_id(of("o-c", "prepare"), id));
        s.reused(with_id(s.place(&format!("p-{id}"), &[0], true), id));
        s.reused(with_id(s.receive(0), id));
        s.same(first, &told);
    }
    // what was refused so had no effect
    for order in ["o-b", "o-c", "o-d"] {
        let seen = ask(&s.address, "GET", &format!("/v1/orders/{order}"), &[], b"").json();
        assert_eq!(seen["status"], "ORDERED", "{seen}");
    }
    s.stays_well().await;
}

/// The kind: what a refused id stands for. Where it was refused, for as long as the answer is remembered there; elsewhere it
/// has had no effect, and other content is decided on its own account. An answer `command_id_reused` never stands.
async fn a_refusal_stands_where_it_was_given(on: On) {
    let mut s = Scene::open(on, 2, "").await;
    for (order, lane) in [("o-a", 0), ("o-b", 1), ("o-c", 0)] {
        let place = s.place(order, &[lane], true);
        s.ok(place);
    }
    let refused = with_id(of("o-a", "cancel_payment"), "refused-001");
    let told = s.send(refused.clone());
    assert_eq!(told["reason"], "illegal_transition");
    s.same(refused.clone(), &told);
    s.reused(with_id(of("o-c", "prepare"), "refused-001"));
    let first = with_id(of("o-b", "prepare"), "refused-001");
    let told = s.first(first.clone());
    s.reused(with_id(s.receive(0), "refused-001"));
    s.same(first, &told);
    // unreadable: it was never decided
    let mut bad = with_id(of("o-c", "prepare"), "refused-002");
    bad["colour"] = "red".into();
    assert_eq!(s.send(bad)["reason"], "invalid");
    s.first(with_id(of("o-c", "prepare"), "refused-002"));
    s.stays_well().await;
}

/// The kind: neighbours of a producer whose ids begin anew. Sixty commands under known ids come to a partition; its other
/// orders, those over several partitions too, go on, and at most a few batches are decided twice.
async fn neighbours_go_on(on: On) {
    let mut s = Scene::open(on, 3, "").await;
    for n in 0..60 {
        let (a, b) = (s.place(&format!("a-{n}"), &[2], true), s.place(&format!("b-{n}"), &[1], true));
        s.ok(a);
        s.ok(b);
        s.ok(with_id(of(&format!("a-{n}"), "prepare"), &format!("counter-{n:04}")));
    }
    let (address, places) = (s.address.clone(), s);
    let s = &places;
    std::thread::scope(|scope| {
        let (one, two) = (address.clone(), address.clone());
        scope.spawn(move || {
            for n in 0..60 {
                let answer = post(&one, &with_id(of(&format!("b-{n}"), "prepare"), &format!("counter-{n:04}"))).json();
                assert_eq!(answer["reason"], "command_id_reused", "{answer}");
            }
        });
        scope.spawn(move || {
            for n in 0..60 {
                let place = with_id(s.place(&format!("n-{n}"), &[1], true), &format!("neighbour-{n:04}"));
                assert_eq!(post(&two, &place).json()["outcome"], "accepted");
            }
        });
        for n in 0..30 {
            let place = with_id(s.place(&format!("w-{n}"), &[n % 3, (n + 1) % 3], false), &format!("wide-{n:04}"));
            assert_eq!(post(&address, &place).json()["outcome"], "accepted");
        }
    });
    let again = places.served.metric("jumun_batch_retries_total");
    assert!((1.0..=3.0).contains(&again), "{again} batches were decided again");
    places.stays_well().await;
}

macro_rules! on_both {
    ($($name:ident: $call:expr),+ $(,)?) => {
        mod on_servers {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() { let call = $call; call(super::On::Servers).await; })+
        }
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() { let call = $call; call(super::On::Embedded).await; })+
        }
    };
}

on_both! {
    two_partitions: |on| super::other_content_is_refused_wherever_it_is_about(on, 2, &[]),
    three_partitions: |on| super::other_content_is_refused_wherever_it_is_about(on, 3, &[]),
    one_partition: |on| super::other_content_is_refused_wherever_it_is_about(on, 1, &[]),
    forgotten: |on| super::other_content_is_refused_wherever_it_is_about(on, 2, &["--dedup-window", "0"]),
    a_refusal_stands_where_it_was_given: super::a_refusal_stands_where_it_was_given,
    neighbours_go_on: super::neighbours_go_on,
    at_once: super::races::at_once,
    over_lanes: super::races::over_lanes,
    refused_meanwhile: super::races::refused_meanwhile,
    drawn_ids: super::drawn::drawn_ids,
    existing_pairs_stay: super::upgrade::existing_pairs_stay,
}
