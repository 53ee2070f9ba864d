//! Procurement, linked orders, destination and delivery, folded (rows 10–21).

use crate::domain::{
    Time,
    fee::FeeReason,
    ids::OrderId,
    money::Won,
    order::{
        command::Paid,
        delivery::{DeliveredBy, DeliveryStatus, Destination, ShipMethod, Waybill},
        event::{Delivered, Linked, ProcurementStarted, ShippingAddressSet, WaybillEntry},
        state::{FeeRow, Line, Order, ReserveState, Reserving},
        supply::{
            Ask, AskState, AskWhat, Link, LinkState, ProcureKind, ProcureState, Procurement, Review, ShortLine, Work,
        },
    },
    status::{Status, Trigger},
};

/// What starts a procurement of this kind.
pub(in crate::domain::order) const fn trigger(kind: ProcureKind) -> Trigger {
    match kind {
        ProcureKind::Partner => Trigger::PurchaseFromPartner,
        ProcureKind::NonPartner => Trigger::PurchaseFromNonPartner,
        ProcureKind::OwnStock => Trigger::UseOwnStock,
    }
}

impl Order {
    fn go(&mut self, line_no: u16, by: Trigger) -> Result<&mut Line, String> {
        let line = self.line_mut(line_no)?;
        let from = line.status.code();
        line.status = line.may(by).ok_or_else(|| format!("{by:?} does not move line {line_no} while {from}"))?;
        Ok(line)
    }

    pub(super) fn procure(&mut self, e: &ProcurementStarted, at: Time) -> Result<(), String> {
        let by = trigger(e.kind);
        for l in &e.lines {
            let line = self.line_mut(l.line_no)?;
            let from = line.status.code();
            line.may(by).ok_or_else(|| format!("{by:?} does not move line {} while {from}", l.line_no))?;
        }
        self.fulfilment.procurements.push(Procurement {
            no: e.no,
            kind: e.kind,
            lines: e.lines.clone(),
            partner_id: e.partner_id.clone(),
            seller: e.seller.clone(),
            amount: e.amount,
            state: ProcureState::Open,
            at,
            done_at: None,
        });
        // a line goes on once all that is left of it has a source
        for l in &e.lines {
            let procured = self.units_procured(l.line_no);
            if self.line(l.line_no).is_some_and(|line| procured >= line.free()) {
                self.go(l.line_no, by)?;
            }
        }
        Ok(())
    }

    fn procurement_mut(&mut self, no: u16) -> Result<&mut Procurement, String> {
        self.fulfilment.procurements.iter_mut().find(|p| p.no == no).ok_or_else(|| format!("no procurement {no}"))
    }

    pub(super) fn procured(&mut self, nos: &[u16], at: Time) -> Result<(), String> {
        for &no in nos {
            let p = self.procurement_mut(no)?;
            p.state = ProcureState::Done;
            p.done_at = Some(at);
            let lines: Vec<u16> = p.lines.iter().map(|l| l.line_no).collect();
            for line_no in lines {
                // its other sources, too
                if self.live_sources(line_no).any(|(p, _)| p.state != ProcureState::Done) {
                    continue;
                }
                let line = self.line_mut(line_no)?;
                if let Some(to) = line.may(Trigger::CompleteProcurement) {
                    line.status = to;
                } else if line.status == Status::ProcurementCheck {
                    // a claim has all of it: what comes back of that is procured too
                    line.status = Status::ProcurementDone;
                }
            }
        }
        Ok(())
    }

    pub(super) fn procurement_cancelled(&mut self, nos: &[u16], at: Time) -> Result<(), String> {
        for &no in nos {
            let p = self.procurement_mut(no)?;
            p.state = ProcureState::Cancelled;
            p.done_at = Some(at);
        }
        Ok(())
    }

    pub(super) fn lines_procured(&mut self, lines: &[u16], from: Status, to: Status) -> Result<(), String> {
        for &no in lines {
            let line = self.line_mut(no)?;
            if line.status != from {
                return Err(format!("line {no} is not {}", from.code()));
            }
            line.status = to;
        }
        Ok(())
    }

    pub(super) fn asked(&mut self, id: &str, what: &AskWhat) {
        if let Some((_, reservation)) = what.adds() {
            self.reservations.push(Reserving { asked: reservation.clone(), state: ReserveState::Asked });
        }
        self.fulfilment.asks.push(Ask { id: id.to_owned(), what: what.clone(), state: AskState::Open });
    }

    pub(super) fn answered(&mut self, id: &str, state: AskState) -> Result<(), String> {
        let open = |a: &&mut Ask| a.id == id && a.state == AskState::Open;
        let ask = self.fulfilment.asks.iter_mut().find(open).ok_or_else(|| format!("nothing was asked as {id}"))?;
        ask.state = state;
        if let (Some((_, reservation)), AskState::Denied) = (ask.what.adds(), state) {
            let of = reservation.id.clone();
            for r in self.reservations.iter_mut().filter(|r| r.asked.id == of) {
                r.state = ReserveState::Released;
            }
        }
        Ok(())
    }

    /// 설치: the work of an installer's order.
    pub(super) fn worked(&mut self, work: Work, lines: &[u16], at: Time) -> Result<(), String> {
        for &no in lines {
            let line = self.line_mut(no)?;
            match work {
                Work::Delivered | Work::Installed => {
                    line.status = line.may(Trigger::HandOver).unwrap_or(line.status);
                    let (units, d) = (line.free(), &mut line.delivery);
                    d.delivered = units;
                    d.delivered_at.get_or_insert(at);
                    d.status = Some(match work {
                        Work::Installed => DeliveryStatus::Installed,
                        Work::Delivered | Work::Impossible | Work::Confirmed => DeliveryStatus::DeliveredByInstaller,
                    });
                }
                Work::Confirmed => drop(self.go(no, Trigger::ConfirmPurchase)?),
                // its units are cut beside it
                Work::Impossible => {}
            }
        }
        Ok(())
    }

    /// A procurement of which no goods are wanted any more is over.
    pub(super) fn close_procurements(&mut self, at: Time) {
        if !self.fulfilment.procurements.iter().any(|p| p.state == ProcureState::Open) {
            return;
        }
        let wanted: Vec<u16> = self.lines.iter().filter(|l| l.active() > 0).map(|l| l.no).collect();
        for p in self.fulfilment.procurements.iter_mut().filter(|p| p.state == ProcureState::Open) {
            if !p.lines.iter().any(|l| wanted.contains(&l.line_no)) {
                p.state = ProcureState::Cancelled;
                p.done_at = Some(at);
            }
        }
    }

    pub(super) fn link(&mut self, e: &Linked, at: Time) {
        self.fulfilment.links.push(Link {
            order_id: e.order_id.clone(),
            lane: e.lane,
            kind: e.kind,
            partner_id: e.partner_id.clone(),
            lines: e.lines.clone(),
            procurement: e.procurement,
            state: LinkState::Asked,
            short: Vec::new(),
            at,
            ended_at: None,
        });
    }

    pub(super) fn link_changed(
        &mut self,
        id: &OrderId,
        state: LinkState,
        short: &[ShortLine],
        at: Time,
    ) -> Result<(), String> {
        let link =
            self.fulfilment.links.iter_mut().find(|l| l.order_id == *id).ok_or_else(|| format!("no link to {id}"))?;
        link.state = state;
        link.short.extend_from_slice(short);
        link.ended_at = (!link.runs()).then_some(at);
        Ok(())
    }

    pub(super) fn destination(&mut self, e: &ShippingAddressSet, at: Time) {
        self.give_fees_back(&e.fees);
        self.plan(&e.refunds, at);
        self.fulfilment.destination = Some(Destination { kind: e.kind, zone: e.zone, at });
        if let Some(s) = &e.surcharge {
            self.fees.push(FeeRow {
                no: s.fee_no,
                partner_id: s.partner_id.clone(),
                template_id: s.template_id.clone(),
                group: s.group,
                base: s.amount,
                bundled: Won::ZERO,
                threshold: None,
                amount: s.amount,
                returned: Won::ZERO,
                waived: Won::ZERO,
                reason: FeeReason::Surcharge,
                // while the order is unpaid it is a part of what is due for it
                unpaid: self.paid_at.is_some(),
            });
        }
        self.expect_deposit();
    }

    /// A deposit that is awaited is of what is due.
    fn expect_deposit(&mut self) {
        let due = self.amount_due();
        if self.paid_at.is_none()
            && let Some(s) = self.settlements.iter_mut().find(|s| s.paid_at.is_none())
        {
            s.expected = due;
        }
    }

    pub(super) fn surcharge_paid(&mut self, settlements: &[Paid], fees: &[u16], at: Time) {
        let named = |no: u16| fees.is_empty() || fees.contains(&no);
        let due = |f: &&mut FeeRow| f.unpaid && (f.amount - f.returned).is_positive() && named(f.no);
        let group = self.fees.iter_mut().filter(due).map(|f| f.group).max().unwrap_or(1);
        for fee in self.fees.iter_mut().filter(due) {
            fee.unpaid = false;
        }
        for p in settlements {
            self.settle(p, at);
            if let Some(s) = self.settlements.last_mut() {
                s.group = group;
            }
        }
    }

    /// Some sellers' lines; the others' wait for their own.
    pub(super) fn prepared(&mut self, lines: &[u16], at: Time) -> Result<(), String> {
        for &no in lines {
            self.go(no, Trigger::Prepare)?.prepared_at = Some(at);
        }
        if !self.lines.iter().any(|l| l.status == Status::Ordered && l.free() > 0) {
            self.prepare_at = None;
        }
        Ok(())
    }

    pub(super) fn ship(&mut self, lines: &[u16], started: bool, method: ShipMethod, at: Time) -> Result<(), String> {
        for &no in lines {
            let line = self.go(no, Trigger::Ship)?;
            line.delivery.status = Some(if started { DeliveryStatus::InTransit } else { DeliveryStatus::Ready });
            line.delivery.started_at = started.then_some(at);
            line.delivery.shipped_at = Some(at);
            line.delivery.method = method;
        }
        Ok(())
    }

    pub(super) fn waybill(&mut self, w: &WaybillEntry, at: Time) -> Result<(), String> {
        let d = &mut self.line_mut(w.line_no)?.delivery;
        d.waybills.push(Waybill {
            carrier: w.carrier.clone(),
            carrier_name: w.carrier_name.clone(),
            no: w.waybill_no.clone(),
            quantity: w.quantity,
            registered_at: at,
            changed_at: None,
            delivered_at: None,
        });
        d.started_at.get_or_insert(at);
        if d.status == Some(DeliveryStatus::Ready) {
            d.status = Some(DeliveryStatus::InTransit);
        }
        Ok(())
    }

    pub(super) fn waybill_updated(&mut self, w: &WaybillEntry, at: Time) -> Result<(), String> {
        let d = &mut self.line_mut(w.line_no)?.delivery;
        let of = |k: &&mut Waybill| k.no == w.waybill_no && k.carrier == w.carrier;
        let known = d.waybills.iter_mut().find(of).ok_or("no such waybill")?;
        known.quantity = w.quantity;
        known.changed_at = Some(at);
        Ok(())
    }

    pub(super) fn delivered(&mut self, e: &Delivered) -> Result<(), String> {
        for l in &e.lines {
            let d = &mut self.line_mut(l.line_no)?.delivery;
            d.delivered = l.delivered;
            for w in &mut d.waybills {
                let named = l.waybills.iter().any(|(carrier, no)| *carrier == w.carrier && *no == w.no);
                if named {
                    w.delivered_at = Some(e.delivered_at);
                }
            }
            if l.revenue_recognized_at.is_none() {
                continue; // some of it is still on its way
            }
            d.delivered_at = Some(e.delivered_at);
            d.revenue_recognized_at = l.revenue_recognized_at;
            d.status = Some(match e.by {
                DeliveredBy::Carrier | DeliveredBy::Seller | DeliveredBy::Forced => DeliveryStatus::Delivered,
                DeliveredBy::Installer => DeliveryStatus::DeliveredByInstaller,
            });
            d.auto_confirm_at = l.auto_confirm_at;
            d.forced |= e.by == DeliveredBy::Forced;
            // forced by hand, the courier's own time stays unknown
            if e.by == DeliveredBy::Carrier {
                d.carrier_at = Some(e.delivered_at);
            }
        }
        Ok(())
    }

    pub(super) fn installed(&mut self, lines: &[u16], auto_confirm_at: Option<Time>) -> Result<(), String> {
        for &no in lines {
            let delivery = &mut self.line_mut(no)?.delivery;
            delivery.status = Some(DeliveryStatus::Installed);
            delivery.auto_confirm_at = auto_confirm_at;
        }
        Ok(())
    }

    pub(super) fn confirmed(&mut self, lines: &[u16]) -> Result<(), String> {
        for &no in lines {
            self.go(no, Trigger::ConfirmPurchase)?;
        }
        Ok(())
    }

    pub(super) fn reviewed(&mut self, line_no: u16, rating: u8, at: Time) -> Result<(), String> {
        self.line_mut(line_no)?;
        self.fulfilment.reviews.push(Review { line_no, rating, at });
        Ok(())
    }
}
