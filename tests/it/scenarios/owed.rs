//! What is owed, where a database is older than the program: amounts are corrected, and lines that kept no terms have those of
//! the day of the upgrade.

use jumun::store::rows::{FeeRow, GdsRow, OrdRow, PdGdsRow, RtnRow};
use serde_json::{Value, json};

use super::{cancel, hurried, judge, line, on_order, paid, pay, place, with};
use crate::support::world::{On, World};

/// What the migration does to data: all from there on.
fn corrections(on: On) -> &'static str {
    let file = match on {
        On::Memory => include_str!("../../../migrations/sqlite/0008_owed.sql"),
        On::Real => include_str!("../../../migrations/postgres/0008_owed.sql"),
    };
    let from = file.find("-- a placement that failed never was").expect("the corrections");
    &file[from..]
}

fn to(zip: &str) -> Value {
    json!({"name": "홍길동", "phone": "010-0000-0000", "zip": zip, "address": "어느 길 1"})
}

async fn orders(w: &World) -> Vec<OrdRow> {
    let mut rows = w.rows::<OrdRow>().await;
    rows.sort_by(|a, b| a.ord_id.cmp(&b.ord_id));
    rows
}

/// The kind: whatever was once written as what was ordered becomes what is owed, in every state that an order may be in.
pub async fn older_amounts_are_corrected(on: On) {
    let mut w = hurried(on, 2, 1_500).await;
    let lane = |wanted| {
        (0..).map(|n| format!("S{n}")).find(|s| jumun::log::crc16::partition_of(s, 2) == wanted).expect("a name")
    };
    let (a, b) = (lane(0), lane(1));
    w.sku(&a, 10_000, 3_000, 20).await;
    w.sku(&b, 20_000, 0, 1).await;
    // expired, and one that never was: another lane has not enough
    w.ok(with(place("o-exp", &[line(&a, 1)]), "recipient", to("63100"))).await;
    w.no(place("o-never", &[line(&a, 1), line(&b, 9)]), "insufficient_stock").await;
    w.becomes("o-exp", "PAYMENT_EXPIRED").await;
    // paid and short, cut, cancelled, wholly cancelled, moved, returned, given up
    let part = with(paid("o-part", &[line(&a, 1), line(&b, 2)], 53_000), "allow_partial", true.into());
    w.ok(part).await;
    w.rest().await;
    w.ok(paid("o-cut", &[line(&a, 3)], 33_000)).await;
    w.ok(judge("o-cut", &[(1, 1)])).await;
    w.ok(paid("o-gone", &[line(&a, 1)], 13_000)).await;
    w.ok(cancel("o-gone", &[1])).await;
    w.ok(with(paid("o-jeju", &[line(&a, 1)], 16_000), "recipient", to("63100"))).await;
    for zip in ["40200", "06000", "63100"] {
        w.ok(with(on_order("set_shipping_address", "o-jeju"), "recipient", to(zip))).await;
    }
    w.ok(paid("o-back", &[line(&a, 2)], 23_000)).await;
    for step in ["prepare", "use_own_stock", "complete_procurement"] {
        w.ok(on_order(step, "o-back")).await;
    }
    w.ok(with(on_order("ship", "o-back"), "in_transit", true.into())).await;
    let back = json!({"type": "request_return", "order_id": "o-back", "lines": [{"line_no": 1, "quantity": 1}],
        "reason": "change_of_mind", "fault": "buyer"});
    w.ok(back.clone()).await;
    w.ok(with(on_order("withdraw_return", "o-back"), "claim_group", 1.into())).await;
    w.ok(back).await;
    w.ok(place("o-quit", &[line(&a, 1)])).await;
    w.ok(on_order("cancel_payment", "o-quit")).await;
    w.rest().await;
    let right = orders(&w).await;
    let said: Vec<(&str, i64, i64)> = right.iter().map(|o| (&*o.ord_id, o.ord_amt, o.due_amt)).collect();
    let told = [
        ("o-back", 13_000, 0),
        ("o-cut", 13_000, 0),
        ("o-exp", 0, 0),
        ("o-gone", 0, 0),
        ("o-jeju", 16_000, 3_000),
        ("o-never", 0, 0),
        ("o-part", 33_000, 0),
        ("o-quit", 0, 0),
    ];
    assert_eq!(said, told);
    assert!(right.iter().all(|o| o.pay_ddln_dttm.is_some() == matches!(&*o.ord_id, "o-exp" | "o-quit")));
    // as they were written before
    w.outside(
        "UPDATE tb_od_ord SET ord_amt = gds_amt - dscnt_amt + dlv_fee_amt + 7, due_amt = 0, \
         pay_ddln_dttm = coalesce(pay_ddln_dttm, rcpt_dttm)",
    )
    .await;
    w.outside("UPDATE tb_od_ord SET dlv_fee_amt = dlv_fee_amt + 5 WHERE ord_id <> 'o-never'").await;
    assert_ne!(orders(&w).await, right);
    w.outside(corrections(on)).await;
    assert_eq!(orders(&w).await, right);
    w.done().await;
}

/// A line without terms is sent back for what its product cost on the day of the upgrade; one with terms for what it was placed
/// with. Both through a restart, and whatever the price list says since.
pub async fn older_lines_have_the_terms_of_the_upgrade(on: On) {
    let mut w = hurried(on, 1, 600_000).await;
    w.sku("A", 10_000, 3_000, 20).await;
    for order in ["o-old", "o-new"] {
        w.ok(paid(order, &[line("A", 1)], 13_000)).await;
        for step in ["prepare", "use_own_stock", "complete_procurement"] {
            w.ok(on_order(step, order)).await;
        }
        w.ok(with(on_order("ship", order), "in_transit", true.into())).await;
    }
    let lines = w.rows::<GdsRow>().await;
    assert!(lines.iter().all(|l| (l.indv_dlv_fee, l.bndl_yn, l.free_dlv_yn) == (Some(3_000), true, false)));
    w.rest().await;
    // as an older program would have left it
    w.outside(
        "UPDATE tb_od_ord_hist SET evnt = replace(evnt, '\"shipping\":{\"fee\":3000,\"bundled\":true},', '') \
         WHERE ord_id = 'o-old' AND hist_no = 1",
    )
    .await;
    w.outside("UPDATE tb_od_ord_gds SET indv_dlv_fee = NULL, bndl_yn = false WHERE ord_id = 'o-old'").await;
    w.outside("UPDATE tb_pd_gds SET kept_dlv_fee = 4000, kept_bndl_yn = true").await;
    w.restart().await;
    w.ok(json!({"type": "update_product", "product_id": "A", "delivery_fee": 9_000})).await;
    let kept: Vec<_> = w.rows::<PdGdsRow>().await.iter().map(|p| (p.dlv_fee, p.kept_dlv_fee)).collect();
    assert_eq!(kept, [(9_000, Some(4_000))]);
    for (order, fee) in [("o-old", 4_000), ("o-new", 3_000)] {
        w.ok(json!({"type": "request_return", "order_id": order, "lines": [{"line_no": 1, "quantity": 1}],
            "reason": "change_of_mind", "fault": "buyer"}))
            .await;
        let rows = w.rows::<RtnRow>().await;
        let row = rows.iter().find(|r| *r.ord_id == *order).expect("a return");
        assert_eq!(row.excl_amt, fee, "{order}");
    }
    let fees: Vec<i64> =
        w.rows::<FeeRow>().await.iter().filter(|f| &*f.fee_knd_cd == "RETURN").map(|f| f.fee_amt).collect();
    assert_eq!(fees.iter().sum::<i64>(), 7_000);
    // its event in the stream is not what an older version would have written: the checker would say so
    w.asked_again().await;
}

/// The kind: an answer that told what is owed tells the same again, whatever has become of the order; `done` asks everything again,
/// of a server that starts over and of one that knows nothing but the store.
pub async fn what_is_owed_is_told_again(on: On) {
    let mut w = hurried(on, 2, 600_000).await;
    let lane = |wanted| {
        (0..).map(|n| format!("S{n}")).find(|s| jumun::log::crc16::partition_of(s, 2) == wanted).expect("a name")
    };
    let (a, b) = (lane(0), lane(1));
    w.sku(&a, 10_000, 3_000, 20).await;
    w.sku(&b, 20_000, 0, 3).await;
    let owed = |answer: &jumun::protocol::Answer| {
        let f = &answer.facts;
        (f.total.map(|w| w.get()), f.due.map(|w| w.get()), f.deadline.is_some())
    };
    let unpaid = w.ok(with(place("o-1", &[line(&a, 1)]), "recipient", to("63100"))).await;
    assert_eq!(owed(&unpaid), (Some(16_000), Some(16_000), true));
    // over lanes the answer comes with the last lane's word, and without what was short
    let far = w.ok(with(place("o-2", &[line(&a, 1), line(&b, 5)]), "allow_partial", true.into())).await;
    assert_eq!(owed(&far), (Some(73_000), Some(73_000), true));
    let moved = w.ok(with(on_order("set_shipping_address", "o-1"), "recipient", to("06000"))).await;
    assert_eq!(owed(&moved), (Some(13_000), Some(13_000), true));
    let payment = w.ok(pay("o-1", 13_000)).await;
    assert_eq!(owed(&payment), (None, None, false));
    let debt = w.ok(with(on_order("set_shipping_address", "o-1"), "recipient", to("40200"))).await;
    assert_eq!(owed(&debt), (Some(18_000), Some(5_000), false));
    let gone = w.ok(cancel("o-1", &[1])).await;
    assert_eq!(owed(&gone), (Some(0), Some(0), false));
    w.ok(pay("o-2", 73_000)).await;
    w.done().await;
}
