//! Refusals: every reason code, the dedupe of command ids, roles, and what can't be read.

use std::{collections::BTreeSet, time::Duration};

use jumun::{
    domain::{catalog::Policy, reason::Reason},
    log::crc16::partition_of,
    protocol::OutcomeKind,
};
use serde_json::{Value, json};

use super::{cancel, hurried, line, on_order, paid, pay, place, shop, with};
use crate::support::world::{On, Setup, World};

/// The buyer's own word that it has paid.
fn unvouched(order: &str, approval: &str, amount: i64) -> Value {
    json!({"type": "approve_payment", "order_id": order, "verified": false,
        "settlements": [super::settled("card", amount, approval)]})
}

pub async fn every_reason_is_given(on: On) {
    // only a deposit has its deadline soon: what stays unpaid beside it has time
    let policy = Policy { deposit_window: Duration::from_millis(1_500), ..Policy::default() };
    let mut w = World::open(on, Setup { policy, ..Setup::default() }).await;
    w.sku("A", 1_000, 0, 9).await;
    w.sku("none", 1_000, 0, 0).await;
    for (sku, more) in [
        ("limited", json!({"limit_per_customer": 1})),
        ("soon", json!({"opens_at": "2110-01-01T00:00:00Z"})),
        ("over", json!({"closes_at": "2021-01-01T00:00:00Z"})),
        ("held", json!({})),
    ] {
        w.sku(sku, 1_000, 0, 5).await;
        w.campaign(&format!("c-{sku}"), sku, more).await;
    }
    w.ok(json!({"type": "pause_campaign", "campaign_id": "c-held", "sku_id": "held"})).await;
    w.ok(with(paid("o-1", &[line("A", 1)], 1_000), "id", json!("c-first-of-all"))).await;
    w.ok(with(place("late", &[line("A", 1)]), "payment", json!({"kind": "deposit", "method": "bank_transfer"}))).await;
    w.ok(place("o-2", &[line("A", 1)])).await;
    let product = json!({"type": "create_product", "product_id": "p", "name": "p", "kind": "goods", "product_type": "x",
        "price": 1, "partner_id": "p-1", "template_id": "nix", "bundled": true, "delivery_fee": 0, "lead_time_days": 1});
    let sku = json!({"type": "create_sku", "sku_id": "s", "product_id": "nix", "option_name": "x"});
    w.product("G", "t-A", "p-1", 0, 0, json!({"kind": "gift"})).await;
    w.unit("G", 5).await;
    let gifts = |n| with(line("G", n), "main_line_no", json!(1));
    let one = |sku: &str| place("o-9", &[line(sku, 1)]);
    let confirm = with(on_order("confirm_refund", "o-1"), "refund_key", json!("rf:o-1:1"));
    let reused = with(paid("o-1", &[line("A", 2)], 2_000), "id", json!("c-first-of-all"));
    let table: Vec<(Value, Reason)> = vec![
        (one("none"), Reason::SoldOut),
        (place("o-9", &[line("limited", 2)]), Reason::LimitExceeded),
        (one("soon"), Reason::SaleNotOpen),
        (one("held"), Reason::SalePaused),
        (one("over"), Reason::SaleClosed),
        (place("o-9", &[with(line("limited", 1), "unit_price", json!(1))]), Reason::PriceMismatch),
        (on_order("prepare", "o-2"), Reason::IllegalTransition),
        (on_order("prepare", "o-9"), Reason::UnknownOrder),
        (one("nix"), Reason::UnknownSku),
        (sku, Reason::UnknownProduct),
        (product, Reason::UnknownTemplate),
        (place("o-9", &[with(line("A", 1), "coupon_id", json!("nix"))]), Reason::UnknownPromotion),
        (place("o-9", &[with(line("A", 1), "campaign_id", json!("nix"))]), Reason::UnknownCampaign),
        (cancel("o-1", &[7]), Reason::UnknownLine),
        (confirm, Reason::UnknownRefund),
        (place("o-1", &[line("A", 1)]), Reason::DuplicateOrder),
        (json!({"type": "create_sku", "sku_id": "A", "product_id": "A", "option_name": "x"}), Reason::AlreadyExists),
        (reused, Reason::CommandIdReused),
        (unvouched("o-2", "k-other", 5), Reason::AmountMismatch),
        (unvouched("o-1", "k-other", 5), Reason::AlreadyPaid),
        (unvouched("o-2", "k-o-1", 1_000), Reason::ApprovalReused),
        (place("o-9", &[line("A", 0)]), Reason::Invalid),
        (cancel("o-1", &[]), Reason::Invalid),
        (place("o-9", &[line("A", 1), gifts(2)]), Reason::GiftNotEntitled),
        (with(pay("o-2", 1_000), "actor", json!("buyer:u-1")), Reason::Forbidden),
    ];
    // a third order, shipped
    w.ok(paid("o-3", &[line("A", 1)], 1_000)).await;
    for step in ["prepare", "use_own_stock", "complete_procurement"] {
        w.ok(on_order(step, "o-3")).await;
    }
    let jeju = json!({"name": "n", "phone": "010", "zip": "63100", "address": "a"});
    w.ok(with(on_order("set_shipping_address", "o-3"), "recipient", jeju)).await;
    w.no(on_order("ship", "o-3"), Reason::SurchargeUnpaid.code()).await;
    w.ok(
        json!({"type": "approve_payment", "order_id": "o-3", "settlements": [super::settled("card", 3_000, "k-jeju")]}),
    )
    .await;
    w.ok(on_order("ship", "o-3")).await;
    let back = |quantity: u32, more: Value| {
        let mut c = json!({"type": "request_return", "order_id": "o-3", "actor": "buyer:u-1", "reason": "defect",
            "fault": "seller", "lines": [{"line_no": 1, "quantity": quantity}]});
        c.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        c
    };
    let waybill = json!({"type": "update_waybill", "order_id": "o-3", "line_no": 1, "carrier": "CJ", "waybill_no": "9",
        "quantity": 1});
    let purchase = json!({"type": "purchase_from_partner", "order_id": "o-3", "partner_id": "nix",
        "lines": [{"line_no": 1, "sku_id": "A"}]});
    w.ok(json!({"type": "create_partner", "partner_id": "w-9", "name": "w", "kind": "wholesaler"})).await;
    let unasked = with(with(purchase.clone(), "partner_id", json!("w-9")), "actor", json!("seller:p-1"));
    let after = [
        (with(on_order("confirm_purchase", "o-3"), "expected_version", json!(1)), Reason::VersionMismatch),
        (back(2, json!({})), Reason::QuantityExceeded),
        (back(1, json!({"refund_timing": "before_collection"})), Reason::NotPreRefundable),
        (with(on_order("approve_return", "o-3"), "claim_group", json!(7)), Reason::UnknownClaim),
        (waybill, Reason::UnknownWaybill),
        (purchase, Reason::UnknownPartner),
        (unasked, Reason::NoConsent),
    ];
    let mut given = BTreeSet::from([Reason::SurchargeUnpaid.code()]);
    for (command, reason) in table.into_iter().chain(after) {
        w.no(command, reason.code()).await;
        given.insert(reason.code());
    }
    w.becomes("late", "PAYMENT_EXPIRED").await;
    let late = w.ok(pay("late", 1_000)).await;
    given.insert(Reason::from_note(late.reason.as_deref()));
    w.no(place("o-9", &[line("A", 9)]), Reason::InsufficientStock.code()).await;
    given.insert(Reason::InsufficientStock.code());
    given.insert(too_early(on).await.code());
    let decline = json!({"type": "decline_payment", "order_id": "o-2", "actor": "payment:p"});
    for _ in 0..50 {
        w.ok(decline.clone()).await;
    }
    w.no(decline, Reason::TooMany.code()).await;
    given.insert(Reason::TooMany.code());
    // that takes a fault of ours: tests/it/faults/poison.rs
    given.insert(Reason::Quarantined.code());
    // that takes an order in the archive: tests/it/scenarios/archive.rs
    given.insert(Reason::OrderArchived.code());
    let all: BTreeSet<&str> = Reason::ALL.iter().map(|r| r.code()).collect();
    assert_eq!(given, all);
    w.done().await;
}

/// What would change at an order that another lane has not answered yet can't be told: that is too early. A payment that comes
/// then is decided after it. All are found at once, so they are read before anything is asked of the other lane.
async fn too_early(on: On) -> Reason {
    let mut w = hurried(on, 2, 600_000).await;
    let [a, b] = [0, 1].map(|lane| (0..).map(|n| format!("S{n}")).find(|s| partition_of(s, 2) == lane).unwrap());
    for sku in [&a, &b] {
        w.sku(sku, 1_000, 0, 99).await;
    }
    let pays = pay("o-early", 2_000);
    let looks = json!({"type": "preview", "order_id": "o-early", "command": {"type": "cancel_payment"}});
    let answers = w.finds(0, vec![place("o-early", &[line(&a, 1), line(&b, 1)]), looks.clone(), pays]).await;
    let told = |n: usize| (answers[n].outcome, answers[n].reason.as_deref());
    assert_eq!(told(0), (OutcomeKind::Accepted, None), "{answers:?}");
    assert_eq!(told(1), (OutcomeKind::Rejected, Some(Reason::TryAgain.code())), "{answers:?}");
    assert_eq!(told(2), (OutcomeKind::Accepted, None), "{answers:?}");
    // nothing of the refusal is remembered; by now the order is paid
    w.no(with(looks, "id", json!(&*answers[1].command_id)), Reason::IllegalTransition.code()).await;
    w.done().await;
    Reason::TryAgain
}

/// The code of a note, as one of the known.
trait Note {
    fn from_note(note: Option<&str>) -> &'static str;
}

impl Note for Reason {
    fn from_note(note: Option<&str>) -> &'static str {
        Reason::ALL.iter().find(|r| Some(r.code()) == note).expect("a known reason").code()
    }
}

pub async fn the_same_id_gets_the_first_answer(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 1_000, 0, 1).await;
    let first = with(place("o-1", &[line("A", 1)]), "id", json!("c-same-one"));
    let answer = w.ok(first.clone()).await;
    let again = w.ok(with(first.clone(), "at", json!("2026-01-01T00:00:00Z"))).await;
    assert_eq!((again.order_version, again.facts), (answer.order_version, answer.facts));
    w.no(with(first.clone(), "lines", json!([line("A", 2)])), "command_id_reused").await;
    w.no(with(first, "order_id", json!("o-2")), "command_id_reused").await;
    // a refusal is remembered too, though there is stock by now
    let second = with(place("o-3", &[line("A", 1)]), "id", json!("c-same-two"));
    w.no(second.clone(), "sold_out").await;
    w.ok(on_order("cancel_payment", "o-1")).await;
    w.no(second, "sold_out").await;
    w.ok(place("o-3", &[line("A", 1)])).await;
    // of SKUs and reference data as well
    let receive = json!({"id": "c-receive-1", "type": "receive_stock", "sku_id": "A", "quantity": 5});
    w.ok(receive.clone()).await;
    w.ok(receive.clone()).await;
    w.restart().await;
    w.ok(receive.clone()).await;
    w.no(with(receive, "quantity", json!(6)), "command_id_reused").await;
    assert_eq!(w.stock("A").await, (5, 1, 0));
    w.done().await;
}

pub async fn buyers_have_their_own_orders_only(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 1_000, 0, 5).await;
    let by = |c: Value, who: &str| with(c, "actor", json!(who));
    w.no(by(place("o-1", &[line("A", 1)]), "buyer:u-2"), "forbidden").await;
    w.ok(by(place("o-1", &[line("A", 1)]), "buyer:u-1")).await;
    w.no(by(on_order("cancel_payment", "o-1"), "buyer:u-2"), "forbidden").await;
    w.no(by(pay("o-1", 1_000), "buyer:u-1"), "forbidden").await;
    w.ok(by(pay("o-1", 1_000), "payment:pg")).await;
    w.no(by(cancel("o-1", &[1]), "buyer:u-2"), "forbidden").await;
    w.no(by(cancel("o-1", &[1]), "seller:s"), "forbidden").await;
    w.no(by(json!({"type": "receive_stock", "sku_id": "A", "quantity": 1}), "buyer:u-1"), "forbidden").await;
    w.no(by(on_order("prepare", "o-1"), "u-1"), "invalid").await;
    w.ok(by(cancel("o-1", &[1]), "buyer:u-1")).await;
    w.done().await;
}

pub async fn what_cannot_be_read_is_kept_apart(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 1_000, 0, 5).await;
    w.raw(b"not json").await;
    w.raw(b"{\"type\":\"place_order\"}").await;
    let odd = w.send(json!({"type": "drop_table"})).await;
    assert_eq!((odd.outcome, odd.reason.as_deref()), (OutcomeKind::Rejected, Some("invalid")));
    w.no(with(place("o-1", &[line("A", 1)]), "colour", json!(1)), "invalid").await;
    w.no(json!({"type": "adjust_stock", "sku_id": "A", "quantity": 1, "reason": "a\u{0}b"}), "invalid").await;
    w.no(
        with(
            place("o-1", &[line("A", 1)]),
            "payment",
            json!({"kind": "approved", "settlements": [
        super::settled("card", 1_000, "4111111111111111")]}),
        ),
        "invalid",
    )
    .await;
    w.ok(place("o-1", &[line("A", 1)])).await;
    w.rest().await;
    assert_eq!(w.dead().await, 2);
    w.done().await;
}
