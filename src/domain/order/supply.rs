//! 발주: how an order's goods are procured, and the orders that are linked to it (rows 10–16).

use serde::{Deserialize, Serialize};

use super::{
    claim::{Exchange, Fault, GiftReason, Return},
    delivery::Destination,
    event::{AddedFee, AddedLine, Kept, Linked, ProcurementStarted, Reservation},
    lean::HasEmpty,
};
use crate::domain::{
    Time,
    ids::{CustomerId, OrderId, PartnerId, SkuId},
    money::Won,
    reason::{Facts, Reason},
};

codes! {
    /// Where the goods of a line come from.
    ProcureKind {
        /// row 10: a linked purchase order
        Partner = "PARTNER" / "파트너매입",
        /// row 11: a purchase receipt, no order
        NonPartner = "NON_PARTNER" / "비파트너매입",
        /// row 12: what the seller has
        OwnStock = "OWN_STOCK" / "기존재고",
    }
    /// How far a procurement is.
    ProcureState {
        Open = "OPEN" / "발주확인",
        Done = "DONE" / "발주완료",
        Cancelled = "CANCELLED" / "발주취소",
    }
    /// What a linked order is for.
    LinkKind {
        Purchase = "PURCHASE" / "매입주문",
        Installation = "INSTALLATION" / "설치주문",
    }
    /// What an order knows of a linked one.
    LinkState {
        /// its lane was asked to place it
        Asked = "ASKED" / "요청",
        Open = "OPEN" / "진행",
        /// its procurement is done
        Done = "DONE" / "완료",
        /// it has left there: nothing of this order's stops it any more
        Shipped = "SHIPPED" / "출고",
        /// out of stock, cancelled or returned
        Ended = "ENDED" / "종료",
        /// there was nothing to place it with
        Refused = "REFUSED" / "거절",
        /// it was asked to stop
        Cancelled = "CANCELLED" / "취소",
    }
    /// How far a question is.
    AskState {
        Open = "OPEN" / "요청",
        Granted = "GRANTED" / "수락",
        Denied = "DENIED" / "거절",
    }
    /// 설치: what an installer says of its work, and how that ends.
    Work {
        Delivered = "DELIVERED" / "설치자 배송완료",
        Installed = "INSTALLED" / "설치완료",
        Impossible = "IMPOSSIBLE" / "설치불가",
        /// with the purchase of what was installed
        Confirmed = "CONFIRMED" / "구매확정",
    }
}

/// 발주: one procurement, of lines or of units of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Procurement {
    pub no: u16,
    pub kind: ProcureKind,
    pub lines: Vec<ProcuredLine>,
    pub partner_id: Option<PartnerId>,
    /// of a receipt: who sold it
    pub seller: Option<String>,
    pub amount: Option<Won>,
    pub state: ProcureState,
    pub at: Time,
    pub done_at: Option<Time>,
}

/// A line in a procurement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ProcuredLine {
    pub line_no: u16,
    pub quantity: u32,
    /// what is bought, or allocated
    pub sku_id: SkuId,
}

/// An order that this one had made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub order_id: OrderId,
    pub lane: u32,
    pub kind: LinkKind,
    pub partner_id: PartnerId,
    /// lines of this order, in the order of the linked order's lines
    pub lines: Vec<u16>,
    /// the procurement that it brings; unknown of links that were made when a line had one
    pub procurement: Option<u16>,
    pub state: LinkState,
    /// units that it can't deliver, as it told
    pub short: Vec<ShortLine>,
    pub at: Time,
    pub ended_at: Option<Time>,
}

impl Link {
    /// Whether it still runs, or is about to.
    pub const fn runs(&self) -> bool {
        matches!(self.state, LinkState::Asked | LinkState::Open | LinkState::Done | LinkState::Shipped)
    }
}

/// The order that this one was made for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Parent {
    pub order_id: OrderId,
    pub lane: u32,
    pub kind: LinkKind,
    /// who sells or installs
    pub partner_id: PartnerId,
    /// lines of the parent, in the order of this order's lines
    pub lines: Vec<u16>,
}

/// What comes after payment: most orders of a sale have none of it while they are live.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fulfilment {
    pub parent: Option<Parent>,
    pub links: Vec<Link>,
    pub procurements: Vec<Procurement>,
    pub asks: Vec<Ask>,
    pub returns: Vec<Return>,
    pub exchanges: Vec<Exchange>,
    pub destination: Option<Destination>,
    pub reviews: Vec<Review>,
    /// what cancellations keep back, by cancel group
    pub kept: Vec<(u32, Kept)>,
    /// exchanges end as the goods do that they added (since an event said so)
    pub chain: bool,
}

impl HasEmpty for Fulfilment {
    fn blank() -> &'static Self {
        static BLANK: Fulfilment = Fulfilment {
            parent: None,
            links: Vec::new(),
            procurements: Vec::new(),
            asks: Vec::new(),
            returns: Vec::new(),
            exchanges: Vec::new(),
            destination: None,
            reviews: Vec::new(),
            kept: Vec::new(),
            chain: false,
        };
        &BLANK
    }
}

/// What is asked of another order, or of another lane, before anything is done: the command's answer waits for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    pub id: String,
    pub what: AskWhat,
    pub state: AskState,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum AskWhat {
    /// rows 10 and 13: whether a linked order can be
    Linked {
        #[serde(skip_serializing_if = "Option::is_none", default)]
        started: Option<ProcurementStarted>,
        linked: Linked,
    },
    /// whether the product of an exchange is there, in another lane
    Exchange {
        group: u16,
        line: AddedLine,
        reservation: Reservation,
        /// the fault as the shop judges it, where it is corrected by the approval
        #[serde(skip_serializing_if = "Option::is_none", default)]
        fault: Option<Fault>,
        /// why the exchanged goods need not come back
        #[serde(skip_serializing_if = "Option::is_none", default)]
        waived: Option<String>,
        /// the exchange fee, as it is when it is asked
        #[serde(skip_serializing_if = "Option::is_none", default)]
        fee: Option<AddedFee>,
    },
    /// whether a gift by hand is there, in another lane
    Gift { line: AddedLine, reason: GiftReason, reservation: Reservation },
    /// whether what an installer says fits the order that it works for
    Work {
        work: Work,
        lines: Vec<u16>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        at: Option<Time>,
    },
}

impl AskWhat {
    /// The line that is added when the answer is yes, and what another lane keeps for it meanwhile.
    pub const fn adds(&self) -> Option<(&AddedLine, &Reservation)> {
        match self {
            AskWhat::Exchange { line, reservation, .. } | AskWhat::Gift { line, reservation, .. } => {
                Some((line, reservation))
            }
            AskWhat::Linked { .. } | AskWhat::Work { .. } => None,
        }
    }
}

/// 리뷰: that there is one; its words are kept apart, erasable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Review {
    pub line_no: u16,
    pub rating: u8,
    pub at: Time,
}

/// A message between linked orders: durable, sent through the outbox, taken once.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkMessage {
    pub to: OrderId,
    pub lane: u32,
    pub what: LinkWhat,
}

/// What linked orders tell one another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "link", rename_all = "snake_case")]
pub enum LinkWhat {
    /// parent → child: be placed
    Place(Box<ChildOrder>),
    /// child → parent: it stands
    Placed,
    /// child → parent: it could not be placed
    Refused {
        reason: Reason,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        facts: Option<Box<Facts>>,
    },
    /// child → parent: so many units of these lines of the parent will not come
    Short { lines: Vec<ShortLine> },
    /// child → parent: its procurement is done
    Done,
    /// child → parent: it has shipped
    Shipped,
    /// child → parent: nothing of it is left
    Ended,
    /// parent → child: stop, unless it has shipped
    Cancel,
    /// installer's → parent: what is said of these lines of the parent
    Work {
        ask: String,
        lane: u32,
        work: Work,
        lines: Vec<u16>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        at: Option<Time>,
    },
    /// parent → installer's: so it is, of these lines of the parent
    Worked {
        #[serde(skip_serializing_if = "Option::is_none", default)]
        ask: Option<String>,
        work: Work,
        lines: Vec<u16>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        at: Option<Time>,
    },
    /// parent → installer's: it is not so
    WorkRefused { ask: String, reason: Reason, facts: Box<Facts> },
}

impl LinkWhat {
    /// A short name, for derived ids.
    pub const fn name(&self) -> &'static str {
        match self {
            LinkWhat::Place(_) => "place",
            LinkWhat::Placed => "placed",
            LinkWhat::Refused { .. } => "refused",
            LinkWhat::Short { .. } => "short",
            LinkWhat::Done => "done",
            LinkWhat::Shipped => "shipped",
            LinkWhat::Ended => "ended",
            LinkWhat::Cancel => "cancel",
            LinkWhat::Work { .. } => "work",
            LinkWhat::Worked { work, .. } => match work {
                Work::Delivered => "worked_delivered",
                Work::Installed => "worked_installed",
                Work::Impossible => "worked_impossible",
                Work::Confirmed => "worked_confirmed",
            },
            LinkWhat::WorkRefused { .. } => "work_refused",
        }
    }
}

/// Units of a parent's line that its child can't deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ShortLine {
    pub line_no: u16,
    pub quantity: u32,
}

/// A linked order to be placed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChildOrder {
    pub parent: Parent,
    /// who buys: the parent's seller
    pub buyer_id: CustomerId,
    pub lines: Vec<ChildLine>,
}

/// A line of a linked order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChildLine {
    pub sku_id: SkuId,
    pub quantity: u32,
}
