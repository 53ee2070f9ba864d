//! From preparation to confirmation: where goods come from, and how they go.

use serde_json::Value;

use super::{
    ILLEGAL, No, Yes, list, number,
    order::{Claim, ModelCut, ModelLine, ModelOrder, ModelStatus, ModelStep, Source},
    shelves::Shelves,
    text,
};

/// All lines that are there go on.
pub(super) fn go(order: &mut ModelOrder, from: ModelStatus, to: ModelStatus) -> Result<Yes, No> {
    let mut moved = false;
    for l in order.lines.iter_mut().filter(|l| l.is(from)) {
        (l.status, moved) = (to, true);
    }
    if moved { Ok(Yes::default()) } else { Err(ILLEGAL) }
}

/// So many units are really there; the others leave the books.
pub(super) fn judge(order: &mut ModelOrder, c: &Value, shelves: &mut Shelves) -> Result<Yes, No> {
    if !order.lines.iter().any(|l| l.status == ModelStatus::Ordered) {
        return Err(ILLEGAL);
    }
    let mut cuts = Vec::new();
    for j in list(c, "lines") {
        let line = j["line_no"].as_u64().and_then(|no| order.line(no)).ok_or(No::Because("unknown_line"))?;
        if line.status != ModelStatus::Ordered {
            return Err(ILLEGAL);
        }
        let quantity = line.active() - number(j, "available").min(line.active());
        let taken = quantity.min(line.deducted);
        if quantity > 0 {
            cuts.push(ModelCut { no: line.no, quantity, taken, lost: taken });
        }
    }
    let cuts = order.with_gifts(cuts);
    order.cut(&cuts, ModelStatus::OutOfStock, shelves);
    Ok(Yes::default())
}

/// The units that the sale deducted are those that are sent.
pub(super) fn use_own_stock(order: &mut ModelOrder) -> Result<Yes, No> {
    let mut moved = false;
    for l in order.lines.iter_mut().filter(|l| l.is(ModelStatus::Preparing) && l.source == Source::None) {
        (l.status, l.source, moved) = (ModelStatus::ProcurementCheck, Source::Own, true);
    }
    if moved { Ok(Yes::default()) } else { Err(ILLEGAL) }
}

/// A linked order at a partner, which has to have enough.
pub(super) fn purchase(order: &mut ModelOrder, c: &Value, shelves: &mut Shelves) -> Result<Yes, No> {
    let partner = text(c, "partner_id");
    let kind = shelves.partners.get(&partner).ok_or(No::Because("unknown_partner"))?;
    if kind == "installer" {
        return Err(No::Because("invalid"));
    }
    let [named] = list(c, "lines") else { return Err(No::Unsure) };
    let (no, sku) = (named["line_no"].as_u64().unwrap_or(0), text(named, "sku_id"));
    let line = order.line(no).ok_or(No::Because("unknown_line"))?;
    if !line.is(ModelStatus::Preparing) || line.source != Source::None {
        return Err(ILLEGAL);
    }
    let quantity = line.free();
    let theirs = shelves.skus.get(&sku).ok_or(No::Because("unknown_sku"))?;
    if line.returning > 0 || theirs.holder.as_ref() != Some(&partner) {
        return Err(No::Because("invalid"));
    }
    if theirs.unsure {
        return Err(No::Unsure);
    }
    if theirs.on_hand < quantity {
        return Err(No::Because("insufficient_stock"));
    }
    let price = shelves.product_of(&sku).map_or(0, |p| p.price);
    let seller = shelves.product_of(&line.sku).map(|p| p.partner.clone()).unwrap_or_default();
    order.asked += 1;
    let mut bought = ModelLine::new(1, &sku, quantity, price, ModelStatus::Ordered);
    bought.deducted = quantity;
    shelves.take(&sku, None, quantity, false);
    let child = ModelOrder {
        id: format!("{}::{}", order.id, order.asked),
        lane: shelves.lane(&sku),
        customer: seller,
        paid: true,
        linked: true,
        lines: vec![bought],
        ..ModelOrder::default()
    };
    if let Some(line) = order.line_mut(no) {
        (line.status, line.source) = (ModelStatus::ProcurementCheck, Source::Partner(child.id.clone()));
    }
    Ok(Yes { makes: Some(child), ..Yes::default() })
}

/// A linked order that is not needed any more: it has not been prepared.
pub(super) fn stop(child: &mut ModelOrder, shelves: &mut Shelves) {
    let cut = |l: &ModelLine| ModelCut { no: l.no, quantity: l.free(), taken: l.deducted, lost: 0 };
    let cuts: Vec<ModelCut> = child.lines.iter().filter(|l| l.is(ModelStatus::Ordered)).map(cut).collect();
    child.cut(&cuts, ModelStatus::Cancelled, shelves);
}

/// What was to come does not: units from own stock go back on the shelf, the others never were there.
pub(super) fn cancel(order: &mut ModelOrder, shelves: &mut Shelves) -> Result<Yes, No> {
    let (mut cuts, mut yes, asking) = (Vec::new(), Yes::default(), order.asking);
    let begun = |l: &&mut ModelLine| !(asking && matches!(l.source, Source::Partner(_)));
    for l in order.lines.iter_mut().filter(|l| l.is(ModelStatus::ProcurementCheck)).filter(begun) {
        let taken = l.free().min(l.deducted);
        let lost = if l.source == Source::Own { 0 } else { taken };
        cuts.push(ModelCut { no: l.no, quantity: l.free(), taken, lost });
        if let Source::Partner(child) = std::mem::replace(&mut l.source, Source::None) {
            yes.stops = Some(child);
        }
    }
    if cuts.is_empty() {
        return Err(ILLEGAL);
    }
    let cuts = order.with_gifts(cuts);
    order.cut(&cuts, ModelStatus::OutOfStock, shelves);
    Ok(yes)
}

/// Own stock is there; a partner's is not ours to complete.
pub(super) fn complete(order: &mut ModelOrder) -> Result<Yes, No> {
    if !order.lines.iter().any(|l| l.is(ModelStatus::ProcurementCheck)) {
        return Err(ILLEGAL);
    }
    let mut moved = false;
    for l in order.lines.iter_mut().filter(|l| l.is(ModelStatus::ProcurementCheck) && l.source == Source::Own) {
        (l.status, moved) = (ModelStatus::ProcurementDone, true);
    }
    if moved { Ok(Yes::default()) } else { Err(No::Because("invalid")) }
}

/// All that was sent and has not come yet has come.
pub(super) fn delivered(order: &mut ModelOrder) -> Result<Yes, No> {
    let mut came = false;
    for l in order.lines.iter_mut().filter(|l| l.status == ModelStatus::Shipped && l.active() > 0 && !l.delivered) {
        (l.delivered, came) = (true, true);
    }
    if came { Ok(Yes::default()) } else { Err(ILLEGAL) }
}

/// What was delivered and no claim may bring back; a gift with or after its goods.
pub(super) fn confirm(order: &mut ModelOrder) -> Result<Yes, No> {
    let open = |no: u64| {
        let of = |c: &Claim| match c {
            Claim::Return(r) => r.step != ModelStep::Over && r.parts.iter().any(|p| p.no == no),
            Claim::Exchange(_) => false,
        };
        order.claims.iter().any(of)
    };
    let settled = |l: &ModelLine| l.returning == 0 && l.exchange_accepted == l.exchanged && !open(l.no);
    let ready = |l: &&ModelLine| l.is(ModelStatus::Shipped) && l.delivered && settled(l);
    let goods: Vec<u64> = order.lines.iter().filter(|l| !l.gift).filter(ready).map(|l| l.no).collect();
    let kept = |m: &ModelLine| {
        m.returning + m.exchange_accepted == m.exchanged
            && (m.free() == 0 || m.status == ModelStatus::PurchaseConfirmed || goods.contains(&m.no))
    };
    let gifts = order.lines.iter().filter(|l| l.gift).filter(ready);
    let gifts: Vec<u64> = gifts.filter(|g| order.family(g).all(kept)).map(|l| l.no).collect();
    if goods.is_empty() && gifts.is_empty() {
        return Err(ILLEGAL);
    }
    for l in order.lines.iter_mut().filter(|l| goods.contains(&l.no) || gifts.contains(&l.no)) {
        l.status = ModelStatus::PurchaseConfirmed;
    }
    Ok(Yes::default())
}
