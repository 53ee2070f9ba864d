//! An order's state: what its events have made of it.

use super::{
    claim::{Exchange, ExchangeState, GiftReason, RefundTiming, Return},
    command::{Deposit, Means},
    delivery::Delivery,
    event::{CutCause, Discount, Reservation},
    lean::Lean,
    supply::{After, Link, LinkKind, LinkState, ProcureKind},
};
use crate::domain::{
    Time,
    catalog::StockPolicy,
    fee::FeeReason,
    ids::{CampaignId, CustomerId, OrderId, PartnerId, ProductId, PromotionId, SkuId, TemplateId},
    money::Won,
    status::{self, Status, Trigger},
};

/// 주문.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    pub id: OrderId,
    /// number of the last event
    pub version: u32,
    pub customer_id: CustomerId,
    /// 주문접수일시: when it was placed
    pub received: Time,
    pub placement: Placement,
    pub allow_partial: bool,
    /// while unpaid
    pub deadline: Option<Time>,
    pub prepare_at: Option<Time>,
    pub deposit: Option<Deposit>,
    pub lines: Vec<Line>,
    pub fees: Vec<FeeRow>,
    pub settlements: Vec<Settlement>,
    pub refunds: Vec<Refund>,
    pub cancels: Vec<Cancelled>,
    pub points: Vec<PointsMove>,
    /// what other lanes keep for it
    pub reservations: Vec<Reserving>,
    /// when the money came in
    pub paid_at: Option<Time>,
    /// what comes after payment
    pub after: Lean<After>,
}

/// Whether the placement stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placement {
    /// other lanes were asked
    Reserving,
    Done,
    /// another lane had not enough: the order never was, and its id may be placed again
    Failed,
}

/// A reservation with another lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reserving {
    pub asked: Reservation,
    pub state: ReserveState,
}

/// How far a reservation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReserveState {
    Asked,
    Held,
    Taken,
    Released,
}

/// 주문상품.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub no: u16,
    pub sku_id: SkuId,
    pub product_id: ProductId,
    /// of the units that no claim in progress has; where those would come back to
    pub status: Status,
    pub ordered: u32,
    pub cancelled: u32,
    pub return_accepted: u32,
    pub returned: u32,
    pub exchange_accepted: u32,
    pub exchanged: u32,
    /// units in returns that are in progress
    pub returning: u32,
    /// units in exchanges that are in progress, up to the new line's end
    pub exchanging: u32,
    /// units returned or exchanged that had never left the warehouse
    pub never_left: u32,
    /// units on hold for it
    pub held: u32,
    /// units deducted for it
    pub deducted: u32,
    pub policy: StockPolicy,
    pub campaign_id: Option<CampaignId>,
    pub unit_price: Won,
    pub promotion: Option<Discount>,
    pub coupon: Option<Discount>,
    /// given back with cancelled and returned quantities, or set aside for it
    pub refunded: Won,
    /// what exchanged units took with them to their new line
    pub moved_out: Won,
    /// of the new line of an exchange: what came with them
    pub moved_in: Option<Won>,
    /// number of its fee row
    pub fee_no: u16,
    pub main: bool,
    pub gift_included: bool,
    pub gift: bool,
    pub main_line_no: Option<u16>,
    pub gift_promotion_id: Option<PromotionId>,
    pub pre_refund: bool,
    pub lead_time_days: u16,
    pub ship_instruction: Option<Time>,
    pub expected_delivery: Option<Time>,
    pub prepared_at: Option<Time>,
    /// 원주문순번: of the first line of a chain of exchanges
    pub original_line_no: Option<u16>,
    /// added by hand
    pub gift_reason: Option<GiftReason>,
    pub points_rate_bp: u32,
    pub points_earned: Won,
    /// of its last return
    pub timing: Option<RefundTiming>,
    pub delivery: Lean<Delivery>,
}

impl Line {
    /// Units that are still wanted: ordered − cancelled − returned − exchanged (R9).
    pub fn active(&self) -> u32 {
        self.ordered - self.cancelled - self.returned - self.exchanged
    }

    /// Units that a claim may still name: ordered − cancelled − return-accepted − exchange-accepted (domain §3.8†).
    pub fn free(&self) -> u32 {
        self.ordered - self.cancelled - self.return_accepted - self.exchange_accepted
    }

    /// Units whose money is still on the line: the free ones, and those of exchanges that are not decided.
    pub fn unsettled(&self) -> u32 {
        self.ordered - self.cancelled - self.return_accepted - self.exchanged
    }

    /// Units that are to be delivered: no cancelled ones, and none that were returned before shipping (domain §3.7†).
    pub fn to_deliver(&self) -> u32 {
        self.ordered - self.cancelled - self.never_left
    }

    /// Where the trigger takes what is free of the line; `None` is a refusal.
    pub fn may(&self, trigger: Trigger) -> Option<Status> {
        if self.free() == 0 { None } else { status::next(self.status, trigger) }
    }

    /// The line's status as shown: of its free units, else of its claims in progress.
    pub fn shown(&self) -> Status {
        match (self.free(), self.returning, self.exchanging) {
            (1.., _, _) | (0, 0, 0) => self.status,
            (0, 1.., _) => Status::Returning,
            (0, 0, 1..) => Status::Exchanging,
        }
    }

    /// The statuses of its parts.
    fn parts(&self) -> impl Iterator<Item = Status> + Clone {
        let claimed = self.returning + self.exchanging;
        let rest = (self.free() > 0 || claimed == 0).then_some(self.status);
        let returning = (self.returning > 0).then_some(Status::Returning);
        let exchanging = (self.exchanging > 0).then_some(Status::Exchanging);
        rest.into_iter().chain(returning).chain(exchanging)
    }

    /// Active units that are neither held nor deducted yet.
    pub fn wants(&self) -> u32 {
        self.active().saturating_sub(self.held + self.deducted)
    }

    /// Unit price × quantity.
    pub fn total(&self) -> Won {
        self.unit_price.times(self.ordered)
    }

    /// What both discounts take off.
    pub fn discount(&self) -> Won {
        [&self.promotion, &self.coupon].into_iter().flatten().map(|d| d.amount).sum()
    }

    /// What the buyer pays for the line; exchanged units take their share to the new line.
    pub fn pay(&self) -> Won {
        self.moved_in.unwrap_or_else(|| self.total() - self.discount()) - self.moved_out
    }

    /// What is left of it after cancellations.
    pub fn pay_left(&self) -> Won {
        self.pay() - self.refunded
    }
}

/// 배송비.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeRow {
    pub no: u16,
    pub partner_id: PartnerId,
    pub template_id: TemplateId,
    /// payment group: a surcharge has the next one
    pub group: u16,
    pub base: Won,
    /// what bundled goods make of it
    pub bundled: Won,
    /// free at or above this total
    pub threshold: Option<Won>,
    pub amount: Won,
    pub returned: Won,
    pub reason: FeeReason,
    /// a surcharge that is still to be paid
    pub unpaid: bool,
}

/// 결제: paid = refundable + planned + excluded + refunded, always.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    pub no: u16,
    pub group: u16,
    pub means: Means,
    pub approval_id: Option<String>,
    pub token: Option<String>,
    /// deposits: what is awaited
    pub expected: Won,
    pub paid: Won,
    pub refundable: Won,
    pub planned: Won,
    pub excluded: Won,
    pub refunded: Won,
    pub paid_at: Option<Time>,
}

impl Settlement {
    /// R8.
    pub fn balanced(&self) -> bool {
        self.paid == self.refundable + self.planned + self.excluded + self.refunded
            && ![self.expected, self.paid, self.refundable, self.planned, self.excluded, self.refunded]
                .iter()
                .any(|w| w.is_negative())
    }
}

/// 환불, as asked of the payment side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    pub key: String,
    pub settlement_no: u16,
    pub cancel_group: Option<u32>,
    pub return_group: Option<u16>,
    pub amount: Won,
    pub planned_at: Time,
    /// what the payment side said, in order
    pub tries: Vec<RefundTry>,
    pub stage: Stage,
}

/// How far a refund is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// planned, not to be asked for yet: its return is not approved, or its goods are not back
    Waiting,
    /// to be asked for (again) then
    Due(Time),
    Refunded {
        /// by bank transfer, because the means could not be undone any more
        transferred: bool,
    },
    /// its return was rejected or withdrawn
    Withdrawn(Time),
}

/// One answer of the payment side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundTry {
    pub at: Time,
    /// `None`: confirmed
    pub failed: Option<String>,
}

impl Refund {
    /// Whether the money is back.
    pub fn done(&self) -> bool {
        matches!(self.stage, Stage::Refunded { .. })
    }

    /// Whether the money is still to go back.
    pub fn open(&self) -> bool {
        matches!(self.stage, Stage::Waiting | Stage::Due(_))
    }

    /// When the payment side is to be asked.
    pub fn next_try(&self) -> Option<Time> {
        if let Stage::Due(at) = self.stage { Some(at) } else { None }
    }
}

/// 취소: a line's part in a cancel group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancelled {
    pub group: u32,
    pub line_no: u16,
    pub quantity: u32,
    pub amount: Won,
    pub cause: CutCause,
    pub at: Time,
}

/// 적립금이력.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PointsMove {
    pub kind: PointsKind,
    pub amount: Won,
    pub relation: Option<String>,
    pub at: Time,
}

/// Which way points went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointsKind {
    Used,
    GivenBack,
    Earned,
    Reversed,
}

impl PointsKind {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            PointsKind::Used => "USED",
            PointsKind::GivenBack => "GIVEN_BACK",
            PointsKind::Earned => "EARNED",
            PointsKind::Reversed => "REVERSED",
        }
    }
}

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
