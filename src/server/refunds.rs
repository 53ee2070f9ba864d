//! Refunds are asked here: the payment side's word comes back as a command like any other.
//!
//! What was not answered is a command too: so the refund is put off, longer each time, and does not stand before what else
//! is due. While the payment side is away, only one refund now and then is asked, to find out; the others are put off
//! without being asked.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::{
    domain::order::command::Heard,
    log::{CommandLog, Inbound},
    payment::{self, PaymentGateway, RefundAsk, Verdict},
    protocol::internal::derived_id,
};

/// How many refunds may wait to be asked; more stay due in the store.
pub const WAITING_MAX: usize = 1_024;
/// How many are asked at a time.
const AT_ONCE: usize = 32;
/// So many in a row without an answer: the payment side is away.
const AWAY_AFTER: u32 = 8;
/// How often one is asked while it is away.
const PROBE_EVERY: Duration = Duration::from_secs(5);
/// How many tries are remembered, so that none is made twice: more than can wait.
const TRIES_MAX: usize = 10_000;
/// For how long: what was told has long been decided by then, or was lost.
const TRIES_KEEP: Duration = Duration::from_secs(600);

/// Asks until it is stopped.
pub async fn run(
    gateway: Arc<dyn PaymentGateway>,
    log: Arc<dyn CommandLog>,
    asks: mpsc::Receiver<RefundAsk>,
    stop: CancellationToken,
) {
    tokio::select! {
        () = ask_all(gateway, log, asks) => {}
        () = stop.cancelled() => {}
    }
}

async fn ask_all(gateway: Arc<dyn PaymentGateway>, log: Arc<dyn CommandLog>, mut asks: mpsc::Receiver<RefundAsk>) {
    let (places, desk) = (Arc::new(Semaphore::new(AT_ONCE)), Arc::new(Desk::default()));
    while let Some(ask) = asks.recv().await {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match desk.turn(&ask, Instant::now()) {
            Turn::Asked => {}
            Turn::PutOff => {
                count("put_off");
                let why = "not asked: the payment side does not answer".into();
                desk.told(&ask, tell(&ask, Verdict::Unknown(why), &*log).await);
            }
            Turn::Ask => {
                let (gateway, log, desk) = (Arc::clone(&gateway), Arc::clone(&log), Arc::clone(&desk));
                tokio::spawn(async move {
                    let begun = Instant::now();
                    let verdict = gateway.refund(&ask).await;
                    metrics::histogram!("jumun_refund_seconds").record(begun.elapsed());
                    desk.heard(&ask, &verdict);
                    desk.told(&ask, tell(&ask, verdict, &*log).await);
                    drop(place);
                });
            }
        }
    }
}

/// What to do with a refund that is due.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Ask,
    /// the payment side is away
    PutOff,
    /// this very try is under way, or its outcome is told and not yet decided
    Asked,
}

/// What is known of the payment side and of recent tries.
#[derive(Default)]
struct Desk(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// by key: the last try, and when it was begun
    tries: HashMap<String, (usize, Instant)>,
    /// in a row
    unanswered: u32,
    next_probe: Option<Instant>,
}

impl Desk {
    fn turn(&self, ask: &RefundAsk, now: Instant) -> Turn {
        let Ok(mut known) = self.0.lock() else { return Turn::Asked };
        let fresh = |at: Instant| now.saturating_duration_since(at) < TRIES_KEEP;
        // an old try may have waited here while its outcome let the money go another way
        if known.tries.get(&ask.key).is_some_and(|(attempt, at)| ask.attempt <= *attempt && fresh(*at)) {
            return Turn::Asked;
        }
        if known.tries.len() >= TRIES_MAX {
            known.tries.retain(|_, (_, at)| fresh(*at));
            if known.tries.len() >= TRIES_MAX {
                known.tries.clear(); // a try may be made twice then: with the same key, so of one effect
            }
        }
        known.tries.insert(ask.key.clone(), (ask.attempt, now));
        if known.unanswered < AWAY_AFTER {
            return Turn::Ask;
        }
        if known.next_probe.is_some_and(|at| now < at) {
            return Turn::PutOff;
        }
        known.next_probe = Some(now + PROBE_EVERY);
        Turn::Ask
    }

    fn heard(&self, ask: &RefundAsk, verdict: &Verdict) {
        let Ok(mut known) = self.0.lock() else { return };
        let word = match verdict {
            Verdict::Done(_) => "done",
            Verdict::Refused(_) => "refused",
            Verdict::Pending(_) => "pending",
            Verdict::Unknown(why) => {
                count("nothing");
                tracing::warn!(
                    order_id = ask.order_id.as_str(),
                    refund_key = ask.key,
                    why,
                    "the payment side did not answer a refund; it is asked again"
                );
                known.unanswered = known.unanswered.saturating_add(1);
                if known.unanswered == AWAY_AFTER {
                    known.next_probe = Some(Instant::now() + PROBE_EVERY);
                    tracing::warn!("the payment side is away: refunds are put off, one is asked every {PROBE_EVERY:?}");
                }
                return;
            }
        };
        count(word);
        if known.unanswered >= AWAY_AFTER {
            tracing::info!("the payment side answers again");
        }
        known.unanswered = 0;
    }

    /// What could not be told must be asked again.
    fn told(&self, ask: &RefundAsk, told: bool) {
        if !told && let Ok(mut known) = self.0.lock() {
            known.tries.remove(&ask.key);
        }
    }
}

fn count(heard: &'static str) {
    metrics::counter!("jumun_refund_asks_total", "heard" => heard).increment(1);
}

/// The verdict as a command; whether it was taken.
async fn tell(ask: &RefundAsk, verdict: Verdict, log: &dyn CommandLog) -> bool {
    let attempt = ask.attempt.to_string();
    let (tag, word, failed) = match verdict {
        Verdict::Done(_) => ("confirm_refund", "done", None),
        Verdict::Refused(why) => ("fail_refund", "failed", Some((why, Heard::Refused))),
        Verdict::Pending(why) => ("fail_refund", "pending", Some((why, Heard::Pending))),
        Verdict::Unknown(why) => ("fail_refund", "nothing", Some((why, Heard::Nothing))),
    };
    let mut command = serde_json::json!({
        "id": derived_id("refund", &[&ask.key, &attempt, word]),
        "type": tag,
        "order_id": ask.order_id,
        "actor": payment::ACTOR,
        "refund_key": ask.key,
    });
    if let Some((why, heard)) = failed {
        command["reason"] = payment::reason(&why).into();
        command["heard"] = serde_json::json!(heard);
    }
    // any lane will do: it is passed on to the order's
    let raw: Arc<[u8]> = command.to_string().into_bytes().into();
    match log.append(ask.lane, Inbound::Commands, &[raw]).await {
        Ok(_) => true,
        Err(e) => {
            tracing::warn!(order_id = ask.order_id.as_str(), refund_key = ask.key, error = %e, "a refund's outcome could not be told; it is asked again");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ids::OrderId, money::Won, order::command::Means};

    fn ask(key: &str, attempt: usize) -> RefundAsk {
        let (order_id, amount) = (OrderId::stored("o-1"), Won::new(1));
        RefundAsk { order_id, lane: 0, key: key.into(), amount, means: Means::Card, approval_id: None, attempt }
    }

    #[test]
    fn a_try_is_made_once() {
        let (desk, now) = (Desk::default(), Instant::now());
        assert_eq!(desk.turn(&ask("a", 0), now), Turn::Ask);
        assert_eq!(desk.turn(&ask("a", 0), now), Turn::Asked);
        assert_eq!(desk.turn(&ask("a", 1), now), Turn::Ask);
        assert_eq!(desk.turn(&ask("a", 0), now), Turn::Asked, "an old one that waited");
        desk.told(&ask("a", 1), false);
        assert_eq!(desk.turn(&ask("a", 1), now), Turn::Ask, "nobody heard of it");
        assert_eq!(desk.turn(&ask("a", 1), now + TRIES_KEEP), Turn::Ask);
    }

    #[test]
    fn tries_are_remembered_within_bounds() {
        let (desk, now) = (Desk::default(), Instant::now());
        for n in 0..=TRIES_MAX {
            assert_eq!(desk.turn(&ask(&n.to_string(), 0), now), Turn::Ask);
        }
        assert!(desk.0.lock().unwrap().tries.len() <= TRIES_MAX);
    }

    #[test]
    fn a_payment_side_that_is_away_is_asked_now_and_then() {
        let (desk, now) = (Desk::default(), Instant::now());
        let dead = Verdict::Unknown("no answer".into());
        for n in 0..usize::try_from(AWAY_AFTER).unwrap() {
            assert_eq!(desk.turn(&ask("a", n), now), Turn::Ask);
            desk.heard(&ask("a", n), &dead);
        }
        let later = |seconds| now + Duration::from_secs(seconds);
        assert_eq!(desk.turn(&ask("b", 0), later(1)), Turn::PutOff);
        assert_eq!(desk.turn(&ask("c", 0), later(10)), Turn::Ask, "one, to find out");
        assert_eq!(desk.turn(&ask("d", 0), later(10)), Turn::PutOff);
        desk.heard(&ask("c", 0), &dead);
        assert_eq!(desk.turn(&ask("e", 0), later(12)), Turn::PutOff);
        assert_eq!(desk.turn(&ask("f", 0), later(16)), Turn::Ask);
        desk.heard(&ask("f", 0), &Verdict::Pending("soon".into()));
        assert_eq!(desk.turn(&ask("g", 0), later(16)), Turn::Ask, "it answers again");
        assert_eq!(desk.turn(&ask("h", 0), later(16)), Turn::Ask);
    }
}
