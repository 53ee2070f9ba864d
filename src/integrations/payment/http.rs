//! A payment service over HTTP, by the protocol of `docs/guide/payments.md`: signed requests, one idempotency key a refund.
//!
//! Only what the service says of this very refund counts as refused. Whatever says something of the service, of the way to
//! it or of our secret is unknown: an earlier try may have been done, and is found out by asking again.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use reqwest::{
    Client, Response, Url,
    header::{CONTENT_TYPE, HeaderName},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Charge, PaymentGateway, RefundAsk, Verdict};
use crate::{
    clock::Clock,
    http_client::{self, Trust},
    integrations::signature::{HEADER, HEADER_V2, Purpose, SigningSecret},
};

/// The longest that an answer may be waited for.
pub const PATIENCE_MAX: Duration = Duration::from_secs(60);
/// The same at every try of one refund.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// The longest id that an answer may name.
const ID_MAX: usize = 128;

/// A payment service.
pub struct HttpPayments {
    client: Client,
    refunds: Url,
    charges: Url,
    secret: SigningSecret,
    clock: Arc<dyn Clock>,
}

impl HttpPayments {
    /// The service at `base`, which is asked for at most `patience`; `authority` is a certificate (PEM) to be trusted in the
    /// place of the system's.
    ///
    /// # Errors
    /// A sentence, when the address or the certificate makes no sense.
    pub fn new(
        base: &str,
        secret: SigningSecret,
        patience: Duration,
        authority: Option<&[u8]>,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let no_url = "the payment service's address is no URL";
        // by itself first: with a path behind it, an address without a host would take that for one
        Url::parse(base).context(no_url)?;
        let base = base.trim_end_matches('/');
        let url = |path: &str| Url::parse(&format!("{base}/{path}")).context(no_url);
        let (refunds, charges) = (url("refunds")?, url("charges")?);
        ensure!(
            refunds.scheme() == "https" || (refunds.scheme() == "http" && http_client::is_loopback(&refunds)),
            "a payment service is asked by https://, or by http:// on this machine"
        );
        ensure!(
            refunds.username().is_empty() && refunds.password().is_none(),
            "the payment service's address holds no user and password: the signature says who asks"
        );
        ensure!(!base.contains(['?', '#']), "the payment service's address ends with its path");
        let trust = authority.map_or(Trust::System, Trust::Only);
        let client =
            http_client::client(patience, &trust).context("the payment service's certificate can't be read")?;
        Ok(Self { client, refunds, charges, secret, clock })
    }

    async fn ask(&self, url: &Url, key: &str, body: &Value) -> Verdict {
        let body = body.to_string();
        let now = self.clock.now();
        let request = self
            .client
            .post(url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(IDEMPOTENCY_KEY, key)
            .header(HEADER, self.secret.sign(now, body.as_bytes()))
            .header(HEADER_V2, self.secret.sign_for(Purpose::Payment, now, body.as_bytes()))
            .body(body);
        let response = match request.send().await {
            Ok(response) => response,
            Err(e) => return Verdict::Unknown(no_answer(e)),
        };
        let status = response.status().as_u16();
        let kind = response.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
        let problem = kind.is_some_and(|k| k.starts_with("application/problem+json"));
        match read(response).await {
            Ok(body) => verdict(status, problem, &body),
            Err(why) => Verdict::Unknown(why),
        }
    }
}

/// An error with its causes, without the address.
fn no_answer(e: reqwest::Error) -> String {
    format!("no answer: {:#}", anyhow::Error::new(e.without_url()))
}

async fn read(mut response: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(no_answer)? {
        if body.len() + part.len() > ANSWER_BYTES_MAX {
            return Err(format!("the answer is longer than {ANSWER_BYTES_MAX} bytes"));
        }
        body.extend_from_slice(&part);
    }
    Ok(body)
}

#[derive(Deserialize)]
struct Said {
    outcome: String,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    reason: Option<String>,
}

/// RFC 9457, with a reason code if there is one.
#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    detail: Option<String>,
}

/// What an answer means (the table of `docs/guide/payments.md`).
fn verdict(status: u16, problem: bool, body: &[u8]) -> Verdict {
    match status {
        200 => said(body),
        202 => Verdict::Pending("taken, the word comes later".into()),
        // statements about this request's content; any other 4xx is about us, the way, or the moment
        402 | 410 | 422 if problem => match serde_json::from_slice::<Problem>(body) {
            Ok(p) => {
                let words = [p.reason, p.detail.or(p.title)].into_iter().flatten().collect::<Vec<_>>().join(": ");
                Verdict::Refused(if words.is_empty() { format!("HTTP {status}") } else { words })
            }
            Err(e) => Verdict::Unknown(format!("HTTP {status} with a problem that can't be read: {e}")),
        },
        401 => Verdict::Unknown("HTTP 401: it does not believe our signature; have both sides the same secret?".into()),
        409 => Verdict::Unknown("HTTP 409: it knows this key for something else, or is at work on it".into()),
        other => Verdict::Unknown(format!("HTTP {other}")),
    }
}

fn said(body: &[u8]) -> Verdict {
    let said: Said = match serde_json::from_slice(body) {
        Ok(said) => said,
        Err(e) => return Verdict::Unknown(format!("an answer that can't be read: {e}")),
    };
    let id = said.id.filter(|id| (1..=ID_MAX).contains(&id.len()) && id.chars().all(|c| c.is_ascii_graphic()));
    match (said.outcome.as_str(), id) {
        ("done", Some(id)) => Verdict::Done(id),
        ("done", None) => Verdict::Unknown("it says done without an id".into()),
        ("refused", _) => Verdict::Refused(said.reason.filter(|r| !r.is_empty()).unwrap_or("no reason given".into())),
        ("pending", _) => Verdict::Pending(said.reason.unwrap_or("taken, the word comes later".into())),
        (_, _) => Verdict::Unknown("an outcome that is none of done, refused and pending".into()),
    }
}

#[async_trait]
impl PaymentGateway for HttpPayments {
    async fn charge(&self, charge: &Charge) -> Verdict {
        let body = json!({ "order_id": charge.order_id, "amount": charge.amount, "method": charge.method });
        let key = format!("charge:{}:{}:{}", charge.order_id, charge.method.code(), charge.amount.get());
        self.ask(&self.charges, &key, &body).await
    }

    async fn refund(&self, ask: &RefundAsk) -> Verdict {
        let body = json!({
            "refund_key": ask.key,
            "order_id": ask.order_id,
            "amount": ask.amount,
            "method": ask.method,
            "payment_id": ask.payment_id,
            // its name before payments had one for all means
            "approval_id": ask.payment_id,
            "account": ask.account,
            "attempt": ask.attempt,
        });
        self.ask(&self.refunds, &ask.key, &body).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::RealClock;

    #[test]
    fn only_a_word_on_the_refund_itself_is_a_refusal() {
        let done = || Verdict::Done("r-1".into());
        let refused = |why: &str| Verdict::Refused(why.into());
        let (pending, unknown) = (Verdict::Pending(String::new()), Verdict::Unknown(String::new()));
        let problem = r#"{"reason":"too_late","detail":"after 180 days"}"#;
        for (status, problem, body, method) in [
            (200, false, r#"{"outcome":"done","id":"r-1"}"#, done()),
            (200, false, r#"{"outcome":"done","id":"r-1","more":1}"#, done()),
            (200, false, r#"{"outcome":"done"}"#, unknown.clone()),
            (200, false, r#"{"outcome":"done","id":""}"#, unknown.clone()),
            (200, false, r#"{"outcome":"refused","reason":"too late"}"#, refused("too late")),
            (200, false, r#"{"outcome":"refused"}"#, refused("no reason given")),
            (200, false, r#"{"outcome":"pending"}"#, pending.clone()),
            (200, false, r#"{"outcome":"perhaps"}"#, unknown.clone()),
            (200, false, "<html>", unknown.clone()),
            (200, false, "", unknown.clone()),
            (202, false, "", pending),
            (422, true, problem, refused("too_late: after 180 days")),
            (402, true, r#"{"title":"no money"}"#, refused("no money")),
            (410, true, "{}", refused("HTTP 410")),
            (422, true, "<html>", unknown.clone()),
            (422, false, problem, unknown),
        ] {
            let got = verdict(status, problem, body.as_bytes());
            match (&got, &method) {
                (Verdict::Pending(_), Verdict::Pending(_)) | (Verdict::Unknown(_), Verdict::Unknown(_)) => {}
                _ => assert_eq!(got, method, "{status} {body}"),
            }
        }
        for status in
            [201, 204, 301, 307, 400, 401, 403, 404, 405, 408, 409, 413, 415, 425, 429, 431, 500, 502, 503, 504]
        {
            let got = verdict(status, true, problem.as_bytes());
            assert!(matches!(got, Verdict::Unknown(_)), "{status}: {got:?}");
        }
    }

    #[test]
    fn an_address_is_taken_or_refused() {
        for (base, fits) in [
            ("https://pay.example.com", true),
            ("https://pay.example.com/v1/", true),
            ("http://127.0.0.1:9000", true),
            ("http://localhost:9000", true),
            ("http://[::1]:9000", true),
            ("http://pay.example.com", false),
            ("http://127.0.0.1.example.com", false),
            ("https://user:word@pay.example.com", false),
            ("https://pay.example.com/?a=b", false),
            ("ftp://127.0.0.1", false),
            ("https://", false),
        ] {
            let secret = SigningSecret::new("0123456789abcdef01234567").unwrap();
            let made = HttpPayments::new(base, secret, Duration::from_secs(1), None, Arc::new(RealClock));
            assert_eq!(made.is_ok(), fits, "{base}: {:?}", made.err());
        }
    }
}
