//! One batch writes what many would: whatever happens to an order, its rows don't depend on how it falls into batches.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{CommandStamp, Effect, LaneOfRows, NumberedEvent, OrderChanged, OrderEvents, write};
use crate::{
    domain::order::{
        Event, Order,
        event::EVENT_VERSION,
        tests::{random, world::World},
    },
    store::Batch,
};

const LANE: LaneOfRows<'static> = LaneOfRows { partition: 3, epoch: 1, asks_refunds: true, vault: None };

/// What an order's history did, each event as a command of its own.
fn effects(w: &World) -> Vec<Effect> {
    let mut order: Option<Order> = None;
    let mut effects = Vec::new();
    for (n, (event, at)) in w.history.iter().enumerate() {
        let placed = order.is_none();
        let before = order.iter().flat_map(|o| o.settlements.iter().filter(|s| o.is_in(s)));
        let paid_before = before.map(|s| s.no).collect();
        Order::step(&mut order, &w.id, event, *at).unwrap();
        let order = Arc::new(order.clone().unwrap());
        let command = CommandStamp {
            id: format!("c-{n:09}").into(),
            digest: "d".into(),
            actor: "system:test".into(),
            entry: "1-0".into(),
            at: *at,
        };
        let events = vec![NumberedEvent::new(event.clone(), order.version, order.status())];
        let events = Arc::new(OrderEvents { order_id: w.id.clone(), command, note: None, events });
        effects.push(Effect::OrderChanged(OrderChanged { order, events, placed, paid_before, personal: None }));
    }
    effects
}

/// All rows by table and key, once these batches are written one after another.
fn tables<'a>(batches: impl Iterator<Item = &'a [Effect]>) -> BTreeMap<(&'static str, String), String> {
    let mut tables = BTreeMap::new();
    for effects in batches {
        let mut batch = Batch::default();
        write(effects, LANE, true, &mut batch).unwrap();
        let mut keys = BTreeSet::new();
        for (table, rows) in batch.written() {
            let is_key = |column: &str| table.key.contains(&column);
            for row in rows {
                let key = table.columns.iter().zip(&row).filter(|((column, _), _)| is_key(column));
                let key = (table.name, format!("{:?}", key.map(|(_, value)| value).collect::<Vec<_>>()));
                assert!(keys.insert(key.clone()), "{key:?} is in one batch twice");
                tables.insert(key, format!("{row:?}"));
            }
        }
    }
    tables
}

#[test]
fn one_batch_writes_what_many_would() {
    random::drawn(200, |w| {
        let effects = effects(w);
        let all = tables(std::iter::once(&*effects));
        let halves = tables(effects.chunks(effects.len().div_ceil(2).max(1)));
        let each = tables(effects.chunks(1));
        assert!(all == halves && all == each, "{:#?}", w.history);
    });
}

#[test]
fn an_order_that_a_batch_places_is_placed_in_its_last_form() {
    random::drawn(200, |w| {
        let mut batch = Batch::default();
        let effects = effects(w);
        if effects.is_empty() {
            return; // it was refused
        }
        write(&effects, LANE, true, &mut batch).unwrap();
        let versions: Vec<i64> = batch.placed.ord.iter().map(|row| row.ord_ver).collect();
        assert!(batch.changed.ord.is_empty() && versions == [i64::try_from(effects.len()).unwrap()], "{versions:?}");
        for row in &batch.hist {
            let Effect::OrderChanged(changed) = &effects[usize::try_from(row.hist_no - 1).unwrap()] else { continue };
            assert_eq!(Event::read(EVENT_VERSION, &row.evnt).as_ref(), Ok(&changed.events.events[0].event));
        }
    });
}
