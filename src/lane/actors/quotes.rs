//! What a decision may look at: quotes of the SKUs it concerns, and the promotions it names.

use std::sync::Arc;

use super::{
    DecisionContext, Fault,
    consent::{self, Consent},
    gifts,
    inventory::GetQuote,
    refdata,
};
use crate::{
    domain::{
        Time,
        catalog::{Partner, Promotion},
        gift::GiftPromotion,
        ids::{CampaignId, CustomerId, OrderId, PartnerId, PromotionId, SkuId},
        order::{
            Context, Order, OrderCommand, Quote,
            command::PlaceOrder,
            decide::{RequiredInputs, looks},
            register::PaymentKey,
        },
    },
    log::crc16::partition_of,
};

/// What was seen for a decision.
#[derive(Default)]
pub struct DecisionInputs {
    quotes: Vec<Quote>,
    promotions: Vec<Promotion>,
    gift_promotions: Vec<Arc<GiftPromotion>>,
    partners: Vec<Partner>,
    taken: Vec<PaymentKey>,
    /// whether who is bought from sells to who buys
    pub consent: Consent,
}

impl DecisionInputs {
    /// The decision's context.
    pub fn context<'a>(&'a self, cx: &'a DecisionContext, now: Time) -> Context<'a> {
        Context {
            now,
            policy: &cx.policy,
            quotes: &self.quotes,
            promotions: &self.promotions,
            gift_promotions: &self.gift_promotions,
            partners: &self.partners,
            lane: cx.partition,
            taken: &self.taken,
        }
    }
}

/// Looks at what the command wants to know. `careful`: the store is asked also where a conflict would tell.
///
/// # Errors
/// The store's, or an actor that is gone.
pub async fn load_inputs(
    cx: &DecisionContext,
    id: &OrderId,
    order: Option<&Order>,
    command: &OrderCommand,
    now: Time,
    careful: bool,
) -> Result<DecisionInputs, Fault> {
    let taken = cx.payments.taken(id, order, command, careful).await?;
    let consent = consent::look(cx, order, command).await?;
    Ok(DecisionInputs { taken, consent, ..shelves(cx, order, command, now).await? })
}

async fn shelves(
    cx: &DecisionContext,
    order: Option<&Order>,
    command: &OrderCommand,
    now: Time,
) -> Result<DecisionInputs, Fault> {
    if let OrderCommand::Place(place) = command {
        return placing(cx, place, now).await;
    }
    let look = looks(order, command);
    if look == RequiredInputs::default() {
        return Ok(DecisionInputs::default());
    }
    let mut wanted: Vec<(SkuId, Option<CampaignId>)> = Vec::new();
    let mut want = |sku: &SkuId, campaign: Option<&CampaignId>| {
        if !wanted.iter().any(|(s, _)| s == sku) {
            wanted.push((sku.clone(), campaign.cloned()));
        }
    };
    for line in order.into_iter().filter(|_| look.own).flat_map(|o| &o.lines) {
        want(&line.sku_id, line.campaign_id.as_ref());
    }
    for sku in &look.named {
        want(sku, None);
    }
    let customer = match (order, command) {
        (_, OrderCommand::PlaceLinked(child)) => child.buyer_id.clone(),
        (Some(order), _) => order.customer_id.clone(),
        (None, _) => return Ok(DecisionInputs::default()),
    };
    let quotes = quotes(cx, &wanted, &customer, now).await?;
    let partners = if look.partners.is_empty() { Vec::new() } else { refdata::partners(cx, &look.partners).await? };
    Ok(DecisionInputs { quotes, partners, ..DecisionInputs::default() })
}

async fn placing(cx: &DecisionContext, place: &PlaceOrder, now: Time) -> Result<DecisionInputs, Fault> {
    let mut wanted: Vec<(SkuId, Option<CampaignId>)> = Vec::new();
    let (mut named, mut gift_named): (Vec<PromotionId>, Vec<PromotionId>) = Default::default();
    for line in &place.lines {
        if !wanted.iter().any(|(s, _)| *s == line.sku_id) {
            wanted.push((line.sku_id.clone(), line.campaign_id.clone()));
        }
        gift_named.extend(line.gift_promotion_id.clone());
        named.extend([&line.promotion_id, &line.coupon_id].into_iter().flatten().cloned());
    }
    let quotes = quotes(cx, &wanted, &place.customer_id, now).await?;
    let promotions = if named.is_empty() { Vec::new() } else { refdata::promotions(cx, &named, now).await? };
    let gifts: Vec<SkuId> = quotes.iter().filter(|q| q.info.gift).map(|q| q.info.sku_id.clone()).collect();
    let gift_promotions =
        if gifts.is_empty() { Vec::new() } else { gifts::promotions(cx, &gift_named, &gifts, now).await? };
    let business: Vec<PartnerId> = place.business().into_iter().collect();
    let partners = if business.is_empty() { Vec::new() } else { refdata::partners(cx, &business).await? };
    Ok(DecisionInputs { quotes, promotions, gift_promotions, partners, ..DecisionInputs::default() })
}

/// Quotes of SKUs here (from their actors) and elsewhere (their description only); unknown ones are left out.
///
/// # Errors
/// The store's, or an actor that is gone.
pub async fn quotes(
    cx: &DecisionContext,
    wanted: &[(SkuId, Option<CampaignId>)],
    customer: &CustomerId,
    now: Time,
) -> Result<Vec<Quote>, Fault> {
    let mut quotes = Vec::with_capacity(wanted.len());
    let mut far = Vec::new();
    for (sku_id, campaign) in wanted {
        if partition_of(sku_id.as_str(), cx.partitions) != cx.partition {
            far.push(sku_id.clone());
            continue;
        }
        let actor = cx.skus.actor(sku_id).await?;
        let ask = GetQuote { campaign: campaign.clone(), customer: customer.clone(), now };
        quotes.extend(actor.send(ask).await?);
    }
    if !far.is_empty() {
        let infos = refdata::far_skus(cx, &far, now).await?;
        quotes.extend(infos.into_iter().map(|info| {
            let lane = partition_of(info.sku_id.as_str(), cx.partitions);
            Quote { info, lane, view: None }
        }));
    }
    Ok(quotes)
}
