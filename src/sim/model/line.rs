//! A line of an order of the model, and its status.

/// 주문상태, least advanced first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    PaymentPending,
    PaymentExpired,
    PaymentCancelled,
    Ordered,
    Cancelled,
    OutOfStock,
    Preparing,
    ProcurementCheck,
    ProcurementDone,
    Shipped,
    PurchaseConfirmed,
    Returning,
    Returned,
    Exchanging,
    Exchanged,
}

impl Status {
    /// The code in answers and tables.
    pub const fn code(self) -> &'static str {
        match self {
            Status::PaymentPending => "PAYMENT_PENDING",
            Status::PaymentExpired => "PAYMENT_EXPIRED",
            Status::PaymentCancelled => "PAYMENT_CANCELLED",
            Status::Ordered => "ORDERED",
            Status::Cancelled => "CANCELLED",
            Status::OutOfStock => "OUT_OF_STOCK",
            Status::Preparing => "PREPARING",
            Status::ProcurementCheck => "PROCUREMENT_CHECK",
            Status::ProcurementDone => "PROCUREMENT_DONE",
            Status::Shipped => "SHIPPED",
            Status::PurchaseConfirmed => "PURCHASE_CONFIRMED",
            Status::Returning => "RETURNING",
            Status::Returned => "RETURNED",
            Status::Exchanging => "EXCHANGING",
            Status::Exchanged => "EXCHANGED",
        }
    }

    /// Of terminal statuses: which one stands for the order where its lines ended differently. 0: it is not terminal.
    pub const fn rank(self) -> u8 {
        match self {
            Status::PaymentExpired => 7,
            Status::PaymentCancelled => 6,
            Status::PurchaseConfirmed => 5,
            Status::Exchanged => 4,
            Status::Returned => 3,
            Status::OutOfStock => 2,
            Status::Cancelled => 1,
            Status::PaymentPending
            | Status::Ordered
            | Status::Preparing
            | Status::ProcurementCheck
            | Status::ProcurementDone
            | Status::Shipped
            | Status::Returning
            | Status::Exchanging => 0,
        }
    }

    /// Goods that are prepared and have not left.
    pub const fn in_hand(self) -> bool {
        matches!(self, Status::Preparing | Status::ProcurementCheck | Status::ProcurementDone)
    }
}

/// Where a line's goods come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    None,
    Own,
    /// by a linked order
    Partner(String),
}

/// 주문상품. Quantities are of units.
#[derive(Debug, Clone)]
pub struct Line {
    pub no: u64,
    pub sku: String,
    pub price: i64,
    /// it counts in the SKU's sale
    pub sale: bool,
    pub gift: bool,
    /// of a gift: the line that it came with
    pub main: Option<u64>,
    /// of a line that an exchange added: the first line of the chain
    pub original: Option<u64>,
    pub status: Status,
    pub ordered: i64,
    pub cancelled: i64,
    pub held: i64,
    pub deducted: i64,
    pub return_accepted: i64,
    pub returning: i64,
    pub returned: i64,
    pub exchange_accepted: i64,
    pub exchanging: i64,
    pub exchanged: i64,
    pub source: Source,
    pub delivered: bool,
}

impl Line {
    /// A line as it is placed.
    pub fn new(no: u64, sku: &str, ordered: i64, price: i64, status: Status) -> Self {
        Self {
            no,
            sku: sku.to_owned(),
            price,
            sale: false,
            gift: false,
            main: None,
            original: None,
            status,
            ordered,
            cancelled: 0,
            held: 0,
            deducted: 0,
            return_accepted: 0,
            returning: 0,
            returned: 0,
            exchange_accepted: 0,
            exchanging: 0,
            exchanged: 0,
            source: Source::None,
            delivered: false,
        }
    }

    /// Units that no claim and no cancellation has.
    pub const fn free(&self) -> i64 {
        self.ordered - self.cancelled - self.return_accepted - self.exchange_accepted
    }

    /// Units that are still wanted.
    pub const fn active(&self) -> i64 {
        self.ordered - self.cancelled - self.returned - self.exchanged
    }

    /// Units whose money is on the line.
    pub const fn paid_units(&self) -> i64 {
        self.ordered - self.cancelled - self.return_accepted - self.exchanged
    }

    /// The status as it is shown: of the free units, else of the claim that has them.
    pub const fn shown(&self) -> Status {
        if self.free() > 0 || (self.returning == 0 && self.exchanging == 0) {
            self.status
        } else if self.returning > 0 {
            Status::Returning
        } else {
            Status::Exchanging
        }
    }

    /// Whether free units of it are in this status.
    pub fn is(&self, status: Status) -> bool {
        self.free() > 0 && self.status == status
    }

    /// Once nothing of it is left it has ended so.
    pub fn finish(&mut self, so: Status) {
        if self.free() == 0 && self.returning == 0 && self.exchanging == 0 {
            self.status = so;
        }
    }

    /// The statuses of its parts: of the free units, and of those that claims have.
    pub fn parts(&self) -> Vec<Status> {
        let claimed = self.returning + self.exchanging > 0;
        let mut parts = Vec::new();
        if self.free() > 0 || !claimed {
            parts.push(self.status);
        }
        if self.returning > 0 {
            parts.push(Status::Returning);
        }
        if self.exchanging > 0 {
            parts.push(Status::Exchanging);
        }
        parts
    }
}
