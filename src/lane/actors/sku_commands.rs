//! Commands of SKUs, campaigns and reference data: dedupe by the command's own row.

use std::sync::Arc;

use super::{
    CommandMeta, DecisionContext, Fault, NotDone, consent, gifts,
    inventory::{SkuAction, SkuCommand},
    owners, refdata,
};
use crate::{
    domain::{
        ids::{PartnerId, SkuId},
        reason::{Facts, Reason, Refusal},
    },
    history::{
        catalog,
        effects::{Cause, ConsentSet, Effect, NewSku, TakenCommand},
        replay::Note,
    },
    lane::commit::Outgoing,
    protocol::{Answer, command::Wire},
    store::Outcome,
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
        Wire::UpdateCampaign(c) => Some(&c.sku_id),
        Wire::PauseCampaign(c) => Some(&c.sku_id),
        Wire::ResumeCampaign(c) => Some(&c.sku_id),
        _ => None,
    }
}

/// Decides a command that belongs to no order, and answers it through the batch.
///
/// # Errors
/// The store's, or an actor that is gone.
pub async fn decide(cx: &DecisionContext, wire: &Wire, meta: CommandMeta, careful: bool) -> Result<(), Fault> {
    let mut out = Outgoing::silent(meta.source, meta.name);
    let answer = match act(cx, wire, &meta).await {
        Ok(facts) => {
            let note = (!facts.is_empty()).then(|| Box::new(Note { reason: None, facts: facts.clone() }));
            let taken = TakenCommand { command: meta.stamp(), name: meta.name, note, by_client: true };
            cx.book.borrow_mut().effects.push(Effect::CommandTaken(taken));
            let mut answer = meta.answer(cx.partition);
            answer.facts = facts;
            answer
        }
        Err(NotDone::Fault(fault)) => return Err(fault),
        Err(NotDone::Refused(refusal)) => {
            out.unsure = !careful;
            meta.refusal(cx.partition, None, &refusal)
        }
    };
    out.answer = Some((meta.reply_to, Arc::new(answer)));
    cx.book.borrow_mut().outgoing.push(out);
    Ok(())
}

async fn act(cx: &DecisionContext, wire: &Wire, meta: &CommandMeta) -> Result<Facts, NotDone> {
    owners::check(cx, wire, meta).await?;
    let said = |partner: &PartnerId, buyer: &PartnerId, allowed| {
        let (partner, buyer) = (partner.clone(), buyer.clone());
        ConsentSet { partner, buyer, allowed, at: meta.source.at }
    };
    #[expect(clippy::wildcard_enum_match_arm, reason = "orders' commands never come here")]
    let what = match wire {
        Wire::CreateTemplate(c) => return refdata::create_template(cx, c).await,
        Wire::CreateProduct(c) => return refdata::create_product(cx, c).await,
        Wire::CreatePromotion(c) => return refdata::create_promotion(cx, c).await,
        Wire::CreateGiftPromotion(c) => return gifts::create(cx, c).await,
        Wire::UpdateGiftPromotion(c) => return gifts::change(cx, c).await,
        Wire::CreatePartner(c) => return refdata::create_partner(cx, c, meta.source.at).await,
        Wire::UpdatePartner(c) => return refdata::update_partner(cx, c).await,
        Wire::AuthorizeBuyer(c) => return consent::say(cx, said(&c.partner_id, &c.buyer_id, true)).await,
        Wire::RevokeBuyer(c) => return consent::say(cx, said(&c.partner_id, &c.buyer_id, false)).await,
        Wire::UpdateProduct(c) => return refdata::update_product(cx, c, meta).await,
        Wire::UpdateTemplate(c) => return refdata::update_template(cx, c, meta).await,
        Wire::CreateSku(c) => {
            let Some(product) = refdata::product(cx, &c.product_id).await? else {
                return Err(Reason::UnknownProduct.into());
            };
            let Some(template) = refdata::template(cx, &product.template_id).await? else {
                return Err(Reason::UnknownTemplate.into());
            };
            let holder_id = c.holder_id.clone();
            let info = catalog::described(c.sku_id.clone(), holder_id.clone(), &product, &template, Vec::new());
            let sku = NewSku {
                sku_id: c.sku_id.clone(),
                product_id: c.product_id.clone(),
                option_name: c.option_name.as_str().into(),
                holder_id,
            };
            SkuAction::Create { sku, info: Arc::new(info) }
        }
        Wire::ReceiveStock(c) => SkuAction::Receive(c.quantity),
        Wire::AdjustStock(c) => SkuAction::Adjust(c.quantity.units(), c.reason.as_str().into()),
        Wire::ShrinkStock(c) => SkuAction::Shrink(c.quantity, c.reason.as_str().into()),
        Wire::UpdateCampaign(c) => SkuAction::Change(c.clone()),
        Wire::CreateCampaign(c) => {
            if cx.near.has_campaign(&c.campaign_id).await? {
                return Err(Reason::AlreadyExists.into());
            }
            SkuAction::Campaign(c.clone())
        }
        Wire::PauseCampaign(c) => SkuAction::Pause(c.campaign_id.clone(), true),
        Wire::ResumeCampaign(c) => SkuAction::Pause(c.campaign_id.clone(), false),
        _ => return Err(Refusal::invalid("this command belongs to an order").into()),
    };
    let Some(sku_id) = sku_of(wire) else { return Err(Refusal::invalid("the command names no SKU").into()) };
    let actor = cx.skus.actor(sku_id).await?;
    let cause = Cause { command_id: Arc::clone(&meta.id), order_id: None, at: meta.source.at };
    let done = actor.send(SkuCommand { what, cause }).await??;
    if let Wire::CreateCampaign(c) = wire {
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
