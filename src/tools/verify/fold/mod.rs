//! A second fold of an order's history, straight to the rows of the tables. It is written from what the events say that they
//! mean, from docs/reference/schema.md, docs/reference/policies.md and docs/reference/order-status.md, and shares nothing
//! with the fold that decides and projects: a mistake in either shows as a difference. `tests/it/tidy.rs` holds it to that, `tests.rs` compares the two over
//! random orders.
//!
//! Its state is the rows, with little around them. What follows from other rows (units under claim, what settlements can
//! still give back, what a fee gave back) is reckoned anew after every event instead of being counted along.

mod delivery;
mod exchanges;
mod legal;
mod line;
mod money;
mod placing;
mod privileged;
mod returns;
mod rows;
mod supply;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use self::{
    exchanges::FoldedExchange,
    legal::{ended, leads},
    line::FoldedLine,
    money::{FoldedPayment, FoldedRefund},
    privileged::privileged,
    returns::{FoldedReturn, ReturnAt},
    rows::FoldedRows,
    supply::{AskAt, FoldedAsk, FoldedLink, KeptAt, Reserved},
};
use self::{exchanges::keeps_what_it_withholds, money::FoldedFee, supply::FoldedProcurement};
use crate::{
    domain::{
        Time,
        order::{
            command::Deposit,
            delivery::{DestinationKind, Zone},
            event::{DebtWaived, Event, Kept},
            supply::{LinkKind, Parent},
        },
        status::Status,
    },
    store::rows::{CnclRow, PntRow, RvwRow},
};

/// Whether an event fits what was told before; a sentence when not.
pub type Fit = Result<(), String>;

/// Whether what was placed stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// other lanes were asked for their stock
    Waits,
    Stands,
    /// a lane had not enough: as if it never was, and the id may be placed again
    Never,
}

/// What a history tells of its order, up to some event.
#[derive(Debug)]
pub struct CheckedOrder {
    pub ord_id: Arc<str>,
    /// number of the last event
    pub version: i64,
    pub standing: Standing,
    cust_id: Arc<str>,
    received: Time,
    pub in_parts: bool,
    pub deadline: Option<Time>,
    prepare_at: Option<Time>,
    deposit: Option<Deposit>,
    pub paid_at: Option<Time>,
    pub parent: Option<Parent>,
    destination: Option<(DestinationKind, Zone)>,
    /// exchanges end as the goods do that they added
    pub chained: bool,
    pub lines: Vec<FoldedLine>,
    fees: Vec<FoldedFee>,
    pub payments: Vec<FoldedPayment>,
    pub refunds: Vec<FoldedRefund>,
    cancels: Vec<CnclRow>,
    points: Vec<PntRow>,
    pub reservations: Vec<Reserved>,
    pub asks: Vec<FoldedAsk>,
    sources: Vec<FoldedProcurement>,
    pub links: Vec<FoldedLink>,
    pub returns: Vec<FoldedReturn>,
    pub exchanges: Vec<FoldedExchange>,
    /// what cancellations keep back, and what of it they do no more
    kept: Vec<Kept>,
    freed: Vec<Kept>,
    reviews: Vec<RvwRow>,
}

impl CheckedOrder {
    /// Takes the next event of a history; what comes out of one that does not fit is not to be used.
    ///
    /// # Errors
    /// A sentence, when the event does not follow from those before it.
    pub fn hear(told: &mut Option<CheckedOrder>, ord_id: &Arc<str>, event: &Event, at: Time) -> Fit {
        let version = told.as_ref().map_or(0, |t| t.version);
        let heard = match (told.as_mut().filter(|t| t.standing != Standing::Never), event) {
            (None, Event::Placed(placed)) => {
                placing::placed(ord_id, placed, None, at).map(|new| *told = Some(CheckedOrder { version, ..new }))
            }
            (None, Event::PlacementStarted { placed, reservations }) => {
                let new = placing::placed(ord_id, placed, Some(reservations), at);
                new.map(|new| *told = Some(CheckedOrder { version, ..new }))
            }
            (None, _) => Err("there is no order that it could happen to".to_owned()),
            (Some(t), event) => t.next(event, at),
        };
        let reckoned = heard.and_then(|()| told.as_mut().map_or(Ok(()), |t| t.reckon(event, at)));
        reckoned.map_err(|why| format!("order {ord_id} cannot take event {} ({}): {why}", version + 1, event.name()))
    }

    /// An event of an order that there is.
    fn next(&mut self, event: &Event, at: Time) -> Fit {
        match event {
            Event::Placed(_) | Event::PlacementStarted { .. } => Err("it was placed before".to_owned()),
            Event::Reserved { reservation, lines } => self.reserved(reservation, lines),
            Event::PlacementCompleted { shortages, fees, refunds, .. } => self.completed(shortages, fees, refunds, at),
            Event::PlacementFailed { .. } => {
                self.failed();
                Ok(())
            }
            Event::PaymentApproved { settlements, prepare_at } => self.approved(settlements, *prepare_at, at),
            Event::DepositConfirmed { amount, payment_id, prepare_at } => {
                self.deposited(amount.get(), payment_id.as_deref(), *prepare_at, at)
            }
            Event::PaymentExpired => self.ended_unpaid(Status::PaymentExpired),
            Event::PaymentCancelled => self.ended_unpaid(Status::PaymentCancelled),
            Event::LatePaymentReceived { settlements, refunds }
            | Event::UnexpectedPaymentReceived { settlements, refunds, reason: _ } => {
                settlements.iter().for_each(|paid| self.pay_in(paid, 1, at));
                self.plan(refunds, at)
            }
            // the payer may try again; or what is known is told again
            Event::PaymentDeclined { .. } | Event::DuplicatePaymentReceived { .. } | Event::RefundAccountSet => Ok(()),
            Event::Cut { group, cause, lines, fees, refunds, reason, kept, .. } => {
                self.cut(*group, (*cause, reason.as_deref()), lines, at)?;
                self.give_back(fees)?;
                if let Some(kept) = kept {
                    keeps_what_it_withholds(kept, &Kept::default())?;
                    self.kept.push((**kept).clone());
                }
                self.plan(refunds, at)
            }
            Event::RefundAdjusted(e) => {
                if !self.cancels.iter().any(|c| c.cncl_grp_no == i64::from(e.group)) {
                    return Err(format!("there is no cancellation {}", e.group));
                }
                e.withdrawn.iter().try_for_each(|key| self.withdraw_refund(key, at))?;
                keeps_what_it_withholds(&e.kept, &e.freed)?;
                self.kept.push(e.kept.clone());
                self.freed.push(e.freed.clone());
                self.plan(&e.refunds, at)
            }
            Event::StockConfirmed { checked_lines: seen, .. } => {
                seen.iter().try_for_each(|no| self.line_mut(*no).map(|l| l.row.stck_jdg_dttm = Some(at)))
            }
            Event::StockDeducted { lines } => lines
                .iter()
                .try_for_each(|k| self.line_mut(k.line_no).map(|l| l.row.dduct_qty += i64::from(k.quantity))),
            Event::StockAsked { reservations } => {
                self.reservations.extend(reservations.iter().map(Reserved::asked));
                Ok(())
            }
            Event::Prepared { lines } => self.prepared(lines, at),
            Event::RefundConfirmed { key } => self.refunded(key, false, at),
            Event::RefundTransferred { key } => self.refunded(key, true, at),
            Event::RefundFailed { key, reason, retry_at, outcome: _ } => self.refund_failed(key, reason, *retry_at, at),
            Event::ProcurementStarted(e) => self.sourced(e, at),
            Event::ProcurementCompleted { procurements } => self.procured(procurements, at),
            Event::ProcurementCancelled { procurements, reason: _ } => self.sources_gone(procurements, at),
            Event::Linked(e) => {
                self.linked(e, at);
                Ok(())
            }
            Event::LinkChanged { order_id, state, reason: _, short, procurement } => {
                self.link_changed(order_id.as_str(), *state, short, at)?;
                self.sources_gone(procurement.as_slice(), at)
            }
            Event::Asked { ask, what } => {
                self.asked(ask, what);
                Ok(())
            }
            Event::Granted { ask } => self.answered(ask, AskAt::Granted),
            Event::Denied { ask, .. } => self.answered(ask, AskAt::Denied),
            Event::LinesSourced { lines } => self.all_go(lines, Status::Preparing, Status::ProcurementCheck),
            Event::LinesProcured { lines } => self.all_go(lines, Status::ProcurementCheck, Status::ProcurementDone),
            Event::InstallationProgressed { work, lines, at: when } => self.worked(*work, lines, when.unwrap_or(at)),
            Event::ShippingAddressSet(e) => self.sent_to(e, at),
            Event::SurchargePaid { settlements, fees } => {
                self.surcharges_paid(settlements, fees, at);
                Ok(())
            }
            Event::DebtWaived(e) => self.waived(e),
            Event::Shipped { lines, in_transit, method } => self.shipped(lines, *in_transit, *method, at),
            Event::WaybillRegistered { waybill } => self.waybill(waybill, at),
            Event::WaybillUpdated { waybill } => self.waybill_updated(waybill, at),
            Event::Delivered(e) => self.delivered(e),
            Event::Installed { lines, auto_confirm_at } => lines.iter().try_for_each(|no| {
                let row = &mut self.line_mut(*no)?.row;
                (row.dlv_sub_stat_cd, row.auto_cnfm_dttm) = (Some("INSTALLED".into()), *auto_confirm_at);
                Ok(())
            }),
            Event::PurchaseConfirmed { lines } => {
                lines.iter().try_for_each(|no| self.go(*no, &[Status::Shipped], Status::PurchaseConfirmed).map(drop))
            }
            Event::PointsEarned { lines } => self.points("EARNED", lines, at),
            Event::PointsReversed { lines } => self.points("REVERSED", lines, at),
            Event::Reviewed { line_no, rating } => self.reviewed(*line_no, *rating, at),
            Event::ReturnRequested(_)
            | Event::ReturnApproved { .. }
            | Event::ReturnRejected { .. }
            | Event::ReturnWithdrawn { .. }
            | Event::ReturnChanged(_)
            | Event::ReturnWrittenOff { .. }
            | Event::ReturnCollected { .. }
            | Event::ReturnCompleted { .. } => self.next_of_return(event, at),
            Event::ExchangeRequested { .. }
            | Event::ExchangeRejected { .. }
            | Event::ExchangeWithdrawn { .. }
            | Event::FaultCorrected { .. }
            | Event::ExchangeApproved(_)
            | Event::ExchangeCollected { .. }
            | Event::ExchangeInspected { .. }
            | Event::CollectionGivenUp { .. }
            | Event::ExchangeFailed { .. } => self.next_of_exchange(event, at),
            Event::GiftAdded { line, reason } => {
                self.gift_added(line, *reason, at);
                Ok(())
            }
        }
    }

    /// What is waived is owed then, and by nobody who has paid.
    fn waived(&mut self, e: &DebtWaived) -> Fit {
        for w in &e.fees {
            let (no, amount) = (i64::from(w.fee_no), w.amount.get());
            let open = self.fees.iter().filter(|f| f.row.dlv_fee_no == no && f.row.unpd_yn).map(FoldedFee::stands);
            let open: i64 = open.sum();
            if amount < 1 || amount > open {
                return Err(format!("of fee {no} {open} won are owed, and {amount} would be waived"));
            }
        }
        self.give_back(&e.fees)
    }

    /// What follows from an event: exchanges and procurements that are over by it, money that may go, and all that other
    /// rows make of the lines, fees and settlements.
    fn reckon(&mut self, event: &Event, at: Time) -> Fit {
        self.version += 1;
        self.count();
        self.exchanges_over(at)?;
        self.sources_over(at);
        self.release(at);
        self.settle_up()?;
        self.paid_for(event)?;
        self.sound()
    }

    /// No number says what can't be.
    fn sound(&self) -> Fit {
        for l in &self.lines {
            let (r, free) = (&l.row, l.free());
            if free < 0 || l.active() < 0 || r.hold_qty < 0 || r.dduct_qty < 0 || r.dlv_qty < 0 || r.pnt_amt < 0 {
                return Err(format!(
                    "line {} would have {free} units free, {} active, {} held, {} deducted",
                    r.ord_seq,
                    l.active(),
                    r.hold_qty,
                    r.dduct_qty
                ));
            }
        }
        Ok(())
    }

    /// The order's status.
    pub fn status(&self) -> Status {
        legal::of_order(&self.lines, self.chained)
    }

    /// Whether it is an installer's: it takes nothing from a shelf.
    pub fn installs(&self) -> bool {
        self.parent.as_ref().is_some_and(|p| p.kind == LinkKind::Installation)
    }

    /// The line of that number.
    pub fn line(&self, no: i64) -> Option<&FoldedLine> {
        self.lines.iter().find(|l| l.row.ord_seq == no)
    }

    fn line_mut(&mut self, no: u16) -> Result<&mut FoldedLine, String> {
        let found = self.lines.iter_mut().find(|l| l.row.ord_seq == i64::from(no));
        found.ok_or_else(|| format!("there is no line {no}"))
    }

    /// Moves what is free of a line.
    fn go(&mut self, no: u16, from: &[Status], to: Status) -> Result<&mut FoldedLine, String> {
        let line = self.line_mut(no)?;
        if line.free() == 0 || !from.contains(&line.own) {
            let (own, free) = (line.own.code(), line.free());
            return Err(format!("line {no}, {own} with {free} free units, does not become {}", to.code()));
        }
        line.own = to;
        Ok(line)
    }

    fn all_go(&mut self, lines: &[u16], from: Status, to: Status) -> Fit {
        for &no in lines {
            let line = self.line_mut(no)?;
            if line.own != from {
                return Err(format!("line {no} is {}, not {}", line.own.code(), from.code()));
            }
            line.own = to;
        }
        Ok(())
    }

    /// The lines that a gift goes with: its main line, and whatever that was exchanged for.
    pub fn family<'a>(&'a self, gift: &'a FoldedLine) -> impl Iterator<Item = &'a FoldedLine> + Clone {
        let first = |l: &FoldedLine| l.row.org_ord_seq.unwrap_or(l.row.ord_seq);
        let root = gift.row.main_ord_seq.map(|no| self.line(no).map_or(no, first));
        self.lines.iter().filter(move |l| !l.row.gft_yn && root == Some(first(l)))
    }
}
