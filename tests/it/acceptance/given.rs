//! What a scenario starts from: policies, before there is a server; and goods, partners, sales, told to it by an operator.

use std::time::Duration;

use chrono::{Days, FixedOffset};
use jumun::{
    clock::{Clock as _, RealClock},
    domain::{
        calendar::Holidays,
        catalog::{CouponBase, PointsBase, PointsPolicy, PreparePolicy, StockPolicy},
        gift::Unpromoted,
    },
    integrations::payment::simulated::Rules,
};
use serde_json::{Value, json};

use super::{
    pattern::{self, Found},
    scene::{Call, Scene, cell, number},
};

/// Changes what the server is to be started with.
pub type Set = fn(&mut Scene, &Found);

pub const SETTINGS: &[(&str, Set)] = &[
    ("there are three lanes", |s, _| s.partitions = 3),
    ("unpaid orders expire at once", |s, _| s.hurry(3_000)),
    ("orders are prepared as soon as they are paid", |s, _| s.policy.prepare = PreparePolicy::AtOnce),
    ("orders are prepared a moment after they are paid", |s, _| {
        s.policy.prepare = PreparePolicy::After(Duration::from_millis(300));
    }),
    ("stock is judged when an order is paid", |s, _| s.policy.stock = StockPolicy::DeductAtPayment),
    ("gifts come by promotion only", |s, _| s.policy.unpromoted_gifts = Unpromoted::Refuse),
    ("points are earned at delivery", |s, _| s.policy.points = PointsPolicy::AtDelivery),
    ("points are earned on all that was paid", |s, _| s.policy.points_base = PointsBase::All),
    ("coupons are of what promotions leave", |s, _| s.policy.coupon_base = CouponBase::Rest),
    ("no place costs a surcharge", |s, _| s.policy.remote.clear()),
    ("revenue counts on business days, and these are holidays", |s, _| {
        // today and tomorrow in Korea, so that a run over midnight tells the same
        let korea = FixedOffset::east_opt(9 * 3_600).expect("nine hours");
        let today = RealClock.now().with_timezone(&korea).date_naive();
        let days = [0, 1].map(|n| today.checked_add_days(Days::new(n)).expect("a day"));
        s.policy.revenue_on_business_days = true;
        s.policy.holidays = Holidays::new(days.to_vec());
    }),
    ("the payment side gives refunds back by itself", |s, _| s.gateway = Some(Rules::default())),
    ("the payment side fails each refund once", |s, _| {
        s.policy.refund_retry = Duration::from_millis(20);
        s.gateway = Some(Rules { fail_permille: 1_000, ..Rules::default() });
    }),
];

/// Commands that set a shop up.
pub type Tell = fn(&Call) -> Vec<Value>;

pub const FACTS: &[(&str, Tell)] = &[
    ("partner {id:name} is a {kind:retailer|wholesaler}[ at postal code {zip:n}]", |c| partner(c, c.text("kind"))),
    ("partner {id:name} is an installer", |c| partner(c, "installer")),
    ("partner {id:name} trades no more", |c| {
        vec![json!({"type": "update_partner", "partner_id": c.text("id"), "active": false})]
    }),
    ("goods {name} at {price:won}[ with {fee:won} of shipping][, {stock:n} in stock]", |c| {
        let fee = c.may("fee").map_or(0, |_| c.won("fee"));
        let row = [("goods", c.text("name")), ("stock", c.may("stock").unwrap_or("10"))];
        let mut commands = goods(c, &row);
        for command in &mut commands {
            if command["type"] == "create_product" {
                command["price"] = c.won("price").into();
                command["delivery_fee"] = fee.into();
            }
        }
        commands
    }),
    ("the goods", |c| {
        let mut commands: Vec<Value> = c.rows().iter().flat_map(|row| goods(c, row)).collect();
        // several goods of one template
        let mut seen = Vec::new();
        commands.retain(|command| {
            let id = command["template_id"].clone();
            let first = command["type"] != "create_template" || !seen.contains(&id);
            seen.extend((command["type"] == "create_template").then_some(id));
            first
        });
        commands
    }),
    ("{kind:promotion|coupon} {id:name} takes {rate:n}% off", |c| {
        vec![json!({"type": "create_promotion", "promotion_id": c.text("id"), "kind": c.text("kind"),
            "rate_bp": c.n("rate") * 100})]
    }),
    ("promotion {id:name} of {rate:n}% is over", |c| {
        vec![json!({"type": "create_promotion", "promotion_id": c.text("id"), "kind": "promotion",
            "rate_bp": c.n("rate") * 100, "opens_at": "2020-01-01T00:00:00Z", "closes_at": "2020-02-01T00:00:00Z"})]
    }),
    (
        "gift promotion {id:name} gives {gifts:n} {skus:names} for each {per:n} {products:names}[, {how:or refuses the order}][, {when:not open yet|over}]",
        |c| vec![gift_promotion(c)],
    ),
    (
        "sale {id:name} of {units:n} {sku:name} at {price:won}[, {limit:n} a customer][, {when:not open yet|over}][, {how:judged at payment}]",
        |c| {
            let (opens, closes) = match c.may("when") {
                None => ("2020-01-03T00:00:00Z", "2120-01-01T00:00:00Z"),
                Some("over") => ("2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z"),
                Some(_) => ("2119-01-01T00:00:00Z", "2120-01-01T00:00:00Z"),
            };
            let mut sale = json!({"type": "create_campaign", "campaign_id": c.text("id"), "sku_id": c.scene.sku(c.text("sku")),
            "name": c.text("id"), "price": c.won("price"), "allotted": c.n("units"), "opens_at": opens, "closes_at": closes});
            if c.may("limit").is_some() {
                sale["limit_per_customer"] = c.n("limit").into();
            }
            if c.may("how").is_some() {
                sale["stock_policy"] = "deduct_at_payment".into();
            }
            vec![sale]
        },
    ),
];

pub fn gift_promotion(c: &Call) -> Value {
    let skus: Vec<String> = pattern::list(c.text("skus")).into_iter().map(|s| c.scene.sku(s)).collect();
    let mut p = json!({"type": "create_gift_promotion", "gift_promotion_id": c.text("id"), "gift_quantity": c.n("gifts"),
        "main_quantity": c.n("per"), "gift_sku_ids": skus, "main_product_ids": pattern::list(c.text("products"))});
    if c.may("how").is_some() {
        p["when_sold_out"] = "refuse".into();
    }
    match c.may("when") {
        None => {}
        Some("over") => p["closes_at"] = "2020-02-01T00:00:00Z".into(),
        Some(_) => p["opens_at"] = "2119-01-01T00:00:00Z".into(),
    }
    p
}

fn partner(c: &Call, kind: &str) -> Vec<Value> {
    let mut partner = json!({"type": "create_partner", "partner_id": c.text("id"), "name": c.text("id"), "kind": kind});
    if let Some(zip) = c.may("zip") {
        partner["zip"] = zip.into();
        partner["address"] = "서울".into();
    }
    // it sells to the scenes' sellers
    let allow = |buyer: &str| json!({"type": "authorize_buyer", "partner_id": c.text("id"), "buyer_id": buyer});
    let sellers = ["p-1", "p-2", "w-1", "w-2", "r-1"].map(allow);
    [vec![partner], sellers.into()].concat()
}

/// Template, product and unit of a row; what a column does not say is the plainest.
fn goods(c: &Call, row: &[(&str, &str)]) -> Vec<Value> {
    const HEADS: [&str; 18] = [
        "goods",
        "price",
        "shipping",
        "stock",
        "template",
        "partner",
        "holder",
        "bundled",
        "free shipping",
        "free from",
        "lead days",
        "pre-refund",
        "points",
        "gift",
        "product",
        "lane",
        "type",
        "option",
    ];
    for (head, _) in row {
        assert!(HEADS.contains(head), "goods have no {head:?}");
    }
    let name = cell(row, "goods").expect("goods have a name");
    let product = cell(row, "product").unwrap_or(name);
    let own = format!("t-{name}");
    let template = cell(row, "template").unwrap_or(&own);
    let partner = cell(row, "partner").unwrap_or("p-1");
    let yes = |head| cell(row, head) == Some("yes");
    let amount = |head| cell(row, head).map_or(0, number);
    let mut commands = Vec::new();
    if product == name {
        let mut t =
            json!({"type": "create_template", "template_id": template, "partner_id": partner, "name": template});
        if let Some(from) = cell(row, "free from") {
            t["free_threshold"] = number(from).into();
        }
        commands.push(t);
        let kind = if yes("gift") { "gift" } else { "goods" };
        commands.push(json!({"type": "create_product", "product_id": name, "name": name, "kind": kind,
        "product_type": cell(row, "type").unwrap_or("x"), "price": amount("price"), "partner_id": partner,
        "template_id": template, "bundled": cell(row, "bundled") != Some("no"), "delivery_fee": amount("shipping"),
        "free_delivery": yes("free shipping"), "lead_time_days": cell(row, "lead days").map_or(3, number),
        "pre_refund": yes("pre-refund"), "points_rate_bp": cell(row, "points").map_or(0, |p| {
            number(p.trim_end_matches('%')) * 100
        })}));
    }
    let sku = c.scene.sku(name);
    let mut unit = json!({"type": "create_sku", "sku_id": sku, "product_id": product, "option_name": "one"});
    if let Some(holder) = cell(row, "holder") {
        unit["holder_id"] = holder.into();
    }
    commands.push(unit);
    let stock = cell(row, "stock").map_or(10, number);
    if stock > 0 {
        commands.push(json!({"type": "receive_stock", "sku_id": sku, "quantity": stock}));
    }
    commands
}
