//! Verify: reads a database (and what the streams retain) and holds it to the promises R1–R11 and R13. It is independent of
//! what it checks: histories are folded by a fold of its own (`fold`), what was answered is reckoned up from rows (`answers`).
//! It reads in pages, in key order; what it keeps in memory grows with SKUs and with retained answers (hashes, bounded), never
//! with orders.
//!
//! It wants a quiet system: what is written while it reads looks like a violation.

mod answers;
mod archive;
mod audit;
mod commands;
mod family;
mod findings;
mod fold;
mod gifts;
mod lanes;
mod ledger;
mod orders;
pub(crate) mod pages;
mod payments;
mod refunds;
mod reservations;
mod stock;
mod streams;
mod terms;
mod walk;

use std::{collections::HashMap, sync::Arc, time::Duration};

use serde::Serialize;

pub use findings::{Check, Findings, Promise};

use crate::{
    domain::{Time, order::event::StockCheck},
    log::{CommandLog, LogError},
    store::{QueryStore, StoreError},
};

/// What the checker is asked.
#[derive(Debug, Clone)]
pub struct Options {
    /// how long to wait for the lanes to come to rest; zero: look once
    pub settle: Duration,
    /// a balance that another system changed and no command has met since is a note, not a violation
    pub allow_external: bool,
    /// violations shown a check; the rest are counted
    pub shown_max: usize,
    /// rows read at once
    pub page: u32,
    /// by this clock unpaid orders must have expired, once a running server has come to rest; `None`: not checked
    pub now: Option<Time>,
}

impl Default for Options {
    fn default() -> Self {
        Self { settle: Duration::ZERO, allow_external: false, shown_max: 20, page: 2_000, now: None }
    }
}

/// What was found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// `postgres` or `sqlite`
    pub store: &'static str,
    /// `redis` or `memory`, where the streams were looked at too
    pub log: Option<&'static str>,
    pub orders: u64,
    /// of them in the archive
    pub archived: u64,
    pub skus: u64,
    pub checks: Vec<Check>,
}

impl Report {
    /// Whether no check was violated.
    pub fn holds(&self) -> bool {
        self.checks.iter().all(|c| c.violated == 0)
    }

    /// The ids of the violated checks.
    pub fn red(&self) -> Vec<&'static str> {
        self.checks.iter().filter(|c| c.violated > 0).map(|c| c.id).collect()
    }
}

/// Why it could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Log(#[from] LogError),
    /// the log was never opened by a server
    #[error("the log has no partitions: no server has opened this namespace yet")]
    Unopened,
}

/// Units of a SKU that orders (and reservations) say they have.
#[derive(Debug, Default, Clone, Copy)]
struct Claimed {
    held: i64,
    deducted: i64,
}

/// What the passes hand to one another.
struct Pass {
    store: Arc<dyn QueryStore>,
    options: Options,
    f: Findings,
    lanes: lanes::Lanes,
    retained: Option<streams::Retained>,
    claimed: HashMap<Arc<str>, Claimed>,
    /// open reservations: of the orders, and of the rows that fit them
    open_asked: u64,
    open_kept: u64,
    /// what payments found on shelves that they came short of
    shelves: HashMap<Arc<str>, Vec<StockCheck>>,
    /// refund rows that the histories make
    refund_rows: u64,
    family: family::Family,
    payments: payments::PaymentMarks,
    audit: audit::Audit,
    orders: u64,
    archive: archive::Archive,
    skus: u64,
}

impl Pass {
    fn claim(&mut self, sku_id: &Arc<str>, held: i64, deducted: i64) {
        if held != 0 || deducted != 0 {
            let c = self.claimed.entry(Arc::clone(sku_id)).or_default();
            c.held += held;
            c.deducted += deducted;
        }
    }
}

/// Checks everything that can be checked.
///
/// # Errors
/// [`VerifyError`], when the store or the log can't be read; a violation is no error.
pub async fn verify(
    store: Arc<dyn QueryStore>,
    log: Option<Arc<dyn CommandLog>>,
    options: Options,
) -> Result<Report, VerifyError> {
    let mut f = Findings::new(options.shown_max);
    let lanes = lanes::read(&*store, &mut f).await?;
    let retained = match &log {
        Some(log) => Some(streams::check(&store, &**log, &options, &mut f).await?),
        None => {
            f.skip(Promise::R1, "no streams to look at (give --redis); the database alone knows no answers");
            f.skip(Promise::R5, "no streams to look at (give --redis)");
            f.note(Promise::R4, "no streams: the ledgers are replayed, retained refusals are not compared");
            None
        }
    };
    let mut pass = Pass {
        store: Arc::clone(&store),
        options,
        f,
        lanes,
        retained,
        claimed: HashMap::new(),
        open_asked: 0,
        open_kept: 0,
        shelves: HashMap::new(),
        refund_rows: 0,
        family: family::Family::default(),
        payments: payments::PaymentMarks::default(),
        audit: audit::Audit::default(),
        orders: 0,
        archive: archive::Archive::default(),
        skus: 0,
    };
    commands::check(&mut pass).await?;
    orders::check(&mut pass).await?;
    archive::check(&mut pass).await?;
    std::mem::take(&mut pass.family).check(&mut pass.f);
    std::mem::take(&mut pass.payments).check(&mut pass).await?;
    audit::check(&mut pass).await?;
    refunds::check(&mut pass).await?;
    reservations::check(&mut pass).await?;
    stock::check(&mut pass).await?;
    Ok(Report {
        store: store.kind(),
        log: log.map(|l| l.kind()),
        orders: pass.orders,
        archived: pass.archive.orders,
        skus: pass.skus,
        checks: pass.f.finish(),
    })
}
