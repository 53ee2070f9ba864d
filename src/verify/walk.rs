//! A history, walked event by event: what must hold between one event and the next.

use super::{Findings, Promise};
use crate::{
    domain::{
        catalog::StockPolicy,
        ids::OrderId,
        money::Won,
        order::{
            Order,
            claim::{CollectionState, ReturnState},
            event::{Event, Placed, PlacedLine},
            state::{Line, Placement, ReserveState},
            supply::AskState,
        },
        status::{Status, may_go},
    },
    store::rows::HistRow,
};

/// Folds a history and checks every step; `None` when it can't be folded (which is told as R7).
pub fn walk(rows: &[HistRow], f: &mut Findings) -> Option<Order> {
    let id = OrderId::stored(&rows.first()?.ord_id);
    let mut order: Option<Order> = None;
    for (row, no) in rows.iter().zip(1i64..) {
        f.hold(Promise::R7, row.hist_no == no, || {
            format!("order {id}: event {no} is missing (the next one there is {})", row.hist_no)
        });
        let event = match Event::read(row.evnt_ver, &row.evnt) {
            Ok(event) => event,
            Err(why) => {
                f.bad(Promise::R7, format!("order {id}, event {}: {why}", row.hist_no));
                return None;
            }
        };
        f.hold(Promise::R7, *row.evnt_typ_cd == *event.name(), || {
            format!("order {id}, event {}: it is {:?}, its row says {:?}", row.hist_no, event.name(), row.evnt_typ_cd)
        });
        let before = order.clone();
        if let Err(misfit) = Order::step(&mut order, &id, &event, row.hist_dttm) {
            f.bad(Promise::R7, misfit.to_string());
            return None;
        }
        let after = order.as_ref()?;
        f.hold(Promise::R7, *row.ord_stat_cd == *after.status().code(), || {
            let code = after.status().code();
            format!("order {id}, event {}: its row says {}, its history {code}", row.hist_no, row.ord_stat_cd)
        });
        transitions(before.as_ref(), after, row, f);
        payment(before.as_ref(), after, &event, row, f);
        comes_to(after, &event, row, f);
        whole(after, &event, row, f);
    }
    order
}

/// R10: each line goes only where some trigger takes it, and nowhere from a terminal status.
fn transitions(before: Option<&Order>, after: &Order, row: &HistRow, f: &mut Findings) {
    let placed = before.is_some_and(|b| b.placement == Placement::Done);
    for line in &after.lines {
        let was = before.filter(|_| placed).and_then(|b| b.line(line.no));
        let (from, to) = (was.map(Line::shown), line.shown());
        let legal = match was {
            // while it is being placed
            None if !placed => matches!(to, Status::PaymentPending | Status::Ordered | Status::OutOfStock),
            // added to an order that stands: a gift, or for an exchange
            None => matches!(to, Status::Ordered | Status::Preparing),
            Some(was) => may_go(was.shown(), to, was.status, (after.installs(), was.moved_in.is_some())),
        };
        f.hold(Promise::R10, legal, || {
            let from = from.map_or("its placement", Status::code);
            let (id, to) = (&after.id, to.code());
            format!("order {id}, event {}: line {} went from {from} to {to}", row.hist_no, line.no)
        });
    }
    if let Some(b) = before.filter(|b| placed && b.status().is_terminal()) {
        f.hold(Promise::R10, b.status() == after.status(), || {
            let (from, to) = (b.status().code(), after.status().code());
            format!("order {}, event {}: it left its terminal status {from} for {to}", after.id, row.hist_no)
        });
    }
}

/// R8: what is paid is what was due, to the won.
fn payment(before: Option<&Order>, after: &Order, event: &Event, row: &HistRow, f: &mut Findings) {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events bring no money that was due")]
    let (due, paid): (Won, Won) = match event {
        Event::Placed(p) | Event::PlacementStarted { placed: p, .. } if !p.paid.is_empty() => {
            (price(p), p.paid.iter().map(|s| s.amount).sum())
        }
        Event::PaymentApproved { settlements, .. } => {
            (before.map_or(Won::ZERO, Order::amount_due), settlements.iter().map(|s| s.amount).sum())
        }
        Event::DepositConfirmed { amount, .. } => (before.map_or(Won::ZERO, Order::amount_due), *amount),
        Event::SurchargePaid { settlements } => {
            (before.map_or(Won::ZERO, Order::surcharge_due), settlements.iter().map(|s| s.amount).sum())
        }
        _ => return,
    };
    f.hold(Promise::R8, due == paid, || {
        format!("order {}, event {}: {paid} won were paid, {due} were due", after.id, row.hist_no)
    });
}

/// What all of a placement costs, before anything is short.
fn price(p: &Placed) -> Won {
    let off = |l: &PlacedLine| [&l.promotion, &l.coupon].into_iter().flatten().map(|d| d.amount).sum();
    let goods: Won = p.lines.iter().map(|l| l.unit_price.times(l.quantity) - off(l)).sum();
    goods + p.fees.iter().map(|f| f.amount).sum()
}

/// R8: what a placement says that it comes to is that, without what was short; of its lines and fees as they are then.
fn comes_to(after: &Order, event: &Event, row: &HistRow, f: &mut Findings) {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events say no total")]
    let told = match event {
        Event::Placed(p) | Event::PlacementStarted { placed: p, .. } => p.total,
        Event::PlacementCompleted { total, .. } => *total,
        _ => None,
    };
    let lines: Won = after.lines.iter().map(|l| l.pay() - l.refunded).sum();
    let total = lines + after.fees.iter().map(|r| r.amount - r.returned).sum();
    f.hold(Promise::R8, told.is_none_or(|t| t == total), || {
        let told = told.unwrap_or_default();
        format!("order {}, event {}: it says a total of {told}, its lines and fees make {total}", after.id, row.hist_no)
    });
}

/// R11: an order that takes no part got all units of every line whose stock is taken at placement.
fn whole(after: &Order, event: &Event, row: &HistRow, f: &mut Findings) {
    let stands = matches!(event, Event::Placed(_) | Event::PlacementCompleted { .. });
    if !stands || after.allow_partial {
        return;
    }
    // an installer's work takes nothing from a shelf
    if after.installs() {
        return;
    }
    // an order goes on without gifts that have run out
    let may_lack = |l: &Line| l.gift && l.entitled.is_some_and(|e| e.goes_on());
    for line in after.lines.iter().filter(|l| l.policy == StockPolicy::HoldAtPlacement && !may_lack(l)) {
        f.hold(Promise::R11, line.held + line.deducted == line.ordered, || {
            let got = line.held + line.deducted;
            let of = line.ordered;
            format!("order {}, event {}: line {} got {got} of {of} units", after.id, row.hist_no, line.no)
        });
    }
}

/// What must hold of an order once its history is told.
pub fn stands(order: &Order, f: &mut Findings) {
    let id = &order.id;
    f.hold(Promise::R11, order.placement != Placement::Reserving, || {
        format!("order {id}: its placement still waits for other lanes")
    });
    for r in &order.reservations {
        f.hold(Promise::R11, order.placement == Placement::Reserving || r.state != ReserveState::Asked, || {
            format!("order {id}: reservation {} was asked for and never answered", r.asked.id)
        });
    }
    for a in &order.after.asks {
        f.hold(Promise::R11, a.state != AskState::Open, || {
            format!("order {id}: {} was asked and never answered", a.id)
        });
    }
    if order.settles_here() && order.placement == Placement::Done {
        let left: Won = order.settlements.iter().map(|s| s.refundable).sum();
        let due = order.amount_due() - order.surcharge_due();
        f.hold(Promise::R8, left == due, || {
            format!("order {id}: {left} won can go back, its lines and fees are worth {due}")
        });
    }
    for l in &order.lines {
        let open = order.after.returns.iter().filter(|r| !r.state.ended()).flat_map(|r| &r.lines);
        let under: u32 = open.filter(|k| k.line_no == l.no).map(|k| k.quantity).sum();
        f.hold(Promise::R9, l.return_accepted == l.returned + under, || {
            let (no, accepted, returned) = (l.no, l.return_accepted, l.returned);
            format!(
                "order {id}: line {no} has {accepted} units accepted for return, {returned} returned, {under} under way"
            )
        });
    }
    claims(order, f);
    for s in &order.settlements {
        let of = || order.refunds.iter().filter(|r| r.settlement_no == s.no);
        let planned: Won = of().filter(|r| r.open()).map(|r| r.amount).sum();
        let refunded: Won = of().filter(|r| r.done()).map(|r| r.amount).sum();
        f.hold(Promise::R8, s.planned == planned && s.refunded == refunded, || {
            let (no, p, r) = (s.no, s.planned, s.refunded);
            format!(
                "order {id}: settlement {no} has {p} planned and {r} refunded, its refunds {planned} and {refunded}"
            )
        });
    }
}

/// What is wholly refunded leaves no gift to ship; what was exchanged is back before its money; what was collected is
/// somewhere.
fn claims(order: &Order, f: &mut Findings) {
    let id = &order.id;
    let alone = |l: &&Line| {
        let mut family = order.family(l).peekable();
        l.gift && l.free() > 0 && !l.status.is_terminal() && family.peek().is_some() && family.all(|m| m.active() == 0)
    };
    for l in order.lines.iter().filter(|_| order.paid_at.is_some() && order.placement == Placement::Done) {
        let left = alone(&l);
        if left && !order.after.chain {
            // by an older version: the next command to the order lets it follow
            f.note(Promise::R9, format!("order {id}: gift line {} is left alone", l.no));
            continue;
        }
        f.hold(Promise::R9, !left, || {
            format!("order {id}: line {} is a gift, and nothing is left that it came with", l.no)
        });
    }
    for r in &order.after.returns {
        let early = order.refunds.iter().any(|b| b.return_group == Some(r.group) && b.done());
        f.hold(Promise::R8, !early || !order.owes_for_return(r), || {
            format!("order {id}: return {} is refunded, and what it was exchanged for is still out", r.group)
        });
        for l in r.lines.iter().filter(|l| l.collect && r.state == ReturnState::Completed) {
            f.hold(Promise::R9, l.back == l.collected && l.collected + l.written_off == l.quantity, || {
                let (no, came, back, off, of) = (l.line_no, l.collected, l.back, l.written_off, l.quantity);
                format!("order {id}: line {no} of return {}: {came} of {of} came, {back} are in the books, {off} written off", r.group)
            });
        }
    }
    for (e, c) in order.after.exchanges.iter().filter_map(|e| Some((e, e.collection.as_ref()?))) {
        let inspected = c.state == CollectionState::Inspected;
        f.hold(Promise::R9, c.collected + c.given_up <= c.quantity && (!inspected || c.back == c.collected), || {
            format!(
                "order {id}: exchange {}: {} of {} came, {} are in the books",
                e.group, c.collected, c.quantity, c.back
            )
        });
    }
}
