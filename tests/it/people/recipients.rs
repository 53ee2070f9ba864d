//! Recipients: masked in views and lists, whole on demand to who may, each look written down, gone when erased.

use serde_json::{Value, json};

use super::{done, each, made, partner, placed, recipient, refused, seen, sent, shipped, shops};
use crate::support::shop::Shop;

/// What no masked view shows.
const HIDDEN: [&str; 4] = ["홍길동", "1234", "테헤란로", "202호"];

fn masked(view: &Value) {
    assert_eq!((view["name"].as_str(), view["phone"].as_str()), (Some("홍*동"), Some("010-****-5678")), "{view}");
    assert_eq!((view["zip"].as_str(), view["masked"].as_bool()), (Some("06236"), Some(true)), "{view}");
    assert_eq!(
        (view["address"].as_str(), view["address_detail"].as_str()),
        (Some("서울특별시 강남구 ***"), Some("***"))
    );
    HIDDEN.iter().for_each(|word| assert!(!view.to_string().contains(word), "{view}"));
}

fn whole(view: &Value) {
    for (field, value) in recipient().as_object().unwrap() {
        assert_eq!(view[field], *value, "{view}");
    }
    assert_eq!(view["masked"], false, "{view}");
}

/// A look: how, by whom, at which order.
fn look(how: &str, who: &str, order: &str) -> [String; 3] {
    [how, who, order].map(str::to_owned)
}

/// Who saw whom, newest first.
fn log(shop: &Shop, query: &str) -> Vec<[String; 3]> {
    let page = seen(shop, "auditor", &format!("/v1/access-log?limit=500{query}"));
    let rows = page["items"].as_array().unwrap();
    rows.iter().map(|r| ["look", "actor", "order_id"].map(|f| r[f].as_str().unwrap().to_owned())).collect()
}

#[tokio::test]
async fn f42_a_recipient_is_whole_to_who_has_something_to_send() {
    for shop in shops().await {
        placed(&shop, "o-1", "u-1", &[("A", 1), ("B", 1)]);
        // masked wherever an order is shown, and nothing is written for that
        for token in ["operator", "auditor", "checkout", "partner", "partner2"] {
            masked(&seen(&shop, token, "/v1/orders/o-1")["recipient"]);
        }
        assert!(log(&shop, "").is_empty());
        // whole by role
        let path = "/v1/orders/o-1/recipient";
        for token in ["operator", "checkout", "partner", "partner2"] {
            whole(&seen(&shop, token, path));
        }
        for token in ["auditor", "payment", "metrics"] {
            assert_eq!(refused(&shop, token, path), (403, "forbidden".into()), "{token}");
        }
        let other = [("X-Customer-Id", "u-2")];
        assert_eq!(shop.ask("checkout", "GET", path, &other, b"").status, 404);
        let looks = ["partner:p-2", "partner:p-1", "checkout:the-checkout", "operator:the-operator"];
        let expected = looks.map(|who| look("RECIPIENT", who, "o-1"));
        assert_eq!(log(&shop, ""), expected);
        // who, what, when, from where, for which request
        let headers = [("X-Request-Id", "look-0001"), ("X-Forwarded-For", "203.0.113.9")];
        assert_eq!(shop.ask("operator", "GET", path, &headers, b"").header("cache-control"), Some("no-store"));
        let page = seen(&shop, "operator", "/v1/access-log?limit=1");
        let row = &page["items"][0];
        assert_eq!(
            (&row["from"], &row["request_id"]),
            (&json!("127.0.0.1 (for 203.0.113.9)"), &json!("look-0001")),
            "{row}"
        );
        assert_eq!((&row["customer_id"], row["at"].is_string()), (&json!("u-1"), true), "{row}");
        // page by page, by order and by person
        let cursor = page["next"].as_str().unwrap();
        assert_eq!(log(&shop, &format!("&cursor={cursor}")), expected);
        assert_eq!((log(&shop, "&order_id=o-1").len(), log(&shop, "&customer_id=u-1").len()), (5, 5));
        assert_eq!((log(&shop, "&order_id=o-2").len(), log(&shop, "&customer_id=u-2").len()), (0, 0));
        for token in ["checkout", "partner", "payment"] {
            assert_eq!(refused(&shop, token, "/v1/access-log").0, 403, "{token}");
        }
        // p-2's goods have come: it knows no more, p-1 still does
        done(&shop, "operator", "o-1", "prepare", json!({}));
        shipped(&shop, "partner2", "o-1", 2);
        whole(&seen(&shop, "partner2", path));
        done(&shop, "partner2", "o-1", "mark_delivered", json!({"carrier": "CJ", "waybill_no": "w-2"}));
        assert_eq!(refused(&shop, "partner2", path), (403, "forbidden".into()));
        assert_eq!(seen(&shop, "partner2", "/v1/orders/o-1")["recipient"], Value::Null);
        whole(&seen(&shop, "partner", path));
        // until they are to be fetched again
        let back = json!({"lines": [{"line_no": 2, "quantity": 1}], "reason": "defect", "fault": "seller"});
        done(&shop, "checkout", "o-1", "request_return", back);
        whole(&seen(&shop, "partner2", path));
    }
}

/// Kind: nothing is told before it is paid, and nothing after it has ended.
#[tokio::test]
async fn f42_who_sends_nothing_knows_no_recipient() {
    for shop in shops().await {
        let place = json!({"order_id": "o-1", "customer_id": "u-1", "lines": [{"sku_id": "A", "quantity": 1}],
            "recipient": recipient()});
        shop.accepted("operator", "/v1/orders", "place-o-1", &place);
        let path = "/v1/orders/o-1/recipient";
        assert_eq!(refused(&shop, "partner", path).0, 403);
        assert_eq!(seen(&shop, "partner", "/v1/orders/o-1")["recipient"], Value::Null);
        whole(&seen(&shop, "checkout", path));
        done(&shop, "checkout", "o-1", "cancel_payment", json!({}));
        assert_eq!(refused(&shop, "partner", path).0, 403);
        // an order that was placed without one
        let place = json!({"order_id": "o-2", "customer_id": "u-1", "lines": [{"sku_id": "A", "quantity": 1}]});
        shop.accepted("operator", "/v1/orders", "place-o-2", &place);
        assert_eq!(refused(&shop, "operator", "/v1/orders/o-2/recipient"), (404, "not_found".into()));
        assert_eq!(refused(&shop, "operator", "/v1/orders/o-3/recipient"), (404, "not_found".into()));
    }
}

/// A paid order o-1 of p-1's goods, for which p-2 installs by order i-1.
async fn installer(shop: &Shop) {
    partner(shop, "p-1", "retailer");
    partner(shop, "p-2", "installer");
    let slot =
        json!({"type": "create_sku", "sku_id": "I", "product_id": "g-2", "option_name": "o", "holder_id": "p-2"});
    shop.accepted("operator", "/v1/commands", "set-sku-slot", &slot);
    let stock = json!({"type": "receive_stock", "sku_id": "I", "quantity": 10});
    shop.accepted("operator", "/v1/commands", "set-stock-slot", &stock);
    placed(shop, "o-1", "u-1", &[("A", 1)]);
    done(shop, "operator", "o-1", "prepare", json!({}));
    let install = json!({"partner_id": "p-2", "linked_order_id": "i-1", "lines": [{"line_no": 1, "sku_id": "I"}]});
    done(shop, "partner", "o-1", "assign_installer", install);
    made(shop, "i-1").await;
}

/// What has come is still to be installed: its lines tell the installer where, until that is done.
#[tokio::test]
async fn f42_an_installers_lines_have_the_place_until_it_is_installed() {
    for shop in shops().await {
        installer(&shop).await;
        done(&shop, "partner2", "i-1", "prepare", json!({}));
        for kind in ["use_own_stock", "complete_procurement"] {
            done(&shop, "partner", "o-1", kind, json!({}));
        }
        done(&shop, "partner", "o-1", "ship", json!({"method": "own", "in_transit": true}));
        done(&shop, "partner2", "i-1", "confirm_installer_delivery", json!({}));
        let listed = |path: &str| seen(&shop, "partner2", &format!("{path}?status=SHIPPED"))["items"][0].clone();
        let line = listed("/v1/lines");
        assert_eq!((&line["order_id"], &line["delivery"]), (&json!("i-1"), &json!("delivered_by_installer")), "{line}");
        masked(&line["recipient"]);
        whole(&listed("/v1/lines/recipients")["recipient"]);
        done(&shop, "partner2", "i-1", "complete_installation", json!({}));
        for path in ["/v1/lines", "/v1/lines/recipients"] {
            let line = listed(path);
            assert_eq!((&line["delivery"], &line["recipient"]), (&json!("installed"), &Value::Null), "{path}: {line}");
        }
    }
}

/// Kind: whoever works on an order that was made for another one goes where that goes: an installer to the buyer's, a
/// wholesaler to the business that bought.
#[tokio::test]
async fn f42_an_installer_knows_the_place_and_a_wholesaler_the_business() {
    for shop in shops().await {
        installer(&shop).await;
        masked(&seen(&shop, "partner2", "/v1/orders/i-1")["recipient"]);
        whole(&seen(&shop, "partner2", "/v1/orders/i-1/recipient"));
        assert_eq!(log(&shop, "&customer_id=u-1"), [look("RECIPIENT", "partner:p-2", "i-1")]);
        // its own work, and not the order that it is for
        assert_eq!(refused(&shop, "partner2", "/v1/orders/o-1").0, 404);
        assert_eq!(refused(&shop, "partner2", "/v1/orders/o-1/recipient").0, 404);
        let own = seen(&shop, "partner2", "/v1/lines");
        assert_eq!(each(&own, "order_id"), ["i-1"]);
        masked(&own["items"][0]["recipient"]);
        // a purchase goes to the business that bought it, which is nobody's person
        partner(&shop, "p-3", "wholesaler");
        let supply =
            json!({"type": "create_sku", "sku_id": "W", "product_id": "g-2", "option_name": "o", "holder_id": "p-3"});
        shop.accepted("operator", "/v1/commands", "set-sku-supply", &supply);
        let stock = json!({"type": "receive_stock", "sku_id": "W", "quantity": 10});
        shop.accepted("operator", "/v1/commands", "set-stock-supply", &stock);
        let buy = json!({"partner_id": "p-3", "linked_order_id": "b-1", "lines": [{"line_no": 1, "sku_id": "W"}]});
        done(&shop, "partner", "o-1", "purchase_from_partner", buy);
        made(&shop, "b-1").await;
        let business = seen(&shop, "operator", "/v1/orders/b-1/recipient");
        assert_eq!((&business["name"], &business["zip"]), (&json!("business p-1"), &json!("04524")), "{business}");
        assert_eq!(log(&shop, "").len(), 1, "a business is no person");
    }
}

/// Kind: a partner that orders for itself goes to its own business address unless it names a recipient; the last word counts.
#[tokio::test]
async fn f42_a_business_that_orders_for_itself_is_at_its_own_address() {
    for shop in shops().await {
        partner(&shop, "p-1", "retailer");
        let path = |order: &str| format!("/v1/orders/{order}/recipient");
        let at = |token: &str, order: &str| {
            let place = seen(&shop, token, &path(order));
            ["name", "zip", "address"].map(|field| place[field].as_str().unwrap_or("-").to_owned())
        };
        let business = ["business p-1", "04524", "서울특별시 중구 세종대로 1"].map(str::to_owned);
        for (order, to) in [("o-1", Value::Null), ("o-2", recipient())] {
            let mut place = json!({"order_id": order, "customer_id": "p-1", "lines": [{"sku_id": "B", "quantity": 1}]});
            if !to.is_null() {
                place["recipient"] = to;
            }
            shop.accepted("partner", "/v1/orders", &format!("place-{order}"), &place);
            let settlements = json!([{"method": "card", "amount": 13_000, "approval": {"approval_id": order}}]);
            done(&shop, "operator", order, "approve_payment", json!({"settlements": settlements}));
        }
        // who buys, who sells, who runs the shop
        for token in ["partner", "partner2", "operator"] {
            assert_eq!(at(token, "o-1"), business, "{token}");
            whole(&seen(&shop, token, &path("o-2")));
        }
        assert_eq!(log(&shop, "&order_id=o-1").len(), 0, "a business is no person");
        let lines = seen(&shop, "partner2", "/v1/lines/recipients");
        let names: Vec<&str> =
            lines["items"].as_array().unwrap().iter().map(|l| l["recipient"]["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["business p-1", "홍길동"]);
        let view = seen(&shop, "operator", "/v1/orders/o-1");
        assert_eq!(
            (&view["destination"]["kind"], &view["recipient"]["zip"]),
            (&json!("business"), &json!("04524")),
            "{view}"
        );
        // elsewhere, and back
        done(&shop, "partner", "o-1", "set_shipping_address", json!({"recipient": recipient()}));
        whole(&seen(&shop, "partner2", &path("o-1")));
        for order in ["o-1", "o-2"] {
            done(&shop, "partner", order, "set_shipping_address", json!({}));
            assert_eq!(at("partner2", order), business, "{order}");
        }
    }
}

/// Kind: exchanged goods that are still out are to be fetched, also when their order has ended.
#[tokio::test]
async fn f42_a_seller_knows_where_to_fetch_what_was_exchanged() {
    for shop in shops().await {
        let (path, group) = ("/v1/orders/o-1/recipient", json!({"claim_group": 1}));
        placed(&shop, "o-1", "u-1", &[("A", 1)]);
        done(&shop, "operator", "o-1", "prepare", json!({}));
        shipped(&shop, "partner", "o-1", 1);
        done(&shop, "partner", "o-1", "mark_delivered", json!({"carrier": "CJ", "waybill_no": "w-1"}));
        assert_eq!(refused(&shop, "partner", path).0, 403);
        let wish = json!({"line_no": 1, "quantity": 1, "reason": "defect", "fault": "seller"});
        done(&shop, "checkout", "o-1", "request_exchange", wish);
        done(&shop, "partner", "o-1", "approve_exchange", json!({"claim_group": 1, "resolution": "add_product"}));
        shipped(&shop, "partner", "o-1", 2);
        done(&shop, "partner", "o-1", "mark_delivered", json!({"carrier": "CJ", "waybill_no": "w-2"}));
        done(&shop, "checkout", "o-1", "confirm_purchase", json!({"lines": [2]}));
        // it has ended, in no list of work but this one
        assert_eq!(seen(&shop, "operator", "/v1/orders/o-1")["status"], "PURCHASE_CONFIRMED");
        let listed = |token: &str, claim: &str| -> Vec<i64> {
            let page = seen(&shop, token, &format!("/v1/lines?claim={claim}&placed_before=2100-01-01T00:00:00Z"));
            page["items"].as_array().unwrap().iter().map(|l| l["line_no"].as_i64().unwrap()).collect()
        };
        let counted = |token: &str, claim: &str| -> i64 {
            let counts = seen(&shop, token, &format!("/v1/lines/counts?claim={claim}"));
            counts["items"].as_array().unwrap().iter().map(|c| c["lines"].as_i64().unwrap()).sum()
        };
        let all = "RETURN_REQUESTED,EXCHANGE_COMPLETED,COLLECTION_DUE,COLLECTION_COLLECTED";
        for (state, other) in [("COLLECTION_DUE", "COLLECTION_COLLECTED"), ("COLLECTION_COLLECTED", "COLLECTION_DUE")] {
            for token in ["operator", "partner"] {
                whole(&seen(&shop, token, path));
                assert_eq!((listed(token, state), listed(token, other)), (vec![1], Vec::new()), "{token} {state}");
                assert_eq!((counted(token, state), counted(token, other)), (1, 0), "{token} {state}");
                // once, whatever else it is asked by
                assert_eq!((listed(token, all), counted(token, all)), (vec![1], 1), "{token} {state}");
            }
            assert_eq!((listed("partner2", state), counted("partner2", state)), (Vec::new(), 0), "another seller's");
            let line = seen(&shop, "partner", &format!("/v1/lines?claim={state}"))["items"][0].clone();
            masked(&line["recipient"]);
            assert_eq!(format!("COLLECTION_{}", line["claims"][0]["collection"].as_str().unwrap()), state, "{line}");
            let sheet = seen(&shop, "partner", &format!("/v1/lines/recipients?claim={state}"));
            whole(&sheet["items"][0]["recipient"]);
            let next = if state == "COLLECTION_DUE" { "collect_return" } else { "complete_return" };
            done(&shop, "partner", "o-1", next, group.clone());
        }
        assert_eq!(refused(&shop, "partner", path).0, 403);
        assert_eq!((listed("partner", all), counted("partner", "COLLECTION_DUE,COLLECTION_COLLECTED")), (vec![1], 0));
    }
}

#[tokio::test]
async fn f42_a_download_is_what_is_to_be_sent_and_each_recipient_is_written_down() {
    for shop in shops().await {
        for (n, lines) in [(1, &[("A", 1)][..]), (2, &[("A", 1), ("B", 1)]), (3, &[("B", 1)])] {
            placed(&shop, &format!("o-{n}"), "u-1", lines);
        }
        let page = seen(&shop, "partner", "/v1/lines/recipients?limit=1");
        assert_eq!(each(&page, "order_id"), ["o-1"]);
        whole(&page["items"][0]["recipient"]);
        let next = page["next"].as_str().unwrap();
        let rest = seen(&shop, "partner", &format!("/v1/lines/recipients?cursor={next}"));
        assert_eq!((each(&rest, "order_id"), rest.get("next")), (vec!["o-2"], None), "its own only");
        let row = |order: &str| look("DOWNLOAD", "partner:p-1", order);
        assert_eq!(log(&shop, ""), [row("o-2"), row("o-1")]);
        // what has arrived has no recipient, and is not written down
        done(&shop, "operator", "o-1", "prepare", json!({}));
        shipped(&shop, "partner", "o-1", 1);
        done(&shop, "partner", "o-1", "mark_delivered", json!({"carrier": "CJ", "waybill_no": "w-1"}));
        let page = seen(&shop, "partner", "/v1/lines/recipients?status=SHIPPED");
        assert_eq!((each(&page, "order_id"), &page["items"][0]["recipient"]), (vec!["o-1"], &Value::Null));
        assert_eq!(log(&shop, "").len(), 2);
        // an operator's has everybody's
        let all = seen(&shop, "operator", "/v1/lines/recipients");
        assert_eq!(each(&all, "order_id"), ["o-2", "o-2", "o-3"]);
        assert_eq!(log(&shop, "").len(), 4, "once an order");
        for token in ["checkout", "auditor", "payment"] {
            assert_eq!(refused(&shop, token, "/v1/lines/recipients").0, 403, "{token}");
        }
        // in the plain list all are masked
        for token in ["partner", "operator", "auditor"] {
            let page = seen(&shop, token, "/v1/lines?status=ORDERED");
            page["items"].as_array().unwrap().iter().for_each(|l| masked(&l["recipient"]));
        }
        assert_eq!(log(&shop, "").len(), 4);
    }
}

/// Kind: erased is erased, by whatever way one looks.
#[tokio::test]
async fn f42_who_was_erased_is_nowhere() {
    for shop in shops().await {
        placed(&shop, "o-1", "u-1", &[("A", 1)]);
        done(&shop, "operator", "o-1", "prepare", json!({}));
        shipped(&shop, "partner", "o-1", 1);
        done(&shop, "partner", "o-1", "mark_delivered", json!({"carrier": "CJ", "waybill_no": "w-1"}));
        done(&shop, "checkout", "o-1", "confirm_purchase", json!({"lines": [1]}));
        done(&shop, "checkout", "o-1", "write_review", json!({"line_no": 1, "rating": 5, "text": "아주 좋아요"}));
        for (token, path) in [
            ("checkout", "/v1/orders/o-1/reviews"),
            ("partner", "/v1/orders/o-1/reviews"),
            ("auditor", "/v1/orders/o-1/reviews"),
        ] {
            let told = seen(&shop, token, path);
            assert_eq!((&told[0]["rating"], &told[0]["text"]), (&json!(5), &json!("아주 좋아요")), "{token} {told}");
        }
        let reviews = |token: &str, query: &str| seen(&shop, token, &format!("/v1/reviews{query}"));
        for (token, query, texts) in [
            ("operator", "", &["아주 좋아요"][..]),
            ("partner", "", &["아주 좋아요"]),
            ("partner2", "", &[]),
            ("operator", "?product_id=g-1&partner_id=p-1&limit=1", &["아주 좋아요"]),
            ("operator", "?product_id=g-2", &[]),
            ("operator", "?partner_id=p-2", &[]),
        ] {
            assert_eq!(each(&reviews(token, query), "text"), texts, "{token} {query}");
        }
        assert_eq!(refused(&shop, "partner", "/v1/reviews?partner_id=p-2").0, 403);
        whole(&seen(&shop, "operator", "/v1/orders/o-1/recipient"));
        // what a client keeps of it is not taken for what there is
        let kept = ["/v1/orders/o-1", "/v1/orders/o-1/reviews", "/v1/orders/o-1/lines"].map(|path| {
            let tag = shop.get("operator", path).header("etag").unwrap().to_owned();
            assert_eq!(shop.ask("operator", "GET", path, &[("If-None-Match", &tag)], b"").status, 304, "{path}");
            (path, tag)
        });
        let erased = shop.send("operator", "/v1/customers/u-1/erase", "erase-0001", &json!({})).json();
        assert_eq!(erased["orders"], 1, "{erased}");
        assert_eq!(refused(&shop, "operator", "/v1/orders/o-1/recipient").0, 404);
        assert_eq!(refused(&shop, "checkout", "/v1/orders/o-1/recipient").0, 404);
        let view = seen(&shop, "operator", "/v1/orders/o-1");
        assert_eq!((&view["recipient"], &view["reviews"][0]["text"]), (&Value::Null, &Value::Null), "{view}");
        for path in ["/v1/lines?status=PURCHASE_CONFIRMED", "/v1/lines/recipients?status=PURCHASE_CONFIRMED"] {
            let reply = shop.get("operator", path);
            assert_eq!(reply.json()["items"][0]["recipient"], Value::Null, "{path}");
            assert_eq!((reply.header("etag"), reply.header("cache-control")), (None, Some("no-store")), "{path}");
        }
        for (path, tag) in &kept {
            let again = shop.ask("operator", "GET", path, &[("If-None-Match", tag)], b"");
            // in its lines nobody is shown
            assert_eq!(again.status, if path.ends_with("lines") { 304 } else { 200 }, "{path}: {again:?}");
            assert_ne!(again.header("etag") == Some(tag), again.status == 200, "{path}: {again:?}");
        }
        assert_eq!(each(&reviews("operator", ""), "text"), ["-"]);
        // who had looked is still known, without a name
        let told = seen(&shop, "auditor", "/v1/access-log?customer_id=u-1").to_string();
        assert!(told.contains("RECIPIENT") && !told.contains("홍"), "{told}");
    }
}

/// An order's ETag marks what is shown of a person, too: a command by it is about the version.
#[tokio::test]
async fn a_command_may_name_the_etag_of_an_order_with_a_recipient() {
    for shop in shops().await {
        placed(&shop, "o-1", "u-1", &[("A", 1)]);
        let tag = shop.get("checkout", "/v1/orders/o-1").header("etag").unwrap().to_owned();
        let (version, mark) = tag.trim_matches('"').split_once('-').unwrap();
        assert_eq!((version.parse::<u32>().is_ok(), mark.len()), (true, 16), "{tag}");
        let send = |id: &str, tag: &str| {
            let headers = [("Idempotency-Key", id), ("X-Customer-Id", "u-1"), ("If-Match", tag)];
            shop.ask("checkout", "POST", "/v1/orders/o-1/cancel_lines", &headers, br#"{"lines": [1]}"#)
        };
        for bad in [format!("{version}-"), format!("{version}-xyz"), format!("-{mark}"), format!("{version}-00-00")] {
            assert_eq!(send("cancel-001", &format!("\"{bad}\"")).status, 422, "{bad}");
        }
        assert_eq!(send("cancel-002", &format!("\"9-{mark}\"")).status, 412);
        assert_eq!(send("cancel-003", &tag).status, 200);
    }
}

/// At an open door nobody is told apart, and nothing is hidden; who looked is written down all the same.
#[tokio::test]
async fn an_order_at_an_open_door_has_its_recipient() {
    let shop = Shop::start(&[]).await;
    for command in [
        json!({"id": "b17-000001", "type": "create_template", "actor": "operator:me", "template_id": "t-1",
            "partner_id": "p-1", "name": "parcel"}),
        json!({"id": "b17-000002", "type": "create_product", "actor": "operator:me", "product_id": "AC-100-P",
            "name": "thing", "kind": "goods", "product_type": "normal", "price": 10_000, "partner_id": "p-1",
            "template_id": "t-1", "bundled": true, "delivery_fee": 3_000, "lead_time_days": 2}),
        json!({"id": "b17-000003", "type": "create_sku", "actor": "operator:me", "sku_id": "AC-100",
            "product_id": "AC-100-P", "option_name": "AC-100"}),
        json!({"id": "b17-000004", "type": "receive_stock", "actor": "operator:me", "sku_id": "AC-100", "quantity": 50}),
        json!({"id": "b17-000005", "type": "place_order", "actor": "buyer:u-1", "order_id": "o-1", "customer_id": "u-1",
            "lines": [{"sku_id": "AC-100", "quantity": 1}], "recipient": recipient(), "payment": {"kind": "approved",
            "settlements": [{"method": "card", "amount": 13_000, "approval": {"approval_id": "a-o-1"}}]}}),
    ] {
        let reply = shop.ask("", "POST", "/v1/commands", &[], command.to_string().as_bytes());
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    let view = shop.get("", "/v1/orders/o-1");
    whole(&view.json()["recipient"]);
    whole(&shop.get("", "/v1/orders/o-1/recipient").json());
    masked(&shop.get("", "/v1/lines").json()["items"][0]["recipient"]);
    let known = [("If-None-Match", view.header("etag").unwrap())];
    assert_eq!(shop.ask("", "GET", "/v1/orders/o-1", &known, b"").status, 304);
    let log = shop.get("", "/v1/access-log").json();
    assert_eq!(each(&log, "look"), ["RECIPIENT", "ORDER"]);
    assert_eq!(each(&log, "actor"), ["anyone", "anyone"]);
}

/// Nobody sees a recipient where that can't be written down.
#[tokio::test]
async fn f42_a_look_that_is_not_written_down_is_not_had() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    placed(&shop, "o-1", "u-1", &[("A", 1)]);
    use sqlx::{Connection as _, Executor as _};
    let mut outside = sqlx::PgConnection::connect(&shop.setting.database).await.unwrap();
    outside.execute("ALTER TABLE tb_sy_prsn_accs RENAME TO elsewhere").await.unwrap();
    for path in ["/v1/orders/o-1/recipient", "/v1/lines/recipients"] {
        let reply = shop.get("operator", path);
        assert_eq!(reply.status, 503, "{path}: {reply:?}");
        assert!(!reply.body.contains("홍길동"), "{reply:?}");
    }
    assert_eq!(sent(&shop, "operator", "o-1", "prepare", json!({})).status, 200);
}
