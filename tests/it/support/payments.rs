//! The stand-in for a payment service (`examples/payment-service`), as a process of its own.

use std::{
    collections::BTreeMap,
    net::TcpStream,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use jumun::{
    clock::{Clock as _, RealClock},
    integrations::{
        payment::http::HttpPayments,
        signature::{HEADER, SigningSecret},
    },
};
use serde_json::Value;

use super::{
    guard::Guard,
    http::{Reply, ask},
    servers::free_port,
};

/// What the tests' two sides share.
pub const SECRET: &str = "a secret of the tests, for both sides";

/// The secret, as a file for `--payments-secret-file`.
pub fn secret_file() -> tempfile::TempPath {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), format!("{SECRET}\n")).expect("written");
    file.into_temp_path()
}

/// A signature of a body, made so many seconds ago.
pub fn signed(secret: &str, ago: i64, body: &[u8]) -> String {
    SigningSecret::new(secret).expect("long enough").sign(RealClock.now() - chrono::TimeDelta::seconds(ago), body)
}

/// Says something to somebody, signed as the payment service would.
pub fn post_signed(address: &str, path: &str, body: &Value) -> Reply {
    let body = body.to_string();
    ask(address, "POST", path, &[(HEADER, &signed(SECRET, 0, body.as_bytes()))], body.as_bytes())
}

/// The stand-in; it ends when this is dropped.
#[derive(Debug)]
pub struct Service {
    guard: Guard,
    port: u16,
    log: PathBuf,
}

impl Service {
    /// Prepared, and not yet there.
    pub fn absent(flags: &[&str], port: u16) -> Self {
        let dir = tempfile::Builder::new().prefix("jumun-payments-").tempdir().expect("a directory").keep();
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/payment-service/service.py");
        let (secret, port_text) = (format!("PAYMENTS_SECRET={SECRET}"), port.to_string());
        let db = dir.join("payments.db").display().to_string();
        let mut words = vec!["env", &secret, "python3", program, "--port", &port_text, "--db", &db];
        words.extend(flags);
        let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
        Self { guard: Guard::new(&dir, &words), port, log: dir.join("log") }
    }

    /// With these flags, on a port of its own.
    pub fn start(flags: &[&str]) -> Self {
        let mut service = Self::absent(flags, free_port());
        service.up();
        service
    }

    /// Starts it (again).
    pub fn up(&mut self) {
        self.guard.start();
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20), "it does not start: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// As the server asks it, with this secret.
    pub fn gateway(&self, secret: &str) -> Arc<HttpPayments> {
        let secret = SigningSecret::new(secret).expect("long enough");
        let (base, patience) = (format!("http://{}", self.address()), Duration::from_secs(5));
        Arc::new(HttpPayments::new(&base, secret, patience, None, Arc::new(RealClock)).expect("an address"))
    }

    /// Of each key: how often it was asked for, and how often that took effect.
    pub fn keys(&self) -> BTreeMap<String, (u64, u64)> {
        let all = ask(&self.address(), "GET", "/", &[], b"").json();
        let one =
            |(key, v): (&String, &Value)| (key.clone(), (v["tries"].as_u64().unwrap(), v["effects"].as_u64().unwrap()));
        all.as_object().expect("an object").iter().map(one).collect()
    }

    /// What was asked last under a key.
    pub fn asked(&self, key: &str) -> Value {
        ask(&self.address(), "GET", "/", &[], b"").json()[key]["asked"].clone()
    }

    /// What it has written.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}
