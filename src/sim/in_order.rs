//! What the orders of any run have come to: the commands that each has accepted, in the order of its versions, are said to a model
//! that has all the stock there can be. It must take each of them, and come to the same lines and the same money.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use serde_json::Value;

use super::{
    judge::{HeardAnswers, all},
    model::{Model, ModelOutcome},
    tables,
    workload::Shop,
};
use crate::{
    protocol::{Answer, OutcomeKind},
    store::{QueryStore, StoreError, rows::HistRow},
};

/// No deadline comes by itself: who has let it pass is said by what follows.
const NEVER_MS: u64 = 1 << 50;

/// Of so few orders each may be one that the model does not know.
const FEW: usize = 40;

/// An accepted command.
struct Taken<'a> {
    version: i64,
    /// of a purchase: the version by which the partner had answered
    answered: Option<i64>,
    json: &'a str,
    answer: Answer,
}

/// What differs.
pub(super) async fn hold(
    shop: &Shop,
    heard: &HeardAnswers,
    contents: &BTreeMap<String, BTreeSet<String>>,
    store: &Arc<dyn QueryStore>,
) -> Vec<String> {
    let mut model = Model::new(shop.partitions, NEVER_MS);
    for sent in shop.goods().into_iter().flatten() {
        drop(model.say(0, sent.partition, &sent.json));
    }
    model.fill();
    let mut found = Vec::new();
    let begun = match begun(store).await {
        Ok(begun) => begun,
        Err(e) => return vec![format!("model: the histories can't be read: {e}")],
    };
    for (order, taken) in by_order(heard, contents, &begun) {
        let mut answered = None;
        for t in taken {
            if answered.is_some_and(|version| t.version > version) {
                model.asking(&order, false);
            }
            let note = t.answer.reason.as_deref();
            if note == Some("payment_expired") {
                model.expire_one(&order); // before the money came, by whoever noticed
            }
            let expected = model.say(0, 0, t.json);
            if expected.outcome == ModelOutcome::Rejected {
                found.push(format!("model: {} was accepted, expected {:?}", t.json, expected.reasons));
                model.forget(&order);
            }
            if t.answered.is_some() {
                answered = t.answered;
                model.asking(&order, true);
            }
            if t.json.contains(r#""type":"place_order""#) {
                let facts = &t.answer.facts;
                let omitted_gifts: Vec<(u64, i64)> =
                    facts.omitted_gifts.iter().map(|l| (u64::from(l.line_no), i64::from(l.quantity))).collect();
                model.placed_short(&order, facts.total.map_or(0, |total| total.get()), &omitted_gifts);
            }
        }
    }
    model.expire(u64::MAX);
    let (orders, unsure) = (model.orders().count(), model.orders().filter(|o| o.unsure).count());
    // of an order that takes part, one can't always tell which of its units were short
    if orders > FEW && unsure * 10 > orders {
        found.push(format!("model: it does not know what became of {unsure} of {orders} orders"));
    }
    found.extend(tables::orders(&model, store).await);
    found
}

/// By command, the number of its first event.
async fn begun(store: &Arc<dyn QueryStore>) -> Result<HashMap<Arc<str>, i64>, StoreError> {
    let mut begun: HashMap<Arc<str>, i64> = HashMap::new();
    for row in all::<HistRow>(store).await? {
        let first = begun.entry(row.cmd_id).or_insert(row.hist_no);
        *first = row.hist_no.min(*first);
    }
    Ok(begun)
}

/// The commands that each order has accepted, once each, as it took them: at the version that they are answered with. A purchase has
/// its units from when the partner was asked.
fn by_order<'a>(
    heard: &HeardAnswers,
    contents: &'a BTreeMap<String, BTreeSet<String>>,
    begun: &HashMap<Arc<str>, i64>,
) -> BTreeMap<String, Vec<Taken<'a>>> {
    let mut orders: BTreeMap<String, Vec<Taken<'a>>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for answer in heard.since(0).into_iter().filter(|a| a.outcome == OutcomeKind::Accepted) {
        let (Some(order), Some(version)) = (answer.order_id.clone(), answer.order_version) else { continue };
        let own = |json: &&String| {
            let command: Value = serde_json::from_str(json).unwrap_or_default();
            command["order_id"] == *order
        };
        // other content may have come under the id
        let json = contents.get(&*answer.command_id).and_then(|all| all.iter().find(own));
        if let Some(json) = json.filter(|_| seen.insert(answer.command_id.clone())) {
            let asked = begun.get(&answer.command_id).filter(|_| json.contains(r#""type":"purchase_from_partner""#));
            let (version, answered) = asked.map_or((version, None), |asked| (*asked, Some(version)));
            orders.entry(order.to_string()).or_default().push(Taken { version, answered, json, answer });
        }
    }
    orders.values_mut().for_each(|taken| taken.sort_by_key(|t| t.version));
    orders
}
