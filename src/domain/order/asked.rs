//! What an order can be asked: its status, its sums, whom a line belongs to, which number comes next.

use super::{
    claim::{Exchange, ExchangeState, Return},
    state::{Line, Order, Placement, Refund, ReserveState, Reserving},
    supply::{Link, LinkKind, LinkState, ProcureKind},
};
use crate::domain::{
    Time,
    ids::PartnerId,
    money::Won,
    status::{self, Status},
};

impl Order {
    /// The order's status, from its lines (domain §2).
    pub fn status(&self) -> Status {
        status::derive(self.lines.iter().flat_map(Line::parts)).unwrap_or(Status::PaymentPending)
    }

    /// When it next wants attention: payment deadline, preparation, and (where we ask the payment side ourselves) a refund.
    pub fn due(&self, asks_refunds: bool) -> Option<Time> {
        let deadline = self.deadline.filter(|_| self.status() == Status::PaymentPending);
        let prepare = self.prepare_at.filter(|_| self.status() == Status::Ordered);
        let refund = self.refunds.iter().filter(|_| asks_refunds).filter_map(Refund::next_try).min();
        if self.placement == Placement::Done { [deadline, prepare, refund].into_iter().flatten().min() } else { None }
    }

    /// Σ line totals, discounts, fees and what the buyer owes.
    pub fn amounts(&self) -> Amounts {
        // the new line of an exchange is paid by what its original was
        let bought = || self.lines.iter().filter(|l| l.moved_in.is_none());
        let goods: Won = bought().map(Line::total).sum();
        let discount: Won = bought().map(Line::discount).sum();
        let fees: Won = self.fees.iter().map(|f| f.amount).sum();
        Amounts { goods, discount, fees, total: goods - discount + fees }
    }

    /// What is still to be paid for: quantities that were short at placement are not.
    pub fn amount_due(&self) -> Won {
        let lines: Won = self.lines.iter().map(Line::pay_left).sum();
        lines + self.fees.iter().map(|f| f.amount - f.returned).sum()
    }

    /// The line of that number.
    pub fn line(&self, no: u16) -> Option<&Line> {
        self.lines.iter().find(|l| l.no == no)
    }

    /// Whether its money is here: it is paid, and not between two businesses (a linked order†).
    pub fn settles_here(&self) -> bool {
        self.paid_at.is_some() && self.after.parent.is_none()
    }

    /// Surcharges that are still to be paid (row 14).
    pub fn surcharge_due(&self) -> Won {
        self.fees.iter().filter(|f| f.unpaid).map(|f| f.amount - f.returned).sum()
    }

    /// The return of that group.
    pub fn return_of(&self, group: u16) -> Option<&Return> {
        self.after.returns.iter().find(|r| r.group == group)
    }

    /// The exchange of that group.
    pub fn exchange_of(&self, group: u16) -> Option<&Exchange> {
        self.after.exchanges.iter().find(|e| e.group == group)
    }

    /// The exchange that this line was added by.
    pub fn exchange_into(&self, line_no: u16) -> Option<&Exchange> {
        let into = |e: &&Exchange| e.new_line_no == Some(line_no) && e.state == ExchangeState::Approved;
        self.after.exchanges.iter().find(into)
    }

    /// The exchange that fails when units of this line are not there: one that added it, while nothing has become of it yet.
    /// A line with a history of its own is cut like any other, so that its money is counted once.
    pub fn fails_with(&self, line_no: u16) -> Option<&Exchange> {
        self.exchange_into(line_no).filter(|_| self.line(line_no).is_some_and(|l| l.free() == l.ordered))
    }

    /// Units that the linked order of a line still brings; `None` where there is no such order, or it was stopped by this one.
    pub fn promised(&self, line: &Line) -> Option<u32> {
        let of = |l: &&Link| l.kind == LinkKind::Purchase && l.lines.contains(&line.no);
        let link = self.after.links.iter().rev().find(of)?;
        let bought = self.after.procurements.iter().filter(|p| p.kind == ProcureKind::Partner).rev();
        let bought = bought.flat_map(|p| &p.lines).find(|l| l.line_no == line.no).map_or(0, |l| l.quantity);
        let short: u32 = link.short.iter().filter(|s| s.line_no == line.no).map(|s| s.quantity).sum();
        match link.state {
            LinkState::Asked | LinkState::Open | LinkState::Done => Some(bought.saturating_sub(short)),
            LinkState::Ended | LinkState::Refused => Some(0),
            LinkState::Cancelled => None,
        }
    }

    /// The number of the next return or exchange group; one count for both, so that a claim has one name.
    pub fn next_claim(&self) -> u16 {
        let returns = self.after.returns.iter().map(|r| r.group);
        returns.chain(self.after.exchanges.iter().map(|e| e.group)).max().unwrap_or(0) + 1
    }

    /// Units of a line that are to be at the buyer's: what is under claim and had not left is not.
    pub fn outstanding(&self, line: &Line) -> u32 {
        let returns = self.after.returns.iter().filter(|r| !r.state.ended()).flat_map(|r| &r.lines);
        let kept: u32 =
            returns.filter(|l| l.line_no == line.no && !l.shipped && !l.restocked).map(|l| l.quantity).sum();
        let asked = |e: &&Exchange| e.line_no == line.no && !e.shipped && e.state == ExchangeState::Requested;
        let asked: u32 = self.after.exchanges.iter().filter(asked).map(|e| e.quantity).sum();
        line.to_deliver() - kept - asked
    }

    /// Who sells a line: the partner of its fee row, or of a linked order the one it was made at.
    pub fn seller_of(&self, line: &Line) -> Option<&PartnerId> {
        let of_row = || self.fees.iter().find(|f| f.no == line.fee_no).map(|f| &f.partner_id);
        self.after.parent.as_ref().map(|p| &p.partner_id).or_else(of_row)
    }

    /// Whether another lane was asked for units of the line and has not answered.
    pub fn awaits_stock(&self, line_no: u16) -> bool {
        let of = |r: &&Reserving| r.state == ReserveState::Asked && r.asked.lines.iter().any(|l| l.line_no == line_no);
        self.reservations.iter().any(|r| of(&r))
    }

    /// The installation order of a line that was not given up.
    pub fn installer_of(&self, line_no: u16) -> Option<&Link> {
        let of = |l: &&Link| l.kind == LinkKind::Installation && l.runs() && l.lines.contains(&line_no);
        self.after.links.iter().find(of)
    }

    /// The number of the next line.
    pub fn next_line_no(&self) -> u16 {
        self.lines.iter().map(|l| l.no).max().unwrap_or(0) + 1
    }

    /// The number of the next fee row, of the order or of one of its returns.
    pub fn next_fee_no(&self) -> u16 {
        let of_returns = self.after.returns.iter().flat_map(|r| &r.fees).map(|f| f.no);
        self.fees.iter().map(|f| f.no).chain(of_returns).max().unwrap_or(0) + 1
    }

    /// The number of the next cancel group.
    pub fn next_group(&self) -> u32 {
        self.cancels.iter().map(|c| c.group).max().unwrap_or(0) + 1
    }
}

/// An order's sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amounts {
    pub goods: Won,
    pub discount: Won,
    pub fees: Won,
    pub total: Won,
}
