//! Calls that go out from here: one HTTP client for webhooks and payment services.

use std::time::Duration;

use reqwest::{Certificate, Client, redirect};

/// How long a connection may take to be made.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// A client: no redirects (a signed body is for the address it was signed for), no proxy,
/// bounded in time. `authority` is a certificate (PEM) to be trusted besides the system's.
///
/// # Errors
/// A sentence, when the certificate can't be read.
pub fn client(patience: Duration, authority: Option<&[u8]>) -> anyhow::Result<Client> {
    trust();
    let mut builder = Client::builder()
        .connect_timeout(CONNECT_MAX)
        .timeout(patience)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .pool_max_idle_per_host(8)
        .user_agent(concat!("jumun/", env!("CARGO_PKG_VERSION")));
    if let Some(pem) = authority {
        for certificate in Certificate::from_pem_bundle(pem)? {
            builder = builder.add_root_certificate(certificate);
        }
    }
    Ok(builder.build()?)
}

/// Makes ring the process's cryptography; the first call counts.
pub fn trust() {
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        tracing::trace!("it is installed already");
    }
}
