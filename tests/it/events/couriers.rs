//! Webhooks after a server was away: what is late is not yet given up.

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
    let letters = shop.get("operator", "/v1/webhooks/shop/letters").json();
    assert_eq!(letters["items"].as_array().unwrap().len(), 0, "{letters}");
}
