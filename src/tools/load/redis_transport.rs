//! Over Redis: commands by XADD, in bundles of whatever is due; answers by XREAD from a reply stream of our own.
//!
//! Two threads and two connections, both blocking: an order costs its JSON, its share of two system calls, and the
//! reading of its answer. One standalone Redis is spoken to, with TLS or without.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    BEHIND, CommandSource, LoadError, LoadPlan,
    answer::{LoadAnswer, LoadOutcome},
    report::Measured,
    resp::{Reply, Resp, bulk, encode, head},
    tally::LoadTally,
    timetable::Timetable,
};
use crate::http_client::Certificates;

/// Commands written at once.
const BUNDLE: u64 = 256;

/// How often the timetable is looked at.
const TICK: Duration = Duration::from_millis(1);

/// How long a reply to an XADD may take.
const SEND_PATIENCE: Duration = Duration::from_secs(30);

/// How long one XREAD waits for an answer.
const READ_BLOCK_MS: &str = "100";

/// Entries of answers taken at once.
const READ_COUNT: &str = "128";

/// How a command becomes a Redis command.
#[derive(Debug, Clone)]
pub enum Submit {
    /// `XADD {keys[partition]} * command {json}`
    Append {
        /// the commands stream of each partition
        keys: Vec<String>,
    },
    /// `EVALSHA {sha} {keys…} {json}`: an integer in return means sold out, there and then. For measuring rivals.
    Script {
        /// a script that was loaded
        sha: String,
        /// its keys
        keys: Vec<String>,
    },
}

/// The transport.
#[derive(Debug)]
pub struct RedisTransport {
    submit: Submit,
    /// everything of a command before its JSON's length, by partition
    prefixes: Vec<Vec<u8>>,
    writer: Resp,
    reader: Resp,
    /// the answer streams and the last entry seen of each
    cursors: Vec<(String, String)>,
}

impl RedisTransport {
    /// Opens the transport of a jumun server: the partition count comes from `{namespace}:meta`.
    ///
    /// # Errors
    /// [`LoadError`] when Redis can't be reached or no server has opened the namespace.
    pub fn open(
        url: &str,
        certificates: &Certificates,
        namespace: &str,
        reply_to: &str,
    ) -> Result<(Self, u32), LoadError> {
        let mut writer = Resp::connect(url, certificates, SEND_PATIENCE)?;
        let meta = format!("{namespace}:meta");
        let partitions = writer.call(&[b"HGET", meta.as_bytes(), b"partitions"], |reply| match reply {
            Reply::Text(text) => Ok(std::str::from_utf8(text).ok().and_then(|text| text.parse::<u32>().ok())),
            Reply::Error(e) => Err(LoadError::Protocol(format!("redis refused: {}", String::from_utf8_lossy(e)))),
            Reply::Nil | Reply::Int(_) | Reply::Array(_) => Ok(None),
        })??;
        let partitions = partitions.filter(|&count| count > 0).ok_or_else(|| {
            LoadError::Plan(format!(
                "no server has opened the namespace {namespace:?} in this Redis yet: {meta} has no partitions"
            ))
        })?;
        let keys = |what: &str| (0..partitions).map(|p| format!("{namespace}:{{{p}}}:{what}")).collect::<Vec<_>>();
        let submit = Submit::Append { keys: keys("commands") };
        let answers = keys(&format!("answers:{reply_to}"));
        let reader = Resp::connect(url, certificates, SEND_PATIENCE)?;
        Ok((Self::over(writer, reader, submit, answers), partitions))
    }

    /// A transport for other streams than jumun's: `answers` hold the same arrays in the same field.
    ///
    /// # Errors
    /// [`LoadError`] when Redis can't be reached.
    pub fn custom(url: &str, submit: Submit, answers: Vec<String>) -> Result<Self, LoadError> {
        let connect = || Resp::connect(url, &Certificates::default(), SEND_PATIENCE);
        Ok(Self::over(connect()?, connect()?, submit, answers))
    }

    fn over(writer: Resp, reader: Resp, submit: Submit, answers: Vec<String>) -> Self {
        let prefixes = match &submit {
            Submit::Append { keys } => keys.iter().map(|key| prefix(5, &["XADD", key, "*", "command"])).collect(),
            Submit::Script { sha, keys } => {
                let count = keys.len().to_string();
                let mut words = vec!["EVALSHA", sha.as_str(), &count];
                words.extend(keys.iter().map(String::as_str));
                vec![prefix(words.len() + 1, &words)]
            }
        };
        let cursors = answers.into_iter().map(|key| (key, "0-0".to_owned())).collect();
        Self { submit, prefixes, writer, reader, cursors }
    }

    /// Runs a plan to its end: everything sent, and everything answered or waited for in vain.
    ///
    /// # Errors
    /// [`LoadError`] when the plan is nonsense, or Redis broke off.
    pub fn run(&mut self, plan: &LoadPlan, source: &dyn CommandSource) -> Result<Measured, LoadError> {
        let timetable = Timetable::new(Instant::now() + TICK, plan.rate);
        let shared = Shared {
            tally: Mutex::new(LoadTally::new(plan, timetable)?),
            answered: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            sending: AtomicBool::new(true),
            broken: AtomicBool::new(false),
        };
        let (writer, reader, cursors) = (&mut self.writer, &mut self.reader, &mut self.cursors);
        let (prefixes, script) = (&self.prefixes, matches!(self.submit, Submit::Script { .. }));
        let (sent, received) = thread::scope(|scope| {
            let receiver = scope.spawn(|| {
                let received = receive(reader, cursors, plan, &shared);
                if received.is_err() {
                    shared.broken.store(true, Ordering::Relaxed);
                }
                received
            });
            let sent = send(writer, prefixes, script, plan, timetable, source, &shared);
            if sent.is_err() {
                shared.broken.store(true, Ordering::Relaxed);
            }
            shared.sending.store(false, Ordering::Release);
            let received =
                receiver.join().unwrap_or_else(|_| Err(LoadError::Protocol("the receiving thread died".into())));
            (sent, received)
        });
        let behind = sent?;
        received?;
        let tally = shared.tally.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Measured::new(plan, timetable, &tally, shared.sent.into_inner(), behind))
    }
}

fn prefix(words: usize, first: &[&str]) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    head(&mut out, b'*', words);
    for word in first {
        bulk(&mut out, word.as_bytes());
    }
    out
}

struct Shared {
    tally: Mutex<LoadTally>,
    answered: AtomicU64,
    sent: AtomicU64,
    sending: AtomicBool,
    /// one of the two threads gave up, so the other one should
    broken: AtomicBool,
}

impl Shared {
    fn tally(&self) -> MutexGuard<'_, LoadTally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn in_flight(&self, sent: u64) -> u64 {
        sent.saturating_sub(self.answered.load(Ordering::Relaxed))
    }
}

/// Sends what is due until all is sent; gives how many went out late.
fn send(
    writer: &mut Resp,
    prefixes: &[Vec<u8>],
    script: bool,
    plan: &LoadPlan,
    timetable: Timetable,
    source: &dyn CommandSource,
    shared: &Shared,
) -> Result<u64, LoadError> {
    let (mut sent, mut behind) = (0u64, 0u64);
    let (mut wire, mut json) = (Vec::with_capacity(256 * 1024), Vec::with_capacity(1_024));
    let give_up = timetable.due_at(plan.count) + plan.drain;
    while sent < plan.count && !shared.broken.load(Ordering::Relaxed) {
        let now = Instant::now();
        if now > give_up {
            break;
        }
        let room = plan.in_flight_max.saturating_sub(shared.in_flight(sent)).min(BUNDLE);
        let until = timetable.due_by(now).min(plan.count).min(sent + room);
        if until <= sent {
            // asleep until the next order is due; woken at each tick to see whether answers made room
            let next = timetable.due_at(sent).saturating_duration_since(now);
            thread::sleep(next.max(TICK).min(Duration::from_millis(100)));
            continue;
        }
        wire.clear();
        for n in sent..until {
            json.clear();
            let partition = usize::try_from(source.put(n, &plan.tag, &mut json)).unwrap_or(0);
            wire.extend_from_slice(prefixes.get(partition).unwrap_or(&prefixes[0]));
            bulk(&mut wire, &json);
            behind += u64::from(timetable.due_at(n) + BEHIND < now);
        }
        writer.send(&wire)?;
        shared.sent.store(until, Ordering::Relaxed);
        for n in sent..until {
            let refused = writer.reply(|reply| match reply {
                Reply::Text(_) => Ok(None),
                Reply::Int(_) if script => Ok(Some(LoadOutcome::Rejected)),
                Reply::Error(e) if e.starts_with(b"OOM") => Ok(Some(LoadOutcome::Failed)),
                Reply::Error(e) => Err(LoadError::Protocol(format!("redis refused: {}", String::from_utf8_lossy(e)))),
                Reply::Int(_) | Reply::Nil | Reply::Array(_) => Err(LoadError::Protocol("an odd reply to XADD".into())),
            })??;
            if let Some(outcome) = refused {
                let reason = if outcome == LoadOutcome::Rejected { "sold_out" } else { "redis_out_of_memory" };
                let mut tally = shared.tally();
                tally.answer(n, outcome, Some(reason), Instant::now());
                shared.answered.store(tally.answered, Ordering::Relaxed);
            }
        }
        let bundle = until - sent;
        sent = until;
        // one bundle a tick, unless it was full: at a high rate something is always due, and a bundle of two or three
        // costs as much as one of fifty
        if bundle < BUNDLE {
            thread::sleep(TICK.saturating_sub(now.elapsed()));
        }
    }
    Ok(behind)
}

/// Reads answers until every command sent has one, or nobody waits any longer.
fn receive(
    reader: &mut Resp,
    cursors: &mut [(String, String)],
    plan: &LoadPlan,
    shared: &Shared,
) -> Result<(), LoadError> {
    let mut wire = Vec::with_capacity(1_024);
    let mut waiting_since: Option<Instant> = None;
    loop {
        if shared.broken.load(Ordering::Relaxed) {
            return Ok(());
        }
        if !shared.sending.load(Ordering::Acquire) {
            let all = shared.in_flight(shared.sent.load(Ordering::Relaxed)) == 0;
            if all || waiting_since.get_or_insert_with(Instant::now).elapsed() > plan.drain {
                return Ok(());
            }
        }
        wire.clear();
        let mut words: Vec<&[u8]> =
            vec![b"XREAD", b"COUNT", READ_COUNT.as_bytes(), b"BLOCK", READ_BLOCK_MS.as_bytes(), b"STREAMS"];
        words.extend(cursors.iter().map(|(key, _)| key.as_bytes()));
        words.extend(cursors.iter().map(|(_, last)| last.as_bytes()));
        encode(&mut wire, &words);
        reader.send(&wire)?;
        let seen = reader.reply(|reply| answers(reply, plan, shared))??;
        for (key, last) in seen {
            if let Some(cursor) = cursors.iter_mut().find(|(name, _)| *name == key) {
                cursor.1 = last;
            }
        }
    }
}

/// Counts the answers of one XREAD; gives each stream's last entry.
fn answers(reply: &Reply<'_>, plan: &LoadPlan, shared: &Shared) -> Result<Vec<(String, String)>, LoadError> {
    let now = Instant::now();
    let odd = || LoadError::Protocol("an odd reply to XREAD".into());
    let streams = match reply {
        Reply::Nil => return Ok(Vec::new()),
        Reply::Array(streams) => streams,
        Reply::Error(e) => return Err(LoadError::Protocol(format!("redis refused: {}", String::from_utf8_lossy(e)))),
        Reply::Int(_) | Reply::Text(_) => return Err(odd()),
    };
    let mut seen = Vec::with_capacity(streams.len());
    let mut tally = shared.tally();
    for stream in streams {
        let Reply::Array(pair) = stream else { return Err(odd()) };
        let [Reply::Text(key), Reply::Array(entries)] = pair.as_slice() else { return Err(odd()) };
        for entry in entries {
            let Reply::Array(pair) = entry else { return Err(odd()) };
            let [Reply::Text(id), Reply::Array(fields)] = pair.as_slice() else { return Err(odd()) };
            for field in fields.chunks(2) {
                if let [Reply::Text(b"answers"), Reply::Text(json)] = field {
                    let answers: Vec<LoadAnswer<'_>> = serde_json::from_slice(json)
                        .map_err(|e| LoadError::Protocol(format!("an answer can't be read: {e}")))?;
                    for answer in &answers {
                        if let Some(n) = answer.number(&plan.tag) {
                            tally.answer(n, answer.outcome, answer.reason.as_deref(), now);
                        }
                    }
                }
            }
            let last = String::from_utf8_lossy(id).into_owned();
            let key = String::from_utf8_lossy(key);
            match seen.last_mut() {
                Some((name, at)) if *name == key => *at = last,
                _ => seen.push((key.into_owned(), last)),
            }
        }
    }
    shared.answered.store(tally.answered, Ordering::Relaxed);
    Ok(seen)
}
