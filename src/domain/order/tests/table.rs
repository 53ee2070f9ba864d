//! Every pair of status and command that the table of domain §2 does not list is refused, naming both.

use super::{
    acts::{delivery, give_back, purchase, units, waybill},
    deep::shop,
    world::{World, line, pay, place},
};
use crate::domain::{
    order::{
        OrderCommand as C,
        claim::{ClaimReason, ExchangeResolution, Fault},
        command::{Deposit, PaymentMethod, PaymentOffer, StockCount},
        delivery::DeliveredBy,
    },
    reason::Reason,
    status::{Status, Trigger, next},
};

const ALL: Vec<u16> = Vec::new();

/// An order of one line that stands at this status.
fn at(status: Status) -> World {
    let mut w = shop(1);
    let deposit =
        Deposit { method: PaymentMethod::VirtualAccount, payment_id: None, account_no: None, bank_code: None };
    let prepared = vec![pay("k", 2_666 + 500), C::Prepare];
    let mut done = prepared.clone();
    done.extend([C::UseOwnStock { lines: ALL }, C::CompleteProcurement { lines: ALL }]);
    let mut shipped = done.clone();
    shipped.push(C::Ship { lines: ALL, in_transit: true, waybills: vec![waybill(1, 1, 2)] });
    let mut delivered = shipped.clone();
    delivered.push(delivery(DeliveredBy::Carrier, ALL));
    let with = |first: &[C], then: Vec<C>| first.iter().cloned().chain(then).collect::<Vec<_>>();
    let exchange = |quantity| C::RequestExchange {
        line_no: 1,
        quantity,
        reason: ClaimReason::Defect,
        fault: Fault::Seller,
        wanted: None,
    };
    let ask_back = C::RequestReturn(give_back(&[(1, 2)], Fault::Seller));
    let path = match status {
        Status::PaymentPending => Vec::new(),
        Status::PaymentExpired => {
            w.ask(&place(vec![line("c", 2)], false, PaymentOffer::Deposit(deposit))).unwrap();
            w.later(std::time::Duration::from_secs(100 * 3_600));
            w.ask(&C::Expire).unwrap();
            return w;
        }
        Status::PaymentCancelled => vec![C::CancelPayment],
        Status::Ordered => prepared[..1].to_vec(),
        Status::Cancelled => with(&prepared[..1], vec![C::CancelLines { lines: vec![1], reason: None }]),
        Status::OutOfStock => with(&prepared, vec![C::ReportStockLoss { lines: vec![units(1, 2)] }]),
        Status::Preparing => prepared,
        Status::ProcurementCheck => done[..3].to_vec(),
        Status::ProcurementDone => done,
        Status::Shipped => shipped,
        Status::PurchaseConfirmed => with(&delivered, vec![C::ConfirmPurchase { lines: ALL }]),
        Status::Returning => with(&delivered, vec![ask_back]),
        Status::Returned => with(&done, vec![ask_back, C::ApproveReturn { group: 1, timing: None, fault: None }]),
        Status::Exchanging => with(&delivered, vec![exchange(2)]),
        Status::Exchanged => with(&delivered, vec![exchange(2)]),
    };
    w.ask(&place(vec![line("c", 2)], false, PaymentOffer::Deposit(deposit))).unwrap();
    for command in path {
        let due = w.o().amount_due().get();
        let command = if matches!(command, C::ApprovePayment { .. }) { pay("k", due) } else { command };
        w.ask(&command).unwrap();
    }
    if status == Status::Exchanged {
        w.ask(&C::ApproveExchange {
            group: 1,
            resolution: ExchangeResolution::AddProduct,
            sku_id: None,
            fault: None,
            waived: None,
        })
        .unwrap();
        for then in [
            C::UseOwnStock { lines: ALL },
            C::CompleteProcurement { lines: ALL },
            C::Ship { lines: ALL, in_transit: true, waybills: Vec::new() },
            delivery(DeliveredBy::Forced, ALL),
            C::ConfirmPurchase { lines: ALL },
        ] {
            w.ask(&then).unwrap();
        }
    }
    assert_eq!(w.o().lines[0].shown(), status);
    w
}

/// The commands of each trigger; those of a claim name the claim, and are refused by its own state.
fn commands(trigger: Trigger) -> Vec<C> {
    let one = || vec![1];
    let judge = |available| C::ConfirmStock { lines: vec![StockCount { line_no: 1, available }] };
    match trigger {
        Trigger::ApprovePayment => {
            vec![pay("k-9", 1), C::ConfirmDeposit { amount: crate::domain::money::Won::new(1), payment_id: None }]
        }
        Trigger::DeclinePayment => vec![C::DeclinePayment { reason: None }],
        Trigger::ExpirePayment => vec![C::Expire],
        Trigger::CancelPayment => vec![C::CancelPayment],
        Trigger::CancelLines => vec![C::CancelLines { lines: one(), reason: None }],
        Trigger::Prepare => vec![C::Prepare],
        Trigger::ConfirmNoStock => vec![judge(0), C::ConfirmStock { lines: Vec::new() }],
        Trigger::ConfirmSomeStock => vec![judge(1)],
        Trigger::PurchaseFromPartner => vec![C::PurchaseFromPartner(purchase("2", &[(1, "w")]))],
        Trigger::PurchaseFromNonPartner => {
            let amount = crate::domain::money::Won::new(1);
            let from = |lines| C::PurchaseFromNonPartner { lines, seller: "s".into(), amount };
            vec![from(one()), from(ALL)]
        }
        Trigger::UseOwnStock => vec![C::UseOwnStock { lines: one() }, C::UseOwnStock { lines: ALL }],
        Trigger::AssignInstaller => vec![C::AssignInstaller(purchase("3", &[(1, "i")]))],
        Trigger::SetShippingAddress => vec![C::SetShippingAddress { zip: Some("63000".into()) }],
        Trigger::CompleteProcurement => {
            vec![C::CompleteProcurement { lines: one() }, C::CompleteProcurement { lines: ALL }]
        }
        Trigger::CancelProcurement => {
            let cancel = |lines| C::CancelProcurement { lines, reason: None };
            vec![cancel(one()), cancel(ALL)]
        }
        Trigger::LoseAllStock => vec![C::ReportStockLoss { lines: vec![units(1, 2)] }],
        Trigger::LoseSomeStock => vec![C::ReportStockLoss { lines: vec![units(1, 1)] }],
        Trigger::Ship => {
            let ship = |lines| C::Ship { lines, in_transit: true, waybills: Vec::new() };
            vec![ship(one()), ship(ALL)]
        }
        Trigger::Deliver => vec![
            C::RegisterWaybill(waybill(1, 2, 1)),
            C::UpdateWaybill(waybill(1, 1, 1)),
            delivery(DeliveredBy::Carrier, one()),
            delivery(DeliveredBy::Forced, ALL),
            delivery(DeliveredBy::Installer, one()),
            C::CompleteInstallation { lines: one() },
        ],
        Trigger::FailInstallation => vec![C::FailInstallation { lines: one() }],
        Trigger::ConfirmPurchase => vec![C::ConfirmPurchase { lines: one() }, C::ConfirmPurchase { lines: ALL }],
        Trigger::Review => vec![C::WriteReview { line_no: 1, rating: 5 }],
        Trigger::RequestReturn => vec![C::RequestReturn(give_back(&[(1, 1)], Fault::Seller))],
        Trigger::CompleteReturn => vec![C::CompleteReturn { group: 1, inspected: Vec::new(), fault: None }],
        Trigger::RequestExchange => vec![C::RequestExchange {
            line_no: 1,
            quantity: 1,
            reason: ClaimReason::Defect,
            fault: Fault::Seller,
            wanted: None,
        }],
        // the end of the new line, or of the return, not a command to this one
        Trigger::CompleteExchange | Trigger::CompleteExchangeByPickup | Trigger::CallOffExchange => Vec::new(),
        // of an installer's own order
        Trigger::HandOver | Trigger::EndWork => Vec::new(),
    }
}

#[test]
fn every_refused_pair_is_refused() {
    let mut refused = 0;
    for status in Status::ALL {
        for trigger in Trigger::ALL.into_iter().filter(|t| next(status, *t).is_none()) {
            for asked in commands(trigger) {
                let mut w = at(status);
                // the original's own line is what is asked about: no other is left that could answer
                let others = w.o().lines.len() > 1;
                let was = w.o().lines[0].shown();
                let (answer, pair) = (w.ask(&asked), format!("{} {}", status.code(), asked.name()));
                // money that came in is a fact at any time: it is taken, moves nothing, and goes back
                if trigger == Trigger::ApprovePayment
                    && (matches!(asked, C::ApprovePayment { .. }) || w.o().deposit.is_some())
                {
                    let unpaid = matches!(status, Status::PaymentExpired | Status::PaymentCancelled);
                    let note = if unpaid { Reason::PaymentExpired } else { Reason::AlreadyPaid };
                    assert_eq!((answer.unwrap().note, w.o().lines[0].shown()), (Some(note), was), "{pair}");
                    continue;
                }
                let refusal = answer.expect_err(&pair);
                let no_claim =
                    !matches!(status, Status::Returning | Status::Returned | Status::Exchanging | Status::Exchanged);
                if trigger == Trigger::CompleteReturn && no_claim {
                    assert_eq!(refusal.reason, Reason::UnknownClaim, "{pair}");
                    continue;
                }
                assert_eq!(refusal.reason, Reason::IllegalTransition, "{pair}: {}", refusal.message());
                assert_eq!(refusal.facts.command.as_deref(), Some(asked.name()), "{pair}");
                assert!(others || refusal.facts.status == Some(status), "{pair}: {:?}", refusal.facts.status);
                refused += 1;
            }
        }
    }
    assert!(refused > 300, "{refused}");
}
