//! Reference data as the decisions need it: SKUs with their product and delivery template, campaigns, promotions.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    Time,
    calendar::Holidays,
    fee::ShippingTerms,
    gift::Unpromoted,
    ids::{CampaignId, PartnerId, ProductId, PromotionId, SkuId, TemplateId},
    money::Won,
    order::delivery::Zone,
};

codes! {
    /// 협력사구분.
    PartnerKind {
        Retailer = "RETAILER" / "소매",
        Wholesaler = "WHOLESALER" / "도매",
        Installer = "INSTALLER" / "설치기사",
    }
}

/// 협력사: a business that sells, supplies or installs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partner {
    pub id: PartnerId,
    pub kind: PartnerKind,
    /// trades with us now
    pub active: bool,
    /// of its business address
    pub zip: Option<String>,
}

/// 도서산간: where delivery costs more (row 14†).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// 우편번호, first and last
    pub from: u32,
    pub to: u32,
    pub zone: Zone,
    pub surcharge: Won,
}

/// When points are earned (domain §4†).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PointsPolicy {
    #[default]
    AtConfirmation,
    /// a return reverses them then
    AtDelivery,
}

/// What points are earned on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PointsBase {
    /// what was paid in money: points that were used are taken off the goods
    #[default]
    Money,
    /// all that was paid for the goods, with points too
    All,
}

/// What a coupon's rate applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CouponBase {
    /// the line total (합계가)
    #[default]
    Total,
    /// what the promotion left of it
    Rest,
}

/// Whether goods worth a free delivery are sent back for nothing, too (domain §5†).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReturnThreshold {
    /// by the same module as the way there: the sources' word
    #[default]
    Applies,
    /// the way back is paid all the same
    Ignored,
}

/// When stock leaves the shelf for an order (domain §6†).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StockPolicy {
    /// A placed, unpaid order holds its units until it is paid or expires.
    #[default]
    HoldAtPlacement,
    /// Stock is judged and deducted when the money is in; none, some or all may be left then.
    DeductAtPayment,
}

impl StockPolicy {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            StockPolicy::HoldAtPlacement => "HOLD_AT_PLACEMENT",
            StockPolicy::DeductAtPayment => "DEDUCT_AT_PAYMENT",
        }
    }

    /// The policy with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::HoldAtPlacement, Self::DeductAtPayment].into_iter().find(|p| p.code() == code)
    }
}

/// A SKU with what a sale must know of its product and template.
#[derive(Debug, Clone, PartialEq)]
pub struct SkuInfo {
    pub sku_id: SkuId,
    pub product_id: ProductId,
    /// whose stock it is
    pub holder_id: Option<PartnerId>,
    /// price of the product master, per unit
    pub price: Won,
    /// from the product's kind and type codes (domain §8.4)
    pub gift: bool,
    pub partner_id: PartnerId,
    pub template_id: TemplateId,
    pub threshold: Option<Won>,
    pub bundled: bool,
    pub delivery_fee: Won,
    pub free_delivery: bool,
    pub lead_time_days: u16,
    pub pre_refund: bool,
    /// 적립율
    pub points_rate_bp: u32,
    /// the product's terms when lines began to keep their own: those of lines that were placed before
    pub kept_shipping: Option<ShippingTerms>,
    /// A SKU that has campaigns is sold only through them†.
    pub campaigns: Vec<Campaign>,
}

impl SkuInfo {
    /// What shipping it alone costs today; a line keeps that.
    pub fn shipping(&self) -> ShippingTerms {
        ShippingTerms { fee: self.delivery_fee, bundled: self.bundled, free: self.free_delivery }
    }

    /// The campaign that speaks for this SKU at `now`: the named one; else the one whose window holds `now`, else the next
    /// to open, else the last that closed.
    pub fn campaign(&self, named: Option<&CampaignId>, now: Time) -> Option<&Campaign> {
        if let Some(id) = named {
            return self.campaigns.iter().find(|c| c.id == *id);
        }
        let open = self.campaigns.iter().find(|c| c.opens_at <= now && now < c.closes_at);
        let next = || self.campaigns.iter().filter(|c| c.opens_at > now).min_by_key(|c| c.opens_at);
        let last = || self.campaigns.iter().max_by_key(|c| c.closes_at);
        open.or_else(next).or_else(last)
    }
}

/// 판매행사: a sale of one SKU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Campaign {
    pub id: CampaignId,
    pub price: Won,
    /// how many units it may sell
    pub allotted: u32,
    pub opens_at: Time,
    pub closes_at: Time,
    pub limit_per_customer: Option<u32>,
    pub policy: StockPolicy,
    pub paused: bool,
}

/// Whether a sale takes orders now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaleWindow {
    Open,
    NotOpen,
    Paused,
    Closed,
}

impl Campaign {
    /// Where `now` lies in the sale's window.
    pub fn window(&self, now: Time) -> SaleWindow {
        if now < self.opens_at {
            SaleWindow::NotOpen
        } else if now >= self.closes_at {
            SaleWindow::Closed
        } else if self.paused {
            SaleWindow::Paused
        } else {
            SaleWindow::Open
        }
    }
}

/// Promotion or coupon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PromotionKind {
    Promotion,
    Coupon,
}

impl PromotionKind {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            PromotionKind::Promotion => "PROMOTION",
            PromotionKind::Coupon => "COUPON",
        }
    }
}

/// A discount by rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promotion {
    pub id: PromotionId,
    pub kind: PromotionKind,
    /// basis points of the line total
    pub rate_bp: u32,
    pub opens_at: Option<Time>,
    pub closes_at: Option<Time>,
}

impl Promotion {
    /// Whether it applies at `now`.
    pub fn applies(&self, now: Time) -> bool {
        self.opens_at.is_none_or(|t| t <= now) && self.closes_at.is_none_or(|t| now < t)
    }
}

/// When an order that is paid goes into preparation (row 7†).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreparePolicy {
    ByHand,
    AtOnce,
    After(Duration),
}

/// Whose word is taken that money came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Approvals {
    /// of everybody who may send the command
    #[default]
    Any,
    /// of the payment side, by signed call-backs
    CallbacksOnly,
}

/// What a business may set (the `†` of the domain), with its defaults.
#[derive(Debug, Clone)]
pub struct Policy {
    /// how long an unpaid order may hold its units
    pub payment_window: Duration,
    /// how long a bank deposit may take
    pub deposit_window: Duration,
    /// of SKUs that have no campaign
    pub stock: StockPolicy,
    pub prepare: PreparePolicy,
    /// first wait before a failed refund is asked again; doubles up to `refund_retry_max`
    pub refund_retry: Duration,
    pub refund_retry_max: Duration,
    /// the same of one that is under way: its word comes by itself, asking is for when that was lost
    pub refund_pending_max: Duration,
    /// 매출확정일시 = delivered, or the next business day when that is none
    pub revenue_on_business_days: bool,
    pub holidays: Holidays,
    /// first match counts
    pub remote: Vec<Remote>,
    pub points: PointsPolicy,
    /// of gifts that stand in no promotion
    pub unpromoted_gifts: Unpromoted,
    /// 자동구매확정: how long after delivery (or installation) a purchase is confirmed by itself; `None`: never
    pub auto_confirm: Option<Duration>,
    pub points_base: PointsBase,
    pub coupon_base: CouponBase,
    pub approvals: Approvals,
    /// whether a checkout's word that money came in is taken by the stream of checkouts
    pub checkout_pays: bool,
    pub return_threshold: ReturnThreshold,
}

impl Policy {
    /// The zone of a postal code, and what going there costs beside.
    pub fn zone(&self, zip: &str) -> (Zone, Won) {
        let no: Option<u32> = zip.parse().ok();
        let found = no.and_then(|no| self.remote.iter().find(|r| (r.from..=r.to).contains(&no)));
        found.map_or((Zone::Mainland, Won::ZERO), |r| (r.zone, r.surcharge))
    }

    /// When a delivery counts as revenue.
    pub fn revenue(&self, delivered: Time) -> Time {
        if self.revenue_on_business_days { self.holidays.business_time(delivered) } else { delivered }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            payment_window: Duration::from_secs(30 * 60),
            deposit_window: Duration::from_secs(24 * 60 * 60),
            stock: StockPolicy::default(),
            prepare: PreparePolicy::ByHand,
            refund_retry: Duration::from_secs(5),
            refund_retry_max: Duration::from_secs(10 * 60),
            refund_pending_max: Duration::from_secs(60 * 60),
            revenue_on_business_days: false,
            holidays: Holidays::default(),
            remote: vec![
                Remote { from: 63_000, to: 63_644, zone: Zone::Jeju, surcharge: Won::new(3_000) },
                // 옹진군, 울릉군
                Remote { from: 23_100, to: 23_136, zone: Zone::Island, surcharge: Won::new(5_000) },
                Remote { from: 40_200, to: 40_240, zone: Zone::Island, surcharge: Won::new(5_000) },
            ],
            points: PointsPolicy::default(),
            unpromoted_gifts: Unpromoted::default(),
            auto_confirm: None,
            points_base: PointsBase::default(),
            coupon_base: CouponBase::default(),
            approvals: Approvals::Any,
            checkout_pays: false,
            return_threshold: ReturnThreshold::default(),
        }
    }
}

/// A shared SKU description.
pub type SkuRef = Arc<SkuInfo>;
