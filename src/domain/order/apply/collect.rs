//! What becomes of a return or an exchange on its way, folded: terms that change, goods that come back or don't, and money
//! that waits for them (domain §4).

use crate::domain::{
    Time,
    money::Won,
    order::{
        claim::{CollectionState, Exchange, ExchangeState, Fault, Return, ReturnChange, ReturnState},
        event::{AddedFee, CutCause, ExchangeFindings, Excluded, FeeCorrected, FeeRefund, ReservedLine, ReturnChanged},
        state::{Cancelled, FeeRow, Order, Stage},
    },
    status::Status,
};

impl Order {
    pub(super) fn withhold(&mut self, withheld: &[Excluded]) {
        for w in withheld {
            if let Some(s) = self.settlements.iter_mut().find(|s| s.no == w.settlement_no) {
                s.refundable -= w.amount;
                s.excluded += w.amount;
            }
        }
    }

    /// The money of a return is where it was before, but for what is on its way back.
    pub(in crate::domain::order) fn give_up_money(&mut self, r: &Return, at: Time) -> Result<(), String> {
        for l in &r.lines {
            self.line_mut(l.line_no)?.refunded -= l.amount;
        }
        for back in &r.fee_refunds {
            if let Some(fee) = self.fees.iter_mut().find(|f| f.no == back.fee_no) {
                fee.returned -= back.amount;
            }
        }
        for w in &r.withheld {
            if let Some(s) = self.settlements.iter_mut().find(|s| s.no == w.settlement_no) {
                s.excluded -= w.amount;
                s.refundable += w.amount;
            }
        }
        let waits =
            |f: &&mut crate::domain::order::state::Refund| f.return_group == Some(r.group) && f.stage == Stage::Waiting;
        for refund in self.refunds.iter_mut().filter(waits) {
            refund.stage = Stage::Withdrawn(at);
            if let Some(s) = self.settlements.iter_mut().find(|s| s.no == refund.settlement_no) {
                s.planned -= refund.amount;
                s.refundable += refund.amount;
            }
        }
        Ok(())
    }

    /// Units leave a return: they are where the line is.
    pub(super) fn leave(&mut self, r: &Return, line_no: u16, quantity: u32) -> Result<(), String> {
        let line = self.line_mut(line_no)?;
        line.return_accepted -= quantity;
        if r.exchanging == Some(line_no) {
            line.exchanging -= quantity;
        } else {
            line.returning -= quantity;
        }
        self.rejoin(line_no)
    }

    pub(super) fn return_changed(&mut self, e: &ReturnChanged, at: Time) -> Result<(), String> {
        let was = self.return_of(e.group).ok_or_else(|| format!("no return {}", e.group))?.clone();
        self.give_up_money(&was, at)?;
        for l in &e.lines {
            let old = was.lines.iter().find(|k| k.line_no == l.line_no).ok_or("no such line in the return")?;
            let gone = old.quantity.checked_sub(l.quantity).ok_or("a return does not grow")?;
            self.leave(&was, l.line_no, gone)?;
            self.line_mut(l.line_no)?.refunded += l.amount;
        }
        let r = self.return_mut(e.group)?;
        for l in &mut r.lines {
            let Some(new) = e.lines.iter().find(|n| n.line_no == l.line_no) else { continue };
            l.quantity = new.quantity;
            l.amount = new.amount;
            l.collected -= new.rejected.min(l.collected);
            l.rejected += new.rejected;
            l.withdrawn += new.withdrawn;
            l.withheld_amount = new.withheld_amount;
        }
        r.fault = e.fault;
        r.fees.clone_from(&e.fees);
        r.withheld.clone_from(&e.withheld);
        r.fee_refunds.clone_from(&e.fee_refunds);
        r.kept_for.clone_from(&e.kept_for);
        if e.cause == ReturnChange::Short {
            r.come(at);
        }
        self.give_fees_back(&e.fee_refunds);
        self.withhold(&e.withheld);
        self.plan(&e.refunds, at);
        e.charges.iter().for_each(|fee| self.owe(fee));
        self.release_owed(at);
        Ok(())
    }

    pub(super) fn return_written_off(
        &mut self,
        group: u16,
        lines: &[ReservedLine],
        charge: Option<&AddedFee>,
        at: Time,
    ) -> Result<(), String> {
        let r = self.return_mut(group)?;
        for gone in lines {
            let line = r.lines.iter_mut().find(|l| l.line_no == gone.line_no).ok_or("no such line in the return")?;
            line.written_off += gone.quantity;
        }
        r.come(at);
        charge.into_iter().for_each(|fee| self.owe(fee));
        Ok(())
    }

    /// A debt of the buyer's, in the next payment group.
    pub(super) fn owe(&mut self, fee: &AddedFee) {
        self.fees.push(FeeRow {
            no: fee.fee_no,
            partner_id: fee.partner_id.clone(),
            template_id: fee.template_id.clone(),
            group: fee.group,
            base: fee.amount,
            bundled: Won::ZERO,
            threshold: None,
            amount: fee.amount,
            returned: Won::ZERO,
            waived: Won::ZERO,
            reason: fee.reason,
            unpaid: true,
        });
    }

    /// What is owed of these fees is so much less.
    pub(super) fn waive(&mut self, fees: &[FeeRefund]) {
        self.give_fees_back(fees);
        for waived in fees {
            self.fees.iter_mut().filter(|f| f.no == waived.fee_no).for_each(|f| f.waived += waived.amount);
        }
    }

    pub(super) fn fault_corrected(
        &mut self,
        group: u16,
        fault: Fault,
        fee: Option<&FeeCorrected>,
        at: Time,
    ) -> Result<(), String> {
        let x = self.exchange_mut(group)?;
        x.fault = fault;
        let Some(fee) = fee else { return Ok(()) };
        if let Some(added) = &fee.added {
            x.fee_no = Some(added.fee_no);
            self.owe(added);
        }
        self.give_fees_back(&fee.fee_refunds);
        self.plan(&fee.refunds, at);
        Ok(())
    }

    fn collecting(&mut self, group: u16) -> Result<&mut crate::domain::order::claim::Collection, String> {
        let c = self.exchange_mut(group)?.collection.as_mut();
        c.ok_or_else(|| format!("nothing of exchange {group} is to come back"))
    }

    pub(super) fn exchange_collected(&mut self, group: u16, quantity: u32) -> Result<(), String> {
        let c = self.collecting(group)?;
        c.collected += quantity;
        if c.missing() == 0 {
            c.state = CollectionState::Collected;
        }
        Ok(())
    }

    pub(super) fn exchange_inspected(
        &mut self,
        group: u16,
        (sellable, unsellable): (u32, u32),
        judged: Option<&ExchangeFindings>,
        at: Time,
    ) -> Result<(), String> {
        let line_no = self.exchange_mut(group)?.line_no;
        let c = self.collecting(group)?;
        c.state = CollectionState::Inspected;
        c.sellable = Some(sellable);
        c.back = sellable + unsellable;
        c.settled_at = Some(at);
        self.line_mut(line_no)?.deducted -= sellable + unsellable;
        if let Some(judged) = judged {
            self.judged(group, judged, at)?;
        }
        self.release_owed(at);
        Ok(())
    }

    /// Goods that are not taken are the buyer's: where they were, if what was to replace them had not left.
    fn judged(&mut self, group: u16, j: &ExchangeFindings, at: Time) -> Result<(), String> {
        let c = self.collecting(group)?;
        c.collected -= j.rejected;
        c.rejected = j.rejected;
        c.given_up += j.rejected - j.undone;
        c.with_buyer = j.rejected - j.undone;
        c.withheld_amount = j.charge.as_ref().map_or(Won::ZERO, |fee| fee.amount) + j.kept;
        c.stays += j.stays;
        j.charge.iter().for_each(|fee| self.owe(fee));
        self.give_fees_back(&j.fee_refunds);
        self.plan(&j.refunds, at);
        if j.undone > 0 { self.undo_exchange(group, j, at) } else { Ok(()) }
    }

    fn undo_exchange(&mut self, group: u16, j: &ExchangeFindings, at: Time) -> Result<(), String> {
        let cancels = self.next_group();
        let x = self.exchange_mut(group)?;
        let (line_no, new_line_no) = (x.line_no, x.new_line_no.ok_or("nothing was added for them")?);
        if j.undone == x.quantity {
            // as if it had been rejected at once
            x.state = ExchangeState::Rejected;
            x.completed_at = Some(at);
        } else {
            x.quantity -= j.undone;
            x.moved -= j.moved_back;
            if let Some(c) = &mut x.collection {
                c.quantity -= j.undone;
            }
        }
        let new = self.line_mut(new_line_no)?;
        new.cancelled += j.undone;
        new.deducted -= j.released;
        new.moved_in = new.moved_in.map(|moved| moved - j.moved_back);
        new.finish(Status::Cancelled);
        let line = self.line_mut(line_no)?;
        line.exchange_accepted -= j.undone;
        line.exchanged -= j.undone;
        line.exchanging -= j.undone;
        line.moved_out -= j.moved_back;
        self.cancels.push(Cancelled {
            group: cancels,
            line_no: new_line_no,
            quantity: j.undone,
            amount: Won::ZERO,
            cause: CutCause::ExchangeRejected,
            reason: Some(j.reason.clone()),
            at,
        });
        self.rejoin(line_no)
    }

    pub(super) fn given_up(
        &mut self,
        group: u16,
        (how, quantity): (CollectionState, u32),
        (charge, stays): (Option<&AddedFee>, Won),
        at: Time,
    ) -> Result<(), String> {
        let c = self.collecting(group)?;
        c.given_up += quantity;
        c.stays += stays;
        if c.missing() == 0 {
            let some_came = c.collected > 0;
            c.state = if some_came { CollectionState::Collected } else { how };
            c.settled_at = (!some_came).then_some(at);
        }
        charge.into_iter().for_each(|fee| self.owe(fee));
        self.release_owed(at);
        Ok(())
    }

    /// Money that may go, goes, unless goods that it was exchanged for are still to come back.
    pub(super) fn release_owed(&mut self, at: Time) {
        let mut free: Vec<String> = Vec::new();
        for f in self.refunds.iter().filter(|f| f.stage == Stage::Waiting) {
            let may = match (f.return_group.and_then(|g| self.return_of(g)), f.waits_for) {
                (Some(r), _) => r.payable && !self.owes_for_return(r),
                (None, Some(line_no)) => !self.owes_for(line_no),
                (None, None) => false,
            };
            if may {
                free.push(f.key.clone());
            }
        }
        for f in self.refunds.iter_mut().filter(|f| free.contains(&f.key)) {
            f.stage = Stage::Due(at);
        }
    }

    /// The exchanges that led to this line, the last one first.
    pub fn led_to(&self, line_no: u16) -> impl Iterator<Item = &Exchange> {
        let into = |no: u16| {
            let of = |e: &&Exchange| e.new_line_no == Some(no) && e.state != ExchangeState::Failed && e.line_no < no;
            self.fulfilment.exchanges.iter().find(of)
        };
        std::iter::successors(into(line_no), move |e| into(e.line_no))
    }

    /// Those whose goods are still to come back.
    pub fn owed_for(&self, line_no: u16) -> Vec<&Exchange> {
        let out = |e: &&Exchange| e.collection.as_ref().is_some_and(|c| !c.settled());
        self.led_to(line_no).filter(out).collect()
    }

    /// What the goods that replaced an exchange's still give back less, as the buyer has both.
    pub fn unpaid_for(&self, e: &Exchange) -> Won {
        let stays = e.collection.as_ref().map_or(Won::ZERO, |c| c.stays);
        let standing = self.fulfilment.returns.iter().filter(|r| r.stands()).flat_map(|r| &r.kept_for);
        let kept = standing.chain(self.fulfilment.kept.iter().flat_map(|(_, kept)| &kept.kept_for));
        stays - kept.filter(|k| k.exchange == e.group).map(|k| k.amount).sum::<Won>()
    }

    /// Whether goods that became this line are still to come back.
    pub fn owes_for(&self, line_no: u16) -> bool {
        !self.fulfilment.exchanges.is_empty() && !self.owed_for(line_no).is_empty()
    }

    /// The same of a return's lines.
    pub fn owes_for_return(&self, r: &Return) -> bool {
        r.lines.iter().any(|l| self.owes_for(l.line_no))
    }
}

impl Return {
    /// Once all that must come back has come, or was given up.
    fn come(&mut self, at: Time) {
        if self.state == ReturnState::Approved && self.all_collected() {
            self.state = ReturnState::Collected;
            self.collected_at = Some(at);
        }
    }
}
