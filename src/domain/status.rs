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
    ConfirmNoStock,
    /// row 9: a remainder stays
    ConfirmSomeStock,
    /// row 10: a linked purchase order
    PurchaseFromPartner,
    /// row 11: a purchase receipt
    PurchaseFromNonPartner,
    /// row 12: own SKUs allocated
    UseOwnStock,
    /// row 13: a linked installation order
    AssignInstaller,
    /// row 14: home or business address
    SetShippingAddress,
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
    FailInstallation,
    /// row 21: the order ends
    ConfirmPurchase,
    /// after row 21
    Review,
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
    /// §4: goods that an inspection does not take are not replaced
    CallOffExchange,
    /// an installation order: the installer has brought it, or installed it
    HandOver,
    /// an installation order: nobody needs it any more, or it can't be done
    EndWork,
}

impl Trigger {
    /// Every trigger, in the order of the table.
    pub const ALL: [Trigger; 30] = [
        Trigger::ApprovePayment,
        Trigger::DeclinePayment,
        Trigger::ExpirePayment,
        Trigger::CancelPayment,
        Trigger::CancelLines,
        Trigger::Prepare,
        Trigger::ConfirmNoStock,
        Trigger::ConfirmSomeStock,
        Trigger::PurchaseFromPartner,
        Trigger::PurchaseFromNonPartner,
        Trigger::UseOwnStock,
        Trigger::AssignInstaller,
        Trigger::SetShippingAddress,
        Trigger::CompleteProcurement,
        Trigger::CancelProcurement,
        Trigger::LoseAllStock,
        Trigger::LoseSomeStock,
        Trigger::Ship,
        Trigger::Deliver,
        Trigger::FailInstallation,
        Trigger::ConfirmPurchase,
        Trigger::Review,
        Trigger::RequestReturn,
        Trigger::CompleteReturn,
        Trigger::RequestExchange,
        Trigger::CompleteExchange,
        Trigger::CompleteExchangeByPickup,
        Trigger::CallOffExchange,
        Trigger::HandOver,
        Trigger::EndWork,
    ];
}

/// Where a trigger leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// to another status
    Go(Status),
    /// the status stays
    Stay,
}

impl Trigger {
    /// Where it comes from: a row of the workflow's table (W), or the claims' rules (G).
    pub const fn source(self) -> &'static str {
        use Trigger as T;
        match self {
            T::ApprovePayment => "W 2",
            T::DeclinePayment => "W 3",
            T::ExpirePayment => "W 4",
            T::CancelPayment => "W 5",
            T::CancelLines => "W 6",
            T::Prepare => "W 7",
            T::ConfirmNoStock => "W 8",
            T::ConfirmSomeStock => "W 9",
            T::PurchaseFromPartner => "W 10",
            T::PurchaseFromNonPartner => "W 11",
            T::UseOwnStock => "W 12",
            T::AssignInstaller => "W 13",
            T::SetShippingAddress => "W 14",
            T::CompleteProcurement => "W 15",
            T::CancelProcurement => "W 16",
            T::LoseAllStock | T::LoseSomeStock => "W 17",
            T::Ship => "W 18",
            T::Deliver => "W 19",
            T::FailInstallation => "W 20",
            T::ConfirmPurchase | T::Review => "W 21",
            T::RequestReturn => "W 22",
            T::RequestExchange => "W 23",
            T::CompleteReturn => "G 반품",
            T::CompleteExchange | T::CompleteExchangeByPickup | T::CallOffExchange => "G 교환",
            T::HandOver | T::EndWork => "설치주문",
        }
    }

    /// The row of the table: from which statuses the trigger is allowed, and where it leads. Every pair that is not here is
    /// refused; `docs/reference/order-status.md` lists them all, and is made from this.
    pub const fn row(self) -> (&'static [Status], To) {
        use Status as S;
        use To::{Go, Stay};
        use Trigger as T;
        match self {
            T::ApprovePayment => (&[S::PaymentPending], Go(S::Ordered)),
            T::DeclinePayment => (&[S::PaymentPending], Stay),
            T::ExpirePayment => (&[S::PaymentPending], Go(S::PaymentExpired)),
            T::CancelPayment => (&[S::PaymentPending], Go(S::PaymentCancelled)),
            T::CancelLines => (&[S::Ordered], Go(S::Cancelled)),
            T::Prepare => (&[S::Ordered], Go(S::Preparing)),
            T::ConfirmNoStock => (&[S::Ordered], Go(S::OutOfStock)),
            T::ConfirmSomeStock => (&[S::Ordered], Stay),
            T::PurchaseFromPartner | T::PurchaseFromNonPartner | T::UseOwnStock => {
                (&[S::Preparing], Go(S::ProcurementCheck))
            }
            // another one may be assigned until it is installed
            T::AssignInstaller => (&[S::Preparing, S::ProcurementCheck, S::ProcurementDone, S::Shipped], Stay),
            // freely until it is prepared, and then until it ships (domain §8.8)
            T::SetShippingAddress => {
                (&[S::PaymentPending, S::Ordered, S::Preparing, S::ProcurementCheck, S::ProcurementDone], Stay)
            }
            T::CompleteProcurement => (&[S::ProcurementCheck], Go(S::ProcurementDone)),
            T::CancelProcurement => (&[S::ProcurementCheck], Go(S::OutOfStock)),
            // "stock may vanish at any time until shipping completes"
            T::LoseAllStock => (&[S::Preparing, S::ProcurementCheck, S::ProcurementDone], Go(S::OutOfStock)),
            T::LoseSomeStock => (&[S::Preparing, S::ProcurementCheck, S::ProcurementDone], Stay),
            T::Ship => (&[S::ProcurementDone], Go(S::Shipped)),
            T::Deliver => (&[S::Shipped], Stay),
            T::FailInstallation => (&[S::Shipped], Go(S::Returning)),
            T::ConfirmPurchase => (&[S::Shipped], Go(S::PurchaseConfirmed)),
            T::Review => (&[S::PurchaseConfirmed], Stay),
            T::RequestReturn => {
                (&[S::Preparing, S::ProcurementCheck, S::ProcurementDone, S::Shipped], Go(S::Returning))
            }
            T::CompleteReturn => (&[S::Returning], Go(S::Returned)),
            T::RequestExchange => (&[S::ProcurementDone, S::Shipped], Go(S::Exchanging)),
            T::CompleteExchange => (&[S::Exchanging], Go(S::Exchanged)),
            T::CompleteExchangeByPickup => (&[S::Exchanging], Go(S::Returned)),
            T::CallOffExchange => (&[S::Preparing, S::ProcurementCheck, S::ProcurementDone], Go(S::Cancelled)),
            T::HandOver => (&[S::Ordered, S::Preparing, S::ProcurementCheck, S::ProcurementDone], Go(S::Shipped)),
            T::EndWork => {
                (&[S::Ordered, S::Preparing, S::ProcurementCheck, S::ProcurementDone, S::Shipped], Go(S::Cancelled))
            }
        }
    }
}

/// Where `trigger` takes a line that is `from`; `None` is a refusal.
pub const fn next(from: Status, trigger: Trigger) -> Option<Status> {
    let (allowed, to) = trigger.row();
    let mut i = 0;
    while i < allowed.len() {
        if allowed[i] as u8 == from as u8 {
            return Some(match to {
                To::Go(status) => status,
                To::Stay => from,
            });
        }
        i += 1;
    }
    None
}

/// Whether units may go from one status to another between two events: by a trigger, or back from a claim in progress to
/// where the line was (`former`: rejected or withdrawn), or from one claim in progress to another of the same line. Some
/// triggers are for orders that install, one is for lines that an exchange added.
pub fn may_go(from: Status, to: Status, former: Status, (installs, added): (bool, bool)) -> bool {
    let claimed = |s| matches!(s, Status::Returning | Status::Exchanging);
    let own = |t: &&Trigger| {
        (installs || !matches!(t, Trigger::HandOver | Trigger::EndWork))
            && (added || !matches!(t, Trigger::CallOffExchange))
    };
    from == to
        || Trigger::ALL.iter().filter(own).any(|t| next(from, *t) == Some(to))
        || (claimed(from) && (to == former || claimed(to)))
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
