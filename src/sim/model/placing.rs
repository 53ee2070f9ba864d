//! Placements: all of it or nothing, unless the order takes part; each lane says what it has.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    Expected, Model, No, Yes, list, number,
    order::{ModelLine, ModelOrder, ModelSettlement, ModelStatus},
    owed, refusal,
    shelves::Shelves,
    text,
};

/// A line as it is wanted, and how many units of it there are.
struct Wanted {
    sku: String,
    lane: u32,
    quantity: i64,
    got: i64,
    price: i64,
    gift: bool,
    main: Option<u64>,
}

impl Model {
    /// Places an order in its lane.
    pub(super) fn placed(&mut self, now: u64, lane: u32, id: &str, c: &Value) -> Expected {
        if self.orders.get(id).is_some_and(|o| !o.failed) {
            return Expected::refused("duplicate_order");
        }
        let skus: Vec<String> = list(c, "lines").iter().map(|l| text(l, "sku_id")).collect();
        if skus.iter().any(|sku| self.shelves.skus.get(sku).is_some_and(|s| s.unsure)) {
            skus.iter().for_each(|sku| self.lose(sku));
            return self.of_nothing(id, lane, c);
        }
        match self.place(now, lane, id, c) {
            Ok(order) => {
                let owed = Some(owed(&order));
                self.accept(order, Yes::default(), vec![owed])
            }
            Err((No::Unsure, _)) => {
                skus.iter().for_each(|sku| self.lose(sku));
                self.of_nothing(id, lane, c)
            }
            Err((no, asked)) => {
                // other lanes were asked: the order's lane knows its id
                if asked {
                    let order = ModelOrder { failed: true, ..blank(id, lane, c) };
                    self.orders.insert(id.to_owned(), order);
                }
                refusal(no, Vec::new())
            }
        }
    }

    /// An order of which nothing is known.
    pub(super) fn of_nothing(&mut self, id: &str, lane: u32, c: &Value) -> Expected {
        let order = ModelOrder { unsure: true, ..blank(id, lane, c) };
        self.orders.insert(id.to_owned(), order);
        Expected::unsure()
    }

    /// The order, or why not, and whether other lanes were asked.
    fn place(&mut self, now: u64, lane: u32, id: &str, c: &Value) -> Result<ModelOrder, (No, bool)> {
        let here = |reason| (No::Because(reason), false);
        let part = c["allow_partial"] == true;
        let customer = text(c, "customer_id");
        let mut wanted = self.wanted(c).map_err(|no| (no, false))?;
        // the goods that live in the order's lane, in their order
        let (mut any, mut short) = (false, false);
        for w in wanted.iter_mut().filter(|w| !w.gift) {
            if w.lane != lane {
                any = true;
                continue;
            }
            w.got = got(&self.shelves, w, &customer, part).map_err(here)?;
            (any, short) = (any || w.got > 0, short || w.got < w.quantity);
        }
        if !any && short {
            return Err(here("sold_out"));
        }
        self.gifts(&mut wanted, lane, c).map_err(|no| (no, false))?;
        let goods: i64 = wanted.iter().map(|w| w.price * w.quantity).sum();
        let fee =
            wanted.iter().filter(|w| !w.gift).filter_map(|w| self.shelves.product_of(&w.sku)).map(|p| p.fee).max();
        let fee = fee.unwrap_or(0);
        let paid = self.paid(c, goods + fee, id).map_err(here)?;
        // the others say what they have, each in the order of its lines
        let mut no: BTreeMap<u32, &'static str> = BTreeMap::new();
        let mut asked = false;
        for w in wanted.iter_mut().filter(|w| w.lane != lane && w.quantity > 0) {
            if w.gift {
                let there = self.shelves.left(&w.sku, &customer).0;
                asked |= w.got > 0;
                w.got = w.got.min(there);
                continue;
            }
            asked = true;
            match got(&self.shelves, w, &customer, part) {
                Ok(units) => w.got = units,
                Err(reason) => {
                    no.entry(w.lane).or_insert(reason);
                }
            }
        }
        if !no.is_empty() {
            return Err((No::OneOf(no.into_values().collect()), true));
        }
        if wanted.iter().filter(|w| !w.gift).all(|w| w.got == 0) {
            return Err((No::Because("sold_out"), asked));
        }
        Ok(self.taken(now, (id, lane, c), &wanted, fee, paid))
    }

    fn wanted(&self, c: &Value) -> Result<Vec<Wanted>, No> {
        let mut wanted: Vec<Wanted> = Vec::new();
        for l in list(c, "lines") {
            let sku = text(l, "sku_id");
            let Some(s) = self.shelves.skus.get(&sku) else { return Err(No::Because("unknown_sku")) };
            let Some(product) = self.shelves.products.get(&s.product) else { return Err(No::Unsure) };
            if wanted.iter().any(|w| w.sku == sku) {
                return Err(No::Unsure); // no story wants a SKU twice
            }
            let price = match (&s.sale, product.gift) {
                (_, true) => 0,
                (Some(sale), false) => sale.price,
                (None, false) => product.price,
            };
            wanted.push(Wanted {
                lane: self.shelves.lane(&sku),
                quantity: number(l, "quantity"),
                got: 0,
                price,
                gift: product.gift,
                main: l["main_line_no"].as_u64(),
                sku,
            });
        }
        Ok(wanted)
    }

    /// Gifts: no more than the goods entitle to; one that has run out takes nothing with it.
    fn gifts(&self, wanted: &mut [Wanted], lane: u32, c: &Value) -> Result<(), No> {
        for i in 0..wanted.len() {
            let Some(w) = wanted.get(i).filter(|w| w.gift) else { continue };
            let main = w.main.and_then(|no| usize::try_from(no).ok()?.checked_sub(1)).and_then(|at| wanted.get(at));
            let Some(main) = main.filter(|m| !m.gift && m.lane == lane) else { return Err(No::Unsure) };
            let named = list(c, "lines").get(i).map(|l| text(l, "gift_promotion_id")).unwrap_or_default();
            let Some(p) = self.shelves.promotions.get(&named) else { return Err(No::Because("unknown_promotion")) };
            let product = self.shelves.skus.get(&main.sku).map(|s| s.product.clone()).unwrap_or_default();
            let of = |units: i64| units / p.main_quantity * p.gift_quantity;
            if !p.gifts.contains(&w.sku) || !p.mains.contains(&product) || w.quantity > of(main.quantity) {
                return Err(No::Because("gift_not_entitled"));
            }
            let mut units = of(main.got).min(w.quantity);
            if w.lane == lane {
                units = units.min(self.shelves.left(&w.sku, "").0);
            }
            if let Some(w) = wanted.get_mut(i) {
                w.got = units;
            }
        }
        Ok(())
    }

    /// What is paid with it: what all of it costs, by a payment that has paid nothing else.
    fn paid(&self, c: &Value, due: i64, id: &str) -> Result<Vec<(String, i64)>, &'static str> {
        if c["payment"].is_null() {
            return Ok(Vec::new());
        }
        let paid: Vec<(String, i64)> = super::paying::settlements(&c["payment"]);
        if paid.iter().map(|p| p.1).sum::<i64>() != due {
            return Err("amount_mismatch");
        }
        let other = |approval: &String| self.approvals.get(approval).is_some_and(|order| order != id);
        if paid.iter().any(|(approval, _)| other(approval)) { Err("approval_reused") } else { Ok(paid) }
    }

    fn taken(
        &mut self,
        now: u64,
        (id, lane, c): (&str, u32, &Value),
        wanted: &[Wanted],
        fee: i64,
        paid: Vec<(String, i64)>,
    ) -> ModelOrder {
        let mut order = ModelOrder { fee, paid: !c["payment"].is_null(), ..blank(id, lane, c) };
        order.deadline = (!order.paid).then_some(now + self.payment_window_ms);
        let status = if order.paid { ModelStatus::Ordered } else { ModelStatus::PaymentPending };
        for (w, no) in wanted.iter().zip(1u64..) {
            let sale = !w.gift && self.shelves.skus.get(&w.sku).is_some_and(|s| s.sale.is_some());
            self.shelves.take(&w.sku, sale.then_some(order.customer.as_str()), w.got, !order.paid);
            let mut line = ModelLine::new(no, &w.sku, w.quantity, w.price, status);
            (line.sale, line.gift, line.main) = (sale, w.gift, w.main);
            line.cancelled = w.quantity - w.got;
            *(if order.paid { &mut line.deducted } else { &mut line.held }) = w.got;
            line.finish(ModelStatus::OutOfStock);
            order.lines.push(line);
        }
        for (approval, amount) in paid {
            self.approvals.insert(approval.clone(), id.to_owned());
            order.settlements.push(ModelSettlement::of(approval, amount));
        }
        if order.paid {
            let short = wanted.iter().map(|w| w.price * (w.quantity - w.got)).sum();
            order.plan(short);
        }
        order
    }
}

/// How many units of a line there are for this customer.
fn got(shelves: &Shelves, w: &Wanted, customer: &str, part: bool) -> Result<i64, &'static str> {
    let (left, limit) = shelves.left(&w.sku, customer);
    match (left >= w.quantity, part) {
        // a limit is no shortage
        _ if limit.is_some_and(|limit| limit < w.quantity) => Err("limit_exceeded"),
        (true, _) => Ok(w.quantity),
        (false, true) => Ok(left),
        (false, false) if left == 0 => Err("sold_out"),
        (false, false) => Err("insufficient_stock"),
    }
}

fn blank(id: &str, lane: u32, c: &Value) -> ModelOrder {
    ModelOrder { id: id.to_owned(), lane, customer: text(c, "customer_id"), ..ModelOrder::default() }
}
