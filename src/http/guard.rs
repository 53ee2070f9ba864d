//! What happens before a handler: the request's id, the token, the role, the rate; and the body's bounds.

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use actix_web::{
    Error, FromRequest, HttpMessage as _, HttpRequest,
    body::MessageBody,
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{AUTHORIZATION, HeaderName, HeaderValue},
    },
    middleware::Next,
    web,
};
use futures_util::StreamExt as _;
use tokio::{sync::OwnedSemaphorePermit, time::timeout};

use super::{
    AppState,
    access::Access,
    bucket::{Bucket, Size},
    caller::Caller,
    keyring::{self, Keyring},
    origin,
    problem::{ApiError, ProblemKind},
    tokens::{AccessToken, Says, bearer},
};
use crate::{clock::Clock, domain::ids::CustomerId, protocol::cards};

/// Names a request, in its response and in the log; a client may bring its own.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The customer whom a checkout speaks for.
pub const CUSTOMER: HeaderName = HeaderName::from_static("x-customer-id");
/// What one token may read at a time: fewer than there are connections to the database for it, so that others' reads go on.
pub const READS_OF_ONE_MAX: usize = 3;
/// How long a place is waited for.
const READ_WAIT_MAX: Duration = Duration::from_secs(3);
/// Who listens there stays.
const STREAMS: [&str; 2] = ["/v1/events", "/v1/live"];
/// What is asked by who looks after the process, from wherever that is.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];
/// How long a body may take.
const BODY_WAIT: Duration = Duration::from_secs(10);

/// Gives a request its id.
pub fn name(request: &ServiceRequest) -> HeaderValue {
    let id = request_id(request);
    request.extensions_mut().insert(RequestId(id.clone()));
    id
}

/// Lets a request to a resource through, or tells why not. It stands behind the routing and before this very resource: what
/// the path looked like before it was decoded is nothing to it.
///
/// # Errors
/// actix's own, when a handler fails to make a response.
pub async fn guard(
    resource: &'static str,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let begun = Instant::now();
    let admitted = match admit(resource, &request) {
        Ok(admitted) => reads(resource, &request, &admitted.caller).await.map(|place| (admitted, place)),
        Err(refusal) => Err(refusal),
    };
    let response = match admitted {
        Ok((admitted, _place)) => {
            request.extensions_mut().insert(admitted.caller);
            request.extensions_mut().insert(admitted.says);
            next.call(request).await?.map_into_left_body()
        }
        Err(refusal) => request.error_response(refusal).map_into_right_body(),
    };
    // by the route, never by the path: as many series as there are routes and statuses
    let status = response.status().as_u16().to_string();
    metrics::counter!("jumun_http_requests_total", "route" => resource, "status" => status).increment(1);
    metrics::histogram!("jumun_http_seconds", "route" => resource).record(begun.elapsed());
    Ok(response)
}

/// A place for one who reads the database, where it is a token's. Streams have places of their own.
async fn reads(
    resource: &str,
    request: &ServiceRequest,
    caller: &Caller,
) -> Result<Option<OwnedSemaphorePermit>, ApiError> {
    let shared = request
        .app_data::<web::Data<AppState>>()
        .filter(|_| *request.method() == Method::GET && !STREAMS.contains(&resource) && caller.role().is_some());
    let Some(shared) = shared else { return Ok(None) };
    match timeout(READ_WAIT_MAX, shared.reads.of(&caller.actor()).acquire_owned()).await {
        Ok(Ok(place)) => Ok(Some(place)),
        Ok(Err(_)) | Err(_) => {
            let why = format!("this token reads {READS_OF_ONE_MAX} things at once already, and they take long");
            Err(ProblemKind::Busy.error(why))
        }
    }
}

/// The request's id, once it has one.
#[derive(Debug, Clone)]
struct RequestId(HeaderValue);

/// The request's id, as its response and the log name it.
pub fn named(request: &HttpRequest) -> String {
    let extensions = request.extensions();
    let id = extensions.get::<RequestId>().and_then(|id| id.0.to_str().ok());
    id.unwrap_or_default().to_owned()
}

fn request_id(request: &ServiceRequest) -> HeaderValue {
    // it goes into the log and the audit: no card number does
    let harmless = |v: &HeaderValue| v.to_str().is_ok_and(|text| !cards::holds(text));
    let fits =
        |v: &&HeaderValue| (8..=64).contains(&v.len()) && v.as_bytes().iter().all(u8::is_ascii_graphic) && harmless(v);
    let own = request.headers().get(REQUEST_ID).filter(fits).cloned();
    let made = || HeaderValue::from_str(&uuid::Uuid::now_v7().to_string());
    own.or_else(|| made().ok()).unwrap_or_else(|| HeaderValue::from_static("none"))
}

/// Who was let through.
struct Admitted {
    caller: Caller,
    says: Says,
}

impl Admitted {
    /// Without a word about payments.
    const fn without_says(caller: Caller) -> Self {
        Self { caller, says: Says::Nothing }
    }
}

fn admit(resource: &str, request: &ServiceRequest) -> Result<Admitted, ApiError> {
    let shared = request
        .app_data::<web::Data<AppState>>()
        .ok_or_else(|| ProblemKind::Fault.error("the HTTP API is not set up"))?;
    let Some(access) = shared.routes.access(request.method(), resource) else {
        shared.anyones.take_unknown(request.request())?;
        return Ok(Admitted::without_says(Caller::Nobody)); // the resource says that it has no such method
    };
    if matches!(access, Access::All) {
        // probes are never kept waiting
        if !PROBES.contains(&resource) {
            shared.anyones.take_unknown(request.request())?;
        }
        return Ok(Admitted::without_says(Caller::Anyone));
    }
    if matches!(access, Access::Signed) {
        return Ok(Admitted::without_says(Caller::Nobody)); // the body is not read yet
    }
    if shared.parts.tokens.open() {
        shared.rates.take("anyone", shared.parts.rate)?;
        return Ok(Admitted { caller: Caller::Anyone, says: Says::Payments });
    }
    let token = match token(request.request(), &shared.parts.tokens, &*shared.parts.clock) {
        Ok(token) => token,
        Err(refusal) => {
            shared.strangers.take(request.request())?;
            note_denied(request.request(), "no token", "no token that is known");
            return Err(refusal);
        }
    };
    shared.rates.take(&token.name, shared.parts.rate)?;
    let caller = Caller::of(&token, customer(request)?);
    if !access.lets(token.role) {
        let why = format!("a token of role {} may not do that", token.role.word());
        return Err(deny(request.request(), &token.name, &why));
    }
    // goods are nobody's, and who it is a token may always ask
    let of_somebody = ["/v1/orders", "/v1/commands", "/v1/events"].iter().any(|of| resource.starts_with(of));
    if of_somebody && matches!(caller, Caller::Checkout { customer: None, .. }) {
        let why = format!("a checkout says for whom it asks, in the header {CUSTOMER}");
        return Err(deny(request.request(), &token.name, &why));
    }
    let says = token.says_paid();
    request.extensions_mut().insert(token);
    Ok(Admitted { caller, says })
}

/// Ends when the token that asks is taken away or over: what it listens to ends with it.
pub fn over(request: &HttpRequest, shared: &AppState) -> impl Future<Output = ()> + use<> {
    keyring::over(request.extensions().get::<Arc<AccessToken>>().cloned(), shared.parts.clock.now())
}

fn token(request: &HttpRequest, tokens: &Keyring, clock: &dyn Clock) -> Result<Arc<AccessToken>, ApiError> {
    let header = request.headers().get(AUTHORIZATION).and_then(|v| v.to_str().ok());
    let Some(text) = header.and_then(bearer) else {
        return Err(ProblemKind::NoToken.error("send the header Authorization: Bearer TOKEN"));
    };
    let found = tokens.tokens().find(text, clock.now());
    found.map_err(|why| ProblemKind::NoToken.error(why))
}

/// Whether whoever asks for what anybody may ask for shows a token that is known, or needs none.
pub fn known(request: &HttpRequest) -> bool {
    let shared = request.app_data::<web::Data<AppState>>();
    shared.is_some_and(|shared| shows(request, &shared.parts.tokens, &*shared.parts.clock))
}

/// The same, by these tokens.
pub fn shows(request: &HttpRequest, tokens: &Keyring, clock: &dyn Clock) -> bool {
    tokens.open() || token(request, tokens, clock).is_ok()
}

fn customer(request: &ServiceRequest) -> Result<Option<CustomerId>, ApiError> {
    let Some(named) = request.headers().get(CUSTOMER) else { return Ok(None) };
    let read = named.to_str().ok().and_then(|text| CustomerId::new(text).ok());
    read.map(Some).ok_or_else(|| ProblemKind::Invalid.error(format!("the header {CUSTOMER} holds no customer id")))
}

/// A refusal is a line in the log, if there were not too many: who, what, never the token, nor what looks like a card number in the path.
pub fn note_denied(request: &HttpRequest, who: &str, what: &str) {
    metrics::counter!("jumun_http_denied_total").increment(1);
    if request.app_data::<web::Data<AppState>>().is_some_and(|s| !s.denials.tells(who, Instant::now())) {
        return;
    }
    let peer = origin::of(request).map(|(client, _)| client.to_string()).unwrap_or_default();
    let path = shown(request);
    tracing::warn!(request_id = named(request), who, method = %request.method(), path, peer, what, "denied");
}

/// The path as it may be kept.
fn shown(request: &HttpRequest) -> String {
    let path = request.match_info().as_str(); // decoded: %34 hides no digit
    cards::masked(path).unwrap_or_else(|| path.to_owned())
}

/// Refuses somebody, with a line in the log.
pub fn deny(request: &HttpRequest, who: &str, why: &str) -> ApiError {
    note_denied(request, who, why);
    ProblemKind::Forbidden.error(why)
}

/// Whether it may say that money came in.
pub fn says(request: &HttpRequest) -> Says {
    request.extensions().get::<Says>().copied().unwrap_or(Says::Nothing)
}

/// Requests a second by each token: as many buckets as there are tokens.
#[derive(Debug, Default)]
pub struct Rates(Mutex<HashMap<String, Bucket>>);

impl Rates {
    /// Takes one request of `who`'s.
    ///
    /// # Errors
    /// When there were too many.
    pub fn take(&self, who: &str, rate: u32) -> Result<(), ApiError> {
        if rate == 0 {
            return Ok(());
        }
        let (full, now) = (f64::from(rate), Instant::now());
        let size = Size { a_second: full, full };
        let Ok(mut buckets) = self.0.lock() else { return Ok(()) };
        if buckets.entry(who.to_owned()).or_insert_with(|| Bucket::full(size, now)).take(size, now) {
            return Ok(());
        }
        Err(ProblemKind::TooMany.error(format!("at most {rate} requests a second")))
    }
}

/// A body: bounded in size and in time.
pub struct Body(pub web::Bytes);

impl FromRequest for Body {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, ApiError>>>>;

    fn from_request(_: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let mut payload = payload.take();
        Box::pin(async move {
            let read = async {
                let mut body = web::BytesMut::new();
                while let Some(part) = payload.next().await {
                    let part = part.map_err(|e| ProblemKind::NotJson.error(e.to_string()))?;
                    if body.len() + part.len() > crate::protocol::decode::COMMAND_BYTES_MAX {
                        let most = crate::protocol::decode::COMMAND_BYTES_MAX;
                        return Err(ProblemKind::TooLarge.error(format!("a body is at most {most} bytes")));
                    }
                    body.extend_from_slice(&part);
                }
                Ok(Body(body.freeze()))
            };
            tokio::time::timeout(BODY_WAIT, read)
                .await
                .unwrap_or_else(|_| Err(ProblemKind::Timeout.error(format!("a body takes at most {BODY_WAIT:?}"))))
        })
    }
}
