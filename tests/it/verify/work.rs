//! A small, real workload: everything that an order can go through so far, in two lanes.

use std::{sync::Arc, time::Duration};

use jumun::{
    clock::RealClock,
    domain::{catalog::Policy, ids::OrderId},
    lane::Limits,
    log::{
        CommandLog, EntryId, Inbound, Outbound, Retention,
        crc16::partition_of,
        memory::{MemoryBounds, MemoryLog},
    },
    protocol::{Answer, OutcomeKind},
    retention::RetentionTerms,
    server::{Server, ServerParts},
    store::Store,
};
use serde_json::{Value, json};

pub const PARTITIONS: u32 = 2;
/// SKUs of lane 0: two plain ones and one that is sold through a sale; and two of lane 1, one of them a partner's.
pub fn sku(n: usize) -> String {
    let lane = u32::from(n >= 3);
    let named = |i: &u32| partition_of(&format!("sku{n}-{i}"), PARTITIONS) == lane;
    format!("sku{n}-{}", (0..).find(named).unwrap())
}

pub fn memory_log() -> Arc<dyn CommandLog> {
    use jumun::clock::Clock as _;
    let ms = Arc::new(|| u64::try_from(RealClock.now().timestamp_millis()).unwrap());
    Arc::new(MemoryLog::new(ms, MemoryBounds::default()))
}

pub async fn serve(store: &Arc<dyn Store>, log: &Arc<dyn CommandLog>) -> Server {
    store.migrate().await.unwrap();
    let hour = Duration::from_secs(3_600);
    let parts = ServerParts {
        partitions: PARTITIONS,
        instance: "verify-test".into(),
        lease_ttl: Duration::from_secs(5),
        stuck_after: Duration::from_secs(120),
        store: Arc::clone(store),
        log: Arc::clone(log),
        clock: Arc::new(RealClock),
        policy: Policy { payment_window: Duration::from_secs(3), ..Policy::default() },
        limits: Limits::default(),
        retention: Retention { commands: hour, answers: hour, events: hour, dead_max: 100, dead_age: None },
        gateway: None,
        terms: RetentionTerms::default(),
        hooks: Arc::default(),
        traces: None,
    };
    let server = Server::start(parts).await.unwrap();
    server.ready(PARTITIONS).await;
    server
}

/// Sends commands and waits for each one's answer.
pub struct Client {
    pub store: Arc<dyn Store>,
    pub log: Arc<dyn CommandLog>,
    after: Vec<EntryId>,
    no: u32,
}

impl Client {
    async fn ask(&mut self, kind: &str, fields: Value) -> Answer {
        self.no += 1;
        let id = format!("c-{:07}", self.no);
        self.ask_as(&id, kind, fields).await
    }

    async fn ask_as(&mut self, id: &str, kind: &str, mut fields: Value) -> Answer {
        let sku = fields["lines"][0]["sku_id"].as_str().or(fields["sku_id"].as_str());
        let lane = sku.map_or(0, |s| partition_of(s, PARTITIONS));
        let actor = match kind {
            "write_review" => "buyer:u-1",
            kind if kind.contains("payment") || kind.contains("deposit") => "payment:pg",
            _ => "operator:me",
        };
        let head = json!({"id": id, "type": kind, "actor": actor});
        fields.as_object_mut().unwrap().extend(head.as_object().unwrap().clone());
        let raw: Arc<[u8]> = fields.to_string().into_bytes().into();
        self.log.append(lane, Inbound::Commands, &[raw]).await.unwrap();
        for _ in 0..1_000 {
            for lane in 0..PARTITIONS {
                let at = usize::try_from(lane).unwrap();
                let stream = Outbound::Answers;
                let got = self.log.follow(lane, &stream, self.after[at], 1, Duration::from_millis(10)).await.unwrap();
                for entry in got {
                    self.after[at] = entry.id;
                    let answers: Vec<Answer> = serde_json::from_str(&entry.json).unwrap();
                    if let Some(answer) = answers.into_iter().find(|a| *a.command_id == *id) {
                        return answer;
                    }
                }
            }
        }
        panic!("{kind} was not answered");
    }

    pub async fn ok(&mut self, kind: &str, fields: Value) -> Answer {
        let answer = self.ask(kind, fields.clone()).await;
        assert_eq!(answer.outcome, OutcomeKind::Accepted, "{kind} {fields}: {}", answer.json());
        answer
    }

    pub async fn refused(&mut self, kind: &str, fields: Value, reason: &str) -> Answer {
        let answer = self.ask(kind, fields.clone()).await;
        assert_eq!(answer.reason.as_deref(), Some(reason), "{kind} {fields}: {}", answer.json());
        assert_eq!(answer.outcome, OutcomeKind::Rejected);
        answer
    }

    pub async fn place(&mut self, order: &str, lines: &[(usize, u32)]) {
        self.ok("place_order", placement(order, "u-1", lines)).await;
    }

    /// Pays the order by card and points: what is due, or was due before it expired.
    pub async fn pay(&mut self, order: &str) -> Answer {
        let row = self.store.order_rows(&[OrderId::stored(order)]).await.unwrap().remove(0);
        let due = if row.ord_amt > 0 { row.ord_amt } else { row.gds_amt - row.dscnt_amt + row.dlv_fee_amt };
        self.ok("approve_payment", json!({"order_id": order, "settlements": paid(order, due)})).await
    }

    /// Confirms the refunds that an answer planned.
    pub async fn refund(&mut self, order: &str, planned: &Answer) {
        assert!(!planned.facts.refunds.is_empty(), "{}", planned.json());
        for key in &planned.facts.refunds {
            let failed = json!({"order_id": order, "refund_key": key, "reason": "the bank sleeps"});
            self.ok("fail_refund", failed).await;
            self.ok("confirm_refund", json!({"order_id": order, "refund_key": key})).await;
        }
    }
}

fn paid(order: &str, amount: i64) -> Value {
    let card =
        |amount: i64| json!({"method": "card", "amount": amount, "approval": {"approval_id": format!("ap-{order}")}});
    let points = json!({"method": "points", "amount": 500, "approval": {"approval_id": format!("pt-{order}")}});
    json!([card(amount - 500), points])
}

fn placement(order: &str, customer: &str, lines: &[(usize, u32)]) -> Value {
    let lines: Vec<Value> = lines.iter().map(|(n, q)| json!({"sku_id": sku(*n), "quantity": q})).collect();
    json!({"order_id": order, "customer_id": customer, "lines": lines})
}

async fn goods(c: &mut Client) {
    c.ok("create_template", json!({"template_id": "t1", "partner_id": "p1", "name": "T", "free_threshold": 90_000}))
        .await;
    let product = json!({"product_id": "g1", "name": "G", "kind": "goods", "product_type": "x", "price": 10_000,
        "partner_id": "p1", "template_id": "t1", "bundled": true, "delivery_fee": 3_000, "lead_time_days": 2});
    c.ok("create_product", product).await;
    c.ok("create_promotion", json!({"promotion_id": "prm1", "kind": "promotion", "rate_bp": 1_234})).await;
    for n in 0..4 {
        c.ok("create_sku", json!({"sku_id": sku(n), "product_id": "g1", "option_name": ""})).await;
        c.refused("place_order", placement("o-none", "u-1", &[(n, 1)]), "sold_out").await;
        c.ok("receive_stock", json!({"sku_id": sku(n), "quantity": 20})).await;
    }
    c.ok("adjust_stock", json!({"sku_id": sku(1), "quantity": -3, "reason": "count"})).await;
    c.refused("adjust_stock", json!({"sku_id": sku(1), "quantity": -300, "reason": "count"}), "insufficient_stock")
        .await;
    let sale = json!({"campaign_id": "sale", "sku_id": sku(2), "name": "S", "price": 7_000, "allotted": 5,
        "opens_at": "2020-01-01T00:00:00Z", "closes_at": "2099-01-01T00:00:00Z", "limit_per_customer": 2});
    c.ok("create_campaign", sale).await;
    let gift = json!({"product_id": "g2", "name": "free", "kind": "gift", "product_type": "x", "price": 0,
        "partner_id": "p1", "template_id": "t1", "bundled": true, "delivery_fee": 0, "lead_time_days": 2});
    c.ok("create_product", gift).await;
    c.ok("create_sku", json!({"sku_id": sku(5), "product_id": "g2", "option_name": ""})).await;
    c.ok("receive_stock", json!({"sku_id": sku(5), "quantity": 3})).await;
    let gifts = json!({"gift_promotion_id": "gp1", "main_product_ids": ["g1"], "gift_sku_ids": [sku(5)],
        "gift_quantity": 2, "main_quantity": 1});
    c.ok("create_gift_promotion", gifts).await;
}

/// An order that is paid, wholly cancelled and refunded.
pub async fn cancel_whole(store: &Arc<dyn Store>, log: &Arc<dyn CommandLog>, order: &str) {
    let after = vec![EntryId::ZERO; usize::try_from(PARTITIONS).unwrap()];
    let mut c = Client { store: Arc::clone(store), log: Arc::clone(log), after, no: 900_000 };
    c.place(order, &[(0, 1)]).await;
    c.pay(order).await;
    let cut = c.ok("cancel_lines", json!({"order_id": order, "lines": [1]})).await;
    c.refund(order, &cut).await;
}

/// Works until everything is done and at rest.
pub async fn run(store: &Arc<dyn Store>, log: &Arc<dyn CommandLog>) {
    let after = vec![EntryId::ZERO; usize::try_from(PARTITIONS).unwrap()];
    let mut c = Client { store: Arc::clone(store), log: Arc::clone(log), after, no: 0 };
    goods(&mut c).await;
    // left to expire: here and across lanes
    c.place("o-exp", &[(0, 1)]).await;
    c.place("o-xexp", &[(0, 1), (3, 2)]).await;
    c.place("o-quit", &[(0, 2)]).await;
    c.ok("cancel_payment", json!({"order_id": "o-quit"})).await;
    // paid, part cancelled, refunded
    let mut wanted = placement("o-paid", "u-1", &[(0, 2), (1, 1)]);
    wanted["lines"][0]["promotion_id"] = "prm1".into();
    c.ok("place_order", wanted.clone()).await;
    c.refused("place_order", wanted, "duplicate_order").await;
    c.refused(
        "approve_payment",
        json!({"order_id": "o-paid", "settlements": paid("o-paid", 700), "verified": false}),
        "amount_mismatch",
    )
    .await;
    c.ok("decline_payment", json!({"order_id": "o-paid", "reason": "no cover"})).await;
    c.pay("o-paid").await;
    let cut = c.ok("cancel_lines", json!({"order_id": "o-paid", "lines": [2]})).await;
    c.refund("o-paid", &cut).await;
    // paid at once, judged short; another prepared
    let mut now = placement("o-now", "u-2", &[(1, 2)]);
    now["payment"] = json!({"kind": "approved", "settlements": paid("o-now", 1_000)});
    let due = c.refused("place_order", now.clone(), "amount_mismatch").await.facts.due.unwrap().get();
    now["payment"]["settlements"] = paid("o-now", due);
    c.ok("place_order", now).await;
    let judged = json!({"order_id": "o-now", "lines": [{"line_no": 1, "available": 0}]});
    let short = c.ok("confirm_stock", judged).await;
    c.refund("o-now", &short).await;
    c.place("o-prep", &[(1, 1)]).await;
    c.pay("o-prep").await;
    c.ok("prepare", json!({"order_id": "o-prep"})).await;
    // a deposit
    let mut deposit = placement("o-dep", "u-2", &[(1, 1)]);
    deposit["payment"] = json!({"kind": "deposit", "method": "virtual_account", "virtual_account_no": "va-1"});
    c.ok("place_order", deposit).await;
    c.ok("confirm_deposit", json!({"order_id": "o-dep", "amount": 13_000})).await;
    // a sale to the last unit
    for (order, customer, units) in [("o-s1", "u-1", 2), ("o-s2", "u-2", 2)] {
        c.ok("place_order", placement(order, customer, &[(2, units)])).await;
        c.pay(order).await;
    }
    c.refused("place_order", placement("o-s3", "u-1", &[(2, 1)]), "limit_exceeded").await;
    c.refused("place_order", placement("o-s4", "u-3", &[(2, 2)]), "insufficient_stock").await;
    c.ok("place_order", placement("o-s5", "u-3", &[(2, 1)])).await;
    c.pay("o-s5").await;
    c.refused("place_order", placement("o-s6", "u-4", &[(2, 1)]), "sold_out").await;
    // across lanes: paid and part given back; refused there; in part
    c.place("o-x", &[(0, 1), (3, 3)]).await;
    c.pay("o-x").await;
    let cut = c.ok("cancel_lines", json!({"order_id": "o-x", "lines": [2]})).await;
    c.refund("o-x", &cut).await;
    c.place("o-xkeep", &[(0, 1), (3, 4)]).await;
    c.pay("o-xkeep").await;
    c.refused("place_order", placement("o-xno", "u-1", &[(0, 1), (3, 1_000)]), "insufficient_stock").await;
    let mut part = placement("o-xpart", "u-1", &[(0, 1), (3, 1_000)]);
    part["allow_partial"] = true.into();
    c.ok("place_order", part).await;
    // gifts of another lane that run out, and that follow goods which are judged away
    let mut gifted = placement("o-gift", "u-1", &[(1, 2), (5, 4)]);
    gifted["lines"][1]["main_line_no"] = 1.into();
    let mut more = gifted.clone();
    more["lines"][1]["quantity"] = 5.into();
    c.refused("place_order", more, "gift_not_entitled").await;
    c.ok("place_order", gifted).await;
    c.pay("o-gift").await;
    c.ok("confirm_stock", json!({"order_id": "o-gift", "lines": [{"line_no": 1, "available": 1}]})).await;
    // a retry, a reused id, and what can't be read
    let receive = json!({"sku_id": sku(0), "quantity": 1});
    let first = c.ask_as("c-retried", "receive_stock", receive.clone()).await;
    let again = c.ask_as("c-retried", "receive_stock", receive).await;
    assert_eq!((first.outcome, &first.facts), (again.outcome, &again.facts));
    let other = c.ask_as("c-retried", "receive_stock", json!({"sku_id": sku(0), "quantity": 2})).await;
    assert_eq!(other.reason.as_deref(), Some("command_id_reused"));
    log.append(0, Inbound::Commands, &[b"{no command".as_slice().into()]).await.unwrap();
    // what was left expires; money that comes then is planned for refund
    let ids = ["o-exp", "o-xexp", "o-xpart"].map(OrderId::stored);
    for _ in 0..200 {
        let rows = store.order_rows(&ids).await.unwrap();
        if rows.iter().all(|r| &*r.ord_stat_cd == "PAYMENT_EXPIRED") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let late = c.pay("o-exp").await;
    assert_eq!(late.reason.as_deref(), Some("payment_expired"));
    super::after::run(&mut c).await;
}
