//! A simulated process: its ports to the world, and the faults that happen there. A process that was killed never hears from
//! a port again; one that is frozen hears late, and goes on where it was.

use std::{
    collections::BTreeMap,
    future::pending,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use sha2::{Digest as _, Sha256};
use tokio::{sync::Notify, time::Instant};

use super::{chance::Chance, mutant::Mutant};
use crate::{clock::Clock, domain::Time};

/// What may go wrong; each of these happens once in so many calls of a port. 0: never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Faults {
    /// the port does not answer this call, which had no effect
    pub away: u64,
    /// it had an effect, and the answer is lost
    pub lost: u64,
    /// the process is killed, before or after the call
    pub crash: u64,
    /// the process stands still for longer than its lease
    pub freeze: u64,
    /// a call takes seconds
    pub slow: u64,
    /// a commit is refused by the store
    pub refused: u64,
    /// another system changes what is on hand
    pub outside: u64,
    /// the process's clock jumps
    pub clock: u64,
}

impl Faults {
    /// None at all.
    pub const NONE: Faults =
        Faults { away: 0, lost: 0, crash: 0, freeze: 0, slow: 0, refused: 0, outside: 0, clock: 0 };
    /// Many that kill and freeze: what was committed and not said, and owners that wake up too late.
    pub const ROUGH: Faults = Faults { crash: 250, freeze: 300, lost: 60, ..Faults::USUAL };
    /// As many as leave some work done between.
    pub const USUAL: Faults = Faults {
        away: 300,
        lost: 300,
        crash: 2_500,
        freeze: 4_000,
        slow: 500,
        refused: 2_000,
        outside: 400,
        clock: 3_000,
    };
}

/// What a run has in common.
#[derive(Debug)]
pub struct SimWorld {
    pub chance: Chance,
    pub mutant: Option<Mutant>,
    began: Instant,
    at: Time,
    faults: Mutex<Faults>,
    trace: Mutex<Trace>,
    /// how often each fault happened
    injected: Mutex<BTreeMap<&'static str, u64>>,
}

#[derive(Debug, Default)]
struct Trace {
    hash: Sha256,
    lines: u64,
    /// of a run that is looked at: all of it
    kept: Option<Vec<String>>,
}

impl SimWorld {
    /// A world whose time begins at `at`.
    pub fn new(seed: u64, at: Time, mutant: Option<Mutant>, keep: bool) -> Arc<Self> {
        let trace = Trace { kept: keep.then(Vec::new), ..Trace::default() };
        Arc::new(Self {
            chance: Chance::seeded(seed),
            mutant,
            began: Instant::now(),
            at,
            faults: Mutex::new(Faults::NONE),
            trace: Mutex::new(trace),
            injected: Mutex::default(),
        })
    }

    /// The time of the world.
    pub fn now(&self) -> Time {
        self.at + self.began.elapsed()
    }

    /// From now on this goes wrong.
    pub fn set(&self, faults: Faults) {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// From now on nothing goes wrong.
    pub fn calm(&self) {
        self.set(Faults::NONE);
    }

    fn faults(&self) -> Faults {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down what happened: two runs of one seed write the same.
    pub fn note(&self, who: &str, what: &str) {
        let at = self.began.elapsed().as_millis();
        let line = format!("{at} {who} {what}\n");
        let mut trace = self.trace.lock().unwrap_or_else(PoisonError::into_inner);
        trace.hash.update(line.as_bytes());
        trace.lines += 1;
        if let Some(kept) = &mut trace.kept {
            kept.push(line);
        }
    }

    /// The run so far: how many lines, their digest, and the lines where they were kept.
    pub fn traced(&self) -> (u64, String, Vec<String>) {
        let trace = self.trace.lock().unwrap_or_else(PoisonError::into_inner);
        let digest = crate::protocol::internal::hex(&trace.hash.clone().finalize()[..16]);
        (trace.lines, digest, trace.kept.clone().unwrap_or_default())
    }

    /// Whether this fault happens now; it is counted.
    pub fn happens(&self, what: &'static str, of: impl Fn(&Faults) -> u64) -> bool {
        let so = self.chance.once_in(of(&self.faults()));
        if so {
            *self.injected.lock().unwrap_or_else(PoisonError::into_inner).entry(what).or_default() += 1;
            self.note("fault", what);
        }
        so
    }

    /// The mutant, where it is at work now.
    pub fn mutates(&self, often: u64) -> Option<Mutant> {
        self.mutant.filter(|_| self.chance.once_in(often))
    }

    /// How often each fault happened.
    pub fn injected(&self) -> BTreeMap<&'static str, u64> {
        self.injected.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The clock of the world, or of a process, which may be off.
#[derive(Debug)]
pub struct WorldClock {
    world: Arc<SimWorld>,
    off_ms: AtomicI64,
}

impl WorldClock {
    /// One that is right.
    pub fn new(world: &Arc<SimWorld>) -> Arc<Self> {
        Arc::new(Self { world: Arc::clone(world), off_ms: AtomicI64::new(0) })
    }
}

impl Clock for WorldClock {
    fn now(&self) -> Time {
        let off = chrono::TimeDelta::milliseconds(self.off_ms.load(Ordering::Acquire));
        let now = self.world.now() + off;
        Time::from_timestamp_millis(now.timestamp_millis()).unwrap_or(now)
    }
}

/// A process.
#[derive(Debug)]
pub struct Process {
    pub name: String,
    pub world: Arc<SimWorld>,
    pub clock: Arc<WorldClock>,
    dead: AtomicBool,
    /// whoever waits for its end
    pub died: Notify,
    /// it stands still until then: milliseconds of the run
    frozen: AtomicU64,
}

/// What a port's call comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Well,
    /// it does not happen
    Away,
    /// it happens, and its answer is lost
    Lost,
}

/// For how long a process is frozen: longer than a lease.
const FREEZE: std::ops::Range<u64> = 3_000..9_000;

impl Process {
    /// One that lives.
    pub fn new(name: String, world: &Arc<SimWorld>) -> Arc<Self> {
        Arc::new(Self {
            name,
            clock: WorldClock::new(world),
            world: Arc::clone(world),
            dead: AtomicBool::new(false),
            died: Notify::new(),
            frozen: AtomicU64::new(0),
        })
    }

    /// Whether it was killed.
    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Acquire)
    }

    fn die(&self) {
        self.world.note(&self.name, "dies");
        self.dead.store(true, Ordering::Release);
        self.died.notify_waiters();
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.world.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Stands still while the process does, and for ever once it is dead.
    async fn lives(&self) {
        loop {
            if self.is_dead() {
                pending::<()>().await;
            }
            let left = self.frozen.load(Ordering::Acquire).saturating_sub(self.elapsed());
            if left == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(left)).await;
        }
    }

    /// Before a port's call: time passes, and something may happen. It says what becomes of the call.
    pub async fn before(&self, call: &str) -> Fate {
        self.lives().await;
        let world = &self.world;
        let slow = world.happens("slow", |f| f.slow);
        tokio::time::sleep(world.chance.millis(if slow { 500..4_000 } else { 0..4 })).await;
        if world.happens("freeze", |f| f.freeze) {
            let until = self.elapsed() + world.chance.of(FREEZE);
            self.frozen.store(until, Ordering::Release);
        }
        if world.happens("clock", |f| f.clock) {
            let off = i64::try_from(world.chance.of(0..20_000)).unwrap_or(0) - 10_000;
            self.clock.off_ms.store(off, Ordering::Release);
        }
        if world.happens("crash", |f| f.crash) {
            self.die();
        }
        self.lives().await;
        let fate = if world.happens("away", |f| f.away) {
            Fate::Away
        } else if world.happens("lost", |f| f.lost) {
            Fate::Lost
        } else {
            Fate::Well
        };
        world.note(&self.name, call);
        fate
    }

    /// After it: time passes, and the process may die with the answer on its way.
    pub async fn after(&self) {
        tokio::time::sleep(self.world.chance.millis(0..3)).await;
        if self.world.happens("crash", |f| f.crash) {
            self.die();
        }
        self.lives().await;
    }
}
