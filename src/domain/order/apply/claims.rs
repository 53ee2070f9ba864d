//! Returns, exchanges and gifts added by hand, folded (domain §3.3, §4).

use crate::domain::{
    Time,
    ids::SkuId,
    money::Won,
    order::{
        claim::{
            ClaimReason, Collection, CollectionState, Exchange, ExchangeResolution, ExchangeState, Fault, GiftReason,
            RefundTiming, Return, ReturnState,
        },
        delivery::DeliveryStatus,
        event::{AddedLine, CutCause, ExchangeApproved, Inspected, ReservedLine, ReturnRequested},
        state::{Cancelled, Line, Order},
    },
    status::Status,
};

/// What is to come back of exchanged goods that had left.
fn collection(e: &ExchangeApproved, quantity: u32, at: Time) -> Option<Collection> {
    let waived = e.waived.is_some();
    (waived || e.collect > 0).then_some(Collection {
        state: if waived { CollectionState::Waived } else { CollectionState::Due },
        quantity,
        collected: 0,
        given_up: if waived { quantity } else { 0 },
        sellable: None,
        back: 0,
        rejected: 0,
        withheld_amount: Won::ZERO,
        with_buyer: 0,
        stays: Won::ZERO,
        settled_at: waived.then_some(at),
    })
}

impl Line {
    /// Once no unit of it is left, and no claim: it ended so.
    pub(super) fn finish(&mut self, so: Status) {
        if self.free() == 0 && self.returning == 0 && self.exchanging == 0 {
            self.status = so;
        }
    }
}

impl Order {
    /// Units that had not left are wanted again: what was delivered is not all of it any more.
    pub(super) fn rejoin(&mut self, line_no: u16) -> Result<(), String> {
        let wanted = self.line(line_no).map_or(0, |l| self.outstanding(l));
        let line = self.line_mut(line_no)?;
        if line.delivery.delivered_at.is_some() && line.delivery.delivered < wanted {
            let started = line.delivery.started_at.is_some();
            line.delivery.status = Some(if started { DeliveryStatus::InTransit } else { DeliveryStatus::Ready });
            line.delivery.delivered_at = None;
            line.delivery.revenue_recognized_at = None;
            line.delivery.auto_confirm_at = None;
        }
        Ok(())
    }

    pub(super) fn return_mut(&mut self, group: u16) -> Result<&mut Return, String> {
        self.fulfilment.returns.iter_mut().find(|r| r.group == group).ok_or_else(|| format!("no return {group}"))
    }

    pub(super) fn exchange_mut(&mut self, group: u16) -> Result<&mut Exchange, String> {
        self.fulfilment.exchanges.iter_mut().find(|e| e.group == group).ok_or_else(|| format!("no exchange {group}"))
    }

    pub(super) fn return_requested(&mut self, e: &ReturnRequested, at: Time) -> Result<(), String> {
        // gifts that follow are not the exchange's own
        let exchanged = e.exchange.and_then(|group| self.exchange_of(group)).map(|x| x.line_no);
        let mut lines = e.lines.clone();
        for l in &mut lines {
            let line = self.line_mut(l.line_no)?;
            l.earned = line.points_earned.is_positive();
            line.return_accepted += l.quantity;
            line.refunded += l.amount;
            line.timing = Some(e.timing);
            if exchanged != Some(l.line_no) {
                line.returning += l.quantity;
                continue;
            }
            line.exchange_accepted -= l.quantity;
            if e.failed {
                line.exchanging -= l.quantity;
                line.returning += l.quantity;
            } // else they stay counted as exchanging until the return ends
        }
        self.give_fees_back(&e.fee_refunds);
        self.withhold(&e.withheld);
        self.plan(&e.refunds, at);
        if let Some(group) = e.exchange {
            let exchange = self.exchange_mut(group)?;
            if exchange.state == ExchangeState::Requested {
                exchange.state = ExchangeState::Approved;
                exchange.resolution = Some(ExchangeResolution::Pickup);
            }
            exchange.decided_at.get_or_insert(at);
        }
        self.fulfilment.returns.push(Return {
            group: e.group,
            reason: e.reason,
            fault: e.fault,
            timing: e.timing,
            state: ReturnState::Requested,
            lines,
            fees: e.fees.clone(),
            withheld: e.withheld.clone(),
            fee_refunds: e.fee_refunds.clone(),
            kept_for: e.kept_for.clone(),
            exchange: e.exchange,
            exchanging: exchanged.filter(|_| !e.failed),
            payable: false,
            requested_at: at,
            decided_at: None,
            collected_at: None,
            completed_at: None,
        });
        Ok(())
    }

    pub(super) fn return_approved(&mut self, group: u16, timing: RefundTiming, at: Time) -> Result<(), String> {
        let r = self.return_mut(group)?;
        r.state = ReturnState::Approved;
        r.timing = timing;
        r.decided_at = Some(at);
        let lines: Vec<u16> = r.lines.iter().map(|l| l.line_no).collect();
        for no in lines {
            self.line_mut(no)?.timing = Some(timing);
        }
        if timing == RefundTiming::BeforeCollection {
            self.release_refunds(group, at);
        }
        Ok(())
    }

    /// Its money may go: now, or once what is owed for it has come back.
    fn release_refunds(&mut self, group: u16, at: Time) {
        if let Ok(r) = self.return_mut(group) {
            r.payable = true;
        }
        self.release_owed(at);
    }

    /// Rejected or withdrawn: quantities and money go back to where they were.
    pub(super) fn return_undone(&mut self, group: u16, rejected: bool, at: Time) -> Result<(), String> {
        let r = self.return_mut(group)?;
        r.state = if rejected { ReturnState::Rejected } else { ReturnState::Withdrawn };
        r.decided_at = Some(at);
        let undone = r.clone();
        self.give_up_money(&undone, at)?;
        for l in &undone.lines {
            self.leave(&undone, l.line_no, l.quantity)?;
        }
        if let Some(group) = undone.exchange {
            // its goods stay where they were: it is over
            let x = self.exchange_mut(group)?;
            if x.state == ExchangeState::Approved {
                x.state = if rejected { ExchangeState::Rejected } else { ExchangeState::Withdrawn };
                x.completed_at = Some(at);
            }
        }
        Ok(())
    }

    pub(super) fn return_collected(&mut self, group: u16, lines: &[ReservedLine], at: Time) -> Result<(), String> {
        let r = self.return_mut(group)?;
        for came in lines {
            let line = r.lines.iter_mut().find(|l| l.line_no == came.line_no).ok_or("no such line in the return")?;
            line.collected += came.quantity;
        }
        if r.all_collected() {
            r.state = ReturnState::Collected;
            r.collected_at = Some(at);
        }
        Ok(())
    }

    pub(super) fn return_completed(&mut self, group: u16, came: &[Inspected], at: Time) -> Result<(), String> {
        let r = self.return_mut(group)?;
        r.state = ReturnState::Completed;
        r.completed_at = Some(at);
        for l in &mut r.lines {
            let found = came.iter().find(|i| i.line_no == l.line_no);
            l.sellable = found.map(|i| i.sellable);
            l.back = found.map_or(0, |i| i.sellable + i.unsellable);
        }
        let done = r.clone();
        for l in &done.lines {
            let back = came.iter().find(|i| i.line_no == l.line_no).map_or(0, |i| i.sellable + i.unsellable);
            let line = self.line_mut(l.line_no)?;
            line.returned += l.quantity;
            line.deducted -= back;
            if !l.shipped && !l.restocked {
                line.never_left += l.quantity;
            }
            if done.exchanging == Some(l.line_no) {
                line.exchanging -= l.quantity;
            } else {
                line.returning -= l.quantity;
            }
            line.finish(Status::Returned);
        }
        self.release_refunds(group, at);
        if let Some(group) = done.exchange {
            let exchange = self.exchange_mut(group)?;
            if exchange.state == ExchangeState::Approved {
                exchange.state = ExchangeState::Completed;
            }
            exchange.completed_at = Some(at);
        }
        Ok(())
    }

    pub(super) fn exchange_requested(
        &mut self,
        group: u16,
        (line_no, quantity, shipped): (u16, u32, bool),
        (reason, fault): (ClaimReason, Fault),
        wanted: Option<SkuId>,
        at: Time,
    ) -> Result<(), String> {
        let line = self.line_mut(line_no)?;
        line.exchange_accepted += quantity;
        line.exchanging += quantity;
        self.fulfilment.exchanges.push(Exchange {
            group,
            line_no,
            quantity,
            shipped,
            reason,
            fault,
            state: ExchangeState::Requested,
            resolution: None,
            wanted,
            new_line_no: None,
            moved: Won::ZERO,
            restocked: false,
            collection: None,
            fee_no: None,
            requested_at: at,
            decided_at: None,
            completed_at: None,
        });
        Ok(())
    }

    /// Rejected, or withdrawn.
    pub(super) fn exchange_undone(&mut self, group: u16, state: ExchangeState, at: Time) -> Result<(), String> {
        let e = self.exchange_mut(group)?;
        e.state = state;
        e.decided_at = Some(at);
        let (line_no, quantity) = (e.line_no, e.quantity);
        let line = self.line_mut(line_no)?;
        line.exchange_accepted -= quantity;
        line.exchanging -= quantity;
        self.rejoin(line_no)
    }

    /// Adding a product: its line takes the units' money; the original becomes exchanged, not refunded.
    pub(super) fn exchange_approved(&mut self, e: &ExchangeApproved, at: Time) -> Result<(), String> {
        let x = self.exchange_mut(e.group)?;
        x.state = ExchangeState::Approved;
        x.resolution = Some(e.resolution);
        x.decided_at = Some(at);
        x.moved = e.moved;
        x.restocked = e.restocked;
        x.new_line_no = e.line.as_ref().map(|l| l.no);
        x.collection = collection(e, x.quantity, at);
        x.fee_no = e.fee.as_ref().map(|f| f.fee_no);
        let (line_no, quantity) = (x.line_no, x.quantity);
        let line = self.line_mut(line_no)?;
        line.exchanged += quantity;
        line.moved_out += e.moved;
        if e.restocked {
            line.deducted -= quantity;
            line.never_left += quantity;
        }
        // the number of the first line stays through a chain of exchanges
        let original = line.original_line_no.unwrap_or(line_no);
        let shipping = line.shipping;
        if let Some(added) = &e.line {
            let mut line = self.added(added, at);
            // what replaces a unit keeps the terms that the unit was placed with
            line.shipping = shipping;
            line.original_line_no = Some(original);
            line.moved_in = Some(e.moved);
            self.lines.push(line);
        }
        if let Some(fee) = &e.fee {
            self.owe(fee);
        }
        self.fulfilment.chain |= e.chain;
        Ok(())
    }

    /// The new line goes, and its money goes back to the original, whose return follows.
    pub(super) fn exchange_failed(&mut self, group: u16, lost: u32, at: Time) -> Result<(), String> {
        let cancels = self.next_group();
        let x = self.exchange_mut(group)?;
        x.state = ExchangeState::Failed;
        x.decided_at.get_or_insert(at);
        if let Some(c) = x.collection.as_mut().filter(|c| !c.settled()) {
            c.state = CollectionState::Moved;
            c.settled_at = Some(at);
        }
        let failed = x.clone();
        let Some(new_line_no) = failed.new_line_no else { return Ok(()) };
        let new = self.line_mut(new_line_no)?;
        let quantity = new.active();
        new.cancelled += quantity;
        new.deducted = 0;
        new.moved_in = Some(Won::ZERO);
        new.status = Status::OutOfStock;
        let line = self.line_mut(failed.line_no)?;
        line.exchanged -= failed.quantity;
        line.moved_out -= failed.moved;
        let cause = if lost > 0 { CutCause::StockLost } else { CutCause::OutOfStock };
        self.cancels.push(Cancelled {
            group: cancels,
            line_no: new_line_no,
            quantity,
            amount: Won::ZERO,
            cause,
            reason: None,
            at,
        });
        Ok(())
    }

    /// An exchange is complete when the line it added has come to its end: confirmed, returned, or exchanged itself.
    pub(super) fn close_exchanges(&mut self, at: Time) {
        if self.fulfilment.exchanges.is_empty() {
            return;
        }
        loop {
            let ended = |no: u16| self.line(no).is_some_and(|l| l.shown().is_terminal());
            let open = |e: &Exchange| {
                e.state == ExchangeState::Approved && e.resolution == Some(ExchangeResolution::AddProduct)
            };
            let done = self.fulfilment.exchanges.iter().position(|e| open(e) && e.new_line_no.is_some_and(ended));
            let Some(i) = done else { return };
            let Some(e) = self.fulfilment.exchanges.get_mut(i) else { return };
            e.state = ExchangeState::Completed;
            e.completed_at = Some(at);
            let (line_no, quantity, chain) = (e.line_no, e.quantity, self.fulfilment.chain);
            let Ok(line) = self.line_mut(line_no) else { return };
            line.exchanging -= quantity;
            // whatever ends first: a line of which units were returned ends so
            line.finish(if chain && line.returned > 0 { Status::Returned } else { Status::Exchanged });
        }
    }

    pub(super) fn gift_added(&mut self, added: &AddedLine, reason: GiftReason, at: Time) {
        let mut line = self.added(added, at);
        line.main = false;
        line.gift = true;
        line.gift_reason = Some(reason);
        line.main_line_no = added.main_line_no;
        if let Some(main) = added.main_line_no.and_then(|no| self.lines.iter_mut().find(|l| l.no == no)) {
            main.gift_included = true;
        }
        self.lines.push(line);
    }

    fn added(&self, a: &AddedLine, at: Time) -> Line {
        let status = if a.prepared { Status::Preparing } else { Status::Ordered };
        Line {
            deducted: a.taken,
            main: true,
            pre_refund: a.pre_refund,
            lead_time_days: a.lead_time_days,
            ship_instructed_at: Some(at + super::DAY),
            expected_delivery_at: Some(at + super::DAY * u32::from(a.lead_time_days)),
            prepared_at: a.prepared.then_some(at),
            points_rate_bp: a.points_rate_bp,
            ..Line::new(a.no, (&a.sku_id, &a.product_id), status, (a.quantity, a.unit_price), a.fee_no)
        }
    }
}
