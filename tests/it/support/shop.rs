//! A shop at the HTTP API: a server of the real binary with a token of each role.

use jumun::http::tokens::{Role, hashed};
use serde_json::{Value, json};

use super::{
    http::{Reply, ask},
    payments::secret_file,
    process::{Served, Setting},
    servers::{fresh_database, redis_url},
};

/// A server with a token of each role: the token is the role's name, twice for the second partner.
pub struct Shop {
    pub setting: Setting,
    pub server: Served,
    pub address: String,
    pub namespace: String,
    _secret: tempfile::TempPath,
}

/// The header's value for a token.
pub fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// A token of each role, as the command line takes them.
fn tokens() -> String {
    let tokens: Vec<String> = Role::ALL
        .into_iter()
        .map(|r| (r.word(), if r == Role::Partner { ":p-1" } else { "" }))
        .map(|(word, partner)| format!("the-{word}:{word}:{}{partner}", hashed(word)))
        .chain([format!("p2:partner:{}:p-2", hashed("partner2"))])
        .collect();
    tokens.join(",")
}

impl Shop {
    /// Opens it, with these further words of the command line.
    pub async fn open(more: &[&str]) -> Self {
        Self::start_on(redis_url(), 1, &[&["--token", &tokens()], more].concat()).await
    }

    /// The same with several partitions.
    pub async fn wide(partitions: u32, more: &[&str]) -> Self {
        Self::start_on(redis_url(), partitions, &[&["--token", &tokens()], more].concat()).await
    }

    /// The same with its log in the process.
    pub async fn embedded(more: &[&str]) -> Self {
        Self::start_on(String::new(), 1, &[&["--token", &tokens()], more].concat()).await
    }

    /// The same on a file of its own, with its log in the process.
    pub async fn file(more: &[&str]) -> Self {
        let dir = tempfile::Builder::new().prefix("jumun-shop-").tempdir().expect("a directory").keep();
        let database = format!("sqlite:{}", dir.join("jumun.db").display());
        Self::start_with(database, String::new(), 1, &[&["--token", &tokens()], more].concat()).await
    }

    /// The same on this database.
    pub async fn upon(database: &str, more: &[&str]) -> Self {
        Self::start_with(database.to_owned(), redis_url(), 1, &[&["--token", &tokens()], more].concat()).await
    }

    /// The same without tokens.
    pub async fn start(more: &[&str]) -> Self {
        Self::start_on(redis_url(), 1, more).await
    }

    async fn start_on(redis: String, partitions: u32, more: &[&str]) -> Self {
        Self::start_with(fresh_database().await, redis, partitions, more).await
    }

    async fn start_with(database: String, redis: String, partitions: u32, more: &[&str]) -> Self {
        let setting = Setting {
            database,
            redis,
            namespace: format!("d{}", &uuid::Uuid::now_v7().simple().to_string()[8..]),
            instance: "a".into(),
            partitions,
            more: Vec::new(),
            failpoints: String::new(),
            variables: Vec::new(),
        };
        let namespace = setting.namespace.clone();
        let secret = secret_file();
        let setting = setting.with(more).with(&["--payments-secret-file", secret.to_str().unwrap()]);
        let server = setting.start();
        server.ready().await;
        let address = server.address().expect("it says where");
        Self { setting, server, address, namespace, _secret: secret }
    }

    /// Asks with a token; the empty one is none.
    pub fn ask(&self, token: &str, method: &str, path: &str, more: &[(&str, &str)], body: &[u8]) -> Reply {
        let bearer = bearer(token);
        let mut headers: Vec<(&str, &str)> = more.to_vec();
        if !token.is_empty() {
            headers.push(("Authorization", &bearer));
        }
        ask(&self.address, method, path, &headers, body)
    }

    /// GET, for customer u-1.
    pub fn get(&self, token: &str, path: &str) -> Reply {
        self.ask(token, "GET", path, &[("X-Customer-Id", "u-1")], b"")
    }

    /// POST of a command under an id, for customer u-1.
    pub fn send(&self, token: &str, path: &str, id: &str, body: &Value) -> Reply {
        let headers = [("Idempotency-Key", id), ("X-Customer-Id", "u-1")];
        self.ask(token, "POST", path, &headers, body.to_string().as_bytes())
    }

    /// The same, accepted.
    pub fn accepted(&self, token: &str, path: &str, id: &str, body: &Value) -> Value {
        let reply = self.send(token, path, id, body);
        assert_eq!(reply.status, 200, "{body}: {reply:?}");
        reply.json()
    }

    /// Goods of two sellers: A of p-1 and B of p-2, ten units each.
    pub fn stock(&self) {
        for (n, partner, sku) in [(1, "p-1", "A"), (2, "p-2", "B")] {
            for (what, command) in [
                (
                    "template",
                    json!({"type": "create_template", "template_id": format!("t-{n}"), "partner_id": partner,
                    "name": "t"}),
                ),
                (
                    "product",
                    json!({"type": "create_product", "product_id": format!("g-{n}"), "name": "g", "kind": "goods",
                    "product_type": "normal", "price": 10_000, "partner_id": partner, "template_id": format!("t-{n}"),
                    "bundled": true, "delivery_fee": 3_000, "lead_time_days": 2}),
                ),
                (
                    "sku",
                    json!({"type": "create_sku", "sku_id": sku, "product_id": format!("g-{n}"), "option_name": "o"}),
                ),
                ("stock", json!({"type": "receive_stock", "sku_id": sku, "quantity": 10})),
            ] {
                self.accepted("operator", "/v1/commands", &format!("set-{what}-{n}"), &command);
            }
        }
    }

    /// An order of u-1 for one unit of A, paid.
    pub fn order(&self, order: &str) {
        let place = json!({"order_id": order, "customer_id": "u-1", "lines": [{"sku_id": "A", "quantity": 1}]});
        self.accepted("checkout", "/v1/orders", &format!("place-{order}"), &place);
        let pay = json!({"settlements": [{"method": "card", "amount": 13_000,
            "approval": {"approval_id": format!("a-{order}")}}]});
        self.accepted("checkout", &format!("/v1/orders/{order}/approve_payment"), &format!("payment-{order}"), &pay);
    }
}

/// The stable code of a refusal.
pub fn reason(reply: &Reply) -> String {
    reply.json()["reason"].as_str().unwrap_or_default().to_owned()
}
