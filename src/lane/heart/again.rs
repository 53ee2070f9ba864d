//! What went wrong with commands, and not with the lane: batches that conflict are decided again; a command that fails alone
//! goes to the dead letters.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{CAREFUL_COMMANDS, Heart, ids, publisher_ended};
use crate::{
    commit::{
        Outgoing, Sealed,
        committer::{Ask, Ended},
    },
    ingest::{Delivered, Kept},
    lane::LaneEnd,
    log::{DEAD_COMMAND_BYTES_MAX, Dead},
    protocol::{Answer, Command, Kind, OutcomeKind, Unreadable, cards, internal::Internal},
    route::supervisor::Lost,
};

impl Heart {
    /// A batch was rolled back because something in it is there already: a command id that stands for other content, an
    /// order id. Which, memory does not know; so what was decided in it and after it is forgotten, and decided again with the
    /// store asked first. What the batch did not touch stays as it is: it is no fault, and no reset.
    pub(super) async fn decide_again(
        &mut self,
        why: &str,
        lost: Sealed,
        ended: &mut mpsc::Receiver<Ended>,
    ) -> Result<(), LaneEnd> {
        self.conflicts += 1;
        self.careful = CAREFUL_COMMANDS;
        let mut lost = vec![lost];
        if self.to_commit.send(Ask::Resume).await.is_err() {
            return Err(LaneEnd::Broken("the committer is gone".into()));
        }
        loop {
            match ended.recv().await {
                Some(Ended::Dropped(behind)) => lost.push(*behind),
                Some(Ended::Resumed) => break,
                Some(
                    Ended::Done { .. } | Ended::Conflict { .. } | Ended::Fenced | Ended::Failed(_) | Ended::Probed,
                ) => return Err(LaneEnd::Broken("the committer went on after a conflict".into())),
                Some(Ended::Unheard) => return Err(publisher_ended((&mut self.published).await)),
                None => return Err(LaneEnd::Broken("the committer ended".into())),
            }
        }
        lost.push(self.cx.book.borrow_mut().seal(self.parts.partition, self.lease.epoch));
        let (mut entries, mut news) = (Vec::new(), Lost::default());
        for batch in lost {
            let aside = batch.aside;
            self.shared.credit.take(aside);
            self.held += aside;
            if let Ok(mut sent) = self.shared.sent.lock() {
                sent.extend(batch.rows.sent.iter().cloned());
            }
            entries.extend(news.add(batch));
        }
        let (partition, commands) = (self.parts.partition, entries.len());
        tracing::info!(partition, commands, why, "a batch is decided again, with the store asked first");
        metrics::counter!("jumun_batches_decided_again_total", "partition" => partition.to_string()).increment(1);
        if let Err(e) = self.supervisor.send(news).await {
            return self.start_over(&e.to_string(), false, ended).await;
        }
        let later = std::mem::take(&mut self.queue);
        self.queue.extend(entries.into_iter().map(Kept::again));
        self.queue.extend(later);
        Ok(())
    }

    /// To the dead letters: it failed alone, again and again, while the store was well.
    pub(super) fn condemn(&mut self, entry: Delivered) {
        let source = entry.source;
        let tries = self.failures.remove(&(source.stream, source.id)).unwrap_or(0);
        self.condemned.remove(&(source.stream, source.id));
        let reason = format!("failed {tries} times alone while the store was well");
        let (partition, (command_id, order_id)) = (self.parts.partition, ids(&entry));
        let (command_id, order_id) = (command_id.as_deref(), order_id.as_deref());
        tracing::error!(partition, entry = %source.id, command_id, order_id, reason, "a command goes to the dead letters");
        if let Ok(Command { kind: Kind::Internal(Internal::Due { order_id }), .. }) = &entry.decoded {
            self.shared.stuck.condemned(order_id);
        }
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
        self.alone = !self.failures.is_empty();
    }
}
