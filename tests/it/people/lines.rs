//! 현황: lists of lines by status, claim, partner, SKU …, their order, pages and counts.

use serde_json::{Value, json};

use super::{done, each, placed, refused, seen, shipped, shops};
use crate::support::shop::Shop;

/// Orders and lines of a list, page by page of `limit`.
fn listed(shop: &Shop, token: &str, query: &str, limit: u32) -> Vec<String> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = seen(shop, token, &format!("/v1/lines?limit={limit}{query}{cursor}"));
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit as usize);
        found.extend(items.iter().map(|l| format!("{}/{}", l["order_id"].as_str().unwrap(), l["line_no"])));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

fn count(page: &Value, status: &str) -> i64 {
    let of = |i: &&Value| i["status"] == status;
    page["items"].as_array().unwrap().iter().filter(of).map(|i| i["lines"].as_i64().unwrap()).sum()
}

/// Kind: a line is where it is, whatever the other lines of its order do.
#[tokio::test]
async fn lines_are_listed_by_their_own_status() {
    for shop in shops().await {
        for n in 1..=3 {
            placed(&shop, &format!("o-{n}"), "u-1", &[("A", 1), ("B", 1)]);
        }
        done(&shop, "operator", "o-1", "prepare", json!({}));
        done(&shop, "operator", "o-2", "prepare", json!({}));
        shipped(&shop, "partner", "o-1", 1);
        done(&shop, "partner", "o-1", "mark_delivered", json!({"carrier": "CJ", "waybill_no": "w-1"}));
        // all of one line comes back, while the other has not left
        let back = json!({"lines": [{"line_no": 1, "quantity": 1}], "reason": "defect", "fault": "seller"});
        done(&shop, "checkout", "o-1", "request_return", back);
        // one of two lines has no stock
        let lost = json!({"lines": [{"line_no": 2, "quantity": 1}]});
        done(&shop, "partner2", "o-2", "report_stock_loss", lost);
        let unpaid = json!({"order_id": "o-4", "customer_id": "u-2", "lines": [{"sku_id": "A", "quantity": 1}]});
        shop.accepted("operator", "/v1/orders", "place-o-4", &unpaid);
        done(&shop, "operator", "o-4", "cancel_payment", json!({}));
        for (query, lines) in [
            ("&status=PREPARING", &["o-1/2", "o-2/1"][..]),
            ("&status=ORDERED", &["o-3/1", "o-3/2"]),
            ("&status=RETURNING", &["o-1/1"]),
            ("&status=OUT_OF_STOCK", &["o-2/2"]),
            ("&status=PAYMENT_EXPIRED,PAYMENT_CANCELLED", &["o-4/1"]),
            ("&status=SHIPPED", &[]),
            ("&status=ORDERED,PREPARING&partner_id=p-2", &["o-1/2", "o-3/2"]),
            ("&status=ORDERED,PREPARING&sku_id=A", &["o-2/1", "o-3/1"]),
            ("&status=ORDERED,PREPARING&product_id=g-2&sort=newest", &["o-3/2", "o-1/2"]),
            ("&claim=RETURN_REQUESTED", &["o-1/1"]),
            ("&claim=RETURN_APPROVED,EXCHANGE_REQUESTED", &[]),
            ("&carrier=CJ&status=RETURNING", &["o-1/1"]),
            ("&carrier=HANJIN", &[]),
            ("&placed_before=2020-01-01T00:00:00Z", &[]),
            ("&placed_from=2020-01-01T00:00:00+09:00&status=RETURNING", &["o-1/1"]),
            // of everything the newest first
            ("", &["o-4/1", "o-3/2", "o-3/1", "o-2/2", "o-2/1", "o-1/2", "o-1/1"]),
        ] {
            for limit in [1, 2, 500] {
                assert_eq!(listed(&shop, "operator", query, limit), lines, "{query} by {limit}");
            }
        }
        // partners' are their own
        assert_eq!(listed(&shop, "partner", "&status=PREPARING,ORDERED", 1), ["o-2/1", "o-3/1"]);
        assert_eq!(listed(&shop, "partner2", "&status=PREPARING,ORDERED", 1), ["o-1/2", "o-3/2"]);
        assert_eq!(listed(&shop, "partner2", "&status=OUT_OF_STOCK", 5), ["o-2/2"]);
        assert_eq!(refused(&shop, "partner", "/v1/lines?partner_id=p-2"), (403, "forbidden".into()));
        assert_eq!(refused(&shop, "checkout", "/v1/lines"), (403, "forbidden".into()));
        // a row says what it is of
        let row = seen(&shop, "operator", "/v1/lines?claim=RETURN_REQUESTED")["items"][0].clone();
        for (field, value) in [
            ("customer_id", json!("u-1")),
            ("partner_id", json!("p-1")),
            ("product_name", json!("g")),
            ("option_name", json!("o")),
            ("status_korean", json!("반품진행")),
            ("delivery", json!("delivered")),
            ("ordered", json!(1)),
            ("claimable", json!(0)),
        ] {
            assert_eq!(row[field], value, "{field}: {row}");
        }
        assert_eq!((&row["claims"][0]["claim_group"], &row["claims"][0]["state"]), (&json!(1), &json!("REQUESTED")));
        for field in ["prepared_at", "started_at", "delivered_at", "ship_instructed_at", "placed_at"] {
            assert!(row[field].is_string(), "{field}: {row}");
        }
        // counts are the lists' lengths
        let counts = seen(&shop, "operator", "/v1/lines/counts");
        for (status, n) in [("ORDERED", 2), ("PREPARING", 2), ("RETURNING", 1), ("OUT_OF_STOCK", 1), ("SHIPPED", 0)] {
            assert_eq!(count(&counts, status), n, "{status}: {counts}");
        }
        assert_eq!((count(&counts, "PAYMENT_CANCELLED"), counts["more"].as_bool()), (1, Some(false)), "{counts}");
        let own = seen(&shop, "partner", "/v1/lines/counts");
        assert_eq!((count(&own, "ORDERED"), count(&own, "PREPARING"), count(&own, "OUT_OF_STOCK")), (1, 1, 0), "{own}");
        let by = seen(&shop, "operator", "/v1/lines/counts?by=partner,sku&status=ORDERED,PREPARING");
        let of = |p: &str, s: &str| {
            by["items"].as_array().unwrap().iter().filter(|i| i["partner_id"] == p && i["sku_id"] == s).count()
        };
        assert_eq!((of("p-1", "A"), of("p-2", "B"), of("p-1", "B")), (2, 2, 0), "{by}");
        let one = seen(&shop, "operator", "/v1/lines/counts?sku_id=A&status=PREPARING");
        assert_eq!((count(&one, "PREPARING"), one["items"][0]["units"].as_i64()), (1, Some(1)), "{one}");
    }
}

/// A carrier is looked for by what it is called, too.
#[tokio::test]
async fn lines_are_found_by_the_name_of_their_carrier() {
    for shop in shops().await {
        placed(&shop, "o-1", "u-1", &[("A", 1)]);
        done(&shop, "operator", "o-1", "prepare", json!({}));
        done(&shop, "partner", "o-1", "use_own_stock", json!({}));
        done(&shop, "partner", "o-1", "complete_procurement", json!({}));
        let waybill = json!({"line_no": 1, "carrier": "CJ대한통운", "waybill_no": "w-1", "quantity": 1});
        done(&shop, "partner", "o-1", "ship", json!({"waybills": [waybill]}));
        // CJ대한통운, CJ 대한통운, its code; another one's code
        let name = "CJ%EB%8C%80%ED%95%9C%ED%86%B5%EC%9A%B4";
        let spaced = name.replacen("CJ", "CJ%20", 1);
        for (said, found) in [(name, 1), (spaced.as_str(), 1), ("CJGLS", 1), ("HANJIN", 0)] {
            let lines = listed(&shop, "partner", &format!("&status=SHIPPED&carrier={said}"), 5);
            assert_eq!(lines.len(), found, "{said}");
        }
    }
}

/// Kind: what a list does not understand is refused with a sentence; what a client forgot to escape is understood.
#[tokio::test]
async fn lists_refuse_what_they_do_not_understand() {
    for shop in shops().await {
        placed(&shop, "o-1", "u-1", &[("A", 1)]);
        for path in [
            "/v1/lines?limit=0",
            "/v1/lines?limit=501",
            "/v1/lines?status=NIX",
            "/v1/lines?status=ORDERED,",
            "/v1/lines?claim=NIX",
            "/v1/lines?sort=best",
            "/v1/lines?cursor=x",
            "/v1/lines?cursor=1.1.a%20b",
            "/v1/lines?sku_id=a%00b",
            "/v1/lines?carrier=a%00b",
            "/v1/lines?placed_from=x",
            "/v1/lines?by=sku",
            "/v1/lines?nix=1",
            "/v1/lines/counts?by=colour",
            "/v1/lines/counts?limit=5",
            "/v1/lines/recipients?limit=501",
            "/v1/orders?status=ORDERED,NIX",
            "/v1/orders?placed_before=2026-11-29",
            "/v1/reviews?cursor=x",
            "/v1/reviews?limit=0",
            "/v1/access-log?cursor=x",
            "/v1/access-log?order_id=a%00b",
        ] {
            assert_eq!(refused(&shop, "operator", path), (422, "invalid".into()), "{path}");
        }
        // the sentence names the escape; and a + that came as a blank is one
        let told = shop.get("operator", "/v1/orders?placed_from=yesterday").json();
        assert!(told["detail"].as_str().unwrap().contains("%2B"), "{told}");
        for query in ["2026-01-01T00:00:00+09:00", "2026-01-01T00:00:00%2B09:00", "2025-12-31T15:00:00Z"] {
            for path in ["/v1/orders", "/v1/lines"] {
                let page = seen(&shop, "operator", &format!("{path}?placed_from={query}"));
                assert_eq!(each(&page, "order_id"), ["o-1"], "{path} {query}");
            }
        }
        let several = seen(&shop, "operator", "/v1/orders?status=PREPARING,ORDERED");
        assert_eq!(each(&several, "order_id"), ["o-1"]);
    }
}

/// The order's page shows what stands in the tables.
#[tokio::test]
async fn an_order_shows_its_dates_groups_flags_and_points() {
    for shop in shops().await {
        placed(&shop, "o-1", "u-1", &[("A", 1)]);
        done(&shop, "operator", "o-1", "prepare", json!({}));
        shipped(&shop, "partner", "o-1", 1);
        done(&shop, "partner", "o-1", "mark_delivered", json!({"carrier": "CJ", "waybill_no": "w-1"}));
        let view = seen(&shop, "operator", "/v1/orders/o-1");
        let line = &view["lines"][0];
        for field in [
            "ship_instructed_at",
            "expected_delivery_at",
            "prepared_at",
            "started_at",
            "delivered_at",
            "carrier_delivered_at",
            "revenue_recognized_at",
        ] {
            assert!(line[field].is_string(), "{field}: {line}");
        }
        for (field, value) in [
            ("main", json!(true)),
            ("gift_included", json!(false)),
            ("gift_reason", Value::Null),
            ("gift_promotion_id", Value::Null),
            ("promotion", Value::Null),
            ("fee_no", json!(1)),
            ("pre_refund", json!(false)),
            ("points_earned", json!(0)),
        ] {
            assert_eq!(line[field], value, "{field}: {line}");
        }
        let settlement = &view["settlements"][0];
        assert_eq!(
            (&settlement["payment_group"], &settlement["payment_reference"]),
            (&json!(1), &json!("approval-canary-0001-o-1"))
        );
        let fee = &view["fees"][0];
        assert_eq!(
            (&fee["template_id"], &fee["payment_group"], &fee["base"]),
            (&json!("t-1"), &json!(1), &json!(3_000))
        );
        assert_eq!((&view["points"], &view["reviews"]), (&json!([]), &json!([])));
        // a list tells a deadline of what is unpaid only
        assert_eq!(seen(&shop, "operator", "/v1/orders")["items"][0]["payment_deadline"], Value::Null);
    }
}
