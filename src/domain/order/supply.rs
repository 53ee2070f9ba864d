//! 발주: how an order's goods are procured, and the orders that are linked to it (rows 10–16).

use serde::{Deserialize, Serialize};

use super::{
    claim::{Exchange, Return},
    delivery::Destination,
    lean::Blank,
};
use crate::domain::{
    Time,
    ids::{CustomerId, OrderId, PartnerId, SkuId},
    money::Won,
    reason::Reason,
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
        /// out of stock, cancelled or returned
        Ended = "ENDED" / "종료",
        /// there was nothing to place it with
        Refused = "REFUSED" / "거절",
        /// it was asked to stop
        Cancelled = "CANCELLED" / "취소",
    }
}

/// 발주: one procurement, of whole lines.
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
    pub state: LinkState,
    /// units that it can't deliver, as it told
    pub short: Vec<ShortLine>,
    pub at: Time,
    pub ended_at: Option<Time>,
}

impl Link {
    /// Whether it still runs, or is about to.
    pub const fn runs(&self) -> bool {
        matches!(self.state, LinkState::Asked | LinkState::Open | LinkState::Done)
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
pub struct After {
    pub parent: Option<Parent>,
    pub links: Vec<Link>,
    pub procurements: Vec<Procurement>,
    pub returns: Vec<Return>,
    pub exchanges: Vec<Exchange>,
    pub destination: Option<Destination>,
    pub reviews: Vec<Review>,
}

impl Blank for After {
    fn blank() -> &'static Self {
        static BLANK: After = After {
            parent: None,
            links: Vec::new(),
            procurements: Vec::new(),
            returns: Vec::new(),
            exchanges: Vec::new(),
            destination: None,
            reviews: Vec::new(),
        };
        &BLANK
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
    Refused { reason: Reason },
    /// child → parent: so many units of these lines of the parent will not come
    Short { lines: Vec<ShortLine> },
    /// child → parent: its procurement is done
    Done,
    /// child → parent: nothing of it is left
    Ended,
    /// parent → child: stop, unless it has shipped
    Cancel,
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
            LinkWhat::Ended => "ended",
            LinkWhat::Cancel => "cancel",
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
