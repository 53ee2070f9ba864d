//! A history, walked event by event: what must hold between one event and the next.

use std::sync::Arc;

use super::{
    Findings, Promise,
    fold::{AskAt, CheckedOrder, FoldedLine, KeptAt, ReturnAt, Standing, ended, leads},
};
use crate::{
    domain::{
        catalog::StockPolicy,
        order::{
            claim::CollectionState,
            event::{Event, Placed, PlacedLine, current_name},
        },
        status::Status,
    },
    store::rows::HistRow,
};

/// A history's events, each as it could be read.
pub type Events = Vec<Result<Event, String>>;

/// Reads a history's events.
pub fn read(rows: &[HistRow]) -> Events {
    rows.iter().map(|row| Event::read(row.evnt_ver, &row.evnt)).collect()
}

/// What was true before an event.
#[derive(Default)]
struct Before {
    /// whether the order stood, and its status
    stood: Option<Status>,
    /// its lines: number, status shown, and where its free units were
    lines: Vec<(i64, Status, Status)>,
}

impl Before {
    fn look(&mut self, told: &CheckedOrder) {
        self.stood = (told.standing == Standing::Stands).then(|| told.status());
        self.lines.clear();
        self.lines.extend(told.lines.iter().map(|l| (l.row.ord_seq, l.shown(), l.own)));
    }
}

/// Folds a history and checks every step; `None` when it can't be folded (which is told as R7).
pub fn walk(rows: &[HistRow], events: &Events, f: &mut Findings) -> Option<CheckedOrder> {
    let id: &Arc<str> = &rows.first()?.ord_id;
    let mut told: Option<CheckedOrder> = None;
    let mut before = Before::default();
    for ((row, event), no) in rows.iter().zip(events).zip(1i64..) {
        f.hold(Promise::R7, row.hist_no == no, || {
            format!("order {id}: event {no} is missing (the next one there is {})", row.hist_no)
        });
        let event = match event {
            Ok(event) => event,
            Err(why) => {
                f.bad(Promise::R7, format!("order {id}, event {}: {why}", row.hist_no));
                return None;
            }
        };
        f.hold(Promise::R7, current_name(&row.evnt_typ_cd) == event.name(), || {
            format!("order {id}, event {}: it is {:?}, its row says {:?}", row.hist_no, event.name(), row.evnt_typ_cd)
        });
        let paid = payment(told.as_ref(), event);
        if let Err(misfit) = CheckedOrder::hear(&mut told, id, event, row.hist_dttm) {
            f.bad(Promise::R7, misfit);
            return None;
        }
        let after = told.as_ref()?;
        f.hold(Promise::R7, *row.ord_stat_cd == *after.status().code(), || {
            let code = after.status().code();
            format!("order {id}, event {}: its row says {}, its history {code}", row.hist_no, row.ord_stat_cd)
        });
        transitions(&before, after, row, f);
        if let Some((due, paid)) = paid {
            f.hold(Promise::R8, due == paid, || {
                format!("order {id}, event {}: {paid} won were paid, {due} were due", row.hist_no)
            });
        }
        comes_to(after, event, row, f);
        whole(after, event, row, f);
        before.look(after);
    }
    told
}

/// R10: each line goes only where some trigger takes it, and nowhere from a terminal status.
fn transitions(before: &Before, after: &CheckedOrder, row: &HistRow, f: &mut Findings) {
    for line in &after.lines {
        let no = line.row.ord_seq;
        let was = before.lines.iter().find(|(n, ..)| *n == no).filter(|_| before.stood.is_some());
        let to = line.shown();
        let legal = match was {
            // while it is being placed
            None if before.stood.is_none() => {
                matches!(to, Status::PaymentPending | Status::Ordered | Status::OutOfStock)
            }
            // added to an order that stands: a gift, or for an exchange
            None => matches!(to, Status::Ordered | Status::Preparing),
            Some((_, shown, own)) => leads(*shown, to, *own, (after.installs(), line.replaces)),
        };
        f.hold(Promise::R10, legal, || {
            let from = was.map_or("its placement", |(_, shown, _)| shown.code());
            let (id, to) = (&after.ord_id, to.code());
            format!("order {id}, event {}: line {no} went from {from} to {to}", row.hist_no)
        });
    }
    if let Some(was) = before.stood.filter(|was| ended(*was)) {
        f.hold(Promise::R10, was == after.status(), || {
            let (from, to) = (was.code(), after.status().code());
            format!("order {}, event {}: it left its terminal status {from} for {to}", after.ord_id, row.hist_no)
        });
    }
}

/// R8: what an event says was paid, and what was due for it before; nothing where it brings no money that was due.
fn payment(before: Option<&CheckedOrder>, event: &Event) -> Option<(i64, i64)> {
    let owed = || before.map_or(0, CheckedOrder::owed);
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events bring no money that was due")]
    match event {
        Event::Placed(p) | Event::PlacementStarted { placed: p, .. } if !p.paid.is_empty() => {
            Some((price(p), p.paid.iter().map(|s| s.amount.get()).sum()))
        }
        Event::PaymentApproved { settlements, .. } => Some((owed(), settlements.iter().map(|s| s.amount.get()).sum())),
        Event::DepositConfirmed { amount, .. } => Some((owed(), amount.get())),
        Event::SurchargePaid { settlements, fees } => {
            Some((before.map_or(0, |b| b.surcharges(fees)), settlements.iter().map(|s| s.amount.get()).sum()))
        }
        _ => None,
    }
}

/// What all of a placement costs, before anything is short.
fn price(p: &Placed) -> i64 {
    let off = |l: &PlacedLine| [&l.promotion, &l.coupon].into_iter().flatten().map(|d| d.amount.get()).sum::<i64>();
    let goods: i64 = p.lines.iter().map(|l| l.unit_price.get() * i64::from(l.quantity) - off(l)).sum();
    goods + p.fees.iter().map(|f| f.amount.get()).sum::<i64>()
}

/// R8: what a placement says that it comes to is that, without what was short; of its lines and fees as they are then.
fn comes_to(after: &CheckedOrder, event: &Event, row: &HistRow, f: &mut Findings) {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other events say no total")]
    let told = match event {
        Event::Placed(p) | Event::PlacementStarted { placed: p, .. } => p.total,
        Event::PlacementCompleted { total, .. } => *total,
        _ => None,
    };
    let total = after.owed();
    f.hold(Promise::R8, told.is_none_or(|t| t.get() == total), || {
        let (id, told) = (&after.ord_id, told.unwrap_or_default());
        format!("order {id}, event {}: it says a total of {told}, its lines and fees make {total}", row.hist_no)
    });
}

/// R11: an order that takes no part got all units of every line whose stock is taken at placement.
fn whole(after: &CheckedOrder, event: &Event, row: &HistRow, f: &mut Findings) {
    let stands = matches!(event, Event::Placed(_) | Event::PlacementCompleted { .. });
    // an installer's work takes nothing from a shelf
    if !stands || after.in_parts || after.installs() {
        return;
    }
    // an order goes on without gifts that have run out
    let at_placement = StockPolicy::HoldAtPlacement.code();
    for line in after.lines.iter().filter(|l| l.row.stck_plcy_cd == at_placement && !l.dispensable) {
        let (got, of) = (line.row.hold_qty + line.row.dduct_qty, line.row.ord_qty);
        f.hold(Promise::R11, got == of, || {
            let (id, no) = (&after.ord_id, line.row.ord_seq);
            format!("order {id}, event {}: line {no} got {got} of {of} units", row.hist_no)
        });
    }
}

/// What must hold of an order once its history is told.
pub fn stands(order: &CheckedOrder, f: &mut Findings) {
    let id = &order.ord_id;
    let waits = order.standing == Standing::Waits;
    f.hold(Promise::R11, !waits, || format!("order {id}: its placement still waits for other lanes"));
    for r in &order.reservations {
        f.hold(Promise::R11, waits || r.at != KeptAt::Asked, || {
            format!("order {id}: reservation {} was asked for and never answered", r.id)
        });
    }
    for a in &order.asks {
        f.hold(Promise::R11, a.at != AskAt::Open, || format!("order {id}: {} was asked and never answered", a.id));
    }
    if order.settles_here() && order.standing == Standing::Stands {
        let left: i64 = order.payments.iter().map(|p| p.row.rfnd_psbl_amt).sum();
        let due = order.owed() - order.surcharges(&[]);
        f.hold(Promise::R8, left == due, || {
            format!("order {id}: {left} won can go back, its lines and fees are worth {due}")
        });
    }
    claims(order, f);
}

/// What is wholly refunded leaves no gift to ship; what was exchanged is back before its money; what was collected is
/// somewhere.
fn claims(order: &CheckedOrder, f: &mut Findings) {
    let id = &order.ord_id;
    let alone = |l: &FoldedLine| {
        let mut family = order.family(l).peekable();
        let to_ship = l.row.gft_yn && l.free() > 0 && !ended(l.own);
        to_ship && family.peek().is_some() && family.all(|m| m.active() == 0)
    };
    for l in order.lines.iter().filter(|_| order.paid_at.is_some() && order.standing == Standing::Stands) {
        let (left, no) = (alone(l), l.row.ord_seq);
        if left && !order.chained {
            // by an older version: the next command to the order lets it follow
            f.note(Promise::R9, format!("order {id}: gift line {no} is left alone"));
            continue;
        }
        f.hold(Promise::R9, !left, || {
            format!("order {id}: line {no} is a gift, and nothing is left that it came with")
        });
    }
    for r in &order.returns {
        let early = order.refunds.iter().any(|b| b.return_group == Some(r.group) && b.done());
        f.hold(Promise::R8, !early || !order.out_for_return(r), || {
            format!("order {id}: return {} is refunded, and what it was exchanged for is still out", r.group)
        });
        for k in r.lines.iter().filter(|k| k.row.clct_need_yn && r.at == ReturnAt::Completed) {
            let (came, off, of, back) = (k.row.clct_qty, k.row.wrof_qty, k.row.rtn_qty, k.back);
            f.hold(Promise::R9, back == came && came + off == of, || {
                let no = k.row.ord_seq;
                format!(
                    "order {id}: line {no} of return {}: {came} of {of} came, {back} are in the books, {off} written off",
                    r.group
                )
            });
        }
    }
    for (e, way) in order.exchanges.iter().filter_map(|e| Some((&e.row, e.way.as_ref()?))) {
        let (came, given_up, of, back) = (e.clct_qty, e.gvup_qty, way.units, way.back);
        let inspected = way.at == CollectionState::Inspected;
        f.hold(Promise::R9, came + given_up <= of && (!inspected || back == came), || {
            format!("order {id}: exchange {}: {came} of {of} came, {back} are in the books", e.exch_grp_no)
        });
    }
}
