//! The two folds over the same histories: whatever happens to an order, both say the same of it after every event.

use std::collections::BTreeSet;

use super::{legal, privileged, *};
use crate::{
    commit::project::{audited, project, registered},
    domain::{
        order::{
            Order,
            state::{Placement, ReserveState},
            supply::AskState,
            tests::{constructed, deep, family, inspected, random, world::World},
        },
        status::may_go,
    },
    store::{Batch, row::Row},
    verify::pages::differences,
};

/// Where the orders live.
const PARTITION: u32 = 3;

/// Goes through an order's history by both folds; and through what it would be if lines confirmed themselves.
fn alike(w: &World) {
    both(w, &w.history);
    let confirming = w.history.iter().map(|(event, at)| (confirming(event, *at), *at));
    both(w, &confirming.collect::<Vec<_>>());
}

/// The same event under another policy: what arrives is confirmed by itself, each line at another time.
fn confirming(event: &Event, at: Time) -> Event {
    let days = |n: u16| Some(at + chrono::TimeDelta::days(i64::from(n % 5) + 1));
    let mut event = event.clone();
    if let Event::Delivered(d) = &mut event {
        for l in d.lines.iter_mut().filter(|l| l.revenue_at.is_some()) {
            l.confirm_at = days(l.line_no);
        }
    } else if let Event::Installed { lines, confirm_at } = &mut event {
        *confirm_at = days(lines.first().copied().unwrap_or(0));
    }
    event
}

fn both(w: &World, history: &[(Event, Time)]) {
    let ord_id = w.id.shared();
    let (mut order, mut told) = (None, None);
    for (n, (event, at)) in history.iter().enumerate() {
        Order::step(&mut order, &w.id, event, *at).unwrap();
        let heard = Told::hear(&mut told, &ord_id, event, *at);
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
fn rows(order: &Order, told: &Told) -> Vec<String> {
    let (mut batch, mut asking) = (Batch::default(), Batch::default());
    project(order, PARTITION, false, &mut batch);
    project(order, PARTITION, true, &mut asking);
    let ours = told.rows(i64::from(PARTITION));
    let mut found = Vec::new();
    fn table<R: Row>(theirs: &[R], ours: &[R], found: &mut Vec<String>) {
        found.extend(differences("engine", theirs, ours));
        if theirs.len() != ours.len() {
            found.push(format!("{}: {} rows and {}", R::TABLE, theirs.len(), ours.len()));
        }
    }
    table(&batch.ord, &ours.ord, &mut found);
    table(&batch.gds, &ours.gds, &mut found);
    table(&batch.gft, &ours.gft, &mut found);
    table(&batch.stlm, &ours.stlm, &mut found);
    table(&batch.aprv, &ours.aprv, &mut found);
    table(&batch.cncl, &ours.cncl, &mut found);
    table(&batch.fee, &ours.fee, &mut found);
    table(&batch.dscnt, &ours.dscnt, &mut found);
    table(&batch.pnt, &ours.pnt, &mut found);
    table(&batch.prcr, &ours.prcr, &mut found);
    table(&batch.lnk, &ours.lnk, &mut found);
    table(&batch.wybl, &ours.wybl, &mut found);
    table(&batch.rtn, &ours.rtn, &mut found);
    table(&batch.exch, &ours.exch, &mut found);
    table(&batch.rvw, &ours.rvw, &mut found);
    table(&batch.rfnd, &ours.rfnd, &mut found);
    let (theirs, ours) = (asking.ord.first().map(|o| o.due_dttm), told.due_dttm(true));
    if theirs != Some(ours) {
        found.push(format!("due where refunds are asked for: {theirs:?} and {ours:?}"));
    }
    found
}

/// How what is told beside the rows differs.
fn besides(order: &Order, told: &Told) -> Vec<String> {
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
    same("surcharges", order.surcharge_due().to_string(), told.surcharges().to_string());
    let theirs: Vec<(&str, String)> =
        order.reservations.iter().map(|r| (&*r.asked.id, format!("{:?}", r.state))).collect();
    let ours: Vec<(&str, String)> = told.reservations.iter().map(|r| (&*r.id, format!("{:?}", r.at))).collect();
    same("reservations", format!("{theirs:?}"), format!("{ours:?}"));
    let open = order.after.asks.iter().filter(|a| a.state == AskState::Open).map(|a| &*a.id);
    let ours = told.asks.iter().filter(|a| a.at == AskAt::Open).map(|a| &*a.id);
    same("asks", format!("{:?}", open.collect::<Vec<_>>()), format!("{:?}", ours.collect::<Vec<_>>()));
    let theirs = order.lines.iter().map(|l| (l.status.code(), l.shown().code(), l.active(), l.free()));
    let ours = told.lines.iter().map(|l| (l.own.code(), l.shown().code(), l.active(), l.free()));
    if standing != Standing::Never {
        same("lines", format!("{:?}", theirs.collect::<Vec<_>>()), format!("{:?}", ours.collect::<Vec<_>>()));
    }
    let theirs = order.after.returns.iter().map(|r| order.owes_for_return(r));
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
}

#[test]
fn two_folds_say_the_same_after_the_payment() {
    alike(&constructed::constructed());
    inspected::judged().iter().for_each(alike);
    deep::drawn(800, alike);
}

#[test]
fn two_folds_say_the_same_of_linked_orders() {
    family::drawn(300, alike);
}

#[test]
fn transitions_are_the_pages_and_the_engines() {
    // of the picture: "A --> B: trigger, trigger"
    let page = include_str!("../../../docs/order-status.md");
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
