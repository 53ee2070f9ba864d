//! Errors of the door itself, as RFC 9457 problem details with the reason codes of the protocol.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use serde::Serialize;

use crate::integrations::signature::HEADER;

/// `application/problem+json`. `type` is stable: `/problems/` and the reason.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Problem {
    #[serde(rename = "type")]
    pub kind: String,
    /// the reason in words
    pub title: String,
    pub status: u16,
    /// what is wrong with this request
    pub detail: String,
    /// a stable code
    pub reason: String,
}

/// Why the door itself refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    NotJson,
    Twice,
    NotJsonType,
    Invalid,
    NoToken,
    BadSignature,
    Forbidden,
    Foreign,
    UnknownHost,
    NotFound,
    Method,
    Timeout,
    TooLarge,
    TooMany,
    Busy,
    NotTaken,
    Fault,
}

impl Why {
    /// Every one.
    pub const ALL: [Why; 17] = [
        Why::NotJson,
        Why::Twice,
        Why::NotJsonType,
        Why::Invalid,
        Why::NoToken,
        Why::BadSignature,
        Why::Forbidden,
        Why::Foreign,
        Why::UnknownHost,
        Why::NotFound,
        Why::Method,
        Why::Timeout,
        Why::TooLarge,
        Why::TooMany,
        Why::Busy,
        Why::NotTaken,
        Why::Fault,
    ];

    /// Status, stable code, title.
    pub const fn row(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Why::NotJson => (StatusCode::BAD_REQUEST, "invalid", "the body can't be read"),
            Why::Twice => (StatusCode::BAD_REQUEST, "invalid", "a header that decides is there twice"),
            Why::NotJsonType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", "a body is application/json"),
            Why::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "the request is not valid"),
            Why::NoToken => (StatusCode::UNAUTHORIZED, "no_token", "a token is needed"),
            Why::BadSignature => (StatusCode::UNAUTHORIZED, "bad_signature", "the body is not signed as it should be"),
            Why::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "this token may not do that"),
            Why::Foreign => (StatusCode::FORBIDDEN, "foreign_site", "not for other sites' pages"),
            Why::UnknownHost => (StatusCode::FORBIDDEN, "unknown_host", "this door has another name"),
            Why::NotFound => (StatusCode::NOT_FOUND, "not_found", "there is nothing here"),
            Why::Method => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "not by this method"),
            Why::Timeout => (StatusCode::REQUEST_TIMEOUT, "timeout", "the body came too slowly"),
            Why::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the body is too large"),
            Why::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "too many requests"),
            Why::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy", "not now"),
            Why::NotTaken => (StatusCode::BAD_GATEWAY, "not_taken", "the receiver would not have it"),
            Why::Fault => (StatusCode::INTERNAL_SERVER_ERROR, "fault", "a fault of ours"),
        }
    }

    /// As a response.
    pub fn response(self, detail: impl Into<String>) -> HttpResponse {
        let (status, reason, title) = self.row();
        let mut response = HttpResponse::build(status);
        if matches!(self, Why::Busy | Why::TooMany) {
            response.insert_header((header::RETRY_AFTER, "1"));
        }
        if matches!(self, Why::Timeout | Why::TooLarge) {
            response.force_close(); // the rest of the body is not waited for
        }
        if self == Why::NoToken {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        if self == Why::BadSignature {
            response.insert_header((header::WWW_AUTHENTICATE, HEADER));
        }
        response.content_type("application/problem+json").json(Problem {
            kind: format!("/problems/{reason}"),
            title: title.into(),
            status: status.as_u16(),
            detail: detail.into(),
            reason: reason.into(),
        })
    }
}

/// A path of several that one pattern stands for, each with its own method.
pub fn only(method: &'static str, detail: impl Into<String>) -> HttpResponse {
    let mut response = Why::Method.response(detail);
    response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static(method));
    response
}

/// What the store says when it can't answer is not for clients to see.
pub fn store(e: &crate::store::StoreError) -> HttpResponse {
    tracing::warn!(error = %e, "a request failed on the store");
    Why::Busy.response("the store does not answer; try again")
}

/// The same of the log.
pub fn log(e: &crate::log::LogError) -> HttpResponse {
    tracing::warn!(error = %e, "a request failed on the command log");
    Why::Busy.response("the command log does not answer; try again")
}
