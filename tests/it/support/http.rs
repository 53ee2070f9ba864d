//! A plain HTTP/1.1 client: what goes over the wire is what the test says, no more.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;

/// A response.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    head: String,
    pub body: String,
}

impl Reply {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let of = |l: &&str| l.split_once(':').is_some_and(|(n, _)| n.eq_ignore_ascii_case(name));
        self.head.lines().find(of).and_then(|l| l.split_once(':')).map(|(_, v)| v.trim())
    }

    /// All values of a header, in one.
    pub fn headers(&self, name: &str) -> String {
        let of = |l: &&str| l.split_once(':').is_some_and(|(n, _)| n.eq_ignore_ascii_case(name));
        let values: Vec<&str> =
            self.head.lines().filter(of).filter_map(|l| Some(l.split_once(':')?.1.trim())).collect();
        values.join(", ")
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
}

/// Asks once, on a connection of its own.
pub fn ask(address: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let mut socket = TcpStream::connect(address).expect("the HTTP API is there");
    socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
    let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    let given = |name: &str| headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    if !given("host") {
        head.push_str(&format!("Host: {address}\r\n"));
    }
    if !body.is_empty() && !given("content-type") {
        head.push_str("Content-Type: application/json\r\n");
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    // in one piece: a server that answers without the body waits a while for one that is still to come, before it closes
    let whole = [head.as_bytes(), body].concat();
    // a body that is refused early is not read to its end
    if let Err(e) = socket.write_all(&whole) {
        assert!(body.len() > 60_000, "{e}");
    }
    read(&mut socket)
}

/// What comes back.
pub fn read(socket: &mut TcpStream) -> Reply {
    let mut bytes = Vec::new();
    if let Err(e) = socket.read_to_end(&mut bytes) {
        assert!(!bytes.is_empty(), "no answer: {e}");
    }
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or_else(|| panic!("no status: {text}"));
    Reply { status, head: head.to_owned(), body: body.to_owned() }
}
