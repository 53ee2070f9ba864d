//! 출고와 배송 (rows 18–21; domain §3.5–3.7): shipped, on waybills, delivered, installed, confirmed, reviewed.

use super::{Context, Decision, chosen, folded, later, returns};
use crate::domain::{
    Time,
    catalog::{PointsBase, PointsPolicy},
    money::Won,
    order::{
        claim::{ClaimReason, Fault},
        command::{DeliveryReport, PaymentMethod},
        delivery::{DeliveredBy, DeliveryStatus, ShipMethod, Waybill},
        event::{Delivered, DeliveredLine, Event, LineAmount, ReservedLine, WaybillEntry},
        state::{Line, Order},
    },
    reason::{Facts, Reason, Refusal},
    status::{Status, Trigger},
};

/// The most waybills that a line has.
pub const WAYBILLS_MAX: usize = 50;

/// Row 18: with waybills, or (domain §3.6) without. What does not go by parcel needs none.
pub fn ship(
    order: &Order,
    named: &[u16],
    method: ShipMethod,
    in_transit: bool,
    waybills: &[WaybillEntry],
) -> Result<Decision, Refusal> {
    let lines = chosen::lines(order, named, Trigger::Ship, "ship")?;
    let due = order.due_before_shipping();
    if due.is_positive() {
        return Err(Refusal::new(Reason::SurchargeUnpaid, Facts { due: Some(due), ..Facts::default() }));
    }
    if !waybills.is_empty() {
        has_waybills(method)?;
    }
    for (i, w) in waybills.iter().enumerate() {
        let line = lines.iter().find(|l| l.no == w.line_no);
        let line = line
            .ok_or_else(|| Refusal::invalid(format!("waybill {}: line {} is not shipped", w.waybill_no, w.line_no)))?;
        check(line, w, &waybills[..i], line.free())?;
    }
    let numbers = lines.iter().map(|l| l.no).collect();
    let mut events = vec![Event::Shipped { lines: numbers, in_transit, method }];
    events.extend(waybills.iter().map(|w| Event::WaybillRegistered { waybill: w.clone() }));
    Ok(Decision { events, ..Decision::default() })
}

/// Own vans and buyers who collect have no waybills; a quick courier may have one.
fn has_waybills(method: ShipMethod) -> Result<(), Refusal> {
    match method {
        ShipMethod::Parcel | ShipMethod::Quick => Ok(()),
        ShipMethod::Own | ShipMethod::Pickup => {
            Err(Refusal::invalid(format!("what is shipped by {} has no waybills", method.code().to_lowercase())))
        }
    }
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
    has_waybills(line.delivery.method)?;
    check(line, w, &[], order.outstanding(line))?;
    Ok(Decision { events: vec![Event::WaybillRegistered { waybill: w.clone() }], ..Decision::default() })
}

/// The quantity on a waybill may be corrected until it is delivered. Nothing is on it any more once its parcel came back.
pub fn update(order: &Order, w: &WaybillEntry) -> Result<Decision, Refusal> {
    let line = on_its_way(order, w.line_no, "update_waybill")?;
    let known = line.delivery.waybills.iter().find(|k| k.carrier == w.carrier && k.no == w.waybill_no);
    let known = known.ok_or_else(|| Refusal::new(Reason::UnknownWaybill, waybill_facts(w)))?;
    if known.delivered_at.is_some() {
        return Err(chosen::not_now(line, "update_waybill", Some("the waybill is delivered".into())));
    }
    let others: u32 = line.delivery.waybills.iter().map(|k| k.quantity).sum::<u32>() - known.quantity;
    let left = order.outstanding(line).saturating_sub(others);
    if w.quantity > left {
        return Err(chosen::too_many(line, w.quantity, left));
    }
    Ok(Decision { events: vec![Event::WaybillUpdated { waybill: w.clone() }], ..Decision::default() })
}

fn on_its_way<'a>(order: &'a Order, no: u16, command: &str) -> Result<&'a Line, Refusal> {
    let line = chosen::one(order, no, Trigger::Deliver, command)?;
    match line.delivery.status {
        Some(DeliveryStatus::Ready | DeliveryStatus::InTransit) => Ok(line),
        other => Err(chosen::not_now(line, command, Some(sub_status(other)))),
    }
}

fn sub_status(status: Option<DeliveryStatus>) -> String {
    match status {
        None => "the line is not under way".to_owned(),
        Some(s @ DeliveryStatus::Ready) => format!("the line is {}: no waybill of it is registered yet", s.code()),
        Some(s @ DeliveryStatus::InTransit) => format!("the line is {}", s.code()),
        Some(s @ (DeliveryStatus::Delivered | DeliveryStatus::DeliveredByInstaller | DeliveryStatus::Installed)) => {
            format!("the line is {} already", s.code())
        }
    }
}

/// The lines that have left and that somebody brings. What the carrier or the installer says is a fact, also while a claim has
/// all units of a line: it is kept, so that a claim which is undone finds the line where it has come. Force is no fact.
fn under_way<'a>(order: &'a Order, named: &[u16], force: bool, command: &str) -> Result<Vec<&'a Line>, Refusal> {
    if force {
        return chosen::lines(order, named, Trigger::Deliver, command);
    }
    let able = |l: &Line| l.status == Status::Shipped && l.active() > 0;
    if named.is_empty() {
        let lines: Vec<&Line> = order.lines.iter().filter(|l| able(l)).collect();
        return if lines.is_empty() { Err(Refusal::illegal(order.status(), command)) } else { Ok(lines) };
    }
    chosen::once(named)?;
    let one = |&no: &u16| {
        let line = chosen::known(order, no)?;
        if able(line) { Ok(line) } else { Err(chosen::not_now(line, command, None)) }
    };
    named.iter().map(one).collect()
}

/// Row 19: by the carrier's data, by whoever handed it over, by the installer, or by force (§3.6: the seller moved it to "in
/// transit" with nothing in hand, and the buyer wants out).
pub fn delivered(order: &Order, d: &DeliveryReport, cx: &Context<'_>) -> Result<Decision, Refusal> {
    let command = if d.by == DeliveredBy::Installer { "confirm_installer_delivery" } else { "mark_delivered" };
    let able = |l: &&Line| l.delivery.status.is_some_and(|s| may_be_delivered(s, d.by, l.delivery.method));
    let mut lines = under_way(order, &d.lines, d.by == DeliveredBy::Forced, command)?;
    if d.lines.is_empty() {
        let first = lines.first().copied();
        let on = |l: &&Line| d.waybill.as_ref().is_none_or(|(c, n)| carries(l, c, n));
        if lines.iter().any(&on) {
            lines.retain(|l| on(l)); // the carrier knows its waybills, not our lines
        }
        lines.retain(able);
        let theirs = |l: &&Line| order.installer_of(l.no).is_some();
        if d.by == DeliveredBy::Installer && lines.iter().any(theirs) {
            lines.retain(theirs); // the others have no installer
        }
        if let (true, Some(line)) = (lines.is_empty(), first) {
            return Err(chosen::not_now(line, command, Some(sub_status(line.delivery.status))));
        }
    }
    // what goes by parcel is the carrier's word, what does not is whoever's handed it over
    let (mut came, mut handed) = (Vec::with_capacity(lines.len()), Vec::new());
    for line in &lines {
        if !able(line) {
            return Err(chosen::not_now(line, command, Some(sub_status(line.delivery.status))));
        }
        let at = time(line, d.at, cx.now)?;
        let all = order.outstanding(line);
        let by_hand = d.by == DeliveredBy::Carrier && !line.delivery.method.is_parcel() && d.waybill.is_none();
        let (units, waybills) = match d.by {
            DeliveredBy::Carrier if !by_hand => by_carrier(line, d)?,
            DeliveredBy::Installer if order.installer_of(line.no).is_none() => {
                return Err(chosen::not_now(line, command, Some("the line has no installation order".into())));
            }
            DeliveredBy::Carrier | DeliveredBy::Seller => (all, open_waybills(line, |_| true)),
            DeliveredBy::Installer | DeliveredBy::Forced => (all, Vec::new()),
        };
        let part = part(line, (units, all), all_came(line, units, all, &waybills), at, waybills, cx);
        if by_hand { handed.push(part) } else { came.push(part) }
    }
    if d.by == DeliveredBy::Forced && d.reason.as_deref().is_none_or(|r| r.trim().is_empty()) {
        return Err(Refusal::invalid("a delivery that is forced needs a reason"));
    }
    let parts = || came.iter().chain(&handed);
    let whole: Vec<u16> = parts().filter(|l| l.revenue_recognized_at.is_some()).map(|l| l.line_no).collect();
    let mut decision = Decision::default();
    for (by, lines) in [(d.by, came), (DeliveredBy::Seller, handed)] {
        if !lines.is_empty() {
            let event = Delivered { by, lines, delivered_at: d.at.unwrap_or(cx.now), reason: d.reason.clone() };
            decision.events.push(Event::Delivered(Box::new(event)));
        }
    }
    if cx.policy.points == PointsPolicy::AtDelivery && d.by != DeliveredBy::Forced {
        let lines: Vec<&Line> = lines.into_iter().filter(|l| whole.contains(&l.no)).collect();
        earn(order, &lines, cx, &mut decision);
    }
    Ok(decision)
}

/// A line's part in a delivery; of all of it the last, by which it is delivered.
fn part(
    line: &Line,
    (units, all): (u32, u32),
    whole: bool,
    at: Time,
    waybills: Vec<Came>,
    cx: &Context<'_>,
) -> DeliveredLine {
    DeliveredLine {
        line_no: line.no,
        delivered: if whole { units.max(all) } else { units },
        revenue_recognized_at: whole.then(|| cx.policy.revenue(at)),
        auto_confirm_at: cx.policy.auto_confirm.filter(|_| whole).map(|wait| later(at, wait)),
        waybills,
    }
}

/// Whether `units` that came, of these waybills the last, are all of a line that comes. Where a parcel came back undelivered (nothing
/// is on its waybill any more) and no other is on its way, what was returned or exchanged since counts: it won't come.
fn all_came(line: &Line, units: u32, all: u32, news: &[Came]) -> bool {
    let known = || line.delivery.waybills.iter().filter(|w| w.delivered_at.is_none());
    let is_news = |w: &Waybill| news.iter().any(|(carrier, no)| *carrier == w.carrier && *no == w.no);
    let on_its_way = known().any(|w| w.quantity > 0 && !is_news(w));
    let returned = known().any(|w| w.quantity == 0);
    let given_up = (line.returned + line.exchanged).saturating_sub(line.never_left);
    units >= all || (units > 0 && returned && !on_its_way && units + given_up >= all)
}

/// A line of which a parcel came back undelivered is delivered once nothing of it is on its way any more, whatever ended that: by the
/// carrier's last word.
pub fn arrived(before: Option<&Order>, cx: &Context<'_>, decision: &mut Decision) {
    let returned = |l: &Line| l.delivery.waybills.iter().any(|w| w.quantity == 0 && w.delivered_at.is_none());
    let emptied = |e: &Event| matches!(e, Event::WaybillUpdated { waybill } if waybill.quantity == 0);
    let may = |o: &&Order| o.lines.iter().any(returned) || decision.events.iter().any(emptied);
    let Some(order) = before.filter(may) else { return };
    let now = folded(order, &decision.events, cx);
    let here = |l: &&Line| {
        let partly = l.delivery.status == Some(DeliveryStatus::InTransit) && l.delivery.delivered > 0;
        let ships = l.status == Status::Shipped && l.free() > 0 && partly && returned(l);
        ships && all_came(l, l.delivery.delivered, now.outstanding(l), &[])
    };
    let lines: Vec<&Line> = now.lines.iter().filter(here).collect();
    for line in &lines {
        let at = line.delivery.waybills.iter().filter_map(|w| w.delivered_at).max().unwrap_or(cx.now);
        let parts = vec![part(line, (line.delivery.delivered, now.outstanding(line)), true, at, Vec::new(), cx)];
        let event = Delivered { by: DeliveredBy::Carrier, lines: parts, delivered_at: at, reason: None };
        decision.events.push(Event::Delivered(Box::new(event)));
    }
    if cx.policy.points == PointsPolicy::AtDelivery {
        earn(&now, &lines, cx, decision);
    }
}

fn carries(line: &Line, carrier: &str, no: &str) -> bool {
    line.delivery.waybills.iter().any(|w| w.carrier == carrier && w.no == no)
}

/// The carrier knows waybills; what goes without one, the installer and force need none.
const fn may_be_delivered(status: DeliveryStatus, by: DeliveredBy, method: ShipMethod) -> bool {
    match status {
        DeliveryStatus::Ready => !matches!((by, method), (DeliveredBy::Carrier, ShipMethod::Parcel)),
        DeliveryStatus::InTransit => true,
        // a carrier brings it, then the installer hands it over
        DeliveryStatus::Delivered => matches!(by, DeliveredBy::Installer),
        DeliveryStatus::DeliveredByInstaller | DeliveryStatus::Installed => false,
    }
}

/// A waybill that came: its carrier and number.
type Came = (String, String);

/// The units that the carrier has brought, with those before; a line is delivered when that is all of them (§3.7).
fn by_carrier(line: &Line, d: &DeliveryReport) -> Result<(u32, Vec<Came>), Refusal> {
    let named = |carrier: &str, no: &str| d.waybill.as_ref().is_none_or(|(c, n)| c == carrier && n == no);
    let news = open_waybills(line, |w| named(&w.carrier, &w.no));
    if news.is_empty() {
        let detail = d.waybill.as_ref().map(|(c, n)| format!("{c} {n}"));
        let facts = Facts { line_no: Some(line.no), detail, ..Facts::default() };
        return Err(Refusal::new(Reason::UnknownWaybill, facts));
    }
    let here = |w: &&Waybill| w.delivered_at.is_some() || news.iter().any(|(c, n)| *c == w.carrier && *n == w.no);
    let units = line.delivery.waybills.iter().filter(here).map(|w| w.quantity).sum();
    Ok((units, news))
}

fn open_waybills(line: &Line, of: impl Fn(&Waybill) -> bool) -> Vec<Came> {
    let open = line.delivery.waybills.iter().filter(|w| w.delivered_at.is_none() && w.quantity > 0 && of(w));
    open.map(|w| (w.carrier.clone(), w.no.clone())).collect()
}

/// A moment that the command names: not to come, and not before the goods left.
fn time(line: &Line, named: Option<Time>, now: Time) -> Result<Time, Refusal> {
    let early = |at: Time| line.delivery.shipped_at.is_some_and(|left| at < left);
    match named {
        Some(at) if at > now => Err(Refusal::invalid("delivered at a time that is still to come")),
        Some(at) if early(at) => Err(Refusal::invalid(format!("line {}: delivered before it was shipped", line.no))),
        named => Ok(named.unwrap_or(now)),
    }
}

/// Row 19: after the installer's delivery, in that order.
pub fn installed(order: &Order, named: &[u16], cx: &Context<'_>) -> Result<Decision, Refusal> {
    let lines = under_way(order, named, false, "complete_installation")?;
    let lines =
        with_installer(order, lines, named, "complete_installation", |s| s == DeliveryStatus::DeliveredByInstaller)?;
    let lines = lines.iter().map(|l| l.no).collect();
    let auto_confirm_at = cx.policy.auto_confirm.map(|wait| cx.after(wait));
    Ok(Decision { events: vec![Event::Installed { lines, auto_confirm_at }], ..Decision::default() })
}

fn with_installer<'a>(
    order: &Order,
    mut lines: Vec<&'a Line>,
    named: &[u16],
    command: &str,
    able: impl Fn(DeliveryStatus) -> bool,
) -> Result<Vec<&'a Line>, Refusal> {
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
pub fn fail_installation(order: &Order, named: &[u16], cx: &Context<'_>) -> Result<Decision, Refusal> {
    let lines = chosen::lines(order, named, Trigger::FailInstallation, "fail_installation")?;
    let lines = with_installer(order, lines, named, "fail_installation", |s| s != DeliveryStatus::Installed)?;
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
    let goods = |lines: &[&Line]| -> Vec<u16> {
        lines.iter().filter(|l| !l.gift && order.unconfirmable(l, &[]).is_none()).map(|l| l.no).collect()
    };
    let with = goods(&lines);
    if named.is_empty() && lines.iter().any(|l| order.unconfirmable(l, &with).is_none()) {
        lines.retain(|l| order.unconfirmable(l, &with).is_none());
    }
    for line in &lines {
        if let Some(why) = order.unconfirmable(line, &with) {
            return Err(chosen::not_now(line, "confirm_purchase", Some(why)));
        }
    }
    let numbers = lines.iter().map(|l| l.no).collect();
    let mut decision = Decision::default();
    decision.events.push(Event::PurchaseConfirmed { lines: numbers });
    if cx.policy.points == PointsPolicy::AtConfirmation {
        lines.retain(|l| !l.delivery.forced);
        earn(order, &lines, cx, &mut decision);
    }
    Ok(decision)
}

/// What a line earns: points of what was paid for what the buyer keeps, rounded down. Points that were used earn none: they are
/// taken off the goods, from each line in proportion.
fn earning(order: &Order, cx: &Context<'_>) -> impl Fn(&Line) -> Won {
    let goods: Won = order.lines.iter().map(Line::pay_left).sum();
    let used: Won = order.settlements.iter().filter(|s| s.method == PaymentMethod::Points).map(|s| s.refundable).sum();
    let base = cx.policy.points_base;
    move |l| {
        let paid = match base {
            PointsBase::All => l.pay_left(),
            PointsBase::Money => l.pay_left().part_down(goods - used.min(goods), goods),
        };
        paid.rate_down(l.points_rate_bp)
    }
}

/// 적립.
fn earn(order: &Order, lines: &[&Line], cx: &Context<'_>, decision: &mut Decision) {
    if !order.settles_here() {
        return;
    }
    let earning = earning(order, cx);
    let of = |l: &&Line| LineAmount { line_no: l.no, amount: earning(l) };
    let lines: Vec<LineAmount> =
        lines.iter().filter(|l| l.points_earned.is_zero()).map(of).filter(|l| l.amount.is_positive()).collect();
    if !lines.is_empty() {
        decision.events.push(Event::PointsEarned { lines });
    }
}

/// Where points are earned at delivery: those of units that a claim had when the line was delivered, and has no more.
pub fn earn_again(order: &Order, cx: &Context<'_>, decision: &mut Decision) {
    if cx.policy.points != PointsPolicy::AtDelivery || !order.settles_here() {
        return;
    }
    let now = folded(order, &decision.events, cx);
    let earns = |l: &&Line| {
        let undone = order.line(l.no).is_some_and(|k| k.free() < l.free());
        undone && l.status == Status::Shipped && l.delivery.delivered_at.is_some() && !l.delivery.forced
    };
    let earning = earning(&now, cx);
    let more = |l: &Line| {
        let whole = earning(l);
        LineAmount { line_no: l.no, amount: whole - whole.min(l.points_earned) }
    };
    let lines: Vec<LineAmount> = now.lines.iter().filter(earns).map(more).filter(|l| l.amount.is_positive()).collect();
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
    if order.fulfilment.reviews.iter().any(|r| r.line_no == line.no) {
        return Err(Refusal::new(Reason::AlreadyExists, Facts { line_no: Some(line.no), ..Facts::default() }));
    }
    Ok(Decision { events: vec![Event::Reviewed { line_no, rating }], ..Decision::default() })
}
