//! Stock of an order that stands: taken at payment, judged, given back (rows 7–9; domain §6).

use super::{Context, Decision, chosen, money, stays};
use crate::domain::{
    catalog::StockPolicy,
    ids::{CampaignId, PartnerId},
    order::{
        command::StockCount,
        event::{Cut, CutCause, Event, OmittedGift, Reservation, ReservedLine, StockCheck},
        state::{Line, Order, ReserveState},
        step::{ReturnedUnits, Step, StepKind, StepLine},
    },
    reason::{Facts, Reason, Refusal},
    status::{Status, Trigger, next},
    stock::{Move, Movement},
};

/// Row 7: what is ordered is there, and its seller begins to work. The buyer's cancellation closes for these lines only: a seller
/// prepares what it sells, and no other seller's.
pub fn prepare(order: &Order, named: &[u16], by: Option<&PartnerId>) -> Result<Decision, Refusal> {
    let sells = |l: &Line| by.is_none_or(|p| order.seller_of(l) == Some(p));
    if !order.lines.iter().any(sells) {
        return Err(not_sold(by, None));
    }
    let ready = |l: &&Line| l.may(Trigger::Prepare).is_some();
    let chosen: Vec<&Line> = if named.is_empty() {
        let ours = || order.lines.iter().filter(|l| sells(l));
        let able: Vec<&Line> = ours().filter(ready).collect();
        if able.is_empty() {
            let own = by.and_then(|_| ours().next()).map(Line::shown);
            return Err(Refusal::illegal(own.unwrap_or(order.status()), "prepare"));
        }
        able
    } else {
        chosen::once(named)?;
        let mut chosen = Vec::with_capacity(named.len());
        for &no in named {
            let line = chosen::known(order, no)?;
            if !sells(line) {
                return Err(not_sold(by, Some(no)));
            }
            if !ready(&line) {
                return Err(chosen::not_now(line, "prepare", None));
            }
            chosen.push(line);
        }
        chosen
    };
    if order.unjudged().any(|u| chosen.iter().any(|l| l.no == u.no)) {
        return Err(Refusal::early("the stock of a line is still being judged"));
    }
    // the event of old, of the whole order, where nothing was prepared before
    let first = !order.lines.iter().any(|l| l.status == Status::Preparing);
    let all = first && order.lines.iter().filter(ready).count() == chosen.len();
    let lines = if all { Vec::new() } else { chosen.iter().map(|l| l.no).collect() };
    Ok(Decision { events: vec![Event::Prepared { lines }], ..Decision::default() })
}

#[cold]
fn not_sold(by: Option<&PartnerId>, line_no: Option<u16>) -> Refusal {
    let who = by.map(ToString::to_string).unwrap_or_default();
    let what = line_no.map_or_else(|| "no line of the order".to_owned(), |no| format!("not line {no}"));
    Refusal::new(Reason::Forbidden, Facts { line_no, detail: Some(format!("{who} sells {what}")), ..Facts::default() })
}

/// Rows 8 and 9: so many units of these lines are really there. Naming no line says that all are.
pub fn judge(order: &Order, judged: &[StockCount]) -> Result<Decision, Refusal> {
    if !order.lines.iter().any(|l| next(l.status, Trigger::ConfirmSomeStock).is_some()) {
        return Err(Refusal::illegal(order.status(), "confirm_stock"));
    }
    let mut cuts = Vec::new();
    let mut found = Vec::new();
    for (i, j) in judged.iter().enumerate() {
        if judged[..i].iter().any(|other| other.line_no == j.line_no) {
            return Err(Refusal::invalid(format!("line {} is named twice", j.line_no)));
        }
        let unknown = || Refusal::new(Reason::UnknownLine, Facts { line_no: Some(j.line_no), ..Facts::default() });
        let line = order.line(j.line_no).ok_or_else(unknown)?;
        let trigger = if j.available == 0 { Trigger::ConfirmNoStock } else { Trigger::ConfirmSomeStock };
        if next(line.status, trigger).is_none() {
            let mut refusal = Refusal::illegal(line.shown(), "confirm_stock");
            refusal.facts.line_no = Some(line.no);
            return Err(refusal);
        }
        if order.unjudged().any(|u| u.no == line.no) || order.awaits_stock(line.no) {
            return Err(Refusal::early("the stock of a line is still being judged"));
        }
        let kept = j.available.min(line.active());
        found.push(ReservedLine { line_no: j.line_no, quantity: kept });
        let short = line.active() - kept;
        if short > 0 {
            // an installer's work takes nothing from a shelf
            let released = short.min(line.held + line.deducted);
            cuts.push(Cut { line_no: line.no, quantity: short, amount: money::worth(line, short), released });
        }
    }
    // what was not found is lost; gifts that follow their main line are not
    let lost: Vec<ReservedLine> =
        cuts.iter().map(|c| ReservedLine { line_no: c.line_no, quantity: c.released }).collect();
    add_gifts(order, &mut cuts);
    let looked =
        |l: &&Line| if judged.is_empty() { next(l.status, Trigger::ConfirmSomeStock).is_some() } else { false };
    let seen = order.lines.iter().filter(looked).map(|l| l.no).chain(judged.iter().map(|j| j.line_no)).collect();
    let mut decision =
        Decision { events: vec![Event::StockConfirmed { lines: found, checked_lines: seen }], ..Decision::default() };
    if !cuts.is_empty() {
        cut(order, CutCause::OutOfStock, cuts, &lost, &mut decision);
    }
    Ok(decision)
}

/// All that is free of a line, with its stock.
pub fn whole(line: &Line) -> Cut {
    let quantity = line.free();
    let released = (line.held + line.deducted).min(quantity);
    Cut { line_no: line.no, quantity, amount: money::worth(line, quantity), released }
}

/// So many units of it, with the stock that the rest does not need.
pub fn part(line: &Line, quantity: u32) -> Cut {
    let kept = line.active().saturating_sub(quantity);
    let released = (line.held + line.deducted).saturating_sub(kept).min(quantity);
    Cut { line_no: line.no, quantity, amount: money::worth(line, quantity), released }
}

/// Gifts of goods that are cut go with them: all with the last of them, before that what they are not entitled to any more.
pub fn add_gifts(order: &Order, cuts: &mut Vec<Cut>) {
    follow(order, cuts);
    surplus(order, cuts);
}

/// Gifts of a line that is taken out wholly go with it (§3.2†), unless they have left already.
pub fn follow(order: &Order, cuts: &mut Vec<Cut>) {
    let going: Vec<ReservedLine> =
        cuts.iter().map(|c| ReservedLine { line_no: c.line_no, quantity: c.quantity }).collect();
    let gifts: Vec<Cut> = order
        .lines
        .iter()
        .filter(|l| l.gift && l.free() > 0 && super::follow::with(order, l, &going, Line::active))
        .filter(|l| !matches!(l.status, Status::Shipped | Status::PurchaseConfirmed))
        .map(whole)
        .collect();
    cuts.retain(|c| !gifts.iter().any(|g| g.line_no == c.line_no));
    cuts.extend(gifts);
}

/// Of gifts whose goods are cut, what the units that are left do not entitle to goes too: of the last lines first, and not
/// what has left already.
fn surplus(order: &Order, cuts: &mut Vec<Cut>) {
    let of = |cuts: &[Cut], no: u16| cuts.iter().filter(|c| c.line_no == no).map(|c| c.quantity).sum::<u32>();
    for gift in order.lines.iter().rev().filter(|l| l.gift && l.free() > 0) {
        if order.family(gift).all(|m| of(cuts, m.no) == 0) {
            continue;
        }
        let more = super::follow::surplus(order, gift, |no| of(cuts, no));
        if more > 0 {
            let quantity = of(cuts, gift.no) + more;
            cuts.retain(|c| c.line_no != gift.no);
            cuts.push(part(gift, quantity));
        }
    }
}

/// The event of a cut, with the stock that it gives back; `lost` units leave the books at once.
pub fn cut(order: &Order, cause: CutCause, cuts: Vec<Cut>, lost: &[ReservedLine], decision: &mut Decision) {
    let group = order.next_group();
    let fees = money::fee_refunds(&order.fees, &order.lines, &cuts);
    let (refunds, kept) = money::plan_cut(order, &cuts, &fees, group);
    // what the buyer still has of the goods that these were exchanged for comes back first
    let kept_for = kept.as_ref().map_or(&[][..], |k| &k.kept_for);
    let worth = cuts.iter().map(|c| (c.line_no, c.amount - stays::kept_of_line(order, kept_for, c.line_no)));
    let refunds = stays::by_line(order, worth, refunds, order.refunds.len() + 1);
    give_back(order, &cuts, lost, decision);
    let omitted_gifts = match cause {
        CutCause::OutOfStock | CutCause::StockLost => omitted_gifts(order, &cuts),
        CutCause::Buyer
        | CutCause::ProcurementCancelled
        | CutCause::LinkEnded
        | CutCause::ParentEnded
        | CutCause::MainGone
        | CutCause::ExchangeRejected => Vec::new(),
    };
    let seen = Vec::new();
    decision.events.push(Event::Cut {
        group,
        cause,
        lines: cuts,
        fees,
        refunds,
        stock_checks: seen,
        reason: None,
        omitted_gifts,
        kept,
    });
}

/// Of these cuts the gifts that are not there for goods that are: without those that follow goods.
pub fn omitted_gifts(order: &Order, cuts: &[Cut]) -> Vec<OmittedGift> {
    let gift = |no: u16| order.line(no).filter(|l| l.gift);
    if !cuts.iter().any(|c| gift(c.line_no).is_some()) {
        return Vec::new();
    }
    let mut goods: Vec<Cut> = cuts.iter().filter(|c| gift(c.line_no).is_none()).copied().collect();
    add_gifts(order, &mut goods);
    let follow = |no: u16| goods.iter().filter(|c| c.line_no == no).map(|c| c.quantity).sum::<u32>();
    let missing = |c: &Cut| {
        let line = gift(c.line_no)?;
        let quantity = c.quantity.saturating_sub(follow(c.line_no));
        (quantity > 0).then(|| OmittedGift { line_no: line.no, sku_id: line.sku_id.clone(), quantity })
    };
    cuts.iter().filter_map(missing).collect()
}

fn sale(line: &Line, order: &Order) -> Option<(CampaignId, crate::domain::ids::CustomerId)> {
    line.campaign_id.as_ref().map(|c| (c.clone(), order.customer_id.clone()))
}

/// A movement of a line's units, counted in its sale by `sign`.
pub fn movement(
    order: &Order,
    line: &Line,
    kind: Move,
    quantity: u32,
    sign: i64,
    reason: Option<&'static str>,
) -> Movement {
    let quantity = i64::from(quantity);
    let campaign = sale(line, order).filter(|_| sign != 0);
    let campaign_delta = if campaign.is_some() { sign * quantity } else { 0 };
    Movement { sku_id: line.sku_id.clone(), kind, quantity, line_no: Some(line.no), campaign, campaign_delta, reason }
}

/// The reservation that keeps a line's units in another lane.
fn elsewhere(order: &Order, line_no: u16) -> Option<&crate::domain::order::state::Reserving> {
    order
        .reservations
        .iter()
        .find(|r| r.state != ReserveState::Released && r.asked.lines.iter().any(|l| l.line_no == line_no))
}

/// Gives the units of cuts back to where they came from; the ledger says "cancelled", or "shortage" of what is lost.
pub fn give_back(order: &Order, cuts: &[Cut], lost: &[ReservedLine], decision: &mut Decision) {
    give_back_as(order, cuts, lost, ("cancelled", "shortage"), decision);
}

/// Gives units back: here by a movement, elsewhere by a step. The ledger says why: of what is kept, and of what is lost.
pub fn give_back_as(
    order: &Order,
    cuts: &[Cut],
    lost: &[ReservedLine],
    (kept_why, lost_why): (&'static str, &'static str),
    decision: &mut Decision,
) {
    let mut returns: Vec<Step> = Vec::new();
    for cut in cuts.iter().filter(|c| c.released > 0) {
        let Some(line) = order.line(cut.line_no) else { continue };
        let gone = lost.iter().find(|l| l.line_no == line.no).map_or(0, |l| l.quantity.min(cut.released));
        if let Some(r) = elsewhere(order, line.no) {
            let parts = [(cut.released - gone, false), (gone, true)].into_iter().filter(|(quantity, _)| *quantity > 0);
            let back = parts.map(|(quantity, lost)| ReturnedUnits { line_no: line.no, quantity, lost });
            match returns.iter_mut().find(|s| s.reservation == r.asked.id) {
                Some(Step { kind: StepKind::Return { lines }, .. }) => lines.extend(back),
                _ => returns.push(Step {
                    lane: r.asked.lane,
                    reservation: r.asked.id.clone(),
                    kind: StepKind::Return { lines: back.collect() },
                }),
            }
            continue;
        }
        let reason = if gone > 0 { lost_why } else { kept_why };
        let from_hold = cut.released.min(line.held);
        let sold = cut.released - from_hold;
        if from_hold > 0 {
            decision.movements.push(movement(order, line, Move::Release, from_hold, -1, Some(reason)));
        }
        if sold > 0 {
            decision.movements.push(movement(order, line, Move::Restock, sold, -1, Some(reason)));
        }
        if gone > 0 {
            decision.movements.push(movement(order, line, Move::Shrink, gone, 0, Some(reason)));
        }
    }
    decision.steps.extend(returns);
}

/// Gives everything back that an order holds or has taken, here and elsewhere.
pub fn release_all(order: &Order, decision: &mut Decision) {
    for line in &order.lines {
        if elsewhere(order, line.no).is_some() {
            continue;
        }
        if line.held > 0 {
            decision.movements.push(movement(order, line, Move::Release, line.held, -1, None));
        }
        if line.deducted > 0 {
            decision.movements.push(movement(order, line, Move::Restock, line.deducted, -1, Some("cancelled")));
        }
    }
    let open = order.reservations.iter().filter(|r| r.state != ReserveState::Released);
    decision.steps.extend(open.map(|r| Step {
        lane: r.asked.lane,
        reservation: r.asked.id.clone(),
        kind: StepKind::Release,
    }));
}

/// What payment does to stock: holds become deductions; lines that are deducted only now take what there is (rows 8, 9).
pub fn take_at_payment(order: &Order, paid: &Order, cx: &Context<'_>, decision: &mut Decision) {
    for line in order.lines.iter().filter(|l| l.held > 0 && elsewhere(order, l.no).is_none()) {
        decision.movements.push(movement(order, line, Move::DeductHeld, line.held, 0, None));
    }
    let held = order.reservations.iter().filter(|r| r.state == ReserveState::Held);
    decision.steps.extend(held.map(|r| Step {
        lane: r.asked.lane,
        reservation: r.asked.id.clone(),
        kind: StepKind::Confirm,
    }));
    let (mut taken, mut cuts, mut asked) = (Vec::new(), Vec::new(), Vec::<(u32, Vec<(&Line, u32)>)>::new());
    let mut used: Vec<(&crate::domain::ids::SkuId, i64)> = Vec::new();
    let mut short_of: Vec<StockCheck> = Vec::new();
    for line in paid.lines.iter().filter(|l| l.policy == StockPolicy::DeductAtPayment && l.active() > 0) {
        let Some(quote) = cx.quote(&line.sku_id) else { continue };
        let Some(view) = quote.view else {
            match asked.iter_mut().find(|(lane, _)| *lane == quote.lane) {
                Some((_, lines)) => lines.push((line, line.active())),
                None => asked.push((quote.lane, vec![(line, line.active())])),
            }
            continue;
        };
        let before: i64 = used.iter().filter(|(sku, _)| **sku == line.sku_id).map(|(_, n)| *n).sum();
        // promised outside campaigns: those that were made since have no say
        let view = if line.campaign_id.is_some() { view } else { view.outside() };
        let left = u32::try_from((view.for_customer() - before).max(0)).unwrap_or(u32::MAX);
        let got = left.min(line.active());
        used.push((&line.sku_id, i64::from(got)));
        if got > 0 {
            taken.push(ReservedLine { line_no: line.no, quantity: got });
            decision.movements.push(movement(paid, line, Move::Deduct, got, 1, None));
        }
        let short = line.active() - got;
        if short > 0 {
            cuts.push(Cut { line_no: line.no, quantity: short, amount: money::worth(line, short), released: 0 });
            if line.campaign_id.is_none() {
                let (sku_id, position, wanted) =
                    (line.sku_id.clone(), view.position, before + i64::from(line.active()));
                short_of.push(StockCheck { sku_id, position, on_hand: before + i64::from(left), wanted });
            }
        }
    }
    if !taken.is_empty() {
        decision.events.push(Event::StockDeducted { lines: taken.clone() });
    }
    if !cuts.is_empty() {
        let mut judged = paid.clone();
        for t in &taken {
            if let Some(line) = judged.lines.iter_mut().find(|l| l.no == t.line_no) {
                line.deducted += t.quantity;
            }
        }
        add_gifts(&judged, &mut cuts);
        // gifts that go with their main line are not asked for
        for (_, lines) in &mut asked {
            for (line, quantity) in lines.iter_mut() {
                *quantity -= cuts.iter().filter(|c| c.line_no == line.no).map(|c| c.quantity).sum::<u32>();
            }
            lines.retain(|(_, quantity)| *quantity > 0);
        }
        asked.retain(|(_, lines)| !lines.is_empty());
        cut(&judged, CutCause::OutOfStock, cuts, &[], decision);
        if let Some(Event::Cut { stock_checks: seen, .. }) = decision.events.last_mut() {
            *seen = short_of;
        }
    }
    ask(paid, asked, decision);
}

fn ask(order: &Order, asked: Vec<(u32, Vec<(&Line, u32)>)>, decision: &mut Decision) {
    let mut reservations = Vec::new();
    for (lane, lines) in asked {
        let id = format!("{}:{}:{lane}", order.id, order.version + 1);
        let units = |(l, quantity): &(&Line, u32)| ReservedLine { line_no: l.no, quantity: *quantity };
        reservations.push(Reservation { id: id.clone(), lane, lines: lines.iter().map(units).collect() });
        let lines = lines
            .iter()
            .map(|(l, quantity)| StepLine {
                line_no: l.no,
                sku_id: l.sku_id.clone(),
                campaign_id: l.campaign_id.clone(),
                quantity: *quantity,
                partial: true,
            })
            .collect();
        let customer_id = order.customer_id.clone();
        let kind = StepKind::Reserve { customer_id, lines, deduct: true, stands: true };
        decision.steps.push(Step { lane, reservation: id, kind });
    }
    if !reservations.is_empty() {
        decision.events.push(Event::StockAsked { reservations });
    }
}

/// What came short of a request to another lane, once the order is paid. A line that an exchange added takes the exchange
/// with it.
pub fn short_after_asking(
    order: &Order,
    lines: &[ReservedLine],
    asked: &[ReservedLine],
    cx: &Context<'_>,
    decision: &mut Decision,
) {
    let added = |a: &&ReservedLine| order.fails_with(a.line_no).is_some();
    let cuts: Vec<Cut> = asked
        .iter()
        .filter(|a| !added(a))
        .filter_map(|a| {
            let got = lines.iter().find(|l| l.line_no == a.line_no).map_or(0, |l| l.quantity);
            let line = order.line(a.line_no)?;
            // gifts may have gone with their main line meanwhile
            let short = a.quantity.saturating_sub(got).min(line.wants()).min(line.free());
            (short > 0).then(|| Cut {
                line_no: a.line_no,
                quantity: short,
                amount: money::worth(line, short),
                released: 0,
            })
        })
        .collect();
    if !cuts.is_empty() {
        let mut cuts = cuts;
        add_gifts(order, &mut cuts);
        cut(order, CutCause::OutOfStock, cuts, &[], decision);
    }
    for a in asked.iter().filter(added) {
        let got = lines.iter().find(|l| l.line_no == a.line_no).map_or(0, |l| l.quantity);
        if let Some(e) = order.fails_with(a.line_no).filter(|_| got < a.quantity) {
            super::exchange::fail(order, e, 0, cx, decision);
        }
    }
}

/// Units that came for lines which do not want them any more (a gift whose main line was out of stock) go back.
pub fn return_unwanted(order: &Order, id: &str, lane: u32, lines: &[ReservedLine], decision: &mut Decision) {
    let unwanted: Vec<ReturnedUnits> = lines
        .iter()
        .filter_map(|l| {
            let quantity = l.quantity.saturating_sub(order.line(l.line_no)?.wants());
            (quantity > 0).then_some(ReturnedUnits { line_no: l.line_no, quantity, lost: false })
        })
        .collect();
    if !unwanted.is_empty() {
        let kind = StepKind::Return { lines: unwanted };
        decision.steps.push(Step { lane, reservation: id.to_owned(), kind });
    }
}
