//! The two folds over the same histories: whatever happens to an order, both say the same of it after every event.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use serde_json::Value;

use super::{legal, privileged, *};
use crate::{
    domain::{
        order::{
            Order, OrderCommand as C,
            claim::Fault,
            event::CutCause,
            state::{Placement, ReserveState},
            supply::AskState,
            tests::{
                acts::give_back,
                business, by_hand,
                claims::{add_product, exchange, order, shipped},
                constructed, deep, family, inspected, nothing, random, stays,
                world::{World, line},
            },
        },
        status::may_go,
    },
    history::project::{audited, project, registered},
    store::{Batch, row::Row},
    tools::verify::pages::differences,
};

/// Where the orders live.
const PARTITION: u32 = 3;

/// Goes through an order's history by both folds; and through what it would be with the rarer outcomes.
fn alike(w: &World) {
    both(w, &w.history);
    let rarer = w.history.iter().map(|(event, at)| (rarer(event, *at), *at));
    both(w, &rarer.collect::<Vec<_>>());
}

/// The same event as it seldom is: what arrives confirms itself, each line at another time, and a unit less arrives; what comes
/// back can't be sold again; what the buyer cancels went with other goods.
fn rarer(event: &Event, at: Time) -> Event {
    let days = |n: u16| Some(at + chrono::TimeDelta::days(i64::from(n % 5) + 1));
    let mut event = event.clone();
    if let Event::Delivered(d) = &mut event {
        for l in d.lines.iter_mut().filter(|l| l.revenue_recognized_at.is_some()) {
            (l.auto_confirm_at, l.delivered) = (days(l.line_no), l.delivered.saturating_sub(1));
        }
    } else if let Event::Installed { lines, auto_confirm_at } = &mut event {
        *auto_confirm_at = days(lines.first().copied().unwrap_or(0));
    } else if let Event::ReturnCompleted { lines, .. } = &mut event {
        for l in lines {
            (l.sellable, l.unsellable) = (l.unsellable, l.sellable);
        }
    } else if let Event::Cut { cause, .. } = &mut event
        && *cause == CutCause::Buyer
    {
        *cause = CutCause::MainGone;
    }
    event
}

fn both(w: &World, history: &[(Event, Time)]) {
    let ord_id = w.id.shared();
    let (mut order, mut told) = (None, None);
    for (n, (event, at)) in history.iter().enumerate() {
        Order::step(&mut order, &w.id, event, *at).unwrap();
        let heard = CheckedOrder::hear(&mut told, &ord_id, event, *at);
        let (Some(order), Some(told), Ok(())) = (&order, &told, &heard) else {
            panic!("{heard:?}: {history:#?}");
        };
        let mut found = rows(order, told);
        found.extend(besides(order, told));
        if audited(event).map(|(kind, _)| kind).as_deref() != privileged(event) {
            found.push(format!("the audit: {:?}, {:?}", audited(event), privileged(event)));
        }
        let so_far = || history.iter().take(n + 1).map(|(e, _)| e).collect::<Vec<_>>();
        assert!(found.is_empty(), "after event {}:\n{}\n{:#?}", n + 1, found.join("\n"), so_far());
    }
}

/// How the rows differ that the two make.
fn rows(order: &Order, told: &CheckedOrder) -> Vec<String> {
    let (mut batch, mut asking) = (Batch::default(), Batch::default());
    project(order, PARTITION, false, false, &mut batch);
    project(order, PARTITION, true, false, &mut asking);
    let ours = told.rows(i64::from(PARTITION));
    let mut found = Vec::new();
    fn table<R: Row>(theirs: &[R], ours: &[R], found: &mut Vec<String>) {
        found.extend(differences("engine", theirs, ours));
        if theirs.len() != ours.len() {
            found.push(format!("{}: {} rows and {}", R::TABLE, theirs.len(), ours.len()));
        }
    }
    table(&batch.changed.ord, &ours.ord, &mut found);
    table(&batch.changed.gds, &ours.gds, &mut found);
    table(&batch.gft, &ours.gft, &mut found);
    table(&batch.changed.stlm, &ours.stlm, &mut found);
    table(&batch.changed.aprv, &ours.aprv, &mut found);
    table(&batch.cncl, &ours.cncl, &mut found);
    table(&batch.changed.fee, &ours.fee, &mut found);
    table(&batch.dscnt, &ours.dscnt, &mut found);
    table(&batch.pnt, &ours.pnt, &mut found);
    table(&batch.prcr, &ours.prcr, &mut found);
    table(&batch.lnk, &ours.lnk, &mut found);
    table(&batch.wybl, &ours.wybl, &mut found);
    table(&batch.rtn, &ours.rtn, &mut found);
    table(&batch.exch, &ours.exch, &mut found);
    table(&batch.rvw, &ours.rvw, &mut found);
    table(&batch.rfnd, &ours.rfnd, &mut found);
    let (theirs, ours) = (asking.changed.ord.first().map(|o| o.due_dttm), told.due_dttm(true));
    if theirs != Some(ours) {
        found.push(format!("due where refunds are asked for: {theirs:?} and {ours:?}"));
    }
    found
}

/// How what is told beside the rows differs.
fn besides(order: &Order, told: &CheckedOrder) -> Vec<String> {
    let mut found = Vec::new();
    let mut same = |what: &str, theirs: String, ours: String| {
        if theirs != ours {
            found.push(format!("{what}: {theirs} and {ours}"));
        }
    };
    let standing = match order.placement {
        Placement::Reserving => Standing::Waits,
        Placement::Done => Standing::Stands,
        Placement::Failed => Standing::Never,
    };
    same("placement", format!("{standing:?}"), format!("{:?}", told.standing));
    same("status", order.status().code().into(), told.status().code().into());
    if standing != Standing::Never {
        same("owed", order.amount_due().to_string(), told.owed().to_string());
    }
    same("surcharges", order.surcharge_due().to_string(), told.surcharges(&[]).to_string());
    let theirs: Vec<(&str, String)> =
        order.reservations.iter().map(|r| (&*r.asked.id, format!("{:?}", r.state))).collect();
    let ours: Vec<(&str, String)> = told.reservations.iter().map(|r| (&*r.id, format!("{:?}", r.at))).collect();
    same("reservations", format!("{theirs:?}"), format!("{ours:?}"));
    let open = order.fulfilment.asks.iter().filter(|a| a.state == AskState::Open).map(|a| &*a.id);
    let ours = told.asks.iter().filter(|a| a.at == AskAt::Open).map(|a| &*a.id);
    same("asks", format!("{:?}", open.collect::<Vec<_>>()), format!("{:?}", ours.collect::<Vec<_>>()));
    let theirs = order.lines.iter().map(|l| (l.status.code(), l.shown().code(), l.active(), l.free()));
    let ours = told.lines.iter().map(|l| (l.own.code(), l.shown().code(), l.active(), l.free()));
    if standing != Standing::Never {
        same("lines", format!("{:?}", theirs.collect::<Vec<_>>()), format!("{:?}", ours.collect::<Vec<_>>()));
    }
    let theirs = order.fulfilment.returns.iter().map(|r| order.owes_for_return(r));
    let ours = told.returns.iter().map(|r| told.out_for_return(r));
    same("owed goods", format!("{:?}", theirs.collect::<Vec<_>>()), format!("{:?}", ours.collect::<Vec<_>>()));
    let mut batch = Batch::default();
    registered(&[], order, &mut batch);
    let theirs = batch.rgst.iter().map(|r| (r.pay_id.to_string(), &*r.pay_mns_cd, r.pay_amt)).collect::<Vec<_>>();
    same("register", format!("{theirs:?}"), format!("{:?}", told.registered().collect::<Vec<_>>()));
    let kept = order.reservations.iter().filter(|r| matches!(r.state, ReserveState::Held | ReserveState::Taken));
    let ours = told.reservations.iter().filter(|r| matches!(r.at, KeptAt::Held | KeptAt::Taken));
    same("kept elsewhere", kept.count().to_string(), ours.count().to_string());
    found
}

#[test]
fn two_folds_say_the_same_up_to_the_payment() {
    random::drawn(800, alike);
    nothing::short().iter().chain(&nothing::moved()).for_each(|(w, _)| alike(w));
    business::placed().iter().for_each(|(w, ..)| alike(w));
}

#[test]
fn two_folds_say_the_same_after_the_payment() {
    alike(&constructed::constructed());
    inspected::judged().iter().chain(&stays::worlds()).for_each(alike);
    by_hand::from_another_lane().iter().for_each(alike);
    deep::drawn(800, alike);
}

/// What draws seldom come to: money that waits for exchanged goods, and a line that is returned and exchanged in part.
#[test]
fn two_folds_say_the_same_of_chains() {
    let back = |line_no| C::RequestReturn(give_back(&[(line_no, 1)], Fault::Seller));
    let approve = |group| C::ApproveReturn { group, timing: None, fault: None };
    let come = |group| {
        let inspected = Vec::new();
        [C::CollectReturn { group, lines: Vec::new() }, C::CompleteReturn { group, inspected, fault: None }]
    };
    let swap = |group| [exchange(1, 1), add_product(group, None)];
    let returned = |path: Vec<C>| alike(&order(deep::shop(1), vec![line("c", 2)], &[shipped(), path].concat()));
    // what the exchange added goes back before what it was exchanged for
    returned([&swap(1)[..], &[back(2), approve(2)], &come(1)].concat());
    // one unit is returned, the other exchanged, and that returned
    returned([&[back(1), approve(1)][..], &come(1), &swap(2), &[back(2), approve(3)], &come(2)].concat());
}

#[test]
fn two_folds_say_the_same_of_linked_orders() {
    family::drawn(300, alike);
}

#[test]
fn transitions_are_the_pages_and_the_engines() {
    // of the picture: "A --> B: trigger, trigger"
    let page = include_str!("../../../../docs/reference/order-status.md");
    let status = |name: &str| Status::from_code(name.trim());
    // who may: an installer's order, a line that an exchange added, else anybody
    let mut told: BTreeSet<(Status, Status, &str)> = BTreeSet::new();
    for line in page.lines() {
        let Some((from, rest)) = line.split_once(" --> ") else { continue };
        let Some((to, triggers)) = rest.split_once(": ") else { continue };
        let (from, to) = (status(from).unwrap(), status(to).unwrap());
        told.extend(triggers.split(", ").map(|trigger| match trigger {
            "hand_over" | "end_work" => (from, to, "installs"),
            "call_off_exchange" => (from, to, "added"),
            _ => (from, to, "anybody"),
        }));
    }
    let count = |who: &str| told.iter().filter(|(.., w)| *w == who).count();
    assert_eq!((count("anybody"), count("installs"), count("added")), (22, 9, 3), "{told:?}");
    for from in Status::ALL {
        for to in Status::ALL.into_iter().filter(|to| *to != from) {
            for (installs, added) in [(false, false), (true, false), (false, true), (true, true)] {
                let may = |who: &str, is: bool| is && told.contains(&(from, to, who));
                let legal = may("anybody", true) || may("installs", installs) || may("added", added);
                // a line whose free units are nowhere else
                assert_eq!(leads(from, to, from, (installs, added)), legal || back(from, to), "{from:?} {to:?}");
                for own in Status::ALL {
                    let theirs = may_go(from, to, own, (installs, added));
                    assert_eq!(leads(from, to, own, (installs, added)), theirs, "{from:?} {to:?} {own:?}");
                }
            }
        }
        assert_eq!(legal::ended(from), from.is_terminal());
    }
}

/// From one claim of a line to another.
fn back(from: Status, to: Status) -> bool {
    let claim = |s| matches!(s, Status::Returning | Status::Exchanging);
    claim(from) && claim(to)
}

/// The leaves of an event, each by its path, and as it would be with another value.
fn changed(value: &Value, path: &str, put: &mut dyn FnMut(String, Value)) {
    match value {
        Value::Object(fields) => {
            for (name, part) in fields.iter().filter(|(name, _)| *name != "type") {
                changed(part, &format!("{path}.{name}"), &mut |path, other| {
                    let mut fields = fields.clone();
                    fields.insert(name.clone(), other);
                    put(path, fields.into());
                });
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                changed(item, path, &mut |path, other| {
                    let mut items = items.clone();
                    items[i] = other;
                    put(path, items.into());
                });
            }
        }
        Value::Number(n) => put(path.to_owned(), (n.as_i64().unwrap() + 1).into()),
        Value::Bool(b) => put(path.to_owned(), (!b).into()),
        Value::String(text) => {
            let later = text.parse::<Time>().map(|at| (at + chrono::TimeDelta::seconds(1)).to_rfc3339());
            put(path.to_owned(), later.unwrap_or_else(|_| format!("{text}x")).into());
        }
        Value::Null => {}
    }
}

/// Whether the engine, told what happened, and we, told something else of one event, come to different rows.
fn noticed(w: &World, changed: usize, event: &Event) -> bool {
    let (mut order, mut told) = (None, None);
    let last = w.history.len() - 1;
    for (n, (happened, at)) in w.history.iter().enumerate() {
        Order::step(&mut order, &w.id, happened, *at).unwrap();
        let heard = if n == changed { event } else { happened };
        let audit = audited(happened).map(|(kind, _)| kind).as_deref() == privileged(heard);
        if CheckedOrder::hear(&mut told, &w.id.shared(), heard, *at).is_err() || !audit {
            return true;
        }
        let (Some(order), Some(told)) = (&order, &told) else { continue };
        if (n == changed || n == last) && !(rows(order, told).is_empty() && besides(order, told).is_empty()) {
            return true;
        }
    }
    false
}

/// What makes no row of the order's: words for people; totals, which the walk holds to the rows; what is asked of others and
/// known to them; what was looked at and found; what does nothing but in a long chain. Where a name ends in a point, all that
/// begins so: what is asked first is told once more when it is granted. Two fields the draws show of placements in one lane only.
const UNTOLD: [&str; 41] = [
    "asked.what.fee.",
    "asked.what.group",
    "asked.what.line.",
    "asked.what.linked.lane",
    "asked.what.linked.lines",
    "asked.what.linked.order_id",
    "asked.what.linked.partner_id",
    "asked.what.linked.without_consent",
    "asked.what.reason",
    "asked.what.reservation.",
    "collection_given_up.reason",
    "cut.stock_checks.",
    "debt_waived.reason",
    "delivered.reason",
    "exchange_approved.chain",
    "exchange_approved.collect",
    "exchange_failed.lost",
    "duplicate_payment_received.approvals",
    "placed.by_partner",
    "placed.total",
    "placement_completed.total",
    "placement_started.placed.by_partner",
    "placement_started.placed.deposit.payment_id",
    "placement_started.placed.lines.coupon.rate_bp",
    "placement_started.placed.parent.lane",
    "placement_started.placed.parent.lines",
    "placement_started.placed.parent.partner_id",
    "placement_started.placed.prepare_at",
    "placement_started.placed.total",
    "placement_started.reservations.lane",
    "placement_started.reservations.lines.line_no",
    "placement_started.reservations.lines.quantity",
    "reserved.lines.quantity",
    "return_completed.chain",
    "return_completed.gifts_too",
    "return_written_off.reason",
    "stock_asked.reservations.lane",
    "stock_asked.reservations.lines.line_no",
    "stock_asked.reservations.lines.quantity",
    "stock_confirmed.lines.line_no",
    "stock_confirmed.lines.quantity",
];

#[test]
fn whatever_an_event_says_makes_a_difference() {
    let seen: RefCell<BTreeMap<String, bool>> = RefCell::default();
    let look = |w: &World| {
        for (n, (event, _)) in w.history.iter().enumerate() {
            changed(&serde_json::to_value(event).unwrap(), event.name(), &mut |path, other| {
                let known = seen.borrow().get(&path).copied().unwrap_or(false);
                if let (false, Ok(other)) = (known, serde_json::from_value::<Event>(other)) {
                    seen.borrow_mut().insert(path, noticed(w, n, &other));
                }
            });
        }
    };
    look(&constructed::constructed());
    inspected::judged().iter().chain(&stays::worlds()).for_each(look);
    random::drawn(80, look);
    deep::drawn(40, look);
    let seen = seen.into_inner();
    let never = seen.iter().filter(|(_, noticed)| !**noticed).map(|(path, _)| path.as_str());
    let untold = |path: &str| UNTOLD.iter().any(|u| path == *u || (u.ends_with('.') && path.starts_with(u)));
    let ignored: Vec<&str> = never.filter(|path| !untold(path)).collect();
    assert!(ignored.is_empty() && seen.len() > 200, "of {}: {ignored:?}", seen.len());
}
