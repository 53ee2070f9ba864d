//! Goods that leave: what an older version wrote of them is known after an upgrade.

use jumun::store::rows::{GdsRow, LnkRow};
use serde_json::json;

use super::{line, on_order, paid, shop, with};
use crate::support::world::On;

/// Takes the schema back to what it was before goods had a time of leaving.
const BACK: &str = "ALTER TABLE tb_od_ord_gds DROP COLUMN ship_dttm;
    ALTER TABLE tb_od_ord_gds DROP COLUMN dlv_mthd_cd;
    ALTER TABLE tb_od_ord_gds DROP COLUMN stck_jdg_dttm;
    ALTER TABLE tb_od_ord_gds DROP COLUMN auto_cnfm_dttm;
    ALTER TABLE tb_od_wybl DROP COLUMN carr_nm;
    DELETE FROM _sqlx_migrations WHERE version = 11";

pub async fn what_left_before_an_upgrade_has_left_after_it(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 10_000, 0, 9).await;
    for (order, lines) in [("o-1", 1), ("o-2", 2), ("o-3", 1)] {
        let wanted = vec![line("A", 1); lines];
        w.ok(paid(order, &wanted, 10_000 * i64::try_from(lines).unwrap())).await;
        for kind in ["prepare", "use_own_stock", "complete_procurement"] {
            w.ok(on_order(kind, order)).await;
        }
    }
    // one line of two, by a waybill; a whole order, on its way; one not at all
    let waybill = json!([{"line_no": 2, "carrier": "cj", "waybill_no": "1", "quantity": 1}]);
    w.ok(with(with(on_order("ship", "o-2"), "lines", json!([2])), "waybills", waybill)).await;
    w.ok(with(on_order("ship", "o-1"), "in_transit", json!(true))).await;
    w.rest().await;
    let (goods, links) = (w.rows::<GdsRow>().await, w.rows::<LnkRow>().await);
    assert_eq!(goods.iter().filter(|g| g.ship_dttm.is_some()).count(), 2);
    w.upgraded(BACK).await;
    assert_eq!((w.rows::<GdsRow>().await, w.rows::<LnkRow>().await), (goods, links));
    // and goes on
    w.ok(on_order("mark_delivered", "o-2")).await;
    w.done().await;
}
