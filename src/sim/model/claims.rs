//! Returns, and exchanges by a product that is added.

use serde_json::Value;

use super::{
    ILLEGAL, No, Yes, list, number,
    order::{Claim, ModelExchange, ModelLine, ModelOrder, ModelReturn, ModelStatus, ModelStep, Part, Source, Swap},
    shelves::Shelves,
    text,
};

const UNKNOWN: No = No::Because("unknown_claim");

/// A claim's place, by the group that a command names.
fn at(c: &Value) -> usize {
    usize::try_from(number(c, "claim_group") - 1).unwrap_or(usize::MAX)
}

fn return_at(order: &mut ModelOrder, at: usize) -> Result<&mut ModelReturn, No> {
    match order.claims.get_mut(at) {
        Some(Claim::Return(r)) => Ok(r),
        Some(Claim::Exchange(_)) | None => Err(UNKNOWN),
    }
}

fn exchange_at(order: &mut ModelOrder, at: usize) -> Result<&mut ModelExchange, No> {
    match order.claims.get_mut(at) {
        Some(Claim::Exchange(e)) => Ok(e),
        Some(Claim::Return(_)) | None => Err(UNKNOWN),
    }
}

/// The group of the claim that was added last.
fn last(order: &ModelOrder) -> Option<u64> {
    u64::try_from(order.claims.len()).ok()
}

fn units(parts: &[Part]) -> Vec<(u64, i64)> {
    parts.iter().map(|p| (p.no, p.quantity)).collect()
}

/// What shipping goods of this line costs.
fn shipping(shelves: &Shelves, line: &ModelLine) -> i64 {
    shelves.product_of(&line.sku).map_or(0, |p| p.fee)
}

/// The named units, and the gifts that go with the last of them. Their money is set aside: what they were paid, the fee of sending
/// them out, where no goods are left and the buyer did not have them sent for nothing, less the fee of sending them back.
pub(super) fn request_return(order: &mut ModelOrder, c: &Value, shelves: &Shelves) -> Result<Yes, No> {
    let by_buyer = c["fault"] == "buyer";
    let mut parts = Vec::new();
    for l in list(c, "lines") {
        let line = l["line_no"].as_u64().and_then(|no| order.line(no)).ok_or(No::Because("unknown_line"))?;
        may_be_returned(line).then_some(()).ok_or(ILLEGAL)?;
        let quantity = number(l, "quantity");
        if quantity < 1 || quantity > line.free() {
            return Err(No::Because("quantity_exceeded"));
        }
        parts.push(Part { no: line.no, quantity, shipped: line.status == ModelStatus::Shipped });
    }
    let partner = |p: &Part| order.line(p.no).is_some_and(|l| matches!(l.source, Source::Partner(_)));
    if parts.is_empty() || order.debts > 0 || parts.iter().any(partner) {
        return Err(No::Unsure); // no story comes to these
    }
    open(order, parts, by_buyer, None, shelves);
    Ok(Yes { claim: last(order), ..Yes::default() })
}

/// Opens a return of these units. `swapped`: the line whose units an exchange has, which is collected and refunded instead.
fn open(order: &mut ModelOrder, mut parts: Vec<Part>, by_buyer: bool, swapped: Option<u64>, shelves: &Shelves) {
    let named = units(&parts);
    for g in order.lines.iter().filter(|g| g.gift && may_be_returned(g) && !named.iter().any(|u| u.0 == g.no)) {
        if order.takes_along(g, &named, ModelLine::paid_units) {
            parts.push(Part { no: g.no, quantity: g.free(), shipped: g.status == ModelStatus::Shipped });
        }
    }
    let worth: i64 = parts.iter().filter_map(|p| Some(order.line(p.no)?.price * p.quantity)).sum();
    let sent: Vec<&ModelLine> = parts.iter().filter(|p| p.shipped).filter_map(|p| order.line(p.no)).collect();
    let way_back = sent.iter().filter(|l| !l.gift).map(|l| shipping(shelves, l)).max().unwrap_or(0);
    let withheld = if by_buyer { way_back.min(worth) } else { 0 };
    let fee_back = if by_buyer && !sent.is_empty() { 0 } else { order.fee_with(&units(&parts)) };
    for p in &parts {
        let Some(line) = order.line_mut(p.no) else { continue };
        line.return_accepted += p.quantity;
        if swapped == Some(p.no) {
            line.exchange_accepted -= p.quantity; // they count as exchanging until the return ends
        } else {
            line.returning += p.quantity;
        }
    }
    order.fee -= fee_back;
    let planned = order.plan(worth + fee_back - withheld);
    for (i, part) in &planned {
        order.settlements.get_mut(*i).into_iter().for_each(|s| s.waits += part);
    }
    let withheld = order.withhold(withheld);
    let step = ModelStep::Requested;
    order.claims.push(Claim::Return(ModelReturn { step, by_buyer, parts, swapped, planned, withheld, fee_back }));
}

fn may_be_returned(line: &ModelLine) -> bool {
    line.free() > 0 && (line.status.in_hand() || line.status == ModelStatus::Shipped)
}

/// Until anything has come back; money and units are where they were.
pub(super) fn withdraw_return(order: &mut ModelOrder, c: &Value) -> Result<Yes, No> {
    let r = return_at(order, at(c))?;
    if !list(c, "lines").is_empty() {
        return Err(No::Unsure);
    }
    // what ends an exchange is not the buyer's to take back
    if !matches!(r.step, ModelStep::Requested | ModelStep::Approved) || r.swapped.is_some() {
        return Err(ILLEGAL);
    }
    r.step = ModelStep::Over;
    let undone = r.clone();
    order.fee += undone.fee_back;
    for (i, part) in &undone.planned {
        let of = order.settlements.get_mut(*i).into_iter();
        of.for_each(|s| (s.back, s.waits, s.refundable) = (s.back - part, s.waits - part, s.refundable + part));
    }
    for (i, part) in &undone.withheld {
        let of = order.settlements.get_mut(*i).into_iter();
        of.for_each(|s| (s.excluded, s.refundable) = (s.excluded - part, s.refundable + part));
    }
    for p in &undone.parts {
        if let Some(line) = order.line_mut(p.no) {
            (line.return_accepted, line.returning) = (line.return_accepted - p.quantity, line.returning - p.quantity);
        }
    }
    Ok(Yes::default())
}

/// Goods that had not left are back with the approval.
pub(super) fn approve_return(order: &mut ModelOrder, c: &Value, shelves: &mut Shelves) -> Result<Yes, No> {
    let r = return_at(order, at(c))?;
    (r.step == ModelStep::Requested).then_some(()).ok_or(ILLEGAL)?;
    approve(order, at(c), shelves);
    Ok(Yes::default())
}

fn approve(order: &mut ModelOrder, at: usize, shelves: &mut Shelves) {
    let Ok(r) = return_at(order, at) else { return };
    r.step = ModelStep::Approved;
    if r.parts.iter().all(|p| !p.shipped) {
        finish(order, at, &[], shelves);
    }
}

/// All that is to come has come, of a return or of exchanged goods.
pub(super) fn collect(order: &mut ModelOrder, c: &Value) -> Result<Yes, No> {
    if !list(c, "lines").is_empty() {
        return Err(No::Unsure);
    }
    if let Ok(e) = exchange_at(order, at(c)) {
        (e.swap == Swap::Due).then_some(()).ok_or(ILLEGAL)?;
        e.swap = Swap::Collected;
        return Ok(Yes::default());
    }
    let r = return_at(order, at(c))?;
    (r.step == ModelStep::Approved).then_some(()).ok_or(ILLEGAL)?;
    r.step = ModelStep::Collected;
    Ok(Yes::default())
}

/// The end of a return, or of the way back of exchanged goods, as they were found.
pub(super) fn complete(order: &mut ModelOrder, c: &Value, shelves: &mut Shelves) -> Result<Yes, No> {
    let found = list(c, "inspected");
    if let Ok(e) = exchange_at(order, at(c)) {
        (e.swap == Swap::Collected).then_some(()).ok_or(ILLEGAL)?;
        found.is_empty().then_some(()).ok_or(No::Unsure)?;
        e.swap = Swap::Settled;
        let (no, quantity) = (e.no, e.quantity);
        put_back(order, no, quantity, 0, shelves);
        return Ok(Yes::default());
    }
    let r = return_at(order, at(c))?;
    (r.step == ModelStep::Collected).then_some(()).ok_or(ILLEGAL)?;
    let mut inspected = Vec::new();
    for f in found {
        let (sellable, unsellable) = (number(f, "sellable"), number(f, "unsellable"));
        if !f["rejected"].is_null() || !f["withheld_amount"].is_null() {
            return Err(No::Unsure);
        }
        let no = f["line_no"].as_u64().unwrap_or(0);
        let came = r.parts.iter().find(|p| p.no == no && p.shipped).map_or(0, |p| p.quantity);
        if came == 0 || sellable + unsellable != came {
            return Err(No::Because("quantity_exceeded"));
        }
        inspected.push((no, unsellable));
    }
    finish(order, at(c), &inspected, shelves);
    Ok(Yes::default())
}

/// Units go back on the shelf; some of them are lost.
fn put_back(order: &mut ModelOrder, no: u64, units: i64, lost: i64, shelves: &mut Shelves) {
    let customer = order.customer.clone();
    if let Some(line) = order.line_mut(no) {
        line.deducted -= units;
        let sale = line.sale.then_some(customer.as_str());
        shelves.give_back(&line.sku, sale, (0, units, lost));
    }
}

/// `unsellable` units by line; what nobody says anything of is sellable. The outbound fee of the last goods, if it has not gone back
/// with them, was spent for nothing, and is kept back.
fn finish(order: &mut ModelOrder, at: usize, unsellable: &[(u64, i64)], shelves: &mut Shelves) {
    let Ok(r) = return_at(order, at) else { return };
    r.step = ModelStep::Over;
    let done = r.clone();
    let spent = order.fee_with(&units(&done.parts));
    order.fee -= spent;
    if done.by_buyer && done.parts.iter().any(|p| p.shipped) {
        order.withhold(spent);
    } else {
        order.plan(spent);
    }
    for (i, part) in &done.planned {
        order.settlements.get_mut(*i).into_iter().for_each(|s| s.waits -= part);
    }
    for p in &done.parts {
        let lost = unsellable.iter().filter(|u| u.0 == p.no).map(|u| u.1).sum();
        put_back(order, p.no, p.quantity, lost, shelves);
        if let Some(line) = order.line_mut(p.no) {
            line.returned += p.quantity;
            *(if done.swapped == Some(p.no) { &mut line.exchanging } else { &mut line.returning }) -= p.quantity;
            line.finish(ModelStatus::Returned);
        }
    }
}

/// Units of a line, for another product of the same seller.
pub(super) fn request_exchange(order: &mut ModelOrder, c: &Value, shelves: &Shelves) -> Result<Yes, No> {
    let no = c["line_no"].as_u64().unwrap_or(0);
    let line = order.line(no).ok_or(No::Because("unknown_line"))?;
    if line.free() == 0 || !matches!(line.status, ModelStatus::ProcurementDone | ModelStatus::Shipped) {
        return Err(ILLEGAL);
    }
    let wanted = shelves.skus.get(&text(c, "sku_id")).ok_or(No::Because("unknown_sku"))?;
    if line.gift {
        return Err(No::Because("invalid"));
    }
    if wanted.holder.is_some() || wanted.unsure {
        return Err(No::Unsure);
    }
    let (quantity, shipped) = (number(c, "quantity"), line.status == ModelStatus::Shipped);
    if quantity < 1 || quantity > line.free() {
        return Err(No::Because("quantity_exceeded"));
    }
    if let Some(line) = order.line_mut(no) {
        line.exchange_accepted += quantity;
        line.exchanging += quantity;
    }
    let by_buyer = c["fault"] == "buyer";
    let swap = Swap::Requested;
    order.claims.push(Claim::Exchange(ModelExchange {
        swap,
        by_buyer,
        no,
        quantity,
        shipped,
        added: None,
        closed: false,
    }));
    Ok(Yes { claim: last(order), ..Yes::default() })
}

/// By the buyer, until it is decided.
pub(super) fn withdraw_exchange(order: &mut ModelOrder, c: &Value) -> Result<Yes, No> {
    let e = exchange_at(order, at(c))?;
    (e.swap == Swap::Requested).then_some(()).ok_or(ILLEGAL)?;
    e.swap = Swap::Withdrawn;
    let (no, quantity) = (e.no, e.quantity);
    if let Some(line) = order.line_mut(no) {
        line.exchange_accepted -= quantity;
        line.exchanging -= quantity;
    }
    Ok(Yes::default())
}

/// The units are collected and refunded instead, by a return of its own. It adds no product.
fn pickup(order: &mut ModelOrder, at: usize, sku: &str, shelves: &mut Shelves) -> Result<Yes, No> {
    if !sku.is_empty() {
        return Err(No::Because("invalid"));
    }
    if order.debts > 0 {
        return Err(No::Unsure); // no story comes to these
    }
    let e = exchange_at(order, at)?;
    e.swap = Swap::Settled;
    let (part, by_buyer) = (Part { no: e.no, quantity: e.quantity, shipped: e.shipped }, e.by_buyer);
    let swapped = Some(part.no);
    open(order, vec![part], by_buyer, swapped, shelves);
    let claim = last(order);
    let of = order.claims.len() - 1;
    approve(order, of, shelves);
    Ok(Yes { claim, ..Yes::default() })
}

/// A new line takes over what the units were paid. By the buyer's fault sending to and fro is owed, never more than they were worth.
pub(super) fn approve_exchange(order: &mut ModelOrder, c: &Value, shelves: &mut Shelves) -> Result<Yes, No> {
    let e = exchange_at(order, at(c))?.clone();
    (e.swap == Swap::Requested).then_some(()).ok_or(ILLEGAL)?;
    let sku = text(c, "sku_id");
    if c["resolution"] == "pickup" {
        return pickup(order, at(c), &sku, shelves);
    }
    let Some(old) = order.line(e.no).cloned() else { return Err(No::Unsure) };
    let wanted = shelves.skus.get(&sku).ok_or(No::Because("unknown_sku"))?;
    let same = shelves.skus.get(&old.sku).is_some_and(|s| s.product == wanted.product);
    if !same || wanted.unsure {
        return Err(No::Unsure);
    }
    if wanted.on_hand < e.quantity {
        return Err(No::Because("insufficient_stock"));
    }
    let worth = old.price * e.quantity;
    let fee = if e.by_buyer && e.shipped { (2 * shipping(shelves, &old)).min(worth) } else { 0 };
    order.debts += fee;
    if !e.shipped {
        put_back(order, e.no, e.quantity.min(old.deducted), 0, shelves);
    }
    shelves.take(&sku, None, e.quantity, false);
    let no = order.lines.iter().map(|l| l.no).max().unwrap_or(0) + 1;
    let mut added = ModelLine::new(no, &sku, e.quantity, old.price, ModelStatus::Preparing);
    (added.deducted, added.original) = (e.quantity, Some(old.original.unwrap_or(old.no)));
    order.lines.push(added);
    if let Some(line) = order.line_mut(e.no) {
        line.exchanged += e.quantity;
    }
    order.chain = true;
    let swapped = exchange_at(order, at(c))?;
    swapped.swap = if e.shipped { Swap::Due } else { Swap::Settled };
    swapped.added = Some(no);
    let claim = u64::try_from(at(c)).ok().map(|at| at + 1);
    Ok(Yes { claim, line: Some(no), ..Yes::default() })
}
