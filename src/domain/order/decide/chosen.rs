//! Which lines a command is about: the named ones, each of which must be able to; or, where none is named, all that can.

use crate::domain::{
    order::state::{Line, Order},
    reason::{Facts, Reason, Refusal},
    status::Trigger,
};

/// The lines that `trigger` is to move.
pub fn lines<'a>(order: &'a Order, named: &[u16], trigger: Trigger, command: &str) -> Result<Vec<&'a Line>, Refusal> {
    if named.is_empty() {
        let able: Vec<&Line> = order.lines.iter().filter(|l| l.may(trigger).is_some()).collect();
        if able.is_empty() {
            return Err(Refusal::illegal(order.status(), command));
        }
        return able.into_iter().map(|l| here(order, l)).collect();
    }
    once(named)?;
    named.iter().map(|&no| one(order, no, trigger, command)).collect()
}

/// One line that `trigger` is to move.
pub fn one<'a>(order: &'a Order, no: u16, trigger: Trigger, command: &str) -> Result<&'a Line, Refusal> {
    let line = known(order, no)?;
    if line.may(trigger).is_none() {
        return Err(not_now(line, command, None));
    }
    here(order, line)
}

/// The line of that number.
pub fn known(order: &Order, no: u16) -> Result<&Line, Refusal> {
    let unknown = || Refusal::new(Reason::UnknownLine, Facts { line_no: Some(no), ..Facts::default() });
    order.line(no).ok_or_else(unknown)
}

/// The line's status does not allow the command; `why` where the status alone does not say it.
#[cold]
pub fn not_now(line: &Line, command: &str, why: Option<String>) -> Refusal {
    let mut refusal = Refusal::illegal(line.shown(), command);
    refusal.facts.line_no = Some(line.no);
    refusal.facts.detail = why;
    refusal
}

/// No number twice.
pub fn once(named: &[u16]) -> Result<(), Refusal> {
    for (i, no) in named.iter().enumerate() {
        if named[..i].contains(no) {
            return Err(Refusal::invalid(format!("line {no} is named twice")));
        }
    }
    Ok(())
}

/// More units than there are.
#[cold]
pub fn too_many(line: &Line, asked: u32, there: u32) -> Refusal {
    let facts = Facts {
        line_no: Some(line.no),
        sku_id: Some(line.sku_id.clone()),
        requested: Some(i64::from(asked)),
        available: Some(i64::from(there)),
        ..Facts::default()
    };
    Refusal::new(Reason::QuantityExceeded, facts)
}

fn here<'a>(order: &Order, line: &'a Line) -> Result<&'a Line, Refusal> {
    if order.awaits_stock(line.no) {
        return Err(Refusal::early(format!("the stock of line {} is still being judged", line.no)));
    }
    Ok(line)
}
