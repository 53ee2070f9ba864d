//! The streams' input is untrusted too: whatever a producer can XADD is answered, or a dead letter, once; its neighbours
//! go on.

use std::collections::HashMap;

use jumun::{
    log::Outbound,
    protocol::{Answer, OutcomeKind, internal::OWN_KINDS},
};
use serde_json::{Value, json};

use super::Scene;
use crate::support::client::Sent;

/// What becomes of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// a dead letter: not even its id can be told
    Dead,
    Refused(&'static str),
    Accepted,
}

use Fate::{Accepted, Dead, Refused};

const INVALID: Fate = Refused("invalid");

/// The fields of an entry, and what becomes of it.
type Case = (Vec<(&'static str, Vec<u8>)>, Fate);

/// A command of text: `~` stands for an id of its own.
fn text(cases: &mut Vec<Case>, text: impl Into<Vec<u8>>, fate: Fate) {
    cases.push((vec![("command", text.into())], fate));
}

fn order(more: &str) -> String {
    format!(r#"{{"id":"~","type":"place_order","order_id":"o-~","actor":"buyer:u-1","customer_id":"u-1",{more}}}"#)
}

fn lines(quantity: &str) -> String {
    order(&format!(r#""lines":[{{"sku_id":"S-1","quantity":{quantity}}}]"#))
}

fn stock(field: &str) -> String {
    format!(r#"{{"id":"~","type":"receive_stock","sku_id":"S-1",{field}}}"#)
}

fn fields() -> Vec<Case> {
    let good = || lines("1").into_bytes();
    vec![
        (vec![("nothing", b"x".to_vec())], Dead),
        (vec![("Command", good())], Dead),
        (vec![("command ", good())], Dead),
        (vec![("", good())], Dead),
        (vec![("command", good()), ("more", b"\xff\0\r\n".to_vec())], Accepted),
        (vec![("more", b"command".to_vec()), ("command", good())], Accepted),
        (vec![("command", good()), ("command", b"{".to_vec())], Accepted),
    ]
}

fn texts() -> Vec<Case> {
    let mut all = Vec::new();
    let deep = "[".repeat(30_000);
    let wide = "[".repeat(100_000);
    for dead in ["", " ", "{", "null", "[]", "\"x\"", "7", "NaN", "{}", &deep, &wide, "\u{feff}{}", "{\"id\":7}"] {
        text(&mut all, dead, Dead);
    }
    text(&mut all, vec![b'x'; 1024 * 1024], Dead);
    text(&mut all, format!("{}{}", lines("1"), " ".repeat(70_000)), Dead);
    text(&mut all, &b"\xff\xfe{}"[..], Dead);
    text(&mut all, [&b"{\"id\":\"~\xff\","[..], &lines("1").as_bytes()[10..]].concat(), Dead);
    text(&mut all, lines("1").replace("\"~\"", "\"short\""), Dead);
    text(&mut all, lines("1").replace("\"~\"", "\"~\\ud800\""), Dead);
    text(&mut all, lines("1").replace("\"~\"", "\"~\\u0000\""), Dead);
    text(&mut all, lines("1").replace("\"~\"", "\"~\",\"id\":\"~-2\""), Dead);
    text(&mut all, lines("NaN"), Dead);
    text(&mut all, lines("0x1"), Dead);
    text(&mut all, format!("{} {}", lines("1"), lines("1")), Dead);
    // the id can be told
    let unread = lines("1").into_bytes().into_iter().map(|b| if b == b'S' { 0xff } else { b }).collect::<Vec<_>>();
    text(&mut all, unread, INVALID);
    text(&mut all, lines("1").replace("u-1\",", "u\\ud800\","), INVALID);
    text(&mut all, lines("1").replace("u-1\",", "u\\u0000\","), INVALID);
    text(&mut all, lines("1").replace("place_order", "place\\u0000order"), INVALID);
    text(&mut all, lines("1").replace("\"actor\"", "\"actor\":\"buyer:u-1\",\"actor\""), INVALID);
    for quantity in ["-1", "-0", "0.5", "1e400", "1e2", "4294967296", "9223372036854775808", "\"1\"", "null", "[]"] {
        text(&mut all, lines(quantity), INVALID);
    }
    text(&mut all, lines("0"), INVALID);
    text(&mut all, lines("4294967295"), INVALID);
    text(&mut all, lines("100000"), Refused("insufficient_stock"));
    text(&mut all, order(&format!("\"lines\":{}{}", &deep[..20_000], "]".repeat(20_000))), INVALID);
    text(&mut all, order(&format!("\"x\":{}", &deep[..20_000])), Dead);
    let inner = format!("{}{}", "{\"a\":".repeat(5_000), "0") + &"}".repeat(5_000);
    text(
        &mut all,
        format!(r#"{{"id":"~","type":"preview","order_id":"o-1","actor":"operator:x","command":{inner}}}"#),
        INVALID,
    );
    all
}

fn pretenders() -> Vec<Case> {
    let mut all = Vec::new();
    for kind in OWN_KINDS {
        text(
            &mut all,
            stock(r#""actor":"operator:x","quantity":1"#).replace("\"~\"", &format!("\"{kind}:~\"")),
            INVALID,
        );
    }
    let step = r#"{"id":"~","type":"step","from":0,"order_id":"o-1","reservation":"r","what":"release"}"#;
    let passed = r#"{"id":"~","type":"passed_on","at_ms":1,"hops":0,"origin":"1-1","command":"{}"}"#;
    for kind in
        [step, passed, &step.replace("step", "due"), &step.replace("step", "reply"), &step.replace("step", "link")]
    {
        text(&mut all, kind, INVALID);
    }
    text(&mut all, passed.replace("\"id\":\"~\",", ""), Dead);
    for name in ["../x", "", " ", "a b", "x\\r\\n", "{0}", "*", "a:b", "주문", "\\u0000", &"x".repeat(65)] {
        let with = format!(r#""reply_to":"{name}","actor":"operator:x","quantity":1"#);
        text(&mut all, stock(&with), INVALID);
    }
    // what a role may not do, it may not do by this door either; what it may, it is believed
    for (actor, fate) in [
        ("buyer:u-1", Refused("forbidden")),
        ("payment:pg", Refused("forbidden")),
        ("system:lane", Accepted),
        ("root:x", INVALID),
        ("OPERATOR:x", INVALID),
        ("operator", INVALID),
        ("operator:", INVALID),
        (":x", INVALID),
        ("operator:x y", INVALID),
        ("operator:x\\r\\n", INVALID),
        ("operator:\\u0000", INVALID),
        ("о\u{43f}erator:x", INVALID),
        (&format!("operator:{}", "x".repeat(65)), INVALID),
    ] {
        text(&mut all, stock(&format!(r#""actor":"{actor}","quantity":1"#)), fate);
    }
    text(&mut all, lines("1").replace("buyer:u-1", "buyer:u-2"), Refused("forbidden"));
    text(&mut all, lines("1").replace("buyer:u-1", "payment:u-1"), Refused("forbidden"));
    // the client's own time is for the record only
    for (at, fate) in [
        ("9999-12-31T23:59:59Z", INVALID),
        ("0000-01-01T00:00:00Z", INVALID),
        ("-0001-01-01T00:00:00Z", INVALID),
        ("+262142-12-31T23:59:59Z", INVALID),
        ("+999999-12-31T23:59:59Z", INVALID),
        ("2026-02-30T00:00:00Z", INVALID),
        ("now", INVALID),
        ("", INVALID),
    ] {
        text(&mut all, stock(&format!(r#""actor":"operator:x","quantity":1,"at":"{at}""#)), fate);
    }
    all
}

/// Numbers that a sum or a product of two can't hold.
fn enormous() -> Vec<Case> {
    let mut all = Vec::new();
    let most = i64::MAX;
    let product = |price: i64, fee: i64| {
        format!(
            r#"{{"id":"~","type":"create_product","actor":"operator:x","product_id":"g-~","name":"g","kind":"goods",
            "product_type":"normal","price":{price},"partner_id":"p-1","template_id":"t-1","bundled":true,
            "delivery_fee":{fee},"lead_time_days":2}}"#
        )
    };
    text(&mut all, product(most, 0), INVALID);
    text(&mut all, product(0, most), INVALID);
    text(&mut all, product(-1, 0), INVALID);
    for quantity in ["9223372036854775807", "9223372036854775808", "-9223372036854775808", "0", "-1"] {
        text(&mut all, stock(&format!(r#""actor":"operator:x","quantity":{quantity}"#)), INVALID);
    }
    let paid = |a: i64, b: i64| {
        let one = |id: &str, n: i64| format!(r#"{{"method":"card","amount":{n},"approval":{{"approval_id":"{id}"}}}}"#);
        let settlements = format!("[{},{}]", one("a", a), one("b", b));
        order(&format!(
            r#""lines":[{{"sku_id":"S-1","quantity":1}}],"payment":{{"kind":"approved","settlements":{settlements}}}"#
        ))
    };
    let allowed = jumun::domain::money::AMOUNT_MAX;
    text(&mut all, paid(most, most), INVALID);
    text(&mut all, paid(allowed, i64::MIN), INVALID);
    text(&mut all, paid(allowed, allowed), INVALID);
    text(&mut all, paid(allowed, 0), INVALID);
    text(&mut all, paid(allowed - 1, 1), Refused("amount_mismatch"));
    let shown = |price: i64| order(&format!(r#""lines":[{{"sku_id":"S-1","quantity":2,"unit_price":{price}}}]"#));
    text(&mut all, shown(most), INVALID);
    text(&mut all, shown(allowed), Refused("price_mismatch"));
    all
}

fn reason_of(answer: &Answer) -> Fate {
    match answer.outcome {
        OutcomeKind::Accepted => Accepted,
        OutcomeKind::Rejected | OutcomeKind::Failed => {
            Refused(Box::leak(answer.reason.as_deref().unwrap_or("none").to_owned().into_boxed_str()))
        }
    }
}

#[tokio::test]
async fn f49_whatever_a_producer_appends_is_answered_or_a_dead_letter_once() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let server = scene.server().start();
    server.ready().await;
    let before = server.resident();
    let mut redis = redis::Client::open(scene.redis.as_str()).unwrap().get_connection().unwrap();
    let key = format!("{}:{{0}}:commands", scene.namespace);
    let cases = [fields(), texts(), pretenders(), enormous()].concat();
    let (mut expected, mut neighbours) = (Vec::new(), Vec::new());
    for (n, (fields, fate)) in cases.iter().enumerate() {
        let id = format!("h-{n:06}");
        let mut add = redis::cmd("XADD");
        add.arg(&key).arg("*");
        for (name, value) in fields {
            add.arg(*name).arg(with_id(value, &id));
        }
        add.exec(&mut redis).unwrap();
        expected.push((id, fields, *fate));
        let neighbour = format!("beside-{n:06}");
        let good = json!({"id": neighbour, "type": "decline_payment", "order_id": "o-none", "actor": "payment:pg"});
        scene.client.send(&[Sent::new(0, &good)]).await;
        neighbours.push(neighbour);
    }
    scene.client.rest().await;
    let mut answers: HashMap<String, Vec<Answer>> = HashMap::new();
    for answer in scene.client.answers().await {
        answers.entry(answer.command_id.to_string()).or_default().push(answer);
    }
    let mut wrong = Vec::new();
    for (id, fields, fate) in &expected {
        // an id of the lanes' own kinds was put before
        let of = |(k, v): (&String, &Vec<Answer>)| (k == id || k.ends_with(&format!(":{id}"))).then(|| v.clone());
        let got: Vec<Answer> = answers.iter().filter_map(of).flatten().collect();
        let right = match fate {
            Dead => got.is_empty(),
            fate @ (Refused(_) | Accepted) => matches!(got.as_slice(), [one] if reason_of(one) == *fate),
        };
        if !right {
            let sent = String::from_utf8_lossy(&fields.last().unwrap().1).chars().take(200).collect::<String>();
            wrong.push(format!("{id}: wanted {fate:?}, got {got:?}: {sent}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    for id in &neighbours {
        assert_eq!(answers[id].len(), 1, "{id} was disturbed");
    }
    let dead = scene.client.all(&Outbound::Dead).await;
    let wanted = cases.iter().filter(|(_, fate)| *fate == Dead).count();
    assert_eq!(dead.len(), wanted, "{:?}", dead.iter().map(|l| l.json.chars().take(80).collect::<String>()));
    for letter in &dead {
        let letter: Value = serde_json::from_str(&letter.json).unwrap();
        assert!(letter["command"].as_str().unwrap().len() <= 3 * 16 * 1024, "it is not cut");
        assert_eq!(letter["attempts"], 1, "{letter}");
    }
    assert_eq!(server.metric("jumun_lane_resets_total"), 0.0, "{}", server.log());
    let grown = server.resident().saturating_sub(before);
    assert!(grown < 64 * 1024 * 1024, "{grown} bytes");
    server.ready().await;
    // what it did accept is stock and orders like any
    let accepted = cases.iter().filter(|(f, fate)| *fate == Accepted && received(f)).count();
    scene.received.iter_mut().filter(|r| r.0 == "S-1").for_each(|r| r.1 += i64::try_from(accepted).unwrap());
    let (status, report) = crate::support::process::verify(&scene.server());
    assert_eq!(status, Some(0), "{report}");
    scene.trade("after", 40).await;
    scene.client.rest().await;
    assert_eq!(scene.client.stats().await.dead, u64::try_from(wanted).unwrap());
}

fn received(fields: &[(&str, Vec<u8>)]) -> bool {
    fields.iter().any(|(_, v)| String::from_utf8_lossy(v).contains("receive_stock"))
}

fn with_id(value: &[u8], id: &str) -> Vec<u8> {
    value.split(|b| *b == b'~').collect::<Vec<_>>().join(id.as_bytes())
}

#[tokio::test]
async fn f49_ten_thousand_reply_streams_are_asked_for_and_bounded() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let server = scene.server().start();
    server.ready().await;
    let before = server.resident();
    let asked: Vec<Sent> = (0..10_000)
        .map(|n| {
            let id = format!("reply-{n:06}");
            let command = json!({"id": id, "type": "decline_payment", "order_id": "o-none", "actor": "payment:pg",
                "reply_to": format!("name-{n}")});
            Sent::new(0, &command)
        })
        .collect();
    scene.client.send(&asked).await;
    scene.client.rest().await;
    let mut redis = redis::Client::open(scene.redis.as_str()).unwrap().get_connection().unwrap();
    let of = |what: &str| format!("{}:{{0}}:{what}", scene.namespace);
    let names: Vec<String> = redis::cmd("SMEMBERS").arg(of("reply_to")).query(&mut redis).unwrap();
    assert_eq!(names.len(), jumun::log::REPLY_STREAMS_MAX);
    let (mut told, mut length) = (scene.client.answers().await.len(), redis::pipe());
    for name in &names {
        length.cmd("XLEN").arg(of(&format!("answers:{name}")));
    }
    let lengths: Vec<usize> = length.query(&mut redis).unwrap();
    told += lengths.iter().sum::<usize>();
    // with the commands that filled the shelves
    let others = scene.client.journal().len() - asked.len();
    assert_eq!(told, asked.len() + others, "each is answered once, by its own stream or by the common one");
    let grown = server.resident().saturating_sub(before);
    assert!(grown < 96 * 1024 * 1024, "{grown} bytes");
    server.ready().await;
}

/// However large entries are, few of them are in memory at a time: Redis takes up to half a gigabyte in one.
#[tokio::test]
async fn f75_huge_entries_are_read_few_at_a_time() {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let mut redis = redis::Client::open(scene.redis.as_str()).unwrap().get_connection().unwrap();
    let key = format!("{}:{{0}}:commands", scene.namespace);
    let huge = vec![b'x'; 2 * 1024 * 1024];
    for _ in 0..200 {
        redis::cmd("XADD").arg(&key).arg("*").arg("command").arg(&huge).exec(&mut redis).unwrap();
    }
    let server = scene.server().start();
    server.ready().await;
    let before = server.resident();
    let (mut most, mut lag) = (0, 1);
    while lag > 0 {
        most = most.max(server.resident());
        lag = scene.client.stats().await.lag;
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    scene.client.rest().await;
    assert_eq!(scene.client.stats().await.dead, 200);
    let grown = most.saturating_sub(before.min(most));
    assert!(grown < 200 * 1024 * 1024, "{grown} bytes of 400 MiB");
    scene.trade("after", 40).await;
    scene.client.rest().await;
}
