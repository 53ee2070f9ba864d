//! The server's own user of the database: it reads and writes rows, and changes no table. And where its password comes from.

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::support::{
    process::{Setting, run, verify},
    servers::{fresh_database, redis_url},
    shop::Shop,
};

/// A database that its owner has brought to this version, and a role for the server: both URLs, and the role.
struct Roles {
    owner: String,
    server: String,
    role: String,
}

impl Roles {
    async fn made() -> Self {
        let owner = fresh_database().await;
        let role = format!("server_{}", uuid::Uuid::now_v7().simple());
        let made = format!("CREATE ROLE {role} LOGIN PASSWORD 'secret'");
        sql(&owner).await.execute(AssertSqlSafe(made)).await.unwrap();
        let (_, host) = owner.split_once('@').unwrap();
        let server = format!("postgres://{role}:secret@{host}");
        let made = Self { owner, server, role };
        let (status, said) = made.migrated(&made.role);
        assert!(status == Some(0) && said.contains("change no table"), "{said}");
        made
    }

    fn migrated(&self, role: &str) -> (Option<i32>, String) {
        run(&["migrate", "--database", &self.owner, "--server-role", role])
    }
}

async fn sql(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("it connects")
}

#[tokio::test]
async fn f51_a_server_whose_user_may_not_change_the_schema_does_all_that_it_does() {
    let roles = Roles::made().await;
    // also where it was not told that the schema is somebody else's
    let shop = Shop::upon(&roles.server, &[]).await;
    shop.stock();
    for order in ["o-1", "o-2", "o-3"] {
        shop.order(order);
    }
    let done = |order: &str, command: &str, body: serde_json::Value| {
        shop.accepted("operator", &format!("/v1/orders/{order}/{command}"), &format!("{command}-{order}"), &body);
    };
    // rows of every kind of table: claims, procurements, waybills, reviews, erased persons
    let to =
        json!({"zip": "06236", "recipient": {"name": "n", "phone": "010-1234-5678", "zip": "06236", "address": "a"}});
    let chosen = shop.send("operator", "/v1/orders/o-1/set_shipping_address", "choose-o-1", &to);
    assert!([200, 422].contains(&chosen.status), "{chosen:?}");
    for command in ["prepare", "use_own_stock", "complete_procurement"] {
        done("o-1", command, json!({}));
    }
    done("o-1", "ship", json!({"waybills": [{"line_no": 1, "carrier": "cj", "waybill_no": "1", "quantity": 1}]}));
    done("o-1", "mark_delivered", json!({}));
    done("o-1", "confirm_purchase", json!({}));
    let review = json!({"line_no": 1, "rating": 5, "text": "fine"});
    shop.accepted("checkout", "/v1/orders/o-1/write_review", "review-o-1", &review);
    done("o-2", "cancel_lines", json!({"lines": [1], "reason": "why"}));
    let campaign = json!({"type": "create_campaign", "campaign_id": "k-1", "sku_id": "A", "name": "k", "price": 1,
        "allotted": 1, "opens_at": "2001-01-01T00:00:00Z", "closes_at": "2001-02-01T00:00:00Z"});
    shop.accepted("operator", "/v1/commands", "campaign-1", &campaign);
    assert_eq!(shop.send("operator", "/v1/customers/u-1/erase", "", &json!({})).status, 200);
    for path in [
        "/v1/orders",
        "/v1/audit",
        "/v1/access-log",
        "/v1/dead-letters",
        "/v1/orders/o-1/timeline",
        "/v1/skus/A/ledger",
    ] {
        assert_eq!(shop.get("operator", path).status, 200, "{path}");
    }
    assert!(!shop.server.log().contains("permission denied"), "{}", shop.server.log());
    let (status, report) = verify(&Setting { database: roles.server.clone(), ..shop.setting.clone() });
    assert_eq!(status, Some(0), "{report}");
    assert_eq!(shop.server.metric("jumun_lane_resets_total"), 0.0, "{}", shop.server.log());
}

#[tokio::test]
async fn f51_the_servers_user_changes_no_table_and_no_row_of_what_was_done() {
    let roles = Roles::made().await;
    let mut own = sql(&roles.server).await;
    for refused in [
        "CREATE TABLE mine (id int)",
        "ALTER TABLE tb_od_ord ADD COLUMN mine int",
        "DROP TABLE tb_od_ord",
        "TRUNCATE tb_od_ord",
        "TRUNCATE tb_sy_adit",
        "CREATE INDEX mine ON tb_od_ord (ord_id)",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER TABLE tb_od_ord DISABLE TRIGGER ALL",
        "UPDATE tb_sy_adit SET actr = 'nobody'",
        "DELETE FROM tb_sy_adit",
        "UPDATE tb_sy_door_adit SET actr = 'nobody'",
        "UPDATE tb_sy_prsn_accs SET actr = 'nobody'",
        "UPDATE tb_od_ord_hist SET actr = 'nobody'",
        "DELETE FROM tb_od_ord_hist",
        "UPDATE tb_pd_unt_ldgr SET stck_qty = 1",
        "DELETE FROM tb_pd_unt_ldgr",
        "DELETE FROM tb_od_ord",
        "UPDATE tb_sy_cmd SET cmd_dgst = ''",
        "UPDATE _sqlx_migrations SET success = false",
    ] {
        let error = own.execute(refused).await.expect_err(refused);
        let code = error.as_database_error().and_then(|e| e.code()).map(|c| c.into_owned());
        assert_eq!(code.as_deref(), Some("42501"), "{refused}: {error}");
    }
    // every table has been thought of: one that is new needs a line in src/store/postgres/grants.rs
    let forgotten = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' AND \
        NOT has_table_privilege(schemaname || '.' || tablename, 'SELECT') ORDER BY 1";
    let forgotten: Vec<String> = sqlx::query_scalar(forgotten).fetch_all(&mut own).await.unwrap();
    assert_eq!(forgotten, Vec::<String>::new(), "the server's role has no right there");
}

#[tokio::test]
async fn f51_a_schema_that_is_behind_is_said_and_waited_for() {
    let roles = Roles::made().await;
    let behind =
        "UPDATE _sqlx_migrations SET version = -version WHERE version = (SELECT max(version) FROM _sqlx_migrations)";
    for more in [&[][..], &["--no-migrate"]] {
        sql(&roles.owner).await.execute(behind).await.unwrap();
        let setting = Setting {
            database: roles.server.clone(),
            redis: redis_url(),
            namespace: format!("r{}", &uuid::Uuid::now_v7().simple().to_string()[8..]),
            instance: "a".into(),
            partitions: 1,
            more: Vec::new(),
            failpoints: String::new(),
            variables: Vec::new(),
        };
        let server = setting.with(more).start();
        server.says("the schema is behind this version: it lacks 00").await;
        server.answers("/readyz", 503).await;
        server.health(200).await;
        let again = "UPDATE _sqlx_migrations SET version = -version WHERE version < 0";
        sql(&roles.owner).await.execute(again).await.unwrap();
        server.ready().await;
    }
}

#[tokio::test]
async fn f51_a_role_that_may_more_or_is_not_there_is_refused() {
    let roles = Roles::made().await;
    let owner = roles.owner.split("://").nth(1).unwrap().split(':').next().unwrap().to_owned();
    let member = format!("{}_m", roles.role);
    let made = format!("CREATE ROLE {member} LOGIN IN ROLE {owner}");
    sql(&roles.owner).await.execute(AssertSqlSafe(made)).await.unwrap();
    for (role, says) in [
        ("nobody_at_all", "there is no role nobody_at_all: CREATE ROLE"),
        (&*owner, "is the schema's owner"),
        (&*member, "is the schema's owner"),
        ("a; DROP TABLE tb_od_ord", "a role is lower-case letters"),
        ("\"", "a role is lower-case letters"),
    ] {
        let (status, said) = roles.migrated(role);
        assert!(status == Some(1) && said.contains(says), "{role}: {said}");
    }
    // where everybody may make tables, so may it
    sql(&roles.owner).await.execute("GRANT CREATE ON SCHEMA public TO PUBLIC").await.unwrap();
    let (status, said) = roles.migrated(&roles.role);
    assert!(status == Some(1) && said.contains("REVOKE CREATE ON SCHEMA public FROM PUBLIC"), "{said}");
    let dir = tempfile::tempdir().unwrap();
    let file = format!("sqlite:{}", dir.path().join("jumun.db").display());
    let (status, said) = run(&["migrate", "--database", &file, "--server-role", "r"]);
    assert!(status == Some(1) && said.contains("has no users"), "{said}");
}

#[tokio::test]
async fn an_url_may_come_from_a_file() {
    let (database, dir) = (fresh_database().await, tempfile::tempdir().unwrap());
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let url = file("database-url", &format!("{database}\n"));
    let (status, said) = run(&["migrate", "--database-file", &url]);
    assert_eq!(status, Some(0), "{said}");
    let redis = file("redis-url", &format!("{}\n", redis_url()));
    let (status, said) = run(&["verify", "--database-file", &url]);
    assert_eq!(status, Some(0), "{said}");
    let (_, said) = run(&["verify", "--database-file", &url, "--redis-file", &redis, "--namespace", "nobodys"]);
    assert!(said.contains("no server has opened this namespace yet"), "Redis was not asked: {said}");
    let empty = file("empty", " \n");
    let secret = file("secret", "postgres://me:hunter2@/");
    for (words, says) in [
        (vec!["--database-file", &*empty], "is empty"),
        (vec!["--database-file", "/nowhere"], "--database-file /nowhere can't be read"),
        (vec!["--database-file", &*url, "--database", &*database], "cannot be used with"),
        (vec!["--database-file", &*secret], "can't be opened"),
        (vec!["--database-file", &*url, "--redis-file", &*empty], "is empty"),
    ] {
        let (status, said) = run(&[&["verify"], &*words].concat());
        assert!(status != Some(0) && said.contains(says), "{words:?}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}
