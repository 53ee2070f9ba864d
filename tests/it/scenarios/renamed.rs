//! Histories that a version before the events' names changed has written: read, folded, told and held to as ever.

use std::collections::BTreeMap;

use jumun::{
    domain::order::event::{EVENT_VERSION, without_words},
    store::rows::HistRow,
};
use serde_json::{Value, json};

use super::{go, judge, line, on_order, paid, pay, place, settled, shop, with};
use crate::{
    docs::root,
    support::world::{On, World},
};

type Names = BTreeMap<String, String>;

/// New names to old ones, of one kind.
fn back(kind: &str) -> Names {
    let all: Value =
        serde_json::from_str(&std::fs::read_to_string(root().join("docs/reference/renames.json")).unwrap()).unwrap();
    let names: Names = serde_json::from_value(all[kind].clone()).unwrap();
    names.into_iter().map(|(old, new)| (new, old)).collect()
}

fn older(value: &mut Value, fields: &Names) {
    match value {
        Value::Object(own) => {
            let old = |(name, mut inner): (String, Value)| {
                older(&mut inner, fields);
                let old = fields.get(&format!("*.{name}")).map_or(name, |old| old[2..].to_owned());
                (old, inner)
            };
            *own = std::mem::take(own).into_iter().map(old).collect();
        }
        Value::Array(items) => items.iter_mut().for_each(|inner| older(inner, fields)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// An event's type and JSON as that version wrote them.
fn as_before(row: &HistRow) -> (String, String) {
    let (events, fields) = (back("events"), back("event_fields"));
    let mut event: Value = serde_json::from_str(&row.evnt).unwrap();
    let kind = events.get(&*row.evnt_typ_cd).cloned().unwrap_or_else(|| row.evnt_typ_cd.to_string());
    if kind == "refund_failed" && event["outcome"] == "no_response" {
        event["outcome"] = "nothing".into();
    }
    older(&mut event, &fields);
    event["type"] = kind.as_str().into();
    let own = event.as_object_mut().unwrap();
    for (new, old) in fields.iter().filter(|(new, _)| new.starts_with(&format!("{kind}."))) {
        if let Some(value) = own.remove(&new[kind.len() + 1..]) {
            own.insert(old[kind.len() + 1..].to_owned(), value);
        }
    }
    (kind, event.to_string())
}

/// Takes the histories back to that version; the program starts upon them. How many types and events it has changed.
async fn taken_back(w: &mut World) -> (usize, usize) {
    let (mut sql, mut types, mut events) = (String::new(), 0, 0);
    for row in w.rows::<HistRow>().await {
        let (kind, json) = as_before(&row);
        types += usize::from(kind != *row.evnt_typ_cd);
        let now: Value = serde_json::from_str(&row.evnt).unwrap();
        events += usize::from(serde_json::from_str::<Value>(&json).unwrap() != now);
        sql += &format!(
            "UPDATE tb_od_ord_hist SET evnt = '{}', evnt_typ_cd = '{kind}', evnt_ver = 1 WHERE ord_id = '{}' AND hist_no = {};\n",
            json.replace('\'', "''"),
            row.ord_id,
            row.hist_no
        );
    }
    w.upgraded(sql.leak()).await;
    (types, events)
}

pub async fn histories_of_old_names_are_read_as_ever(on: On) {
    let mut w = shop(on).await;
    w.sku("A", 10_000, 3_000, 50).await;
    // money that is told again, and money that is not due and can't be given back yet
    w.ok(place("o-1", &[line("A", 2)])).await;
    w.ok(pay("o-1", 23_000)).await;
    w.ok(pay("o-1", 23_000)).await;
    let more = [settled("bank_transfer", 5_000, "k-more")];
    w.ok(json!({"type": "approve_payment", "order_id": "o-1", "settlements": more})).await;
    w.ok(json!({"type": "fail_refund", "order_id": "o-1", "refund_key": "rf:o-1:1", "reason": "no answer", "outcome": "no_response"}))
        .await;
    // stock that is not there
    w.ok(paid("o-2", &[line("A", 3)], 33_000)).await;
    w.ok(judge("o-2", &[(1, 2)])).await;
    // another address, and an exchange whose goods came back worth less
    w.ok(paid("o-3", &[line("A", 1)], 13_000)).await;
    let to = json!({"name": "홍길동", "phone": "010-0000-0000", "zip": "06000", "address": "어느 길 1"});
    w.ok(with(on_order("set_shipping_address", "o-3"), "recipient", to)).await;
    go(&mut w, "o-3", &["prepare", "use_own_stock", "complete_procurement", "ship", "mark_delivered"]).await;
    for step in [
        json!({"type": "request_exchange", "line_no": 1, "quantity": 1, "reason": "defect", "fault": "seller"}),
        json!({"type": "approve_exchange", "claim_group": 1, "resolution": "add_product"}),
        json!({"type": "collect_return", "claim_group": 1}),
        json!({"type": "complete_return", "claim_group": 1,
            "inspected": [{"line_no": 1, "sellable": 1, "withheld_amount": 1_000, "reason": "흠집"}]}),
    ] {
        w.ok(with(step, "order_id", "o-3".into())).await;
    }
    w.rest().await;
    let orders = ["o-1", "o-2", "o-3"];
    let mut before = Vec::new();
    for order in orders {
        before.push(serde_json::to_value(w.timeline(order).await).unwrap());
    }
    let (types, events) = taken_back(&mut w).await;
    assert!(types >= 4 && events >= 10, "{types} types and {events} events of old names");
    for (order, before) in orders.iter().zip(before) {
        assert_eq!(serde_json::to_value(w.timeline(order).await).unwrap(), before);
    }
    w.verified().await;
    // words are found in them
    let rows = w.rows::<HistRow>().await;
    let inspected = rows.iter().find(|r| &*r.evnt_typ_cd == "exchange_inspected").unwrap();
    assert!(inspected.evnt.contains("\"judged\"") && !without_words(&inspected.evnt).unwrap().contains("흠집"));
    // and they go on, in this version
    w.ok(json!({"type": "confirm_refund", "order_id": "o-1", "refund_key": "rf:o-1:1"})).await;
    w.ok(on_order("prepare", "o-2")).await;
    let versions = |rows: &[HistRow], order: &str| -> Vec<i64> {
        let mut of: Vec<_> = rows.iter().filter(|r| &*r.ord_id == order).map(|r| (r.hist_no, r.evnt_ver)).collect();
        of.sort_unstable();
        of.into_iter().map(|(_, version)| version).collect()
    };
    for order in ["o-1", "o-2"] {
        let of = versions(&w.rows::<HistRow>().await, order);
        assert!(of[0] == 1 && of.last() == Some(&EVENT_VERSION), "{of:?}");
    }
    w.done().await;
}
