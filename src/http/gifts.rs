//! Gift promotions, to look at.

use actix_web::web::{self, Json};

use super::{
    AppState,
    paging::{self, Paging},
    problem::ApiError,
    shelf::{none, rows},
    view::{GiftPromotionView, Page},
};
use crate::{
    domain::ids::PromotionId,
    store::{StoredGiftPromotion, row::Read, rows::GftPrmRow},
};

/// `GET /v1/gift-promotions`.
pub async fn list(
    shared: web::Data<AppState>,
    paging: web::Query<Paging>,
) -> Result<Json<Page<GiftPromotionView>>, ApiError> {
    let limit = paging::limit(paging.limit)?;
    let store = &shared.parts.store;
    let after = paging::ids(paging.cursor.as_deref())?.map(|c| vec![Read::Text(Some(c.to_owned()))]);
    let here: Vec<GftPrmRow> = rows(&**store, after, limit + 1).await?;
    let ids: Vec<PromotionId> = here.iter().map(|r| PromotionId::stored(&r.gft_prm_id)).collect();
    let whole = store.gift_promotions(&ids, &[]).await?;
    Ok(Json(paging::page(whole, limit, |s: &StoredGiftPromotion| s.promotion.gft_prm_id.to_string())))
}

/// `GET /v1/gift-promotions/{id}`.
pub async fn one(shared: web::Data<AppState>, id: web::Path<String>) -> Result<Json<GiftPromotionView>, ApiError> {
    let id = PromotionId::new(&id).map_err(|_| none("such gift promotion"))?;
    let stored = shared.parts.store.gift_promotions(&[id], &[]).await?;
    stored.first().map(|s| Json(s.into())).ok_or_else(|| none("such gift promotion"))
}
