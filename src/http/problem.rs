//! Errors of the HTTP API itself, as RFC 9457 problem details with the reason codes of the protocol.

use std::fmt;

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
};
use serde::Serialize;

use crate::{integrations::signature::HEADER, log::LogError, store::StoreError};

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

/// What a refusal of the HTTP API is about: it decides the status, the reason code and the title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
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

impl ProblemKind {
    /// Every one.
    pub const ALL: [ProblemKind; 17] = [
        ProblemKind::NotJson,
        ProblemKind::Twice,
        ProblemKind::NotJsonType,
        ProblemKind::Invalid,
        ProblemKind::NoToken,
        ProblemKind::BadSignature,
        ProblemKind::Forbidden,
        ProblemKind::Foreign,
        ProblemKind::UnknownHost,
        ProblemKind::NotFound,
        ProblemKind::Method,
        ProblemKind::Timeout,
        ProblemKind::TooLarge,
        ProblemKind::TooMany,
        ProblemKind::Busy,
        ProblemKind::NotTaken,
        ProblemKind::Fault,
    ];

    /// Status, stable code, title.
    pub const fn row(self) -> (StatusCode, &'static str, &'static str) {
        use ProblemKind as P;
        match self {
            P::NotJson => (StatusCode::BAD_REQUEST, "invalid", "the body can't be read"),
            P::Twice => (StatusCode::BAD_REQUEST, "invalid", "a header that decides is there twice"),
            P::NotJsonType => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", "a body is application/json"),
            P::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "the request is not valid"),
            P::NoToken => (StatusCode::UNAUTHORIZED, "no_token", "a token is needed"),
            P::BadSignature => (StatusCode::UNAUTHORIZED, "bad_signature", "the body is not signed as it should be"),
            P::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "this token may not do that"),
            P::Foreign => (StatusCode::FORBIDDEN, "foreign_site", "not for other sites' pages"),
            P::UnknownHost => (StatusCode::FORBIDDEN, "unknown_host", "this server has another name"),
            P::NotFound => (StatusCode::NOT_FOUND, "not_found", "there is nothing here"),
            P::Method => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "not by this method"),
            P::Timeout => (StatusCode::REQUEST_TIMEOUT, "timeout", "the body came too slowly"),
            P::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the body is too large"),
            P::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "too many requests"),
            P::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy", "not now"),
            P::NotTaken => (StatusCode::BAD_GATEWAY, "not_taken", "the receiver would not have it"),
            P::Fault => (StatusCode::INTERNAL_SERVER_ERROR, "fault", "a fault of ours"),
        }
    }

    /// An error of this kind, with the headers that every one of the kind has.
    pub fn error(self, detail: impl Into<String>) -> ApiError {
        let mut error = ApiError { kind: self, detail: detail.into(), headers: Vec::new(), closes: false };
        if matches!(self, ProblemKind::Busy | ProblemKind::TooMany) {
            error = error.with(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if matches!(self, ProblemKind::Timeout | ProblemKind::TooLarge) {
            error = error.closing(); // the rest of the body is not waited for
        }
        if self == ProblemKind::NoToken {
            error = error.with(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self == ProblemKind::BadSignature {
            error = error.with(header::WWW_AUTHENTICATE, HeaderValue::from_static(HEADER));
        }
        error
    }
}

/// Why a request is refused. Handlers return it, and actix makes the response of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    kind: ProblemKind,
    detail: String,
    /// the response's headers; of one that is named twice the later value is sent
    headers: Vec<(HeaderName, HeaderValue)>,
    /// whether the connection ends with the response
    closes: bool,
}

impl ApiError {
    /// The same, with this header in place of one of its name.
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same, and the connection ends with the response.
    pub const fn closing(mut self) -> Self {
        self.closes = true;
        self
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.kind.row().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, reason, title) = self.kind.row();
        let mut response = HttpResponse::build(status);
        for header in &self.headers {
            response.insert_header(header.clone());
        }
        if self.closes {
            response.force_close();
        }
        response.content_type("application/problem+json").json(Problem {
            kind: format!("/problems/{reason}"),
            title: title.into(),
            status: status.as_u16(),
            detail: self.detail.clone(),
            reason: reason.into(),
        })
    }
}

/// A path of several that one pattern stands for, each with its own method.
pub fn only(method: &'static str, detail: impl Into<String>) -> ApiError {
    ProblemKind::Method.error(detail).with(header::ALLOW, HeaderValue::from_static(method))
}

/// Logged where it becomes the response: what the store says when it can't answer is not for clients to see.
impl From<StoreError> for ApiError {
    fn from(e: StoreError) -> Self {
        tracing::warn!(error = %e, "a request failed on the store");
        ProblemKind::Busy.error("the store does not answer; try again")
    }
}

/// The same of the log.
impl From<LogError> for ApiError {
    fn from(e: LogError) -> Self {
        tracing::warn!(error = %e, "a request failed on the command log");
        ProblemKind::Busy.error("the command log does not answer; try again")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_one_value_of_a_header_and_makes_the_same_response_twice() {
        let error = ProblemKind::Busy.error("later").with(header::RETRY_AFTER, HeaderValue::from_static("30"));
        for response in [error.error_response(), error.error_response()] {
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            let sent: Vec<&HeaderValue> = response.headers().get_all(header::RETRY_AFTER).collect();
            assert_eq!(sent, ["30"]);
        }
    }

    #[test]
    fn the_connection_ends_where_the_rest_of_a_body_is_not_waited_for() {
        for kind in ProblemKind::ALL {
            let closes =
                kind.error("").error_response().head().connection_type() == actix_web::http::ConnectionType::Close;
            assert_eq!(closes, matches!(kind, ProblemKind::Timeout | ProblemKind::TooLarge), "{kind:?}");
        }
        assert!(ProblemKind::TooMany.error("").closing().closes);
    }
}
