//! 구매허용: whom a partner sells to. Nobody buys from it by `purchase_from_partner` before it has said so, or an operator for it;
//! the shop itself may, which goes into the audit.

use super::{DecisionContext, Fault, NotDone, refdata};
use crate::{
    domain::{
        ids::PartnerId,
        order::{Order, OrderCommand},
        reason::{Facts, Reason, Refusal},
    },
    history::effects::{ConsentSet, Effect, ReferenceSet},
};

/// Whether a partner sells to a seller.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub enum Consent {
    /// nothing is bought, or what is asked for says by itself what is wrong with it
    #[default]
    Needless,
    Given,
    /// the partner has not said so of this seller
    Missing {
        partner: PartnerId,
        seller: PartnerId,
    },
}

impl Consent {
    /// The refusal of a seller without it.
    ///
    /// # Errors
    /// That.
    pub fn needed(&self) -> Result<(), Refusal> {
        let Consent::Missing { partner, seller } = self else { return Ok(()) };
        let detail = Some(format!("partner {partner} has not allowed {seller} to buy from it (authorize_buyer)"));
        Err(Refusal::new(Reason::NoConsent, Facts { detail, ..Facts::default() }))
    }
}

/// Whether the partner that a command buys from sells to the seller of the lines. The store is asked each time: what was said in
/// another lane counts from its commit on.
///
/// # Errors
/// The store's.
pub async fn look(cx: &DecisionContext, order: Option<&Order>, command: &OrderCommand) -> Result<Consent, Fault> {
    let OrderCommand::PurchaseFromPartner(p) = command else { return Ok(Consent::Needless) };
    let seller = order.zip(p.lines.first()).and_then(|(o, (no, ..))| o.seller_of(o.line(*no)?));
    let Some(seller) = seller else { return Ok(Consent::Needless) };
    if refdata::partners(cx, std::slice::from_ref(&p.partner_id)).await?.is_empty() {
        return Ok(Consent::Needless);
    }
    let pair = (p.partner_id.clone(), seller.clone());
    let near = cx.near.consents().said(&pair);
    let allowed = match near {
        Some(allowed) => allowed,
        None => cx.near.stored_consent(&pair.0, &pair.1).await?,
    };
    let (partner, seller) = pair;
    Ok(if allowed || partner == seller { Consent::Given } else { Consent::Missing { partner, seller } })
}

/// 구매허용, or its withdrawal.
///
/// # Errors
/// The refusal, or the store's.
pub async fn say(cx: &DecisionContext, said: ConsentSet) -> Result<Facts, NotDone> {
    if refdata::partners(cx, std::slice::from_ref(&said.partner)).await?.is_empty() {
        return Err(Reason::UnknownPartner.into());
    }
    let mut book = cx.book.borrow_mut();
    let pair = (said.partner.clone(), said.buyer.clone());
    cx.near.consents().say(pair, said.allowed, book.number + 1);
    book.repeats = true; // allowed and withdrawn in one batch
    book.effects.push(Effect::ReferenceSet(ReferenceSet::Consent(said)));
    Ok(Facts::default())
}
