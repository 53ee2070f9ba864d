//! `GET /v1/reviews`: reviews with their words, newest first; a partner's are those of what it sold.

use actix_web::{
    HttpRequest,
    web::{self, Json},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    AppState,
    caller::Caller,
    guard::deny,
    lines::{read_cursor, write_cursor},
    paging,
    problem::ApiError,
    view::Page,
};
use crate::{
    domain::{
        Time,
        ids::{PartnerId, ProductId},
    },
    store::people::{ReviewQuery, ReviewRow},
};

/// What reviews are asked by.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewSearch {
    product_id: Option<String>,
    partner_id: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// 리뷰, in a list.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReviewItem {
    pub order_id: String,
    pub line_no: i64,
    pub product_id: String,
    pub sku_id: String,
    /// who sold it
    pub partner_id: String,
    /// 1 to 5
    pub rating: i64,
    pub at: Time,
    /// its words; absent where there were none, or they were erased
    pub text: Option<String>,
}

impl From<&ReviewRow> for ReviewItem {
    fn from(r: &ReviewRow) -> Self {
        Self {
            order_id: r.order.to_string(),
            line_no: r.line,
            product_id: r.product.to_string(),
            sku_id: r.sku.to_string(),
            partner_id: r.partner.to_string(),
            rating: r.rating,
            at: r.at,
            text: r.words.as_deref().map(str::to_owned),
        }
    }
}

/// `GET /v1/reviews`.
pub async fn list(
    shared: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    search: web::Query<ReviewSearch>,
) -> Result<Json<Page<ReviewItem>>, ApiError> {
    let mut partner = paging::id(search.partner_id.as_deref(), PartnerId::new)?;
    if let Caller::Partner { partner: own } = &caller {
        if partner.as_ref().is_some_and(|named| named != own) {
            return Err(deny(&request, caller.name(), "a partner sees reviews of what it sold"));
        }
        partner = Some(own.clone());
    }
    let limit = paging::limit(search.limit)?;
    let asked = ReviewQuery {
        partner,
        product: paging::id(search.product_id.as_deref(), ProductId::new)?,
        after: search.cursor.as_deref().map(read_cursor).transpose()?,
        limit: limit + 1,
    };
    let rows = shared.parts.store.reviews(&asked).await?;
    Ok(Json(paging::page(rows, limit, |r| write_cursor(r.at, r.line, &r.order))))
}
