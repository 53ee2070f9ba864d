//! Sellers, partners and installers at the HTTP API: each does its part with its own token, and no other's.

use std::time::{Duration, Instant};

use jumun::log::crc16::partition_of;
use serde_json::{Value, json};

use crate::support::{
    http::Reply,
    shop::{Shop, reason},
};

/// Sends commands under ids of their own.
struct Desk<'a> {
    shop: &'a Shop,
    sent: u32,
}

impl<'a> Desk<'a> {
    fn new(shop: &'a Shop) -> Self {
        Self { shop, sent: 0 }
    }

    fn say(&mut self, token: &str, command: Value) -> Reply {
        self.sent += 1;
        self.shop.send(token, "/v1/commands", &format!("supply-{:05}", self.sent), &command)
    }

    fn ok(&mut self, token: &str, command: Value) -> Value {
        let reply = self.say(token, command.clone());
        assert_eq!(reply.status, 200, "{token} {command}: {reply:?}");
        reply.json()
    }

    fn no(&mut self, token: &str, command: Value, why: &str) -> Reply {
        let reply = self.say(token, command.clone());
        assert_eq!(reason(&reply), why, "{token} {command}: {reply:?}");
        reply
    }

    /// Goods of a partner's product `g-1`, held by it, so many of them.
    fn goods(&mut self, sku: &str, product: &str, holder: Option<&str>, units: u32) {
        let mut made = json!({"type": "create_sku", "sku_id": sku, "product_id": product, "option_name": "o"});
        if let Some(holder) = holder {
            made["holder_id"] = holder.into();
        }
        self.ok("operator", made);
        if units > 0 {
            self.ok("operator", json!({"type": "receive_stock", "sku_id": sku, "quantity": units}));
        }
    }

    fn partner(&mut self, id: &str, kind: &str) {
        self.ok("operator", json!({"type": "create_partner", "partner_id": id, "name": id, "kind": kind}));
        self.ok("operator", json!({"type": "authorize_buyer", "partner_id": id, "buyer_id": "p-1"}));
    }

    fn order(&mut self, order: &str, skus: &[&str]) {
        let lines: Vec<Value> = skus.iter().map(|s| json!({"sku_id": s, "quantity": 1})).collect();
        self.ok(
            "operator",
            json!({"type": "place_order", "order_id": order, "customer_id": "u-9", "lines": lines,
                "actor": "operator:the-operator"}),
        );
        let total = self.look(order)["total"].as_i64().unwrap();
        let paid = json!([{"method": "card", "amount": total, "approval": {"approval_id": format!("a-{order}")}}]);
        self.ok("operator", json!({"type": "approve_payment", "order_id": order, "settlements": paid}));
    }

    fn look(&self, order: &str) -> Value {
        let reply = self.shop.get("operator", &format!("/v1/orders/{order}"));
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    /// Waits until a line of an order says so.
    async fn until(&self, order: &str, what: &str, is: impl Fn(&Value) -> bool) {
        let begun = Instant::now();
        while !is(&self.look(order)) {
            assert!(begun.elapsed() < Duration::from_secs(20), "{order} is never {what}: {}", self.look(order));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn on(order: &str, kind: &str) -> Value {
    json!({"type": kind, "order_id": order})
}

fn with(mut command: Value, field: &str, value: Value) -> Value {
    command[field] = value;
    command
}

/// A SKU's name that lives in this lane of three.
fn in_lane(name: &str, lane: u32) -> String {
    (0..).map(|n| format!("{name}{n}")).find(|s| partition_of(s, 3) == lane).unwrap()
}

#[tokio::test]
async fn a_wrong_pick_is_refused_in_every_lane_and_the_order_is_as_it_was() {
    let shop = Shop::wide(3, &[]).await;
    shop.stock();
    let mut d = Desk::new(&shop);
    d.partner("w-1", "wholesaler");
    d.order("o-1", &["A"]);
    d.ok("operator", on("o-1", "prepare"));
    let before = d.look("o-1");
    let buy = |sku: &str| {
        with(
            with(on("o-1", "purchase_from_partner"), "partner_id", json!("w-1")),
            "lines",
            json!([{"line_no": 1, "sku_id": sku}]),
        )
    };
    for lane in 0..3 {
        let empty = in_lane("none", lane);
        d.goods(&empty, "g-1", Some("w-1"), 0);
        let asked = buy(&empty);
        let refused = d.no("partner", asked.clone(), "insufficient_stock");
        assert_eq!(refused.status, 409, "{refused:?}");
        // the same again gets the same answer
        let id = format!("supply-{:05}", d.sent);
        let again = shop.send("partner", "/v1/commands", &id, &asked);
        assert_eq!(reason(&again), "insufficient_stock", "lane {lane}");
        let mut after = d.look("o-1");
        after["version"] = before["version"].clone();
        assert_eq!(after, before, "lane {lane}");
    }
    // and another wholesaler's stock is still to be had, in any lane
    let there = in_lane("some", 2);
    d.goods(&there, "g-1", Some("w-1"), 1);
    let bought = d.ok("partner", buy(&there));
    assert_eq!(bought["order_status"], "PROCUREMENT_CHECK");
    let child = bought["facts"]["linked_order_id"].as_str().unwrap().to_owned();
    assert_eq!(d.look(&child)["status"], "ORDERED");
    // an exchange for what is gone, in any lane
    d.order("o-2", &["A"]);
    for kind in ["prepare", "use_own_stock", "complete_procurement"] {
        d.ok("operator", on("o-2", kind));
    }
    d.ok("operator", with(with(on("o-2", "ship"), "method", json!("own")), "in_transit", json!(true)));
    let wish = json!({"type": "request_exchange", "order_id": "o-2", "line_no": 1, "quantity": 1, "reason": "defect",
        "fault": "seller"});
    d.ok("operator", wish);
    let before = d.look("o-2");
    for lane in 0..3 {
        let gone = in_lane("gone", lane);
        d.goods(&gone, "g-1", None, 0);
        let approve = json!({"type": "approve_exchange", "order_id": "o-2", "claim_group": 1, "resolution": "add_product",
            "sku_id": gone});
        d.no("partner", approve, "insufficient_stock");
        let mut after = d.look("o-2");
        after["version"] = before["version"].clone();
        assert_eq!(after, before, "lane {lane}");
    }
    let last = in_lane("last", 1);
    d.goods(&last, "g-1", None, 1);
    let approve = json!({"type": "approve_exchange", "order_id": "o-2", "claim_group": 1, "resolution": "add_product",
        "sku_id": last});
    assert_eq!(d.ok("partner", approve)["facts"]["line_no"], 2);
    assert_eq!(shop.get("operator", &format!("/v1/skus/{last}")).json()["on_hand"], 0);
}

#[tokio::test]
async fn two_buyers_of_the_last_unit_get_it_once_and_the_other_is_told() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    let mut d = Desk::new(&shop);
    d.partner("w-1", "wholesaler");
    d.goods("last", "g-1", Some("w-1"), 1);
    for order in ["o-1", "o-2"] {
        d.order(order, &["A"]);
        d.ok("operator", on(order, "prepare"));
    }
    let buy = |order: &str| {
        let lines = json!([{"line_no": 1, "sku_id": "last"}]);
        with(with(on(order, "purchase_from_partner"), "partner_id", json!("w-1")), "lines", lines)
    };
    // the first answer says that the unit is taken: the second order can't have it, however soon it asks
    d.ok("operator", buy("o-1"));
    d.no("operator", buy("o-2"), "insufficient_stock");
    assert_eq!(d.look("o-2")["status"], "PREPARING");
}

#[tokio::test]
async fn a_seller_prepares_and_ships_its_own_lines() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    let mut d = Desk::new(&shop);
    d.order("o-1", &["A", "B"]);
    d.ok("partner", on("o-1", "prepare"));
    let status = |v: &Value, line: usize| v["lines"][line]["status"].as_str().unwrap().to_owned();
    let seen = d.look("o-1");
    assert_eq!((status(&seen, 0).as_str(), status(&seen, 1).as_str()), ("PREPARING", "ORDERED"));
    d.no("partner", with(on("o-1", "prepare"), "lines", json!([2])), "forbidden");
    d.no("partner", on("o-1", "prepare"), "illegal_transition");
    d.no("operator", with(on("o-1", "cancel_lines"), "lines", json!([1])), "illegal_transition");
    d.ok("operator", with(on("o-1", "cancel_lines"), "lines", json!([2])));
    // by hand, without a parcel service, and told by its Korean name where there is one
    for kind in ["use_own_stock", "complete_procurement"] {
        d.ok("partner", with(on("o-1", kind), "lines", json!([1])));
    }
    let waybill = json!([{"line_no": 1, "carrier": "CJ대한통운", "waybill_no": "1", "quantity": 1}]);
    d.ok("partner", with(with(on("o-1", "ship"), "lines", json!([1])), "waybills", waybill));
    let sent = d.look("o-1")["lines"][0].clone();
    assert_eq!(
        (&sent["waybills"][0]["carrier"], &sent["waybills"][0]["carrier_name"]),
        (&json!("CJGLS"), &json!("CJ대한통운"))
    );
    assert!(sent["shipped_at"].is_string() && sent["ship_method"] == "parcel", "{sent}");
    let early = with(
        with(on("o-1", "mark_delivered"), "lines", json!([1])),
        "delivered_at",
        d.look("o-1")["placed_at"].clone(),
    );
    d.no("partner", early, "invalid");
    d.ok("partner", with(with(on("o-1", "mark_delivered"), "carrier", json!("CJ 대한통운")), "waybill_no", json!("1")));
    assert_eq!(d.look("o-1")["lines"][0]["delivery"], "delivered");
}

#[tokio::test]
async fn another_sellers_goods_are_not_for_an_exchange_whatever_is_left_out() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    let mut d = Desk::new(&shop);
    d.order("o-1", &["A"]);
    for kind in ["prepare", "use_own_stock", "complete_procurement"] {
        d.ok("operator", on("o-1", kind));
    }
    let wish = |sku: Option<&str>| {
        let mut wish = json!({"type": "request_exchange", "order_id": "o-1", "line_no": 1, "quantity": 1,
            "reason": "defect", "fault": "seller"});
        if let Some(sku) = sku {
            wish["sku_id"] = sku.into();
        }
        wish
    };
    d.no("operator", wish(Some("B")), "forbidden");
    d.no("partner", wish(Some("B")), "forbidden");
    d.ok("operator", wish(None));
    let approve = json!({"type": "approve_exchange", "order_id": "o-1", "claim_group": 1, "resolution": "add_product"});
    for token in ["partner", "operator"] {
        d.no(token, with(approve.clone(), "sku_id", json!("B")), "forbidden");
    }
    assert_eq!(shop.get("operator", "/v1/skus/B").json()["on_hand"], 10);
    d.ok("partner", approve);
}

#[tokio::test]
async fn a_partner_who_buys_is_a_buyer() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    let mut d = Desk::new(&shop);
    d.ok("operator", json!({"type": "receive_stock", "sku_id": "A", "quantity": 10}));
    // it places orders for itself, and says not that they are paid
    let place = |order: &str, customer: &str| {
        json!({"type": "place_order", "order_id": order, "customer_id": customer,
            "lines": [{"sku_id": "A", "quantity": 2}, {"sku_id": "A", "quantity": 1}]})
    };
    d.no("partner2", place("b-0", "u-1"), "forbidden");
    d.no("partner2", place("b-0", "p-1"), "forbidden");
    let paid = json!({"kind": "approved", "settlements": [{"method": "card", "amount": 33_000, "approval": {"approval_id": "x"}}]});
    d.no("partner2", with(place("b-0", "p-2"), "payment", paid), "forbidden");
    for (n, actor) in [(1, None), (3, Some("partner:p-2")), (4, Some("seller:p-2"))] {
        let order = format!("b-{n}");
        let said = |command: Value| match actor {
            Some(actor) => with(command, "actor", json!(actor)),
            None => command,
        };
        d.ok("partner2", said(place(&order, "p-2")));
        // as a customer of its name it is somebody else
        d.no("partner2", with(on(&order, "cancel_payment"), "actor", json!("buyer:p-2")), "forbidden");
        d.no("partner", on(&order, "cancel_payment"), "forbidden");
        let settlements =
            json!([{"method": "card", "amount": 33_000, "approval": {"approval_id": format!("pay-{n}")}}]);
        d.ok("operator", with(on(&order, "approve_payment"), "settlements", settlements));
        d.ok("partner2", said(with(on(&order, "cancel_lines"), "lines", json!([2]))));
        for kind in ["prepare", "use_own_stock", "complete_procurement"] {
            d.ok("partner", on(&order, kind));
        }
        d.ok("partner", with(on(&order, "ship"), "method", json!("pickup")));
        d.ok("partner", on(&order, "mark_delivered"));
        let back = json!({"lines": [{"line_no": 1, "quantity": 1}], "reason": "defect", "fault": "seller"});
        let mut asked = on(&order, "request_return");
        asked.as_object_mut().unwrap().extend(back.as_object().unwrap().clone());
        // no more than any buyer may
        d.no("partner2", said(with(asked.clone(), "waive_gifts", json!(true))), "forbidden");
        d.ok("partner2", said(asked));
        // the seller is no buyer of it
        d.no("partner", with(on(&order, "withdraw_return"), "claim_group", json!(1)), "forbidden");
        d.ok("partner2", said(with(on(&order, "withdraw_return"), "claim_group", json!(1))));
        d.no("partner", on(&order, "confirm_purchase"), "forbidden");
        d.ok("partner2", said(on(&order, "confirm_purchase")));
        d.ok("partner2", said(with(with(on(&order, "write_review"), "line_no", json!(1)), "rating", json!(5))));
    }
    let unpaid = place("b-9", "p-2");
    let placed = shop.send("partner2", "/v1/orders", "supply-place-9", &{
        let mut body = unpaid;
        body.as_object_mut().unwrap().remove("type");
        body
    });
    assert_eq!(placed.status, 200, "{placed:?}");
    d.ok("partner2", on("b-9", "cancel_payment"));
    assert_eq!(d.look("b-9")["status"], "PAYMENT_CANCELLED");
}

#[tokio::test]
async fn an_installer_works_on_its_own_order_and_is_heard_on_its_parents() {
    for partitions in [1, 3] {
        let shop = Shop::wide(partitions, &[]).await;
        shop.stock();
        let mut d = Desk::new(&shop);
        d.partner("p-2", "installer");
        // it needs no stock, wherever its order lives
        for lane in 0..partitions {
            let order = format!("o-{lane}");
            let fitting = if partitions == 1 { "fitting".to_owned() } else { in_lane("fitting", lane) };
            d.goods(&fitting, "g-1", Some("p-2"), 0);
            d.order(&order, &["A"]);
            d.ok("operator", on(&order, "prepare"));
            let lines = json!([{"line_no": 1, "sku_id": fitting}]);
            let assign = with(with(on(&order, "assign_installer"), "partner_id", json!("p-2")), "lines", lines);
            let work = d.ok("partner", assign)["facts"]["linked_order_id"].as_str().unwrap().to_owned();
            d.ok("partner2", on(&work, "prepare"));
            // not before it is there
            d.no("partner2", on(&work, "complete_installation"), "illegal_transition");
            d.no("partner2", on(&work, "confirm_installer_delivery"), "illegal_transition");
            assert_eq!(d.look(&work)["status"], "PREPARING");
            for kind in ["use_own_stock", "complete_procurement"] {
                d.ok("partner", on(&order, kind));
            }
            d.ok("partner", with(with(on(&order, "ship"), "method", json!("own")), "in_transit", json!(true)));
            if lane == 2 {
                d.ok("partner2", on(&work, "fail_installation"));
                assert_eq!(d.look(&order)["status"], "RETURNING");
                d.until(&work, "over", |o| o["status"] == "CANCELLED").await;
                continue;
            }
            d.ok("partner2", on(&work, "confirm_installer_delivery"));
            assert_eq!(d.look(&order)["lines"][0]["delivery"], "delivered_by_installer");
            assert_eq!(d.look(&work)["lines"][0]["delivery"], "delivered_by_installer");
            d.no("partner2", on(&work, "confirm_installer_delivery"), "illegal_transition");
            if lane == 1 {
                // said on the order, it is heard by the installer
                d.ok("operator", on(&order, "complete_installation"));
                d.until(&work, "installed", |o| o["lines"][0]["delivery"] == "installed").await;
            } else {
                d.ok("partner2", on(&work, "complete_installation"));
            }
            d.ok("operator", on(&order, "confirm_purchase"));
            d.until(&work, "over", |o| o["status"] == "PURCHASE_CONFIRMED").await;
        }
    }
}

#[tokio::test]
async fn purchases_are_confirmed_by_themselves_when_it_is_asked_for() {
    // a second
    let shop = Shop::open(&["--auto-confirm", "0.0000116"]).await;
    shop.stock();
    let mut d = Desk::new(&shop);
    for order in ["o-1", "o-2"] {
        d.order(order, &["A"]);
        for kind in ["prepare", "use_own_stock", "complete_procurement"] {
            d.ok("operator", on(order, kind));
        }
        d.ok("operator", with(with(on(order, "ship"), "method", json!("quick")), "in_transit", json!(true)));
    }
    // a claim is open
    let back = json!({"type": "request_return", "order_id": "o-2", "lines": [{"line_no": 1, "quantity": 1}],
        "reason": "defect", "fault": "seller"});
    d.ok("operator", back);
    for order in ["o-1", "o-2"] {
        d.ok("operator", on(order, "mark_delivered"));
    }
    d.until("o-1", "confirmed", |o| o["status"] == "PURCHASE_CONFIRMED").await;
    assert_eq!(d.look("o-2")["status"], "RETURNING");
    d.ok("operator", with(on("o-2", "withdraw_return"), "claim_group", json!(1)));
    d.until("o-2", "confirmed", |o| o["status"] == "PURCHASE_CONFIRMED").await;
}

#[tokio::test]
async fn a_seller_gives_its_own_goods_away_over_the_streams_too() {
    let shop = Shop::start(&[]).await;
    let mut d = Desk::new(&shop);
    let goods = [("A", "goods", "p-1", 13_000), ("G1", "gift", "p-1", 0), ("G2", "gift", "p-2", 0)];
    for (sku, kind, partner, price) in goods {
        for command in [
            json!({"type": "create_template", "template_id": format!("t-{sku}"), "partner_id": partner, "name": "t"}),
            json!({"type": "create_product", "product_id": format!("p-{sku}"), "name": "g", "kind": kind,
                "product_type": "x", "price": price, "partner_id": partner, "template_id": format!("t-{sku}"),
                "bundled": true, "delivery_fee": 0, "lead_time_days": 1}),
            json!({"type": "create_sku", "sku_id": sku, "product_id": format!("p-{sku}"), "option_name": "o"}),
            json!({"type": "receive_stock", "sku_id": sku, "quantity": 3}),
        ] {
            d.ok("", with(command, "actor", json!("operator:o")));
        }
    }
    let paid = json!({"kind": "approved", "settlements": [{"method": "card", "amount": 13_000, "approval": {"approval_id": "k"}}]});
    let lines = json!([{"sku_id": "A", "quantity": 1}]);
    d.ok(
        "",
        json!({"type": "place_order", "order_id": "o-1", "customer_id": "u-9", "lines": lines, "payment": paid,
            "actor": "operator:o"}),
    );
    let give = |actor: &str, sku: &str| {
        json!({"type": "add_gift", "order_id": "o-1", "main_line_no": 1, "sku_id": sku, "quantity": 1,
            "reason": "goodwill", "actor": actor})
    };
    d.no("", give("seller:p-1", "G2"), "forbidden");
    let command = give("seller:p-1", "G2");
    let would = json!({"type": "preview", "order_id": "o-1", "actor": "seller:p-1",
        "command": {"type": "add_gift", "main_line_no": 1, "sku_id": "G2", "quantity": 1, "reason": "goodwill"}});
    d.no("", would, "forbidden");
    d.no("", command, "forbidden");
    d.ok("", give("seller:p-1", "G1"));
    d.ok("", give("operator:o", "G2"));
}
