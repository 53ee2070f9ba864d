//! A lane's acknowledging side: batches become calls of one script, on a connection of their own.

use std::{sync::Arc, time::Duration};

use ::redis::{Client, Cmd, Script};
use async_trait::async_trait;

use super::{
    keys::Keys,
    link::{Link, call, fault},
    parse,
};
use crate::log::{
    ARRAY_BYTES_MAX, ARRAY_ITEMS_MAX, DEAD_COMMAND_BYTES_MAX, Inbound, LogError, Outbound, REPLY_STREAMS_MAX,
    Retention, SettleReport, Settled, Settler,
};

/// Entries a call: each call is atomic and keeps Redis from everything else for a millisecond or two.
const CALL_ENTRIES_MAX: usize = 512;
/// Bytes of answers and events a call.
const CALL_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Keys of the script before the reply streams.
const FIXED_KEYS: usize = 7;

pub(super) fn script() -> Script {
    Script::new(include_str!("settle.lua"))
}

pub(super) struct RedisSettler {
    link: Link,
    script: Arc<Script>,
    keys: Keys,
    partition: u32,
    epoch: i64,
    retention: Retention,
}

fn millis(duration: Duration) -> u64 {
    // Redis refuses an expiry of nothing
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX).clamp(1, 1 << 40)
}

impl RedisSettler {
    pub fn new(
        client: Client,
        script: Arc<Script>,
        keys: Keys,
        partition: u32,
        epoch: i64,
        retention: Retention,
    ) -> Self {
        Self { link: Link::new(client), script, keys, partition, epoch, retention }
    }

    pub async fn attach(&mut self) -> Result<(), LogError> {
        self.link.up().await.map(|_| ()).map_err(|e| fault(self.partition, &e))
    }

    /// The call that settles these entries.
    fn command(&self, entries: &[Settled]) -> Cmd {
        let p = self.partition;
        let mut names: Vec<&Arc<str>> = Vec::new();
        let mut reply_key = |name| {
            let at = names.iter().position(|n| *n == name).unwrap_or_else(|| {
                names.push(name);
                names.len() - 1
            });
            (FIXED_KEYS + 1 + at).to_string()
        };
        let replies: Vec<String> = entries
            .iter()
            .map(|e| e.answer.as_ref().and_then(|a| a.reply_to.as_ref()).map(&mut reply_key).unwrap_or_default())
            .collect();

        let mut cmd = call(&self.script, FIXED_KEYS + names.len());
        cmd.arg(self.keys.epoch(p))
            .arg(self.keys.inbound(p, Inbound::Commands))
            .arg(self.keys.inbound(p, Inbound::Internal))
            .arg(self.keys.outbound(p, &Outbound::Answers))
            .arg(self.keys.outbound(p, &Outbound::Events))
            .arg(self.keys.outbound(p, &Outbound::Dead))
            .arg(self.keys.reply_names(p));
        for name in &names {
            cmd.arg(self.keys.reply_prefix(p) + name);
        }
        cmd.arg(self.epoch)
            .arg(millis(self.retention.answers))
            .arg(millis(self.retention.events))
            .arg(self.retention.dead_max)
            .arg(REPLY_STREAMS_MAX)
            .arg(ARRAY_ITEMS_MAX)
            .arg(ARRAY_BYTES_MAX)
            .arg(entries.len());
        for name in &names {
            cmd.arg(&***name);
        }
        let mut events = String::new();
        for (entry, reply) in entries.iter().zip(&replies) {
            let stream = match entry.stream {
                Inbound::Commands => "2",
                Inbound::Internal => "3",
            };
            events.clear();
            for event in &entry.events {
                if !events.is_empty() {
                    events.push(',');
                }
                events.push_str(event);
            }
            let answer = entry.answer.as_ref().map_or("", |a| a.json.as_str());
            cmd.arg(stream).arg(entry.id.to_string()).arg(reply).arg(answer).arg(&events);
        }
        for (i, dead) in entries.iter().enumerate().filter_map(|(i, e)| e.dead.as_ref().map(|d| (i, d))) {
            let command = &dead.command[..dead.command.len().min(DEAD_COMMAND_BYTES_MAX)];
            cmd.arg(i + 1).arg(command).arg(&dead.reason).arg(dead.attempts);
        }
        cmd
    }
}

/// What an entry adds to a call.
fn bytes(entry: &Settled) -> usize {
    entry.answer.as_ref().map_or(0, |a| a.json.len())
        + entry.events.iter().map(|e| e.len()).sum::<usize>()
        + entry.dead.as_ref().map_or(0, |d| d.command.len().min(DEAD_COMMAND_BYTES_MAX))
}

/// The first entries that fit into one call: at least one.
fn head(entries: &[Settled]) -> usize {
    let mut sum = 0;
    let fits = entries.iter().take(CALL_ENTRIES_MAX).take_while(|entry| {
        sum += bytes(entry);
        sum <= CALL_BYTES_MAX
    });
    fits.count().max(1)
}

#[async_trait]
impl Settler for RedisSettler {
    async fn settle(&mut self, entries: &[Settled]) -> Result<SettleReport, LogError> {
        let mut report = SettleReport { acknowledged: 0, already: 0 };
        let mut rest = entries;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(head(rest));
            rest = later;
            let cmd = self.command(now);
            let script = Arc::clone(&self.script);
            let value = self.link.run(&script, &cmd).await.map_err(|e| fault(self.partition, &e))?;
            let n = u32::try_from(parse::number(&value, "a settlement")?).unwrap_or(u32::MAX);
            report.acknowledged += n;
            report.already += u32::try_from(now.len()).unwrap_or(u32::MAX).saturating_sub(n);
        }
        Ok(report)
    }
}
