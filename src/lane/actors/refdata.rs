//! Reference data near at hand: products, templates and promotions, and SKUs that live in other lanes. Kept for a moment,
//! because the truth is the store's and another lane may change it.

use std::{
    cell::{RefCell, RefMut},
    collections::HashMap,
    rc::Rc,
    sync::Arc,
};

use super::{
    CommandMeta, Fault, LaneContext,
    cache::Cache,
    consent::Consents,
    gifts::NearGifts,
    inventory::{self, Inventory},
};
use crate::{
    domain::{
        Time,
        catalog::{Partner, PartnerKind, Promotion, PromotionKind, SkuRef},
        ids::{CampaignId, PartnerId, ProductId, PromotionId, SkuId, TemplateId},
        reason::{Facts, Reason, Refusal},
    },
    protocol::{
        command::{
            ChangePartner, ChangeProduct, ChangeTemplate, CreatePartner, CreateProduct, CreatePromotion,
            CreateTemplate, Moment, ProductKind, Text,
        },
        internal::{Internal, derived_id},
    },
    store::rows::{OtbxRow, PdGdsRow, PrmRow, PtnrRow, TmplRow},
};
use actix::Addr;

struct CachedReference {
    skus: Cache<SkuId, Option<SkuRef>>,
    promotions: Cache<PromotionId, Option<Promotion>>,
    gifts: NearGifts,
    /// made in this lane and perhaps not committed yet, with the batch that holds them
    products: HashMap<ProductId, (PdGdsRow, u64)>,
    templates: HashMap<TemplateId, (TmplRow, u64)>,
    made_promotions: HashMap<PromotionId, (PrmRow, u64)>,
    partners: HashMap<PartnerId, (PtnrRow, u64)>,
    consents: Consents,
    campaigns: HashMap<CampaignId, u64>,
}

/// What is near at hand.
#[derive(Clone)]
pub struct ReferenceCache(Rc<RefCell<CachedReference>>);

impl Default for ReferenceCache {
    fn default() -> Self {
        Self(Rc::new(RefCell::new(CachedReference {
            skus: Cache(HashMap::new()),
            promotions: Cache(HashMap::new()),
            gifts: NearGifts::default(),
            products: HashMap::new(),
            templates: HashMap::new(),
            made_promotions: HashMap::new(),
            partners: HashMap::new(),
            consents: Consents::default(),
            campaigns: HashMap::new(),
        })))
    }
}

impl ReferenceCache {
    /// Forgets what was made here: the batches that held it were rolled back, or are durable and the store tells it.
    pub fn lost(&self) {
        let mut kept = self.0.borrow_mut();
        kept.products.clear();
        kept.templates.clear();
        kept.made_promotions.clear();
        kept.gifts.lost();
        kept.partners.clear();
        kept.consents.lost();
        kept.campaigns.clear();
    }

    /// Forgets what was made here and is durable by now: the store tells it.
    pub fn committed(&self, batches: u64) {
        let mut kept = self.0.borrow_mut();
        kept.products.retain(|_, (_, batch)| *batch > batches);
        kept.templates.retain(|_, (_, batch)| *batch > batches);
        kept.made_promotions.retain(|_, (_, batch)| *batch > batches);
        kept.gifts.committed(batches);
        kept.partners.retain(|_, (_, batch)| *batch > batches);
        kept.consents.committed(batches);
        kept.campaigns.retain(|_, batch| *batch > batches);
    }

    /// A campaign was made here, in this batch.
    pub fn made_campaign(&self, id: &CampaignId, batch: u64) {
        self.0.borrow_mut().campaigns.insert(id.clone(), batch);
    }

    /// Whether one of this id was made here and is perhaps not durable yet: the store would be asked in vain.
    pub fn has_campaign(&self, id: &CampaignId) -> bool {
        self.0.borrow().campaigns.contains_key(id)
    }

    /// What partners said of buyers here, and is perhaps not durable yet.
    pub(super) fn consents(&self) -> RefMut<'_, Consents> {
        RefMut::map(self.0.borrow_mut(), |kept| &mut kept.consents)
    }

    /// Gift promotions near at hand.
    pub(super) fn gifts(&self) -> RefMut<'_, NearGifts> {
        RefMut::map(self.0.borrow_mut(), |kept| &mut kept.gifts)
    }
}

/// The descriptions of SKUs that live elsewhere; unknown ones are left out.
///
/// # Errors
/// The store's.
pub async fn far_skus(cx: &LaneContext, ids: &[SkuId], now: Time) -> Result<Vec<SkuRef>, Fault> {
    let mut found = Vec::with_capacity(ids.len());
    let mut missing = Vec::new();
    for id in ids {
        match cx.near.0.borrow().skus.get(id, now) {
            Some(known) => found.extend(known),
            None => missing.push(id.clone()),
        }
    }
    if missing.is_empty() {
        return Ok(found);
    }
    let read = cx.store.skus(&missing).await?;
    let mut kept = cx.near.0.borrow_mut();
    for id in missing {
        let info = read.iter().find(|s| *s.unit.unt_id == *id.as_str()).map(|s| Arc::new(inventory::info(s)));
        found.extend(info.clone());
        kept.skus.put(id, info, now);
    }
    Ok(found)
}

/// The named promotions; unknown ones are left out.
///
/// # Errors
/// The store's.
pub async fn promotions(cx: &LaneContext, ids: &[PromotionId], now: Time) -> Result<Vec<Promotion>, Fault> {
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for id in ids {
        let kept = cx.near.0.borrow();
        if let Some((row, _)) = kept.made_promotions.get(id) {
            found.push(promotion(row));
        } else if let Some(known) = kept.promotions.get(id, now) {
            found.extend(known);
        } else {
            missing.push(id.clone());
        }
    }
    if missing.is_empty() {
        return Ok(found);
    }
    let read = cx.store.promotions(&missing).await?;
    let mut kept = cx.near.0.borrow_mut();
    for id in missing {
        let p = read.iter().find(|r| *r.prm_id == *id.as_str()).map(promotion);
        found.extend(p.clone());
        kept.promotions.put(id, p, now);
    }
    Ok(found)
}

fn promotion(r: &PrmRow) -> Promotion {
    let kind = if &*r.prm_knd_cd == "COUPON" { PromotionKind::Coupon } else { PromotionKind::Promotion };
    Promotion {
        id: PromotionId::stored(&r.prm_id),
        kind,
        rate_bp: u32::try_from(r.dscnt_rate_bp).unwrap_or(0),
        opens_at: r.opn_dttm,
        closes_at: r.cls_dttm,
    }
}

/// A product, made here just now or stored.
///
/// # Errors
/// The store's.
pub async fn product(cx: &LaneContext, id: &ProductId) -> Result<Option<PdGdsRow>, Fault> {
    Ok(products(cx, std::slice::from_ref(id)).await?.remove(id))
}

/// Several, by one read; unknown ones are left out.
///
/// # Errors
/// The store's.
pub async fn products(cx: &LaneContext, ids: &[ProductId]) -> Result<HashMap<ProductId, PdGdsRow>, Fault> {
    let made = |id: &ProductId| cx.near.0.borrow().products.get(id).map(|(row, _)| (id.clone(), row.clone()));
    let mut found: HashMap<ProductId, PdGdsRow> = ids.iter().filter_map(made).collect();
    let missing: Vec<ProductId> = ids.iter().filter(|id| !found.contains_key(*id)).cloned().collect();
    let read = cx.store.products(&missing).await?;
    found.extend(read.into_iter().map(|row| (ProductId::stored(&row.gds_id), row)));
    Ok(found)
}

/// A template, made here just now or stored.
///
/// # Errors
/// The store's.
pub async fn template(cx: &LaneContext, id: &TemplateId) -> Result<Option<TmplRow>, Fault> {
    if let Some((row, _)) = cx.near.0.borrow().templates.get(id) {
        return Ok(Some(row.clone()));
    }
    Ok(cx.store.templates(std::slice::from_ref(id)).await?.pop())
}

/// 배송템플릿 등록.
///
/// # Errors
/// Outer: the store's. Inner: the refusal.
pub async fn create_template(cx: &LaneContext, c: &CreateTemplate) -> Result<Result<Facts, Refusal>, Fault> {
    if template(cx, &c.template_id).await?.is_some() {
        return Ok(Err(Reason::AlreadyExists.into()));
    }
    let row = TmplRow {
        dlv_tmpl_id: c.template_id.shared(),
        ptnr_id: c.partner_id.shared(),
        tmpl_nm: c.name.as_str().into(),
        free_thrs_amt: c.free_threshold.map(|w| w.get()),
    };
    let mut book = cx.book.borrow_mut();
    cx.near.0.borrow_mut().templates.insert(c.template_id.clone(), (row.clone(), book.number + 1));
    book.rows.tmpl.push(row);
    Ok(Ok(Facts::default()))
}

/// 상품 등록.
///
/// # Errors
/// Outer: the store's. Inner: the refusal.
pub async fn create_product(cx: &LaneContext, c: &CreateProduct) -> Result<Result<Facts, Refusal>, Fault> {
    if product(cx, &c.product_id).await?.is_some() {
        return Ok(Err(Reason::AlreadyExists.into()));
    }
    let Some(template) = template(cx, &c.template_id).await? else {
        return Ok(Err(Reason::UnknownTemplate.into()));
    };
    if *template.ptnr_id != *c.partner_id.as_str() {
        let why = format!("delivery template {} is of partner {}", c.template_id, template.ptnr_id);
        return Ok(Err(Refusal::invalid(why)));
    }
    if c.points_rate_bp > 10_000 || c.lead_time_days > 365 {
        return Ok(Err(Refusal::invalid("points_rate_bp is at most 10000, lead_time_days at most 365")));
    }
    let gift = c.kind == ProductKind::Gift;
    let row = PdGdsRow {
        gds_id: c.product_id.shared(),
        gds_nm: c.name.as_str().into(),
        gds_knd_cd: c.kind.code().into(),
        gds_typ_cd: c.product_type.as_str().into(),
        sl_upr: if gift { 0 } else { c.price.get() },
        ptnr_id: c.partner_id.shared(),
        dlv_tmpl_id: c.template_id.shared(),
        bndl_yn: c.bundled,
        dlv_fee: c.delivery_fee.get(),
        free_dlv_yn: c.free_delivery,
        dlv_lead_days: i64::from(c.lead_time_days),
        pre_rfnd_yn: c.pre_refund,
        pnt_rate_bp: i64::from(c.points_rate_bp),
        kept_dlv_fee: None,
        kept_bndl_yn: false,
        kept_free_dlv_yn: false,
    };
    let mut book = cx.book.borrow_mut();
    cx.near.0.borrow_mut().products.insert(c.product_id.clone(), (row.clone(), book.number + 1));
    book.rows.pd_gds.push(row);
    Ok(Ok(Facts::default()))
}

/// 프로모션·쿠폰 등록.
///
/// # Errors
/// Outer: the store's. Inner: the refusal.
pub async fn create_promotion(cx: &LaneContext, c: &CreatePromotion) -> Result<Result<Facts, Refusal>, Fault> {
    let made = cx.near.0.borrow().made_promotions.contains_key(&c.promotion_id);
    if made || !cx.store.promotions(std::slice::from_ref(&c.promotion_id)).await?.is_empty() {
        return Ok(Err(Reason::AlreadyExists.into()));
    }
    if c.rate_bp == 0 || c.rate_bp > 10_000 {
        return Ok(Err(Refusal::invalid("rate_bp is 1 to 10000")));
    }
    let row = PrmRow {
        prm_id: c.promotion_id.shared(),
        prm_knd_cd: c.kind.code().into(),
        dscnt_rate_bp: i64::from(c.rate_bp),
        opn_dttm: c.opens_at.map(Moment::time),
        cls_dttm: c.closes_at.map(Moment::time),
    };
    let mut book = cx.book.borrow_mut();
    cx.near.0.borrow_mut().made_promotions.insert(c.promotion_id.clone(), (row.clone(), book.number + 1));
    book.rows.prm.push(row);
    Ok(Ok(Facts::default()))
}

/// The named partners; unknown ones are left out.
///
/// # Errors
/// The store's.
pub async fn partners(cx: &LaneContext, ids: &[PartnerId]) -> Result<Vec<Partner>, Fault> {
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        found.extend(partner_row(cx, id).await?.as_ref().map(partner));
    }
    Ok(found)
}

async fn partner_row(cx: &LaneContext, id: &PartnerId) -> Result<Option<PtnrRow>, Fault> {
    if let Some((row, _)) = cx.near.0.borrow().partners.get(id) {
        return Ok(Some(row.clone()));
    }
    Ok(cx.store.partners(std::slice::from_ref(id)).await?.pop())
}

fn partner(r: &PtnrRow) -> Partner {
    let kind = PartnerKind::ALL.iter().find(|k| k.code() == &*r.ptnr_knd_cd).copied();
    Partner {
        id: PartnerId::stored(&r.ptnr_id),
        kind: kind.unwrap_or(PartnerKind::Retailer),
        active: r.use_yn,
        zip: r.biz_zip_no.as_deref().map(str::to_owned),
    }
}

fn put_partner(cx: &LaneContext, id: &PartnerId, row: PtnrRow) {
    let mut book = cx.book.borrow_mut();
    cx.near.0.borrow_mut().partners.insert(id.clone(), (row.clone(), book.number + 1));
    book.repeats = true; // made and changed in one batch
    book.rows.ptnr.push(row);
}

/// 협력사 등록.
///
/// # Errors
/// Outer: the store's. Inner: the refusal.
pub async fn create_partner(cx: &LaneContext, c: &CreatePartner, at: Time) -> Result<Result<Facts, Refusal>, Fault> {
    if partner_row(cx, &c.partner_id).await?.is_some() {
        return Ok(Err(Reason::AlreadyExists.into()));
    }
    let row = PtnrRow {
        ptnr_id: c.partner_id.shared(),
        ptnr_nm: c.name.as_str().into(),
        ptnr_knd_cd: c.kind.code().into(),
        use_yn: true,
        biz_zip_no: c.zip.as_deref().map(Arc::from),
        biz_addr: c.address.as_deref().map(Arc::from),
        reg_dttm: at,
    };
    put_partner(cx, &c.partner_id, row);
    Ok(Ok(Facts::default()))
}

/// 협력사 변경.
///
/// # Errors
/// Outer: the store's. Inner: the refusal.
pub async fn change_partner(cx: &LaneContext, c: &ChangePartner) -> Result<Result<Facts, Refusal>, Fault> {
    let Some(mut row) = partner_row(cx, &c.partner_id).await? else {
        return Ok(Err(Reason::UnknownPartner.into()));
    };
    row.use_yn = c.active.unwrap_or(row.use_yn);
    let text = |new: &Option<Text>| new.as_deref().map(Arc::from);
    row.ptnr_nm = text(&c.name).unwrap_or(row.ptnr_nm);
    row.biz_zip_no = text(&c.zip).or(row.biz_zip_no);
    row.biz_addr = text(&c.address).or(row.biz_addr);
    put_partner(cx, &c.partner_id, row);
    Ok(Ok(Facts::default()))
}

/// 상품 변경: orders keep what they were placed with; every lane looks again once it is durable.
///
/// # Errors
/// Outer: the store's. Inner: the refusal.
pub async fn change_product(
    cx: &LaneContext,
    c: &ChangeProduct,
    meta: &CommandMeta,
) -> Result<Result<Facts, Refusal>, Fault> {
    let Some(mut row) = product(cx, &c.product_id).await? else {
        return Ok(Err(Reason::UnknownProduct.into()));
    };
    if c.points_rate_bp.is_some_and(|r| r > 10_000) || c.lead_time_days.is_some_and(|d| d > 365) {
        return Ok(Err(Refusal::invalid("points_rate_bp is at most 10000, lead_time_days at most 365")));
    }
    if c.price.is_some() && &*row.gds_knd_cd == ProductKind::Gift.code() {
        return Ok(Err(Refusal::invalid("a gift costs nothing")));
    }
    row.gds_nm = c.name.as_deref().map_or(row.gds_nm, Arc::from);
    row.sl_upr = c.price.map_or(row.sl_upr, |w| w.get());
    row.bndl_yn = c.bundled.unwrap_or(row.bndl_yn);
    row.dlv_fee = c.delivery_fee.map_or(row.dlv_fee, |w| w.get());
    row.free_dlv_yn = c.free_delivery.unwrap_or(row.free_dlv_yn);
    row.dlv_lead_days = c.lead_time_days.map_or(row.dlv_lead_days, i64::from);
    row.pre_rfnd_yn = c.pre_refund.unwrap_or(row.pre_rfnd_yn);
    row.pnt_rate_bp = c.points_rate_bp.map_or(row.pnt_rate_bp, i64::from);
    {
        let mut book = cx.book.borrow_mut();
        cx.near.0.borrow_mut().products.insert(c.product_id.clone(), (row.clone(), book.number + 1));
        book.repeats = true;
        book.rows.pd_gds.push(row);
    }
    look_again(cx, meta);
    Ok(Ok(Facts::default()))
}

/// 배송템플릿 변경.
///
/// # Errors
/// Outer: the store's. Inner: the refusal.
pub async fn change_template(
    cx: &LaneContext,
    c: &ChangeTemplate,
    meta: &CommandMeta,
) -> Result<Result<Facts, Refusal>, Fault> {
    let Some(mut row) = template(cx, &c.template_id).await? else {
        return Ok(Err(Reason::UnknownTemplate.into()));
    };
    row.tmpl_nm = c.name.as_deref().map_or(row.tmpl_nm, Arc::from);
    if let Some(threshold) = c.free_threshold {
        row.free_thrs_amt = threshold.is_positive().then(|| threshold.get());
    }
    {
        let mut book = cx.book.borrow_mut();
        cx.near.0.borrow_mut().templates.insert(c.template_id.clone(), (row.clone(), book.number + 1));
        book.repeats = true;
        book.rows.tmpl.push(row);
    }
    look_again(cx, meta);
    Ok(Ok(Facts::default()))
}

/// Tells every lane to look again, by its internal stream: after the commit, so that it finds what is new.
fn look_again(cx: &LaneContext, meta: &CommandMeta) {
    let mut book = cx.book.borrow_mut();
    for lane in 0..cx.partitions {
        let id: Arc<str> = derived_id("refresh", &[&meta.id, &lane.to_string()]).into();
        book.rows.otbx.push(OtbxRow {
            otbx_id: Arc::clone(&id),
            prtn_no: i64::from(cx.partition),
            to_prtn_no: i64::from(lane),
            cmd: Internal::Refresh { id }.json().into(),
            otbx_dttm: meta.source.at,
        });
    }
}

/// How many products are read again at once.
const AGAIN_AT_ONCE: usize = 500;

/// Reads the products and templates of all live SKUs again, of those too that are not durable yet.
///
/// # Errors
/// The store's, or an actor that is gone.
pub async fn refresh(cx: &LaneContext) -> Result<(), Fault> {
    {
        let mut kept = cx.near.0.borrow_mut();
        kept.skus.0.clear();
        kept.promotions.0.clear();
    }
    let gone = |why: String| Fault::Decision { entry: crate::log::EntryId::ZERO, why };
    let mut live: HashMap<ProductId, Vec<Addr<Inventory>>> = HashMap::new();
    for id in cx.skus.keys() {
        let Some(actor) = cx.skus.get(&id) else { continue };
        if let Some(info) = actor.send(inventory::Describe).await.map_err(|e| gone(e.to_string()))? {
            live.entry(info.product_id.clone()).or_default().push(actor);
        }
    }
    let ids: Vec<ProductId> = live.keys().cloned().collect();
    for ids in ids.chunks(AGAIN_AT_ONCE) {
        let products = cx.store.products(ids).await?;
        let mut used: Vec<TemplateId> = products.iter().map(|p| TemplateId::stored(&p.dlv_tmpl_id)).collect();
        used.sort();
        used.dedup();
        let templates = cx.store.templates(&used).await?;
        for product in products {
            let Some(template) = templates.iter().find(|t| t.dlv_tmpl_id == product.dlv_tmpl_id) else { continue };
            for actor in live.get(&ProductId::stored(&product.gds_id)).into_iter().flatten() {
                let cause = inventory::Cause { command_id: "refresh".into(), order_id: None, at: cx.now.get() };
                let (product, template) = (Box::new(product.clone()), Box::new(template.clone()));
                let what = inventory::SkuAction::Refresh { product, template };
                let told = actor.send(inventory::SkuCommand { what, cause }).await;
                told.map_err(|e| gone(e.to_string()))?.map_err(|r| gone(r.message()))?;
            }
        }
    }
    Ok(())
}
