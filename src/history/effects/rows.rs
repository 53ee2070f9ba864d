//! Rows of effects.

use std::sync::Arc;

use foldhash::HashMap;

use super::{
    CampaignSet, Effect, NewSku, OrderChanged, OrderEvents, OutboxStep, ReferenceSet, StockMoved, TakenCommand,
    events::json, merge, personal,
};
use crate::{
    domain::{gift::GiftPromotion, ids::OrderId, stock::Move},
    history::{
        catalog::promotion_row,
        project::{audited, project, registered},
    },
    store::{
        Batch, UnitMove, UntRow,
        rows::{
            AditRow, CmdRow, CmpnTrmRow, GftPrmGdsRow, GftPrmRow, GftPrmUntRow, HistRow, LdgrRow, OtbxRow, PtnrByrRow,
        },
    },
    vault::Vault,
};

/// What rows say of the lane that writes them, and what it seals by.
#[derive(Debug, Clone, Copy)]
pub struct LaneOfRows<'a> {
    pub partition: u32,
    pub epoch: i64,
    /// whether this process asks the payment side for refunds itself
    pub asks_refunds: bool,
    pub vault: Option<&'a Vault>,
}

/// Writes all rows of a batch's effects. `repeats`: some key may be in it twice. An order that changes more than once is written
/// in its last form only.
///
/// # Errors
/// A sentence, for what is no JSON or can't be sealed.
pub fn write(effects: &[Effect], lane: LaneOfRows<'_>, repeats: bool, into: &mut Batch) -> Result<(), String> {
    (into.partition, into.epoch) = (lane.partition, lane.epoch);
    let last = if repeats { last_forms(effects) } else { HashMap::default() };
    let mut writer = Writer { lane, last, moves: HashMap::default(), scratch: Vec::new() };
    for (place, effect) in effects.iter().enumerate() {
        writer.effect(place, effect, into)?;
    }
    into.moves = writer.moves.into_values().collect();
    // one order for every lane: two that write the same rows wait for each other, and don't lock each other out
    into.moves.sort_by(|a, b| a.unt_id.cmp(&b.unt_id));
    into.rgst.sort_unstable_by(|a, b| a.pay_id.cmp(&b.pay_id));
    into.hist.sort_by(|a, b| (&a.cmd_id, a.cmd_evnt_no).cmp(&(&b.cmd_id, b.cmd_evnt_no)));
    if repeats {
        merge::merge(into);
    }
    Ok(())
}

/// An order's last form in a batch.
struct LastForm {
    /// among the effects
    place: usize,
    /// whether the batch places the order: its rows must be new
    placed: bool,
}

fn last_forms(effects: &[Effect]) -> HashMap<&OrderId, LastForm> {
    let mut last: HashMap<&OrderId, LastForm> = HashMap::default();
    for (place, effect) in effects.iter().enumerate() {
        let Effect::OrderChanged(changed) = effect else { continue };
        let form = last.entry(&changed.order.id).or_insert(LastForm { place, placed: false });
        form.place = place;
        form.placed |= changed.placed;
    }
    last
}

struct Writer<'a> {
    lane: LaneOfRows<'a>,
    /// of orders that may change more than once
    last: HashMap<&'a OrderId, LastForm>,
    moves: HashMap<Arc<str>, UnitMove>,
    /// memory for what is written as JSON
    scratch: Vec<u8>,
}

impl Writer<'_> {
    fn effect(&mut self, place: usize, effect: &Effect, into: &mut Batch) -> Result<(), String> {
        match effect {
            Effect::OrderChanged(changed) => self.order(place, changed, into)?,
            Effect::StockMoved(moved) => self.stock(moved, into),
            Effect::SkuCreated(sku) => into.units.push(self.sku(sku)),
            Effect::CampaignSet(set) => campaign(set, into),
            Effect::ReferenceSet(set) => reference(set, into),
            Effect::ReservationSet(held) => into.rsv.push(held.row(self.lane.partition)?),
            Effect::CommandTaken(taken) => self.taken(taken, into),
            Effect::Outbox(step) => into.otbx.push(self.outbox(step)),
        }
        Ok(())
    }

    fn order(&mut self, place: usize, changed: &OrderChanged, into: &mut Batch) -> Result<(), String> {
        let OrderChanged { order, events, placed, paid_before, personal } = changed;
        let LaneOfRows { partition, asks_refunds, .. } = self.lane;
        match self.last.get(&order.id) {
            None => project(order, partition, asks_refunds, *placed, into),
            Some(form) if form.place == place => project(order, partition, asks_refunds, form.placed, into),
            Some(_) => {}
        }
        registered(paid_before, order, into);
        events.rows(&mut self.scratch, &mut into.hist)?;
        audit(events, &mut into.adit);
        if let Some(p) = personal {
            personal::tokens(order, p, self.lane.vault, &mut into.prsn)?;
            personal::rows(order, p, self.lane.vault, &mut into.prsn)?;
        }
        Ok(())
    }

    /// A ledger row, and its share of the SKU's balance. What another system did is in the balance already.
    fn stock(&mut self, change: &StockMoved, into: &mut Batch) {
        let StockMoved { movement: m, moved, why, cause } = change;
        let unt_id = m.sku_id.shared();
        let unit = self.moves.entry(Arc::clone(&unt_id)).or_insert_with(|| UnitMove {
            unt_id: Arc::clone(&unt_id),
            stck_dlt: 0,
            hold_dlt: 0,
            sold_dlt: 0,
            rstk_dlt: 0,
            ldgr_no: 0,
            expect_stck: 0,
        });
        if m.kind != Move::External {
            unit.stck_dlt += moved.deltas.0;
            unit.hold_dlt += moved.deltas.1;
            unit.sold_dlt += moved.deltas.2;
            unit.rstk_dlt += if m.kind == Move::Restock { m.quantity } else { 0 };
        }
        (unit.ldgr_no, unit.expect_stck) = (moved.position, moved.after.0);
        into.ldgr.push(LdgrRow {
            unt_id,
            ldgr_no: moved.position,
            mvmt_cd: m.kind.code().into(),
            mvmt_qty: m.quantity,
            stck_dlt: moved.deltas.0,
            hold_dlt: moved.deltas.1,
            sold_dlt: moved.deltas.2,
            stck_qty: moved.after.0,
            hold_qty: moved.after.1,
            sold_qty: moved.after.2,
            cmpn_id: m.campaign.as_ref().map(|(campaign, _)| campaign.shared()),
            cust_id: m.campaign.as_ref().map(|(_, customer)| customer.shared()),
            cmpn_dlt: m.campaign_delta,
            ord_id: cause.order_id.as_ref().map(|o| o.shared()),
            ord_seq: m.line_no.map(i64::from),
            cmd_id: Arc::clone(&cause.command_id),
            mvmt_rsn: why.clone().or_else(|| m.reason.map(Arc::from)),
            mvmt_dttm: cause.at,
        });
    }

    fn sku(&self, sku: &NewSku) -> UntRow {
        UntRow {
            unt_id: sku.sku_id.shared(),
            gds_id: sku.product_id.shared(),
            opt_nm: Arc::clone(&sku.option_name),
            hldr_id: sku.holder_id.as_ref().map(|h| h.shared()),
            prtn_no: i64::from(self.lane.partition),
            stck_qty: 0,
            hold_qty: 0,
            sold_qty: 0,
            ldgr_no: 0,
            rstk_qty: 0,
        }
    }

    fn taken(&mut self, taken: &TakenCommand, into: &mut Batch) {
        let TakenCommand { command, name, note, by_client } = taken;
        let row = CmdRow {
            cmd_id: Arc::clone(&command.id),
            cmd_dgst: Arc::clone(&command.digest),
            cmd_typ_cd: (*name).into(),
            prtn_no: i64::from(self.lane.partition),
            actr: Arc::clone(&command.actor),
            ansr: note.as_ref().and_then(|note| json(note, &mut self.scratch).ok()),
            strm_entr: Some(Arc::clone(&command.entry)),
            cmd_dttm: command.at,
        };
        if *by_client {
            into.hist.push(HistRow::outside(&row));
        }
        into.cmd.push(row);
    }

    fn outbox(&self, step: &OutboxStep) -> OtbxRow {
        OtbxRow {
            otbx_id: Arc::clone(&step.id),
            prtn_no: i64::from(self.lane.partition),
            to_prtn_no: i64::from(step.to),
            cmd: step.step.json().into(),
            otbx_dttm: step.at,
        }
    }
}

/// What the audit keeps of a command: one row a kind of privileged action.
fn audit(of: &OrderEvents, into: &mut Vec<AditRow>) {
    let first = into.len();
    for (kind, reason) in of.events.iter().filter_map(|e| audited(&e.event)) {
        if into.iter().skip(first).any(|r| r.adit_knd_cd == kind) {
            continue;
        }
        into.push(AditRow {
            cmd_id: Arc::clone(&of.command.id),
            adit_knd_cd: kind,
            ord_id: of.order_id.shared(),
            actr: Arc::clone(&of.command.actor),
            adit_rsn: reason.map(Arc::from),
            adit_dttm: of.command.at,
        });
    }
}

/// What a campaign allots and limits from here on is a row of its own: what was sold before stays sold under its own terms.
fn campaign(set: &CampaignSet, into: &mut Batch) {
    let row = set.campaign.row(&set.sku_id);
    into.cmpn_trm.extend(set.terms_from.map(|position| CmpnTrmRow {
        cmpn_id: Arc::clone(&row.cmpn_id),
        trm_no: row.trm_no,
        strt_ldgr_no: position,
        alot_qty: row.alot_qty,
        cust_lmt_qty: row.cust_lmt_qty,
    }));
    into.cmpn.push(row);
}

fn reference(set: &ReferenceSet, into: &mut Batch) {
    match set {
        ReferenceSet::Product(product) => into.pd_gds.push(product.row()),
        ReferenceSet::Template(template) => into.tmpl.push(template.row()),
        ReferenceSet::Promotion(promotion) => into.prm.push(promotion_row(promotion)),
        ReferenceSet::GiftPromotion { was, now } => gift_promotion(was.as_deref(), now, into),
        ReferenceSet::Partner(partner) => into.ptnr.push(partner.row()),
        ReferenceSet::Consent(set) => into.ptnr_byr.push(PtnrByrRow {
            ptnr_id: set.partner.shared(),
            byr_id: set.buyer.shared(),
            alw_yn: set.allowed,
            chg_dttm: set.at,
        }),
    }
}

/// What is taken out stays as a row that says so.
fn gift_promotion(was: Option<&GiftPromotion>, now: &GiftPromotion, into: &mut Batch) {
    let id = now.id.shared();
    into.gft_prm.push(GftPrmRow {
        gft_prm_id: Arc::clone(&id),
        gft_qty: i64::from(now.entitlement.gifts),
        main_qty: i64::from(now.entitlement.per),
        opn_dttm: now.opens_at,
        cls_dttm: now.closes_at,
        sld_out_cd: now.entitlement.when_sold_out.code().into(),
    });
    let (products, skus) = was.map_or((&[][..], &[][..]), |w| (&w.main_products, &w.gift_skus));
    let products = products.iter().filter(|p| !now.is_for(p)).map(|p| (p, false));
    let new = now.main_products.iter().filter(|p| was.is_none_or(|w| !w.is_for(p))).map(|p| (p, true));
    into.gft_prm_gds.extend(products.chain(new).map(|(product, use_yn)| GftPrmGdsRow {
        gft_prm_id: Arc::clone(&id),
        gds_id: product.shared(),
        use_yn,
    }));
    let skus = skus.iter().filter(|s| !now.gives(s)).map(|s| (s, false));
    let new = now.gift_skus.iter().filter(|s| was.is_none_or(|w| !w.gives(s))).map(|s| (s, true));
    into.gft_prm_unt.extend(skus.chain(new).map(|(sku, use_yn)| GftPrmUntRow {
        gft_prm_id: Arc::clone(&id),
        unt_id: sku.shared(),
        use_yn,
    }));
}
