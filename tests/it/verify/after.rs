//! The rest of a small workload: procurement over two lanes, delivery, a return, an exchange, what the audit keeps.

use std::time::Duration;

use jumun::domain::ids::OrderId;
use serde_json::{Value, json};

use super::work::{Client, sku};

fn on(order: &str, more: Value) -> Value {
    let mut fields = json!({"order_id": order});
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    fields
}

/// Waits until an order has this status: news of linked orders travels.
async fn becomes(c: &Client, order: &str, status: &str) {
    for _ in 0..500 {
        let rows = c.store.order_rows(&[OrderId::stored(order)]).await.unwrap();
        if rows.first().is_some_and(|r| &*r.ord_stat_cd == status) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{order} is never {status}");
}

async fn prepared(c: &mut Client, order: &str, lines: &[(usize, u32)]) {
    c.place(order, lines).await;
    c.pay(order).await;
    c.ok("prepare", on(order, json!({}))).await;
}

pub async fn run(c: &mut Client) {
    let (supply, none) = (sku(4), json!({}));
    c.ok("create_partner", json!({"partner_id": "w1", "name": "도매", "kind": "wholesaler", "zip": "04524"})).await;
    c.ok("create_sku", json!({"sku_id": supply, "product_id": "g1", "option_name": "", "holder_id": "w1"})).await;
    c.ok("receive_stock", json!({"sku_id": supply, "quantity": 20})).await;
    let buy = |child: &str| json!({"partner_id": "w1", "linked_order_id": child, "lines": [{"line_no": 1, "sku_id": sku(4)}]});
    // bought from a partner in the other lane, and from a seller nobody knows
    prepared(c, "o-proc", &[(0, 2), (1, 1)]).await;
    c.ok("purchase_from_partner", on("o-proc", buy("o-child"))).await;
    c.ok("purchase_from_non_partner", on("o-proc", json!({"lines": [2], "seller_name": "S", "amount": 9_000}))).await;
    becomes(c, "o-child", "ORDERED").await;
    c.ok("prepare", on("o-child", none.clone())).await;
    c.ok("use_own_stock", on("o-child", none.clone())).await;
    c.ok("complete_procurement", on("o-child", none.clone())).await;
    c.ok("complete_procurement", on("o-proc", json!({"lines": [2]}))).await;
    becomes(c, "o-proc", "PROCUREMENT_DONE").await;
    let waybills = json!([{"line_no": 1, "carrier": "CJ", "waybill_no": "1", "quantity": 1},
        {"line_no": 1, "carrier": "CJ", "waybill_no": "2", "quantity": 1},
        {"line_no": 2, "carrier": "CJ", "waybill_no": "3", "quantity": 1}]);
    c.ok("ship", on("o-proc", json!({"waybills": waybills}))).await;
    c.ok("mark_delivered", on("o-proc", none.clone())).await;
    // one of two comes back broken, by the buyer's fault
    let one = json!({"lines": [{"line_no": 1, "quantity": 1}], "reason": "change_of_mind", "fault": "buyer"});
    let asked = c.ok("request_return", on("o-proc", one)).await;
    let group = json!({"claim_group": asked.facts.claim_group});
    c.ok("approve_return", on("o-proc", group.clone())).await;
    c.ok("collect_return", on("o-proc", group.clone())).await;
    let mut broken = group.clone();
    broken["inspected"] = json!([{"line_no": 1, "sellable": 0, "unsellable": 1}]);
    c.ok("complete_return", on("o-proc", broken)).await;
    c.refund("o-proc", &asked).await;
    // another is asked for and withdrawn
    let other = json!({"lines": [{"line_no": 2, "quantity": 1}], "reason": "defect", "fault": "seller"});
    let asked = c.ok("request_return", on("o-proc", other)).await;
    c.ok("withdraw_return", on("o-proc", json!({"claim_group": asked.facts.claim_group}))).await;
    c.ok("confirm_purchase", on("o-proc", none.clone())).await;
    c.ok("write_review", on("o-proc", json!({"line_no": 2, "rating": 4}))).await;
    // delivered by force, exchanged
    prepared(c, "o-exch", &[(0, 1)]).await;
    c.ok("use_own_stock", on("o-exch", none.clone())).await;
    c.ok("complete_procurement", on("o-exch", none.clone())).await;
    c.ok("ship", on("o-exch", json!({"in_transit": true}))).await;
    c.ok("mark_delivered", on("o-exch", json!({"forced": true, "reason": "no waybill, and the buyer wants out"})))
        .await;
    let exchange = json!({"line_no": 1, "quantity": 1, "reason": "defect", "fault": "seller"});
    let asked = c.ok("request_exchange", on("o-exch", exchange)).await;
    let approve = json!({"claim_group": asked.facts.claim_group, "resolution": "add_product"});
    let would = c
        .ok(
            "preview",
            on(
                "o-exch",
                json!({"command": {"type": "approve_exchange",
        "claim_group": asked.facts.claim_group, "resolution": "add_product"}}),
            ),
        )
        .await;
    assert!(would.facts.preview.is_some());
    c.ok("approve_exchange", on("o-exch", approve)).await;
    // the partner has nothing after all
    prepared(c, "o-lost", &[(0, 1)]).await;
    c.ok("purchase_from_partner", on("o-lost", buy("o-child2"))).await;
    becomes(c, "o-child2", "ORDERED").await;
    c.ok("confirm_stock", on("o-child2", json!({"lines": [{"line_no": 1, "available": 0}]}))).await;
    becomes(c, "o-lost", "OUT_OF_STOCK").await;
}
