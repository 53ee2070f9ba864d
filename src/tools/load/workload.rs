//! Command `n` of a scenario.

use super::{
    CommandSource, LoadError,
    json::{id, text},
    scenario::{Actor, Pick, Scenario, ScenarioPayment},
};

/// A SKU on sale.
#[derive(Debug, Clone)]
pub struct Sku {
    pub id: String,
    pub partition: u32,
}

/// The commands of a scenario: each a function of its number alone.
#[derive(Debug)]
pub struct Workload {
    pick: Pick,
    price: u64,
    lines_max: u64,
    round: Vec<Next>,
    skus: Vec<Sku>,
    /// share of the SKUs up to each one, in 2^32ths (Zipf only)
    shares: Vec<u32>,
    reply_to: String,
    /// rounds between a placement and what follows it
    lag: u64,
    salt: u64,
    actors: bool,
}

/// A step, ready to be written.
#[derive(Debug)]
enum Next {
    Place(ScenarioPayment),
    Follow {
        kind: String,
        about: u64,
        /// in lags
        after: u64,
        actor: Actor,
        /// the further fields; between two pieces stands the order's name
        body: Vec<String>,
    },
}

impl Workload {
    /// A scenario over these SKUs (at least one). Answers go to `reply_to`; a follow-up comes `lag` rounds after its
    /// placement, or a multiple of that.
    ///
    /// # Errors
    /// [`LoadError::Plan`] when there is no SKU.
    pub fn new(scenario: &Scenario, skus: Vec<Sku>, reply_to: &str, lag: u64) -> Result<Self, LoadError> {
        if skus.is_empty() {
            return Err(LoadError::Plan("a scenario needs at least one SKU".into()));
        }
        let shares = if scenario.pick == Pick::Zipf { zipf(skus.len()) } else { Vec::new() };
        let round = scenario.round.iter().map(|step| match step.about {
            None => Next::Place(step.payment.unwrap_or(ScenarioPayment::Approved)),
            Some(about) => {
                let fields = serde_json::Value::from(step.body.clone()).to_string();
                let fields = fields.strip_prefix('{').and_then(|f| f.strip_suffix('}')).unwrap_or_default();
                let fields = if fields.is_empty() { String::new() } else { format!(",{fields}") };
                Next::Follow {
                    kind: step.send.clone(),
                    about: u64::try_from(about).unwrap_or(0),
                    after: step.after,
                    actor: step.actor,
                    body: fields.split("{order}").map(str::to_owned).collect(),
                }
            }
        });
        Ok(Self {
            pick: scenario.pick,
            price: scenario.price,
            lines_max: scenario.lines_max,
            round: round.collect(),
            skus,
            shares,
            reply_to: reply_to.to_owned(),
            lag: lag.max(1),
            salt: 0,
            actors: true,
        })
    }

    /// With other SKUs in other orders; 0 is what one gets without this.
    #[must_use]
    pub fn seeded(mut self, seed: u64) -> Self {
        self.salt = if seed == 0 { 0 } else { mix(seed) };
        self
    }

    /// Naming the actor of each command, or leaving it to the token that is shown at the transport.
    #[must_use]
    pub fn naming_actors(mut self, actors: bool) -> Self {
        self.actors = actors;
        self
    }

    /// Which SKU order `n`'s line `line` wants.
    fn sku(&self, n: u64, line: u64) -> &Sku {
        let chance = mix(self.salt ^ n ^ (line << 56));
        let high = u32::try_from(chance >> 32).unwrap_or(0);
        let index = match self.pick {
            Pick::First => 0,
            Pick::Zipf => self.shares.partition_point(|&share| share < high),
            Pick::Even => below(high, self.skus.len()),
        };
        self.skus.get(index).unwrap_or(&self.skus[0])
    }

    fn envelope(&self, n: u64, tag: &str, kind: &str, order: u64, actor: Actor, out: &mut Vec<u8>) {
        text(out, r#"{"id":""#);
        text(out, tag);
        id(out, "-", n);
        text(out, r#"","type":""#);
        text(out, kind);
        text(out, r#"","order_id":"o-"#);
        text(out, tag);
        id(out, "-", order);
        match actor {
            _ if !self.actors => {}
            Actor::Buyer => id(out, r#"","actor":"buyer:u-"#, order),
            Actor::Payment => text(out, r#"","actor":"payment:load"#),
            Actor::Operator => text(out, r#"","actor":"operator:load"#),
        }
        if !self.reply_to.is_empty() {
            text(out, r#"","reply_to":""#);
            text(out, &self.reply_to);
        }
        out.push(b'"');
    }

    /// A placement under command and order number `n`.
    fn place(&self, n: u64, tag: &str, payment: ScenarioPayment, out: &mut Vec<u8>) -> u32 {
        let lines = if self.lines_max > 1 { 1 + mix(self.salt ^ n) % self.lines_max } else { 1 };
        self.envelope(n, tag, "place_order", n, Actor::Buyer, out);
        id(out, r#","customer_id":"u-"#, n);
        text(out, r#"","lines":["#);
        for line in 0..lines {
            text(out, if line == 0 { r#"{"sku_id":""# } else { r#",{"sku_id":""# });
            text(out, &self.sku(n, line).id);
            text(out, r#"","quantity":1}"#);
        }
        out.push(b']');
        match payment {
            ScenarioPayment::Later => {}
            ScenarioPayment::Approved => {
                text(out, r#","payment":{"kind":"approved","settlements":"#);
                settlements(tag, n, self.price * lines, out);
                out.push(b'}');
            }
            ScenarioPayment::Deposit => text(out, r#","payment":{"kind":"deposit","method":"virtual_account"}"#),
        }
        out.push(b'}');
        self.sku(n, 0).partition
    }
}

impl CommandSource for Workload {
    fn put(&self, n: u64, tag: &str, out: &mut Vec<u8>) -> u32 {
        let steps = u64::try_from(self.round.len()).unwrap_or(1);
        let (round, step) = (n / steps, n % steps);
        match usize::try_from(step).ok().and_then(|i| self.round.get(i)) {
            Some(Next::Follow { kind, about, after, actor, body }) if round >= self.lag * after => {
                let order = (round - self.lag * after) * steps + about;
                self.envelope(n, tag, kind, order, *actor, out);
                for (i, piece) in body.iter().enumerate() {
                    if i > 0 {
                        text(out, tag);
                        id(out, "-", order);
                    }
                    text(out, piece);
                }
                out.push(b'}');
                self.sku(order, 0).partition
            }
            Some(Next::Place(payment)) => self.place(n, tag, *payment, out),
            // nothing there yet to follow up
            Some(Next::Follow { .. }) | None => self.place(n, tag, ScenarioPayment::Approved, out),
        }
    }
}

fn settlements(tag: &str, n: u64, amount: u64, out: &mut Vec<u8>) {
    id(out, r#"[{"method":"card","amount":"#, amount);
    approval(tag, n, out);
    out.push(b']');
}

fn approval(tag: &str, n: u64, out: &mut Vec<u8>) {
    text(out, r#","approval":{"approval_id":"a-"#);
    text(out, tag);
    id(out, "-", n);
    id(out, r#"","token":"tok-"#, n);
    text(out, r#""}}"#);
}

/// A number as random as its place in the run is not (splitmix64).
pub fn mix(n: u64) -> u64 {
    let mut z = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number below `len`, each as likely.
fn below(chance: u32, len: usize) -> usize {
    let scaled = (u128::from(chance) * u128::try_from(len).unwrap_or(1)) >> 32;
    usize::try_from(scaled).unwrap_or(0)
}

/// The share of the first k of `n` things, the k-th wanted 1/k as often as the first, in 2^32ths.
#[expect(
    clippy::float_arithmetic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "chances of a made-up sale, not money"
)]
fn zipf(n: usize) -> Vec<u32> {
    let total: f64 = (1..=n).map(|k| 1.0 / k as f64).sum();
    let mut sum = 0.0;
    (1..=n)
        .map(|k| {
            sum += 1.0 / k as f64;
            (sum / total * f64::from(u32::MAX)) as u32
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::tools::load::scenario::Scenarios;

    fn workload(scenario: &str, skus: usize) -> Workload {
        let skus = (0..skus).map(|i| Sku { id: format!("S-{i}"), partition: u32::try_from(i % 4).unwrap() }).collect();
        Workload::new(&Scenario::named(scenario).unwrap(), skus, "load-t", 2).unwrap()
    }

    fn command(workload: &Workload, n: u64) -> (Value, u32) {
        let mut out = Vec::new();
        let partition = workload.put(n, "run-t1", &mut out);
        crate::protocol::decode(&out).unwrap();
        (serde_json::from_slice(&out).unwrap(), partition)
    }

    #[test]
    fn a_hot_order_is_paid_at_once() {
        let (value, partition) = command(&workload("hot", 1), 42);
        assert_eq!(partition, 0);
        assert_eq!(
            value,
            serde_json::json!({"id": "run-t1-42", "type": "place_order", "order_id": "o-run-t1-42", "actor": "buyer:u-42",
                "reply_to": "load-t", "customer_id": "u-42", "lines": [{"sku_id": "S-0", "quantity": 1}],
                "payment": {"kind": "approved", "settlements": [{"method": "card", "amount": 10_000,
                    "approval": {"approval_id": "a-run-t1-42", "token": "tok-42"}}]}})
        );
    }

    #[test]
    fn every_command_is_json_and_goes_where_its_order_lives() {
        for scenario in Scenarios::built_in().unwrap().scenarios {
            let workload = workload(&scenario.name, 8).seeded(7);
            let mut homes = std::collections::HashMap::new();
            for n in 0..1_000 {
                let (value, partition) = command(&workload, n);
                assert_eq!(value["id"], format!("run-t1-{n}"));
                let order = value["order_id"].as_str().unwrap().to_owned();
                if value["type"] == "place_order" {
                    let lines = value["lines"].as_array().unwrap();
                    let paid = value["payment"]["settlements"][0]["amount"].as_u64();
                    assert!(paid.is_none_or(|won| won == scenario.price * lines.len() as u64));
                    assert!(homes.insert(order, partition).is_none());
                } else {
                    assert_eq!(homes.get(&order), Some(&partition), "{scenario}: {value}");
                }
            }
        }
    }

    #[test]
    fn a_mixed_run_holds_every_kind() {
        let workload = workload("mixed", 3);
        let mut kinds = std::collections::BTreeMap::<String, u32>::new();
        for n in 0..13 * 10 {
            *kinds.entry(command(&workload, n).0["type"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        let count = |kind: &str| kinds.get(kind).copied().unwrap_or(0);
        // of ten rounds, those before which there is nothing to follow up are two, four and six
        for kind in ["approve_payment", "confirm_deposit", "cancel_lines", "cancel_payment", "prepare"] {
            assert_eq!(count(kind), 8, "{kind}");
        }
        assert_eq!((count("request_return"), count("approve_return")), (6, 4));
        assert_eq!(count("place_order"), 130 - 50);
    }

    #[test]
    fn a_follow_up_is_about_its_placement() {
        let workload = workload("mixed", 1);
        // round 2, step 4: about step 0 of round 0
        assert_eq!(
            command(&workload, 30).0,
            serde_json::json!({"id": "run-t1-30", "type": "approve_payment", "order_id": "o-run-t1-0",
                "actor": "payment:load", "reply_to": "load-t", "settlements": [{"method": "card", "amount": 10_000,
                    "approval": {"approval_id": "a-run-t1-0"}}]})
        );
        let (value, _) = command(&workload, 4 * 13 + 11);
        assert_eq!((&value["type"], &value["order_id"]), (&"request_return".into(), &"o-run-t1-3".into()));
    }

    #[test]
    fn before_a_token_nobody_is_named() {
        let mut out = Vec::new();
        workload("hot", 1).naming_actors(false).put(1, "t", &mut out);
        let value: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!((value.get("actor"), &value["customer_id"]), (None, &"u-1".into()));
    }

    #[test]
    fn a_seed_is_another_sale() {
        let picks = |seed: u64| {
            let workload = workload("spread", 100).seeded(seed);
            (0..50).map(|n| workload.sku(n, 0).id.clone()).collect::<Vec<_>>()
        };
        assert_eq!(picks(0), picks(0));
        assert_ne!(picks(0), picks(1));
        assert_ne!(picks(1), picks(2));
    }

    #[test]
    fn zipf_halves_and_spread_is_even() {
        let (zipf, spread) = (workload("zipf", 100), workload("spread", 100));
        let share = |workload: &Workload, sku: &str| (0..100_000).filter(|&n| workload.sku(n, 0).id == sku).count();
        // H(100) = 5.187: the first of a hundred gets 19.3%, the second half of that
        assert!((18_300..20_300).contains(&share(&zipf, "S-0")));
        assert!((9_000..10_300).contains(&share(&zipf, "S-1")));
        for sku in ["S-0", "S-50", "S-99"] {
            assert!((850..1_150).contains(&share(&spread, sku)), "{sku}");
        }
    }
}
