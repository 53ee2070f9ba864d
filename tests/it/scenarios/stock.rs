//! Another system's writes, noticed while the server runs and while it does not.

use jumun::store::rows::LdgrRow;

use serde_json::json;

use super::{cancel, line, on_order, paid, place, shop};
use crate::support::world::On;

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

/// What was here before finds room on a full shelf, and so does what another system wrote: the checker bounds intake alone.
pub async fn what_comes_back_to_a_full_shelf_is_right(on: On) {
    const FULL: i64 = 1_000_000_000;
    let mut w = shop(on).await;
    w.sku("A", 1_000, 0, u32::try_from(FULL).unwrap()).await;
    w.ok(paid("o-1", &[line("A", 4)], 4_000)).await;
    let receive = |n: i64| json!({"type": "receive_stock", "sku_id": "A", "quantity": n});
    let adjust = |n: i64| json!({"type": "adjust_stock", "sku_id": "A", "quantity": n, "reason": "count"});
    w.ok(receive(4)).await;
    w.no(receive(1), "invalid").await;
    w.ok(cancel("o-1", &[1])).await;
    assert_eq!(w.stock("A").await, (FULL + 4, 0, 4));
    // held units leave their place to others' only as far as the sum goes
    w.ok(place("o-2", &[line("A", 9)])).await;
    w.ok(on_order("cancel_payment", "o-2")).await;
    w.no(adjust(1), "invalid").await;
    w.ok(adjust(-1)).await;
    w.rest().await;
    w.outside("UPDATE tb_pd_unt SET stck_qty = stck_qty + 1000000000 WHERE unt_id = 'A'").await;
    w.ok(place("o-3", &[line("A", 9)])).await;
    w.rest().await;
    w.ok(adjust(-FULL)).await;
    assert_eq!(w.stock("A").await, (FULL - 6, 9, 4));
    w.done().await;
}
