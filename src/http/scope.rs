//! What is whose at the door: a customer's orders, a partner's lines and goods. The lanes trust an actor; a token is one
//! partner's or speaks for one customer, so whose a thing is gets looked at here.

use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value};

use super::{
    Shared,
    guard::{deny, note_denied},
    problem::{self, Why},
    tokens::Caller,
};
use crate::{
    commit::replay::{self, Folded},
    domain::{
        ids::{OrderId, PartnerId, ProductId, SkuId, TemplateId},
        order::{
            Order,
            state::{Line, Placement},
        },
    },
    protocol::command::{Role, Wire},
};

/// The order as its history tells it, with its commands; `None`: there is none.
///
/// # Errors
/// The response, when it can't be read.
pub async fn folded(shared: &Shared, id: &str) -> Result<Option<Folded>, HttpResponse> {
    let Ok(order_id) = OrderId::new(id) else { return Ok(None) };
    let found = shared.parts.store.orders(std::slice::from_ref(&order_id)).await.map_err(|e| problem::store(&e))?;
    let Some(rows) = found.first() else { return Ok(None) };
    replay::fold(rows).map_err(|e| {
        tracing::error!(order_id = id, error = e, "a history does not fold");
        Why::Fault.response("this order's history can't be read")
    })
}

/// The order, if there is one and the caller may see it; otherwise the response that says not, without a hint that it may
/// be somebody else's.
///
/// # Errors
/// That response.
pub async fn theirs(shared: &Shared, request: &HttpRequest, caller: &Caller, id: &str) -> Result<Order, HttpResponse> {
    let unknown = || Why::NotFound.response(format!("there is no order {id}"));
    let order = folded(shared, id).await?.map(|f| f.order);
    let order = order.filter(|o| o.placement != Placement::Failed).ok_or_else(unknown)?;
    if !may_see(caller, &order) {
        note_denied(request, caller.name(), "somebody else's order");
        return Err(unknown());
    }
    Ok(order)
}

/// Whose order it is: the customer's, and of each partner that sells a line of it, or had it made.
pub fn may_see(caller: &Caller, order: &Order) -> bool {
    match caller {
        Caller::Anyone | Caller::Operator { .. } | Caller::Auditor { .. } | Caller::Payment { .. } => true,
        Caller::Checkout { customer, .. } => customer.as_ref() == Some(&order.customer_id),
        Caller::Partner { partner } => {
            bought(partner, order) || order.lines.iter().any(|l| order.seller_of(l) == Some(partner))
        }
        Caller::Metrics => false,
    }
}

fn bought(partner: &PartnerId, order: &Order) -> bool {
    order.customer_id.as_str() == partner.as_str()
}

/// Whether the caller may send this command about what it is about; its type and its actor have been looked at.
///
/// # Errors
/// The response that says not.
pub async fn check(
    shared: &Shared,
    request: &HttpRequest,
    caller: &Caller,
    name: &str,
    command: &Map<String, Value>,
) -> Result<(), HttpResponse> {
    match caller {
        Caller::Checkout { customer, .. } if name == "place_order" => {
            let own = customer.as_ref().map(|c| c.as_str());
            if text(command, "customer_id") != own {
                return Err(deny(request, caller.name(), "a checkout orders for its own customer"));
            }
            Ok(())
        }
        // an order that is missing where one is needed is the lane's to ask for
        Caller::Checkout { .. } => match text(command, "order_id") {
            Some(id) => theirs(shared, request, caller, id).await.map(drop),
            None => Ok(()),
        },
        Caller::Partner { partner } => {
            let no = |why: &str| deny(request, caller.name(), why);
            if let Some(id) = text(command, "order_id") {
                let order = theirs(shared, request, caller, id).await?;
                if !acts_on(&order, partner, name, command) {
                    return Err(no("a partner acts on lines that it sells: the order has others' too, so name yours"));
                }
            }
            for thing in things(name).map_err(no)? {
                if !own(shared, partner, thing, command).await? {
                    return Err(no("it names something that is not this partner's"));
                }
            }
            Ok(())
        }
        Caller::Anyone
        | Caller::Payment { .. }
        | Caller::Operator { .. }
        | Caller::Auditor { .. }
        | Caller::Metrics => Ok(()),
    }
}

fn text<'a>(command: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    command.get(field).and_then(Value::as_str)
}

/// Whether a partner may: on the lines that it sells, and as a buyer on an order that it bought.
fn acts_on(order: &Order, partner: &PartnerId, name: &str, command: &Map<String, Value>) -> bool {
    let buyers = || Wire::ROLES.iter().any(|(n, may)| *n == name && may.contains(&Role::Buyer));
    let sells = |no: &u16| order.line(*no).is_none_or(|l| order.seller_of(l) == Some(partner));
    // a preview changes nothing; that goods are being prepared is of the whole order, and any of its sellers may say it
    let of_all = matches!(name, "preview" | "prepare") && order.lines.iter().any(|l| sells(&l.no));
    of_all || (bought(partner, order) && buyers()) || touched(order, command).iter().all(sells)
}

/// The lines that a command is about: those that it names, or those of the claim or the waybill that it names, or all.
fn touched(order: &Order, command: &Map<String, Value>) -> Vec<u16> {
    let number = |v: &Value| v.as_u64().and_then(|n| u16::try_from(n).ok());
    let named = |field: &str| -> Vec<u16> {
        let of = |v: &Value| number(v).or_else(|| number(v.get("line_no")?));
        command.get(field).and_then(Value::as_array).into_iter().flatten().filter_map(of).collect()
    };
    let one = |field: &str| command.get(field).and_then(number);
    let mut lines = named("lines");
    lines.extend(["line_no", "main_line_no"].into_iter().filter_map(one));
    if let Some(group) = one("claim_group") {
        let returns = order.after.returns.iter().filter(|r| r.group == group).flat_map(|r| &r.lines);
        let exchanges = order.after.exchanges.iter().filter(|e| e.group == group);
        lines.extend(returns.map(|l| l.line_no).chain(exchanges.map(|e| e.line_no)));
    }
    if let (true, Some(no)) = (lines.is_empty(), text(command, "waybill_no")) {
        let on = |l: &&Line| l.delivery.waybills.iter().any(|w| *w.no == *no);
        lines.extend(order.lines.iter().filter(on).map(|l| l.no));
    }
    if lines.is_empty() {
        return order.lines.iter().map(|l| l.no).collect();
    }
    lines.extend(named("waybills"));
    lines
}

/// Whose a thing of the catalogue is, by the field that names it.
enum Thing {
    /// whose stock it is
    Stock,
    /// who sells it
    Sku,
    Product,
    Template,
    /// the partner itself
    Partner(&'static str),
}

/// What commands about goods name that has to be the partner's own; what is not there is nobody's.
fn things(name: &str) -> Result<&'static [Thing], &'static str> {
    Ok(match name {
        "receive_stock" | "shrink_stock" | "adjust_stock" => &[Thing::Stock],
        "create_campaign" | "change_campaign" | "pause_campaign" | "resume_campaign" => &[Thing::Sku],
        "create_sku" => &[Thing::Product, Thing::Partner("holder_id")],
        "create_product" => &[Thing::Partner("partner_id"), Thing::Template],
        "change_product" => &[Thing::Product],
        "create_template" => &[Thing::Partner("partner_id")],
        "change_template" => &[Thing::Template],
        // what goes to the buyer instead of, or beside, its own goods
        "add_gift" | "request_exchange" | "approve_exchange" => &[Thing::Sku],
        "create_promotion" | "create_gift_promotion" | "change_gift_promotion" => {
            return Err("a promotion is for any seller's goods: not for a partner");
        }
        _ => &[],
    })
}

async fn own(
    shared: &Shared,
    partner: &PartnerId,
    thing: &Thing,
    command: &Map<String, Value>,
) -> Result<bool, HttpResponse> {
    let store = &shared.parts.store;
    let field = match thing {
        Thing::Stock | Thing::Sku => "sku_id",
        Thing::Product => "product_id",
        Thing::Template => "template_id",
        Thing::Partner(field) => field,
    };
    // a field that has to be there is asked for by the lane
    let Some(id) = text(command, field) else { return Ok(true) };
    let whose = match thing {
        Thing::Partner(_) => Some(id.into()),
        Thing::Product => {
            let Ok(id) = ProductId::new(id) else { return Ok(true) };
            let rows = store.products(&[id]).await.map_err(|e| problem::store(&e))?;
            rows.into_iter().next().map(|r| r.ptnr_id)
        }
        Thing::Template => {
            let Ok(id) = TemplateId::new(id) else { return Ok(true) };
            let rows = store.templates(&[id]).await.map_err(|e| problem::store(&e))?;
            rows.into_iter().next().map(|r| r.ptnr_id)
        }
        Thing::Stock | Thing::Sku => {
            let Ok(id) = SkuId::new(id) else { return Ok(true) };
            let found = store.skus(&[id]).await.map_err(|e| problem::store(&e))?;
            let holder = |s: &crate::store::StoredSku| s.unit.hldr_id.clone().filter(|_| matches!(thing, Thing::Stock));
            found.into_iter().next().map(|s| holder(&s).unwrap_or(s.product.ptnr_id))
        }
    };
    Ok(whose.is_some_and(|w| *w == *partner.as_str()))
}
