//! Folding: an event into the state. No policy, no refusal; an event that does not fit is a broken invariant.

mod claims;
mod collect;
mod money;
mod supply;

use std::time::Duration;

use super::{
    claim::ExchangeState,
    delivery::{Destination, DestinationKind},
    event::{Cut, CutCause, Event, FeeRefund, OmittedGift, Placed, ReservedLine},
    state::{Cancelled, FeeRow, Line, Order, Placement, RefundTry, ReserveState, Reserving, Settlement, Stage},
    supply::AskState,
};
use crate::domain::{
    Time,
    catalog::StockPolicy,
    ids::OrderId,
    money::Won,
    status::{Status, Trigger},
};

/// An event that does not fit the state it met.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("order {order} cannot take event {event} after version {version}: {why}")]
pub struct ApplyError {
    pub order: String,
    pub event: &'static str,
    pub version: u32,
    pub why: String,
}

/// The order that this placement would make.
pub fn preview(id: &OrderId, placed: &Placed, at: Time) -> Order {
    Order::start(id, placed, at, Placement::Done, 0)
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Order {
    /// Takes one event: an order's first one makes it.
    ///
    /// # Errors
    /// [`ApplyError`] when it does not fit; the state is not to be used then.
    pub fn step(order: &mut Option<Order>, id: &OrderId, event: &Event, at: Time) -> Result<(), ApplyError> {
        match order {
            Some(order) => order.follow(event, at),
            None => {
                *order = Some(Order::first(id, event, at)?);
                Ok(())
            }
        }
    }

    /// What an order's first event makes.
    ///
    /// # Errors
    /// [`ApplyError`] when no order begins by it.
    pub fn first(id: &OrderId, event: &Event, at: Time) -> Result<Order, ApplyError> {
        let misfit = |why: String| ApplyError { order: id.to_string(), event: event.name(), version: 0, why };
        #[expect(clippy::wildcard_enum_match_arm, reason = "every other event is of an order that is there")]
        let mut order = match event {
            Event::Placed(placed) => Order::start(id, placed, at, Placement::Done, 0),
            Event::PlacementStarted { placed, reservations } => Order::begin(id, placed, reservations, at, 0),
            _ => return Err(misfit("the order does not exist".into())),
        };
        order.version = 1;
        order.in_balance().map_err(misfit)?;
        Ok(order)
    }

    /// Takes an event that follows.
    ///
    /// # Errors
    /// [`ApplyError`] when it does not fit; the state is not to be used then.
    pub fn follow(&mut self, event: &Event, at: Time) -> Result<(), ApplyError> {
        let version = self.version;
        #[expect(clippy::wildcard_enum_match_arm, reason = "a placement that failed is as if it never was")]
        let taken = match event {
            Event::Placed(placed) if self.placement == Placement::Failed => {
                *self = Order::start(&self.id, placed, at, Placement::Done, version);
                Ok(())
            }
            Event::PlacementStarted { placed, reservations } if self.placement == Placement::Failed => {
                *self = Order::begin(&self.id, placed, reservations, at, version);
                Ok(())
            }
            event => self.take(event, at),
        };
        self.version = version + 1;
        let misfit = |why: String| ApplyError { order: self.id.to_string(), event: event.name(), version, why };
        taken.and_then(|()| self.in_balance()).map_err(misfit)
    }

    fn in_balance(&self) -> Result<(), String> {
        match self.settlements.iter().find(|s| !s.balanced()) {
            Some(s) => Err(format!("settlement {} is out of balance: {s:?}", s.no)),
            None => Ok(()),
        }
    }

    fn begin(id: &OrderId, placed: &Placed, asked: &[super::event::Reservation], at: Time, version: u32) -> Order {
        let mut o = Order::start(id, placed, at, Placement::Reserving, version);
        o.reservations = asked.iter().map(|r| Reserving { asked: r.clone(), state: ReserveState::Asked }).collect();
        o
    }

    fn start(id: &OrderId, placed: &Placed, at: Time, placement: Placement, version: u32) -> Order {
        let lines = placed
            .lines
            .iter()
            .zip(1u16..)
            .map(|(l, no)| Line {
                held: l.taken,
                policy: l.policy,
                campaign_id: l.campaign_id.clone(),
                promotion: l.promotion.clone().map(Box::new),
                coupon: l.coupon.clone().map(Box::new),
                main: l.main,
                gift_included: l.gift_included,
                gift: l.gift,
                main_line_no: l.main_line_no,
                gift_promotion_id: l.gift_promotion_id.clone(),
                entitled: l.entitled,
                pre_refund: l.pre_refund,
                lead_time_days: l.lead_time_days,
                points_rate_bp: l.points_rate_bp,
                shipping: l.shipping,
                ..Line::new(
                    no,
                    (&l.sku_id, &l.product_id),
                    Status::PaymentPending,
                    (l.quantity, l.unit_price),
                    l.fee + 1,
                )
            })
            .collect();
        let fees = placed
            .fees
            .iter()
            .zip(1u16..)
            .map(|(f, no)| FeeRow {
                no,
                partner_id: f.partner_id.clone(),
                template_id: f.template_id.clone(),
                group: 1,
                base: f.base,
                bundled: f.bundled,
                threshold: f.threshold,
                amount: f.amount,
                returned: Won::ZERO,
                waived: Won::ZERO,
                reason: f.reason,
                unpaid: false,
            })
            .collect();
        let mut order = Order {
            id: id.clone(),
            version,
            customer_id: placed.customer_id.clone(),
            // what is made for another order a business buys; events from before the mark don't say so
            by_partner: placed.by_partner || placed.parent.is_some(),
            received: at,
            placement,
            allow_partial: placed.allow_partial,
            deadline: placed.deadline,
            prepare_at: placed.prepare_at,
            deposit: placed.deposit.clone().map(Box::new),
            lines,
            fees,
            settlements: Vec::new(),
            refunds: Vec::new(),
            cancels: Vec::new(),
            points: Vec::new(),
            reservations: Vec::new(),
            paid_at: None,
            repeats: Default::default(),
            fulfilment: Default::default(),
        };
        if let Some(parent) = &placed.parent {
            order.fulfilment.parent = Some((**parent).clone());
        }
        if let Some(zone) = placed.zone {
            let business = placed.business || placed.parent.is_some();
            let kind = if business { DestinationKind::Business } else { DestinationKind::Home };
            order.fulfilment.destination = Some(Destination { kind, zone, at });
        }
        if placed.is_paid() {
            order.pay(&placed.paid, at);
        }
        order.cut(1, CutCause::OutOfStock, &placed.shortages, &placed.fee_refunds, at);
        order.leave_out(&placed.omitted_gifts);
        order.plan(&placed.refunds, at);
        if let Some(deposit) = &placed.deposit {
            let expected = order.amount_due();
            order.settlements.reserve_exact(1);
            order.settlements.push(Settlement {
                expected,
                ..money::settlement((1, deposit.method), deposit.named_by(), Won::ZERO, None)
            });
        }
        order
    }

    fn take(&mut self, event: &Event, at: Time) -> Result<(), String> {
        self.repeats.count(event);
        match event {
            Event::Placed(_) | Event::PlacementStarted { .. } => return Err("it was placed before".into()),
            Event::Reserved { reservation, lines } => self.reserved(reservation, lines)?,
            Event::PlacementCompleted { shortages, fees, refunds, omitted_gifts, .. } => {
                self.placement = Placement::Done;
                let group = self.next_group();
                self.cut(group, CutCause::OutOfStock, shortages, fees, at);
                self.leave_out(omitted_gifts);
                self.plan(refunds, at);
                let due = self.amount_due();
                if self.paid_at.is_none()
                    && let Some(s) = self.settlements.first_mut()
                {
                    s.expected = due;
                }
            }
            Event::PlacementFailed { .. } => self.fail_placement(),
            Event::PaymentApproved { settlements, prepare_at } => {
                self.prepare_at = *prepare_at;
                self.advance(Trigger::ApprovePayment)?;
                for s in self.settlements.iter_mut().filter(|s| s.paid.is_zero()) {
                    s.expected = Won::ZERO; // a deposit that is no longer awaited
                }
                self.pay(settlements, at);
            }
            Event::DepositConfirmed { amount, payment_id, prepare_at } => {
                self.prepare_at = *prepare_at;
                self.advance(Trigger::ApprovePayment)?;
                self.deposit_in(*amount, payment_id.as_ref(), at)?;
            }
            Event::PaymentDeclined { .. } => {}
            Event::PaymentExpired => self.end_unpaid(Trigger::ExpirePayment)?,
            Event::PaymentCancelled => self.end_unpaid(Trigger::CancelPayment)?,
            Event::LatePaymentReceived { settlements, refunds }
            | Event::UnexpectedPaymentReceived { settlements, refunds, .. } => {
                for paid in settlements {
                    self.settle(paid, at);
                }
                self.plan(refunds, at);
            }
            Event::DuplicatePaymentReceived { .. } | Event::RefundAccountSet => {}
            Event::Cut { group, cause, lines, fees, refunds, stock_checks: _, reason, omitted_gifts, kept } => {
                let before = self.cancels.len();
                self.cut(*group, *cause, lines, fees, at);
                for cancelled in self.cancels.iter_mut().skip(before) {
                    cancelled.reason.clone_from(reason);
                }
                self.leave_out(omitted_gifts);
                kept.iter().for_each(|kept| self.keep_back(*group, kept));
                self.plan(refunds, at);
            }
            Event::RefundAdjusted(e) => self.refund_adjusted(e, at)?,
            Event::StockConfirmed { checked_lines: seen, .. } => {
                for &no in seen {
                    self.line_mut(no)?.stock_confirmed_at = Some(at);
                }
            }
            Event::StockDeducted { lines } => {
                for taken in lines {
                    self.line_mut(taken.line_no)?.deducted += taken.quantity;
                }
            }
            Event::StockAsked { reservations } => {
                let asked = reservations.iter().map(|r| Reserving { asked: r.clone(), state: ReserveState::Asked });
                self.reservations.extend(asked);
            }
            Event::Prepared { lines } if lines.is_empty() => {
                let all: Vec<u16> =
                    self.lines.iter().filter(|l| l.may(Trigger::Prepare).is_some()).map(|l| l.no).collect();
                if all.is_empty() {
                    self.advance(Trigger::Prepare)?; // which says why not
                }
                self.prepared(&all, at)?;
                self.prepare_at = None;
            }
            Event::Prepared { lines } => self.prepared(lines, at)?,
            Event::RefundConfirmed { key } => self.refunded(key, false, at)?,
            Event::RefundFailed { key, reason, retry_at, outcome } => {
                let refund = self.refund_mut(key)?;
                refund.tries.push(RefundTry { at, failed: Some(reason.clone()), outcome: *outcome });
                refund.stage = Stage::Due(*retry_at);
            }
            Event::RefundTransferred { key } => self.refunded(key, true, at)?,
            Event::ProcurementStarted(e) => self.procure(e, at)?,
            Event::ProcurementCompleted { procurements } => self.procured(procurements, at)?,
            Event::ProcurementCancelled { procurements, .. } => self.procurement_cancelled(procurements, at)?,
            Event::Linked(e) => self.link(e, at),
            Event::LinkChanged { order_id, state, short, procurement, .. } => {
                self.link_changed(order_id, *state, short, at)?;
                self.procurement_cancelled(procurement.as_slice(), at)?;
            }
            Event::Asked { ask, what } => self.asked(ask, what),
            Event::Granted { ask } => self.answered(ask, AskState::Granted)?,
            Event::Denied { ask, .. } => self.answered(ask, AskState::Denied)?,
            Event::LinesSourced { lines } => self.lines_procured(lines, Status::Preparing, Status::ProcurementCheck)?,
            Event::LinesProcured { lines } => {
                self.lines_procured(lines, Status::ProcurementCheck, Status::ProcurementDone)?;
            }
            Event::InstallationProgressed { work, lines, at: when } => self.worked(*work, lines, when.unwrap_or(at))?,
            Event::ShippingAddressSet(e) => self.destination(e, at),
            Event::SurchargePaid { settlements, fees } => self.surcharge_paid(settlements, fees, at),
            Event::DebtWaived(e) => self.waive(&e.fees),
            Event::Shipped { lines, in_transit, method } => self.ship(lines, *in_transit, *method, at)?,
            Event::WaybillRegistered { waybill } => self.waybill(waybill, at)?,
            Event::WaybillUpdated { waybill } => self.waybill_updated(waybill, at)?,
            Event::Delivered(e) => self.delivered(e)?,
            Event::Installed { lines, auto_confirm_at } => self.installed(lines, *auto_confirm_at)?,
            Event::PurchaseConfirmed { lines } => self.confirmed(lines)?,
            Event::PointsEarned { lines } => self.points_earned(lines, at)?,
            Event::PointsReversed { lines } => self.points_reversed(lines, at)?,
            Event::Reviewed { line_no, rating } => self.reviewed(*line_no, *rating, at)?,
            Event::ReturnRequested(e) => self.return_requested(e, at)?,
            Event::ReturnApproved { group, timing, .. } => self.return_approved(*group, *timing, at)?,
            Event::ReturnRejected { group, .. } => self.return_undone(*group, true, at)?,
            Event::ReturnWithdrawn { group } => self.return_undone(*group, false, at)?,
            Event::ReturnChanged(e) => self.return_changed(e, at)?,
            Event::ReturnWrittenOff { group, lines, charge, .. } => {
                self.return_written_off(*group, lines, charge.as_ref(), at)?;
            }
            Event::ReturnCollected { group, lines } => self.return_collected(*group, lines, at)?,
            Event::ReturnCompleted { group, lines, fee_refunds, refunds, withheld, chain, gifts_too: _ } => {
                self.give_fees_back(fee_refunds);
                self.withhold(withheld);
                self.return_mut(*group)?.withheld.extend_from_slice(withheld);
                self.plan(refunds, at);
                if *chain {
                    self.fulfilment.chain = true;
                }
                self.return_completed(*group, lines, at)?;
            }
            Event::ExchangeRequested { group, line_no, quantity, shipped, reason, fault, wanted } => {
                let units = (*line_no, *quantity, *shipped);
                self.exchange_requested(*group, units, (*reason, *fault), wanted.clone(), at)?;
            }
            Event::ExchangeRejected { group, .. } => self.exchange_undone(*group, ExchangeState::Rejected, at)?,
            Event::ExchangeWithdrawn { group } => self.exchange_undone(*group, ExchangeState::Withdrawn, at)?,
            Event::FaultCorrected { group, fault, fee } => self.fault_corrected(*group, *fault, fee.as_deref(), at)?,
            Event::ExchangeApproved(e) => self.exchange_approved(e, at)?,
            Event::ExchangeCollected { group, quantity } => self.exchange_collected(*group, *quantity)?,
            Event::ExchangeInspected { group, sellable, unsellable, findings: judged } => {
                self.exchange_inspected(*group, (*sellable, *unsellable), judged.as_deref(), at)?;
            }
            Event::CollectionGivenUp { group, how, quantity, charge, stays, .. } => {
                self.given_up(*group, (*how, *quantity), (charge.as_ref(), *stays), at)?;
            }
            Event::ExchangeFailed { group, lost } => self.exchange_failed(*group, *lost, at)?,
            Event::GiftAdded { line, reason } => self.gift_added(line, *reason, at),
        }
        self.close_exchanges(at);
        self.close_procurements(at);
        Ok(())
    }

    /// Moves every line that the trigger moves; at least one must move.
    fn advance(&mut self, trigger: Trigger) -> Result<(), String> {
        let mut moved = false;
        for line in &mut self.lines {
            if let Some(to) = line.may(trigger) {
                line.status = to;
                moved = true;
            }
        }
        if moved { Ok(()) } else { Err(format!("{trigger:?} moves no line while {}", self.status().code())) }
    }

    fn end_unpaid(&mut self, trigger: Trigger) -> Result<(), String> {
        self.advance(trigger)?;
        for line in &mut self.lines {
            line.held = 0;
            line.cancelled = line.ordered;
        }
        for s in &mut self.settlements {
            s.expected = Won::ZERO; // no deposit is awaited any longer
        }
        for r in &mut self.reservations {
            r.state = ReserveState::Released;
        }
        Ok(())
    }

    fn fail_placement(&mut self) {
        self.placement = Placement::Failed;
        self.settlements.clear();
        self.refunds.clear();
        self.cancels.clear();
        self.points.clear();
        for line in &mut self.lines {
            (line.held, line.deducted, line.cancelled) = (0, 0, line.ordered);
            line.status = Status::OutOfStock;
        }
        for r in &mut self.reservations {
            r.state = ReserveState::Released;
        }
    }

    fn reserved(&mut self, id: &str, lines: &[ReservedLine]) -> Result<(), String> {
        let paid = self.paid_at.is_some();
        let r = self.reservations.iter_mut().find(|r| r.asked.id == id).ok_or("no such reservation")?;
        r.state = if paid { ReserveState::Taken } else { ReserveState::Held };
        for got in lines {
            let line = self.line_mut(got.line_no)?;
            // what a line does not want any more goes back by a step
            let quantity = got.quantity.min(line.wants());
            if paid {
                line.deducted += quantity;
            } else {
                line.held += quantity;
            }
        }
        Ok(())
    }

    fn cut(&mut self, group: u32, cause: CutCause, cuts: &[Cut], fees: &[FeeRefund], at: Time) {
        for c in cuts {
            let Some(line) = self.lines.iter_mut().find(|l| l.no == c.line_no) else { continue };
            line.cancelled += c.quantity;
            line.refunded += c.amount;
            let from_hold = c.released.min(line.held);
            line.held -= from_hold;
            line.deducted -= c.released - from_hold;
            line.finish(match cause {
                CutCause::Buyer | CutCause::ParentEnded | CutCause::MainGone | CutCause::ExchangeRejected => {
                    Status::Cancelled
                }
                CutCause::OutOfStock | CutCause::StockLost | CutCause::ProcurementCancelled | CutCause::LinkEnded => {
                    Status::OutOfStock
                }
            });
            self.cancels.push(Cancelled {
                group,
                line_no: c.line_no,
                quantity: c.quantity,
                amount: c.amount,
                cause,
                reason: None,
                at,
            });
        }
        self.give_fees_back(fees);
    }

    fn leave_out(&mut self, gifts: &[OmittedGift]) {
        for gift in gifts {
            if let Some(line) = self.lines.iter_mut().find(|l| l.no == gift.line_no) {
                line.omitted_gifts += gift.quantity;
            }
        }
    }

    fn give_fees_back(&mut self, fees: &[FeeRefund]) {
        for back in fees {
            if let Some(fee) = self.fees.iter_mut().find(|f| f.no == back.fee_no) {
                fee.returned += back.amount; // whether it was paid is kept: a return that is undone brings it back
            }
        }
    }

    pub(super) fn line_mut(&mut self, no: u16) -> Result<&mut Line, String> {
        self.lines.iter_mut().find(|l| l.no == no).ok_or_else(|| format!("no line {no}"))
    }

    /// Units of the line that wait for stock to be judged (policy: deduct at payment).
    pub fn unjudged(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|l| {
            l.status == Status::Ordered && l.policy == StockPolicy::DeductAtPayment && l.deducted < l.active()
        })
    }
}
