//! Reference data as it is kept: what is stored of a SKU, a product, a template, a campaign, a promotion or a partner, read and
//! written whole.

use std::{collections::HashMap, sync::Arc};

use crate::{
    domain::{
        Time,
        catalog::{Campaign, Partner, PartnerKind, Promotion, PromotionKind, SkuInfo, StockPolicy},
        fee::ShippingTerms,
        ids::{CampaignId, CustomerId, PartnerId, ProductId, PromotionId, SkuId, TemplateId},
        money::Won,
        stock::{CampaignUse, Stock},
    },
    protocol::command::ProductKind,
    store::{
        StoredSku,
        rows::{CmpnRow, PdGdsRow, PrmRow, PtnrByrRow, PtnrRow, TmplRow},
    },
};

/// 상품.
#[derive(Debug, Clone, PartialEq)]
pub struct ProductRecord {
    pub id: ProductId,
    pub name: Arc<str>,
    pub kind: ProductKind,
    pub product_type: Arc<str>,
    pub price: Won,
    pub partner_id: PartnerId,
    pub template_id: TemplateId,
    pub shipping: ShippingTerms,
    pub lead_time_days: u16,
    pub pre_refund: bool,
    pub points_rate_bp: u32,
    /// its terms when lines began to keep their own
    pub kept_shipping: Option<ShippingTerms>,
}

impl From<&PdGdsRow> for ProductRecord {
    fn from(r: &PdGdsRow) -> Self {
        let kept = |fee| ShippingTerms { fee: Won::new(fee), bundled: r.kept_bndl_yn, free: r.kept_free_dlv_yn };
        Self {
            id: ProductId::stored(&r.gds_id),
            name: Arc::clone(&r.gds_nm),
            kind: if r.gds_knd_cd == ProductKind::Gift.code() { ProductKind::Gift } else { ProductKind::Goods },
            product_type: Arc::clone(&r.gds_typ_cd),
            price: Won::new(r.sl_upr),
            partner_id: PartnerId::stored(&r.ptnr_id),
            template_id: TemplateId::stored(&r.dlv_tmpl_id),
            shipping: ShippingTerms { fee: Won::new(r.dlv_fee), bundled: r.bndl_yn, free: r.free_dlv_yn },
            lead_time_days: u16::try_from(r.dlv_lead_days).unwrap_or(u16::MAX),
            pre_refund: r.pre_rfnd_yn,
            points_rate_bp: u32::try_from(r.pnt_rate_bp).unwrap_or(0),
            kept_shipping: r.kept_dlv_fee.map(kept),
        }
    }
}

impl ProductRecord {
    /// Whether its SKUs are gifts, by its kind or its type (domain §8.4).
    pub fn is_gift(&self) -> bool {
        self.kind == ProductKind::Gift || self.product_type.eq_ignore_ascii_case("gift")
    }

    /// Its row.
    pub(super) fn row(&self) -> PdGdsRow {
        PdGdsRow {
            gds_id: self.id.shared(),
            gds_nm: Arc::clone(&self.name),
            gds_knd_cd: self.kind.code().into(),
            gds_typ_cd: Arc::clone(&self.product_type),
            sl_upr: self.price.get(),
            ptnr_id: self.partner_id.shared(),
            dlv_tmpl_id: self.template_id.shared(),
            bndl_yn: self.shipping.bundled,
            dlv_fee: self.shipping.fee.get(),
            free_dlv_yn: self.shipping.free,
            dlv_lead_days: i64::from(self.lead_time_days),
            pre_rfnd_yn: self.pre_refund,
            pnt_rate_bp: i64::from(self.points_rate_bp),
            kept_dlv_fee: self.kept_shipping.map(|s| s.fee.get()),
            kept_bndl_yn: self.kept_shipping.is_some_and(|s| s.bundled),
            kept_free_dlv_yn: self.kept_shipping.is_some_and(|s| s.free),
        }
    }
}

/// 배송템플릿.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryTemplate {
    pub id: TemplateId,
    pub partner_id: PartnerId,
    pub name: Arc<str>,
    /// delivery is free at or above this total
    pub free_threshold: Option<Won>,
}

impl From<&TmplRow> for DeliveryTemplate {
    fn from(r: &TmplRow) -> Self {
        Self {
            id: TemplateId::stored(&r.dlv_tmpl_id),
            partner_id: PartnerId::stored(&r.ptnr_id),
            name: Arc::clone(&r.tmpl_nm),
            free_threshold: r.free_thrs_amt.map(Won::new),
        }
    }
}

impl DeliveryTemplate {
    /// Its row.
    pub(super) fn row(&self) -> TmplRow {
        TmplRow {
            dlv_tmpl_id: self.id.shared(),
            ptnr_id: self.partner_id.shared(),
            tmpl_nm: Arc::clone(&self.name),
            free_thrs_amt: self.free_threshold.map(|w| w.get()),
        }
    }
}

/// 판매행사, with what only its row has.
#[derive(Debug, Clone, PartialEq)]
pub struct CampaignRecord {
    pub campaign: Campaign,
    pub name: Arc<str>,
    /// the SKU's ledger stood here when it was made
    pub made_at: i64,
    /// number of its terms in force
    pub terms_no: i64,
}

impl From<&CmpnRow> for CampaignRecord {
    fn from(r: &CmpnRow) -> Self {
        let campaign = Campaign {
            id: CampaignId::stored(&r.cmpn_id),
            price: Won::new(r.sl_upr),
            allotted: u32::try_from(r.alot_qty).unwrap_or(u32::MAX),
            opens_at: r.opn_dttm,
            closes_at: r.cls_dttm,
            limit_per_customer: r.cust_lmt_qty.map(|n| u32::try_from(n).unwrap_or(u32::MAX)),
            policy: StockPolicy::from_code(&r.stck_plcy_cd).unwrap_or_default(),
            paused: r.paus_yn,
        };
        Self { campaign, name: Arc::clone(&r.cmpn_nm), made_at: r.strt_ldgr_no, terms_no: r.trm_no }
    }
}

impl CampaignRecord {
    /// Its row.
    pub(super) fn row(&self, sku_id: &SkuId) -> CmpnRow {
        let c = &self.campaign;
        CmpnRow {
            cmpn_id: c.id.shared(),
            unt_id: sku_id.shared(),
            cmpn_nm: Arc::clone(&self.name),
            sl_upr: c.price.get(),
            alot_qty: i64::from(c.allotted),
            opn_dttm: c.opens_at,
            cls_dttm: c.closes_at,
            cust_lmt_qty: c.limit_per_customer.map(i64::from),
            stck_plcy_cd: c.policy.code().into(),
            paus_yn: c.paused,
            strt_ldgr_no: self.made_at,
            trm_no: self.terms_no,
        }
    }
}

/// A stored promotion or coupon.
pub fn promotion(r: &PrmRow) -> Promotion {
    let kind =
        if &*r.prm_knd_cd == PromotionKind::Coupon.code() { PromotionKind::Coupon } else { PromotionKind::Promotion };
    Promotion {
        id: PromotionId::stored(&r.prm_id),
        kind,
        rate_bp: u32::try_from(r.dscnt_rate_bp).unwrap_or(0),
        opens_at: r.opn_dttm,
        closes_at: r.cls_dttm,
    }
}

/// Its row.
pub(super) fn promotion_row(p: &Promotion) -> PrmRow {
    PrmRow {
        prm_id: p.id.shared(),
        prm_knd_cd: p.kind.code().into(),
        dscnt_rate_bp: i64::from(p.rate_bp),
        opn_dttm: p.opens_at,
        cls_dttm: p.closes_at,
    }
}

/// 협력사, with what only its row has.
#[derive(Debug, Clone, PartialEq)]
pub struct PartnerRecord {
    pub partner: Partner,
    pub name: Arc<str>,
    pub address: Option<Arc<str>>,
    pub registered_at: Time,
}

impl From<&PtnrRow> for PartnerRecord {
    fn from(r: &PtnrRow) -> Self {
        let kind = PartnerKind::ALL.iter().find(|k| k.code() == &*r.ptnr_knd_cd).copied();
        let partner = Partner {
            id: PartnerId::stored(&r.ptnr_id),
            kind: kind.unwrap_or(PartnerKind::Retailer),
            active: r.use_yn,
            zip: r.biz_zip_no.as_deref().map(str::to_owned),
        };
        Self { partner, name: Arc::clone(&r.ptnr_nm), address: r.biz_addr.clone(), registered_at: r.reg_dttm }
    }
}

impl PartnerRecord {
    /// Its row.
    pub(super) fn row(&self) -> PtnrRow {
        let p = &self.partner;
        PtnrRow {
            ptnr_id: p.id.shared(),
            ptnr_nm: Arc::clone(&self.name),
            ptnr_knd_cd: p.kind.code().into(),
            use_yn: p.active,
            biz_zip_no: p.zip.as_deref().map(Arc::from),
            biz_addr: self.address.clone(),
            reg_dttm: self.registered_at,
        }
    }
}

/// Whether a partner sells to a buyer, by what it said last.
pub fn allows(r: &PtnrByrRow) -> bool {
    r.alw_yn
}

/// A SKU as its product and its template describe it.
pub fn described(
    sku_id: SkuId,
    holder_id: Option<PartnerId>,
    product: &ProductRecord,
    template: &DeliveryTemplate,
    campaigns: Vec<Campaign>,
) -> SkuInfo {
    SkuInfo {
        sku_id,
        product_id: product.id.clone(),
        holder_id,
        price: product.price,
        gift: product.is_gift(),
        partner_id: product.partner_id.clone(),
        template_id: product.template_id.clone(),
        threshold: template.free_threshold,
        bundled: product.shipping.bundled,
        delivery_fee: product.shipping.fee,
        free_delivery: product.shipping.free,
        lead_time_days: product.lead_time_days,
        pre_refund: product.pre_refund,
        points_rate_bp: product.points_rate_bp,
        kept_shipping: product.kept_shipping,
        campaigns,
    }
}

/// The description of a stored SKU.
pub fn sku_info(s: &StoredSku) -> SkuInfo {
    let holder_id = s.unit.hldr_id.as_deref().map(PartnerId::stored);
    let campaigns = s.campaigns.iter().map(|c| CampaignRecord::from(c).campaign).collect();
    let (product, template) = (ProductRecord::from(&s.product), DeliveryTemplate::from(&s.template));
    described(SkuId::stored(&s.unit.unt_id), holder_id, &product, &template, campaigns)
}

/// The stock of a stored SKU, by its ledger; what another system has written since is told by [`external_change`].
pub fn stock(s: &StoredSku) -> Stock {
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
pub fn external_change(s: &StoredSku) -> i64 {
    s.unit.stck_qty - s.ledger.map_or(0, |(on_hand, _, _)| on_hand)
}
