//! Gifts are entitled: how many may come, by which promotion, and what becomes of them when goods or gifts run out, wherever
//! both live and whenever stock is judged.

use std::sync::Arc;

use super::{
    acts::{give_back, units},
    claims::{add_product, ask, exchange, order, procured},
    world::{World, card, gift, gift_of, gifts, line, pay, place, sku},
};
use crate::domain::{
    Time,
    catalog::{SkuInfo, StockPolicy},
    gift::{GiftPromotion, GiftSoldOut, Unpromoted},
    ids::{ProductId, PromotionId},
    money::Won,
    order::{
        OrderCommand as C,
        claim::{Fault, GiftReason},
        command::{PaymentOffer, StockCount, Wanted},
        event::{Event, ReservedLine},
        state::Placement,
    },
    reason::{Reason, Refusal},
    stock::Move,
};

const LATER: PaymentOffer = PaymentOffer::Later;

pub(super) fn paid(won: i64) -> PaymentOffer {
    PaymentOffer::Approved(vec![card("k", won)])
}

/// `units` of a gift, with line 1; of a promotion, if one is named.
fn of(sku: &str, units: u32, promotion: Option<&str>) -> Wanted {
    Wanted { quantity: units, gift_promotion_id: promotion.map(PromotionId::stored), ..gift_of(sku, 1) }
}

/// Main goods a and b at 1,000 won, gifts g and h: so many of each, in these lanes.
pub(super) fn shop(units: [i64; 4], lanes: [u32; 4]) -> World {
    let infos = [sku("a", "t", 1_000, 0), sku("b", "t", 1_000, 0), gift("g"), gift("h")];
    World::new(infos.into_iter().zip(lanes).zip(units).map(|((info, lane), n)| (info, lane, n)).collect())
}

fn here(units: [i64; 4]) -> World {
    shop(units, [0; 4])
}

fn with(mut w: World, promotions: Vec<Arc<GiftPromotion>>) -> World {
    w.gift_promotions = promotions;
    w
}

fn one_for_two() -> Vec<Arc<GiftPromotion>> {
    vec![gifts("gp", &["a"], &["g", "h"], (1, 2), GiftSoldOut::Continue)]
}

fn refused(w: &mut World, lines: Vec<Wanted>, partial: bool) -> Refusal {
    w.ask(&place(lines, partial, LATER)).unwrap_err()
}

#[test]
fn no_more_gifts_come_than_a_promotion_gives() {
    // a kind: the client's word is not enough; by name or without, one line or several, one SKU or its neighbour
    for named in [Some("gp"), None] {
        for (main, lines, fits) in [
            (2, vec![("g", 1)], true),
            (3, vec![("g", 1)], true),
            (4, vec![("g", 1), ("h", 1)], true),
            (1, vec![("g", 1)], false),
            (2, vec![("g", 2)], false),
            (2, vec![("g", 1), ("h", 1)], false),
            (4, vec![("g", 1), ("g", 1), ("h", 1)], false),
            (2, vec![("g", 400)], false),
        ] {
            let mut w = with(here([500; 4]), one_for_two());
            let mut wanted = vec![line("a", main)];
            wanted.extend(lines.iter().map(|&(sku, units)| of(sku, units, named)));
            let answer = w.ask(&place(wanted, true, LATER));
            assert_eq!(answer.is_ok(), fits, "{named:?} {main} {lines:?}");
            if let Err(refusal) = answer {
                assert_eq!(refusal.reason, Reason::GiftNotEntitled);
                assert!(refusal.facts.available < refusal.facts.requested, "{:?}", refusal.facts);
                continue;
            }
            let id = Some(PromotionId::stored("gp"));
            assert!(w.o().lines[1..].iter().all(|l| l.gift_promotion_id == id && l.entitled.is_some()));
        }
    }
}

#[test]
fn a_promotion_is_known_applies_now_and_is_of_these_goods() {
    let soon = |ms: i64| Time::from_timestamp_millis(1_000_000 + ms).unwrap();
    let promotion = |opens_at, closes_at| {
        let p = gifts("gp", &["a"], &["g"], (1, 1), GiftSoldOut::Continue);
        vec![Arc::new(GiftPromotion { opens_at, closes_at, ..(*p).clone() })]
    };
    let cases = [
        (promotion(None, None), "a", "g", "no-such", Err(Reason::UnknownPromotion)),
        (promotion(Some(soon(1)), None), "a", "g", "gp", Err(Reason::UnknownPromotion)),
        (promotion(None, Some(soon(0))), "a", "g", "gp", Err(Reason::UnknownPromotion)),
        (promotion(Some(soon(0)), Some(soon(1))), "a", "g", "gp", Ok(())),
        (promotion(None, None), "b", "g", "gp", Err(Reason::GiftNotEntitled)),
        (promotion(None, None), "a", "h", "gp", Err(Reason::GiftNotEntitled)),
    ];
    for (promotions, main, sku, id, expected) in cases {
        let mut w = with(here([9; 4]), promotions);
        let answer = w.ask(&place(vec![line(main, 1), of(sku, 1, Some(id))], false, LATER));
        assert_eq!(answer.map(drop).map_err(|r| r.reason), expected, "{main} {sku} {id}");
    }
    // once a promotion was registered for a gift, it comes by that or not at all
    for (promotions, main) in [(promotion(None, Some(soon(0))), "a"), (promotion(None, None), "b")] {
        let mut w = with(here([9; 4]), promotions);
        assert_eq!(refused(&mut w, vec![line(main, 1), of("g", 1, None)], false).reason, Reason::GiftNotEntitled);
    }
}

#[test]
fn of_several_promotions_the_first_that_is_enough_gives() {
    let two = vec![
        gifts("p1", &["a"], &["g"], (1, 2), GiftSoldOut::Continue),
        gifts("p2", &["a"], &["g"], (2, 1), GiftSoldOut::Continue),
    ];
    let mut w = with(here([9; 4]), two);
    // p1 gives one; p2 what is more, and both together three
    w.ask(&place(vec![line("a", 2), of("g", 1, None), of("g", 2, None), of("g", 2, None)], false, LATER)).unwrap();
    let by: Vec<_> = w.o().lines[1..].iter().map(|l| l.gift_promotion_id.clone().unwrap().to_string()).collect();
    assert_eq!(by, ["p1", "p2", "p2"]);
    let mut w = with(here([9; 4]), w.gift_promotions.clone());
    let refusal = refused(&mut w, vec![line("a", 2), of("g", 5, None)], false);
    assert_eq!((refusal.reason, refusal.facts.available), (Reason::GiftNotEntitled, Some(4)));
}

#[test]
fn without_any_promotion_one_gift_comes_with_a_unit_or_none() {
    for (policy, main, lines, fits) in [
        (Unpromoted::OnePerUnit, 1, vec![("g", 1)], true),
        (Unpromoted::OnePerUnit, 3, vec![("g", 1), ("h", 2)], true),
        (Unpromoted::OnePerUnit, 1, vec![("g", 400)], false),
        (Unpromoted::OnePerUnit, 1, vec![("g", 1), ("h", 1)], false),
        (Unpromoted::OnePerUnit, 2, vec![("g", 1), ("g", 1), ("g", 1)], false),
        (Unpromoted::Refuse, 1, vec![("g", 1)], false),
    ] {
        let mut w = here([500; 4]);
        w.policy.unpromoted_gifts = policy;
        let mut wanted = vec![line("a", main)];
        wanted.extend(lines.iter().map(|&(sku, units)| of(sku, units, None)));
        let answer = w.ask(&place(wanted, true, LATER)).map(drop).map_err(|r| r.reason);
        assert_eq!(answer, if fits { Ok(()) } else { Err(Reason::GiftNotEntitled) }, "{policy:?} {main} {lines:?}");
    }
}

#[test]
fn a_gift_that_ran_out_never_cuts_main_goods() {
    // here and in another lane; placed, paid at once, judged at payment; with parts allowed and without
    for lanes in [[0, 0, 0, 0], [0, 0, 1, 0], [1, 0, 0, 0], [1, 0, 1, 0], [1, 0, 2, 0]] {
        for policy in [StockPolicy::HoldAtPlacement, StockPolicy::DeductAtPayment] {
            for (paid_now, partial) in [(false, false), (true, false), (false, true), (true, true)] {
                for there in [0, 1] {
                    let what = format!("{lanes:?} {policy:?} paid {paid_now} partial {partial} {there}");
                    let mut w = shop([5, 5, there, 5], lanes);
                    w.policy.stock = policy;
                    let offer = if paid_now { paid(3_000) } else { LATER };
                    let lines = vec![line("b", 1), line("a", 2), Wanted { main_line_no: Some(2), ..of("g", 2, None) }];
                    w.ask(&place(lines, partial, offer)).unwrap_or_else(|r| panic!("{what}: {}", r.message()));
                    w.rest();
                    if !paid_now {
                        let due = w.o().amount_due();
                        assert_eq!(due, Won::new(3_000), "{what}");
                        w.ask(&pay("k", 3_000)).unwrap();
                        w.rest();
                    }
                    assert_eq!(w.o().placement, Placement::Done, "{what}");
                    let active: Vec<u32> = w.o().lines.iter().map(|l| l.active()).collect();
                    assert_eq!(active, [1, 2, u32::try_from(there).unwrap()], "{what}");
                    assert!(w.o().settlements.iter().all(|s| s.planned.is_zero()), "{what}");
                }
            }
        }
    }
}

#[test]
fn a_promotion_may_refuse_the_order_when_its_gift_has_run_out() {
    for lanes in [[0, 0, 0, 0], [0, 0, 1, 0], [1, 0, 1, 0]] {
        for (partial, there, reason) in
            [(false, 0, Reason::SoldOut), (true, 0, Reason::SoldOut), (true, 1, Reason::InsufficientStock)]
        {
            let refuse = vec![gifts("gp", &["a"], &["g"], (1, 1), GiftSoldOut::Refuse)];
            let mut w = with(shop([5, 5, there, 5], lanes), refuse);
            let lines = vec![line("b", 1), line("a", 2), Wanted { main_line_no: Some(2), ..of("g", 2, None) }];
            let answer = w.ask(&place(lines, partial, LATER));
            w.rest();
            if let Err(refusal) = answer {
                assert_eq!((refusal.reason, refusal.facts.line_no), (reason, Some(3)), "{lanes:?} {partial} {there}");
            } else {
                assert_eq!(w.o().placement, Placement::Failed, "{lanes:?} {partial} {there}");
            }
            assert_eq!((w.stock("a").1, w.stock("g").0), (0, there), "{lanes:?} {partial} {there}");
        }
    }
}

#[test]
fn gifts_follow_main_goods_that_are_cut() {
    // two gifts for three units; 6 are wanted, 4 or 2 are there
    let rate = || vec![gifts("gp", &["a"], &["g", "h"], (2, 3), GiftSoldOut::Continue)];
    for lanes in [[0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 1, 1], [1, 0, 1, 2], [1, 0, 0, 2]] {
        for policy in [StockPolicy::HoldAtPlacement, StockPolicy::DeductAtPayment] {
            for (there, g, h) in [(6, 3, 1), (4, 2, 0), (2, 0, 0)] {
                for paid_now in [false, true] {
                    let what = format!("{lanes:?} {policy:?} {there} paid {paid_now}");
                    let mut w = with(shop([there, 5, 9, 9], lanes), rate());
                    w.policy.stock = policy;
                    let gift = |sku, n| Wanted { main_line_no: Some(2), ..of(sku, n, Some("gp")) };
                    let lines = vec![line("b", 1), line("a", 6), gift("g", 3), gift("h", 1)];
                    let offer = if paid_now { paid(7_000) } else { LATER };
                    w.ask(&place(lines, true, offer)).unwrap();
                    w.rest();
                    if !paid_now {
                        let due = w.o().amount_due().get();
                        w.ask(&pay("k", due)).unwrap();
                        w.rest();
                    }
                    let active: Vec<u32> = w.o().lines.iter().map(|l| l.active()).collect();
                    assert_eq!(active, [1, u32::try_from(there).unwrap(), g, h], "{what}");
                    let shelf = (w.stock("g").0, w.stock("h").0);
                    assert_eq!(shelf, (9 - i64::from(g), 9 - i64::from(h)), "{what}");
                }
            }
        }
    }
}

#[test]
fn another_lane_is_asked_for_no_more_gifts_than_the_goods_that_are_left_entitle_to() {
    // two of three units are here, two gifts are there: what is missing was not wanted any more
    let refuse = vec![gifts("gp", &["a"], &["g"], (1, 1), GiftSoldOut::Refuse)];
    let mut w = with(shop([2, 5, 2, 5], [0, 0, 1, 0]), refuse);
    w.ask(&place(vec![line("a", 3), of("g", 3, None)], true, paid(3_000))).unwrap();
    w.rest();
    let active: Vec<u32> = w.o().lines.iter().map(|l| l.active()).collect();
    assert_eq!((w.o().placement.clone(), active), (Placement::Done, vec![2, 2]));
}

#[test]
fn gifts_that_were_asked_for_and_then_cut_are_cut_once() {
    // asked for in two other lanes at payment: the goods' answer comes first, and takes one gift along
    let mut w = shop([2, 5, 2, 5], [1, 0, 2, 0]);
    w.policy.stock = StockPolicy::DeductAtPayment;
    let lines = vec![line("b", 1), line("a", 3), Wanted { main_line_no: Some(2), ..of("g", 3, None) }];
    w.ask(&place(lines, false, LATER)).unwrap();
    w.rest();
    w.ask(&pay("k", 4_000)).unwrap();
    w.rest();
    let active: Vec<u32> = w.o().lines.iter().map(|l| l.active()).collect();
    assert_eq!((active, w.stock("g").0), (vec![1, 2, 2], 0));
}

#[test]
fn gifts_follow_goods_that_are_judged_away_or_lost_later() {
    for lanes in [[0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [1, 0, 2, 0]] {
        for lost_later in [false, true] {
            let mut w = shop([9, 9, 9, 9], lanes);
            let lines = vec![line("b", 1), line("a", 3), Wanted { main_line_no: Some(2), ..of("g", 3, None) }];
            w.ask(&place(lines, false, paid(4_000))).unwrap();
            w.rest();
            if lost_later {
                w.ask(&C::Prepare).unwrap();
                w.ask(&C::ReportStockLoss { lines: vec![ReservedLine { line_no: 2, quantity: 1 }] }).unwrap();
            } else {
                w.ask(&C::ConfirmStock { lines: vec![StockCount { line_no: 2, available: 2 }] }).unwrap();
            }
            w.rest();
            // a unit of a is lost; its gift goes back on the shelf
            assert_eq!((w.o().lines[2].active(), w.stock("g").0, w.stock("a").0), (2, 7, 6), "{lanes:?} {lost_later}");
        }
    }
}

#[test]
fn a_gift_by_hand_needs_no_promotion() {
    let mut w = with(here([9; 4]), one_for_two());
    w.ask(&place(vec![line("a", 1)], false, paid(1_000))).unwrap();
    let sku_id = w.skus[2].0.sku_id.clone();
    w.ask(&C::AddGift { main_line_no: 1, sku_id, quantity: 3, reason: GiftReason::Complaint }).unwrap();
    assert_eq!((w.o().lines[1].active(), w.o().lines[1].entitled), (3, None));
}

#[test]
fn units_that_run_out_between_placement_and_payment_are_cut_alone() {
    let mut w = here([5, 5, 2, 5]);
    w.policy.stock = StockPolicy::DeductAtPayment;
    let refuse = vec![gifts("gp", &["a"], &["g"], (1, 1), GiftSoldOut::Refuse)];
    w.gift_promotions = refuse;
    w.ask(&place(vec![line("a", 2), of("g", 2, None)], false, LATER)).unwrap();
    let sku_id = w.skus[2].0.sku_id.clone();
    assert!(w.own(&sku_id, Move::Shrink, 2));
    // the money is in: what has run out since does not take the goods with it, whatever the promotion says
    w.ask(&pay("k", 2_000)).unwrap();
    w.rest();
    let active: Vec<u32> = w.o().lines.iter().map(|l| l.active()).collect();
    assert_eq!((active, w.o().settlements[0].planned), (vec![2, 0], Won::ZERO));
}

#[test]
fn what_is_left_out_is_told_without_gifts_that_follow_goods() {
    let told = |w: &World| -> Vec<(u16, u32)> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the others leave nothing out")]
        let of = |e: &Event| match e {
            Event::Placed(p) => p.omitted_gifts.clone(),
            Event::PlacementCompleted { omitted_gifts, .. } | Event::Cut { omitted_gifts, .. } => omitted_gifts.clone(),
            _ => Vec::new(),
        };
        w.history.iter().flat_map(|(e, _)| of(e)).map(|l| (l.line_no, l.quantity)).collect()
    };
    // main goods a, gifts g and h: so many there; so many asked; what is left out
    for (there, asked, expected) in [
        ([9, 9, 9, 9], (2, 1, 1), vec![]),
        ([9, 9, 0, 9], (2, 1, 1), vec![(2, 1)]),
        ([9, 9, 0, 0], (3, 2, 1), vec![(2, 2), (3, 1)]),
        // one unit of the goods is short: one gift follows it, another ran out
        ([2, 9, 1, 9], (3, 3, 0), vec![(2, 1)]),
        ([2, 9, 2, 9], (3, 3, 0), vec![]),
    ] {
        for lanes in [[0; 4], [0, 0, 1, 2], [1, 0, 0, 1]] {
            for deduct in [false, true] {
                // lanes that are asked at payment answer one after another: which hears first decides what follows what
                if deduct && lanes != [0; 4] && there[0] < i64::from(asked.0) {
                    continue;
                }
                let mut w = shop(there, lanes);
                if deduct {
                    w.policy.stock = StockPolicy::DeductAtPayment;
                }
                let mut lines = vec![line("b", 1), line("a", asked.0)];
                let gift = |sku, n| Wanted { main_line_no: Some(2), ..of(sku, n, None) };
                lines.extend([("g", asked.1), ("h", asked.2)].iter().filter(|(_, n)| *n > 0).map(|&(s, n)| gift(s, n)));
                w.ask(&place(lines, true, LATER)).unwrap();
                w.rest();
                let due = w.o().amount_due().get();
                w.ask(&pay("k", due)).unwrap();
                w.rest();
                let expected: Vec<_> = expected.iter().map(|&(no, n)| (no + 1, n)).collect();
                assert_eq!(told(&w), expected, "{there:?} {asked:?} {lanes:?} {deduct}");
                let kept: Vec<_> =
                    w.o().lines.iter().filter(|l| l.omitted_gifts > 0).map(|l| (l.no, l.omitted_gifts)).collect();
                assert_eq!(kept, expected);
                w.refolds();
            }
        }
    }
}

/// Three of a with three gifts, prepared, and of them so many exchanged for b.
fn swapped(lanes: [u32; 4], units: u32, promotion: (u32, u32)) -> World {
    let b = SkuInfo { product_id: ProductId::stored("p-a"), ..sku("b", "t", 1_000, 0) };
    let infos = [sku("a", "t", 1_000, 0), b, gift("g"), gift("h")];
    let mut w = World::new(infos.into_iter().zip(lanes).map(|(info, lane)| (info, lane, 9)).collect());
    w.gift_promotions = vec![gifts("gp", &["a"], &["g", "h"], promotion, GiftSoldOut::Continue)];
    let gifts = vec![of("g", promotion.0, None), of("h", 3 / promotion.1 * promotion.0 - promotion.0, None)];
    let lines = [vec![line("a", 3)], gifts].concat();
    let mut w = order(w, lines.into_iter().filter(|l| l.quantity > 0).collect(), &procured());
    ask(&mut w, &[exchange(1, units), add_product(1, Some("b"))]);
    w
}

fn gifts_left(w: &World) -> u32 {
    w.o().lines.iter().filter(|l| l.gift).map(crate::domain::order::state::Line::active).sum()
}

/// Gifts are for goods, whatever those were exchanged for.
#[test]
fn gifts_go_with_units_of_the_whole_chain_of_exchanges() {
    let back = |line_no| C::RequestReturn(give_back(&[(line_no, 1)], Fault::Seller));
    let lose = |line_no, n| C::ReportStockLoss { lines: vec![units(line_no, n)] };
    for lanes in [[0; 4], [0, 1, 0, 1], [1, 0, 2, 1]] {
        // all exchanged; a unit that is asked back takes no gift along, one that is lost does
        let mut w = swapped(lanes, 3, (1, 1));
        let new = w.o().lines.last().unwrap().no;
        ask(&mut w, &[back(new), lose(new, 1)]);
        assert_eq!(gifts_left(&w), 2, "{lanes:?}");
        // some exchanged: of what is left on either line
        let mut w = swapped(lanes, 2, (1, 1));
        ask(&mut w, &[lose(1, 1)]);
        assert_eq!(gifts_left(&w), 2, "{lanes:?}");
        // so many for so many
        let mut w = swapped(lanes, 2, (2, 2));
        let new = w.o().lines.last().unwrap().no;
        ask(&mut w, &[back(new), lose(new, 1)]);
        assert_eq!(gifts_left(&w), 2, "{lanes:?}");
        // an exchange that fails gives its units back to the original, which are refunded: one gift goes with them
        let mut w = swapped(lanes, 1, (1, 1));
        let new = w.o().lines.last().unwrap().no;
        ask(&mut w, &[lose(new, 1)]);
        assert_eq!(gifts_left(&w), 2, "{lanes:?}");
        w.at_rest();
        w.refolds();
    }
}

/// Ten of a, with five of g and five of h, of which the path has sent some; nine of a come back.
pub(crate) fn nine_of_ten_back(lanes: [u32; 4], path: &[C]) -> World {
    let mut w = order(shop([10; 4], lanes), vec![line("a", 10), of("g", 5, None), of("h", 5, None)], path);
    ask(&mut w, &[C::RequestReturn(give_back(&[(1, 9)], Fault::Seller))]);
    ask(&mut w, &[C::ApproveReturn { group: 1, timing: None, fault: None }]);
    if w.o().return_of(1).unwrap().lines[0].collect {
        let complete = C::CompleteReturn { group: 1, inspected: Vec::new(), fault: None };
        ask(&mut w, &[C::CollectReturn { group: 1, lines: Vec::new() }, complete]);
    }
    w
}

/// The kind: whatever takes goods, gifts that are still here are no more than what is left entitles to.
#[test]
fn gifts_that_have_not_left_go_with_goods_that_are_returned_in_part() {
    let ship = |lines: &[u16]| C::Ship { lines: lines.to_vec(), in_transit: true, waybills: Vec::new() };
    let upto = |n: usize| procured()[..n].to_vec();
    let sent = |lines: &[u16]| [procured(), vec![ship(lines)]].concat();
    let prepared = |lines: &[u16]| vec![C::PrepareOf { lines: lines.to_vec(), by: None }];
    for lanes in [[0; 4], [0, 0, 1, 0], [1, 0, 2, 1]] {
        // where goods and gifts are, and what is left of both gifts
        for (path, left) in [
            (upto(1), [1, 0]),
            (upto(2), [1, 0]),
            (upto(3), [1, 0]),
            (prepared(&[1]), [1, 0]),
            (prepared(&[1, 2]), [1, 0]),
            (sent(&[1]), [1, 0]),
            // what has left stays, and counts
            (sent(&[1, 2]), [5, 0]),
            (sent(&[3]), [0, 5]),
            (sent(&[1, 2, 3]), [5, 5]),
        ] {
            let w = nine_of_ten_back(lanes, &path);
            let free = [w.o().lines[1].free(), w.o().lines[2].free()];
            assert_eq!((w.o().lines[0].free(), free), (1, left), "{lanes:?} {path:?}");
            let shelf = [w.stock("g").0, w.stock("h").0];
            assert_eq!(shelf, left.map(|n| 10 - i64::from(n)), "{lanes:?} {path:?}");
        }
    }
}
