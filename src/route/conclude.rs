//! Conclude: a decision's consequences, all in the open batch: stock moved, events numbered, rows projected, steps written.

use std::sync::Arc;

use super::{
    LaneContext, Meta, activate,
    inventory::{Carry, Cause},
};
use crate::{
    commit::{
        project::{project, project_placed},
        replay::{Applied, Note, record},
    },
    domain::{
        ids::OrderId,
        order::{
            Order,
            decide::Decision,
            event::{EVENT_VERSION, Event},
            step::Step,
        },
        reason::{Facts, StockFact},
        status::Status,
    },
    protocol::internal::{Internal, derived_id},
    store::rows::{HistRow, OtbxRow, PrsnRow},
};

/// What a command made of its order.
pub struct Concluded {
    pub order: Order,
    pub note: Note,
    /// the rows of its events, as they will be published
    pub events: Vec<HistRow>,
}

/// Carries a decision out. `applied` learns of the command.
///
/// # Errors
/// A sentence, when an invariant broke: the lane is reset then.
pub async fn conclude(
    cx: &LaneContext,
    id: &OrderId,
    before: Option<Order>,
    applied: &mut Vec<Applied>,
    decision: Decision,
    meta: &Meta,
) -> Result<Concluded, String> {
    let stock = carry(cx, id, &decision, meta).await?;
    let refunds = planned(&decision.events);
    let note = Note { reason: decision.note, facts: Facts { stock, refunds, ..Facts::default() } };
    let note_json: Option<Arc<str>> = if note.reason.is_none() && note.facts.is_empty() {
        None
    } else {
        Some(serde_json::to_string(&note).map_err(|e| e.to_string())?.into())
    };
    let placed = before.is_none();
    let mut order = before;
    let mut events = Vec::with_capacity(decision.events.len());
    for (event, no) in decision.events.iter().zip(0i64..) {
        Order::step(&mut order, id, event, meta.source.at).map_err(|m| m.to_string())?;
        let (version, status) = order.as_ref().map_or((0, Status::PaymentPending), |o| (o.version, o.status()));
        let row = HistRow {
            ord_id: id.shared(),
            hist_no: i64::from(version),
            cmd_id: Arc::clone(&meta.id),
            cmd_evnt_no: no,
            cmd_dgst: Arc::clone(&meta.digest),
            evnt_typ_cd: event.name().into(),
            evnt_ver: EVENT_VERSION,
            evnt: serde_json::to_string(event).map_err(|e| e.to_string())?.into(),
            actr: Arc::clone(&meta.actor),
            ord_stat_cd: status.code().into(),
            ansr: if no == 0 { note_json.clone() } else { None },
            strm_entr: (no == 0).then(|| meta.source.id.to_string().into()),
            hist_dttm: meta.source.at,
        };
        record(applied, &row, event);
        events.push(row);
    }
    let order = order.ok_or("a decision without events")?;
    let mut book = cx.book.borrow_mut();
    if placed {
        project_placed(&order, cx.partition, cx.asks_refunds, &mut book.rows);
    } else {
        project(&order, cx.partition, cx.asks_refunds, &mut book.rows);
    }
    book.rows.hist.extend(events.iter().cloned());
    book.rows.otbx.extend(decision.steps.iter().map(|s| outbox(cx, &order, s, meta)));
    if let Some(personal) = &meta.personal {
        book.rows.prsn.push(prsn_row(&order, personal));
    }
    Ok(Concluded { order, note, events })
}

fn prsn_row(order: &Order, p: &crate::protocol::decode::Personal) -> PrsnRow {
    let text = |t: &Option<String>| t.as_deref().map(Arc::from);
    PrsnRow {
        ord_id: order.id.shared(),
        rcvr_nm: text(&p.recipient_name),
        tel_no: text(&p.phone),
        zip_no: text(&p.zip),
        addr: text(&p.address),
        addr_dtl: text(&p.address_detail),
        acct_ownr_nm: text(&p.account_owner),
        dpst_hldr_nm: text(&p.holder),
        rmtr_nm: text(&p.remitter),
    }
}

/// Asks each SKU's actor to move, in the decision's order.
async fn carry(cx: &LaneContext, id: &OrderId, decision: &Decision, meta: &Meta) -> Result<Vec<StockFact>, String> {
    let mut facts: Vec<StockFact> = Vec::new();
    let mut rest = decision.movements.as_slice();
    while let Some(first) = rest.first() {
        let same = rest.iter().take_while(|m| m.sku_id == first.sku_id).count();
        let (now, later) = rest.split_at(same);
        rest = later;
        let actor = activate::sku(cx, &first.sku_id).await.map_err(|e| e.to_string())?;
        let cause = Cause { command_id: Arc::clone(&meta.id), order_id: Some(id.clone()), at: meta.source.at };
        let carried = actor.send(Carry { movements: now.to_vec(), cause }).await;
        let fact = carried.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
        if let Some(fact) = fact {
            facts.retain(|f| f.sku_id != fact.sku_id);
            facts.push(fact);
        }
    }
    Ok(facts)
}

fn planned(events: &[Event]) -> Vec<String> {
    let mut keys = Vec::new();
    for event in events {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the other events plan no refunds")]
        let refunds = match event {
            Event::Cut { refunds, .. }
            | Event::LatePaymentTaken { refunds, .. }
            | Event::PlacementCompleted { refunds, .. } => refunds,
            Event::Placed(p) => &p.refunds,
            _ => continue,
        };
        keys.extend(refunds.iter().map(|r| r.key.clone()));
    }
    keys
}

fn outbox(cx: &LaneContext, order: &Order, step: &Step, meta: &Meta) -> OtbxRow {
    let version = order.version.to_string();
    let id: Arc<str> = derived_id("step", &[&step.reservation, step.kind.name(), &version]).into();
    let internal = Internal::Step {
        id: Arc::clone(&id),
        from: cx.partition,
        order_id: order.id.clone(),
        reservation: step.reservation.clone(),
        what: step.kind.clone(),
    };
    OtbxRow {
        otbx_id: id,
        prtn_no: i64::from(cx.partition),
        to_prtn_no: i64::from(step.lane),
        cmd: internal.json().into(),
        otbx_dttm: meta.source.at,
    }
}
