//! Refunds are asked here: the payment side's word comes back as a command like any other.
//!
//! What was not answered is a command too: so the refund is put off, longer each time, and does not stand before what else
//! is due. While the payment side is away, only one refund now and then is asked, to find out; the others are put off
//! without being asked.
//!
//! What waits here grows stale. The refund may have been refused meanwhile and the money have gone by bank transfer, through
//! this server or through a successor while this one was frozen. So nothing is asked that was found due long ago, that is
//! not this server's any more, or that its order does not wait for, by the database, at that very moment.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::{
    domain::order::command::RefundOutcome,
    history::replay,
    integrations::payment::{self, DueRefund, PaymentGateway, RefundAsk, Verdict},
    log::{CommandLog, Inbound},
    protocol::{command::RefundAccount, internal::derived_id},
    store::{LaneStore, Lease},
    vault::Secret,
};

/// How many refunds may wait to be asked; more stay due in the store.
pub const WAITING_MAX: usize = 1_024;
/// How many are asked at a time.
const AT_ONCE: usize = 32;
/// How old a finding may be that a refund is due: an older one is dropped. Its order stays due and is found again.
const FOUND_MAX: Duration = Duration::from_secs(10);
/// So many in a row without an answer: the payment side is away.
const AWAY_AFTER: u32 = 8;
/// How often one is asked while it is away.
const PROBE_EVERY: Duration = Duration::from_secs(5);
/// How many tries are remembered, so that none is made twice: more than can wait.
const TRIES_MAX: usize = 10_000;
/// For how long: what was told has long been decided by then, or was lost.
const TRIES_KEEP: Duration = Duration::from_secs(600);

/// Whom the asking needs.
pub struct RefundDispatcher {
    pub gateway: Arc<dyn PaymentGateway>,
    pub log: Arc<dyn CommandLog>,
    pub store: Arc<dyn LaneStore>,
}

/// Asks until it is stopped.
pub async fn run(dispatcher: RefundDispatcher, asks: mpsc::Receiver<DueRefund>, stop: CancellationToken) {
    tokio::select! {
        biased;
        () = ask_all(dispatcher, asks) => {}
        () = stop.cancelled() => {}
    }
}

async fn ask_all(dispatcher: RefundDispatcher, mut asks: mpsc::Receiver<DueRefund>) {
    let (places, breaker) = (Arc::new(Semaphore::new(AT_ONCE)), Arc::new(CircuitBreaker::default()));
    let dispatcher = Arc::new(dispatcher);
    while let Some(due) = asks.recv().await {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        if stale(&due) {
            count("dropped");
            continue;
        }
        match breaker.turn(&due.ask, Instant::now()) {
            Admission::Asked => {}
            Admission::PutOff => {
                count("deferred");
                let why = "not asked: the payment side does not answer".into();
                breaker.told(&due.ask, tell(&due.ask, Verdict::Unknown(why), &*dispatcher.log).await);
            }
            Admission::Ask => {
                let (dispatcher, breaker) = (Arc::clone(&dispatcher), Arc::clone(&breaker));
                tokio::spawn(async move {
                    dispatcher.ask(&due, &breaker).await;
                    drop(place);
                });
            }
        }
    }
}

/// Whether it was found due too long ago. A clock that stands while the machine is suspended does not tell; what
/// [`RefundDispatcher::waits`] asks does.
fn stale(due: &DueRefund) -> bool {
    due.found.elapsed() >= FOUND_MAX
}

impl RefundDispatcher {
    async fn ask(&self, due: &DueRefund, breaker: &CircuitBreaker) {
        let ask = &due.ask;
        if !self.waits(due).await || stale(due) {
            count("dropped");
            breaker.told(ask, false);
            return;
        }
        let Some(account) = self.account(ask).await else {
            count("dropped");
            breaker.told(ask, false);
            return;
        };
        let begun = Instant::now();
        let verdict = self.gateway.refund(&RefundAsk { account, ..ask.clone() }).await;
        metrics::histogram!("jumun_refund_seconds").record(begun.elapsed());
        breaker.heard(ask, &verdict);
        breaker.told(ask, tell(ask, verdict, &*self.log).await);
    }

    /// The account that the buyer gave for refunds, if any; `None` when nobody can say now. One that can't be opened is as if
    /// there were none: the payment side says what it needs.
    async fn account(&self, ask: &RefundAsk) -> Option<Option<RefundAccount>> {
        let rows = match self.store.accounts(&ask.order_id).await {
            Ok(rows) => rows,
            Err(e) => {
                tracing::info!(order_id = ask.order_id.as_str(), refund_key = ask.key, error = %e, "a refund is not asked for");
                return None;
            }
        };
        let sealed =
            rows.iter().find(|r| r.prsn_knd_cd == Secret::RefundAccount.code()).and_then(|r| r.acct_enc.as_deref());
        let Some((sealed, vault)) = sealed.zip(self.store.vault()) else { return Some(None) };
        let opened = vault.open_account(ask.order_id.as_str(), Secret::RefundAccount, sealed);
        Some(opened.inspect_err(|e| {
            tracing::error!(order_id = ask.order_id.as_str(), refund_key = ask.key, error = %e, "a refund account can't be opened");
        }).ok())
    }

    /// Whether the lane that found it due is still this server's, and its order still waits for this very try.
    async fn waits(&self, due: &DueRefund) -> bool {
        let (ask, lease) = (&due.ask, Lease { partition: due.ask.lane, epoch: due.epoch });
        // the order last: what it says is to be as new as can be
        let why = match self.store.owns(&lease).await {
            Ok(true) => match self.store.orders(std::slice::from_ref(&ask.order_id)).await {
                Ok(found) => match replay::fold(found.first().map_or(&[], Vec::as_slice)) {
                    Ok(folded) => {
                        let mut refunds = folded.iter().flat_map(|f| &f.order.refunds);
                        let refund = refunds.find(|r| r.key == ask.key);
                        if refund.is_some_and(|r| r.next_attempt_at().is_some() && r.tries.len() == ask.attempt) {
                            return true;
                        }
                        "its order does not wait for this try any more".to_owned()
                    }
                    Err(e) => e,
                },
                Err(e) => e.to_string(),
            },
            Ok(false) => "a successor owns the partition".to_owned(),
            Err(e) => e.to_string(),
        };
        tracing::info!(order_id = ask.order_id.as_str(), refund_key = ask.key, why, "a refund is not asked for");
        false
    }
}

/// What to do with a refund that is due.
#[derive(Debug, PartialEq, Eq)]
enum Admission {
    Ask,
    /// the payment side is away
    PutOff,
    /// this very try is under way, or its outcome is told and not yet decided
    Asked,
}

/// What is known of the payment side and of recent tries.
#[derive(Default)]
struct CircuitBreaker(Mutex<Known>);

/// A try of this server's.
#[derive(Clone, Copy)]
struct Try {
    attempt: usize,
    begun: Instant,
    /// its outcome is not told yet
    under_way: bool,
}

#[derive(Default)]
struct Known {
    /// by key: the last
    tries: HashMap<String, Try>,
    /// in a row
    unanswered: u32,
    next_probe: Option<Instant>,
}

impl CircuitBreaker {
    fn turn(&self, ask: &RefundAsk, now: Instant) -> Admission {
        let Ok(mut known) = self.0.lock() else { return Admission::Asked };
        let fresh = |at: Instant| now.saturating_duration_since(at) < TRIES_KEEP;
        // the outcome of a try may be told and not yet decided
        if known.tries.get(&ask.key).is_some_and(|t| ask.attempt <= t.attempt && fresh(t.begun)) {
            return Admission::Asked;
        }
        if known.tries.len() >= TRIES_MAX {
            known.tries.retain(|_, t| fresh(t.begun));
            if known.tries.len() >= TRIES_MAX {
                // one may be made twice then, with the same key, and only for as long as its order waits for that try
                known.tries.retain(|_, t| t.under_way);
            }
        }
        known.tries.insert(ask.key.clone(), Try { attempt: ask.attempt, begun: now, under_way: true });
        if known.unanswered < AWAY_AFTER {
            return Admission::Ask;
        }
        if known.next_probe.is_some_and(|at| now < at) {
            return Admission::PutOff;
        }
        known.next_probe = Some(now + PROBE_EVERY);
        Admission::Ask
    }

    fn heard(&self, ask: &RefundAsk, verdict: &Verdict) {
        let Ok(mut known) = self.0.lock() else { return };
        let word = match verdict {
            Verdict::Done(_) => "done",
            Verdict::Refused(_) => "refused",
            Verdict::Pending(_) => "pending",
            Verdict::Unknown(why) => {
                count("no_response");
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

    /// A try is over. What could not be told must be asked again.
    fn told(&self, ask: &RefundAsk, told: bool) {
        let Ok(mut known) = self.0.lock() else { return };
        let this = known.tries.get_mut(&ask.key).filter(|t| t.attempt == ask.attempt);
        match this {
            Some(_) if !told => drop(known.tries.remove(&ask.key)),
            Some(this) => this.under_way = false,
            None => {}
        }
    }
}

fn count(outcome: &'static str) {
    metrics::counter!("jumun_refund_requests_total", "outcome" => outcome).increment(1);
}

/// The verdict as a command; whether it was taken.
async fn tell(ask: &RefundAsk, verdict: Verdict, log: &dyn CommandLog) -> bool {
    let attempt = ask.attempt.to_string();
    // the middle ones make ids, so they stay as they are: the same try has the same id after an upgrade
    let (tag, word, failed) = match verdict {
        Verdict::Done(_) => ("confirm_refund", "done", None),
        Verdict::Refused(why) => ("fail_refund", "failed", Some((why, RefundOutcome::Refused))),
        Verdict::Pending(why) => ("fail_refund", "pending", Some((why, RefundOutcome::Pending))),
        Verdict::Unknown(why) => ("fail_refund", "nothing", Some((why, RefundOutcome::NoResponse))),
    };
    let mut command = serde_json::json!({
        "id": derived_id("refund", &[&ask.key, &attempt, word]),
        "type": tag,
        "order_id": ask.order_id,
        "actor": payment::ACTOR,
        "refund_key": ask.key,
    });
    if let Some((why, outcome)) = failed {
        command["reason"] = payment::reason(&why).into();
        command["outcome"] = serde_json::json!(outcome);
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
    use crate::{
        domain::{ids::OrderId, money::Won, order::command::PaymentMethod},
        integrations::payment::http::PATIENCE_MAX,
    };

    fn ask(key: &str, attempt: usize) -> RefundAsk {
        let (order_id, amount) = (OrderId::stored("o-1"), Won::new(1));
        RefundAsk {
            order_id,
            lane: 0,
            key: key.into(),
            amount,
            method: PaymentMethod::Card,
            payment_id: None,
            account: None,
            attempt,
        }
    }

    #[test]
    fn a_try_is_made_once() {
        let (breaker, now) = (CircuitBreaker::default(), Instant::now());
        assert_eq!(breaker.turn(&ask("a", 0), now), Admission::Ask);
        assert_eq!(breaker.turn(&ask("a", 0), now), Admission::Asked);
        assert_eq!(breaker.turn(&ask("a", 1), now), Admission::Ask);
        assert_eq!(breaker.turn(&ask("a", 0), now), Admission::Asked, "an old one that waited");
        breaker.told(&ask("a", 1), false);
        assert_eq!(breaker.turn(&ask("a", 1), now), Admission::Ask, "nobody heard of it");
        assert_eq!(breaker.turn(&ask("a", 1), now + TRIES_KEEP), Admission::Ask);
    }

    #[test]
    fn a_finding_is_dropped_before_its_try_is_forgotten() {
        // made while that try was under way, and asked for as late as can be
        assert!(PATIENCE_MAX + FOUND_MAX < TRIES_KEEP);
    }

    #[test]
    fn tries_are_remembered_within_bounds() {
        let (breaker, now) = (CircuitBreaker::default(), Instant::now());
        assert_eq!(breaker.turn(&ask("slow", 0), now), Admission::Ask);
        for n in 0..=TRIES_MAX {
            assert_eq!(breaker.turn(&ask(&n.to_string(), 0), now), Admission::Ask);
            breaker.told(&ask(&n.to_string(), 0), true);
        }
        assert!(breaker.0.lock().unwrap().tries.len() <= TRIES_MAX);
        assert_eq!(breaker.turn(&ask("slow", 0), now), Admission::Asked, "what is under way is not forgotten");
    }

    #[test]
    fn a_payment_side_that_is_away_is_asked_now_and_then() {
        let (breaker, now) = (CircuitBreaker::default(), Instant::now());
        let dead = Verdict::Unknown("no answer".into());
        for n in 0..usize::try_from(AWAY_AFTER).unwrap() {
            assert_eq!(breaker.turn(&ask("a", n), now), Admission::Ask);
            breaker.heard(&ask("a", n), &dead);
        }
        let later = |seconds| now + Duration::from_secs(seconds);
        assert_eq!(breaker.turn(&ask("b", 0), later(1)), Admission::PutOff);
        assert_eq!(breaker.turn(&ask("c", 0), later(10)), Admission::Ask, "one, to find out");
        assert_eq!(breaker.turn(&ask("d", 0), later(10)), Admission::PutOff);
        breaker.heard(&ask("c", 0), &dead);
        assert_eq!(breaker.turn(&ask("e", 0), later(12)), Admission::PutOff);
        assert_eq!(breaker.turn(&ask("f", 0), later(16)), Admission::Ask);
        breaker.heard(&ask("f", 0), &Verdict::Pending("soon".into()));
        assert_eq!(breaker.turn(&ask("g", 0), later(16)), Admission::Ask, "it answers again");
        assert_eq!(breaker.turn(&ask("h", 0), later(16)), Admission::Ask);
    }
}
