//! What every connection is bound by, beside the time that heads and bodies may take: how many there are, in all and from one
//! address, and how long one may not read what is written to it (how slowly: `paced`).

use std::{
    collections::HashMap,
    net::{IpAddr, Shutdown},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use actix_web::dev::Extensions;
use socket2::SockRef;
use tokio::net::TcpStream;

use super::{origin::Proxies, strangers::prefix};

/// How much of an answer the kernel takes for who does not read; a reader's round trip hides behind it.
const SEND_BUFFER_BYTES: usize = 64 * 1024;
/// Connections, unless something else is set.
const CONNECTIONS_MAX: usize = 4_096;
/// Of them from one address.
const OF_ONE_MAX: usize = 1_024;
/// How long who is written to may take nothing.
const UNREAD_MAX: Duration = Duration::from_secs(20);
/// Of those too many, how many are told so at a time; the rest are cut.
const TOLD_MAX: usize = 256;
/// Said to one too many, before anything is read; to caches and browsers the same as with every answer (`front`).
const TOO_MANY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\
    Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nCross-Origin-Resource-Policy: same-origin\r\n\
    Vary: Authorization, X-Customer-Id\r\n\r\n";

/// The bounds.
#[derive(Debug, Clone, Copy)]
pub struct SocketBounds {
    /// connections
    pub in_all: usize,
    /// of them from one address: of a proxy they are all
    pub of_one: usize,
    /// how long a client may take nothing of what is written to it, or less than the pace of `paced`
    pub unread: Duration,
}

impl Default for SocketBounds {
    fn default() -> Self {
        Self { in_all: CONNECTIONS_MAX, of_one: OF_ONE_MAX, unread: UNREAD_MAX }
    }
}

#[derive(Debug, Default)]
struct Open {
    in_all: usize,
    of: HashMap<IpAddr, usize>,
    /// those too many that are told so
    told: usize,
}

/// The connections that are open.
#[derive(Debug, Clone)]
pub struct Sockets {
    bounds: SocketBounds,
    /// whose connections are many people's
    proxies: Proxies,
    open: Arc<Mutex<Open>>,
}

/// A connection's place; dropped with it.
#[derive(Debug)]
struct Place {
    open: Arc<Mutex<Open>>,
    /// none: it is one too many
    peer: Option<IpAddr>,
}

impl Sockets {
    /// None yet.
    pub fn new(bounds: SocketBounds, proxies: Proxies) -> Self {
        Self { bounds, proxies, open: Arc::default() }
    }

    /// Gives a new connection its bounds and its place, or ends it.
    pub fn connected(&self, stream: &TcpStream, data: &mut Extensions) {
        let socket = SockRef::from(stream);
        // the kernel counts from when the peer took something last, though it go on saying that it has no room
        let bound = socket.set_tcp_user_timeout(Some(self.bounds.unread));
        if let Err(e) = bound.and_then(|()| socket.set_send_buffer_size(SEND_BUFFER_BYTES)) {
            tracing::debug!(error = %e, "a connection has no bounds");
        }
        // gone again already
        let Ok(peer) = stream.peer_addr() else { return };
        let place = self.place(peer.ip()).or_else(|| {
            metrics::counter!("jumun_http_connections_refused_total").increment(1);
            // told so, and closed when it has heard it: closed at once it would hear nothing
            let place = self.waiting();
            let how = if place.is_some() { Shutdown::Write } else { Shutdown::Both };
            if let Err(e) = socket.send(TOO_MANY).and_then(|_| socket.shutdown(how)) {
                tracing::debug!(error = %e, "a connection too many was gone");
            }
            place
        });
        if let Some(place) = place {
            drop(data.insert(place));
        }
    }

    /// A place for one that is told that there is none.
    fn waiting(&self) -> Option<Place> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let room = open.told < TOLD_MAX;
        if room {
            open.told += 1;
        }
        room.then(|| Place { open: Arc::clone(&self.open), peer: None })
    }

    fn place(&self, peer: IpAddr) -> Option<Place> {
        let of_one = if self.proxies.know(peer) { usize::MAX } else { self.bounds.of_one };
        let peer = prefix(peer);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.in_all >= self.bounds.in_all || open.of.get(&peer).is_some_and(|n| *n >= of_one) {
            return None;
        }
        open.in_all += 1;
        *open.of.entry(peer).or_default() += 1;
        Some(Place { open: Arc::clone(&self.open), peer: Some(peer) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(peer) = self.peer else {
            open.told -= 1;
            return;
        };
        open.in_all -= 1;
        if let Some(n) = open.of.get_mut(&peer) {
            *n -= 1;
            if *n == 0 {
                open.of.remove(&peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_so_many_and_come_free() {
        let sockets =
            Sockets::new(SocketBounds { in_all: 5, of_one: 3, ..SocketBounds::default() }, Proxies::default());
        let [a, b] = ["10.0.0.1", "10.0.0.2"].map(|text| text.parse().unwrap());
        let of_a: Vec<Place> = (0..9).filter_map(|_| sockets.place(a)).collect();
        let of_b: Vec<Place> = (0..9).filter_map(|_| sockets.place(b)).collect();
        assert_eq!((of_a.len(), of_b.len()), (3, 2));
        drop(of_a);
        assert!(sockets.place(b).is_some());
        drop(of_b);
        let told: Vec<Place> = (0..1_000).filter_map(|_| sockets.waiting()).collect();
        assert_eq!(told.len(), TOLD_MAX);
        drop(told);
        let proxies = Proxies { networks: vec!["10.0.0.1".parse().unwrap()], ..Proxies::default() };
        let behind = Sockets::new(sockets.bounds, proxies);
        assert_eq!((0..9).map_while(|_| behind.place(a)).collect::<Vec<_>>().len(), 5, "a proxy's are many people's");
        assert_eq!((0..9).map_while(|_| behind.place(b)).collect::<Vec<_>>().len(), 3);
        let open = sockets.open.lock().unwrap();
        assert_eq!((open.in_all, open.of.len(), open.told), (0, 0, 0));
    }
}
