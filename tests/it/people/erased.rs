//! Who was erased is nowhere: not in a table, a stream, a letter or a log, by whichever field their data came in.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use jumun::log::{CommandLog as _, Inbound, redis::RedisLog};
use serde_json::{Value, json};

use super::{done, made, partner, seen, shipped};
use crate::support::{
    everything,
    process::verify,
    receiver::{Receiver, SECRET},
    servers::redis_url,
    shop::Shop,
};

/// What a person's data looks like, by the field that it comes in: each can be looked for.
#[derive(Default)]
struct Canaries(Vec<String>);

impl Canaries {
    /// One more, in words.
    fn words(&mut self, of: &str) -> String {
        self.0.push(format!("김{of}·canary"));
        self.0[self.0.len() - 1].clone()
    }

    /// One more, as a number of an account.
    fn number(&mut self) -> String {
        self.0.push(format!("110-9{:02}-770077", self.0.len()));
        self.0[self.0.len() - 1].clone()
    }

    fn recipient(&mut self, of: &str) -> Value {
        json!({"name": self.words(&format!("{of}-name")), "phone": self.words(&format!("{of}-phone")), "zip": "06236",
            "address": self.words(&format!("{of}-address")), "address_detail": self.words(&format!("{of}-detail"))})
    }

    fn account(&mut self, of: &str) -> Value {
        json!({"bank": "088", "number": self.number(), "holder": self.words(&format!("{of}-holder"))})
    }

    /// Those that are found in what is kept, with where.
    fn found(&self, kept: &[(String, String)]) -> Vec<(String, String)> {
        let of = |canary: &String| {
            // JSON may say them in another way
            let escaped = json!(canary).to_string();
            let within = move |(_, text): &&(String, String)| {
                text.contains(canary.as_str()) || text.contains(escaped.trim_matches('"'))
            };
            kept.iter().filter(within).map(|(place, _)| (canary.clone(), place.clone())).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(of).collect()
    }
}

/// The refunds of an order that are planned, confirmed.
fn given_back(shop: &Shop, order: &str) {
    let view = seen(shop, "operator", &format!("/v1/orders/{order}"));
    for refund in view["refunds"].as_array().into_iter().flatten() {
        if refund["state"] == "due" {
            done(shop, "operator", order, "confirm_refund", json!({"refund_key": refund["refund_key"]}));
        }
    }
}

/// Paid by a deposit, declined before, cancelled, the refund refused and then transferred.
fn by_deposit(shop: &Shop, all: &mut Canaries) {
    let place = json!({"order_id": "o-1", "customer_id": "u-1", "lines": [{"sku_id": "A", "quantity": 1}],
        "recipient": all.recipient("o1"), "refund_account": all.account("o1"),
        "payment": {"kind": "deposit", "method": "virtual_account", "virtual_account_no": all.number(),
            "bank_code": "088", "account_owner": all.words("owner"), "holder": all.words("holder"),
            "remitter": all.words("remitter")}});
    shop.accepted("operator", "/v1/orders", "place-o-1", &place);
    done(shop, "operator", "o-1", "decline_payment", json!({"reason": all.words("declined")}));
    done(shop, "operator", "o-1", "set_shipping_address", json!({"recipient": all.recipient("o1-later")}));
    done(shop, "operator", "o-1", "confirm_deposit", json!({"amount": 13_000}));
    let cancel = json!({"lines": [1], "reason": all.words("cancelled"), "refund_account": all.account("o1-later")});
    done(shop, "checkout", "o-1", "cancel_lines", cancel);
    let key = &seen(shop, "operator", "/v1/orders/o-1")["refunds"][0]["refund_key"];
    done(shop, "operator", "o-1", "fail_refund", json!({"refund_key": key, "reason": all.words("failed")}));
    let transfer = json!({"refund_key": key, "holder": all.words("transferred"), "account": all.account("transfer")});
    done(shop, "operator", "o-1", "refund_by_bank_transfer", transfer);
}

/// Paid by a card, forced, claimed in every way, reviewed.
fn by_card(shop: &Shop, all: &mut Canaries) {
    let token = all.words("token").replace('·', "-").replace("김", "tok-");
    all.0.push(token.clone());
    let place = json!({"order_id": "o-2", "customer_id": "u-1", "lines": [{"sku_id": "A", "quantity": 1}],
        "recipient": all.recipient("o2"), "payment": {"kind": "approved", "settlements": [{"method": "card",
            "amount": 13_000, "approval": {"approval_id": "a-2", "token": token}}]}});
    shop.accepted("operator", "/v1/orders", "place-o-2", &place);
    done(shop, "operator", "o-2", "prepare", json!({}));
    shipped(shop, "partner", "o-2", 1);
    let forced = json!({"lines": [1], "forced": true, "reason": all.words("forced")});
    done(shop, "operator", "o-2", "mark_delivered", forced);
    let back = |account: Value| {
        json!({"lines": [{"line_no": 1, "quantity": 1}], "reason": "defect", "fault": "seller",
        "refund_account": account})
    };
    done(shop, "checkout", "o-2", "request_return", back(all.account("return")));
    done(shop, "operator", "o-2", "reject_return", json!({"claim_group": 1, "reason": all.words("no-return")}));
    let other = json!({"line_no": 1, "quantity": 1, "reason": "defect", "fault": "seller"});
    done(shop, "checkout", "o-2", "request_exchange", other);
    done(shop, "operator", "o-2", "reject_exchange", json!({"claim_group": 2, "reason": all.words("no-exchange")}));
    done(shop, "checkout", "o-2", "request_return", back(all.account("again")));
    done(shop, "operator", "o-2", "approve_return", json!({"claim_group": 3}));
    done(shop, "operator", "o-2", "collect_return", json!({"claim_group": 3}));
    let inspected = json!({"claim_group": 3, "inspected": [{"line_no": 1, "sellable": 1, "withheld_amount": 1_000,
        "reason": all.words("inspected")}]});
    done(shop, "operator", "o-2", "complete_return", inspected);
    given_back(shop, "o-2");
}

/// Bought elsewhere, for which the other order is told where it goes; then called off.
async fn by_purchase(shop: &Shop, all: &mut Canaries) {
    partner(shop, "p-2", "wholesaler");
    let supply =
        json!({"type": "create_sku", "sku_id": "C", "product_id": "g-2", "option_name": "o", "holder_id": "p-2"});
    shop.accepted("operator", "/v1/commands", "set-sku-0003", &supply);
    shop.accepted(
        "operator",
        "/v1/commands",
        "set-stock-0003",
        &json!({"type": "receive_stock", "sku_id": "C", "quantity": 10}),
    );
    let place = json!({"order_id": "o-3", "customer_id": "u-1", "lines": [{"sku_id": "A", "quantity": 1}],
        "recipient": all.recipient("o3"), "payment": {"kind": "approved", "settlements": [{"method": "card",
            "amount": 13_000, "approval": {"approval_id": "a-3"}}]}});
    shop.accepted("operator", "/v1/orders", "place-o-3", &place);
    done(shop, "operator", "o-3", "prepare", json!({}));
    let buy = json!({"partner_id": "p-2", "linked_order_id": "o-5", "lines": [{"line_no": 1, "sku_id": "C"}]});
    done(shop, "operator", "o-3", "purchase_from_partner", buy);
    made(shop, "o-5").await;
    done(shop, "operator", "o-3", "cancel_procurement", json!({"reason": all.words("procured")}));
    let begun = Instant::now();
    while seen(shop, "operator", "/v1/orders/o-5")["status"] != "CANCELLED" {
        assert!(begun.elapsed() < Duration::from_secs(20), "{}", seen(shop, "operator", "/v1/orders/o-5"));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    given_back(shop, "o-3");
}

/// A written review, of an order that is confirmed.
fn by_review(shop: &Shop, customer: &str, order: &str, all: &mut Canaries) {
    let place = json!({"order_id": order, "customer_id": customer, "lines": [{"sku_id": "A", "quantity": 1}],
        "recipient": all.recipient(order), "payment": {"kind": "approved", "settlements": [{"method": "card",
            "amount": 13_000, "approval": {"approval_id": format!("a-{order}")}}]}});
    shop.accepted("operator", "/v1/orders", &format!("place-{order}"), &place);
    done(shop, "operator", order, "prepare", json!({}));
    for (command, body) in [
        ("use_own_stock", json!({"lines": [1]})),
        ("complete_procurement", json!({"lines": [1]})),
        ("ship", json!({"lines": [1], "method": "own", "in_transit": true})),
        ("mark_delivered", json!({"lines": [1], "forced": true, "reason": all.words(&format!("{order}-forced"))})),
        ("confirm_purchase", json!({"lines": [1]})),
    ] {
        done(shop, "operator", order, command, body);
    }
    let review = json!({"id": format!("review-{order}"), "type": "write_review", "order_id": order, "line_no": 1,
        "rating": 5, "text": all.words(&format!("{order}-review"))});
    let headers = [("X-Customer-Id", customer)];
    let reply = shop.ask("checkout", "POST", "/v1/commands", &headers, review.to_string().as_bytes());
    assert_eq!(reply.status, 200, "{reply:?}");
}

/// Dead letters: of theirs, about an order of theirs, readable or not; the number of each that stays is another's.
async fn letters(shop: &Shop, all: &mut Canaries, others: &mut Canaries) -> (u64, usize) {
    let log = RedisLog::connect(&redis_url(), &shop.namespace).await.unwrap();
    let theirs = [
        format!(
            r#"{{"type":"set_shipping_address","actor":"operator:boss","order_id":"o-1","note":"{}"}}"#,
            all.words("l1")
        ),
        format!(
            r#"{{"type":"set_shipping_address","actor":"seller:p-1","order_id":"o-5","note":"{}"}}"#,
            all.words("l2")
        ),
        format!(r#"{{"customer_id":"u-1","recipient":{{"name":"{}"}}"#, all.words("l3")),
        format!(r#"{{"order_id":"o-2","recipient":{{"name":"{}"}}"#, all.words("l4")),
        format!(r#"{{"actor":"buyer:u-1","text":"{}"}}"#, all.words("l5")),
    ];
    let not = [
        format!(r#"{{"customer_id":"u-10","recipient":{{"name":"{}"}}"#, others.words("l6")),
        format!(r#"{{"actor":"buyer:u-10","text":"{}"}}"#, others.words("l7")),
        format!(r#"{{"actor":"operator:boss","order_id":"o-10","text":"{}"}}"#, others.words("l8")),
        format!(r#"{{"customer_id":"u-10","order_id":"o-1","text":"{}"}}"#, others.words("l9")),
    ];
    for raw in theirs.iter().chain(&not) {
        log.append(0, Inbound::Commands, &[raw.as_bytes().into()]).await.unwrap();
    }
    let begun = Instant::now();
    while seen(shop, "auditor", "/v1/dead-letters")["items"].as_array().unwrap().len() < theirs.len() + not.len() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the letters do not come");
    }
    (theirs.len() as u64, not.len())
}

/// Kind: whatever field it came in by, and wherever it was kept.
#[tokio::test]
async fn f42_whatever_came_in_of_a_person_is_nowhere_once_they_are_erased() {
    let key = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(key.path(), "ab".repeat(32)).unwrap();
    let away = Receiver::open();
    away.answers(|_| 500);
    let hooks = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    let text =
        format!("[[webhook]]\nname = \"shop\"\nurl = \"{}\"\nsecret = \"{SECRET}\"\ngive_up_seconds = 1\n", away.url);
    std::fs::write(hooks.path(), text).unwrap();
    let flags = [
        "--account-key-file",
        key.path().to_str().unwrap(),
        "--webhooks",
        hooks.path().to_str().unwrap(),
        "--keep-commands",
        "0",
        "--keep-events",
        "2",
        "--keep-answers",
        "1",
    ];
    for shop in [Shop::open(&flags).await, Shop::file(&flags).await] {
        shop.stock();
        let (mut all, mut others) = (Canaries::default(), Canaries::default());
        by_deposit(&shop, &mut all);
        by_card(&shop, &mut all);
        by_purchase(&shop, &mut all).await;
        by_review(&shop, "u-1", "o-4", &mut all);
        by_review(&shop, "u-10", "o-10", &mut others);
        let streams = !shop.setting.redis.is_empty();
        let (theirs, stay) = if streams { letters(&shop, &mut all, &mut others).await } else { (0, 0) };
        // what the receiver would not have lies in letters of its own, all of it
        let begun = Instant::now();
        loop {
            let tables = everything::tables(&shop.setting.database).await;
            let in_table = |of: &str| -> BTreeSet<String> {
                let rows: Vec<_> = tables.iter().filter(|(name, _)| name == of).cloned().collect();
                all.found(&rows).into_iter().map(|(canary, _)| canary).collect()
            };
            let told = in_table("tb_od_ord_hist");
            if told.len() >= 5 && told.is_subset(&in_table("tb_sy_hook_ltr")) {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "the letters do not come: {}", shop.server.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let before = everything::tables(&shop.setting.database).await;
        let sealed = all.0.iter().filter(|c| c.starts_with("110-") || c.starts_with("tok-")).count();
        assert_eq!(sealed, 7, "account numbers and a token came in");
        let clear: Vec<_> =
            all.found(&before).into_iter().filter(|(c, _)| c.starts_with("110-") || c.starts_with("tok-")).collect();
        assert!(clear.is_empty(), "in clear: {clear:?}");
        let erased = shop.send("operator", "/v1/customers/u-1/erase", "", &json!({})).json();
        assert_eq!((&erased["pending"], erased["orders"].as_u64()), (&json!([]), Some(4)), "{erased}");
        assert_eq!(erased["dead_letters"].as_u64(), Some(theirs), "{erased}");
        assert!(erased["rows"].as_u64() >= Some(10) && erased["texts"].as_u64() >= Some(4), "{erased}");

        let after = everything::tables(&shop.setting.database).await;
        assert_eq!(all.found(&after), [], "still there");
        // what was another's stays, and what happened
        let kept = others.found(&after);
        assert!(kept.len() >= 7, "another person's is theirs: {kept:?}");
        let (code, report) = verify(&shop.setting);
        assert_eq!(code, Some(0), "{report}");
        for path in [
            "/v1/orders/o-1",
            "/v1/orders/o-2/timeline",
            "/v1/orders/o-1/events",
            "/v1/orders/o-2/audit",
            "/v1/orders/o-5",
            "/v1/reviews",
            "/v1/webhooks/shop/failed-deliveries",
            "/v1/audit",
            "/v1/dead-letters",
        ] {
            let told = seen(&shop, "operator", path).to_string();
            assert_eq!(all.found(&[(path.to_owned(), told)]), [], "{path}");
        }
        // what comes later writes nothing back, also where the order's actor still remembers
        let late = json!({"settlements": [{"method": "card", "amount": 13_000, "approval": {"approval_id": "late"}}]});
        done(&shop, "operator", "o-1", "approve_payment", late);
        assert_eq!(all.found(&everything::tables(&shop.setting.database).await), [], "written back");
        let (code, report) = verify(&shop.setting);
        assert_eq!(code, Some(0), "{report}");
        assert_eq!(all.found(&[("the log".to_owned(), shop.server.log())]), [], "in the log");
        if streams {
            gone_from_streams(&shop, &all, stay).await;
        }
    }
}

/// What came in by the streams, and what they told, is trimmed once it is old; dead letters of others stay.
async fn gone_from_streams(shop: &Shop, all: &Canaries, stay: usize) {
    let begun = Instant::now();
    for n in 0.. {
        // the newest entry of a stream stays until there is a newer one
        let stock = json!({"type": "receive_stock", "sku_id": "B", "quantity": 1});
        shop.accepted("operator", "/v1/commands", &format!("later-{n:05}"), &stock);
        let kept = everything::keys(&shop.setting.redis, &shop.namespace).await;
        let found = all.found(&kept);
        if found.is_empty() {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "still in the streams: {found:?}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert_eq!(seen(shop, "auditor", "/v1/dead-letters")["items"].as_array().unwrap().len(), stay);
}
