//! Which events tell of a privileged action, by the kinds of the audit (docs/reference/schema.md).

use crate::domain::order::{
    claim::{CollectionState, ReturnChange},
    delivery::DeliveredBy,
    event::{CutCause, Event},
    supply::AskWhat,
};

/// The kind of the audit's row that an event must have.
pub fn privileged(event: &Event) -> Option<&'static str> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are anybody's")]
    match event {
        Event::Delivered(d) => (d.by == DeliveredBy::Forced).then_some("FORCED_DELIVERY"),
        Event::GiftAdded { .. } => Some("GIFT_ADDED"),
        Event::RefundTransferred { .. } => Some("REFUND_TRANSFERRED"),
        Event::Cut { cause, .. } => (*cause == CutCause::StockLost).then_some("STOCK_LOSS"),
        Event::ExchangeFailed { lost, .. } => (*lost > 0).then_some("STOCK_LOSS"),
        // a refund that goes early is the graver one
        Event::ReturnRequested(r) if r.early => Some("EARLY_REFUND"),
        Event::ReturnRequested(r) => r.gifts_waived.then_some("GIFTS_WAIVED"),
        Event::ReturnApproved { early, .. } => early.then_some("EARLY_REFUND"),
        Event::FaultCorrected { .. } => Some("FAULT_CORRECTED"),
        Event::ReturnChanged(c) => match c.cause {
            ReturnChange::Fault => Some("FAULT_CORRECTED"),
            ReturnChange::Inspection => Some("INSPECTION"),
            ReturnChange::Short | ReturnChange::SetOff => None,
        },
        Event::ExchangeInspected { findings: judged, .. } => judged.is_some().then_some("INSPECTION"),
        Event::ExchangeApproved(e) => e.waived.is_some().then_some("COLLECTION_WAIVED"),
        Event::CollectionGivenUp { how: CollectionState::Waived, .. } => Some("COLLECTION_WAIVED"),
        Event::CollectionGivenUp { .. } | Event::ReturnWrittenOff { .. } => Some("WRITTEN_OFF"),
        Event::DebtWaived(_) => Some("DEBT_WAIVED"),
        Event::Asked { what, .. } => {
            matches!(&**what, AskWhat::Linked { linked, .. } if linked.without_consent).then_some("PURCHASE_UNASKED")
        }
        Event::ProcurementCancelled { .. } => Some("PROCUREMENT_CANCELLED"),
        _ => None,
    }
}
