//! What the buyers want: scenarios, and command `n` of each.

use std::{fmt, str::FromStr};

use super::{
    LoadError, Source,
    json::{id, text},
};

/// What a unit of every SKU costs, in won; goods ship free, so this times the quantity is what is due.
pub const UNIT_PRICE: u64 = 10_000;

/// Commands in one round of the mixed scenario.
const ROUND: u64 = 10;

/// How the buyers behave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scenario {
    /// everyone wants one SKU
    Hot,
    /// the first of many SKUs is wanted most, the k-th 1/k as often
    Zipf,
    /// many SKUs, each as often
    Spread,
    /// orders of one to four lines over many SKUs
    Multi,
    /// hardly anything is left: nearly all are refused
    Soldout,
    /// unpaid and paid placements, later payments, deposits and cancellations
    Mixed,
}

impl Scenario {
    /// Every scenario.
    pub const ALL: [Self; 6] = [Self::Hot, Self::Zipf, Self::Spread, Self::Multi, Self::Soldout, Self::Mixed];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hot => "hot",
            Self::Zipf => "zipf",
            Self::Spread => "spread",
            Self::Multi => "multi",
            Self::Soldout => "soldout",
            Self::Mixed => "mixed",
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scenario {
    type Err = LoadError;
    fn from_str(s: &str) -> Result<Self, LoadError> {
        Self::ALL.into_iter().find(|scenario| scenario.name() == s).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.map(Self::name).into();
            LoadError::Plan(format!("no scenario is called {s:?}; there are {}", names.join(", ")))
        })
    }
}

/// A SKU on sale.
#[derive(Debug, Clone)]
pub struct Sku {
    pub id: String,
    pub partition: u32,
}

/// The commands of a scenario: each a function of its number alone.
#[derive(Debug)]
pub struct Workload {
    scenario: Scenario,
    skus: Vec<Sku>,
    /// share of the SKUs up to each one, in 2^32ths (Zipf only)
    shares: Vec<u32>,
    reply_to: String,
    /// rounds between a placement and what follows it (mixed only)
    lag: u64,
}

impl Workload {
    /// A scenario over these SKUs (at least one). Answers go to `reply_to`; in the mixed scenario a follow-up comes
    /// `lag` rounds of ten commands after its placement.
    ///
    /// # Errors
    /// [`LoadError::Plan`] when there is no SKU.
    pub fn new(scenario: Scenario, skus: Vec<Sku>, reply_to: &str, lag: u64) -> Result<Self, LoadError> {
        if skus.is_empty() {
            return Err(LoadError::Plan("a scenario needs at least one SKU".into()));
        }
        let shares = if scenario == Scenario::Zipf { zipf(skus.len()) } else { Vec::new() };
        Ok(Self { scenario, skus, shares, reply_to: reply_to.to_owned(), lag: lag.max(1) })
    }

    /// Which SKU order `n`'s line `line` wants.
    fn sku(&self, n: u64, line: u64) -> &Sku {
        let chance = mix(n ^ (line << 56));
        let high = u32::try_from(chance >> 32).unwrap_or(0);
        let index = match self.scenario {
            Scenario::Hot | Scenario::Soldout => 0,
            Scenario::Zipf => self.shares.partition_point(|&share| share < high),
            Scenario::Spread | Scenario::Multi | Scenario::Mixed => below(high, self.skus.len()),
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
            Actor::Buyer => id(out, r#"","actor":"buyer:u-"#, order),
            Actor::Payment => text(out, r#"","actor":"payment:load"#),
        }
        if !self.reply_to.is_empty() {
            text(out, r#"","reply_to":""#);
            text(out, &self.reply_to);
        }
        out.push(b'"');
    }

    /// A placement of `lines` lines under command and order number `n`.
    fn place(&self, n: u64, tag: &str, lines: u64, payment: Payment, out: &mut Vec<u8>) -> u32 {
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
            Payment::Later => {}
            Payment::Approved => {
                text(out, r#","payment":{"kind":"approved","settlements":"#);
                settlements(tag, n, lines, out);
                out.push(b'}');
            }
            Payment::Deposit => text(out, r#","payment":{"kind":"deposit","means":"virtual_account"}"#),
        }
        out.push(b'}');
        self.sku(n, 0).partition
    }

    /// One round of ten: six placements, and what becomes of four placements of an earlier round.
    fn mixed(&self, n: u64, tag: &str, out: &mut Vec<u8>) -> u32 {
        let (round, slot) = (n / ROUND, n % ROUND);
        let early = round < self.lag;
        // the slot of the placement that this command is about
        let about = |placed: u64| (round.saturating_sub(self.lag)) * ROUND + placed;
        let order = match slot {
            0 | 8 => return self.place(n, tag, 1, Payment::Later, out),
            2 => return self.place(n, tag, 1, Payment::Deposit, out),
            4 if !early => {
                let order = about(0);
                self.envelope(n, tag, "approve_payment", order, Actor::Payment, out);
                text(out, r#","settlements":"#);
                settlements(tag, order, 1, out);
                order
            }
            5 if !early => {
                let order = about(2);
                self.envelope(n, tag, "confirm_deposit", order, Actor::Payment, out);
                id(out, r#","amount":"#, UNIT_PRICE);
                order
            }
            6 if !early => {
                let order = about(1);
                self.envelope(n, tag, "cancel_lines", order, Actor::Buyer, out);
                text(out, r#","lines":[1]"#);
                order
            }
            9 if !early => {
                let order = about(8);
                self.envelope(n, tag, "cancel_payment", order, Actor::Buyer, out);
                order
            }
            _ => return self.place(n, tag, 1, Payment::Approved, out),
        };
        out.push(b'}');
        self.sku(order, 0).partition
    }
}

impl Source for Workload {
    fn put(&self, n: u64, tag: &str, out: &mut Vec<u8>) -> u32 {
        match self.scenario {
            Scenario::Hot | Scenario::Zipf | Scenario::Spread | Scenario::Soldout => {
                self.place(n, tag, 1, Payment::Approved, out)
            }
            Scenario::Multi => self.place(n, tag, 1 + mix(n) % 4, Payment::Approved, out),
            Scenario::Mixed => self.mixed(n, tag, out),
        }
    }
}

#[derive(Clone, Copy)]
enum Actor {
    Buyer,
    Payment,
}

#[derive(Clone, Copy)]
enum Payment {
    Later,
    Approved,
    Deposit,
}

fn settlements(tag: &str, n: u64, units: u64, out: &mut Vec<u8>) {
    id(out, r#"[{"means":"card","amount":"#, UNIT_PRICE * units);
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

    fn workload(scenario: Scenario, skus: usize) -> Workload {
        let skus = (0..skus).map(|i| Sku { id: format!("S-{i}"), partition: u32::try_from(i % 4).unwrap() }).collect();
        Workload::new(scenario, skus, "load-t", 2).unwrap()
    }

    fn command(workload: &Workload, n: u64) -> (Value, u32) {
        let mut out = Vec::new();
        let partition = workload.put(n, "run-t1", &mut out);
        crate::protocol::decode(&out).unwrap();
        (serde_json::from_slice(&out).unwrap(), partition)
    }

    #[test]
    fn a_hot_order_is_paid_at_once() {
        let (value, partition) = command(&workload(Scenario::Hot, 1), 42);
        assert_eq!(partition, 0);
        assert_eq!(
            value,
            serde_json::json!({"id": "run-t1-42", "type": "place_order", "order_id": "o-run-t1-42", "actor": "buyer:u-42",
                "reply_to": "load-t", "customer_id": "u-42", "lines": [{"sku_id": "S-0", "quantity": 1}],
                "payment": {"kind": "approved", "settlements": [{"means": "card", "amount": 10_000,
                    "approval": {"approval_id": "a-run-t1-42", "token": "tok-42"}}]}})
        );
    }

    #[test]
    fn every_command_is_json_and_goes_where_its_order_lives() {
        for scenario in Scenario::ALL {
            let workload = workload(scenario, 8);
            let mut homes = std::collections::HashMap::new();
            for n in 0..1_000 {
                let (value, partition) = command(&workload, n);
                assert_eq!(value["id"], format!("run-t1-{n}"));
                let order = value["order_id"].as_str().unwrap().to_owned();
                if value["type"] == "place_order" {
                    let lines = value["lines"].as_array().unwrap();
                    let paid = value["payment"]["settlements"][0]["amount"].as_u64();
                    assert!(paid.is_none_or(|won| won == UNIT_PRICE * lines.len() as u64));
                    assert!(homes.insert(order, partition).is_none());
                } else {
                    assert_eq!(homes.get(&order), Some(&partition), "{scenario}: {value}");
                }
            }
        }
    }

    #[test]
    fn a_mixed_run_holds_every_kind() {
        let workload = workload(Scenario::Mixed, 3);
        let mut kinds = std::collections::BTreeMap::<String, u32>::new();
        for n in 0..120 {
            *kinds.entry(command(&workload, n).0["type"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        let count = |kind: &str| kinds.get(kind).copied().unwrap_or(0);
        // ten full rounds after the two in which there is nothing to follow up
        for kind in ["approve_payment", "confirm_deposit", "cancel_lines", "cancel_payment"] {
            assert_eq!(count(kind), 10, "{kind}");
        }
        assert_eq!(count("place_order"), 80);
    }

    #[test]
    fn zipf_halves_and_spread_is_even() {
        let (zipf, spread) = (workload(Scenario::Zipf, 100), workload(Scenario::Spread, 100));
        let share = |workload: &Workload, sku: &str| (0..100_000).filter(|&n| workload.sku(n, 0).id == sku).count();
        // H(100) = 5.187: the first of a hundred gets 19.3%, the second half of that
        assert!((18_300..20_300).contains(&share(&zipf, "S-0")));
        assert!((9_000..10_300).contains(&share(&zipf, "S-1")));
        for sku in ["S-0", "S-50", "S-99"] {
            assert!((850..1_150).contains(&share(&spread, sku)), "{sku}");
        }
    }
}
