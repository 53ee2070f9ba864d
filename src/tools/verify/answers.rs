//! R5: every accepted answer says what is committed, and what was refused is not. What an answer had to say is reckoned here
//! from the rows alone: none of the code that makes answers is asked.

use std::{collections::HashMap, sync::Arc};

use serde::Deserialize as _;
use serde_json::{Value, json};

use super::{Findings, Promise, VerifyError};
use crate::{
    domain::{
        ids::{CommandId, OrderId},
        reason::Facts,
    },
    protocol::{Answer, OutcomeKind},
    store::{Outcome, QueryStore, StoreError, rows::HistRow},
};

/// Commands that are looked up at once.
const AT_ONCE: usize = 1_000;

/// Holds answers to what their commands left in the database.
pub async fn compare(store: &Arc<dyn QueryStore>, answers: &[Answer], f: &mut Findings) -> Result<(), VerifyError> {
    // a preview did nothing, and left nothing
    let judged = |a: &&Answer| match a.outcome {
        OutcomeKind::Accepted => a.facts.preview.is_none(),
        OutcomeKind::Rejected => stands(a),
        OutcomeKind::Failed => false,
    };
    let judged: Vec<&Answer> = answers.iter().filter(judged).collect();
    for some in judged.chunks(AT_ONCE) {
        let mut ids: Vec<CommandId> = some.iter().map(|a| CommandId::stored(&a.command_id)).collect();
        ids.sort();
        ids.dedup();
        let found = match store.outcomes(&ids).await {
            Ok(found) => found,
            Err(StoreError::Unusable(why)) => {
                f.bad(Promise::R5, format!("{} answers can't be compared: {why}", some.len()));
                continue;
            }
            Err(e) => return Err(e.into()),
        };
        let mut orders: Vec<OrderId> =
            found.iter().filter_map(|o| o.order.as_ref()).map(|o| OrderId::stored(&o.ord_id)).collect();
        orders.sort();
        orders.dedup();
        let histories = store.orders(&orders).await?;
        let histories: HashMap<&str, &[HistRow]> =
            histories.iter().filter_map(|h| h.first().map(|row| (&*row.ord_id, h.as_slice()))).collect();
        let outcomes: HashMap<&str, &Outcome> = found.iter().map(|o| (&*o.cmd_id, o)).collect();
        for a in some {
            let wanted = outcomes.get(&*a.command_id).and_then(|outcome| wanted(outcome, &a.command_id, &histories));
            if a.outcome == OutcomeKind::Rejected {
                let same = outcomes.get(&*a.command_id).is_some_and(|o| a.digest.as_deref() == Some(&*o.digest));
                f.hold(Promise::R5, wanted.is_none() || !same, || {
                    let (id, reason) = (&a.command_id, a.reason.as_deref().unwrap_or_default());
                    format!("command {id}: answered as refused ({reason}), but it is committed")
                });
                continue;
            }
            match wanted {
                None => f.bad(
                    Promise::R5,
                    format!("command {}: answered as accepted, but nothing of it is committed", a.command_id),
                ),
                Some(wanted) if wanted != said(a) => f.bad(
                    Promise::R5,
                    format!("command {}: it was answered {}, committed is {wanted}", a.command_id, said(a)),
                ),
                Some(_) => {}
            }
            f.saw(Promise::R5, 1);
        }
    }
    Ok(())
}

/// Whether an answer is what its command's id stands for from then on.
pub fn stands(a: &Answer) -> bool {
    let passing = ["command_id_reused", "try_again", "quarantined"];
    a.digest.is_some() && a.outcome != OutcomeKind::Failed && !a.reason.as_deref().is_some_and(|r| passing.contains(&r))
}

/// What an answer says of its command; which entry it answers, and in which words, is not of the database.
fn said(a: &Answer) -> Value {
    json!({
        "order_id": a.order_id, "partition": a.partition, "digest": a.digest, "order_status": a.order_status,
        "order_version": a.order_version, "reason": a.reason, "facts": a.facts,
    })
}

/// What the rows say that a command was answered; `None` where they don't say that it took effect.
fn wanted(outcome: &Outcome, command_id: &str, histories: &HashMap<&str, &[HistRow]>) -> Option<Value> {
    let Some(order) = &outcome.order else {
        return Some(told(None, outcome.partition, &outcome.digest, outcome.answer.as_deref()));
    };
    let history = histories.get(&*order.ord_id)?;
    let first = history.iter().find(|row| *row.cmd_id == *command_id)?;
    let last = history.iter().rev().find(|row| *row.cmd_id == *command_id)?;
    let of = history.iter().filter(|row| *row.cmd_id == *command_id);
    let asked = of.clone().find(|row| matches!(&*row.evnt_typ_cd, "placement_started" | "asked"));
    let (last, note) = if let Some(asked) = asked {
        // answered once the other lane or order had: with what the step that ended it says
        let ask = ask_of(asked);
        let yes = if ask.is_none() { "placement_completed" } else { "granted" };
        let no = if ask.is_none() { "placement_failed" } else { "denied" };
        let over = |row: &&HistRow| {
            let ends = *row.evnt_typ_cd == *yes || *row.evnt_typ_cd == *no;
            row.hist_no > asked.hist_no && ends && ask_of(row) == ask
        };
        let ended = history.iter().find(over).filter(|row| *row.evnt_typ_cd == *yes)?;
        let step = history.iter().find(|row| row.cmd_id == ended.cmd_id)?;
        // what came to nothing is paid in the same step
        let next = history.iter().find(|row| row.hist_no == ended.hist_no + 1 && row.cmd_id == ended.cmd_id);
        let paid = next.filter(|row| ask.is_none() && &*row.evnt_typ_cd == "payment_approved");
        (paid.unwrap_or(ended), &step.ansr)
    } else {
        (last, &first.ansr)
    };
    let order = (&*first.ord_id, &*last.ord_stat_cd, last.hist_no);
    Some(told(Some(order), outcome.partition, &first.cmd_dgst, note.as_deref()))
}

/// Which question an event asks or ends; a placement's own has no name.
fn ask_of(row: &HistRow) -> Option<String> {
    let event: Value = serde_json::from_str(&row.evnt).ok()?;
    event.get("ask")?.as_str().map(str::to_owned)
}

/// Facts by the names that answers have now: stored ones may have older ones.
fn current(facts: &Value) -> Value {
    Facts::deserialize(facts).map_or_else(|_| facts.clone(), |facts| json!(facts))
}

fn told(order: Option<(&str, &str, i64)>, partition: u32, digest: &str, note: Option<&str>) -> Value {
    let note: Value = note.and_then(|n| serde_json::from_str(n).ok()).unwrap_or_default();
    let empty = || json!({});
    json!({
        "order_id": order.map(|o| o.0), "partition": partition, "digest": digest, "order_status": order.map(|o| o.1),
        "order_version": order.map(|o| o.2), "reason": note.get("reason"),
        "facts": note.get("facts").map_or_else(empty, current),
    })
}
