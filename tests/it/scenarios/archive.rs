//! 보관: orders that have ended lie in the archive, whole; they read as before, take nothing more, and count as before.

use std::{collections::BTreeMap, sync::Arc};

use chrono::TimeDelta;
use jumun::{
    clock::{Clock as _, RealClock},
    domain::ids::OrderId,
    protocol::{Answer, OutcomeKind},
    store::{
        Store, StoreError,
        archive::{Moving, WITH_ORDER},
        rows::{HistRow, LdgrRow, OrdRow, PrsnRow},
    },
    tools::{
        archive::{self, ArchiveReport, ArchiveRequest},
        verify::{Options, verify},
    },
};
use serde_json::{Value, json};

use super::{ALL_THE_WAY, cancel, go, line, on_order, paid, place, refunded, settled, with};
use crate::support::world::{On, Setup, World};

/// Everything that has ended by now.
async fn archive(w: &World) -> ArchiveReport {
    archive_older(w, -1).await
}

/// What has not changed for so many hours.
async fn archive_older(w: &World, hours: i64) -> ArchiveReport {
    let at = RealClock.now();
    archive::run(&*w.store, ArchiveRequest { before: at - TimeDelta::hours(hours), at, dry_run: false }).await.unwrap()
}

async fn holds(w: &World) -> u64 {
    w.rest().await;
    let options = Options { page: 3, settle: std::time::Duration::from_secs(10), ..Options::default() };
    let report = verify(w.store.clone(), Some(Arc::clone(&w.log)), options).await.unwrap();
    for c in report.checks.iter().filter(|c| c.violated > 0) {
        println!("{} violated {} times: {:#?}", c.id, c.violated, c.violations);
    }
    assert!(report.holds(), "{:?}", report.red());
    report.archived
}

/// SKUs of three lanes; the first lane is home.
async fn stocked(on: On) -> (World, [String; 3]) {
    let mut w = World::open(on, Setup { partitions: 3, ..Setup::default() }).await;
    let lane = |wanted| {
        (0..).map(|n| format!("S{n}")).find(|s| jumun::log::crc16::partition_of(s, 3) == wanted).expect("a name")
    };
    let skus = [lane(0), lane(1), lane(2)];
    for sku in &skus {
        w.sku(sku, 10_000, 0, 50).await;
    }
    (w, skus)
}

fn review(order: &str) -> Value {
    json!({"type": "write_review", "order_id": order, "actor": "buyer:u-1", "line_no": 1, "rating": 5, "text": "좋아요"})
}

/// Orders that end in every way, over one lane and over several, and as many that something may still happen to.
async fn orders(w: &mut World, [a, b, c]: &[String; 3]) {
    let someone = json!({"name": "홍길동", "phone": "010-0000-0000", "zip": "06236", "address": "어느 길 1"});
    w.ok(with(paid("e-kept", &[line(a, 2)], 20_000), "recipient", someone)).await;
    go(w, "e-kept", &ALL_THE_WAY).await;
    w.ok(review("e-kept")).await;
    w.ok(paid("e-lanes", &[line(a, 1), line(b, 2), line(c, 3)], 60_000)).await;
    go(w, "e-lanes", &ALL_THE_WAY).await;
    w.ok(paid("e-gone", &[line(a, 1), line(b, 1)], 20_000)).await;
    w.ok(cancel("e-gone", &[1, 2])).await;
    w.ok(refunded("e-gone")).await;
    w.ok(place("e-quit", &[line(a, 1)])).await;
    w.ok(on_order("cancel_payment", "e-quit")).await;
    w.no(place("e-never", &[line(a, 1), line(b, 999)]), "insufficient_stock").await;
    w.ok(paid("e-back", &[line(a, 1)], 10_000)).await;
    go(w, "e-back", &ALL_THE_WAY[..5]).await;
    for (step, more) in [
        ("request_return", json!({"lines": [{"line_no": 1, "quantity": 1}], "reason": "defect", "fault": "seller"})),
        ("approve_return", json!({"claim_group": 1})),
        ("collect_return", json!({"claim_group": 1})),
        ("complete_return", json!({"claim_group": 1})),
    ] {
        let mut command = on_order(step, "e-back");
        command.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        w.ok(command).await;
    }
    w.ok(refunded("e-back")).await;
    // open
    w.ok(place("o-unpaid", &[line(a, 1)])).await;
    w.ok(paid("o-paid", &[line(a, 1), line(c, 1)], 20_000)).await;
    w.ok(paid("o-delivered", &[line(a, 1)], 10_000)).await;
    go(w, "o-delivered", &ALL_THE_WAY[..5]).await;
    w.ok(paid("o-refund", &[line(a, 1)], 10_000)).await;
    w.ok(cancel("o-refund", &[1])).await;
    w.rest().await;
}

const ENDED: [&str; 6] = ["e-back", "e-gone", "e-kept", "e-lanes", "e-never", "e-quit"];

fn id(order: &str) -> OrderId {
    OrderId::stored(order)
}

/// What can be read of an order.
async fn read(w: &World, order: &str) -> String {
    let store = &w.store;
    let (one, this) = ([id(order)], id(order));
    let rows = store.rows_of_orders(&one).await.unwrap();
    let told = serde_json::to_string(&w.timeline(order).await).unwrap();
    let histories = store.orders(&one).await.unwrap();
    let (notes, approvals) = (store.order_notes(&this).await.unwrap(), store.approvals(&this).await.unwrap());
    let persons = store.persons(&one).await.unwrap();
    format!("{rows:?}\n{told}\n{histories:?}\n{notes:?}\n{approvals:?}\n{persons:?}")
}

/// The kind: whatever way an order ended, over however many lanes, it goes as a whole, and nobody who reads sees a difference.
pub async fn what_has_ended_is_moved_whole_and_reads_as_before(on: On) {
    let (mut w, skus) = stocked(on).await;
    orders(&mut w, &skus).await;
    holds(&w).await;
    let mut before = BTreeMap::new();
    for order in ENDED {
        before.insert(order, read(&w, order).await);
    }
    let ledger = w.store.ledger(&jumun::domain::ids::SkuId::stored(&skus[0]), None, 500).await.unwrap();
    let balances = [w.stock(&skus[0]).await, w.stock(&skus[1]).await, w.stock(&skus[2]).await];
    assert_eq!(archive_older(&w, 1).await.orders, 0, "nothing is old enough");
    let dry = ArchiveRequest { before: RealClock.now() + TimeDelta::hours(1), at: RealClock.now(), dry_run: true };
    assert_eq!(archive::run(&*w.store, dry).await.unwrap().orders, 6, "a dry run counts");
    assert_eq!(w.rows::<OrdRow>().await.len(), 10, "and moves nothing");

    let report = archive(&w).await;
    assert_eq!((report.orders, report.kept.get("something is open")), (6, Some(&1)), "{report:?}");
    assert!(report.rows > 60 && report.ledger_rows > 10, "{report:?}");
    let left: Vec<String> = w.rows::<OrdRow>().await.iter().map(|r| r.ord_id.to_string()).collect();
    assert!(left.iter().all(|order| order.starts_with("o-")) && left.len() == 4, "{left:?}");
    for order in ENDED {
        assert_eq!(read(&w, order).await, before[order], "{order}");
    }
    let after = w.store.ledger(&jumun::domain::ids::SkuId::stored(&skus[0]), None, 500).await.unwrap();
    assert_eq!(after, ledger, "the ledger reads as before");
    assert_eq!(w.rows::<LdgrRow>().await.len(), 3, "each SKU keeps its last row");
    assert_eq!([w.stock(&skus[0]).await, w.stock(&skus[1]).await, w.stock(&skus[2]).await], balances);
    let live: Vec<HistRow> = w.rows::<HistRow>().await;
    let stubs = live.iter().filter(|r| r.archived());
    assert!(stubs.clone().all(|r| r.evnt.len() == 2 && r.ansr.is_none()), "what stays says nothing");
    assert_eq!(
        w.rows::<PrsnRow>().await.iter().filter(|p| &*p.ord_id == "e-kept").count(),
        2,
        "apart, until destroyed"
    );
    assert_eq!(holds(&w).await, 6);
    assert_eq!(archive(&w).await.orders, 0, "once");
    // sold units of archived orders count, and goods are sold on
    w.ok(paid("o-next", &[line(&skus[0], 1), line(&skus[1], 1)], 20_000)).await;
    go(&mut w, "o-delivered", &["confirm_purchase"]).await;
    assert_eq!(archive(&w).await.orders, 1);
    assert_eq!(holds(&w).await, 7);
    w.done().await;
}

/// The kind: whatever comes late to an archived order is told clearly, and what its ids stood for they stand for still.
pub async fn what_comes_late_to_an_archived_order_changes_nothing(on: On) {
    let (mut w, skus) = stocked(on).await;
    let [a, b, _] = &skus;
    orders(&mut w, &skus).await;
    archive(&w).await;
    w.restart().await;
    let said: Answer = w.no(review("e-kept"), "order_archived").await;
    assert_eq!(said.order_status.as_deref(), Some("PURCHASE_CONFIRMED"));
    w.no(cancel("e-lanes", &[1]), "order_archived").await;
    w.no(with(on_order("confirm_refund", "e-gone"), "refund_key", "rf:e-gone:1".into()), "order_archived").await;
    w.no(with(review("e-kept"), "actor", "buyer:u-9".into()), "forbidden").await;
    // ids: of the order, of its payment, of its commands
    for order in ["e-kept", "e-lanes", "e-quit"] {
        w.no(paid(order, &[line(a, 1)], 10_000), "duplicate_order").await;
        w.no(place(order, &[line(a, 1)]), "duplicate_order").await;
        w.no(with(place(order, &[line(a, 1)]), "actor", "buyer:u-1".into()), "duplicate_order").await;
    }
    w.no(place("e-never", &[line(a, 1)]), "duplicate_order").await;
    let mut stolen = paid("o-thief", &[line(b, 1)], 10_000);
    stolen["payment"]["settlements"][0]["approval"]["approval_id"] = "k-e-lanes".into();
    w.no(stolen, "approval_reused").await;
    let first = w.store.orders(&[id("e-lanes")]).await.unwrap()[0][0].cmd_id.to_string();
    for command in [
        place("o-other", &[line(b, 1)]),
        json!({"type": "receive_stock", "sku_id": b, "quantity": 1}),
        cancel("o-paid", &[1]),
    ] {
        w.no(with(command, "id", first.as_str().into()), "command_id_reused").await;
    }
    assert_eq!(holds(&w).await, 6);
    // and after a start, with nothing in memory
    w.restart().await;
    w.no(with(place("o-other", &[line(b, 1)]), "id", first.as_str().into()), "command_id_reused").await;
    w.no(place("e-kept", &[line(b, 1)]), "duplicate_order").await;
    w.no(review("e-back"), "order_archived").await;
    assert_eq!(holds(&w).await, 6);
    // which order a reused id was sent for, an answer says or not: asking all of it again is another scenario's
    drop(w);
}

/// A lane that has the order in memory, and knows nothing of the archive, can't go on with it.
pub async fn a_lane_that_remembers_an_archived_order_does_not_go_on_with_it(on: On) {
    let (mut w, skus) = stocked(on).await;
    for n in 0..3 {
        let order = format!("e-{n}");
        w.ok(paid(&order, &[line(&skus[0], 1)], 10_000)).await;
        go(&mut w, &order, &ALL_THE_WAY).await;
    }
    w.rest().await;
    assert_eq!(archive(&w).await.orders, 3);
    // what memory would take: a neighbour in the same batch is decided all the same
    let late =
        json!({"type": "approve_payment", "order_id": "e-0", "settlements": [settled("card", 10_000, "k-late")]});
    let answers = w.at_once(vec![(0, late), (0, paid("o-beside", &[line(&skus[0], 1)], 10_000))]).await;
    assert_eq!(answers[0].reason.as_deref(), Some("order_archived"));
    assert_eq!(answers[1].outcome, OutcomeKind::Accepted);
    w.no(review("e-2"), "order_archived").await;
    assert_eq!(holds(&w).await, 3);
    w.done().await;
}

/// An order that went on after it was looked at stays, and its neighbours go without it.
pub async fn an_order_that_goes_on_meanwhile_stays(on: On) {
    let (mut w, skus) = stocked(on).await;
    for order in ["e-1", "e-2"] {
        w.ok(paid(order, &[line(&skus[0], 1)], 10_000)).await;
        go(&mut w, order, &ALL_THE_WAY).await;
    }
    w.rest().await;
    let version = w.order("e-1").await.ord_ver;
    w.ok(review("e-1")).await;
    w.rest().await;
    let rows = |w: &World| {
        let store = Arc::clone(&w.store);
        async move { everything(&store).await }
    };
    let before = rows(&w).await;
    let stale = [Moving { order: id("e-1"), version }, Moving { order: id("e-2"), version }];
    let refused = w.store.archive_orders(&stale, RealClock.now()).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    assert_eq!(rows(&w).await, before, "nothing was moved");
    w.store.archive_orders(&stale[1..], RealClock.now()).await.unwrap();
    assert_eq!(holds(&w).await, 1);
    assert_eq!(archive(&w).await.orders, 1);
    w.done().await;
}

/// All rows of the tables that go with orders.
async fn everything(store: &Arc<dyn Store>) -> String {
    let mut all = String::new();
    for with in &WITH_ORDER {
        all.push_str(&format!("{}: {:?}\n", with.table.name, store.page(with.table, None, 10_000).await.unwrap()));
    }
    all
}

/// The kind: whoever else still has to do with an ended order keeps it where it is: a step that waits, a reservation that is not
/// settled, an order that is linked with it.
pub async fn an_order_that_another_lane_or_order_needs_stays(on: On) {
    let (mut w, skus) = stocked(on).await;
    w.ok(paid("e-lanes", &[line(&skus[0], 1), line(&skus[1], 2)], 30_000)).await;
    go(&mut w, "e-lanes", &ALL_THE_WAY).await;
    w.rest().await;
    let kept = |report: &ArchiveReport, why: &str| (report.orders, report.kept.get(why).copied());
    let at_work = "another lane is at work on it";
    w.outside("INSERT INTO tb_sy_otbx (otbx_id, prtn_no, to_prtn_no, cmd, otbx_dttm) \
        SELECT 'step-by-hand', 0, 1, '{\"order_id\":\"' || ord_id || '\"}', rcpt_dttm FROM tb_od_ord WHERE ord_id = 'e-lanes'").await;
    assert_eq!(kept(&archive(&w).await, at_work), (0, Some(1)));
    w.outside("DELETE FROM tb_sy_otbx WHERE otbx_id = 'step-by-hand'").await;
    w.outside("UPDATE tb_sy_rsv SET rsv_stat_cd = 'HELD' WHERE ord_id = 'e-lanes'").await;
    assert_eq!(kept(&archive(&w).await, at_work), (0, Some(1)));
    w.outside("UPDATE tb_sy_rsv SET rsv_stat_cd = 'TAKEN' WHERE ord_id = 'e-lanes'").await;
    assert_eq!(archive(&w).await.orders, 1);
    // a purchase order (매입주문) that outlives what it was made for
    w.ok(json!({"type": "create_partner", "partner_id": "r-1", "name": "r-1", "kind": "retailer"})).await;
    let far = (0..).map(|n| format!("R{n}")).find(|s| jumun::log::crc16::partition_of(s, 3) == 1).expect("a name");
    w.ok(json!({"type": "create_sku", "sku_id": far, "product_id": skus[0], "option_name": "o", "holder_id": "r-1"}))
        .await;
    w.ok(json!({"type": "receive_stock", "sku_id": far, "quantity": 9})).await;
    w.ok(paid("e-for", &[line(&skus[0], 1)], 10_000)).await;
    w.ok(on_order("prepare", "e-for")).await;
    w.ok(json!({"type": "purchase_from_partner", "order_id": "e-for", "partner_id": "r-1",
        "lines": [{"line_no": 1, "sku_id": far}]}))
        .await;
    w.rest().await;
    let child =
        w.rows::<OrdRow>().await.iter().find(|r| r.prnt_ord_id.is_some()).expect("it was made").ord_id.to_string();
    go(&mut w, &child, &ALL_THE_WAY[..3]).await;
    w.rest().await;
    go(&mut w, "e-for", &ALL_THE_WAY[3..]).await;
    w.rest().await;
    assert_eq!(w.order("e-for").await.ord_stat_cd, "PURCHASE_CONFIRMED");
    let linked = "an order that it is linked with is open";
    assert_eq!(kept(&archive(&w).await, linked), (0, Some(1)));
    go(&mut w, &child, &ALL_THE_WAY[3..]).await;
    w.rest().await;
    assert_eq!(archive(&w).await.orders, 2, "both, once both have ended");
    assert_eq!(holds(&w).await, 3);
    w.done().await;
}

/// The copy is compared before anything goes: what another hand (a trigger) makes of it on its way is found, and nothing is moved.
pub async fn a_copy_that_is_not_the_same_moves_nothing(on: On) {
    let (mut w, skus) = stocked(on).await;
    w.ok(paid("e-1", &[line(&skus[0], 1)], 10_000)).await;
    go(&mut w, "e-1", &ALL_THE_WAY).await;
    w.rest().await;
    let (meddle, stop) = match on {
        On::Memory => (
            "CREATE TRIGGER meddle AFTER INSERT ON tb_od_ord_gds_arch BEGIN \
             UPDATE tb_od_ord_gds_arch SET sl_upr = sl_upr + 1 WHERE ord_id = NEW.ord_id; END; \
             UPDATE tb_sy_meta SET value = value",
            "DROP TRIGGER meddle; UPDATE tb_sy_meta SET value = value",
        ),
        On::Real => (
            "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN NEW.sl_upr := NEW.sl_upr + 1; RETURN NEW; END $$; \
             CREATE TRIGGER meddle BEFORE INSERT ON tb_od_ord_gds_arch FOR EACH ROW EXECUTE FUNCTION meddle(); \
             UPDATE tb_sy_meta SET value = value",
            "DROP TRIGGER meddle ON tb_od_ord_gds_arch; UPDATE tb_sy_meta SET value = value",
        ),
    };
    let before = everything(&w.store).await;
    w.outside(meddle).await;
    let at = RealClock.now();
    let asked = ArchiveRequest { before: at + TimeDelta::hours(1), at, dry_run: false };
    let refused = archive::run(&*w.store, asked).await;
    assert!(matches!(&refused, Err(StoreError::Unusable(why)) if why.contains("order e-1")), "{refused:?}");
    assert_eq!(everything(&w.store).await, before);
    assert_eq!(holds(&w).await, 0);
    w.outside(stop).await;
    assert_eq!(archive(&w).await.orders, 1);
    w.done().await;
}
