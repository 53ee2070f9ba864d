//! Replies that come late: whoever waited has given up, and asks something else by now. They never answer that.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Scene, checks, place};
use crate::support::{http::ask, process::verify, proxy::Proxy};

/// Orders at the HTTP API, one after another, each of units of its own; of those that are answered, what is told and what was asked.
async fn at_the_door(address: &str, tag: &str, n: usize) -> Vec<(String, Value)> {
    let mut told = Vec::new();
    for i in 0..n {
        let id = format!("{tag}-{i:05}");
        let units = u32::try_from(i % 3 + 1).unwrap();
        let body = place(&id, &format!("o-{id}"), i, &[("S-1", units)], true).to_string();
        let address = address.to_owned();
        let reply = tokio::task::spawn_blocking(move || ask(&address, "POST", "/v1/commands", &[], body.as_bytes()));
        let reply = reply.await.unwrap();
        if reply.status == 200 {
            told.push((id, reply.json()));
        }
    }
    told
}

fn each_is_its_own(told: &[(String, Value)]) {
    for (id, answer) in told {
        assert_eq!(answer["command_id"], json!(id), "another's answer: {answer}");
        assert_eq!(answer["order_id"], json!(format!("o-{id}")), "another's answer: {answer}");
    }
}

async fn late(before_redis: bool, held: Duration) {
    let mut scene = Scene::new(1).await;
    scene.usual().await;
    let proxy = Proxy::before(if before_redis { &scene.redis } else { &scene.database }, "");
    let mut setting = scene.server().with(&["--answer-timeout", "2"]).variable("JUMUN_STORE_TIMEOUT", "1");
    if before_redis {
        setting.redis = proxy.url(&scene.redis);
    } else {
        setting.database = proxy.url(&scene.database);
    }
    let server = setting.start();
    server.ready().await;
    let address = server.address().unwrap();
    for round in 0..2 {
        let hold = async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            // what is asked arrives, what is replied does not
            proxy.freeze(false, true);
            tokio::time::sleep(held).await;
            proxy.thaw();
        };
        let (door, traffic) = (format!("door{round}"), format!("t{round}"));
        let (told, (), ()) = tokio::join!(at_the_door(&address, &door, 8), scene.trade(&traffic, 60), hold);
        each_is_its_own(&told);
        server.ready().await;
        // sent again until they are answered, they are by their own
        let mut told = Vec::new();
        for _ in 0..10 {
            told = at_the_door(&address, &format!("then{round}"), 8).await;
            each_is_its_own(&told);
            if told.len() == 8 {
                break;
            }
        }
        assert_eq!(told.len(), 8, "it does not answer again");
    }
    assert!(proxy.held() > 0, "no reply was late");
    scene.client.rest().await;
    // the journal knows nothing of what went through the HTTP API
    let at_the_door = |v: &&String| v.contains("was never sent") && (v.contains(" door") || v.contains(" then"));
    let found = checks::violations(&scene).await;
    let wrong: Vec<&String> = found.iter().filter(|v| !at_the_door(v)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let (status, report) = verify(&scene.server());
    assert_eq!(status, Some(0), "{report}");
}

/// Longer than anybody waits for Redis.
#[tokio::test]
async fn f18_a_late_reply_of_redis_never_answers_the_next_command() {
    late(true, Duration::from_millis(11_500)).await;
}

#[tokio::test]
async fn f18_a_late_reply_of_the_database_never_answers_the_next_command() {
    late(false, Duration::from_millis(4_500)).await;
}
