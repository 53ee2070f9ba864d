//! What goes by age goes, to the row and in bounded batches, and nothing else.

use chrono::TimeDelta;
use jumun::{
    domain::{Time, ids::CommandId},
    store::{
        admin::{AdminAuditRow, HookLetterRow},
        people::{AccessQuery, AccessRow},
        retention::Expiring,
        rows::{CmdRow, HistRow},
    },
};
use sqlx::{Connection as _, Executor as _, PgConnection};
use uuid::{NoContext, Timestamp, Uuid};

use super::{
    Bench, Outside,
    plans::counted,
    rows::{at, hist, sample},
};

/// An id as it is made at this time.
fn id(time: Time) -> std::sync::Arc<str> {
    let seconds = u64::try_from(time.timestamp()).unwrap();
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, time.timestamp_subsec_nanos())).to_string().into()
}

fn day(n: i64) -> Time {
    at(0) + TimeDelta::days(n)
}

pub async fn what_is_older_goes_and_nothing_else(bench: Bench) {
    let store = &bench.store;
    for n in 0..5 {
        let when = day(n);
        let access = AccessRow { accs_id: id(when), accs_dttm: when, ..sample(n) };
        store.note_access(&[access]).await.expect("it writes");
        let audit = AdminAuditRow { adit_id: id(when), adit_dttm: when, cmd_dgst: "".into(), ..sample(n) };
        store.note(&audit).await.expect("it writes");
        let ltr_id = format!("{:014}-000000.h.p", when.timestamp_millis());
        let letter = HookLetterRow { ltr_id: ltr_id.into(), hook_id: "h".into(), ltr_dttm: when, ..sample(n) };
        store.hook_letter(&letter).await.expect("it writes");
    }
    for what in [Expiring::Accesses, Expiring::DoorAudit, Expiring::HookLetters] {
        let gone = |before, limit| store.expire(what, before, limit);
        assert_eq!(gone(day(-1), 10).await.expect("it deletes"), 0, "{what:?}");
        assert_eq!(gone(day(3), 2).await.expect("it deletes"), 2, "{what:?}: a batch is bounded");
        assert_eq!(gone(day(3), 2).await.expect("it deletes"), 1, "{what:?}: the day itself stays");
        assert_eq!(gone(day(3), 2).await.expect("it deletes"), 0, "{what:?}");
    }
    let newest = |times: Vec<Time>| assert_eq!(times, [day(4), day(3)]);
    let all = AccessQuery { limit: 10, ..AccessQuery::default() };
    newest(store.accesses(&all).await.expect("it reads").iter().map(|r| r.accs_dttm).collect());
    newest(store.notes(None, 10).await.expect("it reads").iter().map(|r| r.adit_dttm).collect());
    newest(store.hook_letters("h", None, 10).await.expect("it reads").iter().map(|r| r.ltr_dttm).collect());
}

pub async fn an_outcome_goes_with_what_keeps_its_id(bench: Bench) {
    let mut lane = bench.lane().await;
    let mut batch = lane.batch();
    let outcome = |n: i64| CmdRow { cmd_id: format!("command-{n}").into(), cmd_dttm: day(n), ..sample(n) };
    batch.cmd = (0..4).map(outcome).collect();
    // the last one is a lane's own step: nothing keeps its id
    batch.hist = batch.cmd.iter().take(3).map(HistRow::outside).collect();
    batch.hist.push(HistRow { hist_dttm: day(-9), ..hist("o-1", 1, "command-of-an-order", 0) });
    lane.done(&batch).await;
    assert_eq!(bench.store.expire(Expiring::Outcomes, day(2), 1).await.expect("it deletes"), 1);
    assert_eq!(bench.store.expire(Expiring::Outcomes, day(2), 9).await.expect("it deletes"), 1);
    assert_eq!(bench.store.expire(Expiring::Outcomes, day(2), 9).await.expect("it deletes"), 0);
    let ids: Vec<CommandId> = (0..4).map(|n| CommandId::stored(&format!("command-{n}"))).collect();
    let mut left: Vec<String> =
        bench.store.outcomes(&ids).await.expect("it reads").iter().map(|o| o.cmd_id.to_string()).collect();
    left.sort();
    assert_eq!(left, ["command-2", "command-3"]);
    // the ids of what is gone are free again, the others are not; an order's own are no outcome's
    for (n, free) in [(0, true), (1, true), (2, false)] {
        let mut batch = lane.batch();
        batch.hist = vec![HistRow::outside(&outcome(n))];
        let done = lane.committer.commit(&batch).await.expect("it answers");
        assert_eq!(matches!(done, jumun::store::Commit::Done(_)), free, "{n}: {done:?}");
    }
    let kept = bench.store.orders(&[jumun::domain::ids::OrderId::stored("o-1")]).await.expect("it reads");
    assert_eq!(kept.len(), 1, "an order's history is older, and stays");
}

/// A sweep that finds nothing reads no table from end to end, however long that is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_finds_what_goes_by_an_index() {
    let Bench { store, outside: Outside::Postgres(url) } = Bench::postgres().await else { panic!("benches mixed up") };
    drop(store);
    let mut filling = PgConnection::connect(&url).await.expect("it connects");
    // the server summarizes by itself, later, and counts that as reading
    let filled = "ALTER INDEX tb_sy_cmd_dttm SET (autosummarize = off); \
        INSERT INTO tb_sy_cmd (cmd_id, cmd_dgst, cmd_typ_cd, prtn_no, actr, cmd_dttm) \
        SELECT 'command-' || n, repeat('0', 64), 'reserve', 0, 'system:lane', now() - (100000 - n) * interval '1 second' \
        FROM generate_series(1, 100000) AS n; \
        INSERT INTO tb_sy_prsn_accs SELECT '019a0000-0000-7000-8000-' || lpad(n::text, 12, '0'), 'RECIPIENT', 'operator:o', \
        'o-1', 'u-1', '', '', now() FROM generate_series(1, 50000) AS n";
    filling.execute(filled).await.expect("rows");
    filling.execute("VACUUM ANALYZE").await.expect("statistics");
    filling.close().await.expect("what it has counted is told");
    let mut outside = PgConnection::connect(&url).await.expect("it connects");
    let before = sweeps(&url, &mut outside).await;
    assert_eq!(sweeps(&url, &mut outside).await, before, "a table was read from end to end");
    // that would be seen
    outside.execute("DROP INDEX tb_sy_cmd_dttm").await.expect("it goes");
    let counted = sweeps(&url, &mut outside).await;
    assert!(sweeps(&url, &mut outside).await > counted);
}

/// How often the tables had been read from end to end, and then a sweep that finds nothing.
async fn sweeps(url: &str, outside: &mut PgConnection) -> i64 {
    counted(outside).await;
    let sql = "SELECT sum(seq_scan)::bigint FROM pg_stat_user_tables WHERE relname IN ('tb_sy_cmd', 'tb_sy_prsn_accs')";
    let scans = sqlx::query_scalar(sql).fetch_one(outside).await.expect("a count");
    let store = jumun::store::open(url).await.expect("it opens");
    for what in Expiring::ALL {
        assert_eq!(store.expire(what, day(-400), 1_000).await.expect("it looks"), 0, "{what:?}");
    }
    scans
}
