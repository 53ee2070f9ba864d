//! Pages made from the code and the schema: the transition table with its picture, and the tables with theirs.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
};

use jumun::{
    domain::{
        carriers::CARRIERS,
        order::delivery::DeliveryStatus,
        status::{Status, To, Trigger, next},
    },
    retention::tables::{ALL, TableBound},
};

use crate::docs::{hold, root};

fn snake(trigger: Trigger) -> String {
    let mut out = String::new();
    for c in format!("{trigger:?}").chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[test]
fn the_status_page_is_the_codes_table() {
    let mut table = String::from("| from \\ trigger |");
    for t in Trigger::ALL {
        write!(table, " `{}` ({}) |", snake(t), t.source()).unwrap();
    }
    table.push_str("\n|---|");
    table.push_str(&"---|".repeat(Trigger::ALL.len()));
    table.push('\n');
    let (mut allowed, mut refused) = (0, 0);
    for from in Status::ALL {
        write!(table, "| {} {} |", from.korean(), from.code()).unwrap();
        for t in Trigger::ALL {
            match next(from, t) {
                Some(to) if to == from => table.push_str(" stays |"),
                Some(to) => write!(table, " → {} |", to.code()).unwrap(),
                None => table.push_str(" – |"),
            }
            if next(from, t).is_some() { allowed += 1 } else { refused += 1 }
        }
        table.push('\n');
    }
    writeln!(table, "\n{allowed} pairs are allowed, {refused} (–) are refused with `illegal_transition`.").unwrap();
    hold("docs/reference/order-status.md", "transitions", &table);
}

#[test]
fn the_status_picture_is_the_codes() {
    let mut picture = String::from("```mermaid\nstateDiagram-v2\n");
    for s in Status::ALL {
        writeln!(picture, "    {0}: {1}<br/>{0}", s.code(), s.korean()).unwrap();
    }
    writeln!(picture, "    [*] --> {}", Status::PaymentPending.code()).unwrap();
    let mut arrows: BTreeMap<(usize, &str), Vec<String>> = BTreeMap::new();
    for t in Trigger::ALL {
        let (from, to) = t.row();
        let To::Go(to) = to else { continue };
        for f in from {
            let place = Status::ALL.iter().position(|s| s == f).unwrap();
            arrows.entry((place, to.code())).or_default().push(snake(t));
        }
    }
    for ((from, to), triggers) in arrows {
        writeln!(picture, "    {} --> {to}: {}", Status::ALL[from].code(), triggers.join(", ")).unwrap();
    }
    for s in Status::ALL.into_iter().filter(|s| s.is_terminal()) {
        writeln!(picture, "    {} --> [*]", s.code()).unwrap();
    }
    picture.push_str("```\n");
    hold("docs/reference/order-status.md", "picture", &picture);
    let sub: Vec<String> = DeliveryStatus::ALL.iter().map(|s| format!("{} `{}`", s.korean(), s.code())).collect();
    hold("docs/reference/order-status.md", "delivery", &format!("{}\n", sub.join(" → ")));
}

#[test]
fn the_carriers_are_the_codes() {
    let rows = CARRIERS.iter().map(|(code, name)| format!("| `{code}` | {name} |\n"));
    let table: String = rows.collect();
    hold("docs/guide/producers.md", "carriers", &format!("| code | name |\n|---|---|\n{table}"));
}

struct Table {
    name: String,
    about: String,
    /// name, type, whether it may be missing, comment
    columns: Vec<(String, String, bool, String)>,
    key: Vec<String>,
    checks: Vec<String>,
}

/// The tables as the migrations make them.
fn tables() -> Vec<Table> {
    let mut files: Vec<_> =
        fs::read_dir(root().join("migrations/postgres")).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let sql: String = files.iter().map(|f| fs::read_to_string(f).unwrap()).collect();
    let comment = |of: &str| {
        // a later migration may say it anew
        let start = sql.rfind(&format!("COMMENT ON {of} IS '")).unwrap_or_else(|| panic!("no comment on {of}"));
        let text = &sql[start..].split_once('\'').unwrap().1.replace("''", "\u{1}");
        text.split('\'').next().unwrap().replace('\u{1}', "'")
    };
    let (mut found, mut alike) = (Vec::<Table>::new(), Vec::new());
    for block in sql.split("CREATE TABLE ").skip(1) {
        let (name, rest) = block.split_once(" (").unwrap();
        if let Some(like) = rest.strip_prefix("LIKE ") {
            // the columns of another table, as they are in the end: a test of the store holds them to that
            let (of, rest) = like.split_once(" INCLUDING COMMENTS, PRIMARY KEY (").unwrap();
            let key: Vec<String> = rest.split_once(')').unwrap().0.split(", ").map(str::to_owned).collect();
            alike.push((name.to_owned(), of.to_owned(), key));
            continue;
        }
        let rest = rest.strip_prefix('\n').unwrap();
        let body = rest.split_once("\n)").unwrap().0;
        let (mut columns, mut key, mut checks) = (Vec::new(), Vec::new(), Vec::new());
        for line in body.lines().map(|l| l.trim().trim_end_matches(',')) {
            if let Some(columns) = line.strip_prefix("PRIMARY KEY (") {
                key = columns.trim_end_matches(')').split(", ").map(str::to_owned).collect();
            } else if let Some((_, check)) = line.split_once(" CHECK ") {
                checks.push(check.trim_start_matches('(').strip_suffix(')').unwrap_or(check).to_owned());
            } else {
                let mut words = line.split(' ');
                let (column, kind) = (words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
                let about = comment(&format!("COLUMN {name}.{column}"));
                columns.push((column, kind, !line.contains("NOT NULL"), about));
            }
        }
        found.push(Table { name: name.to_owned(), about: comment(&format!("TABLE {name}")), columns, key, checks });
    }
    // what later migrations change: statements of one clause or several, a line each
    for statement in sql.split("ALTER TABLE ").skip(1).map(|s| s.split_once(';').map_or(s, |(s, _)| s)) {
        let (name, clauses) = statement.split_once(char::is_whitespace).unwrap();
        if alike.iter().any(|(of, _, _)| of == name) {
            continue;
        }
        let table = found.iter_mut().find(|t: &&mut Table| t.name == name).unwrap();
        for clause in clauses.split(",\n").map(str::trim) {
            if let Some(column) = clause.strip_prefix("ADD COLUMN ") {
                let (column, kind) = column.split_once(' ').unwrap();
                let about = comment(&format!("COLUMN {name}.{column}"));
                let kind_alone = kind.split(' ').next().unwrap().to_owned();
                table.columns.push((column.to_owned(), kind_alone, !kind.contains("NOT NULL"), about));
            } else if let Some(gone) = clause.strip_prefix("DROP CONSTRAINT ") {
                let made = sql.split(&format!("CONSTRAINT {gone} CHECK (")).nth(1).unwrap();
                let check = made.lines().next().unwrap().trim_end_matches([',', ';']).strip_suffix(')').unwrap();
                table.checks.retain(|c| c != check);
            } else if let Some(check) = clause.strip_prefix("ADD CONSTRAINT ") {
                let (_, check) = check.split_once(" CHECK ").unwrap();
                table.checks.push(check.trim_start_matches('(').strip_suffix(')').unwrap_or(check).to_owned());
            } else {
                assert!(clause.starts_with("ALTER COLUMN "), "a migration says {clause}");
            }
        }
    }
    for (name, of, key) in alike {
        let columns = found.iter().find(|t: &&Table| t.name == of).unwrap().columns.clone();
        found.push(Table { about: comment(&format!("TABLE {name}")), name, columns, key, checks: Vec::new() });
    }
    found
}

/// A table of the archive: the rows of another one.
fn of_the_archive(name: &str) -> Option<&str> {
    name.strip_suffix("_arch").filter(|of| of.starts_with("tb_") && *of != "tb_sy")
}

/// Which column leads to which table; no foreign keys are declared, and the first migration says why.
const LEADS: &[(&str, &str)] = &[
    ("prnt_ord_id", "tb_od_ord"),
    ("chld_ord_id", "tb_od_ord"),
    ("ord_id", "tb_od_ord"),
    ("unt_id", "tb_pd_unt"),
    ("gds_id", "tb_pd_gds"),
    ("dlv_tmpl_id", "tb_dv_dlv_tmpl"),
    ("ptnr_id", "tb_pt_ptnr"),
    ("hldr_id", "tb_pt_ptnr"),
    ("cmpn_id", "tb_pr_cmpn"),
    ("prm_id", "tb_pr_prm"),
    ("gft_prm_id", "tb_pr_gft_prm"),
];

/// A table without a decision is red: whatever grows has a term, or a place to go to.
#[test]
fn every_table_has_a_retention() {
    let archived = |of: &str| ALL.iter().any(|(table, kept)| *table == of && matches!(kept, TableBound::Archived(_)));
    let (beside, made): (BTreeSet<String>, BTreeSet<String>) =
        tables().into_iter().map(|t| t.name).partition(|name| of_the_archive(name).is_some());
    let moved = ALL.iter().filter(|(_, kept)| matches!(kept, TableBound::Archived(_))).count();
    assert_eq!(beside.len(), moved, "what is archived has a place to go to");
    assert!(beside.iter().all(|name| of_the_archive(name).is_some_and(archived)), "{beside:?}");
    let decided: BTreeSet<String> = ALL.iter().map(|(table, _)| (*table).to_owned()).collect();
    assert_eq!(
        made, decided,
        "left: the tables of the migrations, right: those with a retention (src/retention/tables.rs)"
    );
    assert_eq!(decided.len(), ALL.len(), "one decision a table");
    let in_days = |d: std::time::Duration| d.as_secs() / 86_400;
    let mut page = "| table | kept | setting | at least | |\n|---|---|---|---|---|\n".to_owned();
    for (table, kept) in ALL {
        let row = match kept {
            TableBound::Bounded(why) => format!("bounded | — | — | {why}"),
            TableBound::Archived(how) => format!("until it is archived | `jumun archive` | — | {how}"),
            TableBound::Forever(why) => format!("for ever | — | — | {why}"),
            TableBound::Person { flag, least, why } => format!("for ever | `{flag}` | {least} | {why}"),
            TableBound::Term { flag, usual, least, why } => {
                let usual = usual.map_or_else(|| "for ever".to_owned(), |d| format!("{} days", in_days(d)));
                format!("{usual} | `{flag}` | {} days | {why}", in_days(*least))
            }
        };
        writeln!(page, "| `{table}` | {row} |").unwrap();
    }
    hold("docs/operate/retention.md", "tables", &page);
}

#[test]
fn the_schema_page_is_the_migrations() {
    let tables = tables();
    let names: BTreeSet<&str> = tables.iter().map(|t| t.name.as_str()).collect();
    assert!(names.len() > 25, "{names:?}");
    let mut picture = String::from("```mermaid\nerDiagram\n");
    let (archive, tables): (Vec<Table>, Vec<Table>) =
        tables.into_iter().partition(|t| of_the_archive(&t.name).is_some());
    for t in &tables {
        writeln!(picture, "    {} {{", t.name).unwrap();
        for (column, kind, _, _) in t.columns.iter().filter(|c| t.key.contains(&c.0) || leads(&t.name, &c.0).is_some())
        {
            let key = if t.key.contains(column) { " PK" } else { " FK" };
            writeln!(picture, "        {kind} {column}{key}").unwrap();
        }
        writeln!(picture, "    }}").unwrap();
    }
    for t in &tables {
        for (column, _, missing, _) in &t.columns {
            if let Some(to) = leads(&t.name, column) {
                let one = if *missing { "|o" } else { "||" };
                let many = if t.key == [column.clone()] { "o|" } else { "o{" };
                writeln!(picture, "    {to} {one}--{many} {}: {column}", t.name).unwrap();
            }
        }
    }
    picture.push_str("```\n");
    hold("docs/reference/schema.md", "picture", &picture);
    let mut text = String::new();
    for t in &tables {
        writeln!(text, "### `{}`\n\n{}. Key: {}.\n", t.name, t.about, t.key.join(", ")).unwrap();
        text.push_str("| column | type | |\n|---|---|---|\n");
        for (column, kind, missing, about) in &t.columns {
            let may = if *missing { "?" } else { "" };
            writeln!(text, "| `{column}` | {kind}{may} | {about} |").unwrap();
        }
        if !t.checks.is_empty() {
            writeln!(text, "\nChecked: `{}`.", t.checks.join("`, `")).unwrap();
        }
        text.push('\n');
    }
    text.push_str(
        "### The archive\n\nEach has the columns of the table that its rows come from.\n\n| table | |\n|---|---|\n",
    );
    for t in &archive {
        writeln!(text, "| `{}` | {} |", t.name, t.about).unwrap();
    }
    text.push('\n');
    hold("docs/reference/schema.md", "tables", &text);
}

fn leads(table: &str, column: &str) -> Option<&'static str> {
    LEADS.iter().find(|(c, to)| *c == column && *to != table).map(|(_, to)| *to)
}
