//! The audit of the HTTP API: what was done there, and nobody's name.

use jumun::{
    protocol::command::{Wire, schemas},
    store,
};
use serde_json::{Map, Value, json};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, sqlite::SqliteConnectOptions};

use crate::support::{servers::fresh_database, shop::Shop};

const CANARY: &str = "카나리아 홍길동 010-7777-8888";

fn rows(shop: &Shop) -> Vec<Value> {
    shop.get("auditor", "/v1/audit?limit=500").json()["items"].as_array().unwrap().clone()
}

/// The kind: a command that lacks what makes it an order's, whatever its type and whoever sends it. Each field of each type is
/// sent as a text, so that none can be read.
#[tokio::test]
async fn what_can_not_be_read_leaves_nothing_there() {
    let shop = Shop::file(&[]).await;
    let before = rows(&shop).len();
    let mut generator = schemars::SchemaGenerator::default();
    let told: Vec<_> = schemas(&mut generator).into_iter().map(|(tag, s)| (tag, s.to_value())).collect();
    let definitions = generator.take_definitions(false);
    assert_eq!(told.len(), Wire::NAMES.len());
    for (n, (tag, schema)) in told.iter().enumerate() {
        let name = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()).unwrap_or_default();
        let properties = definitions.get(name).unwrap_or(schema)["properties"].as_object().unwrap();
        let mut command: Map<String, Value> =
            properties.keys().filter(|f| *f != "actor").map(|f| (f.clone(), json!(CANARY))).collect();
        for further in ["order_id", "reply_to", "expected_version", "at"] {
            command.remove(further);
        }
        command.insert("recipient".into(), json!({"name": CANARY, "phone": CANARY}));
        command.insert("type".into(), json!(tag));
        command.insert("id".into(), json!(format!("canary-{n:04}")));
        for token in ["operator", "checkout", "partner", "payment"] {
            let reply = shop.send(token, "/v1/commands", &format!("canary-{n:04}"), &Value::Object(command.clone()));
            assert!(matches!(reply.status, 403 | 404 | 409 | 422), "{tag} {token}: {reply:?}");
        }
    }
    assert_eq!(rows(&shop).len(), before, "{:?}", rows(&shop));
}

/// The kind: what somebody tries a thousand times.
#[tokio::test]
async fn what_is_refused_or_sent_again_adds_no_row() {
    let shop = Shop::file(&[]).await;
    shop.stock();
    let before = rows(&shop);
    assert_eq!(before.len(), 8, "{before:?}");
    assert!(before.iter().all(|r| r["from"] == "127.0.0.1"), "{before:?}");
    let received = json!({"type": "receive_stock", "sku_id": "A", "quantity": 1});
    for n in 0..30 {
        let unknown = json!({"type": "receive_stock", "sku_id": "NIX", "quantity": 1});
        assert_eq!(shop.send("operator", "/v1/commands", &format!("refused-{n:03}"), &unknown).status, 409);
        shop.accepted("operator", "/v1/commands", "again-0001", &received);
        let other = json!({"type": "receive_stock", "sku_id": "A", "quantity": 2});
        assert_eq!(shop.send("operator", "/v1/commands", "again-0001", &other).status, 409);
    }
    let after = rows(&shop);
    assert_eq!(after.len(), 9, "{after:?}");
    assert_eq!((&after[0]["detail"]["id"], &after[0]["detail"]["quantity"]), (&json!("again-0001"), &json!(1)));
}

async fn run(url: &str, statements: &[String]) {
    for statement in statements {
        let sql = sqlx::query(AssertSqlSafe(statement.clone()));
        match url.strip_prefix("sqlite:") {
            Some(path) => {
                let mut connection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
                sql.execute(&mut connection).await.unwrap();
            }
            None => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                sqlx::query(AssertSqlSafe(statement.clone())).execute(&mut connection).await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn what_was_left_there_before_goes() {
    let dir = tempfile::tempdir().unwrap();
    for url in [format!("sqlite:{}", dir.path().join("a.db").display()), fresh_database().await] {
        store::open(&url).await.unwrap().migrate().await.unwrap();
        let (at, sqlite) = if url.starts_with("sqlite:") { ("0", true) } else { ("now()", false) };
        let row = |n: usize, kind: &str, detail: &Value| {
            format!(
                "INSERT INTO tb_sy_door_adit (adit_id, adit_knd_cd, actr, trgt, adit_dtl, req_id, adit_dttm) \
                 VALUES ('0-{n}', '{kind}', 'checkout:web', 't', '{detail}', 'r', {at})"
            )
        };
        let mut statements = vec![
            "DROP INDEX tb_sy_door_adit_cmd".to_owned(),
            "ALTER TABLE tb_sy_door_adit DROP COLUMN accs_plc".to_owned(),
            "ALTER TABLE tb_sy_door_adit DROP COLUMN cmd_dgst".to_owned(),
            "DELETE FROM _sqlx_migrations WHERE version = 18".to_owned(),
        ];
        for (n, (kind, detail)) in [
            ("COMMAND", json!({"id": "a", "type": "place_order", "recipient": {"name": CANARY}})),
            ("COMMAND", json!({"id": "a", "type": "write_review", "text": CANARY})),
            ("COMMAND", json!({"id": "a", "type": "receive_stock", "sku_id": "A", "recipient": CANARY})),
            ("COMMAND", json!({"id": "a", "recipient": CANARY})),
            ("COMMAND", json!({"id": "a", "type": "adjust_stock", "reason": format!("{CANARY}\0")})),
            ("COMMAND", json!({"id": "a", "type": "receive_stock", "sku_id": "A", "quantity": 1})),
            ("PERSON_ERASED", json!({"anything": 1})),
        ]
        .into_iter()
        .enumerate()
        {
            statements.push(row(n, kind, &detail));
        }
        run(&url, &statements).await;
        let store = store::open(&url).await.unwrap();
        store.migrate().await.unwrap();
        let kept = store.notes(None, 100).await.unwrap();
        let ids: Vec<&str> = kept.iter().rev().map(|r| &*r.adit_id).collect();
        // SQLite reads a NUL in a text; what it was refused for is gone by its own rule, or was a reason
        let want: &[&str] = if sqlite { &["0-4", "0-5", "0-6"] } else { &["0-5", "0-6"] };
        assert_eq!(ids, want, "{url}");
    }
}
