//! Whose lines and goods a command is about is asked in the lane, where no door stands before it and nothing comes between; and
//! customers and businesses of one name are two.

use jumun::protocol::{
    Answer,
    command::{ActorRole, Wire},
};
use serde_json::{Value, json};

use crate::support::{
    client::{Client, Sent},
    shop::Shop,
};

/// Sends to the stream, and waits.
struct Stream {
    client: Client,
    sent: usize,
}

impl Stream {
    async fn of(shop: &Shop) -> Self {
        let client = Client::new(&shop.setting.redis, &shop.namespace, 1).await;
        Self { client, sent: 0 }
    }

    async fn ask(&mut self, actor: &str, mut command: Value) -> Answer {
        self.sent += 1;
        command["id"] = format!("stream-{:05}", self.sent).into();
        command["actor"] = actor.into();
        let one = Sent::new(0, &command);
        self.client.send(std::slice::from_ref(&one)).await;
        self.client.wait(&[&one.id]).await.remove(0)
    }

    async fn ok(&mut self, actor: &str, command: Value) {
        let told = command.to_string();
        let answer = self.ask(actor, command).await;
        assert_eq!(answer.reason, None, "{actor} {told}: {answer:?}");
    }

    async fn is(&mut self, actor: &str, command: Value) -> String {
        self.ask(actor, command).await.reason.unwrap_or_default().to_string()
    }
}

/// An order of both sellers, all delivered; a return (1) and an exchange (2) of line 2, which is p-2's.
async fn shared(shop: &Shop, s: &mut Stream) {
    shop.stock();
    let lines = json!([{"sku_id": "A", "quantity": 1}, {"sku_id": "B", "quantity": 3}]);
    s.ok(
        "operator:me",
        json!({"type": "place_order", "order_id": "o-1", "customer_id": "u-1", "lines": lines,
        "payment": {"kind": "approved", "settlements": [{"method": "card", "amount": 46_000,
            "approval": {"approval_id": "a-1"}}]}}),
    )
    .await;
    let on = |kind: &str, more: Value| with(json!({"type": kind, "order_id": "o-1"}), more);
    for (kind, more) in [
        ("prepare", json!({})),
        ("use_own_stock", json!({})),
        ("complete_procurement", json!({})),
        (
            "ship",
            json!({"waybills": [{"line_no": 1, "carrier": "CJ", "waybill_no": "w-1", "quantity": 1},
            {"line_no": 2, "carrier": "CJ", "waybill_no": "w-2", "quantity": 3}]}),
        ),
        ("mark_delivered", json!({})),
    ] {
        s.ok("operator:me", on(kind, more)).await;
    }
    let units = json!({"lines": [{"line_no": 2, "quantity": 1}], "reason": "defect", "fault": "seller"});
    s.ok("buyer:u-1", on("request_return", units)).await;
    let other = json!({"line_no": 2, "quantity": 1, "reason": "defect", "fault": "seller"});
    s.ok("buyer:u-1", on("request_exchange", other)).await;
    let partner = json!({"type": "create_partner", "partner_id": "p-2", "name": "w", "kind": "wholesaler"});
    s.ok("operator:me", partner).await;
    let work = json!({"type": "create_partner", "partner_id": "p-3", "name": "i", "kind": "installer"});
    s.ok("operator:me", work).await;
    s.ok(
        "operator:me",
        json!({"type": "create_campaign", "campaign_id": "c-b", "sku_id": "B", "name": "c", "price": 9_000,
        "allotted": 1, "opens_at": "2026-01-01T00:00:00Z", "closes_at": "2150-01-01T00:00:00Z"}),
    )
    .await;
}

fn with(mut command: Value, more: Value) -> Value {
    if let (Value::Object(command), Value::Object(more)) = (&mut command, more) {
        command.extend(more);
    }
    command
}

/// Everything that a seller or a partner may send, about what is p-2's: each with its optional fields left out, and named.
/// `None`: it is about nobody's goods.
fn about_p2(kind: &str) -> Option<Vec<Value>> {
    let (two, unit) = (json!({"lines": [2]}), json!({"lines": [{"line_no": 2, "quantity": 1}]}));
    let none = json!({});
    let sku = json!({"lines": [{"line_no": 2, "sku_id": "B"}]});
    let waybill = json!({"line_no": 2, "carrier": "CJ", "waybill_no": "w-2", "quantity": 1});
    let (back, exchange) = (json!({"claim_group": 1}), json!({"claim_group": 2}));
    Some(match kind {
        // the buyer's: no seller's of an order that it has not bought
        "cancel_payment" => vec![none],
        "cancel_lines" => vec![two, json!({"lines": [1]})],
        "confirm_purchase" => vec![none, two, json!({"lines": [1]})],
        "write_review" => vec![json!({"line_no": 2, "rating": 1})],
        "withdraw_exchange" => vec![exchange],
        "set_refund_account" => vec![json!({"refund_account": {"bank": "088", "number": "110-1", "holder": "h"}})],
        "prepare" => vec![two],
        "confirm_stock" => vec![none, json!({"lines": [{"line_no": 2, "available": 0}]})],
        "purchase_from_partner" => vec![with(sku.clone(), json!({"partner_id": "p-2"}))],
        "assign_installer" => vec![with(sku.clone(), json!({"partner_id": "p-3"}))],
        "purchase_from_non_partner" => vec![
            json!({"seller_name": "s", "amount": 1}),
            json!({"seller_name": "s", "amount": 1, "lines": [2]}),
            json!({"seller_name": "s", "amount": 1, "lines": [{"line_no": 2, "quantity": 1}]}),
        ],
        "use_own_stock" => vec![none, two, unit],
        "complete_procurement" | "cancel_procurement" => vec![none, two],
        "set_shipping_address" => {
            vec![none, json!({"recipient": {"name": "n", "phone": "0", "zip": "06236", "address": "a"}})]
        }
        "report_stock_loss" => vec![unit],
        "ship" => vec![
            none,
            two,
            json!({"method": "own"}),
            json!({"lines": [1], "waybills": [waybill]}),
            json!({"waybills": [waybill]}),
        ],
        "register_waybill" | "update_waybill" => vec![waybill],
        "mark_delivered" => vec![
            none,
            two,
            json!({"carrier": "CJ", "waybill_no": "w-2"}),
            json!({"lines": [2], "forced": true, "reason": "r"}),
        ],
        "confirm_installer_delivery" | "complete_installation" | "fail_installation" => vec![none, two],
        "request_return" => vec![with(unit, json!({"reason": "defect", "fault": "buyer"}))],
        "withdraw_return" => vec![back.clone(), with(back, unit)],
        "approve_return" | "reject_return" => vec![back],
        "collect_return" => vec![back.clone(), exchange, with(back, unit)],
        "complete_return" => {
            vec![back.clone(), with(back, json!({"inspected": [{"line_no": 2, "sellable": 1}]})), exchange]
        }
        "request_exchange" => vec![
            json!({"line_no": 2, "quantity": 1, "reason": "defect", "fault": "seller"}),
            json!({"line_no": 2, "quantity": 1, "reason": "defect", "fault": "seller", "sku_id": "A"}),
        ],
        "approve_exchange" => vec![
            with(exchange.clone(), json!({"resolution": "pickup"})),
            with(exchange.clone(), json!({"resolution": "add_product"})),
            with(exchange, json!({"resolution": "add_product", "sku_id": "A"})),
        ],
        "reject_exchange" => vec![exchange],
        "waive_collection" => vec![with(exchange, json!({"reason": "r"}))],
        "add_gift" => vec![json!({"main_line_no": 2, "sku_id": "A", "quantity": 1, "reason": "complaint"})],
        "preview" => {
            vec![json!({"command": {"type": "mark_delivered"}}), json!({"command": {"type": "ship", "lines": [2]}})]
        }
        "shrink_stock" => vec![json!({"sku_id": "B", "quantity": 1, "reason": "r"})],
        "receive_stock" => vec![json!({"sku_id": "B", "quantity": 1})],
        "adjust_stock" => vec![json!({"sku_id": "B", "quantity": -1, "reason": "r"})],
        "create_sku" => vec![
            json!({"sku_id": "N-1", "product_id": "g-2", "option_name": "o"}),
            json!({"sku_id": "N-2", "product_id": "g-1", "option_name": "o", "holder_id": "p-2"}),
        ],
        "create_product" => vec![product("g-8", "p-2", "t-2"), product("g-9", "p-1", "t-2")],
        "create_template" => vec![json!({"template_id": "t-9", "partner_id": "p-2", "name": "n"})],
        "update_template" => vec![json!({"template_id": "t-2", "name": "n"})],
        "update_product" => vec![json!({"product_id": "g-2", "price": 1})],
        "create_campaign" => vec![json!({"campaign_id": "c-9", "sku_id": "B", "name": "c", "price": 1, "allotted": 1,
            "opens_at": "2026-01-01T00:00:00Z", "closes_at": "2150-01-01T00:00:00Z"})],
        "update_campaign" => vec![json!({"campaign_id": "c-b", "sku_id": "B", "price": 1})],
        "pause_campaign" | "resume_campaign" => vec![json!({"campaign_id": "c-b", "sku_id": "B"})],
        "authorize_buyer" | "revoke_buyer" => vec![json!({"partner_id": "p-2", "buyer_id": "p-1"})],
        // of a new order, or of any seller's goods
        "place_order" | "create_promotion" | "create_gift_promotion" | "update_gift_promotion" => return None,
        other => panic!("whose is what {other} is about?"),
    })
}

fn product(id: &str, partner: &str, template: &str) -> Value {
    json!({"product_id": id, "name": "g", "kind": "goods", "product_type": "normal", "price": 1, "partner_id": partner,
        "template_id": template, "bundled": true, "delivery_fee": 0, "lead_time_days": 1})
}

/// Kind: each command that a seller or a partner may send, about another's lines or goods, is refused by the lane itself.
#[tokio::test]
async fn a_partner_acts_on_its_own_in_the_lane_whatever_it_leaves_out() {
    let key = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(key.path(), "ab".repeat(32)).unwrap();
    let shop = Shop::open(&["--account-key-file", key.path().to_str().unwrap()]).await;
    let mut s = Stream::of(&shop).await;
    shared(&shop, &mut s).await;
    let of_order = |kind: &str| Wire::ROLES.iter().any(|(n, _)| *n == kind) && !of_goods(kind);
    let view = || shop.get("operator", "/v1/orders/o-1").json();
    let stock = || shop.get("operator", "/v1/skus/B").json();
    let (before, shelf) = (view(), stock());
    let mut tried = 0;
    for (kind, may) in Wire::ROLES {
        for role in [ActorRole::Seller, ActorRole::Partner].into_iter().filter(|r| may.contains(r)) {
            for more in about_p2(kind).unwrap_or_default() {
                let mut command = with(json!({"type": kind}), more);
                if of_order(kind) {
                    command["order_id"] = "o-1".into();
                }
                let told = command.to_string();
                let answer = s.ask(&format!("{}:p-1", role.word()), command).await;
                assert_eq!(answer.reason.as_deref(), Some("forbidden"), "{told}: {answer:?}");
                tried += 1;
            }
        }
    }
    assert!(tried > 100, "{tried}");
    assert_eq!((view(), stock()), (before, shelf), "nothing was done");
    // its own it may: what it names, and the claims that are its own
    for (actor, command) in [
        ("seller:p-2", json!({"type": "approve_return", "order_id": "o-1", "claim_group": 1})),
        ("partner:p-2", json!({"type": "collect_return", "order_id": "o-1", "claim_group": 1})),
        ("seller:p-2", json!({"type": "reject_exchange", "order_id": "o-1", "claim_group": 2})),
        ("seller:p-1", json!({"type": "receive_stock", "sku_id": "A", "quantity": 1})),
        ("seller:p-2", json!({"type": "update_product", "product_id": "g-2", "name": "n"})),
        ("partner:p-2", json!({"type": "authorize_buyer", "partner_id": "p-2", "buyer_id": "p-1"})),
    ] {
        s.ok(actor, command).await;
    }
    // and the HTTP API's answers are the lane's
    let told = shop.send("partner", "/v1/orders/o-1/collect_return", "collect-0001", &json!({"claim_group": 1}));
    assert_eq!(told.status, 403, "{told:?}");
}

fn of_goods(kind: &str) -> bool {
    let goods = ["stock", "sku", "product", "template", "campaign", "promotion", "partner", "buyer"];
    let orders =
        ["confirm_stock", "use_own_stock", "report_stock_loss", "purchase_from_partner", "purchase_from_non_partner"];
    goods.iter().any(|g| kind.ends_with(g)) && !orders.contains(&kind) && kind != "report_stock_loss"
}

/// Kind: what comes between the HTTP API's look and the lane's decision. No line of another seller does, whoever adds it, and who
/// sells nothing of an order acts on nothing of it.
#[tokio::test]
async fn no_line_of_another_seller_comes_between() {
    let shop = Shop::open(&[]).await;
    let mut s = Stream::of(&shop).await;
    shop.stock();
    let place = json!({"type": "place_order", "order_id": "o-1", "customer_id": "u-1",
        "lines": [{"sku_id": "A", "quantity": 1}], "payment": {"kind": "approved", "settlements": [{"method": "card",
            "amount": 13_000, "approval": {"approval_id": "a-1"}}]}});
    s.ok("operator:me", place).await;
    let gift = json!({"type": "create_product", "product_id": "g-gift", "name": "g", "kind": "gift",
        "product_type": "gift", "price": 0, "partner_id": "p-2", "template_id": "t-2", "bundled": true,
        "delivery_fee": 0, "lead_time_days": 1});
    s.ok("operator:me", gift).await;
    s.ok("operator:me", json!({"type": "create_sku", "sku_id": "G", "product_id": "g-gift", "option_name": "o"})).await;
    s.ok("operator:me", json!({"type": "receive_stock", "sku_id": "G", "quantity": 5})).await;
    let add = json!({"type": "add_gift", "order_id": "o-1", "main_line_no": 1, "sku_id": "G", "quantity": 1,
        "reason": "complaint"});
    for actor in ["seller:p-1", "seller:p-2"] {
        let told = s.is(actor, add.clone()).await;
        assert!(["invalid", "forbidden"].contains(&told.as_str()), "{actor}: {told}");
    }
    let lines = shop.get("operator", "/v1/orders/o-1").json()["lines"].as_array().unwrap().len();
    assert_eq!(lines, 1);
    s.ok("partner:p-1", json!({"type": "prepare", "order_id": "o-1"})).await;
    for actor in ["partner:p-2", "seller:p-2"] {
        for more in [json!({"lines": [{"line_no": 1, "available": 0}]}), json!({})] {
            let judged = with(json!({"type": "confirm_stock", "order_id": "o-1"}), more);
            assert_eq!(s.is(actor, judged).await, "forbidden", "{actor}");
        }
        assert_eq!(s.is(actor, json!({"type": "ship", "order_id": "o-1"})).await, "forbidden");
    }
    s.ok("partner:p-1", json!({"type": "use_own_stock", "order_id": "o-1"})).await;
}

/// Kind: a customer who is called like a business, and the business. Neither may, nor sees, what is the other's.
#[tokio::test]
async fn a_customer_and_a_business_of_one_name_are_two() {
    let shop = Shop::open(&[]).await;
    let mut s = Stream::of(&shop).await;
    shop.stock();
    let zip = json!({"type": "create_partner", "partner_id": "p-1", "name": "n", "kind": "retailer", "zip": "63100",
        "address": "제주"});
    s.ok("operator:me", zip).await;
    let place = |order: &str| {
        json!({"type": "place_order", "order_id": order, "customer_id": "p-1",
        "lines": [{"sku_id": "B", "quantity": 1}]})
    };
    // o-b is the business's, o-c the customer's; o-d the customer's, typed in by another
    s.ok("partner:p-1", place("o-b")).await;
    s.ok("buyer:p-1", place("o-c")).await;
    s.ok("operator:me", place("o-d")).await;
    // the business is on Jeju, which costs more; where the customers are nobody has said
    for (order, amount) in [("o-b", 16_000), ("o-c", 13_000), ("o-d", 13_000)] {
        let settlements =
            json!([{"method": "card", "amount": amount, "approval": {"approval_id": format!("a-{order}")}}]);
        s.ok("operator:me", json!({"type": "approve_payment", "order_id": order, "settlements": settlements})).await;
        assert_eq!(shop.get("operator", &format!("/v1/orders/{order}")).json()["status"], "ORDERED", "{order}");
    }
    let on = |kind: &str, order: &str, more: Value| with(json!({"type": kind, "order_id": order}), more);
    // in the lane: each buyers' command of the other's order
    let cancel = json!({"lines": [1]});
    for (actor, order) in [("buyer:p-1", "o-b"), ("partner:p-1", "o-c"), ("seller:p-1", "o-c"), ("partner:p-1", "o-d")]
    {
        for (kind, more) in [
            ("cancel_lines", cancel.clone()),
            ("cancel_payment", json!({})),
            ("set_shipping_address", json!({})),
            ("confirm_purchase", json!({})),
            ("write_review", json!({"line_no": 1, "rating": 5})),
            (
                "request_return",
                json!({"lines": [{"line_no": 1, "quantity": 1}], "reason": "defect", "fault": "seller"}),
            ),
            ("request_exchange", json!({"line_no": 1, "quantity": 1, "reason": "defect", "fault": "seller"})),
            ("withdraw_return", json!({"claim_group": 1})),
            ("withdraw_exchange", json!({"claim_group": 1})),
            ("preview", json!({"command": {"type": "cancel_lines", "lines": [1]}})),
        ] {
            assert_eq!(s.is(actor, on(kind, order, more)).await, "forbidden", "{actor} {kind} {order}");
        }
    }
    // a business's address is its own, and no customer's
    assert_eq!(s.is("operator:me", on("set_shipping_address", "o-c", json!({}))).await, "invalid");
    // at the HTTP API
    let customer = |path: &str| shop.ask("checkout", "GET", path, &[("X-Customer-Id", "p-1")], b"");
    for part in ["", "/timeline", "/events", "/recipient", "/reviews", "/lines", "/settlements"] {
        assert_eq!(customer(&format!("/v1/orders/o-b{part}")).status, 404, "{part}");
        assert_eq!(shop.get("partner", &format!("/v1/orders/o-c{part}")).status, 404, "{part}");
    }
    let ids = |reply: crate::support::http::Reply| -> Vec<String> {
        let page = reply.json();
        page["items"].as_array().unwrap().iter().map(|i| i["order_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(customer("/v1/orders")), ["o-d", "o-c"]);
    assert_eq!(ids(shop.get("partner", "/v1/orders")), ["o-b"]);
    assert_eq!(ids(shop.get("operator", "/v1/orders?customer_id=p-1")), ["o-d", "o-c"]);
    assert_eq!(customer("/v1/events?order_id=o-b").status, 404);
    assert_eq!(shop.get("partner", "/v1/events?order_id=o-c").status, 404);
    // a partner's token does not speak as a customer, whatever the customer is called
    let spoken = json!({"type": "cancel_lines", "order_id": "o-b", "actor": "buyer:p-1", "lines": [1]});
    assert_eq!(shop.send("partner", "/v1/commands", "spoken-0001", &spoken).status, 403);
    // each of its own
    let own = |order: &str| format!("/v1/orders/{order}/cancel_lines");
    shop.accepted("partner", &own("o-b"), "cancel-o-b", &cancel);
    let headers = [("X-Customer-Id", "p-1"), ("Idempotency-Key", "cancel-o-c")];
    let told = shop.ask("checkout", "POST", &own("o-c"), &headers, cancel.to_string().as_bytes());
    assert_eq!(told.status, 200, "{told:?}");
    // erased is the customer
    for order in ["o-b", "o-c"] {
        let view = shop.get("operator", &format!("/v1/orders/{order}")).json();
        let key = &view["refunds"][0]["refund_key"];
        s.ok("operator:me", on("confirm_refund", order, json!({"refund_key": key}))).await;
    }
    let erased = shop.send("operator", "/v1/customers/p-1/erase", "", &json!({})).json();
    assert_eq!((&erased["pending"], erased["orders"].as_u64()), (&json!(["o-d"]), Some(1)), "{erased}");
}

/// Kind: who buys and sells in one order. What it sells it may give back as a seller, what it only bought as a buyer.
#[tokio::test]
async fn who_sells_a_part_of_what_it_bought_is_a_buyer_of_the_rest() {
    let shop = Shop::open(&[]).await;
    let mut s = Stream::of(&shop).await;
    shop.stock();
    let lines = json!([{"sku_id": "A", "quantity": 2}, {"sku_id": "B", "quantity": 3}]);
    let place = json!({"type": "place_order", "order_id": "o-1", "customer_id": "p-1", "lines": lines});
    s.ok("partner:p-1", place).await;
    let total = shop.get("operator", "/v1/orders/o-1").json()["due"].as_i64().expect("an amount");
    let on = |kind: &str, more: Value| with(json!({"type": kind, "order_id": "o-1"}), more);
    let paid = json!({"settlements": [{"method": "card", "amount": total, "approval": {"approval_id": "a-1"}}]});
    s.ok("operator:me", on("approve_payment", paid)).await;
    for (kind, more) in [
        ("prepare", json!({})),
        ("use_own_stock", json!({})),
        ("complete_procurement", json!({})),
        ("ship", json!({"method": "own"})),
        ("mark_delivered", json!({})),
    ] {
        s.ok("operator:me", on(kind, more)).await;
    }
    let returned = |line: u16, more: Value| {
        let fields = json!({"lines": [{"line_no": line, "quantity": 1}], "reason": "change_of_mind", "fault": "buyer"});
        with(on("request_return", fields), more)
    };
    let exchanged = |line: u16| {
        let fields = json!({"line_no": line, "quantity": 1, "reason": "change_of_mind", "fault": "seller"});
        on("request_exchange", fields)
    };
    let (sellers_fault, gifts) = (json!({"fault": "seller"}), json!({"waive_gifts": true}));
    for (asked, refused) in [
        (returned(2, sellers_fault.clone()), "invalid"),
        (returned(2, gifts.clone()), "forbidden"),
        (exchanged(2), "invalid"),
    ] {
        assert_eq!(s.is("partner:p-1", asked.clone()).await, refused, "{asked}");
    }
    s.ok("partner:p-1", returned(2, json!({}))).await;
    s.ok("partner:p-1", with(returned(1, sellers_fault), gifts)).await;
}

/// A history from before orders said who bought them: it is known by who placed it.
#[tokio::test]
async fn an_order_from_before_the_mark_is_known_by_who_placed_it() {
    let mut shop = Shop::open(&[]).await;
    let mut s = Stream::of(&shop).await;
    shop.stock();
    for (order, actor) in [("o-b", "partner:p-1"), ("o-c", "buyer:p-1")] {
        let place = json!({"type": "place_order", "order_id": order, "customer_id": "p-1",
            "lines": [{"sku_id": "B", "quantity": 1}]});
        s.ok(actor, place).await;
    }
    shop.server.kill9();
    let before = "UPDATE tb_od_ord_hist SET evnt = replace(evnt, '\"by_partner\":true,', '')";
    crate::support::everything::sql(&shop.setting.database, &[before]).await;
    let left = crate::support::everything::tables(&shop.setting.database).await;
    assert!(!left.iter().any(|(_, text)| text.contains("by_partner")));
    shop.server = shop.setting.start();
    shop.server.ready().await;
    shop.address = shop.server.address().expect("it says where");
    let cancel = |order: &str| json!({"type": "cancel_payment", "order_id": order});
    assert_eq!(s.is("buyer:p-1", cancel("o-b")).await, "forbidden");
    assert_eq!(s.is("partner:p-1", cancel("o-c")).await, "forbidden");
    assert_eq!(shop.get("partner", "/v1/orders/o-b").status, 200);
    assert_eq!(shop.get("partner", "/v1/orders/o-c").status, 404);
    s.ok("partner:p-1", cancel("o-b")).await;
    s.ok("buyer:p-1", cancel("o-c")).await;
}
