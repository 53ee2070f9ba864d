//! Resets the lane: what memory holds may not be so, so it goes, and is read again once the store takes commits.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use actix::Actor as _;
use tokio::sync::mpsc;

use super::{LaneLoop, context, publisher_ended};
use crate::lane::{
    LaneEnd,
    actors::supervisor::{Stop, Supervisor},
    commit::{batch::CommitRequest, committer::BatchEnded},
    isolation::Culprit,
    pulse::{Duty, Pause},
};

/// The longest pause between looks at the store while it is down.
const PROBE_PAUSE_MAX: Duration = Duration::from_secs(2);
/// The longest pause after a reset that followed another without a commit between.
pub(super) const PAUSE_MAX: Duration = Duration::from_secs(3);
/// So many resets in a row single out what is at fault, each try at once; more of them wait, too.
const SINGLING_OUT_MAX: u32 = 8;
/// Pending commands are read well within this time of a reset: when none is there then, none waits for the store.
const READ_WITHIN: Duration = Duration::from_secs(2);

impl LaneLoop {
    /// The lane's reset: all actors go, what is pending is read again.
    pub(super) async fn reset(
        &mut self,
        why: &str,
        culprit: Culprit,
        ended: &mut mpsc::Receiver<BatchEnded>,
    ) -> Result<(), LaneEnd> {
        let (partition, alone, own) = (self.parts.partition, self.isolation.alone(), culprit == Culprit::Command);
        // one command's own, where each is decided alone
        let suspect = self.isolation.suspect();
        let entry = suspect.map(|s| tracing::field::display(s.entry.id));
        let command_id = suspect.and_then(|s| s.command.as_deref());
        let order_id = suspect.and_then(|s| s.order.as_deref());
        self.fruitless = self.fruitless.saturating_add(1);
        // the store's trouble is said now and then while it lasts, a command's each time
        let said = if own { Some(0) } else { self.parts.pulse.trouble(Duty::Commit, why) };
        if let Some(unsaid) = said {
            tracing::warn!(partition, entry, command_id, order_id, why, alone, unsaid, "the lane is reset");
        }
        metrics::counter!("jumun_lane_resets_total", "partition" => partition.to_string()).increment(1);
        // batches decided before the fault may still become durable; their answers are owed then
        while let Some(counted) = self.in_flight.pop_front() {
            match ended.recv().await {
                Some(BatchEnded::Done { spent, mended, .. }) => {
                    let number = spent.number;
                    self.batches = number + 1;
                    let mut window = self.window.borrow_mut();
                    mended.into_iter().for_each(|(decided, given)| window.mend(&decided, given, number + 1));
                    self.held = self.held.saturating_sub(counted);
                }
                Some(BatchEnded::Fenced) => return Err(LaneEnd::Fenced),
                Some(BatchEnded::Unheard) => return Err(publisher_ended((&mut self.published).await)),
                Some(
                    BatchEnded::Conflict { .. }
                    | BatchEnded::Failed(_)
                    | BatchEnded::Probed
                    | BatchEnded::Resumed
                    | BatchEnded::Dropped(_),
                ) => self.in_flight.clear(),
                None => return Err(LaneEnd::Broken("the committer ended".into())),
            }
        }
        self.stop_actors().await;
        // a store that takes an empty commit need not take this one: one that is full, say
        let waits = self.fruitless > if own { SINGLING_OUT_MAX } else { 1 };
        if waits && !self.pause.wait(&self.shared.stop).await {
            return Err(LaneEnd::Stopped);
        }
        self.wait_until_writable(ended).await?;
        self.isolation.on_reset(culprit);
        self.shared.credit.give(std::mem::take(&mut self.held));
        self.queue.clear();
        self.shared.generation.next();
        self.restart_actors();
        self.reset_at = Instant::now();
        Ok(())
    }

    /// A batch became durable.
    pub(super) fn goes_well(&mut self) {
        self.fruitless = 0;
        self.pause.over();
        self.parts.pulse.well(Duty::Commit);
    }

    /// After a reset that left nothing to commit no commit tells that the store is well again.
    pub(super) fn look_up(&mut self) {
        let idle = self.shared.credit.in_flight() == 0 && self.queue.is_empty() && self.open_len() == 0;
        if self.fruitless > 0 && idle && self.reset_at.elapsed() > READ_WITHIN {
            self.goes_well();
        }
    }

    /// Waits until the store takes a commit and what is durable is said. A store that is down condemns no command.
    async fn wait_until_writable(&mut self, ended: &mut mpsc::Receiver<BatchEnded>) -> Result<(), LaneEnd> {
        let mut pause = Pause::up_to(PROBE_PAUSE_MAX);
        loop {
            if self.to_commit.send(CommitRequest::Probe).await.is_err() {
                return Err(LaneEnd::Broken("the committer is gone".into()));
            }
            let mut end = ended.recv().await;
            while matches!(end, Some(BatchEnded::Dropped(_))) {
                end = ended.recv().await;
            }
            match end {
                Some(BatchEnded::Probed) => {
                    if self.fruitless <= 1 {
                        self.parts.pulse.well(Duty::Commit);
                    }
                    return Ok(());
                }
                Some(BatchEnded::Fenced) => return Err(LaneEnd::Fenced),
                Some(BatchEnded::Failed(e)) => {
                    if let Some(unsaid) = self.parts.pulse.trouble(Duty::Commit, &e.to_string()) {
                        let partition = self.parts.partition;
                        tracing::warn!(partition, error = %e, unsaid, "the store does not take commits; waiting");
                    }
                }
                Some(BatchEnded::Unheard) => return Err(publisher_ended((&mut self.published).await)),
                Some(
                    BatchEnded::Conflict { .. }
                    | BatchEnded::Done { .. }
                    | BatchEnded::Resumed
                    | BatchEnded::Dropped(_),
                ) => {}
                None => return Err(LaneEnd::Broken("the committer ended".into())),
            }
            if !pause.wait(&self.shared.stop).await {
                return Err(LaneEnd::Stopped);
            }
        }
    }

    pub(super) async fn stop_actors(&mut self) {
        if self.supervisor.send(Stop).await.is_err() {
            tracing::debug!("the supervisor was gone already");
        }
        self.cx.skus.clear();
    }

    /// New actors. What was answered is remembered still.
    pub(super) fn restart_actors(&mut self) {
        self.window.borrow_mut().survive(self.batches);
        self.cx = context(&self.parts, &self.lease, &self.quarantine);
        self.cx.book.borrow_mut().number = self.batches;
        self.supervisor = Supervisor::new(self.cx.clone(), self.parts.limits.live, Rc::clone(&self.window)).start();
    }
}
