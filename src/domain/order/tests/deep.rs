//! Whatever is asked of an order that is paid, prepared, procured, shipped or claimed, in whatever order: the invariants
//! hold after every event, a refusal changes nothing, and every order can be brought to its end.

use std::{collections::BTreeSet, time::Duration};

use proptest::prelude::*;

use super::{
    acts::{Act, command, delivery, kinds, units, waybill},
    constructed::by_construction,
    market, stays,
    world::{World, campaign, card, gift, gift_of, gifts, line, off, place, sent_to, sku},
};
use crate::domain::{
    catalog::{Partner, PartnerKind, PointsPolicy, PreparePolicy, PromotionKind, SkuInfo, StockPolicy},
    drawn::config,
    gift::GiftSoldOut,
    ids::{CustomerId, OrderId, PartnerId, ProductId, PromotionId, SkuId},
    order::{
        Order, OrderCommand as C,
        claim::{CollectionState, Exchange, ExchangeResolution, ExchangeState, ReturnState},
        command::{PaymentOffer, Wanted},
        delivery::DeliveredBy,
        state::{Line, Placement, Stage},
        supply::{AskState, ChildLine, ChildOrder, LinkKind, LinkState, LinkWhat, Parent},
    },
    status::{Status, Trigger},
    stock::Move,
};

#[derive(Debug, Clone)]
pub enum Draw {
    Ask(Act),
    /// the next thing that would happen to all lines
    Forward,
    /// one step or reply between lanes
    Lanes,
    Rest,
    Wait,
    /// what an exchange added is lost before it ships
    LoseAdded,
    Move(usize, i64),
}

pub fn step() -> impl Strategy<Value = Draw> {
    let act = (kinds(), 0u16..7, 0u16..5, 0u32..4, any::<bool>());
    prop_oneof![
        20 => act.prop_map(|(kind, line, other, n, flag)| Draw::Ask(Act { kind, line, other, n, flag })),
        3 => Just(Draw::Forward),
        2 => Just(Draw::Lanes),
        1 => Just(Draw::Rest),
        1 => Just(Draw::Wait),
        1 => Just(Draw::LoseAdded),
        1 => (0usize..8, -3i64..3).prop_map(|(sku, n)| Draw::Move(sku, n)),
    ]
}

/// How a case begins.
#[derive(Debug, Clone)]
pub struct Start {
    pub lanes: u32,
    pub quantities: (u32, u32, u32),
    /// steps that are taken for all lines before anything is asked
    pub forward: usize,
    /// 3: of several sellers, by deposits; 4: a linked order
    pub how: u8,
    pub off: bool,
    pub prepare: u8,
    pub at_delivery: bool,
}

pub fn start() -> impl Strategy<Value = Start> {
    let quantities = (1u32..4, 1u32..4, 1u32..3);
    (1u32..4, quantities, 0usize..7, 0u8..5, any::<bool>(), 0u8..3, any::<bool>()).prop_map(
        |(lanes, quantities, forward, how, off, prepare, at_delivery)| Start {
            lanes,
            quantities,
            forward,
            how,
            off,
            prepare,
            at_delivery,
        },
    )
}

const NAMES: [&str; 9] = ["a", "b", "c", "g", "h", "a2", "w", "x", "i"];

pub fn partner(id: &str, kind: PartnerKind) -> Partner {
    Partner { id: PartnerId::stored(id), kind, active: true, zip: Some("06000".into()) }
}

pub fn held_by(partner: &str, info: SkuInfo) -> SkuInfo {
    SkuInfo { holder_id: Some(PartnerId::stored(partner)), ..info }
}

/// A shop with goods in so many lanes, and the partners it buys from.
pub fn shop(lanes: u32) -> World {
    let points = |info: SkuInfo| SkuInfo { points_rate_bp: 700, ..info };
    let a = points(SkuInfo { pre_refund: true, ..sku("a", "t", 333, 2_500) });
    let a2 = SkuInfo { sku_id: SkuId::stored("a2"), product_id: ProductId::stored("p-a"), ..a.clone() };
    let mut w = World::new(vec![
        (a, 0, 6),
        (campaign(points(sku("b", "u", 1_000, 500)), None, StockPolicy::DeductAtPayment), 1 % lanes, 6),
        (sku("c", "u", 333, 700), 2 % lanes, 5),
        (gift("g"), 0, 5),
        (gift("h"), 1 % lanes, 3),
        (a2, 1 % lanes, 2),
        (held_by("2", sku("w", "t", 10, 0)), 0, 8),
        (held_by("2", sku("x", "t", 10, 0)), 1 % lanes, 3),
        (held_by("4", sku("y", "t", 10, 0)), 0, 3),
        (held_by("4", sku("z", "t", 10, 0)), 1 % lanes, 2),
        (held_by("3", sku("i", "t", 10, 0)), 0, 20),
    ]);
    w.partners = vec![
        partner("1", PartnerKind::Retailer),
        partner("2", PartnerKind::Wholesaler),
        partner("3", PartnerKind::Installer),
        partner("4", PartnerKind::Wholesaler),
    ];
    w.promotions = vec![off("p", PromotionKind::Promotion, 1_234)];
    w.gift_promotions = vec![gifts("gp", &["a", "b", "c"], &["g"], (2, 1), GiftSoldOut::Continue)];
    w
}

pub fn begin(s: &Start) -> World {
    let mut w = shop(s.lanes);
    w.policy.prepare = match s.prepare {
        0 => PreparePolicy::AtOnce,
        1 => PreparePolicy::After(Duration::from_secs(60)),
        _ => PreparePolicy::ByHand,
    };
    if s.at_delivery {
        w.policy.points = PointsPolicy::AtDelivery;
    }
    let (a, b, g) = s.quantities;
    if s.how == 4 {
        let parent = Parent {
            order_id: OrderId::stored("parent"),
            lane: 0,
            kind: LinkKind::Purchase,
            partner_id: PartnerId::stored("2"),
            lines: vec![1, 2],
        };
        let line = |sku: &str, quantity| ChildLine { sku_id: SkuId::stored(sku), quantity };
        let child = ChildOrder { parent, buyer_id: CustomerId::stored("1"), lines: vec![line("w", a), line("x", b)] };
        w.ask(&C::PlaceLinked(Box::new(child))).unwrap();
    } else if s.how == 3 {
        market::order(&mut w, s);
    } else {
        let promotion_id = s.off.then(|| PromotionId::stored("p"));
        let lines = vec![
            Wanted { promotion_id, ..line("a", a) },
            line("b", b),
            Wanted { quantity: g, ..gift_of("g", 1) },
            line("a", 1),
        ];
        let placement = place(lines, false, PaymentOffer::Later);
        w.ask(&if s.off { sent_to("63000", placement) } else { placement }).unwrap();
    }
    for _ in 0..s.forward {
        forward(&mut w);
    }
    w
}

/// What would happen next to whatever can go on, once nothing is under way.
fn forward(w: &mut World) {
    w.rest();
    advance(w);
    w.rest();
}

/// The next thing that would happen to all lines; refusals are none of its business.
pub fn advance(w: &mut World) {
    let Some(o) = &w.order else { return };
    match o.status() {
        Status::PaymentPending if o.deposit.is_some() => market::pay_in(w),
        Status::PaymentPending => {
            let (due, no) = (o.amount_due().get(), w.history.len());
            let half = due / 2;
            let settlements = vec![card(&format!("k-{no}"), half), card(&format!("l-{no}"), due - half)];
            drop(w.ask(&C::ApprovePayment { settlements, verified: true }));
        }
        Status::Ordered => drop(w.ask(&C::Prepare)),
        Status::Preparing => drop(w.ask(&C::UseOwnStock { lines: Vec::new() })),
        Status::ProcurementCheck => drop(w.ask(&C::CompleteProcurement { lines: Vec::new() })),
        Status::ProcurementDone => {
            let ready = o.lines.iter().filter(|l| l.may(Trigger::Ship).is_some());
            let waybills = ready.map(|l| waybill(l.no, 1, l.free())).collect();
            drop(w.ask(&C::Ship { lines: Vec::new(), in_transit: false, waybills }));
        }
        Status::Shipped => {
            let moved = w.ask(&delivery(DeliveredBy::Carrier, Vec::new())).is_ok()
                || w.ask(&delivery(DeliveredBy::Forced, Vec::new())).is_ok()
                || w.ask(&delivery(DeliveredBy::Installer, Vec::new())).is_ok()
                || w.ask(&C::CompleteInstallation { lines: Vec::new() }).is_ok();
            if !moved {
                drop(w.ask(&C::ConfirmPurchase { lines: Vec::new() }));
            }
        }
        Status::PaymentExpired
        | Status::PaymentCancelled
        | Status::Cancelled
        | Status::OutOfStock
        | Status::PurchaseConfirmed
        | Status::Returning
        | Status::Returned
        | Status::Exchanging
        | Status::Exchanged => {}
    }
}

pub fn run(w: &mut World, steps: &[Draw]) {
    for step in steps {
        match step {
            Draw::Ask(act) => {
                let asked = command(w, *act);
                let (order, events) = (w.order.clone(), w.history.len());
                match w.ask(&asked) {
                    Ok(_) => assert!(w.history.len() > events),
                    Err(refusal) => {
                        assert!(!refusal.message().is_empty());
                        assert_eq!((&w.order, w.history.len()), (&order, events), "a refusal changes nothing");
                    }
                }
            }
            Draw::Forward => forward(w),
            Draw::Lanes => drop(w.one_step()),
            Draw::Rest => w.rest(),
            Draw::Wait => w.later(Duration::from_secs(60)),
            Draw::LoseAdded => {
                let added = |l: &&Line| w.o().fails_with(l.no).is_some() && l.may(Trigger::LoseSomeStock).is_some();
                let lost = w.o().lines.iter().find(added).map(|l| units(l.no, 1));
                if let Some(lost) = lost {
                    drop(w.ask(&C::ReportStockLoss { lines: vec![lost] }));
                }
            }
            Draw::Move(n, quantity) => drop(w.own(&SkuId::stored(NAMES[*n]), Move::Adjust, *quantity)),
        }
        w.one_won();
    }
    w.rest();
}

/// Nothing more can happen to its goods.
pub fn ended(o: &Order) -> bool {
    let over = |l: &Line| l.shown().is_terminal() && l.returning + l.exchanging == 0;
    let out = |e: &Exchange| e.collection.as_ref().is_some_and(|c| !c.settled());
    o.placement == Placement::Failed || (o.lines.iter().all(over) && !o.fulfilment.exchanges.iter().any(out))
}

/// Every claim is decided, every debt paid, every line goes on, whatever the order's own status is.
pub fn settle(w: &mut World) {
    let o = w.o().clone();
    for r in &o.fulfilment.returns {
        let group = r.group;
        match r.state {
            ReturnState::Requested => drop(w.ask(&C::ApproveReturn { group, timing: None, fault: None }).unwrap()),
            ReturnState::Approved => drop(w.ask(&C::CollectReturn { group, lines: Vec::new() }).unwrap()),
            ReturnState::Collected => {
                drop(w.ask(&C::CompleteReturn { group, inspected: Vec::new(), fault: None }).unwrap())
            }
            ReturnState::Completed | ReturnState::Rejected | ReturnState::Withdrawn => {}
        }
    }
    for e in o.fulfilment.exchanges.iter().filter(|e| e.state == ExchangeState::Requested) {
        w.ask(&C::ApproveExchange {
            group: e.group,
            resolution: ExchangeResolution::Pickup,
            sku_id: None,
            fault: None,
            waived: None,
        })
        .unwrap();
    }
    // what was exchanged comes back
    for e in &o.fulfilment.exchanges {
        let group = e.group;
        let Some(c) = e.collection.as_ref().filter(|_| e.state != ExchangeState::Failed) else { continue };
        match c.state {
            CollectionState::Due => drop(w.ask(&C::CollectReturn { group, lines: Vec::new() })),
            CollectionState::Collected => {
                drop(w.ask(&C::CompleteReturn { group, inspected: Vec::new(), fault: None }));
            }
            CollectionState::Inspected
            | CollectionState::Waived
            | CollectionState::WrittenOff
            | CollectionState::Moved => {}
        }
    }
    // a claim that was decided may have given the surcharge back
    let due = w.o().surcharge_due();
    if due.is_positive() {
        let id = format!("s-{}", w.history.len());
        w.ask(&C::ApprovePayment { settlements: vec![card(&id, due.get())], verified: true }).unwrap();
    }
    let all = Vec::new;
    for next in [
        C::Prepare,
        C::UseOwnStock { lines: all() },
        C::CompleteProcurement { lines: all() },
        C::Ship { lines: all(), in_transit: true, waybills: Vec::new() },
        delivery(DeliveredBy::Forced, all()),
        delivery(DeliveredBy::Installer, all()),
        C::CompleteInstallation { lines: all() },
        C::ConfirmPurchase { lines: all() },
    ] {
        drop(w.ask(&next));
    }
}

/// Every claim decided, every debt paid, every linked order done: then each line must come to an end, and all money.
pub fn finish(w: &mut World) {
    for round in 0.. {
        let o = w.o().clone();
        if ended(&o) {
            break;
        }
        assert!(round < 40, "it hangs: {} {:#?}", o.status().code(), o.lines);
        for a in o.fulfilment.asks.iter().filter(|a| a.state == AskState::Open) {
            drop(w.ask(&C::Link { from: OrderId::stored(&a.id), what: LinkWhat::Placed }));
        }
        for l in &o.fulfilment.links {
            let what = if l.state == LinkState::Asked { LinkWhat::Placed } else { LinkWhat::Done };
            drop(w.ask(&C::Link { from: l.order_id.clone(), what }));
        }
        settle(w);
        forward(w);
    }
    let asked: Vec<OrderId> = w.o().fulfilment.links.iter().map(|l| l.order_id.clone()).collect();
    for from in asked {
        drop(w.ask(&C::Link { from, what: LinkWhat::Placed }));
    }
    for r in w.o().refunds.clone().into_iter().filter(|r| r.open()) {
        assert!(matches!(r.stage, Stage::Due(_)), "a refund waits for nothing: {r:?}");
        w.ask(&C::ConfirmRefund { key: r.key.clone() }).unwrap();
        w.ask(&C::ConfirmRefund { key: r.key }).unwrap_err();
    }
    let (o, runs) = (w.o(), |s| matches!(s, LinkState::Asked | LinkState::Open | LinkState::Done));
    for l in o.fulfilment.links.iter().filter(|l| runs(l.state)) {
        let wanted = l.lines.iter().any(|no| o.line(*no).is_some_and(|k| k.active() > 0));
        assert!(wanted, "a linked order runs for nothing: {l:?}");
    }
}

/// What an order may go through after its payment. (What it goes through before is in `random`.)
const EVENTS: [&str; 41] = [
    "cut",
    "refund_adjusted",
    "prepared",
    "refund_confirmed",
    "refund_failed",
    "refund_transferred",
    "procurement_started",
    "procurement_completed",
    "procurement_cancelled",
    "linked",
    "link_changed",
    "shipping_address_set",
    "surcharge_paid",
    "debt_waived",
    "shipped",
    "waybill_registered",
    "waybill_updated",
    "delivered",
    "installed",
    "purchase_confirmed",
    "points_earned",
    "points_reversed",
    "reviewed",
    "return_requested",
    "return_approved",
    "return_rejected",
    "return_withdrawn",
    "return_collected",
    "return_completed",
    "exchange_requested",
    "exchange_rejected",
    "exchange_approved",
    "exchange_failed",
    "gift_added",
    "return_changed",
    "return_written_off",
    "exchange_withdrawn",
    "fault_corrected",
    "exchange_collected",
    "exchange_inspected",
    "collection_given_up",
];

/// An order whose lines are `a` twice (1), `b` (2), a gift of 1 (3) and `a` (4), after so many steps for all of them.
fn after(forward: usize) -> Start {
    Start { lanes: 1, quantities: (2, 1, 1), forward, how: 0, off: true, prepare: 2, at_delivery: true }
}

/// Cases that make every event happen, whatever is drawn beside them: a kind of command (as `acts` numbers them), and what it
/// names.
fn scripts() -> Vec<(Start, Vec<Draw>)> {
    let ask = |kind, line, other, n, flag| Draw::Ask(Act { kind, line, other, n, flag });
    let mut scripts: Vec<(Start, Vec<Draw>)> = (0..8).map(|n| (after(n), Vec::new())).collect();
    // cancelled, one refund refused and sent by bank transfer, another confirmed
    let refunds = vec![
        ask(38, 2, 0, 0, true),
        ask(33, 0, 0, 1, true),
        ask(34, 0, 0, 0, true),
        ask(38, 4, 0, 0, true),
        ask(32, 1, 0, 0, true),
    ];
    scripts.push((after(1), refunds));
    // sent to Jeju, bought of somebody else, in vain
    let bought =
        vec![ask(4, 0, 0, 2, true), ask(5, 0, 0, 0, true), ask(1, 2, 0, 0, true), ask(7, 2, 0, 0, true), Draw::Forward];
    scripts.push((after(2), bought));
    // with an installer and a gift for a complaint, shipped, a waybill corrected
    let mut installed = vec![ask(3, 1, 0, 1, true), ask(35, 0, 0, 0, false), ask(31, 1, 0, 1, true)];
    installed.extend((0..3).map(|_| Draw::Forward));
    installed.push(ask(11, 1, 1, 1, true));
    installed.extend((0..4).map(|_| Draw::Forward));
    scripts.push((after(2), installed));
    // bought for good, and reviewed
    scripts.push((after(7), vec![ask(18, 1, 0, 1, true)]));
    // a return that is rejected, one that is withdrawn, one that comes to its end
    let wanted = || ask(19, 4, 0, 1, true);
    let returned = vec![
        wanted(),
        ask(22, 0, 1, 0, true),
        wanted(),
        ask(23, 0, 2, 0, true),
        wanted(),
        ask(21, 0, 3, 0, false),
        ask(24, 0, 3, 0, true),
        ask(25, 0, 3, 0, true),
    ];
    scripts.push((after(6), returned));
    // an exchange that is rejected, and one whose new goods are lost
    let wanted = || ask(26, 4, 0, 1, false);
    let exchanged =
        vec![wanted(), ask(28, 0, 1, 0, true), wanted(), ask(29, 0, 2, 1, true), Draw::Rest, ask(8, 5, 0, 1, true)];
    scripts.push((after(6), vec![wanted(), ask(43, 0, 1, 0, true)]));
    let kept = exchanged[..5].to_vec();
    scripts.extend([(after(6), exchanged), (after(6), kept)]);
    scripts
}

#[test]
fn every_event_and_status_happens_in_a_script_of_its_own() {
    let (mut events, mut statuses) = (BTreeSet::new(), BTreeSet::new());
    for (start, steps) in scripts() {
        let mut w = begin(&start);
        let mut look = |w: &World| statuses.extend(w.o().lines.iter().map(|l| l.shown().code()));
        look(&w);
        for step in &steps {
            run(&mut w, std::slice::from_ref(step));
            look(&w);
        }
        finish(&mut w);
        look(&w);
        events.extend(w.history.iter().map(|(e, _)| e.name()));
    }
    events.extend(by_construction());
    events.extend(stays::worlds().iter().flat_map(|w| &w.history).map(|(e, _)| e.name()));
    let never: Vec<_> = EVENTS.iter().filter(|e| !events.contains(**e)).collect();
    assert!(never.is_empty(), "never happened: {never:?}");
    let late = [Status::PaymentExpired, Status::PaymentCancelled];
    let unreached: Vec<_> = Status::ALL.iter().filter(|s| !late.contains(s) && !statuses.contains(s.code())).collect();
    assert!(unreached.is_empty(), "never reached: {unreached:?}");
}

/// So many drawn orders, and the scripts' ones; `look` sees each when it has come to its end.
pub fn drawn(cases: u32, look: impl Fn(&World)) {
    let to_the_end = |start: &Start, steps: &[Draw]| {
        let mut w = begin(start);
        run(&mut w, steps);
        finish(&mut w);
        look(&w);
    };
    scripts().iter().for_each(|(start, steps)| to_the_end(start, steps));
    let steps = || prop::collection::vec(step(), 1..30);
    let script = prop::sample::select(scripts());
    // from anywhere, or from where a script has come to
    let drawn = (start(), steps());
    let gone_on = (script, steps()).prop_map(|((start, mut script), steps)| {
        script.extend(steps);
        (start, script)
    });
    let case = prop_oneof![9 => drawn, 1 => gone_on];
    let tried = proptest::test_runner::TestRunner::new(config(cases)).run(&case, |(start, steps)| {
        to_the_end(&start, &steps);
        Ok(())
    });
    if let Err(e) = tried {
        panic!("{e}");
    }
}

#[test]
fn invariants_hold_to_the_end_of_every_order() {
    drawn(2_500, |_| ());
}
