//! What comes before and behind everything at the HTTP API: a request's name, what no request may be, and what every response says
//! to caches and browsers.
//!
//! At an open door nobody shows a token, so a page of another site, shown by a browser on this machine, could do what its
//! reader may: by a request that needs no leave (CSRF), or under a name that its owner points here (DNS rebinding). So a body is
//! JSON, which no form sends; the site that asks is this one; and the name that is asked for is one of this machine's.

use std::net::IpAddr;

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderMap, HeaderName, HeaderValue},
        uri::Authority,
    },
    middleware::Next,
    web,
};

use super::{
    AppState,
    access::Access,
    guard::{self, CUSTOMER, REQUEST_ID},
    problem::{ApiError, ProblemKind},
    sliced::Sliced,
};
use crate::integrations::signature::{HEADER as SIGNATURE, HEADER_V2 as LABELLED};

/// A command's id where its body has none.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Whose page asks: browsers say it, and no page can say otherwise.
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Whose page may read the answer at all: ours.
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// Headers by which something is decided: of two values a proxy may read the other one.
pub const DECISIVE: [HeaderName; 13] = [
    header::AUTHORIZATION,
    CUSTOMER,
    IDEMPOTENCY_KEY,
    header::IF_MATCH,
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::HOST,
    header::ORIGIN,
    SITE,
    HeaderName::from_static(SIGNATURE),
    HeaderName::from_static(LABELLED),
    HeaderName::from_static("last-event-id"),
];

/// The names thwhere no authentication is configured is asked by.
#[derive(Debug, Clone, Default)]
pub struct Hosts {
    /// besides this machine's own
    pub names: Vec<String>,
    /// other machines reach it, so by its addresses too; a page can't have one of those as its name's
    pub any_address: bool,
}

impl Hosts {
    fn know(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        if self.names.iter().any(|name| name.eq_ignore_ascii_case(&host)) {
            return true;
        }
        match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            Ok(address) => self.any_address || address.to_canonical().is_loopback(),
            Err(_) => host == "localhost" || host.ends_with(".localhost"),
        }
    }
}

/// Gives a request its id, and the response the same; refuses what no request may be; and tells caches and browsers that an
/// answer is for who asked.
///
/// # Errors
/// actix's own, when a handler fails to make a response.
pub async fn front(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<Sliced>, Error> {
    let id = guard::name(&request);
    let mut response = match admit(&request) {
        Ok(()) => next.call(request).await?.map_into_left_body(),
        Err(refusal) => request.error_response(refusal).map_into_right_body(),
    };
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    // the same path says something else to another token, and to the same one for another customer
    headers.append(header::VARY, HeaderValue::from_static("Authorization, X-Customer-Id"));
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(response.map_body(|_, body| Sliced::of(body)))
}

fn admit(request: &ServiceRequest) -> Result<(), ApiError> {
    let refused = readable(request);
    // what can't be read costs somebody a place, too
    if refused.is_err()
        && let Some(shared) = request.app_data::<web::Data<AppState>>()
    {
        shared.anyones.take_unknown(request.request())?;
    }
    refused
}

fn readable(request: &ServiceRequest) -> Result<(), ApiError> {
    let headers = request.headers();
    if let Some(name) = DECISIVE.iter().find(|name| headers.get_all(*name).nth(1).is_some()) {
        return Err(ProblemKind::Twice.error(format!("the header {name} is there twice")));
    }
    // the closed API shares nothing, and takes nothing
    let Some(shared) = request.app_data::<web::Data<AppState>>() else { return Ok(()) };
    if shared.parts.tokens.open() {
        let refused = if strange_host(request, &shared.parts.hosts) {
            Some((ProblemKind::UnknownHost, "this server has another name: see --allowed-host"))
        } else if !anyones(request, shared) && of_another_site(headers) {
            Some((ProblemKind::Foreign, "a page of another site asks: it wants a token (--tokens)"))
        } else {
            None
        };
        if let Some((kind, told)) = refused {
            shared.strangers.take(request.request())?;
            guard::note_denied(request.request(), "another site", told);
            return Err(kind.error(told));
        }
    }
    if has_body(headers) && !is_json(headers) {
        return Err(ProblemKind::NotJsonType.error("send Content-Type: application/json"));
    }
    Ok(())
}

/// Whether it is for everybody anyhow: what is linked to, and what says nothing.
fn anyones(request: &ServiceRequest, shared: &AppState) -> bool {
    let access = shared.routes.access(&Method::GET, request.path());
    matches!(*request.method(), Method::GET | Method::HEAD) && matches!(access, Some(Access::All))
}

/// Whether it was asked by a name that is not one of ours. Who says none is no browser.
fn strange_host(request: &ServiceRequest, hosts: &Hosts) -> bool {
    let said = request.headers().get(header::HOST).map(|host| host.to_str().unwrap_or_default().to_owned());
    let asked = request.uri().authority().map(ToString::to_string);
    said.into_iter().chain(asked).any(|host| !host.parse().is_ok_and(|a: Authority| hosts.know(a.host())))
}

fn of_another_site(headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| headers.get(name).map(|v| v.to_str().unwrap_or_default());
    if text(&SITE).is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return true;
    }
    let ours = |origin: &str| {
        let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        authority.is_some() && authority == text(&header::HOST)
    };
    text(&header::ORIGIN).is_some_and(|origin| !ours(origin))
}

fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH);
    headers.contains_key(header::TRANSFER_ENCODING) || length.is_some_and(|length| length.as_bytes() != b"0")
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let mut parts = kind.split(';').map(str::trim);
    let json = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    // JSON is UTF-8; some clients say so
    json && parts
        .all(|more| more.eq_ignore_ascii_case("charset=utf-8") || more.eq_ignore_ascii_case("charset=\"utf-8\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_this_machines() {
        let own = Hosts { names: vec!["Shop.example".into()], any_address: false };
        let wide = Hosts { any_address: true, ..own.clone() };
        for (host, here, everywhere) in [
            ("localhost", true, true),
            ("LocalHost.", true, true),
            ("a.localhost", true, true),
            ("127.0.0.1", true, true),
            ("127.9.9.9", true, true),
            ("[::1]", true, true),
            ("[::ffff:127.0.0.1]", true, true),
            ("shop.example", true, true),
            ("10.0.0.1", false, true),
            ("[fe80::1]", false, true),
            ("evil.example", false, false),
            ("localhost.evil.example", false, false),
            ("127.0.0.1.evil.example", false, false),
            ("notlocalhost", false, false),
            ("", false, false),
        ] {
            assert_eq!((own.know(host), wide.know(host)), (here, everywhere), "{host}");
        }
    }

    #[test]
    fn a_site_is_ours_or_another() {
        for (origin, site, another) in [
            (None, None, false),
            (None, Some("none"), false),
            (None, Some("same-origin"), false),
            (None, Some("same-site"), true),
            (None, Some("cross-site"), true),
            (None, Some("whatever comes"), true),
            (Some("http://localhost:8080"), None, false),
            (Some("https://localhost:8080"), Some("same-origin"), false),
            (Some("http://localhost:8080"), Some("cross-site"), true),
            (Some("http://localhost:3000"), None, true),
            (Some("http://localhost"), None, true),
            (Some("http://evil.example"), None, true),
            (Some("null"), None, true),
            (Some(""), None, true),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("localhost:8080"));
            for (name, value) in [(header::ORIGIN, origin), (SITE, site)] {
                if let Some(value) = value {
                    headers.insert(name, HeaderValue::from_static(value));
                }
            }
            assert_eq!(of_another_site(&headers), another, "{origin:?} {site:?}");
        }
    }

    #[test]
    fn json_is_said_to_be_json() {
        for (kind, json) in [
            ("application/json", true),
            ("Application/JSON; charset=UTF-8", true),
            ("application/json;charset=\"utf-8\"", true),
            ("application/json; charset=utf-16", false),
            ("application/json, text/plain", false),
            ("application/jsonp", false),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
            ("multipart/form-data", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(kind).unwrap());
            assert_eq!(is_json(&headers), json, "{kind}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
