//! Who may say that money came in, at the HTTP API. Each test says which kind it stands for.

use std::io::Write as _;

use jumun::http::tokens::hashed;
use serde_json::{Value, json};

use crate::support::shop::{Shop, reason};

/// A file of tokens; each token is its name.
fn file(entries: &[&str]) -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().expect("a file");
    for entry in entries {
        let name = entry.split('"').nth(1).expect("a name");
        writeln!(file, "[[token]]\n{entry}\nsha256 = \"{}\"", hashed(name)).expect("written");
    }
    file
}

fn paid(approval: &str, amount: i64) -> Value {
    json!({"settlements": [{"method": "card", "amount": amount, "approval": {"approval_id": approval}}]})
}

fn placement(order: &str, payment: Value) -> Value {
    let mut place = json!({"order_id": order, "customer_id": "u-1", "lines": [{"sku_id": "A", "quantity": 1}]});
    if !payment.is_null() {
        place["payment"] = payment;
    }
    place
}

fn approved(approval: &str, amount: i64) -> Value {
    let mut payment = paid(approval, amount);
    payment["kind"] = "approved".into();
    payment
}

/// Of the kind: whoever may be the buyer does not say "paid", by any command, unless the file says so; and then only the
/// buyer's own word it is.
#[tokio::test]
async fn a_token_says_paid_only_if_it_may() {
    let tokens = file(&[
        "name = \"operator\"\nrole = \"operator\"",
        "name = \"web\"\nrole = \"checkout\"",
        "name = \"quiet\"\nrole = \"checkout\"\npays = false",
        "name = \"kiosk\"\nrole = \"checkout\"\ncustomer = \"u-1\"",
        "name = \"app\"\nrole = \"checkout\"\ncustomer = \"u-1\"\npays = true",
        "name = \"pg\"\nrole = \"payment\"",
        "name = \"mute\"\nrole = \"payment\"\npays = false",
    ]);
    let shop = Shop::start(&["--tokens", tokens.path().to_str().unwrap()]).await;
    shop.stock();
    let more = json!({"type": "receive_stock", "sku_id": "A", "quantity": 90});
    shop.accepted("operator", "/v1/commands", "more-stock-1", &more);
    let due = 13_000;
    for (n, token, says) in [
        (1, "web", true),
        (2, "quiet", false),
        (3, "kiosk", false),
        (4, "app", true),
        (5, "pg", true),
        (6, "mute", false),
        (7, "operator", true),
    ] {
        let (order, places) = (format!("o-{n}"), !matches!(token, "pg" | "mute"));
        shop.accepted("web", "/v1/orders", &format!("place-{n:04}"), &placement(&order, Value::Null));
        let told = shop.send(
            token,
            &format!("/v1/orders/{order}/approve_payment"),
            &format!("pay-{n:06}"),
            &paid(&order, due),
        );
        assert_eq!(told.status, if says { 200 } else { 403 }, "{token}: {told:?}");
        if places {
            let brought = placement(&format!("o-{n}-paid"), approved(&format!("a-{n}"), due));
            let told = shop.send(token, "/v1/orders", &format!("bring-{n:04}"), &brought);
            assert_eq!(told.status, if says { 200 } else { 403 }, "{token}: {told:?}");
            let whole = json!({"type": "place_order", "id": format!("whole-{n:04}")});
            let mut whole = whole.as_object().unwrap().clone();
            whole.extend(
                placement(&format!("o-{n}-whole"), approved(&format!("w-{n}"), due)).as_object().unwrap().clone(),
            );
            let told = shop.send(token, "/v1/commands", "", &Value::Object(whole));
            assert_eq!(told.status, if says { 200 } else { 403 }, "{token}: {told:?}");
            // it may still place what is to be paid
            let unpaid = placement(&format!("o-{n}-unpaid"), json!({"kind": "deposit", "method": "bank_transfer"}));
            assert_eq!(shop.send(token, "/v1/orders", &format!("later-{n:04}"), &unpaid).status, 200, "{token}");
        }
        assert_eq!(shop.get("operator", &format!("/v1/orders/{order}")).json()["status"] == "ORDERED", says, "{token}");
    }
    // another amount: the payment side's word is a fact, the buyer's own is none
    for (n, token, taken) in [(11, "web", true), (12, "app", false), (13, "pg", true)] {
        let order = format!("o-{n}");
        shop.accepted("web", "/v1/orders", &format!("place-{n:04}"), &placement(&order, Value::Null));
        let to = format!("/v1/orders/{order}/approve_payment");
        let mut wrong = paid(&order, due - 1);
        wrong["verified"] = true.into(); // what a client says of itself is not what counts
        let told = shop.send(token, &to, &format!("wrong-{n:04}"), &wrong);
        assert_eq!(
            (told.status, reason(&told).as_str()),
            (if taken { 200 } else { 409 }, "amount_mismatch"),
            "{token}"
        );
        let right = shop.send(token, &to, &format!("right-{n:04}"), &paid(&format!("{order}-right"), due));
        assert_eq!(right.status, 200, "{token}: {right:?}");
        let second = shop.send(token, &to, &format!("again-{n:04}"), &paid(&format!("{order}-second"), due));
        assert_eq!(
            (second.status, reason(&second).as_str()),
            (if taken { 200 } else { 409 }, "already_paid"),
            "{token}"
        );
    }
}

/// Of the kind: tokens and account numbers, and who reads them.
#[tokio::test]
async fn accounts_are_the_payment_sides_and_the_operators_and_looking_is_audited() {
    let key = file(&[]);
    std::fs::write(key.path(), "ab".repeat(32)).unwrap();
    let shop = Shop::open(&["--account-key-file", key.path().to_str().unwrap()]).await;
    shop.stock();
    let mut payment = approved("a-1", 13_000);
    payment["settlements"][0]["approval"]["token"] = "tok-secret".into();
    let mut place = placement("o-1", payment);
    place["refund_account"] = json!({"bank": "088", "number": "110-777-1", "holder": "김수취"});
    shop.accepted("operator", "/v1/orders", "place-0001", &place);
    for (token, status) in
        [("checkout", 403), ("partner", 403), ("auditor", 403), ("metrics", 403), ("payment", 200), ("operator", 200)]
    {
        let told = shop.get(token, "/v1/orders/o-1/accounts");
        assert_eq!(told.status, status, "{token}: {told:?}");
        if status == 200 {
            let view = told.json();
            assert_eq!(view["refund_account"]["number"], "110-777-1", "{view}");
            assert_eq!(
                (&view["payments"][0]["token"], &view["payments"][0]["payment_id"]),
                (&json!("tok-secret"), &json!("a-1"))
            );
        }
    }
    let audit = shop.get("auditor", "/v1/audit").json();
    let looks = audit["items"].as_array().unwrap().iter().filter(|a| a["action"] == "ACCOUNT_READ").count();
    assert_eq!(looks, 2, "{audit}");
    for (token, path) in [
        ("operator", "/v1/orders/o-1"),
        ("operator", "/v1/orders/o-1/timeline"),
        ("operator", "/v1/orders/o-1/events"),
        ("partner", "/v1/orders/o-1"),
        ("auditor", "/v1/audit"),
    ] {
        let text = format!("{:?}", shop.get(token, path));
        assert!(!text.contains("tok-secret") && !text.contains("110-777"), "{path}: {text}");
    }
    // erased with the rest, once the order is over
    shop.accepted("operator", "/v1/orders/o-1/cancel_lines", "cancel-0001", &json!({"lines": [1]}));
    shop.accepted("operator", "/v1/orders/o-1/confirm_refund", "refund-0001", &json!({"refund_key": "rf:o-1:1"}));
    let erased = shop.send("operator", "/v1/customers/u-1/erase", "", &json!({}));
    assert_eq!(erased.status, 200, "{erased:?}");
    assert_eq!(shop.get("operator", "/v1/orders/o-1/accounts").json()["refund_account"], Value::Null);
}

/// The kind: money goes back of a deposit, and whatever made it so brought no account, or an exchange did.
#[tokio::test]
async fn an_account_for_a_refund_comes_with_an_exchange_or_by_itself() {
    let key = file(&[]);
    std::fs::write(key.path(), "ab".repeat(32)).unwrap();
    let shop = Shop::open(&["--account-key-file", key.path().to_str().unwrap()]).await;
    shop.stock();
    let account = |number: &str| json!({"bank": "088", "number": number, "holder": "김수취"});
    let send = |token: &str, order: &str, command: &str, body: &Value| {
        shop.send(token, &format!("/v1/orders/{order}/{command}"), &format!("{command}-{token}-{order}"), body)
    };
    let ok = |token: &str, order: &str, command: &str, body: Value| {
        let reply = send(token, order, command, &body);
        assert_eq!(reply.status, 200, "{command}: {reply:?}");
    };
    let known = |order: &str| shop.get("payment", &format!("/v1/orders/{order}/accounts")).json();
    for order in ["o-short", "o-swap"] {
        let deposit = json!({"kind": "deposit", "method": "virtual_account", "virtual_account_no": "900-1"});
        shop.accepted("operator", "/v1/orders", &format!("place-{order}"), &placement(order, deposit));
        ok("payment", order, "confirm_deposit", json!({"amount": 13_000}));
    }
    // the shop is short: nobody was asked where the money goes
    ok("operator", "o-short", "confirm_stock", json!({"lines": [{"line_no": 1, "available": 0}]}));
    assert_eq!(known("o-short")["refund_account"], Value::Null);
    ok("checkout", "o-short", "set_refund_account", json!({"refund_account": account("110-888-1")}));
    ok("finance", "o-short", "set_refund_account", json!({"refund_account": account("110-888-2")}));
    assert_eq!(known("o-short")["refund_account"]["number"], "110-888-2", "the last one counts");
    let seller = send("partner", "o-short", "set_refund_account", &json!({"refund_account": account("110-888-3")}));
    assert_eq!(seller.status, 403, "{seller:?}");
    let told = format!("{:?}", shop.get("operator", "/v1/orders/o-short/events"));
    assert!(told.contains("refund_account_set") && !told.contains("110-888"), "{told}");
    // once it is back, no account is kept for nothing
    ok("payment", "o-short", "confirm_refund", json!({"refund_key": "rf:o-short:1"}));
    let late = send("operator", "o-short", "set_refund_account", &json!({"refund_account": account("110-888-4")}));
    assert_eq!((late.status, reason(&late).as_str()), (409, "illegal_transition"), "{late:?}");
    let none = send("support", "o-swap", "set_refund_account", &json!({}));
    assert_eq!((none.status, reason(&none).as_str()), (422, "invalid"), "{none:?}");
    for step in ["prepare", "use_own_stock", "complete_procurement"] {
        ok("operator", "o-swap", step, json!({}));
    }
    ok(
        "checkout",
        "o-swap",
        "request_exchange",
        json!({"line_no": 1, "quantity": 1, "reason": "defect", "fault": "seller", "refund_account": account("110-888-5")}),
    );
    assert_eq!(known("o-swap")["refund_account"]["number"], "110-888-5");
}
