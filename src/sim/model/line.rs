//! A line of an order of the model, and its status.

/// 주문상태, least advanced first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ModelStatus {
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

impl ModelStatus {
    /// The code in answers and tables.
    pub const fn code(self) -> &'static str {
        match self {
            ModelStatus::PaymentPending => "PAYMENT_PENDING",
            ModelStatus::PaymentExpired => "PAYMENT_EXPIRED",
            ModelStatus::PaymentCancelled => "PAYMENT_CANCELLED",
            ModelStatus::Ordered => "ORDERED",
            ModelStatus::Cancelled => "CANCELLED",
            ModelStatus::OutOfStock => "OUT_OF_STOCK",
            ModelStatus::Preparing => "PREPARING",
            ModelStatus::ProcurementCheck => "PROCUREMENT_CHECK",
            ModelStatus::ProcurementDone => "PROCUREMENT_DONE",
            ModelStatus::Shipped => "SHIPPED",
            ModelStatus::PurchaseConfirmed => "PURCHASE_CONFIRMED",
            ModelStatus::Returning => "RETURNING",
            ModelStatus::Returned => "RETURNED",
            ModelStatus::Exchanging => "EXCHANGING",
            ModelStatus::Exchanged => "EXCHANGED",
        }
    }

    /// Of terminal statuses: which one stands for the order where its lines ended differently. 0: it is not terminal.
    pub const fn rank(self) -> u8 {
        match self {
            ModelStatus::PaymentExpired => 7,
            ModelStatus::PaymentCancelled => 6,
            ModelStatus::PurchaseConfirmed => 5,
            ModelStatus::Exchanged => 4,
            ModelStatus::Returned => 3,
            ModelStatus::OutOfStock => 2,
            ModelStatus::Cancelled => 1,
            ModelStatus::PaymentPending
            | ModelStatus::Ordered
            | ModelStatus::Preparing
            | ModelStatus::ProcurementCheck
            | ModelStatus::ProcurementDone
            | ModelStatus::Shipped
            | ModelStatus::Returning
            | ModelStatus::Exchanging => 0,
        }
    }

    /// Goods that are prepared and have not left.
    pub const fn in_hand(self) -> bool {
        matches!(self, ModelStatus::Preparing | ModelStatus::ProcurementCheck | ModelStatus::ProcurementDone)
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
pub struct ModelLine {
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
    pub status: ModelStatus,
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

impl ModelLine {
    /// A line as it is placed.
    pub fn new(no: u64, sku: &str, ordered: i64, price: i64, status: ModelStatus) -> Self {
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
    pub const fn shown(&self) -> ModelStatus {
        if self.free() > 0 || (self.returning == 0 && self.exchanging == 0) {
            self.status
        } else if self.returning > 0 {
            ModelStatus::Returning
        } else {
            ModelStatus::Exchanging
        }
    }

    /// Whether free units of it are in this status.
    pub fn is(&self, status: ModelStatus) -> bool {
        self.free() > 0 && self.status == status
    }

    /// Once nothing of it is left it has ended so.
    pub fn finish(&mut self, so: ModelStatus) {
        if self.free() == 0 && self.returning == 0 && self.exchanging == 0 {
            self.status = so;
        }
    }

    /// The statuses of its parts: of the free units, and of those that claims have.
    pub fn parts(&self) -> impl Iterator<Item = ModelStatus> + use<> {
        let claimed = self.returning + self.exchanging > 0;
        let parts = [
            (self.free() > 0 || !claimed).then_some(self.status),
            (self.returning > 0).then_some(ModelStatus::Returning),
            (self.exchanging > 0).then_some(ModelStatus::Exchanging),
        ];
        parts.into_iter().flatten()
    }
}
