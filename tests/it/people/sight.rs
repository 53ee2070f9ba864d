//! A seller sees its own part, whatever shows an order (kind: everything of an order that names a line, a partner, an amount or
//! a means of payment); customers and partners are never taken for one another.

use serde_json::{Value, json};

use super::{CANARY, done, each, made, partner, placed, refused, seen, sent, shipped, shops};
use crate::support::{servers::redis_url, shop::Shop};

/// Everything at the HTTP API that shows an order.
const SHOWN: [&str; 13] = [
    "/v1/orders/o-1",
    "/v1/orders/o-1/lines",
    "/v1/orders/o-1/payments",
    "/v1/orders/o-1/refunds",
    "/v1/orders/o-1/fees",
    "/v1/orders/o-1/claims",
    "/v1/orders/o-1/procurements",
    "/v1/orders/o-1/linked-orders",
    "/v1/orders/o-1/reviews",
    "/v1/orders/o-1/timeline",
    "/v1/orders/o-1/events",
    "/v1/orders",
    "/v1/lines",
];

/// Nothing of it is in what the token is shown, anywhere.
fn nowhere(shop: &Shop, token: &str, words: &[&str]) {
    for path in SHOWN {
        let body = seen(shop, token, path).to_string();
        for word in words {
            assert!(!body.contains(word), "{token} {path} shows {word}: {body}");
        }
    }
}

#[tokio::test]
async fn f42_a_seller_sees_its_own_part_of_an_order() {
    for shop in shops().await {
        placed(&shop, "o-1", "u-1", &[("A", 2), ("B", 1)]);
        done(&shop, "operator", "o-1", "prepare", json!({}));
        shipped(&shop, "partner2", "o-1", 2);
        done(&shop, "partner2", "o-1", "mark_delivered", json!({"carrier": "CJ", "waybill_no": "w-2"}));
        let back = json!({"lines": [{"line_no": 2, "quantity": 1}], "reason": "change_of_mind", "fault": "buyer"});
        done(&shop, "checkout", "o-1", "request_return", back);
        // 36,000 was the whole order, 26,000 is what stays of it; what others have is not even counted
        nowhere(&shop, "partner", &[CANARY, "\"B\"", "g-2", "t-2", "p-2", "w-2", "\"card\"", "36000", "26000"]);
        nowhere(&shop, "partner2", &[CANARY, "\"A\"", "g-1", "t-1", "p-1", "\"card\"", "36000", "26000", "23000"]);
        // its own is all there
        let own = seen(&shop, "partner", "/v1/orders/o-1");
        assert_eq!((own["total"].as_i64(), own["status"].as_str()), (Some(23_000), Some("PREPARING")), "{own}");
        assert_eq!((own["goods"].as_i64(), own["shipping_fee"].as_i64()), (Some(20_000), Some(3_000)), "{own}");
        assert_eq!(
            (own["lines"][0]["sku_id"].as_str(), own["fees"][0]["partner_id"].as_str()),
            (Some("A"), Some("p-1"))
        );
        assert_eq!((&own["settlements"], &own["claims"]["returns"]), (&json!([]), &json!([])), "{own}");
        let other = seen(&shop, "partner2", "/v1/orders/o-1");
        // what is set aside for a return is no longer in the total
        assert_eq!((other["total"].as_i64(), other["status"].as_str()), (Some(3_000), Some("RETURNING")), "{other}");
        assert_eq!((other["goods"].as_i64(), other["reductions"].as_i64()), (Some(10_000), Some(10_000)), "{other}");
        assert_eq!(other["claims"]["returns"][0]["withheld_amount"], 3_000, "{other}");
        // the buyer and staff see all of it
        for token in ["checkout", "operator", "auditor"] {
            let whole = seen(&shop, token, "/v1/orders/o-1");
            assert_eq!(
                (whole["total"].as_i64(), whole["status"].as_str()),
                (Some(26_000), Some("RETURNING")),
                "{whole}"
            );
            assert_eq!(whole["settlements"][0]["paid"], 36_000, "{token}");
            let id = whole["settlements"][0]["payment_reference"].as_str().unwrap();
            assert_eq!(id.contains(CANARY), token == "operator", "{token} {id}");
        }
        // lists, by the status of its own lines (another's claim hides none of its work)
        let listed = |token: &str, status: &str| seen(&shop, token, &format!("/v1/orders?status={status}"));
        assert_eq!(each(&listed("partner", "PREPARING"), "order_id"), ["o-1"]);
        let row = listed("partner", "PREPARING")["items"][0].clone();
        assert_eq!((&row["total"], &row["reductions"], &row["due"]), (&json!(23_000), &json!(0), &json!(0)), "{row}");
        assert_eq!(each(&listed("partner", "RETURNING"), "order_id"), Vec::<&str>::new());
        assert_eq!(each(&listed("partner2", "RETURNING,SHIPPED"), "order_id"), ["o-1"]);
        assert_eq!(each(&listed("operator", "PREPARING"), "order_id"), Vec::<&str>::new());
        // whose an order list is, is the token's to say
        assert_eq!(refused(&shop, "partner", "/v1/orders?partner_id=p-2"), (403, "forbidden".into()));
        assert_eq!(refused(&shop, "checkout", "/v1/orders?partner_id=p-2"), (403, "forbidden".into()));
        assert_eq!(each(&seen(&shop, "operator", "/v1/orders?partner_id=p-2"), "order_id"), ["o-1"]);
    }
}

/// Kind: what is about others' lines is told without them, and the numbers have no gap.
#[tokio::test]
async fn f42_events_and_timelines_of_a_seller_are_about_its_part() {
    for shop in shops().await {
        placed(&shop, "o-1", "u-1", &[("A", 1), ("B", 1)]);
        done(&shop, "operator", "o-1", "prepare", json!({}));
        shipped(&shop, "partner2", "o-1", 2);
        let lost = json!({"lines": [{"line_no": 1, "quantity": 1}]});
        // the sums of the whole order are not its own
        let told = sent(&shop, "partner", "o-1", "report_stock_loss", lost).json();
        assert_eq!(told["outcome"], "accepted", "{told}");
        assert!(["total", "due", "deadline"].iter().all(|sum| told["facts"].get(sum).is_none()), "{told}");
        let events = seen(&shop, "partner", "/v1/orders/o-1/events");
        let whole = seen(&shop, "operator", "/v1/orders/o-1/events");
        let numbers = |page: &Value| -> Vec<u64> {
            page["items"].as_array().unwrap().iter().map(|e| e["sequence"].as_u64().unwrap()).collect()
        };
        assert_eq!(numbers(&events), numbers(&whole));
        let types: Vec<&str> =
            events["items"].as_array().unwrap().iter().map(|e| e["event"]["type"].as_str().unwrap()).collect();
        assert_eq!((types[0], types[1]), ("placed", "prepared"), "{types:?}");
        assert!(types.contains(&"cut") && types.contains(&"elsewhere") && !types.contains(&"shipped"), "{types:?}");
        assert_eq!(events["items"][0]["event"]["change"]["lines"][0]["sku_id"], "A", "{events}");
        // page by page the same
        let first = seen(&shop, "partner", "/v1/orders/o-1/events?limit=2");
        assert_eq!((numbers(&first), first["next"].as_str()), (vec![1, 2], Some("2")));
        let told = seen(&shop, "partner", "/v1/orders/o-1/timeline");
        let what: Vec<&str> = told["entries"].as_array().unwrap().iter().filter_map(|e| e["what"].as_str()).collect();
        assert!(what.contains(&"placed") && what.contains(&"cut") && !what.contains(&"shipped"), "{what:?}");
        assert_eq!(
            (&told["entries"][0]["event"], told["status"].as_str()),
            (&Value::Null, Some("OUT_OF_STOCK")),
            "{told}"
        );
        // others by their role, itself by name
        let by: Vec<&str> = told["entries"].as_array().unwrap().iter().filter_map(|e| e["by"].as_str()).collect();
        assert!(by.contains(&"operator") && by.contains(&"seller:p-1"), "{by:?}");
    }
}

/// Kind: what a command would do is looked at as if it were sent, and answered without how the buyer pays.
#[tokio::test]
async fn f42_a_seller_previews_its_own_lines_and_hears_of_no_means() {
    for shop in shops().await {
        placed(&shop, "o-1", "u-1", &[("A", 1), ("B", 1)]);
        done(&shop, "operator", "o-1", "prepare", json!({}));
        let lost =
            |line: u32| json!({"command": {"type": "report_stock_loss", "lines": [{"line_no": line, "quantity": 1}]}});
        let preview = |token: &str, line: u32| sent(&shop, token, "o-1", "preview", lost(line));
        assert_eq!(preview("partner", 2).status, 403);
        assert_eq!(preview("partner2", 1).status, 403);
        for (token, line, sku) in [("partner", 1, "A"), ("partner2", 2, "B")] {
            let told = preview(token, line);
            assert_eq!(told.status, 200, "{told:?}");
            let told = told.json()["facts"]["preview"].clone();
            assert_eq!((&told["settlements"], &told["refunds"]), (&Value::Null, &Value::Null), "{told}");
            // the other seller's goods are in the order's sums
            assert_eq!(
                (&told["total"], &told["due"], &told["withheld"]),
                (&json!(0), &Value::Null, &Value::Null),
                "{told}"
            );
            assert_eq!(told["lines"].as_array().map(Vec::len), Some(1), "{told}");
            assert_eq!(told["lines"][0]["sku_id"], sku, "{told}");
        }
        let whole = preview("operator", 1).json()["facts"]["preview"].clone();
        assert_eq!(whole["refunds"][0]["method"], "card", "{whole}");
        assert_ne!(whole["total"], 0, "{whole}");
    }
}

/// Kind: an id of one name space is nobody's in the other.
#[tokio::test]
async fn f42_a_customer_named_like_a_partner_is_not_it() {
    for shop in shops().await {
        partner(&shop, "p-2", "wholesaler");
        let supply =
            json!({"type": "create_sku", "sku_id": "C", "product_id": "g-2", "option_name": "o", "holder_id": "p-2"});
        shop.accepted("operator", "/v1/commands", "set-sku-0003", &supply);
        let stock = json!({"type": "receive_stock", "sku_id": "C", "quantity": 10});
        shop.accepted("operator", "/v1/commands", "set-stock-0003", &stock);
        // what p-1 buys of p-2 for o-1, and what a customer who is called p-1 buys of p-2
        placed(&shop, "o-1", "u-1", &[("A", 1)]);
        done(&shop, "operator", "o-1", "prepare", json!({}));
        let buy = json!({"partner_id": "p-2", "linked_order_id": "o-5", "lines": [{"line_no": 1, "sku_id": "C"}]});
        done(&shop, "partner", "o-1", "purchase_from_partner", buy);
        made(&shop, "o-5").await;
        placed(&shop, "o-9", "p-1", &[("B", 1)]);
        let customer = |path: &str| shop.ask("checkout", "GET", path, &[("X-Customer-Id", "p-1")], b"");
        for path in ["/v1/orders/o-5", "/v1/orders/o-5/timeline", "/v1/orders/o-5/events", "/v1/orders/o-5/recipient"] {
            assert_eq!(customer(path).status, 404, "{path}");
        }
        assert_eq!(customer("/v1/orders/o-9").status, 200);
        assert_eq!(each(&customer("/v1/orders").json(), "order_id"), ["o-9"]);
        let back = json!({"lines": [{"line_no": 1, "quantity": 1}], "reason": "defect", "fault": "seller"}).to_string();
        let headers = [("X-Customer-Id", "p-1"), ("Idempotency-Key", "theirs-0001")];
        let reply = shop.ask("checkout", "POST", "/v1/orders/o-5/request_return", &headers, back.as_bytes());
        assert_eq!(reply.status, 404, "{reply:?}");
        for path in ["/v1/orders/o-9", "/v1/orders/o-9/lines", "/v1/orders/o-9/recipient"] {
            assert_eq!(refused(&shop, "partner", path).0, 404, "{path}");
        }
        assert_eq!(each(&seen(&shop, "partner", "/v1/orders"), "order_id"), ["o-5", "o-1"]);
        assert_eq!(each(&seen(&shop, "operator", "/v1/orders?customer_id=p-1"), "order_id"), ["o-9"]);
        // its buyer sees a purchase whole, its seller its part, and neither how the consumer pays
        assert_eq!(seen(&shop, "partner", "/v1/orders/o-5")["customer_id"], "p-1");
        assert_eq!(seen(&shop, "partner2", "/v1/orders/o-5")["lines"][0]["sku_id"], "C");
        assert_eq!(refused(&shop, "partner2", "/v1/orders/o-1").0, 404);
        // the person who is called p-1 is erased; the partner's purchase is none of theirs
        let erased = shop.send("operator", "/v1/customers/p-1/erase", "erase-0001", &json!({})).json();
        assert_eq!(erased["pending"], json!(["o-9"]), "{erased}");
    }
}

/// Kind: what a partner places for itself is the partner's, and no customer's of that name.
#[tokio::test]
async fn f42_a_partner_that_buys_for_itself_is_the_buyer() {
    use jumun::log::{CommandLog as _, Inbound};
    let shop = Shop::open(&[]).await;
    shop.stock();
    let log = jumun::log::redis::RedisLog::connect(&redis_url(), &shop.namespace).await.unwrap();
    for (order, actor, customer) in
        [("o-1", "partner:p-1", "p-1"), ("o-2", "seller:p-1", "p-1"), ("o-3", "seller:p-1", "u-1")]
    {
        let place = json!({"id": format!("place-{order}"), "type": "place_order", "order_id": order, "actor": actor,
            "customer_id": customer, "lines": [{"sku_id": "B", "quantity": 1}]});
        log.append(0, Inbound::Commands, &[place.to_string().as_bytes().into()]).await.unwrap();
        made(&shop, order).await;
    }
    // o-3 it only typed in for a customer
    assert_eq!(each(&seen(&shop, "partner", "/v1/orders"), "order_id"), ["o-2", "o-1"]);
    assert_eq!(each(&seen(&shop, "checkout", "/v1/orders"), "order_id"), ["o-3"]);
    assert_eq!(seen(&shop, "partner", "/v1/orders/o-1")["total"], 13_000);
    assert_eq!(refused(&shop, "partner", "/v1/orders/o-3").0, 404);
    for order in ["o-1", "o-2"] {
        let customer = shop.ask("checkout", "GET", &format!("/v1/orders/{order}"), &[("X-Customer-Id", "p-1")], b"");
        assert_eq!(customer.status, 404, "{order}");
    }
}

/// Kind: a partner's shelves are what it holds or sells.
#[tokio::test]
async fn f42_a_partner_lists_its_own_stock() {
    for shop in shops().await {
        partner(&shop, "p-1", "retailer");
        let held =
            json!({"type": "create_sku", "sku_id": "B-1", "product_id": "g-2", "option_name": "o", "holder_id": "p-1"});
        shop.accepted("operator", "/v1/commands", "set-sku-held", &held);
        let listed = |token: &str, query: &str| seen(&shop, token, &format!("/v1/skus{query}"));
        assert_eq!(each(&listed("partner", ""), "sku_id"), ["A", "B-1"]);
        assert_eq!(each(&listed("partner2", ""), "sku_id"), ["B", "B-1"]);
        assert_eq!(each(&listed("operator", ""), "sku_id"), ["A", "B", "B-1"]);
        let page = listed("partner", "?limit=1");
        assert_eq!((each(&page, "sku_id"), page["next"].as_str()), (vec!["A"], Some("A")));
        assert_eq!(each(&listed("partner", "?limit=1&cursor=A"), "sku_id"), ["B-1"]);
        assert_eq!(refused(&shop, "checkout", "/v1/skus").0, 403);
    }
}
