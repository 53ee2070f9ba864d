//! One partition's streams, behind one lock that is never held across a wait.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;

use super::MemoryBounds;
use crate::log::{
    ARRAY_BYTES_MAX, ARRAY_ITEMS_MAX, EntryId, Fresh, Inbound, LogEntry, LogError, LogStats, OutEntry, Outbound,
    REPLY_STREAMS_MAX, Retention, SettleReport, Settled, StreamBounds, dead_json,
};

/// A reply stream keeps this part of what the common one may.
const REPLY_SHARE: usize = 64;

/// A partition.
#[derive(Debug)]
pub(super) struct PartitionLog {
    /// what was published before is gone
    pub birth: EntryId,
    state: Mutex<PartitionState>,
    /// something was appended, or the owner changed
    pub arrived: Notify,
    /// something was published
    pub published: Notify,
}

impl PartitionLog {
    /// Born `now`.
    pub fn new(partition: u32, bounds: MemoryBounds, now: u64) -> Self {
        let birth = EntryId { ms: now, seq: 0 };
        let state = PartitionState {
            partition,
            bounds,
            epoch: 0,
            inbound: Default::default(),
            answers: Out::default(),
            replies: HashMap::new(),
            events: Out { last: birth, floor: birth, ..Out::default() },
            dead: Out::default(),
        };
        Self { birth, state: Mutex::new(state), arrived: Notify::new(), published: Notify::new() }
    }

    pub fn lock(&self) -> MutexGuard<'_, PartitionState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The id after `last` at `now`: ids grow even when the clock doesn't.
fn next_id(last: EntryId, now: u64) -> EntryId {
    if now > last.ms { EntryId { ms: now, seq: 0 } } else { EntryId { ms: last.ms, seq: last.seq + 1 } }
}

fn cutoff(now: u64, kept: Duration) -> u64 {
    now.saturating_sub(u64::try_from(kept.as_millis()).unwrap_or(u64::MAX))
}

/// An inbound stream with its consumer group.
#[derive(Debug, Default)]
struct In {
    entries: VecDeque<(EntryId, Arc<[u8]>)>,
    last: EntryId,
    /// entries at the back that no one has read
    unread: usize,
    /// read and not acknowledged, with the number of deliveries
    pending: BTreeMap<EntryId, u32>,
    /// acknowledged so far
    settled: u64,
}

impl In {
    /// The first that no one has read.
    fn next(&self) -> Option<EntryId> {
        self.entries.get(self.entries.len() - self.unread).map(|(id, _)| *id)
    }

    fn take(&mut self, stream: Inbound, max: usize, now: u64, into: &mut Vec<LogEntry>) {
        let from = self.entries.len() - self.unread;
        for (id, command) in self.entries.range(from..).take(max) {
            self.pending.insert(*id, 1);
            let (id, command) = (*id, Arc::clone(command));
            into.push(LogEntry { stream, id, at: id.time_by(now), command, attempts: 1 });
        }
        self.unread -= self.unread.min(max);
    }

    fn trim(&mut self, before_ms: u64, kept_max: usize) -> u64 {
        let lowest = self.pending.keys().next().copied();
        let mut dropped = 0;
        while self.entries.len() > self.unread {
            let Some((id, _)) = self.entries.front() else { break };
            let acknowledged = self.entries.len() - self.unread - self.pending.len();
            if lowest.is_some_and(|lowest| *id >= lowest) || (id.ms >= before_ms && acknowledged <= kept_max) {
                break;
            }
            self.entries.pop_front();
            dropped += 1;
        }
        dropped
    }
}

/// An outbound stream.
#[derive(Debug, Default)]
struct Out {
    entries: VecDeque<(EntryId, String)>,
    last: EntryId,
    /// the last one that was dropped
    floor: EntryId,
    bytes: usize,
}

impl Out {
    fn push(&mut self, json: String, now: u64) {
        self.last = next_id(self.last, now);
        self.bytes += json.len();
        self.entries.push_back((self.last, json));
    }

    fn drop_while(&mut self, too_much: impl Fn(&Self, EntryId) -> bool) -> u64 {
        let mut dropped = 0;
        while let Some((id, json)) = self.entries.front() {
            let (id, bytes) = (*id, json.len());
            if !too_much(self, id) {
                break;
            }
            self.bytes -= bytes;
            self.floor = id;
            self.entries.pop_front();
            dropped += 1;
        }
        dropped
    }

    /// By age and by bytes; the newest entry stays while it is young enough.
    fn trim(&mut self, before_ms: u64, bytes_max: usize) -> u64 {
        self.drop_while(|out, id| id.ms < before_ms || (out.bytes > bytes_max && out.entries.len() > 1))
    }
}

/// Items on their way into arrays of bounded size.
#[derive(Default)]
struct Array {
    text: String,
    items: usize,
}

impl Array {
    fn push<'a>(&mut self, parts: impl Iterator<Item = &'a str> + Clone, out: &mut Out, now: u64) {
        let bytes: usize = parts.clone().map(str::len).sum();
        if bytes == 0 {
            return;
        }
        if self.items > 0 && (self.items >= ARRAY_ITEMS_MAX || self.text.len() + bytes > ARRAY_BYTES_MAX) {
            self.flush(out, now);
        }
        for part in parts {
            self.text.push(if self.text.is_empty() { '[' } else { ',' });
            self.text.push_str(part);
        }
        self.items += 1;
    }

    fn flush(&mut self, out: &mut Out, now: u64) {
        if self.items > 0 {
            self.text.push(']');
            out.push(std::mem::take(&mut self.text), now);
            self.items = 0;
        }
    }
}

/// What the lock guards.
#[derive(Debug)]
pub(super) struct PartitionState {
    partition: u32,
    bounds: MemoryBounds,
    epoch: i64,
    inbound: [In; Inbound::ALL.len()],
    answers: Out,
    replies: HashMap<Arc<str>, Out>,
    events: Out,
    dead: Out,
}

impl PartitionState {
    fn inbound(&mut self, stream: Inbound) -> &mut In {
        &mut self.inbound[stream.index()]
    }

    /// Refuses an owner who has been superseded; a later one supersedes.
    pub fn fence(&mut self, epoch: i64) -> Result<(), LogError> {
        if self.epoch > epoch {
            return Err(LogError::Fenced { partition: self.partition, epoch: self.epoch });
        }
        self.epoch = epoch;
        Ok(())
    }

    /// All of them or none.
    pub fn append(&mut self, to: Inbound, commands: &[Arc<[u8]>], now: u64) -> Result<Vec<EntryId>, LogError> {
        let MemoryBounds { waiting_max, kept_max, .. } = self.bounds;
        let stream = self.inbound(to);
        // what is acknowledged behind an entry that is not stays too, so all of it counts as well
        let waiting = stream.unread + stream.pending.len() + commands.len();
        if waiting > waiting_max || stream.entries.len() + commands.len() > waiting_max.saturating_add(kept_max) {
            return Err(LogError::Full(format!("{waiting_max} commands are waiting")));
        }
        let ids = commands.iter().map(|command| {
            stream.last = next_id(stream.last, now);
            stream.entries.push_back((stream.last, Arc::clone(command)));
            stream.unread += 1;
            stream.last
        });
        Ok(ids.collect())
    }

    /// What producers wrote, in the order in which it came; where there is more than `max`, half is room for the lanes' steps.
    pub fn fresh(&mut self, max: usize, now: u64) -> Fresh {
        let steps = self.inbound(Inbound::Internal).unread.min(max / 2);
        let mut entries = Vec::new();
        while entries.len() < max - steps {
            let first = [Inbound::Commands, Inbound::Checkout].into_iter();
            let first =
                first.filter_map(|stream| Some((self.inbound(stream).next()?, stream))).min_by_key(|(id, _)| *id);
            let Some((_, stream)) = first else { break };
            self.inbound(stream).take(stream, 1, now, &mut entries);
        }
        let reached = entries.iter().map(|entry: &LogEntry| entry.at).max();
        let room = max - entries.len();
        self.inbound(Inbound::Internal).take(Inbound::Internal, room, now, &mut entries);
        Fresh { entries, reached }
    }

    pub fn pending(&mut self, stream: Inbound, after: EntryId, max: usize, now: u64) -> Vec<LogEntry> {
        let from = self.inbound(stream);
        let (entries, pending) = (&from.entries, &mut from.pending);
        let later = pending.range_mut((std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded));
        later
            .take(max)
            .filter_map(|(id, attempts)| {
                let at = entries.binary_search_by_key(id, |(id, _)| *id).ok()?;
                *attempts += 1;
                let command = Arc::clone(&entries[at].1);
                Some(LogEntry { stream, id: *id, at: id.time_by(now), command, attempts: *attempts })
            })
            .collect()
    }

    pub fn settle(&mut self, entries: &[Settled], retention: Retention, now: u64) -> SettleReport {
        let mut report = SettleReport { acknowledged: 0, already: 0 };
        let (mut answers, mut events) = (Array::default(), Array::default());
        let mut replies: HashMap<Arc<str>, Array> = HashMap::new();
        for entry in entries {
            let stream = self.inbound(entry.stream);
            if stream.pending.remove(&entry.id).is_none() {
                report.already += 1;
                continue;
            }
            stream.settled += 1;
            report.acknowledged += 1;
            if let Some(answer) = &entry.answer {
                let json = std::iter::once(answer.json.as_str());
                let known = self.replies.len();
                match &answer.reply_to {
                    Some(name) if known < REPLY_STREAMS_MAX || self.replies.contains_key(name) => {
                        let out = self.replies.entry(Arc::clone(name)).or_default();
                        replies.entry(Arc::clone(name)).or_default().push(json, out, now);
                    }
                    Some(_) | None => answers.push(json, &mut self.answers, now),
                }
            }
            events.push(entry.events.iter().map(|event| &**event), &mut self.events, now);
            if let Some(dead) = &entry.dead {
                let (command, stream) = (String::from_utf8_lossy(dead.kept()), Some(dead.stream.name()));
                self.dead.push(dead_json(&command, stream, &dead.reason, &entry.id.to_string(), dead.attempts), now);
            }
        }
        answers.flush(&mut self.answers, now);
        events.flush(&mut self.events, now);
        let reply_bytes_max = self.bounds.out_bytes_max / REPLY_SHARE;
        for (name, mut array) in replies {
            if let Some(out) = self.replies.get_mut(&name) {
                array.flush(out, now);
                out.trim(cutoff(now, retention.answers), reply_bytes_max);
            }
        }
        self.trim_common(retention, now);
        for stream in &mut self.inbound {
            stream.trim(cutoff(now, retention.commands), self.bounds.kept_max);
        }
        report
    }

    fn trim_common(&mut self, retention: Retention, now: u64) -> u64 {
        let bytes_max = self.bounds.out_bytes_max;
        self.answers.trim(cutoff(now, retention.answers), bytes_max)
            + self.events.trim(cutoff(now, retention.events), bytes_max)
            + self.dead.drop_while(|dead, _| {
                u64::try_from(dead.entries.len()).is_ok_and(|n| n > retention.dead_max) || dead.bytes > bytes_max
            })
            + retention.dead_age.map_or(0, |age| self.dead.trim(cutoff(now, age), usize::MAX))
    }

    pub fn trim(&mut self, retention: Retention, now: u64) -> u64 {
        let mut dropped = self.trim_common(retention, now);
        for stream in &mut self.inbound {
            dropped += stream.trim(cutoff(now, retention.commands), self.bounds.kept_max);
        }
        let before = cutoff(now, retention.answers);
        self.replies.retain(|_, out| {
            dropped += out.trim(before, usize::MAX);
            !out.entries.is_empty()
        });
        dropped
    }

    fn outbound(&self, stream: &Outbound) -> Option<&Out> {
        match stream {
            Outbound::Answers => Some(&self.answers),
            Outbound::AnswersTo(name) => self.replies.get(name),
            Outbound::Events => Some(&self.events),
            Outbound::Dead => Some(&self.dead),
        }
    }

    pub fn follow(&self, stream: &Outbound, after: EntryId, max: usize) -> Vec<OutEntry> {
        let Some(out) = self.outbound(stream) else { return Vec::new() };
        let from = out.entries.partition_point(|(id, _)| *id <= after);
        out.entries.range(from..).take(max).map(|(id, json)| OutEntry { id: *id, json: json.clone() }).collect()
    }

    pub fn earlier(&self, stream: &Outbound, before: EntryId, max: usize) -> Vec<OutEntry> {
        let Some(out) = self.outbound(stream) else { return Vec::new() };
        let to = out.entries.partition_point(|(id, _)| *id < before);
        out.entries
            .range(to.saturating_sub(max)..to)
            .map(|(id, json)| OutEntry { id: *id, json: json.clone() })
            .collect()
    }

    pub fn bury(&mut self, letter: EntryId) -> bool {
        let Some(at) = self.dead.entries.iter().position(|(id, _)| *id == letter) else { return false };
        let gone = self.dead.entries.remove(at);
        self.dead.bytes -= gone.map_or(0, |(_, json)| json.len());
        true
    }

    pub fn extent(&self, stream: &Outbound) -> StreamBounds {
        let ends = self.outbound(stream).map(|out| (out.floor, out.last));
        let (floor, last) = ends.unwrap_or((EntryId::ZERO, EntryId::ZERO));
        StreamBounds { floor, last }
    }

    pub fn reply_names(&self) -> Vec<Arc<str>> {
        self.replies.keys().cloned().collect()
    }

    pub fn stats(&self) -> LogStats {
        let n = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let [commands, checkout, internal] = &self.inbound;
        LogStats {
            lag: n(commands.unread + checkout.unread),
            steps: n(internal.unread),
            settled: commands.settled + checkout.settled + internal.settled,
            pending: n(commands.pending.len() + checkout.pending.len() + internal.pending.len()),
            length: n(commands.entries.len() + checkout.entries.len()),
            dead: n(self.dead.entries.len()),
        }
    }
}
