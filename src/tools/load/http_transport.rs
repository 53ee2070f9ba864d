//! Over the HTTP API: `POST /v1/commands` over keep-alive connections, one command at a time on each.
//!
//! The timetable is shared: each connection takes the next command, waits until it is due, and posts it. When all of
//! them wait for answers the commands behind go out late, and their wait is in their latency. A command that got no
//! answer yet (202, 429, 503, a broken connection) is sent again with its id, a bounded number of times.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::{sleep, sleep_until, timeout, timeout_at},
};

use super::{
    BEHIND, CommandSource, LoadError, LoadPlan,
    answer::{LoadAnswer, LoadOutcome},
    report::Measured,
    tally::LoadTally,
    timetable::Timetable,
};

/// A response larger than this is refused.
const RESPONSE_BYTES_MAX: usize = 1024 * 1024;

/// How long to wait before a broken connection is made anew.
const RECONNECT: Duration = Duration::from_millis(50);

/// How long to wait before a command is sent again, unless the response says; and the longest that is waited then.
const RETRY: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// The longest token that is shown.
const TOKEN_BYTES_MAX: usize = 1_024;

const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// The transport.
#[derive(Debug, Clone)]
pub struct HttpTransport {
    /// `host:port`
    host: Arc<str>,
    connections: usize,
    token: Option<Token>,
    retries: u32,
}

/// A token, which nothing prints.
#[derive(Clone)]
struct Token(Arc<str>);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl HttpTransport {
    /// A transport at `http://host[:port]`, where `token` is shown and a command without an answer is sent again up to
    /// `retries` times.
    ///
    /// # Errors
    /// [`LoadError::Plan`] for an address of another kind, connections outside 1 to 10,000, or a token that is none.
    pub fn new(url: &str, connections: usize, token: Option<&str>, retries: u32) -> Result<Self, LoadError> {
        let bad = || LoadError::Plan(format!("{url:?} is not an address like http://host:port"));
        let host = url.strip_prefix("http://").ok_or_else(bad)?.trim_end_matches('/');
        if host.is_empty() || host.contains(['/', '@', ' ', '\r', '\n']) {
            return Err(bad());
        }
        if !(1..=10_000).contains(&connections) {
            return Err(LoadError::Plan(format!("{connections} connections are not between 1 and 10,000")));
        }
        let host = if host.rsplit_once(':').is_some() { host.to_owned() } else { format!("{host}:80") };
        if token.is_some_and(|t| t.is_empty() || t.len() > TOKEN_BYTES_MAX || !t.bytes().all(|b| b.is_ascii_graphic()))
        {
            return Err(LoadError::Plan("the token is empty, or holds what no token does".into()));
        }
        Ok(Self { host: host.into(), connections, token: token.map(|t| Token(t.into())), retries })
    }

    /// Runs a plan to its end.
    ///
    /// # Errors
    /// [`LoadError`] when the plan is nonsense, or nobody listens at the address.
    pub async fn run(&self, plan: &LoadPlan, source: Arc<dyn CommandSource + Send>) -> Result<Measured, LoadError> {
        let connect = timeout(CONNECT_PATIENCE, TcpStream::connect(&*self.host)).await;
        let connected = connect.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
        drop(connected.map_err(LoadError::io(format!("http at {}", self.host)))?);
        let timetable = Timetable::new(Instant::now() + Duration::from_millis(1), plan.rate);
        let shared = Arc::new(Shared {
            tally: Mutex::new(LoadTally::new(plan, timetable)?),
            next: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            behind: AtomicU64::new(0),
            plan: plan.clone(),
            timetable,
            source,
            transport: self.clone(),
        });
        let connections = self.connections.min(usize::try_from(plan.in_flight_max).unwrap_or(usize::MAX));
        let mut tasks = JoinSet::new();
        for _ in 0..connections {
            tasks.spawn(Arc::clone(&shared).connection());
        }
        while let Some(done) = tasks.join_next().await {
            done.map_err(|e| LoadError::Protocol(format!("a connection's task died: {e}")))?;
        }
        let (sent, behind) = (shared.sent.load(Ordering::Relaxed), shared.behind.load(Ordering::Relaxed));
        let measured = Measured::new(plan, timetable, &shared.tally(), sent, behind);
        Ok(measured)
    }
}

struct Shared {
    tally: Mutex<LoadTally>,
    next: AtomicU64,
    sent: AtomicU64,
    behind: AtomicU64,
    plan: LoadPlan,
    timetable: Timetable,
    source: Arc<dyn CommandSource + Send>,
    transport: HttpTransport,
}

impl Shared {
    fn tally(&self) -> MutexGuard<'_, LoadTally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One connection's life: commands until none is left.
    async fn connection(self: Arc<Self>) {
        let give_up = tokio::time::Instant::from_std(self.timetable.due_at(self.plan.count) + self.plan.drain);
        let mut stream = None;
        let (mut request, mut body, mut buf) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            let n = self.next.fetch_add(1, Ordering::Relaxed);
            let now = Instant::now();
            if n >= self.plan.count || now > give_up.into_std() {
                return;
            }
            let due = self.timetable.due_at(n);
            if due > now {
                sleep_until(due.into()).await;
            }
            self.behind.fetch_add(u64::from(due + BEHIND < Instant::now()), Ordering::Relaxed);
            self.sent.fetch_add(1, Ordering::Relaxed);
            body.clear();
            self.source.put(n, &self.plan.tag, &mut body);
            self.transport.write_request(&mut request, &body);
            let mut again = 0..self.transport.retries;
            loop {
                let host = &self.transport.host;
                let exchanged = timeout_at(give_up, exchange(&mut stream, host, &request, &mut buf)).await;
                let pause = match &exchanged {
                    // unanswered
                    Err(_) => return,
                    Ok(Ok(response)) => response.retry,
                    Ok(Err(_)) => {
                        stream = None;
                        Some(RECONNECT)
                    }
                };
                if let Some(pause) = pause
                    && again.next().is_some()
                {
                    self.tally().retries += 1;
                    if timeout_at(give_up, sleep(pause)).await.is_err() {
                        return;
                    }
                    continue;
                }
                match exchanged {
                    Ok(Ok(response)) => self.count(n, response.status, buf.get(response.body..).unwrap_or_default()),
                    Ok(Err(kind)) => {
                        self.tally().answer(n, LoadOutcome::Failed, Some(kind), Instant::now());
                        sleep(RECONNECT).await;
                    }
                    Err(_) => {}
                }
                break;
            }
        }
    }

    fn count(&self, n: u64, status: u16, body: &[u8]) {
        let now = Instant::now();
        let answer = match status {
            200 | 409 | 422 => serde_json::from_slice::<LoadAnswer<'_>>(body).ok(),
            _ => None,
        };
        let mut tally = self.tally();
        match answer {
            Some(answer) if answer.number(&self.plan.tag) == Some(n) => {
                tally.answer(n, answer.outcome, answer.reason.as_deref(), now);
            }
            Some(_) => tally.answer(n, LoadOutcome::Failed, Some("answer_of_another_command"), now),
            None => tally.answer(n, LoadOutcome::Failed, Some(&format!("http_{status}")), now),
        }
    }
}

impl HttpTransport {
    fn write_request(&self, out: &mut Vec<u8>, body: &[u8]) {
        out.clear();
        out.extend_from_slice(b"POST /v1/commands HTTP/1.1\r\nHost: ");
        out.extend_from_slice(self.host.as_bytes());
        if let Some(Token(token)) = &self.token {
            out.extend_from_slice(b"\r\nAuthorization: Bearer ");
            out.extend_from_slice(token.as_bytes());
        }
        out.extend_from_slice(b"\r\nContent-Type: application/json\r\nContent-Length: ");
        super::json::number(out, u64::try_from(body.len()).unwrap_or(0));
        out.extend_from_slice(b"\r\n\r\n");
        out.extend_from_slice(body);
    }
}

/// What came back.
#[derive(Debug)]
struct Response {
    status: u16,
    /// where the body starts
    body: usize,
    /// how long to wait before the command is sent again, where there is no answer yet
    retry: Option<Duration>,
}

/// Sends a request and reads its whole response into `buf`.
async fn exchange(
    stream: &mut Option<TcpStream>,
    host: &str,
    request: &[u8],
    buf: &mut Vec<u8>,
) -> Result<Response, &'static str> {
    let connection = match stream {
        Some(connection) => connection,
        None => {
            let fresh = timeout(CONNECT_PATIENCE, TcpStream::connect(host)).await;
            let fresh = fresh.map_err(|_| "connect_timeout")?.map_err(|_| "connect_failed")?;
            fresh.set_nodelay(true).map_err(|_| "connect_failed")?;
            stream.insert(fresh)
        }
    };
    connection.write_all(request).await.map_err(|_| "connection_lost")?;
    buf.clear();
    loop {
        if let Some(head) = response_head(buf)? {
            while buf.len() < head.body + head.length {
                more(connection, buf).await?;
            }
            if head.close {
                *stream = None;
            }
            let retry = matches!(head.status, 202 | 429 | 503)
                .then(|| head.retry_after.map_or(RETRY, Duration::from_secs).min(RETRY_MAX));
            return Ok(Response { status: head.status, body: head.body, retry });
        }
        more(connection, buf).await?;
    }
}

async fn more(connection: &mut TcpStream, buf: &mut Vec<u8>) -> Result<(), &'static str> {
    if buf.len() > RESPONSE_BYTES_MAX {
        return Err("response_too_large");
    }
    match connection.read_buf(buf).await {
        Ok(0) | Err(_) => Err("connection_lost"),
        Ok(_) => Ok(()),
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// where the body starts, and how long it is
    body: usize,
    length: usize,
    close: bool,
    /// seconds
    retry_after: Option<u64>,
}

/// The response's head; `None` while it is not all there.
fn response_head(buf: &[u8]) -> Result<Option<Head>, &'static str> {
    let Some(end) = buf.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&buf[..end]).map_err(|_| "bad_response")?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok());
    let (mut length, mut close, mut retry_after) = (None, false, None);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok().filter(|&bytes: &usize| bytes <= RESPONSE_BYTES_MAX);
        } else if name.eq_ignore_ascii_case("connection") {
            close = value.trim().eq_ignore_ascii_case("close");
        } else if name.eq_ignore_ascii_case("retry-after") {
            retry_after = value.trim().parse().ok();
        }
    }
    match (status, length) {
        (Some(status), Some(length)) => Ok(Some(Head { status, body: end + 4, length, close, retry_after })),
        _ => Err("bad_response"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads() {
        let wire =
            b"HTTP/1.1 422 Unprocessable\r\ncontent-LENGTH: 5\r\nConnection: close\r\nRetry-After: 2\r\n\r\nhello";
        for cut in 0..wire.len() - 5 {
            assert_eq!(response_head(&wire[..cut]), Ok(None), "{cut}");
        }
        let want = Head { status: 422, body: wire.len() - 5, length: 5, close: true, retry_after: Some(2) };
        assert_eq!(response_head(wire), Ok(Some(want)));
        assert!(response_head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(response_head(b"SSH-2.0\r\n\r\n").is_err());
    }

    #[test]
    fn addresses() {
        assert_eq!(&*HttpTransport::new("http://localhost:8080/", 1, None, 0).unwrap().host, "localhost:8080");
        assert_eq!(&*HttpTransport::new("http://localhost", 1, None, 0).unwrap().host, "localhost:80");
        for bad in ["https://h", "h:1", "http://", "http://h/x"] {
            assert!(HttpTransport::new(bad, 1, None, 0).is_err(), "{bad}");
        }
        assert!(HttpTransport::new("http://h", 0, None, 0).is_err());
        for bad in ["", "a b", "a\r\nX: y", "\u{e9}"] {
            assert!(HttpTransport::new("http://h", 1, Some(bad), 0).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_token_is_shown_to_the_server_only() {
        let transport = HttpTransport::new("http://h", 1, Some("the-secret"), 0).unwrap();
        let mut request = Vec::new();
        transport.write_request(&mut request, b"{}");
        let request = String::from_utf8(request).unwrap();
        assert!(request.contains("\r\nAuthorization: Bearer the-secret\r\n"), "{request}");
        assert!(!format!("{transport:?}").contains("secret"));
    }
}
