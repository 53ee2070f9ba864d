//! Commands of SKUs, campaigns and reference data: dedupe by the command's own row.

use std::sync::Arc;

use super::{
    CommandMeta, Fault, LaneContext, activate, consent, gifts,
    inventory::{Cause, SkuAction, SkuCommand},
    owners, refdata,
};
use crate::{
    domain::{
        ids::SkuId,
        reason::{Facts, Reason, Refusal},
    },
    history::replay::Note,
    lane::commit::Outgoing,
    protocol::{Answer, command::Wire},
    store::{
        Outcome, StoredSku, UntRow,
        rows::{CmdRow, HistRow},
    },
};

/// The SKU that a command is about, if it is about one.
pub fn sku_of(wire: &Wire) -> Option<&SkuId> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "only these are about a SKU")]
    match wire {
        Wire::ReceiveStock(c) => Some(&c.sku_id),
        Wire::AdjustStock(c) => Some(&c.sku_id),
        Wire::ShrinkStock(c) => Some(&c.sku_id),
        Wire::CreateSku(c) => Some(&c.sku_id),
        Wire::CreateCampaign(c) => Some(&c.sku_id),
        Wire::ChangeCampaign(c) => Some(&c.sku_id),
        Wire::PauseCampaign(c) => Some(&c.sku_id),
        Wire::ResumeCampaign(c) => Some(&c.sku_id),
        _ => None,
    }
}

/// Decides a command that belongs to no order, and answers it through the batch.
///
/// # Errors
/// The store's, or an actor that is gone.
pub async fn decide(cx: &LaneContext, wire: &Wire, meta: CommandMeta, careful: bool) -> Result<(), Fault> {
    let result = act(cx, wire, &meta).await?;
    let mut out = Outgoing::silent(meta.source, meta.name);
    let answer = match result {
        Ok(facts) => {
            let note = Note { reason: None, facts: facts.clone() };
            let ansr = if facts.is_empty() { None } else { serde_json::to_string(&note).ok().map(Arc::from) };
            let row = CmdRow {
                cmd_id: Arc::clone(&meta.id),
                cmd_dgst: Arc::clone(&meta.digest),
                cmd_typ_cd: meta.name.into(),
                prtn_no: i64::from(cx.partition),
                actr: Arc::clone(&meta.actor),
                ansr,
                strm_entr: Some(meta.source.entry().to_string().into()),
                cmd_dttm: meta.source.at,
            };
            let mut book = cx.book.borrow_mut();
            book.rows.hist.push(HistRow::outside(&row));
            book.rows.cmd.push(row);
            drop(book);
            let mut answer = meta.answer(cx.partition);
            answer.facts = facts;
            answer
        }
        Err(refusal) => {
            out.unsure = !careful;
            meta.refusal(cx.partition, None, &refusal)
        }
    };
    out.answer = Some((meta.reply_to, Arc::new(answer)));
    cx.book.borrow_mut().outgoing.push(out);
    Ok(())
}

async fn act(cx: &LaneContext, wire: &Wire, meta: &CommandMeta) -> Result<Result<Facts, Refusal>, Fault> {
    if let Err(refusal) = owners::check(cx, wire, meta).await? {
        return Ok(Err(refusal));
    }
    #[expect(clippy::wildcard_enum_match_arm, reason = "orders' commands never come here")]
    let what = match wire {
        Wire::CreateTemplate(c) => return refdata::create_template(cx, c).await,
        Wire::CreateProduct(c) => return refdata::create_product(cx, c).await,
        Wire::CreatePromotion(c) => return refdata::create_promotion(cx, c).await,
        Wire::CreateGiftPromotion(c) => return gifts::create(cx, c).await,
        Wire::ChangeGiftPromotion(c) => return gifts::change(cx, c).await,
        Wire::CreatePartner(c) => return refdata::create_partner(cx, c, meta.source.at).await,
        Wire::ChangePartner(c) => return refdata::change_partner(cx, c).await,
        Wire::AllowBuyer(c) => return consent::say(cx, (&c.partner_id, &c.buyer_id), true, meta.source.at).await,
        Wire::WithdrawBuyer(c) => return consent::say(cx, (&c.partner_id, &c.buyer_id), false, meta.source.at).await,
        Wire::ChangeProduct(c) => return refdata::change_product(cx, c, meta).await,
        Wire::ChangeTemplate(c) => return refdata::change_template(cx, c, meta).await,
        Wire::CreateSku(c) => {
            let Some(product) = refdata::product(cx, &c.product_id).await? else {
                return Ok(Err(Reason::UnknownProduct.into()));
            };
            let template = crate::domain::ids::TemplateId::stored(&product.dlv_tmpl_id);
            let Some(template) = refdata::template(cx, &template).await? else {
                return Ok(Err(Reason::UnknownTemplate.into()));
            };
            let unit = UntRow {
                unt_id: c.sku_id.shared(),
                gds_id: c.product_id.shared(),
                opt_nm: c.option_name.as_str().into(),
                hldr_id: c.holder_id.as_ref().map(|h| h.shared()),
                prtn_no: i64::from(cx.partition),
                stck_qty: 0,
                hold_qty: 0,
                sold_qty: 0,
                ldgr_no: 0,
                rstk_qty: 0,
            };
            let none = Vec::new;
            let stored = StoredSku { unit, product, template, ledger: None, campaigns: none(), buyers: Vec::new() };
            SkuAction::Create { stored: Box::new(stored) }
        }
        Wire::ReceiveStock(c) => SkuAction::Receive(c.quantity),
        Wire::AdjustStock(c) => SkuAction::Adjust(c.quantity.units(), c.reason.as_str().into()),
        Wire::ShrinkStock(c) => SkuAction::Shrink(c.quantity, c.reason.as_str().into()),
        Wire::ChangeCampaign(c) => SkuAction::Change(c.clone()),
        Wire::CreateCampaign(c) => {
            if cx.near.has_campaign(&c.campaign_id)
                || !cx.store.campaigns(std::slice::from_ref(&c.campaign_id)).await?.is_empty()
            {
                return Ok(Err(Reason::AlreadyExists.into()));
            }
            SkuAction::Campaign(c.clone())
        }
        Wire::PauseCampaign(c) => SkuAction::Pause(c.campaign_id.clone(), true),
        Wire::ResumeCampaign(c) => SkuAction::Pause(c.campaign_id.clone(), false),
        _ => return Ok(Err(Refusal::invalid("this command belongs to an order"))),
    };
    let Some(sku_id) = sku_of(wire) else { return Ok(Err(Refusal::invalid("the command names no SKU"))) };
    let actor = activate::sku(cx, sku_id).await?;
    let cause = Cause { command_id: Arc::clone(&meta.id), order_id: None, at: meta.source.at };
    let gone = |e: actix::MailboxError| Fault::Decision { entry: meta.source.id, why: e.to_string() };
    let done = actor.send(SkuCommand { what, cause }).await.map_err(gone)?;
    if let (Ok(_), Wire::CreateCampaign(c)) = (&done, wire) {
        cx.near.made_campaign(&c.campaign_id, cx.book.borrow().number + 1);
    }
    Ok(done)
}

/// The first answer again, in the place of a refusal that was given without knowing of it.
pub fn again(outcome: &Outcome, refused: &Answer) -> Answer {
    let answer = Answer {
        outcome: crate::protocol::OutcomeKind::Accepted,
        reason: None,
        message: None,
        facts: Facts::default(),
        ..refused.clone()
    };
    tell(outcome, answer)
}

/// The first answer again, of a command whose outcome the store has.
pub fn stored_answer(outcome: &Outcome, meta: &CommandMeta) -> Answer {
    tell(outcome, meta.answer(outcome.partition))
}

fn tell(outcome: &Outcome, mut answer: Answer) -> Answer {
    answer.partition = outcome.partition;
    if answer.digest.as_deref() != Some(&*outcome.digest) {
        answer.order_id = outcome.order.as_ref().map(|o| Arc::clone(&o.ord_id));
        crate::history::replay::refuse(&mut answer, &Reason::CommandIdReused.into());
        return answer;
    }
    if let Some(o) = &outcome.order {
        answer.order_id = Some(Arc::clone(&o.ord_id));
        answer.order_status = Some(o.status.clone());
        answer.order_version = Some(o.version);
    }
    let note: Note = outcome.answer.as_deref().and_then(|n| serde_json::from_str(n).ok()).unwrap_or_default();
    answer.reason = note.reason.map(|r| r.code().into());
    answer.message = note.reason.map(|r| r.sentence().to_owned());
    answer.facts = note.facts;
    answer
}
