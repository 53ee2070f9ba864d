//! Faults injected into the real binary on real servers. Each test proves that its fault happened, heals it, waits for rest
//! in bounded time, and then checks what must hold (R1–R11).
//!
//! Two at a time, also where the runner doesn't see to it: they stop and kill, and are timed, but mostly wait.

mod actors;
mod callers;
mod cards;
mod checkout;
mod checks;
mod clocks;
mod commit;
mod full;
mod gone;
mod greatest;
mod hostile;
mod injection;
mod lanes;
mod late;
mod linked;
mod memory;
mod money;
mod network;
mod older;
mod opening;
mod owners;
mod poison;
mod reserving;
mod rules;
mod series;
mod shared;
mod standing;
mod trouble;
mod unreadable;
mod words;

use std::time::Duration;

use serde_json::json;
use sqlx::{Connection as _, PgConnection};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::support::{
    client::{Client, Sent},
    process::{Served, Setting, verify},
    servers,
};

const PRICE: i64 = 10_000;

/// A shop with its database, its streams, and no server yet.
struct Scene {
    client: Client,
    database: String,
    redis: String,
    namespace: String,
    partitions: u32,
    /// units received by each SKU
    received: Vec<(String, i64)>,
    _place: SemaphorePermit<'static>,
}

impl Scene {
    /// A shop on the shared servers.
    async fn new(partitions: u32) -> Self {
        let database = servers::fresh_database().await;
        Self::on(database, partitions).await
    }

    /// A shop on this database.
    async fn on(database: String, partitions: u32) -> Self {
        static PLACES: Semaphore = Semaphore::const_new(2);
        let place = PLACES.acquire().await.expect("it is never closed");
        let (redis, namespace) =
            (servers::redis_url(), format!("f{}", &uuid::Uuid::now_v7().simple().to_string()[8..]));
        let client = Client::new(&redis, &namespace, partitions).await;
        Self { client, database, redis, namespace, partitions, received: Vec::new(), _place: place }
    }

    /// How a server for it is started: instance `a`, a lease of one second.
    fn server(&self) -> Setting {
        Setting {
            database: self.database.clone(),
            redis: self.redis.clone(),
            namespace: self.namespace.clone(),
            instance: "a".into(),
            partitions: self.partitions,
            more: Vec::new(),
            failpoints: String::new(),
            variables: Vec::new(),
        }
    }

    fn lane(&self, sku: &str) -> u32 {
        jumun::log::crc16::partition_of(sku, self.partitions)
    }

    /// Fills the shelves through a server, which is handed back.
    async fn stocked(&mut self, setting: &Setting, skus: &[(&str, i64)]) -> Served {
        let server = setting.start();
        server.ready().await;
        let by = "operator:test";
        let template = json!({"id": "set-template", "type": "create_template", "actor": by, "template_id": "t-1",
            "partner_id": "p-1", "name": "t"});
        let product = json!({"id": "set-product", "type": "create_product", "actor": by, "product_id": "g-1",
            "name": "g", "kind": "goods", "product_type": "normal", "price": PRICE, "partner_id": "p-1",
            "template_id": "t-1", "bundled": true, "delivery_fee": 3_000, "free_delivery": true, "lead_time_days": 2});
        self.client.accepted(&[Sent::new(0, &template)]).await;
        self.client.accepted(&[Sent::new(0, &product)]).await;
        let (mut create, mut receive) = (Vec::new(), Vec::new());
        for (sku, units) in skus {
            let lane = self.lane(sku);
            create.push(Sent::new(
                lane,
                &json!({"id": format!("set-sku-{sku}"), "type": "create_sku", "actor": by, "sku_id": sku,
                    "product_id": "g-1", "option_name": "one"}),
            ));
            receive.push(Sent::new(
                lane,
                &json!({"id": format!("set-stock-{sku}"), "type": "receive_stock", "actor": by, "sku_id": sku,
                    "quantity": units}),
            ));
            self.received.push(((*sku).to_owned(), *units));
        }
        self.client.accepted(&create).await;
        self.client.accepted(&receive).await;
        server
    }

    /// The usual shelves: one SKU that sells out, two that don't. The server that filled them is gone again.
    async fn usual(&mut self) {
        let setting = self.server();
        let mut server = self.stocked(&setting, &[("S-0", 40), ("S-1", 10_000), ("S-2", 10_000)]).await;
        self.client.rest().await;
        server.kill9();
    }

    async fn sql(&self) -> PgConnection {
        PgConnection::connect(&self.database).await.expect("the database answers")
    }

    /// Waits for rest and checks everything.
    async fn holds(&self) {
        self.client.rest().await;
        let violations = checks::violations(self).await;
        assert!(violations.is_empty(), "{} violations:\n{}", violations.len(), violations.join("\n"));
        let (status, report) = verify(&self.server());
        assert_eq!(status, Some(0), "{report}");
    }

    /// A number from the database.
    async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&mut self.sql().await).await.expect("it counts")
    }

    /// Traffic of `n` orders of one unit, named after `tag`: a quarter paid at once, a quarter paid later, a quarter given
    /// up, a quarter cancelled after payment. All commands of an order follow one another.
    fn traffic(&self, tag: &str, n: usize) -> Vec<Sent> {
        (0..n).flat_map(|i| self.order(tag, i, ["S-0", "S-1", "S-2"][i % 3])).collect()
    }

    fn order(&self, tag: &str, i: usize, sku: &str) -> Vec<Sent> {
        let lane = self.lane(sku);
        let (order, id) = (format!("o-{tag}-{i}"), |what: &str| format!("{tag}-{i:05}-{what}"));
        let later = |what: &str, kind: &str, mut more: serde_json::Value| {
            more["id"] = json!(id(what));
            more["type"] = json!(kind);
            more["order_id"] = json!(order);
            Sent::new(lane, &more)
        };
        let placed = |now: bool| Sent::new(lane, &place(&id("place"), &order, i, &[(sku, 1)], now));
        match i % 4 {
            0 => vec![placed(true)],
            1 => {
                let settlements = settlements(&order, PRICE);
                let paid = json!({"actor": "payment:pg", "settlements": settlements});
                vec![placed(false), later("approve", "approve_payment", paid)]
            }
            2 => {
                let actor = format!("buyer:u-{i}");
                vec![placed(false), later("giveup", "cancel_payment", json!({"actor": actor}))]
            }
            _ => {
                let actor = format!("buyer:u-{i}");
                vec![placed(true), later("cancel", "cancel_lines", json!({"actor": actor, "lines": [1]}))]
            }
        }
    }

    /// Sends traffic over about a second and a half.
    async fn trade(&self, tag: impl AsRef<str>, n: usize) {
        let commands = self.traffic(tag.as_ref(), n);
        let each = commands.len().div_ceil(60);
        self.client.trickle(&commands, each, Duration::from_millis(20)).await;
    }
}

impl Scene {
    /// Trades round after round until the server's log has said each of these so often: on a slow machine few commits take
    /// many commands.
    async fn trade_until(&self, server: &Served, words: &[(&str, usize)]) {
        for round in 0..12 {
            self.trade(format!("t{round}"), 240).await;
            let log = server.log();
            if words.iter().all(|(word, often)| log.matches(word).count() >= *often) {
                return;
            }
        }
        panic!("not all of {words:?} were said: {}", server.log());
    }
}

/// A placement by customer `u-{customer}`, paid or not.
fn place(id: &str, order: &str, customer: usize, lines: &[(&str, u32)], paid: bool) -> serde_json::Value {
    let customer = format!("u-{customer}");
    let wanted: Vec<_> = lines.iter().map(|(s, q)| json!({"sku_id": s, "quantity": q})).collect();
    let mut command = json!({"id": id, "type": "place_order", "order_id": order, "actor": format!("buyer:{customer}"),
        "customer_id": customer, "lines": wanted});
    if paid {
        let units: i64 = lines.iter().map(|(_, q)| i64::from(*q)).sum();
        command["payment"] = json!({"kind": "approved", "settlements": settlements(order, units * PRICE)});
    }
    command
}

fn settlements(order: &str, amount: i64) -> serde_json::Value {
    json!([{"method": "card", "amount": amount, "approval": {"approval_id": format!("a-{order}")}}])
}
