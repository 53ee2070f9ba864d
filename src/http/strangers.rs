//! Who shows no token that is known, signs badly, or comes from another site's page: a few a second from one address. What
//! comes faster is refused before it costs a line of the log. Who shows a good token is not asked here.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use actix_web::HttpRequest;

use super::{
    bucket::{Bucket, Size},
    guard, origin,
    problem::{ApiError, ProblemKind},
};

/// Addresses that are told apart; those beyond share one bucket.
const ADDRESSES_MAX: usize = 4_096;
/// How many seconds' worth may come at once.
const BURST_SECONDS: f64 = 10.0;
/// How often those that are full again may be looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
struct Buckets {
    of: HashMap<IpAddr, Bucket>,
    others: Option<Bucket>,
    swept: Option<Instant>,
}

/// How many times as much may be asked of what needs no token: a page of the console is some thirty files.
const FREE: u32 = 10;

/// A bucket for each address, as far as there is room.
#[derive(Debug)]
pub struct Strangers {
    /// requests a second; 0: no bound
    rate: u32,
    buckets: Mutex<Buckets>,
}

impl Strangers {
    /// That many requests a second from one address.
    pub fn new(rate: u32) -> Self {
        Self { rate, buckets: Mutex::default() }
    }

    /// Of what needs no token, and of what can't be read: more, but not without an end.
    pub fn of_free(rate: u32) -> Self {
        Self::new(rate.saturating_mul(FREE))
    }

    /// Takes one of its client's, unless it shows a token that is known.
    ///
    /// # Errors
    /// When there were too many.
    pub fn take_unknown(&self, request: &HttpRequest) -> Result<(), ApiError> {
        if guard::known(request) { Ok(()) } else { self.take(request) }
    }

    /// Takes one of its client's.
    ///
    /// # Errors
    /// When there were too many.
    pub fn take(&self, request: &HttpRequest) -> Result<(), ApiError> {
        if self.took(origin::of(request).map(|(client, _)| client), Instant::now()) {
            return Ok(());
        }
        metrics::counter!("jumun_http_unauthenticated_throttled_total").increment(1);
        let why = format!("at most {} requests a second without a token that is known, from one address", self.rate);
        let error = ProblemKind::TooMany.error(why);
        // A new connection costs the stranger more than another request. A proxy's connection is its other clients', too.
        Err(if origin::is_direct(request) { error.closing() } else { error })
    }

    fn took(&self, peer: Option<IpAddr>, now: Instant) -> bool {
        if self.rate == 0 {
            return true;
        }
        let a_second = f64::from(self.rate);
        let size = Size { a_second, full: a_second * BURST_SECONDS };
        let mut guard = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let buckets = &mut *guard;
        let fresh = Bucket::full(size, now);
        let peer = peer.map(prefix);
        let known = peer.is_some_and(|peer| buckets.of.contains_key(&peer));
        let due = buckets.swept.is_none_or(|at| now.saturating_duration_since(at) >= SWEEP_EVERY);
        if !known && buckets.of.len() >= ADDRESSES_MAX && due {
            buckets.swept = Some(now);
            buckets.of.retain(|_, b| !b.is_full(size, now));
        }
        let room = known || buckets.of.len() < ADDRESSES_MAX;
        let bucket = match peer.filter(|_| room) {
            Some(peer) => buckets.of.entry(peer).or_insert(fresh),
            None => buckets.others.get_or_insert(fresh),
        };
        bucket.take(size, now)
    }
}

/// What one person has of addresses: one of IPv4, a /64 of IPv6.
pub fn prefix(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u32) -> Option<IpAddr> {
        Some(IpAddr::from(n.to_be_bytes()))
    }

    #[test]
    fn each_address_has_its_own_and_gets_it_back() {
        let (strangers, begun) = (Strangers::new(2), Instant::now());
        let took = |who: u32, after: u64| strangers.took(address(who), begun + Duration::from_secs(after));
        assert_eq!((0..40).filter(|_| took(1, 0)).count(), 20);
        assert_eq!((0..40).filter(|_| took(2, 0)).count(), 20);
        assert_eq!((0..40).filter(|_| took(1, 3)).count(), 6);
        assert_eq!((0..40).filter(|_| took(1, 1_000)).count(), 20);
        // time that seems to go back gives nothing
        assert!(!took(1, 0));
        assert!((0..100).all(|_| Strangers::new(0).took(address(1), begun)));
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let of = |text: &str| prefix(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
        assert_ne!(of("10.0.0.2"), of("10.0.0.1"));
    }

    #[test]
    fn as_many_addresses_as_there_are_cost_no_more_room() {
        let (strangers, begun) = (Strangers::new(1), Instant::now());
        let most = u32::try_from(ADDRESSES_MAX).unwrap();
        for who in 0..most * 2 {
            strangers.took(address(who), begun);
        }
        assert_eq!(strangers.buckets.lock().unwrap().of.len(), ADDRESSES_MAX);
        // those beyond share: the tenth second of theirs is gone
        assert!(!strangers.took(address(most * 3), begun));
        // once the first are full again, others have their places
        let later = begun + Duration::from_secs(60);
        assert!(strangers.took(address(most * 3), later));
        assert_eq!(strangers.buckets.lock().unwrap().of.len(), 1);
    }
}
