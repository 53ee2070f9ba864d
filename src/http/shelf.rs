//! The shelves: stock, its ledger, products and campaigns.

use actix_web::{HttpRequest, HttpResponse, web};

use super::{
    AppState, figures,
    guard::caller,
    paging::{self, Paging, bad_cursor},
    problem::{self, Why},
    tokens::Caller,
    view::{CampaignView, LedgerView, ProductView, SkuView},
};
use crate::{
    domain::ids::{CampaignId, ProductId, SkuId},
    store::{
        self, Store, UntRow,
        row::{Read, Row},
        rows::CmpnRow,
    },
};

/// One, or that there is none.
pub(super) fn found<V: serde::Serialize>(view: Option<V>, what: &str) -> HttpResponse {
    view.map_or_else(|| Why::NotFound.response(format!("there is no {what}")), |v| HttpResponse::Ok().json(v))
}

/// A page of a table by its key.
pub(super) async fn rows<R: Row>(
    store: &dyn Store,
    after: Option<Vec<Read>>,
    limit: u32,
) -> Result<Vec<R>, HttpResponse> {
    let page = store.page(store::table::<R>(), after, limit).await.map_err(|e| problem::store(&e))?;
    Ok(page.into_iter().map(|values| R::read(&mut values.into_iter())).collect())
}

/// `GET /v1/skus`.
/// A partner's are those that it holds, or sells the product of.
pub async fn skus(shared: web::Data<AppState>, request: HttpRequest, paging: web::Query<Paging>) -> HttpResponse {
    let page = async {
        let limit = paging::limit(paging.limit)?;
        let after = paging::ids(paging.cursor.as_deref())?;
        let units: Vec<UntRow> = match caller(&request) {
            Caller::Partner { partner } => {
                let own = shared.parts.store.units_of(&partner, after, limit + 1).await;
                own.map_err(|e| problem::store(&e))?
            }
            Caller::Anyone
            | Caller::Checkout { .. }
            | Caller::Payment { .. }
            | Caller::Operator { .. }
            | Caller::Auditor { .. }
            | Caller::Metrics => {
                let after = after.map(|c| vec![Read::Text(Some(c.to_owned()))]);
                rows(&*shared.parts.store, after, limit + 1).await?
            }
        };
        Ok(paging::page::<_, SkuView>(units, limit, |r| r.unt_id.to_string()))
    };
    paging::told(page.await)
}

/// `GET /v1/skus/{id}`.
pub async fn sku(shared: web::Data<AppState>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    let Ok(sku_id) = SkuId::new(&id) else { return found::<SkuView>(None, "such SKU") };
    let view = async {
        let stored = shared.parts.store.skus(&[sku_id]).await?;
        let Some(s) = stored.first() else { return Ok(None) };
        let mut view =
            SkuView { campaigns: s.campaigns.iter().map(CampaignView::from).collect(), ..SkuView::from(&s.unit) };
        if !figures::of(&caller(&request), s) {
            view.units = None;
            view.campaigns.iter_mut().for_each(|c| c.allotted = None);
        }
        Ok(Some(view))
    };
    match view.await {
        Err(e) => problem::store(&e),
        Ok(view) => found(view, "such SKU"),
    }
}

/// `GET /v1/skus/{id}/ledger`.
pub async fn ledger(shared: web::Data<AppState>, id: web::Path<String>, paging: web::Query<Paging>) -> HttpResponse {
    let page = async {
        let sku_id = SkuId::new(&id).map_err(|_| Why::NotFound.response("there is no such SKU"))?;
        let limit = paging::limit(paging.limit)?;
        let before = paging.cursor.as_deref().map(str::parse).transpose().map_err(|_| bad_cursor())?;
        let read = shared.parts.store.ledger(&sku_id, before, limit + 1).await;
        let moves = read.map_err(|e| problem::store(&e))?;
        Ok(paging::page::<_, LedgerView>(moves, limit, |r| r.ldgr_no.to_string()))
    };
    paging::told(page.await)
}

/// `GET /v1/products/{id}`.
pub async fn product(shared: web::Data<AppState>, id: web::Path<String>) -> HttpResponse {
    let Ok(id) = ProductId::new(&id) else { return found::<ProductView>(None, "such product") };
    match shared.parts.store.products(&[id]).await {
        Err(e) => problem::store(&e),
        Ok(rows) => found(rows.first().map(ProductView::from), "such product"),
    }
}

/// `GET /v1/campaigns`.
pub async fn campaigns(shared: web::Data<AppState>, paging: web::Query<Paging>) -> HttpResponse {
    let page = async {
        let limit = paging::limit(paging.limit)?;
        let after = match paging::ids(paging.cursor.as_deref())?.map(|c| c.split_once(' ')) {
            None => None,
            Some(None) => return Err(bad_cursor()),
            Some(Some((id, sku))) => Some([id, sku].map(|k| Read::Text(Some(k.to_owned()))).into()),
        };
        let sales: Vec<CmpnRow> = rows(&*shared.parts.store, after, limit + 1).await?;
        Ok(paging::page::<_, CampaignView>(sales, limit, |r| format!("{} {}", r.cmpn_id, r.unt_id)))
    };
    paging::told(page.await)
}

/// `GET /v1/campaigns/{id}`.
pub async fn campaign(shared: web::Data<AppState>, request: HttpRequest, id: web::Path<String>) -> HttpResponse {
    let Ok(id) = CampaignId::new(&id) else { return found::<CampaignView>(None, "such campaign") };
    let view = async {
        let sales = shared.parts.store.campaigns(&[id]).await?;
        let Some(sale) = sales.first() else { return Ok(None) };
        let mut view = CampaignView::from(sale);
        let skus = [SkuId::stored(&sale.unt_id)];
        let told = figures::told(&shared, &caller(&request), &skus).await?;
        view.allotted = view.allotted.filter(|_| told.has(&skus[0]));
        Ok(Some(view))
    };
    match view.await {
        Err(e) => problem::store(&e),
        Ok(view) => found(view, "such campaign"),
    }
}
