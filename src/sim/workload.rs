//! What a shop's customers and staff do, drawn by chance: stories of one order each, told over simulated time. Who tells them
//! hears no answers, so some of what is said is refused: that is as it should be.

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub use super::goods::{Sent, Shop};
use super::{
    chance::Chance,
    goods::{FEE, PRICE, SALE_PRICE, SKUS},
};
use crate::log::Inbound;

const CUSTOMERS: u64 = 40;

/// Tells stories, one after another.
pub struct Teller<'a> {
    shop: &'a Shop,
    chance: Chance,
    /// by time in milliseconds, and number
    waiting: BTreeMap<(u64, u64), Sent>,
    stories: u64,
    /// of the last command
    number: u64,
    /// commands that were put among those that wait
    put_ever: u64,
}

/// One order.
struct Story<'t, 'a> {
    teller: &'t mut Teller<'a>,
    order: String,
    customer: String,
    partition: u32,
    at: u64,
}

impl<'a> Teller<'a> {
    /// A teller with nothing told.
    pub fn new(shop: &'a Shop, chance: Chance) -> Self {
        Self { shop, chance, waiting: BTreeMap::new(), stories: 0, number: 0, put_ever: 0 }
    }

    /// When the next command is sent; `None`: nothing waits.
    pub fn next_at(&self) -> Option<u64> {
        self.waiting.first_key_value().map(|((at, _), _)| *at)
    }

    /// The next command.
    pub fn take(&mut self) -> Option<Sent> {
        self.waiting.pop_first().map(|(_, sent)| sent)
    }

    /// Begins another story at this time.
    pub fn story(&mut self, at: u64) {
        self.stories += 1;
        let partition = u32::try_from(self.chance.of(0..u64::from(self.shop.partitions))).unwrap_or(0);
        let (order, customer) = (format!("o-{:06}", self.stories), format!("u-{}", self.chance.of(0..CUSTOMERS)));
        let kind = self.chance.of(0..100);
        let mut story = Story { teller: self, order, customer, partition, at };
        match kind {
            0..=16 => story.paid_at_once(),
            17..=30 => story.paid_later(),
            31..=36 => story.given_up(),
            37..=43 => story.left_alone(),
            44..=49 => story.paid_too_late(),
            50..=58 => story.cancelled(),
            59..=63 => story.short(),
            64..=74 => story.returned(),
            75..=82 => story.exchanged(),
            83..=89 => story.purchased(),
            90..=94 => story.rivals(),
            _ => story.stock(),
        }
    }

    fn send(&mut self, at: u64, partition: u32, mut command: Value) {
        self.number += 1;
        let id = format!("c-{:07}", self.number);
        command["id"] = json!(id);
        let buyers = command["actor"].as_str().is_some_and(|a| a.starts_with("buyer:"));
        let stream = if buyers && self.chance.once_in(2) { Inbound::Checkout } else { Inbound::Commands };
        let astray = self.chance.once_in(30);
        let to = if astray {
            u32::try_from(self.chance.of(0..u64::from(self.shop.partitions))).unwrap_or(0)
        } else {
            partition
        };
        let sent = Sent { partition: to, stream, id, json: command.to_string() };
        if self.chance.once_in(25) {
            // sent again: at once, soon, or much later
            let again = at + self.chance.of(0..[2, 4_000, 60_000][self.chance.below(3)]);
            self.put(again, sent.clone());
        }
        if self.chance.once_in(60) {
            // another command under the same id
            let other = json!({"id": sent.id, "type": "receive_stock", "actor": "operator:sim",
                "sku_id": self.shop.sku(partition, 2), "quantity": 1});
            let at = at + self.chance.of(0..4_000);
            self.put(at, Sent { partition, stream: Inbound::Commands, json: other.to_string(), ..sent.clone() });
        }
        if self.chance.once_in(150) {
            let junk = ["no JSON", "{}", r#"{"id":"c"}"#][self.chance.below(3)];
            self.put(at, Sent { id: String::new(), json: junk.to_owned(), ..sent.clone() });
        }
        self.put(at, sent);
    }

    fn put(&mut self, at: u64, sent: Sent) {
        self.put_ever += 1;
        self.waiting.insert((at, self.put_ever), sent);
    }
}

impl Story<'_, '_> {
    fn chance(&self) -> Chance {
        self.teller.chance.clone()
    }

    fn soon(&mut self) {
        let chance = self.chance();
        self.at += if chance.once_in(20) { 0 } else { chance.of(50..3_000) };
    }

    fn say(&mut self, actor: &str, kind: &str, mut fields: Value) {
        (fields["type"], fields["actor"]) = (json!(kind), json!(actor));
        if fields.get("sku_id").is_none() || kind == "request_exchange" || kind == "approve_exchange" {
            fields["order_id"] = json!(self.order);
        }
        let (at, partition) = (self.at, self.partition);
        self.teller.send(at, partition, fields);
    }

    fn staff(&mut self, kind: &str, fields: Value) {
        self.soon();
        self.say("operator:sim", kind, fields);
    }

    fn buyer(&mut self, kind: &str, fields: Value) {
        self.soon();
        let actor = format!("buyer:{}", self.customer);
        self.say(&actor, kind, fields);
    }

    /// Lines of this partition first, so that the order lives in it; what they cost.
    fn lines(&mut self, count: u64) -> (Vec<Value>, i64, u32) {
        let chance = self.chance();
        let (mut lines, mut total, mut first) = (Vec::new(), FEE, 0);
        let mut had = Vec::new();
        for n in 0..count {
            let partition = if n == 0 {
                self.partition
            } else {
                u32::try_from(chance.of(0..u64::from(self.teller.shop.partitions))).unwrap_or(0)
            };
            let what = chance.below(3);
            let sku = self.teller.shop.sku(partition, what).to_owned();
            if had.contains(&sku) {
                continue;
            }
            let quantity = [1, 1, 1, 2, 3][chance.below(5)];
            total += i64::from(quantity) * if what == 0 { SALE_PRICE } else { PRICE };
            first = if n == 0 { quantity } else { first };
            lines.push(json!({"sku_id": sku, "quantity": quantity}));
            had.push(sku);
        }
        if chance.once_in(6) {
            let partition = u32::try_from(chance.of(0..u64::from(self.teller.shop.partitions))).unwrap_or(0);
            lines.push(json!({"sku_id": self.teller.shop.sku(partition, 4), "quantity": 1, "main_line_no": 1,
                "gift_promotion_id": format!("gifts-{partition}")}));
        }
        (lines, total, first)
    }

    fn settlements(&self, amount: i64) -> Value {
        json!([{"method": "card", "amount": amount, "approval": {"approval_id": format!("a-{}", self.order)}}])
    }

    fn place(&mut self, lines: &[Value], paid: Option<i64>) {
        let chance = self.chance();
        let mut fields = json!({"customer_id": self.customer, "lines": lines});
        if chance.once_in(4) {
            fields["allow_partial"] = json!(true);
        }
        let mut actor = format!("buyer:{}", self.customer);
        if let Some(amount) = paid {
            fields["payment"] = json!({"kind": "approved", "settlements": self.settlements(amount)});
            actor = "operator:sim".to_owned();
        }
        self.say(&actor, "place_order", fields);
    }

    fn pay(&mut self, amount: i64) {
        let settlements = self.settlements(amount);
        self.say("payment:sim", "approve_payment", json!({"settlements": settlements}));
    }

    fn some(&self) -> u64 {
        [1, 1, 2, 3][self.chance().below(4)]
    }

    fn paid_at_once(&mut self) {
        let (lines, total, _) = self.lines(self.some());
        self.place(&lines, Some(total));
        if self.chance().once_in(3) {
            self.staff("prepare", json!({}));
        }
    }

    fn paid_later(&mut self) {
        let (lines, total, _) = self.lines(self.some());
        self.place(&lines, None);
        if self.chance().once_in(4) {
            self.soon();
            self.say("payment:sim", "decline_payment", json!({}));
        }
        self.soon();
        // now and then another amount, which is taken and goes back
        let off = [0, 0, 0, 0, 500][self.chance().below(5)];
        self.pay(total + off);
        if self.chance().once_in(6) {
            self.soon();
            self.say(
                "payment:sim",
                "approve_payment",
                json!({"settlements": [{"method": "card", "amount": total,
                "approval": {"approval_id": format!("b-{}", self.order)}}]}),
            );
        }
    }

    fn given_up(&mut self) {
        let (lines, _, _) = self.lines(self.some());
        self.place(&lines, None);
        self.buyer("cancel_payment", json!({}));
    }

    fn left_alone(&mut self) {
        let (lines, _, _) = self.lines(self.some());
        self.place(&lines, None);
    }

    fn paid_too_late(&mut self) {
        let (lines, total, _) = self.lines(1);
        self.place(&lines, None);
        self.at += super::PAYMENT_WINDOW_MS - 1_500 + self.chance().of(0..4_000);
        self.pay(total);
    }

    fn cancelled(&mut self) {
        let (lines, total, _) = self.lines(self.some());
        self.place(&lines, Some(total));
        let n = 1 + self.chance().below(lines.len());
        self.buyer("cancel_lines", json!({"lines": (1..=n).collect::<Vec<_>>()}));
    }

    fn short(&mut self) {
        let (lines, total, first) = self.lines(2);
        self.place(&lines, Some(total));
        let there = self.chance().of(0..u64::from(first) + 1);
        self.staff("confirm_stock", json!({"lines": [{"line_no": 1, "available": there}]}));
    }

    fn delivered(&mut self) -> u32 {
        let (lines, total, first) = self.lines(self.some());
        self.place(&lines, Some(total));
        for (kind, fields) in [
            ("prepare", json!({})),
            ("use_own_stock", json!({})),
            ("complete_procurement", json!({})),
            ("ship", json!({"method": "own"})),
            ("mark_delivered", json!({})),
        ] {
            self.staff(kind, fields);
        }
        first
    }

    fn fault(&self) -> (&'static str, &'static str) {
        if self.chance().once_in(2) { ("buyer", "change_of_mind") } else { ("seller", "defect") }
    }

    fn returned(&mut self) {
        let first = self.delivered();
        let ((fault, reason), chance) = (self.fault(), self.chance());
        let quantity = 1 + chance.of(0..u64::from(first));
        self.buyer(
            "request_return",
            json!({"lines": [{"line_no": 1, "quantity": quantity}], "reason": reason, "fault": fault}),
        );
        if chance.once_in(7) {
            return self.buyer("withdraw_return", json!({"claim_group": 1}));
        }
        self.staff("approve_return", json!({"claim_group": 1}));
        self.staff("collect_return", json!({"claim_group": 1}));
        let sound = chance.of(0..quantity + 1);
        let inspected = json!([{"line_no": 1, "sellable": sound, "unsellable": quantity - sound}]);
        self.staff("complete_return", json!({"claim_group": 1, "inspected": inspected}));
        if chance.once_in(2) {
            self.buyer("confirm_purchase", json!({}));
        }
    }

    fn exchanged(&mut self) {
        let first = self.delivered();
        let ((fault, reason), chance) = (self.fault(), self.chance());
        let quantity = 1 + chance.of(0..u64::from(first));
        let wanted = self
            .teller
            .shop
            .sku(u32::try_from(chance.of(0..u64::from(self.teller.shop.partitions))).unwrap_or(0), 2)
            .to_owned();
        let asks = json!({"line_no": 1, "quantity": quantity, "reason": reason, "fault": fault, "sku_id": wanted});
        self.buyer("request_exchange", asks);
        if chance.once_in(7) {
            return self.buyer("withdraw_exchange", json!({"claim_group": 1}));
        }
        let resolution = ["pickup", "add_product"][chance.below(2)];
        // a pickup adds no product: it is a return of its own
        let (mut approval, group) =
            (json!({"claim_group": 1, "resolution": resolution}), if resolution == "pickup" { 2 } else { 1 });
        if resolution == "add_product" {
            approval["sku_id"] = json!(wanted);
        }
        self.staff("approve_exchange", approval);
        if chance.once_in(3) {
            // its fee is waived: a part of it, or more than there is; then all that is left
            self.staff("waive_debt", json!({"reason": "kept waiting", "amount": chance.of(1..8_000)}));
            self.staff("waive_debt", json!({"reason": "kept waiting"}));
        }
        self.staff("collect_return", json!({"claim_group": group}));
        for kind in ["prepare", "use_own_stock", "complete_procurement"] {
            self.staff(kind, json!({}));
        }
        self.staff("ship", json!({"method": "own"}));
        self.staff("mark_delivered", json!({}));
        self.staff("complete_return", json!({"claim_group": group}));
        self.buyer("confirm_purchase", json!({}));
    }

    fn purchased(&mut self) {
        let (lines, total, _) = self.lines(1);
        self.place(&lines, Some(total));
        self.staff("prepare", json!({}));
        let chance = self.chance();
        let partition = u32::try_from(chance.of(0..u64::from(self.teller.shop.partitions))).unwrap_or(0);
        let sku = self.teller.shop.sku(partition, 3).to_owned();
        self.staff("purchase_from_partner", json!({"partner_id": "w", "lines": [{"line_no": 1, "sku_id": sku}]}));
        if chance.once_in(3) {
            self.staff("cancel_procurement", json!({}));
            self.staff("use_own_stock", json!({}));
        }
        self.staff("complete_procurement", json!({}));
        self.staff("ship", json!({"method": "own"}));
        self.staff("mark_delivered", json!({}));
    }

    /// Two orders in two partitions at one time, under one command id or paid by one approval: only one may be.
    fn rivals(&mut self) {
        let (partitions, one_id) = (self.teller.shop.partitions, self.chance().once_in(2));
        self.teller.number += 1;
        let number = self.teller.number;
        for (n, end) in ["", "-b"].into_iter().enumerate() {
            let partition = (self.partition + u32::try_from(n).unwrap_or(0)) % partitions;
            let (id, approval) = if one_id {
                (format!("c-{number:07}"), format!("a-{}{end}", self.order))
            } else {
                (format!("c-{number:07}{end}"), format!("a-{}", self.order))
            };
            let place = json!({"id": id, "type": "place_order", "actor": "operator:sim", "order_id": format!("{}{end}", self.order),
                "customer_id": self.customer, "lines": [{"sku_id": self.teller.shop.sku(partition, 2), "quantity": 1}],
                "payment": {"kind": "approved", "settlements": [{"method": "card", "amount": PRICE + FEE,
                    "approval": {"approval_id": approval}}]}});
            self.teller.put(self.at, Sent { partition, stream: Inbound::Commands, id, json: place.to_string() });
        }
    }

    fn stock(&mut self) {
        let chance = self.chance();
        let (kind, what) = (
            ["receive_stock", "receive_stock", "adjust_stock", "shrink_stock"][chance.below(4)],
            chance.below(SKUS.len()),
        );
        let up = i64::try_from(chance.of(1..10)).unwrap_or(1);
        let quantity = if kind == "adjust_stock" && chance.once_in(2) { -3 * up } else { up };
        let mut fields = json!({"sku_id": self.teller.shop.sku(self.partition, what), "quantity": quantity});
        if kind != "receive_stock" {
            fields["reason"] = json!("counted");
        }
        self.say("operator:sim", kind, fields);
    }
}
