//! A receiver of webhooks: answers what it is told to, and remembers what came.

use std::{
    collections::VecDeque,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::Duration,
};

use jumun::integrations::signature::{HEADER, HEADER_V2, Purpose, SigningSecret};
use serde_json::Value;

/// What both sides know.
pub const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A parcel that came.
#[derive(Debug, Clone)]
pub struct Came {
    pub id: String,
    pub body: Value,
    /// what it was answered
    pub status: u16,
}

type Rule = Box<dyn Fn(&Value) -> u16 + Send>;

struct State {
    came: Vec<Came>,
    /// answers for the next parcels, before the rule
    next: VecDeque<u16>,
    rule: Rule,
}

/// It listens until the test ends.
#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl Receiver {
    /// Opens it; it takes everything.
    pub fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/in", listener.local_addr().expect("an address"));
        let state = State { came: Vec::new(), next: VecDeque::new(), rule: Box::new(|_| 200) };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || serve(socket, &state));
            }
        });
        Self { url, state }
    }

    /// From now on it answers by this.
    pub fn answers(&self, rule: impl Fn(&Value) -> u16 + Send + 'static) {
        self.state.lock().expect("the state").rule = Box::new(rule);
    }

    /// It answers the next parcels so.
    pub fn next(&self, statuses: &[u16]) {
        self.state.lock().expect("the state").next.extend(statuses);
    }

    /// What came.
    pub fn came(&self) -> Vec<Came> {
        self.state.lock().expect("the state").came.clone()
    }

    /// The ids of the events that it took, in the order that they came.
    pub fn taken(&self) -> Vec<String> {
        let came = self.came();
        let taken = came.iter().filter(|c| c.status == 200).filter_map(|c| c.body["events"].as_array());
        taken.flatten().filter_map(|e| e["event_id"].as_str()).map(str::to_owned).collect()
    }

    /// Waits until this holds.
    pub async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        for _ in 0..1_500 {
            if holds(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{what}: in vain: {:#?}", self.came());
    }
}

/// One connection, request after request.
fn serve(mut socket: TcpStream, state: &Mutex<State>) {
    let mut buffer = Vec::new();
    let mut chunk = [0; 64 * 1024];
    loop {
        let head = loop {
            if let Some(at) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
                break at;
            }
            match socket.read(&mut chunk) {
                Ok(n) if n > 0 => buffer.extend_from_slice(&chunk[..n]),
                _ => return,
            }
        };
        let text = String::from_utf8_lossy(&buffer[..head]).into_owned();
        let header = |name: &str| {
            let of = |l: &&str| l.split_once(':').is_some_and(|(n, _)| n.eq_ignore_ascii_case(name));
            text.lines().find(of).and_then(|l| l.split_once(':')).map(|(_, v)| v.trim().to_owned())
        };
        let length: usize = header("content-length").and_then(|l| l.parse().ok()).expect("a length");
        while buffer.len() < head + 4 + length {
            match socket.read(&mut chunk) {
                Ok(n) if n > 0 => buffer.extend_from_slice(&chunk[..n]),
                _ => return,
            }
        }
        let body = buffer[head + 4..head + 4 + length].to_vec();
        buffer.drain(..head + 4 + length);
        let signature = header(HEADER).expect("it is signed");
        let secret = SigningSecret::new(SECRET).expect("a secret");
        let now = jumun::clock::Clock::now(&jumun::clock::RealClock);
        secret.check(now, &signature, &body).expect("it is signed by who knows the secret");
        let labelled = header(HEADER_V2).expect("it says what it is for");
        secret.check_for(Purpose::Webhook, now, &labelled, &body).expect("signed as a webhook");
        let body: Value = serde_json::from_slice(&body).expect("JSON");
        let id = header("jumun-webhook-id").expect("a parcel has an id");
        assert_eq!(body["id"], *id);
        let status = {
            let mut state = state.lock().expect("the state");
            let next = state.next.pop_front();
            let status = next.unwrap_or_else(|| (state.rule)(&body));
            state.came.push(Came { id, body, status });
            status
        };
        if write!(socket, "HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n").is_err() {
            return;
        }
    }
}
