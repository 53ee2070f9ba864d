//! The checker: green after real work on every pair of adapters, and red, for the right promise, for every damage.

mod after;
mod archive;
mod damage;
mod streams;
mod work;

use std::{path::Path, process::Command, sync::Arc, time::Duration};

use jumun::{
    log::CommandLog,
    store::{self, Store},
    tools::verify::{Options, Report, verify},
};

/// Verifies; prints what is violated, so that a failing test says why.
async fn report(store: &Arc<dyn Store>, log: Option<Arc<dyn CommandLog>>) -> Report {
    // small pages, so that their edges are met
    let settle = if log.is_some() { Duration::from_secs(10) } else { Duration::ZERO };
    let options = Options { settle, page: 7, ..Options::default() };
    let report = verify(store.clone(), log, options).await.unwrap();
    for c in report.checks.iter().filter(|c| c.violated > 0) {
        println!("{} violated {} times: {:#?}", c.id, c.violated, c.violations);
    }
    report
}

/// Every check looked at something.
fn assert_green(report: &Report, streams: bool) {
    assert!(report.holds(), "{:?}", report.red());
    for c in &report.checks {
        let skipped = !streams && matches!(c.id, "R1" | "R5");
        assert_eq!(c.skipped.is_some(), skipped, "{}", c.id);
        assert!(skipped || c.checked > 0, "{} had nothing to check", c.id);
    }
    assert!(report.orders >= 12 && report.skus == 6, "{} orders, {} SKUs", report.orders, report.skus);
}

#[tokio::test(flavor = "multi_thread")]
async fn work_on_sqlite_and_memory_is_green_and_every_damage_is_red() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("jumun.db");
    let url = format!("sqlite:{}", path.display());
    let log = work::memory_log();
    {
        let store = store::open(&url).await.unwrap();
        let server = work::serve(&store, &log).await;
        work::run(&store, &log).await;
        let green = report(&store, Some(Arc::clone(&log))).await;
        assert_green(&green, true);
        server.stop().await;
        assert_green(&report(&store, None).await, false);
    }
    let base = dir.path().join("base.db");
    damage::on(&path, &[&format!("VACUUM INTO '{}'", base.display())]).await;
    let mut wrong = unseen(&base, dir.path(), damage::cases()).await;
    wrong.extend(every_column(&base, dir.path()).await);
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    the_exit_status_says_it(&base).await;
}

/// Damages of a database, each on a copy of it, that are not told as they should be.
async fn unseen(base: &Path, dir: &Path, cases: Vec<damage::Case>) -> Vec<String> {
    let mut wrong = Vec::new();
    for case in cases {
        let copy = dir.join("copy.db");
        std::fs::copy(base, &copy).unwrap();
        let changed = damage::on(&copy, case.sql).await;
        assert!(changed > 0, "{} changes nothing", case.what);
        {
            let store = store::open(&format!("sqlite:{}", copy.display())).await.unwrap();
            let red = report(&store, None).await.red();
            if red != case.red {
                wrong.push(format!("{}: {red:?} instead of {:?}", case.what, case.red));
            }
        }
        for suffix in ["", "-wal", "-shm"] {
            drop(std::fs::remove_file(format!("{}{suffix}", copy.display())));
        }
    }
    wrong
}

/// A column of an order's rows that says something else than its history is told by name; those that are not.
async fn every_column(base: &Path, dir: &Path) -> Vec<String> {
    let mut wrong = Vec::new();
    for table in damage::tables() {
        let copy = dir.join(format!("{}.db", table.name));
        std::fs::copy(base, &copy).unwrap();
        assert!(damage::on(&copy, &[&table.sql]).await > 0, "the work makes no row of {}", table.name);
        let store = store::open(&format!("sqlite:{}", copy.display())).await.unwrap();
        let report = verify(store, None, Options { shown_max: 1_000, ..Options::default() }).await.unwrap();
        let told: Vec<&String> = report.checks.iter().filter(|c| c.id == "R7").flat_map(|c| &c.violations).collect();
        let named = |column: &str| told.iter().any(|t| t.contains(table.name) && t.contains(&format!(" {column} is ")));
        wrong.extend(table.columns.iter().filter(|c| !named(c)).map(|c| format!("{}.{c} is not compared", table.name)));
    }
    wrong
}

/// 0: all hold; 1: violated; 2: it can't be checked.
async fn the_exit_status_says_it(base: &Path) {
    let run = |url: &str, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jumun"));
        command.args(["verify", "--database", url]).args(more).env_remove("REDIS_URL");
        let out = command.output().unwrap();
        (out.status.code(), String::from_utf8(out.stdout).unwrap())
    };
    let url = format!("sqlite:{}", base.display());
    let (code, text) = run(&url, &[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("R1   ") && text.contains("skipped") && text.contains("all hold"), "{text}");
    damage::on(base, &["UPDATE tb_pd_unt SET stck_qty = stck_qty + 1"]).await;
    let (code, text) = run(&url, &["--show", "1"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("R3   ") && text.contains("and 5 more") && text.contains("violated: R3"), "{text}");
    let (code, text) = run(&url, &["--json"]);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &json["checks"][2]["violated"]), (Some(1), &serde_json::json!(6)));
    assert_eq!(run(&url, &["--allow-external"]).0, Some(0));
    let none = base.with_file_name("none.db");
    assert_eq!(run(&format!("sqlite:{}", none.display()), &[]).0, Some(2));
}

#[tokio::test]
async fn an_empty_database_holds_nothing_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let store = store::open(&format!("sqlite:{}", dir.path().join("e.db").display())).await.unwrap();
    store.migrate().await.unwrap();
    let report = report(&store, None).await;
    assert!(report.holds());
    let counted: Vec<u64> =
        report.checks.iter().filter(|c| matches!(c.id, "R2" | "R3" | "R4" | "R9" | "R10")).map(|c| c.checked).collect();
    assert_eq!(counted, [0; 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn work_on_postgres_and_redis_is_green_and_streams_that_lie_are_red() {
    streams::lies().await;
}
