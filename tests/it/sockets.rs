//! Connections that take and don't give: bounded in number, in memory, and in time.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use crate::support::shop::Shop;

const CLIENTS: usize = 100;

fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}: in vain");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The kind: whoever asks and does not read, for anything, with a token or without.
#[tokio::test]
async fn who_does_not_read_costs_little_and_is_cut() {
    let shop = Shop::file(&["--write-timeout", "3"]).await;
    assert!(shop.get("", "/openapi.json").body.len() > 150_000);
    let (before, descriptors) = (shop.server.resident(), shop.server.descriptors());
    let request = format!("GET /openapi.json HTTP/1.1\r\nHost: {}\r\n\r\n", shop.address);
    let mut sockets = Vec::new();
    for _ in 0..CLIENTS {
        let mut socket = TcpStream::connect(&shop.address).unwrap();
        socket.write_all(request.repeat(80).as_bytes()).unwrap();
        sockets.push(socket);
    }
    // each has had as much as goes: the first answers are on their way to all
    for socket in &mut sockets {
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        assert_eq!(socket.peek(&mut [0; 64]).unwrap(), 64);
    }
    let grown = shop.server.resident().saturating_sub(before);
    // sixteen requests each wait with their heads; with a copy of the answer it would be twice as much
    assert!(grown < 700 * 1024 * CLIENTS as u64, "{} KiB each", grown / 1024 / CLIENTS as u64);
    until("they are cut", || shop.server.descriptors() <= descriptors + CLIENTS / 10);
    // the HTTP API goes on, and who reads gets all of it, however long it is
    let mut socket = TcpStream::connect(&shop.address).unwrap();
    socket
        .write_all(format!("{request}GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").as_bytes())
        .unwrap();
    let mut text = String::new();
    socket.read_to_string(&mut text).unwrap();
    let whole = shop.get("", "/openapi.json").body;
    assert!(text.contains(&whole) && text.ends_with("{\"status\":\"alive\"}"), "{} bytes", text.len());
}

#[tokio::test]
async fn there_are_so_many_from_one_address() {
    let shop = Shop::file(&["--connections-per-address", "20"]).await;
    let idle: Vec<TcpStream> = (0..40).map(|_| TcpStream::connect(&shop.address).unwrap()).collect();
    until("the places are taken", || shop.get("", "/healthz").status == 503);
    let refused = shop.get("", "/healthz");
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")), "{refused:?}");
    drop(idle);
    // to caches and browsers it says what every answer says
    let said = ["cache-control", "x-content-type-options", "cross-origin-resource-policy", "vary"];
    until("they are free again", || shop.get("", "/healthz").status == 200);
    let served = shop.get("", "/healthz");
    assert_eq!(said.map(|name| refused.headers(name)), said.map(|name| served.headers(name)), "{refused:?}");
    assert!(shop.get("metrics", "/metrics").body.contains("jumun_http_connections_refused_total"));
}
