//! Redis and PostgreSQL over TLS with credentials: a sale through both, and what is said where something is wrong.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use sqlx::{Connection as _, PgConnection};

use crate::support::{
    authority::{Authority, USER},
    process::{Served, Setting, run},
    servers::{Server, start_postgres, start_redis, start_redis_by},
};

/// Odd enough to be found wherever it should not be; the URLs escape what they must.
const PASSWORD: &str = "geheim-Xq7w";
const IN_TIME: Duration = Duration::from_secs(25);

fn rediss(redis: &Server) -> String {
    format!("rediss://{USER}:{PASSWORD}@localhost:{}", redis.port())
}

fn postgres(server: &Server, ca: &Path) -> String {
    let (port, ca) = (server.port(), ca.display());
    format!("postgres://{USER}:{PASSWORD}@localhost:{port}/shop?sslmode=verify-full&sslrootcert={ca}")
}

fn serve(database: &str, redis: &str, more: &[&str]) -> Served {
    let setting = Setting {
        database: database.to_owned(),
        redis: redis.to_owned(),
        namespace: "jumun".into(),
        instance: "a".into(),
        partitions: 1,
        more: Vec::new(),
        failpoints: String::new(),
        variables: Vec::new(),
    };
    setting.with(more).start()
}

/// Runs it, and expects it to end in time without a word of the password.
fn tried(words: &[&str]) -> (Option<i32>, String) {
    let begun = Instant::now();
    let (status, text) = run(words);
    assert!(begun.elapsed() < IN_TIME, "{words:?} took {:?}: {text}", begun.elapsed());
    assert!(!text.contains(PASSWORD), "{words:?} tells the password: {text}");
    (status, text)
}

/// The same for one that waits: it is ended.
fn waited(words: &[&str]) -> (Option<i32>, String) {
    let out =
        std::process::Command::new("timeout").arg("3").arg(env!("CARGO_BIN_EXE_jumun")).args(words).output().unwrap();
    let text = [out.stdout, out.stderr].map(|b| String::from_utf8_lossy(&b).into_owned()).concat();
    assert!(!text.contains(PASSWORD), "{words:?} tells the password: {text}");
    (out.status.code(), text)
}

#[tokio::test]
async fn a_sale_goes_over_tls_to_both_and_outlives_a_restart_of_redis() {
    let authority = Authority::new();
    let ca = authority.ca().display().to_string();
    let (mut redis, pg) = (authority.redis(PASSWORD, false), authority.postgres(PASSWORD).await);
    let (database, streams) = (postgres(&pg, &authority.ca()), rediss(&redis));
    let trust = ["--redis", streams.as_str(), "--redis-ca", ca.as_str()];
    let server = serve(&database, &streams, &trust[2..]);
    server.ready().await;
    server.says("Redis is reached with TLS, with a password").await;
    server.says("PostgreSQL is reached with TLSv1.3").await;
    let sale = |what: &str| {
        let words = ["load", "--scenario", "mixed", "--rate", "300", "--count", "600", "--skus", "5"];
        let (status, text) = tried(&[&words[..], &trust].concat());
        assert_eq!(status, Some(0), "{what}: {text}");
    };
    sale("the first");
    let mut admin = PgConnection::connect(&database).await.unwrap();
    let by = "SELECT count(*) FILTER (WHERE ssl), count(*) FROM pg_stat_ssl NATURAL JOIN pg_stat_activity \
        WHERE application_name = 'jumun'";
    let (encrypted, all): (i64, i64) = sqlx::query_as(by).fetch_one(&mut admin).await.unwrap();
    assert!(all >= 2 && encrypted == all, "{encrypted} of {all} connections are encrypted");
    // every connection breaks in the middle of a TLS record or between two; all are made again
    redis.kill9();
    tokio::time::sleep(Duration::from_millis(300)).await;
    redis.restart();
    sale("after the restart");
    let command =
        r#"{"id":"s-000000001","type":"receive_stock","actor":"operator:me","sku_id":"nothing","quantity":1}"#;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), command).unwrap();
    let path = file.path().display().to_string();
    let (status, text) = tried(&[&["send"], &trust[..], &[&path]].concat());
    assert_eq!((status, text.contains("unknown_sku")), (Some(1), true), "{text}");
    let (status, text) = tried(&[&["verify", "--database", &database, "--settle", "5"], &trust[..]].concat());
    assert_eq!(status, Some(0), "{text}");
    let log = server.log();
    assert!(!log.contains(PASSWORD), "{log}");
}

#[tokio::test]
async fn a_redis_that_asks_for_a_certificate_is_shown_one() {
    let authority = Authority::new();
    let redis = authority.redis(PASSWORD, true);
    let dir = tempfile::tempdir().unwrap();
    let (database, streams) = (format!("sqlite:{}", dir.path().join("a.db").display()), rediss(&redis));
    let (cert, key) = authority.issue("jumun", "DNS:jumun");
    let [ca, cert, key] = [authority.ca(), cert, key].map(|p| p.display().to_string());
    let trust = ["--redis", &streams, "--redis-ca", &ca];
    let shown = [&trust[..], &["--redis-cert", &cert, "--redis-key", &key]].concat();
    let serve_words = ["serve", "--no-auth", "--listen", "127.0.0.1:0", "--database", &database];
    for words in [&serve_words[..], &["load", "--count", "10"]] {
        let (status, text) = tried(&[words, &trust].concat());
        assert_eq!((status, text.contains("CertificateRequired")), (Some(1), true), "{words:?}: {text}");
    }
    let (status, text) = tried(&[&serve_words, &trust[..], &["--redis-cert", &cert]].concat());
    assert_eq!((status, text.contains("--redis-key <FILE>")), (Some(2), true), "{text}");
    let server = serve(&database, &streams, &shown[2..]);
    server.ready().await;
    let (status, text) = tried(&[&["load", "--rate", "100", "--count", "50"], &shown[..]].concat());
    assert_eq!(status, Some(0), "{text}");
}

#[tokio::test]
async fn a_redis_that_can_not_be_trusted_is_refused_with_a_sentence() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let guarded = |port: u16| format!("port {port}\nrequirepass {PASSWORD}\n");
    let (redis, plain) = (authority.redis(PASSWORD, false), start_redis_by(&guarded, vec!["redis-cli".to_owned()]));
    let dir = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", dir.path().join("a.db").display());
    let (port, good) = (redis.port(), rediss(&redis));
    let [ca, other, key] =
        [authority.ca(), stranger.ca(), authority.ca().with_extension("key")].map(|p| p.display().to_string());
    let plainly = format!("redis://{USER}:{PASSWORD}@localhost:{port}");
    let address = format!("rediss://{USER}:{PASSWORD}@127.0.0.1:{port}");
    let wrong = format!("rediss://{USER}:{PASSWORD}x@localhost:{port}");
    let nobody = format!("rediss://localhost:{port}");
    let insecure = format!("{good}/#insecure");
    let to_plain = format!("rediss://:{PASSWORD}@localhost:{}", plain.port());
    let unread = format!("rediss://{USER}:{PASSWORD}@localhost:99999");
    let command = dir.path().join("command.json").display().to_string();
    std::fs::write(&command, r#"{"id":"s-000000001","type":"receive_stock"}"#).unwrap();
    let doors: [&[&str]; 3] = [
        &["serve", "--no-auth", "--listen", "127.0.0.1:0", "--database", &database],
        &["send", &command],
        &["load", "--count", "10"],
    ];
    for (url, ca, said) in [
        (&good, Some(&other), "invalid peer certificate: UnknownIssuer"),
        (&good, None, "invalid peer certificate: UnknownIssuer"),
        (&address, Some(&ca), "certificate not valid for name \"127.0.0.1\""),
        (&wrong, Some(&ca), "WRONGPASS|authentication failed"),
        (&nobody, Some(&ca), "NOAUTH"),
        (&plainly, None, "asked without TLS|hung up|reset by peer"),
        (&plainly, Some(&ca), "certificates are for a rediss://"),
        (&insecure, Some(&ca), "#insecure|not a number"),
        (&to_plain, Some(&ca), "with TLS"),
        (&unread, Some(&ca), "URL can't be used|redis at localhost:99999"),
        (&good, Some(&key), "there is no certificate in it"),
        (&good, Some(&"/nowhere/ca.pem".to_owned()), "reading /nowhere/ca.pem: No such file"),
    ] {
        for door in doors {
            let mut words = [door, &["--redis", url]].concat();
            if let Some(ca) = ca {
                words.extend(["--redis-ca", ca]);
            }
            // who hangs up may be on its way: a server waits, and says what may be wrong
            let waits = door[0] == "serve" && said.starts_with("asked without TLS");
            let (status, text) = if waits { waited(&words) } else { tried(&words) };
            let named = said.split('|').any(|s| text.contains(s));
            let sends = match door[0] {
                "send" => 4, // 1 is a rejection there
                _ if waits => 124,
                _ => 1,
            };
            assert!(status == Some(sends) && named, "{words:?}: {status:?}, wanted {said:?}: {text}");
        }
    }
}

#[tokio::test]
async fn a_postgres_that_can_not_be_trusted_is_refused_with_a_sentence() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let pg = authority.postgres(PASSWORD).await;
    let (good, port) = (postgres(&pg, &authority.ca()), pg.port());
    let plain = start_postgres(&[]);
    let plainly = format!("postgres://postgres@localhost:{}/postgres", plain.port());
    for (url, said) in [
        (postgres(&pg, &stranger.ca()), "invalid peer certificate: UnknownIssuer"),
        (format!("postgres://{USER}:{PASSWORD}@localhost:{port}/shop?sslmode=verify-full"), "UnknownIssuer"),
        (good.replace("@localhost", "@127.0.0.1"), "certificate not valid for name \"127.0.0.1\""),
        (good.replace(PASSWORD, &format!("{PASSWORD}x")), "password authentication failed for user \"seller\""),
        (good.replace("verify-full", "disable"), "no encryption"),
        (format!("{plainly}?sslmode=verify-full"), "server does not support TLS"),
        (format!("{plainly}?sslmode=on"), "unknown value \"on\" for `ssl_mode`"),
    ] {
        let (status, text) = tried(&["serve", "--no-auth", "--listen", "127.0.0.1:0", "--database", &url]);
        assert!(status == Some(1) && text.contains(said), "{url}: {status:?}, wanted {said:?}: {text}");
    }
    // what the modes below verify-full let through: any certificate, another name, no TLS at all
    for (url, reached) in [
        (postgres(&pg, &stranger.ca()).replace("verify-full", "require"), "with TLSv1.3"),
        (good.replace("@localhost", "@127.0.0.1").replace("verify-full", "verify-ca"), "with TLSv1.3"),
        (plainly, "without TLS"),
    ] {
        let redis = start_redis(&[]);
        let server = serve(&url, redis.url(), &[]);
        server.ready().await;
        server.says(&format!("PostgreSQL is reached {reached}")).await;
        server.says("Redis is reached without TLS, without a password").await;
    }
}
