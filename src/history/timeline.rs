//! Timeline: what happened to an order, when, by whom, why, with money before and after; and why a command was refused:
//! position, stock and rule at that moment. Accepted commands are told from the history, refused ones from the answers that
//! the streams still retain.

use std::{fmt::Write as _, sync::Arc};

use serde::Serialize;

use crate::{
    domain::{
        Time,
        ids::{OrderId, PartnerId},
        order::{
            Event, Order,
            change::{Change, change},
        },
        reason::Facts,
    },
    log::{CommandLog, EntryId, LogError, Origin, OutEntry, Outbound},
    protocol::{Answer, OutcomeKind},
    store::{QueryStore, StoreError, rows::HistRow},
};

/// An order's story.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Timeline {
    pub order_id: String,
    /// `None`: no such order was ever placed
    pub status: Option<&'static str>,
    pub status_korean: Option<&'static str>,
    pub entries: Vec<Entry>,
    /// whether refused commands could be looked for
    pub refusals_known: bool,
    /// whether all answers that are retained were looked through; `false`: only the newest, or none, and asking again may
    /// tell more
    pub refusals_complete: bool,
    /// where it lives
    #[serde(skip)]
    partition: Option<u32>,
}

/// One thing that happened, or was refused.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Entry {
    Event {
        at: Time,
        sequence: i64,
        /// who asked: `role:id`
        by: String,
        command_id: String,
        what: &'static str,
        /// as stored; a seller hears what it changes of its own part
        #[serde(skip_serializing_if = "Option::is_none")]
        event: Option<Box<Event>>,
        change: Change,
    },
    Refused {
        at: Time,
        command_id: String,
        /// the rule: a stable code
        reason: String,
        message: String,
        /// position, stock, status, amounts: what it was decided on
        facts: Box<Facts>,
    },
}

impl Entry {
    const fn at(&self) -> Time {
        match self {
            Entry::Event { at, .. } | Entry::Refused { at, .. } => *at,
        }
    }
}

/// Why it could not be told.
#[derive(Debug, thiserror::Error)]
pub enum TimelineError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("{0}")]
    History(String),
}

/// Where refused commands are looked for.
pub struct Answers {
    pub log: Arc<dyn CommandLog>,
    /// besides the common answers', the streams of these names (`reply_to`)
    pub names: Vec<Arc<str>>,
    /// pages of each partition's stream at most, from the newest on
    pub pages_max: usize,
}

/// Tells an order's story, without what was refused.
///
/// # Errors
/// [`TimelineError`], when the store can't be read or the history does not fold.
pub async fn timeline(store: &dyn QueryStore, id: &OrderId) -> Result<Timeline, TimelineError> {
    let mut telling = Telling::new(id.clone(), None);
    for rows in store.orders(std::slice::from_ref(id)).await? {
        telling.add(rows).map_err(TimelineError::History)?;
    }
    telling.end(store).await
}

/// A story that is told piece by piece.
#[derive(Debug)]
pub struct Telling {
    id: OrderId,
    /// of whose part it is
    seller: Option<PartnerId>,
    order: Option<Order>,
    entries: Vec<Entry>,
}

impl Telling {
    /// An order's; with a seller: as far as it is about its own part.
    pub const fn new(id: OrderId, seller: Option<PartnerId>) -> Self {
        Self { id, seller, order: None, entries: Vec::new() }
    }

    /// Goes on with the rows that follow.
    ///
    /// # Errors
    /// A sentence, when the history does not fold.
    pub fn add(&mut self, rows: Vec<HistRow>) -> Result<(), String> {
        for row in rows {
            let event = Event::read(row.evnt_ver, &row.evnt)?;
            let before = self.order.clone();
            Order::step(&mut self.order, &self.id, &event, row.hist_dttm).map_err(|m| m.to_string())?;
            let (what, change, event, by) = match (&self.seller, &self.order) {
                (Some(seller), Some(after)) => {
                    let Some(change) = own_change(before.as_ref(), after, seller) else { continue };
                    (event.name(), change, None, of_role(&row.actr, seller))
                }
                (None, Some(after)) => {
                    (event.name(), change(before.as_ref(), after), Some(Box::new(event)), row.actr.to_string())
                }
                (_, None) => continue,
            };
            let (at, sequence, command_id) = (row.hist_dttm, row.hist_no, row.cmd_id.to_string());
            self.entries.push(Entry::Event { at, sequence, by, command_id, what, event, change });
        }
        Ok(())
    }

    /// The story, once all rows were told.
    ///
    /// # Errors
    /// The store's.
    pub async fn end(self, store: &dyn QueryStore) -> Result<Timeline, TimelineError> {
        let Self { id, seller, order, entries } = self;
        let order = order.map(|o| seller.map_or_else(|| o.clone(), |seller| o.part_of(&seller)));
        let status = order.as_ref().map(Order::status);
        let stored = store.rows_of_orders(std::slice::from_ref(&id)).await?;
        Ok(Timeline {
            order_id: id.to_string(),
            status: status.map(|s| s.code()),
            status_korean: status.map(|s| s.korean()),
            entries,
            refusals_known: false,
            refusals_complete: false,
            partition: stored.first().and_then(|row| u32::try_from(row.prtn_no).ok()),
        })
    }
}

/// What a step changes of a seller's part; `None`: nothing.
pub fn own_change(before: Option<&Order>, after: &Order, seller: &PartnerId) -> Option<Change> {
    let (before, after) = (before.map(|b| b.part_of(seller)), after.part_of(seller));
    let same = before.as_ref().is_some_and(|b| Order { version: after.version, ..b.clone() } == after);
    (!same).then(|| change(before.as_ref(), &after))
}

/// Who it was, to a seller: itself by name, others by their role.
fn of_role(actor: &str, seller: &PartnerId) -> String {
    match actor.split_once(':') {
        Some((_, id)) if id == seller.as_str() => actor.to_owned(),
        Some((role, _)) => role.to_owned(),
        None => actor.to_owned(),
    }
}

/// How many entries of the answers are read at once: some 3 MiB at most.
const PAGE: usize = 50;

impl Timeline {
    /// Adds the refusals that are retained: where the order lives, or anywhere when nobody knows that. It may be dropped at
    /// any time; what it had found by then is told.
    ///
    /// # Errors
    /// The log's.
    pub async fn look(&mut self, answers: &Answers) -> Result<(), TimelineError> {
        self.refusals_known = true;
        let all = 0..answers.log.partitions().await?.unwrap_or(0);
        let names = answers.names.iter().cloned().map(Outbound::AnswersTo);
        let streams: Vec<Outbound> = std::iter::once(Outbound::Answers).chain(names).collect();
        let mut complete = true;
        for partition in self.partition.map_or(all, |own| own..own + 1) {
            for stream in &streams {
                complete &= self.look_through(answers, partition, stream).await?;
            }
        }
        self.refusals_complete = complete;
        Ok(())
    }

    /// Keeps of the refusals those about this part of the order, and of no money.
    pub fn keep(&mut self, part: &Order) {
        self.entries.retain(|entry| match entry {
            Entry::Event { .. } => true,
            Entry::Refused { facts, .. } => {
                let line = facts.line_no.is_none_or(|no| part.line(no).is_some());
                let sku = facts.sku_id.as_ref().is_none_or(|sku| part.lines.iter().any(|l| l.sku_id == *sku));
                let money = facts.due.is_some() || facts.amount.is_some() || facts.customer_remaining.is_some();
                line && sku && !money
            }
        });
    }

    /// From the newest on; whether it came to the end.
    async fn look_through(
        &mut self,
        answers: &Answers,
        partition: u32,
        stream: &Outbound,
    ) -> Result<bool, TimelineError> {
        let mut before = EntryId::LAST;
        for _ in 0..answers.pages_max {
            let page = answers.log.earlier(partition, stream, before, PAGE).await?;
            let (Some(first), all) = (page.first(), page.len() < PAGE) else { return Ok(true) };
            before = first.id;
            let id = self.order_id.clone();
            // beside the caller's thread, which others wait for
            let found =
                tokio::task::spawn_blocking(move || page.iter().flat_map(|e| refusals(e, &id)).collect::<Vec<_>>());
            self.entries.extend(found.await.unwrap_or_default());
            self.entries.sort_by_key(Entry::at); // stable: events of one command keep their order
            if all {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Of an entry's answers, the refusals about this order.
fn refusals(entry: &OutEntry, id: &str) -> Vec<Entry> {
    // most entries don't name it, and to look for a text is far less work than to read JSON
    if !entry.json.contains(&format!("\"{id}\"")) {
        return Vec::new();
    }
    let answers: Vec<Answer> = serde_json::from_str(&entry.json).unwrap_or_default();
    answers.into_iter().filter(|a| about(a, id)).map(|a| refused(a, entry.id.time())).collect()
}

fn about(a: &Answer, id: &str) -> bool {
    a.outcome == OutcomeKind::Rejected && a.order_id.as_deref() == Some(id)
}

fn refused(a: Answer, at: Time) -> Entry {
    Entry::Refused {
        at: a.entry.parse::<Origin>().map_or(at, |entry| entry.id.time()),
        command_id: a.command_id.to_string(),
        reason: a.reason.unwrap_or_default().into_owned(),
        message: a.message.unwrap_or_default(),
        facts: Box::new(a.facts),
    }
}

/// For a person: a line an entry, what changed below it.
pub fn text(t: &Timeline) -> String {
    let mut out = String::new();
    let mut line = |text: String| writeln!(out, "{text}").unwrap_or_default(); // writing to a string can't fail
    match (t.status, t.status_korean) {
        (Some(status), Some(korean)) => line(format!("order {}: {status} ({korean})", t.order_id)),
        _ => line(format!("order {}: never placed", t.order_id)),
    }
    for entry in &t.entries {
        let at = entry.at().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        match entry {
            Entry::Event { sequence, by, command_id, what, change, .. } => {
                line(format!("{at}  {sequence:>3}  {what}  by {by} ({command_id})"));
                told(change, &mut line);
            }
            Entry::Refused { command_id, reason, message, facts, .. } => {
                line(format!("{at}    -  refused: {reason} ({command_id}): {message}"));
                because(facts, &mut line);
            }
        }
    }
    if !t.refusals_known {
        line("refused commands are not told: give --redis for what the streams retain".to_owned());
    } else if !t.refusals_complete {
        line("not all answers were looked through: older refusals may be missing".to_owned());
    }
    out
}

fn told(c: &Change, line: &mut impl FnMut(String)) {
    const INDENT: &str = "                               ";
    if let (before, Some(after)) = (c.status_before, c.status_after) {
        let before = before.map_or("-", |s| s.code());
        line(format!("{INDENT}order: {before} → {} ({})", after.code(), after.korean()));
    }
    for l in &c.lines {
        let before = l.status_before.map_or("-", |s| s.code());
        let (b, a) = (&l.before, &l.after);
        let mut parts = Vec::new();
        for (name, before, after) in [
            ("active", b.active, a.active),
            ("cancelled", b.cancelled, a.cancelled),
            ("returned", b.returned, a.returned),
            ("exchanged", b.exchanged, a.exchanged),
        ] {
            if before != after {
                parts.push(format!("{name} {before} → {after}"));
            }
        }
        let units = if parts.is_empty() { String::new() } else { format!("; {}", parts.join(", ")) };
        line(format!("{INDENT}line {} ({}): {before} → {}{units}", l.line_no, l.sku_id, l.status_after.code()));
    }
    for s in &c.settlements {
        let (b, a) = (&s.before, &s.after);
        line(format!(
            "{INDENT}settlement {} ({}): paid {} → {}원, refundable {} → {}, planned {} → {}, excluded {} → {}, refunded {} → {}",
            s.settlement_no,
            s.method.code(),
            b.paid,
            a.paid,
            b.refundable,
            a.refundable,
            b.planned,
            a.planned,
            b.excluded,
            a.excluded,
            b.refunded,
            a.refunded
        ));
    }
}

/// Position, stock and rule at that moment.
fn because(f: &Facts, line: &mut impl FnMut(String)) {
    let mut parts = Vec::new();
    let mut say = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            parts.push(format!("{name} {value}"));
        }
    };
    say("SKU", f.sku_id.as_ref().map(ToString::to_string));
    say("line", f.line_no.map(|n| n.to_string()));
    say("at ledger position", f.position.map(|n| n.to_string()));
    say("available", f.available.map(|n| n.to_string()));
    say("asked for", f.requested.map(|n| n.to_string()));
    say("customer may have", f.customer_remaining.map(|n| n.to_string()));
    say("total", f.total.map(|w| format!("{w}원")));
    say("due", f.due.map(|w| format!("{w}원")));
    say("offered", f.amount.map(|w| format!("{w}원")));
    say("deadline", f.deadline.map(|t| t.to_rfc3339()));
    if !parts.is_empty() {
        line(format!("                               {}", parts.join(", ")));
    }
}
