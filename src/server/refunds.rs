//! Refunds are asked here: the payment side's word comes back as a command like any other.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::{
    log::{CommandLog, Inbound},
    payment::{PaymentGateway, RefundAsk, Verdict},
    protocol::internal::derived_id,
};

/// How many refunds may wait to be asked; more stay due in the store.
pub const WAITING_MAX: usize = 1_024;
/// How many are asked at a time.
const AT_ONCE: usize = 32;

/// Asks until it is stopped.
pub async fn run(
    gateway: Arc<dyn PaymentGateway>,
    log: Arc<dyn CommandLog>,
    mut asks: mpsc::Receiver<RefundAsk>,
    stop: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let ask = tokio::select! {
            ask = asks.recv() => ask,
            () = stop.cancelled() => return,
        };
        let (Some(ask), Ok(place)) = (ask, Arc::clone(&places).acquire_owned().await) else { return };
        let (gateway, log) = (Arc::clone(&gateway), Arc::clone(&log));
        tokio::spawn(async move {
            let verdict = gateway.refund(&ask).await;
            tell(&ask, verdict, &*log).await;
            drop(place);
        });
    }
}

/// The verdict as a command. An unknown one says nothing: the refund stays due and is asked again with the same key.
async fn tell(ask: &RefundAsk, verdict: Verdict, log: &dyn CommandLog) {
    let attempt = ask.attempt.to_string();
    let (tag, word, reason) = match verdict {
        Verdict::Done(_) => ("confirm_refund", "done", None),
        Verdict::Refused(why) => ("fail_refund", "failed", Some(why)),
        Verdict::Unknown(why) => {
            let (order_id, refund_key) = (ask.order_id.as_str(), &*ask.key);
            tracing::warn!(order_id, refund_key, why, "the payment side did not answer a refund; it is asked again");
            return;
        }
    };
    let mut command = serde_json::json!({
        "id": derived_id("refund", &[&ask.key, &attempt, word]),
        "type": tag,
        "order_id": ask.order_id,
        "actor": "payment:gateway",
        "refund_key": ask.key,
    });
    if let Some(reason) = reason {
        command["reason"] = reason.chars().take(400).collect::<String>().into();
    }
    // any lane will do: it is passed on to the order's
    let raw: Arc<[u8]> = command.to_string().into_bytes().into();
    let lane = ask.lane;
    if let Err(e) = log.append(lane, Inbound::Commands, &[raw]).await {
        let (order_id, refund_key) = (ask.order_id.as_str(), &*ask.key);
        tracing::warn!(order_id, refund_key, error = %e, "a refund's outcome could not be told; it is asked again");
    }
}
