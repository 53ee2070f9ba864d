//! An order's state: what its events have made of it.

use super::{
    claim::{GiftReason, RefundTiming},
    command::{Deposit, PaymentMethod, RefundOutcome},
    delivery::Delivery,
    event::{CutCause, Discount, Reservation},
    lean::LazyBox,
    repeats::Repeats,
    supply::Fulfilment,
};
use crate::domain::{
    Time,
    catalog::StockPolicy,
    fee::{FeeReason, ShippingTerms},
    gift::Entitlement,
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
    /// the buyer is the business of that id, and not the customer
    pub by_partner: bool,
    /// 주문접수일시: when it was placed
    pub received: Time,
    pub placement: Placement,
    pub allow_partial: bool,
    /// while unpaid
    pub deadline: Option<Time>,
    pub prepare_at: Option<Time>,
    pub deposit: Option<Box<Deposit>>,
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
    /// how often what changes little was said
    pub repeats: Repeats,
    /// what comes after payment
    pub fulfilment: LazyBox<Fulfilment>,
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
    /// of a gift: cancelled because it had run out
    pub omitted_gifts: u32,
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
    /// most lines have none
    pub promotion: Option<Box<Discount>>,
    pub coupon: Option<Box<Discount>>,
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
    /// of a gift that came with the placement: what entitled the order to it
    pub entitled: Option<Entitlement>,
    pub pre_refund: bool,
    pub lead_time_days: u16,
    pub ship_instructed_at: Option<Time>,
    pub expected_delivery_at: Option<Time>,
    pub prepared_at: Option<Time>,
    /// 재고판정일시: when its stock was last looked at
    pub stock_confirmed_at: Option<Time>,
    /// 원주문순번: of the first line of a chain of exchanges
    pub original_line_no: Option<u16>,
    /// added by hand
    pub gift_reason: Option<GiftReason>,
    pub points_rate_bp: u32,
    /// as it was at order time; `None`: a gift, or placed before lines kept it
    pub shipping: Option<ShippingTerms>,
    pub points_earned: Won,
    /// of its last return
    pub timing: Option<RefundTiming>,
    pub delivery: LazyBox<Delivery>,
}

impl Line {
    /// A line of `(units, unit price)` of a SKU and its product, with nothing of the rest.
    pub fn new(
        no: u16,
        (sku_id, product_id): (&SkuId, &ProductId),
        status: Status,
        (ordered, unit_price): (u32, Won),
        fee_no: u16,
    ) -> Self {
        Self {
            no,
            sku_id: sku_id.clone(),
            product_id: product_id.clone(),
            status,
            ordered,
            cancelled: 0,
            omitted_gifts: 0,
            return_accepted: 0,
            returned: 0,
            exchange_accepted: 0,
            exchanged: 0,
            returning: 0,
            exchanging: 0,
            never_left: 0,
            held: 0,
            deducted: 0,
            policy: StockPolicy::HoldAtPlacement,
            campaign_id: None,
            unit_price,
            promotion: None,
            coupon: None,
            refunded: Won::ZERO,
            moved_out: Won::ZERO,
            moved_in: None,
            fee_no,
            main: false,
            gift_included: false,
            gift: false,
            main_line_no: None,
            gift_promotion_id: None,
            entitled: None,
            pre_refund: false,
            lead_time_days: 0,
            ship_instructed_at: None,
            expected_delivery_at: None,
            prepared_at: None,
            stock_confirmed_at: None,
            original_line_no: None,
            gift_reason: None,
            points_rate_bp: 0,
            shipping: None,
            points_earned: Won::ZERO,
            timing: None,
            delivery: Default::default(),
        }
    }

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
    pub(super) fn parts(&self) -> impl Iterator<Item = Status> + Clone {
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
    /// payment group: what came after payment has the next one
    pub group: u16,
    pub base: Won,
    /// what bundled goods make of it
    pub bundled: Won,
    /// free at or above this total
    pub threshold: Option<Won>,
    pub amount: Won,
    pub returned: Won,
    /// of `returned`: neither given back nor kept back of a refund, but forgiven
    pub waived: Won,
    pub reason: FeeReason,
    /// a surcharge, or a debt of a claim, that is still to be paid
    pub unpaid: bool,
}

impl FeeRow {
    /// A claim's fee that the buyer has not paid: a debt, however much of it refunds have settled.
    pub fn is_unpaid_debt(&self) -> bool {
        self.unpaid && self.reason.is_debt()
    }
}

/// 결제: paid = refundable + planned + excluded + refunded, always.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    pub no: u16,
    pub group: u16,
    pub method: PaymentMethod,
    pub approval_id: Option<String>,
    /// of points: which movement of that account
    pub movement_id: Option<String>,
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
    /// the line whose exchanged goods are to be back first
    pub waits_for: Option<u16>,
    /// what the payment side said, in order
    pub tries: Vec<RefundTry>,
    pub stage: Stage,
}

/// How far a refund is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// planned, not to be asked for yet: its return is not approved, its goods are not back, or goods that were exchanged for
    /// the line's are still out
    Waiting,
    /// to be asked for (again) then
    Due(Time),
    Refunded {
        /// by bank transfer, because the payment method could not be undone any more
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
    /// of a failure: its outcome
    pub outcome: RefundOutcome,
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
    pub fn next_attempt_at(&self) -> Option<Time> {
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
    /// 취소사유
    pub reason: Option<String>,
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
