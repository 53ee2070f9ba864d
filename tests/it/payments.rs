//! A payment service over HTTP: refunds asked of the stand-in, and its signed call-backs.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use jumun::{
    clock::{Clock as _, RealClock},
    domain::catalog::Policy,
    integrations::signature::{HEADER, HEADER_V2, Purpose, SigningSecret},
    store::rows::RfndRow,
};
use serde_json::{Value, json};

use crate::support::{
    authority::Authority,
    http::{Reply, ask},
    payments::{SECRET, Service, post_signed, secret_file, signed},
    process::{Served, Setting},
    servers::{free_port, fresh_database, redis_url},
    world::{On, Setup, World},
};

const PATIENCE: Duration = Duration::from_secs(40);

/// A server in this process that asks the service, soon and often.
async fn world(service: &Service, secret: &str) -> World {
    let policy = Policy {
        refund_retry: Duration::from_millis(100),
        refund_retry_max: Duration::from_millis(800),
        ..Policy::default()
    };
    let setup = Setup { policy, gateway: Some(service.gateway(secret)), ..Setup::default() };
    let mut w = World::open(On::Real, setup).await;
    w.sku("A", 1_000, 0, 50).await;
    w
}

/// An order that is paid and cancelled; its refund's key.
async fn to_refund(w: &mut World, order: &str) -> String {
    let paid = json!({"kind": "approved", "settlements": [{"method": "card", "amount": 1_000,
        "approval": {"approval_id": format!("a-{order}")}}]});
    w.ok(json!({"type": "place_order", "order_id": order, "customer_id": "u-1",
        "lines": [{"sku_id": "A", "quantity": 1}], "payment": paid}))
        .await;
    w.ok(json!({"type": "cancel_lines", "order_id": order, "lines": [1]})).await.facts.refunds[0].clone()
}

/// A refund's rows: state, and why.
async fn tries(w: &World, key: &str) -> Vec<(String, String)> {
    let mut rows: Vec<RfndRow> = w.rows::<RfndRow>().await.into_iter().filter(|r| &*r.rfnd_key == key).collect();
    rows.sort_by_key(|r| r.rfnd_seq);
    rows.iter().map(|r| (r.rfnd_stat_cd.to_string(), r.rfnd_rsn.as_deref().unwrap_or_default().to_owned())).collect()
}

async fn refunded(w: &World, key: &str) -> Vec<(String, String)> {
    let begun = Instant::now();
    loop {
        let tries = tries(w, key).await;
        if tries.last().is_some_and(|(state, _)| state == "REFUNDED") {
            return tries;
        }
        assert!(begun.elapsed() < PATIENCE, "{key} is not refunded: {tries:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_refund_is_done_once_whatever_was_heard_of_it() {
    for (flags, asked, heard) in [
        (&[][..], 1, &[][..]),
        (&["--refuse", "1"], 2, &["bank_closed: the bank is closed"]),
        (&["--fail", "2"], 3, &["HTTP 503", "HTTP 503"]),
        (&["--silent", "1"], 2, &["no answer"]),
    ] {
        let service = Service::start(flags);
        let mut w = world(&service, SECRET).await;
        let key = to_refund(&mut w, "o-1").await;
        let tries = refunded(&w, &key).await;
        assert_eq!(service.keys().remove(&key), Some((asked, 1)), "{flags:?}: {}", service.log());
        assert_eq!(tries.len(), heard.len() + 2, "{flags:?}: {tries:?}");
        for ((state, why), says) in tries[1..].iter().zip(heard) {
            assert!(state == "FAILED" && why.contains(says), "{flags:?}: {tries:?}");
        }
        assert_eq!(w.money("o-1").await, [(1_000, 0, 0, 1_000)]);
        w.done().await;
    }
}

#[tokio::test]
async fn a_service_that_is_away_is_waited_for_and_not_hammered() {
    let mut service = Service::absent(&[], free_port());
    let mut w = world(&service, SECRET).await;
    let mut keys = Vec::new();
    for n in 0..30 {
        keys.push(to_refund(&mut w, &format!("o-{n}")).await);
    }
    // each is put off, so that it does not stand before other orders' deadlines; most without a request
    let begun = Instant::now();
    for key in &keys {
        while tries(&w, key).await.len() < 4 {
            assert!(begun.elapsed() < PATIENCE, "{key} is not put off");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let told: Vec<(String, String)> = {
        let rows = w.rows::<RfndRow>().await;
        rows.iter()
            .map(|r| (r.rfnd_stat_cd.to_string(), r.rfnd_rsn.as_deref().unwrap_or_default().to_owned()))
            .collect()
    };
    let of = |says: &str| told.iter().filter(|(state, why)| state == "FAILED" && why.starts_with(says)).count();
    assert!(of("not asked") > of("no answer") && of("no answer") >= 8, "{told:?}");
    // what was not answered may be done: it does not go back another way
    let by_bank = json!({"type": "refund_by_bank_transfer", "order_id": "o-0", "refund_key": keys[0]});
    w.no(by_bank, "illegal_transition").await;
    service.up();
    for key in &keys {
        refunded(&w, key).await;
    }
    let effects = service.keys();
    assert!(keys.iter().all(|k| effects[k].1 == 1), "{effects:?}");
    w.done().await;
}

#[tokio::test]
async fn a_wrong_secret_is_no_refusal() {
    let service = Service::start(&[]);
    let mut w = world(&service, "another secret than the service's").await;
    let key = to_refund(&mut w, "o-1").await;
    let begun = Instant::now();
    while tries(&w, &key).await.len() < 3 {
        assert!(begun.elapsed() < PATIENCE, "it is not asked");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let told = tries(&w, &key).await;
    assert!(told[1].1.contains("HTTP 401"), "{told:?}");
    w.no(json!({"type": "refund_by_bank_transfer", "order_id": "o-1", "refund_key": key}), "illegal_transition").await;
    assert_eq!(service.keys().len(), 0);
}

/// The real binary with its service, each knowing the other.
pub struct Till {
    pub server: Served,
    pub address: String,
    pub service: Service,
    _secret: tempfile::TempPath,
}

impl Till {
    pub async fn open(flags: &[&str]) -> Self {
        Self::at("http://127.0.0.1", &[], flags).await
    }

    /// With the service at this host, further words for the server, and the service's flags.
    pub async fn at(host: &str, more: &[&str], flags: &[&str]) -> Self {
        Self::over(1, host, more, flags).await
    }

    /// The same, with so many lanes.
    pub async fn over(lanes: u32, host: &str, more: &[&str], flags: &[&str]) -> Self {
        Self::within(lanes, host, &[], more, flags).await
    }

    /// The same, the server with these variables.
    async fn within(lanes: u32, host: &str, variables: &[String], more: &[&str], flags: &[&str]) -> Self {
        let (secret, port) = (secret_file(), free_port());
        let to = format!("{host}:{port}");
        let words = ["--payments", &to, "--payments-secret-file", secret.to_str().unwrap()];
        let (server, address) = serve_within(lanes, variables, &[&words, more].concat()).await;
        let back = format!("http://{address}/v1/payment-callbacks");
        let mut service = Service::absent(&[flags, &["--callback", &back]].concat(), port);
        service.up();
        let till = Self { server, address, service, _secret: secret };
        for (n, command) in [
            json!({"type": "create_template", "template_id": "t", "partner_id": "p-1", "name": "t"}),
            json!({"type": "create_product", "product_id": "g", "name": "g", "kind": "goods", "product_type": "x",
                "price": 1_000, "partner_id": "p-1", "template_id": "t", "bundled": true, "delivery_fee": 0,
                "lead_time_days": 2}),
            json!({"type": "create_sku", "sku_id": "A", "product_id": "g", "option_name": "o"}),
            json!({"type": "receive_stock", "sku_id": "A", "quantity": 10}),
        ]
        .iter()
        .enumerate()
        {
            till.ok(&format!("set-up-{n:03}"), command);
        }
        till
    }

    pub fn send(&self, id: &str, command: &Value) -> Reply {
        let mut command = command.clone();
        (command["id"], command["actor"]) = (id.into(), "operator:o".into());
        ask(&self.address, "POST", "/v1/commands", &[], command.to_string().as_bytes())
    }

    pub fn ok(&self, id: &str, command: &Value) -> Value {
        let reply = self.send(id, command);
        assert_eq!(reply.status, 200, "{command}: {reply:?}");
        reply.json()
    }

    pub fn place(&self, order: &str, payment: Value) {
        let mut place = json!({"type": "place_order", "order_id": order, "customer_id": "u-1",
            "lines": [{"sku_id": "A", "quantity": 1}]});
        if !payment.is_null() {
            place["payment"] = payment;
        }
        self.ok(&format!("place-{order}"), &place);
    }

    /// Cancels an order that is paid; its refund's key.
    fn cancel(&self, order: &str) -> String {
        let cancel = json!({"type": "cancel_lines", "order_id": order, "lines": [1]});
        let told = self.ok(&format!("cancel-{order}"), &cancel);
        told["facts"]["refunds"][0].as_str().expect("a refund").to_owned()
    }

    pub fn order(&self, order: &str) -> Value {
        ask(&self.address, "GET", &format!("/v1/orders/{order}"), &[], b"").json()
    }

    pub fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let begun = Instant::now();
        while !holds() {
            let (service, server) = (self.service.log(), self.server.log());
            assert!(begun.elapsed() < PATIENCE, "{what}: in vain\n{service}\n{server}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn tell(&self, event: &Value) -> Reply {
        post_signed(&self.address, "/v1/payment-callbacks", event)
    }
}

pub async fn serve(more: &[&str]) -> (Served, String) {
    serve_lanes(1, more).await
}

pub async fn serve_lanes(partitions: u32, more: &[&str]) -> (Served, String) {
    serve_within(partitions, &[], more).await
}

async fn serve_within(partitions: u32, variables: &[String], more: &[&str]) -> (Served, String) {
    let setting = Setting {
        database: fresh_database().await,
        redis: redis_url(),
        namespace: format!("p{}", &uuid::Uuid::now_v7().simple().to_string()[8..]),
        instance: "a".into(),
        partitions,
        more: Vec::new(),
        failpoints: String::new(),
        variables: variables.to_vec(),
    };
    let server = setting.with(more).start();
    server.ready().await;
    let address = server.address().expect("it says where");
    (server, address)
}

pub fn approved(event: &str, order: &str, amount: i64) -> Value {
    json!({"event_id": event, "type": "payment_approved", "order_id": order, "settlements": [{"method": "card",
        "amount": amount, "approval": {"approval_id": format!("a-{order}")}}]})
}

#[tokio::test]
async fn a_pending_refund_is_done_by_its_call_back_told_twice() {
    let till = Till::open(&["--pending", "--twice", "--delay", "0.5"]).await;
    till.place("o-1", Value::Null);
    assert_eq!(till.tell(&approved("e-1", "o-1", 1_000)).json()["outcome"], "accepted");
    let key = till.cancel("o-1");
    till.until("both are told", || till.service.log().matches(&format!("told done:{key} accepted")).count() == 2);
    let refund = till.order("o-1")["refunds"][0].clone();
    assert_eq!((refund["state"].as_str(), refund["attempts"].as_u64()), (Some("refunded"), Some(2)), "{refund}");
    let told = ask(&till.address, "GET", "/v1/orders/o-1/timeline", &[], b"").json();
    let what: Vec<&str> = told["entries"].as_array().unwrap().iter().filter_map(|e| e["what"].as_str()).collect();
    assert_eq!(what, ["placed", "payment_approved", "cut", "refund_failed", "refund_confirmed"]);
    assert_eq!(told["entries"][3]["event"]["outcome"], "pending");
    assert_eq!(till.service.keys()[&key], (1, 1));
    assert!(till.server.metric("jumun_payment_callbacks_total") >= 3.0);
}

/// The kind: a message that was signed for one way, sent the other.
#[tokio::test]
async fn what_is_signed_for_another_way_is_no_call_back() {
    let till = Till::open(&[]).await;
    till.place("o-1", Value::Null);
    let body = approved("e-1", "o-1", 1_000).to_string();
    let (secret, now) = (SigningSecret::new(SECRET).unwrap(), RealClock.now());
    let plain = secret.sign(now, body.as_bytes());
    let by = |purpose| secret.sign_for(purpose, now, body.as_bytes());
    let told = |address: &str, headers: &[(&str, &str)]| {
        let reply = ask(address, "POST", "/v1/payment-callbacks", headers, body.as_bytes());
        (reply.status, reply.json()["outcome"].as_str().map(str::to_owned))
    };
    for purpose in [Purpose::Payment, Purpose::Webhook] {
        let label = by(purpose);
        assert_eq!(told(&till.address, &[(HEADER_V2, &label)]).0, 401, "{purpose:?}");
        // the one that says what it is for counts, though the other one is there and good
        assert_eq!(told(&till.address, &[(HEADER_V2, &label), (HEADER, &plain)]).0, 401, "{purpose:?}");
    }
    assert_eq!(told(&till.address, &[(HEADER_V2, ""), (HEADER, &plain)]).0, 401);
    let good = by(Purpose::Callback);
    assert_eq!(told(&till.address, &[(HEADER_V2, &good)]), (200, Some("accepted".into())));
    // a service of before says nothing of that, and is heard, unless it may not be
    assert_eq!(told(&till.address, &[(HEADER, &plain)]), (200, Some("accepted".into())));
    let secret = secret_file();
    let (_strict, address) = serve(&["--payments-secret-file", secret.to_str().unwrap(), "--payments-labelled"]).await;
    assert_eq!(told(&address, &[(HEADER, &plain)]).0, 401);
    assert_eq!(told(&address, &[(HEADER_V2, &good)]).0, 503, "believed: its order is not there yet");
}

#[tokio::test]
async fn a_service_is_asked_over_tls_and_only_one_that_is_vouched_for() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    let (right, wrong) = (chain(&ours, "right", "DNS:localhost"), chain(&ours, "wrong", "DNS:pay.example.com"));
    for (shown, trusted, system, answers) in [
        (&right, Some(&ours), None, true),
        (&right, None, None, false),
        (&right, Some(&theirs), None, false),
        (&wrong, Some(&ours), None, false),
        // who is named stands in the place of the system's authorities
        (&right, None, Some(&ours), true),
        (&right, Some(&theirs), Some(&ours), false),
    ] {
        let ca = trusted.map(Authority::ca);
        let trust: Vec<&str> = ca.iter().flat_map(|ca| ["--payments-ca", ca.to_str().unwrap()]).collect();
        let system: Vec<String> = system.iter().map(|s| format!("SSL_CERT_FILE={}", s.ca().display())).collect();
        let flags = ["--cert", shown.to_str().unwrap()];
        let till = Till::within(1, "https://localhost", &system, &trust, &flags).await;
        till.place("o-1", Value::Null);
        assert_eq!(till.tell(&approved("e-1", "o-1", 1_000)).json()["outcome"], "accepted");
        till.cancel("o-1");
        let refund = || till.order("o-1")["refunds"][0].clone();
        till.until("it is tried", || refund()["attempts"].as_u64() > Some(0) || refund()["state"] == "refunded");
        let (refund, asked) = (refund(), till.service.log().matches("POST /refunds").count());
        assert_eq!(refund["state"] == "refunded", answers, "{shown:?} {trust:?} {system:?}: {refund}");
        assert_eq!(
            refund["last_failure"].as_str().is_some_and(|why| why.contains("certificate")),
            !answers,
            "{refund}"
        );
        assert_eq!(asked, usize::from(answers), "{}", till.service.log());
    }
}

/// A certificate for this name with its key, in one file.
fn chain(authority: &Authority, file: &str, name: &str) -> PathBuf {
    let (cert, key) = authority.issue(file, name);
    let both = cert.with_extension("both");
    fs::write(&both, [fs::read(cert).unwrap(), fs::read(key).unwrap()].concat()).unwrap();
    both
}

#[tokio::test]
async fn the_payment_services_word_moves_an_order() {
    let till = Till::open(&[]).await;
    till.place("o-1", Value::Null);
    let declined = json!({"event_id": "e-1", "type": "payment_declined", "order_id": "o-1", "reason": "no money"});
    assert_eq!(till.tell(&declined).json()["outcome"], "accepted");
    // by the service itself, signed there
    let sent = post_signed(&till.service.address(), "/events", &approved("e-2", "o-1", 1_000));
    assert_eq!(sent.status, 200);
    till.until("it is paid", || till.order("o-1")["status"] == "ORDERED");
    // again: the same answer; under another name: rejected, and that is the end of it
    let again = till.tell(&approved("e-2", "o-1", 1_000));
    assert_eq!((again.status, again.json()["outcome"].as_str()), (200, Some("accepted")));
    let other = till.tell(&approved("e-3", "o-1", 1_000));
    assert_eq!((other.status, other.json()["outcome"].as_str()), (200, Some("accepted")), "the same fact: {other:?}");
    assert_eq!(till.order("o-1")["settlements"].as_array().unwrap().len(), 1);
    // another order's payment is none of this one's
    till.place("o-3", Value::Null);
    let mut reused = approved("e-33", "o-3", 1_000);
    reused["settlements"][0]["approval"]["approval_id"] = "a-o-1".into();
    assert_eq!(till.tell(&reused).json()["reason"], "approval_reused");
    assert!(till.server.log().contains("the payment service's word was rejected"));
    assert!(till.server.metric("jumun_refusals_total{reason=\"approval_reused\"}") >= 1.0);
    // nor is it a placement's: that is trusted until the register says otherwise, and then decided again, once
    let payment = json!({"kind": "approved", "settlements": reused["settlements"]});
    let placed = json!({"type": "place_order", "order_id": "o-4", "customer_id": "u-1", "payment": payment,
        "lines": [{"sku_id": "A", "quantity": 1}]});
    assert_eq!(till.send("place-o-4", &placed).json()["reason"], "approval_reused");
    assert_eq!(till.server.metric("jumun_batch_retries_total"), 1.0);
    assert_eq!(till.server.metric("jumun_lane_resets_total"), 0.0, "no lane stopped for it");
    // a deposit, of the right amount
    let awaited =
        json!({"kind": "deposit", "method": "virtual_account", "virtual_account_no": "110-1", "bank_code": "088"});
    till.place("o-2", awaited);
    let deposit = |event: &str, amount: i64| json!({"event_id": event, "type": "deposit_confirmed", "order_id": "o-2", "amount": amount});
    let less = till.tell(&deposit("e-4", 999)).json();
    assert_eq!((less["outcome"].as_str(), less["reason"].as_str()), (Some("accepted"), Some("amount_mismatch")));
    till.until("it goes back", || till.order("o-2")["refunds"][0]["state"] == "refunded");
    assert_eq!(till.tell(&deposit("e-5", 1_000)).json()["outcome"], "accepted");
    assert_eq!(till.order("o-2")["status"], "ORDERED");
    // what it names by its own words is nobody else's to name
    for id in ["callback:0123456789", "refund:0123456789"] {
        let taken = till.send(id, &json!({"type": "cancel_lines", "order_id": "o-1", "lines": [1]}));
        assert_eq!((taken.status, taken.json()["reason"].as_str()), (422, Some("invalid")), "{taken:?}");
        let mut paid = json!({"type": "approve_payment", "order_id": "o-1", "settlements": [], "actor": "payment:web"});
        paid["id"] = id.into();
        let taken = ask(&till.address, "POST", "/v1/commands", &[], paid.to_string().as_bytes());
        assert_eq!((taken.status, taken.json()["reason"].as_str()), (422, Some("invalid")), "{taken:?}");
    }
}

#[tokio::test]
async fn only_what_is_signed_lately_is_heard() {
    let till = Till::open(&[]).await;
    till.place("o-1", Value::Null);
    let event = approved("e-1", "o-1", 1_000);
    let body = event.to_string();
    let good = signed(SECRET, 0, body.as_bytes());
    let heard = |header: Option<&str>, body: &str| {
        let headers: Vec<(&str, &str)> = header.into_iter().map(|h| (HEADER, h)).collect();
        ask(&till.address, "POST", "/v1/payment-callbacks", &headers, body.as_bytes())
    };
    let before = till.server.metric("jumun_http_denied_total");
    let altered = body.replace("1000", "1");
    assert_ne!(altered, body);
    for (header, body) in [
        (None, &body),
        (Some("t=1,v1=0"), &body),
        (Some(&*signed("another secret than the service's", 0, body.as_bytes())), &body),
        (Some(&*signed(SECRET, 302, body.as_bytes())), &body),
        (Some(&*signed(SECRET, -302, body.as_bytes())), &body),
        (Some(&*good), &altered),
    ] {
        let reply = heard(header, body);
        assert_eq!(
            (reply.status, reply.json()["reason"].as_str()),
            (401, Some("bad_signature")),
            "{header:?} {reply:?}"
        );
        assert_eq!(reply.header("content-type"), Some("application/problem+json"));
    }
    assert_eq!(till.server.metric("jumun_http_denied_total") - before, 6.0);
    assert!(till.server.log().contains("/v1/payment-callbacks"));
    assert!(!till.server.log().contains(SECRET));
    assert_eq!((&till.order("o-1")["status"], &till.order("o-1")["version"]), (&json!("PAYMENT_PENDING"), &json!(1)));
    // signed nonsense
    for (event, status) in [
        ("[", 400),
        ("{}", 422),
        (r#"{"event_id":"e-1","type":"payment_approved","order_id":"o-1"}"#, 422),
        (r#"{"event_id":"","type":"refund_done","order_id":"o-1","refund_key":"k"}"#, 422),
        (r#"{"event_id":"e-1","type":"refund_done","order_id":"o-1","refund_key":"k","more":1}"#, 422),
        (r#"{"event_id":"e-1","type":"cancel_lines","order_id":"o-1","lines":[1]}"#, 422),
    ] {
        let reply = heard(Some(&signed(SECRET, 0, event.as_bytes())), event);
        assert_eq!((reply.status, reply.json()["reason"].as_str()), (status, Some("invalid")), "{event}: {reply:?}");
    }
    // a domain's no is an answer
    let unknown = till.tell(&crate::callbacks::at(approved("e-9", "o-9", 1_000), 25));
    assert_eq!((unknown.status, unknown.json()["reason"].as_str()), (200, Some("unknown_order")));
    assert_eq!(heard(Some(&good), &body).json()["outcome"], "accepted");
    // without a secret nothing is taken
    let (_server, address) = serve(&[]).await;
    let reply = post_signed(&address, "/v1/payment-callbacks", &event);
    assert_eq!((reply.status, reply.json()["reason"].as_str()), (404, Some("not_found")), "{reply:?}");
}
