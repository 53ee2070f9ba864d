//! 재고 actor: owns one SKU's stock. Hears quotes, movements and the SKU's own commands; tells the open batch (ledger rows).
//! It is bounded by its caller: the lane asks one thing at a time.

use std::sync::Arc;

use actix::{Actor, Context, Handler, Message};

use crate::{
    domain::{
        Time,
        catalog::{Campaign, SkuInfo, SkuRef},
        ids::{CampaignId, CustomerId, SkuId},
        order::Quote,
        reason::{Facts, Reason, Refusal, StockFact},
        stock::{Move, Movement, OutOfBounds, STOCK_MAX, Stock},
    },
    history::{
        catalog::{self, CampaignRecord, DeliveryTemplate, ProductRecord},
        effects::{CampaignSet, Cause, Effect, NewSku, StockMoved},
    },
    lane::commit::SharedBatch,
    protocol::command::{CreateCampaign, Moment, UpdateCampaign},
    store::StoredSku,
};

/// The actor of one SKU.
pub struct Inventory {
    /// where it lives
    partition: u32,
    book: SharedBatch,
    sku_id: SkuId,
    /// `None`: there is no such SKU (yet)
    info: Option<SkuRef>,
    stock: Stock,
    /// its campaigns, as last written
    campaigns: Vec<CampaignRecord>,
    /// batch that last changed it, counted from 1
    batch: u64,
}

impl Actor for Inventory {
    type Context = Context<Self>;
}

impl Inventory {
    /// A SKU as stored, or one that does not exist.
    pub fn new(partition: u32, book: SharedBatch, sku_id: SkuId, stored: Option<&StoredSku>) -> Self {
        let info = stored.map(|s| Arc::new(catalog::sku_info(s)));
        let stock = stored.map_or_else(|| Stock::empty(sku_id.clone()), catalog::stock);
        let campaigns = stored.into_iter().flat_map(|s| &s.campaigns).map(CampaignRecord::from).collect();
        Self { partition, book, sku_id, info, stock, campaigns, batch: 0 }
    }

    /// Where it lives.
    pub(super) const fn partition(&self) -> u32 {
        self.partition
    }

    /// Whether it is a gift: what it is given for is asked for first.
    pub(super) fn is_gift(&self) -> bool {
        self.info.as_ref().is_some_and(|info| info.gift)
    }

    /// What is there, for this customer, at this time. `None`: there is no such SKU.
    pub(super) fn quote(&self, campaign: Option<&CampaignId>, customer: &CustomerId, now: Time) -> Option<Quote> {
        let info = self.info.as_ref()?;
        let view = self.stock.view(info.campaign(campaign, now), customer, now);
        Some(Quote { info: Arc::clone(info), lane: self.partition, view: Some(view) })
    }

    /// Moves stock, and tells the open batch.
    ///
    /// # Errors
    /// What the movement would make of the balance; nothing has moved then.
    pub(super) fn carry(
        &mut self,
        movement: Movement,
        why: Option<Arc<str>>,
        cause: Cause,
    ) -> Result<StockFact, OutOfBounds> {
        let moved = self.stock.apply(&movement)?;
        self.tell(Effect::StockMoved(StockMoved { movement, moved, why, cause }));
        Ok(StockFact { sku_id: self.sku_id.clone(), position: moved.position, on_hand: moved.after.0 })
    }

    fn tell(&mut self, effect: Effect) {
        let mut book = self.book.borrow_mut();
        self.batch = book.number + 1;
        book.effects.push(effect);
    }
}

/// What is there, for this customer, now?
#[derive(Message)]
#[rtype(result = "Option<Quote>")]
pub struct GetQuote {
    pub campaign: Option<CampaignId>,
    pub customer: CustomerId,
    pub now: Time,
}

impl Handler<GetQuote> for Inventory {
    type Result = Option<Quote>;
    fn handle(&mut self, ask: GetQuote, _: &mut Self::Context) -> Option<Quote> {
        self.quote(ask.campaign.as_ref(), &ask.customer, ask.now)
    }
}

/// What is it? `None`: there is no such SKU.
#[derive(Message)]
#[rtype(result = "Option<SkuRef>")]
pub struct Describe;

impl Handler<Describe> for Inventory {
    type Result = Option<SkuRef>;
    fn handle(&mut self, _: Describe, _: &mut Self::Context) -> Option<SkuRef> {
        self.info.clone()
    }
}

/// Movements of this SKU that were decided upon, in order.
#[derive(Message)]
#[rtype(result = "Result<Option<StockFact>, OutOfBounds>")]
pub struct ApplyMovements {
    pub movements: Vec<Movement>,
    pub cause: Cause,
}

impl Handler<ApplyMovements> for Inventory {
    type Result = Result<Option<StockFact>, OutOfBounds>;
    fn handle(&mut self, carry: ApplyMovements, _: &mut Self::Context) -> Self::Result {
        let mut last = None;
        for m in carry.movements {
            last = Some(self.carry(m, None, carry.cause.clone())?);
        }
        Ok(last)
    }
}

/// A command of the SKU itself.
#[derive(Message)]
#[rtype(result = "Result<Facts, Refusal>")]
pub struct SkuCommand {
    pub what: SkuAction,
    pub cause: Cause,
}

/// What is asked of a SKU.
pub enum SkuAction {
    /// with what its product and its template make of it
    Create {
        sku: NewSku,
        info: SkuRef,
    },
    Receive(u32),
    Adjust(i64, Arc<str>),
    Shrink(u32, Arc<str>),
    /// its product or template has changed
    Refresh {
        product: Box<ProductRecord>,
        template: Box<DeliveryTemplate>,
    },
    Change(Box<UpdateCampaign>),
    Campaign(Box<CreateCampaign>),
    Pause(CampaignId, bool),
    /// another system has changed the balance by so much; `noticed` by a commit, or found at activation
    External {
        delta: i64,
        noticed: bool,
    },
}

impl Handler<SkuCommand> for Inventory {
    type Result = Result<Facts, Refusal>;
    fn handle(&mut self, command: SkuCommand, _: &mut Self::Context) -> Self::Result {
        let SkuCommand { what, cause } = command;
        let Some(info) = self.info.clone() else {
            let SkuAction::Create { sku, info } = what else { return Err(Reason::UnknownSku.into()) };
            self.info = Some(info);
            self.tell(Effect::SkuCreated(sku));
            return Ok(Facts::default());
        };
        match what {
            SkuAction::Create { .. } => Err(Reason::AlreadyExists.into()),
            SkuAction::Receive(quantity) => self.count(Move::Receive, i64::from(quantity), None, cause),
            SkuAction::Adjust(quantity, why) => self.count(Move::Adjust, quantity, Some(why), cause),
            SkuAction::Shrink(quantity, why) => self.count(Move::Shrink, i64::from(quantity), Some(why), cause),
            SkuAction::Refresh { product, template } => {
                let (id, holder, campaigns) = (info.sku_id.clone(), info.holder_id.clone(), info.campaigns.clone());
                self.info = Some(Arc::new(catalog::described(id, holder, &product, &template, campaigns)));
                Ok(Facts::default())
            }
            SkuAction::Change(c) => self.update_campaign(&info, &c),
            SkuAction::External { delta, noticed } => {
                let facts = self.count(Move::External, delta, None, cause)?;
                if noticed {
                    self.book.borrow_mut().absorb(self.sku_id.shared(), delta);
                }
                Ok(facts)
            }
            SkuAction::Campaign(c) => self.open_campaign(&info, &c),
            SkuAction::Pause(id, paused) => self.pause(&info, &id, paused),
        }
    }
}

impl Inventory {
    fn count(&mut self, kind: Move, quantity: i64, why: Option<Arc<str>>, cause: Cause) -> Result<Facts, Refusal> {
        // what another system wrote is followed, however much it is
        if quantity == 0 || (kind != Move::External && quantity.unsigned_abs() > STOCK_MAX.unsigned_abs()) {
            return Err(Refusal::invalid(format!("a quantity is 1 to {STOCK_MAX}")));
        }
        let movement = Movement {
            sku_id: self.sku_id.clone(),
            kind,
            quantity,
            line_no: None,
            campaign: None,
            campaign_delta: 0,
            reason: None,
        };
        match self.carry(movement, why, cause) {
            Ok(fact) => Ok(Facts { stock: Box::new([fact]), ..Facts::default() }),
            Err(out) if out.on_hand >= 0 => Err(Refusal::invalid(format!(
                "a SKU takes in units up to {STOCK_MAX} on hand and held: it would have {} and {}",
                out.on_hand, out.held
            ))),
            Err(out) => Err(Refusal::new(
                Reason::InsufficientStock,
                Facts {
                    sku_id: Some(self.sku_id.clone()),
                    available: Some(self.stock.on_hand),
                    requested: Some(quantity),
                    position: Some(self.stock.position),
                    detail: Some(out.to_string()),
                    ..Facts::default()
                },
            )),
        }
    }

    fn open_campaign(&mut self, old: &SkuRef, c: &CreateCampaign) -> Result<Facts, Refusal> {
        if old.campaigns.iter().any(|k| k.id == c.campaign_id) {
            return Err(Reason::AlreadyExists.into());
        }
        let (opens_at, closes_at) = (c.opens_at.time(), c.closes_at.time());
        if closes_at <= opens_at {
            return Err(Refusal::invalid("a sale closes after it opens"));
        }
        if c.allotted == 0 || c.limit_per_customer == Some(0) {
            return Err(Refusal::invalid("a sale allots at least one unit, and limits a customer to at least one"));
        }
        if let Some(k) = old.campaigns.iter().find(|k| opens_at < k.closes_at && k.opens_at < closes_at) {
            return Err(Refusal::invalid(format!("campaign {} is on this SKU at that time", k.id)));
        }
        if old.campaigns.len() >= CAMPAIGNS_MAX {
            return Err(Refusal::invalid(format!("a SKU has at most {CAMPAIGNS_MAX} campaigns")));
        }
        let campaign = Campaign {
            id: c.campaign_id.clone(),
            price: c.price,
            allotted: c.allotted,
            opens_at,
            closes_at,
            limit_per_customer: c.limit_per_customer,
            policy: c.stock_policy,
            paused: false,
        };
        let made_at = self.stock.position;
        let record = CampaignRecord { campaign, name: c.name.as_str().into(), made_at, terms_no: 1 };
        let mut info = SkuInfo::clone(old);
        info.campaigns.push(record.campaign.clone());
        self.info = Some(Arc::new(info));
        self.campaigns.push(record.clone());
        self.set(record, true);
        Ok(Facts::default())
    }

    /// The product and template as they are now; the campaigns are this actor's own.
    fn update_campaign(&mut self, old: &SkuRef, c: &UpdateCampaign) -> Result<Facts, Refusal> {
        let mut info = SkuInfo::clone(old);
        let at = info.campaigns.iter().position(|k| k.id == c.campaign_id).ok_or(Reason::UnknownCampaign)?;
        let used = self.stock.campaigns.get(&c.campaign_id).map_or(0, |u| u.used);
        let campaign = &mut info.campaigns[at];
        campaign.price = c.price.unwrap_or(campaign.price);
        campaign.allotted = c.allotted.unwrap_or(campaign.allotted);
        campaign.closes_at = c.closes_at.map_or(campaign.closes_at, Moment::time);
        campaign.limit_per_customer = c.limit_per_customer.or(campaign.limit_per_customer);
        if i64::from(campaign.allotted) < used || campaign.allotted == 0 {
            let facts = Facts {
                sku_id: Some(self.sku_id.clone()),
                available: Some(used),
                requested: c.allotted.map(i64::from),
                ..Facts::default()
            };
            return Err(Refusal { facts, ..Refusal::invalid(format!("{used} units of the sale are sold or held")) });
        }
        if campaign.limit_per_customer == Some(0) || campaign.closes_at <= campaign.opens_at {
            return Err(Refusal::invalid("a sale closes after it opens, and limits a customer to at least one"));
        }
        let changed = campaign.clone();
        let over =
            |k: &Campaign| k.id != changed.id && changed.opens_at < k.closes_at && k.opens_at < changed.closes_at;
        if let Some(k) = info.campaigns.iter().find(|k| over(k)) {
            return Err(Refusal::invalid(format!("campaign {} is on this SKU at that time", k.id)));
        }
        self.info = Some(Arc::new(info));
        if let Some(record) = self.campaigns.iter_mut().find(|r| r.campaign.id == changed.id) {
            let terms = |c: &Campaign| (c.allotted, c.limit_per_customer);
            let others = terms(&record.campaign) != terms(&changed);
            record.campaign = changed;
            record.terms_no += i64::from(others);
            let record = record.clone();
            self.set(record, others);
        }
        Ok(Facts::default())
    }

    fn pause(&mut self, old: &SkuRef, id: &CampaignId, paused: bool) -> Result<Facts, Refusal> {
        let mut info = SkuInfo::clone(old);
        let campaign = info.campaigns.iter_mut().find(|c| c.id == *id).ok_or(Reason::UnknownCampaign)?;
        campaign.paused = paused;
        self.info = Some(Arc::new(info));
        if let Some(record) = self.campaigns.iter_mut().find(|r| r.campaign.id == *id) {
            record.campaign.paused = paused;
            let record = record.clone();
            self.set(record, false);
        }
        Ok(Facts::default())
    }

    /// Writes a campaign; with other terms, those hold from here on.
    fn set(&mut self, campaign: CampaignRecord, other_terms: bool) {
        let terms_from = other_terms.then_some(self.stock.position);
        self.tell(Effect::CampaignSet(CampaignSet { sku_id: self.sku_id.clone(), campaign, terms_from }));
        self.book.borrow_mut().repeats = true; // a campaign may be made and paused in one batch
    }
}

/// The most campaigns that a SKU keeps.
pub const CAMPAIGNS_MAX: usize = 100;

/// Whether the actor may leave memory: nothing of it waits for a commit.
#[derive(Message)]
#[rtype(result = "u64")]
pub struct LastBatch;

impl Handler<LastBatch> for Inventory {
    type Result = u64;
    fn handle(&mut self, _: LastBatch, _: &mut Self::Context) -> u64 {
        self.batch
    }
}
