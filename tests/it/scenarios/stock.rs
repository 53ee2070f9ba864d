//! Another system's writes, noticed while the server runs and while it does not.

use jumun::store::rows::LdgrRow;

use super::{line, on_order, place, shop};
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
