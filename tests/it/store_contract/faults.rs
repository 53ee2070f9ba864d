//! What must not be written: by a superseded owner, against a key, against a rule; and what a lost server leaves.

use std::time::Duration;

use jumun::store::{
    Batch, Commit, LeaseAnswer, OrderRows, Store, StoreError, UntRow,
    row::Row,
    rows::{AprvRow, CmdRow, HistRow, OrdRow, RgstRow, StlmRow},
    table,
};

use super::{
    Bench,
    rows::{hist, ord, sample, sell, unit},
};

async fn count<R: Row>(store: &dyn Store) -> usize {
    store.page(table::<R>(), None, 10_000).await.expect("a page").len()
}

/// An order's own row.
fn of_order(id: &str) -> OrderRows {
    OrderRows { ord: vec![ord(id, None)], ..OrderRows::default() }
}

pub async fn a_superseded_owner_commits_nothing(bench: Bench) {
    let mut lane = bench.lane().await;
    let mut batch = lane.batch();
    batch.units = vec![unit("u-1", 10)];
    lane.done(&batch).await;
    let successor = bench.lane().await;
    assert!(successor.lease.epoch > lane.lease.epoch);
    let mut late = lane.batch();
    late.hist = vec![hist("o-1", 1, "command-1", 0)];
    late.changed.ord = vec![ord("o-1", None)];
    late.moves = vec![sell("u-1", 1, 9)];
    late.units = vec![unit("u-2", 1)];
    assert_eq!(lane.committer.commit(&late).await.expect("an answer"), Commit::Fenced);
    // not even an upsert or a move with nothing else
    assert_eq!(lane.committer.commit(&lane_batch(&late)).await.expect("an answer"), Commit::Fenced);
    let store = &*bench.store;
    assert_eq!((count::<HistRow>(store).await, count::<OrdRow>(store).await), (0, 0));
    assert!(
        !store.owns(&lane.lease).await.expect("an answer") && store.owns(&successor.lease).await.expect("an answer")
    );
    let units = store.page(table::<UntRow>(), None, 10).await.expect("a page");
    assert_eq!(units.len(), 1);
    assert_eq!(UntRow::read(&mut units[0].clone().into_iter()), unit("u-1", 10));
    assert!(!store.renew(&lane.lease, Duration::from_secs(9)).await.expect("an answer"));
}

fn lane_batch(late: &Batch) -> Batch {
    Batch { partition: late.partition, epoch: late.epoch, moves: late.moves.clone(), ..Batch::default() }
}

pub async fn a_lease_is_renewed_released_and_runs_out(bench: Bench) {
    let store = &*bench.store;
    let take = |owner: &'static str, ms| store.acquire(7, owner, Duration::from_millis(ms));
    let granted = |answer| match answer {
        Ok(LeaseAnswer::Granted(lease)) => lease,
        other => panic!("{other:?}"),
    };
    let first = granted(take("a", 60_000).await);
    assert_eq!((first.partition, first.epoch), (7, 1));
    let until = match take("b", 60_000).await.expect("an answer") {
        LeaseAnswer::Held { owner, until, left } => {
            assert_eq!(owner, "a");
            assert!((50..=60).contains(&left.as_secs()), "{left:?}");
            until
        }
        other @ LeaseAnswer::Granted(_) => panic!("{other:?}"),
    };
    // the same owner again, after a restart: a new epoch, the old one is superseded
    let second = granted(take("a", 60_000).await);
    assert_eq!(second.epoch, 2);
    assert!(!store.renew(&first, Duration::from_secs(60)).await.expect("an answer"));
    assert!(store.renew(&second, Duration::from_secs(60)).await.expect("an answer"));
    // a superseded owner releases nothing
    store.release(&first).await.expect("an answer");
    assert!(matches!(take("b", 1).await, Ok(LeaseAnswer::Held { .. })));
    store.release(&second).await.expect("an answer");
    let third = granted(take("b", 1).await);
    assert_eq!(third.epoch, 3);
    tokio::time::sleep(Duration::from_millis(20)).await;
    let fourth = granted(take("c", 60_000).await);
    assert_eq!(fourth.epoch, 4);
    assert!(!store.renew(&third, Duration::from_secs(60)).await.expect("an answer"));
    // over, though the store's clock says otherwise: only if it is the very lease that was seen
    let wanted = ("d", Duration::from_secs(60));
    let over = |owner, end| store.acquire_above((7, wanted.0, wanted.1), 0, Some((owner, end)));
    let LeaseAnswer::Held { until: end, .. } = take("d", 60_000).await.expect("an answer") else {
        panic!("c holds it")
    };
    for (owner, end) in [("c", until), ("b", end), ("", end)] {
        assert!(matches!(over(owner, end).await, Ok(LeaseAnswer::Held { .. })), "{owner} {end}");
    }
    assert_eq!(granted(over("c", end).await).epoch, 5);
}

pub async fn a_conflict_rolls_the_whole_batch_back(bench: Bench) {
    let mut lane = bench.lane().await;
    let mut batch = lane.batch();
    batch.hist = vec![hist("o-1", 1, "command-1", 0)];
    batch.changed.ord = vec![ord("o-1", None)];
    batch.rgst = vec![rgst("k", "CARD", "o-1")];
    batch.cmd = vec![CmdRow { cmd_id: "command-9".into(), ..sample::<CmdRow>(1) }];
    batch.units = vec![unit("u-1", 10)];
    batch.ldgr = vec![sample(1)];
    lane.done(&batch).await;
    let base = Batch { changed: of_order("o-2"), moves: vec![sell("u-1", 1, 9)], ..lane.batch() };
    let conflicts = [
        // the order's version is taken
        Batch { hist: vec![hist("o-1", 1, "command-2", 0)], ..base.clone() },
        // the command made another order already
        Batch { hist: vec![hist("o-2", 1, "command-1", 0)], ..base.clone() },
        Batch { cmd: batch.cmd.clone(), ..base.clone() },
        // the payment has paid another order
        Batch { rgst: vec![rgst("k-2", "CARD", "o-2"), rgst("k", "CARD", "o-2")], ..base.clone() },
        Batch { units: vec![unit("u-1", 1)], moves: Vec::new(), ..base.clone() },
        Batch { ldgr: batch.ldgr.clone(), ..base.clone() },
    ];
    for conflict in conflicts {
        let outcome = lane.committer.commit(&conflict).await;
        let Ok(Commit::Conflict(why)) = &outcome else { panic!("{outcome:?}") };
        assert_eq!(Commit::is_of_a_payment(why), !conflict.rgst.is_empty(), "{why}");
        let store = &*bench.store;
        assert_eq!(count::<RgstRow>(store).await, 1);
        assert_eq!((count::<HistRow>(store).await, count::<OrdRow>(store).await), (1, 1));
        let units = store.page(table::<UntRow>(), None, 10).await.expect("a page");
        assert_eq!(UntRow::read(&mut units[0].clone().into_iter()), unit("u-1", 10));
    }
    // the committer goes on; the same name by other means is another payment
    lane.done(&Batch { rgst: vec![rgst("k", "POINTS", "o-2"), rgst("k-2", "CARD", "o-2")], ..base }).await;
    let asked = ["k", "k-3"].map(str::to_owned);
    let found = bench.store.payments(&asked).await.expect("an answer");
    let found: Vec<_> = found.iter().map(|r| (&*r.pay_id, &*r.pay_mns_cd, &*r.ord_id)).collect();
    assert_eq!(found, [("k", "CARD", "o-1"), ("k", "POINTS", "o-2")]);
    assert!(bench.store.payments(&[]).await.expect("an answer").is_empty());
}

fn rgst(id: &str, method: &'static str, order: &str) -> RgstRow {
    let pay_dttm = super::rows::at(0);
    RgstRow { pay_id: id.into(), pay_mns_cd: method.into(), ord_id: order.into(), stlm_no: 1, pay_amt: 1, pay_dttm }
}

/// What an upsert has nothing for stays: a token comes once.
pub async fn a_kept_column_outlives_an_upsert_without_it(bench: Bench) {
    let mut lane = bench.lane().await;
    let row = |token: Option<&str>, amount| AprvRow { aprv_tkn: token.map(Into::into), aprv_amt: amount, ..sample(1) };
    for (written, kept) in [
        (row(None, 1), None),
        (row(Some("t-1"), 2), Some("t-1")),
        (row(None, 3), Some("t-1")),
        (row(Some("t-2"), 3), Some("t-2")),
    ] {
        lane.done(&Batch {
            changed: OrderRows { aprv: vec![written.clone()], ..OrderRows::default() },
            ..lane.batch()
        })
        .await;
        let stored = bench.store.page(table::<AprvRow>(), None, 10).await.expect("a page");
        let stored = AprvRow::read(&mut stored[0].clone().into_iter());
        assert_eq!((stored.aprv_tkn.as_deref(), stored.aprv_amt), (kept, written.aprv_amt));
    }
}

/// A database of before, with a payment that stands in two orders: the upgrade enters the first, and stops for nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payments_from_before_are_entered_once() {
    for bench in [Bench::postgres().await, Bench::sqlite().await] {
        let kind = bench.store.kind();
        let mut lane = bench.lane().await;
        let stlm =
            |order: &str, no: i64, method: &'static str, id: Option<&str>, paid: i64, expected: i64, at: i64| StlmRow {
                ord_id: order.into(),
                stlm_no: no,
                pay_mns_cd: method.into(),
                pay_mns_rel_id: id.map(Into::into),
                expt_amt: expected,
                pay_amt: paid,
                rfnd_psbl_amt: paid,
                pay_dttm: (paid > 0).then(|| super::rows::at(at)),
                ..sample(1)
            };
        let mut batch = lane.batch();
        batch.changed.ord = ["o-1", "o-2", "o-3", "o-4"].map(|id| ord(id, None)).to_vec();
        batch.changed.stlm = vec![
            stlm("o-1", 1, "CARD", Some("k"), 10, 0, 2),
            stlm("o-2", 1, "CARD", Some("k"), 10, 0, 1), // the first of them
            stlm("o-2", 2, "POINTS", Some("u-1"), 5, 0, 1),
            stlm("o-3", 1, "VIRTUAL_ACCOUNT", Some("110-1"), 7, 7, 1),
            stlm("o-4", 1, "VIRTUAL_ACCOUNT", Some("110-1"), 0, 9, 1), // still awaited
            stlm("o-4", 2, "POINTS", Some("u-1"), 5, 0, 3),
            stlm("o-4", 3, "VIRTUAL_ACCOUNT", Some("deposit"), 4, 0, 3),
            stlm("o-4", 4, "BANK_TRANSFER", Some("bank-7"), 4, 0, 3),
        ];
        batch.changed.aprv =
            vec![AprvRow { ord_id: "o-3".into(), stlm_no: 1, vrtl_acct_no: Some("110-1".into()), ..sample(1) }];
        lane.done(&batch).await;
        drop(lane);
        let file = format!("migrations/{kind}/0007_payments.sql");
        let sql =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/").to_owned() + &file).expect("it is there");
        // of the migration, what it does to data
        let from = sql.find("INSERT INTO tb_sc_pay_rgst").expect("it enters them");
        let upto = sql.find("UPDATE tb_od_stlm").expect("and awaits no more");
        let upto = upto + sql[upto..].find(';').expect("an end") + 1;
        bench.outside(Box::leak(sql[from..upto].to_owned().into_boxed_str())).await;
        let rows = bench.store.page(table::<RgstRow>(), None, 20).await.expect("a page");
        let rows: Vec<RgstRow> = rows.into_iter().map(|r| RgstRow::read(&mut r.into_iter())).collect();
        let entered: Vec<_> = rows.iter().map(|r| (&*r.pay_id, &*r.pay_mns_cd, &*r.ord_id, r.pay_amt)).collect();
        let expected = [
            ("bank-7", "BANK_TRANSFER", "o-4", 4),
            ("k", "CARD", "o-2", 10),
            ("o-2 2", "POINTS", "o-2", 5),
            ("o-3 1", "VIRTUAL_ACCOUNT", "o-3", 7),
            ("o-4 2", "POINTS", "o-4", 5),
            ("o-4 3", "VIRTUAL_ACCOUNT", "o-4", 4),
        ];
        assert_eq!(entered, expected, "{kind}");
        let awaited = bench.store.page(table::<StlmRow>(), None, 20).await.expect("a page");
        let awaited: Vec<StlmRow> = awaited.into_iter().map(|r| StlmRow::read(&mut r.into_iter())).collect();
        let awaited: Vec<_> = awaited.iter().filter(|s| s.expt_amt > 0).map(|s| (&*s.ord_id, s.expt_amt)).collect();
        assert_eq!(awaited, [("o-4", 9)], "{kind}");
    }
}

pub async fn a_broken_rule_rolls_the_whole_batch_back(bench: Bench) {
    let mut lane = bench.lane().await;
    let mut batch = lane.batch();
    batch.units = vec![unit("u-1", 3)];
    lane.done(&batch).await;
    let good: StlmRow = sample(1);
    let base = Batch { changed: of_order("o-1"), ..lane.batch() };
    let settled = |row| OrderRows { stlm: vec![row], ..of_order("o-1") };
    let broken = [
        // stock below zero
        Batch { moves: vec![sell("u-1", 4, -1)], ..base.clone() },
        // a new unit below zero
        Batch { units: vec![unit("u-2", -1)], ..base.clone() },
        // money from nowhere
        Batch { changed: settled(StlmRow { rfnd_amt: 1, ..good.clone() }), ..base.clone() },
        Batch { changed: settled(StlmRow { expt_amt: -1, ..good }), ..base.clone() },
    ];
    for batch in broken {
        let outcome = lane.committer.commit(&batch).await;
        assert!(matches!(outcome, Err(StoreError::Refused(_))), "{outcome:?}");
        let store = &*bench.store;
        assert_eq!((count::<OrdRow>(store).await, count::<StlmRow>(store).await), (0, 0));
        let units = store.page(table::<UntRow>(), None, 10).await.expect("a page");
        assert_eq!(units.len(), 1);
        assert_eq!(UntRow::read(&mut units[0].clone().into_iter()), unit("u-1", 3));
    }
    lane.done(&base).await;
}

pub async fn a_move_without_its_unit_rolls_the_whole_batch_back(bench: Bench) {
    let mut lane = bench.lane().await;
    let mut batch = lane.batch();
    batch.changed.ord = vec![ord("o-1", None)];
    batch.moves = vec![sell("u-404", 1, 9)];
    match lane.committer.commit(&batch).await {
        Err(StoreError::Refused(why)) => assert!(why.contains("no such unit: u-404"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(count::<OrdRow>(&*bench.store).await, 0);
    batch.moves.clear();
    lane.done(&batch).await;
}

pub async fn the_partition_count_is_claimed_once(bench: Bench) {
    let store = &*bench.store;
    store.claim_partitions(4).await.expect("first use");
    store.claim_partitions(4).await.expect("the same again");
    match store.claim_partitions(8).await {
        Err(StoreError::Unusable(why)) => assert!(why.contains("4 partitions"), "{why}"),
        other => panic!("{other:?}"),
    }
}

pub async fn migrating_again_or_at_once_is_harmless(bench: Bench) {
    bench.store.migrate().await.expect("again");
    let others = [bench.again().await, bench.again().await, bench.again().await];
    let all = futures_util::future::join_all(others.iter().map(|store| store.migrate())).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
}

/// Several processes meet an empty database: each adapter by itself, since [`Bench`] migrates already.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_migrations_may_race() {
    let dir = tempfile::tempdir().expect("a directory");
    let urls =
        [crate::support::servers::fresh_database().await, format!("sqlite:{}", dir.path().join("jumun.db").display())];
    for url in urls {
        let mut stores = Vec::new();
        for _ in 0..4 {
            stores.push(jumun::store::open(&url).await.expect("it opens"));
        }
        let all = futures_util::future::join_all(stores.iter().map(|store| store.migrate())).await;
        assert!(all.iter().all(Result::is_ok), "{url}: {all:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_sqlite_file_has_one_writing_process() {
    let bench = Bench::sqlite().await;
    let mut lane = bench.lane().await;
    let second = bench.again().await;
    let outcome = second.acquire(1, "other", Duration::from_secs(9)).await;
    assert!(matches!(outcome, Err(StoreError::Unusable(_))), "{outcome:?}");
    assert!(second.committer(lane.lease.clone()).await.is_err());
    // the checker may read meanwhile
    let batch = Batch { changed: of_order("o-1"), ..lane.batch() };
    lane.done(&batch).await;
    assert_eq!(count::<OrdRow>(&*second).await, 1);
    let lease = bench.store.acquire(1, "tester", Duration::from_secs(9)).await.expect("partitions share the lock");
    assert!(matches!(lease, LeaseAnswer::Granted(_)));
    drop((lane, bench.store));
    let lease = second.acquire(1, "tester", Duration::from_secs(9)).await.expect("the lock ends with its owner");
    assert!(matches!(lease, LeaseAnswer::Granted(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_drops_the_committer_is_found_again() {
    let bench = Bench::postgres().await;
    let mut lane = bench.lane().await;
    let mut batch = lane.batch();
    batch.hist = vec![hist("o-1", 1, "command-1", 0)];
    lane.done(&batch).await;
    bench
        .outside(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND application_name = 'jumun'",
        )
        .await;
    batch.hist = vec![hist("o-1", 2, "command-2", 0)];
    let outcome = lane.committer.commit(&batch).await;
    assert!(matches!(outcome, Err(StoreError::Unknown(_) | StoreError::Unavailable(_))), "{outcome:?}");
    // look it up, as the rule says: it did not happen
    assert_eq!(count::<HistRow>(&*bench.store).await, 1);
    lane.done(&batch).await;
    assert_eq!(count::<HistRow>(&*bench.store).await, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_is_down_is_unavailable_and_comes_back() {
    use crate::support::servers;
    let mut server = servers::start_postgres(&[]);
    let url = servers::fresh_database_on(server.url()).await;
    let store = jumun::store::open(&url).await.expect("it opens");
    store.migrate().await.expect("it migrates");
    let Ok(LeaseAnswer::Granted(lease)) = store.acquire(0, "tester", Duration::from_secs(60)).await else {
        panic!("no lease")
    };
    let mut committer = store.committer(lease.clone()).await.expect("a committer");
    let event = |n: i64| Batch {
        epoch: lease.epoch,
        hist: vec![hist("o-1", n, &format!("command-{n}"), 0)],
        ..Batch::default()
    };
    let (mut next, mut doubtful) = (1, 0);
    assert!(matches!(committer.commit(&event(next)).await, Ok(Commit::Done(_))));
    server.kill9();
    // an orphaned backend may serve some commits more; those count
    loop {
        match committer.commit(&event(next + 1)).await {
            Ok(Commit::Done(_)) => next += 1,
            Err(StoreError::Unknown(_)) => doubtful += 1,
            Err(StoreError::Unavailable(_)) => break,
            other => panic!("{other:?}"),
        }
        assert!(doubtful <= 1, "a connection in doubt was used again");
    }
    server.restart();
    let stored = i64::try_from(count::<HistRow>(&*store).await).expect("few");
    assert!(
        stored == next || (doubtful == 1 && stored == next + 1),
        "{next} done, {doubtful} in doubt, {stored} stored"
    );
    assert!(matches!(committer.commit(&event(stored)).await, Ok(Commit::Conflict(_))));
    assert!(matches!(committer.commit(&event(stored + 1)).await, Ok(Commit::Done(_))));
}

/// Whoever notices first that a connection is lost, a committer or a reader: the others that were made before are not waited for
/// in their turn.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_on_one_connection_condemns_those_made_before() {
    use crate::support::{proxy::Proxy, servers};
    let url = servers::fresh_database().await;
    let proxy = Proxy::before(&url, "");
    let store = jumun::store::open_by(&proxy.url(&url), Duration::from_secs(2)).await.expect("it opens");
    store.migrate().await.expect("it migrates");
    let Ok(LeaseAnswer::Granted(lease)) = store.acquire(0, "tester", Duration::from_secs(60)).await else {
        panic!("no lease")
    };
    let mut committer = store.committer(lease.clone()).await.expect("a committer");
    let event = |n: i64| Batch {
        epoch: lease.epoch,
        hist: vec![hist("o-1", n, &format!("command-{n}"), 0)],
        ..Batch::default()
    };
    assert!(matches!(committer.commit(&event(1)).await, Ok(Commit::Done(_))));
    let soon = Duration::from_millis(1_500); // an idle connection is waited for for two seconds
    // the committer notices
    assert!(proxy.vanish() >= 2, "few vanished");
    let unknown = committer.commit(&event(2)).await;
    assert!(matches!(unknown, Err(StoreError::Unknown(_))), "{unknown:?}");
    let begun = std::time::Instant::now();
    assert_eq!(count::<HistRow>(&*store).await, 1);
    assert!(begun.elapsed() < soon, "a reader waited for {:?}", begun.elapsed());
    // a reader notices
    assert!(matches!(committer.commit(&event(2)).await, Ok(Commit::Done(_))));
    assert!(proxy.vanish() >= 2, "few vanished");
    assert_eq!(count::<HistRow>(&*store).await, 2);
    let begun = std::time::Instant::now();
    let done = committer.commit(&event(3)).await;
    assert!(matches!(done, Ok(Commit::Done(_))), "{done:?}");
    assert!(begun.elapsed() < soon, "a committer waited for {:?}", begun.elapsed());
}
