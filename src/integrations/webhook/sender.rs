//! One posting of a delivery of events, and what the receiver said to it.

use reqwest::{Client, StatusCode, header::CONTENT_TYPE};

use super::Hook;
use crate::{
    domain::Time,
    integrations::signature::{HEADER, HEADER_V2, Purpose},
};

/// Names a delivery, the same on every try: a receiver that has it already may say so and do nothing.
pub const DELIVERY_HEADER: &str = "jumun-webhook-id";

/// What is posted at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookDelivery {
    pub id: String,
    pub partition: u32,
    /// a JSON array
    pub events: String,
}

/// What became of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PostOutcome {
    /// 2xx
    Taken,
    /// the receiver will not have it, now or later
    Refused(String),
    /// it did not answer, or not now
    Failed(String),
}

/// Posts.
#[derive(Debug, Clone)]
pub struct Post {
    pub client: Client,
}

impl Post {
    /// Tries once.
    pub async fn send(&self, hook: &Hook, delivery: &WebhookDelivery, now: Time) -> PostOutcome {
        let body = format!(
            "{{\"webhook\":\"{}\",\"id\":\"{}\",\"partition\":{},\"events\":{}}}",
            hook.name, delivery.id, delivery.partition, delivery.events
        );
        let request = self
            .client
            .post(hook.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(DELIVERY_HEADER, &delivery.id)
            .header(HEADER, hook.secret.sign(now, body.as_bytes()))
            .header(HEADER_V2, hook.secret.sign_for(Purpose::Webhook, now, body.as_bytes()))
            .body(body);
        match request.send().await {
            // the body of the answer says nothing to us, and is not read
            Ok(answer) => judge(answer.status()),
            // without the address: it may hold a secret of its own
            Err(e) => PostOutcome::Failed(e.without_url().to_string()),
        }
    }
}

fn judge(status: StatusCode) -> PostOutcome {
    let said = format!("the receiver answered {}", status.as_u16());
    match status {
        s if s.is_success() => PostOutcome::Taken,
        // "not now", and what a wrong secret or a receiver that is being set up answers: worth another try
        StatusCode::UNAUTHORIZED
        | StatusCode::FORBIDDEN
        | StatusCode::NOT_FOUND
        | StatusCode::REQUEST_TIMEOUT
        | StatusCode::TOO_EARLY
        | StatusCode::TOO_MANY_REQUESTS => PostOutcome::Failed(said),
        s if s.is_client_error() => PostOutcome::Refused(said),
        _ => PostOutcome::Failed(said),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_later_try_may_change_is_no_refusal() {
        for (code, taken, refused) in [
            (200, true, false),
            (204, true, false),
            (302, false, false),
            (400, false, true),
            (401, false, false),
            (403, false, false),
            (404, false, false),
            (408, false, false),
            (409, false, true),
            (410, false, true),
            (422, false, true),
            (429, false, false),
            (500, false, false),
            (503, false, false),
        ] {
            let outcome = judge(StatusCode::from_u16(code).unwrap());
            let got = (outcome == PostOutcome::Taken, matches!(outcome, PostOutcome::Refused(_)));
            assert_eq!(got, (taken, refused), "{code}");
        }
    }
}
