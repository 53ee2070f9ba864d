//! Whom goods go to: masked in views and lists, whole on demand, and each look written down (개인정보접속기록).

use std::collections::{BTreeMap, BTreeSet};

use actix_web::{
    HttpRequest,
    web::{self, Json},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    AppState,
    caller::Caller,
    guard::{self, deny},
    origin,
    paging::{self, bad_cursor},
    problem::{ApiError, ProblemKind},
    scope::{Sight, theirs},
    tokens::Role,
    view::{Page, RecipientView},
};
use crate::{
    domain::{
        Time,
        ids::{OrderId, PartnerId},
        order::delivery::DestinationKind,
    },
    store::{
        StoreError,
        people::{AccessQuery, AccessRow},
        rows::{OrdRow, PrsnRow, PtnrRow},
    },
};

/// Orders between an installer's and the one that knows the place.
const GENERATIONS_MAX: usize = 8;

/// How somebody came to see a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// asked for
    Recipient,
    /// with its order, where no authentication is configured
    Order,
    /// in a list of what is to be sent
    Download,
    /// in a command that nobody could take
    DeadLetter,
}

/// Whose data is seen, by which order.
#[derive(Debug, Clone, Copy)]
pub struct SeenPerson<'a> {
    pub order: &'a str,
    pub person: &'a str,
}

impl<'a> SeenPerson<'a> {
    /// What an order keeps; a business's address is nobody's.
    pub fn of(order: &'a str, place: &'a DeliveryPlace) -> Option<Self> {
        place.person.as_deref().map(|person| Self { order, person })
    }
}

impl Look {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Look::Recipient => "RECIPIENT",
            Look::Order => "ORDER",
            Look::Download => "DOWNLOAD",
            Look::DeadLetter => "DEAD_LETTER",
        }
    }
}

/// Where an order's goods go.
#[derive(Debug, Clone)]
pub struct DeliveryPlace {
    pub recipient: RecipientView,
    /// whose data it is; a business's address is nobody's
    pub person: Option<String>,
}

/// Where orders' goods go.
#[derive(Debug, Default)]
pub struct DeliveryPlaces {
    /// by order id; orders that keep nothing (any more) are left out
    pub of: BTreeMap<String, DeliveryPlace>,
    /// installers' orders among them
    pub installs: BTreeSet<String>,
}

/// Where these orders' goods go. An installer's order goes where the order goes that it was made for, and what a partner bought
/// to its business; what one ordered for itself too, unless it named a recipient last.
///
/// # Errors
/// The store's.
pub async fn places(shared: &AppState, orders: &[OrderId]) -> Result<DeliveryPlaces, StoreError> {
    let store = &shared.parts.store;
    let rows = store.rows_of_orders(orders).await?;
    let mut found = kept(store.persons(orders).await?, &rows);
    // a business that ordered for itself, whatever recipient it may have named before
    let own = rows.iter().filter_map(|r| Some((r.ord_id.to_string(), own_business(r)?)));
    let mut buyers: Vec<(String, PartnerId)> = own.collect();
    found.retain(|id, _| !buyers.iter().any(|(own, _)| own == id));
    let made = rows.iter().filter(|r| r.prnt_ord_id.is_some());
    let made: Vec<OrderId> = made.map(|r| OrderId::stored(&r.ord_id)).collect();
    let mut installs = BTreeSet::new();
    if made.is_empty() && buyers.is_empty() {
        return Ok(DeliveryPlaces { of: found, installs });
    }
    // who asks, and the order that is looked at for it
    let mut climbing: Vec<(String, OrderId)> = Vec::new();
    for link in store.parents(&made).await? {
        let child = link.chld_ord_id.to_string();
        let installation = link.lnk_knd_cd == "INSTALLATION";
        if installation {
            installs.insert(child.clone());
        }
        if found.contains_key(&child) {
            continue;
        }
        if installation {
            climbing.push((child, OrderId::stored(&link.prnt_ord_id)));
        } else if let Some(row) = rows.iter().find(|r| *r.ord_id == *child) {
            buyers.extend(PartnerId::new(&row.cust_id).ok().map(|buyer| (child, buyer)));
        }
    }
    for _ in 0..GENERATIONS_MAX {
        let at: BTreeSet<&str> = climbing.iter().map(|(_, at)| at.as_str()).collect();
        let at: Vec<OrderId> = at.into_iter().map(OrderId::stored).collect();
        if at.is_empty() {
            break;
        }
        let rows = store.rows_of_orders(&at).await?;
        let there = kept(store.persons(&at).await?, &rows);
        let mut higher = Vec::new();
        for (child, at) in climbing {
            let row = rows.iter().find(|r| *r.ord_id == *at.as_str());
            if let Some(buyer) = row.and_then(own_business) {
                buyers.push((child, buyer));
                continue;
            }
            let parent = row.and_then(|r| r.prnt_ord_id.as_deref());
            match (there.get(at.as_str()), parent) {
                (Some(place), _) => drop(found.insert(child, place.clone())),
                (None, Some(parent)) => higher.push((child, OrderId::stored(parent))),
                (None, None) => {}
            }
        }
        climbing = higher;
    }
    let ids: BTreeSet<&PartnerId> = buyers.iter().map(|(_, buyer)| buyer).collect();
    let ids: Vec<PartnerId> = ids.into_iter().cloned().collect();
    let partners = store.partners(&ids).await?;
    for (child, buyer) in buyers {
        let business = partners.iter().find(|p| *p.ptnr_id == *buyer.as_str());
        found.extend(business.map(|b| (child, DeliveryPlace { recipient: of_business(b), person: None })));
    }
    Ok(DeliveryPlaces { of: found, installs })
}

/// The business that ordered it for itself, where it goes to that one's own address.
fn own_business(r: &OrdRow) -> Option<PartnerId> {
    let goes = r.prnt_ord_id.is_none() && r.dstn_knd_cd.as_deref() == Some(DestinationKind::Business.code());
    goes.then(|| PartnerId::new(&r.cust_id).ok()).flatten()
}

/// What orders keep themselves.
fn kept(persons: Vec<PrsnRow>, rows: &[OrdRow]) -> BTreeMap<String, DeliveryPlace> {
    let text = |t: &Option<std::sync::Arc<str>>| t.as_deref().map(str::to_owned);
    let place = |p: &PrsnRow| {
        let customer = rows.iter().find(|r| r.ord_id == p.ord_id).map(|r| r.cust_id.to_string());
        let recipient = RecipientView {
            masked: false,
            name: text(&p.rcvr_nm).unwrap_or_default(),
            phone: text(&p.tel_no),
            zip: text(&p.zip_no),
            address: text(&p.addr),
            address_detail: text(&p.addr_dtl),
        };
        (p.ord_id.to_string(), DeliveryPlace { recipient, person: Some(customer.unwrap_or_default()) })
    };
    persons.iter().filter(|p| p.prsn_knd_cd == "RECIPIENT").map(place).collect()
}

fn of_business(p: &PtnrRow) -> RecipientView {
    RecipientView {
        masked: false,
        name: p.ptnr_nm.to_string(),
        phone: None,
        zip: p.biz_zip_no.as_deref().map(str::to_owned),
        address: p.biz_addr.as_deref().map(str::to_owned),
        address_detail: None,
    }
}

/// `GET /v1/orders/{id}/recipient`: whole.
pub async fn one(
    shared: web::Data<AppState>,
    request: HttpRequest,
    caller: Caller,
    id: web::Path<String>,
) -> Result<Json<RecipientView>, ApiError> {
    let found = theirs(&shared, &request, &caller, &id).await?;
    if let Sight::Part(seller) = &found.sight
        && !found.order.needs_address(seller)
    {
        return Err(deny(&request, caller.name(), "there is nothing of this partner's to send here (any more)"));
    }
    let order = found.order.id;
    let mut places = places(&shared, std::slice::from_ref(&order)).await?;
    let place = places.of.remove(order.as_str());
    let place = place.ok_or_else(|| ProblemKind::NotFound.error("this order keeps no recipient (any more)"))?;
    let seen: Vec<SeenPerson<'_>> = SeenPerson::of(order.as_str(), &place).into_iter().collect();
    note(&shared, &request, &caller, Look::Recipient, &seen).await?;
    Ok(Json(place.recipient))
}

/// Writes down who is about to see whom; nobody sees anything where that fails.
///
/// # Errors
/// The store's.
pub async fn note(
    shared: &AppState,
    request: &HttpRequest,
    caller: &Caller,
    look: Look,
    seen: &[SeenPerson<'_>],
) -> Result<(), ApiError> {
    let name = caller.actor();
    let (at, from, request_id) = (shared.parts.clock.now(), from(request), guard::named(request));
    let row = |seen: &SeenPerson<'_>| AccessRow {
        accs_id: uuid::Uuid::now_v7().to_string().into(),
        accs_knd_cd: look.code().into(),
        actr: name.as_str().into(),
        ord_id: seen.order.into(),
        cust_id: seen.person.into(),
        accs_plc: from.as_str().into(),
        req_id: request_id.as_str().into(),
        accs_dttm: at,
    };
    let rows: Vec<AccessRow> = seen.iter().map(row).collect();
    let store = &shared.parts.store;
    store.note_access(&rows).await?;
    Ok(())
}

/// Where a request comes from. The word of a proxy that nobody named is told as such.
pub fn from(request: &HttpRequest) -> String {
    let peer = match origin::of(request) {
        Some((client, Some(proxy))) => return format!("{client} (by {proxy})"),
        Some((peer, None)) => peer.to_string(),
        None => String::new(),
    };
    let said = request.headers().get("x-forwarded-for").and_then(|v| v.to_str().ok());
    let address = |c: char| c.is_ascii_hexdigit() || matches!(c, '.' | ':' | ',' | ' ');
    match said.filter(|s| (1..=128).contains(&s.len()) && s.chars().all(address)) {
        Some(said) => format!("{peer} (for {said})"),
        None => peer,
    }
}

/// 개인정보접속기록: who saw whom.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AccessView {
    pub id: String,
    pub at: Time,
    /// `RECIPIENT`, `ORDER`, `DOWNLOAD`, `DEAD_LETTER`
    pub look: String,
    pub actor: String,
    pub order_id: String,
    /// whose data it is
    pub customer_id: String,
    /// where the request came from
    pub from: String,
    pub request_id: String,
}

impl From<&AccessRow> for AccessView {
    fn from(r: &AccessRow) -> Self {
        Self {
            id: r.accs_id.to_string(),
            at: r.accs_dttm,
            look: r.accs_knd_cd.to_string(),
            actor: r.actr.to_string(),
            order_id: r.ord_id.to_string(),
            customer_id: r.cust_id.to_string(),
            from: r.accs_plc.to_string(),
            request_id: r.req_id.to_string(),
        }
    }
}

/// What accesses are asked by.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessSearch {
    order_id: Option<String>,
    customer_id: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// `GET /v1/access-log`, newest first.
pub async fn log(
    shared: web::Data<AppState>,
    search: web::Query<AccessSearch>,
) -> Result<Json<Page<AccessView>>, ApiError> {
    let limit = paging::limit(search.limit)?;
    if search.cursor.as_deref().is_some_and(|c| uuid::Uuid::try_parse(c).is_err()) {
        return Err(bad_cursor());
    }
    let named = [&search.order_id, &search.customer_id];
    if named.into_iter().flatten().any(|id| !paging::could_be(id)) {
        return Err(ProblemKind::Invalid.error("that is no id"));
    }
    let asked = AccessQuery {
        order: search.order_id.clone(),
        customer: search.customer_id.clone(),
        before: search.cursor.clone(),
        limit: limit + 1,
    };
    let rows = shared.parts.store.accesses(&asked).await?;
    Ok(Json(paging::page(rows, limit, |r| r.accs_id.to_string())))
}

/// Whether this caller sees what payments are named by.
pub const fn sees_means(caller: &Caller) -> bool {
    match caller {
        Caller::Operator { role, .. } => matches!(role, Role::Operator | Role::Finance),
        Caller::Anyone | Caller::Payment { .. } => true,
        Caller::Checkout { .. }
        | Caller::Partner { .. }
        | Caller::Auditor { .. }
        | Caller::Metrics
        | Caller::Nobody => false,
    }
}
