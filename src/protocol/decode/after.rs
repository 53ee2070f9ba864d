//! Commands to an order that is paid: procurement, delivery, claims (rows 10–23); and of gifts.

use super::{
    Kind, Personal, bounded,
    codes::{code, name},
    money::{account, kept},
    recipient, text,
};
use crate::{
    domain::{
        carriers,
        ids::OrderId,
        order::{
            OrderCommand,
            claim::{ClaimReason, Fault},
            command::{DeliveryReport, Found, GiveUp, PartnerPurchase, ReturnRequest, Sourced, Waiver},
            delivery::{DeliveredBy, ShipMethod},
            event::{ReservedLine, WaybillEntry},
        },
        reason::{Reason, Refusal},
    },
    protocol::command::{
        ActorRole, Moment, Text, Wire, WireInspected, WirePurchase, WireSource, WireUnits, WireWaybill,
    },
};

/// `None`: not one of these.
pub(super) fn kind(wire: Wire, role: ActorRole) -> Result<Result<Kind, Wire>, Refusal> {
    use OrderCommand as C;
    let order = |order_id: OrderId, command| Ok(Ok(Kind::Order { order_id, command, personal: None }));
    let apart = |order_id: OrderId, command, personal: Personal| {
        Ok(Ok(Kind::Order { order_id, command, personal: kept(personal) }))
    };
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are read elsewhere")]
    match wire {
        Wire::RefundByBankTransfer(c) => {
            text(c.holder.as_deref())?;
            let (refund_account, refund_holder) = (account(c.account)?, Text::maybe(c.holder));
            let personal = Personal { refund_holder, refund_account, transferred: true, ..Personal::default() };
            apart(c.order_id, C::TransferRefund { key: c.refund_key.into_string() }, personal)
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
            let (lines, seller, amount) = (bounded(c.lines)?, c.seller_name.into_string(), c.amount);
            order(
                c.order_id,
                match whole(&lines) {
                    Some(lines) => C::PurchaseFromNonPartner { lines, seller, amount },
                    None => C::BuyUnits { units: parts(&lines), seller, amount },
                },
            )
        }
        Wire::UseOwnStock(c) => {
            let lines = bounded(c.lines)?;
            order(
                c.order_id,
                match whole(&lines) {
                    Some(lines) => C::UseOwnStock { lines },
                    None => C::UseOwnUnits { units: parts(&lines) },
                },
            )
        }
        Wire::SetShippingAddress(c) => {
            let zip = c.recipient.as_ref().map(|r| r.zip.to_string());
            let personal = c.recipient.map(recipient).transpose()?.unwrap_or_default();
            apart(c.order_id, C::SetShippingAddress { zip }, personal)
        }
        Wire::CompleteProcurement(c) => order(c.order_id, C::CompleteProcurement { lines: bounded(c.lines)? }),
        Wire::CancelProcurement(c) => {
            text(c.reason.as_deref())?;
            order(c.order_id, C::CancelProcurement { lines: bounded(c.lines)?, reason: Text::maybe(c.reason) })
        }
        Wire::ReportStockLoss(c) => order(c.order_id, C::ReportStockLoss { lines: units(c.lines)? }),
        Wire::Ship(c) => {
            let waybills = bounded(c.waybills)?.into_iter().map(waybill).collect::<Result<_, _>>()?;
            let (lines, in_transit) = (bounded(c.lines)?, c.in_transit);
            order(
                c.order_id,
                match c.method.unwrap_or_default() {
                    ShipMethod::Parcel => C::Ship { lines, in_transit, waybills },
                    method @ (ShipMethod::Own | ShipMethod::Quick | ShipMethod::Pickup) => {
                        C::ShipBy { method, lines, in_transit, waybills }
                    }
                },
            )
        }
        Wire::RegisterWaybill(c) => {
            let (line_no, carrier, carrier_name) = (c.line_no, c.carrier, c.carrier_name);
            let w = WireWaybill { line_no, carrier, carrier_name, waybill_no: c.waybill_no, quantity: c.quantity };
            order(c.order_id, C::RegisterWaybill(waybill(w)?))
        }
        Wire::UpdateWaybill(c) => {
            let (line_no, carrier, waybill_no, quantity) = (c.line_no, c.carrier, c.waybill_no, c.quantity);
            let w = WireWaybill { line_no, carrier, carrier_name: None, waybill_no, quantity };
            order(c.order_id, C::UpdateWaybill(waybill(w)?))
        }
        Wire::MarkDelivered(c) => {
            text(c.reason.as_deref())?;
            text(c.carrier.as_deref())?;
            let waybill = match (c.carrier, c.waybill_no) {
                (Some(carrier), Some(no)) => Some((carriers::known(carrier.trim()).0, no.into_string())),
                (None, None) => None,
                (Some(_), None) | (None, Some(_)) => {
                    return Err(Refusal::invalid("a waybill is a carrier and a waybill_no"));
                }
            };
            if c.forced && (waybill.is_some() || c.delivered_at.is_some()) {
                return Err(Refusal::invalid("a forced delivery has no waybill, and is of now"));
            }
            if c.forced && !matches!(role, ActorRole::Operator | ActorRole::Seller) {
                return Err(Reason::Forbidden.into());
            }
            let by = if c.forced { DeliveredBy::Forced } else { DeliveredBy::Carrier };
            let d = DeliveryReport {
                by,
                lines: bounded(c.lines)?,
                waybill,
                at: c.delivered_at.map(Moment::time),
                reason: Text::maybe(c.reason),
            };
            order(c.order_id, C::MarkDelivered(d))
        }
        Wire::ConfirmInstallerDelivery(c) => {
            let (by, lines) = (DeliveredBy::Installer, bounded(c.lines)?);
            let d = DeliveryReport { by, lines, waybill: None, at: c.delivered_at.map(Moment::time), reason: None };
            order(c.order_id, C::MarkDelivered(d))
        }
        Wire::CompleteInstallation(c) => order(c.order_id, C::CompleteInstallation { lines: bounded(c.lines)? }),
        Wire::FailInstallation(c) => order(c.order_id, C::FailInstallation { lines: bounded(c.lines)? }),
        Wire::ConfirmPurchase(c) => order(c.order_id, C::ConfirmPurchase { lines: bounded(c.lines)? }),
        Wire::WriteReview(c) => {
            text(c.text.as_deref())?;
            let review = Some((c.line_no, Text::maybe(c.text)));
            let personal = Personal { review, ..Personal::default() };
            apart(c.order_id, C::WriteReview { line_no: c.line_no, rating: c.rating }, personal)
        }
        Wire::RequestReturn(c) => {
            if c.waive_gifts && role == ActorRole::Buyer {
                return Err(Reason::Forbidden.into());
            }
            judged_by_the_shop(role, c.reason, c.fault)?;
            let asked = ReturnRequest {
                lines: units(c.lines)?,
                reason: c.reason,
                fault: c.fault,
                timing: c.refund_timing,
                waive_gifts: c.waive_gifts,
                may_override: role != ActorRole::Buyer,
            };
            let personal = Personal { refund_account: account(c.refund_account)?, ..Personal::default() };
            apart(c.order_id, C::RequestReturn(asked), personal)
        }
        Wire::ApproveReturn(c) => {
            let (group, timing, fault) = (c.claim_group, c.refund_timing, c.fault);
            order(c.order_id, C::ApproveReturn { group, timing, fault })
        }
        Wire::RejectReturn(c) => {
            text(c.reason.as_deref())?;
            order(c.order_id, C::RejectReturn { group: c.claim_group, reason: Text::maybe(c.reason) })
        }
        Wire::WithdrawReturn(c) => {
            let (lines, by_buyer) = (units(c.lines)?, role == ActorRole::Buyer);
            order(c.order_id, C::WithdrawReturn { group: c.claim_group, lines, by_buyer })
        }
        Wire::WriteOffReturn(c) => {
            let what = GiveUp { lines: units(c.lines)?, reason: why(Some(c.reason))?, charge: c.charge };
            order(c.order_id, C::WriteOffReturn { group: c.claim_group, what })
        }
        Wire::WaiveCollection(c) => {
            let what = GiveUp { lines: Vec::new(), reason: why(Some(c.reason))?, charge: None };
            order(c.order_id, C::WaiveCollection { group: c.claim_group, what })
        }
        Wire::WaiveDebt(c) => {
            let waiver = Waiver { fee_no: c.fee_no, amount: c.amount, reason: why(Some(c.reason))? };
            order(c.order_id, C::WaiveDebt(waiver))
        }
        Wire::CollectReturn(c) => order(c.order_id, C::CollectReturn { group: c.claim_group, lines: units(c.lines)? }),
        Wire::CompleteReturn(c) => {
            let read = |i: WireInspected| -> Result<Found, Refusal> {
                text(i.reason.as_deref())?;
                let (line_no, sellable, unsellable, rejected) = (i.line_no, i.sellable, i.unsellable, i.rejected);
                Ok(Found {
                    line_no,
                    sellable,
                    unsellable,
                    rejected,
                    withheld_amount: i.withheld_amount,
                    reason: Text::maybe(i.reason),
                })
            };
            let inspected = bounded(c.inspected)?.into_iter().map(read).collect::<Result<_, _>>()?;
            order(c.order_id, C::CompleteReturn { group: c.claim_group, inspected, fault: c.fault })
        }
        Wire::RequestExchange(c) => {
            judged_by_the_shop(role, c.reason, c.fault)?;
            let (line_no, quantity, reason, fault) = (c.line_no, c.quantity, c.reason, c.fault);
            let personal = Personal { refund_account: account(c.refund_account)?, ..Personal::default() };
            apart(c.order_id, C::RequestExchange { line_no, quantity, reason, fault, wanted: c.sku_id }, personal)
        }
        Wire::SetRefundAccount(c) => {
            let personal = Personal { refund_account: account(Some(c.refund_account))?, ..Personal::default() };
            apart(c.order_id, C::SetRefundAccount, personal)
        }
        Wire::ApproveExchange(c) => {
            let (group, resolution, sku_id, fault) = (c.claim_group, c.resolution, c.sku_id, c.fault);
            if c.reason.is_some() && !c.waive_collection {
                return Err(Refusal::invalid("the reason is one for waiving the collection"));
            }
            let waived = if c.waive_collection { Some(why(c.reason)?) } else { None };
            order(c.order_id, C::ApproveExchange { group, resolution, sku_id, fault, waived })
        }
        Wire::WithdrawExchange(c) => order(c.order_id, C::WithdrawExchange { group: c.claim_group }),
        Wire::RejectExchange(c) => {
            text(c.reason.as_deref())?;
            order(c.order_id, C::RejectExchange { group: c.claim_group, reason: Text::maybe(c.reason) })
        }
        Wire::AddGift(c) => {
            let (main_line_no, sku_id, quantity, reason) = (c.main_line_no, c.sku_id, c.quantity, c.reason);
            order(c.order_id, C::AddGift { main_line_no, sku_id, quantity, reason })
        }
        Wire::CreateGiftPromotion(_) | Wire::UpdateGiftPromotion(_) => Ok(Ok(Kind::Reference(Box::new(wire)))),
        other => Ok(Err(other)),
    }
}

/// The lines' numbers, when no units are named.
fn whole(lines: &[WireSource]) -> Option<Vec<u16>> {
    lines.iter().map(|l| if let WireSource::Line(no) = l { Some(*no) } else { None }).collect()
}

fn parts(lines: &[WireSource]) -> Vec<Sourced> {
    let part = |l: &WireSource| match l {
        WireSource::Line(line_no) => Sourced { line_no: *line_no, quantity: None },
        WireSource::Units(p) => Sourced { line_no: p.line_no, quantity: p.quantity },
    };
    lines.iter().map(part).collect()
}

/// 귀책: a buyer's change of mind is the buyer's own; whatever else is said, the shop judges.
fn judged_by_the_shop(role: ActorRole, reason: ClaimReason, fault: Fault) -> Result<(), Refusal> {
    if role == ActorRole::Buyer && reason == ClaimReason::ChangeOfMind && fault != Fault::Buyer {
        return Err(Refusal::invalid("a change of mind is the buyer's own: its fault is the buyer"));
    }
    Ok(())
}

/// A reason that has to be there.
fn why(reason: Option<Text>) -> Result<String, Refusal> {
    text(reason.as_deref())?;
    let said = reason.filter(|r| !r.trim().is_empty());
    said.map(Text::into_string).ok_or_else(|| Refusal::invalid("say why: a reason is kept in the audit"))
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
    let lines = bounded(lines)?.into_iter().map(|l| (l.line_no, l.sku_id, l.quantity)).collect();
    Ok(PartnerPurchase { partner_id, lines, linked_order_id })
}

fn waybill(w: WireWaybill) -> Result<WaybillEntry, Refusal> {
    for said in [Some(&w.carrier), w.carrier_name.as_ref()].into_iter().flatten() {
        name("a carrier", said)?;
    }
    code("a waybill number", &w.waybill_no)?;
    let (carrier, known) = carriers::known(w.carrier.trim());
    let carrier_name = w.carrier_name.map(|n| n.trim().to_owned()).or(known);
    let waybill_no = w.waybill_no.into_string();
    Ok(WaybillEntry { line_no: w.line_no, carrier, carrier_name, waybill_no, quantity: w.quantity })
}
