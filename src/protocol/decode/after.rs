//! Commands to an order that is paid: procurement, delivery, claims (rows 10–23); and of gifts.

use super::{Kind, Personal, bounded, code, recipient, text};
use crate::{
    domain::{
        ids::OrderId,
        order::{
            OrderCommand,
            command::{Delivery, PartnerPurchase, ReturnRequest},
            delivery::DeliveredBy,
            event::{Inspected, ReservedLine, WaybillEntry},
        },
        reason::{Reason, Refusal},
    },
    protocol::command::{Role, Wire, WireInspected, WirePurchase, WireUnits, WireWaybill},
};

/// `None`: not one of these.
pub(super) fn kind(wire: Wire, role: Role) -> Result<Result<Kind, Wire>, Refusal> {
    use OrderCommand as C;
    let order = |order_id: OrderId, command| Ok(Ok(Kind::Order { order_id, command, personal: None }));
    let apart = |order_id: OrderId, command, personal: Personal| {
        let personal = (personal != Personal::default()).then(|| Box::new(personal));
        Ok(Ok(Kind::Order { order_id, command, personal }))
    };
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are read elsewhere")]
    match wire {
        Wire::RefundByBankTransfer(c) => {
            text(c.holder.as_deref())?;
            let personal = Personal { refund_holder: c.holder, ..Personal::default() };
            apart(c.order_id, C::TransferRefund { key: c.refund_key }, personal)
        }
        Wire::PurchaseFromPartner(c) => {
            let p = purchase(c.partner_id, c.lines, c.linked_order_id)?;
            order(c.order_id, C::PurchaseFromPartner(p))
        }
        Wire::AssignInstaller(c) => {
            let p = purchase(c.partner_id, c.lines, c.linked_order_id)?;
            order(c.order_id, C::AssignInstaller(p))
        }
        Wire::PurchaseFromNonPartner(c) => {
            text(Some(&c.seller_name))?;
            let (lines, seller, amount) = (bounded(c.lines)?, c.seller_name, c.amount);
            order(c.order_id, C::PurchaseFromNonPartner { lines, seller, amount })
        }
        Wire::UseOwnStock(c) => order(c.order_id, C::UseOwnStock { lines: bounded(c.lines)? }),
        Wire::ChooseDestination(c) => {
            let zip = c.recipient.as_ref().map(|r| r.zip.clone());
            let personal = c.recipient.map(recipient).transpose()?.unwrap_or_default();
            apart(c.order_id, C::ChooseDestination { zip }, personal)
        }
        Wire::CompleteProcurement(c) => order(c.order_id, C::CompleteProcurement { lines: bounded(c.lines)? }),
        Wire::CancelProcurement(c) => {
            text(c.reason.as_deref())?;
            order(c.order_id, C::CancelProcurement { lines: bounded(c.lines)?, reason: c.reason })
        }
        Wire::ReportStockLoss(c) => order(c.order_id, C::ReportStockLoss { lines: units(c.lines)? }),
        Wire::Ship(c) => {
            let waybills = bounded(c.waybills)?.into_iter().map(waybill).collect::<Result<_, _>>()?;
            order(c.order_id, C::Ship { lines: bounded(c.lines)?, started: c.started, waybills })
        }
        Wire::RegisterWaybill(c) => {
            let (line_no, carrier, waybill_no, quantity) = (c.line_no, c.carrier, c.waybill_no, c.quantity);
            order(c.order_id, C::RegisterWaybill(waybill(WireWaybill { line_no, carrier, waybill_no, quantity })?))
        }
        Wire::UpdateWaybill(c) => {
            let (line_no, carrier, waybill_no, quantity) = (c.line_no, c.carrier, c.waybill_no, c.quantity);
            order(c.order_id, C::UpdateWaybill(waybill(WireWaybill { line_no, carrier, waybill_no, quantity })?))
        }
        Wire::MarkDelivered(c) => {
            text(c.reason.as_deref())?;
            text(c.carrier.as_deref())?;
            let waybill = match (c.carrier, c.waybill_no) {
                (Some(carrier), Some(no)) => Some((carrier, no)),
                (None, None) => None,
                (Some(_), None) | (None, Some(_)) => {
                    return Err(Refusal::invalid("a waybill is a carrier and a waybill_no"));
                }
            };
            if c.forced && (waybill.is_some() || c.delivered_at.is_some()) {
                return Err(Refusal::invalid("a forced delivery has no waybill, and is of now"));
            }
            if c.forced && !matches!(role, Role::Operator | Role::Seller) {
                return Err(Reason::Forbidden.into());
            }
            let by = if c.forced { DeliveredBy::Forced } else { DeliveredBy::Carrier };
            let d = Delivery { by, lines: bounded(c.lines)?, waybill, at: c.delivered_at, reason: c.reason };
            order(c.order_id, C::MarkDelivered(d))
        }
        Wire::InstallerDelivered(c) => {
            let (by, lines) = (DeliveredBy::Installer, bounded(c.lines)?);
            let d = Delivery { by, lines, waybill: None, at: c.delivered_at, reason: None };
            order(c.order_id, C::MarkDelivered(d))
        }
        Wire::Installed(c) => order(c.order_id, C::Installed { lines: bounded(c.lines)? }),
        Wire::InstallationImpossible(c) => order(c.order_id, C::InstallationImpossible { lines: bounded(c.lines)? }),
        Wire::ConfirmPurchase(c) => order(c.order_id, C::ConfirmPurchase { lines: bounded(c.lines)? }),
        Wire::WriteReview(c) => {
            text(c.text.as_deref())?;
            let review = Some((c.line_no, c.text));
            let personal = Personal { review, ..Personal::default() };
            apart(c.order_id, C::WriteReview { line_no: c.line_no, rating: c.rating }, personal)
        }
        Wire::RequestReturn(c) => {
            if c.waive_gifts && role == Role::Buyer {
                return Err(Reason::Forbidden.into());
            }
            let asked = ReturnRequest {
                lines: units(c.lines)?,
                reason: c.reason,
                fault: c.fault,
                timing: c.refund_timing,
                waive_gifts: c.waive_gifts,
                may_override: role != Role::Buyer,
            };
            order(c.order_id, C::RequestReturn(asked))
        }
        Wire::ApproveReturn(c) => order(c.order_id, C::ApproveReturn { group: c.claim_group, timing: c.refund_timing }),
        Wire::RejectReturn(c) => {
            text(c.reason.as_deref())?;
            order(c.order_id, C::RejectReturn { group: c.claim_group, reason: c.reason })
        }
        Wire::WithdrawReturn(c) => order(c.order_id, C::WithdrawReturn { group: c.claim_group }),
        Wire::CollectReturn(c) => order(c.order_id, C::CollectReturn { group: c.claim_group, lines: units(c.lines)? }),
        Wire::CompleteReturn(c) => {
            let read =
                |i: WireInspected| Inspected { line_no: i.line_no, sellable: i.sellable, unsellable: i.unsellable };
            let inspected = bounded(c.inspected)?.into_iter().map(read).collect();
            order(c.order_id, C::CompleteReturn { group: c.claim_group, inspected })
        }
        Wire::RequestExchange(c) => {
            let (line_no, quantity, reason, fault) = (c.line_no, c.quantity, c.reason, c.fault);
            order(c.order_id, C::RequestExchange { line_no, quantity, reason, fault, wanted: c.sku_id })
        }
        Wire::ApproveExchange(c) => {
            order(c.order_id, C::ApproveExchange { group: c.claim_group, branch: c.branch, sku_id: c.sku_id })
        }
        Wire::RejectExchange(c) => {
            text(c.reason.as_deref())?;
            order(c.order_id, C::RejectExchange { group: c.claim_group, reason: c.reason })
        }
        Wire::AddGift(c) => {
            let (main_line_no, sku_id, quantity, reason) = (c.main_line_no, c.sku_id, c.quantity, c.reason);
            order(c.order_id, C::AddGift { main_line_no, sku_id, quantity, reason })
        }
        Wire::CreateGiftPromotion(_) | Wire::ChangeGiftPromotion(_) => Ok(Ok(Kind::Reference(Box::new(wire)))),
        other => Ok(Err(other)),
    }
}

fn units(list: Vec<WireUnits>) -> Result<Vec<ReservedLine>, Refusal> {
    let read = |u: WireUnits| ReservedLine { line_no: u.line_no, quantity: u.quantity };
    Ok(bounded(list)?.into_iter().map(read).collect())
}

fn purchase(
    partner_id: crate::domain::ids::PartnerId,
    lines: Vec<WirePurchase>,
    linked_order_id: Option<OrderId>,
) -> Result<PartnerPurchase, Refusal> {
    let lines = bounded(lines)?.into_iter().map(|l| (l.line_no, l.sku_id)).collect();
    Ok(PartnerPurchase { partner_id, lines, linked_order_id })
}

fn waybill(w: WireWaybill) -> Result<WaybillEntry, Refusal> {
    code("a carrier", &w.carrier)?;
    text(Some(&w.carrier))?;
    code("a waybill number", &w.waybill_no)?;
    Ok(WaybillEntry { line_no: w.line_no, carrier: w.carrier, waybill_no: w.waybill_no, quantity: w.quantity })
}
