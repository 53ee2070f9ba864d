//! Connections that take and don't give: bounded in number, in memory, and in time.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use serde_json::json;
use socket2::{Domain, Socket, Type};

use crate::support::shop::{Shop, bearer};

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

/// A client with little room for what comes, which has asked for this.
fn narrow(shop: &Shop, request: &str) -> TcpStream {
    let address: SocketAddr = shop.address.parse().unwrap();
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4 * 1024).unwrap();
    socket.connect(&address.into()).unwrap();
    let mut socket: TcpStream = socket.into();
    socket.write_all(request.as_bytes()).unwrap();
    socket
}

/// Takes a little now and then, so that the kernel hears from it all the time; how much until it is cut.
fn trickle(mut socket: TcpStream) -> usize {
    let (begun, mut taken) = (Instant::now(), 0);
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    loop {
        assert!(begun.elapsed() < Duration::from_secs(45), "it keeps its place: {taken} bytes so far");
        match socket.read(&mut [0; 512]) {
            Ok(n) if n > 0 => taken += n,
            Ok(_) | Err(_) => return taken,
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The kind: whoever takes what it asked for, but ever so slowly: of an answer, and of a stream of events.
#[tokio::test]
async fn who_reads_ever_so_slowly_is_cut_as_well() {
    let shop = Shop::file(&["--write-timeout", "3"]).await;
    shop.stock();
    let fill = json!({"type": "receive_stock", "sku_id": "A", "quantity": 1_000});
    shop.accepted("operator", "/v1/commands", "fill-00001", &fill);
    let order = |n: u32| {
        let place =
            json!({"order_id": format!("o-{n}"), "customer_id": "u-1", "lines": [{"sku_id": "A", "quantity": 1}]});
        shop.accepted("operator", "/v1/orders", &format!("place-{n:05}"), &place);
        shop.accepted("operator", &format!("/v1/orders/o-{n}/cancel_payment"), &format!("cancel-{n:05}"), &json!({}));
    };
    (0..500).for_each(order);
    let token = bearer("operator");
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: {token}\r\n\r\n", shop.address);
    let events = get("/v1/events?after=start");
    // who listens and takes what comes stays, however long nothing comes
    let mut listener = TcpStream::connect(&shop.address).unwrap();
    listener.write_all(events.as_bytes()).unwrap();
    listener.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut hears = |word: &str| {
        let (mut text, mut some) = (String::new(), [0; 16 * 1024]);
        while !text.contains(word) {
            let n = listener.read(&mut some).unwrap();
            assert!(n > 0, "{word} does not come: {text}");
            text.push_str(&String::from_utf8_lossy(&some[..n]));
        }
        text.len()
    };
    let whole = hears("o-499/2");
    assert!(whole > 250_000, "more than the kernel keeps for a client: {whole}");
    let many = get("/openapi.json").repeat(8);
    std::thread::scope(|scope| {
        let slow = [&events, &many].map(|request| scope.spawn(|| trickle(narrow(&shop, request))));
        for (slow, of) in slow.into_iter().zip(["events", "answers"]) {
            let taken = slow.join().unwrap();
            assert!(taken > 0 && taken < 200_000, "{of}: {taken} bytes");
        }
    });
    assert!(shop.get("metrics", "/metrics").body.contains("jumun_http_connections_cut_total 2"));
    order(500);
    hears("o-500/2");
    // who is slow, but gets on, has all of it
    let mut socket = narrow(&shop, &get("/openapi.json").repeat(2));
    let (mut text, mut some) = (Vec::new(), [0; 8 * 1024]);
    let length = shop.get("", "/openapi.json").body.len();
    while text.len() < 2 * length {
        let n = socket.read(&mut some).unwrap();
        assert!(n > 0, "it is cut after {} bytes", text.len());
        text.extend_from_slice(&some[..n]);
        std::thread::sleep(Duration::from_millis(5));
    }
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
