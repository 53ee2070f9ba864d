//! A TCP proxy that passes, freezes, cuts, and swallows the reply of one statement: what a network does, on command.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

/// What the proxy has been told, and what it has seen.
#[derive(Debug, Default)]
struct State {
    /// only connections whose client has said these words are disturbed; empty: all
    marker: Vec<u8>,
    hold_requests: AtomicBool,
    hold_replies: AtomicBool,
    /// the next bound statement's reply is to be lost
    lose: AtomicBool,
    /// replies swallowed, each followed by a cut
    lost: AtomicU64,
    /// bytes that had to wait
    held: AtomicU64,
    links: Mutex<Vec<Arc<Link>>>,
    /// where new connections lead to
    upstream: Mutex<String>,
    /// commands of Redis (empty: all but those that begin a connection) that are answered by this error, and how many were
    error: Mutex<Option<(Vec<String>, String)>>,
    erred: AtomicU64,
}

#[derive(Debug)]
struct Link {
    client: TcpStream,
    server: TcpStream,
    marked: AtomicBool,
    losing: AtomicBool,
    /// what is said on it is heard by nobody, and neither side is told
    gone: AtomicBool,
}

impl Link {
    fn cut(&self) {
        for side in [&self.client, &self.server] {
            drop(side.shutdown(Shutdown::Both)); // it may be closed already
        }
    }
}

/// A proxy before a server; it ends its connections when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    state: Arc<State>,
    address: SocketAddr,
}

impl Proxy {
    /// Before the server of this URL; only connections that have said `marker` are disturbed (empty: all).
    pub fn before(url: &str, marker: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("bound");
        let upstream = Mutex::new(address_of(url));
        let state = Arc::new(State { marker: marker.as_bytes().to_vec(), upstream, ..State::default() });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let upstream = shared.upstream.lock().expect("not poisoned").clone();
                match TcpStream::connect(upstream) {
                    Ok(server) => start(&shared, client, server),
                    Err(_) => drop(client),
                }
            }
        });
        Self { state, address }
    }

    /// The URL through the proxy.
    pub fn url(&self, url: &str) -> String {
        let old = authority(url);
        let user = old.rsplit_once('@').map_or(String::new(), |(user, _)| format!("{user}@"));
        url.replacen(old, &format!("{user}{}", self.address), 1)
    }

    /// New connections lead to this server from now on; those that there are stay where they are.
    pub fn leads_to(&self, url: &str) {
        *self.state.upstream.lock().expect("not poisoned") = address_of(url);
    }

    /// Before Redis: these commands (none: all) are answered by this error, until told otherwise.
    pub fn answers(&self, commands: &[&str], error: &str) {
        let commands = commands.iter().map(|&c| c.to_owned()).collect();
        *self.state.error.lock().expect("not poisoned") = Some((commands, error.to_owned()));
    }

    /// Redis answers itself again; how many commands it did not.
    pub fn answers_no_more(&self) -> u64 {
        *self.state.error.lock().expect("not poisoned") = None;
        self.state.erred.swap(0, SeqCst)
    }

    /// Holds what goes to the server, and what comes back, until told otherwise.
    pub fn freeze(&self, requests: bool, replies: bool) {
        self.state.hold_requests.store(requests, SeqCst);
        self.state.hold_replies.store(replies, SeqCst);
    }

    /// Lets everything pass again.
    pub fn thaw(&self) {
        self.freeze(false, false);
    }

    /// Loses the reply to the next bound statement, and cuts the connection then.
    pub fn lose_next_reply(&self) {
        self.state.lose.store(true, SeqCst);
    }

    /// How many replies were lost.
    pub fn lost(&self) -> u64 {
        self.state.lost.load(SeqCst)
    }

    /// How many bytes had to wait.
    pub fn held(&self) -> u64 {
        self.state.held.load(SeqCst)
    }

    /// Every connection that is disturbed now leads nowhere from now on, without a word to either side: a firewall has
    /// forgotten it, or the host is gone. New ones pass. How many.
    pub fn vanish(&self) -> usize {
        let links = self.state.links.lock().expect("not poisoned");
        let marked = links.iter().filter(|l| l.marked.load(SeqCst));
        marked.inspect(|l| l.gone.store(true, SeqCst)).count()
    }

    /// Cuts every connection that is disturbed; how many.
    pub fn cut(&self) -> usize {
        let mut links = self.state.links.lock().expect("not poisoned");
        let (cut, kept) = links.drain(..).partition(|l| l.marked.load(SeqCst));
        *links = kept;
        let cut: Vec<Arc<Link>> = cut;
        cut.iter().for_each(|l| l.cut());
        cut.len()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // what is held must not slip through on the way out
        self.state.links.lock().expect("not poisoned").drain(..).for_each(|l| l.cut());
        self.thaw();
    }
}

fn address_of(url: &str) -> String {
    authority(url).rsplit('@').next().expect("an address").to_owned()
}

/// Whole commands off the front of what Redis is sent, each as its words; what is left is not whole yet.
fn commands(from: &mut Vec<u8>) -> Vec<(Vec<u8>, String)> {
    let mut all = Vec::new();
    'next: loop {
        let line = |at: usize| from[at..].windows(2).position(|w| w == b"\r\n").map(|n| at + n);
        let number = |at: usize, end: usize| std::str::from_utf8(&from[at + 1..end]).ok()?.parse::<usize>().ok();
        let Some(end) = line(0) else { return all };
        let Some(words) = number(0, end) else { return all };
        let (mut at, mut name) = (end + 2, None);
        for _ in 0..words {
            let Some(end) = line(at) else { break 'next };
            let Some(bytes) = number(at, end) else { break 'next };
            at = end + 2 + bytes + 2;
            if at > from.len() {
                break 'next;
            }
            name.get_or_insert_with(|| String::from_utf8_lossy(&from[end + 2..at - 2]).to_uppercase());
        }
        all.push((from.drain(..at).collect(), name.unwrap_or_default()));
    }
    all
}

/// What Redis answers at any time.
const BEFORE_ALL: [&str; 4] = ["AUTH", "HELLO", "CLIENT", "SELECT"];

/// The same with an error in the place of those that are to have one: a script says it, so that answers keep their order.
fn erring(state: &State, pending: &mut Vec<u8>, bytes: &[u8]) -> Vec<u8> {
    pending.extend_from_slice(bytes);
    let error = state.error.lock().expect("not poisoned").clone();
    let mut out = Vec::new();
    for (command, name) in commands(pending) {
        match &error {
            Some((names, error)) if names.contains(&name) || (names.is_empty() && !BEFORE_ALL.contains(&&*name)) => {
                state.erred.fetch_add(1, SeqCst);
                let script = format!("return redis.error_reply('{error}')");
                out.extend(format!("*3\r\n$4\r\nEVAL\r\n${}\r\n{script}\r\n$1\r\n0\r\n", script.len()).bytes());
            }
            _ => out.extend(command),
        }
    }
    out
}

fn authority(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', '?']).next().expect("an address")
}

fn start(state: &Arc<State>, client: TcpStream, server: TcpStream) {
    drop((client.set_nodelay(true), server.set_nodelay(true)));
    let marked = AtomicBool::new(state.marker.is_empty());
    let link = Arc::new(Link { client, server, marked, losing: AtomicBool::new(false), gone: AtomicBool::new(false) });
    state.links.lock().expect("not poisoned").push(Arc::clone(&link));
    for requests in [true, false] {
        let (state, link) = (Arc::clone(state), Arc::clone(&link));
        thread::spawn(move || {
            drop(pump(&state, &link, requests)); // a broken connection is what this proxy is for
            link.cut();
        });
    }
}

fn pump(state: &State, link: &Link, requests: bool) -> std::io::Result<()> {
    let (mut from, mut to) = if requests { (&link.client, &link.server) } else { (&link.server, &link.client) };
    let (mut buffer, mut tail, mut pending) = (vec![0; 64 * 1024], Vec::new(), Vec::new());
    let mut redis = None;
    loop {
        let n = from.read(&mut buffer)?;
        if n == 0 {
            return Ok(());
        }
        if link.gone.load(SeqCst) {
            continue;
        }
        let bytes = &buffer[..n];
        if requests && !link.marked.load(SeqCst) {
            tail.extend_from_slice(bytes);
            if tail.windows(state.marker.len()).any(|w| w == state.marker) {
                link.marked.store(true, SeqCst);
            }
            tail.drain(..tail.len().saturating_sub(state.marker.len()));
        }
        if link.marked.load(SeqCst) {
            // PostgreSQL's Bind: the statement is prepared already, this runs it
            if requests && bytes[0] == b'B' && state.lose.swap(false, SeqCst) {
                link.losing.store(true, SeqCst);
            }
            let holds = if requests { &state.hold_requests } else { &state.hold_replies };
            if holds.load(SeqCst) {
                state.held.fetch_add(u64::try_from(n).unwrap_or(0), SeqCst);
                while holds.load(SeqCst) {
                    thread::sleep(Duration::from_millis(5));
                }
            }
            if !requests && link.losing.load(SeqCst) {
                // ReadyForQuery, idle: the transaction has ended
                if bytes.ends_with(&[b'Z', 0, 0, 0, 5, b'I']) {
                    state.lost.fetch_add(1, SeqCst);
                    return Ok(());
                }
                continue;
            }
        }
        // Redis is told so from its first command on, since one may be cut anywhere
        let redis = *redis.get_or_insert(requests && bytes[0] == b'*');
        if redis { to.write_all(&erring(state, &mut pending, bytes))? } else { to.write_all(bytes)? }
    }
}
