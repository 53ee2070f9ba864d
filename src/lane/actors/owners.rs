//! Whose goods a seller's or a partner's command is about: its own only. The HTTP API asks as much before it sends anything on;
//! here it is asked again, of what comes by the streams and of what has changed meanwhile.

use super::{CommandMeta, DecisionContext, NotDone, inventory, refdata};
use crate::{
    domain::{
        ids::{PartnerId, ProductId, SkuId, TemplateId},
        reason::{Facts, Reason, Refusal},
    },
    protocol::command::{ActorRole, Wire},
};

/// Something of the catalogue.
enum Thing<'a> {
    /// whose stock it is: who holds it, else who sells it
    Stock(&'a SkuId),
    /// who sells it
    Sku(&'a SkuId),
    Product(&'a ProductId),
    Template(&'a TemplateId),
    /// the partner itself
    Itself(Option<&'a PartnerId>),
}

/// What a command names that has to be its sender's own; promotions are for any seller's goods, and nobody's own.
fn things(wire: &Wire) -> Vec<Thing<'_>> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are orders', or not for sellers")]
    match wire {
        Wire::ReceiveStock(c) => vec![Thing::Stock(&c.sku_id)],
        Wire::AdjustStock(c) => vec![Thing::Stock(&c.sku_id)],
        Wire::ShrinkStock(c) => vec![Thing::Stock(&c.sku_id)],
        Wire::CreateCampaign(c) => vec![Thing::Sku(&c.sku_id)],
        Wire::UpdateCampaign(c) => vec![Thing::Sku(&c.sku_id)],
        Wire::PauseCampaign(c) => vec![Thing::Sku(&c.sku_id)],
        Wire::ResumeCampaign(c) => vec![Thing::Sku(&c.sku_id)],
        Wire::CreateSku(c) => vec![Thing::Product(&c.product_id), Thing::Itself(c.holder_id.as_ref())],
        Wire::CreateProduct(c) => vec![Thing::Itself(Some(&c.partner_id)), Thing::Template(&c.template_id)],
        Wire::UpdateProduct(c) => vec![Thing::Product(&c.product_id)],
        Wire::CreateTemplate(c) => vec![Thing::Itself(Some(&c.partner_id))],
        Wire::UpdateTemplate(c) => vec![Thing::Template(&c.template_id)],
        Wire::AuthorizeBuyer(c) => vec![Thing::Itself(Some(&c.partner_id))],
        Wire::RevokeBuyer(c) => vec![Thing::Itself(Some(&c.partner_id))],
        _ => Vec::new(),
    }
}

/// Whether its sender may: a seller or a partner of its own goods, everybody else of any.
///
/// # Errors
/// The refusal; the store's; an actor that is gone.
pub async fn check(cx: &DecisionContext, wire: &Wire, meta: &CommandMeta) -> Result<(), NotDone> {
    let Some((ActorRole::Seller | ActorRole::Partner, who)) = ActorRole::of(&meta.actor) else { return Ok(()) };
    for thing in things(wire) {
        // of what is not there the command says so itself
        let whose: Option<String> = match thing {
            Thing::Itself(id) => id.map(ToString::to_string),
            Thing::Product(id) => refdata::product(cx, id).await?.map(|p| p.partner_id.to_string()),
            Thing::Template(id) => refdata::template(cx, id).await?.map(|t| t.partner_id.to_string()),
            Thing::Stock(id) | Thing::Sku(id) => {
                let sku = cx.skus.actor(id).await?.send(inventory::Describe).await?;
                let holds = matches!(thing, Thing::Stock(_));
                sku.map(|s| s.holder_id.clone().filter(|_| holds).unwrap_or_else(|| s.partner_id.clone()).to_string())
            }
        };
        if whose.is_some_and(|whose| whose != who) {
            let detail = Some("it names something that is not this partner's".to_owned());
            return Err(Refusal::new(Reason::Forbidden, Facts { detail, ..Facts::default() }).into());
        }
    }
    Ok(())
}
