//! What an order can be asked: its status, its sums, whom a line belongs to, which number comes next.

use super::{
    claim::{Exchange, ExchangeState, Return},
    delivery::DeliveryStatus,
    state::{FeeRow, Line, Order, Placement, Refund, ReserveState, Reserving},
    supply::{Ask, AskState, AskWhat, Link, LinkKind, LinkState, ProcureKind, ProcureState, ProcuredLine, Procurement},
};
use crate::domain::{
    Time,
    ids::PartnerId,
    money::Won,
    status::{self, Status, Trigger},
};

impl Order {
    /// The order's status, from its lines (domain §2).
    pub fn status(&self) -> Status {
        // what was exchanged has become what it was exchanged for
        let passed = |l: &&Line| self.fulfilment.chain && l.shown() == Status::Exchanged;
        let all = || status::derive(self.lines.iter().flat_map(Line::parts));
        let left = status::derive(self.lines.iter().filter(|l| !passed(l)).flat_map(Line::parts));
        left.or_else(all).unwrap_or(Status::PaymentPending)
    }

    /// When it next wants attention: payment deadline, preparation, confirmation by itself, and (where we ask
    /// the payment side ourselves) a refund.
    pub fn due(&self, asks_refunds: bool) -> Option<Time> {
        let deadline = self.deadline.filter(|_| self.status() == Status::PaymentPending);
        let prepare = self.prepare_at.filter(|_| self.to_prepare());
        let refund = self.refunds.iter().filter(|_| asks_refunds).filter_map(Refund::next_attempt_at).min();
        let confirm = self.confirms().map(|(_, at)| at).min();
        if self.placement == Placement::Done {
            [deadline, prepare, refund, confirm].into_iter().flatten().min()
        } else {
            None
        }
    }

    /// Whether a line waits for preparation, whatever the others have come to.
    pub fn to_prepare(&self) -> bool {
        self.lines.iter().any(|l| l.may(Trigger::Prepare).is_some())
    }

    /// 자동구매확정: the lines that are confirmed by themselves, and when; none that a claim or an installer still has.
    pub fn confirms(&self) -> impl Iterator<Item = (u16, Time)> {
        // a gift is confirmed with its goods, or after them
        let goods = self.lines.iter().filter(|l| !l.gift && self.unconfirmable(l, &[]).is_none());
        let with: Vec<u16> = goods.map(|l| l.no).collect();
        let open = self.lines.iter().filter(|l| l.may(Trigger::ConfirmPurchase).is_some());
        open.filter_map(move |l| {
            let own = l.delivery.auto_confirm_at.filter(|_| self.unconfirmable(l, &with).is_none())?;
            let kept = |m: &&Line| m.free() > 0 && m.status != Status::PurchaseConfirmed;
            let goods = l.gift.then(|| self.family(l).filter(kept)).into_iter().flatten();
            let at = goods.map(|m| m.delivery.auto_confirm_at).try_fold(own, |at, of| Some(at.max(of?)))?;
            Some((l.no, at))
        })
    }

    /// Why the buyer can't confirm a shipped line yet; `with` are the goods that are confirmed with it.
    pub fn unconfirmable(&self, line: &Line, with: &[u16]) -> Option<String> {
        use DeliveryStatus as S;
        // units of a claim that may still come back would be left behind
        let open = || self.fulfilment.returns.iter().filter(|r| !r.state.ended()).flat_map(|r| &r.lines);
        if line.returning > 0 || line.exchange_accepted > line.exchanged || open().any(|l| l.line_no == line.no) {
            return Some("a claim on the line is in progress".into());
        }
        // a gift may still have to go where its main goods go
        let kept = |m: &Line| {
            m.returning + m.exchange_accepted == m.exchanged
                && (m.free() == 0 || m.status == Status::PurchaseConfirmed || with.contains(&m.no))
        };
        if line.gift && !self.family(line).all(kept) {
            return Some("what the gift came with is not confirmed yet".into());
        }
        let status = line.delivery.status?;
        let installer = self.installer_of(line.no).is_some();
        match (status, installer) {
            (S::Installed, _) | (S::Delivered | S::DeliveredByInstaller, false) => None,
            (S::Delivered | S::DeliveredByInstaller, true) => Some("the line is not installed yet".into()),
            (S::Ready | S::InTransit, _) => Some(format!("the line is {}", status.code())),
        }
    }

    /// What was ordered, what shipping it costs, and what of both is owed or paid.
    pub fn amounts(&self) -> Amounts {
        // the new line of an exchange is paid by what its original was
        let bought = || self.lines.iter().filter(|l| l.moved_in.is_none());
        let goods: Won = bought().map(Line::total).sum();
        let discount: Won = bought().map(Line::discount).sum();
        let fees: Won = self.fees.iter().map(|f| f.amount - f.returned).sum();
        Amounts { goods, discount, fees, total: self.total(), due: self.due_now() }
    }

    /// What is due now, or was paid and stays so: the lines and fees, without what was cut, cancelled or returned of them, and
    /// what is set aside for that. Nothing where the order ended unpaid, or never was.
    pub fn total(&self) -> Won {
        let never = matches!(self.status(), Status::PaymentExpired | Status::PaymentCancelled);
        if never || self.placement == Placement::Failed { Won::ZERO } else { self.amount_due() }
    }

    /// What is to be paid now: all of it while unpaid, then a surcharge that came since.
    pub fn due_now(&self) -> Won {
        if self.paid_at.is_some() { self.surcharge_due() } else { self.total() }
    }

    /// Until when what is due must be paid, while the order is unpaid.
    pub fn due_by(&self) -> Option<Time> {
        self.deadline.filter(|_| self.status() == Status::PaymentPending)
    }

    /// What the lines and fees that stand come to.
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
        self.paid_at.is_some() && self.fulfilment.parent.is_none()
    }

    /// What is still to be paid beside the order: surcharges (row 14), and debts of claims.
    pub fn surcharge_due(&self) -> Won {
        self.fees.iter().filter(|f| f.unpaid).map(|f| f.amount - f.returned).sum()
    }

    /// What is to be paid before anything is shipped: not the debts of claims.
    pub fn due_before_shipping(&self) -> Won {
        self.fees_before_shipping().map(|f| f.amount - f.returned).sum()
    }

    /// The fees that it is due for.
    pub fn fees_before_shipping(&self) -> impl Iterator<Item = &FeeRow> {
        self.fees.iter().filter(|f| f.unpaid && !f.reason.is_debt() && (f.amount - f.returned).is_positive())
    }

    /// The number of the first line of a line's chain of exchanges.
    pub fn root(&self, line_no: u16) -> u16 {
        self.line(line_no).and_then(|l| l.original_line_no).unwrap_or(line_no)
    }

    /// The lines that a gift goes with: its main line, and all that it was exchanged for.
    pub fn family(&self, gift: &Line) -> impl Iterator<Item = &Line> + Clone {
        let root = gift.main_line_no.map(|no| self.root(no));
        self.lines.iter().filter(move |l| !l.gift && root == Some(l.original_line_no.unwrap_or(l.no)))
    }

    /// Whether a line is a gift in a claim of these lines that goes with goods of it, whoever sells either: it is decided with them.
    pub fn goes_along(&self, no: u16, claim: &[u16]) -> bool {
        self.line(no).is_some_and(|l| l.gift && self.family(l).any(|m| claim.contains(&m.no)))
    }

    /// The lines of the claim of that group.
    pub fn claimed_lines(&self, group: u16) -> Vec<u16> {
        let returns = self.fulfilment.returns.iter().filter(|r| r.group == group).flat_map(|r| &r.lines);
        let exchanges = self.fulfilment.exchanges.iter().filter(|e| e.group == group);
        returns.map(|l| l.line_no).chain(exchanges.map(|e| e.line_no)).collect()
    }

    /// The return of that group.
    pub fn return_of(&self, group: u16) -> Option<&Return> {
        self.fulfilment.returns.iter().find(|r| r.group == group)
    }

    /// The exchange of that group.
    pub fn exchange_of(&self, group: u16) -> Option<&Exchange> {
        self.fulfilment.exchanges.iter().find(|e| e.group == group)
    }

    /// The exchange that this line was added by.
    pub fn exchange_into(&self, line_no: u16) -> Option<&Exchange> {
        let into = |e: &&Exchange| e.new_line_no == Some(line_no) && e.state == ExchangeState::Approved;
        self.fulfilment.exchanges.iter().find(into)
    }

    /// The exchange that fails when units of this line are not there: one that added it, while nothing has become of it yet.
    /// A line with a history of its own is cut like any other, so that its money is counted once.
    pub fn fails_with(&self, line_no: u16) -> Option<&Exchange> {
        self.exchange_into(line_no).filter(|_| self.line(line_no).is_some_and(|l| l.free() == l.ordered))
    }

    /// The linked order that brings a line of a procurement.
    pub fn link_of(&self, p: &Procurement, line_no: u16) -> Option<&Link> {
        let brings = |l: &&Link| match l.procurement {
            Some(no) => no == p.no,
            None => l.lines.contains(&line_no),
        };
        self.fulfilment.links.iter().rev().filter(|l| l.kind == LinkKind::Purchase).find(brings)
    }

    /// Units of a procured line that its linked order does not bring.
    pub fn unbrought(&self, p: &Procurement, l: &ProcuredLine) -> u32 {
        let Some(link) = self.link_of(p, l.line_no).filter(|_| p.kind == ProcureKind::Partner) else { return 0 };
        let short: u32 = link.short.iter().filter(|s| s.line_no == l.line_no).map(|s| s.quantity).sum();
        match link.state {
            LinkState::Asked | LinkState::Open | LinkState::Done | LinkState::Shipped => short.min(l.quantity),
            LinkState::Ended | LinkState::Refused => l.quantity,
            LinkState::Cancelled => 0,
        }
    }

    /// A line's part in each procurement.
    pub fn sources(&self, line_no: u16) -> impl Iterator<Item = (&Procurement, &ProcuredLine)> {
        let of = move |p: &'_ Procurement| p.lines.iter().position(|l| l.line_no == line_no);
        self.fulfilment.procurements.iter().filter_map(move |p| Some((p, p.lines.get(of(p)?)?)))
    }

    /// Its sources that bring something, or have.
    pub fn live_sources(&self, line_no: u16) -> impl Iterator<Item = (&Procurement, u32)> {
        let live = self.sources(line_no).filter(|(p, _)| p.state != ProcureState::Cancelled);
        live.map(|(p, l)| (p, l.quantity - self.unbrought(p, l))).filter(|(_, brings)| *brings > 0)
    }

    /// Units of a line that are being procured, or are.
    pub fn units_procured(&self, line_no: u16) -> u32 {
        self.live_sources(line_no).map(|(_, brings)| brings).fold(0, u32::saturating_add)
    }

    /// Units of a line that no source brings yet, and none is asked for.
    pub fn unsourced(&self, line: &Line) -> u32 {
        let open = self.fulfilment.asks.iter().filter(|a| a.state == AskState::Open);
        let asked =
            open.filter_map(|a| if let AskWhat::Linked { started, .. } = &a.what { started.as_ref() } else { None });
        let asked: u32 = asked.flat_map(|p| &p.lines).filter(|l| l.line_no == line.no).map(|l| l.quantity).sum();
        line.free().saturating_sub(self.units_procured(line.no)).saturating_sub(asked)
    }

    /// Whether it is an installer's: its work is said in it, and it takes nothing from a shelf.
    pub fn installs(&self) -> bool {
        self.fulfilment.parent.as_ref().is_some_and(|p| p.kind == LinkKind::Installation)
    }

    /// The question of that id that is not answered yet.
    pub fn open_ask(&self, id: &str) -> Option<&Ask> {
        self.fulfilment.asks.iter().find(|a| a.id == id && a.state == AskState::Open)
    }

    /// The number of the next return or exchange group; one count for both, so that a claim has one name.
    pub fn next_claim(&self) -> u16 {
        let returns = self.fulfilment.returns.iter().map(|r| r.group);
        returns.chain(self.fulfilment.exchanges.iter().map(|e| e.group)).max().unwrap_or(0) + 1
    }

    /// Units of a line that are to be at the buyer's: what is under claim and had not left is not.
    pub fn outstanding(&self, line: &Line) -> u32 {
        let returns = self.fulfilment.returns.iter().filter(|r| !r.state.ended()).flat_map(|r| &r.lines);
        let kept: u32 =
            returns.filter(|l| l.line_no == line.no && !l.shipped && !l.restocked).map(|l| l.quantity).sum();
        let asked = |e: &&Exchange| e.line_no == line.no && !e.shipped && e.state == ExchangeState::Requested;
        let asked: u32 = self.fulfilment.exchanges.iter().filter(asked).map(|e| e.quantity).sum();
        line.to_deliver() - kept - asked
    }

    /// Who sells a line: the partner of its fee row, or of a linked order the one it was made at.
    pub fn seller_of(&self, line: &Line) -> Option<&PartnerId> {
        let of_row = || self.fees.iter().find(|f| f.no == line.fee_no).map(|f| &f.partner_id);
        self.fulfilment.parent.as_ref().map(|p| &p.partner_id).or_else(of_row)
    }

    /// Whether another lane was asked for units of the line and has not answered.
    pub fn awaits_stock(&self, line_no: u16) -> bool {
        let of = |r: &&Reserving| r.state == ReserveState::Asked && r.asked.lines.iter().any(|l| l.line_no == line_no);
        self.reservations.iter().any(|r| of(&r))
    }

    /// The installation order of a line that was not given up.
    pub fn installer_of(&self, line_no: u16) -> Option<&Link> {
        let of = |l: &&Link| l.kind == LinkKind::Installation && l.runs() && l.lines.contains(&line_no);
        self.fulfilment.links.iter().find(of)
    }

    /// The number of the next line.
    pub fn next_line_no(&self) -> u16 {
        self.lines.iter().map(|l| l.no).chain(self.asked_lines()).max().unwrap_or(0) + 1
    }

    /// The numbers of lines that another lane is asked for.
    pub fn asked_lines(&self) -> impl Iterator<Item = u16> {
        let open = self.fulfilment.asks.iter().filter(|a| a.state == AskState::Open);
        open.filter_map(|a| a.what.adds().map(|(line, _)| line.no))
    }

    /// The number of the next fee row, of the order or of one of its returns.
    pub fn next_fee_no(&self) -> u16 {
        let of_returns = self.fulfilment.returns.iter().flat_map(|r| &r.fees).map(|f| f.no);
        self.fees.iter().map(|f| f.no).chain(of_returns).max().unwrap_or(0) + 1
    }

    /// The number of the next cancel group.
    pub fn next_group(&self) -> u32 {
        self.cancels.iter().map(|c| c.group).max().unwrap_or(0) + 1
    }
}

/// An order's sums: goods and discount as they were ordered; fees, total and due as they are now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amounts {
    pub goods: Won,
    pub discount: Won,
    /// of what stands
    pub fees: Won,
    pub total: Won,
    pub due: Won,
}

impl Amounts {
    /// What was cut, cancelled or returned of what was ordered.
    pub fn reductions(&self) -> Won {
        self.goods - self.discount + self.fees - self.total
    }
}
