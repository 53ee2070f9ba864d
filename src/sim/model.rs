//! A second shop, to hold the first to: plain, sequential, on whole numbers, and with no code of jumun's domain. It reads the
//! commands that the stories say, one after another, and tells what each has to be answered: accepted, refused and why, the
//! order's status, what is owed. What it does not know it calls unsure, and everything that follows from it.

mod claims;
mod line;
pub mod order;
mod paying;
mod placing;
pub mod shelves;
mod supply;

use std::collections::BTreeMap;

use serde_json::Value;

use self::{
    order::{ModelCut, ModelOrder, ModelStatus},
    shelves::Shelves,
};

/// How a command has to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ModelOutcome {
    #[default]
    Accepted,
    Rejected,
    /// it can't be read, and nobody can be answered
    Silent,
    /// the model does not know
    Unsure,
}

/// What is owed, as an answer tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owed {
    pub total: i64,
    pub due: i64,
    /// in milliseconds
    pub deadline: Option<u64>,
}

/// What a command has to be answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    pub outcome: ModelOutcome,
    /// one of these codes; where there are none, none
    pub reasons: Vec<&'static str>,
    /// one of these; where there are none, whichever
    pub statuses: Vec<ModelStatus>,
    /// of an accepted command: one of these
    pub owed: Vec<Option<Owed>>,
    /// the return or exchange that it is about
    pub claim: Option<u64>,
    /// the line that it has added
    pub line: Option<u64>,
    /// the order that it has made
    pub linked: Option<String>,
}

impl Expected {
    /// Not known.
    pub fn unsure() -> Self {
        Self { outcome: ModelOutcome::Unsure, ..Self::default() }
    }

    fn refused(reason: &'static str) -> Self {
        Self { outcome: ModelOutcome::Rejected, reasons: vec![reason], ..Self::default() }
    }
}

/// What an accepted command did beside changing its order.
#[derive(Debug, Default)]
struct Yes {
    note: Option<&'static str>,
    claim: Option<u64>,
    line: Option<u64>,
    /// a linked order that it made
    makes: Option<ModelOrder>,
    /// one that is needed no more
    stops: Option<String>,
}

/// Why a command is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
enum No {
    Because(&'static str),
    /// one of these: who is asked first is not said
    OneOf(Vec<&'static str>),
    Unsure,
}

/// The status does not allow it.
const ILLEGAL: No = No::Because("illegal_transition");

/// For so long after a deadline an order may or may not have been looked at, in milliseconds.
const GRACE_MS: u64 = 5_000;

/// What an id stands for.
#[derive(Debug, Clone)]
struct Known {
    content: String,
    answer: Expected,
}

impl Known {
    fn again(&self, content: &str) -> Expected {
        if self.content == content || self.answer.outcome == ModelOutcome::Unsure {
            self.answer.clone()
        } else {
            Expected::refused("command_id_reused")
        }
    }
}

/// The model.
#[derive(Debug, Default)]
pub struct Model {
    shelves: Shelves,
    orders: BTreeMap<String, ModelOrder>,
    /// which order a payment has paid
    approvals: BTreeMap<String, String>,
    /// by partition and command id: what was decided there
    known: BTreeMap<(u32, String), Known>,
    /// by command id: what was accepted anywhere
    accepted: BTreeMap<String, Known>,
    payment_window_ms: u64,
    /// there is whatever is asked for: it does not matter what other orders have taken
    filled: bool,
}

impl Model {
    /// An empty shop over so many partitions.
    pub fn new(partitions: u32, payment_window_ms: u64) -> Self {
        let shelves = Shelves { partitions, ..Shelves::default() };
        Self { shelves, payment_window_ms, ..Self::default() }
    }

    /// What there is of each SKU.
    pub fn shelves(&self) -> &Shelves {
        &self.shelves
    }

    /// All orders, those of which nothing came too.
    pub fn orders(&self) -> impl Iterator<Item = &ModelOrder> {
        self.orders.values()
    }

    /// The order of this id.
    pub fn order(&self, id: &str) -> Option<&ModelOrder> {
        self.orders.get(id)
    }

    /// Unpaid orders, with their deadlines.
    pub fn deadlines(&self) -> impl Iterator<Item = (&str, u64)> {
        self.orders.values().filter(|o| !o.unsure).filter_map(|o| Some((o.id.as_str(), o.due_by()?)))
    }

    /// Unpaid orders whose deadline has come expire.
    pub fn expire(&mut self, now: u64) {
        let due: Vec<String> = self.deadlines().filter(|(_, at)| *at <= now).map(|(id, _)| id.to_owned()).collect();
        due.iter().for_each(|id| self.expire_one(id));
    }

    /// This order's deadline has come.
    pub fn expire_one(&mut self, id: &str) {
        if let Some(order) = self.orders.get_mut(id).filter(|o| o.due_by().is_some()) {
            order.end_unpaid(ModelStatus::PaymentExpired, &mut self.shelves);
        }
    }

    /// From now on there is whatever is asked for.
    pub fn fill(&mut self) {
        self.filled = true;
        for sku in self.shelves.skus.values_mut() {
            sku.on_hand = i64::from(u32::MAX);
            if let Some(sale) = &mut sku.sale {
                (sale.allotted, sale.limit) = (i64::from(u32::MAX), None);
            }
        }
    }

    /// An order got less than there is: gifts that were left out, by line, and goods as far as this total tells.
    pub fn placed_short(&mut self, id: &str, total: i64, omitted_gifts: &[(u64, i64)]) {
        let Some(mut order) = self.orders.get(id).filter(|o| !o.unsure).cloned() else { return };
        let gift = |(no, quantity): &(u64, i64)| ModelCut { no: *no, quantity: *quantity, taken: *quantity, lost: 0 };
        let gifts: Vec<ModelCut> = omitted_gifts.iter().map(gift).collect();
        order.cut(&gifts, ModelStatus::OutOfStock, &mut self.shelves);
        let Some(goods) = order.short_by(order.total() - total) else { return drop(self.lost(id)) };
        let cuts = order.with_gifts(goods);
        order.cut(&cuts, ModelStatus::OutOfStock, &mut self.shelves);
        self.orders.insert(id.to_owned(), order);
    }

    /// A partner is being asked for this order's goods, or has answered.
    pub fn asking(&mut self, id: &str, is: bool) {
        self.orders.get_mut(id).into_iter().for_each(|order| order.asking = is);
    }

    /// What became of this order is not known.
    pub fn forget(&mut self, id: &str) {
        drop(self.lost(id));
    }

    /// A command was answered otherwise: what it may have changed is not known any more.
    pub fn differs(&mut self, command: &str) {
        let c: Value = serde_json::from_str(command).unwrap_or_default();
        self.lose_named(&c);
        let id = text(&c, "order_id");
        if c["type"] == "place_order" && !self.orders.contains_key(&id) {
            drop(self.of_nothing(&id, self.lane_of(&c, 0), &c));
        }
        drop(self.lost(&id));
    }

    /// A command that comes by this partition's stream at this time; what it has to be answered.
    pub fn say(&mut self, now: u64, to: u32, command: &str) -> Expected {
        self.expire(now);
        let read = serde_json::from_str::<Value>(command).ok();
        let named = read.as_ref().and_then(|c| c["id"].as_str()).filter(|id| (8..=64).contains(&id.len()));
        let (Some(c), Some(id)) = (&read, named) else {
            return Expected { outcome: ModelOutcome::Silent, ..Expected::default() };
        };
        let (content, lane) = (c.to_string(), self.lane_of(c, to));
        let here = [to, lane].into_iter().find_map(|lane| self.known.get(&(lane, id.to_owned())));
        if let Some(known) = here.or_else(|| self.accepted.get(id)) {
            return known.again(&content);
        }
        let answer = self.decide(now, lane, c);
        let known = Known { content, answer: answer.clone() };
        if answer.outcome != ModelOutcome::Rejected {
            self.accepted.insert(id.to_owned(), known.clone());
        }
        self.known.insert((lane, id.to_owned()), known);
        answer
    }

    /// Where a command is decided.
    fn lane_of(&self, c: &Value, to: u32) -> u32 {
        let kind = c["type"].as_str().unwrap_or_default();
        match kind {
            "create_template" | "create_partner" | "create_product" | "create_gift_promotion" => 0,
            "create_sku" | "create_campaign" | "receive_stock" | "adjust_stock" | "shrink_stock" => {
                self.shelves.lane(&text(c, "sku_id"))
            }
            _ => match self.orders.get(&text(c, "order_id")) {
                Some(order) => order.lane,
                None if kind == "place_order" => self.shelves.lane(&text(&c["lines"][0], "sku_id")),
                None => to,
            },
        }
    }

    fn decide(&mut self, now: u64, lane: u32, c: &Value) -> Expected {
        let kind = c["type"].as_str().unwrap_or_default();
        if let Some(said) = self.shelves.say(kind, c) {
            return match said {
                Ok(_) => Expected { owed: vec![None], ..Expected::default() },
                Err(no) => refusal(no, Vec::new()),
            };
        }
        let id = text(c, "order_id");
        if kind == "place_order" {
            return self.placed(now, lane, &id, c);
        }
        let Some(order) = self.orders.get(&id).filter(|o| !o.failed) else { return Expected::refused("unknown_order") };
        if self.is_unsure(order) {
            self.lose_named(c);
            return self.lost(&id);
        }
        let actor = c["actor"].as_str().unwrap_or_default();
        if actor.strip_prefix("buyer:").is_some_and(|who| who != order.customer) {
            return Expected::refused("forbidden");
        }
        let before = (order.total(), order.due());
        let (mut next, was) = (order.clone(), order.status());
        let said = self.of_order(kind, &mut next, c, now);
        match said {
            Err(No::Unsure) => {
                self.lose_named(c);
                self.lost(&id)
            }
            Err(no) => {
                let late = was == ModelStatus::PaymentExpired && next.deadline.is_some_and(|at| now < at + GRACE_MS);
                refusal(no, if late { vec![was, ModelStatus::PaymentPending] } else { vec![was] })
            }
            Ok(yes) => {
                next.close_exchanges();
                next.unsure |= next.has_orphan();
                let after = (next.total(), next.due());
                let tells = after.0 != before.0 || after.1 > before.1;
                let owed = tells.then(|| owed(&next));
                self.accept(next, yes, vec![owed])
            }
        }
    }

    /// A command to an order that stands.
    fn of_order(&mut self, kind: &str, order: &mut ModelOrder, c: &Value, now: u64) -> Result<Yes, No> {
        let shelves = &mut self.shelves;
        match kind {
            "approve_payment" => paying::approve(order, c, shelves, &mut self.approvals),
            "decline_payment" => paying::decline(order, now),
            "cancel_payment" => paying::cancel(order, now, shelves),
            "waive_debt" => paying::waive(order, c),
            "cancel_lines" => paying::cancel_lines(order, c, shelves),
            "confirm_stock" => supply::judge(order, c, shelves),
            "prepare" => supply::go(order, ModelStatus::Ordered, ModelStatus::Preparing),
            "use_own_stock" => supply::use_own_stock(order),
            "purchase_from_partner" => supply::purchase(order, c, shelves),
            "cancel_procurement" => supply::cancel(order, shelves),
            "complete_procurement" => supply::complete(order),
            "ship" => supply::go(order, ModelStatus::ProcurementDone, ModelStatus::Shipped),
            "mark_delivered" => supply::delivered(order),
            "confirm_purchase" => supply::confirm(order),
            "request_return" => claims::request_return(order, c, shelves),
            "withdraw_return" => claims::withdraw_return(order, c),
            "approve_return" => claims::approve_return(order, c, shelves),
            "collect_return" => claims::collect(order, c),
            "complete_return" => claims::complete(order, c, shelves),
            "request_exchange" => claims::request_exchange(order, c, shelves),
            "withdraw_exchange" => claims::withdraw_exchange(order, c),
            "approve_exchange" => claims::approve_exchange(order, c, shelves),
            _ => Err(No::Unsure),
        }
    }

    fn accept(&mut self, order: ModelOrder, yes: Yes, mut owed: Vec<Option<Owed>>) -> Expected {
        let (id, status, unsure) = (order.id.clone(), order.status(), order.unsure);
        // an order that expires by its payment tells of it, one that had expired tells nothing
        if yes.note == Some("payment_expired") {
            owed = vec![None, Some(Owed { total: 0, due: 0, deadline: None })];
        }
        self.orders.insert(id.clone(), order);
        if let Some(child) = yes.stops.and_then(|child| self.orders.get_mut(&child)) {
            supply::stop(child, &mut self.shelves);
        }
        let linked = yes.makes.as_ref().map(|child| child.id.clone());
        if let Some(child) = yes.makes {
            self.orders.insert(child.id.clone(), child);
        }
        if unsure {
            return self.lost(&id);
        }
        Expected {
            outcome: ModelOutcome::Accepted,
            reasons: yes.note.into_iter().collect(),
            statuses: vec![status],
            owed,
            claim: yes.claim,
            line: yes.line,
            linked,
        }
    }

    fn is_unsure(&self, order: &ModelOrder) -> bool {
        let sku = |sku: &str| self.shelves.skus.get(sku).is_some_and(|s| s.unsure);
        order.unsure || order.lines.iter().any(|l| sku(&l.sku))
    }

    /// What becomes of this order is not known any more, nor what there is of its SKUs.
    fn lost(&mut self, id: &str) -> Expected {
        if let Some(order) = self.orders.get_mut(id) {
            order.unsure = true;
            let skus: Vec<String> = order.lines.iter().map(|l| l.sku.clone()).collect();
            skus.iter().for_each(|sku| self.lose(sku));
        }
        Expected::unsure()
    }

    /// What there is of the SKUs that a command names is not known any more.
    fn lose_named(&mut self, c: &Value) {
        let lines = list(c, "lines").iter().map(|l| text(l, "sku_id"));
        lines.chain([text(c, "sku_id")]).for_each(|sku| self.lose(&sku));
    }

    /// What there is of this SKU is not known any more.
    fn lose(&mut self, sku: &str) {
        if let Some(s) = self.shelves.skus.get_mut(sku) {
            s.unsure |= !self.filled;
        }
    }
}

fn owed(order: &ModelOrder) -> Owed {
    Owed { total: order.total(), due: order.due(), deadline: order.due_by() }
}

fn refusal(no: No, statuses: Vec<ModelStatus>) -> Expected {
    let reasons = match no {
        No::Because(reason) => vec![reason],
        No::OneOf(reasons) => reasons,
        No::Unsure => return Expected::unsure(),
    };
    Expected { outcome: ModelOutcome::Rejected, reasons, statuses, ..Expected::default() }
}

/// A text field; empty where it is missing.
fn text(c: &Value, field: &str) -> String {
    c[field].as_str().unwrap_or_default().to_owned()
}

/// A number; 0 where it is missing.
fn number(c: &Value, field: &str) -> i64 {
    c[field].as_i64().unwrap_or(0)
}

/// The elements of a list; none where it is missing.
fn list<'a>(c: &'a Value, field: &str) -> &'a [Value] {
    c[field].as_array().map_or(&[], Vec::as_slice)
}
