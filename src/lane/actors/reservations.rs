//! Steps of orders that live in other lanes: reserve, confirm, release, return. Each is a command of its own, applied once
//! by its derived id; a release that comes before its reserve leaves a tombstone.

use std::{cell::RefCell, collections::HashMap, sync::Arc};

use super::{CommandMeta, DecisionContext, Fault, inventory::ApplyMovements, links::taken, quotes::quotes};
use crate::{
    domain::{
        catalog::SaleWindow,
        ids::{CampaignId, CustomerId, OrderId, SkuId},
        order::{
            Quote,
            event::ReservedLine,
            step::{ReturnedUnits, StepKind, StepLine},
        },
        reason::{Facts, Reason},
        stock::{Move, Movement},
    },
    history::{
        effects::{Cause, Effect, OutboxStep},
        reservation::{
            HeldReservation,
            ReservationState::{self, Held, Refused, Released, Taken},
            ReservedUnits,
        },
    },
    lane::commit::Outgoing,
    protocol::internal::{Internal, Said, derived_id},
    store::LookupStore,
};

/// Reservations of other lanes' orders.
pub struct Reservations {
    store: Arc<dyn LookupStore>,
    /// those that are not committed yet, by id, with the batch that holds them
    uncommitted: RefCell<HashMap<String, (Arc<HeldReservation>, u64)>>,
}

impl Reservations {
    /// None that the store does not have.
    pub fn new(store: Arc<dyn LookupStore>) -> Self {
        Self { store, uncommitted: RefCell::default() }
    }

    /// Batches up to this count are durable: the store knows theirs.
    pub fn committed(&self, batches: u64) {
        self.uncommitted.borrow_mut().retain(|_, (_, batch)| *batch > batches);
    }

    /// All that is not durable was rolled back.
    pub fn lost(&self) {
        self.uncommitted.borrow_mut().clear();
    }

    async fn known(&self, reservation: &str) -> Result<Option<Arc<HeldReservation>>, Fault> {
        if let Some((held, _)) = self.uncommitted.borrow().get(reservation) {
            return Ok(Some(Arc::clone(held)));
        }
        let stored = self.store.reservations(&[reservation.into()]).await?.pop();
        stored.map(|row| HeldReservation::read(&row).map(Arc::new).map_err(Fault::Broken)).transpose()
    }
}

/// A step as it came.
pub struct IncomingStep {
    pub from: u32,
    pub order_id: OrderId,
    pub reservation: String,
    pub what: StepKind,
}

/// Carries a step out.
///
/// # Errors
/// The store's, or a broken invariant.
pub async fn take(
    cx: &DecisionContext,
    reservations: &Reservations,
    step: IncomingStep,
    meta: CommandMeta,
) -> Result<(), Fault> {
    let before = reservations.known(&step.reservation).await?;
    let (state, kept) = match &before {
        Some(held) => (Some(held.state), held.lines.clone()),
        None => (None, Vec::new()),
    };
    let mut reply = None;
    let after: Option<(ReservationState, Vec<ReservedUnits>)> = match (&step.what, state) {
        (StepKind::Reserve { customer_id, lines, deduct, stands }, None) => {
            let (said, state, kept) = reserve(cx, &step, &meta, customer_id, lines, *deduct, *stands).await?;
            reply = Some(said);
            Some((state, kept))
        }
        // given up before it came, or come again
        (StepKind::Reserve { .. }, Some(_)) => None,
        (StepKind::Confirm, Some(Held)) => {
            carry(cx, &step, &meta, &kept, |k| vec![(Move::DeductHeld, k.quantity, 0, None)]).await?;
            Some((Taken, kept))
        }
        (StepKind::Confirm, _) => None,
        (StepKind::Release, Some(Held)) => {
            carry(cx, &step, &meta, &kept, |k| vec![(Move::Release, k.quantity, -1, None)]).await?;
            Some((Released, Vec::new()))
        }
        (StepKind::Release, Some(Taken)) => {
            carry(cx, &step, &meta, &kept, |k| vec![(Move::Restock, k.quantity, -1, Some("cancelled"))]).await?;
            Some((Released, Vec::new()))
        }
        (StepKind::Release, Some(Refused | Released)) => None,
        (StepKind::Release, None) => Some((Released, Vec::new())),
        (StepKind::Return { lines }, Some(state @ (Held | Taken))) => {
            Some((state, give_back(cx, &step, &meta, kept, lines, state).await?))
        }
        (StepKind::Return { .. }, _) => {
            return Err(Fault::Broken(format!(
                "units of reservation {} come back that were never taken",
                step.reservation
            )));
        }
    };
    let mut book = cx.book.borrow_mut();
    if let Some((state, lines)) = after {
        let held = Arc::new(HeldReservation {
            id: step.reservation.clone(),
            order_lane: step.from,
            order_id: step.order_id.clone(),
            state,
            lines,
            at: meta.source.at,
        });
        book.repeats = true; // a reservation may be made and confirmed in one batch
        let number = book.number + 1;
        reservations.uncommitted.borrow_mut().insert(step.reservation.clone(), (Arc::clone(&held), number));
        book.effects.push(Effect::ReservationSet(held));
    }
    if let Some(said) = reply {
        let id: Arc<str> = derived_id("reply", &[&step.reservation]).into();
        let internal =
            Internal::Reply { id: Arc::clone(&id), order_id: step.order_id, reservation: step.reservation, said };
        book.effects.push(Effect::Outbox(OutboxStep { id, to: step.from, step: internal, at: meta.source.at }));
    }
    cx.steps.borrow_mut().insert(Arc::clone(&meta.id), book.number + 1);
    book.effects.push(taken(&meta));
    book.outgoing.push(Outgoing::silent(meta.source, meta.name));
    Ok(())
}

async fn reserve(
    cx: &DecisionContext,
    step: &IncomingStep,
    meta: &CommandMeta,
    customer: &CustomerId,
    lines: &[StepLine],
    deduct: bool,
    stands: bool,
) -> Result<(Said, ReservationState, Vec<ReservedUnits>), Fault> {
    let mut wanted: Vec<(SkuId, Option<CampaignId>)> = Vec::new();
    for l in lines {
        if !wanted.iter().any(|(s, _)| *s == l.sku_id) {
            wanted.push((l.sku_id.clone(), l.campaign_id.clone()));
        }
    }
    let quotes = quotes(cx, &wanted, customer, meta.source.at).await?;
    let mut kept: Vec<ReservedUnits> = Vec::with_capacity(lines.len());
    for line in lines {
        let before: i64 = kept.iter().filter(|k| k.sku_id == line.sku_id).map(|k| i64::from(k.quantity)).sum();
        match units(&quotes, line, before, stands) {
            Ok(quantity) => kept.push(ReservedUnits {
                line_no: line.line_no,
                sku_id: line.sku_id.clone(),
                campaign_id: line.campaign_id.clone(),
                customer_id: customer.clone(),
                quantity,
            }),
            Err((reason, facts)) => {
                return Ok((Said::Refused { reason, facts: Box::new(facts) }, Refused, Vec::new()));
            }
        }
    }
    let kind = if deduct { Move::Deduct } else { Move::Hold };
    carry(cx, step, meta, &kept, |k| vec![(kind, k.quantity, 1, None)]).await?;
    let got = kept.iter().map(|k| ReservedLine { line_no: k.line_no, quantity: k.quantity }).collect();
    Ok((Said::Reserved { lines: got }, if deduct { Taken } else { Held }, kept))
}

/// How many units a line gets here; the sale's window was checked where the order lives, its pause and limits are ours.
/// An order that `stands` is paid: the sale's pause came too late for it, and what its customer may not have is short.
fn units(quotes: &[Quote], line: &StepLine, before: i64, stands: bool) -> Result<u32, (Reason, Facts)> {
    let facts = |available: i64, position: i64| Facts {
        line_no: Some(line.line_no),
        sku_id: Some(line.sku_id.clone()),
        available: Some(available.max(0)),
        requested: Some(i64::from(line.quantity)),
        position: Some(position),
        ..Facts::default()
    };
    let quote = quotes.iter().find(|q| q.info.sku_id == line.sku_id).ok_or((Reason::UnknownSku, facts(0, 0)))?;
    let Some(view) = quote.view else { return Err((Reason::UnknownSku, facts(0, 0))) };
    // a line of no sale takes whatever is on the shelf, also where the SKU has sales (by now)
    let view = if line.campaign_id.is_some() { view } else { view.outside() };
    if !stands && line.campaign_id.is_some() && view.sale.is_some_and(|s| s.window == SaleWindow::Paused) {
        return Err((Reason::SalePaused, facts(0, view.position)));
    }
    let asked = i64::from(line.quantity);
    let left = (view.available() - before).max(0);
    let limit = view.sale.and_then(|s| s.customer_remaining).map_or(i64::MAX, |l| (l - before).max(0));
    if limit < asked && !stands {
        return Err((Reason::LimitExceeded, facts(left, view.position)));
    }
    let got = left.min(limit).min(asked);
    match (line.partial, got == asked) {
        (_, true) | (true, false) => Ok(u32::try_from(got).unwrap_or(0)),
        (false, false) if left == 0 => Err((Reason::SoldOut, facts(left, view.position))),
        (false, false) => Err((Reason::InsufficientStock, facts(left, view.position))),
    }
}

/// A movement of a kept line: kind, quantity, sign of what it counts in its sale, reason.
type Motion = (Move, u32, i64, Option<&'static str>);

async fn carry(
    cx: &DecisionContext,
    step: &IncomingStep,
    meta: &CommandMeta,
    kept: &[ReservedUnits],
    motions: impl Fn(&ReservedUnits) -> Vec<Motion>,
) -> Result<(), Fault> {
    for k in kept {
        let movements: Vec<Movement> = motions(k)
            .into_iter()
            .filter(|(_, quantity, _, _)| *quantity > 0)
            .map(|(kind, quantity, sign, reason)| {
                let campaign = k.campaign_id.clone().filter(|_| sign != 0).map(|c| (c, k.customer_id.clone()));
                let quantity = i64::from(quantity);
                let campaign_delta = if campaign.is_some() { sign * quantity } else { 0 };
                let line_no = Some(k.line_no);
                Movement { sku_id: k.sku_id.clone(), kind, quantity, line_no, campaign, campaign_delta, reason }
            })
            .collect();
        if movements.is_empty() {
            continue;
        }
        let actor = cx.skus.actor(&k.sku_id).await?;
        let cause =
            Cause { command_id: Arc::clone(&meta.id), order_id: Some(step.order_id.clone()), at: meta.source.at };
        let carried = actor.send(ApplyMovements { movements, cause }).await?;
        carried.map_err(|out| Fault::Broken(out.to_string()))?;
    }
    Ok(())
}

async fn give_back(
    cx: &DecisionContext,
    step: &IncomingStep,
    meta: &CommandMeta,
    mut kept: Vec<ReservedUnits>,
    back: &[ReturnedUnits],
    state: ReservationState,
) -> Result<Vec<ReservedUnits>, Fault> {
    // a return may overtake its confirmation: what is held then is let go
    let kind = if state == Held { Move::Release } else { Move::Restock };
    for b in back {
        let Some(k) = kept.iter_mut().find(|k| k.line_no == b.line_no && k.quantity >= b.quantity) else {
            let why = format!("reservation {} has not {} units of line {}", step.reservation, b.quantity, b.line_no);
            return Err(Fault::Broken(why));
        };
        let returned = ReservedUnits { quantity: b.quantity, ..k.clone() };
        k.quantity -= b.quantity;
        let reason = if b.lost { "shortage" } else { "cancelled" };
        carry(cx, step, meta, &[returned], |k| {
            let mut motions = vec![(kind, k.quantity, -1, Some(reason))];
            if b.lost {
                motions.push((Move::Shrink, k.quantity, 0, Some(reason)));
            }
            motions
        })
        .await?;
    }
    Ok(kept)
}
