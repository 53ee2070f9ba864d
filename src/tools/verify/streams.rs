//! R1 and R5: what the streams retain, held to what is committed; and what the other passes want to know of it.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use super::{Findings, Options, Promise, VerifyError, answers, pages::mark};
use crate::{
    domain::{
        ids::OrderId,
        order::event::{EVENT_VERSION, current, published},
        reason::Reason,
    },
    log::{CommandLog, DEAD_COMMAND_BYTES_MAX, EntryId, Origin, Outbound},
    protocol::{Answer, OutcomeKind, Unreadable, decode, event::Published},
    store::{QueryStore, rows::HistRow, rows::LdgrRow},
};

/// How many answers, events and ledger positions are remembered, as marks of 8 bytes.
const KEPT_MAX: usize = 5_000_000;
/// Stream entries read at once; each holds up to a hundred answers or more events.
const ENTRIES: usize = 100;
/// How many answers a lane remembers, by default (`--dedup-window`).
const REFUSALS_KEPT: usize = 100_000;
/// Who the lanes' own steps are done by: nobody is told.
const LANE: &str = "system:lane";

/// Which refusals of a SKU are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefusalKind {
    /// of an adjustment: what is on hand counts
    Count,
    FirstLine,
    LaterLine,
}

/// A SKU's refusals by (ledger position, units said to be left, kind): an example's command id, and the fewest units asked.
pub type Refusals = BTreeMap<(i64, i64, RefusalKind), (Arc<str>, Option<i64>)>;

/// What is retained, as the other passes need it.
#[derive(Default)]
pub struct Retained {
    /// (partition, entry, command) of every answer
    answers: HashSet<u64>,
    /// command ids with an answer
    commands: HashSet<u64>,
    /// (command, content) → how it was answered first, and the answers that had been read by then
    words: HashMap<u64, (u64, usize)>,
    failed: HashSet<u64>,
    /// event ids
    events: HashSet<u64>,
    /// (SKU, position) → command and on hand, as accepted answers state them
    positions: HashMap<u64, (u64, i64)>,
    pub refusals: HashMap<Arc<str>, Refusals>,
    /// by partition: everything younger than this is still retained (ms)
    answer_floor: HashMap<i64, u64>,
    event_floor: HashMap<i64, u64>,
    full: bool,
}

/// Reads all streams.
pub async fn check(
    store: &Arc<dyn QueryStore>,
    log: &dyn CommandLog,
    options: &Options,
    f: &mut Findings,
) -> Result<Retained, VerifyError> {
    let partitions = log.partitions().await?.ok_or(VerifyError::Unopened)?;
    rest(log, partitions, options, f).await?;
    let mut kept = Retained::default();
    for partition in 0..partitions {
        let mut streams = vec![Outbound::Answers];
        streams.extend(log.reply_names(partition).await?.into_iter().map(Outbound::AnswersTo));
        for stream in streams {
            let mut reading = Reading::new(log, partition, stream);
            while let Some(entries) = reading.next().await? {
                let told = kept.read_answers(partition, &entries, f);
                Box::pin(answers::compare(store, &told, f)).await?;
            }
            kept.floor(partition, reading.oldest, true);
        }
        let mut reading = Reading::new(log, partition, Outbound::Events);
        while let Some(entries) = reading.next().await? {
            let events = kept.read_events(&entries, f);
            Box::pin(compare_events(store, &events, f)).await?;
        }
        kept.floor(partition, reading.oldest, false);
    }
    for partition in 0..partitions {
        let mut reading = Reading::new(log, partition, Outbound::Dead);
        while let Some(entries) = reading.next().await? {
            for entry in entries {
                kept.dead(partition, &entry.json, f);
            }
        }
    }
    if kept.full {
        f.note(Promise::R1, format!("more than {KEPT_MAX} answers, events or positions are retained: those beyond were not matched with commits"));
    }
    Ok(kept)
}

/// Waits until nothing is pending or unread; what is left then is a violation.
async fn rest(log: &dyn CommandLog, partitions: u32, options: &Options, f: &mut Findings) -> Result<(), VerifyError> {
    const LOOK: Duration = Duration::from_millis(100);
    let mut left = options.settle;
    let mut calm = 0;
    loop {
        let mut restless = Vec::new();
        for partition in 0..partitions {
            let stats = log.stats(partition).await?;
            if stats.lag + stats.pending > 0 {
                restless.push((partition, stats));
            }
        }
        calm = if restless.is_empty() { calm + 1 } else { 0 };
        // steps between lanes hop: one look may fall between two of them
        let enough = if options.settle.is_zero() { 1 } else { 5 };
        if calm >= enough || left.is_zero() {
            f.saw(Promise::R1, usize::try_from(partitions).unwrap_or(0));
            for (partition, s) in restless {
                let what =
                    format!("partition {partition}: {} commands unread, {} read and not answered", s.lag, s.pending);
                f.bad(Promise::R1, what);
            }
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
        left = left.saturating_sub(LOOK);
    }
}

/// An outbound stream from its beginning.
struct Reading<'a> {
    log: &'a dyn CommandLog,
    partition: u32,
    stream: Outbound,
    after: EntryId,
    oldest: Option<EntryId>,
}

impl<'a> Reading<'a> {
    fn new(log: &'a dyn CommandLog, partition: u32, stream: Outbound) -> Self {
        Self { log, partition, stream, after: EntryId::ZERO, oldest: None }
    }

    async fn next(&mut self) -> Result<Option<Vec<crate::log::OutEntry>>, VerifyError> {
        let entries = self.log.follow(self.partition, &self.stream, self.after, ENTRIES, Duration::ZERO).await?;
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Ok(None) };
        self.oldest.get_or_insert(first.id);
        self.after = last.id;
        Ok(Some(entries))
    }
}

impl Retained {
    fn floor(&mut self, partition: u32, oldest: Option<EntryId>, answers: bool) {
        let Some(oldest) = oldest else { return };
        let floors = if answers { &mut self.answer_floor } else { &mut self.event_floor };
        let floor = floors.entry(i64::from(partition)).or_default();
        *floor = (*floor).max(oldest.ms);
    }

    fn read_answers(&mut self, partition: u32, entries: &[crate::log::OutEntry], f: &mut Findings) -> Vec<Answer> {
        let mut all = Vec::new();
        for entry in entries {
            let answers: Vec<Answer> = match serde_json::from_str(&entry.json) {
                Ok(answers) => answers,
                Err(e) => {
                    f.bad(Promise::R1, format!("partition {partition}, answers {}: not readable: {e}", entry.id));
                    continue;
                }
            };
            for a in &answers {
                self.full |= self.answers.len() >= KEPT_MAX;
                if !self.full {
                    // the command stands beside the entry, because the two inbound streams number apart
                    let fresh = self.answers.insert(mark((partition, &a.entry, &a.command_id)));
                    f.hold(Promise::R1, fresh, || {
                        format!("command {}: entry {} was answered twice", a.command_id, a.entry)
                    });
                    self.commands.insert(mark(&a.command_id));
                    self.same_words(a, f);
                    self.remember(a);
                }
            }
            all.extend(answers);
        }
        all
    }

    /// R2: what was answered once is answered again. A refusal has no row: only so many answers later it may be another.
    fn same_words(&mut self, a: &Answer, f: &mut Findings) {
        if !answers::stands(a) || a.facts.preview.is_some() {
            return;
        }
        let (said, read) = (mark((a.outcome.word(), &a.reason)), self.answers.len());
        let (first, at) = *self.words.entry(mark((&a.command_id, &a.digest))).or_insert((said, read));
        let forgotten = read - at > REFUSALS_KEPT;
        f.hold(Promise::R2, first == said || forgotten, || {
            let (id, reason) = (&a.command_id, a.reason.as_deref().unwrap_or("no reason"));
            format!(
                "command {id}: answered twice, and not alike: entry {} says {} ({reason})",
                a.entry,
                a.outcome.word()
            )
        });
    }

    fn remember(&mut self, a: &Answer) {
        match a.outcome {
            OutcomeKind::Accepted => {
                for s in &a.facts.stock {
                    let at = mark((s.sku_id.as_str(), s.position));
                    self.positions.insert(at, (mark(&*a.command_id), s.on_hand));
                }
            }
            OutcomeKind::Failed => {
                self.failed.insert(mark(&a.command_id));
            }
            OutcomeKind::Rejected => {
                let short = [Reason::SoldOut.code(), Reason::InsufficientStock.code()];
                let facts = &a.facts;
                if !a.reason.as_deref().is_some_and(|r| short.contains(&r)) {
                    return;
                }
                if let (Some(sku), Some(available), Some(requested), Some(position)) =
                    (&facts.sku_id, facts.available, facts.requested, facts.position)
                {
                    let told = match facts.line_no {
                        None => RefusalKind::Count,
                        Some(1) => RefusalKind::FirstLine,
                        Some(_) => RefusalKind::LaterLine,
                    };
                    let of = self.refusals.entry(sku.shared()).or_default();
                    let (_, fewest) =
                        of.entry((position, available, told)).or_insert_with(|| (Arc::clone(&a.command_id), None));
                    if told != RefusalKind::Count {
                        *fewest = Some(fewest.map_or(requested, |n| n.min(requested)));
                    }
                }
            }
        }
    }

    fn read_events(&mut self, entries: &[crate::log::OutEntry], f: &mut Findings) -> Vec<serde_json::Value> {
        let mut all = Vec::new();
        for entry in entries {
            match serde_json::from_str::<Vec<serde_json::Value>>(&entry.json) {
                Ok(events) => all.extend(events),
                Err(e) => f.bad(Promise::R5, format!("events {}: not readable: {e}", entry.id)),
            }
        }
        for event in &all {
            self.full |= self.events.len() >= KEPT_MAX;
            if let Some(id) = event.get("event_id").and_then(|id| id.as_str()).filter(|_| !self.full) {
                self.events.insert(mark(id));
            }
        }
        all
    }

    /// A dead letter whose id can be read was answered as failed.
    fn dead(&self, partition: u32, json: &str, f: &mut Findings) {
        let letter: serde_json::Value = serde_json::from_str(json).unwrap_or_default();
        let text = |name: &str| letter.get(name).and_then(|v| v.as_str()).unwrap_or_default();
        if text("command").len() >= DEAD_COMMAND_BYTES_MAX {
            return; // cut: what is left may read as a whole command, and was none
        }
        let id = match decode(text("command").as_bytes()) {
            Ok(command) => command.id,
            Err(Unreadable::Refused { id, .. }) => id,
            Err(Unreadable::Dead { .. }) => return,
        };
        let young = text("entry")
            .parse::<EntryId>()
            .is_ok_and(|e| self.retains(&self.answer_floor, i64::from(partition), e.ms));
        if young {
            f.hold(Promise::R1, self.failed.contains(&mark(id.as_str())), || {
                format!("command {id}: a dead letter (entry {}) without an answer", text("entry"))
            });
        }
    }

    fn retains(&self, floors: &HashMap<i64, u64>, partition: i64, ms: u64) -> bool {
        !self.full && floors.get(&partition).is_some_and(|floor| ms > *floor)
    }

    /// R1, from the other side: a committed command, younger than the oldest answer that is retained, has its answer.
    pub fn answered(&self, f: &mut Findings, partition: i64, cmd_id: &Arc<str>, actor: &str, entry: Option<&str>) {
        let Some(entry) = entry.and_then(|e| e.parse::<Origin>().ok()).map(|origin| origin.id) else { return };
        if actor != LANE && self.retains(&self.answer_floor, partition, entry.ms) {
            f.hold(Promise::R1, self.commands.contains(&mark(cmd_id)), || {
                format!("command {cmd_id}: committed (entry {entry} of partition {partition}) and never answered")
            });
        }
    }

    /// R7: a committed event, younger than the oldest one retained, was published.
    pub fn published(&self, f: &mut Findings, partition: i64, row: &HistRow) {
        let ms = u64::try_from(row.hist_dttm.timestamp_millis()).unwrap_or(0);
        if self.retains(&self.event_floor, partition, ms) {
            let id = format!("{}/{}", row.ord_id, row.hist_no);
            f.hold(Promise::R7, self.events.contains(&mark(id.as_str())), || {
                format!("event {id}: committed and never published")
            });
        }
    }

    /// R4: a ledger row that an accepted answer names is that command's.
    pub fn moved(&mut self, f: &mut Findings, row: &LdgrRow) {
        if let Some(said) = self.positions.remove(&mark((&*row.unt_id, row.ldgr_no))) {
            // what had to be asked elsewhere first is done by the reply, and answered under its own id
            let by = said.0 == mark(&*row.cmd_id) || row.cmd_id.starts_with("reply:");
            f.hold(Promise::R4, by && said.1 == row.stck_qty, || {
                format!(
                    "SKU {}, ledger row {}: command {} left {} on hand, an accepted answer says otherwise",
                    row.unt_id, row.ldgr_no, row.cmd_id, row.stck_qty
                )
            });
        }
    }

    /// Ledger rows (and SKUs) that answers name and that are not there.
    pub fn unmoved(&self, f: &mut Findings) {
        if !self.positions.is_empty() {
            f.bad(
                Promise::R4,
                format!("{} ledger rows that accepted answers name are not there", self.positions.len()),
            );
        }
        for (sku, refusals) in &self.refusals {
            if let Some((command, _)) = refusals.values().next() {
                f.bad(
                    Promise::R4,
                    format!("SKU {sku}: command {command} was refused its units, but there is no such SKU"),
                );
            }
        }
    }
}

/// R5: every event that is out is a row of its order's history, word for word.
async fn compare_events(
    store: &Arc<dyn QueryStore>,
    events: &[serde_json::Value],
    f: &mut Findings,
) -> Result<(), VerifyError> {
    for some in events.chunks(1_000) {
        let mut ids: Vec<OrderId> =
            some.iter().filter_map(|e| e.get("order_id").and_then(|id| id.as_str())).map(OrderId::stored).collect();
        ids.sort();
        ids.dedup();
        let histories = store.orders(&ids).await?;
        let rows: HashMap<(&str, i64), &HistRow> =
            histories.iter().flatten().map(|r| ((&*r.ord_id, r.hist_no), r)).collect();
        for event in some {
            f.saw(Promise::R5, 1);
            // one that a version before published is held to what its row says today
            let mut event = event.clone();
            published(&mut event);
            let event = &event;
            let Ok(told) = serde_json::from_value::<Published>(event.clone()) else {
                f.bad(Promise::R5, format!("an event that can't be read was published: {event}"));
                continue;
            };
            let wanted = rows.get(&(&*told.order_id, told.sequence)).and_then(|r| to_tell(r));
            if !wanted.as_ref().is_some_and(|row| same(row, event)) {
                f.bad(
                    Promise::R5,
                    format!("event {}: published, but its row is not there or says otherwise", told.event_id),
                );
            }
        }
    }
    Ok(())
}

/// What is to be told of a history's row (docs/reference/protocol.md). Tokens and account numbers, which old events hold, are not.
fn to_tell(row: &HistRow) -> Option<serde_json::Value> {
    let mut event: serde_json::Value = serde_json::from_str(&current(row.evnt_ver, &row.evnt).ok()?).ok()?;
    hide(&mut event);
    Some(serde_json::json!({
        "event_id": format!("{}/{}", row.ord_id, row.hist_no),
        "order_id": row.ord_id,
        "sequence": row.hist_no,
        "version": EVENT_VERSION,
        "at": row.hist_dttm.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        "command_id": row.cmd_id,
        "event": event,
    }))
}

/// Whether an event was published as its row has it. Published before it was erased, it has words where the row has none; before
/// account numbers were taken out of rows, one where the row says `deposit`.
fn same(row: &serde_json::Value, told: &serde_json::Value) -> bool {
    use serde_json::Value;
    let text = |field: &str, is: &Value, was: &Value| {
        let gone = match field {
            "reason" | "waived" => "",
            "approval_id" => "deposit",
            _ => return false,
        };
        is == gone && was.is_string()
    };
    match (row, told) {
        (Value::Object(row), Value::Object(told)) => {
            row.len() == told.len()
                && row
                    .iter()
                    .all(|(field, is)| told.get(field).is_some_and(|was| text(field, is, was) || same(is, was)))
        }
        (Value::Array(row), Value::Array(told)) => {
            row.len() == told.len() && row.iter().zip(told).all(|(is, was)| same(is, was))
        }
        (row, told) => row == told,
    }
}

fn hide(value: &mut serde_json::Value) {
    use serde_json::Value;
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !matches!(name.as_str(), "token" | "account_no"));
            fields.values_mut().for_each(hide);
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
