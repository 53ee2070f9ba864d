//! A payment side made up for demonstrations and tests: approves, declines, delays or fails, by rule.

use std::{
    collections::{HashMap, VecDeque},
    sync::Mutex,
    time::Duration,
};

use async_trait::async_trait;

use super::{Charge, PaymentGateway, RefundAsk, Verdict};

/// How the simulated payment side behaves. Rates are in thousandths and decided by the order's id, so that a run repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// of charges, declined
    pub decline_permille: u32,
    /// of first refund tries, failed (a later try succeeds)
    pub fail_permille: u32,
    /// of first refund tries, done but not answered
    pub silent_permille: u32,
    /// before each answer
    pub delay: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self { decline_permille: 0, fail_permille: 0, silent_permille: 0, delay: Duration::ZERO }
    }
}

impl std::str::FromStr for Rules {
    type Err = String;

    /// `decline=50,fail=100,silent=20,delay=5ms`, each part optional.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut rules = Rules::default();
        for part in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(|| format!("{part:?} is not name=value"))?;
            let permille = || match value.parse::<u32>() {
                Ok(n) if n <= 1000 => Ok(n),
                _ => Err(format!("{name} is in thousandths, 0 to 1000, not {value:?}")),
            };
            match name {
                "decline" => rules.decline_permille = permille()?,
                "fail" => rules.fail_permille = permille()?,
                "silent" => rules.silent_permille = permille()?,
                "delay" => {
                    let ms = value.strip_suffix("ms").and_then(|n| n.parse().ok());
                    rules.delay = Duration::from_millis(ms.ok_or_else(|| format!("delay is like 5ms, not {value:?}"))?);
                }
                _ => return Err(format!("there is no rule {name:?}; there are decline, fail, silent, delay")),
            }
        }
        Ok(rules)
    }
}

/// How many refund keys are remembered: enough for every retry in flight.
const KEYS_MAX: usize = 100_000;

#[derive(Default)]
struct Keys {
    /// key → (amount given back, times it took effect)
    done: HashMap<String, (i64, u32)>,
    order: VecDeque<String>,
}

/// The simulated payment side.
pub struct Simulated {
    rules: Rules,
    keys: Mutex<Keys>,
}

impl Simulated {
    /// With these rules.
    pub fn new(rules: Rules) -> Self {
        Self { rules, keys: Mutex::new(Keys::default()) }
    }

    /// How much a key has given back, and how often it took effect (never more than once).
    pub fn given_back(&self, key: &str) -> Option<(i64, u32)> {
        self.keys.lock().ok()?.done.get(key).copied()
    }

    fn take_effect(&self, ask: &RefundAsk) {
        let Ok(mut keys) = self.keys.lock() else { return };
        if keys.done.contains_key(&ask.key) {
            return; // asked before: the same refund
        }
        if keys.order.len() >= KEYS_MAX
            && let Some(oldest) = keys.order.pop_front()
        {
            keys.done.remove(&oldest);
        }
        keys.order.push_back(ask.key.clone());
        keys.done.insert(ask.key.clone(), (ask.amount.get(), 1));
    }
}

/// A number below 1,000 that the same text always gives (FNV-1a).
pub fn chance(text: &str) -> u32 {
    let hash = text.bytes().fold(0x811c_9dc5_u32, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193));
    hash % 1_000
}

#[async_trait]
impl PaymentGateway for Simulated {
    async fn charge(&self, charge: &Charge) -> Verdict {
        tokio::time::sleep(self.rules.delay).await;
        if chance(charge.order_id.as_str()) < self.rules.decline_permille {
            return Verdict::Refused("declined by the simulated card company".into());
        }
        Verdict::Done(format!("sim-{}", charge.order_id))
    }

    async fn refund(&self, ask: &RefundAsk) -> Verdict {
        tokio::time::sleep(self.rules.delay).await;
        let dice = chance(&ask.key);
        let first = ask.attempt == 0;
        if first && dice < self.rules.fail_permille {
            return Verdict::Refused("the simulated payment side is out of order".into());
        }
        self.take_effect(ask);
        if first && dice < self.rules.fail_permille + self.rules.silent_permille {
            return Verdict::Unknown("no answer".into());
        }
        Verdict::Done(ask.key.clone())
    }
}
