//! Executes a decision: its consequences, all effects in the open batch: stock moved, events numbered, steps said.

use std::sync::Arc;

use super::{CommandMeta, DecisionContext, Fault, inventory::ApplyMovements};
use crate::{
    domain::{
        Time,
        ids::OrderId,
        money::Won,
        order::{
            Order,
            decide::Decision,
            event::Event,
            register::DEPOSIT,
            state::{Placement, Stage},
            step::Step,
            supply::LinkMessage,
        },
        reason::{Facts, StockFact},
        stock::Movement,
    },
    history::{
        effects::{Cause, Effect, NumberedEvent, OrderChanged, OrderEvents, OutboxStep},
        replay::{Applied, Note},
    },
    protocol::internal::{Internal, derived_id},
};

/// Of a deposit without a name, whatever command told it: the bank's file may come twice.
const TOLD_AGAIN: &str =
    "a deposit without a payment_id, of an amount that has come in: it is taken for that one, told again";

/// What a command made of its order.
pub struct Executed {
    pub order: Arc<Order>,
    pub note: Note,
    pub events: Arc<OrderEvents>,
}

/// Carries a decision out. `order` is changed in place, and `applied` learns of the command. What of it is personal leaves with
/// what it did, unless a placement waits with it.
///
/// # Errors
/// The store's, or a broken invariant.
pub async fn execute_decision(
    cx: &DecisionContext,
    id: &OrderId,
    order: Option<&mut Arc<Order>>,
    applied: &mut Vec<Applied>,
    mut decision: Decision,
    meta: &mut CommandMeta,
) -> Result<Executed, Fault> {
    let stock = carry(cx, id, std::mem::take(&mut decision.movements), meta).await?;
    record_decision(cx, id, order, applied, MovedDecision { decision, stock }, meta)
}

/// A decision whose stock has moved.
#[derive(Debug)]
pub struct MovedDecision {
    pub decision: Decision,
    /// each SKU after it
    pub stock: Vec<StockFact>,
}

/// What is left to do of a decision whose stock has moved; see [`execute_decision`].
///
/// # Errors
/// A broken invariant.
pub fn record_decision(
    cx: &DecisionContext,
    id: &OrderId,
    order: Option<&mut Arc<Order>>,
    applied: &mut Vec<Applied>,
    moved: MovedDecision,
    meta: &mut CommandMeta,
) -> Result<Executed, Fault> {
    let MovedDecision { decision: Decision { events, steps, messages, note: reason, .. }, stock } = moved;
    let placed = order.is_none();
    let before = order.as_ref().map(|o| OrderBefore::of(o));
    let waits = events.iter().any(|e| matches!(e, Event::PlacementStarted { .. }));
    cx.book.borrow_mut().changing = order.as_ref().map(|_| id.clone());
    let (order, events) = numbered(id, order, events, meta.source.at).map_err(Fault::Broken)?;
    let mut note = Note { reason, facts: told(&order, events.iter().map(|e| &e.event), stock) };
    owed(before.as_ref(), &order, &events, meta.silent, &mut note.facts);
    // the answer is kept with the first event
    let kept = (note.reason.is_some() || !note.facts.is_empty()).then(|| cx.json(&note)).transpose();
    let kept = kept.map_err(Fault::Broken)?;
    let events = Arc::new(OrderEvents { order_id: id.clone(), command: meta.stamp(), note: kept, events });
    let paid_before = before.map(|b| b.paid).unwrap_or_default();
    let mut book = cx.book.borrow_mut();
    // a placement that is taken for new claims nothing: the register's unique key says whether it is
    let trusted = placed && !meta.looked;
    let entered = order.settlements.iter().filter(|s| !trusted && !paid_before.contains(&s.no));
    cx.payments.decided(&order, entered.filter_map(|s| order.key_of(s)), book.number + 1);
    let personal = if waits { meta.personal.clone() } else { meta.personal.take() };
    let changed =
        OrderChanged { order: Arc::clone(&order), events: Arc::clone(&events), placed, paid_before, personal };
    book.effects.push(Effect::OrderChanged(changed));
    book.effects.extend(steps.into_iter().map(|s| step_to(cx, &order, s, meta.source.at)));
    let said = |m| link_message(id, &order.version.to_string(), m, meta.source.at);
    book.effects.extend(messages.into_iter().map(said));
    book.changing = None;
    drop(book);
    // last of all: a command that breaks before was not taken
    events.record(applied);
    Ok(Executed { order, note, events })
}

/// The order after its events, and these with their places in its history.
fn numbered(
    id: &OrderId,
    order: Option<&mut Arc<Order>>,
    events: Vec<Event>,
    at: Time,
) -> Result<(Arc<Order>, Vec<NumberedEvent>), String> {
    let mut numbered = Vec::with_capacity(events.len());
    let mut events = events.into_iter();
    let mut made;
    let order = match order {
        Some(order) => order,
        None => {
            let event = events.next().ok_or("a decision without events")?;
            made = Arc::new(Order::first(id, &event, at).map_err(|m| m.to_string())?);
            numbered.push(NumberedEvent::new(event, made.version, made.status()));
            &mut made
        }
    };
    for event in events {
        // a copy, where its last change is not durable yet
        let changed = Arc::make_mut(order);
        changed.follow(&event, at).map_err(|m| m.to_string())?;
        numbered.push(NumberedEvent::new(event, changed.version, changed.status()));
    }
    if numbered.is_empty() {
        return Err("a decision without events".to_owned());
    }
    Ok((Arc::clone(order), numbered))
}

/// What an order was before a command, as far as it matters after it.
struct OrderBefore {
    /// its total and what was due, if it stood
    amounts: Option<(Won, Won)>,
    /// settlements whose money was in
    paid: Vec<u16>,
}

impl OrderBefore {
    fn of(order: &Order) -> Self {
        let stands = order.placement == Placement::Done;
        let paid = order.settlements.iter().filter(|s| order.is_in(s)).map(|s| s.no).collect();
        Self { amounts: stands.then(|| (order.total(), order.due_now())), paid }
    }
}

/// Asks each SKU's actor to move, in the decision's order.
async fn carry(
    cx: &DecisionContext,
    id: &OrderId,
    movements: Vec<Movement>,
    meta: &CommandMeta,
) -> Result<Vec<StockFact>, Fault> {
    let mut facts: Vec<StockFact> = Vec::new();
    let mut rest = movements.into_iter().peekable();
    while let Some(first) = rest.next() {
        let sku_id = first.sku_id.clone();
        let mut movements = vec![first];
        movements.extend(std::iter::from_fn(|| rest.next_if(|m| m.sku_id == sku_id)));
        let actor = cx.skus.actor(&sku_id).await?;
        let cause = Cause { command_id: Arc::clone(&meta.id), order_id: Some(id.clone()), at: meta.source.at };
        let carried = actor.send(ApplyMovements { movements, cause }).await?;
        let fact = carried.map_err(|out| Fault::Broken(out.to_string()))?;
        if let Some(fact) = fact {
            facts.retain(|f| f.sku_id != fact.sku_id);
            facts.push(fact);
        }
    }
    Ok(facts)
}

/// What an accepted answer tells: keys of refunds that stand, gifts that are left out, the claim, the linked order.
fn told<'e>(after: &Order, events: impl IntoIterator<Item = &'e Event>, stock: Vec<StockFact>) -> Facts {
    // one event of a command may take back what another of it had planned
    let withdrawn = |key: &str| after.refunds.iter().any(|r| r.key == key && matches!(r.stage, Stage::Withdrawn(_)));
    let (mut facts, mut gifts) = (Facts { stock: stock.into(), ..Facts::default() }, Vec::new());
    for event in events {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the other events have nothing that a client waits for")]
        let refunds = match event {
            Event::Cut { refunds, omitted_gifts, .. } | Event::PlacementCompleted { refunds, omitted_gifts, .. } => {
                gifts.extend_from_slice(omitted_gifts);
                refunds
            }
            Event::LatePaymentReceived { refunds, .. } | Event::UnexpectedPaymentReceived { refunds, .. } => refunds,
            Event::Placed(p) => {
                gifts.extend_from_slice(&p.omitted_gifts);
                &p.refunds
            }
            Event::ShippingAddressSet(d) => &d.refunds,
            Event::ReturnCompleted { refunds, .. } => refunds,
            Event::ReturnChanged(c) => &c.refunds,
            Event::RefundAdjusted(r) => &r.refunds,
            Event::FaultCorrected { fee: Some(fee), .. } => &fee.refunds,
            Event::ExchangeInspected { findings: Some(judged), .. } => &judged.refunds,
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
            Event::DuplicatePaymentReceived { approvals } => {
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
    facts.omitted_gifts = gifts.into();
    facts
}

/// What an accepted answer tells of what is owed: a placement's, and that of whatever makes a debt or changes the total.
fn owed(before: Option<&OrderBefore>, order: &Order, events: &[NumberedEvent], silent: bool, facts: &mut Facts) {
    let now = (order.total(), order.due_now());
    let placed = |e: &NumberedEvent| matches!(e.event, Event::Placed(_) | Event::PlacementCompleted { .. });
    // what another lane or order said to a question is the answer of the command that asked it
    let answers = !silent || events.iter().any(|e| matches!(e.event, Event::Granted { .. }));
    let tells = match before.and_then(|b| b.amounts) {
        Some((total, due)) => answers && (now.0 != total || now.1 > due),
        // a linked order is paid between the two businesses
        None => order.fulfilment.parent.is_none() && events.iter().any(placed),
    };
    if tells && order.placement == Placement::Done {
        (facts.total, facts.due, facts.deadline) = (Some(now.0), Some(now.1), order.due_by());
    }
}

/// A message to a linked order, through the outbox; named by what makes it one of its kind.
pub fn link_message(from: &OrderId, by: &str, m: LinkMessage, at: Time) -> Effect {
    let id: Arc<str> = derived_id("link", &[from.as_str(), m.to.as_str(), m.what.name(), by]).into();
    let step = Internal::Link { id: Arc::clone(&id), order_id: m.to, from: from.clone(), what: m.what };
    Effect::Outbox(OutboxStep { id, to: m.lane, step, at })
}

/// What an order asks of SKUs in another lane.
fn step_to(cx: &DecisionContext, order: &Order, step: Step, at: Time) -> Effect {
    let version = order.version.to_string();
    let id: Arc<str> = derived_id("step", &[&step.reservation, step.kind.name(), &version]).into();
    let internal = Internal::Step {
        id: Arc::clone(&id),
        from: cx.partition,
        order_id: order.id.clone(),
        reservation: step.reservation,
        what: step.kind,
    };
    Effect::Outbox(OutboxStep { id, to: step.lane, step: internal, at })
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
