//! 출고와 배송 (rows 18–21; domain §3.5–3.7): shipped, on waybills, delivered, installed, confirmed, reviewed.

use super::{Context, Decision, chosen, returns};
use crate::domain::{
    Time,
    catalog::PointsPolicy,
    order::{
        claim::{ClaimReason, Fault},
        command::Delivery,
        delivery::{DeliveredBy, DeliveryStatus},
        event::{Delivered, DeliveredLine, Event, LineAmount, ReservedLine, WaybillEntry},
        state::{Line, Order},
    },
    reason::{Facts, Reason, Refusal},
    status::Trigger,
};

/// The most waybills that a line has.
pub const WAYBILLS_MAX: usize = 50;

/// Row 18: with waybills, or (domain §3.6) without.
pub fn ship(order: &Order, named: &[u16], started: bool, waybills: &[WaybillEntry]) -> Result<Decision, Refusal> {
    let lines = chosen::lines(order, named, Trigger::Ship, "ship")?;
    let due = order.surcharge_due();
    if due.is_positive() {
        return Err(Refusal::new(Reason::SurchargeUnpaid, Facts { due: Some(due), ..Facts::default() }));
    }
    for (i, w) in waybills.iter().enumerate() {
        let line = lines.iter().find(|l| l.no == w.line_no);
        let line = line
            .ok_or_else(|| Refusal::invalid(format!("waybill {}: line {} is not shipped", w.waybill_no, w.line_no)))?;
        check(line, w, &waybills[..i], line.free())?;
    }
    let numbers = lines.iter().map(|l| l.no).collect();
    let mut events = vec![Event::Shipped { lines: numbers, started }];
    events.extend(waybills.iter().map(|w| Event::WaybillRegistered { waybill: w.clone() }));
    Ok(Decision { events, ..Decision::default() })
}

/// A waybill is of units that are on no other one.
fn check(line: &Line, w: &WaybillEntry, beside: &[WaybillEntry], to_send: u32) -> Result<(), Refusal> {
    let known = &line.delivery.waybills;
    let here = || beside.iter().filter(|b| b.line_no == w.line_no);
    let same = |carrier: &str, no: &str| *carrier == *w.carrier && *no == *w.waybill_no;
    if known.iter().any(|k| same(&k.carrier, &k.no)) || here().any(|b| same(&b.carrier, &b.waybill_no)) {
        return Err(Refusal::new(Reason::AlreadyExists, waybill_facts(w)));
    }
    if known.len() + here().count() >= WAYBILLS_MAX {
        return Err(Refusal::invalid(format!("a line has at most {WAYBILLS_MAX} waybills")));
    }
    let on: u32 = known.iter().map(|k| k.quantity).chain(here().map(|b| b.quantity)).fold(0, u32::saturating_add);
    let left = to_send.saturating_sub(on);
    if w.quantity == 0 || w.quantity > left {
        return Err(chosen::too_many(line, w.quantity, left));
    }
    Ok(())
}

fn waybill_facts(w: &WaybillEntry) -> Facts {
    Facts { line_no: Some(w.line_no), detail: Some(format!("{} {}", w.carrier, w.waybill_no)), ..Facts::default() }
}

/// A line may have several waybills.
pub fn register(order: &Order, w: &WaybillEntry) -> Result<Decision, Refusal> {
    let line = on_its_way(order, w.line_no, "register_waybill")?;
    check(line, w, &[], order.outstanding(line))?;
    Ok(Decision { events: vec![Event::WaybillRegistered { waybill: w.clone() }], ..Decision::default() })
}

/// The quantity on a waybill may be corrected until it is delivered.
pub fn update(order: &Order, w: &WaybillEntry) -> Result<Decision, Refusal> {
    let line = on_its_way(order, w.line_no, "update_waybill")?;
    let known = line.delivery.waybills.iter().find(|k| k.carrier == w.carrier && k.no == w.waybill_no);
    let known = known.ok_or_else(|| Refusal::new(Reason::UnknownWaybill, waybill_facts(w)))?;
    if known.delivered_at.is_some() {
        return Err(chosen::not_now(line, "update_waybill", Some("the waybill is delivered".into())));
    }
    let others: u32 = line.delivery.waybills.iter().map(|k| k.quantity).sum::<u32>() - known.quantity;
    let left = order.outstanding(line).saturating_sub(others);
    if w.quantity == 0 || w.quantity > left {
        return Err(chosen::too_many(line, w.quantity, left));
    }
    Ok(Decision { events: vec![Event::WaybillChanged { waybill: w.clone() }], ..Decision::default() })
}

fn on_its_way<'a>(order: &'a Order, no: u16, command: &str) -> Result<&'a Line, Refusal> {
    let line = chosen::one(order, no, Trigger::Deliver, command)?;
    match line.delivery.status {
        Some(DeliveryStatus::Ready | DeliveryStatus::InTransit) => Ok(line),
        other => Err(chosen::not_now(line, command, Some(sub_status(other)))),
    }
}

fn sub_status(status: Option<DeliveryStatus>) -> String {
    status.map_or_else(|| "the line is not under way".to_owned(), |s| format!("the line is {} already", s.code()))
}

/// Row 19: by the carrier's data, by the installer, or by force (§3.6: the seller moved it to "in transit" with nothing in
/// hand, and the buyer wants out).
pub fn delivered(order: &Order, d: &Delivery, cx: &Context<'_>) -> Result<Decision, Refusal> {
    let command = if d.by == DeliveredBy::Installer { "installer_delivered" } else { "mark_delivered" };
    let at = time(order, d.at, cx.now)?;
    let able = |l: &&Line| l.delivery.status.is_some_and(|s| may_be_delivered(s, d.by));
    let mut lines = chosen::lines(order, &d.lines, Trigger::Deliver, command)?;
    if d.lines.is_empty() {
        let first = lines.first().copied();
        let on = |l: &&Line| d.waybill.as_ref().is_none_or(|(c, n)| carries(l, c, n));
        if lines.iter().any(&on) {
            lines.retain(|l| on(l)); // the carrier knows its waybills, not our lines
        }
        lines.retain(able);
        if let (true, Some(line)) = (lines.is_empty(), first) {
            return Err(chosen::not_now(line, command, Some(sub_status(line.delivery.status))));
        }
    }
    let mut came = Vec::with_capacity(lines.len());
    for line in &lines {
        if !able(line) {
            return Err(chosen::not_now(line, command, Some(sub_status(line.delivery.status))));
        }
        let all = order.outstanding(line);
        let (units, waybills) = match d.by {
            DeliveredBy::Carrier => by_carrier(line, d)?,
            DeliveredBy::Installer if order.installer_of(line.no).is_none() => {
                return Err(chosen::not_now(line, command, Some("the line has no installation order".into())));
            }
            DeliveredBy::Installer | DeliveredBy::Forced => (all, Vec::new()),
        };
        let revenue_at = (units >= all).then(|| cx.policy.revenue(at));
        came.push(DeliveredLine { line_no: line.no, delivered: units, revenue_at, waybills });
    }
    if d.by == DeliveredBy::Forced && d.reason.as_deref().is_none_or(|r| r.trim().is_empty()) {
        return Err(Refusal::invalid("a delivery that is forced needs a reason"));
    }
    let whole: Vec<u16> = came.iter().filter(|l| l.revenue_at.is_some()).map(|l| l.line_no).collect();
    let event = Delivered { by: d.by, lines: came, delivered_at: at, reason: d.reason.clone() };
    let mut decision = Decision { events: vec![Event::Delivered(Box::new(event))], ..Decision::default() };
    if cx.policy.points == PointsPolicy::AtDelivery && d.by != DeliveredBy::Forced {
        let lines: Vec<&Line> = lines.into_iter().filter(|l| whole.contains(&l.no)).collect();
        earn(order, &lines, &mut decision);
    }
    Ok(decision)
}

fn carries(line: &Line, carrier: &str, no: &str) -> bool {
    line.delivery.waybills.iter().any(|w| w.carrier == carrier && w.no == no)
}

/// The carrier knows waybills; the installer and force need none.
const fn may_be_delivered(status: DeliveryStatus, by: DeliveredBy) -> bool {
    match status {
        DeliveryStatus::Ready => !matches!(by, DeliveredBy::Carrier),
        DeliveryStatus::InTransit => true,
        // a carrier brings it, then the installer hands it over
        DeliveryStatus::Delivered => matches!(by, DeliveredBy::Installer),
        DeliveryStatus::DeliveredByInstaller | DeliveryStatus::Installed => false,
    }
}

/// A waybill that came: its carrier and number.
type Came = (String, String);

/// The units that the carrier has brought, with those before; a line is delivered when that is all of them (§3.7).
fn by_carrier(line: &Line, d: &Delivery) -> Result<(u32, Vec<Came>), Refusal> {
    let named = |carrier: &str, no: &str| d.waybill.as_ref().is_none_or(|(c, n)| c == carrier && n == no);
    let news: Vec<Came> = line
        .delivery
        .waybills
        .iter()
        .filter(|w| w.delivered_at.is_none() && named(&w.carrier, &w.no))
        .map(|w| (w.carrier.clone(), w.no.clone()))
        .collect();
    if news.is_empty() {
        let detail = d.waybill.as_ref().map(|(c, n)| format!("{c} {n}"));
        let facts = Facts { line_no: Some(line.no), detail, ..Facts::default() };
        return Err(Refusal::new(Reason::UnknownWaybill, facts));
    }
    let here = |w: &&crate::domain::order::delivery::Waybill| {
        w.delivered_at.is_some() || news.iter().any(|(c, n)| *c == w.carrier && *n == w.no)
    };
    let units = line.delivery.waybills.iter().filter(here).map(|w| w.quantity).sum();
    Ok((units, news))
}

/// A moment that the command names: not to come, and not before the order.
fn time(order: &Order, named: Option<Time>, now: Time) -> Result<Time, Refusal> {
    match named {
        Some(at) if at > now => Err(Refusal::invalid("delivered at a time that is still to come")),
        Some(at) if at < order.received => Err(Refusal::invalid("delivered before it was ordered")),
        named => Ok(named.unwrap_or(now)),
    }
}

/// Row 19: after the installer's delivery, in that order.
pub fn installed(order: &Order, named: &[u16]) -> Result<Decision, Refusal> {
    let lines = with_installer(order, named, "installed", |s| s == DeliveryStatus::DeliveredByInstaller)?;
    let lines = lines.iter().map(|l| l.no).collect();
    Ok(Decision { events: vec![Event::Installed { lines }], ..Decision::default() })
}

fn with_installer<'a>(
    order: &'a Order,
    named: &[u16],
    command: &str,
    able: impl Fn(DeliveryStatus) -> bool,
) -> Result<Vec<&'a Line>, Refusal> {
    let mut lines = chosen::lines(order, named, Trigger::Deliver, command)?;
    let may = |l: &Line| order.installer_of(l.no).is_some() && l.delivery.status.is_some_and(&able);
    if named.is_empty() && lines.iter().any(|l| may(l)) {
        lines.retain(|l| may(l));
    }
    for line in &lines {
        if order.installer_of(line.no).is_none() {
            return Err(chosen::not_now(line, command, Some("the line has no installation order".into())));
        }
        if !may(line) {
            let status = line.delivery.status.map_or("not under way", DeliveryStatus::code);
            return Err(chosen::not_now(line, command, Some(format!("the line is {status}"))));
        }
    }
    Ok(lines)
}

/// Row 20 (§8.1): a return, approved at once, without a fee.
pub fn installation_impossible(order: &Order, named: &[u16], cx: &Context<'_>) -> Result<Decision, Refusal> {
    let lines = with_installer(order, named, "installation_impossible", |s| s != DeliveryStatus::Installed)?;
    let units: Vec<ReservedLine> = lines.iter().map(|l| ReservedLine { line_no: l.no, quantity: l.free() }).collect();
    let mut decision = Decision::default();
    returns::approved(
        order,
        &units,
        (ClaimReason::InstallationImpossible, Fault::Installation),
        None,
        cx,
        &mut decision,
    );
    Ok(decision)
}

/// Row 21: delivered, and installed where there is an installer; the order ends, and points are earned.
pub fn confirm(order: &Order, named: &[u16], cx: &Context<'_>) -> Result<Decision, Refusal> {
    let mut lines = chosen::lines(order, named, Trigger::ConfirmPurchase, "confirm_purchase")?;
    if named.is_empty() && lines.iter().any(|l| unconfirmable(order, l).is_none()) {
        lines.retain(|l| unconfirmable(order, l).is_none());
    }
    for line in &lines {
        if let Some(why) = unconfirmable(order, line) {
            return Err(chosen::not_now(line, "confirm_purchase", Some(why)));
        }
    }
    let numbers = lines.iter().map(|l| l.no).collect();
    let mut decision = Decision::default();
    decision.events.push(Event::PurchaseConfirmed { lines: numbers });
    if cx.policy.points == PointsPolicy::AtConfirmation {
        lines.retain(|l| !l.delivery.forced);
        earn(order, &lines, &mut decision);
    }
    Ok(decision)
}

/// Why the buyer can't confirm a shipped line yet.
fn unconfirmable(order: &Order, line: &Line) -> Option<String> {
    use DeliveryStatus as S;
    // units of a claim that may still come back would be left behind
    if line.returning > 0 || line.exchange_accepted > line.exchanged {
        return Some("a claim on the line is in progress".into());
    }
    let status = line.delivery.status?;
    let installer = order.installer_of(line.no).is_some();
    match (status, installer) {
        (S::Installed, _) | (S::Delivered | S::DeliveredByInstaller, false) => None,
        (S::Delivered | S::DeliveredByInstaller, true) => Some("the line is not installed yet".into()),
        (S::Ready | S::InTransit, _) => Some(format!("the line is {}", status.code())),
    }
}

/// 적립: points of what was paid for what the buyer keeps, rounded down.
fn earn(order: &Order, lines: &[&Line], decision: &mut Decision) {
    if !order.settles_here() {
        return;
    }
    let of = |l: &&Line| LineAmount { line_no: l.no, amount: l.pay_left().rate_down(l.points_rate_bp) };
    let lines: Vec<LineAmount> =
        lines.iter().filter(|l| l.points_earned.is_zero()).map(of).filter(|l| l.amount.is_positive()).collect();
    if !lines.is_empty() {
        decision.events.push(Event::PointsEarned { lines });
    }
}

/// After row 21: one review a line.
pub fn review(order: &Order, line_no: u16, rating: u8) -> Result<Decision, Refusal> {
    let line = chosen::one(order, line_no, Trigger::Review, "write_review")?;
    if !(1..=5).contains(&rating) {
        return Err(Refusal::invalid("a rating is 1 to 5"));
    }
    if order.after.reviews.iter().any(|r| r.line_no == line.no) {
        return Err(Refusal::new(Reason::AlreadyExists, Facts { line_no: Some(line.no), ..Facts::default() }));
    }
    Ok(Decision { events: vec![Event::Reviewed { line_no, rating }], ..Decision::default() })
}
