//! What is kept of a person late: by whoever was at it when the person was erased. Erasure is whole in whatever order they come.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use jumun::log::{CommandLog as _, Inbound, redis::RedisLog};
use serde_json::{Value, json};
use sqlx::Connection as _;

use super::{done, seen};
use crate::support::{
    everything,
    process::{run_with, verify},
    receiver::{Receiver, SECRET},
    servers::redis_url,
    shop::{Shop, bearer},
};

/// What somebody wrote.
const WORDS: &str = "canary-of-o-1";

/// An order that has ended, with words about it.
fn ended(shop: &Shop) {
    shop.order("o-1");
    done(shop, "operator", "o-1", "cancel_lines", json!({"lines": [1], "reason": WORDS}));
    let key = &seen(shop, "operator", "/v1/orders/o-1")["refunds"][0]["refund_key"];
    done(shop, "operator", "o-1", "confirm_refund", json!({"refund_key": key}));
}

fn erase(shop: &Shop) -> Value {
    let erased = shop.send("operator", "/v1/customers/u-1/erase", "", &json!({})).json();
    assert_eq!(erased["orders"], 1, "{erased}");
    erased
}

/// The tables that have the words.
async fn with_words(shop: &Shop) -> Vec<String> {
    let all = everything::tables(&shop.setting.database).await;
    all.into_iter().filter(|(_, rows)| rows.contains(WORDS)).map(|(table, _)| table).collect()
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}: in vain");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn again(shop: &mut Shop, failpoints: &str) {
    shop.server.kill9();
    shop.server = shop.setting.clone().failing(failpoints).start();
    shop.server.ready().await;
    shop.address = shop.server.address().unwrap();
}

/// Events that are put aside after their person was erased; `dies`: with the process, between the failed delivery and its second look.
async fn put_aside(on_file: bool, dies: bool) {
    let receiver = Receiver::open();
    let refuses = Arc::new(AtomicBool::new(false));
    let rule = Arc::clone(&refuses);
    // not now, and later not at all: nothing is put aside before the erasure
    receiver.answers(move |_| if rule.load(Ordering::SeqCst) { 400 } else { 500 });
    let hooks = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    let text =
        format!("[[webhook]]\nname = \"shop\"\nurl = \"{}\"\nsecret = \"{SECRET}\"\ntypes = [\"cut\"]\n", receiver.url);
    std::fs::write(hooks.path(), text).unwrap();
    let flags = ["--webhooks", hooks.path().to_str().unwrap()];
    let mut shop = if on_file { Shop::file(&flags).await } else { Shop::open(&flags).await };
    shop.stock();
    if dies {
        again(&mut shop, "failed_delivery_kept=return").await;
    }
    ended(&shop);
    receiver.until("it is tried", |r| !r.came().is_empty()).await;
    assert_eq!(erase(&shop)["texts"], 1, "its history's");
    assert_eq!(with_words(&shop).await, Vec::<String>::new());
    refuses.store(true, Ordering::SeqCst);
    if dies {
        shop.server.aborts().await;
        assert_eq!(with_words(&shop).await, ["tb_sy_hook_ltr"]);
        // the receiver takes it now: nobody puts it aside a second time
        receiver.answers(|_| 200);
        again(&mut shop, "").await;
        receiver.until("it is taken", |r| !r.taken().is_empty()).await;
    }
    let letters =
        async || seen(&shop, "operator", "/v1/webhooks/shop/failed-deliveries")["items"].as_array().unwrap().len();
    until("the failed delivery comes", async || letters().await == 1).await;
    until("its words go", async || with_words(&shop).await.is_empty()).await;
    assert_eq!(letters().await, 1, "what happened stays");
}

#[tokio::test]
async fn f42_a_failed_delivery_that_is_kept_after_the_erasure_has_no_words() {
    put_aside(false, false).await;
    put_aside(true, false).await;
}

#[tokio::test]
async fn f42_a_failed_delivery_that_a_crash_left_behind_has_no_words_after_the_start() {
    put_aside(false, true).await;
}

/// A command that no lane has read when its person is erased becomes a dead letter later: the erasure waits for it, and says where
/// it waited in vain.
#[tokio::test]
async fn f42_a_dead_letter_of_a_command_that_was_on_its_way_goes_too() {
    // a long lease: a frozen owner stays the owner
    let mut shop = Shop::open(&["--lease", "60"]).await;
    shop.stock();
    ended(&shop);
    let second = shop.setting.clone().named("b").start();
    second.answers("/readyz", 503).await;
    let address = second.address().expect("it says where");
    let erase = || {
        let headers = [("Authorization", &*bearer("operator"))];
        crate::support::http::ask(&address, "POST", "/v1/customers/u-1/erase", &headers, b"").json()
    };
    let log = RedisLog::connect(&redis_url(), &shop.namespace).await.unwrap();
    let letter = format!(r#"{{"customer_id":"u-1","recipient":{{"name":"{WORDS}"}}"#);
    let sent = async || log.append(0, Inbound::Commands, &[letter.as_bytes().into()]).await.unwrap();
    shop.server.signal("STOP");
    sent().await;
    // for as long as the lane stands, it says that there is more to come
    let in_vain = erase();
    assert_eq!((&in_vain["dead_letters"], in_vain["unprocessed_commands"].as_u64()), (&json!(0), Some(1)), "{in_vain}");
    // one that goes on meanwhile is waited for
    let erased = std::thread::scope(|scope| {
        let asked = scope.spawn(erase);
        std::thread::sleep(Duration::from_millis(500));
        shop.server.signal("CONT");
        asked.join().unwrap()
    });
    assert_eq!((&erased["dead_letters"], &erased["unprocessed_commands"]), (&json!(1), &json!(0)), "{erased}");
    assert_eq!(seen(&shop, "auditor", "/v1/dead-letters")["items"], json!([]));
}

/// The archiver moves the order while its person is erased: whichever is first, no copy keeps the words.
#[tokio::test]
async fn f42_an_order_that_is_being_archived_is_erased_too() {
    for step in ["archive_copied", "archive_deleted"] {
        let shop = Shop::open(&[]).await;
        shop.stock();
        ended(&shop);
        let database = shop.setting.database.clone();
        let archive =
            move |failpoints: &str| run_with(&[failpoints], &["archive", "--database", &database, "--older-than", "0"]);
        let slowly = archive.clone();
        let archiver = std::thread::spawn(move || slowly(&format!("FAILPOINTS={step}=sleep(2000)")));
        let mut sql = sqlx::PgConnection::connect(&shop.setting.database).await.unwrap();
        let within = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                      AND state = 'idle in transaction' AND query LIKE '%tb_%'";
        until("the archiver is in the midst of it", async || {
            sqlx::query_scalar::<_, i64>(within).fetch_one(&mut sql).await.unwrap() > 0 || archiver.is_finished()
        })
        .await;
        erase(&shop);
        let (_, told) = archiver.join().unwrap();
        assert_eq!(with_words(&shop).await, Vec::<String>::new(), "{step}: {told}");
        // whichever gave way comes again
        let (code, told) = archive("FAILPOINTS=");
        assert_eq!(code, Some(0), "{told}");
        assert_eq!(with_words(&shop).await, Vec::<String>::new(), "{step}: {told}");
        let (code, report) = verify(&shop.setting);
        assert_eq!(code, Some(0), "{report}");
    }
}
