//! The migrations and the row descriptions say the same, and every table and column says what it is.

use jumun::store::{
    TableRef, UntRow,
    admin::{AdminAuditRow, HookLetterRow, HookRow},
    archive::{ArchRow, with_archive},
    people::AccessRow,
    row::Type,
    rows::{
        AditRow, AprvRow, CmdRow, CmpnRow, CmpnTrmRow, CnclRow, DscntRow, ExchRow, FeeRow, GdsRow, GftPrmGdsRow,
        GftPrmRow, GftPrmUntRow, GftRow, HistRow, LdgrRow, LnkRow, OrdRow, OtbxRow, PdGdsRow, PntRow, PrcrRow, PrmRow,
        PrsnRow, PtnrByrRow, PtnrRow, RfndRow, RgstRow, RsvRow, RtnRow, RvwRow, StlmRow, TmplRow, WyblRow,
    },
    table,
};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _, SqliteConnection};

use super::{Bench, Outside};

fn tables() -> Vec<TableRef> {
    vec![
        table::<AccessRow>(),
        table::<AditRow>(),
        table::<ArchRow>(),
        table::<AprvRow>(),
        table::<CmdRow>(),
        table::<CmpnRow>(),
        table::<CmpnTrmRow>(),
        table::<CnclRow>(),
        table::<AdminAuditRow>(),
        table::<DscntRow>(),
        table::<ExchRow>(),
        table::<FeeRow>(),
        table::<GdsRow>(),
        table::<GftPrmGdsRow>(),
        table::<GftPrmRow>(),
        table::<GftPrmUntRow>(),
        table::<GftRow>(),
        table::<HistRow>(),
        table::<HookLetterRow>(),
        table::<HookRow>(),
        table::<LdgrRow>(),
        table::<LnkRow>(),
        table::<OrdRow>(),
        table::<OtbxRow>(),
        table::<PdGdsRow>(),
        table::<PntRow>(),
        table::<PrcrRow>(),
        table::<PrmRow>(),
        table::<PrsnRow>(),
        table::<PtnrByrRow>(),
        table::<PtnrRow>(),
        table::<RfndRow>(),
        table::<RgstRow>(),
        table::<RsvRow>(),
        table::<RtnRow>(),
        table::<RvwRow>(),
        table::<StlmRow>(),
        table::<TmplRow>(),
        table::<UntRow>(),
        table::<WyblRow>(),
    ]
}

type Column = (String, String);

async fn stored(outside: &Outside, name: &str) -> Vec<Column> {
    match outside {
        Outside::Postgres(url) => {
            let mut connection = PgConnection::connect(url).await.expect("it connects");
            let sql = "SELECT column_name::text, data_type::text FROM information_schema.columns \
                       WHERE table_name = $1 ORDER BY ordinal_position";
            let rows = sqlx::query(sql).bind(name).fetch_all(&mut connection).await.expect("columns");
            rows.iter().map(|row| (row.get(0), row.get(1))).collect()
        }
        Outside::Sqlite(path, _) => {
            let url = format!("sqlite:{}", path.display());
            let mut connection = SqliteConnection::connect(&url).await.expect("it connects");
            let sql = AssertSqlSafe(format!("SELECT name, type FROM pragma_table_info('{name}') ORDER BY cid"));
            let rows = sqlx::query(sql).fetch_all(&mut connection).await.expect("columns");
            rows.iter().map(|row| (row.get(0), row.get(1))).collect()
        }
    }
}

/// The primary key's columns, in its order: what the upserts rely on.
async fn stored_key(outside: &Outside, name: &str) -> Vec<String> {
    match outside {
        Outside::Postgres(url) => {
            let mut connection = PgConnection::connect(url).await.expect("it connects");
            let sql = "SELECT a.attname::text FROM pg_index AS i CROSS JOIN LATERAL unnest(i.indkey) \
                       WITH ORDINALITY AS k (attnum, place) JOIN pg_attribute AS a ON a.attrelid = i.indrelid \
                       AND a.attnum = k.attnum WHERE i.indisprimary AND i.indrelid = $1::regclass ORDER BY k.place";
            sqlx::query_scalar(sql).bind(name).fetch_all(&mut connection).await.expect("a key")
        }
        Outside::Sqlite(path, _) => {
            let url = format!("sqlite:{}", path.display());
            let mut connection = SqliteConnection::connect(&url).await.expect("it connects");
            let sql = format!("SELECT name FROM pragma_table_info('{name}') WHERE pk > 0 ORDER BY pk");
            sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut connection).await.expect("a key")
        }
    }
}

pub async fn columns_and_keys_are_the_rows_own(bench: Bench) {
    let kind = |kind: Type| match (&bench.outside, kind) {
        (Outside::Postgres(_), Type::Text) => "text",
        (Outside::Postgres(_), Type::Int) => "bigint",
        (Outside::Postgres(_), Type::Bool) => "boolean",
        (Outside::Postgres(_), Type::Time) => "timestamp with time zone",
        (Outside::Sqlite(..), Type::Text) => "TEXT",
        (Outside::Sqlite(..), Type::Int | Type::Bool | Type::Time) => "INTEGER",
    };
    let beside = |t: TableRef| TableRef { name: format!("{}_arch", t.name).leak(), ..t };
    let archived: Vec<TableRef> = with_archive().map(beside).collect();
    assert_eq!(archived.len(), 20);
    for table in tables().into_iter().chain(archived) {
        let described: Vec<Column> =
            table.columns.iter().map(|(name, of)| ((*name).to_owned(), kind(*of).to_owned())).collect();
        assert_eq!(stored(&bench.outside, table.name).await, described, "{}", table.name);
        assert_eq!(stored_key(&bench.outside, table.name).await, table.key, "{}", table.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_databases_have_the_same_tables() {
    let (postgres, sqlite) = (Bench::postgres().await, Bench::sqlite().await);
    let (Outside::Postgres(pg), Outside::Sqlite(path, _)) = (&postgres.outside, &sqlite.outside) else {
        panic!("benches mixed up")
    };
    let mut connection = PgConnection::connect(pg).await.expect("it connects");
    let sql = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'tb%' ORDER BY 1";
    let there: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut connection).await.expect("names");
    let mut connection = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.expect("it connects");
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'tb%' ORDER BY 1";
    let here: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut connection).await.expect("names");
    assert_eq!(there, here);
    assert!(here.len() > tables().len());
    for name in here {
        let names = |columns: Vec<Column>| columns.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        let (there, here) = (stored(&postgres.outside, &name).await, stored(&sqlite.outside, &name).await);
        assert_eq!(names(there), names(here), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_table_and_column_is_commented_in_korean_and_english() {
    let bench = Bench::postgres().await;
    let Outside::Postgres(url) = &bench.outside else { panic!("benches mixed up") };
    let mut connection = PgConnection::connect(url).await.expect("it connects");
    let sql = "SELECT c.relname || coalesce('.' || a.attname, '') AS name, coalesce(d.description, '') AS comment \
               FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = 'public' \
               JOIN (SELECT attrelid, attnum, attname FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped \
               UNION ALL SELECT oid, 0, NULL FROM pg_class) AS a ON a.attrelid = c.oid \
               LEFT JOIN pg_description AS d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass \
               AND d.objsubid = a.attnum WHERE c.relkind = 'r' AND c.relname LIKE 'tb%'";
    let rows = sqlx::query(sql).fetch_all(&mut connection).await.expect("comments");
    assert!(rows.len() > 250, "{}", rows.len());
    for row in rows {
        let (name, comment): (String, String) = (row.get(0), row.get(1));
        let hangul = comment.chars().any(|c| ('가'..='힣').contains(&c));
        let english = comment.chars().any(|c| c.is_ascii_alphabetic());
        assert!(hangul && english, "{name}: {comment:?}");
    }
}
