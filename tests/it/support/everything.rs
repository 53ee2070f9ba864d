//! All that the servers keep, as text: what a test looks for a secret in.

use redis::Value as Reply;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, Row as _, sqlite::SqliteConnectOptions};

/// Everything that a reply of Redis holds, a line each.
fn flat(reply: &Reply, to: &mut String) {
    if let Reply::BulkString(bytes) = reply {
        to.push_str(&String::from_utf8_lossy(bytes));
    } else if let Reply::Array(items) | Reply::Set(items) = reply {
        items.iter().for_each(|i| flat(i, to));
    } else if let Reply::Map(pairs) = reply {
        pairs.iter().for_each(|(k, v)| [k, v].into_iter().for_each(|r| flat(r, to)));
    } else {
        to.push_str(&format!("{reply:?}"));
    }
    to.push('\n');
}

/// Every key of the namespace with all that it holds.
pub async fn keys(url: &str, namespace: &str) -> Vec<(String, String)> {
    let client = redis::Client::open(url).unwrap();
    let mut redis = client.get_multiplexed_async_connection().await.unwrap();
    let names: Vec<String> = redis::cmd("KEYS").arg(format!("{namespace}:*")).query_async(&mut redis).await.unwrap();
    let mut all = Vec::new();
    for name in names {
        let kind: String = redis::cmd("TYPE").arg(&name).query_async(&mut redis).await.unwrap();
        let mut cmd = match kind.as_str() {
            "stream" => redis::cmd("XRANGE"),
            "string" => redis::cmd("GET"),
            "set" => redis::cmd("SMEMBERS"),
            "hash" => redis::cmd("HGETALL"),
            other => panic!("{name} is a {other}"),
        };
        cmd.arg(&name);
        if kind == "stream" {
            cmd.arg("-").arg("+");
        }
        let reply: Reply = cmd.query_async(&mut redis).await.unwrap();
        let mut text = String::new();
        flat(&reply, &mut text);
        all.push((name, text));
    }
    all
}

/// Every table of a database of either kind, with all of its rows as text.
pub async fn tables(database: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    if let Some(path) = database.strip_prefix("sqlite:") {
        let mut sql = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
        // a migration's checksum is no text
        let list = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'tb%'";
        let names: Vec<String> = sqlx::query_scalar(list).fetch_all(&mut sql).await.unwrap();
        for name in names {
            let list = format!("SELECT name FROM pragma_table_info('{name}')");
            let columns: Vec<String> = sqlx::query_scalar(AssertSqlSafe(list)).fetch_all(&mut sql).await.unwrap();
            let columns: Vec<String> = columns.iter().map(|c| format!("coalesce(CAST({c} AS TEXT), '')")).collect();
            let rows = format!("SELECT {} FROM {name}", columns.join(" || '|' || "));
            let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(rows)).fetch_all(&mut sql).await.unwrap();
            all.push((name, rows.join("\n")));
        }
        sql.close().await.unwrap();
    } else {
        let mut sql = PgConnection::connect(database).await.unwrap();
        let list = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' AND table_name LIKE 'tb%'";
        let names: Vec<String> = sqlx::query_scalar(list).fetch_all(&mut sql).await.unwrap();
        for name in names {
            let rows = sqlx::query(AssertSqlSafe(format!("SELECT t::text FROM {name} t"))).fetch_all(&mut sql).await;
            let rows: Vec<String> = rows.unwrap().iter().map(|r| r.get::<String, _>(0)).collect();
            all.push((name, rows.join("\n")));
        }
        sql.close().await.unwrap();
    }
    all
}

/// Runs statements on a database of either kind.
pub async fn sql(database: &str, statements: &[&str]) {
    if let Some(path) = database.strip_prefix("sqlite:") {
        let mut connection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
        for statement in statements {
            let done = sqlx::query(AssertSqlSafe((*statement).to_owned())).execute(&mut connection).await;
            done.unwrap_or_else(|e| panic!("{statement}: {e}"));
        }
        connection.close().await.unwrap();
    } else {
        let mut connection = PgConnection::connect(database).await.unwrap();
        for statement in statements {
            let done = sqlx::query(AssertSqlSafe((*statement).to_owned())).execute(&mut connection).await;
            done.unwrap_or_else(|e| panic!("{statement}: {e}"));
        }
        connection.close().await.unwrap();
    }
}
