//! The kind: a return comes to something else than was asked for (fault, inspection, units that never come), and its money
//! is worked out anew to the won; nothing that went is asked for again, and no unit vanishes.

use super::{
    acts::{found, give_back, give_up, units, withdraw},
    claims::{order, procured, shipped},
    deep::shop,
    world::{World, card, line, pay, place},
};
use crate::domain::{
    catalog::{PointsPolicy, ReturnThreshold, SkuInfo},
    fee::FeeReason,
    money::Won,
    order::{
        OrderCommand as C,
        claim::{Fault, RefundTiming, ReturnState},
        command::{Paid, PaymentMethod, PaymentOffer},
        delivery::{DeliveredBy, ShipMethod},
        state::Stage,
    },
    reason::Reason,
    status::Status,
};

const ALL: Vec<u16> = Vec::new();

/// `n` of goods "c" (333 won, 700 won of shipping) at the buyer's.
fn sent(n: u32) -> World {
    let mut path = shipped();
    path.push(super::acts::delivery(DeliveredBy::Forced, ALL));
    order(shop(1), vec![line("c", n)], &path)
}

fn ask(w: &mut World, command: &C) {
    w.ask(command).unwrap_or_else(|e| panic!("{}: {}", command.name(), e.message()));
    w.rest();
}

fn back(quantity: u32, fault: Fault) -> C {
    C::RequestReturn(give_back(&[(1, quantity)], fault))
}

fn approve(fault: Option<Fault>, timing: Option<RefundTiming>) -> C {
    C::ApproveReturn { group: 1, timing, fault }
}

fn collect(quantity: u32) -> C {
    C::CollectReturn { group: 1, lines: vec![units(1, quantity)] }
}

fn complete(inspected: Vec<crate::domain::order::command::Found>, fault: Option<Fault>) -> C {
    C::CompleteReturn { group: 1, inspected, fault }
}

/// (refundable, planned, excluded)
fn money(w: &World) -> (i64, i64, i64) {
    let s = &w.o().settlements[0];
    (s.refundable.get(), s.planned.get(), s.excluded.get())
}

#[test]
fn whose_fault_it_is_may_be_corrected_at_approval_and_at_completion_either_way() {
    // what each fault comes to in the end, by whatever way it was found
    for (said, right, end) in [
        (Fault::Seller, Fault::Buyer, (0, 0, 666 + 700)),
        (Fault::Buyer, Fault::Seller, (0, 666 + 700, 0)),
        (Fault::Buyer, Fault::Buyer, (0, 0, 666 + 700)),
        (Fault::Seller, Fault::Seller, (0, 666 + 700, 0)),
    ] {
        for at in ["request", "approval", "completion"] {
            let mut w = sent(2);
            let at_first = if at == "request" { right } else { said };
            ask(&mut w, &back(2, at_first));
            ask(&mut w, &approve((at == "approval").then_some(right), None));
            ask(&mut w, &collect(2));
            ask(&mut w, &complete(Vec::new(), (at == "completion").then_some(right)));
            // the fee of 700 is bounded by the goods' 666; the outbound fee was spent, or goes back
            assert_eq!(money(&w), end, "{said:?} corrected to {right:?} at {at}");
            assert_eq!(w.o().return_of(1).unwrap().fault, right);
            assert_eq!(w.status(), Status::Returned);
        }
    }
}

#[test]
fn a_fault_is_not_corrected_to_what_would_ask_money_back() {
    let mut w = sent(2);
    ask(&mut w, &back(2, Fault::Seller));
    let mut early = give_back(&[(1, 2)], Fault::Seller);
    early.may_override = true;
    ask(&mut w, &approve(None, Some(RefundTiming::BeforeCollection)));
    ask(&mut w, &collect(2));
    let refused = w.ask(&complete(Vec::new(), Some(Fault::Buyer))).unwrap_err();
    assert_eq!(refused.reason, Reason::IllegalTransition);
    // nor are goods sent back whose money is the buyer's again
    for rejected in [1, 2] {
        let refused = w.ask(&complete(vec![found(1, (2 - rejected, 0, rejected), 0)], None)).unwrap_err();
        assert_eq!(refused.reason, Reason::IllegalTransition);
        assert!(refused.facts.detail.unwrap().contains("take its goods in"));
    }
    ask(&mut w, &complete(Vec::new(), None));
    // the other way more goes back, whenever it is found
    let mut w = sent(2);
    ask(&mut w, &back(2, Fault::Buyer));
    ask(&mut w, &approve(None, Some(RefundTiming::BeforeCollection)));
    ask(&mut w, &collect(2));
    ask(&mut w, &complete(Vec::new(), Some(Fault::Seller)));
    assert_eq!(money(&w), (0, 1_366, 0));
    assert!(w.o().refunds.iter().filter(|f| f.open()).all(|f| matches!(f.stage, Stage::Due(_))));
}

#[test]
fn a_threshold_makes_the_way_back_free_unless_the_shop_says_otherwise() {
    for (policy, kept) in [(ReturnThreshold::Applies, 0), (ReturnThreshold::Ignored, 700)] {
        let mut w = shop(1);
        for (info, _) in w.skus.iter_mut().filter(|(i, _)| i.sku_id.as_str() == "c") {
            *info = SkuInfo { threshold: Some(Won::new(900)), ..info.clone() };
        }
        w.policy.return_threshold = policy;
        let mut w = order(w, vec![line("c", 3)], &shipped());
        ask(&mut w, &back(3, Fault::Buyer));
        assert_eq!(money(&w), (0, 999 - kept, kept), "{policy:?}");
    }
}

#[test]
fn inspection_keeps_back_a_part_with_a_reason_up_to_what_the_goods_were_paid() {
    for (inspected, end) in [
        (vec![found(1, (1, 1, 0), 100)], Ok((0, 1_266, 100))),
        (vec![found(1, (0, 2, 0), 666)], Ok((0, 700, 666))),
        (vec![found(1, (0, 2, 0), 667)], Err(Reason::AmountMismatch)),
        (vec![found(1, (0, 2, 0), -1)], Err(Reason::Invalid)),
        // one is not taken: what is kept back is of the other
        (vec![found(1, (0, 1, 1), 333)], Ok((333 + 700, 0, 333))),
        (vec![found(1, (0, 1, 1), 334)], Err(Reason::AmountMismatch)),
        (vec![found(1, (1, 0, 0), 0)], Err(Reason::QuantityExceeded)),
        (vec![found(1, (u32::MAX, u32::MAX, 2), 0)], Err(Reason::QuantityExceeded)),
    ] {
        let mut w = sent(2);
        for command in [back(2, Fault::Seller), approve(None, None), collect(2)] {
            ask(&mut w, &command);
        }
        match end {
            Ok(end) => {
                ask(&mut w, &complete(inspected, None));
                assert_eq!(money(&w), end);
            }
            Err(reason) => assert_eq!(w.ask(&complete(inspected, None)).unwrap_err().reason, reason),
        }
    }
    // no reason, no part
    let mut w = sent(1);
    for command in [back(1, Fault::Seller), approve(None, None), collect(1)] {
        ask(&mut w, &command);
    }
    let silent = crate::domain::order::command::Found { reason: None, ..found(1, (1, 0, 0), 10) };
    assert_eq!(w.ask(&complete(vec![silent], None)).unwrap_err().reason, Reason::Invalid);
}

#[test]
fn goods_that_are_not_taken_go_back_to_the_buyer_with_their_money() {
    let mut w = sent(3);
    for command in [back(3, Fault::Buyer), approve(None, None), collect(3)] {
        ask(&mut w, &command);
    }
    ask(&mut w, &complete(vec![found(1, (1, 0, 2), 0)], None));
    let l = &w.o().lines[0];
    assert_eq!((l.free(), l.returned, l.shown(), w.stock("c").0), (2, 1, Status::Shipped, 3));
    assert_eq!(money(&w), (666 + 700, 0, 333));
    ask(&mut w, &C::ConfirmPurchase { lines: ALL });
    assert_eq!(w.status(), Status::PurchaseConfirmed);
}

#[test]
fn what_came_is_settled_and_what_is_out_is_withdrawn() {
    for (by_buyer, fault) in [(true, Fault::Seller), (false, Fault::Seller), (true, Fault::Buyer)] {
        let mut w = sent(3);
        for command in [back(3, fault), approve(None, None), collect(2)] {
            ask(&mut w, &command);
        }
        // the two are in the warehouse: they do not vanish by a word
        let whole = C::WithdrawReturn { group: 1, lines: Vec::new(), by_buyer };
        assert_eq!(w.ask(&whole).unwrap_err().reason, Reason::IllegalTransition);
        assert_eq!(w.ask(&C::ConfirmPurchase { lines: ALL }).unwrap_err().reason, Reason::IllegalTransition);
        for too_many in [0, 2] {
            let rest = C::WithdrawReturn { group: 1, lines: vec![units(1, too_many)], by_buyer };
            assert_eq!(w.ask(&rest).unwrap_err().reason, Reason::QuantityExceeded);
        }
        ask(&mut w, &C::WithdrawReturn { group: 1, lines: vec![units(1, 1)], by_buyer });
        let r = w.o().return_of(1).unwrap();
        assert_eq!((r.state, r.lines[0].quantity, r.lines[0].withdrawn), (ReturnState::Collected, 2, 1));
        ask(&mut w, &complete(Vec::new(), None));
        let kept = if fault == Fault::Buyer { 666 } else { 0 };
        assert_eq!(money(&w), (333 + 700, 666 - kept, kept));
        assert_eq!((w.o().lines[0].free(), w.stock("c").0), (1, 4));
        ask(&mut w, &C::ConfirmPurchase { lines: ALL });
    }
}

#[test]
fn what_never_comes_though_its_money_went_is_written_off_or_charged() {
    for (came, charge) in [(2, None), (0, None), (1, Some(600)), (2, Some(333))] {
        let mut w = sent(3);
        ask(&mut w, &back(3, Fault::Seller));
        ask(&mut w, &approve(None, Some(RefundTiming::BeforeCollection)));
        for by_buyer in [true, false] {
            let whole = C::WithdrawReturn { group: 1, lines: Vec::new(), by_buyer };
            assert_eq!(w.ask(&whole).unwrap_err().reason, Reason::IllegalTransition, "its money is on its way");
        }
        if came > 0 {
            ask(&mut w, &collect(came));
        }
        let rest = C::WithdrawReturn { group: 1, lines: vec![units(1, 1)], by_buyer: false };
        assert_eq!(w.ask(&rest).unwrap_err().reason, Reason::IllegalTransition);
        let too_much = C::WriteOffReturn { group: 1, what: give_up(Vec::new(), Some(333 * i64::from(3 - came) + 1)) };
        assert_eq!(w.ask(&too_much).unwrap_err().reason, Reason::AmountMismatch);
        ask(&mut w, &C::WriteOffReturn { group: 1, what: give_up(Vec::new(), charge) });
        if came > 0 {
            ask(&mut w, &complete(Vec::new(), None));
        }
        let r = w.o().return_of(1).unwrap();
        assert_eq!((r.state, r.lines[0].written_off), (ReturnState::Completed, 3 - came));
        // the buyer has them; the books say so
        assert_eq!((w.o().lines[0].deducted, w.stock("c").0), (3 - came, i64::from(2 + came)));
        assert_eq!(money(&w), (0, 1_699, 0));
        assert_eq!(w.o().surcharge_due(), Won::new(charge.unwrap_or(0)));
        assert_eq!(w.status(), Status::Returned);
    }
    // where no money went, it is no loss: what is out stays the buyer's
    let mut w = sent(2);
    for command in [back(2, Fault::Seller), approve(None, None), collect(1)] {
        ask(&mut w, &command);
    }
    let off = C::WriteOffReturn { group: 1, what: give_up(Vec::new(), None) };
    assert_eq!(w.ask(&off).unwrap_err().reason, Reason::IllegalTransition);
}

/// The kind: what an inspection finds, of money that went before the goods. It is owed: paid, or settled by the next refund.
#[test]
fn what_is_worth_less_though_its_money_went_is_owed() {
    for (lanes, kept, pays) in [(1, 100, true), (2, 666, false), (1, 666, true), (2, 1, false)] {
        let mut w = order(shop(lanes), vec![line("c", 3)], &shipped());
        ask(&mut w, &back(2, Fault::Seller));
        ask(&mut w, &approve(None, Some(RefundTiming::BeforeCollection)));
        ask(&mut w, &collect(2));
        let gone = money(&w);
        let too_much = w.ask(&complete(vec![found(1, (0, 2, 0), 667)], None)).unwrap_err();
        assert_eq!(too_much.reason, Reason::AmountMismatch);
        ask(&mut w, &complete(vec![found(1, (0, 2, 0), kept)], None));
        assert_eq!((money(&w), w.o().surcharge_due().get()), (gone, kept));
        let fee = w.o().fees.last().unwrap();
        assert_eq!((fee.reason, fee.unpaid), (FeeReason::Damaged, true));
        assert_eq!(w.o().return_of(1).unwrap().state, ReturnState::Completed);
        if pays {
            ask(&mut w, &pay("d", kept));
            assert_eq!(w.o().surcharge_due(), Won::ZERO);
        } else {
            ask(&mut w, &C::RequestReturn(give_back(&[(1, 1)], Fault::Seller)));
            assert_eq!((money(&w).2, w.o().surcharge_due()), (kept, Won::ZERO));
        }
        w.refolds();
    }
}

/// What was written off and charged for is not charged for once more, and fees with what is kept back are at most the goods'.
#[test]
fn what_is_charged_after_the_money_went_is_at_most_what_the_goods_were_paid() {
    let mut w = sent(2);
    ask(&mut w, &back(2, Fault::Seller));
    ask(&mut w, &approve(None, Some(RefundTiming::BeforeCollection)));
    ask(&mut w, &collect(1));
    ask(&mut w, &C::WriteOffReturn { group: 1, what: give_up(Vec::new(), Some(333)) });
    let twice = w.ask(&complete(vec![found(1, (0, 1, 0), 334)], None)).unwrap_err();
    assert_eq!(twice.reason, Reason::AmountMismatch);
    ask(&mut w, &complete(vec![found(1, (0, 1, 0), 333)], None));
    assert_eq!(w.o().surcharge_due(), Won::new(666));
    let mut w = sent(3);
    ask(&mut w, &back(3, Fault::Buyer));
    ask(&mut w, &approve(None, Some(RefundTiming::BeforeCollection)));
    ask(&mut w, &collect(3));
    ask(&mut w, &complete(vec![found(1, (0, 3, 0), 999)], None));
    // 999 won of goods, of which the way back has taken 700
    assert_eq!(w.o().surcharge_due(), Won::new(299));
    w.refolds();
}

#[test]
fn the_outbound_fee_of_goods_that_all_came_back_by_the_buyers_fault_is_kept_back() {
    // in one return, in two, in either order of their ends
    let mut w = sent(2);
    for command in [back(2, Fault::Buyer), approve(None, None), collect(2), complete(Vec::new(), None)] {
        ask(&mut w, &command);
    }
    assert_eq!(money(&w), (0, 0, 1_366));
    for order in [[1, 2], [2, 1]] {
        let mut w = sent(2);
        for group in [1, 2] {
            ask(&mut w, &back(1, Fault::Buyer));
            ask(&mut w, &C::ApproveReturn { group, timing: None, fault: None });
        }
        for group in order {
            ask(&mut w, &C::CollectReturn { group, lines: Vec::new() });
            ask(&mut w, &C::CompleteReturn { group, inspected: Vec::new(), fault: None });
        }
        assert_eq!(money(&w), (0, 0, 1_366), "{order:?}");
    }
    // a part that stays keeps it where it is
    let mut w = sent(2);
    ask(&mut w, &back(1, Fault::Buyer));
    ask(&mut w, &withdraw(1));
    assert_eq!(money(&w), (1_366, 0, 0));
}

#[test]
fn goods_that_inspection_sends_back_earn_what_they_would_have() {
    // at delivery, while a return has them; 666 won, 7 %, all by card or 300 won of it by points
    for (points, sellable, rejected, earned) in [(0, 0, 2, 46), (0, 1, 1, 23), (300, 0, 2, 25)] {
        let mut w = shop(1);
        w.policy.points = PointsPolicy::AtDelivery;
        ask(&mut w, &place(vec![line("a", 2)], false, PaymentOffer::Later));
        let due = w.o().due_now();
        let used = Paid { method: PaymentMethod::Points, ..card("p", points) };
        let settlements =
            [card("k", due.get() - points), used].into_iter().filter(|p| p.amount.is_positive()).collect();
        ask(&mut w, &C::ApprovePayment { settlements, verified: true });
        for then in procured() {
            ask(&mut w, &then);
        }
        ask(&mut w, &C::ShipBy { method: ShipMethod::Own, lines: ALL, in_transit: true, waybills: Vec::new() });
        ask(&mut w, &back(2, Fault::Seller));
        ask(&mut w, &super::acts::delivery(DeliveredBy::Carrier, ALL));
        ask(&mut w, &approve(None, Some(RefundTiming::AfterCollection)));
        ask(&mut w, &collect(2));
        ask(&mut w, &complete(vec![found(1, (sellable, 0, rejected), 0)], None));
        assert_eq!(w.o().lines[0].points_earned, Won::new(earned), "{points} {sellable} {rejected}");
    }
}

/// Money never goes out and is owed side by side: what a corrected fault gives back pays for what the inspection keeps back.
#[test]
fn what_is_kept_back_where_the_money_went_is_kept_of_what_a_corrected_fault_gives_back() {
    for (kept, of_fault, owed) in [(0, 0, 0), (2_000, 2_000, 0), (6_000, 6_000, 0), (7_000, 6_000, 1_000)] {
        for corrected in [true, false] {
            let shop = World::new(vec![(super::world::sku("a", "t", 10_000, 3_000), 0, 9)]);
            let mut w = order(shop, vec![line("a", 1)], &shipped());
            let before = Some(RefundTiming::BeforeCollection);
            [back(1, Fault::Buyer), approve(None, before), collect(1)].iter().for_each(|c| ask(&mut w, c));
            let planned = |w: &World| w.o().refunds.iter().filter(|r| r.open()).map(|r| r.amount.get()).sum::<i64>();
            assert_eq!(planned(&w), 7_000, "the way back is the buyer's, and the way there was for nothing");
            let fault = corrected.then_some(Fault::Seller);
            ask(&mut w, &complete(vec![found(1, (1, 0, 0), kept)], fault));
            let line = &w.o().return_of(1).unwrap().lines[0];
            let is = (planned(&w), line.withheld_amount.get(), w.o().surcharge_due().get());
            let expected = if corrected { (13_000 - of_fault, of_fault, owed) } else { (7_000, 0, kept) };
            assert_eq!(is, expected, "{kept} {corrected}");
        }
    }
}

#[test]
fn a_write_off_charges_the_seller_of_the_lines() {
    let theirs = |info: SkuInfo| SkuInfo { partner_id: crate::domain::ids::PartnerId::stored("2"), ..info };
    let of_two = || {
        let b = theirs(super::world::sku("b", "u", 7_000, 0));
        let g = theirs(super::world::gift("g"));
        let a = super::world::sku("a", "t", 10_000, 0);
        let w = World::new([a, b, g].map(|info| (info, 0, 9)).to_vec());
        let lines = vec![super::world::gift_of("g", 2), line("a", 1), line("b", 1)];
        let mut w = order(w, lines, &shipped());
        ask(&mut w, &C::RequestReturn(give_back(&[(2, 1), (3, 1)], Fault::Seller)));
        ask(&mut w, &approve(None, Some(RefundTiming::BeforeCollection)));
        w
    };
    let off = |lines: &[u16], charge| {
        let lines = lines.iter().map(|no| units(*no, 1)).collect();
        C::WriteOffReturn { group: 1, what: give_up(lines, charge) }
    };
    let mut w = of_two();
    for lines in [&[][..], &[2, 3]] {
        assert_eq!(w.ask(&off(lines, Some(100))).unwrap_err().reason, Reason::Invalid);
    }
    // the gift is another's, and was paid nothing
    ask(&mut w, &off(&[1, 2], Some(10_000)));
    ask(&mut w, &off(&[3], Some(7_000)));
    let debts = w.o().fees.iter().filter(|f| f.reason == FeeReason::Unreturned);
    let debts: Vec<_> = debts.map(|f| (f.partner_id.as_str(), f.amount.get())).collect();
    assert_eq!(debts, [("1", 10_000), ("2", 7_000)]);
    // nothing is charged: all at once
    ask(&mut of_two(), &off(&[], None));
}
