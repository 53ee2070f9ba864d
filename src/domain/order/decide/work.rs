//! 설치 (rows 13, 19, 20): an installer works on its own order. What it says there is asked of the order that it works for, which
//! knows whether it can be so; what is so there is told here.

use super::{Context, Decision, chosen, deliver, money, procure, stock};
use crate::domain::{
    order::{
        claim::ClaimReason,
        command::{DeliveryReport, OrderCommand},
        delivery::{DeliveredBy, DeliveryStatus},
        event::{Cut, CutCause, Event},
        state::{Line, Order},
        supply::{AskState, AskWhat, Link, LinkKind, LinkMessage, LinkState, LinkWhat, Work},
    },
    reason::{Facts, Reason, Refusal},
    status::{Status, Trigger},
};

/// How many things an installer may be saying at once.
const SAID_MAX: usize = 100;

/// What the installer says of its work.
pub fn say(order: &Order, command: &OrderCommand, cx: &Context<'_>) -> Result<Decision, Refusal> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else is the installer's word")]
    let (work, named, at) = match command {
        OrderCommand::MarkDelivered(d) if d.by == DeliveredBy::Installer => (Work::Delivered, &d.lines, d.at),
        OrderCommand::CompleteInstallation { lines } => (Work::Installed, lines, None),
        OrderCommand::FailInstallation { lines } => (Work::Impossible, lines, None),
        _ => {
            let mut refusal = Refusal::illegal(order.status(), command.name());
            refusal.facts.detail = Some("an installer's order is brought by its installer".into());
            return Err(refusal);
        }
    };
    let Some(parent) = &order.fulfilment.parent else { return Err(Reason::UnknownOrder.into()) };
    if at.is_some_and(|at| at > cx.now) {
        return Err(Refusal::invalid("delivered at a time that is still to come"));
    }
    let able = |l: &Line| l.may(Trigger::EndWork).is_some() && before(work, l.delivery.status);
    let mut numbers = Vec::new();
    if named.is_empty() {
        numbers.extend(order.lines.iter().filter(|l| able(l)).map(|l| l.no));
    } else {
        chosen::once(named)?;
        for &no in named {
            let line = chosen::known(order, no)?;
            if !able(line) {
                let why = line.delivery.status.map(|s| format!("the line is {} already", s.code()));
                return Err(chosen::not_now(line, command.name(), why));
            }
            numbers.push(no);
        }
    }
    if numbers.is_empty() {
        return Err(Refusal::illegal(order.status(), command.name()));
    }
    if order.fulfilment.asks.iter().filter(|a| a.state == AskState::Open).count() >= SAID_MAX {
        return Err(Refusal::invalid(format!("at most {SAID_MAX} things are said at once")));
    }
    procure::may_ask(order)?;
    let ask = format!("work:{}:{}", order.id, order.version + 1);
    let lines = numbers.iter().filter_map(|no| parent.lines.get(usize::from(*no) - 1).copied()).collect();
    let what = LinkWhat::Work { ask: ask.clone(), lane: cx.lane, work, lines, at };
    let message = LinkMessage { to: parent.order_id.clone(), lane: parent.lane, what };
    let what = Box::new(AskWhat::Work { work, lines: numbers, at });
    Ok(Decision { events: vec![Event::Asked { ask, what }], messages: vec![message], ..Decision::default() })
}

/// Whether the work is not as far yet.
fn before(work: Work, status: Option<DeliveryStatus>) -> bool {
    match status {
        Some(DeliveryStatus::Installed) => false,
        Some(DeliveryStatus::DeliveredByInstaller) => work != Work::Delivered,
        None | Some(DeliveryStatus::Ready | DeliveryStatus::InTransit | DeliveryStatus::Delivered) => true,
    }
}

/// An installer says so of lines of this order: it is done here, or refused, by the same rules as if it were said here.
pub fn heard(order: &Order, link: &Link, said: &LinkWhat, cx: &Context<'_>) -> Result<Decision, Refusal> {
    let LinkWhat::Work { ask, work, lines, at, .. } = said else { return Err(Reason::UnknownOrder.into()) };
    let works = link.kind == LinkKind::Installation && link.runs() && lines.iter().all(|no| link.lines.contains(no));
    if !works || lines.is_empty() {
        let mut refusal = Refusal::illegal(order.status(), word(*work));
        refusal.facts.detail = Some(format!("order {} does not install these lines any more", link.order_id));
        return Err(refusal);
    }
    let mut decision = match work {
        Work::Delivered => {
            let d = DeliveryReport {
                by: DeliveredBy::Installer,
                lines: lines.clone(),
                waybill: None,
                at: *at,
                reason: None,
            };
            deliver::delivered(order, &d, cx)?
        }
        Work::Installed => deliver::installed(order, lines, cx)?,
        Work::Impossible => deliver::fail_installation(order, lines, cx)?,
        Work::Confirmed => return Err(Refusal::illegal(order.status(), word(*work))),
    };
    let what = LinkWhat::Worked { ask: Some(ask.clone()), work: *work, lines: lines.clone(), at: *at };
    decision.messages.push(LinkMessage { to: link.order_id.clone(), lane: link.lane, what });
    Ok(decision)
}

const fn word(work: Work) -> &'static str {
    match work {
        Work::Delivered => "confirm_installer_delivery",
        Work::Installed => "complete_installation",
        Work::Impossible => "fail_installation",
        Work::Confirmed => "confirm_purchase",
    }
}

/// What the installers of an order are to hear of a decision: how far its lines have come by it, whoever said so.
pub fn tell(before: Option<&Order>, after: &Order, decision: &mut Decision) {
    let Some(before) = before else { return };
    let impossible = |no: u16| {
        let news = after.fulfilment.returns.iter().skip(before.fulfilment.returns.len());
        news.filter(|r| r.reason == ClaimReason::InstallationImpossible).flat_map(|r| &r.lines).any(|l| l.line_no == no)
    };
    for link in after.fulfilment.links.iter().filter(|l| l.kind == LinkKind::Installation && l.runs()) {
        let reached = |o: &Order, no: u16, work: Work| {
            o.line(no).is_some_and(|l| match work {
                Work::Delivered => l.delivery.status == Some(DeliveryStatus::DeliveredByInstaller),
                Work::Installed => l.delivery.status == Some(DeliveryStatus::Installed),
                Work::Impossible => std::ptr::eq(o, after) && impossible(no),
                Work::Confirmed => l.status == Status::PurchaseConfirmed,
            })
        };
        for &work in Work::ALL {
            let news = |no: &u16| reached(after, *no, work) && !reached(before, *no, work);
            let lines: Vec<u16> = link.lines.iter().copied().filter(|no| news(no)).collect();
            let told = |m: &LinkMessage| {
                m.to == link.order_id && matches!(&m.what, LinkWhat::Worked { work: w, .. } if *w == work)
            };
            if lines.is_empty() || decision.messages.iter().any(told) {
                continue;
            }
            let what = LinkWhat::Worked { ask: None, work, lines, at: None };
            decision.messages.push(LinkMessage { to: link.order_id.clone(), lane: link.lane, what });
        }
        // nothing of it is left to be done: it is over, and hears so by the same word
        if link.lines.iter().any(|no| impossible(*no)) && link.lines.iter().all(|no| gone(after, *no, &impossible)) {
            decision.events.push(Event::LinkChanged {
                order_id: link.order_id.clone(),
                state: LinkState::Ended,
                reason: None,
                short: Vec::new(),
                procurement: None,
            });
        }
    }
}

fn gone(order: &Order, no: u16, impossible: &impl Fn(u16) -> bool) -> bool {
    let before = order.fulfilment.returns.iter().filter(|r| r.reason == ClaimReason::InstallationImpossible);
    impossible(no)
        || before.flat_map(|r| &r.lines).any(|l| l.line_no == no)
        || order.line(no).is_none_or(|l| l.active() == 0)
}

/// The order that this one works for says how the work is.
pub fn worked(order: &Order, said: &LinkWhat) -> Result<Decision, Refusal> {
    let (Some(parent), LinkWhat::Worked { ask, work, lines, at }) = (&order.fulfilment.parent, said) else {
        return Err(Refusal::invalid("this order works for no other"));
    };
    let of = |l: &&Line| parent.lines.get(usize::from(l.no) - 1).is_some_and(|no| lines.contains(no));
    let mut decision = Decision::default();
    let mut reach = |work: Work| {
        let fits = |l: &&Line| match work {
            Work::Delivered | Work::Installed => l.may(Trigger::EndWork).is_some() && before(work, l.delivery.status),
            Work::Confirmed => l.may(Trigger::EndWork).is_some(),
            Work::Impossible => false,
        };
        let numbers: Vec<u16> = order.lines.iter().filter(of).filter(fits).map(|l| l.no).collect();
        if !numbers.is_empty() {
            decision.events.push(Event::InstallationProgressed { work, lines: numbers, at: *at });
        }
    };
    match work {
        Work::Delivered | Work::Installed => reach(*work),
        // what was confirmed was installed, whichever word comes first
        Work::Confirmed => {
            reach(Work::Installed);
            reach(Work::Confirmed);
        }
        Work::Impossible => {
            let numbers: Vec<u16> = order.lines.iter().filter(of).map(|l| l.no).collect();
            end(order, &numbers, Some(Work::Impossible), &mut decision);
        }
    }
    if let Some(ask) = ask.as_ref().filter(|a| order.open_ask(a).is_some()) {
        decision.events.push(Event::Granted { ask: ask.clone() });
    }
    if decision.events.is_empty() { Err(Refusal::invalid("that is known")) } else { Ok(decision) }
}

/// It is not as the installer said.
pub fn refused(order: &Order, ask: &str, reason: Reason, facts: &Facts) -> Result<Decision, Refusal> {
    if order.open_ask(ask).is_none() {
        return Err(Refusal::invalid("nothing was asked so"));
    }
    let event = Event::Denied { ask: ask.to_owned(), reason, facts: Box::new(facts.clone()) };
    Ok(Decision { events: vec![event], ..Decision::default() })
}

/// Nobody needs the work any more: what is installed was work, and is over; the rest is none.
pub fn stop(order: &Order) -> Decision {
    let mut decision = Decision::default();
    let open = |l: &&Line| l.may(Trigger::EndWork).is_some();
    let done = |l: &&Line| l.delivery.status == Some(DeliveryStatus::Installed);
    let (installed, rest): (Vec<&Line>, Vec<&Line>) = order.lines.iter().filter(open).partition(|l| done(l));
    if !installed.is_empty() {
        let lines = installed.iter().map(|l| l.no).collect();
        decision.events.push(Event::InstallationProgressed { work: Work::Confirmed, lines, at: None });
    }
    end(order, &rest.iter().map(|l| l.no).collect::<Vec<_>>(), None, &mut decision);
    decision
}

fn end(order: &Order, numbers: &[u16], work: Option<Work>, decision: &mut Decision) {
    let lines = order.lines.iter().filter(|l| numbers.contains(&l.no) && l.may(Trigger::EndWork).is_some());
    let cut = |l: &Line| Cut {
        line_no: l.no,
        quantity: l.free(),
        amount: money::worth(l, l.free()),
        // orders of old took units from a shelf
        released: l.deducted.min(l.free()),
    };
    let cuts: Vec<Cut> = lines.map(cut).collect();
    if cuts.is_empty() {
        return;
    }
    if let Some(work) = work {
        let lines = cuts.iter().map(|c| c.line_no).collect();
        decision.events.push(Event::InstallationProgressed { work, lines, at: None });
    }
    stock::cut(order, CutCause::ParentEnded, cuts, &[], decision);
}
