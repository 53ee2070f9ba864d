//! A world without actors: one order, its SKUs' stock in several lanes, and what must be true of both after every event.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use super::check::{check, decided, settles_debts};
use crate::domain::{
    Time,
    catalog::{Campaign, Partner, Policy, Promotion, PromotionKind, SkuInfo, StockPolicy},
    gift::{Entitlement, GiftPromotion, GiftSoldOut},
    ids::{CampaignId, CustomerId, OrderId, PartnerId, ProductId, PromotionId, SkuId, TemplateId},
    money::Won,
    order::{
        Context, Decision, Event, Order, OrderCommand, Quote,
        command::{Paid, PaymentMethod, PaymentOffer, PlaceOrder, Wanted},
        decide,
        decide::looks,
        event::{EVENT_VERSION, ReservedLine},
        register::PaymentKey,
        step::{Step, StepKind, StepLine},
        supply::LinkMessage,
    },
    reason::{Facts, Reason, Refusal},
    status::Status,
    stock::{Move, Movement, Stock},
};

/// A reservation as its lane keeps it: held or sold, and how much of which line.
struct Kept {
    sold: bool,
    lines: Vec<StepLine>,
    customer: CustomerId,
}

pub struct World {
    /// the order that is asked now, and its lane
    pub id: OrderId,
    pub home: u32,
    pub now: Time,
    pub policy: Policy,
    pub skus: Vec<(SkuInfo, u32)>,
    pub promotions: Vec<Promotion>,
    pub gift_promotions: Vec<Arc<GiftPromotion>>,
    pub partners: Vec<Partner>,
    pub stocks: HashMap<SkuId, Stock>,
    /// units that came in and were found lost, by SKU
    pub(super) came: HashMap<SkuId, i64>,
    /// units that came back from orders, by SKU
    pub(super) back: HashMap<SkuId, i64>,
    kept: HashMap<String, Option<Kept>>,
    pub steps: VecDeque<Step>,
    pub replies: VecDeque<OrderCommand>,
    /// to linked orders, with their sender
    pub messages: Vec<(OrderId, LinkMessage)>,
    /// payments that the register has under other orders
    pub taken: Vec<PaymentKey>,
    pub order: Option<Order>,
    pub history: Vec<(Event, Time)>,
    /// other orders have of the stock, too
    pub shared: bool,
}

/// A SKU of product and template `t`, `price` won, `fee` won alone.
pub fn sku(id: &str, template: &str, price: i64, fee: i64) -> SkuInfo {
    SkuInfo {
        sku_id: SkuId::stored(id),
        product_id: ProductId::stored(&format!("p-{id}")),
        holder_id: None,
        price: Won::new(price),
        gift: false,
        partner_id: PartnerId::stored("1"),
        template_id: TemplateId::stored(template),
        threshold: None,
        bundled: true,
        delivery_fee: Won::new(fee),
        free_delivery: false,
        lead_time_days: 2,
        pre_refund: false,
        points_rate_bp: 0,
        kept_shipping: None,
        campaigns: Vec::new(),
    }
}

pub fn gift(id: &str) -> SkuInfo {
    SkuInfo { gift: true, ..sku(id, "t", 0, 0) }
}

/// The same SKU, sold in a campaign under this policy.
pub fn campaign(mut sku: SkuInfo, limit: Option<u32>, policy: StockPolicy) -> SkuInfo {
    sku.campaigns.push(Campaign {
        id: CampaignId::stored(&format!("sale-{}", sku.sku_id)),
        price: sku.price,
        allotted: 1_000,
        opens_at: Time::from_timestamp_millis(0).unwrap(),
        closes_at: Time::MAX_UTC,
        limit_per_customer: limit,
        policy,
        paused: false,
    });
    sku
}

pub fn line(sku: &str, quantity: u32) -> Wanted {
    Wanted {
        sku_id: SkuId::stored(sku),
        quantity,
        unit_price: None,
        campaign_id: None,
        promotion_id: None,
        coupon_id: None,
        main_line_no: None,
        gift_included: None,
        gift_promotion_id: None,
    }
}

pub fn gift_of(sku: &str, main: u16) -> Wanted {
    Wanted { main_line_no: Some(main), ..line(sku, 1) }
}

pub fn place(lines: Vec<Wanted>, allow_partial: bool, payment: PaymentOffer) -> OrderCommand {
    let customer_id = CustomerId::stored("u-1");
    OrderCommand::Place(PlaceOrder { customer_id, by_partner: false, lines, allow_partial, payment, zip: None })
}

/// The same placement, to this postal code.
pub fn sent_to(zip: &str, place: OrderCommand) -> OrderCommand {
    let OrderCommand::Place(p) = place else { panic!("{place:?} is no placement") };
    OrderCommand::Place(PlaceOrder { zip: Some(zip.into()), ..p })
}

pub fn card(approval: &str, amount: i64) -> Paid {
    Paid { method: PaymentMethod::Card, amount: Won::new(amount), approval_id: approval.into(), movement_id: None }
}

pub fn pay(approval: &str, amount: i64) -> OrderCommand {
    let settlements = if amount == 0 { Vec::new() } else { vec![card(approval, amount)] };
    OrderCommand::ApprovePayment { settlements, verified: true }
}

/// The same, by the buyer's own word.
pub fn pay_unvouched(approval: &str, amount: i64) -> OrderCommand {
    OrderCommand::ApprovePayment { settlements: vec![card(approval, amount)], verified: false }
}

pub fn off(id: &str, kind: PromotionKind, rate_bp: u32) -> Promotion {
    Promotion { id: PromotionId::stored(id), kind, rate_bp, opens_at: None, closes_at: None }
}

/// `(so many gifts, per so many)` units of these products, without an end.
pub fn gifts(
    id: &str,
    products: &[&str],
    skus: &[&str],
    (gifts, per): (u32, u32),
    when_sold_out: GiftSoldOut,
) -> Arc<GiftPromotion> {
    Arc::new(GiftPromotion {
        id: PromotionId::stored(id),
        main_products: products.iter().map(|p| ProductId::stored(&format!("p-{p}"))).collect(),
        gift_skus: skus.iter().map(|s| SkuId::stored(s)).collect(),
        entitlement: Entitlement { gifts, per, when_sold_out },
        opens_at: None,
        closes_at: None,
    })
}

impl World {
    /// SKUs with their lanes and the units that came in.
    pub fn new(skus: Vec<(SkuInfo, u32, i64)>) -> Self {
        let mut world = Self {
            id: OrderId::stored("o-1"),
            home: 0,
            now: Time::from_timestamp_millis(1_000_000).unwrap(),
            policy: Policy::default(),
            skus: Vec::new(),
            promotions: Vec::new(),
            gift_promotions: Vec::new(),
            partners: Vec::new(),
            stocks: HashMap::new(),
            came: HashMap::new(),
            back: HashMap::new(),
            kept: HashMap::new(),
            steps: VecDeque::new(),
            replies: VecDeque::new(),
            messages: Vec::new(),
            taken: Vec::new(),
            order: None,
            history: Vec::new(),
            shared: false,
        };
        for (info, lane, units) in skus {
            let id = info.sku_id.clone();
            world.stocks.insert(id.clone(), Stock::empty(id.clone()));
            world.skus.push((info, lane));
            if units > 0 {
                world.own(&id, Move::Receive, units);
            }
        }
        world
    }

    /// A movement that no order asks for; `false` when the stock refuses it.
    pub fn own(&mut self, sku_id: &SkuId, kind: Move, quantity: i64) -> bool {
        let m = Movement {
            sku_id: sku_id.clone(),
            kind,
            quantity,
            line_no: None,
            campaign: None,
            campaign_delta: 0,
            reason: None,
        };
        self.stocks.get_mut(sku_id).unwrap().apply(&m).map(|d| self.count(sku_id, kind, d.deltas.0)).is_ok()
    }

    fn count(&mut self, sku_id: &SkuId, kind: Move, on_hand: i64) {
        if matches!(kind, Move::Receive | Move::Restock | Move::Shrink | Move::Adjust | Move::External) {
            *self.came.entry(sku_id.clone()).or_default() += on_hand;
        }
    }

    fn carry(&mut self, m: &Movement) {
        let moved = self.stocks.get_mut(&m.sku_id).unwrap().apply(m).expect("a decided movement fits the stock");
        self.count(&m.sku_id, m.kind, moved.deltas.0);
        if m.kind == Move::Restock {
            *self.back.entry(m.sku_id.clone()).or_default() += m.quantity;
        }
    }

    pub fn pause(&mut self, sku: &str, paused: bool) {
        for (info, _) in self.skus.iter_mut().filter(|(info, _)| info.sku_id.as_str() == sku) {
            info.campaigns.iter_mut().for_each(|c| c.paused = paused);
        }
    }

    pub fn o(&self) -> &Order {
        self.order.as_ref().unwrap()
    }

    pub fn status(&self) -> Status {
        self.o().status()
    }

    /// (on hand, held, sold) of a SKU.
    pub fn stock(&self, sku: &str) -> (i64, i64, i64) {
        let s = &self.stocks[sku];
        (s.on_hand, s.held, s.sold)
    }

    pub fn later(&mut self, by: Duration) {
        self.now += by;
    }

    /// Decides a command and, when it is accepted, carries it out; every invariant is checked after every event.
    pub fn ask(&mut self, command: &OrderCommand) -> Result<Decision, Refusal> {
        let decision = self.decided(command)?;
        let id = self.id.clone();
        self.take(&id, &decision);
        Ok(decision)
    }

    /// What a command would be answered.
    pub fn decided(&self, command: &OrderCommand) -> Result<Decision, Refusal> {
        let (quotes, partners) = self.seen(command);
        let cx = Context {
            now: self.now,
            policy: &self.policy,
            quotes: &quotes,
            promotions: &self.promotions,
            gift_promotions: &self.gift_promotions,
            partners: &partners,
            lane: self.home,
            taken: &self.taken,
        };
        let decision = decide(&self.id, self.order.as_ref(), command, &cx)?;
        assert!(!decision.events.is_empty(), "{command:?} was accepted and made no event");
        Ok(decision)
    }

    fn take(&mut self, id: &OrderId, decision: &Decision) {
        for m in &decision.movements {
            self.carry(m);
        }
        for event in &decision.events {
            let json = serde_json::to_string(event).unwrap();
            assert_eq!(&Event::read(EVENT_VERSION, &json).unwrap(), event);
            let before = self.order.clone();
            Order::step(&mut self.order, id, event, self.now).unwrap();
            self.history.push((event.clone(), self.now));
            check(before.as_ref(), self.o());
            settles_debts(event, self.o());
        }
        decided(self.o());
        self.steps.extend(decision.steps.iter().cloned());
        self.messages.extend(decision.messages.iter().map(|m| (id.clone(), m.clone())));
        self.stock_is_conserved();
        self.alone();
    }

    /// Of one order's stock, whatever is under way.
    fn alone(&self) {
        if let Some(o) = self.order.as_ref().filter(|_| !self.shared) {
            self.off_the_shelf(&[(o, self.home)]);
        }
    }

    /// What lanes keep for orders of other lanes.
    pub fn reserved(&self) -> impl Iterator<Item = &StepLine> {
        self.kept.values().flatten().flat_map(|k| &k.lines)
    }

    /// What the lane would show a decision, and no more: the SKUs and partners that the command looks at.
    fn seen(&self, command: &OrderCommand) -> (Vec<Quote>, Vec<Partner>) {
        let customer = CustomerId::stored("u-1");
        let look = looks(self.order.as_ref(), command);
        let mine = |sku: &SkuId| self.order.as_ref().is_some_and(|o| o.lines.iter().any(|l| l.sku_id == *sku));
        let placing = matches!(command, OrderCommand::Place(_));
        let looked = |sku: &SkuId| placing || look.named.contains(sku) || (look.own && mine(sku));
        let quote = |(info, lane): &(SkuInfo, u32)| {
            let view = self.stocks[&info.sku_id].view(info.campaign(None, self.now), &customer, self.now);
            Quote { info: Arc::new(info.clone()), lane: *lane, view: (*lane == self.home).then_some(view) }
        };
        let quotes = self.skus.iter().filter(|(info, _)| looked(&info.sku_id)).map(quote).collect();
        let partners = self.partners.iter().filter(|p| look.partners.contains(&p.id)).cloned().collect();
        (quotes, partners)
    }

    /// Lets every step reach its lane and every reply come back.
    pub fn rest(&mut self) {
        while self.one_step() {}
        self.refolds();
        self.at_rest();
    }

    pub fn refolds(&self) {
        assert_eq!(self.folded(), self.order, "the history folds to the live order");
    }

    /// The order as its history tells it.
    pub fn folded(&self) -> Option<Order> {
        let mut order = None;
        for (event, at) in &self.history {
            Order::step(&mut order, &self.id, event, *at).unwrap();
        }
        order
    }

    /// One step to its lane, or one reply to the order; `false` when nothing is under way.
    pub fn one_step(&mut self) -> bool {
        if let Some(step) = self.steps.pop_front() {
            self.lane(step);
            return true;
        }
        let Some(reply) = self.replies.pop_front() else { return false };
        // a reply to what was given up meanwhile is refused, and changes nothing
        let before = self.order.clone();
        if self.ask(&reply).is_err() {
            assert_eq!(self.order, before);
        }
        true
    }

    fn lane(&mut self, step: Step) {
        let reservation = step.reservation;
        let known = self.kept.contains_key(&reservation);
        let kept = self.kept.get_mut(&reservation).and_then(Option::take);
        let after = match (step.kind, kept) {
            (StepKind::Reserve { .. }, kept) if known => kept,
            (StepKind::Reserve { customer_id, lines, deduct, stands }, _) => {
                match self.reserve(&customer_id, &lines, deduct, stands) {
                    Ok(got) => {
                        let said = got.iter().map(|l| ReservedLine { line_no: l.line_no, quantity: l.quantity });
                        let lines = said.collect();
                        self.replies.push_back(OrderCommand::Reserved { reservation: reservation.clone(), lines });
                        Some(Kept { sold: deduct, lines: got, customer: customer_id })
                    }
                    Err(reason) => {
                        let facts = Box::new(Facts::default());
                        let reservation = reservation.clone();
                        self.replies.push_back(OrderCommand::ReserveRefused { reservation, reason, facts });
                        None
                    }
                }
            }
            (StepKind::Confirm, Some(k)) if !k.sold => {
                self.motion(&k, &k.lines, Move::DeductHeld, 0);
                Some(Kept { sold: true, ..k })
            }
            (StepKind::Release, Some(k)) => {
                self.motion(&k, &k.lines, if k.sold { Move::Restock } else { Move::Release }, -1);
                None
            }
            (StepKind::Return { lines }, Some(mut k)) => {
                for back in lines {
                    let line = k.lines.iter_mut().find(|l| l.line_no == back.line_no).unwrap();
                    line.quantity = line.quantity.checked_sub(back.quantity).expect("no more comes back than went");
                    let part = [StepLine { quantity: back.quantity, ..line.clone() }];
                    self.motion(&k, &part, if k.sold { Move::Restock } else { Move::Release }, -1);
                    if back.lost {
                        self.motion(&k, &part, Move::Shrink, 0);
                    }
                }
                Some(k)
            }
            (StepKind::Return { .. }, None) => panic!("units of {reservation} come back that were never taken"),
            (StepKind::Confirm | StepKind::Release, kept) => kept,
        };
        self.kept.insert(reservation, after);
        self.stock_is_conserved();
        self.alone();
    }

    fn reserve(
        &mut self,
        customer: &CustomerId,
        lines: &[StepLine],
        deduct: bool,
        stands: bool,
    ) -> Result<Vec<StepLine>, Reason> {
        let mut got: Vec<StepLine> = Vec::new();
        for l in lines {
            let (info, _) = self.skus.iter().find(|(i, _)| i.sku_id == l.sku_id).unwrap();
            let campaign = l.campaign_id.as_ref().and_then(|c| info.campaign(Some(c), self.now));
            if campaign.is_some_and(|c| c.paused) && !stands {
                return Err(Reason::SalePaused);
            }
            let view = self.stocks[&l.sku_id].view(campaign, customer, self.now);
            let before: u32 = got.iter().filter(|g| g.sku_id == l.sku_id).map(|g| g.quantity).sum();
            let left = u32::try_from((view.for_customer() - i64::from(before)).max(0)).unwrap();
            if left < l.quantity && !l.partial {
                return Err(if left == 0 { Reason::SoldOut } else { Reason::InsufficientStock });
            }
            got.push(StepLine { quantity: left.min(l.quantity), ..l.clone() });
        }
        let kept = Kept { sold: deduct, lines: Vec::new(), customer: customer.clone() };
        self.motion(&kept, &got, if deduct { Move::Deduct } else { Move::Hold }, 1);
        Ok(got)
    }

    fn motion(&mut self, kept: &Kept, lines: &[StepLine], kind: Move, sign: i64) {
        for l in lines.iter().filter(|l| l.quantity > 0) {
            let quantity = i64::from(l.quantity);
            self.carry(&Movement {
                sku_id: l.sku_id.clone(),
                kind,
                quantity,
                line_no: Some(l.line_no),
                campaign: l.campaign_id.clone().map(|c| (c, kept.customer.clone())),
                campaign_delta: if l.campaign_id.is_some() { sign * quantity } else { 0 },
                reason: None,
            });
        }
    }

    /// Units of a SKU that are neither on hand nor lost: what the order has.
    pub fn taken(&self, sku: &str, came: i64) -> i64 {
        came - self.stocks[sku].on_hand
    }
}
