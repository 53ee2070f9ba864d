//! Linked orders in several lanes, with the messages between them late, twice and in any order: at rest, no order waits for
//! another that is over, nothing runs that nobody needs, and no unit or won is counted twice.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{
    acts::{Act, command, kinds},
    deep::{Start, advance, begin, ended, settle, start},
    world::World,
};
use crate::domain::{
    Time,
    drawn::config,
    ids::OrderId,
    order::{
        Event, Order, OrderCommand as C,
        state::Line,
        supply::{Ask, AskState, AskWhat, Link, LinkKind, LinkMessage, LinkState, LinkWhat, ProcureState},
    },
    reason::Refusal,
    status::Status,
};

/// An order that is not asked just now.
struct Member {
    home: u32,
    order: Option<Order>,
    history: Vec<(Event, Time)>,
}

/// A message on its way, under the id that makes it be taken once.
#[derive(Clone)]
struct Letter {
    id: String,
    from: OrderId,
    message: LinkMessage,
}

struct Family {
    w: World,
    others: BTreeMap<OrderId, Member>,
    mail: Vec<Letter>,
    sent: Vec<Letter>,
    taken: BTreeSet<(OrderId, String)>,
}

impl Family {
    fn new(start: &Start) -> Self {
        // prepared, and not procured yet
        let forward = if start.prepare == 0 { 1 } else { 2 };
        let mut w = begin(&Start { how: 0, forward, ..start.clone() });
        w.shared = true;
        Self { w, others: BTreeMap::new(), mail: Vec::new(), sent: Vec::new(), taken: BTreeSet::new() }
    }

    /// Makes this order the one that is asked; a new one lives in `lane`.
    fn enter(&mut self, id: &OrderId, lane: u32) {
        let w = &mut self.w;
        if w.id == *id {
            return;
        }
        let now = self.others.remove(id).unwrap_or(Member { home: lane, order: None, history: Vec::new() });
        let order = std::mem::replace(&mut w.order, now.order);
        let history = std::mem::replace(&mut w.history, now.history);
        let home = std::mem::replace(&mut w.home, now.home);
        let was = std::mem::replace(&mut w.id, id.clone());
        if order.is_some() {
            self.others.insert(was, Member { home, order, history });
        }
    }

    fn ids(&self) -> Vec<OrderId> {
        let here = self.w.order.iter().map(|_| &self.w.id);
        let all: BTreeSet<&OrderId> = self.others.keys().chain(here).collect();
        all.into_iter().cloned().collect()
    }

    fn orders(&self) -> Vec<&Order> {
        self.others.values().filter_map(|m| m.order.as_ref()).chain(&self.w.order).collect()
    }

    fn order(&self, id: &OrderId) -> Option<&Order> {
        self.orders().into_iter().find(|o| o.id == *id)
    }

    /// Whatever is under way between them: no unit is off a shelf that nobody has.
    fn shelves(&self) {
        let others = self.others.values().filter_map(|m| Some((m.order.as_ref()?, m.home)));
        let all: Vec<(&Order, u32)> = others.chain(self.w.order.iter().map(|o| (o, self.w.home))).collect();
        self.w.off_the_shelf(&all);
    }

    /// Puts what the order that was asked has said on its way.
    fn post(&mut self) {
        let version = self.w.order.as_ref().map_or(0, |o| o.version);
        for (n, (from, message)) in std::mem::take(&mut self.w.messages).into_iter().enumerate() {
            // several decisions may be posted at once
            let id = format!("{from}>{}:{}:{version}:{n}", message.to, message.what.name());
            let letter = Letter { id, from, message };
            self.mail.push(letter.clone());
            self.sent.push(letter);
        }
    }

    /// A message comes in; the lane drops one that its order has taken.
    fn deliver(&mut self, letter: Letter) {
        let to = letter.message.to.clone();
        if self.taken.contains(&(to.clone(), letter.id.clone())) {
            return;
        }
        self.enter(&to, letter.message.lane);
        let (place, asked) = match letter.message.what {
            LinkWhat::Place(child) => (Some(child.parent.clone()), C::PlaceLinked(child)),
            what @ (LinkWhat::Placed
            | LinkWhat::Refused { .. }
            | LinkWhat::Short { .. }
            | LinkWhat::Done
            | LinkWhat::Shipped
            | LinkWhat::Ended
            | LinkWhat::Cancel
            | LinkWhat::Work { .. }
            | LinkWhat::Worked { .. }
            | LinkWhat::WorkRefused { .. }) => (None, C::Link { from: letter.from, what }),
        };
        let before = (self.w.order.clone(), self.w.history.len());
        let answer = self.w.ask(&asked);
        self.post();
        match (answer, place) {
            (Ok(_), _) => drop(self.taken.insert((to, letter.id))),
            (Err(Refusal { reason, .. }), Some(parent)) => {
                let message = LinkMessage {
                    to: parent.order_id,
                    lane: parent.lane,
                    what: LinkWhat::Refused { reason, facts: None },
                };
                let refused = Letter { id: format!("{to}>{}:refused:0", message.to), from: to.clone(), message };
                self.mail.push(refused.clone());
                self.sent.push(refused);
                self.taken.insert((to, letter.id));
            }
            // an installer hears that it is not as it said, once
            (Err(Refusal { reason, facts, .. }), None)
                if matches!(asked, C::Link { what: LinkWhat::Work { .. }, .. }) =>
            {
                let C::Link { from, what: LinkWhat::Work { ask, lane, .. } } = asked else { return };
                assert_eq!(before, (self.w.order.clone(), self.w.history.len()));
                let what = LinkWhat::WorkRefused { ask, reason, facts: Box::new(facts) };
                let message = LinkMessage { to: from.clone(), lane, what };
                let refused =
                    Letter { id: format!("{to}>{from}:work_refused:{}", letter.id), from: to.clone(), message };
                self.mail.push(refused.clone());
                self.sent.push(refused);
                self.taken.insert((to, letter.id));
            }
            // what has no effect leaves no trace: it may come again
            (Err(_), None) => assert_eq!(before, (self.w.order.clone(), self.w.history.len())),
        }
    }

    fn ask(&mut self, n: usize, act: Act) {
        let ids = self.ids();
        let id = ids[n % ids.len()].clone();
        self.enter(&id, 0);
        let asked = command(&self.w, act);
        drop(self.w.ask(&asked));
        self.post();
    }

    /// One step or reply between lanes.
    fn step(&mut self) -> bool {
        if !self.w.steps.is_empty() {
            return self.w.one_step();
        }
        let Some(reply) = self.w.replies.pop_front() else { return false };
        let (C::Reserved { reservation, .. } | C::ReserveRefused { reservation, .. }) = &reply else { return true };
        let to = reservation.rsplitn(3, ':').nth(2).map(OrderId::stored).unwrap();
        self.enter(&to, 0);
        drop(self.w.ask(&reply));
        self.post();
        true
    }

    fn rest(&mut self) {
        loop {
            while self.step() {}
            if self.mail.is_empty() {
                break;
            }
            let letter = self.mail.remove(0);
            self.deliver(letter);
        }
        self.w.all_at_rest(&self.orders());
        for o in self.orders() {
            for link in &o.fulfilment.links {
                self.linked(o, link);
            }
        }
        let linked = |a: &&Ask| matches!(a.what, AskWhat::Linked { .. });
        let asked: usize = self.orders().iter().map(|o| o.fulfilment.asks.iter().filter(linked).count()).sum();
        for o in self.orders() {
            assert_eq!(
                o.fulfilment.asks.iter().find(|a| a.state == AskState::Open),
                None,
                "{} was never answered",
                o.id
            );
        }
        let refused = self.sent.iter().filter(|l| l.id.ends_with(":refused:0")).count();
        let made = self.orders().iter().filter(|o| o.fulfilment.parent.is_some()).count();
        assert_eq!(asked, made + refused, "an order is made for each that was asked for");
    }

    /// What must be true of a parent and its linked order.
    fn linked(&self, parent: &Order, link: &Link) {
        let lines = || link.lines.iter().filter_map(|no| parent.line(*no));
        let unshipped = |l: &&Line| {
            l.free() > 0
                && matches!(
                    l.status,
                    Status::Ordered | Status::Preparing | Status::ProcurementCheck | Status::ProcurementDone
                )
        };
        assert_ne!(link.state, LinkState::Asked, "{} was never told of {}", parent.id, link.order_id);
        let over = matches!(link.state, LinkState::Ended | LinkState::Refused);
        if over && link.kind == LinkKind::Purchase {
            let waits =
                lines().find(|l| unshipped(l) && l.status != Status::Preparing && parent.sources(l.no).count() == 1);
            assert_eq!(waits, None, "a line of {} waits for {}", parent.id, link.order_id);
        }
        let done = parent.fulfilment.procurements.iter().filter(|p| p.state == ProcureState::Open);
        for p in done.filter(|_| link.state == LinkState::Done && link.kind == LinkKind::Purchase) {
            let theirs = link.procurement == Some(p.no);
            assert!(!theirs, "procurement {} of {} waits for what is done", p.no, parent.id);
        }
        let Some(child) = self.order(&link.order_id).filter(|_| link.state != LinkState::Refused) else { return };
        if lines().all(|l| l.active() == 0) {
            let runs = child.lines.iter().filter(|l| l.original_line_no.is_none() && !l.gift).find(unshipped);
            assert_eq!(runs, None, "{} runs for nothing", child.id);
        }
        if child.lines.iter().all(|l| l.active() == 0) {
            assert!(!link.runs(), "{} is over, and {} does not know", child.id, parent.id);
        }
        // a line that still wants a source may get another one
        let all = |l: &Line| l.status != Status::Preparing && parent.sources(l.no).count() == 1;
        if link.kind == LinkKind::Purchase && link.runs() {
            // what it can't deliver is not waited for
            let plain = child.fulfilment.exchanges.is_empty() && child.fulfilment.returns.is_empty();
            for (own, theirs) in lines().zip(&child.lines).filter(|(l, _)| plain && unshipped(l) && all(l)) {
                assert!(own.free() <= theirs.to_deliver(), "line {} of {} waits for too much", own.no, parent.id);
            }
        }
    }

    /// Everybody goes on; nobody hangs.
    fn finish(&mut self) {
        for round in 0.. {
            self.rest();
            let running: Vec<OrderId> = self.orders().into_iter().filter(|o| !ended(o)).map(|o| o.id.clone()).collect();
            if running.is_empty() {
                break;
            }
            let stuck = || self.order(&running[0]).map(|o| (o.id.clone(), o.lines.clone(), o.fulfilment.clone()));
            assert!(round < 60, "they hang: {:#?}", stuck());
            for id in running {
                self.enter(&id, 0);
                if self.w.o().placement == crate::domain::order::state::Placement::Done {
                    settle(&mut self.w);
                    advance(&mut self.w);
                }
                self.post();
            }
        }
        let completed = |h: &[(Event, Time)], no: u16| {
            let of =
                |e: &Event| matches!(e, Event::ProcurementCompleted { procurements } if procurements.contains(&no));
            h.iter().filter(|(e, _)| of(e)).count()
        };
        for id in self.ids() {
            self.enter(&id, 0);
            self.w.refolds();
            for p in &self.w.o().fulfilment.procurements {
                assert!(completed(&self.w.history, p.no) <= 1, "procurement {} of {id} was completed twice", p.no);
            }
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Ask(usize, Act),
    Advance(usize),
    /// a message comes, whichever
    Deliver(usize),
    /// the last that was sent comes before the others
    Latest,
    /// a message that was sent comes again
    Again(usize),
    Lanes,
    Rest,
}

fn step() -> impl Strategy<Value = Step> {
    let kinds = kinds().prop_filter("no forged messages", |k| !matches!(k, 35 | 36 | 39));
    let act = (kinds, 0u16..5, 0u16..4, 0u32..4, any::<bool>());
    let act = act.prop_map(|(kind, line, other, n, flag)| Act { kind, line, other, n, flag });
    let buy = (prop::sample::select(vec![0u8, 0, 3, 8]), 1u16..5, 1u16..5, any::<bool>());
    let buy = buy.prop_map(|(kind, line, other, flag)| Act { kind, line, other, n: 1, flag });
    prop_oneof![
        8 => (0usize..4, act).prop_map(|(n, act)| Step::Ask(n, act)),
        3 => (0usize..4, buy).prop_map(|(n, act)| Step::Ask(n, act)),
        5 => (0usize..4).prop_map(Step::Advance),
        3 => (0usize..6).prop_map(Step::Deliver),
        2 => Just(Step::Latest),
        1 => (0usize..20).prop_map(Step::Again),
        3 => Just(Step::Lanes),
        1 => Just(Step::Rest),
    ]
}

fn run(f: &mut Family, steps: &[Step]) {
    for step in steps {
        match *step {
            Step::Ask(n, act) => f.ask(n, act),
            Step::Advance(n) => {
                let ids = f.ids();
                f.enter(&ids[n % ids.len()], 0);
                advance(&mut f.w);
                f.post();
            }
            Step::Deliver(n) if !f.mail.is_empty() => {
                let letter = f.mail.remove(n % f.mail.len());
                f.deliver(letter);
            }
            Step::Latest => {
                if let Some(letter) = f.mail.pop() {
                    f.deliver(letter);
                }
            }
            Step::Again(n) if !f.sent.is_empty() => {
                let letter = f.sent[n % f.sent.len()].clone();
                // the outbox sends again what it sent; a placement comes before all news of it
                f.deliver(letter);
            }
            Step::Deliver(_) | Step::Again(_) => {}
            Step::Lanes => drop(f.step()),
            Step::Rest => f.rest(),
        }
        f.shelves();
    }
}

/// Families that make everything be said, whatever is drawn beside them.
fn scripts() -> Vec<(Start, Vec<Step>)> {
    let of = |a: u32| Start {
        lanes: 2,
        quantities: (a, 2, 1),
        forward: 0,
        how: 0,
        off: false,
        prepare: 2,
        at_delivery: false,
    };
    let ask = |who, kind, line, other, n, flag| Step::Ask(who, Act { kind, line, other, n, flag });
    let buy = |who| ask(who, 0, 1, 2, 1, false);
    // so many units of a line are lost
    let lose = |who, line, n| ask(who, 8, line, 0, n, true);
    let begun = || vec![buy(0), Step::Rest, Step::Advance(1), Step::Rest];
    let with = |more: Vec<Step>| [begun(), more].concat();
    vec![
        // a partner that buys in its turn, until all is done
        (of(2), with(vec![buy(1), Step::Rest])),
        // one that has not enough; one that loses a unit, and then all
        (of(4), vec![buy(0), Step::Rest]),
        (of(2), with(vec![lose(1, 1, 1), Step::Rest, lose(1, 1, 1), lose(1, 2, 1), lose(1, 2, 1), Step::Rest])),
        // one whose order nobody wants any more
        (of(2), with(vec![lose(0, 1, 1), lose(0, 1, 1), lose(0, 2, 1), lose(0, 2, 1), Step::Rest])),
    ]
}

fn look(f: &Family, seen: &mut BTreeSet<String>) {
    let generations = |o: &Order| o.id.as_str().matches("::").count();
    seen.extend(f.sent.iter().map(|l| l.message.what.name().to_owned()));
    seen.extend(f.orders().iter().map(|o| format!("generation {}", generations(o))));
}

#[test]
fn everything_is_said_in_a_script_of_its_own() {
    let mut seen = BTreeSet::new();
    for (start, steps) in scripts() {
        let mut f = Family::new(&start);
        run(&mut f, &steps);
        f.finish();
        look(&f, &mut seen);
    }
    let wanted = ["place", "placed", "refused", "short", "done", "ended", "cancel", "generation 2"];
    let never: Vec<_> = wanted.into_iter().filter(|w| !seen.contains(*w)).collect();
    assert!(never.is_empty(), "never happened: {never:?}");
}

/// So many drawn families, and the scripts' ones; `look` sees every order of each when all have come to rest.
pub fn drawn(cases: u32, look: impl Fn(&World)) {
    let to_rest = |start: &Start, steps: &[Step]| {
        let mut f = Family::new(start);
        run(&mut f, steps);
        f.finish();
        for id in f.ids() {
            f.enter(&id, 0);
            look(&f.w);
        }
    };
    scripts().iter().for_each(|(start, steps)| to_rest(start, steps));
    let case = (start(), prop::collection::vec(step(), 5..60));
    let tried = proptest::test_runner::TestRunner::new(config(cases)).run(&case, |(start, steps)| {
        to_rest(&start, &steps);
        Ok(())
    });
    if let Err(e) = tried {
        panic!("{e}");
    }
}

#[test]
fn a_family_comes_to_rest_whatever_is_asked_and_however_its_messages_travel() {
    drawn(1_200, |_| ());
}
