//! Stored outcomes: what a command was answered, told again from the order's history.

use std::{panic::AssertUnwindSafe, sync::Arc};

use crate::{
    domain::{
        ids::OrderId,
        order::{Event, Order, apply::ApplyError, event::current_name},
        reason::{Facts, Reason, Refusal},
    },
    protocol::{Answer, OutcomeKind},
    store::rows::{Code, HistRow, OrdRow},
};

/// A command that an order has taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    pub command_id: Arc<str>,
    pub digest: Arc<str>,
    /// first and last of its events
    pub first: i64,
    pub version: i64,
    pub status: Code,
    /// reason and facts, as stored
    pub note: Option<Arc<str>>,
    pub placing: Placing,
    /// what another order or lane was asked before it was done; a placement asks lanes without a name
    pub asked: Option<Box<str>>,
}

/// Whether the command was a placement that other lanes had to reserve for, or had to ask another order or lane first.
#[derive(Debug, Clone, PartialEq)]
pub enum Placing {
    /// it was answered at once
    No,
    /// no answer yet
    Waiting,
    /// refused in the end
    Refused(Box<Refusal>),
}

/// What an accepted answer says beside the status.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Note {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Reason>,
    #[serde(skip_serializing_if = "Facts::is_empty", default)]
    pub facts: Facts,
}

/// An order that has a row, and the partition that owns it.
pub fn owned_by(row: &OrdRow) -> (OrderId, u32) {
    (OrderId::stored(&row.ord_id), u32::try_from(row.prtn_no).unwrap_or(u32::MAX))
}

/// An order as its history tells it.
#[derive(Debug)]
pub struct Folded {
    pub order: Order,
    pub applied: Vec<Applied>,
}

/// A history that is folded piece by piece.
#[derive(Debug, Default)]
pub struct Folding {
    /// whose, and how many of its events
    of: Option<OrderId>,
    events: i64,
    order: Option<Order>,
    applied: Vec<Applied>,
}

impl Folding {
    /// Goes on with the rows that follow.
    ///
    /// # Errors
    /// A sentence, when the history can't be read, is not whole, or does not follow from itself. What breaks in the middle (a
    /// sum that can't be) is a damaged history, too: whoever folds it goes on.
    pub fn add(&mut self, rows: &[HistRow]) -> Result<(), String> {
        let added = std::panic::catch_unwind(AssertUnwindSafe(|| rows.iter().try_for_each(|row| self.one(row))));
        added.unwrap_or_else(|_| Err("folding its history panicked".to_owned()))
    }

    fn one(&mut self, row: &HistRow) -> Result<(), String> {
        let (id, no) = (self.of.get_or_insert_with(|| OrderId::stored(&row.ord_id)), self.events + 1);
        if row.hist_no != no || *row.ord_id != *id.as_str() {
            return Err(format!(
                "order {id}: event {} of {} stands where its event {no} belongs",
                row.hist_no, row.ord_id
            ));
        }
        let event = Event::read(row.evnt_ver, &row.evnt).map_err(|e| format!("order {id}, event {no}: {e}"))?;
        if current_name(&row.evnt_typ_cd) != event.name() {
            return Err(format!("order {id}, event {no}: it is {}, its row says {}", event.name(), row.evnt_typ_cd));
        }
        Order::step(&mut self.order, id, &event, row.hist_dttm).map_err(|m: ApplyError| m.to_string())?;
        if let (Some(order), Event::Placed(_) | Event::PlacementStarted { .. }) = (&mut self.order, &event) {
            order.by_partner |= for_itself(&row.actr, order.customer_id.as_str());
        }
        let place = HistoryPlace {
            command_id: &row.cmd_id,
            digest: &row.cmd_dgst,
            no: row.hist_no,
            status: row.ord_stat_cd.clone(),
            note: row.ansr.as_ref(),
        };
        record(&mut self.applied, &place, &event);
        self.events = no;
        Ok(())
    }

    /// The order; `None`: there were no rows.
    pub fn end(self) -> Option<Folded> {
        let applied = self.applied;
        self.order.map(|order| Folded { order, applied })
    }
}

/// Folds stored history rows.
///
/// # Errors
/// As [`Folding::add`].
pub fn fold(rows: &[HistRow]) -> Result<Option<Folded>, String> {
    let mut folding = Folding::default();
    folding.add(rows)?;
    Ok(folding.end())
}

/// Whether a business placed it for itself: events from before they said so are known by who asked.
fn for_itself(actor: &str, customer: &str) -> bool {
    actor.split_once(':').is_some_and(|(role, id)| matches!(role, "partner" | "seller") && id == customer)
}

/// An event's place in its order's history.
#[derive(Debug)]
pub struct HistoryPlace<'a> {
    pub command_id: &'a Arc<str>,
    pub digest: &'a Arc<str>,
    /// its number
    pub no: i64,
    /// the order's status after it
    pub status: Code,
    /// reason and facts of the command's answer, as JSON, where it is its first event
    pub note: Option<&'a Arc<str>>,
}

/// Adds an event to what is known of the order's commands.
pub fn record(applied: &mut Vec<Applied>, place: &HistoryPlace<'_>, event: &Event) {
    match applied.last_mut() {
        Some(last) if last.command_id == *place.command_id => {
            last.version = place.no;
            last.status = place.status.clone();
        }
        Some(_) | None => applied.push(Applied {
            command_id: Arc::clone(place.command_id),
            digest: Arc::clone(place.digest),
            first: place.no,
            version: place.no,
            status: place.status.clone(),
            note: place.note.cloned(),
            placing: Placing::No,
            asked: None,
        }),
    }
    #[expect(clippy::wildcard_enum_match_arm, reason = "only placements over several lanes are answered later")]
    match event {
        Event::PlacementStarted { .. } => {
            if let Some(last) = applied.last_mut() {
                last.placing = Placing::Waiting;
            }
        }
        Event::PlacementCompleted { .. } => {
            let (version, status) = (place.no, place.status.clone());
            let note = applied.last().and_then(|a| a.note.clone());
            if let Some(a) = waiting(applied, None) {
                (a.placing, a.version, a.status, a.note) = (Placing::No, version, status, note);
            }
        }
        // it came to nothing, and is paid by the step that completed it
        Event::PaymentApproved { .. } => {
            let later = applied.last().is_some_and(|l| l.first < place.no);
            let ended = |a: &&mut Applied| later && a.version == place.no - 1;
            if let Some(a) = applied.iter_mut().find(ended) {
                (a.version, a.status) = (place.no, place.status.clone());
            }
        }
        Event::Asked { ask, .. } => {
            if let Some(last) = applied.last_mut() {
                (last.placing, last.asked) = (Placing::Waiting, Some(ask.as_str().into()));
            }
        }
        Event::Granted { ask } => {
            let (version, status) = (place.no, place.status.clone());
            let note = applied.last().and_then(|a| a.note.clone());
            if let Some(a) = waiting(applied, Some(ask)) {
                (a.placing, a.version, a.status, a.note) = (Placing::No, version, status, note);
            }
        }
        Event::Denied { ask, reason, facts } => {
            let (version, status) = (place.no, place.status.clone());
            if let Some(a) = waiting(applied, Some(ask)) {
                (a.version, a.status) = (version, status);
                a.placing = Placing::Refused(Box::new(Refusal::new(*reason, (**facts).clone())));
            }
        }
        Event::PlacementFailed { reason, facts } => {
            if let Some(a) = waiting(applied, None) {
                a.placing = Placing::Refused(Box::new(Refusal::new(*reason, (**facts).clone())));
            }
        }
        _ => {}
    }
}

fn waiting<'a>(applied: &'a mut [Applied], asked: Option<&str>) -> Option<&'a mut Applied> {
    applied.iter_mut().rev().find(|a| a.placing == Placing::Waiting && a.asked.as_deref() == asked)
}

/// The answer again, for the entry that asks now; `None` while it is not known yet.
pub fn answer(a: &Applied, order_id: &str, partition: u32, digest: &str, entry: Arc<str>) -> Option<Answer> {
    let mut answer = Answer {
        command_id: Arc::clone(&a.command_id),
        order_id: Some(order_id.into()),
        partition,
        outcome: OutcomeKind::Accepted,
        order_status: Some(a.status.clone()),
        order_version: Some(a.version),
        reason: None,
        message: None,
        facts: Facts::default(),
        entry,
        digest: Some(digest.into()),
    };
    if *a.digest != *digest {
        refuse(&mut answer, &Reason::CommandIdReused.into());
        return Some(answer);
    }
    match &a.placing {
        Placing::Waiting => None,
        Placing::Refused(refusal) => {
            refuse(&mut answer, refusal);
            // of a placement there is no order; what was asked otherwise leaves it as it was
            if a.asked.is_none() {
                (answer.order_status, answer.order_version) = (None, None);
            }
            Some(answer)
        }
        Placing::No => {
            let note: Note = a.note.as_deref().and_then(|n| serde_json::from_str(n).ok()).unwrap_or_default();
            answer.reason = note.reason.map(|r| r.code().into());
            answer.message = note.reason.map(|r| r.sentence().to_owned());
            answer.facts = note.facts;
            Some(answer)
        }
    }
}

/// A first answer that is told in the place of `decided`: an order that was not asked about does not show how it is.
pub fn of_another(mut first: Answer, decided: &Answer) -> Answer {
    if first.order_id != decided.order_id && first.reason.as_deref() == Some(Reason::CommandIdReused.code()) {
        (first.order_status, first.order_version) = (None, None);
    }
    first
}

/// Turns an answer into a refusal.
pub fn refuse(answer: &mut Answer, refusal: &Refusal) {
    answer.outcome = OutcomeKind::Rejected;
    answer.reason = Some(refusal.reason.code().into());
    answer.message = Some(refusal.message());
    answer.facts = refusal.facts.clone();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_content_has_no_answer_of_the_first_whatever_became_of_it() {
        let short = Refusal::from(Reason::InsufficientStock);
        for placing in [Placing::No, Placing::Waiting, Placing::Refused(Box::new(short))] {
            let taken = Applied {
                command_id: "c-1".into(),
                digest: "d".into(),
                first: 1,
                version: 2,
                status: "ORDERED".into(),
                note: None,
                placing: placing.clone(),
                asked: None,
            };
            let told = |digest| answer(&taken, "o-1", 0, digest, "1-0".into());
            let reused = told("other").expect("it is answered at once");
            assert_eq!(reused.outcome, OutcomeKind::Rejected);
            assert_eq!(reused.reason.as_deref(), Some(Reason::CommandIdReused.code()), "{placing:?}");
            let same = told("d").map(|a| (a.outcome, a.reason));
            let expected = match placing {
                Placing::No => Some((OutcomeKind::Accepted, None)),
                Placing::Waiting => None,
                Placing::Refused(_) => Some((OutcomeKind::Rejected, Some(Reason::InsufficientStock.code().into()))),
            };
            assert_eq!(same, expected);
        }
    }
}
