//! Whose a thing is at the HTTP API (f42): orders, lines, goods, ids, answers.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{
    http::Reply,
    shop::{Shop, reason},
};

/// Ids of a partner's list, page by page of one order each.
fn listed(shop: &Shop, token: &str) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = shop.get(token, &format!("/v1/orders?limit=1{cursor}")).json();
        ids.extend(page["items"].as_array().unwrap().iter().map(|o| o["order_id"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

#[tokio::test]
async fn f42_a_partners_list_is_what_it_may_see() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    shop.order("o-1");
    let operator = |path: &str, id: &str, body: Value| shop.accepted("operator", path, id, &body);
    operator(
        "/v1/commands",
        "set-partner-2",
        json!({"type": "create_partner", "partner_id": "p-2", "name": "p", "kind": "wholesaler"}),
    );
    let supply =
        json!({"type": "create_sku", "sku_id": "C", "product_id": "g-2", "option_name": "o", "holder_id": "p-2"});
    operator("/v1/commands", "set-sku-0003", supply);
    operator("/v1/commands", "set-stock-0003", json!({"type": "receive_stock", "sku_id": "C", "quantity": 10}));
    for (order, customer, skus) in [("o-2", "u-1", &["B"][..]), ("o-3", "u-2", &["A", "B"]), ("o-4", "p-1", &["B"])] {
        let lines: Vec<Value> = skus.iter().map(|s| json!({"sku_id": s, "quantity": 1})).collect();
        let place = json!({"order_id": order, "customer_id": customer, "lines": lines});
        operator("/v1/orders", &format!("place-{order}"), place);
    }
    // what o-1 lacks p-1 buys from p-2
    operator("/v1/orders/o-1/prepare", "prepare-o-1", json!({}));
    let buy = json!({"partner_id": "p-2", "linked_order_id": "o-5", "lines": [{"line_no": 1, "sku_id": "C"}]});
    operator("/v1/orders/o-1/purchase_from_partner", "purchase-o-1", buy);
    let begun = Instant::now();
    while shop.get("operator", "/v1/orders/o-5").status != 200 {
        assert!(begun.elapsed() < Duration::from_secs(20), "the linked order is not made");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for (token, expected) in [("partner", &["o-5", "o-3", "o-1"][..]), ("partner2", &["o-5", "o-4", "o-3", "o-2"])] {
        let seen = listed(&shop, token);
        assert_eq!(seen, expected, "{token}");
        for order in ["o-1", "o-2", "o-3", "o-4", "o-5"] {
            let status = shop.get(token, &format!("/v1/orders/{order}")).status;
            assert_eq!(status == 200, seen.iter().any(|s| s == order), "{token} {order}");
        }
    }
    let of =
        |query: &str| shop.get("partner", &format!("/v1/orders?{query}")).json()["items"].as_array().unwrap().len();
    assert_eq!((of("customer_id=u-2"), of("status=ORDERED"), of("customer_id=u-9")), (1, 1, 0));
}

/// An order of u-2 for A of p-1 and B of p-2, paid and being prepared.
fn of_two_sellers(shop: &Shop, order: &str) {
    let lines = json!([{"sku_id": "A", "quantity": 1}, {"sku_id": "B", "quantity": 1}]);
    let place = json!({"order_id": order, "customer_id": "u-2", "lines": lines});
    let placed = shop.accepted("operator", "/v1/orders", &format!("place-{order}"), &place);
    let due = placed["facts"]["amount_due"].as_i64().unwrap_or(26_000);
    let paid = json!({"settlements": [{"method": "card", "amount": due, "approval": {"approval_id": "a-1"}}]});
    shop.accepted("operator", &format!("/v1/orders/{order}/approve_payment"), &format!("payment-{order}"), &paid);
}

#[tokio::test]
async fn f42_a_partner_acts_on_its_own_lines_and_goods() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    of_two_sellers(&shop, "o-1");
    let mut n = 0;
    let mut sent = |path: &str, body: Value| {
        n += 1;
        let reply = shop.send("partner", path, &format!("partner-{n:04}"), &body);
        let why = if reply.status == 403 { reason(&reply) } else { String::new() };
        (reply.status, why)
    };
    let no = (403, "forbidden".to_owned());
    // its own lines are prepared without being named
    assert_eq!(sent("/v1/orders/o-1/prepare", json!({"lines": [2]})), no);
    assert_eq!(sent("/v1/orders/o-1/prepare", json!({})).0, 200);
    for (command, body) in [
        ("use_own_stock", json!({"lines": [2]})),
        ("use_own_stock", json!({"lines": [1, 2]})),
        ("use_own_stock", json!({})),
        ("report_stock_loss", json!({"lines": [{"line_no": 2, "quantity": 1}]})),
        ("purchase_from_non_partner", json!({"lines": [2], "seller_name": "s", "amount": 1})),
        ("purchase_from_partner", json!({"partner_id": "p-1", "lines": [{"line_no": 2, "sku_id": "A"}]})),
        ("set_shipping_address", json!({})),
        ("add_gift", json!({"main_line_no": 2, "sku_id": "A", "quantity": 1, "reason": "delay"})),
        ("add_gift", json!({"main_line_no": 1, "sku_id": "B", "quantity": 1, "reason": "delay"})),
    ] {
        assert_eq!(sent(&format!("/v1/orders/o-1/{command}"), body.clone()), no, "{command} {body}");
    }
    assert_eq!(sent("/v1/orders/o-1/use_own_stock", json!({"lines": [1]})).0, 200);
    assert_eq!(sent("/v1/orders/o-1/complete_procurement", json!({"lines": [1]})).0, 200);
    let waybill = |line: u32| json!({"lines": [1], "waybills": [{"line_no": line, "carrier": "CJ", "waybill_no": "1", "quantity": 1}]});
    assert_eq!(sent("/v1/orders/o-1/ship", waybill(2)), no);
    assert_eq!(sent("/v1/orders/o-1/ship", json!({})), no);
    assert_eq!(sent("/v1/orders/o-1/ship", waybill(1)).0, 200);
    assert_eq!(sent("/v1/orders/o-1/mark_delivered", json!({})), no);
    assert_eq!(sent("/v1/orders/o-1/mark_delivered", json!({"carrier": "CJ", "waybill_no": "1"})).0, 200);
    // claims, by the lines that they are of
    let back = |line: u32| json!({"lines": [{"line_no": line, "quantity": 1}], "reason": "defect", "fault": "seller"});
    assert_eq!(sent("/v1/orders/o-1/request_return", back(2)), no);
    assert_eq!(sent("/v1/orders/o-1/request_return", back(1)).0, 200);
    let approve = json!({"claim_group": 1});
    let other = shop.send("partner2", "/v1/orders/o-1/approve_return", "partner2-0001", &approve);
    assert_eq!((other.status, reason(&other).as_str()), (403, "forbidden"), "{other:?}");
    assert_eq!(sent("/v1/orders/o-1/approve_return", approve).0, 200);
    // goods
    for (body, may) in [
        (json!({"type": "receive_stock", "sku_id": "A", "quantity": 1}), true),
        (json!({"type": "receive_stock", "sku_id": "B", "quantity": 1}), false),
        (json!({"type": "adjust_stock", "sku_id": "B", "quantity": 1, "reason": "r"}), false),
        (json!({"type": "shrink_stock", "sku_id": "nothing", "quantity": 1, "reason": "r"}), false),
        (json!({"type": "update_product", "product_id": "g-1", "price": 9_000}), true),
        (json!({"type": "update_product", "product_id": "g-2", "price": 1}), false),
        (json!({"type": "update_template", "template_id": "t-1", "name": "n"}), true),
        (json!({"type": "update_template", "template_id": "t-2", "name": "n"}), false),
        (json!({"type": "create_template", "template_id": "t-3", "partner_id": "p-1", "name": "n"}), true),
        (json!({"type": "create_template", "template_id": "t-4", "partner_id": "p-2", "name": "n"}), false),
        (json!({"type": "create_sku", "sku_id": "A2", "product_id": "g-1", "option_name": "o"}), true),
        (json!({"type": "create_sku", "sku_id": "B2", "product_id": "g-2", "option_name": "o"}), false),
        (
            json!({"type": "create_sku", "sku_id": "A3", "product_id": "g-1", "option_name": "o", "holder_id": "p-2"}),
            false,
        ),
        (product("g-3", "p-1", "t-1"), true),
        (product("g-4", "p-2", "t-1"), false),
        (product("g-5", "p-1", "t-2"), false),
        (campaign("c-1", "A"), true),
        (campaign("c-2", "B"), false),
        (json!({"type": "pause_campaign", "campaign_id": "c-1", "sku_id": "A"}), true),
        (json!({"type": "create_promotion", "promotion_id": "m-1", "kind": "promotion", "rate_bp": 1}), false),
        (
            json!({"type": "create_gift_promotion", "gift_promotion_id": "gp-1", "main_product_ids": ["g-1"],
                "gift_sku_ids": ["A"], "gift_quantity": 1, "main_quantity": 1}),
            false,
        ),
        (json!({"type": "update_gift_promotion", "gift_promotion_id": "gp-1", "gift_quantity": 9}), false),
        (json!({"type": "create_partner", "partner_id": "p-3", "name": "p", "kind": "retailer"}), false),
    ] {
        let told = sent("/v1/commands", body.clone());
        if may {
            assert_eq!(told.0, 200, "{body} {told:?}");
        } else {
            assert_eq!(told, no, "{body}");
        }
    }
    assert_eq!(shop.get("operator", "/v1/products/g-2").json()["price"], 10_000);
    // what was let through is written down, with its values; what was not is in the log
    let page = shop.get("auditor", "/v1/audit?limit=500").json();
    let rows: Vec<&Value> = page["items"].as_array().unwrap().iter().filter(|r| r["actor"] == "partner:p-1").collect();
    let of = |kind: &str| rows.iter().filter(|r| r["action"] == "COMMAND" && r["detail"]["type"] == kind).count();
    assert_eq!((of("update_product"), of("create_promotion"), rows.len()), (1, 0, 8), "{page}");
    let price = rows.iter().find(|r| r["detail"]["type"] == "update_product").unwrap();
    assert_eq!((&price["target"], &price["detail"]["price"]), (&json!("g-1"), &json!(9_000)), "{price}");
    // an order's own are with the order
    let lost = json!({"lines": [{"line_no": 2, "quantity": 1}]});
    shop.accepted("partner2", "/v1/orders/o-1/prepare", "prepare-p-2", &json!({}));
    shop.accepted("operator", "/v1/orders/o-1/report_stock_loss", "lost-0001", &lost);
    let told = shop.get("auditor", "/v1/orders/o-1/audit").json();
    let row = &told["items"][0];
    assert_eq!((&row["action"], &row["actor"]), (&json!("STOCK_LOSS"), &json!("operator:the-operator")), "{told}");
    assert_eq!(shop.get("auditor", "/v1/orders/o-9/audit").status, 404);
}

fn product(id: &str, partner: &str, template: &str) -> Value {
    json!({"type": "create_product", "product_id": id, "name": "g", "kind": "goods", "product_type": "normal",
        "price": 10_000, "partner_id": partner, "template_id": template, "bundled": true, "delivery_fee": 0,
        "lead_time_days": 2})
}

fn campaign(id: &str, sku: &str) -> Value {
    json!({"type": "create_campaign", "campaign_id": id, "sku_id": sku, "name": "n", "price": 9_000, "allotted": 1,
        "opens_at": "2026-01-01T00:00:00Z", "closes_at": "2036-01-01T00:00:00Z"})
}

#[tokio::test]
async fn f42_an_order_id_that_is_somebody_elses_tells_nothing_of_it() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    shop.order("o-1");
    let place = json!({"order_id": "o-1", "customer_id": "u-2", "lines": [{"sku_id": "A", "quantity": 1}]});
    let headers = [("X-Customer-Id", "u-2"), ("Idempotency-Key", "place-u-2-o-1")];
    let reply = shop.ask("checkout", "POST", "/v1/orders", &headers, place.to_string().as_bytes());
    let told = reply.json();
    assert_eq!((reply.status, told["outcome"].as_str()), (403, Some("rejected")), "{reply:?}");
    assert_eq!((&told["order_status"], &told["order_version"]), (&Value::Null, &Value::Null), "{told}");
    // by whatever door
    for command in ["cancel_lines", "request_return", "approve_payment"] {
        let body = json!({"type": command, "order_id": "o-1", "lines": [1]}).to_string();
        let reply = shop.ask(
            "checkout",
            "POST",
            "/v1/commands",
            &[headers[0], ("Idempotency-Key", "other-0001")],
            body.as_bytes(),
        );
        assert_eq!((reply.status, reason(&reply).as_str()), (404, "not_found"), "{command}: {reply:?}");
    }
}

#[tokio::test]
async fn two_at_once_under_one_id_each_have_their_own_answer() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    for round in 0..20 {
        let place = |customer: &str| -> Reply {
            let order = format!("o-{round}-{customer}");
            let place = json!({"order_id": order, "customer_id": customer, "lines": [{"sku_id": "B", "quantity": 1}]});
            let headers = [("X-Customer-Id", customer), ("Idempotency-Key", &format!("same-id-{round:02}"))];
            shop.ask("checkout", "POST", "/v1/orders", &headers, place.to_string().as_bytes())
        };
        let replies = thread::scope(|s| {
            let other = s.spawn(|| place("u-2"));
            [place("u-1"), other.join().expect("a reply")]
        });
        let took: Vec<usize> = (0..2).filter(|&i| replies[i].status == 200).collect();
        if round >= 10 {
            // ten units are held by then
            assert!(took.is_empty(), "{replies:?}");
            continue;
        }
        let [first] = took[..] else { panic!("round {round}: {replies:?}") };
        for (i, customer) in ["u-1", "u-2"].iter().enumerate() {
            let told = replies[i].json();
            if i == first {
                assert_eq!(told["order_id"], format!("o-{round}-{customer}"), "{told}");
            } else {
                assert_eq!((replies[i].status, told["reason"].as_str()), (409, Some("command_id_reused")), "{told}");
                assert_eq!(told["facts"], Value::Null, "{told}");
            }
        }
    }
}

#[tokio::test]
async fn a_command_that_no_lane_would_take_for_its_length_is_refused_at_the_door() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    shop.order("o-1");
    let body = |length: usize| {
        let around = json!({"lines": [1], "x": ""}).to_string().len();
        json!({"lines": [1], "x": "x".repeat(length - around)}).to_string()
    };
    let long = body(64 * 1024 - 1);
    let headers = [("X-Customer-Id", "u-1"), ("Idempotency-Key", "long-0001")];
    let reply = shop.ask("operator", "POST", "/v1/orders/o-1/cancel_lines", &headers, long.as_bytes());
    assert_eq!((reply.status, reason(&reply).as_str()), (413, "too_large"), "{reply:?}");
    assert_eq!(shop.get("operator", "/v1/dead-letters").json()["items"].as_array().map(Vec::len), Some(0));
}

/// A placement over two lanes, of which the second has nothing left.
#[tokio::test]
async fn a_placement_that_another_lane_refuses_is_told_and_listed_nowhere() {
    let shop = Shop::wide(2, &[]).await;
    shop.stock();
    let lane = |sku: &str| jumun::log::crc16::partition_of(sku, 2);
    assert_ne!(lane("A"), lane("B"), "the test's goods live in two lanes");
    let lines = json!([{"sku_id": "A", "quantity": 1}, {"sku_id": "B", "quantity": 11}]);
    let place = json!({"order_id": "o-1", "customer_id": "u-1", "lines": lines});
    let refused = shop.send("checkout", "/v1/orders", "place-o-1", &place);
    assert_eq!((refused.status, refused.json()["reason"].as_str()), (409, Some("insufficient_stock")), "{refused:?}");
    for token in ["operator", "checkout"] {
        let state = shop.get(token, "/v1/commands/place-o-1").json();
        assert_eq!(
            (&state["outcome"], &state["reason"]),
            (&json!("rejected"), &json!("insufficient_stock")),
            "{token} {state}"
        );
        assert_eq!(shop.get(token, "/v1/orders/o-1").status, 404);
        assert_eq!(shop.get(token, "/v1/orders").json()["items"], json!([]), "{token}");
    }
    let taken = json!({"order_id": "o-2", "customer_id": "u-1", "lines": [{"sku_id": "A", "quantity": 1}]});
    shop.accepted("checkout", "/v1/orders", "place-o-2", &taken);
    let state = shop.get("checkout", "/v1/commands/place-o-2").json();
    assert_eq!((&state["outcome"], &state["order_status"]), (&json!("accepted"), &json!("PAYMENT_PENDING")), "{state}");
}
