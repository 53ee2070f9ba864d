//! What a lane counts once its answers are out. Handles are kept: a label looked up per command costs more than the count.

use std::cell::RefCell;

use foldhash::HashMap;
use metrics::{Counter, Histogram};

use crate::{domain::Time, lane::commit::Outgoing, protocol::OutcomeKind};

/// A lane's counters.
pub struct Instruments {
    partition: u32,
    outcomes: RefCell<HashMap<(&'static str, &'static str), Counter>>,
    refusals: RefCell<HashMap<String, Counter>>,
    repeats: RefCell<HashMap<&'static str, Counter>>,
    latency: Histogram,
    dead: Counter,
}

impl Instruments {
    /// For a lane.
    pub fn new(partition: u32) -> Self {
        let label = partition.to_string();
        Self {
            partition,
            outcomes: RefCell::default(),
            refusals: RefCell::default(),
            repeats: RefCell::default(),
            latency: metrics::histogram!("jumun_answer_seconds"),
            dead: metrics::counter!("jumun_dead_letters_total", "partition" => label),
        }
    }

    /// Counts a settled batch. Names and reasons are of fixed sets, so the series stay constant.
    pub fn count(&self, outgoing: &[Outgoing], now: Time) {
        let mut outcomes = self.outcomes.borrow_mut();
        let mut refusals = self.refusals.borrow_mut();
        let mut repeats = self.repeats.borrow_mut();
        for out in outgoing {
            if out.dead.is_some() {
                self.dead.increment(1);
            }
            let Some((_, answer)) = &out.answer else {
                if let Some(dead) = &out.dead {
                    let (partition, entry) = (self.partition, out.source.id);
                    tracing::debug!(partition, %entry, reason = dead.reason, "a command that can't be read is put aside");
                }
                continue;
            };
            // ids and codes: neither the message nor anything else of the command
            tracing::debug!(
                partition = self.partition,
                command_id = &*answer.command_id,
                order_id = answer.order_id.as_deref(),
                entry = &*answer.entry,
                kind = out.name,
                outcome = answer.outcome.word(),
                reason = answer.reason.as_deref(),
                "answered"
            );
            let ms = u32::try_from((now - out.source.id.time()).num_milliseconds().max(0)).unwrap_or(u32::MAX);
            self.latency.record(f64::from(ms) * MS);
            if out.repeated {
                // a command is one, however often it is sent
                let counter = || metrics::counter!("jumun_duplicate_commands_total", "type" => out.name);
                repeats.entry(out.name).or_insert_with(counter).increment(1);
                continue;
            }
            let word = answer.outcome.word();
            outcomes
                .entry((out.name, word))
                .or_insert_with(|| metrics::counter!("jumun_commands_total", "type" => out.name, "outcome" => word))
                .increment(1);
            if answer.outcome == OutcomeKind::Rejected
                && let Some(reason) = &answer.reason
            {
                match refusals.get(&**reason) {
                    Some(counter) => counter.increment(1),
                    None => {
                        let reason = reason.to_string();
                        let counter = metrics::counter!("jumun_refusals_total", "reason" => reason.clone());
                        counter.increment(1);
                        refusals.insert(reason, counter);
                    }
                }
            }
        }
    }
}

/// Seconds in a millisecond.
const MS: f64 = 1e-3;
