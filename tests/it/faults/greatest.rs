//! The greatest entry id that there is: whoever may write to a stream chooses ids, and the server takes none after it.

use jumun::protocol::OutcomeKind;

use super::{Scene, place};
use crate::support::client::Sent;

#[tokio::test]
async fn f73_the_greatest_id_is_answered_and_its_partition_comes_back() {
    let mut scene = Scene::new(2).await;
    let sku = |lane: u32| (0..).map(|n| format!("F-{n}")).find(|s| scene.lane(s) == lane).unwrap();
    let skus = [sku(0), sku(1)];
    let setting = scene.server();
    let stock: Vec<(&str, i64)> = skus.iter().map(|s| (s.as_str(), 100)).collect();
    let mut server = scene.stocked(&setting, &stock).await;
    scene.client.rest().await;
    server.kill9();
    let order = |id: &str, sku: &str| place(id, &format!("o-{id}"), 1, &[(sku, 1)], true).to_string();
    let mut redis = redis::Client::open(scene.redis.as_str()).unwrap().get_connection().unwrap();
    let key = format!("{}:{{0}}:commands", scene.namespace);
    let greatest = format!("{0}-{0}", u64::MAX);
    redis::cmd("XADD")
        .arg(&key)
        .arg(&greatest)
        .arg("command")
        .arg(order("last-00001", &skus[0]))
        .exec(&mut redis)
        .unwrap();
    // it dies with the entry pending, and finds it there
    let crashing = scene.server().failing("after_read=return").start();
    crashing.aborts().await;
    let server = scene.server().start();
    server.ready().await;
    let told = scene.client.wait(&["last-00001"]).await;
    assert_eq!(told[0].outcome, OutcomeKind::Accepted, "{told:?}");
    let other = order("other-00001", &skus[1]);
    scene.client.accepted(&[Sent { partition: 1, id: "other-00001".into(), json: other }]).await;
    server.ready().await;
    // its own lane's steps go on, and what a lane passes on; only producers can add nothing
    let added: Result<String, _> = redis::cmd("XADD").arg(&key).arg("*").arg("command").arg("x").query(&mut redis);
    assert!(added.is_err(), "{added:?}");
    assert!(!server.log().contains("the partition stops"), "{}", server.log());
}
