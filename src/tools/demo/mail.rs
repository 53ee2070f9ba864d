//! The way to the server and back: commands are appended to the log, answers followed, as any checkout would.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    log::{CommandLog, EntryId, Inbound, LogError, Outbound},
    protocol::Answer,
};

/// Commands a call to the log.
const CHUNK_MAX: usize = 1_000;
/// Outbound entries a look.
const ENTRIES_MAX: usize = 1_000;
/// How long setting something up may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A mailbox: what waits to be sent, and the answers.
pub struct Mail {
    log: Arc<dyn CommandLog>,
    partition: u32,
    outbox: VecDeque<Arc<[u8]>>,
    answers: mpsc::Receiver<Vec<Answer>>,
    /// commands sent again because the log did not say whether it had taken them
    pub doubtful: u64,
}

impl Mail {
    /// Follows the partition's answers from now on, until stopped.
    ///
    /// # Errors
    /// When the log can't be reached.
    pub async fn open(log: Arc<dyn CommandLog>, partition: u32, stop: CancellationToken) -> Result<Self, LogError> {
        let from = log.extent(partition, &Outbound::Answers).await?.last;
        // a few dozen arrays of answers; behind them the log keeps the rest
        let (tx, answers) = mpsc::channel(64);
        tokio::spawn(follow(Arc::clone(&log), partition, from, tx, stop));
        Ok(Self { log, partition, outbox: VecDeque::new(), answers, doubtful: 0 })
    }

    /// Puts a command into the outbox.
    pub fn put(&mut self, json: String) {
        self.outbox.push_back(json.into_bytes().into());
    }

    /// Whether everything was sent.
    pub fn is_sent(&self) -> bool {
        self.outbox.is_empty()
    }

    /// Sends what waits. A log that is full or away keeps it waiting: it is sent again, under the same ids.
    ///
    /// # Errors
    /// When the log is not ours to use.
    pub async fn flush(&mut self) -> anyhow::Result<()> {
        while !self.outbox.is_empty() {
            let n = self.outbox.len().min(CHUNK_MAX);
            let chunk: Vec<Arc<[u8]>> = self.outbox.iter().take(n).map(Arc::clone).collect();
            match self.log.append(self.partition, Inbound::Commands, &chunk).await {
                Ok(_) => drop(self.outbox.drain(..n)),
                Err(LogError::Full(_)) => return Ok(()),
                Err(LogError::Unavailable(why)) => {
                    tracing::warn!(why, "the log did not take commands; sending them again");
                    self.doubtful += u64::try_from(n).unwrap_or(0);
                    return Ok(());
                }
                Err(e @ (LogError::Fenced { .. } | LogError::Broken(_))) => return Err(e.into()),
            }
        }
        Ok(())
    }

    /// The next answers; `None` when the log is gone for good.
    pub async fn next(&mut self) -> Option<Vec<Answer>> {
        self.answers.recv().await
    }

    /// Answers that are there already.
    pub fn ready(&mut self) -> Option<Vec<Answer>> {
        self.answers.try_recv().ok()
    }

    /// Sends one command and waits for its answer: for setting up, while nobody else sends.
    ///
    /// # Errors
    /// When it is not accepted, or not answered in time.
    pub async fn ask(&mut self, command: &serde_json::Value) -> anyhow::Result<Answer> {
        let id = command.get("id").and_then(serde_json::Value::as_str).context("a command has an id")?.to_owned();
        self.put(command.to_string());
        self.flush().await?;
        let answer = async {
            while let Some(answers) = self.next().await {
                if let Some(answer) = answers.into_iter().find(|a| *a.command_id == *id) {
                    return Some(answer);
                }
            }
            None
        };
        let answer = tokio::time::timeout(PATIENCE, answer).await.ok().flatten();
        let Some(answer) = answer else { bail!("no answer to {id} within {} s", PATIENCE.as_secs()) };
        if answer.outcome != crate::protocol::OutcomeKind::Accepted {
            bail!("{id} was {}: {}", answer.outcome.word(), answer.message.unwrap_or_default());
        }
        Ok(answer)
    }
}

async fn follow(
    log: Arc<dyn CommandLog>,
    partition: u32,
    mut after: EntryId,
    to: mpsc::Sender<Vec<Answer>>,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        let entries =
            match log.follow(partition, &Outbound::Answers, after, ENTRIES_MAX, Duration::from_millis(200)).await {
                Ok(entries) => entries,
                Err(e) => {
                    tracing::warn!(error = %e, "following the answers failed; trying again");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
        for entry in entries {
            after = entry.id;
            match serde_json::from_str(&entry.json) {
                Ok(answers) => {
                    if to.send(answers).await.is_err() {
                        return;
                    }
                }
                Err(e) => tracing::error!(entry = %entry.id, error = %e, "answers can't be read"),
            }
        }
    }
}
