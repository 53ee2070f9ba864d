//! Where a request comes from. The peer is known; what a header says of those behind it is believed only where the peer is a
//! proxy that was named, and then only as far as such proxies have written it.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use actix_web::{HttpRequest, http::header::HeaderMap, web};

use super::AppState;

/// So many proxies may stand behind one another.
const HOPS_MAX: usize = 16;

/// Addresses of proxies: one, or a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: u128,
    /// how many bits of it count
    bits: u32,
}

/// Both families in one space: IPv4 as IPv6 writes it.
const fn number(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

const fn mask(bits: u32) -> u128 {
    if bits == 0 { 0 } else { u128::MAX << (128 - bits) }
}

impl Network {
    const fn holds(&self, address: IpAddr) -> bool {
        number(address) & mask(self.bits) == self.first
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, length) = text.split_once('/').map_or((text, None), |(a, l)| (a, Some(l)));
        let no = || format!("{text:?} is no address, nor a network as 10.0.0.0/8");
        let address: IpAddr = address.parse().map_err(|_| no())?;
        let own = if address.is_ipv4() { 32 } else { 128 };
        let length: u32 = length.map_or(Ok(own), str::parse).map_err(|_| no())?;
        if length > own {
            return Err(no());
        }
        // whoever comes would be believed whatever they say
        if length == 0 {
            return Err(format!("{text:?} is every address: name your proxies'"));
        }
        let bits = length + if address.is_ipv4() { 96 } else { 0 };
        let first = number(address);
        match first & !mask(bits) {
            0 => Ok(Self { first, bits }),
            _ => Err(format!("{text:?} is an address within a network: leave out one or the other")),
        }
    }
}

/// The header in which proxies write whom they speak for. The other one is whoever's that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Header {
    #[default]
    XForwardedFor,
    /// RFC 7239
    Forwarded,
}

/// The proxies that are believed.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    pub networks: Vec<Network>,
    pub header: Header,
}

impl Proxies {
    /// Whether it is one of them.
    pub fn know(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.holds(address))
    }

    /// The client, as far as it is known: the nearest address that is no such proxy's. A word that is no address ends the
    /// search, and the proxy that wrote it down is as far as it goes.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let (name, read): (_, fn(&str) -> Option<IpAddr>) = match self.header {
            Header::XForwardedFor => ("x-forwarded-for", address),
            Header::Forwarded => ("forwarded", forwarded),
        };
        let mut nearest = peer;
        if !self.know(peer) {
            return nearest;
        }
        let lines: Vec<&[u8]> = headers.get_all(name).map(|line| line.as_bytes()).collect();
        let hops = lines.into_iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b','));
        for hop in hops.take(HOPS_MAX) {
            let Some(address) = std::str::from_utf8(hop).ok().map(str::trim).and_then(read) else { break };
            nearest = address.to_canonical();
            if !self.know(nearest) {
                break;
            }
        }
        nearest
    }
}

/// An address, with a port or without.
fn address(text: &str) -> Option<IpAddr> {
    if let Some(rest) = text.strip_prefix('[') {
        let (v6, port) = rest.split_once(']')?;
        port.strip_prefix(':').map_or(port.is_empty(), |port| port.parse::<u16>().is_ok()).then_some(())?;
        return v6.parse::<Ipv6Addr>().ok().map(Into::into);
    }
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    let (v4, port) = text.split_once(':')?;
    port.parse::<u16>().ok()?;
    v4.parse::<Ipv4Addr>().ok().map(Into::into)
}

/// `for=192.0.2.1;proto=https`, `For="[2001:db8::1]:4711"`.
fn forwarded(hop: &str) -> Option<IpAddr> {
    let mut of = hop.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = of.find(|(name, _)| name.eq_ignore_ascii_case("for"))?;
    address(value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value))
}

/// Who sent a request, and by whom it came if by a proxy that is believed.
pub fn of(request: &HttpRequest) -> Option<(IpAddr, Option<IpAddr>)> {
    let peer = request.peer_addr()?.ip();
    let shared = request.app_data::<web::Data<AppState>>();
    let client = shared.map_or(peer, |shared| shared.parts.proxies.client(peer, request.headers()));
    Some((client, (client != peer).then_some(peer)))
}

/// Whether the connection is the client's own, and no proxy's that others share.
pub fn is_direct(request: &HttpRequest) -> bool {
    let shared = request.app_data::<web::Data<AppState>>();
    request.peer_addr().zip(shared).is_some_and(|(peer, shared)| !shared.parts.proxies.know(peer.ip()))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn proxies(header: Header) -> Proxies {
        let networks = ["10.0.0.0/8", "127.0.0.1", "fd00::/8"].map(|n| n.parse().unwrap());
        Proxies { networks: networks.into(), header }
    }

    fn client(header: Header, peer: &str, lines: &[(&str, &str)]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        proxies(header).client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn the_nearest_address_that_is_no_proxys_is_the_clients() {
        let long = vec!["10.0.0.9"; 5_000].join(", ");
        let spoofed = format!("198.51.100.1, {long}");
        let (xff, forwarded) = ("X-Forwarded-For", "Forwarded");
        for (peer, lines, expected) in [
            // nobody is believed who was not named
            ("203.0.113.5", vec![(xff, "198.51.100.1")], "203.0.113.5"),
            ("10.0.0.1", vec![], "10.0.0.1"),
            ("10.0.0.1", vec![(xff, "198.51.100.1")], "198.51.100.1"),
            ("::ffff:10.0.0.1", vec![(xff, "198.51.100.1")], "198.51.100.1"),
            // what the client itself wrote stands to the left of what the proxy did
            ("10.0.0.1", vec![(xff, "192.0.2.66, 198.51.100.1")], "198.51.100.1"),
            ("10.0.0.1", vec![(xff, "192.0.2.66"), (xff, "198.51.100.1")], "198.51.100.1"),
            ("10.0.0.1", vec![(xff, "192.0.2.66, 198.51.100.1, 10.9.9.9,fd00::1")], "198.51.100.1"),
            ("10.0.0.1", vec![(xff, "10.1.1.1, 10.2.2.2")], "10.1.1.1"),
            ("10.0.0.1", vec![(xff, "198.51.100.1:4711")], "198.51.100.1"),
            ("10.0.0.1", vec![(xff, "[2001:db8::1]:443")], "2001:db8::1"),
            ("10.0.0.1", vec![(xff, "::ffff:198.51.100.1")], "198.51.100.1"),
            // what is no address ends it
            ("10.0.0.1", vec![(xff, "198.51.100.1, unknown")], "10.0.0.1"),
            ("10.0.0.1", vec![(xff, "198.51.100.1, , 10.9.9.9")], "10.9.9.9"),
            ("10.0.0.1", vec![(xff, "198.51.100.1:99999")], "10.0.0.1"),
            ("10.0.0.1", vec![(xff, "[::1")], "10.0.0.1"),
            ("10.0.0.1", vec![(xff, "198.51.100.1;DROP TABLE")], "10.0.0.1"),
            // nor does a list without an end
            ("10.0.0.1", vec![(xff, &*spoofed)], "10.0.0.9"),
            // one header counts, the other is anybody's
            ("10.0.0.1", vec![(forwarded, "for=192.0.2.66")], "10.0.0.1"),
            ("10.0.0.1", vec![(forwarded, "for=192.0.2.66"), (xff, "198.51.100.1")], "198.51.100.1"),
        ] {
            assert_eq!(client(Header::XForwardedFor, peer, &lines), expected, "{peer} {lines:?}");
        }
        for (value, expected) in [
            ("for=198.51.100.1;proto=https;by=10.0.0.1", "198.51.100.1"),
            ("for=192.0.2.66, For=\"[2001:db8::1]:4711\"", "2001:db8::1"),
            ("for=192.0.2.66, for=198.51.100.1, for=10.1.1.1", "198.51.100.1"),
            ("for=192.0.2.66, for=_hidden", "10.0.0.1"),
            ("for=192.0.2.66, proto=https", "10.0.0.1"),
            ("for=\"192.0.2.66, for=198.51.100.1", "198.51.100.1"),
        ] {
            let lines = [(xff, "192.0.2.77"), (forwarded, value)];
            assert_eq!(client(Header::Forwarded, "10.0.0.1", &lines), expected, "{value}");
        }
    }

    #[test]
    fn a_network_is_an_address_or_a_prefix_and_never_everybody() {
        let holds = |network: &str, address: &str| network.parse::<Network>().unwrap().holds(address.parse().unwrap());
        assert!(holds("10.0.0.0/8", "10.255.0.1") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("10.0.0.1", "::ffff:10.0.0.1") && !holds("10.0.0.1", "10.0.0.2"));
        assert!(holds("2001:db8::/32", "2001:db8:1::1") && !holds("2001:db8::/32", "2001:db9::1"));
        assert!(!holds("fd00::/8", "10.0.0.1"));
        for odd in [
            "",
            "10.0.0.0/33",
            "10.0.0.1/8",
            "0.0.0.0/0",
            "::/0",
            "10.0.0.0/",
            "proxy.example",
            "10.0.0.0/-1",
            "::1/129",
        ] {
            assert!(odd.parse::<Network>().is_err(), "{odd}");
        }
    }
}
