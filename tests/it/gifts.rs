//! Gift promotions at the HTTP API of the real binary.

use serde_json::{Value, json};

use crate::support::shop::{Shop, reason};

/// Written down, too, and shown to whoever shows goods.
#[tokio::test]
async fn gift_promotions_are_read_as_they_were_made_and_changed() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    assert_eq!(shop.get("operator", "/v1/gift-promotions").json(), json!({"items": []}));
    assert_eq!(shop.get("checkout", "/v1/gift-promotions/nix").status, 404);
    let product = json!({"type": "create_product", "product_id": "free", "name": "free", "kind": "gift",
        "product_type": "x", "price": 0, "partner_id": "p-1", "template_id": "t-1", "bundled": true, "delivery_fee": 0,
        "lead_time_days": 1});
    shop.accepted("operator", "/v1/commands", "gift-0001", &product);
    for (n, sku) in [(2, "F-1"), (3, "F-2")] {
        let unit = json!({"type": "create_sku", "sku_id": sku, "product_id": "free", "option_name": "o"});
        shop.accepted("operator", "/v1/commands", &format!("gift-000{n}"), &unit);
    }
    for (n, id) in [(4, "gp-1"), (5, "gp-2")] {
        let gifts = json!({"type": "create_gift_promotion", "gift_promotion_id": id, "main_product_ids": ["g-1"],
            "gift_sku_ids": ["F-1"], "gift_quantity": 1, "main_quantity": 2, "closes_at": "2099-01-01T00:00:00Z"});
        shop.accepted("operator", "/v1/commands", &format!("gift-000{n}"), &gifts);
    }
    let change = json!({"type": "update_gift_promotion", "gift_promotion_id": "gp-1", "gift_sku_ids": ["F-2"],
        "gift_quantity": 3, "when_sold_out": "refuse"});
    shop.accepted("operator", "/v1/commands", "gift-0006", &change);
    let told = shop.get("checkout", "/v1/gift-promotions/gp-1").json();
    assert_eq!(
        told,
        json!({"gift_promotion_id": "gp-1", "main_product_ids": ["g-1"], "gift_sku_ids": ["F-2"], "gift_quantity": 3,
            "main_quantity": 2, "opens_at": null, "closes_at": "2099-01-01T00:00:00Z", "when_sold_out": "refuse"})
    );
    let page = shop.get("operator", "/v1/gift-promotions?limit=1").json();
    assert_eq!(page["items"][0]["gift_promotion_id"], "gp-1", "{page}");
    let next = page["next"].as_str().expect("there is another");
    let page = shop.get("operator", &format!("/v1/gift-promotions?limit=1&cursor={next}")).json();
    assert_eq!((&page["items"][0]["gift_promotion_id"], &page["next"]), (&json!("gp-2"), &Value::Null), "{page}");
    let audit = shop.get("operator", "/v1/audit").json();
    let changed = audit["items"].as_array().unwrap().iter().find(|r| r["detail"]["type"] == "update_gift_promotion");
    assert_eq!(changed.map(|r| &r["target"]), Some(&json!("gp-1")), "{audit}");
}

/// However many products and SKUs are named, in whatever lanes they live, each is looked at.
#[tokio::test]
async fn all_that_a_gift_promotion_names_is_looked_at() {
    let shop = Shop::wide(3, &[]).await;
    shop.stock();
    let product = json!({"type": "create_product", "product_id": "free", "name": "free", "kind": "gift",
        "product_type": "x", "price": 0, "partner_id": "p-1", "template_id": "t-1", "bundled": true, "delivery_fee": 0,
        "lead_time_days": 1});
    shop.accepted("operator", "/v1/commands", "gift-0001", &product);
    let gifts: Vec<String> = (0..6).map(|n| format!("F-{n}")).collect();
    for sku in &gifts {
        let unit = json!({"type": "create_sku", "sku_id": sku, "product_id": "free", "option_name": "o"});
        shop.accepted("operator", "/v1/commands", &format!("create-{sku}"), &unit);
    }
    let mut sent = 0;
    let mut make = |mains: &[&str], gifts: &[&str]| {
        sent += 1;
        let command = json!({"type": "create_gift_promotion", "gift_promotion_id": format!("gp-{sent}"),
            "main_product_ids": mains, "gift_sku_ids": gifts, "gift_quantity": 1, "main_quantity": 1});
        let reply = shop.send("operator", "/v1/commands", &format!("promote-{sent}"), &command);
        (reply.status, reason(&reply))
    };
    let all: Vec<&str> = gifts.iter().map(String::as_str).collect();
    assert_eq!(make(&["g-1", "g-2"], &all), (200, String::new()));
    for (mains, gifts, why) in [
        (["g-1", "nix"], ["F-0", "F-1"], "unknown_product"),
        (["nix", "g-1"], ["F-0", "F-1"], "unknown_product"),
        (["g-2", "free"], ["F-0", "F-1"], "invalid"),
        (["g-1", "g-2"], ["F-0", "A"], "invalid"),
        (["g-1", "g-2"], ["B", "F-5"], "invalid"),
        (["g-1", "g-2"], ["F-3", "nix"], "unknown_sku"),
        (["g-1", "g-2"], ["nix", "F-4"], "unknown_sku"),
    ] {
        assert_eq!(make(&mains, &gifts).1, why, "{mains:?} {gifts:?}");
    }
}
