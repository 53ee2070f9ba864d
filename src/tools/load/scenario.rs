//! Scenarios by name: what is sold and what the buyers send. One file for `jumun load` and for the k6 script.

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::LoadError;

/// The file that the k6 script reads as well.
const FILE: &str = include_str!("../../../ops/load/scenarios.json");

/// The most commands in a round, and the most rounds times a lag between a placement and what follows it.
const STEPS_MAX: usize = 1_000;
const AFTER_MAX: u64 = 100;

/// The most lines of an order.
const LINES_MAX: u64 = 100;

/// A file of scenarios.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenarios {
    pub scenarios: Vec<Scenario>,
    /// reasons of refusals that the k6 script counts apart: it must know them before it starts
    pub reasons: Vec<String>,
}

/// What is sold, and how it is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    pub name: String,
    /// a sentence for people
    pub about: String,
    pub pick: Pick,
    /// SKUs on sale, and units of each
    pub skus: u32,
    pub stock: u64,
    /// what a unit costs, in won; goods ship free, so this times the quantity is what is due
    pub price: u64,
    /// an order has one to this many lines
    pub lines_max: u64,
    /// commands a second, and for how long, unless said otherwise
    pub rate: u64,
    pub seconds: u64,
    /// how often a command without an answer is sent again by HTTP, with the same id
    pub retries: u32,
    /// what is sent, again and again
    pub round: Vec<ScenarioStep>,
}

/// Which SKU a line wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pick {
    /// the first
    First,
    /// the k-th 1/k as often as the first
    Zipf,
    /// each as often
    Even,
}

/// One command of a round.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioStep {
    /// the command's type
    pub send: String,
    /// how a placement is paid
    #[serde(default)]
    pub payment: Option<ScenarioPayment>,
    /// the step of an earlier round whose order this command is about
    #[serde(default)]
    pub about: Option<usize>,
    /// how many seconds earlier, roughly
    #[serde(default = "one")]
    pub after: u64,
    #[serde(default)]
    pub actor: Actor,
    /// further fields; `{order}` in a text stands for the order's name
    #[serde(default)]
    pub body: Map<String, Value>,
}

const fn one() -> u64 {
    1
}

/// Who sends a command.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    #[default]
    Buyer,
    Payment,
    Operator,
}

/// How a placement is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScenarioPayment {
    Later,
    Approved,
    Deposit,
}

impl Scenarios {
    /// Those that the program brings along.
    ///
    /// # Errors
    /// Never; a test holds the file.
    pub fn built_in() -> Result<Self, LoadError> {
        Self::read(FILE)
    }

    /// Reads and checks a file's text.
    ///
    /// # Errors
    /// [`LoadError::Plan`] with a sentence about what is wrong.
    pub fn read(text: &str) -> Result<Self, LoadError> {
        let all: Self =
            serde_json::from_str(text).map_err(|e| LoadError::Plan(format!("the scenarios can't be read: {e}")))?;
        for scenario in &all.scenarios {
            scenario.check().map_err(|e| LoadError::Plan(format!("scenario {:?}: {e}", scenario.name)))?;
        }
        Ok(all)
    }

    /// The one of this name.
    ///
    /// # Errors
    /// [`LoadError::Plan`], naming those that there are.
    pub fn named(mut self, name: &str) -> Result<Scenario, LoadError> {
        match self.scenarios.iter().position(|s| s.name == name) {
            Some(i) => Ok(self.scenarios.swap_remove(i)),
            None => {
                let names: Vec<&str> = self.scenarios.iter().map(|s| s.name.as_str()).collect();
                Err(LoadError::Plan(format!("no scenario is called {name:?}; there are {}", names.join(", "))))
            }
        }
    }
}

impl Scenario {
    /// A scenario that the program brings along, by its name.
    ///
    /// # Errors
    /// [`LoadError::Plan`] for a name that none has.
    pub fn named(name: &str) -> Result<Self, LoadError> {
        Scenarios::built_in()?.named(name)
    }

    fn check(&self) -> Result<(), String> {
        if self.round.is_empty() || self.round.len() > STEPS_MAX {
            return Err(format!("a round has 1 to {STEPS_MAX} steps"));
        }
        if self.rate == 0 || self.seconds == 0 || self.skus == 0 || self.price == 0 {
            return Err("rate, seconds, skus and price are at least 1".into());
        }
        if !(1..=LINES_MAX).contains(&self.lines_max) {
            return Err(format!("an order has 1 to {LINES_MAX} lines"));
        }
        for (i, step) in self.round.iter().enumerate() {
            let bad = match step.about {
                None if step.send != "place_order" => "is no placement, and about none",
                None if step.payment.is_none() => "is a placement without a payment",
                None => continue,
                Some(_) if step.send == "place_order" => "is a placement about another",
                Some(_) if step.payment.is_some() => "is no placement, and has a payment",
                Some(_) if !(1..=AFTER_MAX).contains(&step.after) => "comes too soon or too late",
                Some(about) if self.round.get(about).is_none_or(|s| s.about.is_some()) => "is about no placement",
                Some(_) => continue,
            };
            return Err(format!("step {i}, {:?}, {bad}", step.send));
        }
        Ok(())
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reason::Reason;

    #[test]
    fn the_file_is_whole() {
        let all = Scenarios::built_in().unwrap();
        let names: Vec<&str> = all.scenarios.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["hot", "zipf", "spread", "multi", "sold-out", "mixed"]);
        let codes: Vec<&str> = Reason::ALL.iter().map(|r| r.code()).collect();
        assert_eq!(all.reasons, codes, "left: ops/load/scenarios.json, right: the domain's reasons");
        let unknown = all.named("cold").unwrap_err().to_string();
        assert!(unknown.contains("\"cold\"; there are hot, zipf, spread, multi, sold-out, mixed"), "{unknown}");
    }

    #[test]
    fn nonsense_is_refused_with_a_sentence() {
        let check = |round: &str, says: &str| {
            let text = format!(
                r#"{{"reasons": [], "scenarios": [{{"name": "x", "about": "", "pick": "even", "skus": 1, "stock": 1, "price": 1,
                "lines_max": 1, "rate": 1, "seconds": 1, "retries": 0, "round": {round}}}]}}"#
            );
            let error = Scenarios::read(&text).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        };
        let place = r#"{"send": "place_order", "payment": "later"}"#;
        check("[]", "1 to 1000 steps");
        check(r#"[{"send": "prepare"}]"#, "is no placement, and about none");
        check(r#"[{"send": "place_order"}]"#, "without a payment");
        check(r#"[{"send": "prepare", "about": 0}]"#, "is about no placement");
        check(&format!(r#"[{place}, {{"send": "prepare", "about": 0, "after": 0}}]"#), "too soon");
        check(&format!(r#"[{place}, {{"send": "place_order", "about": 0}}]"#), "about another");
        check(r#"[{"send": "prepare", "abuot": 0}]"#, "unknown field");
        check(r#"[{"send": "place_order", "payment": "never"}]"#, "unknown variant");
    }
}
