//! What comes after shipping: purchases that are confirmed by themselves, and installers.

use std::time::Duration;

use super::{
    acts::{delivery, give_back, purchase, waybill},
    claims::{order, procured, shipped},
    deep::{held_by, partner, shop},
    world::{World, gift_of, line, sku},
};
use crate::domain::{
    catalog::PartnerKind,
    ids::{OrderId, SkuId},
    order::{
        OrderCommand as C,
        claim::Fault,
        command::DeliveryReport,
        delivery::{DeliveredBy, DeliveryStatus},
        supply::{LinkMessage, LinkState, LinkWhat, Work},
    },
    reason::Reason,
    status::Status,
    stock::Stock,
};

const ALL: Vec<u16> = Vec::new();

fn news(of: &str, what: LinkWhat) -> C {
    C::Link { from: OrderId::stored(of), what }
}

fn complete() -> C {
    C::CompleteProcurement { lines: ALL }
}

// ---- confirmed by itself

#[test]
fn a_purchase_is_confirmed_by_itself_only_where_nothing_is_open() {
    let day = Duration::from_secs(86_400);
    let mut w = shop(1);
    assert_eq!(w.policy.auto_confirm, None, "off by default");
    w.policy.auto_confirm = Some(day * 7);
    let mut w = order(w, vec![line("a", 2), line("c", 1)], &shipped());
    assert_eq!(w.o().due(false), None);
    let (delivered, due) = (w.now, w.now + day * 7);
    w.ask(&delivery(DeliveredBy::Forced, vec![1])).unwrap();
    assert_eq!(w.o().due(false), Some(due));
    w.ask(&C::RequestReturn(give_back(&[(1, 1)], Fault::Seller))).unwrap();
    assert_eq!(w.o().due(false), None, "a claim is open");
    w.ask(&C::WithdrawReturn { group: 1, lines: Vec::new(), by_buyer: true }).unwrap();
    assert_eq!(w.o().due(false), Some(due));
    // another line later
    w.later(day);
    w.ask(&delivery(DeliveredBy::Forced, vec![2])).unwrap();
    assert_eq!(w.o().confirms().map(|(no, at)| (no, at - delivered)).collect::<Vec<_>>().len(), 2);
    let now: Vec<u16> = w.o().confirms().filter(|(_, at)| *at <= due).map(|(no, _)| no).collect();
    assert_eq!(now, [1]);
    w.ask(&C::ConfirmPurchase { lines: now }).unwrap();
    assert_eq!(w.o().due(false), Some(due + day));
}

#[test]
fn what_is_to_be_installed_is_confirmed_by_itself_after_the_installation() {
    let day = Duration::from_secs(86_400);
    let mut w = shop(1);
    w.policy.auto_confirm = Some(day);
    let assign = C::AssignInstaller(purchase("3", &[(1, "i")]));
    let mut w = order(w, vec![line("c", 1)], &[C::Prepare, assign, news("o-1::1", LinkWhat::Placed)]);
    for then in
        [C::UseOwnStock { lines: ALL }, complete(), C::Ship { lines: ALL, in_transit: true, waybills: Vec::new() }]
    {
        w.ask(&then).unwrap();
    }
    w.ask(&delivery(DeliveredBy::Installer, ALL)).unwrap();
    assert_eq!(w.o().due(false), None);
    w.later(day * 3);
    w.ask(&C::CompleteInstallation { lines: ALL }).unwrap();
    assert_eq!(w.o().due(false), Some(w.now + day));
}

#[test]
fn a_part_that_came_confirms_nothing_by_itself() {
    let day = Duration::from_secs(86_400);
    let mut w = shop(1);
    w.policy.auto_confirm = Some(day);
    let mut w = order(w, vec![line("c", 2)], &procured());
    let waybills = vec![waybill(1, 1, 1), waybill(1, 2, 1)];
    w.ask(&C::Ship { lines: ALL, in_transit: true, waybills }).unwrap();
    let came = |no: u16| {
        let waybill = Some(("cj".into(), format!("w-{no}")));
        C::MarkDelivered(DeliveryReport { by: DeliveredBy::Carrier, lines: ALL, waybill, at: None, reason: None })
    };
    w.ask(&came(1)).unwrap();
    assert_eq!(w.o().due(false), None, "one of two");
    w.later(day);
    w.ask(&came(2)).unwrap();
    assert_eq!(w.o().due(false), Some(w.now + day));
}

#[test]
fn a_gift_is_confirmed_by_itself_with_its_goods_and_not_before() {
    let day = Duration::from_secs(86_400);
    let mut w = shop(1);
    w.policy.auto_confirm = Some(day * 7);
    let mut w = order(w, vec![line("a", 1), gift_of("g", 1)], &shipped());
    w.ask(&delivery(DeliveredBy::Forced, vec![2])).unwrap();
    assert_eq!(w.o().due(false), None, "its goods are still on their way");
    w.later(day);
    w.ask(&delivery(DeliveredBy::Forced, vec![1])).unwrap();
    let due = w.now + day * 7;
    assert_eq!(w.o().due(false), Some(due));
    let now: Vec<u16> = w.o().confirms().filter(|(_, at)| *at <= due).map(|(no, _)| no).collect();
    assert_eq!(now, [1, 2]);
    w.ask(&C::ConfirmPurchase { lines: now }).unwrap();
    assert_eq!(w.o().due(false), None);
}

// ---- installers

fn installed_by(w: &mut World, installer: &str, sku: &str, id: &str) {
    w.ask(&C::AssignInstaller(purchase(installer, &[(1, sku)]))).unwrap();
    w.ask(&news(id, LinkWhat::Placed)).unwrap();
}

#[test]
fn another_installer_takes_over_until_it_is_installed_whatever_the_order_has_come_to() {
    for path in [vec![C::Prepare], vec![C::Prepare, C::UseOwnStock { lines: ALL }], procured(), shipped()] {
        let mut w = shop(1);
        w.partners.push(partner("5", PartnerKind::Installer));
        w.skus.push((held_by("5", sku("j", "t", 10, 0)), 0));
        w.stocks.insert(SkuId::stored("j"), Stock::empty(SkuId::stored("j")));
        let mut w = order(w, vec![line("c", 1)], &path);
        installed_by(&mut w, "3", "i", "o-1::1");
        let again = C::AssignInstaller(purchase("3", &[(1, "i")]));
        assert_eq!(w.ask(&again).unwrap_err().reason, Reason::Invalid);
        w.messages.clear();
        installed_by(&mut w, "5", "j", "o-1::2");
        let states: Vec<LinkState> = w.o().fulfilment.links.iter().map(|l| l.state).collect();
        assert_eq!(states, [LinkState::Cancelled, LinkState::Open]);
        let stopped = |(_, m): &&(OrderId, LinkMessage)| m.what == LinkWhat::Cancel;
        assert_eq!(w.messages.iter().filter(stopped).map(|(_, m)| m.to.as_str()).collect::<Vec<_>>(), ["o-1::1"]);
        if w.status() != Status::Shipped {
            continue;
        }
        let said = |work, n| LinkWhat::Work { ask: format!("work:{n}"), lane: 0, work, lines: vec![1], at: None };
        // the first one has nothing to say any more, and nothing is installed before it is there
        assert_eq!(w.ask(&news("o-1::1", said(Work::Delivered, 1))).unwrap_err().reason, Reason::IllegalTransition);
        assert_eq!(w.ask(&news("o-1::2", said(Work::Installed, 2))).unwrap_err().reason, Reason::IllegalTransition);
        w.ask(&news("o-1::2", said(Work::Delivered, 3))).unwrap();
        w.ask(&news("o-1::2", said(Work::Installed, 4))).unwrap();
        assert_eq!(w.o().lines[0].delivery.status, Some(DeliveryStatus::Installed));
        let again = C::AssignInstaller(purchase("3", &[(1, "i")]));
        assert_eq!(w.ask(&again).unwrap_err().reason, Reason::IllegalTransition);
    }
}
