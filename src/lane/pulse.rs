//! How a lane is: what it waits for, and whether it moves. Its loops write it; its owner and the probes read it.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;

use crate::{lane::ingest::Credit, log::LogStats};

/// A trouble that lasts is said again so often.
const SAID_EVERY: Duration = Duration::from_secs(10);
/// The first pause before something is tried again; each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_millis(100);

/// The longest pause between tries to read what a start needs.
const START_PAUSE_MAX: Duration = Duration::from_secs(2);

/// What a lane does, and may be kept from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duty {
    /// asking for the lease, renewing it
    Lease,
    /// its run as a whole: it ended, and is started again
    Run,
    /// reading what a start needs: the outbox, the answers that are out
    Start,
    Read,
    Commit,
    Publish,
}

/// All of it.
pub const DUTIES: [Duty; 6] = [Duty::Lease, Duty::Run, Duty::Start, Duty::Read, Duty::Commit, Duty::Publish];

impl Duty {
    /// For the probes.
    pub const fn says(self) -> &'static str {
        match self {
            Duty::Lease => "the lease can't be had or kept",
            Duty::Run => "the lane ended by a fault and is started again",
            Duty::Start => "what a start needs can't be read",
            Duty::Read => "commands can't be read",
            Duty::Commit => "nothing can be committed",
            Duty::Publish => "answers can't be given",
        }
    }
}

#[derive(Debug)]
struct Trouble {
    /// the server's word for it: a SQLSTATE, a code of Redis
    code: String,
    said: Instant,
    /// how often it came since it was last said
    unsaid: u64,
}

/// Where a partition is worked on, as far as is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PartitionHome {
    #[default]
    Unknown,
    Here,
    /// in another process, whose lease was good until this moment at least
    Elsewhere(Instant),
}

/// How a lane is.
#[derive(Debug, Default)]
pub struct Pulse {
    place: Mutex<PartitionHome>,
    moves: AtomicU64,
    unknown: AtomicU64,
    stats: Mutex<LogStats>,
    stuck: AtomicBool,
    credit: Mutex<Option<Arc<Credit>>>,
    troubles: Mutex<[Option<Trouble>; DUTIES.len()]>,
}

impl Pulse {
    /// Something was answered. That it became durable is not enough: each start commits once more what can't be answered.
    pub fn moved(&self) {
        self.moves.fetch_add(1, Ordering::AcqRel);
    }

    /// Where the partition is worked on now.
    pub fn place(&self) -> PartitionHome {
        match *self.place.lock().unwrap_or_else(PoisonError::into_inner) {
            PartitionHome::Elsewhere(until) if until <= Instant::now() => PartitionHome::Unknown,
            place @ (PartitionHome::Unknown | PartitionHome::Here | PartitionHome::Elsewhere(_)) => place,
        }
    }

    /// It is worked on there.
    pub fn worked_on(&self, place: PartitionHome) {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }

    /// How often it has moved.
    pub fn moves(&self) -> u64 {
        self.moves.load(Ordering::Acquire)
    }

    /// So many entries were settled that the log did not know to be pending: they were settled before and the reply was lost, or
    /// it is not the log any more that they were read from, and nothing was said of them.
    pub fn settled_unknown(&self, entries: u32) {
        self.unknown.fetch_add(entries.into(), Ordering::AcqRel);
    }

    /// How many there were.
    pub fn unknown(&self) -> u64 {
        self.unknown.load(Ordering::Acquire)
    }

    /// What bounds the lane's present run.
    pub fn runs_on(&self, credit: &Arc<Credit>) {
        *self.credit.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(credit));
    }

    /// What the log last said of the partition.
    pub fn sampled(&self, stats: &LogStats) {
        *self.stats.lock().unwrap_or_else(PoisonError::into_inner) = *stats;
    }

    /// That.
    pub fn stats(&self) -> LogStats {
        *self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is something to do, as far as can be known: what can't be read may hold work.
    pub fn has_work(&self) -> bool {
        let credit = self.credit.lock().unwrap_or_else(PoisonError::into_inner);
        let in_flight = credit.as_ref().is_some_and(|credit| credit.in_flight() > 0);
        drop(credit);
        let unread = [Duty::Start, Duty::Read, Duty::Commit, Duty::Publish];
        in_flight || self.stats().lag > 0 || unread.into_iter().any(|part| self.has(part))
    }

    /// It has work, and has not moved for long; or it moves again.
    pub fn is_stuck(&self, so: bool) {
        self.stuck.store(so, Ordering::Release);
    }

    /// Whether it has work and has not moved for long.
    pub fn stuck(&self) -> bool {
        self.stuck.load(Ordering::Acquire)
    }

    /// Something is not as it should be, and is tried again. Says so (returns how often it came unsaid) at first, and then
    /// now and then: a trouble that lasts must not fill the log.
    pub fn trouble(&self, part: Duty, why: &str) -> Option<u64> {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = &mut troubles[part as usize];
        let code = code(why);
        match slot {
            Some(known) if known.said.elapsed() < SAID_EVERY && known.code == code => {
                known.unsaid += 1;
                None
            }
            Some(_) | None => {
                let unsaid = slot.as_ref().map_or(0, |known| known.unsaid);
                *slot = Some(Trouble { code, said: Instant::now(), unsaid: 0 });
                Some(unsaid)
            }
        }
    }

    /// It is as it should be (again).
    pub fn well(&self, part: Duty) {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)[part as usize] = None;
    }

    /// All is as it should be, or a new start will tell.
    pub fn forget(&self, parts: &[Duty]) {
        parts.iter().for_each(|part| self.well(*part));
    }

    /// Whether this keeps it from its work.
    pub fn has(&self, part: Duty) -> bool {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)[part as usize].is_some()
    }

    /// What keeps it from its work, for the probes: which anyone may ask, so nothing of what the servers said but a code.
    pub fn troubles(&self) -> Vec<String> {
        let troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        let words = DUTIES.iter().zip(troubles.iter()).filter_map(|(part, trouble)| {
            let code = &trouble.as_ref()?.code;
            Some(if code.is_empty() { part.says().to_owned() } else { format!("{} ({code})", part.says()) })
        });
        let stuck = self.stuck().then(|| "it has work and does not move".to_owned());
        words.chain(stuck).collect()
    }
}

impl Pulse {
    /// Asks for what a start needs until it is had; `None`: it is told to stop.
    pub async fn had<T, E: std::fmt::Display>(
        &self,
        (partition, what): (u32, &str),
        stop: &CancellationToken,
        mut ask: impl AsyncFnMut() -> Result<T, E>,
    ) -> Option<T> {
        let mut pause = Pause::up_to(START_PAUSE_MAX);
        loop {
            let asked = tokio::select! {
                biased;
                asked = ask() => asked,
                () = stop.cancelled() => return None,
            };
            match asked {
                Ok(had) => {
                    self.well(Duty::Start);
                    return Some(had);
                }
                Err(error) => {
                    if let Some(unsaid) = self.trouble(Duty::Start, &error.to_string()) {
                        tracing::error!(partition, %error, unsaid, "reading {what} failed; trying again");
                    }
                }
            }
            if !pause.wait(stop).await {
                return None;
            }
        }
    }
}

/// The code in a fault's sentence: a SQLSTATE, or a word of Redis as in `NOPERM`.
fn code(why: &str) -> String {
    if let Some((_, rest)) = why.split_once("SQLSTATE ") {
        return rest.chars().take_while(char::is_ascii_alphanumeric).collect();
    }
    let loud = |word: &&str| word.len() >= 3 && word.chars().all(|c| c.is_ascii_uppercase());
    why.split(|c: char| !c.is_ascii_alphanumeric()).find(loud).unwrap_or_default().to_owned()
}

/// Pauses that grow while nothing helps: 100 ms, 200 ms, up to a bound.
#[derive(Debug)]
pub struct Pause {
    next: Duration,
    most: Duration,
}

impl Pause {
    /// Up to `most`.
    pub const fn up_to(most: Duration) -> Self {
        Self { next: PAUSE_MIN, most }
    }

    /// The next is the shortest again.
    pub fn over(&mut self) {
        self.next = PAUSE_MIN;
    }

    /// How long to wait now.
    pub fn take(&mut self) -> Duration {
        let now = self.next.min(self.most);
        self.next = now * 2;
        now
    }

    /// Waits so long; `false` when it was told to stop.
    pub async fn wait(&mut self, stop: &CancellationToken) -> bool {
        let pause = self.take();
        tokio::select! {
            biased;
            () = tokio::time::sleep(pause) => true,
            () = stop.cancelled() => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_bound() {
        let mut pause = Pause::up_to(Duration::from_millis(500));
        let taken: Vec<u128> = (0..5).map(|_| pause.take().as_millis()).collect();
        assert_eq!(taken, [100, 200, 400, 500, 500]);
        pause.over();
        assert_eq!(pause.take().as_millis(), 100);
    }

    #[test]
    fn a_trouble_is_said_once_and_told_without_its_sentence() {
        let pulse = Pulse::default();
        assert!(!pulse.has_work());
        let why = "the store is unavailable: no space on host db-7 (SQLSTATE 53100)";
        assert_eq!(pulse.trouble(Duty::Commit, why), Some(0));
        assert_eq!(pulse.trouble(Duty::Commit, why), None);
        assert_eq!(pulse.trouble(Duty::Commit, "… (SQLSTATE 25006)"), Some(1), "another fault is said at once");
        assert_eq!(pulse.trouble(Duty::Read, "redis refused a command: NOPERM: user app has no"), Some(0));
        assert!(pulse.has_work(), "what can't be read may hold work");
        assert_eq!(pulse.troubles(), ["commands can't be read (NOPERM)", "nothing can be committed (25006)"]);
        pulse.forget(&DUTIES);
        assert!(!pulse.has_work() && pulse.troubles().is_empty());
    }
}
