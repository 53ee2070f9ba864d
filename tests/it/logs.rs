//! Logs for machines: each line is JSON, says which command and order it is about, and tells nothing of people nor secrets.

use std::{fs, time::Duration};

use jumun::{http::tokens::hashed, protocol::OutcomeKind};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::support::{
    client::{Client, Sent},
    http::ask,
    process::{Served, Setting},
    servers,
};

const DATABASE_PASSWORD: &str = "pg-canary-31415";
const REDIS_PASSWORD: &str = "redis-canary-27182";
const TOKEN: &str = "token-canary-16180";
const STRANGER: &str = "stranger-canary-14142";
/// What people are called, where they live, how they pay, what they write.
const PEOPLE: [&str; 11] = [
    "홍길동카나리아",
    "010-2718-2818",
    "테헤란로 카나리아 31",
    "카나리아동 1004호",
    "예금주카나리아",
    "입금자카나리아",
    "계좌주카나리아",
    "110-canary-220330",
    "approval-canary-57721",
    "token-canary-69314",
    "리뷰 카나리아",
];

/// A database and a Redis that want passwords.
struct Guarded {
    postgres: servers::Server,
    redis: servers::Server,
    setting: Setting,
}

impl Guarded {
    async fn start() -> Self {
        let (postgres, redis) = (servers::start_postgres(&[]), servers::start_redis(&[]));
        let database = servers::fresh_database_on(postgres.url()).await;
        let name = database.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
        let mut admin = PgConnection::connect(postgres.url()).await.unwrap();
        let role =
            format!("CREATE ROLE shop LOGIN PASSWORD '{DATABASE_PASSWORD}'; ALTER DATABASE {name} OWNER TO shop");
        admin.execute(AssertSqlSafe(role)).await.unwrap();
        let rules: String = sqlx::query_scalar("SHOW hba_file").fetch_one(&mut admin).await.unwrap();
        fs::write(rules, "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n").unwrap();
        admin.execute("SELECT pg_reload_conf()").await.unwrap();
        let setting = Setting {
            database: database.replace("postgres@", &format!("shop:{DATABASE_PASSWORD}@")),
            redis: redis.url().replace("redis://", &format!("redis://:{REDIS_PASSWORD}@")),
            namespace: "logs".into(),
            instance: "a".into(),
            partitions: 1,
            more: vec!["--token".into(), format!("o:operator:{},m:metrics:{}", hashed(TOKEN), hashed("metrics"))],
            failpoints: "order_panics=return".into(),
            variables: vec!["JUMUN_LOG_FORMAT=json".into(), "JUMUN_LOG=jumun=debug".into()],
        };
        let guarded = Self { postgres, redis, setting };
        guarded.redis_wants(None, REDIS_PASSWORD).await;
        guarded
    }

    /// Redis wants this password from now on, and lets go of everybody.
    async fn redis_wants(&self, now: Option<&str>, then: &str) {
        let url = self.redis.url().replace("redis://", &now.map_or("redis://".into(), |n| format!("redis://:{n}@")));
        let mut redis = redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap();
        let mut cmd = redis::cmd("CONFIG");
        let () = cmd.arg("SET").arg("requirepass").arg(then).query_async(&mut redis).await.unwrap();
        let mut cmd = redis::cmd("CLIENT");
        let _: i64 = cmd.arg("KILL").arg("TYPE").arg("normal").query_async(&mut redis).await.unwrap();
    }

    /// So does the database.
    async fn database_wants(&self, then: &str) {
        let mut admin = PgConnection::connect(self.postgres.url()).await.unwrap();
        admin.execute(AssertSqlSafe(format!("ALTER ROLE shop PASSWORD '{then}'"))).await.unwrap();
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'shop'";
        admin.execute(end).await.unwrap();
    }
}

fn clean(what: &str, text: &str) {
    for canary in PEOPLE.iter().chain(&[DATABASE_PASSWORD, REDIS_PASSWORD, TOKEN, STRANGER]) {
        assert!(!text.contains(canary), "{canary} is in {what}: {text}");
    }
}

/// The log's lines, each of them whole.
fn lines(server: &Served) -> Vec<Value> {
    let log = server.log();
    let read = |line: &str| serde_json::from_str::<Value>(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    let lines: Vec<Value> = log.lines().map(read).collect();
    for line in &lines {
        assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
        assert!(line["fields"]["message"].is_string(), "{line}");
    }
    lines
}

fn goods() -> Vec<Value> {
    vec![
        json!({"id": "log-template", "type": "create_template", "template_id": "t-1", "partner_id": "p-1", "name": "t"}),
        json!({"id": "log-product", "type": "create_product", "product_id": "g-1", "name": "g", "kind": "goods",
            "product_type": "normal", "price": 10_000, "partner_id": "p-1", "template_id": "t-1", "bundled": true,
            "delivery_fee": 0, "free_delivery": true, "lead_time_days": 2}),
        json!({"id": "log-sku-0001", "type": "create_sku", "sku_id": "L-1", "product_id": "g-1", "option_name": "one"}),
        json!({"id": "log-stock-1", "type": "receive_stock", "sku_id": "L-1", "quantity": 10}),
    ]
}

fn place(id: &str, payment: Value) -> Value {
    let recipient = json!({"name": PEOPLE[0], "phone": PEOPLE[1], "zip": "06236", "address": PEOPLE[2],
        "address_detail": PEOPLE[3]});
    let mut command = json!({"id": id, "type": "place_order", "order_id": format!("o-{id}"), "actor": "buyer:u-1",
        "customer_id": "u-1", "lines": [{"sku_id": "L-1", "quantity": 1}], "recipient": recipient});
    if !payment.is_null() {
        command["payment"] = payment;
    }
    command
}

/// A sale with everything that is nobody else's business.
fn sale() -> Vec<Value> {
    let approval = json!({"approval_id": PEOPLE[8], "token": PEOPLE[9]});
    let settlements = json!([{"method": "card", "amount": 10_000, "approval": approval}]);
    // a payment pays one order
    let other = json!({"approval_id": format!("{}-2", PEOPLE[8]), "token": PEOPLE[9]});
    let another = json!([{"method": "card", "amount": 10_000, "approval": other}]);
    let deposit = json!({"kind": "deposit", "method": "virtual_account", "virtual_account_no": PEOPLE[7],
        "account_owner": PEOPLE[4], "remitter": PEOPLE[5], "holder": PEOPLE[6]});
    let mut odd = place("log-odd-field", Value::Null);
    odd["recipient"]["nickname"] = json!(PEOPLE[0]);
    let mut wrong = place("log-odd-kind", Value::Null);
    wrong["recipient"]["phone"] = json!([PEOPLE[1]]);
    let mut none = place("log-unknown", Value::Null);
    none["lines"][0]["sku_id"] = json!("L-none");
    vec![
        place("log-paid-1", json!({"kind": "approved", "settlements": settlements})),
        place("log-awaited", deposit),
        place("log-later-1", Value::Null),
        json!({"id": "log-approve", "type": "approve_payment", "order_id": "o-log-later-1", "actor": "payment:pg",
            "settlements": another}),
        json!({"id": "log-review-1", "type": "write_review", "order_id": "o-log-paid-1", "actor": "buyer:u-1",
            "line_no": 1, "rating": 5, "text": PEOPLE[10]}),
        odd,
        wrong,
        none,
        json!({"id": "log-poison-1", "type": "cancel_lines", "order_id": "o-log-paid-1", "actor": "buyer:u-1",
            "lines": [1]}),
    ]
}

#[tokio::test]
async fn logs_are_json_with_ids_and_without_people_or_secrets() {
    let guarded = Guarded::start().await;
    let setting = &guarded.setting;
    let server = setting.start();
    server.ready().await;
    let door = server.address().unwrap();
    let client = Client::new(&setting.redis, &setting.namespace, 1).await;

    // by the HTTP API, with a token that is known and one that isn't
    let bearer = |token: &str| format!("Bearer {token}");
    for command in goods() {
        let reply =
            ask(&door, "POST", "/v1/commands", &[("Authorization", &bearer(TOKEN))], command.to_string().as_bytes());
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    assert_eq!(ask(&door, "GET", "/v1/orders", &[("Authorization", &bearer(STRANGER))], b"").status, 401);
    // by the stream
    let sent: Vec<Sent> = sale().iter().map(|c| Sent::new(0, c)).collect();
    client.send(&sent).await;
    for garbage in [
        format!("{{\"id\":\"log-cut-0001\",\"name\":\"{}\"", PEOPLE[0]),
        format!("{{\"id\":[\"{}\"],\"type\":\"place_order\"}}", PEOPLE[0]),
        format!("{{\"id\":7,\"phone\":\"{}\"}}", PEOPLE[1]),
    ] {
        client.log_raw(garbage.as_bytes()).await;
    }
    let ids: Vec<&str> = sent.iter().map(|s| s.id.as_str()).collect();
    client.wait(&ids).await;
    let outcomes = client.outcomes().await;
    assert_eq!(outcomes["log-paid-1"].outcome, OutcomeKind::Accepted, "{:?}", outcomes["log-paid-1"]);
    assert_eq!(outcomes["log-awaited"].outcome, OutcomeKind::Accepted, "{:?}", outcomes["log-awaited"]);

    // passwords that are no longer right
    guarded.database_wants("another").await;
    client.send(&[Sent::new(0, &place("log-late-01", Value::Null))]).await;
    server.says("password authentication failed").await;
    guarded.database_wants(DATABASE_PASSWORD).await;
    client.wait(&["log-late-01"]).await;
    client.rest().await;
    guarded.redis_wants(Some(REDIS_PASSWORD), "another").await;
    server.says("AuthenticationFailed").await;

    let told = lines(&server);
    let find = |message: &str, id: &str| {
        let is = |l: &&Value| l["fields"]["message"] == message && l["fields"]["command_id"] == id;
        let line = told.iter().find(is).unwrap_or_else(|| panic!("no line {message:?} of {id}: {}", server.log()));
        &line["fields"]
    };
    for id in &ids {
        let (line, answer) = (find("answered", id), &outcomes[*id]);
        assert_eq!(line["order_id"].as_str(), answer.order_id.as_deref(), "{line}");
        assert_eq!(line["outcome"].as_str(), Some(answer.outcome.word()), "{line}");
        assert_eq!(line["reason"].as_str(), answer.reason.as_deref(), "{line}");
        assert_eq!(line["entry"].as_str(), Some(&*answer.entry), "{line}");
    }
    for message in ["a command broke its handler", "a command goes to the dead letters"] {
        let line = find(message, "log-poison-1");
        assert_eq!(line["order_id"], "o-log-paid-1", "{line}");
        assert_eq!(line["entry"].as_str(), Some(&*outcomes["log-poison-1"].entry), "{line}");
    }
    let aside = told.iter().filter(|l| l["fields"]["message"] == "a command that can't be read is put aside");
    assert_eq!(aside.filter(|l| l["fields"]["entry"].is_string() && l["fields"]["reason"].is_string()).count(), 3);
    clean("the log", &server.log());
    let metrics = ask(&door, "GET", "/metrics", &[("Authorization", &bearer("metrics"))], b"");
    assert!(metrics.status == 200 && metrics.body.contains("jumun_lane_resets_total"), "{metrics:?}");
    clean("the metrics", &metrics.body);

    // servers that never come up
    let with = |database: &str, redis: &str| {
        let mut other = setting.clone();
        (other.database, other.redis) = (database.to_owned(), redis.to_owned());
        other
    };
    let refused = [
        with(&setting.database.replace("shop:", "shop:x"), &setting.redis),
        with(&setting.database, &setting.redis.replace(":redis", ":x-redis")),
        with(&setting.database.replace("127.0.0.1", "127.0.0.1:x"), &setting.redis),
        with(&setting.database, &setting.redis.replace("127.0.0.1", "127.0.0.1:x")),
        with(&format!("mysql://shop:{DATABASE_PASSWORD}@127.0.0.1/x"), &setting.redis),
    ];
    for other in refused {
        let server = other.named("b").start();
        let begun = std::time::Instant::now();
        while server.ended_by().is_none() {
            assert!(begun.elapsed() < Duration::from_secs(20), "it does not end: {}", server.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(lines(&server).iter().any(|l| l["level"] == "ERROR"), "{}", server.log());
        clean("the log of a server that did not start", &server.log());
    }
}
