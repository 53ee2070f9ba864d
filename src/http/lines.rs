//! 현황: lists of order lines by status, partner, SKU …, and what is to be sent, with where to.

pub mod counts;
mod sheet;

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    AppState,
    caller::Caller,
    csv::{self, Format},
    guard::deny,
    mask,
    paging::{self, bad_cursor, moment, statuses},
    problem::{ApiError, ProblemKind},
    recipient::{self, DeliveryPlace, DeliveryPlaces, Look, SeenPerson},
    view::{Page, RecipientView},
};
use crate::{
    domain::{
        Time, carriers,
        ids::{OrderId, PartnerId, ProductId, SkuId},
        order::{
            claim::{ExchangeState, ReturnState},
            delivery::DeliveryStatus,
            part::needs_address,
        },
        status::Status,
    },
    store::{
        people::{COLLECTIONS, ClaimAsked, LineAt, LineQuery, LineRow},
        rows::{ExchRow, GdsRow, RtnRow},
    },
};

/// How far back lists reach that name no moment, where what is asked for is not only work: ends pile up for ever.
const REACH: TimeDelta = TimeDelta::days(31);
/// What is to be sent, unless other statuses are asked for: paid and not yet shipped.
const TO_SEND: [Status; 4] = [Status::Ordered, Status::Preparing, Status::ProcurementCheck, Status::ProcurementDone];

/// What a list's response varies by: it is JSON or CSV.
const ACCEPT: header::HeaderValue = header::HeaderValue::from_static("Accept");

/// What lines are asked by.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineSearch {
    /// with commas between
    status: Option<String>,
    /// the same
    claim: Option<String>,
    partner_id: Option<String>,
    sku_id: Option<String>,
    product_id: Option<String>,
    carrier: Option<String>,
    placed_from: Option<String>,
    placed_before: Option<String>,
    /// `oldest` or `newest`
    sort: Option<String>,
    /// of counts: `partner`, `sku`, or both with a comma between
    by: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
    /// `json` or `csv`
    format: Option<String>,
}

/// A claim that a line is or was in.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LineClaim {
    pub claim_group: i64,
    /// `return` or `exchange`
    pub kind: &'static str,
    /// `REQUESTED`, `APPROVED`, `COLLECTED` …
    pub state: String,
    /// of goods that were exchanged and are to come back: `DUE`, `COLLECTED`, `INSPECTED` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collection: Option<String>,
    pub quantity: i64,
}

/// A line in a list (주문상품).
#[derive(Debug, Serialize, JsonSchema)]
pub struct LineItem {
    pub order_id: String,
    pub line_no: i64,
    pub customer_id: String,
    /// who sells it, or was asked for it
    pub partner_id: String,
    /// the order that its order was made for
    pub parent_order_id: Option<String>,
    pub product_id: String,
    pub product_name: Option<String>,
    pub sku_id: String,
    pub option_name: Option<String>,
    pub status: Status,
    pub status_korean: &'static str,
    pub delivery: Option<DeliveryStatus>,
    pub delivery_korean: Option<&'static str>,
    pub ordered: i64,
    /// ordered − cancelled − returned − exchanged
    pub active: i64,
    pub cancelled: i64,
    pub returned: i64,
    pub exchanged: i64,
    /// units that no claim has
    pub claimable: i64,
    pub gift: bool,
    pub main_line_no: Option<i64>,
    pub claims: Vec<LineClaim>,
    pub placed_at: Time,
    /// 출고지시일시
    pub ship_instructed_at: Option<Time>,
    pub expected_delivery_at: Option<Time>,
    /// 배송준비일시
    pub prepared_at: Option<Time>,
    /// 배송시작일시
    pub started_at: Option<Time>,
    pub delivered_at: Option<Time>,
    /// masked, but where what is to be sent is downloaded
    pub recipient: Option<RecipientView>,
}

/// The claims of a list's `claim`: `RETURN_REQUESTED`, `EXCHANGE_APPROVED`, `COLLECTION_DUE` …
fn claims(asked: Option<&str>) -> Result<Vec<ClaimAsked>, ApiError> {
    let mut found = Vec::new();
    for word in asked.into_iter().flat_map(|a| a.split(',')).map(str::trim) {
        let of = |kind: &str, state: &str| word.strip_prefix(kind) == Some(state);
        let back = ReturnState::ALL.iter().map(|s| s.code()).find(|s| of("RETURN_", s)).map(ClaimAsked::Return);
        let swap =
            || ExchangeState::ALL.iter().map(|s| s.code()).find(|s| of("EXCHANGE_", s)).map(ClaimAsked::Exchange);
        let fetch = || COLLECTIONS.into_iter().find(|s| of("COLLECTION_", s)).map(ClaimAsked::Collection);
        found.push(back.or_else(swap).or_else(fetch).ok_or_else(|| {
            ProblemKind::Invalid.error(
                "claim is RETURN_ or EXCHANGE_ and how far it is (REQUESTED, APPROVED, COLLECTED …), or COLLECTION_DUE \
                 or COLLECTION_COLLECTED of exchanged goods, several with commas between",
            )
        })?);
    }
    Ok(found)
}

impl LineSearch {
    /// As the store is asked, by this caller: a partner sees its own lines.
    fn read(&self, request: &HttpRequest, caller: &Caller, usual: &[Status], now: Time) -> Result<LineQuery, ApiError> {
        let mut partner = paging::id(self.partner_id.as_deref(), PartnerId::new)?;
        if let Caller::Partner { partner: own } = caller {
            if partner.as_ref().is_some_and(|named| named != own) {
                return Err(deny(request, caller.name(), "a partner sees its own lines"));
            }
            partner = Some(own.clone());
        }
        if self.carrier.as_deref().is_some_and(|c| !paging::could_be(c)) {
            return Err(ProblemKind::Invalid.error("that is no carrier"));
        }
        let mut asked = LineQuery {
            statuses: statuses(self.status.as_deref())?,
            claims: claims(self.claim.as_deref())?,
            partner,
            sku: paging::id(self.sku_id.as_deref(), SkuId::new)?,
            product: paging::id(self.product_id.as_deref(), ProductId::new)?,
            carrier: self.carrier.as_deref().map(|c| carriers::known(c.trim()).0),
            placed_from: moment(self.placed_from.as_deref())?,
            placed_before: moment(self.placed_before.as_deref())?,
            after: self.cursor.as_deref().map(read_cursor).transpose()?,
            ..LineQuery::default()
        };
        if asked.statuses.is_empty() && asked.claims.is_empty() {
            asked.statuses = usual.to_vec();
        }
        let work = asked.is_work();
        asked.oldest_first = match self.sort.as_deref() {
            Some("oldest") => true,
            Some("newest") => false,
            None => work,
            Some(_) => return Err(ProblemKind::Invalid.error("sort is oldest or newest")),
        };
        if !work && asked.placed_from.is_none() {
            asked.placed_from = Some(now - REACH);
        }
        Ok(asked)
    }
}

/// What names a line's place in a list.
pub fn write_cursor(at: Time, line: i64, order: &str) -> String {
    format!("{}.{line}.{order}", at.timestamp_micros())
}

/// A line's place in a list, as it was named.
///
/// # Errors
/// When it is no cursor of ours.
pub fn read_cursor(cursor: &str) -> Result<LineAt, ApiError> {
    let mut parts = cursor.splitn(3, '.');
    let (at, line, order) = (parts.next(), parts.next(), parts.next());
    let placed = at.and_then(|at| at.parse().ok()).and_then(Time::from_timestamp_micros);
    let placed = placed.filter(|at| paging::within_reason(*at)).ok_or_else(bad_cursor)?;
    let line = line.and_then(|n| n.parse().ok()).ok_or_else(bad_cursor)?;
    let order = order.and_then(|id| OrderId::new(id).ok()).ok_or_else(bad_cursor)?;
    Ok(LineAt { placed, order, line })
}

/// `GET /v1/lines`.
pub async fn list(
    shared: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    search: web::Query<LineSearch>,
) -> Result<HttpResponse, ApiError> {
    told(&shared, &request, &caller, &search, None).await
}

/// `GET /v1/lines/recipients`: what is to be sent, with where to; each look is written down.
pub async fn download(
    shared: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    search: web::Query<LineSearch>,
) -> Result<HttpResponse, ApiError> {
    told(&shared, &request, &caller, &search, Some(&TO_SEND)).await
}

/// The list as it was asked for.
async fn told(
    shared: &AppState,
    request: &HttpRequest,
    caller: &Caller,
    search: &LineSearch,
    whole: Option<&[Status]>,
) -> Result<HttpResponse, ApiError> {
    let listed = async {
        let format = csv::format(request, search.format.as_deref())?;
        let page = lines(shared, request, caller, search, whole).await?;
        Ok(match format {
            Format::Json => HttpResponse::Ok().json(page),
            Format::Csv => csv::told(request, sheet::FILE, &sheet::COLUMNS, &page),
        })
    };
    let mut response = listed.await.map_err(|e: ApiError| e.with(header::VARY, ACCEPT))?;
    response.headers_mut().insert(header::VARY, ACCEPT);
    Ok(response)
}

/// A page of lines; with `whole`: recipients unmasked, of lines that have something to send.
async fn lines(
    shared: &AppState,
    request: &HttpRequest,
    caller: &Caller,
    search: &LineSearch,
    whole: Option<&[Status]>,
) -> Result<Page<LineItem>, ApiError> {
    if search.by.is_some() {
        return Err(ProblemKind::Invalid.error("by is for counts"));
    }
    let limit = paging::limit(search.limit)?;
    let mut asked = search.read(request, caller, whole.unwrap_or_default(), shared.parts.clock.now())?;
    asked.limit = limit + 1;
    let mut rows = shared.parts.store.find_lines(&asked).await?;
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > size;
    rows.truncate(size);
    let next = rows.last().filter(|_| more).map(|r| write_cursor(r.placed, r.line.ord_seq, &r.line.ord_id));
    let around = around(shared, &rows).await?;
    // staff see masked recipients of anything, a partner of what it has to send
    let seller = matches!(caller, Caller::Partner { .. });
    let sends = |r: &LineRow| {
        let installs = around.places.installs.contains(&*r.line.ord_id);
        let delivery = delivery(r);
        let claimed =
            r.line.rtn_acpt_qty > r.line.rtn_qty || r.line.exch_acpt_qty > r.line.exch_qty || around.out(&r.line);
        status(r).is_some_and(|s| needs_address(s, delivery, claimed, installs))
    };
    if whole.is_some() {
        let mut shown: BTreeMap<&str, &DeliveryPlace> = BTreeMap::new();
        for row in rows.iter().filter(|r| sends(r)) {
            shown.extend(around.places.of.get(&*row.line.ord_id).map(|place| (&*row.line.ord_id, place)));
        }
        let shown: Vec<SeenPerson<'_>> =
            shown.into_iter().filter_map(|(order, place)| SeenPerson::of(order, place)).collect();
        recipient::note(shared, request, caller, Look::Download, &shown).await?;
    }
    let mut items = Vec::with_capacity(rows.len());
    for row in &rows {
        let place = around.places.of.get(&*row.line.ord_id).filter(|_| (!seller && whole.is_none()) || sends(row));
        let told = |p: &DeliveryPlace| match (whole, &p.person) {
            (None, Some(_)) => mask::recipient(&p.recipient),
            _ => p.recipient.clone(),
        };
        items.push(item(row, &around, place.map(told))?);
    }
    Ok(Page { items, next })
}

fn status(r: &LineRow) -> Option<Status> {
    Status::from_code(&r.line.ord_stat_cd)
}

fn delivery(r: &LineRow) -> Option<DeliveryStatus> {
    let code = r.line.dlv_sub_stat_cd.as_deref()?;
    DeliveryStatus::ALL.iter().copied().find(|s| s.code() == code)
}

/// What is known of a page's lines beside their rows.
struct Around {
    places: DeliveryPlaces,
    products: BTreeMap<String, String>,
    options: BTreeMap<String, String>,
    returns: Vec<RtnRow>,
    exchanges: Vec<ExchRow>,
}

impl Around {
    /// Whether goods of a line that were exchanged are still out, or to be inspected.
    fn out(&self, line: &GdsRow) -> bool {
        let of = |e: &&ExchRow| e.ord_id == line.ord_id && e.ord_seq == line.ord_seq;
        self.exchanges.iter().filter(of).any(|e| e.clct_stat_cd.as_deref().is_some_and(|s| COLLECTIONS.contains(&s)))
    }
}

async fn around(shared: &AppState, rows: &[LineRow]) -> Result<Around, crate::store::StoreError> {
    let store = &shared.parts.store;
    let unique = |of: &dyn Fn(&LineRow) -> String| -> Vec<String> {
        let mut ids: Vec<String> = rows.iter().map(of).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let orders: Vec<OrderId> = unique(&|r| r.line.ord_id.to_string()).iter().map(|i| OrderId::stored(i)).collect();
    let products: Vec<ProductId> =
        unique(&|r| r.line.gds_id.to_string()).iter().filter_map(|i| ProductId::new(i).ok()).collect();
    let skus: Vec<SkuId> = unique(&|r| r.line.unt_id.to_string()).iter().filter_map(|i| SkuId::new(i).ok()).collect();
    let (returns, exchanges) = store.claims(&orders).await?;
    let products = store.products(&products).await?.into_iter().map(|p| (p.gds_id.to_string(), p.gds_nm.to_string()));
    let options = store.units_named(&skus).await?.into_iter().map(|u| (u.unt_id.to_string(), u.opt_nm.to_string()));
    Ok(Around {
        places: recipient::places(shared, &orders).await?,
        products: products.collect(),
        options: options.collect(),
        returns,
        exchanges,
    })
}

fn item(r: &LineRow, around: &Around, recipient: Option<RecipientView>) -> Result<LineItem, ApiError> {
    let l = &r.line;
    let status = status(r).ok_or_else(|| ProblemKind::Fault.error("a line's status can't be read"))?;
    let of = |order: &str, line: i64| *order == *l.ord_id && line == l.ord_seq;
    let returns = around.returns.iter().filter(|c| of(&c.ord_id, c.ord_seq)).map(|c| LineClaim {
        claim_group: c.rtn_grp_no,
        kind: "return",
        state: c.rtn_stat_cd.to_string(),
        collection: None,
        quantity: c.rtn_qty,
    });
    let exchanges = around.exchanges.iter().filter(|c| of(&c.ord_id, c.ord_seq)).map(|c| LineClaim {
        claim_group: c.exch_grp_no,
        kind: "exchange",
        state: c.exch_stat_cd.to_string(),
        collection: c.clct_stat_cd.as_deref().map(str::to_owned),
        quantity: c.exch_qty,
    });
    let delivery = delivery(r);
    Ok(LineItem {
        order_id: l.ord_id.to_string(),
        line_no: l.ord_seq,
        customer_id: r.customer.to_string(),
        partner_id: r.partner.to_string(),
        parent_order_id: r.parent.as_deref().map(str::to_owned),
        product_id: l.gds_id.to_string(),
        product_name: around.products.get(&*l.gds_id).cloned(),
        sku_id: l.unt_id.to_string(),
        option_name: around.options.get(&*l.unt_id).cloned(),
        status,
        status_korean: status.korean(),
        delivery,
        delivery_korean: delivery.map(DeliveryStatus::korean),
        ordered: l.ord_qty,
        active: l.ord_qty - l.cncl_qty - l.rtn_qty - l.exch_qty,
        cancelled: l.cncl_qty,
        returned: l.rtn_qty,
        exchanged: l.exch_qty,
        claimable: l.ord_qty - l.cncl_qty - l.rtn_acpt_qty - l.exch_acpt_qty,
        gift: l.gft_yn,
        main_line_no: l.main_ord_seq,
        claims: returns.chain(exchanges).collect(),
        placed_at: r.placed,
        ship_instructed_at: l.ship_inst_dttm,
        expected_delivery_at: l.dlv_expt_dttm,
        prepared_at: l.dlv_prep_dttm,
        started_at: l.dlv_strt_dttm,
        delivered_at: l.dlv_cmpl_dttm,
        recipient,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_are_read_or_refused() {
        let at = read_cursor("1764403200000000.2.o.1/a").unwrap();
        assert_eq!((at.line, at.order.as_str()), (2, "o.1/a"));
        for bad in ["", "1", "1.2", "x.2.o-1", "1.x.o-1", "1.2.", "1.2.a b", "9223372036854775807.1.o-1", "-1"] {
            assert!(read_cursor(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn claims_are_read_or_refused() {
        let asked = claims(Some("RETURN_REQUESTED,EXCHANGE_APPROVED, COLLECTION_DUE")).unwrap();
        let read = [ClaimAsked::Return("REQUESTED"), ClaimAsked::Exchange("APPROVED"), ClaimAsked::Collection("DUE")];
        assert_eq!(asked, read);
        assert!(claims(None).unwrap().is_empty());
        for bad in
            ["", "RETURN", "RETURN_", "EXCHANGE_COLLECTED", "COLLECTION_INSPECTED", "RETURN_REQUESTED,", "' OR 1=1"]
        {
            assert!(claims(Some(bad)).is_err(), "{bad}");
        }
    }
}
