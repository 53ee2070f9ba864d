//! The crowd: arrives on a timetable whatever the server does, hears its answers, and acts on them.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap, VecDeque},
    time::{Duration, Instant},
};

use super::{
    DemoPlan, PRICE,
    mail::Mail,
    people::{Nature, Person, person},
    tally::DemoTally,
    words::{CustomerRequest, Names, Word},
};
use crate::protocol::{Answer, OutcomeKind};

/// How many who wait may be looking again, unanswered: a slow server is not asked more and more by the same people.
const LOOK_MAX: usize = 200;
/// How often some of those who wait look again.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Where a customer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomerStage {
    NotHere,
    Asking,
    Holding,
    /// paid, and about to cancel
    Wavering,
    Bought,
    /// in line for a unit that comes free
    Waiting,
    /// gone without a unit, for a reason of their own or the sale's
    Gone,
}

/// A command that waits for its answer, or for both of them.
struct Open {
    due: Instant,
    left: u8,
    first: Option<Box<Answer>>,
}

/// The crowd.
pub struct Crowd {
    plan: DemoPlan,
    names: Names,
    start: Instant,
    stages: Vec<CustomerStage>,
    open: HashMap<Word, Open>,
    timers: BinaryHeap<Reverse<(Instant, Word, bool)>>,
    /// (customer, how often they have tried)
    line: VecDeque<(u32, u32)>,
    arrived: u32,
    looked: Instant,
    /// who came back and has no answer yet
    looking: usize,
    /// paid for and kept
    pub bought: u32,
    pub tally: DemoTally,
}

impl Crowd {
    /// Nobody is there yet; the first come at `start`.
    pub fn new(plan: DemoPlan, names: Names, start: Instant) -> Self {
        let stages = vec![CustomerStage::NotHere; usize::try_from(plan.customers).unwrap_or(0)];
        Self {
            names,
            start,
            stages,
            open: HashMap::new(),
            timers: BinaryHeap::new(),
            line: VecDeque::new(),
            arrived: 0,
            looked: start,
            looking: 0,
            bought: 0,
            tally: DemoTally::new(start),
            plan,
        }
    }

    /// The sale.
    pub fn plan(&self) -> &DemoPlan {
        &self.plan
    }

    /// How many have come.
    pub fn arrived(&self) -> u32 {
        self.arrived
    }

    /// How many are in line for a unit that comes free.
    pub fn waiting(&self) -> usize {
        self.line.len()
    }

    /// How many commands wait for an answer.
    pub fn unanswered(&self) -> usize {
        self.open.len()
    }

    /// The customers who were told that they have their unit.
    pub fn buyers(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.plan.customers).zip(&self.stages).filter(|(_, s)| **s == CustomerStage::Bought).map(|(n, _)| n)
    }

    /// Whether the sale is over for everyone: all have come, nobody waits for an answer or has anything left to do.
    pub fn done(&self) -> bool {
        self.arrived == self.plan.customers
            && self.open.is_empty()
            && self.timers.is_empty()
            && (self.line.is_empty() || self.bought >= self.plan.units)
    }

    fn person(&self, customer: u32) -> Person {
        person(self.plan.seed, customer, self.plan.window)
    }

    fn stage(&mut self, customer: u32, stage: CustomerStage) {
        let Some(at) = usize::try_from(customer).ok().and_then(|c| self.stages.get_mut(c)) else { return };
        match (*at == CustomerStage::Bought, stage == CustomerStage::Bought) {
            (false, true) => self.bought += 1,
            (true, false) => self.bought -= 1,
            _ => {}
        }
        *at = stage;
    }

    /// When the customer with this number arrives.
    fn arrival(&self, number: u32) -> Instant {
        self.start + Duration::from_nanos(u64::from(number) * 1_000_000_000 / u64::from(self.plan.rate.max(1)))
    }

    /// Everyone who is due by `now` says their word.
    pub fn act(&mut self, now: Instant, mail: &mut Mail) {
        while self.arrived < self.plan.customers && self.arrival(self.arrived) <= now {
            let (customer, due) = (self.arrived, self.arrival(self.arrived));
            self.arrived += 1;
            self.place(customer, 0, due, mail);
        }
        while let Some(Reverse((due, word, again))) = self.timers.peek().copied() {
            if due > now {
                break;
            }
            self.timers.pop();
            if again {
                self.tally.sent_twice += 1;
                mail.put(self.names.json(word, PRICE));
            } else {
                self.say(word, due, 1, mail);
            }
        }
        if self.bought < self.plan.units && now.duration_since(self.looked) >= LOOK_EVERY {
            self.looked = now;
            for _ in 0..LOOK_MAX.saturating_sub(self.looking).min(self.line.len()) {
                let Some((customer, attempt)) = self.line.pop_front() else { break };
                self.tally.returns += 1;
                self.looking += 1;
                self.place(customer, attempt, now, mail);
            }
        }
    }

    fn place(&mut self, customer: u32, attempt: u32, due: Instant, mail: &mut Mail) {
        self.stage(customer, CustomerStage::Asking);
        let word = Word { ask: CustomerRequest::Place, customer, attempt };
        let twice = self.person(customer).twice_after.filter(|_| attempt == 0);
        if let Some(after) = twice {
            self.timers.push(Reverse((due + after, word, true)));
        }
        self.say(word, due, if twice.is_some() { 2 } else { 1 }, mail);
    }

    fn say(&mut self, word: Word, due: Instant, answers: u8, mail: &mut Mail) {
        self.tally.sent += 1;
        self.open.insert(word, Open { due, left: answers, first: None });
        mail.put(self.names.json(word, PRICE));
    }

    fn later(&mut self, now: Instant, wait: Duration, ask: CustomerRequest, of: Word) {
        self.timers.push(Reverse((now + wait, Word { ask, ..of }, false)));
    }

    /// An answer came.
    pub fn hear(&mut self, answer: Answer, now: Instant) {
        let Some(word) = self.names.word(&answer.command_id) else {
            self.tally.others += 1; // the payment side's
            return;
        };
        let Some(open) = self.open.get_mut(&word) else {
            self.tally.too_many += 1;
            return;
        };
        open.left -= 1;
        if let Some(first) = open.first.take() {
            let same = *first == Answer { entry: first.entry.clone(), ..answer };
            if same {
                self.tally.same += 1
            } else {
                self.tally.different += 1
            }
            self.open.remove(&word);
            return;
        }
        let due = open.due;
        if open.left == 0 {
            self.open.remove(&word);
        } else {
            open.first = Some(Box::new(answer.clone()));
        }
        if word.ask == CustomerRequest::Place {
            self.looking = self.looking.saturating_sub(usize::from(word.attempt > 0));
            self.tally.order_answered(now, now.saturating_duration_since(due));
        }
        self.react(word, &answer, now);
    }

    fn react(&mut self, word: Word, answer: &Answer, now: Instant) {
        if answer.outcome == OutcomeKind::Failed {
            self.tally.failed += 1;
            self.stage(word.customer, CustomerStage::Gone);
            return;
        }
        let accepted = answer.outcome == OutcomeKind::Accepted;
        let reason = answer.reason.as_deref().unwrap_or("");
        match word.ask {
            CustomerRequest::Place if accepted => self.holding(word, now),
            CustomerRequest::Place => self.refused(word, reason),
            CustomerRequest::Second if accepted => {
                // their hold was gone by then
                self.tally.accepted += 1;
                self.tally.never += 1;
            }
            CustomerRequest::Second => self.tally.refuse_second(reason),
            CustomerRequest::Approve => self.paid(word, accepted, reason, now),
            CustomerRequest::Decline => {
                self.tally.declined += u64::from(accepted);
                let think = self.person(word.customer).think;
                self.later(now, think, CustomerRequest::Approve, word);
            }
            CustomerRequest::GiveUp => {
                self.tally.gave_up += u64::from(accepted);
                self.tally.never += u64::from(!accepted); // their hold ran out first
                self.stage(word.customer, CustomerStage::Gone);
            }
            CustomerRequest::Cancel => {
                self.tally.regretted += u64::from(accepted);
                self.stage(word.customer, if accepted { CustomerStage::Gone } else { CustomerStage::Bought });
            }
        }
    }

    fn holding(&mut self, word: Word, now: Instant) {
        self.tally.accepted += 1;
        self.stage(word.customer, CustomerStage::Holding);
        let person = self.person(word.customer);
        if person.greedy && word.attempt == 0 {
            self.later(now, Duration::from_millis(1), CustomerRequest::Second, word);
        }
        // who has waited in line for it pays at once
        let nature = if word.attempt == 0 { person.nature } else { Nature::Prompt };
        match nature {
            Nature::Prompt | Nature::Regrets => self.later(now, person.think, CustomerRequest::Approve, word),
            Nature::Declined => self.later(now, person.think, CustomerRequest::Decline, word),
            Nature::GivesUp => self.later(now, person.think, CustomerRequest::GiveUp, word),
            Nature::Late => self.later(now, self.plan.window + person.think, CustomerRequest::Approve, word),
            Nature::Never => {
                self.tally.never += 1;
                self.stage(word.customer, CustomerStage::Gone);
            }
        }
    }

    fn refused(&mut self, word: Word, reason: &str) {
        self.tally.refuse(reason, word.attempt == 0);
        if reason == "sold_out" && (word.attempt > 0 || self.person(word.customer).patient) {
            self.wait(word);
        } else {
            self.stage(word.customer, CustomerStage::Gone);
        }
    }

    fn wait(&mut self, word: Word) {
        self.stage(word.customer, CustomerStage::Waiting);
        self.line.push_back((word.customer, word.attempt + 1));
    }

    fn paid(&mut self, word: Word, accepted: bool, reason: &str, now: Instant) {
        let person = self.person(word.customer);
        let first = word.attempt == 0;
        match (accepted, reason) {
            (true, "payment_expired") => {
                self.tally.late += 1;
                if first && person.nature == Nature::Late {
                    self.stage(word.customer, CustomerStage::Gone);
                } else {
                    self.wait(word); // the server was slow, not they: back in line
                }
            }
            (true, _) => {
                self.tally.paid += 1;
                if first && person.nature == Nature::Regrets {
                    self.stage(word.customer, CustomerStage::Wavering);
                    self.later(now, person.think, CustomerRequest::Cancel, word);
                } else {
                    self.tally.returned_bought += u64::from(!first);
                    self.stage(word.customer, CustomerStage::Bought);
                }
            }
            (false, _) => {
                self.tally.refuse_payment(reason);
                self.stage(word.customer, CustomerStage::Gone);
            }
        }
    }
}
