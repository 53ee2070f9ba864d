//! What people do to an order until it ships, and to stock: the words, and the command that they are.

use serde_json::{Value, json};

use super::{
    given::{Tell, gift_promotion},
    pattern,
    scene::{Call, cell, number},
};

/// A command to the order that the step is about.
pub fn on(c: &Call, kind: &str) -> Value {
    json!({"type": kind, "order_id": c.order()})
}

pub fn with(mut command: Value, key: &str, value: impl Into<Value>) -> Value {
    command[key] = value.into();
    command
}

/// With the lines that are named.
pub fn of_lines(c: &Call, kind: &str) -> Vec<Value> {
    vec![with(on(c, kind), "lines", c.lines())]
}

/// With units of lines.
pub fn of_units(c: &Call, kind: &str) -> Value {
    let lines: Vec<Value> = c.units().iter().map(|(n, no)| json!({"line_no": no, "quantity": n})).collect();
    with(on(c, kind), "lines", lines)
}

fn settlements(c: &Call) -> Value {
    let said = c.text("payments");
    if said == "nothing" {
        return json!([]);
    }
    let paid = said.split(" and ").zip(c.scene.approvals + 1..).map(|(p, n)| {
        let (amount, method) = pattern::payment(p).expect("a payment");
        let approval = c.may("approval").map_or_else(|| format!("k-{n}"), str::to_owned);
        json!({"method": method, "amount": amount, "approval": {"approval_id": approval}})
    });
    paid.collect::<Vec<_>>().into()
}

fn place(c: &Call) -> Vec<Value> {
    let line = |row: &Vec<(&str, &str)>| {
        let sku = c.scene.sku(cell(row, "goods").expect("goods"));
        let mut line = json!({"sku_id": sku, "quantity": cell(row, "quantity").map_or(1, number)});
        for (head, to) in [("sale", "campaign_id"), ("promotion", "promotion_id"), ("coupon", "coupon_id")] {
            if let Some(id) = cell(row, head) {
                line[to] = id.into();
            }
        }
        if let Some(id) = cell(row, "gift promotion") {
            line["gift_promotion_id"] = id.into();
        }
        if let Some(price) = cell(row, "shown price") {
            line["unit_price"] = number(price).into();
        }
        if let Some(main) = cell(row, "gift of line") {
            line["main_line_no"] = number(main).into();
        }
        if let Some(flag) = cell(row, "gift included") {
            line["gift_included"] = (flag == "yes").into();
        }
        line
    };
    let lines: Vec<Value> = match c.may("goods") {
        Some(said) => {
            let goods = pattern::list(said).into_iter().filter_map(pattern::goods);
            goods.map(|(n, name)| json!({"sku_id": c.scene.sku(name), "quantity": n})).collect()
        }
        None => c.rows().iter().map(line).collect(),
    };
    let customer = c.actor.strip_prefix("buyer:").unwrap_or("u-1");
    let mut order = json!({"type": "place_order", "customer_id": customer, "lines": lines});
    order["order_id"] = match c.may("order") {
        Some(id) => id.trim_start_matches("order ").into(),
        None => format!("o-{}", c.scene.placed + 1).into(),
    };
    if c.may("part").is_some() {
        order["allow_partial"] = true.into();
    }
    if c.may("zip").is_some() {
        order["recipient"] = recipient(c);
    }
    if c.may("payments").is_some() {
        order["payment"] = json!({"kind": "approved", "settlements": settlements(c)});
    } else if let Some(account) = c.may("account") {
        order["payment"] = json!({"kind": "deposit", "method": "virtual_account", "virtual_account_no": account,
            "bank_code": "088", "holder": "홍길동"});
    } else if c.may("deposit").is_some() {
        order["payment"] = json!({"kind": "deposit", "method": "bank_transfer", "remitter": "홍길동"});
    }
    vec![order]
}

pub const WORDS: &[(&str, Tell)] = &[
    ("orders[ {goods}][ to postal code {zip:n}][ as {order}][, {part:or what there is}][, paying {payments}]", place),
    ("orders[ {goods}][ to postal code {zip:n}][ as {order}], to be paid by {deposit:bank transfer}", place),
    ("orders[ {goods}][ to postal code {zip:n}][ as {order}], to be paid to account {account:name}", place),
    ("approves {payments}[ for {order}][ as approval {approval:name}][, {unproved:that nobody vouches for}]", |c| {
        let approved = with(on(c, "approve_payment"), "settlements", settlements(c));
        vec![with(approved, "verified", c.may("unproved").is_none())]
    }),
    ("declines the payment[ of {order}]", |c| vec![with(on(c, "decline_payment"), "reason", "limit")]),
    ("gives up paying[ for {order}]", |c| vec![on(c, "cancel_payment")]),
    ("confirms a deposit of {amount:won}[ for {order}]", |c| {
        vec![with(on(c, "confirm_deposit"), "amount", c.won("amount"))]
    }),
    ("cancels {lines}[ of {order}]", |c| of_lines(c, "cancel_lines")),
    ("prepares {order}", |c| vec![on(c, "prepare")]),
    ("finds all goods of {order}", |c| vec![on(c, "confirm_stock")]),
    ("finds {units}[ of {order}]", |c| {
        let lines: Vec<Value> = c.units().iter().map(|(n, no)| json!({"line_no": no, "available": n})).collect();
        vec![with(on(c, "confirm_stock"), "lines", lines)]
    }),
    ("loses {units}[ of {order}]", |c| vec![of_units(c, "report_stock_loss")]),
    ("confirms refund {n}[ of {order}]", |c| vec![refund(c, "confirm_refund")]),
    ("fails refund {n}[ of {order}]", |c| vec![with(refund(c, "fail_refund"), "reason", "the card is too old")]),
    ("gives refund {n}[ of {order}] back by bank transfer", |c| {
        vec![with(refund(c, "refund_by_bank_transfer"), "holder", "홍길동")]
    }),
    ("buys {lines}[ of {order}] from partner {partner:name} as {skus:names}[, as order {child:name}]", |c| {
        vec![linked(c, "purchase_from_partner")]
    }),
    ("assigns installer {partner:name} to {lines}[ of {order}] as {skus:names}", |c| {
        vec![linked(c, "assign_installer")]
    }),
    ("buys {lines}[ of {order}] from {seller:text} for {amount:won}", |c| {
        let bought = with(on(c, "purchase_from_non_partner"), "lines", c.lines());
        vec![with(with(bought, "seller_name", c.text("seller")), "amount", c.won("amount"))]
    }),
    ("uses own stock for {lines}[ of {order}]", |c| of_lines(c, "use_own_stock")),
    ("uses own stock for {units}[ of {order}]", |c| vec![of_units(c, "use_own_stock")]),
    ("buys {units}[ of {order}] from partner {partner:name} as {sku:name}", |c| {
        let (quantity, line) = c.units()[0];
        let part = json!([{"line_no": line, "sku_id": c.scene.sku(c.text("sku")), "quantity": quantity}]);
        vec![with(with(on(c, "purchase_from_partner"), "partner_id", c.text("partner")), "lines", part)]
    }),
    ("completes procurement[ of {lines}][ of {order}]", |c| of_lines(c, "complete_procurement")),
    ("cancels procurement[ of {lines}][ of {order}]", |c| {
        vec![with(with(on(c, "cancel_procurement"), "lines", c.lines()), "reason", "the supplier gave up")]
    }),
    ("readies {order} for shipping", |c| {
        ["prepare", "use_own_stock", "complete_procurement"].map(|kind| on(c, kind)).to_vec()
    }),
    ("procures {order} from own stock", |c| ["use_own_stock", "complete_procurement"].map(|kind| on(c, kind)).to_vec()),
    ("chooses postal code {zip:n}[ for {order}]", |c| {
        vec![with(on(c, "set_shipping_address"), "recipient", recipient(c))]
    }),
    ("chooses the business address[ for {order}]", |c| vec![on(c, "set_shipping_address")]),
    ("receives {n} {sku:name}", |c| {
        vec![json!({"type": "receive_stock", "sku_id": c.scene.sku(c.text("sku")), "quantity": c.n("n")})]
    }),
    ("writes off {n} {sku:name}", |c| {
        vec![
            json!({"type": "shrink_stock", "sku_id": c.scene.sku(c.text("sku")), "quantity": c.n("n"), "reason": "broken"}),
        ]
    }),
    ("corrects {sku:name} by {change}", |c| {
        vec![
            json!({"type": "adjust_stock", "sku_id": c.scene.sku(c.text("sku")), "quantity": c.n("change"), "reason": "counted"}),
        ]
    }),
    ("{what:pauses|resumes} sale {id:name} of {sku:name}", |c| {
        let kind = if c.text("what") == "pauses" { "pause_campaign" } else { "resume_campaign" };
        vec![json!({"type": kind, "campaign_id": c.text("id"), "sku_id": c.scene.sku(c.text("sku"))})]
    }),
    ("makes gift promotion {id:name} of {gifts:n} {skus:names} for each {per:n} {products:names}", |c| {
        vec![gift_promotion(c)]
    }),
    ("changes gift promotion {id:name} to {gifts:n} for each {per:n}", |c| {
        vec![json!({"type": "update_gift_promotion", "gift_promotion_id": c.text("id"), "gift_quantity": c.n("gifts"),
            "main_quantity": c.n("per")})]
    }),
    ("changes {product:name} to {price:won}", |c| {
        vec![json!({"type": "update_product", "product_id": c.text("product"), "price": c.won("price")})]
    }),
    ("changes the shipping of {product:name} to {fee:won}", |c| {
        vec![json!({"type": "update_product", "product_id": c.text("product"), "delivery_fee": c.won("fee")})]
    }),
    ("marks {product:name} for refund before collection", |c| {
        vec![json!({"type": "update_product", "product_id": c.text("product"), "pre_refund": true})]
    }),
];

fn recipient(c: &Call) -> Value {
    json!({"name": "홍길동", "phone": "010-0000-0000", "zip": c.text("zip"), "address": "어느 길 1"})
}

fn refund(c: &Call, kind: &str) -> Value {
    with(on(c, kind), "refund_key", format!("rf:{}:{}", c.order(), c.n("n")))
}

fn linked(c: &Call, kind: &str) -> Value {
    let skus = pattern::list(c.text("skus"));
    let pairs = c.lines().into_iter().zip(skus);
    let lines: Vec<Value> = pairs.map(|(no, sku)| json!({"line_no": no, "sku_id": c.scene.sku(sku)})).collect();
    let mut command = with(with(on(c, kind), "partner_id", c.text("partner")), "lines", lines);
    if let Some(child) = c.may("child") {
        command["linked_order_id"] = child.into();
    }
    command
}
