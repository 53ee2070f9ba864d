//! What every payment gateway promises, and what the simulated one does by rule.

use std::time::{Duration, Instant};

use jumun::{
    domain::{ids::OrderId, money::Won, order::command::PaymentMethod},
    integrations::payment::{
        Charge, PaymentGateway, RefundAsk, Verdict,
        simulated::{Rules, Simulated, chance},
    },
};

use crate::support::payments::{SECRET, Service};

fn charge(order: &str) -> Charge {
    Charge { order_id: OrderId::stored(order), method: PaymentMethod::Card, amount: Won::new(10_000) }
}

fn refund(key: &str, attempt: usize) -> RefundAsk {
    RefundAsk {
        order_id: OrderId::stored("o-1"),
        lane: 0,
        key: key.into(),
        amount: Won::new(7_000),
        method: PaymentMethod::Card,
        payment_id: Some("a-1".into()),
        account: None,
        attempt,
    }
}

/// The contract: a charge that is done names its approval, and asked again names the same; a refund that is done stays
/// done; whatever is not done says why.
async fn keeps_its_word(gateway: &dyn PaymentGateway) {
    for n in 0..50 {
        let first = gateway.charge(&charge(&format!("o-{n}"))).await;
        match &first {
            Verdict::Done(approval) => assert!(!approval.is_empty()),
            Verdict::Refused(why) | Verdict::Pending(why) | Verdict::Unknown(why) => assert!(!why.is_empty()),
        }
        if !matches!(first, Verdict::Unknown(_) | Verdict::Pending(_)) {
            assert_eq!(gateway.charge(&charge(&format!("o-{n}"))).await, first);
        }
        let key = format!("refund-{n}");
        let mut done = false;
        for attempt in 0..4 {
            match gateway.refund(&refund(&key, attempt)).await {
                Verdict::Done(_) => done = true,
                Verdict::Refused(why) | Verdict::Pending(why) | Verdict::Unknown(why) => {
                    assert!(!why.is_empty());
                    assert!(!done, "a refund that was done is done: {why}");
                }
            }
        }
        assert!(done, "a refund that is asked again comes through");
    }
}

fn simulated(rules: &str) -> Simulated {
    Simulated::new(rules.parse::<Rules>().unwrap())
}

#[tokio::test]
async fn every_gateway_keeps_its_word() {
    for rules in ["", "decline=500", "fail=500", "silent=500", "decline=300,fail=300,silent=300,delay=1ms"] {
        keeps_its_word(&simulated(rules)).await;
    }
}

#[tokio::test]
async fn a_service_over_http_keeps_its_word() {
    for flags in [
        &[][..],
        &["--refuse", "1"],
        &["--fail", "2"],
        &["--silent", "1"],
        &["--decline", "5000"],
        &["--delay", "0.01"],
    ] {
        let service = Service::start(flags);
        keeps_its_word(&*service.gateway(SECRET)).await;
        let keys = service.keys();
        let refunds = keys.iter().filter(|(key, _)| key.starts_with("refund-"));
        assert_eq!(
            refunds.filter(|(_, (tries, effects))| (*tries, *effects) == (4, 1)).count(),
            50,
            "{flags:?}: {keys:?}"
        );
    }
}

#[tokio::test]
async fn a_request_that_comes_late_is_refused_again() {
    let service = Service::start(&["--refuse", "1"]);
    let gateway = service.gateway(SECRET);
    for (attempt, done) in [(0, false), (0, false), (1, true), (0, true)] {
        let verdict = gateway.refund(&refund("refund-1", attempt)).await;
        assert_eq!(matches!(verdict, Verdict::Done(_)), done, "{attempt}: {verdict:?}");
        assert_eq!(matches!(verdict, Verdict::Refused(_)), !done, "{attempt}: {verdict:?}");
    }
    assert_eq!(service.keys()["refund-1"], (4, 1));
}

#[tokio::test]
async fn a_refund_takes_effect_once_whatever_was_heard_of_it() {
    let gateway = simulated("fail=300,silent=300");
    let (mut failed, mut silent) = (0, 0);
    for n in 0..200 {
        let key = format!("key-{n}");
        match gateway.refund(&refund(&key, 0)).await {
            Verdict::Done(_) => {}
            Verdict::Refused(_) => {
                failed += 1;
                assert_eq!(gateway.given_back(&key), None, "what was refused gave nothing back");
            }
            Verdict::Pending(_) | Verdict::Unknown(_) => silent += 1,
        }
        gateway.refund(&refund(&key, 1)).await;
        gateway.refund(&refund(&key, 2)).await;
        assert_eq!(gateway.given_back(&key), Some((7_000, 1)));
    }
    assert!(failed > 20 && silent > 20, "{failed} failed, {silent} were not answered");
}

#[tokio::test]
async fn charges_are_declined_by_rule_and_alike_in_every_run() {
    let gateway = simulated("decline=250");
    for n in 0..200 {
        let order = format!("o-{n}");
        let declined = matches!(gateway.charge(&charge(&order)).await, Verdict::Refused(_));
        assert_eq!(declined, chance(&order) < 250, "{order}");
    }
}

#[tokio::test]
async fn a_slow_gateway_takes_its_time() {
    let begun = Instant::now();
    assert!(matches!(simulated("delay=30ms").charge(&charge("o-1")).await, Verdict::Done(_)));
    assert!(begun.elapsed() >= Duration::from_millis(30));
}

#[test]
fn rules_that_make_no_sense_are_refused_with_a_sentence() {
    for (rules, says) in [
        ("decline", "not name=value"),
        ("decline=1001", "in thousandths"),
        ("delay=5", "like 5ms"),
        ("explode=1", "there is no rule"),
    ] {
        let refused = rules.parse::<Rules>().unwrap_err();
        assert!(refused.contains(says), "{rules}: {refused}");
    }
}
