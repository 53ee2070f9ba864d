//! Who asks as fast as they can: what it costs those who asked before.

use std::{
    collections::BTreeMap,
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use crate::support::shop::Shop;

/// How a hundred requests that are sent at once on one connection are answered; whether the connection stays.
fn hundred(shop: &Shop, headers: &str) -> (Vec<u16>, bool) {
    let mut socket = TcpStream::connect(&shop.address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    let asked = format!("GET /v1/orders HTTP/1.1\r\nHost: {}\r\n{headers}\r\n", shop.address).repeat(100);
    socket.write_all(asked.as_bytes()).unwrap();
    let (mut bytes, mut some) = (Vec::new(), vec![0; 64 * 1024]);
    let stays = loop {
        match socket.read(&mut some) {
            Ok(0) => break false,
            Ok(n) => bytes.extend_from_slice(&some[..n]),
            // what was not read makes the server's system reset the connection
            Err(e) if e.kind() == ErrorKind::ConnectionReset => break false,
            Err(_) => break true,
        }
    };
    let text = String::from_utf8_lossy(&bytes);
    let statuses = text.split("HTTP/1.1 ").skip(1).map(|response| response[..3].parse().unwrap());
    (statuses.collect(), stays)
}

/// A flood costs its neighbours more than itself while each request of it is answered on the same connection.
#[tokio::test]
async fn a_stranger_that_asks_too_much_begins_anew_and_a_proxy_does_not() {
    let rate = ["--unauthenticated-rate", "1"];
    let shop = Shop::file(&rate).await;
    let (statuses, stays) = hundred(&shop, "Authorization: Bearer wrong\r\n");
    assert!(!stays && statuses.contains(&429), "{statuses:?} {stays}");
    let shop = Shop::file(&[&rate[..], &["--trusted-proxies", "127.0.0.1"]].concat()).await;
    let (statuses, stays) = hundred(&shop, "Authorization: Bearer wrong\r\nX-Forwarded-For: 203.0.113.5\r\n");
    assert!(stays && statuses.len() == 100 && statuses[99] == 429, "{statuses:?} {stays}");
}

/// A flood at the HTTP API leaves the processor to the lanes.
#[tokio::test]
async fn the_apis_threads_go_behind_the_lanes() {
    let shop = Shop::open(&[]).await;
    let mut niceness = BTreeMap::<String, Vec<i32>>::new();
    for task in std::fs::read_dir(format!("/proc/{}/task", shop.server.pid())).unwrap() {
        let stat = std::fs::read_to_string(task.unwrap().path().join("stat")).unwrap();
        let (name, rest) = stat.split_once('(').unwrap().1.rsplit_once(") ").unwrap();
        niceness.entry(name.to_owned()).or_default().push(rest.split(' ').nth(16).unwrap().parse::<i32>().unwrap());
    }
    let of = |begins: &str| -> Vec<i32> {
        let named = niceness.iter().filter(|(name, _)| name.starts_with(begins));
        named.flat_map(|(_, niceness)| niceness.clone()).collect()
    };
    let lanes = of("lane-").into_iter().max().expect("there is a lane");
    let api = of("actix-server wo");
    assert!(!api.is_empty() && api.iter().all(|n| *n > lanes), "{niceness:?}");
}
