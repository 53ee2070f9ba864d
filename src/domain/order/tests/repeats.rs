//! What may be said of an order again and again comes to an end, and the order goes on.

use super::{
    acts::{Act, KINDS, command, give_back, waybill},
    claims::{ask, order, procured, shipped},
    deep::shop,
    world::{World, line, place},
};
use crate::domain::{
    order::{
        OrderCommand as C,
        claim::Fault,
        command::{PaymentOffer, RefundOutcome, StockCount},
        repeats::{
            ACCOUNTS_MAX, CORRECTIONS_MAX, DECLINES_MAX, DESTINATIONS_MAX, HISTORY_MAX, JUDGEMENTS_MAX, TRIES_MAX,
        },
    },
    reason::Reason,
};

/// Says it until it is refused: how often it was taken, and why no more.
fn until_refused(w: &mut World, said: &C) -> (usize, Reason) {
    for n in 0..2_000 {
        if let Err(refusal) = w.ask(said) {
            return (n, refusal.reason);
        }
    }
    panic!("{said:?} is taken for ever");
}

fn unpaid() -> World {
    let mut w = shop(1);
    w.ask(&place(vec![line("c", 5)], false, PaymentOffer::Later)).unwrap();
    w
}

fn stages() -> Vec<World> {
    let back = C::RequestReturn(give_back(&[(1, 3)], Fault::Seller));
    let on_waybill = C::RegisterWaybill(waybill(1, 1, 2));
    let mut paths = vec![Vec::new(), vec![C::Prepare], procured(), shipped()];
    paths.push([shipped(), vec![on_waybill]].concat());
    paths.push([shipped(), vec![back.clone()]].concat());
    paths.push([shipped(), vec![back, C::ApproveReturn { group: 1, timing: None, fault: None }]].concat());
    let mut all: Vec<World> = paths.iter().map(|path| order(shop(1), vec![line("c", 5)], path)).collect();
    let mut cut = order(shop(1), vec![line("c", 5)], &[]);
    ask(&mut cut, &[C::CancelLines { lines: vec![1], reason: None }]);
    all.extend([unpaid(), cut]);
    all
}

/// Every kind of command, in every stage.
#[test]
fn no_command_is_taken_for_ever() {
    let mut taken = 0;
    for stage in 0..stages().len() {
        for kind in 0..KINDS {
            for flag in [false, true] {
                let mut w = stages().swap_remove(stage);
                let act = Act { kind, line: 1, other: 1, n: 1, flag };
                let said = command(&w, act);
                taken += until_refused(&mut w, &said).0;
                assert!(w.o().version < HISTORY_MAX, "{said:?}: {} events", w.o().version);
            }
        }
    }
    assert!(taken > 200, "only {taken} were taken at all");
}

#[test]
fn each_bound_is_told_and_the_order_goes_on() {
    let mut w = unpaid();
    let decline = C::DeclinePayment { reason: None };
    assert_eq!(until_refused(&mut w, &decline), (usize::from(DECLINES_MAX), Reason::TooMany));
    let choose = C::SetShippingAddress { zip: Some("06236".into()) };
    assert_eq!(until_refused(&mut w, &choose), (usize::from(DESTINATIONS_MAX), Reason::TooMany));
    assert_eq!(until_refused(&mut w, &C::SetRefundAccount), (usize::from(ACCOUNTS_MAX), Reason::TooMany));
    w.ask(&C::CancelPayment).unwrap();

    let mut w = order(shop(1), vec![line("c", 5)], &[]);
    let judge = C::ConfirmStock { lines: vec![StockCount { line_no: 1, available: 5 }] };
    assert_eq!(until_refused(&mut w, &judge), (usize::from(JUDGEMENTS_MAX), Reason::TooMany));
    w.ask(&C::Prepare).unwrap();

    let mut w = order(shop(1), vec![line("c", 5)], &shipped());
    w.ask(&C::RegisterWaybill(waybill(1, 1, 2))).unwrap();
    let correct = C::UpdateWaybill(waybill(1, 1, 3));
    assert_eq!(until_refused(&mut w, &correct), (usize::from(CORRECTIONS_MAX), Reason::TooMany));
    w.ask(&C::RegisterWaybill(waybill(1, 2, 2))).unwrap();
}

/// Before its time a try may be told a hundred times; when it is due, always: so it is put off, whatever somebody says.
#[test]
fn a_refund_that_is_due_may_always_fail_and_succeed() {
    let mut w = order(shop(1), vec![line("c", 5)], &[C::CancelLines { lines: vec![1], reason: None }]);
    let key = w.o().refunds[0].key.clone();
    let fail = C::FailRefund { key: key.clone(), reason: "no".into(), outcome: RefundOutcome::Refused };
    assert_eq!(until_refused(&mut w, &fail), (TRIES_MAX, Reason::TooMany));
    for _ in 0..3 {
        w.now = w.o().refunds[0].next_attempt_at().unwrap();
        w.ask(&fail).unwrap();
    }
    w.ask(&C::ConfirmRefund { key }).unwrap();
}
