//! `jumun load compare`: reports in, a table and an exit status out.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};

fn report(change: impl FnOnce(&mut Value)) -> Value {
    let mut report = json!({
        "format": "jumun-load/1", "by": "jumun load", "version": "0.1.0", "started": "2026-11-22T10:00:00Z",
        "scenario": "hot", "transport": "redis", "skus": 1, "stock": 1_000, "seed": 0, "partitions": 4,
        "offered": 500, "achieved": 499, "planned": 5_000, "sent": 5_000, "answered": 5_000, "accepted": 1_000,
        "rejected": {"sold_out": 4_000}, "failed": {}, "unanswered": 0, "duplicates": 0, "retries": 0,
        "fell_behind": 12, "backlog_half": 3, "backlog_end": 4, "seconds": 10.02,
        "latency": {"p50_us": 1_500, "p90_us": 4_000, "p99_us": 20_000, "p999_us": 80_000, "max_us": 91_234},
    });
    change(&mut report);
    report
}

fn after() -> Value {
    report(|r| {
        r["by"] = "k6".into();
        r["transport"] = "http".into();
        r["started"] = "2026-11-22T11:00:00Z".into();
        r["accepted"] = 990.into();
        r["rejected"] = json!({"sold_out": 4_002, "limit_exceeded": 1});
        r["failed"] = json!({"http_503": 7});
        r["achieved"] = 470.into();
        r["retries"] = 20.into();
        r["fell_behind"] = Value::Null;
        r["seconds"] = 10.64.into();
        r["latency"] =
            json!({"p50_us": 1_400, "p90_us": 4_100, "p99_us": 40_000, "p999_us": 90_000, "max_us": 200_000});
    })
}

/// Exit status, standard output, standard error.
fn compare(folder: &Path, words: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_jumun"))
        .args(["load", "compare"])
        .args(words)
        // a setting for the other half of the command is in nobody's way
        .env("REDIS_URL", "redis://nobody.invalid")
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn folder(files: &[(&str, String)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

const TABLE: &str = "\
hot over 1 SKU(s), 500/s
before: through redis, by jumun load, jumun 0.1.0, 2026-11-22T10:00:00Z
after:  through http, by k6, jumun 0.1.0, 2026-11-22T11:00:00Z
┌─────────────────────────┬──────────┬───────────┬───────┬──────────────┐
│                         ┆   before ┆     after ┆ ratio ┆ verdict      │
╞═════════════════════════╪══════════╪═══════════╪═══════╪══════════════╡
│ answers/s               ┆      499 ┆       470 ┆  0.94 ┆ worse        │
│ accepted                ┆    1,000 ┆       990 ┆  0.99 ┆ within noise │
│ refused: limit_exceeded ┆        0 ┆         1 ┆     - ┆ differs      │
│ refused: sold_out       ┆    4,000 ┆     4,002 ┆  1.00 ┆ within noise │
│ failed: http_503        ┆        0 ┆         7 ┆     - ┆ worse        │
│ unanswered              ┆        0 ┆         0 ┆     - ┆ same         │
│ answered twice          ┆        0 ┆         0 ┆     - ┆ same         │
│ sent again              ┆        0 ┆        20 ┆     - ┆ worse        │
│ never sent              ┆        0 ┆         0 ┆     - ┆ same         │
│ sent over 10 ms late    ┆       12 ┆         - ┆     - ┆ not in both  │
│ p50                     ┆  1.50 ms ┆   1.40 ms ┆  0.93 ┆ better       │
│ p90                     ┆  4.00 ms ┆   4.10 ms ┆  1.03 ┆ within noise │
│ p99                     ┆ 20.00 ms ┆  40.00 ms ┆  2.00 ┆ worse        │
│ p99.9                   ┆ 80.00 ms ┆  90.00 ms ┆  1.13 ┆ too few      │
│ slowest                 ┆ 91.23 ms ┆ 200.00 ms ┆  2.19 ┆ differs      │
│ took                    ┆  10.02 s ┆   10.64 s ┆  1.06 ┆ differs      │
└─────────────────────────┴──────────┴───────────┴───────┴──────────────┘
note: k6 counts from the moment it sends, jumun load from the moment a command was due
note: the transports differ
1 better, 4 worse, by more than 5%
";

#[test]
fn a_table_with_a_verdict_a_row() {
    let folder = folder(&[("before.json", report(|_| ()).to_string()), ("after.json", after().to_string())]);
    let at = folder.path();
    let (status, table, error) = compare(at, &["before.json", "after.json"]);
    assert_eq!((status, error.as_str()), (Some(0), ""));
    assert_eq!(table, TABLE);
    let (status, again, _) = compare(at, &["before.json", "after.json", "--fail-on-worse"]);
    assert_eq!((status, again), (Some(1), table));
    // the same twice, and better
    assert_eq!(compare(at, &["before.json", "before.json", "--fail-on-worse"]).0, Some(0));
    let (status, table, _) = compare(at, &["after.json", "before.json", "--tolerance", "0%"]);
    assert_eq!(status, Some(0));
    assert!(table.lines().any(|l| l.contains("failed: http_503") && l.contains("┆ better ")), "{table}");
}

#[test]
fn a_search_is_compared_by_what_it_found() {
    let search =
        |rate: u64| report(|r| (r["offered"], r["steps"]) = (rate.into(), json!([{"offered": rate}]))).to_string();
    let folder =
        folder(&[("a.json", search(10_000)), ("b.json", search(12_000)), ("c.json", report(|_| ()).to_string())]);
    let (status, table, _) = compare(folder.path(), &["a.json", "b.json", "--fail-on-worse"]);
    assert_eq!(status, Some(0));
    assert!(table.lines().any(|l| l.contains("rate kept up, /s") && l.contains("1.20 ┆ better")), "{table}");
    let (status, _, error) = compare(folder.path(), &["a.json", "c.json"]);
    assert_eq!(status, Some(2));
    assert!(error.contains("a search for the knee and a rate"), "{error}");
}

#[test]
fn runs_that_differ_are_not_compared() {
    let other = report(|r| {
        (r["scenario"], r["skus"], r["offered"], r["planned"]) = ("zipf".into(), 100.into(), 600.into(), 6_000.into());
    });
    let folder = folder(&[("a.json", report(|_| ()).to_string()), ("b.json", other.to_string())]);
    let (status, table, error) = compare(folder.path(), &["a.json", "b.json"]);
    assert_eq!((status, table.as_str()), (Some(2), ""));
    assert_eq!(
        error,
        "jumun: these runs were not asked for the same: scenario hot and zipf, SKUs 1 and 100, rate 500 and 600, \
         commands 5,000 and 6,000; --force compares them all the same\n"
    );
    let (status, table, _) = compare(folder.path(), &["a.json", "b.json", "--force"]);
    assert_eq!(status, Some(0));
    assert!(table.starts_with("hot at 500/s, then zipf at 600/s\n"), "{table}");
    // a fifth more was sent
    assert!(table.lines().any(|l| l.contains("│ accepted") && l.contains("0.83 ┆ worse")), "{table}");
}

#[test]
fn what_is_no_report_is_said() {
    let sum = report(|r| r["accepted"] = 1_001.into());
    let files = [
        ("good.json", report(|_| ()).to_string(), ""),
        ("cut.json", report(|_| ()).to_string()[..300].to_owned(), "is not JSON: EOF"),
        ("foreign.json", json!({"metrics": {}}).to_string(), "is no report of jumun load or of ops/load/k6.js"),
        ("array.json", "[1]".into(), "is no report of jumun load or of ops/load/k6.js"),
        (
            "later.json",
            report(|r| r["format"] = "jumun-load/2".into()).to_string(),
            "is a report of the form \"jumun-load/2\"; this jumun reads \"jumun-load/1\"",
        ),
        (
            "short.json",
            report(|r| drop(r.as_object_mut().unwrap().remove("latency"))).to_string(),
            "is a damaged report: missing field `latency`",
        ),
        ("negative.json", report(|r| r["retries"] = (-1).into()).to_string(), "is a damaged report: invalid value"),
        ("sum.json", sum.to_string(), "is a damaged report: its outcomes do not sum up to its answers"),
        (
            "none.json",
            report(|r| r["planned"] = 0.into()).to_string(),
            "is a damaged report: its numbers make no sense",
        ),
        ("long.json", format!("{}1", " ".repeat(4 * 1024 * 1024)), "is larger than 4096 KiB"),
    ];
    let folder = folder(&files.clone().map(|(name, text, _)| (name, text)));
    for (name, _, says) in &files[1..] {
        let (status, table, error) = compare(folder.path(), &["good.json", name]);
        assert_eq!((status, table.as_str()), (Some(2), ""), "{name}");
        assert!(error.starts_with(&format!("jumun: {name} {says}")), "{error}");
    }
    let (status, _, error) = compare(folder.path(), &["nowhere.json", "good.json"]);
    assert_eq!(status, Some(2));
    assert!(error.starts_with("jumun: nowhere.json can't be read: "), "{error}");
    assert_eq!(compare(folder.path(), &["good.json", "good.json", "--tolerance", "much"]).0, Some(2));
}
