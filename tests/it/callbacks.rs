//! The payment side's word: early, as the only one that counts; and what it is asked for in turn. Each test says which kind it
//! stands for.

use jumun::{
    clock::{Clock as _, RealClock},
    log::crc16::partition_of,
};
use std::fs;

use serde_json::{Value, json};

use crate::{
    payments::{Till, approved, serve},
    support::http::ask,
};

/// The same event, of so many hours ago.
pub fn at(mut event: Value, hours: i64) -> Value {
    event["at"] = json!(RealClock.now() - chrono::TimeDelta::hours(hours));
    event
}

/// Of the kind: words that come before what they are about. None is remembered, and all are taken once the order is there.
#[tokio::test]
async fn a_call_back_before_its_order_is_told_to_come_again() {
    let till = Till::open(&[]).await;
    let declined = json!({"event_id": "e-2", "type": "payment_declined", "order_id": "o-1"});
    let early = [
        declined.clone(),
        approved("e-1", "o-1", 1_000),
        at(approved("e-3", "o-1", 1_000), 23),
        json!({"event_id": "e-4", "type": "deposit_confirmed", "order_id": "o-1", "amount": 1_000}),
        json!({"event_id": "e-5", "type": "refund_done", "order_id": "o-1", "refund_key": "rf:o-1:1"}),
    ];
    for event in early.iter().chain(&early) {
        let told = till.tell(event);
        assert_eq!((told.status, told.header("retry-after")), (503, Some("30")), "{event}: {told:?}");
    }
    till.place("o-1", Value::Null);
    assert_eq!(till.tell(&declined).json()["outcome"], "accepted");
    assert_eq!(till.tell(&early[1]).json()["outcome"], "accepted");
    assert_eq!(till.order("o-1")["status"], "ORDERED");
    // a day later it is an answer, and money that no order has
    let lost = till.tell(&at(approved("e-6", "o-9", 1_000), 25));
    assert_eq!((lost.status, lost.json()["reason"].as_str()), (200, Some("unknown_order")));
    // the checkout's own word for a payment that the call-back brought is the same payment
    till.place(
        "o-2",
        json!({"kind": "approved", "settlements": [{"method": "card", "amount": 1_000,
        "approval": {"approval_id": "a-o-2"}}]}),
    );
    assert_eq!(till.tell(&approved("e-7", "o-2", 1_000)).json()["outcome"], "accepted");
    assert_eq!(till.order("o-2")["settlements"].as_array().unwrap().len(), 1);
}

/// Of the same kind: a placement that another lane had not enough for is no order. The word for its id is early, and is taken
/// once the id is placed again.
#[tokio::test]
async fn a_call_back_for_a_placement_that_failed_is_told_to_come_again() {
    let till = Till::over(2, "http://127.0.0.1", &[], &[]).await;
    let far = (0..).map(|n| format!("B{n}")).find(|s| partition_of(s, 2) != partition_of("A", 2)).unwrap();
    till.ok("sku-far-01", &json!({"type": "create_sku", "sku_id": far, "product_id": "g", "option_name": "p"}));
    let lines = json!([{"sku_id": "A", "quantity": 1}, {"sku_id": far, "quantity": 1}]);
    let place = json!({"type": "place_order", "order_id": "o-1", "customer_id": "u-1", "lines": lines});
    let told = till.send("place-far-01", &place);
    assert_eq!((told.status, told.json()["reason"].as_str()), (409, Some("sold_out")), "{told:?}");
    for event in [
        approved("e-1", "o-1", 1_000),
        json!({"event_id": "e-2", "type": "payment_declined", "order_id": "o-1"}),
        json!({"event_id": "e-3", "type": "deposit_confirmed", "order_id": "o-1", "amount": 1_000}),
    ] {
        let told = till.tell(&event);
        assert_eq!((told.status, told.header("retry-after")), (503, Some("30")), "{event}: {told:?}");
    }
    till.place("o-1", Value::Null);
    assert_eq!(till.tell(&approved("e-1", "o-1", 1_000)).json()["outcome"], "accepted");
    assert_eq!(till.order("o-1")["status"], "ORDERED");
}

#[tokio::test]
async fn approvals_may_be_taken_by_call_backs_only() {
    let till = Till::at("http://127.0.0.1", &["--approvals", "callbacks-only"], &[]).await;
    till.place("o-1", Value::Null);
    till.place("o-2", json!({"kind": "deposit", "method": "bank_transfer"}));
    let settlements = json!([{"method": "card", "amount": 1_000, "approval": {"approval_id": "a-1"}}]);
    for (n, command) in [
        json!({"type": "approve_payment", "order_id": "o-1", "settlements": settlements}),
        json!({"type": "confirm_deposit", "order_id": "o-2", "amount": 1_000}),
        json!({"type": "place_order", "order_id": "o-3", "customer_id": "u-1", "lines": [{"sku_id": "A", "quantity": 1}],
            "payment": {"kind": "approved", "settlements": settlements}}),
    ]
    .iter()
    .enumerate()
    {
        let told = till.send(&format!("says-paid-{n}"), command);
        assert_eq!((told.status, told.json()["reason"].as_str()), (403, Some("forbidden")), "{command}: {told:?}");
    }
    assert_eq!(till.tell(&approved("e-1", "o-1", 1_000)).json()["outcome"], "accepted");
    let deposit = json!({"event_id": "e-2", "type": "deposit_confirmed", "order_id": "o-2", "amount": 1_000});
    assert_eq!(till.tell(&deposit).json()["outcome"], "accepted");
}

/// Of the kind: where money goes back to. The payment side is told its own name for the payment, never the account's number
/// for it, and the buyer's account, whichever command brought that; and nobody else is told.
#[tokio::test]
async fn a_refund_says_what_and_whereto() {
    let key = tempfile::NamedTempFile::new().unwrap();
    fs::write(key.path(), "0f".repeat(32)).unwrap();
    let key_file = key.path().to_str().unwrap();
    let till = Till::at("http://127.0.0.1", &["--account-key-file", key_file], &[]).await;
    let account = |number: &str| json!({"bank": "088", "number": number, "holder": "김수취"});
    for (n, with, announced, confirmed) in
        [(1, "place_order", Some("va-1"), None), (2, "cancel_lines", None, Some("dep-2")), (3, "none", None, None)]
    {
        let (order, number) = (format!("o-{n}"), format!("110-999-00000{n}"));
        let mut payment = json!({"kind": "deposit", "method": "virtual_account", "virtual_account_no": format!("X379000{n}"),
            "bank_code": "88"});
        if let Some(id) = announced {
            payment["payment_id"] = id.into();
        }
        let mut place = json!({"type": "place_order", "order_id": order, "customer_id": "u-1",
            "lines": [{"sku_id": "A", "quantity": 1}], "payment": payment});
        if with == "place_order" {
            place["refund_account"] = account(&number);
        }
        till.ok(&format!("place-{n:04}"), &place);
        let mut event =
            json!({"event_id": format!("e-{n}"), "type": "deposit_confirmed", "order_id": order, "amount": 1_000});
        if let Some(id) = confirmed {
            event["payment_id"] = id.into();
        }
        assert_eq!(till.tell(&event).json()["outcome"], "accepted");
        let mut cancel = json!({"type": "cancel_lines", "order_id": order, "lines": [1], "reason": "변심"});
        if with == "cancel_lines" {
            cancel["refund_account"] = account(&number);
        }
        till.ok(&format!("cancel-{n:04}"), &cancel);
        till.until("it is refunded", || till.order(&order)["refunds"][0]["state"] == "refunded");
        let asked = till.service.asked(&format!("rf:{order}:1"));
        assert_eq!(asked["payment_id"], json!(announced.or(confirmed)), "{asked}");
        let given = if with == "none" { Value::Null } else { account(&number) };
        assert_eq!(asked["account"], given, "{asked}");
        let told = ask(&till.address, "GET", &format!("/v1/orders/{order}/accounts"), &[], b"").json();
        assert_eq!(
            (&told["refund_account"], told["virtual_account_no"].as_str()),
            (&given, Some(&*format!("X379000{n}")))
        );
        for path in ["", "/timeline", "/events", "/payments", "/audit"] {
            let told = ask(&till.address, "GET", &format!("/v1/orders/{order}{path}"), &[], b"");
            let text = format!("{told:?}");
            assert!(!text.contains("110-999") && !text.contains("X379000"), "{path}: {text}");
        }
        assert_eq!(till.order(&order)["claims"]["cancellations"][0]["reason"], "변심");
    }
    let log = till.server.log();
    assert!(!log.contains("110-999") && !log.contains("X379000") && !log.contains("김수취"), "{log}");
    // without a key none is taken: nobody could keep it
    let (_server, address) = serve(&[]).await;
    let mut cancel =
        json!({"id": "no-key-0001", "actor": "operator:o", "type": "cancel_lines", "order_id": "o-1", "lines": [1]});
    cancel["refund_account"] = account("110-1");
    let told = ask(&address, "POST", "/v1/commands", &[], cancel.to_string().as_bytes());
    assert_eq!((told.status, told.json()["reason"].as_str()), (422, Some("invalid")), "{told:?}");
}
