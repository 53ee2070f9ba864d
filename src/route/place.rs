//! What a decision may look at: quotes of the SKUs it concerns, and the promotions it names.

use super::{Fault, LaneContext, activate, inventory::Ask, refdata};
use crate::{
    domain::{
        Time,
        catalog::Promotion,
        ids::{CampaignId, CustomerId, PromotionId, SkuId},
        order::{Context, Order, OrderCommand, Quote, decide::wants_quotes},
    },
    log::crc16::partition_of,
};

/// What was seen for a decision.
#[derive(Default)]
pub struct Seen {
    quotes: Vec<Quote>,
    promotions: Vec<Promotion>,
}

impl Seen {
    /// The decision's context.
    pub fn context<'a>(&'a self, cx: &'a LaneContext, now: Time) -> Context<'a> {
        Context { now, policy: &cx.policy, quotes: &self.quotes, promotions: &self.promotions }
    }
}

/// Looks at what the command wants to know.
///
/// # Errors
/// The store's, or an actor that is gone.
pub async fn see(cx: &LaneContext, order: Option<&Order>, command: &OrderCommand, now: Time) -> Result<Seen, Fault> {
    if !wants_quotes(order, command) {
        return Ok(Seen::default());
    }
    let mut wanted: Vec<(SkuId, Option<CampaignId>)> = Vec::new();
    let mut want = |sku: &SkuId, campaign: Option<&CampaignId>| {
        if !wanted.iter().any(|(s, _)| s == sku) {
            wanted.push((sku.clone(), campaign.cloned()));
        }
    };
    let mut named: Vec<PromotionId> = Vec::new();
    let customer: &CustomerId = match (command, order) {
        (OrderCommand::Place(place), _) => {
            for line in &place.lines {
                want(&line.sku_id, line.campaign_id.as_ref());
                named.extend([&line.promotion_id, &line.coupon_id].into_iter().flatten().cloned());
            }
            &place.customer_id
        }
        (_, Some(order)) => {
            for line in &order.lines {
                want(&line.sku_id, line.campaign_id.as_ref());
            }
            &order.customer_id
        }
        (_, None) => return Ok(Seen::default()),
    };
    let quotes = quotes(cx, &wanted, customer, now).await?;
    let promotions = if named.is_empty() { Vec::new() } else { refdata::promotions(cx, &named, now).await? };
    Ok(Seen { quotes, promotions })
}

/// Quotes of SKUs here (from their actors) and elsewhere (their description only); unknown ones are left out.
///
/// # Errors
/// The store's, or an actor that is gone.
pub async fn quotes(
    cx: &LaneContext,
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
        let actor = activate::sku(cx, sku_id).await?;
        let ask = Ask { campaign: campaign.clone(), customer: customer.clone(), now };
        let gone = |e: actix::MailboxError| Fault::Decision { entry: crate::log::EntryId::ZERO, why: e.to_string() };
        quotes.extend(actor.send(ask).await.map_err(gone)?);
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
