//! Calls that go out from here: one HTTP client for webhooks and payment services, one TLS for all.

use std::{fmt, net::IpAddr, path::Path, sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use reqwest::{Certificate, Client, Url, redirect};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use crate::secrets;

/// How long a connection may take to be made.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// By whose word a server is who it says, beside what the library makes of it.
#[derive(Debug, Clone, Copy)]
pub enum Trust<'a> {
    /// the system's authorities
    System,
    /// these and the system's
    Besides(&'a [u8]),
    /// these (PEM), and no others: any public authority could vouch for somebody else
    Only(&'a [u8]),
}

/// A client: no redirects (a signed body is for the address it was signed for), no proxy,
/// bounded in time.
///
/// # Errors
/// A sentence, when a certificate can't be read.
pub fn client(patience: Duration, by: &Trust<'_>) -> anyhow::Result<Client> {
    trust();
    let builder = Client::builder()
        .connect_timeout(CONNECT_MAX)
        .timeout(patience)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .pool_max_idle_per_host(8)
        .user_agent(concat!("jumun/", env!("CARGO_PKG_VERSION")));
    let read = |pem: &[u8]| {
        let found = Certificate::from_pem_bundle(pem)?;
        ensure!(!found.is_empty(), "there is no certificate in it");
        anyhow::Ok(found)
    };
    let builder = match by {
        Trust::System => builder,
        Trust::Besides(pem) => builder.tls_certs_merge(read(pem)?),
        Trust::Only(pem) => builder.tls_certs_only(read(pem)?),
    };
    Ok(builder.build()?)
}

/// What an address is that no receiver on the open network has.
pub fn place(url: &Url) -> Option<&'static str> {
    let host = url.host_str().unwrap_or_default();
    if is_here(host) {
        return Some("this machine");
    }
    match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok()?.to_canonical() {
        IpAddr::V4(a) if a.is_link_local() => Some("a link-local address"),
        IpAddr::V6(a) if a.is_unicast_link_local() => Some("a link-local address"),
        IpAddr::V4(a) if a.is_unspecified() || a.is_broadcast() || a.is_multicast() => Some("no machine's address"),
        IpAddr::V6(a) if a.is_unspecified() || a.is_multicast() => Some("no machine's address"),
        // carriers' own (RFC 6598) are as private as those of RFC 1918
        IpAddr::V4(a) if a.is_private() || (a.octets()[0] == 100 && a.octets()[1] & 0xc0 == 64) => {
            Some("a private address")
        }
        IpAddr::V6(a) if a.is_unique_local() => Some("a private address"),
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    }
}

/// Whether it is this machine: what goes there by `http:` is on no wire.
pub fn is_loopback(url: &Url) -> bool {
    is_here(url.host_str().unwrap_or_default())
}

/// The same of a host's name or address.
pub fn is_here(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|a| a.to_canonical().is_loopback())
}

/// Makes ring the process's cryptography; the first call counts.
pub fn trust() {
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::trace!("it is installed already");
    }
}

/// By whom a server is trusted, and what is shown to it (PEM).
#[derive(Clone, Default)]
pub struct Certificates {
    /// the authorities, in place of the system's
    pub authorities: Option<Vec<u8>>,
    /// a certificate of our own, and its key
    pub own: Option<(Vec<u8>, Vec<u8>)>,
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (authorities, own) = (self.authorities.is_some(), self.own.is_some());
        f.debug_struct("Certificates").field("authorities", &authorities).field("own", &own).finish()
    }
}

impl Certificates {
    /// Reads the files, and sees that they hold what they should.
    ///
    /// # Errors
    /// A sentence that names the file.
    pub fn read(authorities: Option<&Path>, own: Option<(&Path, &Path)>) -> anyhow::Result<Self> {
        let read = |path: &Path| std::fs::read(path).with_context(|| format!("reading {}", path.display()));
        let chain = |path: &Path| {
            let pem = read(path)?;
            certificates(&pem).with_context(|| path.display().to_string())?;
            anyhow::Ok(pem)
        };
        let key = |path: &Path| {
            let pem = read(path)?;
            secrets::look(path);
            PrivateKeyDer::from_pem_slice(&pem).with_context(|| format!("{} holds no key", path.display()))?;
            anyhow::Ok(pem)
        };
        Ok(Self {
            authorities: authorities.map(chain).transpose()?,
            own: own.map(|(cert, private)| anyhow::Ok((chain(cert)?, key(private)?))).transpose()?,
        })
    }

    /// Whether there are none: the system's authorities count, and nothing is shown.
    pub fn is_empty(&self) -> bool {
        self.authorities.is_none() && self.own.is_none()
    }

    /// For connections that no library makes.
    ///
    /// # Errors
    /// A sentence, when something can't be read.
    pub fn config(&self) -> anyhow::Result<Arc<ClientConfig>> {
        trust();
        let trusted = match &self.authorities {
            Some(pem) => certificates(pem)?,
            None => rustls_native_certs::load_native_certs().certs,
        };
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(trusted);
        let config = ClientConfig::builder().with_root_certificates(roots);
        Ok(Arc::new(match &self.own {
            Some((cert, key)) => {
                config.with_client_auth_cert(certificates(cert)?, PrivateKeyDer::from_pem_slice(key)?)?
            }
            None => config.with_no_client_auth(),
        }))
    }
}

fn certificates(pem: &[u8]) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let found =
        CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().context("a certificate is broken")?;
    ensure!(!found.is_empty(), "there is no certificate in it");
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_where_it_is() {
        for (host, told) in [
            ("hooks.example", None),
            ("203.0.113.9", None),
            ("[2001:db8::1]", None),
            ("localhost", Some("this machine")),
            ("127.0.0.9", Some("this machine")),
            ("0x7f000001", Some("this machine")),
            ("[::1]", Some("this machine")),
            ("[::ffff:127.0.0.1]", Some("this machine")),
            ("169.254.169.254", Some("a link-local address")),
            ("[fe80::1]", Some("a link-local address")),
            ("10.1.2.3", Some("a private address")),
            ("172.16.0.1", Some("a private address")),
            ("192.168.1.1", Some("a private address")),
            ("100.64.0.1", Some("a private address")),
            ("100.128.0.1", None),
            ("[fd00::1]", Some("a private address")),
            ("[::ffff:10.0.0.1]", Some("a private address")),
            ("0.0.0.0", Some("no machine's address")),
        ] {
            assert_eq!(place(&Url::parse(&format!("https://{host}/in")).unwrap()), told, "{host}");
        }
    }
}
