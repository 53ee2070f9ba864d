//! One payment, one order; and money that was not due. Each says which kind it stands for.

use jumun::{
    log::crc16::partition_of,
    store::rows::{AprvRow, CnclRow, HistRow, PrsnRow, RgstRow},
    tools::verify::{Options, verify},
    vault::{Secret, Vault},
};
use serde_json::{Value, json};

use super::{cancel, line, on_order, paid, pay, place, settled, shop, with};
use crate::support::world::{On, Setup, World};

/// A SKU in each of two lanes.
fn names() -> [String; 2] {
    [0, 1].map(|lane| (0..).map(|n| format!("P{n}")).find(|s| partition_of(s, 2) == lane).unwrap())
}

async fn two(on: On) -> World {
    let mut w = World::open(on, Setup { partitions: 2, ..Setup::default() }).await;
    for name in names() {
        w.sku(&name, 10_000, 0, 500).await;
    }
    w
}

/// A placement that brings this payment.
fn by(order: &str, sku: &str, paid: Value) -> Value {
    with(place(order, &[line(sku, 1)]), "payment", json!({"kind": "approved", "settlements": [paid]}))
}

async fn register(w: &World) -> Vec<(String, String)> {
    w.rows::<RgstRow>().await.into_iter().map(|r| (r.pay_id.to_string(), r.ord_id.to_string())).collect()
}

/// Of the kind: one payment for two orders, in one lane and over two, by every way that money comes.
pub async fn a_payment_pays_one_order(on: On) {
    let mut w = two(on).await;
    let [a, b] = names();
    w.ok(by("o-1", &a, settled("card", 10_000, "k"))).await;
    for (n, sku) in [(2, &a), (3, &b)] {
        let told = w.no(by(&format!("o-{n}"), sku, settled("card", 10_000, "k")), "approval_reused").await;
        assert!(told.message.as_deref().is_some_and(|m| m.contains('k') && !m.contains("o-1")), "{told:?}");
        let order = format!("o-{n}-later");
        w.ok(place(&order, &[line(sku, 1)])).await;
        // in one lane, of the amount due: payment.feature
        let amounts: &[i64] = if n == 2 { &[7] } else { &[10_000, 7] };
        for amount in amounts {
            let again =
                json!({"type": "approve_payment", "order_id": order, "settlements": [settled("card", *amount, "k")]});
            w.no(again, "approval_reused").await;
        }
        assert!(w.money(&order).await.is_empty(), "no row, no refund: it is another order's");
        w.ok(pay(&order, 10_000)).await;
        // late, too: on an order that is paid
        let again =
            json!({"type": "approve_payment", "order_id": order, "settlements": [settled("card", 10_000, "k")]});
        w.no(again, "approval_reused").await;
    }
    // a deposit's name
    for (order, sku) in [("o-d1", &a), ("o-d2", &b)] {
        let deposit = json!({"kind": "deposit", "method": "virtual_account"});
        w.ok(with(place(order, &[line(sku, 1)]), "payment", deposit)).await;
    }
    let arrives =
        |order: &str| with(with(on_order("confirm_deposit", order), "amount", json!(10_000)), "payment_id", json!("d"));
    w.ok(arrives("o-d1")).await;
    w.no(arrives("o-d2"), "approval_reused").await;
    w.ok(arrives("o-d1")).await; // told again
    // and one that the account was announced under, for both
    for (order, sku) in [("o-d3", &a), ("o-d4", &b), ("o-d5", &a)] {
        let deposit = json!({"kind": "deposit", "method": "virtual_account", "payment_id": "va"});
        w.ok(with(place(order, &[line(sku, 1)]), "payment", deposit)).await;
    }
    let arrives = |order: &str| with(on_order("confirm_deposit", order), "amount", json!(10_000));
    w.ok(arrives("o-d3")).await;
    for order in ["o-d4", "o-d5"] {
        w.no(arrives(order), "approval_reused").await;
    }
    // points: an account pays many times, a movement once
    let points = |movement: Value| {
        let mut paid = settled("points", 10_000, "u-1");
        if !movement.is_null() {
            paid["approval"]["movement_id"] = movement;
        }
        paid
    };
    w.ok(by("o-p1", &a, points(Value::Null))).await;
    w.ok(by("o-p2", &b, points(Value::Null))).await;
    w.ok(by("o-p3", &a, points(json!("m-1")))).await;
    w.no(by("o-p4", &b, points(json!("m-1"))), "approval_reused").await;
    w.ok(by("o-p4", &b, points(json!("m-2")))).await;
    // the same name by another means is another payment
    w.ok(by("o-m", &b, settled("bank_transfer", 10_000, "k"))).await;
    let entered = register(&w).await;
    assert_eq!(entered.iter().filter(|(id, _)| id == "k").count(), 2, "{entered:?}");
    assert_eq!(entered.len(), 10, "{entered:?}");
    w.done().await;
}

/// Of the kind: a race. Whoever is first, one of them is, and the other is refused, not failed.
pub async fn two_lanes_that_race_for_a_payment_make_one_order(on: On) {
    let mut w = two(on).await;
    let [a, b] = names();
    for n in 0..12 {
        let approval = format!("k-{n}");
        let bring = |order: String, sku: &str| by(&order, sku, settled("card", 10_000, &approval));
        let mut both = vec![(0, bring(format!("o-a{n}"), &a)), (1, bring(format!("o-b{n}"), &b))];
        // neighbours, whose business it is not
        both.push((0, paid(&format!("o-an{n}"), &[line(&a, 1)], 10_000)));
        both.push((1, paid(&format!("o-bn{n}"), &[line(&b, 1)], 10_000)));
        let answers = w.at_once(both).await;
        let mut told: Vec<Option<&str>> = answers[..2].iter().map(|a| a.reason.as_deref()).collect();
        told.sort_unstable();
        assert_eq!(told, [None, Some("approval_reused")], "{answers:?}");
        assert!(answers[2..].iter().all(|a| a.order_status.as_deref() == Some("ORDERED")), "{answers:?}");
    }
    let sold = w.stock(&a).await.2 + w.stock(&b).await.2;
    assert_eq!(sold, 36, "who lost has taken nothing");
    w.done().await;
}

/// Of the kind: a race between orders of one lane, in one batch.
pub async fn one_batch_gives_a_payment_to_one_order(on: On) {
    let mut w = two(on).await;
    let [a, b] = names();
    let all = (0..8).map(|n| (0, by(&format!("o-{n}"), &a, settled("card", 10_000, "k")))).collect();
    let answers = w.at_once(all).await;
    assert_eq!(answers.iter().filter(|a| a.reason.is_none()).count(), 1, "{answers:?}");
    // an order over both lanes that brings what is taken while it waits
    let both = [line(&a, 1), line(&b, 1)];
    let wide = |order: &str| {
        with(place(order, &both), "payment", json!({"kind": "approved", "settlements": [settled("card", 20_000, "w")]}))
    };
    let answers =
        w.at_once(vec![(0, wide("o-w1")), (0, wide("o-w2")), (0, by("o-w3", &a, settled("card", 10_000, "w")))]).await;
    assert_eq!(answers.iter().filter(|a| a.reason.is_none()).count(), 1, "{answers:?}");
    w.rest().await;
    let (sold_a, sold_b) = (w.stock(&a).await, w.stock(&b).await);
    // what the others took is back on the shelf
    assert!(sold_a.1 == 0 && sold_b.1 == 0 && sold_a.0 == 498 && sold_b.0 >= 499, "{sold_a:?} {sold_b:?}");
    w.done().await;
}

/// Of the kind: the register is what is believed, also where nobody remembers.
pub async fn a_reused_payment_is_refused_after_a_restart_too(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 10_000, 0, 50).await;
    w.ok(paid("o-1", &[line("A", 1)], 10_000)).await;
    w.ok(cancel("o-1", &[1])).await; // its money is on the way back: it is no other order's either
    w.restart().await;
    w.no(by("o-2", "A", settled("card", 10_000, "k-o-1")), "approval_reused").await;
    // the id of a placement that was refused is free, and so is its other payment
    w.ok(by("o-2", "A", settled("card", 10_000, "k-2"))).await;
    w.done().await;
}

/// Of the kind: the checker. Two orders with one payment, a register that lacks one, one that has too many.
pub async fn verify_is_red_where_the_register_is_not_the_histories(on: On) {
    for sql in [
        "UPDATE tb_sc_pay_rgst SET pay_amt = pay_amt + 1",
        "DELETE FROM tb_sc_pay_rgst WHERE ord_id = 'o-1'",
        "INSERT INTO tb_sc_pay_rgst SELECT 'stray', pay_mns_cd, ord_id, stlm_no, pay_amt, pay_dttm FROM tb_sc_pay_rgst WHERE ord_id = 'o-1'",
        "UPDATE tb_od_ord_hist SET evnt = replace(evnt, 'k-o-2', 'k-o-1') WHERE ord_id = 'o-2'",
    ] {
        let mut w = shop(on).await;
        w.sku("A", 10_000, 0, 50).await;
        w.ok(paid("o-1", &[line("A", 1)], 10_000)).await;
        w.ok(paid("o-2", &[line("A", 1)], 10_000)).await;
        w.rest().await;
        let clean = verify(w.store.clone(), None, Options::default()).await.unwrap();
        assert!(clean.holds(), "{:?}", clean.checks);
        w.outside(sql).await;
        let report = verify(w.store.clone(), None, Options::default()).await.unwrap();
        let promise = if sql.contains("replace") { "R8" } else { "R7" }; // one payment, two orders; rows beside the histories
        assert!(report.red().contains(&promise), "{sql}: {:?}", report.red());
    }
}

/// Of the kind: words and numbers that are kept apart.
pub async fn tokens_and_reasons_are_where_they_belong(on: On) {
    let mut w = two(on).await;
    w.store.lock(Vault::new(&"ab".repeat(32)).unwrap());
    let [a, b] = names();
    let with_token = |order: &str| {
        let mut paid = settled("card", 20_000, &format!("k-{order}"));
        paid["approval"]["token"] = "tok-secret".into();
        paid
    };
    let place_two = |order: &str, lines: Value| {
        with(
            json!({"type": "place_order", "order_id": order, "customer_id": "u-1", "lines": lines}),
            "payment",
            json!({"kind": "approved", "settlements": [with_token(order)]}),
        )
    };
    w.ok(place_two("o-1", json!([{"sku_id": a, "quantity": 2}]))).await;
    w.ok(place_two("o-2", json!([{"sku_id": a, "quantity": 1}, {"sku_id": b, "quantity": 1}]))).await; // over both lanes
    w.ok(place("o-3", &[line(&b, 2)])).await;
    w.ok(json!({"type": "approve_payment", "order_id": "o-3", "settlements": [with_token("o-3")]})).await;
    for (order, reason) in [("o-1", json!("변심")), ("o-2", Value::Null)] {
        let mut command = cancel(order, &[1]);
        if !reason.is_null() {
            command["reason"] = reason;
        }
        w.ok(command).await;
    }
    w.rest().await;
    let approvals = w.rows::<AprvRow>().await;
    assert_eq!(approvals.len(), 3);
    // sealed with personal data, and what came later has not taken it away
    assert!(approvals.iter().all(|r| r.aprv_tkn.is_none()), "{approvals:?}");
    let kept: Vec<PrsnRow> = w.rows::<PrsnRow>().await;
    let tokens = kept.iter().filter(|r| r.prsn_knd_cd == "TOKEN").map(|r| {
        let vault = w.store.vault().expect("a key");
        (r.ord_seq, vault.open(&r.ord_id, Secret::Token, r.acct_enc.as_deref().expect("sealed")).unwrap())
    });
    assert_eq!(tokens.collect::<Vec<_>>(), vec![(1, "tok-secret".to_owned()); 3]);
    assert!(w.rows::<HistRow>().await.iter().all(|h| !h.evnt.contains("tok-secret")));
    let reasons: Vec<Option<String>> =
        w.rows::<CnclRow>().await.iter().map(|c| c.cncl_rsn.as_deref().map(str::to_owned)).collect();
    assert_eq!(reasons, [Some("변심".to_owned()), None]);
    w.done().await;
}

/// Of the kind: deposits of one amount. By their names they are two, without any one that is told twice, whatever the command.
pub async fn deposits_of_one_amount_are_two_by_their_names(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 20_000, 0, 9).await;
    let awaited = json!({"kind": "deposit", "method": "bank_transfer"});
    let deposit = |order: &str, amount: i64, name: Option<&str>| {
        let said = with(on_order("confirm_deposit", order), "amount", amount.into());
        name.map_or(said.clone(), |name| with(said, "payment_id", name.into()))
    };
    for (order, [first, second], rows) in [
        ("o-1", [None, None], 1),
        ("o-2", [Some("d-1"), Some("d-2")], 2),
        ("o-3", [Some("d-3"), None], 2),
        ("o-4", [Some("d-4"), Some("d-4")], 1),
    ] {
        w.ok(with(place(order, &[line("A", 1)]), "payment", awaited.clone())).await;
        let taken = w.ok(deposit(order, 10_000, first)).await;
        assert_eq!((taken.reason.as_deref(), taken.facts.detail), (Some("amount_mismatch"), None), "{order}");
        let again = w.ok(deposit(order, 10_000, second)).await;
        let told = again.facts.detail.is_some_and(|d| d.contains("payment_id"));
        assert_eq!((again.reason.is_some(), told), (rows == 2, order == "o-1"), "{order}");
        // the one that is awaited, and what goes back
        let money: Vec<i64> = w.money(order).await.iter().map(|m| m.0).collect();
        assert_eq!(money, [vec![0], vec![10_000; rows]].concat(), "{order}");
    }
    w.ok(deposit("o-1", 20_000, None)).await;
    let again = w.ok(deposit("o-1", 20_000, None)).await;
    assert_eq!((again.reason.as_deref(), again.facts.detail.is_some()), (None, true), "{again:?}");
    w.done().await;
}
