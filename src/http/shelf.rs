//! The shelves: stock, its ledger, products and campaigns.

use actix_web::web::{self, Json};

use super::{
    AppState,
    caller::Caller,
    figures,
    paging::{self, Paging, bad_cursor},
    problem::{ApiError, ProblemKind},
    view::{CampaignView, LedgerView, Page, ProductView, SkuView},
};
use crate::{
    domain::ids::{CampaignId, ProductId, SkuId},
    store::{
        self, QueryStore, UntRow,
        row::{Read, Row},
        rows::CmpnRow,
    },
};

/// That there is none.
pub(super) fn none(what: &str) -> ApiError {
    ProblemKind::NotFound.error(format!("there is no {what}"))
}

/// A page of a table by its key.
pub(super) async fn rows<R: Row>(
    store: &dyn QueryStore,
    after: Option<Vec<Read>>,
    limit: u32,
) -> Result<Vec<R>, ApiError> {
    let page = store.page(store::table::<R>(), after, limit).await?;
    Ok(page.into_iter().map(|values| R::read(&mut values.into_iter())).collect())
}

/// `GET /v1/skus`.
/// A partner's are those that it holds, or sells the product of.
pub async fn skus(
    shared: web::Data<AppState>,
    caller: Caller,
    paging: web::Query<Paging>,
) -> Result<Json<Page<SkuView>>, ApiError> {
    let limit = paging::limit(paging.limit)?;
    let after = paging::ids(paging.cursor.as_deref())?;
    let units: Vec<UntRow> = if let Caller::Partner { partner } = &caller {
        shared.parts.store.units_of(partner, after, limit + 1).await?
    } else {
        let after = after.map(|c| vec![Read::Text(Some(c.to_owned()))]);
        rows(&*shared.parts.store, after, limit + 1).await?
    };
    Ok(Json(paging::page(units, limit, |r| r.unt_id.to_string())))
}

/// `GET /v1/skus/{id}`.
pub async fn sku(
    shared: web::Data<AppState>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<Json<SkuView>, ApiError> {
    let unknown = || none("such SKU");
    let sku_id = SkuId::new(&id).map_err(|_| unknown())?;
    let stored = shared.parts.store.skus(&[sku_id]).await?;
    let s = stored.first().ok_or_else(unknown)?;
    let mut view =
        SkuView { campaigns: s.campaigns.iter().map(CampaignView::from).collect(), ..SkuView::from(&s.unit) };
    if !figures::of(&caller, s) {
        view.units = None;
        view.campaigns.iter_mut().for_each(|c| c.allotted = None);
    }
    Ok(Json(view))
}

/// `GET /v1/skus/{id}/ledger`.
pub async fn ledger(
    shared: web::Data<AppState>,
    id: web::Path<String>,
    paging: web::Query<Paging>,
) -> Result<Json<Page<LedgerView>>, ApiError> {
    let sku_id = SkuId::new(&id).map_err(|_| none("such SKU"))?;
    let limit = paging::limit(paging.limit)?;
    let before = paging.cursor.as_deref().map(str::parse).transpose().map_err(|_| bad_cursor())?;
    let moves = shared.parts.store.ledger(&sku_id, before, limit + 1).await?;
    Ok(Json(paging::page(moves, limit, |r| r.ldgr_no.to_string())))
}

/// `GET /v1/products/{id}`.
pub async fn product(shared: web::Data<AppState>, id: web::Path<String>) -> Result<Json<ProductView>, ApiError> {
    let id = ProductId::new(&id).map_err(|_| none("such product"))?;
    let rows = shared.parts.store.products(&[id]).await?;
    rows.first().map(|r| Json(r.into())).ok_or_else(|| none("such product"))
}

/// `GET /v1/campaigns`.
pub async fn campaigns(
    shared: web::Data<AppState>,
    paging: web::Query<Paging>,
) -> Result<Json<Page<CampaignView>>, ApiError> {
    let limit = paging::limit(paging.limit)?;
    let after = match paging::ids(paging.cursor.as_deref())?.map(|c| c.split_once(' ')) {
        None => None,
        Some(None) => return Err(bad_cursor()),
        Some(Some((id, sku))) => Some([id, sku].map(|k| Read::Text(Some(k.to_owned()))).into()),
    };
    let sales: Vec<CmpnRow> = rows(&*shared.parts.store, after, limit + 1).await?;
    Ok(Json(paging::page(sales, limit, |r| format!("{} {}", r.cmpn_id, r.unt_id))))
}

/// `GET /v1/campaigns/{id}`.
pub async fn campaign(
    shared: web::Data<AppState>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<Json<CampaignView>, ApiError> {
    let unknown = || none("such campaign");
    let id = CampaignId::new(&id).map_err(|_| unknown())?;
    let sales = shared.parts.store.campaigns(&[id]).await?;
    let sale = sales.first().ok_or_else(unknown)?;
    let mut view = CampaignView::from(sale);
    let skus = [SkuId::stored(&sale.unt_id)];
    let told = figures::told(&shared, &caller, &skus).await?;
    view.allotted = view.allotted.filter(|_| told.has(&skus[0]));
    Ok(Json(view))
}
