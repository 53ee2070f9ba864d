//! Webhooks after a server was away: what is late is not yet given up, and a log that began anew has lost nothing.

use std::time::Duration;

use crate::support::{receiver::Receiver, shop::Shop};

use super::{hooks, in_sequence};

#[tokio::test]
async fn a_backlog_older_than_give_up_is_delivered_through_a_hiccup() {
    let (all, paid) = (Receiver::open(), Receiver::open());
    all.answers(|_| 500);
    let file = hooks(&all, &paid, 6);
    let mut shop = Shop::open(&["--webhooks", file.path().to_str().unwrap()]).await;
    shop.stock();
    for n in 1..=4 {
        shop.order(&format!("o-{n}"));
    }
    shop.server.kill9();
    // nobody runs until all of it is older than that; then the receiver has one bad moment
    tokio::time::sleep(Duration::from_secs(7)).await;
    all.answers(|_| 200);
    all.next(&[503]);
    shop.server = shop.setting.start();
    shop.server.ready().await;
    shop.address = shop.server.address().unwrap();
    shop.order("o-5");
    all.until("all of it", |r| in_sequence(&r.taken()).values().sum::<usize>() == 10).await;
    let letters = shop.get("operator", "/v1/webhooks/shop/failed-deliveries").json();
    assert_eq!(letters["items"].as_array().unwrap().len(), 0, "{letters}");
}

#[tokio::test]
async fn a_log_in_the_process_that_begins_anew_is_not_counted_as_a_loss() {
    let (all, paid) = (Receiver::open(), Receiver::open());
    let file = hooks(&all, &paid, 600);
    let mut shop = Shop::embedded(&["--webhooks", file.path().to_str().unwrap()]).await;
    shop.stock();
    shop.order("o-1");
    all.until("the first", |r| r.taken().len() == 2).await;
    shop.server.kill9();
    shop.server = shop.setting.start();
    shop.server.ready().await;
    shop.address = shop.server.address().unwrap();
    shop.order("o-2");
    all.until("what comes later", |r| r.taken() == ["o-1/1", "o-1/2", "o-2/1", "o-2/2"]).await;
    let metrics = shop.get("metrics", "/metrics").body;
    assert!(!metrics.lines().any(|l| l.starts_with("jumun_webhook_lost_total{")), "{metrics}");
    let log = shop.server.log();
    assert!(log.contains("the log began anew") && !log.contains("ERROR"), "{log}");
}
