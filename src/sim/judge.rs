//! What must hold of a run once it rests: each entry has one answer, each id one outcome, and all that `jumun verify` holds a
//! shop to.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::{Ground, PAYMENT_WINDOW_MS, process::SimWorld};
use crate::{
    integrations::payment::Verdict,
    log::{CommandLog, EntryId, Follow, Outbound},
    protocol::{Answer, OutcomeKind},
    store::{
        LaneStore, QueryStore, StoreError,
        row::Row,
        rows::{LdgrRow, RfndRow},
    },
    tools::verify::{Options, pages::TableReader, verify},
};

/// What was answered.
#[derive(Debug, Default)]
pub struct HeardAnswers(Mutex<Vec<Answer>>);

impl HeardAnswers {
    /// How many were accepted, refused, failed.
    pub fn counts(&self) -> (u64, u64, u64) {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |kind| u64::try_from(answers.iter().filter(|a| a.outcome == kind).count()).unwrap_or(0);
        (of(OutcomeKind::Accepted), of(OutcomeKind::Rejected), of(OutcomeKind::Failed))
    }

    /// The answers after so many.
    pub fn since(&self, seen: usize) -> Vec<Answer> {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.get(seen..).unwrap_or_default().to_vec()
    }
}

/// Hears the answers of all partitions, and writes them down with the events.
pub async fn listen(
    log: Arc<dyn CommandLog>,
    world: Arc<SimWorld>,
    stream: Outbound,
    partitions: u32,
    heard: Arc<HeardAnswers>,
) {
    let mut after: Vec<(u32, EntryId)> = (0..partitions).map(|p| (p, EntryId::ZERO)).collect();
    loop {
        let wait = Duration::from_secs(3_600);
        let Ok(read) = log.follow_each(Follow { stream: &stream, after: &after, max: 1_000, wait }).await else {
            return;
        };
        for (partition, entries) in read {
            for entry in entries {
                if let Some(at) = after.iter_mut().find(|(p, _)| *p == partition) {
                    at.1 = entry.id;
                }
                world.note("log", &format!("{partition} {}", entry.json));
                if stream != Outbound::Answers {
                    continue;
                }
                let some: Vec<Answer> = serde_json::from_str(&entry.json).unwrap_or_default();
                heard.0.lock().unwrap_or_else(PoisonError::into_inner).extend(some);
            }
        }
    }
}

/// Waits until nothing is unread, pending, waiting or due for so long; `false`: it does not come to that.
pub async fn rest(
    log: &Arc<dyn CommandLog>,
    store: &dyn LaneStore,
    partitions: u32,
    most: Duration,
    calm: Duration,
) -> bool {
    let began = tokio::time::Instant::now();
    let mut since = began;
    while since.elapsed() < calm {
        if began.elapsed() > most {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        if !at_rest(log, store, partitions).await {
            since = tokio::time::Instant::now();
        }
    }
    true
}

/// Waits until orders know of all money that went back. Refunds are asked again every some seconds, which never ends where the
/// payment side refuses: so all may rest between two asks, of which the first one gave the money back.
pub(super) async fn refunds_known(ground: &Ground, most: Duration) {
    let store = Arc::clone(&ground.store) as Arc<dyn QueryStore>;
    let began = tokio::time::Instant::now();
    while began.elapsed() < most {
        let known = refunded(&store).await.is_ok_and(|known| given_back(ground).is_subset(&known));
        if known && at_rest(&ground.log, &*ground.store, ground.plan.partitions).await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The keys of the refunds that orders have as given back.
async fn refunded(store: &Arc<dyn QueryStore>) -> Result<BTreeSet<String>, StoreError> {
    let done = |row: &RfndRow| &*row.rfnd_stat_cd == "REFUNDED" && &*row.rfnd_mns_cd != "BANK_TRANSFER";
    Ok(all::<RfndRow>(store).await?.into_iter().filter(done).map(|row| row.rfnd_key.to_string()).collect())
}

/// And of those that the payment side has given back.
fn given_back(ground: &Ground) -> BTreeSet<String> {
    let told = ground.told.lock().unwrap_or_else(PoisonError::into_inner);
    told.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Done(_))).map(|(key, _)| key.clone()).collect()
}

/// Whether nothing is unread, pending or to be sent.
pub async fn at_rest(log: &Arc<dyn CommandLog>, store: &dyn LaneStore, partitions: u32) -> bool {
    for partition in 0..partitions {
        let stats = log.stats(partition).await.unwrap_or_default();
        let waits = store.outbox(partition, 1).await.is_ok_and(|rows| !rows.is_empty());
        if !stats.at_rest() || waits {
            return false;
        }
    }
    true
}

/// What does not hold.
pub(super) async fn judge(ground: &Ground, heard: &HeardAnswers, journal: &BTreeMap<String, u64>) -> Vec<String> {
    let mut found = Vec::new();
    {
        let answers = heard.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut by_id: HashMap<&str, Vec<&Answer>> = HashMap::new();
        for answer in answers.iter() {
            by_id.entry(&answer.command_id).or_default().push(answer);
        }
        for (id, times) in journal {
            let got = by_id.get(id.as_str()).map_or(&[][..], Vec::as_slice);
            if u64::try_from(got.len()).unwrap_or(0) != *times {
                found.push(format!("R1: {id} was sent {times} times and answered {} times", got.len()));
            }
            let mut first: BTreeMap<Option<&str>, &Answer> = BTreeMap::new();
            for answer in got.iter().filter(|a| a.stands()) {
                let before = first.entry(answer.digest.as_deref()).or_insert(answer);
                let same = Answer { entry: Arc::clone(&before.entry), ..Answer::clone(answer) };
                if **before != same {
                    found.push(format!("R2: {id} has two outcomes: {before:?} and {answer:?}"));
                }
            }
        }
        found.extend(
            answers.iter().filter(|a| a.outcome == OutcomeKind::Failed).map(|a| format!("a fault of ours: {a:?}")),
        );
    }
    let now = ground.world.now() - chrono::TimeDelta::milliseconds(i64::try_from(PAYMENT_WINDOW_MS).unwrap_or(0));
    // where nobody else wrote, a balance that is not the ledger's is a fault
    let outside = ground.world.injected().contains_key("outside");
    let store = Arc::clone(&ground.store) as Arc<dyn QueryStore>;
    found.extend(money_and_ledger(ground, &store, outside).await);
    let options = Options { allow_external: outside, now: Some(now), ..Options::default() };
    match Box::pin(verify(store, Some(Arc::clone(&ground.log)), options)).await {
        Ok(report) => {
            for check in report.checks {
                found.extend(check.violations.iter().map(|v| format!("{}: {v}", check.id)));
            }
        }
        Err(e) => found.push(format!("it can't be checked: {e}")),
    }
    found
}

/// All rows of a table.
pub(super) async fn all<R: Row>(store: &Arc<dyn QueryStore>) -> Result<Vec<R>, StoreError> {
    let (mut rows, mut all) = (TableReader::new(store, 1_000), Vec::new());
    while let Some(row) = rows.next().await? {
        all.push(row);
    }
    Ok(all)
}

/// Money goes back once: what the payment side has done under a key, the tables have under that key, and nothing else. And where
/// nobody else wrote, no ledger follows anybody else.
async fn money_and_ledger(ground: &Ground, store: &Arc<dyn QueryStore>, outside: bool) -> Vec<String> {
    let read = async { Ok::<_, StoreError>((refunded(store).await?, all::<LdgrRow>(store).await?)) };
    let (refunded, ledger) = match read.await {
        Ok(rows) => rows,
        Err(e) => return vec![format!("the tables can't be read: {e}")],
    };
    let done = given_back(ground);
    let unknown = done.difference(&refunded).map(|key| format!("refund {key} was given back, and no order knows it"));
    let untrue = refunded.difference(&done).map(|key| format!("refund {key} stands as given back, and was not"));
    let followed = ledger.iter().filter(|row| !outside && &*row.mvmt_cd == "EXTERNAL");
    let followed =
        followed.map(|row| format!("SKU {}, ledger row {}: nobody else has written", row.unt_id, row.ldgr_no));
    unknown.chain(untrue).chain(followed).collect()
}
