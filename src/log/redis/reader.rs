//! A lane's reading side. Owns a connection on which nothing else waits.
//!
//! Each connection reads as a consumer of its own (`name@epoch.n`): an entry that the server still hands to a connection
//! given up, or to a superseded owner asleep in its blocked read, is then seen under another name and claimed.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use ::redis::{Cmd, Script, Value};
use async_trait::async_trait;
use tokio::time::Instant;

use super::{
    PROTOCOL,
    keys::{GROUP, Keys},
    link::{DedicatedConnection, Dial, call, fault, is_gone, strange},
    parse,
};
use crate::{
    clock::{Clock as _, RealClock},
    domain::Time,
    log::{EntryId, Fresh, Inbound, LogEntry, LogError, Reader},
};

const CLAIM_PAGE: usize = 1_000;
/// How often to look for what another consumer was handed since.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

const STREAMS: usize = Inbound::ALL.len();

/// The scripts of the reading side.
#[derive(Debug)]
pub(super) struct Scripts {
    takeover: Script,
    sweep: Script,
    meta: Shape,
}

impl Scripts {
    pub fn new(meta: String) -> Self {
        Self {
            takeover: Script::new(include_str!("takeover.lua")),
            sweep: Script::new(include_str!("sweep.lua")),
            meta: Shape { script: Script::new(include_str!("open.lua")), key: meta, partitions: AtomicU32::new(0) },
        }
    }

    /// The shape that this server opens its namespace with.
    pub fn meta(&self, partitions: u32) -> &Shape {
        self.meta.partitions.store(partitions, Ordering::Release);
        &self.meta
    }
}

/// The namespace's shape, for producers: written on first use, and again where Redis has lost it.
#[derive(Debug)]
pub(super) struct Shape {
    pub script: Script,
    key: String,
    /// 0: nobody has opened the namespace here
    partitions: AtomicU32,
}

impl Shape {
    fn partitions(&self) -> u32 {
        self.partitions.load(Ordering::Acquire)
    }

    /// Writes it unless it is there.
    pub fn call(&self) -> Cmd {
        let mut cmd = call(&self.script, 1);
        cmd.arg(&self.key).arg(self.partitions()).arg(PROTOCOL);
        cmd
    }

    /// Refuses what is there when it is another's.
    pub fn judge(&self, reply: Value) -> Result<(), LogError> {
        let row = parse::array(reply, "its meta key")?;
        let stored: Vec<Option<u64>> = row.iter().map(|v| parse::number(v, "its meta key").ok()).collect();
        let partitions = self.partitions();
        if stored == [Some(u64::from(partitions)), Some(u64::from(PROTOCOL))] {
            return Ok(());
        }
        let text = |i: usize| stored.get(i).copied().flatten().map_or_else(|| "no".to_owned(), |n| n.to_string());
        Err(LogError::Broken(format!(
            "{} says {} partitions and protocol {}, this server has {partitions} and {PROTOCOL}: changing them is an \
             offline command",
            self.key,
            text(0),
            text(1),
        )))
    }
}

pub(super) struct RedisReader {
    link: DedicatedConnection,
    scripts: Arc<Scripts>,
    connections: Arc<AtomicU64>,
    partition: u32,
    epoch: i64,
    epoch_key: String,
    keys: [String; STREAMS],
    consumer: String,
    /// the consumer that this connection reads as
    name: String,
    /// the server as last met; another one may have forgotten acknowledgements
    server: Vec<u8>,
    /// the highest id handed out of each stream
    seen: [EntryId; STREAMS],
    /// after an error: from where each stream's pending entries are to be handed out again
    replay: [Option<EntryId>; STREAMS],
    /// read, not yet handed out
    held: VecDeque<LogEntry>,
    /// whether that is all new
    tells: bool,
    /// up to when it is all there was, where there was more than one read takes
    whole: Option<Time>,
    swept: Instant,
}

impl RedisReader {
    pub fn new(
        dial: Dial,
        scripts: Arc<Scripts>,
        connections: Arc<AtomicU64>,
        keys: &Keys,
        (partition, epoch): (u32, i64),
        consumer: &str,
    ) -> Self {
        Self {
            link: DedicatedConnection::new(dial),
            scripts,
            connections,
            partition,
            epoch,
            epoch_key: keys.epoch(partition),
            keys: keys.inbounds(partition),
            consumer: consumer.to_owned(),
            name: String::new(),
            server: Vec::new(),
            seen: [EntryId::ZERO; STREAMS],
            replay: [None; STREAMS],
            held: VecDeque::new(),
            tells: false,
            whole: None,
            swept: Instant::now(),
        }
    }

    /// Connects if need be; a new connection takes over from every other consumer, our former self included.
    pub async fn attach(&mut self) -> Result<(), LogError> {
        if self.link.is_up() {
            return Ok(());
        }
        let n = self.connections.fetch_add(1, Ordering::Relaxed);
        let former = std::mem::replace(&mut self.name, format!("{}@{}.{n}", self.consumer, self.epoch));
        let first = self.server.is_empty();
        loop {
            let mut cmd = self.scripted(&self.scripts.takeover);
            cmd.arg(self.epoch).arg(&self.name).arg(&former).arg(CLAIM_PAGE);
            let scripts = Arc::clone(&self.scripts);
            let value = match self.link.run(&scripts.takeover, &cmd).await {
                Ok(value) => value,
                Err(error) => {
                    // it may have run: what it claimed can't be told from what was handed out
                    if !first {
                        self.replay = [Some(EntryId::ZERO); STREAMS];
                    }
                    self.link.drop_connection();
                    return Err(fault(self.partition, &error));
                }
            };
            let row = parse::array(value, "a takeover")?;
            let [more, foreign, server, last @ ..] = row.as_slice() else { return Err(strange("a takeover")) };
            let server = parse::bytes(server).unwrap_or_default();
            if first {
                for (seen, last) in self.seen.iter_mut().zip(last) {
                    *seen = parse::id(last)?;
                }
            } else if server != self.server || parse::number(foreign, "a takeover")? > 0 {
                self.replay = [Some(EntryId::ZERO); STREAMS];
            }
            if parse::number(more, "a takeover")? == 0 {
                self.server = server.to_vec();
                return self.introduce().await;
            }
        }
    }

    /// A Redis that has lost the groups has lost the namespace's shape, too.
    async fn introduce(&mut self) -> Result<(), LogError> {
        let scripts = Arc::clone(&self.scripts);
        let meta = &scripts.meta;
        if meta.partitions() == 0 {
            return Ok(());
        }
        let reply = self.link.run(&meta.script, &meta.call()).await.map_err(|e| fault(self.partition, &e));
        let judged = reply.and_then(|reply| meta.judge(reply));
        if judged.is_err() {
            self.link.drop_connection();
        }
        judged
    }

    fn scripted(&self, script: &Script) -> Cmd {
        let mut cmd = call(script, 1 + STREAMS);
        cmd.arg(&self.epoch_key).arg(&self.keys);
        cmd
    }

    fn read_group(&self, max: usize) -> Cmd {
        let mut cmd = ::redis::cmd("XREADGROUP");
        cmd.arg("GROUP").arg(GROUP).arg(&self.name).arg("COUNT").arg(max.max(1));
        cmd
    }

    /// A read went wrong: what it was handed may be lost, so hand out again what came after the last that we know of.
    fn failed(&mut self, error: &::redis::RedisError) -> LogError {
        let fault = fault(self.partition, error);
        if !matches!(fault, LogError::Fenced { .. }) {
            self.doubt();
        }
        if is_gone(error) {
            // other data than ours (restored, flushed): attaching makes the group anew, from the first entry on
            self.seen = [EntryId::ZERO; STREAMS];
            self.replay = [Some(EntryId::ZERO); STREAMS];
        }
        fault
    }

    /// What the connection was handed, or is about to be, is not known: another takes over.
    fn doubt(&mut self) {
        self.link.drop_connection();
        for (replay, seen) in self.replay.iter_mut().zip(self.seen) {
            replay.get_or_insert(seen);
        }
    }

    /// Refuses to go on as an owner who has been superseded.
    fn fence(&self, epoch: Value) -> Result<(), LogError> {
        let held = match parse::bytes(&epoch) {
            Some(text) => std::str::from_utf8(text).ok().and_then(|t| t.parse().ok()).unwrap_or(i64::MAX),
            None => return Ok(()),
        };
        if held > self.epoch {
            return Err(LogError::Fenced { partition: self.partition, epoch: held });
        }
        Ok(())
    }

    /// One page of what is pending for us; also the last id looked at.
    async fn page(
        &mut self,
        stream: Inbound,
        after: EntryId,
        max: usize,
    ) -> Result<(Vec<LogEntry>, Option<EntryId>), LogError> {
        if after == EntryId::LAST {
            return Ok((Vec::new(), None)); // the server takes no interval that begins after it
        }
        let key = self.keys[stream.index()].clone();
        let mut read = self.read_group(max);
        read.arg("STREAMS").arg(&key).arg(after.to_string());
        let mut counts = ::redis::cmd("XPENDING");
        counts.arg(&key).arg(GROUP).arg(format!("({after}")).arg("+").arg(max.max(1)).arg(&self.name);
        let mut pipe = ::redis::pipe();
        pipe.add_command(read).add_command(counts).cmd("GET").arg(&self.epoch_key).cmd("TIME");
        let [rows, counts, epoch, time] = self.replies(&pipe, Duration::ZERO).await?;
        self.fence(epoch)?;
        let now = later(parse::time(&time)?);

        let mut delivered = parse::array(counts, "pending entries")?.into_iter();
        let (mut page, mut gone, mut last) = (Vec::new(), Vec::new(), None);
        for (_, rows) in parse::streams(rows)? {
            for (id, fields) in parse::entries(rows)? {
                last = Some(id);
                let attempts = delivered.next().map_or(Ok(1), |row| attempts(row, id))?;
                match fields {
                    Some(mut fields) => page.push(parse::command(stream, id, &mut fields, attempts, now)),
                    None => gone.push(id),
                }
            }
        }
        if !gone.is_empty() {
            let mut cmd = ::redis::cmd("XACK");
            cmd.arg(&key).arg(GROUP);
            for id in gone {
                cmd.arg(id.to_string());
            }
            self.link.send(&cmd, Duration::ZERO).await.map_err(|e| self.failed(&e))?;
        }
        self.see(&page);
        Ok((page, last))
    }

    fn see(&mut self, entries: &[LogEntry]) {
        for entry in entries {
            let seen = &mut self.seen[entry.stream.index()];
            *seen = (*seen).max(entry.id);
        }
    }

    async fn replies<const N: usize>(
        &mut self,
        pipe: &::redis::Pipeline,
        wait: Duration,
    ) -> Result<[Value; N], LogError> {
        let values = self.link.send_all(pipe, wait).await.map_err(|e| self.failed(&e))?;
        let values = values.into_iter().map(Value::extract_error).collect::<Result<Vec<_>, _>>();
        let values = values.map_err(|e| self.failed(&e))?;
        values.try_into().map_err(|_| strange("a pipeline"))
    }

    /// After an error: what the failed call may have been handed.
    async fn replayed(&mut self, max: usize) -> Result<Vec<LogEntry>, LogError> {
        for stream in Inbound::ALL {
            while let Some(after) = self.replay[stream.index()] {
                let (page, last) = self.page(stream, after, max).await?;
                self.replay[stream.index()] = last;
                if !page.is_empty() {
                    return Ok(page);
                }
            }
        }
        Ok(Vec::new())
    }

    /// What a superseded reader was handed after the takeover.
    async fn swept(&mut self, max: usize) -> Result<Vec<LogEntry>, LogError> {
        self.swept = Instant::now();
        let mut cmd = self.scripted(&self.scripts.sweep);
        cmd.arg(self.epoch).arg(&self.name).arg(max.clamp(1, CLAIM_PAGE));
        let scripts = Arc::clone(&self.scripts);
        let value = self.link.run(&scripts.sweep, &cmd).await.map_err(|error| {
            // it may have claimed entries older than the last that we know of
            self.replay = [Some(EntryId::ZERO); STREAMS];
            self.failed(&error)
        })?;
        let mut rows = parse::array(value, "a sweep")?;
        // the last row is the time
        let now = later(parse::time(&rows.pop().ok_or_else(|| strange("a sweep"))?)?);
        let mut entries = Vec::new();
        for row in rows {
            let mut row = parse::array(row, "a sweep")?.into_iter();
            let (Some(key), Some(id), Some(times), Some(fields)) = (row.next(), row.next(), row.next(), row.next())
            else {
                return Err(strange("a sweep"));
            };
            // an index of the script's keys, which begin with the epoch at 1
            let at = parse::number(&key, "a sweep")?.checked_sub(2).and_then(|n| usize::try_from(n).ok());
            let stream = *at.and_then(|at| Inbound::ALL.get(at)).ok_or_else(|| strange("a sweep"))?;
            let times = u32::try_from(parse::number(&times, "a sweep")?).unwrap_or(u32::MAX);
            let mut fields = parse::array(fields, "a sweep")?;
            entries.push(parse::command(stream, parse::id(&id)?, &mut fields, times, now));
        }
        self.see(&entries);
        Ok(entries)
    }

    /// What there is for us: what may have been lost, what others were handed, what is new.
    async fn news(&mut self, max: usize, wait: Duration) -> Result<Vec<LogEntry>, LogError> {
        self.attach().await?;
        let mut entries = self.replayed(max).await?;
        if entries.is_empty() && self.swept.elapsed() >= SWEEP_EVERY {
            entries = self.swept(max).await?;
        }
        if entries.is_empty() {
            entries = self.read_new(max, wait).await?;
        }
        Ok(entries)
    }

    async fn read_new(&mut self, max: usize, wait: Duration) -> Result<Vec<LogEntry>, LogError> {
        let mut read = self.read_group(max);
        if !wait.is_zero() {
            read.arg("BLOCK").arg(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1));
        }
        read.arg("STREAMS").arg(&self.keys).arg(&[">"; STREAMS]);
        let mut pipe = ::redis::pipe();
        // whoever was superseded while asleep learns it here, and leaves what it was handed to its successor
        pipe.add_command(read).cmd("GET").arg(&self.epoch_key).cmd("TIME");
        let [rows, epoch, time] = self.replies(&pipe, wait).await?;
        self.fence(epoch)?;
        let now = later(parse::time(&time)?);
        self.tells = true;
        let mut entries = Vec::new();
        for (key, rows) in parse::streams(rows)? {
            let at = self.keys.iter().position(|own| parse::bytes(&key) == Some(own.as_bytes()));
            let stream = *at.and_then(|at| Inbound::ALL.get(at)).ok_or_else(|| strange("a read"))?;
            let rows = parse::entries(rows)?;
            entries.reserve(rows.len());
            let more = rows.len() >= max;
            for (id, fields) in rows {
                entries.push(parse::command(stream, id, &mut fields.unwrap_or_default(), 1, now));
            }
            // there may be more of it, which came next
            if let Some(last) = entries.last().filter(|_| more && stream.produced()) {
                self.whole = Some(self.whole.map_or(last.at, |whole| whole.min(last.at)));
            }
        }
        self.see(&entries);
        Ok(entries)
    }
}

/// The delivery count of an XPENDING row that must be about `id`; both replies list the same entries in order.
fn attempts(row: Value, id: EntryId) -> Result<u32, LogError> {
    let row = parse::array(row, "pending entries")?;
    let [at, _, _, times] = row.as_slice() else { return Err(strange("pending entries")) };
    if parse::id(at)? != id {
        return Err(strange("pending entries"));
    }
    Ok(u32::try_from(parse::number(times, "pending entries")?).unwrap_or(u32::MAX))
}

#[async_trait]
impl Reader for RedisReader {
    async fn pending(&mut self, stream: Inbound, after: EntryId, max: usize) -> Result<Vec<LogEntry>, LogError> {
        self.attach().await?;
        if after == EntryId::ZERO {
            // from the beginning: that is all there is to hand out again
            self.held.retain(|entry| entry.stream != stream);
            self.replay[stream.index()] = None;
        }
        let mut after = after;
        loop {
            let (page, last) = self.page(stream, after, max).await?;
            match last {
                Some(last) if page.is_empty() => after = last,
                Some(_) | None => return Ok(page),
            }
        }
    }

    async fn fresh(&mut self, max: usize, wait: Duration) -> Result<Fresh, LogError> {
        if self.held.is_empty() {
            (self.tells, self.whole) = (false, None);
            let mut entries = match self.news(max, wait).await {
                // whatever it was: entries may have been handed to us with it
                Err(e) if !matches!(e, LogError::Fenced { .. }) => {
                    self.doubt();
                    return Err(e);
                }
                read => read?,
            };
            // a read tells stream after stream, and COUNT is for each: what came first is handed out first
            entries.sort_by_key(|entry| entry.id);
            self.held = entries.into();
        }
        let n = self.held.len().min(max.max(1));
        let entries: Vec<LogEntry> = self.held.drain(..n).collect();
        let last = entries.iter().filter(|entry| entry.stream.produced()).map(|entry| entry.at).max();
        let reached = match self.whole {
            Some(whole) if self.held.is_empty() => Some(whole),
            Some(whole) => last.map(|last| last.min(whole)),
            None => last,
        };
        Ok(Fresh { reached: reached.filter(|_| self.tells), entries })
    }
}

/// The later of the log's clock and this machine's, in milliseconds: one of them that was set back takes nobody's time back.
fn later(log: u64) -> u64 {
    log.max(u64::try_from(RealClock.now().timestamp_millis()).unwrap_or(0))
}
