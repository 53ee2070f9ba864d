//! The operator's console: a page and its parts, within the binary. They speak to the HTTP API like anybody else.

use actix_web::{HttpResponse, http::header, web};

use super::problem::{ApiError, ProblemKind};

/// Nothing from elsewhere, nothing inline: a text that holds a script stays a text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// No page that opens this one, or that it opens, has a hold of it.
const OPENER_POLICY: header::HeaderName = header::HeaderName::from_static("cross-origin-opener-policy");

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("console/", $name)))),+]
    };
}

/// Every file of it.
pub const FILES: &[(&str, &str)] = files![
    "actions.js",
    "api.js",
    "app.js",
    "audit.js",
    "charts.js",
    "dom.js",
    "erase.js",
    "family.js",
    "fields.js",
    "gifts.js",
    "index.html",
    "dead_letters.js",
    "live.js",
    "menu.js",
    "openapi.js",
    "orders.js",
    "perform.js",
    "reference.js",
    "schemas.js",
    "stock.js",
    "style.css",
    "sure.js",
    "trying.js",
    "webhooks.js",
    "words.js",
];

fn served(name: &str) -> Result<HttpResponse, ApiError> {
    let found = FILES.iter().find(|(known, _)| *known == name);
    let (_, text) = found.ok_or_else(|| ProblemKind::NotFound.error(format!("the console has no {name}")))?;
    let kind = match name.rsplit_once('.') {
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        _ => "text/html; charset=utf-8",
    };
    Ok(HttpResponse::Ok()
        .content_type(kind)
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::X_FRAME_OPTIONS, "DENY"))
        .insert_header((OPENER_POLICY, "same-origin"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(*text))
}

/// `GET /`.
pub async fn page() -> Result<HttpResponse, ApiError> {
    served("index.html")
}

/// `GET /console/{file}`.
pub async fn file(name: web::Path<String>) -> Result<HttpResponse, ApiError> {
    served(&name)
}
