//! 파기: personal data goes by itself once nobody may need it, orders that nobody confirmed included.

use std::{cell::Cell, collections::HashSet, sync::Arc, time::Duration};

use chrono::TimeDelta;
use jumun::{
    clock::{Clock, RealClock},
    domain::{Time, catalog::Policy, ids::OrderId},
    erasure::{parcels, reword},
    protocol::event::publish,
    retention::{
        RetentionTerms, days,
        sweep::{DESTROYED, Sweep},
    },
    store::{
        AdminStore,
        admin::HookLetterRow,
        rows::{HistRow, PrsnRow},
    },
    tools::archive::{self, ArchiveRequest},
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{ALL_THE_WAY, cancel, go, line, on_order, paid, place, refunded, with};
use crate::support::{
    everything,
    world::{On, Setup, World},
};

const SKU: &str = "S";
const NAME: &str = "홍길동";
/// What somebody wrote about somebody, in orders that are at rest, and in those that are not.
const WORDS: &str = "김말자네 옆집";
const STAYS: &str = "김말순네 윗집";

fn to_someone(order: Value) -> Value {
    with(order, "recipient", json!({"name": NAME, "phone": "010-0000-0000", "zip": "06236", "address": "어느 길 1"}))
}

/// A paid order of somebody's that goes through these.
async fn goes(w: &mut World, order: &str, steps: &[&str]) {
    w.ok(to_someone(paid(order, &[line(SKU, 1)], 13_000))).await;
    go(w, order, steps).await;
}

/// Who is kept of: the orders.
async fn kept(w: &World) -> Vec<String> {
    let mut orders: Vec<String> = w.rows::<PrsnRow>().await.iter().map(|r| r.ord_id.to_string()).collect();
    orders.sort();
    orders.dedup();
    orders
}

/// The tables, live and archived, that hold a text.
async fn found(w: &World, text: &str) -> Vec<String> {
    let all = everything::tables(w.url()).await;
    all.into_iter().filter(|(_, rows)| rows.contains(text)).map(|(table, _)| table).collect()
}

/// A refund that does not come, for a reason in words.
fn failed(order: &str) -> Value {
    let mut failed = with(refunded(order), "reason", WORDS.into());
    failed["type"] = "fail_refund".into();
    failed
}

/// A letter with all of an order's events, which a webhook's receiver would not have.
async fn parcel(w: &World, order: &str) -> String {
    let history = w.store.orders(&[OrderId::stored(order)]).await.unwrap().remove(0);
    let told = |r: &HistRow| publish(order, r.hist_no, r.evnt_ver, r.hist_dttm, &r.cmd_id, &r.evnt);
    let events: Vec<String> = history.iter().map(told).collect();
    let letter = HookLetterRow {
        ltr_id: "00000000000001-1".into(),
        hook_id: "mail".into(),
        prtn_no: 0,
        pcl_id: "0/1-1".into(),
        evnts: format!("[{}]", events.join(",")).into(),
        fail_rsn: "410".into(),
        try_cnt: 5,
        ltr_dttm: RealClock.now(),
    };
    w.store.hook_letter(&letter).await.unwrap();
    letter.ltr_id.to_string()
}

/// Two people's words leave one failed delivery at the same time: neither erasure brings back what the other took out.
pub async fn two_who_are_erased_at_once_are_both_gone_from_a_failed_delivery(on: On) {
    let w = World::open(on, Setup::default()).await;
    let cut = |order: &str, reason: &str| json!({"order_id": order, "event": {"type": "cut", "reason": reason}});
    let letter = HookLetterRow {
        ltr_id: "00000000000001-1".into(),
        hook_id: "mail".into(),
        prtn_no: 0,
        pcl_id: "0/1-1".into(),
        evnts: json!([cut("o-1", WORDS), cut("o-2", STAYS)]).to_string().into(),
        fail_rsn: "410".into(),
        try_cnt: 5,
        ltr_dttm: RealClock.now(),
    };
    w.store.hook_letter(&letter).await.unwrap();
    let (store, first): (&dyn AdminStore, _) = (&*w.store, Cell::new(true));
    // between the look at the letter and its change the other erasure changes it
    let without = |events: String| {
        let other = first.replace(false);
        async move {
            if other {
                parcels(store, &HashSet::from(["o-2".to_owned()]), &mut 0).await?;
            }
            Ok(events.contains(WORDS).then(|| events.replace(WORDS, "")))
        }
    };
    assert!(reword(store, letter.clone(), without).await.unwrap());
    let now = w.store.hook_letter_of("mail", &letter.ltr_id).await.unwrap().unwrap();
    assert_eq!(*now.evnts, *json!([cut("o-1", ""), cut("o-2", "")]).to_string());
    w.done().await;
}

/// A clock that is days ahead.
struct Ahead(TimeDelta);

impl Clock for Ahead {
    fn now(&self) -> Time {
        RealClock.now() + self.0
    }
}

/// A round of the sweep, so many days from now.
async fn round(w: &World, after: i64, term: u64) -> u64 {
    let clock = Arc::new(Ahead(TimeDelta::days(after)));
    let terms = RetentionTerms { persons: Some(days(term)), ..RetentionTerms::default() };
    let sweep = Sweep { store: w.store.clone(), clock, terms, stop: CancellationToken::new() };
    sweep.round().await.unwrap().orders
}

/// The kind: an order that is at rest for so long, however it came there, needs nobody; one that anything may still happen to
/// does, however old it is.
pub async fn whoever_is_not_needed_any_more_is_destroyed(on: On) {
    let window = Duration::from_millis(700);
    let policy = Policy { payment_window: window, ..Policy::default() };
    let mut w = World::open(on, Setup { policy, ..Setup::default() }).await;
    w.sku(SKU, 10_000, 3_000, 50).await;
    let claim = |order: &str, kind: &str| {
        let mut claim = with(on_order(kind, order), "reason", "defect".into());
        claim["fault"] = "seller".into();
        match kind {
            "request_return" => claim["lines"] = json!([{"line_no": 1, "quantity": 1}]),
            _ => (claim["line_no"], claim["quantity"]) = (1.into(), 1.into()),
        }
        claim
    };
    let came = &ALL_THE_WAY[..5];
    // at rest
    w.ok(to_someone(place("a-expired", &[line(SKU, 1)]))).await;
    goes(&mut w, "a-confirmed", &ALL_THE_WAY).await;
    goes(&mut w, "a-never-confirmed", came).await;
    goes(&mut w, "a-sent-and-never-reported", &ALL_THE_WAY[..4]).await;
    goes(&mut w, "a-refunded", &[]).await;
    w.ok(with(cancel("a-refunded", &[1]), "reason", WORDS.into())).await;
    w.ok(failed("a-refunded")).await;
    w.ok(refunded("a-refunded")).await;
    // of somebody who gave no address: nothing but words is kept
    w.ok(paid("a-words", &[line(SKU, 1)], 13_000)).await;
    w.ok(with(cancel("a-words", &[1]), "reason", WORDS.into())).await;
    w.ok(refunded("a-words")).await;
    // and words that no row but the history's has
    w.ok(place("a-words-in-history", &[line(SKU, 1)])).await;
    let declined = with(on_order("decline_payment", "a-words-in-history"), "reason", WORDS.into());
    w.ok(with(declined, "actor", "payment:p".into())).await;
    w.ok(paid("a-words-on-the-shelf", &[line(SKU, 1)], 13_000)).await;
    go(&mut w, "a-words-on-the-shelf", &ALL_THE_WAY[..4]).await;
    let mut forced = with(on_order("mark_delivered", "a-words-on-the-shelf"), "reason", WORDS.into());
    (forced["forced"], forced["lines"]) = (true.into(), json!([1]));
    w.ok(forced).await;
    // not
    goes(&mut w, "b-paid", &[]).await;
    goes(&mut w, "b-prepared", &["prepare"]).await;
    goes(&mut w, "b-returning", came).await;
    w.ok(claim("b-returning", "request_return")).await;
    goes(&mut w, "b-exchanging", came).await;
    w.ok(claim("b-exchanging", "request_exchange")).await;
    goes(&mut w, "b-refund-open", &[]).await;
    w.ok(with(cancel("b-refund-open", &[1]), "reason", STAYS.into())).await;
    w.becomes("a-expired", "PAYMENT_EXPIRED").await;
    w.becomes("a-words-in-history", "PAYMENT_EXPIRED").await;
    w.rest().await;
    let all = kept(&w).await;
    assert_eq!(all.len(), 10, "{all:?}");

    assert_eq!(round(&w, 99, 100).await, 0, "not before its time");
    assert_eq!(kept(&w).await, all);
    assert!(!found(&w, WORDS).await.is_empty());
    // words go from what a receiver would not take, and from the archive, as well
    let letter = parcel(&w, "a-refunded").await;
    let at = RealClock.now();
    archive::run(&*w.store, ArchiveRequest { before: at + TimeDelta::hours(1), at, dry_run: false }).await.unwrap();
    assert!(found(&w, WORDS).await.iter().any(|table| table.ends_with("_arch")), "{:?}", found(&w, WORDS).await);
    assert!(w.store.hook_letter_of("mail", &letter).await.unwrap().unwrap().evnts.contains(WORDS));
    assert_eq!(round(&w, 101, 100).await, 8);
    assert_eq!(found(&w, WORDS).await, Vec::<String>::new(), "words stay");
    assert!(!w.store.hook_letter_of("mail", &letter).await.unwrap().unwrap().evnts.contains(WORDS));
    assert!(!found(&w, STAYS).await.is_empty(), "what is under way keeps its own");
    assert!(w.store.keeping_words(None, 10).await.unwrap().is_empty(), "none is looked at again");
    let open: Vec<String> = all.into_iter().filter(|order| order.starts_with("b-")).collect();
    assert_eq!(kept(&w).await, open);
    assert_eq!(round(&w, 101, 100).await, 0);
    let audit = w.store.notes(None, 10).await.unwrap();
    let [words, note] = audit.as_slice() else { panic!("{audit:?}") };
    assert_eq!((&*note.adit_knd_cd, &*note.actr), (DESTROYED, "system:retention"));
    assert!(note.adit_dtl.contains("\"orders\":5") && !note.adit_dtl.contains(NAME), "{}", note.adit_dtl);
    assert!(words.adit_dtl.contains("\"orders\":3"), "{}", words.adit_dtl);
    // what was open and ends is next
    w.ok(refunded("b-refund-open")).await;
    assert_eq!(round(&w, 101, 100).await, 1);
    assert!(!kept(&w).await.contains(&"b-refund-open".to_owned()));
    assert_eq!(found(&w, STAYS).await, Vec::<String>::new());
    w.done().await;
}

/// Nobody has to ask: the server that owns partition 0 looks.
pub async fn the_server_destroys_by_itself(on: On) {
    let terms = RetentionTerms {
        persons: Some(Duration::from_millis(1)),
        every: Duration::from_millis(50),
        ..RetentionTerms::default()
    };
    let mut w = World::open(on, Setup { terms, partitions: 2, ..Setup::default() }).await;
    w.sku(SKU, 10_000, 3_000, 50).await;
    goes(&mut w, "o-open", &[]).await;
    goes(&mut w, "o-sent", &ALL_THE_WAY[..4]).await;
    let begun = std::time::Instant::now();
    while kept(&w).await.contains(&"o-sent".to_owned()) {
        assert!(begun.elapsed() < Duration::from_secs(20), "nothing is destroyed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(kept(&w).await, ["o-open"]);
    w.done().await;
}

/// What migrations 0016 and 0017 make, and what a database of the release before has not.
const BEFORE: &str = "DROP TABLE tb_sy_arch; DROP TABLE tb_od_ord_arch; DROP TABLE tb_od_ord_gds_arch; \
    DROP TABLE tb_od_ord_gft_arch; DROP TABLE tb_od_stlm_arch; DROP TABLE tb_sc_crcd_aprv_arch; DROP TABLE tb_od_rfnd_arch; \
    DROP TABLE tb_od_cncl_arch; DROP TABLE tb_od_dlv_fee_arch; DROP TABLE tb_od_dscnt_hist_arch; DROP TABLE tb_od_pnt_hist_arch; \
    DROP TABLE tb_od_prcr_arch; DROP TABLE tb_od_lnk_arch; DROP TABLE tb_od_wybl_arch; DROP TABLE tb_od_rtn_arch; \
    DROP TABLE tb_od_exch_arch; DROP TABLE tb_od_rvw_arch; DROP TABLE tb_sy_adit_arch; DROP TABLE tb_sy_rsv_arch; \
    DROP TABLE tb_od_ord_hist_arch; DROP TABLE tb_pd_unt_ldgr_arch; DROP INDEX tb_od_rfnd_ord; DROP INDEX tb_sy_rsv_ord; \
    DROP INDEX tb_sy_cmd_dttm; DELETE FROM _sqlx_migrations WHERE version IN (16, 17)";

/// An order of before the upgrade is there after it, takes what comes, ends, and is archived like any other.
pub async fn data_of_before_is_kept_by_the_upgrade(on: On) {
    let mut w = World::open(on, Setup::default()).await;
    w.sku(SKU, 10_000, 3_000, 50).await;
    goes(&mut w, "o-before", &ALL_THE_WAY[..4]).await;
    w.rest().await;
    let before = w.store.orders(&[OrderId::stored("o-before")]).await.unwrap();
    w.upgraded(BEFORE).await;
    assert_eq!(w.store.orders(&[OrderId::stored("o-before")]).await.unwrap(), before);
    go(&mut w, "o-before", &ALL_THE_WAY[4..]).await;
    let at = RealClock.now();
    let asked = ArchiveRequest { before: at + TimeDelta::hours(1), at, dry_run: false };
    assert_eq!(archive::run(&*w.store, asked).await.unwrap().orders, 1);
    w.done().await;
}
