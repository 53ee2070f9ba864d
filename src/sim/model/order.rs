//! An order of the model: its lines, its money, its claims, and what they come to.

pub use super::line::{ModelLine, ModelStatus, Source};
use super::shelves::Shelves;

/// 결제. paid = refundable + back + excluded.
#[derive(Debug, Clone)]
pub struct ModelSettlement {
    pub approval: String,
    pub paid: i64,
    pub refundable: i64,
    /// planned or given back
    pub back: i64,
    /// part of `back`: it must not go yet
    pub waits: i64,
    pub excluded: i64,
}

/// How far a return is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelStep {
    Requested,
    Approved,
    Collected,
    /// completed, or withdrawn
    Over,
}

/// A line's part in a return.
#[derive(Debug, Clone)]
pub struct Part {
    pub no: u64,
    pub quantity: i64,
    /// it had left, and has to come back
    pub shipped: bool,
}

/// 반품.
#[derive(Debug, Clone)]
pub struct ModelReturn {
    pub step: ModelStep,
    pub by_buyer: bool,
    pub parts: Vec<Part>,
    /// the line of which an exchange has the units
    pub swapped: Option<u64>,
    /// by settlement
    pub planned: Vec<(usize, i64)>,
    pub withheld: Vec<(usize, i64)>,
    /// of the order's fee, given back with it
    pub fee_back: i64,
}

/// How far an exchange is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swap {
    Requested,
    /// the old goods are to come back
    Due,
    Collected,
    /// approved, with nothing more to come back
    Settled,
    Withdrawn,
}

/// 교환.
#[derive(Debug, Clone)]
pub struct ModelExchange {
    pub swap: Swap,
    pub by_buyer: bool,
    pub no: u64,
    pub quantity: i64,
    pub shipped: bool,
    pub added: Option<u64>,
    /// the added line has ended
    pub closed: bool,
}

/// A claim; its group is its place, from 1.
#[derive(Debug, Clone)]
pub enum Claim {
    Return(ModelReturn),
    Exchange(ModelExchange),
}

/// Units that leave an order before they are sent.
#[derive(Debug, Clone, Copy)]
pub struct ModelCut {
    pub no: u64,
    pub quantity: i64,
    /// units of it that were held or deducted
    pub taken: i64,
    /// of these, units that are gone
    pub lost: i64,
}

/// 주문.
#[derive(Debug, Clone, Default)]
pub struct ModelOrder {
    pub id: String,
    pub lane: u32,
    pub customer: String,
    /// another lane could not: it never was
    pub failed: bool,
    pub deadline: Option<u64>,
    pub paid: bool,
    /// it was made for another order, and is paid between the two businesses
    pub linked: bool,
    pub lines: Vec<ModelLine>,
    /// of shipping, that stands
    pub fee: i64,
    /// fees of exchanges that are owed
    pub debts: i64,
    pub settlements: Vec<ModelSettlement>,
    pub claims: Vec<Claim>,
    /// linked orders that were asked for
    pub asked: u64,
    /// one of them may still be refused: it is no procurement yet
    pub asking: bool,
    /// an exchange was approved
    pub chain: bool,
    /// the model does not know what became of it
    pub unsure: bool,
}

impl ModelOrder {
    /// Its status, from its lines.
    pub fn status(&self) -> ModelStatus {
        // what was exchanged has become what it was exchanged for
        let passed_not = |l: &&ModelLine| !(self.chain && l.shown() == ModelStatus::Exchanged);
        let left = || self.lines.iter().filter(passed_not).flat_map(ModelLine::parts);
        let all = || self.lines.iter().flat_map(ModelLine::parts);
        derive(left).or_else(|| derive(all)).unwrap_or(ModelStatus::PaymentPending)
    }

    /// What is due for it, or was paid and stays so.
    pub fn total(&self) -> i64 {
        if self.failed || matches!(self.status(), ModelStatus::PaymentExpired | ModelStatus::PaymentCancelled) {
            return 0;
        }
        self.lines.iter().map(|l| l.price * l.paid_units()).sum::<i64>() + self.fee + self.debts
    }

    /// What is to be paid now.
    pub fn due(&self) -> i64 {
        if self.paid { self.debts } else { self.total() }
    }

    /// Until when, while it is unpaid.
    pub fn due_by(&self) -> Option<u64> {
        self.deadline.filter(|_| self.status() == ModelStatus::PaymentPending)
    }

    /// The line of that number.
    pub fn line(&self, no: u64) -> Option<&ModelLine> {
        self.lines.iter().find(|l| l.no == no)
    }

    /// The same, to change.
    pub fn line_mut(&mut self, no: u64) -> Option<&mut ModelLine> {
        self.lines.iter_mut().find(|l| l.no == no)
    }

    /// The goods that a gift goes with: its main line, and what that was exchanged for.
    pub fn family(&self, gift: &ModelLine) -> impl Iterator<Item = &ModelLine> + Clone {
        let main = gift.main;
        self.lines.iter().filter(move |l| !l.gift && main.is_some() && main == Some(l.original.unwrap_or(l.no)))
    }

    /// Whether these units are the last, by `left`, of what a gift came with.
    pub fn takes_along(&self, gift: &ModelLine, units: &[(u64, i64)], left: impl Fn(&ModelLine) -> i64) -> bool {
        let going = |l: &ModelLine| units.iter().filter(|u| u.0 == l.no).map(|u| u.1).sum::<i64>();
        self.family(gift).any(|l| going(l) > 0) && self.family(gift).all(|l| left(l) <= going(l))
    }

    /// Whether a gift is left alone, which the model's stories do not come to.
    pub fn has_orphan(&self) -> bool {
        let alone = |g: &&ModelLine| self.family(g).next().is_some() && self.family(g).all(|l| l.active() == 0);
        let left = |g: &&ModelLine| g.gift && g.free() > 0 && g.status.rank() == 0;
        self.paid && self.lines.iter().filter(left).any(|g| alone(&g))
    }

    /// What of the shipping fee goes back when these units go: all of it with the last goods.
    pub fn fee_with(&self, units: &[(u64, i64)]) -> i64 {
        let going = |no: u64| units.iter().filter(|u| u.0 == no).map(|u| u.1).sum::<i64>();
        let mut goods = self.lines.iter().filter(|l| !l.gift);
        let concerned = goods.clone().any(|l| going(l.no) > 0);
        if concerned && goods.all(|l| l.active() <= going(l.no)) { self.fee } else { 0 }
    }

    /// Plans so much to go back; by settlement.
    pub fn plan(&mut self, amount: i64) -> Vec<(usize, i64)> {
        let parts = self.spread(amount);
        for (i, part) in &parts {
            if let Some(s) = self.settlements.get_mut(*i) {
                (s.refundable, s.back) = (s.refundable - part, s.back + part);
            }
        }
        parts
    }

    /// Keeps so much back; by settlement.
    pub fn withhold(&mut self, amount: i64) -> Vec<(usize, i64)> {
        let parts = self.spread(amount);
        for (i, part) in &parts {
            if let Some(s) = self.settlements.get_mut(*i) {
                (s.refundable, s.excluded) = (s.refundable - part, s.excluded + part);
            }
        }
        parts
    }

    fn spread(&self, amount: i64) -> Vec<(usize, i64)> {
        let mut left = amount;
        let part = |(i, s): (usize, &ModelSettlement)| {
            let part = left.min(s.refundable);
            left -= part;
            (i, part)
        };
        self.settlements.iter().enumerate().map(part).filter(|(_, part)| *part > 0).collect()
    }

    /// Takes units out, with their stock and their money.
    pub fn cut(&mut self, cuts: &[ModelCut], so: ModelStatus, shelves: &mut Shelves) {
        let units: Vec<(u64, i64)> = cuts.iter().map(|c| (c.no, c.quantity)).collect();
        let fee = self.fee_with(&units);
        self.fee -= fee;
        let mut worth = 0;
        let customer = self.customer.clone();
        for c in cuts {
            let Some(line) = self.line_mut(c.no) else { continue };
            worth += line.price * c.quantity;
            let held = c.taken.min(line.held);
            line.cancelled += c.quantity;
            line.held -= held;
            line.deducted -= c.taken - held;
            let sale = line.sale.then_some(customer.as_str());
            shelves.give_back(&line.sku, sale, (held, c.taken - held, c.lost));
            line.finish(so);
        }
        if self.paid && !self.linked {
            // what is owed would be kept back of it: no story comes to that
            self.unsure |= self.debts > 0;
            self.plan(worth + fee);
        }
    }

    /// Adds the gifts that go with goods which are cut: those of which no goods are left, unless they have been sent.
    pub fn with_gifts(&self, mut cuts: Vec<ModelCut>) -> Vec<ModelCut> {
        let units: Vec<(u64, i64)> = cuts.iter().map(|c| (c.no, c.quantity)).collect();
        let sent = |g: &ModelLine| matches!(g.status, ModelStatus::Shipped | ModelStatus::PurchaseConfirmed);
        for g in self.lines.iter().filter(|g| g.gift && g.free() > 0 && !sent(g)) {
            if !units.iter().any(|u| u.0 == g.no) && self.takes_along(g, &units, ModelLine::active) {
                let taken = (g.held + g.deducted).min(g.free());
                cuts.push(ModelCut { no: g.no, quantity: g.free(), taken, lost: 0 });
            }
        }
        cuts
    }

    /// Units of goods that come to so much; `None`: one can't tell which.
    pub fn short_by(&self, missing: i64) -> Option<Vec<ModelCut>> {
        let goods: Vec<&ModelLine> = self.lines.iter().filter(|l| !l.gift).collect();
        let mut ways = vec![(missing, Vec::new())];
        for l in goods {
            let with = |(left, cuts): &(i64, Vec<ModelCut>), n: i64| {
                let cut = (n > 0).then_some(ModelCut { no: l.no, quantity: n, taken: n, lost: 0 });
                (left - n * l.price, cuts.iter().copied().chain(cut).collect())
            };
            ways = ways.iter().flat_map(|way| (0..=l.active()).map(move |n| with(way, n))).collect();
        }
        let mut right = ways.into_iter().filter(|(left, _)| *left == 0).map(|(_, cuts)| cuts);
        right.next().filter(|_| right.next().is_none())
    }

    /// It ends unpaid: what it holds is released.
    pub fn end_unpaid(&mut self, so: ModelStatus, shelves: &mut Shelves) {
        let customer = self.customer.clone();
        for l in &mut self.lines {
            let sale = l.sale.then_some(customer.as_str());
            shelves.give_back(&l.sku, sale, (l.held, 0, 0));
            if l.is(ModelStatus::PaymentPending) {
                l.status = so;
            }
            (l.held, l.cancelled) = (0, l.ordered);
        }
    }

    /// Exchanges whose added line has ended are complete.
    pub fn close_exchanges(&mut self) {
        let ended = |o: &ModelOrder, no: u64| o.line(no).is_some_and(|l| l.shown().rank() > 0);
        for i in 0..self.claims.len() {
            let Some(Claim::Exchange(e)) = self.claims.get(i) else { continue };
            let (no, quantity) = (e.no, e.quantity);
            if e.closed || !e.added.is_some_and(|added| ended(self, added)) {
                continue;
            }
            if let Some(Claim::Exchange(e)) = self.claims.get_mut(i) {
                e.closed = true;
            }
            if let Some(line) = self.line_mut(no) {
                line.exchanging -= quantity;
                line.finish(if line.returned > 0 { ModelStatus::Returned } else { ModelStatus::Exchanged });
            }
        }
    }
}

/// A claim in progress shows; else the least advanced that has not ended; else the furthest end.
fn derive<P: Iterator<Item = ModelStatus>>(parts: impl Fn() -> P) -> Option<ModelStatus> {
    let claim = parts().find(|s| matches!(s, ModelStatus::Returning | ModelStatus::Exchanging));
    let live = || parts().filter(|s| s.rank() == 0).min();
    claim.or_else(live).or_else(|| parts().max_by_key(|s| s.rank()))
}
