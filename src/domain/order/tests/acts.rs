//! Any command of an order that stands, made of small numbers: some fit the order, some don't.

use proptest::prelude::*;

use super::world::{World, card};
use crate::domain::{
    ids::{OrderId, PartnerId, SkuId},
    money::Won,
    order::{
        Order, OrderCommand as C,
        claim::{ClaimReason, ExchangeResolution, Fault, GiftReason, RefundTiming},
        command::{
            DeliveryReport, Found, GiveUp, PartnerPurchase, RefundOutcome, ReturnRequest, Sourced, StockCount, Waiver,
        },
        delivery::{DeliveredBy, ShipMethod},
        event::{ReservedLine, WaybillEntry},
        register::DEPOSIT,
        state::Refund,
        supply::{AskState, AskWhat, LinkKind, LinkWhat, ShortLine},
    },
    reason::Reason,
};

/// What an act is made of: which command, and what it names.
#[derive(Debug, Clone, Copy)]
pub struct Act {
    pub kind: u8,
    pub line: u16,
    pub other: u16,
    pub n: u32,
    pub flag: bool,
}

/// How many kinds of command there are.
pub const KINDS: u8 = 57;

pub fn units(line_no: u16, quantity: u32) -> ReservedLine {
    ReservedLine { line_no, quantity }
}

pub fn waybill(line_no: u16, no: u16, quantity: u32) -> WaybillEntry {
    WaybillEntry { line_no, carrier: "cj".into(), carrier_name: None, waybill_no: format!("w-{no}"), quantity }
}

pub fn delivery(by: DeliveredBy, lines: Vec<u16>) -> C {
    C::MarkDelivered(DeliveryReport { by, lines, waybill: None, at: None, reason: Some("why".into()) })
}

pub fn purchase(partner: &str, lines: &[(u16, &str)]) -> PartnerPurchase {
    PartnerPurchase {
        partner_id: PartnerId::stored(partner),
        lines: lines.iter().map(|(no, sku)| (*no, SkuId::stored(sku), None)).collect(),
        linked_order_id: None,
    }
}

/// The whole of it, by whoever may.
pub fn withdraw(group: u16) -> C {
    C::WithdrawReturn { group, lines: Vec::new(), by_buyer: false }
}

pub fn found(line_no: u16, (sellable, unsellable, rejected): (u32, u32, u32), withheld_amount: i64) -> Found {
    let withheld_amount = Won::new(withheld_amount);
    Found { line_no, sellable, unsellable, rejected, withheld_amount, reason: Some("worn".into()) }
}

pub fn give_up(lines: Vec<ReservedLine>, charge: Option<i64>) -> GiveUp {
    GiveUp { lines, reason: "never came".into(), charge: charge.map(Won::new) }
}

pub fn give_back(lines: &[(u16, u32)], fault: Fault) -> ReturnRequest {
    ReturnRequest {
        lines: lines.iter().map(|&(no, quantity)| units(no, quantity)).collect(),
        reason: ClaimReason::ChangeOfMind,
        fault,
        timing: None,
        waive_gifts: false,
        may_override: false,
    }
}

/// How often each kind is asked for beside the others: claims take several commands to come to anything.
pub fn kinds() -> impl Strategy<Value = u8> {
    let rare = vec![10u8, 11, 12, 25, 26, 29, 33, 34, 44, 45, 46, 47, 48];
    prop_oneof![2 => 0..KINDS, 1 => 19..31u8, 1 => 41..KINDS, 1 => prop::sample::select(rare)]
}

/// Most numbers name something that there is; 0 never does.
fn fitted(w: &World, a: Act) -> Act {
    let Some(o) = &w.order else { return a };
    let within = |n: u16, there: u16| if n == 0 || there == 0 { n } else { 1 + (n - 1) % there };
    let claim = matches!(a.kind, 21..=25 | 28..=30 | 43..=50);
    let other = if claim { within(a.other, o.next_claim() - 1) } else { a.other };
    let refund = matches!(a.kind, 32..=34);
    let refunds = u16::try_from(o.refunds.len()).unwrap_or(0).max(1);
    let last = o.lines.last().map_or(0, |l| l.no);
    let line = match (refund, a.kind) {
        (true, _) => a.line % refunds,
        // what an exchange added is lost as often as all the rest
        (false, 8) if a.n.is_multiple_of(2) => last,
        (false, _) => within(a.line, last),
    };
    Act { line, other, ..a }
}

/// The command that an act is, asked of this world's order.
pub fn command(w: &World, a: Act) -> C {
    let Act { kind, line, other, n, flag } = fitted(w, a);
    let one = || if flag { vec![line] } else { Vec::new() };
    let two = || if flag || line == other { vec![line] } else { vec![line, other] };
    let fault = if n.is_multiple_of(2) { Fault::Buyer } else { Fault::Seller };
    let key = || {
        let refunds = w.order.as_ref().map_or(&[][..], |o| &o.refunds);
        refunds.get(usize::from(line)).map_or_else(|| "rf:no".into(), |r| r.key.clone())
    };
    match kind {
        0 => {
            // a linked order buys in its turn, one step up the chain
            let child = w.order.as_ref().is_some_and(|o| o.fulfilment.parent.is_some());
            let (partner, even, odd) = if child { ("4", "y", "z") } else { ("2", "w", "x") };
            let sku = |no: u16| if no.is_multiple_of(2) { even } else { odd };
            let lines: Vec<(u16, &str)> = two().into_iter().map(|no| (no, sku(no))).collect();
            let mut bought = purchase(if n == 3 { "1" } else { partner }, &lines);
            // so many units of a line, now and then
            bought.lines.iter_mut().for_each(|(_, _, quantity)| *quantity = (n == 2).then_some(1));
            C::PurchaseFromPartner(bought)
        }
        1 => C::PurchaseFromNonPartner { lines: one(), seller: "s".into(), amount: Won::new(100) },
        2 => C::UseOwnStock { lines: one() },
        3 => C::AssignInstaller(purchase(if n == 3 { "2" } else { "3" }, &[(line, "i")])),
        4 => {
            let zips = [None, Some("63000"), Some("40200"), Some("06000"), Some("nowhere")];
            C::SetShippingAddress { zip: zips[n as usize % 5].map(str::to_owned) }
        }
        5 => {
            let due = |o: &Order| if n == 2 { o.due_before_shipping() } else { o.surcharge_due() };
            let due = w.order.as_ref().map_or(0, |o| due(o).get());
            let id = format!("s-{}", w.history.len());
            C::ApprovePayment { settlements: vec![card(&id, due + i64::from(n == 3))], verified: true }
        }
        6 => C::CompleteProcurement { lines: one() },
        7 => C::CancelProcurement { lines: one(), reason: None },
        8 => C::ReportStockLoss { lines: two().into_iter().map(|no| units(no, n)).collect() },
        9 => {
            let waybills = if n < 2 { Vec::new() } else { vec![waybill(line, other, n - 1)] };
            C::Ship { lines: one(), in_transit: n == 1, waybills }
        }
        10 => C::RegisterWaybill(waybill(line, other, n)),
        11 => C::UpdateWaybill(waybill(line, other, n)),
        12 => {
            let waybill = (n > 1).then(|| ("cj".into(), format!("w-{other}")));
            C::MarkDelivered(DeliveryReport { by: DeliveredBy::Carrier, lines: one(), waybill, at: None, reason: None })
        }
        13 => delivery(DeliveredBy::Forced, one()),
        14 => delivery(DeliveredBy::Installer, one()),
        15 => C::CompleteInstallation { lines: one() },
        16 => C::FailInstallation { lines: one() },
        17 => C::ConfirmPurchase { lines: one() },
        18 => C::WriteReview { line_no: line, rating: u8::try_from(n + 2).unwrap() },
        19 | 20 => {
            let lines: Vec<(u16, u32)> = two().into_iter().map(|no| (no, n)).collect();
            let timing = [None, Some(RefundTiming::AfterCollection), Some(RefundTiming::BeforeCollection)];
            let asked = give_back(&lines, fault);
            let timing = timing[usize::from(other) % 3];
            C::RequestReturn(ReturnRequest { timing, waive_gifts: flag, may_override: other > 3, ..asked })
        }
        21 => C::ApproveReturn { group: other, timing: flag.then_some(RefundTiming::BeforeCollection), fault: None },
        22 => C::RejectReturn { group: other, reason: None },
        23 => withdraw(other),
        24 => C::CollectReturn { group: other, lines: if flag { Vec::new() } else { vec![units(line, n)] } },
        25 => {
            let inspected = vec![found(line, (n / 2, n - n / 2, 0), 0)];
            C::CompleteReturn { group: other, inspected: if flag { Vec::new() } else { inspected }, fault: None }
        }
        26 | 27 => {
            let wanted = flag.then(|| SkuId::stored(if other > 2 { "a2" } else { "c" }));
            C::RequestExchange { line_no: line, quantity: n, reason: ClaimReason::Defect, fault, wanted }
        }
        28 => C::RejectExchange { group: other, reason: None },
        29 | 30 => {
            let resolution = if n == 0 { ExchangeResolution::Pickup } else { ExchangeResolution::AddProduct };
            let sku_id = (flag && n > 0).then(|| SkuId::stored(["a", "a2", "g"][n as usize % 3]));
            C::ApproveExchange { group: other, resolution, sku_id, fault: None, waived: None }
        }
        31 => {
            let sku_id = SkuId::stored(if flag { "g" } else { "h" });
            C::AddGift { main_line_no: line, sku_id, quantity: n, reason: GiftReason::Complaint }
        }
        32 => C::ConfirmRefund { key: key() },
        33 => {
            let outcome = if flag && n == 0 { RefundOutcome::NoResponse } else { RefundOutcome::Refused };
            C::FailRefund { key: key(), reason: "no".into(), outcome }
        }
        // one that was just refused, if there is one
        34 => {
            let refunds = w.order.as_ref().map_or(&[][..], |o| &o.refunds);
            let refused = |r: &&Refund| r.tries.last().is_some_and(|t| t.failed.is_some() && t.outcome.is_refused());
            let failed = refunds.iter().filter(refused).find(|r| r.next_attempt_at().is_some_and(|at| at > w.now));
            C::TransferRefund { key: failed.map_or_else(key, |r| r.key.clone()) }
        }
        35 | 36 => news(w, a),
        37 => {
            C::ConfirmStock { lines: one().into_iter().map(|line_no| StockCount { line_no, available: n }).collect() }
        }
        38 => C::CancelLines { lines: two(), reason: None },
        43 => C::WithdrawExchange { group: other },
        44 => C::WithdrawReturn { group: other, lines: vec![units(line, n)], by_buyer: flag },
        45 => {
            let lines = if flag { Vec::new() } else { vec![units(line, n)] };
            C::WriteOffReturn { group: other, what: give_up(lines, (n == 2).then_some(50)) }
        }
        46 => C::WaiveCollection { group: other, what: give_up(Vec::new(), None) },
        // what came is inspected with consequences
        47 | 48 => {
            let of = w.order.as_ref().and_then(|o| o.return_of(other));
            let came = |no: u16| of.and_then(|r| r.lines.iter().find(|l| l.line_no == no)).map_or(n, |l| l.collected);
            let exchanged = w.order.as_ref().and_then(|o| o.exchange_of(other));
            let exchanged = exchanged.and_then(|e| Some((e.line_no, e.collection.as_ref()?.collected)));
            let (line, there) = exchanged.unwrap_or_else(|| (line, came(line)));
            let rejected = n.min(there);
            let left = there - rejected;
            let inspected = vec![found(line, (left, 0, rejected), if flag { 30 } else { 0 })];
            C::CompleteReturn { group: other, inspected, fault: (kind == 48).then_some(fault) }
        }
        49 => C::ApproveReturn { group: other, timing: None, fault: Some(fault) },
        50 => {
            let resolution = if n == 0 { ExchangeResolution::Pickup } else { ExchangeResolution::AddProduct };
            let waived = (flag && n > 0).then(|| "broken".to_owned());
            C::ApproveExchange { group: other, resolution, sku_id: None, fault: Some(fault), waived }
        }
        39 => C::Link { from: OrderId::stored("parent"), what: LinkWhat::Cancel },
        // a seller prepares what it sells, or what it doesn't
        51 => {
            let seller = w.order.as_ref().and_then(|o| o.seller_of(o.line(line)?)).cloned();
            let by = seller.filter(|_| n > 0).unwrap_or_else(|| PartnerId::stored("5"));
            C::PrepareOf { lines: one(), by: Some(by) }
        }
        52 => {
            let units = vec![Sourced { line_no: line, quantity: (n > 0).then_some(n) }];
            C::BuyUnits { units, seller: "s".into(), amount: Won::new(100) }
        }
        53 => {
            let method = [ShipMethod::Quick, ShipMethod::Pickup][usize::from(flag)];
            let waybills = if n < 3 { Vec::new() } else { vec![waybill(line, other, 1)] };
            C::ShipBy { method, lines: vec![line], in_transit: n == 1, waybills }
        }
        // a part, all of it, too much; or what came before, once more
        54 => deposit(w, n, flag),
        // of one debt or of all; a part, or all of it
        55 => {
            let fee_no = flag.then_some(other);
            C::WaiveDebt(Waiver { fee_no, amount: (n > 1).then(|| Won::new(10 * i64::from(n))), reason: "late".into() })
        }
        56 => C::SetRefundAccount,
        41 => C::UseOwnUnits { units: vec![Sourced { line_no: line, quantity: Some(n) }] },
        42 => C::ShipBy { method: ShipMethod::Own, lines: one(), in_transit: n == 1, waybills: Vec::new() },
        _ => C::Prepare,
    }
}

/// Money that comes to an account, under a name of its own or the account's.
fn deposit(w: &World, n: u32, named: bool) -> C {
    let due = w.order.as_ref().map_or(0, |o| o.due_now().get());
    let last = w.order.as_ref().and_then(|o| o.settlements.iter().rfind(|s| s.method.is_deposit()));
    let again = last.filter(|s| n == 3 && s.paid.is_positive());
    let amount =
        again.map_or(due / 2 * i64::from(n == 0) + (due + i64::from(n == 2)) * i64::from(n > 0), |s| s.paid.get());
    let payment_id = match again {
        Some(s) => s.approval_id.clone().filter(|id| id != DEPOSIT),
        None => named.then(|| format!("d-{}", w.history.len())),
    };
    C::ConfirmDeposit { amount: Won::new(amount), payment_id }
}

/// What one of the order's linked orders may say.
fn news(w: &World, a: Act) -> C {
    let known: Vec<(OrderId, Vec<u16>, LinkKind)> = w.order.as_ref().map_or_else(Vec::new, |o| {
        let asked = o.fulfilment.asks.iter().filter_map(|a| match &a.what {
            AskWhat::Linked { linked, .. } if a.state == AskState::Open => Some(linked),
            AskWhat::Linked { .. } | AskWhat::Exchange { .. } | AskWhat::Gift { .. } | AskWhat::Work { .. } => None,
        });
        let asked = asked.map(|l| (l.order_id.clone(), l.lines.clone(), l.kind));
        o.fulfilment.links.iter().map(|l| (l.order_id.clone(), l.lines.clone(), l.kind)).chain(asked).collect()
    });
    let link = known.get(usize::from(a.other) % known.len().max(1));
    let from = link.map_or_else(|| OrderId::stored("nobody"), |(id, _, _)| id.clone());
    let line_no = link.map_or(1, |(_, lines, _)| lines[usize::from(a.line) % lines.len()]);
    let purchase = link.is_none_or(|(_, _, kind)| *kind == LinkKind::Purchase);
    let what = match (a.n, a.flag) {
        (0, _) => LinkWhat::Placed,
        (1, true) => LinkWhat::Refused { reason: Reason::SoldOut, facts: None },
        (2, true) if purchase => LinkWhat::Short { lines: vec![ShortLine { line_no, quantity: 1 }] },
        (3, true) => LinkWhat::Ended,
        _ => LinkWhat::Done,
    };
    C::Link { from, what }
}
