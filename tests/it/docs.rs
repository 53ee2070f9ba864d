//! Documents drift where nothing reads them: these tests do. `JUMUN_WRITE_DOCS=1` writes the generated tables anew.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::PathBuf,
    process::Command,
};

use jumun::{
    domain::{order::event::Event, reason::Reason},
    http::{access::Access, problem::ProblemKind, routes},
    protocol::command::{Wire, schemas},
};
use serde_json::Value;

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// Compares what stands between `<!-- name -->` and `<!-- /name -->` of a document with what should.
pub fn hold(document: &str, name: &str, should: &str) {
    let text = read(document);
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = text.split_once(&open).unwrap();
    let (now, after) = rest.split_once(&close).unwrap();
    if std::env::var_os("JUMUN_WRITE_DOCS").is_some() {
        fs::write(root().join(document), format!("{before}{open}{should}{close}{after}")).unwrap();
        return;
    }
    assert_eq!(
        now, should,
        "{document} has fallen behind: JUMUN_WRITE_DOCS=1 cargo test --test it docs writes it anew"
    );
}

const ENVELOPE: [&str; 6] = ["id", "type", "actor", "at", "reply_to", "expected_version"];

#[test]
fn the_protocol_page_tells_the_types() {
    let mut generator = schemars::SchemaGenerator::default();
    let found: Vec<(&str, Value)> = schemas(&mut generator).into_iter().map(|(tag, s)| (tag, s.to_value())).collect();
    let definitions = generator.take_definitions(false);
    let mut table = "| command | from | fields | |\n|---|---|---|---|\n".to_owned();
    for ((tag, schema), (name, roles)) in found.iter().zip(Wire::ROLES) {
        assert_eq!(tag, name);
        let reference = schema["$ref"].as_str().unwrap_or_default();
        let schema = reference.rsplit('/').next().and_then(|n| definitions.get(n)).unwrap_or(schema);
        let required: BTreeSet<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let properties = schema["properties"].as_object().unwrap();
        let own = properties.keys().map(String::as_str).filter(|f| !ENVELOPE.contains(f));
        let (must, may): (Vec<&str>, Vec<&str>) = own.partition(|f| required.contains(f));
        let fields = must.iter().map(|f| format!("`{f}`")).chain(may.iter().map(|f| format!("`{f}`?")));
        let roles: Vec<&str> = roles.iter().map(|r| r.word()).collect();
        let about = schema["description"].as_str().unwrap_or_default().replace('\n', " ");
        let fields: Vec<String> = fields.collect();
        writeln!(table, "| `{tag}` | {} | {} | {about} |", roles.join(", "), fields.join(", ")).unwrap();
    }
    assert_eq!(found.len(), Wire::NAMES.len());
    hold("docs/reference/protocol.md", "commands", &table);

    let mut table = "| reason | says |\n|---|---|\n".to_owned();
    for reason in Reason::ALL {
        writeln!(table, "| `{}` | {} |", reason.code(), reason.sentence()).unwrap();
    }
    hold("docs/reference/protocol.md", "reasons", &table);
}

#[test]
fn the_protocol_page_lists_the_events() {
    // serde names the variants it knows when it meets one that it doesn't
    let error = serde_json::from_str::<Event>(r#"{"type":"no such event"}"#).unwrap_err().to_string();
    let known: Vec<&str> = error.split_once("expected one of").unwrap().1.split('`').skip(1).step_by(2).collect();
    assert!(known.contains(&"placed") && known.len() > 10, "{error}");
    hold("docs/reference/protocol.md", "events", &format!("`{}`\n", known.join("`, `")));
}

fn sources(folder: &str, each: &mut dyn FnMut(String)) {
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type().unwrap().is_dir() {
            sources(&name, each);
        } else {
            each(read(&name));
        }
    }
}

/// Names of metrics after `quote`.
fn metrics_in(text: &str, quote: char, found: &mut BTreeSet<String>) {
    for part in text.split(&format!("{quote}jumun_")).skip(1) {
        let name: String = part.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
        if part[name.len()..].starts_with(quote) {
            // a histogram is rendered as three series; they are read by its name
            let name = name.strip_suffix("_sum").or_else(|| name.strip_suffix("_count")).unwrap_or(&name);
            found.insert(format!("jumun_{name}"));
        }
    }
}

#[test]
fn the_operations_page_lists_the_metrics() {
    let (mut code, mut page) = (BTreeSet::new(), BTreeSet::new());
    sources("src", &mut |text| metrics_in(&text, '"', &mut code));
    metrics_in(&read("docs/operate/operations.md"), '`', &mut page);
    assert!(code.len() > 10, "{code:?}");
    assert_eq!(code, page, "left: the code's metrics, right: the page's");
}

#[test]
fn every_metric_is_described() {
    let samples = read("src/server/metrics_sampler.rs");
    let described = samples.split_once("fn describe()").unwrap().1;
    let (mut code, mut told) = (BTreeSet::new(), BTreeSet::new());
    sources("src", &mut |text| metrics_in(&text, '"', &mut code));
    metrics_in(described, '"', &mut told);
    assert_eq!(code, told);
}

#[test]
fn the_http_page_lists_routes_and_problems() {
    let mut table = "| | path | roles | |\n|---|---|---|---|\n".to_owned();
    for r in routes::all() {
        let roles = match r.access {
            Access::All => "no token".to_owned(),
            Access::Signed => "a signature".to_owned(),
            Access::Roles(roles) => roles.iter().map(|r| r.word()).collect::<Vec<_>>().join(", "),
        };
        writeln!(table, "| {} | `{}` | {roles} | {} |", r.method, r.told(), r.about).unwrap();
    }
    hold("docs/guide/http.md", "routes", &table);
    let mut table = "| status | reason | |\n|---|---|---|\n".to_owned();
    for kind in ProblemKind::ALL {
        let (status, reason, title) = kind.row();
        writeln!(table, "| {} | `{reason}` | {title} |", status.as_u16()).unwrap();
    }
    hold("docs/guide/http.md", "problems", &table);
}

#[test]
fn the_limits_are_the_codes() {
    let page = read("ARCHITECTURE.md");
    let table = page.split_once("## Limits").unwrap().1.split_once("## ").unwrap().0;
    let mut seen = 0;
    for row in table.lines().filter(|l| l.starts_with("| `")) {
        let cells: Vec<&str> = row.split('|').map(|c| c.trim().trim_matches('`')).collect();
        let (name, value, file) = (cells[1], cells[2], cells[3]);
        let text = read(file);
        let is = text.lines().any(|line| {
            let line = line.trim();
            let constant = line.split_once(&format!("const {name}:")).and_then(|(_, rest)| rest.split_once("= "));
            constant.is_some_and(|(_, v)| v.trim_end_matches(';') == value) || line == format!("{name}: {value},")
        });
        assert!(is, "{file} does not say that {name} is {value}");
        seen += 1;
    }
    assert!(seen > 10);
}

/// As a reader does it: both blocks in one shell, on a terminal. Only the building is spared.
#[tokio::test]
async fn the_first_sale_works_as_it_stands() {
    let reader = tempfile::tempdir().unwrap();
    let at = |name: &str| reader.path().join(name);
    for name in ["docs", "scripts"] {
        symlink(root().join(name), at(name)).unwrap();
    }
    fs::create_dir_all(at("target/release")).unwrap();
    symlink(env!("CARGO_BIN_EXE_jumun"), at("target/release/jumun")).unwrap();
    fs::create_dir(at("bin")).unwrap();
    fs::write(at("bin/cargo"), "#!/bin/sh\n[ \"$*\" = 'build --release' ]\n").unwrap();
    fs::set_permissions(at("bin/cargo"), PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", at("bin").display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("python3");
    shell.arg(root().join("tests/first_sale.py")).arg(reader.path());
    shell.env("PATH", path).env("HOME", reader.path()).env("JUMUN_LISTEN", "127.0.0.1:0").env("NO_COLOR", "1");
    shell.env_remove("DATABASE_URL").env_remove("REDIS_URL");
    let output = tokio::task::spawn_blocking(move || shell.output().unwrap()).await.unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(out.matches("\"outcome\": \"accepted\"").count(), 4, "the goods: {out}\n{err}");
    for says in [
        r#""command_id":"c-000000001""#,
        r#""order_status":"PAYMENT_PENDING""#,
        "## servers started: True",
        "## sale ended: True",
        "## servers still there: 2",
        "## shell ended: True",
        "## servers' folder gone: True",
    ] {
        assert!(out.replace("\\\"", "\"").contains(says), "no {says} in: {out}\n{err}");
    }
}

#[tokio::test]
async fn the_start_by_hand_works_as_it_stands() {
    let text = read("docs/start/first-sale.md");
    let rest = text.split_once("<!-- start:").unwrap().1.split_once("```sh\n").unwrap().1;
    let folder = tempfile::tempdir().unwrap();
    let port = crate::support::servers::free_port().to_string();
    let block = rest.split_once("```").unwrap().0.replace("8080", &port);
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_jumun"));
    let path = format!("{}:{}", binary.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("timeout");
    shell.args(["60", "bash", "-c", &block]).current_dir(root()).env("PATH", path).env("NO_COLOR", "1");
    shell.env("DATABASE_URL", format!("sqlite:{}", folder.path().join("start.db").display())).env_remove("REDIS_URL");
    shell.env("JUMUN_LISTEN", format!("127.0.0.1:{port}"));
    let output = tokio::task::spawn_blocking(move || shell.output().unwrap()).await.unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    assert_eq!(out.matches("\"outcome\": \"accepted\"").count(), 4, "the goods: {out}\n{err}");
    for says in
        [&*format!("jumun: the console is at http://127.0.0.1:{port}/"), r#""status":"PAYMENT_PENDING""#, r#""held":1"#]
    {
        assert!(out.contains(says), "no {says} in: {out}\n{err}");
    }
}

#[test]
fn the_security_and_privacy_pages_name_tests_and_settings_that_there_are() {
    let mut all = String::new();
    for folder in ["tests", "src"] {
        sources(folder, &mut |text| all.push_str(&text));
    }
    for page in ["docs/operate/security.md", "docs/operate/privacy.md", "docs/internals/faults.md"] {
        names_what_there_is(page, &all);
    }
    // each fault has its tests, and each test of a fault stands at it
    let page = read("docs/internals/faults.md");
    let rows: Vec<(&str, &str)> = page.lines().filter_map(|l| l.strip_prefix("| ")?.split_once(" | ")).collect();
    for number in 1..=77 {
        let row = rows.iter().find(|(n, _)| *n == number.to_string()).map_or("", |(_, row)| row);
        assert!(row.matches('`').count() > 1, "docs/internals/faults.md: fault {number} has no test");
        let begins = format!("fn f{number:02}_");
        for (at, _) in all.match_indices(&begins) {
            let name = all[at + 3..].split('(').next().unwrap_or_default();
            assert!(row.contains(&format!("`{name}`")), "docs/internals/faults.md, fault {number}: {name} is not told");
        }
    }
    // settings
    let page = read("docs/operate/privacy.md");
    let settings = page.split('`').skip(1).step_by(2).filter_map(|word| word.split(' ').find(|w| w.starts_with("--")));
    let settings: BTreeSet<&str> = settings.collect();
    assert!(settings.len() > 5, "{settings:?}");
    for setting in settings {
        let field = setting.trim_start_matches("--").replace('-', "_");
        let there = [format!(" {field}: "), format!("\"{}\"", setting.trim_start_matches("--"))];
        assert!(
            there.iter().any(|t| all.contains(t)),
            "docs/operate/privacy.md names the setting {setting}, which there is not"
        );
    }
    for duty in ["§21", "§29", "§35", "§36", "전자상거래법 §6", "5 years", "3 years", "6 months"] {
        assert!(page.contains(duty), "{duty}");
    }
}

/// What a page says in code, its blocks aside.
fn words_in_code(page: &str) -> Vec<String> {
    let mut text = String::new();
    let mut block = false;
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            block = !block;
        } else if !block {
            text.push_str(line);
            text.push('\n');
        }
    }
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn snake(word: &str) -> bool {
    word.contains('_') && word.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit())
}

fn is_test(name: &str, all: &str) -> bool {
    all.contains(&format!("fn {name}("))
}

/// Whether all names on a page that speaks of tests are a test's, a table's, a column's or a command's.
fn names_what_there_is(of: &str, all: &str) {
    let mut tables = String::new();
    sources("migrations/postgres", &mut |text| tables.push_str(&text));
    let tables: BTreeSet<&str> = tables.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let words = words_in_code(&read(of));
    let names: BTreeSet<&String> = words.iter().filter(|word| snake(word)).collect();
    assert!(names.iter().filter(|name| is_test(name, all)).count() > 12, "{names:?}");
    for name in names {
        let known = is_test(name, all) || tables.contains(&**name) || Wire::NAMES.contains(&&**name);
        assert!(known, "{of} names {name}: there is no such test, table, column or command");
    }
}

/// Files that a page tells its reader to make.
const MADE: [&str; 2] = ["k8s/overlays/shop/kustomization.yaml", "k8s/overlays/shop-migrate/kustomization.yaml"];

/// The documents beside the sources.
const TOP: [&str; 4] = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"];

/// All pages below docs/, as paths from the root.
pub fn pages() -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec!["docs".to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{folder}/{}", entry.file_name().display());
            if entry.file_type().unwrap().is_dir() {
                folders.push(name);
            } else if name.ends_with(".md") {
                found.push(name);
            }
        }
    }
    assert!(found.len() > 20, "{found:?}");
    found
}

/// Every page: its paths lead somewhere, and whole sentences in code are tests.
#[test]
fn pages_name_files_and_tests_that_there_are() {
    let mut all = String::new();
    for folder in ["tests", "src"] {
        sources(folder, &mut |text| all.push_str(&text));
    }
    let (mut paths, mut tests) = (0, 0);
    for page in pages().iter().map(String::as_str).chain(TOP) {
        for word in words_in_code(&read(page)) {
            let folder = word.split_once('/').map_or("", |(folder, _)| folder);
            let plain = !word.contains([' ', '*', '{', '<', '…', '=']);
            if plain && !folder.is_empty() && folder != "target" && root().join(folder).is_dir() {
                paths += 1;
                let there = root().join(word.trim_end_matches('/')).exists() || MADE.contains(&&*word);
                assert!(there || word == "fuzz/artifacts", "{page} names {word}, which there is not");
            } else if let Some(begins) = word.strip_suffix('…').filter(|w| snake(w) && !w.starts_with("jumun_")) {
                tests += 1;
                assert!(all.contains(&format!("fn {begins}")), "{page} names tests {word}, of which there is none");
            } else if snake(&word)
                && word.matches('_').count() >= 4
                && !["jumun_", "tb_"].iter().any(|a| word.starts_with(a))
            {
                tests += 1;
                assert!(is_test(&word, &all), "{page} names the test {word}, which there is not");
            }
        }
    }
    assert!(paths > 150 && tests > 40, "{paths} paths, {tests} tests");
}

/// Each term is there once, its Korean is what tables, documents or console say, and what it is called there there is.
#[test]
fn the_glossary_says_what_is_said() {
    let mut all = String::new();
    for folder in ["src", "migrations/postgres"] {
        sources(folder, &mut |text| all.push_str(&text));
    }
    for page in ["docs/reference/protocol.md", "docs/reference/schema.md", "src/http/console/words.js"] {
        all.push_str(&read(page));
    }
    let words: BTreeSet<&str> = all.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let page = read("docs/reference/glossary.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let rows: Vec<Vec<&str>> = rows.map(|row| row.split('|').map(str::trim).collect()).collect();
    let rows: Vec<_> = rows.into_iter().filter(|cells| cells[0] != "term" && !cells[0].starts_with("---")).collect();
    assert!(rows.len() > 50, "{}", rows.len());
    let mut terms = BTreeSet::new();
    for cells in &rows {
        assert_eq!(cells.len(), 4, "{cells:?}");
        assert!(cells[0].split(", ").all(|term| terms.insert(term)), "{cells:?} is there twice");
        for korean in cells[1].split(", ").filter(|k| !k.is_empty()) {
            assert!(all.contains(korean), "{korean} ({}) is said nowhere else", cells[0]);
        }
        for name in words_in_code(cells[2]) {
            assert!(words.contains(&*name), "{} is said to be {name}, which there is not", cells[0]);
        }
    }
}

/// What is said to be held is held by a test or a check that runs; what is not says why, or where else.
#[test]
fn every_row_of_the_security_page_names_what_holds_it() {
    let mut all = String::new();
    for folder in ["tests", "src"] {
        sources(folder, &mut |text| all.push_str(&text));
    }
    let page = read("docs/operate/security.md");
    let proves = |text: &str| {
        let words = words_in_code(text);
        words.iter().any(|word| {
            let path = ["tests/", ".ci/", "scripts/"].iter().any(|folder| word.starts_with(folder));
            (snake(word) && is_test(word, &all)) || (path && root().join(word).exists())
        })
    };
    let table = page.split_once("## ASVS").unwrap().1;
    let (mut held, mut left) = (0, 0);
    for row in table.lines().filter(|l| l.starts_with("| ")).skip(1) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 3, "{row}");
        if cells[1].starts_with("left") {
            left += 1;
            assert!(cells[1].len() > 20 || !cells[2].is_empty(), "it doesn't say why: {row}");
        } else {
            held += 1;
            assert!(proves(row), "no test or check is named: {row}");
        }
    }
    assert!(held > 25 && left > 3, "{held} held, {left} left");
}
