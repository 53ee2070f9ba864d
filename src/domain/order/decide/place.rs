//! 주문접수 (row 1): valid, priced by the server, in the sale's window, within the purchase limit; stock held or deducted.

use super::{
    Context, Decision, Quote, destination, entitle, money,
    pay::{match_payment, not_elsewhere},
    stock::omitted_gifts,
};
use crate::domain::{
    Time,
    catalog::{Campaign, CouponBase, PreparePolicy, PromotionKind, SaleWindow, StockPolicy},
    fee::{self, FeeLine, FeeReason},
    gift::Entitlement,
    ids::{OrderId, PromotionId},
    money::{AMOUNT_MAX, Won},
    order::{
        apply,
        command::{PaymentOffer, PlaceOrder, Wanted},
        event::{Cut, Discount, Event, Placed, PlacedFee, PlacedLine, Reservation, ReservedLine},
        step::{Step, StepKind, StepLine},
    },
    reason::{Facts, Reason, Refusal},
    stock::{Move, Movement, StockView},
};

/// The most lines an order may have: an order is one event, one answer and one share of a batch.
pub const LINES_MAX: usize = 100;
/// The most units a line may ask for.
pub const QUANTITY_MAX: u32 = 100_000;

/// A line with what was found for it.
pub struct PricedLine<'a> {
    pub wanted: &'a Wanted,
    pub quote: &'a Quote,
    pub campaign: Option<&'a Campaign>,
    pub policy: StockPolicy,
    /// units taken here and now
    pub taken: u32,
    /// units that may still come: all, but of gifts only as many as the units that their main line gets entitle to
    pub allowed: u32,
    /// of a gift: what entitles the order to it, and the promotion that says so
    pub entitled: Option<Entitlement>,
    pub gift_promotion_id: Option<PromotionId>,
}

impl<'a> PricedLine<'a> {
    /// A line of no campaign, of which nothing is taken yet.
    pub fn new(wanted: &'a Wanted, quote: &'a Quote) -> Self {
        PricedLine {
            wanted,
            quote,
            campaign: None,
            policy: StockPolicy::HoldAtPlacement,
            taken: 0,
            allowed: wanted.quantity,
            entitled: None,
            gift_promotion_id: None,
        }
    }

    /// Whether the product's kind and type make it one.
    pub fn gift(&self) -> bool {
        self.quote.info.gift
    }

    /// Units of it that the order may still get, as far as can be told now.
    pub fn left(&self, paid_now: bool) -> u32 {
        let judged = self.quote.view.is_some() && (paid_now || self.policy == StockPolicy::HoldAtPlacement);
        if judged { self.taken } else { self.allowed }
    }

    fn unit_price(&self) -> Won {
        match (self.gift(), self.campaign) {
            (true, _) => Won::ZERO,
            (false, Some(c)) => c.price,
            (false, None) => self.quote.info.price,
        }
    }
}

/// Places an order; `version` is that of a failed placement under the same id, else 0.
pub fn decide(id: &OrderId, version: u32, place: &PlaceOrder, cx: &Context<'_>) -> Result<Decision, Refusal> {
    // the cheapest refusals first: a sold-out sale is refused before anything is priced
    let mut found = find(place, cx)?;
    check_gifts(place, &found)?;
    let paid_now = matches!(place.payment, PaymentOffer::Approved(_));
    entitle::gifts(place, &mut found, paid_now, cx)?;
    let mut lines = Vec::with_capacity(found.len());
    for (f, no) in found.iter().zip(1u16..) {
        lines.push(price(f, no, cx)?);
    }
    let mut fees = fees(&found, &mut lines);
    let to = destination::of(place, cx);
    fees.extend(to.and_then(|(_, amount)| surcharge(&fees, amount)));
    let whole: Won =
        lines.iter().map(|l| l.unit_price.times(l.quantity)).sum::<Won>() + fees.iter().map(|f| f.amount).sum();
    if whole > Won::new(AMOUNT_MAX) {
        return Err(Refusal::invalid(format!("an order comes to at most {AMOUNT_MAX} won")));
    }
    let mut placed = Placed {
        customer_id: place.customer_id.clone(),
        by_partner: place.by_partner,
        lines,
        fees,
        allow_partial: place.allow_partial,
        deadline: deadline(place, cx),
        paid: Vec::new(),
        deposit: None,
        prepare_at: None,
        shortages: Vec::new(),
        fee_refunds: Vec::new(),
        refunds: Vec::new(),
        parent: None,
        zone: to.map(|(zone, _)| zone),
        business: to.is_some() && place.business().is_some(),
        total: None,
        omitted_gifts: Vec::new(),
    };
    match &place.payment {
        PaymentOffer::Later | PaymentOffer::Deposit(_) if due(&placed).is_zero() => {
            // nothing to pay: it is paid
            let paid = PlaceOrder { payment: PaymentOffer::Approved(Vec::new()), ..place.clone() };
            return decide(id, version, &paid, cx);
        }
        PaymentOffer::Later => {}
        PaymentOffer::Deposit(deposit) => placed.deposit = Some(deposit.clone()),
        PaymentOffer::Approved(paid) => {
            match_payment(due(&placed), paid)?;
            not_elsewhere(paid, cx)?;
            placed.paid.clone_from(paid);
            if let PreparePolicy::After(wait) = cx.policy.prepare {
                placed.prepare_at = Some(cx.after(wait));
            }
        }
    }
    let mut decision = Decision { movements: movements(place, &found, paid_now), ..Decision::default() };
    let reservations = reserve((id, version), place, &found, (paid_now, false), &mut decision);
    if reservations.is_empty() {
        settle_shorts(id, &mut placed, &found, paid_now, cx.now);
        placed.total = Some(total(&placed));
        let prepare = paid_now && cx.policy.prepare == PreparePolicy::AtOnce;
        decision.events.push(Event::Placed(Box::new(placed)));
        if prepare {
            decision.events.push(Event::Prepared { lines: Vec::new() });
        }
    } else {
        placed.total = Some(total(&placed));
        decision.events.push(Event::PlacementStarted { placed: Box::new(placed), reservations });
    }
    Ok(decision)
}

/// Facts that name a line.
pub fn line_facts(no: u16, wanted: &Wanted) -> Facts {
    Facts { line_no: Some(no), sku_id: Some(wanted.sku_id.clone()), ..Facts::default() }
}

/// Looks every line up and takes its stock, in this decision's own reckoning.
fn find<'a>(place: &'a PlaceOrder, cx: &'a Context<'a>) -> Result<Vec<PricedLine<'a>>, Refusal> {
    if place.lines.is_empty() || place.lines.len() > LINES_MAX {
        return Err(Refusal::invalid(format!("an order has 1 to {LINES_MAX} lines")));
    }
    let paid_now = matches!(place.payment, PaymentOffer::Approved(_));
    let mut found: Vec<PricedLine<'a>> = Vec::with_capacity(place.lines.len());
    let (mut any, mut first_short) = (false, None);
    for (wanted, no) in place.lines.iter().zip(1u16..) {
        if wanted.quantity == 0 || wanted.quantity > QUANTITY_MAX {
            return Err(Refusal::invalid(format!("line {no}: a quantity is 1 to {QUANTITY_MAX}")));
        }
        let quote = cx.quote(&wanted.sku_id).ok_or_else(|| Refusal::new(Reason::UnknownSku, line_facts(no, wanted)))?;
        let gift = quote.info.gift;
        let campaign = if gift { None } else { quote.info.campaign(wanted.campaign_id.as_ref(), cx.now) };
        if wanted.campaign_id.is_some() && campaign.is_none() {
            return Err(Refusal::new(Reason::UnknownCampaign, line_facts(no, wanted)));
        }
        if let Some(c) = campaign {
            check_window(c, no, wanted, cx.now)?;
        }
        let policy = campaign.map_or(cx.policy.stock, |c| c.policy);
        let mut line = PricedLine { campaign, policy, ..PricedLine::new(wanted, quote) };
        if gift {
            // taken once it is known what it came with
        } else if let Some(view) = quote.view {
            // a line outside campaigns takes from the shelf, whichever campaign speaks for the SKU
            let view = if campaign.is_some() { view } else { view.outside() };
            let before: u32 =
                found.iter().filter(|f| f.wanted.sku_id == wanted.sku_id).map(|f| f.wanted.quantity).sum();
            let got = take(&view, before, no, wanted, place.allow_partial || policy == StockPolicy::DeductAtPayment)?;
            if got < wanted.quantity && first_short.is_none() {
                first_short = Some((no, view));
            }
            any |= got > 0;
            line.taken = if paid_now || policy == StockPolicy::HoldAtPlacement { got } else { 0 };
        } else {
            any = true; // another lane will say
        }
        found.push(line);
    }
    match (any, first_short) {
        (false, Some((no, view))) => {
            Err(short(Reason::SoldOut, &view, view.available(), no, &place.lines[usize::from(no) - 1]))
        }
        _ => Ok(found),
    }
}

fn check_window(c: &Campaign, no: u16, wanted: &Wanted, now: Time) -> Result<(), Refusal> {
    let reason = match c.window(now) {
        SaleWindow::Open => return Ok(()),
        SaleWindow::NotOpen => Reason::SaleNotOpen,
        SaleWindow::Paused => Reason::SalePaused,
        SaleWindow::Closed => Reason::SaleClosed,
    };
    Err(Refusal::new(reason, line_facts(no, wanted)))
}

/// How many of the wanted units a line gets, `before` of the SKU's units being wanted by earlier lines of the order.
fn take(view: &StockView, before: u32, no: u16, wanted: &Wanted, part: bool) -> Result<u32, Refusal> {
    let (asked, before) = (i64::from(wanted.quantity), i64::from(before));
    if let Some(limit) = view.sale.and_then(|s| s.customer_remaining)
        && limit - before < asked
    {
        return Err(short(Reason::LimitExceeded, view, view.available() - before, no, wanted));
    }
    let left = (view.available() - before).max(0);
    if left >= asked {
        return Ok(wanted.quantity);
    }
    match (part, left) {
        (true, left) => Ok(u32::try_from(left).unwrap_or(0)),
        (false, 0) => Err(short(Reason::SoldOut, view, 0, no, wanted)),
        (false, left) => Err(short(Reason::InsufficientStock, view, left, no, wanted)),
    }
}

#[cold]
pub fn short(reason: Reason, view: &StockView, available: i64, no: u16, wanted: &Wanted) -> Refusal {
    let facts = Facts {
        available: Some(available.max(0)),
        requested: Some(i64::from(wanted.quantity)),
        position: Some(view.position),
        customer_remaining: view.sale.and_then(|s| s.customer_remaining),
        ..line_facts(no, wanted)
    };
    Refusal::new(reason, facts)
}

/// Gifts name the line that they came with; only gifts do (§3.1, §3.2).
fn check_gifts(place: &PlaceOrder, found: &[PricedLine<'_>]) -> Result<(), Refusal> {
    for (f, no) in found.iter().zip(1u16..) {
        match (f.gift(), f.wanted.main_line_no) {
            (false, None) if f.wanted.gift_promotion_id.is_some() => {
                return Err(Refusal::invalid(format!("line {no} is no gift: no gift promotion gives it")));
            }
            (false, None) => {}
            (false, Some(_)) => {
                return Err(Refusal::invalid(format!("line {no} is no gift: it can't follow another line")));
            }
            (true, None) => return Err(Refusal::invalid(format!("line {no} is a gift: it needs its main line"))),
            (true, Some(main)) => {
                let main_line = main.checked_sub(1).and_then(|i| found.get(usize::from(i)));
                if main_line.is_none_or(|m| m.gift()) {
                    return Err(Refusal::invalid(format!("line {no} names line {main}, which is no main line")));
                }
            }
        }
    }
    if found.iter().all(PricedLine::gift) {
        return Err(Refusal::invalid(format!("order of {} has only gifts", place.customer_id)));
    }
    Ok(())
}

/// Prices a line: unit price × quantity, promotion first, then coupon, each on the line total (§3.12†), or the coupon on what
/// the promotion left.
pub fn price(f: &PricedLine<'_>, no: u16, cx: &Context<'_>) -> Result<PlacedLine, Refusal> {
    let unit_price = f.unit_price();
    if let Some(theirs) = f.wanted.unit_price
        && theirs != unit_price
    {
        let facts = Facts { due: Some(unit_price), amount: Some(theirs), ..line_facts(no, f.wanted) };
        return Err(Refusal::new(Reason::PriceMismatch, facts));
    }
    let total = unit_price.times(f.wanted.quantity);
    let promotion = discount(f.wanted.promotion_id.as_ref(), PromotionKind::Promotion, total, total, cx, no, f.wanted)?;
    let rest = total - promotion.as_ref().map_or(Won::ZERO, |d| d.amount);
    let base = match cx.policy.coupon_base {
        CouponBase::Total => total,
        CouponBase::Rest => rest,
    };
    let coupon = discount(f.wanted.coupon_id.as_ref(), PromotionKind::Coupon, base, rest, cx, no, f.wanted)?;
    let info = &f.quote.info;
    let gift = info.gift;
    Ok(PlacedLine {
        sku_id: info.sku_id.clone(),
        product_id: info.product_id.clone(),
        quantity: f.wanted.quantity,
        unit_price,
        campaign_id: f.campaign.map(|c| c.id.clone()),
        promotion,
        coupon,
        fee: 0,
        main: !gift,
        gift_included: f.wanted.gift_included.unwrap_or(false),
        gift,
        main_line_no: f.wanted.main_line_no,
        gift_promotion_id: f.gift_promotion_id.clone(),
        entitled: f.entitled,
        pre_refund: info.pre_refund,
        lead_time_days: info.lead_time_days,
        points_rate_bp: info.points_rate_bp,
        shipping: (!gift).then(|| info.shipping()),
        policy: f.policy,
        taken: f.taken,
    })
}

fn discount(
    id: Option<&PromotionId>,
    kind: PromotionKind,
    total: Won,
    at_most: Won,
    cx: &Context<'_>,
    no: u16,
    wanted: &Wanted,
) -> Result<Option<Discount>, Refusal> {
    let Some(id) = id else { return Ok(None) };
    let promotion =
        cx.promotions.iter().find(|p| p.id == *id && p.kind == kind && p.applies(cx.now)).ok_or_else(|| {
            let facts = Facts { detail: Some(id.to_string()), ..line_facts(no, wanted) };
            Refusal::new(Reason::UnknownPromotion, facts)
        })?;
    let amount = total.rate_down(promotion.rate_bp).min(at_most);
    Ok(Some(Discount { id: id.clone(), rate_bp: promotion.rate_bp, amount }))
}

/// Fee rows, and each line's row; lines whose gifts came along are marked (§3.1) unless the client said otherwise.
fn fees(found: &[PricedLine<'_>], lines: &mut [PlacedLine]) -> Vec<PlacedFee> {
    let fee_lines: Vec<FeeLine<'_>> = found
        .iter()
        .zip(lines.iter())
        .map(|(f, line)| {
            let info = &f.quote.info;
            FeeLine {
                partner_id: &info.partner_id,
                template_id: &info.template_id,
                bundled: info.bundled,
                fee: info.delivery_fee,
                free: info.free_delivery,
                gift: info.gift,
                total: line.unit_price.times(line.quantity),
                threshold: info.threshold,
            }
        })
        .collect();
    let (rows, of_line) = fee::rows(&fee_lines);
    for (line, row) in lines.iter_mut().zip(of_line) {
        line.fee = u16::try_from(row).unwrap_or(u16::MAX);
    }
    for i in 0..lines.len() {
        let no = u16::try_from(i + 1).unwrap_or(u16::MAX);
        if found[i].wanted.gift_included.is_none() && lines.iter().any(|l| l.main_line_no == Some(no)) {
            lines[i].gift_included = true;
        }
    }
    rows.into_iter()
        .map(|r| PlacedFee {
            partner_id: r.partner_id,
            template_id: r.template_id,
            base: r.base,
            bundled: r.bundled,
            threshold: r.threshold,
            amount: r.amount,
            reason: r.reason,
        })
        .collect()
}

/// What going to an island or Jeju costs beside (row 14): one row for the order, of the first payment group like its other
/// fees, whatever those come to.
fn surcharge(fees: &[PlacedFee], amount: Won) -> Option<PlacedFee> {
    let first = fees.first().filter(|_| amount.is_positive())?;
    Some(PlacedFee {
        partner_id: first.partner_id.clone(),
        template_id: first.template_id.clone(),
        base: amount,
        bundled: Won::ZERO,
        threshold: None,
        amount,
        reason: FeeReason::Surcharge,
    })
}

fn deadline(place: &PlaceOrder, cx: &Context<'_>) -> Option<Time> {
    match place.payment {
        PaymentOffer::Later => Some(cx.after(cx.policy.payment_window)),
        PaymentOffer::Deposit(_) => Some(cx.after(cx.policy.deposit_window)),
        PaymentOffer::Approved(_) => None,
    }
}

/// What all of it costs, before anything is short.
fn due(placed: &Placed) -> Won {
    let line = |l: &PlacedLine| {
        let off: Won = [&l.promotion, &l.coupon].into_iter().flatten().map(|d| d.amount).sum();
        l.unit_price.times(l.quantity) - off
    };
    placed.lines.iter().map(line).sum::<Won>() + placed.fees.iter().map(|f| f.amount).sum()
}

/// What is due for it, or was paid and stays so: without what was short.
fn total(placed: &Placed) -> Won {
    let short: Won = placed.shortages.iter().map(|c| c.amount).sum();
    due(placed) - short - placed.fee_refunds.iter().map(|f| f.amount).sum()
}

/// What is taken here and now.
pub fn movements(place: &PlaceOrder, found: &[PricedLine<'_>], paid_now: bool) -> Vec<Movement> {
    let kind = if paid_now { Move::Deduct } else { Move::Hold };
    found
        .iter()
        .zip(1u16..)
        .filter(|(f, _)| f.taken > 0)
        .map(|(f, no)| {
            let quantity = i64::from(f.taken);
            Movement {
                sku_id: f.wanted.sku_id.clone(),
                kind,
                quantity,
                line_no: Some(no),
                campaign: f.campaign.map(|c| (c.id.clone(), place.customer_id.clone())),
                campaign_delta: if f.campaign.is_some() { quantity } else { 0 },
                reason: None,
            }
        })
        .collect()
}

/// Asks the lanes that the other SKUs live in. An order that `stands` asks for units, not for its part in a sale.
pub fn reserve(
    (id, version): (&OrderId, u32),
    place: &PlaceOrder,
    found: &[PricedLine<'_>],
    (paid_now, stands): (bool, bool),
    decision: &mut Decision,
) -> Vec<Reservation> {
    let mut reservations: Vec<Reservation> = Vec::new();
    for (f, line_no) in found.iter().zip(1u16..) {
        let waits = !paid_now && f.policy == StockPolicy::DeductAtPayment;
        if f.quote.view.is_some() || waits || f.allowed == 0 {
            continue;
        }
        let judged = place.allow_partial || (paid_now && f.policy == StockPolicy::DeductAtPayment);
        let lane = f.quote.lane;
        let units = ReservedLine { line_no, quantity: f.allowed };
        let line = StepLine {
            line_no,
            sku_id: f.wanted.sku_id.clone(),
            campaign_id: f.campaign.map(|c| c.id.clone()),
            quantity: f.allowed,
            partial: f.entitled.map_or(judged, |e| e.goes_on()),
        };
        if let Some(i) = reservations.iter().position(|r| r.lane == lane) {
            reservations[i].lines.push(units);
            if let Some(Step { kind: StepKind::Reserve { lines, .. }, .. }) = decision.steps.get_mut(i) {
                lines.push(line);
            }
            continue;
        }
        let reservation = format!("{id}:{}:{lane}", version + 1);
        reservations.push(Reservation { id: reservation.clone(), lane, lines: vec![units] });
        let customer_id = place.customer_id.clone();
        let kind = StepKind::Reserve { customer_id, lines: vec![line], deduct: paid_now, stands };
        decision.steps.push(Step { lane, reservation, kind });
    }
    reservations
}

/// What was short at placement leaves with its share of the money (row 9).
fn settle_shorts(id: &OrderId, placed: &mut Placed, found: &[PricedLine<'_>], paid_now: bool, now: Time) {
    let short = |f: &PricedLine<'_>| {
        let judged = paid_now || f.policy == StockPolicy::HoldAtPlacement;
        f.wanted.quantity - if judged { f.taken } else { f.allowed }
    };
    if found.iter().all(|f| short(f) == 0) {
        return;
    }
    let order = apply::preview(id, placed, now);
    let shortages: Vec<Cut> = found
        .iter()
        .zip(&order.lines)
        .filter(|(f, _)| short(f) > 0)
        .map(|(f, line)| (line, short(f)))
        .map(|(l, quantity)| Cut { line_no: l.no, quantity, amount: money::worth(l, quantity), released: 0 })
        .collect();
    let fees = money::fee_refunds(&order.fees, &order.lines, &shortages);
    placed.refunds = money::plan_for(&order, &shortages, &fees, 1);
    placed.omitted_gifts = omitted_gifts(&order, &shortages);
    placed.shortages = shortages;
    placed.fee_refunds = fees;
}
