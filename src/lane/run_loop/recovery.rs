//! What is done when commands go wrong, and not the lane: batches that conflict are decided again; the command that is found at
//! fault goes to the dead letters.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{EntryIds, LaneLoop, ids, publisher_ended};
use crate::{
    lane::{
        LaneEnd,
        actors::{
            quarantine,
            supervisor::{Broke, Lost},
        },
        commit::{Outgoing, Sealed, batch::CommitRequest, committer::BatchEnded},
        ingest::{KeptEntry, ReadEntry},
        isolation::{AfterBreak, Candidate, Culprit, DeadLetterCause, Disposition, Repair},
    },
    log::{DEAD_COMMAND_BYTES_MAX, Dead, Origin},
    protocol::{Answer, Kind, OutcomeKind, Unreadable, cards, internal::Internal},
};

impl LaneLoop {
    /// A batch was rolled back because something in it is there already: a command id that stands for other content, an
    /// order id. Which, memory does not know; so what was decided in it and after it is forgotten, and decided again with the
    /// store asked first. What the batch did not touch stays as it is: it is no fault, and no reset.
    pub(super) async fn decide_again(
        &mut self,
        why: &str,
        lost: Sealed,
        ended: &mut mpsc::Receiver<BatchEnded>,
    ) -> Result<(), LaneEnd> {
        let mut lost = vec![lost];
        if self.to_commit.send(CommitRequest::Resume).await.is_err() {
            return Err(LaneEnd::Broken("the committer is gone".into()));
        }
        loop {
            match ended.recv().await {
                Some(BatchEnded::Dropped(behind)) => lost.push(*behind),
                Some(BatchEnded::Resumed) => break,
                Some(
                    BatchEnded::Done { .. }
                    | BatchEnded::Conflict { .. }
                    | BatchEnded::Fenced
                    | BatchEnded::Failed(_)
                    | BatchEnded::Probed,
                ) => return Err(LaneEnd::Broken("the committer went on after a conflict".into())),
                Some(BatchEnded::Unheard) => return Err(publisher_ended((&mut self.published).await)),
                None => return Err(LaneEnd::Broken("the committer ended".into())),
            }
        }
        let entries = match self.take_back(lost, None, ended).await? {
            Some(entries) => entries,
            None => return Ok(()),
        };
        let (partition, commands) = (self.parts.partition, entries.len());
        tracing::info!(partition, commands, why, "a batch is decided again, with the store asked first");
        metrics::counter!("jumun_batch_retries_total", "partition" => partition.to_string()).increment(1);
        self.first(entries);
        Ok(())
    }

    /// A command broke its handler. Where nothing was touched, only it is taken out. Where something may be, what was decided
    /// since the last batch is taken back and decided again: the batches before are waited for, so that whatever is forgotten
    /// is in the store. It is tried again at once, because only some faults are the command's own; then it goes to the dead
    /// letters, and nothing else does.
    pub(super) async fn without(
        &mut self,
        broke: Broke,
        ended: &mut mpsc::Receiver<BatchEnded>,
    ) -> Result<(), LaneEnd> {
        // the chunk is the last that the book took
        let (at, kept) = {
            let book = self.cx.book.borrow();
            let at = book.entries.len().saturating_sub(broke.of) + broke.at;
            (at, book.entries.get(at).cloned())
        };
        let Some(kept) = kept else {
            return self.reset(&broke.why, Culprit::Command, ended).await;
        };
        let (stream, id) = kept.entry();
        let EntryIds { command, order } = ids(&kept.again(self.parts.policy.checkout_pays));
        let AfterBreak { times, repair, dead } = self.isolation.on_broken(Origin { stream, id }, broke.touched);
        let (partition, entry) = (self.parts.partition, tracing::field::display(id));
        let (command_id, order_id) = (command.as_deref(), order.as_deref());
        tracing::warn!(
            partition,
            entry,
            command_id,
            order_id,
            times,
            touched = broke.touched,
            why = broke.why,
            "a command broke its handler"
        );
        metrics::counter!("jumun_handler_failures_total", "partition" => partition.to_string()).increment(1);
        let mut entries = if repair == Repair::OpenBatch {
            let (generation, batch) = (self.shared.generation.now(), self.cx.book.borrow().number);
            while !self.in_flight.is_empty() {
                match ended.recv().await {
                    Some(end) => self.ended(end, ended).await?,
                    None => return Err(LaneEnd::Broken("the committer ended".into())),
                }
                // a batch before it failed, and all of this is decided again, or read again
                if self.shared.generation.now() != generation || self.cx.book.borrow().number != batch {
                    return Ok(());
                }
            }
            if self.to_commit.send(CommitRequest::Resume).await.is_err() {
                return Err(LaneEnd::Broken("the committer is gone".into()));
            }
            match ended.recv().await {
                Some(BatchEnded::Resumed) => {}
                Some(BatchEnded::Unheard) => return Err(publisher_ended((&mut self.published).await)),
                Some(_) => return Err(LaneEnd::Broken("the committer did something else than go on".into())),
                None => return Err(LaneEnd::Broken("the committer ended".into())),
            }
            match self.take_back(Vec::new(), order.as_deref(), ended).await? {
                Some(entries) => entries,
                None => return Ok(()),
            }
        } else {
            self.cx.book.borrow_mut().entries.split_off(at)
        };
        if dead && let Some(at) = entries.iter().position(|kept| kept.entry() == (stream, id)) {
            let entry = entries.remove(at).again(self.parts.policy.checkout_pays);
            self.blame(&entry);
            self.dead(entry, times, DeadLetterCause::HandlerBroke);
        }
        self.first(entries);
        Ok(())
    }

    /// Those that are to be decided; the others go to the dead letters.
    pub(super) fn sort_out(&mut self, entries: Vec<ReadEntry>) -> Vec<ReadEntry> {
        if !self.isolation.is_watchful() {
            return entries;
        }
        let mut others = Vec::with_capacity(entries.len());
        for entry in entries {
            let (source, EntryIds { command, order }) = (entry.source, ids(&entry));
            let candidate = Candidate { entry: source.entry(), attempts: source.attempts, command, order };
            match self.isolation.disposition(candidate) {
                Disposition::DecideAll | Disposition::DecideOne => others.push(entry),
                Disposition::DeadLetter { tries } => {
                    self.blame(&entry);
                    self.dead(entry, tries, DeadLetterCause::FailedAlone);
                }
                // it was blamed when it had the first
                Disposition::DeadLetterAgain { tries } => self.dead(entry, tries, DeadLetterCause::HandlerBroke),
            }
        }
        others
    }

    /// Counts a command that is condemned, once.
    fn blame(&self, entry: &ReadEntry) {
        let Ok(command) = &entry.decoded else { return };
        let (partition, by) = (self.parts.partition.to_string(), quarantine::class(&command.actor));
        metrics::counter!("jumun_commands_dead_lettered_total", "partition" => partition, "by" => by).increment(1);
        self.quarantine.condemned(&command.actor, command.name, entry.source.at);
        if let Kind::Internal(Internal::Due { order_id }) = &command.kind {
            self.shared.stuck.condemned(order_id);
        }
    }

    /// Takes back what is in these batches and in the open one: actors forget it. `None`: the lane was reset.
    async fn take_back(
        &mut self,
        mut lost: Vec<Sealed>,
        broken: Option<&str>,
        ended: &mut mpsc::Receiver<BatchEnded>,
    ) -> Result<Option<Vec<KeptEntry>>, LaneEnd> {
        lost.push(self.cx.book.borrow_mut().seal());
        let (mut entries, mut news) = (Vec::new(), Lost::default());
        for batch in lost {
            let aside = batch.aside;
            self.shared.credit.take(aside);
            self.held += aside;
            if let Ok(mut sent) = self.shared.sent.lock() {
                sent.extend(batch.sent.iter().cloned());
            }
            entries.extend(news.add(batch));
        }
        broken.into_iter().for_each(|order| news.broken(order));
        if let Err(e) = self.supervisor.send(news).await {
            self.reset(&e.to_string(), Culprit::Lane, ended).await?;
            return Ok(None);
        }
        Ok(Some(entries))
    }

    /// These are decided before what waits.
    pub(super) fn first(&mut self, entries: Vec<KeptEntry>) {
        if entries.is_empty() {
            return;
        }
        let later = std::mem::take(&mut self.queue);
        let pays = self.parts.policy.checkout_pays;
        self.queue.extend(entries.into_iter().map(|kept| kept.again(pays)));
        self.queue.extend(later);
    }

    /// To the dead letters: it failed again and again, while the store was well.
    fn dead(&mut self, entry: ReadEntry, tries: u32, cause: DeadLetterCause) {
        let source = entry.source;
        let batch = {
            let mut book = self.cx.book.borrow_mut();
            book.entries.push(entry.kept());
            book.number
        };
        self.isolation.on_dead_letter(source.entry(), tries, cause, batch);
        let how = match cause {
            DeadLetterCause::FailedAlone => "it failed alone",
            DeadLetterCause::HandlerBroke => "its handler broke",
        };
        let reason = format!("{how} {tries} times while the store was well");
        let (partition, of) = (self.parts.partition, ids(&entry));
        let (command_id, order_id) = (of.command.as_deref(), of.order.as_deref());
        tracing::error!(partition, entry = %source.id, command_id, order_id, reason, "a command goes to the dead letters");
        let mut out = Outgoing::silent(source, "dead");
        let id = match &entry.decoded {
            Ok(c) => Some((c.id.shared(), c.reply_to.clone(), Some(Arc::clone(&c.digest)))),
            Err(Unreadable::Refused { id, reply_to, .. }) => Some((id.shared(), reply_to.clone(), None)),
            Err(Unreadable::Dead { .. }) => None,
        };
        out.answer = id.map(|(command_id, reply_to, digest)| {
            let answer = Answer {
                command_id,
                order_id: None,
                partition: self.parts.partition,
                outcome: OutcomeKind::Failed,
                order_status: None,
                order_version: None,
                reason: Some("fault".into()),
                message: Some("a fault of ours; the command is kept and looked at".into()),
                facts: Default::default(),
                entry: source.named(),
                digest,
            };
            (reply_to, Arc::new(answer))
        });
        // of what was read, only ids may look like a card number, and they are kept as they are
        let command = if entry.decoded.is_ok() { entry.raw } else { cards::kept(&entry.raw, DEAD_COMMAND_BYTES_MAX) };
        out.dead = Some(Dead { command, stream: entry.kind, reason, attempts: source.attempts.max(tries) });
        self.cx.book.borrow_mut().outgoing.push(out);
    }
}
