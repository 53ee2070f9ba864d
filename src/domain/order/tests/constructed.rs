//! Events that random draws may not come to within a run.

use std::collections::BTreeSet;

use super::{
    acts::{give_back, give_up, units, waybill},
    claims::{order, shipped},
    deep::shop,
    world::{World, line},
};
use crate::domain::{
    ids::SkuId,
    order::{
        OrderCommand as C,
        claim::{ClaimReason, ExchangeResolution, Fault, RefundTiming},
        command::RefundOutcome,
    },
};

/// Each happens once, by construction.
pub fn by_construction() -> BTreeSet<&'static str> {
    constructed().history.iter().map(|(e, _)| e.name()).collect()
}

/// The order that they happen to.
pub fn constructed() -> World {
    let exchange = |group| {
        let (reason, fault) = (ClaimReason::Defect, Fault::Seller);
        let asked = C::RequestExchange { line_no: 1, quantity: 1, reason, fault, wanted: None };
        let sku_id = Some(SkuId::stored("a"));
        let fault = (group == 2).then_some(Fault::Buyer);
        [asked, C::ApproveExchange { group, resolution: ExchangeResolution::AddProduct, sku_id, fault, waived: None }]
    };
    let mut path = shipped();
    path.extend([C::RegisterWaybill(waybill(1, 1, 1)), C::UpdateWaybill(waybill(1, 1, 2))]);
    path.extend([exchange(1)[0].clone(), C::WithdrawExchange { group: 1 }]);
    path.extend(exchange(2));
    path.extend([
        C::CollectReturn { group: 2, lines: Vec::new() },
        C::CompleteReturn { group: 2, inspected: Vec::new(), fault: None },
    ]);
    path.extend(exchange(3));
    path.push(C::WaiveCollection { group: 3, what: give_up(Vec::new(), None) });
    path.extend(exchange(4));
    path.push(C::ReportStockLoss { lines: vec![units(4, 1)] });
    let early = Some(RefundTiming::BeforeCollection);
    path.extend([
        C::RequestReturn(give_back(&[(1, 1)], Fault::Seller)),
        C::ApproveReturn { group: 6, timing: early, fault: None },
        C::WriteOffReturn { group: 6, what: give_up(Vec::new(), None) },
        C::RequestReturn(give_back(&[(1, 1)], Fault::Seller)),
        C::ApproveReturn { group: 7, timing: None, fault: Some(Fault::Buyer) },
    ]);
    let mut w = order(shop(1), vec![line("c", 5)], &path);
    let key = w.o().refunds.iter().find(|f| f.next_attempt_at().is_some()).unwrap().key.clone();
    w.ask(&C::FailRefund { key: key.clone(), reason: "too old".into(), outcome: RefundOutcome::Refused }).unwrap();
    w.ask(&C::TransferRefund { key }).unwrap();
    w
}
