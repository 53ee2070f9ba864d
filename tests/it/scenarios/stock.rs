//! Stock: all or part, corrections, other systems' writes, the last unit.

use jumun::store::rows::{GdsRow, LdgrRow};
use serde_json::json;

use super::{cancel, line, on_order, paid, pay, place, shop, with};
use crate::support::world::On;

pub async fn all_or_nothing_and_part(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 1_000, 0, 5).await;
    w.sku("B", 2_000, 500, 1).await;
    let lines = [line("A", 2), line("B", 3)];
    w.no(place("o-1", &lines), "insufficient_stock").await;
    assert_eq!((w.stock("A").await, w.stock("B").await), ((5, 0, 0), (1, 0, 0)));
    w.ok(with(place("o-1", &lines), "allow_partial", json!(true))).await;
    assert_eq!((w.stock("A").await, w.stock("B").await), ((3, 2, 0), (0, 1, 0)));
    w.no(pay("o-1", 8_500), "amount_mismatch").await;
    w.ok(pay("o-1", 4_500)).await;
    // what is paid with the placement comes back for what is short
    w.ok(with(paid("o-2", &lines, 8_500), "allow_partial", json!(true))).await;
    assert_eq!(w.money("o-2").await, [(8_500, 2_000, 6_500, 0)]);
    w.no(with(place("o-3", &[line("B", 1)]), "allow_partial", json!(true)), "sold_out").await;
    w.done().await;
}

pub async fn a_gift_stays_when_its_main_line_is_sold_out(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 1_000, 0, 0).await;
    w.sku("B", 2_000, 0, 5).await;
    w.product("G", "t-A", "p-1", 0, 0, json!({"kind": "gift"})).await;
    w.unit("G", 5).await;
    let gift = with(line("G", 1), "main_line_no", json!(1));
    w.ok(with(place("o-1", &[line("A", 1), gift.clone(), line("B", 1)]), "allow_partial", json!(true))).await;
    assert_eq!((w.stock("G").await, w.stock("B").await), ((5, 0, 0), (4, 1, 0)));
    w.no(with(place("o-2", &[line("A", 1), gift]), "allow_partial", json!(true)), "sold_out").await;
    w.ok(pay("o-1", 2_000)).await;
    assert_eq!(w.rows::<GdsRow>().await[1].ord_stat_cd.as_ref(), "OUT_OF_STOCK");
    w.done().await;
}

pub async fn received_and_adjusted(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 1_000, 0, 5).await;
    let adjust = |n: i64| json!({"type": "adjust_stock", "sku_id": "A", "quantity": n, "reason": "실사"});
    w.ok(adjust(-2)).await;
    w.ok(place("o-1", &[line("A", 2)])).await;
    w.no(adjust(-2), "insufficient_stock").await;
    let told = w.ok(adjust(4)).await;
    assert_eq!((told.facts.stock[0].on_hand, told.facts.stock[0].position), (5, 4));
    w.no(adjust(0), "invalid").await;
    w.no(json!({"type": "receive_stock", "sku_id": "Z", "quantity": 1}), "unknown_sku").await;
    let ledger: Vec<_> = w
        .rows::<LdgrRow>()
        .await
        .into_iter()
        .map(|l| (l.mvmt_cd.to_string(), l.mvmt_qty, l.mvmt_rsn.map(|r| r.to_string()), l.stck_qty))
        .collect();
    let why = || Some("실사".to_owned());
    let expected = [
        ("RECEIVE".to_owned(), 5, None, 5),
        ("ADJUST".to_owned(), -2, why(), 3),
        ("HOLD".to_owned(), 2, None, 1),
        ("ADJUST".to_owned(), 4, why(), 5),
    ];
    assert_eq!(ledger, expected);
    w.done().await;
}

pub async fn another_systems_change_is_kept(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 1_000, 0, 5).await;
    w.outside("UPDATE tb_pd_unt SET stck_qty = stck_qty + 7 WHERE unt_id = 'A'").await;
    w.ok(place("o-1", &[line("A", 1)])).await; // it is noticed when this is committed
    w.rest().await;
    w.ok(place("o-2", &[line("A", 11)])).await;
    assert_eq!(w.stock("A").await, (0, 12, 0));
    let rows = w.rows::<LdgrRow>().await;
    let external: Vec<_> = rows.iter().filter(|l| &*l.mvmt_cd == "EXTERNAL").map(|l| l.stck_dlt).collect();
    assert_eq!(external, [7]);
    // and what is written while no server runs, when the SKU is next touched
    w.ok(on_order("cancel_payment", "o-2")).await;
    w.restart().await;
    w.outside("UPDATE tb_pd_unt SET stck_qty = stck_qty - 4 WHERE unt_id = 'A'").await;
    let told = w.no(place("o-3", &[line("A", 8)]), "insufficient_stock").await;
    assert_eq!(told.facts.available, Some(7));
    w.done().await;
}

pub async fn many_lines_of_one_sku(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 1_000, 0, 5).await;
    w.no(place("o-1", &[line("A", 3), line("A", 3)]), "insufficient_stock").await;
    w.ok(with(paid("o-1", &[line("A", 3), line("A", 3), line("A", 1)], 7_000), "allow_partial", json!(true))).await;
    assert_eq!(w.money("o-1").await, [(7_000, 5_000, 2_000, 0)]);
    assert_eq!(w.stock("A").await, (0, 0, 5));
    w.ok(cancel("o-1", &[2])).await;
    assert_eq!((w.stock("A").await.0, w.money("o-1").await), (2, vec![(7_000, 3_000, 4_000, 0)]));
    w.done().await;
}

pub async fn the_last_unit_is_sold_once_it_is_free(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 1_000, 0, 1).await;
    w.ok(place("o-1", &[line("A", 1)])).await;
    let told = w.no(place("o-2", &[line("A", 1)]), "sold_out").await;
    assert_eq!((told.facts.available, told.facts.position), (Some(0), Some(2)));
    w.ok(on_order("cancel_payment", "o-1")).await;
    w.ok(place("o-2", &[line("A", 1)])).await;
    w.no(place("o-3", &[line("A", 1)]), "sold_out").await;
    w.done().await;
}
