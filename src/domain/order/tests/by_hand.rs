//! Gifts that are given by hand, to goods of any status, from this lane's shelf or another's.

use super::{
    gifts::{paid, shop},
    world::{World, line, place},
};
use crate::domain::{
    ids::SkuId,
    order::{OrderCommand as C, claim::GiftReason, delivery::ShipMethod, event::Event, state::ReserveState},
    reason::Reason,
    status::Status,
};

/// How far an order of a unit of a is that gets a gift by hand.
fn paths() -> [(Vec<C>, Status); 3] {
    let own = C::UseOwnStock { lines: vec![1, 2] };
    let ship = C::ShipBy { method: ShipMethod::Own, lines: Vec::new(), in_transit: true, waybills: Vec::new() };
    let done = C::CompleteProcurement { lines: Vec::new() };
    let shipped = vec![C::Prepare, own, done, C::SetShippingAddress { zip: Some("06000".into()) }, ship];
    [(Vec::new(), Status::Ordered), (vec![C::Prepare], Status::Preparing), (shipped, Status::Shipped)]
}

fn by_hand(quantity: u32) -> C {
    let sku_id = SkuId::stored("g");
    C::AddGift { main_line_no: 1, sku_id, quantity, reason: GiftReason::Complaint }
}

/// An order on its way, with `there` units of the gift, in this lane or another.
fn asked(path: &[C], there: i64, lane: u32) -> World {
    let mut w = shop([5, 5, there, 0], [0, 0, lane, 0]);
    w.ask(&place(vec![line("a", 1), line("b", 1)], false, paid(2_000))).unwrap();
    for command in path {
        w.ask(command).unwrap_or_else(|e| panic!("{command:?}: {}", e.message()));
    }
    w
}

/// What another lane says to gifts by hand: yes, no, and yes when it is too late.
pub(crate) fn from_another_lane() -> Vec<World> {
    let mut made = Vec::new();
    for (path, _) in paths() {
        for there in [0, 1, 2, 5] {
            let mut w = asked(&path, there, 1);
            w.ask(&by_hand(2)).unwrap();
            w.ask(&by_hand(1)).unwrap();
            w.rest();
            made.push(w);
        }
    }
    let mut w = asked(&[], 5, 1);
    w.ask(&by_hand(2)).unwrap();
    w.ask(&C::CancelLines { lines: vec![1], reason: None }).unwrap();
    w.rest();
    made.push(w);
    made
}

/// The kind: a gift that is not there is a wrong pick, in every lane and at any status; the order stays as it was.
#[test]
fn a_gift_by_hand_that_is_not_there_is_refused_in_every_lane() {
    for (path, status) in paths() {
        for (there, expected) in [(0, Some(Reason::SoldOut)), (1, Some(Reason::InsufficientStock)), (2, None)] {
            for lane in [0, 1] {
                let what = format!("{status:?} {there} {lane}");
                let mut w = asked(&path, there, lane);
                let before = w.o().lines.clone();
                let said = match w.ask(&by_hand(2)) {
                    Ok(_) => {
                        w.rest();
                        w.history.iter().find_map(|(e, _)| {
                            if let Event::Denied { reason, facts, .. } = e {
                                Some((*reason, (**facts).clone()))
                            } else {
                                None
                            }
                        })
                    }
                    Err(refusal) => Some((refusal.reason, refusal.facts)),
                };
                assert_eq!(said.as_ref().map(|(reason, _)| *reason), expected, "{what}");
                if let Some((_, facts)) = &said {
                    let told = (facts.line_no, facts.position.is_some());
                    assert_eq!(told, (None, lane == 0), "{what}");
                    assert_eq!((w.o().lines.clone(), w.stock("g").0), (before, there), "{what}");
                    assert!(w.o().cancels.is_empty());
                } else {
                    let gift = w.o().line(3).unwrap();
                    assert_eq!((gift.active(), gift.deducted, w.stock("g").0), (2, 2, 0), "{what}");
                    assert_eq!(gift.status == Status::Ordered, status == Status::Ordered, "{what}");
                }
                assert!(w.o().reservations.iter().all(|r| r.state != ReserveState::Asked));
            }
        }
    }
}

#[test]
fn a_gift_that_comes_when_its_goods_have_gone_goes_back() {
    let mut w = from_another_lane().pop().unwrap();
    assert_eq!((w.o().lines.len(), w.stock("g").0, w.status()), (2, 5, Status::Ordered));
    let no = w.history.iter().any(|(e, _)| matches!(e, Event::Denied { reason: Reason::IllegalTransition, .. }));
    assert!(no, "{:?}", w.history);
    // nothing is asked of a line that has left
    assert_eq!(w.ask(&by_hand(1)).unwrap_err().reason, Reason::IllegalTransition);
}

#[test]
fn a_gift_that_was_asked_for_starts_where_its_goods_have_come_to() {
    let mut w = asked(&[], 5, 1);
    w.ask(&by_hand(1)).unwrap();
    w.ask(&by_hand(2)).unwrap();
    w.ask(&C::Prepare).unwrap();
    w.rest();
    let gifts: Vec<_> = w.o().lines.iter().filter(|l| l.gift).map(|l| (l.no, l.active(), l.status)).collect();
    assert_eq!(gifts, [(3, 1, Status::Preparing), (4, 2, Status::Preparing)]);
    assert_eq!(w.stock("g"), (2, 0, 3));
}
