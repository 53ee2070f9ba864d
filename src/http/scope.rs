//! What is whose at the HTTP API: a customer's orders, a partner's lines and goods. The lanes trust an actor; a token is one
//! partner's or speaks for one customer, so whose a thing is gets looked at here.

use std::sync::Arc;

use actix_web::HttpRequest;
use serde_json::{Map, Value};

use super::{
    AppState,
    caller::Caller,
    figures,
    folds::{FoldFor, Unfolded},
    guard::{deny, note_denied},
    problem::{ApiError, ProblemKind},
};
use crate::{
    domain::{
        ids::{OrderId, PartnerId, ProductId, SkuId, TemplateId},
        money::Won,
        order::{
            Order,
            change::Preview,
            state::{Line, Placement},
        },
        reason::Facts,
    },
    history::replay::{Applied, Folded, Folding},
    protocol::{
        Answer, OutcomeKind,
        command::{ActorRole, Wire},
    },
    store::rows::HistRow,
};

/// An order as its history tells it.
pub struct Known {
    pub order: Order,
    pub applied: Vec<Applied>,
}

/// How much of an order somebody sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// staff's: all of it
    Whole,
    /// the buyer's: all of it
    Buyer,
    /// a seller's: its own part
    Part(PartnerId),
}

impl Sight {
    /// Of a part: whose.
    pub const fn seller(&self) -> Option<&PartnerId> {
        match self {
            Sight::Part(partner) => Some(partner),
            Sight::Whole | Sight::Buyer => None,
        }
    }
}

/// An order that the caller may see, whole, and how much of it.
pub struct VisibleOrder {
    pub order: Order,
    pub sight: Sight,
}

impl VisibleOrder {
    /// What the caller sees of it.
    pub fn seen(&self) -> Order {
        self.sight.seller().map_or_else(|| self.order.clone(), |seller| self.order.part_of(seller))
    }
}

/// The order as its history tells it, with its commands; `None`: there is none.
///
/// # Errors
/// When it can't be read.
pub async fn folded(shared: &AppState, whom: FoldFor<'_>, id: &str) -> Result<Option<Known>, ApiError> {
    let Ok(order_id) = OrderId::new(id) else { return Ok(None) };
    let found = shared.folds.through(whom, &*shared.parts.store, &order_id, Knowing::default(), Knowing::add).await;
    Ok(found.map_err(|e| e.error(id))?.and_then(Knowing::end))
}

/// An order that is made of its history, piece by piece.
#[derive(Default)]
struct Knowing(Folding);

impl Knowing {
    fn add(&mut self, rows: Vec<HistRow>) -> Result<(), String> {
        self.0.add(&rows)
    }

    fn end(self) -> Option<Known> {
        self.0.end().map(|Folded { order, applied }| Known { order, applied })
    }
}

/// The same of a short history that is there.
///
/// # Errors
/// When it can't be read.
pub fn read(rows: Vec<HistRow>) -> Result<Option<Known>, ApiError> {
    let id = rows.first().map(|row| Arc::clone(&row.ord_id)).unwrap_or_default();
    let mut knowing = Knowing::default();
    knowing.add(rows).map_err(|e| Unfolded::History(e).error(&id))?;
    Ok(knowing.end())
}

/// The order, if there is one and the caller may see it.
///
/// # Errors
/// When not, without a hint that it may be somebody else's.
pub async fn theirs(
    shared: &AppState,
    request: &HttpRequest,
    caller: &Caller,
    id: &str,
) -> Result<VisibleOrder, ApiError> {
    visible(shared, request, caller, FoldFor::Reader(&caller.actor()), id).await
}

async fn visible(
    shared: &AppState,
    request: &HttpRequest,
    caller: &Caller,
    whom: FoldFor<'_>,
    id: &str,
) -> Result<VisibleOrder, ApiError> {
    let unknown = || ProblemKind::NotFound.error(format!("there is no order {id}"));
    let found =
        folded(shared, whom, id).await?.filter(|f| f.order.placement != Placement::Failed).ok_or_else(unknown)?;
    let Some(sight) = sight(caller, &found) else {
        note_denied(request, caller.name(), "somebody else's order");
        return Err(unknown());
    };
    Ok(VisibleOrder { order: found.order, sight })
}

/// How much of it the caller sees: its customer and a partner that bought it all, a partner that sells lines of it those;
/// `None`: nothing.
pub fn sight(caller: &Caller, found: &Known) -> Option<Sight> {
    let order = &found.order;
    match caller {
        Caller::Anyone | Caller::Operator { .. } | Caller::Auditor { .. } | Caller::Payment { .. } => {
            Some(Sight::Whole)
        }
        Caller::Checkout { customer, .. } => {
            let theirs = customer.as_ref() == Some(&order.customer_id) && !order.by_partner;
            theirs.then_some(Sight::Buyer)
        }
        Caller::Partner { partner } if order.customer_id.as_str() == partner.as_str() && order.by_partner => {
            Some(Sight::Buyer)
        }
        Caller::Partner { partner } => {
            let sells = order.lines.iter().any(|l| order.seller_of(l) == Some(partner));
            sells.then(|| Sight::Part(partner.clone()))
        }
        Caller::Metrics | Caller::Nobody => None,
    }
}

/// An answer as its caller may read it: of the figures of what it sells or holds; a seller of its own lines, and nothing of how
/// the buyer pays.
///
/// # Errors
/// When the order or a SKU can't be read.
pub async fn heard(shared: &AppState, caller: &Caller, answer: Arc<Answer>) -> Result<Arc<Answer>, ApiError> {
    let answer = figures::heard(shared, caller, answer).await?;
    let (Caller::Partner { .. }, Some(id)) = (caller, answer.order_id.as_deref()) else { return Ok(answer) };
    // what a refusal says, the partner asked for; what was done tells the order's sums
    let sums = |f: &Facts| f.total.is_some() || f.due.is_some() || f.deadline.is_some();
    let told = answer.outcome == OutcomeKind::Accepted && sums(&answer.facts);
    if answer.facts.preview.is_none()
        && answer.facts.refunds.is_empty()
        && answer.facts.omitted_gifts.is_empty()
        && !told
    {
        return Ok(answer);
    }
    let found = folded(shared, FoldFor::Actor(&caller.actor()), id).await?;
    let sight = found.as_ref().and_then(|f| sight(caller, f));
    if sight == Some(Sight::Buyer) {
        return Ok(answer);
    }
    let mut answer = Answer::clone(&answer);
    answer.facts.refunds.clear();
    if told {
        (answer.facts.total, answer.facts.due, answer.facts.deadline) = (None, None, None);
    }
    let seller = sight.as_ref().and_then(Sight::seller);
    let part = found.as_ref().zip(seller).map(|(found, seller)| (&found.order, found.order.part_of(seller)));
    let own = |no: u16| part.as_ref().is_some_and(|(_, part)| part.line(no).is_some());
    answer.facts.omitted_gifts = answer.facts.omitted_gifts.iter().filter(|l| own(l.line_no)).cloned().collect();
    let seen = part.zip(answer.facts.preview.take()).map(|((whole, part), preview)| previewed(*preview, whole, &part));
    answer.facts.preview = seen.map(Box::new);
    Ok(Arc::new(answer))
}

fn previewed(mut preview: Preview, whole: &Order, part: &Order) -> Preview {
    // a line that the order does not have yet would be made by this very command
    let own = |no: u16| part.line(no).is_some() || whole.line(no).is_none();
    (preview.change.status_before, preview.change.status_after) = (None, None);
    preview.change.settlements.clear();
    preview.refunds.clear();
    preview.change.lines.retain(|l| own(l.line_no));
    preview.gifts.retain(|no| own(*no));
    preview.shortages.retain(|no| own(*no));
    // sums are the whole order's, and what is kept back may settle a debt to another seller
    (preview.total, preview.due, preview.withheld) = (Won::ZERO, Won::ZERO, Won::ZERO);
    let others = |id: &OrderId| {
        let linked = |of: &Order| of.fulfilment.links.iter().any(|l| l.order_id == *id);
        linked(whole) && !linked(part)
    };
    preview.linked_orders.retain(|id| !others(id));
    preview.cancelled_linked_orders.retain(|id| !others(id));
    let skus: Vec<_> = preview.change.lines.iter().map(|l| l.sku_id.clone()).collect();
    preview.stock.retain(|s| skus.contains(&s.sku_id));
    preview
}

/// As whom a command is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentAs {
    /// as who the caller is
    Itself,
    /// as the buyer of what it bought, which a partner may be
    Buyer,
}

/// Whether the caller may send this command about what it is about, and as whom; its type and its actor have been looked at.
///
/// # Errors
/// When it may not.
pub async fn check(
    shared: &AppState,
    request: &HttpRequest,
    caller: &Caller,
    name: &str,
    command: &Map<String, Value>,
) -> Result<SentAs, ApiError> {
    match caller {
        Caller::Checkout { customer, .. } if name == "place_order" => {
            let own = customer.as_ref().map(|c| c.as_str());
            if text(command, "customer_id") != own {
                return Err(deny(request, caller.name(), "a checkout orders for its own customer"));
            }
            Ok(SentAs::Itself)
        }
        // an order that is missing where one is needed is the lane's to ask for
        Caller::Checkout { .. } => match text(command, "order_id") {
            Some(id) => {
                visible(shared, request, caller, FoldFor::Actor(&caller.actor()), id).await.map(|_| SentAs::Itself)
            }
            None => Ok(SentAs::Itself),
        },
        Caller::Partner { partner } if name == "place_order" => {
            let no = |why: &str| deny(request, caller.name(), why);
            if text(command, "customer_id") != Some(partner.as_str()) {
                return Err(no("a partner orders for itself"));
            }
            let kind = command.get("payment").and_then(|p| p.get("kind")).and_then(Value::as_str);
            if kind == Some("approved") {
                return Err(no(
                    "that it has paid is for the payment side to say: place the order unpaid, or with a deposit",
                ));
            }
            Ok(SentAs::Itself)
        }
        Caller::Partner { partner } => {
            let no = |why: &str| deny(request, caller.name(), why);
            // what is previewed is looked at as if it were sent
            let inner = command.get("command").and_then(Value::as_object).filter(|_| name == "preview");
            let (of, name, command) = match inner {
                Some(inner) => (command, text(inner, "type").unwrap_or_default(), inner),
                None => (command, name, command),
            };
            let mut sent_as = SentAs::Itself;
            if let Some(id) = text(of, "order_id") {
                let name_of_it = caller.actor();
                let whom = if inner.is_some() { FoldFor::Reader(&name_of_it) } else { FoldFor::Actor(&name_of_it) };
                let found = visible(shared, request, caller, whom, id).await?;
                if !acts_on(&found, partner, name, command) {
                    return Err(no("a partner acts on lines that it sells: the order has others' too, so name yours"));
                }
                if as_buyer(&found, partner, name) {
                    sent_as = SentAs::Buyer;
                }
            }
            // what a buyer would like instead is the seller's, and the lane sees to that
            for thing in things(name).map_err(no)?.iter().filter(|_| sent_as != SentAs::Buyer) {
                if !own(shared, partner, thing, command).await? {
                    return Err(no("it names something that is not this partner's"));
                }
            }
            Ok(sent_as)
        }
        Caller::Anyone
        | Caller::Payment { .. }
        | Caller::Operator { .. }
        | Caller::Auditor { .. }
        | Caller::Metrics
        | Caller::Nobody => Ok(SentAs::Itself),
    }
}

/// Whether it speaks of the order as who bought it, and not as who sells of it.
fn as_buyer(found: &VisibleOrder, partner: &PartnerId, name: &str) -> bool {
    let sells = || found.order.lines.iter().any(|l| found.order.seller_of(l) == Some(partner));
    found.sight == Sight::Buyer && buyers(name) && !sells()
}

/// Whether it is for buyers, too.
fn buyers(name: &str) -> bool {
    Wire::ROLES.iter().any(|(n, may)| *n == name && may.contains(&ActorRole::Buyer))
}

fn text<'a>(command: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    command.get(field).and_then(Value::as_str)
}

/// Whether a partner may: on the lines that it sells, and as a buyer on an order that it bought.
fn acts_on(found: &VisibleOrder, partner: &PartnerId, name: &str, command: &Map<String, Value>) -> bool {
    let order = &found.order;
    let sells = |no: &u16| order.line(*no).is_none_or(|l| order.seller_of(l) == Some(partner));
    // without names a seller prepares its own lines, which the lane knows
    let unnamed = || command.get("lines").and_then(Value::as_array).is_none_or(Vec::is_empty);
    let of_all = name == "prepare" && unnamed() && order.lines.iter().any(|l| sells(&l.no));
    of_all || (found.sight == Sight::Buyer && buyers(name)) || touched(order, command).iter().all(sells)
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
        let claim = order.claimed_lines(group);
        lines.extend(&claim);
        // a gift is decided with its goods, whoever sells it
        lines.retain(|no| !order.goes_along(*no, &claim));
    }
    if lines.is_empty()
        && let Some(no) = text(command, "waybill_no")
    {
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
        "create_campaign" | "update_campaign" | "pause_campaign" | "resume_campaign" => &[Thing::Sku],
        "create_sku" => &[Thing::Product, Thing::Partner("holder_id")],
        "create_product" => &[Thing::Partner("partner_id"), Thing::Template],
        "update_product" => &[Thing::Product],
        "create_template" | "authorize_buyer" | "revoke_buyer" => &[Thing::Partner("partner_id")],
        "update_template" => &[Thing::Template],
        // what goes to the buyer instead of, or beside, its own goods
        "add_gift" | "request_exchange" | "approve_exchange" => &[Thing::Sku],
        "create_promotion" | "create_gift_promotion" | "update_gift_promotion" => {
            return Err("a promotion is for any seller's goods: not for a partner");
        }
        _ => &[],
    })
}

async fn own(
    shared: &AppState,
    partner: &PartnerId,
    thing: &Thing,
    command: &Map<String, Value>,
) -> Result<bool, ApiError> {
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
            let rows = store.products(&[id]).await?;
            rows.into_iter().next().map(|r| r.ptnr_id)
        }
        Thing::Template => {
            let Ok(id) = TemplateId::new(id) else { return Ok(true) };
            let rows = store.templates(&[id]).await?;
            rows.into_iter().next().map(|r| r.ptnr_id)
        }
        Thing::Stock | Thing::Sku => {
            let Ok(id) = SkuId::new(id) else { return Ok(true) };
            let found = store.skus(&[id]).await?;
            let holder = |s: &crate::store::StoredSku| s.unit.hldr_id.clone().filter(|_| matches!(thing, Thing::Stock));
            found.into_iter().next().map(|s| holder(&s).unwrap_or(s.product.ptnr_id))
        }
    };
    Ok(whose.is_some_and(|w| *w == *partner.as_str()))
}
