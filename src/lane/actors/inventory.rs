//! 재고 actor: owns one SKU's stock. Hears quotes, movements and the SKU's own commands; tells the open batch (ledger rows).
//! It is bounded by its caller: the lane asks one thing at a time.

use std::{collections::HashMap, sync::Arc};

use actix::{Actor, Context, Handler, Message};

use super::LaneContext;
use crate::{
    domain::{
        Time,
        catalog::{Campaign, SkuInfo, SkuRef, StockPolicy},
        fee::ShippingTerms,
        ids::{CampaignId, CustomerId, OrderId, PartnerId, ProductId, SkuId, TemplateId},
        money::Won,
        order::Quote,
        reason::{Facts, Reason, Refusal, StockFact},
        stock::{CampaignUse, Move, Movement, OutOfBounds, STOCK_MAX, Stock},
    },
    protocol::command::{ChangeCampaign, CreateCampaign, Moment},
    store::{
        StoredSku, UntRow,
        rows::{CmpnRow, CmpnTrmRow, LdgrRow, PdGdsRow, TmplRow},
    },
};

/// The actor of one SKU.
pub struct Inventory {
    cx: LaneContext,
    sku_id: SkuId,
    /// `None`: there is no such SKU (yet)
    info: Option<SkuRef>,
    stock: Stock,
    /// the campaigns' rows, as last written
    campaigns: Vec<CmpnRow>,
    /// batch that last changed it, counted from 1
    batch: u64,
}

impl Actor for Inventory {
    type Context = Context<Self>;
}

impl Inventory {
    /// A SKU as stored, or one that does not exist.
    pub fn new(cx: LaneContext, sku_id: SkuId, stored: Option<&StoredSku>) -> Self {
        let info = stored.map(|s| Arc::new(info(s)));
        let stock = stored.map_or_else(|| Stock::empty(sku_id.clone()), stock);
        let campaigns = stored.map_or_else(Vec::new, |s| s.campaigns.clone());
        Self { cx, sku_id, info, stock, campaigns, batch: 0 }
    }

    fn carry(&mut self, m: &Movement, why: Option<Arc<str>>, cause: &Cause) -> Result<StockFact, OutOfBounds> {
        let moved = self.stock.apply(m)?;
        let external = m.kind == Move::External;
        let (campaign, customer) = match &m.campaign {
            Some((c, u)) => (Some(c.shared()), Some(u.shared())),
            None => (None, None),
        };
        let row = LdgrRow {
            unt_id: self.sku_id.shared(),
            ldgr_no: moved.position,
            mvmt_cd: m.kind.code().into(),
            mvmt_qty: m.quantity,
            stck_dlt: moved.deltas.0,
            hold_dlt: moved.deltas.1,
            sold_dlt: moved.deltas.2,
            stck_qty: moved.after.0,
            hold_qty: moved.after.1,
            sold_qty: moved.after.2,
            cmpn_id: campaign,
            cust_id: customer,
            cmpn_dlt: m.campaign_delta,
            ord_id: cause.order_id.as_ref().map(|o| o.shared()),
            ord_seq: m.line_no.map(i64::from),
            cmd_id: Arc::clone(&cause.command_id),
            mvmt_rsn: why.or_else(|| m.reason.map(Arc::from)),
            mvmt_dttm: cause.at,
        };
        let mut book = self.cx.book.borrow_mut();
        self.batch = book.number + 1;
        book.ledger(row, external);
        Ok(StockFact { sku_id: self.sku_id.clone(), position: moved.position, on_hand: moved.after.0 })
    }
}

/// What the ledger says of why.
#[derive(Debug, Clone)]
pub struct Cause {
    pub command_id: Arc<str>,
    pub order_id: Option<OrderId>,
    pub at: Time,
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
        let info = self.info.as_ref()?;
        let campaign = info.campaign(ask.campaign.as_ref(), ask.now);
        let view = self.stock.view(campaign, &ask.customer, ask.now);
        Some(Quote { info: Arc::clone(info), lane: self.cx.partition, view: Some(view) })
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
        for m in &carry.movements {
            last = Some(self.carry(m, None, &carry.cause)?);
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
    /// with the product and template that it belongs to
    Create {
        stored: Box<StoredSku>,
    },
    Receive(u32),
    Adjust(i64, Arc<str>),
    Shrink(u32, Arc<str>),
    /// its product or template has changed
    Refresh {
        product: Box<PdGdsRow>,
        template: Box<TmplRow>,
    },
    Change(Box<ChangeCampaign>),
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
        if let SkuAction::Create { stored } = command.what {
            return self.create(&stored);
        }
        let Some(info) = self.info.clone() else { return Err(Reason::UnknownSku.into()) };
        match command.what {
            SkuAction::Create { .. } => Ok(Facts::default()),
            SkuAction::Receive(quantity) => self.count(Move::Receive, i64::from(quantity), None, &command.cause),
            SkuAction::Adjust(quantity, why) => self.count(Move::Adjust, quantity, Some(why), &command.cause),
            SkuAction::Shrink(quantity, why) => {
                self.count(Move::Shrink, i64::from(quantity), Some(why), &command.cause)
            }
            SkuAction::Refresh { product, template } => {
                let same = (info.sku_id.clone(), info.holder_id.clone());
                self.info = Some(Arc::new(described(same, &product, &template, info.campaigns.clone())));
                Ok(Facts::default())
            }
            SkuAction::Change(c) => self.change_campaign(&info, &c),
            SkuAction::External { delta, noticed } => {
                let facts = self.count(Move::External, delta, None, &command.cause)?;
                if noticed {
                    self.cx.book.borrow_mut().absorb(self.sku_id.shared(), delta);
                }
                Ok(facts)
            }
            SkuAction::Campaign(c) => self.open_campaign(&info, &c),
            SkuAction::Pause(id, paused) => self.pause(&info, &id, paused),
        }
    }
}

impl Inventory {
    fn create(&mut self, stored: &StoredSku) -> Result<Facts, Refusal> {
        if self.info.is_some() {
            return Err(Reason::AlreadyExists.into());
        }
        self.info = Some(Arc::new(info(stored)));
        let mut book = self.cx.book.borrow_mut();
        self.batch = book.number + 1;
        book.rows.units.push(stored.unit.clone());
        Ok(Facts::default())
    }

    fn count(&mut self, kind: Move, quantity: i64, why: Option<Arc<str>>, cause: &Cause) -> Result<Facts, Refusal> {
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
        match self.carry(&movement, why, cause) {
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
        let mut info = SkuInfo::clone(old);
        info.campaigns.push(Campaign {
            id: c.campaign_id.clone(),
            price: c.price,
            allotted: c.allotted,
            opens_at,
            closes_at,
            limit_per_customer: c.limit_per_customer,
            policy: c.stock_policy,
            paused: false,
        });
        let row = CmpnRow {
            cmpn_id: c.campaign_id.shared(),
            unt_id: self.sku_id.shared(),
            cmpn_nm: c.name.as_str().into(),
            sl_upr: c.price.get(),
            alot_qty: i64::from(c.allotted),
            opn_dttm: opens_at,
            cls_dttm: closes_at,
            cust_lmt_qty: c.limit_per_customer.map(i64::from),
            stck_plcy_cd: c.stock_policy.code().into(),
            paus_yn: false,
            strt_ldgr_no: self.stock.position,
            trm_no: 1,
        };
        self.info = Some(Arc::new(info));
        self.campaigns.push(row.clone());
        self.set_terms(&row);
        self.write(row);
        Ok(Facts::default())
    }

    /// The product and template as they are now; the campaigns are this actor's own.
    fn change_campaign(&mut self, old: &SkuRef, c: &ChangeCampaign) -> Result<Facts, Refusal> {
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
        if let Some(row) = self.campaigns.iter_mut().find(|r| *r.cmpn_id == *changed.id.as_str()) {
            let before = (row.alot_qty, row.cust_lmt_qty);
            row.sl_upr = changed.price.get();
            row.alot_qty = i64::from(changed.allotted);
            row.cls_dttm = changed.closes_at;
            row.cust_lmt_qty = changed.limit_per_customer.map(i64::from);
            let others = (row.alot_qty, row.cust_lmt_qty) != before;
            row.trm_no += i64::from(others);
            let row = row.clone();
            if others {
                self.set_terms(&row);
            }
            self.write(row);
        }
        Ok(Facts::default())
    }

    fn pause(&mut self, old: &SkuRef, id: &CampaignId, paused: bool) -> Result<Facts, Refusal> {
        let mut info = SkuInfo::clone(old);
        let campaign = info.campaigns.iter_mut().find(|c| c.id == *id).ok_or(Reason::UnknownCampaign)?;
        campaign.paused = paused;
        self.info = Some(Arc::new(info));
        if let Some(row) = self.campaigns.iter_mut().find(|r| *r.cmpn_id == *id.as_str()) {
            row.paus_yn = paused;
            let row = row.clone();
            self.write(row);
        }
        Ok(Facts::default())
    }

    /// What a campaign allots and limits from here on: what was sold before stays sold under its own terms.
    fn set_terms(&self, of: &CmpnRow) {
        self.cx.book.borrow_mut().rows.cmpn_trm.push(CmpnTrmRow {
            cmpn_id: Arc::clone(&of.cmpn_id),
            trm_no: of.trm_no,
            strt_ldgr_no: self.stock.position,
            alot_qty: of.alot_qty,
            cust_lmt_qty: of.cust_lmt_qty,
        });
    }

    fn write(&mut self, row: CmpnRow) {
        let mut book = self.cx.book.borrow_mut();
        self.batch = book.number + 1;
        book.repeats = true; // a campaign may be made and paused in one batch
        book.rows.cmpn.push(row);
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

/// The description of a stored SKU.
pub fn info(s: &StoredSku) -> SkuInfo {
    let holder_id = s.unit.hldr_id.as_deref().map(PartnerId::stored);
    let campaigns = s.campaigns.iter().map(campaign).collect();
    described((SkuId::stored(&s.unit.unt_id), holder_id), &s.product, &s.template, campaigns)
}

fn described(
    (sku_id, holder_id): (SkuId, Option<PartnerId>),
    product: &PdGdsRow,
    template: &TmplRow,
    campaigns: Vec<Campaign>,
) -> SkuInfo {
    SkuInfo {
        sku_id,
        product_id: ProductId::stored(&product.gds_id),
        holder_id,
        price: Won::new(product.sl_upr),
        gift: &*product.gds_knd_cd == "GIFT" || product.gds_typ_cd.eq_ignore_ascii_case("gift"),
        partner_id: PartnerId::stored(&product.ptnr_id),
        template_id: TemplateId::stored(&product.dlv_tmpl_id),
        threshold: template.free_thrs_amt.map(Won::new),
        bundled: product.bndl_yn,
        delivery_fee: Won::new(product.dlv_fee),
        free_delivery: product.free_dlv_yn,
        lead_time_days: u16::try_from(product.dlv_lead_days).unwrap_or(u16::MAX),
        pre_refund: product.pre_rfnd_yn,
        points_rate_bp: u32::try_from(product.pnt_rate_bp).unwrap_or(0),
        kept_shipping: product.kept_dlv_fee.map(|fee| ShippingTerms {
            fee: Won::new(fee),
            bundled: product.kept_bndl_yn,
            free: product.kept_free_dlv_yn,
        }),
        campaigns,
    }
}

fn campaign(c: &CmpnRow) -> Campaign {
    Campaign {
        id: CampaignId::stored(&c.cmpn_id),
        price: Won::new(c.sl_upr),
        allotted: u32::try_from(c.alot_qty).unwrap_or(u32::MAX),
        opens_at: c.opn_dttm,
        closes_at: c.cls_dttm,
        limit_per_customer: c.cust_lmt_qty.map(|n| u32::try_from(n).unwrap_or(u32::MAX)),
        policy: StockPolicy::from_code(&c.stck_plcy_cd).unwrap_or_default(),
        paused: c.paus_yn,
    }
}

/// The stock of a stored SKU, by its ledger; what another system has written since is told by [`external`].
fn stock(s: &StoredSku) -> Stock {
    let (on_hand, held, sold) = s.ledger.unwrap_or((0, 0, 0));
    let mut campaigns: HashMap<CampaignId, CampaignUse> = HashMap::new();
    for (campaign, customer, used) in &s.buyers {
        let c = campaigns.entry(CampaignId::stored(campaign)).or_default();
        c.used += used;
        c.by_customer.insert(CustomerId::stored(customer), *used);
    }
    Stock { sku_id: SkuId::stored(&s.unit.unt_id), on_hand, held, sold, position: s.unit.ldgr_no, campaigns }
}

/// What another system has added to (or taken from) the balance since the last ledger row.
pub fn external(unit: &UntRow, ledger: Option<(i64, i64, i64)>) -> i64 {
    unit.stck_qty - ledger.map_or(0, |l| l.0)
}
