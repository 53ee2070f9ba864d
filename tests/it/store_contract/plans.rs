//! How PostgreSQL finds lines (현황): by the indexes that are there for it, in a shop that has sold for years. What the server
//! counts of its indexes' use is looked at, so it is the store's own statements, planned as the store has them planned.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use jumun::{
    clock::{Clock as _, RealClock},
    domain::{
        ids::{PartnerId, SkuId},
        status::Status,
    },
    store::{
        self, Batch, Commit, LeaseAnswer, OrderRows, Store,
        people::{ClaimAsked, CountBy, LineQuery},
        rows::{AditRow, CnclRow, ExchRow, FeeRow, GdsRow, HistRow, LnkRow, OrdRow, RfndRow},
    },
};
use sqlx::{Connection as _, Executor as _, PgConnection, Row as _};

use super::rows::sample;
use crate::support::servers;

/// Orders of two years, of which one in four hundred is at work, because with fewer others it would be as good to read them all.
/// Each has a line; one in ten was made for another one, the others have a fee. They are copies of the sample rows.
const ORDERS: &str = "
    CREATE TEMP TABLE made AS SELECT n, 'o-' || n AS ord_id, 'S-' || n % 50 AS unt_id, 'p-' || n % 20 AS ptnr_id,
        CASE WHEN n % 10 = 7 THEN 'parent-' || n END AS prnt_ord_id,
        CASE n % 1200 WHEN 0 THEN 'ORDERED' WHEN 7 THEN 'PREPARING' WHEN 1 THEN 'RETURNING' WHEN 3 THEN 'SHIPPED'
            ELSE 'PURCHASE_CONFIRMED' END AS ord_stat_cd,
        now() - CASE WHEN n % 1200 < 10 THEN n % 14 ELSE n % 700 END * interval '1 day' - n * interval '1 second' AS rcpt_dttm
        FROM generate_series(1, 60000) AS n;
    ANALYZE made;
    INSERT INTO tb_od_ord SELECT r.* FROM made AS m, tb_od_ord AS o, LATERAL
        jsonb_populate_record(o, to_jsonb(m)) AS r;
    INSERT INTO tb_od_ord_gds SELECT r.* FROM made AS m, tb_od_ord_gds AS o, LATERAL
        jsonb_populate_record(o, to_jsonb(m)) AS r;
    INSERT INTO tb_od_dlv_fee SELECT r.* FROM made AS m, tb_od_dlv_fee AS o, LATERAL
        jsonb_populate_record(o, to_jsonb(m)) AS r WHERE m.prnt_ord_id IS NULL;
    INSERT INTO tb_od_lnk SELECT r.* FROM made AS m, tb_od_lnk AS o, LATERAL
        jsonb_populate_record(o, to_jsonb(m) || jsonb_build_object('chld_ord_id', m.ord_id)) AS r
        WHERE m.prnt_ord_id IS NOT NULL;
    INSERT INTO tb_od_exch SELECT r.* FROM made AS m, tb_od_exch AS o, LATERAL
        jsonb_populate_record(o, to_jsonb(m) || jsonb_build_object('clct_stat_cd',
            CASE n % 2000 WHEN 3 THEN 'DUE' WHEN 5 THEN 'COLLECTED' ELSE 'INSPECTED' END)) AS r WHERE n % 20 IN (3, 5);
    DROP TABLE made";

async fn filled(url: &str) -> PgConnection {
    let store = store::open(url).await.expect("it opens");
    store.migrate().await.expect("it migrates");
    let LeaseAnswer::Granted(lease) = store.acquire(0, "plans", Duration::from_secs(60)).await.expect("it answers")
    else {
        panic!("nobody else is here");
    };
    let batch = Batch {
        epoch: lease.epoch,
        changed: OrderRows {
            ord: vec![OrdRow { ord_stat_cd: "PURCHASE_CONFIRMED".into(), ..sample::<OrdRow>(1) }],
            gds: vec![GdsRow { ord_seq: 1, dlv_fee_no: 1, ..sample::<GdsRow>(1) }],
            fee: vec![FeeRow { dlv_fee_no: 1, fee_knd_cd: "ORDER".into(), ..sample::<FeeRow>(1) }],
            ..OrderRows::default()
        },
        exch: vec![ExchRow {
            ord_seq: 1,
            exch_stat_cd: "COMPLETED".into(),
            exch_brch_cd: Some("ADD_PRODUCT".into()),
            clct_stat_cd: Some("INSPECTED".into()),
            exch_qty: 1,
            clct_qty: 1,
            gvup_qty: 0,
            sell_qty: Some(1),
            ..sample::<ExchRow>(1)
        }],
        lnk: vec![LnkRow { lnk_knd_cd: "PURCHASE".into(), lnk_stat_cd: "OPEN".into(), ..sample::<LnkRow>(1) }],
        ..Batch::default()
    };
    let mut committer = store.committer(lease).await.expect("a committer");
    let done = committer.commit(&batch).await;
    assert!(matches!(done, Ok(Commit::Done(_))), "{done:?}");
    copies(url, ORDERS).await
}

/// A session to look by, after these were made by one that is gone: what a session has counted itself it tells a second later.
async fn copies(url: &str, made: &'static str) -> PgConnection {
    let mut filling = PgConnection::connect(url).await.expect("it connects");
    filling.execute(made).await.expect("copies");
    filling.execute("VACUUM ANALYZE").await.expect("statistics");
    filling.close().await.expect("what it has counted is told");
    PgConnection::connect(url).await.expect("it connects")
}

/// How often each index was looked up, and each table was read from end to end (by its name with a `*`).
async fn uses(outside: &mut PgConnection) -> BTreeMap<String, i64> {
    let sql = "SELECT indexrelname::text, idx_scan FROM pg_stat_user_indexes \
        UNION ALL SELECT relname || '*', seq_scan FROM pg_stat_user_tables";
    let rows = sqlx::query(sql).fetch_all(outside).await.expect("counts");
    rows.iter().map(|r| (r.get(0), r.get::<Option<i64>, _>(1).unwrap_or(0))).collect()
}

/// Waits until the store's connections are gone, and with them what the server has not counted yet.
pub async fn counted(outside: &mut PgConnection) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
        AND backend_type = 'client backend'";
    let begun = Instant::now();
    while sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut *outside).await.expect("a count") > 0 {
        assert!(begun.elapsed() < Duration::from_secs(30), "the store's connections stay");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

enum Asks {
    List,
    Counts(CountBy),
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_are_found_by_the_indexes_that_are_meant_for_it() {
    let url = servers::fresh_database().await;
    let mut outside = filled(&url).await;
    let month = Some(RealClock.now() - TimeDelta::days(31));
    let work = || LineQuery {
        statuses: vec![Status::Ordered, Status::Preparing],
        oldest_first: true,
        limit: 51,
        ..LineQuery::default()
    };
    let ended = || LineQuery {
        statuses: vec![Status::Shipped, Status::PurchaseConfirmed],
        placed_from: month,
        limit: 51,
        ..LineQuery::default()
    };
    let partner = || Some(PartnerId::stored("p-7"));
    let sku = || Some(SkuId::stored("S-7"));
    let claims = vec![ClaimAsked::Return("REQUESTED"), ClaimAsked::Exchange("REQUESTED")];
    let by = |partner, sku| Asks::Counts(CountBy { partner, sku });
    let (waits, placed, asked) = ("tb_od_ord_work", "tb_od_ord_rcpt", "tb_od_lnk_ptnr");
    // exchanged goods that are still out, of orders that have ended; a partner that sells such
    let goods = || vec![ClaimAsked::Collection("DUE"), ClaimAsked::Collection("COLLECTED")];
    let swapped = || LineQuery { statuses: Vec::new(), claims: goods(), ..work() };
    let of_seller = || LineQuery { partner: Some(PartnerId::stored("p-3")), ..swapped() };
    let mixed = || LineQuery { claims: [goods(), claims.clone()].concat(), ..swapped() };
    let out = "tb_od_exch_clct";
    let cases: Vec<(&str, LineQuery, Asks, Vec<&str>)> = vec![
        ("by status", work(), Asks::List, vec![waits]),
        ("by status, ended", ended(), Asks::List, vec![placed]),
        ("all", LineQuery { statuses: Vec::new(), ..ended() }, Asks::List, vec![placed]),
        ("by claim", LineQuery { statuses: Vec::new(), claims: claims.clone(), ..work() }, Asks::List, vec![waits]),
        ("by partner", LineQuery { partner: partner(), ..work() }, Asks::List, vec![waits, asked]),
        ("by partner, ended", LineQuery { partner: partner(), ..ended() }, Asks::List, vec![placed]),
        ("by SKU", LineQuery { sku: sku(), ..work() }, Asks::List, vec![waits]),
        ("by SKU, ended", LineQuery { sku: sku(), ..ended() }, Asks::List, vec![placed]),
        ("counts", work(), by(true, true), vec![waits]),
        ("counts, ended", ended(), by(true, true), vec![placed]),
        ("counts of a partner", LineQuery { partner: partner(), ..work() }, by(false, true), vec![waits, asked]),
        (
            "counts of a partner, ended",
            LineQuery { partner: partner(), ..ended() },
            by(false, true),
            vec![placed, asked],
        ),
        ("exchanged goods", swapped(), Asks::List, vec![out]),
        ("exchanged goods of a partner", of_seller(), Asks::List, vec![out]),
        ("exchanged goods and claims", mixed(), Asks::List, vec![out, waits]),
        ("counts of exchanged goods", swapped(), by(true, true), vec![out]),
        ("counts of exchanged goods of a partner", of_seller(), by(false, true), vec![out]),
        ("counts of exchanged goods and claims", mixed(), by(true, false), vec![out, waits]),
        ("counts of a SKU", LineQuery { sku: sku(), ..work() }, by(true, false), vec![waits]),
    ];
    let mut wrong = Vec::new();
    for (what, query, asks, meant) in cases {
        counted(&mut outside).await;
        let before = uses(&mut outside).await;
        let store: Arc<dyn Store> = store::open(&url).await.expect("it opens");
        let found = match asks {
            Asks::List => store.find_lines(&query).await.map(|lines| lines.len()),
            Asks::Counts(by) => store.count_lines(&query, by).await.map(|groups| groups.len()),
        };
        // none is in a claim, but for goods that were exchanged
        let any = query.claims.is_empty() || query.claims.iter().any(ClaimAsked::of_goods);
        assert_eq!(found.expect("it answers") > 0, any, "{what}");
        drop(store);
        counted(&mut outside).await;
        let after = uses(&mut outside).await;
        let used: Vec<&str> =
            after.iter().filter(|(name, n)| before.get(*name) != Some(n)).map(|(name, _)| name.as_str()).collect();
        let whole = ["tb_od_ord*", "tb_od_ord_gds*", "tb_od_dlv_fee*", "tb_od_lnk*"];
        if !meant.iter().all(|index| used.contains(index)) || whole.iter().any(|table| used.contains(table)) {
            wrong.push(format!("{what}: not by {meant:?}, but by {used:?}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Copies of the sample rows: of many orders, of which one in a thousand has words.
const WORDS: &str = r#"
    CREATE TEMP TABLE made AS SELECT n, 'o-' || n AS ord_id, 'c-' || n AS cmd_id, 'r-' || n AS rfnd_id,
        CASE n % 1000 WHEN 1 THEN 'the stairs' ELSE '' END AS words FROM generate_series(1, 20000) AS n;
    INSERT INTO tb_od_cncl SELECT r.* FROM made AS m, tb_od_cncl AS o, LATERAL
        jsonb_populate_record(o, to_jsonb(m) || jsonb_build_object('cncl_rsn', words)) AS r;
    INSERT INTO tb_od_rfnd SELECT r.* FROM made AS m, tb_od_rfnd AS o, LATERAL
        jsonb_populate_record(o, to_jsonb(m) || jsonb_build_object('rfnd_rsn', words, 'rfnd_key', m.rfnd_id)) AS r;
    INSERT INTO tb_sy_adit SELECT r.* FROM made AS m, tb_sy_adit AS o, LATERAL
        jsonb_populate_record(o, to_jsonb(m) || jsonb_build_object('adit_rsn', words)) AS r;
    INSERT INTO tb_od_ord_hist SELECT r.* FROM made AS m, tb_od_ord_hist AS o, LATERAL
        jsonb_populate_record(o, to_jsonb(m) || jsonb_build_object('hist_no', 1, 'evnt_typ_cd', 'payment_declined',
            'evnt', '{"type":"payment_declined","reason":"' || words || '"}')) AS r WHERE o.evnt_typ_cd = 'cut';
    DROP TABLE made"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_are_found_by_the_indexes_that_are_meant_for_it() {
    let url = servers::fresh_database().await;
    let store = store::open(&url).await.expect("it opens");
    store.migrate().await.expect("it migrates");
    let LeaseAnswer::Granted(lease) = store.acquire(0, "plans", Duration::from_secs(60)).await.expect("it answers")
    else {
        panic!("nobody else is here");
    };
    let batch = Batch {
        epoch: lease.epoch,
        cncl: vec![sample::<CnclRow>(1)],
        rfnd: vec![sample::<RfndRow>(1)],
        adit: vec![AditRow { adit_knd_cd: "INSPECTION".into(), ..sample::<AditRow>(1) }],
        hist: vec![HistRow { evnt_typ_cd: "cut".into(), ..sample::<HistRow>(1) }],
        ..Batch::default()
    };
    let mut committer = store.committer(lease).await.expect("a committer");
    let done = committer.commit(&batch).await;
    assert!(matches!(done, Ok(Commit::Done(_))), "{done:?}");
    drop(committer);
    drop(store);
    let mut outside = copies(&url, WORDS).await;
    counted(&mut outside).await;
    let before = uses(&mut outside).await;
    let store = store::open(&url).await.expect("it opens");
    let found = store.keeping_words(Some("o-"), 1_000).await.expect("it answers");
    assert_eq!(found.len(), 21, "those, and the sample's");
    drop(store);
    counted(&mut outside).await;
    let after = uses(&mut outside).await;
    for table in ["tb_od_cncl", "tb_od_rfnd", "tb_sy_adit", "tb_od_ord_hist"] {
        for (name, more) in [(format!("{table}_words"), 1), (format!("{table}*"), 0)] {
            assert_eq!(after[&name] - before[&name], more, "{name}");
        }
    }
}
