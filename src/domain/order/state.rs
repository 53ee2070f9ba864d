//! An order's state: what its events have made of it.

use super::{
    command::{Deposit, Means},
    event::{CutCause, Discount, Reservation},
};
use crate::domain::{
    Time,
    catalog::StockPolicy,
    fee::FeeReason,
    ids::{CampaignId, CustomerId, OrderId, PartnerId, ProductId, PromotionId, SkuId, TemplateId},
    money::Won,
    status::{self, Status},
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
    pub status: Status,
    pub ordered: u32,
    pub cancelled: u32,
    pub return_accepted: u32,
    pub returned: u32,
    pub exchange_accepted: u32,
    pub exchanged: u32,
    /// units on hold for it
    pub held: u32,
    /// units deducted for it
    pub deducted: u32,
    pub policy: StockPolicy,
    pub campaign_id: Option<CampaignId>,
    pub unit_price: Won,
    pub promotion: Option<Discount>,
    pub coupon: Option<Discount>,
    /// given back with cancelled quantities
    pub refunded: Won,
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
}

impl Line {
    /// Units that are still wanted: ordered − cancelled − returned − exchanged (R9).
    pub fn active(&self) -> u32 {
        self.ordered - self.cancelled - self.returned - self.exchanged
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

    /// What the buyer pays for the line.
    pub fn pay(&self) -> Won {
        self.total() - self.discount()
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
    pub base: Won,
    pub amount: Won,
    pub returned: Won,
    pub reason: FeeReason,
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
    pub amount: Won,
    pub planned_at: Time,
    /// what the payment side said, in order
    pub tries: Vec<RefundTry>,
    /// when to ask (again); `None` once it is refunded
    pub next_try: Option<Time>,
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
        self.next_try.is_none()
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
        status::derive(self.lines.iter().map(|l| l.status)).unwrap_or(Status::PaymentPending)
    }

    /// When it next wants attention: payment deadline, preparation, and (where we ask the payment side ourselves) a refund.
    pub fn due(&self, asks_refunds: bool) -> Option<Time> {
        let deadline = self.deadline.filter(|_| self.status() == Status::PaymentPending);
        let prepare = self.prepare_at.filter(|_| self.status() == Status::Ordered);
        let refund = self.refunds.iter().filter(|_| asks_refunds).filter_map(|r| r.next_try).min();
        if self.placement == Placement::Done { [deadline, prepare, refund].into_iter().flatten().min() } else { None }
    }

    /// Σ line totals, discounts, fees and what the buyer owes.
    pub fn amounts(&self) -> Amounts {
        let goods: Won = self.lines.iter().map(Line::total).sum();
        let discount: Won = self.lines.iter().map(Line::discount).sum();
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
