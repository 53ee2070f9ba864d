//! Order status: one table of what may follow what (domain §2), with every refused pair listed.

use serde::{Deserialize, Serialize};

/// 주문상태. Kept per line; the order's is derived from its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// 결제대기
    PaymentPending,
    /// 결제만료
    PaymentExpired,
    /// 결제취소
    PaymentCancelled,
    /// 주문
    Ordered,
    /// 취소완료
    Cancelled,
    /// 재고없음
    OutOfStock,
    /// 상품준비중
    Preparing,
    /// 발주확인
    ProcurementCheck,
    /// 발주완료
    ProcurementDone,
    /// 출고완료
    Shipped,
    /// 구매확정
    PurchaseConfirmed,
    /// 반품진행
    Returning,
    /// 반품완료
    Returned,
    /// 교환진행
    Exchanging,
    /// 교환완료
    Exchanged,
}

impl Status {
    /// Every status, least advanced first.
    pub const ALL: [Status; 15] = [
        Status::PaymentPending,
        Status::PaymentExpired,
        Status::PaymentCancelled,
        Status::Ordered,
        Status::Cancelled,
        Status::OutOfStock,
        Status::Preparing,
        Status::ProcurementCheck,
        Status::ProcurementDone,
        Status::Shipped,
        Status::PurchaseConfirmed,
        Status::Returning,
        Status::Returned,
        Status::Exchanging,
        Status::Exchanged,
    ];

    /// The stable code, as in tables and answers.
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

    /// The Korean name.
    pub const fn korean(self) -> &'static str {
        match self {
            Status::PaymentPending => "결제대기",
            Status::PaymentExpired => "결제만료",
            Status::PaymentCancelled => "결제취소",
            Status::Ordered => "주문",
            Status::Cancelled => "취소완료",
            Status::OutOfStock => "재고없음",
            Status::Preparing => "상품준비중",
            Status::ProcurementCheck => "발주확인",
            Status::ProcurementDone => "발주완료",
            Status::Shipped => "출고완료",
            Status::PurchaseConfirmed => "구매확정",
            Status::Returning => "반품진행",
            Status::Returned => "반품완료",
            Status::Exchanging => "교환진행",
            Status::Exchanged => "교환완료",
        }
    }

    /// The status with this code.
    pub fn from_code(code: &str) -> Option<Status> {
        Self::ALL.into_iter().find(|s| s.code() == code)
    }

    /// Nothing leaves it.
    pub const fn is_terminal(self) -> bool {
        use Status as S;
        match self {
            S::PaymentExpired
            | S::PaymentCancelled
            | S::Cancelled
            | S::OutOfStock
            | S::PurchaseConfirmed
            | S::Returned
            | S::Exchanged => true,
            S::PaymentPending
            | S::Ordered
            | S::Preparing
            | S::ProcurementCheck
            | S::ProcurementDone
            | S::Shipped
            | S::Returning
            | S::Exchanging => false,
        }
    }
}

/// What moves a line from one status to another. Going back (a rejected or withdrawn claim) restores the former status
/// and is no transition of this table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// row 2: the money is in
    ApprovePayment,
    /// row 3: the payer may try again
    DeclinePayment,
    /// row 4: the deadline has passed
    ExpirePayment,
    /// row 5: the payer gives up
    CancelPayment,
    /// row 6: by the buyer, whole lines; closes at preparation
    CancelLines,
    /// row 7: stock enough
    Prepare,
    /// row 8: nothing available
    JudgeNone,
    /// row 9: a remainder stays
    JudgeSome,
    /// row 10: a linked purchase order
    PurchaseFromPartner,
    /// row 11: a purchase receipt
    PurchaseFromNonPartner,
    /// row 12: own SKUs allocated
    UseOwnStock,
    /// row 13: a linked installation order
    AssignInstaller,
    /// row 14: home or business address
    ChooseDestination,
    /// row 15: all purchases done
    CompleteProcurement,
    /// row 16: cancelled, or no stock
    CancelProcurement,
    /// row 17: nothing remains, not shipped
    LoseAllStock,
    /// row 17: part remains
    LoseSomeStock,
    /// row 18: waybills
    Ship,
    /// row 19: delivered, installer delivered, installed
    Deliver,
    /// row 20: returns without fee
    InstallationImpossible,
    /// row 21: the order ends
    ConfirmPurchase,
    /// row 22
    RequestReturn,
    /// §4: collected = returned, over the whole return group
    CompleteReturn,
    /// row 23
    RequestExchange,
    /// §4: the new line is purchase-confirmed
    CompleteExchange,
    /// §4: the pickup branch ends as a return
    CompleteExchangeByPickup,
}

impl Trigger {
    /// Every trigger, in the order of the table.
    pub const ALL: [Trigger; 26] = [
        Trigger::ApprovePayment,
        Trigger::DeclinePayment,
        Trigger::ExpirePayment,
        Trigger::CancelPayment,
        Trigger::CancelLines,
        Trigger::Prepare,
        Trigger::JudgeNone,
        Trigger::JudgeSome,
        Trigger::PurchaseFromPartner,
        Trigger::PurchaseFromNonPartner,
        Trigger::UseOwnStock,
        Trigger::AssignInstaller,
        Trigger::ChooseDestination,
        Trigger::CompleteProcurement,
        Trigger::CancelProcurement,
        Trigger::LoseAllStock,
        Trigger::LoseSomeStock,
        Trigger::Ship,
        Trigger::Deliver,
        Trigger::InstallationImpossible,
        Trigger::ConfirmPurchase,
        Trigger::RequestReturn,
        Trigger::CompleteReturn,
        Trigger::RequestExchange,
        Trigger::CompleteExchange,
        Trigger::CompleteExchangeByPickup,
    ];
}

/// Where `trigger` takes a line that is `from`; `None` is a refusal.
pub const fn next(from: Status, trigger: Trigger) -> Option<Status> {
    use Status as S;
    use Trigger as T;
    match trigger {
        T::ApprovePayment => match from {
            S::PaymentPending => Some(S::Ordered),
            S::PaymentExpired
            | S::PaymentCancelled
            | S::Ordered
            | S::Cancelled
            | S::OutOfStock
            | S::Preparing
            | S::ProcurementCheck
            | S::ProcurementDone
            | S::Shipped
            | S::PurchaseConfirmed
            | S::Returning
            | S::Returned
            | S::Exchanging
            | S::Exchanged => None,
        },
        T::DeclinePayment => match from {
            S::PaymentPending => Some(S::PaymentPending),
            S::PaymentExpired
            | S::PaymentCancelled
            | S::Ordered
            | S::Cancelled
            | S::OutOfStock
            | S::Preparing
            | S::ProcurementCheck
            | S::ProcurementDone
            | S::Shipped
            | S::PurchaseConfirmed
            | S::Returning
            | S::Returned
            | S::Exchanging
            | S::Exchanged => None,
        },
        T::ExpirePayment => match from {
            S::PaymentPending => Some(S::PaymentExpired),
            S::PaymentExpired
            | S::PaymentCancelled
            | S::Ordered
            | S::Cancelled
            | S::OutOfStock
            | S::Preparing
            | S::ProcurementCheck
            | S::ProcurementDone
            | S::Shipped
            | S::PurchaseConfirmed
            | S::Returning
            | S::Returned
            | S::Exchanging
            | S::Exchanged => None,
        },
        T::CancelPayment => match from {
            S::PaymentPending => Some(S::PaymentCancelled),
            S::PaymentExpired
            | S::PaymentCancelled
            | S::Ordered
            | S::Cancelled
            | S::OutOfStock
            | S::Preparing
            | S::ProcurementCheck
            | S::ProcurementDone
            | S::Shipped
            | S::PurchaseConfirmed
            | S::Returning
            | S::Returned
            | S::Exchanging
            | S::Exchanged => None,
        },
        T::CancelLines => match from {
            S::Ordered => Some(S::Cancelled),
            S::PaymentPending
            | S::PaymentExpired
            | S::PaymentCancelled
            | S::Cancelled
            | S::OutOfStock
            | S::Preparing
            | S::ProcurementCheck
            | S::ProcurementDone
            | S::Shipped
            | S::PurchaseConfirmed
            | S::Returning
            | S::Returned
            | S::Exchanging
            | S::Exchanged => None,
        },
        T::Prepare => match from {
            S::Ordered => Some(S::Preparing),
            S::PaymentPending
            | S::PaymentExpired
            | S::PaymentCancelled
            | S::Cancelled
            | S::OutOfStock
            | S::Preparing
            | S::ProcurementCheck
            | S::ProcurementDone
            | S::Shipped
            | S::PurchaseConfirmed
            | S::Returning
            | S::Returned
            | S::Exchanging
            | S::Exchanged => None,
        },
        T::JudgeNone => match from {
            S::Ordered => Some(S::OutOfStock),
            S::PaymentPending
            | S::PaymentExpired
            | S::PaymentCancelled
            | S::Cancelled
            | S::OutOfStock
            | S::Preparing
            | S::ProcurementCheck
            | S::ProcurementDone
            | S::Shipped
            | S::PurchaseConfirmed
            | S::Returning
            | S::Returned
            | S::Exchanging
            | S::Exchanged => None,
        },
        T::JudgeSome => match from {
            S::Ordered => Some(S::Ordered),
            S::PaymentPending
            | S::PaymentExpired
            | S::PaymentCancelled
            | S::Cancelled
            | S::OutOfStock
            | S::Preparing
            | S::ProcurementCheck
            | S::ProcurementDone
            | S::Shipped
            | S::PurchaseConfirmed
            | S::Returning
            | S::Returned
            | S::Exchanging
            | S::Exchanged => None,
        },
        T::PurchaseFromPartner => match from {
            S::Preparing => Some(S::ProcurementCheck),
            S::PaymentPending
            | S::PaymentExpired
            | S::PaymentCancelled
            | S::Ordered
            | S::Cancelled
            | S::OutOfStock
            | S::ProcurementCheck
            | S::ProcurementDone
            | S::Shipped
            | S::PurchaseConfirmed
            | S::Returning
            | S::Returned
            | S::Exchanging
            | S::Exchanged => None,
        },
        T::PurchaseFromNonPartner => match from {
            S::Preparing => Some(S::ProcurementCheck),
            S::PaymentPending
            | S::PaymentExpired
            | S::PaymentCancelled
            | S::Ordered
            | S::Cancelled
            | S::OutOfStock
            | S::ProcurementCheck
            | S::ProcurementDone
            | S::Shipped
            | S::PurchaseConfirmed
            | S::Returning
            | S::Returned
            | S::Exchanging
            | S::Exchanged => None,
        },
        T::UseOwnStock => match from {
            S::Preparing => Some(S::ProcurementCheck),
            S::PaymentPending
            | S::PaymentExpired
            | S::PaymentCancelled
            | S::Ordered
            | S::Cancelled
            | S::OutOfStock
            | S::ProcurementCheck
            | S::ProcurementDone
            | S::Shipped
            | S::PurchaseConfirmed
            | S::Returning
            | S::Returned
            | S::Exchanging
            | S::Exchanged => None,
        },
        T::AssignInstaller => match from {
            S::Preparing => Some(S::Preparing),
            S::PaymentPending
            | S::PaymentExpired
            | S::PaymentCancelled
            | S::Ordered
            | S::Cancelled
            | S::OutOfStock
            | S::ProcurementCheck
            | S::ProcurementDone
            | S::Shipped
            | S::PurchaseConfirmed
            | S::Returning
            | S::Returned
            | S::Exchanging
            | S::Exchanged => None,
        },
        T::ChooseDestination => match from {
            S::Preparing => Some(S::Preparing),
            S::PaymentPending
            | S::PaymentExpired
            | S::PaymentCancelled
            | S::Ordered
            | S::Cancelled
            | S::OutOfStock
            | S::ProcurementCheck
            | S::ProcurementDone
            | S::Shipped
            | S::PurchaseConfirmed
            | S::Returning
            | S::Returned
            | S::Exchanging
            | S::Exchanged => None,
        },
        T::CompleteProcurement => match from {
            S::ProcurementCheck => Some(S::ProcurementDone),
            S::PaymentPending
            | S::PaymentExpired
            | S::PaymentCancelled
            | S::Ordered
            | S::Cancelled
            | S::OutOfStock
            | S::Preparing
            | S::ProcurementDone
            | S::Shipped
            | S::PurchaseConfirmed
            | S::Returning
            | S::Returned
            | S::Exchanging
            | S::Exchanged => None,
        },
        T::CancelProcurement => match from {
            S::ProcurementCheck => Some(S::OutOfStock),
            S::PaymentPending
            | S::PaymentExpired
            | S::PaymentCancelled
            | S::Ordered
            | S::Cancelled
            | S::OutOfStock
            | S::Preparing
            | S::ProcurementDone
            | S::Shipped
            | S::PurchaseConfirmed
            | S::Returning
            | S::Returned
            | S::Exchanging
            | S::Exchanged => None,
        },
        T::LoseAllStock => match from {
            S::Preparing => Some(S::OutOfStock),
            S::ProcurementDone => Some(S::OutOfStock),
            S::PaymentPending
            | S::PaymentExpired
            | S::PaymentCancelled
            | S::Ordered
            | S::Cancelled
            | S::OutOfStock
            | S::ProcurementCheck
            | S::Shipped
            | S::PurchaseConfirmed
            | S::Returning
            | S::Returned
            | S::Exchanging
            | S::Exchanged => None,
        },
        T::LoseSomeStock => match from {
            S::Preparing => Some(S::Preparing),
            S::ProcurementDone => Some(S::ProcurementDone),
            S::PaymentPending
            | S::PaymentExpired
            | S::PaymentCancelled
            | S::Ordered
            | S::Cancelled
            | S::OutOfStock
            | S::ProcurementCheck
            | S::Shipped
            | S::PurchaseConfirmed
            | S::Returning
            | S::Returned
            | S::Exchanging
            | S::Exchanged => None,
        },
        T::Ship => match from {
            S::ProcurementDone => Some(S::Shipped),
            S::PaymentPending
            | S::PaymentExpired
            | S::PaymentCancelled
            | S::Ordered
            | S::Cancelled
            | S::OutOfStock
            | S::Preparing
            | S::ProcurementCheck
            | S::Shipped
            | S::PurchaseConfirmed
            | S::Returning
            | S::Returned
            | S::Exchanging
            | S::Exchanged => None,
        },
        T::Deliver => match from {
            S::Shipped => Some(S::Shipped),
            S::PaymentPending
            | S::PaymentExpired
            | S::PaymentCancelled
            | S::Ordered
            | S::Cancelled
            | S::OutOfStock
            | S::Preparing
            | S::ProcurementCheck
            | S::ProcurementDone
            | S::PurchaseConfirmed
            | S::Returning
            | S::Returned
            | S::Exchanging
            | S::Exchanged => None,
        },
        T::InstallationImpossible => match from {
            S::Shipped => Some(S::Returning),
            S::PaymentPending
            | S::PaymentExpired
            | S::PaymentCancelled
            | S::Ordered
            | S::Cancelled
            | S::OutOfStock
            | S::Preparing
            | S::ProcurementCheck
            | S::ProcurementDone
            | S::PurchaseConfirmed
            | S::Returning
            | S::Returned
            | S::Exchanging
            | S::Exchanged => None,
        },
        T::ConfirmPurchase => match from {
            S::Shipped => Some(S::PurchaseConfirmed),
            S::PaymentPending
            | S::PaymentExpired
            | S::PaymentCancelled
            | S::Ordered
            | S::Cancelled
            | S::OutOfStock
            | S::Preparing
            | S::ProcurementCheck
            | S::ProcurementDone
            | S::PurchaseConfirmed
            | S::Returning
            | S::Returned
            | S::Exchanging
            | S::Exchanged => None,
        },
        T::RequestReturn => match from {
            S::Preparing => Some(S::Returning),
            S::ProcurementCheck => Some(S::Returning),
            S::ProcurementDone => Some(S::Returning),
            S::Shipped => Some(S::Returning),
            S::PaymentPending
            | S::PaymentExpired
            | S::PaymentCancelled
            | S::Ordered
            | S::Cancelled
            | S::OutOfStock
            | S::PurchaseConfirmed
            | S::Returning
            | S::Returned
            | S::Exchanging
            | S::Exchanged => None,
        },
        T::CompleteReturn => match from {
            S::Returning => Some(S::Returned),
            S::PaymentPending
            | S::PaymentExpired
            | S::PaymentCancelled
            | S::Ordered
            | S::Cancelled
            | S::OutOfStock
            | S::Preparing
            | S::ProcurementCheck
            | S::ProcurementDone
            | S::Shipped
            | S::PurchaseConfirmed
            | S::Returned
            | S::Exchanging
            | S::Exchanged => None,
        },
        T::RequestExchange => match from {
            S::ProcurementDone => Some(S::Exchanging),
            S::Shipped => Some(S::Exchanging),
            S::PaymentPending
            | S::PaymentExpired
            | S::PaymentCancelled
            | S::Ordered
            | S::Cancelled
            | S::OutOfStock
            | S::Preparing
            | S::ProcurementCheck
            | S::PurchaseConfirmed
            | S::Returning
            | S::Returned
            | S::Exchanging
            | S::Exchanged => None,
        },
        T::CompleteExchange => match from {
            S::Exchanging => Some(S::Exchanged),
            S::PaymentPending
            | S::PaymentExpired
            | S::PaymentCancelled
            | S::Ordered
            | S::Cancelled
            | S::OutOfStock
            | S::Preparing
            | S::ProcurementCheck
            | S::ProcurementDone
            | S::Shipped
            | S::PurchaseConfirmed
            | S::Returning
            | S::Returned
            | S::Exchanged => None,
        },
        T::CompleteExchangeByPickup => match from {
            S::Exchanging => Some(S::Returned),
            S::PaymentPending
            | S::PaymentExpired
            | S::PaymentCancelled
            | S::Ordered
            | S::Cancelled
            | S::OutOfStock
            | S::Preparing
            | S::ProcurementCheck
            | S::ProcurementDone
            | S::Shipped
            | S::PurchaseConfirmed
            | S::Returning
            | S::Returned
            | S::Exchanged => None,
        },
    }
}

/// The order's status from its lines' (domain §2): the least advanced live line; a claim in progress shows; terminal only
/// when every line is, and then the furthest that any line came.
pub fn derive(lines: impl Iterator<Item = Status> + Clone) -> Option<Status> {
    let claim = lines.clone().find(|s| matches!(s, Status::Returning | Status::Exchanging));
    claim.or_else(|| lines.clone().filter(|s| !s.is_terminal()).min()).or_else(|| lines.max_by_key(|s| rank(*s)))
}

/// Which terminal status stands for the order when its lines ended differently.
const fn rank(s: Status) -> u8 {
    match s {
        // payment states belong to the order: a line that was short at placement does not hide them
        Status::PaymentExpired => 9,
        Status::PaymentCancelled => 8,
        Status::PurchaseConfirmed => 7,
        Status::Exchanged => 6,
        Status::Returned => 5,
        Status::OutOfStock => 4,
        Status::Cancelled => 3,
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

#[cfg(test)]
mod tests {
    use super::{Status as S, *};

    #[test]
    fn nothing_leaves_a_terminal_status_and_every_other_can_be_left() {
        for from in S::ALL {
            let left = Trigger::ALL.into_iter().any(|t| next(from, t).is_some_and(|to| to != from));
            assert_eq!(left, !from.is_terminal(), "{from:?}");
        }
    }

    #[test]
    fn every_status_is_reachable() {
        let mut reached = vec![S::PaymentPending];
        loop {
            let more: Vec<S> = reached
                .iter()
                .flat_map(|&from| Trigger::ALL.into_iter().filter_map(move |t| next(from, t)))
                .filter(|s| !reached.contains(s))
                .collect();
            match more.first() {
                Some(&s) => reached.push(s),
                None => break,
            }
        }
        assert_eq!(reached.len(), S::ALL.len());
    }

    #[test]
    fn the_order_shows_its_least_advanced_live_line() {
        for (lines, order) in [
            (vec![S::Ordered, S::Shipped], S::Ordered),
            (vec![S::Cancelled, S::Shipped], S::Shipped),
            (vec![S::Shipped, S::Returning], S::Returning),
            (vec![S::Cancelled, S::OutOfStock], S::OutOfStock),
            (vec![S::Returned, S::PurchaseConfirmed], S::PurchaseConfirmed),
            (vec![S::OutOfStock, S::PaymentExpired], S::PaymentExpired),
            (vec![S::PaymentCancelled, S::OutOfStock], S::PaymentCancelled),
        ] {
            assert_eq!(derive(lines.iter().copied()), Some(order), "{lines:?}");
        }
    }
}
