//! Rules that nobody runs are wishes: who may import whom, documents that name only files that exist, short files.

mod arrows;
mod documents;
mod migrations;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

/// Words that only some rooms may use.
struct Rule {
    words: &'static [&'static str],
    /// Where the words are looked for (path prefixes).
    within: &'static [&'static str],
    /// Where they are allowed all the same.
    except: &'static [&'static str],
    /// Longer words that contain one and are meant otherwise.
    unless: &'static [&'static str],
    why: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        words: &[
            "tokio",
            "actix",
            "actix_web",
            "sqlx",
            "redis",
            "async",
            "SystemTime",
            "Instant",
            "std::fs",
            "std::net",
        ],
        within: &["src/domain/"],
        except: &[],
        unless: &[],
        why: "the domain is pure: it knows no clock, socket, actor or row",
    },
    Rule {
        words: &["redis::", "deadpool_redis"],
        within: &["src/"],
        // the load generator is a producer like any checkout
        except: &["src/log/", "src/tools/load/"],
        // the adapter, by its own module's name
        unless: &["redis::RedisLog", "log::redis::"],
        why: "only the log speaks to Redis",
    },
    Rule {
        words: &["XACK", "XAUTOCLAIM"],
        within: &["src/"],
        except: &["src/log/"],
        unless: &[],
        why: "only the log acknowledges, and only what is committed",
    },
    Rule {
        words: &["sqlx", "SELECT ", "INSERT INTO ", "DELETE FROM ", "UPDATE tb_", "CREATE TABLE "],
        within: &["src/"],
        except: &["src/store/"],
        // the log's filter names the library
        unless: &["sqlx=warn"],
        why: "only the store speaks SQL",
    },
    Rule {
        words: &["memory::", "postgres::", "sql", "sql_store::", "sqlite::"],
        within: &["src/store/lane.rs", "src/store/lookup.rs", "src/store/query.rs"],
        except: &[],
        unless: &[],
        why: "a port knows none of its adapters",
    },
    Rule {
        words: &["actix", "async", "Instant", "metrics", "mpsc", "tokio", "tracing"],
        within: &["src/lane/isolation"],
        except: &[],
        unless: &[],
        why: "isolation is pure: the run loop tells it what happened, and does what it says",
    },
    Rule {
        words: &["opentelemetry", "opentelemetry_sdk", "opentelemetry_otlp"],
        within: &["src/"],
        except: &["src/lane/traces/"],
        unless: &[],
        why: "only the traces know who collects them",
    },
    Rule {
        words: &["domain::", "history::", "lane::", "protocol::", "store::", "tools::"],
        within: &["src/sim/model"],
        except: &[],
        unless: &[],
        why: "the simulator's model is a shop of its own: what it has from this one can't find it wrong",
    },
    Rule {
        words: &["rows::", "UntRow", "Batch", "project::"],
        within: &["src/lane/actors/"],
        except: &[],
        unless: &[],
        why: "actors speak effects, never columns: rows are made in history",
    },
    Rule {
        words: &[
            "Activation",
            "ActorRegistry",
            "Inventories",
            "LaneContext",
            "LaneStore",
            "LookupStore",
            "Orders",
            "QueryStore",
            "Store",
            "store",
        ],
        within: &[
            "src/lane/actors/consent.rs",
            "src/lane/actors/context.rs",
            "src/lane/actors/execute.rs",
            "src/lane/actors/gifts.rs",
            "src/lane/actors/inventory.rs",
            "src/lane/actors/links.rs",
            "src/lane/actors/order",
            "src/lane/actors/owners.rs",
            "src/lane/actors/placements.rs",
            "src/lane/actors/quotes.rs",
            "src/lane/actors/sku_commands.rs",
        ],
        except: &[],
        // what a read has brought
        unless: &["store::Outcome", "store::StoredSku"],
        why: "who decides has neither the store nor what is live: it asks for what it needs by id",
    },
    Rule {
        words: &["LookupStore"],
        within: &["src/lane/actors/"],
        except: &[
            "src/lane/actors/activate.rs",
            "src/lane/actors/lane_context.rs",
            "src/lane/actors/near.rs",
            "src/lane/actors/payments.rs",
            "src/lane/actors/reservations.rs",
        ],
        unless: &[],
        why: "the store is read where actors are brought to life, and where reference data, payments and reservations are",
    },
    Rule {
        words: &["actix", "actix_rt", "actix_web"],
        within: &["src/"],
        // the run loop starts the supervisor anew
        except: &[
            "src/lane/actors/",
            "src/http/",
            "src/cli/",
            "src/main.rs",
            "src/lane/run_loop.rs",
            "src/lane/run_loop/reset.rs",
        ],
        unless: &[],
        why: "actors route and doors serve; everything else is plain code",
    },
    Rule {
        words: &[
            // the engine's state, and what makes and asks it
            "Order",
            "OrderCommand",
            "apply::",
            "asked::",
            "change::",
            "decide",
            "lean::",
            "part::",
            "register::",
            "state::",
            "step::",
            // what makes rows and answers of it
            "commit::",
            "commit",
            "project",
            "replay::",
            "route",
            "timeline",
            "publish",
            // its table of what may follow what
            "Trigger",
            "may_go",
            "is_terminal",
            "status::next",
            "status::derive",
            // its model of stock
            "domain::stock",
            "stock::{Move",
            "Movement",
            "Stock",
            // questions of what events are made of
            "if_yes",
            "is_paid",
            "key_of",
            "named_by",
        ],
        within: &["src/tools/verify/"],
        // the comparison of the two folds
        except: &["src/tools/verify/fold/tests.rs"],
        unless: &[],
        why: "what is checked does not check itself: verify folds and asks by code of its own",
    },
];

/// What the domain may import: itself, and crates without I/O.
const DOMAIN_ROOTS: &[&str] = &[
    "std",
    "core",
    "super",
    "self",
    "crate::domain",
    "serde",
    "serde_json",
    "rust_decimal",
    "chrono",
    "schemars",
    "thiserror",
    "sha2",
    "proptest",
];

const LINES_MAX: usize = 500;
/// Longer files, each with its reason.
const LONG: &[(&str, &str)] = &[];

#[test]
fn every_room_keeps_to_its_own() -> io::Result<()> {
    let files = sources(&["src"])?;
    assert!(files.len() > 5, "found too few sources: {files:?}");
    let mut found = Vec::new();
    for (name, text) in &files {
        found.extend(strangers(name, text));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
    Ok(())
}

#[test]
fn the_rules_catch_what_they_forbid() {
    let check = |name: &str, text: &str, bad: bool| {
        let found = strangers(name, text);
        assert_eq!(!found.is_empty(), bad, "{name}: {text}: {found:?}");
    };
    for (name, text, bad) in [
        ("src/domain/a.rs", "use tokio::sync::mpsc;", true),
        ("src/domain/a.rs", "let now = std::time::Instant::now();", true),
        ("src/domain/a.rs", "use crate::store::Store;", true),
        ("src/domain/a.rs", "use rand::Rng;", true),
        ("src/domain/a.rs", "fn f(l: &crate::log::Entry) {}", true),
        ("src/domain/a.rs", "pub async fn f() {}", true),
        ("src/domain/a.rs", "use std::{fmt, sync::Arc}; // no tokio here", false),
        ("src/domain/a.rs", "use crate::domain::{ids::SkuId, money::Won};", false),
        ("src/domain/a.rs", "use crate::{domain::ids, store::Store};", true),
        ("src/domain/a.rs", "pub use self::order::Order;\nuse super::ids;", false),
        ("src/domain/a.rs", "use Status as S;", false),
        ("src/domain/a.rs", "/// as in tokio\nfn f() {}", false),
        ("src/domain/a.rs", "let url = \"https://a\"; let i = Instant::now();", true),
        ("src/lane/commit/a.rs", "cmd(\"XACK\")", true),
        ("src/lane/commit/a.rs", "// the log does the XACK", false),
        ("src/lane/commit/a.rs", "redis::cmd(\"PING\")", true),
        ("src/lane/commit/a.rs", "crate::log::redis::RedisLog::connect(url)", false),
        ("src/lane/commit/a.rs", "args.redis.as_deref()", false),
        ("src/log/redis.rs", "redis::cmd(\"XACK\")", false),
        ("src/tools/load/send.rs", "redis::cmd(\"XADD\")", false),
        ("src/tools/load/send.rs", "redis::cmd(\"XACK\")", true),
        ("src/http/a.rs", "let q = \"SELECT 1 FROM tb_od_ord\";", true),
        ("src/store/sql.rs", "let q = \"SELECT 1\"; use sqlx::Row;", false),
        ("src/store/lane.rs", "pub struct EncodedBatch(Box<postgres::Statement>);", true),
        ("src/store/lane.rs", "pub struct EncodedBatch(Option<Box<dyn Any + Send>>);", false),
        ("src/lane/isolation.rs", "tracing::warn!(\"it failed\");", true),
        ("src/lane/isolation.rs", "pub fn on_commit(&mut self, batch: u64) {}", false),
        ("src/lane/commit/a.rs", "use actix::Addr;", true),
        ("src/lane/actors/a.rs", "use actix::Addr;", false),
        ("src/lane/actors/a.rs", "use crate::store::{Store, rows::HistRow};", true),
        ("src/lane/actors/a.rs", "use crate::history::effects::Effect;", false),
        ("src/lane/actors/order/a.rs", "fn f(store: &dyn LookupStore) {}", true),
        ("src/lane/actors/order.rs", "cx: Rc<LaneContext>,", true),
        ("src/lane/actors/order.rs", "cx.store.orders(&ids)", true),
        ("src/lane/actors/context.rs", "pub orders: Orders,", true),
        ("src/lane/actors/supervisor/a.rs", "store: Arc<dyn LookupStore>,", true),
        ("src/lane/actors/order.rs", "cx: Rc<DecisionContext>,", false),
        ("src/lane/actors/activate.rs", "store: Arc<dyn LookupStore>,", false),
        ("src/sim/model/a.rs", "use crate::{domain::money::Won, log::crc16};", true),
        ("src/sim/model/a.rs", "use crate::log::crc16::partition_of;", false),
        ("src/tools/verify/a.rs", "use crate::commit::replay;", true),
        ("src/tools/verify/a.rs", "use crate::{commit::project::project, store::Store};", true),
        ("src/tools/verify/a.rs", "use crate::{domain::order::{Order, event::Event}};", true),
        ("src/tools/verify/a.rs", "    order::state::Placement,", true),
        ("src/tools/verify/a.rs", "let legal = may_go(from, to, own, false);", true),
        ("src/tools/verify/a.rs", "if p.is_paid() {}", true),
        (
            "src/tools/verify/a.rs",
            "use crate::{domain::{ids::OrderId, order::event::Event}, store::rows::OrdRow};",
            false,
        ),
        ("src/tools/verify/fold/tests.rs", "use crate::domain::order::Order;", false),
    ] {
        check(name, text, bad);
    }
}

#[test]
fn files_are_short() -> io::Result<()> {
    let mut found = Vec::new();
    let files = sources(&["src", "tests", "benches"])?;
    for (name, text) in &files {
        let lines = text.lines().count();
        let listed = LONG.iter().any(|(n, _)| n == name);
        if lines > LINES_MAX && !listed {
            found.push(format!("{name} has {lines} lines, more than {LINES_MAX}: split it, or list it with a reason"));
        }
        if lines <= LINES_MAX && listed {
            found.push(format!("{name} is listed as long, but is not"));
        }
    }
    for (name, why) in LONG {
        if why.is_empty() || !files.iter().any(|(n, _)| n == name) {
            found.push(format!("{name} is listed as long without a reason, or does not exist"));
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
    Ok(())
}

/// One noun, one type: a name that two types bear can't be looked for.
#[test]
fn a_types_name_is_its_own() -> io::Result<()> {
    let mut borne: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, text) in &sources(&["src"])? {
        for line in text.lines().map(|line| without_comment(line).trim_start()) {
            let Some(rest) = line.strip_prefix("pub") else { continue };
            let rest = rest.strip_prefix('(').and_then(|r| r.split_once(") ")).map_or(rest.trim_start(), |(_, r)| r);
            let kinds = ["struct ", "enum ", "trait ", "type ", "union "];
            let Some(rest) = kinds.iter().find_map(|kind| rest.strip_prefix(kind)) else { continue };
            let ends = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
            if ends > 0 {
                borne.entry(rest[..ends].to_owned()).or_default().push(name.clone());
            }
        }
    }
    assert!(borne.len() > 400, "found too few types: {}", borne.len());
    let twice: Vec<_> = borne.iter().filter(|(_, files)| files.len() > 1).collect();
    assert!(twice.is_empty(), "{twice:#?}");
    Ok(())
}

/// What a file says that its room may not, a line each.
fn strangers(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let code: Vec<String> = text.lines().map(|line| without_comment(line).to_owned()).collect();
    for (number, line) in code.iter().enumerate() {
        for rule in RULES {
            let applies =
                rule.within.iter().any(|p| name.starts_with(p)) && !rule.except.iter().any(|p| name.starts_with(p));
            let mut line = line.clone();
            for meant in rule.unless {
                line = line.replace(meant, "");
            }
            for word in rule.words.iter().filter(|word| applies && has_word(&line, word)) {
                found.push(format!("{name}:{}: `{}`: {}", number + 1, word.trim(), rule.why));
            }
        }
    }
    if name.starts_with("src/domain/") {
        found.extend(domain_imports(name, &code));
    }
    found
}

/// Imports and `crate::` paths of the domain that lead out of it.
fn domain_imports(name: &str, code: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in code.iter().enumerate() {
        let statement = line.trim_start().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
        let used = statement.strip_prefix("use ");
        // a capital begins a name that is in scope already: `use Status as S`
        let known = |path: &str| {
            path.starts_with(char::is_uppercase)
                || DOMAIN_ROOTS.iter().any(|root| path.strip_prefix(root).is_some_and(ends_a_word))
        };
        if used.is_some_and(|path| !known(path))
            || line.match_indices("crate::").any(|(at, _)| {
                // `$crate::` is a macro's own; a longer name ending in `crate` is not this word
                !known(&line[at..]) && !line[..at].ends_with(|c: char| c == '$' || c.is_alphanumeric() || c == '_')
            })
        {
            found.push(format!("{name}:{}: leads out of the domain: {}", number + 1, line.trim()));
        }
    }
    found
}

/// The line up to its `//` comment, if that is not inside a string (as in `"https://"`).
fn without_comment(line: &str) -> &str {
    let mut in_string = false;
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        match c {
            '"' if before != '\\' && before != '\'' => in_string = !in_string,
            '/' if before == '/' && !in_string => return &line[..at - 1],
            _ => {}
        }
        before = c;
    }
    line
}

/// Whether `word` stands in `line` by itself, not as a part of a longer name.
fn has_word(line: &str, word: &str) -> bool {
    let open = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let whole_end = !word.ends_with(open) || ends_a_word(&line[at + word.len()..]);
        whole_end && !line[..at].ends_with(open)
    })
}

fn ends_a_word(rest: &str) -> bool {
    !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The Rust sources below these folders: (path from the root, text).
fn sources(folders: &[&str]) -> io::Result<Vec<(String, String)>> {
    let mut all = Vec::new();
    for folder in folders {
        for path in walk(&root().join(folder), &|p| p.extension().is_some_and(|e| e == "rs"))? {
            let name = path.strip_prefix(root()).unwrap_or(&path).to_string_lossy().into_owned();
            all.push((name, fs::read_to_string(&path)?));
        }
    }
    Ok(all)
}

/// All wanted files below a folder, in order; none where there is no such folder.
fn walk(folder: &Path, wanted: &dyn Fn(&Path) -> bool) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop().filter(|f| f.exists()) {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if wanted(&entry.path()) {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}
