//! 교환 (row 23; domain §4): rejected, collected and refunded like a return, or a product added.

use super::{Context, Decision, Quote, chosen, deliver, folded, money, procure, returns, settle, stays, stock};
use crate::domain::{
    fee::FeeReason,
    ids::SkuId,
    money::Won,
    order::{
        claim::{ClaimReason, Exchange, ExchangeResolution, ExchangeState, Fault, ReturnLine},
        event::{AddedFee, AddedLine, Cut, CutCause, Event, ExchangeApproved, Reservation, ReservedLine},
        state::{Line, Order},
        step::{Step, StepKind, StepLine},
        supply::{Ask, AskState, AskWhat},
    },
    reason::{Facts, Reason, Refusal},
    status::{Status, Trigger},
    stock::Move,
};

fn find<'a>(order: &'a Order, group: u16, command: &str) -> Result<&'a Exchange, Refusal> {
    let facts = || Facts { claim_group: Some(group), ..Facts::default() };
    let e = order.exchange_of(group).ok_or_else(|| Refusal::new(Reason::UnknownClaim, facts()))?;
    if e.state == ExchangeState::Requested {
        return Ok(e);
    }
    let mut refusal = Refusal::illegal(order.status(), command);
    refusal.facts.claim_group = Some(group);
    refusal.facts.detail = Some(format!("exchange {group} is {}", e.state.code()));
    Err(refusal)
}

/// Row 23.
pub fn request(
    order: &Order,
    (line_no, quantity): (u16, u32),
    (reason, fault): (ClaimReason, Fault),
    wanted: Option<&SkuId>,
    cx: &Context<'_>,
) -> Result<Decision, Refusal> {
    let line = chosen::one(order, line_no, Trigger::RequestExchange, "request_exchange")?;
    if let Some(sku_id) = wanted {
        let facts = || Facts { line_no: Some(line_no), sku_id: Some(sku_id.clone()), ..Facts::default() };
        let quote = cx.quote(sku_id).ok_or_else(|| Refusal::new(Reason::UnknownSku, facts()))?;
        sold_by_the_same(order, line, quote, cx)?;
    }
    if order.installs() {
        return Err(Refusal::invalid("work is not exchanged"));
    }
    if line.gift {
        return Err(Refusal::invalid("a gift is not exchanged; its main line is"));
    }
    if fault == Fault::Installation {
        return Err(Refusal::invalid("an installation that is impossible has a command of its own"));
    }
    if order.next_claim() as usize > returns::CLAIMS_MAX {
        return Err(Refusal::invalid(format!("an order has at most {} claims", returns::CLAIMS_MAX)));
    }
    if quantity == 0 || quantity > line.free() {
        return Err(chosen::too_many(line, quantity, line.free()));
    }
    let event = Event::ExchangeRequested {
        group: order.next_claim(),
        line_no,
        quantity,
        shipped: line.status == Status::Shipped,
        reason,
        fault,
        wanted: wanted.cloned(),
    };
    Ok(Decision { events: vec![event], ..Decision::default() })
}

/// 교환거절: back to where it was.
pub fn reject(order: &Order, group: u16, reason: Option<&str>, cx: &Context<'_>) -> Result<Decision, Refusal> {
    find(order, group, "reject_exchange")?;
    let event = Event::ExchangeRejected { group, reason: reason.map(str::to_owned) };
    let mut decision = Decision { events: vec![event], ..Decision::default() };
    deliver::earn_again(order, cx, &mut decision);
    procure::left_behind(order, cx, &mut decision);
    Ok(decision)
}

/// 교환철회: by the buyer, before it is decided.
pub fn withdraw(order: &Order, group: u16, cx: &Context<'_>) -> Result<Decision, Refusal> {
    find(order, group, "withdraw_exchange")?;
    let mut decision = Decision { events: vec![Event::ExchangeWithdrawn { group }], ..Decision::default() };
    deliver::earn_again(order, cx, &mut decision);
    procure::left_behind(order, cx, &mut decision);
    Ok(decision)
}

/// 교환승인, by either branch. Whose fault it is may be corrected with it, and what is exchanged need not come back where
/// the seller says why.
pub fn approve(
    order: &Order,
    group: u16,
    (resolution, sku_id): (ExchangeResolution, Option<&SkuId>),
    (fault, waived): (Option<Fault>, Option<&str>),
    cx: &Context<'_>,
) -> Result<Decision, Refusal> {
    let found = find(order, group, "approve_exchange")?;
    let mut decision = Decision::default();
    let mut e = found.clone();
    let corrected = fault.filter(|f| *f != e.fault);
    if let Some(fault) = corrected {
        settle::judged(fault, e.fault)?;
        e.fault = fault;
    }
    let event = corrected.map(|fault| Event::FaultCorrected { group, fault, fee: None });
    match resolution {
        ExchangeResolution::Pickup if sku_id.is_some() => Err(Refusal::invalid("a pickup adds no product")),
        ExchangeResolution::Pickup if waived.is_some() => {
            Err(Refusal::invalid("a pickup is a collection: it is not waived"))
        }
        ExchangeResolution::Pickup => {
            decision.events.extend(event);
            let now = folded(order, &decision.events, cx);
            let units = [ReservedLine { line_no: e.line_no, quantity: e.quantity }];
            returns::approved(&now, &units, (e.reason, e.fault), Some(&e), cx, &mut decision);
            Ok(decision)
        }
        ExchangeResolution::AddProduct => {
            let line = chosen::known(order, e.line_no)?;
            let sku_id = sku_id.or(e.wanted.as_ref()).unwrap_or(&line.sku_id);
            let waived = waived.filter(|_| e.shipped);
            add(order, &e, (line, sku_id), (corrected, waived), cx, &mut decision)?;
            Ok(decision)
        }
    }
}

/// 교환배송비: to and fro, by the fee module; none by the seller's fault, nor for goods that had not left; never more than
/// the goods were worth†.
pub fn fee(order: &Order, e: &Exchange, moved: Won, waived: bool, cx: &Context<'_>) -> Option<AddedFee> {
    if e.fault != Fault::Buyer || !e.shipped || !order.settles_here() {
        return None;
    }
    let unit = ReturnLine::new(e.line_no, e.quantity, moved);
    let way: Won = returns::fees(order, &[unit], e.fault, cx).iter().map(|f| f.amount).sum();
    let amount = if waived { way } else { way + way }.min(moved);
    amount.is_positive().then(|| settle::debt(order, e.line_no, amount, FeeReason::Exchange)).flatten()
}

/// A new line in the same order, from preparation on; it takes over what the units were worth.
fn add(
    order: &Order,
    e: &Exchange,
    (line, sku_id): (&Line, &SkuId),
    (corrected, waived): (Option<Fault>, Option<&str>),
    cx: &Context<'_>,
    decision: &mut Decision,
) -> Result<(), Refusal> {
    let facts = || Facts { sku_id: Some(sku_id.clone()), claim_group: Some(e.group), ..Facts::default() };
    let quote = cx.quote(sku_id).ok_or_else(|| Refusal::new(Reason::UnknownSku, facts()))?;
    if quote.info.gift {
        return Err(Refusal::invalid(format!("SKU {sku_id} is a gift: nothing is exchanged for it")));
    }
    sold_by_the_same(order, line, quote, cx)?;
    equal_price(line, quote)?;
    there(quote, Some(line.no), e.quantity)?;
    let no = order.next_line_no();
    let new = AddedLine {
        no,
        sku_id: sku_id.clone(),
        product_id: quote.info.product_id.clone(),
        quantity: e.quantity,
        unit_price: line.unit_price,
        fee_no: line.fee_no,
        main_line_no: None,
        pre_refund: quote.info.pre_refund,
        lead_time_days: quote.info.lead_time_days,
        // an order keeps what it was placed with
        points_rate_bp: line.points_rate_bp,
        prepared: true,
        taken: if quote.view.is_some() { e.quantity } else { 0 },
    };
    if quote.view.is_none() {
        let fee = fee(order, e, money::worth(line, e.quantity), waived.is_some(), cx);
        let (group, waived) = (e.group, waived.map(str::to_owned));
        let what =
            |reservation| AskWhat::Exchange { group, line: new.clone(), reservation, fault: corrected, waived, fee };
        return ask(order, group, &new, quote, what, decision);
    }
    decision.events.extend(corrected.map(|fault| Event::FaultCorrected { group: e.group, fault, fee: None }));
    approved(order, e, line, new, waived, cx, decision);
    take(order, no, e.quantity, cx, decision);
    Ok(())
}

/// The product of another lane is asked for first: what is not there is no exchange, and the order stays as it was.
fn ask(
    order: &Order,
    group: u16,
    line: &AddedLine,
    quote: &Quote,
    what: impl FnOnce(Reservation) -> AskWhat,
    decision: &mut Decision,
) -> Result<(), Refusal> {
    let of = |a: &&Ask| a.state == AskState::Open && matches!(a.what, AskWhat::Exchange { group: g, .. } if g == group);
    if order.fulfilment.asks.iter().any(|a| of(&a)) {
        let mut refusal = Refusal::illegal(order.status(), "approve_exchange");
        refusal.facts.claim_group = Some(group);
        refusal.facts.detail = Some(format!("the product of exchange {group} is being asked for"));
        return Err(refusal);
    }
    ask_lane(order, line, quote, what, decision)
}

/// Asks the lane where the SKU of a line lives whether it has all of it, and to keep it, before the line is added.
pub fn ask_lane(
    order: &Order,
    line: &AddedLine,
    quote: &Quote,
    what: impl FnOnce(Reservation) -> AskWhat,
    decision: &mut Decision,
) -> Result<(), Refusal> {
    procure::may_ask(order)?;
    let id = format!("{}:{}:{}", order.id, order.version + 1, quote.lane);
    let lines = vec![ReservedLine { line_no: line.no, quantity: line.quantity }];
    let reservation = Reservation { id: id.clone(), lane: quote.lane, lines };
    let step = StepLine {
        line_no: line.no,
        sku_id: line.sku_id.clone(),
        campaign_id: None,
        quantity: line.quantity,
        partial: false,
    };
    let customer_id = order.customer_id.clone();
    let kind = StepKind::Reserve { customer_id, lines: vec![step], deduct: true, stands: true };
    decision.steps.push(Step { lane: quote.lane, reservation: id.clone(), kind });
    decision.events.push(Event::Asked { ask: id, what: Box::new(what(reservation)) });
    Ok(())
}

/// Another lane has what was asked of it, or has not; or nobody wants it any more, and it goes back.
pub fn answered(
    order: &Order,
    ask: &Ask,
    lines: &[ReservedLine],
    no: Option<(Reason, Facts)>,
    cx: &Context<'_>,
) -> Option<Decision> {
    let AskWhat::Exchange { group, line: new, reservation, fault, waived, .. } = &ask.what else { return None };
    let mut decision = Decision::default();
    let wanted = order.exchange_of(*group).filter(|e| e.state == ExchangeState::Requested);
    let there = lines.iter().any(|l| l.line_no == new.no && l.quantity == new.quantity);
    let line = wanted.and_then(|e| order.line(e.line_no));
    if let (Some(e), Some(line), true) = (wanted, line, there) {
        let mut e = e.clone();
        if let Some(fault) = *fault {
            e.fault = fault;
            decision.events.push(Event::FaultCorrected { group: *group, fault, fee: None });
        }
        approved(order, &e, line, new.clone(), waived.as_deref(), cx, &mut decision);
        let (reservation, lines) = (reservation.id.clone(), lines.to_vec());
        decision.events.push(Event::Reserved { reservation, lines });
        decision.events.push(Event::Granted { ask: ask.id.clone() });
        return Some(decision);
    }
    if !lines.is_empty() {
        let (lane, reservation) = (reservation.lane, reservation.id.clone());
        decision.steps.push(Step { lane, reservation, kind: StepKind::Release });
    }
    let (reason, mut facts) = no.unwrap_or_else(|| {
        let refusal = Refusal::illegal(order.status(), "approve_exchange");
        (refusal.reason, refusal.facts)
    });
    // a wrong pick: whether it has nothing or too little
    let reason = if reason == Reason::SoldOut { Reason::InsufficientStock } else { reason };
    (facts.claim_group, facts.position, facts.line_no) = (Some(*group), None, wanted.map(|e| e.line_no));
    decision.events.push(Event::Denied { ask: ask.id.clone(), reason, facts: Box::new(facts) });
    Some(decision)
}

/// The event of an approval that adds a product.
pub fn added(e: &Exchange, line: AddedLine, moved: Won, waived: Option<String>, fee: Option<AddedFee>) -> Event {
    Event::ExchangeApproved(Box::new(ExchangeApproved {
        group: e.group,
        resolution: ExchangeResolution::AddProduct,
        line: Some(line),
        moved,
        restocked: !e.shipped,
        collect: if e.shipped && waived.is_none() { e.quantity } else { 0 },
        waived,
        fee,
        chain: true,
    }))
}

/// The exchange is approved: the new line takes over what the units were worth.
fn approved(
    order: &Order,
    e: &Exchange,
    line: &Line,
    new: AddedLine,
    waived: Option<&str>,
    cx: &Context<'_>,
    decision: &mut Decision,
) {
    if !e.shipped {
        let units = e.quantity.min(line.deducted);
        let back = Cut { line_no: line.no, quantity: units, amount: Won::ZERO, released: units };
        stock::give_back_as(order, &[back], &[], ("exchanged", "unsellable"), decision);
    }
    let moved = money::worth(line, e.quantity);
    let fee = fee(order, e, moved, waived.is_some(), cx);
    decision.events.push(added(e, new, moved, waived.map(str::to_owned), fee));
    // the new line earns its own
    if let Some(reversed) = returns::reversal(order, line, e.quantity) {
        decision.events.push(Event::PointsReversed { lines: vec![reversed] });
    }
}

/// Takes the units of a line that was just added from the shelf here; another lane was asked for them before.
pub fn take(order: &Order, no: u16, quantity: u32, cx: &Context<'_>, decision: &mut Decision) {
    let after = folded(order, &decision.events, cx);
    if let Some(line) = after.line(no) {
        decision.movements.push(stock::movement(&after, line, Move::Deduct, quantity, 0, None));
    }
}

/// A wrong pick is refused, not executed: the units are on the shelf here and now. What lives in another lane is asked there.
pub fn there(quote: &Quote, line_no: Option<u16>, quantity: u32) -> Result<(), Refusal> {
    let Some(view) = quote.view.filter(|v| v.on_hand < i64::from(quantity)) else { return Ok(()) };
    let facts = Facts {
        line_no,
        sku_id: Some(quote.info.sku_id.clone()),
        available: Some(view.on_hand),
        requested: Some(i64::from(quantity)),
        position: Some(view.position),
        ..Facts::default()
    };
    Err(Refusal::new(Reason::InsufficientStock, facts))
}

/// What goes to the buyer instead is the line's seller's to give, whoever names it and whether or not it is named: another
/// seller would lose a unit to an order that it can't even see.
pub fn sold_by_the_same(order: &Order, line: &Line, quote: &Quote, cx: &Context<'_>) -> Result<(), Refusal> {
    let info = &quote.info;
    let seller = order.seller_of(line);
    let own = cx.quote(&line.sku_id).and_then(|q| q.info.holder_id.as_ref());
    let holder = info.holder_id.as_ref();
    let theirs = if order.fulfilment.parent.is_some() {
        seller == Some(holder.unwrap_or(&info.partner_id))
    } else {
        seller == Some(&info.partner_id) && (holder.is_none() || holder == seller || holder == own)
    };
    if theirs || info.sku_id == line.sku_id {
        return Ok(());
    }
    let who = seller.map(ToString::to_string).unwrap_or_default();
    let facts = Facts {
        line_no: Some(line.no),
        sku_id: Some(info.sku_id.clone()),
        detail: Some(format!("SKU {} is not for {who} to give, who sells line {}", info.sku_id, line.no)),
        ..Facts::default()
    };
    Err(Refusal::new(Reason::Forbidden, facts))
}

/// Unequal prices are refused†: the same product in another option is equal, another product must cost the same.
fn equal_price(line: &Line, quote: &Quote) -> Result<(), Refusal> {
    let same = quote.info.product_id == line.product_id || quote.info.price == line.unit_price;
    if same {
        return Ok(());
    }
    let facts = Facts {
        line_no: Some(line.no),
        sku_id: Some(quote.info.sku_id.clone()),
        due: Some(line.unit_price),
        amount: Some(quote.info.price),
        ..Facts::default()
    };
    Err(Refusal::new(Reason::PriceMismatch, facts))
}

/// The product that was to be added is not there: the original is refunded, as a return that costs the buyer nothing†.
/// `lost` units of the new line are gone; the others go back on the shelf.
pub fn fail(order: &Order, e: &Exchange, lost: u32, cx: &Context<'_>, decision: &mut Decision) {
    let first = decision.events.len();
    stays::release(order, e, Won::ZERO, cx, decision);
    let settled = folded(order, &decision.events[first..], cx);
    let (order, settled_by) = (&settled, decision.events.len());
    if let Some(new) = e.new_line_no.and_then(|no| order.line(no)) {
        // gifts that came with it go with it (§3.2†); of others none, as its units are the original's again
        let mut gifts = vec![Cut { line_no: new.no, quantity: new.active(), amount: Won::ZERO, released: 0 }];
        stock::follow(order, &mut gifts);
        gifts.retain(|c| c.line_no != new.no);
        if !gifts.is_empty() {
            stock::cut(order, CutCause::OutOfStock, gifts, &[], decision);
            if let Some(Event::Cut { omitted_gifts, .. }) = decision.events.last_mut() {
                omitted_gifts.clear(); // they follow
            }
        }
        let back = Cut { line_no: new.no, quantity: new.deducted, amount: Won::ZERO, released: new.deducted };
        let lost = [ReservedLine { line_no: new.no, quantity: lost }];
        stock::give_back_as(order, &[back], &lost, ("exchange_failed", "shortage"), decision);
    }
    decision.events.push(Event::ExchangeFailed { group: e.group, lost });
    let after = folded(order, &decision.events[settled_by..], cx);
    let units = [ReservedLine { line_no: e.line_no, quantity: e.quantity }];
    let why = (ClaimReason::ExchangeFailed, Fault::Seller);
    let group = after.next_claim();
    returns::approved(&after, &units, why, after.exchange_of(e.group), cx, decision);
    // what had come back is back, what was given up is not waited for
    let open = e.collection.as_ref().filter(|c| !c.settled());
    let of = |quantity| vec![ReservedLine { line_no: e.line_no, quantity }];
    if let Some(n) = open.map(|c| c.collected).filter(|n| *n > 0) {
        decision.events.push(Event::ReturnCollected { group, lines: of(n) });
    }
    if let Some(n) = open.map(|c| c.given_up).filter(|n| *n > 0) {
        let reason = "given up before the exchange failed".to_owned();
        decision.events.push(Event::ReturnWrittenOff { group, lines: of(n), reason, charge: None });
    }
}
