//! Events as a command made them: numbered at once, written as JSON when their rows are made, and published from there.

use std::sync::{Arc, OnceLock};

use super::CommandStamp;
use crate::{
    domain::{
        ids::OrderId,
        order::event::{EVENT_VERSION, Event},
        status::Status,
    },
    history::replay::{Applied, HistoryPlace, record},
    protocol::event::publish,
    store::rows::HistRow,
};

/// What one command did to an order.
#[derive(Debug)]
pub struct OrderEvents {
    pub order_id: OrderId,
    pub command: CommandStamp,
    /// reason and facts of the answer, as JSON: kept with the first event
    pub note: Option<Arc<str>>,
    pub events: Vec<NumberedEvent>,
}

/// An event with its place in the order's history.
#[derive(Debug)]
pub struct NumberedEvent {
    pub no: i64,
    /// the order's after it
    pub status: Status,
    pub event: Event,
    json: OnceLock<Result<Arc<str>, String>>,
}

impl NumberedEvent {
    /// An event that left the order at this version and in this status.
    pub fn new(event: Event, version: u32, status: Status) -> Self {
        Self { no: i64::from(version), status, event, json: OnceLock::new() }
    }

    /// The event as JSON, made once; `scratch` is memory to write in: a string that grows is copied a few times.
    ///
    /// # Errors
    /// A sentence, for what is no JSON.
    pub fn json(&self, scratch: &mut Vec<u8>) -> Result<&Arc<str>, &str> {
        self.json.get_or_init(|| json(&self.event, scratch)).as_ref().map_err(String::as_str)
    }
}

/// A value as JSON, written in `scratch` first.
///
/// # Errors
/// A sentence, for what is no JSON.
pub fn json(value: &impl serde::Serialize, scratch: &mut Vec<u8>) -> Result<Arc<str>, String> {
    scratch.clear();
    serde_json::to_writer(&mut *scratch, value).map_err(|e| e.to_string())?;
    std::str::from_utf8(scratch).map(Arc::from).map_err(|e| e.to_string())
}

impl OrderEvents {
    /// Adds them to what is known of the order's commands.
    pub fn record(&self, applied: &mut Vec<Applied>) {
        for (event, i) in self.events.iter().zip(0..) {
            let place = HistoryPlace {
                command_id: &self.command.id,
                digest: &self.command.digest,
                no: event.no,
                status: event.status.code().into(),
                note: self.note.as_ref().filter(|_| i == 0),
            };
            record(applied, &place, &event.event);
        }
    }

    /// The rows of the order's history.
    pub(super) fn rows(&self, scratch: &mut Vec<u8>, into: &mut Vec<HistRow>) -> Result<(), String> {
        let command = &self.command;
        for (event, i) in self.events.iter().zip(0i64..) {
            into.push(HistRow {
                ord_id: self.order_id.shared(),
                hist_no: event.no,
                cmd_id: Arc::clone(&command.id),
                cmd_evnt_no: i,
                cmd_dgst: Arc::clone(&command.digest),
                evnt_typ_cd: event.event.name().into(),
                evnt_ver: EVENT_VERSION,
                evnt: Arc::clone(event.json(scratch)?),
                actr: Arc::clone(&command.actor),
                ord_stat_cd: event.status.code().into(),
                ansr: self.note.clone().filter(|_| i == 0),
                strm_entr: (i == 0).then(|| Arc::clone(&command.entry)),
                hist_dttm: command.at,
            });
        }
        Ok(())
    }
}

/// Events that leave once they are durable.
#[derive(Debug, Clone)]
pub enum OutgoingEvents {
    /// decided by this lane
    Decided(Arc<OrderEvents>),
    /// read from the store, to be published again
    Stored(HistRow),
}

impl OutgoingEvents {
    /// Whose, and the number of the first.
    pub fn place(&self) -> (&str, i64) {
        match self {
            Self::Decided(of) => (of.order_id.as_str(), of.events.first().map_or(0, |e| e.no)),
            Self::Stored(row) => (&row.ord_id, row.hist_no),
        }
    }

    /// As they are published, an object each.
    pub fn published(&self) -> Vec<String> {
        match self {
            Self::Decided(of) => {
                let (mut scratch, c) = (Vec::new(), &of.command);
                let json = |e: &NumberedEvent| {
                    // what is no JSON has no row, and is never durable
                    let json = e.json(&mut scratch).ok()?;
                    Some(publish(of.order_id.as_str(), e.no, EVENT_VERSION, c.at, &c.id, json))
                };
                of.events.iter().filter_map(json).collect()
            }
            Self::Stored(r) => vec![publish(&r.ord_id, r.hist_no, r.evnt_ver, r.hist_dttm, &r.cmd_id, &r.evnt)],
        }
    }
}
