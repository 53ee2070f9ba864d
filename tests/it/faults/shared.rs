//! Two processes share the partitions between them.

use serde_json::Value;
use sqlx::Executor as _;

use super::{PRICE, Scene, place};
use crate::support::{client::Sent, http::ask, process::Served};

/// A SKU of this lane, of four.
fn sku_of(lane: u32) -> String {
    (0..).map(|i| format!("Q-{i}")).find(|sku| jumun::log::crc16::partition_of(sku, 4) == lane).expect("there is one")
}

fn readyz(server: &Served) -> (u16, Value) {
    let reply = ask(&server.address().unwrap(), "GET", "/readyz", &[], b"");
    (reply.status, reply.json())
}

/// Waits until it says so of the partitions that it owns and that others do.
async fn shares(server: &Served, owns: &[u32], elsewhere: &[u32]) {
    let begun = std::time::Instant::now();
    loop {
        let (status, said) = readyz(server);
        let of = |name: &str| serde_json::from_value::<Vec<u32>>(said[name].clone()).unwrap();
        if (status, of("owns"), of("elsewhere")) == (200, owns.to_vec(), elsewhere.to_vec()) {
            assert_eq!(said["owned"], owns.len());
            return;
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{status} {said}: {}", server.log());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn two_processes_are_ready_each_with_the_partitions_that_it_owns() {
    let mut scene = Scene::new(4).await;
    let skus: Vec<String> = (0..4).map(sku_of).collect();
    let shelves: Vec<(&str, i64)> = skus.iter().map(|s| (&**s, 1_000)).collect();
    let setting = scene.server();
    let a = scene.stocked(&setting, &shelves).await;
    shares(&a, &[0, 1, 2, 3], &[]).await;
    let mut b = scene.server().named("b").start();
    // who owns none stands by
    b.says("another process owns the partition; waiting").await;
    let (status, said) = readyz(&b);
    assert_eq!((status, &said["owned"], &said["ready"]), (503, &0.into(), &false.into()), "{said}");
    // an operator moves two of them
    let moved = "UPDATE tb_sy_lane SET ownr_id = 'b', epch = epch + 1 WHERE prtn_no IN (1, 3)";
    scene.sql().await.execute(moved).await.unwrap();
    shares(&a, &[0, 2], &[1, 3]).await;
    shares(&b, &[1, 3], &[0, 2]).await;
    // orders of every lane, over all of them, by the streams and by either door
    let order = |tag: &str, i: usize| {
        let id = format!("{tag}-{i:05}");
        let (one, two) = (&skus[i % 4], &skus[(i + 1) % 4]);
        let lines: &[(&str, u32)] = if i.is_multiple_of(3) { &[(one, 1), (two, 1)] } else { &[(one, 1)] };
        Sent::new(u32::try_from(i % 4).unwrap(), &place(&id, &format!("o-{id}"), i, lines, true))
    };
    let orders: Vec<Sent> = (0..80).map(|i| order("shared", i)).collect();
    scene.client.accepted(&orders).await;
    for (server, tag) in [(&a, "door-a"), (&b, "door-b")] {
        for i in 0..8 {
            let sent = order(tag, i);
            let reply = ask(&server.address().unwrap(), "POST", "/v1/commands", &[], sent.json.as_bytes());
            assert_eq!((reply.status, &reply.json()["outcome"]), (200, &"accepted".into()), "{tag} {i}: {reply:?}");
        }
    }
    scene.client.rest().await;
    // one of them dies: the other takes what it had
    b.kill9();
    shares(&a, &[0, 1, 2, 3], &[]).await;
    let orders: Vec<Sent> = (0..40).map(|i| order("alone", i)).collect();
    scene.client.accepted(&orders).await;
    let sold = scene.count("SELECT sum(sold_qty)::bigint FROM tb_pd_unt").await;
    let paid = scene.count("SELECT sum(pay_amt)::bigint FROM tb_od_stlm").await;
    assert_eq!(paid, sold * PRICE);
    let (status, report) = crate::support::process::verify(&scene.server());
    assert_eq!(status, Some(0), "{report}");
}
