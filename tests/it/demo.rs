//! The demonstration, as a person starts it: the binary, its report, its exit status.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    process::{Command, Output, Stdio},
    time::Duration,
};

use jumun::log::{CommandLog as _, EntryId, Outbound, redis::RedisLog};
use sqlx::{Connection as _, Executor as _, SqliteConnection};

use crate::{
    docs::root,
    schema::{errors, printed},
    support::{
        http::ask,
        servers::{fresh_database, redis_url},
    },
};

/// A sale in a few seconds.
const SMALL: &[&str] = &["demo", "--units", "200", "--customers", "2000", "--rate", "1000", "--window", "1"];

fn jumun(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jumun"));
    command.args(args).env_remove("DATABASE_URL").env_remove("REDIS_URL");
    command
}

fn said(output: &Output) -> (String, String) {
    (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The number in the report's row of this name.
fn row(report: &str, name: &str) -> u64 {
    let line = report.lines().find(|l| l.contains(name)).unwrap_or_else(|| panic!("no {name:?} in\n{report}"));
    let cell = line.split(['│', '┆', '|']).rev().map(str::trim).find(|c| !c.is_empty()).expect("a cell");
    let digits = cell.split(' ').next().unwrap_or_default().replace(',', "");
    digits.parse().unwrap_or_else(|e| panic!("{name}: {cell:?}: {e}"))
}

/// What must be true of the report of [`SMALL`].
fn small_sale_is_told(report: &str) {
    assert!(report.contains("200 of 200 units sold out"), "{report}");
    assert!(report.contains("Everything holds"), "{report}");
    assert_eq!(row(report, "came, wanting one each"), 2_000);
    // every accepted order ended in one of four ways
    let ends = ["paid in time", "paid too late", "gave up before paying", "never paid"].map(|end| row(report, end));
    assert_eq!(row(report, "orders accepted"), ends.iter().sum::<u64>(), "{report}");
    let (late, regretted) = (row(report, "paid too late"), row(report, "cancelled again"));
    assert_eq!(row(report, "│ refunds"), late + regretted);
    assert_eq!(row(report, "paid in time"), 200 + regretted);
    // net of what came back, nothing is sold twice
    assert_eq!(row(report, "units sold, net of what came back"), 200);
    assert_eq!(row(report, "sold again after they came back"), regretted);
    let owed = report.lines().find(|l| l.contains("money still to be given back"));
    assert!(owed.is_some_and(|l| l.contains("₩0 ")), "{report}");
    // the crowd really misbehaved, and units really came free
    for misdeed in ["holds that ran out", "declined first", "a second one refused", "never paid", "cancelled again"] {
        assert!(row(report, misdeed) > 0, "{misdeed}: {report}");
    }
    assert!(row(report, "refused: sold_out") > 1_000, "{report}");
    assert!(row(report, "answered the same") > 20, "{report}");
}

/// README shows some rows of a larger sale's report: there are rows of these names, whatever their figures.
fn readme_shows_rows_of(report: &str) {
    let readme = fs::read_to_string(root().join("README.md")).expect("it is there");
    let shown = readme.split_once("-- demo\n10,000").expect("a transcript").1.split_once("```").expect("its end").0;
    let names: Vec<&str> = shown
        .lines()
        .filter(|line| line.starts_with('│'))
        .flat_map(|line| line.split(['│', '┆']))
        .map(str::trim)
        .filter(|cell| !cell.is_empty() && !cell.contains(|c: char| c.is_ascii_digit()))
        .collect();
    assert!(names.len() > 15, "{names:?}");
    for name in names {
        assert!(report.contains(name), "README shows {name:?}, which is not in\n{report}");
    }
}

#[test]
fn a_sale_without_any_setting_up() {
    let output = jumun(SMALL).output().expect("it runs");
    let (report, progress) = said(&output);
    assert!(output.status.success(), "{report}\n{progress}");
    small_sale_is_told(&report);
    readme_shows_rows_of(&report);
    assert!(progress.contains("customers came"), "{progress}");
}

#[test]
fn fewer_customers_than_units() {
    let few = ["demo", "--units", "300", "--customers", "100", "--rate", "100", "--window", "0.5"];
    let output = jumun(&few).output().expect("it runs");
    let (report, progress) = said(&output);
    assert!(output.status.success(), "{report}\n{progress}");
    assert!(report.contains("left, and nobody wanted them"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_very_same_over_redis_and_postgresql() {
    let (redis, database) = (redis_url(), fresh_database().await);
    // a window that a slow machine's answers fit into: who pays in time is to be seen
    let sale = ["demo", "--units", "200", "--customers", "2000", "--rate", "1000", "--window", "3"];
    let servers = [&sale[..], &["--redis", &redis, "--database", &database]].concat();
    let output = jumun(&servers).output().expect("it runs");
    let (report, progress) = said(&output);
    assert!(output.status.success(), "{report}\n{progress}");
    small_sale_is_told(&report);

    // what went over the wire is what the schema says
    let namespace = progress.split("namespace ").nth(1).and_then(|r| r.split_whitespace().next()).expect("it is named");
    let log = RedisLog::connect(&redis, namespace).await.expect("Redis is there");
    for (what, stream) in [("answers", Outbound::Answers), ("events", Outbound::Events)] {
        let schema = printed(what);
        let entries = log.follow(0, &stream, EntryId::ZERO, 1_000, Duration::from_secs(1)).await.expect("it is read");
        let items: Vec<serde_json::Value> = entries
            .iter()
            .flat_map(|e| serde_json::from_str::<Vec<serde_json::Value>>(&e.json).expect("an array"))
            .collect();
        // all of them are there: each event of the history was published
        let ids: BTreeSet<&str> = items.iter().filter_map(|i| i["event_id"].as_str()).collect();
        match what {
            "events" => assert_eq!(u64::try_from(ids.len()).unwrap(), row(&report, "events in the history")),
            _ => assert!(items.len() > 2_000, "{} {what}", items.len()),
        }
        for item in &items {
            assert_eq!(errors(&schema, item), Vec::<String>::new(), "{item}");
        }
    }

    // a second sale there wants a word
    let output = jumun(&servers).output().expect("it runs");
    let (_, progress) = said(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(progress.contains("has orders in it") && progress.contains("--yes"), "{progress}");
    let few = ["demo", "--units", "10", "--customers", "50", "--rate", "100", "--window", "0.5", "--yes"];
    let output =
        jumun(&[&few[..], &["--redis", &redis, "--database", &database][..]].concat()).output().expect("it runs");
    let (report, progress) = said(&output);
    assert!(output.status.success(), "{report}\n{progress}");
}

#[tokio::test(flavor = "multi_thread")]
async fn spoiled_books_are_seen() {
    for (spoil, check) in [
        ("UPDATE tb_pd_unt SET stck_qty = stck_qty + 1", "D3: the balance is"),
        ("UPDATE tb_od_ord SET cust_id = 'u-1' WHERE ord_stat_cd = 'ORDERED'", "D4: u-1 has"),
    ] {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().display().to_string();
        let sale = ["demo", "--units", "20", "--customers", "100", "--rate", "500", "--window", "0.5"];
        let mut child = jumun(&[&sale[..], &["--pause", "--dir", &path]].concat())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(child.stderr.take().expect("stderr")).lines();
        let paused = lines.by_ref().map_while(Result::ok).any(|line| line.contains("press Enter"));
        assert!(paused, "it ended before the pause");
        let mut database =
            SqliteConnection::connect(&format!("sqlite:{path}/demo.db")).await.expect("the file is there");
        let touched = database.execute(spoil).await.expect("it can be spoiled").rows_affected();
        assert!(touched > 0);
        database.close().await.expect("it closes");
        child.stdin.take().expect("stdin").write_all(b"\n").expect("it reads");
        let mut report = String::new();
        child.stdout.take().expect("stdout").read_to_string(&mut report).expect("it tells");
        let status = child.wait().expect("it ends");
        assert_eq!(status.code(), Some(1), "{report}");
        assert!(report.contains("BROKEN") && report.contains(check), "{report}");
    }
}

#[test]
fn the_sale_is_seen_in_the_browser() {
    let mut child =
        jumun(&["demo", "--open", "--units", "20", "--customers", "100", "--rate", "500", "--window", "0.5"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
    let mut lines = BufReader::new(child.stderr.take().expect("stderr")).lines().map_while(Result::ok);
    let told = lines.find(|line| line.contains("watch it at http://")).expect("it says where");
    let address = told.split("http://").nth(1).and_then(|rest| rest.split('/').next()).expect("an address");
    let page = ask(address, "GET", "/", &[], b"");
    assert!(page.status == 200 && page.body.contains("/console/app.js"), "{page:?}");
    assert!(lines.any(|line| line.contains("press Enter")), "it ended before the pause");
    let stock = ask(address, "GET", "/v1/skus", &[], b"").json();
    assert_eq!(stock["items"][0]["on_hand"], 0, "{stock}");
    child.stdin.take().expect("stdin").write_all(b"\n").expect("it reads");
    let mut report = String::new();
    child.stdout.take().expect("stdout").read_to_string(&mut report).expect("it tells");
    assert!(child.wait().expect("it ends").success(), "{report}");
    assert!(report.contains("20 of 20 units sold out"), "{report}");
}
