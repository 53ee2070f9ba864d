//! Executes a decision: its consequences, all in the open batch: stock moved, events numbered, rows projected, steps written.

use std::sync::Arc;

use super::{
    CommandMeta, Fault, LaneContext, activate,
    inventory::{ApplyMovements, Cause},
};
use crate::{
    domain::{
        ids::OrderId,
        money::Won,
        order::{
            Order,
            decide::Decision,
            event::{EVENT_VERSION, Event},
            register::DEPOSIT,
            state::{Placement, Stage},
            step::Step,
            supply::LinkMessage,
        },
        reason::{Facts, StockFact},
        status::Status,
    },
    history::{
        project::{audited, project, project_placed, registered},
        replay::{Applied, Note, record},
    },
    protocol::{
        decode::{PaymentToken, Personal},
        internal::{Internal, derived_id},
    },
    store::{
        Batch,
        rows::{AditRow, AprvRow, HistRow, OtbxRow, PrsnRow},
    },
    vault::Secret,
};

/// Of a deposit without a name, whatever command told it: the bank's file may come twice.
const TOLD_AGAIN: &str =
    "a deposit without a payment_id, of an amount that has come in: it is taken for that one, told again";

/// What a command made of its order.
pub struct Executed {
    pub order: Order,
    pub note: Note,
    /// the rows of its events, as they will be published
    pub events: Vec<HistRow>,
}

/// Carries a decision out. `applied` learns of the command.
///
/// # Errors
/// The store's, or a broken invariant.
pub async fn execute_decision(
    cx: &LaneContext,
    id: &OrderId,
    before: Option<Order>,
    applied: &mut Vec<Applied>,
    decision: Decision,
    meta: &CommandMeta,
) -> Result<Executed, Fault> {
    let broken = |why: String| Fault::Decision { entry: meta.source.id, why };
    let stock = carry(cx, id, &decision, meta).await?;
    let placed = before.is_none();
    let stood = before.as_ref().filter(|o| o.placement == Placement::Done).map(|o| (o.total(), o.due_now()));
    let had: Vec<u16> = before
        .as_ref()
        .map(|b| b.settlements.iter().filter(|s| b.is_in(s)).map(|s| s.no).collect())
        .unwrap_or_default();
    let mut order = before;
    let mut events: Vec<HistRow> = Vec::with_capacity(decision.events.len());
    for (event, no) in decision.events.iter().zip(0i64..) {
        Order::step(&mut order, id, event, meta.source.at).map_err(|m| broken(m.to_string()))?;
        let (version, status) = order.as_ref().map_or((0, Status::PaymentPending), |o| (o.version, o.status()));
        let row = HistRow {
            ord_id: id.shared(),
            hist_no: i64::from(version),
            cmd_id: Arc::clone(&meta.id),
            cmd_evnt_no: no,
            cmd_dgst: Arc::clone(&meta.digest),
            evnt_typ_cd: event.name().into(),
            evnt_ver: EVENT_VERSION,
            evnt: cx.json(event).map_err(broken)?,
            actr: Arc::clone(&meta.actor),
            ord_stat_cd: status.code().into(),
            ansr: None,
            strm_entr: (no == 0).then(|| meta.brought_by()),
            hist_dttm: meta.source.at,
        };
        events.push(row);
    }
    let order = order.ok_or_else(|| broken("a decision without events".to_owned()))?;
    let mut note = Note { reason: decision.note, facts: told(&order, &decision.events, stock) };
    owed(stood, &order, &decision.events, meta.silent, &mut note.facts);
    // the answer is kept with the first event
    if let Some(first) = events.first_mut().filter(|_| note.reason.is_some() || !note.facts.is_empty()) {
        first.ansr = Some(cx.json(&note).map_err(broken)?);
    }
    let mut book = cx.book.borrow_mut();
    if placed {
        project_placed(&order, cx.partition, cx.asks_refunds, &mut book.rows);
    } else {
        project(&order, cx.partition, cx.asks_refunds, &mut book.rows);
    }
    let (batch, entered) = (book.number + 1, book.rows.rgst.len());
    registered(&had, &order, &mut book.rows);
    let entered = book.rows.rgst.get(entered..).unwrap_or_default();
    cx.payments.decided(&order, entered, batch, placed && !meta.looked);
    book.rows.hist.extend(events.iter().cloned());
    book.rows.otbx.extend(decision.steps.iter().map(|s| outbox(cx, &order, s, meta)));
    let letters = decision.messages.iter().map(|m| link_message(cx, id, order.version, m, meta.source.at));
    book.rows.otbx.extend(letters);
    audit(id, &decision.events, meta, &mut book.rows.adit);
    if let Some(personal) = &meta.personal {
        tokens(cx, &order, personal, &mut book.rows).map_err(broken)?;
        prsn_rows(cx, &order, personal, &mut book.rows.prsn).map_err(broken)?;
    }
    drop(book);
    // last of all: a command that breaks before was not taken
    for (row, event) in events.iter().zip(&decision.events) {
        record(applied, row, event);
    }
    Ok(Executed { order, note, events })
}

/// Tokens of approvals are in no event: they go with personal data, sealed, by the number of the settlement. Without a key
/// none is kept.
fn tokens(cx: &LaneContext, order: &Order, p: &Personal, into: &mut Batch) -> Result<(), String> {
    let Some(vault) = cx.store.vault().filter(|_| !p.tokens.is_empty()) else { return Ok(()) };
    // they are the last ones: a look at all of the batch's would cost each order as much as the batch is long
    let own = |r: &&AprvRow| *r.ord_id == *order.id.as_str();
    let placed = into.placed.aprv.iter().rev().take_while(own);
    for row in placed.chain(into.aprv.iter().rev().take_while(own)) {
        let Some((_, token)) = p.tokens.iter().find(|(approval, _)| **approval == *row.aprv_id) else { continue };
        let sealed: Arc<str> = match token {
            PaymentToken::Clear(text) => {
                vault.seal(&row.ord_id, Secret::Token, text).map_err(|e| e.to_string())?.into()
            }
            PaymentToken::Sealed(sealed) => Arc::clone(sealed),
        };
        into.prsn.push(PrsnRow::sealed(&row.ord_id, Secret::Token, row.stlm_no, sealed));
    }
    Ok(())
}

/// One row a kind: each is written, changed and erased alone.
fn prsn_rows(cx: &LaneContext, order: &Order, p: &Personal, into: &mut Vec<PrsnRow>) -> Result<(), String> {
    let id = order.id.shared();
    let vault = cx.store.vault();
    let text = |t: &Option<String>| t.as_deref().map(Arc::from);
    let row = |kind: &'static str, ord_seq: u16| PrsnRow::blank(&id, kind, ord_seq.into());
    if p.recipient_name.is_some() {
        into.push(PrsnRow {
            rcvr_nm: text(&p.recipient_name),
            tel_no: text(&p.phone),
            zip_no: text(&p.zip),
            addr: text(&p.address),
            addr_dtl: text(&p.address_detail),
            ..row("RECIPIENT", 0)
        });
    }
    let number = vault.zip(p.virtual_account_no.as_deref()).map(|(v, number)| v.seal(&id, Secret::Payer, number));
    let number = number.transpose().map_err(|e| e.to_string())?;
    if number.is_some() || [&p.account_owner, &p.holder, &p.remitter].into_iter().any(Option::is_some) {
        into.push(PrsnRow {
            acct_ownr_nm: text(&p.account_owner),
            dpst_hldr_nm: text(&p.holder),
            rmtr_nm: text(&p.remitter),
            acct_enc: number.map(Arc::from),
            ..row(Secret::Payer.code(), 0)
        });
    }
    // where refunds go, or where one has gone
    let what = if p.transferred { Secret::Refund } else { Secret::RefundAccount };
    let account = vault.zip(p.refund_account.as_ref()).map(|(v, account)| v.seal_account(&id, what, account));
    if let Some(sealed) = account.transpose().map_err(|e| e.to_string())? {
        let dpst_hldr_nm = text(&p.refund_holder);
        into.push(PrsnRow { dpst_hldr_nm, ..PrsnRow::sealed(&id, what, 0, sealed.into()) });
    } else if p.refund_holder.is_some() {
        into.push(PrsnRow { dpst_hldr_nm: text(&p.refund_holder), ..row(Secret::Refund.code(), 0) });
    }
    if let Some((line_no, Some(words))) = &p.review {
        into.push(PrsnRow { rvw_txt: Some(words.as_str().into()), ..row("REVIEW", *line_no) });
    }
    Ok(())
}

/// Asks each SKU's actor to move, in the decision's order.
async fn carry(
    cx: &LaneContext,
    id: &OrderId,
    decision: &Decision,
    meta: &CommandMeta,
) -> Result<Vec<StockFact>, Fault> {
    let broken = |why: String| Fault::Decision { entry: meta.source.id, why };
    let mut facts: Vec<StockFact> = Vec::new();
    let mut rest = decision.movements.as_slice();
    while let Some(first) = rest.first() {
        let same = rest.iter().take_while(|m| m.sku_id == first.sku_id).count();
        let (now, later) = rest.split_at(same);
        rest = later;
        let actor = activate::sku(cx, &first.sku_id).await?;
        let cause = Cause { command_id: Arc::clone(&meta.id), order_id: Some(id.clone()), at: meta.source.at };
        let carried = actor.send(ApplyMovements { movements: now.to_vec(), cause }).await;
        let fact = carried.map_err(|e| broken(e.to_string()))?.map_err(|e| broken(e.to_string()))?;
        if let Some(fact) = fact {
            facts.retain(|f| f.sku_id != fact.sku_id);
            facts.push(fact);
        }
    }
    Ok(facts)
}

/// What an accepted answer tells: keys of refunds that stand, gifts that are left out, the claim, the linked order.
fn told(after: &Order, events: &[Event], stock: Vec<StockFact>) -> Facts {
    // one event of a command may take back what another of it had planned
    let withdrawn = |key: &str| after.refunds.iter().any(|r| r.key == key && matches!(r.stage, Stage::Withdrawn(_)));
    let (mut facts, mut gifts) = (Facts { stock: stock.into(), ..Facts::default() }, Vec::new());
    for event in events {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the other events have nothing that a client waits for")]
        let refunds = match event {
            Event::Cut { refunds, left_out, .. } | Event::PlacementCompleted { refunds, left_out, .. } => {
                gifts.extend_from_slice(left_out);
                refunds
            }
            Event::LatePaymentTaken { refunds, .. } | Event::UnduePaymentTaken { refunds, .. } => refunds,
            Event::Placed(p) => {
                gifts.extend_from_slice(&p.left_out);
                &p.refunds
            }
            Event::DestinationChosen(d) => &d.refunds,
            Event::ReturnCompleted { refunds, .. } => refunds,
            Event::ReturnChanged(c) => &c.refunds,
            Event::Resettled(r) => &r.refunds,
            Event::FaultCorrected { fee: Some(fee), .. } => &fee.refunds,
            Event::ExchangeInspected { judged: Some(judged), .. } => &judged.refunds,
            Event::ReturnRequested(r) => {
                facts.claim_group = Some(r.group);
                &r.refunds
            }
            Event::ExchangeRequested { group, .. } => {
                facts.claim_group = Some(*group);
                continue;
            }
            Event::ExchangeApproved(e) => {
                facts.claim_group = Some(e.group);
                facts.line_no = e.line.as_ref().map(|l| l.no);
                continue;
            }
            Event::GiftAdded { line, .. } => {
                facts.line_no = Some(line.no);
                continue;
            }
            // whoever meant other money hears that it was taken for the same
            Event::PaymentRepeated { approvals } => {
                facts.detail = approvals.iter().any(|a| a == DEPOSIT).then(|| TOLD_AGAIN.to_owned());
                continue;
            }
            Event::Linked(l) => {
                facts.linked_order_id = Some(l.order_id.clone());
                continue;
            }
            _ => continue,
        };
        facts.refunds.extend(refunds.iter().map(|r| r.key.clone()).filter(|key| !withdrawn(key)));
    }
    facts.left_out = gifts.into();
    facts
}

/// What an accepted answer tells of what is owed: a placement's, and that of whatever makes a debt or changes the total.
fn owed(stood: Option<(Won, Won)>, order: &Order, events: &[Event], silent: bool, facts: &mut Facts) {
    let now = (order.total(), order.due_now());
    let placed = |e: &Event| matches!(e, Event::Placed(_) | Event::PlacementCompleted { .. });
    // what another lane or order said to a question is the answer of the command that asked it
    let answers = !silent || events.iter().any(|e| matches!(e, Event::Granted { .. }));
    let tells = match stood {
        Some((total, due)) => answers && (now.0 != total || now.1 > due),
        // a linked order is paid between the two businesses
        None => order.fulfilment.parent.is_none() && events.iter().any(placed),
    };
    if tells && order.placement == Placement::Done {
        (facts.total, facts.due, facts.deadline) = (Some(now.0), Some(now.1), order.due_by());
    }
}

/// A message to a linked order, through the outbox.
pub fn link_message(
    cx: &LaneContext,
    from: &OrderId,
    version: u32,
    m: &LinkMessage,
    at: crate::domain::Time,
) -> OtbxRow {
    letter_as(cx, from, &version.to_string(), m, at)
}

/// The same, named by what makes it one of its kind.
pub fn letter_as(cx: &LaneContext, from: &OrderId, by: &str, m: &LinkMessage, at: crate::domain::Time) -> OtbxRow {
    let id: Arc<str> = derived_id("link", &[from.as_str(), m.to.as_str(), m.what.name(), by]).into();
    let internal =
        Internal::Link { id: Arc::clone(&id), order_id: m.to.clone(), from: from.clone(), what: m.what.clone() };
    OtbxRow {
        otbx_id: id,
        prtn_no: i64::from(cx.partition),
        to_prtn_no: i64::from(m.lane),
        cmd: internal.json().into(),
        otbx_dttm: at,
    }
}

/// What the audit keeps of a command: one row a kind of privileged action.
fn audit(id: &OrderId, events: &[Event], meta: &CommandMeta, into: &mut Vec<AditRow>) {
    let first = into.len();
    for (kind, reason) in events.iter().filter_map(audited) {
        if into.iter().skip(first).any(|r| r.adit_knd_cd == kind) {
            continue;
        }
        into.push(AditRow {
            cmd_id: Arc::clone(&meta.id),
            adit_knd_cd: kind,
            ord_id: id.shared(),
            actr: Arc::clone(&meta.actor),
            adit_rsn: reason.map(Arc::from),
            adit_dttm: meta.source.at,
        });
    }
}

fn outbox(cx: &LaneContext, order: &Order, step: &Step, meta: &CommandMeta) -> OtbxRow {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::order::{
        OrderCommand as C,
        claim::Fault,
        tests::{
            acts::{found, give_back},
            claims::{ask, order, shipped},
            deep::shop,
            world::line,
        },
    };

    #[test]
    fn an_answer_tells_no_refund_that_its_command_took_back() {
        let mut w = order(shop(1), vec![line("c", 2)], &shipped());
        let approve = C::ApproveReturn { group: 1, timing: None, fault: None };
        let collect = C::CollectReturn { group: 1, lines: Vec::new() };
        ask(&mut w, &[C::RequestReturn(give_back(&[(1, 2)], Fault::Buyer)), approve, collect]);
        let (inspected, fault) = (vec![found(1, (2, 0, 0), 100)], Some(Fault::Seller));
        let decision = w.ask(&C::CompleteReturn { group: 1, inspected, fault }).unwrap();
        let open = w.o().refunds.iter().filter(|r| r.open()).map(|r| r.key.clone()).collect::<Vec<_>>();
        let facts = told(w.o(), &decision.events, Vec::new());
        assert_eq!(facts.refunds.iter().map(ToString::to_string).collect::<Vec<_>>(), open);
    }
}
