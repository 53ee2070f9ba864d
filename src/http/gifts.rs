//! Gift promotions, to look at.

use actix_web::{HttpResponse, web};

use super::{
    AppState,
    paging::{self, Paging},
    problem,
    shelf::{found, rows},
    view::GiftPromotionView,
};
use crate::{
    domain::ids::PromotionId,
    store::{StoredGiftPromotion, row::Read, rows::GftPrmRow},
};

/// `GET /v1/gift-promotions`.
pub async fn list(shared: web::Data<AppState>, paging: web::Query<Paging>) -> HttpResponse {
    let page = async {
        let limit = paging::limit(paging.limit)?;
        let store = &shared.parts.store;
        let after = paging::ids(paging.cursor.as_deref())?.map(|c| vec![Read::Text(Some(c.to_owned()))]);
        let here: Vec<GftPrmRow> = rows(&**store, after, limit + 1).await?;
        let ids: Vec<PromotionId> = here.iter().map(|r| PromotionId::stored(&r.gft_prm_id)).collect();
        let whole = store.gift_promotions(&ids, &[]).await.map_err(|e| problem::store(&e))?;
        let id = |s: &StoredGiftPromotion| s.promotion.gft_prm_id.to_string();
        Ok(paging::page::<_, GiftPromotionView>(whole, limit, id))
    };
    paging::told(page.await)
}

/// `GET /v1/gift-promotions/{id}`.
pub async fn one(shared: web::Data<AppState>, id: web::Path<String>) -> HttpResponse {
    let Ok(id) = PromotionId::new(&id) else { return found::<GiftPromotionView>(None, "such gift promotion") };
    match shared.parts.store.gift_promotions(&[id], &[]).await {
        Err(e) => problem::store(&e),
        Ok(stored) => found(stored.first().map(GiftPromotionView::from), "such gift promotion"),
    }
}
