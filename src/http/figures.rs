//! A SKU's figures: how many units there are and were is told to who sells or holds it, and to the shop's own people. Others
//! hear whether there are any, whatever tells them of it: how a competitor sells is nobody's business.

use std::sync::Arc;

use super::{AppState, caller::Caller};
use crate::{
    domain::{
        ids::{PartnerId, ProductId, SkuId},
        order::{
            Event,
            event::{hide_units, may_tell_units},
        },
        reason::Facts,
        stock::Available,
    },
    history::timeline::{Entry, Timeline},
    protocol::Answer,
    store::{StoreError, StoredSku, UntRow},
};

/// Of which SKUs the figures are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Figures {
    All,
    Of(Vec<SkuId>),
}

impl Figures {
    /// Whether this SKU's are.
    pub fn has(&self, sku: &SkuId) -> bool {
        match self {
            Figures::All => true,
            Figures::Of(skus) => skus.contains(sku),
        }
    }
}

/// Of which of these SKUs the caller may know how many there are and were.
///
/// # Errors
/// The store's.
pub async fn told(shared: &AppState, caller: &Caller, skus: &[SkuId]) -> Result<Figures, StoreError> {
    match caller {
        Caller::Anyone | Caller::Operator { .. } | Caller::Auditor { .. } => Ok(Figures::All),
        Caller::Checkout { .. } | Caller::Payment { .. } | Caller::Metrics | Caller::Nobody => {
            Ok(Figures::Of(Vec::new()))
        }
        Caller::Partner { partner } => {
            if skus.is_empty() {
                return Ok(Figures::Of(Vec::new()));
            }
            let store = &shared.parts.store;
            let units = store.units_named(skus).await?;
            let products: Vec<ProductId> = units.iter().map(|u| ProductId::stored(&u.gds_id)).collect();
            let products = store.products(&products).await?;
            let own = units.iter().filter(|u| {
                let product = products.iter().find(|p| p.gds_id == u.gds_id);
                is_own(partner, u, product.map(|p| &*p.ptnr_id))
            });
            Ok(Figures::Of(own.map(|u| SkuId::stored(&u.unt_id)).collect()))
        }
    }
}

/// The same of one that was read.
pub fn of(caller: &Caller, stored: &StoredSku) -> bool {
    match caller {
        Caller::Anyone | Caller::Operator { .. } | Caller::Auditor { .. } => true,
        Caller::Checkout { .. } | Caller::Payment { .. } | Caller::Metrics | Caller::Nobody => false,
        Caller::Partner { partner } => is_own(partner, &stored.unit, Some(&*stored.product.ptnr_id)),
    }
}

/// Whether a partner holds it, or sells its product.
fn is_own(partner: &PartnerId, unit: &UntRow, seller: Option<&str>) -> bool {
    [unit.hldr_id.as_deref(), seller].contains(&Some(partner.as_str()))
}

/// An answer without the figures that its caller is not told.
///
/// # Errors
/// The store's.
pub async fn heard(shared: &AppState, caller: &Caller, answer: Arc<Answer>) -> Result<Arc<Answer>, StoreError> {
    let named = skus(&answer.facts);
    let figures = answer.facts.position.is_some() || answer.facts.available.is_some();
    if named.is_empty() && !figures {
        return Ok(answer);
    }
    let told = told(shared, caller, &named).await?;
    if told == Figures::All {
        return Ok(answer);
    }
    let mut answer = Answer::clone(&answer);
    let reason = answer.reason.clone();
    cut(&mut answer.facts, reason.as_deref(), &told);
    Ok(Arc::new(answer))
}

/// The SKUs that facts tell something of.
fn skus(facts: &Facts) -> Vec<SkuId> {
    let stock = facts.stock.iter().map(|s| &s.sku_id);
    let previewed = facts.preview.iter().flat_map(|p| {
        let moved = p.stock.iter().map(|s| &s.sku_id);
        moved.chain(p.change.lines.iter().map(|l| &l.sku_id))
    });
    let mut skus: Vec<SkuId> = facts.sku_id.iter().chain(stock).chain(previewed).cloned().collect();
    skus.sort_unstable();
    skus.dedup();
    skus
}

fn cut(facts: &mut Facts, reason: Option<&str>, told: &Figures) {
    facts.stock = facts.stock.iter().filter(|s| told.has(&s.sku_id)).cloned().collect();
    if facts.sku_id.as_ref().is_none_or(|sku| !told.has(sku)) {
        facts.hide_units(reason);
    }
    let Some(mut preview) = facts.preview.take() else { return };
    preview.stock.retain(|s| told.has(&s.sku_id));
    // what a line would get is all that there is: who pays learns it, who only asks does not
    let found = preview.change.lines.iter().find(|l| preview.shortages.contains(&l.line_no) && !told.has(&l.sku_id));
    match found {
        Some(line) => {
            facts.line_no = Some(line.line_no);
            facts.sku_id = Some(line.sku_id.clone());
            facts.requested = Some(i64::from(line.before.active));
            facts.availability = Some(Available::of(i64::from(line.after.active)));
        }
        None => facts.preview = Some(preview),
    }
}

/// A timeline as a buyer hears it.
pub fn hide(timeline: &mut Timeline) {
    for entry in &mut timeline.entries {
        match entry {
            Entry::Event { event: Some(event), .. } => without_units(event),
            Entry::Event { event: None, .. } => {}
            Entry::Refused { facts, reason, .. } => facts.hide_units(Some(reason)),
        }
    }
}

fn without_units(event: &mut Event) {
    if !may_tell_units(event.name()) {
        return;
    }
    let Ok(mut value) = serde_json::to_value(&*event) else { return };
    if hide_units(&mut value)
        && let Ok(hidden) = serde_json::from_value(value)
    {
        *event = hidden;
    }
}
