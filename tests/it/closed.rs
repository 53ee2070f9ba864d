//! Doors that are closed by default: what opens one is asked for, in so many words.

use std::process::Command;

use jumun::http::{
    access::{Access, Route},
    routes,
    tokens::Role,
};

use crate::{
    http_api::filled,
    support::{
        http::Reply,
        payments::signed,
        shop::{Shop, reason},
    },
};

/// Tries to serve: the exit status (124: it goes on serving), and what it says.
fn tried(variables: &[(&str, &str)], words: &[&str]) -> (Option<i32>, String) {
    let dir = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", dir.path().join("a.db").display());
    tried_on(&[&[("DATABASE_URL", database.as_str())], variables].concat(), words)
}

/// The same, with whatever is in the variables for its places.
fn tried_on(variables: &[(&str, &str)], words: &[&str]) -> (Option<i32>, String) {
    tried_for("15", variables, words)
}

fn tried_for(seconds: &str, variables: &[(&str, &str)], words: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new("timeout");
    command.args([seconds, env!("CARGO_BIN_EXE_jumun"), "serve"]).args(words);
    // nor is a password of whoever runs this
    command.env_remove("PGPASSWORD").env_remove("PGPASSFILE").env("HOME", "/nowhere");
    command.env_remove("REDIS_URL").env("NO_COLOR", "1").envs(variables.iter().copied());
    let out = command.output().unwrap();
    let text = [out.stdout, out.stderr].map(|b| String::from_utf8_lossy(&b).into_owned()).concat();
    (out.status.code(), text)
}

#[test]
fn a_door_that_nobody_opened_is_not_open() {
    let empty = tempfile::NamedTempFile::new().unwrap();
    let (file, hash) = (empty.path().to_str().unwrap(), "0".repeat(64));
    let token = format!("a:metrics:{hash}");
    let (here, all) = ("127.0.0.1:0", "0.0.0.0:0");
    for (variables, words, says) in [
        (&[][..], &["--listen", here][..], "there are no tokens"),
        (&[], &["--listen", all], "there are no tokens"),
        (&[], &["--listen", all, "--no-auth"], "others may reach"),
        (&[("JUMUN_NO_AUTH", "true")], &["--listen", "[::]:0"], "others may reach"),
        (&[("JUMUN_NO_AUTH", "false")], &["--listen", here], "there are no tokens"),
        (&[("JUMUN_TOKEN", "")], &["--listen", here], "JUMUN_TOKEN is empty"),
        (&[("JUMUN_TOKEN", "")], &["--listen", here, "--no-auth"], "JUMUN_TOKEN is empty"),
        (&[("JUMUN_TOKENS", "")], &["--listen", here, "--no-auth"], "JUMUN_TOKENS is empty"),
        (&[], &["--listen", here, "--token", ""], "a token is empty"),
        (&[], &["--listen", here, "--token", ","], "a token is empty"),
        (&[], &["--listen", here, "--tokens", file], "names no token"),
        (&[], &["--listen", here, "--no-auth", "--tokens", file], "names no token"),
        (&[], &["--listen", here, "--no-auth", "--token", &token], "leave out one of both"),
        (&[("JUMUN_TOKN", &token)], &["--listen", here, "--no-auth"], "is JUMUN_TOKEN meant?"),
        (&[("JUMUN_NO_AUTH", "yes, please")], &["--listen", here], "invalid value"),
    ] {
        let (status, text) = tried(variables, words);
        let ended = matches!(status, Some(1 | 2 | 64));
        assert!(ended && text.contains(says), "{variables:?} {words:?}: {status:?}, wanted {says:?}: {text}");
    }
    // as it is asked for, it goes on
    let (status, text) = tried(&[], &["--listen", all, "--no-auth-on-network"]);
    assert!(status == Some(124) && text.contains("NO AUTHENTICATION IS CONFIGURED"), "{status:?}: {text}");
}

/// What never ends, where it is let in.
fn endless(path: &str) -> bool {
    matches!(path, "/v1/live" | "/v1/events")
}

/// Of every route: method, path, and whether anybody may.
fn everywhere() -> Vec<(String, String, bool)> {
    let told = |r: &Route| (r.method.to_string(), filled(r.path), matches!(r.access, Access::All));
    routes::all().iter().map(told).collect()
}

#[tokio::test]
async fn every_answer_is_for_who_asked_and_for_nobodys_cache() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    shop.order("o-1");
    let holds = |reply: &Reply, what: &str| {
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"), "{what}: {reply:?}");
        assert_eq!(reply.header("cross-origin-resource-policy"), Some("same-origin"), "{what}: {reply:?}");
        let vary = reply.headers("vary");
        assert!(vary.contains("Authorization") && vary.contains("X-Customer-Id"), "{what}: {reply:?}");
        let kept = match reply.header("cache-control") {
            Some("no-store") => false,
            Some("private, no-cache") => reply.header("etag").is_some() && matches!(reply.status, 200 | 304),
            Some("no-cache") => reply.header("content-security-policy").is_some(),
            _ => panic!("{what}: {reply:?}"),
        };
        assert!(kept == reply.header("etag").is_some() || kept, "{what}: {reply:?}");
    };
    for (method, path, _) in everywhere() {
        for token in ["", "nobody", "operator"] {
            if token != "operator" || !endless(&path) {
                holds(&shop.ask(token, &method, &path, &[("X-Customer-Id", "u-1")], b""), &format!("{method} {path}"));
            }
        }
    }
    let order = shop.get("operator", "/v1/orders/o-1");
    let tag = order.header("etag").unwrap();
    let known = shop.ask("operator", "GET", "/v1/orders/o-1", &[("If-None-Match", tag)], b"");
    assert_eq!(known.status, 304);
    for reply in [order, known, shop.get("operator", "/nowhere"), shop.ask("", "PATCH", "/v1/orders", &[], b"")] {
        holds(&reply, "beside the routes");
    }
    let page = shop.get("", "/");
    for (name, value) in [("x-frame-options", "DENY"), ("cross-origin-opener-policy", "same-origin")] {
        assert_eq!(page.header(name), Some(value));
    }
}

#[tokio::test]
async fn a_body_is_json_and_what_decides_is_said_once() {
    let shop = Shop::open(&[]).await;
    for (method, path, _) in everywhere() {
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "application/json; charset=utf-16",
            "",
        ] {
            let reply = shop.ask("operator", &method, &path, &[("Content-Type", kind)], b"{}");
            assert_eq!(
                (reply.status, reason(&reply).as_str()),
                (415, "not_json"),
                "{method} {path} {kind:?}: {reply:?}"
            );
        }
        for (name, value) in [
            ("Authorization", "Bearer operator"),
            ("X-Customer-Id", "u-1"),
            ("Idempotency-Key", "twice-0001"),
            ("If-Match", "\"1\""),
            ("Content-Type", "application/json"),
            ("Origin", "http://localhost"),
            ("Sec-Fetch-Site", "none"),
            ("jumun-signature", "t=1"),
            ("jumun-signature-v2", "t=1"),
            ("Last-Event-ID", "now"),
        ] {
            let reply = shop.ask("", &method, &path, &[(name, value), (name, value)], b"{}");
            let told = reply.body.contains("is there twice");
            assert_eq!((reply.status, told), (400, true), "{method} {path} {name}: {reply:?}");
        }
        let host = [("Host", "localhost"), ("Host", "localhost")];
        assert_eq!(shop.ask("operator", &method, &path, &host, b"").status, 400, "{method} {path}");
    }
}

/// The kind: what a web page makes the browser of somebody on this machine ask.
#[tokio::test]
async fn an_open_door_is_not_open_to_other_sites_pages() {
    let shop = Shop::start(&["--allowed-host", "shop.example"]).await;
    for (method, path, anyones) in everywhere() {
        for host in ["evil.example", "localhost.evil.example:80", "10.0.0.1", "127.0.0.1.evil.example", "not a host"] {
            let reply = shop.ask("", &method, &path, &[("Host", host)], b"");
            assert_eq!(
                (reply.status, reason(&reply).as_str()),
                (403, "unknown_host"),
                "{method} {path} {host}: {reply:?}"
            );
        }
        for header in [
            ("Origin", "https://evil.example"),
            ("Origin", "http://localhost:3000"),
            ("Origin", "null"),
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Site", "same-site"),
        ] {
            let reply = shop.ask("", &method, &path, &[header], b"");
            let refused = (reply.status, reply.body.contains("foreign_site")) == (403, true);
            // what is linked to, and holds nothing of anybody's; never a change
            assert_eq!(refused, !anyones || path.starts_with("/console"), "{method} {path} {header:?}: {reply:?}");
        }
        if endless(&path) {
            continue;
        }
        let origin = format!("http://{}", shop.address);
        for headers in [
            &[("Origin", origin.as_str()), ("Sec-Fetch-Site", "same-origin")][..],
            &[("Sec-Fetch-Site", "none")],
            &[("Host", "shop.example")],
            &[("Host", "localhost:8080")],
            &[],
        ] {
            let reply = shop.ask("", &method, &path, headers, b"");
            assert!(!matches!(reply.status, 403 | 415), "{method} {path} {headers:?}: {reply:?}");
        }
    }
    // where somebody shows a token no browser does so by itself: there a proxy may have any name
    let closed = Shop::open(&[]).await;
    let proxied = [("Host", "shop.example"), ("Origin", "https://elsewhere.example")];
    assert_eq!(closed.ask(Role::Operator.word(), "GET", "/v1/orders", &proxied, b"").status, 200);
}

/// The kind: whatever anybody without a token can send as fast as they like.
#[tokio::test]
async fn strangers_fill_no_log() {
    let shop = Shop::file(&["--unauthenticated-rate", "3"]).await;
    let lines = |shop: &Shop| shop.server.log().lines().count();
    let before = lines(&shop);
    let signature = signed("another secret than theirs", 0, b"{}");
    let mut told = [0, 0];
    for _ in 0..150 {
        for reply in [
            shop.ask("nobody", "GET", "/v1/orders", &[], b""),
            shop.ask("", "POST", "/v1/payment-callbacks", &[("jumun-signature", &signature)], b"{}"),
        ] {
            match reply.status {
                401 => told[0] += 1,
                429 => told[1] += 1,
                _ => panic!("{reply:?}"),
            }
            assert_eq!(reply.status == 429, reply.header("retry-after").is_some(), "{reply:?}");
        }
    }
    assert!(told[0] >= 30 && told[1] > 0, "{told:?}");
    assert!(lines(&shop) - before <= told[0], "{told:?}: {}", shop.server.log());
    // who has one is not kept waiting
    assert_eq!(shop.get("operator", "/v1/orders").status, 200);
    assert!(shop.get("metrics", "/metrics").body.contains("jumun_http_unauthenticated_throttled_total"));
    // nor has a known token more than its share of the log; what is no HTTP has none
    let before = lines(&shop);
    for _ in 0..200 {
        assert_eq!(shop.get("metrics", "/v1/orders").status, 403);
        assert_eq!(shop.ask("", "G@T", "/\u{1}", &[], b"").status, 400);
    }
    assert_eq!(lines(&shop) - before, 60, "{}", shop.server.log());
}

/// Of the same kind: whatever else opens the database, or the log, has the same passwords and orders.
#[test]
fn f48_no_tool_reaches_a_database_elsewhere_in_clear() {
    let dir = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}", dir.path().join("a.db").display());
    let ran = |words: &[&str], places: [(&str, &str); 2], insecure: &str| {
        let mut jumun = Command::new(env!("CARGO_BIN_EXE_jumun"));
        let ran = jumun.args(words).envs(places).env("JUMUN_INSECURE_BACKENDS", insecure).output().unwrap();
        (ran.status.success(), String::from_utf8_lossy(&ran.stderr).into_owned())
    };
    let (migrated, said) =
        ran(&["migrate"], [("DATABASE_URL", &file), ("REDIS_URL", "redis://redis.invalid")], "false");
    assert!(migrated, "it opens no log: {said}");
    let away = [("DATABASE_URL", "postgres://jumun:secret@pg.invalid/jumun"), ("REDIS_URL", "redis://localhost:1")];
    let log_away = [("DATABASE_URL", &*file), ("REDIS_URL", "redis://:secret@redis.invalid")];
    let command = dir.path().join("command.json");
    std::fs::write(&command, r#"{"id":"c-000000001","type":"receive_stock"}"#).unwrap();
    let command = command.to_str().unwrap();
    let tools: [(&[&str], _, _); 11] = [
        (&["migrate"], away, "PostgreSQL is on another machine and is reached in clear"),
        (&["verify"], away, "PostgreSQL is on another machine and is reached in clear"),
        (&["archive", "--older-than", "1"], away, "PostgreSQL is on another machine and is reached in clear"),
        (&["reseal"], away, "PostgreSQL is on another machine and is reached in clear"),
        (&["timeline", "o-1"], away, "PostgreSQL is on another machine and is reached in clear"),
        (&["verify"], log_away, "Redis is on another machine and is told its password in clear"),
        (&["timeline", "o-1"], log_away, "Redis is on another machine and is told its password in clear"),
        (&["send", command], log_away, "Redis is on another machine and is told its password in clear"),
        (&["load"], log_away, "Redis is on another machine and is told its password in clear"),
        // a demonstration goes nowhere that its words don't say
        (&["demo", "--database", away[0].1], away, "PostgreSQL is on another machine and is reached in clear"),
        (&["demo", "--redis", log_away[1].1], away, "Redis is on another machine and is told its password in clear"),
    ];
    for (words, places, says) in tools {
        for insecure in ["false", "true"] {
            let (well, text) = ran(words, places, insecure);
            assert_eq!((well, text.contains(says)), (false, insecure == "false"), "{words:?} {insecure}: {text}");
            assert!(!text.contains("secret"), "{words:?}: {text}");
        }
    }
}

/// A file of passwords is one only for the servers that it names.
#[test]
fn f48_a_file_of_passwords_is_looked_into() {
    let dir = tempfile::tempdir().unwrap();
    let url = "postgres://jumun@pg.invalid/jumun?sslmode=verify-full";
    for (line, refuses) in [("pg.invalid:5432:*:jumun:secret", false), ("pg.other:5432:*:jumun:secret", true)] {
        let file = dir.path().join("pgpass");
        std::fs::write(&file, format!("{line}\n")).unwrap();
        let variables = [("DATABASE_URL", url), ("PGPASSFILE", file.to_str().unwrap())];
        let (ended, text) = tried_for("2", &variables, &["--no-auth", "--listen", "127.0.0.1:0"]);
        let says = text.contains("no password and shown no certificate");
        assert_eq!((ended, says), (Some(if refuses { 1 } else { 124 }), refuses), "{line}: {text}");
    }
}

/// What a machine reads, or what is to be told, is no guess.
#[test]
fn settings_of_the_log_are_read_or_refused() {
    for (name, value, says) in [
        ("JUMUN_LOG_FORMAT", "jsn", "JUMUN_LOG_FORMAT is json or text"),
        ("JUMUN_LOG", "info,jumun=loud", "JUMUN_LOG can't be read"),
        ("REDIS_ULR", "redis://localhost", "there is a variable REDIS_ULR and no REDIS_URL"),
    ] {
        let (ended, text) = tried(&[(name, value)], &["--no-auth", "--listen", "127.0.0.1:0"]);
        assert!(matches!(ended, Some(64 | 1)) && text.contains(says), "{name}={value}: {ended:?} {text}");
    }
}

/// Fault 48: what goes to servers elsewhere goes to no others, and nobody else is let in there.
#[test]
fn f48_backends_elsewhere_are_not_reached_in_clear() {
    for (url, refused) in [
        ("redis://redis.invalid", "Redis is on another machine and asks for no password"),
        ("redis://:secret@redis.invalid", "is told its password in clear"),
        ("rediss://redis.invalid", "asks for no password"),
        ("rediss://user:secret@redis.invalid", ""),
        ("redis://127.0.0.1:1", ""),
        ("redis://localhost:1", ""),
        ("redis://[::1]:1", ""),
        ("postgres://jumun:secret@pg.invalid/jumun", "PostgreSQL is on another machine and is reached in clear"),
        ("postgres://jumun:secret@pg.invalid/jumun?sslmode=prefer", "is reached in clear"),
        ("postgres://jumun:secret@pg.invalid/jumun?sslmode=disable", "is reached in clear"),
        ("postgres://jumun:secret@pg.invalid/jumun?sslmode=allow", "is reached in clear"),
        ("postgres://jumun:secret@pg.invalid/jumun?sslmode=require", "looks at no certificate"),
        ("postgres://jumun:secret@pg.invalid/jumun?sslmode=require&sslrootcert=/ca.pem", "looks at no certificate"),
        ("postgres://jumun:secret@pg.invalid/jumun?sslmode=verify-ca", "any host with a public certificate"),
        ("postgres://jumun:secret@pg.invalid/jumun?sslmode=verify-ca&sslrootcert=/ca.pem", ""),
        ("postgres://jumun:secret@pg.invalid/jumun?sslmode=verify-full", ""),
        ("postgres://jumun@pg.invalid/jumun?sslmode=verify-full&password=secret", ""),
        ("postgres://jumun@pg.invalid/jumun?sslmode=verify-full", "no password and shown no certificate"),
        ("postgres://jumun:@pg.invalid/jumun?sslmode=verify-full", "no password and shown no certificate"),
        (
            "postgres://jumun@pg.invalid/jumun?sslmode=verify-ca&sslrootcert=/ca.pem",
            "no password and shown no certificate",
        ),
        (
            "postgres://jumun@pg.invalid/jumun?sslmode=verify-full&sslcert=/a.pem",
            "no password and shown no certificate",
        ),
        ("postgres://jumun@pg.invalid/jumun?sslmode=verify-full&sslcert=/a.pem&sslkey=/a.key", ""),
        ("postgres://jumun@127.0.0.1:1/jumun", ""),
        ("postgres://jumun:secret@127.0.0.1:1/jumun", ""),
        ("postgres:///jumun?host=/nowhere", ""),
    ] {
        for insecure in ["false", "true"] {
            let variables = [("JUMUN_INSECURE_BACKENDS", insecure), ("DATABASE_URL", url), ("REDIS_URL", url)];
            // a URL of the other kind is the usual place: nobody gets there
            let variables = match url.starts_with("redis") {
                true => [variables[0], ("DATABASE_URL", "sqlite:/nowhere/a.db"), variables[2]],
                false => [variables[0], variables[1], ("REDIS_URL", "redis://localhost:1")],
            };
            // a database that nobody answers for is waited for, and the folder of the file is not there
            let refuses = insecure == "false" && !refused.is_empty();
            let waits = !refuses && url.starts_with("postgres") && !url.ends_with("/nowhere");
            let (seconds, status) = if waits { ("2", 124) } else { ("15", 1) };
            let (ended, text) = tried_for(seconds, &variables, &["--no-auth", "--listen", "127.0.0.1:0"]);
            let says = text.contains("--insecure-backends goes on");
            assert_eq!((ended, says), (Some(status), refuses), "{url} {insecure}: {text}");
            assert!(!says || text.contains(refused), "{url}: {text}");
            assert!(!text.contains("secret"), "{url}: {text}");
        }
    }
}

/// The kind: what a page tells to make beside the sources and that nobody else may read, in an image's layers or a commit.
#[test]
fn secrets_that_pages_tell_to_make_stay_out_of_commits_and_images() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| std::fs::read_to_string(root.join(name)).unwrap();
    let mut made = std::collections::BTreeSet::new();
    for page in crate::docs::pages().iter().map(String::as_str).chain(["README.md"]) {
        let text = read(page);
        let mut fenced = false;
        for line in text.lines() {
            fenced ^= line.starts_with("```");
            // a command, not a table or a quotation
            if !(fenced || line.starts_with("    ")) {
                continue;
            }
            for (n, _) in line.match_indices('>').filter(|(n, _)| !line[..*n].ends_with(['-', '=', '<', '>'])) {
                let file =
                    line[n..].trim_start_matches(['>', '&', ' ']).split([' ', ';', '|', '"', ')']).next().unwrap_or("");
                made.insert(file.to_owned());
            }
            made.extend(line.split("--from-file=").skip(1).map(|f| f.split([' ', ')']).next().unwrap().to_owned()));
        }
    }
    let file = |f: &String| {
        let name = f.rsplit('=').next().unwrap();
        let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
        (plain && name.starts_with(|c: char| c.is_ascii_lowercase() || c == '.') && !name.ends_with(".json"))
            .then(|| name.to_owned())
    };
    let made: Vec<String> = made.iter().filter_map(file).filter(|f| !f.starts_with("dev/")).collect();
    for expected in ["tokens.toml", "token", "my-token", "database-url", "webhooks/warehouse", ".env"] {
        assert!(made.iter().any(|m| m == expected), "{expected} is not found: {made:?}");
    }
    let ignored = read(".gitignore");
    let covers = |pattern: &str, name: &str| {
        let pattern = pattern.trim_start_matches('/');
        match pattern.split_once('*') {
            Some((before, after)) => name.starts_with(before) && name.ends_with(after) && !name.contains('/'),
            None => name == pattern || (pattern.ends_with('/') && name.starts_with(pattern)),
        }
    };
    let sent = read(".dockerignore");
    assert_eq!(sent.lines().find(|l| !l.starts_with('#')), Some("*"), "what is not named goes to no build");
    for name in &made {
        assert!(ignored.lines().any(|l| covers(l, name)), ".gitignore lacks {name}: {made:?}");
        let goes = sent
            .lines()
            .filter_map(|l| l.strip_prefix('!'))
            .any(|l| covers(l, name) || name.starts_with(&format!("{l}/")));
        assert!(!goes, ".dockerignore lets {name} in");
    }
}

/// The kind: what anybody may ask as often as they like, and what it tells them.
#[tokio::test]
async fn probes_cost_little_and_tell_strangers_little() {
    let shop = Shop::file(&[]).await;
    for token in ["", "nobody"] {
        assert_eq!(shop.get(token, "/readyz").json(), serde_json::json!({"ready": true}));
    }
    let told = shop.get("metrics", "/readyz").json();
    assert_eq!(
        (&told["owned"], &told["no_authentication"]),
        (&serde_json::json!(1), &serde_json::json!(false)),
        "{told}"
    );
}

/// The kind: what a server could tell of how it was built, and of what lies beside it.
#[tokio::test]
async fn what_is_no_route_is_not_there() {
    let shop = Shop::file(&[]).await;
    for token in ["", "operator"] {
        for path in
            ["/.git/config", "/.env", "/assets/", "/v1", "/v1/", "/debug", "/../Cargo.toml", "/%2e%2e/Cargo.toml"]
        {
            let reply = shop.ask(token, "GET", path, &[], b"");
            assert!([401, 404].contains(&reply.status), "{path}: {reply:?}");
        }
        for path in ["/", "/v1/orders", "/livez"] {
            let reply = shop.ask(token, "TRACE", path, &[("X-Secret", "said-back")], b"");
            assert!([401, 404, 405].contains(&reply.status), "{path}: {reply:?}");
            assert!(!reply.body.contains("said-back"), "{reply:?}");
        }
    }
    assert_eq!(shop.get("", "/metrics").status, 401);
}
