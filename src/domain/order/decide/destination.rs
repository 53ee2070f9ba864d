//! 배송지 (row 14): a consumer's home, a business's own address; islands and Jeju cost a surcharge by policy, before
//! shipping only (§8.8).

use super::{
    Context, Decision, chosen, money,
    pay::{match_payment, new_approvals},
};
use crate::domain::{
    fee::FeeReason,
    ids::PartnerId,
    money::Won,
    order::{
        command::Paid,
        delivery::{DestinationKind, Zone},
        event::{DestinationChosen, Event, FeeBack, Surcharge},
        state::{FeeRow, Order},
    },
    reason::{Facts, Reason, Refusal},
    status::Trigger,
};

/// Chooses where it goes. A new choice takes the place of the last, and of its surcharge.
pub fn choose(order: &Order, zip: Option<&str>, cx: &Context<'_>) -> Result<Decision, Refusal> {
    chosen::lines(order, &[], Trigger::ChooseDestination, "choose_destination")?;
    let business = order.after.parent.is_some();
    let (kind, zip) = match (business, zip) {
        (false, Some(zip)) => (DestinationKind::Home, Some(zip.to_owned())),
        (false, None) => return Err(Refusal::invalid("a consumer's order goes to an address: name a recipient")),
        (true, Some(_)) => {
            return Err(Refusal::invalid("a business's order goes to its business address, which is its partner's"));
        }
        (true, None) => (DestinationKind::Business, business_zip(order, cx)?),
    };
    let (zone, surcharge) = zip.map_or((Zone::Mainland, Won::ZERO), |z| cx.policy.zone(&z));
    let row = |reason: FeeReason| order.fees.iter().filter(move |f| f.reason == reason);
    let standing = |f: &&FeeRow| (f.amount - f.returned).is_positive();
    let same = row(FeeReason::Surcharge).find(standing).is_some_and(|f| f.amount == surcharge);
    let fees: Vec<FeeBack> = row(FeeReason::Surcharge)
        .filter(standing)
        .filter(|_| !same)
        .map(|f| FeeBack { fee_no: f.no, amount: f.amount - f.returned })
        .collect();
    let back = money::paid_fees(order, &fees);
    let refunds = money::plan(&order.id, &order.settlements, back, None, order.refunds.len() + 1);
    // a linked order is paid between the two businesses
    let charged = surcharge.is_positive() && !same && order.settles_here();
    let surcharge = order.fees.first().filter(|_| charged).map(|first| Surcharge {
        fee_no: order.next_fee_no(),
        group: order.fees.iter().map(|f| f.group).max().unwrap_or(1) + 1,
        partner_id: first.partner_id.clone(),
        template_id: first.template_id.clone(),
        amount: surcharge,
    });
    let event = DestinationChosen { kind, zone, surcharge, fees, refunds };
    Ok(Decision { events: vec![Event::DestinationChosen(Box::new(event))], ..Decision::default() })
}

fn business_zip(order: &Order, cx: &Context<'_>) -> Result<Option<String>, Refusal> {
    let buyer = PartnerId::new(order.customer_id.as_str()).ok();
    let partner = cx.partners.iter().find(|p| Some(&p.id) == buyer.as_ref());
    let facts = || Facts { detail: Some(order.customer_id.to_string()), ..Facts::default() };
    let partner = partner.ok_or_else(|| Refusal::new(Reason::UnknownPartner, facts()))?;
    Ok(partner.zip.clone())
}

/// The surcharge, to the won, in a payment group of its own.
pub fn pay(order: &Order, paid: &[Paid]) -> Result<Decision, Refusal> {
    match_payment(order.surcharge_due(), paid)?;
    new_approvals(order, paid)?;
    Ok(Decision { events: vec![Event::SurchargePaid { settlements: paid.to_vec() }], ..Decision::default() })
}
