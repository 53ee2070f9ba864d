//! 배송지 (row 14): a recipient's, or a business's own address where it buys and names none. Islands and Jeju cost a surcharge by
//! policy, which is in the total from the placement on; a later choice owes or gives back the difference to what was charged.
//! Freely until shipping (§8.8): while unpaid it changes what is due, and once paid the rest is due before anything ships.

use std::cmp::Reverse;

use super::{Context, Decision, money};
use crate::domain::{
    catalog::Partner,
    fee::FeeReason,
    ids::{CustomerId, PartnerId},
    money::{AMOUNT_MAX, Won},
    order::{
        command::PlaceOrder,
        delivery::{DestinationKind, Zone},
        event::{Event, FeeRefund, ShippingAddressSet, Surcharge},
        state::{FeeRow, Line, Order},
    },
    reason::{Facts, Reason, Refusal},
    status::{Status, Trigger},
};

/// The most surcharges that an order has had: an order is folded whole.
const SURCHARGES_MAX: usize = 50;

fn may(line: &Line) -> bool {
    line.may(Trigger::SetShippingAddress).is_some()
}

/// Chooses where it goes. A new choice takes the place of the last.
pub fn choose(order: &Order, zip: Option<&str>, cx: &Context<'_>) -> Result<Decision, Refusal> {
    if !order.lines.iter().any(may) {
        return Err(Refusal::illegal(order.status(), "set_shipping_address"));
    }
    if order.status() == Status::PaymentPending && order.deadline.is_some_and(|d| cx.now >= d) {
        return Err(Refusal::new(Reason::PaymentExpired, Facts { deadline: order.deadline, ..Facts::default() }));
    }
    let linked = order.fulfilment.parent.is_some();
    let (kind, zip) = match zip {
        Some(_) if linked => {
            return Err(Refusal::invalid(
                "a linked order goes to its buyer's business address, which is its partner's",
            ));
        }
        Some(zip) => (DestinationKind::Home, Some(zip.to_owned())),
        None if order.by_partner => (DestinationKind::Business, business_zip(order, cx)?),
        None => return Err(Refusal::invalid("a consumer's order goes to an address: name a recipient")),
    };
    let (zone, wanted) = zip.map_or((Zone::Mainland, Won::ZERO), |z| cx.policy.zone(&z));
    // what was waived was charged: the same place is not paid for once more
    let charged: Won = surcharges(order).map(|f| f.amount - f.returned + f.waived).sum();
    // a linked order is paid between the two businesses; gifts alone pay nothing
    let priced = !linked && order.lines.iter().any(|l| !l.gift && may(l));
    let (more, less) = match priced {
        true if wanted > charged => (wanted - charged, Won::ZERO),
        true => (Won::ZERO, charged - wanted),
        false => (Won::ZERO, Won::ZERO),
    };
    let surcharge = owed(order, more)?;
    let fees = given_back(order, less);
    let mut refunds = Vec::new();
    if order.settles_here() {
        let back = money::paid_fees(order, &fees);
        refunds = money::plan(&order.id, &order.settlements, back, None, order.refunds.len() + 1);
    }
    let event = ShippingAddressSet { kind, zone, surcharge, fees, refunds };
    Ok(Decision { events: vec![Event::ShippingAddressSet(Box::new(event))], ..Decision::default() })
}

fn surcharges(order: &Order) -> impl Iterator<Item = &FeeRow> {
    order.fees.iter().filter(|f| f.reason == FeeReason::Surcharge)
}

/// A row of what is to be paid more: of the next payment group, or, while the order is unpaid, with the rest of it.
fn owed(order: &Order, more: Won) -> Result<Option<Surcharge>, Refusal> {
    let Some(first) = order.fees.first().filter(|_| more.is_positive()) else { return Ok(None) };
    if surcharges(order).count() >= SURCHARGES_MAX {
        return Err(Refusal::invalid(format!("an order has at most {SURCHARGES_MAX} surcharges")));
    }
    if order.amount_due() + more > Won::new(AMOUNT_MAX) {
        return Err(Refusal::invalid(format!("an order comes to at most {AMOUNT_MAX} won")));
    }
    let next = order.fees.iter().map(|f| f.group).max().unwrap_or(1) + 1;
    Ok(Some(Surcharge {
        fee_no: order.next_fee_no(),
        group: if order.paid_at.is_some() { next } else { 1 },
        partner_id: first.partner_id.clone(),
        template_id: first.template_id.clone(),
        amount: more,
    }))
}

/// Of which rows what is charged too much goes back: of those that nobody paid first, then of the latest. Once goods have left,
/// what was paid has been spent on their way.
fn given_back(order: &Order, less: Won) -> Vec<FeeRefund> {
    let left = order.lines.iter().any(|l| !l.gift && l.delivery.shipped_at.is_some());
    let mut rows: Vec<&FeeRow> = surcharges(order).filter(|f| f.unpaid || !left).collect();
    rows.sort_by_key(|f| (!f.unpaid, Reverse(f.no)));
    let mut left = less;
    let mut fees = Vec::new();
    for f in rows {
        let part = left.min(f.amount - f.returned);
        if part.is_positive() {
            fees.push(FeeRefund { fee_no: f.no, amount: part });
            left -= part;
        }
    }
    fees
}

/// Where a placement says that it goes, and what that costs beside: to its recipient, or to the business that orders for
/// itself.
pub fn of(place: &PlaceOrder, cx: &Context<'_>) -> Option<(Zone, Won)> {
    let business = || place.business().and_then(|_| buyer(&place.customer_id, cx));
    let own = || business().map(|p| p.zip.as_deref().map_or((Zone::Mainland, Won::ZERO), |zip| cx.policy.zone(zip)));
    place.zip.as_deref().map(|zip| cx.policy.zone(zip)).or_else(own)
}

/// The business that buys.
pub fn buyer<'a>(customer_id: &CustomerId, cx: &Context<'a>) -> Option<&'a Partner> {
    let buyer = PartnerId::new(customer_id.as_str()).ok();
    cx.partners.iter().find(|p| Some(&p.id) == buyer.as_ref())
}

fn business_zip(order: &Order, cx: &Context<'_>) -> Result<Option<String>, Refusal> {
    let facts = || Facts { detail: Some(order.customer_id.to_string()), ..Facts::default() };
    let partner = buyer(&order.customer_id, cx).ok_or_else(|| Refusal::new(Reason::UnknownPartner, facts()))?;
    Ok(partner.zip.clone())
}
