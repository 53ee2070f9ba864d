//! `jumun serve --sample`: a shop to look at. What is in it came by the public commands through the log, as in any other.

use std::{collections::HashMap, sync::Arc, time::Duration};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use crate::{
    domain::{catalog::Policy, ids::OrderId, status::Status},
    log::{EntryId, Inbound, Outbound, crc16::partition_of},
    protocol::{Answer, OutcomeKind},
    server::{Server, ServerParts},
    store::OrderQuery,
};

/// How long a command's answer, and what only time does, is waited for.
const WAIT: Duration = Duration::from_secs(30);
/// Until an unpaid order expires, for the one that has.
const SHORT: Duration = Duration::from_secs(1);
/// Who made it all.
const ACTOR: &str = "operator:sample";

/// A command of an order: its type, its fields.
type Said = (&'static str, &'static str);

/// Each status, whether its order is placed paid, and the commands that bring it there.
const ORDERS: &[(&str, bool, &[Said])] = &[
    ("PAYMENT_PENDING", false, &[]),
    ("PAYMENT_CANCELLED", false, &[("cancel_payment", "{}")]),
    ("ORDERED", true, &[]),
    ("CANCELLED", true, &[("cancel_lines", r#"{"lines":[1]}"#)]),
    ("OUT_OF_STOCK", true, &[("confirm_stock", r#"{"lines":[{"line_no":1,"available":0}]}"#)]),
    ("PREPARING", true, &[("prepare", "{}")]),
    ("PROCUREMENT_CHECK", true, &[("prepare", "{}"), ("use_own_stock", "{}")]),
    ("PROCUREMENT_DONE", true, PROCURED),
    ("SHIPPED", true, &[PROCURED[0], PROCURED[1], PROCURED[2], SHIP]),
    ("PURCHASE_CONFIRMED", true, &[PROCURED[0], PROCURED[1], PROCURED[2], SHIP, DELIVERED, ("confirm_purchase", "{}")]),
    ("RETURNING", true, &[PROCURED[0], PROCURED[1], PROCURED[2], SHIP, DELIVERED, RETURN]),
    (
        "RETURNED",
        true,
        &[
            PROCURED[0],
            PROCURED[1],
            PROCURED[2],
            SHIP,
            DELIVERED,
            RETURN,
            ("approve_return", GROUP),
            ("collect_return", GROUP),
            ("complete_return", GROUP),
        ],
    ),
    ("EXCHANGING", true, &[PROCURED[0], PROCURED[1], PROCURED[2], SHIP, DELIVERED, EXCHANGE]),
    // before it left, so that nothing has to come back; its line is what is EXCHANGED, the order goes on with the new one
    (
        "EXCHANGED",
        true,
        &[
            PROCURED[0],
            PROCURED[1],
            PROCURED[2],
            EXCHANGE,
            ("approve_exchange", r#"{"claim_group":1,"resolution":"add_product","sku_id":"AC-200"}"#),
            ("use_own_stock", r#"{"lines":[2]}"#),
            ("complete_procurement", r#"{"lines":[2]}"#),
            (
                "ship",
                r#"{"lines":[2],"waybills":[{"line_no":2,"carrier":"CJ","waybill_no":"6101-2045","quantity":1}]}"#,
            ),
            ("mark_delivered", r#"{"lines":[2]}"#),
            ("confirm_purchase", r#"{"lines":[2]}"#),
        ],
    ),
];

const PROCURED: &[Said] = &[("prepare", "{}"), ("use_own_stock", "{}"), ("complete_procurement", "{}")];
const SHIP: Said = ("ship", r#"{"waybills":[{"line_no":1,"carrier":"CJ","waybill_no":"6101-2044","quantity":1}]}"#);
const DELIVERED: Said = ("mark_delivered", "{}");
const GROUP: &str = r#"{"claim_group":1}"#;
const RETURN: Said =
    ("request_return", r#"{"lines":[{"line_no":1,"quantity":1}],"reason":"change_of_mind","fault":"buyer"}"#);
const EXCHANGE: Said =
    ("request_exchange", r#"{"line_no":1,"quantity":1,"reason":"defect","fault":"seller","sku_id":"AC-200"}"#);

/// Goods of one seller: (SKU, option).
const GOODS: [(&str, &str); 2] = [("AC-100", "white"), ("AC-200", "grey")];
const PRICE: i64 = 129_000;
const FEE: i64 = 3_000;

/// Fills the shop.
///
/// # Errors
/// A sentence: the database has orders, or a command was refused.
pub async fn fill(parts: &ServerParts) -> anyhow::Result<()> {
    let any = OrderQuery { limit: 1, ..OrderQuery::default() };
    ensure!(parts.store.find_orders(&any).await?.is_empty(), "this database has orders already: it takes a new one");
    let policy = |payment_window| Policy { payment_window, ..Policy::default() };
    // one whose time is over is waited for; the others are not to expire meanwhile
    let server = Server::start(ServerParts { policy: policy(SHORT), ..parts.clone() }).await?;
    let expired = async {
        server.ready(parts.partitions).await;
        let mut shop = Shop::new(parts);
        shop.goods().await?;
        shop.place(Status::PaymentExpired.code(), false).await?;
        shop.becomes(Status::PaymentExpired).await
    };
    let expired = expired.await;
    server.stop().await;
    expired?;
    let server = Server::start(ServerParts { policy: Policy::default(), ..parts.clone() }).await?;
    let orders = async {
        server.ready(parts.partitions).await;
        let mut shop = Shop::new(parts);
        for (status, paid, commands) in ORDERS {
            shop.order(status, *paid, commands).await?;
        }
        anyhow::Ok(())
    };
    let orders = orders.await;
    server.stop().await;
    orders
}

/// Sends commands to it, one after another.
struct Shop<'a> {
    parts: &'a ServerParts,
    name: Arc<str>,
    /// how far each partition's answers are read
    read: Vec<EntryId>,
    /// where each order lives
    lanes: HashMap<String, u32>,
}

fn id_of(status: &str) -> String {
    format!("sample-{}", status.to_lowercase().replace('_', "-"))
}

impl<'a> Shop<'a> {
    fn new(parts: &'a ServerParts) -> Self {
        let name = format!("sample-{}", uuid::Uuid::now_v7().simple()).into();
        let read = (0..parts.partitions).map(|_| EntryId::ZERO).collect();
        Self { parts, name, read, lanes: HashMap::new() }
    }

    async fn goods(&mut self) -> anyhow::Result<()> {
        let partner =
            json!({"type": "create_partner", "partner_id": "p-1", "name": "sample seller", "kind": "wholesaler"});
        let template = json!({"type": "create_template", "template_id": "t-1", "partner_id": "p-1", "name": "parcel"});
        let product = json!({"type": "create_product", "product_id": "AC", "name": "air conditioner", "kind": "goods",
            "product_type": "normal", "price": PRICE, "partner_id": "p-1", "template_id": "t-1", "bundled": true,
            "delivery_fee": FEE, "lead_time_days": 2});
        for (n, command) in [partner, template, product].into_iter().enumerate() {
            self.send(&format!("sample-goods-{n}"), 0, command).await?;
        }
        for (sku, option) in GOODS {
            let lane = partition_of(sku, self.parts.partitions);
            let made = json!({"type": "create_sku", "sku_id": sku, "product_id": "AC", "option_name": option});
            self.send(&format!("sample-sku-{sku}"), lane, made).await?;
            let stock = json!({"type": "receive_stock", "sku_id": sku, "quantity": 100});
            self.send(&format!("sample-stock-{sku}"), lane, stock).await?;
        }
        Ok(())
    }

    async fn place(&mut self, status: &str, paid: bool) -> anyhow::Result<()> {
        let id = id_of(status);
        let (sku, _) = GOODS[0];
        let mut command = json!({"type": "place_order", "order_id": id, "customer_id": "sample-buyer",
            "lines": [{"sku_id": sku, "quantity": 1}], "recipient": {"name": "김견본", "phone": "010-0000-0000",
            "zip": "04524", "address": "서울특별시 중구 세종대로 110"}});
        if paid {
            command["payment"] = json!({"kind": "approved", "settlements": [{"method": "card", "amount": PRICE + FEE,
                "approval": {"approval_id": format!("approval-of-{id}")}}]});
        }
        let lane = partition_of(sku, self.parts.partitions);
        let answer = self.send(&format!("{id}-0"), lane, command).await?;
        self.lanes.insert(id, answer.partition);
        Ok(())
    }

    async fn order(&mut self, status: &str, paid: bool, commands: &[Said]) -> anyhow::Result<()> {
        self.place(status, paid).await?;
        let id = id_of(status);
        let lane = self.lanes.get(&id).copied().unwrap_or(0);
        for ((kind, fields), n) in commands.iter().zip(1..) {
            let mut command: Value = serde_json::from_str(fields)?;
            command["type"] = (*kind).into();
            command["order_id"] = id.as_str().into();
            self.send(&format!("{id}-{n}"), lane, command).await?;
        }
        Ok(())
    }

    /// Waits until the order of that status has it.
    async fn becomes(&self, status: Status) -> anyhow::Result<()> {
        let id = [OrderId::new(&id_of(status.code()))?];
        let begun = tokio::time::Instant::now();
        loop {
            let rows = self.parts.store.order_rows(&id).await?;
            if rows.first().is_some_and(|r| &*r.ord_stat_cd == status.code()) {
                return Ok(());
            }
            ensure!(begun.elapsed() < WAIT, "no order became {}", status.code());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Sends one, which is to be accepted.
    async fn send(&mut self, id: &str, lane: u32, mut command: Value) -> anyhow::Result<Answer> {
        command["id"] = id.into();
        command["actor"] = ACTOR.into();
        command["reply_to"] = (&*self.name).into();
        let raw: Arc<[u8]> = command.to_string().into_bytes().into();
        self.parts.log.append(lane, Inbound::Commands, &[raw]).await?;
        let answer = tokio::time::timeout(WAIT, self.answer(id)).await.context("no answer")??;
        if answer.outcome != OutcomeKind::Accepted {
            bail!("{command} was {}: {}", answer.outcome.word(), answer.message.unwrap_or_default());
        }
        Ok(answer)
    }

    async fn answer(&mut self, id: &str) -> anyhow::Result<Answer> {
        let stream = Outbound::AnswersTo(Arc::clone(&self.name));
        loop {
            for (partition, after) in (0..self.parts.partitions).zip(&mut self.read) {
                let some = self.parts.log.follow(partition, &stream, *after, 100, Duration::from_millis(10)).await?;
                for entry in some {
                    *after = entry.id;
                    let answers: Vec<Answer> = serde_json::from_str(&entry.json)?;
                    if let Some(answer) = answers.into_iter().find(|a| *a.command_id == *id) {
                        return Ok(answer);
                    }
                }
            }
        }
    }
}
