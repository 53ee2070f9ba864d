//! A collector of traces: OTLP over HTTP, what it was sent kept as it came.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, common::v1::any_value::Value, trace::v1::Span,
};
use prost::Message as _;

/// It listens until the test ends.
pub struct Collector {
    address: SocketAddr,
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Collector {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("it listens");
        let bodies: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let kept = Arc::clone(&bodies);
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || serve(&socket, &kept));
            }
        });
        Self { address, bodies }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything it was sent, byte for byte.
    pub fn bytes(&self) -> Vec<u8> {
        self.bodies.lock().expect("not poisoned").concat()
    }

    pub fn spans(&self) -> Vec<Span> {
        let bodies = self.bodies.lock().expect("not poisoned").clone();
        let requests = bodies.iter().map(|b| ExportTraceServiceRequest::decode(&**b).expect("a request for traces"));
        let scopes = requests.flat_map(|r| r.resource_spans).flat_map(|r| {
            let about = r.resource.map(|r| r.attributes).unwrap_or_default();
            assert!(about.iter().any(|a| a.key == "service.name"), "{about:?}");
            r.scope_spans
        });
        scopes.flat_map(|s| s.spans).collect()
    }

    /// Waits until so many spans came.
    pub async fn spans_at_least(&self, n: usize) -> Vec<Span> {
        let begun = Instant::now();
        loop {
            let spans = self.spans();
            if spans.len() >= n {
                return spans;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "of {n} spans only {} came", spans.len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn serve(socket: &TcpStream, kept: &Mutex<Vec<Vec<u8>>>) {
    let (mut reader, mut writer) = (BufReader::new(socket), socket);
    loop {
        let (mut path, mut length) = (String::new(), 0);
        for line in 0.. {
            let mut text = String::new();
            if reader.read_line(&mut text).unwrap_or(0) == 0 {
                return;
            }
            let text = text.trim_end();
            if line == 0 {
                text.clone_into(&mut path);
            }
            if text.is_empty() {
                break;
            }
            if let Some(("content-length", value)) = text.to_ascii_lowercase().split_once(": ") {
                length = value.parse().expect("a number");
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("a body");
        assert!(path.starts_with("POST /v1/traces "), "{path}");
        kept.lock().expect("not poisoned").push(body);
        writer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").expect("it is heard");
    }
}

/// An attribute as text.
pub fn attribute(span: &Span, key: &str) -> Option<String> {
    let value = &span.attributes.iter().find(|a| a.key == key)?.value;
    let value = value.as_ref()?.value.as_ref()?;
    if let Value::StringValue(text) = value {
        return Some(text.clone());
    }
    let Value::IntValue(n) = value else { panic!("{key} is {value:?}") };
    Some(n.to_string())
}
