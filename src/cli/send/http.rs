//! Through the HTTP API.

use std::{process::ExitCode, time::Duration};

use anyhow::{Context as _, bail, ensure};
use reqwest::{StatusCode, Url, header::CONTENT_TYPE};
use serde_json::{Map, Value};

use super::{SendArgs, told, unknown};
use crate::{http_client, protocol::Answer};

/// Posts it; what the server itself refuses was not sent.
///
/// # Errors
/// A sentence, when it was not sent.
pub async fn send(
    url: &str,
    args: &SendArgs,
    wait: Duration,
    command: &Map<String, Value>,
) -> anyhow::Result<ExitCode> {
    let at = format!("{}/v1/commands", url.trim_end_matches('/'));
    let at = Url::parse(&at).context("--http is the server's address, as http://127.0.0.1:8080")?;
    ensure!(matches!(at.scheme(), "http" | "https"), "--http begins with http:// or https://");
    let client = http_client::client(wait, &http_client::Trust::System)?;
    let mut request = client.post(at).header(CONTENT_TYPE, "application/json").body(serde_json::to_vec(command)?);
    if let Some(token) = &args.token {
        request = request.bearer_auth(token);
    }
    if let Some(customer) = &args.customer {
        request = request.header("X-Customer-Id", customer);
    }
    let response = match request.send().await {
        Ok(response) => response,
        Err(e) if e.is_connect() || e.is_builder() => return Err(e).context("the server can't be reached"),
        Err(e) => return unknown(format!("no answer: {:#}", anyhow::Error::new(e.without_url()))),
    };
    let status = response.status();
    let text = match response.text().await {
        Ok(text) => text,
        Err(e) => return unknown(format!("its answer can't be read: {:#}", anyhow::Error::new(e.without_url()))),
    };
    if let Ok(answer) = serde_json::from_str::<Answer>(&text) {
        return told(&answer);
    }
    let said: Value = serde_json::from_str(&text).unwrap_or_default();
    let detail = said["detail"].as_str().unwrap_or("it says nothing more");
    if status == StatusCode::ACCEPTED {
        return unknown("it is not answered yet".to_owned());
    }
    if status.is_server_error() {
        return unknown(format!("the server says {}: {detail}", status.as_u16()));
    }
    bail!("the server says {}: {detail}", status.as_u16())
}
