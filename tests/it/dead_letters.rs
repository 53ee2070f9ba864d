//! Dead letters at the HTTP API: which stream each goes to again.

use std::time::{Duration, Instant};

use jumun::log::{CommandLog as _, Inbound, redis::RedisLog};
use serde_json::{Value, json};

use crate::support::{
    servers::redis_url,
    shop::{Shop, reason},
};

fn letters(shop: &Shop) -> Vec<Value> {
    shop.get("auditor", "/v1/dead-letters").json()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_letter_goes_to_the_stream_that_it_came_by_and_not_by_what_it_looks_like() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    let log = RedisLog::connect(&redis_url(), &shop.namespace).await.unwrap();
    // a producer's, which looks like a step but for its form, and a step of ours that nobody can read
    let looks = br#"{"type":"due","order_id":"o-1"}"#;
    log.append(0, Inbound::Commands, &[looks[..].into()]).await.unwrap();
    let begun = Instant::now();
    while letters(&shop).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the letter does not come");
    }
    log.append(0, Inbound::Internal, &[b"no step"[..].into()]).await.unwrap();
    while letters(&shop).len() < 2 {
        assert!(begun.elapsed() < Duration::from_secs(20), "the letter does not come");
    }
    log.append(0, Inbound::Checkout, &[b"no word of a buyer"[..].into()]).await.unwrap();
    while letters(&shop).len() < 3 {
        assert!(begun.elapsed() < Duration::from_secs(20), "the letter does not come");
    }
    // each comes back as another letter, by the stream that it came by before
    for (n, stream) in ["internal", "commands", "checkout"].into_iter().enumerate() {
        let letter = letters(&shop).into_iter().find(|l| l["stream"] == stream).expect("it is there");
        let path = format!("/v1/dead-letters/0/{}/requeue", letter["dead_letter_id"].as_str().unwrap());
        let again = shop.ask("operator", "POST", &path, &[], b"");
        assert_eq!(again.status, 200, "{again:?}");
        let begun = Instant::now();
        while letters(&shop).iter().all(|l| l["entry"] != again.json()["entry"]) {
            assert!(begun.elapsed() < Duration::from_secs(20), "{n} was not sent again: {:?}", letters(&shop));
        }
        let back = letters(&shop).into_iter().find(|l| l["entry"] == again.json()["entry"]).unwrap();
        assert_eq!((&back["stream"], &back["command"]), (&json!(stream), &letter["command"]));
        assert_eq!(letters(&shop).len(), 3);
    }
}

#[tokio::test]
async fn a_letter_of_an_older_version_goes_again_only_as_a_command() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    let mut redis = redis::Client::open(redis_url()).unwrap().get_connection().unwrap();
    let mut keep = |command: &str| -> String {
        let fields = [("command", command), ("reason", "why"), ("entry", "1-1"), ("attempts", "3")];
        redis::cmd("XADD")
            .arg(format!("{}:{{0}}:dead", shop.namespace))
            .arg("*")
            .arg(&fields)
            .query(&mut redis)
            .unwrap()
    };
    let step = r#"{"type":"step","id":"step:0123456789abcdef","from":0,"order_id":"o-1","reservation":"r-1"}"#;
    let command =
        json!({"id": "older-0001", "type": "receive_stock", "actor": "operator:o", "sku_id": "A", "quantity": 5});
    let (step, due) = (keep(step), keep(r#"{"type":"due","order_id":"o-1"}"#));
    let command = keep(&command.to_string());
    let again = |letter: &str| shop.ask("operator", "POST", &format!("/v1/dead-letters/0/{letter}/requeue"), &[], b"");
    for letter in [&step, &due] {
        let refused = again(letter);
        assert_eq!((refused.status, reason(&refused).as_str()), (422, "invalid"), "{refused:?}");
    }
    assert_eq!(again(&command).status, 200);
    let begun = Instant::now();
    while shop.get("operator", "/v1/skus/A").json()["on_hand"] != 15 {
        assert!(begun.elapsed() < Duration::from_secs(20), "it was not sent again");
    }
    let left: Vec<Value> = letters(&shop).into_iter().map(|l| l["dead_letter_id"].clone()).collect();
    assert_eq!(left, [due, step], "what can't be sent stays");
}

#[tokio::test]
async fn letters_of_all_partitions_come_in_pages() {
    let shop = Shop::wide(2, &[]).await;
    let log = RedisLog::connect(&redis_url(), &shop.namespace).await.unwrap();
    let begun = Instant::now();
    for n in 0..7 {
        log.append(n % 2, Inbound::Commands, &[b"no command"[..].into()]).await.unwrap();
        while letters(&shop).len() <= usize::try_from(n).unwrap() {
            assert!(begun.elapsed() < Duration::from_secs(30), "a letter does not come");
        }
    }
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    for page in 0.. {
        let told = shop.get("auditor", &format!("/v1/dead-letters?limit=2{cursor}")).json();
        let items = told["items"].as_array().unwrap();
        assert_eq!(items.len(), if page == 3 { 1 } else { 2 }, "{told}");
        paged.extend(items.iter().cloned());
        let Some(next) = told["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(paged, letters(&shop));
    for nix in ["x", "1-1", "1-1.x", "1.1"] {
        let reply = shop.get("auditor", &format!("/v1/dead-letters?cursor={nix}"));
        assert_eq!((reply.status, reason(&reply).as_str()), (422, "invalid"), "{nix}");
    }
}

/// A command that nobody could take holds whatever its sender wrote: lists show what it is about, and who sees the rest is known.
#[tokio::test]
async fn a_letter_shows_nobodys_name_to_who_only_looks() {
    let shop = Shop::open(&[]).await;
    shop.stock();
    let log = RedisLog::connect(&redis_url(), &shop.namespace).await.unwrap();
    let command = json!({"id": "masked-0001", "id2": 1, "type": "place_order", "order_id": "o-m", "customer_id": "u-m", "actor": "buyer:u-m",
        "lines": [{"sku_id": "A", "quantity": 1}], "refund_account": {"account_no": "110-222-333444", "holder": "김철수"},
        "recipient": {"name": "김철수", "phone": "010-1234-5678", "zip": "06236", "address": "테헤란로 1"}});
    // said twice: nobody takes it
    let raw = command.to_string().replacen('{', "{\"id\":\"masked-0002\",", 1);
    log.append(0, Inbound::Commands, &[raw.clone().into_bytes().into()]).await.unwrap();
    let begun = Instant::now();
    while letters(&shop).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the letter does not come");
    }
    let path = format!("/v1/dead-letters/0/{}", letters(&shop)[0]["dead_letter_id"].as_str().unwrap());
    for role in ["operator", "auditor"] {
        let told = shop.get(role, "/v1/dead-letters").body;
        assert!(told.contains("o-m") && told.contains("place_order"), "{told}");
        for hidden in ["김철수", "010-1234-5678", "06236", "테헤란로", "110-222"] {
            assert!(!told.contains(hidden), "{role} sees {hidden}: {told}");
        }
    }
    assert_eq!(shop.get("auditor", &path).status, 403);
    assert_eq!(shop.get("auditor", "/v1/access-log").json()["items"].as_array().unwrap().len(), 0);
    assert_eq!(shop.get("operator", &path).json()["command"], raw.as_str());
    let seen = shop.get("auditor", "/v1/access-log").json();
    let [row] = seen["items"].as_array().unwrap().as_slice() else { panic!("{seen}") };
    assert_eq!(
        (&row["look"], &row["order_id"], &row["customer_id"]),
        (&json!("DEAD_LETTER"), &json!("o-m"), &json!("u-m"))
    );
}
